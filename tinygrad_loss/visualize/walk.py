"""From a tensor to plain records: the only file of the package that knows the engine's graph.

`walk` reruns the pure backward walk from the output in hand and writes down every gradient and every
contribution. Pictures, steps and explanations read these records, never the `.grad` that some earlier
backward has stored, so they are right at any time: before backward, after it, and after several.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from ..core.backward import Parts, pull_back, starting_gradient
from ..core.hooks import Observer
from ..core.node import Node
from ..core.tensor import Tensor
from ..errors import ArgumentError, GraphError, NoRuleError, StaleViewError
from ..modes import BACKWARD, no_grad
from ..ops.activations import logits_of

__all__ = ["EdgeRecord", "Graph", "NodeRecord", "walk"]


@dataclass(slots=True, eq=False)
class EdgeRecord:
    """One use of a value by an op, and what flows back along it."""

    source: str  # the id of the value
    target: str  # the id of the op that uses it
    index: int  # as which input
    argument: str  # the input's name in the op's signature
    upstream: Any = None  # the gradient at the target
    contribution: Any = None  # what the rule made of it: this edge's part of the source's gradient


@dataclass(slots=True, eq=False)
class NodeRecord:
    """One value of the graph: a leaf, a constant, or what an op made."""

    id: str  # "n0", "n1", ... in the order of the walk: inputs before the node that uses them
    kind: str  # "leaf", "constant", "op", or "bypassed" for an op that the output did without
    op: Any  # the Op; None for leaves and constants
    name: str | None
    value: Any  # an array, or a tuple of arrays where the op has several results
    scope: tuple[str, ...] = ()  # the layers that were being called, outermost first
    attributes: dict[str, Any] = field(default_factory=dict)
    gradient: Any = None  # of the output with respect to this value; None where none flows
    stored: Any = None  # what `.grad` holds, where that is something else
    line: str | None = None  # where the user's code made it, if lines are recorded
    held: int = 0  # bytes kept alive by this node and by none before it
    made: int = 0  # the nodes in the order of their making: calls of a layer follow each other in it
    inputs: list[EdgeRecord] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)  # what else there is to say, by label

    @property
    def title(self) -> str:
        """What the node is: the op's name, or the kind of thing."""
        return self.op.name if self.op is not None else self.kind

    def text(self, which: str) -> str:
        """The op's own words: its "formula", "derivative", "kink" or "domain"."""
        if which == "formula" and self.title == "item":
            return f"y = result number {self.attributes['index']}"
        return self.op.info.get(which, "") if self.op is not None else ""


@dataclass(slots=True, eq=False)
class Graph:
    """Everything that leads to one output. Records name each other by id, so they pickle and copy flat."""

    nodes: dict[str, NodeRecord]  # by id, inputs first
    output: str
    backward: list[str]  # the nodes in the order in which backward passed them
    note: str = ""  # how the walk was started, where that needs saying
    places: dict[int, str] = field(default_factory=dict)  # ids of records by the `id` of nodes and arrays

    @property
    def edges(self) -> Iterator[EdgeRecord]:
        """Every edge, by target and input."""
        return (edge for node in self.nodes.values() for edge in node.inputs)

    def users(self) -> dict[str, list[EdgeRecord]]:
        """The edges that leave each node, by its id: those of the ops that use its value."""
        found: dict[str, list[EdgeRecord]] = {identity: [] for identity in self.nodes}
        for edge in self.edges:
            found[edge.source].append(edge)
        return found

    def find(self, wanted: Any, asked: str) -> str:
        """The id of the record that a tensor, an array, a name or an id stands for; `asked` is the argument's name."""
        if isinstance(wanted, (Tensor, np.ndarray)):
            held = getattr(wanted, "node", None) or getattr(wanted, "_value", wanted)
            if id(held) in self.places:
                return self.places[id(held)]
        elif isinstance(wanted, str):
            if wanted in self.nodes:
                return wanted
            for record in self.nodes.values():
                if record.name == wanted:
                    return record.id
        kind = "a tensor" if isinstance(wanted, Tensor) else "an array"
        shown = f"{kind} that is not in this graph" if isinstance(wanted, (Tensor, np.ndarray)) else repr(wanted)
        known = [record.name for record in self.nodes.values() if record.name][:8]
        raise ArgumentError(
            f"{asked}= got {shown}.",
            "It needs a tensor of this graph, its name, or a node's id such as 'n3'.",
            f"Names in this graph: {', '.join(known)}." if known else "Give tensors names with name= or names=.",
        )

    def local(self, edge: EdgeRecord) -> Any:
        """The derivative of each element along an edge: what the rule makes of an upstream of ones.

        None where the op's derivative is a matrix, not a factor for each element.
        """
        target = self.nodes[edge.target]
        if edge.contribution is None or isinstance(target.value, tuple) or target.op.name == "item":
            return None
        upstream, flowing = np.shape(edge.upstream), np.shape(edge.contribution)
        single = np.size(edge.upstream) == 1 == np.size(edge.contribution)
        if not single and (target.op.kind != "elementwise" or upstream != flowing):
            return None
        return self.rule_applied(edge, np.ones_like(edge.upstream)[()])

    def rule_applied(self, edge: EdgeRecord, upstream: Any) -> Any:
        """What the rule of an edge makes of another upstream gradient."""
        target = self.nodes[edge.target]
        values = [self.nodes[each.source].value for each in target.inputs]
        rule = target.op.rules_for(len(values))[edge.index]
        with no_grad(), np.errstate(all="ignore"):
            return rule(upstream, target.value, *values, **target.attributes)


