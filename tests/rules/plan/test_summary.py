"""The head of a plan: its rows, in their order, and what is told to go on with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.diagnostics import Diagnostic, error, warning
from reconciler.model.plan import Announcement, ApplyInputs, Change, FieldChange, PreparedAccount, SavedPlan, Summary
from reconciler.model.verification.evidence import Check, Verification
from reconciler.rules.plan.summary import summarised
from tests.rules.single import SERVER, THERE, news, own

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.rules.plan.summary import PlanSummary

LOGIN = ("auth", "credentialsRejected")
NO_LOGIN = "auth: password rejected by h.example:587"
DOWN = ("connect", "serverDown")
_UNTRIED = {"serverDown", "notDeclared", "deadline"}


def change(name: str, action: str = "create", *checks: tuple[str, ...], status: str = "", **parts: Any) -> Change:
    """Return a change; a check is its name, its code and perhaps its message, which failed unless it is skipped."""
    found = tuple(
        Check(
            check=check,  # type: ignore[arg-type]
            status="skipped" if code in _UNTRIED else "passed" if code == "ok" else "failed",
            code=code,
            message="".join(message),
        )
        for check, code, *message in checks
    )
    outcome = {"status": status or ("failed" if checks else "unchanged")}
    verification = Verification.model_validate(outcome).model_copy(update={"checks": found})
    given = {"name": name, "kind": "OwnAccount", "action": action, "verification": verification, **parts}
    return Change.model_validate(given, by_name=True)


def saved(*changes: Change, accounts: Mapping[str, DesiredAccount] | None = None, **parts: Any) -> SavedPlan:
    """Return a plan of these changes; each has a server of its own at h.example unless another account is given."""
    made = {each.name: (accounts or {}).get(each.name, own(each.name)) for each in changes if each.action != "delete"}
    pending = parts.pop("pending", ())
    inputs = ApplyInputs(
        accounts={
            name: PreparedAccount(
                document=account.document,
                written=account.written,
                needs_evidence=True,
                awaits_approval=name in pending,
            )
            for name, account in made.items()
        },
        platform_routes=parts.pop("platform_routes", ()),
    )
    given = {
        "project": "mail", "serial": 7, "status": "ready", "summary": Summary(), "changes": changes, "diagnostics": (),
        "inputs": inputs, "apply_verifies": None, "messages_sent": (),
    }  # fmt: skip
    return SavedPlan.model_construct(**{**given, **parts})


def head(*changes: Change, **parts: Any) -> PlanSummary:
    """Return the head of a plan of these changes."""
    return summarised(saved(*changes, **parts))


def rows(*changes: Change, **parts: Any) -> list[tuple[str, tuple[str, ...], str]]:
    """Return the rows of a head, without their fields."""
    return [(each.kind, each.names, each.text) for each in head(*changes, **parts).rows]


def test_a_head_is_of_its_plan() -> None:
    """Project, revision and status, and the counts that are not 0, in their order."""
    counts = Summary(create=1, update=2, rename=3, delete=4, held=5, unchanged=6)
    told = head(summary=counts, serial=None, status="blocked")
    assert "mail" == told.project
    assert told.serial is None
    assert "blocked" == told.status
    words = ("create", "update", "rename", "delete", "held", "unchanged")
    assert tuple(zip(words, range(1, 7), strict=True)) == told.counts
    assert (("held", 5),) == head(summary=Summary(held=5)).counts
    assert () == told.rows
    assert () == told.sent
    assert "" == told.mend
    assert "" == told.mend_code


HELD = change("h", "update", LOGIN, held=True)


@pytest.mark.parametrize(
    ("changes", "is_told"), [([], False), ([HELD], False), ([HELD, change("a")], True), ([change("a")], True)]
)
def test_whom_apply_contacts_is_told_where_something_changes(changes: list[Change], *, is_told: bool) -> None:
    """What is held is left out, and so is not verified again."""
    verifies = Announcement(accounts=1)
    assert (verifies if is_told else None) == head(*changes, apply_verifies=verifies).verifies


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([change("b", "create", LOGIN), change("a", "update", LOGIN)], [("refused", ("a", "b"), NO_LOGIN)]),
        ([change("a", "create", ("dns", "ok"), LOGIN, ("sender", "senderRefused"))], [("refused", ("a",), NO_LOGIN)]),
        ([change("a"), change("b", "create", ("auth", "credentialsRejected"), status="withheld")], []),
        ([change("a", status="failed")], [("refused", ("a",), "not verified")]),
        (
            [change("a", "create", ("dns", "notDeclared"), ("connect", "deadline"), status="failed")],
            [("refused", ("a",), "connect: the time of the run was used up")],
        ),
        ([change("a", "create", ("auth", "x", "No way. Ask."))], [("refused", ("a",), "auth: No way")]),
        ([change("a", "create", ("auth", "x", "No way."))], [("refused", ("a",), "auth: No way")]),
        ([change("a", "create", ("auth", "x", "..no"))], [("refused", ("a",), "auth: ..no")]),
        ([change("a", "create", ("auth", "x", "See X."))], [("refused", ("a",), "auth: See X")]),
        ([change("a", "create", ("auth", "x", "n" * 100))], [("refused", ("a",), f"auth: {'n' * 100}")]),
        ([change("a", "create", ("auth", "x", "n" * 101))], [("refused", ("a",), f"auth: {'n' * 100}…")]),
        (
            [change("a", "create", LOGIN), change("c", "create", ("dns", "hostNotFound")), change("b", "create", ("dns", "hostNotFound"))],
            [("refused", ("b", "c"), "dns: h.example does not exist"), ("refused", ("a",), NO_LOGIN)],
        ),
        (
            [change("b", "create", ("dns", "hostNotFound")), change("a", "create", LOGIN)],
            [("refused", ("a",), NO_LOGIN), ("refused", ("b",), "dns: h.example does not exist")],
        ),
        (
            [change("a", "create", DOWN, status="failed"), change("b", "create", ("connect", "timedOut"))],
            [("refused", ("a", "b"), "connect: no answer from h.example:587")],
        ),
        (
            [change("a", "create", DOWN, status="failed")],
            [("refused", ("a",), "connect: h.example:587 did not answer others")],
        ),
        (
            [change("a", "create", DOWN, status="failed"), change("b", "create", ("connect", "timedOut")), change("c", "create", LOGIN)],
            [("refused", ("a", "b"), "connect: no answer from h.example:587"), ("refused", ("c",), NO_LOGIN)],
        ),
        (
            [HELD, change("g", "create", LOGIN, held=True), change("d", "delete"), change("c", "delete")],
            [("held", ("g", "h"), "left out, because verification failed"), ("delete", ("c", "d"), "deleted")],
        ),
    ],
    ids=[
        "one reason", "the first that failed", "withheld", "nothing was tried", "the first that is declared",
        "a code without words", "one sentence", "dots before", "a letter before the dot", "as long as can be", "longer", "that of most first",
        "then by name", "not tried, with those of its server", "not tried alone", "the first of its server",
        "held and deleted",
    ],
)  # fmt: skip
def test_the_rows_of_a_head(changes: list[Change], expected: list[tuple[str, tuple[str, ...], str]]) -> None:
    """What failed by its reason with all accounts of it, what is left out, what goes."""
    assert expected == rows(*changes)


def test_where_an_account_is_verified_is_told_as_it_is_written() -> None:
    """Its own host as its author wrote it, or the platform's, by whose route it travelled; else no place."""
    written = own("a", host="ż.example")
    assert [("refused", ("a",), "auth: password rejected by ż.example:587")] == rows(
        change("a", "create", LOGIN), accounts={"a": written}
    )
    there = [("refused", ("news",), "auth: password rejected by p.example:587")]
    elsewhere = THERE.model_copy(
        update={"route": THERE.route.model_copy(update={"purpose": "proxy", "host": "q.example"})}
    )
    assert SERVER.server.host == "p.example"
    assert there == rows(change("news", "create", LOGIN), accounts={"news": news()}, platform_routes=(elsewhere, THERE))
    assert [("refused", ("news",), "auth: password rejected by the server")] == rows(
        change("news", "create", LOGIN), accounts={"news": news()}
    )
    assert [("refused", ("news",), "dns: the host does not exist")] == rows(
        change("news", "create", ("dns", "hostNotFound")), accounts={"news": news()}
    )
    gone = [("refused", ("d",), "auth: password rejected by the server"), ("delete", ("d",), "deleted")]
    assert gone == rows(change("d", "delete", LOGIN))


