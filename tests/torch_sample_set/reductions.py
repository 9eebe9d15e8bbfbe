"""What sums up an axis: totals, extremes, moments, order, and the same with a mask."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

import tinygrad_loss as tg

from .arranging import grid
from .table import NotCompared, composed, same, written


def axes_of(x, dim):
    """NumPy's axes: all for PyTorch's None and (), none for a 0-d array."""
    empty = dim is None or (isinstance(dim, tuple | list) and not dim)
    return None if empty or not x.ndim else tuple(dim) if isinstance(dim, list) else dim


def reducing(names, function):
    def call(x, dim=None, keepdim=False, **keywords):
        return function(x, axis=axes_of(x, dim), keepdims=keepdim and bool(x.ndim), **keywords)

    written(names)(call)


reducing("sum", lambda x, **k: np.sum(x, **plain_words(k)))
reducing("nansum", lambda x, **k: np.nansum(x, **plain_words(k)))
reducing("mean", lambda x, **k: np.mean(x, **plain_words(k)))
reducing("nanmean", lambda x, **k: np.nanmean(x, **plain_words(k)))
reducing("prod", lambda x, **k: np.prod(x, **plain_words(k)))
reducing("amax", np.max)
reducing("amin", np.min)
reducing("logsumexp", tg.logsumexp)


def plain_words(keywords):
    """`dtype=` of the input's own kind says nothing."""
    return {k: v for k, v in keywords.items() if k != "dtype"}


def first_extreme(x, dim, keepdim, largest):
    """PyTorch gives the whole gradient of one axis to the one element whose index it returns."""
    if not x.ndim:
        return np.copy(x)
    place = np.expand_dims((np.argmax if largest else np.argmin)(x, axis=dim), dim)
    y = np.take_along_axis(x, place, dim)
    return y if keepdim else np.squeeze(y, dim)


@written("max.reduction_with_dim")
def max_along(x, dim, keepdim=False):
    return first_extreme(x, dim, keepdim, True)


@written("min.reduction_with_dim")
def min_along(x, dim, keepdim=False):
    return first_extreme(x, dim, keepdim, False)


same("max.reduction_no_dim", np.max)
same("min.reduction_no_dim", np.min)


@written("aminmax")
def aminmax(x, *, dim=None, keepdim=False):
    keywords = {"axis": axes_of(x, dim), "keepdims": keepdim and bool(x.ndim)}
    return np.min(x, **keywords), np.max(x, **keywords)


def lessened(unbiased, correction):
    return (1 if correction is None else correction) if unbiased is None else int(unbiased)


def spread(function):
    def call(x, dim=None, unbiased=None, keepdim=False, *, correction=None):
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        return function(x, axis=axes_of(x, dim), ddof=lessened(unbiased, correction), keepdims=keepdim)

    return call


written("var var.unbiased")(spread(np.var))
written("std std.unbiased")(spread(np.std))
written("var_mean var_mean.unbiased")(
    spread(
        lambda x, axis, ddof, keepdims: (
            np.var(x, axis, ddof=ddof, keepdims=keepdims),
            np.mean(x, axis, keepdims=keepdims),
        )
    )
)
written("std_mean std_mean.unbiased")(
    spread(
        lambda x, axis, ddof, keepdims: (
            np.std(x, axis, ddof=ddof, keepdims=keepdims),
            np.mean(x, axis, keepdims=keepdims),
        )
    )
)

same("cumsum", lambda x, axis, **_: np.cumsum(x, axis) if x.ndim else np.copy(x))
same("cumprod", lambda x, axis, **_: np.cumprod(x, axis) if x.ndim else np.copy(x))
same("logcumsumexp", lambda x, axis: tg.logcumsumexp(x, axis) if x.ndim else np.copy(x))


def running(x, dim, compare):
    """The running extreme: the element at the place of the last one that is as large as all before it."""
    if not x.ndim:
        return np.copy(x)
    value = np.moveaxis(x.detach().numpy(), dim, -1)
    leading = value == compare.accumulate(value, -1)
    place = np.maximum.accumulate(np.where(leading, np.arange(value.shape[-1]), 0), -1)
    return np.take_along_axis(x, np.moveaxis(place, -1, dim), dim)


