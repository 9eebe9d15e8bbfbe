"""The laws of leaves (accumulation, copies, steps and old graphs), each held against code that tries to break it.

An expected number without a comment follows from the formula beside it by hand.
"""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from graphs import leaf

import tinygrad_loss as tg
from tinygrad_loss.errors import GraphError


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
