"""Ops as JavaScript: an op's own kernel and rules, run on symbols that write down what happens to them.

There is no second table of derivatives: what the explorer computes in the page is what the op's block
says. Only NumPy's elementary functions are translated.
"""

from __future__ import annotations

import dis
import math
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from ..core.primitive import Op
from ..modes import no_grad
from .walk import Graph, NodeRecord

__all__ = ["WhatIf", "what_if"]

UFUNCS = {  # with #0 and #1 for the inputs; where NumPy and JavaScript differ, a helper of the page
    "absolute": "Math.abs(#0)",
    "add": "#0 + #1",
    "arccos": "Math.acos(#0)",
    "arccosh": "Math.acosh(#0)",
    "arcsin": "Math.asin(#0)",
    "arcsinh": "Math.asinh(#0)",
    "arctan": "Math.atan(#0)",
    "arctan2": "Math.atan2(#0, #1)",
    "arctanh": "Math.atanh(#0)",
    "bitwise_and": "#0 & #1",
    "bitwise_or": "#0 | #1",
    "bitwise_xor": "#0 ^ #1",
    "cbrt": "Math.cbrt(#0)",
    "ceil": "Math.ceil(#0)",
    "cos": "Math.cos(#0)",
    "cosh": "Math.cosh(#0)",
    "deg2rad": "#0 * Math.PI / 180",
    "degrees": "#0 * 180 / Math.PI",
    "divide": "#0 / #1",
    "equal": "#0 === #1",
    "exp": "Math.exp(#0)",
    "exp2": "Math.pow(2, #0)",
    "expm1": "Math.expm1(#0)",
    "fabs": "Math.abs(#0)",
    "floor": "Math.floor(#0)",
    "floor_divide": "Math.floor(#0 / #1)",
    "fmax": "(#0 !== #0 ? #1 : #1 !== #1 ? #0 : Math.max(#0, #1))",
    "fmin": "(#0 !== #0 ? #1 : #1 !== #1 ? #0 : Math.min(#0, #1))",
    "fmod": "#0 % #1",
    "greater": "#0 > #1",
    "greater_equal": "#0 >= #1",
    "hypot": "Math.hypot(#0, #1)",
    "isfinite": "Number.isFinite(#0)",
    "isinf": "Math.abs(#0) === Infinity",
    "isnan": "#0 !== #0",
    "less": "#0 < #1",
    "less_equal": "#0 <= #1",
    "log": "Math.log(#0)",
    "log10": "Math.log10(#0)",
    "log1p": "Math.log1p(#0)",
    "log2": "Math.log2(#0)",
    "logaddexp": "Math.max(#0, #1) + Math.log1p(Math.exp(-Math.abs(#0 - #1)))",
    "logical_and": "!!(#0 && #1)",
    "logical_not": "!#0",
    "logical_or": "!!(#0 || #1)",
    "logical_xor": "!#0 !== !#1",
    "maximum": "Math.max(#0, #1)",
    "minimum": "Math.min(#0, #1)",
    "multiply": "#0 * #1",
    "negative": "-#0",
    "not_equal": "#0 !== #1",
    "positive": "+#0",
    "power": "(#0 === 1 || #1 === 0 ? 1 : Math.pow(#0, #1))",
    "rad2deg": "#0 * 180 / Math.PI",
    "radians": "#0 * Math.PI / 180",
    "reciprocal": "1 / #0",
    "remainder": "#0 - #1 * Math.floor(#0 / #1)",
    "sign": "Math.sign(#0)",
    "sin": "Math.sin(#0)",
    "sinh": "Math.sinh(#0)",
    "sqrt": "Math.sqrt(#0)",
    "square": "#0 * #0",
    "subtract": "#0 - #1",
    "tan": "Math.tan(#0)",
    "tanh": "Math.tanh(#0)",
    "trunc": "Math.trunc(#0)",
}


class NotElementaryError(Exception):
    """Something that the page has no JavaScript for."""


class Symbol(np.lib.mixins.NDArrayOperatorsMixin):
    """A number that is known only in the page; every function of it is a new line of the script."""

    shape, ndim, size, dtype = (), 0, 1, np.dtype(np.float64)
    __array_priority__ = 1000

    def __init__(self, lines: list[str], text: str) -> None:
        self.lines = lines
        self.text = text

    def then(self, template: str, *inputs: Any) -> Symbol:
        """The symbol for what the template makes of the inputs."""
        for index, x in enumerate(inputs):
            template = template.replace(f"#{index}", _text(x))
        name = f"v{len(self.lines)}"
        self.lines.append(f"const {name} = {template};")
        return Symbol(self.lines, name)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Symbol:
        if method != "__call__" or options or ufunc.__name__ not in UFUNCS:
            raise NotElementaryError(ufunc.__name__)
        return self.then(UFUNCS[ufunc.__name__], *inputs)

    def __array_function__(self, function: Any, types: Any, args: Sequence[Any], options: Mapping[str, Any]) -> Any:
        if function is np.where and len(args) == 3:
            return self.then("#0 ? #1 : #2", *args)
        if function is np.clip and len(args) == 3:
            return self.then("Math.min(Math.max(#0, #1), #2)", *args)
        if function in SHAPES:
            return SHAPES[function]
        if function in (np.zeros_like, np.ones_like):
            return 0.0 if function is np.zeros_like else 1.0
        raise NotElementaryError(function.__name__)

    def astype(self, *_: Any, **__: Any) -> Symbol:
        """The same number: the page computes in double precision."""
        return self

    def __bool__(self) -> bool:
        raise NotElementaryError("a decision by value")

    __float__ = __int__ = __index__ = __bool__


