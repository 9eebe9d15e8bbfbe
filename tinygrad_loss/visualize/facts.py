"""What the explorer page knows of a graph, as data for JSON: every value, gradient, contribution and step."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from collections.abc import Collection
from typing import Any

from .arrays import Keep, layouts
from .formulas import derivative_of
from .lines import shown_line
from .stepper import Trace, factor
from .walk import EdgeRecord, Graph, NodeRecord
from .wording import memory

__all__ = ["block_of", "facts_of"]


def facts_of(graph: Graph, shown: Collection[str]) -> dict[str, Any]:
    """Nodes, edges and steps of the part shown, by the ids of the walk."""
    inside = set(shown)
    records = [record for record in graph.nodes.values() if record.id in inside]
    keep = Keep([record.value for record in records], layouts(graph))
    edges = [edge for edge in graph.edges if {edge.source, edge.target} <= inside]
    flowing = [edge for edge in graph.edges if edge.source in inside and edge.contribution is not None]
    uses = Counter(edge.source for edge in flowing)
    nodes = {record.id: _node(record, keep) for record in records}
    for edge in edges:
        nodes[edge.target]["inputs"].append(edge_id(edge))
    for source, count in Counter(edge.source for edge in flowing if edge.target not in inside).items():
        nodes[source]["hidden"] = count
    ops = {record.title: record.op for record in records if record.op is not None}
    made = sorted((record for record in records if record.kind == "op"), key=lambda each: each.made)
    return {
        "output": graph.output,
        "note": graph.note,
        "nodes": nodes,
        "edges": {edge_id(edge): _edge(graph, edge, keep, uses[edge.source]) for edge in edges},
        "ops": {name: _about(op) for name, op in ops.items()},
        "forward": [record.id for record in made],
        "backward": _contributions(graph, keep, uses, inside),
    }


def edge_id(edge: EdgeRecord) -> str:
    """An edge's name: from which node, to which, as which input."""
    return f"e{edge.source[1:]}_{edge.target[1:]}_{edge.index}"


def _node(record: NodeRecord, keep: Keep) -> dict[str, Any]:
    found = {
        "kind": record.kind,
        "title": record.title,
        "name": record.name,
        "scope": list(record.scope),
        "line": shown_line(record.line),
        "memory": memory(record.held),
        "attributes": {name: repr(value)[:80] for name, value in record.attributes.items()},
        "facts": record.facts,
        "inputs": [],
        "value": keep.value(record.value, record.id),
        "gradient": keep.value(record.gradient, record.id),
    }
    if record.stored is not None:
        found["stored"] = keep.value(record.stored, record.id)
    return found


def _edge(graph: Graph, edge: EdgeRecord, keep: Keep, uses: int) -> dict[str, Any]:
    target = graph.nodes[edge.target]
    found: dict[str, Any] = {
        "source": edge.source,
        "target": edge.target,
        "index": edge.index,
        "argument": edge.argument,
    }
    if edge.contribution is not None:
        arguments = [each.argument for each in target.inputs]
        found["derivative"] = derivative_of(target.text("derivative"), edge.argument, arguments)
        found["local"] = keep.value(factor(graph, edge), edge.target)
        if uses > 1 or isinstance(graph.nodes[edge.source].value, tuple):
            found["contribution"] = keep.value(edge.contribution, edge.source)
        # the only contribution is the gradient itself, and is not written twice
    return found


def _contributions(graph: Graph, keep: Keep, uses: Counter[str], inside: set[str]) -> list[dict[str, Any]]:
    """The backward steps: which edge passes its contribution on, and what the gradient is then, if not complete."""
    found: list[dict[str, Any]] = []
    arrived: Counter[str] = Counter()
    for step in Trace(graph):
        for flow in step.flows:
            source = flow.edge.source
            arrived[source] += 1
            if source in inside and flow.edge.target in inside:
                one: dict[str, Any] = {"edge": edge_id(flow.edge)}
                if arrived[source] < uses[source]:
                    one["after"] = keep.value(flow.after, source)
                found.append(one)
    return found


def _about(op: Any) -> dict[str, str]:
    """An op's own words, and the block that declares it."""
    texts = {name: str(op.info.get(name, "")) for name in ("formula", "derivative", "kink", "domain")}
    return {name: text for name, text in texts.items() if text} | {"kind": op.kind, "source": block_of(op)}


def block_of(op: Any) -> str:
    """The op's declaration as it stands in the library, without its docstring and what is only for tests."""
    try:
        lines = inspect.getsource(op.kernel).splitlines()
        tree = ast.parse("\n".join(lines))
    except (OSError, TypeError, SyntaxError):
        return ""
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        return "\n".join(lines)
    hidden: list[ast.AST] = []
    for decorator in definition.decorator_list:
        if isinstance(decorator, ast.Call):
            hidden += [each.value for each in decorator.keywords if each.arg in ("samples", "reference")]
    if ast.get_docstring(definition) is not None and len(definition.body) > 1:
        hidden.append(definition.body[0])
    left_out = {line for each in hidden for line in range(each.lineno, (each.end_lineno or each.lineno) + 1)}  # type: ignore[attr-defined]
    return "\n".join(line for number, line in enumerate(lines, 1) if number not in left_out)
