"""Images with channels last: cut into patches without copying, and put into a frame of zeros."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

__all__: list[str] = []  # for convolution and pooling

Pairs = tuple[tuple[int, int], ...]
Sizes = tuple[int, ...]


def patches(x: Any, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """A view of every patch of a padded image: (batch, *places, *kernel, channels)."""
    shape, strides = _cut(x.shape, x.strides, kernel, stride, dilation)
    if x.flags.c_contiguous:
        view: Any = np.ndarray(shape, x.dtype, x, 0, strides)  # a sixth of the time of as_strided
        view.flags.writeable = False
        return view
    return np.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)


@lru_cache(1024)
def _cut(image: Sizes, steps: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes) -> tuple[Sizes, Sizes]:
    """The shape and the strides of the patches of an image with this shape and these strides."""
    by_axis = zip(image[1:-1], kernel, stride, dilation, strict=True)
    places = [(n - (k - 1) * d - 1) // s + 1 for n, k, s, d in by_axis]
    if min(places) < 1:
        raise ValueError("the image is smaller than the kernel")
    between = [n * s for n, s in zip(steps[1:-1], stride, strict=True)]
    within = [n * d for n, d in zip(steps[1:-1], dilation, strict=True)]
    return (image[0], *places, *kernel, image[-1]), (steps[0], *between, *within, steps[-1])


def padded(x: Any, padding: Pairs, fill: float = 0) -> Any:
    """The image with zeros, or another number, around it."""
    shape, inside = _framed(x.shape, padding)
    if shape == x.shape:
        return np.ascontiguousarray(x)
    out = np.full(shape, fill, x.dtype) if fill else np.zeros(shape, x.dtype)
    out[inside] = x
    return out


@lru_cache(1024)
def _framed(image: Sizes, padding: Pairs) -> tuple[Sizes, tuple[slice, ...]]:
    """The shape of a padded image, and where in it the image lies."""
    space = zip(image[1:-1], padding, strict=True)
    inside = tuple(slice(before, before + n) for n, (before, _) in zip(image[1:-1], padding, strict=True))
    return (image[0], *(n + before + after for n, (before, after) in space), image[-1]), (slice(None), *inside)
