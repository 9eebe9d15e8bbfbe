"""Special functions: the error function, its complement and its inverse.

Each is one formula for all arguments, computed in pieces that stay in the processor's cache. The
coefficients are the rational functions of least largest error that tests/oracle/erf.py finds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.primitive import elementwise
from ..core.tensor import ArrayLike, Tensor
from .samples import arrays, fractions, scalars

__all__ = ["erf", "erfc", "erfinv"]

Array = np.ndarray[Any, Any]

SLOPE = 1.1283791670955126  # 2/√π, the derivative of erf at 0
LARGE, SMALL = 2**18, 2**16  # bytes computed at a time: a few such arrays fit into the second or first cache

# erf x = tanh(x(SLOPE + s·P(s)/Q(s))) with s = x². Where erf x is near 1, tanh flattens any error of P/Q.
# Highest power first. Largest relative error: 1.7e-16 in float64, 1.1e-8 in float32.
ERF_LIMIT, ERF_LIMIT_32 = 6.0, 4.0  # from there on erf rounds to 1
ERF_P = (
    17.723589418470426, 2345.2145242017933, 59365.022048569069, 921346.98990783605, 8702639.7142464708,
    60875759.11659528, 244507091.67823905, 721428325.89640455,
)  # fmt: skip
ERF_Q = (
    1.0, 618.1321324926483, 38010.71369155432, 780573.81612480799, 11078723.01927985, 95312423.776419435,
    637513340.54917339, 2393396276.8190237, 7019656043.7102703,
)  # fmt: skip
ERF_P_32 = (-0.00078218289894451241, 0.071108607409949451, 0.67774232658745802, 5.2481729742900646)
ERF_Q_32 = (1.0, 6.6977877420691967, 51.066005275596199)

# exp(x²) erfc x = 1/(√π·x + P(x)/Q(x)) for x from 0 to ERFC_LIMIT. Largest relative error: 4.0e-18.
ERFC_LIMIT = 27.5  # from there on erfc is below the smallest float64
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


def polynomial(s: Array, coefficients: tuple[float, ...], out: Array) -> Array:
    """The polynomial at s, written into `out`: Horner's way; a leading 1 saves a product."""
    lead, second, *others = coefficients
    if lead == 1:
        np.add(s, second, out)
    else:
        np.add(np.multiply(s, lead, out), second, out)
    for coefficient in others:
        np.multiply(out, s, out)
        np.add(out, coefficient, out)
    return out


def in_pieces(formula: Callable[[Array, Array, Array], None], x: Any, piece: int, single: bool = False) -> Any:
    """The values of `formula(x, out, scratch)`, piece by piece; in float32 for float32 and float16 if `single`."""
    x = np.asarray(x)
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    inner = np.dtype(np.float32 if single and dtype.itemsize <= 4 else np.float64)
    flat = np.ravel(x).astype(inner, copy=False)
    out = np.empty(flat.shape, inner)
    step = -(-flat.size // max(1, -(-flat.nbytes // piece)))  # equal lengths, none of them short
    scratch = np.empty((3, step), inner)
    for start in range(0, flat.size, max(1, step)):
        part = flat[start : start + step]
        formula(part, out[start : start + step], scratch[:, : part.size])
    return out.reshape(x.shape).astype(dtype, copy=False)[()]


def write_erf(x: Array, out: Array, scratch: Array) -> None:
    """erf x, written into `out`, which may be x itself."""
    single = x.dtype == np.float32
    limit = ERF_LIMIT_32 if single else ERF_LIMIT
    s, z, q = scratch
    np.square(np.clip(x, -limit, limit, out), s)
    polynomial(s, ERF_P_32 if single else ERF_P, z)
    polynomial(s, ERF_Q_32 if single else ERF_Q, q)
    z /= q
    z *= s
    z += SLOPE
    z *= out
    np.tanh(z, out)


def _write_erfc(x: Array, out: Array, scratch: Array) -> None:
    a, y, q = scratch
    np.minimum(np.abs(x, a), ERFC_LIMIT, out=a)
    polynomial(a, ERFC_P, y)
    y /= polynomial(a, ERFC_Q, q)
    y += math.sqrt(math.pi) * a
    short = a.astype(np.float32).astype(np.float64)  # its square is exact: a² rounded would spoil the exponential
    np.divide(np.exp(-short * short) * np.exp((short - a) * (short + a)), y, y)
    np.copyto(out, np.where(x < 0, 2 - y, y))


def _write_erfinv(y: Array, out: Array, scratch: Array) -> None:
    v, a, q = scratch
    rest = 1 - np.abs(y)
    with np.errstate(divide="ignore", invalid="ignore"):  # ±1 has no finite value, beyond there is none
        np.sqrt(-np.log1p(-np.square(y)), v)
        polynomial(v, ERFINV_P, a)
        a *= np.abs(y) / polynomial(v, ERFINV_Q, q)
        # Halley's step on erf a = |y|; in the tail on erfc a = 1 - |y|, which keeps its digits there
        error = np.where(rest < 0.5, rest - erfc(a), erf(a) - np.abs(y)) * (np.exp(np.square(a)) / SLOPE)
        a -= error / (1 + a * error)
    np.copysign(np.where(rest == 0, np.inf, a), y, out)


_each_erf = np.frompyfunc(math.erf, 1, 1)
_each_erfc = np.frompyfunc(math.erfc, 1, 1)


@elementwise(
    lambda t, y, x: t * (SLOPE * np.exp(-np.square(x))),
    formula="y = (2/√π) ∫₀ˣ e^(-s²) ds",
    derivative="∂y/∂x = (2/√π) e^(-x²)",
    samples=lambda: [arrays((2, 3)), arrays((2, 0)), scalars(1)],
    reference=lambda x: np.array(_each_erf(x), dtype=float),
)
def erf(x: ArrayLike) -> Tensor:
    """The error function: the probability that a normal variable of variance ½ is within ±x.

    It is right to 3 units in the last place, in float64 and in float32.

    >>> tg.erf(tg.tensor([0.0, 1.0]))
    tensor([0.        , 0.84270079])
    """
    return in_pieces(write_erf, x, LARGE, single=True)


@elementwise(
    lambda t, y, x: -t * (SLOPE * np.exp(-np.square(x))),
    formula="y = 1 - erf x",
    derivative="∂y/∂x = -(2/√π) e^(-x²)",
    samples=lambda: [arrays((2, 3)), scalars(1)],
    reference=lambda x: np.array(_each_erfc(x), dtype=float),
)
def erfc(x: ArrayLike) -> Tensor:
    """1 - erf(x), with all its digits where erf(x) is close to 1.

    >>> tg.erfc(tg.tensor([0.0, 10.0]))
    tensor([1.00000000e+00, 2.08848758e-45])
    """
    return in_pieces(_write_erfc, x, SMALL)


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
    return in_pieces(_write_erfinv, y, SMALL)
