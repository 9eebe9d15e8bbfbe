"""Putting in, leaving out, writing over; places, sets and counts: NumPy's values, and gradients where there are any."""

from __future__ import annotations

import numpy as np
import pytest
from numpy_agreement import agrees, same_values

import tinygrad_loss as tg
from tinygrad_loss.errors import ArgumentError, DTypeError, IndexingError, ShapeError

RANDOM = np.random.default_rng(13)
ROW, MATRIX, CUBE = RANDOM.normal(size=5), RANDOM.normal(size=(3, 4)), RANDOM.normal(size=(2, 3, 4))
WHOLE = np.array([3, 1, 3, 0, 1, 3])
REPEATED = np.array([2.5, 0.5, 2.5, -1.0, 0.5, 2.5])


class TestInsertAndDelete:
    @pytest.mark.parametrize("obj", [1, -1, [0, 2], [2, 0], [1, 1], slice(None, None, 2), [], [True, False, True]])
    @pytest.mark.parametrize("axis", [0, None])
    def test_delete(self, obj, axis):
        if axis is None and obj == [True, False, True]:
            obj = [True, False, True] * 4
        agrees(lambda x: np.delete(x, obj, axis), MATRIX)

    @pytest.mark.parametrize(
        "obj", [0, 3, -1, [1], [0, 2], [2, 0], [1, 1], slice(0, 3, 2), np.array([True, False, True])]
    )
    def test_insert_one_value(self, obj):
        agrees(lambda x, v: np.insert(x, obj, v, 0), MATRIX, np.array(0.7))

    def test_insert_several_values(self):
        agrees(lambda x, v: np.insert(x, 1, v), ROW, MATRIX[0])
        agrees(lambda x, v: np.insert(x, [1], v), ROW, MATRIX[0])
        agrees(lambda x, v: np.insert(x, [0, 0, 4], v), ROW, MATRIX[0, :3])
        agrees(lambda x, v: np.insert(x, 1, v, axis=0), MATRIX, MATRIX[0])
        agrees(lambda x, v: np.insert(x, 1, v, axis=1), MATRIX, MATRIX[:, 0])
        agrees(lambda x, v: np.insert(x, [1], v, axis=1), MATRIX, MATRIX[:, :1])
        agrees(lambda x, v: np.insert(x, [0, 2], v, axis=1), MATRIX, MATRIX[:, :2])
        agrees(lambda x, v: np.insert(x, [0, 2], v, axis=-1), CUBE, CUBE[:, :, :2])
        agrees(lambda x, v: np.insert(x, 2, v, axis=1), CUBE, CUBE[:, 0])
        agrees(lambda x: np.insert(x, [], 1.0), ROW)

    def test_whole_numbers_put_in_do_not_move(self):
        _, t = tg.jvp(lambda x: tg.insert(x, 1, 5), (ROW,), (np.ones(5),))
        np.testing.assert_array_equal(t, [1.0, 0.0, 1.0, 1.0, 1.0, 1.0])

    def test_outside(self):
        with pytest.raises(IndexingError, match="delete got 7 on an axis of length 5"):
            tg.delete(tg.tensor(ROW), 7)
        with pytest.raises(IndexingError, match="insert got 7 on an axis of length 5"):
            tg.insert(tg.tensor(ROW), 7, 0.0)

    @pytest.mark.parametrize("trim", ["f", "b", "fb", "B"])
    def test_trim_zeros(self, trim):
        x = np.array([0.0, 0.0, 1.5, 0.0, 2.5, 0.0])
        same_values(np.trim_zeros(tg.tensor(x), trim), np.trim_zeros(x, trim))
        same_values(np.trim_zeros(tg.zeros(3), trim), np.trim_zeros(np.zeros(3), trim))

    def test_trim_zeros_of_matrices_and_its_gradient(self):
        x = np.zeros((4, 4))
        x[1:3, 2] = 3.0
        y = tg.trim_zeros(tg.tensor(x, requires_grad=True))
        assert y.shape == (2, 1)
        assert tg.trim_zeros(tg.tensor(x), axis=1).shape == (4, 1)
        assert tg.gradcheck(tg.trim_zeros, [np.array([1.0, 0.0, 2.0])])
        with pytest.raises(ArgumentError, match="trim='x'"):
            tg.trim_zeros(tg.tensor(ROW), "x")


