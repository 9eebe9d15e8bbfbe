"""Special functions: the error function, its complement and its inverse.

Each is looked up: tables of short polynomials, fitted at first use to formulas for all arguments. Their coefficients
are the rational functions of least largest error that tests/oracle/erf.py finds.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from ..core.primitive import elementwise
from ..core.tensor import ArrayLike, Tensor
from .samples import arrays, fractions, scalars
from .tables import Table, fitted, in_pieces

__all__ = ["erf", "erfc", "erfinv"]

Array = np.ndarray[Any, Any]

SLOPE = 1.1283791670955126  # 2/√π, the derivative of erf at 0
ONE = np.array(1, np.float32)  # of a few numbers it is taken in half the time of Python's 1
ERF_LIMIT = 6.0  # from there on erf rounds to 1

# exp(x²) erfc x = 1/(√π·x + P(x)/Q(x)) for x from 0 to ERFC_LIMIT. Largest relative error: 4.0e-18.
ERFC_LIMIT, ERFC_LIMIT_32 = 27.5, 10.25  # from there on erfc is below the smallest number
ERFC_STEEP = 8.0
ERFC_P = (
    0.88622692538209168, 18.788621683573963, 195.81259653949767, 1301.1282439732472, 6041.586553171594,
    20304.764882702136, 49525.571609072462, 85168.885263561971, 95080.745883075134, 54277.961522179287,
)  # fmt: skip
ERFC_Q = (
    1.0, 21.200689275457415, 221.95085524122057, 1489.3666696489563, 7036.6518525835043, 24347.827828669031,
    62374.797482770883, 116921.68933361024, 154093.3472079962, 130039.80678832422, 54277.961522179287,
)  # fmt: skip

# erfinv y / y = P(v)/Q(v) where v = √(-ln(1 - y²)), to 1.9e-7: the first guess.
ERFINV_P = (
    0.95670036960879909, 2.8715918951297201, -15.88970014181758, 101.00447749978722, -231.13909306156046,
    640.16600050892936, -766.4987521171962, 1234.9107816610605,
)  # fmt: skip
ERFINV_Q = (
    1.0, 1.5355133638229086, 3.5232086062418138, -35.121849047057138, 357.73081782960397, -864.91838471319356,
    1393.447866068738,
)  # fmt: skip


def polynomial(s: Array, coefficients: tuple[float, ...]) -> Array:
    """The polynomial at s, by Horner's way; a leading 1 saves a product."""
    lead, second, *others = coefficients
    out = s + second if lead == 1 else s * lead + second
    for coefficient in others:
        out *= s
        out += coefficient
    return out


def _each(function: Any, x: Array) -> Array:
    return np.array(np.frompyfunc(function, 1, 1)(x), dtype=float)


def _powers_of_erf(centres: Array, _: Array) -> Array:
    """Taylor's coefficients of erf, highest first: Hermite polynomials times the slope.

    The values are the C library's: they and the rounding of the last sum are all that is not exact.
    """
    slope, hermite = SLOPE * np.exp(-centres * centres), [np.ones_like(centres), 2 * centres]
    for k in range(1, 4):
        hermite.append(2 * centres * hermite[-1] - 2 * k * hermite[-2])
    powers = [slope * h * ((-1) ** k / math.factorial(k + 1)) for k, h in enumerate(hermite)]
    return np.column_stack([*powers[::-1], _each(math.erf, centres)])


@cache
def erf_table(dtype: Any) -> Table:
    """erf, to 1.5 units in the last place."""
    if dtype == np.float64:
        return Table(_powers_of_erf, -ERF_LIMIT, ERF_LIMIT, 2.0**-8, dtype=dtype, parity=-1)
    return Table(fitted(erf_table(np.dtype(np.float64)), 3), -ERF_LIMIT, ERF_LIMIT, 2.0**-10, parity=-1)


def _erf_values(x: Array) -> Array:
    return erf_table(x.dtype)(x)


def _erfc_by_fraction(x: Array) -> Array:
    a = np.minimum(np.abs(x), ERFC_LIMIT)
    y = polynomial(a, ERFC_P)
    y /= polynomial(a, ERFC_Q)
    y += math.sqrt(math.pi) * a
    short = a.astype(np.float32).astype(np.float64)  # its square is exact: a² rounded would spoil the exponential
    y = np.exp(-short * short) * np.exp((short - a) * (short + a)) / y
    return np.where(x < 0, 2 - y, y)


