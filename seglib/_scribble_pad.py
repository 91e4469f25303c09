"""Scribbles painted in the page: what travels, and the run of Kim 2020 that takes them."""

from __future__ import annotations

import inspect
import io
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import anywidget
import numpy as np
import torch
import traitlets
from PIL import Image
from torch import Tensor

from seglib import images, kim2020, plotting
from seglib._frontend import check_look, frontend_module, frontend_style
from seglib._live import KNOBS, Runner
from seglib._runs import Curves, Run, small_map, thin_steps
from seglib.checks import check_integers, check_numbers
from seglib.scribbles import UNLABELLED, check_scribbles
from seglib.states import Step

MAX_CLASSES = 7  # colours of Okabe and Ito without their grey
GREYS = (230, 70, 180, 120, 205, 95, 150)  # of the labels that are no class
MAX_FRAMES = 12  # label maps of a run
MAX_PIXELS = 160_000  # one of BSDS500 fits
NO_SCRIBBLE = 255  # in files, as the authors have it
PAD_KNOBS = ("num_steps", "continuity_weight", "scribble_weight")  # what the reader can change
DEFAULTS = {name: p.default for name, p in inspect.signature(kim2020.steps).parameters.items()}


class ScribblePad(anywidget.AnyWidget):
    """Paint scribbles on a photograph, and see what Kim 2020 makes of them.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1, of at most 160,000 pixels.
    prepared : mapping of str to (Tensor, iterable of Step)
        Examples by name; the first is shown at once. Each has scribbles, int64 (H, W), with
        labels in ``0 .. num_classes - 1`` and -1 where there is none, and the states that
        ``kim2020.steps`` yields with them, of which at most 12 label maps are kept.
    num_classes : int
        Number of classes that the reader can paint, in 2..7.
    class_names : sequence of str, optional
        Their names; by default "Class 1", "Class 2" …
    live : bool or mapping
        Whether a kernel may run :func:`seglib.kim2020.steps` with what the reader paints. A
        mapping gives keyword arguments of `steps`; the reader can change `num_steps`,
        `continuity_weight` and `scribble_weight`.
    description : str
        What the picture shows, for readers who do not see it.
    opacity : float
        Opacity of the label colours at the start, in 0..1.
    boundaries : bool
        Whether boundaries are drawn at the start.

    Raises
    ------
    TypeError
        If a map is not int64, or `live` names an unknown argument.
    ValueError
        If the image is too large, a map does not fit it, scribbles hold other labels or none, an
        example has no states, a name is missing, a knob is out of range, or nothing is described.

    Notes
    -----
    The reader's scribbles are `scribbles`, for the next cell. The page can save them as the
    grey PNG that `seglib.scribbles.load_scribbles` reads.

    Examples
    --------
    >>> image = torch.rand(3, 16, 24, generator=torch.Generator().manual_seed(0))
    >>> scribbles = torch.full((16, 24), -1)
    >>> scribbles[4, 2:6], scribbles[12, 2:6] = 0, 1
    >>> states = kim2020.steps(image, scribbles=scribbles, num_steps=3, num_filters=4,
    ...                        num_labels=4)
    >>> widget = ScribblePad(image, {"Two lines": (scribbles, states)}, num_classes=2,
    ...                      description="Coloured noise")
    >>> bool((widget.scribbles == scribbles).all())
    True
    """

    _esm = frontend_module("scribble_tools", "scribble_picture", "scribble_pad")
    _css = frontend_style("scribble_pad")

    description = traitlets.Unicode().tag(sync=True)
    photo = traitlets.Bytes().tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    class_names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    class_colors = traitlets.List().tag(sync=True)
    examples = traitlets.List().tag(sync=True)
    scribbles_now = traitlets.Bytes().tag(
        sync=True,
        from_json=lambda data, widget: bytes(data),  # a page sends a memory view
    )
    opacity = traitlets.Float(min=0, max=1).tag(sync=True)
    boundaries = traitlets.Bool().tag(sync=True)
    live = traitlets.Bool().tag(sync=True)

    def __init__(
        self,
        image: Tensor,
        prepared: Mapping[str, tuple[Tensor, Iterable[Step]]],
        *,
        num_classes: int = 4,
        class_names: Sequence[str] | None = None,
        live: bool | Mapping[str, Any] = False,
        description: str,
        opacity: float = 0.5,
        boundaries: bool = True,
    ) -> None:
        images.check_image(image)
        if (size := image[0].numel()) > MAX_PIXELS:
            raise ValueError(f"image must have at most {MAX_PIXELS} pixels, got {size}")
        check_look(description, opacity)
        check_integers(2, MAX_CLASSES, num_classes=num_classes)
        options = _live_options(live, num_classes)
        examples = [_make_example(image, name, *e, num_classes) for name, e in prepared.items()]
        blank = encode_scribbles(torch.full(image.shape[1:], UNLABELLED))
        super().__init__(
            description=description,
            photo=plotting.encode_photo(image),
            height=image.shape[1],
            width=image.shape[2],
            class_names=_check_names(class_names, num_classes),
            class_colors=_palette()[:num_classes].tolist(),
            examples=examples,
            scribbles_now=examples[0]["scribbles"] if examples else blank,
            opacity=opacity,
            boundaries=boundaries,
            live=live is not False,
        )
        if self.live:
            self._runner = _ScribbleRunner(self, image, options)
            self.on_msg(lambda widget, message, buffers: widget._hear(message, buffers))

    def _hear(self, message: dict[str, Any], buffers: list) -> None:
        """Hand a message on with its scribbles: those of the trait may be on their way still."""
        self._runner.hear({**message, "scribbles": buffers[0]} if buffers else message)

    @property
    def scribbles(self) -> Tensor:
        """Scribbles that the page shows, int64 (H, W), -1 where there is none."""
        return decode_scribbles(self.scribbles_now)

    def close(self) -> None:
        """Close the widget in all pages, and end its run."""
        if hasattr(self, "_runner"):
            self._runner.stop()
        super().close()


