"""Checks that turn bad input into one clear sentence: what was expected and what was seen."""

from __future__ import annotations

import math
import numbers

import torch
from torch import Tensor


def check_label_maps(**maps: Tensor) -> None:
    """Check that label maps are int64, 2-D, not empty, of one shape and on one device.

    Parameters
    ----------
    **maps : Tensor, int64, shape (H, W)
        The maps under the names that the message should use. Values are not looked at, so
        nothing is copied from the device; see `check_labels_not_negative`.

    Raises
    ------
    TypeError
        If a map is not a tensor, or not int64.
    ValueError
        If a map is empty or not 2-D, or if shapes or devices differ.

    Examples
    --------
    >>> check_label_maps(labels=torch.zeros(4, 6, dtype=torch.int64))
    """
    first_name, first = next(iter(maps.items()))
    for name, labels in maps.items():
        if not isinstance(labels, Tensor):
            raise TypeError(f"{name} must be a tensor, got {type(labels).__name__}")
        if labels.dtype != torch.int64:
            raise TypeError(f"{name} must have dtype torch.int64, got {labels.dtype}")
        if labels.ndim != 2 or labels.numel() == 0:
            raise ValueError(f"{name} must have shape (H, W), got {tuple(labels.shape)}")
        if labels.shape != first.shape:
            raise ValueError(
                f"{name} must have the shape of {first_name} {tuple(first.shape)}, "
                f"got {tuple(labels.shape)}"
            )
        if labels.device != first.device:
            raise ValueError(
                f"{name} must be on the device of {first_name} ({first.device}), "
                f"got {labels.device}"
            )


def check_labels_not_negative(**maps: Tensor) -> None:
    """Check label maps as `check_label_maps` does, and that no label is negative.

    Parameters
    ----------
    **maps : Tensor, int64, shape (H, W)
        The maps under the names that the message should use. On a GPU this waits for the
        device, because the smallest value has to be read.

    Raises
    ------
    TypeError
        If a map is not a tensor, or not int64.
    ValueError
        If a map is empty, not 2-D or negative somewhere, or if shapes or devices differ.

    Examples
    --------
    >>> check_labels_not_negative(labels=torch.zeros(4, 6, dtype=torch.int64))
    """
    check_label_maps(**maps)
    for name, labels in maps.items():
        smallest = int(labels.min())
        if smallest < 0:
            raise ValueError(f"{name} must not hold negative labels, got {smallest}")


def check_maps_fit(image: Tensor, **maps: Tensor) -> None:
    """Check that label maps are int64 and as high and wide as an image.

    Parameters
    ----------
    image : Tensor, shape (3, H, W)
        The image.
    **maps : Tensor, int64, shape (H, W)
        The maps under the names that the message should use; on any device.

    Raises
    ------
    TypeError
        If a map is not a tensor, or not int64.
    ValueError
        If a map has another size than the image.

    Examples
    --------
    >>> check_maps_fit(torch.zeros(3, 4, 6), labels=torch.zeros(4, 6, dtype=torch.int64))
    """
    for name, labels in maps.items():
        check_label_maps(**{name: labels})
        if labels.shape != image.shape[1:]:
            raise ValueError(
                f"{name} must have the height and width of the image, {tuple(image.shape[1:])}, "
                f"got {tuple(labels.shape)}"
            )


def check_integers(minimum: int, maximum: int | None = None, /, **values: int) -> None:
    """Check that each value is an integer within bounds.

    Parameters
    ----------
    minimum : int
        Smallest value allowed.
    maximum : int, optional
        Largest value allowed.
    **values : int
        The values under the names that the message should use.

    Raises
    ------
    TypeError
        If a value is not an integer.
    ValueError
        If a value is out of bounds.

    Examples
    --------
    >>> check_integers(1, num_steps=500)
    >>> check_integers(1, num_steps=0)
    Traceback (most recent call last):
    ValueError: num_steps must be at least 1, got 0
    """
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, numbers.Integral):
            raise TypeError(f"{name} must be an integer, got {value!r}")
        if value < minimum:
            raise ValueError(f"{name} must be at least {minimum}, got {value}")
        if maximum is not None and value > maximum:
            raise ValueError(f"{name} must be at most {maximum}, got {value}")


def check_numbers(minimum: float, maximum: float | None = None, /, **values: float) -> None:
    """Check that each value is a finite number within bounds.

    Parameters
    ----------
    minimum : float
        Smallest value allowed.
    maximum : float, optional
        Largest value allowed.
    **values : float
        The values under the names that the message should use.

    Raises
    ------
    TypeError
        If a value is not a number.
    ValueError
        If a value is not finite, or out of bounds.

    Examples
    --------
    >>> check_numbers(0.0, momentum=0.9)
    """
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise TypeError(f"{name} must be a number, got {value!r}")
        if not math.isfinite(value) or value < minimum:
            raise ValueError(f"{name} must be finite and at least {minimum:g}, got {value}")
        if maximum is not None and value > maximum:
            raise ValueError(f"{name} must be at most {maximum:g}, got {value}")
