"""Elementwise ops: exponentials and logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.primitive import elementwise
from ..core.tensor import ArrayLike, Tensor
from .blocks import in_blocks
from .masks import within
from .samples import arrays, positives, scalars

__all__ = ["exp", "exp2", "expm1", "log", "log1p", "log2", "log10"]

# NumPy computes exp, log and tanh of float32 for several elements at once, on processors without AVX-512 all others
# for one. Of these log2 is much the fastest, and right to 0.8 units in the last place, where log errs by up to 3.5:
# the logarithms of float32 below are made of it. Those of float64 are NumPy's, which are as fast as can be.
SINGLE = np.dtype(np.float32)


def is_single(x: Any) -> bool:
    """Whether x is an array of float32."""
    return getattr(x, "dtype", None) == SINGLE


def lost(x: Any) -> Any:
    """What rounding took from 1 + x, in units of 1 + x."""
    whole = 1 + x
    return (x - (whole - 1)) / whole


def log1p_single(x: Any) -> Any:
    """ln(1 + x) in float32, to about two units in the last place: of the rounded sum, and what it lost.

    Source: Kahan's correction, as in Goldberg, What Every Computer Scientist Should Know About
    Floating-Point Arithmetic, 1991, theorem 4.
    """
    y = np.log2(1 + x) * math.log(2) + lost(within(x, -0.9999999, 1e9))  # 0/0 and inf - inf are kept out
    return np.copysign(y, x)  # 1 + x does not know of -0


def expm1_below(x: Any) -> Any:
    """eˣ - 1 for x ≤ 0, to a few units in the last place: nothing cancels in 2 tanh(x/2)/(1 - tanh(x/2))."""
    half = np.tanh(0.5 * x)
    return 2 * half / (1 - half)


def log1p_above(x: Any) -> Any:
    """ln(1 + x) for 0 ≤ x ≤ 1: what rounding took from 1 + x is put back by the slope of the logarithm there."""
    whole = 1 + x
    return np.log(whole) + (x - (whole - 1)) / whole


@elementwise(
    lambda t, y, x: t * y,
    formula="y = eˣ",
    derivative="∂y/∂x = y",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def exp(x: ArrayLike) -> Tensor:
    """The exponential of each element: y = eˣ, whose derivative is y itself.

    >>> tg.exp(tg.tensor([0.0, 1.0]))
    tensor([1.        , 2.71828183])
    """
    return np.exp(x)


@elementwise(
    lambda t, y, x: t * (y * math.log(2)),
    formula="y = 2ˣ",
    derivative="∂y/∂x = y·ln 2",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def exp2(x: ArrayLike) -> Tensor:
    """Two to the power of each element: y = 2ˣ, with derivative y·ln 2.

    >>> tg.exp2(tg.tensor([0.0, 3.0]))
    tensor([1., 8.])
    """
    return np.exp2(x)


@elementwise(
    lambda t, y, x: t * np.exp(x),  # y + 1 would lose all digits of eˣ where x is very negative
    formula="y = eˣ - 1",
    derivative="∂y/∂x = eˣ",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def expm1(x: ArrayLike) -> Tensor:
    """The exponential less one, eˣ - 1, exact to the last digit where x is tiny.

    >>> tg.expm1(tg.tensor([0.0, 1e-20]))
    tensor([0.e+00, 1.e-20])
    """
    return np.expm1(x)


@elementwise(
    lambda t, y, x: t / x,
    formula="y = ln x",
    derivative="∂y/∂x = 1/x",
    domain="x > 0",
    samples=lambda: [positives((2, 3)), positives(())],
)
def log(x: ArrayLike) -> Tensor:
    """The natural logarithm of each element: y = ln x, with derivative 1/x, for x > 0.

    >>> tg.log(tg.tensor([1.0, 10.0]))
    tensor([0.        , 2.30258509])
    """
    return np.log(x)


@elementwise(
    lambda t, y, x: t / (x * math.log(2)),
    formula="y = log₂ x",
    derivative="∂y/∂x = 1/(x·ln 2)",
    domain="x > 0",
    samples=lambda: [positives((2, 3)), positives(())],
)
def log2(x: ArrayLike) -> Tensor:
    """The logarithm to base 2 of each element, with derivative 1/(x·ln 2), for x > 0.

    >>> tg.log2(tg.tensor([1.0, 8.0]))
    tensor([0., 3.])
    """
    return np.log2(x)


@elementwise(
    lambda t, y, x: t / (x * math.log(10)),
    formula="y = log₁₀ x",
    derivative="∂y/∂x = 1/(x·ln 10)",
    domain="x > 0",
    samples=lambda: [positives((2, 3)), positives(())],
)
def log10(x: ArrayLike) -> Tensor:
    """The logarithm to base 10 of each element, with derivative 1/(x·ln 10), for x > 0.

    >>> tg.log10(tg.tensor([1.0, 1000.0]))
    tensor([0., 3.])
    """
    return np.log2(x) * math.log10(2) if is_single(x) else np.log10(x)


@elementwise(
    lambda t, y, x: t / (1 + x),
    formula="y = ln(1 + x)",
    derivative="∂y/∂x = 1/(1 + x)",
    domain="x > -1",
    samples=lambda: [positives((2, 3)), positives(())],
)
def log1p(x: ArrayLike) -> Tensor:
    """The logarithm of 1 + x, exact to the last digit where x is tiny; its derivative is 1/(1 + x).

    >>> tg.log1p(tg.tensor([0.0, 1e-20]))
    tensor([0.e+00, 1.e-20])
    """
    return in_blocks(log1p_single, x) if is_single(x) else np.log1p(x)
