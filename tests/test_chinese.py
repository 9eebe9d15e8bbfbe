"""The Chinese pages hold what the English ones hold: the same code, headings, formulas, tables, numbers and links.

They may say more, never less. Where a test fails, an English page has changed and its Chinese one has not followed.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.zh-CN.ipynb"))
READMES = (ROOT / "README.md", ROOT / "notebooks" / "README.zh-CN.md")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
FENCE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?:e-?\d+)?")
LINK = re.compile(r"\]\((?!http)([^)#]+)\)")


def same_code(english, chinese):
    """Whether two syntax trees differ at most in texts for the reader: those that are Chinese in the second."""
    if type(english) is not type(chinese):
        return False
    if isinstance(english, ast.JoinedStr):
        return same_text(english, chinese)
    if isinstance(english, ast.Constant) and isinstance(english.value, str):
        return english.value == chinese.value or bool(CHINESE.search(str(chinese.value)))
    if isinstance(english, ast.AST):
        return all(same_code(getattr(english, f, None), getattr(chinese, f, None)) for f in english._fields)
    if isinstance(english, list):
        return len(english) == len(chinese) and all(map(same_code, english, chinese))
    return english == chinese


def same_text(english, chinese):
    """Whether two f-strings show the same values; their words may change, and with these the order and the room."""
    inserted, words = [], []
    for text in (english, chinese):
        values = [part.value for part in text.values if isinstance(part, ast.FormattedValue)]
        inserted.append(sorted(map(ast.dump, values)))
        words.append("".join(part.value for part in text.values if isinstance(part, ast.Constant)))
    return inserted[0] == inserted[1] and (words[0].split() == words[1].split() or bool(CHINESE.search(words[1])))


def comments(code):
    return [
        each.string for each in tokenize.generate_tokens(io.StringIO(code).readline) if each.type == tokenize.COMMENT
    ]


def check_code(english, chinese, where):
    assert same_code(ast.parse(english), ast.parse(chinese)), f"{where}: the code differs in more than texts"
    ours, theirs = comments(english), comments(chinese)
    assert len(ours) == len(theirs), f"{where}: comments {ours} and {theirs}"
    assert all(CHINESE.search(comment) for comment in theirs), f"{where}: not all comments are Chinese"


def prose(text):
    return re.sub(r"\s+", " ", FORMULA.sub(" ", FENCE.sub("", text)))


def formulas(text):
    return Counter(" ".join((a or b).split()) for a, b in FORMULA.findall(FENCE.sub("", text)))


def spans(text):
    return {" ".join(span.split()) for span in SPAN.findall(FENCE.sub("", text))}


def tables(text):
    """Each table's rows, a cell as its numbers, its formulas and its code."""
    found, lines = [[]], [line.strip() for line in text.split("\n")]
    for before, line in pairwise(["", *lines]):
        if line.startswith("|"):
            found += [[]] if not before.startswith("|") else []
            cells = line.strip("|").split("|")
            found[-1].append([(sorted(NUMBER.findall(prose(c))), formulas(c), spans(c)) for c in cells])
    return found[1:]


def check_words(english, chinese, where):
    """What a reader must find in both, whatever the language."""
    assert CHINESE.search(chinese), f"{where}: not Chinese"
    missing = {
        "formulas": formulas(english) - formulas(chinese),
        "code": spans(english) - spans(chinese),
        "numbers": set(NUMBER.findall(prose(english))) - set(NUMBER.findall(prose(chinese))),
        "links": {link.removeprefix("notebooks/") for link in LINK.findall(english)}
        - {link.removeprefix("../") for link in LINK.findall(chinese)},
    }
    assert not any(missing.values()), f"{where}: missing in Chinese: {missing}"
    for ours, theirs in zip(tables(english), tables(chinese), strict=False):
        assert ours == theirs, f"{where}: a table differs"
    assert len(tables(english)) <= len(tables(chinese)), f"{where}: a table is missing"


def headings(text):
    return re.findall(r"^(#+) ", FENCE.sub("", text), re.MULTILINE)


