"""Convolution and pooling layers against what Keras computes (recorded by tests/oracle/convolution.py)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_loss as tg

RECORDED = json.loads((Path(__file__).parents[1] / "oracle" / "convolution.json").read_text())["cases"]


def as_tuples(value):
    return tuple(map(as_tuples, value)) if isinstance(value, list) else value


def arguments_of(case):
    return {key: as_tuples(value) for key, value in case["arguments"].items()}


@pytest.mark.parametrize("case", RECORDED, ids=[f"{i}-{case['layer']}" for i, case in enumerate(RECORDED)])
def test_values_and_gradients_are_kerass(case):
    tg.config.set_floatx("float64")
    layer = getattr(tg.layers, case["layer"])(**arguments_of(case))
    x = tg.tensor(np.array(case["x"]), requires_grad=True)
    layer(x)
    layer.set_weights([np.array(w) for w in case["weights"]])
    y = layer(x, training=True)
    np.testing.assert_allclose(y.detach(), np.array(case["y"]), rtol=1e-11, atol=1e-11)
    (y * y).sum().backward()
    for leaf, expected in zip([x, *layer.trainable_weights], case["gradients"], strict=True):
        np.testing.assert_allclose(leaf.grad, np.array(expected), rtol=1e-9, atol=1e-9)


def test_a_small_network_learns():
    tg.set_random_seed(0)
    layers = tg.layers
    model = tg.Sequential(
        [layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(2, "softmax")]
    )
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 64)
    x = random.normal(size=(64, 8, 8, 1)) * 0.1
    x[labels == 1, 2:5, 2:5] += 1
    model.compile(tg.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, labels, epochs=20, verbose=0)
    assert model._steps[0].programs, model._steps[0].reason
    assert model.evaluate(x, labels, verbose=0)[1] > 0.95


def test_wrong_inputs():
    with pytest.raises(tg.errors.ShapeError, match="cannot take an input of shape"):
        tg.layers.Conv2D(2, 3)(np.ones((4, 8, 8)))
    with pytest.raises(tg.errors.ArgumentError, match="divisible by groups"):
        tg.layers.Conv2D(3, 3, groups=2)
    with pytest.raises(tg.errors.ArgumentError, match="padding='causal'"):
        tg.layers.Conv2D(3, 3, padding="causal")
