"""The laws of the engine, each held against code that tries to break it.

An expected number without a comment follows from the formula beside it by hand.
"""

from __future__ import annotations

import asyncio
import copy
import inspect
import pickle
import threading

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.core.backward import pull_back
from tinygrad_loss.core.forward import push_forward
from tinygrad_loss.core.node import Node
from tinygrad_loss.core.primitive import elementwise, primitive
from tinygrad_loss.core.registry import functions, ops
from tinygrad_loss.core.tensor import Tensor
from tinygrad_loss.errors import DTypeError, GraphError, ShapeError, StaleViewError


def leaf(values, dtype=float):
    return tg.tensor(np.asarray(values, dtype), requires_grad=True)


def nodes_of(tensor):
    """Every node that `tensor` was computed from, the leaves too."""
    found, stack = set(), [tensor.node]
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += [edge for edge in node.inputs if isinstance(edge, Node)]
    return found


@pytest.fixture
def declare():
    """Declare a user's op for one test; it is taken out of the registry afterwards."""
    before = dict(ops), dict(functions)
    yield lambda declarator, kernel: declarator(kernel)
    for registry, old in zip((ops, functions), before, strict=True):
        registry.clear()
        registry.update(old)


class TestLaw1ArraysAndTensors:
    @pytest.mark.parametrize("x", [2.0, 2, [1.0, 2.0], (1, 2), np.ones((2, 3)), np.float32(3.0), np.array(3.0)])
    def test_array_in_array_out(self, x):
        y = tg.exp(x)
        assert not isinstance(y, Tensor)
        np.testing.assert_array_equal(y, np.exp(x))

    def test_one_tensor_among_the_inputs_makes_a_tensor(self):
        a = np.ones((2, 2))
        for y in (tg.add(a, tg.tensor(1.0)), tg.where(tg.tensor([True, False]), a, a), tg.matmul(tg.tensor(a), a)):
            assert isinstance(y, Tensor)
            assert not y.requires_grad

    def test_index_arrays_masks_and_conditions_are_inputs(self):
        x = leaf(np.arange(6.0).reshape(2, 3))
        rows, mask = np.array([1, 0, 1]), np.array([True, False])
        for y, array in ((x[rows], rows), (x[mask], mask), (tg.where(x > 2, x, 0.0), None)):
            if array is not None:
                assert any(edge is array for edge in y.node.inputs)
            for value in y.node.attributes.values():
                parts = value if isinstance(value, tuple) else (value,)
                assert not any(isinstance(part, (np.ndarray, Tensor)) for part in parts)

    @pytest.mark.parametrize("axis", [0, (0, 1), [0, 1], -1, None])
    def test_attributes_are_hashable(self, axis):
        y = tg.sum(leaf(np.ones((2, 3))), axis=axis)
        assert {type(key) for key in y.node.attributes} == {str}
        assert isinstance(hash(tuple(y.node.attributes.values())), int)

    @pytest.mark.parametrize("axis", [np.array(0), np.int64(0), tg.tensor(0)], ids=["array", "scalar", "tensor"])
    def test_an_array_as_an_attribute_becomes_a_number_or_is_refused(self, axis):
        try:
            y = tg.sum(leaf(np.ones((2, 3))), axis=axis)
        except (TypeError, ValueError):
            return
        assert not isinstance(y.node.attributes["axis"], (np.ndarray, Tensor))
        assert y.shape == (3,)

    def test_index_parts_that_are_tensors_stay_inputs(self):
        x, i = leaf([1.0, 2.0, 3.0]), tg.tensor([0, 0])
        y = x[i]
        assert y.node.inputs[1] is i.data or np.shares_memory(y.node.inputs[1], i.data)
        y.sum().backward()
        np.testing.assert_array_equal(x.grad, [2.0, 0.0, 0.0])


