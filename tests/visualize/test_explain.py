"""`explain`: the chain rule with real numbers, formulas from the ops' own blocks, and sums over paths."""

from __future__ import annotations

import re

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.core.primitive import elementwise
from tinygrad_loss.core.registry import functions, ops
from tinygrad_loss.errors import ArgumentError, GraphError
from tinygrad_loss.visualize.elements import added, largest_element, multiplied
from tinygrad_loss.visualize.formulas import derivative_of, latex, latex_name, right_side, with_numbers
from tinygrad_loss.visualize.paths import count_paths, count_text, edges_passed, paths_between
from tinygrad_loss.visualize.walk import walk
from tinygrad_loss.visualize.wording import number


def leaf(values, **options):
    return tg.tensor(values, requires_grad=True, **options)


@pytest.fixture
def restored_ops():
    before = dict(ops), dict(functions)
    yield
    for registry, old in zip((ops, functions), before, strict=True):
        registry.clear()
        registry.update(old)


def neuron():
    x, w, b = leaf(2.0, name="x"), leaf(-3.0, name="w"), leaf(6.8, name="b")
    z = w * x + b
    z.name = "z"
    y = tg.tanh(z)
    y.name = "y"
    return x, w, b, z, y


OF_THE_OUTPUT = """\
y, and how its inputs move it
L = y = 0.664

Made by tanh(x = z (0.8))
  y = tanh x = tanh 0.8 = 0.664

What flows back to its inputs:
  z, as x
    formula       y = tanh x
    upstream      ∂L/∂y = 1.0
    derivative    ∂y/∂x = 1 - y² = 1 - 0.664² = 0.5591
    contribution  ∂L/∂y · ∂y/∂x = 1.0 × 0.5591 = 0.5591

The leaves, and the sum over paths that each gradient is:
  leaf  gradient  paths
  w     1.118     1
  x     -1.677    1
  b     0.5591    1
  3 paths in all; backward passes 5 edges of the graph, each once, and so sums over all of them."""

OF_A_VALUE_BETWEEN = """\
How L = y depends on z, scalar float64
∂L/∂z = 0.5591

Made by add(a = multiply n2 (-6.0), b = b (6.8))
  y = a + b = (-6.0) + 6.8 = 0.8

It is used once:
  y, as x
    formula       y = tanh x
    upstream      ∂L/∂y = 1.0
    derivative    ∂y/∂x = 1 - y² = 1 - 0.664² = 0.5591
    contribution  ∂L/∂y · ∂y/∂x = 1.0 × 0.5591 = 0.5591

As a sum over paths from z to L: 1
  z → y  0.5591  = 0.5591
  1 path in all; backward passes 5 edges of the graph, each once, and so sums over all of them."""

OF_A_LEAF_USED_TWICE = """\
How L = sum n5 depends on x, (2,) float64
∂L/∂x = [5.0, 9.0]

x = [1.0, 2.0] is a leaf: no op made it.

It is used 3 times; the contributions add up:
  multiply n1, as a
    formula       y = a·b
    upstream      ∂L/∂y = [1.0, 1.0]
    derivative    ∂y/∂a = b = [1.0, 2.0]
    contribution  ∂L/∂y · ∂y/∂a = [1.0, 1.0] × [1.0, 2.0] = [1.0, 2.0]
  multiply n1, as b
    formula       y = a·b
    upstream      ∂L/∂y = [1.0, 1.0]
    derivative    ∂y/∂b = a = [1.0, 2.0]
    contribution  ∂L/∂y · ∂y/∂b = [1.0, 1.0] × [1.0, 2.0] = [1.0, 2.0]
  multiply n3, as a
    formula       y = a·b
    upstream      ∂L/∂y = [1.0, 1.0]
    derivative    ∂y/∂a = b = [3.0, 5.0]
    contribution  ∂L/∂y · ∂y/∂a = [1.0, 1.0] × [3.0, 5.0] = [3.0, 5.0]
  ∂L/∂x = [1.0, 2.0] + [1.0, 2.0] + [3.0, 5.0] = [5.0, 9.0]

As a sum over paths from x to L: 3
  x → multiply n1 → add n4 → sum n5    = [1.0, 2.0]
  x → multiply n1 → add n4 → sum n5    = [1.0, 2.0]
  x → multiply n3 → add n4 → sum n5    = [3.0, 5.0]
  Their sum is [5.0, 9.0], what backward finds in one pass.
  3 paths in all; backward passes 6 edges of the graph, each once, and so sums over all of them."""


