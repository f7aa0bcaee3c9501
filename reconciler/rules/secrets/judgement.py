"""The one place where routes are judged: which secrets of which accounts may travel, in a plan, at apply, and without one.

Who asks hands in steps, state, and what was read. What the platform's server would send, what the project file reserves
for it, and how strict first uses are, is settled here and the same for everybody.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import error
from reconciler.errors import SecretUnreadable
from reconciler.model.accounts.platform import PLATFORM
from reconciler.model.secrets.spelling import normal_reference
from reconciler.model.step import Delete, Keep, PlatformStep
from reconciler.rules.secrets.grants import redundant_grants, undelivered_problem, unread_reasons, withheld_problem
from reconciler.rules.secrets.known import known_routes, needs_accounts
from reconciler.rules.secrets.routes import Verdict, every_route, judge_routes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.grants import Secrets
    from reconciler.model.secrets.reading import SecretsRead
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.model.step import Step, Wanted
    from reconciler.rules.secrets.routes import HasRoutes


class Law(FrozenByName):
    """What routes are judged by."""

    recorded: RecordedState
    rules: Secrets
    """``secrets`` of the project file."""
    today: date
    platform: PlatformServer | None
    """The platform's server, which its own credential is reserved for; None where the project file declares none."""
    named: frozenset[str] = frozenset()
    """References that manifests name beside those of the steps: a line of the block of grants covers none of them."""


class Judgement(FrozenByName):
    """The secrets that may not travel, and what allowed the others."""

    withheld: Mapping[str, tuple[SecretRoute, ...]]
    """By account; the platform's own under ``PLATFORM``."""
    problem: Diagnostic | None
    """One error for all that is withheld; None where nothing is."""
    grants_used: tuple[str, ...] = ()
    """The grants that were needed for what is not withheld."""
    not_compared: frozenset[str] = frozenset()
    """References that state knows and whose values, not at hand, decide what is withheld."""
    to_compare: frozenset[str] = frozenset()
    """These, and those to be compared as far as they can be read before a recorded reference's new value is let go."""
    platform_routes: tuple[SecretRoute, ...] = ()
    """Where the platform's own secrets travel; none where no account is verified through it."""

    def of(self, step: Wanted) -> tuple[SecretRoute, ...]:
        """Return what a step cannot be verified with: the platform's where it is verified through that."""
        is_through_platform = step.needs_evidence and step.sends_through_platform
        return self.withheld.get(PLATFORM if is_through_platform else step.name, ())


def judge(steps: Sequence[Step], law: Law, secrets: SecretsRead | None) -> Judgement:
    """Return which secrets may not take their routes: those of these accounts, and of the platform they go through.

    ``secrets`` is what was read for it; None before anything is read, when routes are judged by what the steps carry and
    whoever reads a value asks again. Where nothing was read because the project file is not trusted, all that a
    verification would send is withheld.
    """
    wanted = [step for step in steps if not isinstance(step, Delete)]
    values = secrets.comparable_with(law.recorded.fingerprint_key_id) if secrets is not None else {}
    # The platform's own secrets travel only where one of these accounts is verified through its server; its values stay
    # reserved either way.
    is_used = any(step.needs_evidence and step.platform is not None for step in wanted)
    platforms = [PlatformStep(server=law.platform, fingerprints=values)] if law.platform is not None and is_used else []
    routes = tuple(route for each in platforms for route in each.routes)
    reserved = law.platform.routes(values) if law.platform is not None else ()
    rules = _first_use_rules(law, secrets)
    if secrets is not None and secrets.are_withheld:
        # Whoever may alter the project file could grant anything, so there is nothing to weigh.
        verdict = Verdict(every_route([*(step for step in wanted if step.needs_evidence), *platforms]), ())
    else:
        verdict = judge_routes(
            [*wanted, *platforms],
            known_routes(law.recorded, reserved),
            secrets=rules,
            today=law.today,
            values=values if secrets is not None and secrets.were_read else None,
            reserved=reserved,
        )
    explanation = None
    if verdict.withheld:
        from reconciler.rules.secrets.causes import CauseExplainer

        explanation = CauseExplainer(
            law.recorded.routes, reserved, [*wanted, *platforms], asked=law.rules, in_force=rules, values=values
        )
    problem = withheld_problem(
        verdict.withheld,
        explanation=explanation,
        expired=verdict.expired,
        not_compared=unread_reasons(verdict.not_compared, secrets.unreadable if secrets is not None else {}),
        is_project_trusted=secrets is None or not secrets.are_withheld,
        known=_known_references(wanted, law),
        holder=law.rules.holder_of("grants"),
    )
    return Judgement(
        withheld=verdict.withheld,
        problem=problem,
        grants_used=verdict.grants_used,
        not_compared=verdict.not_compared,
        to_compare=verdict.to_compare,
        platform_routes=routes,
    )


