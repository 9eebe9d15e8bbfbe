"""Activations, normalisations, convolutions, pooling, attention."""

from __future__ import annotations

import math

import numpy as np

import tinygrad_loss as tg

from .table import NotCompared, composed, same, written

same("nn.functional.relu", lambda x, inplace=False: tg.relu(x))
same("nn.functional.relu6", lambda x, inplace=False: tg.relu6(x))
same("nn.functional.silu", lambda x, inplace=False: tg.silu(x))
same("nn.functional.mish", lambda x, inplace=False: tg.mish(x))
same("nn.functional.hardswish", lambda x, inplace=False: tg.hard_silu(x))
same("nn.functional.hardsigmoid", lambda x, inplace=False: tg.hard_sigmoid(x), rtol=1e-6)  # PyTorch's 1/6 is a float32
same("nn.functional.logsigmoid", tg.log_sigmoid)
same("nn.functional.softsign", tg.softsign)
same("nn.functional.tanhshrink", tg.tanh_shrink)
same("nn.functional.selu", lambda x, inplace=False: tg.selu(x))
same("nn.functional.celu", lambda x, alpha=1.0, inplace=False: tg.celu(x, alpha))
same("nn.functional.leaky_relu", lambda x, negative_slope=0.01, inplace=False: tg.leaky_relu(x, negative_slope))
same("nn.functional.gelu", lambda x, approximate="none": tg.gelu(x, approximate == "tanh"))
same("nn.functional.softshrink", lambda x, lambd=0.5: tg.soft_shrink(x, lambd))
same("nn.functional.hardshrink", lambda x, lambd=0.5: tg.hard_shrink(x, lambd))
same("nn.functional.glu", lambda x, axis=-1: tg.glu(x, axis))


@written("nn.functional.elu")
def elu(x, alpha=1.0, scale=1.0, input_scale=1.0, inplace=False):
    return tg.elu(x, alpha)


@written("nn.functional.hardtanh")
def hardtanh(x, min_val=-1.0, max_val=1.0, inplace=False):
    return np.where(np.logical_and(x > min_val, x < max_val), x, np.clip(tg.stop_gradient(x), min_val, max_val))


@written("nn.functional.threshold")
def threshold(x, threshold, value, inplace=False):
    return np.where(x > threshold, x, value)


@written("nn.functional.softplus")
def softplus(x, beta=1, threshold=20):
    return np.where(x * beta > threshold, x, tg.softplus(np.where(x * beta > threshold, 0.0, x) * beta) / beta)


@composed("nn.functional.prelu")
def prelu(x, weight):
    weight = (
        np.reshape(weight, (-1,) + (1,) * max(x.ndim - 2, 0)) if x.ndim > 1 else np.reshape(weight, weight.shape[1:])
    )
    return np.where(x > 0, x, weight * x)


@composed("nn.functional.rrelu")
def rrelu(x, lower=1 / 8, upper=1 / 3, training=False, inplace=False):
    if training:
        raise NotCompared("random")
    return tg.leaky_relu(x, (lower + upper) / 2)


def along(function):
    def call(x, dim=None, dtype=None, **_):
        if x.ndim and x.shape[dim] == 0:
            raise NotCompared("softmax along an axis of length 0 is refused here")
        return function(x, axis=dim) if x.ndim else function(np.reshape(x, (1,)), axis=0).reshape(())

    return call


written("softmax softmax.with_dtype")(along(tg.softmax))
written("log_softmax log_softmax.with_dtype")(along(tg.log_softmax))
written("nn.functional.softmin nn.functional.softmin.with_dtype")(along(lambda x, axis: tg.softmax(-x, axis)))


@composed("torch.ops.aten._safe_softmax.default")
def safe_softmax(x, dim, dtype=None):
    return tg.masked_softmax(x, np.asarray(x.detach()) > -math.inf, dim)


@composed("_softmax_backward_data")
def softmax_backward(g, y, dim, dtype):
    return y * (g - np.sum(g * y, axis=dim, keepdims=True))


@composed("nn.functional.normalize")
def normalize(x, p=2.0, dim=1, eps=1e-12):
    return x / np.maximum(np.linalg.vector_norm(x, axis=dim, keepdims=True, ord=p), eps)


@composed("nn.functional.cosine_similarity")
def cosine_similarity(a, b, dim=1, eps=1e-8):
    a, b = tg.broadcast_arrays(a, b)
    lengths = [np.maximum(np.linalg.vector_norm(x, axis=dim, keepdims=True), eps) for x in (a, b)]
    return np.sum((a / lengths[0]) * (b / lengths[1]), axis=dim)


