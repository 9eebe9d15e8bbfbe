"""Pooling: the largest or the mean of each window of an image; and the windows themselves, with their adjoint.

Channels come last, as in `convolution`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.primitive import linear, primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ShapeError
from .convolution import as_pairs, as_sizes
from .over_windows import bordered, collected, laid, over_windows, shared_out, shifts_of, spread, without_border
from .patches import Pairs, Sizes, patches
from .plainly import plainly
from .products import given
from .reductions import max as largest
from .reductions import mean as average
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
    lambda g, y, x, size, stride: plainly(_from_windows, g, size=size, stride=stride, space=np.shape(x)[1:-1]),
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
    """Sum the windows into an image, along one axis after the other."""
    rank = len(size)
    if size == stride and space == tuple(n * s for n, s in zip(x.shape[1 : 1 + rank], size, strict=True)):
        order = (0, *(axis for i in range(rank) for axis in (1 + i, 1 + rank + i)), 2 * rank + 1)
        return np.reshape(np.transpose(x, order), (x.shape[0], *space, x.shape[-1]))
    for axis in range(rank, 0, -1):  # as the window's last axis goes, the image's comes back
        length, step, inside = size[axis - 1], stride[axis - 1], (slice(None),) * (rank + axis)
        shape = (*x.shape[:axis], space[axis - 1], *x.shape[axis + 1 : rank + axis], *x.shape[rank + axis + 1 :])
        shifts = shifts_of(axis, (x.shape[axis] - 1) * step + length, length, step)
        x = laid([x[(*inside, number)] for number in range(length)], shifts, shape)
    return x


_POOLED: list[tuple[Sizes, dict[str, Any]]] = [
    ((2, 5, 2), {"size": (2,), "stride": (2,), "padding": ((0, 0),)}),
    ((1, 5, 4, 2), {"size": (3, 2), "stride": (1, 2), "padding": ((1, 1), (0, 1))}),
    ((2, 3, 4, 3, 1), {"size": (2, 2, 1), "stride": (1, 2, 1), "padding": ((0, 0),) * 3}),
]


def _pooled_shape(shape: Sizes, a: dict[str, Any]) -> Sizes:
    space = zip(shape[1:-1], a["size"], a["stride"], a["padding"], strict=True)
    return (shape[0], *((n + sum(p) - k) // s + 1 for n, k, s, p in space), shape[-1])


def _pooled_samples() -> list[Any]:
    """A gradient, an image (whose windows have ties), and what its windows attain."""
    found = []
    for shape, a in _POOLED:
        g, x = arrays(_pooled_shape(shape, a), shape)
        x = np.round(2 * x)
        found.append([g, x, _pooled_maximum(x, **a), a])
    return found


def _pooled_maximum(x: Any, size: Sizes, stride: Sizes, padding: Pairs) -> Any:
    """The largest element of each window."""
    return over_windows(np.maximum, bordered(x, padding, least=True), size, stride)


@primitive(
    lambda t, v, g, x, y, **a: _max_pool_tangent(t, x, y, **a),
    None,
    None,
    pushes=[lambda t, v, g, x, y, **a: _max_pool_gradient(t, x, y, **a), None, None],
    name="max_pool_gradient",
    batch=("apart", (0, 1, 2)),
    formula="v = Σ g[p] / n[p] at the n[p] elements x of window p that are equal to y[p]",
    derivative="ḡ[p] = the mean of v̄ over these elements",
    samples=_pooled_samples,
)
def _max_pool_gradient(g: ArrayLike, x: ArrayLike, y: ArrayLike, size: Sizes, stride: Sizes, padding: Pairs) -> Any:
    """The gradient of `max_pool`: each window's, in equal parts to its largest elements.

    >>> x = tg.tensor([[[3.0], [3.0], [1.0], [4.0]]], requires_grad=True)
    >>> tg.max_pool(x).sum().backward()
    >>> x.grad[0, :, 0]
    tensor([0.5, 0.5, 0. , 1. ])
    """
    return without_border(shared_out(g, bordered(x, padding, least=True), y, size, stride), padding)


@primitive(
    lambda g, v, t, x, y, **a: _max_pool_gradient(g, x, y, **a),
    None,
    None,
    pushes=[lambda s, v, t, x, y, **a: _max_pool_tangent(s, x, y, **a), None, None],
    name="max_pool_tangent",
    batch=("apart", (0, 1, 2)),
    formula="v[p] = the mean of t over the elements x of window p that are equal to y[p]",
    derivative="t̄ = Σ v̄[p] / n[p] at these n[p] elements",
    samples=lambda: [[arrays(x.shape)[0], x, y, a] for _, x, y, a in _pooled_samples()],
)
def _max_pool_tangent(t: ArrayLike, x: ArrayLike, y: ArrayLike, size: Sizes, stride: Sizes, padding: Pairs) -> Any:
    """How the maxima of `max_pool` move when the image does: with their elements.

    >>> x, t = tg.tensor([[[3.0], [3.0], [1.0], [4.0]]]), tg.tensor([[[1.0], [2.0], [5.0], [7.0]]])
    >>> tg.jvp(tg.max_pool, (x,), (t,))[1][0, :, 0]
    tensor([1.5, 7. ])
    """
    return collected(bordered(t, padding, least=False), bordered(x, padding, least=True), y, size, stride)


@primitive(
    lambda g, y, x, **a: plainly(_max_pool_gradient, g, x, y, **a),
    pushes=[lambda t, y, x, **a: _max_pool_tangent(t, x, y, **a)],
    name="max_pool",
    batch=("apart", (0,)),
    formula="y[p] = maxₖ x[s·p + k]",
    derivative="∂y[p]/∂x = 1 at the window's largest element",
    kink="ties share the gradient evenly",
    samples=lambda: [[*arrays(x), a] for x, a in _POOLED],
)
def _max_pool(x: ArrayLike, size: Sizes, stride: Sizes, padding: Pairs) -> Any:
    return _pooled_maximum(x, size, stride, padding)


@_max_pool.op.front
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
    x, size, stride, pairs = _prepared(x, pool_size, strides, padding)
    return _max_pool(x, size=size, stride=stride, padding=pairs)


def _elements(space: Sizes, size: Sizes, stride: Sizes, padding: Pairs, dtype: Any) -> Any:
    """How many elements of a padded image are in each window."""
    ones = bordered(np.ones((1, *space, 1), dtype), padding, least=False)
    return over_windows(np.add, ones, size, stride)


@linear(
    lambda v, y, g, size, stride, padding, space: _average_pool(v, size=size, stride=stride, padding=padding),
    name="average_pool_gradient",
    batch=("apart", (0,)),
    formula="v = Σ g[p] / n[p] at the n[p] elements of window p",
    derivative="ḡ[p] = the mean of v̄ over window p",
    samples=lambda: [[*arrays(_pooled_shape(x, a)), {**a, "space": x[1:-1]}] for x, a in _POOLED],
)
def _average_pool_gradient(g: ArrayLike, size: Sizes, stride: Sizes, padding: Pairs, space: Sizes) -> Any:
    """The gradient of `average_pool`: each window's, in equal parts to its elements.

    >>> x = tg.tensor([[[3.0], [3.0], [1.0], [4.0]]], requires_grad=True)
    >>> tg.average_pool(x).sum().backward()
    >>> x.grad[0, :, 0]
    tensor([0.5, 0.5, 0.5, 0.5])
    """
    if not any(map(any, padding)):
        return spread(g / math.prod(size), size, stride, space)
    whole = tuple(n + before + after for n, (before, after) in zip(space, padding, strict=True))
    return without_border(spread(g / _elements(space, size, stride, padding, g.dtype), size, stride, whole), padding)


@linear(
    lambda g, y, x, **a: plainly(_average_pool_gradient, g, space=np.shape(x)[1:-1], **a),
    name="average_pool",
    batch=("apart", (0,)),
    formula="y[p] = (1/n) Σₖ x[s·p + k]",
    derivative="∂y[p]/∂x = 1/n at the n elements of the window",
    samples=lambda: [[*arrays(x), a] for x, a in _POOLED],
)
def _average_pool(x: ArrayLike, size: Sizes, stride: Sizes, padding: Pairs) -> Any:
    wide = x.astype(np.float32) if x.dtype.char == "e" else x  # as np.mean does: sums soon exceed float16
    if any(map(any, padding)):
        total = over_windows(np.add, bordered(wide, padding, least=False), size, stride)
        mean = total / _elements(x.shape[1:-1], size, stride, padding, total.dtype)
    else:
        mean = over_windows(np.add, wide, size, stride) / math.prod(size)
    return mean if wide is x else mean.astype(x.dtype)


@_average_pool.op.front
def average_pool(x: ArrayLike, pool_size: Any = 2, strides: Any = None, padding: Any = "valid") -> Tensor:
    """The mean of each window; padding does not count. Channels last (see `max_pool`).

    >>> tg.average_pool(tg.tensor([[[1.0], [5.0], [2.0], [3.0]]]))[0, :, 0]
    tensor([3. , 2.5])
    """
    x, size, stride, pairs = _prepared(x, pool_size, strides, padding)
    return _average_pool(x, size=size, stride=stride, padding=pairs)


def _prepared(x: Any, size: Any, strides: Any, padding: Any) -> tuple[Any, Sizes, Sizes, Pairs]:
    """A pooling's arguments, one number for each axis of space."""
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
    return x, size, stride, pairs


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
