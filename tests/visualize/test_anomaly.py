"""`detect_anomaly`: the first op that made a NaN or an infinity, with its line, element, inputs, cause and cure."""

from __future__ import annotations

import inspect
import threading

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.core.registry import functions, ops
from tinygrad_loss.errors import TinygradLossError
from tinygrad_loss.modes import MODE
from tinygrad_loss.visualize import AnomalyError
from tinygrad_loss.visualize.causes import SAFE, SYMBOLS, TOTALS


def leaf(values, **options):
    return tg.tensor(values, requires_grad=True, **options)


def caught(program):
    """The error that a program raises inside the mode."""
    with pytest.raises(AnomalyError) as found, tg.detect_anomaly():
        program()
    return found.value


def lines(error):
    """The lines of a message, that of the user's program shortened to what it says."""
    return [line.strip() for line in str(error).splitlines()]


LOGARITHM = (
    "Make the input safe before the op (tg.where on its result comes too late): tg.log(tg.where(x > 0, x, 1.0)); "
    "or add a little, tg.log(x + 1e-12); for probabilities, a loss with from_logits=True."
)
ROOT = (
    "Make the input safe before the op (tg.where on its result comes too late): tg.sqrt(tg.where(x > 0, x, 1.0)); "
    "or add a little, tg.sqrt(x + 1e-12)."
)
TRAP = (
    "tg.where computes and differentiates both branches, and 0 × ∞ comes back from the one not taken. "
    "Choose the input as well: tg.where(x > 0, tg.sqrt(tg.where(x > 0, x, 1.0)), 0.0)."
)
FINITE = "Every number on the way has to be finite, or the gradient means nothing."
SMALLER = "Lower the learning rate, scale the inputs, or compute in float64."


