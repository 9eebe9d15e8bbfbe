"""Every optimizer and schedule against Keras's numbers, recorded in tests/oracle/optimizers.json (float64)."""

from __future__ import annotations

import json
import pathlib

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss import optimizers
from tinygrad_loss.optimizers import schedules

FACTS = json.loads((pathlib.Path(__file__).parents[1] / "oracle" / "optimizers.json").read_text())
GRADIENTS = [[np.array(g) for g in gradients] for gradients in FACTS["gradients"]]


def labelled(records):
    return [pytest.param(fact, id=f"{i}-{fact['kind']}") for i, fact in enumerate(records)]


def weights(dtype=np.float64):
    return [tg.tensor(np.array(w, dtype), requires_grad=True) for w in FACTS["start"]]


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def follow(optimizer, path, change=None):
    """Take the recorded steps, and compare after each."""
    variables = weights()
    for step, (gradients, expected) in enumerate(zip(GRADIENTS, path, strict=True)):
        if change is not None:
            change(optimizer, step)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        for w, right in zip(variables, expected, strict=True):
            close(w.detach().numpy(), right)


@pytest.mark.parametrize("fact", labelled(FACTS["trajectories"]))
class TestTrajectories:
    def test_same_path(self, fact):
        follow(getattr(optimizers, fact["kind"])(**fact["options"]), fact["path"])

    def test_float32_stays(self, fact):
        optimizer, variables = getattr(optimizers, fact["kind"])(**fact["options"]), weights(np.float32)
        scalar = tg.tensor(np.float32(0.5), requires_grad=True)
        for gradients in GRADIENTS[:3]:
            optimizer.apply_gradients(zip([*gradients, np.array(0.0)], [*variables, scalar], strict=True))
        kept = [*variables, scalar, *(s for w in [*variables, scalar] for s in optimizer.state_of(w))]
        assert {t.dtype for t in kept} == {np.dtype(np.float32)}
        np.testing.assert_allclose(variables[0].detach().numpy(), fact["path"][2][0], rtol=1e-4, atol=1e-5)

    def test_nothing_is_written_into(self, fact):
        optimizer, variables = getattr(optimizers, fact["kind"])(**fact["options"]), weights()
        gradients = [g.copy() for g in GRADIENTS[0]]
        for _ in range(2):
            arrays = [w.data for w in variables] + gradients
            arrays += [s.data for w in variables for s in optimizer.state_of(w)]
            before = [a.copy() for a in arrays]
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
            for array, old in zip(arrays, before, strict=True):
                np.testing.assert_array_equal(array, old)

    def test_goes_on_from_a_state_dict(self, fact):
        kind, first, second = getattr(optimizers, fact["kind"]), weights(), weights()
        optimizer = kind(**fact["options"])
        for gradients in GRADIENTS[:10]:
            optimizer.apply_gradients(zip(gradients, first, strict=True))
        for w, old in zip(second, first, strict=True):
            w.assign(old)
        other = kind(**{**fact["options"], "learning_rate": 0.5})
        other.load_state_dict(optimizer.state_dict())
        for gradients, expected in zip(GRADIENTS[10:], fact["path"][10:], strict=True):
            other.apply_gradients(zip(gradients, second, strict=True))
            close(second[0].detach().numpy(), expected[0])

    def test_config_makes_an_equal_one(self, fact):
        optimizer = getattr(optimizers, fact["kind"])(**fact["options"])
        again = optimizers.get({"class_name": fact["kind"], "config": optimizer.get_config()})
        assert again.get_config() == optimizer.get_config()
        follow(again, fact["path"])


def test_velocity_holds_the_rate():
    def lower_rate(optimizer, step):
        if step == 3:
            optimizer.learning_rate = 0.01

    follow(optimizers.SGD(0.1, momentum=0.9), FACTS["rate lowered to 0.01 before step 3"], lower_rate)


def test_under_a_schedule():
    fact = FACTS["Adam under ExponentialDecay"]
    follow(optimizers.Adam(schedules.ExponentialDecay(**fact["schedule"])), fact["path"])


@pytest.mark.parametrize("gradient", [1.0, 1e-6, 1e-8])
def test_where_epsilon_stands_in_adam(gradient):
    w = tg.tensor(0.0, requires_grad=True)
    optimizers.Adam(0.1).apply_gradients([(gradient, w)])
    np.testing.assert_allclose(-float(w), FACTS["first steps of Adam(0.1) from 0"][str(gradient)], rtol=1e-12)


@pytest.mark.parametrize("fact", labelled(FACTS["schedules"]))
class TestSchedules:
    def test_same_rates(self, fact):
        schedule = getattr(schedules, fact["kind"])(**fact["options"])
        rates = [schedule(step) for step in range(40)]
        assert {type(rate) for rate in rates} == {float}
        close(rates, fact["rates"])

    def test_config_makes_an_equal_one(self, fact):
        schedule = getattr(schedules, fact["kind"])(**fact["options"])
        again = type(schedule).from_config(schedule.get_config())
        assert [again(step) for step in range(40)] == [schedule(step) for step in range(40)]
