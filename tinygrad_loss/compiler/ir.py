"""The program as data: values, and the steps that make them. Every pass reads and writes only this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Source = Literal["step", "argument", "leaf", "host", "constant"]
Kind = Literal["ufunc", "reduce", "product", "view", "where", "cast", "call", "update", "rows", "dense"]

_ZEROS = bytes(32)  # one element of any dtype, which no one can write into


@dataclass(slots=True, eq=False, repr=False)
class Value:
    """One array of the program: where it comes from, its shape and dtype, and a name to read."""

    array: Any  # of all but constants only shape and dtype are kept
    source: Source = "step"
    name: str = ""
    owner: Any = None  # the Tensor of a leaf; the text of a host number

    def __repr__(self) -> str:
        return f"<{self.name or self.source} {self.shape}>"

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of its axes."""
        return () if self.source == "host" else self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of its elements."""
        return np.asarray(self.array).dtype if self.source == "host" else self.array.dtype

    @property
    def size(self) -> int:
        """How many elements it has."""
        return 1 if self.source == "host" else self.array.size

    def forget(self) -> None:
        """Keep shape and dtype alone, in no memory."""
        if self.source in ("step", "argument", "leaf"):
            self.array = np.ndarray(self.shape, self.dtype, _ZEROS, strides=(0,) * len(self.shape))


@dataclass(slots=True, eq=False)
class Step:
    """One NumPy call of the program."""

    kind: Kind
    function: Callable[..., Any]
    arguments: tuple[Any, ...]  # Values, or what Python has for the rest; Values also inside tuples and slices
    options: dict[str, Any]
    result: Value | tuple[Value, ...]
    op: str = ""  # the op it is a part of
    scope: tuple[str, ...] = ()  # the layers that were being called
    phase: str = "forward"
    text: str = ""  # how a view is written, with {0} for its operand
    shares: int | None = None  # the argument of a call whose memory the result may look at

    @property
    def base(self) -> Value | None:
        """The value whose memory the result looks at."""
        at = 0 if self.kind == "view" else self.shares
        return None if at is None else self.arguments[at]

    @property
    def results(self) -> tuple[Value, ...]:
        """What it makes, one or several."""
        return self.result if isinstance(self.result, tuple) else (self.result,)

    @property
    def operands(self) -> list[Value]:
        """The Values among its arguments, in order, with repetitions."""
        found: list[Value] = []
        for each in self.arguments:
            if isinstance(each, Value):
                found.append(each)
            elif isinstance(each, (tuple, list, dict, slice)):
                found += values_in(each)
        return found + values_in(self.options) if self.options else found


def values_in(thing: Any) -> list[Value]:
    """Every Value inside nested arguments."""
    if isinstance(thing, Value):
        return [thing]
    if isinstance(thing, slice):
        thing = (thing.start, thing.stop, thing.step)
    if isinstance(thing, dict):
        thing = thing.values()
    elif not isinstance(thing, (tuple, list)):
        return []
    return [value for each in thing for value in values_in(each)]


def replaced(thing: Any, new: Callable[[Value], Any]) -> Any:
    """Nested arguments with every Value replaced by `new(value)`."""
    if isinstance(thing, Value):
        return new(thing)
    if isinstance(thing, (tuple, list)):
        return type(thing)(replaced(each, new) for each in thing)
    if isinstance(thing, dict):
        return {key: replaced(each, new) for key, each in thing.items()}
    if isinstance(thing, slice):
        return slice(*(replaced(each, new) for each in (thing.start, thing.stop, thing.step)))
    return thing


def computed(step: Step) -> Any:
    """What the step makes of what its operands are."""
    arguments, options = replaced((step.arguments, step.options), lambda value: value.array)
    function: Any = step.function
    with np.errstate(all="ignore"):
        return (function.reduce if step.kind == "reduce" else function)(*arguments, **options)


def same_memory(a: Any, b: Any) -> bool:
    """Whether two arrays are the same elements in the same places."""
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)):
        return False
    first, second = [(x.shape, x.dtype, x.strides, x.__array_interface__["data"][0]) for x in (a, b)]
    return first == second


@dataclass(slots=True, eq=False, repr=False)
class Update:
    """An optimizer's rule, for all parameters of one dtype at once: each array stands side by side in a flat one."""

    name: str
    slots: tuple[str, ...]  # what the flat arrays are: "w", "g", then the states
    inputs: list[Value]  # flat, in the order of `slots`
    results: list[Value]  # flat: the new w, then the new states
    steps: list[Step]
    counts: int | None = None  # the number of the optimizer whose step is complete after this update

    def __call__(self, *_: Any) -> Any:
        """Updates run as generated code only."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{self.name}: {', '.join(self.slots)}>"


@dataclass(slots=True, eq=False)
class Listing:
    """All that capture found: the steps in order, what goes in and what comes out."""

    steps: list[Step] = field(default_factory=list)
    arguments: list[Value] = field(default_factory=list)
    leaves: dict[int, Value] = field(default_factory=dict)  # by id of the Tensor
    hosts: list[Value] = field(default_factory=list)
    draws: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    assigned: list[tuple[Value, Value]] = field(default_factory=list)  # (leaf, its new value)
    gradients: list[tuple[Value, Value | None]] = field(default_factory=list)  # (leaf, what .grad becomes)
    optimizers: list[Any] = field(default_factory=list)  # each makes one step

    def kept(self) -> list[Value]:
        """The values that must be there at the end."""
        return [*self.outputs, *(new for _, new in self.assigned), *(g for _, g in self.gradients if g is not None)]

    def forget(self) -> None:
        """Let go of what the values were during capture."""
        held = [*self.arguments, *self.leaves.values(), *self.draws]
        for step in self.steps:
            update = step.function
            inside = [*update.steps] if isinstance(update, Update) else []
            held += [*update.inputs, *update.results] if isinstance(update, Update) else []
            held += [value for each in (step, *inside) for value in (*each.results, *each.operands)]
        for value in held:
            value.forget()


def roots_of(listing: Listing) -> dict[int, Value]:
    """The value whose memory each view looks at, by id; a value that is no view is its own."""
    roots: dict[int, Value] = {}
    for step in listing.steps:
        base = step.base
        if base is not None:
            roots[id(step.result)] = roots.get(id(base), base)
    return roots
