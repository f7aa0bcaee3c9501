"""The secrets of one run: read once, compared before they travel, and why some cannot be had.

Before a secret travels for the first time, what state knows is read, to be compared with it: a known secret whose value
was rotated at its source, or was not read when its route was recorded, is recognised under another reference only by the
value that its own reference has now. What is read for that is compared and nothing else: it is not sent.

An account of state is contacted with the settings that were applied. So its secrets must still be allowed and readable,
and its private CA must be the one that it was applied with: trust is part of a secret's route.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from reconciler.classes import FrozenByName
from reconciler.diagnostics import Diagnostic, error
from reconciler.errors import GuardRefused
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.secrets.reading import SecretsRead, withheld
from reconciler.rules.secrets.allow import is_allowed, is_allowed_somewhere
from reconciler.rules.secrets.judgement import Law, judge_reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.grants import Secrets
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.model.step import Step
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.secrets.judgement import Judgement
    from reconciler.store import Register


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
    asked_for: frozenset[str] | None = None,
    passed_over: frozenset[str] = frozenset(),
) -> SecretsRead:
    """Read the secrets that are named, each once; nothing at all at depth ``offline``, and by an untrusted project.

    ``ask`` is asked for those that are absent here, of ``asked_for`` where that is given; not for those that may not be
    read. ``passed_over`` are those that
    are not named because reading them is dear.
    """
    unread = withheld(depth, is_project_trusted=workspace.is_project_trusted)
    if unread is not None:
        return unread
    reader = workspace.secret_reader()
    key = workspace.fingerprint_key(reader)
    wanted = tuple(references)
    if ask is not None:
        reading = reader.read(wanted)
        absent_here = [each for each, problem in reading.problems.items() if problem.code in _MAY_BE_TYPED]
        for absent in absent_here if asked_for is None else sorted(asked_for.intersection(absent_here)):
            typed = ask(absent)
            if typed:
                reader.take(absent, typed)
    return reader.read_for_run(wanted, key, passed_over=passed_over)


def altered_routes(
    steps: Iterable[Step], register: Register, platform_routes: Iterable[SecretRoute]
) -> Diagnostic | None:
    """Return an error where routes that these steps are judged by are not what the journal last recorded."""
    names: set[str] = set()
    routes = [*platform_routes]
    for step in steps:
        names |= step.names
        routes += step.routes if step.after is not None else ()
    return register.problem_of(names, routes)


def judge_compared(
    steps: Sequence[Step],
    workspace: Workspace,
    *,
    recorded: RecordedState,
    register: Register,
    platform: PlatformServer | None,
    secrets: SecretsRead,
    named: frozenset[str] = frozenset(),
) -> Judgement:
    """Return which secrets may not travel, after reading those that the judge wants to compare.

    ``named`` are all references that manifests name.

    Raises ``GuardRefused`` where the ``register`` of routes that this is judged by was altered.
    """
    law = Law(
        recorded=recorded,
        rules=workspace.project.secrets,
        today=workspace.now().date(),
        platform=platform,
        named=named,
    )
    altered = altered_routes(steps, register, platform.secret_routes if platform is not None else ())
    if altered is not None:
        raise GuardRefused(altered)
    return judge_reading(steps, law, secrets, read=partial(read_secrets, workspace, depth="message"))


class WantedSecrets(FrozenByName):
    """The references whose values a run needs: the accounts' own, less those ``refused``, and the platform's."""

    own: frozenset[str]
    """Those that the project file allows to an account."""
    refused: frozenset[tuple[str, str]]
    """Account and reference, where the project file no longer allows it."""
    platform: frozenset[str]

    @property
    def readable(self) -> frozenset[str]:
        """Those that may be read."""
        return self.own | self.platform


def wanted_secrets(
    accounts: Sequence[RecordedAccount], platform: PlatformServer | None, workspace: Workspace
) -> WantedSecrets:
    """Return the references that the accounts need, the platform's where marketing accounts are among them."""
    named = {(account.name, each.secret) for account in accounts for each in account.secret_routes}
    look = workspace.secret_reader().look(secret for _, secret in named)
    allowed = {
        (account.name, each.secret)
        for account in accounts
        for each in account.secret_routes
        if each.secret not in look.problems
        and _is_allowed(each.secret, account, workspace.project.secrets, look.places)
    }
    is_platform_used = any(kind_of(account).sends_through_platform for account in accounts)
    through_platform = platform.secret_routes if platform is not None and is_platform_used else ()
    return WantedSecrets(
        own=frozenset(secret for _, secret in allowed),
        refused=frozenset(named - allowed),
        platform=frozenset(each.secret for each in through_platform),
    )


def _is_allowed(secret: str, account: RecordedAccount, rules: Secrets, places: Mapping[str, str]) -> bool:
    """Tell whether the account may name the secret, from the manifest that it was recorded from where state knows it."""
    if account.manifest is None:
        return is_allowed_somewhere(secret, rules, places)
    return is_allowed(secret, account.manifest, rules, places)


def unusable_accounts(
    accounts: Sequence[RecordedAccount], workspace: Workspace, wanted: WantedSecrets, secrets: SecretsRead
) -> dict[str, Diagnostic]:
    """Return the accounts that cannot be contacted, by name, each with the reason; nothing was contacted for it."""
    from reconciler.operations.conversations.trust import changed_files

    return {
        **_refused_secrets(accounts, wanted.refused),
        **_unreadable_secrets(accounts, wanted.platform, secrets),
        **changed_files({each.name: each for each in accounts}, workspace, changed=_altered_file),
    }


def _refused_secrets(accounts: Iterable[RecordedAccount], refused: frozenset[tuple[str, str]]) -> dict[str, Diagnostic]:
    """Return the accounts that name a secret which the project file no longer allows."""
    return {
        account.name: error(
            "secretNotAllowed",
            f"{secret} was allowed when {account.name} was applied, and the project file, or a rule of this version, does "
            "not let its manifest name it any more. Nothing was read. Have the owner of the project file allow it, or "
            "change the account; validate tells more about manifests.",
            subject=account.name,
        )
        for account in accounts
        for secret in sorted(each.secret for each in account.secret_routes)
        if (account.name, secret) in refused
    }


def _unreadable_secrets(
    accounts: Iterable[RecordedAccount], platform_secrets: frozenset[str], secrets: SecretsRead
) -> dict[str, Diagnostic]:
    """Return the accounts that need a secret which cannot be read here; marketing accounts need the platform's."""
    unreadable = secrets.unreadable
    problems = {}
    for account in accounts:
        own = {each.secret for each in account.secret_routes}
        needed = own | platform_secrets if kind_of(account).sends_through_platform else own
        for secret in sorted(needed):
            if secret in unreadable:
                problems[account.name] = replace(unreadable[secret], subject=account.name)
    return problems


def _altered_file(name: str, path: str, code: str) -> Diagnostic:
    detail = (
        f"{path} is not the certificate that {name} was applied with, so its server was not contacted. Apply the "
        "change of the file first, or bring the file back."
    )
    return error(code, detail, subject=name)
