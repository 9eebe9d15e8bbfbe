"""One function of both libraries on the same arrays: value, gradient, second derivative, and float32 kept."""

from __future__ import annotations

import numpy as np

from tinygrad_loss.core.backward import pull_back
from tinygrad_loss.core.tensor import Tensor


def parts_of(result):
    return list(result) if isinstance(result, (tuple, list)) else [result]


def agree(ours, theirs, *arrays, rtol=1e-9, atol=1e-10, seed=0, single=True):
    """Raise unless `ours` of Tensors and `theirs` of PyTorch's tensors agree at these arrays, to second order.

    `single` says that a float32 input gives a float32 value and gradient, close to the float64 ones.
    """
    import torch

    random = np.random.default_rng(seed)
    xs = [Tensor(a, requires_grad=True) for a in arrays]
    ts = [torch.tensor(a, requires_grad=True) for a in arrays]
    ys, zs = parts_of(ours(*xs)), parts_of(theirs(*ts))
    assert [y.shape for y in ys] == [tuple(z.shape) for z in zs]
    for y, z in zip(ys, zs, strict=True):
        np.testing.assert_allclose(y.detach(), z.detach().numpy(), rtol, atol, err_msg="value")
    weights = [random.normal(size=y.shape) for y in ys]
    turns = [random.normal(size=a.shape) for a in arrays]
    first, second = _ours(ys, xs, weights, turns)
    theirs_first, theirs_second = _theirs(zs, ts, weights, turns)
    for got, expected, what in ((first, theirs_first, "gradient"), (second, theirs_second, "second derivative")):
        for number, (a, b) in enumerate(zip(got, expected, strict=True)):
            np.testing.assert_allclose(a, b, rtol * 10, atol * 10, err_msg=f"{what} by input {number}")
    if single:
        _single(ours, arrays, weights, first)


def _ours(ys, xs, weights, turns):
    nodes = [x.node for x in xs]
    total = sum(((w * y).sum() for w, y in zip(weights, ys, strict=True)), Tensor(0.0))
    found = pull_back([total.node], [Tensor(1.0)], nodes, record=True) if total.node is not None else {}
    along = sum(((v * found[n]).sum() for v, n in zip(turns, nodes, strict=True) if n in found), Tensor(0.0))
    again = pull_back([along.node], [1.0], nodes) if along.node is not None else {}
    return [
        [
            np.asarray(g[n].detach() if isinstance(g[n], Tensor) else g[n]) if n in g else np.zeros(np.shape(n.value))
            for n in nodes
        ]
        for g in (found, again)
    ]


def _theirs(zs, ts, weights, turns):
    import torch

    def plain(gradients):
        pairs = zip(gradients, ts, strict=True)
        return [np.zeros(t.shape) if g is None else g.detach().numpy(force=True) for g, t in pairs]

    total = sum((torch.tensor(w) * z).sum() for w, z in zip(weights, zs, strict=True))
    first = torch.autograd.grad(total, ts, create_graph=True, allow_unused=True)
    along = sum(
        ((torch.tensor(v) * g).sum() for v, g in zip(turns, first, strict=True) if g is not None), torch.tensor(0.0)
    )
    again = torch.autograd.grad(along, ts, allow_unused=True) if along.requires_grad else [None] * len(ts)
    return plain(first), plain(again)


def _single(ours, arrays, weights, first):
    xs = [Tensor(a.astype(np.float32), requires_grad=True) for a in arrays]
    ys = parts_of(ours(*xs))
    assert [y.dtype for y in ys] == [np.float32] * len(ys)
    nodes = [y.node for y in ys if y.node is not None]
    upstream = [w.astype(np.float32)[()] for w, y in zip(weights, ys, strict=True) if y.node is not None]
    found = pull_back(nodes, upstream, [x.node for x in xs])
    scale = max((float(np.abs(g).max(initial=0)) for g in first), default=0.0)
    for x, g in zip(xs, first, strict=True):
        if x.node in found:
            assert np.asarray(found[x.node]).dtype == np.float32
            np.testing.assert_allclose(found[x.node], g, rtol=5e-3, atol=5e-3 * max(scale, 1), err_msg="float32")
