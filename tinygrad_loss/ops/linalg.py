"""Linear algebra: products of matrices."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from ..core.array_methods import read_only
from ..core.primitive import bilinear, primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ShapeError
from .samples import arrays
from .shaping import sum_to

__all__ = ["affine", "dot", "matmul"]


def transposed(x: Any) -> Any:
    """The last two axes exchanged: the transpose of each matrix."""
    return x.T if x.ndim == 2 else x.swapaxes(-1, -2)


def rows_of(x: Any) -> Any:
    """All rows below each other, as one matrix."""
    return np.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


def by_rows(a: Any, b: Any) -> Any:
    """Rows in any number of batch axes times one matrix: a single product of two matrices, not one for each batch."""
    return np.reshape(rows_of(a) @ b, (*a.shape[:-1], b.shape[-1]))


def left_adjoint(g: Any, y: Any, a: Any, b: Any) -> Any:
    """g bᵀ, summed over the batch axes along which a was broadcast; vectors as one-row matrices."""
    if a.ndim == 2 == b.ndim:
        return g @ b.T
    if b.ndim == 1:
        full = g * b if a.ndim == 1 else np.expand_dims(g, -1) * b  # (..., rows, inner)
    elif a.ndim == 1:
        full = (np.expand_dims(g, -2) @ transposed(b))[..., 0, :]
    elif b.ndim == 2:
        return by_rows(g, b.T)
    else:
        full = g @ transposed(b)
    return full if full.shape == a.shape else sum_to(full, shape=a.shape)


def right_adjoint(g: Any, y: Any, a: Any, b: Any) -> Any:
    """aᵀ g, summed over the batch axes along which b was broadcast; vectors as one-column matrices."""
    if a.ndim == 2 == b.ndim:
        return a.T @ g
    if a.ndim == 1:
        full = a * g if b.ndim == 1 else np.expand_dims(a, -1) * np.expand_dims(g, -2)
    elif b.ndim == 1:
        full = (transposed(a) @ np.expand_dims(g, -1))[..., 0]
    elif b.ndim == 2:
        return rows_of(a).T @ rows_of(g)
    else:
        full = transposed(a) @ g
    return full if full.shape == b.shape else sum_to(full, shape=b.shape)


def explain_matmul(a: Any, b: Any) -> Exception:
    """The error for two arrays that cannot be multiplied, with the transpose that would do."""
    a_shape, b_shape = np.shape(a), np.shape(b)
    what = f"matmul cannot multiply {a_shape} by {b_shape}."
    if not a_shape or not b_shape:
        return ShapeError(what, "Both must have at least one axis.", "Use a * b for products with a number.")
    inner = b_shape[-2] if len(b_shape) > 1 else b_shape[0]
    if a_shape[-1] == inner:
        return ShapeError(what, "The batch axes before the last two must broadcast.", "Use reshape or x[:, None].")
    needs = f"The last axis of the first ({a_shape[-1]}) must equal the second-last axis of the second ({inner})."
    cure = "Check which axis counts the features."
    if b_shape[-1] == a_shape[-1] and len(b_shape) > 1:
        cure = "Did you mean  a @ b.T ?"
    elif len(a_shape) > 1 and a_shape[-2] == inner:
        cure = "Did you mean  a.T @ b ?"
    return ShapeError(what, needs, cure)


@bilinear(
    left_adjoint,
    right_adjoint,
    formula="Y = A B",
    derivative="Ā = Ȳ Bᵀ, B̄ = Aᵀ Ȳ",
    explain=explain_matmul,
    samples=lambda: [
        arrays((2, 3), (3, 4)),
        arrays((3,), (3,)),
        arrays((2, 3), (3,)),
        arrays((3,), (3, 4)),
        arrays((5, 2, 3), (3, 4)),
        arrays((5, 2, 3), (5, 3, 4)),
        arrays((2, 1, 2, 3), (5, 3, 2)),
        arrays((3,), (5, 3, 2)),
        arrays((5, 2, 3), (3,)),
    ],
)
def matmul(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The matrix product a @ b, over all batch axes; the gradients are Ȳ Bᵀ and Aᵀ Ȳ.

    Shapes: (..., n, k) @ (..., k, m) → (..., n, m); a 1-d operand is a row on the left, a column on
    the right, and its axis vanishes.

    Raises:
        ShapeError: when the inner lengths differ.

    >>> tg.matmul(tg.tensor([[1.0, 2.0]]), tg.tensor([[3.0], [4.0]]))
    tensor([[11.]])
    """
    return by_rows(a, b) if a.ndim > 2 == b.ndim else a @ b


