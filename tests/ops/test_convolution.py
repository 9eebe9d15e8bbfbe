"""Convolution and pooling against PyTorch, over strides, padding, dilation and groups."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tinygrad_loss as tg

RANDOM = np.random.default_rng(3)


def test_a_convolution_by_hand():
    x = np.arange(9.0).reshape(1, 1, 3, 3)
    w = np.array([[[[1.0, 0.0], [0.0, -1.0]]]])
    np.testing.assert_array_equal(tg.conv2d(x, w), np.full((1, 1, 2, 2), -4.0))


def test_same_padding_keeps_the_size_and_strides_divide_it():
    x = np.ones((1, 1, 7, 6))
    assert tg.conv2d(x, np.ones((1, 1, 3, 4)), padding="same").shape == (1, 1, 7, 6)
    assert tg.conv2d(x, np.ones((1, 1, 3, 4)), padding="same", stride=2).shape == (1, 1, 4, 3)


def test_wrong_channels_and_sizes():
    with pytest.raises(tg.errors.ShapeError, match="images of 3 channels for a kernel of 2"):
        tg.conv2d(tg.ones((1, 3, 4, 4)), np.ones((1, 2, 2, 2)))
    with pytest.raises(tg.errors.ShapeError, match="cannot take images of shape"):
        tg.conv2d(tg.ones((1, 1, 2, 2)), np.ones((1, 1, 3, 3)))
    with pytest.raises(tg.errors.ArgumentError, match="padding='wide'"):
        tg.conv2d(tg.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2)), padding="wide")


def test_ties_in_max_pooling_share_the_gradient():
    x = tg.tensor(np.array([[[1.0], [1.0], [0.0], [2.0]]]), requires_grad=True)
    tg.max_pool(x).sum().backward()
    np.testing.assert_array_equal(x.grad[0, :, 0], [0.5, 0.5, 0, 1])


def test_padding_does_not_count_in_pooling():
    x = -np.ones((1, 3, 1))
    np.testing.assert_array_equal(tg.max_pool(x, 2, padding="same"), -np.ones((1, 2, 1)))
    np.testing.assert_array_equal(tg.average_pool(x, 2, padding="same"), -np.ones((1, 2, 1)))


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 1), (3, 2), (1, 2), ((2, 3), (3, 1))])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("pool", [tg.max_pool, tg.average_pool])
def test_a_part_of_a_batch_is_pooled_as_the_whole_to_the_bit(pool, size, stride, padding):
    x = np.round(RANDOM.normal(size=(64, 7, 6, 2)).astype(np.float32), 1)  # with ties
    whole = tg.tensor(x, requires_grad=True)
    y = pool(whole, size, stride, padding)
    g = RANDOM.normal(size=y.shape).astype(np.float32)
    y.backward(g)
    assert y.dtype == whole.grad.dtype == np.float32
    deep = tg.tensor(np.tile(x, 9), requires_grad=True)  # as many channels as take another way
    pool(deep, size, stride, padding).backward(np.tile(g, 9))
    np.testing.assert_array_equal(deep.grad, np.tile(np.asarray(whole.grad), 9))
    for part in (slice(0, 1), slice(5, 8), slice(63, 64)):
        alone = tg.tensor(x[part], requires_grad=True)
        y_alone = pool(alone, size, stride, padding)
        y_alone.backward(g[part])
        np.testing.assert_array_equal(y_alone.detach(), y.detach()[part])
        np.testing.assert_array_equal(alone.grad, whole.grad[part])


def test_a_wide_window_counts_all_its_ties():
    x = tg.tensor(np.ones((1, 200, 2, 1)), requires_grad=True)
    tg.max_pool(x, (150, 1), 1).sum().backward()
    np.testing.assert_allclose(x.grad.sum(), 2 * 51, rtol=1e-12)
    np.testing.assert_allclose(x.grad[0, 100, :, 0], 51 / 150, rtol=1e-12)


def test_pooling_float16_adds_up_in_float32():
    x = np.full((1, 64, 64, 1), 100, np.float16)
    y = tg.average_pool(x, 64)
    assert y.dtype == np.float16
    assert y[0, 0, 0, 0] == 100


def test_a_window_of_nan_passes_no_gradient():
    x = tg.tensor(np.array([[[np.nan], [1.0], [0.0], [2.0]]]), requires_grad=True)
    y = tg.max_pool(x)
    y.sum().backward()
    np.testing.assert_array_equal(y[0, :, 0].detach(), [np.nan, 2])
    np.testing.assert_array_equal(x.grad[0, :, 0], [0, 0, 0, 1])


def test_a_window_without_overlap_is_a_copy():
    x = np.ones((1, 2, 1))
    assert not np.shares_memory(x, tg.max_pool(x, 1))
    assert not np.shares_memory(x, tg.average_pool(x, 1))


@pytest.mark.parametrize("pool", [tg.max_pool, tg.average_pool])
def test_windows_longer_than_the_image(pool):
    for x in (np.ones((1, 2, 3, 1)), tg.ones((1, 2, 3, 1))):
        with pytest.raises(tg.errors.ShapeError, match="Windows of 3 do not fit into an axis of 2"):
            pool(x, 3)


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "groups"), [*itertools.product((1, 2), (0, 1), (1, 2), (1, 2))]
)
def test_convolution_is_pytorchs(stride, padding, dilation, groups):
    torch = pytest.importorskip("torch")
    f = torch.nn.functional
    for rank, conv, turned in (
        (1, f.conv1d, f.conv_transpose1d),
        (2, f.conv2d, f.conv_transpose2d),
        (3, f.conv3d, f.conv_transpose3d),
    ):
        space, kernel = (7, 6, 5)[:rank], (3, 2, 2)[:rank]
        x = RANDOM.normal(size=(2, 4, *space))
        cases = [
            (getattr(tg, f"conv{rank}d"), conv, RANDOM.normal(size=(6, 4 // groups, *kernel)), ()),
            (getattr(tg, f"conv_transpose{rank}d"), turned, RANDOM.normal(size=(4, 3, *kernel)), (stride - 1,)),
        ]
        for ours, theirs, w, more in cases:
            if more:
                mine, other = {"output_padding": more[0]}, {"output_padding": more[0]}
            else:
                mine, other = {}, {}
            settings = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
            a, b = tg.tensor(x, requires_grad=True), tg.tensor(w, requires_grad=True)
            p, q = torch.tensor(x, requires_grad=True), torch.tensor(w, requires_grad=True)
            y, z = ours(a, b, **settings, **mine), theirs(p, q, **settings, **other)
            np.testing.assert_allclose(y.detach(), z.detach().numpy(), rtol=1e-11, atol=1e-12)
            (y**2).sum().backward()
            (z**2).sum().backward()
            np.testing.assert_allclose(a.grad, p.grad.numpy(), rtol=1e-10, atol=1e-11)
            np.testing.assert_allclose(b.grad, q.grad.numpy(), rtol=1e-10, atol=1e-11)


@pytest.mark.oracle
def test_output_padding_beyond_another_patch():
    torch = pytest.importorskip("torch")
    x, w = RANDOM.normal(size=(2, 2, 4, 4)), RANDOM.normal(size=(2, 2, 2, 3))
    settings = {"stride": (3, 2), "padding": (1, 2), "output_padding": (2, 3), "dilation": (4, 4), "groups": 2}
    a, b = tg.tensor(x, requires_grad=True), tg.tensor(w, requires_grad=True)
    p, q = torch.tensor(x, requires_grad=True), torch.tensor(w, requires_grad=True)
    (tg.conv_transpose2d(a, b, **settings) ** 2).sum().backward()
    (torch.nn.functional.conv_transpose2d(p, q, **settings) ** 2).sum().backward()
    np.testing.assert_allclose(a.grad, p.grad.numpy(), rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(b.grad, q.grad.numpy(), rtol=1e-10, atol=1e-11)


@pytest.mark.oracle
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_pooling_is_pytorchs(size):
    torch = pytest.importorskip("torch")
    f = torch.nn.functional
    x = RANDOM.normal(size=(2, 8, 7, 3))
    first = torch.tensor(np.moveaxis(x, -1, 1).copy())
    pairs = [
        (tg.max_pool(x, 2, 1), f.max_pool2d(first, 2, 1)),
        (tg.average_pool(x, 3, 2), f.avg_pool2d(first, 3, 2)),
        (tg.average_pool(x, 3, 2, 1), f.avg_pool2d(first, 3, 2, 1, count_include_pad=False)),
        (tg.adaptive_average_pool(x, size), f.adaptive_avg_pool2d(first, size)),
        (tg.adaptive_max_pool(x, size), f.adaptive_max_pool2d(first, size)),
    ]
    for ours, theirs in pairs:
        np.testing.assert_allclose(np.moveaxis(np.asarray(ours), -1, 1), theirs.numpy(), rtol=1e-12, atol=1e-13)