class TestWritingOver:
    """np.put and its kin write into their argument: on Tensors they assign."""

    CALLS = {
        "put": lambda x: np.put(x, [0, -1, 0], [9.0, 8.0]),
        "put wrap": lambda x: np.put(x, [12, -13], 7.0, mode="wrap"),
        "put clip": lambda x: np.put(x, [12, -13], [7.0, 6.0], mode="clip"),
        "putmask": lambda x: np.putmask(x, x > 0, [9.0, 8.0, 7.0]),
        "place": lambda x: np.place(x, x > 0, [9.0, 8.0]),
        "copyto": lambda x: np.copyto(x, [1.0, 2.0, 3.0, 4.0]),
        "copyto where": lambda x: np.copyto(x, 5.0, where=x > 0),
    }

    @pytest.mark.parametrize("name", CALLS)
    def test_values_are_numpys(self, name):
        array, t = MATRIX.copy(), tg.tensor(MATRIX)
        assert self.CALLS[name](array) is None
        assert self.CALLS[name](t) is None
        np.testing.assert_array_equal(t.data, array)

    def test_gradients(self):
        mask = MATRIX > 0
        assert tg.gradcheck(lambda x, v: tg.put(x, [0, 5, 2], v), [MATRIX, ROW[:2]])
        assert tg.gradcheck(lambda x, v: tg.putmask(x, mask, v), [MATRIX, ROW])
        assert tg.gradcheck(lambda x, v: tg.place(x, mask, v), [MATRIX, ROW])

    def test_old_users_keep_the_old_value(self):
        x = tg.tensor(ROW, requires_grad=True) * 1.0
        y = x * 2.0
        np.put(x, [0], 100.0)
        assert x.data[0] == 100.0
        np.testing.assert_array_equal(y.data, ROW * 2)

    def test_an_array_collects_plain_values(self):
        array = np.zeros(5)
        np.copyto(array, tg.tensor(ROW))
        np.testing.assert_array_equal(array, ROW)

    def test_refusals(self):
        with pytest.raises(ShapeError, match="putmask got a mask of shape"):
            tg.putmask(tg.tensor(ROW), [True], 1.0)
        with pytest.raises(ArgumentError, match="place got no values"):
            tg.place(tg.tensor(ROW), ROW > -9, [])
        with pytest.raises(DTypeError, match="copyto cannot put float64 into int64"):
            np.copyto(tg.tensor([1, 2]), tg.tensor([1.5, 2.5]))
        with pytest.raises(ArgumentError, match="put got mode='round'"):
            tg.put(tg.tensor(ROW), 0, 1.0, "round")


class TestPlaces:
    @pytest.mark.parametrize("name", ["nonzero", "flatnonzero", "argwhere"])
    @pytest.mark.parametrize(
        "x", [MATRIX > 0, np.where(CUBE > 0, CUBE, 0), np.zeros((2, 0))], ids=["mask", "x", "empty"]
    )
    def test_of_conditions(self, name, x):
        same_values(getattr(np, name)(tg.tensor(x)), getattr(np, name)(x))

    def test_indexing_by_them(self):
        x = tg.tensor(MATRIX, requires_grad=True)
        x[np.nonzero(x > 0)].sum().backward()
        np.testing.assert_array_equal(x.grad, MATRIX > 0)

    def test_between_flat_and_full_numbers(self):
        flat = np.array([[5, 0], [11, 7]])
        for order in "CF":
            full = np.unravel_index(flat, (3, 4), order)
            same_values(np.unravel_index(tg.tensor(flat), (3, 4), order), full)
            same_values(np.ravel_multi_index([tg.tensor(k) for k in full], (3, 4), order=order), flat)
        same_values(np.ravel_multi_index((tg.tensor([4]), tg.tensor([-1])), (3, 4), "wrap"), np.array([7]))

    def test_of_shapes(self):
        x = tg.tensor(MATRIX)
        same_values(np.tril_indices_from(x, 1), np.tril_indices_from(MATRIX, 1))
        same_values(np.triu_indices_from(x, -1), np.triu_indices_from(MATRIX, -1))
        same_values(np.diag_indices_from(x[:, :3]), np.diag_indices_from(MATRIX[:, :3]))
        same_values(tg.tril_indices(3, 1, 4), np.tril_indices(3, 1, 4))
        same_values(tg.triu_indices(3), np.triu_indices(3))
        same_values(tg.diag_indices(3, 3), np.diag_indices(3, 3))
        same_values(tg.mask_indices(3, np.triu, 1), np.mask_indices(3, np.triu, 1))
        same_values(tg.indices((2, 3)), np.indices((2, 3)))
        same_values(tg.indices((2, 3), sparse=True), np.indices((2, 3), sparse=True))
        with pytest.raises(ShapeError, match="diag_indices_from got shape"):
            np.diag_indices_from(x)

    def test_ix(self):
        rows, columns = np.array([2, 0]), np.array([True, False, True, True])
        same_values(np.ix_(tg.tensor(rows), tg.tensor(columns)), np.ix_(rows, columns))
        agrees(lambda x: x[np.ix_(rows, columns)], MATRIX)
        with pytest.raises(ShapeError, match="ix_ got an array of shape"):
            np.ix_(tg.tensor(MATRIX))


