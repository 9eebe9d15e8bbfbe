"""Elementwise ops: powers and roots."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import elementwise
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import DTypeError
from .samples import arrays, positives, scalars
from .shaping import astype

__all__ = ["cbrt", "float_power", "hypot", "pow", "power", "sqrt", "square"]


def power_slope(a: Any, b: Any) -> Any:
    """∂(aᵇ)/∂a = b·aᵇ⁻¹, which for b = 0 is 0 at a = 0 too."""
    if isinstance(b, (int, float)):
        return b * a ** (b - 1 if b else 0)  # a Python number keeps NumPy's fast ways for whole exponents
    return b * a ** np.where(np.logical_and(a == 0, b == 0), 0, b - 1)


def raised(a: Any, b: Any) -> Any:
    """aᵇ; the third and fourth power by products, which cost a tenth of NumPy's power."""
    if isinstance(b, (int, float)) and b in (3, 4) and getattr(a, "dtype", np.dtype(int)).kind == "f":
        square = np.square(a)
        return square * (a if b == 3 else square)
    return a**b


def exponent_slope(y: Any, a: Any, b: Any) -> Any:
    """∂(aᵇ)/∂b = aᵇ·ln a, with its limit 0 at a = 0."""
    at_zero = np.logical_and(a == 0, b >= 0)
    return np.where(at_zero, 0, y * np.log(np.where(at_zero, 1, a)))


def explain_power(a: Any, b: Any) -> Exception | None:
    """The error for whole numbers raised to negative whole numbers."""
    kinds = {np.asarray(a).dtype.kind, np.asarray(b).dtype.kind}
    if kinds <= set("biu") and np.any(np.asarray(b) < 0):
        return DTypeError(
            f"power cannot raise {np.asarray(a).dtype} to the negative exponent {np.min(b)}.",
            "Integers to negative integer powers are not integers.",
            "Make one of them a float: x.astype(float) ** b, or x ** -1.0.",
        )
    return None


@elementwise(
    lambda t, y, a, b: t * power_slope(a, b),
    lambda t, y, a, b: t * exponent_slope(y, a, b),
    formula="y = aᵇ",
    derivative="∂y/∂a = b·aᵇ⁻¹, ∂y/∂b = aᵇ·ln a",
    domain="a > 0, or an integer exponent b, not below 0 where a = 0",
    kink="at a = 0 the gradient with respect to b ≥ 0 is 0, and that with respect to a is 0 for b = 0",
    explain=explain_power,
    samples=lambda: [
        [*positives((2, 3)), *arrays((2, 3))],
        [*positives((2, 3)), *arrays((3,))],
        [*arrays((2, 3)), 3.0],
        [*arrays((3,)), 2],
        [*positives((3,)), np.array([2.0, -1.0, 0.0])],
        [np.array([1.5, 0.0]), 0],
        [np.array([1.5, 0.0]), 1],
        [2.0, *arrays((2, 3))],
        [*positives(()), *scalars(1)],
    ],
)
def power(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The power a ** b, elementwise, with broadcasting; ∂y/∂a = b·aᵇ⁻¹ and ∂y/∂b = aᵇ·ln a.

    Domain: a negative base needs a whole exponent, and then has no derivative with respect to it (NaN).

    Raises:
        DTypeError: for integers to negative integer powers.

    >>> tg.power(tg.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    """
    return raised(a, b)


def float_power(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The power a ** b, computed in float64 whatever the dtypes: whole numbers may have negative exponents.

    >>> tg.float_power(tg.tensor([2, 4]), -1)
    tensor([0.5 , 0.25])
    """
    return power(astype(a, np.float64), astype(b, np.float64))


@elementwise(
    lambda t, y, x: t * (2 * x),
    formula="y = x²",
    derivative="∂y/∂x = 2x",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def square(x: ArrayLike) -> Tensor:
    """The square of each element, with derivative 2x.

    >>> tg.square(tg.tensor([1.0, -2.0]))
    tensor([1., 4.])
    """
    return np.square(x)


@elementwise(
    lambda t, y, x: t / (2 * y),
    formula="y = √x",
    derivative="∂y/∂x = 1/(2√x)",
    domain="x ≥ 0",
    kink="∞ at 0",
    samples=lambda: [positives((2, 3)), positives(())],
)
def sqrt(x: ArrayLike) -> Tensor:
    """The square root of each element. The slope at 0 is infinite, and is reported as such.

    >>> tg.sqrt(tg.tensor([4.0, 9.0]))
    tensor([2., 3.])
    """
    return np.sqrt(x)


@elementwise(
    lambda t, y, x: t / (3 * y * y),
    formula="y = ∛x",
    derivative="∂y/∂x = 1/(3y²)",
    kink="∞ at 0",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def cbrt(x: ArrayLike) -> Tensor:
    """The cube root of each element, of negative ones too. The slope at 0 is infinite.

    >>> tg.cbrt(tg.tensor([8.0, -27.0]))
    tensor([ 2., -3.])
    """
    return np.cbrt(x)


@elementwise(
    lambda t, y, a, b: t * (a / (y + (y == 0))),
    lambda t, y, a, b: t * (b / (y + (y == 0))),
    formula="y = √(a² + b²)",
    derivative="∂y/∂a = a/y, ∂y/∂b = b/y",
    kink="0 where both are 0",
    samples=lambda: [arrays((2, 3), (2, 3)), arrays((3,), (2, 1)), [np.array([0.0, 3.0]), np.array([2.0, 0.0])]],
)
def hypot(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The length of the vector (a, b), elementwise: neither huge nor tiny sides overflow on the way.

    >>> tg.hypot(tg.tensor([3.0, 3e200]), tg.tensor([4.0, 4e200]))
    tensor([5.e+000, 5.e+200])
    """
    return np.hypot(a, b)


pow = power
functions["float_power"] = float_power
