"""Contenders that take turns: each in a process of its own, stopped while another one is timed.

Frameworks keep threads that wait by spinning, and each brings a BLAS and an allocator of its own: in one
process they disturb one another. So every contender of a workload is a child process with its own
environment. The parent asks the children in turn to run some steps and is told how long they took; a
child that is not asked is stopped by a signal, its spinning threads with it.

A family file (`bench_dense.py`) holds `FAMILY`: workloads by name, and contenders, each a function of the
workload that gives a `Step`. Losses of the first five steps must agree before anything is timed.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
FIRST = 5  # steps whose losses are compared
MEGABYTE = 2**20


# The processor's time is what a busy machine hardly changes; with several threads it is their sum.
clock = time.process_time if os.environ.get("BENCHMARK_CLOCK") == "cpu" else time.perf_counter


class Step:
    """A contender made ready: `step()` runs once and gives something that `value` turns into numbers to compare."""

    def __init__(
        self, step: Callable[[], Any], value: Callable[[Any], Any] = float, wait: Callable[[Any], Any] | None = None
    ) -> None:
        self.step = step
        self.value = value
        self.wait = wait or (lambda result: None)  # what a framework that computes in the background needs

    def run(self, count: int) -> float:
        """The seconds that `count` steps in a row take, the last one's result waited for."""
        start = clock()
        for _ in range(count):
            result = self.step()
        self.wait(result)
        return clock() - start

    def first(self) -> tuple[float, list[Any]]:
        """The seconds of the very first step, and the values of the first five."""
        start = time.perf_counter()
        values = [self.value(self.step())]
        seconds = time.perf_counter() - start
        return seconds, values + [self.value(self.step()) for _ in range(FIRST - 1)]


class Contender(NamedTuple):
    """One way of computing a workload."""

    name: str
    build: Callable[[Any], Step]
    blas: int | None = None  # BLAS threads; None for as many as the run allows
    needs: tuple[str, ...] = ()  # modules, without which it is left out
    threads: int = 1  # it makes no sense with fewer
    numpy: bool = False  # its memory is seen by tracemalloc
    skips: tuple[str, ...] = ()  # workloads it cannot compute
    tolerance: float = 1e-3  # of the losses, relative


class Family(NamedTuple):
    """Workloads of one kind, and all contenders for them; the hand-written ones' names begin with "hand"."""

    name: str
    workloads: dict[str, Any]
    contenders: list[Contender]


def family_of(name: str) -> Family:
    """The family that the file `bench_<name>.py` declares."""
    found: Family = importlib.import_module(f"bench_{name}").FAMILY
    return found


def peer(function: str, data_of: Callable[[Any], Any], module: str, **options: Any) -> Callable[[Any], Step]:
    """A builder from `peers/`, imported in the process that needs it."""

    def build(task: Any) -> Step:
        made: Step = getattr(importlib.import_module(f"peers.{module}"), function)(task, data_of(task), **options)
        return made

    return build


# The child.


def _peak() -> float:
    """The most memory this process has held, in MB."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _forget_peak() -> None:
    """Let the peak start anew from what is held now, where the system can (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


class _Child:
    """What answers the parent's messages."""

    def __init__(self, family: str, workload: str, contender: str) -> None:
        made = family_of(family)
        self.work = made.workloads[workload]
        known = {each.name: each for each in made.contenders}
        if contender not in known:
            raise LookupError(f"there is no contender {contender!r}")
        self.contender = known[contender]
        for name in ("numpy.random", *self.contender.needs):
            importlib.import_module(name)  # not part of what is measured
        self.made: Any = None

    def build(self) -> Any:
        """Make it ready and run the first steps."""
        _forget_peak()
        self.base = _peak()
        self.made = self.contender.build(self.work)
        seconds, values = self.made.first()
        return {"first": seconds, "values": values}

    def run(self, count: int) -> Any:
        """Seconds for each of `count` steps."""
        return self.made.run(count) / count

    def peak(self) -> Any:
        """Memory held at most since just before it was made ready, beyond what was held then, in MB."""
        return _peak() - self.base

    def traced(self) -> Any:
        """Memory that a step in steady state holds at most, as Python and NumPy ask for it, in MB."""
        tracemalloc.start()
        self.made = self.contender.build(self.work)
        self.made.run(FIRST)
        tracemalloc.reset_peak()
        self.made.run(3)
        return tracemalloc.get_traced_memory()[1] / MEGABYTE


def serve() -> None:
    """Answer messages on the standard input, one JSON line each, until it closes."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    if hasattr(os, "sched_setaffinity"):  # frameworks that take no number of threads see as many cores
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(os.environ["BENCHMARK_THREADS"])])
    os.dup2(2, 1)  # what a framework prints must not get among the answers
    try:
        child = _Child(*sys.argv[1:])
        answers.write('{"ok": true}\n')
    except Exception as error:  # noqa: BLE001 - the parent says why a contender is left out
        answers.write(json.dumps({"error": f"{type(error).__name__}: {error}"}) + "\n")
        return
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            answers.write(json.dumps({"ok": getattr(child, name)(*arguments)}) + "\n")
        except Exception as error:  # noqa: BLE001
            answers.write(json.dumps({"error": f"{type(error).__name__}: {error}"}) + "\n")


# The parent.


class FailedError(Exception):
    """A contender could not do what it was asked."""


def environment(threads: int, blas: int) -> dict[str, str]:
    """The environment of a child with that many cores, and BLAS threads; the clock is inherited."""
    names = (
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    )
    quiet = {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": "",
        "JAX_PLATFORMS": "cpu",
    }
    return {**os.environ, **quiet, **dict.fromkeys(names, str(blas)), "BENCHMARK_THREADS": str(threads)}


class Player:
    """A contender's process, as the parent sees it; stopped except while it answers."""

    def __init__(self, family: str, workload: str, contender: Contender, threads: int, python: str) -> None:
        command = [python, str(HERE / "turns.py"), family, workload, contender.name]
        self.process = subprocess.Popen(
            command,
            env=environment(threads, contender.blas or threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if "BENCHMARK_VERBOSE" not in os.environ else None,
            text=True,
        )

    def begin(self) -> None:
        """Wait until it has imported what it needs."""
        self._answer()
        self.process.send_signal(signal.SIGSTOP)

    def ask(self, name: str, *arguments: Any) -> Any:
        """What the child's method of that name gives."""
        assert self.process.stdin is not None
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.stdin.write(json.dumps([name, *arguments]) + "\n")
            self.process.stdin.flush()
            return self._answer()
        except BrokenPipeError:
            raise FailedError(f"the process ended ({self.process.wait()})") from None
        finally:
            self.process.send_signal(signal.SIGSTOP)

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise FailedError(f"the process ended ({self.process.wait()})")
        answer = json.loads(line)
        if "error" in answer:
            raise FailedError(answer["error"])
        return answer["ok"]

    def close(self) -> None:
        """End the child."""
        self.process.kill()
        with self.process:  # waits, and closes the pipes
            pass


def main(family: Family) -> None:
    """A family file run alone, with every workload and contender of it."""
    from suite import main as run

    for _ in run(family.name):
        pass


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    serve()
