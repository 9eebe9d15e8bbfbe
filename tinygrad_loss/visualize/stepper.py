"""Backward, one step at a time: each node with what it was given, what it passed on and what that added up to."""

from __future__ import annotations

import html
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np

from ..core.tensor import Tensor
from .columns import shortened, table
from .formulas import derivative_of
from .lines import shown_line
from .names import values_in_frame
from .walk import EdgeRecord, Graph, NodeRecord, walk
from .wording import describe, in_one_line, norm, number, shape_text

__all__ = ["Flow", "Step", "Trace", "trace_backward"]

SHOWN = 40  # a longer trace is printed with its middle left out
ROOM = 26  # cells for one array in a table
STEP_LINE = 100  # cells for the first line of a step


@dataclass(slots=True, eq=False)
class Flow:
    """What one step does to one of its inputs."""

    graph: Graph
    edge: EdgeRecord
    before: Any  # the source's gradient so far; None where nothing has reached it yet
    after: Any

    @property
    def source(self) -> NodeRecord:
        """The input that the contribution goes to."""
        return self.graph.nodes[self.edge.source]

    @property
    def argument(self) -> str:
        """The input's name in the op's signature."""
        return self.edge.argument

    @property
    def local(self) -> Any:
        """The derivative of each element; None where it is a matrix."""
        return factor(self.graph, self.edge)

    @property
    def contribution(self) -> Any:
        """What the rule made of the upstream gradient."""
        return self.edge.contribution


@dataclass(slots=True, eq=False)
class Step:
    """One step of backward: a node whose gradient is complete passes it on to its inputs.

    `local`, `contributions`, `before` and `after` are dicts by the names of the op's arguments; an
    input without a gradient is left out.
    """

    number: int  # from 1
    node: NodeRecord
    upstream: Any  # the gradient at the node
    flows: list[Flow]

    @property
    def local(self) -> dict[str, Any]:
        """For each input the derivative of each element; None where the derivative is a matrix."""
        return {flow.argument: flow.local for flow in self.flows}

    @property
    def contributions(self) -> dict[str, Any]:
        """For each input what the rule made of the upstream gradient."""
        return {flow.argument: flow.contribution for flow in self.flows}

    @property
    def before(self) -> dict[str, Any]:
        """For each input its gradient before this contribution; None where nothing had reached it."""
        return {flow.argument: flow.before for flow in self.flows}

    @property
    def after(self) -> dict[str, Any]:
        """For each input its gradient after this contribution."""
        return {flow.argument: flow.after for flow in self.flows}

    def __str__(self) -> str:
        node = self.node
        head = f"Step {self.number}: {label(node)}" + (f" = {node.title}" if node.name else "")
        facts = [head, node.text("formula"), f"in {'/'.join(node.scope)}" if node.scope else ""]
        lines = [shortened("   ".join(filter(None, facts)), STEP_LINE)]
        if node.line:
            lines.append(f"  {shown_line(node.line)}")
        lines.append(f"  upstream ∂L/∂y = {brief(self.upstream, 2 * ROOM)}")
        rows = [["input", "as", "derivative", "local", "contribution", "before → after"]]
        arguments = [edge.argument for edge in node.inputs]
        for flow in self.flows:
            text = derivative_of(node.text("derivative"), flow.argument, arguments)
            local = flow.local
            added = f"{'0' if flow.before is None else brief(flow.before)} → {brief(flow.after)}"
            factors = "a matrix" if local is None else brief(local)
            row = [label(flow.source), flow.argument, text, factors, brief(flow.contribution), added]
            rows.append([shortened(cell, 2 * ROOM) for cell in row])
        return "\n".join(lines + table(rows, "  "))

    __repr__ = __str__


