"""Where the computation runs: device and memory.

Nothing here changes a result; it changes where and how fast the result is made.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache

import torch

from seglib.checks import check_integers

# The options of glibc's mallopt() that we turn, and the values that the C library grows them to
# by itself in a program that often frees large blocks (malloc(3), M_MMAP_THRESHOLD).
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_USUAL_MMAP = 32 * 2**20
_USUAL_TRIM = 2 * _USUAL_MMAP
_HUGE = 2**30


def pick_device(device: str | torch.device | None = None) -> torch.device:
    """Turn the name of a device into a device that is there.

    Parameters
    ----------
    device : str or torch.device, optional
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"`` …; ``None`` or ``"auto"`` takes a GPU when
        there is one and the CPU otherwise.

    Returns
    -------
    torch.device
        The device.

    Raises
    ------
    ValueError
        If the name means nothing to PyTorch, or if this machine has no such device.

    Examples
    --------
    >>> pick_device("cpu")
    device(type='cpu')
    """
    there = ["cpu"]
    if torch.cuda.is_available():
        there.insert(0, "cuda")
    elif torch.backends.mps.is_available():
        there.insert(0, "mps")
    if device is None or device == "auto":
        return torch.device(there[0])
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise ValueError(
            f"device must be 'auto' or a device of PyTorch such as 'cpu' or 'cuda', got {device!r}"
        ) from error
    count = torch.cuda.device_count() if chosen.type == "cuda" else 1
    if chosen.type not in there or (chosen.index or 0) >= count:
        raise ValueError(f"device {device!r} is not on this machine, which has {there}")
    return chosen


def compute_in(precision: str, device: torch.device) -> AbstractContextManager:
    """Return a context in which a network computes in a number format.

    Parameters
    ----------
    precision : {"float32", "bfloat16"}
        Number format of convolutions and matrix products; weights stay float32.
    device : torch.device
        Where the network runs.

    Returns
    -------
    context manager
        It can be entered again and again; around a forward pass.

    Raises
    ------
    ValueError
        If `precision` is neither.

    Examples
    --------
    >>> with compute_in("bfloat16", torch.device("cpu")):
    ...     product = torch.ones(2, 3) @ torch.ones(3, 2)
    >>> product.dtype
    torch.bfloat16
    """
    if precision not in ("float32", "bfloat16"):
        raise ValueError(f"precision must be 'float32' or 'bfloat16', got {precision!r}")
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw random numbers on the CPU from a seed, and leave the caller's as they were.

    Parameters
    ----------
    seed : int
        Seed, in ``0 .. 2⁶³-1``.

    Yields
    ------
    None
        Within the context, PyTorch's random numbers on the CPU come from the seed.

    Raises
    ------
    TypeError, ValueError
        If the seed is not such an integer.

    Examples
    --------
    >>> with seeded(0):
    ...     first = torch.rand(2)
    >>> with seeded(0):
    ...     print(torch.equal(torch.rand(2), first))
    True
    """
    check_integers(0, 2**63 - 1, seed=seed)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # not torch.manual_seed: it seeds GPUs, too
        yield


def start(minutes: Mapping[str, float]) -> torch.device:
    """Pick the device for a chapter, and print it with the minutes to expect.

    Parameters
    ----------
    minutes : mapping of str to float
        Measured running time of the chapter on each type of device, for example
        ``{"cpu": 1.5}``. A device without a measurement is said to have none.

    Returns
    -------
    torch.device
        A GPU when there is one, else the CPU.

    Examples
    --------
    >>> device = start(minutes={"cpu": 1.5})  # doctest: +SKIP
    CPU with 2 threads, PyTorch 2.13.0. This chapter takes about 1.5 minutes on such a device.
    """
    device = pick_device()
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    else:
        name = f"{device.type.upper()} with {torch.get_num_threads()} threads"
    if device.type in minutes:
        time = f"This chapter takes about {minutes[device.type]:g} minutes on such a device."
    else:
        time = f"The time of this chapter has not been measured on {device.type!r} yet."
    print(f"{name}, PyTorch {torch.__version__}. {time}")
    return device


@contextmanager
def reuse_memory() -> Iterator[None]:
    """Keep large freed blocks in the process while the body runs (Linux with glibc).

    The C library normally hands every large freed block back to the system, and the next one has
    to be asked for, mapped and zeroed page by page. A training step frees and allocates the same
    activations over and over, and spends up to half of its time on these page faults.

    Put it around one iteration of a training loop, not around code that allocates ever new sizes,
    and call `release_memory` when the loop ends. Elsewhere than on glibc it does nothing.

    Yields
    ------
    None
        Nothing; large blocks come from the heap as long as the body runs.

    Notes
    -----
    After the body, blocks above 32 MiB are mapped anew as the C library does by default; the
    memory that the body has freed stays with the process until `release_memory`.

    Examples
    --------
    >>> with reuse_memory():
    ...     total = torch.ones(1000, 1000).sum()
    >>> release_memory()
    """
    libc = _glibc()
    if libc is None:
        yield
        return
    libc.mallopt(_TRIM_THRESHOLD, 2 * _HUGE - 1)
    libc.mallopt(_MMAP_THRESHOLD, _HUGE)
    try:
        yield
    finally:
        libc.mallopt(_MMAP_THRESHOLD, _USUAL_MMAP)


def release_memory() -> None:
    """Give the memory that `reuse_memory` has kept back to the system.

    Examples
    --------
    >>> release_memory()
    """
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_TRIM_THRESHOLD, _USUAL_TRIM)
        libc.malloc_trim(0)


@lru_cache(maxsize=1)
def _glibc() -> ctypes.CDLL | None:
    """Return the C library if it is a glibc that takes these settings."""
    if platform.libc_ver()[0] != "glibc":
        return None
    libc = ctypes.CDLL(None)
    libc.malloc_trim.argtypes = [ctypes.c_size_t]
    taken = libc.mallopt(_TRIM_THRESHOLD, _USUAL_TRIM) and libc.mallopt(_MMAP_THRESHOLD, _HUGE)
    libc.mallopt(_MMAP_THRESHOLD, _USUAL_MMAP)
    return libc if taken else None
