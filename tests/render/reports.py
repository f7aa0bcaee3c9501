"""Reports that the site's tests are made from."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from reconciler.model.accounts.recorded import RecordedState
from reconciler.model.journal.entries import Revision
from reconciler.model.journal.events import EventAccount, JournalEvent
from reconciler.operations.journal.report import make_report
from tests.render import values
from tests.render.test_hostile import hostile_account, hostile_events, hostile_revision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.journal.report import Report

ACCOUNTS = (values.ACTIVE, values.PENDING, values.REJECTED)
_APPLIED = (values.CREATED, values.UPDATED, values.DELETED, values.RENAMED)


def revision(number: int, *, reference: str | None = "https://git.example.com/mail/pull/7") -> Revision:
    """Return a revision with a change of every action."""
    changes = [each.model_dump(mode="json", exclude={"verification", "held"}) for each in _APPLIED]
    return Revision(
        revision=number,
        at=values.NOON + timedelta(hours=number),
        actor="anna@example.com",
        actor_source="ci",
        commit="0123456789abcdef",
        reference=reference,
        plan_digest="sha256:" + "p" * 64,
        summary={"create": 1, "update": 1, "rename": 1, "delete": 1, "unchanged": 40, "held": 0},
        changes=tuple(changes),
    )


def events() -> tuple[JournalEvent, ...]:
    """Return the entries of two applies and of what was done between them."""
    at = values.NOON
    told = {
        "overrides": {"sales-pl": "provider is down"},
        "liftedGuards": [{"code": "tooManyDeletes", "by": "--allow-deletes 12"}],
        "grantsUsed": ["env:SMTP_* to smtp.example.com"],
        "approvals": {"newsletter": {"before": {"decision": "approved"}, "after": None}},
        "trustsProject": True,
        "reviewed": {"planDigest": "sha256:r"},
        "held": ["billing"],
        "targets": ["sales-*"],
        "excludes": ["sales-old"],
    }
    stop = EventAccount(name="sales-pl", before="active", after="suspended", reason="spam")
    still = EventAccount(name="newsletter", before="pending", after="pending")
    sent = {"name": "sales-pl", "thisRun": {"sent": 3, "failed": 0}, "ending": "done"}
    return (
        JournalEvent(sequence=1, at=at, event="apply", revision=1, actor="anna", actor_source="ci"),
        JournalEvent(sequence=2, at=at, event="suspend", actor="ben", reason="spam", accounts=(stop, still)),
        JournalEvent(sequence=3, at=at, event="verify", actor="ci"),
        JournalEvent(sequence=4, at=at, event="send", actor="ben", actor_source="flag", details=sent),
        JournalEvent(sequence=5, at=at, event="apply", revision=2, details=told),
        JournalEvent(sequence=6, at=at, event="redact", details={"name": "x", "payloads": 3, "revisions": 1}),
        JournalEvent(sequence=7, at=at, event="unheardOf"),
    )


def report(
    accounts: Sequence[RecordedAccount] = ACCOUNTS,
    *,
    revisions: Sequence[Revision] | None = None,
    journal: Sequence[JournalEvent] | None = None,
    project: str = "mail",
) -> Report:
    """Return the report of a state with these accounts and this past, by default two revisions and more."""
    past = (revision(1), revision(2)) if revisions is None else revisions
    recorded = RecordedState(
        project=project, lineage="5f0c", serial=len(past), accounts={account.name: account for account in accounts}
    )
    return make_report(recorded, past, events() if journal is None else journal, head="sha256:" + "h" * 64)


def hostile_report(text: str) -> Report:
    """Return a report in which every free text is the given one."""
    journal = sorted(hostile_events(text), key=lambda event: event.sequence)
    accounts = (hostile_account(text), hostile_account(f"{text}2"))
    return report(accounts, revisions=(hostile_revision(text),), journal=journal, project=text)
