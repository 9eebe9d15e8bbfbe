"""Declaring ops: say what KIND of map it is, and both modes follow from one formula.

| declarator    | you give                     | reverse mode                | forward mode            |
|---------------|------------------------------|-----------------------------|-------------------------|
| `elementwise` | t times dy/dx for each input | the same formula at t = g   | the same formula        |
| `linear`      | the adjoint map              | the adjoint                 | the op itself           |
| `bilinear`    | two adjoints                 | those                       | f(ta, b) + f(a, tb)     |
| `primitive`   | one vjp for each input       | those                       | given, or the vjp twice |
| `constant`    | nothing                      | none                        | none                    |

An elementwise map has a diagonal Jacobian, its own transpose: that is why one formula serves both
modes. Each declarator decorates a typed `def`: its body is the kernel (plain NumPy), its signature
and docstring are the public function's. Rules take `(g, y, *inputs, **attributes)` and are plain
NumPy as well: on arrays they run as NumPy, on Tensors they record, which gives every higher order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, update_wrapper
from typing import Any, TypeVar

import numpy as np

from .. import errors
from ..arguments import NUMBERS, as_value, read_parameters
from ..calculus_text import with_calculus
from ..modes import MODE
from .node import NO_ATTRIBUTES, Node, next_birth
from .registry import functions, op_named, ops
from .tensor import Tensor, wrap, wrap_view

F = TypeVar("F", bound=Callable[..., Any])
Rule = Callable[..., Any]
_new = object.__new__


class Op:
    """One operation with its calculus: everything that any part of the library knows of it.

    Info that a declaration may give: `name`; `inputs` (how many leading parameters are inputs, by
    default those annotated ArrayLike); `pushes` (forward rules of a primitive); `views` (the result
    may share its input's memory); `explain` (makes a better error of a failed call's values); the
    texts `formula`, `derivative`, `kink`, `domain`; `samples` and `reference`, for the tests.
    """

    def __init__(self, kernel: Callable[..., Any], kind: str, rules: Sequence[Rule | None], **info: Any) -> None:
        self.kernel = kernel
        self.kind = kind
        self.rules = tuple(rules)
        self.name: str = info.pop("name", kernel.__name__.strip("_"))
        self.pushes: Sequence[Rule] | None = info.pop("pushes", None)
        self.views: bool = info.pop("views", False)
        self.explain: Callable[..., Exception | None] | None = info.pop("explain", None)
        self.parameters = read_parameters(kernel, info.pop("inputs", None))
        self.variadic = self.parameters.inputs < 0
        self.info = info  # the texts and samples: what pictures, cards and tests read
        simple = not (self.parameters.names or self.views)
        make_call = {1: _unary_call, 2: _binary_call}.get(self.parameters.inputs if simple else 0, _general_call)
        self.call = make_call(self)
        ops[self.name] = self
        functions[self.name] = self.call

    def front(self, function: F) -> F:
        """Make `function` the public face: it brings the user's arguments into inputs and attributes."""
        function.op = self  # type: ignore[attr-defined]
        function.__doc__ = with_calculus(function.__doc__, self.info)
        functions[self.name] = function
        return function

    def rules_for(self, count: int) -> Sequence[Rule | None]:
        """The reverse rule of each input; an op of any number of inputs has one for all, told the index."""
        if not self.variadic or not self.rules or self.rules[0] is None:
            return self.rules or (None,) * count
        return [partial(self.rules[0], index=index) for index in range(count)]

    def __repr__(self) -> str:
        return f"<{self.kind} op {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return op_named, (self.name,)


def _unary_call(op: Op) -> Callable[..., Any]:
    kernel = op.kernel

    def call(x: Any) -> Any:
        if not isinstance(x, Tensor):
            return kernel(x if type(x) in NUMBERS else as_value(x))
        node, edge = x._node, x._value
        try:
            value = kernel(edge)
        except Exception as error:
            raise errors.failed_call(op, (x,), NO_ATTRIBUTES, error) from None
        return _result(op, (x,), (edge if node is None else node,), NO_ATTRIBUTES, value, node is not None)

    return call


def _binary_call(op: Op) -> Callable[..., Any]:
    kernel = op.kernel

    def call(a: Any, b: Any) -> Any:
        tensor_a, tensor_b = isinstance(a, Tensor), isinstance(b, Tensor)
        value_a = a._value if tensor_a else a if type(a) in NUMBERS else as_value(a)
        value_b = b._value if tensor_b else b if type(b) in NUMBERS else as_value(b)
        if not (tensor_a or tensor_b):
            return kernel(value_a, value_b)
        try:
            value = kernel(value_a, value_b)
        except Exception as error:
            raise errors.failed_call(op, (a, b), NO_ATTRIBUTES, error) from None
        node_a = a._node if tensor_a else None
        node_b = b._node if tensor_b else None
        edges = (value_a if node_a is None else node_a, value_b if node_b is None else node_b)
        return _result(op, (a, b), edges, NO_ATTRIBUTES, value, not (node_a is None and node_b is None))

    return call


