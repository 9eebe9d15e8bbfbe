"""Reductions, running totals, statistics and differences: NumPy's values under all of its arguments, and
their first and second derivatives against differences.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy_agreement import agrees

import tinygrad_loss as tg
from tinygrad_loss.errors import ArgumentError, AxisError, ShapeError, UnknownNameError

INF, NAN = math.inf, math.nan
RANDOM = np.random.default_rng(11)
CUBE = RANDOM.normal(size=(2, 3, 4))
MASK = RANDOM.random((2, 3, 4)) > 0.4
MASK[0] = MASK[:, :, 0] = True  # in no slice is everything masked
GAPS = np.where(RANDOM.random((2, 3, 4)) > 0.7, NAN, CUBE)
GAPS[:, 0, :2] = 1.5, -0.5  # in no slice is everything missing
AXES = [None, 0, -1, (0, 2), (-1, 1), (0, 1, 2)]


def check(f, *inputs, **arguments):
    """f of Tensors has NumPy's values, and derivatives that agree with differences."""
    expected = f(*inputs, **arguments)
    got = f(*(tg.tensor(x) for x in inputs), **arguments)
    several = zip(got, expected, strict=True) if isinstance(expected, tuple) else [(got, expected)]
    for mine, numpys in several:
        assert isinstance(mine, tg.Tensor)
        assert mine.shape == np.shape(numpys)
        assert mine.dtype == np.asarray(numpys).dtype
        np.testing.assert_allclose(mine.data, numpys, rtol=1e-12, atol=1e-14)
    moving = [x for x in inputs if np.asarray(x).dtype.kind == "f"]
    if any(np.isnan(x).any() for x in moving):
        assert_missing_get_nothing(f, *inputs, **arguments)
        return
    assert tg.gradcheck(lambda *xs: f(*xs, **arguments), inputs, atol=1e-7)
    assert tg.gradgradcheck(lambda *xs: f(*xs, **arguments), inputs, atol=1e-6)


def assert_missing_get_nothing(f, x, *others, **arguments):
    """The gradient is 0 at NaN, and elsewhere that of the same function with the NaN held fixed."""
    leaf = tg.tensor(x, requires_grad=True)
    y = f(leaf, *others, **arguments)
    y.backward(np.ones(y.shape))
    missing = np.isnan(x)
    assert not leaf.grad.data[missing].any()
    place = np.nonzero(~missing)

    def of_present(values):
        return f(np.where(missing, NAN, tg.scatter_add(values, place, x.shape)), *others, **arguments)

    np.testing.assert_allclose(tg.grad(lambda v: of_present(v).sum())(x[place]), leaf.grad.data[place])
    assert tg.gradcheck(of_present, x[place], atol=1e-7)


FREE = "sum mean prod max min var std ptp median".split()


@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("name", FREE)
def test_over_any_axes(name, axis):
    for keepdims in (False, True):
        check(getattr(np, name), CUBE, axis=axis, keepdims=keepdims)


@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("name", "nansum nanmean nanprod nanmax nanmin nanvar nanstd nanmedian".split())
def test_missing_numbers_are_left_out(name, axis):
    check(getattr(np, name), GAPS, axis=axis)
    check(getattr(np, name), GAPS, axis=axis, keepdims=True)
    check(getattr(np, name), CUBE, axis=axis)


@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("name", "sum mean prod var std nansum nanmean nanprod nanvar nanstd".split())
def test_where(name, axis):
    check(lambda x: getattr(np, name)(x, axis=axis, where=MASK), CUBE)


@pytest.mark.parametrize(("name", "initial"), [("max", -0.2), ("min", 0.2), ("max", -9.0), ("sum", 3.0), ("prod", 3.0)])
def test_initial(name, initial):
    for axis in AXES:
        check(getattr(np, name), CUBE, axis=axis, initial=initial)
        check(lambda x, axis=axis: getattr(np, name)(x, axis=axis, initial=initial, where=MASK), CUBE)


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "any", "all"])
def test_of_nothing(name):
    options = {"initial": 2.0} if name in ("max", "min") else {}
    for axis in (0, 1, None, (0, 1)):
        y = getattr(np, name)(tg.tensor(np.zeros((0, 3))), axis=axis, **options)
        np.testing.assert_array_equal(y.data, getattr(np, name)(np.zeros((0, 3)), axis=axis, **options))


