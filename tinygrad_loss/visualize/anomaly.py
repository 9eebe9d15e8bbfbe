"""`detect_anomaly`: which op was the first to make a NaN or an infinity, where, of what, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

import numpy as np

from ..core.backward import pull_back
from ..core.hooks import Observer
from ..core.node import Node
from ..core.tensor import Tensor
from ..errors import TinygradLossError
from ..modes import MODE, observed_by
from .causes import Diagnosis, at_text, backward_diagnosis, first_bad, forward_diagnosis, place_text, symbol
from .columns import shortened
from .formulas import derivative_of
from .lines import is_users, line_of, record_lines, shown_line, users_frame
from .names import values_in_frame
from .walk import argument_names, names_by_id
from .wording import describe, in_one_line, number, shape_text

__all__ = ["AnomalyError", "detect_anomaly"]


class AnomalyError(TinygradLossError, FloatingPointError):
    """A NaN or an infinity that `detect_anomaly` found.

    `op` is the name of the op that made it, `backward` whether its rule made it on the way back,
    `line` the user's "file:line" that called the op, `index` the element, `cause` the reason in words.
    """

    op: str = ""
    backward: bool = False
    line: str | None = None
    index: tuple[int, ...] = ()
    cause: str = ""


@contextmanager
def detect_anomaly(*, allow_inf: bool = False) -> Iterator[None]:
    """Stop at the first op that makes a NaN or an infinity, forward or backward, and explain it.

    The error names the op, the line of your program that called it, the element, the inputs that made it,
    the cause in words, and the usual cure. Lines are recorded inside (see `tg.record_lines`), so run the
    forward pass inside too, not only backward. An infinity that comes with the data, such as a mask of
    -inf, is let through; a NaN that does is reported where it first meets a tensor with gradients.
    Every op and every rule is looked at, so it is for searching, not for training; off, it costs nothing.

    Args:
        allow_inf: stop at NaN only.

    Raises:
        AnomalyError: (a FloatingPointError) at the first NaN or infinity.

    >>> x = tg.tensor([4.0, 0.0], requires_grad=True)
    >>> with tg.detect_anomaly():
    ...     (tg.sqrt(x) * np.array([1.0, 0.0])).sum().backward()
    Traceback (most recent call last):
    tinygrad_loss.visualize.anomaly.AnomalyError: Backward through sqrt made NaN in the gradient of its x ...
    """
    with record_lines(True), observed_by(_Detector(allow_inf)), np.errstate(all="ignore"):
        yield


class _Detector(Observer):
    """Looks at every result and every contribution, and raises at the first that is not finite."""

    watches = True

    def __init__(self, allow_inf: bool) -> None:
        self.allow_inf = allow_inf
        self.users: dict[Node, list[Node]] = {}  # of the walk now going on: who passed a gradient to whom
        self.gradients: dict[Node, Any] = {}
        self.last = -1  # the birth of the node passed last; a walk goes from newer to older

    # Forward

    def on_call(self, op: Any, inputs: tuple[Any, ...], attributes: dict[str, Any], result: Any) -> None:
        """Look at a result."""
        for part in result if type(result) is tuple else (result,):
            index = first_bad(part._value, self.allow_inf)
            if index is not None and not _inside_rule():
                self._judge(op, inputs, attributes, part, index)

    def _judge(
        self, op: Any, inputs: tuple[Any, ...], attributes: dict[str, Any], result: Tensor, index: tuple[int, ...]
    ) -> None:
        """Raise if the op made what is not finite, or if NaN from outside meets a gradient here."""
        values = [np.asarray(getattr(each, "_value", each)) for each in inputs]
        value = np.asarray(result._value)
        made = _made(op, values, value, self.allow_inf)
        if made is not None:
            index = made
        elif result.node is None or not np.isnan(value).any():
            return
        else:
            index = first_bad(value, True) or index
        _forward_error(op, inputs, attributes, value, index)

    # Backward

    def on_gradient(self, node: Node, gradient: Any) -> None:
        """Look at a complete gradient: sums and hooks can spoil it when every contribution was finite."""
        if node.op is not None:
            if node.birth > self.last:  # another walk has begun
                self.users.clear()
                self.gradients.clear()
            self.last = node.birth
            self.gradients[node] = gradient
        for part in _plain(gradient):
            index = first_bad(part, self.allow_inf)
            if index is not None:
                _gradient_error(node, part, index, self.users.get(node, []))

    def on_contribution(self, node: Node, index: int, gradient: Any, contribution: Any) -> None:
        """Look at what a rule made of a finite gradient."""
        for part in _plain(contribution):
            bad = first_bad(part, self.allow_inf)
            if bad is not None:
                self._backward_error(node, index, gradient, part, bad)
        self.users.setdefault(node.inputs[index], []).append(node)

    def _backward_error(self, node: Node, index: int, gradient: Any, part: Any, bad: tuple[int, ...]) -> NoReturn:
        op, value = node.op, np.asarray(part)[bad]
        values = [edge.value if type(edge) is Node else edge for edge in node.inputs]
        arguments = argument_names(op, len(values))
        at: dict[str, Any] = {}
        upstream = local = None
        found = None if op.kind != "elementwise" else _local(node, index, gradient, values)
        got = f"{_arrays(arguments, values)}."
        zero = ""
        if found is not None:
            place, upstream, local = found
            at = _numbers_at(arguments, values, place, np.shape(node.value))
            got = f"It got {at_text(at)} and the upstream gradient {number(upstream)}."
            zero = self._who_made_zero(node, place) if upstream == 0 else ""
        diagnosis = backward_diagnosis(
            op,
            arguments[index],
            at,
            upstream,
            local,
            value,
            " and ".join(dict.fromkeys(symbol(user.op.name) for user in self.users.get(node, ()))) or START,
            rule=derivative_of(op.info.get("derivative", ""), arguments[index], arguments),
            made_zero=zero,
            total=getattr(node.inputs[index].op, "name", ""),
        )
        called = _called(node.inputs[index], names_by_id(values_in_frame(users_frame())), arguments[index])
        head = f"Backward through {op.name} made {number(value)} in the gradient of its {arguments[index]}{called}"
        line = None if node.extra is None else node.extra.line
        head = f"{head}{place_text(bad, np.shape(part))}."
        raise _error(op.name, True, line, bad, diagnosis, head, got, node.scope)

    def _who_made_zero(self, node: Node, place: tuple[int, ...]) -> str:
        """The op whose rule turned an upstream that was not 0 into the 0 at one element."""
        while users := self.users.get(node):
            node = users[-1]
            gradient = np.asarray(_plain(self.gradients[node])[0])
            if node.op.kind != "elementwise" or np.ndim(gradient) != len(place):
                return str(node.op.name)
            if any(each >= room for each, room in zip(place, gradient.shape, strict=True)) or gradient[place] != 0:
                return str(node.op.name)
        return ""


def _inside_rule() -> bool:
    """Whether a rule of backward is calling (under create_graph rules call ops), and not the user's program."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not is_users(frame.f_code.co_filename):
        if frame.f_code is pull_back.__code__:
            return True
        frame = frame.f_back
    return False


