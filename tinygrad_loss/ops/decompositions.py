"""Matrices taken apart: Cholesky, QR, eigenvectors, singular values. Each works on the last two axes.

Where eigenvalues or singular values coincide, the vectors that belong to them are not determined; what
depends on the matrix alone still has the right gradient, and each vector's own is without meaning.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..core.array_methods import read_only
from ..core.primitive import primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError, ShapeError
from .products import given
from .samples import arrays

__all__ = ["cholesky", "eigh", "eigvalsh", "qr", "svd", "svdvals"]


class QRResult(NamedTuple):
    """What `qr` gives, by NumPy's names."""

    Q: Any
    R: Any


class EighResult(NamedTuple):
    """What `eigh` gives, by NumPy's names."""

    eigenvalues: Any
    eigenvectors: Any


class SVDResult(NamedTuple):
    """What `svd` gives, by NumPy's names."""

    U: Any
    S: Any
    Vh: Any


def transposed(x: Any) -> Any:
    """Each matrix with rows and columns exchanged."""
    return x.swapaxes(-1, -2)


def positive_definite(*shape: int) -> list[Any]:
    """Sample matrices A Aᵀ + n I."""
    (a,) = arrays(shape)
    return [a @ np.swapaxes(a, -1, -2) + shape[-1] * np.eye(shape[-1])]


def symmetric(*shape: int) -> list[Any]:
    """Sample matrices A + Aᵀ, with eigenvalues well apart."""
    (a,) = arrays(shape)
    return [a + np.swapaxes(a, -1, -2) + np.diag(np.arange(shape[-1]) * 3.0)]


def explain_square(name: str, needs: str = "") -> Any:
    """What to say of a matrix that a function of square matrices cannot take."""

    def explain(x: Any, *_: Any, **__: Any) -> Exception:
        shape = np.shape(x)
        if len(shape) < 2 or shape[-1] != shape[-2]:
            return ShapeError(
                f"{name} got an array of shape {shape}.",
                "It needs square matrices: the last two axes have the same length.",
                "Look at the shape; tg.linalg.lstsq and tg.linalg.pinv take others.",
            )
        return ArgumentError(
            f"{name} cannot take this matrix of shape {shape}{'' if needs else ': NumPy finds no result'}.",
            needs or "Its elements have to be finite.",
            "Add a small multiple of np.eye(n) to it, or look at its eigenvalues with tg.linalg.eigvalsh.",
        )

    return explain


@lru_cache(maxsize=64)
def identity(size: int, dtype: Any) -> Any:
    """The identity matrix."""
    return read_only(np.eye(size, dtype=dtype))


@lru_cache(maxsize=64)
def _half(size: int, dtype: Any) -> Any:
    """1 below the diagonal, ½ on it, 0 above."""
    return read_only(np.tri(size, k=-1, dtype=dtype) + np.eye(size, dtype=dtype) / 2)


def _diagonal_halved(x: Any) -> Any:
    """The lower triangle with half the diagonal."""
    return x * _half(x.shape[-1], x.dtype)


def _of_triangle(g: Any) -> Any:
    """The gradient of the lower triangle, from that of a symmetric matrix of which only that is read."""
    return _diagonal_halved(g + transposed(g))


def _cholesky_rule(g: Any, y: Any, x: Any) -> Any:
    inverse = np.linalg.inv(y)
    return _of_triangle(transposed(inverse) @ _diagonal_halved(transposed(y) @ g) @ inverse)


@primitive(
    _cholesky_rule,
    name="cholesky",
    formula="X = L Lᵀ, L lower triangular",
    derivative="X̄ = Φ(S + Sᵀ), S = L⁻ᵀ Φ(Lᵀ L̄) L⁻¹, Φ the lower triangle with half its diagonal",
    domain="symmetric, positive definite",
    reference=np.linalg.cholesky,
    explain=explain_square("cholesky", "It has to be positive definite: all eigenvalues above 0."),
    samples=lambda: [positive_definite(3, 3), positive_definite(2, 2, 2)],
)
def _cholesky(x: ArrayLike) -> Any:
    return np.linalg.cholesky(x)


