"""The command line: drawing and exploring what a script's function returns, and the errors of calling it wrongly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_loss as tg
from tinygrad_loss import cli
from tinygrad_loss.modes import MODE

SCRIPT = """\
import neighbour
import tinygrad_loss as tg
import numpy as np
from dataclasses import dataclass

@dataclass
class Settings:
    rate: "float" = neighbour.RATE

def loss():
    weights = tg.tensor([1.0, 2.0], requires_grad=True)
    data = np.array([3.0, 4.0])
    named = tg.tensor(1.0, requires_grad=True, name="bias")
    total = (weights * data).sum() + named
    return total

def number():
    return float(loss())

def nothing():
    loss()

def needs(data):
    return data

def broken():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    return w + tg.tensor([1.0, 2.0, 3.0])

def product():
    w = tg.tensor(2.0, requires_grad=True)
    return w * 3.0

def plain():
    return tg.tensor(1.0)

def fails():
    return 1 + "a"

if __name__ == "__main__":
    raise SystemExit("this part of the script must not run")
"""


@pytest.fixture
def script(tmp_path, monkeypatch):
    (tmp_path / "model.py").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "neighbour.py").write_text("RATE = 0.1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    yield "model.py"
    sys.modules.pop("neighbour", None)


def run(capsys, *arguments):
    status = cli.main(arguments)
    found = capsys.readouterr()
    return status, found.out, found.err


class TestDraw:
    @pytest.mark.parametrize("suffix", ["svg", "dot", "mmd", "txt"])
    def test_to_a_file(self, script, tmp_path, capsys, suffix):
        assert run(capsys, "draw", f"{script}:loss", "-o", f"graph.{suffix}") == (0, f"Wrote graph.{suffix}\n", "")
        text = (tmp_path / f"graph.{suffix}").read_text(encoding="utf-8")
        assert "weights" in text
        assert "bias" in text

    def test_to_a_file_named_after_the_function(self, script, tmp_path, capsys):
        assert run(capsys, "draw", f"{script}:loss") == (0, "Wrote loss.svg\n", "")
        assert "<svg" in (tmp_path / "loss.svg").read_text(encoding="utf-8")

    def test_as_text(self, script, capsys):
        status, out, err = run(capsys, "draw", f"{script}:loss", "-o", "-")
        assert (status, err) == (0, "")
        for name in ("total", "weights", "data", "bias"):  # what the function's variables are called
            assert name in out

    def test_a_result_without_a_name_is_called_as_the_function_is(self, script, capsys):
        assert run(capsys, "draw", f"{script}:product", "-o", "-")[1].startswith("product: 3 nodes")
        run(capsys, "explore", f"{script}:product")
        assert '"name":"product"' in Path("product.html").read_text(encoding="utf-8")

    def test_heat_and_checks(self, script, capsys):
        plain, heat, checked = (
            run(capsys, "draw", f"{script}:loss", "-o", "-", *options)[1]
            for options in ((), ("--heat", "gradient"), ("--check",))
        )
        assert "norm of the gradient: bars from" in heat
        assert "norm of the gradient: bars from" not in plain
        assert "total · add ✓" in checked
        assert "Did you mean 'gain'" in run(capsys, "draw", f"{script}:loss", "--heat", "gian")[2]

    def test_a_script_elsewhere(self, script, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path.parent)
        assert run(capsys, "draw", f"{tmp_path / script}:loss", "-o", "-")[0] == 0

    def test_nothing_is_left_behind(self, script, capsys):
        paths, modules = list(sys.path), set(sys.modules)
        run(capsys, "draw", f"{script}:loss", "-o", "-")
        assert sys.path == paths
        assert "model" not in set(sys.modules) - modules
        assert sys.getprofile() is None
        assert MODE.get().observers == ()

    def test_depth_is_passed_on(self, script, monkeypatch, capsys):
        seen = {}

        def draw(tensor, **options):
            seen.update(options)
            return tg.draw(tensor)

        monkeypatch.setattr(cli, "draw", draw)
        run(capsys, "draw", f"{script}:loss", "-o", "-")
        assert "depth" not in seen
        run(capsys, "draw", f"{script}:loss", "-o", "-", "--depth", "2")
        assert seen["depth"] == 2


def test_explore_writes_a_page_with_the_lines_of_the_script(script, capsys, tmp_path):
    assert run(capsys, "explore", f"{script}:loss") == (0, "Wrote loss.html\n", "")
    page = (tmp_path / "loss.html").read_text(encoding="utf-8")
    assert "model.py:14: total = (weights * data).sum() + named" in page
    assert '"name":"weights"' in page
    assert run(capsys, "explore", f"{script}:loss", "-o", "other.html") == (0, "Wrote other.html\n", "")
    assert run(capsys, "explore", f"{script}:loss", "--limit", "2")[0] == 1
    assert run(capsys, "explore", f"{script}:loss", "-o", "page.svg")[0] == 1


@pytest.mark.parametrize("command", ["draw", "explore"])
class TestErrors:
    @pytest.mark.parametrize(
        ("target", "message"),
        [
            (
                "model.py",
                "ArgumentError: 'model.py' does not name a function.\n"
                "  It needs a Python file, a colon and a function in it.\n"
                "  For example  tinygrad-loss draw train.py:loss\n",
            ),
            (
                "modle.py:loss",
                "ArgumentError: There is no file 'modle.py' in {folder}.\n"
                "  It needs the path of a Python file.\n"
                "  Did you mean 'model.py'?\n",
            ),
            (
                "nowhere/model.py:loss",
                "ArgumentError: There is no file 'nowhere/model.py' in {folder}.\n"
                "  It needs the path of a Python file.\n"
                "  Say it from the folder you are in, or in full.\n",
            ),
            (
                "model.py:los",
                "ArgumentError: model.py has no function 'los'.\n"
                "  It needs a function without required arguments that returns a Tensor.\n"
                "  Did you mean 'loss' or 'fails'?\n",
            ),
            (
                "neighbour.py:loss",
                "ArgumentError: neighbour.py has no function 'loss'.\n"
                "  It needs a function without required arguments that returns a Tensor.\n"
                "  Put the computation into one: def loss(): ... return loss.\n",
            ),
            (
                "model.py:number",
                "ArgumentError: model.py:number returned a float.\n"
                "  It must return the Tensor to look at, such as the loss.\n"
                "  End the function with `return loss`, without .item(), .numpy() or float().\n",
            ),
            (
                "model.py:nothing",
                "ArgumentError: model.py:nothing returned None.\n"
                "  It must return the Tensor to look at, such as the loss.\n"
                "  End the function with `return loss`, without .item(), .numpy() or float().\n",
            ),
            (
                "model.py:needs",
                "ArgumentError: model.py:needs cannot be called: needs() missing 1 required positional argument: "
                "'data'.\n"
                "  It is called without arguments.\n"
                "  Give its parameters defaults, or write a function that calls it.\n",
            ),
            (
                "notes.txt:loss",
                "ArgumentError: 'notes.txt' is not a Python file.\n"
                "  It needs a file whose name ends in .py.\n"
                "  For example  tinygrad-loss draw train.py:loss\n",
            ),
        ],
    )
    def test_in_four_parts(self, script, tmp_path, capsys, monkeypatch, command, target, message):
        (tmp_path / "notes.txt").write_text("loss")
        assert run(capsys, command, target) == (1, "", message.format(folder=tmp_path))

    def test_of_the_library_inside_the_script_say_where(self, script, capsys, monkeypatch, command):
        status, _, err = run(capsys, command, f"{script}:broken")
        assert status == 1
        assert err.startswith("ShapeError: add cannot combine shapes (2,) and (3,).\n")
        assert err.endswith("  It was raised at model.py:28.\n")

    def test_of_the_script_itself_are_shown_as_python_shows_them(self, script, capsys, monkeypatch, command):
        with pytest.raises(TypeError, match="unsupported operand"):
            cli.main([command, f"{script}:fails"])
        assert sys.getprofile() is None


def test_a_tensor_without_a_graph(script, capsys):
    status, _, err = run(capsys, "draw", f"{script}:plain")
    assert status == 1
    assert err.startswith("GraphError: There is no graph behind this Tensor.")


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    out = capsys.readouterr().out
    assert all(command in out for command in ("demo", "draw", "explore", "cards", "exercises"))


def test_the_demo_is_run_with_its_folder(monkeypatch):
    given = []
    monkeypatch.setattr(cli, "run_demo", given.append)
    assert cli.main(["demo", "--folder", "pictures"]) == 0
    assert given == ["pictures"]


def test_as_a_module(script):
    command = [sys.executable, "-m", "tinygrad_loss", "draw", f"{script}:loss", "-o", "-"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "weights" in found.stdout
    found = subprocess.run([*command[:4], "model.py:los"], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (1, "")
    assert "Did you mean 'loss' or 'fails'?" in found.stderr
