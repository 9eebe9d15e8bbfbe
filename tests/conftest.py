"""Shared by all tests: the seed is fixed and the default float type restored after each."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg


@pytest.fixture(autouse=True)
def _fresh_settings():
    tg.set_random_seed(0)
    yield
    tg.config.set_floatx("float32")


@pytest.fixture(autouse=True)
def _doctest_names(doctest_namespace):
    doctest_namespace["tg"] = tg
    doctest_namespace["np"] = np
