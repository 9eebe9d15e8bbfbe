"""From a listing to the Python that runs: memory first, then a function that computes into it, the update last."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .codegen import called, expression, shape_comment
from .densewriter import place_turned, write_dense
from .entries import place_matrix, write_matrix
from .ir import Listing, Step, Value
from .layout import Layout
from .names import Namer, unused
from .rowwriter import write_rows
from .sums import as_product
from .updates import UpdateWriter

__all__ = ["Writer", "optimized_text"]

BOUNDS = 8192  # elements that stay in the first-level cache


def optimized_text(listing: Listing, layout: Layout, namer: Namer) -> str:
    """A module: memory first, then a function that computes into it, the update last."""
    writer = Writer(listing, layout, namer)
    for index, step in enumerate(listing.steps):
        writer.step(step)
        gone = [namer.of(value) for value in layout.ends.get(index, [])]
        if gone:
            writer.body.append(f"del {', '.join(gone)}")
    return writer.text()


class Writer:
    """Collects the lines of the optimized program."""

    def __init__(self, listing: Listing, layout: Layout, namer: Namer) -> None:
        self.listing, self.layout, self.namer = listing, layout, namer
        self.head: list[str] = []
        self.body: list[str] = []
        self.imports = {
            "from collections import deque as run",
            "from itertools import starmap",
            "from operator import call",
        }
        self.placed: set[int] = set()  # values that have a name at module level
        self.in_flat: set[str] = set()  # names of those in flat arrays
        self.given: set[int] = set()  # values that have memory, but another place in it each time
        self.bound: dict[str, str] = {}  # functions bound to short names
        self.numbers: dict[str, str] = {}  # 0-d arrays, by how they are made
        self.turns: dict[int, str] = {}  # names of arrays that lie in memory as the transpose of a value
        self.rows_of: dict[int, str] = {}  # and of those with a row of ones below
        self.stacks: dict[int, str] = {}  # names of values' memory, one behind the other
        self.views: dict[str, str] = {}  # names of other views of memory, by how they are made
        self.rows = 0  # groups of steps that run part by part
        for block in layout.blocks:
            self.head.append(f"{block.name} = np.empty({block.size}, np.uint8)")
        for flat in layout.flats:
            for name, dtype in zip(flat.names, flat.dtypes, strict=True):
                self.head.append(f"{name} = np.empty({flat.size}, np.{dtype.name})")
        for leaf in listing.leaves.values():
            self._at_its_place(leaf)
        for matrix in layout.matrices.values():
            place_matrix(self, matrix)

    def _at_its_place(self, value: Value) -> None:
        """A name at module level for a value that has memory."""
        if id(value) in self.placed:
            return
        if value.name and self.namer.of(value) in self.in_flat:
            self.placed.add(id(value))  # the new value of a parameter stands where the old one did
            return
        if place_turned(self, value):
            self.placed.add(id(value))
            return
        name, shape = self.namer.of(value), value.shape
        if id(value) in self.layout.in_flat:
            flat, start = self.layout.in_flat[id(value)]
            self.in_flat.add(name)
            self.head.append(f"{name} = {flat}[{start}:{start + value.size}].reshape({shape})")
        elif id(value) in self.layout.in_block:
            block = self.layout.in_block[id(value)]
            self.head.append(f"{name} = {block.name}.view(np.{value.dtype.name}).reshape({shape})")
        else:
            return
        self.placed.add(id(value))

    def _static(self, value: Any) -> bool:
        return not isinstance(value, Value) or id(value) in self.placed or value.source == "constant"

    def function(self, text: str) -> str:
        """A short name for a function of NumPy."""
        if not text.startswith("np."):
            return text
        short = text[3:].replace(".", "_")
        short = f"{short}_" if short in ("all", "any", "sum", "max", "min", "abs", "round", "pow") else short
        self.bound[short] = text
        return short

    def named(self, wanted: str, text: str) -> str:
        """A name at module level for an expression."""
        name = unused(wanted, self.namer.used)
        self.head.append(f"{name} = {text}")
        return name

    def once(self, wanted: str, text: str) -> str:
        """The same, one name for each expression."""
        if text not in self.views:
            self.views[text] = self.named(wanted, text)
        return self.views[text]

    def step(self, step: Step) -> None:
        """Write one step."""
        for value in step.results:
            self._at_its_place(value)
        if step.kind == "update":
            self._update(step)
        elif id(step) in self.layout.matrices:
            write_matrix(self, self.layout.matrices[id(step)])
        elif step.kind == "dense":
            self.body.append(write_dense(self, step))
        elif step.kind == "rows":
            self.rows += 1
            write_rows(self, step, f"rows_{self.rows}")
        elif step.kind == "view":
            line = f"{self.namer.of(step.result)} = {expression(step, self._say, self.namer)}"
            if self._static(step.arguments[0]):
                self.head.append(line)
                self.placed.add(id(step.result))
            else:
                self.body.append(line)
        else:
            self.body.append(self._line(step))

    def number(self, thing: Any, step: Step) -> str:
        """An argument of a ufunc; a number as a 0-d array, which NumPy takes in half the time."""
        dtype = step.results[0].dtype if step.results[0].dtype.kind == "f" else _float_operand(step)
        literal = isinstance(thing, Value) and thing.source == "constant" and not thing.shape
        number = np.asarray(thing.array).item() if literal else thing
        if (
            dtype is None
            or isinstance(number, bool)
            or not isinstance(number, (int, float))
            or (literal and thing.dtype != dtype)
        ):
            return self.namer.of(thing)
        text = f"np.array({self.namer.of(float(number))}, np.{dtype.name})"
        if text not in self.numbers:
            self.numbers[text] = f"number_{len(self.numbers)}"
            self.head.append(f"{self.numbers[text]} = {text}")
        return self.numbers[text]

    def _say(self, thing: Any) -> str:
        return self.namer.of(thing)

    def _line(self, step: Step) -> str:
        """A step that computes: into its place, or into a new local variable."""
        if not step.results:
            return expression(step, self._say, self.namer)
        value, made = step.results[0], self.namer.of(step.results[0])
        comment = f"  # {shape_comment(value)}"
        into = id(value) in self.placed or id(value) in self.given
        quick = value.shape or step.kind != "ufunc"  # on single numbers Python's operators are quicker than ufuncs
        writers = {"ufunc": self._ufunc, "reduce": self._reduction, "product": self._product}
        if step.kind in writers and quick and len(step.results) == 1:
            text = writers[step.kind](step, made if into else None)
            return f"{text}{comment}" if into else f"{made} = {text}{comment}"
        if step.kind == "where" and into:
            if _by_bits(step):
                return f"{self._chosen_bits(step)}{comment}"
            copy = self.function("np.copyto")
            mask, first, second = (self.number(each, step) for each in step.arguments)
            return f"{copy}({made}, {second}); {copy}({made}, {first}, where={mask}){comment}"
        if step.kind == "cast" and into:
            return (
                f"{self.function('np.copyto')}({made}, {self.namer.of(step.arguments[0])}, casting='unsafe'){comment}"
            )
        if into and step.kind == "call":
            return f"{self.function('np.copyto')}({made}, {expression(step, self._say, self.namer)}){comment}"
        several = ", ".join(self.namer.of(each) for each in step.results)
        comma = "," if isinstance(step.result, tuple) and len(step.results) == 1 else ""
        return f"{several}{comma} = {expression(step, self._say, self.namer)}{comment}"

    def _ufunc(self, step: Step, into: str | None) -> str:
        options = "".join(f", {key}={self.namer.of(each)}" for key, each in step.options.items())
        f = self.function(f"np.{step.function.__name__}") if not options else called(step, self.namer)
        given = [self.number(each, step) for each in step.arguments]
        if into and step.function in (np.maximum, np.minimum):
            given = [self._bound(each, step.results[0]) for each in given] + [f"out={into}"]
        elif into:
            given.append(into)
        return f"{f}({', '.join(given)}{options})"

    def _bound(self, text: str, made: Value) -> str:
        """A bound that is one number, as often as NumPy needs it: two arrays it compares several elements at a time."""
        if text not in self.numbers.values():
            return text
        if id(made) in self.turns:
            shape, end = made.shape[::-1], ".T"
        else:
            shape, end = made.shape, ""
            while len(shape) > 1 and math.prod(shape) > BOUNDS:
                shape = shape[1:]
        if math.prod(shape) > 2 * BOUNDS:
            return text
        return self.once("bounds", f"np.full({shape}, {text}){end}")

    def _chosen_bits(self, step: Step) -> str:
        """x where a mask is True, else 0: the bits of x times 1 or 0, in a tenth of the time of a masked copy."""
        mask, x, _ = step.arguments
        given = [self._bits(x), self.namer.of(mask), self._bits(step.results[0])]
        return f"{self.function('np.multiply')}({', '.join(given)})"

    def _bits(self, x: Value) -> str:
        """A view of numbers as integers of as many bits."""
        text = f"{self.namer.of(x)}.view(np.int{8 * x.dtype.itemsize})"
        if id(x) not in self.placed:
            return text
        return self.once(f"{self.namer.of(x)}_bits", text)

    def _reduction(self, step: Step, into: str | None) -> str:
        product = as_product(self, step, into) if into else None
        if product is not None:
            return product
        axis = step.options["axis"]
        f = self.function(f"np.{step.function.__name__}.reduce")
        given = [self.namer.of(step.arguments[0]), str(axis[0]) if axis is not None and len(axis) == 1 else str(axis)]
        if into or step.options["keepdims"]:
            given += ["None", str(into)]  # the dtype, which is the array's own, and the place
        return f"{f}({', '.join([*given, 'True'] if step.options['keepdims'] else given)})"

    def _product(self, step: Step, into: str | None) -> str:
        a, b = (self.namer.of(each) for each in step.arguments)
        given = [a, b, into] if into else [a, b]
        if not all(isinstance(x, Value) and len(x.shape) <= 2 for x in step.arguments):
            return f"{self.function('np.matmul')}({', '.join(given)})"
        if into and id(step.results[0]) in self.turns:
            first, second = (self._turned(x) for x in step.arguments)
            return f"{second}.dot({first}, {self.turns[id(step.results[0])]})"
        return f"{a}.dot({', '.join(given[1:])})"  # the method is called in less time than the function

    def _turned(self, x: Value) -> str:
        """The transpose of a matrix."""
        name = self.namer.of(x)
        if id(x) in self.turns:
            return self.turns[id(x)]
        return self.once(f"{name}_turned", f"{name}.T") if self._static(x) else f"{name}.T"

    def _update(self, step: Step) -> None:
        flat = next(each for each in self.layout.flats if each.step is step)
        UpdateWriter(self, flat, str(self.layout.flats.index(flat) or "")).write()

    def _given_out(self, value: Any) -> str:
        """What is returned is the caller's own: a copy where it would be the program's memory, or an input."""
        text = self.namer.of(value)
        own = isinstance(value, Value) and (value.source != "step" or id(value) in self.placed)
        if own and value.shape and id(value) in self.placed:
            return f"{text}.copy()"
        return f"np.array({text})" if own else text

    def text(self) -> str:
        """The module."""
        listing, namer = self.listing, self.namer
        inputs = [namer.of(value) for value in listing.arguments]
        inputs += [namer.of(leaf) for leaf in listing.leaves.values() if id(leaf) not in self.placed]
        inputs += [
            name for i, _ in enumerate(listing.optimizers) for name in (f"learning_rate{i or ''}", f"step{i or ''}")
        ]
        ends = [self._given_out(value) for value in listing.outputs]
        ends += [namer.of(new) for leaf, new in listing.assigned if id(leaf) not in self.layout.in_flat]
        ends += [namer.of(g) for _, g in listing.gradients if g is not None]
        bound = [f"{short} = {full}" for short, full in self.bound.items()]
        body = [*self.body, f"return {', '.join(ends)}{',' if len(ends) == 1 else ''}" if ends else "return ()"]
        imports = "\n".join(sorted(self.imports)) + "\n\nimport numpy as np\n"
        counts = any(flat.update.counts is not None for flat in self.layout.flats)
        counted = ["updated = []  # the optimizers whose step is complete"] if counts else []
        parts = [imports, "\n".join(bound), "", "# Memory", *counted, *namer.definitions(), "\n".join(self.head), ""]
        lines = "\n".join(f"    {line}" for line in body)
        return "\n".join(parts) + f"\ndef program({', '.join(inputs)}):\n{lines}\n"


def _by_bits(step: Step) -> bool:
    """Whether a choice keeps numbers or makes them 0, element by element."""
    mask, x, other = step.arguments
    number = other.array if isinstance(other, Value) and other.source == "constant" else other
    zero = isinstance(number, (int, float, np.generic, np.ndarray)) and np.ndim(number) == 0 and not number
    made = step.results[0]
    same = isinstance(x, Value) and x.dtype == made.dtype and x.dtype.str[1:] in ("f4", "f8")
    return zero and same and isinstance(mask, Value) and mask.dtype == np.bool_ and math.copysign(1, number) > 0


def _float_operand(step: Step) -> np.dtype[Any] | None:
    """The dtype in which a comparison compares, if it is of floats of one kind."""
    dtypes = {value.dtype for value in step.operands}
    return next(iter(dtypes)) if len(dtypes) == 1 and next(iter(dtypes)).kind == "f" else None
