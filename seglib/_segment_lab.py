"""A map to change by hand while all scores follow: what travels to the page."""

from __future__ import annotations

from collections.abc import Mapping

import anywidget
import numpy as np
import torch
import traitlets
from torch import Tensor

from seglib import images, plotting
from seglib._frontend import check_description, frontend_module, frontend_style
from seglib.checks import check_labels_not_negative
from seglib.labels import connected_components

MAX_CELLS = 4096
MAX_TRUE_LABELS = 16
MIN_SIDE = 5  # 25 cells: more than there are true labels, so that a region can be cut
RAGGED_SEED = 0


class SegmentLab(anywidget.AnyWidget):
    """Move, split and merge the segments of a small map, and watch every score follow.

    Parameters
    ----------
    image : Tensor, float32, shape (3, h, w), or None
        RGB image in 0..1 that is drawn behind the cells, of any size with the proportions of
        the map; None for a blank ground.
    true_labels : Tensor, int64, shape (H, W)
        True label of each cell, in 0..15; 5 × 5 to 4,096 cells, two labels at least. As in
        `seglib.scores.score_segmentation`, each label is one true segment, also where it lies
        in several pieces.
    starts : mapping of str to Tensor, int64, shape (H, W), optional
        Maps from which the reader can start, by name, with labels in 0..4095; the first is
        shown at once. By default: the truth; one segment; every cell a segment; the truth
        shifted by one cell; with one region cut in two; with two regions merged; and with a
        ragged boundary.
    description : str
        What the picture shows, for readers who do not see it.

    Raises
    ------
    TypeError
        If a map is not int64.
    ValueError
        If a map is too small, too large or of another shape, a label is out of range, the
        image has other proportions, there are no starts, or the description is empty.

    Notes
    -----
    The page computes the scores itself, by the conventions of
    `seglib.scores.score_segmentation` with one annotator. Boundary cells are partners if they
    are at most one cell apart: a ``tolerance`` of ``1.1 / math.hypot(H, W)`` in
    `seglib.boundaries.boundary_f_measure`. In a kernel, `labels` is the map that the page shows,
    and a name given to ``start`` loads that map.

    Examples
    --------
    >>> true_labels = torch.zeros(6, 9, dtype=torch.int64)
    >>> true_labels[:, 4:] = 1
    >>> widget = SegmentLab(None, true_labels, description="Two halves")
    >>> widget.start_names[:3]
    ['The truth', 'One segment', 'Every cell a segment']
    >>> int(widget.labels.max())
    1
    """

    _esm = frontend_module(
        "metrics", "segment_tools", "segment_scores", "segment_picture", "segment_lab"
    )
    _css = frontend_style("segment_lab")

    description = traitlets.Unicode().tag(sync=True)
    photo = traitlets.Bytes().tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    truth = traitlets.Bytes().tag(sync=True)
    start_names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    start_maps = traitlets.List(traitlets.Bytes()).tag(sync=True)
    start = traitlets.Unicode().tag(sync=True)
    labels_now = traitlets.Bytes().tag(
        sync=True,
        from_json=lambda data, widget: bytes(data),  # a page sends a memory view
    )
    colors = traitlets.List().tag(sync=True)

    def __init__(
        self,
        image: Tensor | None,
        true_labels: Tensor,
        *,
        starts: Mapping[str, Tensor] | None = None,
        description: str,
    ) -> None:
        check_description(description)
        _check_truth(true_labels)
        _check_proportions(image, true_labels)
        true_labels = true_labels.cpu()
        if starts is not None and not isinstance(starts, Mapping):
            raise TypeError(f"starts must map names to label maps, got {type(starts).__name__}")
        starts = make_starts(true_labels) if starts is None else dict(starts)
        _check_starts(starts, true_labels)
        maps = [_to_bytes(labels) for labels in starts.values()]
        height, width = true_labels.shape
        distinct = torch.arange(plotting.DISTINCT_COLORS)[None]
        super().__init__(
            description=description,
            photo=b"" if image is None else plotting.encode_photo(image),
            height=height,
            width=width,
            truth=_to_bytes(true_labels),
            start_names=list(starts),
            start_maps=maps,
            start=next(iter(starts)),
            labels_now=maps[0],
            colors=plotting.label_colors(distinct).tolist(),
        )

    @traitlets.validate("start")
    def _check_start(self, proposal: dict) -> str:
        if proposal["value"] not in self.start_names:
            raise traitlets.TraitError(
                f"start must be one of {self.start_names}, got {proposal['value']!r}"
            )
        return proposal["value"]

    @traitlets.observe("start")
    def _load_start(self, change: dict) -> None:
        if "labels_now" in self._property_lock:
            return  # a page has sent its map, too, and may have changed it since
        self.labels_now = self.start_maps[self.start_names.index(change["new"])]

    @property
    def labels(self) -> Tensor:
        """Map that the page shows, int64 (H, W)."""
        cells = np.frombuffer(self.labels_now, dtype="<u2").astype(np.int64)
        return torch.from_numpy(cells.reshape(self.height, self.width))


