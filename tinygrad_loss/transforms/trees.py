"""Nested tuples, lists and dicts of arrays: taken apart into a flat list, and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..errors import ArgumentError


def flatten(tree: Any) -> tuple[list[Any], Callable[[Iterable[Any]], Any]]:
    """The leaves of `tree` in order, and the function that puts leaves back into its shape.

    Tuples (named ones too), lists and dicts are branches; None has no leaves; everything else is a leaf.
    """
    leaves: list[Any] = []
    _collect(tree, leaves)
    return leaves, lambda values: _rebuild(tree, iter(values))


def paths(tree: Any, name: str = "inputs") -> list[str]:
    """Where each leaf of `tree` stands, in the order of `flatten`: `inputs[0]['bias']`."""
    if isinstance(tree, (tuple, list)):
        return [path for k, branch in enumerate(tree) for path in paths(branch, f"{name}[{k}]")]
    if isinstance(tree, dict):
        return [path for key, branch in tree.items() for path in paths(branch, f"{name}[{key!r}]")]
    return [] if tree is None else [name]


def map_leaves(function: Callable[[Any], Any], tree: Any) -> Any:
    """The tree with `function` applied to each leaf."""
    leaves, rebuild = flatten(tree)
    return rebuild([function(leaf) for leaf in leaves])


def matching_leaves(what: str, tree: Any, pattern: Any) -> list[Any]:
    """The leaves of `tree`, which must have the structure of `pattern`, in the pattern's order."""
    leaves: list[Any] = []
    if not _match(tree, pattern, leaves):
        raise ArgumentError(
            f"{what} is built differently from what it belongs to.",
            "It needs the same nested tuples, lists and dicts.",
            f"Give it the form {_structure(pattern)}.",
        )
    return leaves


def _collect(tree: Any, leaves: list[Any]) -> None:
    if isinstance(tree, (tuple, list)):
        for branch in tree:
            _collect(branch, leaves)
    elif isinstance(tree, dict):
        for branch in tree.values():
            _collect(branch, leaves)
    elif tree is not None:
        leaves.append(tree)


def _rebuild(tree: Any, values: Iterator[Any]) -> Any:
    if isinstance(tree, (tuple, list)):
        branches = [_rebuild(branch, values) for branch in tree]
        return type(tree)(*branches) if hasattr(tree, "_fields") else type(tree)(branches)
    if isinstance(tree, dict):
        rebuilt = tree.copy()  # of its own kind: ordered, with defaults, ...
        rebuilt.update((key, _rebuild(branch, values)) for key, branch in tree.items())
        return rebuilt
    return None if tree is None else next(values)


def _match(tree: Any, pattern: Any, leaves: list[Any]) -> bool:
    """Whether `tree` is built as `pattern` is; its leaves are collected on the way."""
    if isinstance(pattern, dict):
        alike = isinstance(tree, dict) and tree.keys() == pattern.keys()
        return alike and all(_match(tree[key], branch, leaves) for key, branch in pattern.items())
    for kind in (tuple, list):
        if isinstance(pattern, kind):
            alike = isinstance(tree, kind) and len(tree) == len(pattern)
            return alike and all(map(_match, tree, pattern, [leaves] * len(pattern)))
    if pattern is None or tree is None or isinstance(tree, (tuple, list, dict)):
        return pattern is None and tree is None
    leaves.append(tree)
    return True


def _structure(tree: Any) -> str:
    """The nesting as text: `(*, {'bias': *})`."""
    if isinstance(tree, (tuple, list)):
        inside = ", ".join(_structure(branch) for branch in tree)
        return f"({inside})" if isinstance(tree, tuple) else f"[{inside}]"
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key!r}: {_structure(branch)}" for key, branch in tree.items()) + "}"
    return "None" if tree is None else "*"
