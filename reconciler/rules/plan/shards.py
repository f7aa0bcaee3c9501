"""Plans in parts: which part verifies which account, and whether parts are those of one plan. Pure.

The premise: reading, comparing and judging are quick and want to see everything, verifying is slow and wants one server at
a time. So each part is the whole plan, of which it verifies the accounts of its hosts; all accounts of a host are one
part's, since the limits per server hold within a run. What is merged is evidence alone: the plan is made anew from
manifests and state, and every part must have come to the same changes.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName, dataclass
from reconciler.diagnostics import Diagnostic, enumerated, error
from reconciler.model.accounts.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.plan import SavedPlan
    from reconciler.model.step import Create, Update
    from reconciler.model.verification.evidence import Evidence
    from reconciler.rules.plan.make import Draft


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of so many, from 1."""

    index: int
    count: int

    def has(self, host: str) -> bool:
        """Tell whether a host's accounts are this part's."""
        return int(sha256(host.encode()).hexdigest()[:15], 16) % self.count + 1 == self.index


def host_of(step: Create | Update) -> str:
    """Return the host that a step is verified at; empty for one that has none.

    >>> from reconciler.model.accounts.desired import DesiredAccount
    >>> from reconciler.model.step import Create
    >>> spec = {"email": "a@example.com", "displayName": "A"}
    >>> spec |= {"smtp": {"host": "smtp.example.com", "port": 465, "encryption": "tls"}}
    >>> host_of(Create(after=DesiredAccount(kind="OwnAccount", name="a", document={"spec": spec})))
    'smtp.example.com'
    """
    return host_of_account(step.after, step.platform)


def host_of_account(account: DesiredAccount | RecordedAccount, platform: PlatformServer | None) -> str:
    """Return the host by which an account is shared out: its server's, or the platform's; empty where that has none.

    >>> from reconciler.model.accounts.desired import DesiredAccount
    >>> smtp = {"host": "smtp.example.com", "port": 465, "encryption": "tls"}
    >>> spec = {"email": "a@example.com", "displayName": "A", "smtp": smtp}
    >>> host_of_account(DesiredAccount(kind="OwnAccount", name="a", document={"spec": spec}), None)
    'smtp.example.com'
    >>> host_of_account(DesiredAccount(kind="MarketingAccount", name="a", document={}), None)
    ''
    """
    if kind_of(account).sends_through_platform:
        return platform.server.host if platform is not None else ""
    return account.settings.own_server.host


class ReadPart(FrozenByName):
    """One part of a plan as far as the whole needs it: its plan without the accounts, their digests, and its evidence."""

    plan: SavedPlan
    """Without changes and accounts."""
    settings: Mapping[str, str | None]
    """The digest of each account's settings."""
    evidence: Mapping[str, Evidence]


def as_read(part: SavedPlan) -> ReadPart:
    """Return what is taken of a part: ten of 100,000 accounts each would not be held at once."""
    accounts = part.inputs.accounts
    return ReadPart(
        plan=part.model_copy(
            update={"changes": (), "diagnostics": (), "inputs": part.inputs.model_copy(update={"accounts": {}})}
        ),
        settings={name: account.settings_digest for name, account in accounts.items()},
        evidence={name: account.evidence for name, account in accounts.items() if account.evidence is not None},
    )


def sharing(part: ReadPart, others: Iterable[ReadPart]) -> ReadPart:
    """Return a part that has the digests of another one where they are the same, as those of one plan are: once for all."""
    return replace(
        part, settings=next((each.settings for each in others if each.settings == part.settings), part.settings)
    )


def evidence_of(parts: Sequence[ReadPart], draft: Draft) -> dict[str, Evidence]:
    """Return what each part found of the accounts that are its own."""
    return {
        step.name: part.evidence[step.name]
        for part in parts
        if (shard := shard_of(part.plan)) is not None
        for step in draft.to_verify
        if step.name in part.evidence and shard.has(host_of(step))
    }


def shard_of(plan: SavedPlan) -> Shard | None:
    """Return which part a plan is; None for a whole one.

    >>> from reconciler.model.plan import ApplyInputs, Part, SavedPlan
    >>> part = Part(index=2, count=4, depth="auth", reads_all_secrets=False)
    >>> shard_of(SavedPlan.model_construct(inputs=ApplyInputs(accounts={}, part=part)))
    Shard(index=2, count=4)
    >>> shard_of(SavedPlan.model_construct(inputs=ApplyInputs(accounts={}))) is None
    True
    """
    part = plan.inputs.part
    return Shard(part.index, part.count) if part is not None else None


