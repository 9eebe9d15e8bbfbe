"""Products, systems of equations, decompositions, norms."""

from __future__ import annotations

import math

import numpy as np

import tinygrad_loss as tg

from .table import composed, same, written

same("matmul", np.matmul)
same("bmm mm mv", np.matmul)
same("__rmatmul__", lambda x, a: a @ x)
same("dot", np.dot)
same("vdot", np.vdot)
same("outer", np.outer)
same("kron", np.kron)
same("inner", np.inner)
same("trace", np.trace)
same("einsum", lambda xs, formula: np.einsum(formula, *xs))
same("cross linalg.cross", lambda a, b, axis=-1: crossed(a, b, axis))
same("linalg.vecdot", lambda a, b, axis=-1: np.linalg.vecdot(*tg.broadcast_arrays(a, b), axis=axis))
same("linalg.multi_dot", lambda xs: np.linalg.multi_dot(xs))
same("linalg.det", np.linalg.det)
same("linalg.slogdet", lambda x: tuple(np.linalg.slogdet(x)))
same("linalg.inv linalg.inv_ex", lambda x, check_errors=False: np.linalg.inv(x))
same("linalg.matrix_power", np.linalg.matrix_power)
same("linalg.tensorinv", lambda x, ind=2: np.linalg.tensorinv(x, ind))
same("linalg.tensorsolve", lambda a, b, dims=None: np.linalg.tensorsolve(a, b, dims))
same("linalg.svdvals", np.linalg.svdvals)
same("linalg.eigvalsh", lambda x, UPLO="L": np.linalg.eigvalsh(symmetric(x), UPLO))
same(
    "cholesky linalg.cholesky linalg.cholesky_ex",
    lambda x, upper=False, check_errors=False: np.linalg.cholesky(symmetric(x), upper=upper),
)
same("linalg.pinv.hermitian", lambda x, **k: pinv(symmetric(x), **k))
same("pinverse linalg.pinv", lambda x, rtol=None, hermitian=False, **k: pinv(x, rtol, hermitian, **k))


def symmetric(x):
    """What PyTorch's tests make of x before they take it as symmetric: NumPy reads one triangle only."""
    return x + np.matrix_transpose(x)


@written("tensordot")
def tensordot(a, b, dims=2):
    if not isinstance(dims, int):
        for i, j in zip(*dims, strict=True):  # PyTorch repeats a length of 1
            b = np.sum(b, j, keepdims=True) if a.shape[i] == 1 else b
    return np.tensordot(a, b, dims)


def crossed(a, b, axis):
    a, b = tg.broadcast_arrays(a, b)
    return np.cross(a, b, axis=axis)


def pinv(x, rtol=None, hermitian=False, **_):
    return np.linalg.pinv(x, hermitian=hermitian) if rtol is None else np.linalg.pinv(x, rtol=rtol, hermitian=hermitian)


same("linalg.eigh", lambda x, UPLO="L": np.linalg.eigh(symmetric(x), UPLO), process=lambda r: (r[0], abs(r[1])))


@composed("linalg.pinv.singular")
def pinv_singular(a, b):
    return np.linalg.pinv(a @ np.swapaxes(b, -1, -2))


@written(
    "linalg.svd", process=lambda r: (abs(r[0][..., :, : r[1].shape[-1]]), r[1], abs(r[2][..., : r[1].shape[-1], :]))
)
def svd(x, full_matrices=True):
    return np.linalg.svd(x, full_matrices=False)  # beyond it there is no derivative


@written("svd", process=lambda r: (abs(r[0][..., :, : r[1].shape[-1]]), r[1], abs(r[2][..., :, : r[1].shape[-1]])))
def svd_old(x, some=True, compute_uv=True):
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return u, s, np.swapaxes(vh, -1, -2)


@written("qr linalg.qr")
def qr(x, mode=True):
    mode = {True: "reduced", False: "complete"}.get(mode, mode)
    return tuple(np.linalg.qr(x, mode)) if mode != "r" else np.linalg.qr(x, mode)


@written("linalg.solve linalg.solve_ex")
def solve(a, b, *, left=True, check_errors=False):
    vector = b.ndim == 1 or (a.ndim - 1 == b.ndim and b.shape == a.shape[:-1])
    if not left:
        a, b = np.swapaxes(a, -1, -2), b if vector else np.swapaxes(b, -1, -2)
    if vector:
        return np.linalg.solve(a, np.expand_dims(b, -1))[..., 0]
    y = np.linalg.solve(a, b)
    return y if left else np.swapaxes(y, -1, -2)


def triangle(a, upper, unit):
    a = np.triu(a, int(unit)) if upper else np.tril(a, -int(unit))
    return a + np.eye(a.shape[-1]) if unit else a


@composed("linalg.solve_triangular")
def solve_triangular(a, b, *, upper, left=True, unitriangular=False):
    return solve(triangle(a, upper, unitriangular), b, left=left)


