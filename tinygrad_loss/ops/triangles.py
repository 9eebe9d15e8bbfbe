"""Diagonals and triangles of matrices."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..core.array_methods import read_only
from ..core.primitive import linear
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import AxisError, ShapeError
from .axes import explain_axes
from .masks import kept
from .samples import arrays
from .shaping import broadcast_to, ravel

__all__ = ["diag", "diagflat", "diagonal", "on_diagonal", "tri", "tril", "triu"]


@lru_cache(maxsize=16)
def below(rows: int, columns: int, k: int) -> Any:
    """True on and below the k-th diagonal."""
    return read_only(np.tri(rows, columns, k, dtype=bool))


@lru_cache(maxsize=16)
def above(rows: int, columns: int, k: int) -> Any:
    """True on and above the k-th diagonal."""
    return read_only(~np.tri(rows, columns, k - 1, dtype=bool))


@linear(
    lambda g, y, x, k: _tril(g, k=k),
    formula="y = x on and below the k-th diagonal, 0 above",
    derivative="∂y/∂x = 1 on and below the diagonal, 0 above",
    samples=lambda: [[*arrays((3, 3)), 0], [*arrays((2, 3, 4)), 1], [*arrays((4, 2)), -1], [*arrays((0, 2)), 0]],
)
def _tril(x: ArrayLike, k: int) -> Any:
    return kept(below(*np.shape(x)[-2:], k), x)


@linear(
    lambda g, y, x, k: _triu(g, k=k),
    formula="y = x on and above the k-th diagonal, 0 below",
    derivative="∂y/∂x = 1 on and above the diagonal, 0 below",
    samples=lambda: [[*arrays((3, 3)), 0], [*arrays((2, 3, 4)), 1], [*arrays((4, 2)), -1], [*arrays((0, 2)), 0]],
)
def _triu(x: ArrayLike, k: int) -> Any:
    return kept(above(*np.shape(x)[-2:], k), x)


def _matrices(m: ArrayLike, name: str) -> ArrayLike:
    """The array as matrices; a vector stands in each row of one, as NumPy has it."""
    if np.ndim(m) == 0:
        raise ShapeError(f"{name} got a 0-d array.", "It needs a matrix, or a stack of them.", "Give it two axes.")
    return broadcast_to(m, np.shape(m) * 2) if np.ndim(m) == 1 else m


@_tril.op.front
def tril(m: ArrayLike, k: int = 0) -> Tensor:
    """The lower triangle of each matrix: what is above the k-th diagonal becomes 0, and gets no gradient.

    >>> tg.tril(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[1., 0.],
            [3., 4.]])
    """
    return _tril(_matrices(m, "tril"), k=int(k))


@_triu.op.front
def triu(m: ArrayLike, k: int = 0) -> Tensor:
    """The upper triangle of each matrix: what is below the k-th diagonal becomes 0, and gets no gradient.

    >>> tg.triu(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[1., 2.],
            [0., 4.]])
    """
    return _triu(_matrices(m, "triu"), k=int(k))


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = float) -> Tensor:
    """Ones on and below the k-th diagonal of an N by M matrix, zeros above: a mask that hides the future.

    >>> tg.tri(2)
    tensor([[1., 0.],
            [1., 1.]])
    """
    return Tensor(np.tri(N, M, k, dtype))


def _explain_diagonal(x: Any, offset: int, axis1: int, axis2: int) -> Exception | None:
    """The error for axes that are no plane of x."""
    if np.ndim(x) < 2:
        return ShapeError(
            f"diagonal got shape {np.shape(x)}.",
            "It needs at least two axes.",
            "Use tg.diag to put a vector on a diagonal.",
        )
    return explain_axes(x, axis1=axis1, axis2=axis2) or AxisError(
        f"diagonal got axis1={axis1} and axis2={axis2}, the same axis of shape {np.shape(x)}.",
        "A diagonal runs through two different axes.",
        "Say axis1=-2, axis2=-1 for the last two.",
    )


@linear(
    lambda g, y, x, offset, axis1, axis2: on_diagonal(g, np.shape(x), offset, axis1, axis2),
    formula="yᵢ = xᵢ,ᵢ₊ₒ",
    derivative="∂yᵢ/∂xᵢ,ᵢ₊ₒ = 1",
    views=True,
    explain=_explain_diagonal,
    samples=lambda: [
        [*arrays((3, 3)), 0, 0, 1],
        [*arrays((2, 3, 4)), 1, -1, 0],
        [*arrays((4, 2)), -2, 0, 1],
        [*arrays((2, 2)), 5, 0, 1],
    ],
)
def diagonal(a: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The elements on a diagonal of two axes, which becomes the last axis. Its adjoint puts them there.

    >>> tg.diagonal(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([1., 4.])
    """
    return np.diagonal(a, offset, axis1, axis2)


