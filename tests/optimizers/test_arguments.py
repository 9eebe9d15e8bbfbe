"""What optimizers and schedules are made with, and what they say of anything else."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss import errors, optimizers
from tinygrad_loss.optimizers import schedules

KINDS = [
    getattr(optimizers, name)
    for name in optimizers.__all__
    if isinstance(getattr(optimizers, name), type) and name != "Optimizer"
]


def message(kind, call):
    with pytest.raises(kind) as caught:
        call()
    text = str(caught.value)
    assert len(text.splitlines()) == 3, text
    return text


@pytest.mark.parametrize("kind", KINDS)
class TestEvery:
    @pytest.mark.parametrize("rate", [-0.1, np.nan, np.inf, True, "0.1", None])
    def test_learning_rate(self, kind, rate):
        text = message(errors.ArgumentError, lambda: kind(rate))
        assert text.startswith(f"{kind.__name__} cannot use learning_rate=")
        assert "learning_rate is a finite number, 0 or more." in text

    @pytest.mark.parametrize("make", [list, tuple, iter, lambda ws: {"w": ws[0]}, lambda ws: ws[0]])
    def test_parameters_for_a_learning_rate(self, kind, make):
        given = make([tg.tensor([1.0], requires_grad=True)])
        assert message(errors.ArgumentError, lambda: kind(given)).splitlines() == [
            f"{kind.__name__} got {type(given).__name__} for its learning rate.",
            "  The first argument is the learning rate; parameters are given by name, or to each step.",
            f"  Say {kind.__name__}(0.01, parameters=model.parameters()), "
            f"or {kind.__name__}(0.01) and step(model.parameters()).",
        ]

    @pytest.mark.parametrize(
        ("name", "right"), [("lr", "learning_rate"), ("betas", "beta_1 and beta_2"), ("eps", "epsilon")]
    )
    def test_names_of_pytorch(self, kind, name, right):
        text = message(errors.ArgumentError, lambda: kind(**{name: 0.1}))
        assert text.startswith(f"{kind.__name__} does not take {name}=.\n  Its arguments are learning_rate, ")
        assert text.endswith(f"Say {right} instead of {name}.")

    def test_a_misspelt_name(self, kind):
        text = message(errors.ArgumentError, lambda: kind(learning_rat=0.1))
        assert text.endswith("Did you mean 'learning_rate'?") or "'learning_rate'" in text

    def test_pytorch_call(self, kind):
        w = tg.tensor([1.0], requires_grad=True)
        with pytest.raises(errors.ArgumentError, match=r"got .* for its learning rate|does not take lr="):
            kind([w], lr=0.1)

    def test_two_ways_of_clipping(self, kind):
        text = message(errors.ArgumentError, lambda: kind(clipnorm=1.0, clipvalue=0.5))
        assert text.startswith(f"{kind.__name__} got clipnorm and clipvalue.\n  Gradients are clipped in one way only.")

    @pytest.mark.parametrize("name", ["clipnorm", "clipvalue", "global_clipnorm"])
    def test_bounds(self, kind, name):
        for wrong in (0.0, -1.0, np.inf, "1"):
            text = message(errors.ArgumentError, lambda wrong=wrong: kind(**{name: wrong}))
            assert f"cannot use {name}=" in text
            assert f"{name} is a finite number above 0." in text

    def test_weight_decay(self, kind):
        assert "cannot use weight_decay=-1." in message(errors.ArgumentError, lambda: kind(weight_decay=-1.0))

    def test_config_repr_copy_and_pickle(self, kind):
        w = tg.tensor([1.0], requires_grad=True)
        optimizer = kind(0.25, parameters=[w], global_clipnorm=2.0, name="mine")
        optimizer.apply_gradients([(np.ones(1), w)])
        assert repr(optimizer) == f"{kind.__name__}(learning_rate=0.25, iterations=1)"
        for other in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
            assert other.get_config() == optimizer.get_config()
            assert other.iterations == 1
            other.apply_gradients([(np.ones(1), other.parameters[0])])
        assert optimizer.iterations == 1
        assert kind.from_config(optimizer.get_config()).get_config() == optimizer.get_config()

    def test_get(self, kind):
        for identifier in (kind.__name__, kind.__name__.lower(), kind.__name__.upper(), kind):
            assert type(optimizers.get(identifier)) is kind
        optimizer = kind()
        assert optimizers.get(optimizer) is optimizer


SHARES = [
    (optimizers.SGD, "momentum"),
    (optimizers.RMSprop, "rho"),
    (optimizers.RMSprop, "momentum"),
    (optimizers.Adadelta, "rho"),
    *((kind, name) for kind in (optimizers.Adam, optimizers.Adamax, optimizers.Nadam) for name in ("beta_1", "beta_2")),
    (optimizers.Lion, "beta_1"),
]


@pytest.mark.parametrize(("kind", "name"), SHARES)
@pytest.mark.parametrize("value", [-0.1, 1.0, 1.5, np.nan, "0.9", None])
def test_shares(kind, name, value):
    text = message(errors.ArgumentError, lambda: kind(**{name: value}))
    assert text.startswith(f"{kind.__name__} cannot use {name}=")
    assert f"{name} is the share that is kept from step to step: at least 0, and below 1." in text


def test_epsilon():
    text = message(errors.ArgumentError, lambda: optimizers.Adam(epsilon=-1e-7))
    assert text.splitlines()[:2] == ["Adam cannot use epsilon=-1e-07.", "  epsilon is a finite number, 0 or more."]


@pytest.mark.parametrize(
    ("identifier", "cure"),
    [("adm", "Did you mean 'adam'"), (0.1, "Known names: "), (None, "Known names: "), (dict, "Known names: ")],
)
def test_unknown_names(identifier, cure):
    with pytest.raises(errors.UnknownNameError) as caught:
        optimizers.get(identifier)
    assert str(caught.value).startswith(f"Could not interpret optimizer identifier: {identifier!r}.")
    assert cure in str(caught.value)


def test_gradient_descent_wants_the_whole_data_set():
    assert optimizers.GradientDescent().full_batch
    assert not any(kind.full_batch for kind in KINDS if kind is not optimizers.GradientDescent)
    assert type(optimizers.get("gradient_descent")) is optimizers.GradientDescent


def test_defaults_are_those_of_keras():
    rates = {kind.__name__: kind().learning_rate for kind in KINDS}
    assert rates.pop("SGD") == rates.pop("GradientDescent") == 0.01
    assert set(rates.values()) == {0.001}
    assert optimizers.AdamW().weight_decay == 0.004
    assert optimizers.Adam().epsilon == 1e-7


class TestLearningRate:
    def test_can_be_set(self):
        w, optimizer = tg.tensor([1.0], requires_grad=True), optimizers.SGD(0.1)
        optimizer.apply_gradients([(np.ones(1), w)])
        optimizer.learning_rate = 0.5
        optimizer.apply_gradients([(np.ones(1), w)])
        np.testing.assert_allclose(w.detach(), [0.4])
        with pytest.raises(errors.ArgumentError, match="SGD cannot use learning_rate=-1"):
            optimizer.learning_rate = -1

    def test_follows_a_schedule(self):
        w, optimizer = tg.tensor([1.0], requires_grad=True), optimizers.SGD(schedules.InverseTimeDecay(0.1, 1, 1.0))
        rates = []
        for _ in range(3):
            rates.append(optimizer.learning_rate)
            optimizer.apply_gradients([(np.ones(1), w)])
        np.testing.assert_allclose(rates, [0.1, 0.05, 0.1 / 3])
        np.testing.assert_allclose(w.detach(), [1 - sum(rates)])
        optimizer.learning_rate = 0.2
        assert optimizer.schedule is None
        assert optimizer.learning_rate == 0.2

    def test_of_a_schedule_in_the_config(self):
        optimizer = optimizers.Adam(schedules.CosineDecay(0.1, 100))
        again = optimizers.Adam.from_config(optimizer.get_config())
        assert again.schedule.get_config() == optimizer.schedule.get_config()
        config = {**optimizer.get_config(), "learning_rate": {"class_name": "Cosine", "config": {}}}
        with pytest.raises(errors.UnknownNameError, match="schedule identifier: 'Cosine'"):
            optimizers.Adam.from_config(config)

    def test_of_another_function_is_refused(self):
        text = message(errors.ArgumentError, lambda: optimizers.SGD(lambda step: 0.1))
        assert "or give a schedule of tg.optimizers.schedules." in text


class TestSchedules:
    @pytest.mark.parametrize("steps", [0, -1, np.inf, "10", True])
    @pytest.mark.parametrize(
        ("kind", "more"),
        [
            (schedules.ExponentialDecay, (0.5,)),
            (schedules.InverseTimeDecay, (0.5,)),
            (schedules.PolynomialDecay, ()),
            (schedules.CosineDecay, ()),
            (schedules.CosineDecayRestarts, ()),
        ],
    )
    def test_steps(self, kind, more, steps):
        text = message(errors.ArgumentError, lambda: kind(0.1, steps, *more))
        assert text.startswith(f"{kind.__name__} cannot use ")
        assert "It is a number of steps, and positive." in text

    def test_boundaries(self):
        text = message(errors.ArgumentError, lambda: schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2]))
        assert text.startswith("PiecewiseConstantDecay got 2 boundaries and 2 values.")
        text = message(errors.ArgumentError, lambda: schedules.PiecewiseConstantDecay([2, 1], [0.1, 0.2, 0.3]))
        assert text.startswith("PiecewiseConstantDecay got boundaries out of order: [2, 1].")

    def test_base(self):
        with pytest.raises(NotImplementedError, match="LearningRateSchedule needs a method __call__"):
            schedules.LearningRateSchedule()(0)

    def test_restarts_begin_at_the_top(self):
        for factor in (1.0, 2.0, 3.0):
            schedule = schedules.CosineDecayRestarts(0.1, 1, t_mul=factor)
            start, length = 0, 1
            for _ in range(8):
                np.testing.assert_allclose(schedule(start), 0.1, rtol=1e-9)
                start, length = start + length, int(length * factor)

    def test_repr(self):
        shown = repr(schedules.PiecewiseConstantDecay([1], [0.1, 0.2]))
        assert shown == "PiecewiseConstantDecay(boundaries=[1], values=[0.1, 0.2], name='PiecewiseConstant')"


def test_an_optimizer_without_a_rule():
    w = tg.tensor([1.0], requires_grad=True)
    with pytest.raises(NotImplementedError, match="Optimizer needs a method rule"):
        optimizers.Optimizer().apply_gradients([(np.ones(1), w)])
