"""Padding: an array with a border around it, in all of NumPy's ways. The adjoint folds the border back in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..core.primitive import linear
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError, unknown_name
from .borders import runs_of, sources
from .cumulative import along, backwards
from .indexing import scatter_add
from .joining import concatenate
from .quantiles import median
from .reductions import max, mean, min
from .rows import axes_of
from .samples import arrays
from .shaping import astype, broadcast_to, copy

__all__ = ["pad"]

Widths = tuple[tuple[int, int], ...]
STATISTICS: dict[str, Any] = {"maximum": max, "mean": mean, "median": median, "minimum": min}
EXTENSIONS = ("edge", "reflect", "symmetric", "wrap")
OPTIONS: dict[str, set[str]] = {  # what each way of padding may be told
    "constant": {"constant_values"},
    "edge": set(),
    "empty": set(),
    "linear_ramp": {"end_values"},
    "reflect": {"reflect_type"},
    "symmetric": {"reflect_type"},
    "wrap": set(),
    **{name: {"stat_length"} for name in STATISTICS},
}


@lru_cache(maxsize=256)
def _interior(shape: tuple[int, ...], widths: Widths) -> tuple[slice, ...]:
    """Where the array itself lies in the padded one."""
    return tuple(slice(before, before + n) for n, (before, _) in zip(shape, widths, strict=True))


@lru_cache(maxsize=256)
def _around(shape: tuple[int, ...], widths: Widths) -> tuple[int, ...]:
    """The shape of the padded array."""
    return tuple(before + n + after for n, (before, after) in zip(shape, widths, strict=True))


def _constants_adjoint(g: Any, shape: tuple[int, ...], widths: Widths) -> Any:
    """The gradient of each of the constants: the sum over its side of the border, corners with the last axis."""
    inner = _interior(shape, widths)
    sums = []
    for axis, part in enumerate(inner):
        rest = (*(slice(None),) * axis,), inner[axis + 1 :]
        sums += [np.sum(g[(*rest[0], side, *rest[1])]) for side in (slice(part.start), slice(part.stop, None))]
    return np.reshape(np.stack(sums), (len(shape), 2)) if sums else np.zeros((0, 2), g.dtype)


@linear(
    [
        lambda g, y, x, values, widths: g[_interior(np.shape(x), widths)],
        lambda g, y, x, values, widths: _constants_adjoint(g, np.shape(x), widths),
    ],
    name="pad",
    formula="y = x, with constants around it",
    derivative="∂y/∂x = 1 inside the border, ∂y/∂c = 1 on the side that holds the constant c",
    reference=lambda x, values, widths: np.pad(x, widths, constant_values=values),
    samples=lambda: [
        [*arrays((3,), (1, 2)), ((1, 2),)],
        [*arrays((2, 3), (2, 2)), ((1, 0), (0, 2))],
        [*arrays((2, 1, 2), (3, 2)), ((1, 1), (0, 0), (2, 1))],
        [*arrays((0, 2), (2, 2)), ((1, 1), (1, 0))],
    ],
)
def _pad(x: ArrayLike, values: ArrayLike, widths: Widths) -> Any:
    if np.shape(values) != (len(widths), 2):
        raise ValueError(f"{np.shape(values)} constants for {len(widths)} axes")
    return _bordered(np.zeros(_around(x.shape, widths), x.dtype), x, values, _interior(x.shape, widths))


def _bordered(out: Any, x: Any, values: Any, inner: tuple[slice, ...]) -> Any:
    """`out`, which nobody else holds, with x inside and the constants around it: a tenth of the time of np.pad."""
    out[inner] = x
    if np.any(values):
        for axis, (part, (before, after)) in enumerate(zip(inner, values, strict=True)):
            whole = (slice(None),) * axis
            out[(*whole, slice(part.start), *inner[axis + 1 :])] = before
            out[(*whole, slice(part.stop, None), *inner[axis + 1 :])] = after
    return out


def _odd_parts(numbers: Any, taken: Any, n: int, mode: str) -> tuple[Any, Any, Any]:
    """The parts of x[taken], x[0] and x[n - 1] in a border that is reflected in the edge point, not the edge line.

    Without the straight line L through both edge points, x is 0 at its ends, and reflecting in a point only
    changes the sign: y = L + s·(x[taken] - L[taken]), where s changes with each reflection.
    """
    length, shift = (n, 0.5) if mode == "symmetric" else (n - 1, 0.0)
    if not length:  # a single element has no other to reflect
        return np.ones(len(numbers)), np.zeros(len(numbers)), np.zeros(len(numbers))
    turned = np.where(numbers // length % 2, -1.0, 1.0)
    here, there = (numbers + shift) / length, (taken + shift) / length
    return turned, (1 - here) - turned * (1 - there), here - turned * there


def _folded(g: Any, axis: int, n: int, widths: tuple[int, int], mode: str) -> Any:
    """The gradient along one axis of what is reflected in points: that of the array, of the border, of the ends."""
    numbers, taken = sources(n, widths, mode)
    if not len(numbers):
        return g
    kept = g[along(axis, slice(widths[0], widths[0] + n))]
    border = np.concatenate([g[along(axis, slice(widths[0]))], g[along(axis, slice(widths[0] + n, None))]], axis=axis)
    place = (slice(None),) * axis
    parts = [p.astype(g.dtype) for p in _odd_parts(numbers, taken, n, mode)]
    turned, first, last = (np.reshape(p, (-1,) + (1,) * (np.ndim(g) - axis - 1)) for p in parts)
    ends = np.sum(border * first, axis=axis), np.sum(border * last, axis=axis)
    kept = kept + scatter_add(border * turned, (*place, taken), np.shape(kept))
    kept = kept + scatter_add(ends[0], (*place, 0), np.shape(kept))
    return kept + scatter_add(ends[1], (*place, n - 1), np.shape(kept))


def _extend_adjoint(g: Any, x: Any, widths: Widths, mode: str, reflect_type: str) -> Any:
    """The gradient with the border folded back in, one axis after the other."""
    if reflect_type == "even":
        return _fold(g, widths=widths, mode=mode)
    for axis, n in enumerate(np.shape(x)):
        g = _folded(g, axis, n, widths[axis], mode)
    return g


@linear(
    lambda g, y, x, widths, mode: _extend(g, widths=widths, mode=mode, reflect_type="even"),
    formula="y = x without its border, each place of which is added to the one it was taken from",
    derivative="x̄ = ȳ, with a border of its own elements",
    samples=lambda: [
        *([*arrays((9,)), ((2, 3),), mode] for mode in EXTENSIONS),
        *([*arrays((7, 13)), ((5, 0), (1, 9)), mode] for mode in EXTENSIONS),
    ],
)
def _fold(x: ArrayLike, widths: Widths, mode: Any) -> Any:
    """The adjoint of `pad` with a border of the array's own elements.

    >>> x = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> tg.pad(x, 1, "reflect").sum().backward()
    >>> x.grad
    tensor([1., 3., 1.])
    """
    for axis, (before, after) in enumerate(widths):
        if before or after:
            x = _without_border(x, axis, x.shape[axis] - before - after, (before, after), mode)
    return x


def _without_border(x: Any, axis: int, n: int, widths: tuple[int, int], mode: str) -> Any:
    """One axis of x, folded: the border's places added where they were taken from."""
    kept = np.array(x[along(axis, slice(widths[0], widths[0] + n))])  # nobody else's, to add into
    for border, source, one in runs_of(axis, n, widths, mode):
        part, target = x[border], kept[source]
        target += np.sum(part, axis=axis, keepdims=True) if one else part
    return kept


