"""The ground of a page says all that the page is made of: nothing makes two pages of one ground."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.accounts.recorded import RecordedAccount
from reconciler.model.canonical import sha256_hex
from reconciler.model.journal.entries import Revision
from reconciler.model.journal.events import EventAccount, JournalEvent
from reconciler.render.html.site import site_files
from tests.render import values
from tests.render.reports import events, report, revision

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.model.journal.report import Report
    from reconciler.render.html.site import Language

_LATER = values.NOON + timedelta(days=3)
_IDENTITY = frozenset({"name", "kind", "canonical"})
"""What an account has from its document: it is another one in accounts of other documents."""
_OTHERS = (values.REJECTED, values.SUSPENDED, values.FAILING)
_OF_ACCOUNTS: Mapping[str, object] = {
    "revision": 9, "settings_digest": "sha256:other", "ca_digest": "sha256:ca", "fingerprint_key_id": "other",
    "written": {"spec.email": "sales@Example.com"}, "created_at": _LATER, "updated_at": _LATER,
    "fingerprints": {"env:A": "b"}, "manifest": "accounts.d/other.yaml", "server": "other", "ca_pem": "PEM",
    "approval": values.REJECTED.approval, "suspension": values.SUSPENDED.suspension,
    "verification": values.FAILING.verification, "evidence": None,
}  # fmt: skip
_OF_EVENTS: Mapping[str, object] = {
    "sequence": 90, "at": _LATER, "event": "resume", "actor": "olga", "actor_source": "login", "reason": "done",
    "revision": 2, "details": {"name": "sales-pl", "targets": ["sales-pl"]},
    "accounts": (EventAccount(name="sales-pl", before="failing", after="active", reason="well"),),
}  # fmt: skip
_OF_REVISIONS: Mapping[str, object] = {
    "revision": 3, "at": _LATER, "actor": "olga", "actor_source": "login", "commit": None, "reference": None,
    "plan_digest": "sha256:other", "summary": {"create": 2}, "changes": revision(1).changes[::-1],
}  # fmt: skip
_OF_CHANGES: Mapping[str, object] = {
    "action": "delete", "kind": "OwnAccount", "name": "sales-pl", "previousName": "sales-old", "cause": "rotation",
    "fields": [{"path": "spec.displayName", "before": "A", "after": "B", "rotated": True}],
}  # fmt: skip


def _accounts() -> Iterator[RecordedAccount]:
    yield from values.ACCOUNTS
    for field, value in _OF_ACCOUNTS.items():
        yield dataclasses.replace(values.ACTIVE, **{field: value})  # type: ignore[arg-type]


def _events() -> Iterator[JournalEvent]:
    for event in events()[:2]:
        yield event
        for field, value in _OF_EVENTS.items():
            yield event.model_copy(update={field: value})


def _revisions() -> Iterator[Revision]:
    one = revision(1)
    yield from (one, revision(2))
    for field, value in _OF_REVISIONS.items():
        yield one.model_copy(update={field: value})
    for field, value in _OF_CHANGES.items():
        yield one.model_copy(update={"changes": ({**one.changes[0], field: value}, *one.changes[1:])})


_KEPT: dict[str, str] = {}
"""The digest of each text by its ground, of all reports that were made here."""


def _compare(made: Report, language: Language) -> None:
    for file in site_files(made, language=language):
        assert _KEPT.setdefault(file.ground, sha256_hex(file.make())) == sha256_hex(file.make()), file.path


@pytest.mark.parametrize(
    ("model", "altered"),
    [
        ({each.name for each in dataclasses.fields(RecordedAccount)} - _IDENTITY, _OF_ACCOUNTS),
        (set(JournalEvent.model_fields), _OF_EVENTS),
        (set(Revision.model_fields), _OF_REVISIONS),
    ],
    ids=["accounts", "events", "revisions"],
)
def test_every_field_is_altered_here(model: set[str], altered: Mapping[str, object]) -> None:
    """A field that is new to what a report is made of needs a value here."""
    assert model == set(altered)


def test_a_ground_is_of_one_page_whatever_is_altered() -> None:
    """Each field of an account, an event, a revision and a change is altered by itself; the languages are compared too."""
    for language in ("en", "pl", "auto"):
        _compare(report(), language)
    for account in _accounts():
        _compare(report((account,)), "en")
    for each in _events():
        _compare(report(journal=[each, *events()[2:]]), "en")
    for each_revision in _revisions():
        _compare(report(revisions=(each_revision,)), "en")
    _compare(report(project="another"), "en")


@given(
    accounts=st.lists(st.sampled_from(list(_accounts())), max_size=3, unique_by=lambda each: each.name),
    past=st.lists(st.sampled_from(list(_revisions())), max_size=3, unique_by=lambda each: each.revision),
    journal=st.lists(st.sampled_from(list(_events())), max_size=4),
    language=st.sampled_from(["en", "auto"]),
)
def test_a_ground_is_of_one_page_in_any_report(
    accounts: Sequence[RecordedAccount], past: Sequence[Revision], journal: Sequence[JournalEvent], language: Language
) -> None:
    """Whatever stands beside it, a page with a ground that was there before has the text of before."""
    numbered = [event.model_copy(update={"sequence": number}) for number, event in enumerate(journal, 1)]
    _compare(report(accounts, revisions=past, journal=numbered), language)


def test_pages_that_nothing_new_is_about_keep_their_grounds() -> None:
    """After a suspension only the account's page and those of all have other ones."""
    before = {each.path: each.ground for each in site_files(report(), language="en")}
    stop = EventAccount(name="newsletter", before="active", after="suspended", reason="spam")
    later = JournalEvent(sequence=8, at=_LATER, event="suspend", accounts=(stop,))
    after = {each.path: each.ground for each in site_files(report(journal=[*events(), later]), language="en")}
    assert {"accounts/newsletter.html", "index.html", "all.html", "history.html", "compare.html"} == {
        path for path, ground in after.items() if before.get(path) != ground
    }