@written("nn.functional.layer_norm")
def layer_norm(x, shape, weight=None, bias=None, eps=1e-5):
    return tg.layer_norm(x, weight, bias, tuple(range(-len(shape), 0)), eps)


@composed("native_layer_norm")
def native_layer_norm(x, shape, weight, bias, eps):
    if weight is None and bias is not None:
        raise NotCompared("PyTorch's second derivative fails with an offset but no scale")
    y, mean, deviation = standardized(x, tuple(range(-len(shape), 0)), eps)
    y = y if weight is None else y * weight
    return (y if bias is None else y + bias), tg.stop_gradient(mean), tg.stop_gradient(deviation)  # as PyTorch


def standardized(x, axes, eps):
    """(x - μ)/√(σ² + ε), μ and 1/√(σ² + ε)."""
    mean = np.mean(x, axes, keepdims=True)
    scale = 1 / np.sqrt(np.mean((x - mean) ** 2, axes, keepdims=True) + eps)
    return (x - mean) * scale, mean, scale


@written("nn.functional.rms_norm")
def rms_norm(x, shape, weight=None, eps=None):
    eps = np.finfo(float).eps if eps is None else eps
    return tg.rms_norm(x, weight, axis=tuple(range(-len(shape), 0)), epsilon=eps)


@written("nn.functional.group_norm")
def group_norm(x, num_groups, weight=None, bias=None, eps=1e-5):
    return tg.group_norm(x, num_groups, weight, bias, 1, eps)


