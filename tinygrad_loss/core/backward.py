"""Reverse mode: gradients pulled back along the recorded nodes, from outputs to leaves.

`pull_back` is the whole of it and changes nothing; `.backward()` is pull_back plus storing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from .. import errors
from ..modes import backward_scopes, no_grad, tracer, watcher
from .array_methods import hooked
from .hooks import Observer
from .node import Node, leading_to, newest_first
from .primitive import results
from .registry import functions, ops
from .tensor import Tensor, wrap


def pull_back(
    outputs: Sequence[Node],
    cotangents: Sequence[Any],
    inputs: Sequence[Node] | None = None,
    *,
    record: bool = False,
    release: bool = False,
    observer: Observer | None = None,
) -> dict[Node, Any]:
    """Gradients of sum(outputs * cotangents) by node, for `inputs` or else every leaf; stored nowhere.

    With `record` the rules run on Tensors, so that the gradients have graphs of their own; `release`
    frees each node once the walk has passed it; `observer` is told of every gradient and
    contribution. A node that no path reaches is missing from the result.
    """
    order, observer = newest_first(outputs), observer or watcher()
    wanted = set(inputs or ())
    needed = None if inputs is None else leading_to(wanted, order)
    gradients: dict[Node, Any] = {}
    owned: set[Node] = set()  # nodes whose gradient array this walk made, and may add into
    found: dict[Node, Any] = {}

    def complete(node: Node, g: Any) -> Any:
        """What happens to a node's gradient once nothing can be added to it."""
        for hook in tuple(node.extra.hooks.values()) if node.extra and node.extra.hooks else ():
            g = hooked(hook, g)
        if node in wanted or (needed is None and node.extra and node.extra.owner):
            found[node] = g
        if observer is not None:
            observer.on_gradient(node, g)
        return g

    for node, cotangent in zip(outputs, cotangents, strict=True):
        _add(gradients, owned, node, cotangent)
    # Rules may meet 0 * inf on the way to a right answer: detect_anomaly explains, warnings would not.
    with np.errstate(all="ignore"), backward_scopes() if record else no_grad() as enter:
        for node in order:
            g = gradients.pop(node, None)
            if g is None:
                continue
            op, edges, y, attributes = node.op, node.inputs, node.value, node.attributes
            if type(y) is tuple:
                g = g.filled(y)
            if node.extra is not None or wanted or observer is not None:
                g = complete(node, g)
            if enter:
                enter(node.scope)
                y, values = results(node), [results(edge) for edge in edges]
            else:
                values = []
                for edge in edges:  # a loop: in Python 3.11 a comprehension is a call of its own
                    values.append(edge.value if type(edge) is Node else edge)
            for index, rule in enumerate(op.rules_for(len(edges)) if op.variadic else op.rules):
                parent = edges[index]
                if type(parent) is not Node or rule is None or (needed is not None and parent not in needed):
                    continue
                c = rule(g, y, *values, **attributes) if attributes else rule(g, y, *values)
                x, kind = values[index], type(c)
                if kind is not type(x) or (kind in _ARRAYS and (c.shape != x.shape or c.dtype is not x.dtype)):
                    c = _fitted(c, parent.value, node, index, record)
                if observer is not None:
                    observer.on_contribution(node, index, g, c)
                if parent in gradients:
                    _add(gradients, owned, parent, c)
                else:
                    gradients[parent] = c
            if release:
                node.inputs = node.value = None
        for leaf, g in gradients.items():  # what is left is at the leaves
            extra = leaf.extra
            if needed is None and observer is None and extra and extra.owner and not extra.hooks:
                found[leaf] = g
            else:
                complete(leaf, g)
    return found


def _add(gradients: dict[Node, Any], owned: set[Node], node: Node, c: Any) -> None:
    """Add a contribution: the first is kept by reference, the second added aside, later ones in place."""
    old = gradients.get(node)
    if old is None:
        gradients[node] = c
    elif node in owned and type(c) is np.ndarray:
        np.add(old, c, out=old)
    else:
        gradients[node] = total = old + c
        (owned.add if type(total) is np.ndarray else owned.discard)(node)


