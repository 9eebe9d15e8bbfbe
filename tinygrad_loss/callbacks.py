"""Keras's path to the callbacks: `tg.callbacks.EarlyStopping`."""

from .training.callback import Callback
from .training.history import History
from .training.monitors import EarlyStopping, LearningRateScheduler, ReduceLROnPlateau, TerminateOnNaN
from .training.writers import CSVLogger, LambdaCallback, ModelCheckpoint

__all__ = [
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]