@composed("triangular_solve")
def triangular_solve(b, a, upper=False, transpose=False, unitriangular=False):
    t = triangle(a, upper, unitriangular)
    return np.linalg.solve(np.swapaxes(t, -1, -2) if transpose else t, b), np.copy(t)


def solve_factored(b, factor, upper):
    lower = np.matrix_transpose(factor) if upper else factor
    return np.linalg.solve(np.matrix_transpose(lower), np.linalg.solve(lower, b))


@composed("cholesky_solve")
def cholesky_solve(b, x, upper=False):
    return solve_factored(b, np.triu(x) if upper else np.tril(x), upper)


@composed("cholesky_inverse")
def cholesky_inverse(x, upper=False):
    return solve_factored(np.eye(x.shape[-1]), positive_triangle(x, upper), upper)


def positive_triangle(x, upper):
    """What PyTorch's tests make of x before they take it as a factor: ones on the diagonal, off it one triangle."""
    return (np.triu(x, 1) if upper else np.tril(x, -1)) + np.eye(x.shape[-1])


@written("logdet")
def logdet(x):
    sign, value = np.linalg.slogdet(x)
    return np.where(sign > 0, value, math.nan)


@written("linalg.lstsq linalg.lstsq.grad_oriented", process=lambda r: r[0])
def lstsq(a, b, rcond=None, *, driver=None):
    if a.ndim == 2:
        return np.linalg.lstsq(a, b)
    return (np.linalg.pinv(a) @ b,)  # NumPy's takes one matrix at a time


@written("linalg.cond")
def cond(x, p=None):
    return np.linalg.cond(x, p)


@written("linalg.matrix_norm")
def matrix_norm(x, ord="fro", dim=(-2, -1), keepdim=False, dtype=None):
    return np.linalg.norm(x, ord, tuple(dim), keepdim)


def own_axes(x, dim):
    return tuple(dim) if isinstance(dim, list | tuple) else dim


@written("linalg.vector_norm")
def vector_norm(x, ord=2, dim=None, keepdim=False, dtype=None):
    if not x.ndim:
        return np.linalg.vector_norm(np.reshape(x, (1,)), ord=ord)
    return np.linalg.vector_norm(x, axis=own_axes(x, dim), keepdims=keepdim, ord=ord)


@written("linalg.norm linalg.norm.subgradients_at_zero")
def norm(x, ord=None, dim=None, keepdim=False, dtype=None):
    dim = dim[0] if isinstance(dim, list | tuple) and len(dim) == 1 else own_axes(x, dim)
    return np.linalg.norm(x, ord, dim, keepdim)


@written("norm norm.nuc norm.fro norm.inf")
def old_norm(x, p="fro", dim=None, keepdim=False, dtype=None):
    if p == "nuc":
        return np.linalg.matrix_norm(x, ord="nuc") if dim is None else np.linalg.norm(x, "nuc", tuple(dim), keepdim)
    return vector_norm(x, 2 if p in ("fro", None) else p, dim, keepdim)


@written("dist")
def dist(a, b, p=2):
    return vector_norm(np.ravel(a - b), p)


@written("addmm addmm.decomposed addmv")
def addmm(x, a, b, *, beta=1, alpha=1):
    return beta * x + alpha * (a @ b)


@written("baddbmm")
def baddbmm(x, a, b, *, beta=1, alpha=1):
    return beta * x + alpha * (a @ b)


@composed("addbmm")
def addbmm(x, a, b, *, beta=1, alpha=1):
    return beta * x + alpha * np.sum(a @ b, axis=0)


@composed("addr")
def addr(x, a, b, *, beta=1, alpha=1):
    return beta * x + alpha * np.outer(a, b)


@written("linalg.vander")
def vander(x, N=None):
    x = np.atleast_1d(x)
    return np.expand_dims(x, -1) ** np.arange(x.shape[-1] if N is None else N)


def distances(difference, p):
    if p == 0:
        return np.sum(difference != 0, axis=-1).astype(float) + 0 * np.sum(difference, axis=-1)
    return np.linalg.vector_norm(difference, axis=-1, ord=p)


@composed("cdist")
def cdist(a, b, p=2.0, compute_mode=None):
    return distances(a[..., :, None, :] - b[..., None, :, :], p)


@composed("nn.functional.pdist")
def pdist(x, p=2.0):
    rows, columns = np.triu_indices(len(x), 1)
    return distances(x[rows] - x[columns], p)


@composed("nn.functional.pairwise_distance")
def pairwise_distance(a, b, p=2.0, eps=1e-6, keepdim=False):
    return np.linalg.vector_norm(a - b + eps, axis=-1, keepdims=keepdim, ord=p)


@composed("renorm")
def renorm(x, p, dim, maxnorm):
    others = tuple(i for i in range(x.ndim) if i != dim % x.ndim)
    size = np.linalg.vector_norm(x, axis=others, keepdims=True, ord=p)
    return np.where(size > maxnorm, x * (maxnorm / (size + 1e-7)), x)


