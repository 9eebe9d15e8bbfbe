"""Graphs deeper than Python's stack and wider than memory would like, in linear time.

Time is counted in steps of the walk and in events, never on a clock.
"""

from __future__ import annotations

import gc
import sys

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.core.backward import pull_back
from tinygrad_loss.core.forward import push_forward
from tinygrad_loss.core.hooks import Observer
from tinygrad_loss.core.node import Node, newest_first
from tinygrad_loss.core.primitive import elementwise
from tinygrad_loss.core.registry import functions, ops
from tinygrad_loss.errors import GraphError

DEEP = 1_000_000
WIDE = 100_000


@pytest.fixture
def no_collector():
    """Reference counts alone must free everything."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def chain(x, length):
    y = x
    for _ in range(length):
        y = y * 1.0
    return y


def nodes_alive():
    return sum(type(thing) is Node for thing in gc.get_objects())


class TestMillionNodes:
    def test_backward_repr_refusal_and_destruction(self, no_collector):
        before = nodes_alive()
        x = tg.tensor(3.0, requires_grad=True)
        y = chain(x, DEEP)
        y.backward()
        assert float(x.grad) == 1.0
        assert "op=multiply" in repr(y)
        with pytest.raises(GraphError, match="cannot be pickled or copied"):
            y.__reduce__()
        assert nodes_alive() - before == DEEP + 1
        del y
        assert nodes_alive() - before == 1

    def test_releasing_backward_frees_it_while_the_loss_lives(self, no_collector):
        before = nodes_alive()
        x = tg.tensor(3.0, requires_grad=True)
        y = chain(x, DEEP)
        y.backward(retain_graph=False)
        assert nodes_alive() - before == 2  # the leaf and the loss
        assert float(y) == 3.0

    def test_through_setitem_views_and_softmax(self, no_collector):
        before = nodes_alive()
        x = tg.tensor([1.0, 2.0], requires_grad=True)
        y = x * 1.0
        for _ in range(WIDE // 4):
            y[0] = 3.0
            y = tg.softmax(y.reshape(1, 2).reshape(2) * 1.0)
        y.sum().backward()
        assert x.grad.shape == (2,)
        del y
        assert nodes_alive() - before == 1


def test_forward_mode_is_no_recursion():
    x = tg.tensor(3.0, requires_grad=True)
    y = chain(x, WIDE)
    assert float(push_forward([y.node], [x.node], [np.float64(2.0)])[0]) == 2.0


def test_second_order_of_a_deep_chain(no_collector):
    before = nodes_alive()
    x = tg.tensor(2.0, requires_grad=True)
    y = chain(x * x, WIDE // 10)
    y.backward(create_graph=True)
    g, x.grad = x.grad, None
    g.backward()
    assert float(x.grad) == 2.0
    del y, g
    x.grad = None
    assert nodes_alive() - before == 1


@pytest.mark.parametrize("shape", [(), (3,)])
def test_wide_fan_out(shape, no_collector):
    before = nodes_alive()
    x = tg.tensor(np.ones(shape), requires_grad=True)
    total = x * 0.0
    for _ in range(WIDE):
        total = total + x
    total.sum().backward()
    np.testing.assert_array_equal(x.grad, np.full(shape, float(WIDE)))
    del total
    assert nodes_alive() - before == 1


def test_wide_fan_in():
    parts = [tg.tensor([float(i)], requires_grad=True) for i in range(WIDE // 10)]
    tg.concatenate(parts).sum().backward()
    assert all(part.grad.tolist() == [1.0] for part in parts)


class Counter(Observer):
    def __init__(self):
        self.gradients = self.contributions = 0

    def on_gradient(self, node, gradient):
        self.gradients += 1

    def on_contribution(self, node, index, gradient, contribution):
        self.contributions += 1


def doubling(depth, factor=1.0):
    """y = y + y: 2^depth paths, depth nodes. A factor of 0.5 keeps y at 1, so that nothing overflows."""
    x = y = tg.tensor(1.0, requires_grad=True)
    for _ in range(depth):
        y = y + y if factor == 1.0 else (y + y) * factor
    return x, y


def test_each_edge_is_walked_once():
    for depth in (10, 20, 40):
        x, y = doubling(depth)
        counter = Counter()
        found = pull_back([y.node], [np.float64(1.0)], observer=counter)
        assert float(found[x.node]) == 2.0**depth
        assert (counter.gradients, counter.contributions) == (depth + 1, 2 * depth)


def calls_during(action):
    """How many Python and C functions `action` calls: a measure of work that no clock disturbs."""
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    old = sys.getprofile()
    sys.setprofile(profile)
    try:
        action()
    finally:
        sys.setprofile(old)
    return count


def ladder(length):
    """Every node is used by the next two: orders that sort or search at each step become quadratic."""
    x = tg.tensor(1.0, requires_grad=True)
    a = b = x
    for _ in range(length):
        a, b = a * 0.5 + b * 0.5, a
    return a


@pytest.mark.parametrize(
    "make", [lambda n: chain(tg.tensor(1.0, requires_grad=True), n), ladder, lambda n: doubling(n, 0.5)[1]]
)
def test_work_grows_linearly(make):
    small, large = make(500), make(5000)
    work = [calls_during(lambda y=y: y.backward()) for y in (small, large)]
    assert 9.0 < work[1] / work[0] < 10.5


def test_order_is_topological_on_a_ladder():
    y = ladder(2000)
    place = {node: i for i, node in enumerate(newest_first([y.node]))}
    assert len(place) == 6000
    for node, i in place.items():
        assert all(place[edge] > i for edge in node.inputs if isinstance(edge, Node) and edge.op is not None)


def test_rules_run_once_per_edge():
    calls = []
    before = dict(ops), dict(functions)
    counted = elementwise(lambda t, y, x: calls.append(1) or t, name="counted")(lambda x: x * 1.0)
    try:
        x = y = tg.tensor(1.0, requires_grad=True)
        for _ in range(30):
            y = counted(y)
            y = y + y
        y.backward()
    finally:
        for registry, old in zip((ops, functions), before, strict=True):
            registry.clear()
            registry.update(old)
    assert len(calls) == 30
    assert float(x.grad) == 2.0**30
