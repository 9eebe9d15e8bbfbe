"""Level 4: rules of whole functions, written as one formula, and right at second order too."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.logsums import logsumexp as logsumexp_op
from ...ops.shaping import sum_to
from ...ops.softmax import log_softmax
from ...ops.softmax import softmax as softmax_op
from ..exercise import at, exercise, numbers

__all__ = ["fused_cross_entropy", "layer_norm", "log_softmax_push", "logsumexp", "matmul", "softmax"]


def _turned(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


@exercise(
    4,
    "The matrix product",
    forward=np.matmul,
    cases=lambda: [
        (numbers(3, 3), numbers(3, 3, seed=1)),
        (numbers(2, 3), numbers(3, 4, seed=1)),
        at("batches", numbers(2, 2, 2), numbers(2, 2, 2, seed=1)),
        at("a batch times one matrix", numbers(4, 2, 3), numbers(3, 2, seed=1)),
        at("an empty array", np.zeros((0, 3)), numbers(3, 2)),
    ],
    derive=(2, 3),
    hints=(
        "y[i, k] = Σ a[i, j] b[j, k]. Which y's does a[i, j] go into, each with which weight?",
        "The shapes leave one way only: ḡ is (n, m), b is (k, m) once transposed, and a's gradient is (n, k).",
        "Transpose the last two axes only; sum over batch axes that were broadcast.",
    ),
    mistakes={
        "b is used where its transpose is needed, and a likewise": lambda g, y, a, b: (g @ b, a @ g),
        "element times element: the rules of a matrix product are matrix products": lambda g, y, a, b: (g * b, g * a),
        "the factors stand in the wrong order": lambda g, y, a, b: (_turned(b) @ g, g @ _turned(a)),
        "turns all axes round, not the last two": lambda g, y, a, b: (g @ b.T, a.T @ g),
        "forgot to sum over the broadcast axis": lambda g, y, a, b: (g @ _turned(b), _turned(a) @ g),
    },
)
def matmul(g: Any, y: Any, a: Any, b: Any) -> Any:
    """The rules of y = a @ b: the gradients of a and of b. Both have at least two axes; batch axes may broadcast.

    >>> matmul(np.ones((1, 1)), np.ones((1, 1)), np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))[0]
    array([[3., 4.]])
    """
    return sum_to(g @ _turned(b), shape=np.shape(a)), sum_to(_turned(a) @ g, shape=np.shape(b))


@exercise(
    4,
    "Softmax",
    forward=lambda x: softmax_op(x, axis=-1),
    cases=lambda: [(numbers(3),), (numbers(2, 4),), at("an empty array", np.zeros((0, 3)))],
    derive=(2,),
    hints=(
        "∂yᵢ/∂xⱼ = yᵢ(δᵢⱼ - yⱼ): each y depends on every x of its row.",
        "Multiply by gᵢ and sum over i: the first part is g·y, the second y times a sum over the row.",
        "y · (g - Σ g·y), the sum over the last axis with keepdims=True.",
    ),
    mistakes={
        "as if each y depended on its own x only": lambda g, y, x: g * y * (1 - y),
        "the common part is missing: every y depends on every x of its row": lambda g, y, x: g * y,
        "sums over the columns: each row is a softmax of its own": lambda g, y, x: (
            y * (g - np.sum(g * y, axis=0, keepdims=True))
        ),
        "that is the rule of log-softmax": lambda g, y, x: g - y * np.sum(g, axis=-1, keepdims=True),
        "the sum needs keepdims=True to stand beside its row": lambda g, y, x: y * (g - np.sum(g * y, axis=-1)),
        "sums over all rows, not over each row": lambda g, y, x: y * (g - np.sum(g * y)),
    },
)
def softmax(g: Any, y: Any, x: Any) -> Any:
    """The rule of the softmax y = exp(x) / Σ exp(x) over the last axis, without a Jacobian matrix.

    >>> softmax(np.array([1.0, 0.0]), np.array([0.5, 0.5]), np.array([0.0, 0.0]))
    array([ 0.25, -0.25])
    """
    return y * (g - np.sum(g * y, axis=-1, keepdims=True))


@exercise(
    4,
    "The logarithm of a sum of exponentials",
    forward=lambda x, axis: logsumexp_op(x, axis=axis),
    cases=lambda: [
        (numbers(3, 3), 1),
        (numbers(2, 3), 0),
        at("large inputs", np.array([[1000.0, 999.0], [-1000.0, -1001.0]]), 1),
        at("an infinite input", np.array([[-np.inf, 0.0]]), 1),
        at("an empty array", np.zeros((0, 3)), 1),
    ],
    derive=(2,),
    hints=(
        "The derivative of ln Σ eˣ by xᵢ is eˣ over the sum: the softmax.",
        "The sum itself is eʸ, and y is at hand: eˣ/eʸ = eˣ⁻ʸ, which never overflows.",
        "g and y need their axis back: np.expand_dims(y, axis).",
    ),
    mistakes={
        "exp overflows: ∞/∞ is no number": lambda g, y, x, axis: (
            np.expand_dims(g, axis) * np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)
        ),
        "eʸ⁻ˣ, the reciprocal: it is eˣ⁻ʸ": lambda g, y, x, axis: (
            np.expand_dims(g, axis) * np.exp(np.expand_dims(y, axis) - x)
        ),
        "puts the axis back at the end, wherever it was": lambda g, y, x, axis: (
            np.expand_dims(g, -1) * np.exp(x - np.expand_dims(y, -1))
        ),
        "without putting the summed axis back": lambda g, y, x, axis: g * np.exp(x - y),
    },
)
def logsumexp(g: Any, y: Any, x: Any, axis: Any) -> Any:
    """The rule of y = ln Σ exp(x) over one axis, right for x = 1000 too.

    >>> logsumexp(np.array([2.0]), np.array([np.log(2.0)]), np.array([[0.0, 0.0]]), 1)
    array([[1., 1.]])
    """
    return np.expand_dims(g, axis) * np.exp(x - np.expand_dims(y, axis))


EPSILON = 1e-5


def _centred(x: Any) -> Any:
    return x - np.mean(x, axis=-1, keepdims=True)


def _deviation(x: Any) -> Any:
    return np.sqrt(np.mean(_centred(x) ** 2, axis=-1, keepdims=True) + EPSILON)


@exercise(
    4,
    "Layer normalisation",
    forward=lambda x: _centred(x) / _deviation(x),
    cases=lambda: [(numbers(4),), (numbers(2, 3),), (numbers(2, 2, 5),), at("an empty array", np.zeros((0, 3)))],
    derive=(2,),
    hints=(
        "With σ = √(variance + 1e-5): y = (x - mean)/σ, and mean and σ depend on every x of the row.",
        "Through the mean the gradient loses its own mean; through σ it loses its part along y.",
        "(g - mean(g) - y·mean(g·y)) / σ, all means over the last axis.",
        "At second order σ moves with x: compute it from x by NumPy's functions, do not take it out of the graph.",
    ),
    mistakes={
        "as if mean and variance did not depend on x": lambda g, y, x: g / _deviation(x),
        "divides by the variance, not by its root": lambda g, y, x: (
            (_centred(g) - y * np.mean(g * y, axis=-1, keepdims=True)) / _deviation(x) ** 2
        ),
        "without the 1e-5 beside the variance": lambda g, y, x: (
            (_centred(g) - y * np.mean(g * y, axis=-1, keepdims=True)) / np.std(x, axis=-1, keepdims=True)
        ),
        "the variance divides by n - 1, where n is asked": lambda g, y, x: (
            (_centred(g) - y * np.mean(g * y, axis=-1, keepdims=True))
            / np.sqrt(np.var(x, axis=-1, keepdims=True, ddof=1) + EPSILON)
        ),
        "sums, where means are needed": lambda g, y, x: (
            (g - np.sum(g, axis=-1, keepdims=True) - y * np.sum(g * y, axis=-1, keepdims=True)) / _deviation(x)
        ),
        "as if the variance did not depend on x": lambda g, y, x: _centred(g) / _deviation(x),
        "as if the mean did not depend on x": lambda g, y, x: (
            (g - y * np.mean(g * y, axis=-1, keepdims=True)) / _deviation(x)
        ),
    },
)
def layer_norm(g: Any, y: Any, x: Any) -> Any:
    """The rule of y = (x - mean) / √(variance + 1e-5), both over the last axis; the variance divides by n.

    It must be right at second order too.

    >>> np.round(layer_norm(np.array([1.0, 0.0]), np.array([1.0, -1.0]), np.array([3.0, 1.0])), 4) + 0.0
    array([0., 0.])
    """
    return (_centred(g) - y * np.mean(g * y, axis=-1, keepdims=True)) / _deviation(x)


def _one_hot(labels: Any, logits: Any) -> Any:
    return np.arange(np.shape(logits)[1]) == np.expand_dims(labels, 1)


def _saved_probabilities(labels: Any, logits: Any) -> tuple[Any, ...]:
    return np.array(0.7), softmax_op(logits, axis=-1), labels, logits


@exercise(
    4,
    "A fused rule, right at second order",
    cases=lambda: [
        _saved_probabilities(np.array([0, 2]), numbers(2, 3)),
        _saved_probabilities(np.array([1, 1, 0]), numbers(3, 2, seed=1)),
    ],
    derive=(3,),
    second=True,
    hints=(
        "At first order: g · (p - 1 at the label, p elsewhere) / n.",
        "p was saved: it is only an array. If the rule is differentiated, p must move with the logits.",
        "Compute the softmax from the logits again. np.exp(logits - largest) / sum runs on Tensors.",
    ),
    mistakes={
        "right at first order, wrong at second: zero throughout": lambda g, p, labels, logits: (
            g * (p - _one_hot(labels, logits)) / len(labels)
        ),
        "1 is not taken off at the labels": lambda g, p, labels, logits: g * p / len(labels),
        "divides by the number of classes, not of rows": lambda g, p, labels, logits: (
            g * (p - _one_hot(labels, logits)) / np.shape(logits)[1]
        ),
        "does not use g": lambda g, p, labels, logits: (p - _one_hot(labels, logits)) / len(labels),
        "the gradient of the sum: divide by the number of rows": lambda g, p, labels, logits: (
            g * (p - _one_hot(labels, logits))
        ),
        "right up to the sign": lambda g, p, labels, logits: g * (_one_hot(labels, logits) - p) / len(labels),
    },
)
def fused_cross_entropy(g: Any, p: Any, labels: Any, logits: Any) -> Any:
    """The gradient by the logits of the mean over rows of -ln softmax(logits)[label]; g is one number.

    The forward pass saved p = softmax(logits) as a plain array. The rule is itself differentiated by the logits.

    >>> fused_cross_entropy(1.0, np.array([[0.5, 0.5]]), np.array([0]), np.array([[0.0, 0.0]]))
    array([[-0.5,  0.5]])
    """
    exponentials = np.exp(logits - np.max(logits, axis=1, keepdims=True))
    p = exponentials / np.sum(exponentials, axis=1, keepdims=True)
    hot = np.arange(p.shape[1]) == np.expand_dims(labels, 1)
    return g * (p - hot) / len(labels)


def _pushed_case(shape: tuple[int, ...], seed: int) -> tuple[Any, ...]:
    x = numbers(*shape, seed=seed)
    return numbers(*shape, seed=seed + 1), log_softmax(x, axis=-1), x


@exercise(
    4,
    "Forward mode of log-softmax",
    cases=lambda: [_pushed_case((4,), 0), _pushed_case((2, 3), 3), at("an empty array", *[np.zeros((0, 3))] * 3)],
    derive=(0,),
    second=True,
    hints=(
        "Forward mode asks: if x moves by t, how does y = x - ln Σ eˣ move?",
        "ln Σ eˣ moves by the mean of t with the softmax as weights.",
        "t - Σ p·t over the last axis, p = eʸ. The vjp is another formula, since this Jacobian is not symmetric.",
    ),
    mistakes={
        "the vjp, where the jvp is asked: Jᵀ for J": lambda t, y, x: t - np.exp(y) * np.sum(t, axis=-1, keepdims=True),
        "the jvp of softmax, not of its logarithm": lambda t, y, x: (
            np.exp(y) * (t - np.sum(np.exp(y) * t, axis=-1, keepdims=True))
        ),
        "only x's own motion: the sum moves too": lambda t, y, x: t,
        "y is ln p: p itself is eʸ": lambda t, y, x: t - np.sum(y * t, axis=-1, keepdims=True),
        "the plain mean of t, where p are the weights": lambda t, y, x: t - np.mean(t, axis=-1, keepdims=True),
    },
)
def log_softmax_push(t: Any, y: Any, x: Any) -> Any:
    """The jvp of y = log_softmax(x) over the last axis: how y moves if x moves along t.

    >>> log_softmax_push(np.array([1.0, 0.0]), np.log([0.5, 0.5]), np.array([0.0, 0.0]))
    array([ 0.5, -0.5])
    """
    return t - np.sum(np.exp(y) * t, axis=-1, keepdims=True)
