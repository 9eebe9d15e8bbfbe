"""Folded layers: no arrow without ends, sums that agree with the parts, calls apart, sizes within the limit."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.visualize.folding import homes
from tinygrad_loss.visualize.view import view_of
from tinygrad_loss.visualize.walk import walk
from tinygrad_loss.visualize.wording import norm


def network(units=4):
    layers = [tg.layers.Dense(units, activation="tanh") for _ in range(2)]
    model = tg.Sequential([*layers, tg.layers.Dense(3, activation="softmax")])
    x, y = np.linspace(-1, 1, 10).reshape(2, 5), np.array([0, 2])
    return model, tg.losses.SparseCategoricalCrossentropy()(y, model(x))


def called_twice():
    dense = tg.layers.Dense(3)
    first = tg.exp(dense(np.ones((2, 3))))
    return (first * dense(np.full((2, 3), 2.0))).sum()


def around_an_op():
    """A layer whose input goes in, out through an op outside it, and in again."""
    dense = tg.layers.Dense(3)
    return dense(tg.exp(dense(np.ones((2, 3))))).sum()


def second_order():
    model, loss = network()
    loss.backward(create_graph=True)
    return (model.layers[0].kernel.grad ** 2).sum()


GRAPHS = {"network": lambda: network()[1], "twice": called_twice, "again": around_an_op, "second": second_order}


def box_named(view, title):
    return next(box for box in view.boxes if box.title == title)


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("depth", [None, 0, 1, 2])
class TestEveryFold:
    def test_no_arrow_dangles(self, name, depth):
        view = view_of(walk(GRAPHS[name]()), depth=depth)
        ids = [box.id for box in view.boxes]
        assert len(set(ids)) == len(ids)
        ends = {end for arrow in view.arrows for end in (arrow.source, arrow.target)}
        assert ends == set(ids)  # and no box is left without arrows

    def test_boxes_come_after_those_that_lead_to_them(self, name, depth):
        view = view_of(walk(GRAPHS[name]()), depth=depth)
        place = {box.id: number for number, box in enumerate(view.boxes)}
        assert all(place[arrow.source] < place[arrow.target] for arrow in view.arrows)
        assert view.boxes[-1].kind == "output"

    def test_every_node_is_in_one_box(self, name, depth):
        graph = walk(GRAPHS[name]())
        home = homes(graph, list(graph.nodes), depth)
        assert home.keys() == graph.nodes.keys()
        assert set(home.values()) == {box.id for box in view_of(graph, depth=depth).boxes}


class TestDepth:
    def test_says_how_deep_layers_stay_open(self):
        graph = walk(network()[1])
        titles = {
            depth: [b.title for b in view_of(graph, depth=depth).boxes if b.kind == "layer"] for depth in (0, 1, 2)
        }
        assert titles == {0: ["sequential"], 1: ["dense", "dense_1", "dense_2"], 2: []}
        assert all(box.scope == ("sequential",) for box in view_of(graph, depth=1).boxes if box.kind == "layer")

    def test_the_output_may_be_in_a_layer(self):
        model, _ = network()
        data = np.ones((2, 5), np.float32)
        picture = tg.draw(model(data), depth=0)
        assert [box.kind for box in picture.view.boxes] == ["constant", "output"]

    def test_wrong_depths_are_refused(self):
        for wrong in (-1, 1.5, True, "all"):
            with pytest.raises(tg.errors.ArgumentError) as caught:
                tg.draw(network()[1], depth=wrong)
            assert str(caught.value) == (
                f"depth= got {wrong!r}.\n  It needs a whole number of at least 0.\n"
                "  depth=0 folds the outermost layers, depth=1 those inside them."
            )


class TestNumbers:
    def test_a_layer_adds_up_what_is_inside(self):
        graph = walk(network()[1])
        inside = [record for record in graph.nodes.values() if record.scope[1:] == ("dense_1",)]
        rows = {row.label: row.lines for row in box_named(view_of(graph, depth=1), "dense_1").rows}
        gradients = [norm(record.gradient) for record in inside if record.kind == "leaf"]
        assert rows["ops"] == ["affine, tanh"]
        assert rows["parameters"] == ["20 in 2 arrays"]
        assert rows["their gradient"] == [f"norm {math.hypot(*gradients):.4g}"]
        assert rows["shape"] == [f"(2, 4) float32 · {sum(record.held for record in inside)} B"]

    def test_the_memory_of_all_boxes_is_that_of_all_nodes(self):
        graph = walk(network()[1])
        home = homes(graph, list(graph.nodes), 1)
        held = {}
        for identity, box in home.items():
            held[box] = held.get(box, 0) + graph.nodes[identity].held
        assert sum(held.values()) == sum(record.held for record in graph.nodes.values())

    def test_contributions_to_one_value_add_up_before_their_norm(self):
        class Twice(tg.layers.Layer):
            def call(self, inputs):
                return inputs * 3.0 + inputs * 4.0

        x = tg.tensor([1.0, 1.0], requires_grad=True)
        view = tg.draw(Twice(name="twice", dtype="float64")(x).sum(), depth=0).view
        (arrow,) = (arrow for arrow in view.arrows if arrow.source == "n0")
        assert arrow.label == "norm 9.899 · gain 7.0\n(2,)"  # √(7² + 7²), and not √(3² + 3² + 4² + 4²)


class TestCalls:
    def test_of_one_layer_are_boxes_of_their_own(self):
        for output in (called_twice(), around_an_op()):
            view = view_of(walk(output), depth=0)
            assert [box.title for box in view.boxes if "call" in box.title] == ["dense · call 1", "dense · call 2"]

    def test_shared_parameters_stand_outside(self):
        view = view_of(walk(called_twice()), depth=0)
        kernel = next(box for box in view.boxes if box.name == "kernel")
        assert kernel.scope == ()
        users = [arrow.target for arrow in view.arrows if arrow.source == kernel.id]
        assert len(users) == 2

    def test_parameters_stay_in_their_layer_when_penalties_use_them(self):
        model, loss = network()
        graph = walk(loss + sum((layer.kernel**2).sum() for layer in model.layers))
        kernels = [record for record in graph.nodes.values() if record.name == "kernel"]
        assert [record.scope for record in kernels] == [
            ("sequential", name) for name in ("dense", "dense_1", "dense_2")
        ]


class TestLimit:
    def test_layers_are_folded_to_fit(self):
        picture = tg.draw(network()[1], limit=10)
        assert [box.title for box in picture.view.boxes if box.kind == "layer"] == ["dense", "dense_1", "dense_2"]
        assert picture.view.notes == ["layers are folded: 15 boxes would be more than limit=10"]

    def test_a_sum_is_given_where_that_is_not_enough(self):
        picture = tg.draw(network()[1], limit=3)
        assert [box.id for box in picture.view.boxes] == ["leaves", "ops", "n14"]
        assert picture.view.notes == [
            "summed up: 15 boxes would be more than limit=3",
            "Draw a part with between= or around=, fold layers with depth=, or raise limit=.",
        ]

    def test_the_summary_counts_and_ranks(self):
        graph = walk(network()[1])
        leaves, ops, _ = tg.draw(network()[1], limit=3).view.boxes
        assert (leaves.title, ops.title) == ("6 leaves", "7 ops")
        assert [row.label for row in ops.rows] == [
            "affine",
            "tanh",
            "mean",
            "sparse_cross_entropy_with_logits",
        ]
        sizes = sorted((norm(r.gradient) for r in graph.nodes.values() if r.kind == "leaf"), reverse=True)
        shown = [float(row.lines[0].split()[1]) for row in leaves.rows]
        assert len(shown) == len(sizes)
        assert shown == sorted(shown, reverse=True)

    def test_of_100_000_nodes(self):
        y = tg.tensor(1.0, requires_grad=True, name="x")
        for _ in range(50_000):
            y = y * 0.9999
        picture = tg.draw(y)
        rows = {row.label: row.lines for row in picture.view.boxes[1].rows}
        assert rows["multiply"] == [f"50,000 · 400 kB · gradient {0.9999**49_999:.4g} … 1.0"]
        assert rows["on the way back"][0].startswith("███")
        assert rows["on the way back"][0].endswith("▁▁▁")
        assert len(picture.text().splitlines()) < 15
        assert len(picture.dot) < 5000

    def test_layers_of_100_000_nodes_are_folded(self):
        class Long(tg.layers.Layer):
            def call(self, inputs):
                for _ in range(10_000):
                    inputs = inputs * 1.0
                return inputs

        model = tg.Sequential([Long(name=f"long_{number}") for number in range(5)])
        picture = tg.draw(model(tg.tensor(np.ones((1, 1)), requires_grad=True, dtype="float32")).sum())
        folded = [box for box in picture.view.boxes if box.kind == "layer"]
        assert [box.title for box in folded] == [f"long_{number}" for number in range(5)]
        assert folded[0].rows[0].lines == ["10000 × multiply"]
        assert "100,002 nodes" in picture.view.title  # 50,000 ops, their constants, the leaf and the sum

    def test_wrong_limits_are_refused(self):
        with pytest.raises(tg.errors.ArgumentError, match=r"limit= got 0\.\n  It needs a whole number of at least 1\."):
            tg.draw(network()[1], limit=0)


def test_what_backward_records_stands_in_the_layers_that_it_passes():
    tg.set_random_seed(0)
    model = tg.Sequential([tg.layers.Dense(3, activation="tanh"), tg.layers.Dense(1)])
    x = tg.tensor(np.ones((2, 4), "float32"), requires_grad=True, name="x")
    model(x).sum().backward(create_graph=True)
    penalty = (x.grad**2).sum()
    graph = walk(penalty)
    scopes = {record.scope for record in graph.nodes.values() if record.kind == "op"}
    assert scopes == {
        (),
        ("sequential", "dense"),
        ("backward", "sequential", "dense"),
        ("backward", "sequential", "dense_1"),
    }
    kernel = graph.nodes[graph.find(model.layers[0].kernel, "around")]
    assert kernel.scope == ("sequential", "dense")  # where it stands in the forward pass
    assert {box.title for box in tg.draw(penalty, depth=0).view.boxes} >= {"sequential", "backward"}
    assert (x * 2.0).node.scope == ()  # backward leaves the scope as it was


def test_numbers_differentiated_twice_have_their_first_backward_in_a_group():
    x = tg.tensor(2.0, requires_grad=True, name="x")
    (x**3).backward(create_graph=True)
    graph = walk(x.grad)
    assert graph.nodes[graph.find(x, "around")].scope == ()
    assert graph.nodes[graph.output].scope == ("backward",)
    x.grad.backward(create_graph=True)
    assert ("backward", "backward") in {record.scope for record in walk(x.grad).nodes.values()}
