"""Holding derivatives against differences: gradcheck, gradgradcheck, and what a wrong rule looks like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from ..core.backward import pull_back
from ..core.node import Node, newest_first
from ..core.tensor import Tensor, as_value
from ..errors import ArgumentError, DTypeError, GradientError
from ..modes import enable_grad, no_grad
from .gradient import vjp
from .trees import flatten, paths

__all__ = ["gradcheck", "gradgradcheck"]

Steps: TypeAlias = tuple[float, float, float]  # eps, atol, rtol
OVERWRITTEN = "as if contributions were overwritten instead of added"


def gradcheck(
    function: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:
    """Check the gradients of `function` at `inputs` against central differences, (f(x+ε) - f(x-ε)) / 2ε.

    Every partial derivative of every output by every floating input is compared.

    Args:
        function: takes the inputs, returns an array or nested arrays.
        inputs: one array, or a tuple of arrays (nested tuples, lists and dicts too), in float64.
        eps: the step of the differences.
        atol: the absolute part of what may differ.
        rtol: the relative part.
        raise_exception: raise, rather than return False, where they differ.

    Raises:
        GradientError: names the input and element, what was expected and what was got, and, where
            it can be told, how the rule is wrong: by a factor, transposed, a sum left out, overwritten for
            added. Among several ops it names the one of your own whose rule is wrong.
        DTypeError: for float32 inputs, where differences are too rough.
        ArgumentError: if no input, or no output, is floating: nothing would be checked.

    >>> tg.gradcheck(np.tanh, np.array([0.5, -1.0]))
    True
    """
    arguments = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    leaves, rebuild = flatten(arguments)
    points = [np.array(as_value(x)) for x in leaves]
    moving = [k for k, x in enumerate(points) if x.dtype.kind == "f"]
    if not moving:
        raise _nothing_to_check("input", [x.dtype for x in points])
    for k in moving:
        if points[k].dtype != np.float64:
            raise DTypeError(
                f"gradcheck cannot check input {k}, which is {points[k].dtype}.",
                "Differences need float64: at float32 they carry about three digits.",
                "Convert it with .astype(float).",
            )
    found = _compared(function, rebuild, points, moving, (eps, atol, rtol))
    if found is not None and raise_exception:
        raise found.error(paths(arguments), (eps, atol, rtol))
    return found is None


def gradgradcheck(
    function: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:
    """Check second derivatives: `gradcheck` of the gradient of a fixed random combination of the outputs.

    Raises:
        GradientError: as `gradcheck`; its text says that the first derivative's graph is at fault.

    >>> tg.gradgradcheck(np.tanh, np.array([0.5, -1.0]))
    True
    """
    arguments = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    leaves, rebuild = flatten(arguments)
    points = [np.array(as_value(x)) for x in leaves]
    moving = [k for k, x in enumerate(points) if x.dtype.kind == "f"]
    random = np.random.default_rng(0)
    with no_grad():
        weights = [random.normal(size=y.shape) for y in _outputs(function, rebuild, points)]

    def gradient(*values: Any) -> tuple[Any, ...]:
        def outputs(*xs: Any) -> list[Tensor]:
            moved = dict(zip(moving, xs, strict=True))
            return _outputs(function, rebuild, [moved.get(k, x) for k, x in enumerate(points)])

        return vjp(outputs, *values)[1](weights)

    return gradcheck(
        gradient,
        tuple(points[k] for k in moving),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
    )


def _outputs(function: Callable[..., Any], rebuild: Any, values: Sequence[Any]) -> list[Tensor]:
    """The floating outputs, as a flat list of Tensors."""
    results, _ = flatten(function(*rebuild(values)))
    tensors = [y if isinstance(y, Tensor) else Tensor(y) for y in results]
    return [y for y in tensors if y.dtype.kind == "f"]


def _differences(function: Any, rebuild: Any, points: list[Any], moving: list[int], eps: float) -> list[Any]:
    """Numeric Jacobians, one (outputs, inputs) matrix for each moving input."""

    def flat(values: list[Any]) -> Any:
        with no_grad():
            return np.concatenate([np.ravel(y._value) for y in _outputs(function, rebuild, values)])

    matrices = []
    for k in moving:
        columns = []
        for place in np.ndindex(points[k].shape):
            ends = []
            for step in (eps, -eps):
                moved = points[k].copy()
                moved[place] += step
                ends.append(flat([moved if j == k else x for j, x in enumerate(points)]))
            columns.append((ends[0] - ends[1]) / (2 * eps))
        matrices.append(np.stack(columns, axis=-1) if columns else np.zeros((flat(points).size, 0)))
    return matrices


def _recorded(function: Any, rebuild: Any, points: list[Any], moving: list[int]) -> tuple[list[Tensor], list[Any]]:
    """The outputs with their graph, and the nodes of the moving inputs."""
    leaves = {k: Tensor(points[k], requires_grad=True) for k in moving}
    with enable_grad():
        outputs = _outputs(function, rebuild, [leaves.get(k, x) for k, x in enumerate(points)])
    if not outputs:
        raise _nothing_to_check("output", [])
    return outputs, [leaves[k].node for k in moving]


def _jacobian_rows(outputs: list[Tensor], nodes: list[Any]) -> list[Any]:
    """Reverse-mode Jacobians, one (outputs, inputs) matrix for each moving input."""
    rows: list[list[Any]] = [[] for _ in nodes]
    for y in outputs:
        for i in range(y.size):
            seed = np.zeros(y.shape)
            seed.flat[i] = 1
            found = {} if y.node is None else pull_back([y.node], [seed[()]], nodes)
            for j, node in enumerate(nodes):
                rows[j].append(np.ravel(found.get(node, np.zeros(np.shape(node.value)))))
    return [
        np.stack(part) if part else np.zeros((0, np.size(node.value))) for part, node in zip(rows, nodes, strict=True)
    ]


def _nothing_to_check(what: str, dtypes: list[Any]) -> ArgumentError:
    return ArgumentError(
        f"gradcheck found no floating {what}{f' among {[str(d) for d in dtypes]}' if dtypes else ''}.",
        "It compares derivatives of floating outputs by floating inputs.",
        "Write 3.0 instead of 3, or convert with .astype(float).",
    )


def _compared(function: Any, rebuild: Any, points: list[Any], moving: list[int], how: Steps) -> Mismatch | None:
    """The first input of which the Jacobian is wrong, if there is one."""
    eps, atol, rtol = how
    outputs, nodes = _recorded(function, rebuild, points, moving)
    rows = _jacobian_rows(outputs, nodes)
    expected = _differences(function, rebuild, points, moving, eps)
    for k, got, wanted in zip(moving, rows, expected, strict=True):
        wrong = ~np.isclose(got, wanted, rtol=rtol, atol=atol, equal_nan=True)
        if wrong.any():
            return Mismatch(k, points[k].shape, got, wanted, wrong, outputs)
    return None


@dataclass
class Mismatch:
    """A wrong Jacobian (outputs, inputs): of which input, and where."""

    input: int
    shape: tuple[int, ...]
    got: Any
    wanted: Any
    wrong: Any
    outputs: list[Tensor]

    def error(self, names: list[str], how: Steps) -> GradientError:
        """The error that points at the worst element and, if possible, at the rule and the cause."""
        size = np.where(self.wrong, np.abs(np.nan_to_num(self.got - self.wanted, nan=np.inf)), -1)
        row, column = (int(i) for i in np.unravel_index(int(np.argmax(size)), size.shape))
        name = names[self.input]
        named = "" if name == f"inputs[{self.input}]" else f", {name},"
        return GradientError(
            f"The gradient by input {self.input}{named} is wrong at element {_place(column, self.shape)}: "
            f"it gives {self.got[row, column]:.6g} for output element {self._output(row)}.",
            f"Central differences give {self.wanted[row, column]:.6g}; "
            f"{int(self.wrong.sum())} of {self.wrong.size} entries differ.",
            _faulty_rule(self.outputs, how)
            or self.cause()
            or "Compare the rule with the formula's partial derivative.",
        )

    def cause(self, words: str = "It looks {}.") -> str | None:
        """How the Jacobian is wrong, as a sentence."""
        result = self.outputs[0].shape if len(self.outputs) == 1 else None
        cause = diagnose(self.got, self.wanted, self.shape, result)
        return words.format(cause) if cause else None

    def _output(self, row: int) -> str:
        """The place of a row of the Jacobian among the outputs."""
        ends = np.cumsum([y.size for y in self.outputs])
        k = int(np.searchsorted(ends, row, side="right"))
        place = _place(row - int(ends[k]) + self.outputs[k].size, self.outputs[k].shape)
        return f"{place} of output {k}" if len(self.outputs) > 1 else str(place)


def _place(number: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(number, shape)) if shape else ()


def _faulty_rule(outputs: list[Tensor], how: Steps) -> str | None:
    """Which op of the user's own is wrong, where several ops make the function: each is checked alone."""
    order = newest_first(y.node for y in outputs if y.node is not None)
    if len(order) < 2:  # it is the function's only op
        return None
    for node in reversed(order):
        op = node.op
        if not op.info.get("custom"):
            continue
        points = [np.array(edge.value if isinstance(edge, Node) else edge) for edge in node.inputs]
        rules = op.rules_for(len(points))
        moving = [k for k, x in enumerate(points) if rules[k] is not None and x.dtype == np.float64]
        alone = partial(op.call, **node.attributes)
        found = _compared(alone, tuple, points, moving, how)
        if found is not None:
            return found.cause(f"The rule of {op.name} for its input {found.input} looks {{}}.") or (
                f"The rule of {op.name} for its input {found.input} is at fault."
            )
    return None


