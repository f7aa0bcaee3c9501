"""From manifests to desired accounts: servers merged in, templates filled, domains and secrets in canonical form.

The premise: state records what an account resolves to, so everything an account inherits is written into its own
document, and two manifests that mean the same give the same document.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reconciler.classes import Frozen, dataclass, replace
from reconciler.diagnostics import Diagnostic, Location, as_one, error, grouped
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.model.accounts.desired import DesiredAccount
from reconciler.model.accounts.located import Unread
from reconciler.model.accounts.manifest import AccountWithServer, MailServer
from reconciler.model.text.domains import address_to_ascii, split_address
from reconciler.model.text.placeholders import filled
from reconciler.rules.accounts.servers import (
    NO_CERTIFICATES,
    as_written,
    certificate_path,
    fillings,
    has_credential,
    leaves_server,
    merged,
    resolve_server,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from reconciler.model.accounts.located import LocatedManifest
    from reconciler.model.accounts.manifest import Account
    from reconciler.model.accounts.settings import Document
    from reconciler.model.servers.server import Server
    from reconciler.rules.accounts.servers import CaFiles, CertificateFiles, Flaw, ServerResolution

_AUTHENTICATION = ("spec", "smtp", "authentication")
_PREVIOUS_NAME = ("metadata", "previousName")
_NOTHING: Document = {}
_UNUSABLE = {"caFile": "caFileUnusable", "certFile": "certFileUnusable"}
"""The code of a file that cannot be used, by the flaw."""


class _NoServer(Frozen):
    """The cause of all problems of accounts that name a MailServer which nobody declares."""

    name: str


@dataclass(frozen=True, slots=True)
class _InServer:
    """The cause of a problem that every account through a MailServer has which writes no more than this one."""

    place: Location
    detail: str


_Problem = tuple["Hashable", Diagnostic]
"""A problem and its cause."""


class _Origins(Frozen):
    """An account's own manifest and that of its server: a setting stands in either."""

    own: LocatedManifest
    server: LocatedManifest | None

    @property
    def name(self) -> str:
        """The account's name."""
        return self.own.manifest.metadata.name

    def place_of(self, part: str, *fields: str) -> Location:
        """Return where a field of ``smtp`` or ``proxy`` is written: by the account, else by its server, else where it would be."""
        path = ("spec", part, *fields)
        if self.server is None or self.own.has(path):
            return self.own.locator.value_at(path)
        return self.server.locator.value_at(("spec", *fields) if part == "smtp" else path)


class _Shared(Frozen):
    """A MailServer with what every account that goes through it needs of it."""

    located: LocatedManifest
    written: Document
    """Its settings as they are written."""
    location: Location
    """Where it says which server it is."""


def _shared(located: LocatedManifest) -> _Shared:
    return _Shared(located, as_written(located.manifest.spec), located.locator.value_at(("spec", "host")))


class ResolvedAccounts(Frozen):
    """The desired accounts, by name, and what kept others from being one."""

    accounts: tuple[DesiredAccount, ...]
    problems: tuple[Diagnostic, ...]


def ca_paths(manifests: Iterable[LocatedManifest]) -> frozenset[str]:
    """Return every ``caFile`` that the manifests name, to be read before they are resolved."""
    specs = (each.manifest.spec for each in manifests)
    smtps = (getattr(spec, "smtp", spec) for spec in specs)
    return frozenset(path for smtp in smtps if (path := getattr(smtp, "ca_file", None)))


def certificate_paths(manifests: Sequence[LocatedManifest]) -> frozenset[str]:
    """Return every ``certFile`` that an account has, with placeholders filled in, to be read before they are resolved."""
    servers = {
        each.manifest.metadata.name: each.manifest.spec for each in manifests if isinstance(each.manifest, MailServer)
    }
    accounts = (each.manifest for each in manifests if isinstance(each.manifest, AccountWithServer))
    found = ((each, certificate_path(each.spec.smtp, servers.get(each.spec.smtp.server or ""))) for each in accounts)
    return frozenset(filled(path, _values_of(account)) for account, path in found if path is not None)


