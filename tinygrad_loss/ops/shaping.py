"""Shaping ops: the same numbers in another arrangement. Each is linear, and stands beside its adjoint."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from ..core.primitive import linear
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ShapeError
from .samples import arrays, scalars

Shape = tuple[int, ...]


@linear(
    lambda g, y, x, dtype: astype(g, dtype=x.dtype),
    formula="y = x, as another dtype",
    derivative="∂y/∂x = 1",
    samples=lambda: [[*arrays((2, 3)), np.dtype(np.float64)]],
)
def astype(x: ArrayLike, dtype: Any) -> Tensor:
    """The same values as another dtype; the gradient comes back in the input's.

    >>> tg.astype(tg.tensor([1.0, 2.0]), "float32")
    tensor([1., 2.], dtype=float32)
    """
    return np.asarray(x).astype(dtype)[()]


@linear(
    lambda g, y, x: g,
    formula="y = x",
    derivative="∂y/∂x = 1",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def copy(x: ArrayLike) -> Tensor:
    """The same values in memory of their own.

    >>> tg.copy(tg.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """
    return np.array(x)[()]


@cache
def sum_axes(shape: Shape, target: Shape) -> Shape:
    """The axes over which an array of `shape` is summed to become `target` again, undoing a broadcast."""
    lead = len(shape) - len(target)
    return (*range(lead), *(lead + i for i, n in enumerate(target) if n == 1 and shape[lead + i] != 1))


@linear(
    lambda g, y, x, shape: sum_to(g, shape=np.shape(x)),
    formula="y = x, repeated along new axes and axes of length 1",
    derivative="∂y/∂x = 1 for each copy",
    views=True,
    samples=lambda: [[*arrays((3,)), (2, 3)], [*arrays((2, 1)), (2, 3)], [*scalars(1), (2, 3)]],
)
def broadcast_to(x: ArrayLike, shape: Shape) -> Tensor:
    """x repeated to `shape` by NumPy's rules. Its adjoint is `sum_to`: each copy's gradient is added up.

    >>> tg.broadcast_to(tg.tensor([1.0, 2.0]), (2, 2))
    tensor([[1., 2.],
            [1., 2.]])
    """
    return np.broadcast_to(x, shape)


@linear(
    lambda g, y, x, shape: broadcast_to(g, shape=np.shape(x)),
    formula="y = Σ x over the axes that a broadcast from `shape` made",
    derivative="∂y/∂xᵢ = 1",
    samples=lambda: [[*arrays((2, 3)), (3,)], [*arrays((2, 3)), (2, 1)], [*arrays((2, 3)), ()], [*arrays((2, 3)), (2, 3)]],
)
def sum_to(x: ArrayLike, shape: Shape) -> Tensor:
    """x summed down to `shape`: the adjoint of `broadcast_to`.

    >>> tg.sum_to(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), (2,))
    tensor([4., 6.])
    """
    return np.add.reduce(x, axis=sum_axes(x.shape, shape)).reshape(shape)[()]


@linear(
    lambda g, y, x, shape: _reshape(g, shape=np.shape(x)),
    formula="y = x, in another shape",
    derivative="∂y/∂x = 1",
    views=True,
    samples=lambda: [[*arrays((2, 3)), (3, 2)], [*arrays((2, 3)), (6,)], [*arrays((1,)), ()]],
)
def _reshape(x: ArrayLike, shape: Shape) -> Any:
    return np.reshape(x, shape)[()]


@_reshape.op.front
def reshape(x: ArrayLike, shape: int | Sequence[int]) -> Tensor:
    """The same elements in row-major order, in another shape; one length may be -1.

    >>> tg.reshape(tg.tensor([1.0, 2.0, 3.0, 4.0]), (2, -1))
    tensor([[1., 2.],
            [3., 4.]])
    """
    lengths = (shape,) if isinstance(shape, (int, np.integer)) else shape
    return _reshape(x, shape=tuple(int(n) for n in lengths))  # type: ignore[no-any-return]


def ravel(x: ArrayLike) -> Tensor:
    """The elements as one axis, in row-major order.

    >>> tg.ravel(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([1., 2., 3., 4.])
    """
    return reshape(x, (-1,))


functions["ravel"] = ravel


@linear(
    lambda g, y, x, axes: _transpose(g, axes=None if axes is None else tuple(np.argsort(axes).tolist())),
    formula="y = x, with its axes in another order",
    derivative="∂y/∂x = 1",
    views=True,
    samples=lambda: [[*arrays((2, 3)), None], [*arrays((2, 3, 4)), (2, 0, 1)]],
)
def _transpose(x: ArrayLike, axes: Shape | None) -> Any:
    return np.transpose(x, axes)


@_transpose.op.front
def transpose(x: ArrayLike, axes: Sequence[int] | None = None) -> Tensor:
    """x with its axes reversed, or in the order `axes`.

    >>> tg.transpose(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[1., 3.],
            [2., 4.]])
    """
    order = None if axes is None else tuple(int(axis) % max(np.ndim(x), 1) for axis in axes)
    return _transpose(x, axes=order)  # type: ignore[no-any-return]


@linear(
    lambda g, y, x, axis1, axis2: swapaxes(g, axis1, axis2),
    formula="y = x, with two axes exchanged",
    derivative="∂y/∂x = 1",
    views=True,
    samples=lambda: [[*arrays((2, 3, 4)), 0, 2], [*arrays((2, 3)), -1, -2]],
)
def swapaxes(x: ArrayLike, axis1: int, axis2: int) -> Tensor:
    """x with two axes exchanged.

    >>> tg.swapaxes(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), 0, 1)
    tensor([[1., 3.],
            [2., 4.]])
    """
    return np.swapaxes(x, axis1, axis2)


@linear(
    lambda g, y, x, axis: _reshape(g, shape=np.shape(x)),
    formula="y = x, without its axes of length 1",
    derivative="∂y/∂x = 1",
    views=True,
    samples=lambda: [[*arrays((2, 1, 3, 1))], [*arrays((2, 1, 3, 1)), 1], [*arrays((2, 1, 3, 1)), (1, -1)]],
)
def squeeze(x: ArrayLike, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """x without its axes of length 1 (all of them, or those in `axis`).

    >>> tg.squeeze(tg.tensor([[1.0, 2.0]]))
    tensor([1., 2.])
    """
    return np.squeeze(x, axis=axis)[()]


@linear(
    lambda g, y, x, axis: _reshape(g, shape=np.shape(x)),
    inputs=1,
    formula="y = x, with new axes of length 1",
    derivative="∂y/∂x = 1",
    views=True,
    samples=lambda: [[*arrays((2, 3)), 0], [*arrays((2, 3)), (0, -1)]],
)
def expand_dims(x: ArrayLike, axis: int | tuple[int, ...]) -> Tensor:
    """x with new axes of length 1 at the positions `axis` of the result.

    >>> tg.expand_dims(tg.tensor([1.0, 2.0]), 1).shape
    (2, 1)
    """
    return np.expand_dims(x, axis)


@linear(
    lambda g, y, *arrays, index, axis: _section(g, axis, arrays, index),
    formula="y = the arrays, one after the other along an axis",
    derivative="∂y/∂x = 1",
    samples=lambda: [[*arrays((2, 3), (4, 3)), {"axis": 0}], [*arrays((2, 3), (2, 1), (2, 2)), {"axis": -1}]],
)
def _concatenate(*arrays: ArrayLike, axis: int) -> Any:
    return np.concatenate(arrays, axis=axis)


@_concatenate.op.front
def concatenate(arrays: Sequence[ArrayLike], axis: int | None = 0) -> Tensor:
    """The arrays joined along an existing axis; its adjoint is cutting the gradient at the same places.

    Raises:
        ShapeError: for no arrays, or lengths that differ elsewhere than along `axis`.

    >>> tg.concatenate([tg.tensor([1.0]), tg.tensor([2.0, 3.0])])
    tensor([1., 2., 3.])
    """
    if len(arrays) == 0:
        raise ShapeError("concatenate got no arrays.", "It needs at least one.", "Check the list that you pass.")
    if axis is None:
        return concatenate([ravel(x) for x in arrays])
    return _concatenate(*arrays, axis=axis)  # type: ignore[no-any-return]


def _section(g: Any, axis: int, arrays: Sequence[Any], index: int) -> Any:
    """The part of `g` that belongs to the array `index` of a concatenation."""
    start = int(np.sum([np.shape(x)[axis] for x in arrays[:index]], dtype=int))
    place = (slice(None),) * (axis % np.ndim(g)) + (slice(start, start + np.shape(arrays[index])[axis]),)
    return g[place]


def stack(arrays: Sequence[ArrayLike], axis: int = 0) -> Tensor:
    """Arrays of one shape joined along a new axis.

    >>> tg.stack([tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0])])
    tensor([[1., 2.],
            [3., 4.]])
    """
    return concatenate([expand_dims(x, axis) for x in arrays], axis)


functions["stack"] = stack
