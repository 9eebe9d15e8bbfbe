"""Elementwise ops, reductions and running totals against PyTorch: values and gradients on drawn arrays.

The values drawn are quarters, so that ties, zeros and whole numbers come up; the few points at which
PyTorch's convention is NaN (see the tests of kinks) are left out.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_loss as tg

torch = pytest.importorskip("torch", reason="PyTorch is the oracle of these tests")
pytestmark = pytest.mark.oracle


def quarters(low, high, leaving_out=()):
    """Multiples of ¼ from low to high."""
    whole = st.integers(int(4 * low), int(4 * high)).map(lambda n: n / 4)
    return whole.filter(lambda x: x not in leaving_out) if leaving_out else whole


ANY, POSITIVE, OPEN = quarters(-4, 4), quarters(0.25, 4), quarters(-0.75, 0.75)
NOT_ZERO = quarters(-4, 4, (0.0,))
HALVES = st.integers(-9, 9).map(lambda n: n / 2 + 0.25)  # nowhere near a whole number

UNARY = {
    "absolute": (torch.abs, ANY),
    "arccos": (torch.arccos, OPEN),
    "arccosh": (torch.arccosh, quarters(1.25, 5)),
    "arcsin": (torch.arcsin, OPEN),
    "arcsinh": (torch.arcsinh, ANY),
    "arctan": (torch.arctan, ANY),
    "arctanh": (torch.arctanh, OPEN),
    "ceil": (torch.ceil, ANY),
    "cos": (torch.cos, ANY),
    "cosh": (torch.cosh, ANY),
    "deg2rad": (torch.deg2rad, ANY),
    "exp": (torch.exp, ANY),
    "exp2": (torch.exp2, ANY),
    "expm1": (torch.expm1, ANY),
    "floor": (torch.floor, ANY),
    "log": (torch.log, POSITIVE),
    "log10": (torch.log10, POSITIVE),
    "log1p": (torch.log1p, POSITIVE),
    "log2": (torch.log2, POSITIVE),
    "nan_to_num": (torch.nan_to_num, st.one_of(ANY, st.sampled_from([np.nan, np.inf, -np.inf]))),
    "negative": (torch.negative, ANY),
    "positive": (torch.positive, ANY),
    "rad2deg": (torch.rad2deg, ANY),
    "reciprocal": (torch.reciprocal, NOT_ZERO),
    "rint": (torch.round, ANY),
    "sign": (torch.sign, ANY),
    "sin": (torch.sin, ANY),
    "sinc": (torch.sinc, ANY),
    "sinh": (torch.sinh, ANY),
    "sqrt": (torch.sqrt, quarters(0, 4)),
    "square": (torch.square, ANY),
    "tan": (torch.tan, ANY),
    "tanh": (torch.tanh, ANY),
    "trunc": (torch.trunc, ANY),
}

BINARY = {
    "add": (torch.add, ANY, ANY),
    "arctan2": (torch.arctan2, ANY, ANY),
    "copysign": (torch.copysign, ANY, NOT_ZERO),
    "divide": (torch.divide, ANY, NOT_ZERO),
    "fmod": (torch.fmod, HALVES, quarters(1, 4).map(round)),
    "hypot": (torch.hypot, ANY, NOT_ZERO),
    "logaddexp": (torch.logaddexp, ANY, ANY),
    "logaddexp2": (torch.logaddexp2, ANY, ANY),
    "maximum": (torch.maximum, ANY, ANY),
    "minimum": (torch.minimum, ANY, ANY),
    "multiply": (torch.multiply, ANY, ANY),
    "power": (torch.pow, POSITIVE, ANY),
    "remainder": (torch.remainder, HALVES, quarters(1, 4).map(round)),
    "subtract": (torch.subtract, ANY, ANY),
}


def compare(mine, theirs, inputs, data, rtol=1e-10, atol=1e-12):
    """Value, and gradient for a drawn upstream gradient, of both libraries."""
    xs = [tg.tensor(x, requires_grad=True) for x in inputs]
    ts = [torch.tensor(x, requires_grad=True) for x in inputs]
    y, z = mine(*xs), theirs(*ts)
    assert y.shape == tuple(z.shape)
    np.testing.assert_allclose(y.detach(), z.detach().numpy(), rtol=rtol, atol=atol)
    if not y.requires_grad:  # a step function: PyTorch says 0, this library that there is no graph
        z.sum().backward()
        assert not any(t.grad.numpy().any() for t in ts)
        return
    g = data.draw(hnp.arrays(float, y.shape, elements=ANY), label="upstream gradient")
    y.backward(g)
    z.backward(torch.tensor(g))
    for x, t in zip(xs, ts, strict=True):
        got = np.zeros(x.shape) if x.grad is None else x.grad.data
        expected = np.zeros(x.shape) if t.grad is None else t.grad.numpy()
        np.testing.assert_allclose(got, expected, rtol=rtol, atol=atol)


SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
FULL_SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)


@pytest.mark.parametrize("name", UNARY)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_of_one_input(name, data):
    theirs, elements = UNARY[name]
    x = data.draw(hnp.arrays(float, data.draw(SHAPES), elements=elements), label="x")
    compare(getattr(np, name), theirs, [x], data)


@pytest.mark.parametrize("name", BINARY)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_of_two_inputs_that_broadcast(name, data):
    theirs, *elements = BINARY[name]
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)).input_shapes
    inputs = [data.draw(hnp.arrays(float, s, elements=e)) for s, e in zip(shapes, elements, strict=True)]
    compare(getattr(np, name), theirs, inputs, data)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_clip_with_bounds_of_their_own(data):
    shape = data.draw(FULL_SHAPES)
    x, low, width = (data.draw(hnp.arrays(float, shape, elements=e)) for e in (ANY, ANY, POSITIVE))
    # At a bound x has slope 1 here, as with bounds that are numbers; PyTorch shares it with a bound that is a tensor.
    assume(not np.any((x == low) | (x == low + width)))
    compare(np.clip, torch.clip, [x, low, low + width], data)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_where(data):
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3)).input_shapes
    condition = data.draw(hnp.arrays(bool, shapes[0]))
    a, b = (data.draw(hnp.arrays(float, s, elements=ANY)) for s in shapes[1:])
    compare(
        lambda a, b: np.where(condition, a, b), lambda a, b: torch.where(torch.tensor(condition), a, b), [a, b], data
    )


REDUCTIONS = {
    "sum": (np.sum, torch.sum),
    "mean": (np.mean, torch.mean),
    "max": (np.max, torch.amax),
    "min": (np.min, torch.amin),
    "logsumexp": (tg.logsumexp, torch.logsumexp),
    "var": (np.var, lambda t, axes, keep: torch.var(t, axes, correction=0, keepdim=keep)),
    "std": (np.std, lambda t, axes, keep: torch.std(t, axes, correction=0, keepdim=keep)),
}


@pytest.mark.parametrize("name", REDUCTIONS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_over_drawn_axes(name, data):
    mine, theirs = REDUCTIONS[name]
    x = data.draw(hnp.arrays(float, data.draw(FULL_SHAPES), elements=ANY), label="x")
    axes = data.draw(st.sets(st.integers(0, x.ndim - 1), min_size=1).map(tuple), label="axes")
    keep = data.draw(st.booleans(), label="keepdims")
    compare(lambda x: mine(x, axis=axes, keepdims=keep), lambda t: theirs(t, axes, keep), [x], data)


ALONG = {
    "prod": (np.prod, torch.prod),
    "cumsum": (np.cumsum, torch.cumsum),
    "cumprod": (np.cumprod, torch.cumprod),
    "logcumsumexp": (tg.logcumsumexp, torch.logcumsumexp),
    "diff": (lambda x, axis: np.diff(x, axis=axis), lambda t, axis: torch.diff(t, dim=axis)),
    "trapezoid": (lambda x, axis: np.trapezoid(x, axis=axis), lambda t, axis: torch.trapezoid(t, dim=axis)),
}


@pytest.mark.parametrize("name", ALONG)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_along_a_drawn_axis(name, data):
    mine, theirs = ALONG[name]
    x = data.draw(hnp.arrays(float, data.draw(FULL_SHAPES), elements=ANY), label="x")
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1), label="axis")
    compare(lambda x: mine(x, axis), lambda t: theirs(t, axis), [x], data)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_quantiles_of_distinct_elements(data):
    shape = data.draw(FULL_SHAPES)
    order = data.draw(st.permutations(range(int(np.prod(shape)))))
    x = np.reshape(np.array(order, float), shape)
    axis = data.draw(st.integers(0, x.ndim - 1), label="axis")
    q = data.draw(st.lists(st.integers(0, 16).map(lambda n: n / 16), min_size=1, max_size=3), label="q")
    theirs = torch.tensor(q, dtype=torch.float64)
    compare(lambda x: np.quantile(x, q, axis=axis), lambda t: torch.quantile(t, theirs, dim=axis), [x], data)
