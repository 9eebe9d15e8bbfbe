"""Names for the values of a program: the user's for leaves and arguments, the op's for what is between."""

from __future__ import annotations

import builtins
import keyword
import math
import re
from typing import Any

import numpy as np

from .ir import Listing, Value

__all__ = ["Namer"]

_TAKEN = {
    "np",
    "run",
    "starmap",
    "call",
    "calls",
    "half",
    "step",
    "program",
    "memory",
    "update",
    *dir(np),
    *dir(builtins),
}
NOUNS = {  # what the results of ops are called, where the op's name is NumPy's
    "add": "total",
    "subtract": "difference",
    "multiply": "product",
    "divide": "quotient",
    "square": "squares",
    "mean": "average",
    "sum": "summed",
    "negative": "negated",
    "power": "powers",
    "sqrt": "root",
    "exp": "exponential",
    "log": "logarithm",
    "where": "chosen",
    "transpose": "transposed",
    "matmul": "matrix_product",
    "greater": "mask",
    "less": "mask",
    "maximum": "larger",
    "minimum": "smaller",
    "astype": "converted",
    "reshape": "reshaped",
}


def unused(wanted: str, used: set[str]) -> str:
    """A name that is not used yet, and from now on is."""
    name, count = wanted, 1
    while name in used:
        count += 1
        name = f"{wanted}_{count}"
    used.add(name)
    return name


class Namer:
    """Gives each Value one name, none to two."""

    def __init__(self, listing: Listing) -> None:
        self.names: dict[int, str] = {}
        self.used: set[str] = set(_TAKEN)
        self.functions: dict[str, Any] = {}  # what the program calls as a whole
        self.arrays: dict[str, Any] = {}  # constant arrays
        self.listing = listing
        for value in listing.arguments:
            self.name(value, value.name)
        scopes = _scopes(listing)
        states = _state_names(listing, scopes)
        for value in listing.leaves.values():
            own = states.get(id(value)) or value.name or "constant"
            of_a_layer = own in ("kernel", "bias", "gamma", "beta")
            self.name(value, "_".join([*scopes.get(id(value), ()), own]) if of_a_layer else own)
        for step in listing.steps:
            if step.kind == "update":  # a parameter keeps its name
                leaves = [leaf for row in step.arguments for leaf in row[:-1]]
                self.names |= {id(new): self.names[id(old)] for old, new in zip(leaves, step.results, strict=True)}
            layer = "_".join(step.scope[1:])
            for value in step.results:
                self.name(value, self._gradient(value, layer) or "_".join(filter(None, [layer, step.op])))

    def name(self, value: Value, wanted: str) -> str:
        """The name of a value; made from `wanted` when it has none."""
        if id(value) in self.names:
            return self.names[id(value)]
        clean = re.sub(r"\W+", "_", wanted).strip("_") or "value"
        clean = f"_{clean}" if clean[0].isdigit() else clean
        clean = NOUNS.get(clean, clean)
        clean = f"{clean}_value" if clean in _TAKEN or keyword.iskeyword(clean) else clean
        self.names[id(value)] = name = unused(clean, self.used)
        return name

    def _gradient(self, value: Value, layer: str) -> str:
        """d_ and the name of what it is the gradient of."""
        if not value.name.startswith("d_"):
            return ""
        own = value.name[2:]
        return "_".join(filter(None, ["d", layer if not own.startswith(layer) else "", own]))

    def function(self, function: Any, wanted: str) -> str:
        """A name for a function that the program calls as a whole."""
        for name, known in self.functions.items():
            if known is function:
                return name
        name = unused(wanted, self.used)
        self.functions[name] = function
        return name

    def of(self, thing: Any) -> str:
        """How an argument is written: a Value's name or literal, nested as it is."""
        if isinstance(thing, Value):
            return (
                self.host(thing)
                if thing.source == "host"
                else self.literal(thing)
                if thing.source == "constant"
                else self.names[id(thing)]
            )
        if isinstance(thing, tuple):
            inside = ", ".join(map(self.of, thing))
            return f"({inside},)" if len(thing) == 1 else f"({inside})"
        if isinstance(thing, list):
            return f"[{', '.join(map(self.of, thing))}]"
        if isinstance(thing, slice):
            return f"slice({self.of(thing.start)}, {self.of(thing.stop)}, {self.of(thing.step)})"
        if isinstance(thing, np.dtype):
            return f"np.dtype({thing.name!r})"
        if isinstance(thing, type) and issubclass(thing, np.generic):
            return f"np.{thing.__name__}"
        if thing in (int, float, bool):
            return thing.__name__
        if isinstance(thing, np.generic):
            return f"np.{type(thing).__name__}({thing.item()!r})"
        if isinstance(thing, int) and type(thing) not in (int, bool):  # a marked number, as in index templates
            return f"{self.function(type(thing), type(thing).__name__)}({int(thing)})"
        return literal(thing)

    def host(self, value: Value) -> str:
        """The text of a host number, without the brackets around the whole."""
        text: str = value.owner
        return text

    def literal(self, value: Value) -> str:
        """A constant: written out if it is one number, else a name."""
        array = np.asarray(value.array)
        if array.ndim == 0 and array.dtype.kind in "fiub":
            name = array.dtype.name if array.dtype.kind != "b" else "bool_"
            return f"np.{name}({literal(array.item())})"
        if id(value) not in self.names:
            self.arrays[self.name(value, value.name or "constant")] = array
        return self.names[id(value)]

    def definitions(self) -> list[str]:
        """Lines that make the constant arrays, for all that can be written out."""
        return [f"{name} = {text}" for name, array in self.arrays.items() if (text := _written(array))]


def literal(thing: Any) -> str:
    """A number, a string or None as Python reads it."""
    if isinstance(thing, float) and not math.isfinite(thing):
        return f"float({str(thing)!r})"
    return repr(thing) if thing is not Ellipsis else "..."


def _written(array: Any) -> str:
    """A constant array as Python writes it; empty where that would be too long."""
    dtype = f"np.{array.dtype.name}" if array.dtype.kind != "b" else "np.bool_"
    if array.size and array.dtype.kind in "fiub" and np.all(array == array.flat[0]):
        return f"np.full({array.shape}, {literal(array.flat[0].item())}, {dtype})"
    if array.size <= 64 and np.all(np.isfinite(array)):
        return f"np.array({array.tolist()!r}, {dtype}).reshape({array.shape})"
    return ""


def _scopes(listing: Listing) -> dict[int, tuple[str, ...]]:
    """The layer in which each value is first used, by id."""
    scopes: dict[int, tuple[str, ...]] = {}
    for step in listing.steps:
        if step.kind != "update":
            for operand in step.operands:
                scopes.setdefault(id(operand), step.scope[1:] or step.scope)
    return scopes


def _state_names(listing: Listing, scopes: dict[int, tuple[str, ...]]) -> dict[int, str]:
    """What optimizers remember is named after its parameter: momentum_kernel."""
    names = {}
    for step in listing.steps:
        if step.kind == "update":
            slots = step.function.slots[2:]  # type: ignore[attr-defined]
            for row in step.arguments:
                for slot, state in zip(slots, row[1:-1], strict=True):
                    names[id(state)] = f"{slot}_{'_'.join([*scopes.get(id(row[0]), ()), row[0].name])}"
    return names