class TestForward:
    def test_the_whole_message(self):
        probabilities = leaf([0.5, 0.0, 1.0])

        def program():
            return tg.log(probabilities).sum()

        error = caught(program)
        number = inspect.getsourcelines(program)[1] + 1
        assert lines(error) == [
            "log made -∞ at index (1,), shape (3,).",
            "It got x (probabilities) = 0.0.",
            "Cause: ln 0.0 = -∞.",
            f"The op was called at {error.line}: return tg.log(probabilities).sum()".replace(
                f"{__file__}", shown_path()
            ),
            "log needs x > 0.",
            LOGARITHM,
        ]
        assert error.line == f"{__file__}:{number}"
        assert (error.op, error.backward, error.index, error.cause) == ("log", False, (1,), "ln 0.0 = -∞.")
        assert isinstance(error, FloatingPointError)
        assert isinstance(error, TinygradLossError)

    @pytest.mark.parametrize(
        ("program", "head", "got", "cause", "needs", "cure"),
        [
            (
                lambda: leaf([1.0, 2.0], name="a") / leaf([3.0, 0.0], name="b"),
                "divide made ∞ at index (1,), shape (2,).",
                "It got a = 2.0, b = 0.0.",
                "Cause: 2.0 / 0.0 = ∞.",
                "divide needs b ≠ 0.",
                "Make the input safe before the op (tg.where on its result comes too late): "
                "a / tg.where(b != 0, b, 1.0); or add a little to a denominator that is not negative, a / (b + 1e-12).",
            ),
            (
                lambda: leaf(0.0, name="a") / leaf([0.0, 1.0], name="b"),
                "divide made NaN at index (0,), shape (2,).",
                "It got a = 0.0, b = 0.0.",
                "Cause: 0.0 / 0.0 has no value.",
                "divide needs b ≠ 0.",
                None,
            ),
            (
                lambda: tg.exp(leaf([[1.0, 2.0], [3.0, 1000.0]], name="logits")),
                "exp made ∞ at index (1, 1), shape (2, 2).",
                "It got x (logits) = 1000.0.",
                "Cause: e^1000.0 is too large: an overflow.",
                "float64 holds numbers up to 1.798e+308.",
                "Subtract the largest element first, as tg.softmax and tg.logsumexp do, "
                "or hold the input with tg.clip.",
            ),
            (
                lambda: tg.square(leaf(np.float32(3e38), name="x")),
                "square made ∞.",
                "It got x = 3e+38.",
                "Cause: 3e+38² is too large: an overflow.",
                "float32 holds numbers up to 3.403e+38.",
                SMALLER,
            ),
            (
                lambda: tg.sqrt(leaf([1.0, -1.0], name="x")),
                "sqrt made NaN at index (1,), shape (2,).",
                "It got x = -1.0.",
                "Cause: √(-1.0) has no value.",
                "sqrt needs x ≥ 0.",
                "Make the input safe before the op (tg.where on its result comes too late): "
                "tg.sqrt(tg.where(x > 0, x, 1.0)).",
            ),
            (
                lambda: leaf([1.0, 0.0], name="a") ** -1.0,
                "power made ∞ at index (1,), shape (2,).",
                "It got a = 0.0, b = -1.0.",
                "Cause: 0.0^(-1.0) = ∞.",
                "power needs a > 0, or an integer exponent b, not below 0 where a = 0.",
                "Make the input safe before the op (tg.where on its result comes too late): "
                "tg.power(tg.where(x > 0, x, 1.0), b).",
            ),
            (
                lambda: tg.arcsin(leaf([0.0, 2.0], name="x")),
                "arcsin made NaN at index (1,), shape (2,).",
                "It got x = 2.0.",
                "Cause: arcsin 2.0 has no value.",
                "arcsin needs -1 ≤ x ≤ 1.",
                "Make the input safe before the op (tg.where on its result comes too late): "
                "tg.arcsin(tg.where(abs(x) < 1, x, 0.0)).",
            ),
            (
                lambda: leaf([1.0, np.inf], name="a") - tg.tensor([0.0, np.inf], name="b"),
                "subtract made NaN at index (1,), shape (2,).",
                "It got a = ∞, b = ∞.",
                "Cause: ∞ - ∞ has no value.",
                FINITE,
                "An infinity came with the data or as a constant; put a large finite number such as 1e9 in its place.",
            ),
            (
                lambda: leaf([1.0, 1.0], name="a") * tg.tensor([1.0, np.nan], name="target"),
                "multiply passed on NaN at index (1,), shape (2,).",
                "It got a = 1.0, b (target) = NaN.",
                "Cause: NaN goes in, and no op made it: it came with the data.",
                FINITE,
                "Look at the data with np.isnan(...), and fill in or leave out what is missing before it gets here.",
            ),
            (
                lambda: tg.softmax(leaf([[1.0, 2.0]]) + np.array([-np.inf, -np.inf])),
                "softmax made NaN at index (0, 0), shape (1, 2).",
                "It got x = [[-∞, -∞]], (1, 2) float64, axis = -1.",
                "Cause: ∞ - ∞ or 0 × ∞ inside it has no value.",
                FINITE,
                "A row that is masked everywhere has no softmax: leave one element, or mask with -1e9 instead of -inf.",
            ),
            (
                lambda: leaf(np.full((2, 2), 1e200), name="a") @ np.full((2, 2), 1e200),
                "matmul made ∞ at index (0, 0), shape (2, 2).",
                "It got a = [[1e+200, 1e+200], [1e+200, 1e+200]], (2, 2) float64; "
                "b = [[1e+200, 1e+200], [1e+200, 1e+200]], (2, 2) float64.",
                "Cause: Y = A B is too large: an overflow.",
                "float64 holds numbers up to 1.798e+308.",
                SMALLER,
            ),
        ],
    )
    def test_causes_and_cures(self, program, head, got, cause, needs, cure):
        found = lines(caught(program))
        assert found[:3] == [head, got, cause]
        assert found[3].startswith("The op was called at ")
        assert found[4] == needs
        if cure is not None:
            assert found[5] == cure
        assert len(found) == 6

    @pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom")
    def test_no_elements_and_too_few(self):
        assert lines(caught(lambda: leaf(np.zeros((0, 3)), name="x").mean()))[:3] == [
            "mean made NaN.",
            "It got x = empty, (0, 3) float64.",
            "Cause: 0 / 0: there is no element to go by.",
        ]
        found = lines(caught(lambda: leaf([1.0, 1.0], name="x").std(ddof=2)))
        assert found[1:3] == [
            "It got x = [1.0, 1.0], (2,) float64, ddof = 2.",
            "Cause: y = √(Σ (x - mean x)² / (n - ddof)) has no value.",
        ]
        assert found[-1] == "Look at the inputs: it divides by 0, or takes a root or a logarithm of what has none."

    def test_a_mask_of_infinities_is_let_through(self):
        x = leaf([[1.0, 2.0]])
        with tg.detect_anomaly():
            tg.softmax(tg.where(np.array([True, False]), x, -np.inf)).sum().backward()
        assert np.isfinite(x.grad.numpy()).all()

    def test_the_element_is_one_that_the_op_itself_spoiled(self):
        x = tg.tensor([-np.inf, 0.0, 1.0]) + leaf([0.0, 0.0, 0.0])
        assert caught(lambda: 1.0 / x).index == (1,)

    def test_nan_without_gradients_is_the_users_own(self):
        data = tg.tensor([1.0, np.nan])
        with tg.detect_anomaly():
            assert tg.where(tg.isnan(data), 0.0, data * 2).tolist() == [2.0, 0.0]

    def test_an_op_without_gradients_that_makes_one_is_named(self):
        assert caught(lambda: tg.log(tg.tensor(0.0))).op == "log"

    def test_the_element_of_the_data_that_is_missing_is_named(self):
        images = np.ones((3, 4))
        images[2, 1] = np.nan
        found = lines(caught(lambda: tg.layers.Dense(2)(images)))
        assert found[1].startswith("It got x = norm NaN, 1.0 … 1.0, 1 of 12 not finite, (3, 4) float32; w (kernel) = ")
        assert found[2] == "Cause: NaN goes in at x[2, 1], and no op made it: it came with the data."

    def test_the_layer_is_named(self):
        model = tg.Sequential([tg.layers.Dense(1, activation=lambda x: tg.log(x * 0.0), name="last")])
        assert " in layer sequential/last at " in lines(caught(lambda: model(np.ones((2, 3)))))[3]

    def test_only_nan_is_looked_for_on_request(self):
        with tg.detect_anomaly(allow_inf=True):
            assert float(tg.log(leaf(0.0))) == -np.inf
            with pytest.raises(AnomalyError, match="log made NaN"):
                tg.log(leaf([0.0, -1.0]))


