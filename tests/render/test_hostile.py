"""Values full of control characters: none reaches an output, whichever field they stand in."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.diagnostics import Diagnostic, Location
from reconciler.model.accounts.recorded import Approval, RecordedAccount, RecordedVerification, Suspension
from reconciler.model.journal.entries import Revision
from reconciler.model.journal.events import EventAccount, JournalEvent
from reconciler.model.plan import Announcement, Change, FieldChange, LiftedGuard, Messages, SavedPlan, Summary
from reconciler.model.secrets.routes import Route, SecretRoute
from reconciler.model.verification.evidence import Check, Evidence, Verification
from reconciler.render import csv
from reconciler.render.json import documents
from reconciler.render.json.history import history_document
from reconciler.render.safe import UNSAFE
from reconciler.render.text import (
    Style,
    account_text,
    accounts_table,
    apply_text,
    diagnostics_text,
    history_text,
    journal_text,
    plan_text,
    queue_text,
    ruled_text,
    state,
    verification_text,
)
from tests.render import golden, values

if TYPE_CHECKING:
    from collections.abc import Iterator

ATTACK = "a\x1b]0;pwned\x07\x1b[2J\r\n::error::x\n##vso[task]\u202egnp\u2066\x9b31m\ufeff\x00\u2028end"
STYLES = [
    Style(width=width, colour=colour, unicode=unicode)
    for width in (40, 80, 200)
    for colour in (False, True)
    for unicode in (False, True)
]
_COLOUR_CODE = re.compile("\x1b\\[[0-9;]*m")
_CI_COMMAND = re.compile(r"^\s*::|##[a-z]*\[", re.MULTILINE)


def hostile_verification(text: str) -> Verification:
    """Return a verification in which every free text is the given one."""
    checks = (
        Check(check="dns", status="passed", code="ok", message=text),
        Check(check="tls", status="warned", code=text, message=text),
        Check(check="auth", status="failed", class_="permanent", code=text, message=text),
        Check(check="sender", status="skipped", code="earlierFailure", message=text),
    )
    return Verification(status="failed", depth="envelope", checked_at=values.NOON, checks=checks)


def hostile_plan(text: str) -> SavedPlan:
    """Return a blocked plan in which every free text is the given one."""
    fields = (
        FieldChange(path=f"metadata.annotations.{text}", before=text, after=f"{text}!"),
        FieldChange(path="spec.email", before=None, after=text),
    )
    changes = [
        Change(action=action, kind="OwnAccount", name=f"{text}{number}", previous_name=text, server=text, fields=fields,
               verification=found)
        for action in ("create", "update", "rename", "delete")
        for number, found in enumerate(hostile_findings(text).values())
    ]  # fmt: skip
    return values.plan(
        changes,
        status="blocked",
        diagnostics=hostile_diagnostics(text),
        lifted=[LiftedGuard(code=text, by=text)],
        project=text,
        verifies=Announcement(accounts=1, messages=(Messages(to=text, count=1),)),
    )


def hostile_findings(text: str) -> dict[str, Verification]:
    """Return verifications of every outcome, by hostile name."""
    failed = hostile_verification(text)
    down = Check(check="connect", status="skipped", code="serverDown", message=text)
    withheld = Check(check="auth", status="skipped", code="withheld", message=text)
    return {
        text: failed,
        f"{text}1": failed.model_copy(update={"status": "passed"}),
        f"{text}2": failed.model_copy(update={"checks": (down,)}),
        f"{text}3": failed.model_copy(update={"status": "withheld", "checks": (withheld,)}),
        f"{text}4": failed.model_copy(update={"status": "skipped"}),
    }


def hostile_diagnostics(text: str) -> list[Diagnostic]:
    """Return problems with hostile subject, detail, place and copyable line."""
    place = Location(text, 1, 2)
    return [
        Diagnostic("error", "unknownField", text, f"{text}\n    {text}\n\n{text}", subject=text, location=place),
        Diagnostic("warning", text, text, text),
    ]


def hostile_account(text: str) -> RecordedAccount:
    """Return an account in which every free text is the given one."""
    return values.recorded(
        text,
        kind="MarketingAccount",
        metadata={"title": text, "owner": text, "labels": {text: text}, "annotations": {text: text}},
        spec={"email": text, "displayName": text, "replyTo": {"email": text}},
        written={"spec.replyTo.email": text},
        approval=Approval(decision="rejected", actor=text, at=values.NOON, reason=text, subject_digest="sha256:0"),
        suspension=Suspension(reason=text, actor=text, at=values.NOON),
        verification=RecordedVerification(outcome="failed", checked_at=values.NOON, depth="auth", reason=text),
        evidence=Evidence(settings_digest="sha256:5", verification=hostile_verification(text)),
    )


def hostile_revision(text: str) -> Revision:
    """Return a revision in which every free text is the given one."""
    field = {"path": text, "before": text, "after": text}
    changes = [
        {"action": action, "kind": "OwnAccount", "name": text, "previousName": text, "fields": [field]}
        for action in ("create", "update", "rename", "delete", text)
    ]
    return Revision(
        revision=1,
        at=values.NOON,
        actor=text,
        actor_source="flag",
        commit=text,
        reference=text,
        plan_digest="sha256:0",
        summary={"update": 1},
        changes=tuple(changes),
    )


def texts(text: str, style: Style) -> Iterator[str]:
    """Yield every human rendering of hostile values."""
    findings = hostile_findings(text)
    kinds = dict.fromkeys(findings, "OwnAccount")
    for view in golden.VIEWS:
        yield plan_text(hostile_plan(text), style=style, view=view, planfile=text)
    yield diagnostics_text(hostile_diagnostics(text), style=style)
    yield verification_text(findings, dict.fromkeys(kinds, "OwnAccount"), style=style)
    yield verification_text({text: hostile_verification(text)}, {text: "OwnAccount"}, style=style)
    yield accounts_table([hostile_account(text)], style=style)
    yield account_text(hostile_account(text), style=style)
    yield history_text([hostile_revision(text)], style=style)
    yield history_text([hostile_revision(text)], events=hostile_events(text), style=style)
    yield state.sentences_text([text, f"    {text}"], style=style)
    yield state.revoked_text([hostile_route(text)], style=style)
    yield journal_text(1, text, problems=[text], redacted={1: 2}, style=style)
    yield journal_text(1, text, style=style)
    yield apply_text(1, Summary(create=1), style=style)
    yield queue_text([hostile_account(text)], style=style)
    yield ruled_text("suspend", [hostile_account(text)], style=style)


def hostile_events(text: str) -> list[JournalEvent]:
    """Return events of the journal in which everything is the hostile text."""
    at = hostile_revision(text).at
    told: dict[str, Any] = {
        "overrides": {text: text},
        "liftedGuards": [{"code": text, "by": text}, text],
        "grantsUsed": [text],
        "held": [text],
        "trustsProject": True,
        "approvals": {text: {"before": {"decision": text}, "after": text}, "x": text},
    }
    care_of_state = {"name": text, "secret": text, "fingerprintKeyId": text, "unread": [text], "before": text}
    account = EventAccount(name=text, before=text, after=text, reason=text)
    other = EventAccount(name=text, after=text)
    events = [
        JournalEvent(
            sequence=90, at=at, event=event, actor=text, reason=text, accounts=(account, other), details=care_of_state
        )
        for event in ("redact", "revoke", "rekey", "restore", "migrate", "suspend", text)
    ]
    applied = JournalEvent(sequence=1, at=at, event="apply", revision=hostile_revision(text).revision, details=told)
    return [*events, applied]


def hostile_route(text: str) -> SecretRoute:
    """Return a route of a secret in which everything is the hostile text."""
    return SecretRoute(secret=text, route=Route(username=text, host=text, port=25, encryption="none", proxy=text))


def machine_texts(text: str) -> Iterator[str]:
    """Yield every rendering of hostile values for programs."""
    account, revision = hostile_account(text), hostile_revision(text)
    findings = hostile_findings(text)
    diagnostics = hostile_diagnostics(text)
    kinds = dict.fromkeys(findings, "OwnAccount")
    for document in (
        documents.plan_document(hostile_plan(text)),
        documents.error_document(diagnostics),
        documents.validate_document(dict.fromkeys(kinds, "OwnAccount"), diagnostics, valid=False),
        documents.verify_document(findings, dict.fromkeys(kinds, "OwnAccount"), diagnostics=diagnostics),
        documents.apply_document("refused", None, diagnostics=diagnostics),
        documents.accounts_document([account]),
        documents.account_document(account),
        json.loads("".join(history_document([revision], events=hostile_events(text)))),
        state.care_document({"file": text, "forgotten": state.route_documents([hostile_route(text)])}),
        documents.journal_document(1, text, problems=[text]),
    ):
        yield documents.to_json(document)
    yield csv.accounts_csv([account])
    yield csv.history_csv([revision])


@pytest.mark.parametrize("style", STYLES, ids=str)
def test_no_attack_reaches_the_terminal(style: Style) -> None:
    """No control or direction character and no CI command comes out of any human rendering, in any style."""
    for shown in texts(ATTACK, style):
        plain = _COLOUR_CODE.sub("", shown) if style.colour else shown
        assert UNSAFE.findall(plain.replace("\n", "")) == []
        assert _CI_COMMAND.findall(plain) == []


def test_no_attack_reaches_the_terminal_through_programs_formats() -> None:
    """JSON and CSV shown in a terminal are harmless too, CSV's own line ends apart."""
    for shown in machine_texts(ATTACK):
        assert UNSAFE.findall(shown.replace("\r\n", "").replace("\n", "")) == []
        assert _CI_COMMAND.findall(shown) == []


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(codec=None), max_size=60))
def test_no_text_whatever_reaches_the_terminal_raw(text: str) -> None:
    """For any text, lone surrogates included, outputs hold no control character and can be encoded."""
    for style in (Style(width=40), Style(width=100, unicode=False)):
        for shown in texts(text, style):
            assert UNSAFE.findall(shown.replace("\n", "")) == []
            assert shown.isascii() or style.unicode
            assert shown.encode()
    for shown in machine_texts(text):
        assert UNSAFE.findall(shown.replace("\r\n", "").replace("\n", "")) == []


@pytest.mark.parametrize("style", [style for style in STYLES if not style.colour], ids=str)
def test_there_is_no_colour_unless_asked_for(style: Style) -> None:
    """Without colour no escape sequence is made."""
    assert [shown for shown in texts("plain", style) if "\x1b" in shown] == []


@pytest.mark.parametrize("style", [style for style in STYLES if style.colour], ids=str)
def test_colour_changes_nothing_but_colour(style: Style) -> None:
    """With its colour codes taken away, a coloured text is the plain text."""
    plain = Style(width=style.width, unicode=style.unicode)

    assert [_COLOUR_CODE.sub("", shown) for shown in texts("żółw", style)] == list(texts("żółw", plain))
    assert any("\x1b[" in shown for shown in texts("żółw", style))


@pytest.mark.parametrize("style", [style for style in STYLES if not style.unicode], ids=str)
def test_output_that_cannot_do_unicode_gets_ascii(style: Style) -> None:
    """Where the encoding has ASCII only, everything is ASCII: symbols, and foreign text escaped."""
    assert [shown for shown in texts("żółw 日本", style) if not shown.isascii()] == []
