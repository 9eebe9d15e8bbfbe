"""From DOT to SVG, PNG or PDF: with the `dot` program where there is one, else with pygraphviz."""

from __future__ import annotations

import shutil
import warnings

from ..errors import RendererError

__all__ = ["render"]


def render(source: str, format: str) -> bytes:
    """DOT rendered as "svg", "png" or "pdf".

    `dot` on the PATH is tried by running it: that the `graphviz` package imports says nothing.

    Raises:
        RendererError: with the one line that installs a renderer, where there is none.
    """
    reasons = []
    for name, renderer in (("dot", _with_dot), ("pygraphviz", _with_pygraphviz)):
        try:
            return renderer(source, format)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one renderer, the next may work
            reasons.append(f"{name}: {str(error).splitlines()[0] if str(error) else type(error).__name__}")
    raise RendererError(
        f"Nothing here can render {format} ({'; '.join(reasons)}).",
        "It needs Graphviz. DOT, Mermaid and text need nothing: .dot, .mermaid(), .text().",
        'Get a renderer with  pip install "tinygrad-loss[viz]"  or put Graphviz\'s `dot` on the PATH.',
    )


def _with_dot(source: str, format: str) -> bytes:
    program = shutil.which("dot")
    if program is None:
        raise FileNotFoundError("not on the PATH")
    import graphviz

    return bytes(graphviz.Source(source).pipe(format=format, quiet=True))


def _with_pygraphviz(source: str, format: str) -> bytes:
    import pygraphviz

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Graphviz estimates some widths, and says so
        drawn = pygraphviz.AGraph(string=source).draw(format=format, prog="dot")
    return bytes(drawn)
