"""The accounts as they were at a revision, made of the changes that the revisions keep. Pure.

The premise: a creation keeps every value of its account, and each later change what it was and became. So the revisions from
the first on, one after the other, are the register at any of them. What is not in a change is not there either: evidence,
decisions, stops. Values are shown in changes as their authors wrote them; here they become canonical again.
"""

from __future__ import annotations

import re
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from reconciler.classes import FrozenByName, dataclass
from reconciler.model.accounts.recorded import RecordedAccount
from reconciler.model.canonical import canonical_json
from reconciler.model.text.domains import NotADomain, NotAnAddress, address_to_ascii, host_to_ascii
from reconciler.rules.journal.erasure import ERASED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.accounts.settings import Document
    from reconciler.model.canonical import JsonView
    from reconciler.model.comparison import Leaves
    from reconciler.model.journal.entries import Revision

_OF_NAMES = re.compile(r'(metadata)\.(labels|annotations)(?:\.|\[")(.+?)(?:"\])?')
_HOSTS = frozenset({"spec.smtp.host", "spec.proxy.host"})
_CONTENT = ".sha256"


class PastAccount(FrozenByName):
    """One account as it was."""

    kind: Kind
    name: str
    values: Leaves
    """By path, as they were shown."""
    revision: int
    """The revision that last changed it by then."""
    created_at: datetime
    updated_at: datetime
    name_now: str | None = None
    """The name under which it is recorded today; None: not at all."""

    @property
    def is_erased(self) -> bool:
        """Whether personal data of it was erased since, so that it cannot be made again."""
        return any(isinstance(value, str) and ERASED in value for value in self.values.values())

    @property
    def recorded(self) -> RecordedAccount:
        """The account as state had it, without what no change tells."""
        document, written = _document_of(self.values)
        digest = next((value for path, value in self.values.items() if path.endswith(_CONTENT)), None)
        return RecordedAccount(
            kind=self.kind,
            name=self.name,
            canonical=canonical_json(document),
            written=written,
            revision=self.revision,
            created_at=self.created_at,
            updated_at=self.updated_at,
            ca_digest=f"sha256:{digest}" if digest is not None else None,
        )


def erased_alike(before: Mapping[str, Leaves], after: Mapping[str, Leaves]) -> tuple[str, ...]:
    """Return the accounts of both sides, by name, of which something was erased on both: it may have differed.

    >>> erased_alike({"a": {"email": ERASED}, "b": {"email": ERASED}}, {"a": {"email": ERASED}, "b": {}, "c": {}})
    ('a',)
    """
    return tuple(
        name
        for name in sorted(before.keys() & after.keys())
        if any(value == ERASED == after[name].get(path) for path, value in before[name].items())
    )


@dataclass
class _Life:
    """An account on its way through the revisions."""

    account: PastAccount
    then: PastAccount | None = field(default=None)


def accounts_at(revisions: Iterable[Revision], number: int) -> tuple[PastAccount, ...]:
    """Return the accounts as a revision left them, by name; 0 is before the first.

    >>> from datetime import UTC, datetime
    >>> from reconciler.model.journal.entries import Revision
    >>> about = {"actor": "anna", "actor_source": "login", "plan_digest": "", "summary": {}}
    >>> made = {"action": "create", "kind": "OwnAccount", "name": "sales", "fields": []}
    >>> renamed = {**made, "action": "rename", "name": "eu", "previousName": "sales"}
    >>> at = datetime(2026, 9, 7, tzinfo=UTC)
    >>> revisions = [Revision(revision=n, at=at, changes=(each,), **about) for n, each in ((1, made), (2, renamed))]
    >>> [[(each.name, each.name_now) for each in accounts_at(revisions, number)] for number in (0, 1, 2)]
    [[], [('sales', 'eu')], [('eu', 'eu')]]
    """
    living: dict[str, _Life] = {}
    lives: list[_Life] | None = None
    for revision in sorted(revisions, key=lambda each: each.revision):
        if revision.revision == number + 1:
            lives = _as_then(living)
        _apply(revision, living)
    lives = _as_then(living) if lives is None else lives
    now = {id(life): name for name, life in living.items()}
    found = (replace(life.then, name_now=now.get(id(life))) for life in lives if life.then is not None)
    return tuple(sorted(found, key=lambda account: account.name))


def _as_then(living: dict[str, _Life]) -> list[_Life]:
    for life in living.values():
        life.then = life.account
    return list(living.values())


def _apply(revision: Revision, living: dict[str, _Life]) -> None:
    """Let a revision change what is there; names are given up before others take them."""
    taken: dict[str, _Life] = {}
    for change in revision.changes:
        base = str(change.get("previousName") or change["name"])
        life = living.pop(base, None) if change["action"] != "create" else None
        if change["action"] != "delete":
            taken[str(change["name"])] = _changed(life, change, revision)
    living.update(taken)


def _changed(life: _Life | None, change: JsonView, revision: Revision) -> _Life:
    values = dict(life.account.values) if life is not None else {}
    for each in change.get("fields", ()):
        if each["after"] is None:
            values.pop(each["path"], None)
        else:
            values[each["path"]] = each["after"]
    account = PastAccount(
        kind=change["kind"],
        name=change["name"],
        values=values,
        revision=revision.revision,
        created_at=life.account.created_at if life is not None else revision.at,
        updated_at=revision.at,
    )
    if life is None:
        return _Life(account)
    life.account = account
    return life


def _document_of(values: Leaves) -> tuple[Document, dict[str, str]]:
    """Return the document that has these values, and the domains that were written otherwise."""
    document: Document = {"metadata": {}, "spec": {}}
    written: dict[str, str] = {}
    for path, value in values.items():
        steps = _steps(path)
        if steps[0] not in document or path.endswith(_CONTENT):
            continue
        node: dict[str, Any] = document
        for step in steps[:-1]:
            node = node.setdefault(step, {})
        node[steps[-1]] = canonical = _canonical(path, value)
        if canonical != value:
            written[path] = str(value)
    replies = document["spec"].get("replyTo", {})
    if replies and all(key.isdecimal() for key in replies):
        document["spec"]["replyTo"] = [replies[key] for key in sorted(replies, key=int)]
    return document, written


def _steps(path: str) -> list[str]:
    named = _OF_NAMES.fullmatch(path)
    return [named[1], named[2], named[3]] if named is not None else path.split(".")


def _canonical(path: str, value: Any) -> Any:
    try:
        if path in _HOSTS:
            return host_to_ascii(value)
        if path == "spec.email" or (path.startswith("spec.replyTo.") and path.endswith(".email")):
            return address_to_ascii(value)
    except (NotADomain, NotAnAddress):
        return value
    return value
