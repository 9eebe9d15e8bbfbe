"""What people type in their first hour, coming from NumPy, PyTorch, Keras or JAX."""

from __future__ import annotations

import inspect
import io
import pydoc

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.core.registry import functions
from tinygrad_loss.errors import GraphError, ShapeError


@pytest.fixture
def w():
    return tg.tensor([1.0, 2.0, 3.0], requires_grad=True, name="w")


@pytest.fixture
def loss(w):
    return (w * w).mean()


class TestNumbers:
    def test_formatting(self, w, loss):
        assert f"{loss:.4f}" == "4.6667"
        assert f"{loss:8.2e}" == "4.67e+00"
        assert f"{w:.1f}" == "[1.0 2.0 3.0]"
        assert f"{tg.tensor(7):d}" == "7"
        assert "%.2f" % loss == "4.67"  # noqa: UP031 - people type it
        assert f"{loss}" == str(loss)

    def test_conversions(self, loss):
        assert float(loss) == loss.item() == pytest.approx(14 / 3)
        assert type(loss.item()) is float
        assert int(loss) == 4
        assert type(tg.tensor(3).item()) is int
        assert tg.tensor([[5.0]]).item() == 5.0
        assert bool(tg.tensor(1.0))
        assert not tg.tensor([0])
        assert round(float(loss), 2) == 4.67
        assert [10, 20, 30][tg.tensor(1)] == 20
        assert list(range(tg.tensor(3))) == [0, 1, 2]

    def test_truth_of_many_is_ambiguous(self, w):
        with pytest.raises(ValueError, match="ambiguous"):
            bool(w > 1)

    def test_a_float_cannot_be_an_index(self):
        with pytest.raises(TypeError):
            [1, 2][tg.tensor(1.0)]

    def test_lists_and_arrays(self, w):
        assert w.tolist() == [1.0, 2.0, 3.0]
        assert w.detach().numpy().tolist() == [1.0, 2.0, 3.0]
        with pytest.raises(GraphError, match=r"Use tensor\.detach\(\)\.numpy\(\)"):
            w.numpy()
        with pytest.raises(ShapeError, match=r"item cannot turn a tensor of shape \(3,\)"):
            w.item()


class TestContainers:
    def test_len_iteration_and_unpacking(self, w):
        assert len(w) == 3
        a, b, c = w
        (a * b * c).backward()
        np.testing.assert_array_equal(w.grad, [6.0, 3.0, 2.0])
        assert [float(v) for v in w] == [1.0, 2.0, 3.0]
        assert [row.shape for row in tg.tensor(np.ones((2, 3)))] == [(3,), (3,)]
        assert max(w) is not None
        assert float(sum(w)) == 6.0

    @pytest.mark.parametrize("use", [len, iter, list])
    def test_a_number_has_no_length(self, use):
        with pytest.raises(TypeError, match="0-d tensor"):
            use(tg.tensor(1.0))

    def test_membership(self, w):
        assert 2.0 in w
        assert 7.0 not in w
        assert w[0] in w

    def test_identity_hash_and_elementwise_equality(self, w):
        other = tg.tensor([1.0, 5.0, 3.0])
        assert (w == other).tolist() == [True, False, True]
        assert (w != other).tolist() == [False, True, False]
        assert len({w, other, w}) == 2
        assert {w: "weights"}[w] == "weights"
        assert (w == None) is False  # noqa: E711 - people type it
        assert w != "w"

    def test_indexing_as_in_numpy(self):
        array = np.arange(24.0).reshape(2, 3, 4)
        x = tg.tensor(array)
        for index in (
            0,
            -1,
            (1, 2),
            slice(None, None, -1),
            (..., 0),
            (None, 1),
            [0, 0],
            (slice(None), [0, 2]),
            array > 5,
        ):
            np.testing.assert_array_equal(x[index].data, array[index])


class TestRepr:
    def test_says_value_name_and_op(self, w, loss):
        assert repr(w) == "tensor([1., 2., 3.], name='w', requires_grad=True)"
        assert repr(loss) == "tensor(4.66666667, op=mean)"
        assert repr(tg.tensor(np.float32(1.5))) == "tensor(1.5, dtype=float32)"
        assert repr(tg.tensor([[1, 2], [3, 4]])) == "tensor([[1, 2],\n        [3, 4]])"
        assert repr(tg.tensor(np.zeros((0, 3)))) == "tensor([], shape=(0, 3))"
        assert repr(tg.tensor([True])) == "tensor([ True])"

    def test_a_result_can_be_named(self, w):
        y = w * 2
        y.name = "double"
        assert repr(y) == "tensor([2., 4., 6.], name='double', op=multiply)"
        assert y.node.name == "double"

    def test_large_ones_are_short(self):
        assert len(repr(tg.tensor(np.zeros((1000, 1000))))) < 1000


