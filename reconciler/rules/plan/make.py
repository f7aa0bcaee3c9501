"""``make_plan``: desired, recorded and policy in, a draft plan out. Pure, and the same for the same input."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.plan import Change, FieldChange
from reconciler.model.secrets.routes import with_fingerprints
from reconciler.model.secrets.values import SECRET_FIELDS
from reconciler.rules.accounts.platform import PLATFORM, platform_routes, routes_needed
from reconciler.rules.accounts.select import is_selected, unmatched
from reconciler.rules.plan.diff import field_changes, flatten
from reconciler.rules.plan.draft import Draft, DraftChange
from reconciler.rules.plan.guards import (
    GuardFindings,
    Move,
    guard_deletes,
    guard_depths,
    guard_manifests,
    guard_scopes,
    guard_state_folder,
)
from reconciler.rules.plan.match import Matching, Pair, match, refused_names, unmarked_renames
from reconciler.rules.plan.remarks import remarks
from reconciler.rules.secrets.grants import redundant_grants, unread_reasons, withheld_problem
from reconciler.rules.secrets.known import known_routes
from reconciler.rules.secrets.routes import Traveller, Verdict, every_route, judge_routes
from reconciler.rules.secrets.scopes import move_field
from reconciler.rules.verification.evidence import depth_needed
from reconciler.rules.verification.missing import missing_secrets
from reconciler.rules.verification.settings import settings_digest, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.rules.plan.policy import Policy
    from reconciler.rules.verification.missing import Missing


def make_plan(desired: Sequence[DesiredAccount], recorded: RecordedState, policy: Policy) -> Draft:
    """Return what would change, what needs evidence, and what refuses; nothing of it verified yet."""
    matching = match(desired, recorded)
    selected = [pair for pair in matching.pairs if _is_wanted(pair, policy)]
    drafted = [_draft_change(pair, recorded, policy) for pair in selected]
    changes = [change for change in drafted if change is not None]
    through_platform = _platform_routes(changes, recorded, policy)
    verdict = _judge(changes, through_platform, recorded, policy)
    changes = [
        replace(each, withheld=_withheld(each, verdict), missing=_missing(each, through_platform, policy))
        for each in changes
    ]
    reverted, alike = unmarked_renames(selected, recorded)
    guards = _guard(changes, selected, desired, recorded, policy)
    is_trusted = not policy.secrets.are_withheld
    withheld = withheld_problem(
        verdict.withheld,
        expired=verdict.expired,
        not_compared=unread_reasons(verdict.not_compared, policy.secrets.unreadable),
        is_project_trusted=is_trusted,
    )
    problems = (
        *unmatched((*policy.targets, *policy.excludes), [pair.selectable for pair in matching.pairs]),
        *_refusals(matching, selected),
        *refused_names(selected, recorded),
        *reverted,
        *(refusal for findings in guards for refusal in findings.refusals),
        *((withheld,) if withheld else ()),
        *remarks(changes, selected, policy, recorded),
        *(remark for findings in guards for remark in findings.remarks),
        *_redundant_grants([pair.after for pair in matching.pairs if pair.after], recorded, policy),
        *matching.remarks,
        *alike,
    )
    return Draft(
        policy=policy,
        recorded=recorded,
        changes=tuple(changes),
        unchanged=len(selected) - len(changes),
        problems=problems,
        lifted_guards=tuple(dict.fromkeys(guard for findings in guards for guard in findings.lifted)),
        grants_used=verdict.grants_used,
        platform_routes=through_platform,
        not_compared=verdict.not_compared,
    )


def _is_wanted(pair: Pair, policy: Policy) -> bool:
    if not policy.targets and not policy.excludes:
        return True
    return is_selected(pair.selectable, policy.targets, policy.excludes)


def _refusals(matching: Matching, selected: Iterable[Pair]) -> list[Diagnostic]:
    return [matching.refusals[pair.name] for pair in selected if pair.name in matching.refusals]


def _guard(
    changes: Sequence[DraftChange],
    selected: Sequence[Pair],
    desired: Sequence[DesiredAccount],
    recorded: RecordedState,
    policy: Policy,
) -> tuple[GuardFindings, ...]:
    deleted = [each.before for each in changes if each.change.action == "delete" and each.before is not None]
    return (
        guard_state_folder(policy),
        guard_manifests(len(desired), len(recorded.accounts), policy),
        guard_deletes(deleted, len(recorded.accounts), policy),
        guard_scopes(
            [
                Move(pair.before, pair.after.name, pair.after.file, pair.after.location)
                for pair in selected
                if pair.after
            ],
            policy,
        ),
        guard_depths([each.change.name for each in changes if each.needs_evidence], policy),
    )


def _judge(
    changes: Sequence[DraftChange],
    through_platform: tuple[SecretRoute, ...],
    recorded: RecordedState,
    policy: Policy,
) -> Verdict:
    """Return what is withheld; of an untrusted project whatever a verification would send."""
    platform = Traveller(PLATFORM, "", through_platform)
    if policy.secrets.are_withheld:
        to_verify = [
            _traveller(each.after, each.fingerprints) for each in changes if each.after and each.needs_evidence
        ]
        return Verdict(every_route([*to_verify, platform]), ())
    travellers = [_traveller(each.after, each.fingerprints) for each in changes if each.after]
    known = _known_fingerprints(recorded, policy)
    reserved = policy.platform.routes(known) if policy.platform is not None else ()
    return judge_routes(
        [*travellers, platform],
        known_routes(recorded, reserved),
        secrets=policy.project.secrets,
        today=policy.today,
        values=known if policy.secrets.were_read else None,
        reserved=reserved,
    )


def _traveller(account: DesiredAccount, fingerprints: Mapping[str, str]) -> Traveller:
    return Traveller(account.name, account.file, with_fingerprints(account.secret_routes, fingerprints))


def _redundant_grants(desired: Sequence[DesiredAccount], recorded: RecordedState, policy: Policy) -> list[Diagnostic]:
    """Return what is to be told of grants that no account needs, whether it is selected or not."""
    known = _known_fingerprints(recorded, policy)
    platform = policy.platform.routes(known) if policy.platform is not None else ()
    travellers = [*(_traveller(each, known) for each in desired), Traveller(PLATFORM, "", platform)]
    routes = known_routes(recorded, platform)
    return redundant_grants(travellers, routes, secrets=policy.project.secrets, today=policy.today, values=known)


def _platform_routes(
    changes: Iterable[DraftChange], recorded: RecordedState, policy: Policy
) -> tuple[SecretRoute, ...]:
    """Return where the platform's own secrets travel; nowhere where no marketing account is to be verified."""
    kinds = {each.change.kind for each in changes if each.needs_evidence}
    return platform_routes(policy.platform, kinds, _known_fingerprints(recorded, policy))


