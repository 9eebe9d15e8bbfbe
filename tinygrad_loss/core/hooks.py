"""Observers of recording (`modes.observed_by`) and of backward walks (`pull_back(observer=...)`)."""

from __future__ import annotations

from typing import Any

from .node import Node


class Observer:
    """Base of observers: override what you want to see. Every method does nothing here."""

    watches = False  # True: every backward walk is shown to it, by `on_gradient` and `on_contribution`
    traces = False  # True: backward's rules run on Tensors, so that `on_call` sees their ops as well

    def on_call(self, op: Any, inputs: tuple[Any, ...], attributes: dict[str, Any], result: Any) -> None:
        """An op was called on Tensors: `result` is the new Tensor (or a tuple of them)."""

    def on_assign(self, tensor: Any, value: Any) -> None:
        """`tensor` was bound to a new value (a Tensor or an array)."""

    def on_escape(self, tensor: Any, what: str) -> None:
        """The value of `tensor` is about to leave for Python, through `what` (float, bool, .data, ...)."""

    def on_draw(self, generator: Any) -> Any:
        """Random numbers are about to be drawn from `generator`; what is returned is drawn from instead."""

    def on_update(self, optimizer: Any, parameters: list[Any], gradients: list[Any]) -> None:
        """An optimizer is about to make a step, by these gradients."""

    def on_gradient(self, node: Node, gradient: Any) -> None:
        """Backward has all of `node`'s gradient and is about to pass it on."""

    def on_contribution(self, node: Node, index: int, gradient: Any, contribution: Any) -> None:
        """The rule of `node` for its input `index` turned `gradient` into `contribution`."""
