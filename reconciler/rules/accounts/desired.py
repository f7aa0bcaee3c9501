"""From manifests to desired accounts: servers merged in, templates filled, domains and secrets in canonical form.

The premise: state records what an account resolves to, so everything an account inherits is written into its own
document, and two manifests that mean the same give the same document.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import Diagnostic, Location, as_one, error, grouped
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.model.accounts.desired import DesiredAccount
from reconciler.model.accounts.located import Unread
from reconciler.model.accounts.manifest import AccountWithServer, MailServer
from reconciler.model.secrets.references import is_filled_key_of, reference_text, spelling_problem
from reconciler.model.secrets.values import SECRET_FIELDS
from reconciler.model.servers.terms import DEFAULT_PORTS
from reconciler.model.text.domains import NotADomain, address_to_ascii, host_to_ascii, split_address
from reconciler.model.text.placeholders import filled, has_placeholder

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from reconciler.model.accounts.located import CaFile, LocatedManifest
    from reconciler.model.accounts.manifest import Account

_CREDENTIALS = ("password", "accessToken", "oauth2")
_AUTHENTICATION = ("spec", "smtp", "authentication")
_PREVIOUS_NAME = ("metadata", "previousName")


@dataclass(frozen=True, slots=True)
class _NoServer:
    """The cause of all problems of accounts that name a MailServer which nobody declares."""

    name: str


@dataclass(frozen=True, slots=True)
class _InServer:
    """The cause of a problem that every account through a MailServer has which writes no more than this one."""

    place: Location
    detail: str


_Problem = tuple["Hashable", Diagnostic]
"""A problem and its cause."""


@dataclass(frozen=True, slots=True)
class _Origins:
    """An account's own manifest and that of its server: a setting stands in either."""

    own: LocatedManifest
    server: LocatedManifest | None

    @property
    def name(self) -> str:
        """The account's name."""
        return self.own.manifest.metadata.name

    def place_of(self, *fields: str) -> Location:
        """Return where a field of ``spec.smtp`` is written: by the account, else by its server, else where it would be."""
        path = ("spec", "smtp", *fields)
        if self.server is None or self.own.has(path):
            return self.own.locator.value_at(path)
        return self.server.locator.value_at(("spec", *fields))

    def place_of_proxy(self, *fields: str) -> Location:
        """Return where a field of ``spec.proxy`` is written: by the account, else by its server."""
        proxy = ("spec", "proxy")
        origin = self.own if self.server is None or self.own.has(proxy) else self.server
        return origin.locator.value_at((*proxy, *fields))


@dataclass(frozen=True, slots=True)
class Resolution:
    """The desired accounts, by name, and what kept others from being one."""

    accounts: tuple[DesiredAccount, ...]
    problems: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class CaFiles:
    """The private CAs that manifests name: usable ones by path, and for the others the reason."""

    usable: Mapping[str, CaFile]
    unusable: Mapping[str, str]


def ca_paths(manifests: Iterable[LocatedManifest]) -> frozenset[str]:
    """Return every ``caFile`` that the manifests name, to be read before they are resolved."""
    specs = (each.manifest.spec for each in manifests)
    smtps = (getattr(spec, "smtp", spec) for spec in specs)
    return frozenset(path for smtp in smtps if (path := getattr(smtp, "ca_file", None)))


def resolve(manifests: Sequence[LocatedManifest], ca_files: CaFiles, unread: Unread | None = None) -> Resolution:
    """Return what the manifests mean; the accounts with a problem are left out and the problem told, of one cause once.

    What may stand in what is ``unread`` is not missing: an account that names such a MailServer is left out in silence.
    So is one whose MailServer is declared twice, since nobody knows which is meant; that is told already.
    """
    declared = [each for each in manifests if isinstance(each.manifest, MailServer)]
    servers = {each.manifest.metadata.name: each for each in declared}
    counts = Counter(each.manifest.metadata.name for each in declared)
    problems: dict[Hashable, list[Diagnostic]] = {}
    accounts: list[DesiredAccount] = []
    for each in manifests:
        if isinstance(each.manifest, MailServer) or counts[_server_of(each) or ""] > 1:
            continue
        account, found = _resolve_one(each, servers, ca_files)
        for cause, problem in found:
            problems.setdefault(cause, []).append(problem)
        if account is not None:
            accounts.append(account)
    accounts.sort(key=lambda account: account.name)
    told = [
        as_one(alike, location=_place(cause, alike))
        for cause, alike in problems.items()
        if not _may_be_unread(cause, unread or Unread())
    ]
    return Resolution(tuple(accounts), (*grouped(told), *_repeated_previous_names(manifests)))


