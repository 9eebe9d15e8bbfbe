"""The workloads in PyTorch: eager, and through torch.compile."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from bench_hessians import as_list, function_of
from turns import Step

Array = Any


def _torch() -> Any:
    import torch

    torch.set_num_threads(int(os.environ.get("BENCHMARK_THREADS", "2")))
    return torch


def _step(network: Any, loss: Any, kind: str, rate: float, x: Any, y: Any, compiled: bool) -> Step:
    """A training step as PyTorch's own tutorials write it."""
    torch = _torch()
    parameters = list(network.parameters())
    if kind == "adam":
        optimizer = torch.optim.Adam(parameters, rate, eps=1e-7)
    else:
        optimizer = torch.optim.SGD(parameters, rate, momentum=0.9 if kind == "momentum" else 0.0)

    def step() -> Any:
        optimizer.zero_grad()
        value = loss(network(x), y)
        value.backward()
        optimizer.step()
        return value.detach()

    return Step(torch.compile(step) if compiled else step)


def dense(task: Any, data: Any, compiled: bool = False) -> Step:
    """torch.nn.Linear and activations in a Sequential."""
    torch = _torch()
    x, y, weights = data
    kinds = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}
    blocks: list[Any] = []
    for i, activation in enumerate(task.activations):
        layer = torch.nn.Linear(*weights[2 * i].shape)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(weights[2 * i].T))
            layer.bias.copy_(torch.tensor(weights[2 * i + 1]))
        blocks.append(layer)
        if activation in kinds:
            blocks.append(kinds[activation]())
    functional = torch.nn.functional
    loss = {
        "mse": torch.nn.MSELoss(),
        "cross-entropy": torch.nn.CrossEntropyLoss(),
        "kl": lambda z, y: functional.kl_div(functional.log_softmax(z, dim=1), y, reduction="batchmean"),
    }[task.loss]
    return _step(
        torch.nn.Sequential(*blocks), loss, task.optimizer, task.rate, torch.tensor(x), torch.tensor(y), compiled
    )


def convolution(task: Any, data: Any, compiled: bool = False) -> Step:
    """torch.nn.Conv2d and so on, images and weights in its channels-last order."""
    torch = _torch()
    x, y, weights = data
    nn = torch.nn
    shapes = list(zip(task.channels[:-1], task.channels[1:], strict=True))
    a, b, c = (nn.Conv2d(m, n, 3, padding=1) for m, n in shapes)
    last = nn.Linear(*weights[6].shape)
    with torch.no_grad():
        for layer, kernel, bias in zip((a, b, c), weights[0:6:2], weights[1:6:2], strict=True):
            layer.weight.copy_(torch.tensor(kernel.transpose(3, 2, 0, 1).copy()))
            layer.bias.copy_(torch.tensor(bias))
        side = task.size // 4
        moved = weights[6].reshape(side, side, -1, task.classes).transpose(2, 0, 1, 3).reshape(weights[6].shape)
        last.weight.copy_(torch.tensor(moved.T.copy()))
        last.bias.copy_(torch.tensor(weights[7]))
    pool = nn.MaxPool2d(2)
    network = nn.Sequential(a, nn.ReLU(), b, nn.ReLU(), pool, c, nn.ReLU(), pool, nn.Flatten(), last)
    network = network.to(memory_format=torch.channels_last)
    given = torch.tensor(x.transpose(0, 3, 1, 2).copy()).to(memory_format=torch.channels_last)
    return _step(network, nn.CrossEntropyLoss(), "momentum", task.rate, given, torch.tensor(y), compiled)


def transformer(task: Any, data: Any, compiled: bool = False) -> Step:
    """torch.nn.TransformerEncoderLayer."""
    torch = _torch()
    x, y, weights = data
    nn, count = torch.nn, len(weights) // task.layers
    layers = []
    for i in range(task.layers):
        gelu = partial(nn.functional.gelu, approximate="tanh")
        layer = nn.TransformerEncoderLayer(
            task.features, task.heads, task.hidden, dropout=0.0, activation=gelu, batch_first=True
        )
        qkv, b_qkv, o, b_o, s1, b1, wide, b_wide, narrow, b_narrow, s2, b2 = weights[i * count : (i + 1) * count]
        attention = layer.self_attn
        pairs = [
            (attention.in_proj_weight, qkv.T), (attention.in_proj_bias, b_qkv),
            (attention.out_proj.weight, o.T), (attention.out_proj.bias, b_o),
            (layer.norm1.weight, s1), (layer.norm1.bias, b1),
            (layer.linear1.weight, wide.T), (layer.linear1.bias, b_wide),
            (layer.linear2.weight, narrow.T), (layer.linear2.bias, b_narrow),
            (layer.norm2.weight, s2), (layer.norm2.bias, b2),
        ]  # fmt: skip
        with torch.no_grad():
            for to, array in pairs:
                to.copy_(torch.tensor(array.copy()))
        layers.append(layer)
    network = nn.Sequential(*layers)
    return _step(network, nn.MSELoss(), "adam", task.rate, torch.tensor(x), torch.tensor(y), compiled)


def hessian(task: Any, data: Any, compiled: bool = False) -> Step:
    """torch.func.hessian: forward mode over reverse mode, all columns at once."""
    torch = _torch()
    x, rows, labels = (torch.tensor(each) for each in data)
    zero = torch.zeros((), dtype=torch.float64)

    class Namespace:
        sum, mean = torch.sum, torch.mean

        @staticmethod
        def logaddexp(a: Any, b: Any) -> Any:
            return torch.logaddexp(zero, b)

    made = torch.func.hessian(function_of(task, Namespace, rows, labels))
    if compiled:
        made = torch.compile(made)
    return Step(lambda: made(x), as_list)
