"""Pooling: the largest or the mean of each window of an image; and the windows themselves, with their adjoint.

Channels come last, as in `convolution`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.primitive import linear
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ShapeError
from .convolution import Pairs, Sizes, as_pairs, as_sizes, patches
from .padding import pad
from .products import given
from .reductions import max as largest
from .reductions import mean as average
from .reductions import sum as total
from .repeating import repeat
from .samples import arrays

__all__ = ["adaptive_average_pool", "adaptive_max_pool", "average_pool", "max_pool", "upsample", "windows"]


def _explain_windows(x: Any, size: Sizes, stride: Sizes, space: Sizes | None = None) -> Exception:
    return ShapeError(
        f"Windows of {size} do not fit into images of shape {np.shape(x)}.",
        "Images are (batch, *space, channels), each axis of space at least as long as the window.",
        "Use padding='same', or smaller windows.",
    )


@linear(
    lambda g, y, x, size, stride: _from_windows(g, size=size, stride=stride, space=tuple(np.shape(x)[1:-1])),
    batch=("apart", (0,)),
    formula="y[p, k] = x[s·p + k]",
    derivative="x̄ = Σ ȳ[p, k] at s·p + k",
    explain=_explain_windows,
    samples=lambda: [[*arrays((2, 5, 2)), (2,), (1,)], [*arrays((1, 4, 4, 1)), (2, 3), (2, 1)]],
)
def windows(x: ArrayLike, size: Sizes, stride: Sizes) -> Tensor:
    """Every window of an image: (batch, *space, channels) → (batch, *places, *size, channels).

    Args:
        x: images with channels last.
        size: the window's length along each axis of space.
        stride: places between windows, for each axis.

    >>> tg.windows(tg.tensor([[[1.0], [2.0], [3.0]]]), (2,), (1,))[0, :, :, 0]
    tensor([[1., 2.],
            [2., 3.]])
    """
    if size == stride and not any(n % s for n, s in zip(x.shape[1:-1], size, strict=True)):
        return _side_by_side(x, size)
    return patches(x, size, stride, (1,) * len(size))


def _side_by_side(x: Any, size: Sizes) -> Any:
    """Windows that neither overlap nor leave a rest: each axis of space split in two, the window's places behind."""
    rank = len(size)
    split = [part for n, s in zip(x.shape[1:-1], size, strict=True) for part in (n // s, s)]
    order = (0, *range(1, 2 * rank, 2), *range(2, 2 * rank + 1, 2), 2 * rank + 1)
    return np.transpose(np.reshape(x, (x.shape[0], *split, x.shape[-1])), order)


@linear(
    lambda g, y, x, size, stride, space: windows(g, size=size, stride=stride),
    name="from_windows",
    batch=("apart", (0,)),
    formula="y = Σ x[p, k] at s·p + k",
    derivative="x̄[p, k] = ȳ[s·p + k]",
    samples=lambda: [
        [*arrays((2, 4, 2, 2)), (2,), (1,), (5,)],
        [*arrays((1, 2, 2, 2, 3, 1)), (2, 3), (2, 1), (4, 4)],
    ],
)
def _from_windows(x: ArrayLike, size: Sizes, stride: Sizes, space: Sizes) -> Any:
    """Windows laid back to where they were cut, added up where they overlap.

    >>> x = tg.tensor([[[1.0], [2.0], [3.0]]], requires_grad=True)
    >>> tg.windows(x, (2,), (1,)).sum().backward()
    >>> x.grad[0, :, 0]
    tensor([1., 2., 1.])
    """
    return laid_back(x, size, stride, space)


def laid_back(x: Any, size: Sizes, stride: Sizes, space: Sizes) -> Any:
    """Sum the windows into an image, one place of the window at a time."""
    rank = len(size)
    if size == stride and space == tuple(n * s for n, s in zip(x.shape[1 : 1 + rank], size, strict=True)):
        order = (0, *(axis for i in range(rank) for axis in (1 + i, 1 + rank + i)), 2 * rank + 1)
        return np.reshape(np.transpose(x, order), (x.shape[0], *space, x.shape[-1]))
    out = np.zeros((len(x), *space, x.shape[-1]), x.dtype)
    places = x.shape[1 : 1 + rank]
    for start in np.ndindex(*size):
        where = tuple(slice(b, b + max(s * (n - 1) + 1, 0), s) for b, s, n in zip(start, stride, places, strict=True))
        out[(slice(None), *where)] += x[(slice(None),) * (1 + rank) + start]
    return out


def _prepared(x: Any, size: Any, strides: Any, padding: Any, fill: float) -> tuple[Any, Sizes, Sizes, Pairs]:
    x = given(x)
    rank = x.ndim - 2
    if rank < 1:
        raise ShapeError(
            f"Pooling got an array of shape {x.shape}.",
            "It needs (batch, *space, channels).",
            "Use x[None, ..., None].",
        )
    size = as_sizes(size, rank, "pool_size")
    stride = size if strides is None else as_sizes(strides, rank, "strides")
    pairs = as_pairs(padding, x.shape[1:-1], size, stride, (1,) * rank)
    if any(map(any, pairs)):
        x = pad(x, ((0, 0), *pairs, (0, 0)), constant_values=fill)
    return x, size, stride, pairs


def max_pool(x: ArrayLike, pool_size: Any = 2, strides: Any = None, padding: Any = "valid") -> Tensor:
    """The largest element of each window; ties share the gradient evenly. Channels last.

    Args:
        x: (batch, *space, channels), with one to three axes of space.
        pool_size: the window's length, one for all axes or one for each.
        strides: places between windows; by default the window's length.
        padding: "valid", "same", or numbers; what is added never is the largest.

    >>> tg.max_pool(tg.tensor([[[1.0], [5.0], [2.0], [3.0]]]))[0, :, 0]
    tensor([5., 3.])
    """
    x, size, stride, _ = _prepared(x, pool_size, strides, padding, -math.inf)
    return largest(windows(x, size, stride), axis=_inside(len(size)))


def average_pool(x: ArrayLike, pool_size: Any = 2, strides: Any = None, padding: Any = "valid") -> Tensor:
    """The mean of each window; padding does not count. Channels last (see `max_pool`).

    >>> tg.average_pool(tg.tensor([[[1.0], [5.0], [2.0], [3.0]]]))[0, :, 0]
    tensor([3. , 2.5])
    """
    original = np.shape(x)
    x, size, stride, pairs = _prepared(x, pool_size, strides, padding, 0.0)
    cut = windows(x, size, stride)
    if not any(map(any, pairs)):
        return average(cut, axis=_inside(len(size)))
    ones = np.pad(np.ones((1, *original[1:-1], 1), x.dtype), ((0, 0), *pairs, (0, 0)))
    counts = patches(ones, size, stride, (1,) * len(size)).sum(axis=_inside(len(size)))
    return total(cut, axis=_inside(len(size))) / counts


def _inside(rank: int) -> tuple[int, ...]:
    """The axes of a window, among (batch, *places, *window, channels)."""
    return tuple(range(1 + rank, 1 + 2 * rank))


def _adaptive(x: ArrayLike, output_size: Any, reduce: Any) -> Any:
    """Each axis of space cut into that many parts, which overlap where they do not divide it; each part reduced."""
    x = given(x)
    rank = x.ndim - 2
    for axis, count in enumerate(as_sizes(output_size, rank, "output_size"), start=1):
        length = x.shape[axis]
        if length % count == 0:
            shape = (*x.shape[:axis], count, length // count, *x.shape[axis + 1 :])
            x = reduce(np.reshape(x, shape), axis=axis + 1)
            continue
        cuts = [(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]
        parts = [reduce(x[(slice(None),) * axis + (slice(a, b),)], axis=axis, keepdims=True) for a, b in cuts]
        x = np.concatenate(parts, axis=axis)
    return x


def adaptive_average_pool(x: ArrayLike, output_size: Any) -> Tensor:
    """Means over as many windows as the result shall have; channels last.

    Derivative: 1/n for each of the n elements of a window.

    >>> tg.adaptive_average_pool(tg.tensor([[[1.0], [2.0], [4.0]]]), 2)[0, :, 0]
    tensor([1.5, 3. ])
    """
    return _adaptive(x, output_size, average)  # type: ignore[no-any-return]


def adaptive_max_pool(x: ArrayLike, output_size: Any) -> Tensor:
    """Largest elements of as many windows as the result shall have; channels last.

    Derivative: 1 at the largest element of each window; ties share evenly.

    >>> tg.adaptive_max_pool(tg.tensor([[[1.0], [2.0], [4.0]]]), 2)[0, :, 0]
    tensor([2., 4.])
    """
    return _adaptive(x, output_size, largest)  # type: ignore[no-any-return]


def upsample(x: ArrayLike, size: Any = 2) -> Tensor:
    """Each element repeated along the axes of space: nearest-neighbour enlargement; channels last.

    Derivative: the sum over the copies of each element.

    >>> tg.upsample(tg.tensor([[[1.0], [2.0]]]))[0, :, 0]
    tensor([1., 1., 2., 2.])
    """
    x = given(x)
    for axis, count in enumerate(as_sizes(size, x.ndim - 2, "size"), start=1):
        x = repeat(x, count, axis=axis)
    return x


for _function in (adaptive_average_pool, adaptive_max_pool, average_pool, max_pool, upsample):
    functions[_function.__name__] = _function