def _place(cause: Hashable, alike: Sequence[Diagnostic]) -> Location:
    if isinstance(cause, _InServer) and len(alike) > 1:
        return cause.place
    return min(problem.location for problem in alike if problem.location is not None)


def _server_of(located: LocatedManifest) -> str | None:
    account = located.manifest
    return account.spec.smtp.server if isinstance(account, AccountWithServer) else None


def servers_used(manifests: Iterable[LocatedManifest]) -> dict[str, list[str]]:
    """Return, by the MailServer that they name, the accounts that name one."""
    used: dict[str, list[str]] = {}
    for each in manifests:
        if (server := _server_of(each)) is not None:
            used.setdefault(server, []).append(each.manifest.metadata.name)
    return used


def _may_be_unread(cause: Hashable, unread: Unread) -> bool:
    return isinstance(cause, _NoServer) and (unread.may_hide_servers or cause.name in unread.servers)


def _resolve_one(
    located: LocatedManifest, servers: Mapping[str, LocatedManifest], ca_files: CaFiles
) -> tuple[DesiredAccount | None, list[_Problem]]:
    """Return the account, or what is wrong with it, each with its cause: what has the same cause is told once."""
    account = located.manifest
    if not isinstance(account, AccountWithServer):
        return _desired(located, _dumped(account.spec), None, None), []
    named = account.spec.smtp.server
    server = servers.get(named) if named else None
    if named and server is None:
        return None, [(_NoServer(named), _unknown_server(located, named, servers))]
    spec = _own_spec(account, server.manifest if server else None)
    origins = _Origins(located, server)
    found = _check_login(origins, spec)
    if "host" not in spec["smtp"]:
        found.append(_missing_host(origins, named))
    problems: list[_Problem] = [(_cause_in(origins, problem), problem) for problem in found]
    ca_path = spec["smtp"].get("caFile")
    if ca_path in ca_files.unusable:
        problems.append((ca_path, _unusable_ca(origins, ca_path, ca_files.unusable[ca_path])))
    problems.extend(_fill_templates(origins, spec))
    if problems:
        return None, problems
    ca_digest = ca_files.usable[ca_path].digest if ca_path else None
    desired = _desired(located, spec, named, ca_digest)
    if server is None:
        return desired, []
    return replace(
        desired,
        server_file=server.file,
        server_location=server.locator.value_at(("spec", "host")),
        server_secrets=_inherited_secrets(account, spec),
    ), []


def _inherited_secrets(account: AccountWithServer, spec: dict[str, Any]) -> frozenset[str]:
    """Return the references of a resolved spec that the account has not written itself."""
    own = _dumped(account.spec)
    login = spec["smtp"].get("authentication", {})
    own_login = own["smtp"].get("authentication", {})
    parents = [] if any(name in own_login for name in _CREDENTIALS) else [login, login.get("oauth2", {})]
    if "proxy" not in own:
        parents.append(spec.get("proxy", {}))
    return frozenset(parent[key] for parent in parents for key in SECRET_FIELDS & parent.keys())


