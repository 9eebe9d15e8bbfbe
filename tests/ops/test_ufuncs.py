"""NumPy's ways of calling a ufunc on Tensors: methods and options, with NumPy's values and right gradients."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.errors import ArgumentError, DTypeError, GraphError, NoRuleError

X = np.random.default_rng(5).uniform(0.1, 1.6, (3, 4))
Y = X[::-1] + 0.25
BINARY = """add subtract multiply divide power float_power hypot arctan2 logaddexp logaddexp2 maximum minimum fmax fmin
fmod mod copysign""".split()


def held_to_numpy(f, *arrays):
    """The call gives NumPy's values, and gradients that agree with differences, twice."""
    got = f(*(tg.tensor(x, requires_grad=True) for x in arrays))
    assert isinstance(got, tg.Tensor)
    np.testing.assert_allclose(got.detach(), f(*arrays), rtol=1e-12)
    assert tg.gradcheck(f, arrays)
    assert tg.gradgradcheck(f, arrays)


@pytest.mark.parametrize("name", BINARY)
def test_reduce_accumulate_outer_and_reduceat(name):
    f = getattr(np, name)
    held_to_numpy(f.reduce, X)
    held_to_numpy(lambda x: f.reduce(x, axis=1, keepdims=True), X)
    held_to_numpy(lambda x: f.accumulate(x, axis=1), X)
    held_to_numpy(f.outer, X[0], Y[:, 1])
    held_to_numpy(lambda x: f.reduceat(x, [0, 2, 1], axis=1), X)


@pytest.mark.parametrize("method", ["reduce", "accumulate"])
def test_reductions_take_numpys_options(method):
    x32 = X.astype(np.float32)
    y = getattr(np.add, method)(tg.tensor(x32), axis=1, dtype=np.float64)
    assert y.dtype == np.float64
    out = tg.zeros(np.shape(getattr(np.add, method)(X, axis=0)))
    assert getattr(np.add, method)(tg.tensor(X), axis=0, out=out) is out
    np.testing.assert_array_equal(out.data, getattr(np.add, method)(X, axis=0))


def test_reduce_over_several_axes_and_with_a_mask():
    held_to_numpy(lambda x: np.add.reduce(x, axis=None), X)
    held_to_numpy(lambda x: np.add.reduce(x, axis=(0, 1), keepdims=True), X)
    held_to_numpy(lambda x: np.maximum.reduce(x, axis=1, initial=0.5, where=X > 0.6), X)
    assert np.logical_and.reduce(tg.tensor(X > 0), axis=1).tolist() == [True] * 3
    assert np.logical_or.reduce(tg.tensor(X > 1.4)).tolist() == (X > 1.4).any(0).tolist()
    with pytest.raises(ArgumentError, match=r"np\.hypot\.reduce got axis=None of shape \(3, 4\)"):
        np.hypot.reduce(tg.tensor(X), axis=None)
    with pytest.raises(ArgumentError, match=r"np\.hypot\.reduce on Tensors does not take where="):
        np.hypot.reduce(tg.tensor(X), where=X > 1)


class TestRunningExtremes:
    def test_of_equal_ones_the_last_takes_the_gradient(self):
        x = np.array([1.0, 3.0, 3.0, 2.0, 4.0])
        np.testing.assert_array_equal(tg.grad(lambda x: tg.cummax(x).sum())(x), [1.0, 1.0, 2.0, 0.0, 1.0])
        np.testing.assert_array_equal(tg.grad(lambda x: tg.cummin(x).sum())(-x), [1.0, 1.0, 2.0, 0.0, 1.0])

    def test_nan_stays(self):
        x = np.array([1.0, np.nan, 3.0])
        np.testing.assert_array_equal(tg.cummax(x), np.maximum.accumulate(x))
        np.testing.assert_array_equal(tg.cummin(x), np.minimum.accumulate(x))

    def test_without_an_axis_all_in_a_row(self):
        np.testing.assert_array_equal(tg.cummax(X), np.maximum.accumulate(X.ravel()))
        np.testing.assert_array_equal(tg.cummax(tg.tensor(X), 1).data, np.maximum.accumulate(X, 1))


