"""The methods of NumPy's arrays, on Tensors: all that make sense, with NumPy's arguments."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.errors import GraphError

X = np.array([[3.0, 1.0, 2.0], [0.5, 2.5, 4.0]])
WITHOUT = {
    "how the values lie in memory": "byteswap ctypes device flags setflags strides view getfield setfield to_device",
    "memory and files": "base dump dumps tobytes tofile",
    "one element after the other": "flat",
    "in place, into another shape": "resize",
}
CALLS = {
    "argpartition": lambda x: x.argpartition(1),
    "argsort": lambda x: x.argsort(axis=0),
    "choose": lambda x: (x > 1).astype(int).choose([x, x * 2]),
    "compress": lambda x: x.compress([True, False, True], axis=1),
    "conj": lambda x: x.conj(),
    "conjugate": lambda x: x.conjugate(),
    "diagonal": lambda x: x.diagonal(1),
    "flatten": lambda x: x.flatten("F"),
    "imag": lambda x: x.imag,
    "itemsize": lambda x: x.itemsize,
    "nbytes": lambda x: x.nbytes,
    "nonzero": lambda x: x.nonzero()[1],
    "ravel": lambda x: x.ravel(order="F"),
    "real": lambda x: x.real,
    "repeat": lambda x: x.repeat(2, axis=0),
    "reshape": lambda x: x.reshape(3, 2, order="F"),
    "reshape copied": lambda x: x.reshape((3, 2), copy=True),
    "searchsorted": lambda x: (x[0] * 0 + [1.0, 2.0, 3.0]).searchsorted([2.5]),
    "trace": lambda x: x.trace(1),
    "trace in float32": lambda x: x.trace(dtype=np.float32),
    "astype without copying": lambda x: x.astype(float, copy=False),
}


def test_every_method_of_an_array_is_there_or_left_out_for_a_reason():
    missing = {name for name in dir(np.ndarray) if not name.startswith("_") and not hasattr(tg.Tensor, name)}
    assert missing <= {name for names in WITHOUT.values() for name in names.split()}


@pytest.mark.parametrize("name", CALLS)
def test_values_are_numpys(name):
    got, expected = CALLS[name](tg.tensor(X, requires_grad=True)), CALLS[name](X)
    got = got.detach() if isinstance(got, tg.Tensor) else got
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.fill(7.0),
        lambda x: x.put([0, 4], [8.0, 9.0]),
        lambda x: x.sort(),
        lambda x: x.sort(axis=0, kind="stable"),
        lambda x: x.partition(1, axis=1),
    ],
)
def test_what_writes_into_an_array_assigns(change):
    x, array = tg.tensor(X, requires_grad=True), X.copy()
    y = x * 1.0
    earlier = y * 2.0
    change(array)
    assert change(y) is None
    np.testing.assert_array_equal(y.detach(), array)
    np.testing.assert_array_equal(earlier.detach(), 2 * X)  # whoever used it before keeps the old value
    (y * np.arange(6.0).reshape(2, 3)).sum().backward()
    assert x.grad.shape == X.shape
    with pytest.raises(GraphError, match="a leaf Variable"):
        change(x)
