"""Level 3: what training is made of. Three losses from scratch, and the steps of three optimizers as pure rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exercise import at, exercise, numbers

__all__ = ["adam", "cross_entropy", "descend", "gradient_descent", "kl_divergence", "mean_squared_error", "momentum"]


@exercise(
    3,
    "Mean squared error",
    cases=lambda: [
        (numbers(4), numbers(4, seed=1)),
        (numbers(2, 3), numbers(2, 3, seed=1)),
        (numbers(), numbers(seed=1)),
        at("a row beside a column", numbers(3), numbers(3, 1, seed=1)),
    ],
    derive=(1,),
    hints=(
        "The differences, squared, and their mean over all elements: one number.",
        "(n,) - (n, 1) is (n, n): every truth beside every prediction. Give y_pred the shape of y_true first.",
    ),
    mistakes={
        "the sum, where the mean is asked": lambda y_true, y_pred: np.sum((y_pred - y_true) ** 2),
        "divides by the number of rows, not of all elements": lambda y_true, y_pred: (
            np.sum((np.reshape(y_pred, np.shape(y_true)) - y_true) ** 2) / (*np.shape(y_true), 1)[0]
        ),
        "the root of the mean: nothing asks for it": lambda y_true, y_pred: np.sqrt(
            np.mean((np.reshape(y_pred, np.shape(y_true)) - y_true) ** 2)
        ),
        "right up to a factor 0.5": lambda y_true, y_pred: 0.5 * np.mean((y_pred - y_true) ** 2),
        "gives one number for each row, where one in all is asked": lambda y_true, y_pred: np.mean(
            (y_pred - y_true) ** 2, axis=-1
        ),
        "the mean of |e|, not of e²": lambda y_true, y_pred: np.mean(np.abs(y_pred - y_true)),
        "compares every truth with every prediction": lambda y_true, y_pred: np.mean((y_pred - y_true) ** 2),
    },
)
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of (y_pred - y_true)² over all elements.

    The shapes are equal, or one is (n,) and the other (n, 1), which is the same n numbers. Write it so that it runs
    on Tensors too: its gradient by y_pred is tried.

    >>> float(mean_squared_error(np.array([0.0, 1.0]), np.array([1.0, 3.0])))
    2.5
    """
    return np.mean((np.reshape(y_pred, np.shape(y_true)) - y_true) ** 2)


def _naive_cross_entropy(labels: Any, logits: Any) -> Any:
    p = np.exp(logits) / np.sum(np.exp(logits), axis=1, keepdims=True)
    return -np.mean(np.log(p[np.arange(len(labels)), labels]))


def _stable(logits: Any) -> Any:
    return _shifted_log_softmax(logits, np.max(logits, axis=1, keepdims=True))


def _shifted_log_softmax(logits: Any, largest: Any) -> Any:
    shifted = logits - largest
    return shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))


