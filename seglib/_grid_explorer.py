"""GridExplorer: the label maps of one photograph for each pair of values of two knobs."""

from __future__ import annotations

import asyncio
import bisect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import anywidget
import torch
import traitlets
from torch import Tensor

from seglib import images, plotting
from seglib._frontend import check_look, frontend_module, frontend_style
from seglib.checks import check_labels_not_negative, check_maps_fit, check_numbers
from seglib.labels import count_labels

MAX_LARGE_LABELS = 65_536  # what two bytes a pixel can tell apart

Pair: TypeAlias = tuple[Any, Any]  # a value of the first knob and one of the second


class GridExplorer(anywidget.AnyWidget):
    """Turn two knobs, and see the label map that a method gives for each pair of values.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1 that was segmented.
    maps : mapping of pair to Tensor, int64, shape (H, W)
        The label map for each pair (value of the first knob, value of the second). Values are
        numbers or text, shown as given and in the order in which they first occur; there is a
        map for each of their pairs. Labels lie in 0..65535, so superpixels fit.
    knobs : pair of str
        Names of the two knobs.
    readings : mapping of str to mapping of pair to number, optional
        More numbers to show for each pair, by name, beside the number of segments.
    description : str
        What the picture shows, for readers who do not see it.
    opacity : float
        Opacity of the label colours at the start, in 0..1.
    boundaries : bool
        Whether boundaries are drawn at the start.
    start : pair, optional
        The pair that is shown first; by default the middle value of each knob.
    counted : str
        What the different labels of a map are, in the plural: "segments", "labels" …
    compute : callable, optional
        ``compute(value)`` returns the maps of another value of the first knob, a mapping from each
        value of the second to a label map; where there are `readings`, a pair of this and of a
        mapping from each name to a mapping from each value of the second to a number. With a
        kernel the reader can then ask for it. The values of the first knob are numbers, in
        growing order.

    Raises
    ------
    TypeError
        If a label map is not int64, or a reading is not a number.
    ValueError
        If there are fewer than two maps, a pair has no map or no reading, a map and the image
        differ in size, a label is not in 0..65535, there are not two knobs, `start` is none of
        the pairs, the opacity is not in 0..1, a text is empty, or `compute` stands beside
        a first knob whose values do not grow.

    Notes
    -----
    Every map is in the page, computed beforehand: nothing is approximated in the browser but
    the mean colours, which it takes from the compressed photograph. A map travels as grey PNG;
    with more than 256 labels their high bytes lie in a second plane below the low ones.

    Examples
    --------
    >>> image = torch.rand(3, 16, 24, generator=torch.Generator().manual_seed(0))
    >>> maps = {(levels, 0): (image[0] * levels).long() for levels in (2, 4)}
    >>> widget = GridExplorer(image, maps, knobs=("levels", "offset"), start=(2, 0),
    ...                       description="Coloured noise")
    >>> widget.values, widget.counts
    ([['2', '4'], ['0']], [2, 4])
    """

    _esm = frontend_module("grid_explorer")
    _css = frontend_style("grid_explorer")

    description = traitlets.Unicode().tag(sync=True)
    photo = traitlets.Bytes().tag(sync=True)
    knobs = traitlets.List(traitlets.Unicode(), minlen=2, maxlen=2).tag(sync=True)
    values = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
    maps = traitlets.List(traitlets.Bytes()).tag(sync=True)  # the second knob runs fastest
    counted = traitlets.Unicode().tag(sync=True)
    counts = traitlets.List(traitlets.Int()).tag(sync=True)
    readings = traitlets.List(traitlets.Dict()).tag(sync=True)
    colors = traitlets.List().tag(sync=True)
    choice = traitlets.List(traitlets.Int(), minlen=2, maxlen=2).tag(sync=True)
    fill = traitlets.Enum(("labels", "means", "photo"), "labels").tag(sync=True)
    opacity = traitlets.Float(min=0, max=1).tag(sync=True)
    boundaries = traitlets.Bool().tag(sync=True)
    live = traitlets.Bool().tag(sync=True)

    def __init__(
        self,
        image: Tensor,
        maps: Mapping[Pair, Tensor],
        *,
        knobs: Sequence[str] = ("number of superpixels", "compactness"),
        readings: Mapping[str, Mapping[Pair, float]] | None = None,
        description: str,
        opacity: float = 0.5,
        boundaries: bool = True,
        start: Pair | None = None,
        counted: str = "segments",
        compute: Callable[[float], Mapping[Any, Tensor]] | None = None,
    ) -> None:
        images.check_image(image)
        check_look(description, opacity)
        knobs = [] if isinstance(knobs, str) or knobs is None else list(knobs)
        if len(knobs) != 2 or not all(isinstance(k, str) and k.strip() for k in (*knobs, counted)):
            raise ValueError(f"knobs must be two names, and counted one, got {knobs}, {counted!r}")
        first, second = _values_of(maps)
        if compute is not None:
            _check_growing(first)
        pairs = [(a, b) for a in first for b in second]
        _check_pairs(pairs, maps, "maps must hold a map")
        kept = [_large_map(maps[pair], image, f"labels of {_words(pair)}") for pair in pairs]
        start = (first[len(first) // 2], second[len(second) // 2]) if start is None else start
        if start not in pairs:
            raise ValueError(f"start must be one of the pairs of maps, got {start!r}")
        super().__init__(
            description=description,
            photo=plotting.encode_photo(image),
            knobs=knobs,
            values=[[_text(value) for value in values] for values in (first, second)],
            maps=[_encode(labels) for labels in kept],
            counted=counted,
            counts=[int(count_labels(labels)) for labels in kept],
            readings=[_reading(name, found, pairs) for name, found in (readings or {}).items()],
            colors=plotting.label_colors(kept).tolist(),
            choice=[first.index(start[0]), second.index(start[1])],
            opacity=opacity,
            boundaries=boundaries,
            live=compute is not None,
        )
        if compute is not None:
            self._image, self._compute, self._task = image, compute, None
            self._first, self._second, self._kept = first, second, kept
            self.on_msg(lambda widget, message, buffers: widget._hear(message))

    @traitlets.validate("choice")
    def _check_choice(self, proposal: dict) -> list[int]:
        for which, place in enumerate(proposal["value"]):
            if not 0 <= place < len(self.values[which]):
                raise traitlets.TraitError(
                    f"choice must be a place among {self.values[which]}, got {place}"
                )
        return proposal["value"]

    def _hear(self, message: dict[str, Any]) -> None:
        """Answer a page that asks for a kernel, or for another value of the first knob."""
        busy = self._task is not None and not self._task.done()
        if message.get("type") == "hello":
            self.send({"type": "kernel"})
            if busy:
                self.send(self._status)  # to a page opened meanwhile
        elif message.get("type") == "compute" and busy:
            self.send(self._status)
        elif message.get("type") == "compute":
            work = self._add(message.get("value"))
            self._task = asyncio.get_running_loop().create_task(work)

    async def _add(self, value: Any) -> None:
        """Compute the maps of a value and show them; what is wrong is said in the widget."""
        try:
            check_numbers(-math.inf, **{self.knobs[0]: value})
            self._say("running", f"Computing {self.knobs[0]} {_text(value)} …")
            if value not in self._first:
                self._insert(value, await asyncio.to_thread(self._compute, value))
            self.choice = [self._first.index(value), self.choice[1]]
        except Exception as error:  # shown in the widget: a kernel's log is out of sight
            self._say("failed", f"Stopped: {' '.join(str(error).split())}")
        else:
            self._say("finished", f"Computed {self.knobs[0]} {_text(value)}.")

    def _insert(self, value: float, found: Any) -> None:
        """Put the maps and readings of a value between those of its neighbours."""
        found, numbers = found if isinstance(found, tuple) else (found, {})
        for other in self._second:
            if other not in found:
                raise ValueError(f"compute must return a map for {_text(other)}")
        pairs = [(value, other) for other in self._second]
        news = []
        for reading in self.readings:
            of_value = numbers.get(reading["name"], {})
            of_pairs = {(value, other): number for other, number in of_value.items()}
            news.append(_reading(reading["name"], of_pairs, pairs))
        maps = [
            _large_map(found[other], self._image, f"labels of {_words((value, other))}")
            for other in self._second
        ]
        place = bisect.bisect(self._first, value)
        self._first.insert(place, value)
        at = place * len(self._second)
        self._kept[at:at] = maps
        with self.hold_sync():
            self.values = [[_text(one) for one in self._first], self.values[1]]
            self.readings = [
                {
                    "name": old["name"],
                    "numbers": [*old["numbers"][:at], *new["numbers"], *old["numbers"][at:]],
                    "decimals": max(old["decimals"], new["decimals"]),
                }
                for old, new in zip(self.readings, news, strict=True)
            ]
            self.counts = [int(count_labels(labels)) for labels in self._kept]
            self.colors = plotting.label_colors(self._kept).tolist()
            self.choice = [place, self.choice[1]]
            self.maps = [*self.maps[:at], *map(_encode, maps), *self.maps[at:]]

    def _say(self, state: str, text: str) -> None:
        self._status = {"type": "status", "state": state, "text": text}
        self.send(self._status)


def _check_growing(first: Sequence[Any]) -> None:
    """Check that maps of another value of the first knob can be put between the others."""
    check_numbers(-math.inf, **{f"value {i} of the first knob": v for i, v in enumerate(first)})
    if list(first) != sorted(first):
        raise ValueError(f"compute needs values of the first knob that grow, got {list(first)}")


def _values_of(maps: Mapping[Pair, Tensor]) -> tuple[list, list]:
    """Return the values of each knob in the order in which the pairs name them."""
    if not isinstance(maps, Mapping):
        raise TypeError(f"maps must map pairs of values to label maps, got {type(maps).__name__}")
    if len(maps) < 2 or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in maps):
        raise ValueError(
            f"maps must hold at least two maps, each under a pair of values, got {list(maps)}"
        )
    first, second = (list(dict.fromkeys(values)) for values in zip(*maps, strict=True))
    return first, second


def _check_pairs(pairs: Sequence[Pair], given: Mapping[Pair, Any], wish: str) -> None:
    """Check that each pair of values is there."""
    for pair in pairs:
        if pair not in given:
            raise ValueError(f"{wish} for each pair of values, and {_words(pair)} is missing")


def _large_map(labels: Tensor, image: Tensor, name: str) -> Tensor:
    """Return a label map of an image on the host, checked to fit two bytes a pixel."""
    check_maps_fit(image, **{name: labels})
    check_labels_not_negative(**{name: labels})
    if (largest := int(labels.max())) >= MAX_LARGE_LABELS:
        raise ValueError(f"{name} must hold labels up to {MAX_LARGE_LABELS - 1}, got {largest}")
    return labels.cpu()


def _encode(labels: Tensor) -> bytes:
    """Encode a label map as PNG: one plane, or the high bytes below the low ones."""
    if int(labels.max()) >= plotting.MAX_LABELS:
        labels = torch.cat([labels % plotting.MAX_LABELS, labels // plotting.MAX_LABELS])
    return plotting.encode_labels(labels)


def _reading(name: str, found: Mapping[Pair, float], pairs: Sequence[Pair]) -> dict[str, Any]:
    """Return one number for each pair, and how many decimals to show."""
    if not isinstance(found, Mapping):
        raise TypeError(f"readings {name!r} must map pairs to numbers, got {found!r}")
    _check_pairs(pairs, found, f"readings {name!r} must hold a number")
    numbers = [found[pair] for pair in pairs]
    for pair, number in zip(pairs, numbers, strict=True):
        check_numbers(-math.inf, **{f"{name} of {_words(pair)}": number})
    numbers = [float(number) for number in numbers]
    whole = all(number.is_integer() for number in numbers)
    largest = max(map(abs, numbers))  # small readings show two digits of the largest
    decimals = 0 if whole else max(2, 1 - math.floor(math.log10(largest)))
    return {"name": name, "numbers": numbers, "decimals": decimals}


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _words(pair: Pair) -> str:
    return f"({_text(pair[0])}, {_text(pair[1])})"
