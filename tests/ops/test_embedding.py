"""Embedding and dropout: rows taken and added back, masks that are inputs."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.errors import DTypeError, IndexingError

TABLE = np.random.default_rng(0).normal(size=(5, 3))


def test_rows_add_up_over_their_uses():
    table = tg.tensor(TABLE, requires_grad=True)
    words = np.array([[4, 0, 4], [4, 2, 0]])
    y = tg.embedding(table, words)
    np.testing.assert_array_equal(y.detach(), TABLE[words])
    weights = np.random.default_rng(1).normal(size=y.shape)
    (y * weights).sum().backward()
    expected = np.zeros_like(TABLE)
    for place in np.ndindex(words.shape):
        expected[words[place]] += weights[place]
    np.testing.assert_allclose(table.grad, expected, rtol=1e-14)


def test_indices_are_an_input_of_a_program():
    program = tg.jit(tg.embedding)
    for words in ([0, 1], [3, 3], [4, 0]):
        np.testing.assert_array_equal(program(TABLE, np.array(words)), TABLE[words])
    with pytest.raises(IndexingError, match="index 7"):
        program(TABLE, np.array([0, 7]))


@pytest.mark.parametrize("wrong", [5, -1])
def test_an_index_outside_is_an_error(wrong):
    with pytest.raises(IndexingError, match=rf"index {wrong} for a table of 5 rows(.|\n)*from 0 to 4(.|\n)*input_dim"):
        tg.embedding(TABLE, [0, wrong])


def test_indices_are_whole_numbers():
    with pytest.raises(DTypeError, match=r"indices of float64(.|\n)*astype\(int\)"):
        tg.embedding(TABLE, [0.0, 1.0])


def test_no_words_at_all():
    assert tg.embedding(TABLE, np.zeros((2, 0), int)).shape == (2, 0, 3)


def test_dropout_keeps_and_scales():
    x = tg.tensor(np.arange(1.0, 5.0), requires_grad=True)
    y = tg.dropout(x, np.array([True, False, True, False]), rate=0.75)
    np.testing.assert_array_equal(y.detach(), [4.0, 0.0, 12.0, 0.0])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [4.0, 0.0, 4.0, 0.0])
    assert tg.dropout(np.ones(3, np.float32), [True, False, True], 0.1).dtype == np.float32


def test_the_mask_keeps_the_share_it_should():
    mask = tg.dropout_mask((200, 500), 0.3, np.random.default_rng(0)).numpy()
    assert mask.dtype == bool
    assert abs(mask.mean() - 0.7) < 0.006  # four standard deviations


def test_a_program_draws_a_new_mask_at_each_run_as_eager_mode_does():
    def masked(generator):
        return lambda x: tg.dropout(x, tg.dropout_mask(x.shape, 0.5, generator), 0.5)

    eager, program = masked(np.random.default_rng(3)), tg.jit(masked(np.random.default_rng(3)))
    x = np.arange(1.0, 21.0)
    seen = []
    for _ in range(4):
        seen.append(np.array(eager(tg.tensor(x))))
        np.testing.assert_array_equal(program(x), seen[-1])
    assert not np.array_equal(seen[2], seen[3])
