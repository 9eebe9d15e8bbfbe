"""Dense layers as one product each: the bias is a row below the kernel, and its input a row of ones.

x·kernel + bias is [x 1]·[kernel; bias], and the gradients of both are [x 1]ᵀ·g. In the flat arrays a bias
stands behind its kernel already: they are one matrix. For the ones to stand behind the input, without
leaving gaps in it, its memory has the batch as its last axis; so have all values that elementwise steps
connect with it, and what is a product of them. Nothing else changes: shapes stay what they were.

The gradients of several such layers of one shape, one behind the other, are one call of `np.matmul`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .ir import Listing, Step, Value, roots_of

__all__ = ["BatchLast", "batch_last"]

SMALL = 4_000_000  # multiplications of a product, beside more of which an addition costs nothing
COPY = 1024  # elements of an argument: to turn a larger one takes longer than it saves
ALIKE = 4  # layers of one shape, from which on their gradients are made by one call
STACK = 2**18  # bytes that stay in the second-level cache until then
ELEMENTWISE = {"ufunc", "where", "cast"}


@dataclass(slots=True, eq=False)
class Map:
    """A dense layer: the steps forward and backward that become one each, and what they are of."""

    x: Value
    kernel: Value
    bias: Value
    forward: tuple[Step, Step]
    backward: tuple[Step, Step]
    turn: Step  # the transpose of x, which the gradient uses
    place: int  # of the kernel in the update

    @property
    def g(self) -> Value:
        """The gradient of y."""
        g: Value = self.backward[0].arguments[1]
        return g

    @property
    def y(self) -> Value:
        """The layer's result, before an activation."""
        return self.forward[1].results[0]

    @property
    def work(self) -> int:
        """The multiplications of its product."""
        return self.x.size * self.kernel.shape[1]


@dataclass(slots=True, eq=False)
class BatchLast:
    """A listing with such steps, and the values that lie in memory with the batch as their last axis, by id."""

    listing: Listing
    turned: set[int] = field(default_factory=set)
    inputs: dict[int, Value] = field(default_factory=dict)  # those with a row of ones
    copies: list[Value] = field(default_factory=list)  # of arguments, which lie elsewhere
    stacked: dict[int, Place] = field(default_factory=dict)  # values that lie one behind the other


class Place(NamedTuple):
    """A value's place among those that lie one behind the other."""

    stack: int
    number: int
    length: int  # of the stack


def batch_last(listing: Listing) -> BatchLast:
    """Find the small dense layers whose inputs elementwise steps make, and make each of them one product."""
    reader = _Reader(listing)
    kinds = _Kinds(listing, reader.made)
    maps = [each for each in reader.maps() if kinds.may_turn(each.y)]
    maps = [each for each in maps if kinds.may_turn(each.x) or (each.x.source == "argument" and each.x.size <= COPY)]
    wanted = {kinds.of(value) for each in maps for value in (each.x, each.y) if id(value) in kinds.members}
    rewriter = _Rewriter(reader, maps)
    for each in maps:
        rewriter.join_forward(each)
    for run in _runs(maps, kinds, wanted, reader.leaving):
        rewriter.join_backward(run)
    turned = {key for key, value in kinds.members.items() if kinds.of(value) in wanted}
    inputs = map(rewriter.input_of, maps)
    copies = [*rewriter.copies.values()]
    return BatchLast(rewriter.listing(), turned, {id(x): x for x in inputs}, copies, rewriter.stacked)


