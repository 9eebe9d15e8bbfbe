"""Pictures without a renderer: text with lanes, Mermaid, DOT."""

from __future__ import annotations

import re
import sys
from itertools import pairwise

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.visualize.columns import width
from tinygrad_loss.visualize.lanes import Lanes
from tinygrad_loss.visualize.mermaid import escape
from tinygrad_loss.visualize.theme import DARK, LIGHT
from tinygrad_loss.visualize.view import view_of
from tinygrad_loss.visualize.walk import walk
from tinygrad_loss.visualize.wording import brief, describe, in_one_line, memory, norm, number, power, shape_text
from tinygrad_loss.visualize.wrapping import wrapped


def leaf(value, name):
    return tg.tensor(value, requires_grad=True, name=name)


def neuron():
    w, x, b = leaf(-3.0, "w"), leaf(2.0, "x"), leaf(6.8, "b")
    return tg.tanh(w * x + b)


def network():
    layers = [tg.layers.Dense(4, activation="tanh"), tg.layers.Dense(3)]
    return (tg.Sequential(layers)(np.ones((2, 5))) ** 2).sum()


def drawing(inputs):
    """The lanes of a graph given as (node, its inputs), the output first."""
    lanes, lines = Lanes(), []
    for node, wanted in inputs:
        column, line = lanes.node(node)
        lines.append(line)
        after = lanes.inputs(column, wanted)
        if wanted:
            lines.append(after)
    return lines


class TestLanes:
    def test_a_chain(self):
        assert drawing([("c", "b"), ("b", "a"), ("a", "")]) == ["●", "│", "●", "│", "●"]

    def test_a_value_used_twice(self):
        lines = drawing([("d", "bc"), ("c", "a"), ("b", "a"), ("a", "")])
        assert lines == ["●", "├─╮", "│ ●", "│ │", "● │", "╰─┤", "  ●"]

    def test_the_same_input_twice(self):
        assert drawing([("b", "aa"), ("a", "")]) == ["●", "│", "●"]

    def test_three_inputs_and_a_free_lane_taken_again(self):
        lines = drawing([("e", "abc"), ("c", ""), ("b", "df"), ("f", ""), ("d", ""), ("a", "")])
        assert lines == ["●", "├─┬─╮", "│ │ ●", "│ ●", "│ ├─╮", "│ │ ●", "│ ●", "●"]

    def test_a_bar_crosses_other_lanes(self):
        lines = drawing([("e", "abc"), ("a", "d"), ("b", ""), ("c", "d"), ("d", "")])
        assert lines == ["●", "├─┬─╮", "● │ │", "│ │ │", "│ ● │", "│   ●", "├───╯", "●"]

    def test_a_bar_to_a_new_lane_over_an_old_one(self):
        lines = drawing([("e", "ab"), ("a", "cd"), ("d", ""), ("b", ""), ("c", "")])
        assert lines[:4] == ["●", "├─╮", "● │", "├─┼─╮"]

    @pytest.mark.parametrize("seed", range(20))
    def test_every_lane_leads_to_its_node(self, seed):
        random = np.random.default_rng(seed)
        count = 12
        inputs = [
            (str(k), [str(j) for j in random.choice(k, size=min(k, random.integers(1, 4)), replace=False)] if k else [])
            for k in range(count)
        ][::-1]
        lines = drawing(inputs)
        assert sum(line.count("●") for line in lines) == count
        for above, below in pairwise(lines):
            for column, sign in enumerate(above):
                if sign in "│├┤┼╮╭┬":  # what goes down arrives at something that goes up
                    assert column < len(below)
                    assert below[column] in "│├┤┼●╰╯┴", (above, below)