def shown_path():
    """This file as messages show it."""
    import os

    return os.path.relpath(__file__) if __file__.startswith(os.getcwd() + os.sep) else __file__


class TestBackward:
    def test_the_whole_message(self):
        x = leaf([4.0, 0.0])
        mask = np.array([1.0, 0.0])

        def program():
            y = tg.sqrt(x)
            (y * mask).sum().backward()

        error = caught(program)
        number = inspect.getsourcelines(program)[1] + 1
        assert lines(error) == [
            "Backward through sqrt made NaN in the gradient of its x at index (1,), shape (2,).",
            "It got x = 0.0 and the upstream gradient 0.0.",
            "Cause: 0 × ∞: sqrt'(0.0) = ∞ met an upstream 0 from *.",
            f"The op was called at {shown_path()}:{number}: y = tg.sqrt(x)",
            "sqrt needs x ≥ 0. The derivative of sqrt is ∞ at 0.",
            ROOT,
        ]
        assert (error.op, error.backward, error.index) == ("sqrt", True, (1,))
        assert error.line == f"{__file__}:{number}"
        assert x.grad is None

    @pytest.mark.parametrize(
        ("program", "head", "cause", "cure"),
        [
            (
                lambda x: tg.where(x > 0, tg.sqrt(x), 0.0).sum(),
                "Backward through sqrt made NaN in the gradient of its x at index (1,), shape (2,).",
                "Cause: 0 × ∞: sqrt'(0.0) = ∞ met an upstream 0 from where.",
                TRAP,
            ),
            (
                lambda x: tg.where(x > 0, x * tg.sqrt(x) * 2.0, 0.0).sum(),
                "Backward through sqrt made NaN in the gradient of its x at index (1,), shape (2,).",
                "Cause: 0 × ∞: sqrt'(0.0) = ∞ met an upstream 0 from * (made by where).",
                TRAP,
            ),
            (
                lambda x: tg.sqrt(x).sum(),
                "Backward through sqrt made ∞ in the gradient of its x at index (1,), shape (2,).",
                "Cause: 1.0 × ∞: sqrt'(0.0) = ∞.",
                ROOT,
            ),
            (
                lambda x: tg.sqrt((x * x)[1:].sum()),
                "Backward through sqrt made ∞ in the gradient of its x.",
                "Cause: 1.0 × ∞: sqrt'(0.0) = ∞.",
                "This is a norm (or a standard deviation) at 0, where it has no derivative. "
                "Add a little under the root: tg.sqrt((x * x).sum() + 1e-12).",
            ),
            (
                lambda x: (x**0.5).sum(),
                "Backward through power made ∞ in the gradient of its a (x) at index (1,), shape (2,).",
                "Cause: 1.0 × ∞: ∂power/∂a at a = 0.0, b = 0.5 is ∞.",
                "Make the input safe before the op (tg.where on its result comes too late): "
                "tg.power(tg.where(x > 0, x, 1.0), b); or add a little, (x + 1e-12) ** b.",
            ),
            (
                lambda x: (x[1:] ** 2).sum() ** 0.5,
                "Backward through power made ∞ in the gradient of its a.",
                "Cause: 1.0 × ∞: ∂power/∂a at a = 0.0, b = 0.5 is ∞.",
                "This is a norm (or a standard deviation) at 0, where it has no derivative. "
                "Add a little under the root: tg.sqrt((x * x).sum() + 1e-12).",
            ),
            (
                lambda x: (np.ones((3, 2)) * tg.power(x, 0.5) * np.array([1.0, 0.0])).sum(),
                "Backward through power made NaN in the gradient of its a (x) at index (1,), shape (2,).",
                "Cause: 0 × ∞: ∂power/∂a at a = 0.0, b = 0.5 is ∞ met an upstream 0 from *.",
                None,
            ),
            (
                lambda x: tg.cbrt(x).sum(),
                "Backward through cbrt made ∞ in the gradient of its x at index (1,), shape (2,).",
                "Cause: 1.0 × ∞: cbrt'(0.0) = ∞.",
                "Make the input safe before the op (tg.where on its result comes too late): "
                "tg.cbrt(tg.where(x != 0, x, 1.0)).",
            ),
        ],
    )
    def test_causes_and_cures(self, program, head, cause, cure):
        x = leaf([4.0, 0.0], name="x")
        found = lines(caught(lambda: program(x).backward()))
        assert found[0] == head
        assert found[2] == cause
        if cure is not None:
            assert found[5] == cure

    def test_an_overflow_of_a_rule(self):
        x = leaf(1e-200)
        found = lines(caught(lambda: ((x * 1e200) * 1e200).backward(1e200)))
        assert found[0] == "Backward through multiply made ∞ in the gradient of its a."
        assert found[2] == "Cause: 1e+200 × 1e+200 is too large: an overflow."
        assert found[4:] == ["float64 holds numbers up to 1.798e+308.", SMALLER]

    def test_an_overflow_of_the_sum(self):
        x = leaf(1e-300, name="x")
        found = lines(caught(lambda: (x * 1e308 + x * 1e308).backward(1.5)))
        assert found == [
            "The gradient of leaf (x) is ∞.",
            "It has the value 1e-300.",
            "Cause: The contributions of * and * add up to it: an overflow.",
            "Its line is not known: run the forward pass inside detect_anomaly (or tg.record_lines(True)) too.",
            FINITE,
            SMALLER,
        ]

    def test_a_start_that_is_not_finite(self):
        x = leaf([1.0, 2.0])
        found = lines(caught(lambda: (x * 2.0).backward(np.array([1.0, np.nan]))))
        assert found[0] == "The gradient of multiply is NaN at index (1,), shape (2,)."
        assert found[2] == "Cause: Backward was started from it."
        assert found[5] == "Give backward a gradient= without NaN and infinities."

    def test_a_hook(self):
        def program():
            y = leaf([1.0, 2.0]) * 2.0
            y.register_hook(lambda g: g * np.nan)
            y.sum().backward()

        found = lines(caught(program))
        assert found[0] == "The gradient of multiply (y) is NaN at index (0,), shape (2,)."
        assert found[2] == "Cause: A hook on this tensor returned it."
        assert found[5] == "Look at the function given to register_hook."

    def test_a_rule_that_is_no_elementwise_one(self):
        x = leaf([[0.0, 0.0]], name="x")
        with tg.detect_anomaly():
            mean = x.std(axis=1)  # its rule gives 0 here, by choice
            mean.sum().backward()
        assert x.grad.tolist() == [[0.0, 0.0]]
        a = leaf(np.full((1, 2), 1e-200), name="a")
        found = lines(caught(lambda: (a @ np.full((2, 1), 1e200)).backward([[1e300]])))
        assert found[:3] == [
            "Backward through matmul made ∞ in the gradient of its a at index (0, 0), shape (1, 2).",
            "It got a = [[1e-200, 1e-200]], (1, 2) float64; b = [[1e+200], [1e+200]], (2, 1) float64.",
            "Cause: Its rule, Ā = Ȳ Bᵀ, gave ∞.",
        ]

    def test_an_overflow_of_a_sum_over_broadcast_axes(self):
        b = leaf(1e-300, name="b")
        found = lines(caught(lambda: (b * np.full(3, 1e308)).backward(np.ones(3))))
        assert found[0] == "Backward through multiply made ∞ in the gradient of its a (b)."
        assert found[2] == "Cause: Its rule, ∂y/∂a = b, gave ∞."
        assert found[5] == SMALLER

    def test_a_graph_from_outside_has_no_line(self):
        y = tg.sqrt(leaf(0.0))
        found = lines(caught(y.backward))
        assert found[3] == (
            "Its line is not known: run the forward pass inside detect_anomaly (or tg.record_lines(True)) too."
        )

    def test_with_a_graph_of_the_gradients(self):
        error = caught(lambda: tg.sqrt(leaf(0.0)).backward(create_graph=True))
        assert (error.op, error.backward) == ("sqrt", True)

    def test_in_transforms(self):
        error = caught(lambda: tg.grad(lambda x: tg.sqrt(x).sum())(np.array([1.0, 0.0])))
        assert (error.op, error.backward, error.index) == ("sqrt", True, (1,))

    def test_while_freeing_the_graph(self):
        def program():
            tg.sqrt(leaf(0.0)).backward(retain_graph=False)

        assert caught(program).op == "sqrt"

    def test_only_nan_is_looked_for_on_request(self):
        x = leaf([4.0, 0.0])
        with tg.detect_anomaly(allow_inf=True):
            tg.sqrt(x).sum().backward()
        assert x.grad.tolist() == [0.25, np.inf]

    def test_in_fit(self):
        model = tg.Sequential([tg.layers.Dense(1)])
        model.compile(optimizer="sgd", loss=lambda t, p: tg.sqrt(p * 0.0).mean())
        error = caught(lambda: model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=1, verbose=0))
        assert (error.op, error.backward) == ("sqrt", True)


