"""The cells of LSTM and GRU: what their gates mean, and PyTorch's numbers."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.errors import ShapeError

RANDOM = np.random.default_rng(0)
BATCH, INPUTS, UNITS = 3, 5, 4
X, H, C = RANDOM.normal(size=(BATCH, INPUTS)), RANDOM.normal(size=(BATCH, UNITS)), RANDOM.normal(size=(BATCH, UNITS))


def parameters(gates, rows=1):
    shapes = (INPUTS, gates * UNITS), (UNITS, gates * UNITS), (rows, gates * UNITS)
    return [RANDOM.normal(size=shape) * 0.5 for shape in shapes]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_lstm_by_hand():
    kernel, recurrent, bias = parameters(4)
    i, f, g, o = np.split(X @ kernel + H @ recurrent + bias[0], 4, axis=-1)
    cell = sigmoid(f) * C + sigmoid(i) * np.tanh(g)
    h, c = tg.lstm_cell(X, H, C, kernel, recurrent, bias[0])
    np.testing.assert_allclose(c, cell, rtol=1e-12)
    np.testing.assert_allclose(h, sigmoid(o) * np.tanh(cell), rtol=1e-12)


def test_gru_by_hand():
    kernel, recurrent, bias = parameters(3, 2)
    x, r = np.split(X @ kernel + bias[0], 3, axis=-1), np.split(H @ recurrent + bias[1], 3, axis=-1)
    update = sigmoid(x[0] + r[0])
    candidate = np.tanh(x[2] + sigmoid(x[1] + r[1]) * r[2])
    expected = update * H + (1 - update) * candidate
    np.testing.assert_allclose(tg.gru_cell(X, H, kernel, recurrent, bias), expected, rtol=1e-12)


def test_without_bias():
    kernel, recurrent, bias = parameters(4)
    zeros = np.zeros_like(bias[0])
    for a, b in zip(
        tg.lstm_cell(X, H, C, kernel, recurrent), tg.lstm_cell(X, H, C, kernel, recurrent, zeros), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-14)
    kernel, recurrent, bias = parameters(3, 2)
    expected = tg.gru_cell(X, H, kernel, recurrent, np.zeros_like(bias))
    np.testing.assert_allclose(tg.gru_cell(X, H, kernel, recurrent), expected, rtol=1e-14)


def test_gates_wide_open_and_shut():
    shut, wide = np.full((1, 1), -100.0), np.full((1, 1), 100.0)
    h, c = tg.lstm_gates(np.concatenate([shut, wide, wide, wide], -1), np.array([[0.7]]))
    assert (h.item(), c.item()) == pytest.approx((np.tanh(0.7), 0.7))
    rest = np.zeros((1, 3))
    assert tg.gru_gates(np.concatenate([wide, shut, wide], -1), rest, np.array([[0.3]])).item() == pytest.approx(0.3)


def test_second_derivatives_through_several_steps():
    kernel, recurrent, bias = parameters(4)

    def loss(recurrent):
        h, c = H, C
        for _ in range(3):
            h, c = tg.lstm_cell(X, h, c, kernel, recurrent, bias[0])
        return (h * c).sum()

    tg.gradcheck(tg.grad(loss), recurrent)
    kernel, recurrent, bias = parameters(3, 2)

    def other(recurrent):
        h = H
        for _ in range(3):
            h = tg.gru_cell(X, h, kernel, recurrent, bias)
        return (h * h).sum()

    tg.gradcheck(tg.grad(other), recurrent)


def test_errors_say_what_to_do():
    with pytest.raises(
        ShapeError, match=r"lstm_gates got \(3, 12\) for a state of shape \(3, 4\)(.|\n)*4 units each: 16"
    ):
        tg.lstm_gates(tg.tensor(np.ones((3, 12))), C)
    with pytest.raises(ShapeError, match=r"gru_gates got \(3, 12\) and \(3, 9\)(.|\n)*3 gates of 4 units each: 12"):
        tg.gru_gates(tg.tensor(np.ones((3, 12))), np.ones((3, 9)), H)


@pytest.mark.oracle
def test_lstm_against_torch():
    torch = pytest.importorskip("torch")
    kernel, recurrent, bias = parameters(4)
    cell = torch.nn.LSTMCell(INPUTS, UNITS, dtype=torch.float64)  # gates in the order i, f, g, o, as here
    with torch.no_grad():
        cell.weight_ih.copy_(torch.tensor(kernel.T))
        cell.weight_hh.copy_(torch.tensor(recurrent.T))
        cell.bias_ih.copy_(torch.tensor(bias[0]))
        cell.bias_hh.zero_()
    ours = [tg.tensor(x, requires_grad=True) for x in (X, H, C, kernel, recurrent)]
    theirs = [torch.tensor(x, requires_grad=True) for x in (X, H, C)]
    h, c = tg.lstm_cell(*ours, bias[0])
    right_h, right_c = cell(theirs[0], (theirs[1], theirs[2]))
    np.testing.assert_allclose(h.detach(), right_h.detach().numpy(), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(c.detach(), right_c.detach().numpy(), rtol=1e-11, atol=1e-13)
    (h * c).sum().backward()
    (right_h * right_c).sum().backward()
    gradients = [t.grad.numpy() for t in theirs] + [cell.weight_ih.grad.numpy().T, cell.weight_hh.grad.numpy().T]
    for a, b in zip(ours, gradients, strict=True):
        np.testing.assert_allclose(a.grad, b, rtol=1e-10, atol=1e-12)


@pytest.mark.oracle
def test_gru_against_torch():
    torch = pytest.importorskip("torch")
    kernel, recurrent, bias = parameters(3, 2)

    def turned(x):  # PyTorch has reset before update
        update, reset, candidate = np.split(x, 3, axis=-1)
        return torch.tensor(np.concatenate([reset, update, candidate], -1).T)

    cell = torch.nn.GRUCell(INPUTS, UNITS, dtype=torch.float64)
    with torch.no_grad():
        for parameter, value in zip(cell.parameters(), (kernel, recurrent, bias[0], bias[1]), strict=True):
            parameter.copy_(turned(value))
    x, h = tg.tensor(X, requires_grad=True), tg.tensor(H, requires_grad=True)
    tx, th = torch.tensor(X, requires_grad=True), torch.tensor(H, requires_grad=True)
    y, right = tg.gru_cell(x, h, kernel, recurrent, bias), cell(tx, th)
    np.testing.assert_allclose(y.detach(), right.detach().numpy(), rtol=1e-11, atol=1e-13)
    (y * y).sum().backward()
    (right * right).sum().backward()
    np.testing.assert_allclose(x.grad, tx.grad.numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(h.grad, th.grad.numpy(), rtol=1e-10, atol=1e-12)