@linear(
    lambda g, y, x, widths, mode, reflect_type: _extend_adjoint(g, x, widths, mode, reflect_type),
    formula="y = x, with a border of its own elements",
    derivative="∂y/∂xᵢ = 1 inside, and at each place of the border taken from xᵢ",
    reference=lambda x, widths, mode, reflect_type: np.pad(
        x, widths, mode, **({"reflect_type": reflect_type} if mode in ("reflect", "symmetric") else {})
    ),
    samples=lambda: [
        *([*arrays((4,)), ((2, 3),), mode, "even"] for mode in EXTENSIONS),
        *([*arrays((2, 3)), ((5, 0), (1, 9)), mode, "even"] for mode in EXTENSIONS),
        *([*arrays((2, 3)), ((5, 0), (1, 9)), mode, "odd"] for mode in ("reflect", "symmetric")),
        *([*arrays((1, 2)), ((2, 1), (0, 0)), mode, "odd"] for mode in ("reflect", "symmetric")),
    ],
)
def _extend(x: ArrayLike, widths: Widths, mode: Any, reflect_type: Any) -> Any:
    """A border of the array's own elements, for `pad`.

    >>> tg.pad(tg.tensor([1.0, 2.0, 3.0]), 1, "wrap")
    tensor([3., 1., 2., 3., 1.])
    """
    if reflect_type == "odd" and mode in ("reflect", "symmetric"):
        return np.pad(x, widths, mode, reflect_type="odd")
    return _extended(np.empty(_around(x.shape, widths), x.dtype), x, widths, mode)


