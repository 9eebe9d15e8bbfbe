"""Every op of the registry, replayed: forward, and the gradients of all its inputs, as eager mode gives them."""

from __future__ import annotations

import numpy as np
import pytest
from test_every_op import BUILT_IN, differentiable, outputs_of, samples_of, weights_for

import tinygrad_loss as tg
from tinygrad_loss.compiler import CaptureError
from tinygrad_loss.compiler.capture import SHAPED_BY_DATA
from tinygrad_loss.compiler.jit import Jitted
from tinygrad_loss.core.registry import ops
from tinygrad_loss.core.tensor import Tensor

EXACT = frozenset({"sums as products"})  # else sums are compared to rounding
PRODUCTS = {"matmul", "affine", "convolve", "correlate"}  # a product may be split otherwise: compared to rounding
CASES = [pytest.param(name, i, id=f"{name}-{i}") for name in BUILT_IN for i in range(len(samples_of(name)))]


def arrays_and_rest(inputs):
    return [i for i, x in enumerate(inputs) if isinstance(x, np.ndarray)]


def shaped(name, arrays):
    """Whether the values of these arrays decide the shape of the result."""
    if SHAPED_BY_DATA[name] == "masks":
        return any(x.dtype.kind == "b" for x in arrays[1:])
    return bool(arrays) if SHAPED_BY_DATA[name] == "all" else len(arrays) > 1


def moved(name, x):
    """Other values in the same domain."""
    if x.dtype.kind != "f":
        return x
    return x * 0.9 if name in ("digitize", "cholesky") else np.roll(x, 1)  # bins rise, matrices stay definite


def compare(got, expected, exact):
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        if exact:
            np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
        else:
            np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-12, atol=1e-13)


def on_their_own(program, given, expected):
    """Both texts of a program, run with nothing of the library in reach."""
    for text in (program.source, program.optimized_source):
        names = dict(program.constants)
        exec(text, names)
        leaves = [leaf.owner._value for leaf in program.listing.leaves.values()]
        compare(names["program"](*[np.array(x) for x in given], *leaves), expected, False)


@pytest.mark.parametrize(("name", "index"), CASES)
def test_forward(name, index):
    op = ops[name]
    inputs, attributes = samples_of(name)[index]
    places = arrays_and_rest(inputs)

    def forward(*moving):
        given = list(inputs)
        for place, x in zip(places, moving, strict=True):
            given[place] = x
        result = op.call(*given, **attributes)
        return result if isinstance(result, tuple) else (result,)

    if name in SHAPED_BY_DATA and shaped(name, [inputs[place] for place in places]):
        with pytest.raises(CaptureError, match="depends on values"):
            Jitted(forward)(*[inputs[place] for place in places])
        return
    replayed = Jitted(forward, leave_out=EXACT)
    given = [inputs[place] for place in places]
    if not given:
        pytest.skip("no array among the inputs: nothing to replay")
    expected = [np.array(y._value) for y in forward(*map(Tensor, given))]
    other = [moved(name, x) for x in given]
    compare(replayed(*given), expected, True)
    expected_other = [np.array(y._value) for y in forward(*map(Tensor, other))]
    compare(replayed(*other), expected_other, name not in PRODUCTS)
    compare(replayed(*given), expected, name not in PRODUCTS)
    assert replayed.reason is None
    as_used = Jitted(forward)
    compare(as_used(*given), expected, False)
    compare(as_used(*other), expected_other, False)
    on_their_own(as_used.program, given, expected)


@pytest.mark.parametrize(("name", "index"), CASES)
def test_gradients(name, index):
    op = ops[name]
    inputs, attributes = samples_of(name)[index]
    where = differentiable(op, inputs) if op.rules else []
    if not where:
        pytest.skip("no input with a derivative")
    weights = weights_for(op, inputs, attributes)

    def total(*moving):
        given = list(inputs)
        for place, x in zip(where, moving, strict=True):
            given[place] = x
        parts = outputs_of(op.call(*given, **attributes))
        return sum(((w * y).sum() for w, y in zip(weights, parts, strict=True)), 0.0)

    gradient = tg.grad(total, argnums=tuple(range(len(where))))
    given = [inputs[i] for i in where]
    replayed = Jitted(gradient, leave_out=EXACT)
    expected = gradient(*given)
    compare(replayed(*given), expected, name not in PRODUCTS)
    other = [moved(name, x) for x in given]
    compare(replayed(*other), gradient(*other), name not in PRODUCTS)
    assert replayed.reason is None
    as_used = Jitted(gradient)
    compare(as_used(*given), expected, False)
    compare(as_used(*other), gradient(*other), False)
    on_their_own(as_used.program, given, expected)
