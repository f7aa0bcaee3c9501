"""The page of a plan: whole, quiet, and made of nobody's words but ours outside its text."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given, settings

from reconciler.render.html import plan_page
from reconciler.render.safe import UNSAFE
from tests.render import saved
from tests.render.hostile import MARKUP, hostile_saved_plan
from tests.render.test_markdown import hostile_text, later

_VOID = frozenset({"meta", "br", "img", "link", "input"})
_ATTRIBUTES = frozenset(
    {"lang", "charset", "http-equiv", "content", "name", "class", "href", "id", "scope", "aria-labelledby",
     "aria-hidden", "aria-label", "tabindex", "open"}
)  # fmt: skip
_LUMINANCE = (0.2126, 0.7152, 0.0722)


class Page(HTMLParser):
    """What a browser would make of a page: elements in order, with attributes, and the text of each."""

    def __init__(self, text: str) -> None:
        """Read the page; every element must be closed by its own end tag."""
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.comments: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert [] == self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the element that is open."""
        assert tag == self._open.pop()

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.texts.append((self._open[-1] if self._open else "", data))

    def handle_comment(self, data: str) -> None:
        """Note a comment."""
        self.comments.append(data)

    def text_of(self, tag: str) -> list[str]:
        """Return the texts directly inside elements of this name."""
        return [data for around, data in self.texts if around == tag]


