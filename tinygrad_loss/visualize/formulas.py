"""The formulas that ops declare: as LaTeX for notebooks, and with numbers in place of their letters.

A formula is one line of text in an op's block, such as "∂y/∂x = 1/(2√x)". What is shown anywhere is made
from that line, so it cannot go stale.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = ["derivative_of", "latex", "latex_name", "right_side", "with_numbers"]

RAISED = dict(
    zip(
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀᵅᵝ",
        "0123456789+-=()abcdefghijklmnoprstuvwxyzTαβ",
        strict=True,
    )
)
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "0123456789+-=()aehijklmnoprstuvx", strict=True))
_COMMANDS = (
    "· cdot × times ≠ neq ≤ leq ≥ geq ≈ approx ∞ infty ± pm ∓ mp → to ← leftarrow ∈ in ⌊ lfloor ⌋ rfloor "
    "⌈ lceil ⌉ rceil ‖ Vert ∇ nabla ⊙ odot ⊗ otimes ⊕ oplus … ldots ∘ circ & wedge ^ oplus ~ sim"
).split()
SIGNS = {
    **{sign: rf"\{name} " for sign, name in zip(_COMMANDS[::2], _COMMANDS[1::2], strict=True)},
    **{sign: rf"\{sign} " for sign in "%#$_{}"},
    "½": r"\frac{1}{2}",
    "¼": r"\frac{1}{4}",
    "¾": r"\frac{3}{4}",
    "⅓": r"\frac{1}{3}",
    "′": "'",
    "−": "-",
    "`": "",
}
GREEK = dict(
    zip(
        "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΦΨΩ",
        (
            "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon "
            "varphi chi psi omega Gamma Delta Theta Lambda Xi Phi Psi Omega"
        ).split(),
        strict=True,
    )
)
BIG = {"Σ": r"\sum", "∑": r"\sum", "Π": r"\prod", "∏": r"\prod", "∫": r"\int"}
FUNCTIONS = frozenset(
    "ln log exp sin cos tan cot sinh cosh tanh arcsin arccos arctan arsinh arcosh artanh erf max min sign trunc sinc "
    "softmax sigmoid relu arg det tr diag mean var".split()
)
OPENING, CLOSING = "([⌊⌈", ")]⌋⌉"
TOKEN = re.compile(
    rf"""(?P<base>\d+(?:\.\d+)?(?:e[+-]?\d+)?|[A-Za-z]+|\.\.\.|\s+|.)
         (?P<marks>[\u0300-\u036f]*)
         (?P<low>[{"".join(LOWERED)}]*)(?P<high>[{"".join(RAISED)}]*)(?P<low2>[{"".join(LOWERED)}]*)""",
    re.VERBOSE,
)


class Token(NamedTuple):
    """One sign or word of a formula, with what stands over it, below it and above it."""

    base: str
    marks: str
    low: str
    high: str

    @property
    def letters(self) -> bool:
        """Whether it is a word or a letter."""
        return self.base[0].isalpha() and self.base not in BIG and self.base != "∂"

    @property
    def raised(self) -> str:
        """Its exponent on the line."""
        return "".join(RAISED[each] for each in self.high)


def tokens_of(text: str) -> list[Token]:
    """A formula's signs and words."""
    opened = "".join(unicodedata.normalize("NFD", each) if each.isalpha() else each for each in text)
    found = (match.group for match in TOKEN.finditer(opened))
    return [Token(group("base"), group("marks"), group("low") + group("low2"), group("high")) for group in found]


# With numbers


def right_side(text: str) -> str:
    """What stands right of the first equals sign.

    >>> from tinygrad_loss.visualize.formulas import right_side
    >>> right_side("y = a·b")
    'a·b'
    """
    return text.partition(" = ")[2]


def with_numbers(text: str, numbers: Mapping[str, str]) -> str:
    """A formula with numbers in place of the letters that stand for them.

    >>> from tinygrad_loss.visualize.formulas import with_numbers
    >>> with_numbers("b·aᵇ⁻¹", {"a": "2.0", "b": "-3.0"})
    '(-3.0)·2.0^((-3.0)-1)'
    """
    out = ""
    for token in tokens_of(text):
        number = None if token.marks or token.low else numbers.get(token.base)
        if number is None:
            base = unicodedata.normalize("NFC", token.base + token.marks) + token.low
            if base[0] in "(√" and token.base != out and out[-1:].isdigit():
                base = "·" + base
        else:
            signed = number.startswith("-") and (token.high or out.rstrip()[-1:] not in ("", "=", "(", ",", "|"))
            base = f"({number})" if signed else number
            if out[-1:].isalnum() or out[-1:] == ")":
                base = "·" + base
            elif not out.strip() and number.startswith("-"):
                base = f"({number})"
        out += base + _power(token, numbers)
    return out[1:-1] if re.fullmatch(r"\(-[^()]*\)", out) else out


