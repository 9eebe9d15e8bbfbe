"""Einstein's notation: products of arrays, summed over the axes whose letters the result does not have.

The recorded op gets operands whose letters are all different, each of them also in another operand or
in the result; what that leaves out (diagonals, sums of one operand alone, ellipses, axes of length 1)
is done by other ops before. So its adjoint for any operand is an einsum again: the letters of that
operand become the result's.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from ..core.primitive import primitive
from ..core.registry import functions
from ..core.tensor import ArrayLike, Tensor
from ..errors import ArgumentError, ShapeError
from .products import given
from .reductions import sum as total
from .samples import arrays
from .shaping import astype, reshape
from .triangles import diagonal

__all__ = ["einsum", "einsum_path"]

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
LARGE = 10_000  # multiplications from which looking for a good order, and for BLAS, pays


def _adjoint(g: Any, operands: tuple[Any, ...], subscripts: str, index: int) -> Any:
    """The gradient of one operand: the result's gradient with all other operands, in that operand's letters."""
    return _einsum(g, *operands[:index], *operands[index + 1 :], subscripts=_exchanged(subscripts, index))


@lru_cache(maxsize=256)
def _exchanged(subscripts: str, index: int) -> str:
    """The subscripts with the letters of the result in front, and those of one operand as the result's."""
    terms, result = subscripts.split("->")
    letters = terms.split(",")
    others = [*letters[:index], *letters[index + 1 :]]
    return f"{','.join([result, *others])}->{letters[index]}"


@primitive(
    lambda g, y, *operands, subscripts, index: _adjoint(g, operands, subscripts, index),
    name="einsum",
    formula="y = Σ a b ..., over the letters that y does not have",
    derivative="∂y/∂a = the same with a's letters and the result's exchanged",
    reference=lambda *operands, subscripts: np.einsum(subscripts, *operands),
    samples=lambda: [
        [*arrays((2, 3), (3, 4)), {"subscripts": "ij,jk->ik"}],
        [*arrays((2, 3), (2, 4)), {"subscripts": "ij,ik->jk"}],
        [*arrays((5, 2, 3), (5, 3, 4)), {"subscripts": "bij,bjk->bik"}],
        [*arrays((2, 3), (3, 4), (4, 2)), {"subscripts": "ij,jk,kl->il"}],
        [*arrays((2, 3)), {"subscripts": "ij->ji"}],
        [*arrays((3,), (3,)), {"subscripts": "i,i->"}],
        [*arrays((3,), (2,)), {"subscripts": "i,j->ij"}],
    ],
)
def _einsum(*operands: ArrayLike, subscripts: str) -> Any:
    return np.einsum(subscripts, *operands, optimize=_work(subscripts, *map(np.shape, operands)) > LARGE)[()]


@lru_cache(maxsize=256)
def _work(subscripts: str, *shapes: tuple[int, ...]) -> int:
    """How many multiplications a plain loop over all letters would make."""
    sizes: dict[str, int] = {}
    for letters, shape in zip(subscripts.split("->", maxsplit=1)[0].split(","), shapes, strict=True):
        sizes.update(zip(letters, shape, strict=True))
    return math.prod(sizes.values())


@_einsum.op.front
def einsum(subscripts: Any, *operands: Any, optimize: Any = False, dtype: Any = None, **options: Any) -> Tensor:
    """Products of arrays, summed over the letters that do not stand in the result.

    With two matrices "ij,jk->ik" is their product. Without "->" the result has the letters that occur once,
    in alphabetical order. A letter twice in one
    operand takes its diagonal, "..." stands for axes that broadcast. Letters may also be given as lists of
    numbers: einsum(a, [0, 1], b, [1, 2], [0, 2]).

    Args:
        subscripts: the letters of each operand, and of the result.
        operands: the arrays.
        optimize: accepted; a good order is found where that pays.
        dtype: in which it is computed.
        options: NumPy's `order` and `casting` are accepted, for how the result lies in memory makes no difference.

    Raises:
        ArgumentError: for letters that do not fit the number of operands or axes.
        ShapeError: where a letter stands for axes of different lengths.

    >>> tg.einsum("ij,j->i", tg.tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 10.0])
    tensor([21., 43.])
    """
    if not options.keys() <= {"order", "casting"}:
        raise ArgumentError(
            f"einsum got {', '.join(options)}=.",
            "It takes subscripts and operands.",
            "Leave it out.",
        )
    if not isinstance(subscripts, str):
        subscripts, operands = _lettered((subscripts, *operands))
    values = [given(x) if dtype is None else astype(given(x), dtype) for x in operands]
    terms, result, plain = _understood(subscripts, *[x.shape for x in values])
    if plain is not None:
        return _einsum(*values, subscripts=plain)
    prepared = [_plain_operand(x, term) for x, term in zip(values, terms, strict=True)]
    prepared = [_without_ones(x, term, prepared, result) for x, term in prepared]
    prepared = [_without_own(k, prepared, result) for k in range(len(prepared))]
    text = ",".join(term for _, term in prepared)
    return _einsum(*[x for x, _ in prepared], subscripts=f"{text}->{result}")


