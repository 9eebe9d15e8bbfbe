"""Inverses, determinants and linear equations. Each works on the last two axes."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..core.primitive import constant, primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError, ShapeError
from .axes import transpose
from .decompositions import explain_square, svdvals, transposed
from .linalg import matmul
from .norms import norm
from .products import given
from .reductions import sum as total
from .samples import arrays
from .shaping import astype, reshape, sum_to

__all__ = [
    "cond",
    "det",
    "inv",
    "lstsq",
    "matrix_power",
    "matrix_rank",
    "pinv",
    "slogdet",
    "solve",
    "tensorinv",
    "tensorsolve",
]

SMALL = 5  # up to this size a determinant's gradient is made of minors, exact for singular matrices too


def regular(*shape: int) -> list[Any]:
    """Sample matrices that have an inverse."""
    (a,) = arrays(shape)
    return [a + 3 * np.eye(shape[-1])]


@primitive(
    lambda g, y, x: -(transposed(y) @ g @ transposed(y)),
    pushes=[lambda t, y, x: -(y @ t @ y)],
    name="inv",
    formula="Y = X⁻¹",
    derivative="X̄ = -Yᵀ Ȳ Yᵀ",
    reference=np.linalg.inv,
    explain=explain_square("inv", "It has to have an inverse: a determinant that is not 0."),
    samples=lambda: [regular(3, 3), regular(2, 2, 2)],
)
def _inv(x: ArrayLike) -> Any:
    return np.linalg.inv(x)


@_inv.op.front
def inv(a: ArrayLike) -> Tensor:
    """The inverse of each matrix; to solve equations, `tg.linalg.solve` is more exact and costs less.

    Raises:
        ShapeError: for matrices that are not square.
        ArgumentError: for one without an inverse.

    >>> tg.linalg.inv(tg.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """
    return _inv(a)


def _solve_a(g: Any, y: Any, a: Any, b: Any) -> Any:
    full = -(_solve(transposed(a), g) @ transposed(y))
    return full if np.shape(full) == np.shape(a) else sum_to(full, shape=np.shape(a))


def _solve_b(g: Any, y: Any, a: Any, b: Any) -> Any:
    full = _solve(transposed(a), g)
    return full if np.shape(full) == np.shape(b) else sum_to(full, shape=np.shape(b))


def _explain_solve(a: Any, b: Any) -> Exception:
    shape = np.shape(a)
    if len(shape) >= 2 and shape[-1] == shape[-2] != np.shape(b)[-2:][0]:
        return ShapeError(
            f"solve cannot solve {shape[-1]} equations for right sides of shape {np.shape(b)}.",
            "The right sides have one row for each equation.",
            "Use b[:, None] for one vector of several unknowns, b.T where equations are in columns.",
        )
    return explain_square("solve", "It has to have an inverse: a determinant that is not 0.")(a)  # type: ignore[no-any-return]


@primitive(
    _solve_a,
    _solve_b,
    pushes=[lambda t, y, a, b: -_solve(a, t @ y), lambda t, y, a, b: _solve(a, t)],
    name="solve",
    formula="A Y = B",
    derivative="B̄ = A⁻ᵀ Ȳ, Ā = -B̄ Yᵀ",
    reference=np.linalg.solve,
    explain=_explain_solve,
    samples=lambda: [
        [*regular(3, 3), *arrays((3, 2))],
        [*regular(2, 3, 3), *arrays((2, 3, 2))],
        [*regular(3, 3), *arrays((2, 3, 1))],
    ],
)
def _solve(a: ArrayLike, b: ArrayLike) -> Any:
    return np.linalg.solve(a, b)


@_solve.op.front
def solve(a: ArrayLike, b: ArrayLike) -> Tensor:
    """The solution of A Y = B: of one right side if b is a vector, else of one for each of its columns.

    Shapes: (..., n, n) and (n,) → (..., n); (..., n, n) and (..., n, k) → (..., n, k).

    Raises:
        ShapeError: where shapes do not fit.
        ArgumentError: for a matrix without an inverse.

    >>> tg.linalg.solve(tg.tensor([[2.0, 0.0], [0.0, 4.0]]), [2.0, 2.0])
    tensor([1. , 0.5])
    """
    right = given(b)
    return _solve(a, right[..., None])[..., 0] if right.ndim == 1 else _solve(a, right)


class SlogdetResult(NamedTuple):
    """What `slogdet` gives, by NumPy's names."""

    sign: Any
    logabsdet: Any


def _cofactors(x: Any) -> Any:
    """The derivative of the determinant: of small matrices by minors, of larger ones det(X) X⁻ᵀ."""
    n = np.shape(x)[-1]
    if n < 2:
        return np.ones_like(x)
    if n > SMALL:
        return np.linalg.det(x)[..., None, None] * transposed(np.linalg.inv(x))
    others = np.array([[j for j in range(n) if j != i] for i in range(n)], int).reshape(n, n - 1)
    rows, columns = others[:, None, :, None], others[None, :, None, :]
    signs = (-1.0) ** np.add.outer(np.arange(n), np.arange(n))
    return np.linalg.det(x[..., rows, columns]) * signs.astype(x.dtype)


@primitive(
    lambda g, y, x: np.expand_dims(np.expand_dims(g, -1), -1) * _cofactors(x),
    name="det",
    formula="y = det X",
    derivative="∂y/∂X = the cofactors of X, which are det(X) X⁻ᵀ",
    reference=np.linalg.det,
    explain=explain_square("det"),
    samples=lambda: [
        regular(3, 3),
        regular(2, 2, 2),
        regular(1, 1),
        [np.array([[1.0, 2.0], [2.0, 4.0]])],
        [np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.0, 1.0, 1.0]])],
        regular(6, 6),
    ],
)
def _det(x: ArrayLike) -> Any:
    return np.linalg.det(x)


