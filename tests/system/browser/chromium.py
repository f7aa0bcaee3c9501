"""Chromium as the browser tests use it: without network, every request and every complaint noted.

A page may load files and what a server on loopback has; every other request is refused and told. So is whatever the
browser writes to its console as an error or a warning, which is where it tells of a policy that was violated, and every
exception that a script does not catch.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playwright.sync_api import expect, sync_playwright

from tests.system.support.processes import LOOPBACK, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Route, ViewportSize

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
DESKTOP: ViewportSize = {"width": 1200, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
TIME_ZONE = "Europe/Warsaw"
_TIMEOUT_SECONDS = 60
"""Long, because a machine may be busy with other things; a page that works is never waited for so long."""
_ARGUMENTS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_LOCAL_SCHEMES = frozenset({"file", "about", "blob", "data"})
_COMPLAINTS = frozenset({"error", "warning", "assert"})


@dataclass(frozen=True, kw_only=True)
class Look:
    """Who looks at a page, and on what."""

    language: str = "en-GB"
    is_dark: bool = False
    viewport: ViewportSize = field(default_factory=lambda: DESKTOP)
    runs_scripts: bool = True
    has_forced_colours: bool = False
    wants_less_motion: bool = False


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Run Chromium without a window; without one the test is skipped, or fails where CI is set."""
    path = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if path is None:
        missing(f"none of {', '.join(PROGRAMS)} is installed (tests/system/packages.txt names the package)")
    expect.set_options(timeout=_TIMEOUT_SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=list(_ARGUMENTS),
            chromium_sandbox=os.geteuid() != 0,  # root has no sandbox: Chromium would not start
        )
        try:
            yield browser
        finally:
            browser.close()


class Browsing:
    """Pages that one test opens, and everything about them that should not have been."""

    def __init__(self, browser: Browser) -> None:
        """Use a running browser."""
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.requests: list[str] = []
        self.troubles: list[str] = []

    def open(self, address: str, look: Look | None = None) -> Page:
        """Return the page at an address, loaded, in a profile of its own."""
        page = self._context(look or Look()).new_page()
        page.goto(address)
        return page

    def require_quiet(self) -> None:
        """Assert that no page complained, and that none asked for anything beyond this machine."""
        assert [] == self.troubles, "\n".join(self.troubles)

    def close(self) -> None:
        """Close every page."""
        for context in self._contexts:
            context.close()

    def _context(self, look: Look) -> BrowserContext:
        context = self._browser.new_context(
            viewport=look.viewport,
            locale=look.language,
            timezone_id=TIME_ZONE,
            color_scheme="dark" if look.is_dark else "light",
            forced_colors="active" if look.has_forced_colours else "none",
            reduced_motion="reduce" if look.wants_less_motion else "no-preference",
            java_script_enabled=look.runs_scripts,
        )
        context.set_default_timeout(_TIMEOUT_SECONDS * 1000)
        context.route("**/*", self._admit)
        context.on("console", self._note_message)
        context.on("weberror", lambda failure: self._note_failure(failure.error))
        self._contexts.append(context)
        return context

    def _admit(self, route: Route) -> None:
        address = route.request.url
        self.requests.append(address)
        if is_local(address):
            route.continue_()
        else:
            self.troubles.append(f"request to the network: {address}")
            route.abort()

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in _COMPLAINTS:
            self.troubles.append(f"console: {message.type}: {message.text}")

    def _note_failure(self, failure: Error) -> None:
        self.troubles.append(f"exception: {failure.message}")


def is_local(address: str) -> bool:
    """Tell whether an address is a file's, or a server's on loopback."""
    parts = urlsplit(address)
    return parts.scheme in _LOCAL_SCHEMES or (parts.scheme == "http" and parts.hostname == LOOPBACK)
