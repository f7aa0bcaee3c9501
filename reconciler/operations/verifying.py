"""Verifies subjects: reads what secrets they need, holds the conversations, binds findings to settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from reconciler.model.evidence import Evidence
from reconciler.oauth2 import TokenCache
from reconciler.operations.conversations import Limits, Progress, converse
from reconciler.operations.keptevidence import KeptEvidence
from reconciler.operations.targets import Subject, evidence_without_conversation, make_target
from reconciler.planning.policy import SecretReadings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.project import Secrets
    from reconciler.model.recorded import RecordedState
    from reconciler.model.secrets import FingerprintKey, SecretValue
    from reconciler.operations.workspace import Workspace
    from reconciler.verification import TestContext

_NO_PLATFORM = "Marketing accounts are verified with the platform's server, and this run held no conversation with it."


@dataclass(frozen=True, kw_only=True)
class SecretsAtHand:
    """The values that could be read, what planning may know of them, and the key of their fingerprints."""

    values: Mapping[str, SecretValue]
    readings: SecretReadings
    key: FingerprintKey | None


class Ask(Protocol):
    """Asks a person for a secret."""

    def __call__(self, reference: str) -> str | None:
        """Return the value typed for a reference; None where the person has none."""
        ...


def read_secrets(
    workspace: Workspace, references: Iterable[str], *, depth: str, ask: Ask | None = None
) -> SecretsAtHand:
    """Read the secrets that are named, each once; at depth ``offline`` nothing is read at all.

    ``ask`` is asked for those that are absent here; not for those that may not be read.
    """
    reader = workspace.secret_reader()
    if depth == "offline":
        return SecretsAtHand(values={}, readings=SecretReadings(were_read=False), key=None)
    key = workspace.fingerprint_key(reader)
    wanted = tuple(references)
    reading = reader.read(wanted)
    if ask is not None:
        for absent in [each for each, problem in reading.problems.items() if problem.code == "secretMissing"]:
            typed = ask(absent)
            if typed:
                reader.take(absent, typed)
        reading = reader.read(wanted)
    fingerprints = {name: value.fingerprint(key) for name, value in reading.values.items()} if key else {}
    return SecretsAtHand(
        values=reading.values,
        readings=SecretReadings(
            key_id=key.key_id if key else None, fingerprints=fingerprints, unreadable=reading.problems
        ),
        key=key,
    )


def first_use_rules(secrets: Secrets, readings: SecretReadings, recorded: RecordedState) -> Secrets:
    """Return the project's rules for secrets, stricter where values cannot be compared with state's fingerprints.

    A reference that state has not seen may then hide a known value, so its first use needs a grant.
    """
    if not readings.were_read or recorded.fingerprint_key_id in {None, readings.key_id}:
        return secrets
    return secrets.model_copy(update={"first_use": "grant"})


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Evidence for every subject, by name, and for which of them an earlier run's was taken."""

    evidence: Mapping[str, Evidence]
    reused: frozenset[str] = frozenset()


def gather_evidence(
    subjects: Sequence[Subject],
    workspace: Workspace,
    *,
    secrets: SecretsAtHand,
    context: TestContext,
    progress: Progress,
    reuses_evidence: bool = True,
) -> Gathered:
    """Return evidence for every subject; what an earlier run found of the same settings spares a conversation.

    What was found is kept for later runs either way.
    """
    kept = KeptEvidence(workspace, secrets.key)
    reused = {each.name: found for each in subjects if reuses_evidence and (found := kept.find(each)) is not None}
    fresh = _verify([each for each in subjects if each.name not in reused], workspace, secrets, context, progress)
    kept.keep([each for each in subjects if each.name in fresh], fresh)
    return Gathered(evidence={**reused, **fresh}, reused=frozenset(reused))


def _verify(
    subjects: Sequence[Subject],
    workspace: Workspace,
    secrets: SecretsAtHand,
    context: TestContext,
    progress: Progress,
) -> dict[str, Evidence]:
    """Return evidence for every subject, by name; own accounts by a conversation each."""
    at = workspace.now()
    direct = [each for each in subjects if each.kind == "OwnAccount"]
    evidence = {
        each.name: evidence_without_conversation(each, _NO_PLATFORM, at)
        for each in subjects
        if each.kind == "MarketingAccount"
    }
    policy = workspace.project.verification
    tokens = TokenCache(allowed_hosts=policy.servers)
    targets = [make_target(each, workspace, secrets=secrets.values, tokens=tokens, context=context) for each in direct]
    limits = Limits(
        concurrency=policy.concurrency,
        per_server=policy.per_server,
        stop_server_after=policy.stop_server_after,
        deadline_seconds=policy.deadline_seconds,
    )
    findings = converse(targets, limits, now=workspace.now, progress=progress)
    for each in direct:
        found = findings[each.name]
        evidence[each.name] = Evidence(
            settings_digest=each.settings_digest or "", verification=found.verification, observed=found.observed
        )
    return evidence