def _made(op: Any, values: list[Any], value: Any, allow_inf: bool) -> tuple[int, ...] | None:
    """The index of the first element that was not finite because of this op; None if it only came through."""
    if op.kind == "elementwise":
        spoiled = np.zeros(value.shape, bool)
        infinite = np.zeros(value.shape, bool)
        for each in values:
            if each.dtype.kind == "f":
                spoiled |= np.isnan(each)
                infinite |= np.isinf(each)
    else:
        floats = [each for each in values if each.dtype.kind == "f"]
        spoiled = np.broadcast_to(any(np.isnan(each).any() for each in floats), value.shape)
        infinite = np.broadcast_to(any(np.isinf(each).any() for each in floats), value.shape)
    new = np.isnan(value) & ~spoiled
    if not allow_inf:
        new |= np.isinf(value) & ~spoiled & ~infinite
    if not new.any():
        return None
    return tuple(map(int, np.unravel_index(int(np.argmax(new)), value.shape)))


def _forward_error(
    op: Any, inputs: tuple[Any, ...], attributes: dict[str, Any], value: Any, index: tuple[int, ...]
) -> NoReturn:
    values = [np.asarray(getattr(each, "_value", each)) for each in inputs]
    frame = users_frame()
    names = names_by_id(values_in_frame(frame))
    arguments = argument_names(op, len(values))
    at = _numbers_at(arguments, values, index, value.shape) if op.kind == "elementwise" else {}
    diagnosis = forward_diagnosis(op, at, value[index], dict(zip(arguments, values, strict=True)))
    made = "passed on" if "came with the data" in diagnosis.cause else "made"
    called = [
        f"{argument}{_called(getattr(each, 'node', None), names, argument, each)}"
        for argument, each in zip(arguments, inputs, strict=True)
    ]
    got = _arrays(called, values)
    if at:
        got = "It got " + ", ".join(f"{name} = {number(x)}" for name, x in zip(called, at.values(), strict=True))
    given = "".join(f", {key} = {each!r}" for key, each in attributes.items() if each not in (None, False))
    head = f"{op.name} {made} {number(value[index])}{place_text(index, value.shape)}."
    raise _error(op.name, False, line_of(frame), index, diagnosis, head, f"{got}{given}.", MODE.get().scope)


