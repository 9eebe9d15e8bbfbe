"""The explorer's page as a file: complete in itself, the same every time, small, and clear about what it cannot do."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss import errors
from tinygrad_loss.visualize import render
from tinygrad_loss.visualize.facts import facts_of
from tinygrad_loss.visualize.walk import walk


def network(units=4):
    tg.set_random_seed(1)
    model = tg.Sequential([tg.layers.Dense(units, activation="tanh"), tg.layers.Dense(3, activation="softmax")])
    x = np.linspace(-1, 1, 10).reshape(2, 5)
    return model, tg.losses.SparseCategoricalCrossentropy()(np.array([0, 2]), model(x))


def data_of(explorer):
    return json.loads(
        re.search(r'<script type="application/json" id="graph">(.*?)</script>', explorer.html, re.DOTALL)[1]
    )


def test_the_page_needs_nothing_from_outside(tmp_path):
    page = tg.explore(network()[1]).save(tmp_path / "page.html").read_text(encoding="utf-8")
    assert not re.findall(r"""(?:src|href)=["']?(?!#)[a-z]+:?//""", page)
    assert not re.findall(r"\b(?:fetch|XMLHttpRequest|import\()", page)
    assert page.startswith("<!DOCTYPE html>")
    assert not re.findall(r"/\*[a-z]+\*/", page)


def test_the_same_program_gives_the_same_page():
    pages = []
    for _ in range(2):
        _, loss = network()
        pages.append(tg.explore(loss).html)
    assert pages[0] == pages[1]


def test_the_data_are_the_walks_own_numbers():
    _, loss = network()
    data = data_of(tg.explore(loss))
    graph = walk(loss)
    assert list(data["nodes"]) == list(graph.nodes)
    for identity, record in graph.nodes.items():
        for field in ("value", "gradient"):
            wanted, found = getattr(record, field), data["nodes"][identity][field]
            if wanted is None:
                assert found is None
            else:
                array = np.reshape(found["cells"], found["shape"])
                np.testing.assert_allclose(array, wanted, rtol=1e-5)
                assert found["dtype"] == str(np.asarray(wanted).dtype)
    assert len(data["backward"]) == sum(edge.contribution is not None for edge in graph.edges)


def test_contributions_add_up_to_gradients():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    loss = np.sum(w * w + np.exp(w) * w)
    graph = walk(loss)
    data = facts_of(graph, graph.nodes)
    to_w = [data["edges"][one["edge"]] for one in data["backward"] if data["edges"][one["edge"]]["source"] == "n0"]
    assert len(to_w) == 4
    total = np.sum([edge["contribution"]["cells"] for edge in to_w], axis=0)
    np.testing.assert_allclose(total, data["nodes"]["n0"]["gradient"]["cells"], rtol=1e-5)
    steps = [one for one in data["backward"] if data["edges"][one["edge"]]["source"] == "n0"]
    assert "after" not in steps[-1]
    assert all("after" in one for one in steps[:-1])


def test_a_large_array_is_kept_as_an_image_that_loses_no_extreme():
    values = np.zeros((500, 700))
    values[123, 456] = -7.0
    loss = np.sum(tg.tensor(values, requires_grad=True) * 2.0)
    explorer = tg.explore(loss)
    leaf = next(node for node in data_of(explorer)["nodes"].values() if node["kind"] == "leaf")["value"]
    assert "cells" not in leaf
    assert leaf["min"] == -7.0
    assert min(leaf["image"]["cells"]) == -7.0
    assert leaf["zeros"] == values.size - 1
    assert len(explorer.html) < 200_000


def test_a_long_vector_is_folded_into_rows():
    loss = np.sum(tg.tensor(np.arange(5000.0), requires_grad=True))
    leaf = next(node for node in data_of(tg.explore(loss))["nodes"].values() if node["kind"] == "leaf")["value"]
    assert min(leaf["image"]["shape"]) > 10
    assert max(leaf["image"]["cells"]) == 4999.0


