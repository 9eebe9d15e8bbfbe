"""Rules of one's own: primitives with declared derivatives, stopped gradients, recomputed segments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from ..arguments import read_parameters
from ..core import primitive as declare
from ..core.array_methods import read_only
from ..core.backward import pull_back
from ..core.hooks import Observer
from ..core.node import NO_ATTRIBUTES, Node
from ..core.primitive import Op, results
from ..core.registry import functions, ops
from ..core.tensor import ArrayLike, Tensor, wrap
from ..errors import ArgumentError, DTypeError, GraphError
from ..modes import MODE, enable_grad, is_grad_enabled, no_grad, observed_by
from .trees import flatten, map_leaves

__all__ = ["checkpoint", "primitive", "stop_gradient"]

F = TypeVar("F", bound=Callable[..., Any])


def primitive(
    *vjps: Callable[..., Any] | None,
    pushes: Sequence[Callable[..., Any]] | None = None,
    name: str | None = None,
    formula: str = "",
    derivative: str = "",
) -> Callable[[F], F]:
    """Declare a function of your own, with its derivative rules, as a new op.

    The decorated function computes with plain NumPy arrays. `vjps[i](g, y, *inputs, **attributes)`
    gives the gradient of input i from the output's gradient g; None where there is none. Written
    with NumPy's functions, a rule can itself be differentiated. Parameters without defaults are
    inputs; those with defaults are attributes. Shapes and dtypes of what the rules return are
    checked at every call; function and rules are given read-only arrays, so that neither can change
    a value that the graph still needs.

    Args:
        vjps: one rule for each input.
        pushes: forward rules `(t, y, *inputs)`; by default forward mode is derived from the vjps.
        name: by default the function's own.
        formula: shown in pictures and explanations.
        derivative: shown there too.

    Raises:
        ArgumentError: if the name belongs to a built-in op, or the number of rules is wrong.
        DTypeError: at a call, if the function returns anything but numbers.

    >>> @tg.primitive(lambda g, y, x: g * 3 * x**2)
    ... def cube(x):
    ...     return x**3
    >>> tg.grad(cube)(2.0)
    np.float64(12.0)
    """

    def decorate(function: F) -> F:
        chosen = name or str(getattr(function, "__name__", type(function).__name__))
        old = ops.get(chosen)
        if (old is not None and not old.info.get("custom")) or (old is None and chosen in functions):
            raise ArgumentError(
                f"primitive cannot declare {chosen!r}: an op of that name is built in.",
                "The name of an op is its identity in pickles, pictures and programs.",
                f"Rename the function, or pass name='my_{chosen}'.",
            )
        guarded = [None if rule is None else _guarded(rule) for rule in vjps]
        made: Any = declare.primitive(
            *guarded, pushes=pushes, name=chosen, formula=formula, derivative=derivative, custom=True
        )(_guarded(function, chosen))
        count = ops[chosen].parameters.inputs
        if len(vjps) not in (count, 1 if ops[chosen].variadic else count):
            del ops[chosen], functions[chosen]
            raise ArgumentError(
                f"primitive {chosen!r} has {len(vjps)} rules for {count} inputs.",
                "Each input needs one rule, in order; None for an input without a derivative.",
                "Parameters without defaults are inputs; give the others defaults.",
            )
        return made

    return decorate


def _guarded(function: Callable[..., Any], name: str = "") -> Callable[..., Any]:
    """The user's function on read-only arrays, so that it writes into no graph; with a name, its result is checked."""

    @wraps(function)
    def kernel(*inputs: Any, **attributes: Any) -> Any:
        result = function(*map(_locked, inputs), **attributes)
        if not name:
            return result
        parts = tuple(_numbers(name, part) for part in (result if isinstance(result, tuple) else (result,)))
        return parts if isinstance(result, tuple) else parts[0]

    return kernel


def _locked(x: Any) -> Any:
    if type(x) is tuple:  # the gradients of several results
        return tuple(map(_locked, x))
    return read_only(x) if type(x) is np.ndarray else x


def _numbers(name: str, result: Any) -> Any:
    """A result as the engine keeps it; whatever has a dtype of numbers passes, a traced array too."""
    array = result if hasattr(result, "dtype") else np.asarray(result)
    if array.dtype.kind not in "biuf":
        raise DTypeError(
            f"The function of primitive {name!r} returned {type(result).__name__}.",
            "It returns an array of numbers, or a tuple of arrays.",
            "Check that it ends with a return.",
        )
    return array[()] if type(array) is np.ndarray else array


@declare.constant(
    name="stop_gradient",
    formula="y = x",
    samples=lambda: [[np.array([1.0, -2.0])], [np.array(3.0)]],
    reference=lambda x: x,
)
def _stop_gradient(x: ArrayLike) -> Tensor:
    value: Any = np.broadcast_to(x, np.shape(x))  # read-only: the graph before it still holds the array
    return value


@_stop_gradient.op.front  # type: ignore[attr-defined]
def stop_gradient(x: Any) -> Any:
    """The value of x, through which no gradient flows; of each array in it, if x is a tuple, list or dict.

    >>> tg.grad(lambda x: x * tg.stop_gradient(x))(3.0)
    np.float64(3.0)
    """
    return map_leaves(_stop_gradient, x)