class _Diary(Observer):
    """Writes down what the backward walk does."""

    def __init__(self) -> None:
        self.gradients: dict[Node, Any] = {}
        self.contributions: dict[tuple[Node, int], tuple[Any, Any]] = {}

    def on_gradient(self, node: Node, gradient: Any) -> None:
        self.gradients[node] = gradient

    def on_contribution(self, node: Node, index: int, gradient: Any, contribution: Any) -> None:
        self.contributions[node, index] = gradient, contribution


def walk(
    tensor: Tensor,
    gradient: Any = None,
    names: Mapping[str, Any] | None = None,
    variables: Iterable[tuple[str, Any]] = (),
) -> Graph:
    """The records of all that `tensor` was computed from.

    `gradient` is the upstream gradient at the tensor, ones by default. A value is called what `names`
    calls it, else by its tensor's own name, else by the first of `variables` that holds it. Hooks run
    again, as they take part in the gradients.
    """
    root, note = _root(tensor), ""
    if gradient is None and tensor.size != 1:
        gradient, note = np.ones(tensor.shape), f"started from ones at all {tensor.size} elements of the output"
    diary = _Diary()
    try:
        order = inputs_first(root)
        pull_back([root], [starting_gradient(tensor, gradient)], observer=diary)
    except GraphError as error:
        if isinstance(error, NoRuleError):
            raise
        raise _freed() from error
    variables = list(variables)
    scribe = _Scribe(names_by_id((names or {}).items()), names_by_id(variables), diary)
    records = scribe.write(order)
    _add_bypassed(records, scribe, variables)
    _place_in_layers(records, scribe)
    places = {key if isinstance(key, int) else id(key): record.id for key, record in records.items()}
    backward = [records[each].id for each in diary.gradients]
    return Graph({record.id: record for record in records.values()}, records[root].id, backward, note, places)


def _root(tensor: Tensor) -> Node:
    if not isinstance(tensor, Tensor) or tensor.node is None:
        raise GraphError(
            f"There is no graph behind this {type(tensor).__name__}.",
            "A graph is recorded where a tensor is computed from a leaf with requires_grad=True.",
            "Make the leaf with tg.tensor(..., requires_grad=True), and look for a no_grad block or .detach().",
        )
    return tensor.node


def _freed() -> GraphError:
    return GraphError(
        "This graph was freed, so there is nothing left to show.",
        "backward(retain_graph=False), fit and the transforms free each node as they pass it.",
        "Draw before that backward, call it with retain_graph=True, or compute the tensor again.",
    )


def inputs_first(root: Node) -> list[Any]:
    """Nodes, and (key, value) of constants, that lead to `root`: each before its users, by argument.

    The order depends on the shape of the graph alone, not on when leaves were made or assigned, so the
    numbers in a picture stay the same from run to run. A work list instead of recursion.
    """
    order: list[Any] = []
    seen: set[Any] = set()
    stack: list[tuple[Node, int]] = [(root, 0)]
    while stack:
        node, position = stack.pop()
        if position == 0:
            if node in seen:
                continue
            seen.add(node)
        edges = node.inputs
        if edges is None:
            raise _freed()
        while position < len(edges):
            edge = edges[position]
            position += 1
            if type(edge) is Node:
                if edge not in seen:
                    stack += [(node, position), (edge, 0)]
                    break
            elif (key := constant_key(node, position - 1)) not in seen:
                seen.add(key)
                order.append((key, edge))
        else:
            order.append(node)
    return order


def constant_key(node: Node, index: int) -> Any:
    """What tells constants apart: an array is itself wherever it is used, a number is one for each use."""
    value = node.inputs[index]
    return id(value) if isinstance(value, (np.ndarray, np.generic)) else (node, index)


def names_by_id(pairs: Iterable[tuple[str, Any]]) -> dict[int, str]:
    """The first name of each node, and of each array without one, by the object's `id`."""
    found: dict[int, str] = {}
    for name, value in pairs:
        if isinstance(value, Tensor):
            try:
                found.setdefault(id(value._value if value.node is None else value.node), name)
            except StaleViewError:
                continue  # it has no value any more
        elif isinstance(value, np.ndarray):
            found.setdefault(id(value), name)
    return found


def argument_names(op: Any, count: int) -> list[str]:
    """What an op's signature calls its first `count` inputs: "a", "b", or "arrays[0]", "arrays[1]"."""
    if not hasattr(op, "parameters"):  # a recomputed segment is no function of the registry, and not to be kept
        return [f"x[{index}]" for index in range(count)]
    return _names_in_signature(op, count)


