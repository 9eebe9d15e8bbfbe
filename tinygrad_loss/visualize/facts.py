"""What the explorer page knows of a graph, as data for JSON: every value, gradient, contribution and step."""

from __future__ import annotations

import ast
import inspect
import math
from collections import Counter
from collections.abc import Collection
from typing import Any

import numpy as np

from .formulas import derivative_of
from .lines import shown_line
from .stepper import Trace, factor
from .walk import EdgeRecord, Graph, NodeRecord
from .wording import memory, norm

__all__ = ["facts_of"]

CELLS = (1024, 256, 64, 16)  # elements kept of one array: as many as leave the page small
ALL_CELLS = 400_000  # elements kept of all arrays together
DIGITS = 6  # significant ones in the elements of arrays; single numbers keep all


def facts_of(graph: Graph, shown: Collection[str]) -> dict[str, Any]:
    """Nodes, edges and steps of the part shown, by the ids of the walk."""
    inside = set(shown)
    records = [record for record in graph.nodes.values() if record.id in inside]
    keep = _Keep(records)
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


class _Keep:
    """Arrays as data, with so many of their elements that the page stays small."""

    def __init__(self, records: list[NodeRecord]) -> None:
        sizes = [np.size(part) for record in records for part in _parts(record.value)]
        self.cells = next((c for c in CELLS if 4 * sum(min(size, c) for size in sizes) <= ALL_CELLS), CELLS[-1])

    def value(self, value: Any) -> Any:
        """An array with its shape, dtype and elements, or a smaller image of it with its statistics."""
        if value is None:
            return None
        if isinstance(value, tuple):
            return {"parts": [self.value(part) for part in value]}
        array = np.asarray(value)
        found: dict[str, Any] = {"shape": list(array.shape), "dtype": str(array.dtype)}
        if array.dtype.kind not in "fiub":
            return found | {"text": str(array)[:200]}
        if array.size == 1:
            return found | {"cells": [_plain(array.ravel()[0])]}
        if array.size <= self.cells:
            found["cells"] = _short(array)
        else:
            image = _pooled(array, math.isqrt(self.cells))
            found["image"] = {"shape": list(image.shape), "cells": _short(image)}
        return found | _statistics(array)


def _parts(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _plain(x: Any) -> Any:
    """A number as JSON has it; NaN and the infinities by name."""
    if isinstance(x, (bool, np.bool_)):
        return bool(x)
    value = float(x)
    if math.isfinite(value):
        return int(x) if np.asarray(x).dtype.kind in "iu" else value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _short(array: Any) -> list[Any]:
    """The elements in a few digits."""
    if array.dtype.kind != "f":
        return [_plain(x) for x in array.ravel()]
    return [float(f"{x:.{DIGITS}g}") if math.isfinite(x) else _plain(x) for x in array.ravel().tolist()]


def _pooled(array: Any, side: int) -> Any:
    """A matrix of at most side x side: from each block the element furthest from zero, as a gradient hides in few."""
    matrix = array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array.reshape(1, -1)
    if matrix.shape[0] == 1:  # a vector: folded into rows
        length = math.isqrt(matrix.size - 1) + 1
        matrix = np.pad(matrix.ravel(), (0, -matrix.size % length)).reshape(-1, length)
    for axis in (0, 1):
        length = matrix.shape[axis]
        if length > side:
            starts = np.linspace(0, length, side, endpoint=False).astype(int)
            magnitude = np.abs(matrix.astype(np.float64)) if matrix.dtype.kind != "b" else matrix
            peaks = np.maximum.reduceat(magnitude, starts, axis=axis)
            lowest = np.minimum.reduceat(matrix, starts, axis=axis)
            highest = np.maximum.reduceat(matrix, starts, axis=axis)
            matrix = np.where(highest == peaks, highest, lowest)
    return matrix


def _statistics(array: Any) -> dict[str, Any]:
    if not array.size or array.dtype.kind == "b":
        return {}
    finite = array[np.isfinite(array)]
    found = {"norm": _plain(norm(array)), "zeros": int(array.size - np.count_nonzero(array))}
    if finite.size:
        found |= {"min": _plain(finite.min()), "max": _plain(finite.max()), "mean": _plain(finite.mean(dtype=float))}
    if finite.size < array.size:
        found["bad"] = int(array.size - finite.size)
    return found


def _node(record: NodeRecord, keep: _Keep) -> dict[str, Any]:
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
        "value": keep.value(record.value),
        "gradient": keep.value(record.gradient),
    }
    if record.stored is not None:
        found["stored"] = keep.value(record.stored)
    return found


def _edge(graph: Graph, edge: EdgeRecord, keep: _Keep, uses: int) -> dict[str, Any]:
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
        found["local"] = keep.value(factor(graph, edge))
        if uses > 1 or isinstance(graph.nodes[edge.source].value, tuple):
            found["contribution"] = keep.value(edge.contribution)
        # the only contribution is the gradient itself, and is not written twice
    return found


def _contributions(graph: Graph, keep: _Keep, uses: Counter[str], inside: set[str]) -> list[dict[str, Any]]:
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
                    one["after"] = keep.value(flow.after)
                found.append(one)
    return found


def _about(op: Any) -> dict[str, str]:
    """An op's own words, and the block that declares it."""
    texts = {name: str(op.info.get(name, "")) for name in ("formula", "derivative", "kink", "domain")}
    return {name: text for name, text in texts.items() if text} | {"kind": op.kind, "source": _block(op)}


def _block(op: Any) -> str:
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