class TestArrayHabits:
    def test_transpose_astype_and_shape(self):
        x = tg.tensor(np.arange(6.0).reshape(2, 3))
        assert (x.T.shape, x.mT.shape, x.shape, x.ndim, x.size, x.dtype) == ((3, 2), (3, 2), (2, 3), 2, 6, np.float64)
        assert x.astype("float32").dtype == np.float32
        assert x.astype(int).tolist() == [[0, 1, 2], [3, 4, 5]]
        assert x.reshape(3, 2).shape == x.reshape((3, 2)).shape == (3, 2)
        assert x.reshape(-1).shape == x.flatten().shape == x.ravel().shape == (6,)
        assert x.transpose(1, 0).shape == x.transpose((1, 0)).shape == x.transpose().shape == (3, 2)

    def test_testing_and_comparing_gradients(self, w, loss):
        loss.backward()
        np.testing.assert_allclose(w.grad, 2 * w.detach() / 3)
        np.testing.assert_allclose(w.grad, [2 / 3, 4 / 3, 2.0])
        np.testing.assert_array_equal(w.grad, w.grad)
        assert np.allclose(w.grad, [2 / 3, 4 / 3, 2.0])
        with pytest.raises(AssertionError):
            np.testing.assert_allclose(w.grad, [0.0, 0.0, 0.0])

    def test_plotting(self, w):
        matplotlib = pytest.importorskip("matplotlib", reason="an optional extra")
        matplotlib.use("Agg")
        from matplotlib import pyplot as plt

        figure, axes = plt.subplots()
        (line,) = axes.plot(w.detach())
        assert line.get_ydata().tolist() == [1.0, 2.0, 3.0]
        (line,) = axes.plot(w.detach(), (w * w).detach())
        assert line.get_ydata().tolist() == [1.0, 4.0, 9.0]
        axes.scatter(w.detach(), w.detach())
        with pytest.raises(GraphError, match="detach"):
            axes.plot(w)
        plt.close(figure)


class TestTapeHabits:
    def test_retain_grad_is_accepted_everywhere(self, w):
        w.retain_grad()
        tg.tensor([1.0]).retain_grad()
        y = w * 2
        y.retain_grad()
        y.sum().backward()
        assert y.grad.tolist() == [1.0, 1.0, 1.0]
        assert w.grad.tolist() == [2.0, 2.0, 2.0]

    def test_a_training_step_by_hand(self, w, loss):
        rate = 0.5
        loss.backward()
        with tg.no_grad():
            w -= rate * w.grad
        assert w.requires_grad
        np.testing.assert_allclose(w.data, [2 / 3, 4 / 3, 2.0])
        w.zero_grad()
        assert w.grad is None
        with pytest.raises(GraphError) as caught:
            w -= rate * w
        first = "a leaf Variable that requires grad is being used in an in-place operation."
        assert str(caught.value).split("\n  ") == [
            first,
            "w -= ... on a leaf is allowed only where nothing is recorded.",
            "Put it under `with tg.no_grad():`, or write `w = w - ...` to go on with a new tensor.",
        ]

    def test_a_scalar_weight_steps_through_data(self):
        w = tg.tensor(3.0, requires_grad=True)
        (w * w).backward()
        w.data -= 0.5 * w.grad.data
        assert (float(w), w.requires_grad, w.is_leaf) == (0.0, True, True)

    def test_flags(self, w, loss):
        assert (w.requires_grad, w.is_leaf, w.grad_fn) == (True, True, None)
        assert (loss.requires_grad, loss.is_leaf) == (True, False)
        assert loss.grad_fn is not None
        assert not loss.detach().requires_grad
        w.requires_grad = False
        assert not (w * 2).requires_grad
        with pytest.raises(GraphError, match="leaf variables"):
            loss.requires_grad = False

    def test_gradients_can_be_set_and_cleared(self, w, loss):
        w.grad = np.ones(3)
        loss.backward()
        np.testing.assert_allclose(w.grad, 1 + 2 * w.detach() / 3)
        w.grad = None
        assert w.grad is None


def ops_own(name):
    """An op that rules use, and no user calls."""
    return functions[name].__name__.startswith("_") or not hasattr(tg, name.split(".")[0])


class TestHelp:
    def test_help_shows_signature_and_docstring(self):
        text = pydoc.plain(pydoc.render_doc(tg.exp))
        assert "exp(x: 'ArrayLike') -> 'Tensor'" in text
        assert "The exponential of each element: y = eˣ, whose derivative is y itself." in text
        assert ">>> tg.exp(tg.tensor([0.0, 1.0]))" in text
        out = io.StringIO()
        pydoc.Helper(output=out)(tg.sum)
        assert "axis: 'Axis' = None" in pydoc.plain(out.getvalue())

    @pytest.mark.parametrize("name", sorted(n for n in functions if n != "backward" and not ops_own(n)))
    def test_every_function_helps(self, name):
        function = functions[name]
        assert inspect.getdoc(function)
        assert inspect.signature(function).parameters
        assert not function.__name__.startswith("_")
        assert function.__module__.startswith("tinygrad_loss.")

    @pytest.mark.parametrize(
        "name", ["backward", "item", "detach", "assign", "register_hook", "retain_grad", "zero_grad", "numpy"]
    )
    def test_methods_help(self, name):
        assert inspect.getdoc(getattr(tg.Tensor, name))
