"""Resolutions to render: each kind of outcome once, and cards that try to steer whoever looks at them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reconciler.diagnostics import Location, error
from reconciler.envelope import identity_of, resolve_contact
from reconciler.model.accounts.settings import Settings
from reconciler.model.mail.contacts import Contact
from reconciler.operations.send.resolve import Tally
from reconciler.render import csv
from reconciler.render.json import resolution as resolved
from reconciler.render.text import resolution_summary_text, resolutions_text

if TYPE_CHECKING:
    from reconciler.model.mail.resolution import Resolution
    from reconciler.render.text import Style

_IDENTITY = identity_of(
    "MarketingAccount",
    Settings.model_validate(
        {
            "email": "news@example.com",
            "displayName": "Example News",
            "replyTo": {"displayName": "Example Office"},
            "overrideFrom": {"emailDetail": "keeper_email", "displayNameDetail": "keeper_name"},
            "overrideTo": {"emailDetail": "billing_email", "onInvalid": "skip"},
        }
    ),
)
_CONTACTS = (
    Contact(
        email="anna@example.org",
        name="Anna",
        details={"keeper_email": "kasia@sales.example.com", "keeper_name": "Kaśka Żółw"},
        line=2,
    ),
    Contact(
        email="ben@example.org",
        details={"keeper_email": "ola@example.net", "billing_email": "bills@example.org"},
        line=3,
    ),
    Contact(email="=1+1@example.org", name="##[group]::x", details={"keeper_name": "=1+1"}, line=5),
    Contact(email="cecylia@example.org", details={"billing_email": "a@b.example, c@d.example"}, line=6),
    Contact(email="\x1b[2Jnobody\n::error::x", line=7),
    Contact(email="", line=8),
)
_BROKEN = error(
    "contactUnreadable",
    "Line 4: it has 1 value where the header has 5. The contact on it is left out.",
    location=Location("contacts.csv", 4),
)


def _resolved() -> list[Resolution]:
    return [resolve_contact(_IDENTITY, contact) for contact in _CONTACTS]


def _tally() -> Tally:
    tally = Tally(counts=Counter(broken=1))
    for resolution in _resolved():
        tally.count(resolution)
    return tally


def as_text(style: Style) -> str:
    """Return the text with its counts."""
    counts = resolution_summary_text(_tally().summary, style=style)
    return "".join(resolutions_text(_resolved(), style=style)) + counts


def as_json() -> str:
    """Return the one document."""
    pieces = resolved.resolutions_document(
        "newsletter", _resolved(), summary=lambda: _tally().summary, diagnostics=lambda: [_BROKEN]
    )
    return "".join(pieces)


def as_lines() -> str:
    """Return JSON lines."""
    return "".join(resolved.resolutions_lines(_resolved()))


def as_csv() -> str:
    """Return CSV."""
    return "".join(csv.resolutions_csv(_resolved()))
