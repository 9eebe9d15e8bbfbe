"""Whole matrices of derivatives: Jacobians, Hessians, and Hessian-vector products without the matrix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from ..core.registry import functions
from ..core.tensor import Tensor
from ..errors import ArgumentError
from ..modes import tracer
from .gradient import _pull, _push, as_arguments, grad, jvp
from .tracing import ArgNums, Trace, trace

__all__ = ["hessian", "hvp", "jacobian"]


def jacobian(
    function: Callable[..., Any], argnums: ArgNums = 0, mode: str = "auto", has_aux: bool = False
) -> Callable[..., Any]:
    """A function that computes every partial derivative of `function`: ∂y[i]/∂x[j].

    In a program (`tg.jit`) all rows or columns come from one pass, and entries that cannot differ from
    zero are not computed: they are 0 also where other values are not finite, and 0 times them is NaN.

    Shapes: y.shape + x.shape; for several outputs or arguments, nested as they are, outputs outside.

    Args:
        function: any function of arrays.
        argnums: which positional arguments to differentiate.
        mode: "reverse" takes one pass for each output element, "forward" one for each input
            element; "auto" takes the cheaper: forward if there are fewer inputs than outputs.
        has_aux: `function` returns a pair; the result is then (jacobian of the first part, the second).

    >>> tg.jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    if mode not in ("auto", "forward", "reverse"):
        raise ArgumentError(f"jacobian has no mode {mode!r}.", "It is 'auto', 'forward' or 'reverse'.", "Leave it out.")

    @wraps(function)
    def matrix(*args: Any, **keywords: Any) -> Any:
        run = trace(function, args, argnums, keywords, has_aux)
        inputs = sum(np.size(node.value) for node in run.inputs)
        outputs = sum(y.size for y in run.outputs)
        forward = mode == "forward" or (mode == "auto" and inputs < outputs)
        blocks = _at_once(run, forward) or (_by_columns(run) if forward else _by_rows(run))
        found = run.rebuild_outputs([run.rebuild_inputs(row) for row in blocks])
        return (found, run.aux) if has_aux else found

    return matrix


def _at_once(run: Trace, forward: bool) -> Any:
    """All blocks from one pass, where someone who writes a program down can tell the matrix of a linear map from it."""
    writer = tracer()
    if writer is None or run.outside:
        return None
    values = [node.value for node in run.inputs] if forward else [y._value for y in run.outputs]
    seeds = [Tensor(np.ones(np.shape(x), x.dtype)) for x in values]
    if forward:
        return writer.on_linear_map(lambda ts: _push(run, ts), seeds)
    columns = writer.on_linear_map(lambda us: run.gradients(_pull(run, us)), seeds)
    return columns and [
        [_turned(columns[j][k], np.ndim(node.value)) for j, node in enumerate(run.inputs)]
        for k in range(len(run.outputs))
    ]


def _turned(block: Any, count: int) -> Any:
    """The first `count` axes moved behind the others."""
    axes = tuple(range(block.ndim))
    return functions["transpose"](block, (*axes[count:], *axes[:count]))


def _by_rows(run: Trace) -> list[list[Any]]:
    """One pull for each output element, giving a row of the Jacobian."""
    blocks = []
    for k, y in enumerate(run.outputs):
        rows = []
        for i in range(y.size):
            seeds = [np.zeros(other.shape, other.dtype) for other in run.outputs]
            seeds[k].flat[i] = 1
            rows.append(run.gradients(_pull(run, seeds)))
        blocks.append([_block(run, parts, y, node, axis=0) for parts, node in _transposed(rows, run.inputs, y)])
    return blocks


def _by_columns(run: Trace) -> list[list[Any]]:
    """One push for each input element, giving a column of the Jacobian."""
    columns: list[list[list[Any]]] = [[[] for _ in run.inputs] for _ in run.outputs]
    for j, node in enumerate(run.inputs):
        for i in range(np.size(node.value)):
            tangents = [np.zeros(np.shape(other.value)) for other in run.inputs]
            tangents[j].flat[i] = 1
            for k, moved in enumerate(_push(run, tangents)):
                columns[k][j].append(moved)
    return [
        [_block(run, parts, y, node, axis=-1) for parts, node in zip(columns[k], run.inputs, strict=True)]
        for k, y in enumerate(run.outputs)
    ]


def _transposed(rows: list[list[Any]], inputs: list[Any], y: Tensor) -> list[tuple[list[Any], Any]]:
    return [([row[j] for row in rows], node) for j, node in enumerate(inputs)]


def _block(run: Trace, parts: list[Any], y: Tensor, node: Any, axis: int) -> Any:
    """Rows or columns stacked to the block of one output and one input."""
    shape = (*y.shape, *np.shape(node.value))
    if not parts:
        return run.given(np.zeros(shape, y.dtype))
    stack = functions["stack"] if isinstance(parts[0], Tensor) else np.stack
    reshape = functions["reshape"] if isinstance(parts[0], Tensor) else np.reshape
    return reshape(stack(parts, axis=axis), shape)


def hessian(function: Callable[..., Any], argnums: ArgNums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that computes the second derivatives of a scalar `function`: ∂²f/∂x[i]∂x[j].

    Forward mode over reverse mode: one push through the recorded gradient for each input element; in a
    program (`tg.jit`) one for all of them (see `jacobian`).
    With `has_aux` the function returns a pair, and the result is (second derivatives, aux).

    >>> tg.hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    return jacobian(grad(function, argnums, has_aux), argnums, mode="forward", has_aux=has_aux)


def hvp(function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of a scalar `function` times a vector, at a small multiple of the function's cost.

    Returns: a tuple with one part for each primal; for a single primal that part itself.

    >>> tg.hvp(lambda x: (x**3).sum(), (np.array([1.0, 2.0]),), (np.array([1.0, 10.0]),))
    array([  6., 120.])
    """
    primals, tangents = as_arguments("hvp", "primals", primals), as_arguments("hvp", "tangents", tangents)
    count = len(primals)
    gradient = grad(function, 0 if count == 1 else tuple(range(count)))
    moved = jvp(gradient, primals, tangents)[1]
    return moved if count == 1 else tuple(moved)
