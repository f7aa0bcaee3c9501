"""Which secrets a manifest may name at all (``secrets.allow``); decided before anything is read.

What a name means is decided by where it leads: a link may be named only by a manifest that may name the file itself.
And some things are kept from manifests whatever ``secrets.allow`` covers: our own keys and state, what holds many
secrets at once, reserved names, and every reference that is not in normal form, because rules compare references.
"""

from __future__ import annotations

from posixpath import commonpath
from types import MappingProxyType
from typing import TYPE_CHECKING

from reconciler.model.secrets.reserved import is_for_command, reserved_names, stands_for
from reconciler.model.secrets.spelling import reference_text, spelling_problem
from reconciler.model.text.globs import is_glob, matches
from reconciler.rules.secrets.scopes import is_in_scope

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from reconciler.model.grants import ScopedSecret, Secrets

BUILT_IN = frozenset({"env", "file"})
"""The sources that no project file declares."""
_STATE_FOLDER = ".reconciler"
_PLAN_KEY = "env:RECONCILER_PLAN_KEY"
WHY_ALLOWED = (
    "A manifest may name only what the project file allows, so that a pull request cannot reach for other secrets."
)

NO_LINKS: Mapping[str, str] = MappingProxyType({})


def naming_manifests(secret: str, *, own: str, server: str, inherited: Container[str]) -> tuple[str, ...]:
    """Return the manifests that name a secret for an account; every one of them must be allowed to.

    They are its ``own``, and for a secret that it has ``inherited`` from a MailServer that of the ``server`` too: whoever
    writes one client's folder can reach another client's secret neither by using its server nor by offering one.

    >>> naming_manifests("env:SMTP_A", own="sales.yaml", server="servers.yaml", inherited={"env:SMTP_A"})
    ('sales.yaml', 'servers.yaml')
    """
    return (own, server) if secret in inherited else (own,)


def is_allowed(secret: str, manifest: str, secrets: Secrets, places: Mapping[str, str] = NO_LINKS) -> bool:
    """Tell whether a manifest may name a secret, given as ``SOURCE:KEY``: under its name, and where that leads.

    A source of the project file is allowed as a whole until an entry of ``secrets.allow`` speaks of it. ``places``
    gives, for references that are links, the reference of the file itself.

    >>> from reconciler.model.grants import Secrets
    >>> is_allowed("env:SMTP_SALES", "sales.yaml", Secrets()), is_allowed("env:HOME", "sales.yaml", Secrets())
    (True, False)
    >>> is_allowed("file:secrets/a", "sales.yaml", Secrets(), {"file:secrets/a": "file:.reconciler/key"})
    False
    """
    return why_refused(secret, manifest, secrets, places) is None


def is_allowed_somewhere(secret: str, secrets: Secrets, places: Mapping[str, str] = NO_LINKS) -> bool:
    """Tell whether ``secrets.allow`` lets any manifest name a secret: what recorded accounts, without one, need.

    >>> from reconciler.model.grants import ScopedSecret, Secrets
    >>> rules = Secrets(allow=(ScopedSecret(secret="env:SMTP_EU_*", manifests="eu/**"),))
    >>> is_allowed_somewhere("env:SMTP_EU_A", rules), is_allowed("env:SMTP_EU_A", "us/sales.yaml", rules)
    (True, False)
    """
    unscoped = secrets.model_copy(update={"allow": tuple(_glob_and_scope(entry)[0] for entry in secrets.allow)})
    return is_allowed(secret, "", unscoped, places)


def why_refused(
    secret: str,
    manifest: str,
    secrets: Secrets,
    places: Mapping[str, str] = NO_LINKS,
    *,
    named_in: str | None = None,
) -> str | None:
    """Return why a manifest may not name a secret, in sentences that begin with the manifest; None where it may.

    They begin with the file that it is ``named_in`` where that is an overlay of the manifest.

    >>> from reconciler.model.grants import Secrets
    >>> why_refused("env:SMTP_SALES", "sales.yaml", Secrets())
    >>> why_refused("env:HOME", "sales.yaml", Secrets()).partition(". ")[0]
    'sales.yaml names env:HOME, but secrets.allow in the project file covers env:SMTP_*, file:secrets/**'
    >>> why_refused("file:secrets/.reconciler/key", "sales.yaml", Secrets()).partition(". ")[0]
    "sales.yaml names file:secrets/.reconciler/key, which lies in .reconciler, the state's folder"
    """
    kept = _why_kept(secret, secrets)
    names = f"{named_in or manifest} names {secret}"
    if kept is not None:
        return f"{names}, {kept}"
    if not _is_covered(secret, manifest, secrets):
        return (
            f"{names}, but {secrets.holder_of('allow')}.allow in the project file covers {covered(secrets)}. "
            f"{WHY_ALLOWED} Use a reference that is covered{secrets.ways_to_name()}, or {ask_to_allow([secret], secrets, [manifest])}"
        )
    place = places.get(secret)
    if place is None or (_why_kept(place, secrets) is None and _is_covered(place, manifest, secrets)):
        return None
    return (
        f"{names}, which leads, with links followed, to a file that the project file does not let this "
        "manifest name. Put the file itself in the allowed place, or have the owner of the project file allow the place "
        "that it leads to."
    )


