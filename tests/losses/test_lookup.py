"""Losses by name, as objects, and of one's own."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss import errors, losses

CLASSES = [name for name in losses.__all__ if name[0].isupper() and name not in ("Loss", "FunctionLoss")]


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("mse", losses.mean_squared_error),
        ("MSE", losses.mean_squared_error),
        ("mean_squared_error", losses.mean_squared_error),
        ("mae", losses.mean_absolute_error),
        ("MAPE", losses.mean_absolute_percentage_error),
        ("msle", losses.mean_squared_logarithmic_error),
        ("bce", losses.binary_crossentropy),
        ("kld", losses.kl_divergence),
        ("KLD", losses.kl_divergence),
        ("huber", losses.huber),
        ("hinge", losses.hinge),
        ("log_cosh", losses.log_cosh),
        ("poisson", losses.poisson),
        ("categorical_crossentropy", losses.categorical_crossentropy),
        ("sparse_categorical_crossentropy", losses.sparse_categorical_crossentropy),
    ],
)
def test_names_of_functions(name, function):
    assert losses.get(name) is function
    assert losses.as_loss(name).function is function
    assert type(losses.as_loss(name)).__name__ in CLASSES


@pytest.mark.parametrize("name", CLASSES)
def test_names_of_classes(name):
    kind = getattr(losses, name)
    assert type(losses.get(name)) is kind
    assert type(losses.get(kind)) is kind
    assert losses.as_loss(losses.get(name).function).__class__ is kind


@pytest.mark.parametrize("name", CLASSES)
def test_config_copy_and_pickle(name):
    loss = getattr(losses, name)(reduction="sum", name="mine", dtype="float64")
    again = losses.get({"class_name": name, "config": loss.get_config()})
    for other in (again, copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert other.get_config() == loss.get_config()
        assert (other.name, other.reduction, other.dtype) == ("mine", "sum", "float64")
    assert repr(loss).startswith(f"{name}(")


def test_repr_shows_what_was_chosen():
    shown = repr(losses.SparseCategoricalCrossentropy(from_logits=True))
    assert shown == "SparseCategoricalCrossentropy(from_logits=True, ignore_class=None, axis=-1)"


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("mean_square_error", "Did you mean 'mean_squared_error'"),
        ("kullback_leibler_divergence", "Did you mean 'kl_divergence'"),
        ("crossentropy", "Did you mean 'binary_crossentropy'"),
        (3, "Known names: "),
        ({"class_name": "Nothing"}, "Known names: "),
    ],
)
def test_unknown_names(name, cure):
    for find in (losses.get, losses.as_loss):
        with pytest.raises(errors.UnknownNameError) as caught:
            find(name)
        assert str(caught.value).startswith(f"Could not interpret loss identifier: {name!r}.")
        assert cure in str(caught.value)


def test_none():
    assert losses.get(None) is None
    with pytest.raises(errors.UnknownNameError, match="Could not interpret loss identifier: None"):
        losses.as_loss(None)


class TestOfOnesOwn:
    def test_a_function(self):
        def cubed(y_true, y_pred):
            return np.mean(np.abs(y_true - y_pred) ** 3, axis=-1)

        loss = losses.as_loss(cubed)
        x = tg.tensor([[2.0], [0.0]], requires_grad=True)
        value = loss([[0.0], [0.0]], x, sample_weight=[0.5, 1.0])
        value.backward()
        assert (float(value), loss.name) == (2.0, "cubed")
        np.testing.assert_array_equal(x.grad.numpy(), [[3.0], [0.0]])

    def test_a_class(self):
        class Cubed(losses.Loss):
            def call(self, y_true, y_pred):
                return np.mean(np.abs(y_true - y_pred) ** 3, axis=-1)

        assert Cubed().name == "cubed"
        assert float(losses.get(Cubed)([[0.0], [0.0]], tg.tensor([[2.0], [0.0]]))) == 4.0

    def test_a_class_without_call(self):
        class Nothing(losses.Loss):
            pass

        with pytest.raises(NotImplementedError, match="Nothing needs a method call"):
            Nothing()([[0.0]], [[0.0]])


def test_every_public_name_is_there():
    for name in losses.__all__:
        assert callable(getattr(losses, name))
        assert getattr(losses, name).__doc__
