"""The laws of assignment and of pure walks, each held against code that tries to break it.

An expected number without a comment follows from the formula beside it by hand.
"""

from __future__ import annotations

import numpy as np
import pytest
from graphs import leaf

import tinygrad_loss as tg
from tinygrad_loss.core.backward import pull_back
from tinygrad_loss.core.forward import push_forward
from tinygrad_loss.errors import GraphError, ShapeError, StaleViewError


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
