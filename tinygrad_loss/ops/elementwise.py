"""Elementwise ops: arithmetic, powers, exponentials, comparisons.

Each block gives, for every input, t times the partial derivative: with t the output's gradient it
is the reverse rule, with t the input's tangent the forward rule.
"""

from __future__ import annotations

import numpy as np

from ..core.primitive import constant, elementwise
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from .samples import arrays, positives, scalars


@elementwise(
    lambda t, y, a, b: t,
    lambda t, y, a, b: t,
    formula="y = a + b",
    derivative="∂y/∂a = 1, ∂y/∂b = 1",
    samples=lambda: [arrays((2, 3), (2, 3)), arrays((2, 3), (3,)), scalars(2)],
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
    """The product a * b, elementwise, with broadcasting.

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
    return +x


@elementwise(
    lambda t, y, a, b: t * b * a ** np.where(b == 0, 1, b - 1),
    lambda t, y, a, b: np.where(a == 0, 0, t * y * np.log(np.where(a == 0, 1, a))),
    formula="y = aᵇ",
    derivative="∂y/∂a = b·aᵇ⁻¹, ∂y/∂b = aᵇ·ln a",
    domain="a > 0, or an integer exponent b",
    kink="at a = 0 the gradient with respect to b is 0",
    samples=lambda: [
        [*positives((2, 3)), *arrays((2, 3))],
        [*positives((2, 3)), *arrays((3,))],
        [*arrays((2, 3)), 3.0],
        [*arrays((3,)), 2],
        [np.array([1.5, 0.0]), 0],
    ],
)
def power(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The power a ** b, elementwise, with broadcasting.

    >>> tg.power(tg.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    """
    return a**b


@elementwise(
    lambda t, y, x: t * (2 * x),
    formula="y = x²",
    derivative="∂y/∂x = 2x",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def square(x: ArrayLike) -> Tensor:
    """The square of each element.

    >>> tg.square(tg.tensor([1.0, -2.0]))
    tensor([1., 4.])
    """
    return x * x


@elementwise(
    lambda t, y, x: t / (2 * y),
    formula="y = √x",
    derivative="∂y/∂x = 1/(2√x)",
    domain="x ≥ 0",
    kink="∞ at 0",
    samples=lambda: [positives((2, 3)), positives(())],
)
def sqrt(x: ArrayLike) -> Tensor:
    """The square root of each element. The slope at 0 is infinite, and is reported as such.

    >>> tg.sqrt(tg.tensor([4.0, 9.0]))
    tensor([2., 3.])
    """
    return np.sqrt(x)


@elementwise(
    lambda t, y, x: t * y,
    formula="y = eˣ",
    derivative="∂y/∂x = y",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def exp(x: ArrayLike) -> Tensor:
    """The exponential of each element: y = eˣ, whose derivative is y itself.

    >>> tg.exp(tg.tensor([0.0, 1.0]))
    tensor([1.        , 2.71828183])
    """
    return np.exp(x)


@elementwise(
    lambda t, y, x: t / x,
    formula="y = ln x",
    derivative="∂y/∂x = 1/x",
    domain="x > 0",
    samples=lambda: [positives((2, 3)), positives(())],
)
def log(x: ArrayLike) -> Tensor:
    """The natural logarithm of each element: y = ln x, with derivative 1/x, for x > 0.

    >>> tg.log(tg.tensor([1.0, 10.0]))
    tensor([0.        , 2.30258509])
    """
    return np.log(x)


@elementwise(
    lambda t, y, x: t * (1 - y * y),
    formula="y = tanh x",
    derivative="∂y/∂x = 1 - y²",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def tanh(x: ArrayLike) -> Tensor:
    """The hyperbolic tangent of each element: y = tanh x, with derivative 1 - y².

    >>> tg.tanh(tg.tensor([0.0, 1.0]))
    tensor([0.        , 0.76159416])
    """
    return np.tanh(x)


@elementwise(
    lambda t, y, x: t * np.cos(x),
    formula="y = sin x",
    derivative="∂y/∂x = cos x",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def sin(x: ArrayLike) -> Tensor:
    """The sine of each element, x in radians.

    >>> tg.sin(tg.tensor([0.0, 1.0]))
    tensor([0.        , 0.84147098])
    """
    return np.sin(x)


@elementwise(
    lambda t, y, x: -t * np.sin(x),
    formula="y = cos x",
    derivative="∂y/∂x = -sin x",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def cos(x: ArrayLike) -> Tensor:
    """The cosine of each element, x in radians.

    >>> tg.cos(tg.tensor([0.0, 1.0]))
    tensor([1.        , 0.54030231])
    """
    return np.cos(x)


@elementwise(
    lambda t, y, x: t * np.sign(x),
    name="absolute",
    formula="y = |x|",
    derivative="∂y/∂x = sign x",
    kink="0 at 0",
    samples=lambda: [arrays((2, 3)), scalars(1)],
)
def abs(x: ArrayLike) -> Tensor:
    """The absolute value of each element; the derivative at 0 is 0.

    >>> tg.abs(tg.tensor([-3.0, 2.0]))
    tensor([3., 2.])
    """
    return np.abs(x)


functions["abs"] = abs  # np.abs is np.absolute


@elementwise(
    lambda t, y, a, b: np.where(a > b, t, np.where(a == b, t * 0.5, 0)),
    lambda t, y, a, b: np.where(b > a, t, np.where(a == b, t * 0.5, 0)),
    formula="y = max(a, b)",
    derivative="∂y/∂a = 1 where a > b, ½ where a = b, 0 elsewhere",
    kink="½ to each where a = b",
    samples=lambda: [arrays((2, 3), (2, 3)), arrays((2, 3), (3,)), scalars(2)],
)
def maximum(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The larger of a and b, elementwise; where they are equal, each gets half the gradient.

    >>> tg.maximum(tg.tensor([1.0, 5.0]), 2.0)
    tensor([2., 5.])
    """
    return np.maximum(a, b)


@elementwise(
    lambda t, y, a, b: np.where(a < b, t, np.where(a == b, t * 0.5, 0)),
    lambda t, y, a, b: np.where(b < a, t, np.where(a == b, t * 0.5, 0)),
    formula="y = min(a, b)",
    derivative="∂y/∂a = 1 where a < b, ½ where a = b, 0 elsewhere",
    kink="½ to each where a = b",
    samples=lambda: [arrays((2, 3), (2, 3)), arrays((2, 3), (3,)), scalars(2)],
)
def minimum(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The smaller of a and b, elementwise; where they are equal, each gets half the gradient.

    >>> tg.minimum(tg.tensor([1.0, 5.0]), 2.0)
    tensor([1., 2.])
    """
    return np.minimum(a, b)


@elementwise(
    None,
    lambda t, y, condition, a, b: np.where(condition, t, 0),
    lambda t, y, condition, a, b: np.where(condition, 0, t),
    inputs=3,
    formula="y = a where condition, else b",
    derivative="∂y/∂a = 1 where condition, ∂y/∂b = 1 elsewhere",
    samples=lambda: [
        [np.array([[True, False, True]] * 2), *arrays((2, 3), (2, 3))],
        [np.array([True, False, True]), *arrays((2, 3), ())],
    ],
)
def where(condition: ArrayLike, a: ArrayLike, b: ArrayLike) -> Tensor:
    """a where the condition holds, else b, elementwise, with broadcasting.

    Both branches are computed: a NaN or infinite derivative in the branch not taken is multiplied by
    0 and spoils the gradient. Make the input safe first: log(where(x > 0, x, 1)).

    >>> tg.where(np.array([True, False]), tg.tensor([1.0, 2.0]), 0.0)
    tensor([1., 0.])
    """
    return np.where(condition, a, b)


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


@constant(formula="y = sign x", samples=lambda: [arrays((2, 3))])
def sign(x: ArrayLike) -> Tensor:
    """-1, 0 or 1 by the sign of each element; constant, so no gradient flows through.

    >>> tg.sign(tg.tensor([-3.0, 0.0, 2.0]))
    tensor([-1.,  0.,  1.])
    """
    return np.sign(x)


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
