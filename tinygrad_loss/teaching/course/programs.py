"""Level 4: what a compiler asks of a recorded program: how long each value must be kept."""

from __future__ import annotations

from typing import Any

from ..exercise import at, exercise

__all__ = ["last_uses"]

PROGRAMS: dict[str, Any] = {
    "a chain": ([("a", ("x",)), ("b", ("a",)), ("c", ("b",))], ("c",)),
    "a late use": ([("a", ("x", "w")), ("b", ("a", "a")), ("c", ("b",)), ("d", ("c", "a"))], ("d",)),
    "two outputs": ([("a", ("x",)), ("b", ("a",)), ("c", ("a", "b")), ("d", ("c",))], ("b", "d")),
    "unused": ([("a", ("x",)), ("b", ("x",)), ("c", ("a",))], ("c",)),
}


def _used(program: Any, outputs: Any, first: bool = False, keep: bool = True, own: bool = True) -> Any:
    """Last uses, with some of the usual mistakes."""
    uses: dict[Any, int] = {}
    for k, (_, inputs) in enumerate(program):
        for x in inputs:
            uses[x] = uses.get(x, k) if first else k
    made = {name for name, _ in program}
    return {x: k for x, k in uses.items() if (x in made or not own) and (x not in outputs or not keep)}


@exercise(
    4,
    "How long a value lives",
    cases=lambda: [
        PROGRAMS["a chain"],
        PROGRAMS["a late use"],
        PROGRAMS["two outputs"],
        at("a result that nothing uses", *PROGRAMS["unused"]),
        at("an empty program", [], ()),
    ],
    hints=(
        "Walk the program once, and note for each input the number of the step: the last note stays.",
        "What no step makes belongs to the caller, and outputs go to the caller: neither is freed.",
        "A result that nothing uses can go as soon as it is made: note the step that makes it first.",
    ),
    mistakes={
        "frees at the first use: a later step still needs it": lambda program, outputs: _used(
            program, outputs, first=True
        ),
        "counts the steps from 1, not from 0": lambda program, outputs: {
            x: k + 1 for x, k in _used(program, outputs).items()
        },
        "frees an output": lambda program, outputs: _used(program, outputs, keep=False),
        "frees arguments, which belong to the caller": lambda program, outputs: _used(program, outputs, own=False),
        "wrong at a result that nothing uses: it is never freed": _used,
    },
)
def last_uses(program: Any, outputs: Any) -> Any:
    """The number of the step after which each result can be freed, as a dict from its name.

    A program is a list of steps (name, inputs) in order, counted from 0; a step makes the named result from the named
    inputs. Names in `outputs` are never freed, nor are arguments: inputs that no step makes.

    >>> last_uses([("a", ("x",)), ("b", ("a",)), ("c", ("a", "b"))], ("c",))
    {'a': 2, 'b': 2}
    """
    last: dict[Any, int] = {}
    for k, (name, inputs) in enumerate(program):
        last[name] = k
        last.update({x: k for x in inputs if x in last})
    return {name: k for name, k in last.items() if name not in outputs}