SHAPES: dict[Any, Any] = {np.shape: (), np.ndim: 0, np.size: 1}


def _text(x: Any) -> str:
    if isinstance(x, Symbol):
        return x.text
    if isinstance(x, (bool, np.bool_)):
        return str(bool(x)).lower()
    value = float(x)
    if math.isfinite(value):
        return repr(value) if value >= 0 else f"({value!r})"
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "(-Infinity)"


class WhatIf:
    """The ops of a graph of single numbers as functions of the page; or the reason why there are none."""

    def __init__(self, script: str = "[]", function: dict[str, int] | None = None, reason: str = "") -> None:
        self.script = script  # an array of {value: (x, ...) => y, rules: [(t, y, x, ...) => ..., ...]}
        self.function = function or {}  # which of them computes a node
        self.reason = reason


def what_if(graph: Graph) -> WhatIf:
    """What the page needs to compute the graph anew, where all its values are single numbers."""
    scripts: dict[Any, int] = {}
    function: dict[str, int] = {}
    for record in graph.nodes.values():
        if isinstance(record.value, tuple) or np.size(record.value) != 1:
            return WhatIf(reason="Numbers can be changed in graphs of single numbers; this one has arrays.")
        if record.op is None:
            if np.asarray(record.value).dtype.kind == "b":
                return WhatIf(reason="Numbers cannot be changed here: a condition was computed outside the graph.")
            continue
        try:
            script = _linear(record, graph) or _function(record)
        except (NotElementaryError, TypeError, ValueError, AttributeError, IndexError) as error:
            what = str(error) if isinstance(error, NotElementaryError) else type(error).__name__
            return WhatIf(reason=f"Numbers cannot be changed here: {record.title} is not an elementary op ({what}).")
        function[record.id] = scripts.setdefault(script, len(scripts))
    return WhatIf("[\n" + ",\n".join(scripts) + "\n]", function)


def _linear(record: NodeRecord, graph: Graph) -> str | None:
    """A linear op from one number to one number, such as a sum or a reshape: it multiplies by what it makes of 1."""
    if record.op.kind != "linear" or len(record.inputs) != 1:
        return None
    one = np.ones_like(graph.nodes[record.inputs[0].source].value)
    with no_grad():
        factor = _text(np.ravel(record.op.kernel(one, **record.attributes))[0])
    return f"{{value: (x) => {factor} * x, rules: [(t) => {factor} * t]}}"


def _function(record: NodeRecord) -> str:
    """A node's op as an object of JavaScript functions."""
    count = len(record.inputs)
    inputs = [f"x{index}" for index in range(count)]
    flowing = {edge.index for edge in record.inputs if edge.contribution is not None}
    rules = record.op.rules_for(count)
    value = _arrow(record.op.kernel, inputs, record.attributes)
    written = [
        _arrow(rule, ["t", "y", *inputs], record.attributes) if index in flowing else "null"
        for index, rule in enumerate(rules)
    ]
    return f"{{value: {value},\n rules: [{', '.join(written)}]}}"


def _arrow(function: Callable[..., Any], names: list[str], attributes: Mapping[str, Any]) -> str:
    """A Python function of numbers as an arrow function."""
    lines: list[str] = []
    with no_grad(), np.errstate(all="ignore"):
        result = _on_symbols(function)(*(Symbol(lines, name) for name in names), **attributes)
    return f"({', '.join(names)}) => {{ {' '.join(lines)} return {_text(result)}; }}"


def _on_symbols(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, with the kernels of the ops that it calls in place of the ops, which take numbers only."""
    if not isinstance(function, FunctionType):
        return function
    known = function.__globals__
    names = {step.argval for step in dis.get_instructions(function) if step.opname == "LOAD_GLOBAL"}
    called = {name: getattr(known.get(name), "op", None) for name in names}
    kernels = {name: _on_symbols(op.kernel) for name, op in called.items() if isinstance(op, Op)}
    if not kernels:
        return function
    copy = FunctionType(
        function.__code__, {**known, **kernels}, argdefs=function.__defaults__, closure=function.__closure__
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy
