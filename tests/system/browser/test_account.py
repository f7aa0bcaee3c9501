"""The page of an account, its history, and the revisions behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.system.browser.listing import AccountList
from tests.system.browser.measures import foreign_elements, is_in_view
from tests.system.browser.register import FAILING, MARKUP, NEVER_VERIFIED, REASON, REDACTED, RENAMED_FROM

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.system.browser.chromium import Browsing


@pytest.fixture
def account(browsing: Browsing, address: str) -> Page:
    """Return the page of the account that was changed, renamed and now fails."""
    return browsing.open(f"{address}accounts/{FAILING}.html")


def title_of(page: Page) -> Locator:
    """Return the main heading."""
    return page.get_by_role("heading", level=1)


def region(page: Page, name: str) -> Locator:
    """Return the part of a page that is called so."""
    return page.get_by_role("region", name=name, exact=True)


def test_from_the_list_into_the_past_and_back(browsing: Browsing, address: str) -> None:
    """Search, open the account, follow its history to the revision that changed it, see before and after, and return."""
    accounts = AccountList(browsing.open(f"{address}index.html"))
    accounts.search.press_sequentially("sprzedaż")
    accounts.link(FAILING).click()
    page = accounts.page
    expect(title_of(page)).to_have_text(FAILING)
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="History").click()
    expect(page.get_by_role("heading", name="History", level=2)).to_be_in_viewport()
    entries = region(page, "History").get_by_role("listitem")
    expect(entries.filter(has_text="Revision 1")).to_contain_text("created")

    region(page, "History").get_by_role("link", name="Revision 2").click()
    expect(title_of(page)).to_have_text("Revision 2")
    change = page.get_by_role("article").filter(has_text=RENAMED_FROM)
    assert is_in_view(change)
    fields = change.get_by_role("table", name=f"Fields of {RENAMED_FROM}")
    port = fields.get_by_role("row").filter(has_text="smtp.port")
    assert ["587", "465"] == port.get_by_role("cell").all_text_contents()

    change.get_by_role("link", name=RENAMED_FROM).click()
    expect(title_of(page)).to_have_text(FAILING)
    for _ in range(4):
        page.go_back()
    expect(accounts.search).to_have_value("sprzedaż")
    accounts.expect_names(FAILING)


def test_the_same_way_by_keyboard(account: Page) -> None:
    """Tab and Enter lead to the section, to the revision and to the one before it."""
    account.keyboard.press("Tab")
    expect(account.get_by_role("link", name="Skip to the content")).to_be_focused()
    account.keyboard.press("Enter")
    account.keyboard.press("Tab")
    expect(account.get_by_role("navigation", name="Sections").get_by_role("link").first).to_be_focused()
    account.get_by_role("navigation", name="Sections").get_by_role("link", name="History").press("Enter")
    account.keyboard.press("Tab")
    expect(account.locator(":focus")).to_have_text("Revision 3")
    account.keyboard.press("Enter")
    expect(title_of(account)).to_have_text("Revision 3")
    account.get_by_role("navigation", name="Revisions before and after").get_by_role("link").first.press("Enter")
    expect(title_of(account)).to_have_text("Revision 2")


def test_the_timeline_has_all_that_happened_newest_first(account: Page) -> None:
    """Revisions and other events stand in one line, those under the earlier name among them."""
    history = region(account, "History")
    told = [text.split("\n")[0] for text in history.get_by_role("heading", level=3).all_inner_texts()]
    begins = ["Verified", "Revision 3", "Revision 2", "Verified", "Revision 1"]
    assert begins == [text[: len(begin)] for text, begin in zip(told, begins, strict=True)]
    expect(history.get_by_role("listitem").filter(has_text="Revision 3").first).to_contain_text(RENAMED_FROM)


def test_settings_and_evidence(account: Page) -> None:
    """Settings by their paths, a secret by its reference only, and every check with its outcome."""
    settings = account.get_by_role("table", name="Settings")
    assert ["465"] == settings.get_by_role("row").filter(has_text="smtp.port").get_by_role("cell").all_text_contents()
    expect(settings).to_contain_text("env:SMTP_STORY_PASSWORD")
    checks = account.get_by_role("table", name="Checks of the evidence")
    expect(checks.get_by_role("row").filter(has_text="auth").first).to_contain_text("failed")
    expect(checks.get_by_role("row").filter(has_text="badCredentials")).to_contain_text("535 5.7.8")
    expect(checks.get_by_role("row").filter(has_text="recipient")).to_contain_text("not made")


def test_delete_shows_what_to_do_and_does_nothing(account: Page) -> None:
    """The command and the lines of the manifest stand there to be copied; no button deletes."""
    delete = region(account, "Delete")
    expect(delete).to_contain_text(f"reconciler accounts delete {FAILING}")
    expect(delete).to_contain_text(f"name: {FAILING}")
    expect(delete).to_contain_text("accounts.d/sales.yaml")
    expect(account.get_by_role("main").get_by_role("button")).to_have_count(0)


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        (NEVER_VERIFIED, "unverified", "It was not verified."),
        ("events", "pending", "awaits the platform's decision"),
        ("newsletter", "active", None),
        ("partners", "rejected", REASON),
        ("support", "suspended", "sent to a list that was bought"),
    ],
)
def test_every_standing_has_its_reason(
    browsing: Browsing, address: str, name: str, status: str, reason: str | None
) -> None:
    """The page says how the account stands, and why it may not send."""
    page = browsing.open(f"{address}accounts/{name}.html")
    expect(page.get_by_role("main")).to_contain_text(f"{status} {reason}" if reason else status)


@pytest.mark.parametrize("name", ["hostile-markup", "hostile-bidi"])
def test_hostile_values_are_text(browsing: Browsing, address: str, name: str) -> None:
    """What the account's titles, labels, reasons and replies hold is read, and makes no element."""
    page = browsing.open(f"{address}accounts/{name}.html")
    assert 0 == foreign_elements(page)
    shown = page.locator("body").inner_text()
    assert MARKUP in shown
    assert [] == [character for character in "\u202e\u202c\x1b" if character in shown]


