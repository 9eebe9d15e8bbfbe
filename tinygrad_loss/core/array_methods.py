"""Tensor's methods that only forward to an op, by name, and its conversions to plain Python.

A reader of the engine can skip this file.
"""

from __future__ import annotations

import builtins
import opcode
import operator
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import errors
from ..arguments import as_value
from ..modes import LEFT, MODE
from .numpy_bridge import array_function, array_ufunc
from .registry import functions

_STORE_SUBSCRIPT = opcode.opmap["STORE_SUBSCR"]


QUESTIONS = {np.shape: "shape", np.ndim: "ndim", np.size: "size"}


class ArrayMethods:
    """NumPy's operators and methods: each asks the registry for the function of its name."""

    __slots__ = ()

    if TYPE_CHECKING:  # what Tensor brings
        _value: Any
        _node: Any

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name) if name.startswith("_") else errors.no_method(name, functions)

    __array_ufunc__ = array_ufunc

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        question = QUESTIONS.get(function)
        if question is not None and len(args) == 1 and not kwargs:  # rules and fronts ask these all the time
            return getattr(self, question)
        return array_function(self, function, types, args, kwargs)

    def __add__(self, other: Any) -> Any:
        return functions["add"](self, other)

    def __radd__(self, other: Any) -> Any:
        return functions["add"](other, self)

    def __sub__(self, other: Any) -> Any:
        return functions["subtract"](self, other)

    def __rsub__(self, other: Any) -> Any:
        return functions["subtract"](other, self)

    def __mul__(self, other: Any) -> Any:
        return functions["multiply"](self, other)

    def __rmul__(self, other: Any) -> Any:
        return functions["multiply"](other, self)

    def __truediv__(self, other: Any) -> Any:
        return functions["divide"](self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return functions["divide"](other, self)

    def __floordiv__(self, other: Any) -> Any:
        return functions["floor_divide"](self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return functions["floor_divide"](other, self)

    def __mod__(self, other: Any) -> Any:
        return functions["mod"](self, other)

    def __rmod__(self, other: Any) -> Any:
        return functions["mod"](other, self)

    def __pow__(self, other: Any) -> Any:
        return functions["power"](self, other)

    def __rpow__(self, other: Any) -> Any:
        return functions["power"](other, self)

    def __divmod__(self, other: Any) -> Any:
        return functions["divmod"](self, other)

    def __round__(self, decimals: int = 0) -> Any:
        return functions["round"](self, decimals)

    def __matmul__(self, other: Any) -> Any:
        return functions["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return functions["matmul"](other, self)

    def __neg__(self) -> Any:
        return functions["negative"](self)

    def __pos__(self) -> Any:
        return functions["positive"](self)

    def __abs__(self) -> Any:
        return functions["abs"](self)

    def __invert__(self) -> Any:
        return functions["invert"](self)

    def __and__(self, other: Any) -> Any:
        return functions["bitwise_and"](self, other)

    def __rand__(self, other: Any) -> Any:
        return functions["bitwise_and"](other, self)

    def __or__(self, other: Any) -> Any:
        return functions["bitwise_or"](self, other)

    def __ror__(self, other: Any) -> Any:
        return functions["bitwise_or"](other, self)

    def __xor__(self, other: Any) -> Any:
        return functions["bitwise_xor"](self, other)

    def __rxor__(self, other: Any) -> Any:
        return functions["bitwise_xor"](other, self)

    def __eq__(self, other: object) -> Any:
        return NotImplemented if other is None or isinstance(other, str) else functions["equal"](self, other)

    def __ne__(self, other: object) -> Any:
        return NotImplemented if other is None or isinstance(other, str) else functions["not_equal"](self, other)

    def __lt__(self, other: Any) -> Any:
        return functions["less"](self, other)

    def __le__(self, other: Any) -> Any:
        return functions["less_equal"](self, other)

    def __gt__(self, other: Any) -> Any:
        return functions["greater"](self, other)

    def __ge__(self, other: Any) -> Any:
        return functions["greater_equal"](self, other)

    def __iadd__(self, other: Any) -> Any:
        return self._in_place("+=", other, "add")

    def __isub__(self, other: Any) -> Any:
        return self._in_place("-=", other, "subtract")

    def __imul__(self, other: Any) -> Any:
        return self._in_place("*=", other, "multiply")

    def __itruediv__(self, other: Any) -> Any:
        return self._in_place("/=", other, "divide")

    def __ipow__(self, other: Any) -> Any:
        return self._in_place("**=", other, "power")

    def __getitem__(self, index: Any) -> Any:
        return functions["getitem"](self, index)

    @property
    def at(self) -> Any:
        """Changed copies, as in JAX: `x.at[i].set(v)`, `x.at[i].add(v)`, ... (see `tg.at`)."""
        return functions["at"](self)

    # Assignment binds this variable to a new value: nothing ever writes into an array that a node holds.

    def assign(self, value: Any, copy: bool = True) -> Any:
        """Bind a new value of the same shape, cast to this tensor's dtype; old graphs keep the old one.

        `copy=False` hands the array over: nobody may write into it afterwards.
        """
        if self._base is not None:
            raise errors.view_assignment("assign")
        if not self.is_leaf:
            raise errors.computed_assignment()
        new, old = as_value(value), self._value
        if new.shape != old.shape:
            raise errors.assigned_shape(new.shape, old.shape)
        if copy or new.dtype != old.dtype:
            new = np.array(new, dtype=old.dtype)[()]
        if self._node is None:
            self._value = new
        else:
            self._become_leaf(new)
        for observer in MODE.get().observers:
            observer.on_assign(self, value)
        return self

    def _may_change_in_place(self, what: str) -> bool:
        """Whether this is a leaf with gradients, to be updated in place; an error where that is recorded."""
        if self._node is None or self._node.op is not None:
            return False
        if MODE.get().recording:
            raise errors.leaf_in_place(what)
        return True

    def __setitem__(self, index: Any, value: Any) -> None:
        if self._base is not None:
            raise errors.view_assignment("Assignment")
        in_place = self._may_change_in_place("x[i] = v")
        result = functions["index_set"](self, index, value)
        if in_place:
            self.assign(result, copy=False)
        else:  # this variable goes on as the new node; whoever used it before keeps the old one
            old, self._value, self._node = self._node, result._value, result._node
            if old is not None and self._node is not None and old.extra is not None:
                self._node.annotate().owner, old.extra.owner = old.extra.owner, None
            self.name = self.name

    def _in_place(self, symbol: str, other: Any, op: str) -> Any:
        in_place = self._may_change_in_place(f"w {symbol} ...")
        result = functions[op](self, other)
        return self.assign(result, copy=False) if in_place else result

    @property
    def grad_fn(self) -> Any:
        """The node, where an op made this tensor; None for leaves (PyTorch's name)."""
        return None if self._node is None or self._node.op is None else self._node

    @property
    def T(self) -> Any:
        """The transpose: all axes reversed."""
        return functions["transpose"](self)

    @property
    def mT(self) -> Any:
        """The last two axes swapped: the transpose of each matrix."""
        return functions["swapaxes"](self, -1, -2)

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """See `tg.reshape`; the lengths may be given one by one."""
        lengths = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        return functions["reshape"](self, lengths, **options)

    def transpose(self, *axes: Any) -> Any:
        """See `tg.transpose`; the axes may be given one by one."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
        return functions["transpose"](self, order or None)

    def sum(self, axis: Any = None, **options: Any) -> Any:
        """See `tg.sum`."""
        return functions["sum"](self, axis, **options)

    def mean(self, axis: Any = None, **options: Any) -> Any:
        """See `tg.mean`."""
        return functions["mean"](self, axis, **options)

    def max(self, axis: Any = None, **options: Any) -> Any:
        """See `tg.max`."""
        return functions["max"](self, axis, **options)

    def min(self, axis: Any = None, **options: Any) -> Any:
        """See `tg.min`."""
        return functions["min"](self, axis, **options)

    def dot(self, other: Any) -> Any:
        """See `tg.dot`."""
        return functions["dot"](self, other)

    def prod(self, axis: Any = None, **options: Any) -> Any:
        """See `tg.prod`."""
        return functions["prod"](self, axis, **options)

    def var(self, axis: Any = None, **options: Any) -> Any:
        """See `tg.var`."""
        return functions["var"](self, axis, **options)

    def std(self, axis: Any = None, **options: Any) -> Any:
        """See `tg.std`."""
        return functions["std"](self, axis, **options)

    def cumsum(self, axis: Any = None, **options: Any) -> Any:
        """See `tg.cumsum`."""
        return functions["cumsum"](self, axis, **options)

    def cumprod(self, axis: Any = None, **options: Any) -> Any:
        """See `tg.cumprod`."""
        return functions["cumprod"](self, axis, **options)

    def all(self, axis: Any = None, **options: Any) -> Any:
        """See `tg.all`."""
        return functions["all"](self, axis, **options)

    def any(self, axis: Any = None, **options: Any) -> Any:
        """See `tg.any`."""
        return functions["any"](self, axis, **options)

    def take(self, indices: Any, axis: Any = None, **options: Any) -> Any:
        """See `tg.take`."""
        return functions["take"](self, indices, axis, **options)

    def sin(self) -> Any:
        """See `tg.sin`."""
        return functions["sin"](self)

    def cos(self) -> Any:
        """See `tg.cos`."""
        return functions["cos"](self)

    def clip(self, min: Any = None, max: Any = None) -> Any:
        """See `tg.clip`."""
        return functions["clip"](self, min, max)

    def round(self, decimals: int = 0) -> Any:
        """See `tg.round`."""
        return functions["round"](self, decimals)

    def logsumexp(self, axis: Any = None, **options: Any) -> Any:
        """See `tg.logsumexp`."""
        return functions["logsumexp"](self, axis, **options)

    def argmax(self, axis: Any = None, **options: Any) -> Any:
        """See `tg.argmax`."""
        return functions["argmax"](self, axis, **options)

    def argmin(self, axis: Any = None, **options: Any) -> Any:
        """See `tg.argmin`."""
        return functions["argmin"](self, axis, **options)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """See `tg.swapaxes`."""
        return functions["swapaxes"](self, axis1, axis2)

    def squeeze(self, axis: Any = None) -> Any:
        """See `tg.squeeze`."""
        return functions["squeeze"](self, axis)

    def ravel(self, order: str = "C") -> Any:
        """See `tg.ravel`."""
        return functions["ravel"](self, order)

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """See `tg.astype`."""
        return functions["astype"](self, dtype, copy)

    def compress(self, condition: Any, axis: Any = None) -> Any:
        """See `tg.compress`."""
        return functions["compress"](condition, self, axis)

    def fill(self, value: Any) -> None:
        """Assign `value` to every element."""
        self[...] = value

    def put(self, indices: Any, values: Any, mode: str = "raise") -> None:
        """Assign values to elements counted row by row (see `tg.put`)."""
        functions["put"](self, indices, values, mode)

    def sort(self, axis: int = -1, kind: Any = None, *, stable: Any = None) -> None:
        """Assign the sorted elements, as an array's method does; `tg.sort` gives them as a new Tensor."""
        self[...] = functions["sort"](self, axis, kind, stable=stable)

    def partition(self, kth: Any, axis: int = -1) -> None:
        """Assign the partly sorted elements; `tg.partition` gives them as a new Tensor."""
        self[...] = functions["partition"](self, kth, axis)

    def copy(self) -> Any:
        """See `tg.copy`."""
        return functions["copy"](self)

    def exp(self) -> Any:
        """See `tg.exp`."""
        return functions["exp"](self)

    def log(self) -> Any:
        """See `tg.log`."""
        return functions["log"](self)

    def sqrt(self) -> Any:
        """See `tg.sqrt`."""
        return functions["sqrt"](self)

    def square(self) -> Any:
        """See `tg.square`."""
        return functions["square"](self)

    def tanh(self) -> Any:
        """See `tg.tanh`."""
        return functions["tanh"](self)

    def sigmoid(self) -> Any:
        """See `tg.sigmoid`."""
        return functions["sigmoid"](self)

    def relu(self) -> Any:
        """See `tg.relu`."""
        return functions["relu"](self)

    def softmax(self, axis: int = -1) -> Any:
        """See `tg.softmax`."""
        return functions["softmax"](self, axis)

    def log_softmax(self, axis: int = -1) -> Any:
        """See `tg.log_softmax`."""
        return functions["log_softmax"](self, axis)

    def flatten(self, order: str = "C") -> Any:
        """The elements as one axis (see `tg.ravel`)."""
        return functions["ravel"](self, order)

    def abs(self) -> Any:
        """See `tg.abs`."""
        return functions["abs"](self)

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self._value.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._value.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._value.size

    @property
    def itemsize(self) -> int:
        """The bytes of one element."""
        return self._value.itemsize

    @property
    def nbytes(self) -> int:
        """The bytes of all elements."""
        return self._value.nbytes

    @property
    def real(self) -> Any:
        """The real part: the tensor itself."""
        return functions["real"](self)

    @property
    def imag(self) -> Any:
        """The imaginary part: zeros."""
        return functions["imag"](self)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the elements."""
        return self._value.dtype

    @property
    def grad(self) -> Any:
        """The gradient that `backward` stored, a Tensor; None before. Leaves add up over calls."""
        return getattr(self, "_grad", None)

    @grad.setter
    def grad(self, value: Any) -> None:
        gradient = value if value is None or isinstance(value, ArrayMethods) else functions["tensor"](value)
        if gradient is not None and gradient.shape != self.shape:
            raise errors.gradient_shape("The new .grad", gradient.shape, self.shape)
        self._grad = gradient  # type: ignore[misc]

    @property
    def requires_grad(self) -> bool:
        """Whether a graph leads to this tensor, or starts here."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Make this a leaf that collects a gradient, or stop it from being one; returns itself."""
        if not self.is_leaf and not requires_grad:
            raise errors.computed_requires_grad()
        if not requires_grad:
            object.__setattr__(self, "_node", None)
        elif self._node is None:
            self._become_leaf(np.array(self._value)[()])
        return self

    @property
    def is_leaf(self) -> bool:
        """True unless an op with a graph made this tensor."""
        return self._node is None or self._node.op is None

    @property
    def node(self) -> Any:
        """The record of how this tensor was made; None where no gradient is needed."""
        return self._node

    @property
    def data(self) -> np.ndarray[Any, Any]:
        """The value as an ndarray; read-only unless this is a leaf. Assigning to it binds a new value."""
        value = self._leaving(".data")
        if not self.is_leaf:
            return read_only(value)
        if type(value) is not np.ndarray:  # a 0-d value is kept as a NumPy scalar until asked for
            self._value = value = np.array(value)
            if self._node is not None:
                self._node.value = value
        return value

    @data.setter
    def data(self, value: Any) -> None:
        self.assign(value)

    @property
    def name(self) -> str | None:
        """A name for repr, pictures and messages."""
        return getattr(self, "_name", None)

    @name.setter
    def name(self, value: str | None) -> None:
        self._name = value  # type: ignore[misc]
        if self._node is not None:
            self._node.annotate().name = value

    def backward(
        self,
        gradient: Any | None = None,
        retain_graph: bool = True,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Compute the gradient of this tensor with respect to every leaf and add it to their `.grad`.

        Args:
            gradient: the upstream gradient, of this tensor's shape; may be left out for a scalar.
            retain_graph: keep the graph, so that it can be drawn and walked again; it stays as
                long as this tensor. Training loops pass False, which frees it on the way
                (20 to 40 % faster and half the memory).
            create_graph: record the backward pass too, so that gradients can be differentiated.
            inputs: the leaves to compute for; by default all.

        Raises:
            GraphError: without a graph, on a non-scalar without `gradient`, or after it was freed.
        """
        functions["backward"](self, gradient, retain_graph, create_graph, inputs)

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self._grad = None  # type: ignore[misc]

    def retain_grad(self) -> None:
        """Let `backward` store `.grad` here too; each backward replaces it."""
        if self._node is not None:
            self._node.annotate().owner = weakref.ref(self)

    def register_hook(self, hook: Callable[[Any], Any]) -> HookHandle:
        """Call `hook(gradient)` in each backward once this tensor's gradient is complete.

        A returned value replaces the gradient. `handle.remove()` takes the hook away.
        """
        if self._node is None:
            raise errors.hook_without_graph()
        return HookHandle(self._node.annotate().hooks, hook)

    # Leaving for plain Python: an observer (capture) may forbid it

    def _leaving(self, what: str) -> Any:
        for observer in MODE.get().observers:
            observer.on_escape(self, what)
        return self._value

    def item(self) -> Any:
        """The value of a one-element tensor as a Python number."""
        value = self._leaving(".item()")
        if value.size != 1:
            raise errors.not_one_element(value.shape)
        return value.item()

    def tolist(self) -> Any:
        """The value as (nested lists of) Python numbers."""
        return self._leaving(".tolist()").tolist()

    def numpy(self) -> np.ndarray[Any, Any]:
        """The value as an ndarray; refused while a graph leads here, as in PyTorch."""
        return self.__array__()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        value = self._leaving("NumPy")
        if self._node is not None:
            raise errors.needs_detach()
        return np.array(value, dtype=dtype) if copy else np.asarray(value, dtype=dtype)

    def __float__(self) -> float:
        if self._node is not None and MODE.get().recording:
            if _assigns_to_element(sys._getframe(1)):
                raise errors.stored_in_array()
            LEFT.set(LEFT.get() + 1)
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        return operator.index(self._leaving("an index"))

    def __bool__(self) -> bool:
        return bool(self._leaving("bool()"))

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return bool(np.any(self._leaving("in") == getattr(value, "_value", value)))

    def __format__(self, spec: str) -> str:
        value = self._leaving("format()")
        if not spec:
            return str(self)
        if value.size == 1:
            return format(value.item(), spec)
        return np.array2string(value, formatter={"all": lambda element: format(element, spec)})

    def __repr__(self) -> str:
        value = np.asarray(self._value)
        parts = [np.array2string(value, separator=", ", prefix="tensor(")]
        if not value.size and value.ndim != 1:
            parts.append(f"shape={value.shape}")
        if value.dtype not in (np.float64, np.int64, np.bool_):
            parts.append(f"dtype={value.dtype}")
        if self.name is not None:
            parts.append(f"name={self.name!r}")
        if self._node is not None:
            parts.append(f"op={self._node.op.name}" if self._node.op else "requires_grad=True")
        return f"tensor({', '.join(parts)})"

    __hash__ = object.__hash__

    def __reduce__(self) -> tuple[Any, ...]:
        if self._node is not None and self._node.op is not None:
            raise errors.not_picklable()
        kind = type(self) if "_base" not in type(self).__slots__ else type(self).__base__
        return kind, (np.array(self._value), self._node is not None, None, self.name)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        kind, arguments = self.__reduce__()
        memo[id(self)] = result = kind(*arguments)
        return result


def _forwarding(name: str) -> Callable[..., Any]:
    """The method of that name: the function, with the tensor as its first argument."""

    def method(self: Any, *args: Any, **options: Any) -> Any:
        return functions[name](self, *args, **options)

    method.__name__, method.__qualname__, method.__doc__ = name, f"Tensor.{name}", f"See `tg.{name}`."
    return method


for _name in """argpartition argsort choose conjugate diagonal nonzero repeat searchsorted trace""".split():
    setattr(ArrayMethods, _name, _forwarding(_name))
setattr(ArrayMethods, "conj", _forwarding("conjugate"))  # noqa: B010 - beside the others


def _assigns_to_element(frame: Any) -> bool:
    """Whether that frame is at `array[i] = value`: NumPy asks for a float there, and the graph would end unseen."""
    return bool(frame.f_code.co_code[frame.f_lasti] == _STORE_SUBSCRIPT)


def read_only(value: Any) -> np.ndarray[Any, Any]:
    """A view of `value` that cannot be written through."""
    view = np.asarray(value).view()
    view.flags.writeable = False
    return view


class HookHandle:
    """What `register_hook` returns; `remove()` takes the hook away again."""

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
        self._hooks = hooks
        self._key = builtins.max(hooks, default=-1) + 1
        hooks[self._key] = hook

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        self._hooks.pop(self._key, None)


def hooked(hook: Callable[[Any], Any], g: Any) -> Any:
    """The gradient as a hook leaves it: the one it returns, or the same."""
    recorded = isinstance(g, ArrayMethods)
    given = g if recorded else functions["tensor"](read_only(g))
    replaced = hook(given)
    if replaced is None:
        return g
    replaced = replaced if isinstance(replaced, ArrayMethods) else functions["tensor"](replaced)
    if replaced.shape != given.shape:
        raise errors.gradient_shape("The gradient that a hook returned", replaced.shape, given.shape)
    if replaced.dtype != given.dtype:
        replaced = functions["astype"](replaced, dtype=given.dtype)
    return replaced if recorded else replaced._value
