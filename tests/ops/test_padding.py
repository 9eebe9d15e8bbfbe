"""Padding in all of NumPy's ways, under all forms of its arguments."""

from __future__ import annotations

import numpy as np
import pytest
from numpy_agreement import agrees, same_values

import tinygrad_loss as tg
from tinygrad_loss.errors import ArgumentError, UnknownNameError

RANDOM = np.random.default_rng(5)
SHAPES = [(4,), (1,), (2, 3), (3, 1, 2)]
MODES = {
    "constant": [{}, {"constant_values": 3.0}, {"constant_values": (1.0, 2.0)}],
    "edge": [{}],
    "wrap": [{}],
    "reflect": [{}, {"reflect_type": "odd"}],
    "symmetric": [{}, {"reflect_type": "odd"}],
    "linear_ramp": [{}, {"end_values": (1.0, -2.0)}],
    "maximum": [{}, {"stat_length": 2}],
    "minimum": [{}, {"stat_length": (1, 2)}],
    "mean": [{}, {"stat_length": 2}],
    "median": [{}, {"stat_length": 3}],
}
WAYS = [(mode, options) for mode, several in MODES.items() for options in several]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("mode", "options"), WAYS, ids=str)
def test_values_and_derivatives_are_numpys(mode, options, shape):
    x = RANDOM.normal(size=shape)
    for widths in (1, (2, 0), 7, [(k % 3, 2 * k + 1) for k in range(len(shape))]):
        agrees(lambda a, w=widths: np.pad(a, w, mode, **options), x)


@pytest.mark.parametrize(("mode", "options"), WAYS, ids=str)
def test_whole_numbers_stay_whole(mode, options):
    x = RANDOM.integers(-9, 9, (3, 4))
    whole = {k: np.asarray(v).astype(int) if k.endswith("values") else v for k, v in options.items()}
    same_values(np.pad(tg.tensor(x), (2, 5), mode, **whole), np.pad(x, (2, 5), mode, **whole))


@pytest.mark.parametrize(("mode", "options"), WAYS, ids=str)
def test_float32_stays(mode, options):
    x = tg.tensor([1.0, 2.0, 4.0], dtype="float32", requires_grad=True)
    y = tg.pad(x, 2, mode, **options)
    y.sum().backward()
    assert (y.dtype, x.grad.dtype) == (np.float32, np.float32)
    assert type(tg.pad(np.ones(3, np.float32), 2, mode, **options)) is np.ndarray


@pytest.mark.parametrize("widths", [1, [1], (1, 2), [(1, 2)], [(1, 2), (0, 3)], [[1], [2]], {0: 1}, {-1: (2, 0), 0: 3}])
def test_every_form_of_widths(widths):
    x = RANDOM.normal(size=(2, 3))
    if isinstance(widths, dict):  # NumPy takes a dict from 2.3 on
        full = [(0, 0), (0, 0)]
        for axis, width in widths.items():
            full[axis] = width if isinstance(width, tuple) else (width, width)
        same_values(tg.pad(tg.tensor(x), widths), np.pad(x, full))
    else:
        agrees(lambda a: np.pad(a, widths), x)


def test_constants_that_are_tensors_get_the_gradient_of_their_sides():
    x, values = RANDOM.normal(size=(2, 3)), RANDOM.normal(size=(2, 2))
    widths = ((1, 2), (3, 0))

    def padded(a, c):
        return tg.pad(a, widths, constant_values=c)

    np.testing.assert_array_equal(padded(tg.tensor(x), values).data, np.pad(x, widths, constant_values=values))
    assert tg.gradcheck(padded, [x, values])
    assert tg.gradgradcheck(padded, [x, values])
    c = tg.tensor(0.5, requires_grad=True)
    tg.pad(x, widths, constant_values=c).sum().backward()
    assert c.grad.item() == 5 * 6 - 2 * 3  # the area of the border
    assert tg.gradcheck(lambda a, e: tg.pad(a, 3, "linear_ramp", end_values=e), [x, np.array([0.3, -1.0])])


def test_a_constant_does_not_move_with_the_array():
    _, t = tg.jvp(lambda x: tg.pad(x, 1, constant_values=1), (np.array([1.0, 2.0]),), (np.array([3.0, 4.0]),))
    np.testing.assert_array_equal(t, [0.0, 3.0, 4.0, 0.0])


def test_equal_largest_elements_share_the_border():
    x = tg.tensor([1.0, 2.0, 2.0], requires_grad=True)
    tg.pad(x, (4, 0), "maximum").sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 3.0, 3.0])


def test_empty_mode_leaves_the_border_open():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = np.pad(x, 1, "empty")
    assert y.shape == (4,)
    np.testing.assert_array_equal(y.data[1:-1], [1.0, 2.0])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])


def test_no_border_is_a_copy():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = tg.pad(x, 0, "mean")
    assert not np.shares_memory(y.data, x.data)
    np.testing.assert_array_equal(y.data, x.data)


class TestRefusals:
    def test_an_unknown_mode(self):
        with pytest.raises(UnknownNameError, match="Could not interpret padding mode identifier: 'reflct'") as caught:
            tg.pad(tg.tensor([1.0]), 1, "reflct")
        assert "Did you mean 'reflect'" in str(caught.value)

    def test_an_argument_of_another_mode(self):
        with pytest.raises(ArgumentError, match=r"mode='edge' does not take constant_values=") as caught:
            tg.pad(tg.tensor([1.0]), 1, "edge", constant_values=2.0)
        assert "That is for mode 'constant'." in str(caught.value)

    @pytest.mark.parametrize("widths", [-1, 1.5, [(1, 2), (3, 4), (5, 6)]])
    def test_widths_that_are_none(self, widths):
        with pytest.raises(ArgumentError, match="pad got pad_width="):
            tg.pad(tg.zeros((2, 2)), widths)

    def test_a_function_as_the_mode(self):
        with pytest.raises(ArgumentError, match="cannot be recorded"):
            tg.pad(tg.tensor([1.0]), 1, lambda vector, width, axis, options: vector)

    def test_statistics_of_nothing(self):
        with pytest.raises(ArgumentError, match="stat_length=0"):
            tg.pad(tg.tensor([1.0]), 1, "mean", stat_length=0)

    def test_an_empty_axis_has_no_elements_to_repeat(self):
        with pytest.raises(ArgumentError, match="extend failed on shape"):
            tg.pad(tg.zeros((0, 2)), 1, "edge")

    def test_another_reflection(self):
        with pytest.raises(ArgumentError, match="reflect_type='both'"):
            tg.pad(tg.tensor([1.0, 2.0]), 1, "reflect", reflect_type="both")