def test_a_mask_without_a_first_value_is_refused():
    with pytest.raises(ArgumentError, match="maximum over axes got where= without initial="):
        np.max(tg.tensor([1.0, 2.0]), where=[True, False])


NO_SUCH_AXIS = ["sum", "mean", "prod", "max", "var", "median", "cumsum", "cumprod", "diff", "trapezoid", "gradient"]


@pytest.mark.parametrize("name", NO_SUCH_AXIS)
def test_an_axis_that_is_not_there(name):
    with pytest.raises(AxisError) as caught:
        getattr(np, name)(tg.tensor(CUBE), axis=3)
    what, needs, cure = str(caught.value).split("\n  ")
    assert "3" in what
    assert "(2, 3, 4)" in what
    assert needs == "Axes run from 0 to 2, or from -1 to -3."
    assert cure == "Look at the shape: the last axis is -1."


@pytest.mark.parametrize("name", ["var", "std", "nanvar", "nanstd"])
def test_degrees_of_freedom_and_a_given_mean(name):
    f = getattr(np, name)
    for options in ({"ddof": 1}, {"correction": 1}, {"ddof": 0.5}, {"mean": CUBE.mean(1, keepdims=True)}):
        check(f, CUBE, axis=1, **options)
    with pytest.raises(ArgumentError, match=r"got ddof=1 and correction=1\."):
        f(tg.tensor(CUBE), ddof=1, correction=1)


def test_a_given_mean_is_its_own_input():
    x, center = tg.tensor([1.0, 2.0, 6.0], requires_grad=True), tg.tensor([2.0], requires_grad=True)
    np.var(x, mean=center).backward()
    np.testing.assert_allclose(x.grad.data, 2 * np.array([-1.0, 0.0, 4.0]) / 3)
    np.testing.assert_allclose(center.grad.data, [-2 * 3.0 / 3])


@pytest.mark.parametrize(
    "f", [np.std, np.nanstd, lambda x: np.std(x, where=[True] * 3), lambda x: np.std(x, mean=[2.0])]
)
def test_std_of_what_does_not_vary_has_gradient_zero(f):
    x = tg.tensor([2.0, 2.0, 2.0], requires_grad=True)
    f(x).backward(create_graph=True)
    assert x.grad.tolist() == [0.0, 0.0, 0.0]
    x.grad.sum().backward()  # and the second derivative is no NaN
    assert np.isfinite(x.grad.data).all()


def test_variance_of_too_few_elements_is_nan_as_in_numpy():
    x = tg.tensor([1.0], requires_grad=True)
    with pytest.warns(RuntimeWarning):
        y = np.var(x, ddof=1)
    y.backward()
    assert np.isnan(x.grad.data).all()


class TestTies:
    """Elements that attain an extreme or an order statistic share the gradient evenly."""

    def test_over_one_axis(self):
        x = tg.tensor([[1.0, 1.0, 0.0], [2.0, 5.0, 5.0]], requires_grad=True)
        np.max(x, axis=1).sum().backward()
        assert x.grad.tolist() == [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]

    @pytest.mark.parametrize("f", [np.max, np.nanmax, np.amax, np.maximum.reduce])
    def test_over_several_axes(self, f):
        x = tg.tensor([[[3.0, 1.0]], [[3.0, 3.0]]], requires_grad=True)
        f(x, axis=(0, 2)).backward(np.ones(1))
        np.testing.assert_allclose(x.grad.data, [[[1 / 3, 0.0]], [[1 / 3, 1 / 3]]])

    def test_of_order_statistics(self):
        x = tg.tensor([1.0, 1.0, 2.0, 1.0, 4.0], requires_grad=True)
        np.median(x).backward()
        np.testing.assert_allclose(x.grad.data, [1 / 3, 1 / 3, 0.0, 1 / 3, 0.0])
        x.grad = None
        np.quantile(x, 0.625).backward()  # halfway between the third 1 and the 2
        np.testing.assert_allclose(x.grad.data, [1 / 6, 1 / 6, 0.5, 1 / 6, 0.0])

    def test_forward_mode_gives_the_mean_tangent(self):
        x, t = np.array([1.0, 1.0, 0.0]), np.array([1.0, 3.0, 7.0])
        for f in (np.max, lambda x: np.quantile(x, 0.75)):
            assert float(tg.jvp(f, (x,), (t,))[1]) == 2.0