def test_a_reference_that_is_no_address_of_the_web_is_no_link(browsing: Browsing, address: str) -> None:
    """A pull request's address is a link where it is an https address, and text otherwise; following it is up to the reader."""
    page = browsing.open(f"{address}revisions/2.html")
    link = page.get_by_role("link", name="https://git.example.com/mail/pull/1")
    page.goto(f"{address}revisions/1.html")
    expect(link).to_have_attribute("href", "https://git.example.com/mail/pull/1")
    page.goto(f"{address}revisions/4.html")
    expect(page.get_by_role("main")).to_contain_text("javascript:alert(1)")
    expect(page.locator("a[href^='javascript' i]")).to_have_count(0)


def test_what_was_erased_is_gone(browsing: Browsing, address: str) -> None:
    """The revision that deleted the account tells that it did, and nothing of whose it was."""
    page = browsing.open(f"{address}revisions/4.html")
    expect(page.get_by_role("article")).to_contain_text("deleted")
    expect(page.get_by_role("article")).to_contain_text("Personal data was erased")
    assert f"{REDACTED}@example.com" not in page.content()
    page.goto(f"{address}history.html")
    expect(page.get_by_role("main")).to_contain_text("Personal data erased")


def test_a_revision_of_ten_thousand_changes_is_spread_over_pages(browsing: Browsing, address: str) -> None:
    """A large import is no page that a browser chokes on; its parts can be turned like pages."""
    page = browsing.open(f"{address}revisions/5.html")
    expect(page.get_by_role("heading", name="10,000 changes")).to_be_visible()
    assert page.get_by_role("article").count() <= 200
    page.get_by_role("navigation", name="Parts", exact=True).get_by_role("link", name="2", exact=True).click()
    expect(page).to_have_url(f"{address}revisions/5-2.html")
    page.locator("details.folded > summary").click()
    expect(page.get_by_role("article").first).to_be_visible()


def test_history_leads_to_revisions_and_accounts(browsing: Browsing, address: str) -> None:
    """The page of all that happened is reached from every page, and leads on."""
    page = browsing.open(f"{address}index.html")
    page.get_by_role("navigation", name="Pages", exact=True).get_by_role("link", name="History").click()
    expect(title_of(page)).to_have_text("History")
    page.get_by_role("link", name="support", exact=True).first.click()
    expect(title_of(page)).to_have_text("support")
    page.go_back()
    page.get_by_role("link", name="Revision 4").click()
    expect(title_of(page)).to_have_text("Revision 4")
