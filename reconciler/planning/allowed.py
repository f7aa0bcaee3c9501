"""Which secrets a manifest may name at all (``secrets.allow``); decided before anything is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, error
from reconciler.model.globs import is_glob, matches
from reconciler.model.references import reference_text
from reconciler.planning.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from reconciler.model.desired import DesiredAccount
    from reconciler.model.project import ScopedSecret, Secrets

_BUILT_IN = frozenset({"env", "file"})
_STATE_FOLDER = ".reconciler"
_PLAN_KEY = "env:RECONCILER_PLAN_KEY"


def refused_secrets(accounts: Iterable[DesiredAccount], secrets: Secrets) -> tuple[Diagnostic, ...]:
    """Return an error for each account's secret that its manifest may not name, without repeating values."""
    return tuple(
        problem
        for account in accounts
        for secret in sorted({each.secret for each in account.secret_routes})
        if (problem := _refusal(account, secret, secrets)) is not None
    )


def naming_manifests(secret: str, *, own: str, server: str, inherited: Container[str]) -> tuple[str, ...]:
    """Return the manifests that name a secret for an account, each of which must be one that may.

    They are its ``own``, and for a secret that it has ``inherited`` from a MailServer that of the ``server`` too: whoever
    writes one client's folder can reach another client's secret neither by using its server nor by offering one.
    """
    return (own, server) if secret in inherited else (own,)


def is_allowed(secret: str, manifest: str, secrets: Secrets) -> bool:
    """Tell whether ``secrets.allow`` lets a manifest name a secret, given as ``SOURCE:KEY``.

    A source of the project file is allowed as a whole until an entry of ``allow`` speaks of it.
    """
    source, _, key = secret.partition(":")
    if source == "file" and (_leads_astray(key) or is_glob(key)):
        return False
    if secret in _never_allowed(secrets):
        return False
    entries = [_glob_and_scope(entry) for entry in secrets.allow]
    if source not in _BUILT_IN and not any(glob.partition(":")[0] == source for glob, _ in entries):
        return source in secrets.sources
    return any(matches(glob, secret) and matches(scope, manifest) for glob, scope in entries)


def _leads_astray(path: str) -> bool:
    parts = path.split("/")
    return ".." in parts or _STATE_FOLDER in parts


def _never_allowed(secrets: Secrets) -> frozenset[str]:
    """Return what no manifest may name, whatever ``allow`` covers: our own keys, and what holds many secrets at once."""
    origins = {source.origin for source in secrets.sources.values() if source.origin is not None}
    key = secrets.fingerprint_key
    return frozenset({*origins, _PLAN_KEY, *([reference_text(key)] if key is not None else [])})


def is_allowed_somewhere(secret: str, secrets: Secrets) -> bool:
    """Tell whether ``secrets.allow`` lets any manifest name a secret: what recorded accounts, without one, need."""
    unscoped = secrets.model_copy(update={"allow": tuple(_glob_and_scope(entry)[0] for entry in secrets.allow)})
    return is_allowed(secret, "", unscoped)


def _glob_and_scope(entry: str | ScopedSecret) -> tuple[str, str]:
    if isinstance(entry, str):
        return entry, "**"
    return entry.secret, entry.manifests


def _told_entry(entry: str | ScopedSecret) -> str:
    return entry if isinstance(entry, str) else f"{entry.secret} (for {entry.manifests} only)"


def _refusal(account: DesiredAccount, secret: str, secrets: Secrets) -> Diagnostic | None:
    source = secret.partition(":")[0]
    if source not in _BUILT_IN and source not in secrets.sources:
        known = _BUILT_IN | secrets.sources.keys()
        detail = (
            f"{secret} names the source {source}, which the project file does not declare under secrets.sources."
            f"{did_you_mean(source, known)}"
        )
        return error("unknownSecretSource", detail, subject=account.name, location=account.location)
    naming = naming_manifests(secret, own=account.file, server=account.server_file, inherited=account.server_secrets)
    file = next((each for each in naming if not is_allowed(secret, each, secrets)), None)
    if file is None:
        return None
    return error(
        "secretNotAllowed", _why_refused(secret, file, secrets), subject=account.name, location=account.location
    )


def _why_refused(secret: str, file: str, secrets: Secrets) -> str:
    if is_glob(secret):
        return (
            f"{file} names {secret}, and a secret's name holds no * or ?: in secrets.allow or in a grant it "
            "would cover other secrets too. Give the file another name."
        )
    if secret in _never_allowed(secrets):
        return (
            f"{file} names {secret}, which holds a key of reconciler or many secrets at once. No manifest may "
            "name it, whatever secrets.allow covers."
        )
    entries = ", ".join(_told_entry(entry) for entry in secrets.allow) or "nothing"
    return (
        f"{file} names {secret}, but secrets.allow in the project file covers {entries}. "
        "A manifest may name only what the project file allows, so that a pull request cannot reach for other "
        "secrets. Use a reference that is covered, or have the owner of the project file add\n"
        f'    allow: ["{secret}"]'
    )