class TestText:
    def test_of_the_output(self):
        assert str(tg.explain(neuron()[-1])) == OF_THE_OUTPUT

    def test_of_a_value_between(self):
        *_, z, y = neuron()
        assert str(tg.explain(z, y)) == OF_A_VALUE_BETWEEN

    def test_of_a_leaf_used_several_times(self):
        x = leaf([1.0, 2.0], name="x")
        total = (x * x + x * np.array([3.0, 5.0])).sum()
        names = {"x": x}
        assert (
            str(tg.explain(x, total, names=names)).replace("L = total", "L = sum n5").replace("→ total", "→ sum n5")
            == OF_A_LEAF_USED_TWICE
        )

    def test_of_matrices(self):
        A, v = leaf([[0.0, 1.0], [2.0, 3.0]], name="A"), leaf([1.0, 2.0], name="v")
        text = str(tg.explain(v, A @ v, gradient=[1.0, -1.0]))
        assert (
            "    derivative        B̄ = Aᵀ Ȳ   (a bar means the gradient of L)\n"
            "    contribution      the rule gives [-2.0, -2.0]\n"
            "    its largest, [0]  -1.0 × 2.0 = -2.0\n"
        ) in text

    def test_the_largest_element_of_a_contribution_is_written_out(self):
        random = np.random.default_rng(0)
        x, w, start = random.normal(size=(6, 3)), leaf(random.normal(size=(3, 2)), name="w"), random.normal(size=(6, 2))
        graph = walk(x @ w, start)
        edge = next(each for each in graph.edges if each.source == graph.find(w, "w"))
        gradient = x.T @ start
        i, j = np.unravel_index(np.argmax(abs(gradient)), gradient.shape)
        place, text = largest_element(graph, edge)
        assert place == f"[{i}, {j}]"
        first = [multiplied(number(start[k, j]), number(x[k, i])) for k in range(4)]
        assert text == f"{added([*first, '… 2 more'])} = {number(gradient[i, j])}"

    def test_what_would_take_too_long_or_is_not_finite_is_not_written_out(self):
        for x in (np.ones((2, 300)), np.array([[np.inf, 1.0]])):
            y = leaf(np.ones((1, 2)), name="w") @ x if len(x) == 2 else leaf([[1.0]], name="w") @ x
            graph = walk(y, np.ones(y.shape))
            assert largest_element(graph, next(each for each in graph.edges if each.source == "n0")) is None

    def test_of_a_broadcast(self):
        x, b = leaf([[1.0, 2.0], [3.0, 4.0]], name="x"), leaf([1.0, 2.0], name="b")
        text = str(tg.explain(b, (x * b).sum()))
        product = "[[1.0, 1.0], [1.0, 1.0]] × [[1.0, 2.0], [3.0, 4.0]], summed over the broadcast axes, = [4.0, 6.0]"
        assert f"contribution  ∂L/∂y · ∂y/∂b = {product}" in text

    def test_the_place_in_the_program_and_in_the_model(self):
        dense = tg.layers.Dense(1, activation="tanh", name="hidden")
        dense(np.ones((1, 2)))
        with tg.record_lines(True):
            y = dense(np.ones((1, 2)))
        text = str(tg.explain(y))
        assert "in hidden\n  at " in text
        assert ": y = dense(np.ones((1, 2)))" in text

    def test_the_domain_and_the_kink(self):
        text = str(tg.explain(tg.sqrt(leaf(4.0))))
        assert "  y = √x = √4.0 = 2.0\n  domain: x ≥ 0\n  kink: ∞ at 0" in text
        assert "derivative    ∂y/∂x = 1/(2√x) = 1/(2·√4.0) = 0.25" in text

    def test_a_formula_in_words(self):
        text = str(tg.explain(tg.maximum(leaf(2.0, name="a"), leaf(5.0, name="b"))))
        assert "  y = max(a, b) = max(2.0, 5.0) = 5.0\n  kink: ½ to each where a = b" in text
        assert "derivative    ∂y/∂a = 1 where a > b, ½ where a = b, 0 elsewhere; here 0.0\n" in text

    def test_weights_are_named_with_their_layer(self):
        dense = tg.layers.Dense(2, name="hidden")
        total = dense(np.ones((1, 3), np.float32)).sum()
        text = str(tg.explain(dense.kernel, total))
        assert " depends on hidden.kernel, (3, 2) float32\n∂L/∂hidden.kernel = " in text

    def test_by_name(self):
        *_, y = neuron()
        assert str(tg.explain("w", y)).startswith("How L = y depends on w,")

    def test_no_gradient_flows(self):
        x = leaf([1.0, 2.0])
        mask = tg.tensor([1.0, 0.0], name="mask")
        text = str(tg.explain("mask", (x * mask).sum()))
        assert "mask = [1.0, 0.0] is a constant: no op made it." in text
        assert text.endswith("No gradient flows to it: every way to the output passes an op without a derivative.")

    def test_a_hook_on_the_way_is_found(self):
        x = leaf(2.0, name="x")
        y = x * 3.0
        y.register_hook(lambda g: g * 10)
        text = str(tg.explain(x, y * 1.0))
        assert "∂L/∂x = 30.0" in text
        assert "Their sum is 3.0: a hook has changed a gradient on the way." in text

    def test_many_paths_are_counted_and_not_listed(self):
        x = leaf(1.0, name="x")
        y = x
        for _ in range(60):
            y = y + y
        text = str(tg.explain(x, y))
        assert text.endswith(
            "As a sum over paths from x to L: about 1.2·10¹⁸\n"
            "  about 1.2·10¹⁸ paths in all; backward passes 120 edges of the graph, each once, "
            "and so sums over all of them."
        )

    def test_long_paths_and_many_leaves_are_cut(self):
        x = leaf(1.0, name="x")
        y = x
        for _ in range(30):
            y = tg.sin(y)
        assert "→ (19 more) →" in str(tg.explain(x, y))
        leaves = [leaf(1.0, name=f"w{number}") for number in range(25)]
        text = str(tg.explain(tg.stack(leaves).sum()))
        assert "  ... and 5 more" in text
        assert "25 paths in all" in text