class TestWhere:
    @pytest.mark.parametrize("name", ["log", "sqrt", "arccosh", "reciprocal", "exp", "tanh"])
    def test_what_the_mask_leaves_out_never_meets_the_function(self, name):
        x = np.array([[-1.0, 0.0, 2.0], [3.0, 1.5, 0.0]])
        f = getattr(np, name)

        def chosen(x):
            out = tg.full((2, 3), 7.0) if isinstance(x, tg.Tensor) else np.full((2, 3), 7.0)
            return f(x, where=np.asarray(getattr(x, "data", x)) > 1, out=out)

        held_to_numpy(chosen, x)
        assert np.isfinite(tg.grad(lambda x: chosen(x).sum())(x)).all()

    def test_of_two_with_a_mask_that_is_a_tensor(self):
        mask = tg.tensor(X > 0.5)
        base = tg.tensor(Y[:1] * np.ones((3, 1)), requires_grad=True)
        x = tg.tensor(X, requires_grad=True)
        y = np.multiply(x, Y[0], where=mask, out=base * 1)
        np.testing.assert_array_equal(y.detach(), np.where(X > 0.5, X * Y[0], Y[:1]))
        y.sum().backward()
        np.testing.assert_array_equal(x.grad, np.where(X > 0.5, Y[0], 0))
        np.testing.assert_array_equal(base.grad, X <= 0.5)

    def test_of_several_results(self):
        whole, part = tg.zeros(3), tg.zeros(3)
        got = np.modf(tg.tensor([1.5, 2.5, 3.5]), where=[True, False, True], out=(part, whole))
        assert got[0] is part
        assert part.tolist() == [0.5, 0.0, 0.5]
        assert whole.tolist() == [1.0, 0.0, 3.0]

    def test_without_out_there_is_nothing_to_keep(self):
        with pytest.raises(ArgumentError, match=r"np\.log\(where=\.\.\.\) got no out=(.|\n)*np\.where"):
            np.log(tg.tensor(X), where=X > 0.5)


class TestOut:
    def test_a_tensor_is_assigned(self):
        x, y = tg.tensor(X, requires_grad=True), tg.zeros((3, 4))
        assert np.exp(x, out=y) is y
        y.sum().backward()
        np.testing.assert_allclose(x.grad, np.exp(X))
        z = x * 2
        np.add(z, 1.0, out=z)
        np.testing.assert_allclose(z.detach(), X * 2 + 1)
        assert np.concatenate([x, x], out=(w := tg.zeros((6, 4)))) is w
        assert w.requires_grad

    def test_a_leaf_a_view_and_another_kind_of_number_are_refused(self):
        x = tg.tensor(X, requires_grad=True)
        with pytest.raises(GraphError, match="a leaf Variable"):
            np.exp(x, out=x)
        with pytest.raises(GraphError, match="through a view"):
            np.exp(x[0], out=tg.tensor(X)[0])
        with pytest.raises(ArgumentError, match="cannot put float64 into an array of int64"):
            np.exp(x, out=tg.zeros((3, 4), int))


class TestDtype:
    def test_the_function_is_computed_in_it(self):
        x = tg.tensor(X, requires_grad=True)
        y = np.exp(x, dtype=np.float32)
        np.testing.assert_array_equal(y.detach(), np.exp(X, dtype=np.float32))
        assert y.dtype == np.float32
        y.sum().backward()
        assert x.grad.dtype == np.float64
        assert np.multiply(tg.tensor([1, 2]), 2, dtype=float).dtype == float

    def test_numpy_decides_what_can_be_cast(self):
        with pytest.raises(TypeError, match="Cannot cast"):
            np.add(tg.tensor(X), 1.0, dtype=int)
        with pytest.raises(TypeError, match="Cannot cast"):
            np.exp(tg.tensor(X), dtype=np.float32, casting="safe")


class TestAt:
    @pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "power", "maximum", "minimum"])
    def test_repeated_places_take_every_value(self, name):
        index, f = np.array([0, 2, 0]), getattr(np, name)

        def changed(x, v):
            y = x * 1
            f.at(y, index, v)
            return y

        held_to_numpy(changed, X[:, 0], Y[0, :3])

    def test_what_would_lose_a_graph_is_refused(self):
        with pytest.raises(GraphError, match=r"np\.add\.at cannot store a Tensor that requires grad"):
            np.add.at(np.zeros(3), [0], tg.tensor(1.0, requires_grad=True))
        array = np.zeros(3)
        np.add.at(array, [0, 0], tg.tensor(1.0))
        assert array.tolist() == [2.0, 0.0, 0.0]
        with pytest.raises(NoRuleError, match=r"np\.hypot\.at has no derivative rule"):
            np.hypot.at(tg.tensor(X), 0, 1.0)


def test_integers_do_not_take_a_gradient_unseen():
    with pytest.raises(DTypeError, match="integers would cut"):
        np.add.at(tg.tensor([1, 2]), 0, tg.tensor(1.5, requires_grad=True))
