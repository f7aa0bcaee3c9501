"""One cause is one message: what is alike is told once, nobody is left out, and what comes first is the cause."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.diagnostics import (
    Diagnostic,
    Location,
    as_one,
    counted,
    error,
    grouped,
    note,
    repeated_as_one,
    warning,
)
from reconciler.diagnostics.grouping import _SUBJECT, _without_names
from reconciler.render.github import diagnostic_annotations
from reconciler.render.json.documents import diagnostic_documents
from reconciler.render.junit import verification_report
from reconciler.render.text import Style, diagnostics_text

if TYPE_CHECKING:
    from collections.abc import Callable

_PLACE = Location("accounts.d/servers.yaml", 7, 9)
_NAMES = tuple(f"client-{number:02}" for number in range(80))
_MANY = [error("portMismatch", "465 is implicit TLS.", subject=name, location=_PLACE) for name in _NAMES]
_ON_A_SERVER = replace(error("invalidValue", "Too big.", subject="office", location=_PLACE), subjects=_NAMES)


def test_what_differs_in_its_subject_only_is_one_problem() -> None:
    """Eighty accounts of one cause are one problem that names all of them."""
    (problem,) = grouped(_MANY)
    assert problem == replace(_MANY[0], subject=None, subjects=_NAMES)


def test_a_problem_found_twice_is_told_once_with_its_subject() -> None:
    """The same problem of the same account is that problem."""
    assert grouped([_MANY[0], _MANY[0]]) == (_MANY[0],)


def test_problems_of_one_server_keep_it_as_their_subject() -> None:
    """What several accounts meet at one server is the server's, and concerns all of them."""
    parts = [replace(_ON_A_SERVER, subjects=(name,)) for name in _NAMES]
    assert grouped(parts) == (_ON_A_SERVER,)


@pytest.mark.parametrize(
    "other",
    [
        replace(_MANY[0], detail="587 begins in clear text."),
        replace(_MANY[0], location=Location("accounts.d/servers.yaml", 9, 9)),
        replace(_MANY[0], code="unencryptedLogin"),
        replace(_MANY[0], severity="warning"),
    ],
    ids=["words", "place", "code", "severity"],
)
def test_another_cause_is_another_problem(other: Diagnostic) -> None:
    """Words, place, code and severity tell causes apart."""
    assert len(grouped([_MANY[0], replace(other, subject="client-01")])) == 2


def test_causes_come_first() -> None:
    """Errors come before warnings and notes, and what several share before what is one account's."""
    single, shared = error("unknownField", "No such field.", subject="a"), grouped(_MANY)[0]
    remarks = [note("unusedServer", "Nobody uses it.", subject="b"), warning("noReplyTo", "Add one.", subject="c")]
    assert grouped([*remarks, single, *_MANY]) == (shared, single, remarks[1], remarks[0])


_PROBLEMS = st.builds(
    Diagnostic,
    severity=st.sampled_from(["error", "warning", "note"]),
    code=st.sampled_from(["portMismatch", "noReplyTo"]),
    summary=st.just("Summary"),
    detail=st.sampled_from(["one", "two"]),
    subject=st.sampled_from([None, "a", "b", "c"]),
    location=st.sampled_from([None, _PLACE]),
)


@given(st.lists(_PROBLEMS))
def test_grouping_again_changes_nothing(problems: list[Diagnostic]) -> None:
    """What is grouped already stays as it is."""
    assert grouped(grouped(problems)) == grouped(problems)


@given(st.lists(_PROBLEMS))
def test_nobody_is_left_out(problems: list[Diagnostic]) -> None:
    """Each subject is still told of each cause."""

    def told(each: tuple[Diagnostic, ...] | list[Diagnostic]) -> set[tuple[str, str, str, Location | None, str]]:
        return {
            (problem.severity, problem.code, problem.detail, problem.location, name)
            for problem in each
            for name in problem.concerned
        }

    assert told(problems) == told(grouped(problems))


def test_problems_in_different_words_are_put_together_by_whoever_made_them() -> None:
    """The one message has the words and the place that it is given, and all subjects."""
    problems = [error("planStale", f"{name} has moved on.", subject=name) for name in ("a", "b")]
    expected = replace(error("planStale", "All have moved on.", location=_PLACE), subjects=("a", "b"))
    assert as_one(problems, detail="All have moved on.", location=_PLACE) == expected


def test_one_problem_alone_keeps_its_own_words() -> None:
    """Words for several are not used for one."""
    assert as_one(_MANY[:1], detail="All have moved on.") == _MANY[0]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("a",), "a"),
        (("a", "b", "c", "d", "e"), "a, b, c, d, e"),
        (_NAMES, "80 accounts: client-00, client-01, client-02 and 77 more"),
        (tuple(f"env:S{n}" for n in range(6)), "6 secrets: env:S0, env:S1, env:S2 and 3 more"),
    ],
)
def test_many_are_counted_and_the_first_few_named(names: tuple[str, ...], told: str) -> None:
    """A few are named; of more it is told how many and which come first."""
    assert told == counted(names)


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("missingField", "accounts"),
        ("consumerDrift", "consumers"),
        ("consumerUnreadable", "consumers"),
        ("consumerNotPublished", "in all"),
        ("unusedServer", "mail servers"),
        ("domainUnasked", "domains"),
    ],
)
@pytest.mark.parametrize("form", ["text", "github", "junit"])
def test_what_is_counted_is_called_what_it_is(form: str, code: str, what: str) -> None:
    """Consumers, servers and domains are no accounts; of a code that tells of several kinds only the number is said."""
    render = next(render for name, render, _ in _LINES if name == form)
    told = render([replace(error(code, "Mend it."), subjects=tuple("abcdef"))])
    assert f"6 {what}: a, b, c and 3 more" in told.replace("%3A", ":").replace("%2C", ",")


