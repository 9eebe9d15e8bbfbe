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
from .blocks import in_blocks
from .exponentials import log1p_above
from .masks import at_most, within
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
    lambda t, y, x, delta: t * within(x, -delta, delta),
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
    size = np.abs(x)
    near = at_most(size, delta)
    return near * (size - 0.5 * near)  # x²/2 where |x| ≤ δ, else δ(|x| - δ/2)


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
    return in_blocks(lambda x: np.abs(x) + log1p_above(np.exp(-2 * np.abs(x))) - math.log(2), x)


@elementwise(
    lambda t, y, p: t / np.maximum(p, EPSILON),
    formula="y = ln p, with p held within ε and 1 - ε",
    derivative="∂y/∂p = 1 / max(p, ε), also where p was held",
    kink="1/ε at and below ε, where y itself stays the same: a wrong answer keeps its gradient",
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
    lambda t, y, target, p: t * (clipped_log(1 - p) - clipped_log(p)),
    lambda t, y, target, p: t * ((1 - target) / np.maximum(1 - p, EPSILON) - target / np.maximum(p, EPSILON)),
    formula="y = -target ln p - (1 - target) ln(1 - p), with p held within ε and 1 - ε",
    derivative="∂y/∂p = (1 - target)/(1 - p) - target/p, with denominators of at least ε",
    kink="±1/ε where p is held, and y itself stays the same: a wrong answer keeps its gradient",
    domain="target and p in 0 ... 1; ε = 1e-7",
    samples=lambda: [probabilities((2, 3), (2, 3)), probabilities((2, 3), (3,)), probabilities((), ())],
)
def binary_cross_entropy(target: ArrayLike, p: ArrayLike) -> Tensor:
    """The surprise at the answer `target` (1 or 0) when 1 was given the probability p.

    >>> tg.binary_cross_entropy(tg.tensor([1.0, 1.0]), tg.tensor([0.5, 0.0]))
    tensor([ 0.69314718, 16.11809565])
    """
    q = np.minimum(np.maximum(p, EPSILON), 1 - EPSILON)
    return -(target * np.log(q) + (1 - target) * np.log(1 - q))


def _surprise(target: Any, z: Any) -> Any:
    return np.maximum(z, 0) - z * target + log1p_above(np.exp(-np.abs(z)))


@elementwise(
    lambda t, y, target, z: -t * z,
    lambda t, y, target, z: t * (sigmoid(z) - target),
    formula="y = ln(1 + eᶻ) - target·z",
    derivative="∂y/∂z = sigmoid(z) - target, ∂y/∂target = -z",
    domain="target in 0 ... 1",
    samples=lambda: [arrays((2, 3), (2, 3)), arrays((2, 3), (3,)), scalars(2)],
)
def binary_cross_entropy_with_logits(target: ArrayLike, z: ArrayLike) -> Tensor:
    """Binary cross-entropy of sigmoid(z), from z itself: its gradient is the plain error sigmoid(z) - target.

    >>> tg.binary_cross_entropy_with_logits(tg.tensor([1.0, 1.0]), tg.tensor([0.0, -100.0]))
    tensor([  0.69314718, 100.        ])
    """
    return in_blocks(_surprise, target, z)


def held(p: Any) -> Any:
    """p, held within ε and 1."""
    return np.minimum(np.maximum(p, EPSILON), 1.0)


@elementwise(
    lambda t, y, target, p: t * (clipped_log(target) - clipped_log(p) + 1),
    lambda t, y, target, p: -t * target / np.maximum(p, EPSILON),
    formula="y = target ln(target/p), with target and p held within ε and 1",
    derivative="∂y/∂p = -target / max(p, ε), also where p was held",
    kink="-target/ε at and below p = ε, where y itself stays the same: a wrong answer keeps its gradient",
    domain="target and p in 0 ... 1; ε = 1e-7",
    samples=lambda: [probabilities((2, 3), (2, 3)), probabilities((2, 3), (3,)), probabilities((), ())],
)
def relative_entropy(target: ArrayLike, p: ArrayLike) -> Tensor:
    """One term of the Kullback-Leibler divergence of p from `target`.

    >>> tg.relative_entropy(tg.tensor([0.5, 0.5]), tg.tensor([0.5, 0.25]))
    tensor([0.        , 0.34657359])
    """
    return held(target) * np.log(held(target) / held(p))


def apart(g: Any, axis: int) -> Any:
    """g with an axis of length 1 where a reduction took one away."""
    return g[..., None] if axis == -1 else np.expand_dims(g, axis)


def overshoot(target: Any, z: Any, axis: int) -> Any:
    """softmax(z)·Σtarget - target: by how much too likely each class is, the gradient of a cross-entropy."""
    return softmax(z, axis=axis) * np.add.reduce(target, axis=axis, keepdims=True) - target


