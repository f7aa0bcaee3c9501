"""What consumers are to have, and have: looked at and compared; nothing is written, and no secret is read for it.

Secrets are compared by keyed fingerprint: that of the one that is found with that of the one that was applied.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.consumers.command import CommandTarget, likened
from reconciler.consumers.folder import Unwritable
from reconciler.consumers.form import Entry
from reconciler.consumers.references import resolve
from reconciler.diagnostics import error, warning
from reconciler.manifests import read_ca_files
from reconciler.model.accounts.platform import PLATFORM
from reconciler.model.secrets.routes import SecretRoute, route_to
from reconciler.rules.consumers.differences import Shape, differences
from reconciler.rules.consumers.limits import Refusal, refusals, refuse_path
from reconciler.rules.consumers.objects import shared_objects
from reconciler.rules.consumers.senders import recorded_candidates, wanted_digest, wanted_senders
from reconciler.rules.secrets.judgement import Delivered, Law, judge_deliveries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.consumers.target import ConsumerContents, Target
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.consumers.capabilities import Capabilities
    from reconciler.model.consumers.publication import Publication
    from reconciler.model.consumers.sender import Candidate, Sender
    from reconciler.model.consumers.settings import Consumer
    from reconciler.model.consumers.view import Difference
    from reconciler.model.secrets.values import FingerprintKey
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.secrets.judgement import Judgement


class Wanted(FrozenByName):
    """What one consumer is to have."""

    target: Target
    declared: Consumer
    """The consumer as the project file has it: its path may be relative there, as grants have it."""
    senders: tuple[Sender, ...]
    """Those that the consumer can carry, by name."""
    candidates: Mapping[str, Candidate]
    refused: tuple[Refusal, ...] = ()
    problem: Diagnostic | None = None
    """Why its capabilities could not be asked for; then nothing is known of what it can carry."""

    @property
    def name(self) -> str:
        """The consumer's name."""
        return self.target.name

    @property
    def digests(self) -> dict[str, str]:
        """What each account is to be there, by name."""
        consumer = self.target.consumer
        return {each.name: wanted_digest(each, consumer, self.candidates[each.name]) for each in self.senders}

    def fingerprint(self, sender: Sender) -> str | None:
        """Return the fingerprint of the secret that was applied; None where there is none to be written, or to compare."""
        if sender.secret is None or self.target.consumer.secrets != "write" or sender.held:
            return None
        return self.candidates[sender.name].fingerprints.get(sender.secret)

    def delivery(self, sender: Sender) -> Delivered | None:
        """Return the secret that would be written for a sender, for the judge; None where none would."""
        consumer = self.target.consumer
        if consumer.secrets != "write" or sender.secret is None or sender.held:
            return None
        route = route_to(self.declared.delivery(self.name))
        is_hosted = sender.through_platform
        return Delivered(
            name=PLATFORM if is_hosted else sender.name,
            manifest="" if is_hosted else self.candidates[sender.name].manifest,
            routes=(SecretRoute(secret=sender.secret, fingerprint=self.fingerprint(sender), route=route),),
        )

    @property
    def deliveries(self) -> list[Delivered]:
        """The secrets that would be written."""
        return [each for each in map(self.delivery, self.senders) if each is not None]


class ObservedConsumer(FrozenByName):
    """One consumer as it was found."""

    wanted: Wanted
    seen: ConsumerContents
    differences: tuple[Difference, ...] = field(default=())

    @property
    def has_drift(self) -> bool:
        """Whether anything differs."""
        return bool(self.differences) or self.seen.is_edited


def candidates_of(
    recorded: RecordedState, platform: PlatformServer | None, workspace: Workspace
) -> dict[str, Candidate]:
    """Return the accounts of state as candidates; the platform's private CA is read from its file."""
    path = platform.server.ca_file if platform is not None else None
    usable, _ = read_ca_files([path] if path is not None else [], root=workspace.root)
    ca = usable.get(path) if path is not None else None
    is_same = ca is not None and platform is not None and ca.digest == platform.ca_digest
    return recorded_candidates(recorded, platform, ca if is_same else None)


def wanted_of(target: Target, candidates: Mapping[str, Candidate], workspace: Workspace) -> Wanted:
    """Return what a consumer is to have of these accounts, and what it cannot carry."""
    declared = workspace.project.consumers[target.name]
    senders = wanted_senders(target.consumer, candidates)
    try:
        carries = target.capabilities()
        refused = refusals(target.consumer, senders, carries) + _unreferable(target, senders, carries, workspace)
        refused += shared_objects(target.name, senders, workspace.project.consumers, candidates)
    except Unwritable as failure:
        problem = unreadable(target.name, str(failure))
        return Wanted(target=target, declared=declared, senders=(), candidates=candidates, problem=problem)
    left_out = {each.account for each in refused}
    return Wanted(
        target=target,
        declared=declared,
        senders=tuple(each for each in senders if each.name not in left_out),
        candidates=candidates,
        refused=refused,
    )


