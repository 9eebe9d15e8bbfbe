"""Data: the bundled real digits, and splitting rows into training and test parts."""

from .digits import Digits, Split, load_digits, train_test_split

__all__ = ["Digits", "Split", "load_digits", "train_test_split"]
