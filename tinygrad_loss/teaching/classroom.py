"""`exercises`: what a learner calls, in a notebook or a terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import ArgumentError, unknown_name
from .exercise import EXERCISES, Exercise
from .grading import grade
from .progress import Progress
from .shown import Sheet, Table
from .verdict import UNWRITTEN, Verdict

__all__ = ["Exercises", "exercises"]

SOLVED = "✓"
LEVELS = {1: "single numbers", 2: "arrays", 3: "the engine and training", 4: "whole functions"}


class Exercises:
    """Exercises with a grader that says how an answer is wrong.

    >>> from tinygrad_loss.teaching import exercises
    >>> exercises.check("square", lambda g, y, x: g * 2 * x)
    ✓ square is right: 3 calls, an empty array, float32, its own derivative.
    >>> exercises.check("square", lambda g, y, x: g * x).diagnoses
    ['right up to a factor 0.5']
    """

    def __init__(self, command: str = "tg.exercises.{}({!r})") -> None:
        """With `command` its advice is worded for another place: "tinygrad-loss exercises {} {}" in a terminal."""
        self._progress = Progress()
        self._command = command

    @property
    def names(self) -> tuple[str, ...]:
        """The exercises' names, in the order of the course."""
        return tuple(sorted(EXERCISES, key=lambda name: EXERCISES[name].level))  # within a level as declared

    def list(self, level: int | None = None) -> Table:
        """The exercises, or those of one level, with a mark at what is solved.

        Raises:
            ArgumentError: for a level that there is not.
        """
        if level is not None and level not in LEVELS:
            raise ArgumentError(
                f"There is no level {level!r}.", "Levels run from 1 to 4.", "For example  tg.exercises.list(1)"
            )
        chosen = [EXERCISES[name] for name in self.names if level in (None, EXERCISES[name].level)]
        rows = [[self._mark(each), str(each.level), each.name, each.title] for each in chosen]
        first = next((row[2] for row in rows if row[0] != SOLVED), rows[0][2])
        return Table([["", "level", "name", "what it is"], *rows], f"{self._told('show', first)} tells what is asked.")

    def show(self, name: str) -> Sheet:
        """What an exercise asks, how the answer is called, and an example."""
        each = self._named(name)
        title = f"{each.title} (level {each.level}: {LEVELS[each.level]})"
        hints = "1 hint" if len(each.hints) == 1 else f"{len(each.hints)} hints"
        return Sheet(title, f"Write  {each.signature}\n\n{each.task}\n\nThere are {hints}: {self._told('hint', name)}")

    def hint(self, name: str, count: int | None = None) -> Sheet:
        """One hint more than were read so far; or the first `count`. The last one is nearly the answer."""
        each = self._named(name)
        count = min(self._progress.of(name).hints + 1 if count is None else max(count, 1), len(each.hints))
        self._progress.hinted(name, count)
        text = "\n".join(f"{k}. {hint}" for k, hint in enumerate(each.hints[:count], 1))
        return Sheet(f"{name}: hints {count} of {len(each.hints)}", text)

    def check(self, name: str, answer: Callable[..., Any]) -> Verdict:
        """Try an answer on hidden calls; where it is wrong, say how.

        Raises:
            ArgumentError: where the answer is no function.
            UnknownNameError: for a name that is no exercise's.
        """
        each = self._named(name)
        if not callable(answer):
            raise ArgumentError(
                f"The answer to {name!r} is {type(answer).__name__}.",
                f"It needs a function, called as {each.signature}.",
                f"Pass the function itself, without calling it: tg.exercises.check({name!r}, {name}).",
            )
        verdict = grade(each, answer)
        if verdict.diagnoses != [UNWRITTEN]:
            self._progress.tried(name, verdict.passed)
        return verdict

    def solution(self, name: str) -> Sheet:
        """A right answer: for teachers, and for afterwards."""
        each = self._named(name)
        return Sheet(f"One right answer to {name}", each.solution)

    def stubs(self, *names: str) -> str:
        """A Python file to fill in: a function for each of these exercises, or for all."""
        chosen = [self._named(name) for name in names] or [EXERCISES[name] for name in self.names]
        return "import numpy as np\n\n\n" + "\n\n".join(each.stub for each in chosen)

    def progress(self) -> Table:
        """What was tried, how many hints were read, what is solved."""
        rows = [["", "level", "name", "tries", "hints"]]
        solved = 0
        for each in (EXERCISES[name] for name in self.names):
            record = self._progress.of(each.name)
            solved += record.solved
            if record.tries or record.hints:
                hints = f"{record.hints} of {len(each.hints)}"
                rows.append([self._mark(each), str(each.level), each.name, str(record.tries), hints])
        return Table(rows, f"{solved} of {len(EXERCISES)} solved.")

    def keep(self, path: str | Path) -> None:
        """Keep progress in a file from now on, and take in what it holds."""
        self._progress.keep(path)

    def _repr_html_(self) -> str:
        return self.list()._repr_html_()

    def __repr__(self) -> str:
        return str(self.list())

    def __contains__(self, name: object) -> bool:
        return name in EXERCISES

    def _named(self, name: str) -> Exercise:
        if name not in EXERCISES:
            raise unknown_name("exercise", name, EXERCISES)
        return EXERCISES[name]

    def _mark(self, each: Exercise) -> str:
        return SOLVED if self._progress.of(each.name).solved else "·"

    def _told(self, what: str, name: str) -> str:
        return self._command.format(what, name)


exercises = Exercises()
