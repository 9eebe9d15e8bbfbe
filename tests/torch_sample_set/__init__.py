"""PyTorch's own operator tests, put to this library: its sample inputs through the same mathematics written with ours.

`TRANSLATIONS` holds how each entry is written here, `LEFT_OUT` the others by name, each with its reason.
"""

from . import arranging, composed_further, elementwise, linear_algebra, losses, networks, reductions
from .harness import agree, compare, entries, samples
from .left_out import LEFT_OUT, by_name
from .table import TRANSLATIONS, NotCompared, Translation

FAMILIES = (elementwise, arranging, reductions, linear_algebra, networks, losses, composed_further)

__all__ = [
    "FAMILIES",
    "LEFT_OUT",
    "TRANSLATIONS",
    "NotCompared",
    "Translation",
    "agree",
    "by_name",
    "compare",
    "entries",
    "samples",
]
