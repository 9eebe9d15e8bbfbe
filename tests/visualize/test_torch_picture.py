"""The picture of a three-layer network: a gradient on every value and arrow, and each is PyTorch's."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tinygrad_loss as tg
from tinygrad_loss.visualize.walk import walk
from tinygrad_loss.visualize.wording import number

torch = pytest.importorskip("torch", reason="the oracle tests need torch")
pytestmark = pytest.mark.oracle

UNITS = (5, 4, 3, 1)


def network():
    """The same network in both libraries: the losses, and pairs of our values and theirs in order."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(6, UNITS[0])), random.normal(size=(6, 1))
    ours: list = []
    theirs: list = []
    h, g = x, torch.tensor(x)
    for before, after in itertools.pairwise(UNITS):
        kernel, bias = random.normal(size=(before, after)), random.normal(size=after)
        k, b = tg.tensor(kernel, requires_grad=True), tg.tensor(bias, requires_grad=True)
        t, c = torch.tensor(kernel, requires_grad=True), torch.tensor(bias, requires_grad=True)
        product, product2 = np.matmul(h, k), g @ t
        total, total2 = product + b, product2 + c
        h, g = np.tanh(total), torch.tanh(total2)
        ours += [k, b, product, total, h]
        theirs += [t, c, product2, total2, g]
    difference, difference2 = h - y, g - torch.tensor(y)
    square, square2 = difference * difference, difference2 * difference2
    loss, loss2 = np.mean(square), square2.mean()
    for each in [*theirs, difference2, square2, loss2]:
        each.retain_grad()
    return loss, loss2, [*ours, difference, square, loss], [*theirs, difference2, square2, loss2]


def test_every_gradient_in_the_picture_is_pytorchs():
    loss, loss2, ours, theirs = network()
    loss.backward()
    loss2.backward()
    graph = walk(loss)
    box = {each.id: each for each in tg.draw(loss, details=True).view.boxes}
    seen = set()
    for mine, other in zip(ours, theirs, strict=True):
        record = graph.nodes[graph.find(mine, "around")]
        seen.add(record.id)
        np.testing.assert_allclose(record.gradient, other.grad.numpy(), rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(record.value, other.detach().numpy(), rtol=1e-10, atol=1e-14)
        rows = {row.label: row.lines for row in box[record.id].rows}
        norm = float(torch.linalg.vector_norm(other.grad))
        wanted = number(other.grad.item()) if other.grad.numel() == 1 else f"norm {number(norm)}"
        few = other.grad.numel() <= 6
        assert few or rows["gradient"][0] == wanted
        assert rows["gradient"]
    assert seen == {record.id for record in graph.nodes.values() if record.gradient is not None}


def test_every_arrow_carries_a_contribution_and_they_add_up():
    loss, loss2, ours, theirs = network()
    loss2.backward()
    picture = tg.draw(loss)
    graph = walk(loss)
    constants = {record.id for record in graph.nodes.values() if record.kind == "constant"}
    for arrow in picture.view.arrows:
        assert bool(arrow.label) == (arrow.source not in constants)
    wanted = {graph.find(mine, "around"): other.grad.numpy() for mine, other in zip(ours, theirs, strict=True)}
    for identity, uses in graph.users().items():
        if uses and identity in wanted:
            total = sum(edge.contribution for edge in uses)
            np.testing.assert_allclose(total, wanted[identity], rtol=1e-10, atol=1e-14)
