"""Activation functions beyond relu, sigmoid and tanh: smooth and leaky ones.

Defaults and values are Keras's.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from ..core.primitive import elementwise
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from .activations import _sigmoid
from .blocks import in_blocks
from .exponentials import expm1_below, log1p_above
from .masks import either, scaled
from .samples import arrays, scalars
from .special import erf_table, erfc
from .tables import Table, fitted, in_pieces

__all__ = [
    "celu",
    "elu",
    "gelu",
    "leaky_relu",
    "log_sigmoid",
    "mish",
    "selu",
    "silu",
    "softplus",
    "softsign",
    "squareplus",
    "tanh_shrink",
]

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017, equation 14
BEND = math.sqrt(2 / math.pi)


@elementwise(
    lambda t, y, x, negative_slope: scaled(x > 0, t, 1.0, negative_slope),
    formula="y = x for x > 0, else slope·x",
    derivative="∂y/∂x = 1 for x > 0, else slope",
    kink="slope at 0",
    samples=lambda: [arrays((2, 3)), [*arrays((3,)), 0.5], scalars(1)],
    reference=lambda x, negative_slope=0.2: np.where(x > 0, x, negative_slope * x),
)
def leaky_relu(x: ArrayLike, negative_slope: float = 0.2) -> Tensor:
    """A relu that lets a little through where x is negative.

    Source: Maas, Hannun, Ng, Rectifier Nonlinearities Improve Neural Network Acoustic Models, 2013.

    >>> tg.leaky_relu(tg.tensor([-1.0, 2.0]))
    tensor([-0.2,  2. ])
    """
    if 0 <= negative_slope <= 1:
        return np.maximum(x, negative_slope * x)
    return np.maximum(x, 0) + negative_slope * np.minimum(x, 0)  # one of the two is 0


@elementwise(
    lambda t, y, x, alpha: either(x > 0, t, t * alpha * np.exp(np.minimum(x, 0))),
    formula="y = x for x > 0, else α(eˣ - 1)",
    derivative="∂y/∂x = 1 for x > 0, else αeˣ",
    kink="α at 0",
    samples=lambda: [arrays((2, 3)), [*arrays((3,)), 0.5], scalars(1)],
    reference=lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(x)),
)
def elu(x: ArrayLike, alpha: float = 1.0) -> Tensor:
    """The exponential linear unit.

    Source: Clevert, Unterthiner, Hochreiter, Exponential Linear Units, 2015.

    >>> tg.elu(tg.tensor([0.0, 2.0]))
    tensor([0., 2.])
    """
    return in_blocks(lambda x: np.maximum(x, 0) + alpha * expm1_below(np.minimum(x, 0)), x)


@elementwise(
    lambda t, y, x, alpha: t * np.exp(np.minimum(x, 0) / alpha),
    formula="y = x for x > 0, else α(e^(x/α) - 1)",
    derivative="∂y/∂x = 1 for x > 0, else e^(x/α)",
    samples=lambda: [arrays((2, 3)), [*arrays((3,)), 0.5], scalars(1)],
    reference=lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(x / alpha)),
)
def celu(x: ArrayLike, alpha: float = 1.0) -> Tensor:
    """The continuously differentiable exponential linear unit.

    Source: Barron, Continuously Differentiable Exponential Linear Units, 2017.

    >>> tg.celu(tg.tensor([0.0, 2.0]))
    tensor([0., 2.])
    """
    return in_blocks(lambda x: np.maximum(x, 0) + alpha * expm1_below(np.minimum(x, 0) / alpha), x)


def _selu(x: Any) -> Any:
    half = np.tanh(0.5 * np.minimum(x, 0))  # eˣ - 1 as in `expm1_below`
    return SELU_SCALE * np.maximum(x, 0) + (2 * SELU_SCALE * SELU_ALPHA) * half / (1 - half)


@elementwise(
    lambda t, y, x: either(x > 0, t * 1.0507009873554805, t * (1.7580993408473766 * np.exp(np.minimum(x, 0)))),
    formula="y = λx for x > 0, else λα(eˣ - 1)",
    derivative="∂y/∂x = λ for x > 0, else λαeˣ",
    kink="λα at 0",
    samples=lambda: [arrays((2, 3)), scalars(1)],
    reference=lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(x)),
)
def selu(x: ArrayLike) -> Tensor:
    """The scaled exponential linear unit, which keeps mean 0 and variance 1.

    Source: Klambauer, Unterthiner, Mayr, Hochreiter, Self-Normalizing Neural Networks, 2017.

    >>> tg.selu(tg.tensor([0.0, 1.0]))
    tensor([0.        , 1.05070099])
    """
    return in_blocks(_selu, x)


@elementwise(
    lambda t, y, x: t * _sigmoid(x),
    formula="y = ln(1 + eˣ)",
    derivative="∂y/∂x = 1/(1 + e⁻ˣ)",
    samples=lambda: [arrays((2, 3)), scalars(1)],
    reference=lambda x: np.logaddexp(x, 0),
)
def softplus(x: ArrayLike) -> Tensor:
    """A smooth relu: ln(1 + eˣ), without overflow.

    >>> tg.softplus(tg.tensor([0.0, 1000.0]))
    tensor([6.93147181e-01, 1.00000000e+03])
    """
    return in_blocks(lambda x: np.maximum(x, 0) + log1p_above(np.exp(-np.abs(x))), x)


@elementwise(
    lambda t, y, x: t * _sigmoid(-x),
    formula="y = ln(1/(1 + e⁻ˣ))",
    derivative="∂y/∂x = 1/(1 + eˣ)",
    samples=lambda: [arrays((2, 3)), scalars(1)],
    reference=lambda x: -np.logaddexp(-x, 0),
)
def log_sigmoid(x: ArrayLike) -> Tensor:
    """The logarithm of the sigmoid, without overflow.

    >>> tg.log_sigmoid(tg.tensor([0.0, -1000.0]))
    tensor([-6.93147181e-01, -1.00000000e+03])
    """
    return in_blocks(lambda x: np.minimum(x, 0) - log1p_above(np.exp(-np.abs(x))), x)


@elementwise(
    lambda t, y, x: t / np.square(1 + np.abs(x)),
    formula="y = x/(1 + |x|)",
    derivative="∂y/∂x = 1/(1 + |x|)²",
    samples=lambda: [arrays((2, 3)), scalars(1)],
    reference=lambda x: x / (1 + np.abs(x)),
)
def softsign(x: ArrayLike) -> Tensor:
    """x/(1 + |x|): like tanh, with slower tails.

    >>> tg.softsign(tg.tensor([-1.0, 3.0]))
    tensor([-0.5 ,  0.75])
    """
    return x / (1 + np.abs(x))


@elementwise(
    lambda t, y, x, b: t * (0.5 + 0.5 * x / np.sqrt(np.square(x) + b)),
    formula="y = (x + √(x² + b))/2",
    derivative="∂y/∂x = (1 + x/√(x² + b))/2",
    samples=lambda: [arrays((2, 3)), [*arrays((3,)), 1.0], scalars(1)],
    reference=lambda x, b=4: (x + np.sqrt(x * x + b)) / 2,
)
def squareplus(x: ArrayLike, b: float = 4) -> Tensor:
    """A smooth relu without exponentials: (x + √(x² + b))/2.

    Source: Barron, Squareplus, 2021.

    >>> tg.squareplus(tg.tensor([0.0]))
    tensor([1.])
    """
    return (x + np.sqrt(np.square(x) + b)) / 2


def silu(x: ArrayLike) -> Tensor:
    """x·sigmoid(x), also called swish.

    Derivative: ∂y/∂x = s + x·s(1 - s), with s = sigmoid(x).

    Source: Elfwing, Uchibe, Doya, Sigmoid-Weighted Linear Units, 2017.

    >>> tg.silu(tg.tensor([0.0, 2.0]))
    tensor([0.        , 1.76159416])
    """
    return x * functions["sigmoid"](x)


def mish(x: ArrayLike) -> Tensor:
    """x·tanh(softplus(x)).

    Derivative: ∂y/∂x = t + x(1 - t²)·sigmoid(x), with t = tanh(softplus(x)).

    Source: Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019.

    >>> tg.mish(tg.tensor([0.0, 2.0]))
    tensor([0.        , 1.94395896])
    """
    return x * np.tanh(softplus(x))


def tanh_shrink(x: ArrayLike) -> Tensor:
    """x - tanh(x).

    Derivative: ∂y/∂x = tanh²(x).

    >>> tg.tanh_shrink(tg.tensor([0.0, 1.0]))
    tensor([0.        , 0.23840584])
    """
    return x - np.tanh(x)


def _share_below(x: Any) -> Any:
    """The normal distribution's share below x, in float64."""
    return 0.5 + 0.5 * erf_table(x.dtype)(x * math.sqrt(0.5))


