"""Every loss against Keras's numbers, recorded in tests/oracle/losses.json (float64)."""

from __future__ import annotations

import json
import pathlib

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss import losses

FACTS = json.loads((pathlib.Path(__file__).parents[1] / "oracle" / "losses.json").read_text())
ACTIVATIONS = {None: lambda x: x, "softmax": tg.softmax, "sigmoid": tg.sigmoid}


def labelled(records):
    return [pytest.param(fact, id=f"{i}-{fact['kind']}") for i, fact in enumerate(records)]


def loss_of(fact, reduction="sum_over_batch_size"):
    return getattr(losses, fact["kind"])(**fact["options"], reduction=reduction, dtype="float64")


def targets(fact):
    return np.array(fact["y_true"])


def expected(fact, theirs, weight=1.0):
    """Keras's number, but for LogCosh: there it subtracts a ln 2 rounded to float32, 1.9e-9 too much."""
    excess = float(np.float32(np.log(2))) - np.log(2)
    return np.asarray(theirs) + weight * excess * (fact["kind"] == "LogCosh")


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("fact", labelled(FACTS["records"]))
class TestAgainstKeras:
    def test_losses_of_samples(self, fact):
        y_pred = ACTIVATIONS[fact["activation"]](tg.tensor(fact["x"]))
        close(loss_of(fact, "none")(targets(fact), y_pred).numpy(), expected(fact, fact["samples"]))

    def test_mean(self, fact):
        y_pred = ACTIVATIONS[fact["activation"]](tg.tensor(fact["x"]))
        close(float(loss_of(fact)(targets(fact), y_pred)), expected(fact, fact["loss"]))

    def test_gradient(self, fact):
        x = tg.tensor(fact["x"], requires_grad=True)
        loss_of(fact)(targets(fact), ACTIVATIONS[fact["activation"]](x)).backward()
        close(x.grad.numpy(), fact["gradient"])

    @pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
    def test_weighted(self, fact, reduction):
        y_pred = ACTIVATIONS[fact["activation"]](tg.tensor(fact["x"]))
        loss = loss_of(fact, reduction)(targets(fact), y_pred, sample_weight=np.array(fact["weight"]))
        weight = np.array(fact["weight"])
        total = {"sum_over_batch_size": weight.mean(), "sum": weight.sum(), "mean_with_sample_weight": 1.0}[reduction]
        close(float(loss), expected(fact, fact["weighted"][reduction], total))

    def test_function_and_class_agree(self, fact):
        y_pred = ACTIVATIONS[fact["activation"]](tg.tensor(fact["x"]))
        function = loss_of(fact).function
        close(function(targets(fact), y_pred, **fact["options"]).numpy(), expected(fact, fact["samples"]))

    def test_arrays_give_arrays(self, fact):
        if fact["activation"] is not None:
            y_pred = tg.tensor(fact["x"])
            assert isinstance(loss_of(fact)(targets(fact), ACTIVATIONS[fact["activation"]](y_pred)), tg.Tensor)
            return
        loss = loss_of(fact)(targets(fact), np.array(fact["x"]))
        assert isinstance(loss, np.floating)
        close(loss, expected(fact, fact["loss"]))

    def test_float32_by_default(self, fact):
        x = tg.tensor(np.array(fact["x"], np.float32), requires_grad=True)
        loss = getattr(losses, fact["kind"])(**fact["options"])(targets(fact), ACTIVATIONS[fact["activation"]](x))
        loss.backward()
        assert loss.dtype == np.float32
        assert x.grad.dtype == np.float32
        np.testing.assert_allclose(loss.detach().numpy(), fact["loss"], rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("fact", labelled(FACTS["held"]))
def test_values_of_held_probabilities(fact):
    close(float(loss_of(fact)(targets(fact), tg.tensor(fact["x"]))), fact["loss"])
