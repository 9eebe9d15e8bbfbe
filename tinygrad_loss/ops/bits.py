"""Whole numbers bit by bit, and their divisors: constants, through which no gradient flows."""

from __future__ import annotations

import numpy as np

from ..core.primitive import constant
from ..core.tensor import ArrayLike, Tensor

__all__ = [
    "bitwise_and",
    "bitwise_count",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "gcd",
    "invert",
    "lcm",
    "left_shift",
    "right_shift",
]


@constant(formula="y = a & b", samples=lambda: [[np.array([6, 5]), np.array([3, 4])]])
def bitwise_and(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The bits that both have; of booleans, whether both are true.

    >>> tg.bitwise_and(tg.tensor([6, 5]), 3)
    tensor([2, 1])
    """
    return np.bitwise_and(a, b)


@constant(formula="y = a | b", samples=lambda: [[np.array([6, 5]), np.array([3, 4])]])
def bitwise_or(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The bits that either has; of booleans, whether either is true.

    >>> tg.bitwise_or(tg.tensor([6, 5]), 3)
    tensor([7, 7])
    """
    return np.bitwise_or(a, b)


@constant(formula="y = a ^ b", samples=lambda: [[np.array([6, 5]), np.array([3, 4])]])
def bitwise_xor(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The bits that exactly one of them has; of booleans, whether they differ.

    >>> tg.bitwise_xor(tg.tensor([6, 5]), 3)
    tensor([5, 6])
    """
    return np.bitwise_xor(a, b)


@constant(formula="y = ~x", samples=lambda: [[np.array([6, 5])], [np.array([True, False])]])
def invert(x: ArrayLike) -> Tensor:
    """Every bit changed, -x - 1; of booleans, the negation.

    >>> tg.invert(tg.tensor([6, 5]))
    tensor([-7, -6])
    """
    return np.invert(x)


@constant(formula="y = a·2ᵇ", samples=lambda: [[np.array([6, 5]), np.array([3, 1])]])
def left_shift(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The bits of a moved b places up.

    >>> tg.left_shift(tg.tensor([6, 5]), 1)
    tensor([12, 10])
    """
    return np.left_shift(a, b)


@constant(formula="y = ⌊a·2⁻ᵇ⌋", samples=lambda: [[np.array([6, 5]), np.array([3, 1])]])
def right_shift(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The bits of a moved b places down.

    >>> tg.right_shift(tg.tensor([6, 5]), 1)
    tensor([3, 2])
    """
    return np.right_shift(a, b)


@constant(formula="y = the number of ones in |x|", samples=lambda: [[np.array([6, 5, -1])]])
def bitwise_count(x: ArrayLike) -> Tensor:
    """How many bits are one in the size of each element.

    >>> tg.bitwise_count(tg.tensor([6, 7])).tolist()
    [2, 3]
    """
    return np.bitwise_count(x)


@constant(
    formula="y = the greatest common divisor of a and b", samples=lambda: [[np.array([12, 7]), np.array([18, 3])]]
)
def gcd(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The largest whole number that divides both, elementwise.

    >>> tg.gcd(tg.tensor([12, 7]), 18)
    tensor([6, 1])
    """
    return np.gcd(a, b)


@constant(formula="y = the least common multiple of a and b", samples=lambda: [[np.array([4, 7]), np.array([6, 3])]])
def lcm(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The smallest whole number that both divide, elementwise.

    >>> tg.lcm(tg.tensor([4, 7]), 6)
    tensor([12, 42])
    """
    return np.lcm(a, b)


bitwise_invert = bitwise_not = invert
bitwise_left_shift = left_shift
bitwise_right_shift = right_shift
