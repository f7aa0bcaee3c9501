"""The browser tests notice what a page must not do: otherwise their silence would say nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.browser.axe import violations
from tests.system.browser.chromium import is_local, running_chromium

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.browser.chromium import Browsing

_POLICY = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">'


def written(folder: Path, head: str = "", body: str = "") -> str:
    """Write a page and return its address."""
    path = folder / "page.html"
    text = f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Page</title>{head}</head>{body}'
    path.write_text(text, encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize(
    ("head", "body", "told"),
    [
        ("", '<img src="https://example.com/pixel.png" alt="">', "request to the network: https://example.com/"),
        ("", "<script>console.error('no good')</script>", "console: error: no good"),
        ("", "<script>throw new Error('not caught')</script>", "exception: not caught"),
        (_POLICY, "<script>document.title = 'run'</script>", "console: error: Executing inline script violates"),
        (_POLICY, '<p style="color: red">styled</p>', "console: error: Applying inline style violates"),
    ],
)
def test_what_a_page_must_not_do_is_noticed(loud: Browsing, tmp_path: Path, head: str, body: str, told: str) -> None:
    """A request to the network, an error of a script, and a policy that was violated are each told."""
    page = loud.open(written(tmp_path, head, body))
    page.wait_for_load_state()
    assert [told] == [trouble[: len(told)] for trouble in loud.troubles if trouble.startswith(told)]
    with pytest.raises(AssertionError):
        loud.require_quiet()


def test_a_quiet_page_is_quiet(browsing: Browsing, tmp_path: Path) -> None:
    """A page that does nothing of the kind is not complained of, and its own request is the only one."""
    address = written(tmp_path, body="<script>console.log('hello')</script>")
    browsing.open(address)
    assert ([address], []) == (browsing.requests, browsing.troubles)


def test_axe_sees_what_is_wrong(browsing: Browsing, tmp_path: Path) -> None:
    """Grey words on white and a field without a name are found, also where the page's policy allows no script."""
    body = '<main><h1>Page</h1><p><font color="#ccc">Pale</font><input></main>'
    page = browsing.open(written(tmp_path, _POLICY, body))
    found = " ".join(violations(page))
    assert "color-contrast" in found
    assert "label" in found


def test_a_missing_browser_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a browser the tests say what to install; where CI is set they fail rather than be skipped."""
    monkeypatch.setenv("PATH", str(tmp_path))
    told = pytest.raises((pytest.skip.Exception, pytest.fail.Exception), match=r"chromium.*packages\.txt")
    with told, running_chromium():
        pass


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("file:///tmp/page.html", True),
        ("http://127.0.0.1:8000/page.html", True),
        ("https://127.0.0.1/page.html", False),
        ("http://127.0.0.1.example.com/page.html", False),
        ("http://user@example.com/127.0.0.1", False),
        ("ws://example.com/", False),
    ],
)
def test_only_files_and_loopback_are_local(address: str, *, expected: bool) -> None:
    """An address that only looks like this machine's is somebody else's."""
    assert expected is is_local(address)
