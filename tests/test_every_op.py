"""Every op of the registry, on every sample of its own block. An op without samples fails.

Reverse mode is held against central differences, forward mode against reverse mode, the second
derivative against central differences of the first.
"""

from __future__ import annotations

import pickle
import warnings
import zlib

import numpy as np
import pytest
from docstring_examples import run_examples
from op_references import REFERENCES

from tinygrad_loss.core.backward import pull_back
from tinygrad_loss.core.forward import push_forward
from tinygrad_loss.core.registry import functions, ops
from tinygrad_loss.core.tensor import Tensor

# Ops whose inputs or attributes state each other's lengths: emptied one by one they no longer belong together.
BOUND_TOGETHER = {
    "average_pool_gradient",
    "from_windows",
    "gru_gates",
    "lstm_gates",
    "max_pool_gradient",
    "max_pool_tangent",
    "on_diagonal",
    "pad",
}
MADE_BY_THE_ENGINE = {"item"}  # takes another op's tuple of results: tested with every op that has several
BUILT_IN = sorted(name for name in ops if name not in MADE_BY_THE_ENGINE)


def samples_of(name):
    """Each sample as (inputs, attributes): inputs by position, then attributes by position or in a last dict."""
    op = ops[name]
    result = []
    for sample in op.info["samples"]():
        given = dict(sample[-1]) if isinstance(sample[-1], dict) else {}
        values = list(sample[:-1]) if isinstance(sample[-1], dict) else list(sample)
        count = len(values) if op.variadic else op.parameters.inputs
        given.update(zip(op.parameters.names, values[count:], strict=False))
        result.append((values[:count], given))
    return result


def cases():
    for name in BUILT_IN:
        count = len(samples_of(name)) if "samples" in ops[name].info else 0
        for index in range(max(count, 1)):
            yield pytest.param(name, index, id=f"{name}-{index}")


def differentiable(op, inputs):
    """The positions of floating arrays that the op has a rule for (Python numbers are constants)."""
    rules = op.rules_for(len(inputs))
    return [i for i, x in enumerate(inputs) if rules[i] is not None and getattr(x, "dtype", np.dtype(int)).kind == "f"]


def outputs_of(result):
    """The floating results as a list."""
    several = result if isinstance(result, tuple) else (result,)
    return [y for y in several if y.dtype.kind == "f"]


def scalar_function(op, inputs, attributes, weights):
    """x -> sum(weights * op(x)): one number that sees every element of every result."""

    def total(*moving):
        parts = outputs_of(op.call(*moving, **attributes))
        return sum(((w * y).sum() for w, y in zip(weights, parts, strict=True)), 0.0)

    return total


def weights_for(op, inputs, attributes):
    random = np.random.default_rng(zlib.crc32(op.name.encode()))
    return [random.normal(size=np.shape(y)) for y in outputs_of(op.call(*map(plain, inputs), **attributes))]


def plain(x):
    return np.asarray(x) if not np.isscalar(x) else x


def leaves(inputs, where):
    return [Tensor(x, requires_grad=True) if i in where else x for i, x in enumerate(inputs)]


def central_difference(f, inputs, i, eps=1e-6):
    base = np.array(inputs[i], dtype=float)
    grad = np.zeros_like(base)
    for place in np.ndindex(base.shape):
        moved = [np.array(x) if j == i else x for j, x in enumerate(inputs)]
        plus, minus = base.copy(), base.copy()
        plus[place] += eps
        minus[place] -= eps
        moved[i] = plus
        high = float(f(*moved))
        moved[i] = minus
        grad[place] = (high - float(f(*moved))) / (2 * eps)
    return grad


def gradients(f, inputs, where):
    """Reverse mode through the pure walk: the gradients of the scalar f at `inputs`."""
    xs = leaves(inputs, where)
    out = f(*xs)
    if not isinstance(out, Tensor) or out.node is None:
        return [np.zeros(np.shape(inputs[i])) for i in where]
    found = pull_back([out.node], [np.ones(())[()]], [xs[i].node for i in where])
    return [np.asarray(found.get(xs[i].node, np.zeros(np.shape(inputs[i])))) for i in where]


def close(a, b, what, rtol=1e-5, atol=1e-7):
    np.testing.assert_allclose(a, b, rtol=rtol, atol=atol, err_msg=what)


