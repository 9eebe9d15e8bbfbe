"""Keras's path to the regularizers: `tg.regularizers.get`."""

from .layers.regularizers import (
    L1,
    L1L2,
    L2,
    Regularizer,
    get,
)

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "Regularizer",
    "get",
]