class _Rewriter:
    """Puts joined steps in the places of others."""

    def __init__(self, reader: _Reader, maps: list[Map]) -> None:
        self.reader = reader
        self.placed = {id(value) for each in maps for value in (each.x, each.g)}  # for which a place is found already
        of_arguments = {id(each.x): each for each in maps if each.x.source == "argument"}
        self.copies = {key: Value(each.x.array, name=each.x.name) for key, each in of_arguments.items()}
        self.first = [
            replace(each.forward[0], kind="ufunc", function=np.positive, arguments=(each.x,), result=self.copies[key])
            for key, each in of_arguments.items()
        ]
        self.joined: dict[int, Step] = {}  # by id of the step in whose place it stands
        self.gone: set[int] = set()
        self.stacked: dict[int, Place] = {}

    def input_of(self, each: Map) -> Value:
        """What is multiplied: an argument's copy, where ones stand below it."""
        return self.copies.get(id(each.x), each.x)

    def join_forward(self, each: Map) -> None:
        """One product for a product and an addition."""
        product, add = each.forward
        arguments = (self.input_of(each), each.kernel, each.bias)
        self.joined[id(add)] = replace(add, kind="dense", function=np.dot, arguments=arguments, options={})
        self.gone |= {id(product)} | ({id(each.turn)} if self.reader.once(each.turn) else set())

    def join_backward(self, run: list[Map]) -> None:
        """One product, or one call for several, for the gradients; and one call for squares."""
        inputs, steps = [*map(self.input_of, run)], [step for each in run for step in each.backward]
        results = tuple(step.results[0] for step in steps)
        arguments = (*inputs, *(each.g for each in run))
        made = replace(steps[0], kind="dense", function=np.dot, arguments=arguments, result=results)
        self._instead(made, steps, max)
        if len(run) > 1:
            self._stack(inputs)
            self._stack([each.g for each in run])
            self._join_squares(self.reader.squares([each.x for each in run if each.x.source != "argument"]))

    def _join_squares(self, squares: list[Step]) -> None:
        values, results = [step.arguments[0] for step in squares], [step.results[0] for step in squares]
        if squares and not {id(value) for value in results} & self.placed:
            step = replace(squares[0], kind="dense", arguments=tuple(values), result=tuple(results))
            self._instead(step, squares, min)
            self._stack(results)

    def _instead(self, step: Step, of: list[Step], place: Any) -> None:
        """A step instead of several, where the first or the last of them stood."""
        where = place(of, key=self.reader.order.__getitem__)
        self.joined[id(where)] = step
        self.gone |= {id(each) for each in of if each is not where}

    def _stack(self, values: list[Value]) -> None:
        number = len(self.stacked)  # larger than that of any stack before
        self.stacked |= {id(value): Place(number, index, len(values)) for index, value in enumerate(values)}

    def listing(self) -> Listing:
        """The listing with all that is joined."""
        old = self.reader.listing
        steps = [self.joined.get(id(step), step) for step in old.steps if id(step) not in self.gone]
        return replace(old, steps=[*self.first, *steps])


def _runs(maps: list[Map], kinds: _Kinds, wanted: set[int], leaving: set[int]) -> list[list[Map]]:
    """The layers in groups, each of which has its gradients made by one call."""
    runs: list[list[Map]] = []
    for each in maps:
        before = runs[-1][-1] if runs else None
        same = before is not None and (before.x.shape, before.kernel.shape) == (each.x.shape, each.kernel.shape)
        if before is not None and same and before.place + 2 == each.place and each.x.dtype == before.x.dtype:
            runs[-1].append(each)
        else:
            runs.append([each])
    found = []
    seen: set[int] = set()
    inputs = {id(each.x) for each in maps}
    for run in runs:
        values = [value for each in run for value in (each.x, each.g)]
        small = len(run) >= ALIKE and len(run) * values[1].size * values[1].dtype.itemsize <= STACK
        free = all(kinds.is_made(each.g) and kinds.of(each.g) in wanted and id(each.g) not in inputs for each in run)
        apart = len({id(value) for value in values} - seen - leaving) == len(values)
        seen |= {id(value) for value in values}
        found += [run] if small and free and apart else [[each] for each in run]
    return found