def test_every_op_has_samples_and_texts():
    for name in BUILT_IN:
        op = ops[name]
        assert op.info.get("formula"), f"{name} has no formula"
        assert "samples" in op.info, f"{name} has no samples"
        assert samples_of(name), f"{name} has no samples"
        if op.kind != "constant":
            assert op.info.get("derivative"), f"{name} has no derivative text"


@pytest.mark.parametrize(("name", "index"), list(cases()))
class TestEveryOp:
    def test_kind_of_result(self, name, index):
        op = ops[name]
        inputs, attributes = samples_of(name)[index]
        on_arrays = op.call(*map(plain, inputs), **attributes)
        several = on_arrays if isinstance(on_arrays, tuple) else (on_arrays,)
        assert not any(isinstance(y, Tensor) for y in several)
        on_tensors = op.call(*(Tensor(x) if i == 0 else x for i, x in enumerate(inputs)), **attributes)
        again = on_tensors if isinstance(on_tensors, tuple) else (on_tensors,)
        assert all(isinstance(y, Tensor) for y in again)
        for a, b in zip(several, again, strict=True):
            np.testing.assert_array_equal(a, b.data)
        assert all(
            hash(str(value)) is not None and not isinstance(value, (list, dict, np.ndarray))
            for value in attributes.values()
        )

    def test_value_is_the_references(self, name, index):
        op = ops[name]
        reference = op.info.get("reference") or REFERENCES.get(name) or numpy_function(name)
        assert reference is not None, f"{name} has nothing to be compared with: give its block a reference"
        inputs, attributes = samples_of(name)[index]
        expected = reference(*map(plain, inputs), **attributes)
        made = op.call(*map(plain, inputs), **attributes)
        pairs = zip(made, expected, strict=True) if isinstance(made, tuple) else [(made, expected)]
        for ours, theirs in pairs:
            assert np.shape(ours) == np.shape(theirs)
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)

    def test_reverse_mode_agrees_with_differences(self, name, index):
        op = ops[name]
        inputs, attributes = samples_of(name)[index]
        where = differentiable(op, inputs)
        f = scalar_function(op, inputs, attributes, weights_for(op, inputs, attributes))
        for i, g in zip(where, gradients(f, inputs, where), strict=True):
            assert g.shape == np.shape(inputs[i])
            close(g, central_difference(f, [plain(x) for x in inputs], i), f"{name}: gradient of input {i}")

    def test_forward_mode_agrees_with_reverse_mode(self, name, index):
        op = ops[name]
        inputs, attributes = samples_of(name)[index]
        where = differentiable(op, inputs)
        if not where:
            assert not isinstance(op.call(*inputs, **attributes), Tensor)
            return
        random = np.random.default_rng(3)
        xs = leaves(inputs, where)
        ys = outputs_of(op.call(*xs, **attributes))
        ts = [random.normal(size=np.shape(inputs[i])) for i in where]
        us = [random.normal(size=y.shape) for y in ys]
        connected = [(y, u) for y, u in zip(ys, us, strict=True) if y.node is not None]
        nodes = [xs[i].node for i in where]
        pushed = push_forward([y.node for y, _ in connected], nodes, [t[()] for t in ts])
        pulled = pull_back([y.node for y, _ in connected], [u[()] for _, u in connected], nodes)
        forward = sum(np.sum(u * np.asarray(t)) for (_, u), t in zip(connected, pushed, strict=True) if t is not None)
        reverse = sum(np.sum(t * np.asarray(pulled[n])) for t, n in zip(ts, nodes, strict=True) if n in pulled)
        close(forward, reverse, f"{name}: u·(J t) against (Jᵀ u)·t", rtol=1e-9, atol=1e-10)

    def test_second_order(self, name, index):
        op = ops[name]
        inputs, attributes = samples_of(name)[index]
        where = differentiable(op, inputs)
        f = scalar_function(op, inputs, attributes, weights_for(op, inputs, attributes))
        random = np.random.default_rng(5)
        vs = [random.normal(size=np.shape(inputs[i])) for i in where]

        def directional(*values):
            """(gradient of f) . v, itself recorded when the values are Tensors."""
            xs = [
                x if isinstance(x, Tensor) else Tensor(x, requires_grad=True) if i in where else x
                for i, x in enumerate(values)
            ]
            out = f(*xs)
            if not isinstance(out, Tensor) or out.node is None:
                return Tensor(0.0)
            nodes = [xs[i].node for i in where]
            found = pull_back([out.node], [Tensor(1.0)], nodes, record=True)
            return sum(((found[n] * v).sum() for n, v in zip(nodes, vs, strict=True) if n in found), Tensor(0.0))

        def number(*values):
            return float(directional(*values).detach())

        found = gradients(directional, inputs, where)
        for i, g in zip(where, found, strict=True):
            expected = central_difference(number, [plain(x) for x in inputs], i)
            close(g, expected, f"{name}: second derivative by input {i}", rtol=1e-4, atol=1e-6)
        xs = leaves(inputs, where)
        along = directional(*xs)
        if along.node is None:
            return
        ts = [random.normal(size=np.shape(inputs[i])) for i in where]
        (pushed,) = push_forward([along.node], [xs[i].node for i in where], [t[()] for t in ts])
        forward = 0.0 if pushed is None else float(np.asarray(pushed))
        reverse = sum(np.sum(t * g) for t, g in zip(ts, found, strict=True))
        close(forward, reverse, f"{name}: forward mode over the gradient", rtol=1e-9, atol=1e-9)

    def test_float32_stays(self, name, index):
        op = ops[name]
        inputs, attributes = samples_of(name)[index]
        where = differentiable(op, inputs)
        if op.kind == "constant" or name == "astype":
            assert op.rules == () or name == "astype"
            return
        small = [
            np.asarray(x, np.float32) if np.asarray(x).dtype == np.float64 and not np.isscalar(x) else x for x in inputs
        ]
        xs = leaves(small, where)
        ys = outputs_of(op.call(*xs, **attributes))
        assert [y.dtype for y in ys] == [np.float32] * len(ys)
        for y in ys:
            if y.node is None:
                continue
            found = pull_back([y.node], [np.ones(y.shape, np.float32)[()]])
            assert {np.asarray(g).dtype for g in found.values()} <= {np.dtype(np.float32)}
        wide = outputs_of(op.call(*map(plain, inputs), **attributes))
        for y, exact in zip(ys, wide, strict=True):
            scale = max(float(np.abs(exact).max(initial=0)), 1)
            np.testing.assert_allclose(y.data, exact, rtol=1e-3, atol=1e-4 * scale, err_msg=f"{name} in float32")

    def test_read_only_and_strided_inputs(self, name, index):
        op = ops[name]
        inputs, attributes = samples_of(name)[index]
        expected = op.call(*map(plain, inputs), **attributes)
        awkward = []
        for x in inputs:
            x = plain(x)
            if isinstance(x, np.ndarray) and x.ndim:
                x = np.repeat(x, 2, axis=-1)[..., ::2]  # every second element of a wider array
                x.flags.writeable = False
            awkward.append(x)
        result = op.call(*awkward, **attributes)
        pairs = zip(expected, result, strict=True) if isinstance(expected, tuple) else [(expected, result)]
        for a, b in pairs:
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
        where = differentiable(op, inputs)
        f = scalar_function(op, inputs, attributes, weights_for(op, inputs, attributes))
        for a, b in zip(gradients(f, inputs, where), gradients(f, awkward, where), strict=True):
            close(a, b, name, rtol=1e-10, atol=1e-12)

    def test_inputs_are_not_changed(self, name, index):
        op = ops[name]
        inputs, attributes = samples_of(name)[index]
        before = [np.array(x) for x in inputs]
        where = differentiable(op, inputs)
        f = scalar_function(op, inputs, attributes, weights_for(op, inputs, attributes))
        gradients(f, inputs, where)
        for a, b in zip(before, inputs, strict=True):
            np.testing.assert_array_equal(a, b)

    def test_rules_write_into_nothing(self, name, index):
        """Neither a reverse nor a forward rule changes what it is given: all of it is read-only here."""
        op = ops[name]
        inputs, attributes = samples_of(name)[index]
        held, attributes = op.parameters.sort(name, tuple(map(locked, inputs)), attributes)
        y = op.call(*held, **attributes)
        y = tuple(map(locked, y)) if isinstance(y, tuple) else locked(y)
        g = tuple(map(ones_like, y)) if isinstance(y, tuple) else ones_like(y)
        rules = op.rules_for(len(inputs))
        with np.errstate(all="ignore"):
            for i in differentiable(op, inputs):
                rules[i](g, y, *held, **attributes)
                if op.pushes and not op.variadic:
                    op.pushes[i](ones_like(held[i]), y, *held, **attributes)

    def test_empty_inputs_have_empty_gradients(self, name, index):
        """One length after the other made 0: wherever the op takes that, so do its rules."""
        op = ops[name]
        inputs, attributes = samples_of(name)[index]
        where = differentiable(op, inputs)
        lengths = {n for i in where for n in np.shape(inputs[i])} - {0}
        if name in BOUND_TOGETHER:  # of these only the leading axis, the batch
            lengths &= {np.shape(inputs[where[0]])[0]} if index == 0 and name.endswith("gates") else set()
        for length in sorted(lengths):
            emptied = [without(x, length) for x in inputs]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of means and logarithms of nothing
                try:
                    weights = weights_for(op, emptied, attributes)
                except Exception:  # noqa: BLE001  the op refuses it, or its other inputs no longer fit
                    continue
                f = scalar_function(op, emptied, attributes, weights)
                for i, g in zip(where, gradients(f, emptied, where), strict=True):
                    assert g.shape == np.shape(emptied[i]), f"{name}: without the length {length}"


