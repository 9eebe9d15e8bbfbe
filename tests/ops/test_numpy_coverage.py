"""Every ufunc of NumPy, called with Tensors: it gives NumPy's values as Tensors, or refuses by name."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.core.registry import functions, ops
from tinygrad_loss.errors import NoRuleError

UFUNCS = {f.__name__: f for f in vars(np).values() if isinstance(f, np.ufunc)}
MAY_BE_REFUSED = {
    "matvec",  # products of matrices under other names: A @ v says the same
    "vecdot",
    "vecmat",
    "isnat",  # of dates, which are not numbers
    "nextafter",  # the next number along has slope 1 almost everywhere, but no use for it: NumPy on .numpy()
}
REFUSED = UFUNCS.keys() - functions.keys()
OF_INTEGERS = """bitwise_and bitwise_count bitwise_or bitwise_xor gcd invert lcm left_shift right_shift""".split()
OF_MATRICES = {
    "matmul": ((2, 3), (3, 4)),
    "matvec": ((2, 3), (3,)),
    "vecdot": ((2, 3), (2, 3)),
    "vecmat": ((2,), (2, 3)),
}
STEPS = """ceil equal floor floor_divide greater greater_equal isfinite isinf isnan less less_equal logical_and
logical_not logical_or logical_xor not_equal rint sign signbit spacing trunc""".split()


def arguments(name):
    """Arguments in the domain of that ufunc."""
    ufunc = UFUNCS[name]
    if name in OF_INTEGERS:
        return [np.array([6, 5, 12]), np.array([3, 1, 2])][: ufunc.nin]
    if name in OF_MATRICES:
        return [np.linspace(-1, 1, int(np.prod(shape))).reshape(shape) for shape in OF_MATRICES[name]]
    if name == "ldexp":
        return [np.array([0.3, 0.7]), np.array([1, 2])]
    if name == "arccosh":
        return [np.array([1.3, 1.7])]
    return [np.array([0.3, 0.7]), np.array([0.4, 0.2])][: ufunc.nin]


def test_only_these_are_refused():
    assert REFUSED <= MAY_BE_REFUSED


@pytest.mark.parametrize("name", sorted(UFUNCS.keys() - REFUSED))
def test_values_are_numpys(name):
    values = arguments(name)
    found = UFUNCS[name](*map(tg.tensor, values))
    expected = UFUNCS[name](*values)
    several = isinstance(expected, tuple)
    for mine, numpys in zip(found if several else [found], expected if several else [expected], strict=True):
        assert isinstance(mine, tg.Tensor)
        assert mine.dtype == numpys.dtype
        np.testing.assert_array_equal(mine.data, numpys)


@pytest.mark.parametrize("name", sorted(UFUNCS.keys() - REFUSED))
def test_it_has_a_derivative_unless_it_goes_in_steps(name):
    found = UFUNCS[name](*(tg.tensor(x, requires_grad=x.dtype.kind == "f") for x in arguments(name)))
    results = found if isinstance(found, tuple) else (found,)
    assert any(y.requires_grad for y in results) == (name not in STEPS and name not in OF_INTEGERS)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_the_others_are_refused_by_name(name):
    x = tg.tensor([[0.3, 0.7]])
    with pytest.raises(NoRuleError, match=rf"np\.{name} has no derivative rule") as caught:
        UFUNCS[name](*[x] * UFUNCS[name].nin)
    assert ".detach().numpy()" in str(caught.value)


@pytest.mark.parametrize("name", sorted(UFUNCS.keys() - REFUSED))
def test_the_public_function_has_a_docstring_of_its_own(name):
    assert functions[name].__doc__
    assert getattr(tg, name) is functions[name]
    if name in ops:
        assert ops[name].info["formula"]


REDUCTIONS = {
    "add": np.sum,
    "multiply": np.prod,
    "maximum": np.max,
    "minimum": np.min,
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reduce_is_the_reduction_of_that_name(name):
    x = np.array([[1.0, 4.0, 2.0], [3.0, -1.0, 5.0]])
    for options in ({}, {"axis": 1}, {"axis": None}, {"axis": (0, 1), "keepdims": True}):
        found = UFUNCS[name].reduce(tg.tensor(x, requires_grad=True), **options)
        assert found.requires_grad
        np.testing.assert_array_equal(found.data, UFUNCS[name].reduce(x, **options))


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        (lambda x: np.exp.at(x, [0, 1]), "exp.at"),
        (lambda x: np.fmod.at(x, [0, 1], 1.0), "fmod.at"),
    ],
)
def test_other_methods_of_ufuncs_are_refused_by_name(call, shown):
    with pytest.raises(NoRuleError, match=rf"np\.{shown} has no derivative rule"):
        call(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
