"""Badges: a tick for every op of the library, a cross with the error for a wrong rule, never a false alarm."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.core.registry import functions, ops
from tinygrad_loss.core.tensor import Tensor
from tinygrad_loss.visualize.badges import badges_of
from tinygrad_loss.visualize.walk import walk

NAMES = sorted(name for name in ops if "samples" in ops[name].info and any(ops[name].rules))


def leaf(values, **options):
    return tg.tensor(values, requires_grad=True, **options)


def checks(output):
    graph = walk(output)
    return {graph.nodes[each].title: badge for each, badge in badges_of(graph, graph.nodes).items()}


@pytest.fixture
def restored_ops():
    before = dict(ops), dict(functions)
    yield
    for registry, old in zip((ops, functions), before, strict=True):
        registry.clear()
        registry.update(old)


def calls_of(op):
    for sample in op.info["samples"]():
        given = dict(sample[-1]) if isinstance(sample[-1], dict) else {}
        values = list(sample[:-1]) if isinstance(sample[-1], dict) else list(sample)
        count = len(values) if op.variadic else op.parameters.inputs
        yield values[:count], {**given, **dict(zip(op.parameters.names, values[count:], strict=False))}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_every_op_of_the_library_passes(name, dtype):
    op = ops[name]
    for inputs, attributes in calls_of(op):
        floating = [np.asarray(x).dtype.kind == "f" and not np.isscalar(x) for x in inputs]
        tensors = [Tensor(np.asarray(x, dtype), True) if f else x for x, f in zip(inputs, floating, strict=True)]
        with np.errstate(all="ignore"):
            result = op.call(*tensors, **attributes)
        parts = [part for part in (result if isinstance(result, tuple) else (result,)) if part.node is not None]
        if not parts or not any(part.size for part in parts):
            continue
        with np.errstate(all="ignore"):
            total = sum((part.sum() for part in parts[1:]), parts[0].sum())
        badge = checks(total).get(name)
        assert badge is None or badge.passed is not False, badge.lines


class TestCrosses:
    @pytest.mark.parametrize("size", [3, 300])
    def test_a_wrong_factor_is_found(self, restored_ops, size):
        @tg.primitive(lambda g, y, x: 4 * x * g)
        def doubled_slope(x):
            return x**2

        badge = checks(doubled_slope(leaf(np.linspace(1, 2, size))).sum())["doubled_slope"]
        assert badge.passed is False
        assert badge.sign == "✗"
        assert badge.lines[0].startswith("The gradient by x is wrong")
        assert badge.lines[-1].endswith("looks right up to a factor 2.")

    def test_the_right_input_is_named(self, restored_ops):
        @tg.primitive(lambda g, y, a, b: g * b, lambda g, y, a, b: -g * a)
        def product(a, b):
            return a * b

        badge = checks(product(leaf(2.0), leaf(3.0)) * 1.0)["product"]
        assert badge.lines[0].startswith("The gradient by b is wrong")
        assert badge.lines[-1] == "It looks right up to the sign."

    def test_a_picture_shows_them(self, restored_ops):
        @tg.primitive(lambda g, y, x: g)
        def stretched(x):
            return 3 * x

        picture = tg.draw(stretched(leaf(2.0, name="x")) + 1.0, check=True)
        assert "stretched</B></FONT>" in picture.dot
        assert "✗" in picture.dot
        assert "✓" in picture.dot
        assert "penwidth=2.4" in picture.dot
        assert "Central differences give 3" in picture.text()
        assert "stretched ✗" in picture.mermaid()

    def test_a_layer_names_its_wrong_ops(self, restored_ops):
        @tg.primitive(lambda g, y, x: g)
        def stretched(x):
            return 3 * x

        class Layer(tg.layers.Layer):
            def call(self, inputs):
                return stretched(inputs * 2.0)

        layers = tg.draw(Layer(name="mine")(leaf([1.0], dtype="float32")).sum(), check=True, depth=0).view.boxes
        badge = next(box.badge for box in layers if box.title == "mine")
        assert (badge.passed, badge.lines) == (False, ["wrong: stretched"])


class TestNoFalseAlarm:
    def test_at_a_kink(self):
        badge = checks(tg.relu(leaf([0.0, 1.0])).sum())["relu"]
        assert badge.passed is True
        assert badge.lines[0].startswith("at a kink: ")

    def test_at_the_edge_of_a_domain(self, restored_ops):
        @tg.primitive(lambda g, y, x: g / (2 * y))
        def root(x):
            return np.sqrt(x)

        badge = checks(root(leaf([0.0, 1.0])).sum())["root"]
        assert (badge.passed, badge.lines) == (None, ["not checked: at the edge of its domain"])

    @pytest.mark.parametrize("scale", [1e-9, 1e-3, 1e6, 1e12])
    def test_of_tiny_and_huge_values(self, scale):
        x = leaf(np.array([1.0, 2.0, 3.0]) * scale)
        found = checks(((x * x).sum() / x[0]) + tg.log(x).sum() + (1 / x).mean())
        assert {badge.passed for badge in found.values()} == {True}

    def test_of_casts_and_float32(self):
        x = leaf(np.linspace(-1, 1, 6), dtype="float32")
        found = checks(tg.tanh(x).astype("float16").astype("float64").sum())
        assert {badge.passed for badge in found.values()} == {True}

    def test_of_recomputed_segments(self):
        segment = tg.checkpoint(lambda x: np.tanh(x))
        found = checks(segment(leaf([0.5])).sum())
        assert found["sum"].passed is True
        assert found["item"].passed is None

    def test_of_a_network(self):
        model = tg.Sequential([tg.layers.Dense(16, activation="relu"), tg.layers.Dense(3, activation="softmax")])
        x = np.random.default_rng(0).normal(size=(32, 8))
        found = checks(tg.losses.SparseCategoricalCrossentropy()(np.arange(32) % 3, model(x)))
        assert {badge.passed for badge in found.values()} == {True}
