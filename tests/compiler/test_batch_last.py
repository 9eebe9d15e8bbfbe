"""Dense layers as one product with a row of ones: which become one, and that the numbers are those of eager mode."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_loss as tg

RANDOM = np.random.default_rng(0)


class Net:
    """Layers by hand, so that anything can stand between them."""

    def __init__(self, widths, dtype=np.float64):
        random = np.random.default_rng(1)
        self.pairs = [  # of widths in a row, or of each pair of them
            (
                tg.Tensor((random.normal(size=(m, n)) / np.sqrt(m)).astype(dtype), requires_grad=True),
                tg.Tensor(random.normal(size=n).astype(dtype), requires_grad=True),
            )
            for m, n in (widths if isinstance(widths[0], tuple) else pairwise(widths))
        ]
        self.parameters = [leaf for pair in self.pairs for leaf in pair]


def step_of(net, forward, optimizer, keep=False):
    def step(x):
        result = forward(net.pairs, x)
        loss, extra = result if isinstance(result, tuple) else (result, None)
        loss.backward(retain_graph=False)
        optimizer.step(net.parameters)
        optimizer.zero_grad()
        return loss.detach() if extra is None else (loss.detach(), extra.detach())

    return step


def both_ways(widths, forward, *, batch=6, dtype=np.float64, optimizer=tg.optimizers.Adam, steps=4, leave_out=()):
    """Some training steps, eager and replayed: results equal; the replayed function."""
    eager, replayed = Net(widths, dtype), Net(widths, dtype)
    plain = step_of(eager, forward, optimizer(0.01))
    fast = tg.jit(step_of(replayed, forward, optimizer(0.01)), leave_out=set(leave_out))
    tolerance = {np.float64: 1e-9, np.float32: 2e-4}[dtype]
    for number in range(steps):
        x = np.random.default_rng(number).normal(size=(batch, len(eager.pairs[0][0]))).astype(dtype)
        kept = fast(x)
        np.testing.assert_allclose(*(_flat(y) for y in (kept, plain(tg.tensor(x)))), rtol=tolerance, atol=tolerance)
        before = _flat(kept).copy()
        fast(x + 1)
        plain(tg.tensor(x + 1))
        np.testing.assert_array_equal(_flat(kept), before)  # what was returned is the caller's
    for a, b in zip(eager.parameters, replayed.parameters, strict=True):
        np.testing.assert_allclose(a.detach(), b.detach(), rtol=tolerance, atol=tolerance)
    return fast


def _flat(result):
    parts = result if isinstance(result, tuple) else (result,)
    return np.concatenate([np.ravel(part) for part in parts])


def joined(fast):
    """How many layers are one product with a row of ones."""
    return fast.program.optimized_source.count("_and_ones = ")


def dense(pair, x):
    return tg.affine(x, *pair)


def through(activation):
    def forward(pairs, x):
        for pair in pairs[:-1]:
            x = activation(dense(pair, x))
        return (dense(pairs[-1], x) ** 2).mean()

    return forward


@pytest.mark.parametrize("activation", [tg.tanh, tg.relu, tg.gelu, tg.softplus, tg.elu, lambda x: x * x + 1, abs])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layers_with_activations_between(activation, dtype):
    fast = both_ways([5, 4, 3, 2], through(activation), dtype=dtype)
    assert joined(fast) == (1 if activation is tg.gelu else 3)  # the kernel of gelu writes where it likes
    assert ".dot(x_" in fast.program.optimized_source
    assert "_and_ones" not in fast.program.source  # the program to read stays as one would write it


@pytest.mark.parametrize("widths", [[1, 1, 1], [3, 1, 2], [1, 4], [2, 3, 1]])
@pytest.mark.parametrize("batch", [1, 2, 5])
def test_lengths_of_one(widths, batch):
    both_ways(widths, through(np.tanh), batch=batch)


@pytest.mark.parametrize("optimizer", [tg.optimizers.SGD, tg.optimizers.Adam, tg.optimizers.RMSprop])
def test_optimizers(optimizer):
    assert joined(both_ways([4, 5, 3], through(tg.tanh), optimizer=optimizer)) == 2


def test_what_reduces_and_normalizes_between():
    def forward(pairs, x):
        h = tg.tanh(dense(pairs[0], x))
        h = (h - h.mean(axis=1, keepdims=True)) / (1 + h.var(axis=0))
        h = tg.relu(dense(pairs[1], h))
        return tg.logsumexp(dense(pairs[2], h), axis=1).sum()

    assert joined(both_ways([4, 6, 5, 3], forward)) == 3


def test_two_layers_on_one_input():
    def forward(pairs, x):
        h = tg.tanh(dense(pairs[0], x))
        return (dense(pairs[1], h) * dense(pairs[2], h)).mean()

    both_ways([4, 4, 4, 4], forward)


def test_two_layers_on_one_argument_in_another_order_than_that_of_the_parameters():
    def forward(pairs, x):
        second = tg.tanh(dense(pairs[1], x))
        return (tg.tanh(dense(pairs[0], x)) * second).mean()

    assert joined(both_ways([4, 4, 4], forward)) == 1  # the argument's copy


def test_one_layer_used_twice_stays_apart():
    def forward(pairs, x):
        return (dense(pairs[1], tg.tanh(dense(pairs[0], tg.tanh(dense(pairs[0], x))))) ** 2).mean()

    assert joined(both_ways([4, 4, 4], forward)) == 1


def test_a_kernel_that_is_penalized():
    def forward(pairs, x):
        return through(tg.tanh)(pairs, x) + sum((kernel**2).sum() for kernel, _ in pairs)

    both_ways([4, 3, 2], forward)


def test_what_is_looked_at_in_another_shape_stays_as_it_is():
    def forward(pairs, x):
        h = tg.tanh(dense(pairs[0], x))
        halves = h.reshape(6, 2, 2).sum(axis=2)
        return (dense(pairs[1], h)).mean() + (halves * halves).mean() + h[1:, 0].sum()

    assert joined(both_ways([3, 4, 2], forward)) == 0


def test_what_is_looked_at_through_two_transposes_stays_as_it_is():
    def forward(pairs, x):
        h = tg.tanh(dense(pairs[0], x))
        there_and_back = np.reshape(np.reshape(h.T.T, (-1,)), h.shape)
        return (dense(pairs[1], there_and_back - there_and_back.mean(axis=0)) ** 2).mean()

    both_ways([3, 4, 2], forward)


@pytest.mark.parametrize("what", [0, 1, 2, 3])
def test_what_is_returned_is_a_copy_of_its_own(what):
    def forward(pairs, x):
        z = dense(pairs[0], x)
        h = tg.tanh(z)
        y = dense(pairs[1], h)
        return (y * y).mean(), (z, h, y, h.T)[what]

    both_ways([3, 4, 2], forward)


def test_residual_connections_and_products_of_values():
    def forward(pairs, x):
        h = tg.tanh(dense(pairs[0], x))
        for pair in pairs[1:]:
            h = h + tg.tanh(dense(pair, h))
        return (h @ h.T).mean()

    assert joined(both_ways([4, 4, 4, 4], forward)) == 3


def test_leaving_it_out():
    assert joined(both_ways([4, 4, 4], through(tg.tanh), leave_out={"batch last"})) == 0
    assert joined(both_ways([4, 4, 4], through(tg.tanh), leave_out={"reuse memory"})) == 2


def test_large_products_stay_apart():
    fast = both_ways([300, 200, 100], through(tg.tanh), batch=128, steps=1)
    assert joined(fast) == 1  # the second one


@pytest.mark.parametrize("activation", [tg.tanh, tg.relu])
@pytest.mark.parametrize("residual", [False, True])
def test_several_layers_of_one_shape_have_their_gradients_made_by_one_call(activation, residual):
    def forward(pairs, x):
        for pair in pairs:
            x = x + activation(dense(pair, x)) if residual else activation(dense(pair, x))
        return (x**3).mean()

    text = both_ways([3, 5, 5, 5, 5, 5, 5, 2] if not residual else [5] * 7, forward).program.optimized_source
    assert text.count("matmul(stack_") == 1


def test_two_runs_of_layers():
    text = both_ways([4] * 6 + [3] * 6, through(tg.tanh)).program.optimized_source
    assert text.count("matmul(stack_") == 2


def test_runs_with_something_between():
    def forward(pairs, x):
        for number, pair in enumerate(pairs):
            x = tg.tanh(dense(pair, x))
            x = x / (1 + (x * x).sum(axis=1, keepdims=True)) if number == 3 else x
        return (x * x).mean()

    both_ways([4] * 9, forward)


def test_dropout_between():
    def run(replayed):
        tg.set_random_seed(0)
        model = tg.Sequential([tg.layers.Dense(8, "relu"), tg.layers.Dropout(0.5), tg.layers.Dense(2)])
        model.compile("sgd", "mse", jit_compile=replayed)
        data = np.random.default_rng(0).normal(size=(20, 4)), np.random.default_rng(1).normal(size=(20, 2))
        return model.fit(*data, epochs=3, batch_size=5, verbose=0).history["loss"]

    np.testing.assert_allclose(run(True), run(False), rtol=1e-5)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 7), min_size=2, max_size=5),
    st.integers(1, 6),
    st.lists(st.sampled_from([tg.tanh, tg.relu, tg.sigmoid, tg.silu]), min_size=4, max_size=4),
    st.booleans(),
)
def test_random_networks(widths, batch, activations, residual):
    def forward(pairs, x):
        for pair, activation in zip(pairs, activations, strict=False):
            y = activation(dense(pair, x))
            x = x + y if residual and x.shape == y.shape else y
        return (x * x).mean()

    both_ways(widths, forward, batch=batch, steps=2)


def test_squares_that_are_inputs_of_other_layers_have_their_own_places():
    def forward(pairs, x):
        total = 0.0
        values = []
        for pair in pairs[:5]:
            x = tg.tanh(dense(pair, x))
            values.append(x)
        for pair, value in zip(pairs[5:], values, strict=True):
            total = total + (dense(pair, value * value) ** 2).mean()
        return total

    text = both_ways([(4, 4)] * 5 + [(4, 3)] * 5, forward).program.optimized_source
    assert "of them" not in text


def test_squares_of_several_layers_are_made_by_one_call():
    text = both_ways([5] * 8, through(tg.tanh)).program.optimized_source
    assert text.count("of them") == 1
    assert "of them" not in both_ways([5] * 8, through(tg.relu)).program.optimized_source
