"""Shared by all tests: the seed is fixed and the default float type restored after each."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.core.registry import functions, ops


@pytest.fixture(autouse=True)
def _fresh_settings():
    tg.set_random_seed(0)
    yield
    tg.config.set_floatx("float32")


@pytest.fixture(autouse=True)
def _doctest_names(doctest_namespace):
    doctest_namespace["tg"] = tg
    doctest_namespace["np"] = np


@pytest.fixture
def declare():
    """Declare a user's op for one test; it is taken out of the registry afterwards."""
    before = dict(ops), dict(functions)
    yield lambda declarator, kernel: declarator(kernel)
    for registry, old in zip((ops, functions), before, strict=True):
        registry.clear()
        registry.update(old)