def encode_scribbles(scribbles: Tensor) -> bytes:
    """Encode scribbles as a PNG of one byte a pixel, 255 where there is none."""
    return plotting.encode_labels(torch.where(scribbles == UNLABELLED, NO_SCRIBBLE, scribbles))


def decode_scribbles(png: bytes | memoryview) -> Tensor:
    """Decode scribbles of the page, or of `encode_scribbles`."""
    values = torch.from_numpy(np.array(Image.open(io.BytesIO(png)))).long()
    return torch.where(values == NO_SCRIBBLE, UNLABELLED, values)


def _palette() -> np.ndarray:
    return plotting.label_colors(torch.arange(plotting.DISTINCT_COLORS)[None])


def class_first_colors(labels: Tensor, num_labels: int, num_classes: int) -> list[list[int]]:
    """Give each class its own colour, and all other labels greys, unlike ones to the largest."""
    area = torch.bincount(labels.flatten(), minlength=num_labels)[num_classes:]
    others = num_classes + area.argsort(descending=True, stable=True).numpy()
    colors = np.empty((num_labels, 3), dtype=np.uint8)
    colors[:num_classes] = _palette()[:num_classes]
    colors[others] = np.resize(GREYS, len(others))[:, None]
    return colors.tolist()


def _check_names(names: Sequence[str] | None, num_classes: int) -> list[str]:
    names = [f"Class {i + 1}" for i in range(num_classes)] if names is None else list(names)
    if len(names) != num_classes or not all(isinstance(n, str) and n.strip() for n in names):
        raise ValueError(f"class_names must be {num_classes} names, got {names}")
    return names


def _make_example(
    image: Tensor, name: str, scribbles: Tensor, states: Iterable[Step], num_classes: int
) -> dict[str, Any]:
    """Check one prepared example, and make what the page needs of it."""
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"prepared examples must have names, got {name!r}")
    check_scribbles(image, scribbles, num_classes)
    curves, maps = Curves(), []
    for state in states:
        maps.append(small_map(state.labels, image, f"labels of step {state.step} of {name!r}"))
        curves.add(state)
    if not maps:
        raise ValueError(f"states of {name!r} must hold at least one state, got none")
    kept = thin_steps(len(maps), MAX_FRAMES)
    size = 1 + max(num_classes - 1, *(int(maps[i].max()) for i in kept))
    return {
        "name": name,
        "scribbles": encode_scribbles(scribbles),
        "frames": [plotting.encode_labels(maps[i].long()) for i in kept],
        "steps": [curves.steps[i] for i in kept],
        "num_steps": curves.steps[-1],
        "colors": class_first_colors(maps[-1].long(), size, num_classes),
    }


