"""The neural-network ops against PyTorch over drawn shapes and settings, to second order, float32 kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch_agreement import agree

import tinygrad_loss as tg

pytestmark = pytest.mark.oracle
torch = pytest.importorskip("torch", reason="PyTorch is the oracle of these tests")
F = torch.nn.functional
SEEDS = st.integers(0, 10**6)
SETTINGS = settings(deadline=None, max_examples=20)
SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)


def normal(seed, *shapes):
    random = np.random.default_rng(seed)
    return [random.normal(size=shape) for shape in shapes]


ACTIVATIONS = {
    "celu": (tg.celu, F.celu),
    "elu": (tg.elu, F.elu),
    "gelu": (tg.gelu, F.gelu),
    "gelu_tanh": (lambda x: tg.gelu(x, approximate=True), lambda t: F.gelu(t, approximate="tanh")),
    "hard_shrink": (tg.hard_shrink, F.hardshrink),
    "hard_silu": (tg.hard_silu, F.hardswish),
    "hard_tanh": (tg.hard_tanh, F.hardtanh),
    "leaky_relu": (tg.leaky_relu, lambda t: F.leaky_relu(t, 0.2)),
    "log_sigmoid": (tg.log_sigmoid, F.logsigmoid),
    "mish": (tg.mish, F.mish),
    "relu": (tg.relu, F.relu),
    "relu6": (tg.relu6, F.relu6),
    "selu": (tg.selu, F.selu),
    "sigmoid": (tg.sigmoid, torch.sigmoid),
    "silu": (tg.silu, F.silu),
    "soft_shrink": (tg.soft_shrink, F.softshrink),
    "softplus": (tg.softplus, lambda t: torch.logaddexp(t, torch.zeros_like(t))),
    "softsign": (tg.softsign, F.softsign),
    "squareplus": (tg.squareplus, lambda t: (t + torch.sqrt(t * t + 4)) / 2),
    "tanh": (np.tanh, torch.tanh),
    "tanh_shrink": (tg.tanh_shrink, F.tanhshrink),
    "threshold": (lambda x: tg.threshold(x, 0.3, -1.0), lambda t: F.threshold(t, 0.3, -1.0)),
    "exponential": (tg.activations.exponential, torch.exp),
    "linear": (tg.activations.linear, lambda t: t * 1),
    "hard_sigmoid": (tg.hard_sigmoid, lambda t: torch.clamp(t / 6 + 0.5, 0, 1)),
    "relu_of_three": (lambda x: tg.relu(x, 0.1, 1.5, 0.25), lambda t: keras_relu(t, 0.1, 1.5, 0.25)),
}


def keras_relu(t, slope, top, threshold):
    return torch.where(t >= top, torch.full_like(t, top), torch.where(t >= threshold, t, slope * (t - threshold)))


@pytest.mark.parametrize("name", ACTIVATIONS)
@settings(deadline=None, max_examples=12)
@given(shape=SHAPES, seed=SEEDS)
def test_activations(name, shape, seed):
    ours, theirs = ACTIVATIONS[name]
    agree(ours, theirs, normal(seed, shape)[0] * 3, rtol=1e-8)


@SETTINGS
@given(shape=SHAPES, seed=SEEDS, data=st.data())
def test_softmax_and_its_kin(shape, seed, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    (x,) = normal(seed, shape)
    agree(lambda x: tg.softmax(x, axis), lambda t: torch.softmax(t, axis), x)
    agree(lambda x: tg.log_softmax(x, axis), lambda t: torch.log_softmax(t, axis), x)
    agree(lambda x: tg.logsumexp(x, axis=axis), lambda t: torch.logsumexp(t, axis), x)
    mask = np.random.default_rng(seed).random(shape) < 0.7
    held = torch.tensor(mask)

    def theirs(t):
        weights = torch.softmax(torch.where(held, t, -torch.inf), axis)
        return torch.where(held.any(axis, keepdim=True), torch.nan_to_num(weights), 0.0)

    np.testing.assert_allclose(tg.masked_softmax(x, mask, axis), theirs(torch.tensor(x)).numpy(), rtol=1e-12)
    if mask.any(axis=axis).all():
        agree(lambda x: tg.masked_softmax(x, mask, axis), theirs, x)


@SETTINGS
@given(rows=st.integers(1, 5), classes=st.integers(2, 5), seed=SEEDS)
def test_losses_from_logits(rows, classes, seed):
    z, other = normal(seed, (rows, classes), (rows, classes))
    p = np.exp(other) / np.exp(other).sum(1, keepdims=True)
    labels = np.random.default_rng(seed).integers(0, classes, rows)
    truth, index = torch.tensor(p), torch.tensor(labels)
    agree(
        lambda z: tg.cross_entropy_with_logits(p.astype(z.dtype), z),
        lambda t: F.cross_entropy(t, truth, reduction="none"),
        z,
    )
    agree(
        lambda z: tg.sparse_cross_entropy_with_logits(labels, z),
        lambda t: F.cross_entropy(t, index, reduction="none"),
        z,
    )
    agree(
        lambda z: tg.binary_cross_entropy_with_logits(p.astype(z.dtype), z),
        lambda t: F.binary_cross_entropy_with_logits(t, truth, reduction="none"),
        z,
    )
    agree(
        lambda z: tg.kl_divergence_with_logits(p.astype(z.dtype), z),
        lambda t: F.kl_div(torch.log_softmax(t, 1), truth, reduction="none").sum(1),
        z,
    )
    agree(lambda x: tg.huber(x, 0.7), lambda t: F.huber_loss(t, torch.zeros_like(t), reduction="none", delta=0.7), z)
    agree(tg.log_cosh, lambda t: torch.log(torch.cosh(t)), z)


@SETTINGS
@given(batch=st.integers(2, 4), groups=st.integers(1, 3), width=st.integers(1, 2), space=st.integers(2, 4), seed=SEEDS)
def test_normalizations(batch, groups, width, space, seed):
    channels = groups * width
    x, gamma, beta = normal(seed, (batch, channels, space), (channels,), (channels,))
    last, first, second = normal(seed + 1, (batch, space), (space,), (space,))
    eps = 0.01
    agree(
        lambda x, a, b: tg.layer_norm(x, a, b, epsilon=eps),
        lambda t, a, b: F.layer_norm(t, (space,), a, b, eps),
        last,
        first,
        second,
        rtol=1e-8,
    )
    agree(
        lambda x, a, b: tg.batch_norm(x, a, b, axis=1, epsilon=eps),
        lambda t, a, b: F.batch_norm(t, None, None, a, b, True, 0.1, eps),
        x,
        gamma,
        beta,
        rtol=1e-8,
    )
    agree(
        lambda x, a, b: tg.group_norm(x, groups, a, b, 1, eps),
        lambda t, a, b: F.group_norm(t, groups, a, b, eps),
        x,
        gamma,
        beta,
        rtol=1e-8,
    )
    agree(
        lambda x, a, b: tg.instance_norm(x, a, b, 1, eps),
        lambda t, a, b: F.instance_norm(t, None, None, a, b, True, 0.1, eps),
        x,
        gamma,
        beta,
        rtol=1e-8,
    )
    agree(
        lambda x, a: tg.rms_norm(x, a, axis=-1, epsilon=eps),
        lambda t, a: F.rms_norm(t, (space,), a, eps),
        last,
        first,
        rtol=1e-8,
    )
    mean, variance = normal(seed + 2, (channels,))[0], np.exp(normal(seed + 3, (channels,))[0])
    agree(
        lambda x, a, b: tg.batch_norm(x, a, b, mean, variance, 1, eps),
        lambda t, a, b: F.batch_norm(t, torch.tensor(mean), torch.tensor(variance), a, b, False, 0.1, eps),
        x,
        gamma,
        beta,
        rtol=1e-8,
        single=False,  # the statistics are float64
    )


@pytest.mark.parametrize("rank", [1, 2, 3])
@settings(deadline=None, max_examples=12)
@given(data=st.data(), seed=SEEDS)
def test_convolutions(rank, data, seed):
    each = lambda low, high: tuple(data.draw(st.integers(low, high)) for _ in range(rank))  # noqa: E731
    groups, width, outputs = (data.draw(st.integers(1, 2)) for _ in range(3))
    kernel, stride, dilation, padding = each(1, 3), each(1, 3), each(1, 2), each(0, 2)
    space = tuple(d * (k - 1) + 1 + data.draw(st.integers(0, 3)) for k, d in zip(kernel, dilation, strict=True))
    x, w, b = normal(seed, (2, groups * width, *space), (groups * outputs, width, *kernel), (groups * outputs,))
    how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    agree(
        lambda x, w, b: getattr(tg, f"conv{rank}d")(x, w, b, **how),
        lambda x, w, b: getattr(F, f"conv{rank}d")(x, w, b, **how),
        x,
        w,
        b,
    )
    more = tuple(data.draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True))
    longest = [
        (n - 1) * s - 2 * p + d * (k - 1) + o + 1
        for n, s, p, d, k, o in zip(space, stride, padding, dilation, kernel, more, strict=True)
    ]
    assume(min(longest) > 0)
    x, w = normal(seed, (2, groups * width, *space), (groups * width, outputs, *kernel))
    agree(
        lambda x, w, b: getattr(tg, f"conv_transpose{rank}d")(x, w, b, output_padding=more, **how),
        lambda x, w, b: getattr(F, f"conv_transpose{rank}d")(x, w, b, output_padding=more, **how),
        x,
        w,
        b,
    )


@pytest.mark.parametrize("rank", [1, 2, 3])
@settings(deadline=None, max_examples=12)
@given(data=st.data(), seed=SEEDS)
def test_pooling(rank, data, seed):
    size, stride = (tuple(data.draw(st.integers(1, 3)) for _ in range(rank)) for _ in range(2))
    padding = tuple(data.draw(st.integers(0, k // 2)) for k in size)
    space = tuple(k + data.draw(st.integers(0, 4)) for k in size)
    parts = tuple(data.draw(st.integers(1, n)) for n in space)
    (x,) = normal(seed, (2, 2, *space))

    def last(function, *how):
        return lambda x: np.moveaxis(function(np.moveaxis(x, 1, -1), *how), -1, 1)

    agree(
        last(tg.max_pool, size, stride, padding), lambda t: getattr(F, f"max_pool{rank}d")(t, size, stride, padding), x
    )
    agree(
        last(tg.average_pool, size, stride, padding),
        lambda t: getattr(F, f"avg_pool{rank}d")(t, size, stride, padding, count_include_pad=False),
        x,
    )
    for ours, theirs in ((tg.adaptive_max_pool, "max"), (tg.adaptive_average_pool, "avg")):
        agree(last(ours, parts), lambda t, theirs=theirs: getattr(F, f"adaptive_{theirs}_pool{rank}d")(t, parts), x)


@SETTINGS
@given(
    batch=SHAPES.map(lambda s: s[:2]),
    queries=st.integers(1, 4),
    keys=st.integers(1, 4),
    size=st.integers(1, 3),
    kind=st.sampled_from(["none", "causal", "boolean", "added"]),
    seed=SEEDS,
)
def test_attention(batch, queries, keys, size, kind, seed):
    q, k, v, bias = normal(seed, (*batch, queries, size), (*batch, keys, size), (*batch, keys, 2), (queries, keys))
    mask = np.random.default_rng(seed).random((queries, keys)) < 0.7
    mask[:, 0] = True  # every query sees one key at least: for none, PyTorch's is NaN
    given_mask = {"boolean": mask, "added": bias}.get(kind)
    theirs_mask = None if given_mask is None else torch.tensor(given_mask)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):  # the others have no second order
        agree(
            lambda q, k, v: tg.scaled_dot_product_attention(q, k, v, given_mask, kind == "causal"),
            lambda q, k, v: F.scaled_dot_product_attention(q, k, v, theirs_mask, 0.0, kind == "causal"),
            q,
            k,
            v,
        )


@SETTINGS
@given(batch=st.integers(1, 3), inputs=st.integers(1, 3), units=st.integers(1, 3), seed=SEEDS)
def test_recurrent_cells(batch, inputs, units, seed):
    x, h, c = normal(seed, (batch, inputs), (batch, units), (batch, units))
    kernel, recurrent, bias = normal(seed + 1, (inputs, 4 * units), (units, 4 * units), (4 * units,))
    nothing = torch.zeros(4 * units, dtype=torch.float64)
    agree(
        tg.lstm_cell,
        lambda x, h, c, w, r, b: torch.lstm_cell(x, (h, c), w.T, r.T, b, nothing),  # the gates stand in one order
        *(x, h, c, kernel, recurrent, bias),
    )
    kernel, recurrent, biases = normal(seed + 2, (inputs, 3 * units), (units, 3 * units), (2, 3 * units))

    def swapped(w):  # PyTorch's reset gate comes before the update gate
        update, reset, candidate = torch.chunk(w, 3, -1)
        return torch.cat([reset, update, candidate], -1)

    agree(
        tg.gru_cell,
        lambda x, h, w, r, b: torch.gru_cell(x, h, swapped(w).T, swapped(r).T, swapped(b[0]), swapped(b[1])),
        *(x, h, kernel, recurrent, biases),
    )


@SETTINGS
@given(rows=st.integers(1, 5), features=st.integers(1, 3), shape=SHAPES, seed=SEEDS)
def test_embedding(rows, features, shape, seed):
    index = np.random.default_rng(seed).integers(0, rows, shape)
    agree(
        lambda w: tg.embedding(w, index) ** 2,
        lambda w: F.embedding(torch.tensor(index), w) ** 2,
        *normal(seed, (rows, features)),
    )


@SETTINGS
@given(shape=SHAPES, seed=SEEDS, keep=st.sampled_from([0.25, 0.5, 1.0]))
def test_dropout_with_a_mask_of_its_own(shape, seed, keep):
    kept = np.random.default_rng(seed).random(shape) < keep
    mask = kept / keep
    agree(lambda x: x * tg.tensor(mask), lambda t: t * torch.tensor(mask), *normal(seed, shape), single=False)
    even = tuple(2 * n for n in shape)
    agree(lambda x: tg.glu(x, 0), lambda t: F.glu(t, 0), *normal(seed, even))
