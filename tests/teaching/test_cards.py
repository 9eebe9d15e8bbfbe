"""The explanation cards: one for every op, none of them stale, nothing in them taken for markup."""

from __future__ import annotations

import ast
import re
from html.parser import HTMLParser
from types import MappingProxyType

import numpy as np
import pytest
from browser import launched

import tinygrad_loss as tg
from tinygrad_loss.core.primitive import constant, elementwise, primitive
from tinygrad_loss.core.registry import ops
from tinygrad_loss.errors import ArgumentError, UnknownNameError
from tinygrad_loss.teaching import cards
from tinygrad_loss.teaching.card import card_of
from tinygrad_loss.teaching.checks import check_op, sample_calls
from tinygrad_loss.transforms import vjp

NAMES = sorted(ops.keys() - {"item"})


class Elements(HTMLParser):
    """The tags of a page, which must close in order, and the text between them."""

    VOID = frozenset({"meta", "input", "br", "wbr"})

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.texts, self.anchors, self.links = [], [], [], [], []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        given = dict(attributes)
        self.anchors += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if "href" in given else []
        assert not {"src", "onclick", "onload"} & given.keys()
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(data)


@pytest.mark.parametrize("name", NAMES)
def test_every_op_has_a_card_that_is_right(name):
    card = card_of(ops[name])
    assert card.check.passed is True, card.check.text
    assert card.summary
    assert card.signature.startswith(f"{name}(")
    assert ":" not in card.signature.partition("template")[0].replace("::", "")  # no annotations
    sections = dict(card.sections)
    assert sections["formula"] == ops[name].info["formula"]
    assert sections.get("derivative", "") == ops[name].info.get("derivative", "")
    assert sections.get("at the kink", "") == ops[name].info.get("kink", "")
    assert {"kind", "both modes", "shapes", "try it", "its block"} <= sections.keys()
    assert all(text for _, text in card.sections)


class TestKinks:
    """A card is stale too if a kink is not on it, or another value than the rule's."""

    POINTS = np.arange(-14, 15) / 2
    VALUES = MappingProxyType(
        {"0": 0.0, "α": 1.0, "slope": 0.2, "λα": 1.7580993408473766, "∞": np.inf, "-∞": -np.inf, "1/ε": 1e7}
    )

    @staticmethod
    def kinks(function):
        """The points at which an elementwise function of one input jumps, or its slopes to both sides differ."""
        h = 1e-7
        with np.errstate(all="ignore"):
            far_left, left, right, far_right = (function(TestKinks.POINTS + k * h) for k in (-2, -1, 1, 2))
            slopes = (left - far_left) / h, (far_right - right) / h
            turns = np.abs(slopes[1] - slopes[0]) > 1e-3 * (1 + np.abs(slopes[0]))
            jumps = np.abs(right - left) > 1e-3
            poles = (np.abs(right) > 1e5) | ~np.isfinite(function(TestKinks.POINTS))  # of 1/x, of ln |Γ(x)|
        return TestKinks.POINTS[(turns | jumps) & ~poles]

    @pytest.mark.parametrize("name", [name for name in NAMES if ops[name].kind == "elementwise"])
    def test_is_on_the_card(self, name):
        op = ops[name]
        count = op.parameters.inputs
        attributes = sample_calls(op)[0][1]
        for moving in range(count):
            for held in (0.5, 2.0):

                def function(x, moving=moving, held=held):
                    inputs = [x if i == moving else np.full_like(x, held) for i in range(count)]
                    results = op.call(*inputs, **attributes)
                    return np.asarray(results[0] if isinstance(results, tuple) else results, float)

                if name not in ("where", "dropout", "ldexp", "nan_to_num"):  # other inputs than numbers; inf and nan
                    found = self.kinks(function)
                    assert not found.size or "kink" in op.info, f"input {moving} at {found}"

    @pytest.mark.parametrize("name", [name for name in NAMES if ops[name].kind == "elementwise"])
    def test_has_the_value_that_the_rule_gives(self, name):
        op = ops[name]
        stated = re.match(r"(\S+) at (?!a = |the origin)", op.info.get("kink", ""))
        if op.parameters.inputs == 1 and stated:
            attributes = sample_calls(op)[0][1]
            found = self.kinks(lambda x: np.asarray(op.call(x, **attributes)))
            points = found if found.size else np.array([0.0])  # a square root has no left side
            points = points[points > 0] if name in ("arccos", "arcsin", "arccosh") else points
            points = points[points < 1e-7] if name == "clipped_log" else points
            slope = vjp(lambda x: op.call(x, **attributes), points)[1](np.ones_like(points))
            assert np.all(np.asarray(slope) == self.VALUES[stated[1]]), (points, slope)


