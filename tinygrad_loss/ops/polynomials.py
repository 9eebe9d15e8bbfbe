"""Polynomials as sequences of coefficients, the highest power first, as NumPy has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError, ShapeError
from .editing import trim_zeros
from .elementwise import add, divide, multiply, subtract
from .joining import concatenate
from .linalg import matmul
from .powers import power, sqrt
from .reductions import sum
from .shaping import expand_dims, reshape
from .signals import convolve
from .solving import pinv

__all__ = ["poly", "polyadd", "polyder", "polydiv", "polyfit", "polyint", "polymul", "polysub", "polyval", "vander"]


def _coefficients(p: ArrayLike, name: str) -> Any:
    """The coefficients as a sequence; a number is a constant polynomial."""
    p = p if isinstance(p, Tensor) else np.asarray(p)
    if p.ndim > 1:
        raise ShapeError(
            f"{name} got coefficients of shape {p.shape}.",
            "A polynomial is a sequence of coefficients, the highest power first.",
            "Give one polynomial at a time.",
        )
    return p if p.ndim else reshape(p, (1,))


def _aligned(a1: ArrayLike, a2: ArrayLike, name: str) -> tuple[Any, Any]:
    """Both polynomials with as many coefficients, zeros before the shorter one."""
    both = [_coefficients(p, name) for p in (a1, a2)]
    length = max(np.size(p) for p in both)
    first, second = (concatenate([np.zeros(length - np.size(p), p.dtype), p]) for p in both)
    return first, second


def polyadd(a1: ArrayLike, a2: ArrayLike) -> Tensor:
    """The sum of two polynomials.

    Derivative: 1 for each coefficient.

    >>> tg.polyadd(tg.tensor([1.0, 2.0]), [5.0, 0.0, 1.0])
    tensor([5., 1., 3.])
    """
    return add(*_aligned(a1, a2, "polyadd"))


def polysub(a1: ArrayLike, a2: ArrayLike) -> Tensor:
    """The difference of two polynomials.

    Derivative: 1 and -1 for each coefficient.

    >>> tg.polysub(tg.tensor([1.0, 2.0]), [5.0, 0.0, 1.0])
    tensor([-5.,  1.,  1.])
    """
    return subtract(*_aligned(a1, a2, "polysub"))


def polymul(a1: ArrayLike, a2: ArrayLike) -> Tensor:
    """The product of two polynomials: the convolution of their coefficients. Leading zeros are dropped, as in NumPy.

    Derivative: the gradient of one is the correlation of ȳ with the other.

    >>> tg.polymul(tg.tensor([1.0, 1.0]), [1.0, -1.0])
    tensor([ 1.,  0., -1.])
    """
    first, second = (_trimmed(_coefficients(p, "polymul")) for p in (a1, a2))
    return convolve(first, second)


def _trimmed(p: Any) -> Any:
    """The coefficients without leading zeros; 0 alone stays."""
    shorter = trim_zeros(p, "f")
    return shorter if np.size(shorter) else p[-1:]


def polydiv(u: ArrayLike, v: ArrayLike) -> tuple[Tensor, Tensor]:
    """Quotient and remainder of two polynomials: u = q·v + r.

    The coefficients of q are found one after the other; a step is recorded for each.

    Raises:
        ArgumentError: for a divisor whose first coefficient is 0.

    >>> quotient, remainder = tg.polydiv(tg.tensor([1.0, 0.0, -1.0]), tg.tensor([1.0, 1.0]))
    >>> quotient
    tensor([ 1., -1.])
    """
    divisor, rest = _coefficients(v, "polydiv"), add(_coefficients(u, "polydiv"), 0.0)
    if float(getattr(divisor, "_value", divisor)[0]) == 0.0:
        raise ArgumentError(
            "polydiv got a divisor whose first coefficient is 0.",
            "The quotient's coefficients are multiples of 1 / v[0].",
            "Use tg.trim_zeros(v, 'f').",
        )
    divisor, quotient = add(divisor, 0.0), []
    degree = np.size(divisor) - 1
    for _ in range(np.size(rest) - degree):
        factor = rest[:1] / divisor[:1]
        quotient.append(factor)
        rest = concatenate([rest[1 : degree + 1] - factor * divisor[1:], rest[degree + 1 :]])
    if not quotient:
        return _trimmed(np.zeros_like(rest)), _without_noise(rest)
    return concatenate(quotient), _without_noise(rest if np.size(rest) else concatenate(quotient)[:1] * 0.0)


def _without_noise(rest: Any) -> Any:
    """A remainder without leading coefficients that are 0 up to rounding."""
    values = np.asarray(getattr(rest, "_value", rest))
    real = np.flatnonzero(~np.isclose(values, 0, rtol=1e-14))
    return rest[real[0] :] if real.size else rest[-1:]


def polyder(p: ArrayLike, m: int = 1) -> Tensor:
    """The m-th derivative of a polynomial: each coefficient times its power, one power lower.

    >>> tg.polyder(tg.tensor([1.0, 2.0, 3.0]))
    tensor([2., 2.])
    """
    if m < 0:
        raise ArgumentError(f"polyder got m={m}.", "It is at least 0.", "Use tg.polyint to integrate.")
    y = _coefficients(p, "polyder")
    for _ in range(m):
        y = multiply(y[:-1], np.arange(np.size(y) - 1, 0, -1))
    return y


def polyint(p: ArrayLike, m: int = 1, k: ArrayLike | None = None) -> Tensor:
    """The m-th integral of a polynomial: each coefficient by its new power, and a constant.

    Args:
        p: the coefficients.
        m: how often to integrate.
        k: the constants, one or one for each time; 0 unless given.

    >>> tg.polyint(tg.tensor([2.0, 2.0]))
    tensor([1., 2., 0.])
    """
    if m < 0:
        raise ArgumentError(f"polyint got m={m}.", "It is at least 0.", "Use tg.polyder to differentiate.")
    y = _coefficients(p, "polyint")
    constants = _coefficients(0.0 if k is None else k, "polyint")
    if np.size(constants) not in (1, m):
        raise ArgumentError(
            f"polyint got {np.size(constants)} constants for m={m}.", "It needs one, or one for each time.", "Give k=0."
        )
    for time in range(m):
        raised = np.true_divide(y, np.arange(np.size(y), 0, -1))
        y = concatenate([raised, constants[time : time + 1] if np.size(constants) > 1 else constants])
    return y


def polyval(p: ArrayLike, x: ArrayLike) -> Tensor:
    """The value of a polynomial at x: ((p₀·x + p₁)·x + p₂)·x + ...

    It has derivatives by x and by the coefficients.

    >>> tg.polyval([1.0, 2.0, 3.0], tg.tensor(2.0))
    tensor(11.)
    """
    y: Any = multiply(x, 0)
    for coefficient in _coefficients(p, "polyval"):
        y = add(multiply(y, x), coefficient)
    return y


def vander(x: ArrayLike, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of each x in a row, from the highest (or the lowest, if `increasing`).

    Derivative: ∂xⁿ/∂x = n xⁿ⁻¹.

    >>> tg.vander(tg.tensor([2.0, 3.0]), 3)
    tensor([[4., 2., 1.],
            [9., 3., 1.]])
    """
    if np.ndim(x) != 1:
        raise ShapeError(f"vander got shape {np.shape(x)}.", "It needs a sequence.", "Use tg.ravel first.")
    count = np.size(x) if N is None else int(N)
    return power(expand_dims(x, 1), np.arange(count) if increasing else np.arange(count)[::-1])


