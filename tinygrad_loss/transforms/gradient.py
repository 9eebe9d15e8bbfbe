"""Derivatives of functions: grad, value_and_grad, vjp, jvp and what is made of them.

They take a function and return a function. Arguments may be arrays, Tensors, or nested tuples,
lists and dicts of them. No `.grad` is read or written.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from .. import errors
from ..core.backward import pull_back
from ..core.forward import push_forward
from ..core.node import Node
from ..core.registry import functions
from ..core.tensor import Tensor
from ..modes import LEFT
from .tracing import ArgNums, Trace, trace
from .trees import flatten, matching_leaves

__all__ = ["elementwise_grad", "grad", "jvp", "linearize", "value_and_grad", "vjp"]


LOST = """The value does not depend on what it is differentiated by: its gradient is 0.
  On the way a Tensor was turned into a plain number, which ends the graph: float(x), math.sin(x), np.fromiter(...).
  Use NumPy's functions, which record (np.sin(x)), or tg.stop_gradient(x) where this is meant."""


def value_and_grad(
    function: Callable[..., Any], argnums: ArgNums = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """A function that computes both the value of `function` and its gradient.

    Args:
        function: returns a scalar; with `has_aux` a pair of a scalar and anything else.
        argnums: which positional arguments to differentiate; a tuple gives a tuple of gradients.
        has_aux: the value is then the pair (value, aux).

    Raises:
        GraphError: if the value is not a scalar.
        DTypeError: if the value, or what to differentiate by, is an integer or a truth value.

    >>> tg.value_and_grad(lambda w: (w**2).sum())(np.array([1.0, 3.0]))
    (np.float64(10.0), array([2., 6.]))
    """

    @wraps(function)
    def both(*args: Any, **keywords: Any) -> tuple[Any, Any]:
        left = LEFT.get()
        run = trace(function, args, argnums, keywords, has_aux)
        if len(run.outputs) != 1 or run.outputs[0].size != 1:
            raise errors.not_a_scalar(run.outputs[0].shape if len(run.outputs) == 1 else (len(run.outputs),))
        y = run.outputs[0]
        if y.dtype.kind != "f":
            raise errors.steps_only(y.dtype)
        found = _pull(run, [np.ones(y.shape, y.dtype)])
        if not found and LEFT.get() != left:
            warnings.warn(LOST, stacklevel=2)
        value = run.results()
        return (value, run.aux) if has_aux else value, run.rebuild_inputs(run.gradients(found))

    return both


def grad(function: Callable[..., Any], argnums: ArgNums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that computes the gradient of `function`, which returns a scalar.

    Arrays give arrays, Tensors give Tensors. Where the function uses outer variables that require
    gradients (those of an outer `grad`, or a model's parameters), the result is connected to them,
    so that `grad` nests, to any order. Arguments that the value does not depend on get zeros.

    Args:
        function: returns a scalar; with `has_aux` a pair of a scalar and anything else.
        argnums: which positional arguments to differentiate; a tuple gives a tuple of gradients.
        has_aux: the result is then the pair (gradient, aux).

    Raises:
        GraphError: if the value is not a scalar.

    >>> tg.grad(np.sin)(0.0)
    np.float64(1.0)
    >>> tg.grad(tg.grad(lambda x: x**3))(2.0)
    np.float64(12.0)
    """
    both = value_and_grad(function, argnums, has_aux)

    @wraps(function)
    def gradient(*args: Any, **keywords: Any) -> Any:
        value, gradients = both(*args, **keywords)
        return (gradients, value[1]) if has_aux else gradients

    return gradient


def vjp(function: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of `function` at `primals`, and the map u → (uᵀ J) from cotangents to gradients.

    Returns:
        (outputs, pull) or, with `has_aux`, (outputs, pull, aux); `pull(cotangents)` gives a tuple
        with the gradient of each primal, and may be called any number of times.

    >>> y, pull = tg.vjp(lambda a, b: a * b, np.array([2.0, 3.0]), np.array([5.0, 7.0]))
    >>> pull(np.array([1.0, 10.0]))
    (array([ 5., 70.]), array([ 2., 30.]))
    """
    run = trace(function, primals, tuple(range(len(primals))), {}, has_aux)

    def pull(cotangents: Any) -> tuple[Any, ...]:
        seeds = matching_leaves("The cotangent", cotangents, run.rebuild_outputs(run.outputs))
        own = run.along(seeds)
        return tuple(own.rebuild_inputs(own.gradients(_pull(own, seeds))))

    return (run.results(), pull, run.aux) if has_aux else (run.results(), pull)


def jvp(function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """The value of `function` at `primals`, and how it moves when they move along `tangents`: J t.

    The function is recorded first and the tangents pushed through afterwards; the cost is that of
    the function, whatever the number of outputs.

    Args:
        function: takes the primals, one by one.
        primals: a tuple of the arguments.
        tangents: a tuple of the directions in which they move, built alike.
        has_aux: `function` returns a pair; only its first part is differentiated.

    Returns:
        (outputs, output tangents) or, with `has_aux`, (outputs, output tangents, aux).

    >>> tg.jvp(np.sin, (0.0,), (2.0,))
    (np.float64(0.0), np.float64(2.0))
    """
    primals, tangents = as_arguments("jvp", "primals", primals), as_arguments("jvp", "tangents", tangents)
    run = trace(function, primals, tuple(range(len(primals))), {}, has_aux)
    leaves = matching_leaves("tangents", tangents, primals)
    moved = run.rebuild_outputs(_push(run, leaves))
    return (run.results(), moved, run.aux) if has_aux else (run.results(), moved)


def as_arguments(transform: str, what: str, values: Any) -> tuple[Any, ...]:
    """The values, which must be a tuple (or list) of arguments."""
    if not isinstance(values, (tuple, list)):
        raise errors.ArgumentError(
            f"{transform} got {what} that are no tuple, but {type(values).__name__}.",
            "They are the function's arguments, one by one.",
            f"For a single argument write {transform}(f, (x,), (t,)).",
        )
    return tuple(values)


def linearize(function: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """The value of `function` at `primals`, and its derivative there as a linear map of tangents.

    >>> y, push = tg.linearize(np.sin, 0.0)
    >>> push(2.0), push(3.0)
    (np.float64(2.0), np.float64(3.0))
    """
    run = trace(function, primals, tuple(range(len(primals))), {})

    def push(*tangents: Any) -> Any:
        return run.rebuild_outputs(_push(run, matching_leaves("tangents", tangents, primals)))

    return run.results(), push


def elementwise_grad(function: Callable[..., Any], argnums: ArgNums = 0) -> Callable[..., Any]:
    """The derivative of a function that works on each element by itself: the gradient of its sum.

    Example: `tg.elementwise_grad(np.tanh)(np.linspace(-3, 3, 100))` is the curve of tanh'.

    >>> tg.elementwise_grad(np.square)(np.array([1.0, 2.0, 3.0]))
    array([2., 4., 6.])
    """

    @wraps(function)
    def total(*args: Any, **keywords: Any) -> Any:
        outputs, _ = flatten(function(*args, **keywords))
        return sum((functions["sum"](y) for y in outputs[1:]), functions["sum"](outputs[0]))

    return grad(total, argnums)


def _pull(run: Trace, cotangents: Sequence[Any]) -> dict[Node, Any]:
    """Pull back from every output that has a graph."""
    pairs = [
        (y.node, run.start("The cotangent", u, y))
        for y, u in zip(run.outputs, cotangents, strict=True)
        if y.node is not None
    ]
    return pull_back([node for node, _ in pairs], [u for _, u in pairs], run.inputs, record=run.record)


def _push(run: Trace, tangents: Sequence[Any]) -> list[Any]:
    """Push tangents to every output; zeros where nothing moves."""
    run = run.along(tangents)
    starts = [run.start("The tangent", t, Tensor(node.value)) for node, t in zip(run.inputs, tangents, strict=True)]
    moving = [y.node for y in run.outputs if y.node is not None]
    found = iter(push_forward(moving, run.inputs, starts, record=run.record))
    results = [next(found) if y.node is not None else None for y in run.outputs]
    return [
        run.given(np.zeros(y.shape, y.dtype)[()] if t is None else t) for t, y in zip(results, run.outputs, strict=True)
    ]
