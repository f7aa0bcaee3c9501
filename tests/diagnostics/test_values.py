"""No problem tells a password, whoever words it and whatever they repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.diagnostics import error, note, warning

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.diagnostics import Diagnostic


@pytest.mark.parametrize("told", [error, warning, note])
@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("host is smtp://anna:pa55@mx.example.com; it", "host is smtp://anna:…@mx.example.com; it"),
        ("x is postgresql:/u:p/a:55@h/db.", "x is postgresql:/u:…@h/db."),
        ("x is HTTPS://:tok@en@h", "x is HTTPS://:…@h"),
        ("a smtp://u:pa55@h and b socks5h://v:55pa@g", "a smtp://u:…@h and b socks5h://v:…@g"),
        ("see https://example.com:8443/a and write ops@example.com", None),
        ("x is env:SMTP_A; write anna@example.com", None),
        ("file:secrets/x and a@b", None),
    ],
)
def test_no_address_tells_its_password(told: Callable[..., Diagnostic], words: str, shown: str | None) -> None:
    """A login in an address is masked in detail and subject; other addresses and references stay."""
    expected = words if shown is None else shown
    found = told("invalidValue", words, subject=words)
    assert (expected, expected) == (found.detail, found.subject)
