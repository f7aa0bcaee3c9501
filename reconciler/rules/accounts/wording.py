"""Text that says the same as what is recorded stays as it is recorded: NFC and NFD are one text.

Premise: some systems write é as one character (NFC), others as a letter and an accent (NFD), and nobody sees which. A
manifest that was saved on the other system is no change. So before the two sides are compared, the desired account
takes over the recorded form of each text that differs in nothing else; documents, digests of verified settings,
approvals and routes then are what they were. A text that is new is recorded as it is written.

That goes for what people read, for addresses (RFC 6532 section 3.1) and for user names (RFC 8265 section 3.4). Not for
what names a secret, a file or a client: that is asked for octet by octet, and another form may be another thing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.characters import composed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.recorded import RecordedAccount

_COMPARABLE = (
    "metadata",
    "spec.email",
    "spec.displayName",
    "spec.replyTo",
    "spec.overrideFrom",
    "spec.overrideTo",
    "spec.smtp.authentication.username",
    "spec.proxy.username",
)
"""The paths of what is compared as text, branches among them."""
_BRANCHES = tuple(f"{path}." for path in _COMPARABLE)


def worded_as_recorded(account: DesiredAccount, before: RecordedAccount) -> DesiredAccount:
    r"""Return the account with each text as recorded that differs from it in nothing but its normalisation form.

    >>> from datetime import UTC, datetime
    >>> from reconciler.model.accounts.desired import DesiredAccount
    >>> from reconciler.model.accounts.recorded import RecordedAccount
    >>> at, was = datetime(2026, 9, 7, tzinfo=UTC), '{"metadata":{"title":"B\u00fcro"}}'
    >>> before = RecordedAccount(kind="OwnAccount", name="a", canonical=was, revision=3, created_at=at, updated_at=at)
    >>> now = DesiredAccount(kind="OwnAccount", name="a", document={"metadata": {"title": "Bu\u0308ro"}})
    >>> worded_as_recorded(now, before).canonical == before.canonical != now.canonical
    True
    """
    if account.canonical == before.canonical:
        return account
    kept: set[str] = set()
    document = _worded(account.document, before.document, "", kept)
    written = {path: text for path, text in account.written.items() if path not in kept}
    written |= {path: text for path, text in before.written.items() if path in kept}
    return replace(account, document=document, written=written)


def _worded(
    after: Mapping[str, object], before: Mapping[str, object], prefix: str, kept: set[str]
) -> dict[str, object]:
    """Return a mapping in which texts that only differ in form are as recorded; their paths are added to ``kept``."""
    worded: dict[str, object] = {}
    for key, now in after.items():
        path, was = f"{prefix}{key}", before.get(key)
        worded[key] = now
        if isinstance(now, dict) and isinstance(was, dict):
            worded[key] = _worded(now, was, f"{path}.", kept)
        elif isinstance(now, list) and isinstance(was, list) and len(now) == len(was):
            numbered = _worded(_numbered(now), _numbered(was), f"{path}.", kept)
            worded[key] = list(numbered.values())
        elif (
            isinstance(now, str)
            and isinstance(was, str)
            and (now != was and composed(now) == composed(was) and f"{path}.".startswith(_BRANCHES))
        ):
            worded[key] = was
            kept.add(path)
    return worded


def _numbered(entries: list[Any]) -> dict[str, object]:
    return {str(number): each for number, each in enumerate(entries)}
