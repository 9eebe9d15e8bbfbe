"""Reducing the windows of an image without cutting them out: shifted views, along one axis after the other.

Images are (batch, *space, channels). Each axis of space is reduced by itself, so that windows of 3 x 3 take
3 + 3 steps instead of 9; each step is one call on views as large as the result.
"""

from __future__ import annotations

import math
from functools import lru_cache, reduce
from itertools import product
from operator import le
from typing import Any

import numpy as np

from ..errors import ShapeError
from .cumulative import along
from .masks import kept
from .patches import Pairs, Sizes, padded

__all__: list[str] = []  # for pooling

DEEP = 16  # channels from which on views of single places are read as fast as those of whole lines
SMALL = 1024  # elements up to which a few calls on all windows cost less than many on shifted images


def bordered(x: Any, padding: Pairs, least: bool) -> Any:
    """The image with zeros around it, or with what no element is less than."""
    if not any(map(any, padding)):
        return x
    lowest = -math.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    return padded(x, padding, lowest if least else 0)


def without_border(x: Any, padding: Pairs) -> Any:
    """The image inside its border: the adjoint of putting zeros around it."""
    if not any(map(any, padding)):
        return x
    ends = zip(x.shape[1:-1], padding, strict=True)
    return x[(slice(None), *(slice(before, n - after) for n, (before, after) in ends))]


@lru_cache(1024)
def shifts_of(axis: int, length: int, size: int, stride: int) -> list[tuple[slice, ...]]:
    """For each place in a window, the index of what all windows hold there, along one axis.

    Raises:
        ShapeError: for a window longer than the axis.
    """
    if size > length:
        raise ShapeError(
            f"Windows of {size} do not fit into an axis of {length}.",
            "Images are (batch, *space, channels), each axis of space at least as long as the window.",
            "Use padding='same', or smaller windows.",
        )
    reach = (length - size) // stride * stride + 1
    return [along(axis, slice(start, start + reach, stride)) for start in range(size)]


def _joined(ufunc: Any, x: Any, shifts: list[Any]) -> Any:
    """What all windows hold at each place along one axis, joined by a ufunc of two arguments."""
    total, own = x[shifts[0]], False
    for place in shifts[1:]:
        if own:  # memory that is new each time costs more than the arithmetic
            ufunc(total, x[place], out=total)
        else:
            total = ufunc(total, x[place])
            own = type(total) is np.ndarray
    return total


def over_windows(ufunc: Any, x: Any, size: Sizes, stride: Sizes) -> Any:
    """Each window reduced, along one axis after the other: 3 + 3 steps instead of 9."""
    result, axis = x, 1
    for length in size:
        result = _joined(ufunc, result, shifts_of(axis, result.shape[axis], length, stride[axis - 1]))
        axis += 1
    return result if max(size) > 1 else np.array(result)  # no view of x


def _attained(x: Any, y: Any, size: Sizes, stride: Sizes) -> tuple[list[Any], Any]:
    """Where windows attain their maximum y, and how often each does.

    An element is a window's largest if it is the largest of its line in the window, and that line's maximum
    the largest of the window: for each axis the shape before it was reduced, the shifts, and a mask for each.
    """
    steps: list[Any] = []
    count: Any = None
    narrow = math.prod(size) < 128
    for axis, (length, step) in enumerate(zip(size, stride, strict=True), start=1):
        shifts = shifts_of(axis, x.shape[axis], length, step)
        high = y if axis == len(size) else _joined(np.maximum, x, shifts)
        there = [x[place] == high for place in shifts]
        ones = [mask.view(np.int8) if narrow else mask.astype(np.int32) for mask in there]
        if count is not None:
            ones = [one * count[place] for one, place in zip(ones, shifts, strict=True)]
        count = reduce(np.add, ones)
        steps.append((x.shape, shifts, there))
        x = high
    return steps, np.maximum(count, 1)  # a window of NaN attains nothing


def _all_windows(x: Any, size: Sizes, stride: Sizes, places: Sizes) -> Any:
    """A view of the windows of an image whose elements follow each other: (*size, batch, *places, channels)."""
    return np.ndarray((*size, len(x), *places, x.shape[-1]), x.dtype, x, 0, _window_strides(x.strides, stride))


@lru_cache(1024)
def _window_strides(strides: Sizes, stride: Sizes) -> Sizes:
    """The strides of such a view of an image that has these."""
    batch, *steps, channel = strides
    return (*steps, batch, *(n * s for n, s in zip(steps, stride, strict=True)), channel)


