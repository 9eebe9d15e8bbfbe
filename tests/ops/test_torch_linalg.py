"""Linear algebra against PyTorch over drawn shapes, to second order, float32 kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch_agreement import agree

import tinygrad_loss as tg

pytestmark = pytest.mark.oracle
torch = pytest.importorskip("torch", reason="PyTorch is the oracle of these tests")
SEEDS = st.integers(0, 10**6)
SIDES = st.integers(1, 4)
BATCHES = st.lists(st.integers(1, 3), max_size=2).map(tuple)
SETTINGS = settings(deadline=None, max_examples=20)


def normal(seed, *shapes):
    random = np.random.default_rng(seed)
    return [random.normal(size=shape) for shape in shapes]


def regular(seed, *shape):
    """Square matrices far from singular: a rotation, stretched by 1, 1.5, 2, ..."""
    q, _ = np.linalg.qr(normal(seed, shape)[0])
    return q * (1 + 0.5 * np.arange(shape[-1])) + 0.01 * normal(seed + 1, shape)[0]


def positive(seed, *shape):
    x = regular(seed, *shape)
    return x @ np.matrix_transpose(x)


def oblong(seed, batch, rows, columns):
    """Matrices whose singular values are apart: 1, 2, 3, ..."""
    u, s, v = np.linalg.svd(normal(seed, (*batch, rows, columns))[0], full_matrices=False)
    return (u * np.arange(s.shape[-1], 0, -1)) @ v


@SETTINGS
@given(shapes=hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=2, max_side=3), seed=SEEDS)
def test_matmul(shapes, seed):
    agree(np.matmul, torch.matmul, *normal(seed, *shapes.input_shapes))


FORMULAS = [
    "ij,jk->ik",
    "bij,bjk->bik",
    "ij,ij->",
    "i,j->ij",
    "ii->i",
    "iij->j",
    "ij->ji",
    "aij,ajk,kl->ail",
    "...i,...i->...",
    "ij,kj",
    "i,ij,j->",
]


@pytest.mark.parametrize("formula", FORMULAS)
@settings(deadline=None, max_examples=8)
@given(sides=st.lists(SIDES, min_size=5, max_size=5), seed=SEEDS)
def test_einsum(formula, sides, seed):
    length = dict(zip("abijkl", [*sides, 2], strict=True))
    shapes = [
        tuple(n for letter in part.replace("...", "ab") for n in [length[letter]])
        for part in formula.split("->")[0].split(",")
    ]
    agree(lambda *xs: np.einsum(formula, *xs), lambda *ts: torch.einsum(formula, *ts), *normal(seed, *shapes))


@SETTINGS
@given(batch=BATCHES, n=SIDES, columns=SIDES, seed=SEEDS)
def test_square_matrices(batch, n, columns, seed):
    a = regular(seed, *batch, n, n)
    b, vector = normal(seed + 2, (*batch, n, columns), (n,))
    agree(np.linalg.inv, torch.linalg.inv, a)
    agree(np.linalg.det, torch.linalg.det, a)
    agree(lambda x: np.linalg.slogdet(x)[1], lambda t: torch.linalg.slogdet(t)[1], a)
    np.testing.assert_array_equal(
        np.linalg.slogdet(tg.tensor(a))[0].data, torch.linalg.slogdet(torch.tensor(a))[0].numpy()
    )
    agree(np.linalg.solve, torch.linalg.solve, a, b)
    if not batch:
        agree(np.linalg.solve, torch.linalg.solve, a, vector)
    for power in (-2, 0, 1, 3):
        agree(lambda x, n=power: np.linalg.matrix_power(x, n), lambda t, n=power: torch.linalg.matrix_power(t, n), a)


@SETTINGS
@given(rank=st.integers(0, 3), n=st.integers(2, 4), seed=SEEDS)
def test_the_determinant_of_a_singular_matrix(rank, n, seed):
    a = normal(seed, (n, min(rank, n)))[0] @ normal(seed + 1, (min(rank, n), n))[0]
    x = tg.tensor(a, requires_grad=True)
    np.linalg.det(x).backward()
    minors = [
        [(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) for j in range(n)] for i in range(n)
    ]
    np.testing.assert_allclose(x.grad, minors, rtol=1e-8, atol=1e-10)


@SETTINGS
@given(batch=BATCHES, n=SIDES, seed=SEEDS)
def test_symmetric_matrices(batch, n, seed):
    x = positive(seed, *batch, n, n)
    even = lambda x: (x + x.mT) / 2  # noqa: E731  each library reads another triangle
    for upper in (False, True):
        agree(
            lambda x, u=upper: np.linalg.cholesky(even(x), upper=u),
            lambda t, u=upper: torch.linalg.cholesky(even(t), upper=u),
            x,
        )
    agree(lambda x: np.linalg.eigvalsh(even(x)), lambda t: torch.linalg.eigvalsh(even(t)), x, rtol=1e-7)
    agree(
        lambda x: [(y := np.linalg.eigh(even(x)))[0], np.abs(y[1])],
        lambda t: [(z := torch.linalg.eigh(even(t)))[0], torch.abs(z[1])],  # the signs are anybody's
        x,
        rtol=1e-7,
    )


@SETTINGS
@given(batch=BATCHES, rows=SIDES, columns=SIDES, seed=SEEDS)
def test_oblong_matrices(batch, rows, columns, seed):
    x = oblong(seed, batch, rows, columns)
    agree(np.linalg.svdvals, torch.linalg.svdvals, x, rtol=1e-7)
    agree(np.linalg.pinv, torch.linalg.pinv, x, rtol=1e-7)
    agree(
        lambda x: [np.abs(y) for y in np.linalg.svd(x, full_matrices=False)],
        lambda t: [torch.abs(z) for z in torch.linalg.svd(t, full_matrices=False)],
        x,
        rtol=1e-6,
    )
    if rows >= columns:
        agree(np.linalg.qr, torch.linalg.qr, x, rtol=1e-7)
        if not batch:
            b = normal(seed + 3, (rows, 2))[0]
            agree(lambda a, b: np.linalg.lstsq(a, b)[0], lambda a, b: torch.linalg.lstsq(a, b)[0], x, b, rtol=1e-7)


ORDERS = [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]


@pytest.mark.parametrize("order", ORDERS)
@settings(deadline=None, max_examples=8)
@given(batch=BATCHES, rows=st.integers(2, 4), columns=st.integers(2, 4), keep=st.booleans(), seed=SEEDS)
def test_norms_of_matrices(order, batch, rows, columns, keep, seed):
    chosen = "fro" if order is None else order
    agree(
        lambda x: np.linalg.norm(x, order, (-2, -1), keep),
        lambda t: torch.linalg.matrix_norm(t, chosen, (-2, -1), keep),
        oblong(seed, batch, rows, columns),
        rtol=1e-7,
    )


@pytest.mark.parametrize("order", [None, 1, 2, 3, 2.5, 0.5, -1, -2.5, np.inf, -np.inf])
@settings(deadline=None, max_examples=8)
@given(shape=st.lists(SIDES, min_size=1, max_size=3).map(tuple), data=st.data(), seed=SEEDS)
def test_norms_of_vectors(order, shape, data, seed):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = normal(seed, shape)[0]
    x += 0.2 * np.sign(x)
    agree(
        lambda x: np.linalg.vector_norm(x, axis=axis, ord=2 if order is None else order),
        lambda t: torch.linalg.vector_norm(t, 2 if order is None else order, axis),
        x,
    )
    agree(lambda x: np.linalg.norm(x), lambda t: torch.linalg.vector_norm(t), x)


@SETTINGS
@given(m=SIDES, n=SIDES, k=SIDES, p=SIDES, seed=SEEDS)
def test_products(m, n, k, p, seed):
    a, b, c, d = normal(seed, (m, n), (n, k), (k, p), (p,))
    agree(lambda *xs: np.linalg.multi_dot(xs), lambda *ts: torch.linalg.multi_dot(ts), a, b, c, d)
    agree(np.kron, torch.kron, a, b)
    agree(np.outer, torch.outer, d, normal(seed + 1, (m,))[0])
    agree(np.dot, torch.matmul, a, b)
    agree(np.inner, torch.inner, a, normal(seed + 2, (k, n))[0])
    agree(np.vdot, torch.vdot, d, normal(seed + 3, (p,))[0])
    agree(np.trace, torch.trace, a)
    x, y = normal(seed + 4, (m, n, k), (n, k, p))
    agree(lambda x, y: np.tensordot(x, y, 2), lambda x, y: torch.tensordot(x, y, 2), x, y)
    agree(lambda x, y: np.tensordot(x, y, ([2, 1], [1, 0])), lambda x, y: torch.tensordot(x, y, ([2, 1], [1, 0])), x, y)
    x, y = normal(seed + 5, (m, 3, n), (m, 3, n))
    agree(lambda x, y: np.cross(x, y, axis=1), lambda x, y: torch.cross(x, y, dim=1), x, y)
    agree(lambda x, y: np.linalg.vecdot(x, y), lambda x, y: torch.linalg.vecdot(x, y), x, y)
