"""Elementwise ops: exponentials and logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.primitive import elementwise
from ..core.tensor import ArrayLike, Tensor
from .samples import arrays, positives, scalars

__all__ = ["exp", "exp2", "expm1", "log", "log1p", "log2", "log10"]

# Within kernels: NumPy computes exp, log and tanh for several elements at once, expm1 and log1p for one.


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
    return np.log10(x)


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
    return np.log1p(x)
