"""Backward one step at a time: what each step holds, that it all adds up, and the text of it."""

from __future__ import annotations

import html

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.core.primitive import primitive
from tinygrad_loss.core.registry import functions, ops
from tinygrad_loss.errors import GraphError
from tinygrad_loss.visualize.columns import shortened, table, width
from tinygrad_loss.visualize.stepper import brief


def leaf(values, **options):
    return tg.tensor(values, requires_grad=True, **options)


def network():
    tg.set_random_seed(1)
    layers = [tg.layers.Dense(4, activation="tanh"), tg.layers.Dense(3, activation="relu")]
    model = tg.Sequential([*layers, tg.layers.Dense(3, activation="softmax")])
    x, y = np.linspace(-1, 1, 10).reshape(2, 5), np.array([0, 2])
    return model, tg.losses.SparseCategoricalCrossentropy()(y, model(x))


@pytest.fixture
def restored_ops():
    before = dict(ops), dict(functions)
    yield
    for registry, old in zip((ops, functions), before, strict=True):
        registry.clear()
        registry.update(old)


class TestSteps:
    def test_of_a_scalar_graph(self):
        x = leaf(3.0, name="x")
        first, second = tg.trace_backward(x * x + x)
        assert (first.number, first.node.title, first.upstream) == (1, "add", 1.0)
        assert first.local == {"a": 1.0, "b": 1.0}
        assert first.before == {"a": None, "b": None}
        assert second.local == {"a": 3.0, "b": 3.0}
        assert second.contributions == {"a": 3.0, "b": 3.0}
        assert second.before == {"a": 1.0, "b": 4.0}  # x has its part from the sum already
        assert second.after == {"a": 4.0, "b": 7.0}
        assert [flow.source.name for flow in second.flows] == ["x", "x"]

    def test_a_constant_input_is_left_out(self):
        (step,) = tg.trace_backward(leaf(3.0) * 2.0)
        assert list(step.contributions) == ["a"]

    def test_an_input_is_passed_on_only_when_its_gradient_is_complete(self):
        _, loss = network()
        trace = tg.trace_backward(loss)
        done = {}
        for step in trace:
            if step.node.id in done:
                np.testing.assert_array_equal(step.upstream, done[step.node.id])
            for flow in step.flows:
                before = done.get(flow.source.id)
                assert (flow.before is None) == (before is None)
                if before is not None:
                    np.testing.assert_array_equal(flow.before, before)
                total = flow.contribution if before is None else before + flow.contribution
                np.testing.assert_array_equal(flow.after, total)
                done[flow.source.id] = flow.after
                assert flow.source.id not in {each.node.id for each in trace.steps[: step.number]}

    def test_it_ends_at_the_gradients_that_backward_stores(self):
        model, loss = network()
        last = {flow.source.id: flow.after for step in tg.trace_backward(loss) for flow in step.flows}
        graph = tg.trace_backward(loss).graph
        loss.backward()
        found = [last[record.id] for record in graph.nodes.values() if record.kind == "leaf"]
        stored = [weight.grad.tolist() for weight in model.parameters()]
        assert sorted(np.ravel(np.concatenate([np.ravel(g) for g in found]))) == pytest.approx(
            sorted(np.concatenate([np.ravel(g) for g in stored])), rel=1e-6, abs=1e-9
        )

    def test_nothing_is_stored_and_it_can_be_had_again(self):
        x = leaf(3.0)
        y = x * x
        assert str(tg.trace_backward(y)) == str(tg.trace_backward(y))
        assert x.grad is None

    def test_local_times_upstream_is_the_contribution_of_elementwise_ops(self):
        a, b = leaf([[1.0, 2.0], [3.0, 4.0]]), leaf([0.5, 0.25])
        for step in tg.trace_backward((tg.exp(a) * b).sum(), names={"a": a}):
            for flow in step.flows:
                if step.node.op.kind == "elementwise":
                    full = step.upstream * flow.local
                    axes = tuple(range(full.ndim - np.ndim(flow.contribution)))
                    np.testing.assert_allclose(flow.contribution, full.sum(axis=axes))
                else:
                    assert flow.local is None

    def test_several_results(self, restored_ops):
        @primitive(lambda g, y, x: 2.0 * g[0] + 3.0 * g[1], name="pair")
        def pair(x):
            return x * 2.0, x * 3.0

        x = leaf(1.0)
        first, second = pair(x)
        steps = list(tg.trace_backward(first * second))
        assert [step.node.title for step in steps] == ["multiply", "item", "item", "pair"]
        assert [step.before["x"] for step in steps[1:3]] == [None, None]  # each has its own part
        assert steps[-1].upstream == (3.0, 2.0)
        assert steps[-1].after == {"x": 12.0}

    def test_indexing_and_slicing(self):
        x = leaf(2.0)
        trace = tg.trace_backward(tg.sin(tg.exp(x)))
        assert len(trace) == 2
        assert trace[-1].node.title == "exp"
        assert [step.number for step in trace[:2]] == [1, 2]

    def test_a_starting_gradient_and_names(self):
        x = leaf([1.0, 2.0])
        (step,) = tg.trace_backward(x * 3.0, [1.0, 10.0], names={"weight": x})
        assert step.contributions["a"].tolist() == [3.0, 30.0]
        assert step.flows[0].source.name == "weight"

    def test_a_freed_graph_is_refused(self):
        y = leaf(2.0) * 3
        y.backward(retain_graph=False)
        with pytest.raises(GraphError, match="This graph was freed"):
            tg.trace_backward(y)


