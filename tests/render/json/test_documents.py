"""The JSON documents have exactly the published keys and forms; CSV is RFC 4180 and no formula."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic.alias_generators import to_snake

from reconciler.model.formats import FORMAT_VERSION
from reconciler.model.plan import Plan
from reconciler.render import csv as table
from reconciler.render.json import documents
from reconciler.render.json.history import history_document
from reconciler.render.times import instant
from tests.render import golden, values
from tests.render.test_hostile import hostile_events

if TYPE_CHECKING:
    from reconciler.model.accounts.recorded import RecordedAccount

LIST_KEYS = [
    "name", "kind", "title", "email", "displayName", "owner", "shared", "labels", "status", "statusReason",
    "statusSince", "approval", "verification", "suspended", "server", "secrets", "certificateEnds", "createdAt", "updatedAt", "revision",
]  # fmt: skip


def test_plan_document_has_the_published_keys() -> None:
    """A plan, its changes, fields, checks and diagnostics have the keys of the published form."""
    document = documents.plan_document(golden.mixed_plan())
    changes = {change["name"]: change for change in document["changes"]}

    assert list(document) == [
        "formatVersion", "tool", "createdAt", "project", "lineage", "serial", "status", "changesDigest", "planDigest",
        "summary", "changes", "liftedGuards", "diagnostics", "applyVerifies",
    ]  # fmt: skip
    assert document["applyVerifies"] == {"accounts": 2, "messages": [{"to": "ops@example.com", "count": 2}]}
    assert list(document["summary"]) == ["create", "update", "rename", "delete", "unchanged", "held"]
    assert list(changes["newsletter"]) == [
        "action", "kind", "name", "cause", "baseRevision", "fields", "verification", "after",
    ]  # fmt: skip
    assert changes["support-eu"]["previousName"] == "support"
    assert changes["billing"]["held"] is True
    assert changes["billing"]["fields"] == [
        {
            "path": "spec.smtp.authentication.password",
            "before": "env:SMTP_BILL",
            "after": "env:SMTP_BILL",
            "rotated": True,
        }
    ]
    verification = changes["billing"]["verification"]
    assert list(verification) == ["status", "depth", "checkedAt", "checks"]
    assert list(verification["checks"][0]) == ["check", "status", "class", "code", "message", "seconds"]


def test_saved_plan_shows_as_the_plan_that_it_holds() -> None:
    """What only apply needs, resolved settings and the seal, is not shown."""
    saved = golden.mixed_plan().model_copy(update={"seal": "secret seal"})
    shown = {to_snake(key) for key in documents.plan_document(saved)}
    assert (set(), set()) == (
        shown - Plan.model_fields.keys(),
        Plan.model_fields.keys() - shown - {"consumers", "messages_sent"},
    )


def test_a_change_has_the_document_that_apply_would_record() -> None:
    """So that a rule over plans can ask for what an account comes to; a deletion leaves none."""
    plan = golden.mixed_plan()
    changes = {change["name"]: change for change in documents.plan_document(plan)["changes"]}
    assert {name: change["after"] for name, change in changes.items()} == {
        **dict.fromkeys(changes),
        "newsletter": plan.inputs.accounts["newsletter"].document,
    }


def test_diagnostics_carry_their_place_or_null() -> None:
    """A problem has its place as file, line and column; one without a place has null."""
    document = documents.error_document(values.DIAGNOSTICS)

    assert list(document) == ["formatVersion", "status", "diagnostics"]
    assert document["status"] == "invalid"
    assert list(document["diagnostics"][0]) == [
        "severity", "code", "summary", "detail", "subject", "subjects", "location",
    ]  # fmt: skip
    assert document["diagnostics"][0]["location"] == {"file": "accounts.d/sales.yaml", "line": 12, "column": 7}
    assert document["diagnostics"][1]["location"] is None


def test_a_plan_writes_diagnostics_as_every_document_does() -> None:
    """The plan's diagnostics have the same form as those of an error document."""
    plan = values.plan(status="invalid", diagnostics=values.DIAGNOSTICS)

    assert documents.plan_document(plan)["diagnostics"] == documents.error_document(values.DIAGNOSTICS)["diagnostics"]


