"""How it is told that manifests name secrets that they may not: each cause once, where it is mended.

Which manifest may name which secret is decided in ``rules.secrets.allow``; here nothing is.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from reconciler.diagnostics import MOST_NAMES, Diagnostic, as_one, error
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.rules.secrets.allow import (
    BUILT_IN,
    NO_LINKS,
    WHY_ALLOWED,
    covered,
    is_uncovered,
    naming_manifests,
    why_refused,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.diagnostics import Location
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.project import Secrets

_MOST_LISTED = 4
_SHORTEST_BEGINNING = 4
"""A shorter common beginning would cover secrets that nobody thought of."""
_NO_RULES: Mapping[str, Location | None] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Refused:
    """A secret that an account names and may not, with the error for it alone."""

    account: DesiredAccount
    secret: str
    problem: Diagnostic
    cause: str | None
    """What is wrong with it, the secret or its source; None where only an entry of ``secrets.allow`` is missing."""

    @property
    def server(self) -> Location | None:
        """The place of the MailServer that names the secret, None where the account itself does."""
        return self.account.server_location if self.secret in self.account.server_secrets else None


def refused_secrets(
    accounts: Iterable[DesiredAccount],
    secrets: Secrets,
    places: Mapping[str, str] = NO_LINKS,
    *,
    rules: Mapping[str, Location | None] = _NO_RULES,
) -> tuple[Diagnostic, ...]:
    """Return an error for what accounts name and their manifests may not, without repeating values.

    What several accounts name for the same reason is one error: at their MailServer where it names all of it, else at
    the place of the rule in the project file, which ``rules`` gives by code. ``places`` gives, for references that are
    links, the reference of the file itself.
    """
    by_cause: dict[str | None, list[_Refused]] = {}
    for account in accounts:
        for secret in sorted({route.secret for route in account.secret_routes}):
            refused = _refused(account, secret, secrets, places)
            if refused is not None:
                by_cause.setdefault(refused.cause, []).append(refused)
    return tuple(_as_one(refused, secrets, rules) for refused in by_cause.values())


def _refused(account: DesiredAccount, secret: str, secrets: Secrets, places: Mapping[str, str]) -> _Refused | None:
    source = secret.partition(":")[0]
    known = BUILT_IN | secrets.sources.keys()
    if source not in known:
        detail = (
            f"{secret} names the source {source}, which the project file does not declare under secrets.sources."
            f"{did_you_mean(source, known)}"
        )
        problem = error("unknownSecretSource", detail, subject=account.name, location=account.location)
        return _Refused(account, secret, problem, cause=source)
    for manifest in naming_manifests(
        secret, own=account.file, server=account.server_file, inherited=account.server_secrets
    ):
        why = why_refused(secret, manifest, secrets, places)
        if why is not None:
            problem = error("secretNotAllowed", why, subject=account.name, location=account.location)
            return _Refused(account, secret, problem, cause=None if is_uncovered(secret, manifest, secrets) else secret)
    return None


def _as_one(refused: Sequence[_Refused], secrets: Secrets, rules: Mapping[str, Location | None]) -> Diagnostic:
    """Return one error for what has one cause; it stands at an account where it concerns no other."""
    first = refused[0]
    problems = [each.problem for each in refused]
    place = None
    if len({each.account.name for each in refused}) > 1:
        server = first.server if all(each.server == first.server for each in refused) else None
        place = server or rules.get(first.problem.code)
    if first.cause is not None or len({problem.detail for problem in problems}) == 1:
        return as_one(problems, location=place)
    named: dict[str, str] = {}
    for each in refused:
        named.setdefault(each.secret, f"{each.secret} ({each.account.location or each.account.file})")
    listed = list(named.values())
    if len(listed) > _MOST_LISTED:
        listed = [*listed[:_MOST_LISTED], f"{len(listed) - _MOST_LISTED} more"]
    detail = (
        f"secrets.allow in the project file covers {covered(secrets)}, which does not let these manifests name: "
        f"{', '.join(listed)}. {WHY_ALLOWED} Use references that are covered, or have the owner of the project file add\n"
        f"    allow: {_covering(sorted(named))}"
    )
    return as_one(problems, detail=detail, location=place)


def _covering(named: Sequence[str]) -> str:
    """Return entries of ``secrets.allow`` that would cover secrets, as few as their common beginnings give."""
    by_source: dict[str, list[str]] = {}
    for secret in named:
        source, _, key = secret.partition(":")
        by_source.setdefault(source, []).append(key)
    entries: list[str] = []
    for source, keys in by_source.items():
        beginning = min(keys)
        while not max(keys).startswith(beginning):
            beginning = beginning[:-1]
        if len(keys) > 1 and len(beginning) >= _SHORTEST_BEGINNING:
            stars = "**" if any("/" in key[len(beginning) :] for key in keys) else "*"
            entries.append(f"{source}:{beginning}{stars}")
        else:
            entries += [f"{source}:{key}" for key in keys[:MOST_NAMES]]
    return "[" + ", ".join(f'"{entry}"' for entry in entries) + "]"
