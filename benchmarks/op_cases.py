"""What `bench_ops.py` times: for every op the inputs, the call, and the same maths in PyTorch.

A case is named for its op; a word after the name tells variants of one op apart. `ours` is the public
function of that name where nothing else is said. `peer` is the path of a function of PyTorch, or a
function of the module and the tensors; None where PyTorch has no counterpart, and then NumPy's forward
alone is the measure, by the op's kernel on plain arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from op_inputs import (
    convolved,
    definite,
    distinct,
    first_channels,
    fractions,
    images,
    masked,
    matrices,
    normal,
    picked,
    places,
    positives,
    probabilities,
    quotient,
    random,
    side,
    spread,
    square,
    squares,
    written,
)

from tinygrad_loss.core.registry import functions, ops

Make = Callable[[int], list[Any]]


class Case(NamedTuple):
    """One row of the table: floating arrays among the inputs get gradients, all others are constants."""

    make: Make  # the inputs, for about that many elements in the first
    peer: Any = None
    ours: Any = None
    layout: Any = None  # the inputs in the order of axes that the peer wants


def op(name: str, **attributes: Any) -> Callable[..., Any]:
    """The recorded op itself, with attributes: for ops that have no public function of their own."""
    call = ops[name].call
    return lambda *inputs: call(*inputs, **attributes)


def public(name: str, *rest: Any, **options: Any) -> Callable[..., Any]:
    """The public function with more arguments after the inputs."""
    function = functions[name]
    return lambda *inputs: function(*inputs, *rest, **options)


def sparsemax(T: Any, x: Any) -> Any:
    z = x.sort(-1, descending=True).values
    kept = 1 + T.arange(1, x.shape[-1] + 1) * z > z.cumsum(-1)
    tau = (T.where(kept, z, 0).sum(-1, keepdim=True) - 1) / kept.sum(-1, keepdim=True)
    return (x - tau).clamp(min=0)


def lstm_gates(T: Any, z: Any, c: Any) -> Any:
    let_in, keep, candidate, show = z.chunk(4, -1)
    cell = keep.sigmoid() * c + let_in.sigmoid() * candidate.tanh()
    return show.sigmoid() * cell.tanh(), cell


def gru_gates(T: Any, x: Any, r: Any, h: Any) -> Any:
    (x0, x1, x2), (r0, r1, r2) = x.chunk(3, -1), r.chunk(3, -1)
    update, reset = (x0 + r0).sigmoid(), (x1 + r1).sigmoid()
    return update * h + (1 - update) * (x2 + reset * r2).tanh()


ARITHMETIC = {
    "add": Case(squares, "add"),
    "add row": Case(lambda n: [*square(n), normal(side(n))], "add", functions["add"]),
    "subtract": Case(squares, "subtract"),
    "multiply": Case(squares, "multiply"),
    "divide": Case(quotient, "divide"),
    "remainder": Case(quotient, "remainder"),
    "fmod": Case(quotient, "fmod"),
    "negative": Case(square, "negative"),
    "positive": Case(square, lambda T, x: x.clone()),
    "reciprocal": Case(positives, "reciprocal"),
    "absolute": Case(square, "abs"),
    "fabs": Case(square, "abs"),
    "power": Case(lambda n: positives(n) + square(n), "pow"),
    "power whole": Case(square, lambda T, x: x**3, lambda x: x**3),
    "square": Case(square, "square"),
    "sqrt": Case(positives, "sqrt"),
    "cbrt": Case(square, lambda T, x: x.sign() * x.abs().pow(1 / 3)),
    "hypot": Case(squares, "hypot"),
    "maximum": Case(squares, "maximum"),
    "minimum": Case(squares, "minimum"),
    "fmax": Case(squares, "fmax"),
    "fmin": Case(squares, "fmin"),
    "clip": Case(square, lambda T, x: x.clamp(-0.5, 0.5), public("clip", -0.5, 0.5)),
    "where": Case(lambda n: [masked(n)[1], *squares(n)], "where", functions["where"]),
    "nan_to_num": Case(square, "nan_to_num"),
    "copysign": Case(squares, "copysign"),
    "heaviside": Case(squares, None),
    "modf": Case(square, lambda T, x: (x.frac(), x.trunc())),
    "ldexp": Case(lambda n: [*square(n), random.integers(0, 4, (side(n), side(n)))], "ldexp"),
    "frexp": Case(positives, "frexp"),
    "real": Case(square, lambda T, x: x.clone()),
    "conjugate": Case(square, lambda T, x: x.clone()),
    "scale_and_shift": Case(
        lambda n: [*square(n), normal(side(n)), normal(side(n))], lambda T, x, gamma, beta: T.addcmul(beta, x, gamma)
    ),
}
FUNCTIONS = {
    **{name: Case(square, name) for name in ("exp", "exp2", "expm1", "sin", "cos", "sinc", "sinh", "cosh", "tanh")},
    **{name: Case(positives, name) for name in ("log", "log2", "log10", "log1p")},
    **{name: Case(fractions, name) for name in ("tan", "arcsin", "arccos", "arctanh")},
    "arctan": Case(square, "arctan"),
    "arctan2": Case(squares, "arctan2"),
    "arcsinh": Case(square, "arcsinh"),
    "arccosh": Case(lambda n: [1 + positives(n)[0]], "arccosh"),
    "degrees": Case(square, "rad2deg"),
    "radians": Case(square, "deg2rad"),
    "logaddexp": Case(squares, "logaddexp"),
    "logaddexp2": Case(squares, "logaddexp2"),
    "i0": Case(square, "special.i0"),
    "i1": Case(square, "special.i1"),
    "lgamma": Case(positives, "lgamma"),
    "digamma": Case(positives, "digamma"),
    "polygamma": Case(positives, lambda T, x: T.polygamma(1, x), lambda x: functions["polygamma"](1, x)),
    "erf": Case(square, "special.erf"),
    "erfc": Case(square, "special.erfc"),
    "erfinv": Case(fractions, "special.erfinv"),
}
F = "nn.functional."
ACTIVATIONS = {
    "relu": Case(square, "relu"),
    "sigmoid": Case(square, "sigmoid"),
    "softmax": Case(square, lambda T, x: T.softmax(x, -1)),
    "log_softmax": Case(square, lambda T, x: T.log_softmax(x, -1)),
    "masked_softmax": Case(masked, lambda T, x, mask: T.softmax(x.masked_fill(~mask, -math.inf), -1)),
    "dropout": Case(masked, lambda T, x, mask: x * (mask * 2.0), public("dropout", 0.5)),
    "leaky_relu": Case(square, lambda T, x: T.nn.functional.leaky_relu(x, 0.2)),
    **{name: Case(square, F + name) for name in ("elu", "celu", "selu", "relu6", "softplus", "softsign", "gelu")},
    "log_sigmoid": Case(square, F + "logsigmoid"),
    "squareplus": Case(square, lambda T, x: (x + (x * x + 4).sqrt()) / 2),
    "hard_sigmoid": Case(square, F + "hardsigmoid"),
    "hard_tanh": Case(square, F + "hardtanh"),
    "hard_shrink": Case(square, F + "hardshrink"),
    "soft_shrink": Case(square, F + "softshrink"),
    "threshold": Case(square, lambda T, x: T.nn.functional.threshold(x, 0.1, 0.5), public("threshold", 0.1, 0.5)),
    "gelu_slope": Case(
        square,
        lambda T, x: 0.5 + 0.5 * T.erf(x * math.sqrt(0.5)) + x * T.exp(-0.5 * x * x) / math.sqrt(math.tau),
    ),
    "gelu_tanh": Case(square, lambda T, x: T.nn.functional.gelu(x, approximate="tanh")),
    "sparsemax": Case(square, sparsemax),
    "sparse_plus": Case(square, lambda T, x: x.clamp(min=0).maximum((x.clamp(-1, 1) + 1).square() * 0.25)),
    "sparse_sigmoid": Case(square, lambda T, x: (0.5 * (x + 1)).clamp(0, 1)),
    "standardize": Case(
        square,
        lambda T, x: T.native_layer_norm(x, [x.shape[-1]], None, None, 1e-3)[0],
        lambda x: functions["standardize"](x)[0],
    ),
    "rms_norm": Case(
        square,
        lambda T, x: T.nn.functional.rms_norm(x, [x.shape[-1]], eps=1e-6),
        op("rms_norm", axis=(-1,), epsilon=1e-6),
    ),
    "lstm_gates": Case(lambda n: [normal(side(n), 4 * side(n)), *square(n)], lstm_gates),
    "gru_gates": Case(
        lambda n: [normal(side(n), 3 * side(n)), normal(side(n), 3 * side(n)), *square(n)],
        gru_gates,
    ),
}


LOSSES = {
    "huber": Case(square, lambda T, x: T.nn.functional.huber_loss(x, T.zeros_like(x), reduction="none")),
    "log_cosh": Case(square, lambda T, x: x.abs() + T.log1p(T.exp(-2 * x.abs())) - math.log(2)),
    "clipped_log": Case(probabilities, lambda T, p: p.clamp(1e-7, 1 - 1e-7).log()),
    "binary_cross_entropy": Case(
        lambda n: probabilities(n) + probabilities(n),
        lambda T, y, p: T.nn.functional.binary_cross_entropy(p, y, reduction="none"),
    ),
    "binary_cross_entropy_with_logits": Case(
        lambda n: probabilities(n) + square(n),
        lambda T, y, z: T.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none"),
    ),
    "relative_entropy": Case(
        lambda n: probabilities(n) + probabilities(n),
        lambda T, y, p: y.clamp(1e-7, 1) * (y.clamp(1e-7, 1) / p.clamp(1e-7, 1)).log(),
    ),
    "cross_entropy_with_logits": Case(
        lambda n: probabilities(n) + square(n), lambda T, y, z: T.nn.functional.cross_entropy(z, y, reduction="none")
    ),
    "kl_divergence_with_logits": Case(
        lambda n: probabilities(n) + square(n), lambda T, y, z: (y * (y.log() - T.log_softmax(z, -1))).sum(-1)
    ),
    "sparse_cross_entropy_with_logits": Case(
        lambda n: [random.integers(0, side(n), side(n)), *square(n)],
        lambda T, labels, z: T.nn.functional.cross_entropy(z, labels, reduction="none"),
    ),
}
REDUCTIONS = {
    "sum": Case(square, lambda T, x: x.sum(-1), public("sum", -1)),
    "sum all": Case(square, "sum", functions["sum"]),
    "sum first": Case(square, lambda T, x: x.sum(0), public("sum", 0)),
    "mean": Case(square, lambda T, x: x.mean(-1), public("mean", -1)),
    "max": Case(square, lambda T, x: x.amax(-1), public("max", -1)),
    "max all": Case(square, "amax", functions["max"]),
    "min": Case(square, lambda T, x: x.amin(-1), public("min", -1)),
    "nanmax": Case(square, lambda T, x: T.where(x.isnan(), -math.inf, x).amax(-1), public("nanmax", -1)),
    "nanmin": Case(square, lambda T, x: T.where(x.isnan(), math.inf, x).amin(-1), public("nanmin", -1)),
    "prod": Case(positives, lambda T, x: x.prod(-1), public("prod", -1)),
    "var": Case(square, lambda T, x: x.var(-1, correction=0), public("var", -1)),
    "std": Case(square, lambda T, x: x.std(-1, correction=0), public("std", -1)),
    "logsumexp": Case(square, lambda T, x: x.logsumexp(-1), public("logsumexp", -1)),
    "euclidean_norm": Case(square, lambda T, x: T.linalg.vector_norm(x, dim=-1), public("linalg.norm", axis=-1)),
    "cumsum": Case(square, lambda T, x: x.cumsum(-1), public("cumsum", -1)),
    "cumsum first": Case(square, lambda T, x: x.cumsum(0), public("cumsum", 0)),
    "cumprod": Case(positives, lambda T, x: (x**0.1).cumprod(-1), lambda x: functions["cumprod"](x**0.1, -1)),
    "logcumsumexp": Case(square, lambda T, x: x.logcumsumexp(-1), public("logcumsumexp", axis=-1)),
    "order_statistic": Case(
        square,
        lambda T, x: x.kthvalue(x.shape[-1] // 2 + 1, -1).values,
        lambda x: functions["order_statistic"](x, x.shape[-1] // 2),
    ),
    "sort": Case(square, lambda T, x: x.sort(-1).values, public("sort", -1)),
    "unwrap": Case(square, None),
    "diff": Case(square, lambda T, x: x.diff(), functions["diff"]),
}
SHAPING = {
    "transpose": Case(square, lambda T, x: x.t()),
    "swapaxes": Case(square, lambda T, x: x.swapaxes(0, 1), public("swapaxes", 0, 1)),
    "astype": Case(square, lambda T, x: x.double(), public("astype", np.float64)),
    "copy": Case(square, "clone"),
    "broadcast_to": Case(
        lambda n: [normal(side(n))],
        lambda T, x: x.expand(len(x), len(x)),
        lambda x: functions["broadcast_to"](x, (len(x), len(x))),
    ),
    "sum_to": Case(
        square, lambda T, x: x.sum_to_size(x.shape[-1]), lambda x: ops["sum_to"].call(x, shape=x.shape[-1:])
    ),
    "reshape": Case(square, lambda T, x: x.reshape(-1), public("reshape", -1)),
    "squeeze": Case(lambda n: [normal(1, n)], lambda T, x: x.squeeze(0), public("squeeze", 0)),
    "expand_dims": Case(square, lambda T, x: x.unsqueeze(0), public("expand_dims", 0)),
    "concatenate": Case(squares, lambda T, a, b: T.cat((a, b)), lambda a, b: functions["concatenate"]((a, b))),
    "split": Case(square, lambda T, x: x.tensor_split(2), public("split", 2)),
    "unstack": Case(lambda n: [normal(10, n // 10)], lambda T, x: x.unbind(), functions["unstack"]),
    "pad": Case(square, lambda T, x: T.nn.functional.pad(x, (1, 1, 1, 1)), public("pad", 1)),
    "extend": Case(
        lambda n: [normal(1, side(n), side(n))],
        lambda T, x: T.nn.functional.pad(x, (1, 1, 1, 1), mode="reflect"),
        public("pad", ((0, 0), (1, 1), (1, 1)), mode="reflect"),
    ),
    "tril": Case(square, "tril"),
    "triu": Case(square, "triu"),
    "diagonal": Case(square, "diagonal"),
    "on_diagonal": Case(lambda n: [normal(side(n))], "diag_embed", functions["diag"]),
    "repeat": Case(square, lambda T, x: x.repeat_interleave(2, 0), public("repeat", 2, axis=0)),
    "tile": Case(square, lambda T, x: x.tile(2, 2), public("tile", (2, 2))),
    "flip": Case(square, lambda T, x: x.flip(0), public("flip", 0)),
    "roll": Case(square, lambda T, x: x.roll(1, 0), public("roll", 1, 0)),
    "linspace": Case(
        lambda n: [normal(n // 10), normal(n // 10)],
        lambda T, a, b: a + (b - a) * T.linspace(0, 1, 10)[:, None],
        public("linspace", 10),
    ),
}
INDEXING = {
    "getitem": Case(square, lambda T, x: x[1:, ::2], lambda x: x[1:, ::2]),
    "getitem rows": Case(picked, lambda T, x, i: x[i], lambda x, i: x[i]),
    "getitem mask": Case(masked, lambda T, x, mask: x[mask], lambda x, mask: x[mask]),
    "getitem pairs": Case(
        lambda n: [*square(n), random.integers(0, side(n), n), random.integers(0, side(n), n)],
        lambda T, x, i, j: x[i, j],
        lambda x, i, j: x[i, j],
    ),
    "scatter_add": Case(
        picked,
        lambda T, x, i: T.zeros(x.shape).index_add(0, i, x),
        lambda x, i: functions["scatter_add"](x, i, x.shape),
    ),
    "index_set": Case(
        distinct, lambda T, x, v, i: x.index_put((i,), v), lambda x, v, i: functions["index_set"](x, i, v)
    ),
    "index_add": Case(written, lambda T, x, v, i: x.index_add(0, i, v), lambda x, v, i: x.at[i].add(v)),
    "index_max": Case(written, lambda T, x, v, i: x.index_reduce(0, i, v, "amax"), lambda x, v, i: x.at[i].max(v)),
    "index_min": Case(written, lambda T, x, v, i: x.index_reduce(0, i, v, "amin"), lambda x, v, i: x.at[i].min(v)),
    "embedding": Case(picked, lambda T, x, i: T.nn.functional.embedding(i, x)),
    "take": Case(picked, lambda T, x, i: x.index_select(0, i), lambda x, i: functions["take"](x, i, 0)),
    "take_along_axis": Case(
        places, lambda T, x, i: x.gather(-1, i), lambda x, i: functions["take_along_axis"](x, i, -1)
    ),
    "bincount": Case(
        lambda n: [random.integers(0, side(n), n), normal(n)],
        lambda T, i, w: T.zeros(math.isqrt(len(i))).index_add(0, i, w),
        lambda i, w: functions["bincount"](i, w, math.isqrt(len(i))),
    ),
}
LINEAR_ALGEBRA = {
    "matmul": Case(squares, "matmul"),
    "matmul batch": Case(lambda n: [normal(n // 100, 10, 10), normal(n // 100, 10, 10)], "matmul", functions["matmul"]),
    "affine": Case(lambda n: [*squares(n), normal(side(n))], lambda T, x, w, b: T.addmm(b, x, w)),
    "einsum": Case(
        squares, lambda T, a, b: T.einsum("ij,kj->ik", a, b), lambda a, b: functions["einsum"]("ij,kj->ik", a, b)
    ),
    "einsum batch": Case(
        lambda n: [normal(10, n // 100, 10), normal(10, n // 100, 10)],
        lambda T, a, b: T.einsum("bij,bij->bj", a, b),
        lambda a, b: functions["einsum"]("bij,bij->bj", a, b),
    ),
    "inv": Case(matrices, "linalg.inv", functions["linalg.inv"]),
    "solve": Case(lambda n: matrices(n) + matrices(n), "linalg.solve", functions["linalg.solve"]),
    "det": Case(lambda n: [matrices(n)[0] / 2], "linalg.det", functions["linalg.det"]),
    "slogdet": Case(matrices, lambda T, x: T.linalg.slogdet(x)[1], lambda x: functions["linalg.slogdet"](x)[1]),
    "pinv": Case(matrices, "linalg.pinv", functions["linalg.pinv"]),
    "cholesky": Case(  # of the symmetric part: PyTorch makes the gradient symmetric, here it is the lower triangle's
        definite,
        lambda T, x: T.linalg.cholesky((x + x.mT) * 0.5),
        lambda x: functions["linalg.cholesky"]((x + x.mT) * 0.5),
    ),
    "qr": Case(matrices, lambda T, x: T.linalg.qr(x)[1], lambda x: functions["linalg.qr"](x)[1]),
    "eigh": Case(definite, lambda T, x: T.linalg.eigh(x)[0], lambda x: functions["linalg.eigh"](x)[0]),
    "svd": Case(
        spread,
        lambda T, x: T.linalg.svd(x, full_matrices=False)[1],
        lambda x: functions["linalg.svd"](x, full_matrices=False)[1],
    ),
    "convolve": Case(
        lambda n: [normal(n), normal(9)],
        lambda T, a, v: T.nn.functional.conv1d(a[None, None], v.flip(0)[None, None], padding=8)[0, 0],
    ),
    "correlate": Case(
        lambda n: [normal(n), normal(9)], lambda T, a, v: T.nn.functional.conv1d(a[None, None], v[None, None])[0, 0]
    ),
}
_CONVOLUTION = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}
IMAGES = {
    "convolution": Case(
        convolved, lambda T, x, w: T.conv2d(x, w, padding=1), op("convolution", **_CONVOLUTION), first_channels
    ),
    "convolution_image": Case(
        convolved,
        lambda T, y, w: T.conv_transpose2d(y, w, padding=1),
        lambda y, w: ops["convolution_image"].call(y, w, space=y.shape[1:3], **_CONVOLUTION),
        first_channels,
    ),
    "convolution_kernel": Case(
        lambda n: images(n) + images(n),
        lambda T, x, y: T.nn.grad.conv2d_weight(x, (y.shape[1], x.shape[1], 3, 3), y, padding=1),
        op("convolution_kernel", kernel=(3, 3), **_CONVOLUTION),
        first_channels,
    ),
    "windows": Case(
        images,
        lambda T, x: x.unfold(2, 3, 1).unfold(3, 3, 1),
        op("windows", size=(3, 3), stride=(1, 1)),
        first_channels,
    ),
    "from_windows": Case(
        lambda n: [normal(max(1, n // 14_400), *(min(side(n) // 3, 40),) * 2, 3, 3, 1)],
        lambda T, x: T.nn.functional.fold(
            x.reshape(len(x), -1, 9).transpose(1, 2), (x.shape[1] + 2, x.shape[2] + 2), 3
        )[:, 0, ..., None],
        lambda x: ops["from_windows"].call(x, size=(3, 3), stride=(1, 1), space=(x.shape[1] + 2, x.shape[2] + 2)),
    ),
    "max_pool": Case(images, lambda T, x: T.max_pool2d(x, 2), None, first_channels),
    "max_pool overlapping": Case(images, lambda T, x: T.max_pool2d(x, 3, 1), public("max_pool", 3, 1), first_channels),
    "average_pool": Case(images, lambda T, x: T.nn.functional.avg_pool2d(x, 2), None, first_channels),
}
FAMILIES = {
    "arithmetic and selection": ARITHMETIC,
    "functions of one number": FUNCTIONS,
    "activations and normalization": ACTIVATIONS,
    "losses": LOSSES,
    "reductions, running totals, sorting": REDUCTIONS,
    "shapes": SHAPING,
    "indexing": INDEXING,
    "linear algebra": LINEAR_ALGEBRA,
    "images": IMAGES,
}