def resolve(
    manifests: Sequence[LocatedManifest],
    ca_files: CaFiles,
    unread: Unread | None = None,
    *,
    certificates: CertificateFiles = NO_CERTIFICATES,
) -> ResolvedAccounts:
    """Return what the manifests mean; the accounts with a problem are left out and the problem told, of one cause once.

    What may stand in what is ``unread`` is not missing: an account that names such a MailServer is left out in silence.
    So is one whose MailServer is declared twice, since nobody knows which is meant; that is told already.
    """
    declared = [each for each in manifests if isinstance(each.manifest, MailServer)]
    servers = {each.manifest.metadata.name: _shared(each) for each in declared}
    counts: Counter[str | None] = Counter(each.manifest.metadata.name for each in declared)
    problems: dict[Hashable, list[Diagnostic]] = {}
    accounts: list[DesiredAccount] = []
    for each in manifests:
        if isinstance(each.manifest, MailServer) or counts[_server_of(each)] > 1:
            continue
        account, found = _resolve_one(each, servers, ca_files, certificates)
        for cause, problem in found:
            problems.setdefault(cause, []).append(problem)
        if account is not None:
            accounts.append(account)
    accounts.sort(key=lambda account: account.name)
    unseen = unread or Unread()
    told = [
        as_one(alike, location=_place(cause, alike))
        for cause, alike in problems.items()
        if not (isinstance(cause, _NoServer) and (unseen.may_hide_servers or cause.name in unseen.servers))
    ]
    return ResolvedAccounts(tuple(accounts), (*grouped(told), *_repeated_previous_names(manifests)))


def _place(cause: Hashable, alike: Sequence[Diagnostic]) -> Location:
    """Return where it is mended for all: at the server, else at the first place in the files that has it."""
    if isinstance(cause, _InServer):
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


def _resolve_one(
    located: LocatedManifest,
    servers: Mapping[str, _Shared],
    ca_files: CaFiles,
    certificates: CertificateFiles,
) -> tuple[DesiredAccount | None, list[_Problem]]:
    """Return the account, or what is wrong with it, each with its cause: what has the same cause is told once."""
    account = located.manifest
    if not isinstance(account, AccountWithServer):
        return _desired(located, as_written(account)), []
    named = account.spec.smtp.server
    shared = servers.get(named) if named else None
    if named and shared is None:
        return None, [
            (
                _NoServer(named),
                error(
                    "unknownServer",
                    f"No manifest declares a MailServer called {named}.{did_you_mean(named, servers) or _as_a_host(named)}",
                    subject=located.manifest.metadata.name,
                    location=located.locator.value_at(("spec", "smtp", "server")),
                ),
            )
        ]
    said = as_written(account)
    own: Document = said["spec"]
    smtp, proxy = merged(own["smtp"], own.get("proxy"), shared.written if shared is not None else None)
    found = resolve_server(smtp, proxy, ca_files, values=_values_of(account), certificates=certificates)
    if found.server is None:
        origins = _Origins(located, shared.located if shared is not None else None)
        return None, [_problem(origins, flaw) for flaw in found.flaws]
    through = _through(located, shared, own, found.server) if shared is not None else {}  # before ``own`` is resolved
    return _desired(located, said, found, through), []


def _through(located: LocatedManifest, shared: _Shared, own: Document, server: Server) -> Document:
    """Return what is told of an account that goes through a MailServer; ``own`` are its settings as it writes them."""
    account = located.manifest
    assert isinstance(account, AccountWithServer)  # noqa: S101 - others name no MailServer
    return {
        "server": account.spec.smtp.server,
        "overlaid": _overlaid_at_server(located, shared.located),
        "server_file": shared.located.file,
        "server_location": shared.location,
        "server_secrets": _inherited_secrets(own, server),
        "leaves_server": leaves_server(account.spec.smtp, account.spec.proxy),
    }


