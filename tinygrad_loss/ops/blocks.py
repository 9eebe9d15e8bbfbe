"""Long formulas of large arrays, a block at a time: what is computed on the way stays in the processor's cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

BLOCK = 2**14  # elements
MANY = 2**16  # elements from which on it pays


def in_blocks(formula: Callable[..., Any], *arrays: Any) -> Any:
    """`formula(*arrays)`, which treats each element by itself.

    In one go each step of the formula writes a whole array to memory and the next one reads it back.
    Anything but arrays of one shape and dtype, Tensors above all, is handed on as it is.
    """
    x = arrays[0]
    if type(x) is not np.ndarray or x.size < MANY or x.dtype.kind != "f":
        return formula(*arrays)
    for a in arrays:
        if type(a) is not np.ndarray or a.shape != x.shape or a.dtype != x.dtype or not a.flags.c_contiguous:
            return formula(*arrays)
    out = np.empty(x.shape, x.dtype)
    flat, places = [a.reshape(-1) for a in arrays], out.reshape(-1)
    for start in range(0, x.size, BLOCK):
        block = slice(start, start + BLOCK)
        places[block] = formula(*[a[block] for a in flat])
    return out