def sections(path):
    """The text above the first heading of second level, and each section, without the line that names the languages."""
    text = re.sub(r"^.*README(\.zh-CN)?\.md\).*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return re.split(r"^(?=## )", text, flags=re.MULTILINE)


def cells(path):
    return [(c["cell_type"], "".join(c["source"])) for c in json.loads(path.read_text(encoding="utf-8"))["cells"]]


class TestReadme:
    def test_the_same_headings(self):
        assert len(set(map(len, map(sections, READMES)))) == 1, "the READMEs have different sections"
        for english, chinese in zip(*map(sections, READMES), strict=True):
            assert headings(english) == headings(chinese), chinese[:40]

    def test_the_same_programs_and_commands(self):
        for english, chinese in zip(*map(sections, READMES), strict=True):
            ours, theirs = FENCE.findall(english), FENCE.findall(chinese)
            assert [language for language, _ in ours] == [language for language, _ in theirs], chinese[:40]
            for (language, block), (_, translated) in zip(ours, theirs, strict=True):
                if language == "python":
                    check_code(block, translated, chinese[:40])
                else:
                    assert block == translated, chinese[:40]

    def test_the_same_numbers_code_tables_and_links(self):
        for english, chinese in zip(*map(sections, READMES), strict=True):
            check_words(english, chinese, chinese[:40])

    @pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
    def test_each_leads_to_the_other(self, path):
        links = LINK.findall(path.read_text(encoding="utf-8"))
        other = next(each for each in READMES if each != path)
        assert other.resolve() in [(path.parent / link).resolve() for link in links]
        assert all((path.parent / link).exists() for link in links)


def test_the_notebooks_that_a_beginner_needs_are_there():
    assert [path.name[:2] for path in NOTEBOOKS] == ["00", "06", "08"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks(path):
    english = cells(path.with_name(path.name.replace(".zh-CN", "")))
    chinese = cells(path)
    assert [kind for kind, _ in english] == [kind for kind, _ in chinese], "other cells"
    for place, ((kind, ours), (_, theirs)) in enumerate(zip(english, chinese, strict=True)):
        if kind == "code":
            check_code(ours, theirs, f"cell {place}")
        else:
            assert headings(ours) == headings(theirs), f"cell {place}"
            check_words(ours, theirs, f"cell {place}")


class TestWhatCounts:
    """The comparison itself."""

    @pytest.mark.parametrize(
        ("english", "chinese"),
        [
            ("x = 1", "x = 2"),
            ("f(x)", "f(y)"),
            ("loss = 'mse'", "loss = 'mae'"),
            ("print(f'{x} left')", "print(f'还剩 {y}')"),
            ("print(f'{x} left')", "print(f'{x} right')"),
            ("print('left')", "print('左', x)"),
        ],
    )
    def test_other_code(self, english, chinese):
        assert not same_code(ast.parse(english), ast.parse(chinese))

    @pytest.mark.parametrize(
        ("english", "chinese"),
        [
            ("f(x)  # left", "f(x)  # 左"),
            ("print('left', x)", "print('左', x)"),
            ("print(f'{x:4} of {y}')", "print(f'{y} 之中的 {x}')"),
            ("print(f'{x}    {y}')", "print(f'{x}  {y}')"),
        ],
    )
    def test_the_same_code(self, english, chinese):
        assert same_code(ast.parse(english), ast.parse(chinese))

    @pytest.mark.parametrize(
        ("english", "chinese"),
        [
            ("37 exercises", "36 道练习"),
            ("`tg.grad`", "梯度 `tg.hessian`"),
            ("$x^2$", "平方 $x^3$"),
            ("| a | 0.90 |", "| 甲 | 0.91 |"),
            ("| a | 0.90 |\n| b | 2 |", "| 甲 | 0.90 |"),
            ("![a](notebooks/a.svg)", "![甲](b.svg)"),
            ("words", "words"),
        ],
    )
    def test_what_is_missing(self, english, chinese):
        with pytest.raises(AssertionError):
            check_words(english, chinese, "")
