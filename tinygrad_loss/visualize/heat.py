"""Heat maps: the size of each gradient, or what each op does to it, on a logarithmic scale of colours."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from .theme import balance_colour, heat_colour
from .walk import Graph, NodeRecord
from .wording import norm, power

__all__ = ["HEATS", "Scale", "heat_of", "scale_of"]

HEATS = {"gradient": "norm of the gradient", "gain": "gain: norm passed on / norm received"}
ZERO, BAD = "#000000", "#c2187a"  # a gradient of exactly 0, and one that is not finite: outside the scale


@dataclass(frozen=True)
class Scale:
    """From a norm or a gain to a colour, through its logarithm."""

    kind: str  # "gradient" or "gain"
    low: float  # the ends of the scale; all that is shown lies between them, or is 0, or not finite
    high: float
    zeros: bool = False  # whether there are any
    bad: bool = False

    @property
    def title(self) -> str:
        """What the colours stand for."""
        return HEATS[self.kind]

    def share(self, x: float) -> float:
        """The place of x on the scale, from 0 to 1."""
        return (math.log10(x) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))

    def colour(self, x: float) -> str:
        """The colour of x as #rrggbb."""
        if not math.isfinite(x):
            return BAD
        if x == 0:
            return ZERO
        return (heat_colour if self.kind == "gradient" else balance_colour)(self.share(x))

    def at(self, share: float) -> float:
        """The number at a place on the scale: the inverse of `share`."""
        return float(10 ** (math.log10(self.low) * (1 - share) + math.log10(self.high) * share))

    def marks(self) -> list[str]:
        """What stands under the scale: its ends, and its middle where that is a round number."""
        exponents = math.log10(self.low), math.log10(self.high)
        middle = sum(exponents) / 2
        whole = self.kind == "gain" or abs(middle - round(middle)) < 1e-9
        return [power(self.low), power(self.at(0.5)) if whole else "", power(self.high)]


def scale_of(kind: str, heats: Iterable[float | None]) -> Scale:
    """The scale that holds all these numbers, its ends rounded outward; around 1 for gains."""
    found = [x for x in heats if x is not None]
    positive = [x for x in found if 0 < x < math.inf]
    zeros, bad = 0 in found, any(not math.isfinite(x) for x in found)
    if kind == "gain":
        widest = max((abs(math.log10(x)) for x in positive), default=0.0)
        high = _rounded_up(10 ** max(widest, math.log10(2)))
        return Scale(kind, 1 / high, high, zeros, bad)
    low = 10.0 ** math.floor(math.log10(min(positive, default=1.0)) + 1e-9)
    high = 10.0 ** math.ceil(math.log10(max(positive, default=1.0)) - 1e-9)
    return Scale(kind, low, high if high > low else 10 * low, zeros, bad)


def _rounded_up(x: float) -> float:
    """The next of 2, 5, 10, 100, 1000, ...: ends of a scale that read well."""
    for end in (2.0, 5.0):
        if x <= end * (1 + 1e-9):
            return end
    return 10.0 ** math.ceil(math.log10(x) - 1e-9)


def heat_of(kind: str, record: NodeRecord, graph: Graph) -> float | None:
    """The norm of a node's gradient; or an op's gain. None where nothing flows."""
    if record.gradient is None:
        return None
    received = norm(record.gradient)
    if kind == "gradient":
        return received
    flowing = [edge for edge in record.inputs if edge.contribution is not None]
    onward = [edge for edge in flowing if graph.nodes[edge.source].kind == "op"] or flowing
    return gain(math.hypot(*(norm(edge.contribution) for edge in onward)), received) if onward else None


def gain(passed_on: float, received: float) -> float | None:
    """How many times as large the gradient is afterwards; None for 0 of 0."""
    if received:
        return passed_on / received
    return None if passed_on == 0 else math.inf
