"""Level 3: the engine itself. Graphs, the order of nodes, and both modes on a small tape."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..exercise import at, exercise

__all__ = ["backward", "push_forward", "topological_order"]

DEEP = 20_000  # more nodes in a row than Python's stack holds
PATIENCE = 4  # so many questions for each node are allowed


class SmallGraph:
    """A graph to walk: called with a node it gives what the node was made from. It loses patience, so walks end."""

    def __init__(self, inputs: Mapping[Any, Sequence[Any]]) -> None:
        self.inputs = inputs
        self.left = PATIENCE * len(inputs)
        self.__name__ = str(inputs) if len(inputs) < 12 else f"a graph of {len(inputs)} nodes"

    def __call__(self, node: Any) -> list[Any]:
        if not self.left:
            raise RuntimeError("inputs_of was asked again and again: visit each node once")
        self.left -= 1
        return list(self.inputs[node])


def _doubled(layers: int) -> dict[str, list[str]]:
    """n0, n1 = n0 + n0, n2 = n1 + n1, ...: 2 to the power of `layers` paths."""
    return {"n0": [], **{f"n{k}": [f"n{k - 1}", f"n{k - 1}"] for k in range(1, layers + 1)}}


def _chain(length: int) -> dict[str, list[str]]:
    return {f"n{k}": [f"n{k - 1}"] if k else [] for k in range(length)}


def _reached(output: Any, inputs: Mapping[Any, Sequence[Any]]) -> set[Any]:
    reached, waiting = {output}, [output]
    while waiting:
        fresh = set(inputs[waiting.pop()]) - reached
        reached |= fresh
        waiting += fresh
    return reached


def _judge_order(got: Any, output: Any, inputs_of: SmallGraph) -> str | None:
    """What is wrong with an order, or None: many orders are right."""
    if not isinstance(got, (list, tuple)):
        return f"gives {type(got).__name__} where a list of nodes is needed"
    strange = [node for node in got if not isinstance(node, str)]
    if strange:
        return f"{strange[0]!r} is in it, which is no node"
    reached = _reached(output, inputs_of.inputs)
    if len(set(got)) < len(got):
        return "a node appears more than once"
    if set(got) - reached:
        return f"{min(set(got) - reached)} is in it, though {output} does not depend on it"
    if reached - set(got):
        return f"{min(reached - set(got))} is missing"
    place = {node: k for k, node in enumerate(got)}
    early = [(node, x) for node in got for x in inputs_of.inputs[node] if place[x] > place[node]]
    if not early:
        return None
    if len(early) == sum(len(inputs_of.inputs[node]) for node in got):
        return "the order is reversed: inputs must come first"
    return f"{early[0][0]} stands before {early[0][1]}, which it is made from"


def _recursive(output: Any, inputs_of: Any) -> list[Any]:
    order: list[Any] = []

    def visit(node: Any) -> None:
        if node not in order:
            for x in inputs_of(node):
                visit(x)
            order.append(node)

    visit(output)
    return order


def _every_path(output: Any, inputs_of: Any) -> list[Any]:
    order: list[Any] = []

    def visit(node: Any) -> None:
        for x in inputs_of(node):
            visit(x)
        if node not in order:
            order.append(node)

    visit(output)
    return order


def _breadth_first(output: Any, inputs_of: Any) -> list[Any]:
    order = [output]
    for node in order:
        order += [x for x in dict.fromkeys(inputs_of(node)) if x not in order]
    return order[::-1]


@exercise(
    3,
    "A topological order",
    cases=lambda: [
        ("c", SmallGraph({"a": [], "b": [], "c": ["a", "b"], "unused": ["a"]})),
        ("c", SmallGraph({"a": [], "b": ["a", "a"], "c": ["b", "b"]})),
        ("d", SmallGraph({"a": [], "b": ["a"], "c": ["b"], "d": ["a", "c"]})),
        ("e", SmallGraph({"a": [], "b": ["a"], "c": ["b"], "d": ["c", "a"], "e": ["d", "b"]})),
        ("a", SmallGraph({"a": []})),
        at("many paths", "n40", SmallGraph(_doubled(40))),
        at("a deep graph", f"n{DEEP - 1}", SmallGraph(_chain(DEEP))),
    ],
    judge=_judge_order,
    hints=(
        "Walk from the output to what it is made from. A node may be written down once all its inputs are.",
        "Keep a set of what was seen, or a node is visited once for every path to it: b = a + a has two, "
        "forty such lines have 2⁴⁰.",
        "Python's stack holds about a thousand calls. Keep a list of your own: push (node, False) to come, "
        "(node, True) to write down after its inputs.",
    ),
    mistakes={
        "fails on a deep graph: RecursionError": _recursive,
        "fails on many paths: RuntimeError: inputs_of was asked again and again": _every_path,
        "b stands before a, which it is made from": _breadth_first,
        "the order is reversed": lambda output, inputs_of: _recursive(output, inputs_of)[::-1],
        "a node appears more than once": lambda output, inputs_of: [
            *(x for node in inputs_of(output) for x in inputs_of(node)),
            *inputs_of(output),
            output,
        ],
    },
)
def topological_order(output: Any, inputs_of: Any) -> Any:
    """The nodes that `output` is computed from, itself last, each once, each after all of its inputs.

    `inputs_of(node)` gives the list of nodes that a node was made from; a leaf has none. Many orders are right.

    >>> topological_order("c", {"a": [], "b": ["a"], "c": ["a", "b"]}.get)
    ['a', 'b', 'c']
    """
    order, seen, waiting = [], set(), [(output, False)]
    while waiting:
        node, done = waiting.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            waiting.append((node, True))
            waiting += [(x, False) for x in inputs_of(node)]
    return order


TAPES: dict[str, Any] = {
    "a product": [("c", (("a", 3.0), ("b", 2.0)))],
    "a value used twice": [("b", (("a", 1.0), ("a", 1.0))), ("c", (("b", 1.0), ("b", 1.0)))],
    "two ways": [("c", (("a", 3.0), ("b", 2.0))), ("d", (("c", -0.5),)), ("e", (("d", 4.0), ("a", 5.0)))],
    "a dead end": [("c", (("a", 3.0),)), ("d", (("c", 7.0), ("b", 1.0))), ("e", (("c", 2.0),))],
}


def _overwriting(tape: Any) -> Any:
    gradients = {name: 0.0 for made, inputs in tape for name in (made, *(x for x, _ in inputs))}
    gradients[tape[-1][0]] = 1.0
    for made, inputs in reversed(tape):
        for x, slope in inputs:
            gradients[x] = gradients[made] * slope
    return gradients


def _without_upstream(tape: Any) -> Any:
    gradients = {name: 0.0 for made, inputs in tape for name in (made, *(x for x, _ in inputs))}
    gradients[tape[-1][0]] = 1.0
    for _, inputs in reversed(tape):
        for x, slope in inputs:
            gradients[x] += slope
    return gradients


def _from_the_front(tape: Any) -> Any:
    gradients = {name: 0.0 for made, inputs in tape for name in (made, *(x for x, _ in inputs))}
    gradients[tape[-1][0]] = 1.0
    for made, inputs in tape:
        for x, slope in inputs:
            gradients[x] += gradients[made] * slope
    return gradients


@exercise(
    3,
    "A backward pass",
    cases=lambda: [
        (TAPES["a product"],),
        (TAPES["a value used twice"],),
        (TAPES["two ways"],),
        at("a dead end", TAPES["a dead end"]),
    ],
    hints=(
        "Start with gradient 1 for the last name and 0.0 for all others; walk the tape from its end.",
        "A step sends to each input its own gradient times the slope.",
        "An input that is used twice is sent to twice: add, do not assign.",
    ),
    mistakes={
        "overwrites instead of accumulating": _overwriting,
        "adds slopes without the gradient of the step's own result": _without_upstream,
        "walks the tape from the front: a gradient is passed on before it is complete": _from_the_front,
        "nothing is started: the last result's own gradient is 1": lambda tape: dict.fromkeys(
            (name for made, inputs in tape for name in (made, *(x for x, _ in inputs))), 0.0
        ),
    },
)
def backward(tape: Any) -> Any:
    """The gradient of the last result on a tape by every name on it, as a dict: reverse mode in five lines.

    A tape is a list of steps in the order in which they were computed. A step is (name, inputs): the name of its
    result, and for each input a pair (name, slope) with the derivative of the result by it. Where the last result
    does not depend on a name, its gradient is 0.0.

    >>> backward([("c", (("a", 3.0), ("b", 2.0))), ("d", (("c", 10.0),))])
    {'a': 30.0, 'b': 20.0, 'c': 10.0, 'd': 1.0}
    """
    names = {name for made, inputs in tape for name in (made, *(x for x, _ in inputs))}
    gradients = dict.fromkeys(sorted(names), 0.0)
    gradients[tape[-1][0]] = 1.0
    for made, inputs in reversed(tape):
        for x, slope in inputs:
            gradients[x] += gradients[made] * slope
    return gradients


@exercise(
    3,
    "The other mode",
    cases=lambda: [
        (TAPES["a product"], {"a": 1.0, "b": 0.0}),
        (TAPES["a value used twice"], {"a": 1.0}),
        (TAPES["two ways"], {"a": 0.5, "b": -2.0}),
        (TAPES["a dead end"], {"a": 1.0, "b": 1.0}),
    ],
    hints=(
        "Forward mode walks the tape from the front: it needs no second pass and keeps no tape.",
        "The tangent of a result is the sum over its inputs of slope times the input's tangent.",
    ),
    mistakes={
        "takes only the last input of each step": lambda tape, tangents: _pushed(tape, tangents, last=True),
        "multiplies what the inputs bring, where it is added": lambda tape, tangents: _pushed(
            tape, tangents, total=math.prod
        ),
        "walks the tape from its end: tangents go forward": lambda tape, tangents: _pushed(tape[::-1], tangents),
        "adds the tangents without their slopes": lambda tape, tangents: _pushed(
            [(made, tuple((x, 1.0) for x, _ in inputs)) for made, inputs in tape], tangents
        ),
        "gives only the new names, without the tangents it was given": lambda tape, tangents: {
            name: t for name, t in _pushed(tape, tangents).items() if name not in tangents
        },
    },
)
def push_forward(tape: Any, tangents: Any) -> Any:
    """The tangents of every name on a tape, as a dict, from those of its leaves: forward mode.

    `tangents` says how fast each leaf moves; the tape is as in `backward`.

    >>> push_forward([("c", (("a", 3.0), ("b", 2.0)))], {"a": 1.0, "b": 10.0})
    {'a': 1.0, 'b': 10.0, 'c': 23.0}
    """
    moved = dict(tangents)
    for made, inputs in tape:
        moved[made] = sum(slope * moved[x] for x, slope in inputs)
    return moved


def _pushed(tape: Any, tangents: Any, last: bool = False, total: Any = sum) -> Any:
    moved = dict(tangents)
    for made, inputs in tape:
        moved[made] = total(slope * moved[x] for x, slope in (inputs[-1:] if last else inputs))
    return moved
