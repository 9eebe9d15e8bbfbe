"""Running totals: the sum or product of all elements up to each one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import constant, linear, primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from .elementwise import negative
from .gathering import take_along_axis
from .joining import concatenate
from .samples import arrays, positives
from .shaping import astype, reshape

__all__ = ["cummax", "cummin", "cumprod", "cumsum", "cumulative_prod", "cumulative_sum", "running_argmax", "unwrap"]


def along(axis: int, part: slice) -> tuple[slice, ...]:
    """The index that takes `part` of one axis, counted from the first, and all of the others."""
    return (slice(None),) * axis + (part,)


def backwards(x: Any, axis: int) -> Any:
    """The elements of x in the opposite order along an axis."""
    return x[along(axis % x.ndim, slice(None, None, -1))]


def delayed(x: Any, axis: int, fill: float, steps: int = 1) -> Any:
    """The elements of x moved up by some steps along an axis; `fill` moves in."""
    axis %= x.ndim
    shape = list(x.shape)
    kept = x[along(axis, slice(0, max(shape[axis] - steps, 0)))]
    shape[axis] = min(steps, shape[axis])
    edge = np.empty(shape, x.dtype)
    edge.fill(fill)
    return np.concatenate([edge, kept], axis=axis)


def recurrence(a: Any, b: Any, axis: int) -> Any:
    """The sequence sᵢ = aᵢ·sᵢ₋₁ + bᵢ along an axis, from nothing before the first.

    By doubling: after each round, bᵢ holds the sum over the last 1, 2, 4, 8, ... steps. It takes
    log₂ n rounds of multiplying and adding, never divides, and so has derivatives of any order.
    """
    steps = 1
    while steps < np.shape(b)[axis]:
        b = b + a * delayed(b, axis, 0, steps)
        a = a * delayed(a, axis, 0, steps)
        steps *= 2
    return b


def recurrence_backwards(a: Any, b: Any, axis: int) -> Any:
    """The sequence sᵢ = bᵢ + aᵢ₊₁·sᵢ₊₁ along an axis, from nothing after the last."""
    following = delayed(backwards(a, axis), axis, 0)
    return backwards(recurrence(following, backwards(b, axis), axis), axis)


def as_sequence(x: ArrayLike, axis: int | None, dtype: Any = None) -> tuple[Any, int]:
    """The array x and the axis to run along: without an axis its elements in one row, as NumPy has it."""
    x = x if dtype is None else astype(x, dtype)
    return (reshape(x, (-1,)), 0) if axis is None or np.ndim(x) == 0 else (x, axis)


@linear(
    lambda g, y, x, axis, reverse: _cumsum(g, axis=axis, reverse=not reverse),
    formula="yₖ = x₀ + ... + xₖ, or from the other end",
    derivative="∂yₖ/∂xᵢ = 1 for i ≤ k",
    reference=lambda x, axis, reverse: (
        backwards(np.cumsum(backwards(x, axis), axis), axis) if reverse else np.cumsum(x, axis)
    ),
    samples=lambda: [
        [*arrays((5,)), 0, False],
        [*arrays((2, 3, 2)), 1, False],
        [*arrays((2, 3)), -1, True],
        [*arrays((2, 0)), 1, False],
    ],
)
def _cumsum(x: ArrayLike, axis: int, reverse: bool) -> Any:
    return np.flip(np.cumsum(np.flip(x, axis), axis), axis) if reverse else np.cumsum(x, axis)


@_cumsum.op.front
def cumsum(x: ArrayLike, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The running sums along an axis (of all elements in a row if None); the adjoint runs from the other end.

    >>> tg.cumsum(tg.tensor([1.0, 2.0, 3.0]))
    tensor([1., 3., 6.])
    """
    x, axis = as_sequence(x, axis, dtype)
    return _cumsum(x, axis=axis, reverse=False)


@primitive(
    lambda g, y, x, axis: delayed(y, axis, 1) * recurrence_backwards(x, g, axis),
    pushes=[lambda t, y, x, axis: recurrence(x, t * delayed(y, axis, 1), axis)],
    formula="yₖ = x₀ · ... · xₖ",
    derivative="∂yₖ/∂xᵢ = Π xⱼ over j ≤ k, j ≠ i",
    samples=lambda: [
        [*arrays((5,)), 0],
        [*arrays((2, 3, 2)), 1],
        [*arrays((2, 3)), -1],
        [np.array([1.5, 0.0, 2.0, 0.0, -1.0]), 0],
        [*arrays((1,)), 0],
        [*arrays((2, 0)), 1],
    ],
)
def _cumprod(x: ArrayLike, axis: int) -> Any:
    return np.cumprod(x, axis)