METHODS = """linear lower higher midpoint nearest inverted_cdf averaged_inverted_cdf closest_observation
interpolated_inverted_cdf hazen weibull median_unbiased normal_unbiased""".split()


class TestQuantiles:
    @pytest.mark.parametrize("method", METHODS)
    def test_methods(self, method):
        for n in (1, 2, 5, 8):
            x = RANDOM.normal(size=n)
            q = np.array([0.0, 0.1, 0.25, 0.4, 0.5, 0.77, 1.0])
            np.testing.assert_allclose(
                tg.quantile(tg.tensor(x), q, method=method).data, np.quantile(x, q, method=method), rtol=1e-12
            )
            assert tg.gradcheck(lambda x, q=q: np.quantile(x, q, method=method), x, atol=1e-7)

    @pytest.mark.parametrize("keepdims", [False, True])
    @pytest.mark.parametrize("axis", AXES, ids=str)
    def test_shapes(self, axis, keepdims):
        for q in (0.3, [0.3, 0.9], np.array([[0.2], [0.7]])):
            check(np.quantile, CUBE, q=q, axis=axis, keepdims=keepdims)
            check(np.percentile, CUBE, q=100 * np.asarray(q), axis=axis, keepdims=keepdims)
            if np.ndim(q) < 2 or not isinstance(axis, tuple):  # NumPy's nanquantile mixes its axes up there
                check(np.nanquantile, GAPS, q=q, axis=axis, keepdims=keepdims)
                check(np.nanpercentile, GAPS, q=100 * np.asarray(q), axis=axis, keepdims=keepdims)

    def test_by_the_quantile_itself(self):
        x = np.array([1.0, 2.0, 4.0, 8.0])
        assert tg.gradcheck(np.quantile, (x, np.array([0.2, 0.5])), atol=1e-7)
        assert float(tg.grad(lambda q: tg.quantile(x, q))(0.5)) == pytest.approx(6.0)

    def test_nan_and_infinity(self):
        assert np.isnan(np.median(tg.tensor([1.0, NAN, 3.0])).data)
        assert np.isnan(np.nanmedian(tg.tensor([NAN, NAN])).data)
        assert np.median(tg.tensor([INF, INF, 1.0])).item() == INF
        assert np.quantile(tg.tensor([INF, INF, 1.0]), 0.75).item() == INF
        assert np.quantile(tg.tensor([0.0, 1.0, INF]), 0.5).item() == 1.0

    def test_float32_stays(self):
        x = tg.tensor([1.0, 2.0, 4.0], dtype="float32")
        for y in (np.median(x), np.quantile(x, [0.3, 0.4]), np.nanpercentile(x, 30)):
            assert y.dtype == np.float32

    @pytest.mark.parametrize("q", [0.0, 0.35, [0.2, 0.5, 1.0]])
    def test_weights(self, q):
        weights = np.array([0.5, 0.0, 2.0, 1.0])
        for options in ({"axis": 2, "weights": weights}, {"weights": 1 + MASK}, {"axis": 1, "weights": weights[:3]}):
            check(np.quantile, CUBE, q=q, method="inverted_cdf", **options)
            check(np.percentile, CUBE, q=100 * np.asarray(q), method="inverted_cdf", **options)
        check(np.nanquantile, GAPS, q=q, axis=2, method="inverted_cdf", weights=1 + weights * np.ones(CUBE.shape))
        with pytest.raises(ArgumentError, match="weights with method='linear'"):
            np.quantile(tg.tensor(CUBE), 0.5, weights=CUBE)

    @pytest.mark.filterwarnings("ignore:Mean of empty slice:RuntimeWarning")
    def test_of_nothing(self):
        for f in (np.median, np.nanmedian):
            np.testing.assert_array_equal(f(tg.tensor(np.zeros((2, 0))), axis=1).data, [NAN, NAN])

    def test_refusals(self):
        x = tg.tensor([1.0, 2.0])
        with pytest.raises(ArgumentError, match=r"quantile got q=1\.5"):
            np.quantile(x, 1.5)
        with pytest.raises(UnknownNameError, match="quantile method identifier: 'liner'"):
            np.quantile(x, 0.5, method="liner")


