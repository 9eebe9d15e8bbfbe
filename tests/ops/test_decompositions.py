"""Matrices taken apart: NumPy's names for the parts, and what completes a basis."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.errors import ArgumentError

WIDE = np.random.default_rng(2).normal(size=(3, 5))
TALL = np.ascontiguousarray(WIDE.T)
BATCH = np.random.default_rng(3).normal(size=(2, 2, 4))


def transposed(x):
    return np.swapaxes(x, -1, -2)


def onto(q):
    """The projection onto the span of columns: what does not depend on the choice of a basis."""
    return q @ transposed(q)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda a: np.linalg.svd(a)[1], WIDE),
        (lambda a: onto(transposed(np.linalg.svd(a).Vh[..., 3:, :])), WIDE),
        (lambda a: onto(np.linalg.svd(a).U[..., 3:]), TALL),
        (lambda a: onto(transposed(np.linalg.svd(a).Vh[..., 2:, :])), BATCH),
        (lambda a: onto(np.linalg.qr(a, "complete").Q[..., 3:]), TALL),
        (lambda a: np.linalg.qr(a, mode="complete").Q[..., :3], TALL),
        (lambda a: np.linalg.qr(a, "complete").R, TALL),
        (lambda a: onto(np.linalg.qr(a, "complete").Q[..., 2:]), transposed(BATCH)),
    ],
)
def test_a_completed_basis_has_the_gradients_of_what_it_spans(f, x):
    np.testing.assert_allclose(f(tg.tensor(x)).data, f(x), rtol=1e-12, atol=1e-14)
    assert tg.gradcheck(f, x)
    assert tg.gradgradcheck(f, x)


def test_parts_have_numpys_names():
    a = tg.tensor(WIDE @ TALL, requires_grad=True)
    assert np.linalg.svd(a).S.requires_grad
    assert np.linalg.qr(a).R.shape == (3, 3)
    assert np.linalg.eigh(a).eigenvalues.shape == (3,)
    np.testing.assert_allclose(
        np.linalg.slogdet(a).logabsdet.detach(), np.linalg.slogdet(WIDE @ TALL).logabsdet, rtol=1e-12
    )
    u, s, vh = np.linalg.svd(a)
    assert isinstance(np.linalg.svd(a), tuple)
    np.testing.assert_allclose(((u * s) @ vh).detach(), WIDE @ TALL, rtol=1e-12)


def test_how_lapack_stores_q_is_refused():
    with pytest.raises(ArgumentError, match=r"mode='raw'(.|\n)*'complete'"):
        np.linalg.qr(tg.tensor(WIDE), "raw")