def tiles_of(image):
    """The matrices that an image shows, in order."""
    high, wide = image["tile"]
    rows, columns = image["shape"]
    sheet = np.reshape(image["cells"], (rows // high, high, columns // wide, wide))
    return sheet.swapaxes(1, 2).reshape(-1, high, wide)[: image["tiles"]]


def test_an_array_of_three_axes_is_shown_as_its_matrices():
    values = np.arange(60.0).reshape(5, 3, 4)
    loss = np.sum(tg.tensor(values, requires_grad=True))
    leaf = next(node for node in data_of(tg.explore(loss))["nodes"].values() if node["kind"] == "leaf")["value"]
    assert "cells" not in leaf
    assert "note" not in leaf["image"]
    np.testing.assert_array_equal(tiles_of(leaf["image"]), values)


def test_pictures_and_filters_are_shown_by_height_and_width():
    tg.set_random_seed(0)
    layer = tg.layers.Conv2D(2, 3)
    pictures = np.random.default_rng(0).normal(size=(3, 6, 5, 2)).astype("float32")
    y = layer(pictures)
    explorer = tg.explore(np.sum(y), names={"pictures": pictures})
    nodes, find = data_of(explorer)["nodes"], explorer.graph.find
    for array, turned in ((pictures, (0, 3, 1, 2)), (layer.kernel.detach().numpy(), (2, 3, 0, 1))):
        key = find(pictures if array is pictures else layer.kernel, "around")
        matrices = array.transpose(turned).reshape(-1, *(array.shape[axis] for axis in turned[2:]))
        np.testing.assert_allclose(tiles_of(nodes[key]["value"]["image"]), matrices, rtol=1e-5)


def test_of_many_matrices_the_first_are_shown_and_the_note_says_so():
    values = np.random.default_rng(0).normal(size=(40, 2, 8, 8))
    loss = np.sum(tg.tensor(values, requires_grad=True))
    leaf = next(node for node in data_of(tg.explore(loss))["nodes"].values() if node["kind"] == "leaf")["value"]
    assert leaf["image"]["note"] == "the first 16 of 80 matrices"
    np.testing.assert_allclose(tiles_of(leaf["image"]), values.reshape(-1, 8, 8)[:16], rtol=1e-5)
    one = tg.tensor(np.eye(100)[None] * 3.0, requires_grad=True)
    image = next(iter(data_of(tg.explore(np.sum(one)))["nodes"].values()))["value"]["image"]
    assert image["note"] == "blocks of elements: from each the one furthest from 0"
    assert np.trace(np.reshape(image["cells"], image["shape"])) == 3.0 * image["shape"][0]


def test_what_is_not_finite_is_counted_and_survives_json():
    with np.errstate(all="ignore"):
        loss = np.sum(np.log(tg.tensor([0.0, -1.0, 1.0], requires_grad=True)))
    nodes = data_of(tg.explore(loss))["nodes"]
    log = next(node for node in nodes.values() if node["title"] == "log")["value"]
    assert log["cells"] == ["-Infinity", "NaN", 0.0]
    assert log["bad"] == 2


def test_the_ops_own_block_is_shown():
    x = tg.tensor(1.0, requires_grad=True)
    source = data_of(tg.explore(np.tanh(x)))["ops"]["tanh"]["source"]
    assert "@elementwise(" in source
    assert "lambda t, y, x:" in source
    assert "samples" not in source
    assert '"""' not in source


def test_a_part_of_a_graph_says_what_is_left_out():
    x = tg.tensor(2.0, requires_grad=True)
    y = np.exp(x)
    loss = np.sin(y) * x + y * 3.0
    data = data_of(tg.explore(loss, around=x, radius=1))
    assert len(data["nodes"]) < len(walk(loss).nodes)
    assert all(edge["source"] in data["nodes"] and edge["target"] in data["nodes"] for edge in data["edges"].values())
    assert next(node for node in data["nodes"].values() if node["title"] == "exp")["hidden"] == 2


def test_graphs_too_large_to_read_are_refused_or_folded():
    x = tg.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(60):
        y = y + x
    with pytest.raises(errors.ArgumentError, match="smallest view has 61 boxes, over limit=50") as caught:
        tg.explore(y, limit=50).html
    assert "around=" in str(caught.value)
    _, loss = network()
    views = data_of(tg.explore(loss, limit=6))["views"]
    assert [view["name"] for view in views] == ["layers0", "layers1"]
    assert "over limit=6" in views[-1]["note"]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"limit": 0}, "limit= got 0"),
        ({"radius": -1}, "radius= got -1"),
        ({"names": [1]}, "names= got a list"),
        ({"around": "nothing"}, "around= got 'nothing'"),
    ],
)
def test_wrong_arguments_are_refused_at_once(options, what):
    x = tg.tensor(1.0, requires_grad=True)
    with pytest.raises(errors.ArgumentError, match=re.escape(what)):
        tg.explore(x * 2.0, **options)


def test_saving_says_what_is_wrong(tmp_path, monkeypatch):
    loss = np.exp(tg.tensor(1.0, requires_grad=True))
    with pytest.raises(errors.ArgumentError, match="The explorer is a page of HTML"):
        tg.explore(loss).save(tmp_path / "page.svg")

    def missing(*_):
        raise ImportError("not here")

    monkeypatch.setattr(render, "_with_dot", missing)
    monkeypatch.setattr(render, "_with_pygraphviz", missing)
    with pytest.raises(errors.RendererError, match=r"pip install"):
        tg.explore(loss).save(tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()
    bundle = tg.explore(loss)._repr_mimebundle_()
    assert set(bundle) == {"text/plain"}
    assert "pip install" in bundle["text/plain"]


def test_a_notebook_gets_a_frame_and_a_picture():
    bundle = tg.explore(network()[1])._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "image/svg+xml"}
    assert bundle["text/html"].startswith("<iframe srcdoc=")
    assert "<script" not in bundle["text/html"]


def test_second_order_graphs_and_several_results_are_shown():
    x = tg.tensor([[2.0, 1.0], [1.0, 3.0]], requires_grad=True)
    values, vectors = np.linalg.eigh(x)
    data = data_of(tg.explore(np.sum(values) + np.sum(vectors**2)))
    assert any("parts" in (node["value"] or {}) for node in data["nodes"].values())
    w = tg.tensor(2.0, requires_grad=True)
    (w**3).backward(create_graph=True)
    assert data_of(tg.explore(w.grad))["whatIf"]["reason"] == ""