def dot(a: ArrayLike, b: ArrayLike) -> Tensor:
    """NumPy's dot: over the last axis of a and the second-last of b, their other axes side by side; a·b for numbers.

    >>> tg.dot(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
    tensor(11.)
    """
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    if np.ndim(b) <= 2:
        return matmul(a, b)
    inner = np.shape(b)[-2]
    rows, columns = np.reshape(a, (-1, np.shape(a)[-1])), np.reshape(np.moveaxis(b, -2, 0), (inner, -1))
    return np.reshape(matmul(rows, columns), (*np.shape(a)[:-1], *np.shape(b)[:-2], np.shape(b)[-1]))


functions["dot"] = dot


@lru_cache(maxsize=64)
def ones(count: int, dtype: Any) -> Any:
    """A row of ones: its product with a matrix sums the rows in half the time of `sum`."""
    return read_only(np.ones(count, dtype))


def _summed_rows(g: Any) -> Any:
    return g if g.ndim == 1 else np.dot(ones(math.prod(g.shape[:-1]), g.dtype), rows_of(g))


def explain_affine(x: Any, w: Any, b: Any) -> Exception:
    """The error for a bias, or else for the product, that does not fit."""
    if np.ndim(x) and np.ndim(w) == 2 and np.shape(x)[-1] == np.shape(w)[0]:
        return ShapeError(
            f"affine cannot add a bias of shape {np.shape(b)} to rows of {np.shape(w)[1]} units.",
            f"The bias needs one number for each unit: shape ({np.shape(w)[1]},).",
            "Check that kernel and bias belong to the same layer.",
        )
    return explain_matmul(x, w)


@primitive(
    # on small matrices dot takes half the time of @
    lambda g, y, x, w, b: g.dot(w.T) if g.ndim == 2 else left_adjoint(g, y, x, w),
    lambda g, y, x, w, b: right_adjoint(g, y, x, w) if x.ndim != 2 else np.dot(x.T, g),
    lambda g, y, x, w, b: np.dot(ones(len(g), g.dtype), g) if g.ndim == 2 else _summed_rows(g),
    pushes=[
        lambda t, y, x, w, b: t @ w,
        lambda t, y, x, w, b: x @ t,
        lambda t, y, x, w, b: np.broadcast_to(t, y.shape),
    ],
    formula="Y = X W + b",
    derivative="X̄ = Ȳ Wᵀ, W̄ = Xᵀ Ȳ, b̄ = Σ rows of Ȳ",
    explain=explain_affine,
    samples=lambda: [arrays((2, 3), (3, 4), (4,)), arrays((5, 2, 3), (3, 4), (4,)), arrays((3,), (3, 4), (4,))],
)
def affine(x: ArrayLike, w: ArrayLike, b: ArrayLike) -> Tensor:
    """x @ w + b, the map of a Dense layer, as one op.

    Shapes: (..., inputs) @ (inputs, units) + (units,) → (..., units).

    Raises:
        ShapeError: when the inner lengths differ.

    >>> tg.affine(tg.tensor([[1.0, 2.0]]), tg.tensor([[3.0], [4.0]]), tg.tensor([0.5]))
    tensor([[11.5]])
    """
    return (x.dot(w) if x.ndim == 2 else by_rows(x, w) if x.ndim > 2 == w.ndim else x @ w) + b
