"""Products of arrays under NumPy's names, each made of reshapes and one matrix product."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor, as_value
from ..errors import ArgumentError, AxisError, ShapeError
from .axes import transpose
from .joining import stack
from .linalg import matmul
from .reductions import sum as total
from .shaping import reshape
from .triangles import diagonal

__all__ = ["cross", "inner", "kron", "matvec", "outer", "tensordot", "trace", "vdot", "vecdot", "vecmat"]


def given(x: ArrayLike) -> Any:
    """The argument as a Tensor or an array."""
    return x if isinstance(x, Tensor) else as_value(x)


def tensordot(a: ArrayLike, b: ArrayLike, axes: Any = 2) -> Tensor:
    """The sum of products over pairs of axes; the other axes of a stand before those of b.

    Derivative: ā = ȳ·b over the axes of b that stand in y, b̄ = a·ȳ over those of a.

    Args:
        a: the first array.
        b: the second.
        axes: how many of the last axes of a meet the first of b; or a pair of lists of axes.

    Raises:
        ShapeError: where axes that meet differ in length.

    >>> tg.tensordot(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), [10.0, 1.0], axes=1)
    tensor([12., 34.])
    """
    a, b = given(a), given(b)
    if isinstance(axes, (int, np.integer)):
        first, second = [*range(a.ndim - int(axes), a.ndim)], [*range(int(axes))]
    else:
        first, second = ([int(i) for i in np.atleast_1d(each)] for each in axes)
    if max([*first, *second], default=-1) >= max(a.ndim, b.ndim) or min(first, default=0) < -a.ndim:
        raise AxisError(
            f"tensordot has no axes {axes!r} for arrays of {a.ndim} and {b.ndim} axes.",
            "Axes are counted from 0.",
            "Look at a.shape and b.shape.",
        )
    first, second = [i % a.ndim for i in first], [i % b.ndim for i in second]
    met, other = [a.shape[i] for i in first], [b.shape[i] for i in second]
    if met != other:
        raise ShapeError(
            f"tensordot cannot sum axes of lengths {tuple(met)} of the first with {tuple(other)} of the second.",
            "Axes that meet have equal lengths.",
            "Name them: axes=([axes of a], [axes of b]).",
        )
    rows = [i for i in range(a.ndim) if i not in first]
    columns = [i for i in range(b.ndim) if i not in second]
    inner_size = math.prod(met)
    left = reshape(transpose(a, (*rows, *first)), (math.prod(a.shape[i] for i in rows), inner_size))
    right = reshape(transpose(b, (*second, *columns)), (inner_size, math.prod(b.shape[i] for i in columns)))
    return reshape(matmul(left, right), (*(a.shape[i] for i in rows), *(b.shape[i] for i in columns)))


def inner(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The sum of products over the last axis of both.

    Derivative: ā = ȳ·b over the axes of b that stand in y, b̄ = a·ȳ over those of a.

    >>> tg.inner(tg.tensor([1.0, 2.0]), [3.0, 4.0])
    tensor(11.)
    """
    a, b = given(a), given(b)
    return tensordot(a, b, ([-1], [-1])) if a.ndim and b.ndim else a * b


