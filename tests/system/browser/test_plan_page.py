"""The page of a plan in a browser: read by eye, by keyboard, by screen reader, on a phone and on paper."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from reconciler.render.html import plan_page
from tests.render import saved
from tests.render.hostile import MARKUP, hostile_saved_plan
from tests.system.browser.axe import violations
from tests.system.browser.chromium import DESKTOP, PHONE, Look
from tests.system.browser.measures import foreign_elements, is_in_view, pixels_too_wide, style_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from reconciler.model.plan import SavedPlan
    from tests.system.browser.chromium import Browsing

    Show = Callable[..., Page]

_PLANS: dict[str, Callable[[], SavedPlan]] = {
    "mixed": saved.reviewed_plan,
    "empty": saved.empty_plan,
    "invalid": saved.invalid_plan,
    "hostile": lambda: hostile_saved_plan("".join(MARKUP) * 3),
}
_LOOKS = {
    f"{size}-{scheme}": Look(viewport=viewport, is_dark=scheme == "dark")
    for size, viewport in (("desktop", DESKTOP), ("phone", PHONE))
    for scheme in ("light", "dark")
}


@pytest.fixture
def show(browsing: Browsing, tmp_path: Path) -> Show:
    """Return a function that opens the page of a plan."""

    def show_plan(plan: SavedPlan, look: Look | None = None) -> Page:
        path = tmp_path / "plan.html"
        path.write_text(plan_page(plan), encoding="utf-8")
        return browsing.open(path.as_uri(), look)

    return show_plan


@pytest.mark.parametrize("look", _LOOKS.values(), ids=_LOOKS)
@pytest.mark.parametrize("name", _PLANS)
def test_nobody_is_shut_out(show: Show, name: str, look: Look) -> None:
    """axe-core finds nothing, and nothing has to be scrolled sideways, whatever the plan says and wherever it is read."""
    page = show(_PLANS[name](), look)
    assert [] == violations(page)
    assert 0 == pixels_too_wide(page)


def test_the_page_is_one_file(show: Show, browsing: Browsing) -> None:
    """It asks for itself and for nothing else, and no part of its policy is violated."""
    page = show(saved.reviewed_plan())
    page.wait_for_load_state("networkidle")
    assert [page.url] == browsing.requests


def test_the_changes_are_reached_by_keyboard(show: Show) -> None:
    """The first tab stop skips what stands before the changes; the list of sections leads to each of them."""
    page = show(saved.reviewed_plan())
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the changes")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()

    page.goto(page.url.partition("#")[0])  # a page that is reloaded goes on where its address leads
    links = page.get_by_role("navigation", name="Sections").get_by_role("link")
    titles = [title.split(" (")[0] for title in links.all_text_contents()]
    assert titles == [title.split(" (")[0] for title in page.get_by_role("heading", level=2).all_text_contents()]
    page.keyboard.press("Tab")
    for _ in range(titles.index("Creations") + 1):
        page.keyboard.press("Tab")
    expect(links.filter(has_text="Creations")).to_be_focused()
    assert "solid" == style_of(page.locator(":focus"), "outline-style")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{page.url.split('#')[0]}#create")
    assert is_in_view(page.get_by_role("heading", name="Creations"))


def test_a_screen_reader_hears_what_the_eye_sees(show: Show) -> None:
    """Regions have names, and marks have words: what was deleted, what became of a value, what failed."""
    page = show(saved.reviewed_plan())
    region = page.get_by_role("region", name="Updates (3)")
    relay = region.get_by_role("article").filter(has=page.get_by_role("heading", name="update OwnAccount relay"))
    fields = relay.get_by_role("table", name="Fields of relay")
    expect(fields.get_by_role("row", name="update smtp.port 587 becomes 465")).to_be_visible()
    expect(fields.get_by_role("rowheader", name="delete title")).to_be_visible()
    expect(relay.get_by_role("listitem").first).to_contain_text("Failed:")
    expect(page.get_by_role("list", name="How many accounts").get_by_role("listitem").first).to_have_text("1 delete")


def test_it_needs_no_script(show: Show) -> None:
    """With scripts turned off the page is the same."""
    plan = saved.reviewed_plan()
    shown = show(plan).locator("body").inner_text()
    assert shown == show(plan, Look(runs_scripts=False)).locator("body").inner_text()


def test_paper_is_white_and_has_no_links_to_follow(show: Show) -> None:
    """In print, also from a dark screen, ink is black on white, and what only a screen needs is left out."""
    page = show(saved.reviewed_plan(), Look(is_dark=True))
    assert "rgb(13, 17, 23)" == style_of(page.locator("body"), "background-color")
    page.emulate_media(media="print")
    assert "rgb(255, 255, 255)" == style_of(page.locator("body"), "background-color")
    assert "rgb(0, 0, 0)" == style_of(page.locator("body"), "color")
    expect(page.get_by_role("navigation", name="Sections")).to_be_hidden()
    expect(page.get_by_role("heading", name="What is sent where")).to_be_visible()
    assert page.pdf().startswith(b"%PDF-")


def test_marks_remain_where_the_reader_chooses_the_colours(show: Show) -> None:
    """With forced colours a tag is still framed, because its background is not shown."""
    page = show(saved.reviewed_plan(), Look(has_forced_colours=True))
    tag = page.locator("h3").get_by_text("rename", exact=True)
    assert ("solid", "1px") == (style_of(tag, "border-top-style"), style_of(tag, "border-top-width"))


def test_hostile_text_is_read_and_not_run(browsing: Browsing, tmp_path: Path) -> None:
    """What somebody wrote to be markup makes no element, runs nothing and asks for nothing."""
    path = tmp_path / "plan.html"
    page = browsing.open("about:blank")
    for attack in MARKUP:
        path.write_text(plan_page(hostile_saved_plan(attack)), encoding="utf-8")
        page.goto(path.as_uri())
        assert (attack, 0) == (attack, foreign_elements(page))


def test_two_thousand_changes_are_one_page(show: Show) -> None:
    """A long plan opens whole, and its sections can be reached."""
    page = show(saved.many_changes(2000))
    page.get_by_role("link", name="Creations (1,800)").click()
    expect(page.get_by_role("heading", name="Creations (1,800)")).to_be_in_viewport()
    expect(page.locator("article.create code", has_text=re.compile(r"^desk-\d{4}$"))).to_have_count(1800)
