"""Order statistics: medians, quantiles and percentiles, with and without NaN."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.primitive import primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError, unknown_name
from .comparisons import isnan, logical_and, logical_not
from .cumulative import cumsum
from .elementwise import add, multiply, subtract
from .gathering import take, take_along_axis
from .joining import stack
from .masks import kept
from .reductions import sum
from .rounding import ceil, floor, rint
from .rows import Axis, as_rows, axes_last
from .samples import arrays
from .selection import clip, where
from .shaping import astype, broadcast_to, expand_dims, reshape, sum_to
from .sorting import argsort
from .statistics import aligned

__all__ = [
    "median",
    "nanmedian",
    "nanpercentile",
    "nanquantile",
    "order_statistic",
    "percentile",
    "quantile",
]

# The place of the quantile q among n sorted elements is q(n + 1 - α - β) + α - 1, by these α and β
# (Hyndman and Fan, "Sample quantiles in statistical packages", 1996).
PLACES = {
    "linear": (1.0, 1.0),
    "lower": (1.0, 1.0),
    "higher": (1.0, 1.0),
    "midpoint": (1.0, 1.0),
    "nearest": (1.0, 1.0),
    "inverted_cdf": (0.0, 1.0),
    "averaged_inverted_cdf": (0.0, 1.0),
    "closest_observation": (-0.5, 1.5),
    "interpolated_inverted_cdf": (0.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
}


def attained(y: Any, x: Any) -> tuple[Any, Any]:
    """Where x is equal to the order statistic y, and how often along the last axis."""
    there = x == np.expand_dims(y, -1)
    return there, np.sum(there, axis=-1, keepdims=True).astype(x.dtype)


def to_attained(g: Any, y: Any, x: Any, k: Any) -> Any:
    """The gradient of an order statistic: to the elements equal to it, ties in equal parts."""
    there, count = attained(y, x)
    return sum_to(kept(there, np.expand_dims(g, -1) / count), shape=np.shape(x))


def from_attained(t: Any, y: Any, x: Any, k: Any) -> Any:
    """The tangent of an order statistic: the mean tangent of the elements equal to it."""
    there, count = attained(y, x)
    return np.sum(kept(there, t) / count, axis=-1)


@primitive(
    to_attained,
    None,
    pushes=[from_attained, None],
    formula="y = the k-th smallest x, counted from 0",
    derivative="∂y/∂xᵢ = 1 at that element, 0 elsewhere",
    kink="ties share the gradient evenly",
    reference=lambda x, k: np.sort(x, -1)[..., k] if np.ndim(k) == 0 else np.sort(x)[k],
    samples=lambda: [[*arrays((5,)), 2], [*arrays((2, 3, 4)), 1], [*arrays((5,)), np.array([0, 3, 3])]],
)
def order_statistic(x: ArrayLike, k: ArrayLike) -> Tensor:
    """The k-th smallest element along the last axis, counted from 0; NaN if there is one.

    Shapes: x (..., n) and k broadcast against (...).

    >>> tg.order_statistic(tg.tensor([3.0, 1.0, 2.0]), 1)
    tensor(2.)
    """
    if np.ndim(k) == 0:
        parts = np.partition(x, (int(k), -1), axis=-1)  # NaN last
        return np.where(np.isnan(parts[..., -1]), np.nan, parts[..., int(k)])[()]
    ordered = np.sort(x, axis=-1)
    shape = np.broadcast_shapes(np.shape(k), ordered.shape[:-1])
    if not ordered.shape[-1]:
        return np.full(shape, math.nan, ordered.dtype)[()]
    places = np.broadcast_to(k, shape)[..., None]
    taken = np.take_along_axis(np.broadcast_to(ordered, (*shape, ordered.shape[-1])), places, axis=-1)[..., 0]
    return np.where(np.isnan(ordered[..., -1]), np.nan, taken)[()]


def _closest(h: Any) -> Any:
    """The next whole number, or this one where it is odd: places that are counted from 0."""
    here = floor(h)
    return where(logical_and(h == here, here % 2 == 1), here, add(here, 1))


ROUNDED = {"lower": floor, "higher": ceil, "nearest": rint, "inverted_cdf": ceil, "closest_observation": _closest}


def place(q: Any, count: Any, method: str) -> tuple[Any, Any, Any]:
    """Where the quantile q lies among `count` sorted elements: between which two, and which part of the way."""
    alpha, beta = PLACES[method]
    h = add(multiply(q, subtract(add(count, 1), alpha + beta)), alpha - 1)
    last = np.maximum(subtract(count, 1), 0)
    if method == "averaged_inverted_cdf":
        lower = floor(h)
        return clip(lower, 0, last), clip(add(lower, 1), 0, last), where(h == lower, 0.5, 1)
    h = clip(ROUNDED[method](h) if method in ROUNDED else h, 0, last)
    lower, upper = floor(h), ceil(h)
    return lower, upper, where(lower == upper, 0, 0.5) if method == "midpoint" else subtract(h, lower)


def between(rows: Any, q: Any, count: Any, method: str) -> Any:
    """The quantiles of each row, for `count` elements in it: the neighbours of their place, interpolated."""
    lower, upper, part = place(q, count, method)
    low, high = order_statistic(rows, astype(stack([lower, upper]), int))
    part = astype(part, low.dtype) if low.dtype.kind == "f" else part
    apart = low != high  # ∞ - ∞ would be no distance
    return add(low, multiply(part, subtract(where(apart, high, 0), where(apart, low, 0))))


def weighted(rows: Any, q: Any, x: Any, weights: Any, axis: Axis, missing: Any = False) -> Any:
    """The smallest element of each row up to which the weights of the elements make up a part q of all weights."""
    weights = as_rows(broadcast_to(aligned(weights, x, axis), np.shape(x)), axis)
    weights = where(missing, 0.0, weights)
    running = cumsum(take_along_axis(weights, argsort(rows), -1), -1)
    total = take(running, [-1], -1)
    reached = where(running == 0, -1, running / where(total == 0, 1, total))
    k = clip(sum(reached < expand_dims(q, -1), -1), 0, np.shape(rows)[-1] - 1)
    return order_statistic(rows, k)


def checked(q: ArrayLike, method: str, weights: Any = None) -> Any:
    """The quantiles asked for, within range, by a method that is known."""
    if method not in PLACES:
        raise unknown_name("quantile method", method, PLACES)
    if weights is not None and method != "inverted_cdf":
        raise ArgumentError(
            f"quantile got weights with method={method!r}.",
            "Weights are defined for the method 'inverted_cdf'.",
            "Say method='inverted_cdf'.",
        )
    if not isinstance(q, Tensor) and not np.all((np.asarray(q) >= 0) & (np.asarray(q) <= 1)):
        raise ArgumentError(
            f"quantile got q={q}.",
            "Quantiles lie between 0 and 1, percentiles between 0 and 100.",
            "Use percentile for numbers up to 100.",
        )
    return q


def quantile(
    x: ArrayLike,
    q: ArrayLike,
    axis: Axis = None,
    *,
    method: str = "linear",
    keepdims: bool = False,
    weights: ArrayLike | None = None,
) -> Tensor:
    """The value below which a part q of the elements over `axis` lies, interpolated between neighbours.

    The gradient goes to the two neighbours by their nearness; ties share it evenly. q may be a Tensor too.

    Shapes: the axes of q come first.

    Args:
        x: the array.
        q: the parts, from 0 to 1.
        axis: over which; all by default.
        method: how to interpolate, by NumPy's names.
        keepdims: keep the reduced axes, with length 1.
        weights: how much each element counts, for the method "inverted_cdf"; of x's shape, or of its axis'.

    Raises:
        ArgumentError: for q outside [0, 1].
        UnknownNameError: for a method that NumPy does not have.

    >>> tg.quantile(tg.tensor([1.0, 2.0, 3.0, 10.0]), 0.5)
    tensor(2.5)
    """
    q, rows = checked(q, method, weights), as_rows(x, axis)
    spread = reshape(q, np.shape(q) + (1,) * (np.ndim(rows) - 1))
    if weights is None:
        y = between(rows, spread, np.shape(rows)[-1], method)
    else:
        y = weighted(rows, spread, x, weights, axis)
    return reshape(y, np.shape(q) + reduced_shape(x, axis, keepdims))


def reduced_shape(x: Any, axis: Axis, keepdims: bool) -> tuple[int, ...]:
    """The shape of x after a reduction over `axis`."""
    order, kept = axes_last(x, axis)
    gone = order[kept:]
    return tuple(1 if i in gone else n for i, n in enumerate(np.shape(x)) if keepdims or i not in gone)


def nanquantile(
    x: ArrayLike,
    q: ArrayLike,
    axis: Axis = None,
    *,
    method: str = "linear",
    keepdims: bool = False,
    weights: ArrayLike | None = None,
) -> Tensor:
    """The quantiles over `axis` of the elements that are not NaN (see `tg.quantile`).

    >>> tg.nanquantile(tg.tensor([1.0, float("nan"), 3.0, 10.0]), 0.5)
    tensor(3.)
    """
    q, rows = checked(q, method, weights), as_rows(x, axis)
    spread = reshape(q, np.shape(q) + (1,) * (np.ndim(rows) - 1))
    missing = isnan(rows)
    count = sum(logical_not(missing), -1)
    rows = where(missing, math.inf, rows)
    if weights is None:
        y = between(rows, spread, count, method)
    else:
        y = weighted(rows, spread, x, weights, axis, missing)
    y = where(count == 0, math.nan, y)
    return reshape(y, np.shape(q) + reduced_shape(x, axis, keepdims))


def median(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The middle element over `axis`, or the mean of the two in the middle, which share the gradient.

    >>> tg.median(tg.tensor([1.0, 5.0, 3.0]))
    tensor(3.)
    """
    return quantile(x, 0.5, axis, keepdims=keepdims)


