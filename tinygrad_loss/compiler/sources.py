"""The functions that a program calls as a whole, as text, so that it runs on its own with NumPy."""

from __future__ import annotations

import ast
import dis
import inspect
import textwrap
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from .names import Namer, unused

__all__ = ["standalone"]

LIBRARY = __package__.split(".")[0]
MARKER = "import numpy as np\n"


def standalone(text: str, namer: Namer) -> str:
    """The program's text with the source of every function it calls put before it."""
    sources = _Sources(namer)
    for name, function in namer.functions.items():
        sources.write(name, function)
    unwritten = [name for name, array in namer.arrays.items() if f"{name} = np." not in text]
    notes = [
        f"# {name}: an array of shape {namer.arrays[name].shape}, given as program.constants[{name!r}]"
        for name in unwritten
    ]
    head = "\n".join([*sorted(sources.imports), *notes])
    functions = "\n\n".join(sources.parts)
    before, _, after = text.partition(MARKER)
    return f"{before}{MARKER}{head}\n\n{functions}\n{after}" if head or functions else text


class _Sources:
    """Definitions, each after those it uses. Things of one name from several modules get names of their own."""

    def __init__(self, namer: Namer) -> None:
        self.parts: list[str] = []
        self.imports: set[str] = set()
        self.names = {id(_kernel_of(function)): name for name, function in namer.functions.items()}
        self.taken = {"np", "cache", *namer.used}
        self.begun: set[str] = set()
        self.kept: list[Any] = []  # what is known by id stays alive

    def need(self, thing: Any, wanted: str) -> str:
        """The name by which a thing can be had, written down first if need be."""
        if thing is np:
            return "np"
        given, thing = thing, _kernel_of(thing)
        if id(thing) not in self.names:
            self.names[id(thing)] = unused(wanted, self.taken)
            self.kept.append(thing)
        self.write(self.names[id(thing)], given)
        return self.names[id(thing)]

    def write(self, name: str, thing: Any) -> None:
        """Make `name` mean that thing."""
        if name in self.begun:
            return
        self.begun.add(name)
        remembers, thing = hasattr(thing, "cache_info"), _kernel_of(thing)
        owner: Any = getattr(thing, "__self__", None)
        own_name: str = getattr(thing, "__name__", "")
        if isinstance(thing, FunctionType) and _is_own(thing):
            self._write_function(name, thing, remembers)
        elif inspect.isclass(thing) and _is_own(thing):
            self._write_class(name, thing)
        elif isinstance(thing, ModuleType):
            self.imports.add(f"import {thing.__name__}" + (f" as {name}" if thing.__name__ != name else ""))
        elif getattr(np, own_name, None) is thing:
            self.parts.append(f"{name} = np.{own_name}")
        elif isinstance(owner, np.ufunc):  # a method of one
            self.parts.append(f"{name} = np.{owner.__name__}.{own_name}")
        elif callable(thing) and own_name:
            alias = f" as {name}" if own_name != name else ""
            self.imports.add(f"from {thing.__module__.lstrip('_')} import {own_name}{alias}")
        else:
            self.parts.append(f"{name} = {written(thing)}")

    def _write_function(self, name: str, function: FunctionType, remembers: bool) -> None:
        definition = _read(function)
        if not isinstance(definition, ast.FunctionDef):
            self.parts.append(f"# {name}: {function!r}, as it was")
            return
        definition.name, definition.decorator_list = name, []
        if remembers:  # what it computes once, it keeps
            self.imports.add("from functools import cache")
            definition.decorator_list = [ast.Name("cache")]
        self._add(definition, _globals_of(function))

    def _write_class(self, name: str, made: type) -> None:
        if issubclass(made, Exception):
            builtin = next(base for base in made.__mro__[1:] if base.__module__ == "builtins")
            self.parts.append(f"class {name}({builtin.__name__}):\n    pass")
            return
        definition: Any = _read(made)
        definition.name = name
        methods = [each for each in vars(made).values() if isinstance(each, FunctionType)]
        self._add(definition, {used: thing for method in methods for used, thing in _globals_of(method).items()})

    def _add(self, definition: Any, found: dict[str, Any]) -> None:
        """A definition with all that it uses before it, under the names that they have here."""
        new = {used: self.need(thing, used) for used, thing in found.items()}
        for node in ast.walk(definition):
            if isinstance(node, ast.Name):
                node.id = new.get(node.id, node.id)
        self.parts.append(ast.unparse(definition))


def _read(thing: Any) -> ast.stmt:
    """A definition without what is written for readers: docstrings, annotations."""
    definition = ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]
    for node in ast.walk(definition):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            arguments = node.args
            for argument in (*arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
                if argument is not None:
                    argument.annotation = None
    return definition


def _globals_of(function: FunctionType) -> dict[str, Any]:
    """What a function takes from its module, by name, in the order of the alphabet."""

    def every(code: CodeType) -> Iterator[str]:
        for instruction in dis.get_instructions(code):
            if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                yield instruction.argval
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                yield from every(constant)

    known = function.__globals__
    return {name: known[name] for name in sorted(set(every(function.__code__))) if name in known}


def _kernel_of(thing: Any) -> Any:
    """What is to be written of it: an op's kernel; the function behind one whose results are kept."""
    thing = getattr(getattr(thing, "op", None), "kernel", thing)
    return thing if isinstance(thing, FunctionType) else getattr(thing, "__wrapped__", thing)


def _is_own(thing: Any) -> bool:
    """Whether it is of this library, or of the user's program."""
    return isinstance(thing, FunctionType) or (thing.__module__ or "").split(".")[0] == LIBRARY


def written(thing: Any) -> str:
    """A constant as Python writes it, NumPy's types and arrays in it as well."""
    if isinstance(thing, np.ndarray):
        return f"np.array({thing.tolist()!r}, np.{thing.dtype.name})"
    if inspect.isclass(thing) and issubclass(thing, np.generic):
        return f"np.{thing.__name__}"
    if isinstance(thing, dict):
        return f"{{{', '.join(f'{written(key)}: {written(each)}' for key, each in thing.items())}}}"
    if type(thing) in (tuple, list):
        inside = ", ".join(map(written, thing))
        return f"[{inside}]" if type(thing) is list else f"({inside},)" if len(thing) == 1 else f"({inside})"
    return repr(thing)
