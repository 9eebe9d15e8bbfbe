"""Keras's path to `tg.utils.to_categorical` and `tg.utils.set_random_seed`."""

from .data.labels import to_categorical
from .modes import set_random_seed

__all__ = ["set_random_seed", "to_categorical"]
