"""Leases: while a program keeps a parameter in its own memory, the Tensor fetches it when somebody looks.

A program updates its memory in place, and a Tensor's array is never written into: others may hold it.
So between two runs a leased Tensor has no array; reading it copies the program's, and the program
notices at its next run whether the Tensor was changed in the meantime.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ..core.node import NO_ATTRIBUTES, Node
from ..core.tensor import Tensor

__all__ = ["Ended", "Lease"]


class Ended:
    """How many leases have ended so far: while that stands still, a program's leases all hold."""

    count = 0


_LEASED: dict[int, Lease] = {}  # by id of the Tensor, which its lease keeps alive
_value: Any = Tensor.__dict__["_value"]
_node: Any = Tensor.__dict__["_node"]


class Lease:
    """One Tensor whose data stands in a program's memory."""

    __slots__ = ("frozen", "handed", "kind", "leased_kind", "memory", "tensor")

    def __init__(self, tensor: Any, memory: Any) -> None:
        self.tensor = tensor
        self.memory = memory
        if id(tensor) in _LEASED:
            give_back(tensor)
        self.kind = type(tensor)
        self.leased_kind: type = leased_class(self.kind)  # type: ignore[arg-type]
        self.frozen = tensor._node is None
        self.handed: Any = None  # the array that was given out last: if the Tensor still has it, nothing changed

    def take(self) -> None:
        """Bring the Tensor's data into the program's memory, if it is not there already."""
        tensor = self.tensor
        if type(tensor) is not self.kind:  # another program has it
            give_back(tensor)
        if tensor._value is not self.handed:
            self.memory[...] = tensor._value
        self.handed = None
        if tensor._node is not None:  # a leaf without an array, whose name and hooks stay; old graphs have the old one
            tensor._node = Node(None, (), NO_ATTRIBUTES, None, (), tensor._node.extra)
        tensor._value = None
        _LEASED[id(tensor)] = self
        tensor.__class__ = self.leased_kind

    @property
    def held(self) -> bool:
        """Whether the Tensor's data is in this program's memory, and nowhere else."""
        return _LEASED.get(id(self.tensor)) is self

    def end(self) -> None:
        """Give the Tensor an array of its own again."""
        tensor = self.tensor
        Ended.count += 1
        tensor.__class__ = self.kind
        _LEASED.pop(id(tensor), None)
        self.handed = value = np.array(self.memory)[()]
        node = _node.__get__(tensor)
        if node is None:
            tensor._value = value
        else:
            tensor._become_leaf(value)


def give_back(tensor: Any) -> None:
    """End the lease of a Tensor that somebody looks at."""
    _LEASED[id(tensor)].end()


@cache
def leased_class(kind: type) -> type:
    """The class of leased Tensors of that kind: the same, but for fetching the data when it is asked for."""

    def read_value(self: Any) -> Any:
        give_back(self)
        return _value.__get__(self)

    def write_value(self: Any, value: Any) -> None:
        give_back(self)
        _value.__set__(self, value)

    def read_node(self: Any) -> Any:
        give_back(self)
        return _node.__get__(self)

    def write_node(self: Any, node: Any) -> None:
        give_back(self)
        _node.__set__(self, node)

    parts = {"__slots__": (), "_value": property(read_value, write_value), "_node": property(read_node, write_node)}
    return type(kind.__name__, (kind,), {**parts, "__module__": kind.__module__, "__doc__": kind.__doc__})