def make_starts(true_labels: Tensor) -> dict[str, Tensor]:
    """Make maps that differ from the truth in one way each, by name."""
    everywhere = torch.arange(true_labels.numel()).reshape(true_labels.shape)
    return {
        "The truth": true_labels,
        "One segment": torch.zeros_like(true_labels),
        "Every cell a segment": everywhere,
        "Shifted by one cell": torch.cat([true_labels[:, :1], true_labels[:, :-1]], dim=1),
        "One region cut in two": _cut_largest(true_labels),
        "Two regions merged": _merge_neighbors(true_labels),
        "Ragged boundary": _make_ragged(true_labels),
    }


def _cut_largest(labels: Tensor) -> Tensor:
    """Cut the largest segment across its longer side; one half gets the first unused label."""
    segments = connected_components(labels)
    largest = segments == segments.flatten().bincount().argmax()
    sides = largest.nonzero()  # (R, 2)
    axis = int((sides.amax(dim=0) - sides.amin(dim=0)).argmax())
    places = sides[:, axis].sort().values
    middle = places[len(places) // 2]
    middle = middle if middle > places[0] else middle + 1  # no half may be empty
    index = torch.arange(labels.shape[axis]).unsqueeze(1 - axis)
    unused = next(label for label in range(MAX_TRUE_LABELS + 1) if not (labels == label).any())
    return labels.masked_fill(largest & (index >= middle), unused)


def _merge_neighbors(labels: Tensor) -> Tensor:
    """Give the two labels with the longest common boundary the smaller of their names."""
    beside = torch.stack([labels[:, :-1].flatten(), labels[:, 1:].flatten()])
    below = torch.stack([labels[:-1].flatten(), labels[1:].flatten()])
    pairs = torch.cat([beside, below], dim=1).sort(dim=0).values
    pairs = pairs[:, pairs[0] != pairs[1]]
    names, lengths = pairs.unique(dim=1, return_counts=True)
    kept, lost = names[:, lengths.argmax()].tolist()
    return torch.where(labels == lost, kept, labels)


def _make_ragged(labels: Tensor) -> Tensor:
    """Let cells at a boundary take the label of a neighbour, at random but always alike."""
    generator = torch.Generator().manual_seed(RAGGED_SEED)
    rows, columns = torch.meshgrid(*map(torch.arange, labels.shape), indexing="ij")
    for _ in range(2):
        axis, step = torch.randint(2, (2, *labels.shape), generator=generator)
        step = 2 * step - 1
        neighbor_rows = (rows + step * (axis == 0)).clamp(0, labels.shape[0] - 1)
        neighbor_columns = (columns + step * (axis == 1)).clamp(0, labels.shape[1] - 1)
        changed = torch.rand(labels.shape, generator=generator) < 0.6
        labels = torch.where(changed, labels[neighbor_rows, neighbor_columns], labels)
    return labels


def _check_truth(true_labels: Tensor) -> None:
    check_labels_not_negative(true_labels=true_labels)
    height, width = true_labels.shape
    if min(height, width) < MIN_SIDE or height * width > MAX_CELLS:
        raise ValueError(
            f"true_labels must have {MIN_SIDE} x {MIN_SIDE} to {MAX_CELLS} cells, "
            f"got {height} x {width}"
        )
    if int(true_labels.max()) >= MAX_TRUE_LABELS:
        raise ValueError(
            f"true_labels must lie in 0..{MAX_TRUE_LABELS - 1}, got {int(true_labels.max())}"
        )
    if len(true_labels.unique()) < 2:
        raise ValueError("true_labels must hold at least 2 labels, got 1")


def _check_proportions(image: Tensor | None, true_labels: Tensor) -> None:
    """Check that an image fits the cells, within one of them."""
    if image is None:
        return
    images.check_image(image)
    height, width = true_labels.shape
    if abs(image.shape[2] * height - image.shape[1] * width) > max(image.shape[1:]):
        raise ValueError(
            f"image must have the proportions of the map, {height} x {width}, "
            f"got {image.shape[1]} x {image.shape[2]}"
        )


def _check_starts(starts: Mapping[str, Tensor], true_labels: Tensor) -> None:
    if not starts:
        raise ValueError("starts must hold at least one label map, got none")
    for name, labels in starts.items():
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"starts must have names, got {name!r}")
        known_as = {f"start {name!r}": labels}
        check_labels_not_negative(true_labels=true_labels, **known_as)
        if int(labels.max()) >= MAX_CELLS:
            raise ValueError(
                f"start {name!r} must hold labels up to {MAX_CELLS - 1}, got {int(labels.max())}"
            )


def _to_bytes(labels: Tensor) -> bytes:
    """Cells in reading order, 16 bits each, low byte first: a byte cannot name all of them."""
    return labels.cpu().numpy().astype("<u2").tobytes()
