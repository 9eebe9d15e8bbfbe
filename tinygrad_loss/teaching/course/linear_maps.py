"""Level 4: adjoints of maps that are linear in each of two inputs: any einsum, and convolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exercise import at, exercise, numbers

__all__ = ["convolution", "einsum"]


def _letters(subscripts: str) -> tuple[str, str, str]:
    """The letters of a, of b and of the result."""
    inputs, _, out = subscripts.partition("->")
    first, _, second = inputs.partition(",")
    return first, second, out


def _wrong_order(g: Any, y: Any, subscripts: Any, a: Any, b: Any) -> Any:
    first, second, out = _letters(subscripts)
    return np.einsum(f"{out},{second}->{first[::-1]}", g, b)


@exercise(
    4,
    "The adjoint of any einsum",
    forward=np.einsum,
    cases=lambda: [
        ("ij,jk->ik", numbers(3, 3), numbers(3, 3, seed=1)),
        ("ij,jk->ik", numbers(2, 3), numbers(3, 4, seed=1)),
        ("bij,bjk->bik", numbers(2, 2, 3), numbers(2, 3, 2, seed=1)),
        ("i,j->ij", numbers(3), numbers(2, seed=1)),
        ("ij,ij->", numbers(2, 3), numbers(2, 3, seed=1)),
        ("ij,j->ji", numbers(2, 3), numbers(3, seed=1)),
        at("a letter that only a has", "ij,k->k", numbers(2, 3), numbers(4, seed=1)),
        at("a letter that only b has", "i,ij->i", numbers(2), numbers(2, 3, seed=1)),
        at("an empty array", "ij,jk->ik", np.zeros((0, 3)), numbers(3, 2)),
    ],
    hints=(
        "Written out, y is a sum of products a·b. Held b, each a is multiplied by a b, and adds to a y.",
        "Going back: g in place of y, the same b, and a's letters are what is wanted: 'out,second->first'.",
        "A letter that stands in a alone was summed away: its gradient is the same along it. Leave it out of the "
        "einsum, put the axis back with np.expand_dims, and broadcast to a.shape.",
    ),
    mistakes={
        "transposed: a's letters are in the wrong order": _wrong_order,
        "the map itself, with g for a: the subscripts must change too": lambda g, y, subscripts, a, b: np.einsum(
            subscripts, g, b
        ),
    },
)
def einsum(g: Any, y: Any, subscripts: Any, a: Any, b: Any) -> Any:
    """The gradient of a in y = np.einsum(subscripts, a, b), for subscripts such as "ij,jk->ik".

    The result's letters are always given; no letter comes twice in one operand.

    >>> einsum(np.array([1.0, 10.0]), np.zeros(2), "ij,j->i", np.zeros((2, 2)), np.array([3.0, 4.0]))
    array([[ 3.,  4.],
           [30., 40.]])
    """
    inputs, out = subscripts.split("->")
    first, second = inputs.split(",")
    kept = "".join(letter for letter in first if letter in second + out)
    gradient = np.einsum(f"{out},{second}->{kept}", g, b)
    for axis, letter in enumerate(first):
        if letter not in kept:
            gradient = np.expand_dims(gradient, axis)
    return np.broadcast_to(gradient, a.shape)


@exercise(
    4,
    "The adjoints of a convolution",
    forward=lambda x, w: np.correlate(x, w, "valid"),
    cases=lambda: [
        (numbers(5), numbers(3, seed=1)),
        (numbers(4), numbers(2, seed=1)),
        (numbers(3), numbers(3, seed=1)),
        (numbers(6), numbers(1, seed=1)),
    ],
    hints=(
        "y[n] = Σ x[n + k] w[k]: x[i] goes into y[i - k] with weight w[k], for every k for which there is a y.",
        "So x's gradient is Σ g[i - k] w[k]: a sum of indices that is constant is a convolution, np.convolve, full.",
        "w[k] meets x[n + k] in every y[n]: its gradient is Σ g[n] x[n + k], a correlation of x with g.",
    ),
    mistakes={
        "the kernel is not turned round": lambda g, y, x, w: (
            np.convolve(g, w[::-1], "full"),
            np.correlate(x, g, "valid"),
        ),
        "the gradients are exchanged": lambda g, y, x, w: (np.correlate(x, g, "valid"), np.convolve(g, w, "full")),
        "x's gradient is full: every overlap of g and w counts": lambda g, y, x, w: (
            np.convolve(g, w, "same"),
            np.correlate(x, g, "valid"),
        ),
        "the kernel's gradient is turned round": lambda g, y, x, w: (
            np.convolve(g, w, "full"),
            np.convolve(x, g, "valid"),
        ),
    },
)
def convolution(g: Any, y: Any, x: Any, w: Any) -> Any:
    """The rules of y = np.correlate(x, w, "valid"), what networks call a convolution: the gradients of x and of w.

    y[n] = Σ x[n + k] w[k] over k, wherever the kernel w lies wholly within the row x.

    >>> convolution(np.array([1.0, 10.0]), np.zeros(2), np.array([1.0, 2.0, 3.0]), np.array([5.0, 7.0]))
    (array([ 5., 57., 70.]), array([21., 32.]))
    """
    return np.convolve(g, w, "full"), np.correlate(x, g, "valid")
