"""The parameter: a leaf tensor that a layer owns and training changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.tensor import ArrayLike, Tensor


class Parameter(Tensor):
    """A tensor that a layer owns: a leaf with a name, which training changes if it is trainable.

    Args:
        data: the initial value; it is copied.
        trainable: whether training may change it. A running statistic is a parameter that is not.
        dtype: a NumPy dtype; by default the data's own.
        name: "kernel", "bias", ...
        regularizer: a function of the parameter whose value is added to the loss.
        constraint: a function of the array that is applied after each step of training.

    >>> w = tg.layers.Parameter([1.0, 2.0], name="w")
    >>> (w * w).sum().backward()
    >>> w.grad
    tensor([2., 4.])
    """

    __slots__ = ("_trainable", "constraint", "regularizer")

    def __init__(
        self,
        data: ArrayLike,
        trainable: bool = True,
        dtype: Any = None,
        name: str | None = None,
        regularizer: Callable[[Any], Any] | None = None,
        constraint: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(data, requires_grad=trainable, dtype=dtype, name=name)
        if not trainable:  # a leaf has copied its data already
            self._value = np.array(self._value)[()]
        self._trainable = bool(trainable)
        self.regularizer = regularizer
        self.constraint = constraint

    @property
    def trainable(self) -> bool:
        """Whether training may change it. A frozen layer's parameters keep their own wish meanwhile."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        self.requires_grad_(self._trainable)

    def freeze(self, frozen: bool) -> None:
        """Stop collecting gradients, or go on with it where the parameter is trainable at all."""
        self.requires_grad_(self._trainable and not frozen)

    def __reduce__(self) -> tuple[Any, ...]:
        state = (np.array(self._value), self._trainable, self.requires_grad, self.name)
        return _restored, (*state, self.regularizer, self.constraint)


def _restored(
    value: Any, trainable: bool, requires_grad: bool, name: str | None, regularizer: Any, constraint: Any
) -> Parameter:
    """A parameter as it was pickled or copied, frozen if it was."""
    parameter = Parameter(value, trainable, None, name, regularizer, constraint)
    parameter.freeze(trainable and not requires_grad)
    return parameter