def _extended(out: Any, x: Any, widths: Widths, mode: str) -> Any:
    """`out`, which nobody else holds, with x inside and its elements around it, one axis after the other."""
    out[_interior(x.shape, widths)] = x
    for axis, (before, after) in enumerate(widths):
        if before or after:
            middle = out[along(axis, slice(before, before + x.shape[axis]))]
            for border, source, _ in runs_of(axis, x.shape[axis], (before, after), mode):
                out[border] = middle[source]
    return out


def _pairs(given: Any, ndim: int, name: str) -> Any:
    """What is given for all sides, for all axes, or for each side of each axis, as the last."""
    values = given if isinstance(given, Tensor) else np.asarray(given)
    try:
        return broadcast_to(values, (ndim, 2))
    except ValueError:
        raise ArgumentError(
            f"pad got {name}={given!r} for {ndim} axes.",
            "It is one value, a pair (before, after), or such a pair for each axis.",
            "Write ((0, 0), (1, 2)) to leave the first axis alone.",
        ) from None


def _is_pair(width: Any) -> bool:
    """Whether a width is already as it is recorded."""
    if type(width) is not tuple or len(width) != 2:
        return False
    before, after = width
    return type(before) is type(after) is int and before >= 0 <= after


def _widths(x: ArrayLike, pad_width: Any) -> Widths:
    """The widths before and after each axis."""
    ndim = np.ndim(x)
    if type(pad_width) is tuple and len(pad_width) == ndim and all(map(_is_pair, pad_width)):
        return pad_width
    if isinstance(pad_width, dict):
        rows: list[Any] = [(0, 0)] * ndim
        for axis, width in pad_width.items():
            rows[axes_of(x, axis)[0]] = width if np.ndim(width) else (width, width)
        pad_width = rows
    pairs = np.asarray(_pairs(pad_width, ndim, "pad_width") if ndim else np.zeros((0, 2), int))
    if pairs.dtype.kind not in "iu" or (pairs < 0).any():
        raise ArgumentError(
            f"pad got pad_width={pad_width!r}.",
            "Widths are whole numbers of at least 0.",
            "Index x[1:-1] to cut instead.",
        )
    return tuple((int(before), int(after)) for before, after in pairs)


def _as_kind(border: Any, x: Any, rounding: Any) -> Any:
    """A computed border in the dtype of x: whole numbers where x holds them."""
    return border if x.dtype.kind == "f" else astype(rounding(border), x.dtype)


def _statistic_borders(x: Any, axis: int, widths: tuple[int, int], mode: str, lengths: Any) -> list[Any]:
    """The two borders along an axis: the maximum, mean, ... of the elements next to each."""
    n, borders = np.shape(x)[axis], []
    for side, width in enumerate(widths):
        count = n if lengths is None else np.minimum(int(lengths[axis][side]), n)
        near = x[along(axis, slice(count) if side == 0 else slice(n - count, n))]
        value = _as_kind(STATISTICS[mode](near, axis, keepdims=True), x, np.rint)
        borders.append(broadcast_to(value, (*np.shape(x)[:axis], width, *np.shape(x)[axis + 1 :])))
    return borders


def _ramp_borders(x: Any, axis: int, widths: tuple[int, int], ends: Any) -> list[Any]:
    """The two borders along an axis: straight lines from the outer ends to the edge."""
    edges = x[along(axis, slice(1))], x[along(axis, slice(-1, None))]
    rows = [
        np.linspace(ends[axis, side], np.squeeze(edge, axis), width, endpoint=False, axis=axis)
        for side, (edge, width) in enumerate(zip(edges, widths, strict=True))
    ]
    return [_as_kind(row, x, np.floor) for row in (rows[0], backwards(rows[1], axis))]


