"""Which steps of a program treat each sample of the batch by itself, and along which axis of their results.

`along` says of one step how it meets the batch: "apart" where each part of the result needs only that
part of the operands, "summed" where the parts' results add up to the whole (the gradients of weights,
the loss). One rule for each kind of step; ops that are steps as a whole say it in their own block.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..core.registry import ops
from .ir import Step, Value
from .traced import _taken

__all__ = ["Meeting", "along", "fits"]


class Meeting(NamedTuple):
    """How a step meets the batch: the axis of each operand that is cut, and of the result (None: it is a sum)."""

    cut: dict[int, int]  # axis by id of the operand
    axis: int | None


Axes = dict[int, int]  # the batch's axis, by id of the value


def along(step: Step, axes: Axes, count: int) -> Meeting | None:
    """How a step meets the batch of `count` samples; None where it needs all of it at once, or none of it."""
    rule = _RULES.get(step.kind)
    if rule is None or len(step.results) != 1 or not any(id(x) in axes for x in step.operands):
        return None
    meeting = rule(step, axes, count)
    if meeting is None:
        return None
    lengths = {x.shape[meeting.cut[id(x)]] % count for x in step.operands if id(x) in meeting.cut}
    if lengths != {0} or any(id(x) in axes and id(x) not in meeting.cut for x in step.operands):
        return None
    return meeting


def fits(value: Value, axis: int, count: int) -> bool:
    """Whether an axis holds the samples, each with as many places as another."""
    return axis < len(value.shape) and value.shape[axis] > 0 and value.shape[axis] % count == 0


def _elementwise(step: Step, axes: Axes, count: int) -> Meeting | None:
    return None if step.options and step.kind != "cast" else _aligned(step, axes, count)


def _aligned(step: Step, axes: Axes, count: int) -> Meeting | None:
    """Operands are aligned at their last axes; what is not repeated along the batch is cut with it."""
    given = [x for x in step.arguments if isinstance(x, Value)]
    ends = {axes[id(x)] - len(x.shape) for x in given if id(x) in axes}
    if len(ends) != 1:
        return None
    end = ends.pop()
    length = step.results[0].shape[end]
    cut = {id(x): end + len(x.shape) for x in given if len(x.shape) >= -end and x.shape[end] == length}
    return Meeting(cut, end + len(step.results[0].shape)) if length > 1 or count == 1 else None


def _reduction(step: Step, axes: Axes, count: int) -> Meeting | None:
    x = step.arguments[0]
    axis, reduced = axes[id(x)], step.options["axis"]
    reduced = tuple(range(len(x.shape))) if reduced is None else reduced
    if axis in reduced:
        return Meeting({id(x): axis}, None) if step.function is np.add and x.dtype.kind == "f" else None
    shift = 0 if step.options["keepdims"] else sum(each < axis for each in reduced)
    return Meeting({id(x): axis}, axis - shift)


def _product(step: Step, axes: Axes, count: int) -> Meeting | None:
    """(..., n, k) @ (..., k, m): the batch is cut in n, in m, in the axes before, or summed over in k."""
    a, b = step.arguments
    if not isinstance(a, Value) or not isinstance(b, Value) or step.options:
        return None
    first, second = axes.get(id(a)), axes.get(id(b))
    inner_a, inner_b = len(a.shape) - 1, max(len(b.shape) - 2, 0)
    if second == inner_b and (first == inner_a or (first is None and _uniform(a) and inner_a == 0)):
        whole = len(a.shape) <= 2 and len(b.shape) <= 2
        return Meeting({id(a): inner_a, id(b): inner_b}, None) if whole else None
    if first == inner_a or second == inner_b:
        return None
    if len(b.shape) <= 2 and second is None and first is not None:
        return Meeting({id(a): first}, first)
    if len(a.shape) <= 2 and len(b.shape) == 2 and first is None and second == 1:
        return Meeting({id(b): 1}, len(a.shape) - 1)
    if first is not None and first == second and len(a.shape) == len(b.shape) > 2 and first < len(a.shape) - 2:
        return Meeting({id(a): first, id(b): first}, first)
    return None


def _uniform(x: Value) -> bool:
    """Whether any part of a constant is like any other."""
    return x.source == "constant" and bool(np.all(x.array == x.array.flat[0]))


def _view(step: Step, axes: Axes, count: int) -> Meeting | None:
    """Look where the axis goes: the view of an array that moves in memory along that axis only."""
    x, made = step.arguments[0], step.results[0]
    axis = axes[id(x)]
    if step.function is np.reshape:
        return _reshaped(x, made, axis, count)
    probe = np.lib.stride_tricks.as_strided(
        np.zeros(x.shape[axis]), x.shape, [8 * (i == axis) for i in range(len(x.shape))]
    )
    try:
        seen = step.function(probe, *step.arguments[1:], **step.options)
    except (TypeError, ValueError, IndexError):
        return None
    found = [i for i, (n, s) in enumerate(zip(seen.shape, seen.strides, strict=True)) if s == 8 and n > 1]
    if len(found) != 1 or seen.shape[found[0]] != x.shape[axis]:
        return None
    return Meeting({id(x): axis}, found[0])


def _reshaped(x: Value, made: Value, axis: int, count: int) -> Meeting | None:
    """In memory's order, samples stay together where they are the first axis before and after."""
    return Meeting({id(x): 0}, 0) if axis == 0 and fits(made, 0, count) else None


def _call(step: Step, axes: Axes, count: int) -> Meeting | None:
    """An op says in its block how its kernel meets the batch, in the first axis of the inputs it names."""
    if step.function is np.reshape:
        return _reshaped(step.arguments[0], step.results[0], axes[id(step.arguments[0])], count)
    if step.function is np.take_along_axis:
        x, index, axis = step.arguments
        both = axes.get(id(x)) == axes.get(id(index)) == 0
        return Meeting({id(x): 0, id(index): 0}, 0) if both and axis not in (0, -len(x.shape)) else None
    if step.function is _taken:
        return _lookup(step, axes)
    op = ops.get(step.op)
    if op is None or op.kernel is not step.function:
        return None
    if op.kind == "elementwise":
        return _aligned(step, axes, count)
    if "batch" not in op.info:
        return None
    how, inputs = op.info["batch"]
    cut = {id(step.arguments[i]): 0 for i in inputs}
    if any(axes.get(key) != 0 for key in cut):
        return None
    return Meeting(cut, 0 if how == "apart" else None)


def _lookup(step: Step, axes: Axes) -> Meeting | None:
    """Indices of the batch into something that all share; or into each sample's own row."""
    x, index = step.arguments
    if isinstance(index, Value) and id(x) not in axes:
        return Meeting({id(index): axes[id(index)]}, axes[id(index)])
    if own_rows(step) and axes.get(id(x)) == axes.get(id(index[1])) == 0:
        return Meeting({id(x): 0, id(index[1]): 0}, 0)
    return None


def own_rows(step: Step) -> bool:
    """Whether a look-up is `x[np.arange(len(x)), index]`."""
    if step.function is not _taken:
        return False
    x, index = step.arguments
    if not isinstance(index, tuple) or len(index) != 2 or len(x.shape) != 2:
        return False
    rows = index[0]
    constant = isinstance(rows, Value) and rows.source == "constant" and isinstance(index[1], Value)
    return constant and rows.shape == index[1].shape and np.array_equal(rows.array, np.arange(x.shape[0]))


_RULES: dict[str, Any] = {
    "ufunc": _elementwise,
    "where": _elementwise,
    "cast": _elementwise,
    "reduce": _reduction,
    "product": _product,
    "view": _view,
    "call": _call,
}