def judge_reading(
    steps: Sequence[Step], law: Law, secrets: SecretsRead, *, read: Callable[[frozenset[str]], SecretsRead]
) -> Judgement:
    """Return the judgement; values that it has to compare first are read for it."""
    asked: frozenset[str] = frozenset()
    while True:
        judgement = judge(steps, law, secrets)
        wanted = judgement.to_compare - asked
        if not wanted:
            return judgement
        asked |= wanted
        found = read(wanted)
        secrets = replace(
            secrets,
            fingerprints={**secrets.fingerprints, **found.fingerprints},
            unreadable={**secrets.unreadable, **found.unreadable},
        )


class Delivered(FrozenByName):
    """An account, or the platform, whose secrets are to be written to consumers, as the judge sees it."""

    name: str
    manifest: str
    routes: tuple[SecretRoute, ...]


def judge_deliveries(deliveries: Sequence[Delivered], law: Law) -> Judgement:
    """Return which secrets may not be written to the consumers that they are for.

    By what is recorded of them alone: only a value that was applied is ever written, and it was compared then.

    >>> from datetime import date
    >>> from reconciler.model.accounts.recorded import RecordedState
    >>> from reconciler.model.grants import Secrets
    >>> from reconciler.model.secrets.routes import Delivery, SecretRoute, route_to
    >>> state = RecordedState(project="mail", lineage="1", serial=0, accounts={})
    >>> travel = SecretRoute(secret="env:SMTP_A", route=route_to(Delivery(name="mailhost", path="/etc/mail.env")))
    >>> law = Law(recorded=state, rules=Secrets(), today=date(2026, 9, 7), platform=None)
    >>> sales = Delivered(name="sales", manifest="sales.yaml", routes=(travel,))
    >>> [*judge_deliveries([sales], law).withheld]
    ['sales']
    >>> [*judge_deliveries([sales], replace(law, recorded=replace(state, routes=(travel,)))).withheld]
    []
    """
    reserved = law.platform.secret_routes if law.platform is not None else ()
    verdict = judge_routes(
        deliveries, law.recorded.routes, secrets=law.rules, today=law.today, values=None, reserved=reserved
    )
    return Judgement(
        withheld=verdict.withheld,
        problem=undelivered_problem(
            verdict.withheld,
            expired=verdict.expired,
            known=_known_references((), law),
            holder=law.rules.holder_of("grants"),
        ),
        grants_used=verdict.grants_used,
    )


def needs_all_accounts(recorded: RecordedState) -> bool:
    """Tell whether routes are judged by all recorded accounts: early versions recorded logins that only those explain."""
    return needs_accounts(recorded.routes)


def _known_references(accounts: Iterable[HasRoutes], law: Law) -> Iterator[str]:
    """Yield every reference that state, these accounts, the platform and the manifests name."""
    yield from law.named
    yield from (normal_reference(each.secret) for each in law.recorded.routes)
    yield from (route.secret for account in accounts for route in account.routes)
    yield from (each.secret for each in (law.platform.secret_routes if law.platform is not None else ()))


def _first_use_rules(law: Law, secrets: SecretsRead | None) -> Secrets:
    """Return the project's rules, stricter where values cannot be compared with state's fingerprints.

    A reference that state has not seen may then hide a known value, so its first use needs a grant. Without any key
    values are comparable only where state knows none.
    """
    if secrets is None or not secrets.were_read:
        return law.rules
    has_key = secrets.key_id is not None or not law.recorded.routes
    if has_key and law.recorded.is_keyed_with(secrets.key_id):
        return law.rules
    return law.rules.model_copy(update={"first_use": "grant"})


def require_state_key(recorded: RecordedState, key_id: str | None) -> None:
    """Raise ``SecretUnreadable`` where fingerprints made with this key, None for none, cannot be compared with state's.

    >>> from reconciler.model.accounts.recorded import RecordedState
    >>> state = RecordedState(project="mail", lineage="1", serial=3, accounts={}, fingerprint_key_id="k1")
    >>> require_state_key(state, "k1")
    >>> require_state_key(state, None)
    Traceback (most recent call last):
        ...
    reconciler.errors.SecretUnreadable: Fingerprint key is missing
    """
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


def redundant(accounts: Iterable[DesiredAccount], law: Law, secrets: SecretsRead) -> list[Diagnostic]:
    """Return what is to be told of grants that none of the accounts needs; the platform's server counts with them."""
    if not law.rules.grants:
        return []
    values = secrets.comparable_with(law.recorded.fingerprint_key_id)
    platforms = [PlatformStep(server=law.platform, fingerprints=values)] if law.platform is not None else []
    wanted = [Keep(after=each, manifest=each.file, fingerprints=values) for each in accounts]
    routes = known_routes(law.recorded, tuple(route for each in platforms for route in each.routes))
    return redundant_grants([*wanted, *platforms], routes, secrets=law.rules, today=law.today, values=values)