class _Watcher(Observer):
    """Notes the outer variables that a function uses, and the generators it draws from."""

    def __init__(self) -> None:
        self.outer: dict[Node, Tensor] = {}
        self.states: list[tuple[np.random.Generator, Any]] = []

    def on_call(self, op: Any, inputs: tuple[Any, ...], attributes: dict[str, Any], result: Any) -> None:
        for x in inputs:
            if isinstance(x, Tensor) and x.node is not None:
                self.outer.setdefault(x.node, x)

    def on_draw(self, generator: np.random.Generator) -> None:
        if all(generator is not known for known, _ in self.states):
            self.states.append((generator, generator.bit_generator.state))


def checkpoint(function: Callable[..., Any]) -> Callable[..., Any]:
    """Keep only the inputs of `function`, and compute it again in the backward pass.

    Memory for time: the segment's intermediate values are not held, at the price of one more
    forward pass. Dropout draws the same masks again. Parameters that the function uses get their
    gradients as usual.

    Raises:
        GraphError: in the backward pass, if a tensor that the function uses was assigned since.

    >>> block = tg.checkpoint(lambda x: np.tanh(np.tanh(x)))
    >>> bool(tg.grad(block)(0.5) == tg.grad(lambda x: np.tanh(np.tanh(x)))(0.5))
    True
    """

    @wraps(function)
    def segment(*args: Any, **keywords: Any) -> Any:
        if not is_grad_enabled():
            return function(*args, **keywords)
        arrays, rebuild = flatten(args)
        own = [k for k, x in enumerate(arrays) if isinstance(x, Tensor) and x.node is not None]
        watcher = _Watcher()
        with no_grad(), observed_by(watcher):
            inside = [wrap(x._value, None) if k in own else x for k, x in enumerate(arrays)]
            result = function(*rebuild(inside), **keywords)
        outer = watcher.outer
        if not own and not outer:
            return result

        def again(fresh: list[Tensor]) -> list[Any]:
            moved = dict(zip(own, fresh, strict=True))
            with _replayed(watcher.states):
                return flatten(function(*rebuild(moved.get(k, x) for k, x in enumerate(arrays)), **keywords))[0]

        outputs, rebuild_outputs = flatten(result)
        values = tuple(y._value if isinstance(y, Tensor) else np.asarray(y) for y in outputs)
        op = _Segment(again, len(own), outer, getattr(function, "__name__", "function"))
        node = Node(op, (*(arrays[k].node for k in own), *outer), NO_ATTRIBUTES, values, MODE.get().scope)
        return rebuild_outputs(results(node))

    return segment


class _Segment(Op):
    """The op of one call of a checkpointed function: its rule records the function again."""

    def __init__(self, again: Callable[..., Any], own: int, outer: dict[Node, Tensor], name: str) -> None:
        self.again, self.own, self.outer = again, own, outer
        self.name, self.kind, self.variadic, self.views = f"checkpoint({name})", "primitive", True, False
        self.rules, self.pushes, self.explain = (self._rule,), None, None
        self.parameters = read_parameters(lambda *inputs: None, None)
        self.info = {"formula": f"y = {name}(x), computed again when needed", "derivative": "that of the function"}
        self._last: tuple[Any, list[Any]] = (None, [])

    def _rule(self, g: tuple[Any, ...], y: tuple[Any, ...], *inputs: Any, index: int) -> Any:
        if self._last[0] is not g:  # one walk asks for each input in turn: the segment runs once for all
            self._last = g, self._gradients(g, inputs[: self.own])
        return self._last[1][index]

    def _gradients(self, g: tuple[Any, ...], inputs: tuple[Any, ...]) -> list[Any]:
        if any(tensor.node is not node for node, tensor in self.outer.items()):
            raise GraphError(
                f"{self.name} cannot be computed again: a tensor that it uses was assigned since.",
                "Between the forward and the backward pass its parameters must stay as they are.",
                "Call backward before the optimizer's step.",
            )
        with enable_grad():
            fresh = [
                functions["positive"](x) if isinstance(x, Tensor) and x.node is not None else Tensor(x, True)
                for x in inputs
            ]
            outputs = self.again(fresh)
        pairs = [(z.node, u) for z, u in zip(outputs, g, strict=True) if isinstance(z, Tensor) and z.node is not None]
        record = any(isinstance(u, Tensor) for u in g)
        wanted = [*(x.node for x in fresh), *self.outer]
        found = pull_back([node for node, _ in pairs], [u for _, u in pairs], wanted, record=record)
        return [found[node] if node in found else np.zeros_like(node.value) for node in wanted]


class _replayed:
    """Random generators set back to given states inside, and restored afterwards."""

    def __init__(self, states: list[tuple[np.random.Generator, Any]]) -> None:
        self.states = states

    def __enter__(self) -> None:
        self.now = [generator.bit_generator.state for generator, _ in self.states]
        for generator, state in self.states:
            generator.bit_generator.state = state

    def __exit__(self, *exc: object) -> None:
        for (generator, _), state in zip(self.states, self.now, strict=True):
            generator.bit_generator.state = state
