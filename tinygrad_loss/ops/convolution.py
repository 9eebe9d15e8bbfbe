"""Convolution: a bilinear map of an image and a kernel, with its two adjoints, closed under differentiation.

With y = conv(x, w), the gradient of x is another bilinear map of ȳ and w, that of w one of x and ȳ; and
the adjoints of these two are again among the three. So three ops hold every order of derivative.
Channels come last: x is (batch, *space, inputs), w is (*kernel, inputs / groups, outputs). Each op cuts
the image into patches, one image at a time so that they stay in the cache, and multiplies matrices.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..core.primitive import bilinear
from ..core.tensor import ArrayLike
from ..errors import ArgumentError, ShapeError
from .patches import Pairs, Sizes, padded, patches
from .plainly import plainly
from .samples import arrays

__all__: list[str] = []  # the functions are in channels_first


def _grouped(w: Any, groups: int) -> Any:
    """The kernel as one matrix for each group: (groups, kernel · inputs, outputs)."""
    (inputs, outputs), size = w.shape[-2:], math.prod(w.shape[:-2])
    flat = w.reshape(size, inputs, groups, outputs // groups)
    return np.ascontiguousarray(flat.transpose(2, 0, 1, 3)).reshape(groups, size * inputs, outputs // groups)


def _columns(image: Any, groups: int, room: Any) -> Any:
    """The patches of one image as one matrix for each group: (groups, places, kernel · inputs)."""
    rank = (image.ndim - 1) // 2
    places, kernel, channels = math.prod(image.shape[:rank]), math.prod(image.shape[rank:-1]), image.shape[-1]
    split = image.reshape(places, kernel, groups, channels // groups)
    np.copyto(room.reshape(groups, places, kernel, channels // groups), split.transpose(2, 0, 1, 3))
    return room.reshape(groups, places, kernel * channels // groups)


def _images_as_columns(cut: Any, rank: int, dtype: Any) -> Iterator[Any]:
    """The patches of one image after the other as a matrix, in the same memory: (places, kernel · inputs)."""
    shape = cut.shape[1:]
    room = np.empty(shape, dtype)
    columns = room.reshape(math.prod(shape[:rank]), math.prod(shape[rank:]))
    for image in cut:
        np.copyto(room, image)
        yield columns


def _explain_convolution(x: Any, w: Any, **attributes: Any) -> Exception:
    channels, needed = np.shape(x)[-1], np.shape(w)[-2] * attributes.get("groups", 1)
    if channels != needed:
        return ShapeError(
            f"A convolution got images of {channels} channels for a kernel of {needed}.",
            "The kernel has (input channels / groups) planes for each output channel.",
            "Look at x.shape and w.shape, and at which axis holds the channels.",
        )
    return ShapeError(
        f"A convolution cannot take images of shape {np.shape(x)} with a kernel of shape {np.shape(w)}.",
        "The padded image has to be at least as large as the kernel, and groups divide both channels.",
        "Pad the image, or make the kernel smaller.",
    )


_SAMPLES = [
    ((2, 5, 3), (3, 3, 2), {"stride": (1,), "padding": ((0, 0),), "dilation": (1,), "groups": 1}),
    ((2, 5, 4), (2, 2, 4), {"stride": (2,), "padding": ((1, 0),), "dilation": (2,), "groups": 2}),
    ((1, 4, 5, 2), (2, 3, 2, 3), {"stride": (1, 2), "padding": ((1, 1), (0, 1)), "dilation": (1, 1), "groups": 1}),
    (
        (1, 3, 2, 3, 1),
        (2, 1, 2, 1, 2),
        {"stride": (1, 1, 1), "padding": ((0, 0),) * 3, "dilation": (1, 1, 1), "groups": 1},
    ),
]


# The image is longer than the patches reach, as output_padding makes it.
_WITH_ROOM: dict[str, Any] = {"stride": (2,), "padding": ((0, 1),), "dilation": (3,), "groups": 1}


def _out_shape(x: Sizes, w: Sizes, a: dict[str, Any]) -> Sizes:
    space = zip(x[1:-1], w[:-2], a["stride"], a["padding"], a["dilation"], strict=True)
    return (x[0], *((n + sum(p) - (k - 1) * d - 1) // s + 1 for n, k, s, p, d in space), w[-1])


@bilinear(
    lambda g, y, x, w, **a: plainly(_image, g, w, space=np.shape(x)[1:-1], **a),
    lambda g, y, x, w, **a: plainly(_kernel, x, g, kernel=np.shape(w)[:-2], **a),
    name="convolution",
    batch=("apart", (0,)),
    formula="y[p] = Σₖ x[s·p + d·k] w[k]",
    derivative="x̄ = Σ ȳ[p] w[k] at s·p + d·k, w̄[k] = Σₚ x[s·p + d·k] ȳ[p]",
    explain=_explain_convolution,
    samples=lambda: [[*arrays(x, w), a] for x, w, a in _SAMPLES],
)
def _convolution(x: ArrayLike, w: ArrayLike, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> Any:
    """The convolution with channels last (see `conv2d`).

    >>> tg.conv1d([[[1.0, 1.0, 1.0]]], tg.ones((1, 1, 2)))
    tensor([[[2., 2.]]])
    """
    return convolved(x, w, stride, padding, dilation, groups)


def convolved(x: Any, w: Any, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> Any:
    """Every patch times the kernel."""
    if x.shape[-1] != w.shape[-2] * groups or w.shape[-1] % groups:
        raise ValueError("channels")
    dtype = np.result_type(x, w)
    if by_lines(x, w.shape, stride, groups):
        return _convolved_by_lines(x, w, stride, padding, dilation, dtype)
    cut = patches(padded(x, padding), w.shape[:-2], stride, dilation)
    rank, outputs = x.ndim - 2, w.shape[-1]
    places = cut.shape[1 : 1 + rank]
    out = np.empty((len(x), math.prod(places), outputs), dtype)
    if groups == 1:
        matrix = np.ascontiguousarray(w, dtype).reshape(math.prod(w.shape[:-1]), outputs)
        for columns, result in zip(_images_as_columns(cut, rank, dtype), out, strict=True):
            np.dot(columns, matrix, result)
    else:
        matrices, room = _grouped(w, groups), np.empty(math.prod(cut.shape[1:]), dtype)
        for image, result in zip(cut, out, strict=True):
            product = np.matmul(_columns(image, groups, room), matrices)
            result[:] = product.transpose(1, 0, 2).reshape(result.shape)
    return out.reshape(len(x), *places, outputs)


def by_lines(x: Any, kernel: Sizes, stride: Sizes, groups: int) -> bool:
    """Whether a kernel's rows are multiplied one by one, with patches of one row: a third of the copying at 3 x 3.

    It pays where such a patch is long enough for a product, and needs rows of places that follow each other.
    """
    return x.ndim == 4 and groups == 1 == stride[0] and kernel[0] > 1 and kernel[1] * x.shape[-1] >= LINE


LINE = 48  # numbers in a patch of one row from which its product runs at full speed
LONG = 512  # places up to which a product summed over them does: OpenBLAS takes twice as long for a narrow, longer one


def _lines(
    x: Any, places: Sizes, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, dtype: Any
) -> Iterator[list[Any]]:
    """For each image, and each row of the kernel, the patches of one row that it meets: (places, columns · inputs)."""
    (height, width), (step, across), (count, along) = kernel, dilation, places
    padded_image = padded(np.empty((1, *x.shape[1:]), dtype), padding)[0]
    (top, _), (left, _) = padding
    inside = padded_image[top : top + x.shape[1], left : left + x.shape[2]]
    cut = patches(padded_image[None], (1, width), stride, (1, across))[0, :, :along, 0]  # (rows, along, width, inputs)
    room = np.empty(cut.shape, dtype)
    rows = [room[k * step : k * step + count].reshape(count * along, -1) for k in range(height)]
    for image in x:
        np.copyto(inside, image)
        np.copyto(room, cut)
        yield rows


def _convolved_by_lines(x: Any, w: Any, stride: Sizes, padding: Pairs, dilation: Sizes, dtype: Any) -> Any:
    kernel, outputs = w.shape[:2], w.shape[-1]
    space = zip(x.shape[1:-1], padding, kernel, dilation, stride, strict=True)
    places = tuple((n + sum(p) - (k - 1) * d - 1) // s + 1 for n, p, k, d, s in space)
    if min(places) < 1:
        raise ValueError("the image is smaller than the kernel")
    matrices = np.ascontiguousarray(w, dtype).reshape(kernel[0], -1, outputs)
    out = np.empty((len(x), math.prod(places), outputs), dtype)
    more = np.empty(out.shape[1:], dtype)
    for lines, result in zip(_lines(x, places, kernel, stride, padding, dilation, dtype), out, strict=True):
        np.dot(lines[0], matrices[0], result)
        for line, matrix in zip(lines[1:], matrices[1:], strict=True):
            np.dot(line, matrix, more)
            np.add(result, more, result)
    return out.reshape(len(x), *places, outputs)


def _meeting(y: Any, places: Sizes) -> Any:
    """y at its first `places`: an image with room behind the last patch would have more of them."""
    return y if np.shape(y)[1:-1] == places else y[(slice(None), *(slice(0, n) for n in places))]


@bilinear(
    lambda t, y, g, w, space, **a: _meeting(plainly(_convolution, t, w, **a), np.shape(g)[1:-1]),
    lambda t, y, g, w, space, **a: plainly(_kernel, t, g, kernel=np.shape(w)[:-2], **a),
    name="convolution_image",
    batch=("apart", (0,)),
    formula="x[s·p + d·k] = Σ y[p] w[k], the transposed convolution",
    derivative="ȳ = conv(x̄, w), w̄[k] = Σₚ x̄[s·p + d·k] y[p]",
    samples=lambda: [
        *([*arrays(_out_shape(x, w, a), w), {"space": x[1:-1], **a}] for x, w, a in _SAMPLES),
        [*arrays((1, 2, 1), (2, 1, 1)), {"space": (9,), **_WITH_ROOM}],
    ],
)
def _image(
    y: ArrayLike, w: ArrayLike, space: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int
) -> Any:
    """The transposed convolution with channels last (see `conv_transpose2d`).

    >>> tg.conv_transpose1d([[[1.0, 1.0]]], tg.ones((1, 1, 2)))
    tensor([[[1., 2., 1.]]])
    """
    return spread(y, w, space, stride, padding, dilation, groups)


@lru_cache(1024)
def _turned_padding(space: Sizes, places: Sizes, kernel: Sizes, padding: Pairs, dilation: Sizes) -> Pairs:
    """The zeros around y with which a convolution by the turned kernel gives the whole image."""
    reach = [(k - 1) * d for k, d in zip(kernel, dilation, strict=True)]
    first = [r - before for r, (before, _) in zip(reach, padding, strict=True)]
    return tuple((f, n - m + r - f) for f, n, m, r in zip(first, space, places, reach, strict=True))


def spread(y: Any, w: Any, space: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> Any:
    """Each place's value times the kernel, added up where the patches lie."""
    around = _turned_padding(space, y.shape[1:-1], w.shape[:-2], padding, dilation)
    if groups == 1 and max(stride) == 1 and min(map(min, around)) >= 0:  # a convolution again, with the kernel turned
        turned = w[(slice(None, None, -1),) * len(space)].swapaxes(-1, -2)
        return convolved(y, np.ascontiguousarray(turned), stride, around, dilation, 1)
    rank, matrices, kernel = y.ndim - 2, _grouped(w, groups), w.shape[:-2]
    channels = w.shape[-2] * groups
    places = y.shape[1:-1]
    whole = [n + before + after for n, (before, after) in zip(space, padding, strict=True)]
    out = np.zeros((len(y), *whole, channels), np.result_type(y, w))
    turned = matrices.transpose(0, 2, 1)
    flat = y.reshape(len(y), math.prod(places), groups, y.shape[-1] // groups)
    for values, image in zip(flat, out, strict=True):
        if groups == 1:
            columns = np.dot(values[:, 0], turned[0]).reshape(*places, *kernel, channels)
        else:
            product = np.matmul(values.transpose(1, 0, 2), turned)  # (groups, places, kernel · inputs)
            split = product.reshape(groups, *places, *kernel, channels // groups)
            columns = np.moveaxis(split, 0, -2).reshape(*places, *kernel, channels)
        for place in np.ndindex(*kernel):
            start = [k * d for k, d in zip(place, dilation, strict=True)]
            where = tuple(
                slice(b, b + max(s * (n - 1) + 1, 0), s) for b, s, n in zip(start, stride, places, strict=True)
            )
            target = image[where]
            target += columns[(slice(None),) * rank + place]
    return out[(slice(None), *(slice(before, before + n) for n, (before, _) in zip(space, padding, strict=True)))]


@bilinear(
    lambda t, y, x, g, kernel, **a: plainly(_image, g, t, space=np.shape(x)[1:-1], **a),
    lambda t, y, x, g, kernel, **a: _meeting(plainly(_convolution, x, t, **a), np.shape(g)[1:-1]),
    name="convolution_kernel",
    batch=("summed", (0, 1)),
    formula="w[k] = Σₚ x[s·p + d·k] y[p]",
    derivative="x̄ = Σ y[p] w̄[k] at s·p + d·k, ȳ = conv(x, w̄)",
    samples=lambda: [
        *([*arrays(x, _out_shape(x, w, a)), {"kernel": w[:-2], **a}] for x, w, a in _SAMPLES),
        [*arrays((1, 9, 1), (1, 2, 1)), {"kernel": (2,), **_WITH_ROOM}],
    ],
)
def _kernel(
    x: ArrayLike, y: ArrayLike, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int
) -> Any:
    """The gradient of a convolution's kernel, with channels last.

    >>> w = tg.tensor(np.ones((1, 1, 2)), requires_grad=True)
    >>> tg.conv1d([[[1.0, 2.0, 4.0]]], w).sum().backward()
    >>> w.grad
    tensor([[[3., 6.]]])
    """
    return correlated(x, y, kernel, stride, padding, dilation, groups)


def correlated(x: Any, y: Any, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> Any:
    """Every place of the kernel: the products of what it met with what came of it, added up."""
    if by_lines(x, kernel, stride, groups):
        return _correlated_by_lines(x, y, kernel, stride, padding, dilation)
    cut = patches(padded(x, padding), kernel, stride, dilation)
    if cut.shape[1 : x.ndim - 1] != y.shape[1:-1]:
        cut = cut[(slice(None), *(slice(0, n) for n in y.shape[1:-1]))]
    dtype = np.result_type(x, y)
    inputs, outputs = x.shape[-1] // groups, y.shape[-1] // groups
    if groups == 1:
        return _correlated_by_columns(cut, y, dtype).reshape(*kernel, inputs, outputs)
    total = np.zeros((groups, math.prod(kernel) * inputs, outputs), dtype)
    room = np.empty(math.prod(cut.shape[1:]), dtype)
    flat = y.reshape(len(y), math.prod(y.shape[1:-1]), groups, outputs)
    for image, values in zip(cut, flat, strict=True):
        columns = _columns(image, groups, room)
        total += np.matmul(columns.transpose(0, 2, 1), values.transpose(1, 0, 2))
    split = total.reshape(groups, *kernel, inputs, outputs)
    return np.moveaxis(split, 0, -2).reshape(*kernel, inputs, groups * outputs)


def _correlated_by_columns(cut: Any, y: Any, dtype: Any) -> Any:
    rank, outputs = y.ndim - 2, y.shape[-1]
    total = np.zeros((math.prod(cut.shape[1 + rank :]), outputs), dtype)
    more = np.empty_like(total)
    flat = np.ascontiguousarray(y, dtype).reshape(len(y), math.prod(y.shape[1:-1]), outputs)
    for columns, values in zip(_images_as_columns(cut, rank, dtype), flat, strict=True):
        np.dot(columns.T, values, more)
        np.add(total, more, total)
    return total


def _correlated_by_lines(x: Any, y: Any, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes) -> Any:
    inputs, outputs, dtype = x.shape[-1], y.shape[-1], np.result_type(x, y)
    total = np.zeros((kernel[0], kernel[1] * inputs, outputs), dtype)
    more = np.empty(total.shape[1:], dtype)
    flat = np.ascontiguousarray(y, dtype).reshape(len(y), -1, outputs)
    for lines, values in zip(_lines(x, y.shape[1:-1], kernel, stride, padding, dilation, dtype), flat, strict=True):
        for line, part in zip(lines, total, strict=True):
            for start in range(0, len(values), LONG):
                np.dot(line[start : start + LONG].T, values[start : start + LONG], more)
                np.add(part, more, part)
    return total.reshape(*kernel, inputs, outputs)


def as_sizes(value: Any, rank: int, name: str) -> Sizes:
    """One number for all axes of space, or one for each.

    Raises:
        ArgumentError: for anything else.
    """
    if type(value) is int and value > 0:
        return (value,) * rank
    sizes = (value,) * rank if isinstance(value, (int, np.integer)) else tuple(value)
    if len(sizes) != rank or any(not isinstance(n, (int, np.integer)) or n < 1 for n in sizes):
        raise ArgumentError(
            f"A convolution of {rank} axes got {name}={value!r}.",
            f"It is a positive whole number, or {rank} of them.",
            f"Say {name}=1, for example.",
        )
    return tuple(int(n) for n in sizes)


def as_pairs(value: Any, space: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Pairs:
    """Zeros before and after each axis: "valid" for none, "same" so that strides alone shorten, or numbers.

    Raises:
        ArgumentError: for anything else.
    """
    rank = len(space)
    if value in ("valid", "VALID"):
        return ((0, 0),) * rank
    if value in ("same", "SAME"):
        reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
        totals = [max((-(-n // s) - 1) * s + r - n, 0) for n, s, r in zip(space, stride, reach, strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals)
    if isinstance(value, (int, np.integer)) and value >= 0:
        return ((int(value),) * 2,) * rank
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == rank:
        return tuple((int(p), int(p)) if isinstance(p, (int, np.integer)) else (int(p[0]), int(p[1])) for p in value)
    raise ArgumentError(
        f"A convolution got padding={value!r}.",
        f"It is 'valid', 'same', a number, or {rank} numbers or pairs.",
        "Say padding='same' to keep the size.",
    )


def convolve(x: ArrayLike, w: ArrayLike, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int = 1) -> Any:
    """The convolution with channels last, everything spelled out: what layers call."""
    return _convolution(x, w, stride=stride, padding=padding, dilation=dilation, groups=groups)


def convolve_transposed(
    y: ArrayLike, w: ArrayLike, space: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int = 1
) -> Any:
    """The adjoint for the image, with channels last: what transposed layers call."""
    return _image(y, w, space=space, stride=stride, padding=padding, dilation=dilation, groups=groups)