class TestTheMode:
    def test_healthy_programs_run_as_ever(self):
        def step():
            tg.set_random_seed(0)
            model = tg.Sequential([tg.layers.Dense(4, activation="relu"), tg.layers.Dense(3, activation="softmax")])
            loss = tg.losses.SparseCategoricalCrossentropy()(np.array([0, 2]), model(np.ones((2, 5))))
            loss.backward()
            return [weight.grad.tolist() for weight in model.parameters()]

        plain = step()
        with tg.detect_anomaly():
            assert step() == plain

    def test_what_it_changed_is_as_before(self):
        observers, errors = MODE.get().observers, np.geterr()
        with pytest.raises(AnomalyError), tg.detect_anomaly():
            tg.log(leaf(0.0))
        assert MODE.get().observers == observers == ()
        assert np.geterr() == errors
        x = leaf(0.0)
        with np.errstate(divide="ignore"):
            tg.sqrt(x).backward()
        assert float(x.grad) == np.inf

    def test_nested(self):
        with tg.detect_anomaly():
            with tg.detect_anomaly():
                pass
            with pytest.raises(AnomalyError):
                tg.sqrt(leaf(0.0)).backward()

    def test_as_a_decorator(self):
        @tg.detect_anomaly()
        def program():
            tg.log(leaf(0.0))

        for _ in range(2):
            with pytest.raises(AnomalyError):
                program()

    def test_other_threads_are_left_alone(self):
        found = []

        def program():
            with np.errstate(all="ignore"):
                x = leaf(0.0)
                tg.sqrt(x).backward()
                found.append((float(tg.log(x)), float(x.grad)))

        with tg.detect_anomaly():
            thread = threading.Thread(target=program)
            thread.start()
            thread.join()
        assert found == [(-np.inf, np.inf)]

    def test_pictures_of_a_spoiled_graph_can_be_drawn_inside(self):
        x = leaf(0.0)
        y = tg.sqrt(x)
        with tg.detect_anomaly():
            assert "∞" in tg.draw(y).dot
            assert "∞" in str(tg.trace_backward(y))

    def test_many_steps_leave_nothing_behind(self):
        x = leaf([1.0, 2.0])
        with tg.detect_anomaly():
            for _ in range(3):
                tg.exp(x).sum().backward(retain_graph=False)
        assert np.isfinite(x.grad.numpy()).all()


