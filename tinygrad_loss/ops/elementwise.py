"""Elementwise ops: arithmetic.

Each block gives, for every input, t times the partial derivative: with t the output's gradient it
is the reverse rule, with t the input's tangent the forward rule.
"""

from __future__ import annotations

import numpy as np

from ..core.primitive import constant, elementwise
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from .samples import arrays, positives, scalars

__all__ = [
    "abs",
    "absolute",
    "add",
    "divide",
    "divmod",
    "fabs",
    "floor_divide",
    "fmod",
    "mod",
    "multiply",
    "negative",
    "positive",
    "reciprocal",
    "remainder",
    "subtract",
    "true_divide",
]


WHOLE = np.dtype(int)


@elementwise(
    lambda t, y, a, b: t,
    lambda t, y, a, b: t,
    formula="y = a + b",
    derivative="∂y/∂a = 1, ∂y/∂b = 1",
    samples=lambda: [arrays((2, 3), (2, 3)), arrays((2, 3), (3,)), scalars(2), arrays((0, 3), (3,))],
)
def add(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The sum a + b, elementwise, with broadcasting.

    >>> tg.add(tg.tensor([1.0, 2.0]), 10.0)
    tensor([11., 12.])
    """
    return a + b


@elementwise(
    lambda t, y, a, b: t,
    lambda t, y, a, b: -t,
    formula="y = a - b",
    derivative="∂y/∂a = 1, ∂y/∂b = -1",
    samples=lambda: [arrays((2, 3), (2, 3)), arrays((3,), (2, 1)), scalars(2)],
)
def subtract(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The difference a - b, elementwise, with broadcasting.

    >>> tg.subtract(tg.tensor([1.0, 2.0]), 10.0)
    tensor([-9., -8.])
    """
    return a - b


@elementwise(
    lambda t, y, a, b: t * b,
    lambda t, y, a, b: t * a,
    formula="y = a·b",
    derivative="∂y/∂a = b, ∂y/∂b = a",
    samples=lambda: [arrays((2, 3), (2, 3)), arrays((2, 3), (3,)), scalars(2)],
)
def multiply(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The product a * b, elementwise, with broadcasting; each factor is the other's derivative.

    >>> tg.multiply(tg.tensor([1.0, 2.0]), 10.0)
    tensor([10., 20.])
    """
    return a * b


@elementwise(
    lambda t, y, a, b: t / b,
    lambda t, y, a, b: -t * y / b,
    formula="y = a / b",
    derivative="∂y/∂a = 1/b, ∂y/∂b = -a/b²",
    domain="b ≠ 0",
    samples=lambda: [[*arrays((2, 3)), *positives((2, 3))], [*arrays((3,)), *positives((2, 1))], scalars(2)],
)
def divide(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The quotient a / b, elementwise, with broadcasting.

    >>> tg.divide(tg.tensor([1.0, 2.0]), 4.0)
    tensor([0.25, 0.5 ])
    """
    return a / b


@constant(
    formula="y = ⌊a / b⌋",
    domain="b ≠ 0",
    samples=lambda: [[*arrays((2, 3)), *positives((3,))], [np.array([7, -7]), np.array([2, 2])]],
)
def floor_divide(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The quotient rounded down, a // b; a step function, so no gradient flows through.

    >>> tg.floor_divide(tg.tensor([7.0, -7.0]), 2.0)
    tensor([ 3., -4.])
    """
    return np.floor_divide(a, b)


@elementwise(
    lambda t, y, a, b: t,
    lambda t, y, a, b: -t * np.floor_divide(a, b),
    formula="y = a - b⌊a/b⌋",
    derivative="∂y/∂a = 1, ∂y/∂b = -⌊a/b⌋",
    domain="b ≠ 0",
    kink="it jumps where a/b is whole; the derivative there is the one to the right",
    samples=lambda: [[*arrays((2, 3)), *positives((2, 3))], [*arrays((3,)), *positives((2, 1))]],
)
def remainder(a: ArrayLike, b: ArrayLike) -> Tensor:
    """What a // b leaves over, with the sign of b: a % b = a - b⌊a/b⌋, which has slope 1 in a and -⌊a/b⌋ in b.

    >>> tg.remainder(tg.tensor([5.0, -5.0]), 3.0)
    tensor([2., 1.])
    """
    return np.remainder(a, b)


@elementwise(
    lambda t, y, a, b: t,
    lambda t, y, a, b: -t * np.rint((a - y) / b),  # a - y is a multiple of b: rounding only undoes rounding
    formula="y = a - b·trunc(a/b)",
    derivative="∂y/∂a = 1, ∂y/∂b = -trunc(a/b)",
    domain="b ≠ 0",
    kink="it jumps where a/b is whole; the derivative there is the one farther from 0",
    samples=lambda: [
        [*arrays((2, 3)), *positives((2, 3))],
        [*arrays((3,)), *positives((2, 1))],
        [np.array([5.3, -7.1, 5.3]), np.array([2.0, 1.5, -0.7])],
    ],
)
def fmod(a: ArrayLike, b: ArrayLike) -> Tensor:
    """What dividing a by b towards zero leaves over, with the sign of a, as in C.

    >>> tg.fmod(tg.tensor([5.0, -5.0]), 3.0)
    tensor([ 2., -2.])
    """
    return np.fmod(a, b)


def divmod(a: ArrayLike, b: ArrayLike) -> tuple[Tensor, Tensor]:
    """The pair (a // b, a % b); the quotient is constant, the gradient flows through the remainder.

    >>> tg.divmod(tg.tensor([7.0, -7.0]), 2.0)
    (tensor([ 3., -4.]), tensor([1., 1.]))
    """
    return floor_divide(a, b), remainder(a, b)


@elementwise(
    lambda t, y, x: -t,
    formula="y = -x",
    derivative="∂y/∂x = -1",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def negative(x: ArrayLike) -> Tensor:
    """The negative -x of each element.

    >>> tg.negative(tg.tensor([1.0, -2.0]))
    tensor([-1.,  2.])
    """
    return -x


@elementwise(
    lambda t, y, x: t,
    formula="y = x",
    derivative="∂y/∂x = 1",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def positive(x: ArrayLike) -> Tensor:
    """The elements as they are, as a new tensor: `+x`.

    >>> tg.positive(tg.tensor([1.0, -2.0]))
    tensor([ 1., -2.])
    """
    return np.array(x) if type(x) is np.ndarray and x.dtype.kind == "f" else +x  # a copy is faster


@elementwise(
    lambda t, y, x: -t * y * y,
    formula="y = 1/x",
    derivative="∂y/∂x = -1/x²",
    domain="x ≠ 0",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def reciprocal(x: ArrayLike) -> Tensor:
    """One over each element: y = 1/x, with derivative -y². Integers give whole numbers, as in NumPy.

    >>> tg.reciprocal(tg.tensor([2.0, -4.0]))
    tensor([ 0.5 , -0.25])
    """
    return np.reciprocal(x)


@elementwise(
    lambda t, y, x: t * np.sign(x),
    formula="y = |x|",
    derivative="∂y/∂x = sign x",
    kink="0 at 0",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def absolute(x: ArrayLike) -> Tensor:
    """The absolute value of each element; its derivative is the sign, 0 at 0.

    >>> tg.abs(tg.tensor([-3.0, 2.0]))
    tensor([3., 2.])
    """
    return np.abs(x)


@elementwise(
    lambda t, y, x: t * np.sign(x),
    formula="y = |x|",
    derivative="∂y/∂x = sign x",
    kink="0 at 0",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def fabs(x: ArrayLike) -> Tensor:
    """The absolute value of each element as a float, of integers too; the derivative at 0 is 0.

    >>> tg.fabs(tg.tensor([-3, 2]))
    tensor([3., 2.])
    """
    # of floats it is the absolute value, which NumPy computes for several at once and np.fabs for one
    return np.abs(x) if getattr(x, "dtype", WHOLE).kind == "f" else np.fabs(x)


abs = absolute
mod = remainder
true_divide = divide
functions["abs"] = abs
functions["divmod"] = divmod
functions["mod"] = mod
