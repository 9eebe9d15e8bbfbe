"""Source lines: recorded only while asked for, those of the user's program, and nowhere a cost when off."""

from __future__ import annotations

import inspect
import threading

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.core.hooks import Observer
from tinygrad_loss.modes import MODE, observed_by
from tinygrad_loss.visualize.lines import shown_line
from tinygrad_loss.visualize.walk import walk


def leaf(values=2.0):
    return tg.tensor(values, requires_grad=True)


def here(offset=0):
    """The caller's line as it is recorded, `offset` lines further."""
    frame = inspect.currentframe().f_back
    return f"{__file__}:{frame.f_lineno + offset}"


def lines_of(tensor):
    return [record.line for record in walk(tensor).nodes.values() if record.op is not None]


def test_off_by_default_and_without_cost():
    assert MODE.get().observers == ()
    assert (leaf() * 3).node.extra is None


def test_the_context_manager_records_inside_only():
    x = leaf()
    with tg.record_lines(True):
        y, line = x * 3, here()
    assert y.node.extra.line == line
    assert (x * 3).node.extra is None
    assert MODE.get().observers == ()


def test_the_switch_stays_until_it_is_switched_back():
    x = leaf()
    tg.record_lines(True)
    try:
        y, line = x * 3, here()
    finally:
        tg.record_lines(False)
    assert y.node.extra.line == line
    assert (x * 3).node.extra is None


def test_off_inside_on():
    x = leaf()
    with tg.record_lines(True):
        with tg.record_lines(False):
            assert (x * 3).node.extra is None
        with tg.record_lines():
            assert len(MODE.get().observers) == 1  # not twice
        assert (x * 3).node.extra.line == here()


def test_other_observers_stay_and_find_the_line():
    seen = []

    class Watcher(Observer):
        def on_call(self, op, inputs, attributes, result):
            seen.append(result.node.extra.line)

    with observed_by(Watcher()), tg.record_lines(True):
        leaf() * 3
        assert seen == [here(-1)]


def test_a_block_of_another_mode_ends_the_switch():
    with tg.enable_grad():
        tg.record_lines(True)
        assert (leaf() * 3).node.extra is not None
    assert (leaf() * 3).node.extra is None


def test_every_node_of_a_composed_function_has_the_users_line():
    x = leaf([1.0, 2.0, 4.0])
    with tg.record_lines(True):
        y, line = np.median(x) + tg.logsumexp(x), here()
    assert set(lines_of(y)) == {line}


def test_layers_and_losses_have_the_line_of_the_call():
    model = tg.Sequential([tg.layers.Dense(3, activation="tanh"), tg.layers.Dense(2, activation="softmax")])
    x, labels = np.ones((4, 5)), np.array([0, 1, 0, 1])
    model(x)  # builds the weights
    loss = tg.losses.SparseCategoricalCrossentropy()
    with tg.record_lines(True):
        prediction, first = model(x), here()
        y, second = loss(labels, prediction), here()
    assert set(lines_of(y)) == {first, second}


def test_all_of_several_results_have_the_line():
    x = leaf([1.0, 3.0])
    with tg.record_lines(True):
        (a, b), line = tg.divmod(x, 2.0), here()
    assert b.node.extra.line == line
    assert not a.requires_grad


def test_each_thread_has_its_own_switch():
    found = []
    with tg.record_lines(True):
        thread = threading.Thread(target=lambda: found.append((leaf() * 3).node.extra))
        thread.start()
        thread.join()
    assert found == [None]


def test_under_no_grad_there_is_nothing_to_note():
    with tg.record_lines(True), tg.no_grad():
        assert (leaf() * 3).node is None


@pytest.mark.parametrize("line", [None, "<stdin>:3"])
def test_a_line_without_a_file(line):
    assert shown_line(line) == (line or "")


def test_a_line_is_shown_with_its_text(tmp_path, monkeypatch):
    path = tmp_path / "model.py"
    path.write_text("x = 1\n    y = x * 2\n")
    assert shown_line(f"{path}:2") == f"{path}:2: y = x * 2"
    monkeypatch.chdir(tmp_path)
    assert shown_line(f"{path}:2") == "model.py:2: y = x * 2"
