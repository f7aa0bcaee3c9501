"""Which secrets a manifest may name at all (``secrets.allow``); decided before anything is read.

What a name means is decided by where it leads: a link may be named only by a manifest that may name the file itself.
And some things are kept from manifests whatever ``secrets.allow`` covers: our own keys and state, what holds many
secrets at once, reserved names, and every reference that is not in normal form, because rules compare references.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from reconciler.diagnostics import MOST_NAMES, Diagnostic, as_one, error
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.model.secrets.references import reference_text, spelling_problem
from reconciler.model.secrets.reserved import is_for_command, reserved_names
from reconciler.model.text.globs import is_glob, matches

if TYPE_CHECKING:
    from collections.abc import Container, Hashable, Iterable, Mapping, Sequence

    from reconciler.diagnostics import Location
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.project import ScopedSecret, Secrets

_BUILT_IN = frozenset({"env", "file"})
_STATE_FOLDER = ".reconciler"
_PLAN_KEY = "env:RECONCILER_PLAN_KEY"
_MOST_LISTED = 4
_SHORTEST_BEGINNING = 4
"""A shorter common beginning would cover secrets that nobody thought of."""
_WHY = "A manifest may name only what the project file allows, so that a pull request cannot reach for other secrets."

_NO_LINKS: Mapping[str, str] = MappingProxyType({})


def refused_secrets(
    accounts: Iterable[DesiredAccount],
    secrets: Secrets,
    places: Mapping[str, str] = _NO_LINKS,
    *,
    rules: Mapping[str, Location | None] | None = None,
) -> tuple[Diagnostic, ...]:
    """Return an error for what accounts name and their manifests may not, without repeating values.

    What several accounts name for the same reason is one error: at their MailServer where it names all of it, else at
    the place of the rule in the project file, which ``rules`` gives by code. ``places`` gives, for references that are
    links, the reference of the file itself.
    """
    refused: dict[Hashable, list[tuple[DesiredAccount, str, str | None]]] = {}
    for account in accounts:
        for secret in sorted({each.secret for each in account.secret_routes}):
            cause, file = _cause(account, secret, secrets, places)
            if cause is not None:
                refused.setdefault(cause, []).append((account, secret, file))
    return tuple(_refusal(cause, found, secrets, places=places, rules=rules or {}) for cause, found in refused.items())


def naming_manifests(secret: str, *, own: str, server: str, inherited: Container[str]) -> tuple[str, ...]:
    """Return the manifests that name a secret for an account, each of which must be one that may.

    They are its ``own``, and for a secret that it has ``inherited`` from a MailServer that of the ``server`` too: whoever
    writes one client's folder can reach another client's secret neither by using its server nor by offering one.
    """
    return (own, server) if secret in inherited else (own,)


def is_allowed(secret: str, manifest: str, secrets: Secrets, places: Mapping[str, str] = _NO_LINKS) -> bool:
    """Tell whether a manifest may name a secret, given as ``SOURCE:KEY``: under its name, and where that leads.

    A source of the project file is allowed as a whole until an entry of ``secrets.allow`` speaks of it. ``places``
    gives, for references that are links, the reference of the file itself.
    """
    return why_refused(secret, manifest, secrets, places) is None


def is_allowed_somewhere(secret: str, secrets: Secrets, places: Mapping[str, str] = _NO_LINKS) -> bool:
    """Tell whether ``secrets.allow`` lets any manifest name a secret: what recorded accounts, without one, need."""
    unscoped = secrets.model_copy(update={"allow": tuple(_glob_and_scope(entry)[0] for entry in secrets.allow)})
    return is_allowed(secret, "", unscoped, places)


def why_refused(secret: str, manifest: str, secrets: Secrets, places: Mapping[str, str] = _NO_LINKS) -> str | None:
    """Return why a manifest may not name a secret, in sentences that begin with the manifest; None where it may."""
    kept = _why_kept(secret, secrets)
    if kept is not None:
        return f"{manifest} names {secret}, {kept}"
    if not _is_covered(secret, manifest, secrets):
        return _why_not_covered(secret, manifest, secrets)
    place = places.get(secret, secret)
    if place == secret or (_why_kept(place, secrets) is None and _is_covered(place, manifest, secrets)):
        return None
    return (
        f"{manifest} names {secret}, which leads, with links followed, to a file that the project file does not let this "
        "manifest name. Put the file itself in the allowed place, or have the owner of the project file allow the place "
        "that it leads to."
    )


def _why_kept(secret: str, secrets: Secrets) -> str | None:
    """Return why no manifest may name a secret, whatever ``allow`` covers; None for one that is not kept from them."""
    source, _, key = secret.partition(":")
    if source == "file" and is_glob(key):
        return (
            "and a secret's name holds no * or ?: in secrets.allow or in a grant it would cover other secrets too. Give "
            "the file another name."
        )
    problem = spelling_problem(secret) if source != "env" else None
    if problem is not None:
        return f"which {problem}."
    if source == "file" and _STATE_FOLDER in key.split("/"):
        return f"which lies in {_STATE_FOLDER}, the state's folder. No manifest may name what is there, {_WHATEVER}"
    if secret in _keys_and_origins(secrets):
        return f"which holds a key of reconciler or many secrets at once. No manifest may name it, {_WHATEVER}"
    return _why_reserved(secret, secrets)


_WHATEVER = "whatever secrets.allow covers."


def _why_reserved(secret: str, secrets: Secrets) -> str | None:
    source, _, key = secret.partition(":")
    reserved = reserved_names(secret)
    if reserved is not None:
        return (
            f"a reserved name: credentials of {reserved.title} go by such names. {reserved.why} No manifest may name it, "
            f"{_WHATEVER} If it is the password of a mailbox, give it a name such as SMTP_SALES_PASSWORD or secrets/sales."
        )
    given = [
        name for name, each in secrets.sources.items() if source == "env" and is_for_command(key, each.environment)
    ]
    if given:
        return (
            f"which secrets.sources.{given[0]} in the project file gives to its command under environment, so it may be "
            f"what opens that source. No manifest may name it, {_WHATEVER}"
        )
    return None


def _keys_and_origins(secrets: Secrets) -> frozenset[str]:
    """Return our own keys, and what holds many secrets at once."""
    origins = {source.origin for source in secrets.sources.values() if source.origin is not None}
    key = secrets.fingerprint_key
    return frozenset({*origins, _PLAN_KEY, *([reference_text(key)] if key is not None else [])})


def _is_covered(secret: str, manifest: str, secrets: Secrets) -> bool:
    source = secret.partition(":")[0]
    entries = [_glob_and_scope(entry) for entry in secrets.allow]
    if source not in _BUILT_IN and not any(glob.partition(":")[0] == source for glob, _ in entries):
        return source in secrets.sources
    return any(matches(glob, secret) and matches(scope, manifest) for glob, scope in entries)


def _glob_and_scope(entry: str | ScopedSecret) -> tuple[str, str]:
    if isinstance(entry, str):
        return entry, "**"
    return entry.secret, entry.manifests


def _told_entry(entry: str | ScopedSecret) -> str:
    return entry if isinstance(entry, str) else f"{entry.secret} (for {entry.manifests} only)"


def _cause(
    account: DesiredAccount, secret: str, secrets: Secrets, places: Mapping[str, str]
) -> tuple[Hashable | None, str | None]:
    """Return why a secret may not be named, None where it may, and the manifest that may not name it."""
    source = secret.partition(":")[0]
    if source not in _BUILT_IN and source not in secrets.sources:
        return ("unknownSecretSource", source), None
    naming = naming_manifests(secret, own=account.file, server=account.server_file, inherited=account.server_secrets)
    file = next((each for each in naming if not is_allowed(secret, each, secrets, places)), None)
    if file is None:
        return None, None
    if _why_kept(secret, secrets) is not None or _is_covered(secret, file, secrets):
        return ("secretNotAllowed", secret), file  # its own name, or where its link leads
    return "secretNotAllowed", file


def _refusal(
    cause: Hashable,
    found: Sequence[tuple[DesiredAccount, str, str | None]],
    secrets: Secrets,
    *,
    places: Mapping[str, str],
    rules: Mapping[str, Location | None],
) -> Diagnostic:
    problems = [_problem(account, secret, file, secrets, places) for account, secret, file in found]
    servers = {account.server_location if secret in account.server_secrets else None for account, secret, _ in found}
    server = servers.pop() if len(servers) == 1 else None
    is_shared = len({account.name for account, _, _ in found}) > 1
    place = (server or rules.get(problems[0].code) or problems[0].location) if is_shared else problems[0].location
    if isinstance(cause, tuple) or len({problem.detail for problem in problems}) == 1:
        return as_one(problems, location=place)
    first = {secret: account for account, secret, _ in reversed(found)}
    named = [
        f"{secret} ({first[secret].location or first[secret].file})"
        for secret in dict.fromkeys(each for _, each, _ in found)
    ]
    listed = ", ".join(
        named if len(named) <= _MOST_LISTED else [*named[:_MOST_LISTED], f"{len(named) - _MOST_LISTED} more"]
    )
    detail = (
        f"secrets.allow in the project file covers {_covered(secrets)}, which does not let these manifests name: "
        f"{listed}. {_WHY} Use references that are covered, or have the owner of the project file add\n"
        f"    allow: {_covering(sorted({secret for _, secret, _ in found}))}"
    )
    return as_one(problems, detail=detail, location=place)


def _problem(
    account: DesiredAccount, secret: str, file: str | None, secrets: Secrets, places: Mapping[str, str]
) -> Diagnostic:
    if file is not None:
        detail = why_refused(secret, file, secrets, places) or ""
        return error("secretNotAllowed", detail, subject=account.name, location=account.location)
    source = secret.partition(":")[0]
    known = _BUILT_IN | secrets.sources.keys()
    detail = (
        f"{secret} names the source {source}, which the project file does not declare under secrets.sources."
        f"{did_you_mean(source, known)}"
    )
    return error("unknownSecretSource", detail, subject=account.name, location=account.location)


def _covering(named: Sequence[str]) -> str:
    """Return entries of ``secrets.allow`` that would cover secrets, as few as their common beginnings give."""
    by_source: dict[str, list[str]] = {}
    for secret in named:
        source, _, key = secret.partition(":")
        by_source.setdefault(source, []).append(key)
    entries = []
    for source, keys in by_source.items():
        beginning = _common_beginning(keys)
        is_telling = len(keys) > 1 and len(beginning) >= _SHORTEST_BEGINNING
        entries += [f"{source}:{beginning}*"] if is_telling else [f"{source}:{key}" for key in keys[:MOST_NAMES]]
    return "[" + ", ".join(f'"{entry}"' for entry in entries) + "]"


def _common_beginning(keys: Sequence[str]) -> str:
    first, last = min(keys), max(keys)
    length = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    return first[:length]


def _covered(secrets: Secrets) -> str:
    return ", ".join(_told_entry(entry) for entry in secrets.allow) or "nothing"


def _why_not_covered(secret: str, manifest: str, secrets: Secrets) -> str:
    return (
        f"{manifest} names {secret}, but secrets.allow in the project file covers {_covered(secrets)}. {_WHY} "
        "Use a reference that is covered, or have the owner of the project file add\n"
        f'    allow: ["{secret}"]'
    )
