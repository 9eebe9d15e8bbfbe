"""Cutting, joining, repeating and turning arrays: NumPy's values and derivatives under all its arguments."""

from __future__ import annotations

import numpy as np
import pytest
from numpy_agreement import agrees, same_values

import tinygrad_loss as tg
from tinygrad_loss.errors import ArgumentError, AxisError, GraphError, ShapeError, StaleViewError

RANDOM = np.random.default_rng(9)
ROW, MATRIX, CUBE = RANDOM.normal(size=6), RANDOM.normal(size=(4, 6)), RANDOM.normal(size=(2, 4, 6))


class TestCutting:
    @pytest.mark.parametrize("places", [1, 2, [1], [1, 3], [3, 1], [0, 9], []])
    @pytest.mark.parametrize("axis", [0, 1, -1])
    def test_split(self, places, axis):
        agrees(lambda x: np.split(x, places, axis), MATRIX)

    @pytest.mark.parametrize("count", [1, 3, 4, 5, 9])
    def test_array_split_into_nearly_equal_parts(self, count):
        agrees(lambda x: np.array_split(x, count, axis=1), MATRIX)

    def test_along_fixed_axes(self):
        agrees(lambda x: np.hsplit(x, 3), MATRIX)
        agrees(lambda x: np.hsplit(x, 3), ROW)
        agrees(lambda x: np.vsplit(x, [1]), MATRIX)
        agrees(lambda x: np.dsplit(x, 2), CUBE)

    @pytest.mark.parametrize("axis", [0, 1, -1])
    def test_unstack(self, axis):
        agrees(lambda x: np.unstack(x, axis=axis), CUBE)
        assert np.unstack(tg.zeros((0, 2))) == ()

    def test_a_part_that_nobody_uses_gets_zeros(self):
        x = tg.tensor(np.arange(4.0), requires_grad=True)
        first, _ = tg.split(x, 2)
        (first * first).sum().backward()
        np.testing.assert_array_equal(x.grad, [0.0, 2.0, 0.0, 0.0])

    def test_parts_are_views_that_know_when_they_are_old(self):
        x = tg.tensor([1.0, 2.0, 3.0, 4.0])
        first, second = tg.split(x, 2)
        with pytest.raises(GraphError, match="cannot write through a view"):
            first[0] = 9.0
        x[0] = 9.0
        with pytest.raises(StaleViewError, match="out of date"):
            second + 1.0

    def test_arrays_give_arrays(self):
        assert all(type(part) is np.ndarray for part in (*tg.split(ROW, 2), *tg.unstack(MATRIX)))

    def test_refusals(self):
        x = tg.tensor(MATRIX)
        with pytest.raises(ShapeError, match="cannot cut axis 0 of shape \\(4, 6\\) into 3 equal parts"):
            tg.split(x, 3)
        with pytest.raises(ArgumentError, match="cannot make 0 parts"):
            tg.split(x, 0)
        with pytest.raises(ShapeError, match="dsplit got shape"):
            tg.dsplit(x, 2)
        with pytest.raises(ShapeError, match="vsplit got shape"):
            tg.vsplit(x[0], 2)
        with pytest.raises(ShapeError, match="unstack got a 0-d array"):
            tg.unstack(tg.tensor(1.0))
        with pytest.raises(AxisError, match="Axis 5 is not an axis"):
            tg.split(x, 2, 5)


