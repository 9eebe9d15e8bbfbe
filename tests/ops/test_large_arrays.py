"""What large arrays are computed by, held to what small ones are: masks on bits, blocks, rows at once."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.core.registry import functions
from tinygrad_loss.ops import accumulating, blocks, masks
from tinygrad_loss.ops.accumulating import accumulate
from tinygrad_loss.ops.blocks import in_blocks
from tinygrad_loss.ops.masks import at_least, at_most, either, kept, scaled, within

RANDOM = np.random.default_rng(0)
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan]


def numbers(count, dtype):
    x = RANDOM.normal(size=count).astype(dtype)
    x[: len(SPECIAL)] = SPECIAL
    return x


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f4"])
@pytest.mark.parametrize("count", [5, masks.MANY, masks.MANY + 3])
def test_masks_choose_what_where_chooses_to_the_bit(dtype, count):
    a, b = numbers(count, dtype), numbers(count, dtype)[::-1]
    mask = RANDOM.random(count) < 0.5
    for got, expected in ((kept(mask, a), np.where(mask, a, 0)), (either(mask, a, b), np.where(mask, a, b))):
        np.testing.assert_array_equal(got, expected)
        assert got.dtype == expected.dtype
    chosen = kept(mask, a)[mask]
    np.testing.assert_array_equal(np.signbit(chosen), np.signbit(a[mask]))


def bits(x):
    return x.astype(x.dtype.newbyteorder("=")).tobytes()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f4"])
@pytest.mark.parametrize("count", [len(SPECIAL), masks.MANY, masks.MANY + 3])
def test_slopes_and_bounds_are_numpys_to_the_bit(dtype, count):
    x, t = numbers(count, dtype), numbers(count, dtype)[::-1].copy()
    for a, b in ((1.0, 0.2), (0.1, -3.0), (-1.0, 0.0)):
        with np.errstate(invalid="ignore"):  # 0 times infinity
            pairs = [(scaled(x > 0, t, a, b), np.where(x > 0, a * t, b * t))]
        pairs.append((either(x > 0, t, b), np.where(x > 0, t, b)))
        for got, expected in pairs:
            assert got.dtype == expected.dtype
            assert bits(got) == bits(expected)
    for got, expected in (
        (at_least(x, 0), np.maximum(x, 0)),
        (at_least(x, -0.5), np.maximum(x, -0.5)),
        (at_most(x, 0.5), np.minimum(x, 0.5)),
        (within(x, -0.5, 0.25), np.maximum(np.minimum(x, 0.25), -0.5)),
    ):
        assert got.dtype == expected.dtype
        assert bits(got) == bits(expected)


def test_masks_broadcast():
    mask = RANDOM.random((200, 100)) < 0.5
    for x in (numbers(100, "float32"), numbers(200, "float32")[:, None], np.float32(3), numbers(100, "float32")[::-1]):
        np.testing.assert_array_equal(kept(mask, x), np.where(mask, x, 0))
        np.testing.assert_array_equal(either(mask, x, x + 1), np.where(mask, x, x + 1))
        np.testing.assert_array_equal(scaled(mask, x, 1.0, 2.0), np.where(mask, x, 2 * x))


def test_blocks_give_what_the_whole_gives():
    def formula(x, y):
        return np.exp(x) * y + 1

    x, y = numbers(blocks.MANY + 7, "float32"), numbers(blocks.MANY + 7, "float32")
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(in_blocks(formula, x, y), formula(x, y))
        part = in_blocks(formula, x[::2], y[::2])
        np.testing.assert_array_equal(part, formula(x, y)[::2])
        assert in_blocks(formula, x.reshape(-1, 1), y.reshape(-1, 1)).shape == (len(x), 1)
        assert in_blocks(formula, x, 2.0).shape == x.shape


@pytest.mark.parametrize("name", ["sigmoid", "relu", "leaky_relu", "huber", "threshold", "hard_shrink", "elu", "log1p"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_parts_are_to_the_bit_what_the_whole_is(name, dtype):
    rest = (0.1, 0.5) if name == "threshold" else ()
    x = numbers(blocks.MANY + 3, dtype)
    with np.errstate(all="ignore"):
        whole = functions[name](tg.Tensor(x, requires_grad=True), *rest)
        for part in (slice(0, 9), slice(blocks.BLOCK - 5, blocks.BLOCK + 5), slice(-7, None), slice(0, -1, 2)):
            assert bits(functions[name](tg.Tensor(x[part]), *rest).data) == bits(whole.data[part])


@pytest.mark.parametrize("shape", [(3, 30_000), (1001, 77), (5, 200, 70), (90_000, 1), (70_000,)])
def test_rows_are_scaled_as_by_broadcasting(shape):
    x = RANDOM.normal(size=shape).astype("float32")
    gamma, beta = RANDOM.normal(size=(2, shape[-1])).astype("float32")
    np.testing.assert_array_equal(blocks.scaled_rows(x, gamma, beta), x * gamma + beta)
    np.testing.assert_array_equal(blocks.scaled_rows(x[::-1], gamma, beta), x[::-1] * gamma + beta)
    for other in (gamma[0], gamma.astype(float), x):
        np.testing.assert_array_equal(blocks.scaled_rows(x, other, beta), x * other + beta)


@pytest.mark.parametrize("ufunc", [np.add, np.maximum, np.minimum])
@pytest.mark.parametrize(
    "shape", [(50, 100), (50, 3), (50, 100, 2), (9000,)], ids=lambda shape: "x".join(map(str, shape))
)
@pytest.mark.parametrize("crowd", [1, 7, 50])
def test_rows_accumulate_as_ufunc_at_does(ufunc, shape, crowd):
    start = RANDOM.normal(size=shape).astype("float32")
    rows = RANDOM.integers(-crowd, crowd, 200)
    x = RANDOM.normal(size=(200, *shape[1:])).astype("float32")
    expected = start.copy()
    ufunc.at(expected, rows, x)
    np.testing.assert_array_equal(accumulate(ufunc, start.copy(), (rows,), x), expected)


def test_distinct_rows_and_several_axes_accumulate_as_ufunc_at_does():
    start = RANDOM.normal(size=(100, 90))
    rows, x = RANDOM.permutation(100), RANDOM.normal(size=(100, 90))
    expected = start.copy()
    np.add.at(expected, rows, x)
    np.testing.assert_array_equal(accumulate(np.add, start.copy(), (rows,), x), expected)
    pairs = RANDOM.integers(-100, 100, (60, 1)), RANDOM.integers(-90, 90, 70)
    values = RANDOM.normal(size=(60, 70))
    np.add.at(expected := start.copy(), pairs, values)
    np.testing.assert_array_equal(accumulate(np.add, start.copy(), pairs, values), expected)


@pytest.mark.parametrize("index", [3, -4])
def test_an_index_out_of_range_does_not_reach_the_next_row(index):
    with pytest.raises(IndexError):
        accumulate(np.add, np.zeros((3, 3)), (np.array([0]), np.array([index])), np.ones(1))
    x = np.zeros((accumulating.MANY, 3))
    with pytest.raises(IndexError):
        tg.take_along_axis(x, np.full((len(x), 1), index), axis=1)


@pytest.mark.parametrize("index", [3, -4])
def test_nor_does_one_of_many(index):
    many = np.zeros(accumulating.FEW + 1, int)
    with pytest.raises(IndexError):
        accumulate(np.add, np.zeros((3, 3)), (many, np.where(many == 0, index, 0)), np.ones(many.size))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64])
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_narrow_indices_number_elements_of_large_arrays(dtype, axis):
    x = RANDOM.normal(size=(90, 8, 100))
    index = RANDOM.integers(0, 8, (90, 8, 100)).astype(dtype)
    np.testing.assert_array_equal(tg.take_along_axis(x, index, axis), np.take_along_axis(x, index, axis))
    np.testing.assert_array_equal(
        tg.take_along_axis(x, index[:, :1, :1], axis), np.take_along_axis(x, index[:, :1, :1], axis)
    )
    rows = RANDOM.integers(0, 90, 600).astype(dtype)
    np.add.at(expected := x.copy(), rows, 1.0)
    values = np.ones((600, 8, 100))
    np.testing.assert_array_equal(accumulate(np.add, x.copy(), (rows,), values), expected)


@pytest.mark.parametrize("shape", [(4, 3), (120, 80)])
def test_of_rows_assigned_twice_the_last_gets_the_gradient(shape):
    rows = RANDOM.integers(0, shape[0], shape[0])
    x, v = (tg.tensor(RANDOM.normal(size=shape), requires_grad=True) for _ in range(2))
    tg.index_set(x, rows, v).sum().backward()
    last = {row: number for number, row in enumerate(rows.tolist())}
    kept_rows = np.isin(np.arange(len(rows)), list(last.values()))
    np.testing.assert_array_equal(v.grad, np.broadcast_to(kept_rows[:, None], shape))
    np.testing.assert_array_equal(x.grad, np.broadcast_to(~np.isin(np.arange(shape[0]), rows)[:, None], shape))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "bool"])
def test_what_is_finite_is_copied_and_absolute_values_are_floats(dtype):
    x = np.array([3, -2, 0, 1]).astype(dtype)
    y = tg.Tensor(x)
    copied = tg.nan_to_num(y)
    np.testing.assert_array_equal(copied.data, np.nan_to_num(x))
    assert copied.dtype == x.dtype
    assert not np.shares_memory(copied.data, y.data)
    sizes = tg.fabs(y) if dtype != "bool" else tg.fabs(x)
    np.testing.assert_array_equal(np.asarray(sizes), np.fabs(x))
    assert sizes.dtype == np.fabs(x).dtype
    if y.dtype.kind == "f":
        special = numbers(9, dtype)
        np.testing.assert_array_equal(
            tg.nan_to_num(tg.Tensor(special), 1.0, 2.0).data, np.nan_to_num(special, True, 1.0, 2.0)
        )
        assert bits(tg.fabs(tg.Tensor(special)).data) == bits(np.fabs(special))


@pytest.mark.parametrize("deg", [False, True])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_angles_are_numpys(dtype, deg):
    x = numbers(50, dtype)
    got = tg.angle(tg.Tensor(x), deg)
    np.testing.assert_array_equal(got.data, np.angle(x, deg))
    assert got.dtype == np.angle(x, deg).dtype


LARGE = 70_000
FUNCTIONS = """relu sigmoid leaky_relu elu celu selu relu6 softplus log_sigmoid hard_sigmoid hard_tanh hard_shrink
soft_shrink gelu sparse_sigmoid huber log_cosh erf i0 i1 degrees radians sinc nan_to_num softsign""".split()


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_functions_of_large_arrays(name, dtype):
    function = functions[name]
    values = (3 * RANDOM.normal(size=LARGE)).astype(dtype)
    whole = tg.Tensor(values, requires_grad=True)
    y = function(whole)
    y.sum().backward()
    few = slice(0, 500)
    small = tg.Tensor(values[few], requires_grad=True)
    again = function(small)
    again.sum().backward()
    tolerance = {"rtol": 1e-6, "atol": 1e-7} if dtype == "float32" else {"rtol": 1e-14, "atol": 1e-15}
    np.testing.assert_allclose(y.data[few], again.data, **tolerance)
    np.testing.assert_allclose(whole.grad.data[few], small.grad.data, **tolerance)
    assert y.dtype == whole.grad.dtype == np.dtype(dtype)


@pytest.mark.parametrize("options", [{}, {"constant_values": 2.0}, {"constant_values": ((1.0, 2.0), (3.0, 4.0))}])
def test_constant_borders_are_numpys(options):
    x = RANDOM.normal(size=(3, 4))
    for widths in (2, ((1, 0), (0, 3)), ((2, 1), (1, 2))):
        np.testing.assert_array_equal(tg.pad(x, widths, **options), np.pad(x, widths, **options))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("shape", [(64,), (1, 1, 64), (16, 64), (16, 1), (1,), ()])
def test_large_arrays_summed_to_a_shape(dtype, shape):
    x = np.random.default_rng(0).normal(size=(32, 16, 64)).astype(dtype)
    lead = x.ndim - len(shape)
    axes = (*range(lead), *(lead + i for i, n in enumerate(shape) if n == 1))
    exact = x.astype(np.longdouble).sum(axis=axes).reshape(shape)
    found = tg.sum_to(x, shape)
    assert (found.shape, found.dtype) == (shape, dtype)
    size = np.abs(x.astype(np.longdouble)).sum(axis=axes).reshape(shape)
    assert np.all(np.abs(found - exact) <= size * np.finfo(dtype).eps * 4)
    strange = x[::-1, :, ::2]
    np.testing.assert_allclose(tg.sum_to(strange, (32,)), strange.sum(axis=(0, 1)), rtol=1e-3, atol=dtype(0.5))
