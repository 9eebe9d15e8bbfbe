"""Every exercise: its answer is right by differences, its example runs, each known mistake is told by name."""

from __future__ import annotations

import doctest
import inspect

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.optimizers import rules
from tinygrad_loss.teaching import Exercises
from tinygrad_loss.teaching.comparing import parts_of
from tinygrad_loss.teaching.exercise import EXERCISES
from tinygrad_loss.teaching.grading import grade

NAMES = Exercises().names
RULES = [name for name in NAMES if EXERCISES[name].forward is not None]
MISTAKES = [(name, text) for name in NAMES for text in EXERCISES[name].mistakes]


def test_four_levels():
    counts = {level: sum(each.level == level for each in EXERCISES.values()) for level in (1, 2, 3, 4)}
    assert sum(counts.values()) == len(EXERCISES) >= 20
    assert min(counts.values()) >= 5


@pytest.mark.parametrize("name", NAMES)
class TestEvery:
    def test_is_whole(self, name):
        each = EXERCISES[name]
        assert len(each.hints) >= 2
        assert each.mistakes
        assert each.title
        assert name in each.task.partition(">>> ")[2]

    def test_the_reference_passes(self, name):
        each = EXERCISES[name]
        verdict = grade(each, each.reference)
        assert verdict.passed, str(verdict)
        has_arrays = any(isinstance(x, np.ndarray) for case in each.calls() for x in case.arguments)
        assert ("float32" in verdict.tried) == has_arrays
        assert ("its own derivative" in verdict.tried) == bool(each.derive)

    def test_the_example_runs(self, name):
        each = EXERCISES[name]
        finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
        failures: list[str] = []
        for test in finder.find(each.reference, name, globs={"np": np, name: each.reference}, module=False):
            assert test.examples
            runner.run(test, out=failures.append)
        assert not failures, "".join(failures)

    def test_the_stub_is_the_task(self, name):
        each = EXERCISES[name]
        space: dict = {}
        exec(each.stub, space)
        assert inspect.getdoc(space[name]) == each.task
        assert list(inspect.signature(space[name]).parameters) == list(inspect.signature(each.reference).parameters)
        assert grade(each, space[name]).diagnoses == ["not written yet"]

    def test_the_solution_is_one(self, name):
        each = EXERCISES[name]
        assert each.solution.startswith(f"def {name}(")
        assert "mistakes" not in each.solution


@pytest.mark.parametrize(("name", "text"), MISTAKES)
def test_every_mistake_is_told(name, text):
    verdict = grade(EXERCISES[name], EXERCISES[name].mistakes[text])
    assert not verdict.passed
    assert any(text in diagnosis for diagnosis in verdict.diagnoses), str(verdict)


def difference(forward, inputs, i, direction, g, eps=1e-6):
    """⟨g, f(x + εd) - f(x - εd)⟩ / 2ε, x being input i."""
    ends = []
    for step in (eps, -eps):
        moved = [x + step * direction if k == i else x for k, x in enumerate(inputs)]
        ends.append(np.asarray(forward(*moved)))
    return float(np.sum(g * (ends[0] - ends[1])) / (2 * eps))


@pytest.mark.parametrize("name", RULES)
def test_the_reference_agrees_with_differences(name):
    each = EXERCISES[name]
    random = np.random.default_rng(4)
    compared = 0
    for case in each.calls():
        g, _, *inputs = case.arguments
        if case.at in ("ties", "the kink", "large inputs", "an infinite input"):
            continue
        moving = [i for i, x in enumerate(inputs) if getattr(x, "dtype", np.dtype(int)).kind == "f"]
        moving = moving[:1] if name == "einsum" else moving
        gradients = parts_of(each.reference(*case.arguments))
        for i, gradient in zip(moving, gradients, strict=True):
            direction = random.normal(size=inputs[i].shape)
            expected = difference(each.forward, inputs, i, direction, g)
            np.testing.assert_allclose(np.sum(gradient * direction), expected, rtol=1e-6, atol=1e-8)
            compared += 1
    assert compared >= 2


def p_of(case):
    return case.arguments[0]


