"""Whether a function of Tensors has NumPy's values, and derivatives that agree with differences."""

from __future__ import annotations

import numpy as np

import tinygrad_loss as tg


def flat(result):
    """The arrays in a result, which may be nested in tuples and lists."""
    if isinstance(result, (tuple, list)):
        return [each for part in result for each in flat(part)]
    return [result]


def same_values(got, expected, rtol=1e-12, atol=1e-13):
    """Every array of one result is that of the other, of the same shape and dtype, as a Tensor."""
    mine, numpys = flat(got), flat(expected)
    assert len(mine) == len(numpys)
    for a, b in zip(mine, numpys, strict=True):
        assert isinstance(a, tg.Tensor)
        assert a.shape == np.shape(b)
        assert a.dtype == np.asarray(b).dtype
        np.testing.assert_allclose(a.data, b, rtol=rtol, atol=atol)


def agrees(f, *inputs, rtol=1e-12):
    """f of Tensors has the values that f of arrays has in NumPy, and right first and second derivatives."""
    same_values(f(*(tg.tensor(x) for x in inputs)), f(*inputs), rtol=rtol)

    def floating(*xs):
        """The floating results as one number each, with weights that tell their elements apart."""
        found = [y for y in flat(f(*xs)) if y.dtype.kind == "f" and y.size]
        weights = [np.cos(np.arange(1.0, y.size + 1)).reshape(y.shape) for y in found]
        return tuple((y * w).sum() for y, w in zip(found, weights, strict=True))

    for index in range(len(floating(*inputs))):
        assert tg.gradcheck(lambda *xs, k=index: floating(*xs)[k], inputs, atol=1e-7)
        assert tg.gradgradcheck(lambda *xs, k=index: floating(*xs)[k] ** 2, inputs, atol=1e-5)
