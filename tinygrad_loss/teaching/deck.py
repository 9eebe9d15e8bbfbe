"""The cards of all ops, or of some: as text, as Markdown, and as one page that needs nothing else."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

from ..core.registry import ops
from ..errors import ArgumentError, unknown_name
from ..visualize.theme import DARK, LIGHT, Theme
from .card import AS_CODE, Card, card_of

__all__ = ["Deck", "cards"]

MADE_BY_THE_ENGINE = frozenset({"item"})  # stands for one of several results, and is never called by hand

STYLE = """
:root { color-scheme: light dark; LIGHT }
@media (prefers-color-scheme: dark) { :root { DARK } }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
       font: 16px/1.5 Helvetica, Arial, sans-serif; }
[hidden] { display: none !important; }
header p, .none { color: var(--faint); }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem .75rem; border: 1px solid var(--line);
        border-radius: .4rem; background: var(--paper); color: var(--ink); }
nav { columns: 11rem; margin: 1rem 0 2rem; font-size: .9rem; }
nav a { display: block; color: inherit; text-decoration: none; }
nav a:hover, nav a:focus { text-decoration: underline; }
article { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem 1.25rem; margin: 0 0 1.25rem;
          break-inside: avoid; }
h2 { margin: 0; overflow-wrap: anywhere; font-size: 1.15rem; font-family: ui-monospace, Menlo, Consolas, monospace; }
.badge { font-size: .85rem; margin: .15rem 0 .5rem; color: var(--faint); }
.badge.right { color: var(--good); } .badge.wrong { color: var(--bad); font-weight: bold; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1rem; margin: .75rem 0 0; }
dt { color: var(--faint); } dd { margin: 0; min-width: 0; }
dd.formula { font-family: "STIX Two Text", Cambria, Georgia, serif; font-size: 1.1rem; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere;
      font: .85rem/1.45 ui-monospace, Menlo, Consolas, monospace; }