class TestLaw2ShapesAndDtypes:
    CALLS = {
        "broadcast add": lambda x, b: x * x + b,
        "broadcast subtract": lambda x, b: x - b * b,
        "broadcast multiply": lambda x, b: x * b,
        "broadcast divide": lambda x, b: x / (b * b + 1.0),
        "broadcast maximum": np.maximum,
        "broadcast where": lambda x, b: np.where(x > 0, x, b),
        "broadcast chain": lambda x, b: (x * (b * 2.0)) ** 2,
        "broadcast and matmul": lambda x, b: (x + b) @ x.T,
    }

    @pytest.mark.parametrize("create_graph", [False, True])
    @pytest.mark.parametrize("name", CALLS)
    @pytest.mark.parametrize("shape", [(3,), (1, 3), (2, 1), (), (1,)])
    def test_gradient_has_the_shape_of_its_tensor(self, name, shape, create_graph):
        x = leaf(np.linspace(-1.0, 1.3, 6).reshape(2, 3))
        b = leaf(np.full(shape, 0.7))
        self.CALLS[name](x, b).sum().backward(create_graph=create_graph)
        assert x.grad.shape == x.shape
        assert b.grad.shape == b.shape

    @pytest.mark.parametrize("create_graph", [False, True])
    def test_broadcast_gradient_is_the_same_with_and_without_create_graph(self, create_graph):
        x, b = leaf(np.arange(6.0).reshape(2, 3)), leaf([1.0, 2.0, 3.0])
        (x * b * b).sum().backward(create_graph=create_graph)
        np.testing.assert_allclose(b.grad.detach(), [2 * 1 * 3.0, 2 * 2 * 5.0, 2 * 3 * 7.0])  # 2 b Σ rows of x

    @pytest.mark.parametrize("create_graph", [False, True])
    def test_gradient_has_the_dtype_of_its_tensor(self, create_graph):
        w = leaf([1.0, 2.0], np.float32)
        ((w * np.array([1.0, 2.0])) ** 2).sum().backward(create_graph=create_graph)  # computed in float64
        assert w.grad.dtype == np.float32

    @pytest.mark.parametrize("create_graph", [False, True])
    def test_mixed_floats_cast_at_each_edge(self, create_graph):
        w, v = leaf([1.0], np.float16), leaf([2.0], np.float64)
        y = w * 3.0
        (y * v * v).sum().backward(create_graph=create_graph)
        assert (w.grad.dtype, v.grad.dtype) == (np.float16, np.float64)
        np.testing.assert_allclose(w.grad.detach(), [12.0])

    @pytest.mark.parametrize("create_graph", [False, True])
    @pytest.mark.parametrize("kind", [primitive, elementwise])
    @pytest.mark.parametrize("wrong", ["too many axes", "too few", "other length"])
    def test_a_users_wrong_shape_names_the_rule(self, declare, kind, wrong, create_graph):
        def rule(g, y, x):
            return {"too many axes": g[None, None] * 1.0, "too few": g.sum(), "other length": g[:2] * 1.0}[wrong]

        careless = declare(kind(rule, name="careless"), lambda x: x * 1.0)
        with pytest.raises(ShapeError, match="rule of careless gave for input 0"):
            careless(leaf([1.0, 2.0, 3.0])).sum().backward(create_graph=create_graph)

    def test_complex_for_real_is_the_rules_error(self, declare):
        careless = declare(primitive(lambda g, y, x: g * 1j, name="careless"), lambda x: x * 1.0)
        with pytest.raises(DTypeError, match="rule of careless for input 0 gave a complex gradient"):
            careless(leaf([1.0, 2.0])).sum().backward()

    @pytest.mark.parametrize("x", [1.0, [1.0, 2.0]])
    def test_a_rule_that_returns_nothing_is_the_rules_error(self, declare, x):
        forgetful = declare(primitive(lambda g, y, x: None, name="forgetful"), lambda x: x * 1.0)
        with pytest.raises((ShapeError, DTypeError), match="rule of forgetful"):
            forgetful(leaf(x)).sum().backward()

    def test_a_hook_does_not_change_the_dtype(self):
        w = leaf([1.0, 2.0], np.float32)
        w.register_hook(lambda g: g * np.ones(2))
        w.sum().backward()
        assert w.grad.dtype == np.float32