class TestErrors:
    def test_a_leaf_without_an_output(self):
        with pytest.raises(ArgumentError) as caught:
            tg.explain(leaf(1.0, name="w"))
        assert str(caught.value) == (
            "explain got a leaf (w) and no output.\n"
            "  A leaf's gradient is that of something computed from it.\n"
            "  Say of what: tg.explain(w, loss)."
        )

    def test_a_tensor_of_another_graph(self):
        with pytest.raises(ArgumentError, match="tensor= got a tensor that is not in this graph"):
            tg.explain(leaf(1.0), leaf(2.0) * 3)

    def test_without_a_graph(self):
        with pytest.raises(GraphError, match="There is no graph behind this Tensor"):
            tg.explain(tg.tensor(1.0))


class TestItCannotGoStale:
    def test_text_and_numbers_are_the_blocks_own(self, restored_ops):
        @elementwise(lambda t, y, x: t * 7.0, name="seven", formula="y = 7x", derivative="∂y/∂x = 7")
        def seven(x):
            return 7.0 * x

        text = str(tg.explain(seven(leaf(2.0))))
        assert "y = 7x = 7·2.0 = 14.0" in text
        assert "derivative    ∂y/∂x = 7\n" in text
        seven.op.info["derivative"] = "∂y/∂x = eight"
        assert "derivative    ∂y/∂x = eight = 7.0" in str(tg.explain(seven(leaf(2.0))))

    def test_an_op_without_texts(self, restored_ops):
        @elementwise(lambda t, y, x: t * 7.0, name="quiet")
        def quiet(x):
            return 7.0 * x

        text = str(tg.explain(quiet(leaf(2.0))))
        assert "  y = 14.0" in text
        assert "derivative    ∂y/∂x = 7.0" in text
        assert r"\frac{\partial L}{\partial y}" in tg.explain(quiet(leaf(2.0)))._repr_latex_()