def _with_borders(x: Any, widths: Widths, mode: str, stat_length: Any, end_values: Any) -> Any:
    """The array with borders that are computed from it, one axis after the other."""
    ndim = np.ndim(x)
    lengths = None if stat_length is None else np.asarray(_pairs(stat_length, ndim, "stat_length"))
    if lengths is not None and (lengths < 1).any():
        raise ArgumentError(
            f"pad got stat_length={stat_length!r}.",
            "It needs at least one element.",
            "Leave it out to use all of them.",
        )
    ends = _pairs(0 if end_values is None else end_values, ndim, "end_values")
    ends = astype(ends, x.dtype) if x.dtype.kind == "f" else ends
    for axis, width in enumerate(widths):
        if any(width):
            ramp = mode == "linear_ramp"
            borders = _ramp_borders(x, axis, width, ends) if ramp else _statistic_borders(x, axis, width, mode, lengths)
            x = concatenate([borders[0], x, borders[1]], axis)
    return x


@_pad.op.front
def pad(
    x: ArrayLike,
    pad_width: int | Sequence[Any] | dict[int, Any],
    mode: str = "constant",
    *,
    constant_values: ArrayLike | None = None,
    end_values: ArrayLike | None = None,
    stat_length: Any = None,
    reflect_type: str | None = None,
) -> Tensor:
    """The array with a border around it; the gradient of the border goes back to what it was made from.

    Args:
        x: the array.
        pad_width: the width of the border: one number, a pair (before, after), such a pair for each axis,
            or a dict of them by axis.
        mode: "constant"; "edge" repeats the outermost elements; "reflect" and "symmetric" mirror the array
            without and with the edge itself; "wrap" goes on with the other end; "linear_ramp" runs straight to
            an end value; "maximum", "mean", "median" and "minimum" are those of the array along the axis;
            "empty" leaves the border open (it is 0).
        constant_values: the constants, 0 unless given, for all sides or each as in `pad_width`; may be a
            Tensor, and then gets the gradient of its sides.
        end_values: where the ramps end, in the same way.
        stat_length: how many elements next to the border count for a statistic; all unless given.
        reflect_type: "even", or "odd" to mirror in the edge point: 2·edge - element.

    Raises:
        UnknownNameError: for another mode.
        ArgumentError: for negative widths, or an argument that the mode does not take.

    >>> tg.pad(tg.tensor([1.0, 2.0]), (1, 2))
    tensor([0., 1., 2., 0., 0.])
    >>> tg.pad(tg.tensor([1.0, 2.0, 3.0]), 2, "reflect")
    tensor([3., 2., 1., 2., 3., 2., 1.])
    """
    if mode not in EXTENSIONS or not (constant_values is end_values is stat_length is reflect_type is None):
        given = {"constant_values": constant_values, "end_values": end_values}
        given |= {"stat_length": stat_length, "reflect_type": reflect_type}
        _check(mode, {name for name, value in given.items() if value is not None}, reflect_type)
    x = x if isinstance(x, Tensor) else np.asarray(x)
    plain = type(pad_width) is int and pad_width > 0
    widths = ((pad_width, pad_width),) * x.ndim if plain else _widths(x, pad_width)  # type: ignore[operator]
    if not any(map(any, widths)):
        return copy(x)
    if mode in ("constant", "empty"):
        if constant_values is None:
            return _pad(x, np.zeros((x.ndim, 2), x.dtype), widths=widths)
        values = _pairs(0 if constant_values is None else constant_values, x.ndim, "constant_values")
        return _pad(x, astype(values, x.dtype, copy=False), widths=widths)
    if mode in EXTENSIONS:
        return _extend(x, widths=widths, mode=mode, reflect_type=reflect_type or "even")
    return _with_borders(x, widths, mode, stat_length, end_values)


def _check(mode: Any, given: set[str], reflect_type: str | None) -> None:
    """Refuse an unknown mode, and arguments that the mode does not take."""
    if callable(mode):
        raise ArgumentError(
            "pad got a function as its mode.",
            "Such a function writes into its argument, which cannot be recorded.",
            "Use one of the modes by name, or concatenate the array with a border.",
        )
    if mode not in OPTIONS:
        raise unknown_name("padding mode", mode, OPTIONS)
    for name in sorted(given - OPTIONS[mode]):
        modes = [known for known, names in OPTIONS.items() if name in names]
        raise ArgumentError(
            f"pad with mode={mode!r} does not take {name}=.",
            f"That is for mode {' or '.join(map(repr, modes))}.",
            "Leave it out, or name that mode.",
        )
    if reflect_type not in (None, "even", "odd"):
        raise ArgumentError(
            f"pad got reflect_type={reflect_type!r}.", "It is 'even' or 'odd'.", "Leave it out for 'even'."
        )
