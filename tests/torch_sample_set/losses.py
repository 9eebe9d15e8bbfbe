"""Losses, as PyTorch defines them: (input, target), reduced to a mean unless told otherwise."""

from __future__ import annotations

import math

import numpy as np

import tinygrad_loss as tg

from .linear_algebra import pairwise_distance
from .networks import cosine_similarity
from .table import composed


def reduced(value, reduction):
    return {"mean": np.mean, "sum": np.sum, "none": lambda v: v}[reduction](value)


def loss(names, function):
    @composed(names)
    def call(*args, reduction="mean", weight=None, size_average=None, reduce=None, **keywords):
        value = function(*args, **keywords)
        return reduced(value if weight is None else value * weight, reduction)


loss("nn.functional.mse_loss", lambda x, y: (x - y) ** 2)
loss("nn.functional.l1_loss", lambda x, y: np.abs(x - y))
loss("nn.functional.huber_loss", lambda x, y, delta=1.0: tg.huber(x - y, delta))
loss(
    "nn.functional.smooth_l1_loss", lambda x, y, beta=1.0: np.abs(x - y) if beta == 0 else tg.huber(x - y, beta) / beta
)
loss("nn.functional.soft_margin_loss", lambda x, y: tg.softplus(-y * x))
loss("nn.functional.margin_ranking_loss", lambda a, b, y, margin=0.0: above_zero(-y * (a - b) + margin))
loss(
    "nn.functional.hinge_embedding_loss",
    lambda x, y, margin=1.0: np.where(y == 1, x, 0.0) + np.where(y == -1, above_zero(margin - x), 0.0),
)
loss("nn.functional.binary_cross_entropy", lambda x, y: -(y * held_log(x) + (1 - y) * held_log(1 - x)))


def above_zero(x):
    return tg.relu(x)


def held_log(x):
    return np.maximum(np.log(x), -100)


@composed("nn.functional.binary_cross_entropy_with_logits")
def binary_with_logits(x, y, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None):
    share = 1 if pos_weight is None else 1 + (pos_weight - 1) * y
    value = (1 - y) * x + share * tg.softplus(-x)
    return reduced(value if weight is None else value * weight, reduction)


@composed("nn.functional.cosine_embedding_loss")
def cosine_embedding(a, b, y, margin=0.0, reduction="mean"):
    axis = a.ndim - 1
    squares = [np.sum(x * x, axis=axis) + 1e-12 for x in (a, b)]
    cosine = np.sum(a * b, axis=axis) / np.sqrt(squares[0] * squares[1])
    return reduced(np.where(y == 1, 1 - cosine, 0.0) + np.where(y == -1, above_zero(cosine - margin), 0.0), reduction)


@composed("nn.functional.kl_div")
def kl_div(x, y, reduction="mean", log_target=False):
    value = np.exp(y) * (y - x) if log_target else np.where(y > 0, y * np.log(np.where(y > 0, y, 1.0)), 0.0) - y * x
    return np.sum(value) / x.shape[0] if reduction == "batchmean" else reduced(value, reduction)


@composed("nn.functional.gaussian_nll_loss")
def gaussian_nll(x, y, variance, full=False, eps=1e-6, reduction="mean"):
    if variance.ndim and variance.shape != x.shape and variance.shape == x.shape[:-1]:
        variance = np.expand_dims(variance, -1)
    held = np.where(tg.stop_gradient(variance) < eps, eps + variance - tg.stop_gradient(variance), variance)
    value = 0.5 * (np.log(held) + (x - y) ** 2 / held)
    return reduced(value + 0.5 * math.log(2 * math.pi) if full else value, reduction)


