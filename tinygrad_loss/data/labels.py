"""Labels as one-hot rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import LabelError


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray[Any, Any]:
    """Integer labels as one-hot rows of float32.

    Shapes: (n,) or (n, 1) → (n, classes).

    Args:
        x: labels from 0.
        num_classes: how many classes there are; by default the largest label + 1.

    Raises:
        LabelError: for labels that are no integers, negative, or not below `num_classes`.

    >>> tg.utils.to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    given = np.asarray(x)
    labels = given.astype(int)
    labels = labels[..., 0] if labels.ndim > 1 and labels.shape[-1] == 1 else labels
    count = (int(labels.max(initial=-1)) + 1) if num_classes is None else num_classes
    if (
        not np.array_equal(labels.ravel(), given.ravel())
        or labels.min(initial=0) < 0
        or labels.max(initial=-1) >= count
    ):
        raise LabelError(
            f"to_categorical got labels from {given.min()} to {given.max()} for {count} classes.",
            f"A label is an integer from 0 to {count - 1}.",
            "Make labels of names with np.unique(names, return_inverse=True)[1].",
        )
    return np.eye(count, dtype=np.float32)[labels]
