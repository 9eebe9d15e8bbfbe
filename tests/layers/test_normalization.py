"""Normalizing layers: Keras's numbers, moving averages that training changes and nothing else, and errors."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from sequence_layers import LAYERS, agree, cases

import tinygrad_loss as tg
from tinygrad_loss.errors import ArgumentError, ShapeError

KINDS = (
    "BatchNormalization",
    "LayerNormalization",
    "GroupNormalization",
    "RMSNormalization",
    "UnitNormalization",
)
X = np.random.default_rng(0).normal(3.0, 2.0, size=(50, 4)).astype(np.float32)


@pytest.mark.parametrize("case", cases(*KINDS))
def test_agrees_with_keras(case):
    agree(case)


def test_defaults_are_keras():
    batch = LAYERS.BatchNormalization()
    assert (batch.axis, batch.momentum, batch.epsilon, batch.center, batch.scale) == (-1, 0.99, 1e-3, True, True)
    assert (LAYERS.LayerNormalization().epsilon, LAYERS.RMSNormalization().epsilon) == (1e-3, 1e-6)
    assert LAYERS.GroupNormalization().groups == 32


def test_weights_of_batch_norm_in_keras_order():
    layer = LAYERS.BatchNormalization()
    layer(X)
    assert [w.name for w in layer.weights] == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert [w.name for w in layer.trainable_weights] == ["gamma", "beta"]
    assert [w.name for w in layer.non_trainable_weights] == ["moving_mean", "moving_variance"]


def test_only_training_moves_the_averages():
    layer = LAYERS.BatchNormalization(momentum=0.9)
    layer(X)
    np.testing.assert_array_equal(layer.moving_mean.detach(), np.zeros(4))
    layer(X, training=True)
    np.testing.assert_allclose(layer.moving_mean.detach(), 0.1 * X.mean(0), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.detach(), 0.9 + 0.1 * X.var(0), rtol=1e-5)
    for _ in range(200):
        layer(X, training=True)
    inferred, trained = layer(X).detach(), layer(X, training=True).detach()
    np.testing.assert_allclose(inferred, trained, rtol=1e-3, atol=1e-3)


def test_a_frozen_layer_infers_in_training_too():
    layer = LAYERS.BatchNormalization()
    layer(X)
    layer.trainable = False
    np.testing.assert_array_equal(layer(X, training=True).detach(), layer(X).detach())
    np.testing.assert_array_equal(layer.moving_mean.detach(), np.zeros(4))


def test_old_graphs_keep_the_averages_they_used():
    layer = LAYERS.BatchNormalization(momentum=0.0)
    x = tg.tensor(X, requires_grad=True)
    before = layer(x)
    slope = tg.tensor(layer.gamma.detach() / np.sqrt(layer.moving_variance.detach() + 1e-3))
    layer(X, training=True)
    before.sum().backward()
    np.testing.assert_allclose(x.grad, np.broadcast_to(slope, X.shape), rtol=1e-6)


def test_fit_replays_it_as_eager_mode_does():
    def trained(jit_compile):
        tg.set_random_seed(1)
        layers = [tg.layers.Dense(8), LAYERS.BatchNormalization(momentum=0.8), tg.layers.Dense(1)]
        model = tg.Sequential(layers)
        model.compile(optimizer="sgd", loss="mse", jit_compile=jit_compile)
        history = model.fit(X, X[:, :1] ** 2, epochs=3, batch_size=25, verbose=0, shuffle=False)
        return history.history["loss"], model.get_weights()

    (eager, weights), (replayed, others) = trained(False), trained(True)
    np.testing.assert_allclose(eager, replayed, rtol=1e-5)
    for a, b in zip(weights, others, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_copies_and_pickles(kind):
    options = {"groups": 2} if kind == "GroupNormalization" else {}
    layer = getattr(LAYERS, kind)(**options)
    expected = layer(X).detach()
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(other(X).detach(), expected)


def test_penalties_and_constraints_reach_the_weights():
    layer = LAYERS.BatchNormalization(gamma_regularizer="l2", beta_constraint="non_neg")
    layer(X)
    assert len(layer.losses) == 1
    assert layer.beta.constraint is not None


def test_errors_say_what_to_do():
    with pytest.raises(ArgumentError, match=r"momentum=1.5(.|\n)*from 0 to 1(.|\n)*PyTorch's momentum 0.1 is 0.9"):
        LAYERS.BatchNormalization(momentum=1.5)
    with pytest.raises(ShapeError, match=r"over axis 3 got shape \(50, 4\)(.|\n)*from -2 to 1"):
        LAYERS.LayerNormalization(axis=3)(X)
    with pytest.raises(ShapeError, match=r"into 32 groups"):
        LAYERS.GroupNormalization()(X)
    with pytest.raises(ArgumentError, match=r"layer_normalization(.|\n)*axis -1, the features, must be known"):
        LAYERS.LayerNormalization().build((None, None))
