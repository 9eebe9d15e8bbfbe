"""Losses and gradients against PyTorch, where both mean the same."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss import losses

pytestmark = pytest.mark.oracle
torch = pytest.importorskip("torch")
F = torch.nn.functional

RANDOM = np.random.default_rng(23)
X, Y = RANDOM.normal(size=(6, 4)), RANDOM.normal(size=(6, 4))
LABELS = RANDOM.integers(0, 4, size=6)
SOFT = RANDOM.dirichlet(np.ones(4), size=6)
YES_NO = RANDOM.integers(0, 2, size=(6, 4)).astype(float)
SKIPPED = np.where(RANDOM.uniform(size=6) < 0.4, -100, LABELS)

CASES = {
    "mse": (lambda x: losses.MeanSquaredError(dtype="float64")(Y, x), lambda x: F.mse_loss(x, torch.tensor(Y))),
    "mae": (lambda x: losses.MeanAbsoluteError(dtype="float64")(Y, x), lambda x: F.l1_loss(x, torch.tensor(Y))),
    "huber": (
        lambda x: losses.Huber(delta=0.7, dtype="float64")(Y, x),
        lambda x: F.huber_loss(x, torch.tensor(Y), delta=0.7),
    ),
    "sparse": (
        lambda x: losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")(LABELS, x),
        lambda x: F.cross_entropy(x, torch.tensor(LABELS)),
    ),
    "sparse, some ignored": (
        lambda x: losses.SparseCategoricalCrossentropy(True, ignore_class=-100, dtype="float64")(SKIPPED, x),
        lambda x: F.cross_entropy(x, torch.tensor(SKIPPED)),
    ),
    "soft labels, smoothed": (
        lambda x: losses.CategoricalCrossentropy(True, label_smoothing=0.1, dtype="float64")(SOFT, x),
        lambda x: F.cross_entropy(x, torch.tensor(SOFT), label_smoothing=0.1),
    ),
    "after a softmax": (
        lambda x: losses.CategoricalCrossentropy(dtype="float64")(SOFT, tg.softmax(x)),
        lambda x: F.cross_entropy(x, torch.tensor(SOFT)),
    ),
    "binary": (
        lambda x: losses.BinaryCrossentropy(from_logits=True, dtype="float64")(YES_NO, x),
        lambda x: F.binary_cross_entropy_with_logits(x, torch.tensor(YES_NO)),
    ),
    "kl": (
        lambda x: losses.KLDivergence(dtype="float64")(SOFT, tg.softmax(x)),
        lambda x: F.kl_div(F.log_softmax(x, -1), torch.tensor(SOFT), reduction="batchmean"),
    ),
    "cosine": (
        lambda x: losses.CosineSimilarity(dtype="float64")(Y, x),
        lambda x: -F.cosine_similarity(x, torch.tensor(Y)).mean(),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient(name):
    ours, theirs = CASES[name]
    x, other = tg.tensor(X, requires_grad=True), torch.tensor(X, requires_grad=True)
    loss, right = ours(x), theirs(other)
    loss.backward()
    right.backward()
    np.testing.assert_allclose(float(loss), right.item(), rtol=1e-12)
    np.testing.assert_allclose(x.grad.numpy(), other.grad.numpy(), rtol=1e-11, atol=1e-14)