class _Reader:
    """Finds dense layers in a listing."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self.made = {id(value): step for step in listing.steps for value in step.results}
        self.order = {step: number for number, step in enumerate(listing.steps)}
        self.uses: dict[int, list[Step]] = {}
        for step in listing.steps:
            for value in {id(x): x for x in step.operands}.values():
                self.uses.setdefault(id(value), []).append(step)
        roots = roots_of(listing)
        self.leaving = {id(roots.get(id(value), value)) for value in listing.kept()}

    def once(self, step: Step) -> bool:
        """Whether a step's result is used a single time, and does not leave the program."""
        key = id(step.results[0])
        return len(self.uses.get(key, [])) == 1 and key not in self.leaving

    def squares(self, values: list[Value]) -> list[Step]:
        """The steps that square these values, if each is squared once, and when all of them are there."""
        found: list[Step] = []
        for x in values:
            found += [
                s for s in self.uses[id(x)] if s.function is np.multiply and s.arguments[0] is s.arguments[1] is x
            ]
        start = min(map(self.order.__getitem__, found), default=0)
        ready = all(self.order[self.made[id(x)]] < start for x in values)
        apart = not {id(step.results[0]) for step in found} & self.leaving
        return found if len(found) == len(values) >= ALIKE and ready and apart else []

    def maps(self) -> list[Map]:
        """Every small layer whose kernel and bias stand side by side in an update."""
        found, place = [], 0
        for update in (step for step in self.listing.steps if step.kind == "update"):
            place += 1  # the first of an update stands behind no other
            for (kernel, *_, d_kernel), (bias, *_, d_bias) in pairwise(update.arguments):
                if len(kernel.shape) == 2 and bias.shape == kernel.shape[1:]:
                    each = self._map(kernel, bias, self.made.get(id(d_kernel)), self.made.get(id(d_bias)), place)
                    found += [each] if each is not None and each.work <= SMALL else []
                place += 1
        return found

    def _map(self, kernel: Value, bias: Value, d_kernel: Step | None, d_bias: Step | None, place: int) -> Map | None:
        """The layer of these parameters, if it is their only use, and the update the only one of their gradients."""
        adds = [step for step in self.uses.get(id(bias), []) if step.function is np.add and step.kind == "ufunc"]
        product = self.made.get(id(adds[0].arguments[0])) if len(adds) == 1 else None
        if product is None or d_kernel is None or d_bias is None:
            return None
        steps = (product, d_kernel, d_bias)
        if any(step.kind != "product" or not self.once(step) for step in steps):
            return None
        (x, weights), (turned, g), (ones, g_again) = (step.arguments for step in steps)
        turn, y = self.made.get(id(turned)), adds[0].results[0]
        if turn is None or not is_turn(turn) or turn.arguments[0] is not x or weights is not kernel:
            return None
        alike = len({value.dtype for value in (x, kernel, bias, g, y)}) == 1 and len(x.shape) == 2
        fits = alike and g is g_again and _is_ones(ones) and not {id(x), id(y)} & self.leaving
        return Map(x, kernel, bias, (product, adds[0]), (d_kernel, d_bias), turn, place) if fits else None


def is_turn(step: Step) -> bool:
    """Whether a step takes the transpose of a matrix."""
    plain = step.function is np.transpose and len(step.arguments) == 1 and not step.options
    return step.kind == "view" and plain and len(step.results[0].shape) == 2


def _is_ones(x: Any) -> bool:
    return isinstance(x, Value) and x.source == "constant" and len(x.shape) == 1 and bool(np.all(x.array == 1))


class _Kinds:
    """Matrices that elementwise steps connect: they lie in memory in one and the same way."""

    def __init__(self, listing: Listing, made: dict[int, Step]) -> None:
        self.next: dict[int, int] = {}  # of each member another one of its kind; of one in each kind itself
        self.members: dict[int, Value] = {}
        for step in listing.steps:
            for value in step.results:
                if step.kind in ELEMENTWISE | {"product"} and len(value.shape) == 2 and value.size:
                    self.members[id(value)] = value
                    self.next[id(value)] = id(value)
            if step.kind in ELEMENTWISE and id(step.results[0]) in self.members:
                for x in step.operands:
                    if id(x) in self.members and x.shape == step.results[0].shape:
                        self.next[self.of(x)] = self.of(step.results[0])
        self.fixed: set[int] = set()
        roots = roots_of(listing)
        for step in listing.steps:
            if step.base is not None and not is_turn(step):
                base = roots.get(id(step.base), step.base)  # a transpose may lie between
                if id(base) in self.members and 1 not in base.shape:  # a row or column lies one way only
                    self.fixed.add(self.of(base))
        self.elementwise = {key for key in self.members if made[key].kind in ELEMENTWISE}

    def of(self, value: Value) -> int:
        """Which kind a value is of."""
        key = id(value)
        while self.next[key] != key:
            self.next[key] = key = self.next[self.next[key]]
        return key

    def is_made(self, value: Value) -> bool:
        """Whether an elementwise step makes it."""
        return id(value) in self.elementwise

    def may_turn(self, value: Value) -> bool:
        """Whether it is made by an elementwise step, and nobody looks at its memory in another way."""
        return self.is_made(value) and self.of(value) not in self.fixed