@pytest.mark.parametrize(
    ("changes", "problems", "expected"),
    [
        ([], [error("tooManyDeletes", "So.")], [("refused", (), "too many deletions [tooManyDeletes]")]),
        ([], [warning("tooManyDeletes", "So.")], []),
        (
            [],
            [
                error("nameStillTaken", "So.", subject="sam"),
                error("tooManyDeletes", "So."),
                *(error("nameStillTaken", "So.", subject=name) for name in ("pat", "lee", "kim")),
            ],
            [
                ("refused", ("kim", "lee", "pat", "sam"), "name is not given up in this plan [nameStillTaken]"),
                ("refused", (), "too many deletions [tooManyDeletes]"),
            ],
        ),
        ([change("a", "create", LOGIN)], [error("verificationFailed", "So.", subject="a")], [("refused", ("a",), NO_LOGIN)]),
        (
            [change("a", "create", LOGIN)],
            [error("verificationFailed", "So.", subject="b")],
            [("refused", ("b",), "verification failed [verificationFailed]"), ("refused", ("a",), NO_LOGIN)],
        ),
        (
            [change("a", "create", LOGIN)],
            [error("verificationIncomplete", "So.", subject="a")],
            [("refused", ("a",), NO_LOGIN)],
        ),
        (
            [change("b", status="withheld"), change("a", status="withheld"), change("c"), change("d", status="withheld", held=True)],
            [error("credentialWithheld", "So.", subject="x")],
            [
                ("refused", ("a", "b"), "credential withheld [credentialWithheld]"),
                ("held", ("d",), "left out, because verification failed"),
            ],
        ),
        (
            [change("b", status="withheld")],
            [error("projectNotTrusted", "So.")],
            [("refused", ("b",), "project file is not trusted with secrets [projectNotTrusted]")],
        ),
        ([change("b")], [error("credentialWithheld", "So.", subject="x")], [("refused", ("x",), "credential withheld [credentialWithheld]")]),
        ([change("b", status="withheld")], [error("verificationFailed", "So.", subject="b")], []),
        (
            [change("b", status="passed")],
            [error("secretMissing", "So.", subject="b")],
            [("refused", ("b",), "secret cannot be read [secretMissing]")],
        ),
    ],
    ids=[
        "a guard", "a warning", "several accounts", "verification tells it better", "but not of others", "incomplete",
        "all that is withheld", "by a project file", "nothing is withheld", "withheld is told by itself", "what passed tells nothing",
    ],
)  # fmt: skip
def test_what_refuses_is_told_by_its_kind(
    changes: list[Change], problems: list[Diagnostic], expected: list[tuple[str, tuple[str, ...], str]]
) -> None:
    """One row for each code, with its accounts; none for what the rows of verification tell better."""
    assert expected == rows(*changes, diagnostics=tuple(problems))


