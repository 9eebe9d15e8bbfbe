"""Random draws: NumPy's numbers for the same seed, the right distributions, and derivatives by their parameters."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.core.hooks import Observer
from tinygrad_loss.errors import ArgumentError, NoRuleError, ShapeError
from tinygrad_loss.modes import observed_by

SAME_AS_NUMPY = {  # the method of NumPy's generator, and arguments
    "random": (),
    "standard_normal": (),
    "standard_exponential": (),
    "standard_cauchy": (),
    "normal": (1.5, 0.5),
    "uniform": (-2.0, 3.0),
    "exponential": (2.0,),
    "laplace": (1.0, 2.0),
    "gumbel": (1.0, 2.0),
    "logistic": (1.0, 2.0),
    "lognormal": (0.5, 0.3),
    "rayleigh": (2.0,),
    "weibull": (1.5,),
    "pareto": (3.0,),
    "power": (3.0,),
    "gamma": (2.0, 3.0),
    "standard_gamma": (2.0,),
    "beta": (2.0, 3.0),
    "chisquare": (3.0,),
    "f": (4.0, 6.0),
    "standard_t": (5.0,),
    "vonmises": (0.5, 2.0),
    "wald": (1.0, 2.0),
    "dirichlet": ([1.0, 2.0, 3.0],),
    "integers": (-3, 9),
    "binomial": (10, 0.3),
    "poisson": (4.0,),
    "geometric": (0.3,),
    "negative_binomial": (3, 0.4),
    "hypergeometric": (5, 6, 7),
    "multinomial": (10, [0.2, 0.3, 0.5]),
}
BY_PARAMETERS = {  # those that are differentiable functions of their parameters
    "normal": (1.5, 0.5),
    "uniform": (-2.0, 3.0),
    "exponential": (2.0,),
    "laplace": (1.0, 2.0),
    "gumbel": (1.0, 2.0),
    "logistic": (1.0, 2.0),
    "lognormal": (0.5, 0.3),
    "rayleigh": (2.0,),
    "weibull": (1.5,),
    "pareto": (3.0,),
    "power": (3.0,),
    "triangular": (-1.0, 0.5, 3.0),
}


@pytest.mark.parametrize("name", SAME_AS_NUMPY)
@pytest.mark.parametrize("size", [None, 4, (2, 3), ()])
def test_numbers_are_numpys(name, size):
    arguments = SAME_AS_NUMPY[name]
    got = getattr(tg.random, name)(*arguments, size=size, seed=7)
    expected = getattr(np.random.default_rng(7), name)(*arguments, size=size)
    assert isinstance(got, tg.Tensor)
    assert got.shape == np.shape(expected)
    assert got.dtype == np.asarray(expected).dtype
    np.testing.assert_allclose(got.data, expected, rtol=1e-12)


@pytest.mark.parametrize("name", BY_PARAMETERS)
def test_derivatives_by_the_parameters(name):
    values = [np.array([p, p * 1.1 + 0.1]) for p in BY_PARAMETERS[name]]

    def drawn(*parameters):
        return getattr(tg.random, name)(*parameters, (3, 2), seed=3)

    assert tg.gradcheck(drawn, values, atol=1e-6)
    assert tg.gradgradcheck(lambda *p: drawn(*p) ** 2, values, atol=1e-4)


@pytest.mark.parametrize("name", BY_PARAMETERS)
def test_means_are_those_of_numpys_draws(name):
    arguments = BY_PARAMETERS[name]
    got = getattr(tg.random, name)(*arguments, 20000, seed=1).data
    expected = getattr(np.random.default_rng(2), name)(*arguments, 20000)
    for q in (0.1, 0.5, 0.9):
        spread = np.quantile(expected, 0.9) - np.quantile(expected, 0.1)
        assert abs(np.quantile(got, q) - np.quantile(expected, q)) < 0.05 * spread


@pytest.mark.parametrize("name", BY_PARAMETERS)
def test_float32_parameters_make_float32_draws(name):
    parameters = [tg.tensor([p], dtype="float32", requires_grad=True) for p in BY_PARAMETERS[name]]
    y = getattr(tg.random, name)(*parameters, seed=0)
    assert y.dtype == np.float32
    y.sum().backward()
    assert {p.grad.dtype for p in parameters} == {np.dtype(np.float32)}
    assert getattr(tg.random, name)(*BY_PARAMETERS[name], seed=0, dtype="float32").dtype == np.float32


def test_the_gradient_of_a_normal_draw_is_the_draw():
    loc, scale = tg.tensor(2.0, requires_grad=True), tg.tensor(3.0, requires_grad=True)
    y = tg.random.normal(loc, scale, 5, seed=0)
    y.sum().backward()
    z = np.random.default_rng(0).standard_normal(5)
    assert loc.grad.item() == 5.0
    np.testing.assert_allclose(scale.grad.item(), z.sum())


def test_the_seed_of_the_process_decides():
    def several():
        return [tg.random.normal(size=3).data, tg.random.integers(9, size=3).data, tg.random.permutation(5).data]

    tg.set_random_seed(5)
    first = several()
    again = several()
    tg.set_random_seed(5)
    for a, b in zip(first, several(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[0], again[0])


def test_a_generator_is_drawn_from_and_goes_on():
    generator = np.random.default_rng(3)
    first, second = tg.random.random(3, seed=generator), tg.random.random(3, seed=generator)
    expected = np.random.default_rng(3).random(6)
    np.testing.assert_array_equal([*first.data, *second.data], expected)


def test_draws_are_announced():
    class Watching(Observer):
        draws = 0

        def on_draw(self, generator):
            self.draws += 1
            return generator

    with observed_by(Watching()) as watching:
        tg.random.normal(size=3)
        tg.random.bernoulli(0.5, 3)
        tg.random.choice(5, 2)
        tg.random.permutation(4)
        tg.random.permuted(tg.zeros(3))
        tg.random.multinomial(3, [0.5, 0.5])
    assert watching.draws == 6


class TestArranging:
    X = np.arange(12.0).reshape(4, 3)

    def test_permutation_moves_rows_with_their_gradient(self):
        x = tg.tensor(self.X, requires_grad=True)
        y = tg.random.permutation(x, seed=2)
        np.testing.assert_array_equal(y.data, np.random.default_rng(2).permutation(self.X))
        y.backward(y.detach())
        np.testing.assert_array_equal(x.grad, self.X)
        columns = tg.random.permutation(x, axis=1, seed=2).data
        np.testing.assert_array_equal(np.sort(columns, axis=1), self.X)
        np.testing.assert_array_equal(tg.random.permutation(6, seed=1).data, np.random.default_rng(1).permutation(6))

    def test_permuted_moves_each_row_by_itself(self):
        x = tg.tensor(np.tile(np.arange(30.0), (2, 1)), requires_grad=True)
        y = tg.random.permuted(x, axis=1, seed=4)
        np.testing.assert_array_equal(np.sort(y.detach(), axis=1), x.data)
        assert not np.array_equal(y.data[0], y.data[1])
        y.backward(y.detach())
        np.testing.assert_array_equal(x.grad, x.data)
        np.testing.assert_array_equal(np.sort(tg.random.permuted(x, seed=4).data.ravel()), np.sort(x.data.ravel()))

    @pytest.mark.parametrize(
        "options",
        [{}, {"size": 3}, {"size": (2, 2)}, {"size": 4, "replace": False}, {"size": 3, "p": [0.1, 0.2, 0.3, 0.4]}],
        ids=str,
    )
    def test_choice(self, options):
        got = tg.random.choice(tg.tensor(self.X), seed=9, **options)
        np.testing.assert_array_equal(got.data, np.random.default_rng(9).choice(self.X, **options))
        numbers = tg.random.choice(4, seed=9, **options)
        np.testing.assert_array_equal(numbers.data, np.random.default_rng(9).choice(4, **options))

    def test_what_is_chosen_twice_gets_both_gradients(self):
        x = tg.tensor([1.0, 2.0], requires_grad=True)
        tg.random.choice(x, 6, p=[0.0, 1.0], seed=0).sum().backward()
        np.testing.assert_array_equal(x.grad, [0.0, 6.0])


class TestDiscrete:
    def test_bernoulli(self):
        p = tg.tensor([0.0, 0.3, 1.0], requires_grad=True)
        y = tg.random.bernoulli(p, (2000, 3), seed=0)
        assert y.dtype == bool
        assert not y.requires_grad
        share = y.data.mean(axis=0)
        assert share[0] == 0
        assert share[2] == 1
        assert abs(share[1] - 0.3) < 0.04  # four standard errors of 0.01
        assert tg.random.bernoulli(0.5, 3, dtype=float).dtype == float

    def test_integers(self):
        assert set(tg.random.integers(1, 3, 50, endpoint=True, seed=0).tolist()) == {1, 2, 3}
        assert tg.random.randint is tg.random.integers
        assert tg.random.integers(5, size=2, dtype=np.uint8).dtype == np.uint8


def test_multivariate_normal():
    mean, cov = np.array([1.0, -1.0]), np.array([[2.0, 0.6], [0.6, 1.0]])
    y = tg.random.multivariate_normal(mean, cov, 20000, seed=0).data
    np.testing.assert_allclose(y.mean(axis=0), mean, atol=0.05)
    np.testing.assert_allclose(np.cov(y.T), cov, atol=0.06)
    assert tg.gradcheck(lambda m: tg.random.multivariate_normal(m, cov, 3, seed=0), [mean])

    def by_factor(a):
        return tg.random.multivariate_normal(mean, a @ np.swapaxes(a, -1, -2), 3, seed=0)

    assert tg.gradcheck(by_factor, [np.linalg.cholesky(cov)], atol=1e-6)


class TestRefusals:
    def test_a_negative_scale(self):
        with pytest.raises(ArgumentError, match=r"normal got scale=-1\.0") as caught:
            tg.random.normal(0.0, -1.0)
        assert "Its scale is at least 0." in str(caught.value)

    def test_a_size_that_does_not_fit(self):
        with pytest.raises(ShapeError, match=r"size \(3,\) cannot have parameters of shapes \(2,\), \(\)"):
            tg.random.normal(tg.zeros(2), size=3)

    @pytest.mark.parametrize(("name", "arguments"), [("gamma", (2.0,)), ("beta", (2.0, 3.0)), ("standard_t", (3.0,))])
    def test_no_derivative_by_what_shapes_the_distribution(self, name, arguments):
        with pytest.raises(NoRuleError, match=f"tg.random.{name}|standard_{name} has no derivative by"):
            getattr(tg.random, name)(*(tg.tensor(a, requires_grad=True) for a in arguments))

    def test_gamma_has_a_derivative_by_its_scale(self):
        assert tg.gradcheck(lambda scale: tg.random.gamma(2.0, scale, 3, seed=0), [np.array(1.5)])

    def test_probabilities(self):
        with pytest.raises(ArgumentError, match=r"bernoulli got p=1\.5"):
            tg.random.bernoulli(1.5)
        with pytest.raises(ArgumentError, match=r"binomial got 3, 1\.5"):
            tg.random.binomial(3, 1.5)
        with pytest.raises(ArgumentError, match="choice of 2 from 3 failed"):
            tg.random.choice(3, 2, p=[0.5, 0.4, 0.0])
        with pytest.raises(ArgumentError, match="choice of 4 from 3 failed"):
            tg.random.choice(3, 4, replace=False)

    def test_ranges(self):
        with pytest.raises(ArgumentError, match="integers got low=3 and high=3"):
            tg.random.integers(3, 3)
        with pytest.raises(ArgumentError, match=r"triangular got left=2\.0"):
            tg.random.triangular(2.0, 1.0, 3.0)
