"""What an optimizer remembers, saved and loaded."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss import errors, optimizers


def leaves():
    return [tg.tensor([1.0, 2.0], requires_grad=True), tg.tensor([[3.0]], requires_grad=True)]


def train(optimizer, parameters, steps):
    for step in range(steps):
        optimizer.apply_gradients([(np.full(w.shape, 1.0 + step), w) for w in parameters])


def message(state, optimizer):
    with pytest.raises(errors.ArgumentError) as caught:
        optimizer.load_state_dict(state)
    assert len(str(caught.value).splitlines()) == 3
    return str(caught.value)


def test_what_it_holds():
    parameters, optimizer = leaves(), optimizers.Adam(0.5)
    train(optimizer, parameters, 2)
    state = optimizer.state_dict()
    assert (state["iterations"], state["learning_rate"]) == (2, 0.5)
    assert [{name: a.shape for name, a in entry.items()} for entry in state["state"]] == [
        {"momentum": (2,), "velocity": (2,)},
        {"momentum": (1, 1), "velocity": (1, 1)},
    ]


def test_it_is_a_copy():
    parameters, optimizer = leaves(), optimizers.Adam()
    train(optimizer, parameters, 1)
    state = optimizer.state_dict()
    state["state"][0]["momentum"][:] = 7.0
    assert not (optimizer.state_of(parameters[0])[0].numpy() == 7.0).any()
    optimizer.load_state_dict(state)
    state["state"][0]["momentum"][:] = 9.0
    np.testing.assert_array_equal(optimizer.state_of(parameters[0])[0].numpy(), [7.0, 7.0])


def test_before_the_parameters_are_known():
    parameters, optimizer = leaves(), optimizers.Adam(0.5)
    train(optimizer, parameters, 2)
    other = optimizers.Adam()
    other.load_state_dict(optimizer.state_dict())
    np.testing.assert_equal(other.state_dict(), optimizer.state_dict())
    copies = [tg.tensor(w.detach().numpy(), requires_grad=True) for w in parameters]
    train(optimizer, parameters, 1)
    train(other, copies, 1)
    for a, b in zip(parameters, copies, strict=True):
        np.testing.assert_array_equal(a.detach(), b.detach())


def test_a_schedule_keeps_its_place():
    schedule = optimizers.schedules.InverseTimeDecay(0.1, 1, 1.0)
    optimizer = optimizers.SGD(schedule)
    train(optimizer, leaves(), 3)
    state = optimizer.state_dict()
    assert state["learning_rate"] is None
    other = optimizers.SGD(schedule)
    other.load_state_dict(state)
    assert other.learning_rate == optimizer.learning_rate == 0.025


def test_of_another_kind():
    optimizer = optimizers.Adam()
    train(optimizer, leaves(), 1)
    assert message(optimizer.state_dict(), optimizers.SGD(momentum=0.9)).splitlines() == [
        "SGD cannot load a state that holds ['momentum', 'velocity'].",
        "  This optimizer remembers ['velocity'].",
        "  Load it into an optimizer of the same kind, made with the same arguments, for the same model.",
    ]


def test_of_fewer_parameters():
    optimizer = optimizers.Adam()
    train(optimizer, leaves()[:1], 1)
    text = message(optimizer.state_dict(), optimizers.Adam(parameters=leaves()))
    assert text.startswith("Adam cannot load a state that is of 1 parameters.\n  This optimizer has 2.")


def test_of_other_shapes():
    optimizer = optimizers.Adam()
    train(optimizer, leaves(), 1)
    other = optimizers.Adam(parameters=leaves()[::-1])
    before = other.state_dict()
    text = message(optimizer.state_dict(), other)
    assert text.startswith(
        "Adam cannot load a state that has momentum of shape (2,).\n  This optimizer has a parameter of shape (1, 1)."
    )
    np.testing.assert_equal(other.state_dict(), before)


def test_state_has_the_dtype_of_its_parameter():
    w = tg.tensor(np.ones(2, np.float32), requires_grad=True)
    optimizer = optimizers.Adam()
    optimizer.load_state_dict(
        {"iterations": 1, "learning_rate": 0.1, "state": [{"momentum": np.ones(2), "velocity": np.ones(2)}]}
    )
    assert {s.dtype for s in optimizer.state_of(w)} == {np.dtype(np.float32)}
