"""An optimizer's step in the program that runs: a list of calls on flat arrays that C runs through.

Python takes an interrupt between two of its own instructions; inside one call there are none. So
all parameters and all state change together, or not at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .codegen import hosts_of
from .ir import Step, Value
from .layout import Flat
from .threads import Half

__all__ = ["UpdateWriter"]

HALVES = 2**18  # elements from which on two threads update a half each: below, waking one takes as long


class UpdateWriter:
    """Writes one update into the module of a `writer`, its names ending in `number`."""

    def __init__(self, writer: Any, flat: Flat, number: str) -> None:
        self.writer, self.flat, self.number = writer, flat, number
        self.hosts = {
            text: f"{name}_{number}" if number and not text.isidentifier() else name
            for text, name in hosts_of(flat.update).items()
        }
        self.cut = "[s]" if flat.blocks else ""  # a block is cut out of each array
        self.halves = writer.layout.threads > 1 and flat.size >= HALVES
        results = [flat.names[0], *flat.names[2:]]
        self.names = {id(v): name + self.cut for v, name in zip(flat.update.inputs, flat.names, strict=True)}
        self.final = {id(v): name + self.cut for v, name in zip(flat.update.results, results, strict=True)}
        self.scratch = {flat.names[1] + self.cut} if flat.gradients_end else set()
        self.free: list[str] = []

    def write(self) -> None:
        """The arrays and the list at module level, and the lines that run it."""
        flat, head, body = self.flat, self.writer.head, self.writer.body
        copy = self.writer.function("np.copyto")
        for row, start in zip(flat.step.arguments, flat.starts, strict=True):
            if (flat.names[1], start) in self.writer.layout.copied.get(id(flat.step), []):
                place = f"{flat.names[1]}[{start}:{start + row[-1].size}].reshape({row[-1].shape})"
                body.append(f"{copy}({place}, {self.writer.namer.of(row[-1])})")
        for text, name in self.hosts.items():
            head.append(f"{name}_now = np.empty((), np.{flat.dtypes[0].name})")
            body.append(f"{name}_now[...] = {text[1:-1] if text[0] == '(' else text}")
        lines = [f"    {line}," for line in self.calls()]
        done = [] if flat.update.counts is None else [f"(updated.append, {flat.update.counts})"]
        run = f"run(starmap(call, update{self.number}), 0)  # in C: an interrupt comes before or after, not inside"
        if self.halves:
            self._write_halves(lines, done)
            body += [f"half{self.number}.prepare()", "try:", f"    {run}", "finally:"]
            body += [f"    half{self.number}.settle()"]
            return
        if flat.blocks:
            cuts = f"slice(i, min(i + {flat.blocks}, {flat.size})) for i in range(0, {flat.size}, {flat.blocks})"
            head += [f"blocks{self.number} = [{cuts}]"]
            head += [f"update{self.number} = [line for s in blocks{self.number} for line in [", *lines]
            head += [f"]] + [{', '.join(done)}]"]
        else:
            head += [f"update{self.number} = [", *lines, *[f"    {line}," for line in done], "]"]
        body.append(run)

    def _write_halves(self, lines: list[str], done: list[str]) -> None:
        """Two lists, each for its own thread."""
        flat, number, head = self.flat, self.number, self.writer.head
        half = self.writer.namer.function(Half, "Half")
        middle = -(-flat.size // flat.blocks) // 2 * flat.blocks
        step = f"slice(i, min(i + {flat.blocks}, {flat.size}))"
        head += [f"def calls{number}(half, first, last):  # of the blocks from first to last"]
        head += [f"    blocks = [{step} for i in range(first, last, {flat.blocks})]"]
        head += ["    return [line for s in blocks for line in [", *(f"    {line}" for line in lines), "    ]]"]
        head += [f"half{number} = {half}(calls{number}(1, {middle}, {flat.size}))"]
        head += [f"update{number} = ["]
        head += [f"    *half{number}.begin(), *calls{number}(0, 0, {middle}),"]
        head += [*(f"    {line}," for line in done), f"    *half{number}.end(),", "]"]

    def calls(self) -> list[str]:
        """The steps of the rule, each with the array that it writes into."""
        steps, names = self.flat.update.steps, self.names
        last = {id(value): i for i, each in enumerate(steps) for value in each.operands}
        calls = []
        for i, each in enumerate(steps):
            given = [self._argument(x, each) for x in each.arguments]
            ended = [
                names[id(x)]
                for x in dict.fromkeys(each.operands)
                if last[id(x)] == i and names.get(id(x)) in self.scratch
            ]
            made = self._place(each.results[0], i, last, ended)
            self.free += [name for name in ended if name != made]
            names[id(each.results[0])] = made
            f = self.writer.function(f"np.{each.function.__name__}")
            if each.function in (np.maximum, np.minimum):  # they take the place by name only
                self.writer.imports.add("from functools import partial")
                calls.append(f"(partial({f}, {', '.join(given)}, out={made}),)")
            else:
                calls.append(f"({f}, {', '.join([*given, made])})")
        copy = self.writer.function("np.copyto")
        return calls + [f"({copy}, {name}, {names[key]})" for key, name in self.final.items() if names[key] != name]

    def _argument(self, x: Any, step: Step) -> str:
        if isinstance(x, Value) and x.source == "host":
            return f"{self.hosts[x.owner]}_now"
        known = self.names.get(id(x)) if isinstance(x, Value) else None
        return known or str(self.writer.number(x, step))

    def _place(self, value: Value, index: int, last: dict[int, int], ended: list[str]) -> str:
        """Where a step writes: over the old state once nobody reads that any more, over what has ended, or anew."""
        old = self.final.get(id(value))
        readers = [v for v in self.flat.update.inputs if self.names[id(v)] == old and last.get(id(v), -1) > index]
        if old and not readers:
            return old
        if ended or self.free:
            return (ended or self.free).pop()
        base = f"scratch{self.number}_{len(self.scratch)}"
        made = f"{base}[{'half, ' * self.halves}: s.stop - s.start]" if self.flat.blocks else base
        self.scratch.add(made)
        size = min(self.flat.size, self.flat.blocks or self.flat.size)
        shape = f"(2, {size})" if self.halves else f"{size}"
        self.writer.head.append(f"{base} = np.empty({shape}, np.{value.dtype.name})")
        return made