def _needs_platform(each: DraftChange) -> bool:
    return each.needs_evidence and each.sends_through_platform


def _withheld(each: DraftChange, verdict: Verdict) -> tuple[SecretRoute, ...]:
    return verdict.withheld.get(PLATFORM if _needs_platform(each) else each.change.name, ())


def _missing(each: DraftChange, through_platform: tuple[SecretRoute, ...], policy: Policy) -> tuple[Missing, ...]:
    """Return what a verification of the change needs and cannot have; one that the project lets stay offline needs none."""
    if each.after is None or not each.needs_evidence:
        return ()
    if depth_needed(each.change.name, "message", policy.project, policy.today) == "offline":
        return ()
    routes = routes_needed(each.change.kind, each.after.secret_routes, through_platform)
    return missing_secrets(routes, policy.secrets.unreadable)


def _draft_change(pair: Pair, recorded: RecordedState, policy: Policy) -> DraftChange | None:
    """Return the change that makes recorded what is desired; None where nothing changes."""
    before, after = pair.before, pair.after
    if after is None:
        assert before is not None  # noqa: S101 - a pair has at least one side
        return _deletion(before)
    rotated = _rotated_secrets(before, after, recorded, policy)
    is_renamed = before is not None and before.name != after.name
    moved = move_field(before, after.file, policy.project.secrets)
    if before is not None and not (is_renamed or rotated or moved or _is_altered(before, after)):
        return None
    fingerprints = _fingerprints(before, after, recorded, policy)
    known = {**_known_fingerprints(recorded, policy), **fingerprints}
    digest = settings_digest(
        after.kind, after.spec, ca_digest=after.ca_digest, fingerprints=known, platform=policy.platform
    )
    return DraftChange(
        change=_change(before, after, rotated, moved),
        before=before,
        after=after,
        fingerprints=fingerprints,
        settings_digest=digest,
        needs_evidence=bool(rotated) or before is None or not _has_same_settings(before, after, digest),
    )


