"""Elementwise ops: angles and their functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.primitive import elementwise
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from .samples import arrays, fractions, scalars

__all__ = [
    "acos",
    "arccos",
    "arcsin",
    "arctan",
    "arctan2",
    "asin",
    "atan",
    "atan2",
    "cos",
    "deg2rad",
    "degrees",
    "rad2deg",
    "radians",
    "sin",
    "sinc",
    "tan",
]


@elementwise(
    lambda t, y, x: t * np.cos(x),
    formula="y = sin x",
    derivative="∂y/∂x = cos x",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def sin(x: ArrayLike) -> Tensor:
    """The sine of each element, with derivative cos x.

    Units: x in radians.

    >>> tg.sin(tg.tensor([0.0, 1.0]))
    tensor([0.        , 0.84147098])
    """
    return np.sin(x)


@elementwise(
    lambda t, y, x: -t * np.sin(x),
    formula="y = cos x",
    derivative="∂y/∂x = -sin x",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def cos(x: ArrayLike) -> Tensor:
    """The cosine of each element, with derivative -sin x.

    Units: x in radians.

    >>> tg.cos(tg.tensor([0.0, 1.0]))
    tensor([1.        , 0.54030231])
    """
    return np.cos(x)


@elementwise(
    lambda t, y, x: t * (1 + y * y),
    formula="y = tan x",
    derivative="∂y/∂x = 1 + y²",
    domain="x ≠ π/2 + kπ",
    samples=lambda: [fractions((2, 3)), fractions(())],
)
def tan(x: ArrayLike) -> Tensor:
    """The tangent of each element, with derivative 1 + y².

    Units: x in radians.

    >>> tg.tan(tg.tensor([0.0, 1.0]))
    tensor([0.        , 1.55740772])
    """
    return np.tan(x)


@elementwise(
    lambda t, y, x: t / np.sqrt((1 - x) * (1 + x)),  # 1 - x² would cancel near the ends
    formula="y = arcsin x",
    derivative="∂y/∂x = 1/√(1 - x²)",
    domain="-1 ≤ x ≤ 1",
    kink="∞ at ±1",
    samples=lambda: [fractions((2, 3)), fractions(())],
)
def arcsin(x: ArrayLike) -> Tensor:
    """The angle whose sine is x, with derivative 1/√(1 - x²).

    Units: radians, from -π/2 to π/2.

    >>> tg.arcsin(tg.tensor([0.0, 1.0]))
    tensor([0.        , 1.57079633])
    """
    return np.arcsin(x)


@elementwise(
    lambda t, y, x: -t / np.sqrt((1 - x) * (1 + x)),
    formula="y = arccos x",
    derivative="∂y/∂x = -1/√(1 - x²)",
    domain="-1 ≤ x ≤ 1",
    kink="-∞ at ±1",
    samples=lambda: [fractions((2, 3)), fractions(())],
)
def arccos(x: ArrayLike) -> Tensor:
    """The angle whose cosine is x, with derivative -1/√(1 - x²).

    Units: radians, from 0 to π.

    >>> tg.arccos(tg.tensor([1.0, 0.0]))
    tensor([0.        , 1.57079633])
    """
    return np.arccos(x)


@elementwise(
    lambda t, y, x: t / (1 + x * x),
    formula="y = arctan x",
    derivative="∂y/∂x = 1/(1 + x²)",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def arctan(x: ArrayLike) -> Tensor:
    """The angle whose tangent is x, with derivative 1/(1 + x²).

    Units: radians, from -π/2 to π/2.

    >>> tg.arctan(tg.tensor([0.0, 1.0]))
    tensor([0.        , 0.78539816])
    """
    return np.arctan(x)


def radius(a: Any, b: Any) -> Any:
    """√(a² + b²), but 1 at the origin, to divide by."""
    r = np.hypot(a, b)
    return r + (r == 0)


def turning(t: Any, to: Any, a: Any, b: Any) -> Any:
    """t·to/(a² + b²), and 0 at the origin: two divisions, since a square might overflow."""
    r = radius(a, b)
    return t * (to / r) / r


@elementwise(
    lambda t, y, a, b: turning(t, b, a, b),
    lambda t, y, a, b: -turning(t, a, a, b),
    formula="y = the angle of the point (b, a)",
    derivative="∂y/∂a = b/(a² + b²), ∂y/∂b = -a/(a² + b²)",
    kink="0 at the origin; the angle itself jumps on the half line a = 0, b < 0",
    samples=lambda: [arrays((2, 3), (2, 3)), arrays((3,), (2, 1)), [np.array([0.0, 3.0]), np.array([2.0, 0.0])]],
)
def arctan2(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The angle of the point with ordinate a and abscissa b, in all four quadrants.

    Units: radians, from -π to π.

    >>> tg.arctan2(tg.tensor([1.0, -1.0]), -1.0)
    tensor([ 2.35619449, -2.35619449])
    """
    return np.arctan2(a, b)


