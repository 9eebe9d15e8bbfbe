"""Paths through a graph: how many lead from a value to the output, and what flows back along each.

The chain rule says that a gradient is a sum over paths, each the product of the derivatives on its way.
Their number grows exponentially with depth, while backward passes each edge once: that is the whole point
of reverse mode, and `count_paths`, which also passes each edge once, shows it.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.registry import ops
from .walk import EdgeRecord, Graph

__all__ = ["Path", "count_paths", "count_text", "edges_passed", "paths_between"]


@dataclass(slots=True, eq=False)
class Path:
    """One way from a value to the output."""

    edges: list[EdgeRecord]  # from the value to the output
    factors: list[Any]  # each edge's derivative; None where it is a matrix
    product: Any  # the part of the gradient that flows back along this path alone

    @property
    def nodes(self) -> list[str]:
        """The ids of the values on the way, the first and the output included."""
        return [self.edges[0].source, *(edge.target for edge in self.edges)] if self.edges else []


def edges_passed(graph: Graph) -> int:
    """How many edges backward passes: its number of rule calls."""
    return sum(edge.contribution is not None for edge in graph.edges)


def count_paths(graph: Graph, wanted: Collection[str]) -> dict[str, int]:
    """The number of paths from each of some values to the output, exact however large.

    One pass, newest first: the paths from a value are the paths from its users, added up. A count is
    kept only until it has been passed on, since it may have thousands of digits.
    """
    counts = {graph.output: 1}
    found = {}
    for record in reversed(graph.nodes.values()):
        count = counts.pop(record.id, 0)
        if record.id in wanted:
            found[record.id] = count
        if count:
            for edge in record.inputs:
                if edge.contribution is not None:
                    counts[edge.source] = counts.get(edge.source, 0) + count
    return found


def paths_between(graph: Graph, source: str) -> list[Path]:
    """Every path from a value to the output, each with its product: meant for a few (see `count_paths`)."""
    leading = _led_to(graph, source)
    found = []
    stack: list[tuple[str, tuple[Any, ...]]] = [(graph.output, ())]  # the way so far, as linked pairs
    while stack:
        place, way = stack.pop()
        if place == source:
            found.append(_path(graph, way))
            continue
        edges = [edge for edge in graph.nodes[place].inputs if edge.contribution is not None]
        stack += [(edge.source, (edge, way)) for edge in reversed(edges) if edge.source in leading]
    return found


def _led_to(graph: Graph, source: str) -> set[str]:
    """The values that a value influences, with itself."""
    reached = {source}
    for record in graph.nodes.values():
        if any(edge.source in reached for edge in record.inputs):
            reached.add(record.id)
    return reached


def _path(graph: Graph, way: tuple[Any, ...]) -> Path:
    edges = []
    while way:
        edge, way = way
        edges.append(edge)
    flowing = graph.nodes[graph.output].gradient
    factors = []
    for edge in reversed(edges):
        factors.append(graph.local(edge))
        flowing = _pulled(graph, edge, flowing)
    return Path(edges, factors[::-1], flowing)


def _pulled(graph: Graph, edge: EdgeRecord, flowing: Any) -> Any:
    """What an edge's rule makes of what flows along one path, in the shape and dtype of the edge's source."""
    target, value = graph.nodes[edge.target], graph.nodes[edge.source].value
    if isinstance(value, tuple):  # one of several results: nothing flows to the others along this path
        parts = [np.zeros_like(part) for part in value]
        parts[target.attributes["index"]] = flowing
        return tuple(parts)
    pulled = np.asarray(graph.rule_applied(edge, flowing))
    if pulled.shape != np.shape(value):
        pulled = ops["sum_to"].kernel(pulled, np.shape(value))
    return pulled.astype(value.dtype, copy=False)[()]


def count_text(count: int) -> str:
    """A count as people read it: "12", "1,024", "about 1.3·10³⁰".

    >>> from tinygrad_loss.visualize.paths import count_text
    >>> count_text(1024), count_text(2**100)
    ('1,024', 'about 1.3·10³⁰')
    """
    if count < 10**9:
        return f"{count:,}"
    exponent, rest = divmod(math.log10(count), 1.0)
    mantissa = round(10**rest, 1)
    if mantissa >= 10:
        mantissa, exponent = 1.0, exponent + 1
    return f"about {mantissa}·10{str(int(exponent)).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