@_cumprod.op.front
def cumprod(x: ArrayLike, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The running products along an axis (of all elements in a row if None).

    Nothing is divided: derivatives of every order are exact at zeros.

    >>> tg.cumprod(tg.tensor([1.0, 2.0, 3.0]))
    tensor([1., 2., 6.])
    """
    x, axis = as_sequence(x, axis, dtype)
    return _cumprod(x, axis=axis)


def _from_start(y: Any, x: ArrayLike, axis: int | None, start: int, include_initial: bool) -> Any:
    """The running totals y of x, with the total of nothing in front if asked for."""
    if axis is None and np.ndim(x) > 1:
        raise ValueError("For arrays which have more than one dimension ``axis`` argument is required.")
    if not include_initial:
        return y
    axis = (axis or 0) % np.ndim(y)
    shape = (*np.shape(y)[:axis], 1, *np.shape(y)[axis + 1 :])
    return concatenate([np.full(shape, start, y.dtype), y], axis)


def cumulative_sum(
    x: ArrayLike, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Tensor:
    """The running sums along an axis, after a 0 if `include_initial` (see `tg.cumsum`).

    >>> tg.cumulative_sum(tg.tensor([1.0, 2.0, 3.0]), include_initial=True)
    tensor([0., 1., 3., 6.])
    """
    return _from_start(cumsum(x, axis, dtype), x, axis, 0, include_initial)


def cumulative_prod(
    x: ArrayLike, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Tensor:
    """The running products along an axis, after a 1 if `include_initial` (see `tg.cumprod`).

    >>> tg.cumulative_prod(tg.tensor([2.0, 3.0, 4.0]), include_initial=True)
    tensor([ 1.,  2.,  6., 24.])
    """
    return _from_start(cumprod(x, axis, dtype), x, axis, 1, include_initial)


@primitive(
    lambda g, y, x, discont, axis, period: g,
    pushes=[lambda t, y, x, discont, axis, period: t],
    formula="y = x + whole periods, so that neighbours differ by at most half a period",
    derivative="∂y/∂x = 1",
    kink="it jumps where neighbours differ by half a period; the derivative there is 1",
    samples=lambda: [
        [np.array([0.1, 3.0, -3.0, -1.0, 2.5]), {"period": 6.283185307179586}],
        [10 * positives((2, 3))[0], {"axis": 0, "period": 4.0}],
    ],
)
def unwrap(x: ArrayLike, discont: float | None = None, axis: int = -1, *, period: float = 6.283185307179586) -> Tensor:
    """Angles without jumps: whole periods are added so that neighbours differ by at most half a period.

    Units: as the period, which is 2π radians unless given.

    >>> tg.unwrap(tg.tensor([350.0, 10.0, 30.0]), period=360)
    tensor([350., 370., 390.])
    """
    return np.unwrap(x, discont=discont, axis=axis, period=period)


@constant(
    formula="yₖ = the place of the largest of x₀ ... xₖ, the last of equal ones",
    reference=lambda x, axis: np.apply_along_axis(
        lambda row: np.array([k - np.argmax(row[k::-1]) for k in range(len(row))], int), axis, x
    ),
    samples=lambda: [[*arrays((5,)), 0], [*arrays((2, 3, 2)), 1], [np.array([1.0, 2.0, 2.0, 1.0, 3.0]), 0]],
)
def running_argmax(x: ArrayLike, axis: int = -1) -> Tensor:
    """The place of the largest element up to each one along an axis: of the last of equal ones; of a NaN, if any.

    >>> tg.running_argmax(tg.tensor([1.0, 3.0, 2.0]))
    tensor([0, 1, 1])
    """
    leads = (x == np.maximum.accumulate(x, axis)) | np.isnan(x)
    places = np.arange(np.shape(x)[axis]).reshape((-1,) + (1,) * (np.ndim(x) - 1 - axis % np.ndim(x)))
    return np.maximum.accumulate(np.where(leads, places, 0), axis)


def cummax(x: ArrayLike, axis: int | None = None) -> Tensor:
    """The largest element up to each one along an axis (of all in a row if None); NumPy's `maximum.accumulate`.

    ∂yₖ/∂xᵢ = 1 at that element, the last of equal ones, as in PyTorch; 0 elsewhere.

    >>> tg.cummax(tg.tensor([1.0, 3.0, 2.0]))
    tensor([1., 3., 3.])
    """
    x, axis = as_sequence(x, axis)
    return take_along_axis(x, running_argmax(x, axis), axis)


def cummin(x: ArrayLike, axis: int | None = None) -> Tensor:
    """The smallest element up to each one along an axis (of all in a row if None); NumPy's `minimum.accumulate`.

    ∂yₖ/∂xᵢ = 1 at that element, the last of equal ones; 0 elsewhere.

    >>> tg.cummin(tg.tensor([2.0, 3.0, 1.0]))
    tensor([2., 2., 1.])
    """
    x, axis = as_sequence(x, axis)
    return take_along_axis(x, running_argmax(negative(x), axis), axis)


functions["cummax"] = cummax
functions["cummin"] = cummin
functions["cumulative_prod"] = cumulative_prod
functions["cumulative_sum"] = cumulative_sum
