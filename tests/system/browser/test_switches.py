"""Language and theme: as the browser says, and as the reader chooses, by mouse and by keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.system.browser.chromium import Look
from tests.system.browser.measures import style_of
from tests.system.browser.register import FAILING
from tests.system.browser.site import write_site

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.system.browser.chromium import Browsing

_WHITE, _BLACK = "rgb(255, 255, 255)", "rgb(13, 17, 23)"
_ENGLISH, _POLISH = "Accounts", "Konta"


def heading(page: Page) -> str:
    """Return the main heading."""
    return page.get_by_role("heading", level=1).inner_text()


def language(page: Page) -> str | None:
    """Return the language that the page says it is in."""
    return page.locator("html").get_attribute("lang")


def paper(page: Page) -> str:
    """Return the colour behind everything."""
    return style_of(page.locator("body"), "background-color")


@pytest.mark.parametrize(
    ("wanted", "expected", "tag"),
    [("en-GB", _ENGLISH, "en"), ("pl-PL", _POLISH, "pl"), ("pl", _POLISH, "pl"), ("de-DE", _ENGLISH, "en")],
)
def test_the_browser_chooses_the_language(
    browsing: Browsing, address: str, wanted: str, expected: str, tag: str
) -> None:
    """Polish for whose browser asks for it, English for everybody else."""
    page = browsing.open(f"{address}index.html", Look(language=wanted))
    assert (expected, tag) == (heading(page), language(page))


def test_the_reader_chooses_the_language(browsing: Browsing, address: str) -> None:
    """The switch changes every word at once, without losing the search, and is remembered on every page."""
    page = browsing.open(f"{address}index.html#q={FAILING}")
    page.get_by_label("Language").select_option("Polski")
    assert (_POLISH, "pl") == (heading(page), language(page))
    expect(page.get_by_role("searchbox", name="Szukaj według nazwy lub adresu e-mail")).to_have_value(FAILING)
    expect(page.get_by_role("status")).to_have_text("1 konto z 10\u00a0009")
    expect(page.get_by_role("columnheader", name="Utworzono")).to_be_visible()
    expect(page).to_have_title("Konta · mail")
    page.locator("#accounts").get_by_role("link", name=FAILING, exact=True).click()
    expect(page.get_by_role("heading", name="Weryfikacja", exact=True)).to_be_visible()
    page.reload()
    assert "pl" == language(page)
    page.get_by_label("Język").select_option("English")
    assert "en" == language(page)


def test_the_language_is_chosen_by_keyboard(browsing: Browsing, address: str) -> None:
    """The switch takes keys, and keeps the focus."""
    page = browsing.open(f"{address}index.html")
    switch = page.get_by_label("Language")
    switch.focus()
    page.keyboard.type("Pol")
    assert "pl" == language(page)
    expect(page.get_by_label("Język")).to_be_focused()


def test_nothing_is_left_untranslated(browsing: Browsing, address: str) -> None:
    """A page in Polish has no English words of ours, but where it says that they are English."""
    page = browsing.open(f"{address}accounts/{FAILING}.html", Look(language="pl"))
    own = page.evaluate("""() => [...document.querySelectorAll('h1, h2, h3, dt, th[scope=col], caption, label, button')]
      .filter(each => !each.closest('[lang=en]') && !each.querySelector('code, time')).map(each => each.textContent)""")
    english = browsing.open(f"{address}accounts/{FAILING}.html").locator("body").inner_text().split("\n")
    assert len(own) > 20
    # Words that both languages share.
    assert {"E-mail", "Status"} >= {text for text in own if text in english}


@pytest.mark.parametrize("is_dark", [False, True])
def test_the_system_chooses_the_theme(browsing: Browsing, address: str, *, is_dark: bool) -> None:
    """Without a choice the page is as light or as dark as everything else on the screen, and follows it."""
    page = browsing.open(f"{address}index.html", Look(is_dark=is_dark))
    assert (_BLACK if is_dark else _WHITE) == paper(page)
    page.emulate_media(color_scheme="light" if is_dark else "dark")
    assert (_WHITE if is_dark else _BLACK) == paper(page)


def test_the_reader_chooses_the_theme(browsing: Browsing, address: str) -> None:
    """The choice wins over the system's, is remembered on every page, and can be taken back."""
    page = browsing.open(f"{address}index.html")
    page.get_by_label("Theme").select_option("Dark")
    assert _BLACK == paper(page)
    page.get_by_role("link", name="History").click()
    expect(page.get_by_label("Theme")).to_have_value("dark")
    assert _BLACK == paper(page)
    page.get_by_label("Theme").focus()
    page.keyboard.type("Li")
    assert _WHITE == paper(page)
    page.emulate_media(color_scheme="dark")
    assert _WHITE == paper(page)
    page.get_by_label("Theme").select_option("As the system")
    assert _BLACK == paper(page)


def test_a_site_in_one_language_has_no_switch(browsing: Browsing, small_register: Path, tmp_path: Path) -> None:
    """With --lang the language is settled, whatever the browser asks for."""
    site = write_site(small_register, tmp_path / "site", "--lang", "pl")
    page = browsing.open((site / "index.html").as_uri(), Look(language="en-GB"))
    assert (_POLISH, "pl") == (heading(page), language(page))
    expect(page.get_by_role("combobox", name="Język")).to_have_count(0)
    page.get_by_label("Motyw").select_option("Ciemny")
    assert _BLACK == paper(page)