@primitive(
    lambda g, y, target, z, axis: -apart(g, axis) * log_softmax(z, axis=axis),
    lambda g, y, target, z, axis: apart(g, axis) * overshoot(target, z, axis),
    pushes=[
        lambda t, y, target, z, axis: -np.sum(t * log_softmax(z, axis=axis), axis=axis),
        lambda t, y, target, z, axis: np.sum(t * overshoot(target, z, axis), axis=axis),
    ],
    formula="y = -Σ targetᵢ ln softmax(z)ᵢ",
    derivative="∂y/∂z = softmax(z)·Σtarget - target, ∂y/∂target = -ln softmax(z)",
    samples=lambda: [
        [*probabilities((2, 3)), *arrays((2, 3)), -1],
        [*probabilities((2, 3)), *arrays((2, 3)), 0],
        [*probabilities((2, 3, 2)), *arrays((2, 3, 2)), 1],
        [*probabilities((4,)), *arrays((4,)), -1],
    ],
)
def cross_entropy_with_logits(target: ArrayLike, z: ArrayLike, axis: int = -1) -> Tensor:
    """Cross-entropy between the probabilities `target` and softmax(z) along `axis`, from z itself.

    Where `target` sums to 1, as probabilities do, the gradient is the plain error softmax(z) - target.

    Shapes: `target` and z alike; the result lacks `axis`.

    >>> tg.cross_entropy_with_logits(tg.tensor([1.0, 0.0]), tg.tensor([-100.0, 100.0]))
    tensor(200.)
    """
    shifted = z - np.maximum.reduce(z, axis=axis, keepdims=True)  # the largest exponent is 0: no overflow
    total = np.add.reduce(target, axis=axis)
    return np.log(np.add.reduce(np.exp(shifted), axis=axis)) * total - np.add.reduce(target * shifted, axis=axis)


@primitive(
    lambda g, y, target, z, axis: apart(g, axis) * (clipped_log(target) + 1 - log_softmax(z, axis=axis)),
    lambda g, y, target, z, axis: apart(g, axis) * overshoot(held(target), z, axis),
    pushes=[
        lambda t, y, target, z, axis: np.sum(t * (clipped_log(target) + 1 - log_softmax(z, axis=axis)), axis=axis),
        lambda t, y, target, z, axis: np.sum(t * overshoot(held(target), z, axis), axis=axis),
    ],
    formula="y = Σ targetᵢ ln(targetᵢ / softmax(z)ᵢ), with target held within ε and 1",
    derivative="∂y/∂z = softmax(z)·Σtarget - target",
    domain="target in 0 ... 1; ε = 1e-7",
    samples=lambda: [
        [*probabilities((2, 3)), *arrays((2, 3)), -1],
        [*probabilities((2, 3)), *arrays((2, 3)), 0],
        [*probabilities((4,)), *arrays((4,)), -1],
    ],
)
def kl_divergence_with_logits(target: ArrayLike, z: ArrayLike, axis: int = -1) -> Tensor:
    """The Kullback-Leibler divergence of softmax(z) from the probabilities `target`, from z itself.

    Shapes: `target` and z alike; the result lacks `axis`.

    >>> tg.kl_divergence_with_logits(tg.tensor([0.5, 0.5]), tg.tensor([3.0, 3.0]))
    tensor(0.)
    """
    y = held(target)
    shifted = z - np.maximum.reduce(z, axis=axis, keepdims=True)
    log_q = shifted - np.log(np.add.reduce(np.exp(shifted), axis=axis, keepdims=True))
    return np.add.reduce(y * (np.log(y) - log_q), axis=axis)


def one_hot_like(z: Any, labels: Any, axis: int) -> Any:
    """True where the class number along `axis` of z is the label."""
    numbers = np.arange(z.shape[axis])
    after = z.ndim - 1 - axis % z.ndim
    return apart(labels, axis) == (numbers.reshape(-1, *(1,) * after) if after else numbers)


@primitive(
    None,
    lambda g, y, labels, z, axis: apart(g, axis) * (softmax(z, axis=axis) - one_hot_like(z, labels, axis)),
    pushes=[
        None,
        lambda t, y, labels, z, axis: np.sum(t * (softmax(z, axis=axis) - one_hot_like(z, labels, axis)), axis=axis),
    ],
    formula="y = -ln softmax(z)ₖ, k the label",
    derivative="∂y/∂zⱼ = softmax(z)ⱼ - [j = k]",
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
    shifted = z - np.maximum.reduce(z, axis=axis, keepdims=True)
    if shifted.ndim == 2 and axis % 2 == 1:
        chosen = shifted[np.arange(len(shifted)), labels]
    else:
        chosen = np.squeeze(np.take_along_axis(shifted, np.expand_dims(labels, axis), axis), axis)
    return np.log(np.add.reduce(np.exp(shifted), axis=axis)) - chosen