@_det.op.front
def det(a: ArrayLike) -> Tensor:
    """The determinant of each matrix. Matrices of up to five rows have exact gradients where it is 0, too.

    Raises:
        ShapeError: for matrices that are not square.

    >>> tg.linalg.det(tg.tensor([[2.0, 0.0], [0.0, 4.0]])).round(6)
    tensor(8.)
    """
    return _det(a)


@primitive(
    lambda g, y, x: np.expand_dims(np.expand_dims(g[1], -1), -1) * transposed(np.linalg.inv(x)),
    name="slogdet",
    formula="y = sign(det X), ln |det X|",
    derivative="∂y₁/∂X = X⁻ᵀ; the sign's is 0",
    reference=lambda x: tuple(np.linalg.slogdet(x)),
    explain=explain_square("slogdet"),
    samples=lambda: [regular(3, 3), regular(2, 2, 2)],
)
def _slogdet(x: ArrayLike) -> Any:
    return tuple(np.linalg.slogdet(x))


@_slogdet.op.front
def slogdet(a: ArrayLike) -> Any:
    """The sign of the determinant and the logarithm of its size, which may be beyond any float.

    Raises:
        ShapeError: for matrices that are not square.

    >>> sign, logarithm = tg.linalg.slogdet(tg.tensor([[1.0, 0.0], [0.0, 1.0]]))
    >>> float(sign), float(logarithm)
    (1.0, 0.0)
    """
    return SlogdetResult(*_slogdet(a))


def _pinv_rule(g: Any, y: Any, x: Any, rcond: float | None) -> Any:
    xt, yt, gt = transposed(x), transposed(y), transposed(g)
    first = (gt - x @ (y @ gt)) @ y @ yt
    second = yt @ y @ (gt - gt @ (y @ x))
    return first + second - yt @ g @ yt if np.shape(xt) else first


@primitive(
    _pinv_rule,
    name="pinv",
    formula="Y = X⁺, the pseudoinverse",
    derivative="X̄ = -Yᵀ Ȳ Yᵀ + (I - X Y) Ȳᵀ Y Yᵀ + Yᵀ Y Ȳᵀ (I - Y X)",
    domain="the rank does not change nearby",
    reference=lambda x, rcond: np.linalg.pinv(x, rcond=rcond),
    samples=lambda: [
        [*arrays((4, 2)), None],
        [*arrays((2, 4)), None],
        [*regular(3, 3), None],
        [*arrays((2, 3, 2)), None],
    ],
)
def _pinv(x: ArrayLike, rcond: float | None) -> Any:
    return np.linalg.pinv(x, rcond=rcond)


@_pinv.op.front
def pinv(a: ArrayLike, rcond: float | None = None, hermitian: bool = False, *, rtol: float | None = None) -> Tensor:
    """The pseudoinverse (Moore, Penrose): X⁺ b is the shortest of the best solutions of X y = b.

    Args:
        a: the matrices, (..., m, n).
        rcond: singular values below this share of the largest count as 0.
        hermitian: accepted; it only tells NumPy of a shorter way.
        rtol: NumPy's newer name for rcond.

    Source: Golub, Pereyra, The Differentiation of Pseudo-Inverses, 1973.

    >>> tg.linalg.pinv(tg.tensor([[2.0], [0.0]])).round(6)
    tensor([[0.5, 0. ]])
    """
    return _pinv(a, rcond=rcond if rtol is None else rtol)


@constant(
    name="matrix_rank",
    formula="y = how many singular values are above the tolerance",
    reference=np.linalg.matrix_rank,
    samples=lambda: [[*arrays((3, 2)), None], [np.array([[1.0, 2.0], [2.0, 4.0]]), None]],
)
def _matrix_rank(x: ArrayLike, tol: float | None) -> Any:
    return np.linalg.matrix_rank(x, tol)


@_matrix_rank.op.front
def matrix_rank(A: ArrayLike, tol: float | None = None) -> Tensor:
    """How many rows are independent: the number of singular values above `tol`.

    >>> int(tg.linalg.matrix_rank(tg.tensor([[1.0, 2.0], [2.0, 4.0]])))
    1
    """
    return _matrix_rank(A, tol=tol)


