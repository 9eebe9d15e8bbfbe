"""The workloads in JAX: the whole step under `jax.jit`, the old parameters' memory given up for the new."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from bench_hessians import as_list, function_of
from turns import Step

Array = Any


def _update(kind: str, rate: float) -> Any:
    """(parameters, gradients, state) -> new parameters and state; Adam as in Keras."""

    def adam(w: Any, g: Any, state: Any) -> Any:
        m, v, t = state
        t = t + 1
        m = jax.tree.map(lambda m, g: m + 0.1 * (g - m), m, g)
        v = jax.tree.map(lambda v, g: v + 0.001 * (g * g - v), v, g)
        alpha = rate * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        return jax.tree.map(lambda w, m, v: w - alpha * m / (jnp.sqrt(v) + 1e-7), w, m, v), (m, v, t)

    def momentum(w: Any, g: Any, state: Any) -> Any:
        state = jax.tree.map(lambda v, g: 0.9 * v - rate * g, state, g)
        return jax.tree.map(jnp.add, w, state), state

    def descent(w: Any, g: Any, state: Any) -> Any:
        return jax.tree.map(lambda w, g: w - rate * g, w, g), state

    return {"adam": adam, "momentum": momentum, "sgd": descent}[kind]


def _step(loss: Any, weights: list[Array], kind: str, rate: float, x: Array, y: Array) -> Step:
    update = _update(kind, rate)
    w = [jnp.array(each) for each in weights]

    def zeros() -> Any:
        return [jnp.zeros_like(each) for each in w]

    state: Any = (zeros(), zeros(), jnp.float32(0)) if kind == "adam" else zeros() if kind == "momentum" else ()
    given, target = jnp.array(x), jnp.array(y)

    @partial(jax.jit, donate_argnums=(0, 1))
    def whole(w: Any, state: Any, x: Any, y: Any) -> Any:
        value, g = jax.value_and_grad(loss)(w, x, y)
        return value, *update(w, g, state)

    def step() -> Any:
        nonlocal w, state
        value, w, state = whole(w, state, given, target)
        return value

    return Step(step, float, lambda value: jax.block_until_ready((value, w)))


def _cross_entropy(z: Any, y: Any) -> Any:
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1))


def dense(task: Any, data: Any) -> Step:
    """Products, activations and losses of jax.numpy and jax.nn."""
    x, y, weights = data
    kinds = {"relu": jax.nn.relu, "tanh": jnp.tanh}
    losses = {
        "mse": lambda h, y: jnp.mean((h - y) ** 2),
        "cross-entropy": _cross_entropy,
        "kl": lambda z, y: jnp.mean(jnp.sum(y * (jnp.log(y) - jax.nn.log_softmax(z)), axis=1)),
    }

    def loss(w: Any, x: Any, y: Any) -> Any:
        for kernel, bias, kind in zip(w[::2], w[1::2], task.activations, strict=True):
            x = kinds.get(kind, lambda z: z)(x @ kernel + bias)
        return losses[task.loss](x, y)

    return _step(loss, weights, task.optimizer, task.rate, x, y)


def convolution(task: Any, data: Any) -> Step:
    """jax.lax.conv_general_dilated, channels last."""
    x, y, weights = data
    order = ("NHWC", "HWIO", "NHWC")

    def convolved(x: Any, kernel: Any, bias: Any) -> Any:
        return jax.nn.relu(jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=order) + bias)

    def pooled(x: Any) -> Any:
        window = (1, 2, 2, 1)
        return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")

    def loss(w: Any, x: Any, y: Any) -> Any:
        h = pooled(convolved(convolved(x, w[0], w[1]), w[2], w[3]))
        h = pooled(convolved(h, w[4], w[5]))
        return _cross_entropy(h.reshape(len(h), -1) @ w[6] + w[7], y)

    return _step(loss, weights, "momentum", task.rate, x, y)


def transformer(task: Any, data: Any) -> Step:
    """The encoder written out."""
    x, y, weights = data
    count, heads = len(weights) // task.layers, task.heads

    def normal(x: Any, scale: Any, bias: Any) -> Any:
        mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
        return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * scale + bias

    def layer(x: Any, w: Any) -> Any:
        qkv, b_qkv, o, b_o, s1, b1, wide, b_wide, narrow, b_narrow, s2, b2 = w
        batch, time, d = x.shape
        q, k, v = jnp.moveaxis((x @ qkv + b_qkv).reshape(batch, time, 3, heads, d // heads), 2, 0)
        p = jax.nn.softmax(jnp.einsum("bthd,bshd->bhts", q, k) / math.sqrt(d // heads))
        found = jnp.einsum("bhts,bshd->bthd", p, v).reshape(batch, time, d)
        h = normal(x + found @ o + b_o, s1, b1)
        return normal(h + jax.nn.gelu(h @ wide + b_wide, approximate=True) @ narrow + b_narrow, s2, b2)

    def loss(w: Any, x: Any, y: Any) -> Any:
        for i in range(task.layers):
            x = layer(x, w[i * count : (i + 1) * count])
        return jnp.mean((x - y) ** 2)

    return _step(loss, weights, "adam", task.rate, x, y)


def hessian(task: Any, data: Any) -> Step:
    """jax.hessian under jax.jit, in float64."""
    jax.config.update("jax_enable_x64", True)
    x, rows, labels = (jnp.array(each) for each in data)
    made = jax.jit(jax.hessian(function_of(task, jnp, rows, labels)))
    return Step(lambda: made(x), as_list, jax.block_until_ready)
