"""The batch in parts and on threads: the same numbers as whole, less memory, and nothing half-done."""

from __future__ import annotations

import gc
import re
import threading

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.compiler import program as programs
from tinygrad_loss.compiler import split, threads
from tinygrad_loss.compiler.jit import Jitted

layers = tg.layers


@pytest.fixture
def parts(monkeypatch):
    """Every group of steps goes in parts, however small, on two threads."""
    monkeypatch.setattr(split, "LEAST", 0.0)
    monkeypatch.setattr(split, "SHARE", 0.0)
    monkeypatch.setattr(split, "CACHE", 1 << 8)
    monkeypatch.setattr(programs, "available", lambda: 2)


class Encoder(layers.Layer):
    def __init__(self):
        super().__init__()
        self.attention = layers.MultiHeadAttention(2, 3)
        self.norm = layers.LayerNormalization()
        self.up = layers.Dense(8, activation="gelu")
        self.down = layers.Dense(6)

    def call(self, x, training=None):
        x = self.norm(x + self.attention(x, x))
        return x + self.down(self.up(x))


class Whole(layers.Layer):
    def call(self, x):
        return tg.as_discrete(np.abs(x) * 2, int)


MODELS = {
    "dense": ((5,), lambda: [layers.Dense(7, activation="relu"), layers.Dense(3)]),
    "dropout": ((5,), lambda: [layers.Dense(7, activation="tanh"), layers.Dropout(0.5), layers.Dense(3)]),
    "batch norm": ((5,), lambda: [layers.Dense(7), layers.BatchNormalization(), layers.ReLU(), layers.Dense(3)]),
    "layer norm": ((5,), lambda: [layers.Dense(7), layers.LayerNormalization(), layers.Dense(3)]),
    "attention": ((4, 6), lambda: [Encoder(), layers.Flatten(), layers.Dense(3)]),
    "lstm": ((4, 3), lambda: [layers.LSTM(5), layers.Dense(3)]),
    "gru": ((4, 3), lambda: [layers.GRU(5, return_sequences=True), layers.Flatten(), layers.Dense(3)]),
    "embedding": ((5,), lambda: [Whole(), layers.Embedding(9, 4), layers.LSTM(3), layers.Dense(3)]),
    "convolution": (
        (6, 6, 2),
        lambda: [
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(4, 2, strides=1, groups=2),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(3),
        ],
    ),
}
LOSSES = {
    "mse": (tg.losses.MeanSquaredError(), lambda r, n: r.normal(size=(n, 3))),
    "cross-entropy": (tg.losses.SparseCategoricalCrossentropy(from_logits=True), lambda r, n: r.integers(0, 3, n)),
}


def training(name, loss_name, count, leave_out=frozenset(), steps=4):
    tg.set_random_seed(3)
    random = np.random.default_rng(0)
    shape, make = MODELS[name]
    loss, targets = LOSSES[loss_name]
    x, y = random.normal(size=(count, *shape)), targets(random, count)
    with _Float64():
        model = tg.Sequential(make())
        model(x)
        optimizer = tg.optimizers.Adam(0.01)
        parameters = list(model.parameters())

        def step(x, y):
            predicted = model(x, training=True)
            value = loss(y, predicted)
            value.backward(retain_graph=False)
            optimizer.step(parameters)
            optimizer.zero_grad()
            return value, predicted

        jitted = Jitted(step, leave_out=leave_out)
        results = [jitted(x, y) for _ in range(steps)]
    return jitted, results, model.get_weights()


class _Float64:
    def __enter__(self):
        self.before = tg.config.floatx()
        tg.config.set_floatx("float64")

    def __exit__(self, *_):
        tg.config.set_floatx(self.before)


@pytest.mark.parametrize("count", [8, 6, 7])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", MODELS)
def test_in_parts_and_as_a_whole(name, loss, count, parts):
    jitted, cut, weights = training(name, loss, count)
    assert jitted.reason is None
    assert "def make_rows_1(" in jitted.program.optimized_source
    whole_jitted, whole, whole_weights = training(name, loss, count, frozenset({"parts of the batch"}))
    assert "make_rows" not in whole_jitted.program.optimized_source
    for (value, predicted), (whole_value, whole_predicted) in zip(cut, whole, strict=True):
        np.testing.assert_allclose(value, whole_value, rtol=1e-9)
        np.testing.assert_allclose(predicted, whole_predicted, rtol=1e-7, atol=1e-9)
    for w, v in zip(weights, whole_weights, strict=True):
        np.testing.assert_allclose(w, v, rtol=1e-6, atol=1e-9)


