"""Teaching: explanation cards made from the registry, and exercises whose grader says how an answer is wrong."""

from . import course  # importing it declares the exercises
from .classroom import Exercises, exercises
from .deck import Deck, cards

__all__ = ["Deck", "Exercises", "cards", "course", "exercises"]