class TestJoining:
    def test_along_every_axis(self):
        agrees(lambda a, b: np.concatenate((a, b), axis=-1), MATRIX, CUBE[0])
        agrees(lambda a, b: np.concatenate([a, b], None), MATRIX, ROW)
        agrees(lambda a, b: np.stack([a, b], axis=1), MATRIX, CUBE[1])
        agrees(lambda a, b: np.dstack([a, b]), MATRIX, CUBE[1])
        agrees(lambda a, b: np.dstack([a, b]), ROW, ROW + 1.0)
        agrees(lambda a, b: np.column_stack([a, b]), ROW[:4], MATRIX)
        agrees(lambda a, b: np.vstack([a, b]), ROW, MATRIX)
        agrees(lambda a, b: np.hstack([a, b]), MATRIX, CUBE[0])

    def test_dtype(self):
        y = np.concatenate([tg.tensor(ROW), tg.tensor(ROW)], dtype=np.float32)
        assert y.dtype == np.float32

    def test_whole_numbers_among_floats_do_not_move(self):
        y, t = tg.jvp(lambda x: tg.concatenate([x, np.array([5, 6])]), (ROW,), (ROW,))
        np.testing.assert_array_equal(y, [*ROW, 5.0, 6.0])
        np.testing.assert_array_equal(t, [*ROW, 0.0, 0.0])

    def test_append(self):
        agrees(lambda a, b: np.append(a, b), MATRIX, ROW)
        agrees(lambda a, b: np.append(a, b[None], axis=0), MATRIX, ROW)

    def test_block(self):
        a, b = MATRIX, ROW[None]
        agrees(lambda x, y: np.block([[x, x * 2], [np.zeros((1, 6)), y]]), a, b)
        agrees(lambda x: np.block([x, x]), ROW)
        agrees(lambda x: np.block(x), ROW)
        agrees(lambda x, y: np.block([[[x]], [[y * 2]]]), MATRIX, CUBE[0])
        agrees(lambda x: np.block([x[0], 1.0, x]), ROW)

    def test_block_of_lists_that_do_not_match(self):
        with pytest.raises(ShapeError, match="different depths"):
            tg.block([tg.zeros(1), [tg.zeros(1)]])
        with pytest.raises(ShapeError, match="empty"):
            tg.block([[]])
        with pytest.raises(ShapeError, match="tuple"):
            tg.block([(1.0, 2.0), tg.zeros(1)])


class TestRepeating:
    @pytest.mark.parametrize("repeats", [0, 1, 3, [2], [1, 0, 2, 3]])
    def test_repeat_along_an_axis(self, repeats):
        agrees(lambda x: np.repeat(x, repeats, axis=0), MATRIX)
        agrees(lambda x: np.repeat(x, repeats, axis=-2), CUBE)

    def test_repeat_in_a_row(self):
        agrees(lambda x: np.repeat(x, 2), MATRIX)
        agrees(lambda x: np.repeat(x, [1, 2, 0, 1, 1, 3]), ROW)

    @pytest.mark.parametrize("reps", [0, 2, (2,), (3, 2), (1, 2, 3), (2, 1, 1, 2)])
    def test_tile(self, reps):
        agrees(lambda x: np.tile(x, reps), MATRIX)
        agrees(lambda x: np.tile(x, reps), ROW)
        agrees(lambda x: np.tile(x, reps), np.array(2.0))

    @pytest.mark.parametrize("shape", [4, (2, 2), (3, 4), (5, 5), (0, 2), ()])
    def test_resize(self, shape):
        agrees(lambda x: np.resize(x, shape), ROW)
        same_values(np.resize(tg.zeros((0,)), shape), np.resize(np.zeros(0), shape))

    def test_refusals(self):
        with pytest.raises(ShapeError, match="repeat got 2 counts for axis 0"):
            tg.repeat(tg.tensor(ROW), [1, 2])
        with pytest.raises(ArgumentError, match="negative count: -1"):
            tg.repeat(tg.tensor(ROW), -1)
        with pytest.raises(ArgumentError, match="resize got the shape"):
            tg.resize(tg.tensor(ROW), (2, -1))


class TestTurning:
    @pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), ()])
    def test_flip(self, axis):
        agrees(lambda x: np.flip(x, axis), CUBE)

    def test_flips_of_matrices(self):
        agrees(np.fliplr, CUBE)
        agrees(np.flipud, ROW)

    @pytest.mark.parametrize(
        ("shift", "axis"),
        [(2, None), (-7, 0), (0, 1), ((1, 2), (0, 1)), ((1, 2), (1, 1)), (3, (0, 2)), ((1, 2), 0), ((1, 2), None)],
    )
    def test_roll(self, shift, axis):
        agrees(lambda x: np.roll(x, shift, axis), CUBE)

    @pytest.mark.parametrize("k", [-1, 0, 1, 2, 3, 4, 6])
    def test_rot90(self, k):
        agrees(lambda x: np.rot90(x, k), MATRIX)
        agrees(lambda x: np.rot90(x, k, axes=(2, 0)), CUBE)

    def test_refusals(self):
        with pytest.raises(AxisError, match="rot90 got axes=\\(0, 0\\)"):
            tg.rot90(tg.tensor(MATRIX), 1, (0, 0))
        with pytest.raises(ShapeError, match="fliplr got shape \\(6,\\)"):
            tg.fliplr(tg.tensor(ROW))
        with pytest.raises(ArgumentError, match="Several shifts need as many axes"):
            tg.roll(tg.tensor(CUBE), (1, 2), (0, 1, 2))
        with pytest.raises(AxisError, match="Axis 3 is not an axis"):
            tg.roll(tg.tensor(CUBE), 1, 3)


