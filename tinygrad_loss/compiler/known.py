"""Which array is which value, while a function runs: by identity, without keeping the arrays alive."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .draws import Drawn
from .ir import Value, same_memory

__all__ = ["Known"]


class Known:
    """The values of the arrays that were seen. What the run itself let go of is known no more."""

    def __init__(self, reasons: list[str]) -> None:
        self._reasons = reasons  # why no program can be made
        self._entries: dict[int, tuple[Value, Callable[[], Any]]] = {}  # by id; and the way to the array, if it lives

    def put(self, array: Any, value: Value) -> None:
        """From now on, this array is that value."""
        try:
            self._entries[id(array)] = value, weakref.ref(array)
        except TypeError:  # a NumPy scalar: small enough to be kept
            self._entries[id(array)] = value, lambda: array

    def put_base(self, array: Any, value: Value) -> None:
        """An array may be a view of its own memory: then other views of it have that as their base."""
        base = getattr(array, "base", None)
        if base is not None and self.find(base) is None and same_memory(base, array):
            self.put(base, value)

    def find(self, array: Any) -> Value | None:
        """The value of this very array, not of one that was there before at its address."""
        value, alive = self._entries.get(id(array), (None, None))
        return value if alive is not None and alive() is array else None

    def behind(self, array: Any) -> Value | None:
        """The value that an array looks at, if at all of it; a part of one, or what was made of draws, is refused."""
        base, drawn = array, False
        while base is not None:
            drawn = drawn or isinstance(base, Drawn)
            value = self.find(base)
            if value is not None and value.source != "constant":
                if same_memory(base, array):
                    return value
                self._refuse("a view of a value: It was taken where it could not be seen: take it of the Tensor.")
                return None
            base = getattr(base, "base", None)
        if drawn:
            self._refuse("random numbers: They were computed with before they became a Tensor: say tg.tensor(draw).")
        return None

    def _refuse(self, why: str) -> None:
        self._reasons.append(why)

    def of(self, array: Any) -> Value:
        """The value of an array; a constant if it was not seen before."""
        value = self.find(array)
        if value is None:
            value = self.behind(array) or Value(np.asarray(array), "constant")
            self.put(array, value)
        return value

    def recall(self) -> None:
        """Let every value be what its array is, if that is still there."""
        for value, array in self._entries.values():
            value.array = value.array if array() is None else array()

    def forget(self) -> None:
        """Let go of what the values were."""
        for value, _ in self._entries.values():
            value.forget()
