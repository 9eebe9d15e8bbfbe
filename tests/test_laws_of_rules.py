"""The laws of ops and rules, each held against code that tries to break it.

An expected number without a comment follows from the formula beside it by hand.
"""

from __future__ import annotations

import numpy as np
import pytest
from graphs import leaf

import tinygrad_loss as tg
from tinygrad_loss.core.backward import pull_back
from tinygrad_loss.core.primitive import elementwise, primitive
from tinygrad_loss.core.tensor import Tensor
from tinygrad_loss.errors import DTypeError, GraphError, ShapeError


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
