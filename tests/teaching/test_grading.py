# ruff: noqa: E501 - a table, one case to a line
"""The diagnoses: a wrong answer of every kind, and what the grader says of it."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_loss.teaching.comparing import cause_of_rows, cause_of_shape, parts_of, same, shown
from tinygrad_loss.teaching.exercise import EXERCISES
from tinygrad_loss.teaching.grading import grade
from tinygrad_loss.teaching.verdict import Finding, Verdict


def detached(x):
    return x.detach() if hasattr(x, "detach") else x


def layer_norm_without_second_order(g, y, x):
    sigma = np.sqrt(np.var(detached(x), axis=-1, keepdims=True) + 1e-5)
    return (g - np.mean(g, axis=-1, keepdims=True) - y * np.mean(g * y, axis=-1, keepdims=True)) / sigma


def first_come_first_served(g, y, x, index):
    out = np.zeros_like(x)
    for k in reversed(range(len(index))):
        out[index[k]] = g[k]
    return out


def last_of_the_largest(g, y, x, axis):
    turned = np.flip(x, axis)
    out = np.zeros_like(x)
    first = np.expand_dims(np.argmax(turned, axis=axis), axis)
    np.put_along_axis(out, first, np.expand_dims(g, axis), axis)
    return np.flip(out, axis)


def in_place(w, g, learning_rate):
    w -= learning_rate * g
    return w


def in_place_within_a_right_answer(g, y, x):
    g *= 2
    return g * x


def without_zeros(tape):
    right = EXERCISES["backward"].reference(tape)
    return {name: value for name, value in right.items() if name != "a"}


def answer_of(name):
    return EXERCISES[name].reference


DIAGNOSES = {
    # kind: (exercise, wrong answer, what the grader says)
    "factor 2": ("square", lambda g, y, x: g * 4 * x, "right up to a factor 2"),
    "factor ½": ("square", lambda g, y, x: g * x, "right up to a factor 0.5"),
    "factor of a loss": ("cross_entropy", lambda y, z: 3 * EXERCISES["cross_entropy"].reference(y, z), "right up to a factor 3"),
    "sign": ("tanh", lambda g, y, x: g * (y**2 - 1), "right up to the sign"),
    "transposed": ("matmul", lambda g, y, a, b: (np.swapaxes(EXERCISES["matmul"].reference(g, y, a, b)[0], -1, -2), np.swapaxes(a, -1, -2) @ g), "the gradient of a: transposed"),
    "transposed shape": ("mean", lambda g, y, x, axis: EXERCISES["mean"].reference(g, y, x, axis).T, "transposed: shape (3, 2) where (2, 3) is needed"),
    "J for Jᵀ": ("cumsum", lambda g, y, x: np.array([g[: k + 1].sum() for k in range(len(g))]), "J for Jᵀ"),
    "broadcast axis": ("multiply", lambda g, y, a, b: (g * b, g * a), "the gradient of b: forgot to sum over the broadcast axis"),
    "overwrites": ("take", first_come_first_served, "overwrites instead of accumulating"),
    "overwrites by assignment": ("take", EXERCISES["take"].mistakes["overwrites instead of accumulating: out[index] += g adds only the last of repeated places"], "overwrites instead of accumulating"),
    "overwrites on a tape": ("backward", EXERCISES["backward"].mistakes["overwrites instead of accumulating"], "overwrites instead of accumulating"),
    "second order": ("layer_norm", layer_norm_without_second_order, "right at first order, wrong at second"),
    "second order lost": ("exponential", lambda g, y, x: detached(g) * detached(y), "right at first order, wrong at second: zero throughout"),
    "second order fails": ("exponential", lambda g, y, x: np.asarray(g) * np.asarray(y), "right at first order, fails at second: GraphError: Can't turn a Tensor"),
    "gradient of a loss": ("mean_squared_error", lambda t, p: np.mean((detached(p).reshape(t.shape) - t) ** 2), "right in value, wrong in its gradient: zero throughout"),
    "ties": ("maximum_over", last_of_the_largest, "wrong at ties"),
    "ties, told": ("maximum_over", lambda g, y, x, axis: (x == np.expand_dims(y, axis)) * np.expand_dims(g, axis), "wrong at ties: each of the largest gets the whole gradient"),
    "kink": ("relu", lambda g, y, x: np.where(x >= 0, g, 0.0), "wrong at the kink: gives 1 at 0"),
    "float32": ("square", lambda g, y, x: g * np.float64(2) * x, "float32 becomes float64"),
    "float16": ("exponential", lambda g, y, x: (g * y).astype(np.float32) if g.dtype == np.float64 else np.float16(g * y), "float32 becomes float16"),
    "empty fails": ("square", lambda g, y, x: g * 2 * x / max(abs(x).max(), 1e-9) * abs(x).max(), "fails on an empty array: ValueError"),
    "empty shape": ("cumsum", lambda g, y, x: np.array([g[k:].sum() for k in range(len(g))] or [0.0]), "fails on an empty array: has shape (1,) where (0,) is needed"),
    "changes its input": ("gradient_descent", in_place, "changes its input: w"),
    "changes g": ("square", in_place_within_a_right_answer, "changes its input: g"),
    "ignores g": ("matmul", lambda g, y, a, b: (np.ones_like(y) @ np.swapaxes(b, -1, -2), np.swapaxes(a, -1, -2) @ np.ones_like(y)), "does not use g, the gradient of the result"),
    "zero": ("tanh", lambda g, y, x: 0 * x, "zero throughout"),
    "constant": ("adam", lambda w, g, m, v, *rest: (EXERCISES["adam"].reference(w, g, m, v, *rest)[0] + 1, *EXERCISES["adam"].reference(w, g, m, v, *rest)[1:]), "result 1: off by a constant"),
    "not finite": ("softplus", lambda g, y, x: g / (1 - np.exp(x)) * (1 - np.exp(x)) ** 2 / (1 - np.exp(2 * x)) * np.exp(x), "wrong at large inputs: eˣ overflows"),
    "not a number": ("logsumexp", lambda g, y, x, axis: np.expand_dims(g, axis) * np.exp(x - np.expand_dims(y, axis)) + 0 * x, "wrong at an infinite input: not finite where the true derivative is"),
    "nothing": ("square", lambda g, y, x: None, "gives nothing: None"),
    "nothing of two": ("quotient", lambda g, y, a, b: None, "gives nothing: None"),
    "one of two": ("quotient", lambda g, y, a, b: g / b, "gives 1 result where 2 are needed"),
    "text": ("square", lambda g, y, x: "g * 2 * x", "gives str where numbers are needed"),
    "ragged": ("square", lambda g, y, x: [[1.0], [2.0, 3.0]], "gives a list where the result itself is needed"),
    "other arguments": ("square", lambda x: 2 * x, "takes other arguments: it is called as square(g, y, x)"),
    "raises": ("square", lambda g, y, x: g @ x.T @ [1], "fails: ValueError: matmul"),
    "no dict": ("backward", lambda tape: [1.0], "gives [1] where a dict with the keys a, b, c is needed"),
    "a key is missing": ("backward", without_zeros, "where a dict with the keys a, b, c is needed"),
    "one of three": ("sum_over", lambda g, y, x, axis, keepdims: np.sum(x) * g, "has shape (3,) where (3, 3) is needed"),
    "not repeated": ("sum_over", lambda g, y, x, axis, keepdims: g if keepdims else np.expand_dims(g, axis), "right numbers, but not repeated: shape (3, 1) where (3, 3) is needed"),
    "wrong shape": ("unbroadcast", lambda g, shape: EXERCISES["unbroadcast"].reference(g, shape).ravel(), "right numbers in the wrong shape: shape (2,) where (2, 1) is needed"),
    "not a list": ("topological_order", lambda output, inputs_of: None, "gives NoneType where a list of nodes is needed"),
    "a node too many": ("topological_order", lambda output, inputs_of: sorted(inputs_of.inputs), "unused is in it, though c does not depend on it"),
    "no node": ("topological_order", lambda output, inputs_of: [[output]], "['c'] is in it, which is no node"),
    "a node is missing": ("topological_order", lambda output, inputs_of: [output], "a is missing"),
    "a tuple": ("square", lambda g, y, x: (g * 2 * x,), "gives a tuple where the result itself is needed"),
    "a list": ("square", lambda g, y, x: (g * 2 * x).tolist(), "gives a list where the result itself is needed"),
    "a Python number": ("square", lambda g, y, x: float(np.sum(g * 2 * x)), "has shape () where (2, 3) is needed"),
    "keys are missing": ("backward", lambda tape: {tape[-1][0]: 1.0}, "where a dict with the keys a, b, c is needed: a, b missing"),
    "y for x": ("square", lambda g, y, x: g * 2 * y, "y is used where x is needed"),
    "x for y": ("softmax", lambda g, y, x: x * (g - np.sum(g * x, axis=-1, keepdims=True)), "x is used where y is needed"),
    "w for g": ("gradient_descent", lambda w, g, rate: w - rate * w, "w is used where g is needed"),
    "exchanged arguments": ("adam", lambda w, g, m, v, t, rate, b1, b2, e: answer_of("adam")(w, g, m, v, t, rate, b2, b1, e), "beta_1 and beta_2 are exchanged"),
    "exchanged gradients": ("matmul", lambda g, y, a, b: answer_of("matmul")(g, y, a, b)[::-1], "the gradients are exchanged"),
    "exchanged results": ("momentum", lambda *given: answer_of("momentum")(*given)[::-1], "the results are in reverse order"),
    "once more": ("softplus", lambda g, y, x: g * np.exp(x - np.log(1 + np.exp(y))), "the function is applied to y, which is its result already"),
    "at y": ("softplus", lambda g, y, x: g / (1 + np.exp(-y)), "the derivative is taken at y, where it is taken at x"),
    "another axis": ("concatenate", lambda g, y, a, b, axis: (g[: len(a)], g[len(a) :]), "works along axis 0, whatever axis is asked"),
    "as if 0": ("descend", lambda gradient, w, rate, steps: w, "acts as if learning_rate were 0"),
    "one more": ("adam", lambda w, g, m, v, t, *rest: answer_of("adam")(w, g, m, v, t + 1, *rest), "acts as if step were one more than it is"),
    "one less": ("adam", lambda w, g, m, v, t, *rest: answer_of("adam")(w, g, m, v, t - 1, *rest), "acts as if step were one less than it is"),
    "a number's sign": ("descend", lambda gradient, w, rate, steps: answer_of("descend")(gradient, w, -rate, steps), "uses -learning_rate where learning_rate is needed"),
    "a number turned over": ("gradient_descent", lambda w, g, rate: w - g / rate, "uses 1/learning_rate where learning_rate is needed"),
    "missing 1/n": ("kl_divergence", lambda p, z: answer_of("kl_divergence")(p, z) * len(p), "right up to a factor p.shape[0]"),
    "a mean too much": ("cross_entropy", lambda y, z: answer_of("cross_entropy")(y, z) / z.shape[1], "right up to a factor 1/logits.shape[-1]"),
    "a factor that was given": ("central_difference", lambda f, x, eps: (f(x + eps) - f(x - eps)) / 2, "right up to a factor eps"),
    "a factor at each call": ("mean", lambda g, y, x, axis: answer_of("mean")(g, y, x, axis) / (1 + 1 / x.shape[axis]), "right up to a factor, but another one at each call: 0.6667 here"),
    "turned round": ("take", lambda g, y, x, index: answer_of("take")(g, y, x, index)[::-1], "in reverse order along axis 0"),
    "shifted": ("take", lambda g, y, x, index: np.roll(answer_of("take")(g, y, x, index), 1, axis=0), "shifted by one place along axis 0"),
    "squared": ("kl_divergence", lambda p, z: answer_of("kl_divergence")(p, z) ** 2, "the square of the right result"),
    "rooted": ("kl_divergence", lambda p, z: np.sqrt(answer_of("kl_divergence")(p, z)), "the square root of the right result"),
    "turned over": ("kl_divergence", lambda p, z: 1 / answer_of("kl_divergence")(p, z), "the reciprocal of the right result"),
    "derivative turned over": ("square", lambda g, y, x: g / (2 * x), "the reciprocal of the right derivative"),
    "the wrong way": ("momentum", lambda w, g, v, rate, mu: (w - (mu * v - rate * g), mu * v - rate * g), "result 1: goes the wrong way from w"),
    "the change alone": ("momentum", lambda w, g, v, rate, mu: (mu * v - rate * g, mu * v - rate * g), "result 1: the change alone: w is not added"),
    "something added": ("gradient_descent", lambda w, g, rate: w - rate * g + g, "g is added, and should not be"),
    "adds to g": ("square", lambda g, y, x: g + 2 * x, "gives something for g = 0"),
    "the sign of g": ("square", lambda g, y, x: np.abs(g) * 2 * x, "treats positive and negative g differently"),
    "nearly right": ("kl_divergence", lambda p, z: answer_of("kl_divergence")(p + 1e-7, z), "nearly right: off by"),
    "some of the numbers": ("square", lambda g, y, x: np.where(x > 1, g * 3 * x, g * 2 * x), "wrong at 1 of 6 numbers"),
    "all of the numbers": ("square", lambda g, y, x: g * x**5, "wrong throughout"),
    "recursion": ("topological_order", EXERCISES["topological_order"].mistakes["fails on a deep graph: RecursionError"], "fails on a deep graph: RecursionError"),
    "a truth of many": ("relu", lambda g, y, x: g if x > 0 else 0 * g, "fails: an `if` asks an array for one answer"),
    "the axis is not put back": ("sum_over", lambda g, y, x, axis, keepdims: np.ones_like(x) * g, "forgot to put the summed axis back before copying"),
    "no keepdims": ("softmax", lambda g, y, x: y * (g - (g * y).sum(-1)), "fails: the sum needs keepdims=True"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DIAGNOSES)
def test_every_diagnosis(kind):
    name, answer, said = DIAGNOSES[kind]
    verdict = grade(EXERCISES[name], answer)
    assert not verdict.passed
    assert any(said in diagnosis for diagnosis in verdict.diagnoses), str(verdict)


class TestTheVerdict:
    def test_says_on_which_call(self):
        verdict = grade(EXERCISES["square"], lambda g, y, x: g * x)
        lines = verdict.findings[0].details
        assert [line[:15] for line in lines[:3]] == ["called with g =", "            y =", "            x ="]
        assert lines[3].startswith("gave    [[")
        assert lines[4].startswith("wanted  [[")

    def test_a_call_is_shown_once(self):
        verdict = grade(EXERCISES["gradient_descent"], lambda w, g, rate: in_place(w, g, -rate))
        assert verdict.diagnoses == ["changes its input: w", "goes uphill: the sign"]
        assert str(verdict).count("called with") == 1

    def test_a_short_call_stands_on_one_line(self):
        verdict = grade(EXERCISES["descend"], lambda gradient, w, rate, steps: w)
        call = "called with gradient = <lambda>, w = [1., -2.], learning_rate = 0.1, steps = 3"
        assert verdict.findings[0].details[0] == call

    def test_says_what_loses_a_derivative(self):
        square = grade(EXERCISES["square"], lambda g, y, x: np.asarray(g) * 2 * np.asarray(x))
        assert square.findings[0].details[0].startswith("np.array and np.asarray make a plain array of a Tensor")
        loss = grade(
            EXERCISES["mean_squared_error"], lambda t, p: float(np.mean((np.reshape(p, np.shape(t)) - t) ** 2))
        )
        assert loss.findings[-1].details[0].startswith("float(), .item() and saved arrays count as constants")

    def test_what_is_not_written_is_said_in_a_line(self):
        def square(g, y, x):
            raise NotImplementedError

        assert str(grade(EXERCISES["square"], square)) == "· square is not written yet."

    def test_says_what_was_right(self):
        verdict = grade(EXERCISES["maximum_over"], last_of_the_largest)
        assert verdict.tried == ["3 calls", "an empty array", "float32"]
        assert str(verdict).startswith(
            "maximum_over is not right yet.\nRight so far: 3 calls, an empty array, float32.\n✗ wrong at ties\n"
        )

    def test_names_the_line_that_failed(self):
        def answer(g, y, x):
            doubled = 2 * x
            return g * doubled[99]

        details = grade(EXERCISES["square"], answer).findings[0].details
        assert details[0].startswith("line ")
        assert details[0].endswith("return g * doubled[99]")

    def test_plain_calls_come_first(self):
        verdict = grade(EXERCISES["maximum_over"], lambda g, y, x, axis: np.where(x > 0, 2.0, 1.0))
        assert len(verdict.findings) == 1
        assert not verdict.tried

    def test_is_true_when_right(self):
        assert grade(EXERCISES["square"], EXERCISES["square"].reference)
        assert not grade(EXERCISES["square"], lambda g, y, x: x)

    def test_html_is_escaped(self):
        verdict = Verdict("<b>", [Finding("<script>", ["a & b"])])
        shown_html = verdict._repr_html_()
        assert "&lt;b&gt; is not right yet." in shown_html
        assert "&lt;script&gt;" in shown_html
        assert "a &amp; b" in shown_html
        assert "<script>" not in shown_html

    def test_the_grader_leaves_no_warnings_and_no_mode(self, recwarn):
        grade(EXERCISES["logsumexp"], lambda g, y, x, axis: g / 0)
        assert not recwarn.list
        assert np.geterr()["divide"] == "warn"


class TestComparing:
    def test_parts(self):
        assert parts_of((1, 2)) == [1, 2]
        assert parts_of(3) == [3]

    def test_rounding_is_no_difference(self):
        assert same(np.array([1.0, 1e-12]), np.array([1.0, 0.0]))
        assert same(np.array([np.inf, np.nan]), np.array([np.inf, np.nan]))
        assert not same(np.array([1.0]), np.array([1.001]))
        assert not same(np.array(["1"]), np.array([1.0]))

    def test_transposed_rows(self):
        jacobian = np.triu(np.arange(1.0, 10.0).reshape(3, 3))
        assert cause_of_rows(jacobian.T, jacobian) == "transposed: J is used where Jᵀ is needed"

    def test_right_shapes_have_no_cause(self):
        assert cause_of_shape(np.ones(3), np.zeros(3)) is None

    def test_nan_where_a_number_is_beside_infinity(self):
        got, wanted = np.array([[np.nan, np.inf]]), np.array([[1.0, np.inf]])
        assert cause_of_rows(got, wanted) == "not a number where the right answer is one"

    def test_ragged_lists_are_no_numbers(self):
        assert cause_of_shape([[1.0], [2.0, 3.0]], np.zeros(2)) == "gives list where numbers are needed"

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (np.float64(0.5), "0.5"),
            (np.zeros((0, 2)), "an array of shape (0, 2)"),
            ((1.0, np.ones(2)), "(1, [1., 1.])"),
            ({"a": 1}, "{'a': 1}"),
            (np.cos, "cos"),
            ("x" * 200, "'" + "x" * 88 + "…"),
        ],
    )
    def test_shown(self, value, text):
        assert shown(value) == text
