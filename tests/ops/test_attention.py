"""Attention: masks of both kinds, rows that are all masked, causality, and PyTorch's numbers."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.errors import ShapeError

RANDOM = np.random.default_rng(0)
Q, K, V = (RANDOM.normal(size=shape) for shape in ((2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 7)))
MASK = RANDOM.random((2, 1, 4, 6)) < 0.6
MASK[..., 0] = True


def by_hand(q, k, v, mask=None, scale=None):
    scores = np.einsum("...qd,...kd->...qk", q, k) * (q.shape[-1] ** -0.5 if scale is None else scale)
    scores = scores if mask is None else np.where(mask, scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return weights @ v


def test_without_a_mask():
    np.testing.assert_allclose(tg.scaled_dot_product_attention(Q, K, V), by_hand(Q, K, V), rtol=1e-12)
    got = tg.scaled_dot_product_attention(Q, K, V, scale=0.3)
    np.testing.assert_allclose(got, by_hand(Q, K, V, scale=0.3), rtol=1e-12)


def test_masks_of_truths_and_of_numbers_that_are_added():
    expected = by_hand(Q, K, V, MASK)
    np.testing.assert_allclose(tg.scaled_dot_product_attention(Q, K, V, MASK), expected, rtol=1e-12)
    np.testing.assert_allclose(tg.scaled_dot_product_attention(Q, K, V, MASK.astype(int)), expected, rtol=1e-12)
    added = np.where(MASK, 0.0, -np.inf)
    np.testing.assert_allclose(tg.scaled_dot_product_attention(Q, K, V, added), expected, rtol=1e-12)
    assert tg.scaled_dot_product_attention(*(x.astype(np.float32) for x in (Q, K, V)), added).dtype == np.float32


def test_causal_alone_and_with_masks():
    past = np.tri(4, 6, dtype=bool)
    np.testing.assert_allclose(
        tg.scaled_dot_product_attention(Q, K, V, is_causal=True), by_hand(Q, K, V, past), rtol=1e-12
    )
    for mask in (MASK, np.where(MASK, 0.0, -np.inf)):
        got = tg.scaled_dot_product_attention(Q, K, V, mask, is_causal=True)
        np.testing.assert_allclose(got, by_hand(Q, K, V, MASK & past), rtol=1e-12)


@pytest.mark.parametrize("kind", ["truths", "numbers"])
def test_a_query_that_may_look_nowhere_gets_zeros_and_no_nan(kind):
    mask = MASK.copy()
    mask[0, 0, 1] = False
    given = mask if kind == "truths" else np.where(mask, 0.0, -np.inf)
    q, k, v = (tg.tensor(x, requires_grad=True) for x in (Q, K, V))
    y = tg.scaled_dot_product_attention(q, k, v, given)
    np.testing.assert_array_equal(y.detach()[0, :, 1], np.zeros((3, 7)))
    (y * y).sum().backward()
    for leaf in (q, k, v):
        assert np.isfinite(leaf.grad.numpy()).all()
    np.testing.assert_array_equal(q.grad[0, :, 1], np.zeros((3, 5)))


def test_a_mask_that_is_learned_has_a_gradient():
    bias = RANDOM.normal(size=(4, 6))
    weights = RANDOM.normal(size=(2, 3, 4, 7))
    tg.gradcheck(lambda b: (weights * tg.scaled_dot_product_attention(Q, K, V, b)).sum(), bias)


def test_second_derivatives():
    q, k, v = Q[0, 0], K[0, 0], V[0, 0]
    weights = RANDOM.normal(size=(4, 7))

    def slope(x):
        return tg.grad(lambda z: (weights * tg.scaled_dot_product_attention(z, k, v, MASK[0, 0])).sum())(x)

    tg.gradcheck(slope, q)


def test_weights_are_what_the_output_was_made_with():
    weights = tg.attention_weights(Q, K, MASK)
    np.testing.assert_allclose(np.sum(weights, -1), np.ones((2, 3, 4)), rtol=1e-14)
    np.testing.assert_array_equal(weights[~np.broadcast_to(MASK, weights.shape)], 0)
    np.testing.assert_allclose(weights @ V, tg.scaled_dot_product_attention(Q, K, V, MASK), rtol=1e-14)


def test_masked_softmax_does_not_overflow():
    x = np.array([1000.0, 0.0, 1001.0])
    np.testing.assert_allclose(tg.masked_softmax(x, [True, True, False]), [1.0, 0.0, 0.0])


def test_errors_say_what_to_do():
    with pytest.raises(ShapeError, match=r"queries of shape \(2, 3, 4, 4\)(.|\n)*they are 4 and 5(.|\n)*one size"):
        tg.scaled_dot_product_attention(Q[..., :4], K, V)
    with pytest.raises(ShapeError, match=r"values of shape \(2, 3, 5, 7\)(.|\n)*one value for each key: 6"):
        tg.scaled_dot_product_attention(Q, K, V[:, :, :5])
    with pytest.raises(ShapeError, match=r"two axes at least"):
        tg.attention_weights(Q[0, 0, 0], K)
    with pytest.raises(ShapeError, match=r"mask of shape \(4, 1, 1\) for an array of shape \(2, 3\)"):
        tg.masked_softmax(np.ones((2, 3)), np.ones((4, 1, 1), bool))


@pytest.mark.oracle
@pytest.mark.parametrize("mode", ["plain", "truths", "numbers", "causal"])
def test_against_torch(mode):
    torch = pytest.importorskip("torch")
    added = RANDOM.normal(size=(4, 6))
    mask = {"truths": MASK, "numbers": added}.get(mode)
    ours = [tg.tensor(x, requires_grad=True) for x in (Q, K, V)]
    theirs = [torch.tensor(x, requires_grad=True) for x in (Q, K, V)]
    y = tg.scaled_dot_product_attention(*ours, mask, is_causal=mode == "causal")
    right = torch.nn.functional.scaled_dot_product_attention(
        *theirs, None if mask is None else torch.tensor(mask), is_causal=mode == "causal"
    )
    np.testing.assert_allclose(y.detach(), right.detach().numpy(), rtol=1e-10, atol=1e-12)
    (y * y).sum().backward()
    (right * right).sum().backward()
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad, b.grad.numpy(), rtol=1e-9, atol=1e-11)
