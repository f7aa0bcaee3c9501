"""The two digests of a plan: of what it changes, and of the whole file."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from reconciler.model.canonical import canonical_json, digest, with_member
from reconciler.model.plan import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reconciler.model.canonical import JsonObject, JsonView
    from reconciler.model.plan import FieldChange, LiftedGuard, PreparedAccount, SavedPlan
    from reconciler.model.verification.evidence import Evidence, Verification

_NOT_COVERED = {"planDigest", "seal"}


def changes_digest(changes: Iterable[Change], lifted_guards: Iterable[LiftedGuard]) -> str:
    """Return the digest of actions, fields, base revisions and lifted guards: the same for the same input.

    Verification and what follows from it (``held``) are left out: they depend on the network. So is where a value is
    written.

    >>> change = Change(action="delete", kind="OwnAccount", name="sales", base_revision=3)
    >>> changes_digest([change], []) == changes_digest([change.model_copy(update={"held": True})], [])
    True
    >>> changes_digest([change], []) == changes_digest([change.model_copy(update={"base_revision": 4})], [])
    False
    """
    shown = (canonical_json(_shown(change)) for change in changes)
    lifted = canonical_json([guard.model_dump() for guard in lifted_guards])
    return _digest_of(_object({"changes": _joined("[", shown, "]"), "liftedGuards": lifted}))


def _shown(change: Change) -> JsonObject:
    """Return what a change's digest covers, in JSON: written out, because every change of a plan is asked for it."""
    shown: JsonObject = {
        "action": change.action,
        "baseRevision": change.base_revision,
        "cause": change.cause,
        "fields": [_shown_field(each) for each in change.fields],
        "kind": change.kind,
        "name": change.name,
    }
    return shown if change.previous_name is None else {**shown, "previousName": change.previous_name}


def _shown_field(field: FieldChange) -> JsonObject:
    shown: JsonObject = {"after": field.after, "before": field.before, "path": field.path}
    return {**shown, "rotated": True} if field.rotated else shown


def plan_digest(plan: SavedPlan) -> str:
    """Return the digest of everything in a plan file but this digest itself and the seal."""
    return parts_digest(
        plan_head(plan),
        lines_of(plan.changes),
        account_lines(plan),
    )


def plan_head(plan: SavedPlan) -> JsonObject:
    """Return a plan as JSON without its changes and accounts, however many there are."""
    return plan.model_dump(mode="json", exclude={"changes": True, "inputs": {"accounts": True}})


def account_lines(plan: SavedPlan) -> Iterator[tuple[str, str]]:
    """Yield the name of each account that apply would record, in their order, with its line."""
    accounts = dict(sorted(plan.inputs.accounts.items()))
    yield from zip(accounts, lines_of(accounts.values()), strict=True)


def lines_of(parts: Iterable[Change | PreparedAccount]) -> Iterator[str]:
    """Yield what a plan says of each account as a line of canonical JSON.

    Most of a line is what was verified, which is the same value for many accounts: its text is made once.

    >>> change = Change(action="delete", kind="OwnAccount", name="sales", base_revision=3)
    >>> [line.partition(',"verification"')[0] for line in lines_of([change])]
    ['{"action":"delete","baseRevision":3,"cause":"manifest","fields":[],"kind":"OwnAccount","name":"sales"']
    """
    from reconciler.model.once import Once

    told = Once[str]()
    for part in parts:
        key, found = ("verification", part.verification) if isinstance(part, Change) else ("evidence", part.evidence)
        yield with_member(part.model_dump(mode="json", exclude={key}), key, told.of(found, _text))


def _text(found: Verification | Evidence | None) -> str:
    return canonical_json(found.model_dump(mode="json") if found is not None else None)


def parts_digest(head: JsonView, changes: Iterable[str], accounts: Iterable[tuple[str, str]]) -> str:
    """Return what ``plan_document_digest`` does, from the plan's parts: nobody has to hold its whole text.

    ``changes`` and ``accounts`` are lines of canonical JSON, the accounts by name.

    >>> head = {"serial": 3, "planDigest": "", "inputs": {"depth": None}}
    >>> document = {"serial": 3, "changes": [], "inputs": {"depth": None, "accounts": {}}}
    >>> parts_digest(head, [], []) == plan_document_digest(document)
    True
    """
    return digest_of_members(head, changes, (f"{canonical_json(name)}:{line}" for name, line in accounts))


def digest_of_members(head: JsonView, changes: Iterable[str], accounts: Iterable[str]) -> str:
    """Return the same from members as they stand in the document: of the accounts each behind its name and a colon."""
    parts = {key: canonical_json(value) for key, value in head.items() if key not in _NOT_COVERED | {"inputs"}}
    inputs = {key: canonical_json(value) for key, value in head["inputs"].items()}
    accounted: dict[str, str | Iterator[str]] = {**inputs, "accounts": _joined("{", accounts, "}")}
    return _digest_of(_object({**parts, "changes": _joined("[", changes, "]"), "inputs": _object(accounted)}))


def _digest_of(pieces: Iterable[str]) -> str:
    """Return ``digest`` of the canonical JSON that is given in pieces."""
    covered = sha256()
    for piece in pieces:
        covered.update(piece.encode("utf-8", "surrogatepass"))
    return f"sha256:{covered.hexdigest()}"


def _object(members: Mapping[str, str | Iterator[str]]) -> Iterator[str]:
    """Yield canonical JSON of an object in pieces; each member is its text, or yields it."""
    before = "{"
    for key, member in sorted(members.items()):
        yield f"{before}{canonical_json(key)}:"
        yield from [member] if isinstance(member, str) else member
        before = ","
    yield "}"


def _joined(opening: str, items: Iterable[str], closing: str) -> Iterator[str]:
    yield opening
    for number, item in enumerate(items):
        yield f",{item}" if number else item
    yield closing


def plan_document_digest(document: Mapping[str, object]) -> str:
    """Return the digest of a plan file's content as read, so that unknown additions count too.

    >>> plan_document_digest({"serial": 3, "seal": "a"}) == plan_document_digest({"serial": 3})
    True
    >>> plan_document_digest({"serial": 3, "unknown": 1}) == plan_document_digest({"serial": 3})
    False
    """
    return digest({key: value for key, value in document.items() if key not in _NOT_COVERED})
