"""Shaping ops: the same numbers in another arrangement. Each is linear, and stands beside its adjoint."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from ..core.primitive import constant, linear
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError, ShapeError, not_numbers
from .axes import explain_axes, transpose
from .samples import arrays, scalars

__all__ = [
    "as_discrete",
    "astype",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "broadcast_arrays",
    "broadcast_to",
    "copy",
    "expand_dims",
    "ravel",
    "reshape",
    "squeeze",
    "sum_to",
]

Shape: TypeAlias = tuple[int, ...]
MANY = 8192  # elements, from which on a product of matrices is worth its call


@linear(
    lambda g, y, x, dtype: _astype(g, dtype=x.dtype),
    name="astype",
    formula="y = x, as another dtype",
    derivative="∂y/∂x = 1",
    samples=lambda: [[*arrays((2, 3)), np.dtype(np.float64)], [*scalars(1), np.dtype(np.float64)]],
)
def _astype(x: ArrayLike, dtype: Any) -> Any:
    return (x if hasattr(x, "astype") else np.asarray(x)).astype(dtype)[()]


@constant(
    formula="y = x, without its fraction",
    samples=lambda: [[*arrays((2, 3)), np.dtype(int)], [*arrays((2, 3)), np.dtype(bool)]],
    reference=lambda x, dtype: np.asarray(x).astype(dtype),
)
def as_discrete(x: ArrayLike, dtype: Any) -> Tensor:
    """The values as integers or booleans: `astype` to these, which changes in steps and has no gradient.

    >>> tg.as_discrete(tg.tensor([1.5, -2.5]), int)
    tensor([ 1, -2])
    """
    return np.asarray(x).astype(dtype)[()]


@_astype.op.front
def astype(x: ArrayLike, dtype: Any, copy: bool = True) -> Tensor:
    """The same values as another dtype; the gradient comes back in the input's.

    Integers and booleans change in steps, so no gradient flows back from them.

    >>> tg.astype(tg.tensor([1.0, 2.0]), "float32")
    tensor([1., 2.], dtype=float32)
    """
    target = dtype if type(dtype) is np.dtype else np.dtype(dtype)
    if target.kind == "c":
        raise not_numbers(np.zeros(0, target))
    if not copy and getattr(x, "dtype", None) == target:
        return x
    return _astype(x, dtype=target) if target.kind == "f" else as_discrete(x, dtype=target)


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


def _explain_broadcast(x: Any, shape: Any) -> Exception:
    """The error for a shape that the array does not broadcast to."""
    return ShapeError(
        f"broadcast_to cannot turn shape {np.shape(x)} into {shape}.",
        "Counted from the last axis, each length must be the same as in the new shape, or 1.",
        "Use reshape or x[:, None] to say which axes are new.",
    )


@linear(
    lambda g, y, x, shape: sum_to(g, shape=np.shape(x)),
    formula="y = x, repeated along new axes and axes of length 1",
    derivative="∂y/∂x = 1 for each copy",
    views=True,
    explain=_explain_broadcast,
    samples=lambda: [
        [*arrays((3,)), (2, 3)],
        [*arrays((2, 1)), (2, 3)],
        [*scalars(1), (2, 3)],
        [*arrays((1, 3)), (0, 3)],
    ],
)
def broadcast_to(x: ArrayLike, shape: Shape) -> Tensor:
    """The array x repeated to `shape` by NumPy's rules. Its adjoint is `sum_to`: each copy's gradient is added up.

    Raises:
        ShapeError: when x does not broadcast to `shape`.

    >>> tg.broadcast_to(tg.tensor([1.0, 2.0]), (2, 2))
    tensor([[1., 2.],
            [1., 2.]])
    """
    return np.broadcast_to(x, shape)


@linear(
    lambda g, y, x, shape: broadcast_to(g, shape=np.shape(x)),
    formula="y = Σ x over the axes that a broadcast from `shape` made",
    derivative="∂y/∂xᵢ = 1",
    samples=lambda: [
        [*arrays((2, 3)), (3,)],
        [*arrays((2, 3)), (2, 1)],
        [*arrays((2, 3)), ()],
        [*arrays((2, 3)), (2, 3)],
    ],
)
def sum_to(x: ArrayLike, shape: Shape) -> Tensor:
    """The array x summed down to `shape`: the adjoint of `broadcast_to`.

    >>> tg.sum_to(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), (2,))
    tensor([4., 6.])
    """
    axes = sum_axes(x.shape, shape)
    first = axes == (*range(len(axes)),) and 0 < len(axes) < x.ndim
    if first and type(x) is np.ndarray and x.size >= MANY and x.dtype.char in "fd":
        rows = x.reshape(-1, math.prod(shape))
        return np.ones(len(rows), x.dtype).dot(rows).reshape(shape)  # BLAS takes a tenth of the time
    return np.add.reduce(x, axis=axes).reshape(shape)[()]


def broadcast_arrays(*args: ArrayLike) -> tuple[Tensor, ...]:
    """The arrays, each repeated to the shape that they all broadcast to.

    Derivative: the sum over the copies of each element.

    Raises:
        ShapeError: when there is no such shape.

    >>> a, b = tg.broadcast_arrays(tg.tensor([1.0, 2.0]), tg.tensor([[3.0]]))
    >>> a.shape, b.shape
    ((1, 2), (1, 2))
    """
    shapes = [np.shape(x) for x in args]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(
            f"broadcast_arrays cannot bring the shapes {', '.join(map(str, shapes))} together.",
            "Counted from the last axis, lengths must be equal, or one of them 1.",
            "Use reshape or x[:, None] to say which axes belong together.",
        ) from None
    return tuple(broadcast_to(x, shape) for x in args)


functions["broadcast_arrays"] = broadcast_arrays


def _explain_reshape(x: Any, shape: Shape) -> Exception:
    """The error for a shape of another number of elements."""
    return ShapeError(
        f"reshape cannot turn shape {np.shape(x)} into {shape}.",
        f"The new shape must hold the same {np.size(x)} elements; one length may be -1.",
        "Write -1 for one length, and it is computed.",
    )


@linear(
    lambda g, y, x, shape: _reshape(g, shape=np.shape(x)),
    formula="y = x, in another shape",
    derivative="∂y/∂x = 1",
    views=True,
    explain=_explain_reshape,
    samples=lambda: [
        [*arrays((2, 3)), (3, 2)],
        [*arrays((2, 3)), (-1,)],
        [*arrays((1,)), ()],
        [*scalars(1), (1, 1)],
        [*arrays((0, 3)), (3, 0)],
    ],
)
def _reshape(x: ArrayLike, shape: Shape) -> Any:
    return np.reshape(x, shape)[()]


@_reshape.op.front
def reshape(x: ArrayLike, shape: int | Sequence[int], order: str = "C", *, copy: bool | None = None) -> Tensor:
    """The same elements in another shape; one length may be -1.

    Args:
        x: the array.
        shape: the new lengths, or one length.
        order: "C" reads and fills with the last axis changing fastest, "F" with the first.
        copy: accepted; whether memory is shared makes no difference, since nothing is written into it.

    Raises:
        ArgumentError: for NumPy's orders "A" and "K", which ask how the elements lie in memory.
        ShapeError: when the new shape holds another number of elements.

    >>> tg.reshape(tg.tensor([1.0, 2.0, 3.0, 4.0]), (2, -1))
    tensor([[1., 2.],
            [3., 4.]])
    """
    lengths = (shape,) if isinstance(shape, (int, np.integer)) else shape
    target = tuple(int(n) for n in lengths)
    if order == "C":
        return _reshape(x, shape=target)
    if order == "F":
        return transpose(_reshape(transpose(x), shape=target[::-1]))
    raise ArgumentError(
        f"reshape cannot read the elements in order {order!r}.",
        "A Tensor's order in memory is not fixed, so it is 'C' (rows first) or 'F' (columns first).",
        "Leave order out for rows first.",
    )


def ravel(x: ArrayLike, order: str = "C") -> Tensor:
    """The elements as one axis, in row-major order ("F": column-major).

    Derivative: the gradient in the shape of x.

    >>> tg.ravel(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([1., 2., 3., 4.])
    """
    return reshape(x, (-1,), order)


functions["ravel"] = ravel


def _explain_squeeze(x: Any, axis: Any) -> Exception:
    """The error for an axis that is not there, or is longer than 1."""
    return explain_axes(x, axis=axis) or ShapeError(
        f"squeeze cannot take axis {axis} away from shape {np.shape(x)}.",
        "Only an axis of length 1 can be taken away.",
        "Index it (x[0]) or reduce it (x.sum(axis)) instead.",
    )


@linear(
    lambda g, y, x, axis: _reshape(g, shape=np.shape(x)),
    formula="y = x, without its axes of length 1",
    derivative="∂y/∂x = 1",
    views=True,
    explain=_explain_squeeze,
    samples=lambda: [[*arrays((2, 1, 3, 1))], [*arrays((2, 1, 3, 1)), 1], [*arrays((2, 1, 3, 1)), (1, -1)]],
)
def squeeze(x: ArrayLike, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """The array x without its axes of length 1 (all of them, or those in `axis`).

    Raises:
        ShapeError: when an axis named is longer than 1.

    >>> tg.squeeze(tg.tensor([[1.0, 2.0]]))
    tensor([1., 2.])
    """
    return np.squeeze(x, axis=axis)[()]


def inserted(x: Any, axis: int | tuple[int, ...]) -> Any:
    """`np.expand_dims`, which takes longer to sort out its axes than to insert one into an array."""
    if type(axis) is int and type(x) is np.ndarray and -x.ndim <= axis + 1 <= x.ndim + 1:
        return x[(slice(None),) * (axis % (x.ndim + 1)) + (None,)]
    return np.expand_dims(x, axis)


@linear(
    lambda g, y, x, axis: _reshape(g, shape=np.shape(x)),
    inputs=1,
    formula="y = x, with new axes of length 1",
    derivative="∂y/∂x = 1",
    views=True,
    samples=lambda: [[*arrays((2, 3)), 0], [*arrays((2, 3)), (0, -1)], [*scalars(1), 0]],
)
def expand_dims(x: ArrayLike, axis: int | tuple[int, ...]) -> Tensor:
    """The array x with new axes of length 1 at the positions `axis` of the result.

    >>> tg.expand_dims(tg.tensor([1.0, 2.0]), 1).shape
    (2, 1)
    """
    return inserted(x, axis)


def _at_least(least: int, places: tuple[tuple[int, ...], ...], xs: tuple[Any, ...]) -> Any:
    """Each x with at least `least` axes; `places` says where the missing ones go, by the number there are."""
    given = [x if isinstance(x, Tensor) else np.asarray(x) for x in xs]
    full = tuple(x if x.ndim >= least else expand_dims(x, places[x.ndim]) for x in given)
    return full[0] if len(full) == 1 else full


def atleast_1d(*arys: ArrayLike) -> Any:
    """Each array with at least one axis.

    >>> tg.atleast_1d(tg.tensor(3.0))
    tensor([3.])
    """
    return _at_least(1, ((0,),), arys)


def atleast_2d(*arys: ArrayLike) -> Any:
    """Each array with at least two axes; a vector becomes a row.

    >>> tg.atleast_2d(tg.tensor([1.0, 2.0]))
    tensor([[1., 2.]])
    """
    return _at_least(2, ((0, 1), (0,)), arys)


def atleast_3d(*arys: ArrayLike) -> Any:
    """Each array with at least three axes; a vector of n becomes (1, n, 1), a matrix (n, m, 1).

    >>> tg.atleast_3d(tg.tensor([1.0, 2.0])).shape
    (1, 2, 1)
    """
    return _at_least(3, ((0, 1, 2), (0, 2), (2,)), arys)


functions["atleast_1d"], functions["atleast_2d"], functions["atleast_3d"] = atleast_1d, atleast_2d, atleast_3d