def _power(token: Token, numbers: Mapping[str, str]) -> str:
    """An exponent: as it stands, or on the line after ^ where a number comes into it."""
    if not any(each.base in numbers for each in tokens_of(token.raised)):
        return token.high
    inside = with_numbers(token.raised, numbers)
    return f"^{inside}" if re.fullmatch(r"[\w.]+", inside) else f"^({inside})"


def derivative_of(text: str, argument: str, arguments: Sequence[str]) -> str:
    """The part of an op's derivative text that speaks of one of its inputs; "" where none does.

    >>> from tinygrad_loss.visualize.formulas import derivative_of
    >>> derivative_of("∂y/∂a = b, ∂y/∂b = a", "b", ["a", "b"])
    '∂y/∂b = a'
    """
    parts = re.split(r", (?=∂|\w\u0304? = )", text)
    named = {}
    for part in parts:
        left = unicodedata.normalize("NFD", part.partition(" = ")[0])
        match = re.search(r"/∂\(?([^\W\d_]+)|^(\w)\u0304|^(\w+)$", re.sub(f"[{''.join(LOWERED)}]", "", left))
        if match:
            named[next(filter(None, match.groups()))] = part
    for spelling in (argument, argument.upper()):
        if spelling in named:
            return named[spelling]
    if named and not named.keys().isdisjoint(arguments):
        return ""  # it speaks of other inputs by name
    place = list(arguments).index(argument)
    return parts[place] if len(parts) == len(arguments) else text


# As LaTeX


class Piece(NamedTuple):
    """A part of a formula, typeset."""

    kind: str  # "atom" (can stand over or under a fraction's bar), "sign", "word", "function", "big" or "space"
    text: str
    inner: str | None = None  # of an atom in round brackets: what is inside


def latex(text: str) -> str:
    r"""A formula's text as LaTeX for mathematics.

    >>> from tinygrad_loss.visualize.formulas import latex
    >>> latex("∂y/∂x = 1/(2√x)")
    '\\frac{\\partial y}{\\partial x} = \\frac{1}{2\\sqrt{x}}'
    """
    return _joined(_pieces(tokens_of(text)))


def latex_name(name: str) -> str:
    """A name from the user's program, upright; nothing in it can be taken for a command or for HTML."""
    kept = "".join(each if each.isalnum() or each in " .[]()=,+-:" else "_" for each in name)
    if len(kept) == 1 and kept.isalpha():
        return latex(kept)
    return r"\mathrm{" + kept.replace("_", r"\_").replace(" ", r"\ ") + "}"


def _pieces(tokens: list[Token]) -> list[Piece]:
    """Tokens as pieces; what stands in brackets becomes one. A stack holds the brackets that are open."""
    levels: list[tuple[Token | None, list[Piece]]] = [(None, [])]
    for token in tokens:
        if token.base in OPENING:
            levels.append((token, []))
        elif token.base in CLOSING and len(levels) > 1:
            opening, inside = levels.pop()
            levels[-1][1].append(_bracketed(opening, inside, token))
        else:
            levels[-1][1].append(_piece(token))
    while len(levels) > 1:  # a bracket that is never closed is only a sign
        opening, inside = levels.pop()
        levels[-1][1].extend([_piece(opening), *inside] if opening else inside)
    return levels[0][1]


def _bracketed(opening: Token | None, inside: list[Piece], closing: Token) -> Piece:
    left, text = opening.base if opening else "(", _joined(inside)
    plain = left == "(" and closing.base == ")" and not (closing.low or closing.high)
    tall = r"\frac" in text or r"\sum" in text or r"\prod" in text
    ends = [SIGNS.get(end, end) for end in (left, closing.base)]
    whole = rf"\left{ends[0]}{text}\right{ends[1]}" if tall else f"{ends[0]}{text}{ends[1].rstrip()}"
    return Piece("atom", whole + _scripts(closing), text if plain else None)


def _piece(token: Token) -> Piece:
    base, scripts = token.base, _scripts(token)
    if base.isspace():
        return Piece("space", " ")
    if base in BIG:
        return Piece("big", BIG[base] + scripts)
    if base in "√∛∂^/":
        return Piece("sign", base)
    if base[0].isdigit():
        mantissa, _, exponent = base.partition("e")
        return Piece("atom", (rf"{mantissa}\times 10^{{{int(exponent)}}}" if exponent else base) + scripts)
    if base in FUNCTIONS:
        return Piece("function", rf"\operatorname{{{base}}}" + scripts)
    if base in GREEK:
        return Piece("atom", rf"\{GREEK[base]}{scripts}" if scripts else rf"\{GREEK[base]} ")
    if len(base) == 1 and base.isascii() and base.isalpha():
        return Piece("atom", (rf"\bar{{{base}}}" if token.marks else base) + scripts)
    if base[0].isalpha() and base.isascii():
        return Piece("word", rf"\mathrm{{{base}}}" + scripts)
    if base in "½¼¾⅓∞":
        return Piece("atom", SIGNS[base] + scripts)
    if base == "...":
        return Piece("sign", r"\ldots ")
    sign = SIGNS.get(base, base if base.isascii() else rf"\mathrm{{{base}}}")
    return Piece("sign", sign + scripts)


