"""Attention layers: Keras's numbers, masks, dropout of weights, and errors."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from sequence_layers import LAYERS, agree, cases

import tinygrad_loss as tg
from tinygrad_loss.errors import ArgumentError, ShapeError

X = np.random.default_rng(0).normal(size=(2, 5, 6)).astype(np.float32)


@pytest.mark.parametrize("case", cases("Attention", "AdditiveAttention", "MultiHeadAttention"))
def test_agrees_with_keras(case):
    agree(case)


def test_weights_have_keras_layout_and_order():
    layer = LAYERS.MultiHeadAttention(2, 3, value_dim=4)
    layer(X, X)
    assert [(path, w.shape) for path, w in layer.named_weights()] == [
        ("query.kernel", (6, 2, 3)),
        ("query.bias", (2, 3)),
        ("key.kernel", (6, 2, 3)),
        ("key.bias", (2, 3)),
        ("value.kernel", (6, 2, 4)),
        ("value.bias", (2, 4)),
        ("attention_output.kernel", (2, 4, 6)),
        ("attention_output.bias", (6,)),
    ]
    assert layer.count_params() == sum(np.prod(w.shape) for w in layer.weights)


def test_arguments_by_name():
    layer = LAYERS.MultiHeadAttention(num_heads=2, key_dim=3)
    np.testing.assert_array_equal(layer(query=X, value=X).detach(), layer(X, X).detach())


def test_masks_of_queries_values_and_pairs_are_joined():
    layer = LAYERS.MultiHeadAttention(2, 3)
    queries, values = np.ones((2, 5), bool), np.ones((2, 5), bool)
    queries[0, 1] = values[1, 2] = False
    _, weights = layer(X, X, query_mask=queries, value_mask=values, use_causal_mask=True, return_attention_scores=True)
    allowed = queries[:, :, None] & values[:, None, :] & np.tri(5, dtype=bool)
    found = weights.detach().numpy()
    assert found.shape == (2, 2, 5, 5)
    np.testing.assert_array_equal(found > 0, np.broadcast_to(allowed[:, None], found.shape))


def test_a_query_that_may_look_nowhere_finds_the_bias_alone():
    layer = LAYERS.MultiHeadAttention(2, 3, bias_initializer="ones")
    y = layer(X, X, attention_mask=np.zeros((5, 5), bool))
    np.testing.assert_array_equal(y.detach(), np.ones((2, 5, 6)))


def test_dropout_only_in_training():
    for layer, args in (
        (LAYERS.MultiHeadAttention(2, 3, dropout=0.5, seed=0), (X, X)),
        (LAYERS.Attention(dropout=0.5, seed=0), ([X, X],)),
    ):
        np.testing.assert_array_equal(layer(*args).detach(), layer(*args).detach())
        first, second = layer(*args, training=True).detach(), layer(*args, training=True).detach()
        assert not np.array_equal(first, second)


def test_a_copy_has_weights_of_its_own():
    layer = LAYERS.MultiHeadAttention(2, 3)
    expected = layer(X, X).detach().numpy().copy()
    other = copy.deepcopy(layer)
    other.set_weights([np.zeros(w.shape) for w in other.weights])
    np.testing.assert_array_equal(layer(X, X).detach(), expected)


def test_a_program_of_it_gives_the_same():
    layer = LAYERS.MultiHeadAttention(2, 3)
    layer(X, X)
    program = tg.jit(lambda x: layer(x, x, use_causal_mask=True))
    for x in (X, X[::-1].copy()):
        np.testing.assert_allclose(
            program(x).detach(), layer(x, x, use_causal_mask=True).detach(), rtol=1e-5, atol=1e-6
        )


def test_errors_say_what_to_do():
    with pytest.raises(ArgumentError, match=r"num_heads=0(.|\n)*positive integer(.|\n)*num_heads=8"):
        LAYERS.MultiHeadAttention(0, 3)
    with pytest.raises(ArgumentError, match=r"score_mode='dots'(.|\n)*'dot' or 'concat'"):
        LAYERS.Attention(score_mode="dots")
    with pytest.raises(ArgumentError, match=r"not called on a list(.|\n)*\[query, value\](.|\n)*layer\(\[x, x\]\)"):
        LAYERS.Attention()(X)
    layer = LAYERS.MultiHeadAttention(2, 3)
    layer(X, X)
    with pytest.raises(ShapeError, match=r"'key' cannot take an input of shape \(2, 5, 4\)(.|\n)*last axes of \(6,\)"):
        layer(X, X, X[..., :4])
