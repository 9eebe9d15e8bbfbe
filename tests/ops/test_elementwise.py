"""Elementwise ops at kinks, at the ends of their domains and of the floating numbers, and composed of others."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.errors import ArgumentError, DTypeError, ShapeError

INF, NAN = math.inf, math.nan


def gradients(f, *values):
    """The gradient of the sum of f(...) by each value."""
    xs = [tg.tensor(np.asarray(x, float), requires_grad=True) for x in values]
    y = f(*xs)
    y.backward(np.ones(y.shape))
    return [np.zeros(x.shape) if x.grad is None else x.grad.numpy() for x in xs]


def derivatives(f, x, order):
    """The derivatives of an elementwise f at x, of orders 0 to `order`."""
    x = tg.tensor(np.asarray(x, float), requires_grad=True)
    y = f(x)
    found = [y.detach().numpy()]
    for _ in range(order):
        x.grad = None
        y.sum().backward(create_graph=True)
        y = x.grad
        found.append(y.detach().numpy())
    return found


AT_KINKS = [
    # name, function, inputs, gradient by each input: the conventions that the docstrings state
    ("abs", np.abs, [[-2.0, 0.0, 3.0]], [[-1, 0, 1]]),
    ("fabs", np.fabs, [[-2.0, 0.0, 3.0]], [[-1, 0, 1]]),
    ("sign", lambda x: np.sign(x) * x, [[-2.0, 0.0]], [[-1, 0]]),
    ("maximum", np.maximum, [[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]], [[0, 0.5, 1], [1, 0.5, 0]]),
    ("minimum", np.minimum, [[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]], [[1, 0.5, 0], [0, 0.5, 1]]),
    ("fmax", np.fmax, [[NAN, 1.0, 2.0], [1.0, NAN, 2.0]], [[0, 1, 0.5], [1, 0, 0.5]]),
    ("fmin", np.fmin, [[NAN, 1.0, 2.0], [1.0, NAN, 2.0]], [[0, 1, 0.5], [1, 0, 0.5]]),
    ("sqrt at 0", np.sqrt, [[0.0, 4.0]], [[INF, 0.25]]),
    ("cbrt at 0", np.cbrt, [[0.0, -8.0]], [[INF, 1 / 12]]),
    ("hypot at 0", np.hypot, [[0.0, 3.0, 0.0], [0.0, 4.0, -2.0]], [[0, 0.6, 0], [0, 0.8, -1]]),
    ("arctan2 at 0", np.arctan2, [[0.0, 1.0], [0.0, 1.0]], [[0, 0.5], [0, -0.5]]),
    ("copysign at 0", np.copysign, [[0.0, -1.0, 2.0], [-1.0, 2.0, -3.0]], [[0, -1, -1], [0, 0, 0]]),
    ("heaviside", np.heaviside, [[-1.0, 0.0, 1.0], [0.5, 0.5, 0.5]], [[0, 0, 0], [0, 1, 0]]),
    ("remainder", np.remainder, [[5.0, -5.0], [3.0, 3.0]], [[1, 1], [-1, 2]]),
    ("fmod", np.fmod, [[5.0, -5.0], [3.0, 3.0]], [[1, 1], [-1, 1]]),
    ("fmod of 0.3 by 0.1", np.fmod, [[0.3], [0.1]], [[1], [-2]]),
    ("nan_to_num", np.nan_to_num, [[1.0, NAN, INF, -INF]], [[1, 0, 0, 0]]),
    ("ldexp", lambda x: np.ldexp(x, [1, -1]), [[3.0, 3.0]], [[2, 0.5]]),
    ("arcsin at 1", np.arcsin, [[1.0, 0.0]], [[INF, 1]]),
    ("arccosh at 1", np.arccosh, [[1.0]], [[INF]]),
]


@pytest.mark.parametrize(("f", "inputs", "expected"), [case[1:] for case in AT_KINKS], ids=[c[0] for c in AT_KINKS])
def test_gradient_at_a_kink(f, inputs, expected):
    for got, wanted in zip(gradients(f, *inputs), expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-14)


class TestClip:
    @pytest.mark.parametrize("x", [-1.0, 0.0, 0.5, 1.0, 2.0])
    def test_bounds_are_inclusive_and_get_what_x_does_not(self, x):
        got = gradients(np.clip, x, 0.0, 1.0)
        inside = 0.0 <= x <= 1.0
        assert got == [inside, x < 0.0, x > 1.0]

    def test_the_upper_bound_wins_where_bounds_cross(self):
        assert gradients(np.clip, 0.5, 1.0, 0.0) == [0, 0, 1]
        assert tg.clip(tg.tensor(0.5), 1.0, 0.0).item() == np.clip(0.5, 1.0, 0.0)

    def test_each_bound_may_be_left_out_under_either_name(self):
        x = tg.tensor([-3.0, 0.5, 3.0])
        for y in (np.clip(x, None, 1.0), np.clip(x, max=1.0), tg.clip(x, a_max=1.0), x.data.clip(None, 1.0)):
            assert y.tolist() == [-3.0, 0.5, 1.0]
        assert np.clip(x, 0.0, None).tolist() == tg.clip(x, min=0.0).tolist() == [0.0, 0.5, 3.0]

    @pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint8, np.float32, np.float16])
    def test_keeps_the_dtype(self, dtype):
        x = np.array([1, 5, 9], dtype)
        y = tg.clip(tg.tensor(x), None, 6)
        assert y.dtype == dtype
        assert y.tolist() == [1, 5, 6]


class TestPower:
    def test_whole_exponents_of_any_base(self):
        a = np.array([-2.0, 0.0, 3.0])
        for b in (0, 1, 2, 3, 0.0, 2.0, np.float64(3.0), np.array([3.0]), np.array([2])):
            (got,) = gradients(lambda a, b=b: a**b, a)
            with np.errstate(all="ignore"):
                expected = np.where(np.asarray(b) == 0, 0, b * a ** (np.asarray(b, float) - 1.0))
            np.testing.assert_allclose(got, expected)

    def test_at_base_zero(self):
        a, b = [0.0, 0.0, 0.0, 0.0], [0.0, 0.5, 1.0, 2.0]
        by_a, by_b = gradients(np.power, a, b)
        assert by_a.tolist() == [0.0, INF, 1.0, 0.0]
        assert by_b.tolist() == [0.0, 0.0, 0.0, 0.0]

    def test_of_infinity(self):
        assert gradients(lambda a: a**0, [INF, 1.0])[0].tolist() == [0.0, 0.0]

    def test_a_negative_base_has_no_derivative_by_its_exponent(self):
        by_a, by_b = gradients(np.power, [-2.0], [3.0])
        assert by_a == [12.0]
        assert np.isnan(by_b)

    def test_second_derivatives_where_the_exponent_is_zero(self):
        def mixed(a, b):
            a, b = (tg.tensor(v, requires_grad=True) for v in (a, b))
            (a**b).backward(create_graph=True)
            slope, b.grad = a.grad, None
            slope.backward()
            return b.grad.item()

        assert mixed(2.0, 0.0) == pytest.approx(0.5)  # d/db (b·aᵇ⁻¹) = 1/a at b = 0

    def test_derivatives_of_every_order(self):
        values = derivatives(lambda x: x**3, [0.0, 2.0], 5)
        expected = [[0, 8], [0, 12], [0, 12], [6, 6], [0, 0], [0, 0]]
        np.testing.assert_allclose(values, expected)

    def test_integers_to_negative_powers_are_explained(self):
        with pytest.raises(DTypeError) as caught:
            tg.tensor([1, 2]) ** -1
        assert str(caught.value).split("\n  ") == [
            "power cannot raise int64 to the negative exponent -1.",
            "Integers to negative integer powers are not integers.",
            "Make one of them a float: x.astype(float) ** b, or x ** -1.0.",
        ]
        assert np.float_power(tg.tensor([2, 4]), -1).tolist() == [0.5, 0.25]

    def test_shapes_that_do_not_broadcast_are_explained_as_such(self):
        with pytest.raises(ShapeError, match=r"power cannot combine shapes \(2,\) and \(3,\)"):
            tg.tensor([1.0, 2.0]) ** np.array([1, 2, 3])


class TestAccuracy:
    """Where the formula neither overflows nor cancels, the rules do not either."""

    def test_expm1_keeps_the_digits_of_its_slope(self):
        np.testing.assert_allclose(gradients(np.expm1, [-50.0, 1e-20])[0], [math.exp(-50), 1.0], rtol=1e-14)

    def test_huge_and_tiny_sides(self):
        np.testing.assert_allclose(gradients(np.hypot, [3e200, 3e-200], [4e200, 4e-200]), [[0.6] * 2, [0.8] * 2])
        by_a, by_b = gradients(np.arctan2, [1e200, 1e-200], [1e200, 1e-200])
        np.testing.assert_allclose(by_a, [0.5e-200, 0.5e200])
        np.testing.assert_allclose(by_b, [-0.5e-200, -0.5e200])

    @pytest.mark.parametrize(("f", "slope"), [(np.arcsin, 1), (np.arccos, -1)])
    def test_close_to_the_end_of_a_domain(self, f, slope):
        d = 2.0**-50  # 1 - x² = d(2 - d), where 1 - x * x would have two digits left
        np.testing.assert_allclose(gradients(f, [1 - d])[0], slope / math.sqrt(d * (2 - d)), rtol=1e-14)

    def test_inverse_hyperbolic_functions_of_huge_numbers(self):
        x = np.array([1e160, 1e300])
        np.testing.assert_allclose(gradients(np.arcsinh, x)[0], 1 / x, rtol=1e-14)
        np.testing.assert_allclose(gradients(np.arccosh, x)[0], 1 / x, rtol=1e-14)

    @pytest.mark.parametrize(("f", "base"), [(np.logaddexp, math.e), (np.logaddexp2, 2.0)])
    def test_sums_of_exponentials_that_would_overflow(self, f, base):
        a, b = [1000.0, -1000.0, 800.0, 0.0], [1000.0, -1000.0, -800.0, 1.0]
        by_a, by_b = gradients(f, a, b)
        np.testing.assert_allclose(by_a, [0.5, 0.5, 1.0, 1 / (1 + base)], rtol=1e-12)
        np.testing.assert_allclose(by_a + by_b, 1.0, rtol=1e-12)
        second = derivatives(lambda x: f(x, np.array([1000.0, -1000.0])), [1000.0, -1000.0], 2)[2]
        np.testing.assert_allclose(second, math.log(base) / 4, rtol=1e-12)

    @pytest.mark.parametrize("f", [np.logaddexp, np.logaddexp2])
    def test_infinite_terms(self, f):
        by_a, by_b = gradients(f, [-INF, -INF, INF, 0.0], [-INF, 0.0, 0.0, INF])
        assert by_a.tolist() == [0, 0, 1, 0]
        assert by_b.tolist() == [0, 1, 0, 1]

    def test_sinc_is_smooth_at_zero(self):
        x = np.array([0.0, 1e-12, 1e-4, 0.1, 0.3, 0.31, 0.5, 1.0, 2.7, 40.0])
        found = derivatives(np.sinc, x, 4)
        for order, got in enumerate(found):
            # the n-th derivative of ∫₀¹ cos(πxt) dt, by Gauss-Legendre quadrature
            nodes, weights = np.polynomial.legendre.leggauss(120)
            t, w = (nodes + 1) / 2, weights / 2
            expected = ((math.pi * t) ** order * np.cos(math.pi * np.outer(x, t) + order * math.pi / 2)) @ w
            np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


class TestComposed:
    def test_divmod(self):
        a, b = tg.tensor([7.0, -7.0], requires_grad=True), tg.tensor(2.0, requires_grad=True)
        for quotient, rest in (np.divmod(a, b), tg.divmod(a, b)):
            assert not quotient.requires_grad
            assert quotient.tolist() == [3.0, -4.0]
            assert rest.tolist() == [1.0, 1.0]
        rest.sum().backward()
        assert a.grad.tolist() == [1.0, 1.0]
        assert b.grad.item() == 1.0  # -⌊7/2⌋ - ⌊-7/2⌋

    def test_modf_and_frexp(self):
        x = tg.tensor([3.25, -0.75, INF], requires_grad=True)
        for f in (np.modf, np.frexp):
            for mine, numpys in zip(f(x), f(np.array(x.data)), strict=True):
                np.testing.assert_array_equal(mine.data, numpys)
        (fraction, whole), (mantissa, exponent) = np.modf(x[:2]), np.frexp(x[:2])
        assert not whole.requires_grad
        assert not exponent.requires_grad
        (fraction + 8 * mantissa).sum().backward()
        assert x.grad.tolist() == [1 + 8 / 4, 1 + 8.0, 0.0]

    def test_select_takes_the_first_condition_that_holds(self):
        x = tg.tensor([-2.0, 0.5, 3.0, 9.0], requires_grad=True)
        y = np.select([x < 0, x > 5, x > 1], [-x, x * x, 2 * x], default=7.0)
        assert y.tolist() == [2.0, 7.0, 6.0, 81.0]
        y.sum().backward()
        assert x.grad.tolist() == [-1.0, 0.0, 2.0, 18.0]

    def test_select_is_refused_without_pairs(self):
        x = tg.tensor([1.0])
        for conditions, choices in (([x > 0], []), ([], [])):
            with pytest.raises(ArgumentError, match=f"select got {len(conditions)} conditions and 0 choices"):
                tg.select(conditions, choices)

    def test_where_with_a_condition_alone_gives_its_places(self):
        x = tg.tensor([[1.0, 0.0], [0.0, 2.0]], requires_grad=True)
        for call in (np.where, tg.where):
            assert [places.tolist() for places in call(x > 0)] == [[0, 1], [0, 1]]
            with pytest.raises((ArgumentError, ValueError), match=r"where got one of the two|either both or neither"):
                call(x > 0, x)

    def test_where_leaves_a_safe_branch_alone(self):
        x = tg.tensor([-1.0, 2.0], requires_grad=True)
        np.where(x > 0, np.log(np.where(x > 0, x, 1)), 0).sum().backward()
        assert x.grad.tolist() == [0.0, 0.5]

    def test_float_power_computes_in_double_precision(self):
        x = tg.tensor([2.0, 3.0], dtype="float32", requires_grad=True)
        y = np.float_power(x, 2)
        assert y.dtype == np.float64
        y.sum().backward()
        assert x.grad.dtype == np.float32
        assert x.grad.tolist() == [4.0, 6.0]


ALIASES = """acos=arccos acosh=arccosh asin=arcsin asinh=arcsinh atan=arctan atan2=arctan2 atanh=arctanh pow=power
mod=remainder abs=absolute true_divide=divide conj=conjugate deg2rad=radians rad2deg=degrees around=round fix=trunc
amax=max amin=min bitwise_not=invert bitwise_invert=invert bitwise_left_shift=left_shift
bitwise_right_shift=right_shift"""


@pytest.mark.parametrize("pair", ALIASES.split())
def test_other_names(pair):
    other, name = pair.split("=")
    assert getattr(tg, other) is getattr(tg, name)
    x = np.array([1, 2, 3]) if "bit" in other else np.array([0.25, 0.5, 0.75]) + (other == "acosh")
    arguments = (x, x)[: 1 + (other in ("atan2", "pow", "mod", "true_divide") or "shift" in other)]
    numpys = getattr(np, other)(*arguments)
    np.testing.assert_array_equal(getattr(np, other)(*map(tg.tensor, arguments)).data, numpys)


@pytest.mark.parametrize(
    "name", ["exp", "sqrt", "sin", "tanh", "log1p", "cbrt", "degrees", "sinc", "fabs", "reciprocal"]
)
@pytest.mark.parametrize("dtype", [int, bool, np.float16, np.float32])
def test_results_have_numpys_dtype(name, dtype):
    x = np.array([1, 1], dtype)
    assert getattr(tg, name)(tg.tensor(x)).dtype == getattr(np, name)(x).dtype


def test_float32_gradients_of_integer_exponents_and_float64_partners():
    x = tg.tensor([1.0, 2.0], dtype="float32", requires_grad=True)
    y = (x ** np.array([2, 3])) * np.array([1.0, 2.0]) + np.logaddexp(x, np.float64(0.5))
    y.sum().backward()
    assert x.grad.dtype == np.float32


def test_steps_carry_no_graph():
    x = tg.tensor([1.5, -2.5], requires_grad=True)
    for name in "floor ceil trunc rint round fix sign signbit isnan isinf isfinite spacing imag angle".split():
        assert not getattr(np, name)(x).requires_grad, name
    for f in (np.floor_divide, np.equal, np.greater, np.isclose, np.logical_xor):
        assert not f(x, 2.0).requires_grad
    assert np.real(x).requires_grad
    assert np.conj(x).requires_grad


def test_isclose_takes_tolerances():
    x = tg.tensor([1.0, NAN])
    assert np.isclose(x, [1.05, NAN], rtol=0.1).tolist() == [True, False]
    assert tg.isclose(x, [1.05, NAN], atol=0.1, equal_nan=True).tolist() == [True, True]


def test_bits_of_floats_are_refused_by_name():
    with pytest.raises(DTypeError, match="bitwise_and failed"):
        np.bitwise_and(tg.tensor([1.0]), 1)
