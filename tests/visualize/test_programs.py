"""Pictures of compiled programs: a box for each line of the source."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.errors import ArgumentError, GraphError

X = np.linspace(-1, 1, 24, dtype=np.float32).reshape(8, 3)
Y = np.ones((8, 1), np.float32)


@pytest.fixture
def step():
    tg.set_random_seed(1)
    model = tg.Sequential([tg.layers.Dense(4, activation="relu"), tg.layers.Dense(1)])
    model(X)
    optimizer, loss = tg.optimizers.Adam(0.01), tg.losses.MeanSquaredError()

    @tg.jit
    def step(x, y):
        value = loss(y, model(x, training=True))
        value.backward(retain_graph=False)
        optimizer.step(model.parameters())
        optimizer.zero_grad()
        return value

    step(X, Y)
    step.model = model
    return step


def lines_of(source):
    """The lines inside `def program`, without comments."""
    body = source.split("def program(")[1].splitlines()[1:]
    return [line.split("  #")[0].strip() for line in body if line.strip() and not line.strip().startswith("#")]


def test_every_line_of_the_source_is_a_box_and_every_box_a_line(step):
    graph = tg.explore(step).graph
    written = []
    for record in graph.nodes.values():
        if record.kind == "op":
            code = record.facts["code"]
            written.append(code if record.title == "return" else f"{record.name} = {code}")
    source = [line for line in lines_of(step.program.source) if not line.startswith("alpha = ")]
    assert written[:-1] == source[:-1]
    assert written[-1].split(" …")[0] in source[-1]


def test_arrows_lead_from_what_makes_a_name_to_what_reads_it(step):
    graph = tg.explore(step).graph
    for edge in graph.edges:
        names = graph.nodes[edge.source].name.split(", ")
        code = graph.nodes[edge.target].facts["code"]
        assert code.endswith("…") or any(name in code for name in names)
    by_name = {record.name: record for record in graph.nodes.values()}
    read = {graph.nodes[edge.source].name for edge in by_name["dense_relu"].inputs}
    assert read == {"dense_affine_2"}


def test_phases_and_layers_group_the_lines(step):
    by_name = {record.name: record for record in tg.explore(step).graph.nodes.values()}
    assert by_name["dense_relu"].scope == ("forward", "sequential", "dense")
    assert by_name["d_dense_kernel"].scope == ("backward", "sequential", "dense")
    assert by_name["dense_kernel"].scope == ("forward", "sequential", "dense")
    assert by_name["x"].scope == ()
    folded = tg.draw(step, depth=0).text()
    assert "forward" in folded
    assert "dense_relu" not in folded


def test_parameters_show_what_they_hold_now(step):
    by_name = {record.name: record for record in tg.explore(step).graph.nodes.values()}
    kernel = step.model.parameters()[0]
    np.testing.assert_array_equal(by_name["dense_kernel"].value, kernel.detach().numpy())
    assert by_name["x"].value is None
    assert by_name["x"].facts == {"shape": "(8, 3) float32"}


def test_a_program_draws_in_every_format_the_same_each_time(step, tmp_path):
    picture = tg.draw(step.program)
    assert "np.maximum(dense_affine_2, 0)" in picture.text()
    assert "np.maximum(dense#95;affine#95;2, 0)" in picture.mermaid()  # Mermaid reads _ as emphasis
    assert picture.dot == tg.draw(step).dot
    assert picture.save(tmp_path / "program.svg").read_text().count("<svg") == 1
    assert tg.draw(step, around="dense_relu", radius=1).text().count("●") == 4
    assert "summed up" in tg.draw(step, limit=2).text()


@pytest.mark.parametrize("asked", [{"heat": "gradient"}, {"check": True}, {"gradient": 1.0}, {"names": {}}])
def test_what_only_a_graph_has_is_refused(step, asked):
    with pytest.raises(ArgumentError, match=f"{next(iter(asked))}= got a value, for a compiled program"):
        tg.draw(step, **asked)


def test_a_function_that_was_never_called_has_no_program():
    with pytest.raises(GraphError, match="no program yet"):
        tg.draw(tg.jit(lambda x: x))


def test_a_program_keeps_no_arrays_but_its_own(step):
    for each in step.program.listing.steps:
        assert all(value.array.strides == (0,) * value.array.ndim for value in each.results)


def test_a_method_named_records_makes_no_program():
    class Reader:
        def records(self):
            return []

    with pytest.raises(GraphError, match="no graph behind this Reader"):
        tg.draw(Reader())
