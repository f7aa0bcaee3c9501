"""``scopes`` of the project file: what the manifests of a folder may declare. Pure.

The premise: whoever may write one team's folder must not send in another's name, nor through another's server. A manifest
that several scopes cover keeps to all of them; one that none covers is free. An account that no manifest vouches for, as
in a plan without a seal, may be of any folder, and so keeps to every scope.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.characters import composed, folded
from reconciler.diagnostics import Diagnostic, as_one, enumerated, error, warning
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.text.domains import NotADomain, domain_to_ascii
from reconciler.model.text.globs import matches, matches_any, matches_any_host

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.diagnostics import Location
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.divisions import Scope

_HOST = "host:"
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


def _nearly(glob: str, files: Iterable[str]) -> str:
    """Return a sentence on a file that the glob would cover if case did not count; empty without one."""
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
        matches(_canonical(glob), account.settings.email) for glob in scope.senders
    ):
        yield "senders", f"{where} declares the sender {sender}, and {rule} send only as {_told(scope.senders)}. {ask}"
    if scope.servers is not None and not (
        kind_of(account).sends_through_platform or _may_use(account, scope.manifests, scope.servers)
    ):
        yield "servers", f"{where} sends through {_used(account)}, and {rule} use only {_told(scope.servers)}. {ask}"
    if scope.secrets is not None:
        named = account.named_secrets
        # What a MailServer from outside names was chosen by whoever may write there, and not by this folder.
        own = named - account.server_secrets if not _covers(scope, account.server_file) else named
        strange = sorted(secret for secret in own if not matches_any(scope.secrets, secret))
        if strange:
            yield "secrets", f"{where} names {enumerated(strange)}, and {rule} name only {_told(scope.secrets)}. {ask}"
    if scope.owner_required and account.metadata.owner is None:
        without = f"{where} declares {account.name} without an owner, and {rule} declare none without."
        yield "ownerRequired", f"{without} Write metadata.owner."


def _used(account: DesiredAccount) -> str:
    place = account.settings.own_server.place
    if account.server is None:
        return place
    server = f"the MailServer {account.server}"
    return f"{place}, which it says itself beside {server}" if account.leaves_server else server


def _told(globs: Sequence[str]) -> str:
    return enumerated(list(globs)) or "nothing"


def _canonical(glob: str) -> str:
    local_part, at_sign, domain = glob.rpartition("@")
    try:
        return f"{local_part}{at_sign}{domain_to_ascii(domain)}"
    except NotADomain:
        return f"{local_part}{at_sign}{domain.lower()}"  # it holds a wildcard


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
