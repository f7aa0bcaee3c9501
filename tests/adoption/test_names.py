"""What a table's columns are called, and what the column of names becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.adoption.fields import FIELDS, field_of
from reconciler.adoption.source import Source
from reconciler.adoption.sources.csv import READER

if TYPE_CHECKING:
    from reconciler.model.adoption.found import SourceReading


def _read(text: str, **columns: str) -> SourceReading:
    return READER.read(Source(text=text, file="a.csv", columns=columns))


@pytest.mark.parametrize("word", sorted(FIELDS))
def test_a_columns_title_is_known_in_every_spelling(word: str) -> None:
    """Case, blanks, underscores and hyphens do not make another column of one."""
    setting = FIELDS[word]
    parts = word.split("_")
    spelt = (
        word.upper(),
        " ".join(parts).title(),
        "-".join(parts),
        "".join(parts),
        f"  {' '.join(parts)} ",
        "_".join(parts).title(),
    )
    assert {setting} == {field_of(each) for each in spelt}


@pytest.mark.parametrize(
    ("title", "cell", "name", "called"),
    [
        ("name", "sales-pl", "sales-pl", None),
        ("Name", "sales-pl", "sales-pl", None),
        ("Account Name", "sales.pl", "sales.pl", None),
        ("internal-name", "sales", "sales", None),
        ("Name", "Sales in Poland", None, "Sales in Poland"),
        ("NAME", "Sales", None, "Sales"),
        ("name", "", None, None),
        ("name", "null", None, None),
    ],
)
def test_the_column_of_names_is_taken(title: str, cell: str, name: str | None, called: str | None) -> None:
    """What can be a name here is the account's name, and what cannot its title; nothing of it is left out in silence."""
    (found,) = _read(f"{title},email,host\n{cell},sales@example.com,smtp.example.com\n").accounts
    assert (name, called, None) == (found.name, found.title, found.display_name)


def test_what_is_not_taken_is_told_for_what_it_is() -> None:
    """A title that is not known, and a second column of one setting, are two matters."""
    told = [
        each.detail for each in _read("email,host,Colour,Server,Size\na@example.com,smtp.example.com,1,2,3\n").problems
    ]
    assert any("the titles of columns 3 and 5, so they were not taken" in each for each in told)
    assert any("Column 4 is a second one of the setting host" in each for each in told)
    mapped = _read("email,host,Server\na@example.com,smtp.example.com,smtp.example.net\n", host="Server")
    assert ["smtp.example.net"] == [each.host for each in mapped.accounts]
