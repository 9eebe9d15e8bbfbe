"""The values of ops that NumPy does not name and whose block gives no reference: each by another way than the op's."""

from __future__ import annotations

import math

import numpy as np

EPS = 1e-7


def each(function):
    """A function of numbers, applied to each element of arrays that broadcast."""
    return lambda *xs: (
        np.array(np.vectorize(function, otypes=[float])(*xs)) if np.size(xs[0]) else np.zeros(np.shape(xs[0]))
    )


def held(p, high=1.0):
    return min(max(p, EPS), high)


def bisected(function, y, low, high):
    """x with function(x) = y, of an increasing function."""
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < y else (low, middle)
    return (low + high) / 2


def hurwitz(s, x, terms=4000):
    """Σ 1/(x + k)ˢ, its tail by Euler and Maclaurin."""
    total = math.fsum((x + k) ** -s for k in range(terms))
    end = x + terms
    return total + end ** (1 - s) / (s - 1) + 0.5 * end**-s + s / 12 * end ** (-s - 1)


def polygamma(x, n):
    if n == 0 and x > 0:  # Euler's constant, and a sum whose tail is Euler's and Maclaurin's
        end = 2000 + x
        tail = math.log(end / 2001) + 0.5 * (1 / 2001 - 1 / end) + (1 / 2001**2 - 1 / end**2) / 12
        return -0.57721566490153286 + math.fsum(1 / (k + 1) - 1 / (x + k) for k in range(2000)) + tail
    if x < 0:  # one step of the recurrence
        return polygamma(x + 1, n) - (-1) ** n * math.factorial(n) / x ** (n + 1)
    return (-1) ** (n + 1) * math.factorial(n) * hurwitz(n + 1, x)


def probabilities(z, axis):
    return np.exp(z) / np.exp(z).sum(axis=axis, keepdims=True)


def index_of(slots, template):
    return tuple(slots[part] if type(part).__name__ == "Slot" else part for part in template)


def changed(update):
    """x with `update(out, index, v)` done to a copy."""

    def reference(x, v, *slots, template):
        out = np.array(x)
        update(out, index_of(slots, template), v)
        return out

    return reference


def one_by_one(change):
    """Every element that the index names is changed in turn."""

    def update(out, index, v):
        places = np.arange(out.size).reshape(out.shape)[index]
        v = np.reshape(v, np.shape(v)[max(np.ndim(v) - np.ndim(places), 0) :])  # assignment drops leading ones
        for place, value in zip(np.ravel(places), np.ravel(np.broadcast_to(v, np.shape(places))), strict=True):
            out.flat[place] = change(out.flat[place], value)

    return update


def scatter_add(x, *slots, shape, template):
    return changed(one_by_one(lambda a, b: a + b))(np.zeros(shape), x, *slots, template=template)


def terms(x, w, y, stride, padding, dilation, groups):
    """(batch, input place, kernel place, output place, channel in, channel out) of a convolution, one at a time."""
    inputs, outputs = w[-2], w[-1] // groups
    for p in np.ndindex(*y[1:-1]):
        for k in np.ndindex(*w[:-2]):
            q = tuple(s * i + d * j - b for s, i, d, j, (b, _) in zip(stride, p, dilation, k, padding, strict=True))
            if any(not 0 <= i < n for i, n in zip(q, x[1:-1], strict=True)):
                continue
            for b, g, i, o in np.ndindex(x[0], groups, inputs, outputs):
                yield (b, *q, g * inputs + i), (*k, i, g * outputs + o), (b, *p, g * outputs + o)


