"""What the grader says: right, or how it is wrong, on which call, and what was right before it came to that."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["UNWRITTEN", "Finding", "Verdict"]

UNWRITTEN = "not written yet"


@dataclass(frozen=True)
class Finding:
    """One way in which an answer is wrong."""

    diagnosis: str
    details: Sequence[str] = ()  # the call, what it gave, what was wanted

    def __str__(self) -> str:
        return "\n".join([f"✗ {self.diagnosis}", *(f"    {line}" for line in self.details)])


@dataclass(frozen=True)
class Verdict:
    """The grader's word on one answer.

    >>> from tinygrad_loss.teaching.verdict import Finding, Verdict
    >>> Verdict("square", [], ["4 calls", "float32"])
    ✓ square is right: 4 calls, float32.
    >>> Verdict("square", [Finding("right up to a factor 0.5")])
    square is not right yet.
    ✗ right up to a factor 0.5
    """

    name: str
    findings: Sequence[Finding] = ()
    tried: Sequence[str] = field(default=())  # what was tried and found right

    @property
    def passed(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.findings

    @property
    def diagnoses(self) -> list[str]:
        """Each way in which the answer is wrong, in words."""
        return [finding.diagnosis for finding in self.findings]

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        tried = ", ".join(self.tried)
        if self.passed:
            return f"✓ {self.name} is right: {tried}."
        if self.diagnoses == [UNWRITTEN]:
            return f"· {self.name} is {UNWRITTEN}."
        lines = [f"{self.name} is not right yet.", *(["Right so far: " + tried + "."] if tried else [])]
        return "\n".join([*lines, *map(str, self.findings)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        colour = "#1a7f64" if self.passed else "#c4314b"
        first, *others = html.escape(str(self)).split("\n")
        plain = "margin: .25rem 0 0; font-family: monospace; white-space: pre-wrap"
        rest = f"<pre style='{plain}'>{chr(10).join(others)}</pre>" if others else ""
        style = f"border-left: 4px solid {colour}; padding: .25rem .75rem"
        return f"<div style='{style}'><b style='color: {colour}'>{first}</b>{rest}</div>"
