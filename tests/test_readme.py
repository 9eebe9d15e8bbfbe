"""The README's examples run as written, and its commands are those that a new user types."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = re.findall(r"```bash\n(.*?)```", TEXT, re.DOTALL)


def test_the_first_line_says_what_it_is():
    first = TEXT.splitlines()[0]
    assert "autograd" in first
    assert "independent of tinygrad" in first


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.splitlines()[-1][:40])
def test_programs_run(program, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(program, "README.md", "exec"), {"__name__": "readme"})
    if "neuron.dot" in program:
        assert out.getvalue() == "0.6640, dy/dx = -1.6772, dy/dw = 1.1181, dy/db = 0.5591\n"
        assert (tmp_path / "neuron.dot").read_text().startswith("digraph")


def test_two_commands_each_in_a_block_of_its_own():
    assert len(COMMANDS) == 2
    demo, tests = COMMANDS
    assert demo.splitlines()[-1] == "tinygrad-loss demo"
    assert tests.splitlines()[-1] == "python -m pytest -q -n auto"
    assert all(command.splitlines()[0] == "python3 -m venv .venv" for command in COMMANDS)


def test_the_table_of_what_is_covered_is_that_of_the_registry():
    command = [sys.executable, str(README.parent / "benchmarks" / "coverage.py")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    table = printed.split("\n\n", 1)[1]
    assert table.startswith("| kind of map | ops |")
    assert table in TEXT, "run python benchmarks/coverage.py --write"


def test_local_links_lead_somewhere():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", TEXT):
        assert (README.parent / target).exists(), target
