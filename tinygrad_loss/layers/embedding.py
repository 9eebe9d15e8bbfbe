"""The embedding layer: a row of numbers, learned, for each word."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..errors import ArgumentError, ShapeError
from ..ops.embedding import embedding
from .base import Layer
from .constraints import get as constraint_named
from .initializers import get as initializer_named
from .regularizers import get as regularizer_named

__all__ = ["Embedding"]


class Embedding(Layer):
    """A row of `output_dim` numbers for each whole number below `input_dim`; training changes the rows.

    Shapes: whole numbers of any shape → (*shape, output_dim). The table, `embeddings`, is
    (input_dim, output_dim).

    Args:
        input_dim: how many rows: the largest number + 1.
        output_dim: how many numbers stand for a word.
        embeddings_initializer: a name or an initializer; see `tg.initializers`.
        embeddings_regularizer: a penalty on the table; see `tg.regularizers`.
        embeddings_constraint: what the table is brought back to after each step; see `tg.constraints`.
        mask_zero: refused: masks are given to the layers that use them.
        weights: the table to begin with, or a list that holds it.
        options: name, dtype, trainable, input_shape; see `Layer`.

    Raises:
        ArgumentError: for lengths that are not positive integers, or mask_zero=True.
        IndexingError: when called with a number outside the table.

    >>> layer = tg.layers.Embedding(3, 2, weights=np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]))
    >>> layer(np.array([[2, 1]])).detach()
    tensor([[[3., 4.],
             [1., 2.]]], dtype=float32)
    """

    embeddings: Any
    takes_integers = True

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "random_uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        for name, value in (("input_dim", input_dim), ("output_dim", output_dim)):
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value <= 0:
                raise ArgumentError(
                    f"Embedding got {name}={value!r}.",
                    "It is a positive integer.",
                    "Say Embedding(1000, 16) for 1000 words of 16 numbers each.",
                )
        if mask_zero:
            raise ArgumentError(
                "Embedding got mask_zero=True.",
                "Masks do not travel from layer to layer here.",
                "Give the mask to the layer that uses it: lstm(embedded, mask=words != 0).",
            )
        self.input_dim = int(input_dim)
        self.output_dim = int(output_dim)
        self.embeddings_initializer = initializer_named(embeddings_initializer)
        self.embeddings_regularizer = regularizer_named(embeddings_regularizer)
        self.embeddings_constraint = constraint_named(embeddings_constraint)
        self._table = None if weights is None else np.asarray(weights[0] if isinstance(weights, list) else weights)
        self.embeddings = None

    def build(self, input_shape: Any) -> None:
        """Make the table."""
        shape = (self.input_dim, self.output_dim)
        if self._table is not None and self._table.shape != shape:
            raise ShapeError(
                f"Layer {self.name!r} (Embedding) got weights of shape {self._table.shape}.",
                f"The table has shape {shape}: input_dim, output_dim.",
                "Check whether rows and columns are exchanged.",
            )
        self.embeddings = self.add_weight(
            shape,
            self.embeddings_initializer if self._table is None else initializer_named(self._table),
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
            name="embeddings",
        )
        self._table = None

    def call(self, inputs: Tensor) -> Tensor:
        """The rows that the inputs name."""
        return embedding(self.embeddings, inputs if inputs.dtype.kind in "iu" else inputs.astype(np.int64))