_LINES: list[tuple[str, Callable[[list[Diagnostic]], str], int]] = [
    ("text", lambda problems: diagnostics_text(problems, style=Style()), 5),
    ("github", diagnostic_annotations, 1),
    ("junit", lambda problems: verification_report({}, diagnostics=problems), 9),
]


@pytest.mark.parametrize(("form", "render", "most"), _LINES, ids=[form for form, _, _ in _LINES])
@pytest.mark.parametrize("problem", [grouped(_MANY)[0], _ON_A_SERVER], ids=["accounts", "server"])
def test_every_form_tells_a_shared_cause_once(
    form: str, render: Callable[[list[Diagnostic]], str], most: int, problem: Diagnostic
) -> None:
    """Eighty accounts take no more lines than one."""
    assert len(render([problem]).splitlines()) <= most, form


@pytest.mark.parametrize("problem", [grouped(_MANY)[0], _ON_A_SERVER], ids=["accounts", "server"])
@pytest.mark.parametrize("form", ["text", "github"])
def test_the_accounts_are_counted(form: str, problem: Diagnostic) -> None:
    """Whoever reads it learns how many accounts it concerns."""
    render = next(render for name, render, _ in _LINES if name == form)
    told = " ".join(render([problem]).split()).replace("%3A", ":").replace("%2C", ",")
    assert "80 accounts: client-00, client-01, client-02 and 77 more" in told


def test_documents_name_every_account() -> None:
    """A program that reads JSON finds each account by its name, and the fields that it knew."""
    (document,) = diagnostic_documents(grouped(_MANY))
    assert document["subject"] is None
    assert document["subjects"] == list(_NAMES)
    assert document["location"] == {"file": "accounts.d/servers.yaml", "line": 7, "column": 9}


def _each(make: Callable[..., Diagnostic], detail: str, count: int) -> list[Diagnostic]:
    """Return a problem of each of so many files; ``{name}`` and ``{n}`` in the detail are the account's."""
    return [
        make(
            "invalidEmail",
            detail.replace("{name}", name).replace("{n}", str(number)),
            subject=name,
            location=Location(f"accounts.d/{name}.yaml", 5, 3),
        )
        for number, name in enumerate(_NAMES[:count])
    ]


@pytest.mark.parametrize(("make", "most"), [(error, 3), (warning, 1), (note, 1)])
def test_a_slip_that_many_files_repeat_is_one_problem(make: Callable[..., Diagnostic], most: int) -> None:
    """A few errors are told each at its place; more of them, and what may stand, once, with the first other places."""
    few = _each(make, "{name} is none.", most)
    assert repeated_as_one(few) == tuple(few)
    (told,) = repeated_as_one(_each(make, "It is none.", 80))
    assert told.subject is None
    assert _NAMES == told.subjects
    assert "accounts.d/client-00.yaml:5:3" == str(told.location)
    assert told.detail.endswith(
        "\nThe same stands in 79 more places: accounts.d/client-01.yaml:5:3, accounts.d/client-02.yaml:5:3, "
        "accounts.d/client-03.yaml:5:3, accounts.d/client-04.yaml:5:3, accounts.d/client-05.yaml:5:3 and 74 more."
    )


@pytest.mark.parametrize("detail", ["{name} is none.", "It is c{n}@example.com.", "It is none. Write\n    email: {n}"])
def test_a_slip_with_values_of_their_own_is_one_problem_too(detail: str) -> None:
    """Names, addresses and lines to copy may differ; then it is said that each has its own."""
    (told,) = repeated_as_one(_each(error, detail, 6))
    assert "\nThe same goes for 5 more places, each with its own value: accounts.d/" in told.detail


def test_other_words_and_problems_without_a_place_are_not_repeated() -> None:
    """What says something else is another slip, and what has no place, or was made one before, stays as it is."""
    kept = [
        *_each(error, "Reason {n}.", 5),
        *(error("invalidEmail", "It is none.", subject=name) for name in _NAMES[:5]),
        *(replace(problem, subjects=_NAMES[:2]) for problem in _each(error, "It is none.", 5)),
    ]
    assert repeated_as_one(kept) == tuple(kept)


def test_one_place_that_several_accounts_have_is_one_place() -> None:
    """A MailServer's line, told for each account, is no repetition: that is grouped."""
    assert repeated_as_one(_MANY) == tuple(_MANY)


@settings(max_examples=300, deadline=None)
@given(
    detail=st.text("aB1-_. ;\n", max_size=30),
    subject=st.text("aB1-_.", min_size=1, max_size=4) | st.just("env:a-B_1"),
)
def test_names_in_plain_text_are_found_as_the_expression_finds_them(detail: str, subject: str) -> None:
    """Thousands of expressions would cost more than what they find, so ASCII text is looked through without one."""
    names = [subject, subject.partition(":")[2]] if ":" in subject else [subject]
    patterns = "|".join("[-_.]".join(map(re.escape, re.split("[-_.]", name))) for name in names)
    expected = re.sub(rf"(?<![^\W_])(?:{patterns})(?![^\W_])", "*", detail, flags=re.IGNORECASE)
    assert expected == _without_names(detail, names).replace(_SUBJECT, "*")