class TestSets:
    @pytest.mark.parametrize("axis", [None, 0, 1])
    def test_unique_with_everything(self, axis):
        x = REPEATED.reshape(2, 3)[[0, 1, 0]]
        same_values(np.unique(tg.tensor(x), True, True, True, axis), np.unique(x, True, True, True, axis))
        same_values(np.unique(tg.tensor(x), axis=axis), np.unique(x, axis=axis))

    def test_the_first_occurrence_gets_the_gradient(self):
        x = tg.tensor(REPEATED, requires_grad=True)
        y = tg.unique(x)
        y.backward(np.array([1.0, 2.0, 3.0]))  # -1, 0.5, 2.5
        np.testing.assert_array_equal(x.grad, [3.0, 2.0, 0.0, 1.0, 0.0, 0.0])

    @pytest.mark.parametrize("name", ["unique_all", "unique_counts", "unique_inverse", "unique_values"])
    def test_the_array_apis_names(self, name):
        for x in (REPEATED, np.array([[1.0, np.nan], [np.nan, 1.0]])):
            mine, numpys = getattr(np, name)(tg.tensor(x)), getattr(np, name)(x)
            if name != "unique_values":
                assert mine._fields == numpys._fields
                mine, numpys = tuple(mine), tuple(numpys)
            same_values(mine, numpys)

    def test_two_sets(self):
        a, b = REPEATED, np.array([2.5, 7.0, 7.0, -1.0])
        for name in ("union1d", "intersect1d", "setdiff1d", "setxor1d"):
            same_values(getattr(np, name)(tg.tensor(a), b), getattr(np, name)(a, b))
            same_values(getattr(np, name)(a, tg.tensor(b)), getattr(np, name)(a, b))
        found = np.intersect1d(tg.tensor(a), tg.tensor(b), return_indices=True)
        same_values(found, np.intersect1d(a, b, return_indices=True))
        x = tg.tensor(a, requires_grad=True)
        np.setdiff1d(x, b).sum().backward()
        np.testing.assert_array_equal(x.grad, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0])
        distinct = np.unique(a), np.unique(b)
        for name in ("intersect1d", "setdiff1d", "setxor1d"):
            expected = getattr(np, name)(*distinct, assume_unique=True)
            same_values(getattr(np, name)(*map(tg.tensor, distinct), assume_unique=True), expected)

    def test_isin(self):
        same_values(np.isin(tg.tensor(MATRIX), MATRIX[0]), np.isin(MATRIX, MATRIX[0]))
        same_values(np.isin(MATRIX, tg.tensor(MATRIX[0]), invert=True), np.isin(MATRIX, MATRIX[0], invert=True))