class TestChecks:
    def test_a_wrong_rule_is_seen(self, declare):
        samples = {"formula": "y = 3x", "samples": lambda: [[np.array([1.0, 2.0])]]}
        declare(elementwise(lambda t, y, x: 2 * t, name="thrice", **samples), lambda x: 3 * x)
        check = check_op(ops["thrice"])
        assert check.passed is False
        assert "right up to a factor 0.6667" in check.text
        assert card_of(ops["thrice"]).badge.startswith("✗ sample 0:")
        assert [card.name for card in cards("thrice", "exp").wrong] == ["thrice"]

    def test_a_wrong_second_derivative_is_seen(self, declare):
        samples = {"formula": "y = x³", "samples": lambda: [[np.array([1.0, 2.0])]]}
        held = lambda g, y, x: g * 3 * tg.stop_gradient(x) ** 2  # noqa: E731
        declare(primitive(held, name="cubed", **samples), lambda x: x**3)
        assert check_op(ops["cubed"]).passed is False

    def test_forward_mode_is_held_against_reverse_mode(self, declare):
        samples = {"formula": "y = 3x", "samples": lambda: [[np.array([1.0, 2.0])]]}
        rule = primitive(lambda g, y, x: 3 * g, pushes=[lambda t, y, x: 2 * t], name="thrice", **samples)
        declare(rule, lambda x: 3 * x)
        check = check_op(ops["thrice"])
        assert check.passed is False
        assert "u·(J t)" in check.text

    def test_without_samples_it_says_so(self, declare):
        declare(elementwise(lambda t, y, x: t, name="same", formula="y = x"), lambda x: x)
        check = check_op(ops["same"])
        assert check.passed is None
        assert check.text == "not checked: the op has no samples"

    def test_a_constant_op_lets_nothing_through(self):
        assert check_op(ops["greater"]).text.endswith("no gradient flows")

    def test_attributes_come_by_position_or_by_name(self):
        for op in (ops["sum"], ops["concatenate"], ops["getitem"]):
            for inputs, attributes in sample_calls(op):
                assert all(isinstance(x, (np.ndarray, int, float)) for x in inputs)
                assert set(attributes) <= set(op.parameters.names)


class TestNumbers:
    def test_the_example_is_worked_out(self):
        lines = dict(card_of(ops["multiply"]).sections)["with numbers"].split("\n")
        assert lines[0] == "a = [[0.0512, 0.3487, -0.3241], [-0.9406, -0.5047, -1.0416]]"
        assert lines[3] == "with ∂L/∂y = [[1., 2., 3.], [4., 5., 6.]]"
        (a, b), _ = sample_calls(ops["multiply"])[0]
        expected = np.arange(1.0, 7.0).reshape(2, 3) * b
        shown = np.array(ast.literal_eval(lines[4].removeprefix("∂L/∂a = ")))
        np.testing.assert_allclose(shown, expected, atol=5e-5)  # to four places
        product = f"{float(a[0, 0]):.4g}·{float(b[0, 0]):.4g} = {float(a[0, 0] * b[0, 0]):.4g}"
        assert lines[6] == f"first element: y = a·b = {product}"

    def test_shapes_map_as_on_the_samples(self):
        shapes = dict(card_of(ops["sum"]).sections)["shapes"].split("\n")
        assert "(2, 3), axis=0, keepdims=False → (3,)" in shapes or "(2, 3), axis=0 → (3,)" in shapes

    def test_both_modes_follow_from_the_kind(self):
        texts = {name: dict(card_of(ops[name]).sections)["both modes"] for name in ("exp", "sum", "matmul", "greater")}
        assert "its own transpose" in texts["exp"]
        assert "Forward mode is the op itself" in texts["sum"]
        assert "f(ȧ, b) + f(a, ḃ)" in texts["matmul"]
        assert "No gradient" in texts["greater"]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    playwright, browser = launched()
    page = browser.new_page(viewport={"width": 700, "height": 800})
    troubles = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    path = cards("exp", "log_softmax", "binary_cross_entropy_with_logits").save(
        tmp_path_factory.mktemp("page") / "a.html"
    )
    page.goto(path.as_uri())
    yield page
    browser.close()
    playwright.stop()
    assert not troubles


