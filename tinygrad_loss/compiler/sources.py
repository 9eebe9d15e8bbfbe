"""The functions that a program calls as a whole, as text, so that it runs on its own with NumPy."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from .names import Namer

__all__ = ["standalone"]


def standalone(text: str, namer: Namer) -> str:
    """The program's text with the source of every function it calls put before it."""
    parts: dict[str, str] = {}
    imports = {"import numpy as np"}
    for name, function in namer.functions.items():
        _add(name, function, parts, imports)
    unwritten = [name for name, array in namer.arrays.items() if f"{name} = np." not in text]
    notes = [
        f"# {name}: an array of shape {namer.arrays[name].shape}, given as program.constants[{name!r}]"
        for name in unwritten
    ]
    head = "\n".join([*sorted(imports - {"import numpy as np"}), *notes])
    functions = "\n\n".join(parts.values())
    marker = "import numpy as np\n"
    before, _, after = text.partition(marker)
    return f"{before}{marker}{head}\n\n{functions}\n{after}" if head or functions else text


def _add(name: str, thing: Any, parts: dict[str, str], imports: set[str]) -> None:
    """The source of one function or constant, after those it uses."""
    if name in parts:
        return
    if inspect.isclass(thing):
        builtin = next(base for base in thing.__mro__[1:] if base.__module__ == "builtins")
        parts[name] = f"class {name}({builtin.__name__}):\n    pass"
        return
    if not inspect.isfunction(thing):
        parts[name] = f"# {name}: {thing!r}, as it was"
        return
    parts[name] = ""  # a place before its users; filled below
    tree = ast.parse(textwrap.dedent(inspect.getsource(thing)))
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        parts[name] = f"# {name}: {thing!r}, as it was"
        return
    definition.name = name
    definition.decorator_list = []
    definition.returns = None
    for argument in [*definition.args.args, *definition.args.kwonlyargs, definition.args.vararg, definition.args.kwarg]:
        if argument is not None:
            argument.annotation = None
    if isinstance(definition.body[0], ast.Expr) and isinstance(definition.body[0].value, ast.Constant):
        definition.body = definition.body[1:]
    own = {node.id for node in ast.walk(definition) if isinstance(node, ast.Name)}
    del parts[name]
    for used in sorted(own):
        _add_used(used, thing, parts, imports)
    parts[name] = ast.unparse(definition)


def _add_used(used: str, thing: Callable[..., Any], parts: dict[str, str], imports: set[str]) -> None:
    """What a function uses of its module: other functions, numbers, modules."""
    found = thing.__globals__.get(used)
    if isinstance(found, ModuleType):
        alias = f" as {used}" if found.__name__ != used else ""
        imports.add(f"import {found.__name__}{alias}")
    elif inspect.isclass(found) and found.__module__.startswith(__package__.split(".")[0]):
        _add(used, found, parts, imports)
    elif inspect.isfunction(found):
        _add(used, getattr(getattr(found, "op", None), "kernel", found), parts, imports)
    elif isinstance(found, np.ndarray):
        parts.setdefault(used, f"{used} = np.array({found.tolist()!r}, np.{found.dtype.name})")
    elif isinstance(found, (int, float, str, tuple, list, dict, frozenset, set)) and used in thing.__globals__:
        parts.setdefault(used, f"{used} = {found!r}")