@st.composite
def programs(draw):
    """A small random graph of scalars: each step adds, multiplies or bends two earlier values."""
    return draw(st.lists(st.tuples(st.sampled_from("+*s"), st.integers(0, 9), st.integers(0, 9)), max_size=7))


def run(program):
    values = [leaf(0.7, name="x"), leaf(-0.4, name="w")]
    for kind, i, j in program:
        a, b = values[i % len(values)], values[j % len(values)]
        values.append(a + b if kind == "+" else a * b if kind == "*" else tg.sin(a))
    return values[0], values[0] * values[1] + values[-1]


class TestPaths:
    @hypothesis.given(programs())
    def test_their_sum_is_the_gradient_and_their_number_is_counted(self, program):
        x, y = run(program)
        graph = walk(y)
        source = graph.find(x, "x")
        paths = paths_between(graph, source)
        assert len(paths) == count_paths(graph, {source})[source]
        np.testing.assert_allclose(sum(path.product for path in paths), graph.nodes[source].gradient, rtol=1e-9)
        for path in paths:
            np.testing.assert_allclose(path.product, np.prod([float(factor) for factor in path.factors]), rtol=1e-9)
            assert path.nodes[0] == source
            assert path.nodes[-1] == graph.output

    def test_of_arrays_through_reductions_broadcasts_and_products(self):
        x = leaf(np.linspace(-1.0, 1.0, 6).reshape(2, 3))
        y = (tg.exp(x) * x.sum(axis=0) + (x @ x.T).sum()).mean() + x.max()
        graph = walk(y)
        source = graph.find(x, "x")
        paths = paths_between(graph, source)
        assert len(paths) == 5
        np.testing.assert_allclose(sum(path.product for path in paths), graph.nodes[source].gradient)

    def test_through_an_op_of_several_results(self, restored_ops):
        from tinygrad_loss.core.primitive import primitive

        @primitive(lambda g, y, x: 2.0 * g[0] + 3.0 * g[1], name="pair")
        def pair(x):
            return x * 2.0, x * 3.0

        x = leaf(1.0)
        a, b = pair(x)
        graph = walk(a * b)
        paths = paths_between(graph, graph.find(x, "x"))
        assert sorted(float(path.product) for path in paths) == [6.0, 6.0]
        assert "As a sum over paths from x to L: 2" in str(tg.explain(x, a * b))

    def test_the_output_has_one_path_to_itself(self):
        y = leaf(1.0) * 2
        graph = walk(y)
        assert count_paths(graph, {graph.output}) == {graph.output: 1}
        assert [path.nodes for path in paths_between(graph, graph.output)] == [[]]

    def test_a_huge_number_of_paths_in_linear_time(self):
        x = leaf(1.0)
        y = x
        with np.errstate(over="ignore"):
            for _ in range(100_000):
                y = y + y
        graph = walk(y)
        source = graph.find(x, "x")
        assert count_paths(graph, {source})[source] == 2**100_000
        assert edges_passed(graph) == 200_000
        assert count_text(2**100_000) == "about 1.0·10³⁰¹⁰³"

    @pytest.mark.parametrize(
        ("count", "text"),
        [(0, "0"), (12, "12"), (123456, "123,456"), (2**100, "about 1.3·10³⁰"), (10**12 - 1, "about 1.0·10¹²")],
    )
    def test_a_count_in_words(self, count, text):
        assert count_text(count) == text