@elementwise(
    lambda t, y, x: t * (180 / math.pi),
    formula="y = x·180/π",
    derivative="∂y/∂x = 180/π",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def degrees(x: ArrayLike) -> Tensor:
    """Angles in radians, as degrees.

    >>> tg.degrees(tg.tensor([0.0, 3.141592653589793]))
    tensor([  0., 180.])
    """
    return (
        x * (180 / math.pi) if getattr(x, "dtype", np.dtype(int)).kind == "f" else np.degrees(x)
    )  # a product is faster


@elementwise(
    lambda t, y, x: t * (math.pi / 180),
    formula="y = x·π/180",
    derivative="∂y/∂x = π/180",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def radians(x: ArrayLike) -> Tensor:
    """Angles in degrees, as radians.

    >>> tg.radians(tg.tensor([0.0, 180.0]))
    tensor([0.        , 3.14159265])
    """
    return x * (math.pi / 180) if getattr(x, "dtype", np.dtype(int)).kind == "f" else np.radians(x)


def sinc_derivative(x: Any, order: int) -> Any:
    """The derivative of that order of sin(πx)/(πx), without cancellation anywhere.

    With z = πx and f = sin(z)/z: differentiating z·f = sin z gives z·fₙ = sin(z + nπ/2) - n·fₙ₋₁,
    which is used where |z| > n; below stands the series Σ (-1)ᵏ z²ᵏ⁻ⁿ / ((2k - n)! (2k + 1)).
    """
    if order == 0:
        return np.sinc(x)
    z = x * math.pi
    near = np.abs(z) < order + 1
    inside, outside = np.where(near, z, 0), np.where(near, 1, z)
    square = inside * inside
    series: Any = 0.0
    # By Horner's way, in z²; of the first term left out zᵐ/m! is below 1e-19, for |z| up to n + 1
    for m in range(order % 2 + 24 + 4 * order, -1, -2):
        series = series * square + (-1 if (m + order) % 4 else 1) / (math.factorial(m) * (m + order + 1))
    series = series * inside if order % 2 else series
    value = np.sin(outside) / outside
    for n in range(1, order + 1):
        value = (np.sin(outside + n * math.pi / 2) - n * value) / outside
    return np.where(near, series, value) * math.pi**order


@elementwise(
    lambda t, y, x, order: t * _sinc(x, order=order + 1),
    formula="y = sin(πx)/(πx), or its derivative of some order",
    derivative="∂y/∂x = (cos(πx) - y)/x for y = sinc x, 0 at 0",
    reference=lambda x, order: np.sinc(x) if order == 0 else sinc_derivative(x, order),
    samples=lambda: [[*arrays((2, 3)), 0], [np.array([0.0, 1e-9, 1.0, 30.5]), 0], [*arrays((3,)), 1], [*scalars(1), 2]],
)
def _sinc(x: ArrayLike, order: int = 0) -> Tensor:
    return sinc_derivative(x, order)


@_sinc.op.front
def sinc(x: ArrayLike) -> Tensor:
    """The cardinal sine sin(πx)/(πx), which is 1 at 0; smooth, with derivative (cos(πx) - y)/x.

    >>> tg.sinc(tg.tensor([0.0, 0.5]))
    tensor([1.        , 0.63661977])
    """
    return _sinc(x)


acos = arccos
asin = arcsin
atan = arctan
atan2 = arctan2
deg2rad = radians
rad2deg = degrees
functions["deg2rad"] = deg2rad
functions["rad2deg"] = rad2deg
