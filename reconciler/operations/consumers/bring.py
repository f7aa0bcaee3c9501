"""One consumer brought to what it is to have: rows emptied, files or command written, and what came of it recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from reconciler.classes import FrozenByName
from reconciler.consumers.form import Entry
from reconciler.diagnostics import error
from reconciler.model.accounts.platform import PLATFORM
from reconciler.model.consumers.publication import Publication, Told
from reconciler.model.journal.payloads import PublishPayload, who
from reconciler.operations.consumers.observe import entries_of, observe
from reconciler.rules.consumers.limits import refuse_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.consumers.sender import Sender
    from reconciler.model.journal.entries import Actor
    from reconciler.model.secrets.values import FingerprintKey, SecretValue
    from reconciler.operations.consumers.observe import ObservedConsumer, Wanted
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.secrets.judgement import Judgement
    from reconciler.secrets import Reading


class PublishOrder(FrozenByName):
    """What to publish, and for whom."""

    actor: Actor
    names: tuple[str, ...] = ()
    """Consumers; none: all."""
    only_checks: bool = False
    trusts_project: bool = False


class Run(FrozenByName):
    """What one publication works with."""

    workspace: Workspace
    order: PublishOrder
    key: FingerprintKey
    judgement: Judgement


def pending_accounts(wanted: Wanted, rows: Iterable[Publication]) -> set[str]:
    """Return the accounts whose settings the consumer is not known to have.

    Among them are those that it is to have no longer, where a run began to write and did not come to tell of it.
    """
    digests = wanted.digests
    own = {each.account: each.at(wanted.target.place) for each in rows if each.consumer == wanted.name}
    settled = {name for name, row in own.items() if row.is_known_to_have(digests.get(name))}
    return (own.keys() | digests.keys()) - settled


def bring(wanted: Wanted, run: Run) -> tuple[Told, list[Diagnostic]]:
    """Bring one consumer to what it is to have, alone at its place."""
    workspace = run.workspace
    with workspace.open_store() as store:
        rows = store.publications()
    found = observe(wanted, rows, run.key, workspace)
    pending = pending_accounts(wanted, rows)
    told = Told(
        consumer=wanted.name,
        outcome="unchanged",
        differences=found.differences,
        accounts=len(wanted.senders),
        is_edited=found.seen.is_edited,
    )
    entries, failures = _entries(wanted, found, run)
    if failures and not entries and not found.seen.accounts:
        _settle(wanted, run, done=frozenset(), failures=failures, told=told)
        return replace(told, outcome="failed"), _failed(wanted, failures)
    if not found.has_drift and not pending and not failures and found.seen.is_there:
        return told, []
    _empty_rows(wanted, pending | {each.account for each in found.differences}, run)
    kept = {each.sender.name for each in entries}
    is_news = found.has_drift or bool(pending - failures.keys()) or not found.seen.accounts.keys() <= kept
    if is_news or not found.seen.is_there:
        wanted.target.write(entries, found.seen, run.key)
        wanted.target.run_after()
    concerned = {*wanted.digests, *found.seen.accounts, *pending} if is_news else set()
    done = frozenset(name for name in concerned if name not in failures)
    _settle(wanted, run, done=done, failures=failures, told=told, kept=kept)
    outcome: Literal["failed", "published"] = "failed" if failures else "published"
    return replace(told, outcome=outcome, failed=tuple(sorted(failures))), _failed(wanted, failures)


def _entries(wanted: Wanted, found: ObservedConsumer, run: Run) -> tuple[list[Entry], dict[str, str]]:
    """Return what is to be written, and why some accounts are not, by name.

    A secret that is there as it was applied is written as it is there, so that a suspension needs no source of secrets.
    One that cannot be had now leaves what is there in its place.
    """
    entries = entries_of(wanted, run.workspace)
    if wanted.target.consumer.secrets != "write":
        return entries, {}
    has = {name: each.secret for name, each in found.seen.accounts.items() if each.secret is not None}
    is_there = {
        each.name
        for each in wanted.senders
        if each.name in has and has[each.name].fingerprint(run.key) == wanted.fingerprint(each)
    }
    lacking = {
        e.name: e.secret for e in wanted.senders if e.secret is not None and not e.held and e.name not in is_there
    }
    allowed = {name: secret for name, secret in lacking.items() if not _is_withheld(name, wanted, run)}
    reading = run.workspace.secret_reader().read(set(allowed.values()))
    complete: list[Entry] = []
    failures: dict[str, str] = {}
    for entry in entries:
        value, why = _value(entry.sender, wanted, run, has=has, is_there=is_there, reading=reading)
        if why is not None:
            failures[entry.sender.name] = why
        if why is None or value is not None:
            complete.append(Entry(sender=entry.sender, secret=value))
    return complete, failures


def _is_withheld(name: str, wanted: Wanted, run: Run) -> bool:
    candidate = wanted.candidates[name]
    sender = next(each for each in wanted.senders if each.name == name)
    key = PLATFORM if sender.through_platform else candidate.name
    return any(
        each.route.host == wanted.name and each.secret == sender.secret for each in run.judgement.withheld.get(key, ())
    )


def _value(
    sender: Sender,
    wanted: Wanted,
    run: Run,
    *,
    has: Mapping[str, SecretValue],
    is_there: Iterable[str],
    reading: Reading,
) -> tuple[SecretValue | None, str | None]:
    """Return the secret's value to be written, and why it is not the one that was applied."""
    if sender.secret is None or sender.held or _is_withheld(sender.name, wanted, run):
        is_kept_back = sender.secret is not None and not sender.held
        return None, f"{sender.secret} may not be written there without a grant" if is_kept_back else None
    if sender.name in is_there:
        return has[sender.name], None
    kept = has.get(sender.name)
    value = reading.values.get(sender.secret)
    if value is None:
        problem = reading.problems.get(sender.secret)
        return kept, f"{sender.secret} cannot be read ({problem.code if problem is not None else 'not allowed'})"
    applied = wanted.fingerprint(sender)
    if applied is not None and value.fingerprint(run.key) != applied:
        return kept, f"{sender.secret} has another value now than the one that was applied: apply the rotation first"
    refused = refuse_value(sender, value.reveal(), wanted.target.capabilities())
    return (value, None) if refused is None else (None, f"{refused.reason} (limit {refused.limit})")