class Parts(dict[int, Any]):
    """The gradient of a node with several results, as far as it is known: by index of the result."""

    def __add__(self, other: Parts) -> Parts:
        return Parts({**self, **{index: self[index] + g if index in self else g for index, g in other.items()}})

    def filled(self, y: tuple[Any, ...]) -> tuple[Any, ...]:
        """A gradient for every result: zeros where nothing used it."""
        return tuple(self[index] if index in self else np.zeros_like(part) for index, part in enumerate(y))


def _fitted(c: Any, x: Any, node: Node, index: int, record: bool) -> Any:
    """A rule's result brought to the shape and dtype of its input `x`, or the rule's error."""
    if type(c) is Parts:
        return c
    c = (c if record else c._value) if isinstance(c, Tensor) else np.asarray(c)
    if c.dtype.kind not in "biufc":
        raise errors.rule_nothing(node.op.name, index, c[()])
    if c.shape != x.shape:
        if node.op.kind != "elementwise" or c.shape != np.shape(node.value):
            raise errors.rule_shape(node.op.name, index, c.shape, x.shape)
        sum_to = ops["sum_to"]  # undoes the broadcast
        c = sum_to.kernel(c, x.shape) if type(c) is np.ndarray else sum_to.call(c, shape=x.shape)
    if c.dtype != x.dtype:
        if c.dtype.kind == "c":
            raise errors.rule_complex(node.op.name, index, x.dtype)
        c = functions["astype"](c, dtype=x.dtype)
    return c[()] if type(c) is np.ndarray else c


def starting_gradient(tensor: Tensor, gradient: Any = None, record: bool = False) -> Any:
    """The upstream gradient at the output: ones for a single number, else what the caller gives, checked."""
    if tensor.node is None:
        raise errors.no_graph()
    if gradient is None:
        if tensor.size != 1:
            raise errors.not_a_scalar(tensor.shape)
        gradient = wrap(np.ones(tensor.shape, tensor.dtype)[()], None)
    gradient = gradient if isinstance(gradient, Tensor) else Tensor(gradient)
    if gradient.shape != tensor.shape:
        raise errors.gradient_shape("gradient=", gradient.shape, tensor.shape)
    if gradient.dtype != tensor.dtype:
        gradient = functions["astype"](gradient, dtype=tensor.dtype)
    return gradient if record else gradient._value


def backward(tensor: Tensor, gradient: Any, retain_graph: bool, create_graph: bool, inputs: Any) -> None:
    """Pull back from `tensor` and add to the `.grad` of the leaves (see `Tensor.backward`)."""
    tracing = tracer()
    record = create_graph or tracing is not None
    seeds = [starting_gradient(tensor, gradient, record)]
    chosen = {t: t.node for t in ([inputs] if isinstance(inputs, Tensor) else inputs or ())}
    if None in chosen.values() or (inputs is not None and not chosen):
        raise errors.no_graph()
    inner = {node: t for t, node in chosen.items() if node.op is not None}  # leaves are known by their owner
    wanted = [*chosen.values()] if inner else None
    with no_grad() if tracing and not create_graph else nullcontext():
        found = pull_back([tensor.node], seeds, wanted, record=record, release=not retain_graph)
    del seeds
    while found:
        leaf, g = found.popitem()
        owner: Any = inner[leaf] if leaf in inner else leaf.extra.owner()  # type: ignore[union-attr]
        if owner is None or (chosen and owner not in chosen):
            continue
        if type(g) is np.ndarray and (g.base is not None or sys.getrefcount(g) > _ALONE):
            g = g.copy()  # something else holds this memory too, and a leaf's gradient is its own
        old = owner._grad if leaf.op is None else None  # leaves add up; others start afresh
        if record:
            g = g if isinstance(g, Tensor) else wrap(g, None)
            owner._grad = g if old is None else old + g
        else:
            owner._grad = wrap(g if old is None else old._value + g, None)


# What getrefcount says of an array that one variable holds, asked of a variable as backward asks.
_ALONE = (lambda array: sys.getrefcount(array))(np.empty(0))  # noqa: PLC3002, PLW0108
_ARRAYS = (np.ndarray, Tensor)
functions["backward"] = backward