def nanmedian(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The median over `axis` of the elements that are not NaN (see `tg.median`).

    >>> tg.nanmedian(tg.tensor([1.0, float("nan"), 3.0, 5.0]))
    tensor(3.)
    """
    return nanquantile(x, 0.5, axis, keepdims=keepdims)


def percentile(
    x: ArrayLike,
    q: ArrayLike,
    axis: Axis = None,
    *,
    method: str = "linear",
    keepdims: bool = False,
    weights: ArrayLike | None = None,
) -> Tensor:
    """The value below which q percent of the elements over `axis` lie (see `tg.quantile`).

    >>> tg.percentile(tg.tensor([1.0, 2.0, 3.0, 10.0]), 50)
    tensor(2.5)
    """
    return quantile(x, np.true_divide(q, 100), axis, method=method, keepdims=keepdims, weights=weights)


def nanpercentile(
    x: ArrayLike,
    q: ArrayLike,
    axis: Axis = None,
    *,
    method: str = "linear",
    keepdims: bool = False,
    weights: ArrayLike | None = None,
) -> Tensor:
    """The percentiles over `axis` of the elements that are not NaN (see `tg.quantile`).

    >>> tg.nanpercentile(tg.tensor([1.0, float("nan"), 3.0, 10.0]), 50)
    tensor(3.)
    """
    return nanquantile(x, np.true_divide(q, 100), axis, method=method, keepdims=keepdims, weights=weights)


functions.update(
    median=median,
    nanmedian=nanmedian,
    nanpercentile=nanpercentile,
    nanquantile=nanquantile,
    percentile=percentile,
    quantile=quantile,
)