def laid(parts: list[Any], shifts: list[Any], shape: Sizes) -> Any:
    """An image of zeros with what each place of all windows gets, added up where windows overlap."""
    out = np.zeros(shape, parts[0].dtype)
    apart = len(shifts) <= shifts[0][-1].step
    for part, place in zip(parts, shifts, strict=True):
        if apart:
            out[place] = part
        else:
            target = out[place]
            target += part  # out[place] += part would store the sum where it already is
    return out


def spread(g: Any, size: Sizes, stride: Sizes, space: Sizes) -> Any:
    """What each window holds, given to all of its places: the adjoint of the sum over windows."""
    if g.size * math.prod(size) <= SMALL and all(map(le, size, stride)):
        out = np.zeros((len(g), *space, g.shape[-1]), g.dtype)
        _all_windows(out, size, stride, g.shape[1:-1])[...] = g
        return out
    for axis in range(len(size), 0, -1):
        whole = space[axis - 1]
        shifts = shifts_of(axis, whole, size[axis - 1], stride[axis - 1])
        g = laid([g] * len(shifts), shifts, (*g.shape[:axis], whole, *g.shape[axis + 1 :]))
    return g


def shared_out(g: Any, x: Any, y: Any, size: Sizes, stride: Sizes) -> Any:
    """Each window's part of g, given in equal parts to the elements that attain its maximum."""
    if x.size <= SMALL and g.dtype == x.dtype:
        return _shared_out_at_once(g, np.ascontiguousarray(x), y, size, stride)
    if x.shape[-1] >= DEEP and math.prod(size) < 128 and all(map(le, size, stride)):
        return _shared_out_apart(g, x, y, size, stride)
    steps, count = _attained(x, y, size, stride)
    g = np.divide(g, count, dtype=g.dtype)
    for shape, shifts, there in reversed(steps):
        g = laid([kept(mask, g) for mask in there], shifts, shape)
    return g


def _shared_out_apart(g: Any, x: Any, y: Any, size: Sizes, stride: Sizes) -> Any:
    """The same to the bit, where no windows overlap: nothing is added up, so each place goes by itself."""
    by_axis = [shifts_of(i, x.shape[i], *each) for i, each in enumerate(zip(size, stride, strict=True), start=1)]
    places = [(slice(None), *(shift[-1] for shift in shifts)) for shifts in product(*by_axis)]
    there = [x[place] == y for place in places]
    count = reduce(np.add, [mask.view(np.int8) for mask in there])
    g = np.divide(g, np.maximum(count, 1), dtype=g.dtype)
    out = np.zeros(x.shape, g.dtype)
    for place, mask in zip(places, there, strict=True):
        out[place] = kept(mask, g)
    return out


def _shared_out_at_once(g: Any, x: Any, y: Any, size: Sizes, stride: Sizes) -> Any:
    """The same to the bit, by calls on all windows together."""
    rank, places = len(size), y.shape[1:-1]
    there = _all_windows(x, size, stride, places) == y
    count = np.add.reduce(there, tuple(range(rank)), np.int32)
    g = np.divide(g, np.maximum(count, 1), dtype=g.dtype)
    if all(map(le, size, stride)):
        out = np.zeros(x.shape, g.dtype)
        np.copyto(_all_windows(out, size, stride, places), g, where=there)
        return out
    parts: Any = np.where(there, g, 0)
    for axis in range(rank, 0, -1):  # the window's axes come first: as the last of them goes, the image's comes back
        whole = x.shape[axis]
        shifts = shifts_of(axis + axis - 1, whole, size[axis - 1], stride[axis - 1])
        shape = (*parts.shape[: axis - 1], *parts.shape[axis : 2 * axis], whole, *parts.shape[2 * axis + 1 :])
        lead: tuple[Any, ...] = (slice(None),) * (axis - 1)
        parts = laid([parts[(*lead, number)] for number in range(size[axis - 1])], shifts, shape)
    return parts


def collected(t: Any, x: Any, y: Any, size: Sizes, stride: Sizes) -> Any:
    """The mean of t over the elements that attain each window's maximum."""
    steps, count = _attained(x, y, size, stride)
    for _, shifts, there in steps:
        t = reduce(np.add, [kept(mask, t[place]) for place, mask in zip(shifts, there, strict=True)])
    return np.divide(t, count, dtype=t.dtype)
