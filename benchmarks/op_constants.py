"""The ops without a derivative that `bench_ops.py` times, forward alone; the cases are made as in `op_cases.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
from op_cases import Case, op, public
from op_inputs import matrices, normal, positives, quotient, random, side, square, squares

from tinygrad_loss.core.registry import functions


def truths(n: int) -> list[Any]:
    return [x > 0 for x in squares(n)]


def whole(n: int) -> list[Any]:
    return [random.integers(1, 1000, (side(n), side(n))) for _ in range(2)]


def shifts(n: int) -> list[Any]:
    return [whole(n)[0], random.integers(0, 20, (side(n), side(n)))]


def numbered(n: int) -> list[Any]:
    """Elements of a matrix by row and column."""
    return [random.integers(0, side(n), n) for _ in range(2)]


def edged(n: int) -> list[Any]:
    """Numbers, and rising edges that divide them into 99 bins."""
    return [*square(n), np.sort(normal(100))]


PEERS = {"equal": "eq", "not_equal": "ne", "less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge"}
ONE = "isnan isinf isfinite isneginf isposinf isreal sign signbit floor ceil trunc angle".split()
CONSTANT = {
    **{name: Case(squares, peer) for name, peer in PEERS.items()},
    **{name: Case(truths, name) for name in ("logical_and", "logical_or", "logical_xor")},
    "logical_not": Case(lambda n: truths(n)[:1], "logical_not"),
    **{name: Case(square, name) for name in ONE},
    "iscomplex": Case(square, lambda T, x: ~T.isreal(x)),
    "imag": Case(square, "zeros_like"),
    "isclose": Case(squares, "isclose"),
    "rint": Case(square, "round"),
    "round": Case(square, lambda T, x: T.round(x, decimals=2), public("round", 2)),
    "floor_divide": Case(quotient, "floor_divide"),
    "spacing": Case(positives, lambda T, x: T.nextafter(x, T.full_like(x, np.inf)) - x),
    "binary_exponent": Case(positives, lambda T, x: T.frexp(x)[1], op("binary_exponent")),
    "as_discrete": Case(square, lambda T, x: x.long(), public("astype", int)),
    "stop_gradient": Case(square, lambda T, x: x.detach()),
    **{name: Case(whole, name) for name in ("bitwise_and", "bitwise_or", "bitwise_xor", "gcd", "lcm")},
    "bitwise_count": Case(lambda n: whole(n)[:1]),
    "invert": Case(lambda n: whole(n)[:1], "bitwise_not"),
    "left_shift": Case(shifts, "bitwise_left_shift"),
    "right_shift": Case(shifts, "bitwise_right_shift"),
    "all": Case(lambda n: truths(n)[:1], lambda T, x: x.all(-1), public("all", -1)),
    "any": Case(lambda n: truths(n)[:1], lambda T, x: x.any(-1), public("any", -1)),
    "count_nonzero": Case(square, lambda T, x: T.count_nonzero(x, -1), public("count_nonzero", -1)),
    "argmax": Case(square, lambda T, x: x.argmax(-1), public("argmax", -1)),
    "argmin": Case(square, lambda T, x: x.argmin(-1), public("argmin", -1)),
    "nanargmax": Case(square, None, public("nanargmax", -1)),
    "nanargmin": Case(square, None, public("nanargmin", -1)),
    "running_argmax": Case(square, lambda T, x: x.cummax(-1).indices),
    "argsort": Case(square, lambda T, x: x.argsort(-1), public("argsort", -1)),
    "argpartition": Case(square, None, public("argpartition", 3)),
    "lexsort": Case(lambda n: [normal(n), normal(n)], None, lambda a, b: functions["lexsort"]((a, b))),
    "digitize": Case(edged, lambda T, x, bins: T.bucketize(x, bins, right=True)),
    "searchsorted": Case(
        edged, lambda T, x, bins: T.searchsorted(bins, x), lambda x, a: functions["searchsorted"](a, x)
    ),
    "interval": Case(edged, None, op("interval")),
    "isin": Case(lambda n: [whole(n)[0], np.arange(0, 100, 3)], "isin"),
    "occurrences": Case(
        lambda n: [random.integers(0, side(n), n)],
        lambda T, x: T.bincount(x, minlength=1000),
        lambda x: functions["bincount"](x, minlength=1000),
    ),
    "ravel_multi_index": Case(
        numbered,
        lambda T, i, j: i * 1000 + j,
        lambda i, j: functions["ravel_multi_index"]((i, j), (1000, 1000)),
    ),
    "unravel_index": Case(
        lambda n: [random.integers(0, n, n)],
        lambda T, i: T.unravel_index(i, (1000, 1000))[1],
        lambda i: functions["unravel_index"](i, (1000, 1000))[1],
    ),
    "matrix_rank": Case(matrices, "linalg.matrix_rank", functions["linalg.matrix_rank"]),
}
