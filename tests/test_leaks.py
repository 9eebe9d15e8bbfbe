"""Graphs die by reference count: nothing is left for the garbage collector, and nothing grows."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.core.node import Node
from tinygrad_loss.core.tensor import Tensor
from tinygrad_loss.errors import TinygradLossError


def step(w, x):
    (tg.tanh(x @ w) ** 2).mean().backward()


def releasing(w, x):
    (tg.tanh(x @ w) ** 2).mean().backward(retain_graph=False)


def second_order(w, x):
    loss = (tg.tanh(x @ w) ** 2).mean()
    loss.backward(create_graph=True)
    g, w.grad = w.grad, None
    (g * g).sum().backward()


def hooked(w, x):
    y = tg.tanh(x @ w)
    y.retain_grad()
    handle = y.register_hook(lambda g: g * 2)
    y.sum().backward()
    handle.remove()


def hook_holding_its_tensor(w, x):
    y = tg.tanh(x @ w)
    name = weakref.ref(y)
    y.register_hook(lambda g: None if name() is None else g)
    y.sum().backward()


def failing_op(w, x):
    with pytest.raises(TinygradLossError):
        (x @ w) @ np.ones((7, 7))


def failing_rule(w, x):
    y = tg.tanh(x @ w)
    y.register_hook(lambda g: np.ones(3))
    with pytest.raises(TinygradLossError):
        y.sum().backward()


def assigning(w, x):
    y = x @ w
    y[0] = 0.0
    y[1:] = y[:-1] * 2
    y.sum().backward()
    with tg.no_grad():
        w -= 0.1 * w.grad


def views(w, x):
    y = (x @ w).T.reshape(-1)[::2]
    y.sum().backward()


def bridging(w, x):
    np.sum(np.exp(np.ones((5, 2)) * (x @ w))).backward()
    np.allclose(w, w)


def origins(w, x):
    y = tg.softmax(tg.sigmoid(x @ w))
    y.sum().backward()


def modes(w, x):
    with tg.no_grad():
        x @ w
    y = x @ w
    with tg.enable_grad():
        y.sum().backward()


CYCLES = [
    step,
    releasing,
    second_order,
    hooked,
    hook_holding_its_tensor,
    failing_op,
    failing_rule,
    assigning,
    views,
    bridging,
    origins,
    modes,
]


def alive():
    return sum(issubclass(type(thing), (Node, Tensor)) for thing in gc.get_objects())


@pytest.mark.parametrize("work", CYCLES, ids=lambda work: work.__name__)
def test_nothing_is_left_without_the_collector(work):
    w = tg.tensor(np.linspace(-1, 1, 6).reshape(3, 2), requires_grad=True)
    x = tg.tensor(np.linspace(0, 1, 15).reshape(5, 3))
    work(w, x)  # caches fill once
    w.grad = None
    gc.collect()
    gc.disable()
    try:
        before = alive()
        for _ in range(5):
            work(w, x)
            w.grad = None
        assert alive() == before
    finally:
        gc.enable()


def test_the_loss_alone_keeps_the_graph():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    middle = w * w
    kept, gone = weakref.ref(middle), middle.node
    loss = middle.sum()
    del middle
    assert kept() is None  # edges hold nodes, not Tensors
    assert loss.node.inputs[0] is gone
    loss.backward()
    assert w.grad.tolist() == [2.0, 4.0]


def test_a_graph_keeps_no_dead_leafs_owner():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    loss, owner = (w * w).sum(), weakref.ref(w)
    del w
    assert owner() is None
    loss.backward()  # nobody is left to store on


def test_values_are_freed_as_a_releasing_walk_passes():
    class Watched(np.ndarray):
        pass

    w = tg.tensor(np.ones(3), requires_grad=True)
    middle = w * np.ones(3)
    middle.node.value = middle.node.value.view(Watched)
    value = weakref.ref(middle.node.value)
    middle = middle * 1.0
    loss = middle.sum()
    assert value() is not None
    loss.backward(retain_graph=False)
    assert value() is None


def test_hooks_that_were_removed_hold_nothing():
    class Thing:
        pass

    w, thing = tg.tensor([1.0], requires_grad=True), Thing()
    gone = weakref.ref(thing)
    handle = w.register_hook(lambda g, thing=thing: None)
    del thing
    assert gone() is not None
    handle.remove()
    handle.remove()
    assert gone() is None


def test_accumulating_gradients_does_not_grow_a_graph():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    for _ in range(3):
        (w * w).sum().backward()
    assert w.grad.node is None
