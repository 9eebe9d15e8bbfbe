"""The benchmarks' yardstick: the hand-written steps compute what the library computes; and how rows are reported."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

HERE = Path(__file__).parents[1] / "benchmarks"
NAMES = (
    "report",
    "suite",
    "turns",
    "handmade",
    "bench_dense",
    "bench_convolution",
    "bench_transformer",
    "bench_hessians",
)
DENSE = ["W1", "W2", "W3", "W4", "W9"]


@pytest.fixture(scope="module")
def bench():
    """The benchmarks' modules by name; they import one another by plain names."""
    sys.path.insert(0, str(HERE))
    try:
        yield {name: importlib.import_module(name) for name in NAMES}
    finally:
        sys.path.remove(str(HERE))
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", "")).startswith(str(HERE)):
                del sys.modules[name]


def small(bench, workload):
    """The family's file, and the workload with fewer and smaller layers."""
    if workload in DENSE:
        module = bench["bench_dense"]
        task = module.TASKS[workload]
        widths = tuple(min(n, 12) for n in task.widths[:4])
        return module, task._replace(batch=6, widths=widths)
    if workload == "W6":
        module = bench["bench_convolution"]
        return module, module.TASKS["W6"]._replace(size=8, channels=(3, 4, 5, 6), batch=4, classes=3)
    module = bench["bench_transformer"]
    return module, module.TASKS["W7"]._replace(features=8, heads=2, hidden=12, time=5, batch=4)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("workload", [*DENSE, "W6", "W7"])
def test_the_step_by_hand_is_the_librarys(bench, workload, workers):
    module, task = small(bench, workload)
    _, expected = module.ours(task, how="eager").first()
    seconds, found = module.by_hand(task, workers).first()
    assert seconds > 0
    assert len(set(found)) == len(found) == 5  # it trains
    np.testing.assert_allclose(found, expected, rtol=2e-5)


def test_the_straight_line_is_the_loop(bench):
    module = bench["bench_dense"]
    task = module.TASKS["W1"]
    _, found = module.straight_line(task).first()
    np.testing.assert_allclose(found, module.by_hand(task).first()[1], rtol=1e-6)


@pytest.mark.parametrize("workload", ["W8 Rosenbrock", "W8 logistic"])
def test_the_hessian_by_hand_is_the_librarys(bench, workload):
    module = bench["bench_hessians"]
    task = module.TASKS[workload]._replace(size=5)
    made, step = module.by_hand(task), module.ours(task, how="eager")
    found = np.asarray(made.step())
    np.testing.assert_allclose(found, np.asarray(step.step()), rtol=1e-10, atol=1e-12)
    assert np.count_nonzero(found) == (13 if "Rosenbrock" in workload else 25)


def test_the_update_on_two_workers_is_that_on_one(bench):
    handmade = bench["handmade"]
    random = np.random.default_rng(0)
    for kind in ("adam", "momentum", "sgd"):
        ws = [np.ones(50, np.float32), np.ones(50, np.float32)]
        updates = [handmade.Update(kind, 0.1, w, workers) for w, workers in zip(ws, (1, 2), strict=True)]
        for _ in range(3):
            g = random.normal(size=50).astype(np.float32)
            for update in updates:
                update.begin()
                mine = g.copy()
                for part in range(len(update.parts)):
                    update(mine, part)
        np.testing.assert_array_equal(ws[0], ws[1])
        assert (ws[0] != 1).all()


def test_contenders_take_turns_in_processes(bench):
    suite, turns = bench["suite"], bench["turns"]
    family = turns.family_of("hessians")
    contenders = [each for each in family.contenders if each.name in ("hand, 1 BLAS thread", "tinygrad_loss eager")]
    unknown = turns.Contender("nobody", contenders[0].build)  # the process finds no such contender
    plan = suite.Plan(rounds=2, budget=0.001, threads=1, memory=False)
    row = suite.run(family, "W8 Rosenbrock", [*contenders, unknown], plan, [].append)
    assert list(row.results) == ["hand, 1 BLAS thread", "tinygrad_loss eager"]
    assert row.base == "hand, 1 BLAS thread"
    assert row.ratio("tinygrad_loss eager") > 1
    assert row.failed == {"nobody": "LookupError: there is no contender 'nobody'"}


def test_a_contender_that_computes_something_else_is_left_out(bench):
    suite = bench["suite"]
    family = bench["turns"].family_of("hessians")
    strict = [
        each._replace(tolerance=-1.0) if each.name == "tinygrad_loss eager" else each for each in family.contenders
    ]
    contenders = [each for each in strict if each.name in ("hand, 1 BLAS thread", "tinygrad_loss eager")]
    plan = suite.Plan(rounds=1, budget=0.001, threads=1, memory=False)
    said = []
    row = suite.run(family, "W8 Rosenbrock", contenders, plan, said.append)
    assert list(row.results) == ["hand, 1 BLAS thread"]
    assert "by hand it is" in row.failed["tinygrad_loss eager"]
    assert "without tinygrad_loss eager" in said[0]


@pytest.fixture
def rows(bench):
    suite = bench["suite"]
    results = {
        "hand, 1 BLAS thread": suite.Result([2e-6, 2e-6, 4e-6], 0.001, 1.0, 0.5),
        "hand, 2 workers": suite.Result([9e-6, 9e-6, 9e-6], 0.001, 1.0, 0.5),
        "replay": suite.Result([3e-6, 3e-6, 6e-6], 0.025, 2.0, 0.75),
    }
    return [suite.Row("W1", "a <small> one", results, {"peer": "needs what is not there"})]


def test_ratios_are_medians_over_rounds_to_the_fastest_by_hand(bench, rows):
    assert rows[0].base == "hand, 1 BLAS thread"
    assert rows[0].ratio("replay") == pytest.approx(1.5)
    assert rows[0].ratio("hand, 2 workers") == pytest.approx(4.5)
    table = bench["report"].ratios(rows)
    assert table.splitlines()[-1] == "| W1 (hand, 1 BLAS thread: 2.0 µs) | 1.50 | – |"


def test_the_report_says_under_what_it_was_measured(bench, rows):
    text = bench["report"].markdown(rows, bench["suite"].Plan(rounds=3), (0.5, 0.75))
    for part in (
        f"numpy {np.__version__}",
        "medians of 3 rounds",
        "load average 0.5 before",
        "needs what is not there",
    ):
        assert part in text


def test_the_picture_has_a_mark_for_each_contender(bench, rows):
    root = ET.fromstring(bench["report"].picture(rows))
    said = [each.text for each in root.iter("{http://www.w3.org/2000/svg}title")]
    assert "W1, replay: 1.50" in said
