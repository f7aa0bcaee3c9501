"""One Chromium for all browser tests, and for each test pages of its own that must stay quiet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.browser.chromium import Browsing, running_chromium
from tests.system.browser.register import build_register, recorded_accounts
from tests.system.browser.site import served, write_site

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from playwright.sync_api import Browser

    from reconciler.model.accounts.recorded import RecordedAccount


# Not for the whole session: while Playwright runs, no other test could run an event loop of its own.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Run the browser."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def large_register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with more than 10,000 accounts in state."""
    return build_register(tmp_path_factory.mktemp("large") / "mail", generated=10_000)


@pytest.fixture(scope="package")
def large_site(large_register: Path) -> Path:
    """Return the folder of its site."""
    return write_site(large_register, large_register.parent / "site")


@pytest.fixture(scope="package")
def recorded(large_register: Path) -> Mapping[str, RecordedAccount]:
    """Return the accounts that the large site was made from, by name."""
    return recorded_accounts(large_register)


@pytest.fixture(scope="package")
def small_register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with some thirty accounts in state."""
    return build_register(tmp_path_factory.mktemp("small") / "mail", generated=24)


@pytest.fixture(scope="package")
def small_site(small_register: Path) -> Path:
    """Return the folder of its site."""
    return write_site(small_register, small_register.parent / "the site")


@pytest.fixture(scope="package")
def address(large_site: Path) -> str:
    """Return the address of the large site as a file, which ends with a slash."""
    return f"{large_site.as_uri()}/"


@pytest.fixture(scope="package")
def web_address(small_site: Path) -> Iterator[str]:
    """Serve the small site; return its address, which ends with a slash and has a path of its own."""
    with served(small_site) as address:
        yield address


@pytest.fixture
def loud(chromium: Browser) -> Iterator[Browsing]:
    """Return a way to open pages that may complain."""
    browsing = Browsing(chromium)
    try:
        yield browsing
    finally:
        browsing.close()


@pytest.fixture
def browsing(loud: Browsing) -> Iterator[Browsing]:
    """Return a way to open pages; afterwards none may have complained or asked for anything beyond this machine."""
    yield loud
    loud.require_quiet()