class TestText:
    def test_of_a_neuron(self):
        y = neuron()
        assert tg.draw(y).text() == "\n".join([
            "y: 6 nodes, 48 B held",
            "",
            "●    n5  y · tanh  y = tanh x  value 0.664  gradient 1.0     scalar float64 · 8 B",
            "│      ↳ n4: 1.0 × 0.5591 = 0.5591",
            "●    n4  add       y = a + b   value 0.8    gradient 0.5591  scalar float64 · 8 B",
            "├─╮    ↳ n2: 0.5591 × 1.0 = 0.5591   n3 b: 0.5591 × 1.0 = 0.5591",
            "│ ●  n3  b · leaf              value 6.8    gradient 0.5591  scalar float64 · 8 B",
            "●    n2  multiply  y = a·b     value -6.0   gradient 0.5591  scalar float64 · 8 B",
            "├─╮    ↳ n0 w: 0.5591 × 2.0 = 1.118   n1 x: 0.5591 × -3.0 = -1.677",
            "│ ●  n1  x · leaf              value 2.0    gradient -1.677  scalar float64 · 8 B",
            "●    n0  w · leaf              value -3.0   gradient 1.118   scalar float64 · 8 B",
        ])  # fmt: skip

    def test_columns_stand_below_each_other(self):
        lines = [line for line in tg.draw(network()).text().splitlines() if " value " in line]
        places = {width(line[: line.index(" value ")]) for line in lines}
        assert len(places) == 1

    def test_names_the_layers(self):
        text = tg.draw(network()).text()
        assert text.count("sequential/dense_1") == 3  # affine, kernel and bias

    def test_a_very_wide_graph_is_listed(self):
        leaves = [leaf(float(k), f"x{k}") for k in range(60)]
        text = tg.draw(tg.stack(leaves).sum()).text()
        assert "●" not in text
        assert "x59" in text

    def test_repr_is_the_text(self):
        picture = tg.draw(neuron())
        assert repr(picture) == str(picture) == picture.text()


class TestMermaid:
    def test_has_layers_arrows_and_colours(self):
        text = tg.draw(network()).mermaid()
        assert text.startswith("flowchart TB\n")
        assert text.count("subgraph") == text.count("\n  end") + text.count("\n    end") == 3
        assert 'subgraph layer1["sequential"]' in text
        assert f"classDef leaf_box fill:{LIGHT.fills['leaf']}" in text
        assert re.search(r'n\d+ -->\|"↑ norm [\d.]+ · gain [\d.]+<br/>#?', text)

    def test_the_bypassed_softmax_is_dashed(self):
        p = tg.softmax(leaf([[1.0, 2.0]], "z"))
        loss = tg.losses.CategoricalCrossentropy()(np.array([[0.0, 1.0]]), p)
        assert "-.->" in tg.draw(loss).mermaid()
        assert "style=dashed" in tg.draw(loss).dot

    def test_what_is_special_is_spelled_by_number(self):
        assert escape('a"b`<i>#;|[x]\n∂y') == "a#34;b#96;#60;i#62;#35;#59;#124;#91;x#93;<br/>∂y"
        assert escape("\x07\u202e") == "��"


class TestDot:
    def test_arrows_say_which_way_gradients_flow(self):
        for direction, sign in {"TB": "↑", "LR": "←", "BT": "↓", "RL": "→"}.items():
            dot = tg.draw(neuron(), direction=direction).dot
            assert f"rankdir={direction}" in dot
            assert f"{sign} 1.0 × 0.5591 = 0.5591" in dot

    def test_an_unknown_direction_is_refused(self):
        with pytest.raises(tg.errors.UnknownNameError) as caught:
            tg.draw(neuron(), direction="down")
        assert str(caught.value) == (
            "direction= got 'down'.\n  It needs one of 'TB', 'LR', 'BT', 'RL'.\n  Known names: BT, LR, RL, TB."
        )

    def test_arguments_are_named_where_there_are_several(self):
        dot = tg.draw(leaf(6.0, "x") / leaf(2.0, "y")).dot
        assert re.search(r'id="n0_n2_0".*>a</FONT>', dot)
        assert re.search(r'id="n1_n2_1".*>b</FONT>', dot)

    def test_parameters_stand_beside_their_op(self):
        dot = tg.draw(network()).dot
        assert dot.count("rank=same") == 2
        assert dot.count("dir=back") == 2

    def test_a_chain_whose_leaves_are_used_all_along_stays_in_one_column(self):
        leaves = [tg.tensor(float(k), requires_grad=True) for k in range(12)]
        single, many = leaves[0], leaves[0]
        for k in range(60):
            single, many = np.tanh(single), np.tanh(many * leaves[k % 12])
        assert wrapped(view_of(walk(single)), {})
        assert wrapped(view_of(walk(many)), {}) == set()

    def test_long_chains_are_set_in_columns(self):
        y = leaf(0.5, "x")
        for _ in range(40):
            y = tg.sin(y)
        dot = tg.draw(y).dot
        assert dot.count("constraint=false") == 3
        assert "constraint=false" not in tg.draw(network()).dot

    def test_a_deep_nest_of_layers_needs_no_recursion(self):
        class Nest(tg.layers.Layer):
            def __init__(self, inner):
                super().__init__()
                self.inner = inner

            def call(self, inputs):
                return self.inner(inputs) if self.inner else inputs * 2.0

        layer = None
        for _ in range(60):
            layer = Nest(layer)
        y = layer(tg.tensor([1.0], requires_grad=True, dtype="float32")).sum()
        limit, depth = sys.getrecursionlimit(), len_of_stack()
        sys.setrecursionlimit(depth + 70)
        try:
            dot = tg.draw(y).dot
        finally:
            sys.setrecursionlimit(limit)
        assert dot.count("subgraph cluster_") == 60

    def test_both_themes_can_be_read(self):
        for theme in (LIGHT, DARK):
            for fill in theme.fills.values():
                for ink in (theme.ink, theme.faint, theme.gradient):
                    assert contrast(ink, fill) > 4.0, (ink, fill)