def without(x, length):
    """x, with each of its axes of that length emptied."""
    part = tuple(slice(0, 0 if n == length else n) for n in np.shape(x))
    return x if np.isscalar(x) else np.asarray(x)[part]


def locked(x):
    if np.isscalar(x) and not isinstance(x, np.generic):
        return x
    x = np.array(x)
    x.flags.writeable = False
    return x if x.ndim else x[()]


def ones_like(x):
    return locked(np.ones(np.shape(x), np.asarray(x).dtype if np.asarray(x).dtype.kind == "f" else float))


def numpy_function(name):
    target = np
    for part in name.split("."):
        target = getattr(target, part, None)
        if target is None:
            return None
    return target if callable(target) else None


@pytest.mark.parametrize("name", BUILT_IN)
def test_pickles_by_name(name):
    assert pickle.loads(pickle.dumps(ops[name])) is ops[name]


@pytest.mark.parametrize("name", sorted(name for name in functions if name not in ("backward", "item")))
def test_examples_in_docstrings_run(name):
    attempted, failures = run_examples(functions[name], name)
    assert attempted, f"{name} has no example"
    assert not failures, failures


@pytest.mark.parametrize("name", [n for n in BUILT_IN if ops[n].kind == "elementwise"])
def test_elementwise_ops_take_0d_inputs(name):
    op = ops[name]
    inputs, attributes = samples_of(name)[0]
    single = [np.array(np.asarray(x)[(0,) * np.ndim(x)]) for x in inputs]
    where = differentiable(op, single)
    f = scalar_function(op, single, attributes, weights_for(op, single, attributes))
    assert np.shape(op.call(*single, **attributes)) == ()
    for i, g in zip(where, gradients(f, single, where), strict=True):
        assert g.shape == ()
        close(g, central_difference(f, single, i), f"{name}: gradient of 0-d input {i}")


@pytest.mark.parametrize("name", [n for n in BUILT_IN if ops[n].kind == "elementwise"])
def test_elementwise_ops_take_empty_and_broadcast_inputs(name):
    op = ops[name]
    count = op.parameters.inputs
    empty = [np.zeros((0, 3), bool if r is None else float) for r in op.rules_for(count)]
    inputs, attributes = samples_of(name)[0]
    assert op.call(*empty, **attributes).shape == (0, 3)
    if count > 1:
        first = [np.asarray(x)[(0,) * np.ndim(x)] for x in inputs]
        wide = [np.full((2, 1, 3), first[0]), *(np.full((4, 1), x) for x in first[1:])]
        where = differentiable(op, wide)
        f = scalar_function(op, wide, attributes, [np.ones((2, 4, 3))])
        for i, g in zip(where, gradients(f, wide, where), strict=True):
            assert g.shape == wide[i].shape
            close(g, central_difference(f, wide, i), f"{name}: broadcast gradient of input {i}")