@exercise(
    3,
    "Cross-entropy from logits",
    cases=lambda: [
        (np.array([0, 2]), numbers(2, 3)),
        (np.array([1, 0, 3, 3]), numbers(4, 4, seed=1)),
        at("large logits", np.array([0, 1]), np.array([[1000.0, 0.0], [-1000.0, 1000.0]])),
        at("rows of different size", np.array([0, 1]), np.array([[1000.0, 0.0], [-1000.0, -1001.0]])),
        at("an unlikely label", np.array([1]), np.array([[800.0, 0.0]])),
    ],
    derive=(1,),
    hints=(
        "-ln p of the label, p = softmax(logits): that is ln Σ exp(logits) - the label's logit.",
        "exp(1000) overflows. Subtracting a row's largest logit from the row changes nothing, and then all is small.",
        "Never take the logarithm of a softmax: for an unlikely label p is 0. Stay with the logits.",
        "logits[np.arange(n), labels] takes each row's own label.",
    ),
    mistakes={
        "exp overflows, or ln of a probability that became 0": _naive_cross_entropy,
        "the largest logit of all was subtracted, where each row needs its own": lambda labels, logits: (
            -np.mean(_shifted_log_softmax(logits, np.max(logits))[np.arange(len(labels)), labels])
        ),
        "the softmax goes over the columns: its axis is that of the classes": lambda labels, logits: (
            -np.mean(_stable(logits.T).T[np.arange(len(labels)), labels])
        ),
        "the label's logit alone: ln Σ exp(logits) is missing": lambda labels, logits: (
            -np.mean(logits[np.arange(len(labels)), labels])
        ),
        "the probability, not its logarithm": lambda labels, logits: (
            -np.mean(np.exp(_stable(logits))[np.arange(len(labels)), labels])
        ),
        "the logarithm to base 2, where ln is asked": lambda labels, logits: (
            -np.mean(_stable(logits)[np.arange(len(labels)), labels]) / np.log(2)
        ),
        "the sum needs keepdims=True, or rows and columns are mixed": lambda labels, logits: (
            -np.mean((logits - np.log(np.sum(np.exp(logits), axis=1)))[np.arange(len(labels)), labels])
        ),
        "a small number in the logarithm hides what the model got wrong": lambda labels, logits: (
            -np.mean(np.log(np.exp(_stable(logits))[np.arange(len(labels)), labels] + 1e-12))
        ),
        "ln of a probability that became 0": lambda labels, logits: (
            -np.mean(np.log(np.exp(_stable(logits))[np.arange(len(labels)), labels]))
        ),
        "the sum over rows, where their mean is asked": lambda labels, logits: (
            -np.sum(_stable(logits)[np.arange(len(labels)), labels])
        ),
        "right up to the sign": lambda labels, logits: np.mean(_stable(logits)[np.arange(len(labels)), labels]),
        "takes the labels' columns of every row: index with np.arange(n) too": lambda labels, logits: (
            -np.mean(_stable(logits)[:, labels])
        ),
    },
)
def cross_entropy(labels: Any, logits: Any) -> Any:
    """The mean over rows of -ln softmax(logits)[label]: labels is (n,) of class numbers, logits is (n, classes).

    It must hold for logits of ±1000. Its gradient by the logits is tried, on Tensors.

    >>> round(float(cross_entropy(np.array([0]), np.array([[0.0, 0.0]]))), 6)
    0.693147
    """
    return -np.mean(_stable(logits)[np.arange(len(labels)), labels])


@exercise(
    3,
    "Kullback-Leibler divergence",
    cases=lambda: [
        (np.array([[0.5, 0.5], [0.25, 0.75]]), numbers(2, 2)),
        (np.array([[0.2, 0.3, 0.5]]), numbers(1, 3, seed=1)),
        at("a probability of 0", np.array([[1.0, 0.0], [0.0, 1.0]]), numbers(2, 2)),
        at("large logits", np.array([[0.5, 0.5]]), np.array([[1000.0, -1000.0]])),
    ],
    derive=(1,),
    hints=(
        "Σ p (ln p - ln q) over a row, the mean over rows; ln q is log-softmax: logits - ln Σ exp(logits).",
        "0 · ln 0 is taken as 0, but NumPy gives nan. Put a harmless 1 there before the logarithm.",
        "np.where(p > 0, p, 1.0) inside the logarithm: ln 1 = 0.",
    ),
    mistakes={
        "0 · ln 0 is not a number; it counts as 0": lambda p, logits: np.mean(
            np.sum(p * (np.log(p) - _stable(logits)), axis=1)
        ),
        "the other way round: Σ q (ln q - ln p)": lambda p, logits: np.mean(
            np.sum(np.exp(_stable(logits)) * (_stable(logits) - np.log(p)), axis=1)
        ),
        "logits are used as if they were ln q": lambda p, logits: np.mean(
            np.sum(p * (np.log(np.where(p > 0, p, 1.0)) - logits), axis=1)
        ),
        "cross-entropy: Σ p ln p is missing": lambda p, logits: np.mean(np.sum(-p * _stable(logits), axis=1)),
        "the mean over all elements, where each row is summed": lambda p, logits: np.mean(
            p * (np.log(np.where(p > 0, p, 1.0)) - _stable(logits))
        ),
    },
)
def kl_divergence(p: Any, logits: Any) -> Any:
    """The mean over rows of Σ p ln(p / q), where q = softmax(logits); p and logits are (n, classes).

    Where p is 0 its term is 0. Its gradient by the logits is tried, on Tensors.

    >>> round(float(kl_divergence(np.array([[1.0, 0.0]]), np.array([[0.0, 0.0]]))), 6)
    0.693147
    """
    entropy = np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=1)
    return np.mean(entropy - np.sum(p * _stable(logits), axis=1))


