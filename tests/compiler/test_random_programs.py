"""Replay against eager mode over random programs: forward, backward and update, whole and in parts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_loss as tg
from tinygrad_loss.compiler import program as programs
from tinygrad_loss.compiler import split
from tinygrad_loss.compiler.jit import Jitted

ONE = {
    "tanh": np.tanh,
    "sigmoid": tg.sigmoid,
    "relu": tg.relu,
    "softplus": tg.softplus,
    "swish": lambda x: x * np.tanh(x) * 0.5,  # nothing here grows faster than its input: no program overflows
    "center": lambda x: x - x.mean(axis=1, keepdims=True),
    "softmax": lambda x: tg.softmax(x, axis=-1),
    "where": lambda x: np.where(x > 0, x, 0.1 * x),
    "flip": lambda x: x[:, ::-1],
    "roll": lambda x: np.concatenate([x[:, 1:], x[:, :1]], axis=1),
    "there and back": lambda x: np.reshape(np.reshape(x, (-1,)), x.shape).T.T,
    "by the batch": lambda x: x - x.mean(axis=0),
    "by the largest": lambda x: x / (1 + np.max(np.abs(x), axis=1, keepdims=True)),
    "cumulative": lambda x: np.cumsum(x, axis=1) * 0.3,
}
TWO = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * np.tanh(b),
    "maximum": np.maximum,
    "gate": lambda a, b: tg.sigmoid(a) * b,
}
step_of = st.one_of(
    st.tuples(st.sampled_from(sorted(ONE)), st.integers(0, 9)),
    st.tuples(st.sampled_from(sorted(TWO)), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.just("affine"), st.integers(0, 9)),
)
program_of = st.lists(step_of, min_size=1, max_size=9)
WIDTH = 4


def run(steps, count, make, seed):
    """The losses, outputs and parameters of three training steps of the program."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(count, WIDTH))
    weights = [tg.tensor(random.normal(size=(WIDTH, WIDTH)) * 0.5, requires_grad=True) for _ in steps]
    biases = [tg.tensor(random.normal(size=WIDTH), requires_grad=True) for _ in steps]
    scale = tg.tensor(random.normal(size=WIDTH), requires_grad=True)
    optimizer = tg.optimizers.SGD(0.01, momentum=0.9)
    parameters = [scale, *weights, *biases]

    def step(x):
        values = [x * scale]
        for i, (name, *operands) in enumerate(steps):
            given = [values[at % len(values)] for at in operands]
            made = tg.affine(*given, weights[i], biases[i]) if name == "affine" else (ONE | TWO)[name](*given)
            values.append(made)
        loss = np.tanh(values[-1]).mean() + sum((np.tanh(v).sum() for v in values), start=0.0) * 0.01
        loss.backward(retain_graph=False)
        reached = [p for p in parameters if p.grad is not None]
        optimizer.step(reached)
        for p in reached:
            p.grad = None
        return loss, values[-1]

    made = make(step)
    results = [[np.array(part) for part in made(x + i)] for i in range(3)]
    return made, results, [p.detach().numpy() for p in parameters]


def numpy_of(step):
    return lambda x: [part.detach().numpy() for part in step(tg.tensor(x))]


@given(program_of, st.integers(2, 6), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_whole_programs_repeat_eager_mode(steps, count, seed):
    _, eager, weights = run(steps, count, numpy_of, seed)
    jitted, replayed, replayed_weights = run(steps, count, Jitted, seed)
    assert jitted.reason is None
    for mine, theirs in zip(replayed, eager, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    for a, b in zip(replayed_weights, weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("threads", [1, 2])
@given(steps=program_of, count=st.integers(2, 6), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_programs_in_parts_agree(threads, steps, count, seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(split, "LEAST", 0.0)
        patch.setattr(split, "SHARE", -1.0)
        patch.setattr(split, "CACHE", 1)
        patch.setattr(programs, "available", lambda: threads)
        jitted, cut, weights = run(steps, count, Jitted, seed)
    assert "def make_rows_1(" in jitted.program.optimized_source
    _, whole, whole_weights = run(
        steps, count, lambda step: Jitted(step, leave_out=frozenset({"parts of the batch"})), seed
    )
    for mine, theirs in zip(cut, whole, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)
    for a, b in zip(weights, whole_weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)
