"""Cases and hostile values as the files under ``cases`` have them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from reconciler.envelope import identity_of
from reconciler.model.accounts.settings import Settings
from reconciler.model.mail.contacts import Contact

if TYPE_CHECKING:
    from reconciler.envelope import Identity
    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.mail.resolution import Resolution

FOLDER = Path(__file__).parent / "cases"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One document of a case file."""

    says: str
    identity: Identity
    contact: Contact
    headers: list[str]
    reasons: list[str]
    needs_smtputf8: bool


def cases() -> list[Case]:
    """Return every case of every file."""
    paths = sorted(FOLDER.glob("*.yaml"))
    return [_case(each) for path in paths for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def _case(written: dict[str, Any]) -> Case:
    known = {"says", "kind", "account", "contact", "headers", "reasons", "smtputf8"}
    assert written.keys() <= known, written
    contact = {"email": "anna@example.org", "name": "Anna", "details": {}, **written["contact"]}
    return Case(
        says=written["says"],
        identity=identity(written["account"], kind=written.get("kind", "MarketingAccount")),
        contact=Contact(**contact),
        headers=written["headers"],
        reasons=written["reasons"],
        needs_smtputf8=written.get("smtputf8", False),
    )


def identity(account: dict[str, Any], *, kind: str = "MarketingAccount") -> Identity:
    """Return the identity of an account with these settings beside the usual ones."""
    spec = {"email": "news@example.com", "displayName": "Example News", **account}
    return identity_of(cast("Kind", kind), Settings.model_validate(spec))


def hostile(name: str) -> dict[str, Any]:
    """Return a table of hostile values."""
    table: dict[str, Any] = yaml.safe_load((FOLDER / "hostile" / f"{name}.yaml").read_text(encoding="utf-8"))
    return table


def reasons_of(resolution: Resolution) -> list[str]:
    """Return field and code of each reason."""
    return [f"{reason.field} {reason.code}" for reason in resolution.reasons]