class TestCounting:
    def test_bincount(self):
        same_values(np.bincount(tg.tensor(WHOLE)), np.bincount(WHOLE))
        same_values(np.bincount(tg.tensor(WHOLE), minlength=7), np.bincount(WHOLE, minlength=7))
        same_values(np.bincount(tg.tensor(np.zeros(0, int))), np.bincount(np.zeros(0, int)))
        agrees(lambda w: np.bincount(WHOLE, w), REPEATED)
        agrees(lambda w: np.bincount(WHOLE, weights=w, minlength=9), REPEATED)

    @pytest.mark.parametrize("bins", [1, 4, [-2.0, 0.0, 0.5, 3.0], "auto", "sturges"])
    @pytest.mark.parametrize("options", [{}, {"density": True}, {"range": (-1.0, 2.5)}], ids=str)
    def test_histogram(self, bins, options):
        for x in (REPEATED, MATRIX):
            same_values(np.histogram(tg.tensor(x), bins, **options), np.histogram(x, bins, **options))
            edges = np.histogram_bin_edges(x, bins, options.get("range"))
            same_values(np.histogram_bin_edges(tg.tensor(x), bins, options.get("range")), edges)

    @pytest.mark.parametrize("density", [False, True])
    def test_weights_have_a_gradient(self, density):
        weights = np.linspace(0.5, 2.0, 6)

        def counts(w):
            return np.histogram(REPEATED, 3, weights=w, density=density)[0]

        agrees(counts, weights)
        agrees(lambda w: np.histogram2d(REPEATED, WHOLE, 3, weights=w, density=density)[0], weights)

    def test_many_values_fall_into_numpys_bins(self):
        x = np.round(np.random.default_rng(1).normal(size=2000), 2)  # many at an edge
        for bins in (7, 100, np.linspace(-3, 3, 61)):
            same_values(np.histogram(tg.tensor(x), bins), np.histogram(x, bins))

    def test_several_axes(self):
        x, y = np.random.default_rng(2).normal(size=(2, 50))
        same_values(np.histogram2d(tg.tensor(x), tg.tensor(y), 4), np.histogram2d(x, y, 4))
        same_values(
            np.histogram2d(tg.tensor(x), y, [3, np.linspace(-2, 2, 6)]),
            np.histogram2d(x, y, [3, np.linspace(-2, 2, 6)]),
        )
        same_values(np.histogram2d(tg.tensor(x), y, np.linspace(-2, 2, 6)), np.histogram2d(x, y, np.linspace(-2, 2, 6)))
        points = np.stack([x, y, x * y], 1)
        same_values(np.histogramdd(tg.tensor(points), (2, 3, 4)), np.histogramdd(points, (2, 3, 4)))
        same_values(np.histogramdd(tg.tensor(points), 3, density=True), np.histogramdd(points, 3, density=True))

    def test_refusals(self):
        with pytest.raises(DTypeError, match="bincount got float64"):
            tg.bincount(tg.tensor([1.0, 2.0]))
        with pytest.raises(DTypeError, match="negative numbers"):
            tg.bincount(tg.tensor([1, -2]))
        with pytest.raises(ShapeError, match="bincount got x of shape"):
            tg.bincount([1, 2], tg.tensor([1.0]))
        with pytest.raises(ShapeError, match="one weight for each value"):
            tg.histogram(REPEATED, weights=tg.tensor([1.0]))


class TestApplying:
    def test_along_an_axis(self):
        for axis in (0, 1, -1):
            agrees(lambda x, a=axis: np.apply_along_axis(lambda row: row[-1] * row[0], a, x), CUBE)
            agrees(lambda x, a=axis: np.apply_along_axis(np.cumsum, a, x), CUBE)
            agrees(lambda x, a=axis: np.apply_along_axis(lambda row: row[:2, None] * row[None, :2], a, x), CUBE)
        agrees(lambda x: np.apply_along_axis(lambda row, k, by: row[k] * by, 0, x, 1, by=3.0), MATRIX)
        agrees(lambda x: np.apply_along_axis(np.sum, 0, x), ROW)

    def test_over_axes(self):
        agrees(lambda x: np.apply_over_axes(np.sum, x, (0, -1)), CUBE)
        agrees(lambda x: np.apply_over_axes(lambda a, axis: np.mean(a, axis, keepdims=True), x, 1), CUBE)
        with pytest.raises(ShapeError, match="apply_over_axes got shape"):
            tg.apply_over_axes(lambda x, axis: x.sum(), tg.tensor(CUBE), 0)

    def test_piecewise(self):
        def pieces(x):
            return np.piecewise(x, [x < 0, x > 1], [lambda v: -v, np.sqrt, 0.5])

        agrees(pieces, np.array([-2.0, 0.5, 4.0]))
        agrees(pieces, np.array(4.0))
        agrees(lambda x: np.piecewise(x, x > 0, [np.log, lambda v: v * v]), ROW)
        agrees(lambda x: np.piecewise(x, [x > 0], [np.log, lambda v: v * v]), MATRIX)
        agrees(lambda x: np.piecewise(x, [x > 0], [lambda v, k, by=1.0: v * k * by], 2.0, by=3.0), MATRIX)
        with pytest.raises(ArgumentError, match="1 conditions and 3 functions"):
            tg.piecewise(tg.tensor(ROW), [ROW > 0], [1.0, 2.0, 3.0])