# A run in the kernel ----------------------------------------------------------------------------


def _live_options(live: bool | Mapping[str, Any], num_classes: int) -> dict[str, Any]:
    """Check the arguments of a run in the kernel; those not given are the library's."""
    given = dict(live) if isinstance(live, Mapping) else {}
    known = set(DEFAULTS) - {"images", "scribbles", "superpixels", "net"}
    if unknown := sorted(set(given) - known):
        raise TypeError(f"live must name arguments of kim2020.steps, got {unknown}")
    options = {**{name: DEFAULTS[name] for name in (*PAD_KNOBS, "num_labels")}, **given}
    _check_knobs(options)
    check_integers(num_classes, plotting.MAX_LABELS, num_labels=options["num_labels"])
    kim2020.steps(torch.zeros(3, 3, 3), **{**options, "num_superpixels": None})  # checks the rest
    return options


def _check_knobs(knobs: Mapping[str, Any]) -> None:
    check_integers(1, num_steps=knobs["num_steps"])
    check_numbers(0.0, **{name: knobs[name] for name in PAD_KNOBS[1:]})


class _ScribbleRun(Run):
    """A run in which the first labels are classes, with colours of their own."""

    num_classes = MAX_CLASSES  # set before the first state
    scribbles = b""

    def _color(self, labels: Tensor, count: int) -> None:
        if not self.colors or (self.crowded and count <= plotting.DISTINCT_COLORS):
            self.colors = class_first_colors(labels, self.num_labels, self.num_classes)
            self.crowded = count > plotting.DISTINCT_COLORS


class _ScribbleRunner(Runner):
    """Run Kim 2020 with the scribbles of one widget, as the messages of its controls ask."""

    def __init__(self, widget: ScribblePad, image: Tensor, options: dict[str, Any]) -> None:
        super().__init__(widget.send, image, widget.description, {**KNOBS, **options}, MAX_FRAMES)
        self._widget, self.opening = widget, "First step …"
        self._knobs = {name: options[name] for name in PAD_KNOBS}
        self._fixed = {name: options[name] for name in options if name not in PAD_KNOBS}

    def hear(self, message: dict[str, Any]) -> None:
        """Do what one message asks; a run can also be ended."""
        if message.get("type") != "stop":
            super().hear(message)
        elif self._active:
            self.stop()
            if self._run is not None:
                self._flush(self._run)
            step = self._run.curves.steps[-1] if self._run else 0
            self._say("stopped", f"Stopped at step {step}.")

    def _greet(self, message: dict[str, Any]) -> None:
        self._send({"type": "kernel", "knobs": self._knobs}, [])
        if self._run is not None:
            self._flush(self._run)  # to pages that are open already
            self._send_run(self._run)
        self._send(self._status, [])

    def _start(self, message: dict[str, Any], single: bool = False) -> None:
        knobs = {name: message["knobs"][name] for name in PAD_KNOBS}
        _check_knobs(knobs)
        scribbles = decode_scribbles(message["scribbles"])
        check_scribbles(self._image, scribbles, len(self._widget.class_names))
        super()._start({"knobs": KNOBS}, single)  # its task begins when this one has returned
        self._knobs, self._scribbles = knobs, scribbles

    def _new_run(self) -> Run:
        sizes = self._knobs["num_steps"], self._fixed["num_labels"]
        kept = {1 + i for i in thin_steps(sizes[0], self._max_frames)}
        run = _ScribbleRun(next(self._numbers), self._image, self._description, *sizes, kept)
        run.num_classes = len(self._widget.class_names)
        run.scribbles = encode_scribbles(self._scribbles)
        return run

    def _states(self, run: Run) -> Iterator[Step]:
        return kim2020.steps(run.image, scribbles=self._scribbles, **self._knobs, **self._fixed)

    def _send_run(self, run: Run) -> None:
        """Send all that is known of a run: at its first step, and to a page opened later."""
        message = {"type": "run", "run": run.number, "num_steps": run.num_steps}
        message |= {"colors": run.colors, "frames": run.frames}
        maps = [plotting.encode_labels(labels.long()) for labels in run.maps]
        self._send(message, [run.scribbles, *maps])
        run.sent, run.sent_at = len(run.curves.steps), time.monotonic()
