"""Running a function on leaves of its own, so that its derivative can be taken without touching any `.grad`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from .. import errors
from ..core.node import Node, newest_first
from ..core.registry import functions
from ..core.tensor import Tensor, as_value, wrap
from ..modes import enable_grad, is_grad_enabled, tracer
from .trees import flatten, map_leaves

ArgNums: TypeAlias = int | Sequence[int]


class Trace(NamedTuple):
    """One run of a function: where its inputs start, what came out, and how the results are to be given."""

    inputs: list[Node]  # one leaf or identity for each array that is differentiated
    outputs: list[Tensor]
    rebuild_inputs: Callable[..., Any]
    rebuild_outputs: Callable[..., Any]
    aux: Any
    record: bool  # whether a gradient can flow on to something outside
    plain: bool  # whether only arrays came in: then arrays go out
    outside: bool  # whether the outputs lead to leaves that are not of this run

    def given(self, value: Any) -> Any:
        """A gradient, tangent or output as the caller gets it."""
        if isinstance(value, Tensor):
            if self.record:
                return value
            value = value._value
        return value if self.plain and not self.record else wrap(value, None)

    def results(self) -> Any:
        """The function's own results."""
        return self.rebuild_outputs([self.given(output) for output in self.outputs])

    def gradients(self, found: dict[Node, Any]) -> list[Any]:
        """The gradient of each input, zeros where the outputs do not depend on it."""
        return [self.given(found[node] if node in found else np.zeros_like(node.value)[()]) for node in self.inputs]

    def along(self, starts: Sequence[Any]) -> Trace:
        """The trace for these tangents or cotangents: Tensors give Tensors, and their graphs are kept."""
        tensors = [start for start in starts if isinstance(start, Tensor)]
        record = self.record or any(start.node is not None for start in tensors)
        return self._replace(record=record, plain=self.plain and not tensors)

    def start(self, what: str, value: Any, output: Tensor) -> Any:
        """A starting cotangent (or tangent) for one output (or input), in its dtype, as the walk takes it."""
        seed = value if isinstance(value, Tensor) else Tensor(value)
        if seed.shape != output.shape:
            raise errors.gradient_shape(what, seed.shape, output.shape)
        seed = seed if seed.dtype == output.dtype else functions["astype"](seed, dtype=output.dtype)
        return seed if self.record else seed._value


def trace(
    function: Callable[..., Any],
    args: Sequence[Any],
    argnums: ArgNums,
    keywords: dict[str, Any],
    has_aux: bool = False,
) -> Trace:
    """Run `function` with the arrays of the chosen arguments replaced by traced ones.

    The result is recorded as any op's would be: if recording is on and a gradient can flow on to
    something outside, an outer transform's variable or a parameter that the function uses.
    """
    single = not isinstance(argnums, (tuple, list))
    chosen = _positions([argnums] if single else argnums, len(args))
    recording = is_grad_enabled()
    arrays, rebuild = flatten(tuple(args[position] for position in chosen))
    traced = [_traced(x, recording) for x in arrays]
    moved = dict(zip(chosen, rebuild(traced), strict=True))
    with enable_grad():
        result = function(*(moved.get(i, arg) for i, arg in enumerate(args)), **keywords)
    aux = None
    if has_aux:
        if not isinstance(result, tuple) or len(result) != 2:
            raise errors.ArgumentError(
                f"has_aux=True, but the function returned {type(result).__name__}.",
                "It must return a pair: the value to differentiate, and anything else.",
                "End it with `return value, aux`.",
            )
        result, aux = result
    outputs, rebuild_outputs = flatten(result)
    outputs = [y if isinstance(y, Tensor) else Tensor(y) for y in outputs]
    inputs = [x.node for x in traced]
    outside = recording and _reaches_outside(outputs, {x for x in inputs if x.op is None})
    record = outside or tracer() is not None
    plain = not any(isinstance(x, Tensor) for x in arrays)
    shape = (lambda values: rebuild(values)[0]) if single else rebuild
    found = Trace(inputs, outputs, shape, rebuild_outputs, None, record, plain, outside)
    return found._replace(aux=map_leaves(lambda x: found.given(x) if isinstance(x, Tensor) else x, aux))


def _positions(argnums: Any, count: int) -> list[int]:
    """The arguments that argnums chooses, each counted from 0 and named once."""
    for number in argnums:
        if not isinstance(number, (int, np.integer)):
            raise errors.ArgumentError(
                f"argnums cannot be {number!r}.",
                "It counts positional arguments from 0: an integer, or a tuple of them.",
                "Pass that argument by position, and give its number.",
            )
        if not -count <= number < count:
            raise errors.ArgumentError(
                f"argnums names argument {number}, but the function was called with {count} positional arguments.",
                "argnums counts positional arguments from 0.",
                "Pass that argument by position.",
            )
    chosen = [int(number) % count for number in argnums]
    if len(set(chosen)) < len(chosen):
        raise errors.ArgumentError(
            f"argnums={tuple(argnums)} names an argument twice.",
            "Each argument has one gradient.",
            "Name it once.",
        )
    return chosen


def _traced(x: Any, recording: bool) -> Tensor:
    """A variable of this trace: an identity of an outer variable, so that the link to it stays; else a leaf."""
    if recording and isinstance(x, Tensor) and x.node is not None:
        with enable_grad():
            return functions["positive"](x)
    value = functions["copy"](x)._value if isinstance(x, Tensor) else np.array(as_value(x))[()]
    if value.dtype.kind in "iub":
        raise errors.DTypeError(
            f"grad cannot differentiate with respect to a value of dtype {value.dtype}.",
            "Derivatives are taken of floating point numbers.",
            "Write 3.0 instead of 3, or leave the argument out of argnums.",
        )
    leaf = wrap(value, None)
    leaf._become_leaf(value)  # the copy itself, which whoever watches has seen being made
    return leaf


def _reaches_outside(outputs: list[Tensor], own: set[Node]) -> bool:
    """Whether some leaf that is not `own`, and still belongs to a Tensor, leads to the outputs."""

    def outside(edge: Any) -> bool:
        if type(edge) is not Node or edge.op is not None or edge in own:
            return False
        return bool(edge.extra and edge.extra.owner and edge.extra.owner() is not None)

    nodes = [y.node for y in outputs if y.node is not None]
    return any(map(outside, nodes)) or any(outside(edge) for node in newest_first(nodes) for edge in node.inputs)
