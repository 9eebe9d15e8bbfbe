"""Running the examples in a docstring, wherever it is: doctest alone misses those of decorated functions."""

from __future__ import annotations

import doctest

import numpy as np

import tinygrad_loss as tg


def run_examples(thing, name):
    """Run the examples in the docstring of `thing`; returns how many there were and what failed."""
    finder = doctest.DocTestFinder(recurse=False)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    failures: list[str] = []
    attempted = 0
    for test in finder.find(thing, name, globs={"tg": tg, "np": np}, module=False):
        attempted += runner.run(test, out=failures.append).attempted
    return attempted, "".join(failures)
