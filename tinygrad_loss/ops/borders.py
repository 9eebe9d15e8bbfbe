"""Which elements a border repeats, when it is made of the array's own, and in what pieces."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..core.array_methods import read_only
from .cumulative import along

__all__: list[str] = []  # for padding


@lru_cache(maxsize=256)
def sources(n: int, widths: tuple[int, int], mode: Any) -> tuple[Any, Any]:
    """For each place of the border along one axis: its number, 0 at the first element; and where it was taken from."""
    before, after = widths
    taken = np.pad(np.arange(n), widths, mode)
    numbers = np.arange(-before, n + after)
    border = (numbers < 0) | (numbers >= n)
    return read_only(numbers[border]), read_only(taken[border])


@lru_cache(maxsize=256)
def runs_of(axis: int, n: int, widths: tuple[int, int], mode: str) -> list[tuple[Any, Any, bool]]:
    """The border along an axis in pieces: the index of each, that of what it repeats, and if that is one element.

    The first counts in the padded array, the second in the array itself. Along a piece what is repeated moves
    on by one, or back by one, or stays.
    """
    numbers, taken = sources(n, widths, mode)
    numbers = numbers + widths[0]
    runs, start = [], 0

    def goes_on(stop: int, step: int) -> bool:
        moved = stop < len(numbers) and (numbers[stop] - numbers[stop - 1], taken[stop] - taken[stop - 1])
        return moved == (1, step)

    while start < len(numbers):
        step = next((each for each in (1, -1, 0) if goes_on(start + 1, each)), 1)
        stop = start + 1
        while goes_on(stop, step):
            stop += 1
        first, last = int(taken[start]), int(taken[stop - 1])
        source = slice(first, last + 1) if step >= 0 else slice(first, last - 1 if last else None, -1)
        border = slice(int(numbers[start]), int(numbers[start]) + stop - start)
        runs.append((along(axis, border), along(axis, source), step == 0))
        start = stop
    return runs