class Trace:
    """The steps of one backward pass, in order: to loop over, to index and slice, and to print."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._nodes = [identity for identity in graph.backward if graph.nodes[identity].op is not None]

    def __len__(self) -> int:
        return len(self._nodes)

    def __iter__(self) -> Iterator[Step]:
        graph = self.graph
        gradients: dict[tuple[str, Any], Any] = {}
        for count, identity in enumerate(self._nodes, start=1):
            node, flows = graph.nodes[identity], []
            part = node.attributes.get("index") if node.title == "item" else None
            for edge in node.inputs:
                if edge.contribution is None:
                    continue
                key = edge.source, part
                before = gradients.get(key)
                after = gradients[key] = edge.contribution if before is None else before + edge.contribution
                flows.append(Flow(graph, edge, before, after))
            yield Step(count, node, node.gradient, flows)

    @overload
    def __getitem__(self, index: int) -> Step: ...

    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...

    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        return self.steps[index]

    @cached_property
    def steps(self) -> list[Step]:
        """All steps as a list."""
        return list(self)

    def __str__(self) -> str:
        """Every step; of a long trace the first and the last, and how many are left out."""
        output, total = self.graph.nodes[self.graph.output], len(self)
        lines = [
            f"Backward from L = {label(output)} in {total} step{'s' * (total != 1)}, "
            f"starting from ∂L/∂L = {brief(output.gradient, 2 * ROOM)}"
        ]
        kept = SHOWN if total <= SHOWN else SHOWN // 2
        for step in self:
            if step.number <= kept or step.number > total - kept:
                lines.append(str(step))
            elif step.number == kept + 1:
                lines.append(f"... {total - 2 * kept:,} steps left out; loop over the trace to see them ...")
        return "\n\n".join([*lines, *self._result()])

    def _result(self) -> Iterator[str]:
        """The leaves with their gradients: what it all comes to."""
        leaves = [record for record in self.graph.nodes.values() if record.kind == "leaf"]
        rows = [["leaf", "gradient", "of shape"]]
        rows += [[label(leaf), brief(leaf.gradient, 2 * ROOM), shape_text(leaf.value)] for leaf in leaves[:SHOWN]]
        if leaves:
            left = [f"... and {len(leaves) - SHOWN:,} more"] if len(leaves) > SHOWN else []
            yield "\n".join(["Result", *table(rows, "  "), *left])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def trace_backward(tensor: Tensor, gradient: Any = None, names: Mapping[str, Any] | None = None) -> Trace:
    """Backward from a tensor, one step at a time; nothing is stored, so it can be had again and again.

    Each step takes one node whose gradient is complete and passes it on: `step.node` (its record: name,
    op, value, line), `step.upstream` (its gradient), and for each input, by the name of the op's argument,
    `step.local` (∂y/∂input), `step.contributions` (upstream times local), and the input's gradient
    `step.before` and `step.after` the contribution was added. Printed, a trace is the whole calculation.

    Args:
        tensor: where backward starts.
        gradient: the gradient to start from; ones by default.
        names: what to call tensors; by default what your variables are called.

    Raises:
        GraphError: without a graph, or where it was freed.

    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> for step in tg.trace_backward(x * x + x):
    ...     print(step.node.title, step.upstream, step.contributions, step.after)
    add 1.0 {'a': np.float64(1.0), 'b': np.float64(1.0)} {'a': np.float64(1.0), 'b': np.float64(1.0)}
    multiply 1.0 {'a': np.float64(3.0), 'b': np.float64(3.0)} {'a': np.float64(4.0), 'b': np.float64(7.0)}
    """
    return Trace(walk(tensor, gradient, names, values_in_frame(sys._getframe(1))))


def factor(graph: Graph, edge: EdgeRecord) -> Any:
    """The derivative of each element along an edge, of a broadcast input before its sum; None for a matrix."""
    local = graph.local(edge)
    if local is None and edge.contribution is not None and graph.nodes[edge.target].op.kind == "elementwise":
        local = np.asarray(graph.rule_applied(edge, np.ones_like(edge.upstream)))
    return local


def label(record: NodeRecord) -> str:
    """What a value is called: its name (a weight's with its layer's), a number itself, or its op with its id."""
    if record.name:
        layer = f"{record.scope[-1]}." if record.kind == "leaf" and record.scope else ""
        return shortened(f"{layer}{record.name}", ROOM)
    if record.kind == "constant" and np.size(record.value) == 1:
        return number(np.ravel(record.value)[0])
    return f"{record.title} {record.id}"


def brief(value: Any, room: int = ROOM) -> str:
    """A value on one line: a number, a few elements, or the shape and norm."""
    if value is None:
        return "none"
    lines = describe(value)
    few = in_one_line(lines)
    if isinstance(value, tuple) or np.size(value) > 6 or len(few) > room:
        shapes = " and ".join(str(np.shape(part)) for part in (value if isinstance(value, tuple) else (value,)))
        return f"{shapes} norm {number(norm(value))}"
    return few
