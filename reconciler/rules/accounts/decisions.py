"""What the platform may decide on an account, who may be stopped, and what either leaves recorded.

The rules: a decision belongs to a marketing account as it is recorded, and the same decision is not made twice. The
other one can replace it: a reviewer may change their mind, and a rejection withdraws an approval. A suspension is
apart from all that: it takes accounts of either kind and any status, and resuming leaves what was decided and
verified meanwhile.

Each function that changes an account takes one that its ``refuse_…`` has nothing against.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from reconciler.characters import UNSAFE_CHARACTER, one_line
from reconciler.diagnostics import Diagnostic, error
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.accounts.recorded import Approval, Suspension, approval_digest

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.model.accounts.recorded import RecordedAccount

Decision = Literal["approved", "rejected"]

MAX_REASON_LENGTH = 500
"""Characters of a reason; it stands in the journal for good and on one line of a view."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def refuse_reason(reason: str) -> Diagnostic | None:
    """Return what is wrong with the reason of a rejection or suspension; None for a good one.

    >>> refuse_reason("  ").detail
    'The reason is empty. Whoever is concerned will ask; say why.'
    >>> refuse_reason("Complaints since Monday") is None
    True
    """
    if not reason.strip():
        return error("reasonInvalid", "The reason is empty. Whoever is concerned will ask; say why.")
    if len(reason) > MAX_REASON_LENGTH:
        detail = f"The reason has {len(reason):,} characters, and at most {MAX_REASON_LENGTH} are kept. Shorten it."
        return error("reasonInvalid", detail)
    found = UNSAFE_CHARACTER.search(reason)
    if found:
        detail = (
            f"The reason holds the control character U+{ord(found.group()):04X} at position {found.start() + 1}; "
            "what is shown would not be what is there. Write one line of plain text."
        )
        return error("reasonInvalid", detail)
    if _SURROGATE.search(reason):
        return error("reasonInvalid", "The reason is not UTF-8 text. Write it in the terminal's encoding.")
    return None


def refuse_decision(account: RecordedAccount, decision: Decision) -> Diagnostic | None:
    """Return why the platform cannot decide so; None where it can.

    >>> from datetime import UTC, datetime
    >>> from reconciler.model.accounts.recorded import RecordedAccount
    >>> at = datetime(2026, 9, 7, tzinfo=UTC)
    >>> eu = RecordedAccount(kind="OwnAccount", name="eu", canonical="{}", revision=3, created_at=at, updated_at=at)
    >>> refuse_decision(eu, "approved").code
    'approvalNotNeeded'
    >>> refuse_decision(replace(eu, kind="MarketingAccount"), "approved") is None
    True
    """
    kind = kind_of(account)
    if not kind.is_accepted_by_platform:
        detail = (
            f"{account.name} is {kind.label_with_article}: it sends through its owner's mailbox, and the platform does not decide "
            "on it. Nothing was changed. To stop it from sending:\n"
            f"    reconciler suspend {account.name} --reason TEXT"
        )
        return error("approvalNotNeeded", detail, subject=account.name)
    made = account.approval
    if made is None or made.decision != decision:
        return None
    why = f" ({one_line(made.reason)})" if made.reason else ""
    detail = (
        f"{account.name} is already {decision}, by {one_line(made.actor)} at {made.at:%Y-%m-%d %H:%M} UTC{why}, and has not "
        "changed since. Nothing was changed."
    )
    return error("alreadyDecided", detail, subject=account.name)


def refuse_stale(account: RecordedAccount, seen_revision: int | None) -> Diagnostic | None:
    """Return that the account was changed after the revision that the reviewer looked at; None where it was not.

    >>> from datetime import UTC, datetime
    >>> from reconciler.model.accounts.recorded import RecordedAccount
    >>> at = datetime(2026, 9, 7, tzinfo=UTC)
    >>> eu = RecordedAccount(kind="OwnAccount", name="eu", canonical="{}", revision=3, created_at=at, updated_at=at)
    >>> refuse_stale(eu, 2).code, refuse_stale(eu, 3), refuse_stale(eu, None)
    ('decisionStale', None, None)
    """
    if seen_revision is None or account.revision <= seen_revision:
        return None
    detail = (
        f"{account.name} was last changed by revision {account.revision}, after the revision {seen_revision} that you "
        "looked at. Nothing was changed. Look at it as it is now:\n"
        f"    reconciler accounts show {account.name}"
    )
    return error("decisionStale", detail, subject=account.name)


