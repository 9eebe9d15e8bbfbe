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
    assert "input 0 is wrong at element (2,): it gives 1 for output element 2" in text
    assert "Central differences give -6" in text
    assert tg.gradcheck(wrong, np.array([-3.0]), raise_exception=False) is False


def test_a_factor_is_named():
    wrong = declared("wrong_factor", lambda x: x**2, lambda g, y, x: 4 * g * x)
    assert "right up to a factor 2" in message(wrong, A)


def test_a_sign_is_named():
    wrong = declared("wrong_sign", lambda x: x**2, lambda g, y, x: -2 * g * x)
    assert "right up to the sign" in message(wrong, A)


def test_a_transpose_is_named():
    wrong = declared("wrong_transpose", lambda x: 3 * x, lambda g, y, x: 3 * g.T)
    assert "transposed" in message(wrong, A)


def test_overwriting_is_named():
    def rule(g, y, x):
        grad = np.zeros(x.shape)
        grad[[0, 1, 1]] = g  # the last of two contributions wins
        return grad

    wrong = declared("wrong_gather", lambda x: x[[0, 1, 1]], rule)
    assert "overwritten instead of added" in message(wrong, np.array([1.0, 2.0]))


def test_a_lost_graph_is_named():
    wrong = declared("wrong_zero", lambda x: x**2, lambda g, y, x: 0 * g)
    assert "zero throughout" in message(wrong, A)


def test_a_forgotten_broadcast_sum_is_named_by_its_shape():
    wrong = tg.primitive(lambda g, y, a, b: g * b, lambda g, y, a, b: g * a, name="wrong_broadcast")(lambda a, b: a * b)
    with pytest.raises(
        errors.ShapeError, match=r"rule of wrong_broadcast gave for input 1 has shape \(2, 2\)(.|\n)*Sum over"
    ):
        tg.gradcheck(wrong, (A, A[0]))


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
