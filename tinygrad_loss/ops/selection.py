"""Elementwise ops that select: one of two values, by a condition or by their size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.primitive import elementwise
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError
from .masks import kept
from .samples import arrays, scalars

__all__ = ["clip", "fmax", "fmin", "maximum", "minimum", "nan_to_num", "select", "where"]


@elementwise(
    lambda t, y, a, b: kept(a > b, t) + kept(a == b, t * 0.5),
    lambda t, y, a, b: kept(b > a, t) + kept(a == b, t * 0.5),
    formula="y = max(a, b)",
    derivative="∂y/∂a = 1 where a > b, ½ where a = b, 0 elsewhere",
    kink="½ to each where a = b",
    samples=lambda: [arrays((2, 3), (2, 3)), arrays((2, 3), (3,)), scalars(2)],
)
def maximum(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The larger of a and b, elementwise; where they are equal, each gets half the gradient.

    >>> tg.maximum(tg.tensor([1.0, 5.0]), 2.0)
    tensor([2., 5.])
    """
    return np.maximum(a, b)


@elementwise(
    lambda t, y, a, b: kept(a < b, t) + kept(a == b, t * 0.5),
    lambda t, y, a, b: kept(b < a, t) + kept(a == b, t * 0.5),
    formula="y = min(a, b)",
    derivative="∂y/∂a = 1 where a < b, ½ where a = b, 0 elsewhere",
    kink="½ to each where a = b",
    samples=lambda: [arrays((2, 3), (2, 3)), arrays((2, 3), (3,)), scalars(2)],
)
def minimum(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The smaller of a and b, elementwise; where they are equal, each gets half the gradient.

    >>> tg.minimum(tg.tensor([1.0, 5.0]), 2.0)
    tensor([1., 2.])
    """
    return np.minimum(a, b)


@elementwise(
    lambda t, y, a, b: kept(np.logical_or(a > b, np.isnan(b)), t) + kept(a == b, t * 0.5),
    lambda t, y, a, b: kept(np.logical_or(b > a, np.isnan(a)), t) + kept(a == b, t * 0.5),
    formula="y = max(a, b), a NaN left aside",
    derivative="∂y/∂a = 1 where a > b or b is NaN, ½ where a = b, 0 elsewhere",
    kink="½ to each where a = b",
    samples=lambda: [arrays((2, 3), (2, 3)), arrays((2, 3), (3,)), scalars(2)],
)
def fmax(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The larger of a and b, elementwise, and of a number and NaN the number.

    >>> tg.fmax(tg.tensor([1.0, float("nan")]), 2.0)
    tensor([2., 2.])
    """
    return np.fmax(a, b)


@elementwise(
    lambda t, y, a, b: kept(np.logical_or(a < b, np.isnan(b)), t) + kept(a == b, t * 0.5),
    lambda t, y, a, b: kept(np.logical_or(b < a, np.isnan(a)), t) + kept(a == b, t * 0.5),
    formula="y = min(a, b), a NaN left aside",
    derivative="∂y/∂a = 1 where a < b or b is NaN, ½ where a = b, 0 elsewhere",
    kink="½ to each where a = b",
    samples=lambda: [arrays((2, 3), (2, 3)), arrays((2, 3), (3,)), scalars(2)],
)
def fmin(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The smaller of a and b, elementwise, and of a number and NaN the number.

    >>> tg.fmin(tg.tensor([1.0, float("nan")]), 2.0)
    tensor([1., 2.])
    """
    return np.fmin(a, b)


@elementwise(
    lambda t, y, x, low, high: kept(np.logical_and(x >= low, x <= high), t),
    lambda t, y, x, low, high: kept(np.logical_and(x < low, low <= high), t),
    lambda t, y, x, low, high: kept(np.logical_or(x > high, low > high), t),
    formula="y = min(max(x, low), high)",
    derivative="∂y/∂x = 1 where low ≤ x ≤ high, ∂y/∂low = 1 where x < low, ∂y/∂high = 1 where x > high",
    kink="at the bounds the gradient is x's",
    samples=lambda: [
        [*arrays((2, 3)), -0.5, 0.5],
        [*arrays((2, 3)), np.array([-0.5, 0.1, -0.1]), np.array([[0.5], [0.2]])],
        [np.array([-2.0, 0.3, 1.5, 0.9]), np.array([-0.5, 0.1, -0.1, 0.0]), np.array([0.5, 0.7, 0.8, 0.2])],
        [*arrays((3,)), 0.5, math.inf],
    ],
)
def _clip(x: ArrayLike, low: ArrayLike, high: ArrayLike) -> Tensor:
    return np.clip(x, low, high)


@_clip.op.front
def clip(
    x: ArrayLike,
    a_min: ArrayLike | None = None,
    a_max: ArrayLike | None = None,
    *,
    min: ArrayLike | None = None,
    max: ArrayLike | None = None,
) -> Tensor:
    """The elements of x, kept between two bounds (either may be left out, or be a Tensor itself).

    The derivative is 1 inside and at the bounds, 0 outside, where it goes to the bound instead.

    >>> tg.clip(tg.tensor([-3.0, 0.5, 2.0]), 0.0, 1.0)
    tensor([0. , 0.5, 1. ])
    """
    low = min if a_min is None else a_min
    high = max if a_max is None else a_max
    dtype = x.dtype if isinstance(x, (Tensor, np.ndarray)) else np.asarray(x).dtype
    if dtype.kind in "iu":
        ends: tuple[float, float] = (np.iinfo(dtype).min, np.iinfo(dtype).max)
    else:
        ends = (-math.inf, math.inf)
    return _clip(x, ends[0] if low is None else low, ends[1] if high is None else high)


@elementwise(
    None,
    lambda t, y, condition, a, b: kept(condition, t),
    lambda t, y, condition, a, b: kept(np.logical_not(condition), t),
    formula="y = a where condition, else b",
    derivative="∂y/∂a = 1 where condition, ∂y/∂b = 1 elsewhere",
    samples=lambda: [
        [np.array([[True, False, True]] * 2), *arrays((2, 3), (2, 3))],
        [np.array([True, False, True]), *arrays((2, 3), ())],
        [np.array([[True], [False]]), *arrays((3,), (1,))],
    ],
)
def _where(condition: ArrayLike, a: ArrayLike, b: ArrayLike) -> Any:
    return np.where(condition, a, b)


@_where.op.front
def where(condition: ArrayLike, x: ArrayLike | None = None, y: ArrayLike | None = None) -> Any:
    """The elements of x where the condition holds, else those of y, with broadcasting.

    Both branches are computed: a NaN or infinite derivative in the branch not taken is multiplied by
    0 and spoils the gradient. Make the input safe first: log(where(x > 0, x, 1)).

    Raises:
        ArgumentError: for one of the two alone. A condition alone asks for its places, as in NumPy (see `tg.nonzero`).

    >>> tg.where(np.array([True, False]), tg.tensor([1.0, 2.0]), 0.0)
    tensor([1., 0.])
    """
    if x is None and y is None:
        return functions["nonzero"](condition)
    if x is None or y is None:
        raise ArgumentError(
            "where got one of the two values to choose from.",
            "It needs three arguments, where(condition, x, y), or the condition alone.",
            "Give both values; for the places at which a condition holds give neither.",
        )
    return _where(condition, x, y)


def select(condlist: Sequence[ArrayLike], choicelist: Sequence[ArrayLike], default: ArrayLike = 0) -> Tensor:
    """For each element the choice of the first condition that holds, else the default.

    Derivative: the gradient goes to the choice that was taken.

    Raises:
        ArgumentError: when there are not as many choices as conditions, or none at all.

    >>> x = tg.tensor([-1.0, 0.5, 3.0])
    >>> tg.select([x < 0, x > 1], [-x, x * x])
    tensor([1., 0., 9.])
    """
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ArgumentError(
            f"select got {len(condlist)} conditions and {len(choicelist)} choices.",
            "Each condition has its choice, and there is at least one.",
            "The value where no condition holds is default=.",
        )
    result = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        result = _where(condition, choice, result)
    return result


@elementwise(
    lambda t, y, x, nan, posinf, neginf: kept(np.isfinite(x), t),
    formula="y = x, with numbers in place of NaN and ±∞",
    derivative="∂y/∂x = 1 where x is finite, else 0",
    samples=lambda: [arrays((2, 3)), [*arrays((3,)), {"nan": 1.0, "posinf": 2.0, "neginf": -2.0}]],
)
def nan_to_num(x: ArrayLike, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """The elements of x, with `nan` in place of NaN and large finite numbers (or those given) in place of ±∞.

    The replaced elements get no gradient.

    >>> tg.nan_to_num(tg.tensor([1.0, float("nan")]))
    tensor([1., 0.])
    """
    if type(x) is np.ndarray and x.dtype.kind == "f" and np.isfinite(x).all():
        return np.array(x)  # nothing to replace, as nearly always: a copy
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


functions["select"] = select
