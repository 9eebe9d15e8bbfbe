"""The demo: three optimizers learn the digits, and the gradients are drawn, with a renderer or without."""

from __future__ import annotations

import pytest

from tinygrad_loss import cli, demo
from tinygrad_loss.visualize import render


def test_accuracies_and_pictures(tmp_path):
    lines = []
    accuracies = demo.run_demo(tmp_path, lines.append)
    assert set(accuracies) == {"GradientDescent", "SGD", "Adam"}
    assert all(accuracy >= 0.975 for accuracy in accuracies.values()), accuracies
    assert (tmp_path / "backprop.svg").read_text(encoding="utf-8").count("<g id=") > 10
    assert any("91 %" in line for line in lines)


def test_without_a_renderer(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "runs", lambda: [demo.Run("SGD", demo.SGD(0.1), 1, 32)])
    for renderer in ("_with_dot", "_with_pygraphviz"):
        monkeypatch.setattr(render, renderer, lambda source, format: 1 / 0)
    lines = []
    demo.run_demo(tmp_path, lines.append)
    assert (tmp_path / "backprop.dot").read_text(encoding="utf-8").startswith("digraph")
    assert any("pip install 'tinygrad-loss[viz]'" in line for line in lines)


def test_the_command_line(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    assert "demo" in capsys.readouterr().out
