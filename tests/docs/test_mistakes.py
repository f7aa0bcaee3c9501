"""The classic mistakes: each message suffices to mend what is wrong, and the page shows just these messages."""

from __future__ import annotations

import pytest

from tests.docs.mistakes import MISTAKES, PAGE, Mistake, find_message, is_mended, make_page
from tests.support.certificates import TestCA


@pytest.fixture(scope="module")
def ca() -> TestCA:
    """Return the CA that the servers have their certificates from."""
    return TestCA()


def title_of(mistake: Mistake) -> str:
    """Return what the test is called by."""
    return mistake.title


@pytest.mark.parametrize("mistake", MISTAKES, ids=title_of)
def test_the_message_names_what_to_do(mistake: Mistake, ca: TestCA) -> None:
    """The message names the line to write, the value at fault, or who has to act."""
    message = find_message(mistake, ca)
    assert [] == [name for name in mistake.names if name not in message], message


@pytest.mark.parametrize("mistake", MISTAKES, ids=title_of)
def test_doing_what_the_message_says_mends_it(mistake: Mistake, ca: TestCA) -> None:
    """With the correction the account passes all checks."""
    assert is_mended(mistake, ca)


def test_each_stands_there_once() -> None:
    """Those that newcomers make, each once."""
    assert len(MISTAKES) == len({mistake.title for mistake in MISTAKES})
    assert len(MISTAKES) >= 30


def test_the_page_shows_these_messages(ca: TestCA) -> None:
    """The page is up to date; `make generate` writes it anew."""
    assert make_page(ca) == PAGE.read_text(encoding="utf-8")
