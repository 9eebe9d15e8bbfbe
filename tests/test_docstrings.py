"""Every example in every docstring of the package runs, methods and plain functions included."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest
from docstring_examples import run_examples

import tinygrad_loss as tg
from tinygrad_loss.core.registry import functions, ops

MODULES = sorted(
    m.name for m in pkgutil.walk_packages(tg.__path__, "tinygrad_loss.") if not m.name.endswith("__main__")
)


def documented(module):
    """The functions, classes and methods that `module` itself defines, by name."""
    for name, thing in sorted(vars(module).items()):
        if getattr(thing, "__module__", None) != module.__name__ or not (inspect.isclass(thing) or callable(thing)):
            continue
        yield name, thing
        if inspect.isclass(thing):
            for method, member in sorted(vars(thing).items()):
                if inspect.isfunction(member) or isinstance(member, (property, classmethod, staticmethod)):
                    yield f"{name}.{method}", member


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} has no docstring"
    problems = [failures for label, thing in documented(module) if (failures := run_examples(thing, label)[1])]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", sorted(name for name in ops if not ops[name].info.get("custom")))
def test_help_gives_formula_and_derivative(name):
    op, public = ops[name], functions[name]
    assert op.info["formula"]
    assert op.kind == "constant" or op.info["derivative"]
    if inspect.getdoc(public):
        summary, calculus = inspect.getdoc(public).split("\n\n")[:2]
        lines = calculus.split("\n")
        assert summary.endswith((".", ":")), summary
        assert lines[0] == f"Formula: {op.info['formula']}"
        assert op.kind == "constant" or lines[1] == f"Derivative: {op.info['derivative']}"
    else:
        assert not hasattr(tg, name), f"{name} is public and has no docstring"
