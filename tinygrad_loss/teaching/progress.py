"""What a learner has tried, been told and solved: in memory, and in a file if the learner says so."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import ArgumentError

__all__ = ["Progress", "Record"]


@dataclass
class Record:
    """One exercise's history."""

    tries: int = 0
    hints: int = 0
    solved: bool = False


class Progress:
    """The records by exercise; every change is written to the file, if there is one.

    >>> from tinygrad_loss.teaching.progress import Progress
    >>> progress = Progress()
    >>> progress.tried("square", True)
    >>> progress.of("square")
    Record(tries=1, hints=0, solved=True)
    """

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.path: Path | None = None

    def of(self, name: str) -> Record:
        """The record of an exercise, empty at first."""
        return self.records.get(name, Record())

    def tried(self, name: str, solved: bool) -> None:
        """Note one try; what was solved once stays solved."""
        record = self.records.setdefault(name, Record())
        record.tries += 1
        record.solved = record.solved or solved
        self._write()

    def hinted(self, name: str, count: int) -> None:
        """Note that so many hints have been read."""
        record = self.records.setdefault(name, Record())
        record.hints = max(record.hints, count)
        self._write()

    def keep(self, path: str | Path) -> None:
        """Keep the records in a file from now on; what it holds already is taken in.

        Raises:
            ArgumentError: where the file holds something else.
        """
        path = Path(path)
        for name, old in (_read(path) if path.exists() else {}).items():
            new = self.records.setdefault(name, Record())
            new.tries += old.tries
            new.hints = max(new.hints, old.hints)
            new.solved = new.solved or old.solved
        self.path = path
        self._write()

    def _write(self) -> None:
        if self.path is None:
            return
        content = {"exercises": {name: asdict(record) for name, record in sorted(self.records.items())}}
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        fresh.replace(self.path)  # whole or not at all


def _read(path: Path) -> dict[str, Record]:
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        return {
            name: Record(int(record["tries"]), int(record["hints"]), bool(record["solved"]))
            for name, record in content["exercises"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ArgumentError(
            f"{str(path)!r} holds no progress of exercises.",
            "It needs a file that was kept by tg.exercises.keep before, or a name that is free.",
            "For example  tg.exercises.keep('progress.json')",
        ) from None
