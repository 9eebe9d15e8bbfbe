"""Comparisons, truth, and questions about each element: constants, through which no gradient flows."""

from __future__ import annotations

import numpy as np

from ..core.primitive import constant
from ..core.tensor import ArrayLike, Tensor
from .samples import arrays

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "isclose",
    "iscomplex",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "isreal",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "not_equal",
    "signbit",
]


@constant(formula="y = a = b", samples=lambda: [arrays((2, 3), (3,))])
def equal(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Whether a == b, elementwise; no gradient flows through.

    >>> tg.equal(tg.tensor([1.0, 2.0]), 2.0)
    tensor([False,  True])
    """
    return a == b


@constant(formula="y = a ≠ b", samples=lambda: [arrays((2, 3), (3,))])
def not_equal(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Whether a != b, elementwise; no gradient flows through.

    >>> tg.not_equal(tg.tensor([1.0, 2.0]), 2.0)
    tensor([ True, False])
    """
    return a != b


@constant(formula="y = a < b", samples=lambda: [arrays((2, 3), (3,))])
def less(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Whether a < b, elementwise; no gradient flows through.

    >>> tg.less(tg.tensor([1.0, 2.0]), 2.0)
    tensor([ True, False])
    """
    return a < b


@constant(formula="y = a ≤ b", samples=lambda: [arrays((2, 3), (3,))])
def less_equal(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Whether a <= b, elementwise; no gradient flows through.

    >>> tg.less_equal(tg.tensor([1.0, 2.0]), 2.0)
    tensor([ True,  True])
    """
    return a <= b


@constant(formula="y = a > b", samples=lambda: [arrays((2, 3), (3,))])
def greater(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Whether a > b, elementwise; no gradient flows through.

    >>> tg.greater(tg.tensor([1.0, 2.0]), 2.0)
    tensor([False, False])
    """
    return a > b


@constant(formula="y = a ≥ b", samples=lambda: [arrays((2, 3), (3,))])
def greater_equal(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Whether a >= b, elementwise; no gradient flows through.

    >>> tg.greater_equal(tg.tensor([1.0, 2.0]), 2.0)
    tensor([False,  True])
    """
    return a >= b


@constant(formula="y = |a - b| ≤ atol + rtol·|b|", samples=lambda: [arrays((2, 3), (3,))])
def isclose(a: ArrayLike, b: ArrayLike, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Whether a and b are equal up to a tolerance, elementwise: |a - b| ≤ atol + rtol·|b|.

    >>> tg.isclose(tg.tensor([1.0, 2.0]), [1.000001, 2.1])
    tensor([ True, False])
    """
    return np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)


@constant(formula="y = not x", samples=lambda: [[np.array([True, False])]])
def logical_not(x: ArrayLike) -> Tensor:
    """The negation of each element's truth.

    >>> tg.logical_not(tg.tensor([True, False]))
    tensor([False,  True])
    """
    return np.logical_not(x)


@constant(formula="y = a and b", samples=lambda: [[np.array([True, False]), np.array([True, True])]])
def logical_and(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Whether both are true, elementwise.

    >>> tg.logical_and(tg.tensor([True, False]), True)
    tensor([ True, False])
    """
    return np.logical_and(a, b)


@constant(formula="y = a or b", samples=lambda: [[np.array([True, False]), np.array([False, False])]])
def logical_or(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Whether either is true, elementwise.

    >>> tg.logical_or(tg.tensor([True, False]), False)
    tensor([ True, False])
    """
    return np.logical_or(a, b)


@constant(formula="y = either a or b", samples=lambda: [[np.array([True, False]), np.array([True, True])]])
def logical_xor(a: ArrayLike, b: ArrayLike) -> Tensor:
    """Whether exactly one of them is true, elementwise.

    >>> tg.logical_xor(tg.tensor([True, False]), True)
    tensor([False,  True])
    """
    return np.logical_xor(a, b)


@constant(formula="y = x is NaN", samples=lambda: [[np.array([1.0, np.nan, np.inf])]])
def isnan(x: ArrayLike) -> Tensor:
    """Whether each element is NaN, "not a number".

    >>> tg.isnan(tg.tensor([1.0, float("nan")]))
    tensor([False,  True])
    """
    return np.isnan(x)


@constant(formula="y = |x| is ∞", samples=lambda: [[np.array([1.0, np.nan, np.inf, -np.inf])]])
def isinf(x: ArrayLike) -> Tensor:
    """Whether each element is infinite, of either sign.

    >>> tg.isinf(tg.tensor([1.0, float("-inf")]))
    tensor([False,  True])
    """
    return np.isinf(x)


@constant(formula="y = x is finite", samples=lambda: [[np.array([1.0, np.nan, np.inf])]])
def isfinite(x: ArrayLike) -> Tensor:
    """Whether each element is a number, neither infinite nor NaN.

    >>> tg.isfinite(tg.tensor([1.0, float("nan")]))
    tensor([ True, False])
    """
    return np.isfinite(x)


@constant(formula="y = x is +∞", samples=lambda: [[np.array([1.0, np.inf, -np.inf])]])
def isposinf(x: ArrayLike) -> Tensor:
    """Whether each element is positive infinity.

    >>> tg.isposinf(tg.tensor([float("inf"), float("-inf")]))
    tensor([ True, False])
    """
    return np.isposinf(x)


@constant(formula="y = x is -∞", samples=lambda: [[np.array([1.0, np.inf, -np.inf])]])
def isneginf(x: ArrayLike) -> Tensor:
    """Whether each element is negative infinity.

    >>> tg.isneginf(tg.tensor([float("inf"), float("-inf")]))
    tensor([False,  True])
    """
    return np.isneginf(x)


@constant(formula="y = x has the sign bit", samples=lambda: [[np.array([1.0, -0.0, -2.0])]])
def signbit(x: ArrayLike) -> Tensor:
    """Whether each element is below zero, or the zero with a minus sign.

    >>> tg.signbit(tg.tensor([1.0, -0.0]))
    tensor([False,  True])
    """
    return np.signbit(x)


@constant(formula="y = Im x is 0", samples=lambda: [arrays((2, 3))])
def isreal(x: ArrayLike) -> Tensor:
    """Whether each element is real: true everywhere, since tensors are.

    >>> tg.isreal(tg.tensor([1.0, 2.0]))
    tensor([ True,  True])
    """
    return np.isreal(x)


@constant(formula="y = Im x is not 0", samples=lambda: [arrays((2, 3))])
def iscomplex(x: ArrayLike) -> Tensor:
    """Whether each element has an imaginary part: false everywhere, since tensors are real.

    >>> tg.iscomplex(tg.tensor([1.0, 2.0]))
    tensor([False, False])
    """
    return np.iscomplex(x)