class TestTriangles:
    @pytest.mark.parametrize("k", [-9, -1, 0, 2, 9])
    def test_tril_triu(self, k):
        for x in (ROW, MATRIX, CUBE):
            agrees(lambda a: np.tril(a, k), x)
            agrees(lambda a: np.triu(a, k), x)

    @pytest.mark.parametrize("k", [-2, 0, 3])
    def test_diagonals(self, k):
        agrees(lambda a: np.diag(a, k), ROW)
        agrees(lambda a: np.diag(a, k), MATRIX)
        agrees(lambda a: np.diagflat(a, k), MATRIX)
        agrees(lambda a: np.diagonal(a, k), MATRIX)
        agrees(lambda a: np.diagonal(a, k, 2, 1), CUBE)
        agrees(lambda a: np.diagonal(a, offset=k, axis1=0, axis2=-1), CUBE)

    def test_infinities_outside_the_triangle_stay_outside(self):
        x = tg.tensor(np.where(np.tri(3), 1.0, np.inf), requires_grad=True)
        tg.tril(x).sum().backward()
        np.testing.assert_array_equal(x.grad, np.tri(3))

    def test_refusals(self):
        with pytest.raises(ShapeError, match="tril got a 0-d array"):
            tg.tril(tg.tensor(1.0))
        with pytest.raises(ShapeError, match="diag got shape"):
            tg.diag(tg.tensor(CUBE))
        with pytest.raises(ShapeError, match="diagonal got shape"):
            tg.diagonal(tg.tensor(ROW))
        with pytest.raises(AxisError, match="the same axis"):
            tg.diagonal(tg.tensor(MATRIX), 0, 1, -1)


class TestGrids:
    def test_linspace_between_tensors(self):
        a, b = np.array([0.5, 1.0]), np.array([[2.0, 3.0], [4.0, 7.0]])
        for options in ({}, {"endpoint": False}, {"axis": -1}, {"num": 1}, {"num": 0}):
            agrees(lambda x, y, o=options: np.linspace(x, y, **{"num": 4, **o}), a, b)
        _, step = np.linspace(tg.tensor(0.0), 1.0, 5, retstep=True)
        assert float(step) == 0.25
        assert np.linspace(tg.tensor(0.0), 9.0, 4, dtype=int).tolist() == [0, 3, 6, 9]

    def test_log_and_geometric_spacing(self):
        agrees(lambda x, y: np.logspace(x, y, 4), np.array(0.5), np.array(1.5))
        agrees(lambda x, y, b: np.logspace(x, y, 4, base=b), np.array(0.5), np.array(1.5), np.array([2.0, 3.0]))
        agrees(lambda x, y: np.geomspace(x, y, 4), np.array(0.5), np.array([8.0, 3.0]))
        agrees(lambda x, y: np.geomspace(x, y, 4), np.array(-0.5), np.array(-8.0))
        with pytest.raises(ArgumentError, match="different signs"):
            tg.geomspace(-1.0, 1.0)

    @pytest.mark.parametrize("options", [{}, {"sparse": True}, {"indexing": "ij"}, {"indexing": "ij", "sparse": True}])
    def test_meshgrid(self, options):
        agrees(lambda *xs: np.meshgrid(*xs, **options), ROW, ROW[:2], ROW[:3])
        agrees(lambda x: np.meshgrid(x, **options), ROW)
        agrees(lambda x, y: np.meshgrid(x, y, **options), np.array(2.0), ROW)
