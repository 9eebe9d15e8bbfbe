"""The modified Bessel functions of order 0 and 1, each in the derivative of the other."""

from __future__ import annotations

import math
from functools import cache, partial
from typing import Any

import numpy as np

from ..core.primitive import elementwise
from ..core.tensor import ArrayLike, Tensor
from .samples import arrays, scalars
from .special import polynomial
from .tables import in_pieces

__all__ = ["i0", "i1"]

# A power of two, by which nothing is rounded.
LARGE = 32.0  # from here on the asymptotic series is exact to the last digit
TERMS = 74  # of the power series: below LARGE the rest is under 1e-17 of the sum


@cache
def _coefficients(order: int, limit: float, terms: int) -> tuple[float, ...]:
    """Of the power series in (x/limit)², highest power first: (limit/2)²ᵏ / (k!·(k + n)!)."""
    half = limit / 2
    return tuple(half ** (2 * k) / (math.factorial(k) * math.factorial(k + order)) for k in range(terms, -1, -1))


def _from_afar(x: Any, order: int) -> Any:
    """eˣ / √(2πx) · (1 - (4n² - 1)/(8x) + ...), for large x."""
    total = np.ones_like(x)
    for k in range(20, 0, -1):
        total = 1.0 - total * (4 * order * order - (2 * k - 1) ** 2) / (8 * k) / x
    half = np.exp(0.5 * x)  # twice half the exponent: eˣ alone would overflow earlier than the result
    return half * (total / np.sqrt(2 * math.pi * x)) * half


def _by_series(x: Any, order: int) -> Any:
    """Iₙ(|x|) from the series that is exact there: Σ (x/2)²ᵏ⁺ⁿ / (k!·(k + n)!), or the other."""
    size = np.abs(x)
    near = polynomial(np.square(np.minimum(size, LARGE) * (1 / LARGE)), _coefficients(order, LARGE, TERMS))
    if order:
        near *= size
        near *= 0.5
    far = size > LARGE
    if far.any():
        near[far] = _from_afar(size[far], order)
    return near


def _bessel(x: Any, order: int) -> Any:
    return in_pieces(partial(_by_series, order=order), x)


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
    return _bessel(x, 0)


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
    return np.copysign(_bessel(x, 1), x)
