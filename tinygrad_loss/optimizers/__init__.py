"""Optimizers: from gradients to better weights. `rules` holds the formulas, the classes only loop."""

from . import rules, schedules
from .adaptive import Adadelta, Adagrad, Adam, Adamax, AdamW, Lion, Nadam, RMSprop
from .base import Optimizer
from .clipping import clip_by_global_norm, clip_by_norm, clip_by_value
from .descent import SGD, GradientDescent
from .lookup import get

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "GradientDescent",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "clip_by_global_norm",
    "clip_by_norm",
    "clip_by_value",
    "get",
    "rules",
    "schedules",
]
