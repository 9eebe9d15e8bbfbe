"""Recurrent layers and their wrappers: Keras's numbers, states, dropout, and errors."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from sequence_layers import LAYERS, agree, cases

import tinygrad_loss as tg
from tinygrad_loss.errors import ArgumentError, ShapeError

X = np.random.default_rng(0).normal(size=(4, 6, 5)).astype(np.float32)
KINDS = "SimpleRNN LSTM GRU".split()


@pytest.mark.parametrize("case", cases(*KINDS, "Bidirectional", "TimeDistributed"))
def test_agrees_with_keras(case):
    agree(case)


@pytest.mark.parametrize(("kind", "gates"), [("SimpleRNN", 1), ("LSTM", 4), ("GRU", 3)])
def test_weights_have_keras_layout(kind, gates):
    layer = getattr(LAYERS, kind)(3)
    layer(X)
    bias = (2, 9) if kind == "GRU" else (3 * gates,)
    assert [(w.name, w.shape) for w in layer.weights] == [
        ("kernel", (5, 3 * gates)),
        ("recurrent_kernel", (3, 3 * gates)),
        ("bias", bias),
    ]
    recurrent = layer.recurrent_kernel.detach()
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(3), atol=1e-5)  # orthogonal rows


def test_the_forget_gate_begins_open():
    layer = LAYERS.LSTM(2)
    layer(X)
    np.testing.assert_array_equal(layer.bias.detach(), [0, 0, 1, 1, 0, 0, 0, 0])
    layer = LAYERS.LSTM(2, unit_forget_bias=False)
    layer(X)
    np.testing.assert_array_equal(layer.bias.detach(), np.zeros(8))


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_handed_on_continues_the_sequence(kind):
    layer = getattr(LAYERS, kind)(3, return_sequences=True, return_state=True)
    whole, *last = layer(X)
    first, *state = layer(X[:, :2])
    second, *end = layer(X[:, 2:], initial_state=state)
    np.testing.assert_allclose(np.concatenate([first.detach(), second.detach()], 1), whole.detach(), rtol=1e-5)
    for a, b in zip(end, last, strict=True):
        np.testing.assert_allclose(a.detach(), b.detach(), rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(whole.detach()[:, -1], last[0].detach())


@pytest.mark.parametrize("kind", KINDS)
def test_padding_that_is_masked_changes_nothing(kind):
    layer = getattr(LAYERS, kind)(3)
    padded = np.concatenate([X, np.full((4, 2, 5), 9.0, np.float32)], axis=1)
    mask = np.arange(8) < 6
    got = layer(padded, mask=np.broadcast_to(mask, (4, 8)))
    np.testing.assert_array_equal(got.detach(), layer(X).detach())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["dropout", "recurrent_dropout"])
def test_dropout_only_in_training(kind, name):
    layer = getattr(LAYERS, kind)(3, seed=0, **{name: 0.5})
    np.testing.assert_array_equal(layer(X).detach(), layer(X).detach())
    assert not np.array_equal(layer(X, training=True).detach(), layer(X, training=True).detach())


def test_dropout_leaves_out_the_same_inputs_at_every_step():
    layer = LAYERS.SimpleRNN(
        5, activation=None, use_bias=False, dropout=0.5, kernel_initializer="identity",
        recurrent_initializer="zeros", return_sequences=True, seed=0,
    )  # fmt: skip
    y = layer(np.ones((4, 6, 5)), training=True).detach().numpy()
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))
    assert set(np.unique(y)) == {0.0, 2.0}


def test_both_directions_have_weights_and_names_of_their_own():
    layer = LAYERS.Bidirectional(LAYERS.LSTM(3, name="reader"))
    layer(X)
    names = [inner.name for inner in layer.flattened()[1:]]
    assert names == ["forward_reader", "backward_reader"]
    forward, backward = layer.forward_layer.kernel, layer.backward_layer.kernel
    assert not np.array_equal(forward.detach(), backward.detach())
    assert layer.backward_layer.go_backwards is True


def test_backwards_is_forwards_on_the_sequence_turned_over():
    layer = LAYERS.Bidirectional(LAYERS.GRU(3, return_sequences=True), merge_mode=None)
    _, backward = layer(X)
    layer.forward_layer.set_weights(layer.backward_layer.get_weights())
    turned, _ = layer(X[:, ::-1].copy())
    np.testing.assert_allclose(backward.detach(), turned.detach()[:, ::-1], rtol=1e-6)


def test_states_of_both_directions():
    layer = LAYERS.Bidirectional(LAYERS.LSTM(3, return_state=True))
    _, *state = layer(X)
    assert [part.shape for part in state] == [(4, 3)] * 4
    again, *_ = layer(X, initial_state=state)
    assert again.shape == (4, 6)


def test_a_layer_at_every_step_takes_integers_too():
    words = np.array([[[1, 2], [0, 1], [2, 2]]])
    layer = LAYERS.TimeDistributed(LAYERS.Embedding(3, 4))
    assert layer(words).shape == (1, 3, 2, 4)
    np.testing.assert_array_equal(layer(words).detach(), layer.layer(words).detach())


@pytest.mark.parametrize("kind", KINDS)
def test_copies_and_pickles(kind):
    layer = getattr(LAYERS, kind)(3, dropout=0.2)
    expected = layer(X).detach()
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(other(X).detach(), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_fit_replays_it_as_eager_mode_does(kind):
    def trained(jit_compile):
        tg.set_random_seed(1)
        model = tg.Sequential([getattr(LAYERS, kind)(4, dropout=0.2), tg.layers.Dense(1)])
        model.compile(optimizer="adam", loss="mse", jit_compile=jit_compile)
        history = model.fit(X, X[:, -1, :1], epochs=3, batch_size=2, verbose=0)
        return history.history["loss"]

    np.testing.assert_allclose(trained(True), trained(False), rtol=1e-5)


def test_an_lstm_learns_to_remember():
    """The first number of a sequence, asked for ten steps later."""
    tg.set_random_seed(0)
    random = np.random.default_rng(0)
    x = random.choice([-1.0, 1.0], size=(256, 10, 1)).astype(np.float32)
    model = tg.Sequential([LAYERS.LSTM(16), tg.layers.Dense(1)])
    model.compile(optimizer=tg.optimizers.Adam(0.02), loss="mse")
    model.fit(x, x[:, 0], epochs=40, batch_size=64, verbose=0)
    assert model.evaluate(x, x[:, 0], verbose=0) < 0.05


def test_errors_say_what_to_do():
    with pytest.raises(ArgumentError, match=r"LSTM got units=0(.|\n)*positive integer(.|\n)*LSTM\(32\)"):
        LAYERS.LSTM(0)
    with pytest.raises(ArgumentError, match=r"stateful=True(.|\n)*initial_state="):
        LAYERS.GRU(3, stateful=True)
    with pytest.raises(ShapeError, match=r"\(LSTM\) cannot take an input of shape \(4, 5\)(.|\n)*three axes"):
        LAYERS.LSTM(3)(X[:, 0])
    layer = LAYERS.GRU(3)
    layer(X)
    with pytest.raises(ShapeError, match=r"shape \(4, 6, 2\)(.|\n)*built for 5 features"):
        layer(X[..., :2])
    with pytest.raises(ShapeError, match=r"initial_state of shapes \[\(4, 2\)\](.|\n)*1 of shape \(4, 3\)"):
        layer(X, initial_state=np.zeros((4, 2)))
    with pytest.raises(ShapeError, match=r"mask of shape \(4, 5\)(.|\n)*\(4, 6\)(.|\n)*words != 0"):
        layer(X, mask=np.ones((4, 5)))
    with pytest.raises(ArgumentError, match=r"merge_mode='add'(.|\n)*'sum'"):
        LAYERS.Bidirectional(LAYERS.GRU(3), merge_mode="add")
    with pytest.raises(ArgumentError, match=r"needs a recurrent layer(.|\n)*Bidirectional\(LSTM\(32\)\)"):
        LAYERS.Bidirectional(tg.layers.Dense(3))
    with pytest.raises(ArgumentError, match=r"do not go together(.|\n)*go_backwards=True"):
        LAYERS.Bidirectional(LAYERS.GRU(3), backward_layer=LAYERS.GRU(3))
    with pytest.raises(ArgumentError, match=r"TimeDistributed got 3(.|\n)*needs a layer"):
        LAYERS.TimeDistributed(3)
