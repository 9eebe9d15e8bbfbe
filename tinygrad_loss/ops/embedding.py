"""Embedding: a row of a table for each whole number."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import linear
from ..core.tensor import ArrayLike, Tensor
from ..errors import DTypeError, IndexingError
from ..modes import checking
from .indexing import Slot, scatter_to
from .samples import arrays

__all__ = ["embedding"]


@linear(
    [lambda g, y, table, indices: scatter_to(g, indices, shape=np.shape(table), template=(Slot(0),)), None],
    name="embedding",
    formula="yᵢ = row number indexᵢ of the table",
    derivative="each row of the table collects ȳ from where it was taken",
    reference=lambda table, indices: table[indices],
    samples=lambda: [
        [*arrays((4, 3)), np.array([[2, 0], [2, 3]])],
        [*arrays((4, 3)), np.array([1, 1, 1])],
        [*arrays((4, 3)), np.array(2)],
        [*arrays((4, 3)), np.zeros((0,), int)],
    ],
)
def _embedding(table: ArrayLike, indices: ArrayLike) -> Any:
    return np.take(table, indices, axis=0)


def _within(indices: Any, rows: int) -> None:
    """Raise unless every index names a row."""
    if indices.size and (indices.min() < 0 or indices.max() >= rows):
        outside = indices[(indices < 0) | (indices >= rows)]
        raise IndexingError(
            f"embedding got the index {outside.flat[0]} for a table of {rows} rows.",
            f"An index counts from 0 to {rows - 1}.",
            "Make the table larger (input_dim is the largest index + 1), or map rare words to one index.",
        )


@_embedding.op.front
def embedding(table: ArrayLike, indices: ArrayLike) -> Tensor:
    """The rows of `table` that the indices name; the gradient of a row adds up over all its uses.

    Shapes: (rows, features) and indices of any shape → (*indices' shape, features).

    Args:
        table: one row for each word.
        indices: whole numbers from 0 to rows - 1.

    Raises:
        DTypeError: for indices that are not whole numbers.
        IndexError: for an index out of range, a negative one too.

    >>> tg.embedding(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), [1, 0, 1])
    tensor([[3., 4.],
            [1., 2.],
            [3., 4.]])
    """
    indices = indices if isinstance(indices, Tensor) else np.asarray(indices)
    if indices.dtype.kind not in "iu":
        raise DTypeError(
            f"embedding got indices of {indices.dtype}.",
            "An index is a whole number: the number of a row.",
            "Use .astype(int) for whole numbers kept as floats.",
        )
    checking(_within, indices, np.shape(table)[0])
    return _embedding(table, indices)
