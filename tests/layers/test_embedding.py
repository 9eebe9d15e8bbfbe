"""The embedding layer, and the layers that disturb their inputs while training."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from sequence_layers import LAYERS

import tinygrad_loss as tg
from tinygrad_loss.errors import ArgumentError, IndexingError, ShapeError

WORDS = np.array([[1, 0, 3], [3, 3, 2]])
X = np.random.default_rng(0).normal(size=(200, 50)).astype(np.float32)


def test_rows_of_the_table():
    layer = LAYERS.Embedding(4, 2)
    y = layer(WORDS)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y.detach(), layer.embeddings.detach()[WORDS])
    assert np.abs(layer.embeddings.detach()).max() <= 0.05  # Keras's "uniform"
    y.sum().backward()
    np.testing.assert_array_equal(layer.embeddings.grad, np.array([[1, 1], [1, 1], [1, 1], [3, 3]]))


def test_whole_numbers_kept_as_floats_are_taken():
    layer = LAYERS.Embedding(4, 2)
    np.testing.assert_array_equal(layer(WORDS.astype(np.float32)).detach(), layer(WORDS).detach())


def test_weights_to_begin_with():
    table = np.arange(8.0).reshape(4, 2)
    for given in (table, [table]):
        np.testing.assert_array_equal(LAYERS.Embedding(4, 2, weights=given)(WORDS).detach(), table[WORDS])
    with pytest.raises(ShapeError, match=r"weights of shape \(2, 4\)(.|\n)*shape \(4, 2\)"):
        LAYERS.Embedding(4, 2, weights=table.T)(WORDS)


def test_fit_takes_words():
    tg.set_random_seed(0)
    words = np.random.default_rng(0).integers(0, 20, (100, 4))
    model = tg.Sequential([LAYERS.Embedding(20, 8), tg.layers.Flatten(), tg.layers.Dense(1)])
    model.compile(optimizer=tg.optimizers.Adam(0.05), loss="mse")
    history = model.fit(words, words[:, :1] / 20.0, epochs=20, verbose=0).history["loss"]
    assert history[-1] < 0.02 < history[0]


def test_errors_of_the_embedding():
    with pytest.raises(ArgumentError, match=r"input_dim=0(.|\n)*positive integer"):
        LAYERS.Embedding(0, 2)
    with pytest.raises(ArgumentError, match=r"mask_zero=True(.|\n)*mask=words != 0"):
        LAYERS.Embedding(4, 2, mask_zero=True)
    with pytest.raises(IndexingError, match=r"index 4 for a table of 4 rows"):
        LAYERS.Embedding(4, 2)(np.array([4]))


DISTURBING = {
    "Dropout": (0.3,),
    "GaussianNoise": (0.5,),
    "GaussianDropout": (0.3,),
    "AlphaDropout": (0.3,),
}


@pytest.mark.parametrize("kind", DISTURBING)
def test_disturbs_only_in_training_and_keeps_the_mean(kind):
    layer = getattr(LAYERS, kind)(*DISTURBING[kind], seed=9)
    np.testing.assert_array_equal(layer(X).detach(), X)
    disturbed = layer(X, training=True).detach().numpy()
    assert disturbed.dtype == np.float32
    assert not np.array_equal(disturbed, X)
    assert abs(disturbed.mean() - X.mean()) < 0.04
    assert not np.array_equal(disturbed, layer(X, training=True).detach())


@pytest.mark.parametrize("kind", DISTURBING)
def test_the_same_seed_disturbs_in_the_same_way(kind):
    first, second = (getattr(LAYERS, kind)(*DISTURBING[kind], seed=5)(X, training=True).detach() for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("kind", DISTURBING)
def test_a_program_draws_anew_at_each_run(kind):
    layer = getattr(LAYERS, kind)(*DISTURBING[kind], seed=1)
    twin = copy.deepcopy(layer)
    program = tg.jit(lambda x: layer(x, training=True))
    seen = []
    for _ in range(3):
        seen.append(np.array(program(X)))
        np.testing.assert_array_equal(seen[-1], twin(X, training=True).detach())
    assert not np.array_equal(seen[1], seen[2])


def test_what_each_does_to_the_spread():
    ones = np.ones((300, 300), np.float32)
    noisy = LAYERS.GaussianNoise(0.5, seed=0)(ones, training=True).detach().numpy()
    assert noisy.std() == pytest.approx(0.5, rel=0.02)
    times = LAYERS.GaussianDropout(0.2, seed=0)(ones, training=True).detach().numpy()
    assert times.var() == pytest.approx(0.2 / 0.8, rel=0.03)
    normal = np.random.default_rng(0).normal(size=(300, 300)).astype(np.float32)
    kept = LAYERS.AlphaDropout(0.2, seed=0)(normal, training=True).detach().numpy()
    assert kept.mean() == pytest.approx(0.0, abs=0.02)
    assert kept.std() == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize(
    ("kind", "shape", "data_format", "shared"),
    [
        ("SpatialDropout1D", (8, 5, 6), None, (1,)),
        ("SpatialDropout2D", (8, 3, 4, 6), None, (1, 2)),
        ("SpatialDropout2D", (8, 6, 3, 4), "channels_first", (2, 3)),
        ("SpatialDropout3D", (8, 2, 3, 4, 6), "channels_last", (1, 2, 3)),
    ],
)
def test_whole_channels_are_left_out(kind, shape, data_format, shared):
    options = {} if data_format is None else {"data_format": data_format}
    y = getattr(LAYERS, kind)(0.5, seed=0, **options)(np.ones(shape), training=True).detach().numpy()
    assert set(np.unique(y)) == {0.0, 2.0}
    np.testing.assert_array_equal(y.min(shared), y.max(shared))


def test_a_mask_shared_along_an_axis():
    y = LAYERS.Dropout(0.5, noise_shape=(None, 1, None), seed=0)(np.ones((4, 3, 5)), training=True).detach().numpy()
    np.testing.assert_array_equal(y.min(1), y.max(1))


def test_errors_of_the_disturbing_layers():
    with pytest.raises(ArgumentError, match=r"GaussianDropout got rate=1.0(.|\n)*below 1"):
        LAYERS.GaussianDropout(1.0)
    with pytest.raises(ArgumentError, match=r"GaussianNoise got stddev=-1(.|\n)*at least 0"):
        LAYERS.GaussianNoise(-1)
    with pytest.raises(ShapeError, match=r"\(SpatialDropout2D\) got shape \(2, 3\)(.|\n)*needs 4 axes"):
        LAYERS.SpatialDropout2D(0.5)(np.ones((2, 3)), training=True)
    with pytest.raises(ArgumentError, match=r"data_format='first'(.|\n)*'channels_last'"):
        LAYERS.SpatialDropout2D(0.5, "first")
