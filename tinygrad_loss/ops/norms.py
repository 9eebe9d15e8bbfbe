"""Norms: the lengths of vectors and matrices. All have gradient 0 where they are 0."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.primitive import primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError
from .decompositions import svdvals
from .elementwise import abs as absolute
from .products import given
from .reductions import max as largest
from .reductions import min as smallest
from .reductions import restored
from .reductions import sum as total
from .samples import arrays, scalars
from .shaping import reshape

__all__ = ["matrix_norm", "norm", "vector_norm"]


@primitive(
    lambda g, y, x, axis, keepdims: _share(restored(g, x, axis, keepdims), restored(y, x, axis, keepdims), x),
    pushes=[
        lambda t, y, x, axis, keepdims: _quotient(np.sum(t * x, axis=axis, keepdims=keepdims), y),
    ],
    name="euclidean_norm",
    formula="y = √Σ x²",
    derivative="∂y/∂x = x / y",
    kink="0 where y = 0",
    reference=lambda x, axis, keepdims: np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims)),
    samples=lambda: [
        [*arrays((2, 3)), None, False],
        [*arrays((2, 3)), 0, False],
        [*arrays((2, 3, 2)), (0, 2), True],
        [*arrays((3,)), -1, True],
        [*scalars(1), None, False],
    ],
)
def _euclidean_norm(x: ArrayLike, axis: Any, keepdims: bool) -> Any:
    return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))


def _quotient(a: Any, y: Any) -> Any:
    """a / y, and 0 where y is 0."""
    return np.where(y > 0, a / np.where(y > 0, y, 1), 0)


def _share(g: Any, y: Any, x: Any) -> Any:
    return _quotient(g, y) * x


@_euclidean_norm.op.front
def _euclidean(x: ArrayLike, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The square root of the sum of squares, for the norms.

    >>> tg.linalg.vector_norm(tg.tensor([3.0, 4.0]))
    tensor(5.)
    """
    return _euclidean_norm(x, axis=axis, keepdims=keepdims)


def vector_norm(x: ArrayLike, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Tensor:
    """The length of vectors: (Σ |x|ᵖ)^(1/p), the largest |x| for inf, the number of others than 0 for 0.

    Derivative: ∂y/∂xᵢ = sign(xᵢ)(|xᵢ|/y)ᵖ⁻¹; 0 at x = 0.

    Args:
        x: the array.
        axis: along which the vectors lie; all elements are one vector where it is None.
        keepdims: keep the axes, with length 1.
        ord: p; any number, inf and -inf.

    >>> tg.linalg.vector_norm(tg.tensor([3.0, -4.0]), ord=1)
    tensor(7.)
    """
    if ord in (2, None):
        return _euclidean(x, axis, keepdims)
    size = absolute(x)
    if ord == math.inf:
        return largest(size, axis=axis, keepdims=keepdims)
    if ord == -math.inf:
        return smallest(size, axis=axis, keepdims=keepdims)
    if ord == 1:
        return total(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return functions["astype"](functions["count_nonzero"](x, axis=axis, keepdims=keepdims), dtype=given(x).dtype)
    if isinstance(ord, str):
        raise _no_norm(ord, 1)
    # An element that is 0 has gradient 0, also for p < 1, where the slope of |x|ᵖ is infinite there.
    other = size > 0
    powers = np.where(other, np.where(other, size, 1) ** ord, 0 if ord > 0 else math.inf)
    sums = total(powers, axis=axis, keepdims=keepdims)
    regular = np.logical_and(sums > 0, sums < math.inf)
    return np.where(regular, np.where(regular, sums, 1) ** (1 / ord), 0)


def matrix_norm(x: ArrayLike, /, *, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    """The norm of each matrix: "fro" (√Σx²), "nuc" (Σs), 2 and -2 (largest and smallest s), 1, -1, inf, -inf.

    Derivative: ∂|X|/∂X = X/|X| for "fro", U Vᵀ for "nuc", u vᵀ for 2; 0 at X = 0.

    1 is the largest sum of |x| over a column, inf over a row; with a minus sign the smallest. s are the
    singular values.

    >>> tg.linalg.matrix_norm(tg.tensor([[3.0, 0.0], [0.0, 4.0]]), ord="nuc")
    tensor(7.)
    """
    if ord in ("fro", None):
        return _euclidean(x, (-2, -1), keepdims)
    if ord in ("nuc", 2, -2):
        s = svdvals(x)
        found = total(s, axis=-1) if ord == "nuc" else (largest if ord == 2 else smallest)(s, axis=-1)
    elif ord in (1, -1, math.inf, -math.inf):
        sums = total(absolute(x), axis=-2 if abs(ord) == 1 else -1)
        found = (largest if ord > 0 else smallest)(sums, axis=-1)
    else:
        raise _no_norm(ord, 2)
    return reshape(found, (*found.shape, 1, 1)) if keepdims else found


def norm(x: ArrayLike, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The norm of a vector or matrix: √Σx² over all elements, unless `ord` or `axis` say otherwise.

    Args:
        x: the array.
        ord: see `vector_norm` for one axis, `matrix_norm` for two.
        axis: one axis for vectors, two for matrices; with `ord` alone the array has one or two axes.
        keepdims: keep the axes, with length 1.

    Raises:
        ArgumentError: for an `ord` that is not defined for that number of axes.

    >>> x = tg.tensor([3.0, 4.0], requires_grad=True)
    >>> tg.linalg.norm(x).backward()
    >>> x.grad
    tensor([0.6, 0.8])
    """
    value = given(x)
    if axis is None and (ord is None or (ord == "fro" and value.ndim == 2) or (ord == 2 and value.ndim == 1)):
        return _euclidean(value, None, keepdims)
    axes = tuple(range(value.ndim)) if axis is None else (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    if len(axes) == 1:
        return vector_norm(value, axis=axes[0], keepdims=keepdims, ord=2 if ord is None else ord)
    if len(axes) != 2:
        raise _no_norm(ord, len(axes))
    moved = np.moveaxis(value, axes, (-2, -1))
    found = matrix_norm(moved, ord="fro" if ord is None else ord)
    return functions["expand_dims"](found, tuple(i % value.ndim for i in axes)) if keepdims else found


def _no_norm(ord: Any, axes: int) -> ArgumentError:
    return ArgumentError(
        f"There is no norm {ord!r} over {axes} axes.",
        "Vectors have any number and ±inf; matrices 'fro', 'nuc', 1, -1, 2, -2, inf, -inf.",
        "Give axis= one axis for vectors, two for matrices.",
    )


functions["linalg.norm"], functions["linalg.vector_norm"], functions["linalg.matrix_norm"] = (
    norm,
    vector_norm,
    matrix_norm,
)