def diagnose(got: Any, wanted: Any, shape: tuple[int, ...] = (), result: tuple[int, ...] | None = None) -> str | None:
    """How a Jacobian `got` (outputs, inputs) is wrong, if it is wrong in one of the usual ways; else None.

    Args:
        got: what the rule gives.
        wanted: the true Jacobian.
        shape: the input's.
        result: the output's shape, where there is one output: it shows whether the input was broadcast.

    >>> from tinygrad_loss.transforms.checking import diagnose
    >>> diagnose(2 * np.eye(3), np.eye(3))
    'right up to a factor 2'
    """
    got, wanted = np.asarray(got, float), np.asarray(wanted, float)
    if not np.isfinite(got).all():
        return "not finite where the true derivative is" if np.isfinite(wanted).all() else None
    scale = max(float(np.abs(wanted).max(initial=0)), 1e-12)

    def same(a: Any, b: Any) -> bool:
        return bool(np.allclose(a, b, rtol=1e-3, atol=1e-4 * scale))

    if same(got, 0):
        return "zero throughout: the rule lost the graph, or returns None"
    factor = float(np.vdot(got, wanted) / np.vdot(got, got))
    if factor and same(got * factor, wanted):
        return "right up to the sign" if same(-got, wanted) else f"right up to a factor {1 / factor:.4g}"
    if len(shape) == 2 and shape[0] == shape[1] and same(_swapped(got, shape), wanted):
        return "transposed"
    if got.shape[0] == got.shape[1] and same(got.T, wanted):
        return "transposed: J is used where Jᵀ is needed"
    kept = np.abs(got) > 1e-4 * scale
    if same(np.where(kept, wanted, 0), got) and np.all(kept.any(axis=0) == (np.abs(wanted) > 1e-4 * scale).any(axis=0)):
        axes = _broadcast_axes(wanted, shape, result)
        return f"as if the sum over axes {axes}, which were broadcast, were left out" if axes else OVERWRITTEN
    if same(got - got.mean(), wanted - wanted.mean()):
        return "off by a constant"
    return None


def _swapped(matrix: Any, shape: tuple[int, ...]) -> Any:
    return matrix.reshape(-1, *shape).swapaxes(-1, -2).reshape(matrix.shape)


def _broadcast_axes(wanted: Any, shape: tuple[int, ...], result: tuple[int, ...] | None) -> tuple[int, ...]:
    """The output's axes along which each output element depends on the one input element that broadcasting gives it."""
    if result is None or len(result) < len(shape):
        return ()
    padded = (1,) * (len(result) - len(shape)) + shape
    if any(m not in (1, n) for m, n in zip(padded, result, strict=True)):
        return ()
    source = np.broadcast_to(np.arange(int(np.prod(shape))).reshape(padded), result)
    others = np.arange(wanted.shape[1]) != source.reshape(-1, 1)
    if np.abs(np.where(others, wanted, 0)).max(initial=0) > 1e-6 * np.abs(wanted).max(initial=0):
        return ()
    return tuple(k for k, (m, n) in enumerate(zip(padded, result, strict=True)) if m != n)
