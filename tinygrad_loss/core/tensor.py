"""The tensor: a value and the node that made it.

What can be done with it stands in `ops/`, one block per op; the methods that forward to those blocks,
assignment, and the conversions to plain Python are in `array_methods.py`.
"""

from __future__ import annotations

import weakref
from typing import Any, TypeAlias

import numpy as np

from .. import errors
from ..arguments import as_value
from .array_methods import ArrayMethods, read_only
from .node import NO_ATTRIBUTES, Extra, Node

ArrayLike: TypeAlias = Any  # a Tensor, an ndarray, a number, or nested lists of numbers


class Tensor(ArrayMethods):
    """An array that remembers how it was computed.

    Args:
        data: a number, nested lists, an ndarray, or another Tensor (whose value is taken).
        requires_grad: make this a leaf whose gradient `backward` computes. The data is copied, so
            that a later change of your array cannot change the graph.
        dtype: a NumPy dtype; by default the data's own. Python floats become float64, as in NumPy.
        name: shown in repr, pictures and error messages.

    Raises:
        DTypeError: for data that is not numeric, or `requires_grad` on integers or booleans.

    >>> x = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> loss = (x * x).sum()
    >>> loss.backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __slots__ = ("__weakref__", "_grad", "_name", "_node", "_origin", "_value")
    _base: Any = None  # a View has one

    def __init__(self, data: ArrayLike, requires_grad: bool = False, dtype: Any = None, name: Any = None) -> None:
        self._value: Any = as_value(data, dtype)
        self._node: Node | None = None
        if name is not None:
            self._name: str | None = name
        if requires_grad:
            self._become_leaf(np.array(self._value)[()])

    def _become_leaf(self, value: Any) -> None:
        """Start a graph here: a new leaf Node around `value`, with the name and hooks of the old one."""
        if value.dtype.kind not in "fc":
            raise errors.not_differentiable(value.dtype)
        extra = Extra() if self._node is None or self._node.extra is None else self._node.extra
        extra.owner = weakref.ref(self)
        extra.name = self.name
        if self._base is not None:
            self._base = None  # a leaf has memory of its own
        self._value = value
        self._node = Node(None, (), NO_ATTRIBUTES, value, (), extra)
        self._grad = self.grad

    def detach(self) -> Tensor:
        """The same value without its graph; read-only, since the graph still holds it."""
        held = self._node is not None and isinstance(self._value, np.ndarray)  # nobody can write into a scalar
        return wrap(read_only(self._value) if held else self._value, None)


class View(Tensor):
    """A tensor that shares memory with another one; it says so when that one was assigned since.

    NumPy's view would show the new values, this one cannot: so it refuses rather than differ.
    """

    __slots__ = ("_base", "_seen")

    def _read(self) -> Any:
        if self._base is not None and self._base._value is not self._seen:
            raise errors.stale_view()
        return _value_slot.__get__(self)

    def _write(self, value: Any) -> None:
        _value_slot.__set__(self, value)

    _value = property(_read, _write)


_value_slot: Any = Tensor.__dict__["_value"]


def wrap(value: Any, node: Node | None) -> Tensor:
    """A Tensor around a value and its node, without the checks of the constructor."""
    tensor = object.__new__(Tensor)
    tensor._value = value
    tensor._node = node
    return tensor


def wrap_view(value: Any, node: Node | None, base: Tensor) -> Tensor:
    """A View of `base`; a view of a view belongs to the tensor at its root."""
    view = object.__new__(View)
    view._base = base if base._base is None else base._base
    view._seen = view._base._value  # type: ignore[attr-defined]
    view._value = value
    view._node = node
    return view
