"""Threads: parts of a program that run side by side, and how many of them BLAS may use meanwhile.

NumPy lets go of the interpreter inside its loops, so threads of one process share its arrays and both
cores. BLAS has threads of its own; where the program's threads work, it gets one for each of them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import cache
from typing import Any

__all__ = ["available", "beside", "side_by_side"]

_lock = threading.Lock()
_inside = 0  # how many programs want BLAS on one thread just now
_before: list[int] = []  # how many it had


@cache
def _libraries() -> list[Any]:
    """The BLAS libraries that were loaded, NumPy's among them."""
    from threadpoolctl import ThreadpoolController

    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


def available() -> int:
    """How many threads a program may use: as many as BLAS would, so that its environment variables hold here too."""
    return max((library.num_threads for library in _libraries()), default=1) if not _inside else max(_before)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=max(1, (os.cpu_count() or 1) - 1), thread_name_prefix="tinygrad_loss")


if hasattr(os, "register_at_fork"):  # a forked child has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)


def _blas_threads(start: bool) -> None:
    """One BLAS thread from the first program that asks to the last that has ended."""
    global _inside, _before
    with _lock:
        if start and not _inside:
            _before = [library.num_threads for library in _libraries()]
            for library in _libraries():
                library.set_num_threads(1)
        _inside += 1 if start else -1
        if not _inside:
            for library, count in zip(_libraries(), _before, strict=True):
                library.set_num_threads(count)


def side_by_side(tasks: Sequence[Callable[[], Any]]) -> None:
    """Run every task, the first in this thread; come back, or raise, only when all have ended."""
    _blas_threads(True)
    # each in a copy of the caller's context, where NumPy keeps what np.errstate says
    waiting = [_pool().submit(copy_context().run, task) for task in tasks[1:]]
    try:
        tasks[0]()
    finally:
        _ended(waiting)
        _blas_threads(False)
    for each in waiting:
        each.result()


def _ended(waiting: Sequence[Any]) -> None:
    """Wait for all; an interrupt waits as well, since the tasks write into memory that is used again."""
    interrupt: BaseException | None = None
    while True:
        try:
            wait(waiting)
            break
        except KeyboardInterrupt as error:
            interrupt = error
    if interrupt is not None:
        raise interrupt


def beside(tasks: Sequence[Callable[[], Any]]) -> None:
    """Run every task in a thread of its own: what stands for `side_by_side` in a program that runs on its own."""
    threads = [threading.Thread(target=task) for task in tasks]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
