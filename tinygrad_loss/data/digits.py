"""The bundled real data: 1,797 handwritten digits."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, ShapeError

Array = np.ndarray[Any, Any]


class Digits(NamedTuple):
    """Images (1797, 8, 8) of float32 in [0, 1], and their labels (1797,), integers 0 to 9."""

    images: Array
    labels: Array


class Split(NamedTuple):
    """Training and test parts of inputs x and targets y."""

    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array


def load_digits(flatten: bool = False) -> Digits:
    """The UCI optical digits: 1,797 real images of 8 x 8 pixels, in the file's order (by writer).

    Units: pixels are ink coverage from 0 (none) to 1 (full), in steps of 1/16.

    Args:
        flatten: give the images as rows of 64 instead of 8 x 8.

    Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository, 1998, https://doi.org/10.24432/C50P49, CC BY 4.0.

    >>> images, labels = tg.data.load_digits()
    >>> images.shape, images.dtype, labels[:5]
    ((1797, 8, 8), dtype('float32'), array([0, 1, 2, 3, 4]))
    """
    with files(__package__).joinpath("digits.npz").open("rb") as file, np.load(file) as archive:
        images = archive["images"].astype(np.float32) / 16
        labels = archive["labels"].astype(np.int64)
    return Digits(images.reshape(len(images), -1) if flatten else images, labels)


def train_test_split(x: Array, y: Array, test_fraction: float = 0.2, seed: int = 0) -> Split:
    """Hold out a random part of the rows, chosen by a seeded permutation.

    Args:
        x: inputs, one row an example.
        y: targets, as many rows.
        test_fraction: the share of rows held out, between 0 and 1.
        seed: of the permutation; the same seed gives the same split.

    Raises:
        ShapeError: when x and y have different numbers of rows.
        ArgumentError: for a fraction that leaves either part empty.

    >>> split = tg.data.train_test_split(np.arange(10), np.arange(10), test_fraction=0.2, seed=1)
    >>> len(split.x_train), len(split.x_test)
    (8, 2)
    """
    x, y = np.asarray(x), np.asarray(y)
    if len(x) != len(y):
        raise ShapeError(
            f"train_test_split got {len(x)} rows of x and {len(y)} of y.",
            "Each input needs its target.",
            "Check which array was cut.",
        )
    held_out = round(len(x) * test_fraction) if 0 < test_fraction < 1 else 0
    if not 0 < held_out < len(x):
        raise ArgumentError(
            f"train_test_split cannot hold out a fraction of {test_fraction!r} of {len(x)} rows.",
            "Both parts need at least one row, and the fraction lies between 0 and 1.",
            "Say test_fraction=0.2 for a fifth.",
        )
    order = np.random.default_rng(seed).permutation(len(x))
    test, train = order[:held_out], order[held_out:]
    return Split(x[train], y[train], x[test], y[test])
