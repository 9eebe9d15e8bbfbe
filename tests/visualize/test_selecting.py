"""Parts of graphs: between two values, around one; what is not drawn is counted."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.errors import ArgumentError
from tinygrad_loss.visualize.selecting import selected
from tinygrad_loss.visualize.walk import walk


def network():
    dense = [tg.layers.Dense(4, activation="tanh") for _ in range(3)]
    model = tg.Sequential(dense)
    return model, (model(np.ones((2, 5))) ** 2).sum()


def diamond():
    x = tg.tensor(2.0, requires_grad=True, name="x")
    a, b, side = x * 3.0, x * 4.0, tg.tensor(5.0, requires_grad=True, name="side")
    return x, a, b, side, tg.exp(a) * tg.log(b) + side


def titles(graph, ids):
    return [graph.nodes[each].name or graph.nodes[each].title for each in ids]


def test_all_by_default():
    graph = walk(diamond()[-1])
    assert selected(graph) == list(graph.nodes)


def test_between_has_every_path_and_the_direct_inputs():
    x, _, _, _, y = diamond()
    graph = walk(y)
    assert titles(graph, selected(graph, between=(x, y))) == [
        record.name or record.title for record in graph.nodes.values()
    ]
    part = titles(graph, selected(graph, between=("x", "n6")))
    assert "side" not in part
    assert "add" not in part


def test_between_two_values_leaves_out_the_rest():
    _, a, *_, y = diamond()
    graph = walk(y)
    ids = selected(graph, between=(a, y))
    assert titles(graph, ids) == ["multiply", "exp", "log", "multiply", "side", "add"]
    rows = {box.id: {row.label: row.lines for row in box.rows} for box in tg.draw(y, between=(a, y)).view.boxes}
    assert rows[ids[0]]["not drawn"] == ["2 inputs"]
    assert rows[ids[2]]["not drawn"] == ["1 input"]
    assert "not drawn" not in rows[ids[-1]]


def test_between_a_value_and_itself():
    x, *_, y = diamond()
    graph = walk(y)
    assert titles(graph, selected(graph, between=(x, x))) == ["x"]


def test_around_goes_both_ways():
    _, a, _, _, y = diamond()
    graph = walk(y)
    assert titles(graph, selected(graph, around=a, radius=0)) == ["multiply"]
    assert titles(graph, selected(graph, around=a, radius=1)) == ["x", "constant", "multiply", "exp"]
    assert len(selected(graph, around=a, radius=9)) == len(graph.nodes)


def test_a_layer_is_named_by_its_name_or_its_path():
    _, y = network()
    graph = walk(y)
    for name in ("dense_1", "sequential/dense_1"):
        ids = selected(graph, around=name, radius=0)
        assert titles(graph, ids) == ["kernel", "bias", "affine", "tanh"]
        assert {graph.nodes[each].scope for each in ids} == {("sequential", "dense_1")}
    between = selected(graph, between=("dense_1", "dense_2"))
    assert {graph.nodes[each].scope for each in between} >= {("sequential", "dense_1"), ("sequential", "dense_2")}


def test_arrays_are_found_too():
    data = np.ones((2, 3))
    y = (tg.tensor(np.ones((2, 3)), requires_grad=True) * data).sum()
    graph = walk(y)
    assert graph.nodes[graph.find(data, "around")].kind == "constant"


def test_no_arrow_dangles_in_a_part():
    model, y = network()
    for options in ({"around": "dense_1", "radius": 1}, {"between": (model.layers[1].kernel, y)}):
        for depth in (None, 0, 1):
            view = tg.draw(y, depth=depth, **options).view
            ids = {box.id for box in view.boxes}
            assert all(arrow.source in ids and arrow.target in ids for arrow in view.arrows)


def test_the_title_counts_the_part():
    _, y = network()
    assert tg.draw(y, around="dense_1", radius=0).view.title.startswith("y: 4 of ")


class TestErrors:
    def test_both_at_once(self):
        x, *_, y = diamond()
        with pytest.raises(ArgumentError) as caught:
            tg.draw(y, between=(x, y), around=x)
        assert str(caught.value) == (
            "draw got both between= and around=.\n"
            "  Each of them chooses the part of the graph to draw.\n"
            "  Give one of them."
        )

    def test_not_a_pair(self):
        x, *_, y = diamond()
        for wrong in ("x", (x,), (x, y, y), 3):
            with pytest.raises(ArgumentError, match="It needs a pair: where to start and where to end"):
                tg.draw(y, between=wrong)

    def test_the_wrong_way_round(self):
        x, a, b, _, y = diamond()
        with pytest.raises(ArgumentError, match="Swap them: the second comes before the first"):
            tg.draw(y, between=(y, x))
        with pytest.raises(ArgumentError) as caught:
            tg.draw(y, between=(a, b))
        assert str(caught.value) == (
            "between= got two values that no path leads from and to.\n"
            "  The second has to be computed from the first.\n"
            "  Choose a value that the second depends on."
        )

    def test_what_is_not_in_the_graph(self):
        *_, y = diamond()
        cases = {
            "'w'": "w",
            "a tensor that is not in this graph": tg.tensor(1.0, requires_grad=True),
            "an array that is not in this graph": np.ones(3),
            "7": 7,
        }
        for shown, wrong in cases.items():
            with pytest.raises(ArgumentError) as caught:
                tg.draw(y, around=wrong)
            first, needs, cure = str(caught.value).split("\n  ")
            assert first == f"around= got {shown}."
            assert needs == "It needs a tensor of this graph, its name, or a node's id such as 'n3'."
            assert cure.startswith("Names in this graph: x")

    def test_a_negative_radius(self):
        x, *_, y = diamond()
        with pytest.raises(ArgumentError, match=r"radius= got -1\."):
            tg.draw(y, around=x, radius=-1)
