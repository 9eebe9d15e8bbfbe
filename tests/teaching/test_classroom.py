"""What a learner calls: lists, sheets, hints, checks, and the table of progress, in memory and in a file."""

from __future__ import annotations

import json

import pytest

from tinygrad_loss.errors import ArgumentError, UnknownNameError
from tinygrad_loss.teaching import Exercises, exercises
from tinygrad_loss.teaching.exercise import EXERCISES, exercise
from tinygrad_loss.teaching.progress import Record


@pytest.fixture
def book():
    return Exercises()


def right(g, y, x):
    return g * 2 * x


def wrong(g, y, x):
    return g * x


class TestLists:
    def test_all_in_the_order_of_the_course(self, book):
        rows = book.list().rows
        assert len(rows) == len(EXERCISES) + 1
        assert [row[1] for row in rows[1:]] == sorted(row[1] for row in rows[1:])

    def test_it_says_which_to_take_next(self, book):
        assert book.list(1).below == "tg.exercises.show('central_difference') tells what is asked."
        book.check("central_difference", EXERCISES["central_difference"].reference)
        assert book.list(1).below == "tg.exercises.show('chain') tells what is asked."

    def test_one_level(self, book):
        assert {row[1] for row in book.list(2).rows[1:]} == {"2"}

    def test_a_mark_at_what_is_solved(self, book):
        book.check("square", right)
        book.check("tanh", wrong)
        marks = {row[2]: row[0] for row in book.list().rows[1:]}
        assert marks["square"] == "✓"
        assert marks["tanh"] == "·"

    def test_the_object_itself_shows_them(self, book):
        assert repr(book) == str(book.list())
        assert book._repr_html_() == book.list()._repr_html_()
        assert "square" in book
        assert "squares" not in book

    def test_no_such_level(self, book):
        with pytest.raises(ArgumentError, match=r"There is no level 5\.\n  Levels run from 1 to 4\.\n  For example"):
            book.list(5)


class TestSheets:
    def test_show(self, book):
        text = str(book.show("maximum_over"))
        assert text.startswith("The largest, and ties (level 2: arrays)\n\nWrite  maximum_over(g, y, x, axis)\n")
        assert text.endswith("There are 3 hints: tg.exercises.hint('maximum_over')")
        assert "share the gradient evenly" in text

    def test_hints_come_one_by_one(self, book):
        hints = EXERCISES["take"].hints
        assert book.hint("take").text == f"1. {hints[0]}"
        assert book.hint("take").text == f"1. {hints[0]}\n2. {hints[1]}"
        assert book.hint("take").title == "take: hints 3 of 3"
        assert book.hint("take").title == "take: hints 3 of 3"  # there are no more

    def test_so_many_hints(self, book):
        assert book.hint("take", 2).text.count("\n") == 1
        assert book.hint("take", 0).title == "take: hints 1 of 3"
        assert book.hint("take", 99).title == "take: hints 3 of 3"

    def test_the_solution_passes(self, book):
        space: dict = {}
        exec("import numpy as np\nfrom typing import Any\n" + book.solution("square").text, space)
        assert book.check("square", space["square"]).passed

    def test_html_is_escaped(self, book):
        @exercise(1, "<i>", cases=lambda: [(1.0,)], hints=("<b>",))
        def evil(x):
            """<script>alert(1)</script>"""
            return x

        try:
            for shown in (book.show("evil"), book.hint("evil"), book.list(), book.progress()):
                page = shown._repr_html_()
                assert "<script>" not in page
                assert "<i>" not in page
                assert page.count("<b>") <= 1  # the title's
            assert "&lt;script&gt;" in book.show("evil")._repr_html_()
        finally:
            del EXERCISES["evil"]

    def test_stubs(self, book):
        text = book.stubs("square", "take")
        assert text.startswith("import numpy as np\n\n\ndef square(g, y, x):\n")
        assert "\n\n\ndef take(g, y, x, index):\n" in text
        compile(book.stubs(), "answers.py", "exec")
        assert book.stubs().count("\ndef ") == len(EXERCISES)


class TestChecking:
    def test_is_noted(self, book):
        assert book.check("square", wrong).diagnoses == ["right up to a factor 0.5"]
        assert book.check("square", right).passed
        assert not book.check("square", wrong).passed  # solved once is solved
        book.hint("square")
        assert book.progress().rows[1] == ["✓", "1", "square", "3", "1 of 2"]
        assert book.progress().below == f"1 of {len(EXERCISES)} solved."

    def test_what_is_not_written_is_no_try(self, book):
        def square(g, y, x):
            raise NotImplementedError

        assert book.check("square", square).diagnoses == ["not written yet"]
        assert len(book.progress().rows) == 1

    def test_no_function(self, book):
        with pytest.raises(ArgumentError) as caught:
            book.check("square", 3.0)
        assert str(caught.value) == (
            "The answer to 'square' is float.\n"
            "  It needs a function, called as square(g, y, x).\n"
            "  Pass the function itself, without calling it: tg.exercises.check('square', square)."
        )

    @pytest.mark.parametrize("ask", ["show", "hint", "solution", "stubs", "check"])
    def test_an_unknown_name(self, book, ask):
        with pytest.raises(UnknownNameError, match=r"exercise identifier: 'sqare'(.|\n)*Did you mean 'square'"):
            getattr(book, ask)("sqare", *([right] if ask == "check" else []))

    def test_each_book_has_its_own_progress(self, book):
        book.check("square", right)
        assert Exercises().progress().below.startswith("0 of")
        assert isinstance(exercises, Exercises)


class TestKeeping:
    def test_in_a_file(self, book, tmp_path):
        path = tmp_path / "progress.json"
        book.keep(path)
        book.check("square", wrong)
        book.hint("take")
        content = json.loads(path.read_text(encoding="utf-8"))
        assert content == {
            "exercises": {
                "square": {"tries": 1, "hints": 0, "solved": False},
                "take": {"tries": 0, "hints": 1, "solved": False},
            }
        }
        later = Exercises()
        later.keep(path)
        assert str(later.progress()) == str(book.progress())
        assert [each.name for each in tmp_path.iterdir()] == ["progress.json"]

    def test_what_the_file_holds_is_added(self, book, tmp_path):
        path = tmp_path / "progress.json"
        other = Exercises()
        other.keep(path)
        other.check("square", right)
        book.check("square", wrong)
        book.keep(path)
        assert book._progress.of("square") == Record(tries=2, hints=0, solved=True)

    @pytest.mark.parametrize(
        "content", ["", "[]", '{"exercises": {"square": 3}}', '{"exercises": {"square": {"a": 1}}}', "\xff"]
    )
    def test_another_file_is_left_alone(self, book, tmp_path, content):
        path = tmp_path / "thesis.json"
        path.write_bytes(content.encode("latin-1"))
        with pytest.raises(
            ArgumentError, match=r"holds no progress of exercises(.|\n)*For example  tg\.exercises\.keep"
        ):
            book.keep(path)
        assert path.read_bytes() == content.encode("latin-1")
        book.check("square", right)
        assert path.read_bytes() == content.encode("latin-1")
