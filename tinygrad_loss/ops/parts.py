"""The parts of a number: sign and size, whole and fraction, mantissa and exponent, real and imaginary."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.primitive import constant, elementwise
from ..core.tensor import ArrayLike, Tensor
from .masks import kept
from .rounding import trunc
from .samples import arrays, scalars

__all__ = [
    "angle",
    "conj",
    "conjugate",
    "copysign",
    "frexp",
    "heaviside",
    "imag",
    "ldexp",
    "modf",
    "real",
    "sign",
    "spacing",
]


@constant(formula="y = sign x", samples=lambda: [arrays((2, 3))])
def sign(x: ArrayLike) -> Tensor:
    """The sign of each element, -1, 0 or 1; a step function, so no gradient flows through.

    >>> tg.sign(tg.tensor([-3.0, 0.0, 2.0]))
    tensor([-1.,  0.,  1.])
    """
    return np.sign(x)


@elementwise(
    lambda t, y, a, b: t * np.sign(a) * np.copysign(1.0, b),
    None,
    formula="y = |a| with the sign of b",
    derivative="∂y/∂a = sign a · sign b",
    kink="0 at a = 0",
    samples=lambda: [arrays((2, 3), (2, 3)), arrays((2, 3), (3,)), scalars(2)],
)
def copysign(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The size of a with the sign of b, elementwise; the sign of b passes no gradient.

    >>> tg.copysign(tg.tensor([1.0, -2.0]), -1.0)
    tensor([-1., -2.])
    """
    return np.copysign(a, b)


@elementwise(
    None,
    lambda t, y, x, at_zero: kept(x == 0, t),
    formula="y = 0 for x < 0, 1 for x > 0, the given value at 0",
    derivative="∂y/∂x = 0, ∂y/∂(value at 0) = 1 where x = 0",
    kink="it jumps at x = 0; the derivative there is 0",
    samples=lambda: [[np.array([-1.5, 0.0, 2.0]), *arrays((2, 3))], [np.array([[0.0], [1.0]]), *arrays((3,))]],
)
def heaviside(x: ArrayLike, at_zero: ArrayLike) -> Tensor:
    """The step from 0 to 1, with the value `at_zero` where x is 0; the step itself passes no gradient.

    >>> tg.heaviside(tg.tensor([-2.0, 0.0, 3.0]), 0.5)
    tensor([0. , 0.5, 1. ])
    """
    return np.heaviside(x, at_zero)


@elementwise(
    lambda t, y, x: t,
    formula="y = x - trunc x",
    derivative="∂y/∂x = 1",
    kink="it jumps at whole numbers; the derivative there is 1",
    reference=lambda x: np.modf(x)[0],
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def _modf(x: ArrayLike) -> Any:
    return np.modf(x)[0]


@_modf.op.front
def modf(x: ArrayLike) -> tuple[Tensor, Tensor]:
    """The fraction and the whole part of each element, both with its sign; the gradient flows to the fraction.

    >>> tg.modf(tg.tensor([1.25, -0.5]))
    (tensor([ 0.25, -0.5 ]), tensor([ 1., -0.]))
    """
    return _modf(x), trunc(x)


@elementwise(
    lambda t, y, x, n: np.ldexp(t, n),
    None,
    formula="y = x·2ⁿ",
    derivative="∂y/∂x = 2ⁿ",
    samples=lambda: [[*arrays((2, 3)), np.array([1, -2, 0])], [*arrays((3,)), np.array([[3], [1]])], [*scalars(1), 2]],
)
def ldexp(x: ArrayLike, n: ArrayLike) -> Tensor:
    """The elements times two to the whole power n, exactly.

    >>> tg.ldexp(tg.tensor([0.5, 3.0]), 2)
    tensor([ 2., 12.])
    """
    return np.ldexp(x, n)


@constant(formula="n = 1 + ⌊log₂|x|⌋", samples=lambda: [arrays((2, 3))])
def _binary_exponent(x: ArrayLike) -> Any:
    """The second result of `frexp`.

    >>> tg.frexp(tg.tensor([8.0, 0.3]))[1]
    tensor([ 4, -1], dtype=int32)
    """
    return np.frexp(x)[1]


@elementwise(
    lambda t, y, x: np.ldexp(t, -_binary_exponent(x)),
    formula="y = x·2⁻ⁿ, at least ½ and below 1 in size",
    derivative="∂y/∂x = 2⁻ⁿ",
    kink="it jumps at powers of two; the derivative there is the one farther from 0",
    reference=lambda x: np.frexp(x)[0],
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def _frexp(x: ArrayLike) -> Any:
    return np.frexp(x)[0]


@_frexp.op.front
def frexp(x: ArrayLike) -> tuple[Tensor, Tensor]:
    """The mantissa m and the whole exponent n with x = m·2ⁿ and ½ ≤ |m| < 1; the gradient flows to m.

    >>> tg.frexp(tg.tensor([8.0, 0.3]))
    (tensor([0.5, 0.6]), tensor([ 4, -1], dtype=int32))
    """
    return _frexp(x), _binary_exponent(x)


@constant(formula="y = the distance from x to the next number", samples=lambda: [arrays((2, 3))])
def spacing(x: ArrayLike) -> Tensor:
    """The distance from each element to the next number of its dtype; a step function of x.

    >>> tg.spacing(tg.tensor([1.0]))
    tensor([2.22044605e-16])
    """
    return np.spacing(x)


# Tensors are real: the functions below let code that also serves complex arrays run on them.


@elementwise(
    lambda t, y, x: t,
    formula="y = Re x = x",
    derivative="∂y/∂x = 1",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def real(x: ArrayLike) -> Tensor:
    """The real part of each element, which is the element.

    >>> tg.real(tg.tensor([1.0, -2.0]))
    tensor([ 1., -2.])
    """
    return np.array(np.real(x))[()]


@elementwise(
    lambda t, y, x: t,
    formula="y = x̄ = x",
    derivative="∂y/∂x = 1",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def conjugate(x: ArrayLike) -> Tensor:
    """The complex conjugate of each element, which for real numbers is the element.

    >>> tg.conj(tg.tensor([1.0, -2.0]))
    tensor([ 1., -2.])
    """
    return np.array(x) if type(x) is np.ndarray and x.dtype.kind == "f" else np.conjugate(x)  # a copy is faster


@constant(formula="y = Im x = 0", samples=lambda: [arrays((2, 3))])
def imag(x: ArrayLike) -> Tensor:
    """The imaginary part of each element, which is 0.

    >>> tg.imag(tg.tensor([1.0, -2.0]))
    tensor([0., 0.])
    """
    return np.zeros_like(x)[()]


@constant(formula="y = 0 for x ≥ 0, π for x < 0", samples=lambda: [arrays((2, 3)), [*arrays((2, 3)), True]])
def angle(x: ArrayLike, deg: bool = False) -> Tensor:
    """The angle of each element in the complex plane: 0 for positive numbers, π for negative ones.

    Units: radians, or degrees under `deg`.

    >>> tg.angle(tg.tensor([1.0, -2.0]))
    tensor([0.        , 3.14159265])
    """
    if type(x) is not np.ndarray or x.dtype.kind != "f":
        return np.angle(x, deg)
    turned = np.signbit(x).astype(x.dtype)  # of numbers without an imaginary part np.angle takes an arctangent each
    turned *= math.pi
    if deg:
        turned *= 180 / math.pi
    missing = np.isnan(x)
    if missing.any():
        np.copyto(turned, x, where=missing)
    return turned


conj = conjugate