@composed("nn.functional.poisson_nll_loss")
def poisson_nll(x, y, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"):
    value = np.exp(x) - y * x if log_input else x - y * np.log(x + eps)
    if full:
        safe = np.where(y > 1, y, 1.0)
        stirling = safe * np.log(safe) - safe + 0.5 * np.log(2 * math.pi * safe)
        value = value + np.where(y > 1, stirling, 0.0)
    return reduced(value, reduction)


@composed("nn.functional.multilabel_soft_margin_loss")
def multilabel_soft_margin(x, y, weight=None, reduction="mean", **_):
    value = -(y * tg.log_sigmoid(x) + (1 - y) * tg.log_sigmoid(-x))
    return reduced(np.mean(value if weight is None else value * weight, axis=-1), reduction)


@composed("nn.functional.multi_margin_loss")
def multi_margin(x, y, p=1, margin=1.0, weight=None, reduction="mean", **_):
    flat = x.ndim < 2
    x, y = (np.reshape(x, (1, -1)), np.reshape(y, (-1,))) if flat else (x, y)
    rows = np.arange(len(y))
    short = above_zero(margin - x[rows, y][:, None] + x) ** p
    short = short if weight is None else short * weight[y][:, None]
    others = np.arange(x.shape[1]) != y[:, None]
    value = np.sum(np.where(others, short, 0.0), axis=1) / x.shape[1]
    return reduced(np.reshape(value, ()) if flat else value, reduction)


@composed("nn.functional.multilabel_margin_loss", process=lambda r: r[0] if isinstance(r, tuple) else r)
def multilabel_margin(x, y, reduction="mean", **_):
    flat = x.ndim < 2
    x, y = (np.reshape(x, (1, -1)), np.reshape(y, (1, -1))) if flat else (x, y)
    given = np.cumprod(y >= 0, axis=1).astype(bool)  # the labels end at the first -1
    wanted = np.zeros(x.shape, bool)
    for row, (labels, some) in enumerate(zip(y, given, strict=True)):
        wanted[row, labels[some]] = True
    short = above_zero(1 - np.take_along_axis(x, np.where(given, y, 0), 1)[:, :, None] + x[:, None, :])
    value = (
        np.sum(np.where(np.logical_and(given[:, :, None], ~wanted[:, None, :]), short, 0.0), axis=(1, 2)) / x.shape[1]
    )
    return reduced(np.reshape(value, ()) if flat else value, reduction)


def triplet(anchor, positive, negative, distance, margin, swap, reduction):
    near, far = distance(anchor, positive), distance(anchor, negative)
    far = np.minimum(far, distance(positive, negative)) if swap else far
    return reduced(above_zero(margin + near - far), reduction)


@composed("nn.functional.triplet_margin_loss")
def triplet_margin(a, b, c, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean", **_):
    return triplet(a, b, c, lambda x, y: pairwise_distance(x, y, p, eps), margin, swap, reduction)


@composed("nn.functional.triplet_margin_with_distance_loss")
def triplet_with_distance(a, b, c, *, distance_function=None, margin=1.0, swap=False, reduction="mean"):
    chosen = type(distance_function).__name__
    distance = {"CosineSimilarity": lambda x, y: cosine_similarity(x, y)}.get(chosen, pairwise_distance)
    return triplet(a, b, c, distance, margin, swap, reduction)


@composed("nn.functional.nll_loss")
def nll(x, y, weight=None, ignore_index=-100, reduction="mean", **_):
    """Minus the log-probability of each label, on axis 1 (0 of a single example)."""
    axis = 1 if x.ndim > 1 else 0
    kept = y != ignore_index
    labels = np.expand_dims(np.where(kept, y, 0), axis)
    share = np.ones(y.shape) if weight is None else weight[labels.squeeze(axis)]
    share = np.where(kept, share, 0.0)
    value = -np.take_along_axis(x, labels, axis).squeeze(axis) * share
    return np.sum(value) / np.sum(share) if reduction == "mean" else reduced(value, reduction)


@composed("nn.functional.cross_entropy")
def cross_entropy(x, y, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0, **_):
    axis = 1 if x.ndim > 1 else 0
    logs = tg.log_softmax(x, axis)
    shape = [-1 if i == axis else 1 for i in range(x.ndim)]
    share = 1.0 if weight is None else np.reshape(weight, shape)
    if y.dtype.kind == "f":
        y = y * (1 - label_smoothing) + label_smoothing / x.shape[axis]
        value = -np.sum(logs * y * share, axis=axis)
        return np.sum(value) / (x.size // x.shape[axis]) if reduction == "mean" else reduced(value, reduction)
    if not label_smoothing:
        return nll(logs, y, weight, ignore_index, reduction)
    kept = y != ignore_index
    smooth = np.where(kept, -np.sum(logs * share, axis=axis), 0.0)
    if reduction != "mean":
        return (1 - label_smoothing) * nll(logs, y, weight, ignore_index, reduction) + label_smoothing / x.shape[
            axis
        ] * reduced(smooth, reduction)
    count = np.sum(kept) if weight is None else np.sum(np.where(kept, weight[np.where(kept, y, 0)], 0.0))
    mean = np.sum(smooth) / count
    return (1 - label_smoothing) * nll(logs, y, weight, ignore_index) + label_smoothing / x.shape[axis] * mean


# The chunked form computes its gradient beforehand: its second derivative is 0 in PyTorch.
@composed("nn.functional.linear_cross_entropy.chunked nn.functional.linear_cross_entropy.chunked_none", order=1)
@composed("nn.functional.linear_cross_entropy")
def linear_cross_entropy(x, weights, y, linear_bias=None, *, weight=None, options=None, **keywords):
    """The cross-entropy of x Wᵀ, whose classes (and further axes) are the first axes of W."""
    logits = np.tensordot(x, weights, ([-1], [-1]))
    if linear_bias is not None:
        logits = logits + linear_bias
    return cross_entropy(logits, y, weight, **keywords)


@composed("nn.functional.ctc_loss", order=1, samples=2)
def ctc(x, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    """The forward sums over all alignments, in logarithms; of the log-softmax, as in PyTorch's tests."""
    x = tg.log_softmax(x, 2)
    values = []
    for row, (steps, count) in enumerate(zip(np.ravel(input_lengths), np.ravel(target_lengths), strict=True)):
        labels = np.full(2 * int(count) + 1, blank)
        labels[1::2] = targets[row, : int(count)]
        jump = np.zeros(len(labels), bool)
        jump[2:] = (labels[2:] != blank) & (labels[2:] != labels[:-2])
        emitted = x[:, row][:, labels]
        alpha = np.where(np.arange(len(labels)) < 2, emitted[0], -1e300)
        for step in range(1, int(steps)):
            one = np.pad(alpha[:-1], (1, 0), constant_values=-1e300)
            two = np.where(jump, np.pad(alpha[:-2], (2, 0), constant_values=-1e300), -1e300)
            alpha = tg.logsumexp(np.stack([alpha, one, two]), axis=0) + emitted[step]
        values.append(-np.logaddexp(alpha[-1], alpha[-2]))
    value = np.stack(values)
    if reduction == "mean":
        return np.mean(value / np.maximum(np.ravel(target_lengths), 1))
    return reduced(value, reduction)