def failing(count: int) -> list[Change]:
    """Return so many accounts that fail for a reason of their own, the first of the most accounts."""
    return [change(f"a{number:02}", "create", ("auth", f"x{number}", f"reason {number}")) for number in range(count)]


@pytest.mark.parametrize(
    ("count", "shown", "rest"),
    [(1, 1, ()), (6, 6, ()), (7, 5, ("a05", "a06")), (12, 5, ("a05", "a06", "a07", "a08", "a09", "a10", "a11"))],
)
def test_many_reasons_are_a_few_rows(count: int, shown: int, rest: tuple[str, ...]) -> None:
    """Six at most, of which the last one stands for those that have no room."""
    found = rows(*failing(count))
    assert [(f"a{number:02}",) for number in range(shown)] == [names for _, names, _ in found[:shown]]
    assert ([("refused", rest, "for other reasons")] if rest else []) == found[shown:]


PORT = FieldChange(path="spec.smtp.port", before=25, after=587)


def titled(name: str, *fields: FieldChange, **parts: Any) -> Change:
    """Return an update of the title, to one of its own, and of other fields."""
    own_title = FieldChange(path="metadata.title", before="a", after=name)
    return change(name, "update", fields=(own_title, *fields), **parts)


def test_an_update_that_several_share_is_told_once() -> None:
    """Before those of single accounts, with the MailServer of all; what is held, and what is no update, is left out."""
    changes = [
        titled("a"),
        titled("b", PORT, server="relay"),
        titled("c", PORT, server="relay"),
        titled("d", held=True),
    ]
    found = head(*changes, change("e", fields=(PORT,))).rows
    assert [
        ("held", ("d",), [], None),
        ("update", ("b", "c"), ["spec.smtp.port"], "relay"),
        ("update", ("a",), ["metadata.title"], None),
        ("update", ("b",), ["metadata.title"], "relay"),
        ("update", ("c",), ["metadata.title"], "relay"),
    ] == [(each.kind, each.names, [field.path for field in each.fields], each.server) for each in found]
    assert {""} == {each.text for each in found[1:]}


