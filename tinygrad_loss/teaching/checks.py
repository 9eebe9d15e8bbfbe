"""Holding an op against differences on its own samples: what a card says of it was true when the card was made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.primitive import Op
from ..core.tensor import Tensor
from ..errors import TinygradLossError
from ..transforms import gradcheck, gradgradcheck, jvp, vjp

__all__ = ["Check", "check_op", "sample_calls"]


@dataclass(frozen=True)
class Check:
    """Whether an op's derivatives agree with differences, and on how much that was tried."""

    passed: bool | None  # None: there was nothing to try
    text: str


def sample_calls(op: Op) -> list[tuple[list[Any], dict[str, Any]]]:
    """The op's samples as (inputs, attributes).

    >>> from tinygrad_loss.core.registry import ops
    >>> from tinygrad_loss.teaching.checks import sample_calls
    >>> [(x.shape, attributes) for (x,), attributes in sample_calls(ops["broadcast_to"])][:2]
    [((3,), {'shape': (2, 3)}), ((2, 1), {'shape': (2, 3)})]
    """
    calls = []
    for sample in op.info.get("samples", list)():
        attributes = dict(sample[-1]) if isinstance(sample[-1], dict) else {}
        values = list(sample[:-1]) if isinstance(sample[-1], dict) else list(sample)
        count = len(values) if op.variadic else op.parameters.inputs
        attributes.update(zip(op.parameters.names, values[count:], strict=False))
        calls.append((values[:count], attributes))
    return calls


def moving_inputs(op: Op, inputs: list[Any]) -> list[int]:
    """The places of the inputs that a gradient flows to: floating arrays that have a rule."""
    rules = op.rules_for(len(inputs))
    return [i for i, x in enumerate(inputs) if rules[i] and getattr(x, "dtype", np.dtype(int)).kind == "f"]


def floating(result: Any) -> list[Any]:
    """The floating results of a call."""
    several = result if isinstance(result, tuple) else (result,)
    return [y for y in several if np.asarray(getattr(y, "_value", y)).dtype.kind == "f"]


def function_of(op: Op, inputs: list[Any], attributes: dict[str, Any], where: list[int]) -> Callable[..., list[Any]]:
    """The op as a function of the inputs that move, the others held."""

    def function(*moving: Any) -> list[Any]:
        values = list(inputs)
        for i, x in zip(where, moving, strict=True):
            values[i] = x
        return floating(op.call(*values, **attributes))

    return function


def check_op(op: Op) -> Check:
    """Check an op on every one of its samples.

    First and second derivatives are held against differences, forward mode against reverse mode. A constant op
    is held to its word instead: no gradient comes back.

    >>> from tinygrad_loss.core.registry import ops
    >>> from tinygrad_loss.teaching.checks import check_op
    >>> check_op(ops["tanh"]).passed
    True
    """
    calls = sample_calls(op)
    if not calls:
        return Check(None, "not checked: the op has no samples")
    numbers = 0
    for place, (inputs, attributes) in enumerate(calls):
        try:
            numbers += _check_call(op, inputs, attributes)
        except (TinygradLossError, AssertionError) as error:
            return Check(False, f"sample {place}: {error}")
    samples = "1 sample" if len(calls) == 1 else f"{len(calls)} samples"
    if op.kind == "constant":
        return Check(True, f"checked on {samples}: no gradient flows")
    derivatives = "1 derivative" if numbers == 1 else f"{numbers} derivatives"
    return Check(True, f"checked on {samples}: {derivatives} and their own against differences, both modes agree")


def _check_call(op: Op, inputs: list[Any], attributes: dict[str, Any]) -> int:
    """Check one call; returns how many partial derivatives were compared."""
    if op.kind == "constant":
        leaves = [Tensor(x, requires_grad=True) if getattr(x, "dtype", int) == np.float64 else x for x in inputs]
        result = op.call(*leaves, **attributes)
        several = result if isinstance(result, tuple) else (result,)
        assert not any(getattr(y, "requires_grad", False) for y in several), "a gradient flows through a constant op"
        return 0
    where = moving_inputs(op, inputs)
    if not where:
        return 0
    function = function_of(op, inputs, attributes, where)
    points = tuple(np.array(inputs[i]) for i in where)
    random = np.random.default_rng(11)
    tangents = tuple(random.normal(size=x.shape) for x in points)
    _, pushed = jvp(function, points, tangents)
    cotangents = [random.normal(size=np.shape(t)) for t in pushed]
    count = sum(x.size for x in points) * sum(np.size(t) for t in pushed)
    if all(x.size for x in points) and count:  # differences need elements to move and to look at
        gradcheck(function, points, rtol=1e-4, atol=1e-6)
        gradgradcheck(function, points, rtol=1e-3, atol=1e-5)
    _, pull = vjp(function, *points)
    pulled = pull(cotangents)
    forward = sum(float(np.sum(u * np.asarray(t))) for u, t in zip(cotangents, pushed, strict=True))
    reverse = sum(float(np.sum(t * np.asarray(g))) for t, g in zip(tangents, _several(pulled), strict=True))
    assert np.isclose(forward, reverse, rtol=1e-8, atol=1e-9), f"u·(J t) = {forward:.6g}, but (Jᵀ u)·t = {reverse:.6g}"
    return count


def _several(result: Any) -> Any:
    return result if isinstance(result, (tuple, list)) else (result,)
