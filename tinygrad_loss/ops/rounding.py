"""Rounding: step functions, through which no gradient flows."""

from __future__ import annotations

import numpy as np

from ..core.primitive import constant
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from .samples import arrays

__all__ = ["around", "ceil", "fix", "floor", "rint", "round", "trunc"]


@constant(formula="y = ⌊x⌋", samples=lambda: [arrays((2, 3))])
def floor(x: ArrayLike) -> Tensor:
    """Each element rounded down; a step function, so no gradient flows through.

    >>> tg.floor(tg.tensor([1.7, -1.2]))
    tensor([ 1., -2.])
    """
    return np.floor(x)


@constant(formula="y = ⌈x⌉", samples=lambda: [arrays((2, 3))])
def ceil(x: ArrayLike) -> Tensor:
    """Each element rounded up; a step function, so no gradient flows through.

    >>> tg.ceil(tg.tensor([1.2, -1.7]))
    tensor([ 2., -1.])
    """
    return np.ceil(x)


@constant(formula="y = x without its decimals", samples=lambda: [arrays((2, 3))])
def trunc(x: ArrayLike) -> Tensor:
    """Each element rounded towards 0; a step function, so no gradient flows through.

    >>> tg.trunc(tg.tensor([1.7, -1.7]))
    tensor([ 1., -1.])
    """
    return np.trunc(x)


@constant(formula="y = the whole number nearest x", samples=lambda: [arrays((2, 3))])
def rint(x: ArrayLike) -> Tensor:
    """Each element rounded to the nearest whole number, halves to the even one; no gradient flows through.

    >>> tg.rint(tg.tensor([1.7, 2.5, -1.7]))
    tensor([ 2.,  2., -2.])
    """
    return np.rint(x)


@constant(formula="y = x rounded to some decimals", samples=lambda: [arrays((2, 3)), [*arrays((2, 3)), 2]])
def round(x: ArrayLike, decimals: int = 0) -> Tensor:
    """Each element rounded to that many decimals, halves to the even digit; no gradient flows through.

    >>> tg.round(tg.tensor([1.234, 2.5]), 1)
    tensor([1.2, 2.5])
    """
    return np.round(x, decimals)


around = round
fix = trunc
functions["around"] = around
functions["fix"] = fix
