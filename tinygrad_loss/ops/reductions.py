"""Reductions: sums, means, products, extremes and truth over axes.

The op that is recorded knows only axes; what else NumPy's functions take (`where`, `initial`, `dtype`)
is said with other ops around it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.primitive import constant, linear, primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError
from .elementwise import add, divide, multiply, subtract
from .masks import kept
from .rows import Axis, as_rows, from_rows
from .samples import arrays, scalars
from .selection import maximum, minimum
from .selection import where as chosen
from .shaping import astype, broadcast_to, inserted

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "max",
    "mean",
    "min",
    "prod",
    "ptp",
    "sum",
]

SHORT = 32  # elements up to which a row's running products are faster than products of halves


def restored(g: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """A reduced array with its reduced axes back, as axes of length 1, so that it broadcasts against x."""
    if keepdims or axis is None or np.ndim(x) == 0:
        return g
    return inserted(g, axis)


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
def _sum(x: ArrayLike, axis: Axis = None, keepdims: Any = False) -> Any:
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
def _mean(x: ArrayLike, axis: Axis = None, keepdims: Any = False) -> Any:
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
    return there, np.sum(there, axis=axis, keepdims=True).astype(x.dtype)


def to_attained(g: Any, y: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """The gradient of a maximum or minimum: to the elements that attain it, ties in equal parts."""
    there, count = attained(y, x, axis, keepdims)
    return kept(there, restored(g, x, axis, keepdims) / count)


def from_attained(t: Any, y: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """The tangent of a maximum or minimum: the mean tangent of the elements that attain it."""
    there, count = attained(y, x, axis, keepdims)
    return np.sum(kept(there, t) / count, axis=axis, keepdims=keepdims)


def extreme(
    find: Callable[..., Any],
    further: Callable[..., Any],
    x: ArrayLike,
    initial: ArrayLike | None,
    where: ArrayLike,
    **over: Any,
) -> Any:
    """The extreme of x over axes, if a mask or a value to begin with is given."""
    if initial is None:
        raise ArgumentError(
            f"{further.__name__} over axes got where= without initial=.",
            "Where the mask leaves nothing to compare, it needs a value to begin with.",
            "Give initial=, such as -np.inf for a maximum.",
        )
    if where is not True:
        x = chosen(where, x, initial)
    if np.size(x) == 0:
        return sum(x, **over) + initial  # the sum of nothing is 0
    return further(find(x, **over), initial)


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
def _max(x: ArrayLike, axis: Axis = None, keepdims: Any = False) -> Any:
    return np.maximum.reduce(x, axis=axis, keepdims=keepdims)


@_max.op.front
def max(
    x: ArrayLike,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    initial: ArrayLike | None = None,
    where: ArrayLike = True,
) -> Tensor:
    """The largest element over `axis` (all axes if None); ties share the gradient evenly.

    >>> tg.max(tg.tensor([[1.0, 4.0], [3.0, 2.0]]), axis=0)
    tensor([3., 4.])
    """
    if initial is None and where is True:
        return _max(x, axis=axis, keepdims=keepdims)
    return extreme(_max, maximum, x, initial, where, axis=axis, keepdims=keepdims)


@primitive(
    to_attained,
    pushes=[from_attained],
    formula="y = min x",
    derivative="∂y/∂xᵢ = 1 at the minimum, 0 elsewhere",
    kink="ties share the gradient evenly",
    samples=lambda: [arrays((2, 3)), [*arrays((2, 3)), 0], [*arrays((2, 3, 2)), (0, 2), True], scalars(1)],
)
def _min(x: ArrayLike, axis: Axis = None, keepdims: Any = False) -> Any:
    return np.minimum.reduce(x, axis=axis, keepdims=keepdims)


@_min.op.front
def min(
    x: ArrayLike,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    initial: ArrayLike | None = None,
    where: ArrayLike = True,
) -> Tensor:
    """The smallest element over `axis` (all axes if None); ties share the gradient evenly.

    >>> tg.min(tg.tensor([[1.0, 4.0], [3.0, 2.0]]), axis=0)
    tensor([1., 2.])
    """
    if initial is None and where is True:
        return _min(x, axis=axis, keepdims=keepdims)
    return extreme(_min, minimum, x, initial, where, axis=axis, keepdims=keepdims)


def ptp(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The range over `axis`, from the smallest element to the largest ("peak to peak").

    Derivative: ∂y/∂xᵢ = 1 at the largest element, -1 at the smallest; ties share evenly.

    >>> tg.ptp(tg.tensor([[1.0, 4.0], [3.0, 2.0]]), axis=1)
    tensor([3., 1.])
    """
    return subtract(_max(x, axis=axis, keepdims=keepdims), _min(x, axis=axis, keepdims=keepdims))


