"""Level 1: derivatives of single numbers, and of maps that take each element by itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...ops.activations import relu as relu_op
from ..exercise import at, exercise, numbers

__all__ = ["central_difference", "chain", "exponential", "quotient", "relu", "sigmoid", "softplus", "square", "tanh"]


@exercise(
    1,
    "A derivative by differences",
    cases=lambda: [(math.sin, 0.5, 1e-3), (math.exp, -1.0, 1e-3), (lambda x: x**3, 2.0, 1e-2)],
    hints=(
        "The slope of the line through two points of the curve approximates the derivative between them.",
        "With points at x and x + ε the error shrinks like ε; with x - ε and x + ε the ε² terms cancel.",
        "The two points lie 2ε apart, so divide by 2ε.",
    ),
    mistakes={
        "a forward difference: its error shrinks like ε, not like ε²": lambda f, x, eps: (f(x + eps) - f(x)) / eps,
        "a backward difference: its error shrinks like ε, not like ε²": lambda f, x, eps: (f(x) - f(x - eps)) / eps,
        "the two points lie ε apart, where x - ε and x + ε are asked": lambda f, x, eps: (
            (f(x + eps / 2) - f(x - eps / 2)) / eps
        ),
        "divides by 2 and then multiplies by ε: write / (2 * eps)": lambda f, x, eps: (
            (f(x + eps) - f(x - eps)) / 2 * eps
        ),
        "takes a step of its own: use eps": lambda f, x, eps: (f(x + 1e-5) - f(x - 1e-5)) / 2e-5,
        "right up to a factor 2: the points lie 2ε apart": lambda f, x, eps: (f(x + eps) - f(x - eps)) / eps,
    },
)
def central_difference(f: Any, x: Any, eps: Any) -> Any:
    """The derivative of f at x by a central difference with step eps: from f(x - eps) and f(x + eps).

    `f` is a function of one number. No calculus is needed, two calls of f are enough.

    >>> round(central_difference(lambda x: x**2, 3.0, 1e-3), 6)
    6.0
    """
    return (f(x + eps) - f(x - eps)) / (2 * eps)


@exercise(
    1,
    "The chain rule",
    cases=lambda: [
        (math.cos, math.exp, math.exp, 0.3),  # sin(eˣ)
        (math.exp, math.sin, math.cos, -0.7),
        (lambda u: 3 * u**2, lambda x: x**2 + 1, lambda x: 2 * x, 1.5),
    ],
    hints=(
        "If inner moves by a little, outer moves by its own slope times that little.",
        "At which point is the slope of outer taken? At the number that outer is given.",
        "That number is inner(x): outer_slope(inner(x)) times inner_slope(x).",
    ),
    mistakes={
        "the outer slope is taken at x, not at inner(x)": lambda d, inner, di, x: d(x) * di(x),
        "the slope of the inner function is missing": lambda d, inner, di, x: d(inner(x)),
        "the inner slope is taken at inner(x), not at x": lambda d, inner, di, x: d(inner(x)) * di(inner(x)),
        "puts one slope into the other, where they are multiplied": lambda d, inner, di, x: d(di(x)),
        "the outer slope times inner's value: its slope is needed": lambda d, inner, di, x: d(inner(x)) * inner(x),
        "adds the slopes where they are multiplied": lambda d, inner, di, x: d(inner(x)) + di(x),
    },
)
def chain(outer_slope: Any, inner: Any, inner_slope: Any, x: Any) -> Any:
    """The derivative of outer(inner(x)) at x, given the slopes (derivatives) of both functions.

    `outer_slope`, `inner` and `inner_slope` are functions of one number.

    >>> chain(lambda u: 2 * u, lambda x: 5 * x, lambda x: 5, 1.0)
    50.0
    """
    return outer_slope(inner(x)) * inner_slope(x)


@exercise(
    1,
    "Your first rule",
    forward=lambda x: x**2,
    cases=lambda: [(numbers(2, 3),), (numbers(4, seed=1),), (numbers(),), at("an empty array", np.zeros((0, 3)))],
    hints=(
        "Each element of y depends on one element of x: dy/dx = 2x there.",
        "The chain rule: what comes back to x is g times dy/dx.",
    ),
    derive=(2,),
    mistakes={
        "the derivative alone: multiply it by g": lambda g, y, x: 2 * x,
        "that is the derivative of x³": lambda g, y, x: g * 3 * x**2,
    },
)
def square(g: Any, y: Any, x: Any) -> Any:
    """The rule of y = x²: from g, the gradient of a loss by y, to its gradient by x.

    A rule is called with g, the result y and the input x, arrays of equal shape. Write it with NumPy's functions.

    >>> square(np.array([1.0, 10.0]), np.array([9.0, 4.0]), np.array([3.0, -2.0]))
    array([  6., -40.])
    """
    return g * (2 * x)


@exercise(
    1,
    "A rule that needs only the result",
    forward=np.exp,
    cases=lambda: [(numbers(3),), (numbers(2, 2, seed=1),), (numbers(seed=2),), at("an empty array", np.zeros(0))],
    hints=("The derivative of eˣ is eˣ.", "That number is at hand already: it is y."),
    derive=(2,),
    mistakes={
        "x is used where y = eˣ is needed": lambda g, y, x: g * x,
        "does not use g": lambda g, y, x: y,
        "y is eˣ already, and its exponential was taken once more": lambda g, y, x: g * np.exp(y),
        "x·eˣ⁻¹ is the rule of powers xⁿ: here x stands in the exponent": lambda g, y, x: g * x * np.exp(x - 1),
    },
)
def exponential(g: Any, y: Any, x: Any) -> Any:
    """The rule of y = eˣ. Nothing need be computed twice.

    >>> exponential(np.array([2.0]), np.array([1.0]), np.array([0.0]))
    array([2.])
    """
    return g * y


@exercise(
    1,
    "The sigmoid",
    forward=lambda x: 1 / (1 + np.exp(-x)),
    cases=lambda: [(numbers(2, 3),), (3 * numbers(5, seed=1),), at("an empty array", np.zeros((2, 0)))],
    hints=(
        "Differentiate 1/(1 + e⁻ˣ) by the quotient rule, and look for y in what you find.",
        "e⁻ˣ/(1 + e⁻ˣ)² = y · e⁻ˣ/(1 + e⁻ˣ), and the second factor is 1 - y.",
    ),
    derive=(2,),
    mistakes={
        "as if x were the result: it is y(1 - y)": lambda g, y, x: g * x * (1 - x),
        "(1 - y)², where y(1 - y) is needed": lambda g, y, x: g * (1 - y) ** 2,
        "the sigmoid was taken of y, which is a sigmoid already": lambda g, y, x: g / (2 + np.exp(y) + np.exp(-y)),
        "that is the derivative of tanh": lambda g, y, x: g * (1 - y**2),
    },
)
def sigmoid(g: Any, y: Any, x: Any) -> Any:
    """The rule of y = 1/(1 + e⁻ˣ), as a polynomial in y.

    >>> sigmoid(np.array([4.0]), np.array([0.5]), np.array([0.0]))
    array([1.])
    """
    return g * y * (1 - y)


@exercise(
    1,
    "The hyperbolic tangent",
    forward=np.tanh,
    cases=lambda: [(numbers(2, 3),), (2 * numbers(4, seed=1),), at("an empty array", np.zeros(0))],
    hints=("tanh = sinh/cosh; the derivative of each is the other.", "(cosh² - sinh²)/cosh² = 1 - tanh²."),
    derive=(2,),
    mistakes={
        "as if x were the result: it is 1 - y²": lambda g, y, x: g * (1 - x**2),
        "1 - y: the square is missing": lambda g, y, x: g * (1 - y),
        "the tanh was taken of y, which is a tanh already": lambda g, y, x: g * (1 - np.tanh(y) ** 2),
        "that is the derivative of the sigmoid": lambda g, y, x: g * y * (1 - y),
    },
)
def tanh(g: Any, y: Any, x: Any) -> Any:
    """The rule of y = tanh x, in terms of y.

    >>> tanh(np.array([1.0]), np.array([0.5]), np.array([0.5493]))
    array([0.75])
    """
    return g * (1 - y**2)


@exercise(
    1,
    "Two inputs",
    forward=lambda a, b: a / b,
    cases=lambda: [
        (numbers(2, 3), numbers(2, 3, seed=1)),
        (numbers(4, seed=2), numbers(4, seed=3)),
        at("an empty array", np.zeros((0, 2)), np.zeros((0, 2))),
    ],
    hints=(
        "Hold b and move a: y = a · (1/b).",
        "Hold a and move b: y = a · b⁻¹, and the derivative of b⁻¹ is -b⁻².",
    ),
    derive=(2, 3),
    mistakes={
        "the sign of b's gradient": lambda g, y, a, b: (g / b, g * a / b**2),
        "b is not squared in its own gradient": lambda g, y, a, b: (g / b, -g * a / b),
        "g/a for b: y is not linear in b": lambda g, y, a, b: (g / b, g / a),
        "those are the rules of a product": lambda g, y, a, b: (g * b, g * a),
    },
)
def quotient(g: Any, y: Any, a: Any, b: Any) -> Any:
    """The rules of y = a / b: the gradients of a and of b, as a pair. All shapes are equal.

    >>> quotient(np.array([1.0]), np.array([3.0]), np.array([6.0]), np.array([2.0]))
    (array([0.5]), array([-1.5]))
    """
    return g / b, -g * a / b**2


@exercise(
    1,
    "A kink",
    forward=relu_op,
    cases=lambda: [
        (numbers(2, 3),),
        (numbers(5, seed=1),),
        at("the kink", np.array([-1.0, 0.0, 2.0])),
        at("an empty array", np.zeros(0)),
    ],
    hints=(
        "Where x is positive y moves with it; where x is negative y stays 0.",
        "At 0 both slopes are as good; this library, like most, takes 0.",
        "np.where(x > 0, g, 0.0) keeps float32 as it is.",
    ),
    mistakes={
        "gives 1 at 0, where 0 is agreed": lambda g, y, x: np.where(x >= 0, g, 0.0),
        "gives ½ at 0, where 0 is agreed": lambda g, y, x: g * np.heaviside(x, 0.5),
        "what passes depends on x, not on g": lambda g, y, x: np.maximum(g, 0.0),
        "an `if` asks an array for one answer: np.where chooses for each element": lambda g, y, x: (
            g if x > 0 else np.zeros_like(x)
        ),
        "the value of relu, not its derivative": lambda g, y, x: g * y,
    },
)
def relu(g: Any, y: Any, x: Any) -> Any:
    """The rule of y = max(x, 0). At x = 0, where there is no derivative, give 0.

    >>> relu(np.array([5.0, 5.0]), np.array([0.0, 2.0]), np.array([-1.0, 2.0]))
    array([0., 5.])
    """
    return np.where(x > 0, g, 0.0)


@exercise(
    1,
    "Large numbers",
    forward=lambda x: np.logaddexp(0.0, x),
    cases=lambda: [
        (numbers(2, 3),),
        (numbers(4, seed=1),),
        at("large inputs", np.array([-1000.0, -50.0, 50.0, 1000.0])),
        at("an empty array", np.zeros(0)),
    ],
    hints=(
        "The derivative of ln(1 + eˣ) is eˣ/(1 + eˣ), the sigmoid.",
        "eˣ overflows for large x, and ∞/∞ is no number. Which form has no large number in it?",
        "y is at hand: x - y is never above 0, and eˣ⁻ʸ is the sigmoid.",
    ),
    derive=(2,),
    mistakes={"eˣ overflows: ∞/∞ is no number": lambda g, y, x: g * np.exp(x) / (1 + np.exp(x))},
)
def softplus(g: Any, y: Any, x: Any) -> Any:
    """The rule of y = ln(1 + eˣ), right for x = 1000 too.

    >>> softplus(np.array([1.0, 1.0]), np.array([0.6931471805599453, 1000.0]), np.array([0.0, 1000.0]))
    array([0.5, 1. ])
    """
    return g * np.exp(x - y)