class TestPolynomials:
    P, Q = np.array([2.0, -1.0, 0.5]), np.array([1.0, 3.0, -2.0, 0.7, 1.1])

    @pytest.mark.parametrize("name", ["polyadd", "polysub", "polymul", "polydiv"])
    def test_of_two(self, name):
        f = getattr(np, name)
        agrees(f, self.P, self.Q, rtol=1e-10)
        agrees(f, self.Q, self.P, rtol=1e-10)
        agrees(f, self.Q, self.Q[:1], rtol=1e-10)

    def test_of_one(self):
        for m in (0, 1, 2):
            agrees(lambda p, m=m: np.polyder(p, m), self.Q)
            agrees(lambda p, m=m: np.polyint(p, m), self.Q)
        agrees(lambda p, k: np.polyint(p, 2, k), self.Q, np.array([0.3, 0.4]))
        agrees(np.polyval, self.Q, MATRIX)
        agrees(np.poly, self.P)
        agrees(np.vander, self.P)
        agrees(lambda x: np.vander(x, 2, increasing=True), self.P)

    def test_fit(self):
        x, y = np.linspace(-1.0, 2.0, 6), RANDOM.normal(size=6)
        agrees(lambda a, b: np.polyfit(a, b, 2), x, y, rtol=1e-9)
        agrees(lambda a, b: np.polyfit(a, b[:, None] * np.array([1.0, 2.0]), 1), x, y, rtol=1e-9)
        agrees(lambda a, b, w: np.polyfit(a, b, 1, w=w), x, y, np.linspace(0.5, 1.5, 6), rtol=1e-9)
        with pytest.raises(ShapeError, match="polyfit got points of shapes"):
            tg.polyfit(x, tg.tensor(y[:3]), 1)
        with pytest.raises(ArgumentError, match="does not take cov="):
            np.polyfit(tg.tensor(x), y, 1, cov=True)

    def test_an_exact_division_leaves_nothing(self):
        product = np.polymul(self.P, self.Q)
        _, rest = np.polydiv(tg.tensor(product), self.P)
        np.testing.assert_allclose(rest.data, [0.0], atol=1e-12)

    def test_refusals(self):
        with pytest.raises(ShapeError, match="poly got coefficients of shape"):
            tg.poly(tg.tensor(MATRIX))
        with pytest.raises(ArgumentError, match="first coefficient is 0"):
            tg.polydiv(tg.tensor(self.P), [0.0, 1.0])


def test_bessel_functions_are_exact_near_and_far():
    x = np.array([0.0, 0.1, -3.0, 7.99, 8.01, 29.9, 30.1, -100.0, 700.0])
    np.testing.assert_allclose(np.i0(tg.tensor(x)).data, np.i0(x), rtol=1e-14)
    step = 1e-5
    slope = (np.i0(x[:7] + step) - np.i0(x[:7] - step)) / (2 * step)
    np.testing.assert_allclose(tg.i1(tg.tensor(x[:7])).data, slope, rtol=1e-8, atol=1e-9)
    # I₁ at 1, 10 and 100: Abramowitz and Stegun, tables 9.8 and 9.11, and the recurrence
    np.testing.assert_allclose(tg.i1(np.array([1.0, 10.0])), [0.5651591039924851, 2670.988303701255], rtol=1e-14)
