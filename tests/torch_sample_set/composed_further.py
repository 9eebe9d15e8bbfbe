"""What takes longer to compose: resampling at given places, matrix exponentials, bags of embeddings, and the like."""

from __future__ import annotations

import math

import numpy as np

import tinygrad_loss as tg

from .networks import max_pooling
from .table import NotCompared, composed, same, written

same("lgamma", tg.lgamma)
same("digamma", tg.digamma)


@written(
    "polygamma.polygamma_n_0 polygamma.polygamma_n_1 polygamma.polygamma_n_2 polygamma.polygamma_n_3 "
    "polygamma.polygamma_n_4 special.polygamma.special_polygamma_n_0",
    rtol=2e-6,  # PyTorch's first derivative of digamma is right to 5e-10 only
)
def polygamma(x, n):
    return tg.polygamma(n, x)


@composed("mvlgamma.mvlgamma_p_1 mvlgamma.mvlgamma_p_3 mvlgamma.mvlgamma_p_5", rtol=2e-6)
def mvlgamma(x, p):
    """ln of π^(p(p - 1)/4) Γ(x) Γ(x - 1/2) ... Γ(x - (p - 1)/2)."""
    return sum(tg.lgamma(x - j / 2) for j in range(p)) + p * (p - 1) / 4 * math.log(math.pi)


@composed("special.erfcx")
def erfcx(x):
    return np.exp(x * x) * tg.erfc(x)


@composed("special.log_ndtr")
def log_ndtr(x):
    return np.log(0.5 * tg.erfc(-x / math.sqrt(2)))


@composed("matrix_exp", rtol=1e-7)
def matrix_exp(x):
    """Taylor's series of X / 2ˢ, squared s times."""
    size = np.linalg.norm(np.asarray(x.detach()), 1, (-2, -1)).max(initial=0)
    squarings = max(math.ceil(math.log2(max(size, 1))) + 2, 0)
    small = x / 2**squarings
    term = total = np.eye(x.shape[-1]) + 0 * x
    for k in range(1, 18):
        term = term @ small / k
        total = total + term
    for _ in range(squarings):
        total = total @ total
    return total