def refuse_suspension(account: RecordedAccount) -> Diagnostic | None:
    """Return that the account is suspended already; None where it is not.

    >>> from datetime import UTC, datetime
    >>> from reconciler.model.accounts.recorded import RecordedAccount
    >>> at = datetime(2026, 9, 7, tzinfo=UTC)
    >>> eu = RecordedAccount(kind="OwnAccount", name="eu", canonical="{}", revision=3, created_at=at, updated_at=at)
    >>> refuse_suspension(eu) is None, refuse_suspension(suspended(eu, actor="anna", at=at, reason="Spam")).code
    (True, 'alreadySuspended')
    """
    stop = account.suspension
    if stop is None:
        return None
    detail = (
        f"{account.name} is already suspended, by {one_line(stop.actor)} at {stop.at:%Y-%m-%d %H:%M} UTC ({one_line(stop.reason)}). "
        "Nothing was changed."
    )
    return error("alreadySuspended", detail, subject=account.name)


def refuse_resumption(account: RecordedAccount) -> Diagnostic | None:
    """Return that there is nothing to resume; None for a suspended account.

    >>> from datetime import UTC, datetime
    >>> from reconciler.model.accounts.recorded import RecordedAccount
    >>> at = datetime(2026, 9, 7, tzinfo=UTC)
    >>> eu = RecordedAccount(kind="OwnAccount", name="eu", canonical="{}", revision=3, created_at=at, updated_at=at)
    >>> refuse_resumption(eu).detail
    'eu is not suspended; it is unverified: was never verified. Nothing was changed.'
    """
    if account.suspension is not None:
        return None
    why = f": {one_line(account.status_reason)}" if account.status_reason else ""
    detail = f"{account.name} is not suspended; it is {account.status}{why}. Nothing was changed."
    return error("notSuspended", detail, subject=account.name)


def decided(
    account: RecordedAccount, decision: Decision, *, actor: str, at: datetime, reason: str | None
) -> RecordedAccount:
    """Return the account with the platform's decision, bound to what is recorded now.

    >>> from datetime import UTC, datetime
    >>> from reconciler.model.accounts.recorded import RecordedAccount
    >>> at, spec = datetime(2026, 9, 7, tzinfo=UTC), '{"spec": {"email": "news@example.com", "displayName": "N"}}'
    >>> us = RecordedAccount(kind="MarketingAccount", name="u", canonical=spec, revision=3, created_at=at, updated_at=at)
    >>> us.status, decided(us, "approved", actor="anna", at=at, reason=None).status
    ('pending', 'active')
    """
    subject_digest = approval_digest(account.kind, account.settings)
    assert subject_digest is not None  # noqa: S101 - own accounts are refused
    approval = Approval(decision=decision, actor=actor, at=at, reason=reason, subject_digest=subject_digest)
    return replace(account, approval=approval)


def suspended(account: RecordedAccount, *, actor: str, at: datetime, reason: str) -> RecordedAccount:
    """Return the account stopped.

    >>> from datetime import UTC, datetime
    >>> from reconciler.model.accounts.recorded import RecordedAccount
    >>> at = datetime(2026, 9, 7, tzinfo=UTC)
    >>> eu = RecordedAccount(kind="OwnAccount", name="eu", canonical="{}", revision=3, created_at=at, updated_at=at)
    >>> suspended(eu, actor="anna", at=at, reason="Spam").status_sentence
    'eu is suspended: Spam.'
    """
    return replace(account, suspension=Suspension(reason=reason, actor=actor, at=at))


def resumed(account: RecordedAccount) -> RecordedAccount:
    """Return the account without its stop; it is what its approval and verification make it.

    >>> from datetime import UTC, datetime
    >>> from reconciler.model.accounts.recorded import RecordedAccount
    >>> at = datetime(2026, 9, 7, tzinfo=UTC)
    >>> eu = RecordedAccount(kind="OwnAccount", name="eu", canonical="{}", revision=3, created_at=at, updated_at=at)
    >>> resumed(suspended(eu, actor="anna", at=at, reason="Spam")) == eu
    True
    """
    return replace(account, suspension=None)
