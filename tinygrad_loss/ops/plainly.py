"""Calling an op from another op's rule: on plain arrays its kernel alone, where nothing is sorted out or recorded."""

from __future__ import annotations

from typing import Any

from ..core.tensor import Tensor

__all__: list[str] = []  # for the rules of other ops


def plainly(op: Any, *inputs: Any, **attributes: Any) -> Any:
    """What `op(*inputs, **attributes)` gives: at a hundred elements, sorting the arguments would cost a third of it."""
    for x in inputs:
        if isinstance(x, Tensor):
            return op(*inputs, **attributes)
    return op.op.kernel(*inputs, **attributes)