class TestLaw3RulesKeepTheGraph:
    @pytest.mark.parametrize("convert", [np.asarray, np.array, lambda t: t.numpy(), lambda t: np.asarray([t, t])])
    def test_turning_into_an_array_is_refused(self, convert):
        t = leaf([1.0, 2.0])
        for tensor in (t, t * 2):
            with pytest.raises(GraphError, match=r"\.detach\(\)"):
                convert(tensor)

    def test_it_is_refused_under_no_grad_too(self):
        t = leaf([1.0, 2.0])
        with tg.no_grad(), pytest.raises(GraphError, match=r"\.detach\(\)"):
            np.asarray(t)

    def test_a_rule_that_converts_is_found_at_second_order(self, declare):
        losing = declare(primitive(lambda g, y, x: np.asarray(g) * 2.0, name="losing"), lambda x: x * 2.0)
        x = leaf([1.0, 2.0])
        y = (losing(x) * x).sum()
        with pytest.raises(GraphError, match="the graph would be lost"):
            pull_back([y.node], [leaf(1.0)], [x.node], record=True)

    def test_gradients_given_by_the_caller_are_not_written(self):
        a, b, given = leaf([1.0, 2.0]), leaf([3.0, 4.0]), np.array([1.0, 10.0])
        for _ in range(2):
            (a + b + a + a).backward(given)
        np.testing.assert_array_equal(given, [1.0, 10.0])
        np.testing.assert_array_equal(a.grad, [6.0, 60.0])
        np.testing.assert_array_equal(b.grad, [2.0, 20.0])

    def test_pull_back_stores_nothing(self):
        x = leaf([1.0, 2.0])
        y = (x * x).sum()
        before = (y.node.value, y.node.inputs)
        first = pull_back([y.node], [np.float64(1.0)])
        second = pull_back([y.node], [np.float64(1.0)])
        assert x.grad is None
        assert (y.node.value, y.node.inputs) == before
        np.testing.assert_array_equal(first[x.node], second[x.node])

    def test_a_plain_walk_gives_plain_values_whatever_a_rule_returns(self, declare):
        factor = tg.tensor([2.0, 3.0])  # a user's rule may close over a Tensor
        scaled = declare(elementwise(lambda t, y, x: t * factor, name="scaled"), lambda x: x * np.array([2.0, 3.0]))
        x = leaf([1.0, 1.0])
        found = pull_back([scaled(x).node], [np.ones(2)])
        assert isinstance(found[x.node], np.ndarray)
        np.testing.assert_array_equal(found[x.node], [2.0, 3.0])

    def test_raw_and_recorded_contributions_mix(self, declare):
        fixed = declare(elementwise(lambda t, y, x: np.full(2, 3.0), name="fixed"), lambda x: x * 3.0)
        x = leaf([1.0, 2.0])
        products = x * x
        (products + fixed(x) + fixed(x)).sum().backward(create_graph=True)
        np.testing.assert_array_equal(x.grad.detach(), [8.0, 10.0])  # 2x + 3 + 3
        y = leaf([1.0, 2.0])
        late = y * y  # older than the two fixed ones: its recorded contribution comes third
        first, second = fixed(y), fixed(y)
        (first + second + late).sum().backward(create_graph=True)
        np.testing.assert_array_equal(y.grad.detach(), [8.0, 10.0])