def test_every_op_that_the_words_speak_of_is_there():
    named = {*SAFE, *SYMBOLS, *TOTALS}
    assert named <= set(ops)


def test_every_op_with_a_pole_or_an_edge_has_its_cure():
    edges = {name for name, op in ops.items() if "∞" in (op.info.get("kink") or "") and op.kind == "elementwise"}
    assert edges - {"logaddexp", "logaddexp2"} <= set(SAFE)


@pytest.mark.parametrize("name", sorted(SAFE))
def test_the_cures_run_and_are_finite(name):
    """The expression that a message advises, on values that spoil the op itself."""
    from tinygrad_loss.visualize.causes import _chosen, _where_cure

    call, _ = _chosen(ops[name])
    x, a, b = leaf([-2.0, 0.0, 0.5, 3.0]), leaf([1.0, 0.0, 2.0, 3.0]), leaf([0.0, -1.0, 2.0, 0.5])
    space = {"tg": tg, "x": x, "a": a, "b": b, "abs": tg.abs}
    with tg.detect_anomaly():
        y = eval(call, space)
        if y.requires_grad:
            y.sum().backward()
    whole = _where_cure(ops[name]).partition("as well: ")[2].removesuffix(".")
    with tg.detect_anomaly():
        y = eval(whole, space)
        if y.requires_grad:
            y.sum().backward()
    assert np.isfinite(y._value).all()
    assert name in functions