def _density(x: Any) -> Any:
    return np.exp(-0.5 * np.square(x)) / math.sqrt(math.tau)


def _slope_from_share(x: Any) -> Any:
    return _share_below(x) + x * _density(x)


@cache
def _lines(formula: Any) -> Table:
    """A table in float32 whose spacing is so small that lines will do; at -15 the density is 0 in float32."""
    return Table(fitted(formula, 2), -15, 15, 2.0**-10)


def _gelu_values(x: Any) -> Any:
    y = _share_below(x) if x.dtype == np.float64 else _lines(_share_below)(x)
    y *= x
    return y


def _gelu_slope_values(x: Any) -> Any:
    return _slope_from_share(x) if x.dtype == np.float64 else _lines(_slope_from_share)(x)


@elementwise(
    lambda t, y, x: t * ((2 - np.square(x)) * _density(x)),
    formula="y = ½(1 + erf(x/√2)) + x e^(-x²/2)/√(2π)",
    derivative="∂y/∂x = (2 - x²) e^(-x²/2)/√(2π)",
    samples=lambda: [arrays((2, 3)), scalars(1)],
    reference=lambda x: erfc(-x / math.sqrt(2)) / 2 + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi),
)
def _gelu_slope(x: ArrayLike) -> Tensor:
    """The derivative of `gelu`, an op because looking it up is less work than its formula.

    >>> float(tg.elementwise_grad(tg.gelu)(0.0))
    0.5
    """
    return in_pieces(_gelu_slope_values, x, single=True)


