"""Verifies subjects: reads what secrets they need, holds the conversations, binds findings to settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from reconciler.diagnostics import error
from reconciler.errors import SecretUnreadable
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.verification.evidence import Evidence
from reconciler.oauth2 import TokenCache
from reconciler.operations.conversations.cache import KeptEvidence
from reconciler.operations.conversations.domains import with_domain_checks
from reconciler.operations.conversations.queue import Limits, Progress, converse
from reconciler.operations.conversations.targets import (
    Means,
    Subject,
    evidence_without_conversation,
    make_platform_targets,
    make_target,
)
from reconciler.operations.conversations.trust import usable_cas
from reconciler.rules.plan.policy import SecretReadings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.project import Secrets
    from reconciler.model.secrets.values import FingerprintKey, SecretValue
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.accounts.platform import PlatformServer
    from reconciler.verification import Finding, TestContext

_NO_PLATFORM = "Marketing accounts are verified with the platform's server, and the project file declares none."


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


_MAY_BE_TYPED = frozenset({"secretMissing", "secretSourceFailed"})


def read_secrets(
    workspace: Workspace,
    references: Iterable[str],
    *,
    depth: str,
    ask: Ask | None = None,
    passed_over: frozenset[str] = frozenset(),
) -> SecretsAtHand:
    """Read the secrets that are named, each once; nothing at all at depth ``offline``, and by an untrusted project.

    ``ask`` is asked for those that are absent here; not for those that may not be read. ``passed_over`` are those that
    are not named because reading them is dear.
    """
    reader = workspace.secret_reader()
    if depth == "offline" or not workspace.is_project_trusted:
        readings = SecretReadings(were_read=False, are_withheld=depth != "offline")
        return SecretsAtHand(values={}, readings=readings, key=None)
    key = workspace.fingerprint_key(reader)
    wanted = tuple(references)
    reading = reader.read(wanted)
    if ask is not None:
        for absent in [each for each, problem in reading.problems.items() if problem.code in _MAY_BE_TYPED]:
            typed = ask(absent)
            if typed:
                reader.take(absent, typed)
        reading = reader.read(wanted)
    fingerprints = {name: value.fingerprint(key) for name, value in reading.values.items()} if key else {}
    # What a link gives is what the file itself holds, so a known file is recognised by its new value too.
    places = reader.look(fingerprints).places
    fingerprints |= {place: fingerprints[link] for link, place in places.items()}
    return SecretsAtHand(
        values=reading.values,
        readings=SecretReadings(
            key_id=key.key_id if key else None,
            fingerprints=fingerprints,
            unreadable=reading.problems,
            passed_over=passed_over,
        ),
        key=key,
    )


def first_use_rules(secrets: Secrets, readings: SecretReadings, recorded: RecordedState) -> Secrets:
    """Return the project's rules for secrets, stricter where values cannot be compared with state's fingerprints.

    A reference that state has not seen may then hide a known value, so its first use needs a grant. Without any key
    values are comparable only where state knows none.
    """
    has_key = readings.key_id is not None or not recorded.routes
    if not readings.were_read or (has_key and recorded.is_keyed_with(readings.key_id)):
        return secrets
    return secrets.model_copy(update={"first_use": "grant"})


def require_state_key(recorded: RecordedState, key_id: str | None) -> None:
    """Raise ``SecretUnreadable`` where fingerprints made with this key, None for none, cannot be compared with state's."""
    if recorded.is_keyed_with(key_id):
        return
    made_with = f"State was made with the fingerprint key {recorded.fingerprint_key_id}"
    if key_id is None:
        detail = f"{made_with}, and there is none here. Provide the key of this state."
        raise SecretUnreadable(error("fingerprintKeyMissing", detail))
    detail = (
        f"{made_with}; this one is {key_id}. With another key every secret would look rotated. Provide the key of this "
        "state."
    )
    raise SecretUnreadable(error("fingerprintKeyChanged", detail))


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Evidence for every subject, by name, and for which of them an earlier run's was taken."""

    evidence: Mapping[str, Evidence]
    reused: frozenset[str] = frozenset()


def gather_evidence(
    subjects: Sequence[Subject],
    workspace: Workspace,
    *,
    platform: PlatformServer | None,
    secrets: SecretsAtHand,
    context: TestContext,
    progress: Progress,
    reuses_evidence: bool = True,
) -> Gathered:
    """Return evidence for every subject; what an earlier run found of the same settings spares a conversation.

    What was found is kept for later runs either way. Marketing accounts are verified with the ``platform``'s server.
    """
    began_at = workspace.now()
    kept = KeptEvidence(workspace, secrets.key)
    reused = {each.name: found for each in subjects if reuses_evidence and (found := kept.find(each)) is not None}
    to_contact = [each for each in subjects if each.name not in reused]
    platform_specs = [{"smtp": platform.smtp}] if platform is not None else []
    means = Means(
        secrets=secrets.values,
        tokens=TokenCache(allowed_hosts=workspace.project.verification.servers),
        context=context,
        private_cas=usable_cas([*(each.spec for each in to_contact), *platform_specs], workspace),
    )
    fresh = _verify(to_contact, workspace, platform, means, kept, progress)
    kept.forget_old()
    complete = with_domain_checks(subjects, {**reused, **fresh}, workspace, since=began_at)
    return Gathered(evidence=complete, reused=frozenset(reused))


def _verify(
    subjects: Sequence[Subject],
    workspace: Workspace,
    platform: PlatformServer | None,
    means: Means,
    kept: KeptEvidence,
    progress: Progress,
) -> dict[str, Evidence]:
    """Return evidence for every subject, by name: own accounts by a conversation each, marketing ones by one for all.

    It is kept as it comes: a run that is interrupted has not sent its messages in vain.
    """
    own = [each for each in subjects if not kind_of(each).sends_through_platform]
    hosted = [each for each in subjects if kind_of(each).sends_through_platform]
    targets = [make_target(each, workspace, means) for each in own]
    if platform is not None:
        targets += make_platform_targets(hosted, platform, workspace, means)
    policy = workspace.project.verification
    limits = Limits(
        concurrency=policy.concurrency,
        per_server=policy.per_server,
        stop_server_after=policy.stop_server_after,
        deadline_seconds=policy.deadline_seconds,
    )
    by_name = {each.name: each for each in subjects}

    def keep(found: Mapping[str, Finding]) -> None:
        for name, finding in found.items():
            kept.keep(by_name[name], _evidence(by_name[name], finding))

    findings = converse(targets, limits, now=workspace.now, progress=progress, take=keep)
    at = workspace.now()
    return {
        each.name: _evidence(each, findings[each.name])
        if each.name in findings
        else evidence_without_conversation(each, _NO_PLATFORM, at)
        for each in subjects
    }


def _evidence(subject: Subject, found: Finding) -> Evidence:
    return Evidence(
        settings_digest=subject.settings_digest or "", verification=found.verification, observed=found.observed
    )