@exercise(
    3,
    "A step of gradient descent",
    cases=lambda: [
        (numbers(3), numbers(3, seed=1), 0.1),
        (numbers(2, 2), numbers(2, 2, seed=1), 0.5),
        at("an empty array", np.zeros(0), np.zeros(0), 0.1),
    ],
    hints=("The gradient points uphill.", "w -= ... writes into the caller's array; w - ... makes a new one."),
    mistakes={
        "goes uphill: the sign": lambda w, g, learning_rate: w + learning_rate * g,
        "does not use the learning rate": lambda w, g, learning_rate: w - g,
        "the change alone: return the new weights": lambda w, g, learning_rate: -learning_rate * g,
    },
)
def gradient_descent(w: Any, g: Any, learning_rate: Any) -> Any:
    """The weights after one step against the gradient g. The arrays given stay as they are.

    >>> gradient_descent(np.array([1.0]), np.array([2.0]), 0.25)
    array([0.5])
    """
    return w - learning_rate * g


@exercise(
    3,
    "A loop of steps",
    cases=lambda: [
        (lambda w: 2 * w, np.array([1.0, -2.0]), 0.1, 3),
        (np.cos, np.array([0.5]), 0.2, 5),
        at("no steps", lambda w: 2 * w, np.array([1.0]), 0.1, 0),
    ],
    hints=("Ask for the gradient anew at each w.", "for _ in range(steps): w = w - learning_rate * gradient(w)."),
    mistakes={
        "takes the gradient once, not anew at each step": lambda gradient, w, learning_rate, steps: (
            w - learning_rate * steps * gradient(w)
        ),
        "one step only: return after the loop, not in it": lambda gradient, w, learning_rate, steps: _descended(
            gradient, w, learning_rate, min(steps, 1)
        ),
        "one step too few": lambda gradient, w, learning_rate, steps: _descended(gradient, w, learning_rate, steps - 1),
        "one step too many": lambda gradient, w, learning_rate, steps: _descended(
            gradient, w, learning_rate, steps + 1
        ),
    },
)
def descend(gradient: Any, w: Any, learning_rate: Any, steps: Any) -> Any:
    """The weights after so many steps of gradient descent; `gradient(w)` gives the gradient at w.

    >>> descend(lambda w: 2 * w, np.array([1.0]), 0.25, 2)
    array([0.25])
    """
    for _ in range(steps):
        w = w - learning_rate * gradient(w)
    return w


def _descended(gradient: Any, w: Any, learning_rate: float, steps: int) -> Any:
    for _ in range(steps):
        w = w - learning_rate * gradient(w)
    return w


@exercise(
    3,
    "A step with momentum",
    cases=lambda: [
        (numbers(3), numbers(3, seed=1), numbers(3, seed=2), 0.1, 0.9),
        (numbers(2, 2), numbers(2, 2, seed=1), np.zeros((2, 2)), 0.5, 0.5),
        at("an empty array", np.zeros(0), np.zeros(0), np.zeros(0), 0.1, 0.9),
    ],
    hints=(
        "The velocity shrinks by the factor `momentum`, then gets -learning_rate * g.",
        "The weights move by the new velocity.",
    ),
    mistakes={
        "moves by the old velocity, not by the new one": lambda w, g, v, rate, mu: (w + v, mu * v - rate * g),
        "a velocity without the learning rate, which is then applied to all of it": lambda w, g, v, rate, mu: (
            w - rate * (mu * v + g),
            mu * v + g,
        ),
        "the velocity has the sign of the gradient: it goes uphill": lambda w, g, v, rate, mu: (
            w + mu * v + rate * g,
            mu * v + rate * g,
        ),
        "g is damped by 1 - momentum, which this form does not do": lambda w, g, v, rate, mu: (
            w + mu * v - (1 - mu) * rate * g,
            mu * v - (1 - mu) * rate * g,
        ),
        "that is Nesterov's momentum, which looks one step ahead": lambda w, g, v, rate, mu: (
            w + mu * (mu * v - rate * g) - rate * g,
            mu * v - rate * g,
        ),
        "does not return the velocity": lambda w, g, v, rate, mu: w + mu * v - rate * g,
    },
)
def momentum(w: Any, g: Any, velocity: Any, learning_rate: Any, momentum: Any) -> Any:
    """One step of SGD with momentum: v ← μ v - η g, w ← w + v. Return the new w and the new v.

    >>> momentum(np.array([1.0]), np.array([2.0]), np.array([-0.5]), 0.25, 0.5)
    (array([0.25]), array([-0.75]))
    """
    velocity = momentum * velocity - learning_rate * g
    return w + velocity, velocity


