"""One element of what flows back, written out: where a derivative is a matrix, the sum that the rule computes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .walk import EdgeRecord, Graph
from .wording import number

__all__ = ["added", "largest_element", "multiplied"]

MOST = 256  # elements of the upstream gradient: the rule is run once for each
TERMS = 4  # that are written out


def largest_element(graph: Graph, edge: EdgeRecord) -> tuple[str, str] | None:
    """The place of the largest element of a contribution, and that element as a sum of upstream × derivative.

    The derivatives are what the rule makes of an upstream that is 1 at one element and 0 elsewhere. None where
    that takes too long, and for a single number that no sum is needed for.
    """
    upstream, contribution = edge.upstream, np.asarray(edge.contribution)
    if isinstance(upstream, tuple) or isinstance(edge.contribution, tuple) or not 0 < np.size(upstream) <= MOST:
        return None
    if not contribution.ndim or not contribution.size or not np.isfinite(contribution).all():
        return None
    place = np.unravel_index(int(np.argmax(np.abs(contribution))), contribution.shape)
    terms = [(g, slope) for g, slope in _terms(graph, edge, place) if slope != 0]
    if not terms:
        return None
    shown = [multiplied(number(g), number(slope)) for g, slope in terms[:TERMS]]
    left = [f"… {len(terms) - TERMS} more"] if len(terms) > TERMS else []
    where = f"[{', '.join(map(str, map(int, place)))}]"
    return where, f"{added(shown + left)} = {number(contribution[place])}"


def _terms(graph: Graph, edge: EdgeRecord, place: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    """Each element of the upstream gradient with the derivative of its value by the element at `place`."""
    upstream = np.asarray(edge.upstream)
    found = []
    for index in np.ndindex(upstream.shape):
        one = np.zeros_like(upstream)
        one[index] = 1
        found.append((upstream[index], np.asarray(graph.rule_applied(edge, one[()]))[place]))
    return found


def added(terms: list[str]) -> str:
    """A sum in text: a term below 0 is subtracted.

    >>> from tinygrad_loss.visualize.elements import added
    >>> added(["-1.0", "-2.0", "3.0"])
    '-1.0 - 2.0 + 3.0'
    """
    first, *rest = terms
    return first + "".join(f" - {term[1:]}" if term.startswith("-") else f" + {term}" for term in rest)


def multiplied(a: str, b: str, sign: str = "×") -> str:
    """A product in text, a second factor below 0 in brackets."""
    return f"{a} {sign} ({b})" if b.startswith("-") else f"{a} {sign} {b}"
