"""Each source becomes what its case says; the cases are files, see ``cases``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.adoption.readers import READERS, reader_of
from tests.adoption.cases import CANARY, CASES, line_of, problems_of, told_of

if TYPE_CHECKING:
    from tests.adoption.cases import Case

_LEAST_CASES = 75
_OF_NO_KIND = {"dotenv/not-mail", "csv/no-host"}
"""Sources that are recognised by nothing that they hold, or only just."""


def title_of(case: Case) -> str:
    """Return what a case is called."""
    return case.title


@pytest.mark.parametrize("case", CASES, ids=title_of)
def test_a_source_becomes_what_its_case_says(case: Case) -> None:
    """Accounts come in their order with host, port, encryption and login; what is doubtful or lost is told."""
    reading = READERS[case.kind].read(case.source())
    expected = [[part.strip() for part in line.split(" | ")] for line in case.becomes if not line.startswith("!")]
    assert [" | ".join(line[:5]) for line in expected] == [line_of(found).strip() for found in reading.accounts]
    for line, found in zip(expected, reading.accounts, strict=True):
        words = line[5].split(" / ") if len(line) > 5 else []
        assert [] == [word for word in words if word not in told_of(found)], told_of(found)
        assert bool(words) == bool(told_of(found).strip())
    told = problems_of(reading)
    problems = [line.removeprefix("! ") for line in case.becomes if line.startswith("!")]
    assert len(problems) == len(told), told
    assert [] == [word for word, problem in zip(problems, told, strict=True) if word not in problem], told


@pytest.mark.parametrize("case", CASES, ids=title_of)
def test_a_source_is_known_by_its_content(case: Case) -> None:
    """Without being told, the kind of each source is found."""
    if case.title not in _OF_NO_KIND:
        found = reader_of(case.source())
        assert case.kind == (found.name if found is not None else None)


def test_a_file_of_python_is_djangos() -> None:
    """Without spaces around the equals sign the file's name tells settings of Django from variables."""
    from reconciler.adoption.source import Source

    text = 'EMAIL_HOST="smtp.example.com"\nEMAIL_USE_TLS=True\nDEFAULT_FROM_EMAIL="a@example.com"\n'
    kinds = {file: reader_of(Source(text=text, file=file)) for file in ("settings.py", ".env")}
    assert {"settings.py": "django", ".env": "dotenv"} == {file: kind and kind.name for file, kind in kinds.items()}


@pytest.mark.parametrize("case", CASES, ids=title_of)
def test_what_is_told_holds_no_password(case: Case) -> None:
    """Neither what is told of a source, nor its accounts as a fault would show them, hold a password."""
    reading = READERS[case.kind].read(case.source())
    shown = repr(reading) + repr(case.source())
    assert CANARY not in shown


@pytest.mark.parametrize("kind", READERS)
def test_no_reader_fails_on_rubbish(kind: str) -> None:
    """Whatever the text, a reader returns; half of a file, one turned around, and one without line ends among them."""
    from reconciler.adoption.source import Source

    for case in CASES:
        text = case.text
        for rubbish in (
            text[: len(text) // 2],
            text[::-1],
            text.replace("\n", " "),
            text.upper(),
            text * 3,
            "\0" + text,
        ):
            READERS[kind].read(Source(text=rubbish, file="rubbish"))


def test_there_are_enough_cases_of_every_kind() -> None:
    """Real shapes lie as cases for every reader."""
    assert len(CASES) >= _LEAST_CASES
    assert {case.kind for case in CASES} == READERS.keys()
    assert all(sum(case.kind == kind for case in CASES) >= 5 for kind in READERS)


def test_nothing_becomes_none_unless_it_says_so() -> None:
    """Without encryption are only accounts whose source has a word for it: off, none, plain, or every box unticked."""
    unencrypted = {
        case.title
        for case in CASES
        for found in READERS[case.kind].read(case.source()).accounts
        if found.security.encryption == "none"
    }
    assert {
        "django/in-the-clear", "msmtp/certificates", "msmtp/plain", "msmtp/plain-with-login", "postfix/no-tls", "thunderbird/in-the-clear",
        "url/schemes-of-django-and-opensmtpd", "url/without-tls",
    } == unencrypted  # fmt: skip
