"""How the clusterings run: windows without copies, the draw of pixels, one thread."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch.nn import functional as F

from seglib.checks import check_integers

MAX_SEED = 2**32 - 1  # the largest that scikit-learn takes
STRIP = 2**16  # pixels that are assigned at once after a fit on some of the pixels


def patches_of(image: Tensor, window: int) -> Tensor:
    """Return the window around each pixel, (H, W, 3, α, α): a view that copies no window."""
    check_integers(1, window=window)
    if window % 2 == 0:
        raise ValueError(f"window must be odd, got {window}")
    padding = [window // 2] * 4
    padded = F.pad(image.detach()[None], padding, mode="replicate")[0]
    return padded.unfold(1, window, 1).unfold(2, window, 1).permute(1, 2, 0, 3, 4)


def check_draw(patches: Tensor, num_labels: int, max_fit_pixels: int | None, seed: int) -> None:
    """Check that there are pixels enough to fit on, and that the seed is one."""
    check_integers(0, MAX_SEED, seed=seed)
    pixels = patches.shape[0] * patches.shape[1]
    if max_fit_pixels is not None:
        check_integers(1, max_fit_pixels=max_fit_pixels)
        pixels = min(pixels, max_fit_pixels)
    if num_labels > pixels:
        raise ValueError(
            f"num_labels must be at most the number of pixels to fit on ({pixels}), "
            f"got {num_labels}"
        )


def draw_windows(patches: Tensor, max_fit_pixels: int | None, seed: int) -> np.ndarray:
    """Copy the windows of all pixels, or of some that the seed draws, one in each row."""
    width, total = patches.shape[1], patches.shape[0] * patches.shape[1]
    if max_fit_pixels is None or max_fit_pixels >= total:
        return patches.cpu().reshape(total, -1).numpy()
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randperm(total, generator=generator)[:max_fit_pixels].sort().values
    return patches.cpu()[drawn // width, drawn % width].flatten(1).numpy()


@contextmanager
def quiet_on_one_thread() -> Iterator[None]:
    """Make sums in one order, and say nothing of an image with fewer colours than labels."""
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Number of distinct clusters", ConvergenceWarning)
        yield


def cluster_windows(
    model: BaseEstimator,
    patches: Tensor,
    max_fit_pixels: int | None,
    seed: int,
    dtype: str = "float32",
) -> Tensor:
    """Fit a model of scikit-learn and return the cluster of each pixel, int64 (H, W)."""
    height, width = patches.shape[:2]
    sample = draw_windows(patches, max_fit_pixels, seed).astype(dtype, copy=False)
    with quiet_on_one_thread():
        if len(sample) == height * width:
            labels = model.fit_predict(sample)
        else:
            model.fit(sample)
            strips = patches.split(max(1, STRIP // width))
            windows = (draw_windows(s, None, seed).astype(dtype, copy=False) for s in strips)
            labels = np.concatenate([model.predict(rows) for rows in windows])
    return torch.from_numpy(labels.astype("int64")).reshape(height, width)