def _gradient_error(node: Node, gradient: Any, index: tuple[int, ...], users: list[Node]) -> NoReturn:
    """The error for a gradient that no single rule spoiled."""
    title, value = "leaf" if node.op is None else node.op.name, np.asarray(gradient)[index]
    if not users:
        cause, cure = "Backward was started from it.", "Give backward a gradient= without NaN and infinities."
    elif node.extra is not None and node.extra.hooks:
        cause, cure = "A hook on this tensor returned it.", "Look at the function given to register_hook."
    else:
        sources = " and ".join(symbol(user.op.name) for user in users)
        cause = f"The contributions of {sources} add up to it: an overflow."
        cure = "Lower the learning rate, scale the inputs, or compute in float64."
    needs = "Every number on the way has to be finite, or the gradient means nothing."
    names = names_by_id(values_in_frame(users_frame()))
    place = place_text(index, np.shape(gradient))
    head = f"The gradient of {title}{_called(node, names, title)} is {number(value)}{place}."
    line = None if node.extra is None else node.extra.line
    got = f"It has the value {in_one_line(describe(node.value))}."
    raise _error(title, True, line, index, Diagnosis(cause, needs, cure), head, got, node.scope)


def _error(
    op: str,
    backward: bool,
    line: str | None,
    index: tuple[int, ...],
    diagnosis: Diagnosis,
    head: str,
    got: str,
    scope: tuple[str, ...],
) -> AnomalyError:
    """The error with its parts: what happened and where, of what, why, what it needs, what to do."""
    place = f" in layer {'/'.join(scope)}" if scope else ""
    called = shortened(f"The op was called{place} at {shown_line(line)}", LONGEST) if line else NO_LINE
    what = "\n  ".join((head, got, f"Cause: {diagnosis.cause}", called))
    error = AnomalyError(what, diagnosis.needs, diagnosis.cure)
    error.op, error.backward, error.line, error.index, error.cause = op, backward, line, index, diagnosis.cause
    return error


LONGEST = 160  # cells of the line that shows the user's program
START = "the start of backward"
NO_LINE = "Its line is not known: run the forward pass inside detect_anomaly (or tg.record_lines(True)) too."


def _plain(value: Any) -> list[Any]:
    """A gradient or contribution as plain arrays: of a Tensor its value, of several results each part."""
    parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
    return [getattr(part, "_value", part) for part in parts]


def _local(node: Node, index: int, gradient: Any, values: list[Any]) -> tuple[tuple[int, ...], Any, Any] | None:
    """Where an elementwise rule first gave no finite number, with the upstream and the derivative there."""
    g = np.asarray(_plain(gradient)[0])
    rule = node.op.rules_for(len(values))[index]
    raw = np.broadcast_to(np.asarray(rule(g, node.value, *values, **node.attributes)), g.shape)
    place = first_bad(raw, False)
    if place is None:
        return None  # only the sum over the broadcast axes is too large
    local = np.broadcast_to(np.asarray(rule(np.ones_like(g), node.value, *values, **node.attributes)), g.shape)
    return place, g[place], local[place]


def _numbers_at(
    arguments: list[str], values: list[Any], index: tuple[int, ...], shape: tuple[int, ...]
) -> dict[str, Any]:
    """The inputs' numbers at one element of the result."""
    return {name: np.broadcast_to(value, shape)[index] for name, value in zip(arguments, values, strict=True)}


def _called(node: Any, names: dict[int, str], argument: str, value: Any = None) -> str:
    """What the user calls a value, in brackets: its own name, or a variable's."""
    key = id(node) if node is not None else id(getattr(value, "_value", value))
    name = getattr(node, "name", None) or getattr(value, "name", None) or names.get(key)
    return f" ({name})" if isinstance(name, str) and name != argument else ""


def _arrays(names: list[str], values: list[Any]) -> str:
    """Inputs of an op that does not work element by element."""
    pairs = zip(names, values, strict=True)
    shown = [f"{name} = {in_one_line(describe(value))}, {shape_text(value)}" for name, value in pairs]
    return f"It got {'; '.join(shown)}"
