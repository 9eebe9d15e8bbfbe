"""x.at[index]: values as NumPy's ufunc.at has them, gradients to both sides, repeated places included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_loss as tg
from tinygrad_loss.errors import DTypeError, IndexingError

RANDOM = np.random.default_rng(21)
MATRIX = RANDOM.uniform(0.5, 2.0, (3, 4))
UFUNCS = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "power": np.power,
    "max": np.maximum,
    "min": np.minimum,
}
INDICES = {
    "number": (1, (4,)),
    "slice": (slice(0, None, 2), (2, 4)),
    "column": ((slice(None), -1), (3,)),
    "all": (Ellipsis, (3, 4)),
    "mask": (MATRIX > 1.0, (int((MATRIX > 1.0).sum()),)),
    "rows": ([2, 0], (2, 4)),
    "rows again": ([2, 0, 2, 2], (4, 4)),
    "pairs again": (([0, 1, 0, 0, 1], [1, 2, 1, -3, 2]), (5,)),
    "new axis": ((None, [1, 1], slice(0, 2)), (1, 2, 2)),
    "nothing": (np.zeros(0, int), (0, 4)),
}


@pytest.mark.parametrize("name", UFUNCS)
@pytest.mark.parametrize("kind", INDICES)
class TestEveryIndex:
    def test_values_are_those_of_ufunc_at(self, name, kind):
        index, shape = INDICES[kind]
        for v in (RANDOM.uniform(0.5, 2.0, shape), 1.3):
            expected = MATRIX.copy()
            UFUNCS[name].at(expected, index, v)
            got = getattr(tg.at(tg.tensor(MATRIX))[index], name)(v)
            assert isinstance(got, tg.Tensor)
            np.testing.assert_allclose(got.data, expected, rtol=1e-12)
            on_array = getattr(tg.at(MATRIX)[index], name)(v)
            assert type(on_array) is np.ndarray
            np.testing.assert_allclose(on_array, expected, rtol=1e-12)

    def test_first_and_second_derivatives(self, name, kind):
        index, shape = INDICES[kind]
        v = RANDOM.uniform(0.5, 2.0, shape) if 0 not in shape else np.array(1.3)

        def changed(x, values):
            return getattr(tg.at(x)[index], name)(values)

        assert tg.gradcheck(changed, [MATRIX, v], atol=1e-6)
        assert tg.gradgradcheck(lambda x, values: changed(x, values) ** 2, [MATRIX, v], atol=1e-4)

    def test_float32_stays(self, name, kind):
        index, _ = INDICES[kind]
        x = tg.tensor(MATRIX, dtype="float32", requires_grad=True)
        y = getattr(tg.at(x)[index], name)(1.5)
        y.sum().backward()
        assert (y.dtype, x.grad.dtype) == (np.float32, np.float32)


@pytest.mark.parametrize("kind", INDICES)
def test_set_and_get(kind):
    index, shape = INDICES[kind]
    v, expected = RANDOM.normal(size=shape), MATRIX.copy()
    expected[index] = v
    x = tg.tensor(MATRIX, requires_grad=True)
    np.testing.assert_array_equal(tg.at(x)[index].set(v).data, expected)
    np.testing.assert_array_equal(tg.at(x)[index].get().data, MATRIX[index])
    np.testing.assert_array_equal(x.data, MATRIX)
    assert tg.gradcheck(lambda a: tg.at(a)[index].set(v), [MATRIX])
    if v.size:
        assert tg.gradcheck(lambda b: tg.at(MATRIX)[index].set(b), [v])
    np.testing.assert_allclose(tg.at(x)[index].apply(np.square).data[index], (MATRIX**2)[index])


def test_the_property_says_the_same():
    x = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x.at[1:].add(10.0)
    np.testing.assert_array_equal(y.data, [1.0, 12.0, 13.0])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 1.0, 1.0])


def test_repeated_places_add_up_and_multiply():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    v = tg.tensor([3.0, 5.0, 7.0], requires_grad=True)
    y = tg.at(x)[[1, 1, 0]].multiply(v)
    np.testing.assert_array_equal(y.data, [7.0, 30.0])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [7.0, 15.0])
    np.testing.assert_array_equal(v.grad, [10.0, 6.0, 1.0])


def test_a_product_with_zeros_has_the_right_second_derivative():
    x, v = np.array([2.0]), np.array([0.0, 0.0, 3.0])
    h = tg.hessian(lambda values: tg.at(x)[[0, 0, 0]].multiply(values).sum())(v)
    np.testing.assert_array_equal(h, [[0.0, 6.0, 0.0], [6.0, 0.0, 0.0], [0.0, 0.0, 0.0]])


def test_what_is_equally_large_shares_the_gradient():
    x = tg.tensor([2.0, 1.0], requires_grad=True)
    v = tg.tensor([2.0, 2.0, 0.0], requires_grad=True)
    tg.at(x)[[0, 0, 1]].max(v).sum().backward()
    np.testing.assert_allclose(x.grad, [1 / 3, 1.0])
    np.testing.assert_allclose(v.grad, [1 / 3, 1 / 3, 0.0])


def test_whole_numbers_do_not_move():
    for name in ("add", "subtract", "set"):
        _, t = tg.jvp(lambda x, n=name: getattr(tg.at(x)[0], n)(1), (np.array([1.0, 2.0]),), (np.array([5.0, 6.0]),))
        np.testing.assert_array_equal(t, [0.0 if name == "set" else 5.0, 6.0])


def test_refusals():
    x = tg.tensor([1, 2])
    with pytest.raises(DTypeError, match="cannot put a value with a gradient into an array of int64"):
        tg.at(x)[0].add(tg.tensor(1.5, requires_grad=True))
    with pytest.raises(IndexingError, match="Index 5 is out of range"):
        tg.at(tg.tensor([1.0]))[[5]].add(1.0)


@settings(deadline=None, max_examples=60)
@given(
    places=st.lists(st.integers(-5, 4), max_size=20),
    name=st.sampled_from(["add", "multiply", "divide", "max", "min"]),
)
def test_any_mentions_of_any_places(places, name):
    x, v = RANDOM.uniform(0.5, 2.0, 5), RANDOM.uniform(0.5, 2.0, len(places))
    index, expected = np.array(places, int), x.copy()
    UFUNCS[name].at(expected, index, v)
    np.testing.assert_allclose(getattr(tg.at(tg.tensor(x))[index], name)(v).data, expected, rtol=1e-10)
    assert tg.gradcheck(lambda a: getattr(tg.at(a)[index], name)(v), [x], atol=1e-5)
    if places:
        assert tg.gradcheck(lambda b: getattr(tg.at(x)[index], name)(b), [v], atol=1e-5)


@pytest.mark.parametrize("name", ["add", "max", "min"])
@pytest.mark.parametrize("crowd", [400, 150, 20])
def test_many_wide_rows_are_written_as_ufunc_at_writes_them(name, crowd):
    random = np.random.default_rng(3)
    x, v = (random.normal(size=(400, 100)).astype(np.float32) for _ in range(2))
    rows = random.integers(0, crowd, 400)
    expected = x.copy()
    {"add": np.add, "max": np.maximum, "min": np.minimum}[name].at(expected, rows, v)
    np.testing.assert_array_equal(getattr(tg.at(x)[rows], name)(v), expected)
