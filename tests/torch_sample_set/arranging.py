"""Shapes, places, order: what moves elements and computes little."""

from __future__ import annotations

import numpy as np

import tinygrad_loss as tg

from .table import NotCompared, composed, same, written

same("clone contiguous alias_copy double", lambda x, **_: np.copy(x))
same("broadcast_tensors", lambda *xs: tg.broadcast_arrays(*xs))
same("flip", lambda x, dims: np.flip(x, dims))
same("fliplr", np.fliplr)
same("flipud", np.flipud)
same("roll", lambda x, shifts, dims=None: np.roll(x, shifts, dims))
same("rot90", lambda x, k=1, dims=(0, 1): np.rot90(x, k, dims))
same("ravel", np.ravel)
same("column_stack", np.column_stack)
same("hstack", np.hstack)
same("vstack", np.vstack)
same("dstack", np.dstack)
same("atleast_1d", lambda *xs: np.atleast_1d(*(xs[0] if isinstance(xs[0], (list, tuple)) else xs)))
same("atleast_2d", lambda *xs: np.atleast_2d(*(xs[0] if isinstance(xs[0], (list, tuple)) else xs)))
same("atleast_3d", lambda *xs: np.atleast_3d(*(xs[0] if isinstance(xs[0], (list, tuple)) else xs)))
same("movedim", np.moveaxis)
same("permute permute_copy", lambda x, dims: np.transpose(x, dims))
same("transpose transpose_copy", lambda x, dim0, dim1: np.swapaxes(x, dim0, dim1) if x.ndim else x)
same("t t_copy T", lambda x: x.T)
same("mT H mH", lambda x: np.matrix_transpose(x) if x.ndim > 1 else x)
same("tril", np.tril)
same("triu", np.triu)
same("tile", lambda x, dims: np.tile(x, dims))
same("repeat", lambda x, *sizes: np.tile(x, sizes[0] if isinstance(sizes[0], (list, tuple)) else sizes))
same("squeeze squeeze.multiple squeeze_copy", lambda x, axis=None: squeezed(x, axis))
same("unsqueeze unsqueeze_copy", lambda x, axis: np.expand_dims(x, axis))
same("diag", lambda x, k=0, diagonal=None: np.diag(x, k if diagonal is None else diagonal))
same("diagflat", lambda x, offset=0: np.diagflat(x, offset))
same("diagonal diagonal_copy", lambda x, offset=0, dim1=0, dim2=1: np.diagonal(x, offset, dim1, dim2))
same("linalg.diagonal", lambda x, offset=0, dim1=-2, dim2=-1: np.diagonal(x, offset, dim1, dim2))
same("cat", lambda xs, axis=0: np.concatenate(xs, axis))
same("stack", lambda xs, axis=0: np.stack(xs, axis))
same("msort", lambda x: np.sort(x, axis=0))
same("__getitem__", lambda x, index: x[index])
same("take", lambda x, index: np.take(x, index))
same("index_select", lambda x, axis, index: np.take(x, np.atleast_1d(index), axis) if x.ndim else x)
same("gather", lambda x, axis, index, sparse_grad=False: gathered(x, axis, index))
same("masked_select", lambda x, mask: masked_select(x, mask))
same("unbind unbind_copy", lambda x, axis=0: tg.unstack(x, axis=axis))
same("hsplit", np.hsplit)
same("vsplit", np.vsplit)
same("dsplit", np.dsplit)
same("nn.functional.embedding", lambda table, index, **options: embedded(index, table, options))
same("expand expand_copy broadcast_to", lambda x, *shape: np.broadcast_to(x, expanded(x.shape, shape)))
same("expand_as", lambda x, other: np.broadcast_to(x, other.shape))
same(
    "reshape view view_copy", lambda x, *shape: np.reshape(x, shape[0] if isinstance(shape[0], tuple | list) else shape)
)
same("reshape_as view_as", lambda x, other: np.reshape(x, other.shape))
same("constant_pad_nd", lambda x, pad, value=0: padded(x, pad, "constant", value))
same(
    "nn.functional.pad.constant nn.functional.pad.reflect nn.functional.pad.replicate "
    "nn.functional.pad.circular nn.functional.pad.replicate_negative",
    lambda x, pad, mode="constant", value=None: padded(x, pad, mode, value or 0),
)


def embedded(index, table, options):
    if options.get("max_norm") is not None:
        raise NotCompared("changes the table in place")
    y = tg.embedding(table, index)
    padding = options.get("padding_idx")
    if padding is not None:  # its row gets no gradient
        y = np.where((index == padding % len(table))[..., None], tg.stop_gradient(y), y)
    return y if not options.get("scale_grad_by_freq") else scaled_by_frequency(y, index)