def _scripts(token: Token) -> str:
    low = "".join(LOWERED[each] for each in token.low)
    return (f"_{{{low}}}" if low else "") + (f"^{{{latex(token.raised)}}}" if token.high else "")


def _joined(pieces: list[Piece]) -> str:
    """Pieces in a row, with roots, powers, differentials and fractions put together."""
    return _in_a_row(_fractions(_calls(_powers(_prefixed(pieces)))))


def _in_a_row(pieces: list[Piece]) -> str:
    out = ""
    for index, piece in enumerate(pieces):
        if piece.kind == "space":
            beside = [pieces[place] for place in (index - 1, index + 1) if 0 <= place < len(pieces)]
            words = any(each.kind in ("word", "function") for each in beside)
            spaced = any(each.kind == "sign" and each.text not in ",;:" for each in beside)  # signs bring their own
            out += r"\ " if words and not spaced else " "
        else:
            out += piece.text
    return re.sub(r" {2,}", " ", out).strip()


def _prefixed(pieces: list[Piece]) -> list[Piece]:
    """Roots and differentials with what they are of."""
    out: list[Piece] = []
    waiting: list[str] = []
    for piece in pieces:
        if piece.kind == "sign" and piece.text in "√∛∂":
            waiting.append(piece.text)
            continue
        whole = piece
        while waiting:
            sign = waiting.pop()
            inside = whole.text if whole.inner is None or sign == "∂" else whole.inner
            root = {"√": r"\sqrt{", "∛": r"\sqrt[3]{"}.get(sign)
            whole = Piece("atom", f"{root}{inside}}}" if root else rf"\partial {inside}")
        out.append(whole)
    return out + [Piece("sign", rf"\mathrm{{{sign}}}") for sign in waiting]


def _powers(pieces: list[Piece]) -> list[Piece]:
    """`a^(b - 1)` with its exponent raised; a ^ between spaces stays a sign."""
    out: list[Piece] = []
    skip = False
    for index, piece in enumerate(pieces):
        if skip:
            skip = False
            continue
        after = pieces[index + 1] if index + 1 < len(pieces) else None
        if piece == Piece("sign", "^") and out and out[-1].kind == "atom" and after and after.kind == "atom":
            raised = after.text if after.inner is None else after.inner
            out[-1] = Piece("atom", f"{{{out[-1].text}}}^{{{raised}}}")
            skip = True
        else:
            out.append(Piece("sign", SIGNS["^"]) if piece == Piece("sign", "^") else piece)
    return out


def _calls(pieces: list[Piece]) -> list[Piece]:
    """A function right before its bracket is one atom."""
    out: list[Piece] = []
    for piece in pieces:
        if out and out[-1].kind == "function" and piece.kind == "atom" and piece.text.startswith(("(", r"\left(")):
            out[-1] = Piece("atom", out[-1].text + piece.text)
        else:
            out.append(piece)
    return out


def _fractions(pieces: list[Piece]) -> list[Piece]:
    """Every a / b with a bar: one atom over one atom, or over all that a Σ or a function goes on to."""
    out: list[Piece] = []
    rest = list(reversed(pieces))
    while rest:
        piece = rest.pop()
        if piece != Piece("sign", "/"):
            out.append(piece)
            continue
        spaced = [*out]
        while spaced and spaced[-1].kind == "space":
            spaced.pop()
        ahead = [*rest]
        while ahead and ahead[-1].kind == "space":
            ahead.pop()
        below = _denominator(ahead)
        if not spaced or spaced[-1].kind not in ("atom", "word") or below is None:
            out.append(piece)
            continue
        above = spaced.pop()
        over = above.text if above.inner is None else above.inner
        out, rest = [*spaced, Piece("atom", rf"\frac{{{over.strip()}}}{{{below.strip()}}}")], ahead
    return out


def _denominator(ahead: list[Piece]) -> str | None:
    """What stands under the bar, taken off `ahead` (last first); None where nothing can."""
    if not ahead:
        return None
    first = ahead.pop()
    if first.kind in ("atom", "word"):
        return first.text if first.inner is None else first.inner
    if first.kind not in ("big", "function"):
        return None
    taken = [first]
    while ahead and (ahead[-1].kind != "sign" or ahead[-1].text == r"\cdot "):
        taken.append(ahead.pop())
    return _in_a_row(taken)