def len_of_stack():
    frame, depth = sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    return depth


def contrast(one, other):
    """As WCAG 2 counts it."""
    lights = []
    for colour in (one, other):
        channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        lights.append(float(linear @ [0.2126, 0.7152, 0.0722]) + 0.05)
    return max(lights) / min(lights)


class TestWording:
    def test_numbers(self):
        given = [6.0, 1 / 3, 7, True, -0.0, 1e-5, 123456.0, float("nan"), float("-inf"), np.float32(0.1)]
        shown = ["6.0", "0.3333", "7", "True", "-0.0", "1e-05", "1.235e+05", "NaN", "-∞", "0.1"]
        assert [number(x) for x in given] == shown

    def test_arrays(self):
        assert describe(np.arange(3.0)) == ["[0.0, 1.0, 2.0]"]
        assert describe(np.arange(4.0).reshape(2, 2)) == ["[[0.0, 1.0]", " [2.0, 3.0]]"]
        assert describe(np.zeros((0, 3))) == ["empty"]
        assert describe(np.arange(9)) == ["0 … 8"]
        assert describe(np.arange(9) > 3) == ["5 of 9 true"]
        assert describe(np.array([3.0, 4.0] + 8 * [0.0])) == ["norm 5.0", "0.0 … 4.0"]
        assert describe(np.array([np.nan] + 8 * [0.0]))[1:] == ["0.0 … 0.0", "1 of 9 not finite"]
        assert describe(np.full(9, np.nan)) == ["norm NaN", "9 of 9 not finite"]
        assert describe(None) == []
        assert in_one_line(describe((np.ones(2), np.eye(2)))) == "[1.0, 1.0] [[1.0, 0.0], [0.0, 1.0]]"
        assert in_one_line(describe(np.array([3.0, 4.0] + 8 * [0.0]))) == "norm 5.0, 0.0 … 4.0"

    def test_in_brief(self):
        assert [brief(x) for x in (2.5, np.array([[3]]), np.array([3.0, 4.0]), np.arange(9))] == [
            "2.5",
            "3",
            "norm 5.0",
            "0 … 8",
        ]
        assert brief((np.array([3.0]), np.array([4.0]))) == "norm 5.0"

    def test_norms_keep_their_range(self):
        assert norm(np.array([3e200, 4e200])) == pytest.approx(5e200)
        assert norm(np.array([3e-200, 4e-200])) == pytest.approx(5e-200)
        assert norm(np.zeros(0)) == 0.0
        assert np.isnan(norm(np.array([np.nan, 1.0])))

    def test_sizes(self):
        assert [memory(x) for x in (0, 48, 1536, 3_145_728, 5e9)] == ["0 B", "48 B", "1.54 kB", "3.15 MB", "5 GB"]
        assert shape_text(np.zeros((2, 3), np.float32)) == "(2, 3) float32"
        assert shape_text((np.zeros(2), np.float64(1))) == "(2,) float64 and scalar float64"
        assert shape_text(np.zeros(2), dtype=False) == "(2,)"
        assert [power(x) for x in (1e-12, 1e-3, 0.05, 1.0, 1e6)] == ["10⁻¹²", "10⁻³", "0.05", "1", "10⁶"]
