"""Normalizations: mean 0 and variance 1 where it should be, in every form; errors say what to do."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.errors import ArgumentError, ShapeError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(2.0, 3.0, size=(6, 4, 5, 8))
GAMMA, BETA = RANDOM.normal(size=8), RANDOM.normal(size=8)


def brought(x, axes):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-3)


@pytest.mark.parametrize("axis", [-1, 0, (1, 2), (-1, 0)])
def test_standardize_gives_values_mean_and_variance(axis):
    values, mean, variance = tg.standardize(X, axis)
    np.testing.assert_allclose(values, brought(X, axis), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(mean, X.mean(axis, keepdims=True), rtol=1e-13)
    np.testing.assert_allclose(variance, X.var(axis, keepdims=True), rtol=1e-12)


def test_each_normalization_takes_its_axes():
    cases = {
        "batch": (tg.batch_norm(X, GAMMA, BETA), brought(X, (0, 1, 2))),
        "layer": (tg.layer_norm(X, GAMMA, BETA), brought(X, -1)),
        "instance": (tg.instance_norm(X, GAMMA, BETA), brought(X, (1, 2))),
        "group": (
            tg.group_norm(X, 2, GAMMA, BETA),
            brought(X.reshape(6, 4, 5, 2, 4), (1, 2, 4)).reshape(X.shape),
        ),
    }
    for name, (got, expected) in cases.items():
        np.testing.assert_allclose(got, expected * GAMMA + BETA, rtol=1e-11, atol=1e-12, err_msg=name)


def test_parameters_stand_along_their_axis():
    first = np.moveaxis(X, -1, 1)
    expected = np.moveaxis(brought(X, (0, 1, 2)) * GAMMA + BETA, -1, 1)
    np.testing.assert_allclose(tg.batch_norm(first, GAMMA, BETA, axis=1), expected, rtol=1e-11, atol=1e-12)
    expected = np.moveaxis(tg.group_norm(X, 4, GAMMA), -1, 1)
    np.testing.assert_allclose(tg.group_norm(first, 4, GAMMA, axis=1), expected, rtol=1e-11)
    both = RANDOM.normal(size=(5, 8))
    expected = brought(X, (2, 3)) * both
    np.testing.assert_allclose(tg.layer_norm(X, both, axis=(2, 3)), expected, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(tg.layer_norm(X, beta=2.0), brought(X, -1) + 2.0, rtol=1e-11, atol=1e-12)


def test_inference_uses_what_is_given():
    mean, variance = RANDOM.normal(size=8), RANDOM.uniform(0.5, 2.0, size=8)
    expected = (X - mean) / np.sqrt(variance + 1e-3) * GAMMA + BETA
    np.testing.assert_allclose(tg.batch_norm(X, GAMMA, BETA, mean, variance), expected, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(
        tg.batch_norm(X, mean=list(mean), variance=list(variance)), (expected - BETA) / GAMMA, rtol=1e-10, atol=1e-12
    )


def test_equal_values_give_zeros_and_no_nan():
    x = tg.tensor(np.full((3, 4), 7.0), requires_grad=True)
    y = tg.layer_norm(x)
    np.testing.assert_array_equal(y.detach(), np.zeros((3, 4)))
    (y * y).sum().backward()
    np.testing.assert_array_equal(x.grad, np.zeros((3, 4)))


def test_the_gradient_of_a_sum_of_a_normalization_is_nothing():
    """Adding to all inputs, or stretching them, changes nothing: the gradient is at right angles to both."""
    x = tg.tensor(X[0, 0], requires_grad=True)
    (tg.layer_norm(x, epsilon=0.0) * RANDOM.normal(size=(5, 8))).sum().backward()
    np.testing.assert_allclose(x.grad.sum(-1), np.zeros(5), atol=1e-12)
    np.testing.assert_allclose((x.grad * X[0, 0]).sum(-1), np.zeros(5), atol=1e-12)


def test_moments_have_gradients_of_their_own():
    x = tg.tensor(X[0, 0], requires_grad=True)
    _, mean, variance = tg.standardize(x, 0)
    (mean.sum() + (variance * variance).sum()).backward()
    expected = 1 / 5 + 4 / 5 * X[0, 0].var(0) * (X[0, 0] - X[0, 0].mean(0))
    np.testing.assert_allclose(x.grad, expected, rtol=1e-12)


def test_the_second_derivative_of_a_batch_norm_is_right():
    """A fused rule that is right to first order only would be off here by tenths."""
    x = X[:, 0, 0, :3]
    weights = RANDOM.normal(size=x.shape)
    tg.gradcheck(tg.grad(lambda a: (weights * tg.batch_norm(a, [2.0, 0.5, 1.0], [1.0, 0.0, 2.0])).sum()), x)


def test_lengths():
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_array_equal(tg.unit_norm(x), [[0.6, 0.8], [0.0, 0.0]])
    t = tg.tensor(x, requires_grad=True)
    tg.unit_norm(t).sum().backward()
    assert np.isfinite(t.grad.numpy()).all()
    np.testing.assert_allclose(tg.rms_norm(x, epsilon=0.5), x / np.sqrt((x * x).mean(-1, keepdims=True) + 0.5))
    np.testing.assert_allclose(tg.rms_norm(x, [2.0, 3.0]), tg.rms_norm(x) * [2.0, 3.0])


def test_errors_say_what_to_do():
    with pytest.raises(ShapeError, match=r"over axis 4 got shape \(6, 4, 5, 8\)(.|\n)*from -4 to 3(.|\n)*axis=-1"):
        tg.layer_norm(X, axis=4)
    with pytest.raises(ShapeError, match=r"scale or offset of shape \(7,\)(.|\n)*one number for each feature: 8"):
        tg.batch_norm(X, np.ones(7))
    with pytest.raises(ShapeError, match=r"divide axis -1 of shape \(6, 4, 5, 8\) into 3 groups(.|\n)*multiple"):
        tg.group_norm(X, 3)
    with pytest.raises(ArgumentError, match=r"mean without a variance(.|\n)*Inference needs both"):
        tg.batch_norm(X, mean=np.zeros(8))


@pytest.mark.oracle
def test_against_torch():
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    first = np.ascontiguousarray(np.moveaxis(X, -1, 1))
    weights = RANDOM.normal(size=first.shape)
    gamma, beta = torch.tensor(GAMMA), torch.tensor(BETA)
    cases = {
        "layer": (
            lambda x: tg.layer_norm(x, np.ones((4, 5)) * 2, axis=(2, 3), epsilon=1e-5),
            lambda x: functional.layer_norm(x, (4, 5), torch.full((4, 5), 2.0, dtype=torch.float64)),
        ),
        "batch": (
            lambda x: tg.batch_norm(x, GAMMA, BETA, axis=1, epsilon=1e-5),
            lambda x: functional.batch_norm(x, None, None, gamma, beta, training=True),
        ),
        "group": (
            lambda x: tg.group_norm(x, 2, GAMMA, BETA, axis=1, epsilon=1e-5),
            lambda x: functional.group_norm(x, 2, gamma, beta),
        ),
        "instance": (
            lambda x: tg.instance_norm(x, axis=1, epsilon=1e-5),
            lambda x: functional.instance_norm(x),
        ),
        "rms": (lambda x: tg.rms_norm(x, epsilon=1e-6), lambda x: functional.rms_norm(x, (5,), eps=1e-6)),
        "unit": (lambda x: tg.unit_norm(x, axis=1), lambda x: functional.normalize(x, dim=1)),
    }
    for name, (ours, theirs) in cases.items():
        x, other = tg.tensor(first, requires_grad=True), torch.tensor(first, requires_grad=True)
        y, right = ours(x), theirs(other)
        np.testing.assert_allclose(y.detach(), right.detach().numpy(), rtol=1e-10, atol=1e-11, err_msg=name)
        (y * weights).sum().backward()
        (right * torch.tensor(weights)).sum().backward()
        np.testing.assert_allclose(x.grad, other.grad.numpy(), rtol=1e-9, atol=1e-11, err_msg=name)