def _adam(
    corrected: bool = True, root: bool = False, first: bool = True, squared: bool = True, rooted: bool = True
) -> Any:
    """Adam with some of the usual mistakes in it."""

    def step(w: Any, g: Any, m: Any, v: Any, t: Any, rate: Any, beta_1: Any, beta_2: Any, epsilon: Any) -> Any:
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * (g * g if squared else g)
        m_hat = m / (1 - beta_1**t) if corrected else m
        v_hat = v / (1 - beta_2**t) if corrected else v
        below = (np.sqrt(v_hat + epsilon) if root else np.sqrt(v_hat) + epsilon) if rooted else v_hat + epsilon
        return w - rate * (m_hat if first else g) / below, m, v

    return step


ADAM = (0.1, 0.8, 0.99, 1e-2)  # an ε that is large enough to be seen


@exercise(
    3,
    "A step of Adam",
    cases=lambda: [
        (numbers(3), numbers(3, seed=1), np.zeros(3), np.zeros(3), 1, *ADAM),
        (numbers(2, 2), numbers(2, 2, seed=1), numbers(2, 2, seed=2), numbers(2, 2, seed=3) ** 2, 5, *ADAM),
        at("a gradient of 0", numbers(2), np.zeros(2), np.zeros(2), np.zeros(2), 1, *ADAM),
        at("an empty array", np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0), 1, *ADAM),
    ],
    hints=(
        "m is a running mean of g, v of g²: m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g².",
        "Both start at 0, so at step t they are too small: m̂ = m / (1 - β₁ᵗ), v̂ = v / (1 - β₂ᵗ).",
        "w ← w - η m̂ / (√v̂ + ε). The means that are returned are m and v, not m̂ and v̂.",
    ),
    mistakes={
        "without the correction for means that start at 0": _adam(corrected=False),
        "ε stands under the root": _adam(root=True),
        "the step goes along g, not along its running mean": _adam(first=False),
        "v is a running mean of g, where g² is needed": _adam(squared=False),
        "divides by v̂, not by its root": _adam(rooted=False),
        "ε is added before the correction: the paper's other form": lambda w, g, m, v, t, rate, b1, b2, epsilon: (
            _adam()(w, g, m, v, t, rate, b1, b2, epsilon / np.sqrt(1 - b2**t))
        ),
        "β·t, where the power βᵗ is needed": lambda w, g, m, v, t, rate, b1, b2, epsilon: (
            w
            - rate
            * ((b1 * m + (1 - b1) * g) / (1 - b1 * t))
            / (np.sqrt((b2 * v + (1 - b2) * g * g) / (1 - b2 * t)) + epsilon),
            b1 * m + (1 - b1) * g,
            b2 * v + (1 - b2) * g * g,
        ),
        "m and v are sums: in a mean the new part counts 1 - β": lambda w, g, m, v, t, rate, b1, b2, epsilon: (
            w - rate * ((b1 * m + g) / (1 - b1**t)) / (np.sqrt((b2 * v + g * g) / (1 - b2**t)) + epsilon),
            b1 * m + g,
            b2 * v + g * g,
        ),
        "returns the corrected means, where m and v are to be kept": lambda w, g, m, v, t, rate, b1, b2, epsilon: (
            _adam()(w, g, m, v, t, rate, b1, b2, epsilon)[0],
            (b1 * m + (1 - b1) * g) / (1 - b1**t),
            (b2 * v + (1 - b2) * g * g) / (1 - b2**t),
        ),
    },
)
def adam(w: Any, g: Any, m: Any, v: Any, step: Any, learning_rate: Any, beta_1: Any, beta_2: Any, epsilon: Any) -> Any:
    """One step of Adam, as in the paper's algorithm 1: return the new w, m and v. `step` counts from 1.

    >>> w, m, v = adam(np.array([1.0]), np.array([5.0]), 0.0, 0.0, 1, 0.1, 0.9, 0.999, 0.0)
    >>> round(float(w[0]), 6)
    0.9
    """
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g * g
    return w - learning_rate * (m / (1 - beta_1**step)) / (np.sqrt(v / (1 - beta_2**step)) + epsilon), m, v