class TestProductsWithZeros:
    @pytest.mark.parametrize("values", [[2.0, 0.0, 3.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0], [5.0], [2.0, 3.0, 0.5]])
    @pytest.mark.parametrize("f", [np.prod, np.cumprod, np.nanprod, np.nancumprod, np.cumulative_prod])
    def test_every_order_is_exact(self, f, values):
        check(f, np.array(values))

    def test_third_order(self):
        third = tg.grad(lambda a: tg.grad(lambda b: tg.grad(np.prod)(b)[0])(a)[1])(np.zeros(3))
        assert third.tolist() == [0.0, 0.0, 1.0]

    def test_many_factors_neither_divide_nor_overflow_apart(self):
        x = tg.tensor([1e-200, 1e150, 1e150, 0.0], requires_grad=True)
        np.prod(x).backward()
        np.testing.assert_allclose(x.grad.data, [0.0, 0.0, 0.0, 1e100], rtol=1e-12)


class TestLogSums:
    @pytest.mark.parametrize("axis", AXES, ids=str)
    def test_value_and_derivatives(self, axis):
        expected = np.logaddexp.reduce(CUBE, axis=axis, keepdims=True)
        np.testing.assert_allclose(tg.logsumexp(CUBE, axis, keepdims=True), expected)
        assert tg.gradcheck(lambda x: tg.logsumexp(x, axis), CUBE, atol=1e-7)
        assert tg.gradgradcheck(lambda x: tg.logsumexp(x, axis), CUBE)

    def test_rows_that_are_masked_out(self):
        x = tg.tensor([[-INF, -INF], [-INF, 0.0], [1000.0, 1000.0], [-1000.0, -1000.0]], requires_grad=True)
        y = tg.logsumexp(x, -1)
        np.testing.assert_allclose(y.data, [-INF, 0.0, 1000 + math.log(2), -1000 + math.log(2)])
        y.backward(np.ones(4))
        np.testing.assert_allclose(x.grad.data, [[0.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.5, 0.5]], rtol=1e-12)

    def test_running(self):
        x = np.array([-INF, -INF, 3.0, 700.0, -800.0, 700.5])
        leaf = tg.tensor(x, requires_grad=True)
        y = tg.logcumsumexp(leaf)
        np.testing.assert_allclose(y.data, np.logaddexp.accumulate(x))
        y.backward(np.array([1.0, 1.0, 2.0, 3.0, 4.0, 5.0]))
        p = 1 / (1 + math.exp(0.5))  # the share of 700 beside 700.5
        np.testing.assert_allclose(leaf.grad.data, [0, 0, 2, 7 + 5 * p, 0, 5 * (1 - p)], rtol=1e-12)
        for axis in (None, 0, 1, -1):
            assert tg.gradcheck(lambda x, axis=axis: tg.logcumsumexp(x, axis), CUBE, atol=1e-7)
            assert tg.gradgradcheck(lambda x, axis=axis: tg.logcumsumexp(x, axis), CUBE[0])


