"""Sorting, padding, gathering, rolling, repeating against PyTorch, over random shapes: values and gradients."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_loss as tg

pytestmark = pytest.mark.oracle
torch = pytest.importorskip("torch")
SETTINGS = settings(deadline=None, max_examples=60)
SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple)


def distinct(shape, seed):
    """Values of which no two are equal."""
    random = np.random.default_rng(seed)
    return random.permutation(np.linspace(-2, 2, int(np.prod(shape)))).reshape(shape)


def same(ours, theirs, *shapes, seed=0):
    """Both functions have one value, and one gradient for each input of these shapes."""
    arrays = [distinct(shape, seed + k) for k, shape in enumerate(shapes)]
    xs = [tg.tensor(a, requires_grad=True) for a in arrays]
    ts = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, z = ours(*xs), theirs(*ts)
    np.testing.assert_allclose(y.data, z.detach().numpy(), rtol=1e-12)
    weights = np.random.default_rng(seed).normal(size=y.shape)
    y.backward(weights)
    z.backward(torch.tensor(weights))
    for x, t in zip(xs, ts, strict=True):
        np.testing.assert_allclose(x.grad.data, t.grad.numpy(), rtol=1e-11, atol=1e-13)


@SETTINGS
@given(shape=SHAPES, data=st.data())
def test_sort(shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    same(lambda x: tg.sort(x, axis), lambda t: torch.sort(t, dim=axis, stable=True).values, shape)
    np.testing.assert_array_equal(
        tg.argsort(distinct(shape, 1), axis), torch.argsort(torch.tensor(distinct(shape, 1)), dim=axis).numpy()
    )


@SETTINGS
@given(values=st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_sort_with_equal_elements(values):
    x = tg.tensor(np.array(values, float), requires_grad=True)
    t = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    weights = np.arange(1.0, len(values) + 1)
    tg.sort(x).backward(weights)
    torch.sort(t, stable=True).values.backward(torch.tensor(weights))
    np.testing.assert_array_equal(x.grad.data, t.grad.numpy())


@SETTINGS
@given(
    lengths=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(3, 6), st.integers(3, 6)),
    widths=st.lists(st.integers(0, 2), min_size=4, max_size=4),
    mode=st.sampled_from(
        [("reflect", "reflect"), ("edge", "replicate"), ("wrap", "circular"), ("constant", "constant")]
    ),
)
def test_pad(lengths, widths, mode):
    left, right, top, bottom = widths
    ours, theirs = mode
    same(
        lambda x: tg.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), ours),
        lambda t: torch.nn.functional.pad(t, (left, right, top, bottom), mode=theirs),
        lengths,
    )


@SETTINGS
@given(shape=SHAPES, data=st.data())
def test_gathering(shape, data):
    axis = data.draw(st.integers(0, len(shape) - 1))
    numbers = data.draw(st.lists(st.integers(0, shape[axis] - 1), min_size=1, max_size=6))
    same(lambda x: tg.take(x, numbers, axis), lambda t: t.index_select(axis, torch.tensor(numbers)), shape)
    random = np.random.default_rng(len(numbers))
    full = random.integers(0, shape[axis], (*shape[:axis], 3, *shape[axis + 1 :]))
    same(
        lambda x: tg.take_along_axis(x, full, axis), lambda t: torch.take_along_dim(t, torch.tensor(full), axis), shape
    )


@SETTINGS
@given(shape=SHAPES, data=st.data())
def test_turning_and_repeating(shape, data):
    axis, shift = data.draw(st.integers(0, len(shape) - 1)), data.draw(st.integers(-7, 7))
    counts = data.draw(st.lists(st.integers(0, 3), min_size=shape[axis], max_size=shape[axis]))
    same(lambda x: tg.roll(x, shift, axis), lambda t: torch.roll(t, shift, axis), shape)
    same(lambda x: tg.roll(x, shift), lambda t: torch.roll(t, shift), shape)
    same(lambda x: tg.flip(x, axis), lambda t: torch.flip(t, (axis,)), shape)
    same(lambda x: tg.repeat(x, counts, axis), lambda t: torch.repeat_interleave(t, torch.tensor(counts), axis), shape)
    same(lambda x: tg.tile(x, (2, 3)), lambda t: torch.tile(t, (2, 3)), shape)


@SETTINGS
@given(rows=st.integers(1, 5), columns=st.integers(1, 5), k=st.integers(-4, 4), batch=st.integers(1, 3))
def test_triangles_and_diagonals(rows, columns, k, batch):
    shape = (batch, rows, columns)
    same(lambda x: tg.tril(x, k), lambda t: torch.tril(t, k), shape)
    same(lambda x: tg.triu(x, k), lambda t: torch.triu(t, k), shape)
    if -rows < k < columns:
        same(lambda x: tg.diagonal(x, k, 1, 2), lambda t: torch.diagonal(t, k, 1, 2), shape)
    same(lambda x: tg.diag(x, k), lambda t: torch.diag(t, k), (rows,))


@SETTINGS
@given(shape=SHAPES, data=st.data())
def test_cutting(shape, data):
    axis = data.draw(st.integers(0, len(shape) - 1))
    count = data.draw(st.integers(1, 4))
    ends = np.sort(data.draw(st.lists(st.integers(0, shape[axis]), max_size=3))).tolist()
    parts = len(tg.array_split(np.zeros(shape), count, axis))
    for k in range(parts):
        same(
            lambda x, k=k: tg.array_split(x, count, axis)[k],
            lambda t, k=k: torch.tensor_split(t, count, axis)[k],
            shape,
        )
    for k in range(len(ends) + 1):
        same(lambda x, k=k: tg.split(x, ends, axis)[k], lambda t, k=k: torch.tensor_split(t, ends, axis)[k], shape)


@SETTINGS
@given(places=st.lists(st.integers(0, 4), min_size=1, max_size=9))
def test_adding_at_places(places):
    index = torch.tensor(places)
    same(
        lambda x, v: tg.at(x)[places].add(v),
        lambda t, v: t.index_add(0, index, v),
        (5, 2),
        (len(places), 2),
    )


@SETTINGS
@given(x=st.lists(st.floats(-40, 40, allow_subnormal=False), min_size=1, max_size=8))
def test_bessel(x):
    values = np.array(x)
    for ours, theirs in ((tg.i0, torch.special.i0), (tg.i1, torch.special.i1)):
        a, t = tg.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
        y, z = ours(a), theirs(t)
        np.testing.assert_allclose(y.data, z.detach().numpy(), rtol=1e-12, atol=1e-300)
        y.sum().backward()
        z.sum().backward()
        np.testing.assert_allclose(a.grad.data, t.grad.numpy(), rtol=1e-7, atol=1e-300)