def _placed(out: Any, x: Any, offset: int, axis1: int, axis2: int) -> Any:
    """`out`, which nobody else holds, with x on its diagonal."""
    if out.ndim == 2 and (axis1, axis2) == (0, 1):
        step = out.shape[1] + 1
        first = offset if offset >= 0 else -offset * out.shape[1]
        out.reshape(-1)[first : first + step * np.shape(x)[-1] : step] = x
        return out
    count = np.arange(np.shape(x)[-1])
    np.moveaxis(out, (axis1, axis2), (-2, -1))[..., count - min(offset, 0), count + max(offset, 0)] = x
    return out


@linear(
    lambda g, y, x, shape, offset, axis1, axis2: diagonal(g, offset, axis1, axis2),
    formula="y = 0 everywhere, but yᵢ,ᵢ₊ₒ = xᵢ",
    derivative="∂yᵢ,ᵢ₊ₒ/∂xᵢ = 1",
    samples=lambda: [
        [*arrays((3,)), (3, 3), 0, 0, 1],
        [*arrays((3, 1)), (2, 3, 4), 1, -1, 0],
        [*arrays((2,)), (4, 2), -2, 0, 1],
        [*arrays((0,)), (2, 2), 5, 0, 1],
    ],
)
def on_diagonal(x: ArrayLike, shape: tuple[int, ...], offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Zeros of `shape` with the last axis of x on a diagonal: the adjoint of `diagonal`.

    >>> tg.on_diagonal(tg.tensor([1.0, 2.0]), (2, 3), 1)
    tensor([[0., 1., 0.],
            [0., 0., 2.]])
    """
    return _placed(np.zeros(shape, x.dtype), x, offset, axis1, axis2)


def diag(v: ArrayLike, k: int = 0) -> Tensor:
    """The k-th diagonal of a matrix; or the square matrix that has a vector on its k-th diagonal.

    Derivative: the gradient goes back to the places the elements came from.

    >>> tg.diag(tg.tensor([1.0, 2.0]))
    tensor([[1., 0.],
            [0., 2.]])
    >>> tg.diag(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), 1)
    tensor([2.])
    """
    if np.ndim(v) == 2:
        return diagonal(v, int(k))
    if np.ndim(v) != 1:
        raise ShapeError(
            f"diag got shape {np.shape(v)}.",
            "It needs a matrix, to take its diagonal, or a vector, to put on one.",
            "Use tg.diagonal for stacks of matrices.",
        )
    length = np.shape(v)[0] + abs(int(k))
    return on_diagonal(v, (length, length), int(k))


def diagflat(v: ArrayLike, k: int = 0) -> Tensor:
    """The square matrix that has all elements of v on its k-th diagonal.

    Derivative: the gradient is read from that diagonal.

    >>> tg.diagflat(tg.tensor([[1.0], [2.0]]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    return diag(ravel(v), k)


functions["diag"], functions["diagflat"] = diag, diagflat