@cache
def _names_in_signature(op: Any, count: int) -> list[str]:
    names: list[str] = []
    for parameter in op.parameters.signature.parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            return names + [f"{parameter.name}[{index}]" for index in range(count - len(names))]
        names.append(parameter.name)
    return names[:count]


class _Scribe:
    """Writes the records of nodes in an order in which inputs come first."""

    def __init__(self, names: dict[int, str], variables: dict[int, str], diary: _Diary) -> None:
        self.names = names
        self.variables = variables
        self.diary = diary
        self.records: dict[Any, NodeRecord] = {}
        self.buffers: set[int] = set()  # arrays whose memory is counted already

    def write(self, order: list[Any]) -> dict[Any, NodeRecord]:
        """The records, by node or by the key of a constant."""
        for number, item in enumerate(order):
            if type(item) is Node:
                self.records[item] = self._node(f"n{number}", item)
            else:
                key, value = item
                name = self.names.get(id(value)) or self.variables.get(id(value))
                self.records[key] = NodeRecord(f"n{number}", "constant", None, name, value, held=self.held(value))
        return self.records

    def _node(self, identity: str, node: Node) -> NodeRecord:
        extra = node.extra
        record = NodeRecord(
            identity,
            "leaf" if node.op is None else "op",
            node.op,
            self.names.get(id(node)) or node.name or self.variables.get(id(node)),
            node.value,
            node.scope,
            node.attributes,
            self.diary.gradients.get(node),
            line=extra.line if extra else None,
            held=self.held(node.value),
            made=node.birth,
        )
        owner: Any = extra.owner() if extra and extra.owner else None
        if owner is not None and owner.grad is not None and _differs(owner.grad._value, record.gradient):
            record.stored = owner.grad._value
        for index, edge in enumerate(node.inputs):
            source = self.records[edge if type(edge) is Node else constant_key(node, index)].id
            record.inputs.append(self._edge(source, identity, node, index))
        return record

    def _edge(self, source: str, target: str, node: Node, index: int) -> EdgeRecord:
        argument = argument_names(node.op, len(node.inputs))[index]
        upstream, contribution = self.diary.contributions.get((node, index), (None, None))
        if type(contribution) is Parts:  # one part of a value with several
            contribution = next(iter(contribution.values()))
        return EdgeRecord(source, target, index, argument, upstream, contribution)

    def held(self, value: Any) -> int:
        """The bytes of a value's memory, unless an earlier node holds the same memory (a view does)."""
        total = 0
        for part in value if isinstance(value, tuple) else (value,):
            root = part
            while isinstance(getattr(root, "base", None), np.ndarray):
                root = root.base
            if id(root) not in self.buffers:
                self.buffers.add(id(root))
                total += getattr(root, "nbytes", 0)
        return total


def _differs(stored: Any, gradient: Any) -> bool:
    """Whether `.grad` holds something else than this output's gradient (rounding apart)."""
    if gradient is None:
        return bool(np.any(stored != 0))
    tolerance = 1e-5 if stored.dtype.itemsize < 8 else 1e-9
    return not np.allclose(stored, gradient, rtol=tolerance, atol=0.0, equal_nan=True)


def _add_bypassed(records: dict[Any, NodeRecord], scribe: _Scribe, variables: list[tuple[str, Any]]) -> None:
    """A softmax or sigmoid whose logits the loss used instead: a record beside the graph, with its reason."""
    for name, tensor in variables:
        origin = getattr(tensor, "_origin", None) if isinstance(tensor, Tensor) else None
        logits = None if origin is None else logits_of(tensor, origin.function, origin.axis)
        before = None if logits is None else logits.node
        if before not in records or tensor.node is None or tensor.node in records:
            continue
        node, source = tensor.node, records[before].id
        record = NodeRecord(f"n{len(records)}", "bypassed", node.op, name, node.value, node.scope, node.attributes)
        record.made = node.birth
        record.inputs.append(EdgeRecord(source, record.id, 0, argument_names(node.op, 1)[0]))
        records[node] = record


def _place_in_layers(records: dict[Any, NodeRecord], scribe: _Scribe) -> None:
    """Put a layer's parameters and constants inside it, unless the user's code names them.

    That is where all layers are that use them; penalties outside every layer do not count, nor does a recorded
    backward pass for what the forward pass uses too.
    """
    used = [(edge.source, record.scope) for record in records.values() for edge in record.inputs]
    forward = {source for source, scope in used if BACKWARD not in scope}
    users: dict[str, tuple[str, ...]] = {}
    for source, scope in used:
        if scope and (source not in forward or BACKWARD not in scope):
            users[source] = _shared(users.get(source, scope), scope)
    for key, record in records.items():
        handed_in = id(key) in scribe.variables or key in scribe.variables
        if record.op is None and not handed_in:
            scope = users.get(record.id, ())
            record.scope = () if record.kind == "leaf" and set(scope) == {BACKWARD} else scope


def _shared(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    """The layers that both scopes are in."""
    length = min(len(a), len(b))
    return next((a[:depth] for depth in range(length) if a[depth] != b[depth]), a[:length])
