"""Fair timing: everything measured in turns within one run, so that a busy machine slows all alike."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

Work = Callable[[], object]


def one_blas_thread() -> None:
    """Keep BLAS and PyTorch on one thread; to be called before NumPy is imported."""
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")


def seconds(work: Work, times: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """The mean time of one call, over `times` calls in a row."""
    start = clock()
    for _ in range(times):
        work()
    return (clock() - start) / times


def interleaved(
    works: dict[str, Work], rounds: int = 15, budget: float = 0.05, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Times of each work, in seconds, one for each round; the works take turns.

    On a busy machine `clock=time.process_time` leaves out the time that other programs had the processor.

    `budget` is about how many seconds each takes in a round. What was imported is frozen first: else
    the collector walks through a peer's thousands of modules whenever someone makes many objects.
    """
    gc.collect()
    gc.freeze()
    repeats = {}
    for name, work in works.items():
        seconds(work, 2)  # warm up apart
        repeats[name] = max(1, int(budget / max(seconds(work, 1), 1e-7)))
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(seconds(work, repeats[name], clock))
    return times


def ratio(times: dict[str, list[float]], mine: str, other: str) -> float:
    """The median over rounds of my time over the other's in the same round."""
    return statistics.median(a / b for a, b in zip(times[mine], times[other], strict=True))


def table(title: str, times: dict[str, list[float]], base: str) -> None:
    """Print medians, and ratios to `base`."""
    print(f"\n{title}")
    width = max(map(len, times))
    for name, values in times.items():
        median = statistics.median(values)
        print(f"  {name:<{width}}  {median * 1e6:12,.1f} µs   {ratio(times, name, base):8.3g} of {base}")


def machine(*packages: str) -> str:
    """One line that says what this was measured on."""
    found = []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} not installed")
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "default")
    return (
        f"Python {sys.version.split()[0]}, {', '.join(found)}; {platform.machine()}, {os.cpu_count()} cores, "
        f"BLAS threads {threads}"
    )