def refused_parts(parts: Mapping[str, ReadPart], unsealed: Iterable[str], *, tool: str) -> list[Diagnostic]:
    """Return why plans are not the parts of one, each once: by the name of its file.

    >>> refused_parts({}, ["part-1.plan"], tool="reconciler 1")[0].detail
    'part-1.plan has no valid seal of the key here: it was altered, or made elsewhere. Nothing was merged.'
    """
    shards = {name: shard_of(part.plan) for name, part in parts.items()}
    return [
        *(_refused(f"{name} is a whole plan, and no part of one.") for name, shard in shards.items() if shard is None),
        *(
            _refused(f"{name} has no valid seal of the key here: it was altered, or made elsewhere.")
            for name in unsealed
        ),
        *(
            _refused(f"{name} was made by {part.plan.tool}, and this is {tool}.")
            for name, part in parts.items()
            if part.plan.tool != tool
        ),
        *_counts({name: shard for name, shard in shards.items() if shard is not None}),
    ]


def _counts(shards: Mapping[str, Shard]) -> Iterable[Diagnostic]:
    counts = sorted({shard.count for shard in shards.values()})
    if len(counts) != 1:
        if counts:
            yield _refused(f"Some are parts of {enumerated([str(each) for each in counts])}.")
        return
    indexes = [shard.index for shard in shards.values()]
    if missing := sorted(set(range(1, counts[0] + 1)) - set(indexes)):
        yield _refused(f"{_parts(missing, of=counts[0])} missing.")
    if doubled := sorted({each for each in indexes if indexes.count(each) > 1}):
        yield _refused(f"{_parts(doubled)} there more than once.")


def _parts(numbers: Sequence[int], *, of: int | None = None) -> str:
    word, verb = ("Part", "is") if len(numbers) == 1 else ("Parts", "are")
    whole = f" of {of}" if of is not None else ""
    return f"{word} {enumerated([str(each) for each in numbers])}{whole} {verb}"


def other_changes(parts: Mapping[str, ReadPart], draft: Draft, *, digest: str, key_id: str | None) -> list[Diagnostic]:
    """Return an error for each part that was made of other manifests, another state or another key than are here."""
    return [
        _refused(f"{name} was made {fact}. Make all parts again, from one commit and against one state.")
        for name, part in parts.items()
        if (fact := _difference(part, draft, digest=digest, key_id=key_id)) is not None
    ]


def _difference(part: ReadPart, draft: Draft, *, digest: str, key_id: str | None) -> str | None:
    if (part.plan.lineage, part.plan.serial) != (draft.recorded.lineage, draft.recorded.serial):
        return "against another state, or another revision of it"
    if part.plan.inputs.fingerprint_key_id != key_id:
        return "with another key of fingerprints"
    if part.plan.changes_digest != digest:
        return "of other manifests, or where secrets have other values"
    digests = {step.name: step.settings_digest for step in draft.to_verify}
    if any(part.settings.get(name) != each for name, each in digests.items()):
        return "of other settings, or where secrets have other values"
    return None


def _refused(why: str) -> Diagnostic:
    return error("partsRefused", f"{why} Nothing was merged.")


def steps_of(shard: Shard, steps: Iterable[Create | Update]) -> list[Create | Update]:
    """Return the steps that one part verifies.

    >>> from reconciler.model.accounts.desired import DesiredAccount
    >>> from reconciler.model.step import Create
    >>> step = Create(after=DesiredAccount(kind="MarketingAccount", name="a", document={}))
    >>> sorted(len(steps_of(Shard(number, 2), [step])) for number in (1, 2))
    [0, 1]
    """
    return [each for each in steps if shard.has(host_of(each))]


def needs_all_parts(plan: SavedPlan) -> Diagnostic | None:
    """Return why a part is not applied; None for a whole plan.

    >>> from reconciler.model.plan import ApplyInputs, Part, SavedPlan
    >>> part = Part(index=2, count=4, depth="auth", reads_all_secrets=False)
    >>> needs_all_parts(SavedPlan.model_construct(inputs=ApplyInputs(accounts={}, part=part))).detail.partition(",")[0]
    'The file is part 2 of 4'
    >>> needs_all_parts(SavedPlan.model_construct(inputs=ApplyInputs(accounts={}))) is None
    True
    """
    shard = shard_of(plan)
    if shard is None:
        return None
    detail = (
        f"The file is part {shard.index} of {shard.count}, which verified the accounts of its hosts alone. Merge all "
        "parts, and apply what comes of it:\n    reconciler plan merge PART... --out FILE"
    )
    return error("partsRefused", detail)
