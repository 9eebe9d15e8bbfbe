"""The variable names of the caller's frame, so that a picture says `w` where the program says `w`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any

__all__ = ["values_in_frame"]

LONGEST = 100  # lists and dicts of more entries are not searched


def values_in_frame(frame: FrameType | None) -> list[tuple[str, Any]]:
    """Every variable that the frame sees, with the entries of its short lists and dicts, and with `self`'s own.

    Locals come before globals; names that start with an underscore (such as a notebook's `_12`) last.
    """
    found: list[tuple[str, Any]] = []
    if frame is not None:
        spaces = [frame.f_locals] if frame.f_locals is frame.f_globals else [frame.f_locals, frame.f_globals]
        for space in spaces:
            found += _entries(dict(space))
        own = getattr(frame.f_locals.get("self"), "__dict__", None) or {}
        found += [(f"self.{name}", value) for name, value in _entries(dict(own))]
    return sorted(found, key=lambda pair: pair[0].removeprefix("self.").startswith("_"))  # stable otherwise


def _entries(space: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in space.items():
        yield name, value
        if isinstance(value, (list, tuple)) and len(value) <= LONGEST:
            yield from ((f"{name}[{index}]", entry) for index, entry in enumerate(value))
        elif isinstance(value, dict) and len(value) <= LONGEST and not name.startswith("_"):
            yield from ((f"{name}[{key!r}]", entry) for key, entry in value.items() if isinstance(key, (str, int)))