@composed("native_group_norm")
def native_group_norm(x, weight, bias, n, c, space, groups, eps):
    y, mean, scale = standardized(np.reshape(x, (n, groups, c // groups * space)), (2,), eps)
    shape = (1, c) + (1,) * (x.ndim - 2)
    y = np.reshape(y, x.shape)
    y = y if weight is None else y * np.reshape(weight, shape)
    y = y if bias is None else y + np.reshape(bias, shape)
    return y, np.reshape(mean, (n, groups)), np.reshape(scale, (n, groups))


@written("nn.functional.batch_norm")
def batch_norm(x, mean, variance, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    moments = (None, None) if training else (mean, variance)
    return tg.batch_norm(x, weight, bias, *moments, 1 if x.ndim > 1 else 0, eps)


@composed("native_batch_norm _native_batch_norm_legit")
def native_batch_norm(x, weight, bias, mean=None, variance=None, training=True, momentum=0.1, eps=1e-5):
    if isinstance(mean, bool):  # a form without running statistics
        mean, variance, training, momentum, eps = None, None, mean, variance, training
    y = batch_norm(x, mean, variance, weight, bias, training, momentum, eps)
    if not training:
        return y, np.zeros(0), np.zeros(0)
    _, mean, scale = standardized(x, tuple(i for i in range(x.ndim) if i != 1), eps)
    return y, np.ravel(tg.stop_gradient(mean)), np.ravel(tg.stop_gradient(scale))  # as PyTorch


@composed("_batch_norm_with_update", process=lambda r: r[:3])
def batch_norm_with_update(x, weight, bias, mean, variance, momentum, eps):
    return native_batch_norm(x, weight, bias, mean, variance, True, momentum, eps)


@written("nn.functional.instance_norm")
def instance_norm(
    x, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5
):
    return tg.instance_norm(x, weight, bias, 1, eps)


@composed("nn.functional.local_response_norm")
def local_response_norm(x, size, alpha=1e-4, beta=0.75, k=1.0):
    squares = np.pad(x**2, [(0, 0), (size // 2, (size - 1) // 2)] + [(0, 0)] * (x.ndim - 2))
    near = sum(squares[:, i : i + x.shape[1]] for i in range(size)) / size
    return x / (k + alpha * near) ** beta


def batched(x, rank):
    """x with a first axis for the batch, and whether it had one."""
    return (x, True) if x.ndim == rank + 2 else (np.expand_dims(x, 0), False)


def convolution(rank, function):
    def call(x, weight, bias=None, **keywords):
        x, was = batched(x, rank)
        y = function(x, weight, None if bias is None else np.reshape(bias, (-1,)), **keywords)
        return y if was else y[0]

    return call


def numbers(keywords, rank):
    return {k: (v[0] if isinstance(v, tuple) and len(v) == 1 and rank > 1 else v) for k, v in keywords.items()}


for rank, plain_conv, transposed in (
    (1, tg.conv1d, tg.conv_transpose1d),
    (2, tg.conv2d, tg.conv_transpose2d),
    (3, tg.conv3d, tg.conv_transpose3d),
):
    written(f"nn.functional.conv{rank}d")(convolution(rank, plain_conv))
    written(f"nn.functional.conv_transpose{rank}d")(convolution(rank, transposed))


@written("nn.functional.linear")
def linear(x, weight, bias=None):
    y = x @ weight.T
    return y if bias is None else y + bias


@composed("nn.functional.bilinear")
def bilinear(a, b, weight, bias=None):
    y = np.einsum("...i,kij,...j->...k", a, weight, b)
    return y if bias is None else y + bias


def spread_out(value, rank):
    value = tuple(value) if isinstance(value, list | tuple) else (value,)
    return value * rank if len(value) == 1 else value


def window_places(length, size, stride, padding, dilation, ceil):
    """The first place of each window (some begin in the padding), counted from the image's own start."""
    reach = length + 2 * padding - dilation * (size - 1) - 1
    count = (-(-reach // stride) if ceil else reach // stride) + 1
    if ceil and (count - 1) * stride >= length + padding:
        count -= 1
    return np.arange(count) * stride - padding


def windows(x, rank, size, stride, padding, dilation, ceil, fill):
    """x with its last `rank` axes replaced by places and windows, (..., *places, *window); the rest is `fill`."""
    size, stride = spread_out(size, rank), spread_out(size if stride in (None, (), []) else stride, rank)
    padding, dilation = spread_out(padding, rank), spread_out(dilation, rank)
    lead = x.ndim - rank
    starts = [
        window_places(n, *each, ceil) for n, *each in zip(x.shape[lead:], size, stride, padding, dilation, strict=True)
    ]
    ends = [
        int(max(s[-1] + d * (k - 1) + 1 - n, 0))
        for s, d, k, n in zip(starts, dilation, size, x.shape[lead:], strict=True)
    ]
    full = np.pad(x, [(0, 0)] * lead + list(zip(padding, ends, strict=True)), constant_values=fill)
    for i in range(rank):
        index = starts[i][:, None] + padding[i] + dilation[i] * np.arange(size[i])
        full = np.take(full, index, axis=lead + 2 * i)
    order = [*range(lead), *range(lead, full.ndim, 2), *range(lead + 1, full.ndim, 2)]
    return np.transpose(full, order), starts


def max_pooling(rank):
    def call(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
        cut, _ = windows(x, rank, kernel_size, stride, padding, dilation, ceil_mode, -math.inf)
        return np.max(cut, axis=tuple(range(-rank, 0)))

    return call


def average_pooling(rank):
    def call(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
        cut, starts = windows(x, rank, kernel_size, stride, padding, 1, ceil_mode, 0.0)
        total = np.sum(cut, axis=tuple(range(-rank, 0)))
        if divisor_override:
            return total / divisor_override
        counts, edge = np.ones(1), spread_out(padding, rank)
        for s, k, n, p in zip(starts, spread_out(kernel_size, rank), x.shape[-rank:], edge, strict=True):
            low, high = (-p, n + p) if count_include_pad else (0, n)
            counts = counts[..., None] * (np.minimum(s + k, high) - np.maximum(s, low))
        return total / counts[0]

    return call


def first_result(result):
    return result[0] if isinstance(result, tuple) else result


for rank in (1, 2, 3):
    composed(f"nn.functional.max_pool{rank}d", process=first_result)(max_pooling(rank))
    composed(f"nn.functional.avg_pool{rank}d")(average_pooling(rank))


def adaptive(rank, function):
    def call(x, output_size, return_indices=False):
        x, was = batched(x, rank)
        sizes = [n if s is None else s for s, n in zip(spread_out(output_size, rank), x.shape[2:], strict=True)]
        y = np.moveaxis(function(np.moveaxis(x, 1, -1), tuple(sizes)), -1, 1)
        return y if was else y[0]

    return call


for rank in (1, 2, 3):
    written(f"nn.functional.adaptive_avg_pool{rank}d")(adaptive(rank, tg.adaptive_average_pool))
    written(f"nn.functional.adaptive_max_pool{rank}d", process=first_result)(adaptive(rank, tg.adaptive_max_pool))


def unpooling(rank):
    def call(x, indices, kernel_size, stride=None, padding=0, output_size=None):
        size, stride = spread_out(kernel_size, rank), spread_out(stride or kernel_size, rank)
        space = [
            (n - 1) * s - 2 * p + k
            for n, s, p, k in zip(x.shape[-rank:], stride, spread_out(padding, rank), size, strict=True)
        ]
        space = space if output_size is None else list(output_size[-rank:])
        lead = x.shape[:-rank]
        places = (
            indices.reshape(-1, math.prod(x.shape[-rank:])) + math.prod(space) * np.arange(math.prod(lead))[:, None]
        )
        return (
            tg.at(np.zeros(math.prod(lead) * math.prod(space)))[places.ravel()]
            .set(np.ravel(x))
            .reshape((*lead, *space))
        )

    return call


for rank in (1, 2, 3):
    composed(f"nn.functional.max_unpool{rank}d.grad")(unpooling(rank))


@composed("nn.functional.unfold")
def unfold(x, kernel_size, dilation=1, padding=0, stride=1):
    x, was = batched(x, 2)
    cut, _ = windows(x, 2, kernel_size, stride, padding, dilation, False, 0.0)
    n, c, h, w, a, b = cut.shape
    y = np.reshape(np.transpose(cut, (0, 1, 4, 5, 2, 3)), (n, c * a * b, h * w))
    return y if was else y[0]


@written("nn.functional.scaled_dot_product_attention")
def attention(q, k, v, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False):
    if dropout_p:
        raise NotCompared("random")
    if enable_gqa:
        k, v = (np.repeat(x, q.shape[-3] // x.shape[-3], -3) for x in (k, v))
    if isinstance(attn_mask, tg.Tensor) and is_causal:
        raise NotCompared("two masks")
    return tg.scaled_dot_product_attention(q, k, v, attn_mask, is_causal, scale)


@written(
    "nn.functional.dropout nn.functional.dropout2d nn.functional.dropout3d nn.functional.alpha_dropout "
    "nn.functional.feature_alpha_dropout.with_train nn.functional.feature_alpha_dropout.without_train"
)
def dropout(x, p=0.5, training=True, inplace=False):
    if training and p > 0:
        raise NotCompared("random")
    return np.copy(x)


@composed("native_dropout_backward")
def dropout_backward(g, mask, scale):
    return g * mask * scale


def interpolation(new, old, scale, kind, align):
    """The matrix (new, old) that resamples an axis, linearly or cubically."""
    step = ((old - 1) / (new - 1) if new > 1 else 0.0) if align else (1 / scale if scale else old / new)
    places = np.arange(new) * step if align else (np.arange(new) + 0.5) * step - 0.5
    if kind == "linear":
        places = np.maximum(places, 0)
    start = np.floor(places).astype(int)
    t, matrix = places - start, np.zeros((new, old))
    if kind == "linear":
        parts = ((0, 1 - t), (1, t))
    else:
        near = lambda d: (1.25 * d - 2.25) * d * d + 1  # noqa: E731
        far = lambda d: ((-0.75 * d + 3.75) * d - 6) * d + 3  # noqa: E731
        parts = ((-1, far(1 + t)), (0, near(t)), (1, near(1 - t)), (2, far(2 - t)))
    for shift, weights in parts:
        np.add.at(matrix, (np.arange(new), np.clip(start + shift, 0, old - 1)), weights)
    return matrix


def nearest_places(new, old, scale, exact):
    step = 1 / scale if scale else old / new
    return np.minimum(np.floor((np.arange(new) + 0.5 * exact) * step).astype(int), old - 1)


@composed(
    "nn.functional.interpolate.nearest nn.functional.interpolate.nearest-exact nn.functional.interpolate.linear "
    "nn.functional.interpolate.bilinear nn.functional.interpolate.bicubic nn.functional.interpolate.trilinear "
    "nn.functional.interpolate.area nn.functional.upsample_nearest"
)
def interpolate(x, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None):
    rank = x.ndim - 2
    scales = [None] * rank if scale_factor is None else list(spread_out(scale_factor, rank))
    sizes = [int(n * s) for n, s in zip(x.shape[2:], scales, strict=True)] if size is None else spread_out(size, rank)
    if recompute_scale_factor or mode == "area":
        scales = [None] * rank
    if mode == "area":
        return adaptive(rank, tg.adaptive_average_pool)(x, tuple(sizes))
    for axis, (new, scale) in enumerate(zip(sizes, scales, strict=True), start=2):
        old = x.shape[axis]
        if "nearest" in mode:
            x = np.take(x, nearest_places(new, old, scale, mode.endswith("exact")), axis)
        else:
            kind = "cubic" if mode == "bicubic" else "linear"
            matrix = interpolation(new, old, scale, kind, bool(align_corners))
            x = np.moveaxis(np.moveaxis(x, axis, -1) @ matrix.T, -1, axis)
    return x


@composed("nn.functional.upsample_bilinear")
def upsample_bilinear(x, size=None, scale_factor=None):
    return interpolate(x, size, scale_factor, "bilinear", align_corners=True)