def _is_altered(before: RecordedAccount, after: DesiredAccount) -> bool:
    return before.canonical != after.canonical or before.ca_digest != after.ca_digest


def _change(
    before: RecordedAccount | None, after: DesiredAccount, rotated: frozenset[str], moved: tuple[FieldChange, ...]
) -> Change:
    fields = (*moved, *_fields(before, after, rotated))
    if before is None:
        return Change(action="create", kind=after.kind, name=after.name, server=after.server, fields=fields)
    is_renamed = before.name != after.name
    return Change(
        action="rename" if is_renamed else "update",
        kind=after.kind,
        name=after.name,
        previous_name=before.name if is_renamed else None,
        cause="manifest" if is_renamed or moved or _is_altered(before, after) else "rotation",
        server=after.server,
        base_revision=before.revision,
        fields=fields,
    )


def _deletion(before: RecordedAccount) -> DraftChange:
    leaves = flatten(before.document, ca_digest=before.ca_digest)
    return DraftChange(
        change=Change(
            action="delete",
            kind=before.kind,
            name=before.name,
            base_revision=before.revision,
            fields=field_changes(leaves, {}, written_before=before.written, written_after={}),
        ),
        before=before,
        after=None,
        fingerprints={},
        settings_digest=None,
        needs_evidence=False,
    )


def _fields(before: RecordedAccount | None, after: DesiredAccount, rotated: frozenset[str]) -> tuple[FieldChange, ...]:
    leaves_before = flatten(before.document, ca_digest=before.ca_digest) if before is not None else {}
    leaves_after = flatten(after.document, ca_digest=after.ca_digest)
    changed = field_changes(
        leaves_before,
        leaves_after,
        written_before=before.written if before is not None else {},
        written_after=after.written,
    )
    behind = [
        FieldChange(path=path, before=value, after=value, rotated=True)
        for path, value in leaves_after.items()
        if value in rotated and leaves_before.get(path) == value and _is_secret_path(path)
    ]
    return tuple(sorted((*changed, *behind), key=lambda change: change.path))


def _is_secret_path(path: str) -> bool:
    parent, _, key = path.rpartition(".")
    return key in SECRET_FIELDS and parent.startswith(("spec.smtp.authentication", "spec.proxy"))


def _rotated_secrets(
    before: RecordedAccount | None, after: DesiredAccount, recorded: RecordedState, policy: Policy
) -> frozenset[str]:
    """Return the references whose value is another than recorded, where both were fingerprinted with one key."""
    if before is None or not _is_comparable(recorded, policy):
        return frozenset()
    now = policy.secrets.fingerprints
    return frozenset(
        secret
        for secret, fingerprint in before.fingerprints.items()
        if secret in now and now[secret] != fingerprint and any(secret == each.secret for each in after.secret_routes)
    )


def _is_comparable(recorded: RecordedState, policy: Policy) -> bool:
    key_id = policy.secrets.key_id
    return policy.secrets.were_read and key_id is not None and key_id == recorded.fingerprint_key_id


def _fingerprints(
    before: RecordedAccount | None, after: DesiredAccount, recorded: RecordedState, policy: Policy
) -> dict[str, str]:
    """Return the fingerprints of the account's secrets: as read, else as recorded for the same reference."""
    known = {**(before.fingerprints if before is not None else {}), **_known_fingerprints(recorded, policy)}
    wanted = {each.secret for each in after.secret_routes}
    return {secret: fingerprint for secret, fingerprint in sorted(known.items()) if secret in wanted}


def _known_fingerprints(recorded: RecordedState, policy: Policy) -> Mapping[str, str]:
    """Return the fingerprints of what was read, none where they were made with another key than state's."""
    is_usable = _is_comparable(recorded, policy) or recorded.fingerprint_key_id is None
    return policy.secrets.fingerprints if is_usable else {}


def _has_same_settings(before: RecordedAccount, after: DesiredAccount, digest: str | None) -> bool:
    """Tell whether what was verified still stands; the digests tell of the platform's server too, where known."""
    if settings_of(before.spec, before.ca_digest) != settings_of(after.spec, after.ca_digest):
        return False
    return None in {before.settings_digest, digest} or before.settings_digest == digest