@composed("max_pool2d_with_indices_backward")
def max_pool_backward(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The gradient of max pooling as a function of the image: constant between ties."""
    pool = max_pooling(2)
    return tg.grad(lambda x: np.sum(pool(x, kernel_size, stride, padding, dilation, ceil_mode)))(x.detach())


def bags(table, index, offsets, include_last_offset):
    """The rows of each bag, as (indices, number of the bag)."""
    if index.ndim == 2:
        return index.ravel(), np.repeat(np.arange(len(index)), index.shape[1]), len(index)
    ends = np.append(offsets[1:], len(index)) if not include_last_offset else offsets[1:]
    lengths = ends - offsets[: len(ends)]
    return index, np.repeat(np.arange(len(lengths)), lengths), len(lengths)


@composed("nn.functional.embedding_bag")
def embedding_bag(
    table,
    index,
    offsets=None,
    max_norm=None,
    norm_type=2.0,
    scale_grad_by_freq=False,
    mode="mean",
    sparse=False,
    per_sample_weights=None,
    include_last_offset=False,
    padding_idx=None,
):
    if max_norm is not None or scale_grad_by_freq:
        raise NotCompared("changes the table in place, or the gradient by frequency")
    index, bag, count = bags(table, index, offsets, include_last_offset)
    kept = np.ones(len(index), bool) if padding_idx is None else index != padding_idx % len(table)
    rows = tg.embedding(table, index)
    if per_sample_weights is not None:
        rows = rows * np.ravel(per_sample_weights)[:, None]
    if mode == "max":
        empty = np.zeros((1, table.shape[1]))
        parts = [rows[(bag == b) & kept] for b in range(count)]
        return np.stack([np.max(part, axis=0) if len(part) else empty[0] for part in parts])
    total = tg.at(np.zeros((count, table.shape[1])))[bag[kept]].add(rows[kept])
    return total if mode == "sum" else total / np.maximum(np.bincount(bag[kept], minlength=count), 1)[:, None]


def unnormalized(place, size, align):
    return (place + 1) / 2 * (size - 1) if align else ((place + 1) * size - 1) / 2


def reflected(place, low, high):
    """`place` folded back at low/2 and high/2."""
    if low == high:
        return place * 0
    start, span = low / 2, (high - low) / 2
    size = np.abs(place - start)
    turns = np.floor(tg.stop_gradient(size) / span)
    rest = size - turns * span
    return np.where(turns % 2 == 0, rest + start, span - rest + start)


def brought_in(place, size, mode, align):
    if mode == "reflection":
        place = reflected(place, 0, 2 * (size - 1)) if align else reflected(place, -1, 2 * size - 1)
    if mode != "zeros":  # the border keeps no gradient
        inside = np.logical_and(place > 0, place < size - 1)
        place = np.where(inside, place, np.clip(np.asarray(tg.stop_gradient(place)), 0, size - 1))
    return place


def sampled(x, places, mode):
    """x (batch, channels, *space) at whole places, one index array for each axis; 0 outside."""
    inside, index = np.ones(places[0].shape, bool), []
    for place, size in zip(places, x.shape[2:], strict=True):
        inside &= (place >= 0) & (place < size)
        index.append(np.clip(place, 0, size - 1).astype(int))
    batch = np.arange(len(x)).reshape(-1, *[1] * (places[0].ndim - 1))
    found = np.moveaxis(x, 1, -1)[(batch, *index)]  # (batch, *places, channels)
    return np.where(inside[..., None], found, 0.0)


def cubic_weights(t):
    near = lambda d: (1.25 * d - 2.25) * d * d + 1  # noqa: E731
    far = lambda d: ((-0.75 * d + 3.75) * d - 6) * d + 3  # noqa: E731
    return [(-1, far(1 + t)), (0, near(t)), (1, near(1 - t)), (2, far(2 - t))]


@composed("nn.functional.grid_sample", rtol=1e-7)
@composed("grid_sampler_2d grid_sampler_3d", rtol=1e-7, samples=3)
def grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False):
    mode = ("bilinear", "nearest", "bicubic")[mode] if isinstance(mode, int) else mode
    padding_mode = ("zeros", "border", "reflection")[padding_mode] if isinstance(padding_mode, int) else padding_mode
    space = x.shape[2:]
    places = [unnormalized(grid[..., -1 - i], n, align_corners) for i, n in enumerate(space)]
    bring = lambda p, i: brought_in(p, space[i], padding_mode, align_corners)  # noqa: E731
    if mode != "bicubic":
        places = [bring(p, i) for i, p in enumerate(places)]
    if mode == "nearest":
        whole = [np.rint(np.asarray(p.detach())) for p in places]
        return np.moveaxis(sampled(x, whole, mode), -1, 1) + 0 * np.sum(grid)
    starts = [np.floor(np.asarray(p.detach())) for p in places]
    choices = [
        [(0, 1 - (p - s)), (1, p - s)] if mode == "bilinear" else cubic_weights(p - s)
        for p, s in zip(places, starts, strict=True)
    ]
    total = 0.0
    for corner in np.ndindex(*(len(c) for c in choices)):
        parts = [c[k] for c, k in zip(choices, corner, strict=True)]
        whole = [s + shift for s, (shift, _) in zip(starts, parts, strict=True)]
        if mode == "bicubic":
            whole = [np.asarray(bring(tg.tensor(w), i)) for i, w in enumerate(whole)]
        weight = math.prod((w for _, w in parts), start=1.0)
        total = total + sampled(x, whole, mode) * weight[..., None]
    return np.moveaxis(total, -1, 1)


def averaging(new, old, scale, align):
    """The matrix that averages with a tent as wide as the step: interpolation without aliases."""
    step = (old - 1) / (new - 1) if align and new > 1 else 1 / scale if scale and not align else old / new
    reach, matrix = max(step, 1.0), np.zeros((new, old))
    for i in range(new):
        center = step * (i + 0.5)
        places = np.arange(max(int(center - reach + 0.5), 0), min(int(center + reach + 0.5), old))
        weights = np.maximum(1 - np.abs((places - center + 0.5) / reach), 0)
        matrix[i, places] = weights / weights.sum()
    return matrix


@composed("_upsample_bilinear2d_aa")
def upsample_smoothly(x, output_size, align_corners, scale_factors=None, scales_h=None, scales_w=None):
    scales = scale_factors or [scales_h, scales_w]
    sizes = output_size or [int(n * s) for n, s in zip(x.shape[2:], scales, strict=True)]
    for axis, (new, scale) in enumerate(zip(sizes, scales, strict=True), start=2):
        matrix = averaging(new, x.shape[axis], scale, align_corners)
        x = np.moveaxis(np.moveaxis(x, axis, -1) @ matrix.T, -1, axis)
    return x
