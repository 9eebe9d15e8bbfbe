"""The penalties inside losses: of errors, of probabilities, of logits.

Cross-entropies of logits never form a probability, so they stay exact where probabilities would
round to 0 or 1. Those of probabilities are cut off at ε = 1e-7, where their value stops growing; their
gradient does not stop there, or a model that is wholly wrong could never learn.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.primitive import elementwise, primitive
from ..core.tensor import ArrayLike, Tensor
from .activations import sigmoid
from .samples import arrays, positives, scalars
from .softmax import log_softmax, softmax

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "clipped_log",
    "cross_entropy_with_logits",
    "huber",
    "kl_divergence_with_logits",
    "log_cosh",
    "relative_entropy",
    "sparse_cross_entropy_with_logits",
]

EPSILON = 1e-7  # probabilities below it count as it


def probabilities(*shapes: tuple[int, ...]) -> list[Any]:
    """Sample values between 0.2 and 0.8."""
    return [np.array(value * 0.4) for value in positives(*shapes)]


@elementwise(
    lambda t, y, x, delta: t * np.maximum(np.minimum(x, delta), -delta),
    formula="y = x²/2 where |x| ≤ δ, else δ(|x| - δ/2)",
    derivative="∂y/∂x = x, held within ±δ",
    samples=lambda: [arrays((2, 3)), [*arrays((2, 3)), 0.4], scalars(1)],
)
def huber(x: ArrayLike, delta: float = 1.0) -> Tensor:
    """A square near 0, a straight line further out: an outlier pulls with force δ, not more.

    Source: Huber, Robust Estimation of a Location Parameter, 1964.

    >>> tg.huber(tg.tensor([0.5, -3.0]))
    tensor([0.125, 2.5  ])
    """
    return np.where(np.abs(x) <= delta, 0.5 * x * x, delta * (np.abs(x) - 0.5 * delta))


@elementwise(
    lambda t, y, x: t * np.tanh(x),
    formula="y = ln cosh x",
    derivative="∂y/∂x = tanh x",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def log_cosh(x: ArrayLike) -> Tensor:
    """The logarithm of the hyperbolic cosine: about x²/2 near 0 and |x| - ln 2 far out, with derivative tanh x.

    >>> tg.log_cosh(tg.tensor([0.0, 1000.0]))
    tensor([  0.        , 999.30685282])
    """
    return np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - math.log(2)


@elementwise(
    lambda t, y, p: t / np.maximum(p, EPSILON),
    formula="y = ln p, with p held within ε and 1 - ε",
    derivative="∂y/∂p = 1 / max(p, ε), also where p was held",
    domain="p in 0 ... 1; ε = 1e-7",
    samples=lambda: [probabilities((2, 3)), probabilities(())],
)
def clipped_log(p: ArrayLike) -> Tensor:
    """The logarithm of a probability, with a floor at ln 1e-7 under which the gradient goes on.

    >>> p = tg.tensor([0.0, 0.5], requires_grad=True)
    >>> y = tg.clipped_log(p)
    >>> y.detach()
    tensor([-16.11809565,  -0.69314718])
    >>> y.sum().backward()
    >>> p.grad
    tensor([1.e+07, 2.e+00])
    """
    return np.log(np.minimum(np.maximum(p, EPSILON), 1 - EPSILON))


@elementwise(
    lambda t, l, y, p: t * (clipped_log(1 - p) - clipped_log(p)),
    lambda t, l, y, p: t * ((1 - y) / np.maximum(1 - p, EPSILON) - y / np.maximum(p, EPSILON)),
    formula="ℓ = -y ln p - (1 - y) ln(1 - p), with p held within ε and 1 - ε",
    derivative="∂ℓ/∂p = (1 - y)/(1 - p) - y/p, with denominators of at least ε",
    domain="y and p in 0 ... 1; ε = 1e-7",
    samples=lambda: [probabilities((2, 3), (2, 3)), probabilities((2, 3), (3,)), probabilities((), ())],
)
def binary_cross_entropy(y: ArrayLike, p: ArrayLike) -> Tensor:
    """The surprise at the answer y (1 or 0) when 1 was given the probability p.

    >>> tg.binary_cross_entropy(tg.tensor([1.0, 1.0]), tg.tensor([0.5, 0.0]))
    tensor([ 0.69314718, 16.11809565])
    """
    q = np.minimum(np.maximum(p, EPSILON), 1 - EPSILON)
    return -(y * np.log(q) + (1 - y) * np.log(1 - q))


@elementwise(
    lambda t, l, y, z: -t * z,
    lambda t, l, y, z: t * (sigmoid(z) - y),
    formula="ℓ = ln(1 + eᶻ) - y·z",
    derivative="∂ℓ/∂z = sigmoid(z) - y, ∂ℓ/∂y = -z",
    domain="y in 0 ... 1",
    samples=lambda: [arrays((2, 3), (2, 3)), arrays((2, 3), (3,)), scalars(2)],
)
def binary_cross_entropy_with_logits(y: ArrayLike, z: ArrayLike) -> Tensor:
    """Binary cross-entropy of sigmoid(z), from z itself: its gradient is the plain error sigmoid(z) - y.

    >>> tg.binary_cross_entropy_with_logits(tg.tensor([1.0, 1.0]), tg.tensor([0.0, -100.0]))
    tensor([  0.69314718, 100.        ])
    """
    return np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))


@elementwise(
    lambda t, l, y, p: t * (clipped_log(y) - clipped_log(p) + 1),
    lambda t, l, y, p: -t * y / np.maximum(p, EPSILON),
    formula="ℓ = y ln(y/p), with y and p held within ε and 1",
    derivative="∂ℓ/∂p = -y / max(p, ε), also where p was held",
    domain="y and p in 0 ... 1; ε = 1e-7",
    samples=lambda: [probabilities((2, 3), (2, 3)), probabilities((2, 3), (3,)), probabilities((), ())],
)
def relative_entropy(y: ArrayLike, p: ArrayLike) -> Tensor:
    """One term of the Kullback-Leibler divergence of p from y.

    >>> tg.relative_entropy(tg.tensor([0.5, 0.5]), tg.tensor([0.5, 0.25]))
    tensor([0.        , 0.34657359])
    """
    held = np.minimum(np.maximum(y, EPSILON), 1.0)
    return held * np.log(held / np.minimum(np.maximum(p, EPSILON), 1.0))


def along(g: Any, axis: int) -> Any:
    """What a loss per sample receives, with the axis of classes back, so that it broadcasts over them."""
    return np.expand_dims(g, axis)


@primitive(
    lambda g, l, y, z, axis: -along(g, axis) * log_softmax(z, axis=axis),
    lambda g, l, y, z, axis: along(g, axis) * (softmax(z, axis=axis) * np.sum(y, axis=axis, keepdims=True) - y),
    pushes=[
        lambda t, l, y, z, axis: -np.sum(t * log_softmax(z, axis=axis), axis=axis),
        lambda t, l, y, z, axis: np.sum(
            t * (softmax(z, axis=axis) * np.sum(y, axis=axis, keepdims=True) - y), axis=axis
        ),
    ],
    formula="ℓ = -Σ yᵢ ln softmax(z)ᵢ",
    derivative="∂ℓ/∂z = softmax(z)·Σy - y, ∂ℓ/∂y = -ln softmax(z)",
    samples=lambda: [
        [*probabilities((2, 3)), *arrays((2, 3)), -1],
        [*probabilities((2, 3)), *arrays((2, 3)), 0],
        [*probabilities((2, 3, 2)), *arrays((2, 3, 2)), 1],
        [*probabilities((4,)), *arrays((4,)), -1],
    ],
)
def cross_entropy_with_logits(y: ArrayLike, z: ArrayLike, axis: int = -1) -> Tensor:
    """Cross-entropy between the probabilities y and softmax(z) along `axis`, from z itself.

    Where y sums to 1, as probabilities do, the gradient is the plain error softmax(z) - y.

    Shapes: y and z alike; the result lacks `axis`.

    >>> tg.cross_entropy_with_logits(tg.tensor([1.0, 0.0]), tg.tensor([-100.0, 100.0]))
    tensor(200.)
    """
    shifted = z - np.max(z, axis=axis, keepdims=True)  # the largest exponent is 0: no overflow
    return np.log(np.sum(np.exp(shifted), axis=axis)) * np.sum(y, axis=axis) - np.sum(y * shifted, axis=axis)


@primitive(
    lambda g, l, y, z, axis: along(g, axis) * (clipped_log(y) + 1 - log_softmax(z, axis=axis)),
    lambda g, l, y, z, axis: along(g, axis) * (softmax(z, axis=axis) * np.sum(y, axis=axis, keepdims=True) - y),
    pushes=[
        lambda t, l, y, z, axis: np.sum(t * (clipped_log(y) + 1 - log_softmax(z, axis=axis)), axis=axis),
        lambda t, l, y, z, axis: np.sum(
            t * (softmax(z, axis=axis) * np.sum(y, axis=axis, keepdims=True) - y), axis=axis
        ),
    ],
    formula="ℓ = Σ yᵢ ln(yᵢ / softmax(z)ᵢ), with y held within ε and 1",
    derivative="∂ℓ/∂z = softmax(z)·Σy - y",
    domain="y in 0 ... 1; ε = 1e-7",
    samples=lambda: [
        [*probabilities((2, 3)), *arrays((2, 3)), -1],
        [*probabilities((2, 3)), *arrays((2, 3)), 0],
        [*probabilities((4,)), *arrays((4,)), -1],
    ],
)
def kl_divergence_with_logits(y: ArrayLike, z: ArrayLike, axis: int = -1) -> Tensor:
    """The Kullback-Leibler divergence of softmax(z) from the probabilities y along `axis`, from z itself.

    Shapes: y and z alike; the result lacks `axis`.

    >>> tg.kl_divergence_with_logits(tg.tensor([0.5, 0.5]), tg.tensor([3.0, 3.0]))
    tensor(0.)
    """
    held = np.minimum(np.maximum(y, EPSILON), 1.0)
    shifted = z - np.max(z, axis=axis, keepdims=True)
    log_q = shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))
    return np.sum(held * (np.log(held) - log_q), axis=axis)


def one_hot_like(z: Any, labels: Any, axis: int) -> Any:
    """True where the class number along `axis` of z is the label."""
    after = (1,) * (np.ndim(z) - 1 - axis % np.ndim(z))
    return np.expand_dims(labels, axis) == np.arange(np.shape(z)[axis]).reshape(-1, *after)


@primitive(
    None,
    lambda g, l, labels, z, axis: along(g, axis) * (softmax(z, axis=axis) - one_hot_like(z, labels, axis)),
    pushes=[
        None,
        lambda t, l, labels, z, axis: np.sum(
            t * (softmax(z, axis=axis) - one_hot_like(z, labels, axis)), axis=axis
        ),
    ],
    formula="ℓ = -ln softmax(z)ₖ, k the label",
    derivative="∂ℓ/∂zⱼ = softmax(z)ⱼ - [j = k]",
    samples=lambda: [
        [np.array([2, 0]), *arrays((2, 3)), -1],
        [np.array([1, 0, 1]), *arrays((2, 3)), 0],
        [np.array([[2, 0], [1, 1]]), *arrays((2, 3, 2)), 1],
        [np.array(3), *arrays((4,)), -1],
    ],
)
def sparse_cross_entropy_with_logits(labels: ArrayLike, z: ArrayLike, axis: int = -1) -> Tensor:
    """Cross-entropy of softmax(z) along `axis` where the right classes are given by their numbers.

    Shapes: `labels` has the shape of z without `axis`, and so has the result.

    >>> tg.sparse_cross_entropy_with_logits(np.array([0]), tg.tensor([[-100.0, 100.0]]))
    tensor([200.])
    """
    shifted = z - np.max(z, axis=axis, keepdims=True)
    chosen = np.take_along_axis(shifted, np.expand_dims(labels, axis), axis)
    return np.log(np.sum(np.exp(shifted), axis=axis)) - np.squeeze(chosen, axis)
