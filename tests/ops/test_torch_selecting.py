"""Reductions with ties, and what picks elements by their place, against PyTorch: to second order, float32 kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch_agreement import agree

import tinygrad_loss as tg

pytestmark = pytest.mark.oracle
torch = pytest.importorskip("torch", reason="PyTorch is the oracle of these tests")
SEEDS = st.integers(0, 10**6)
SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)
SETTINGS = settings(deadline=None, max_examples=25)


def normal(seed, *shapes):
    random = np.random.default_rng(seed)
    return [random.normal(size=shape) for shape in shapes]


def distinct(shape, seed):
    """Values of which no two are equal or close."""
    random = np.random.default_rng(seed)
    return random.permutation(np.linspace(-2, 2.2, int(np.prod(shape)))).reshape(shape)


TIED = {"max": (np.max, torch.amax), "min": (np.min, torch.amin)}
SMOOTH = {
    "sum": (np.sum, torch.sum),
    "mean": (np.mean, torch.mean),
    "logsumexp": (tg.logsumexp, torch.logsumexp),
    "square norm": (np.linalg.vector_norm, lambda t, a, k: torch.linalg.vector_norm(t, 2, a, k)),
}


@pytest.mark.parametrize("name", [*TIED, *SMOOTH])
@SETTINGS
@given(shape=SHAPES, data=st.data(), keep=st.booleans(), seed=SEEDS)
def test_over_several_axes(name, shape, data, keep, seed):
    ours, theirs = (TIED | SMOOTH)[name]
    axes = tuple(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1)))
    x = normal(seed, shape)[0] if name in SMOOTH else np.random.default_rng(seed).integers(0, 3, shape) * 0.5
    agree(lambda x: ours(x, axis=axes, keepdims=keep), lambda t: theirs(t, axes, keep), x)
    if name in TIED:
        agree(ours, getattr(torch, name), x)


@SETTINGS
@given(
    shape=st.lists(st.integers(2, 4), min_size=1, max_size=3).map(tuple),
    data=st.data(),
    ddof=st.sampled_from([0, 1]),
    seed=SEEDS,
)
def test_spread(shape, data, ddof, seed):
    axes = tuple(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1)))
    x = normal(seed, shape)[0]
    agree(lambda x: np.var(x, axes, ddof=ddof), lambda t: torch.var(t, axes, correction=ddof), x)
    agree(lambda x: np.std(x, axes, ddof=ddof), lambda t: torch.std(t, axes, correction=ddof), x, rtol=1e-7)


@SETTINGS
@given(shape=SHAPES, data=st.data(), zeros=st.integers(0, 3), seed=SEEDS)
def test_products_and_running_ones_with_zeros(shape, data, zeros, seed):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = normal(seed, shape)[0]
    x.flat[np.random.default_rng(seed).integers(0, x.size, zeros)] = 0
    agree(lambda x: np.prod(x, axis=axis), lambda t: torch.prod(t, axis), x)
    agree(np.prod, torch.prod, x)
    agree(lambda x: np.cumprod(x, axis), lambda t: torch.cumprod(t, axis), x)
    agree(lambda x: np.cumsum(x, axis) ** 2, lambda t: torch.cumsum(t, axis) ** 2, x)
    agree(lambda x: tg.logcumsumexp(x, axis), lambda t: torch.logcumsumexp(t, axis), x)


@SETTINGS
@given(shape=SHAPES, data=st.data(), seed=SEEDS)
def test_order(shape, data, seed):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = distinct(shape, seed)
    agree(lambda x: np.sort(x, axis) ** 2, lambda t: torch.sort(t, axis).values ** 2, x)
    kth = data.draw(st.integers(0, shape[axis] - 1))
    agree(
        lambda x: np.take(np.partition(x, kth, axis), kth, axis) ** 2,
        lambda t: torch.kthvalue(t, kth + 1, axis).values ** 2,
        x,
    )
    agree(lambda x: np.median(x, axis) ** 2, lambda t: torch.quantile(t, 0.5, axis) ** 2, x)


@settings(deadline=None, max_examples=60)
@given(shape=SHAPES, data=st.data(), seed=SEEDS)
def test_basic_indices(shape, data, seed):
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=True))
    parts = index if isinstance(index, tuple) else (index,)
    if any(isinstance(part, slice) and (part.step or 1) < 0 for part in parts):  # PyTorch takes no backward steps
        x = tg.tensor(normal(seed, shape)[0], requires_grad=True)
        (x[index] ** 2).sum().backward()
        expected = np.zeros(shape)
        expected[index] = 2 * x.data[index]
        np.testing.assert_array_equal(x.grad, expected)
        return
    agree(lambda x: x[index] ** 2, lambda t: t[index] ** 2, *normal(seed, shape))


@settings(deadline=None, max_examples=40)
@given(shape=SHAPES, data=st.data(), seed=SEEDS)
def test_integer_boolean_and_mixed_indices(shape, data, seed):
    random = np.random.default_rng(seed)
    index = []
    for n in shape:
        kind = data.draw(st.sampled_from(["slice", "places", "number", "mask"]))
        if kind == "mask" and any(isinstance(part, np.ndarray) for part in index):
            kind = "slice"
        if kind == "places" and any(isinstance(part, np.ndarray) and part.dtype == bool for part in index):
            kind = "slice"
        index.append(
            {
                "slice": slice(data.draw(st.integers(0, n)), None),
                "places": random.integers(-n, n, (2, 3)),
                "number": data.draw(st.integers(-n, n - 1)),
                "mask": random.random(n) < 0.6,
            }[kind]
        )
    theirs = tuple(torch.tensor(part) if isinstance(part, np.ndarray) else part for part in index)
    mixed = tuple(index)
    x, values = normal(seed + 1, shape, np.shape(np.zeros(shape)[mixed]))
    if tuple(torch.zeros(shape)[theirs].shape) != values.shape:
        return  # a number between two slices counts as an array in NumPy, which moves the axes
    agree(lambda x: x[mixed] ** 2, lambda t: t[theirs] ** 2, x)
    agree(lambda x, v: tg.at(x)[mixed].add(v) ** 2, lambda t, v: _added(t, theirs, v) ** 2, x, values)


def _added(t, index, values):
    """t with `values` added at `index`, by adding at the places of an array of numbers."""
    places = torch.arange(t.numel()).reshape(t.shape)[index]
    return t.reshape(-1).index_add(0, places.reshape(-1), values.reshape(-1)).reshape(t.shape)


@SETTINGS
@given(shape=SHAPES, data=st.data(), count=st.integers(1, 3), seed=SEEDS)
def test_along_an_axis(shape, data, count, seed):
    axis = data.draw(st.integers(0, len(shape) - 1))
    random = np.random.default_rng(seed)
    index = random.integers(0, shape[axis], (*shape[:axis], count, *shape[axis + 1 :]))
    x, values = normal(seed + 1, shape, index.shape)
    agree(
        lambda x: np.take_along_axis(x, index, axis) ** 2, lambda t: torch.gather(t, axis, torch.tensor(index)) ** 2, x
    )
    once = np.argsort(random.random(shape), axis)[(slice(None),) * axis + (slice(0, count),)]
    agree(
        lambda x, v: tg.put_along_axis(x, once, v, axis) ** 2,
        lambda t, v: torch.scatter(t, axis, torch.tensor(once), v) ** 2,
        x,
        values[tuple(slice(0, n) for n in once.shape)],
    )
    places = random.integers(0, x.size, 4)
    agree(lambda x: np.take(x, places) ** 2, lambda t: torch.take(t, torch.tensor(places)) ** 2, x)


@SETTINGS
@given(shape=SHAPES, data=st.data(), seed=SEEDS)
def test_masks(shape, data, seed):
    mask = np.random.default_rng(seed).random(shape) < 0.5
    held = torch.tensor(mask)
    x, other = normal(seed + 1, shape, shape)
    agree(lambda x: x[mask] ** 2, lambda t: t[held] ** 2, x)
    agree(lambda a, b: np.where(mask, a, b) ** 3, lambda a, b: torch.where(held, a, b) ** 3, x, other)
    agree(lambda x: tg.at(x)[mask].set(2.0) ** 2, lambda t: torch.masked_fill(t, held, 2.0) ** 2, x)


@SETTINGS
@given(shape=SHAPES, data=st.data(), seed=SEEDS)
def test_moving(shape, data, seed):
    axis, shift = data.draw(st.integers(0, len(shape) - 1)), data.draw(st.integers(-5, 5))
    order = data.draw(st.permutations(range(len(shape))))
    before, behind = data.draw(st.integers(0, 2)), data.draw(st.integers(0, 2))
    x, y = normal(seed, shape, shape)
    agree(lambda x: np.roll(x, shift, axis) ** 2, lambda t: torch.roll(t, shift, axis) ** 2, x)
    agree(lambda x: np.flip(x, axis) ** 2, lambda t: torch.flip(t, (axis,)) ** 2, x)
    agree(lambda x: np.transpose(x, order) ** 2, lambda t: torch.permute(t, order) ** 2, x)
    agree(lambda x, y: np.concatenate([x, y, x], axis) ** 2, lambda a, b: torch.cat([a, b, a], axis) ** 2, x, y)
    agree(lambda x, y: np.stack([x, y], axis) ** 2, lambda a, b: torch.stack([a, b], axis) ** 2, x, y)
    pairs = [(0, 0)] * (len(shape) - 1) + [(before, behind)]
    agree(
        lambda x: np.pad(x, pairs, constant_values=1.5) ** 2,
        lambda t: torch.nn.functional.pad(t, (before, behind), value=1.5) ** 2,
        x,
    )
    agree(lambda x: np.broadcast_to(x, (2, *shape)) ** 2, lambda t: torch.broadcast_to(t, (2, *shape)) ** 2, x)
