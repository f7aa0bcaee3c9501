"""Hovering over a field says in a sentence or two what it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.schema.schemas import account_schema, project_schema
from tests.system.editor.editor import ACCOUNT_LINE, PROJECT_LINE
from tests.system.editor.samples import whole_text

if TYPE_CHECKING:
    from tests.system.editor.editor import Editor
    from tests.system.editor.samples import Place

_ROOT = frozenset({"apiVersion", "kind"})
"""The fields that all kinds have, which are described for all of them together."""


def _sample(kind: str) -> tuple[str, list[Place], str]:
    if kind == "Project":
        schema: dict[str, Any] = project_schema()
        return *whole_text(schema, schema), PROJECT_LINE
    schema = account_schema()
    text, places = whole_text(schema["$defs"][kind], schema)
    return text, places, ACCOUNT_LINE


@pytest.mark.parametrize("kind", ["OwnAccount", "MarketingAccount", "MailServer", "Project"])
def test_every_field_says_what_it_is(editor: Editor, kind: str) -> None:
    """Over each field of each kind, at every depth, the editor shows the field's own description."""
    text, places, line = _sample(kind)
    assert len(places) > 10
    shown = editor.hovers(text, [(place.line, place.column + 1) for place in places], line=line)
    common = account_schema()["properties"]
    expected = {
        place.path: common[place.path]["description"]
        if place.path in _ROOT and kind != "Project"
        else place.description
        for place in places
    }
    wrong = {
        place.path: hover
        for place, hover in zip(places, shown, strict=True)
        if not expected[place.path] or f"\n{expected[place.path]}\n" not in f"\n{hover}\n"
    }
    assert {} == wrong


@pytest.mark.parametrize("kind", ["OwnAccount", "MarketingAccount", "MailServer", "Project"])
def test_descriptions_read_well(kind: str) -> None:
    """Each description is one sentence or two, begins with a capital, ends with a full stop, and fits a small window.

    A first word in lower case is a name from the format, such as env.
    """
    _, places, _ = _sample(kind)
    unfit = [
        (place.path, place.description)
        for place in places
        if not re.match(r"[A-Z]", place.description)
        or not place.description.endswith(".")
        or len(place.description) > 200
        or len(re.findall(r"[a-z)*]\. [A-Z]", place.description)) > 2
        or re.search(r"\b(the same|see above|above|below|absent|e\.g\.|etc\.)(?!\w)", place.description)
    ]
    assert [] == unfit


def test_headings_say_where_one_is(editor: Editor) -> None:
    """Above the description stands what the field is part of, in words rather than by the name of a model."""
    text = "apiVersion: reconciler/v1\nkind: OwnAccount\nspec:\n  smtp:\n    authentication:\n      user^^name: anna\n"
    assert editor.hover(text).startswith("#### Login\n")


def test_values_are_explained(editor: Editor) -> None:
    """Over a value of an enumeration, the editor tells what each value means."""
    shown = editor.hover("kind: OwnAccount\nspec:\n  smtp:\n    encryption: start^^tls\n")
    assert "* `starttls`: TLS begins after STARTTLS (RFC 3207); port 587 by default.\n" in shown
    assert "* `tls`: TLS from the first byte (RFC 8314); port 465 by default.\n" in shown


def test_labels_are_explained(editor: Editor) -> None:
    """Keys of the author's choice have a description too."""
    shown = editor.hover("kind: OwnAccount\nmetadata:\n  labels:\n    te^^am: sales\n")
    assert "The label's value, one line of text." in shown


def test_a_merged_mapping_is_described_where_it_is_written(editor: Editor) -> None:
    """A field inside an anchor's mapping, merged elsewhere, says what it is."""
    text = (
        "kind: OwnAccount\nspec:\n  smtp: &office\n    ho^^st: smtp.example.com\n"
        "---\n" + ACCOUNT_LINE + "kind: OwnAccount\nspec:\n  smtp:\n    <<: *office\n"
    )
    assert "The mail server's host name or IP address" in editor.hover(text)
