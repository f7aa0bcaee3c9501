"""``journal redact``: erases an account's personal data from past payloads and revisions; the chain still holds.

One transaction: every payload and revision rewritten, and the entry that tells which, with digests before and after.
A journal that does not hold is left alone: rewriting it would hide what somebody altered.
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING

from reconciler.characters import one_line
from reconciler.classes import FrozenByName
from reconciler.diagnostics import enumerated, error, warning
from reconciler.errors import InvalidInput
from reconciler.evidencecache import forget_accounts
from reconciler.model.journal.keys import (
    ACCOUNT_DIGESTS,
    ACCOUNT_PARTS,
    ACCOUNTS_BEFORE,
    FORGOTTEN_ROUTES,
    REVISION_DIGESTS,
    ROUTE_DIGESTS,
)
from reconciler.model.journal.payloads import RedactPayload, who
from reconciler.model.secrets.routes import NOWHERE, SecretRoute
from reconciler.operations.conversations.cache import evidence_folder
from reconciler.operations.drafts.unchanged import plans_folder
from reconciler.operations.journal.pages import pages_folder
from reconciler.pagecache import forget_pages
from reconciler.plancache import forget_plans
from reconciler.rules.accounts.decisions import refuse_reason
from reconciler.rules.accounts.select import unknown_account
from reconciler.rules.journal.erasure import (
    Erasure,
    addresses_of,
    erase_from_changes,
    erase_from_payload,
    erase_from_reference,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.canonical import JsonObject, JsonView
    from reconciler.model.journal.entries import Actor, JournalEntry
    from reconciler.operations.workspace import Workspace
    from reconciler.store import Store, Transaction


_SHOWN_FILES = 5


class RedactOrder(FrozenByName):
    """Whose past is erased, by whom and why."""

    name: str
    actor: Actor
    reason: str | None = None
    past_only: bool = False
    """The account may be recorded still, and stays; only what is told of its past goes."""
    accepted: Mapping[str, str] = field(default_factory=dict)
    """Accounts to take as state has them although something else altered them, each with the reason."""


class Redacted(FrozenByName):
    """What was erased."""

    name: str
    names: tuple[str, ...]
    """The account's name and its earlier ones."""
    payloads: int
    revisions: int
    routes: int
    """Rows of the register of routes, whose user names went; their secrets stay known and have no route."""
    entry: int | None
    """The journal's entry that tells of it; None where nothing was left to erase."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """Where it is known to stand still."""


def redact(workspace: Workspace, order: RedactOrder) -> Redacted:
    """Erase an account's personal data from what the journal and past revisions tell.

    The state is written anew afterwards, so that nothing stays in parts of it that are no longer used;
    ``StateUnavailable`` where the database does not let us, and then the rest is done. Raises ``InvalidInput`` for an
    account that was never recorded, or still is and may not be, or for a reason that holds an address of it; ``JournalBroken``, ``GuardRefused`` where state was altered.
    """
    if order.reason is not None and (problem := refuse_reason(order.reason)) is not None:
        raise InvalidInput(problem)
    with workspace.open_store() as store:
        with store.write() as transaction:
            redacted = _redact(transaction, workspace, order)
        left = (
            *forget_accounts(evidence_folder(workspace), redacted.names),
            *forget_plans(plans_folder(workspace.root)),
            *forget_pages(pages_folder(workspace)),
        )
        store.compact()
        return replace(redacted, diagnostics=(*_published(store, redacted), *_not_removed(left, redacted)))


def _published(store: Store, redacted: Redacted) -> Iterator[Diagnostic]:
    """Yield which consumers were given an account that is recorded no more, and are not known to have let go of it."""
    recorded = store.read_accounts()
    places = sorted(
        f"{each.consumer} ({each.place or 'place unknown'})"
        for each in store.publications()
        if each.account in redacted.names and each.account not in recorded and not each.is_known_to_have(None)
    )
    if places:
        detail = (
            f"Consumers were given {redacted.name}, and are not known to have let go of it: {enumerated(places)}. Where one is "
            "still declared in the project file, this takes it away; what another one has is removed by hand:\n"
            "    reconciler publish"
        )
        yield warning("erasedElsewhere", detail, subject=redacted.name)


def _not_removed(left: Sequence[Path], redacted: Redacted) -> Iterator[Diagnostic]:
    """Yield which kept files may still tell of the account."""
    if left:
        shown = enumerated([one_line(path) for path in left[:_SHOWN_FILES]])
        more = f" and {len(left) - _SHOWN_FILES} more" if len(left) > _SHOWN_FILES else ""
        detail = (
            f"What was kept beside the project may still tell of {redacted.name}, because it could not be removed: {shown}{more}. "
            "Nothing needs it: remove it by hand."
        )
        yield warning("erasedElsewhere", detail, subject=redacted.name)


def _redact(transaction: Transaction, workspace: Workspace, order: RedactOrder) -> Redacted:
    transaction.accept_altered(order.accepted)
    transaction.require_whole()
    recorded = transaction.state()
    erasure = _erasure(transaction, recorded, order)
    if order.reason is not None and erasure.is_named_in(order.reason):
        detail = (
            f"The reason holds an address of {order.name}, and it is kept in the journal. Nothing was erased. Say why "
            "without the address."
        )
        raise InvalidInput(error("reasonInvalid", detail, subject=order.name))
    rewritten = set()
    for revision in transaction.revisions():
        changes = erase_from_changes(revision.changes, erasure, serial=revision.revision)
        reference = erase_from_reference(revision.reference, erasure)
        if (changes, reference) != (revision.changes, revision.reference):
            transaction.redact_revision(revision.model_copy(update={"changes": changes, "reference": reference}))
            rewritten.add(revision.revision)
    revisions = frozenset(rewritten)
    routes = () if order.past_only else _erased_routes(transaction, erasure, recorded)
    payloads = _redact_payloads(transaction, erasure, revisions=revisions, routes=routes)
    redacted = Redacted(
        name=order.name,
        names=tuple(sorted(erasure.names)),
        payloads=payloads,
        revisions=len(revisions),
        routes=len(routes),
        entry=None,
    )
    if not payloads and not revisions and not routes and not order.accepted:
        return redacted
    payload = RedactPayload(
        **who(order.actor),
        reason=order.reason,
        name=redacted.name,
        names=redacted.names,
        past_only=order.past_only,
        payloads=redacted.payloads,
        revisions=redacted.revisions,
        routes=redacted.routes,
    )
    return replace(
        redacted, entry=transaction.append_journal("redact", payload.document(), at=workspace.now()).sequence
    )


def _erasure(transaction: Transaction, recorded: RecordedState, order: RedactOrder) -> Erasure:
    """Return whose data goes; raise where the account is unknown, or still recorded under this or a later name."""
    revisions = transaction.revisions()
    changes = [(each.revision, each.changes) for each in revisions]
    if all(change["name"] != order.name for _, each in changes for change in each):
        later = transaction.renamed_to(order.name)
        if later is None:
            raise InvalidInput(unknown_account(order.name, recorded.accounts, ever=True))
    later = transaction.renamed_to(order.name)
    if later is not None and order.name not in recorded.accounts:
        detail = (
            f"{order.name} was renamed to {later}, and its data stand under that name too. Nothing was erased. "
            f"Name it:\n    reconciler journal redact {later}"
        )
        raise InvalidInput(error("accountRecorded", detail, subject=order.name))
    if order.name in recorded.accounts and not order.past_only:
        detail = (
            f"{order.name} is recorded, and sending needs its data. Nothing was erased. Delete the account and apply "
            "first; or keep it as it is and erase what is told of its past:\n"
            f"    reconciler journal redact {order.name} --past-only"
        )
        raise InvalidInput(error("accountRecorded", detail, subject=order.name))
    erasure = Erasure(names=transaction.names_of(order.name))
    return Erasure(names=erasure.names, addresses=addresses_of(changes, erasure))


def _erased_routes(transaction: Transaction, erasure: Erasure, recorded: RecordedState) -> tuple[str, ...]:
    """Remove the account's routes from the register, where no recorded account has the name; return their digests."""
    rows = [
        row
        for row in transaction.routes()
        if row.account in erasure.names and row.account not in recorded.accounts and row.known.route != NOWHERE
    ]
    digests = tuple(row.digest for row in rows)
    transaction.erase_routes(digests)
    for row in rows:
        nowhere = SecretRoute(secret=row.known.secret, fingerprint=row.known.fingerprint, route=NOWHERE)
        transaction.put_routes(row.account, [nowhere])
    return digests


