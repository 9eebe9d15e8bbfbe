"""Pictures: every node and edge has its number, stable text, escaped names, groups by layer, all formats."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss import errors
from tinygrad_loss.core.primitive import primitive
from tinygrad_loss.core.registry import ops
from tinygrad_loss.visualize import render
from tinygrad_loss.visualize.boxes import flow
from tinygrad_loss.visualize.picture import Picture
from tinygrad_loss.visualize.view import view_of
from tinygrad_loss.visualize.walk import EdgeRecord, Graph, NodeRecord, walk
from tinygrad_loss.visualize.wording import number


def neuron():
    x = tg.tensor(2.0, requires_grad=True, name="x")
    w = tg.tensor(-3.0, requires_grad=True, name="w")
    return tg.tanh(w * x + 6.8)


def network(units=4):
    tg.set_random_seed(1)
    layers = [tg.layers.Dense(units, activation="tanh") for _ in range(2)]
    model = tg.Sequential([*layers, tg.layers.Dense(3, activation="softmax")])
    x, y = np.linspace(-1, 1, 10).reshape(2, 5), np.array([0, 2])
    return model, x, y, tg.losses.SparseCategoricalCrossentropy()(y, model(x))


def named(name, function):
    function.__name__ = name
    return function


def box_names(picture):
    return {box.name for box in picture.view.boxes if box.name}


def test_scalar_edges_show_upstream_local_and_contribution():
    text = tg.draw(neuron()).dot
    assert "0.5591 × 2.0 = 1.118" in text
    assert "1.0 × 0.5591 = 0.5591" in text


def test_works_after_backward_and_shows_the_pure_numbers():
    x = tg.tensor(2.0, requires_grad=True, name="x")
    y = tg.tanh(x * -3.0)
    before = tg.draw(y).dot
    y.backward()
    assert tg.draw(y).dot == before
    y.backward()  # the leaves have doubled; the picture shows both
    assert ".grad" in tg.draw(y).dot


def test_layers_are_groups_and_every_op_has_a_gradient():
    _, _, _, loss = network()
    picture = tg.draw(loss)
    for name in ("sequential", "dense", "dense_1", "dense_2"):
        assert f'label="{name}"' in picture.dot
    for record in walk(loss).nodes.values():
        if record.kind == "op":
            assert record.gradient is not None
            assert record.gradient.shape == record.value.shape


def test_the_same_program_gives_the_same_text():
    pictures = []
    for _ in range(2):
        loss = network()[3]
        pictures.append(tg.draw(loss).dot)
    assert pictures[0] == pictures[1]


def test_names_are_escaped():
    x = tg.tensor(1.0, requires_grad=True, name='<script>"\\')
    text = tg.draw(x * 2).dot
    assert "<script>" not in text
    assert "&lt;script&gt;&quot;" in text


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf", ".dot", ".mmd", ".txt"])
def test_every_format_is_written(suffix, tmp_path):
    path = tg.draw(neuron()).save(tmp_path / f"graph{suffix}")
    start = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF", ".dot": b"digraph"}.get(suffix, b"")
    assert path.read_bytes().startswith(start)
    assert path.stat().st_size > 50


def test_notebooks_get_svg_or_else_text(monkeypatch):
    picture = tg.draw(neuron())
    shown = picture._repr_mimebundle_()["image/svg+xml"]
    assert shown.count("<svg") == 1
    assert '<svg style="max-width:100%;height:auto" width=' in shown, "a wide picture shrinks to the page"
    for renderer in ("_with_dot", "_with_pygraphviz"):
        monkeypatch.setattr(render, renderer, lambda source, format: 1 / 0)
    bundle = picture._repr_mimebundle_()
    assert "image/svg+xml" not in bundle
    assert 'pip install "tinygrad-loss[viz]"' in bundle["text/plain"]


def test_errors():
    with pytest.raises(errors.GraphError, match="no graph behind"):
        tg.draw(tg.tensor(1.0))
    y = neuron()
    y.backward(retain_graph=False)
    with pytest.raises(errors.GraphError, match="freed"):
        tg.draw(y)
    with pytest.raises(errors.ArgumentError, match=r"save cannot write 'graph\.gif'"):
        tg.draw(neuron()).save("graph.gif")


def test_a_long_chain_is_walked_without_recursion():
    y = x = tg.tensor(1.0, requires_grad=True)
    for _ in range(100_000):
        y = y * 1.0
    graph = walk(y)
    assert len(graph.nodes) == 200_001
    assert float(next(r for r in graph.nodes.values() if r.kind == "leaf").gradient) == 1.0
    assert x.grad is None


def test_values_are_called_what_the_program_calls_them():
    weights = {"hidden": tg.tensor([1.0, 2.0], requires_grad=True)}
    data = np.array([3.0, 4.0])
    bias = [tg.tensor(1.0, requires_grad=True)]
    score = (weights["hidden"] * data).sum() + bias[0]
    assert box_names(tg.draw(score)) == {"weights['hidden']", "data", "bias[0]", "score"}
    assert box_names(tg.draw(score, names={"w": weights["hidden"], "x": data})) == {"w", "x", "bias[0]", "score"}


def test_attributes_of_self_are_named():
    class Model:
        def __init__(self):
            self.slope = tg.tensor(2.0, requires_grad=True)

        def draw(self):
            return tg.draw(self.slope * 3.0)

    assert box_names(Model().draw()) == {"self.slope"}


def test_memory_held_is_counted_once():
    x = tg.tensor(np.ones((8, 4)), requires_grad=True)
    graph = walk((x.T + 0.0).reshape(-1).sum())
    held = {record.title: record.held for record in graph.nodes.values()}
    assert held == {"leaf": 256, "transpose": 0, "constant": 0, "add": 256, "reshape": held["reshape"], "sum": 8}
    assert "(4, 8) float64 · 0 B" in tg.draw((x.T + 0.0).sum()).dot
    assert "520 B held" in tg.draw((x.T + 0.0).sum()).view.title


def test_second_order_graphs():
    x = tg.tensor(2.0, requires_grad=True, name="x")
    (x**3).backward(create_graph=True)
    picture = tg.draw(x.grad)
    graph = walk(x.grad)
    leaf = graph.nodes[graph.find("x", "around")]
    assert (float(graph.nodes[graph.output].value), float(leaf.gradient)) == (12.0, 12.0)  # 3x² and 6x
    assert "12.0" in picture.dot
    inner = tg.grad(lambda t: np.sin(t) * t)
    w = tg.tensor(0.5, requires_grad=True, name="w")
    second = walk(inner(w))
    assert second.nodes[second.find("w", "around")].gradient == pytest.approx(2 * np.cos(0.5) - 0.5 * np.sin(0.5))


def test_records_without_values_draw():
    """What is there of a node is drawn: here only its op."""
    nodes = {
        "n0": NodeRecord("n0", "leaf", None, "x", None),
        "n1": NodeRecord("n1", "constant", None, None, None),
        "n2": NodeRecord("n2", "op", ops["multiply"], None, None, scope=("layer",)),
    }
    nodes["n2"].inputs = [EdgeRecord("n0", "n2", 0, "a"), EdgeRecord("n1", "n2", 1, "b")]

    graph = Graph(nodes, "n2", [])
    for options in ({}, {"depth": 0}, {"heat": "gain"}):
        picture = Picture(view_of(graph, **options))
        assert "digraph" in picture.dot
        assert "multiply" in picture.text() or "layer" in picture.text()


def test_recomputed_segments_draw():
    segment = tg.checkpoint(lambda x: np.tanh(x) * 2.0)
    assert "checkpoint(" in tg.draw(segment(tg.tensor([0.5, 1.0], requires_grad=True)).sum()).dot


def test_ops_with_several_results_draw(declare):
    rule = primitive(lambda g, y, x: g[0] * np.cos(x) - g[1] * np.sin(x))
    circle = declare(rule, named("circle", lambda x: (np.sin(x), np.cos(x))))
    sine, cosine = circle(tg.tensor([0.5, 1.0], requires_grad=True))
    picture = tg.draw((sine * cosine).sum(), heat="gradient", check=True)
    assert ">circle</B>" in picture.dot
    assert "(2,) float64 and (2,) float64" in tg.draw((sine * cosine).sum()).dot
    badges = {box.title: box.badge.passed for box in picture.view.boxes if box.badge is not None}
    assert badges == {"circle": True, "item": None, "multiply": True, "sum": True}


def test_files_are_the_same_each_time(tmp_path):
    for suffix in ("svg", "png", "pdf", "dot", "mmd", "txt"):
        first, second = (tg.draw(network()[3]).save(tmp_path / f"{k}.{suffix}").read_bytes() for k in "ab")
        assert first == second
    assert b"Generated by" not in (tmp_path / "a.svg").read_bytes()
    assert b"(D:20000101" in (tmp_path / "a.pdf").read_bytes()


def test_an_unrelated_change_leaves_the_rest_alone():
    def lines(last):
        x = tg.tensor(2.0, requires_grad=True, name="x")
        return set(tg.draw(last(tg.exp(x) * 3.0)).dot.splitlines())

    plain, longer = lines(lambda y: y + 1.0), lines(lambda y: (y + 1.0) + 2.0)
    assert len(plain - longer) <= 5  # the caption, the old output's box, and what flows back to it
    assert any("exp" in line for line in plain)


def test_the_svg_has_an_id_for_every_box_and_arrow():
    picture = tg.draw(network()[3])
    svg = picture.svg()
    for box in picture.view.boxes:
        assert f'<g id="{box.id}" class="node">' in svg
    for arrow in picture.view.arrows:
        assert f'<g id="{arrow.source}_{arrow.target}_{arrow.index}" class="edge">' in svg
    for text in ("Y = X W + b", "gradient", "(2, 4) float32 · 32 B"):
        assert text in svg
    assert 'fill="#ffffff"' in svg  # a light ground, also on a dark page


def test_wrong_names_are_refused():
    y = neuron()
    with pytest.raises(errors.ArgumentError) as caught:
        tg.draw(y, names=["w"])
    assert str(caught.value) == (
        "names= got a list.\n  It needs a dict from names to tensors or arrays.\n"
        '  For example  tg.draw(loss, names={"w": w, "x": x}).'
    )
    with pytest.raises(errors.ArgumentError, match="names= got a str under a key of type Tensor"):
        tg.draw(y, names={y: "y"})


def test_a_gradient_of_the_wrong_shape_is_refused():
    with pytest.raises(errors.ShapeError, match="gradient= has shape"):
        tg.draw(tg.tensor([1.0, 2.0], requires_grad=True) * 2, gradient=np.ones(3))


def test_an_output_of_several_numbers_starts_from_ones():
    x = tg.tensor([1.0, 2.0], requires_grad=True, name="x")
    assert tg.draw(x * 2).view.notes == ["started from ones at all 2 elements of the output"]
    picture = tg.draw(x * 2, gradient=np.array([1.0, 10.0]))
    assert picture.view.notes == []
    assert "[2.0, 20.0]" in picture.dot


def torch_layers(torch, model, x, labels):
    """The same network in PyTorch: every op as (result, its inputs in our order)."""
    h, calls = torch.tensor(x), []
    for index, layer in enumerate(model.layers):
        kernel, bias = (torch.tensor(p.detach().numpy().copy(), requires_grad=True) for p in (layer.kernel, layer.bias))
        inputs, h = (h, kernel, bias), h @ kernel + bias
        calls.append((h, inputs))
        if index < 2:
            inputs, h = (h,), torch.tanh(h)
            calls.append((h, inputs))
    each = torch.nn.functional.cross_entropy(h, torch.tensor(labels), reduction="none")
    calls += [(each, (None, h)), (each.mean(), (each,))]
    for result, inputs in calls:
        for value in (result, *inputs):
            if value is not None and value.requires_grad:
                value.retain_grad()
    calls[-1][0].backward(retain_graph=True)
    values = [value for result, inputs in calls for value in (result, *inputs) if value is not None]
    gradients = {value: value.grad.clone() for value in values if value.requires_grad}  # later calls add to .grad
    return calls, gradients


@pytest.mark.oracle
@pytest.mark.parametrize("after_backward", [False, True])
def test_every_gradient_and_every_contribution_is_pytorchs(after_backward):
    torch = pytest.importorskip("torch")
    tg.config.set_floatx("float64")
    model, x, labels, loss = network()
    if after_backward:
        loss.backward()
        loss.backward()
    graph = walk(loss)
    made = [record for record in graph.nodes.values() if record.kind == "op"]
    calls, gradients = torch_layers(torch, model, x, labels)
    assert [record.title for record in made] == [
        "affine", "tanh", "affine", "tanh", "affine", "sparse_cross_entropy_with_logits", "mean",
    ]  # fmt: skip
    for record, (result, inputs) in zip(made, calls, strict=True):
        np.testing.assert_allclose(record.value, result.detach().numpy(), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(record.gradient, gradients[result].numpy(), rtol=1e-11, atol=1e-14)
        by_argument = sorted(record.inputs, key=lambda edge: edge.index)
        if record.title == "sparse_cross_entropy_with_logits":
            by_argument.sort(key=lambda edge: edge.argument != "labels")
        for edge, value in zip(by_argument, inputs, strict=True):
            if value is None or not value.requires_grad:
                assert edge.contribution is None
                continue
            (flowing,) = torch.autograd.grad(result, value, gradients[result], retain_graph=True)
            np.testing.assert_allclose(edge.upstream, gradients[result].numpy(), rtol=1e-11, atol=1e-14)
            np.testing.assert_allclose(edge.contribution, flowing.numpy(), rtol=1e-11, atol=1e-14)
            np.testing.assert_allclose(
                graph.nodes[edge.source].gradient, gradients[value].numpy(), rtol=1e-11, atol=1e-14
            )
            gain = float(flowing.norm() / gradients[result].norm())
            assert f"gain {number(gain)}" in flow(graph, edge) or "=" in flow(graph, edge)


def test_an_op_with_results_of_several_shapes_is_drawn():
    x = tg.tensor([[2.0, 1.0], [1.0, 3.0]], requires_grad=True)
    values, vectors = np.linalg.eigh(x)
    text = tg.draw(np.sum(values) + np.sum(vectors**2)).text()
    assert "eigh" in text
    assert "(2,) float64 and (2, 2) float64" in text
