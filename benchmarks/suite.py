"""Runs the workloads of a family: correctness first, then turns, then memory."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from turns import Contender, FailedError, Family, Player, family_of


class Result(NamedTuple):
    """What was measured of one contender on one workload."""

    seconds: list[float]  # for one step, one number for each round
    first: float  # seconds of the first step: capture, compilation
    peak: float  # MB beyond what its process held before the workload was made
    traced: float | None  # MB that a step holds in steady state; only of NumPy programs


class Row(NamedTuple):
    """A workload with the results of all who ran it."""

    workload: str
    title: str
    results: dict[str, Result]
    failed: dict[str, str]

    @property
    def base(self) -> str:
        """The fastest hand-written program."""
        hands = [name for name in self.results if name.startswith("hand")]
        return min(hands, key=lambda name: statistics.median(self.results[name].seconds))

    def best_ratio(self, name: str) -> float:
        """Its fastest round over the yardstick's: what is left where other work disturbs most rounds."""
        return min(self.results[name].seconds) / min(self.results[self.base].seconds)

    def ratio(self, name: str) -> float:
        """The median over rounds of its time over the yardstick's in the same round."""
        pairs = zip(self.results[name].seconds, self.results[self.base].seconds, strict=True)
        return statistics.median(a / b for a, b in pairs)


class Plan(NamedTuple):
    """How long to measure."""

    rounds: int = 21
    budget: float = 0.05  # seconds of each contender in each round: short turns, so that a busy machine slows all alike
    threads: int = 2
    clock: str = "wall"  # or "cpu"
    pythons: dict[str, str] = {}  # interpreters by module that a contender needs; else this one
    memory: bool = True  # of steady states too

    def python_of(self, contender: Contender) -> str:
        """The interpreter that runs the contender."""
        return next((self.pythons[name] for name in contender.needs if name in self.pythons), sys.executable)


PLAN = Plan()


def run(family: Family, workload: str, contenders: list[Contender], plan: Plan, log: Any = print) -> Row:
    """Measure the contenders on one workload."""
    stage = Stage(family, workload, plan)
    try:
        return stage.measured(contenders, log)
    finally:
        stage.close()


class Stage:
    """The processes of the contenders for one workload."""

    def __init__(self, family: Family, workload: str, plan: Plan) -> None:
        self.family, self.workload, self.plan = family, workload, plan
        self.players: dict[str, Player] = {}
        self.failed: dict[str, str] = {}

    def enter(self, contender: Contender) -> Player:
        """Start its process."""
        player = Player(self.family.name, self.workload, contender, self.plan.threads, self.plan.python_of(contender))
        self.players[contender.name] = player
        player.begin()
        return player

    def leave(self, name: str, why: str, log: Any) -> None:
        """Go on without it."""
        self.failed[name] = why
        log(f"  {self.workload}: without {name}: {why[:300]}")
        if name in self.players:
            self.players.pop(name).close()

    def close(self) -> None:
        """End all processes."""
        for player in self.players.values():
            player.close()
        self.players = {}

    def measured(self, contenders: list[Contender], log: Any) -> Row:
        """Correctness first; then turns; then memory."""
        first: dict[str, float] = {}
        expected: Any = None
        for contender in contenders:
            if self.plan.threads < contender.threads or self.workload in contender.skips:
                continue
            try:
                made = self.enter(contender).ask("build")
                expected = made["values"] if expected is None else expected
                if not np.allclose(made["values"], expected, rtol=contender.tolerance, atol=1e-5):
                    raise FailedError(f"computes {made['values']}, by hand it is {expected}")
                first[contender.name] = made["first"]
            except FailedError as error:
                self.leave(contender.name, str(error), log)
        times = self.turns(log)
        peaks = {name: player.ask("peak") for name, player in self.players.items()}
        self.close()
        steady = [each for each in contenders if self.plan.memory and each.numpy and each.name in times]
        traced = {each.name: self.traced(each) for each in steady}
        results = {name: Result(times[name], first[name], peaks[name], traced.get(name)) for name in times}
        return Row(self.workload, self.family.workloads[self.workload].title, results, self.failed)

    def turns(self, log: Any) -> dict[str, list[float]]:
        """Seconds of a step, round by round; who fails on the way is left out."""
        counts: dict[str, int] = {}
        times: dict[str, list[float]] = {name: [] for name in self.players}
        for turn in range(self.plan.rounds + 1):
            for name, player in list(self.players.items()):
                try:
                    if turn == 0:
                        counts[name] = self.count(player)
                    else:
                        times[name].append(player.ask("run", counts[name]))
                except FailedError as error:
                    self.leave(name, str(error), log)
        return {name: times[name] for name in self.players}

    def count(self, player: Player) -> int:
        """Warm up, and see how many steps fill its part of a round."""
        player.ask("run", 2)
        once = player.ask("run", 1)
        once = player.ask("run", max(1, int(self.plan.budget / 8 / once)))
        return max(1, int(self.plan.budget / once))

    def traced(self, contender: Contender) -> float | None:
        """What a step holds in steady state; measured apart, since tracing slows."""
        try:
            held: float = self.enter(contender).ask("traced")
        except FailedError:
            return None
        finally:
            self.players.pop(contender.name).close()
        return held


def show(row: Row) -> str:
    """One workload as plain text, a line for each contender."""
    width = max(map(len, row.results))
    lines = [f"{row.workload}: {row.title}"]
    for name, result in row.results.items():
        median = statistics.median(result.seconds)
        traced = "" if result.traced is None else f"   {result.traced:8.2f} MB in steady state"
        ratios = f"{row.ratio(name):7.2f}  (fastest rounds {row.best_ratio(name):6.2f})"
        costs = f"first {result.first * 1e3:9,.1f} ms   peak {result.peak:7.1f} MB{traced}"
        lines.append(f"  {name:<{width}}  {median * 1e6:12,.1f} µs   {ratios}   {costs}")
    return "\n".join(lines + [f"  {name:<{width}}  left out: {why[:300]}" for name, why in row.failed.items()])


def main(family: str, only: Sequence[str] = (), names: Sequence[str] = (), plan: Plan = PLAN) -> Iterator[Row]:
    """Measure and print, row by row: the hand-written, and those contenders whose names contain one of `names`."""
    found = family_of(family)
    chosen = [
        each
        for each in found.contenders
        if not names or each.name.startswith("hand") or any(name.lower() in each.name.lower() for name in names)
    ]
    for workload in found.workloads:
        if not only or any(workload.startswith(name) for name in only):
            row = run(found, workload, chosen, plan)
            print(show(row), flush=True)
            yield row
