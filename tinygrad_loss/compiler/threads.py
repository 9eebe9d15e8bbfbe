"""Threads: parts of a program that run side by side, and how many of them BLAS may use meanwhile.

NumPy lets go of the interpreter inside its loops, so threads of one process share its arrays and both
cores. BLAS has threads of its own; where the program's threads work, it gets one for each of them.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import cache
from itertools import starmap
from operator import call
from queue import SimpleQueue
from time import sleep
from typing import Any

__all__ = ["Half", "alone", "available", "beside", "side_by_side"]

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


def alone(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, run with one BLAS thread."""

    def run(*args: Any) -> Any:
        _blas_threads(True)
        try:
            return function(*args)
        finally:
            _blas_threads(False)

    return run


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


class Half:
    """The second half of a list of calls, which another thread runs through while this one runs through the first.

    The first half has `begin` before it and `end` behind it, and C runs through all of that: an interrupt can
    come in one place only, where `end` waits for the other thread. Then all is done when `settle` returns.
    """

    def __init__(self, calls: list[Any]) -> None:
        self.busy = [False]  # whether the other thread is at work
        self.job: list[Any] = [calls, None, [], self.busy]  # with the context to run it in, and what went wrong
        self.inbox: SimpleQueue[Any] = SimpleQueue()
        self.outbox: SimpleQueue[Any] = SimpleQueue()
        self.thread: Any = None

    def begin(self) -> list[Any]:
        """What sets the other thread to work."""
        return [(self.busy.__setitem__, 0, True), (self.inbox.put, self.job)]

    def end(self) -> list[Any]:
        """What waits for it."""
        return [(self.outbox.get,)]

    def prepare(self) -> None:
        """See that the thread is there, and that it does its work under the caller's `np.errstate`."""
        self.settle()
        while not self.outbox.empty():  # of a run whose end was interrupted
            self.outbox.get()
        self.job[1] = copy_context()
        if self.thread is None or not self.thread.is_alive():  # a forked child has none of its parent's threads
            self.thread = threading.Thread(target=_serve, args=(self.inbox, self.outbox), daemon=True)
            self.thread.start()

    def settle(self) -> None:
        """Wait for the other thread if it is still at work, and raise what went wrong there."""
        interrupt: BaseException | None = None
        while True:
            try:
                while self.busy[0]:
                    sleep(0)
                break
            except KeyboardInterrupt as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt
        errors = self.job[2]
        if errors:
            raise errors.pop()

    def __del__(self) -> None:
        self.inbox.put(None)


def _serve(inbox: Any, outbox: Any) -> None:
    """Run through the calls that come in, one list after the other, until there is nothing more to come."""
    while True:
        job = inbox.get()
        if job is None:
            return
        calls, context, errors, busy = job
        try:
            context.run(deque, starmap(call, calls), 0)
        except BaseException as error:  # noqa: BLE001 - it is raised where the program runs
            errors.append(error)
        outbox.put(None)
        busy[0] = False
        del job, calls, context, errors, busy


def beside(tasks: Sequence[Callable[[], Any]]) -> None:
    """Run every task in a thread of its own: what stands for `side_by_side` in a program that runs on its own."""
    threads = [threading.Thread(target=task) for task in tasks]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