def test_validate_document_lists_accounts_by_name() -> None:
    """What validate prints: whether all is valid, the accounts sorted by name, the problems."""
    document = documents.validate_document({"b": "OwnAccount", "a": "MarketingAccount"}, [], valid=True)

    assert document == {
        "formatVersion": "1.1",
        "valid": True,
        "accounts": [{"name": "a", "kind": "MarketingAccount"}, {"name": "b", "kind": "OwnAccount"}],
        "diagnostics": [],
    }


def test_verify_document_gives_kind_and_verification() -> None:
    """What verify prints: each account with its kind and what was found, sorted by name."""
    findings = {"b": values.offline(), "a": values.server_down()}
    document = documents.verify_document(findings, {"a": "OwnAccount", "b": "MarketingAccount"})

    assert list(document) == ["formatVersion", "accounts", "diagnostics"]
    assert [(entry["name"], entry["kind"], entry["verification"]["status"]) for entry in document["accounts"]] == [
        ("a", "OwnAccount", "failed"),
        ("b", "MarketingAccount", "skipped"),
    ]
    assert document["accounts"][1]["verification"]["checkedAt"] is None


def test_apply_document_is_null_where_nothing_was_applied() -> None:
    """A refused apply has no revision and no summary; a good one has both."""
    refused = documents.apply_document("refused", None, diagnostics=values.DIAGNOSTICS)
    applied = documents.apply_document("applied", 7, summary=values.FULL_SUMMARY)

    assert list(refused) == ["formatVersion", "status", "revision", "summary", "messagesSent", "diagnostics"]
    assert (refused["revision"], refused["summary"]) == (None, None)
    assert applied["summary"] == {"create": 1, "update": 1, "rename": 1, "delete": 1, "unchanged": 40, "held": 1}


def test_accounts_document_has_the_published_keys() -> None:
    """The list has one form for every account; decisions that were not made are null."""
    document = documents.accounts_document(values.ACCOUNTS)
    entries = {entry["name"]: entry for entry in document["accounts"]}

    assert [list(entry) for entry in document["accounts"]] == [LIST_KEYS] * len(values.ACCOUNTS)
    assert entries["contest"]["approval"] == {
        "decision": "rejected",
        "actor": "platform",
        "at": "2026-09-01T12:00:00Z",
        "reason": "The domain is not ours.",
    }
    assert entries["lottery"]["suspended"] == {"reason": "Abused.", "actor": "olga", "at": "2026-09-01T12:00:00Z"}
    assert entries["lottery"]["verification"] == {
        "outcome": "passed",
        "checkedAt": "2026-09-01T12:00:00Z",
        "depth": "message",
        "lastPassedAt": "2026-09-01T12:00:00Z",
        "lastFailedAt": None,
    }
    absent = ("title", "owner", "approval", "verification", "suspended")
    assert [entries["newsletter"][key] for key in absent] == [None] * len(absent)


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (values.ACTIVE, True),
        (values.recorded("x"), False),
        (values.recorded("x", spec={"shared": False}), False),
        (values.recorded("x", kind="MarketingAccount"), True),
    ],
)
def test_marketing_accounts_are_seen_by_everybody(account: RecordedAccount, *, expected: bool) -> None:
    """An own account is shared if it says so; a marketing account, which is the platform's, always."""
    assert documents.account_entry(account)["shared"] is expected