@_cholesky.op.front
def cholesky(x: ArrayLike, /, *, upper: bool = False) -> Tensor:
    """The triangular root L of a symmetric positive definite matrix: X = L Lᵀ; only its lower triangle is read.

    The gradient is that of the triangle.

    Args:
        x: the matrices, (..., n, n).
        upper: read the upper triangle, and give Lᵀ.

    Raises:
        ShapeError: for matrices that are not square.
        ArgumentError: for those that are not positive definite.

    Source: Murray, Differentiation of the Cholesky decomposition, 2016.

    >>> tg.linalg.cholesky(tg.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    return transposed(_cholesky(transposed(given(x)))) if upper else _cholesky(x)


def _copied_up(x: Any) -> Any:
    """The lower triangle, mirrored to the upper one."""
    return np.tril(x) + transposed(np.tril(x, -1))


def _tall_qr_rule(gq: Any, gr: Any, q: Any, r: Any) -> Any:
    m = r @ transposed(gr) - transposed(gq) @ q
    return transposed(np.linalg.solve(r, transposed(gq + q @ _copied_up(m))))


def _onto_first(g: Any, q: Any, count: int) -> Any:
    """The gradient of orthogonal columns, brought onto the first `count` of them, which decide the others.

    The others complete a basis. When the first turn by dQ₁, they follow by dQ₂ = -Q₁ dQ₁ᵀ Q₂, and turn no
    more than that: so every function of their span has its right gradient.
    """
    first, others = q[..., :count], q[..., count:]
    return g[..., :count] - others @ (transposed(g[..., count:]) @ first)


def _qr_rule(g: Any, y: Any, x: Any, complete: bool) -> Any:
    (gq, gr), (q, r) = g, y
    rows, columns = np.shape(x)[-2:]
    if complete and rows > columns:
        gq, gr = _onto_first(gq, q, columns), gr[..., :columns, :]
        q, r = q[..., :columns], r[..., :columns, :]
    if rows >= columns:
        return _tall_qr_rule(gq, gr, q, r)
    left = _tall_qr_rule(gq + x[..., rows:] @ transposed(gr[..., rows:]), gr[..., :rows], q, r[..., :rows])
    return np.concatenate([left, q @ gr[..., rows:]], axis=-1)


@primitive(
    _qr_rule,
    name="qr",
    formula="X = Q R, QᵀQ = I, R upper triangular",
    derivative="X̄ = (Q̄ + Q copy(R R̄ᵀ - Q̄ᵀQ)) R⁻ᵀ, copy mirroring the lower triangle",
    reference=lambda x, complete=False: np.linalg.qr(x, "complete" if complete else "reduced"),
    samples=lambda: [
        *(arrays(shape) for shape in ((4, 3), (3, 3), (2, 4), (2, 3, 2))),
        *([*arrays(shape), True] for shape in ((3, 2), (2, 3), (2, 3, 2))),
    ],
)
def _qr(x: ArrayLike, complete: bool = False) -> Any:
    return tuple(np.linalg.qr(x, mode="complete" if complete else "reduced"))


@_qr.op.front
def qr(a: ArrayLike, mode: str = "reduced") -> Any:
    """Columns at right angles, and how the matrix is made of them: X = Q R.

    Args:
        a: the matrices, (..., m, n).
        mode: "reduced" gives Q (m, k) and R (k, n) with k = min(m, n); "r" gives R alone; "complete" gives
            Q (m, m) and R (m, n). The further columns of Q are one basis of many for what the matrix does not
            span: gradients of functions of that span are right, one column's own is without meaning.

    Raises:
        ArgumentError: for NumPy's mode "raw", which is LAPACK's storage.

    Source: Walter, Lehmann, Algorithmic Differentiation of Linear Algebra Functions, 2010; Roberts, Roberts,
    QR and LQ Decomposition Matrix Backpropagation Algorithms, 2020.

    >>> q, r = tg.linalg.qr(tg.tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> np.abs(r.round(6))
    tensor([[5. , 2.2],
            [0. , 0.4]])
    """
    if mode not in ("reduced", "r", "complete"):
        raise ArgumentError(
            f"qr has no derivative with mode={mode!r}.",
            "It gives Q and R, not how LAPACK stores them.",
            "Use mode='reduced', 'complete' or 'r', or np.linalg.qr on .numpy().",
        )
    q, r = _qr(a, complete=mode == "complete")
    return r if mode == "r" else QRResult(q, r)


def gaps(values: Any) -> Any:
    """1 / (vⱼ - vᵢ) for all pairs, 0 where they are equal."""
    differences = values[..., None, :] - values[..., None]
    equal = differences == 0
    return 1 / (differences + equal) - equal


def _eigh_rule(g: Any, y: Any, x: Any) -> Any:
    (gw, gv), (w, v) = g, y
    inner = gaps(w) * (transposed(v) @ gv) + gw[..., None] * identity(w.shape[-1], w.dtype)
    return _of_triangle(v @ inner @ transposed(v))


@primitive(
    _eigh_rule,
    name="eigh",
    formula="X = V diag(w) Vᵀ, VᵀV = I",
    derivative="X̄ = Φ(S + Sᵀ), S = V (diag(w̄) + F ∘ VᵀV̄) Vᵀ, Fᵢⱼ = 1/(wⱼ - wᵢ), "
    "Φ the lower triangle with half its diagonal",
    domain="symmetric; gradients of vectors need different eigenvalues",
    reference=lambda x: tuple(np.linalg.eigh(x)),
    explain=explain_square("eigh"),
    samples=lambda: [symmetric(3, 3), symmetric(2, 2, 2)],
)
def _eigh(x: ArrayLike) -> Any:
    return tuple(np.linalg.eigh(x))


@_eigh.op.front
def eigh(a: ArrayLike, UPLO: str = "L") -> Any:
    """Eigenvalues, rising, and eigenvectors, in columns, of a symmetric matrix; only one triangle is read.

    The gradient is that of the triangle. The sign of each vector is not determined.

    Args:
        a: the matrices, (..., n, n).
        UPLO: which triangle is read, "L" or "U".

    Raises:
        ShapeError: for matrices that are not square.

    Source: Giles, Collected matrix derivative results for forward and reverse mode AD, 2008.

    >>> w, v = tg.linalg.eigh(tg.tensor([[2.0, 1.0], [1.0, 2.0]]))
    >>> w
    tensor([1., 3.])
    """
    return EighResult(*_eigh(transposed(given(a)) if UPLO.upper() == "U" else a))


def eigvalsh(a: ArrayLike, UPLO: str = "L") -> Tensor:
    """The eigenvalues of a symmetric matrix, rising; ∂w/∂X = v vᵀ.

    >>> tg.linalg.eigvalsh(tg.tensor([[2.0, 1.0], [1.0, 2.0]]))
    tensor([1., 3.])
    """
    return eigh(a, UPLO)[0]


def _svd_rule(g: Any, y: Any, x: Any, full: bool) -> Any:
    (gu, gs, gvh), (u, s, vh) = g, y
    v, gv, size = transposed(vh), transposed(gvh), np.shape(s)[-1]
    if full:
        gu, gv = _onto_first(gu, u, size), _onto_first(gv, v, size)
        u, v = u[..., :size], v[..., :size]
        vh = transposed(v)
    f, row, column = gaps(s * s), s[..., None, :], s[..., None]
    uu, vv = transposed(u) @ gu, transposed(v) @ gv
    inner = (
        (f * (uu - transposed(uu))) * row
        + column * (f * (vv - transposed(vv)))
        + gs[..., None] * identity(size, s.dtype)
    )
    total = u @ inner @ vh
    rows, columns = np.shape(x)[-2:]
    if rows > size:
        scaled = gu / row
        total = total + (scaled - u @ (transposed(u) @ scaled)) @ vh
    if columns > size:
        scaled = gv / row
        total = total + u @ transposed(scaled - v @ (transposed(v) @ scaled))
    return total


@primitive(
    _svd_rule,
    name="svd",
    formula="X = U diag(s) Vᵀ, UᵀU = I, VᵀV = I",
    derivative="X̄ = U (F∘(UᵀŪ - ŪᵀU) S + S F∘(VᵀV̄ - V̄ᵀV) + diag(s̄)) Vᵀ + what is outside U and V",
    domain="gradients of vectors need singular values that differ, and are not 0",
    reference=lambda x, full=False: tuple(np.linalg.svd(x, full_matrices=full)),
    samples=lambda: [
        *(arrays(shape) for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2))),
        *([*arrays(shape), True] for shape in ((3, 2), (2, 3), (2, 3, 2))),
    ],
)
def _svd(x: ArrayLike, full: bool = False) -> Any:
    return tuple(np.linalg.svd(x, full_matrices=full))


@_svd.op.front
def svd(a: ArrayLike, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """The singular value decomposition X = U diag(s) Vᵀ, with s falling; U, s and Vᵀ are given.

    Args:
        a: the matrices, (..., m, n).
        full_matrices: U (m, m) and Vᵀ (n, n), rather than k = min(m, n) columns and rows. The further ones
            are one basis of many for what the matrix does not span: gradients of functions of that span
            are right, one vector's own is without meaning.
        compute_uv: False gives s alone.
        hermitian: accepted; it only tells NumPy of a shorter way.

    Source: Townsend, Differentiating the Singular Value Decomposition, 2016.

    >>> tg.linalg.svd(tg.tensor([[3.0, 0.0], [0.0, 4.0]]), compute_uv=False)
    tensor([4., 3.])
    """
    x = given(a)
    if not compute_uv:
        return _svd(x)[1]
    further = full_matrices and x.ndim >= 2 and x.shape[-1] != x.shape[-2]
    return SVDResult(*_svd(x, full=further))


def svdvals(x: ArrayLike) -> Tensor:
    """The singular values, falling; ∂s/∂X = u vᵀ.

    >>> tg.linalg.svdvals(tg.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor([4., 3.])
    """
    return _svd(x)[1]


for _function in (cholesky, eigh, eigvalsh, qr, svd, svdvals):
    functions[f"linalg.{_function.__name__}"] = _function
