"""The node: one recorded call, as plain data.

A graph is nothing but nodes that hold the nodes they were computed from. Nothing in a node points
forward, so a graph that nobody holds is freed at once, and nothing is a closure, so a graph can be
differentiated, drawn, explained and compiled by code that only reads these fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from operator import attrgetter
from typing import Any

from ..errors import freed_graph

NO_ATTRIBUTES: dict[str, Any] = {}
next_birth = count().__next__


class Extra:
    """What few nodes have. A leaf keeps its `Extra` when a new value is assigned to it."""

    __slots__ = ("hooks", "line", "name", "owner")

    def __init__(self) -> None:
        self.name: str | None = None
        self.owner: Any = None  # weak reference to the Tensor in which backward stores `.grad`
        self.hooks: dict[int, Any] = {}
        self.line: str | None = None  # where the user's code made it, if lines are recorded


class Node:
    """One recorded call: `value = op(*inputs, **attributes)`. A leaf has `op = None`.

    `inputs` are Nodes, or raw values where no gradient is needed. `birth` numbers all nodes in the
    order of their making. A node can only use older nodes, so the order of birth, backwards, is a
    topological order: every node comes after all that use it.
    """

    __slots__ = ("attributes", "birth", "extra", "inputs", "op", "scope", "value")

    def __init__(
        self, op: Any, inputs: Any, attributes: dict[str, Any], value: Any, scope: Any = (), extra: Extra | None = None
    ) -> None:
        self.op = op
        self.inputs = inputs  # None once the graph was freed
        self.attributes = attributes
        self.value = value  # a tuple where the op has several results
        self.birth = next_birth()
        self.scope = scope  # names of the layers that were being called
        self.extra = extra

    @property
    def name(self) -> str | None:
        """The user's name for the value, if there is one."""
        return None if self.extra is None else self.extra.name

    def annotate(self) -> Extra:
        """This node's `Extra`, made when first asked for."""
        self.extra = self.extra or Extra()
        return self.extra


def newest_first(outputs: Iterable[Node]) -> list[Node]:
    """The nodes made by ops that `outputs` were computed from, each before the ones it used.

    Why an order at all: in `b = a + a; c = b + b` the node b must have received both of c's
    contributions before it passes anything on to a. Leaves pass nothing on and are left out.
    """
    found = {node for node in outputs if node.op is not None}
    stack = list(found)
    while stack:  # a work list, not recursion: graphs are deeper than Python's stack
        edges = stack.pop().inputs
        if edges is None:
            raise freed_graph()
        for edge in edges:
            if type(edge) is Node and edge.op is not None and edge not in found:
                found.add(edge)
                stack.append(edge)
    return sorted(found, key=attrgetter("birth"), reverse=True)


def leading_to(targets: set[Node], order: list[Node]) -> set[Node]:
    """The nodes of `order` (newest first) that `targets` influence, with the targets."""
    reached = set(targets)
    for node in reversed(order):
        if any(type(edge) is Node and edge in reached for edge in node.inputs):
            reached.add(node)
    return reached