TEXTS = sorted(
    {(op.name, text) for op in ops.values() for key in ("formula", "derivative") if (text := op.info.get(key))}
)
COMMANDS = set(
    r"frac partial sqrt left right operatorname mathrm bar sum prod int cdot times neq leq geq approx infty pm mp to "
    r"leftarrow in lfloor rfloor lceil rceil Vert nabla odot otimes oplus ldots circ wedge sim alpha beta gamma delta "
    r"varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon varphi chi psi omega Gamma Delta "
    r"Theta Lambda Xi Phi Psi Omega".split()
)


class TestLatex:
    @pytest.mark.parametrize(("name", "text"), TEXTS)
    def test_every_ops_texts_are_typeset(self, name, text):
        typeset = latex(text)
        depth = 0
        for character in re.sub(r"\\[{}]", "", typeset):
            depth += {"{": 1, "}": -1}.get(character, 0)
            assert depth >= 0, typeset
        assert depth == 0, typeset
        assert typeset.count(r"\left") - typeset.count(r"\leftarrow") == typeset.count(r"\right"), typeset
        assert set(re.findall(r"\\([A-Za-z]+)", typeset)) <= COMMANDS, typeset
        assert typeset.replace("\\mathrm", "").isascii(), f"{typeset}: a sign without its LaTeX"

    @pytest.mark.parametrize(
        ("text", "typeset"),
        [
            ("∂y/∂x = 1/(2√x)", r"\frac{\partial y}{\partial x} = \frac{1}{2\sqrt{x}}"),
            ("y = 1/(1 + e⁻ˣ)", r"y = \frac{1}{1 + e^{-x}}"),
            ("Ā = Ȳ Bᵀ", r"\bar{A} = \bar{Y} B^{T}"),
            (
                "yᵢ = exp(xᵢ) / Σⱼ exp(xⱼ)",
                r"y_{i} = \frac{\operatorname{exp}(x_{i})}{\sum_{j} \operatorname{exp}(x_{j})}",
            ),
            ("y = (1/n) Σ x", r"y = \left(\frac{1}{n}\right) \sum x"),
            ("e^(x/α) - 1e-7", r"{e}^{\frac{x}{\alpha}} - 1\times 10^{-7}"),
            ("(a - b)² / c", r"\frac{(a - b)^{2}}{c}"),
            ("a / ln 2", r"\frac{a}{\operatorname{ln}\ 2}"),
            ("a / ", "a /"),
            ("(a", "(a"),
            ("√", r"\mathrm{√}"),
            ("a_b {x} 50%", r"a\_ b \{ x\} 50\%"),
        ],
    )
    def test_of(self, text, typeset):
        assert latex(text) == typeset

    def test_a_name_is_only_a_name(self):
        assert latex_name("w") == "w"
        assert latex_name("β") == r"\beta"
        assert latex_name("hidden_1") == r"\mathrm{hidden\_1}"
        assert latex_name(r"\input{x}<script>$") == r"\mathrm{\_input\_x\_\_script\_\_}"