class TestLaw4SecondOrder:
    @pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 1)])
    @pytest.mark.parametrize("name", ["max", "min"])
    def test_ties_share_evenly(self, name, axis):
        x = leaf([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
        getattr(x, name)(axis=axis).sum().backward()
        parts = {None: 6, 0: 2, 1: 3, -1: 3, (0, 1): 6}[axis]
        np.testing.assert_allclose(x.grad, np.full((2, 3), 1 / parts), rtol=1e-15)

    @pytest.mark.parametrize("f", [np.maximum, np.minimum])
    def test_ties_of_two_tensors_share_evenly(self, f):
        a, b = leaf([1.0, 2.0]), leaf([1.0, 2.0])
        f(a, b).sum().backward()
        np.testing.assert_array_equal(a.grad, [0.5, 0.5])
        np.testing.assert_array_equal(b.grad, [0.5, 0.5])

    def test_four_derivatives_of_a_power(self):
        x = leaf(3.0)
        y = x**4
        for expected in (4 * 27.0, 12 * 9.0, 24 * 3.0, 24.0):
            y.backward(create_graph=True)
            y, x.grad = x.grad, None
            assert float(y) == expected
        with pytest.raises(GraphError, match="does not require grad"):
            (y - y).detach().backward()

    @pytest.mark.parametrize("at", [0.0, -2.0])
    def test_second_derivative_of_a_square_written_as_a_power(self, at):
        x = leaf(at)
        (x**2).backward(create_graph=True)
        g, x.grad = x.grad, None
        g.backward()
        assert float(x.grad) == 2.0

    def test_second_derivative_through_a_broadcast(self):
        x, b = leaf(np.arange(6.0).reshape(2, 3)), leaf([1.0, 2.0, 3.0])
        ((x * b) ** 2).sum().backward(create_graph=True, inputs=[b])
        g = b.grad
        assert g.shape == (3,)
        b.grad = None
        (g * np.array([1.0, 10.0, 100.0])).sum().backward(inputs=[b])
        sums = (np.arange(6.0).reshape(2, 3) ** 2).sum(axis=0)
        np.testing.assert_allclose(b.grad, 2 * sums * [1.0, 10.0, 100.0])

    def test_a_cast_to_integers_has_no_gradient(self):
        w = leaf([1.5, 2.5])
        whole = w.astype(int)
        assert not whole.requires_grad  # it is a step function, as floor is
        (whole * w).sum().backward()
        np.testing.assert_array_equal(w.grad, [1.0, 2.0])

    def test_computed_whole_numbers_can_index(self):
        w = leaf([1.0, 0.0])
        w[(w * 1.0).astype(int)].sum().backward()
        np.testing.assert_array_equal(w.grad, [1.0, 1.0])


class TestLaw5Accumulation:
    def test_twice_gives_54_not_72(self):
        x = leaf(3.0)
        y = x * x * x
        y.backward()
        y.backward()
        assert float(x.grad) == 54.0

    def test_leaves_accumulate_and_kept_intermediates_start_afresh(self):
        x = leaf([1.0, 2.0])
        y = x * 3
        y.retain_grad()
        for n in (1, 2, 3):
            (y * y).sum().backward()
            np.testing.assert_array_equal(y.grad, [6.0, 12.0])
            np.testing.assert_array_equal(x.grad, [n * 18.0, n * 36.0])

    def test_a_leaf_that_is_the_output(self):
        x = leaf(2.0)
        x.backward()
        x.backward(np.float64(5.0))
        assert float(x.grad) == 6.0

    def test_the_same_tensor_many_times(self):
        x = leaf([1.0, 2.0])
        (x + x + x * x + x).sum().backward()
        np.testing.assert_array_equal(x.grad, [5.0, 7.0])

    def test_diamond(self):
        x = leaf(2.0)
        a = x * x
        b = a + a
        c = b * a
        c.backward()  # 2x⁴
        assert float(x.grad) == 64.0

    def test_create_graph_accumulates_with_a_graph(self):
        x = leaf(3.0)
        (x**3).backward(create_graph=True)
        (x**2).backward(create_graph=True)
        g, x.grad = x.grad, None
        assert float(g) == 33.0
        g.backward()
        assert float(x.grad) == 20.0  # 6x + 2

    def test_inputs_that_are_not_leaves_get_their_gradient(self):
        x = leaf([1.0, 2.0])
        y = x * 2
        (y * y).sum().backward(inputs=[y])
        np.testing.assert_array_equal(y.grad, [4.0, 8.0])
        assert x.grad is None

    def test_retain_grad_follows_an_assignment(self):
        x = leaf([1.0, 2.0, 3.0])
        y = x * 2
        y.retain_grad()
        y[0] = 0.0
        (y * 5.0).sum().backward()
        np.testing.assert_array_equal(y.grad, [5.0, 5.0, 5.0])  # of what y is now, as in PyTorch
        np.testing.assert_array_equal(x.grad, [0.0, 10.0, 10.0])


class TestLaw6Copies:
    @pytest.mark.parametrize("way", [pickle.dumps, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"])
    def test_a_recorded_tensor_refuses_and_names_detach(self, way):
        y = leaf([1.0, 2.0]) * 2
        with pytest.raises(GraphError, match=r"Use \.detach\(\)"):
            way(y)
        assert way(y.detach()) is not None

    @pytest.mark.parametrize("way", [lambda t: pickle.loads(pickle.dumps(t)), copy.copy, copy.deepcopy])
    @pytest.mark.parametrize("value", [2.0, [1.0, 2.0]])
    def test_leaves_copy(self, way, value):
        x = tg.tensor(value, requires_grad=True, dtype="float32", name="w")
        x.sum().backward()
        other = way(x)
        assert (other.name, other.requires_grad, other.is_leaf, other.dtype) == ("w", True, True, np.float32)
        assert other.node is not x.node
        np.testing.assert_array_equal(other.data, x.data)
        if x.ndim:
            assert not np.shares_memory(other.data, x.data)

    def test_views_and_structures_copy(self):
        x = tg.tensor(np.arange(6.0).reshape(2, 3))
        for row in (pickle.loads(pickle.dumps(x[0])), copy.deepcopy({"row": x[0]})["row"]):
            row[0] = 7.0  # no longer a view of anything
            assert row.tolist() == [7.0, 1.0, 2.0]
        shared = copy.deepcopy([x, x])
        assert shared[0] is shared[1]


class TestLaw7StepsAndOldGraphs:
    def test_a_step_between_forward_and_backward(self):
        w, x = leaf(3.0), leaf(2.0)
        y = w * w * x
        with tg.no_grad():
            w -= 1.0
        y.backward()
        assert (float(w), float(w.grad), float(x.grad)) == (2.0, 12.0, 9.0)

    @pytest.mark.parametrize(
        "step",
        [
            lambda w: w.assign(w.detach() - 1.0),
            lambda w: w.__isub__(1.0),
            lambda w: w.__setitem__(slice(None), w.detach() - 1.0),
            lambda w: setattr(w, "data", w.data - 1.0),
        ],
        ids=["assign", "-=", "[:]", "data"],
    )
    def test_every_way_of_stepping_leaves_the_old_graph_alone(self, step):
        w = leaf([3.0, 4.0])
        held = w.node.value
        y = (w * w).sum()
        with tg.no_grad():
            step(w)
        assert w.is_leaf
        assert w.requires_grad
        np.testing.assert_array_equal(held, [3.0, 4.0])
        np.testing.assert_array_equal(w.data, [2.0, 3.0])
        y.backward()
        np.testing.assert_array_equal(w.grad, [6.0, 8.0])  # at the old value, stored on the same tensor

    def test_a_stepped_leaf_can_still_be_chosen_in_an_old_graph(self):
        w = leaf(3.0)
        y = w * w
        with tg.no_grad():
            w -= 1.0
        y.backward(inputs=[w])
        assert float(w.grad) == 6.0  # what backward() without inputs= stores

    def test_a_leaf_copies_the_callers_array(self):
        array = np.array([1.0, 2.0])
        w = tg.tensor(array, requires_grad=True)
        v = tg.tensor(array)
        v.requires_grad_()
        y = (w * w + v * v).sum()
        array[:] = 100.0
        y.backward()
        np.testing.assert_array_equal(w.grad, [2.0, 4.0])
        np.testing.assert_array_equal(v.grad, [2.0, 4.0])

    def test_assign_copies_too(self):
        array, w = np.array([1.0, 2.0]), leaf([0.0, 0.0])
        w.assign(array)
        y = (w * w).sum()
        array[:] = 100.0
        y.backward()
        np.testing.assert_array_equal(w.grad, [2.0, 4.0])

    def test_values_of_recorded_tensors_cannot_be_written(self):
        w = leaf([1.0, 2.0])
        for array in ((w * 2).data, (w * 2).detach().numpy(), w.detach().data, w.T.data, (w * 2).sum().data):
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 5.0

    def test_gradients_are_arrays_of_their_own(self):
        a, b, c = leaf([1.0, 2.0]), leaf([1.0, 2.0]), leaf([1.0, 2.0])
        given = np.ones(2)
        y = a + b
        y.retain_grad()
        (y + c).backward(given)
        arrays = [a.grad.data, b.grad.data, c.grad.data, y.grad.data]
        for i, array in enumerate(arrays):
            assert array.flags.writeable
            assert not any(np.shares_memory(array, other) for other in [*arrays[i + 1 :], given])
        a.grad.data[:] = 9.0
        np.testing.assert_array_equal(b.grad, [1.0, 1.0])

    def test_sum_gives_writable_gradients(self):
        a, b = leaf(np.ones((2, 3))), leaf(np.ones((2, 3)))
        (a + b).sum().backward()
        for gradient in (a.grad, b.grad):
            gradient.data[...] *= 2.0
            np.testing.assert_array_equal(gradient, np.full((2, 3), 2.0))

    def test_clipping_a_gradient_in_place_leaves_the_graph_alone(self):
        a = leaf([1.0, 2.0])
        y = (a * np.array([3.0, 4.0])).sum()
        y.backward()
        a.grad.data[:] = 0.0
        a.grad = None
        y.backward()
        np.testing.assert_array_equal(a.grad, [3.0, 4.0])


class TestLaw8Assignment:
    def test_earlier_users_keep_the_old_value(self):
        w = leaf([1.0, 2.0, 3.0])
        x = w * 2
        before = x * x
        x[0] = 10.0
        after = x * x
        before.sum().backward()
        np.testing.assert_array_equal(w.grad, [8.0, 16.0, 24.0])
        w.grad = None
        after.sum().backward()
        np.testing.assert_array_equal(w.grad, [0.0, 16.0, 24.0])

    def test_gradient_flows_to_what_was_put_in(self):
        v, x = leaf(5.0), tg.tensor(np.zeros((2, 2)))
        x[:, 1] = v * v
        assert x.requires_grad
        (x * np.array([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
        assert float(v.grad) == 60.0  # (2 + 4) 2v

    def test_a_leaf_is_refused_while_recording(self):
        w = leaf([1.0, 2.0])
        with pytest.raises(GraphError, match="a leaf Variable that requires grad"):
            w[0] = 5.0
        with tg.no_grad():
            w[0] = 5.0
        assert w.is_leaf
        assert w.requires_grad
        np.testing.assert_array_equal(w.data, [5.0, 2.0])

    @pytest.mark.parametrize("take", [lambda x: x[0], lambda x: x.T, lambda x: x.reshape(-1), lambda x: x[0][1:]])
    def test_writing_through_a_view_is_refused(self, take):
        for x in (tg.tensor(np.ones((3, 3))), leaf(np.ones((3, 3))) * 1.0):
            view = take(x)
            with pytest.raises(GraphError, match="cannot write through a view"):
                view[0] = 5.0

    @pytest.mark.parametrize("use", [lambda v: v + 1, repr, lambda v: v.sum(), lambda v: v.data, lambda v: v.tolist()])
    def test_a_view_from_before_an_assignment_raises_when_used(self, use):
        x = tg.tensor(np.ones((3, 3)))
        row, deep = x[0], x.T[1][1:]
        x[0, 0] = 5.0
        for view in (row, deep):
            with pytest.raises(StaleViewError, match="out of date"):
                use(view)

    @pytest.mark.parametrize(
        "take",
        [
            lambda x: x[[0, 1]],
            lambda x: x[:, [0, 1]],
            lambda x: x[x > 0],
            lambda x: x.copy(),
            lambda x: x.T.reshape(-1),
        ],
        ids=["rows", "columns", "mask", "copy", "reshape of a transpose"],
    )
    def test_what_is_no_view_may_be_assigned_and_outlives_its_source(self, take):
        x = tg.tensor(np.arange(1.0, 7.0).reshape(2, 3))
        taken = take(x)
        expected = np.array(taken.data)
        x[0, 0] = 50.0
        np.testing.assert_array_equal(taken.data, expected)
        taken[0] = 9.0
        assert float(x[0, 0]) == 50.0

    def test_in_place_arithmetic_on_a_leaf(self):
        w = leaf([1.0, 2.0])
        (w * w).sum().backward()
        same = w
        with pytest.raises(
            GraphError, match="a leaf Variable that requires grad is being used in an in-place operation"
        ):
            w -= 0.1 * w.grad
        with tg.no_grad():
            w -= 0.5 * w.grad
        assert w is same
        assert w.requires_grad
        assert w.is_leaf
        np.testing.assert_array_equal(w.data, [0.0, 0.0])
        assert w.grad.tolist() == [2.0, 4.0]

    @pytest.mark.parametrize("step", ["w += 1", "w -= 1", "w *= 2", "w /= 2", "w **= 2"])
    def test_the_dtype_survives_a_step(self, step):
        w = leaf([1.0, 2.0], np.float32)
        with tg.no_grad():
            names = {"w": w}
            exec(step.replace("1", "np.ones(2)"), {"np": np}, names)
        assert names["w"] is w
        assert w.dtype == np.float32

    def test_in_place_arithmetic_elsewhere_rebinds(self):
        w = leaf([1.0, 2.0])
        y = old = w * 2
        y += 1.0
        assert y is not old
        np.testing.assert_array_equal(old.data, [2.0, 4.0])
        (y * y + old).sum().backward()
        np.testing.assert_array_equal(w.grad, [2 * 2 * 3.0 + 2, 2 * 2 * 5.0 + 2])

    def test_a_step_that_would_change_the_shape_is_refused(self):
        w = leaf([1.0, 2.0])
        with tg.no_grad(), pytest.raises(ShapeError, match=r"shape \(3, 2\) to a tensor of shape \(2,\)"):
            w -= np.ones((3, 2))

    @pytest.mark.parametrize("make", [lambda x: x.reshape(2, 3), lambda x: x.reshape(2, 3).T, lambda x: x[1:]])
    def test_a_leaf_made_from_a_view_is_a_leaf_like_any_other(self, make):
        x = tg.tensor(np.arange(6.0))
        w = make(x).requires_grad_()
        (w * w).sum().backward()
        expected = w.data - 2 * w.data
        with tg.no_grad():
            w -= w.grad
        np.testing.assert_array_equal(w.data, expected)
        x[0] = 100.0  # w has memory of its own
        np.testing.assert_array_equal(w.data, expected)

    def test_hooks_and_names_stay_through_a_step(self):
        w = tg.tensor([1.0, 2.0], requires_grad=True, name="w")
        seen = []
        w.register_hook(lambda g: seen.append(g.tolist()))
        with tg.no_grad():
            w -= 1.0
        (w * 3.0).sum().backward()
        assert seen == [[3.0, 3.0]]
        assert (w.name, w.node.name) == ("w", "w")


class TestLaw10PureWalks:
    def test_a_walk_sees_fresh_gradients_whatever_is_stored(self):
        x = leaf(3.0)
        y = x * x
        y.backward()
        y.backward()
        assert float(x.grad) == 12.0
        assert float(pull_back([y.node], [np.float64(1.0)])[x.node]) == 6.0
        assert float(x.grad) == 12.0

    def test_forward_and_reverse_read_the_same_nodes(self):
        x, b = leaf([1.0, 2.0]), leaf(3.0)
        y = (x * x * b).sum()
        (t,) = push_forward([y.node], [x.node, b.node], [np.array([1.0, 10.0]), np.float64(2.0)])
        assert float(t) == 2 * 1 * 3 * 1.0 + 2 * 2 * 3 * 10.0 + 5 * 2.0


class TestRetention:
    def test_the_graph_stays_by_default(self):
        x = leaf([1.0, 2.0])
        y = (x * x).sum()
        y.backward()
        assert {node.op.name for node in nodes_of(y) if node.op} == {"sum", "multiply"}
        assert all(node.value is not None for node in nodes_of(y))

    def test_released_nodes_hold_nothing_and_raise(self):
        x = leaf([1.0, 2.0])
        middle = x * x
        y = middle.sum()
        y.backward(retain_graph=False)
        for tensor in (y, middle):
            assert (tensor.node.inputs, tensor.node.value) == (None, None)
        assert y.item() == 5.0
        for again in (y, middle.sum()):
            with pytest.raises(GraphError, match="Trying to backward through the graph a second time"):
                again.backward()
        np.testing.assert_array_equal(x.grad, [2.0, 4.0])

    def test_signature(self):
        signature = inspect.signature(Tensor.backward)
        defaults = {name: p.default for name, p in signature.parameters.items() if name != "self"}
        assert defaults == {"gradient": None, "retain_graph": True, "create_graph": False, "inputs": None}
        assert "retain_graph" in Tensor.backward.__doc__


class TestZeroDimensions:
    def test_data_is_an_array(self):
        x = leaf(2.0)
        for tensor in (x, x * 3, tg.tensor(1.5), (x * x).detach()):
            assert isinstance(tensor.data, np.ndarray)
            assert tensor.data.shape == ()

    def test_reading_data_does_not_cut_the_leaf_from_its_graph(self):
        x = leaf(2.0)
        y = x * x
        node = x.node
        assert float(x.data) == 2.0
        assert x.node is node
        y.backward(inputs=[x])
        assert float(x.grad) == 4.0

    def test_reading_data_does_not_make_views_stale(self):
        x = leaf(2.0)
        row = x.reshape(1)
        assert float(x.data) == 2.0
        assert row.tolist() == [2.0]

    def test_gradients_of_scalars_are_scalars(self):
        x, b = leaf(np.ones((2, 3))), leaf(2.0)
        (x * b).sum().backward()
        assert b.grad.shape == ()
        assert float(b.grad) == 6.0
        assert isinstance(b.grad.data, np.ndarray)


class TestNumbers:
    @pytest.mark.parametrize(
        ("data", "dtype"),
        [
            (1.0, "float64"),
            ([1, 2], "int64"),
            (True, "bool"),
            (np.float32(1), "float32"),
            (np.ones(2, np.float16), "float16"),
        ],
    )
    def test_dtypes_are_numpys(self, data, dtype):
        assert tg.tensor(data).dtype == dtype

    @pytest.mark.parametrize("other", [2, 2.5, True])
    def test_python_numbers_do_not_widen(self, other):
        x = tg.tensor(np.ones(2, np.float32), requires_grad=True)
        for y in (x + other, other * x, x / other, other - x, x**other, np.maximum(x, other)):
            assert y.dtype == np.float32

    @pytest.mark.parametrize("data", [[1, 2], [True, False], 3])
    def test_whole_numbers_cannot_require_gradients(self, data):
        with pytest.raises(DTypeError, match="cannot require gradients"):
            tg.tensor(data, requires_grad=True)
        with pytest.raises(DTypeError, match="cannot require gradients"):
            tg.tensor(data).requires_grad_()

    @pytest.mark.parametrize("data", [1j, np.ones(2, complex), "a", None, object(), [[1.0], [1.0, 2.0]], {1: 2}])
    def test_only_numbers_pass(self, data):
        with pytest.raises(DTypeError, match="Cannot make a tensor of"):
            tg.tensor(data)

    def test_bitwise_operators_are_numpys_on_integers_or_refused(self):
        for f in (lambda x: x & 3, lambda x: x | 3, lambda x: ~x):
            array = np.array([6, 1])
            try:
                result = f(tg.tensor(array))
            except (TypeError, ValueError):
                continue
            np.testing.assert_array_equal(result.data, f(array))


class TestUnconnected:
    def test_backward_gives_none(self):
        x, z = leaf([1.0]), leaf([1.0])
        (x * 2).sum().backward(inputs=[x, z])
        assert x.grad.tolist() == [2.0]
        assert z.grad is None

    def test_the_pure_walk_leaves_it_out(self):
        x, z = leaf(1.0), leaf(1.0)
        found = pull_back([(x * 2).node], [np.float64(1.0)], [x.node, z.node])
        assert set(found) == {x.node}

    def test_only_the_chosen_inputs_are_stored(self):
        x, z = leaf(1.0), leaf(1.0)
        (x * z).backward(inputs=z)
        assert x.grad is None
        assert float(z.grad) == 1.0


class TestModes:
    def test_nesting(self):
        x = leaf(1.0)
        with tg.no_grad():
            with tg.enable_grad():
                assert (x * 2).requires_grad
            assert not (x * 2).requires_grad
            with tg.set_grad_enabled(True), tg.no_grad():
                assert not tg.is_grad_enabled()
        assert tg.is_grad_enabled()

    def test_an_exception_restores_it(self):
        with pytest.raises(KeyError), tg.no_grad():
            raise KeyError
        assert tg.is_grad_enabled()

    def test_decorator_and_reuse(self):
        x, quiet = leaf(1.0), tg.no_grad()

        @quiet
        def double(depth):
            return x * 2 if depth == 0 else double(depth - 1)

        assert not double(3).requires_grad
        with quiet, quiet:
            assert not tg.is_grad_enabled()
        assert tg.is_grad_enabled()

    def test_a_thread_has_its_own_mode(self):
        seen = {}
        inside, go = threading.Event(), threading.Event()

        def other():
            seen["start"] = tg.is_grad_enabled()
            with tg.no_grad():
                inside.set()
                go.wait(10)
                seen["inside"] = tg.is_grad_enabled()

        with tg.no_grad():
            thread = threading.Thread(target=other)
            thread.start()
            assert inside.wait(10)
        seen["main"] = tg.is_grad_enabled()
        go.set()
        thread.join(10)
        assert seen == {"start": True, "inside": False, "main": True}

    def test_threads_record_and_differentiate_at_once(self):
        results = [None] * 4

        def work(place):
            x = leaf(float(place))
            for _ in range(50):
                y = x
                for _ in range(20):
                    y = y * 1.0 + x
                x.grad = None
                y.backward(retain_graph=False)
            results[place] = float(x.grad)

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert results == [21.0] * 4

    def test_an_async_task_has_its_own_mode(self):
        async def quiet(started, other_done):
            with tg.no_grad():
                started.set()
                await other_done.wait()
                return tg.is_grad_enabled()

        async def loud(started, other_done):
            await started.wait()
            seen = tg.is_grad_enabled()
            other_done.set()
            return seen

        async def both():
            started, other_done = asyncio.Event(), asyncio.Event()
            return await asyncio.gather(quiet(started, other_done), loud(started, other_done))

        assert asyncio.run(both()) == [False, True]

    def test_the_reverse_walk_does_not_warn(self):
        x = leaf([0.0, 1.0])
        tg.sqrt(x).sum().backward()  # ∞ at 0, computed as 1 / (2 * 0)
        np.testing.assert_array_equal(x.grad, [np.inf, 0.5])
        with pytest.raises(RuntimeWarning, match="divide by zero"):  # forward, NumPy warns
            tg.log(tg.tensor([0.0]))