def is_uncovered(secret: str, manifest: str, secrets: Secrets) -> bool:
    """Tell whether a manifest may not name a secret only because no entry of ``secrets.allow`` covers it for it.

    >>> from reconciler.model.grants import Secrets
    >>> is_uncovered("env:MAIL_A", "sales.yaml", Secrets()), is_uncovered("env:RECONCILER_PLAN_KEY", "sales.yaml", Secrets())
    (True, False)
    """
    return _why_kept(secret, secrets) is None and not _is_covered(secret, manifest, secrets)


def covered(secrets: Secrets) -> str:
    """Return the entries of ``secrets.allow``, as a sentence lists them.

    >>> from reconciler.model.grants import ScopedSecret, Secrets
    >>> covered(Secrets()), covered(Secrets(allow=()))
    ('env:SMTP_*, file:secrets/**', 'nothing')
    >>> covered(Secrets(allow=(ScopedSecret(secret="env:SMTP_EU_*", manifests="eu/**"),)))
    'env:SMTP_EU_* (for eu/** only)'
    """
    entries = (
        entry if isinstance(entry, str) else f"{entry.secret} (for {entry.manifests} only)" for entry in secrets.allow
    )
    return ", ".join(entries) or "nothing"


def ask_to_allow(entries: Sequence[str], secrets: Secrets, manifests: Iterable[str] = ()) -> str:
    """Return the words that ask for entries of ``secrets.allow``, with the line to write.

    Where the project file has no ``allow``, the line begins with what is covered by default: it would be covered no more.
    Where it has entries for some manifests alone, the line is for the ``manifests`` that name these secrets, and no others.

    >>> from reconciler.model.grants import ScopedSecret, Secrets
    >>> print(ask_to_allow(["env:MAIL_*"], Secrets()))
    have the owner of the project file add under secrets
        allow: ["env:SMTP_*", "file:secrets/**", "env:MAIL_*"]
    >>> print(ask_to_allow(["env:MAIL_*"], Secrets(allow=("env:SMTP_*",))))
    have the owner of the project file add
        allow: ["env:MAIL_*"]
    >>> scoped = Secrets(allow=(ScopedSecret(secret="env:SMTP_EU_*", manifests="accounts.d/eu/**"),))
    >>> print(ask_to_allow(["env:MAIL"], scoped, ["accounts.d/us/a.yaml", "accounts.d/us/b.yaml"]))
    have the owner of the project file add
        allow: [{secret: "env:MAIL", manifests: "accounts.d/us/**"}]
    """
    holder = secrets.holder_of("allow")
    under = f" under {holder}" if holder != "secrets" or "allow" not in secrets.model_fields_set else ""
    if "allow" not in secrets.model_fields_set:
        entries = [*(entry for entry in secrets.allow if isinstance(entry, str)), *entries]
    scope = _common_glob(manifests) if any(not isinstance(entry, str) for entry in secrets.allow) else None
    shown = (f'"{each}"' if scope is None else f'{{secret: "{each}", manifests: "{scope}"}}' for each in entries)
    return f"have the owner of the project file add{under}\n    allow: [{', '.join(shown)}]"


def _common_glob(manifests: Iterable[str]) -> str | None:
    """Return the glob for one manifest, or for the folder that all of several are in; None where there is no such folder."""
    named = sorted(set(manifests))
    if len(named) == 1:
        return named[0] or None
    folder = commonpath(each.rpartition("/")[0] for each in named) if named else ""
    return f"{folder}/**" if folder else None


def _why_kept(secret: str, secrets: Secrets) -> str | None:
    """Return why no manifest may name a secret, whatever ``allow`` covers; None for one that is not kept from them."""
    source, _, key = secret.partition(":")
    if is_glob(key):
        return (
            "and a secret's name holds no * or ?: in secrets.allow or in a grant it would cover other secrets too. Give "
            "it another name."
        )
    problem = spelling_problem(secret)
    if problem is not None:
        return f"which {problem}."
    if source == "file" and _STATE_FOLDER in key.split("/"):
        return f"which lies in {_STATE_FOLDER}, the state's folder. No manifest may name what is there, {_WHATEVER}"
    # A key of a declared source may be something beside itself: a variable that its source hands on, or a file.
    declared = secrets.sources.get(source)
    meant = (secret, *(stands_for(key, is_of_many=declared.format is not None) if declared is not None else ()))
    origins = {source.origin for source in secrets.sources.values() if source.origin is not None}
    own_keys = {_PLAN_KEY, *([reference_text(secrets.fingerprint_key)] if secrets.fingerprint_key is not None else [])}
    if not (origins | own_keys).isdisjoint(meant):
        return f"which holds a key of reconciler or many secrets at once. No manifest may name it, {_WHATEVER}"
    return next((why for each in meant if (why := _why_reserved(each, secrets)) is not None), None)


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


def _is_covered(secret: str, manifest: str, secrets: Secrets) -> bool:
    source = secret.partition(":")[0]
    entries = [_glob_and_scope(entry) for entry in secrets.allow]
    if source not in BUILT_IN and not any(glob.partition(":")[0] == source for glob, _ in entries):
        return source in secrets.sources
    return any(matches(glob, secret) and is_in_scope(manifest, scope) for glob, scope in entries)


def _glob_and_scope(entry: str | ScopedSecret) -> tuple[str, str]:
    if isinstance(entry, str):
        return entry, "**"
    return entry.secret, entry.manifests