@composed("cummax")
def cummax(x, dim):
    return running(x, dim, np.maximum)


@composed("cummin")
def cummin(x, dim):
    return running(x, dim, np.minimum)


@composed("mode")
def mode(x, dim=-1, keepdim=False):
    if not x.ndim:
        return np.copy(x)
    y = np.moveaxis(np.sort(x, dim), dim, -1)
    value = y.detach().numpy()
    counts = (value[..., None] == value[..., None, :]).sum(-1)
    found = np.take_along_axis(y, counts.argmax(-1)[..., None], -1)
    return np.moveaxis(found, -1, dim) if keepdim else found[..., 0]


def lower_median(x, dim, keepdim, leave_out_nan):
    if not x.ndim:
        return np.copy(x)
    y = np.ravel(x) if dim is None else np.moveaxis(x, dim, -1)
    order = np.argsort(y.detach().numpy(), -1)
    count = (~np.isnan(y.detach().numpy())).sum(-1, keepdims=True) if leave_out_nan else y.shape[-1]
    place = np.take_along_axis(order, np.broadcast_to((np.maximum(count, 1) - 1) // 2, (*order.shape[:-1], 1)), -1)
    if not leave_out_nan:
        gone = np.isnan(y.detach().numpy()).any(-1, keepdims=True)
        place = np.where(gone, order[..., -1:], place)
    found = np.take_along_axis(y, place, -1)
    return found[0] if dim is None else np.moveaxis(found, -1, dim) if keepdim else found[..., 0]


@composed("median")
def median(x, dim=None, keepdim=False):
    return lower_median(x, dim, keepdim, False)  # of two middle elements PyTorch takes the lower one


@composed("nanmedian")
def nanmedian(x, dim=None, keepdim=False):
    return lower_median(x, dim, keepdim, True)


@written("quantile")
def quantile(x, q, dim=None, keepdim=False, *, interpolation="linear"):
    return np.quantile(x, q, axis=axes_of(x, dim), keepdims=keepdim and bool(x.ndim), method=interpolation)


@written("nanquantile")
def nanquantile(x, q, dim=None, keepdim=False, *, interpolation="linear"):
    return np.nanquantile(x, q, axis=axes_of(x, dim), keepdims=keepdim and bool(x.ndim), method=interpolation)


@written("diff")
def diff(x, n=1, dim=-1, prepend=None, append=None):
    given = {k: v for k, v in (("prepend", prepend), ("append", append)) if v is not None}
    return np.diff(x, n, dim, **given)


@written("trapezoid trapz")
def trapezoid(y, x=None, *, dx=1.0, dim=-1):
    return np.trapezoid(y, x, dx, dim)


@composed("cumulative_trapezoid")
def cumulative_trapezoid(y, x=None, *, dx=1.0, dim=-1):
    y = np.moveaxis(y, dim, -1)
    if x is not None:
        x = np.moveaxis(x, dim, -1) if x.ndim > 1 else x
        dx = np.diff(x, axis=-1)
    return np.moveaxis(np.cumsum((y[..., 1:] + y[..., :-1]) / 2 * dx, -1), -1, dim)


@written("gradient")
def gradient(x, *, spacing=None, dim=None, edge_order=1):
    axes = tuple(range(x.ndim)) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    steps = [1.0] if spacing is None else spacing if isinstance(spacing, list | tuple) else [spacing]
    parts = np.gradient(x, *steps, axis=axes, edge_order=edge_order)
    return parts if isinstance(parts, list | tuple) else (parts,)


@written("corrcoef")
def corrcoef(x):
    return np.corrcoef(x)


@written("cov", rtol=1e-6)  # PyTorch divides by sums of weights that it keeps in float32
def cov(x, *, correction=1, fweights=None, aweights=None):
    return np.cov(x, ddof=correction, fweights=fweights, aweights=aweights)


def collected(x, dim, index, source, reduce, include_self):
    """For each element of x the sources that `index` sends to it, reduced: through an explicit table of places."""
    places = np.ravel_multi_index(grid(x, dim, index), x.shape) if x.ndim else np.zeros(index.shape, int)
    places, values, own = places.ravel(), np.ravel(source), np.ravel(x)
    count = np.bincount(places, minlength=x.size)
    start = own if include_self else np.where(count > 0, {"sum": 0.0, "mean": 0.0, "prod": 1.0}.get(reduce, 0.0), own)
    if reduce in ("sum", "mean"):
        y = tg.at(start)[places].add(values)
        return np.reshape(y if reduce == "sum" else y / np.maximum(count + include_self, 1), x.shape)
    hit = np.arange(x.size)[:, None] == places  # (elements of x, sources)
    if reduce == "prod":
        return np.reshape(start * np.prod(np.where(hit, values, 1.0), axis=1), x.shape)
    end = -math.inf if reduce == "amax" else math.inf
    table = np.where(hit, values, end)
    own_column = np.where(np.logical_or(count == 0, include_self), own, end)
    return np.reshape(
        (np.max if reduce == "amax" else np.min)(np.concatenate([own_column[:, None], table], 1), axis=1), x.shape
    )


@composed("scatter_reduce.sum scatter_reduce.prod scatter_reduce.mean scatter_reduce.amin scatter_reduce.amax")
def scatter_reduce(x, dim, index, source, reduce, *, include_self=True):
    if x.ndim:
        source = source[tuple(slice(n) for n in index.shape)]
    return collected(x, dim, index, source, reduce, include_self)


@composed("index_reduce.mean index_reduce.prod index_reduce.amin index_reduce.amax")
def index_reduce(x, dim, index, source, reduce, *, include_self=True):
    if not x.ndim:
        return collected(x, 0, np.reshape(index, (-1,)), np.reshape(source, (-1,)), reduce, include_self)
    shape = [1] * x.ndim
    shape[dim] = -1
    full = np.broadcast_to(np.reshape(index, shape), source.shape)
    return collected(x, dim, full, source, reduce, include_self)


@composed("_segment_reduce.lengths _segment_reduce.offsets")
def segment_reduce(x, reduce, *, lengths=None, offsets=None, axis=0, unsafe=False, initial=None):
    x = np.moveaxis(x, axis, 0)
    if np.ndim(lengths if offsets is None else offsets) > 1:
        raise NotCompared("segments of their own for each row")
    ends = np.concatenate([[0], np.cumsum(lengths)]) if offsets is None else offsets
    parts = []
    for a, b in pairwise(ends):
        part = x[int(a) : int(b)]
        if initial is not None and reduce == "mean":
            part = (np.sum(part, axis=0, keepdims=True) + float(initial)) / max(len(part), 1)
        elif initial is not None:
            part = np.concatenate([np.full((1, *x.shape[1:]), float(initial)), part])
        elif not len(part):
            part = np.full((1, *x.shape[1:]), float(initial) if initial is not None else math.nan)
        parts.append(
            {"max": np.max, "min": np.min, "sum": np.sum, "prod": np.prod, "mean": np.mean}[reduce](part, axis=0)
        )
    return np.moveaxis(np.stack(parts), 0, axis)


def settled(y, x, mask, axis, keepdims):
    """y where the mask leaves something of x: elsewhere PyTorch's tests put zeros."""
    return y if mask is None else np.where(np.any(full_mask(x, mask), axis=axis, keepdims=keepdims), y, 0.0)


def full_mask(x, mask):
    return np.ones(x.shape, bool) if mask is None else np.broadcast_to(mask, x.shape)


def masked(names, reduce, fill):
    @composed(names)
    def call(x, dim=None, *, keepdim=False, mask=None, **_):
        keywords = {"axis": axes_of(x, dim), "keepdims": keepdim and bool(x.ndim)}
        return settled(reduce(np.where(full_mask(x, mask), x, fill), **keywords), x, mask, **keywords)


masked("masked.amax", np.max, -math.inf)
masked("masked.amin", np.min, math.inf)
masked("masked.logsumexp", tg.logsumexp, -math.inf)


@composed("masked.mean")
def masked_mean(x, dim=None, *, keepdim=False, mask=None, **_):
    mask, keywords = full_mask(x, mask), {"axis": axes_of(x, dim), "keepdims": keepdim and bool(x.ndim)}
    return np.sum(np.where(mask, x, 0.0), **keywords) / np.maximum(mask.sum(**keywords), 1)


def masked_spread(x, dim=None, unbiased=None, *, correction=None, keepdim=False, mask=None, **_):
    mask, axis = full_mask(x, mask), axes_of(x, dim)
    count = mask.sum(axis=axis, keepdims=True)
    mean = np.sum(np.where(mask, x, 0.0), axis=axis, keepdims=True) / np.maximum(count, 1)
    squares = np.sum(np.where(mask, x - mean, 0.0) ** 2, axis=axis, keepdims=keepdim)
    count = mask.sum(axis=axis, keepdims=keepdim)
    return settled(squares / np.maximum(count - lessened(unbiased, correction), 0), x, mask, axis, keepdim)


composed("masked.var")(masked_spread)


@composed("masked.std")
def masked_std(*args, **keywords):
    variance = masked_spread(*args, **keywords)
    return np.where(variance == 0, 0.0, np.sqrt(np.where(variance == 0, 1.0, variance)))


@composed("masked.norm")
def masked_norm(x, ord, dim=None, *, keepdim=False, mask=None, **_):
    fill = math.inf if ord == -math.inf else 0.0
    axis = axes_of(x, dim)
    filled = np.where(full_mask(x, mask), x, fill)
    if not x.ndim:
        return np.linalg.vector_norm(np.reshape(filled, (1,)), ord=ord)
    return np.linalg.vector_norm(filled, axis=axis, keepdims=keepdim, ord=ord)


@composed("masked.median")
def masked_median(x, dim, *, keepdim=False, mask=None, **_):
    y = lower_median(np.where(full_mask(x, mask), x, math.nan), dim, keepdim, True)
    return settled(y, x, mask, dim, keepdim)


@composed("masked.cumsum")
def masked_cumsum(x, dim, *, mask=None, **_):
    mask = full_mask(x, mask)
    return np.where(mask, np.cumsum(np.where(mask, x, 0.0), dim), 0.0)


@composed("masked.cumprod")
def masked_cumprod(x, dim, *, mask=None, **_):
    mask = full_mask(x, mask)
    return np.where(mask, np.cumprod(np.where(mask, x, 1.0), dim), 0.0)


@composed("masked.sum")
def masked_sum(x, dim=None, *, keepdim=False, mask=None, **_):
    return np.sum(np.where(full_mask(x, mask), x, 0.0), axis=axes_of(x, dim), keepdims=keepdim and bool(x.ndim))


@composed("masked.prod")
def masked_prod(x, dim=None, *, keepdim=False, mask=None, **_):
    return np.prod(np.where(full_mask(x, mask), x, 1.0), axis=axes_of(x, dim), keepdims=keepdim and bool(x.ndim))


def masked_weights(x, dim, mask, sign=1.0):
    if x.shape[dim] == 0:
        raise NotCompared("softmax along an axis of length 0 is refused here")
    return tg.masked_softmax(sign * x, full_mask(x, mask), dim)


@composed("masked.softmax")
def masked_softmax(x, dim, *, mask=None, **_):
    return masked_weights(x, dim, mask)


@composed("masked.softmin")
def masked_softmin(x, dim, *, mask=None, **_):
    return masked_weights(x, dim, mask, -1.0)


@composed("masked.log_softmax")
def masked_log_softmax(x, dim, *, mask=None, **_):
    y = masked_weights(x, dim, mask)
    return np.where(full_mask(x, mask), np.log(np.where(y > 0, y, 1.0)), 0.0)


@composed("masked.normalize")
def masked_normalize(x, ord, dim, *, eps=1e-12, mask=None, **_):
    filled = np.where(full_mask(x, mask), x, 0.0)
    return filled / np.maximum(np.linalg.vector_norm(filled, axis=dim, keepdims=True, ord=ord), eps)