def _lettered(given_pairs: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The form with lists of numbers as letters."""
    operands, lists = given_pairs[0 : len(given_pairs) // 2 * 2 : 2], given_pairs[1::2]
    spell = lambda numbers: "".join("..." if n is Ellipsis else LETTERS[n] for n in numbers)  # noqa: E731
    text = ",".join(map(spell, lists))
    if len(given_pairs) % 2:
        text += "->" + spell(given_pairs[-1])
    return text, operands


def _spelled_out(subscripts: str, ndims: list[int]) -> tuple[list[str], str]:
    """Letters for every axis: "..." replaced by letters that are not used otherwise, the result written out."""
    left, arrow, right = subscripts.partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise ArgumentError(
            f"einsum got {len(terms)} terms in {subscripts!r} for {len(ndims)} operands.",
            "Each operand has one, between commas.",
            "Count the commas.",
        )
    spare = [letter for letter in reversed(LETTERS) if letter not in subscripts]
    widths = [n - len(term.replace("...", "")) for term, n in zip(terms, ndims, strict=True)]
    widest = max((w for term, w in zip(terms, widths, strict=True) if "..." in term), default=0)
    dots = "".join(spare[:widest])[::-1]
    for term, width, n in zip(terms, widths, ndims, strict=True):
        if width < 0 or (width and "..." not in term):
            raise ArgumentError(
                f"einsum got the letters {term!r} for an operand with {n} axes.",
                "Each axis has one letter; '...' stands for all others.",
                "Look at the operand's shape.",
            )
    spelled = [term.replace("...", dots[len(dots) - w :] if w else "") for term, w in zip(terms, widths, strict=True)]
    if not arrow:
        joined = "".join(spelled)
        own = "".join(sorted(c for c in set(joined) if joined.count(c) == 1 and c not in dots))
        return spelled, dots + own
    result = right.replace("...", dots)
    strange = [c for c in result if c not in "".join(spelled)] or [c for c in result if result.count(c) > 1]
    if strange:
        raise ArgumentError(
            f"einsum cannot make a result with the letter {strange[0]!r} of {subscripts!r}.",
            "A letter of the result stands in an operand, and once in the result.",
            "Look at what follows '->'.",
        )
    return spelled, result


@lru_cache(maxsize=256)
def _understood(subscripts: str, *shapes: tuple[int, ...]) -> tuple[list[str], str, str | None]:
    """The letters of each operand and of the result; and the op's subscripts, where the operands need nothing before.

    They need nothing where in each operand all letters are different, stand elsewhere too, and for one length.
    """
    terms, result = _spelled_out(subscripts.replace(" ", ""), [len(shape) for shape in shapes])
    _check_lengths(subscripts, terms, shapes)
    lengths = {
        (letter, n) for term, shape in zip(terms, shapes, strict=True) for letter, n in zip(term, shape, strict=True)
    }
    plain = len(lengths) == len({letter for letter, _ in lengths})
    for k, term in enumerate(terms):
        elsewhere = result + "".join(terms[:k] + terms[k + 1 :])
        plain = plain and len(set(term)) == len(term) and set(term) <= set(elsewhere)
    return terms, result, f"{','.join(terms)}->{result}" if plain else None


def _check_lengths(subscripts: str, terms: list[str], shapes: tuple[tuple[int, ...], ...]) -> None:
    lengths: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for letter, length in zip(term, shape, strict=True):
            if lengths.setdefault(letter, length) not in (length, 1) and length != 1:
                raise ShapeError(
                    f"einsum({subscripts!r}) got lengths {lengths[letter]} and {length} for the letter {letter!r}.",
                    "A letter stands for one length.",
                    "Look at the shapes: " + ", ".join(map(str, shapes)) + ".",
                )
            lengths[letter] = max(lengths[letter], length) if length else 0


def _plain_operand(x: Any, term: str) -> tuple[Any, str]:
    """Diagonals taken, so that no letter stands twice."""
    for letter in dict.fromkeys(term):
        while term.count(letter) > 1:
            first = term.index(letter)
            second = term.index(letter, first + 1)
            x = diagonal(x, 0, first, second)
            term = term[:first] + term[first + 1 : second] + term[second + 1 :] + letter
    return x, term


def _without_ones(x: Any, term: str, prepared: list[tuple[Any, str]], result: str) -> tuple[Any, str]:
    """Axes of length 1 that meet longer ones are dropped: so they broadcast."""
    longer = {c for other, letters in prepared for c, n in zip(letters, other.shape, strict=True) if n != 1}
    kept = [i for i, c in enumerate(term) if x.shape[i] != 1 or c not in longer]
    if len(kept) == len(term):
        return x, term
    return reshape(x, tuple(x.shape[i] for i in kept)), "".join(term[i] for i in kept)


def _without_own(k: int, prepared: list[tuple[Any, str]], result: str) -> tuple[Any, str]:
    """Letters that stand nowhere else are summed over."""
    x, term = prepared[k]
    elsewhere = result + "".join(letters for j, (_, letters) in enumerate(prepared) if j != k)
    own = tuple(i for i, c in enumerate(term) if c not in elsewhere)
    return (total(x, axis=own), "".join(c for c in term if c in elsewhere)) if own else (x, term)


def einsum_path(subscripts: Any, *operands: Any, optimize: Any = "greedy") -> Any:
    """NumPy's advice on the order of the products: plain values, no Tensors.

    >>> tg.einsum_path("ij,jk->ik", np.ones((2, 2)), np.ones((2, 2)))[0]
    ['einsum_path', (0, 1)]
    """
    return np.einsum_path(subscripts, *[getattr(x, "_value", x) for x in operands], optimize=optimize)


functions["einsum_path"] = einsum_path
