"""The modified Bessel functions of order 0 and 1, each in the derivative of the other.

To LARGE they are looked up in tables, which are fitted to the power series.
"""

from __future__ import annotations

import math
from functools import cache, partial
from typing import Any

import numpy as np

from ..core.primitive import elementwise
from ..core.tensor import ArrayLike, Tensor
from .samples import arrays, scalars
from .special import polynomial
from .tables import Table, fitted, in_pieces

__all__ = ["i0", "i1"]

# A power of two, by which nothing is rounded.
LARGE = 32.0  # from here on the asymptotic series is exact to the last digit
TERMS = 74  # of the power series: below LARGE the rest is under 1e-17 of the sum


def _coefficients(order: int) -> tuple[float, ...]:
    """Of the power series in (x/LARGE)², highest power first: (LARGE/2)²ᵏ / (k!·(k + n)!)."""
    half = LARGE / 2
    return tuple(half ** (2 * k) / (math.factorial(k) * math.factorial(k + order)) for k in range(TERMS, -1, -1))


def _from_afar(x: Any, order: int) -> Any:
    """eˣ / √(2πx) · (1 - (4n² - 1)/(8x) + ...), for large x."""
    total = np.ones_like(x)
    for k in range(20, 0, -1):
        total = 1.0 - total * (4 * order * order - (2 * k - 1) ** 2) / (8 * k) / x
    half = np.exp(0.5 * x)  # twice half the exponent: eˣ alone would overflow earlier than the result
    return half * (total / np.sqrt(2 * math.pi * x)) * half


def _from_near(x: Any, order: int) -> Any:
    """Iₙ(x) / xⁿ = Σ (x/2)²ᵏ / (2ⁿ·k!·(k + n)!), of whose terms none cancels another."""
    return polynomial(np.square(x * (1 / LARGE)), _coefficients(order)) * 0.5**order


@cache
def _table(order: int, dtype: Any) -> Table:
    """Of Iₙ(x) / xⁿ, because near 0 the digits of I₁ follow those of x."""

    def elsewhere(x: Any) -> Any:
        size = np.abs(x.astype(np.float64))
        return _from_afar(size, order) / size**order

    if dtype == np.float64:
        return Table(fitted(partial(_from_near, order=order), 7), -LARGE, LARGE, 2.0**-4, elsewhere, dtype, parity=1)
    return Table(fitted(_table(order, np.dtype(np.float64)), 3), -LARGE, LARGE, 2.0**-6, elsewhere, parity=1)


def _values(x: Any, order: int) -> Any:
    y = _table(order, x.dtype)(x)
    return y * x if order else y


@elementwise(
    lambda t, y, x: t * i1(x),
    formula="y = I₀(x) = Σ (x/2)²ᵏ / (k!)²",
    derivative="∂y/∂x = I₁(x)",
    samples=lambda: [arrays((2, 3)), scalars(1), [np.array([-33.0, 29.0, 31.0]) * 0.25], [np.zeros(2)]],
)
def i0(x: ArrayLike) -> Tensor:
    """The modified Bessel function of the first kind and order 0, with derivative I₁(x).

    It is the weight of the von Mises distribution and of the Kaiser window.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 9.6.10 and 9.7.1.

    >>> tg.i0(tg.tensor([0.0, 1.0]))
    tensor([1.        , 1.26606588])
    """
    return in_pieces(_values, x, 0, single=True)


def _i1_slope(y: Any, x: Any) -> Any:
    """I₀(x) - I₁(x)/x, with its limit ½ at 0."""
    apart = x != 0
    return np.where(apart, i0(x) - y / np.where(apart, x, 1), 0.5)


@elementwise(
    lambda t, y, x: t * _i1_slope(y, x),
    formula="y = I₁(x) = Σ (x/2)²ᵏ⁺¹ / (k!·(k + 1)!)",
    derivative="∂y/∂x = I₀(x) - I₁(x)/x",
    samples=lambda: [arrays((2, 3)), scalars(1), [np.array([-33.0, 29.0, 31.0]) * 0.25]],
)
def i1(x: ArrayLike) -> Tensor:
    """The modified Bessel function of the first kind and order 1, with derivative I₀(x) - I₁(x)/x.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 9.6.10 and 9.6.26.

    >>> tg.i1(tg.tensor([0.0, 1.0]))
    tensor([0.       , 0.5651591])
    """
    return in_pieces(_values, x, 1, single=True)