@constant(formula="y = arg max x", samples=lambda: [arrays((2, 3)), [*arrays((2, 3)), 0], [*arrays((2, 3)), -1, True]])
def argmax(x: ArrayLike, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """The index of the largest element along `axis`, the first of equal ones; no gradient flows through.

    >>> tg.argmax(tg.tensor([[1.0, 4.0], [3.0, 2.0]]), axis=1)
    tensor([1, 0])
    """
    return np.argmax(x, axis=axis, keepdims=keepdims)


@constant(formula="y = arg min x", samples=lambda: [arrays((2, 3)), [*arrays((2, 3)), 0], [*arrays((2, 3)), -1, True]])
def argmin(x: ArrayLike, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """The index of the smallest element along `axis`, the first of equal ones; no gradient flows through.

    >>> tg.argmin(tg.tensor([[1.0, 4.0], [3.0, 2.0]]), axis=1)
    tensor([0, 1])
    """
    return np.argmin(x, axis=axis, keepdims=keepdims)


@constant(formula="y = every x is true", samples=lambda: [arrays((2, 3)), [*arrays((2, 3)), 0]])
def _all(x: ArrayLike, axis: Axis = None, keepdims: Any = False) -> Any:
    return np.logical_and.reduce(x, axis=axis, keepdims=keepdims)


@_all.op.front
def all(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False, where: ArrayLike = True) -> Tensor:
    """Whether every element over `axis` is true (not 0).

    >>> tg.all(tg.tensor([[1.0, 0.0], [3.0, 2.0]]), axis=1)
    tensor([False,  True])
    """
    return _all(x if where is True else chosen(where, x, True), axis=axis, keepdims=keepdims)


@constant(formula="y = some x is true", samples=lambda: [arrays((2, 3)), [*arrays((2, 3)), 0]])
def _any(x: ArrayLike, axis: Axis = None, keepdims: Any = False) -> Any:
    return np.logical_or.reduce(x, axis=axis, keepdims=keepdims)


@_any.op.front
def any(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False, where: ArrayLike = True) -> Tensor:
    """Whether some element over `axis` is true (not 0).

    >>> tg.any(tg.tensor([[0.0, 0.0], [3.0, 2.0]]), axis=1)
    tensor([False,  True])
    """
    return _any(x if where is True else chosen(where, x, False), axis=axis, keepdims=keepdims)


@constant(formula="y = how many x ≠ 0", samples=lambda: [arrays((2, 3)), [*arrays((2, 3)), 0]])
def count_nonzero(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """How many elements over `axis` are not 0.

    >>> tg.count_nonzero(tg.tensor([[0.0, 1.0], [3.0, 2.0]]), axis=1)
    tensor([1, 2])
    """
    return np.count_nonzero(x, axis=axis, keepdims=keepdims)


def others_in_row(rows: Any) -> Any:
    """For each element the product of all the others in the last axis, never by dividing.

    In a short row it is what comes before times what comes after. In a long one each element has a partner half a
    row away: the product of all the others is that of the other pairs, found the same way, times the partner.
    Running products take one element at a time, those of halves several.
    """
    length = rows.shape[-1]
    if length < 2:
        return np.ones_like(rows)
    if length <= SHORT:
        edge = np.ones((*rows.shape[:-1], 1), rows.dtype)
        before, after = np.cumprod(rows[..., :-1], axis=-1), np.cumprod(rows[..., :0:-1], axis=-1)[..., ::-1]
        return np.concatenate([edge, before], axis=-1) * np.concatenate([after, edge], axis=-1)
    half = length // 2
    left, right = rows[..., :half], rows[..., half : 2 * half]
    pairs = others_in_row(np.concatenate([left * right, rows[..., 2 * half :]], axis=-1))
    return np.concatenate([pairs[..., :half] * right, pairs[..., :half] * left, pairs[..., half:]], axis=-1)


def other_products(x: Any, axis: Axis) -> Any:
    """For each element the product of all the others over `axis`."""
    if x.ndim and axis in (-1, x.ndim - 1):
        return others_in_row(x)
    return from_rows(others_in_row(as_rows(x, axis)), x, axis)


@primitive(
    lambda g, y, x, axis, keepdims: restored(g, x, axis, keepdims) * other_products(x, axis),
    pushes=[lambda t, y, x, axis, keepdims: np.sum(t * other_products(x, axis), axis=axis, keepdims=keepdims)],
    formula="y = Π x",
    derivative="∂y/∂xᵢ = Π of all the others",
    samples=lambda: [
        arrays((2, 3)),
        [*arrays((2, 3)), 0],
        [*arrays((2, 3, 2)), (0, 2), True],
        [*arrays((2, 3, 2)), (-1, 1)],
        [np.array([2.0, 0.0, 3.0]), -1],
        [np.array([2.0, 0.0, 0.0]), 0],
        [*arrays((0, 3)), 0],
        scalars(1),
    ],
)
def _prod(x: ArrayLike, axis: Axis = None, keepdims: Any = False) -> Any:
    return np.multiply.reduce(x, axis=axis, keepdims=keepdims)


@_prod.op.front
def prod(
    x: ArrayLike,
    axis: Axis = None,
    *,
    dtype: Any = None,
    keepdims: bool = False,
    initial: ArrayLike | None = None,
    where: ArrayLike = True,
) -> Tensor:
    """The product over `axis` (all axes if None); an element's derivative is the product of all the others.

    Nothing is divided: derivatives of every order are exact at zeros.

    >>> tg.prod(tg.tensor([2.0, 3.0, 4.0]))
    tensor(24.)
    """
    x = x if dtype is None else astype(x, dtype)
    y = _prod(x if where is True else chosen(where, x, 1), axis=axis, keepdims=keepdims)
    return y if initial is None else multiply(y, initial)


amax = max
amin = min
functions.update(amax=amax, amin=amin, ptp=ptp)
