"""Holding derivatives against differences: gradcheck, gradgradcheck, and what a wrong rule looks like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.backward import pull_back
from ..core.tensor import Tensor, as_value
from ..errors import ArgumentError, DTypeError, GradientError
from ..modes import enable_grad, no_grad
from .gradient import vjp
from .trees import flatten

__all__ = ["gradcheck", "gradgradcheck"]


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
            it can be told, how the rule is wrong: by a factor, transposed, overwritten for added.
        DTypeError: for float32 inputs, where differences are too rough.
        ArgumentError: if no input, or no output, is floating: nothing would be checked.

    >>> tg.gradcheck(np.tanh, np.array([0.5, -1.0]))
    True
    """
    arguments = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    leaves, rebuild = flatten(tuple(arguments))
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
    got = _jacobian_rows(function, rebuild, points, moving)
    expected = _differences(function, rebuild, points, moving, eps)
    for k, rows, wanted in zip(moving, got, expected, strict=True):
        wrong = ~np.isclose(rows, wanted, rtol=rtol, atol=atol, equal_nan=True)
        if wrong.any():
            if raise_exception:
                raise _mismatch(k, points[k].shape, rows, wanted, wrong)
            return False
    return True


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


def _jacobian_rows(function: Any, rebuild: Any, points: list[Any], moving: list[int]) -> list[Any]:
    """Reverse-mode Jacobians, one (outputs, inputs) matrix for each moving input."""
    leaves = {k: Tensor(points[k], requires_grad=True) for k in moving}
    with enable_grad():
        outputs = _outputs(function, rebuild, [leaves.get(k, x) for k, x in enumerate(points)])
    if not outputs:
        raise _nothing_to_check("output", [])
    nodes = [leaves[k].node for k in moving]
    rows: list[list[Any]] = [[] for _ in moving]
    for y in outputs:
        for i in range(y.size):
            seed = np.zeros(y.shape)
            seed.flat[i] = 1
            found = {} if y.node is None else pull_back([y.node], [seed[()]], nodes)
            for j, node in enumerate(nodes):
                rows[j].append(np.ravel(found.get(node, np.zeros(np.shape(node.value)))))
    return [np.stack(part) if part else np.zeros((0, points[k].size)) for part, k in zip(rows, moving, strict=True)]


def _nothing_to_check(what: str, dtypes: list[Any]) -> ArgumentError:
    return ArgumentError(
        f"gradcheck found no floating {what}{f' among {[str(d) for d in dtypes]}' if dtypes else ''}.",
        "It compares derivatives of floating outputs by floating inputs.",
        "Write 3.0 instead of 3, or convert with .astype(float).",
    )


def _mismatch(k: int, shape: tuple[int, ...], got: Any, wanted: Any, wrong: Any) -> GradientError:
    """The error that points at the worst element and, if possible, at the cause."""
    error = np.where(wrong, np.abs(np.nan_to_num(got - wanted, nan=np.inf)), -1)
    output, element = np.unravel_index(int(np.argmax(error)), error.shape)
    place = tuple(int(i) for i in np.unravel_index(element, shape)) if shape else ()
    cause = diagnose(got, wanted, shape)
    return GradientError(
        f"The gradient by input {k} is wrong at element {place}: it gives {got[output, element]:.6g} "
        f"for output element {int(output)}.",
        f"Central differences give {wanted[output, element]:.6g}; {int(wrong.sum())} of {wrong.size} entries differ.",
        f"It looks {cause}." if cause else "Compare the rule with the formula's partial derivative.",
    )


def diagnose(got: Any, wanted: Any, shape: tuple[int, ...] = ()) -> str | None:
    """How a Jacobian `got` (outputs, inputs) is wrong, if it is wrong in one of the usual ways; else None.

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
        return "as if contributions were overwritten instead of added"
    if same(got - got.mean(), wanted - wanted.mean()):
        return "off by a constant"
    return None


def _swapped(matrix: Any, shape: tuple[int, ...]) -> Any:
    return matrix.reshape(-1, *shape).swapaxes(-1, -2).reshape(matrix.shape)
