"""Kernels taken apart: run on traced arrays, a kernel writes down the NumPy calls that it is made of.

A traced array computes as the real one would and remembers how. What a kernel does that cannot be
followed (it writes into an array, or asks for a value) raises `UntraceableError`; the kernel is then one
step as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .ir import Kind, Step, Value

__all__ = ["Host", "Traced", "UntraceableError"]

Emit = Callable[[Step], None]


class UntraceableError(TypeError):
    """A kernel did what a traced array cannot follow."""


_REDUCTIONS: dict[Any, np.ufunc] = {
    np.sum: np.add,
    np.prod: np.multiply,
    np.max: np.maximum,
    np.min: np.minimum,
    np.amax: np.maximum,
    np.amin: np.minimum,
    np.all: np.logical_and,
    np.any: np.logical_or,
}
_NEUTRAL: dict[Any, float] = {np.max: -np.inf, np.amax: -np.inf, np.min: np.inf, np.amin: np.inf}
_QUESTIONS = {
    np.shape,
    np.ndim,
    np.size,
    np.result_type,
    np.iscomplexobj,
    np.isrealobj,
    np.can_cast,
    np.may_share_memory,
}
_LIKE = {np.zeros_like, np.ones_like, np.empty_like, np.full_like}
_VIEWS = {np.reshape, np.transpose, np.swapaxes, np.expand_dims, np.squeeze, np.moveaxis, np.ravel, np.broadcast_to}
_REDUCED = {"sum", "prod", "max", "min", "mean", "all", "any", "var", "std", "argmax", "argmin"}
_METHODS = {
    "dot",
    "reshape",
    "transpose",
    "swapaxes",
    "squeeze",
    "ravel",
    "cumsum",
    "take",
    "repeat",
    "clip",
    *_REDUCED,
}


class Host:
    """A Python number that is computed anew at each run, such as a learning rate: a value and its text."""

    __slots__ = ("text", "value")

    def __init__(self, value: float, text: str) -> None:
        self.value = value
        self.text = text

    def _with(self, other: Any, symbol: str, function: Callable[[Any, Any], Any], turned: bool = False) -> Any:
        if not isinstance(other, (int, float, Host)):
            return NotImplemented
        a, b = (other, self) if turned else (self, other)
        values = [x.value if isinstance(x, Host) else x for x in (a, b)]
        texts = [x.text if isinstance(x, Host) else repr(x) for x in (a, b)]
        return Host(function(*values), f"({texts[0]} {symbol} {texts[1]})")

    def __add__(self, other: Any) -> Any:
        return self._with(other, "+", lambda a, b: a + b)

    def __radd__(self, other: Any) -> Any:
        return self._with(other, "+", lambda a, b: a + b, True)

    def __sub__(self, other: Any) -> Any:
        return self._with(other, "-", lambda a, b: a - b)

    def __rsub__(self, other: Any) -> Any:
        return self._with(other, "-", lambda a, b: a - b, True)

    def __mul__(self, other: Any) -> Any:
        return self._with(other, "*", lambda a, b: a * b)

    def __rmul__(self, other: Any) -> Any:
        return self._with(other, "*", lambda a, b: a * b, True)

    def __truediv__(self, other: Any) -> Any:
        return self._with(other, "/", lambda a, b: a / b)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with(other, "/", lambda a, b: a / b, True)

    def __pow__(self, other: Any) -> Any:
        return self._with(other, "**", lambda a, b: a**b)

    def __rpow__(self, other: Any) -> Any:
        return self._with(other, "**", lambda a, b: a**b, True)

    def __neg__(self) -> Any:
        return Host(-self.value, f"(-{self.text})")

    def __float__(self) -> float:
        raise UntraceableError(f"{self.text} changes from run to run, so Python cannot have it as one number.")

    __int__ = __bool__ = __float__


class Traced(NDArrayOperatorsMixin):
    """An array that writes down what is done with it.

    Products are the dearest steps, and eager mode makes them anyway: `lazy` ones are made again only if
    something in the kernel asks what they are. Until then there is an empty array in their place.
    """

    def __init__(self, value: Value, emit: Emit, array: Any = None, lazy: bool = False) -> None:
        self.value = value
        self.emit = emit
        self.lazy = lazy
        self.empty: Any = None
        self._array = value.array if array is None else array  # the value may have let go of it
        self._make: Callable[[], Any] | None = None

    @property
    def array(self) -> Any:
        """What it is now, to compute with."""
        if self._make is not None:
            self._array, self._make, self.empty = self._make(), None, None
        return self._array

    # What NumPy asks

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of its axes."""
        return self.value.shape

    @property
    def ndim(self) -> int:
        """The number of its axes."""
        return len(self.value.shape)

    @property
    def size(self) -> int:
        """The number of its elements."""
        return self.value.size

    @property
    def dtype(self) -> Any:
        """The dtype of its elements."""
        return self.value.dtype

    def __len__(self) -> int:
        return self.value.shape[0]

    def _refuse(self, *_: Any) -> Any:
        raise UntraceableError("the value of a traced array was asked for")

    __array__ = __bool__ = __float__ = __int__ = __index__ = __setitem__ = _refuse

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if "out" in options or options.pop("where", True) is not True:
            raise UntraceableError("out= and where= write into an array")
        if method == "reduce":
            return self._reduced(ufunc, *inputs, **options)
        if method != "__call__":
            return self._made("call", getattr(ufunc, method), inputs, options)
        kind: Kind = "product" if ufunc is np.matmul else "ufunc"
        if ufunc.nout > 1 or (ufunc.signature is not None and ufunc is not np.matmul):
            kind = "call"
        return self._made(kind, ufunc, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        kwargs = {key: each for key, each in kwargs.items() if each is not np._NoValue}
        if function in _QUESTIONS:
            return function(*_real(args), **_real(kwargs))
        if function in _LIKE:
            return function(*_real(args), **_real(kwargs))  # a constant: it has only the shape
        if kwargs.get("out") is not None:
            raise UntraceableError("out= writes into an array")
        kwargs.pop("out", None)
        if (
            "initial" in kwargs
            and kwargs["initial"] == _NEUTRAL.get(function)
            and isinstance(args[0], Traced)
            and args[0].size
        ):
            del kwargs["initial"]  # it matters for nothing but an empty axis
        if (
            function in _REDUCTIONS
            and "where" not in kwargs
            and "initial" not in kwargs
            and kwargs.get("dtype") is None
        ):
            return self._reduced(_REDUCTIONS[function], *args, **kwargs)
        if function is np.mean and "where" not in kwargs and kwargs.get("dtype") is None and self.dtype.kind == "f":
            return self._mean(*args, **kwargs)
        if function in _VIEWS and isinstance(args[0], Traced):
            return self._view(args[0], function, args[1:], kwargs)
        kind: Kind = "product" if function is np.dot else "call"
        if function is np.where and len(args) == 3:
            kind = "where"
        return self._made(kind, function, args, kwargs)

    # What kernels ask

    @property
    def T(self) -> Any:  # noqa: N802 - NumPy's name
        """The transpose."""
        return self._view(self, np.transpose, (), {})

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """The same values in another dtype."""
        dtype = np.dtype(dtype)
        array = np.asarray(self.array).astype(dtype)
        return self._emitted("cast", np.ndarray.astype, (self, dtype), {}, array)

    def __getattr__(self, name: str) -> Any:
        if name not in _METHODS:
            raise UntraceableError(f"a traced array has no {name}")
        function = getattr(np, name)

        def method(*args: Any, **options: Any) -> Any:
            if name in ("reshape", "transpose") and len(args) > 1:
                args = (args,)
            return self.__array_function__(function, (), (self, *args), options)

        return method

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, tuple) and not index:
            return self
        fancy = any(
            isinstance(each, (Traced, np.ndarray, list)) for each in (index if isinstance(index, tuple) else (index,))
        )
        if fancy:
            return self._made("call", _taken, (self, index), {})
        result = self.array[index]
        return self._emitted("view", _taken, (self, index), {}, result, f"{{0}}[{subscript(index)}]")

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __pow__(self, exponent: Any) -> Any:
        """NumPy's operator takes a shorter way for some exponents, with other last bits than `np.power`."""
        short = {2: np.square, 0.5: np.sqrt, -1: np.reciprocal, 1: np.positive}
        if isinstance(exponent, (int, float)) and exponent in short and self.dtype.kind == "f" and self.shape:
            return short[exponent](self)
        return np.power(self, exponent)

    # Writing down

    def _reduced(
        self,
        ufunc: np.ufunc,
        x: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        **more: Any,
    ) -> Any:
        if not isinstance(x, Traced) or dtype is not None or out is not None or more:
            raise UntraceableError("a reduction of a kind that is not followed")
        if axis is not None:
            axes = axis if isinstance(axis, tuple) else (axis,)
            axis = tuple(sorted(int(each) % x.ndim for each in axes))
        array = ufunc.reduce(x.array, axis=axis, keepdims=keepdims)
        return self._emitted("reduce", ufunc, (x,), {"axis": axis, "keepdims": bool(keepdims)}, array)

    def _mean(self, x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
        total = self._reduced(np.add, x, axis, keepdims=keepdims)
        count = x.size // max(total.size, 1)
        return total / count

    def _view(self, x: Traced, function: Any, args: Any, options: Any) -> Any:
        array = function(x.array if x.empty is None else x.empty, *args, **options)
        if not isinstance(array, np.ndarray):
            return x
        args = () if args == (None,) else args
        named = [f"{index_text(each)}" for each in args] + [
            f"{key}={index_text(each)}" for key, each in options.items()
        ]
        text = (
            "{0}.T"
            if function is np.transpose and not named
            else f"np.{function.__name__}({', '.join(['{0}', *named])})"
        )
        copied = array.size and not np.shares_memory(array, np.asarray(x.array if x.empty is None else x.empty))
        kind: Kind = "call" if copied else "view"
        made = self._emitted(kind, function, (x, *args), options, array, text)
        return made if x.empty is None else made.later(array, lambda: function(x.array, *args, **options))

    def _made(self, kind: Kind, function: Any, args: Any, options: Any) -> Any:
        empty = _empty_product(*args) if kind == "product" and self.lazy and not options else None
        if empty is None:
            return self._emitted(kind, function, args, options, function(*_real(args), **_real(options)))
        return self._emitted(kind, function, args, options, empty).later(empty, lambda: function(*_real(args)))

    def later(self, empty: Any, make: Callable[[], Any]) -> Traced:
        """Let an empty array stand for what `make` gives, until it is asked for."""
        self.empty, self._make = empty, make
        return self

    def _emitted(self, kind: Kind, function: Any, args: Any, options: Any, array: Any, text: str = "") -> Any:
        made = tuple(map(Value, array)) if isinstance(array, (tuple, list)) else Value(array)
        shares = 0 if kind == "call" and function in _VIEWS else None  # a copy now may be a view of another layout
        self.emit(Step(kind, function, tuple(_values(args)), _values(options), made, text=text, shares=shares))
        if isinstance(made, tuple):
            return tuple(Traced(each, self.emit, lazy=self.lazy) for each in made)
        return Traced(made, self.emit, lazy=self.lazy)


def _empty_product(a: Any, b: Any) -> Any:
    """An array of the shape and dtype of the product of two matrices; None for products of another kind."""
    if not (isinstance(a, Traced) and isinstance(b, Traced) and a.ndim == b.ndim == 2 and a.shape[1] == b.shape[0]):
        return None
    return np.empty((a.shape[0], b.shape[1]), np.result_type(a.dtype, b.dtype))


def _taken(x: Any, index: Any) -> Any:
    return x[index]


def subscript(index: Any) -> str:
    """An index as it stands between brackets, such as `1:` or `..., 0`."""
    if isinstance(index, slice):
        start, stop, step = ("" if each is None else str(each) for each in (index.start, index.stop, index.step))
        return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"
    if isinstance(index, tuple) and index:
        inside = ", ".join(map(subscript, index))
        return f"{inside}," if len(index) == 1 and not isinstance(index[0], slice) else inside
    return index_text(index)


def index_text(index: Any) -> str:
    """An index as Python writes it."""
    if isinstance(index, tuple):
        inside = ", ".join(map(index_text, index))
        return f"({inside},)" if len(index) == 1 else f"({inside})"
    if isinstance(index, slice):
        return f"slice({index.start}, {index.stop}, {index.step})"
    return (
        "..."
        if index is Ellipsis
        else "None"
        if index is None
        else repr(int(index))
        if isinstance(index, (int, np.integer))
        else repr(index)
    )


def _real(thing: Any) -> Any:
    """Arguments with the real arrays in place of traced ones."""
    if isinstance(thing, Traced):
        return thing.array
    if isinstance(thing, Host):
        return thing.value
    if isinstance(thing, (tuple, list)):
        return type(thing)(_real(each) for each in thing)
    if isinstance(thing, dict):
        return {key: _real(each) for key, each in thing.items()}
    if isinstance(thing, slice):
        return slice(_real(thing.start), _real(thing.stop), _real(thing.step))
    return thing


def _values(thing: Any) -> Any:
    """Arguments with Values in place of traced arrays, host numbers and plain arrays."""
    if isinstance(thing, Traced):
        return thing.value
    if isinstance(thing, Host):
        return Value(thing.value, "host", owner=thing.text)
    if isinstance(thing, (np.ndarray, np.generic)):
        return Value(thing, "constant")
    if isinstance(thing, (tuple, list)):
        return type(thing)(_values(each) for each in thing)
    if isinstance(thing, dict):
        return {key: _values(each) for key, each in thing.items()}
    return thing
