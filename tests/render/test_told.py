"""What the journal tells is told to whoever reads the history in a terminal, and to whoever reads it on the site."""

from __future__ import annotations

import re
from typing import Any

import pytest

from reconciler.model.journal.events import EventAccount, JournalEvent
from reconciler.render.html.site.history import event_entry
from reconciler.render.html.site.told import facts_of
from reconciler.render.html.site.words import text
from reconciler.render.text.history import apply_lines, event_lines
from reconciler.render.text.parts.style import Style
from tests.render import reports, values

_TOLD: list[tuple[str, dict[str, Any], str]] = [
    ("apply", {"overrides": {"sales": "provider is down"}}, "provider is down"),
    ("apply", {"liftedGuards": [{"code": "tooManyDeletes", "by": "--allow-deletes 12"}]}, "--allow-deletes 12"),
    ("apply", {"reviewed": {"planDigest": "sha256:r"}}, "sha256:r"),
    ("apply", {"targets": ["sales-*"]}, "sales-*"),
    ("apply", {"excludes": ["old-*"]}, "old-*"),
    ("apply", {"holdsFailing": True}, "that fail verification were to be held"),
    ("apply", {"held": ["billing"]}, "billing"),
    ("apply", {"secretsNotCompared": {"billing": ["env:SMTP_BILLING"]}}, "env:SMTP_BILLING"),
    ("apply", {"secretsNotCompared": {"billing": ["env:SMTP_BILLING"]}}, "secrets of billing"),
    ("apply", {"grantsUsed": ["env:SMTP_*"]}, "env:SMTP_*"),
    ("apply", {"trustsProject": True}, "declared trusted"),
    ("apply", {"approvals": {"news": {"before": {"decision": "approved"}, "after": None}}}, "news"),
    ("verify", {"grantsUsed": ["env:SMTP_*"]}, "env:SMTP_*"),
    ("verify", {"trustsProject": True}, "declared trusted"),
    ("redact", {"name": "anna", "payloads": 3, "revisions": 1}, "anna"),
    ("revoke", {"routes": 2, "secret": "env:SMTP_SALES"}, "env:SMTP_SALES"),
    ("rekey", {"fingerprintKeyId": "key-2"}, "key-2"),
    ("rekey", {"fingerprintKeyId": "key-2", "unread": ["env:GONE"]}, "env:GONE"),
    ("rekey", {"fingerprintKeyId": "key-2", "acceptedRotated": ["env:TURNED"]}, "env:TURNED"),
    ("restore", {"serial": 7, "lostEntries": 41}, "41"),
    ("migrate", {"before": 1, "after": 2}, "version 2"),
    ("send", {"name": "news", "ending": "begun"}, "Through news: begun"),
    ("send", {"name": "news", "ending": "stopped", "thisRun": {"accepted": 3}}, "Through news: 3 accepted; stopped"),
]


@pytest.mark.parametrize(("kind", "details", "words"), _TOLD)
def test_both_tell_it(kind: str, details: dict[str, Any], words: str) -> None:
    """Each thing that an entry holds beside who, when, why and whom stands in the text and on the page."""
    event = JournalEvent(sequence=1, at=values.NOON, event=kind, details=details)
    lines = apply_lines(event, style=Style()) if kind == "apply" else event_lines(event, style=Style())
    page = [text("en", fact.key, fact.values) for fact in facts_of(event)]
    assert words.lower() in " ".join(lines).lower()
    assert words.lower() in " ".join(page).lower()


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("redact", {"name": "anna", "payloads": 1, "revisions": 1}),
        ("revoke", {"routes": 1, "secret": "env:SMTP_SALES"}),
        ("restore", {"serial": 1, "lostEntries": 1}),
    ],
)
def test_one_of_a_kind_is_no_plural(kind: str, details: dict[str, Any]) -> None:
    """What was done to one payload, revision, route or entry is not told of ``1 payloads``, in the text or on the page."""
    event = JournalEvent(sequence=1, at=values.NOON, event=kind, details=details)
    told = event_lines(event, style=Style()) + [text("en", fact.key, fact.values) for fact in facts_of(event)]
    assert [] == [line for line in told if re.search(r"\b1 (payload|revision|route|entrie)s", line)]


_ACCOUNTS = [f"desk-{number:05}-pl" for number in range(10_000)]
_WITHDRAWN = {"before": {"decision": "approved"}, "after": None}
_OF_MANY: dict[str, tuple[str, dict[str, Any]]] = {
    "overridden for one reason": ("apply", {"overrides": dict.fromkeys(_ACCOUNTS, "provider is down")}),
    "overridden for a reason each": ("apply", {"overrides": {name: f"see {name}" for name in _ACCOUNTS}}),
    "one secret not compared": ("apply", {"secretsNotCompared": {name: ["env:SMTP"] for name in _ACCOUNTS}}),
    "a secret each not compared": ("apply", {"secretsNotCompared": {name: [f"env:{name}"] for name in _ACCOUNTS}}),
    "approvals": (
        "apply",
        {"approvals": dict.fromkeys(_ACCOUNTS, _WITHDRAWN)},
    ),
    "held": ("apply", {"held": _ACCOUNTS}),
    "taken as they were altered": ("verify", {"acceptedAltered": dict.fromkeys(_ACCOUNTS, "restored")}),
    "published": ("publish", {"consumer": "box", "place": "maps", "published": dict.fromkeys(_ACCOUNTS, "added")}),
}


@pytest.mark.parametrize(("kind", "details"), _OF_MANY.values(), ids=_OF_MANY)
def test_what_is_told_of_thousands_of_accounts_can_be_read(kind: str, details: dict[str, Any]) -> None:
    """The first are named and the rest are counted, in the text and on the page: it was a line for each account."""
    event = JournalEvent(sequence=1, at=values.NOON, event=kind, details=details)
    lines = apply_lines(event, style=Style()) if kind == "apply" else event_lines(event, style=Style())
    page = [text("en", fact.key, fact.values) for fact in facts_of(event)]
    for told in (lines, page):
        assert len(told) <= 110
        assert _ACCOUNTS[0] in "\n".join(told)
        assert re.search("9,?9[56]0 more", "\n".join(told))


def test_a_page_of_an_account_tells_of_an_event_what_concerns_the_account() -> None:
    """A nightly verification may tell of ten thousand accounts; each has its page, and none shows the others'."""
    accounts = tuple(EventAccount(name=name, before="active", after="failing") for name in ("billing", "sales-pl"))
    accepted = {"acceptedAltered": {"billing": "restored", "sales-pl": "moved"}, "grantsUsed": ["env:SMTP_*"]}
    event = JournalEvent(sequence=1, at=values.NOON, event="verify", accounts=accounts, details=accepted)
    report = reports.report(journal=(event,))
    whole = event_entry(event, report)
    one = event_entry(event, report, only=frozenset({"sales-pl", "sales-old"}))
    assert ["billing", "sales-pl"] == [each.name for each in whole.standings]
    assert ["sales-pl"] == [each.name for each in one.standings]
    assert {"billing", "sales-pl", None} == {fact.values.get("name") for fact in whole.facts}
    assert ["sales-pl"] == [fact.values.get("name") for fact in one.facts]
