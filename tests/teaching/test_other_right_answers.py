# ruff: noqa: E501 - a table, one answer to a line
"""Right answers that are written otherwise than the references: the grader must accept every one of them."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

import numpy as np
import pytest

from tinygrad_loss.teaching.exercise import EXERCISES
from tinygrad_loss.teaching.grading import grade


def unbroadcast_by_axis(g, shape):
    while g.ndim > len(shape):
        g = np.add.reduce(g, axis=0)
    for i, n in enumerate(shape):
        g = g.sum(i, keepdims=True) if n == 1 and g.shape[i] != 1 else g
    return g


def normalised(e, axis):
    return e / np.sum(e, axis=axis, keepdims=True)


def take_in_a_loop(g, y, x, index):
    out = np.zeros(x.shape, x.dtype)
    for k, place in enumerate(index):
        out[place] += g[k]
    return out


def maximum_by_counting(g, y, x, axis):
    mask = (x == np.max(x, axis=axis, keepdims=True)).astype(x.dtype)
    return mask / mask.sum(axis=axis, keepdims=True) * np.expand_dims(g, axis)


def order_with_iterators(output, inputs_of):
    order, seen, stack = [], {output}, [(output, iter(inputs_of(output)))]
    while stack:
        rest = stack[-1][1]
        x = next((x for x in rest if x not in seen), None)
        if x is None:
            order.append(stack.pop()[0])
        else:
            seen.add(x)
            stack.append((x, iter(inputs_of(x))))
    return tuple(order)


def order_by_counting(output, inputs_of):
    """From the output: a node is taken once all that use it are."""
    inputs, waiting = {}, [output]
    while waiting:
        node = waiting.pop()
        if node not in inputs:
            inputs[node] = inputs_of(node)
            waiting += inputs[node]
    users = defaultdict(int)
    for x in itertools.chain.from_iterable(inputs.values()):
        users[x] += 1
    order, ready = [], [output]
    while ready:
        order.append(ready.pop())
        for x in inputs[order[-1]]:
            users[x] -= 1
            ready += [x] if users[x] == 0 else []
    return order[::-1]


def backward_with_a_default(tape):
    gradients = defaultdict(float, {tape[-1][0]: 1.0})
    for made, inputs in tape[::-1]:
        upstream = gradients[made]
        for x, slope in inputs:
            gradients[x] = gradients[x] + upstream * slope
    return gradients


def cross_entropy_by_one_hot(labels, logits):
    z = logits - logits.max(axis=1, keepdims=True)
    hot = np.arange(logits.shape[1]) == labels[:, None]
    return np.sum(np.log(np.sum(np.exp(z), axis=1)) - np.sum(np.where(hot, z, 0.0), axis=1)) / len(labels)


def momentum_in_steps(w, g, velocity, learning_rate, momentum):
    pull = -learning_rate * g
    velocity = pull + velocity * momentum
    return [w + velocity, velocity]


def adam_in_steps(w, g, m, v, step, learning_rate, beta_1, beta_2, epsilon):
    m = m + (1 - beta_1) * (g - m)
    v = v + (1 - beta_2) * (g**2 - v)
    rate = learning_rate * math.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    return w - rate * m / (np.sqrt(v) + epsilon * math.sqrt(1 - beta_2**step)), m, v


def layer_norm_from_x(g, y, x):
    n = x.shape[-1]
    d = x - x.mean(axis=-1, keepdims=True)
    s = (np.mean(d * d, axis=-1, keepdims=True) + 1e-5) ** 0.5
    return (g - np.sum(g, axis=-1, keepdims=True) / n - d * np.sum(g * d, axis=-1, keepdims=True) / n / s**2) / s


def softmax_by_jacobian(g, y, x):
    jacobian = np.expand_dims(y, -1) * (np.eye(x.shape[-1], dtype=x.dtype) - np.expand_dims(y, -2))
    return np.sum(np.expand_dims(g, -1) * jacobian, axis=-2)


def einsum_with_ones(g, y, subscripts, a, b):
    inputs, out = subscripts.split("->")
    first, second = inputs.split(",")
    return np.einsum(f"{out},{second},{first}->{first}", g, b, np.ones_like(a))


def convolution_in_loops(g, y, x, w):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for n, k in itertools.product(range(len(y)), range(len(w))):
        dx[n + k] += g[n] * w[k]
        dw[k] += g[n] * x[n + k]
    return dx, dw


def last_uses_from_the_end(program, outputs):
    last = {}
    for k in reversed(range(len(program))):
        name, inputs = program[k]
        for x in (*inputs, name):
            last.setdefault(x, k)
    made = [name for name, _ in program if name not in outputs]
    return {name: last[name] for name in made}


ANSWERS = [
    ("central_difference", lambda f, x, eps: (f(x + eps) / eps - f(x - eps) / eps) / 2),
    ("chain", lambda outer_slope, inner, inner_slope, x: inner_slope(x) * outer_slope(inner(x))),
    ("square", lambda g, y, x: (x + x) * g),
    ("exponential", lambda g, y, x: g * np.exp(x)),
    ("sigmoid", lambda g, y, x: g * (y - y**2)),
    ("sigmoid", lambda g, y, x: g * np.exp(-x) / (1 + np.exp(-x)) ** 2),
    ("tanh", lambda g, y, x: g / np.cosh(x) ** 2),
    ("quotient", lambda g, y, a, b: (g / b, -g * y / b)),
    ("relu", lambda g, y, x: g * (x > 0)),
    ("relu", lambda g, y, x: np.where(y == 0, 0, g)),
    ("softplus", lambda g, y, x: g * (1 - np.exp(-y))),
    ("softplus", lambda g, y, x: g / (1 + np.exp(-x))),
    ("unbroadcast", unbroadcast_by_axis),
    ("multiply", lambda g, y, a, b: tuple(unbroadcast_by_axis(g * other, np.shape(x)) for x, other in ((a, b), (b, a)))),
    ("sum_over", lambda g, y, x, axis, keepdims: np.repeat(g if keepdims else np.expand_dims(g, axis), x.shape[axis], axis)),
    ("sum_over", lambda g, y, x, axis, keepdims: np.zeros_like(x) + np.reshape(g, np.sum(x, axis=axis, keepdims=True).shape)),
    ("mean", lambda g, y, x, axis: np.stack([g / x.shape[axis]] * x.shape[axis], axis=axis)),
    ("maximum_over", maximum_by_counting),
    ("take", take_in_a_loop),
    ("take", lambda g, y, x, index: np.tensordot((np.arange(len(x))[:, None] == index).astype(x.dtype), g, 1)),
    ("cumsum", lambda g, y, x: np.flip(np.cumsum(np.flip(g)))),
    ("cumsum", lambda g, y, x: np.triu(np.ones((len(g), len(g)), g.dtype)) @ g),
    ("transpose", lambda g, y, x, axes: np.moveaxis(g, range(g.ndim), axes)),
    ("concatenate", lambda g, y, a, b, axis: np.split(g, [a.shape[axis]], axis)),
    ("topological_order", order_with_iterators),
    ("topological_order", order_by_counting),
    ("backward", backward_with_a_default),
    ("push_forward", lambda tape, tangents: [moved := dict(tangents), [moved.update({name: sum(moved[x] * slope for x, slope in inputs)}) for name, inputs in tape]][0]),
    ("mean_squared_error", lambda y_true, y_pred: np.sum(np.square(y_true - np.reshape(y_pred, np.shape(y_true)))) / np.size(y_true)),
    ("cross_entropy", cross_entropy_by_one_hot),
    ("kl_divergence", lambda p, z: np.sum(np.where(p > 0, p * (np.log(np.maximum(p, 1e-300)) - z + np.max(z, axis=1, keepdims=True) + np.log(np.sum(np.exp(z - np.max(z, axis=1, keepdims=True)), axis=1, keepdims=True))), 0)) / len(p)),
    ("gradient_descent", lambda w, g, learning_rate: w.copy() - g * learning_rate),
    ("descend", lambda gradient, w, learning_rate, steps: w if steps == 0 else EXERCISES["descend"].reference(gradient, w - learning_rate * gradient(w), learning_rate, steps - 1)),
    ("momentum", momentum_in_steps),
    ("adam", adam_in_steps),
    ("matmul", lambda g, y, a, b: (unbroadcast_by_axis(np.matmul(g, np.swapaxes(b, -2, -1)), a.shape), unbroadcast_by_axis(np.matmul(np.swapaxes(a, -2, -1), g), b.shape))),
    ("softmax", softmax_by_jacobian),
    ("logsumexp", lambda g, y, x, axis: np.expand_dims(g, axis) * normalised(np.exp(x - np.expand_dims(y, axis)), axis)),
    ("layer_norm", layer_norm_from_x),
    ("fused_cross_entropy", lambda g, p, labels, z: g / len(labels) * (normalised(np.exp(z - np.max(z, axis=1, keepdims=True)), 1) - (np.arange(z.shape[1]) == labels[:, None]))),
    ("log_softmax_push", lambda t, y, x: t - np.sum(t * np.exp(y), axis=-1, keepdims=True) / np.sum(np.exp(y), axis=-1, keepdims=True)),
    ("einsum", einsum_with_ones),
    ("convolution", convolution_in_loops),
    ("last_uses", last_uses_from_the_end),
]  # fmt: skip


def test_there_is_one_for_every_exercise():
    assert {name for name, _ in ANSWERS} == set(EXERCISES)


@pytest.mark.parametrize(("name", "answer"), ANSWERS, ids=lambda value: value if isinstance(value, str) else "")
def test_is_accepted(name, answer):
    verdict = grade(EXERCISES[name], answer)
    assert verdict.passed, str(verdict)
