"""From a listing to the Python that runs: memory first, then a function that computes into it, the update last."""

from __future__ import annotations

from typing import Any

import numpy as np

from .codegen import called, expression, hosts_of, shape_comment
from .ir import Listing, Step, Value
from .layout import Flat, Layout
from .names import Namer

__all__ = ["optimized_text"]


def optimized_text(listing: Listing, layout: Layout, namer: Namer) -> str:
    """A module: memory first, then a function that computes into it, the update last."""
    writer = _Writer(listing, layout, namer)
    for index, step in enumerate(listing.steps):
        writer.step(step)
        gone = [namer.of(value) for value in layout.ends.get(index, [])]
        if gone:
            writer.body.append(f"del {', '.join(gone)}")
    return writer.text()


class _Writer:
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
        self.bound: dict[str, str] = {}  # functions bound to short names
        self.numbers: dict[str, str] = {}  # 0-d arrays, by how they are made
        for block in layout.blocks:
            self.head.append(f"{block.name} = np.empty({block.size}, np.uint8)")
        for flat in layout.flats:
            for name, dtype in zip(flat.names, flat.dtypes, strict=True):
                self.head.append(f"{name} = np.empty({flat.size}, np.{dtype.name})")
        for leaf in listing.leaves.values():
            self._at_its_place(leaf)

    def _at_its_place(self, value: Value) -> None:
        """A name at module level for a value that has memory."""
        if id(value) in self.placed:
            return
        if value.name and any(
            self.namer.names.get(key) == self.namer.of(value) for key in self.placed & self.layout.in_flat.keys()
        ):
            self.placed.add(id(value))  # the new value of a parameter stands where the old one did
            return
        name, shape = self.namer.of(value), value.shape
        if id(value) in self.layout.in_flat:
            flat, start = self.layout.in_flat[id(value)]
            self.head.append(f"{name} = {flat}[{start}:{start + value.size}].reshape({shape})")
        elif id(value) in self.layout.in_block:
            block = self.layout.in_block[id(value)]
            self.head.append(f"{name} = {block.name}.view(np.{value.dtype.name}).reshape({shape})")
        else:
            return
        self.placed.add(id(value))

    def _static(self, value: Any) -> bool:
        return not isinstance(value, Value) or id(value) in self.placed or value.source == "constant"

    def _function(self, text: str) -> str:
        """A short name for a function of NumPy."""
        if not text.startswith("np."):
            return text
        short = text[3:].replace(".", "_")
        short = f"{short}_" if short in ("all", "any", "sum", "max", "min", "abs", "round", "pow") else short
        self.bound[short] = text
        return short

    def step(self, step: Step) -> None:
        """Write one step."""
        for value in step.results:
            self._at_its_place(value)
        if step.kind == "update":
            self._update(step)
        elif step.kind == "view":
            line = f"{self.namer.of(step.result)} = {expression(step, self._say, self.namer)}"
            if self._static(step.arguments[0]):
                self.head.append(line)
                self.placed.add(id(step.result))
            else:
                self.body.append(line)
        else:
            self.body.append(self._line(step))

    def _number(self, thing: Any, step: Step) -> str:
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

    def _into(self, step: Step, made: str) -> str:
        return f"out={made}" if step.function in (np.maximum, np.minimum) else made

    def _say(self, thing: Any) -> str:
        return self.namer.of(thing)

    def _line(self, step: Step) -> str:
        if not step.results:
            return expression(step, self._say, self.namer)
        value = step.results[0]
        made = self.namer.of(value)
        given = [self.namer.of(each) for each in step.arguments]
        options = "".join(f", {key}={self.namer.of(each)}" for key, each in step.options.items())
        comment = f"  # {shape_comment(value)}"
        into = id(value) in self.placed
        if not value.shape and len(step.results) == 1 and step.kind == "ufunc":
            return f"{made} = {expression(step, self._say, self.namer)}{comment}"  # Python's operators are quicker on one number
        if step.kind == "ufunc":
            given = [self._number(each, step) for each in step.arguments]
            f = self._function(f"np.{step.function.__name__}") if not options else called(step, self.namer)
            return (
                f"{f}({', '.join(given)}, {self._into(step, made)}{options}){comment}"
                if into
                else f"{made} = {f}({', '.join(given)}{options}){comment}"
            )
        if step.kind == "reduce":
            axis = step.options["axis"]
            f = self._function(f"np.{step.function.__name__}.reduce")
            axis_text = "None" if axis is None else str(axis[0]) if len(axis) == 1 else str(axis)
            keep = ", True" if step.options["keepdims"] else ""
            end = f"None, {made if into else None}{keep}"
            line = f"{f}({given[0]}, {axis_text}, {end})" if into or keep else f"{f}({given[0]}, {axis_text})"
            return f"{line}{comment}" if into else f"{made} = {line}{comment}"
        if step.kind == "product":
            flat = all(isinstance(x, Value) and len(x.shape) <= 2 for x in step.arguments)
            f = self._function("np.dot" if flat else "np.matmul")
            return f"{f}({', '.join(given)}, {made}){comment}" if into else f"{made} = {f}({', '.join(given)}){comment}"
        if step.kind == "where" and into:
            copy = self._function("np.copyto")
            first, second = (self._number(each, step) for each in step.arguments[1:])
            return f"{copy}({made}, {second}); {copy}({made}, {first}, where={given[0]}){comment}"
        if step.kind == "cast" and into:
            return f"{self._function('np.copyto')}({made}, {given[0]}, casting='unsafe'){comment}"
        several = ", ".join(self.namer.of(each) for each in step.results)
        comma = "," if isinstance(step.result, tuple) and len(step.results) == 1 else ""
        return f"{several}{comma} = {expression(step, self._say, self.namer)}{comment}"

    def _update(self, step: Step) -> None:
        """An update as a list of calls that C runs through: an interrupt comes before or after, never inside."""
        flat = next(each for each in self.layout.flats if each.step is step)
        number = self.layout.flats.index(flat) or ""
        for row, (name, start) in zip(
            _copied(step, flat, self.layout), self.layout.copied.get(id(step), []), strict=True
        ):
            g = row[-1]
            self.body.append(
                f"{self._function('np.copyto')}({name}[{start}:{start + g.size}].reshape({g.shape}), {self.namer.of(g)})"
            )
        hosts = {
            text: f"{name}_{number}" if number and not text.isidentifier() else name
            for text, name in hosts_of(flat.update).items()
        }
        calls = self._calls(flat, hosts, number)
        done = [f"(updated.append, {flat.update.counts})"] if flat.update.counts is not None else []
        for text, name in hosts.items():
            self.head.append(f"{name}_now = np.empty((), np.{flat.dtypes[0].name})")
            self.body.append(f"{name}_now[...] = {text[1:-1] if text[0] == '(' else text}")
        lines = [f"    {line}," for line in calls]
        if flat.blocks:
            cuts = f"slice(i, min(i + {flat.blocks}, {flat.size})) for i in range(0, {flat.size}, {flat.blocks})"
            self.head += [f"blocks{number} = [{cuts}]", f"update{number} = [line for s in blocks{number} for line in ["]
            self.head += [*lines, f"]] + [{', '.join(done)}]"]
        else:
            self.head += [f"update{number} = [", *lines, *[f"    {line}," for line in done], "]"]
        self.body.append(
            f"run(starmap(call, update{number}), 0)  # in C: an interrupt is taken before or after, not inside"
        )

    def _calls(self, flat: Flat, hosts: dict[str, str], number: Any) -> list[str]:
        """The steps of an update on the flat arrays, or on a block of each: `[s]` marks where a block is cut out."""
        update, cut = flat.update, "[s]" if flat.blocks else ""
        names = {id(value): name + cut for value, name in zip(update.inputs, flat.names, strict=True)}
        final = {
            id(value): name + cut for value, name in zip(update.results, [flat.names[0], *flat.names[2:]], strict=True)
        }
        last = {id(value): i for i, each in enumerate(update.steps) for value in each.operands}
        gradients = flat.names[1] + cut
        scratch = {gradients} if flat.gradients_end else set()
        free: list[str] = []
        calls = []
        for i, each in enumerate(update.steps):
            value = each.results[0]
            given = [
                f"{hosts[x.owner]}_now"
                if isinstance(x, Value) and x.source == "host"
                else names[id(x)]
                if isinstance(x, Value) and id(x) in names
                else self._number(x, each)
                for x in each.arguments
            ]
            ends = [
                names[id(x)] for x in dict.fromkeys(each.operands) if last[id(x)] == i and names.get(id(x)) in scratch
            ]
            old = final.get(id(value))
            # A new state stands in the old one's place, once nobody reads the old one any more.
            readers = [v for v in update.inputs if names[id(v)] == old and last.get(id(v), -1) > i] if old else []
            if old and not readers:
                made = old
            elif ends or free:
                made = (ends or free).pop()
            else:
                base = f"scratch{number}_{len(scratch)}"
                made = f"{base}[: s.stop - s.start]" if flat.blocks else base
                scratch.add(made)
                self.head.append(
                    f"{base} = np.empty({min(flat.size, flat.blocks or flat.size)}, np.{value.dtype.name})"
                )
            free += [name for name in ends if name != made]
            names[id(value)] = made
            f = self._function(f"np.{each.function.__name__}")
            if each.function in (np.maximum, np.minimum):
                self.imports.add("from functools import partial")
                calls.append(f"(partial({f}, {', '.join(given)}, out={made}),)")
            else:
                calls.append(f"({f}, {', '.join([*given, made])})")
        return calls + [
            f"({self._function('np.copyto')}, {name}, {names[key]})"
            for key, name in final.items()
            if names[key] != name
        ]

    def _given_out(self, value: Any) -> str:
        """What is returned is the caller's own: a copy where it would be the program's memory, or an input."""
        text = self.namer.of(value)
        own = isinstance(value, Value) and (value.source != "step" or id(value) in self.placed)
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
        counted = (
            ["updated = []  # the optimizers whose step is complete"]
            if any(f.update.counts is not None for f in self.layout.flats)
            else []
        )
        parts = [imports, "\n".join(bound), "", "# Memory", *counted, *namer.definitions(), "\n".join(self.head), ""]
        lines = "\n".join(f"    {line}" for line in body)
        return "\n".join(parts) + f"\ndef program({', '.join(inputs)}):\n{lines}\n"


def _float_operand(step: Step) -> np.dtype[Any] | None:
    """The dtype in which a comparison compares, if it is of floats of one kind."""
    dtypes = {value.dtype for value in step.operands}
    return next(iter(dtypes)) if len(dtypes) == 1 and next(iter(dtypes)).kind == "f" else None


def _copied(step: Step, flat: Flat, layout: Layout) -> list[Any]:
    """The rows of an update whose gradient is made elsewhere, in the order of `layout.copied`."""
    places = set(layout.copied.get(id(step), []))
    return [row for row, start in zip(step.arguments, flat.starts, strict=True) if (flat.names[1], start) in places]