def convolution(x, w, stride, padding, dilation, groups):
    lengths = zip(x.shape[1:-1], w.shape[:-2], stride, padding, dilation, strict=True)
    y = np.zeros((len(x), *((n + sum(p) - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in lengths), w.shape[-1]))
    for a, b, c in terms(x.shape, w.shape, y.shape, stride, padding, dilation, groups):
        y[c] += x[a] * w[b]
    return y


def convolution_image(y, w, space, **how):
    x = np.zeros((len(y), *space, w.shape[-2] * how["groups"]))
    for a, b, c in terms(x.shape, w.shape, y.shape, **how):
        x[a] += y[c] * w[b]
    return x


def convolution_kernel(x, y, kernel, **how):
    w = np.zeros((*kernel, x.shape[-1] // how["groups"], y.shape[-1]))
    for a, b, c in terms(x.shape, w.shape, y.shape, **how):
        w[b] += x[a] * y[c]
    return w


def windows(x, size, stride):
    places = tuple((n - k) // s + 1 for n, k, s in zip(x.shape[1:-1], size, stride, strict=True))
    y = np.zeros((len(x), *places, *size, x.shape[-1]))
    for p in np.ndindex(*places):
        for k in np.ndindex(*size):
            y[(slice(None), *p, *k)] = x[(slice(None), *(s * i + j for s, i, j in zip(stride, p, k, strict=True)))]
    return y


def from_windows(x, size, stride, space):
    y, rank = np.zeros((len(x), *space, x.shape[-1])), len(size)
    for p in np.ndindex(*x.shape[1 : 1 + rank]):
        for k in np.ndindex(*size):
            y[(slice(None), *(s * i + j for s, i, j in zip(stride, p, k, strict=True)))] += x[(slice(None), *p, *k)]
    return y


def pooled(x, size, stride, padding):
    """(batch, place, channel), and the places of the image in that window, one window at a time."""
    lengths = zip(x[1:-1], size, stride, padding, strict=True)
    for b, *p, c in np.ndindex(x[0], *((n + sum(around) - k) // s + 1 for n, k, s, around in lengths), x[-1]):
        starts = [s * i - before for s, i, (before, _) in zip(stride, p, padding, strict=True)]
        found = [tuple(i + j for i, j in zip(starts, k, strict=True)) for k in np.ndindex(*size)]
        there = [q for q in found if all(0 <= i < n for i, n in zip(q, x[1:-1], strict=True))]
        yield (b, *p, c), [(b, *q, c) for q in there]


def pooling(of):
    def pool(x, **how):
        cells = list(pooled(x.shape, **how))
        y = np.zeros([n + 1 for n in cells[-1][0]])
        for place, there in cells:
            y[place] = of([x[q] for q in there])
        return y

    return pool


def max_pool_gradient(g, x, y, **how):
    v = np.zeros(x.shape)
    for place, there in pooled(x.shape, **how):
        best = [q for q in there if x[q] == y[place]]
        for q in best:
            v[q] += g[place] / len(best)
    return v


def max_pool_tangent(t, x, y, **how):
    v = np.zeros(y.shape)
    for place, there in pooled(x.shape, **how):
        v[place] = np.mean([t[q] for q in there if x[q] == y[place]])
    return v


def average_pool_gradient(g, space, **how):
    v = np.zeros((len(g), *space, g.shape[-1]))
    for place, there in pooled(v.shape, **how):
        for q in there:
            v[q] += g[place] / len(there)
    return v


def fold(x, widths, mode):
    shape = [n - before - after for n, (before, after) in zip(x.shape, widths, strict=True)]
    owners = np.pad(np.arange(np.prod(shape)).reshape(shape), widths, mode)
    y = np.zeros(np.prod(shape))
    for place in np.ndindex(*x.shape):
        y[owners[place]] += x[place]
    return y.reshape(shape)


def logistic(x):
    return 1 / (1 + np.exp(-x))


def lstm_gates(z, c):
    let_in, keep, candidate, show = np.split(z, 4, axis=-1)
    cell = logistic(keep) * c + logistic(let_in) * np.tanh(candidate)
    return logistic(show) * np.tanh(cell), cell


def gru_gates(x, r, h):
    (x_u, x_s, x_n), (r_u, r_s, r_n) = np.split(x, 3, axis=-1), np.split(r, 3, axis=-1)
    update = logistic(x_u + r_u)
    return update * h + (1 - update) * np.tanh(x_n + logistic(x_s + r_s) * r_n)


def standardize(x, axis, epsilon):
    mean, variance = np.mean(x, axis=axis, keepdims=True), np.var(x, axis=axis, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon), mean, variance


def rms_norm(x, axis, epsilon):
    square = (np.linalg.vector_norm(x, axis=axis, keepdims=True) ** 2) / np.prod([x.shape[a] for a in axis])
    return x / np.sqrt(square + epsilon), square


def sum_to(x, shape):
    y = np.zeros(shape)
    places = np.broadcast_to(np.arange(y.size).reshape(shape), x.shape)
    np.add.at(y.reshape(-1), places.ravel(), x.ravel())
    return y


def on_diagonal(x, shape, offset=0, axis1=0, axis2=1):
    y = np.zeros(shape)
    seen = np.moveaxis(y, (axis1, axis2), (-2, -1))
    for i in range(x.shape[-1]):
        seen[..., i - min(offset, 0), i + max(offset, 0)] = x[..., i]
    return y


def sparse_cross_entropy(labels, z, axis=-1):
    logs = np.moveaxis(np.log(probabilities(z, axis)), axis, -1)
    y = np.zeros(np.shape(labels))
    for place in np.ndindex(np.shape(labels)):
        y[place] = -logs[place][np.asarray(labels)[place]]
    return y


def kl_divergence(target, z, axis=-1):
    target, p = np.clip(target, EPS, 1), probabilities(z, axis)
    return np.sum(target * np.log(target) - target * np.log(p), axis=axis)


REFERENCES = {
    "affine": lambda x, w, b: np.einsum("...i,io->...o", x, w) + b,
    "astype": lambda x, dtype: np.array(x.tolist(), dtype),
    "average_pool": pooling(np.mean),
    "average_pool_gradient": average_pool_gradient,
    "binary_cross_entropy": each(
        lambda y, p: -y * math.log(held(p, 1 - EPS)) - (1 - y) * math.log(held(1 - p, 1 - EPS))
    ),
    "binary_cross_entropy_with_logits": each(lambda y, z: math.log1p(math.exp(z)) - y * z),
    "binary_exponent": each(lambda x: math.frexp(x)[1]),
    "clipped_log": each(lambda p: math.log(held(p, 1 - EPS))),
    "convolution": convolution,
    "convolution_image": convolution_image,
    "convolution_kernel": convolution_kernel,
    "cross_entropy_with_logits": lambda y, z, axis=-1: -np.sum(y * np.log(probabilities(z, axis)), axis=axis),
    "digamma": each(lambda x: polygamma(x, 0)),
    "erfinv": each(lambda y: bisected(math.erf, y, -6.0, 6.0)),
    "fold": fold,
    "from_windows": from_windows,
    "gelu_tanh": each(lambda x: 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))),
    "getitem": lambda x, *slots, template: np.asarray(x)[index_of(slots, template)],
    "gru_gates": gru_gates,
    "huber": lambda x, delta=1.0: each(lambda v: v * v / 2 if abs(v) <= delta else delta * (abs(v) - delta / 2))(x),
    "i1": each(
        lambda x: math.fsum((x / 2) ** (2 * k + 1) / (math.factorial(k) * math.factorial(k + 1)) for k in range(80))
    ),
    "index_add": changed(one_by_one(lambda a, b: a + b)),
    "index_max": changed(one_by_one(max)),
    "index_min": changed(one_by_one(min)),
    "index_set": changed(one_by_one(lambda a, b: b)),
    "interval": lambda x, xp: each(lambda v: min(max(sum(v >= p for p in xp) - 1, 0), len(xp) - 2))(x),
    "kl_divergence_with_logits": kl_divergence,
    "log_cosh": each(lambda x: math.log(math.cosh(x))),
    "log_softmax": lambda x, axis=-1: np.log(probabilities(x, axis)),
    "lstm_gates": lstm_gates,
    "max_pool": pooling(max),
    "max_pool_gradient": max_pool_gradient,
    "max_pool_tangent": max_pool_tangent,
    "on_diagonal": on_diagonal,
    "polygamma": lambda x, n: each(lambda v: polygamma(v, n))(x),
    "relative_entropy": each(lambda y, p: held(y) * (math.log(held(y)) - math.log(held(p)))),
    "relu": each(lambda x: max(x, 0.0)),
    "rms_norm": rms_norm,
    "scatter_add": scatter_add,
    "sigmoid": each(logistic),
    "softmax": lambda x, axis: probabilities(x, axis),
    "sparse_cross_entropy_with_logits": sparse_cross_entropy,
    "split": lambda x, places, axis: tuple(np.split(x, places, axis)),
    "standardize": standardize,
    "sum_to": sum_to,
    "windows": windows,
}
