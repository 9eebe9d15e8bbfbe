"""Parameters that stand beside the op that uses them, so that the way of the data is straight."""

from __future__ import annotations

from collections import Counter

from .drawn import View

__all__ = ["parameters_beside"]


def parameters_beside(view: View) -> dict[str, list[str]]:
    """The one or two leaves of a layer that stand beside the op that uses them, so that the data go straight."""
    boxes = {box.id: box for box in view.boxes}
    uses = Counter(arrow.source for arrow in view.arrows)
    leaves: dict[str, list[str]] = {}
    others = set()
    for arrow in view.arrows:
        source, target = boxes[arrow.source], boxes[arrow.target]
        if source.kind == "leaf" and source.scope and source.scope == target.scope and uses[arrow.source] == 1:
            leaves.setdefault(arrow.target, []).append(arrow.source)
        else:
            others.add(arrow.target)
    return {op: found for op, found in leaves.items() if len(found) <= 2 and op in others}
