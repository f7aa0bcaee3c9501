"""How it is told that manifests name secrets that they may not: each cause once, where it is mended.

Which manifest may name which secret is decided in ``rules.secrets.allow``; here nothing is.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from reconciler.classes import Frozen
from reconciler.diagnostics import MOST_NAMES, Diagnostic, as_one, error
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.rules.secrets.allow import (
    BUILT_IN,
    NO_LINKS,
    WHY_ALLOWED,
    ask_to_allow,
    covered,
    is_uncovered,
    naming_manifests,
    why_refused,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from reconciler.diagnostics import Location
    from reconciler.model.grants import Secrets

_MOST_LISTED = 4
_SHORTEST_BEGINNING = 4
"""A shorter common beginning would cover secrets that nobody thought of."""
_NO_RULES: Mapping[str, Location | None] = MappingProxyType({})


class NamesSecrets(Protocol):
    """An account with the secrets that it names, itself or through a MailServer; usable or not."""

    @property
    def name(self) -> str | None:
        """Its name; None where it gives itself none."""
        ...

    @property
    def file(self) -> str:
        """Its manifest file."""
        ...

    @property
    def location(self) -> Location | None:
        """Where its document begins."""
        ...

    @property
    def named_secrets(self) -> frozenset[str]:
        """All references that it names."""
        ...

    @property
    def server_file(self) -> str:
        """The manifest file of its MailServer."""
        ...

    @property
    def server_location(self) -> Location | None:
        """Where that MailServer says which server it is."""
        ...

    @property
    def server_secrets(self) -> frozenset[str]:
        """The references that the MailServer names for it."""
        ...

    def place_in_overlay(self, secret: str) -> Location | None:
        """Return where an overlay names a secret of it; None where the manifests do."""
        ...


class _Refused(Frozen):
    """A secret that an account names and may not, with the error for it alone."""

    account: NamesSecrets
    secret: str
    manifest: str
    """The manifest that names it and may not: the account's, or that of its MailServer; empty where none counts."""
    problem: Diagnostic
    cause: str | None
    """What is wrong with it, the secret or its source; None where only an entry of ``secrets.allow`` is missing."""

    @property
    def server(self) -> Location | None:
        """The place of the MailServer that names the secret, None where the account itself does."""
        return self.account.server_location if self.secret in self.account.server_secrets else None


def refused_secrets(
    accounts: Iterable[NamesSecrets],
    secrets: Secrets,
    places: Mapping[str, str] = NO_LINKS,
    *,
    rules: Mapping[str, Location | None] = _NO_RULES,
) -> tuple[Diagnostic, ...]:
    """Return an error for what accounts name and their manifests may not, without repeating values.

    What several accounts name for the same reason is one error: at their MailServer where it names all of it, else at
    the place of the rule in the project file, which ``rules`` gives by code. ``places`` gives, for references that are
    links, the reference of the file itself.

    >>> from reconciler.model.grants import Secrets
    >>> from reconciler.rules.accounts.unresolved import UnresolvedAccount
    >>> named = frozenset({"env:SMTP_A", "env:HOME", "vault:mail"})
    >>> account = UnresolvedAccount(name="sales", file="sales.yaml", location=None, named_secrets=named)
    >>> [each.code for each in refused_secrets([account], Secrets())]
    ['secretNotAllowed', 'unknownSecretSource']
    """
    by_cause: dict[str | None, list[_Refused]] = {}
    # Where no entry is for some manifests alone, what one manifest may name all may: it is asked once for each secret.
    is_one_scope = all(isinstance(entry, str) for entry in secrets.allow)
    allowed: set[str] = set()
    for account in accounts:
        for secret in sorted(account.named_secrets):
            if secret in allowed:
                continue
            refused = _refused(account, secret, secrets, places)
            if refused is not None:
                by_cause.setdefault(refused.cause, []).append(refused)
            elif is_one_scope:
                allowed.add(secret)
    return tuple(_as_one(refused, secrets, rules) for refused in by_cause.values())


def _refused(account: NamesSecrets, secret: str, secrets: Secrets, places: Mapping[str, str]) -> _Refused | None:
    source = secret.partition(":")[0]
    known = BUILT_IN | secrets.sources.keys()
    if source not in known:
        place = account.place_in_overlay(secret) or account.location
        problem = error("unknownSecretSource", _undeclared(source, known), subject=account.name, location=place)
        return _Refused(account, secret, "", problem, cause=source)
    for manifest in naming_manifests(
        secret, own=account.file, server=account.server_file, inherited=account.server_secrets
    ):
        why = why_refused(secret, manifest, secrets, places)
        if why is None:
            continue
        place = account.location
        # Where it is named is looked for where it is refused: nearly all are not.
        if (overlay := account.place_in_overlay(secret)) is not None:
            place, why = overlay, why_refused(secret, manifest, secrets, places, named_in=overlay.file) or why
        problem = error("secretNotAllowed", why, subject=account.name, location=place)
        cause = None if is_uncovered(secret, manifest, secrets) else secret
        return _Refused(account, secret, manifest, problem, cause)
    return None


_MEANT = {
    **dict.fromkeys(("environment", "variable", "var", "envVar", "envvar", "environ", "envKey"), "env"),
    **dict.fromkeys(("path", "filename", "fromFile", "filePath", "passwordFile"), "file"),
}
"""What other tools call the sources that need no declaring."""
_LITERAL = frozenset(
    {
        "value",
        "literal",
        "plain",
        "plaintext",
        "text",
        "raw",
        "inline",
        "string",
        "content",
        "default",
        "data",
        "secret",
    }
)
"""What other tools call a value that stands where it is used."""


def _undeclared(source: str, known: Collection[str]) -> str:
    """Return the refusal of a source that the project file does not declare.

    The key is not shown: it may be the secret itself.
    """
    told = f"A secret is to come from {source}, a source that the project file does not declare under secrets.sources."
    if source in _LITERAL:
        return (
            f"{told} No manifest holds a secret itself: put it into a variable or a file, and name that, as in "
            "{env: SMTP_SALES_PASSWORD}. If a real secret was committed, change it: it stays in git's history."
        )
    if source in _MEANT:
        return f"{told} Did you mean {_MEANT[source]}?"
    return f"{told}{did_you_mean(source, known)}"


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
        named.setdefault(each.secret, f"{each.secret} ({each.problem.location or each.account.file})")
    listed = list(named.values())
    if len(listed) > _MOST_LISTED:
        listed = [*listed[:_MOST_LISTED], f"{len(listed) - _MOST_LISTED} more"]
    detail = (
        f"{secrets.holder_of('allow')}.allow in the project file covers {covered(secrets)}, which does not let these "
        f"manifests name: {', '.join(listed)}. {WHY_ALLOWED} Use references that are covered{secrets.ways_to_name()}, or "
        f"{ask_to_allow(_covering(sorted(named)), secrets, [each.manifest for each in refused])}"
    )
    return as_one(problems, detail=detail, location=place)


def _covering(named: Sequence[str]) -> list[str]:
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
    return entries
