"""The logarithm of the gamma function and its derivatives, each the derivative of the one before.

From 2⁻¹⁰ on they are looked up in tables, which are fitted to the series; elsewhere the series are summed.
"""

from __future__ import annotations

import math
from functools import cache, partial
from typing import Any

import numpy as np

from ..core.primitive import elementwise
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError
from .samples import arrays, scalars
from .tables import Table, fitted, in_pieces

__all__ = ["digamma", "lgamma", "polygamma"]

# B₂, B₄, ... of Bernoulli: the coefficients of the asymptotic series
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)
NEAR = 9  # from here on the series of lnΓ and ψ are exact to the last digit
FAR = 24  # and those of the higher derivatives
LOW = 2.0**-10
HIGHEST = 5  # derivative in a table


def _positive() -> list[Any]:
    return [np.array([[0.3, 1.0, 2.0], [3.5, 8.75, 40.0]])]


def _negative() -> list[Any]:
    return [np.array([-0.25, -1.5, -2.75, -7.4])]


def _each(function: Any) -> Any:
    return lambda x: np.array(np.frompyfunc(function, 1, 1)(x), dtype=float)


def _lgamma_from_afar(x: Any) -> Any:
    """Stirling's series."""
    total = np.zeros_like(x)
    for k in range(len(BERNOULLI), 0, -1):
        total = total / (x * x) + BERNOULLI[k - 1] / (2 * k * (2 * k - 1))
    return (x - 0.5) * (np.log(x) - 1) + 0.5 * (math.log(2 * math.pi) - 1) + total / x


def _lgamma_of_positive(x: Any) -> Any:
    """The series at x + 9, less the logarithms of the factors between."""
    near = x < NEAR
    factors = np.ones_like(x)
    for k in range(NEAR):
        factors = factors * np.where(near, x + k, 1)
    return _lgamma_from_afar(np.where(near, x + NEAR, x)) - np.log(factors)


def _polygamma_of_positive(x: Any, n: int) -> Any:
    """ψ⁽ⁿ⁾ from its asymptotic series at x + 24, and the terms n!/(x + k)ⁿ⁺¹ between."""
    reach = FAR if n else NEAR
    near = x < reach
    far = np.where(near, x + reach, x)
    total = np.zeros_like(x)
    for k in range(len(BERNOULLI), 0, -1):
        weight = math.factorial(2 * k + n - 1) / math.factorial(2 * k)
        total = total / (far * far) + BERNOULLI[k - 1] * weight
    if n == 0:
        value = np.log(far) - 0.5 / far - total / (far * far)
        for k in range(reach):
            value = value - np.where(near, 1 / np.where(near, x + k, 1), 0)
        return value
    value = (math.factorial(n - 1) + (0.5 * math.factorial(n) + total / far) / far) / far**n
    for k in range(reach):
        value = value + np.where(near, math.factorial(n) / np.where(near, x + k, 1) ** (n + 1), 0)
    return value if n % 2 else -value


def _cotangent_derivative(x: Any, n: int) -> Any:
    """The n-th derivative of π cot πx: a polynomial in the cotangent c, whose derivative is -π(1 + c²)."""
    coefficients = np.polynomial.Polynomial([0.0, math.pi])
    for _ in range(n):
        coefficients = coefficients.deriv() * np.polynomial.Polynomial([-math.pi, 0.0, -math.pi])
    c = 1 / np.tan(math.pi * (x - np.rint(x)))
    total = np.zeros_like(x)
    for coefficient in reversed(coefficients.coef.tolist()):
        total = total * c + coefficient
    return total


def _pole(x: Any) -> Any:
    return np.logical_and(x <= 0, x == np.floor(x))


def _lgamma_by_series(x: Any) -> Any:
    x = x.astype(np.float64)
    below = np.logical_and(x < 0.5, x > -math.inf)
    right = _lgamma_of_positive(np.where(below, 1 - x, np.abs(x)))
    inside = np.where(below, x, 0.5)
    sine = np.abs(np.sin(math.pi * (inside - np.rint(inside))))
    pole = _pole(x)
    left = math.log(math.pi) - np.log(np.where(pole, 1, sine)) - right  # Γ(x) Γ(1 - x) = π / sin πx
    return np.where(pole, math.inf, np.where(below, left, right))


