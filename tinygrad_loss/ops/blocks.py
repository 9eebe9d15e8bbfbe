"""Long formulas of large arrays, a block at a time: what is computed on the way stays in the processor's cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

BLOCK = 2**14  # elements
WIDE = 2**15  # of which only two or three blocks are in use at a time
MANY = 2**16  # elements from which on it pays


def _large(x: Any) -> bool:
    return type(x) is np.ndarray and x.size >= MANY and x.dtype.kind == "f"


def in_blocks(formula: Callable[..., Any], *arrays: Any) -> Any:
    """`formula(*arrays)`, which treats each element by itself.

    In one go each step of the formula writes a whole array to memory and the next one reads it back.
    Anything but arrays of one shape and dtype, Tensors above all, is handed on as it is.
    """
    x = arrays[0]
    if not _large(x):
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


def scaled_rows(x: Any, gamma: Any, beta: Any) -> Any:
    """`x * gamma + beta`: a large x many rows at a time, for NumPy takes rows of a broadcast one by one."""
    n = x.shape[-1] if _large(x) and x.flags.c_contiguous else 0
    for a in (gamma, beta):
        if type(a) is not np.ndarray or a.shape != (n,) or a.dtype != x.dtype or not 0 < n <= WIDE // 4:
            return x * gamma + beta
    many = WIDE // n
    gammas, betas = np.tile(gamma, many), np.tile(beta, many)
    out = np.empty(x.shape, x.dtype)
    flat, places = x.reshape(-1), out.reshape(-1)
    for start in range(0, x.size, many * n):
        block, place = flat[start : start + many * n], places[start : start + many * n]
        np.multiply(block, gammas[: block.size], out=place)
        place += betas[: block.size]
    return out


def written_in_blocks(write: Callable[..., None], formula: Callable[..., Any], x: Any) -> Any:
    """`formula(x)`, by `write(x, out, scratch)`, which computes the same to the bit without making arrays."""
    if not _large(x) or not x.flags.c_contiguous:
        return formula(x)
    out, scratch = np.empty(x.shape, x.dtype), np.empty(WIDE, x.dtype)
    flat, places = x.reshape(-1), out.reshape(-1)
    for start in range(0, x.size, WIDE):
        block = flat[start : start + WIDE]
        write(block, places[start : start + WIDE], scratch[: block.size])
    return out
