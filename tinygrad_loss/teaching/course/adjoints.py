"""Level 2: arrays. Broadcasting and its undoing, reductions, linear maps beside their adjoints, ties."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.shaping import sum_to
from ..exercise import at, exercise, numbers

__all__ = ["concatenate", "cumsum", "maximum_over", "mean", "multiply", "sum_over", "take", "transpose", "unbroadcast"]


def _summed_at_the_front_only(g: Any, shape: Any) -> Any:
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


@exercise(
    2,
    "Undoing a broadcast",
    cases=lambda: [
        (numbers(4, 3), (3,)),
        (numbers(2, 3), (2, 1)),
        (numbers(2, 3), (2, 3)),
        (numbers(5, 2, 3), (2, 1)),
        at("a single number", numbers(2, 3), ()),
        at("an empty array", np.zeros((0, 3)), (3,)),
    ],
    hints=(
        "A number that was used several times gets the sum of what comes back from each use.",
        "Axes that broadcasting put in front must vanish; axes of length 1 that it stretched must keep length 1.",
        "Sum the g.ndim - len(shape) leading axes first, then, with keepdims=True, those where shape has a 1.",
    ),
    mistakes={
        "sums only the axes in front, not those of length 1": _summed_at_the_front_only,
        "takes the first of the copies, where all are summed": lambda g, shape: g[(0,) * (g.ndim - len(shape))][
            tuple(slice(0, n) for n in shape)
        ],
        "everything is summed, not only what was copied": lambda g, shape: np.full(shape, g.sum()),
        "takes the mean where the sum is needed": lambda g, shape: (
            sum_to(g, shape=shape) * (np.prod(shape) / max(g.size, 1))
        ),
    },
)
def unbroadcast(g: Any, shape: Any) -> Any:
    """The gradient of an array of this shape that was broadcast to g.shape: g, summed over all copies.

    >>> unbroadcast(np.ones((4, 3)), (3,))
    array([4., 4., 4.])
    >>> unbroadcast(np.ones((2, 3)), (2, 1))
    array([[3.],
           [3.]])
    """
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


@exercise(
    2,
    "A product with broadcasting",
    forward=lambda a, b: a * b,
    cases=lambda: [
        (numbers(2, 3), numbers(2, 3, seed=1)),
        (numbers(4, 3), numbers(3, seed=1)),
        (numbers(2, 1), numbers(1, 3, seed=1)),
        at("an empty array", np.zeros((0, 3)), numbers(3)),
        at("single numbers", numbers(), numbers(2, 2, seed=1)),
    ],
    hints=(
        "With equal shapes the gradients are g·b and g·a.",
        "A gradient has the shape of its input. Where an input was stretched, sum over its copies.",
        "You have written `unbroadcast` already: apply it to both.",
    ),
    mistakes={
        "the two gradients are exchanged": lambda g, y, a, b: (sum_to(g * a, a.shape), sum_to(g * b, b.shape)),
        "a's gradient needs b, and b's needs a; and forgot to sum over the broadcast axis": lambda g, y, a, b: (
            g * a,
            g * b,
        ),
        "the mean over the copies, where their sum is needed": lambda g, y, a, b: (
            sum_to(g * b, np.shape(a)) * (np.size(a) / max(np.size(g), 1)),
            sum_to(g * a, np.shape(b)) * (np.size(b) / max(np.size(g), 1)),
        ),
    },
)
def multiply(g: Any, y: Any, a: Any, b: Any) -> Any:
    """The rules of y = a·b, where a and b may broadcast against one another: the gradients of a and of b.

    >>> multiply(np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 3)), np.array([1.0, 2.0, 3.0]))[1]
    array([2., 2., 2.])
    """
    return sum_to(g * b, shape=np.shape(a)), sum_to(g * a, shape=np.shape(b))


@exercise(
    2,
    "The adjoint of a sum",
    forward=lambda x, axis, keepdims: np.sum(x, axis=axis, keepdims=keepdims),
    cases=lambda: [
        (numbers(3, 3), 1, False),
        (numbers(2, 3), 0, False),
        (numbers(2, 3), 1, True),
        (numbers(2, 3, 2), -2, False),
        at("an empty array", np.zeros((0, 3)), 0, False),
    ],
    hints=(
        "Each element of x goes into one sum with weight 1, so it gets that sum's gradient.",
        "Broadcasting copies: but the axis that was summed away must be there again, with length 1.",
        "np.broadcast_to(g if keepdims else np.expand_dims(g, axis), x.shape).",
    ),
    mistakes={
        "forgot to put the summed axis back before copying": lambda g, y, x, axis, keepdims: np.broadcast_to(
            g, x.shape
        ),
        "divides by the length, as for a mean": lambda g, y, x, axis, keepdims: (
            np.broadcast_to(g if keepdims else np.expand_dims(g, axis), x.shape) / x.shape[axis]
        ),
    },
)
def sum_over(g: Any, y: Any, x: Any, axis: Any, keepdims: Any) -> Any:
    """The rule of y = np.sum(x, axis=axis, keepdims=keepdims), for one axis.

    >>> sum_over(np.array([1.0, 2.0]), np.zeros(2), np.zeros((2, 3)), 1, False)
    array([[1., 1., 1.],
           [2., 2., 2.]])
    """
    return np.broadcast_to(g if keepdims else np.expand_dims(g, axis), x.shape)


@exercise(
    2,
    "The mean",
    forward=lambda x, axis: np.mean(x, axis=axis),
    cases=lambda: [
        (numbers(2, 3), 0),
        (numbers(2, 3), 1),
        (numbers(4), -1),
        at("an empty array", np.zeros((2, 0)), 0),
    ],
    hints=("A mean is a sum divided by the number of its elements.", "That number is x.shape[axis]."),
    mistakes={
        "the gradient of the sum: divide by the length of the axis": lambda g, y, x, axis: np.broadcast_to(
            np.expand_dims(g, axis), x.shape
        ),
        "divides by the length of the first axis, not of the one that is asked": lambda g, y, x, axis: (
            np.broadcast_to(np.expand_dims(g, axis), x.shape) / x.shape[0]
        ),
        "the axis is not put back before g is copied": lambda g, y, x, axis: np.broadcast_to(
            g / x.shape[axis], x.shape
        ),
        "divides by the number of all elements, not of those along the axis": lambda g, y, x, axis: (
            np.broadcast_to(np.expand_dims(g, axis), x.shape) / x.size
        ),
    },
)
def mean(g: Any, y: Any, x: Any, axis: Any) -> Any:
    """The rule of y = np.mean(x, axis=axis), for one axis.

    >>> mean(np.array([6.0]), np.zeros(1), np.zeros((3, 1)), 0)
    array([[2.],
           [2.],
           [2.]])
    """
    return np.broadcast_to(np.expand_dims(g, axis) / x.shape[axis], x.shape)


def _to_the_first(g: Any, y: Any, x: Any, axis: Any) -> Any:
    first = np.expand_dims(np.argmax(x, axis=axis), axis)
    out = np.zeros_like(x)
    np.put_along_axis(out, first, np.expand_dims(g, axis), axis)
    return out


@exercise(
    2,
    "The largest, and ties",
    forward=lambda x, axis: np.max(x, axis=axis),
    cases=lambda: [
        (numbers(2, 3), 0),
        (numbers(2, 3), 1),
        (numbers(2, 3, 2), -1),
        at("ties", np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]), 1),
        at("an empty array", np.zeros((0, 3)), 1),
    ],
    hints=(
        "Only the largest element moves y: it gets the whole gradient, the others get 0.",
        "x == np.expand_dims(y, axis) marks it.",
        "Where several are marked they share evenly: divide the mask by how many it marks along the axis.",
    ),
    mistakes={
        "each of the largest gets the whole gradient, where they share it": lambda g, y, x, axis: np.where(
            x == np.expand_dims(y, axis), np.expand_dims(g, axis), 0.0
        ),
        "the first of the largest gets all, where they share evenly": _to_the_first,
        "compares with the largest of all, not of each row along the axis": lambda g, y, x, axis: np.where(
            x == np.max(x, initial=-np.inf), np.expand_dims(g, axis), 0.0
        ),
        "g and y need their axis back: np.expand_dims": lambda g, y, x, axis: (x == y) * g,
    },
)
def maximum_over(g: Any, y: Any, x: Any, axis: Any) -> Any:
    """The rule of y = np.max(x, axis=axis), for one axis. Equal largest elements share the gradient evenly.

    >>> maximum_over(np.array([6.0]), np.array([3.0]), np.array([[3.0, 1.0, 3.0]]), 1)
    array([[3., 0., 3.]])
    """
    largest = x == np.expand_dims(y, axis)
    shares = np.expand_dims(g, axis) / np.sum(largest, axis=axis, keepdims=True, dtype=x.dtype)
    return np.where(largest, shares, 0.0)


def _put_back(g: Any, x: Any, index: Any) -> Any:
    out = np.zeros_like(x)
    np.add.at(out, index, g)
    return out


def _last_one_stays(g: Any, y: Any, x: Any, index: Any) -> Any:
    out = np.zeros_like(x)
    out[index] += g
    return out


@exercise(
    2,
    "The adjoint of indexing",
    forward=lambda x, index: x[index],
    cases=lambda: [
        (numbers(4), np.array([2, 0])),
        (numbers(4, 2), np.array([3, 1, 0])),
        (numbers(3), np.array([0, 0, 2])),
        (numbers(3, 2), np.array([1, 1, 1, 2])),
        at("an empty array", numbers(3), np.zeros(0, dtype=int)),
    ],
    hints=(
        "What was taken out is put back where it was taken from; what was not taken gets 0.",
        "An element that was taken twice gets both gradients, added.",
        "out[index] += g reads each place once and writes once, so repeated places lose all but the last. "
        "np.add.at(out, index, g) adds every one.",
    ),
    mistakes={
        "overwrites instead of accumulating: out[index] += g adds only the last of repeated places": _last_one_stays,
        "takes from g, where g is put back into zeros like x": lambda g, y, x, index: g[index],
        "starts from other numbers than zeros": lambda g, y, x, index: _put_back(g, x, index) + x,
    },
)
def take(g: Any, y: Any, x: Any, index: Any) -> Any:
    """The rule of y = x[index], where index is an array of places, and a place may come several times.

    >>> take(np.array([1.0, 2.0, 3.0]), np.zeros(3), np.zeros(4), np.array([0, 0, 2]))
    array([3., 0., 3., 0.])
    """
    out = np.zeros_like(x)
    np.add.at(out, index, g)
    return out


@exercise(
    2,
    "The adjoint of running sums",
    forward=np.cumsum,
    cases=lambda: [(numbers(4),), (numbers(3, seed=1),), (numbers(1),), at("an empty array", np.zeros(0))],
    hints=(
        "x[0] goes into every running sum, the last element of x only into the last.",
        "So x[i] gets g[i] + g[i+1] + ... to the end.",
        "That is a running sum from the other end: turn round, sum, turn back.",
    ),
    mistakes={
        "the map itself, where its transpose is needed: J for Jᵀ": lambda g, y, x: np.cumsum(g),
        "turned round after the sum only: before it too": lambda g, y, x: np.cumsum(g)[::-1],
        "turned round before the sum only: back after it too": lambda g, y, x: np.cumsum(g[::-1]),
        "the inverse of running sums, where the transpose is needed": lambda g, y, x: np.diff(g, prepend=0.0),
        "x[i] goes into y[i] too: g[i] is missing in its gradient": lambda g, y, x: np.cumsum(g[::-1])[::-1] - g,
    },
)
def cumsum(g: Any, y: Any, x: Any) -> Any:
    """The rule of y = np.cumsum(x), y[k] = x[0] + ... + x[k], for a row of numbers.

    >>> cumsum(np.array([1.0, 10.0, 100.0]), np.zeros(3), np.zeros(3))
    array([111., 110., 100.])
    """
    return np.cumsum(g[::-1])[::-1]


@exercise(
    2,
    "The adjoint of a transposition",
    forward=np.transpose,
    cases=lambda: [
        (numbers(3, 3), (1, 0)),
        (numbers(2, 2, 2), (1, 2, 0)),
        (numbers(2, 3, 4), (2, 0, 1)),
        at("an empty array", np.zeros((0, 2)), (1, 0)),
    ],
    hints=(
        "The adjoint of a rearrangement is the rearrangement back.",
        "Axis k of y is axis axes[k] of x. Which axis of y is axis 0 of x?",
        "np.argsort(axes) is the permutation that undoes axes.",
    ),
    mistakes={
        "turns the axes once more, instead of back": lambda g, y, x, axes: np.transpose(g, axes),
        "turns all axes round: that undoes only a turn of all axes": lambda g, y, x, axes: g.T,
        "transposed: g comes back as it was": lambda g, y, x, axes: g,
    },
)
def transpose(g: Any, y: Any, x: Any, axes: Any) -> Any:
    """The rule of y = np.transpose(x, axes), for a permutation of any number of axes.

    >>> transpose(np.zeros((4, 2, 3)), np.zeros((4, 2, 3)), np.zeros((2, 3, 4)), (2, 0, 1)).shape
    (2, 3, 4)
    """
    return np.transpose(g, np.argsort(axes))


@exercise(
    2,
    "The adjoint of joining",
    forward=lambda a, b, axis: np.concatenate([a, b], axis=axis),
    cases=lambda: [
        (numbers(2, 3), numbers(1, 3, seed=1), 0),
        (numbers(2, 2), numbers(2, 3, seed=1), 1),
        (numbers(4), numbers(2, seed=1), -1),
        at("an empty array", np.zeros((0, 2)), numbers(1, 2), 0),
    ],
    hints=(
        "Each input gets the section of g at which it stands in y.",
        "np.split(g, [length], axis=axis) cuts at one place.",
    ),
    mistakes={
        "cuts in the middle, not where a ends": lambda g, y, a, b, axis: tuple(np.array_split(g, 2, axis=axis)),
    },
)
def concatenate(g: Any, y: Any, a: Any, b: Any, axis: Any) -> Any:
    """The rules of y = np.concatenate([a, b], axis): the gradients of a and of b.

    >>> concatenate(np.array([1.0, 2.0, 3.0]), np.zeros(3), np.zeros(2), np.zeros(1), 0)
    (array([1., 2.]), array([3.]))
    """
    return tuple(np.split(g, [a.shape[axis]], axis=axis))