def vdot(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The sum of products of all elements, in rows.

    Derivative: ∂y/∂a = b, ∂y/∂b = a.

    >>> tg.vdot(tg.tensor([[1.0, 2.0]]), [[3.0], [4.0]])
    tensor(11.)
    """
    return matmul(reshape(given(a), (-1,)), reshape(given(b), (-1,)))


def outer(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Every element of a times every element of b, as a matrix.

    Derivative: ∂yᵢⱼ/∂aᵢ = bⱼ, ∂yᵢⱼ/∂bⱼ = aᵢ.

    >>> tg.outer(tg.tensor([1.0, 2.0]), [10.0, 1.0])
    tensor([[10.,  1.],
            [20.,  2.]])
    """
    return reshape(given(a), (-1, 1)) * reshape(given(b), (1, -1))


def kron(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The Kronecker product: b once for each element of a, times it, in the place of it.

    Derivative: each block of y is one aᵢⱼ times b: āᵢⱼ = Σ (its block of ȳ)·b, b̄ = Σ aᵢⱼ (its block of ȳ).

    >>> tg.kron(tg.tensor([1.0, 2.0]), [1.0, 1.0])
    tensor([1., 1., 2., 2.])
    """
    a, b = given(a), given(b)
    ndim = max(a.ndim, b.ndim)
    left, right = (1,) * (ndim - a.ndim) + a.shape, (1,) * (ndim - b.ndim) + b.shape
    spread = [length for pair in zip(left, (1,) * ndim, strict=True) for length in pair]
    held = [length for pair in zip((1,) * ndim, right, strict=True) for length in pair]
    product = reshape(a, tuple(spread)) * reshape(b, tuple(held))
    return reshape(product, tuple(m * n for m, n in zip(left, right, strict=True)))


def trace(x: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Tensor:
    """The sum of a diagonal; its derivative is 1 on that diagonal.

    >>> tg.trace(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(5.)
    """
    return total(diagonal(x, offset, axis1, axis2), axis=-1, dtype=dtype)


def vecdot(x1: ArrayLike, x2: ArrayLike, axis: int = -1) -> Tensor:
    """The sum of products along an axis, for each of the vectors there.

    Derivative: ∂y/∂a = b, ∂y/∂b = a.

    >>> tg.vecdot(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 10.0])
    tensor([21., 43.])
    """
    return total(given(x1) * given(x2), axis=axis)


def matvec(x1: ArrayLike, x2: ArrayLike) -> Tensor:
    """Each matrix times its vector.

    Derivative: Ā = ȳ xᵀ, x̄ = Aᵀ ȳ.

    Shapes: (..., n, m), (..., m) → (..., n).

    >>> tg.matvec(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 10.0])
    tensor([21., 43.])
    """
    return matmul(x1, given(x2)[..., None])[..., 0]


def vecmat(x1: ArrayLike, x2: ArrayLike) -> Tensor:
    """Each vector times its matrix.

    Derivative: x̄ = A ȳ, Ā = x ȳᵀ.

    Shapes: (..., n), (..., n, m) → (..., m).

    >>> tg.vecmat(tg.tensor([1.0, 10.0]), [[1.0, 2.0], [3.0, 4.0]])
    tensor([31., 42.])
    """
    return matmul(given(x1)[..., None, :], x2)[..., 0, :]


def cross(
    a: ArrayLike, b: ArrayLike, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Tensor:
    """The vector at right angles to both, as long as the area between them.

    Derivative: ā = b × ȳ, b̄ = ȳ × a.

    Args:
        a: vectors.
        b: vectors.
        axisa: the axis of a along which each vector lies.
        axisb: that of b.
        axisc: that of the result.
        axis: all three at once.

    Raises:
        ShapeError: for vectors of another length than 3.

    >>> tg.cross(tg.tensor([1.0, 0.0, 0.0]), [0.0, 1.0, 0.0])
    tensor([0., 0., 1.])
    """
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    a, b = np.moveaxis(given(a), axisa, -1), np.moveaxis(given(b), axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ShapeError(
            f"cross got vectors of lengths {a.shape[-1]} and {b.shape[-1]}.",
            "It is defined for vectors of three elements.",
            "Use a[0] * b[1] - a[1] * b[0] for the area between two vectors of two.",
        )
    parts: Any = [a[..., i - 2] * b[..., i - 1] - a[..., i - 1] * b[..., i - 2] for i in range(3)]
    made: Any = stack(parts, axis=-1)
    return np.moveaxis(made, -1, axisc)  # type: ignore[return-value]


def multi_dot(arrays: Sequence[ArrayLike]) -> Tensor:
    """The product of several matrices, in the order of brackets that takes the fewest multiplications.

    Derivative: the gradient of each matrix is ȳ between the transposed products of those before and behind it.

    Raises:
        ArgumentError: for fewer than two.

    >>> tg.linalg.multi_dot([tg.tensor([[1.0, 2.0]]), [[3.0], [4.0]], [[5.0]]])
    tensor([[55.]])
    """
    chain = [given(x) for x in arrays]
    if len(chain) < 2:
        raise ArgumentError(f"multi_dot got {len(chain)} arrays.", "It multiplies two or more.", "Give a list of them.")
    row, column = chain[0].ndim == 1, chain[-1].ndim == 1
    chain[0] = chain[0][None, :] if row else chain[0]
    chain[-1] = chain[-1][:, None] if column else chain[-1]
    sizes = [chain[0].shape[0], *(x.shape[1] for x in chain)]
    result = _bracketed(chain, _best_splits(sizes), 0, len(chain) - 1)
    result = result[0] if row else result
    return result[..., 0] if column else result


def _best_splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to divide each part of a chain of matrices, by dynamic programming over its parts."""
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    split = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            costs = {k: cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)}
            split[i, j] = min(costs, key=costs.__getitem__)
            cost[i, j] = costs[split[i, j]]
    return split


def _bracketed(chain: list[Any], split: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return chain[i]
    k = split[i, j]
    return matmul(_bracketed(chain, split, i, k), _bracketed(chain, split, k + 1, j))


def matrix_trace(x: ArrayLike, /, *, offset: int = 0) -> Tensor:
    """The sum of the diagonal of each matrix: `trace` over the last two axes.

    >>> tg.linalg.trace(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(5.)
    """
    return trace(x, offset, -2, -1)


def matrix_diagonal(x: ArrayLike, /, *, offset: int = 0) -> Tensor:
    """The diagonal of each matrix: `diagonal` over the last two axes.

    >>> tg.linalg.diagonal(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([1., 4.])
    """
    return diagonal(x, offset, -2, -1)


for _function in (cross, inner, kron, matvec, outer, tensordot, trace, vdot, vecdot, vecmat):
    functions[_function.__name__] = _function
functions["linalg.multi_dot"] = multi_dot
functions["linalg.tensordot"], functions["linalg.vecdot"], functions["linalg.cross"] = tensordot, vecdot, cross
functions["linalg.outer"], functions["linalg.matmul"] = outer, matmul
functions["linalg.trace"], functions["linalg.diagonal"] = matrix_trace, matrix_diagonal
functions["linalg.matrix_transpose"] = functions["matrix_transpose"]