def _unreferable(
    target: Target, senders: Sequence[Sender], carries: Capabilities, workspace: Workspace
) -> tuple[Refusal, ...]:
    """Return the accounts whose secret cannot be referred to where it is: no command prints it for msmtp, or its path is refused."""
    consumer = target.consumer
    if consumer.secrets != "reference":
        return ()
    root, sources = workspace.root.resolve(), workspace.project.secrets.sources
    found: list[Refusal] = []
    for each in senders:
        if each.secret is None:
            continue
        reference = resolve(each.secret, root=root, sources=sources)
        if consumer.type == "msmtp" and reference.shell is None:
            reason = "its password comes from a source of many secrets at once, of which no command prints one"
            found.append(Refusal(account=each.name, limit="reference", reason=reason))
        # A command is given the key as the manifest has it, and a file the absolute path.
        path = None if isinstance(target, CommandTarget) else reference.path
        refused = refuse_path(each, path or reference.key, carries)
        found += [refused] if refused is not None else []
    return tuple(found)


def observe(wanted: Wanted, rows: Iterable[Publication], key: FingerprintKey, workspace: Workspace) -> ObservedConsumer:
    """Look at a consumer and compare; raise ``Unwritable`` where it cannot be looked at."""
    target = wanted.target
    seen = target.look(key)
    expected = target.expected(entries_of(wanted, workspace))
    shapes = {name: each.shape for name, each in expected.items()}
    if isinstance(target, CommandTarget):
        shapes |= {name: likened(expected[name], seen.accounts[name]).shape for name in shapes & seen.accounts.keys()}
    has = {
        name: Shape(text=each.shape, fingerprint=each.secret.fingerprint(key) if each.secret is not None else None)
        for name, each in seen.accounts.items()
    }
    is_to_have = {
        each.name: Shape(text=shapes[each.name], fingerprint=wanted.fingerprint(each)) for each in wanted.senders
    }
    own = {each.account: each.at(target.place) for each in rows if each.consumer == wanted.name}
    digests = wanted.digests
    return ObservedConsumer(
        wanted=wanted,
        seen=seen,
        differences=differences(
            is_to_have,
            has,
            settled={
                name for name, row in own.items() if row.published is not None and row.published == digests.get(name)
            },
            published=own.keys(),
            tells_secrets=not isinstance(target, CommandTarget),
        ),
    )


def entries_of(wanted: Wanted, workspace: Workspace) -> list[Entry]:
    """Return the entries without values, with what leads to those that are referred to."""
    consumer, sources = wanted.target.consumer, workspace.project.secrets.sources
    is_referred = consumer.secrets == "reference"
    return [
        Entry(
            sender=each,
            reference=resolve(each.secret, root=workspace.root.resolve(), sources=sources)
            if is_referred and each.secret is not None
            else None,
        )
        for each in wanted.senders
    ]


def judge_all(all_wanted: Sequence[Wanted], law: Law) -> Judgement:
    """Return which secrets may not be written to these consumers: all are judged by the one judge."""
    return judge_deliveries([each for wanted in all_wanted for each in wanted.deliveries], law)


def law_of(recorded: RecordedState, platform: PlatformServer | None, workspace: Workspace) -> Law:
    """Return what deliveries are judged by."""
    return Law(recorded=recorded, rules=workspace.project.secrets, today=workspace.now().date(), platform=platform)


def unreadable(name: str, why: str) -> Diagnostic:
    """Return the warning that a consumer could not be looked at: it is not known to have no drift."""
    return warning(
        "consumerUnreadable", f"{why} So it is not known whether {name} has what it is to have.", subject=name
    )


def refusal_problems(wanted: Wanted, workspace: Workspace) -> list[Diagnostic]:
    """Return an error for each account that a consumer cannot carry, naming the limit."""
    consumer, name = wanted.target.consumer, wanted.name
    form = consumer.format or consumer.type
    return [
        error(
            "consumerCannotCarry",
            f"{each.account} cannot be published to {name} ({form}), limit {each.limit}: {each.reason}. Leave the account "
            f"out of accounts of the consumer {name}, or have it publish in a form that can.",
            subject=each.account,
            location=workspace.place_of("consumers", name, "accounts"),
        )
        for each in wanted.refused
    ]
