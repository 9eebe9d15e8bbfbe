"""Softmax and its logarithm."""

from __future__ import annotations

import numpy as np

from ..core.primitive import primitive
from ..core.tensor import ArrayLike, Tensor
from .activations import with_origin
from .samples import arrays


@primitive(
    lambda g, y, x, axis: y * (g - np.add.reduce(g * y, axis=axis, keepdims=True)),
    pushes=[lambda t, y, x, axis: y * (t - np.sum(t * y, axis=axis, keepdims=True))],
    formula="yᵢ = exp(xᵢ) / Σⱼ exp(xⱼ)",
    derivative="∂yᵢ/∂xⱼ = yᵢ(δᵢⱼ - yⱼ)",
    samples=lambda: [[*arrays((2, 3)), -1], [*arrays((2, 3)), 0], [*arrays((4,)), -1]],
)
def _softmax(x: ArrayLike, axis: int) -> Tensor:
    e = np.exp(x - np.maximum.reduce(x, axis=axis, keepdims=True))  # the largest exponent is 0: no overflow
    return e / np.add.reduce(e, axis=axis, keepdims=True)


@_softmax.op.front
def softmax(x: ArrayLike, axis: int = -1) -> Tensor:
    """Probabilities from logits: exp(x) / Σ exp(x) along `axis`.

    The result remembers x, so that cross-entropy and KL divergence can be computed from the logits.

    >>> tg.softmax(tg.tensor([0.0, 0.0]))
    tensor([0.5, 0.5])
    """
    return with_origin(_softmax(x, axis=axis), x, "softmax", axis)


@primitive(
    lambda g, y, x, axis: g - np.exp(y) * np.add.reduce(g, axis=axis, keepdims=True),
    pushes=[lambda t, y, x, axis: t - np.sum(np.exp(y) * t, axis=axis, keepdims=True)],
    formula="yᵢ = xᵢ - ln Σⱼ exp(xⱼ)",
    derivative="∂yᵢ/∂xⱼ = δᵢⱼ - softmax(x)ⱼ",
    samples=lambda: [[*arrays((2, 3)), -1], [*arrays((2, 3)), 0], [*arrays((4,)), -1]],
)
def log_softmax(x: ArrayLike, axis: int = -1) -> Tensor:
    """The logarithm of softmax, without computing softmax: exact where probabilities would round to 0.

    >>> tg.log_softmax(tg.tensor([0.0, 1000.0]))
    tensor([-1000.,     0.])
    """
    z = x - np.maximum.reduce(x, axis=axis, keepdims=True)
    return z - np.log(np.add.reduce(np.exp(z), axis=axis, keepdims=True))
