"""The exercises, in four levels. Importing this package declares them all."""

from . import adjoints, fused_rules, linear_maps, programs, scalars, tapes, training

__all__ = ["adjoints", "fused_rules", "linear_maps", "programs", "scalars", "tapes", "training"]
