"""gradcheck says yes to right rules, and says how wrong ones are wrong."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss import errors

A = np.array([[1.0, 2.0], [0.5, -1.0]])


def declared(name, kernel, rule):
    kernel.__name__ = name
    return tg.primitive(rule)(kernel)


def message(function, inputs, check=tg.gradcheck):
    with pytest.raises(errors.GradientError) as caught:
        check(function, inputs)
    return str(caught.value)


def test_right_rules_pass():
    assert tg.gradcheck(lambda a, b: a @ b, (A, A + 1))
    assert tg.gradgradcheck(lambda a, b: np.tanh(a @ b), (A, A + 1))
    assert tg.gradcheck(lambda p: (p["w"] ** 2, p["b"].sum()), ({"w": A, "b": A[0]},))
    assert tg.gradgradcheck(lambda a: a * 2.0, A)  # the second derivative is zero


def test_reports_input_element_and_values():
    wrong = declared("wrong_square", lambda x: x**2, lambda g, y, x: np.where(x < 0, g, 2 * g * x))
    text = message(wrong, np.array([1.0, 2.0, -3.0]))
    assert "input 0 is wrong at element (2,): it gives 1 for output element (2,)" in text
    assert "Central differences give -6" in text
    assert tg.gradcheck(wrong, np.array([-3.0]), raise_exception=False) is False


def test_names_the_branch_of_a_nested_input_and_the_output():
    wrong = declared("wrong_branch", lambda x: x**2, lambda g, y, x: np.where(x > 1, g, 2 * g * x))
    text = message(lambda p: (p["w"], wrong(p["b"])), ({"w": A, "b": np.array([0.5, 3.0])},))
    assert "input 1, inputs[0]['b'], is wrong at element (1,): it gives 1 for output element (1,) of output 1" in text
    assert "Central differences give 6" in text


def test_the_worst_element_is_the_one_reported():
    wrong = declared("wrong_worst", lambda x: x**2, lambda g, y, x: g * (2 * x + np.array([0.1, -5.0, 0.2])))
    text = message(wrong, np.array([1.0, 2.0, 3.0]))
    assert "element (1,): it gives -1 for output element (1,)" in text
    assert "Central differences give 4; 3 of 9 entries differ" in text


@pytest.mark.parametrize(
    ("factor", "said"), [(4.0, "factor 2"), (1.0, "factor 0.5"), (-2.0, "the sign"), (-6.0, "factor -3")]
)
def test_a_factor_is_named(factor, said):
    wrong = declared("wrong_factor", lambda x: x**2, lambda g, y, x: factor * g * x)
    assert f"right up to {'a ' if 'factor' in said else ''}{said}." in message(wrong, A)


def test_a_mean_for_a_sum_is_a_factor():
    wrong = declared("wrong_mean", lambda x: x.sum(), lambda g, y, x: g * np.ones(x.shape) / 4)
    assert "right up to a factor 0.25" in message(wrong, A)


def test_a_transpose_is_named():
    wrong = declared("wrong_transpose", lambda x: 3 * x, lambda g, y, x: 3 * g.T)
    assert "It looks transposed." in message(wrong, A)


def test_a_matrix_used_where_its_transpose_is_needed_is_named():
    wrong = declared("wrong_adjoint", lambda x: A @ x, lambda g, y, x: A @ g)
    assert "transposed: J is used where Jᵀ is needed" in message(wrong, A[0])


def test_the_transpose_of_an_oblong_matrix_is_named_by_its_shape():
    wrong = declared("wrong_oblong", lambda x: x * 2, lambda g, y, x: 2 * g.T)
    with pytest.raises(errors.ShapeError, match=r"rule of wrong_oblong(.|\n)*transpose the result"):
        tg.gradcheck(wrong, A[:, :1])


def overwriting(g, y, x):
    grad = np.zeros(x.shape)
    grad[[0, 1, 1]] = g  # the last of two contributions wins
    return grad


def test_overwriting_is_named():
    wrong = declared("wrong_gather", lambda x: x[[0, 1, 1]], overwriting)
    assert "It looks as if contributions were overwritten instead of added." in message(wrong, np.array([1.0, 2.0]))


def test_a_lost_graph_is_named():
    wrong = declared("wrong_zero", lambda x: x**2, lambda g, y, x: 0 * g)
    assert "zero throughout" in message(wrong, A)


def test_what_is_not_finite_is_named():
    wrong = declared("wrong_nan", lambda x: x**2, lambda g, y, x: g * 2 * x**2 / x)
    assert "not finite where the true derivative is" in message(wrong, np.array([1.0, 0.0]))


def test_an_offset_is_named():
    wrong = declared("wrong_offset", lambda x: x.sum() ** 2, lambda g, y, x: g * (2 * x.sum() + 1) * np.ones(x.shape))
    assert "right up to a factor" in message(wrong, A)  # of a sum, an offset is a factor
    wrong = declared("wrong_offset", lambda x: (x**2).sum(), lambda g, y, x: g * (2 * x + 1))
    assert "off by a constant" in message(wrong, A)


def test_what_has_no_usual_cause_is_left_to_the_formula():
    wrong = declared("wrong_otherwise", lambda x: x**3, lambda g, y, x: g * 3 * x)
    text = message(wrong, A)
    assert "Compare the rule with the formula" in text
    assert "looks" not in text


def broadcast_product(name, rule):
    return tg.primitive(lambda g, y, a, b: g * b, rule, name=name)(lambda a, b: a * b)


def test_a_forgotten_broadcast_sum_is_named_by_its_shape():
    wrong = broadcast_product("wrong_broadcast", lambda g, y, a, b: g * a)
    with pytest.raises(
        errors.ShapeError, match=r"rule of wrong_broadcast gave for input 1 has shape \(2, 2\)(.|\n)*Sum over"
    ):
        tg.gradcheck(wrong, (A, A[0]))


@pytest.mark.parametrize("pick", [0, -1])
def test_a_broadcast_sum_replaced_by_one_of_its_terms_is_named(pick):
    wrong = broadcast_product("wrong_term", lambda g, y, a, b: (g * a)[pick])
    text = message(wrong, (A, A[0] + 1))
    assert "input 1 is wrong" in text
    assert "as if the sum over axes (0,), which were broadcast, were left out" in text


def test_a_broadcast_sum_over_the_wrong_axes_is_wrong():
    wrong = broadcast_product("wrong_axis", lambda g, y, a, b: (g * a).sum(axis=1))
    assert "input 1 is wrong" in message(wrong, (A, A[0] + 1))


def test_among_several_ops_the_wrong_one_is_named():
    right = declared("right_square", lambda x: x**2, lambda g, y, x: 2 * g * x)
    wrong = declared("wrong_cube", lambda x: x**3, lambda g, y, x: 6 * g * x**2)
    text = message(lambda x: np.tanh(right(x)) + wrong(np.sin(x)), A)
    assert "The rule of wrong_cube for its input 0 looks right up to a factor 2." in text
    assert "right_square" not in text


def test_among_several_ops_one_without_a_usual_cause_is_still_named():
    wrong = declared("wrong_somehow", lambda x: x**3, lambda g, y, x: g * 3 * x)
    assert "The rule of wrong_somehow for its input 0 is at fault." in message(lambda x: np.exp(wrong(x)), A)


def test_right_at_first_order_wrong_at_second():
    rule = lambda g, y, x: g * (2 * (x.detach() if isinstance(x, tg.Tensor) else x))  # noqa: E731
    wrong = declared("wrong_second", lambda x: x**2, rule)
    assert tg.gradcheck(wrong, A)
    assert "zero throughout" in message(wrong, A, tg.gradgradcheck)


def test_float32_is_refused():
    with pytest.raises(errors.DTypeError, match="float32"):
        tg.gradcheck(np.tanh, A.astype(np.float32))


def test_with_nothing_to_check_it_does_not_say_yes():
    with pytest.raises(errors.ArgumentError, match=r"no floating input among \['int64'\]"):
        tg.gradcheck(lambda x: x * 2, np.arange(3))
    with pytest.raises(errors.ArgumentError, match="no floating output"):
        tg.gradcheck(lambda x: x > 0, np.array([1.0]))
