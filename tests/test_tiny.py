"""One second, the whole idea: run this first."""

from __future__ import annotations

import numpy as np

import tinygrad_loss as tg


def test_a_scalar_graph():
    x = tg.tensor(3.0, requires_grad=True)
    y = x**3
    y.backward()
    assert x.grad.item() == 27.0
    x.zero_grad()
    y.backward()
    assert x.grad.item() == 27.0  # intermediates start afresh


def test_a_line_is_fitted_by_hand():
    x = np.linspace(-1, 1, 20)
    w, b = tg.tensor(0.0, requires_grad=True), tg.tensor(0.0, requires_grad=True)
    for _ in range(200):
        loss = ((w * x + b - (2 * x + 1)) ** 2).mean()
        loss.backward(retain_graph=False)
        with tg.no_grad():
            for p in (w, b):
                p -= 0.3 * p.grad
                p.zero_grad()
    np.testing.assert_allclose([float(w), float(b)], [2.0, 1.0], rtol=1e-6)


def test_a_network_learns_exclusive_or():
    tg.set_random_seed(0)
    x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    model = tg.Sequential([tg.layers.Dense(8, activation="tanh"), tg.layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer=tg.optimizers.Adam(0.1), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=100, verbose=0)
    assert model.evaluate(x, y, verbose=0)[1] == 1.0


def test_a_picture_shows_value_and_gradient():
    w = tg.tensor(2.0, requires_grad=True, name="w")
    picture = tg.draw(w * 3.0)
    assert "1.0 × 3.0 = 3.0" in picture.dot
