"""Seeing a graph: pictures, steps and explanations of every value and gradient."""

from .picture import Picture, draw

__all__ = ["Picture", "draw"]