def reflections(v, tau):
    """The product of I - τ w wᵀ over the columns w of v, below whose diagonal stands the vector, on it 1."""
    n, k = v.shape[-2], tau.shape[-1]
    w = np.tril(v, -1) + np.eye(n, v.shape[-1])
    q = np.broadcast_to(np.eye(n), (*v.shape[:-2], n, n))
    for i in range(k):
        column = w[..., :, i : i + 1]
        q = q - (q @ column) * tau[..., i, None, None] @ np.swapaxes(column, -1, -2)
    return q


@composed("linalg.householder_product")
def householder_product(v, tau):
    return reflections(v, tau)[..., :, : v.shape[-1]]


@composed("ormqr")
def ormqr(v, tau, other, left=True, transpose=False):
    q = reflections(v, tau)
    q = np.swapaxes(q, -1, -2) if transpose else q
    return q @ other if left else other @ q


def exchanges(pivots, n):
    """The permutation matrix of LAPACK's exchanges of rows, numbered from 1."""
    order = np.broadcast_to(np.arange(n), (*pivots.shape[:-1], n)).copy()
    for place in np.ndindex(pivots.shape[:-1]):
        for i, j in enumerate(pivots[place] - 1):
            order[place][[i, j]] = order[place][[j, i]]
    return np.swapaxes(np.eye(n)[order], -1, -2)


def halves(lu):
    rows, columns = lu.shape[-2:]
    k = min(rows, columns)
    return np.tril(lu[..., :, :k], -1) + np.eye(rows, k), np.triu(lu[..., :k, :])


@composed("lu_unpack", process=lambda r: r[-2:])
def lu_unpack(lu, pivots, unpack_data=True, unpack_pivots=True):
    lower, upper = halves(lu)
    p = exchanges(pivots, lu.shape[-2])
    return (p, lower, upper) if unpack_data and unpack_pivots else (lower, upper) if unpack_data else (p,)


@composed("linalg.lu_solve")
def lu_solve(lu, pivots, b, *, left=True, adjoint=False):
    p, lower, upper = lu_unpack(lu, pivots)
    a = p @ lower @ upper
    return solve(np.swapaxes(a, -1, -2) if adjoint else a, b, left=left)


@composed("lu_solve")
def old_lu_solve(b, lu, pivots):
    return lu_solve(lu, pivots, b)


def eliminated(x, pivot):
    """Gauss's elimination: the order of the rows by NumPy, the factors by differentiable steps."""
    rows, columns = x.shape[-2:]
    value = x.detach().numpy().copy()
    order = np.broadcast_to(np.arange(rows), (*x.shape[:-2], rows)).copy()
    pivots = np.zeros((*x.shape[:-2], min(rows, columns)), np.int32)
    for place in np.ndindex(x.shape[:-2]):
        a = value[place]
        for i in range(min(rows, columns)):
            j = i + int(np.argmax(np.abs(a[i:, i]))) if pivot else i
            pivots[(*place, i)] = j + 1
            a[[i, j]], order[place][[i, j]] = a[[j, i]], order[place][[j, i]]
            a[i + 1 :] -= np.outer(a[i + 1 :, i] / a[i, i], a[i])
    rest = np.take_along_axis(x, order[..., None] + np.zeros(columns, int), -2)
    lower, upper = [], []
    for i in range(min(rows, columns)):
        upper.append(rest[..., i : i + 1, :])
        lower.append(rest[..., :, i : i + 1] / rest[..., i : i + 1, i : i + 1])
        rest = rest - lower[-1] @ upper[-1]
    if not upper:
        return np.swapaxes(np.eye(rows)[order], -1, -2), pivots, x[..., :, :0] @ np.zeros((columns, 0)), x[..., :0, :]
    lower, upper = np.concatenate(lower, -1), np.concatenate(upper, -2)
    return (
        np.swapaxes(np.eye(rows)[order], -1, -2),
        pivots,
        np.tril(lower, -1) + np.eye(*lower.shape[-2:]),
        np.triu(upper),
    )


@composed("linalg.lu", process=lambda r: r[-2:])
def lu(x, *, pivot=True):
    p, _, lower, upper = eliminated(x, pivot)
    return p, lower, upper


@composed("linalg.lu_factor linalg.lu_factor_ex lu")
def lu_factor(x, pivot=True, get_infos=False, check_errors=False):
    _, _, lower, upper = eliminated(x, pivot)
    rows, columns = x.shape[-2:]
    k = min(rows, columns)
    below = np.pad(np.tril(lower, -1), [(0, 0)] * (x.ndim - 1) + [(0, columns - k)])
    return below + np.pad(upper, [(0, 0)] * (x.ndim - 2) + [(0, rows - k), (0, 0)])