@cache
def _erfc_table(dtype: Any) -> Table:
    if dtype == np.float64:  # further out erfc falls too steeply
        rows = fitted(lambda x: _each(math.erfc, x), 7)
        return Table(rows, -ERF_LIMIT, ERFC_STEEP, 2.0**-8, _erfc_by_fraction, dtype)
    return Table(fitted(_erfc_values, 3), -ERF_LIMIT, ERFC_LIMIT_32, 2.0**-10)


def _erfc_values(x: Array) -> Array:
    return _erfc_table(x.dtype)(x)


def _erfinv_over_y(rest: Array) -> Array:
    """erfinv y / y, given 1 - y for y above 0: a first guess, and a step of Halley's."""
    y = 1 - rest
    y[y == 0] = 1e-9  # the limit, to all digits
    v = np.sqrt(np.where(rest < 0.5, -np.log(rest * (2 - rest)), -np.log1p(-np.square(y))))  # -ln(1 - y²), exactly
    a = y * polynomial(v, ERFINV_P) / polynomial(v, ERFINV_Q)
    # on erf a = y; in the tail on erfc a = 1 - y, which keeps its digits there
    error = np.where(rest < 0.5, rest - _erfc_values(a), _erf_values(a) - y) * (np.exp(np.square(a)) / SLOPE)
    a -= error / (1 + a * error)
    return a / y


@cache
def _erfinv_table(dtype: Any) -> Table:
    def elsewhere(rest: Array) -> Array:
        return np.where(rest == 0, math.inf, math.nan)

    # from the smallest that is left from a number below 1 to 1
    if dtype == np.float64:
        return Table(fitted(_erfinv_over_y, 9), 2.0**-53, 1.0, 2.0**-5, elsewhere, dtype, relative=True)
    lines = fitted(_erfinv_table(np.dtype(np.float64)), 2)
    return Table(lines, 2.0**-24, 1.0, 2.0**-10, elsewhere, relative=True)


def _erfinv_values(y: Array) -> Array:
    out = _erfinv_table(y.dtype)(ONE - np.abs(y))
    out *= y
    return out


@elementwise(
    lambda t, y, x: t * (SLOPE * np.exp(-np.square(x))),
    formula="y = (2/√π) ∫₀ˣ e^(-s²) ds",
    derivative="∂y/∂x = (2/√π) e^(-x²)",
    samples=lambda: [arrays((2, 3)), arrays((2, 0)), scalars(1)],
    reference=lambda x: _each(math.erf, x),
)
def erf(x: ArrayLike) -> Tensor:
    """The error function: the probability that a normal variable of variance ½ is within ±x.

    It is right to 2 units in the last place, in float64 and in float32.

    >>> tg.erf(tg.tensor([0.0, 1.0]))
    tensor([0.        , 0.84270079])
    """
    return in_pieces(_erf_values, x, single=True)


@elementwise(
    lambda t, y, x: -t * (SLOPE * np.exp(-np.square(x))),
    formula="y = 1 - erf x",
    derivative="∂y/∂x = -(2/√π) e^(-x²)",
    samples=lambda: [arrays((2, 3)), scalars(1)],
    reference=lambda x: _each(math.erfc, x),
)
def erfc(x: ArrayLike) -> Tensor:
    """1 - erf(x), with all its digits where erf(x) is close to 1.

    >>> tg.erfc(tg.tensor([0.0, 10.0]))
    tensor([1.00000000e+00, 2.08848758e-45])
    """
    return in_pieces(_erfc_values, x, single=True)


@elementwise(
    lambda t, x, y: t * (np.exp(np.square(x)) / SLOPE),
    formula="x with erf x = y",
    derivative="∂x/∂y = (√π/2) e^(x²)",
    domain="-1 ... 1; ±∞ at the ends, NaN beyond",
    samples=lambda: [fractions((2, 3)), fractions(())],
)
def erfinv(y: ArrayLike) -> Tensor:
    """The inverse of erf: normal quantiles are √2·erfinv(2p - 1).

    >>> tg.erfinv(tg.tensor([0.0, 0.5]))
    tensor([0.        , 0.47693628])
    """
    return in_pieces(_erfinv_values, y, single=True)
