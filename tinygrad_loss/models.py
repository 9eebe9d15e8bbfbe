"""Keras's path to the models: `tg.models.Sequential`."""

from .training.model import Model, Sequential

__all__ = ["Model", "Sequential"]
