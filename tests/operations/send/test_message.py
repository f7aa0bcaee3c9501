"""The contacts of a run: they must stay as they are, since lines are what contacts are known by."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import InvalidInput
from reconciler.operations.send.message import Contacts

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file of three contacts."""
    (tmp_path / "contacts.csv").write_text("email\na@example.net\nb@example.net\nc@example.net\n", encoding="utf-8")
    return tmp_path / "contacts.csv"


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_line_that_is_put_in_stops_before_the_next_contact(path: Path, *, is_replaced: bool) -> None:
    """A changed file is told before another contact of it is taken, written over or replaced alike."""
    contacts, taken = Contacts(path), []
    with pytest.raises(InvalidInput) as stopped, contacts.open() as cards:  # noqa: PT012 - the steps of one run
        taken.append(next(cards).line)
        place = path.with_suffix(".new") if is_replaced else path
        place.write_text("email\nnew@example.net\na@example.net\nb@example.net\n", encoding="utf-8")
        place.replace(path)
        taken.append(next(cards).line)
    assert (["contactsChanged"], [2]) == ([each.code for each in stopped.value.diagnostics], taken)


def test_a_file_that_is_touched_is_gone_on_with(path: Path) -> None:
    """Another time alone changes nothing."""
    contacts = Contacts(path)
    with contacts.open() as cards:
        next(cards)
        os.utime(path, (0, 0))
        assert 2 == len(list(cards))


def test_a_file_that_is_gone_stops_the_run(path: Path) -> None:
    """Whoever removes the file on the way is told that it cannot be read."""
    contacts, taken = Contacts(path), []
    with pytest.raises(InvalidInput) as stopped, contacts.open() as cards:  # noqa: PT012 - the same
        taken.append(next(cards).line)
        path.unlink()
        taken.append(next(cards).line)
    assert (["fileUnreadable"], [2]) == ([each.code for each in stopped.value.diagnostics], taken)
