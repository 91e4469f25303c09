"""k-means that runs in the page itself, with its knobs and its elbow."""

from __future__ import annotations

import anywidget
import traitlets
from PIL import Image
from torch import Tensor

from seglib import images, plotting
from seglib._clusters import MAX_SEED
from seglib._frontend import check_description, frontend_module, frontend_style
from seglib.checks import check_integers

MAX_PIXELS = 24_000  # of the image: the largest window takes 14 MB of a page, and a few seconds
MAX_CLUSTERS = 20
WINDOWS = (1, 3, 5, 7)


class KMeansExplorer(anywidget.AnyWidget):
    """Run k-means on the windows of a photograph, with other k and α, and see its elbow.

    Parameters
    ----------
    image : Tensor, float32, shape (3, H, W)
        RGB image in 0..1, of 24,000 pixels at most. Its values are rounded to bytes.
    num_labels : int
        Number of clusters k at the start, in 2..20.
    window : int
        Side α of the window at the start: 1, 3, 5 or 7.
    seed : int
        Seed of the starting means (k-means++), and of the pixels that the elbow is made from.
    description : str
        What the picture shows, for readers who do not see it.

    Raises
    ------
    TypeError
        If the image is not a float32 tensor, or a knob is not an integer.
    ValueError
        If the image has another shape or range or too many pixels, a knob is out of range, or
        the description is empty.

    Notes
    -----
    The browser computes, so that all controls work without a kernel. The windows, their borders
    and the distances are those of `seglib.clustering.kmeans_windows`. Three things differ: the
    run stops when no pixel changes its label, not at a tolerance; the starting means are those of
    plain k-means++, drawn by a generator of its own; and the elbow rule (`seglib.elbow.knee`, over
    k = 2..20) sees the sums of at most 4,000 pixels. Sums are shown for each pixel and value,
    :math:`J / (3α^2HW)`, so that windows compare.

    Examples
    --------
    >>> import torch
    >>> image = torch.rand(3, 16, 24, generator=torch.Generator().manual_seed(0))
    >>> widget = KMeansExplorer(image, num_labels=4, window=3, description="Coloured noise")
    >>> widget.num_labels, widget.window
    (4, 3)
    """

    _esm = frontend_module("kmeans", "kmeans_run", "kmeans_charts", "kmeans_explorer")
    _css = frontend_style("kmeans_explorer")

    description = traitlets.Unicode().tag(sync=True)
    planes = traitlets.Bytes().tag(sync=True)
    palette = traitlets.List().tag(sync=True)
    num_labels = traitlets.Int(min=2, max=MAX_CLUSTERS).tag(sync=True)
    window = traitlets.Enum(WINDOWS).tag(sync=True)
    seed = traitlets.Int(min=0, max=MAX_SEED).tag(sync=True)
    elbow_seed = traitlets.Int(min=0, max=MAX_SEED).tag(sync=True)
    coloring = traitlets.Enum(("means", "labels"), "means").tag(sync=True)
    opacity = traitlets.Float(1.0, min=0, max=1).tag(sync=True)
    boundaries = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        image: Tensor,
        *,
        num_labels: int = 6,
        window: int = 1,
        seed: int = 0,
        description: str,
    ) -> None:
        images.check_image(image)
        height, width = image.shape[1:]
        if height * width > MAX_PIXELS:
            raise ValueError(
                f"image must have at most {MAX_PIXELS} pixels, "
                f"got {height} × {width} = {height * width}"
            )
        check_integers(2, MAX_CLUSTERS, num_labels=num_labels)
        check_integers(1, window=window)
        if window not in WINDOWS:
            raise ValueError(f"window must be one of {list(WINDOWS)}, got {window}")
        check_integers(0, MAX_SEED, seed=seed)
        check_description(description)
        super().__init__(
            description=description,
            planes=_encode_planes(image),
            palette=plotting.label_colors(Tensor([range(MAX_CLUSTERS)]).long()).tolist(),
            num_labels=num_labels,
            window=window,
            seed=seed,
            elbow_seed=seed,
        )


def _encode_planes(image: Tensor) -> bytes:
    """Encode red, green and blue, one below the other, as a grey PNG: without loss."""
    planes = plotting.to_uint8(image).transpose(2, 0, 1).reshape(-1, image.shape[2])
    return plotting.save_picture(Image.fromarray(planes), "PNG", optimize=True)
