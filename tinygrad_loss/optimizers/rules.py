"""The update rules: what one step makes of a weight, its gradient and what the optimizer remembers of it.

Each rule is a pure function of arrays: it writes into none of them and returns new ones, the weight
first, then the state in the order in which it was given. Numbers are Python numbers, so that float32
stays float32. w is the weight, g its gradient, `step` counts from 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "amsgrad",
    "centered_rmsprop",
    "decayed",
    "descent",
    "lion",
    "momentum_descent",
    "nadam",
    "nesterov_descent",
    "rmsprop",
    "rmsprop_momentum",
]


def decayed(w: Any, learning_rate: float, weight_decay: float) -> Any:
    """Every weight shrinks by the same share, whatever its gradient: w - η λ w.

    Source: Loshchilov, Hutter, Decoupled Weight Decay Regularization, 2019.

    >>> from tinygrad_loss.optimizers import rules
    >>> rules.decayed(np.array([10.0]), 0.1, 0.5)
    array([9.5])
    """
    return w - w * weight_decay * learning_rate


def descent(w: Any, g: Any, learning_rate: float) -> tuple[Any]:
    """A step against the gradient: w - η g.

    Source: Cauchy, Méthode générale pour la résolution des systèmes d'équations simultanées, 1847.

    >>> from tinygrad_loss.optimizers import rules
    >>> rules.descent(np.array([1.0]), np.array([2.0]), 0.1)
    (array([0.8]),)
    """
    return (w - learning_rate * g,)


def momentum_descent(w: Any, g: Any, velocity: Any, learning_rate: float, momentum: float) -> tuple[Any, Any]:
    """The weight rolls on in the direction of earlier steps: v ← μ v - η g, w ← w + v.

    Source: Polyak, Some Methods of Speeding Up the Convergence of Iteration Methods, 1964.

    >>> from tinygrad_loss.optimizers import rules
    >>> rules.momentum_descent(np.array([1.0]), np.array([2.0]), np.array([-0.5]), 0.1, 0.5)
    (array([0.55]), array([-0.45]))
    """
    velocity = momentum * velocity - learning_rate * g
    return w + velocity, velocity


def nesterov_descent(w: Any, g: Any, velocity: Any, learning_rate: float, momentum: float) -> tuple[Any, Any]:
    """Momentum that looks one step ahead: v ← μ v - η g, w ← w + μ v - η g.

    Source: Sutskever, Martens, Dahl, Hinton, On the Importance of Initialization and Momentum in Deep
    Learning, 2013; after Nesterov, 1983.

    >>> from tinygrad_loss.optimizers import rules
    >>> rules.nesterov_descent(np.array([1.0]), np.array([2.0]), np.array([0.0]), 0.1, 0.5)
    (array([0.7]), array([-0.2]))
    """
    velocity = momentum * velocity - learning_rate * g
    return w + momentum * velocity - learning_rate * g, velocity


def adam(
    w: Any, g: Any, m: Any, v: Any, learning_rate: float, step: int, beta_1: float, beta_2: float, epsilon: float
) -> tuple[Any, Any, Any]:
    """Steps from running means m of g and v of g²: w ← w - α m / (√v + ε), α = η √(1 - β₂ᵗ) / (1 - β₁ᵗ).

    The factors in α make up for both means starting at 0. ε stands where the paper has "ε̂" (before its
    section 2.1), as in Keras; PyTorch adds it after the correction.

    Source: Kingma, Ba, Adam: A Method for Stochastic Optimization, 2015.

    >>> from tinygrad_loss.optimizers import rules
    >>> w, m, v = rules.adam(np.array([1.0]), np.array([5.0]), 0.0, 0.0, 0.1, 1, 0.9, 0.999, 1e-7)
    >>> w
    array([0.90000006])
    """
    alpha = learning_rate * (1 - beta_2**step) ** 0.5 / (1 - beta_1**step)
    m = m + (g - m) * (1 - beta_1)
    v = v + (g * g - v) * (1 - beta_2)
    return w - alpha * m / (np.sqrt(v) + epsilon), m, v


def amsgrad(
    w: Any,
    g: Any,
    m: Any,
    v: Any,
    v_max: Any,
    learning_rate: float,
    step: int,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> tuple[Any, Any, Any, Any]:
    """Adam with the largest v so far in place of v, so that its steps never grow again.

    Source: Reddi, Kale, Kumar, On the Convergence of Adam and Beyond, 2018.

    >>> from tinygrad_loss.optimizers import rules
    >>> w, *_ = rules.amsgrad(np.array([1.0]), np.array([5.0]), 0.0, 0.0, 0.0, 0.1, 1, 0.9, 0.999, 1e-7)
    >>> w
    array([0.90000006])
    """
    alpha = learning_rate * (1 - beta_2**step) ** 0.5 / (1 - beta_1**step)
    m = m + (g - m) * (1 - beta_1)
    v = v + (g * g - v) * (1 - beta_2)
    v_max = np.maximum(v_max, v)
    return w - alpha * m / (np.sqrt(v_max) + epsilon), m, v, v_max


def adamax(
    w: Any, g: Any, m: Any, u: Any, learning_rate: float, step: int, beta_1: float, beta_2: float, epsilon: float
) -> tuple[Any, Any, Any]:
    """Adam by the largest recent |g|: u ← max(β₂ u, |g|), w ← w - η m / ((1 - β₁ᵗ)(u + ε)).

    Source: Kingma, Ba, Adam: A Method for Stochastic Optimization, 2015, section 7.1.

    >>> from tinygrad_loss.optimizers import rules
    >>> w, m, u = rules.adamax(np.array([1.0]), np.array([5.0]), 0.0, 0.0, 0.1, 1, 0.9, 0.999, 1e-7)
    >>> w, u
    (array([0.9]), array([5.]))
    """
    m = m + (g - m) * (1 - beta_1)
    u = np.maximum(beta_2 * u, np.abs(g))
    return w - learning_rate / (1 - beta_1**step) * m / (u + epsilon), m, u


def nadam(
    w: Any,
    g: Any,
    m: Any,
    v: Any,
    product: Any,
    learning_rate: float,
    step: int,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> tuple[Any, Any, Any, Any]:
    """Adam that looks ahead as Nesterov's momentum does, with a momentum μₜ = β₁(1 - 0.96ᵗ/2) that warms up.

    w ← w - η m̂ / (√(v / (1 - β₂ᵗ)) + ε), m̂ = μₜ₊₁ m / (1 - Π μ up to t+1) + (1 - μₜ) g / (1 - Π μ up to t);
    `product` is the Π so far, starting at 1.

    Source: Dozat, Incorporating Nesterov Momentum into Adam, 2016.

    >>> from tinygrad_loss.optimizers import rules
    >>> w, *_ = rules.nadam(np.array([1.0]), np.array([5.0]), 0.0, 0.0, 1.0, 0.1, 1, 0.9, 0.999, 1e-7)
    >>> w
    array([0.89372122])
    """
    now, ahead = beta_1 * (1 - 0.5 * 0.96**step), beta_1 * (1 - 0.5 * 0.96 ** (step + 1))
    product = product * now
    m = m + (g - m) * (1 - beta_1)
    v = v + (g * g - v) * (1 - beta_2)
    m_hat = ahead * m / (1 - product * ahead) + (1 - now) * g / (1 - product)
    return w - learning_rate * m_hat / (np.sqrt(v / (1 - beta_2**step)) + epsilon), m, v, product


def rmsprop(w: Any, g: Any, v: Any, learning_rate: float, rho: float, epsilon: float) -> tuple[Any, Any]:
    """Steps by a running mean of g²: v ← ρ v + (1 - ρ) g², w ← w - η g / √(v + ε).

    Source: Tieleman, Hinton, Lecture 6.5 of Neural Networks for Machine Learning, 2012.

    >>> from tinygrad_loss.optimizers import rules
    >>> rules.rmsprop(np.array([1.0]), np.array([2.0]), np.array([4.0]), 0.1, 0.9, 0.0)
    (array([0.9]), array([4.]))
    """
    v = rho * v + (1 - rho) * (g * g)
    return w - learning_rate * g / np.sqrt(v + epsilon), v


def rmsprop_momentum(
    w: Any, g: Any, v: Any, velocity: Any, learning_rate: float, rho: float, momentum: float, epsilon: float
) -> tuple[Any, Any, Any]:
    """The step of `rmsprop`, rolling on: u ← μ u + η g / √(v + ε), w ← w - u.

    >>> from tinygrad_loss.optimizers import rules
    >>> w, *_ = rules.rmsprop_momentum(np.array([1.0]), np.array([2.0]), 4.0, 0.2, 0.1, 0.9, 0.5, 0.0)
    >>> w
    array([0.8])
    """
    v = rho * v + (1 - rho) * (g * g)
    velocity = momentum * velocity + learning_rate * g / np.sqrt(v + epsilon)
    return w - velocity, v, velocity


def centered_rmsprop(
    w: Any, g: Any, v: Any, mean: Any, velocity: Any, learning_rate: float, rho: float, momentum: float, epsilon: float
) -> tuple[Any, Any, Any, Any]:
    """`rmsprop_momentum` with the variance v - mean² in place of v, from a running mean of g as well.

    Source: Graves, Generating Sequences with Recurrent Neural Networks, 2013.

    >>> from tinygrad_loss.optimizers import rules
    >>> w, *_ = rules.centered_rmsprop(np.array([1.0]), np.array([0.0]), 4.0, 0.0, 0.2, 0.1, 0.9, 0.5, 0.0)
    >>> w
    array([0.9])
    """
    v = rho * v + (1 - rho) * (g * g)
    mean = rho * mean + (1 - rho) * g
    velocity = momentum * velocity + learning_rate * g / np.sqrt(v - mean * mean + epsilon)
    return w - velocity, v, mean, velocity


def adagrad(w: Any, g: Any, total: Any, learning_rate: float, epsilon: float) -> tuple[Any, Any]:
    """What moved much moves less: total ← total + g², w ← w - η g / √(total + ε).

    Source: Duchi, Hazan, Singer, Adaptive Subgradient Methods, 2011.

    >>> from tinygrad_loss.optimizers import rules
    >>> rules.adagrad(np.array([1.0]), np.array([3.0]), np.array([16.0]), 0.1, 0.0)
    (array([0.94]), array([25.]))
    """
    total = total + g * g
    return w - learning_rate * g / np.sqrt(total + epsilon), total


def adadelta(
    w: Any, g: Any, v: Any, moved: Any, learning_rate: float, rho: float, epsilon: float
) -> tuple[Any, Any, Any]:
    """Steps d of their own size, from running means v of g² and `moved` of d²: w ← w - η d.

    d = g √(moved + ε) / √(v + ε).

    Source: Zeiler, ADADELTA: An Adaptive Learning Rate Method, 2012.

    >>> from tinygrad_loss.optimizers import rules
    >>> w, *_ = rules.adadelta(np.array([1.0]), np.array([2.0]), np.array([4.0]), np.array([9.0]), 0.1, 0.9, 0.0)
    >>> w
    array([0.7])
    """
    v = rho * v + (1 - rho) * (g * g)
    d = np.sqrt(moved + epsilon) * g / np.sqrt(v + epsilon)
    return w - learning_rate * d, v, rho * moved + (1 - rho) * (d * d)


def lion(w: Any, g: Any, m: Any, learning_rate: float, beta_1: float, beta_2: float) -> tuple[Any, Any]:
    """Every weight moves by η: w ← w - η sign(β₁ m + (1 - β₁) g), then m ← β₂ m + (1 - β₂) g.

    Source: Chen and others, Symbolic Discovery of Optimization Algorithms, 2023.

    >>> from tinygrad_loss.optimizers import rules
    >>> rules.lion(np.array([1.0]), np.array([2.0]), np.array([0.0]), 0.1, 0.9, 0.5)
    (array([0.9]), array([1.]))
    """
    direction = np.sign(beta_1 * m + (1 - beta_1) * g)
    return w - learning_rate * direction, beta_2 * m + (1 - beta_2) * g