def _polygamma_by_series(x: Any, n: int) -> Any:
    x = x.astype(np.float64)
    below, pole = x < 0, _pole(x)
    right = _polygamma_of_positive(np.where(below, 1 - x, np.where(pole, 1, x)), n)
    turned = -right if n % 2 else right
    left = turned - _cotangent_derivative(np.where(np.logical_and(below, ~pole), x, 0.25), n)
    at_pole = math.inf if n % 2 else math.nan
    return np.where(pole, at_pole, np.where(below, left, right))


@cache
def _table(n: int, dtype: Any) -> Table:
    """ψ⁽ⁿ⁾, and for n = -1 lnΓ."""
    series = _lgamma_by_series if n < 0 else partial(_polygamma_by_series, n=n)
    values = _each(math.lgamma) if n < 0 else series  # slower, and a digit better than Stirling's series from afar
    high = 2.0**20 if n <= 2 else 2.0**12  # further out the coefficients of the higher ones are 0 in float32
    if dtype == np.float64:
        return Table(fitted(values, 9), LOW, high, 2.0**-5, series, dtype, relative=True)
    terms, spacing = (3, 2.0**-8) if 0 <= n <= 2 else (5, 2.0**-5)  # lnΓ has zeros, near which each digit counts
    return Table(fitted(_table(n, np.dtype(np.float64)), terms), LOW, high, spacing, series, relative=True)


def _values(x: Any, n: int) -> Any:
    return _table(n, x.dtype)(x) if n <= HIGHEST else _polygamma_by_series(x, n)


@elementwise(
    lambda t, y, x: t * digamma(x),
    formula="y = ln |Γ(x)|",
    derivative="∂y/∂x = ψ(x)",
    domain="all but 0, -1, -2, ..., where it is ∞",
    reference=_each(math.lgamma),
    samples=lambda: [_positive(), _negative(), arrays((2, 0)), scalars(1)],
)
def lgamma(x: ArrayLike) -> Tensor:
    """The logarithm of the gamma function's size; of n + 1 it is the logarithm of n!.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 6.1.

    >>> tg.lgamma(tg.tensor([1.0, 5.0])).exp().round(6)
    tensor([ 1., 24.])
    """
    return in_pieces(_values, x, -1, single=True)


@elementwise(
    lambda t, y, x: t * polygamma(1, x),
    formula="y = ψ(x) = Γ′(x) / Γ(x)",
    derivative="∂y/∂x = ψ′(x)",
    domain="all but 0, -1, -2, ...",
    samples=lambda: [_positive(), _negative(), scalars(1)],
)
def digamma(x: ArrayLike) -> Tensor:
    """The derivative of `lgamma`.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 6.3.

    >>> tg.digamma(tg.tensor(1.0))  # minus Euler's constant
    tensor(-0.57721566)
    """
    return in_pieces(_values, x, 0, single=True)


@elementwise(
    lambda t, y, x, n: t * polygamma(n + 1, x),
    formula="y = ψ⁽ⁿ⁾(x)",
    derivative="∂y/∂x = ψ⁽ⁿ⁺¹⁾(x)",
    domain="all but 0, -1, -2, ...",
    samples=lambda: [[*_positive(), 1], [*_positive(), 4], [*_negative(), 2], [*_positive(), 0], [*scalars(1), 1]],
)
def _polygamma(x: ArrayLike, n: int) -> Any:
    return in_pieces(_values, x, n, single=True)


@_polygamma.op.front
def polygamma(n: int, x: ArrayLike) -> Tensor:
    """The n-th derivative of `digamma`.

    Raises:
        ArgumentError: for an n that is not 0, 1, 2, ...

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 6.4.

    >>> tg.polygamma(1, tg.tensor(1.0))  # π²/6
    tensor(1.64493407)
    """
    if not isinstance(n, (int, np.integer)) or n < 0:
        raise ArgumentError(
            f"polygamma got n={n!r}.",
            "It counts derivatives of digamma: 0, 1, 2, ...",
            "n comes first: polygamma(1, x).",
        )
    return _polygamma(x, n=int(n))
