"""What a newcomer gets wrong is told in four parts, and nothing is trained half-way."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss import errors

X, Y = np.ones((8, 3)), np.ones((8, 1))


def model(loss="mse", units=1, activation=None, optimizer="sgd"):
    made = tg.Sequential([tg.layers.Dense(4, activation="relu"), tg.layers.Dense(units, activation=activation)])
    made.compile(optimizer=optimizer, loss=loss)
    return made


def fit(x, y, made=None, **options):
    (made or model()).fit(x, y, verbose=0, **options)


CASES = {
    # name: (wrong call, class, first line has, second has, third has)
    "fit before compile": (
        lambda: tg.Sequential([tg.layers.Dense(1)]).fit(X, Y),
        errors.NotCompiledError,
        "You must call `compile()` before using the model",
        "optimizer",
        "model.compile(",
    ),
    "lengths": (
        lambda: fit(X, Y[:5]),
        errors.ArgumentError,
        "Data cardinality is ambiguous: x has 8 rows, y has 5",
        "one row",
        "x.shape",
    ),
    "no rows": (
        lambda: fit(X[:0], Y[:0]),
        errors.ArgumentError,
        "fit got no examples: x has shape (0, 3)",
        "at least one row",
        "selected",
    ),
    "text": (
        lambda: fit(X, np.array(["a"] * 8)),
        errors.DTypeError,
        "fit cannot use y of dtype <U1",
        "numbers",
        "np.unique",
    ),
    "ragged": (
        lambda: fit([[1.0], [1.0, 2.0]], [1, 2]),
        errors.DTypeError,
        "fit cannot use x",
        "equal lengths",
        "shorter",
    ),
    "unknown loss": (
        lambda: model(loss="msee"),
        errors.UnknownNameError,
        "loss identifier: 'msee'",
        "known loss",
        "'mse'",
    ),
    "unknown optimizer": (lambda: model(optimizer="adm"), errors.UnknownNameError, "'adm'", "optimizer", "'adam'"),
    "unknown metric": (
        lambda: tg.Sequential([tg.layers.Dense(1)]).compile(loss="mse", metrics=["acuracy"]),
        errors.UnknownNameError,
        "metric identifier: 'acuracy'",
        "metric",
        "'accuracy'",
    ),
    "unknown activation": (
        lambda: tg.layers.Dense(3, activation="rel"),
        errors.UnknownNameError,
        "Could not interpret activation function identifier: 'rel'",
        "activation",
        "'relu'",
    ),
    "PyTorch's Dense": (
        lambda: tg.layers.Dense(784, 10),
        errors.UnknownNameError,
        "identifier: 10",
        "second argument",
        "Dense(10)",
    ),
    "units": (lambda: tg.layers.Dense(0), errors.ArgumentError, "units=0", "positive integer", "Dense(10)"),
    "one axis": (lambda: tg.layers.Dense(2)(np.ones(3)), errors.ShapeError, "shape (3,)", "two axes", "reshape"),
    "full batch": (
        lambda: fit(X, Y, model(optimizer=tg.optimizers.GradientDescent(0.1)), batch_size=4),
        errors.ArgumentError,
        "batch_size=4 with GradientDescent and 8 rows",
        "whole data set",
        "SGD",
    ),
    "batch size": (
        lambda: fit(X, Y, batch_size=0),
        errors.ArgumentError,
        "batch_size=0",
        "at least 1",
        "batch_size=10",
    ),
    "epochs": (lambda: fit(X, Y, epochs=1.5), errors.ArgumentError, "epochs=1.5", "integer", "epochs=10"),
    "validation split": (
        lambda: fit(X, Y, validation_split=1.5),
        errors.ArgumentError,
        "validation_split=1.5",
        "below 1",
        "0.2",
    ),
    "target width": (lambda: fit(X, np.ones((8, 2)), model(units=3)), errors.ShapeError, "(8, 2)", "same shape", None),
    "labels": (
        lambda: fit(X, np.arange(8), model("sparse_categorical_crossentropy", 3, "softmax")),
        errors.LabelError,
        "7",
        "0 to 2",
        None,
    ),
    "one-hot for sparse": (
        lambda: fit(X, np.eye(3)[[0, 1, 2, 0, 1, 2, 0, 1]], model("sparse_categorical_crossentropy", 3, "softmax")),
        errors.TinygradLossError,
        "(8, 3)",
        None,
        "CategoricalCrossentropy",
    ),
    "another width": (
        lambda: other_width(),
        errors.ShapeError,
        "cannot take an input of shape (2, 5)",
        "last axis of 3",
        "anew",
    ),
    "weights": (
        lambda: built().set_weights([np.ones(2)]),
        errors.ShapeError,
        "got 1 arrays",
        "4 weights",
        "one array for each",
    ),
    "weights' shape": (
        lambda: built().set_weights([np.ones((3, 4)), np.ones(4), np.ones((4, 2)), np.ones(1)]),
        errors.ShapeError,
        "got shape (4, 2)",
        "(4, 1)",
        "order",
    ),
    "no file": (
        lambda: built().load_weights("/nowhere/w"),
        errors.ArgumentError,
        "cannot read '/nowhere/w'",
        "safetensors",
        "path",
    ),
    "summary": (
        lambda: tg.Sequential([tg.layers.Dense(1)]).summary(),
        errors.ArgumentError,
        "not built",
        "shape of the input",
        "Input",
    ),
    "a class for a layer": (
        lambda: tg.Sequential([tg.layers.Dense]),
        errors.ArgumentError,
        "Sequential got <class",
        "layers",
        "arguments",
    ),
    "verbose": (
        lambda: model().fit(X, Y, verbose=3),
        errors.ArgumentError,
        "verbose=3",
        "'auto', 0, 1 or 2",
        "verbose=0",
    ),
    "callback": (
        lambda: fit(X, Y, callbacks=[print]),
        errors.ArgumentError,
        "callbacks= got",
        "callbacks",
        "LambdaCallback",
    ),
}


def built():
    made = model()
    made(X)
    return made


def other_width():
    made = built()
    made(np.ones((2, 5)))


@pytest.mark.parametrize("name", CASES)
def test_text(name):
    call, kind, *parts = CASES[name]
    with pytest.raises(kind) as caught:
        call()
    lines = str(caught.value).split("\n  ")
    assert len(lines) == 3, lines
    for line, part in zip(lines, parts, strict=True):
        assert part is None or part in line, (part, line)


def test_a_failed_fit_leaves_the_last_finished_step():
    made = built()
    seen = []

    def stop(batch, logs):
        seen.append(made.get_weights())
        if batch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(X, Y, made, batch_size=2, callbacks=[tg.callbacks.LambdaCallback(on_train_batch_end=stop)])
    for a, b in zip(made.get_weights(), seen[-1], strict=True):
        np.testing.assert_array_equal(a, b)
    assert made.optimizer.iterations == 2


def test_a_failed_step_changes_nothing():
    made = built()
    before = made.get_weights()
    with pytest.raises(errors.ShapeError):
        fit(X, np.ones((8, 2)), made)
    for a, b in zip(made.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_of_another_model_change_nothing(tmp_path):
    other = tg.Sequential([tg.layers.Dense(5), tg.layers.Dense(1)])
    other(X)
    path = other.save_weights(tmp_path / "w.safetensors")
    made = built()
    before = made.get_weights()
    with pytest.raises(errors.ShapeError, match="has shape"):
        made.load_weights(path)
    for a, b in zip(made.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
