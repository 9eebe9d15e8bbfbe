"""The public names: sorted, there, documented, and reachable by NumPy's, PyTorch's, Keras's and JAX's names."""

from __future__ import annotations

import inspect

import pytest

import tinygrad_loss as tg


def test_each_once_and_there():
    assert len(set(tg.__all__)) == len(tg.__all__)
    assert all(hasattr(tg, name) for name in tg.__all__)


@pytest.mark.parametrize("name", [name for name in tg.__all__ if name not in ("__version__", "config")])
def test_documented_and_typed(name):
    thing = getattr(tg, name)
    assert inspect.getdoc(thing)
    if inspect.isfunction(thing):
        signature = inspect.signature(thing)
        assert signature.return_annotation is not inspect.Signature.empty, name


@pytest.mark.parametrize(
    "path",
    """Tensor tensor no_grad enable_grad set_grad_enabled is_grad_enabled
    grad value_and_grad vjp jvp jacobian hessian hvp gradcheck checkpoint stop_gradient
    Sequential Model models.Sequential layers.Dense layers.Dropout losses.MeanSquaredError losses.KLDivergence
    losses.SparseCategoricalCrossentropy optimizers.GradientDescent optimizers.SGD optimizers.Adam optimizers.RMSprop
    optimizers.schedules.CosineDecay callbacks.EarlyStopping metrics.BinaryAccuracy activations.gelu
    initializers.GlorotUniform utils.to_categorical utils.set_random_seed config.set_floatx data.load_digits draw
    exp sum mean max where concatenate stack reshape matmul softmax log_softmax relu sigmoid tanh""".split(),
)
def test_names_people_know(path):
    thing = tg
    for part in path.split("."):
        thing = getattr(thing, part)
    assert thing is not None
