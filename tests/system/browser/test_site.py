"""The whole site: from a web server, without scripts, on a phone, on paper, by screen reader, and in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.system.browser.axe import violations
from tests.system.browser.chromium import DESKTOP, PHONE, Look
from tests.system.browser.listing import AccountList
from tests.system.browser.measures import foreign_elements, pixels_too_wide, style_of
from tests.system.browser.register import FAILING, LONG_NAME

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.browser.chromium import Browsing

_PAGES = (
    "index.html",
    "index.html#q=no+such+account",
    "all.html",
    f"accounts/{FAILING}.html",
    f"accounts/{LONG_NAME}.html",
    "accounts/hostile-markup.html",
    "accounts/hostile-bidi.html",
    "accounts/partners.html",
    "accounts/support.html",
    "revisions/1.html",
    "revisions/3.html",
    "revisions/4.html",
    "history.html",
    "compare.html",
    "compare.html#from=1&to=4",
)
_LOOKS = {
    f"{size}-{scheme}-{language}": Look(viewport=viewport, is_dark=scheme == "dark", language=language)
    for size, viewport, scheme, language in (
        ("desktop", DESKTOP, "light", "en"),
        ("desktop", DESKTOP, "dark", "pl"),
        ("phone", PHONE, "light", "pl"),
        ("phone", PHONE, "dark", "en"),
    )
}
"""Each size with each scheme and each language, and each scheme with each language: no style or text hangs on all three."""


@pytest.mark.parametrize("look", _LOOKS.values(), ids=_LOOKS)
def test_nobody_is_shut_out(browsing: Browsing, small_site: Path, look: Look) -> None:
    """axe-core finds nothing on any kind of page, and nothing has to be scrolled sideways."""
    top = f"{small_site.as_uri()}/"
    page = browsing.open("about:blank", look)
    for path in _PAGES:
        page.goto(f"{top}{path}")
        assert (path, [], 0) == (path, violations(page), pixels_too_wide(page))


def test_nobody_is_shut_out_of_a_long_list(browsing: Browsing, address: str) -> None:
    """axe-core finds nothing in a list of ten thousand either, and after it was searched, sorted and turned over."""
    accounts = AccountList(browsing.open(f"{address}index.html#page=3"))
    assert [] == violations(accounts.page)
    accounts.sorter("Status").click()
    accounts.search.fill("sales")
    assert [] == violations(accounts.page)


def test_every_page_is_quiet(browsing: Browsing, small_site: Path) -> None:
    """No page of the site complains, asks for anything beyond the site, or holds somebody else's markup."""
    page = browsing.open("about:blank")
    paths = sorted(path for path in small_site.rglob("*.html"))
    assert len(paths) > 30
    for path in paths:
        page.goto(path.as_uri())
        assert (path, 0) == (path, foreign_elements(page))
    assert [] == [address for address in browsing.requests if not address.startswith(small_site.as_uri())]


def test_it_works_below_any_path_of_a_web_server(browsing: Browsing, web_address: str) -> None:
    """Search, account, revision and history work from a web server as from a file, and nothing else is asked for."""
    accounts = AccountList(browsing.open(web_address))
    accounts.search.press_sequentially("sprzedaż")
    accounts.link(FAILING).click()
    page = accounts.page
    page.get_by_role("region", name="History", exact=True).get_by_role("link", name="Revision 3").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Revision 3")
    page.get_by_role("navigation", name="Pages", exact=True).get_by_role("link", name="Accounts").click()
    expect(accounts.table).to_be_visible()
    assert [] == [each for each in browsing.requests if not each.startswith(web_address)]
    assert {"accounts", "assets", "index.html", "revisions"} >= {
        each.removeprefix(web_address).split("/")[0] for each in browsing.requests if each != web_address
    }


def test_without_scripts_every_account_can_be_read(browsing: Browsing, small_site: Path) -> None:
    """The list says so and leads to a plain one of all accounts; what would do nothing is not shown."""
    look = Look(runs_scripts=False)
    page = browsing.open((small_site / "index.html").as_uri(), look)
    for control in ("searchbox", "combobox", "button"):
        expect(page.get_by_role(control)).to_have_count(0)
    page.get_by_role("link", name="All accounts on one plain page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("All accounts")
    rows = page.get_by_role("table", name="Accounts").get_by_role("row")
    expect(rows).to_have_count(33 + 1)
    page.get_by_role("link", name=FAILING, exact=True).click()
    expect(page.get_by_role("table", name="Checks of the evidence")).to_be_visible()
    page.get_by_role("region", name="History", exact=True).get_by_role("link", name="Revision 2").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Revision 2")


def test_all_accounts_are_one_page_for_whoever_wants_it(browsing: Browsing, address: str) -> None:
    """The plain page opens with ten thousand rows too."""
    page = browsing.open(f"{address}all.html", Look(runs_scripts=False))
    assert 10_010 == page.locator("tr").count()
    expect(page.get_by_role("link", name=FAILING, exact=True)).to_be_visible()


def test_a_phone_shows_cards_that_still_are_a_table(browsing: Browsing, small_site: Path) -> None:
    """On a narrow screen every value has its name beside it, and can be searched and sorted as on a wide one."""
    accounts = AccountList(browsing.open((small_site / "index.html").as_uri(), Look(viewport=PHONE)))
    accounts.search.fill(FAILING)
    row = accounts.table.get_by_role("row").last
    expect(row.get_by_role("rowheader", name=FAILING)).to_be_visible()
    cells = row.get_by_role("cell")
    expect(cells).to_have_count(7)
    named = cells.evaluate_all("cells => cells.map(cell => getComputedStyle(cell, '::before').content)")
    assert ['"E-mail"', '"Display name"', '"Kind"', '"Server"', '"Status"', '"Created"', '"Last passed"'] == named
    accounts.sorter("Name").click()
    expect(accounts.header("Name")).to_have_attribute("aria-sort", "descending")


def test_paper_has_everything_that_was_found(browsing: Browsing, address: str) -> None:
    """A printed list has all rows of the search, black on white, and none of the controls."""
    accounts = AccountList(browsing.open(f"{address}index.html#q=sales-00", Look(is_dark=True)))
    found = int(accounts.count.inner_text().split()[0])
    assert found > 100
    page = accounts.page
    page.emulate_media(media="print")
    assert "rgb(255, 255, 255)" == style_of(page.locator("body"), "background-color")
    expect(accounts.search).to_be_hidden()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert found == len(accounts.names())
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert 100 == len(accounts.names())
    assert page.pdf().startswith(b"%PDF-")


def test_colours_that_the_reader_forces_are_taken(browsing: Browsing, small_site: Path) -> None:
    """With forced colours a status is still framed, and which page one is on can still be seen."""
    look = Look(has_forced_colours=True)
    page = browsing.open((small_site / "index.html").as_uri(), look)
    status = page.locator("tbody").get_by_text("pending", exact=True).first
    assert "solid" == style_of(status, "border-top-style")
    here = page.get_by_role("navigation", name="Pages", exact=True).get_by_role("link", name="Accounts")
    expect(here).to_have_attribute("aria-current", "page")
    assert "underline" in style_of(here, "text-decoration")