def _values_of(account: AccountWithServer) -> dict[str, str]:
    """Return what an account fills in for placeholders."""
    return {"name": account.metadata.name, **fillings(*split_address(account.spec.email))}


def _inherited_secrets(own: Document, server: Server) -> frozenset[str]:
    """Return the references of the server that the account, as it is written, has not written itself."""
    smtp: Document = own["smtp"]
    found: list[str | None] = [] if has_credential(smtp.get("authentication", {})) else [*server.login.all_secrets]
    if server.client_certificate is not None and "clientCertificate" not in smtp:
        found.append(server.client_certificate.key)
    if server.proxy is not None and "proxy" not in own:
        found.append(server.proxy.password)
    return frozenset(each for each in found if each is not None)


def _desired(
    located: LocatedManifest, said: Document, found: ServerResolution | None = None, through: Document = _NOTHING
) -> DesiredAccount:
    """Return the account of a manifest, ``said`` as it is written, with its server as far as it has one.

    ``through`` is what is told of it for the MailServer that it names.
    """
    account: Account = located.manifest  # type: ignore[assignment]
    spec: Document = said["spec"]
    # Reply-to has one form: nothing where nothing is said, a mapping for one address, a list for several.
    declared = spec.get("replyTo")
    if isinstance(declared, tuple):
        spec["replyTo"] = declared[0] if len(declared) == 1 else list(declared)
    elif not declared:
        spec.pop("replyTo", None)
    written = {**_canonicalise_addresses(spec), **(found.written if found is not None else {})}
    server = found.server if found is not None else None
    if server is not None:
        spec["smtp"] = server.to_document()
        if server.proxy is not None:
            spec["proxy"] = server.proxy.to_document()
    metadata: Document = said["metadata"]
    for beside in ("name", "previousName"):
        metadata.pop(beside, None)
    for key in ("labels", "annotations", "preventDelete"):
        if not metadata.get(key):
            metadata.pop(key, None)
    own_overlay = dict(located.overlay.leaves()) if located.overlay is not None else {}
    desired = DesiredAccount(
        **{**through, "overlaid": {**through.get("overlaid", {}), **own_overlay}},
        kind=account.kind,
        name=account.metadata.name,
        document={"metadata": metadata, "spec": spec},
        written=written,
        previous_name=account.metadata.previous_name,
        ca_digest=found.ca_digest if found is not None else None,
        file=located.file,
        location=located.locator.value_at(()),
    )
    return desired.with_server(server) if server is not None else desired


def _overlaid_at_server(own: LocatedManifest, server: LocatedManifest) -> dict[tuple[str, ...], Location]:
    """Return what an overlay of its MailServer says of an account, as far as that does not say it itself."""
    if server.overlay is None:
        return {}
    found: dict[tuple[str, ...], Location] = {}
    for path, place in server.overlay.leaves():
        inner = path[1:] if path[1:2] == ("proxy",) else ("smtp", *path[1:])
        if path[0] == "spec" and not own.has(("spec", *inner)):
            found["spec", *inner] = place
    return found


def _canonicalise_addresses(spec: Document) -> dict[str, str]:
    """Put the domains of addresses into canonical form in place; return, by path, addresses that were written otherwise."""
    written: dict[str, str] = {}
    replies = spec.get("replyTo", {})
    several = (
        {f"spec.replyTo.{number}": each for number, each in enumerate(replies)} if isinstance(replies, list) else {}
    )
    for path, parent in {"spec": spec, **(several or {"spec.replyTo": replies})}.items():
        text = parent.get("email")
        if text is not None and (canonical := address_to_ascii(text)) != text:
            written[f"{path}.email"] = text
            parent["email"] = canonical
    return written


