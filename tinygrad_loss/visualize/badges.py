"""Badges: whether the rule of each op agrees with differences, at the values it had in this graph."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.registry import ops
from ..errors import GradientError, TinygradLossError
from ..transforms.checking import gradcheck
from .walk import Graph, NodeRecord

__all__ = ["Badge", "badges_of", "joined"]

FEW = 400  # entries of a Jacobian up to which each is checked; beyond, one random direction is


@dataclass(slots=True)
class Badge:
    """What a check found: True for a tick, False for a cross, None where there is nothing to check."""

    passed: bool | None
    lines: list[str] = field(default_factory=list)  # the error, or what there is to say

    @property
    def sign(self) -> str:
        """A tick, a cross, or nothing."""
        return {True: "✓", False: "✗", None: ""}[self.passed]


def badges_of(graph: Graph, shown: Iterable[str]) -> dict[str, Badge]:
    """The badge of each op among the nodes `shown`, by id.

    Small Jacobians are checked entry by entry; of larger ones the derivative along one random direction
    for each input. Either way at the node's own values, brought to float64.
    """
    records = (graph.nodes[identity] for identity in shown)
    return {record.id: _badge(graph, record) for record in records if record.kind == "op"}


def joined(badges: Mapping[str, Badge], members: Iterable[NodeRecord]) -> Badge | None:
    """The badge of a layer: a cross that names its wrong ops, else a tick if anything was checked."""
    found = [(record, badges[record.id]) for record in members if record.id in badges]
    wrong = [record for record, badge in found if badge.passed is False]
    if wrong:
        return Badge(False, [f"wrong: {', '.join(dict.fromkeys(record.title for record in wrong))}"])
    return Badge(True) if any(badge.passed for _, badge in found) else None


def _badge(graph: Graph, record: NodeRecord) -> Badge:
    values = [_double(graph.nodes[edge.source].value) for edge in record.inputs]
    places = [edge.index for edge in record.inputs if edge.contribution is not None]
    if not places:
        return Badge(None)
    if ops.get(record.op.name) is not record.op or any(isinstance(value, tuple) for value in values):
        return Badge(None)  # a recomputed segment, or one of several results: the ops inside are checked
    try:
        with np.errstate(all="ignore"):
            return _compared(record, values, places)
    except (TinygradLossError, ArithmeticError, ValueError, TypeError) as error:
        return Badge(None, [f"not checked: {str(error).splitlines()[0]}"])


def _compared(record: NodeRecord, values: list[Any], places: list[int]) -> Badge:
    """Compare; what vanishes with steps in proportion to the values, or beside a kink, was not the rule's fault."""
    attributes = {key: _wide(key, value) for key, value in record.attributes.items()}

    def call(*moving: Any) -> Any:
        given = dict(zip(places, moving, strict=True))
        return record.op.call(*(given.get(place, value) for place, value in enumerate(values)), **attributes)

    points = [values[place] for place in places]
    largest = max(_largest(point) for point in points)
    error = _error(call, points, 1e-6 * max(largest, 1.0))
    if error is None or _error(*_in_proportion(call, points)) is None:
        return Badge(True)
    if record.text("kink"):
        random = np.random.default_rng(1)
        beside = [point + 0.01 * _sizes(point) * random.normal(size=np.shape(point)) for point in points]
        if _error(*_in_proportion(call, beside)) is None:
            return Badge(True, [f"at a kink: {record.text('kink')}"])
    lines = [line.strip() for line in str(error).splitlines()]
    if "give nan" in lines[1] or "inf" in lines[1].split(";")[0]:
        return Badge(None, ["not checked: at the edge of its domain"])
    return Badge(False, _named(lines, [record.inputs[place].argument for place in places]))


def _largest(values: Any) -> float:
    """The largest size among the finite values."""
    flat = np.abs(np.ravel(values))
    return float(np.max(flat[np.isfinite(flat)], initial=0.0))


def _sizes(point: Any) -> Any:
    return np.where(point == 0, 1.0, np.abs(point))


def _in_proportion(call: Callable[..., Any], points: list[Any]) -> tuple[Callable[..., Any], list[Any]]:
    """The same function of steps in units of each value, from 0, with results of the order of 1."""
    outputs = call(*points)
    parts = outputs if isinstance(outputs, tuple) else (outputs,)
    unit = max(_largest(part) for part in parts) or 1.0
    units = [_sizes(point) for point in points]

    def scaled(*steps: Any) -> Any:
        results = call(*(x + step * size for x, step, size in zip(points, steps, units, strict=True)))
        several = results if isinstance(results, tuple) else (results,)
        return tuple(part / unit for part in several)

    return scaled, [np.zeros(np.shape(point)) for point in points]


def _error(call: Callable[..., Any], points: list[Any], step: float = 1e-6) -> GradientError | None:
    """What gradcheck finds wrong at these points, if anything."""
    outputs = call(*points)
    parts = outputs if isinstance(outputs, tuple) else (outputs,)
    try:
        if sum(map(np.size, points)) * sum(map(np.size, parts)) <= FEW:
            gradcheck(call, tuple(points), eps=step)
        else:
            gradcheck(_along(call, points, parts), tuple(0.0 for _ in points), eps=step)
    except GradientError as error:
        return error
    return None


def _along(call: Callable[..., Any], points: list[Any], outputs: Iterable[Any]) -> Callable[..., Any]:
    """A function of one number for each input, how far it goes along a random direction, to one number."""
    random = np.random.default_rng(0)
    ways = [random.normal(size=np.shape(point)) / math.sqrt(max(np.size(point), 1)) for point in points]
    weights = [random.normal(size=np.shape(output)) for output in outputs]

    def total(*lengths: Any) -> Any:
        moved = (point + length * way for point, length, way in zip(points, lengths, ways, strict=True))
        results = call(*moved)
        parts = results if isinstance(results, tuple) else (results,)
        pairs = zip(parts, weights, strict=True)
        return sum(((part * weight).sum() for part, weight in pairs if part.dtype.kind == "f"), 0.0)

    return total


def _named(lines: list[str], arguments: list[str]) -> list[str]:
    """The lines of a check's error, with the names of the inputs for their numbers."""
    for place, argument in enumerate(arguments):
        lines = [line.replace(f"by input {place} is", f"by {argument} is") for line in lines]
    return lines


def _double(value: Any) -> Any:
    """A floating value as float64, writable; others as they are."""
    if isinstance(value, tuple) or np.asarray(value).dtype.kind != "f":
        return value
    return np.array(value, dtype=np.float64)


def _wide(key: str, attribute: Any) -> Any:
    """A floating dtype as float64: a cast to less would drown the differences in rounding."""
    if key != "dtype" or attribute is None or np.dtype(attribute).kind != "f":
        return attribute
    return np.dtype(np.float64)
