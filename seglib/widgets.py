"""Widgets: watch a run step by step, compare two maps, change one while its scores follow.

The same front end runs in Jupyter, in Colab and in the built page, where no kernel
answers. Label maps travel as grey PNG, photographs as WebP; the browser draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import anywidget
import traitlets
from torch import Tensor

from seglib import images, plotting
from seglib._frontend import check_look, frontend_module, frontend_style
from seglib._grid_explorer import GridExplorer as GridExplorer
from seglib._kmeans_explorer import KMeansExplorer as KMeansExplorer
from seglib._live import Runner, live_options
from seglib._runs import Curves, small_map, thin_steps
from seglib._scribble_pad import ScribblePad as ScribblePad
from seglib._segment_lab import SegmentLab as SegmentLab
from seglib.states import Step

__all__ = [
    "CompareSlider",
    "GridExplorer",
    "KMeansExplorer",
    "ScribblePad",
    "SegmentLab",
    "StepScrubber",
]


class StepScrubber(anywidget.AnyWidget):
    """Move through the label maps of a run: photograph, labels, number of labels, loss.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1 that was segmented.
    states : iterable of Step
        What a paper's ``steps()`` yields: `step`, `labels` (H, W), `num_labels`, `loss`.
    description : str
        What the picture shows, for readers who do not see it.
    max_frames : int
        Number of label maps to keep: the first, the last, and more of the early ones, where
        labels change fastest. The curves keep every step. A run in the kernel keeps as many.
    opacity : float
        Opacity of the label colours at the start, in 0..1.
    boundaries : bool
        Whether boundaries are drawn at the start.
    live : bool or mapping
        Whether a kernel may run :func:`seglib.kanezaki2018.steps` from the widget. A mapping
        gives keyword arguments of `steps`: those that the reader can change
        (`num_steps`, `num_components`, `num_labels`, `num_superpixels`, `learning_rate`)
        start with these values, the others (`seed`, `device` …) hold for each run.

    Raises
    ------
    TypeError
        If a label map is not int64, or `live` names an unknown argument.
    ValueError
        If there are no states, a label map and the image differ in size, a label is not
        in 0..255, the opacity is not in 0..1, or the description is empty.

    Notes
    -----
    Without a kernel, as in the built book, all controls but those of the run work.

    Examples
    --------
    >>> import torch
    >>> from seglib import kanezaki2018
    >>> image = torch.rand(3, 16, 24, generator=torch.Generator().manual_seed(0))
    >>> states = kanezaki2018.steps(image, num_steps=3, num_filters=4, num_labels=4,
    ...                             num_superpixels=20)
    >>> widget = StepScrubber(image, states, description="Coloured noise")
    >>> widget.frame_steps
    [1, 2, 3]
    """

    _esm = frontend_module("scrubber")
    _css = frontend_style()

    description = traitlets.Unicode().tag(sync=True)
    photo = traitlets.Bytes().tag(sync=True)
    frames = traitlets.List(traitlets.Bytes()).tag(sync=True)
    frame_steps = traitlets.List(traitlets.Int()).tag(sync=True)
    colors = traitlets.List().tag(sync=True)
    curve_steps = traitlets.List(traitlets.Int()).tag(sync=True)
    label_curve = traitlets.List(traitlets.Int()).tag(sync=True)
    loss_curve = traitlets.List(traitlets.Float(allow_none=True)).tag(sync=True)
    step = traitlets.Int().tag(sync=True)
    opacity = traitlets.Float(min=0, max=1).tag(sync=True)
    boundaries = traitlets.Bool().tag(sync=True)
    live = traitlets.Bool().tag(sync=True)

    def __init__(
        self,
        image: Tensor,
        states: Iterable[Step],
        *,
        description: str,
        max_frames: int = 40,
        opacity: float = 0.6,
        boundaries: bool = True,
        live: bool | Mapping[str, Any] = False,
    ) -> None:
        images.check_image(image)
        check_look(description, opacity)
        options = live_options(live)
        curves, maps = Curves(), []
        for state in states:
            maps.append(small_map(state.labels, image, f"labels of step {state.step}"))
            curves.add(state)
        if not maps:
            raise ValueError("states must hold at least one state, got none")
        kept = thin_steps(len(maps), max_frames)
        maps = [maps[i].long() for i in kept]
        super().__init__(
            description=description,
            photo=plotting.encode_photo(image),
            frames=[plotting.encode_labels(labels) for labels in maps],
            frame_steps=[curves.steps[i] for i in kept],
            colors=plotting.label_colors(maps).tolist(),
            curve_steps=curves.steps,
            label_curve=curves.counts,
            loss_curve=curves.losses,
            step=curves.steps[-1],
            opacity=opacity,
            boundaries=boundaries,
            live=live is not False,
        )
        if self.live:
            self._runner = Runner(self.send, image, description, options, max_frames)
            self.on_msg(lambda widget, message, buffers: widget._runner.hear(message))

    def close(self) -> None:
        """Close the widget in all pages, and end its run."""
        if self.live and hasattr(self, "_runner"):
            self._runner.stop()
        super().close()


class CompareSlider(anywidget.AnyWidget):
    """Swipe between two maps of one image.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1.
    left, right : Tensor or None
        What each side shows: a label map, int64 (H, W), drawn over the image; another
        RGB image (3, H, W); or None for the image itself. One label has one colour on
        both sides: bring the second map to the names of the first with
        ``labels.match_labels`` if they come from different runs.
    titles : pair of str
        Names of the two sides, always in sight.
    description : str
        What the picture shows, for readers who do not see it.
    opacity : float
        Opacity of the label colours at the start, in 0..1.
    boundaries : bool
        Whether boundaries are drawn at the start.

    Raises
    ------
    TypeError
        If a label map is not int64.
    ValueError
        If a side and the image differ in size, a label is not in 0..255, the opacity is
        not in 0..1, there are not two titles, or a text is empty.

    Examples
    --------
    >>> import torch
    >>> image = torch.rand(3, 16, 24, generator=torch.Generator().manual_seed(0))
    >>> labels = (image[0] > 0.5).long()
    >>> widget = CompareSlider(image, None, labels, titles=("Image", "Red above one half"),
    ...                        description="Coloured noise")
    >>> widget.kinds
    ['photo', 'labels']
    """

    _esm = frontend_module("compare")
    _css = frontend_style()

    description = traitlets.Unicode().tag(sync=True)
    titles = traitlets.List(traitlets.Unicode(), minlen=2, maxlen=2).tag(sync=True)
    photo = traitlets.Bytes().tag(sync=True)
    kinds = traitlets.List(traitlets.Unicode()).tag(sync=True)
    left = traitlets.Bytes().tag(sync=True)
    right = traitlets.Bytes().tag(sync=True)
    colors = traitlets.List().tag(sync=True)
    position = traitlets.Float(0.5, min=0, max=1).tag(sync=True)
    opacity = traitlets.Float(min=0, max=1).tag(sync=True)
    boundaries = traitlets.Bool().tag(sync=True)

    def __init__(
        self,
        image: Tensor,
        left: Tensor | None,
        right: Tensor | None,
        *,
        titles: Sequence[str] = ("left", "right"),
        description: str,
        opacity: float = 0.6,
        boundaries: bool = True,
    ) -> None:
        images.check_image(image)
        check_look(description, opacity)
        titles = list(titles)
        if len(titles) != 2 or not all(isinstance(t, str) and t.strip() for t in titles):
            raise ValueError(f"titles must be two names, got {titles}")
        sides = [_side(side, image, name) for side, name in ((left, "left"), (right, "right"))]
        maps = [side for kind, side in sides if kind == "labels"]
        payloads = [_encode_side(kind, side) for kind, side in sides]
        super().__init__(
            description=description,
            titles=titles,
            photo=plotting.encode_photo(image),
            kinds=[kind for kind, _ in sides],
            left=payloads[0],
            right=payloads[1],
            colors=plotting.label_colors(maps).tolist() if maps else [],
            opacity=opacity,
            boundaries=boundaries,
        )


def _side(side: Tensor | None, image: Tensor, name: str) -> tuple[str, Any]:
    """Tell a label map, a picture and the bare photograph from each other."""
    if side is None:
        return "photo", None
    if side.ndim == 2:
        return "labels", small_map(side, image, name).long()
    images.check_image(side)
    if side.shape != image.shape:
        raise ValueError(
            f"{name} must have the shape of the image {tuple(image.shape)}, got {tuple(side.shape)}"
        )
    return "picture", side


def _encode_side(kind: str, side: Any) -> bytes:
    if kind == "labels":
        return plotting.encode_labels(side)
    return plotting.encode_photo(side) if kind == "picture" else b""
