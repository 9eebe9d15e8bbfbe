"""What an exercise is: a reference answer with the task as its docstring, the calls to try, hints, and known mistakes.

One block declares one exercise, as one block declares one op. The grader knows nothing but what stands there.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["EXERCISES", "Case", "Exercise", "at", "exercise", "numbers"]

EXERCISES: dict[str, Exercise] = {}  # by name, in the order of the course


@dataclass(frozen=True)
class Case:
    """One call to try: its arguments, and what is special about it ("ties"), or "" for a plain one."""

    arguments: tuple[Any, ...]
    at: str = ""


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise. With `forward` it asks for that function's vjp rule, called as (g, y, *inputs, *attributes)."""

    name: str
    level: int
    title: str
    reference: Callable[..., Any] = field(repr=False)
    cases: Callable[[], Sequence[Any]] = field(repr=False)  # tuples of arguments, or `at("ties", ...)`
    hints: tuple[str, ...] = field(repr=False)
    forward: Callable[..., Any] | None = field(repr=False, default=None)
    mistakes: Mapping[str, Callable[..., Any]] = field(repr=False, default_factory=dict)
    derive: tuple[int, ...] = field(repr=False, default=())  # arguments by which the result is differentiated again
    second: bool = field(repr=False, default=False)  # the answer is a derivative already, so `derive` asks for a second
    judge: Callable[..., str | None] | None = field(repr=False, default=None)  # where many answers are right

    @property
    def task(self) -> str:
        """What is asked, with an example of how the answer is called."""
        return inspect.getdoc(self.reference) or ""

    @property
    def signature(self) -> str:
        """How the answer is called: "square(g, y, x)"."""
        parameters = inspect.signature(self.reference).parameters.values()
        bare = [each.replace(annotation=inspect.Parameter.empty) for each in parameters]
        return f"{self.name}{inspect.Signature(bare)}"

    @property
    def stub(self) -> str:
        """The function to fill in, with the task as its docstring."""
        task = textwrap.indent(self.task.replace("\\", "\\\\").replace('"""', '\\"\\"\\"'), "    ").strip()
        return f'def {self.signature}:\n    """{task}\n    """\n    raise NotImplementedError\n'

    @property
    def solution(self) -> str:
        """The reference answer's source, without its declaration."""
        source = textwrap.dedent(inspect.getsource(self.reference))
        return source[re.search(r"^def ", source, re.MULTILINE).start() :]  # type: ignore[union-attr]

    def calls(self, dtype: type = np.float64) -> list[Case]:
        """The calls to try, made afresh, with floating arrays in `dtype`."""
        made = [case if isinstance(case, Case) else Case(case) for case in self.cases()]
        return [Case(self.completed(_as_dtype(case.arguments, dtype)), case.at) for case in made]

    def completed(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """Arguments as the answer takes them: for a rule, with a gradient and the result before the inputs."""
        if self.forward is None:
            return arguments
        y = np.asarray(self.forward(*arguments))
        g = np.random.default_rng(21).normal(size=y.shape).astype(y.dtype)
        return (g[()], y[()], *arguments)


def _as_dtype(value: Any, dtype: type) -> Any:
    """A value with its float64 arrays in another dtype, within tuples, lists and dicts too."""
    if isinstance(value, (tuple, list)):
        return type(value)(_as_dtype(each, dtype) for each in value)
    if isinstance(value, dict):
        return {key: _as_dtype(each, dtype) for key, each in value.items()}
    floating = isinstance(value, (np.ndarray, np.generic)) and value.dtype == np.float64
    return value.astype(dtype) if floating else value


def at(what: str, *arguments: Any) -> Case:
    """A call that is special: "ties", "an empty array", "large inputs".

    >>> from tinygrad_loss.teaching.exercise import at
    >>> at("ties", np.array([1.0, 1.0])).at
    'ties'
    """
    return Case(arguments, what)


def numbers(*shape: int, seed: int = 0) -> Any:
    """Normal numbers of that shape, none near 0; the same at each call.

    >>> from tinygrad_loss.teaching.exercise import numbers
    >>> numbers(2, 3).shape
    (2, 3)
    """
    drawn = np.random.default_rng(100 + seed).normal(size=shape)
    return np.asarray(drawn + np.copysign(0.05, drawn))


def exercise(level: int, title: str, **parts: Any) -> Callable[[Callable[..., Any]], Exercise]:
    """Declare an exercise: the decorated function is the reference answer, its docstring the task."""

    def declare(reference: Callable[..., Any]) -> Exercise:
        made = Exercise(reference.__name__, level, title, reference, **parts)
        EXERCISES[made.name] = made
        return made

    return declare
