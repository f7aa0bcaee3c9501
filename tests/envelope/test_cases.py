"""Every document under ``cases`` is resolved and its headers built; see the README there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.envelope import make_headers, resolve_contact
from reconciler.envelope.readback import read_mailbox
from reconciler.model.mail.resolution import REASON_CODES
from tests.envelope.reading import cases, reasons_of

if TYPE_CHECKING:
    from reconciler.model.mail.resolution import Resolution
    from tests.envelope.reading import Case

CASES = cases()


def _read(resolution: Resolution) -> list[str]:
    if resolution.outcome == "skip":
        return []
    read = [(name, *read_mailbox(name, value)) for name, value in make_headers(resolution)]
    return [f"{name}: {shown} <{address}>" if shown else f"{name}: {address}" for name, shown, address in read]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_case(case: Case) -> None:
    """Who the contact sees, and why, is as the case says; bounces go to the account."""
    resolution = resolve_contact(case.identity, case.contact)
    assert case.headers == _read(resolution)
    assert case.reasons == reasons_of(resolution)
    assert case.needs_smtputf8 is resolution.needs_smtputf8
    assert "news@example.com" == resolution.envelope_from


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_where_replies_go_is_always_told(case: Case) -> None:
    """Reply-to is given even where no header is needed: it is then From; a skipped contact has nothing."""
    resolution = resolve_contact(case.identity, case.contact)
    headers = dict(make_headers(resolution)) if resolution.outcome == "send" else {}
    assert (resolution.outcome == "skip") == (resolution.reply_to is None)
    assert ("Reply-To" not in headers) == (resolution.reply_to == resolution.author)


def test_every_reason_is_reached() -> None:
    """Each code that a reason can have comes up in a case."""
    reached = {reason.split()[1] for case in CASES for reason in case.reasons}
    assert set(REASON_CODES) == reached


def test_every_case_says_something_of_its_own() -> None:
    """No two cases have the same sentence, so that a failure names one."""
    assert len(CASES) == len({case.says for case in CASES})
