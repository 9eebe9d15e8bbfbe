"""Hooks on tensors, and observers of recording and of backward."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.core.backward import pull_back
from tinygrad_loss.core.hooks import Observer
from tinygrad_loss.errors import GraphError, ShapeError
from tinygrad_loss.modes import observed_by


def leaf(values):
    return tg.tensor(values, requires_grad=True)


class TestTensorHooks:
    def test_it_sees_the_complete_gradient_once(self):
        x, seen = leaf(2.0), []
        y = x * 3
        y.register_hook(lambda g: seen.append(float(g)))
        (y * y + y).backward()
        assert seen == [2 * 6.0 + 1]
        assert float(x.grad) == 39.0

    def test_what_it_returns_replaces_the_gradient(self):
        x = leaf([1.0, 2.0])
        y = x * 3
        y.register_hook(lambda g: g * 10)
        y.sum().backward()
        np.testing.assert_array_equal(x.grad, [30.0, 30.0])

    def test_hooks_run_in_the_order_they_were_registered(self):
        x, seen = leaf(1.0), []
        for n in range(20):  # the handles are dropped at once
            x.register_hook(lambda g, n=n: seen.append(n))
        (x * 2).backward()
        assert seen == list(range(20))

    def test_each_sees_what_the_one_before_returned(self):
        x = leaf(1.0)
        first = x.register_hook(lambda g: g + 1)
        second = x.register_hook(lambda g: g * 10)
        (x * 2).backward()
        assert float(x.grad) == 30.0
        first.remove()
        x.grad = None
        (x * 2).backward()
        assert float(x.grad) == 20.0
        second.remove()

    def test_a_hook_may_remove_itself(self):
        x, seen = leaf(1.0), []
        handle = x.register_hook(lambda g: (seen.append(1), handle.remove())[0])
        (x * 2).backward()
        (x * 2).backward()
        assert seen == [1]

    @pytest.mark.parametrize("returned", [np.array([5.0, 6.0]), [5.0, 6.0], tg.tensor([5.0, 6.0])])
    def test_it_may_return_arrays_and_lists(self, returned):
        x = leaf([1.0, 2.0])
        x.register_hook(lambda g: returned)
        x.sum().backward()
        assert x.grad.tolist() == [5.0, 6.0]

    def test_writing_into_the_gradient_does_not_reach_other_tensors(self):
        a, b = leaf([1.0, 2.0]), leaf([1.0, 2.0])

        def spoil(g):
            try:
                g.data[...] = 100.0
            except ValueError:  # read-only: as good
                return
            return

        a.register_hook(spoil)
        given = np.ones(2)
        (a + b).backward(given)
        assert b.grad.tolist() == [1.0, 1.0]
        assert given.tolist() == [1.0, 1.0]

    def test_with_create_graph_it_can_be_differentiated_through(self):
        x = leaf(3.0)
        x.register_hook(lambda g: g * g)
        (x * x).backward(create_graph=True)
        g = x.grad
        assert float(g) == 36.0
        found = pull_back([g.node], [np.float64(1.0)], [x.node])
        # (2x)² has derivative 8x, and the walk back to x passes the hook once more: (24)²
        assert float(found[x.node]) == 576.0

    def test_a_wrong_shape_is_named(self):
        x = leaf([1.0, 2.0])
        x.register_hook(lambda g: np.ones(3))
        with pytest.raises(ShapeError, match=r"gradient that a hook returned has shape \(3,\)"):
            x.sum().backward()

    def test_it_needs_a_graph(self):
        with pytest.raises(GraphError, match="doesn't require gradient"):
            tg.tensor([1.0]).register_hook(print)

    def test_an_error_in_a_hook_reaches_the_caller(self):
        x = leaf(1.0)

        def fail(g):
            raise KeyError("mine")

        x.register_hook(fail)
        with pytest.raises(KeyError, match="mine"):
            (x * 2).backward()
        assert tg.is_grad_enabled()


class Diary(Observer):
    def __init__(self):
        self.events = []

    def on_call(self, op, inputs, attributes, result):
        self.events.append(("call", op.name))

    def on_assign(self, tensor, value):
        self.events.append(("assign", tensor.name))

    def on_escape(self, tensor, what):
        self.events.append(("escape", what))

    def on_gradient(self, node, gradient):
        self.events.append(("gradient", node.op.name if node.op else "leaf"))

    def on_contribution(self, node, index, gradient, contribution):
        self.events.append(("contribution", node.op.name, index, float(contribution)))


class TestObservers:
    def test_calls_are_seen_with_and_without_recording(self):
        x, diary = leaf([1.0, 2.0]), Diary()
        with observed_by(diary):
            y = tg.exp(x * 2)
            with tg.no_grad():
                y.sum()
        tg.exp(x)
        assert diary.events == [("call", "multiply"), ("call", "exp"), ("call", "sum")]

    def test_constants_are_seen(self):
        diary = Diary()
        with observed_by(diary):
            tg.argmax(leaf([1.0, 2.0]))
            tg.greater(leaf([1.0]), 0)
        assert diary.events == [("call", "argmax"), ("call", "greater")]

    def test_several_observers_see_the_same(self):
        first, second = Diary(), Diary()
        with observed_by(first), observed_by(second):
            leaf(1.0) * 2
        assert first.events == second.events == [("call", "multiply")]

    def test_it_is_gone_after_an_error(self):
        diary = Diary()
        with pytest.raises(KeyError), observed_by(diary):
            raise KeyError
        leaf(1.0) * 2
        assert diary.events == []

    @pytest.mark.parametrize(
        "leave",
        [
            float,
            int,
            bool,
            "{:.2f}".format,
            str.format.__get__("{}"),
            lambda t: t.item(),
            lambda t: t.tolist(),
            lambda t: t.data,
            lambda t: t.detach().numpy(),
            lambda t: 1.0 in t,
            lambda t: np.allclose(t, 1.0),
            lambda t: np.array_equal(t, np.float64(1.0)),
        ],
        ids="float int bool format plain-format item tolist data numpy in allclose array_equal".split(),
    )
    def test_every_way_into_python_is_announced(self, leave):
        x, diary = leaf(1.0), Diary()
        with observed_by(diary):
            leave(x)
        assert any(event[0] == "escape" for event in diary.events)

    def test_shapes_and_dtypes_are_no_escape(self):
        x, diary = leaf([[1.0, 2.0]]), Diary()
        with observed_by(diary):
            assert (x.shape, x.ndim, x.size, len(x), np.shape(x), x.dtype) == ((1, 2), 2, 2, 1, (1, 2), np.float64)
        assert diary.events == []

    @pytest.mark.parametrize(
        "assign", [lambda w: w.assign(2.0), lambda w: setattr(w, "data", 2.0), lambda w: w.__isub__(1.0)]
    )
    def test_assignments_are_announced(self, assign):
        w, diary = tg.tensor(1.0, requires_grad=True, name="w"), Diary()
        with tg.no_grad(), observed_by(diary):
            assign(w)
        assert ("assign", "w") in diary.events

    def test_a_walk_is_told_in_order(self):
        x, diary = leaf(3.0), Diary()
        y = x * x
        pull_back([(y + y).node], [np.float64(1.0)], observer=diary)
        assert diary.events == [
            ("gradient", "add"),
            ("contribution", "add", 0, 1.0),
            ("contribution", "add", 1, 1.0),
            ("gradient", "multiply"),
            ("contribution", "multiply", 0, 6.0),
            ("contribution", "multiply", 1, 6.0),
            ("gradient", "leaf"),
        ]