def _problem(origins: _Origins, flaw: Flaw) -> _Problem:
    """Return what is wrong with an account's server, and its cause: the MailServer's for what that lacks or settles."""
    problem, server = _told(origins, flaw), origins.server
    if flaw.kind in _UNUSABLE:
        return (flaw.kind, flaw.text), problem
    if flaw.kind in {"host", "secret", "withoutTls"}:
        return problem.location, problem
    if flaw.kind == "mechanism":
        return _InServer(origins.place_of("smtp", "authentication", "mechanism"), problem.detail), problem
    if server is not None and not server.has(("spec", "authentication")):
        return _InServer(server.locator.key_at(("spec",)), problem.detail), problem
    return problem, problem


def _told(origins: _Origins, flaw: Flaw) -> Diagnostic:
    """Return a flaw in words, at the place where it is written or would be."""
    name, server = origins.name, origins.server
    is_shared = not origins.own.has(_AUTHENTICATION)
    login = origins.place_of("smtp", "authentication") if is_shared else origins.own.locator.key_at(_AUTHENTICATION)
    if flaw.kind == "noUsername":
        detail = 'The login has no user name, neither here nor at the mail server. Add\n    username: "{email}"'
        if server is not None and server.has(("spec", "authentication")):
            login = server.locator.key_at(("spec", "authentication"))
        return error("missingField", detail, subject=name, location=login)
    if flaw.kind == "noCredential":
        whose = "NAME" if is_shared else "".join(letter if letter.isalnum() else "_" for letter in name.upper())
        example = f"{flaw.text}: {{env: SMTP_{whose}_{'PASSWORD' if flaw.text == 'password' else 'TOKEN'}}}"
        detail = f"The login has no credential. Add a reference to it, never the secret itself:\n    {example}"
        return error("missingField", detail, subject=name, location=login)
    if flaw.kind in {"mechanism", "withoutTls"}:
        place = login if flaw.kind == "mechanism" else origins.place_of(*flaw.path)
        return error("contradiction", flaw.text, subject=name, location=place)
    if flaw.kind == "noHost" and server is not None:  # who names neither a host nor a server is refused at reading
        detail = (
            f"Neither the account nor the mail server {server.manifest.metadata.name} names a host. Add\n"
            "    host: smtp.example.com"
        )
        return error("missingField", detail, subject=name, location=server.locator.key_at(("spec",)))
    place = origins.place_of(*flaw.path)
    if flaw.kind in _UNUSABLE:
        # A file is the server's where that names it, and its fault concerns the account all the same.
        problem = error(_UNUSABLE[flaw.kind], flaw.text, subject=name, location=place)
        if server is not None and not origins.own.has(("spec", *flaw.path)):
            problem = replace(problem, subject=server.manifest.metadata.name, subjects=(name,))
        return problem
    code, what = ("invalidHost", "the host") if flaw.kind == "host" else ("invalidValue", "the reference")
    detail = f"With name and e-mail filled in, {flaw.text}. Write {what} out for this account."
    return error(code, detail, subject=name, location=place)


def _as_a_host(name: str) -> str:
    """Return the line to write where the name of a MailServer looks like that of a host."""
    return (
        f" server takes the name of a MailServer; for the name of a host write\n    host: {name}" if "." in name else ""
    )


def _repeated_previous_names(manifests: Sequence[LocatedManifest]) -> list[Diagnostic]:
    """Return an error for each previous name that several accounts claim, at the second claim."""
    given: dict[str, list[LocatedManifest]] = {}
    for each in manifests:
        previous = getattr(each.manifest.metadata, "previous_name", None)
        if previous is not None:
            given.setdefault(previous, []).append(each)
    problems = []
    for previous, (first, *others) in given.items():
        other, place = first.manifest.metadata.name, first.locator.value_at(_PREVIOUS_NAME)
        detail = (
            f"{other} has the same previousName at {place}; only one account can be what {previous} became. Where one of "
            "the renames was applied before, it is over: remove previousName from that account, and the other is planned."
        )
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