@pytest.mark.browser
class TestInABrowser:
    def test_the_field_finds_cards_and_their_links(self, page):
        page.fill("input", "Softmax")
        assert page.locator("article:visible h2").all_inner_texts() == ["log_softmax(x, axis=-1)"]
        assert page.locator("nav a:visible").count() == 1
        assert page.locator(".none").is_hidden()

    def test_it_says_that_it_finds_none(self, page):
        page.fill("input", "no such card")
        assert page.locator("article:visible").count() == 0
        assert page.locator(".none").is_visible()
        page.fill("input", "")
        assert page.locator("article:visible").count() == 3
        assert page.locator(".none").is_hidden()

    @pytest.mark.parametrize("width", [360, 700, 1300])
    def test_nothing_is_wider_than_the_page(self, page, width):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    @pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
    def test_it_follows_the_readers_colours(self, page, scheme, dark):
        page.emulate_media(color_scheme=scheme)
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (int(re.search(r"\d+", colour)[0]) < 128) == dark


class TestForms:
    def test_the_page_is_whole(self):
        page = Elements(cards("exp", "max", "matmul").html())
        assert page.tags.count("article") == 3
        assert sorted(page.links) == sorted(f"#{name}" for name in page.anchors)
        assert any("ties share the gradient evenly" in text for text in page.texts)

    def test_prose_is_wrapped_in_text(self):
        prose = str(cards("relu6")).split("  shapes ")[0].splitlines()
        assert max(map(len, prose)) <= 110
        assert any("Its Jacobian is diagonal" in line for line in prose)

    def test_one_card_stands_by_itself(self):
        page = Elements(cards("exp").html())
        assert page.tags.count("article") == 1
        assert not {"input", "nav", "h1"} & set(page.tags)

    def test_markup_in_an_op_is_shown_not_obeyed(self, declare):
        evil = "<script>alert(1)</script> & \"'`*_|"
        kernel = lambda x: x > 0  # noqa: E731
        kernel.__doc__ = f"{evil}\n\nSource: {evil}"
        declare(constant(name="evil", formula=evil, samples=lambda: [[np.ones(2)]]), kernel)
        deck = cards("evil")
        page = Elements(deck.html())
        assert page.tags.count("script") == 0
        assert Elements(cards("evil", "exp").html()).tags.count("script") == 1  # the page's own
        assert sum(text.count(evil) for text in page.texts) == 1  # the formula
        assert sum(text.count(evil.replace("`", "")) for text in page.texts) == 2  # summary and source, without markup
        assert "<script>" not in deck.markdown().replace(f"``{evil}``", "")  # as code it is literal
        assert evil in str(deck)

    def test_the_notebook_shows_the_page_in_a_frame(self):
        shown = cards("exp")._repr_html_()
        assert shown.startswith("<iframe srcdoc=")
        assert shown.count("<") == 2  # everything inside is escaped

    @pytest.mark.parametrize(
        ("ending", "start"), [("html", "<!doctype html>"), ("md", "## `exp(x)`"), ("txt", "exp(x)")]
    )
    def test_saved_by_its_ending(self, tmp_path, ending, start):
        path = cards("exp").save(tmp_path / f"cards.{ending}")
        assert path.read_text(encoding="utf-8").startswith(start)

    def test_another_ending(self, tmp_path):
        with pytest.raises(ArgumentError, match=r"Cards cannot be written to 'cards.pdf'(.|\n)*\.html, \.md or \.txt"):
            cards("exp").save(tmp_path / "cards.pdf")

    def test_an_unknown_name(self):
        with pytest.raises(UnknownNameError, match=r"Did you mean .*'matmul'"):
            cards("matmull")

    def test_all_of_them(self):
        assert [card.name for card in cards().cards] == NAMES