def scaled_by_frequency(y, index):
    share = 1 / np.bincount(index.ravel())[index][..., None]
    return y * share + tg.stop_gradient(y * (1 - share))


def squeezed(x, axis):
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple | list) else (axis,)
    return np.squeeze(x, tuple(a % x.ndim for a in axes if x.ndim and x.shape[a] == 1))


def expanded(old, shape):
    shape = shape[0] if isinstance(shape[0], tuple | list) else shape
    return tuple(n if n != -1 else old[i - len(shape)] for i, n in enumerate(shape))


def gathered(x, axis, index):
    if not x.ndim:
        return np.take(np.reshape(x, (1,)), np.atleast_1d(index)).reshape(np.shape(index))
    if not np.ndim(index):
        return np.take_along_axis(x, np.atleast_1d(index), axis).reshape(())
    for other, n in enumerate(index.shape if x.ndim > 1 else ()):
        if other != axis % x.ndim:
            x = x[(slice(None),) * other + (slice(n),)]
    return np.take_along_axis(x, index, axis) if index.ndim == x.ndim else np.reshape(x[:0], index.shape)


def masked_select(x, mask):
    shape = np.broadcast_shapes(x.shape, mask.shape)
    return np.broadcast_to(x, shape)[np.broadcast_to(mask, shape)]


MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def padded(x, pad, mode, value):
    """PyTorch's pairs begin with the last axis; negative ones crop."""
    pairs = [(0, 0)] * (x.ndim - len(pad) // 2) + [tuple(pad[i : i + 2]) for i in range(len(pad) - 2, -1, -2)]
    keywords = {"constant_values": value} if mode == "constant" else {}
    if mode == "circular":  # it crops before it pads
        x = cropped(x, pairs)
        pairs = [(max(a, 0), max(b, 0)) for a, b in pairs]
    return cropped(np.pad(x, [(max(a, 0), max(b, 0)) for a, b in pairs], MODES[mode], **keywords), pairs)


def cropped(x, pairs):
    return x[tuple(slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(pairs, x.shape, strict=True))]


@written("take_along_dim")
def take_along_dim(x, index, dim=None):
    if dim is None:
        return np.take_along_axis(x, index.ravel(), None)
    shape = list(
        np.broadcast_shapes(*(tuple(1 if i == dim % x.ndim else n for i, n in enumerate(a.shape)) for a in (x, index)))
    )
    full = [*shape]
    full[dim] = index.shape[dim]
    shape[dim] = x.shape[dim]
    return np.take_along_axis(np.broadcast_to(x, shape), np.broadcast_to(index, full), dim)


@written("chunk unsafe_chunk")
def chunk(x, chunks, dim=0):
    return split(x, max(-(-x.shape[dim] // chunks), 1), dim)


@written("split unsafe_split split.list_args split_with_sizes split_with_sizes_copy")
def split(x, sizes, dim=0):
    n = x.shape[dim]
    ends = list(range(sizes, n, sizes)) if isinstance(sizes, int) else list(np.cumsum(sizes)[:-1])
    return np.split(x, [int(i) for i in ends], dim)


@written("tensor_split")
def tensor_split(x, parts, dim=0):
    return np.array_split(x, parts.tolist() if isinstance(parts, np.ndarray) else parts, dim)


@written("narrow narrow_copy")
def narrow(x, dim, start, length):
    start = int(start) % max(x.shape[dim], 1) if int(start) < 0 else int(start)
    return x[(slice(None),) * (dim % x.ndim) + (slice(start, start + length),)]


@written("slice")
def sliced(x, dim=0, start=None, end=None, step=1):
    return x[(slice(None),) * (dim % x.ndim) + (slice(start, end, step),)]


@written("select")
def selected(x, dim, index):
    return x[(slice(None),) * (dim % x.ndim) + (index,)]


def setting(x, dim, part, value):
    return tg.at(x)[(slice(None),) * (dim % x.ndim) + (part,)].set(value)


@written("select_scatter")
def select_scatter(x, value, dim, index):
    return setting(x, dim, index, value)


@written("slice_scatter")
def slice_scatter(x, value, dim=0, start=None, end=None, step=1):
    return setting(x, dim, slice(start, end, step), value)


@composed("diagonal_scatter")
def diagonal_scatter(x, value, offset=0, dim1=0, dim2=1):
    places = np.diagonal(np.arange(x.size).reshape(x.shape), offset, dim1, dim2)
    return tg.at(np.ravel(x))[places].set(value).reshape(x.shape)


@composed("diag_embed")
def diag_embed(x, offset=0, dim1=-2, dim2=-1):
    n = x.shape[-1] + abs(offset)
    rows = np.arange(x.shape[-1]) + max(-offset, 0)
    full = tg.at(np.zeros((*x.shape[:-1], n, n)))[..., rows, rows + offset].set(x)
    return np.moveaxis(full, (-2, -1), (dim1, dim2))


@written("flatten")
def flatten(x, start_dim=0, end_dim=-1):
    if not x.ndim:
        return np.reshape(x, (1,))
    start, end = start_dim % x.ndim, end_dim % x.ndim
    return np.reshape(x, (*x.shape[:start], int(np.prod(x.shape[start : end + 1])), *x.shape[end + 1 :]))


@written("unflatten")
def unflatten(x, dim, sizes):
    dim %= x.ndim
    return np.reshape(x, (*x.shape[:dim], *sizes, *x.shape[dim + 1 :]))


@written("meshgrid.variadic_tensors meshgrid.list_of_tensors")
def meshgrid(*xs, indexing="ij"):
    return np.meshgrid(*(xs[0] if isinstance(xs[0], list | tuple) else xs), indexing=indexing)


@written("repeat_interleave")
def repeat_interleave(x, repeats, dim=None, *, output_size=None):
    return np.repeat(x, repeats, dim)


@written("sum_to_size")
def sum_to_size(x, *shape):
    return tg.sum_to(x, tuple(shape[0]) if isinstance(shape[0], tuple | list) else shape)


@written("sort")
def sort(x, dim=-1, descending=False, stable=False):
    if not x.ndim:
        return np.copy(x)
    if descending:
        return np.flip(np.sort(np.flip(x, dim), dim), dim)
    return np.sort(x, dim)


@composed("topk")
def topk(x, k, dim=-1, largest=True, sorted=True):
    if not x.ndim:
        return np.copy(x)
    order = np.argsort(-x if largest else x, axis=dim, kind="stable")
    return np.take_along_axis(x, narrow(order, dim, 0, k), dim)


@composed("kthvalue")
def kthvalue(x, k, dim=-1, keepdim=False):
    if not x.ndim:
        return np.copy(x)
    y = narrow(np.sort(x, dim), dim, k - 1, 1)
    return y if keepdim else np.squeeze(y, dim)


@composed("block_diag")
def block_diag(*xs):
    xs = [np.atleast_2d(x) for x in xs]
    width = sum(x.shape[1] for x in xs)
    rows, left = [], 0
    for x in xs:
        rows.append(np.pad(x, ((0, 0), (left, width - left - x.shape[1]))))
        left += x.shape[1]
    return np.concatenate(rows)


@composed("combinations")
def combinations(x, r=2, with_replacement=False):
    from itertools import combinations as plainly
    from itertools import combinations_with_replacement as repeating

    choose = repeating if with_replacement else plainly
    return x[np.array(list(choose(range(len(x)), r)), int).reshape(-1, r)]


@composed("cartesian_prod")
def cartesian_prod(*xs):
    return xs[0] if len(xs) == 1 else np.stack([np.ravel(x) for x in np.meshgrid(*xs, indexing="ij")], -1)


@written("masked_fill")
def masked_fill(x, mask, value):
    return np.where(mask, value, x)


@composed("masked_scatter")
def masked_scatter(x, mask, source):
    full = np.broadcast_to(x, np.broadcast_shapes(x.shape, mask.shape))
    mask = np.broadcast_to(mask, full.shape)
    return tg.at(full)[mask].set(np.ravel(source)[: int(mask.sum())])


def on_axis(x, dim, index):
    return (slice(None),) * (dim % max(x.ndim, 1)) + (index,)


@written("index_fill")
def index_fill(x, dim, index, value):
    return tg.at(np.atleast_1d(x))[on_axis(x, dim, np.atleast_1d(index))].set(value).reshape(x.shape)


@written("index_copy")
def index_copy(x, dim, index, source):
    return tg.at(np.atleast_1d(x))[on_axis(x, dim, np.atleast_1d(index))].set(np.atleast_1d(source)).reshape(x.shape)


@written("index_add")
def index_add(x, dim, index, source, alpha=1):
    return (
        tg.at(np.atleast_1d(x))[on_axis(x, dim, np.atleast_1d(index))]
        .add(np.atleast_1d(alpha * source))
        .reshape(x.shape)
    )


@written("index_put")
def index_put(x, indices, values, accumulate=False):
    place = tg.at(x)[tuple(indices)]
    return place.add(values) if accumulate else place.set(values)


@written("put")
def put(x, index, source, accumulate=False):
    place = tg.at(np.ravel(x))[np.ravel(index)]
    return (place.add if accumulate else place.set)(np.ravel(source)).reshape(x.shape)


@composed("_unsafe_masked_index")
def masked_index(x, mask, indices, fill):
    index = tuple(
        np.clip(i, 0, n - 1) if i is not None else slice(None) for i, n in zip(indices, x.shape, strict=False)
    )
    return np.where(mask, x[index], fill)


@composed("_unsafe_masked_index_put_accumulate")
def masked_index_add(x, mask, indices, values):
    index = tuple(
        np.clip(i, -n, n - 1) if i is not None else slice(None) for i, n in zip(indices, x.shape, strict=False)
    )
    return tg.at(x)[index].add(np.where(mask, values, 0))


def grid(x, dim, index):
    """The index arrays that put element i of `index` on axis dim, and all others where they are."""
    places = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    places[dim % x.ndim] = index
    return tuple(places)


def scattering(x, dim, index, source):
    """x, the places and the values of a scatter, all at least one-dimensional."""
    x, index = (np.atleast_1d(a) for a in (x, index))
    if isinstance(source, int | float):
        source = np.full(index.shape, float(source))
    source = np.atleast_1d(source)[tuple(slice(n) for n in index.shape)]
    return tg.at(x)[grid(x, dim, index)], source


@written("scatter")
def scatter(x, dim, index, source=None, *, value=None, reduce=None):
    place, source = scattering(x, dim, index, value if source is None else source)
    change = {None: place.set, "add": place.add, "multiply": place.multiply}[reduce]
    return change(source).reshape(x.shape)


@written("scatter_add")
def scatter_add(x, dim, index, source):
    place, source = scattering(x, dim, index, source)
    return place.add(source).reshape(x.shape)


@composed("fill")
def fill(x, value):
    return np.full_like(x, 0) + value


@composed("zero_")
def zero(x):
    return x * 0


@composed("unfold unfold_copy")
def unfold(x, dim, size, step):
    if not x.ndim:
        return np.reshape(x, (1,))[:size]
    starts = np.arange(0, x.shape[dim] - size + 1, step)
    y = np.take(x, starts[:, None] + np.arange(size), dim % x.ndim)
    return np.moveaxis(y, dim % x.ndim + 1, -1)


def strided_places(size, stride, offset):
    places = np.full(tuple(size), int(offset or 0))
    for i, (n, s) in enumerate(zip(size, stride, strict=True)):
        places = places + s * np.arange(n).reshape((n,) + (1,) * (len(size) - i - 1))
    return places


@composed("as_strided as_strided_copy")
def as_strided(x, size, stride, storage_offset=0):
    return np.ravel(x)[strided_places(size, stride, storage_offset)]


same("float", lambda x, **_: x.astype("float32"), rtol=1e-6)
same("half", lambda x, **_: x.astype("float16"), rtol=1e-3)


def half_way(x, dim, rounded):
    axes = range(x.ndim) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    return np.roll(x, [(x.shape[a] + rounded) // 2 for a in axes], tuple(axes))


@composed("fft.fftshift")
def fftshift(x, dim=None):
    return half_way(x, dim, 0)


@composed("fft.ifftshift")
def ifftshift(x, dim=None):
    return half_way(x, dim, 1)


@written("to")
def to(x, *args, **keywords):
    return np.copy(x)


@composed("nn.functional.pixel_shuffle")
def pixel_shuffle(x, upscale_factor):
    r = upscale_factor
    *batch, c, h, w = x.shape
    n = len(batch)
    split_up = np.reshape(x, (*batch, c // r**2, r, r, h, w))
    moved = np.transpose(split_up, (*range(n), n, n + 3, n + 1, n + 4, n + 2))
    return np.reshape(moved, (*batch, c // r**2, h * r, w * r))


@composed("nn.functional.pixel_unshuffle")
def pixel_unshuffle(x, downscale_factor):
    r = downscale_factor
    *batch, c, h, w = x.shape
    n = len(batch)
    split_up = np.reshape(x, (*batch, c, h // r, r, w // r, r))
    moved = np.transpose(split_up, (*range(n), n, n + 2, n + 4, n + 1, n + 3))
    return np.reshape(moved, (*batch, c * r**2, h // r, w // r))


@composed("nn.functional.channel_shuffle")
def channel_shuffle(x, groups):
    n, c, *rest = x.shape
    return np.reshape(np.swapaxes(np.reshape(x, (n, groups, c // groups, *rest)), 1, 2), x.shape)