def test_show_adds_settings_as_written_and_evidence() -> None:
    """One account shows its domains as their author wrote them, secrets as references, and the evidence."""
    (entry,) = documents.account_document(values.ACTIVE)["accounts"]

    assert list(entry) == [*LIST_KEYS, "spec", "evidence"]
    assert (entry["email"], entry["spec"]["email"]) == ("sales@bücher.example",) * 2
    assert entry["spec"]["smtp"]["host"] == "smtp.bücher.example"
    assert entry["spec"]["smtp"]["authentication"]["password"] == "env:SMTP_SALES"
    assert "proxy" not in entry["spec"]
    assert list(entry["evidence"]) == ["settingsDigest", "verification", "observed"]
    assert documents.account_document(values.PENDING)["accounts"][0]["evidence"] is None


@pytest.mark.parametrize("path", ["metadata.owner", "spec", "spec.smtp", "spec.smtp.port.x", "spec.smtp.heloName"])
def test_what_was_written_adds_nothing_to_the_settings(path: str) -> None:
    """A written domain replaces a recorded one and never makes a setting that is not recorded."""
    account = values.recorded("x", spec={"smtp": {"port": 587}}, written={path: "ghost"})

    assert documents.spec_as_written(account) == account.spec


def test_showing_leaves_the_recorded_value_alone() -> None:
    """The overlay of what was written does not change the account itself."""
    before = values.ACTIVE.canonical
    documents.account_document(values.ACTIVE)

    assert values.ACTIVE.spec["email"] == "sales@xn--bcher-kva.example"
    assert values.ACTIVE.canonical == before


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_pieces_of_history_are_the_document_as_a_whole(count: int) -> None:
    """However many revisions, changes and events there are, what is written is what ``to_json`` makes of all of it, in small pieces."""
    text = "two\nlines, ## a command, \x1b[1m \N{RIGHT-TO-LEFT OVERRIDE}"
    revisions = [
        each.model_copy(
            update={"reference": text, "changes": ({"name": text, "fields": [], "before": {}}, {"at": None})[:count]}
        )
        for each in (*values.REVISIONS, *values.REVISIONS)[:count]
    ]
    events = hostile_events(text)[:count]
    whole = {
        "formatVersion": FORMAT_VERSION,
        "revisions": [documents.dumped(each) for each in revisions],
        "events": [documents.dumped(each) for each in events],
    }
    pieces = list(history_document(revisions, events=events))
    assert documents.to_json(whole) == "".join(pieces)
    assert not [piece for piece in pieces if piece.count('"name"') > 1 and '"fields"' in piece]


def test_history_document_has_the_published_keys() -> None:
    """A revision has its number, time, actor and source, commit, reference, digest, counts and changes."""
    document = json.loads("".join(history_document(values.REVISIONS)))

    assert [list(revision) for revision in document["revisions"]] == [
        ["revision", "at", "actor", "actorSource", "commit", "reference", "planDigest", "summary", "changes"]
    ] * 2
    assert list(document["revisions"][0]["changes"][2]) == [
        "action", "kind", "name", "previousName", "cause", "fields",
    ]  # fmt: skip


@pytest.mark.parametrize(("problems", "valid"), [([], True), (["Entry 2 was altered."], False)])
def test_journal_document_says_whether_it_holds(problems: list[str], *, valid: bool) -> None:
    """A journal is valid where nothing is wrong with it."""
    assert documents.journal_document(2, "ab", problems=problems, redacted={2: 3, 1: 3}) == {
        "formatVersion": "1.1",
        "valid": valid,
        "entries": 2,
        "head": "ab",
        "problems": problems,
        "redacted": [{"entry": 1, "by": 3}, {"entry": 2, "by": 3}],
        "unguarded": [],
        "diagnostics": [],
    }


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 9, 1, 12, tzinfo=UTC), "2026-09-01T12:00:00Z"),
        (datetime(2026, 9, 1, 12, 0, 0, 5, tzinfo=UTC), "2026-09-01T12:00:00.000005Z"),
        (datetime(2026, 9, 1, 14, tzinfo=timezone(timedelta(hours=2))), "2026-09-01T12:00:00Z"),
        (datetime(2026, 9, 1, 12, tzinfo=UTC).replace(tzinfo=None), "2026-09-01T12:00:00Z"),
    ],
)
def test_moments_are_utc_with_z(moment: datetime, expected: str) -> None:
    """Every moment is written in UTC with Z, whatever zone it came in."""
    assert instant(moment) == expected