def _empty_rows(wanted: Wanted, names: Iterable[str], run: Run) -> None:
    """Record these accounts as unknown at the consumer, before anything is written there."""
    concerned = {*names}
    with run.workspace.open_store() as store, store.write() as transaction:
        rows = [
            each.model_copy(update={"published": None, "attempts": each.attempts + 1})
            for each in transaction.publications()
            if each.consumer == wanted.name and each.account in concerned
        ]
        transaction.put_publications(rows)


def _settle(
    wanted: Wanted,
    run: Run,
    *,
    done: frozenset[str],
    failures: Mapping[str, str],
    told: Told,
    kept: Iterable[str] = (),
) -> None:
    """Record what the consumer was given, with the routes of its secrets and the journal's entry, in one transaction."""
    workspace, at, names = run.workspace, run.workspace.now(), {*kept}
    digests, place = wanted.digests, wanted.target.place
    with workspace.open_store() as store, store.write() as transaction:
        rows = {each.account: each for each in transaction.publications() if each.consumer == wanted.name}
        put, gone = [], []
        for name in sorted(rows.keys() | digests.keys()):
            row = rows.get(name, Publication(consumer=wanted.name, account=name))
            if name in failures:
                had = row.published if name in names else None
                put.append(row.model_copy(update={"published": had, "last_error": failures[name]}))
            elif name in done and name in digests:
                update = {"wanted": digests[name], "published": digests[name], "place": place, "since": at}
                put.append(row.model_copy(update={**update, "attempts": 0, "last_error": None}))
            elif name not in digests and (name in done or row.published is None):
                gone.append(row)
        transaction.put_publications(put, gone)
        if not done:
            return
        for sender in wanted.senders:
            delivery = wanted.delivery(sender)
            # An account that was left out, for want of its secret or of a grant, has no route there yet.
            if delivery is not None and sender.name in names:
                transaction.put_routes(delivery.name, delivery.routes)
        payload = PublishPayload(
            **who(run.order.actor),
            trusts_project=run.order.trusts_project,
            grants_used=run.judgement.grants_used,
            consumer=wanted.name,
            consumer_type=wanted.target.consumer.type,
            place=place,
            published={each.account: each.drift for each in told.differences if each.account in done},
        )
        transaction.append_journal("publish", payload.document(), at=at)


def note_failure(wanted: Wanted, why: str, run: Run) -> None:
    """Keep with each account that is not settled why the consumer could not be brought to it."""
    with run.workspace.open_store() as store, store.write() as transaction:
        pending = pending_accounts(wanted, transaction.publications())
        rows = [
            each.model_copy(update={"last_error": why, "attempts": each.attempts + 1})
            for each in transaction.publications()
            if each.consumer == wanted.name and each.account in pending
        ]
        transaction.put_publications(rows)


def _failed(wanted: Wanted, failures: Mapping[str, str]) -> list[Diagnostic]:
    return [
        error(
            "consumerNotPublished",
            f"{name} is not published to {wanted.name} as it is applied: {why}. What was there of it before stays there, "
            "unless it may not. Once that is mended:\n"
            f"    reconciler publish --to {wanted.name}",
            subject=name,
        )
        for name, why in sorted(failures.items())
    ]