def polyfit(x: ArrayLike, y: ArrayLike, deg: int, rcond: float | None = None, *, w: ArrayLike | None = None) -> Tensor:
    """The polynomial of degree `deg` that comes nearest to the points (x, y), by the sum of squared distances.

    It has derivatives by the points and by the weights, from those of the pseudoinverse.

    Args:
        x: where the points are, (n,).
        y: their values, (n,), or (n, k) for k polynomials.
        deg: the highest power.
        rcond: singular values below this part of the largest count as 0.
        w: by how much each distance is multiplied before it is squared.

    Raises:
        ShapeError: for x that is no sequence, or when there are not as many values as points.

    >>> tg.polyfit([0.0, 1.0, 2.0], tg.tensor([1.0, 3.0, 5.0]), 1).round(6)
    tensor([2., 1.])
    """
    if deg < 0 or np.ndim(x) != 1 or np.ndim(y) not in (1, 2) or np.shape(x)[0] != np.shape(y)[0]:
        raise ShapeError(
            f"polyfit got points of shapes {np.shape(x)} and {np.shape(y)}, and deg={deg}.",
            "It needs a sequence of points, a value (or a row of values) for each, and deg of at least 0.",
            "Check the order of the arguments: x, y, deg.",
        )
    matrix, values = add(vander(x, deg + 1), 0.0), add(y, 0.0)
    if w is not None:
        matrix = multiply(matrix, expand_dims(w, 1))
        values = multiply(values, w if np.ndim(values) == 1 else expand_dims(w, 1))
    scale = sqrt(sum(multiply(matrix, matrix), 0))  # columns of one length: powers differ by orders of magnitude
    limit = np.size(x) * float(np.finfo(matrix.dtype).eps) if rcond is None else rcond
    found = matmul(pinv(divide(matrix, scale), limit), values)
    return divide(found, scale if np.ndim(values) == 1 else expand_dims(scale, 1))


def poly(seq_of_zeros: ArrayLike) -> Tensor:
    """The polynomial with these zeros and first coefficient 1: the product of all (x - zero).

    Derivative: ∂y/∂zᵢ = minus the polynomial with all other zeros.

    Raises:
        ShapeError: for a matrix, whose characteristic polynomial needs eigenvalues that may be complex.

    >>> tg.poly(tg.tensor([1.0, -1.0]))
    tensor([ 1.,  0., -1.])
    """
    zeros = _coefficients(seq_of_zeros, "poly")
    y: Any = np.ones(1, zeros.dtype)
    for zero in reshape(zeros, (-1, 1)):
        y = concatenate([y, np.zeros(1, zeros.dtype)]) - concatenate([np.zeros(1, zeros.dtype), y * zero])
    return y


functions.update(
    poly=poly,
    polyadd=polyadd,
    polyder=polyder,
    polydiv=polydiv,
    polyfit=polyfit,
    polyint=polyint,
    polymul=polymul,
    polysub=polysub,
    polyval=polyval,
    vander=vander,
)
