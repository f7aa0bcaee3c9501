"""The list of ten thousand accounts: searched, filtered, sorted and paged, by mouse and by keyboard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from playwright.sync_api import expect

from tests.system.browser.chromium import Look
from tests.system.browser.listing import COLUMNS, ROWS_A_PAGE, AccountList, Column
from tests.system.browser.measures import style_of
from tests.system.browser.register import FAILING, LONG_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from playwright.sync_api import Locator

    from reconciler.model.accounts.recorded import RecordedAccount
    from tests.system.browser.chromium import Browsing

    Recorded = Mapping[str, RecordedAccount]
    Narrowing = Callable[[RecordedAccount], bool]


@pytest.fixture
def accounts(browsing: Browsing, address: str) -> AccountList:
    """Return the list, opened from a file."""
    return AccountList(browsing.open(f"{address}index.html"))


def some(found: int, recorded: Recorded) -> str:
    """Return how the list says that it found so many."""
    return f"{found:,} account{'' if found == 1 else 's'} of {len(recorded):,}"


def test_the_list_begins_with_all_accounts_by_name(accounts: AccountList, recorded: Recorded) -> None:
    """It says how many there are, shows the first of them, and which column they are sorted by."""
    accounts.expect_count(f"{len(recorded):,} accounts")
    assert len(recorded) > 10_000
    assert sorted(recorded)[:ROWS_A_PAGE] == accounts.names()
    expect(accounts.header("Name")).to_have_attribute("aria-sort", "ascending")
    assert ["ascending"] == [
        sorting for column in COLUMNS if (sorting := accounts.header(column).get_attribute("aria-sort"))
    ]


def test_a_row_tells_what_is_recorded(accounts: AccountList) -> None:
    """Name, title, e-mail, display name, kind, status with its reason, creation and last verification."""
    accounts.search.fill(FAILING)
    accounts.expect_names(FAILING)
    row = accounts.table.get_by_role("row").last
    told = [FAILING, "Sprzedaż Polska", f"{FAILING}@example.com", "Example Sales-Pl", "own", "failing", "2026-01-12"]
    for part in [*told, "The server refused the login: 535 5.7.8 Bad credentials", "2026-06-01 02:00"]:
        expect(row).to_contain_text(part)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sales-pl", [FAILING]),
        ("SALES-PL@", [FAILING]),
        ("sprzeDAŻ", [FAILING]),
        ("-00012", ["sales-00012"]),
        ("<script>", ["hostile-markup"]),
        (LONG_NAME, [LONG_NAME]),
        ("no such account", []),
    ],
)
def test_search_finds_as_one_types(accounts: AccountList, recorded: Recorded, text: str, expected: list[str]) -> None:
    """Name, e-mail and title are searched, whatever their case, key by key; the address keeps what was typed."""
    accounts.search.press_sequentially(text)
    accounts.expect_count(some(len(expected), recorded))
    accounts.expect_names(*expected)
    expect(accounts.search).to_be_focused()
    assert f"q={text}" in unquote(accounts.page.url).replace("+", " ")


def test_a_search_without_result_says_so(accounts: AccountList) -> None:
    """Where nothing fits, words say so, and what to do."""
    accounts.search.fill("no such account")
    expect(accounts.page.get_by_text("No account fits.")).to_be_visible()
    accounts.page.get_by_role("button", name="Show all").click()
    expect(accounts.page.get_by_text("No account fits.")).to_be_hidden()
    expect(accounts.search).to_have_value("")
    assert "#" not in accounts.page.url.rstrip("#")


@pytest.mark.parametrize(
    ("name", "option", "fits"),
    [
        ("Kind", "marketing", lambda account: account.kind == "MarketingAccount"),
        ("Kind", "own", lambda account: account.kind == "OwnAccount"),
        *(
            ("Status", status, lambda account, status=status: account.status == status)
            for status in ("suspended", "rejected", "pending", "failing", "unverified", "active")
        ),
        ("Owner", "carla@example.com", lambda account: account.metadata.owner == "carla@example.com"),
        ("Label", "team=press", lambda account: account.metadata.labels.get("team") == "press"),
        ("Label", "batch=7", lambda account: account.metadata.labels.get("batch") == "7"),
    ],
)
def test_a_filter_shows_what_is_so(
    accounts: AccountList, recorded: Recorded, name: str, option: str, fits: Narrowing
) -> None:
    """Each filter finds exactly the accounts that state has so, and there are some of each."""
    expected = sorted(name for name, account in recorded.items() if fits(account))
    assert expected
    accounts.filter(name).select_option(option)
    accounts.expect_count(some(len(expected), recorded))
    assert expected[:ROWS_A_PAGE] == accounts.names()


def test_filters_and_search_narrow_together(accounts: AccountList, recorded: Recorded) -> None:
    """What fits has to fit all of them."""
    expected = sorted(
        name
        for name, account in recorded.items()
        if "00" in name and account.kind == "MarketingAccount" and account.metadata.labels.get("team") == "events"
    )
    accounts.filter("Kind").select_option("marketing")
    accounts.filter("Label").select_option("team=events")
    accounts.search.fill("00")
    accounts.expect_count(some(len(expected), recorded))
    assert expected[:ROWS_A_PAGE] == accounts.names()


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_sorts_both_ways(accounts: AccountList, column: Column) -> None:
    """A click sorts by a column, another one turns it round; the header says which way."""
    accounts.search.fill("sales")
    if column != "Name":
        accounts.sorter(column).click()
    expect(accounts.header(column)).to_have_attribute("aria-sort", "ascending")
    rising = accounts.cells(column)
    accounts.sorter(column).click()
    expect(accounts.header(column)).to_have_attribute("aria-sort", "descending")
    falling = accounts.cells(column)
    assert [1] == [accounts.table.locator("th[aria-sort]").count()]
    if column != "Status":  # sorted by how much each wants attention, which is another order than the words'
        assert (sorted(rising, key=_order), sorted(falling, key=_order, reverse=True)) == (rising, falling)
    assert rising != falling


def _order(text: str) -> list[tuple[bool, int, str]]:
    """Return what people sort by: numbers in a text by their value, and what never was before everything."""
    parts = re.findall(r"\d+|\D+", "" if text == "never" else text.casefold())
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def test_pages_of_the_list(accounts: AccountList, recorded: Recorded) -> None:
    """Forward and back, up to the last page, with its number in the address."""
    names = sorted(recorded)
    last = -(-len(names) // ROWS_A_PAGE)
    pager = accounts.page.get_by_role("navigation", name="Pages of the list")
    expect(pager).to_contain_text(f"page 1 of {last}")
    expect(pager.get_by_role("button", name="Previous")).to_be_disabled()
    pager.get_by_role("button", name="Next").click()
    expect(pager).to_contain_text(f"page 2 of {last}")
    assert names[ROWS_A_PAGE : 2 * ROWS_A_PAGE] == accounts.names()
    assert "page=2" in accounts.page.url
    pager.get_by_role("button", name="Previous").click()
    assert names[:ROWS_A_PAGE] == accounts.names()
    accounts.page.goto(accounts.page.url.split("#")[0] + f"#page={last}")
    expect(pager).to_contain_text(f"page {last} of {last}")
    assert names[(last - 1) * ROWS_A_PAGE :] == accounts.names()
    expect(pager.get_by_role("button", name="Next")).to_be_disabled()


def _narrow(accounts: AccountList) -> list[str]:
    accounts.search.fill("sales-0")
    accounts.filter("Kind").select_option("marketing")
    accounts.sorter("Name").click()
    expect(accounts.header("Name")).to_have_attribute("aria-sort", "descending")
    return accounts.names()


def test_a_reload_changes_nothing(accounts: AccountList) -> None:
    """Search, filter and order are in the address, so that they are there again."""
    before = _narrow(accounts)
    accounts.page.reload()
    assert before == accounts.names()
    expect(accounts.search).to_have_value("sales-0")
    expect(accounts.filter("Kind")).to_have_value("marketing")


def test_an_address_can_be_handed_on(accounts: AccountList, browsing: Browsing) -> None:
    """Somebody else who opens the address sees the same accounts in the same order."""
    before = _narrow(accounts)
    assert before == AccountList(browsing.open(accounts.page.url)).names()


def test_the_way_back_leads_to_what_was_found(accounts: AccountList) -> None:
    """After looking at an account, back shows the same search again."""
    before = _narrow(accounts)
    accounts.link(before[0]).click()
    expect(accounts.page.get_by_role("heading", level=1)).to_have_text(before[0])
    accounts.page.go_back()
    expect(accounts.search).to_have_value("sales-0")
    assert before == accounts.names()


@pytest.mark.parametrize(
    "fragment",
    [
        "q=<img src=x onerror=alert(1)>",
        "q=%3Cscript%3Ealert(1)%3C/script%3E",
        "q=%",
        "kind=evil&status=__proto__&owner=constructor&label=toString",
        "sort=-__proto__&page=-5",
        "page=1e99&sort=constructor",
        "page=NaN&page=2&&=&q",
    ],
)
def test_a_hostile_address_does_nothing(browsing: Browsing, address: str, fragment: str) -> None:
    """An address that somebody sends shows a list or an empty one; nothing runs, and the page works on."""
    accounts = AccountList(browsing.open(f"{address}index.html#{fragment}"))
    expect(accounts.count).to_contain_text("account")
    accounts.page.get_by_role("button", name="Show all").click()
    expect(accounts.header("Name")).to_be_visible()
    accounts.search.fill(FAILING)
    expect(accounts.link(FAILING)).to_be_visible()


def test_everything_by_keyboard(accounts: AccountList, recorded: Recorded) -> None:
    """Search by /, empty it by Esc, filter, sort, open an account and come back, and never take the hand off the keys."""
    keyboard = accounts.page.keyboard
    keyboard.press("/")
    expect(accounts.search).to_be_focused()
    keyboard.type("sales-0")
    expect(accounts.count).to_contain_text(" of ")
    keyboard.press("Escape")
    expect(accounts.search).to_have_value("")
    accounts.expect_count(f"{len(recorded):,} accounts")
    keyboard.type("example.com/")
    expect(accounts.search).to_have_value("example.com/")
    keyboard.press("Escape")

    keyboard.press("Tab")
    expect(accounts.filter("Kind")).to_be_focused()
    keyboard.type("mark")
    expect(accounts.filter("Kind")).to_have_value("marketing")
    marketing = sorted(name for name, account in recorded.items() if account.kind == "MarketingAccount")
    accounts.expect_count(some(len(marketing), recorded))

    _tab_to(accounts, accounts.sorter("Name"))
    keyboard.press("Enter")
    expect(accounts.header("Name")).to_have_attribute("aria-sort", "descending")
    expect(accounts.sorter("Name")).to_be_focused()
    keyboard.press("Space")
    expect(accounts.header("Name")).to_have_attribute("aria-sort", "ascending")

    _tab_to(accounts, accounts.link(marketing[0]))
    assert "solid" == style_of(accounts.link(marketing[0]), "outline-style")
    keyboard.press("Enter")
    expect(accounts.page.get_by_role("heading", level=1)).to_have_text(marketing[0])
    accounts.page.go_back()  # Alt and the left arrow belong to the window, which there is none of
    expect(accounts.filter("Kind")).to_have_value("marketing")


def _tab_to(accounts: AccountList, target: Locator, *, most: int = 20) -> None:
    """Press Tab until the target has the focus."""
    expect(target).to_be_visible()
    for _ in range(most):
        accounts.page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{target} was not reached by {most} tabs")


def test_a_slash_in_another_field_is_a_slash(accounts: AccountList) -> None:
    """The key leads to the search only from where nobody types or chooses."""
    accounts.filter("Owner").focus()
    accounts.page.keyboard.press("/")
    expect(accounts.filter("Owner")).to_be_focused()


def test_the_count_is_announced(accounts: AccountList) -> None:
    """A screen reader hears how many were found without leaving the search."""
    expect(accounts.count).to_have_attribute("aria-live", "polite")


def test_motion_is_left_out_where_it_is_not_wanted(browsing: Browsing, address: str) -> None:
    """Nothing on the page moves by itself for those who asked for less motion."""
    page = browsing.open(f"{address}index.html", Look(wants_less_motion=True))
    moving = page.evaluate("document.getAnimations().filter(each => each.playState === 'running').length")
    assert 0 == moving