NEURON = """\
Backward from L = y in 3 steps, starting from ∂L/∂L = 1.0

Step 1: y = tanh   y = tanh x
  upstream ∂L/∂y = 1.0
  input  as  derivative      local   contribution  before → after
  z      x   ∂y/∂x = 1 - y²  0.5591  0.5591        0 → 0.5591

Step 2: z = add   y = a + b
  upstream ∂L/∂y = 0.5591
  input        as  derivative  local  contribution  before → after
  multiply n2  a   ∂y/∂a = 1   1.0    0.5591        0 → 0.5591
  b            b   ∂y/∂b = 1   1.0    0.5591        0 → 0.5591

Step 3: multiply n2   y = a·b
  upstream ∂L/∂y = 0.5591
  input  as  derivative  local  contribution  before → after
  w      a   ∂y/∂a = b   2.0    1.118         0 → 1.118
  x      b   ∂y/∂b = a   -3.0   -1.677        0 → -1.677

Result
  leaf  gradient  of shape
  w     1.118     scalar float64
  x     -1.677    scalar float64
  b     0.5591    scalar float64"""


class TestText:
    def test_of_a_neuron(self):
        x, w, b = leaf(2.0), leaf(-3.0), leaf(6.8)
        z = w * x + b
        y = tg.tanh(z)
        assert str(tg.trace_backward(y)) == NEURON

    def test_of_matrices(self):
        A, v = leaf([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]), leaf([1.0, 2.0, 3.0])
        with tg.record_lines(True):
            y = A @ v
        text = str(tg.trace_backward(y, [1.0, -1.0])[0]).splitlines()
        assert text[0] == "Step 1: y = matmul   Y = A B"
        assert text[1].endswith("y = A @ v")
        assert text[2:] == [
            "  upstream ∂L/∂y = [1.0, -1.0]",
            "  input  as  derivative  local     contribution        before → after",
            "  A      a   Ā = Ȳ Bᵀ    a matrix  (2, 3) norm 5.292   0 → (2, 3) norm 5.292",
            "  v      b   B̄ = Aᵀ Ȳ    a matrix  [-3.0, -3.0, -3.0]  0 → [-3.0, -3.0, -3.0]",
        ]

    def test_columns_are_aligned_under_marks_and_wide_letters(self):
        x = leaf([[1.0, 2.0]], name="入力")
        text = str(tg.trace_backward(x @ tg.tensor([[1.0], [2.0]]))[0]).splitlines()
        header, row = text[-2:]
        cell = header.index("local")
        assert width(row[: row.index("a matrix")]) == cell

    def test_the_layer_is_named(self):
        _, loss = network()
        assert "in sequential/dense" in str(tg.trace_backward(loss))

    def test_a_long_trace_is_cut_in_the_middle(self):
        x = leaf(1.0)
        y = x
        for _ in range(100):
            y = y * 1.0
        text = str(tg.trace_backward(y))
        assert "... 60 steps left out; loop over the trace to see them ..." in text
        assert text.count("Step ") == 40

    def test_one_step(self):
        trace = tg.trace_backward(leaf(1.0) * 2.0)
        assert " in 1 step, starting from " in str(trace)

    def test_a_notebook_gets_escaped_html(self):
        x = leaf(1.0, name="<script>")
        trace = tg.trace_backward(x * 2.0)
        shown = trace._repr_html_()
        assert "<script>" not in shown
        assert html.unescape(shown) == f"<pre>{trace}</pre>"

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (None, "none"),
            (np.float64(2.0), "2.0"),
            (np.array([1.0, 2.0]), "[1.0, 2.0]"),
            (np.ones((3, 4)), "(3, 4) norm 3.464"),
            ((np.ones(2), np.ones(3)), "(2,) and (3,) norm 2.236"),
        ],
    )
    def test_a_value_on_one_line(self, value, text):
        assert brief(value) == text


class TestColumns:
    def test_width(self):
        assert (width("Ȳ"), width("X\u0304"), width("損"), width("‖·‖")) == (1, 1, 2, 3)

    def test_a_table_has_no_trailing_spaces(self):
        assert table([["a", "bb"], ["X\u0304Y", ""]], "> ") == ["> a   bb", "> X\u0304Y"]

    def test_shortened(self):
        assert shortened("abcdef", 6) == "abcdef"
        assert shortened("abcdef", 4) == "abc…"
        assert shortened("損失損失", 5) == "損失…"


def test_a_graph_of_100_000_nodes_is_walked_in_linear_time():
    def chain(length):
        y = leaf(1.0)
        for _ in range(length):
            y = y * 1.0
        return y

    long = chain(50_000)  # each multiplication has its constant: 100,001 nodes
    trace = tg.trace_backward(long)
    assert sum(1 for _ in trace) == 50_000
    assert len(str(trace)) < 20_000