@pytest.mark.parametrize("length", [0, 1, 2, 31, 32, 33, 64, 67, 130])
@pytest.mark.parametrize("zeros", [0, 1, 2])
def test_the_products_of_all_the_others_in_short_and_in_long_rows(length, zeros):
    rows = RANDOM.uniform(0.8, 1.2, (3, length)) * RANDOM.choice([-1.0, 1.0], (3, length))
    rows[:, RANDOM.permutation(length)[:zeros]] = 0
    x = tg.Tensor(rows, requires_grad=True)
    np.prod(x, -1).sum().backward()
    expected = [[np.prod(np.delete(row, i)) for i in range(length)] for row in rows]
    np.testing.assert_allclose(x.grad.data, np.reshape(expected, rows.shape), rtol=1e-13)


def test_the_second_derivative_of_a_long_product_with_a_zero():
    x = RANDOM.uniform(0.8, 1.2, 40)
    x[7] = 0
    hessian = tg.hessian(np.prod)(x)
    expected = [[0 if i == j else np.prod(np.delete(x, [i, j])) for j in range(40)] for i in range(40)]
    np.testing.assert_allclose(np.asarray(hessian), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("name", ["cumsum", "cumprod", "nancumsum", "nancumprod"])
def test_running_totals(name, axis):
    check(getattr(np, name), CUBE, axis=axis)
    check(getattr(np, name), np.array(1.5), axis=axis if axis is None else 0)
    if name.startswith("nan"):
        check(getattr(np, name), GAPS, axis=axis)


@pytest.mark.parametrize("f", [np.cumulative_sum, np.cumulative_prod])
def test_running_totals_from_the_start(f):
    check(f, CUBE, axis=1, include_initial=True)
    check(f, CUBE[0, 0], include_initial=True)
    with pytest.raises(ValueError, match="axis"):
        f(tg.tensor(CUBE))


def test_running_totals_of_nothing_and_of_integers():
    for f in (np.cumsum, np.cumprod):
        assert f(tg.tensor(np.zeros((2, 0))), axis=1).shape == (2, 0)
        assert f(tg.tensor([1, 2, 3])).dtype == int
        assert f(tg.tensor([1, 2, 3]), dtype=np.float32).dtype == np.float32


def test_unwrap():
    x = np.array([[0.1, 3.0, -3.0, -0.5], [4.0, 0.2, 6.2, 0.3]])
    check(np.unwrap, x)
    check(np.unwrap, x, axis=0)
    check(np.unwrap, 50 * x, period=100, discont=60)


class TestAverages:
    def test_weights(self):
        check(np.average, CUBE)
        check(lambda x, w: np.average(x, weights=w), CUBE, np.abs(CUBE) + 0.1)
        check(lambda x, w: np.average(x, axis=1, weights=w), CUBE, np.array([1.0, 2.0, 0.5]))
        check(lambda x, w: np.average(x, axis=-1, weights=w, keepdims=True), CUBE, np.array([1.0, 2.0, 0.5, 0.1]))
        check(lambda x, w: np.average(x, axis=0, weights=w, returned=True), CUBE, np.array([1.0, 2.0]))
        check(lambda x: np.average(x, axis=(0, 1), returned=True), CUBE)

    def test_weights_that_fit_nothing(self):
        with pytest.raises(ShapeError, match=r"average got weights of shape \(3,\) for values of shape \(2, 3, 4\)"):
            np.average(tg.tensor(CUBE), weights=np.ones(3))

    def test_covariance(self):
        m, y = CUBE[0], CUBE[1]
        frequencies, weights = np.array([1, 2, 1, 3]), np.array([0.5, 1.0, 2.0, 1.0])
        check(np.cov, m)
        check(np.cov, m, y)
        check(np.cov, m[0], m[1])
        check(np.cov, m, rowvar=False, bias=True)
        check(np.cov, m, ddof=2)
        check(np.cov, m[0])
        check(np.cov, m, fweights=frequencies)
        check(lambda m, w: np.cov(m, aweights=w), m, weights)
        check(lambda m, w: np.cov(m, aweights=w, fweights=frequencies, ddof=0), m, weights)

    def test_correlation(self):
        check(np.corrcoef, CUBE[0])
        check(np.corrcoef, CUBE[0, 0], CUBE[0, 1])
        check(np.corrcoef, CUBE[0], rowvar=False)
        assert np.abs(np.corrcoef(tg.tensor([[1.0, 2.0, 4.0], [0.1, 0.2, 0.4]])).data).max() <= 1


class TestDifferences:
    def test_diff(self):
        for axis in (0, 1, -1):
            check(np.diff, CUBE, axis=axis)
        check(np.diff, CUBE, n=2)
        check(np.diff, CUBE, n=0)
        assert np.diff(tg.tensor(CUBE), n=0, prepend=1.0).shape == np.diff(CUBE, n=0, prepend=1.0).shape
        check(np.diff, CUBE, prepend=1.0, append=2.0, axis=1)
        check(lambda x, before: np.diff(x, prepend=before), CUBE, CUBE[..., :2])
        check(lambda x, after: np.diff(x, append=after), CUBE[0, 0], np.array(0.5))

    @pytest.mark.parametrize("n", [1, 3])
    def test_diff_of_too_few(self, n):
        x = tg.tensor(CUBE[..., :1], requires_grad=True)
        y = np.diff(x, n=n)
        assert y.shape == (2, 3, 0)
        y.sum().backward()
        assert not x.grad.data.any()

    def test_diff_keeps_float32_and_subtracts_booleans_as_numpy(self):
        assert np.diff(tg.tensor([1.0, 2.0], dtype="float32"), prepend=0).dtype == np.float32
        assert np.diff(tg.tensor([True, False, False])).tolist() == [True, False]

    def test_refusals(self):
        with pytest.raises(ArgumentError, match="diff got n=-1"):
            np.diff(tg.tensor([1.0]), n=-1)
        with pytest.raises(ShapeError, match="diff got a 0-d array"):
            np.diff(tg.tensor(1.0))

    def test_ediff1d(self):
        check(np.ediff1d, CUBE)
        check(lambda x, a, b: np.ediff1d(x, to_begin=a, to_end=b), CUBE[0], np.array([1.0, 2.0]), np.array(3.0))

    def test_trapezoid(self):
        check(np.trapezoid, CUBE)
        check(np.trapezoid, CUBE, dx=0.5, axis=1)
        check(lambda y, x: np.trapezoid(y, x, axis=1), CUBE, np.array([0.0, 1.0, 3.0]))
        check(lambda y, x: np.trapezoid(y, x, axis=0), CUBE, np.cumsum(np.abs(CUBE), axis=0))

    @pytest.mark.parametrize("edge_order", [1, 2])
    def test_gradient(self, edge_order):
        f, x = CUBE[:, :, 0].T @ CUBE[:, :, 1], np.array([0.0, 1.0, 1.7])
        check(lambda f: tuple(np.gradient(f, edge_order=edge_order)), f)
        check(lambda f: tuple(np.gradient(f, 0.5, edge_order=edge_order)), f)
        check(lambda f: tuple(np.gradient(f, 0.5, x, edge_order=edge_order)), f)
        check(lambda f: np.gradient(f, x, axis=1, edge_order=edge_order), f)
        assert tg.gradcheck(lambda f, x: np.gradient(f, x, axis=0, edge_order=edge_order), (f, x), atol=1e-7)
        assert tg.gradcheck(
            lambda f, h: np.gradient(f, h, axis=0, edge_order=edge_order), (f, np.array(0.5)), atol=1e-7
        )

    def test_gradient_refusals(self):
        with pytest.raises(ShapeError, match="gradient got 2 values along axis 0"):
            np.gradient(tg.tensor([1.0, 2.0]), edge_order=2)
        with pytest.raises(ArgumentError, match="gradient got 2 spacings for 1 axes"):
            np.gradient(tg.tensor([1.0, 2.0]), 1.0, 2.0)


class TestSignals:
    @pytest.mark.parametrize("mode", ["full", "same", "valid"])
    @pytest.mark.parametrize("f", [np.convolve, np.correlate])
    def test_every_mode_and_length(self, f, mode):
        for n in (1, 2, 3, 4, 7):
            for m in (1, 2, 3, 4, 6):
                check(lambda a, v: f(a, v, mode=mode), RANDOM.normal(size=n), RANDOM.normal(size=m))

    def test_refusals(self):
        a = tg.tensor([1.0, 2.0])
        with pytest.raises(ArgumentError, match="convolve got mode='wide'"):
            np.convolve(a, a, mode="wide")
        with pytest.raises(ShapeError, match=r"correlate got arrays of shapes \(2,\) and \(0,\)"):
            np.correlate(a, np.zeros(0))

    def test_interp(self):
        xp, fp = np.array([0.0, 1.0, 2.5, 4.0]), np.array([1.0, -1.0, 2.0, 0.5])
        x = np.array([[-1.0, 0.3, 1.2], [2.4, 3.9, 5.0]])
        check(np.interp, x, xp, fp)
        check(np.interp, x, xp, fp, left=-7.0, right=8.0)
        np.testing.assert_allclose(np.interp(tg.tensor(xp), xp, fp).data, fp)
        check(np.interp, x, xp[::-1] * 1.3, fp, period=4.7)
        slopes = tg.grad(lambda x: np.interp(x, xp, fp).sum())(np.array([-1.0, 0.0, 1.0, 5.0]))
        np.testing.assert_allclose(slopes, [0.0, -2.0, 2.0, 0.0])
        with pytest.raises(ShapeError, match=r"interp got points of shapes \(4,\) and \(3,\)"):
            np.interp(tg.tensor(x), xp, fp[:3])


@pytest.mark.parametrize("f", [np.max, np.min, np.nanmax, np.nanmin])
def test_extremes_from_a_value_on(f):
    x = GAPS if "nan" in f.__name__ else CUBE
    check(f, x, axis=1, initial=0.3)
    check(f, x, axis=(0, 2), initial=-0.2, where=MASK, keepdims=True)
    nothing = f(tg.tensor(np.zeros((2, 0)), requires_grad=True), axis=1, initial=1.5)
    assert isinstance(nothing, tg.Tensor)
    assert nothing.tolist() == [1.5, 1.5]


def test_weighted_averages_over_several_axes():
    weights = RANDOM.uniform(0.1, 1.0, CUBE.shape[:2])
    agrees(lambda x, w: np.average(x, axis=(0, 1), weights=w), CUBE, weights)
    agrees(lambda x, w: np.average(x, axis=(1, 0), weights=w, returned=True), CUBE, weights.T)
    with pytest.raises(ShapeError, match="average got weights"):
        np.average(tg.tensor(CUBE), axis=(0, 2), weights=weights)


def test_truth_and_counting():
    x = tg.tensor(CUBE)
    for f in (np.any, np.all):
        for axis in AXES:
            np.testing.assert_array_equal(f(x > 0, axis=axis, where=MASK).data, f(CUBE > 0, axis=axis, where=MASK))
    for f in (np.count_nonzero, np.argmax, np.argmin, np.nanargmax, np.nanargmin):
        np.testing.assert_array_equal(f(x, axis=1, keepdims=True).data, f(CUBE, axis=1, keepdims=True))
        assert not f(x).requires_grad


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "var", "std", "nansum", "nanmean", "nanvar", "cumsum"])
@pytest.mark.parametrize("dtype", [np.int8, bool, np.float16, np.float32])
def test_dtypes_are_numpys(name, dtype):
    x = np.array([[1, 0], [1, 1]], dtype)
    f = getattr(np, name)
    assert f(tg.tensor(x), axis=0).dtype == f(x, axis=0).dtype
    assert f(tg.tensor(x), axis=0, dtype=np.float32).dtype == np.float32
    if name != "cumsum":
        assert f(tg.tensor(x), axis=0, where=[[True], [True]]).dtype == f(x, axis=0, where=[[True], [True]]).dtype
