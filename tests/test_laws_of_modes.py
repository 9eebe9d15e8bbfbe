"""What the engine keeps: retention, 0-d values, numbers, unconnected inputs, modes.

An expected number without a comment follows from the formula beside it by hand.
"""

from __future__ import annotations

import asyncio
import inspect
import threading

import numpy as np
import pytest
from graphs import leaf, nodes_of

import tinygrad_loss as tg
from tinygrad_loss.core.backward import pull_back
from tinygrad_loss.core.tensor import Tensor
from tinygrad_loss.errors import DTypeError, GraphError


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
