"""Elementwise ops: hyperbolic functions and their inverses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import elementwise
from ..core.tensor import ArrayLike, Tensor
from .blocks import in_blocks
from .exponentials import is_single, log1p_single
from .samples import arrays, fractions, positives, scalars

__all__ = ["acosh", "arccosh", "arcsinh", "arctanh", "asinh", "atanh", "cosh", "sinh", "tanh"]


@elementwise(
    lambda t, y, x: t * np.cosh(x),
    formula="y = sinh x",
    derivative="∂y/∂x = cosh x",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def sinh(x: ArrayLike) -> Tensor:
    """The hyperbolic sine (eˣ - e⁻ˣ)/2 of each element, with derivative cosh x.

    >>> tg.sinh(tg.tensor([0.0, 1.0]))
    tensor([0.        , 1.17520119])
    """
    return np.sinh(x)


@elementwise(
    lambda t, y, x: t * np.sinh(x),
    formula="y = cosh x",
    derivative="∂y/∂x = sinh x",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def cosh(x: ArrayLike) -> Tensor:
    """The hyperbolic cosine (eˣ + e⁻ˣ)/2 of each element, with derivative sinh x.

    >>> tg.cosh(tg.tensor([0.0, 1.0]))
    tensor([1.        , 1.54308063])
    """
    return np.cosh(x)


@elementwise(
    lambda t, y, x: t - t * (y * y),  # t (1 - y²), without a number for NumPy to convert
    formula="y = tanh x",
    derivative="∂y/∂x = 1 - y²",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def tanh(x: ArrayLike) -> Tensor:
    """The hyperbolic tangent of each element: y = tanh x, with derivative 1 - y².

    >>> tg.tanh(tg.tensor([0.0, 1.0]))
    tensor([0.        , 0.76159416])
    """
    return np.tanh(x)


@elementwise(
    lambda t, y, x: t / np.hypot(1.0, x),
    formula="y = arsinh x",
    derivative="∂y/∂x = 1/√(1 + x²)",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def arcsinh(x: ArrayLike) -> Tensor:
    """The number whose hyperbolic sine is x, ln(x + √(1 + x²)), with derivative 1/√(1 + x²).

    >>> tg.arcsinh(tg.tensor([0.0, 1.0]))
    tensor([0.        , 0.88137359])
    """
    return np.arcsinh(x)


@elementwise(
    lambda t, y, x: t / (np.sqrt(x - 1) * np.sqrt(x + 1)),  # two roots: x² might overflow
    formula="y = arcosh x",
    derivative="∂y/∂x = 1/√(x² - 1)",
    domain="x ≥ 1",
    kink="∞ at 1",
    samples=lambda: [[1 + positives((2, 3))[0]], [np.array(1 + positives(())[0])]],
)
def arccosh(x: ArrayLike) -> Tensor:
    """The number, not negative, whose hyperbolic cosine is x, with derivative 1/√(x² - 1), for x ≥ 1.

    >>> tg.arccosh(tg.tensor([1.0, 2.0]))
    tensor([0.        , 1.3169579])
    """
    return np.arccosh(x)


def _arctanh_single(x: Any) -> Any:
    """½ ln(1 + 2|x|/(1 - |x|)) in float32, with the sign of x: to about three units in the last place."""
    size = np.abs(x)
    return np.copysign(0.5 * log1p_single((size + size) / (1 - size)), x)


@elementwise(
    lambda t, y, x: t / ((1 - x) * (1 + x)),  # 1 - x² would cancel near the ends
    formula="y = artanh x",
    derivative="∂y/∂x = 1/(1 - x²)",
    domain="-1 < x < 1",
    samples=lambda: [fractions((2, 3)), fractions(())],
)
def arctanh(x: ArrayLike) -> Tensor:
    """The number whose hyperbolic tangent is x, with derivative 1/(1 - x²), for |x| < 1.

    >>> tg.arctanh(tg.tensor([0.0, 0.5]))
    tensor([0.        , 0.54930614])
    """
    return in_blocks(_arctanh_single, x) if is_single(x) else np.arctanh(x)


acosh = arccosh
asinh = arcsinh
atanh = arctanh
