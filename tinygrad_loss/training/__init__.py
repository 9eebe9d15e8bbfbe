"""Training: models, callbacks, metrics and the loops that use them."""

from .callback import Callback
from .history import History
from .model import Model, Sequential

__all__ = ["Callback", "History", "Model", "Sequential"]