@elementwise(
    lambda t, y, x: in_blocks(lambda t, x: t * _gelu_slope(x), t, x),
    formula="y = ½x(1 + erf(x/√2))",
    derivative="∂y/∂x = ½(1 + erf(x/√2)) + x e^(-x²/2)/√(2π)",
    samples=lambda: [arrays((2, 3)), scalars(1)],
    reference=lambda x: x * erfc(-x / math.sqrt(2)) / 2,
)
def _gelu(x: ArrayLike) -> Tensor:
    return in_pieces(_gelu_values, x, single=True)


@elementwise(
    lambda t, y, x: in_blocks(_gelu_tanh_flow, t, x),
    formula="y = ½x(1 + tanh u), with u = √(2/π)(x + 0.044715x³)",
    derivative="∂y/∂x = ½(1 + tanh u)(1 + x(1 - tanh u) ∂u/∂x)",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def _gelu_tanh(x: ArrayLike) -> Tensor:
    """The approximate form of `gelu`.

    >>> tg.gelu(tg.tensor([0.0, 1.0]), approximate=True)
    tensor([0.        , 0.84119199])
    """
    return in_blocks(lambda x: 0.5 * x * (1 + np.tanh(_bent(x))), x)


def _bent(x: Any) -> Any:
    """√(2/π)(x + 0.044715x³), whose tanh is nearly erf(x/√2)."""
    return x * (BEND + (0.044715 * BEND) * np.square(x))


def _gelu_tanh_flow(t: Any, x: Any) -> Any:
    square = np.square(x)
    below = 0.5 + 0.5 * np.tanh(x * (BEND + (0.044715 * BEND) * square))
    slope = 2 * BEND + (6 * 0.044715 * BEND) * square
    return t * (below * (1 + x * slope * (1 - below)))


@_gelu.op.front
def gelu(x: ArrayLike, approximate: bool = False) -> Tensor:
    """x times the normal distribution's share below x: ½x(1 + erf(x/√2)).

    Args:
        x: the input.
        approximate: use the tanh form ½x(1 + tanh(√(2/π)(x + 0.044715x³))), which is faster.

    Source: Hendrycks, Gimpel, Gaussian Error Linear Units, 2016.

    >>> tg.gelu(tg.tensor([0.0, 1.0]))
    tensor([0.        , 0.84134475])
    """
    return _gelu_tanh(x) if approximate else _gelu(x)


functions.update(silu=silu, mish=mish, tanh_shrink=tanh_shrink)