def test_json_for_an_output_of_ascii_is_the_same_document() -> None:
    """Where the output can carry nothing else, JSON is ASCII and reads back the same."""
    text = documents.to_json({"title": "Sprzedaż 日本"}, unicode=False)

    assert text.isascii()
    assert json.loads(text) == {"title": "Sprzedaż 日本"}


def test_not_a_number_is_no_json() -> None:
    """NaN, which JSON does not have, is refused and not written."""
    with pytest.raises(ValueError, match="JSON"):
        documents.to_json({"seconds": float("nan")})


@pytest.mark.parametrize("name", sorted(name for name in golden.CASES if name.endswith(".json")))
def test_every_document_says_its_format(name: str) -> None:
    """Each document is one JSON object that begins with its format's version."""
    document: dict[str, Any] = json.loads(golden.CASES[name]())

    assert next(iter(document.items())) == ("formatVersion", "1.1")


def test_csv_has_a_row_for_each_account() -> None:
    """A CSV reader gets back the header and the values, quotes and commas included."""
    account = values.recorded("a", metadata={"title": 'Sales, "main"', "labels": {"b": "2", "a": "1"}})
    header, row = list(csv.reader(io.StringIO(table.accounts_csv([account]), newline="")))
    cells = dict(zip(header, row, strict=True))

    assert header == list(table.ACCOUNT_COLUMNS)
    assert cells["title"] == 'Sales, "main"'
    assert cells["labels"] == "a=1;b=2"
    assert cells["owner"] == ""
    assert cells["shared"] == "false"
    assert cells["revision"] == "7"


@given(labels=st.dictionaries(st.sampled_from("abc"), st.text(alphabet=";\\=ab", max_size=6)))
def test_labels_in_one_cell_can_be_told_apart(labels: dict[str, str]) -> None:
    """Whatever stands in a value: a reader that takes a backslash with what follows it gets the labels back."""
    account = values.recorded("a", metadata={"title": "A", "labels": labels})
    header, row = list(csv.reader(io.StringIO(table.accounts_csv([account]), newline="")))
    cell = dict(zip(header, row, strict=True))["labels"]
    parts = [re.sub(r"\\(.)", r"\1", each) for each in re.findall(r"(?:[^;\\]|\\.)+", cell)]
    assert labels == dict(each.split("=", 1) for each in parts)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+48 600", "'+48 600"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\uff1d1", "'\uff1d1"),
        ("\t=1", "\\t=1"),
        ("a=b", "a=b"),
        ("", ""),
        (" ", " "),
        (-5, "-5"),
        (None, ""),
        (True, "true"),
        (False, "false"),
    ],
)
def test_csv_cells_are_no_formulas(value: object, expected: str) -> None:
    """Text that a spreadsheet would run gets an apostrophe before it; numbers and other text stay as they are."""
    assert table.cell(value) == expected


def test_history_csv_has_counts() -> None:
    """A revision's line has its counts, zero where none is recorded."""
    rows = list(csv.DictReader(io.StringIO(table.history_csv(values.REVISIONS), newline="")))

    assert [(row["revision"], row["create"], row["delete"]) for row in rows] == [("7", "1", "0"), ("6", "0", "1")]


def test_rendering_without_colour_loads_no_terminal_library() -> None:
    """Importing the renderers, and telling a plan in ASCII, loads neither rich nor click."""
    script = (
        "import sys\n"
        "from reconciler.render import csv; from reconciler.render.json import documents\n"
        "from reconciler.render.text import Style, diagnostics_text\n"
        "from reconciler.diagnostics import error\n"
        "diagnostics_text([error('badUsage', 'x')], style=Style())\n"
        "print(sorted({'rich', 'click'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
