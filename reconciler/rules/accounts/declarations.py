"""``scopes`` of the project file: what the manifests of a folder may declare. Pure.

The premise: whoever may write one team's folder must not send in another's name, nor through another's server. A manifest
that several scopes cover keeps to all of them; one that none covers is free. An account that no manifest vouches for, as
in a plan without a seal, may be of any folder, and so keeps to every scope.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.characters import composed, folded
from reconciler.diagnostics import Diagnostic, as_one, enumerated, error, warning
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.text.globs import domain_glob, is_glob, matches, matches_any, matches_any_host

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.diagnostics import Location
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.divisions import Scope

_HOST = "host:"
_STARS = re.compile(r"\*+(?![*/])")
_MOST_TOLD_APART = 3


def refused_declarations(
    accounts: Iterable[DesiredAccount], scopes: Sequence[Scope], *, location: Location | None = None
) -> list[Diagnostic]:
    """Return an error for everything that an account declares and a scope over its manifest does not let it.

    Where one rule of a scope refuses many accounts, it is told once, at ``location``, the place of the scopes: then the
    rule is the cause more often than all of them.

    >>> from reconciler.model.accounts.desired import DesiredAccount
    >>> from reconciler.model.divisions import Scope
    >>> spec = {"email": "ceo@example.com", "displayName": "Sales"}
    >>> document = {"metadata": {}, "spec": spec}
    >>> account = DesiredAccount(kind="MarketingAccount", name="sales", document=document, file="eu/sales.yaml")
    >>> own = Scope(manifests="eu/**", senders=("*@eu.example.com",))
    >>> [each.code for each in refused_declarations([account], [own])]
    ['outOfScope']
    >>> refused_declarations([account], [own.model_copy(update={"manifests": "us/**"})])
    []
    """
    found: dict[tuple[int, str], list[Diagnostic]] = {}
    for account in accounts:
        for number, scope in enumerate(scopes):
            for rule, detail in _refusals(account, scope) if _covers(scope, account.file) else ():
                refusal = error("outOfScope", detail, subject=account.name, location=account.location)
                found.setdefault((number, rule), []).append(refusal)
    return [
        told
        for refusals in found.values()
        for told in (refusals if len(refusals) <= _MOST_TOLD_APART else [as_one(refusals, location=location)])
    ]


def unused_scopes(manifests: Iterable[str], scopes: Sequence[Scope], *, location: Location | None) -> list[Diagnostic]:
    """Return a warning for each scope that covers no manifest file: what it should hold is held by nothing.

    >>> from reconciler.model.divisions import Scope
    >>> [each.subject for each in unused_scopes(["eu/sales.yaml"], [Scope(manifests="eu/**")], location=None)]
    []
    >>> unused_scopes(["eu/sales.yaml"], [Scope(manifests="EU/**")], location=None)[0].detail.rpartition("Case ")[2]
    'counts, and there is eu/sales.yaml. Or remove it.'
    """
    files = sorted(set(manifests)) if scopes else []
    return [
        warning(
            "scopeCoversNothing",
            f"The scope for {scope.manifests} in the project file covers no manifest, so it holds nobody to anything. "
            "Correct its glob: it is matched against paths from the project folder, such as accounts.d/sales/pl.yaml, "
            f"where * stops at a slash and ** does not.{_nearly(scope.manifests, files)} Or remove it.",
            subject=scope.manifests,
            location=location,
        )
        for scope in scopes
        if not any(_covers(scope, file) for file in files)
    ]


def _nearly(glob: str, files: Sequence[str]) -> str:
    """Return a sentence on what was probably meant: the files of the folder that is named, or of another case; else empty."""
    folder = f"{glob.removeprefix('./').strip('/')}/**"
    if not is_glob(glob) and any(_is_in(folder, file) for file in files):
        return f" For what is in the folder write {folder}."
    found = next((file for file in files if matches(folded(glob), folded(file))), None)
    return "" if found is None else f" Case counts, and there is {found}."


def _covers(scope: Scope, manifest: str) -> bool:
    """Tell whether a scope holds for a manifest, under whichever of its spellings a file system has a name of it."""
    return not manifest or _is_in(scope.manifests, manifest)


def _is_in(manifests: str, file: str) -> bool:
    return matches(composed(manifests), composed(file))


def _refusals(account: DesiredAccount, scope: Scope) -> Iterator[tuple[str, str]]:
    """Yield the rules of a scope that an account does not keep, each with what it does instead."""
    where = account.file or "The plan"
    rule = f"the scope for {scope.manifests} in the project file lets it"
    ask = "If it is meant, have the owner of the project file change that scope."
    sender = account.written.get("spec.email", account.settings.email)
    if scope.senders is not None and not any(
        matches(_of_address(glob), account.settings.email) for glob in scope.senders
    ):
        meant = _meant(scope.senders, account.settings.email)
        may = f"send only as {enumerated(list(scope.senders))}" if scope.senders else "send as nobody"
        yield "senders", f"{where} declares the sender {sender}, and {rule} {may}.{meant} {ask}"
    if scope.servers is not None and not (
        kind_of(account).sends_through_platform or _may_use(account, scope.manifests, scope.servers)
    ):
        may = f"use only {enumerated(list(scope.servers))}" if scope.servers else "use none"
        yield "servers", f"{where} sends through {_used(account)}, and {rule} {may}. {ask}"
    if scope.secrets is not None:
        named = account.named_secrets
        # What a MailServer from outside names was chosen by whoever may write there, and not by this folder.
        own = named - account.server_secrets if not _covers(scope, account.server_file) else named
        strange = sorted(secret for secret in own if not matches_any(scope.secrets, secret))
        if strange:
            may = f"name only {enumerated(list(scope.secrets))}" if scope.secrets else "name none"
            yield "secrets", f"{where} names {enumerated(strange)}, and {rule} {may}. {ask}"
    if scope.owner_required and account.metadata.owner is None:
        without = f"{where} declares {account.name} without an owner, and {rule} declare none without."
        yield "ownerRequired", f"{without} Write metadata.owner."


def _used(account: DesiredAccount) -> str:
    place = account.settings.own_server.place
    if account.server is None:
        return place
    server = f"the MailServer {account.server}"
    return f"{place}, which it says itself beside {server}" if account.leaves_server else server


def _of_address(glob: str) -> str:
    """Return a glob over addresses as they are compared; an address is no path, so no star of it stops at a slash."""
    local_part, at_sign, domain = glob.rpartition("@")
    return _STARS.sub("**", f"{local_part}{at_sign}{domain_glob(domain)}")


def _meant(globs: Sequence[str], address: str) -> str:
    """Return a sentence on a glob that is for the domain alone and so covers no address; empty without one."""
    domain = address.rpartition("@")[2]
    found = next((glob for glob in globs if "@" not in glob and matches(domain_glob(glob), domain)), None)
    return (
        "" if found is None else f" {found} is compared with the whole address; *@{found} covers those of that domain."
    )


def _may_use(account: DesiredAccount, manifests: str, servers: Sequence[str]) -> bool:
    """Tell whether an account's server is allowed, by its host or as a MailServer that stands outside the scope.

    A MailServer of the scope's own folder counts by its host: else its author could give any host an allowed name. So
    does one of which nobody knows where it stands, and one beside which the account says itself where it connects. No
    entry for a host can be taken for the name of a MailServer, which has no colon.
    """
    hosts = [entry.removeprefix(_HOST) for entry in servers if entry.startswith(_HOST)]
    if matches_any_host(hosts, account.settings.own_server.host):
        return True
    is_lent = bool(account.server_file) and not _is_in(manifests, account.server_file)
    return is_lent and not account.leaves_server and account.server is not None and matches_any(servers, account.server)
