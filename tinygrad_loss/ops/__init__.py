"""The calculus: one block per op."""

from . import ufuncs  # noqa: F401 - NumPy's ways of calling them