def _redact_payloads(
    transaction: Transaction, erasure: Erasure, *, revisions: Collection[int], routes: Collection[str]
) -> int:
    """Rewrite the payloads that hold the account's data, or digests it could be guessed from; return how many."""
    journal = transaction.journal()
    last_told = _last_told(journal)
    serial, rewritten = 0, 0
    untold: set[str] = set()
    for entry, payload in journal:
        revision = payload.get("revision")
        number = revision.get("revision") if isinstance(revision, dict) else None
        serial = number if isinstance(number, int) else serial
        kept = erase_from_payload(payload, erasure, serial=serial)
        superseded = {
            name
            for name in payload.get(ACCOUNT_DIGESTS, {})
            if erasure.concerns(name, serial) and last_told[name] > entry.sequence
        }
        kept = _without(kept, ACCOUNTS_BEFORE, untold)
        untold = (untold - payload.get(ACCOUNT_DIGESTS, {}).keys()) | superseded
        kept = _without(kept, ACCOUNT_DIGESTS, superseded)
        kept = _without(kept, ACCOUNT_PARTS, superseded)
        kept = _without(kept, REVISION_DIGESTS, {str(number) for number in revisions})
        for key in (ROUTE_DIGESTS, FORGOTTEN_ROUTES):
            if key in kept:
                kept[key] = [digest for digest in kept[key] if digest not in routes]
        if kept != payload:
            transaction.redact_payload(entry, kept)
            rewritten += 1
    return rewritten


def _last_told(journal: tuple[tuple[JournalEntry, JsonView], ...]) -> dict[str, int]:
    """Return the last entry that tells how each account is recorded: only that one is compared with state."""
    return {name: entry.sequence for entry, payload in journal for name in payload.get(ACCOUNT_DIGESTS, {})}


def _without(payload: JsonObject, key: str, names: Collection[str]) -> JsonObject:
    if not any(name in names for name in payload.get(key, {})):
        return payload
    return {**payload, key: {name: each for name, each in payload[key].items() if name not in names}}