@media (max-width: 40rem) { dl { grid-template-columns: minmax(0, 1fr); gap: 0; } dd { margin-bottom: .5rem; } }
@media print { input, nav { display: none; } }
"""
FILTER = """
const field = document.querySelector("input");
field.addEventListener("input", () => {
  const wanted = field.value.trim().toLowerCase();
  for (const card of document.querySelectorAll("article, nav a"))
    card.hidden = !card.dataset.text.includes(wanted);
  document.querySelector(".none").hidden = document.querySelector("article:not([hidden])") !== null;
});
"""


class Deck:
    """Explanation cards, in the order of their names."""

    def __init__(self, deck: Sequence[Card]) -> None:
        self.cards = tuple(deck)

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.cards))

    __repr__ = __str__

    def __len__(self) -> int:
        return len(self.cards)

    @property
    def wrong(self) -> tuple[Card, ...]:
        """The cards whose op did not agree with differences."""
        return tuple(card for card in self.cards if card.check.passed is False)

    def markdown(self) -> str:
        """The cards as Markdown, a heading each."""
        return "\n\n".join(map(_markdown, self.cards)) + "\n"

    def html(self) -> str:
        """The cards as a whole page, with its styles and a field to search in."""
        style = STYLE.replace("LIGHT", _colours(LIGHT)).replace("DARK", _colours(DARK))
        links = "".join(f'<a href="#{_anchor(c)}" data-text="{_searched(c)}">{_broken(c.name)}</a>' for c in self.cards)
        count = "1 op" if len(self) == 1 else f"{len(self)} ops"
        top = (
            f"<header><h1>The calculus of {count}</h1><p>Made from the ops' own declarations; "
            "each derivative was held against differences when the page was made.</p></header>"
            '<input type="search" placeholder="Find: a name, a formula, a word" aria-label="Find a card">'
            f'<p class="none" hidden>No card has that.</p><nav>{links}</nav>'
        )
        several = len(self) > 1  # one card stands by itself
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>The calculus of {count}</title><style>{style}</style></head><body>"
            f"{top if several else ''}<main>{''.join(map(_article, self.cards))}</main>"
            f"{f'<script>{FILTER}</script>' if several else ''}</body></html>\n"
        )

    def _repr_html_(self) -> str:
        """In notebooks: the page in a frame of its own, so that its styles stay there."""
        height = 480 if len(self) == 1 else 640
        return (
            f'<iframe srcdoc="{_safe(self.html())}" sandbox="allow-scripts" '
            f'style="width: 100%; height: {height}px; border: 0" title="Explanation cards"></iframe>'
        )

    def save(self, path: str | Path) -> Path:
        """Write the cards to a file: .html, .md or .txt.

        Raises:
            ArgumentError: for another ending.
        """
        path = Path(path)
        forms = {".html": self.html, ".md": self.markdown, ".txt": lambda: f"{self}\n"}
        if path.suffix not in forms:
            raise ArgumentError(
                f"Cards cannot be written to {path.name!r}.",
                "The ending says the form: .html, .md or .txt.",
                f"For example {path.stem or 'cards'}.html",
            )
        path.write_text(forms[path.suffix](), encoding="utf-8")
        return path


def cards(*names: str) -> Deck:
    """The explanation cards of the ops with these names, or of every op in the registry.

    A card shows formula, derivative, kind of map, shapes, the value at kinks, and an example with numbers, all
    from the op's own declaration; its derivatives are held against differences while it is made.

    Raises:
        UnknownNameError: for a name that is no op's.

    >>> from tinygrad_loss.teaching import cards
    >>> deck = cards("exp", "matmul")
    >>> [card.check.passed for card in deck.cards]
    [True, True]
    >>> print(deck.markdown().splitlines()[0])
    ## `exp(x)`
    """
    known = ops.keys() - MADE_BY_THE_ENGINE
    for name in names:
        if name not in known:
            raise unknown_name("op", name, known)
    return Deck([card_of(ops[name]) for name in sorted(names or known)])


def _colours(theme: Theme) -> str:
    names = ("paper", "ink", "faint", "line", "good", "bad")
    return " ".join(f"--{name}: {getattr(theme, name)};" for name in names)


def _safe(text: str) -> str:
    return html.escape(text, quote=True)


def _broken(name: str) -> str:
    """A long name may go on in the next line after an underscore, not within a word."""
    return _safe(name).replace("_", "_<wbr>")


def _anchor(card: Card) -> str:
    return "op-" + "".join(each if each.isalnum() or each in "._-" else "-" for each in card.name)


def _searched(card: Card) -> str:
    """What the field finds a card by."""
    texts = [text for title, text in card.sections if title in ("formula", "derivative", "at the kink")]
    return _safe(" ".join([card.name, card.kind, card.summary, *texts]).lower())


def _article(card: Card) -> str:
    state = {True: "right", False: "wrong", None: ""}[card.check.passed]
    rows = "".join(f"<dt>{_safe(title)}</dt>{_entry(title, text)}" for title, text in card.sections)
    return (
        f'<article id="{_anchor(card)}" data-text="{_searched(card)}"><h2>{_safe(card.signature)}</h2>'
        f'<p class="badge {state}">{_safe(card.badge)}</p><p>{_safe(card.summary)}</p><dl>{rows}</dl></article>\n'
    )


def _entry(title: str, text: str) -> str:
    if title in AS_CODE:
        return f"<dd><pre>{_safe(text)}</pre></dd>"
    kind = ' class="formula"' if title in ("formula", "derivative") else ""
    return f"<dd{kind}>{_safe(text).replace(chr(10), '<br>')}</dd>"


def _markdown(card: Card) -> str:
    lines = [f"## {_code(card.signature)}", "", _literal(card.summary), "", f"*{_literal(card.badge)}*"]
    for title, text in card.sections:
        if title in AS_CODE:
            fence = "```"
            while fence in text:
                fence += "`"
            lines += ["", f"**{title}**", "", fence, text, fence]
        else:
            shown = _code(text) if title in ("formula", "derivative") else _literal(text)
            lines += ["", f"**{title}**: {shown}"]
    return "\n".join(lines)


def _code(text: str) -> str:
    """Text between as many backquotes as keep it together."""
    ticks = "`"
    while ticks in text:
        ticks += "`"
    room = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{room}{text}{room}{ticks}"


def _literal(text: str) -> str:
    """Text that Markdown and HTML take literally."""
    escaped = html.escape(text, quote=False)
    return "".join(f"\\{each}" if each in "\\`*_[]|$~" else each for each in escaped).replace("\n", "  \n")
