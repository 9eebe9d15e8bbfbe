"""Gradients held within bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import tinygrad_loss as tg
from tinygrad_loss import errors, optimizers

CLIPS = [optimizers.clip_by_value, optimizers.clip_by_norm, optimizers.clip_by_global_norm]
GRADIENTS = arrays(np.float64, array_shapes(max_dims=3, max_side=3), elements=st.floats(-1e3, 1e3))


def length(gradients):
    return np.sqrt(sum(np.sum(np.square(g)) for g in gradients))


@given(st.lists(GRADIENTS, min_size=1, max_size=3), st.floats(0.1, 100))
def test_bounds_hold_and_small_gradients_stay(gradients, bound):
    for clipped, limits in (
        (optimizers.clip_by_value(gradients, bound), [np.max(np.abs(g)) for g in gradients]),
        (optimizers.clip_by_norm(gradients, bound), [length([g]) for g in gradients]),
        (optimizers.clip_by_global_norm(gradients, bound), [length(gradients)] * len(gradients)),
    ):
        for before, after, limit in zip(gradients, clipped, limits, strict=True):
            assert np.max(np.abs(after)) <= bound * (1 + 1e-12)
            if limit <= bound:
                np.testing.assert_array_equal(after, before)
    assert length(optimizers.clip_by_global_norm(gradients, bound)) <= bound * (1 + 1e-12)
    assert max(length([g]) for g in optimizers.clip_by_norm(gradients, bound)) <= bound * (1 + 1e-12)


@pytest.mark.parametrize("clip", CLIPS)
class TestEach:
    def test_kinds_and_dtypes_stay(self, clip):
        given = [np.ones(3, np.float32), tg.tensor([5.0]), None, np.float32(2.0), np.zeros((0, 2))]
        array, tensor, none, scalar, empty = clip(given, 0.5)
        assert isinstance(array, np.ndarray)
        assert isinstance(tensor, tg.Tensor)
        assert none is None
        assert (array.dtype, scalar.dtype, empty.shape) == (np.float32, np.float32, (0, 2))

    def test_nothing_is_written_into(self, clip):
        g = np.array([3.0, 4.0])
        g.flags.writeable = False
        clip([g], 1.0)
        np.testing.assert_array_equal(g, [3.0, 4.0])

    def test_float16_does_not_overflow(self, clip):
        (clipped,) = clip([np.full(4, 300.0, np.float16)], 1.0)
        assert clipped.dtype == np.float16
        assert np.isfinite(clipped).all()
        assert (clipped > 0).all()

    @pytest.mark.parametrize("bound", [0, -1.0, np.nan, "1", None, True])
    def test_bound(self, clip, bound):
        with pytest.raises(errors.ArgumentError) as caught:
            clip([np.ones(2)], bound)
        assert str(caught.value).splitlines() == [
            f"{clip.__name__} cannot use the bound {bound!r}.",
            "  It is a positive number.",
            "  Say clipnorm=1.0, for example.",
        ]


def test_no_direction_to_keep():
    clipped = optimizers.clip_by_global_norm([np.array([np.inf, 1.0]), np.array([2.0])], 1.0)
    assert all(np.isnan(g).all() for g in clipped)


def test_zeros_stay():
    for clip in CLIPS:
        np.testing.assert_array_equal(clip([np.zeros(2)], 1.0)[0], np.zeros(2))
