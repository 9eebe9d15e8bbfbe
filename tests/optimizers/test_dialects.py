"""One step in each way that people write it, and what they are told when it cannot be taken."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss import errors, optimizers


def leaf(*values):
    return tg.tensor(np.array(values), requires_grad=True)


def with_gradient(*values):
    w = leaf(*values)
    (w * w).sum().backward()
    return w


def message(kind, call):
    with pytest.raises(kind) as caught:
        call()
    text = str(caught.value)
    assert len(text.splitlines()) == 3, text
    return text


class TestDialects:
    def test_parameters_at_each_step(self):
        w = with_gradient(1.0, 2.0)
        optimizers.SGD(learning_rate=0.1).step([w])
        np.testing.assert_allclose(w.detach(), [0.8, 1.6])

    def test_parameters_once(self):
        w = with_gradient(1.0, 2.0)
        optimizer = optimizers.SGD(0.1, parameters=[w])
        optimizer.step()
        np.testing.assert_allclose(w.detach(), [0.8, 1.6])
        optimizer.zero_grad()
        assert w.grad is None

    def test_pairs(self):
        w, b = leaf(1.0, 2.0), leaf(0.5)
        gradients = [tg.tensor([2.0, 4.0]), np.array([1])]
        optimizers.SGD(0.1).apply_gradients(zip(gradients, [w, b], strict=True))
        np.testing.assert_allclose(w.detach(), [0.8, 1.6])
        np.testing.assert_allclose(b.detach(), [0.4])

    def test_all_three_agree(self):
        first, second, third = with_gradient(1.0, 2.0), with_gradient(1.0, 2.0), with_gradient(1.0, 2.0)
        once, each, pairs = optimizers.Adam(0.1, parameters=[second]), optimizers.Adam(0.1), optimizers.Adam(0.1)
        for _ in range(3):
            each.step([first])
            once.step()
            pairs.apply_gradients([(third.grad, third)])
        np.testing.assert_array_equal(first.detach(), second.detach())
        np.testing.assert_array_equal(first.detach(), third.detach())

    def test_any_collection(self):
        for collection in (tuple, iter, dict.fromkeys, lambda ws: {str(i): w for i, w in enumerate(ws)}.values()):
            w = with_gradient(1.0)
            optimizers.SGD(0.5).step(collection([w]))
            assert float(w) == 0.0

    def test_zero_grad_of_parameters_given_to_steps(self):
        w, optimizer = with_gradient(1.0), optimizers.SGD(0.1)
        optimizer.step([w])
        optimizer.zero_grad()
        assert w.grad is None

    def test_a_parameter_given_twice_moves_once(self):
        w = with_gradient(1.0)
        optimizers.SGD(0.1, momentum=0.9).step([w, w])
        np.testing.assert_allclose(w.detach(), [0.8])

    def test_parameters_keep_their_order(self):
        ws = [with_gradient(float(i)) for i in range(20)]
        optimizer = optimizers.Adam()
        optimizer.step(ws[:5])
        optimizer.step(ws)
        assert all(a is b for a, b in zip(optimizer.parameters, ws, strict=True))

    def test_zero_dimensions_and_none(self):
        w, empty = tg.tensor(3.0, requires_grad=True), tg.tensor(np.zeros((0, 2)), requires_grad=True)
        for name in optimizers.__all__:
            kind = getattr(optimizers, name)
            if isinstance(kind, type) and kind is not optimizers.Optimizer:
                kind().apply_gradients([(2.0, w), (np.zeros((0, 2)), empty)])
        assert w.shape == ()
        assert float(w) < 3.0


class TestLaws:
    def test_a_step_does_not_change_an_old_graph(self):
        w, x = tg.tensor(3.0, requires_grad=True), 2.0
        y = w * w * x
        w.grad = 1.0
        optimizers.SGD(0.1).step([w])
        w.zero_grad()
        y.backward()
        assert float(w) == 2.9
        assert float(y.detach()) == 18.0

    def test_the_gradient_of_an_old_graph_is_that_of_the_old_weight(self):
        w = tg.tensor(3.0, requires_grad=True)
        y = w * w * 2.0
        before = w.node
        w.grad = 1.0
        optimizers.SGD(0.1).step([w])
        assert w.node is not before
        found = tg.core.backward.pull_back([y.node], [np.ones(())[()]], [before])
        assert found[before] == 12.0

    def test_hooks_and_names_stay(self):
        w, seen = tg.tensor([1.0], requires_grad=True, name="w"), []
        w.register_hook(lambda g: seen.append(float(g)))
        for _ in range(2):
            (3.0 * w).sum().backward()
            optimizers.SGD(0.1).step([w])
        assert seen == [3.0, 3.0]
        assert w.name == "w"

    def test_an_error_leaves_the_step_whole(self):
        class Failing(optimizers.Optimizer):
            def rule(self, learning_rate, step):
                def rule(w, g):
                    if w.size == 1:
                        raise FloatingPointError("on purpose")
                    return (w - learning_rate * g,)

                return rule

        first, second = with_gradient(1.0, 2.0), with_gradient(1.0)
        optimizer = Failing(0.1)
        with pytest.raises(FloatingPointError):
            optimizer.step([first, second])
        np.testing.assert_array_equal(first.detach(), [1.0, 2.0])
        assert optimizer.iterations == 0

    def test_a_constraint_holds_after_the_step(self):
        w = tg.layers.Parameter([0.1, 2.0], constraint=lambda value: np.maximum(value, 0.0))
        (w * w).sum().backward()
        w.grad = [1.0, 1.0]
        optimizers.SGD(0.5).step([w])
        np.testing.assert_array_equal(w.detach(), [0.0, 1.5])

    def test_float32_with_any_rate(self):
        for rate in (1, 0.1, np.float64(0.1), np.float32(0.1)):
            w = tg.tensor(np.ones(2, np.float32), requires_grad=True)
            optimizers.SGD(rate).apply_gradients([(np.ones(2), w)])
            assert w.dtype == np.float32


class TestWithoutGradients:
    def test_some_have_none(self):
        w, unused = with_gradient(1.0), leaf(5.0)
        optimizer = optimizers.Adam(0.1)
        optimizer.step([w, unused])
        assert float(unused) == 5.0
        assert float(w) < 1.0
        assert [float(s) for s in optimizer.state_of(unused)] == [0.0, 0.0]

    def test_all_have_none(self):
        text = message(errors.GraphError, lambda: optimizers.Adam().step([leaf(1.0), leaf(2.0)]))
        assert text.splitlines() == [
            "Adam got no gradient for any of 2 parameters.",
            "  A step needs the gradients that backward stores in .grad.",
            "  Call loss.backward() first, on a loss computed from them.",
        ]

    def test_none_requires_gradients(self):
        text = message(errors.GraphError, lambda: optimizers.SGD().step([tg.tensor([1.0])]))
        assert "  None of them requires gradients.\n  Make them with requires_grad=True." in text

    def test_a_frozen_one_stays(self):
        w, frozen = with_gradient(1.0), with_gradient(1.0)
        frozen.requires_grad_(False)
        optimizers.SGD(0.1).step([w, frozen])
        assert float(frozen) == 1.0

    def test_pairs_of_none(self):
        w = leaf(1.0)
        text = message(errors.GraphError, lambda: optimizers.SGD().apply_gradients([(None, w)]))
        assert text.startswith("SGD got no gradient for any of 1 parameters.")
        optimizers.SGD(0.1).apply_gradients([(None, leaf(2.0)), (np.ones(1), w)])
        assert float(w) == 0.9

    def test_no_parameters(self):
        for call in (lambda: optimizers.SGD().step(), lambda: optimizers.SGD().step([])):
            assert message(errors.ArgumentError, call).splitlines() == [
                "SGD.step got no parameters.",
                "  It updates the parameters it is given, or those the optimizer was made with.",
                "  Say step(model.parameters()), once the model is built, or SGD(0.01, parameters=...).",
            ]


class TestWrongParameters:
    def test_one_tensor(self):
        text = message(errors.ArgumentError, lambda: optimizers.SGD().step(with_gradient(1.0)))
        assert "SGD got one Tensor as parameters." in text
        assert text.endswith("Say step([w]).")

    def test_no_collection(self):
        text = message(errors.ArgumentError, lambda: optimizers.SGD().step(object()))
        assert "SGD got object as parameters." in text
        assert text.endswith("Say step(model.parameters()).")

    @pytest.mark.parametrize("things", [[1.0], ["w"], [[1.0]], [np.ones(2)], {"w": 1}])
    def test_no_tensors(self, things):
        text = message(errors.ArgumentError, lambda: optimizers.SGD().step(things))
        assert "as a parameter.\n  A parameter is a Tensor." in text

    def test_computed(self):
        w = leaf(1.0)
        assert message(errors.ArgumentError, lambda: optimizers.SGD(parameters=[w * 2.0])).splitlines() == [
            "SGD got a tensor that multiply computed as a parameter.",
            "  Parameters are leaves: tensors made with requires_grad=True, not computed from others.",
            "  Give the tensor it was computed from, or make a leaf of its value: "
            "tg.tensor(t.detach(), requires_grad=True).",
        ]

    def test_pairs_the_wrong_way_round(self):
        w = leaf(1.0, 2.0)
        text = message(errors.ShapeError, lambda: optimizers.SGD().apply_gradients([(np.ones(3), w)]))
        assert text.splitlines() == [
            "apply_gradients got a gradient of shape (3,) for a parameter of shape (2,).",
            "  A gradient has its parameter's shape.",
            "  The pairs are (gradient, parameter): zip(gradients, parameters), in the same order.",
        ]
        assert "A parameter is a Tensor." in message(
            errors.ArgumentError, lambda: optimizers.SGD().apply_gradients([(w, np.ones(2))])
        )