@pytest.mark.parametrize(("count", "shown", "rest"), [(4, 4, ()), (5, 3, ("a3", "a4"))])
def test_many_updates_are_a_few_rows(count: int, shown: int, rest: tuple[str, ...]) -> None:
    """Four at most, of which the last one stands for those that have no room."""
    paths = [FieldChange(path=f"metadata.labels.l{number}", before="a", after="b") for number in range(count)]
    found = rows(*(change(f"a{number}", "update", fields=(paths[number],)) for number in range(count)))
    assert [("update", (f"a{number}",), "") for number in range(shown)] == found[:shown]
    assert ([("update", rest, "changed otherwise")] if rest else []) == found[shown:]


@pytest.mark.parametrize(
    ("count", "fields", "text"),
    [
        (3, (), None),
        (4, (), "title, each to a value of its own"),
        (4, (FieldChange(path="spec.from", before=None, after=None),), "title, each to a value of its own; from, each to a value of its own"),
    ],
)  # fmt: skip
def test_many_that_change_the_same_fields_are_one_row(
    count: int, fields: tuple[FieldChange, ...], text: str | None
) -> None:
    """Of more than three accounts what they all come to is told, or that each has a value of its own."""
    names = [f"a{number}" for number in range(count)]
    found = rows(*(titled(name, *(replace_before(each, name) for each in fields)) for name in names))
    one = [("update", tuple(names), text or "")]
    assert (one if text else [("update", (name,), "") for name in names]) == found


def test_what_all_come_to_is_told() -> None:
    """Values that differ before and are one afterwards."""
    ports = [FieldChange(path="spec.smtp.port", before=number, after=587) for number in range(5)]
    found = rows(*(change(f"a{number}", "update", fields=(port,)) for number, port in enumerate(ports)))
    assert [("update", ("a0", "a1", "a2", "a3", "a4"), "smtp.port becomes 587")] == found


def replace_before(field: FieldChange, text: str) -> FieldChange:
    """Return a change of the same field from another value."""
    return FieldChange(path=field.path, before=text, after=field.after)


def test_who_waits_for_the_platform() -> None:
    """Accounts that it knows, then new ones; what is held waits for nobody, and neither does what it need not accept."""
    changes = [
        change("b", "create"), change("a", "create"), change("d", "update"), change("c", "rename", previous_name="x"),
        change("e", "update", held=True), change("f", "create"),
    ]  # fmt: skip
    assert [
        ("pending", ("c", "d"), "must be accepted by the platform again"),
        ("pending", ("a", "b"), "must be accepted by the platform"),
    ] == [each for each in rows(*changes, pending=("a", "b", "c", "d", "e")) if each[0] == "pending"]


FAILS = change("a", "create", LOGIN)


@pytest.mark.parametrize(
    ("changes", "codes", "expected"),
    [
        ([], [], ""),
        ([], ["tooManyDeletes"], "tooManyDeletes"),
        ([], ["unknownField", "invalidValue"], "invalidValue"),
        ([], ["credentialWithheld", "tooManyDeletes", "unknownField"], "unknownField"),
        ([], ["credentialWithheld", "tooManyDeletes"], "tooManyDeletes"),
        ([], ["nameStillTaken", "aCodeOfALaterVersion"], "aCodeOfALaterVersion"),
        ([], ["unknownField", "aCodeOfALaterVersion"], "unknownField"),
        ([], ["projectNotTrusted", "credentialWithheld"], "credentialWithheld"),
        ([], ["verificationFailed"], "verificationFailed"),
        ([FAILS], ["verificationFailed"], ""),
        ([FAILS, change("b")], ["verificationIncomplete", "secretMissing"], ""),
        ([FAILS], ["verificationFailed", "tooManyDeletes"], "tooManyDeletes"),
        ([HELD], ["verificationFailed"], "verificationFailed"),
        ([change("a")], ["verificationFailed"], "verificationFailed"),
    ],
)  # fmt: skip
def test_what_is_mended_first(changes: list[Change], codes: list[str], expected: str) -> None:
    """Faulty input, then guards, then a credential that is withheld; what verification tells has a command of its own."""
    problems = [Diagnostic(severity="error", code=code, summary="S", detail="D.") for code in codes]
    told = head(*changes, diagnostics=(*problems, warning("stateTracked", "W.")))
    assert expected == told.mend_code
    assert not told.mend or not expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("", ""),
        ("b", "reconciler verify b"),
        ("cab", "reconciler verify a b c"),
        ("abcd", "reconciler plan --hold-failing"),
    ],
)
def test_the_command_to_go_on_with(names: str, expected: str) -> None:
    """It tells more of up to three accounts that fail, and leaves more of them out; of those held nothing is told."""
    failed = [change(name, "create", LOGIN) for name in names]
    assert expected == head(*failed, HELD, change("z")).mend
