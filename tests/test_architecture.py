"""The floors: who may import whom, how large a file may be, what importing costs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_loss

ROOT = Path(tinygrad_loss.__file__).parent
FLOORS = [
    {"equivalents"},
    {"errors", "allocation"},
    {"modes", "arguments", "calculus_text"},
    {"core"},
    {"ops"},
    {"transforms", "data"},
    {"layers", "losses", "optimizers", "compiler"},
    {"visualize", "saving"},
    {"training"},
    {"teaching", "demo"},
    {"cli"},
]
FLOOR = {name: height for height, names in enumerate(FLOORS) for name in names}
FILES = sorted(ROOT.rglob("*.py"))
ALLOWED_IN_CORE = 800  # lines, without array_methods.py: what one sitting holds


def part(path):
    """The floor's name for a file: its top-level package or module below the root."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def is_face(path):
    """Keras's import paths and the public names: modules at the top that only re-export."""
    if path.parent != ROOT or part(path) in FLOOR:
        return False
    body = ast.parse(path.read_text(encoding="utf-8")).body
    kinds = (ast.ImportFrom, ast.Import, ast.Expr, ast.Assign, ast.AnnAssign)
    return all(isinstance(statement, kinds) for statement in body)


def imports(path):
    """(imported module as absolute dotted parts, whether inside a function) for each import of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for node in ast.walk(function)
    }
    package = ["tinygrad_loss", *path.relative_to(ROOT).parts[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split("."), id(node) in inside
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = [*base, *(node.module.split(".") if node.module else [])]
            if not node.module:  # from . import name: the modules of that name
                for alias in node.names:
                    yield [*module, alias.name], id(node) in inside
            else:
                yield module, id(node) in inside


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down(path):
    own = part(path)
    if own in ("__init__", "__main__") or is_face(path):
        return
    assert own in FLOOR, f"{own} stands on no floor and is more than a face"
    for module, _ in imports(path):
        if module[0] == "tinygrad_loss":
            assert len(module) > 1, f"{path} imports the whole package"
            other = module[1]
            assert other == own or FLOOR[other] < FLOOR[own], f"{path}: {own} imports {other}, which is not below it"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_third_party_packages_are_imported_where_they_are_used(path):
    for module, inside in imports(path):
        if module[0] not in sys.stdlib_module_names and module[0] not in ("numpy", "tinygrad_loss"):
            assert inside, f"{path} imports {module[0]} at its top"
        if module[0] == "tinygrad_loss":
            assert not inside or part(path) in ("cli", "__main__"), f"{path} hides an import of {module} in a function"


def module_of(path):
    parts = ["tinygrad_loss", *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_circles():
    files = {module_of(path): path for path in FILES}
    edges = {
        name: {".".join(m) for m, _ in imports(path) if ".".join(m) in files and ".".join(m) != name}
        for name, path in files.items()
    }
    done: set[str] = set()
    while len(done) < len(files):
        ready = {name for name, needs in edges.items() if name not in done and needs <= done}
        assert ready, f"these import each other in a circle: {sorted(set(files) - done)}"
        done |= ready


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    index = path.name == "array_methods.py" or (path.parent == ROOT and path.name == "__init__.py")  # one name a line
    assert lines < 400 or index, f"{path} has {lines} lines"


def test_the_engine_is_read_in_one_sitting():
    files = [path for path in (ROOT / "core").glob("*.py") if path.name != "array_methods.py"]
    total = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
    assert total <= ALLOWED_IN_CORE, f"core/ has {total} lines"


def test_importing_brings_nothing_but_numpy():
    program = (  # numpy.random is NumPy's too, and loads Cython's runtime
        "import sys, json; import numpy, numpy.random; before = set(sys.modules); import tinygrad_loss;"
        "print(json.dumps(sorted(name.split('.')[0] for name in set(sys.modules) - before)))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    brought = set(json.loads(found.stdout)) - set(sys.stdlib_module_names) - {"tinygrad_loss", "numpy"}
    assert not brought, f"importing tinygrad_loss imports {brought}"