class TestTheOtherReferences:
    """What is no rule is held against the library, or against what the definition says."""

    def cases(self, name):
        return [(case, EXERCISES[name].reference(*case.arguments)) for case in EXERCISES[name].calls()]

    @pytest.mark.parametrize(
        ("name", "library"),
        [
            ("mean_squared_error", lambda y, p: tg.losses.MeanSquaredError()(y, np.reshape(p, np.shape(y)))),
            (
                "cross_entropy",
                lambda y, z: tg.losses.SparseCategoricalCrossentropy(from_logits=True)(y, z),
            ),
            ("kl_divergence", lambda p, z: np.mean(tg.kl_divergence_with_logits(p, z, axis=-1))),
        ],
    )
    def test_losses(self, name, library):
        tg.config.set_floatx("float64")
        for case, value in self.cases(name):
            if case.at != "a probability of 0":  # the library, like Keras, holds probabilities above 1e-7
                np.testing.assert_allclose(value, np.asarray(library(*case.arguments)), rtol=1e-9)

    def test_divergence_from_certainty_is_cross_entropy(self):
        ((p, logits), value), *_ = [(case.arguments, v) for case, v in self.cases("kl_divergence") if 0 in p_of(case)]
        expected = EXERCISES["cross_entropy"].reference(np.argmax(p, axis=1), logits)
        np.testing.assert_allclose(value, expected, rtol=1e-12)

    def test_steps(self):
        for case, value in self.cases("gradient_descent"):
            np.testing.assert_array_equal(value, rules.descent(*case.arguments)[0])
        for case, value in self.cases("momentum"):
            for got, wanted in zip(value, rules.momentum_descent(*case.arguments), strict=True):
                np.testing.assert_allclose(got, wanted, rtol=1e-15)
        for case, value in self.cases("adam"):
            w, g, m, v, step, rate, beta_1, beta_2, epsilon = case.arguments
            held = epsilon * (1 - beta_2**step) ** 0.5  # the library's ε stands before the correction
            expected = rules.adam(w, g, m, v, rate, step, beta_1, beta_2, held)
            for got, wanted in zip(value, expected, strict=True):
                np.testing.assert_allclose(got, wanted, rtol=1e-12)

    def test_log_softmax_forward(self):
        for case, value in self.cases("log_softmax_push"):
            t, _, x = case.arguments
            _, expected = tg.jvp(lambda x: tg.log_softmax(x, axis=-1), (x,), (t,))
            np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-15)

    def test_fused_cross_entropy(self):
        for case, value in self.cases("fused_cross_entropy"):
            g, _, labels, logits = case.arguments
            loss = EXERCISES["cross_entropy"].reference
            np.testing.assert_allclose(value, g * tg.grad(lambda z: loss(labels, z))(logits), rtol=1e-12)  # noqa: B023

    def test_tapes(self):
        """Reverse mode gives what forward mode gives, one leaf at a time."""
        for case, gradients in self.cases("backward"):
            (tape,) = case.arguments
            made = {name for name, _ in tape}
            for leaf in gradients.keys() - made:
                seeds = {name: float(name == leaf) for name in gradients.keys() - made}
                pushed = EXERCISES["push_forward"].reference(tape, seeds)
                assert pushed[tape[-1][0]] == gradients[leaf]

    def test_slopes(self):
        derivatives = [np.cos(0.5), np.exp(-1.0), 12.0]
        for (_, value), expected in zip(self.cases("central_difference"), derivatives, strict=True):
            assert value == pytest.approx(expected, abs=2e-4)
        assert self.cases("chain")[0][1] == pytest.approx(np.cos(np.exp(0.3)) * np.exp(0.3), rel=1e-15)

    def test_unbroadcast_is_the_adjoint_of_broadcasting(self):
        for case, value in self.cases("unbroadcast"):
            g, shape = case.arguments
            x = np.random.default_rng(2).normal(size=shape)
            assert value.shape == shape
            np.testing.assert_allclose(np.sum(g * np.broadcast_to(x, g.shape)), np.sum(value * x), atol=1e-12)

    def test_nothing_is_used_after_it_was_freed(self):
        for case, freed in self.cases("last_uses"):
            program, outputs = case.arguments
            alive = set()
            for k, (name, inputs) in enumerate(program):
                assert all(x in alive or x not in freed for x in inputs)
                alive = (alive | {name}) - {x for x, last in freed.items() if last == k}
            assert alive == set(outputs)
