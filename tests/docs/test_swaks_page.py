"""The page beside swaks shows the table that the system tests hold to what happens."""

from __future__ import annotations

from tests.system.swaks import PAGE, page


def test_the_page_is_up_to_date() -> None:
    """The page is what the table makes now; `make generate` writes it anew."""
    assert page() == PAGE.read_text(encoding="utf-8")