class TestNumbers:
    @pytest.mark.parametrize(
        ("text", "numbers", "result"),
        [
            ("a·b", {"a": "-2.0", "b": "3.0"}, "(-2.0)·3.0"),
            ("-2x", {"x": "-3.0"}, "-2·(-3.0)"),
            ("y(1 - y)", {"y": "0.3"}, "0.3·(1 - 0.3)"),
            ("eˣ", {"x": "-2.0"}, "e^(-2.0)"),
            ("x²", {"x": "-2.0"}, "(-2.0)²"),
            ("aᵇ⁻¹", {"a": "2.0", "b": "3.0"}, "2.0^(3.0-1)"),
            ("1/(2√x)", {"x": "4.0"}, "1/(2·√4.0)"),
            ("b", {"b": "-3.0"}, "-3.0"),
            ("max(x, 0)", {"x": "-3.0"}, "max(-3.0, 0)"),
            ("xᵢ + x̄", {"x": "1.0"}, "xᵢ + x̄"),
        ],
    )
    def test_in_place_of_letters(self, text, numbers, result):
        assert with_numbers(text, numbers) == result

    def test_right_side(self):
        assert right_side("∂y/∂x = 1 - y²") == "1 - y²"


class TestDerivativeOf:
    @pytest.mark.parametrize(
        ("text", "argument", "arguments", "part"),
        [
            ("∂y/∂a = b, ∂y/∂b = a", "b", ["a", "b"], "∂y/∂b = a"),
            ("Ā = Ȳ Bᵀ, B̄ = Aᵀ Ȳ", "b", ["a", "b"], "B̄ = Aᵀ Ȳ"),
            ("∂y/∂xᵢ = 1/n", "x", ["x"], "∂y/∂xᵢ = 1/n"),
            ("∂y/∂p = 1/p, with p held", "target", ["target", "p"], ""),
            ("∂y/∂p = 1/p, with p held", "p", ["target", "p"], "∂y/∂p = 1/p, with p held"),
            ("each input gets its section", "arrays[1]", ["arrays[0]", "arrays[1]"], "each input gets its section"),
            ("", "x", ["x"], ""),
        ],
    )
    def test_the_part_of_one_input(self, text, argument, arguments, part):
        assert derivative_of(text, argument, arguments) == part


class TestNotebooks:
    def test_latex(self):
        *_, z, y = neuron()
        assert tg.explain(z, y)._repr_latex_() == (
            "$$\\begin{aligned}\n"
            "z &= a + b = (-6.0) + 6.8 = 0.8 \\\\\n"
            "\\mathrm{through\\ y:}\\quad \\frac{\\partial y}{\\partial x} &= 1 - y^{2} = 1 - 0.664^{2} = 0.5591 \\\\\n"
            "\\frac{\\partial L}{\\partial y} \\cdot \\frac{\\partial y}{\\partial x} "
            "&= 1.0 \\cdot 0.5591 = 0.5591 \\\\\n"
            "\\frac{\\partial L}{\\partial z} &= 0.5591\n"
            "\\end{aligned}$$"
        )

    def test_arrays_in_latex(self):
        x = leaf([1.0, 2.0], name="x")
        text = tg.explain(x, (x * x).sum())._repr_latex_()
        assert r"\frac{\partial L}{\partial x} &= " in text
        assert r"\begin{bmatrix} 2.0 & 4.0 \end{bmatrix}" in text
        many = leaf(np.ones((3, 4)), name="x")
        assert r"\mathrm{array}" in tg.explain(many, (many * many).sum())._repr_latex_()

    def test_markdown_is_escaped(self):
        x = leaf(1.0, name="<script>$x$")
        text = tg.explain(x, x * 2)._repr_markdown_()
        assert "<script>" not in text
        assert text.startswith("**How L = ")
        assert text.count("$") == 4 + text.partition("$$")[0].count("\\$")
        assert "<pre>" in text


def test_a_graph_of_100_000_nodes_is_explained_in_linear_time():
    x = leaf(1.0, name="x")
    y = x
    for _ in range(50_000):
        y = y * 1.0
    text = str(tg.explain(x, y))
    assert "1 path in all; backward passes 50,000 edges" in text
    assert str(tg.explain(y)).startswith("y, and how its inputs move it")
