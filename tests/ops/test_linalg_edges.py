"""Norms where elements are 0, and determinants of empty matrices: where formulas divide by nothing."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg


def gradient_of(function, values):
    x = tg.tensor(values, requires_grad=True)
    function(x).sum().backward()
    return x.grad.data


@pytest.mark.parametrize("order", [-3.5, -1, 0.5, 1, 1.5, 2, 3, np.inf, -np.inf])
def test_norms_have_gradient_0_at_0(order):
    np.testing.assert_array_equal(gradient_of(lambda x: np.linalg.norm(x, order), [0.0, 0.0, 0.0]), 0)


@pytest.mark.parametrize("order", [0.5, 1.5, 3])
def test_an_element_that_is_0_does_not_spoil_the_others(order):
    whole = gradient_of(lambda x: np.linalg.norm(x, order), [0.0, 1.0, -2.0])
    others = gradient_of(lambda x: np.linalg.norm(x, order), [1.0, -2.0])
    np.testing.assert_allclose(whole, [0.0, *others], rtol=1e-14)


@pytest.mark.parametrize("order", [-1, -3.5])
def test_a_0_makes_a_norm_of_negative_order_0_and_flat(order):
    assert float(np.linalg.norm(tg.tensor([0.0, 1.0, 2.0]), order)) == 0
    np.testing.assert_array_equal(gradient_of(lambda x: np.linalg.norm(x, order), [0.0, 1.0, 2.0]), 0)


@pytest.mark.parametrize("shape", [(0, 0), (2, 0, 0), (0, 3, 3), (0, 6, 6)])
def test_the_determinant_of_nothing(shape):
    np.testing.assert_array_equal(np.linalg.det(tg.zeros(shape)), np.linalg.det(np.zeros(shape)))
    assert gradient_of(np.linalg.det, np.zeros(shape)).shape == shape
