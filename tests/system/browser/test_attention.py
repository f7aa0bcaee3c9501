"""What the report opens with, folded revisions, and two revisions compared, as somebody sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.system.browser.axe import violations
from tests.system.browser.chromium import Look
from tests.system.browser.listing import AccountList
from tests.system.browser.register import FAILING, REDACTED, RENAMED_FROM

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.browser.chromium import Browsing


def test_what_fails_is_seen_first_and_leads_to_its_accounts(browsing: Browsing, small_site: Path) -> None:
    """A name leads to its account, a count to the list of those, and showing all brings the others back."""
    accounts = AccountList(browsing.open(f"{small_site.as_uri()}/index.html"))
    attention = accounts.page.get_by_role("region", name="Needs attention")
    expect(attention).to_contain_text("stopped")
    expect(attention).to_contain_text("sent to a list that was bought")
    expect(attention.get_by_role("link", name=FAILING)).to_have_attribute("href", f"accounts/{FAILING}.html")
    attention.get_by_role("link", name="1 stopped").click()
    accounts.expect_names("support")
    expect(accounts.filter("Needs attention")).to_have_value("suspended")
    assert [] == violations(accounts.page)
    accounts.page.get_by_role("button", name="Show all").click()
    expect(accounts.filter("Needs attention")).to_have_value("")


def test_the_list_is_narrowed_to_a_server(browsing: Browsing, small_site: Path) -> None:
    """Each server stands in its column, can be chosen, and is searched."""
    accounts = AccountList(browsing.open(f"{small_site.as_uri()}/index.html"))
    servers = {each for each in accounts.cells("Server") if each}
    chosen = min(servers)
    accounts.filter("Server").select_option(chosen)
    assert {chosen} == set(accounts.cells("Server"))
    assert f"#server={chosen}" in accounts.page.url
    accounts.page.get_by_role("button", name="Show all").click()
    accounts.search.fill(chosen)
    assert chosen in accounts.cells("Server")


def test_the_course_of_verification_is_a_picture_and_a_table(browsing: Browsing, small_site: Path) -> None:
    """The columns have the colours of the style sheet, and say as a table what they show."""
    page = browsing.open(f"{small_site.as_uri()}/index.html")
    chart = page.get_by_role("img", name="verifications")
    expect(chart).to_be_visible()
    assert chart.locator("rect.failing").first.evaluate("each => getComputedStyle(each).fill") != "rgb(0, 0, 0)"
    page.locator("figure summary").click()
    expect(page.get_by_role("table", name="As a table").get_by_role("row").nth(1)).to_contain_text("2026-06-02")


def test_many_creations_are_folded_until_somebody_wants_one(browsing: Browsing, small_site: Path) -> None:
    """The page of a revision that created many says how many; what an address leads to is unfolded."""
    page = browsing.open(f"{small_site.as_uri()}/revisions/1.html")
    folded = page.locator("details.folded")
    expect(folded.get_by_text("created").first).to_be_visible()
    expect(folded.locator("article").first).to_be_hidden()
    page.goto(f"{small_site.as_uri()}/revisions/1.html#change-2")
    expect(page.locator("#change-2")).to_be_visible()


def test_two_revisions_are_compared(browsing: Browsing, small_site: Path) -> None:
    """Renames are followed, what was made and removed between the two is left out, and the address keeps the two."""
    top = small_site.as_uri()
    page = browsing.open(f"{top}/compare.html#from=1&to=4")
    told = page.locator("#differences")
    expect(page.get_by_role("status")).to_contain_text("changed")
    expect(told).to_contain_text(RENAMED_FROM)
    expect(told.get_by_role("table", name=f"Fields of {FAILING}")).to_contain_text("465")
    expect(told.get_by_role("heading", name="Deleted")).to_be_visible()
    expect(told).to_contain_text(REDACTED)
    assert [] == violations(page)
    page.get_by_label("From").select_option("4")
    expect(page.get_by_role("status")).to_have_text("Nothing differs.")
    assert page.url.endswith("#from=4&to=4")
    page.get_by_label("From").select_option("0")
    expect(told).not_to_contain_text(REDACTED)


def test_it_opens_in_polish_too(browsing: Browsing, small_site: Path) -> None:
    """Attention, chart and comparison follow the language of the browser."""
    page = browsing.open(f"{small_site.as_uri()}/index.html", Look(language="pl"))
    expect(page.get_by_role("region", name="Wymaga uwagi")).to_contain_text("1 wstrzymane")
    page.goto(f"{small_site.as_uri()}/compare.html")
    expect(page.get_by_role("heading", level=1)).to_have_text("Porównanie dwóch rewizji")