def _general_call(op: Op) -> Callable[..., Any]:
    kernel, parameters, count = op.kernel, op.parameters, op.parameters.inputs
    plain = not parameters.names

    def call(*args: Any, **attributes: Any) -> Any:
        if not plain or attributes or len(args) != count:
            args, attributes = parameters.sort(op.name, args, attributes)
        values, edges, tensors, connected = [], [], False, False
        for x in args:
            if isinstance(x, Tensor):
                tensors = True
                edge = value = x._value
                if x._node is not None:
                    connected = True
                    edge = x._node
            else:
                edge = value = x if type(x) in NUMBERS else as_value(x)
            values.append(value)
            edges.append(edge)
        if not tensors:
            return kernel(*values, **attributes)
        try:
            value = kernel(*values, **attributes)
        except Exception as error:
            raise errors.failed_call(op, args, attributes, error) from None
        return _result(op, args, tuple(edges), attributes, value, connected)

    return call


def _result(op: Op, inputs: Any, edges: Any, attributes: dict[str, Any], value: Any, connected: bool) -> Any:
    """The Tensor (or tuple of Tensors) of one call, recorded if a gradient can flow through it."""
    mode = MODE.get()
    node = None
    if connected and mode.recording and op.rules:
        node = _new(Node)
        node.op = op
        node.inputs = edges
        node.attributes = attributes
        node.value = value
        node.birth = next_birth()
        node.scope = mode.scope
        node.extra = None
    if type(value) is tuple:
        result: Any = tuple(_item(part, node, i, mode.scope) for i, part in enumerate(value))
    elif op.views and isinstance(inputs[0], Tensor) and np.may_share_memory(value, inputs[0]._value):
        result = wrap_view(value, node, inputs[0])
    else:
        result = _new(Tensor)
        result._value = value
        result._node = node
    if mode.observers:
        for observer in mode.observers:
            observer.on_call(op, inputs, attributes, result)
    return result


def _item(value: Any, node: Node | None, index: int, scope: Any) -> Tensor:
    """One of several results: a Tensor of its own that leads back to the shared node."""
    if node is None or value.dtype.kind not in "fc":
        return wrap(value, None)
    return wrap(value, Node(ops["item"], (node,), {"index": index}, value, scope))


def results(node: Any) -> Any:
    """The Tensor, or the tuple of Tensors, that `node` stands for; a raw value as a Tensor, so that its use is seen."""
    if type(node) is not Node:
        return wrap(node, None) if isinstance(node, (np.ndarray, np.generic)) else node
    if type(node.value) is tuple:
        return tuple(_item(value, node, index, node.scope) for index, value in enumerate(node.value))
    return wrap(node.value, node)


def _declare(kind: str, rules: Sequence[Rule | None], info: dict[str, Any]) -> Callable[[F], F]:
    def decorate(kernel: F) -> F:
        op = Op(kernel, kind, rules, **info)
        public = update_wrapper(op.call, kernel)
        public.__signature__ = op.parameters.signature  # type: ignore[attr-defined]
        return op.front(public)  # type: ignore[return-value]

    return decorate


def elementwise(*partials: Rule | None, **info: Any) -> Callable[[F], F]:
    """A map of each element: `partials[i](t, y, *inputs)` is t times dy/d(input i)."""
    return _declare("elementwise", partials, info)


def linear(adjoint: Rule | Sequence[Rule | None], **info: Any) -> Callable[[F], F]:
    """A linear map of its floating inputs together, with the adjoint `(g, y, *inputs)` of each."""
    return _declare("linear", [adjoint] if callable(adjoint) else adjoint, info)


def bilinear(adjoint_a: Rule, adjoint_b: Rule, **info: Any) -> Callable[[F], F]:
    """A map linear in each of its two inputs, with the adjoint for each."""
    return _declare("bilinear", [adjoint_a, adjoint_b], info)


def primitive(*vjps: Rule | None, **info: Any) -> Callable[[F], F]:
    """Any differentiable map: `vjps[i](g, y, *inputs)` is the gradient of input i."""
    return _declare("primitive", vjps, info)


def constant(**info: Any) -> Callable[[F], F]:
    """A map without a derivative (comparisons, argmax, floor): its result carries no graph."""
    return _declare("constant", (), info)
