# ruff: noqa: E501 - texts as they are printed
"""`tinygrad-loss cards` and `tinygrad-loss exercises`."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from tinygrad_loss import cli
from tinygrad_loss.core.primitive import elementwise
from tinygrad_loss.teaching.exercise import EXERCISES

ANSWERS = """\
import numpy as np
from numpy import mean
from tinygrad_loss import softmax

def square(g, y, x):
    return g * x

def tanh(g, y, x):
    return g * (1 - y**2)

def unbroadcast(g, shape):
    raise NotImplementedError

def helper():
    return 1
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "answers.py").write_text(ANSWERS, encoding="utf-8")
    (tmp_path / "empty.py").write_text("x = 1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys, folder):
    def command(*arguments):
        status = cli.main(arguments)
        found = capsys.readouterr()
        return status, found.out, found.err

    return command


class TestCards:
    def test_all_as_a_page(self, run, folder):
        assert run("cards") == (0, "Wrote cards.html\n", "")
        page = (folder / "cards.html").read_text(encoding="utf-8")
        assert page.count("<article") > 150

    def test_some_as_text(self, run):
        status, out, err = run("cards", "exp", "matmul")
        assert (status, err) == (0, "")
        assert out.startswith("exp(x)  [✓ ")
        assert "\n\nmatmul(a, b)  [✓ " in out

    def test_to_a_file(self, run, folder):
        assert run("cards", "exp", "-o", "exp.md") == (0, "Wrote exp.md\n", "")
        assert (folder / "exp.md").read_text(encoding="utf-8").startswith("## `exp(x)`")

    def test_an_unknown_op(self, run):
        status, out, err = run("cards", "expp")
        assert (status, out) == (1, "")
        assert "Did you mean" in err

    def test_a_wrong_op(self, run, declare):
        samples = {"formula": "y = 3x", "samples": lambda: [[np.array([1.0, 2.0])]]}
        declare(elementwise(lambda t, y, x: 2 * t, name="thrice", **samples), lambda x: 3 * x)
        status, out, err = run("cards", "thrice")
        assert status == 1
        assert "thrice(x)  [✗ " in out
        assert err.startswith("GradientError: The derivatives of thrice are wrong.\n  Every rule must agree")


class TestExercises:
    @pytest.mark.parametrize("words", [(), ("list",)])
    def test_list(self, run, words):
        status, out, err = run("exercises", *words)
        assert (status, err) == (0, "")
        assert len(out.splitlines()) == len(EXERCISES) + 2

    def test_show(self, run):
        assert run("exercises", "show", "take")[1].startswith("The adjoint of indexing (level 2: arrays)\n")

    def test_solution(self, run):
        assert "np.add.at(out, index, g)" in run("exercises", "solution", "take")[1]

    def test_hints(self, run):
        assert run("exercises", "hint", "take")[1].startswith("take: hints 1 of 3")
        assert run("exercises", "hint", "take")[1].startswith("take: hints 1 of 3")  # nothing is kept unless asked
        assert run("exercises", "hint", "take", "-n", "3")[1].startswith("take: hints 3 of 3")

    def test_the_next_step_is_said_as_it_is_typed(self, run):
        assert run("exercises")[1].endswith("\ntinygrad-loss exercises show central_difference tells what is asked.\n")
        assert run("exercises", "show", "take")[1].endswith("There are 3 hints: tinygrad-loss exercises hint take\n")
        assert run("exercises", "hint", "take")[1].endswith("\nThe next one: tinygrad-loss exercises hint take -n 2\n")
        assert run("exercises", "hint", "take", "-n", "2")[1].endswith(" hint take -n 3\n")
        assert "The next one" not in run("exercises", "hint", "take", "-n", "3")[1]
        assert "The next one" not in run("exercises", "hint", "take", "--keep", "kept.json")[1]
        assert run("exercises", "progress")[1].endswith("exercises progress --keep progress.json\n")

    def test_hints_are_kept(self, run):
        keep = ("exercises", "--keep", "progress.json")
        assert run(*keep, "hint", "take")[1].startswith("take: hints 1 of 3")
        assert run(*keep, "hint", "take")[1].startswith("take: hints 2 of 3")
        assert "take  0      2 of 3" in run(*keep, "progress")[1]

    def test_stubs(self, run, folder):
        assert run("exercises", "stubs", "square")[1].startswith("import numpy as np\n\n\ndef square(g, y, x):")
        assert run("exercises", "stubs", "-o", "all.py") == (0, "Wrote all.py\n", "")
        status, out, err = run("exercises", "check", "all.py")
        assert status == 1
        assert out.count(" is not written yet.\n") == len(EXERCISES)
        assert err == ""

    def test_stubs_are_not_written_over_answers(self, run, folder):
        status, out, err = run("exercises", "stubs", "-o", "answers.py")
        assert (status, out) == (1, "")
        assert err == (
            "ArgumentError: 'answers.py' is there already.\n"
            "  Stubs are not written over what may be answers.\n"
            "  Give another name: tinygrad-loss exercises stubs -o more.py\n"
        )
        assert (folder / "answers.py").read_text(encoding="utf-8") == ANSWERS


@pytest.mark.skipif(os.name == "nt", reason="Windows has no broken pipes to a closed reader")
def test_a_reader_that_has_seen_enough():
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "tinygrad_loss", "exercises", "stubs"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


class TestCheck:
    def test_every_answer_in_the_file(self, run):
        status, out, err = run("exercises", "check", "answers.py")
        assert (status, err) == (1, "")
        assert out.startswith("square is not right yet.\n✗ right up to a factor 0.5\n")
        assert "✓ tanh is right: " in out
        assert "· unbroadcast is not written yet." in out
        assert out.endswith("\n1 of 3 right.\n")
        assert "softmax" not in out  # imported, not answered
        assert "mean" not in out

    def test_one_of_them(self, run):
        status, out, err = run("exercises", "check", "answers.py", "tanh")
        assert (status, err) == (0, "")
        assert out.startswith("✓ tanh is right: ")
        assert len(out.splitlines()) == 1

    def test_progress_is_kept(self, run):
        run("exercises", "--keep", "progress.json", "check", "answers.py")
        assert run("exercises", "progress", "--keep", "progress.json") == run(
            "exercises", "--keep", "progress.json", "progress"
        )
        lines = run("exercises", "--keep", "progress.json", "progress")[1].splitlines()
        assert lines[1:] == [
            "·  1      square  1      0 of 2",
            "✓  1      tanh    1      0 of 2",
            f"1 of {len(EXERCISES)} solved.",
        ]

    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            (("answers.py", "tan"), "answers.py has no function 'tan'.\n  An answer is a function with the name of its exercise.\n  Did you mean 'tanh'"),
            (("empty.py",), "empty.py answers no exercise.\n  An answer is a function with the name of its exercise.\n  tinygrad-loss exercises stubs -o answers.py\n"),
            (("answer.py",), "Did you mean 'answers.py'"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_checked(self, run, arguments, text):
        status, out, err = run("exercises", "check", *arguments)
        assert (status, out) == (1, "")
        assert text in err