def test_the_same_seed_gives_the_same_bytes(parts):
    first, second = training("attention", "mse", 8), training("attention", "mse", 8)
    for w, v in zip(first[2], second[2], strict=True):
        assert w.tobytes() == v.tobytes()


def bytes_between(jitted):
    """What a program keeps for the values between its inputs and results, all threads together."""
    text = jitted.program.optimized_source
    inner, outer = 0, 0
    for indent, size in re.findall(r"^( *)memory_\d+ = np.empty\((\d+), np.uint8\)", text, re.MULTILINE):
        inner, outer = (inner + int(size), outer) if indent else (inner, outer + int(size))
    return outer + inner * len(re.findall(r"^rows_1_\d = make_rows_1", text, re.MULTILINE))


def test_a_part_takes_less_memory_than_the_batch(parts):
    cut, _, _ = training("attention", "mse", 64, steps=1)
    whole, _, _ = training("attention", "mse", 64, frozenset({"parts of the batch"}), steps=1)
    assert 0 < bytes_between(cut) < bytes_between(whole) / 8


def test_steps_in_parts_leave_nothing_behind(parts):
    jitted, _, _ = training("attention", "mse", 8, steps=20)
    x, y = np.ones((8, 4, 6)), np.ones((8, 3))
    jitted(x, y)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(500):
        jitted(x, y)
    gc.collect()
    assert len(gc.get_objects()) - before < 50


def test_small_programs_stay_whole():
    jitted, _, _ = training("dense", "mse", 8)
    assert "make_rows" not in jitted.program.optimized_source


def test_tasks_run_side_by_side_and_blas_has_its_threads_again():
    before = threads.available()
    meeting = threading.Barrier(2, timeout=10)
    threads.side_by_side([meeting.wait, meeting.wait])  # in turns, they would wait for ever
    assert threads.available() == before


@pytest.mark.parametrize("where", [0, 1])
def test_an_error_comes_out_when_all_tasks_have_ended(where):
    ended = []

    def fails():
        raise ValueError("inside")

    tasks = [lambda: ended.append(1), lambda: ended.append(2)]
    tasks[where] = fails
    with pytest.raises(ValueError, match="inside"):
        threads.side_by_side(tasks)
    assert len(ended) == 1


def test_tasks_keep_what_the_caller_says_of_warnings():
    said = []
    with np.errstate(divide="raise", over="ignore"):
        threads.side_by_side([lambda: said.append(np.geterr()["divide"])] * 2)
    assert said == ["raise", "raise"]


def test_an_interrupt_waits_for_the_other_thread():
    ended = []
    slow = threading.Event()

    def interrupted():
        raise KeyboardInterrupt

    def other():
        slow.wait(0.05)
        ended.append(True)

    with pytest.raises(KeyboardInterrupt):
        threads.side_by_side([interrupted, other])
    assert ended == [True]


def test_products_too_small_for_blas_threads_run_on_one(monkeypatch):
    used = []
    monkeypatch.setattr(programs, "available", lambda: 2)
    monkeypatch.setattr(programs, "alone", lambda run: lambda *args: used.append(1) or run(*args))
    for size, times in ((20, 0), (120, 1), (200, 0)):
        product = tg.jit(lambda x: x @ x)
        used.clear()
        for _ in range(2):
            product(np.ones((size, size)))
        assert len(used) == times


def test_blas_has_its_threads_again_after_a_program_that_runs_on_one():
    before = threads.available()
    inside = []
    run = threads.alone(lambda: inside.append([each.num_threads for each in threads._libraries()]))
    run()
    assert inside == [[1] * len(threads._libraries())]
    assert threads.available() == before


def test_sums_that_leave_the_parts(parts):
    w = tg.tensor(np.linspace(0.5, 1, 12).reshape(3, 4), requires_grad=True)

    def step(x):
        h = np.exp(x @ w)
        total = h.sum(axis=1, keepdims=True)
        (h / total).sum().backward(retain_graph=False)
        w.grad = None
        return total.detach(), h.sum(axis=1).detach()

    x = np.random.default_rng(0).normal(size=(8, 3))
    expected = step(tg.tensor(x))
    replayed = tg.jit(step)
    for _ in range(3):
        for mine, theirs in zip(replayed(x), expected, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-12)
    assert "make_rows" in replayed.program.optimized_source
