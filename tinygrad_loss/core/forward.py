"""Forward mode: tangents pushed along the recorded nodes, from inputs to outputs.

The function is recorded first and pushed through afterwards, so both modes read the same nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from ..modes import enable_grad, no_grad
from .backward import pull_back
from .node import Node, leading_to, newest_first
from .primitive import Op, results
from .registry import functions
from .tensor import Tensor


def push_forward(
    outputs: Sequence[Node], inputs: Sequence[Node], tangents: Sequence[Any], *, record: bool = False
) -> list[Any]:
    """The tangents of `outputs` when `inputs` move along `tangents`; None where nothing moves.

    With `record`, tangents are Tensors and the results have graphs of their own.
    """
    order = newest_first(outputs)
    moving = leading_to(set(inputs), order)
    found: dict[Node, Any] = dict(zip(inputs, tangents, strict=True))
    with np.errstate(all="ignore"), nullcontext() if record else no_grad():
        for node in reversed(order):
            if node in found or node not in moving or node.op is None:
                continue
            ts = [found.get(edge) if type(edge) is Node else None for edge in node.inputs]
            given = results if record else _plain
            values = [given(edge) for edge in node.inputs]
            found[node] = _push(node.op, given(node), values, ts, node.attributes)
    return [found.get(node) for node in outputs]


def _plain(edge: Any) -> Any:
    return edge.value if type(edge) is Node else edge


def _push(op: Op, y: Any, values: list[Any], ts: list[Any], attributes: dict[str, Any]) -> Any:
    """The tangent of one op's value, by the kind of map it is."""
    if op.name == "item":
        return ts[0][attributes["index"]]
    if op.kind == "linear":
        moved = [_tangent(*each) for each in zip(ts, values, op.rules_for(len(ts)), strict=True)]
        return op.call(*moved, **attributes)
    if op.kind == "bilinear":
        pairs = zip(ts, ((ts[0], values[1]), (values[0], ts[1])), strict=True)
        return reduce(add, [op.call(*pair, **attributes) for t, pair in pairs if t is not None])
    if op.kind == "primitive" and op.pushes is None:
        return _vjp_twice(op, y, values, ts, attributes)
    pushes = op.rules if op.pushes is None else op.pushes
    parts = [push(t, y, *values, **attributes) for t, push in zip(ts, pushes, strict=True) if t is not None and push]
    total = reduce(add, parts) if parts else np.zeros_like(y)
    if op.kind == "elementwise" and total.shape != y.shape:
        total = functions["broadcast_to"](total, shape=y.shape)
    return total if total.dtype == y.dtype else functions["astype"](total, dtype=y.dtype)


def _tangent(t: Any, x: Any, rule: Any) -> Any:
    """What a linear op is applied to: the tangent; zeros where x stands still; x itself where it is no operand."""
    if t is not None:
        return t
    value = np.asarray(x._value if isinstance(x, Tensor) else x)
    return x if rule is None or value.dtype.kind not in "fc" else np.zeros_like(value)


def _vjp_twice(op: Op, y: Any, values: list[Any], ts: list[Any], attributes: dict[str, Any]) -> Any:
    """The vjp is linear in its gradient u, with matrix J^T; so its own vjp, at t, is J t."""
    many = isinstance(y, tuple)
    us = [Tensor(np.zeros(part.shape, part.dtype), requires_grad=True) for part in (y if many else (y,))]
    outputs, cotangents = [], []
    with enable_grad():
        for t, rule in zip(ts, op.rules_for(len(ts)), strict=True):
            c = rule(tuple(us) if many else us[0], y, *values, **attributes) if t is not None and rule else None
            if isinstance(c, Tensor) and c.node is not None:
                outputs.append(c.node)
                cotangents.append(t)
    record = any(isinstance(t, Tensor) for t in ts)
    found = pull_back(outputs, cotangents, [u.node for u in us if u.node], record=record) if outputs else {}
    tangents = [found[u.node] if u.node in found else np.zeros(u.shape, u.dtype) for u in us]
    return tuple(tangents) if many else tangents[0]
