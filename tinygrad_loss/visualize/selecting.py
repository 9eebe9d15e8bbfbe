"""Which part of a graph is drawn: all between two of its values, or all around one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import ArgumentError
from .walk import EdgeRecord, Graph

__all__ = ["hidden_text", "selected"]


def selected(graph: Graph, between: Any = None, around: Any = None, radius: int = 2) -> list[str]:
    """The ids of the nodes asked for, in the order of the walk; all of them if nothing was asked.

    Between two values lie the nodes on any path from the one to the other, with their direct inputs.
    Around a value lies what at most `radius` edges lead to, in either direction.
    """
    if between is not None and around is not None:
        raise ArgumentError(
            "draw got both between= and around=.",
            "Each of them chooses the part of the graph to draw.",
            "Give one of them.",
        )
    if between is not None:
        kept = _between(graph, between)
    elif around is not None:
        kept = _around(graph, _ids(graph, around, "around"), radius)
    else:
        return list(graph.nodes)
    return [identity for identity in graph.nodes if identity in kept]


def _ids(graph: Graph, wanted: Any, asked: str) -> set[str]:
    """The nodes that a tensor, a name or an id stands for; the name of a layer stands for all in it."""
    try:
        return {graph.find(wanted, asked)}
    except ArgumentError:
        inside = {
            record.id
            for record in graph.nodes.values()
            if isinstance(wanted, str) and (wanted in record.scope or _is_path(wanted, record.scope))
        }
        if not inside:
            raise
        return inside


def _is_path(wanted: str, scope: tuple[str, ...]) -> bool:
    """Whether "model/dense" says the layers that a scope begins with."""
    parts = tuple(wanted.split("/"))
    return scope[: len(parts)] == parts


def _between(graph: Graph, between: Any) -> set[str]:
    if not isinstance(between, (tuple, list)) or len(between) != 2:
        raise ArgumentError(
            f"between= got {between!r}.",
            "It needs a pair: where to start and where to end, each a tensor, its name, or a layer's name.",
            "For example  tg.draw(loss, between=(x, loss)).",
        )
    first, last = (_ids(graph, end, "between") for end in between)
    on_the_way = _reached(graph, first) & _leading(graph, last)
    if not on_the_way:
        turned = _reached(graph, last) & _leading(graph, first)
        raise ArgumentError(
            "between= got two values that no path leads from and to.",
            "The second has to be computed from the first.",
            "Swap them: the second comes before the first." if turned else "Choose a value that the second depends on.",
        )
    steps = (graph.nodes[identity] for identity in on_the_way - first)
    return on_the_way | {edge.source for record in steps for edge in record.inputs}


def _reached(graph: Graph, starts: set[str]) -> set[str]:
    """The nodes computed from any of `starts`, and those: in one pass, as inputs come before their users."""
    reached = set(starts)
    for record in graph.nodes.values():
        if any(edge.source in reached for edge in record.inputs):
            reached.add(record.id)
    return reached


def _leading(graph: Graph, ends: set[str]) -> set[str]:
    """The nodes that any of `ends` is computed from, and those."""
    leading = set(ends)
    for record in reversed(graph.nodes.values()):
        if record.id in leading:
            leading.update(edge.source for edge in record.inputs)
    return leading


def _around(graph: Graph, centre: set[str], radius: int) -> set[str]:
    users = graph.users()
    found, edge_of_it = set(centre), set(centre)
    for _ in range(radius):
        near = {edge.source for identity in edge_of_it for edge in graph.nodes[identity].inputs}
        near |= {edge.target for identity in edge_of_it for edge in users[identity]}
        edge_of_it = near - found
        found |= near
    return found


def hidden_text(inputs: Iterable[EdgeRecord], uses: Iterable[EdgeRecord], shown: set[str]) -> str:
    """How many of a node's edges lead out of the part that is drawn: "1 input · 2 uses"."""
    counts = sum(edge.source not in shown for edge in inputs), sum(edge.target not in shown for edge in uses)
    named = zip(counts, ("input", "use"), strict=True)
    return " · ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in named if count)