def assert_nobody_else_marks_up(page: Page) -> None:
    """Assert that the page has the elements and attributes of ours alone."""
    assert {tag for tag, _ in page.elements} <= {
        "html", "head", "meta", "title", "style", "body", "a", "header", "main", "footer", "nav", "section", "article",
        "details", "summary",
        "h1", "h2", "h3", "p", "ul", "li", "code", "pre", "span", "table", "caption", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert {name for _, attributes in page.elements for name in attributes} <= _ATTRIBUTES
    assert [] == page.comments
    links = [attributes["href"] or "" for tag, attributes in page.elements if tag == "a"]
    assert [] == [link for link in links if not re.fullmatch("#[a-z]+", link)]
    assert ["style"] == [tag for tag, _ in page.elements if tag in {"style", "script"}]


def test_the_policy_allows_the_style_of_the_page_and_nothing_else() -> None:
    """The page may load nothing, run nothing and send nothing; its own style is known by its hash."""
    page = Page(plan_page(saved.reviewed_plan()))
    (policy,) = [
        attributes["content"] for _, attributes in page.elements if "http-equiv" in attributes
    ]  # fmt: skip
    style = "".join(page.text_of("style"))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    expected = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert expected == policy
    assert "url(" not in style
    assert "@import" not in style


def test_the_page_has_what_the_comment_has_in_the_same_order() -> None:
    """Summary, refusals, deletions before all other changes, rotations and held ones apart, what is sent where."""
    page = Page(plan_page(saved.reviewed_plan()))
    expected = ["Why it is refused, and what to do", "Deletions (1)", "Renames (1)", "Updates (3)", "Creations (2)"]
    expected += ["Rotated secrets (1)", "Held (1)", "What is sent where", "Guards lifted and grants used"]
    assert [*expected, "Warnings and notes"] == page.text_of("h2")
    assert ["Plan for mail"] == page.text_of("h1")
    assert 'grants:\n  - {secret: "env:SMTP_RELAY", servers: ["mail.example.net:587"]}' in page.text_of("pre")
    assert "Withheld, see above." in page.text_of("p")


def test_every_account_is_on_the_page() -> None:
    """A page is not cut, however many accounts there are."""
    page = Page(plan_page(saved.many_changes(2000)))
    assert 2000 == len({text for text in page.text_of("code") if re.fullmatch(r"desk-\d{4}", text)})
    assert Counter(tag for tag, _ in page.elements)["article"] < 10


def test_the_page_can_be_followed_without_looking() -> None:
    """It has a language, landmarks, headings in order, names for sections and tables, and words for symbols."""
    page = Page(plan_page(saved.reviewed_plan()))
    tags = [tag for tag, _ in page.elements]
    assert {"lang": "en"} == page.elements[0][1]
    assert [1] * 4 == [tags.count(tag) for tag in ("header", "main", "footer", "nav")]
    identities = [attributes["id"] or "" for _, attributes in page.elements if "id" in attributes]
    assert sorted(set(identities)) == sorted(identities)
    named = [attributes.get("aria-labelledby") for tag, attributes in page.elements if tag == "section"]
    assert [] == [name for name in named if name not in identities]
    assert tags.count("table") == tags.count("caption")
    levels = [int(tag[1]) for tag in tags if tag in {"h1", "h2", "h3"}]
    assert [] == [after for before, after in pairwise(levels) if after > before + 1]
    targets = [(attributes["href"] or "").removeprefix("#") for tag, attributes in page.elements if tag == "a"]
    assert [] == [target for target in targets if target not in identities]
    assert {"Passed:", "Failed:", "Warning:", "Not made:"} <= set(page.text_of("span"))


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rgb`` or ``#rrggbb`` (WCAG 2.2)."""
    digits = colour.removeprefix("#")
    whole = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(whole[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip(_LUMINANCE, linear, strict=True))


def contrast(scheme: dict[str, str], ground: str, ink: str) -> float:
    """Return the contrast of a colour of text to a background (WCAG 2.2)."""
    light, dark = sorted((luminance(scheme[ground]), luminance(scheme[ink])), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_can_be_read_in_light_and_dark_and_in_print() -> None:
    """Every colour of text has a contrast of 4.5 or more to both backgrounds, in each scheme (WCAG 2.2, AA)."""
    style = "".join(Page(plan_page(saved.empty_plan())).text_of("style"))
    schemes = [dict(re.findall(r"--(\w+): (#[0-9a-f]+)", rule)) for rule in re.findall(r":root \{([^}]*)\}", style)]
    assert 3 == len(schemes)
    for scheme in schemes:
        for ground in ("paper", "panel"):
            for ink in ("ink", "faint", "bad", "good", "warn", "note"):
                assert contrast(scheme, ground, ink) >= 4.5, (ground, ink, scheme)
        for hue in ("bad", "good", "warn", "note"):
            for ink in (hue, "ink"):
                assert contrast(scheme, f"{hue}wash", ink) >= 4.5, (hue, ink, scheme)


def test_the_same_plan_has_the_same_page() -> None:
    """Neither time nor duration nor order of making shows."""
    plan = saved.reviewed_plan()
    assert plan_page(plan) == plan_page(later(plan))


def test_plans_without_changes_have_a_page_too() -> None:
    """An empty plan says so, and one that could not be made tells why."""
    assert "Nothing would change." in Page(plan_page(saved.empty_plan())).text_of("p")
    invalid = Page(plan_page(saved.invalid_plan()))
    assert ["What is wrong"] == invalid.text_of("h2")[:1]
    assert "No plan could be made." in invalid.text_of("p")


@pytest.mark.parametrize("attack", MARKUP)
def test_hostile_names_stay_text(attack: str) -> None:
    """Whatever stands in a manifest, a reply or state is text of the page, and no line of it is a command of a log."""
    page = plan_page(hostile_saved_plan(attack))
    assert_nobody_else_marks_up(Page(page))
    assert [] == UNSAFE.findall(page.replace("\n", ""))
    assert [] == re.findall(r"^\s*::|##[a-z]*\[", page, re.MULTILINE)


def test_an_attack_is_shown_as_it_is() -> None:
    """What was written is what reviewers read."""
    page = Page(plan_page(hostile_saved_plan("<b onclick='x'>&amp;")))
    assert "<b onclick='x'>&amp;0" in page.text_of("code")


@settings(max_examples=30, deadline=None)
@given(hostile_text)
def test_nobody_else_marks_up_whatever_they_write(text: str) -> None:
    """For any text the page has the elements and attributes of ours alone."""
    page = plan_page(hostile_saved_plan(text))
    assert_nobody_else_marks_up(Page(page))
    assert page.encode()
