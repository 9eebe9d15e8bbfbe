"""Every notebook runs, is stored without outputs, and is built as its reader expects.

Each of 00 to 12 has a question, a toy by hand in at most 60 lines that starts from the toy before, the real file, an
assertion that both agree (which fails if the toy is wrong), what is different and why, pictures, three exercises.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from functools import cache
from html import unescape
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
COURSE = [path for path in NOTEBOOKS if re.match(r"(0\d|1[0-2])_[^.]*$", path.stem)]  # without translations
TEACHERS = FOLDER / "13_teaching_a_90_minute_class.ipynb"
LINES = 60

MISTAKES = {  # in the toy of a notebook: a right piece of it, and a wrong one in its place
    "00": ("(f(weights + step) - f(weights - step)) / (2 * h)", "(f(weights + step) - f(weights - step)) / h"),
    "01": ("(1 - y * y,)", "(1 - y,)"),
    "02": ("gradients.get(each, 0.0) + share", "share"),
    "03": ("g * (1 - y * y)", "g * (1 - y)"),
    "04": (" + self.value(a, changes[1])", ""),
    "05": ("float(i == j)", "1.0"),
    "06": ("(softmax(z) - p) / len(z)", "(softmax(z) - p)"),
    "07": ("through.sum(axis=0)", "through.mean(axis=0)"),
    "08": ("np.sqrt(1 - self.beta_2**self.t) / ", "1 / "),
    "09": ("before + change", "change"),
    "10": ('"{g} * (1 - {y} * {y})"', '"{g} * (1 - {y})"'),
    "11": ("+= g @ k[i, j].T", "= g @ k[i, j].T"),
    "12": ("* (a > 0)", "* (h >= 0)"),
}


def cells(path):
    """The kind, the tags and the text of each cell."""
    stored = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [(cell["cell_type"], cell["metadata"].get("tags", []), "".join(cell["source"])) for cell in stored]


def prose(path):
    return "\n\n".join(text for kind, _, text in cells(path) if kind == "markdown")


def code(path, tag=None):
    return "\n\n".join(text for kind, tags, text in cells(path) if kind == "code" and (tag is None or tag in tags))


def toy_lines(path):
    return [line for line in code(path, "toy").splitlines() if line.strip()]


def definitions(source):
    """Functions, methods and tables: each by its name and by what it is made of, without docstrings."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name != "__init__":
            body = node.body[1:] if ast.get_docstring(node) else node.body
            found.add((node.name, ast.dump(node.args) + "".join(map(ast.dump, body))))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            found.add((ast.unparse(node.targets[0]), ast.dump(node.value)))
    return found


def exercises(path):
    """The numbers of the exercises, from the last heading that announces them."""
    section = re.split(r"^## Exercises.*$", prose(path), flags=re.MULTILINE)[-1]
    return re.findall(r"^(\d+)\. ", section, flags=re.MULTILINE)


@cache
def executed(path):
    """The notebook with its outputs."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    with TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=60, kernel_name="python3", resources=resources).execute()
    return notebook


def outputs(path, containing):
    """The outputs of the code cells with a piece of source in them, as (kind, data)."""
    chosen = [cell for cell in executed(path).cells if cell.cell_type == "code" and containing in cell.source]
    for cell in chosen:
        for output in cell.outputs:
            if output.output_type == "stream":
                yield output.name, output.text
            else:
                yield from output.get("data", {}).items()


def by_name(path):
    return path.stem


def test_the_course_is_there():
    assert [path.name[:2] for path in COURSE] == [f"{number:02}" for number in range(13)]
    assert TEACHERS.exists()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_stored_clean(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
@pytest.mark.filterwarnings("default")  # the notebook's own kernel has its own warnings
def test_runs(path):
    errors = [o for c in executed(path).cells if c.cell_type == "code" for o in c.outputs if o.output_type == "error"]
    assert not errors


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
@pytest.mark.filterwarnings("default")
def test_it_shows_pictures_by_the_library(path):
    drawn = [kind for call in ("tg.draw(", "tg.explore(") for kind, _ in outputs(path, call)]
    assert "image/svg+xml" in drawn


@pytest.mark.parametrize("path", [*COURSE, TEACHERS], ids=by_name)
@pytest.mark.filterwarnings("default")
def test_it_shows_the_real_file(path):
    shown = "".join(text for kind, text in outputs(path, "inspect.getsource(") if kind == "stdout")
    assert re.search(r"^ *(def|class) \w+", shown, re.MULTILINE)


@pytest.mark.parametrize("path", [*COURSE, TEACHERS], ids=by_name)
def test_it_asks_and_it_sets_exercises(path):
    first = cells(path)[0][2]
    title, question = first.splitlines()[0], re.search(r"\*\*Question\.\*\*([^\n]*)", first)
    assert title.startswith(f"# {path.name[:2]} ")
    assert question
    assert "?" in question[1]
    assert "**Idea.**" in first
    assert "## What the library does differently" in prose(path)
    assert exercises(path) == ["1", "2", "3"]


@pytest.mark.parametrize("path", COURSE, ids=by_name)
def test_the_toy_is_small(path):
    assert 10 <= len(toy_lines(path)) <= LINES


@pytest.mark.parametrize(("before", "path"), [*pairwise(COURSE)], ids=lambda path: path.stem[:2])
def test_it_starts_from_the_toy_before(before, path):
    assert re.search(rf"\bnotebook {before.name[:2]}\b", cells(path)[0][2]), "the first cell says what it starts from"
    shared = definitions(code(path)) & definitions(code(before, "toy"))
    assert shared, "no function or table of that toy is here"


@pytest.mark.parametrize("path", COURSE, ids=by_name)
def test_a_wrong_toy_does_not_pass(path, tmp_path):
    right, wrong = MISTAKES[path.name[:2]]
    assert right in code(path, "toy")
    script = tmp_path / "cells.py"
    script.write_text(code(path).replace(right, wrong), encoding="utf-8")
    result = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert result.returncode
    assert "AssertionError" in result.stderr.splitlines()[-1]


@pytest.mark.filterwarnings("default")
def test_keras_stands_beside_and_only_its_import_differs():
    (page,) = [text for kind, text in outputs(COURSE[12], "Beside(ours") if kind == "text/html"]
    ours, theirs = (unescape(text).splitlines() for text in re.findall(r"<td[^>]*>(.*?)</td>", page, re.DOTALL))
    assert (ours[0], theirs[0]) == ("import tinygrad_loss as keras", "import keras")
    assert ours[1:] == theirs[1:]
    assert any("model.fit(" in line for line in theirs)


class TestTheLesson:
    def test_its_minutes_add_up_to_90(self):
        plan = prose(TEACHERS).split("## The plan")[1].split("\n## ")[0]
        minutes = [int(number) for number in re.findall(r"^\| (\d+) \|", plan, re.MULTILINE)]
        assert len(minutes) >= 8
        assert sum(minutes) == 90

    def test_its_headings_keep_to_the_plan(self):
        spans = [tuple(map(int, each)) for each in re.findall(r"\(minutes (\d+) to (\d+)\)", prose(TEACHERS))]
        assert spans[0][0] == 0
        assert spans[-1][1] == 90
        assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]

    def test_its_exercises_exist(self):
        import tinygrad_loss as tg

        homework = prose(TEACHERS).split("## Homework")[1].split("\n## ")[0]
        given = {name for name in re.findall(r"`(\w+)`", homework) if name.islower()}
        assert len(given) >= 4
        assert given <= set(tg.exercises.names)
