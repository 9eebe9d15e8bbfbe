"""Reductions and running totals that leave out NaN, the mark of a missing number.

A missing element is replaced by what does nothing (0 in a sum, 1 in a product) and gets no gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import constant, primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from .comparisons import isnan, logical_and, logical_not
from .cumulative import cumprod, cumsum
from .reductions import from_attained, max, mean, min, prod, sum, to_attained
from .rows import Axis
from .samples import arrays
from .selection import where as chosen
from .statistics import std, var

__all__ = [
    "nanargmax",
    "nanargmin",
    "nancumprod",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
]


def present(x: ArrayLike, where: ArrayLike = True) -> Any:
    """Where x is a number, among the elements that a mask leaves in."""
    there = logical_not(isnan(x))
    return there if where is True else logical_and(where, there)


def nansum(
    x: ArrayLike,
    axis: Axis = None,
    *,
    dtype: Any = None,
    keepdims: bool = False,
    initial: ArrayLike | None = None,
    where: ArrayLike = True,
) -> Tensor:
    """The sum over `axis` of the elements that are not NaN (see `tg.sum`).

    >>> tg.nansum(tg.tensor([1.0, float("nan"), 3.0]))
    tensor(4.)
    """
    return sum(x, axis, dtype=dtype, keepdims=keepdims, initial=initial, where=present(x, where))


def nanprod(
    x: ArrayLike,
    axis: Axis = None,
    *,
    dtype: Any = None,
    keepdims: bool = False,
    initial: ArrayLike | None = None,
    where: ArrayLike = True,
) -> Tensor:
    """The product over `axis` of the elements that are not NaN (see `tg.prod`).

    >>> tg.nanprod(tg.tensor([2.0, float("nan"), 3.0]))
    tensor(6.)
    """
    return prod(x, axis, dtype=dtype, keepdims=keepdims, initial=initial, where=present(x, where))


def nanmean(
    x: ArrayLike, axis: Axis = None, *, dtype: Any = None, keepdims: bool = False, where: ArrayLike = True
) -> Tensor:
    """The mean over `axis` of the elements that are not NaN (see `tg.mean`).

    >>> tg.nanmean(tg.tensor([1.0, float("nan"), 3.0]))
    tensor(2.)
    """
    return mean(x, axis, dtype=dtype, keepdims=keepdims, where=present(x, where))


def nanvar(
    x: ArrayLike,
    axis: Axis = None,
    *,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: ArrayLike = True,
    mean: ArrayLike | None = None,
    correction: float | None = None,
) -> Tensor:
    """The variance over `axis` of the elements that are not NaN (see `tg.var`).

    >>> tg.nanvar(tg.tensor([1.0, float("nan"), 3.0]))
    tensor(1.)
    """
    there = present(x, where)
    return var(x, axis, dtype=dtype, ddof=ddof, keepdims=keepdims, where=there, mean=mean, correction=correction)


def nanstd(
    x: ArrayLike,
    axis: Axis = None,
    *,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: ArrayLike = True,
    mean: ArrayLike | None = None,
    correction: float | None = None,
) -> Tensor:
    """The standard deviation over `axis` of the elements that are not NaN (see `tg.std`).

    >>> tg.nanstd(tg.tensor([1.0, float("nan"), 3.0]))
    tensor(1.)
    """
    there = present(x, where)
    return std(x, axis, dtype=dtype, ddof=ddof, keepdims=keepdims, where=there, mean=mean, correction=correction)


def with_missing(*shapes: tuple[int, ...]) -> list[Any]:
    """Samples in which every second element of the first row is NaN."""
    values = arrays(*shapes)
    for x in values:
        x[(0,) * (x.ndim - 1)][::2] = np.nan
    return values


@primitive(
    to_attained,
    pushes=[from_attained],
    formula="y = max x, NaN left out",
    derivative="∂y/∂xᵢ = 1 at the maximum, 0 elsewhere",
    kink="ties share the gradient evenly",
    name="nanmax",
    reference=np.nanmax,
    samples=lambda: [arrays((2, 3)), [*with_missing((2, 3)), -1], [*arrays((2, 3, 2)), (0, 2), {"keepdims": True}]],
)
def _nanmax(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return np.nanmax(x, axis=axis, keepdims=keepdims)


@_nanmax.op.front
def nanmax(
    x: ArrayLike,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    initial: ArrayLike | None = None,
    where: ArrayLike = True,
) -> Tensor:
    """The largest element over `axis` that is not NaN; ties share the gradient evenly.

    >>> tg.nanmax(tg.tensor([1.0, float("nan"), 3.0]))
    tensor(3.)
    """
    if initial is None and where is True:
        return _nanmax(x, axis=axis, keepdims=keepdims)
    return max(x, axis, keepdims=keepdims, initial=initial, where=present(x, where))


@primitive(
    to_attained,
    pushes=[from_attained],
    formula="y = min x, NaN left out",
    derivative="∂y/∂xᵢ = 1 at the minimum, 0 elsewhere",
    kink="ties share the gradient evenly",
    name="nanmin",
    reference=np.nanmin,
    samples=lambda: [arrays((2, 3)), [*with_missing((2, 3)), -1], [*arrays((2, 3, 2)), (0, 2), {"keepdims": True}]],
)
def _nanmin(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return np.nanmin(x, axis=axis, keepdims=keepdims)


@_nanmin.op.front
def nanmin(
    x: ArrayLike,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    initial: ArrayLike | None = None,
    where: ArrayLike = True,
) -> Tensor:
    """The smallest element over `axis` that is not NaN; ties share the gradient evenly.

    >>> tg.nanmin(tg.tensor([1.0, float("nan"), 3.0]))
    tensor(1.)
    """
    if initial is None and where is True:
        return _nanmin(x, axis=axis, keepdims=keepdims)
    return min(x, axis, keepdims=keepdims, initial=initial, where=present(x, where))


@constant(formula="y = arg max x, NaN left out", samples=lambda: [[*with_missing((2, 3)), -1]])
def nanargmax(x: ArrayLike, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """The index along `axis` of the largest element that is not NaN; no gradient flows through.

    >>> tg.nanargmax(tg.tensor([1.0, float("nan"), 3.0]))
    tensor(2)
    """
    return np.nanargmax(x, axis=axis, keepdims=keepdims)


@constant(formula="y = arg min x, NaN left out", samples=lambda: [[*with_missing((2, 3)), -1]])
def nanargmin(x: ArrayLike, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """The index along `axis` of the smallest element that is not NaN; no gradient flows through.

    >>> tg.nanargmin(tg.tensor([5.0, float("nan"), 3.0]))
    tensor(2)
    """
    return np.nanargmin(x, axis=axis, keepdims=keepdims)


def nancumsum(x: ArrayLike, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The running sums along an axis, NaN counted as 0 (see `tg.cumsum`).

    >>> tg.nancumsum(tg.tensor([1.0, float("nan"), 3.0]))
    tensor([1., 1., 4.])
    """
    return cumsum(chosen(isnan(x), 0, x), axis, dtype)


def nancumprod(x: ArrayLike, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The running products along an axis, NaN counted as 1 (see `tg.cumprod`).

    >>> tg.nancumprod(tg.tensor([2.0, float("nan"), 3.0]))
    tensor([2., 2., 6.])
    """
    return cumprod(chosen(isnan(x), 1, x), axis, dtype)


functions.update(
    nancumprod=nancumprod,
    nancumsum=nancumsum,
    nanmean=nanmean,
    nanprod=nanprod,
    nanstd=nanstd,
    nansum=nansum,
    nanvar=nanvar,
)
