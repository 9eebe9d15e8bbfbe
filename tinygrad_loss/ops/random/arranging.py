"""Random order and random choice: elements gathered by random numbers, which keep their gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.tensor import ArrayLike, Tensor
from ...errors import ArgumentError
from ..gathering import take, take_along_axis
from ..places import settled
from ..rows import axes_of
from ..shaping import ravel, reshape
from ..sorting import argsort
from .stream import Seed, Size, draw, drawn_from, shape_of

__all__ = ["choice", "permutation", "permuted"]


def permutation(x: ArrayLike, axis: int = 0, *, seed: Seed = None) -> Tensor:
    """The elements (or rows, along `axis`) in random order; of a number n, those of 0 to n - 1.

    Each row keeps its gradient.

    >>> sorted(tg.random.permutation(4, seed=0).tolist())
    [0, 1, 2, 3]
    """
    if np.ndim(x) == 0:
        return Tensor(drawn_from(seed).permutation(int(x)))
    order = Tensor(drawn_from(seed).permutation(np.shape(x)[axes_of(x, axis)[0]]))
    return take(x, order, axis)


def permuted(x: ArrayLike, axis: int | None = None, *, seed: Seed = None) -> Tensor:
    """The elements in random order along an axis, each row in one of its own; in all places, if None.

    >>> sorted(tg.random.permuted(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1, seed=0)[0].tolist())
    [1.0, 2.0]
    """
    if axis is None:
        return reshape(permuted(ravel(x), 0, seed=seed), np.shape(x))
    order = argsort(draw("random", size=np.shape(x), seed=seed), axis)
    return take_along_axis(x, order, axis)


def choice(
    a: ArrayLike,
    size: Size = None,
    replace: bool = True,
    p: ArrayLike | None = None,
    axis: int = 0,
    shuffle: bool = True,
    *,
    seed: Seed = None,
) -> Tensor:
    """Random elements (or rows, along `axis`) of an array; of a number n, of those from 0 to n - 1.

    What is chosen keeps its gradient; the probabilities get none, since choosing goes in steps.

    Args:
        a: the array, or how many numbers there are to choose from.
        size: how many, as a shape; a single one if None.
        replace: let the same be chosen again.
        p: the probability of each; all the same if None.
        axis: the axis to choose along.
        shuffle: without `replace`, put what is chosen in random order as well.
        seed: an integer, or a NumPy generator; by default from the seed of the process (`tg.set_random_seed`).

    Raises:
        ArgumentError: when there are fewer to choose from than chosen without `replace`, or for
            probabilities that do not fit.

    >>> x = tg.tensor([10.0, 20.0, 30.0])
    >>> tg.random.choice(x, 2, p=[0.0, 1.0, 0.0], seed=0)
    tensor([20., 20.])
    """
    count = int(a) if np.ndim(a) == 0 else np.shape(a)[axes_of(a, axis)[0]]
    shape = shape_of(() if size is None else size)
    chances: Any = None if p is None else np.asarray(settled(p, "tg.random.choice"), float)
    try:
        found = drawn_from(seed).choice(count, (math.prod(shape),), replace, chances, shuffle=shuffle)
    except ValueError as error:
        raise ArgumentError(
            f"choice of {math.prod(shape)} from {count} failed: {str(error).rstrip('.')}.",
            "Without replace, no more than there are; probabilities, one for each, that add up to 1.",
            "Divide the probabilities by their sum, or use replace=True.",
        ) from None
    numbers = reshape(Tensor(found), shape)
    return numbers if np.ndim(a) == 0 else take(a, numbers, axis)
