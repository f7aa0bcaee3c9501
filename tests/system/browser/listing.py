"""The list of accounts as somebody sees it who knows only what stands on the screen, or is read out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Column = Literal["Name", "E-mail", "Display name", "Kind", "Server", "Status", "Created", "Last passed"]
COLUMNS: tuple[Column, ...] = (
    "Name",
    "E-mail",
    "Display name",
    "Kind",
    "Server",
    "Status",
    "Created",
    "Last passed",
)
ROWS_A_PAGE = 100
_CELLS = """table => [...table.tBodies[0].rows].filter(row => !row.hidden)
  .map(row => [...row.cells].map(cell => (cell.querySelector("a, time, .status") ?? cell).textContent.trim()))"""


class AccountList:
    """The list on a page."""

    def __init__(self, page: Page) -> None:
        """Take a page that shows the list in English."""
        self.page = page
        self.search = page.get_by_role("searchbox", name="Search by name or e-mail")
        self.count = page.get_by_role("status")
        self.table = page.get_by_role("table", name="Accounts")

    def filter(self, name: str) -> Locator:
        """Return the field that narrows the list by kind, status, matter, server, owner or label."""
        return self.page.get_by_role("search").get_by_role("combobox", name=name)

    def header(self, column: Column) -> Locator:
        """Return a column's header."""
        return self.table.get_by_role("columnheader", name=column, exact=True)

    def sorter(self, column: Column) -> Locator:
        """Return the button that sorts by a column."""
        return self.header(column).get_by_role("button")

    def link(self, name: str) -> Locator:
        """Return the link to an account's page."""
        return self.table.get_by_role("link", name=name, exact=True)

    def cells(self, column: Column) -> list[str]:
        """Return what the column says of each account shown, from top to bottom, without titles and reasons."""
        rows: list[list[str]] = self.table.evaluate(_CELLS)
        return [row[COLUMNS.index(column)] for row in rows]

    def names(self) -> list[str]:
        """Return the names shown, from top to bottom."""
        return self.cells("Name")

    def expect_count(self, words: str) -> None:
        """Assert that the list says how many accounts it has found."""
        expect(self.count).to_have_text(words)

    def expect_names(self, *names: str) -> None:
        """Assert that the list shows these accounts and no other."""
        expect(self.table.get_by_role("row")).to_have_count(len(names) + 1)
        assert list(names) == self.names()
