"""Reductions: sums, means, products, extremes and truth over axes.

The op that is recorded knows only axes; what else NumPy's functions take (`where`, `initial`, `dtype`)
is said with other ops around it.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..core.primitive import constant, linear, primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError
from .cumulative import backwards, delayed
from .elementwise import add, divide, multiply, subtract
from .exponentials import log_weight
from .samples import arrays, scalars
from .selection import maximum, minimum
from .selection import where as chosen
from .shaping import astype, broadcast_to

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "logsumexp",
    "max",
    "mean",
    "min",
    "prod",
    "ptp",
    "sum",
]

Axis: TypeAlias = int | tuple[int, ...] | None


def restored(g: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """A reduced array with its reduced axes back, as axes of length 1, so that it broadcasts against x."""
    if keepdims or axis is None or np.ndim(x) == 0:
        return g
    return np.expand_dims(g, axis)


@linear(
    lambda g, y, x, axis, keepdims: broadcast_to(restored(g, x, axis, keepdims), shape=np.shape(x)),
    formula="y = Σ x",
    derivative="∂y/∂xᵢ = 1",
    samples=lambda: [
        arrays((2, 3)),
        [*arrays((2, 3)), 0],
        [*arrays((2, 3, 2)), (0, 2), True],
        [*arrays((2, 3)), -1],
        [*arrays((0, 3)), 0],
        scalars(1),
    ],
)
def _sum(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.add.reduce(x, axis=axis, keepdims=keepdims)


@_sum.op.front
def sum(
    x: ArrayLike,
    axis: Axis = None,
    *,
    dtype: Any = None,
    keepdims: bool = False,
    initial: ArrayLike | None = None,
    where: ArrayLike = True,
) -> Tensor:
    """The sum over `axis` (all axes if None). Its adjoint is `broadcast_to`: the gradient is copied back.

    Shapes: the axes in `axis` vanish, or stay with length 1 under `keepdims`.

    >>> tg.sum(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    tensor([4., 6.])
    """
    x = x if dtype is None else astype(x, dtype)
    y = _sum(x if where is True else chosen(where, x, 0), axis=axis, keepdims=keepdims)
    return y if initial is None else add(y, initial)


def how_many(kept: ArrayLike, x: ArrayLike, axis: Axis, keepdims: bool) -> Any:
    """How many elements of x over `axis` the mask `kept` leaves in."""
    return count_nonzero(broadcast_to(kept, shape=np.shape(x)), axis=axis, keepdims=keepdims)


def shared_out(total: Any, count: Any) -> Any:
    """A total divided by a count, in the dtype of the total."""
    return divide(total, astype(count, total.dtype) if total.dtype.kind == "f" else count)


@linear(
    lambda g, y, x, axis, keepdims: broadcast_to(
        restored(g, x, axis, keepdims) * (np.size(y) / np.size(x) if np.size(x) else 1.0), shape=np.shape(x)
    ),
    formula="y = (1/n) Σ x",
    derivative="∂y/∂xᵢ = 1/n",
    samples=lambda: [
        arrays((2, 3)),
        [*arrays((2, 3)), 0],
        [*arrays((2, 3, 2)), (0, 2), True],
        [*arrays((2, 3)), -1],
        scalars(1),
    ],
)
def _mean(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.mean(x, axis=axis, keepdims=keepdims)


@_mean.op.front
def mean(
    x: ArrayLike, axis: Axis = None, *, dtype: Any = None, keepdims: bool = False, where: ArrayLike = True
) -> Tensor:
    """The arithmetic mean over `axis` (all axes if None); each element's derivative is 1/n.

    Shapes: the axes in `axis` vanish, or stay with length 1 under `keepdims`.

    >>> tg.mean(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    tensor([2., 3.])
    """
    x = x if dtype is None else astype(x, dtype)
    if where is True:
        return _mean(x, axis=axis, keepdims=keepdims)
    return shared_out(sum(x, axis, keepdims=keepdims, where=where), how_many(where, x, axis, keepdims))


def attained(y: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """Where x is equal to its extreme y, and over how many elements the extreme is shared."""
    there = x == restored(y, x, axis, keepdims)
    return there, np.sum(there, axis=axis, keepdims=True, dtype=x.dtype)


def to_attained(g: Any, y: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """The gradient of a maximum or minimum: to the elements that attain it, ties in equal parts."""
    there, count = attained(y, x, axis, keepdims)
    return np.where(there, restored(g, x, axis, keepdims) / count, 0)


def from_attained(t: Any, y: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """The tangent of a maximum or minimum: the mean tangent of the elements that attain it."""
    there, count = attained(y, x, axis, keepdims)
    return np.sum(np.where(there, t, 0) / count, axis=axis, keepdims=keepdims)


def extreme(y: Any, initial: ArrayLike | None, where: ArrayLike, name: str) -> None:
    """Refuse a mask without the value that stands for nothing."""
    if where is not True and initial is None:
        raise ArgumentError(
            f"{name} got where= without initial=.",
            "Where the mask leaves no element there is nothing to compare: it needs a value to begin with.",
            f"Give initial={'-' if name == 'max' else ''}np.inf, or another bound.",
        )


@primitive(
    to_attained,
    pushes=[from_attained],
    formula="y = max x",
    derivative="∂y/∂xᵢ = 1 at the maximum, 0 elsewhere",
    kink="ties share the gradient evenly",
    samples=lambda: [
        arrays((2, 3)),
        [*arrays((2, 3)), 0],
        [*arrays((2, 3, 2)), (0, 2), True],
        [*arrays((2, 3, 2)), (-1, 0)],
        scalars(1),
    ],
)
def _max(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.maximum.reduce(x, axis=axis, keepdims=keepdims)