def lstsq(a: ArrayLike, b: ArrayLike, rcond: float | None = None) -> Any:
    """The y with the least |A y - b|², the residuals, the rank of A and its singular values.

    Derivative: that of y = pinv(A) b, and of |A y - b|² through y.

    Residuals are given where NumPy gives them: for a full rank and more equations than unknowns.

    >>> y, *_ = tg.linalg.lstsq(tg.tensor([[1.0], [1.0]]), [1.0, 3.0])
    >>> y.round(6)
    tensor([2.])
    """
    a, b = given(a), given(b)
    if a.ndim != 2 or b.ndim not in (1, 2) or a.shape[0] != b.shape[0]:
        raise ShapeError(
            f"lstsq cannot take matrices of shapes {a.shape} and {b.shape}.",
            "It needs (equations, unknowns) and (equations,) or (equations, right sides).",
            "Look at both shapes.",
        )
    y = matmul(pinv(a, rcond), b)
    rank = matrix_rank(a)
    wanted = int(np.linalg.matrix_rank(np.asarray(getattr(a, "_value", a)))) == a.shape[1] < a.shape[0]
    error = matmul(a, y) - b
    residuals = total(error * error, axis=0, keepdims=b.ndim == 1) if wanted else error.ravel()[:0]
    return y, residuals, astype(rank, np.int32), svdvals(a)


def cond(x: ArrayLike, p: Any = None) -> Tensor:
    """How much a relative error in b can grow in the solution of X y = b: |X| |X⁻¹|, by the norm `p`.

    Derivative: that of |X|, times |X⁻¹|, and that of |X⁻¹| through the inverse, times |X|.

    >>> tg.linalg.cond(tg.tensor([[2.0, 0.0], [0.0, 4.0]])).round(6)
    tensor(2.)
    """
    if p in (None, 2, -2):
        s = svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return norm(x, p, axis=(-2, -1)) * norm(inv(x), p, axis=(-2, -1))


def matrix_power(a: ArrayLike, n: int) -> Tensor:
    """The matrix multiplied with itself n times, by squaring; the inverse's power for negative n.

    Derivative: X̄ = Σ (Xᵀ)ᵏ Ȳ (Xᵀ)ⁿ⁻¹⁻ᵏ over k from 0 to n - 1.

    Raises:
        ArgumentError: for an n that is not whole.

    >>> tg.linalg.matrix_power(tg.tensor([[1.0, 1.0], [0.0, 1.0]]), 3)
    tensor([[1., 3.],
            [0., 1.]])
    """
    if not isinstance(n, (int, np.integer)) or isinstance(n, bool):
        raise ArgumentError(f"matrix_power got n={n!r}.", "n is a whole number.", "Say n=3, for example.")
    x = given(a)
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise explain_square("matrix_power")(x)
    power, count, result = (inv(x) if n < 0 else x), abs(int(n)), None
    while count:
        if count % 2:
            result = power if result is None else matmul(result, power)
        count //= 2
        power = matmul(power, power) if count else power
    return x * 0 + np.eye(x.shape[-1], dtype=x.dtype) if result is None else result


def tensorinv(a: ArrayLike, ind: int = 2) -> Tensor:
    """The inverse of the map that `tensordot(a, x, ...)` is, with the first `ind` axes of a as its result.

    Derivative: that of the matrix inverse, -X⁻ᵀ Ȳ X⁻ᵀ, in matrices of the same elements.

    >>> tg.linalg.tensorinv(tg.tensor([[2.0, 0.0], [0.0, 4.0]]), ind=1)
    tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """
    x = given(a)
    rows, columns = x.shape[:ind], x.shape[ind:]
    return reshape(inv(reshape(x, (math.prod(rows), -1))), (*columns, *rows))


def tensorsolve(a: ArrayLike, b: ArrayLike, axes: Any = None) -> Tensor:
    """The y with tensordot(a, y, axes=y.ndim) = b; the last axes of a meet y.

    Derivative: b̄ = A⁻ᵀ ȳ, Ā = -b̄ yᵀ, in matrices of the same elements.

    >>> tg.linalg.tensorsolve(tg.tensor([[2.0, 0.0], [0.0, 4.0]]), [2.0, 2.0])
    tensor([1. , 0.5])
    """
    x, right = given(a), given(b)
    if axes is not None:
        last = [i % x.ndim for i in axes]
        x = transpose(x, (*(i for i in range(x.ndim) if i not in last), *last))
    shape = x.shape[right.ndim :]
    return reshape(solve(reshape(x, (math.prod(right.shape), -1)), reshape(right, (-1,))), shape)


for _function in (cond, det, inv, lstsq, matrix_power, matrix_rank, pinv, slogdet, solve, tensorinv, tensorsolve):
    functions[f"linalg.{_function.__name__}"] = _function
