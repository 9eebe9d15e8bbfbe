"""Comparing graphs: what was added and removed, other shapes, and gradients off by a factor."""

from __future__ import annotations

from itertools import pairwise

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.errors import GraphError
from tinygrad_loss.visualize import compare
from tinygrad_loss.visualize.compare import matched


def leaf(values, **options):
    return tg.tensor(values, requires_grad=True, **options)


def longest(a, b):
    """The length of the longest common subsequence, by its definition."""
    lengths = np.zeros((len(a) + 1, len(b) + 1), int)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            lengths[i + 1, j + 1] = lengths[i, j] + 1 if x == y else max(lengths[i, j + 1], lengths[i + 1, j])
    return lengths[-1, -1]


class TestMatching:
    @hypothesis.given(st.text("abc", max_size=12), st.text("abc", max_size=12))
    def test_as_many_pairs_as_there_can_be_in_order(self, a, b):
        pairs = matched(a, b)
        assert all(a[i] == b[j] for i, j in pairs)
        assert all(x[0] < y[0] and x[1] < y[1] for x, y in pairwise(pairs))
        assert len(pairs) == longest(a, b)

    @hypothesis.given(st.text("abc", max_size=12), st.text("abc", max_size=12))
    def test_past_the_limit_by_kind(self, a, b):
        before, compare.MOST_EDITS = compare.MOST_EDITS, 0
        try:
            pairs = matched(a, b)
        finally:
            compare.MOST_EDITS = before
        assert all(a[i] == b[j] for i, j in pairs)
        assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
        assert len(pairs) == sum(min(a.count(kind), b.count(kind)) for kind in "abc")


class TestDifferences:
    def test_the_same(self):
        x = leaf([1.0, 2.0])
        found = tg.compare_graphs((x * x).sum(), (x * x).sum())
        assert not found
        assert str(found) == (
            "sum n2 (3 nodes) and sum n2 (3 nodes) are the same: ops, shapes, dtypes, and gradients within 1e-05."
        )

    def test_a_replaced_op_and_a_factor(self):
        x = leaf([1.0, 2.0])
        found = tg.compare_graphs((x * x).sum(), (x * x).mean())
        assert str(found) == (
            "sum n2 (3 nodes) and mean n2 (3 nodes): 2 nodes in both\n"
            "removed: 1\n"
            "  sum n2  y = Σ x  scalar float64\n"
            "added: 1\n"
            "  mean n2  y = (1/n) Σ x  scalar float64\n"
            "another gradient, first to last on the way back: 2\n"
            "  multiply n1: 0.5 times what it was\n"
            "  x: 0.5 times what it was"
        )
        assert [change.factor for change in found.gradients] == pytest.approx([0.5, 0.5])

    def test_an_inserted_op(self):
        x = leaf([1.0, 2.0])
        found = tg.compare_graphs(tg.exp(x * x).sum(), tg.exp(tg.tanh(x * x)).sum())
        assert [record.title for record in found.added] == ["tanh"]
        assert found.removed == []
        assert len(found.pairs) == 4

    def test_another_shape_is_the_same_op(self):
        def loss(units):
            w = leaf(np.ones((3, units)), name="w")
            return (tg.tensor(np.ones((2, 3))) @ w).sum()

        found = tg.compare_graphs(loss(4), loss(5))
        assert [str(change) for change in found.shapes] == [
            "w: (3, 4) → (3, 5)",
            "matmul n2: (2, 4) → (2, 5)",
        ]
        assert not found.added
        assert not found.removed
        assert not found.gradients  # of other shapes: nothing to compare

    def test_another_dtype_and_another_attribute(self):
        a = leaf(np.ones((2, 2), np.float32))
        b = leaf(np.ones((2, 2)))
        found = tg.compare_graphs(a.sum(0), b.sum(1))
        assert "float32 → float64" in str(found.dtypes[0])
        assert [change.what for change in found.attributes] == ["axis 0 → 1"]
        assert "other attributes: 1\n  sum n1: axis 0 → 1" in str(found)

    def test_a_turned_gradient(self):
        x = leaf([1.0, 1.0])
        found = tg.compare_graphs((x * [1.0, 0.0]).sum(), (x * [2.0, 2.0]).sum())
        assert [change.what for change in found.gradients] == ["norm 2.828 times what it was, turned by 45.0°"]
        assert found.gradients[0].factor is None

    def test_a_sign(self):
        x = leaf([1.0, 2.0])
        found = tg.compare_graphs((x * 2.0).sum(), (x * -2.0).sum())
        assert [change.what for change in found.gradients] == ["-1.0 times what it was"]

    def test_a_gradient_that_vanishes_or_turns_nan(self):
        x = leaf([1.0, 2.0])
        dead = tg.compare_graphs((x * 2.0).sum(), (x * 0.0).sum())
        assert [change.what for change in dead.gradients] == ["norm 2.828 → norm 0.0"]
        nan = tg.compare_graphs((x * 2.0).sum(), (x * float("nan")).sum())
        assert [change.what for change in nan.gradients] == ["norm 2.828 → 2 of 2 not finite"]
        assert not tg.compare_graphs((x * float("nan")).sum(), (x * float("nan")).sum())

    def test_a_gradient_that_no_longer_flows(self):
        x, y = leaf([1.0, 2.0], name="x"), leaf([1.0, 2.0], name="y")
        mask = tg.tensor([True, False])
        found = tg.compare_graphs(tg.where(mask, x, y).sum(), tg.where(mask, x, y.detach()).sum())
        assert [str(change) for change in found.gradients] == []
        assert "leaf" in [record.title for record in found.removed]

    def test_rounding_is_no_difference(self):
        x = leaf([1.0, 2.0])
        assert not tg.compare_graphs((x * 3.0).sum(), (x * (3.0 + 1e-7)).sum())
        assert tg.compare_graphs((x * 3.0).sum(), (x * (3.0 + 1e-7)).sum(), tolerance=1e-9)

    def test_names_and_layers(self):
        def loss(activation):
            tg.set_random_seed(0)
            dense = tg.layers.Dense(2, activation=activation, name="hidden")
            return dense(np.ones((1, 3), np.float32)).sum()

        found = tg.compare_graphs(loss("relu"), loss("tanh"))
        assert "  relu n4  y = max(x, 0)  (1, 2) float32  in hidden" in str(found)
        assert "  tanh n4  y = tanh x  (1, 2) float32  in hidden" in str(found)

    def test_long_lists_are_cut(self):
        x = leaf(1.0)
        y = x
        for _ in range(30):
            y = tg.sin(y)
        text = str(tg.compare_graphs(x * 1.0, y * 1.0))
        assert "added: 30" in text
        assert "  ... and 15 more" in text

    def test_without_a_graph(self):
        with pytest.raises(GraphError, match="There is no graph behind this Tensor"):
            tg.compare_graphs(leaf(1.0) * 2, tg.tensor(1.0))


def test_100_000_nodes():
    def chain(f):
        y = leaf(1.0)
        for number in range(50_000):
            y = f(y, number)
        return y

    plain = chain(lambda y, number: y * 1.0)
    other = chain(lambda y, number: y * 1.0 if number % 5000 else tg.sin(y))
    found = tg.compare_graphs(plain, other)
    assert len(found.added) == 10
    different = tg.compare_graphs(plain, chain(lambda y, number: tg.sin(y)))
    assert len(different.added) == 50_000