def _dumped(value: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = value.model_dump(exclude_none=True)
    return dumped


def _own_spec(account: AccountWithServer, server: Any) -> dict[str, Any]:
    spec = _dumped(account.spec)
    own: dict[str, Any] = spec["smtp"]
    inherited = _dumped(server.spec) if server else {}
    proxy = inherited.pop("proxy", None)
    if proxy is not None:
        spec.setdefault("proxy", proxy)
    smtp = {**inherited, **own}
    smtp.pop("server", None)
    if "authentication" in inherited and "authentication" in own:
        smtp["authentication"] = _merged_login(inherited["authentication"], own["authentication"])
    if "authentication" in smtp:
        smtp["authentication"].setdefault("mechanism", "auto")
    smtp.setdefault("encryption", "starttls")
    smtp.setdefault("port", DEFAULT_PORTS[smtp["encryption"]])
    spec["smtp"] = smtp
    return spec


def _merged_login(inherited: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return the login with the account's own values; its own credential replaces the server's of any form."""
    if any(name in own for name in _CREDENTIALS):
        inherited = {key: value for key, value in inherited.items() if key not in _CREDENTIALS}
    return {**inherited, **own}


def _desired(
    located: LocatedManifest, spec: dict[str, Any], server: str | None, ca_digest: str | None
) -> DesiredAccount:
    account: Account = located.manifest  # type: ignore[assignment]
    written = _canonicalise_domains(spec)
    metadata = _dumped(account.metadata)
    for beside in ("name", "previousName"):
        metadata.pop(beside, None)
    if not metadata.get("preventDelete"):
        metadata.pop("preventDelete", None)
    for empty in [key for key in ("labels", "annotations") if not metadata.get(key)]:
        metadata.pop(empty, None)
    if not spec.get("replyTo", True):
        del spec["replyTo"]
    return DesiredAccount(
        kind=account.kind,
        name=account.metadata.name,
        document={"metadata": metadata, "spec": spec},
        written=written,
        previous_name=account.metadata.previous_name,
        server=server,
        ca_digest=ca_digest,
        file=located.file,
        location=located.locator.value_at(()),
    )


def _canonicalise_domains(spec: dict[str, Any]) -> dict[str, str]:
    """Put domains into canonical form in place; return, by path, those that were written otherwise."""
    written: dict[str, str] = {}
    places = (
        ("spec", spec, "email", address_to_ascii),
        ("spec.replyTo", spec.get("replyTo", {}), "email", address_to_ascii),
        ("spec.smtp", spec.get("smtp", {}), "host", host_to_ascii),
        ("spec.smtp", spec.get("smtp", {}), "heloName", host_to_ascii),
        ("spec.proxy", spec.get("proxy", {}), "host", host_to_ascii),
    )
    for path, parent, key, to_canonical in places:
        text = parent.get(key)
        if text is None:
            continue
        canonical = to_canonical(text)
        if canonical != text:
            written[f"{path}.{key}"] = text
            parent[key] = canonical
    return written


def _check_login(origins: _Origins, spec: dict[str, Any]) -> list[Diagnostic]:
    login: dict[str, Any] | None = spec["smtp"].get("authentication")
    if login is None:
        return []
    name, is_shared = origins.name, not origins.own.has(_AUTHENTICATION)
    where = origins.place_of("authentication") if is_shared else origins.own.locator.key_at(_AUTHENTICATION)
    problems = []
    if "username" not in login:
        detail = 'The login has no user name, neither here nor at the mail server. Add\n    username: "{email}"'
        place = where
        if origins.server is not None and origins.server.has(("spec", "authentication")):
            place = origins.server.locator.key_at(("spec", "authentication"))
        problems.append(error("missingField", detail, subject=name, location=place))
    given = [credential for credential in _CREDENTIALS if credential in login]
    if not given:
        detail = (
            f"The login has no credential. Add a reference to it, never the secret itself:\n"
            f"    {_example_credential(login['mechanism'], '{name}' if is_shared else name)}"
        )
        problems.append(error("missingField", detail, subject=name, location=where))
    elif (mismatch := _mechanism_mismatch(login["mechanism"], given[0])) is not None:
        problems.append(error("contradiction", mismatch, subject=name, location=where))
    return problems


def _cause_in(origins: _Origins, problem: Diagnostic) -> Hashable:
    """Return what is wrong with the login of an account: where the server lacks or settles it, all through it have it."""
    server, own = origins.server, origins.own
    if server is None:
        return problem
    if problem.code == "contradiction" and not own.has((*_AUTHENTICATION, "mechanism")):
        return _InServer(origins.place_of("authentication", "mechanism"), problem.detail)
    if problem.code == "missingField" and not server.has(("spec", "authentication")):
        return _InServer(server.locator.key_at(("spec",)), problem.detail)
    return problem


def _example_credential(mechanism: str, name: str) -> str:
    variable = "SMTP_" + "".join(letter if letter.isalnum() else "_" for letter in name.strip("{}").upper())
    if mechanism in {"xoauth2", "oauthbearer"}:
        return f"accessToken: {{env: {variable}_TOKEN}}"
    return f"password: {{env: {variable}_PASSWORD}}"


def _mechanism_mismatch(mechanism: str, credential: str) -> str | None:
    takes_token = mechanism in {"xoauth2", "oauthbearer"}
    if mechanism == "auto" or takes_token == (credential != "password"):
        return None
    if takes_token:
        return f"The mechanism {mechanism} takes accessToken or oauth2, not a password. Change one of the two."
    return f"The mechanism {mechanism} takes a password, not {credential}. Change one of the two."


def _missing_host(origins: _Origins, server: str | None) -> Diagnostic:
    detail = f"Neither the account nor the mail server {server} names a host. Add\n    host: smtp.example.com"
    where = origins.own.locator.key_at(("spec", "smtp"))
    if origins.server is not None:
        where = origins.server.locator.key_at(("spec",))
    return error("missingField", detail, subject=origins.name, location=where)


def _unusable_ca(origins: _Origins, path: str, reason: str) -> Diagnostic:
    """Return what is wrong with a CA: it is the server's where that names it, and concerns the account all the same."""
    where = origins.place_of("caFile")
    if origins.server is None or origins.own.has(("spec", "smtp", "caFile")):
        return error("caFileUnusable", f"{path}: {reason}", subject=origins.name, location=where)
    problem = error(
        "caFileUnusable", f"{path}: {reason}", subject=origins.server.manifest.metadata.name, location=where
    )
    return replace(problem, subjects=(origins.name,))


def _unknown_server(located: LocatedManifest, name: str, servers: Mapping[str, Any]) -> Diagnostic:
    return error(
        "unknownServer",
        f"No manifest declares a MailServer called {name}.{did_you_mean(name, servers)}",
        subject=located.manifest.metadata.name,
        location=located.locator.value_at(("spec", "smtp", "server")),
    )


def _fill_templates(origins: _Origins, spec: dict[str, Any]) -> list[_Problem]:
    """Fill placeholders into user names, hosts and secret keys, and write secrets as references, in place."""
    localpart, domain = split_address(spec["email"])
    values = {"name": origins.name, "email": f"{localpart}@{domain}", "localpart": localpart, "domain": domain}
    found: list[Diagnostic] = []
    smtp, proxy = spec["smtp"], spec.get("proxy", {})
    login = smtp.get("authentication", {})
    for parent in (login, proxy):
        if "username" in parent:
            parent["username"] = filled(parent["username"], values)
    for parent, place in ((smtp, origins.place_of("host")), (proxy, origins.place_of_proxy("host"))):
        if has_placeholder(parent.get("host", "")):
            parent["host"] = filled(parent["host"], values)
            found += _unusable_host(origins, parent["host"], place)
    secrets: tuple[tuple[dict[str, Any], Callable[..., Location], tuple[str, ...]], ...] = (
        (login, origins.place_of, ("authentication",)),
        (login.get("oauth2", {}), origins.place_of, ("authentication", "oauth2")),
        (proxy, origins.place_of_proxy, ()),
    )
    for parent, place_of, fields in secrets:
        for key in sorted(SECRET_FIELDS & parent.keys()):
            source, written = next(iter(parent[key].items()))
            secret_key = filled(written, values)
            # A slash out of an address would lead into another folder, or to another part of a source.
            has_slash = secret_key.count("/") != filled(written, dict.fromkeys(values, "")).count("/")
            if has_slash or not is_filled_key_of(source, secret_key):
                found.append(_unusable_key(origins, source, secret_key, place_of(*fields, key)))
            parent[key] = reference_text({source: secret_key})
    return [((problem.code, problem.location), problem) for problem in found]


def _unusable_key(origins: _Origins, source: str, key: str, place: Location) -> Diagnostic:
    spelling = spelling_problem(f"{source}:{key}") if source != "env" else None
    why = f"{source} does not take" if spelling is None else spelling
    return error(
        "invalidValue",
        f"With name and e-mail filled in, the reference reads {source}:{key}, which {why}. Write the reference out for this "
        "account.",
        subject=origins.name,
        location=place,
    )


def _unusable_host(origins: _Origins, host: str, place: Location) -> list[Diagnostic]:
    try:
        host_to_ascii(host)
    except NotADomain as refusal:
        detail = (
            f"With name and e-mail filled in, the host reads {host}, which is not a host name: {refusal}. "
            "Write the host out for this account."
        )
        return [error("invalidHost", detail, subject=origins.name, location=place)]
    return []


def _repeated_previous_names(manifests: Sequence[LocatedManifest]) -> list[Diagnostic]:
    """Return an error for each previous name that several accounts give, at the second of them."""
    given: dict[str, list[LocatedManifest]] = {}
    for each in manifests:
        previous = getattr(each.manifest.metadata, "previous_name", None)
        if previous is not None:
            given.setdefault(previous, []).append(each)
    problems = []
    for previous, (first, *others) in given.items():
        other, place = first.manifest.metadata.name, first.locator.value_at(_PREVIOUS_NAME)
        detail = f"{other} has the same previousName at {place}; only one account can be what {previous} became."
        found = [
            error(
                "contradiction",
                detail,
                subject=each.manifest.metadata.name,
                location=each.locator.value_at(_PREVIOUS_NAME),
            )
            for each in others
        ]
        problems += [as_one(found)] if found else []
    return problems
