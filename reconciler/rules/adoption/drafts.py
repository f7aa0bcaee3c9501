"""From the accounts of sources to manifests, as a person would write them.

Accounts that reach one server alike share a MailServer; what all of them have in common stands there. What a manifest
declares already is left alone, so importing twice changes nothing. Nothing here is sure of more than its source.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from reconciler.classes import FrozenByName, dataclass
from reconciler.diagnostics import Diagnostic, note, warning
from reconciler.model.accounts.manifest import API_VERSION, MODELS
from reconciler.model.adoption.adopted import Adoption, NewDocument, NewSecret, Outcome
from reconciler.model.grants import Secrets
from reconciler.model.secrets.values import FingerprintKey
from reconciler.model.servers.terms import DEFAULT_PORTS, TOKEN_MECHANISMS
from reconciler.model.text.domains import NotADomain, host_to_ascii
from reconciler.model.text.types import check_email
from reconciler.rules.adoption.known import Known
from reconciler.rules.adoption.names import free_name, slug, variable
from reconciler.rules.adoption.told import differs, doubt_of, place_of, remarks, twice, without_address
from reconciler.rules.adoption.wanted import (
    ServerWay,
    WantedAccount,
    proxy_settings,
    reply_settings,
    user_name,
)
from reconciler.rules.secrets.allow import is_allowed_somewhere

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.adoption.adopted import Taken
    from reconciler.model.adoption.found import FoundAccount
    from reconciler.model.canonical import JsonObject, JsonView
    from reconciler.model.servers.terms import Encryption

_SHARED_FROM = 2
"""So many accounts through one server make a MailServer."""
_NO_REPLIES = "What the source has for replies is no address, or not only addresses: write spec.replyTo."
_KEY = FingerprintKey(b"compares passwords within one run")


class Present(FrozenByName):
    """What the project declares already."""

    accounts: Sequence[DesiredAccount] = ()
    servers: Mapping[str, JsonView] = field(default_factory=dict)
    """The settings of each MailServer as they are written, by name."""
    names: frozenset[str] = frozenset()
    """Every name that is taken, recorded accounts' among them."""
    references: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    """Files below the manifests folder."""
    rules: Secrets = field(default_factory=Secrets)
    """``secrets`` of the project file: which references a manifest may have."""


@dataclass
class _Making:
    """What is made so far, and which names are taken."""

    present: Present
    source: str
    names: set[str]
    references: set[str]
    files: set[str]
    drafts: list[NewDocument] = field(default_factory=list)
    secrets: list[NewSecret] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    remarks: list[Diagnostic] = field(default_factory=list)

    def name(self, wanted: str) -> str:
        """Return a free name, and take it."""
        name = free_name(wanted, self.names)
        self.names.add(name)
        return name

    def file(self, stem: str) -> str:
        """Return a free file, and take it."""
        names = {each.removesuffix(".yaml") for each in self.files}
        file = f"{free_name(stem, names)}.yaml"
        self.files.add(file)
        return file

    def key(self, wanted: str) -> str:
        """Return a key of the source of secrets that no reference has yet; another name never leads to it."""
        key, number = wanted, 1
        while f"{self.source}:{key}" in self.references:
            number += 1
            key = f"{wanted}_{number}"
        return key


def draft_manifests(taken: Iterable[Taken], present: Present, *, source: str) -> Adoption:
    """Return the documents that declare the accounts, and what became of each; ``source`` is where secrets are to be."""
    making = _Making(present, source, {*present.names}, {*present.references}, {*present.files})
    accounts = [account for each in taken if (account := _account(each, making)) is not None]
    fresh = _without_known(accounts, making)
    ways: dict[ServerWay, list[WantedAccount]] = defaultdict(list)
    for account in fresh:
        ways[account.way].append(account)
    for way, sharing in ways.items():
        _draft_way(way, sharing, making)
    return Adoption(
        drafts=tuple(making.drafts),
        secrets=tuple(making.secrets),
        outcomes=tuple(making.outcomes),
        remarks=tuple(making.remarks),
    )


def _account(taken: Taken, making: _Making) -> WantedAccount | None:
    """Return the account with what goes without saying; None where no manifest can declare it, which is told."""
    found = taken.found
    encryption: Encryption = found.security.encryption or "starttls"
    port = found.port or DEFAULT_PORTS[encryption]
    try:
        written = found.host or ""
        # A provider's description may have a placeholder in its host, as manifests may: it is kept as one.
        host = written if "{" in written else host_to_ascii(written)
    except NotADomain:
        _refuse(taken, "What it names as its server is not a host name.", making)
        return None
    if found.mechanism in TOKEN_MECHANISMS and found.reference is None and found.password is not None:
        found = replace(found, password=None, lost=(*found.lost, "It logs in with a token, which is not a password."))
    email = found.email or (found.username if found.username and check_email(found.username) is None else None)
    if email is not None and check_email(email) is not None:
        _refuse(taken, "What it names as its address is not one e-mail address.", making)
        return None
    if reply_settings(found.reply_to) is None:
        found = replace(found, reply_to=None, lost=(*found.lost, _NO_REPLIES))
    secret = found.proxy.password if found.proxy is not None else None
    way = ServerWay(
        host=host,
        port=port,
        encryption=encryption,
        helo_name=found.helo_name,
        ca_file=found.ca_file,
        certificate=found.certificate,
        client_certificate=_shown(found),
        proxy=found.proxy,
        proxy_secret=secret.fingerprint(_KEY) if secret is not None else None,
        mechanism=found.mechanism,
    )
    return WantedAccount(taken=replace(taken, found=found), way=way, email=email)


def _shown(found: FoundAccount) -> tuple[str, str] | None:
    if found.client_certificate is None or found.client_key is None:
        return None
    return found.client_certificate, found.client_key


def _refuse(taken: Taken, why: str, making: _Making) -> None:
    making.outcomes.append(_outcome(taken, "refused"))
    detail = " ".join((why, *taken.found.lost))
    making.remarks.append(warning("accountNotTaken", detail, subject=taken.found.label, location=place_of(taken)))


def _outcome(taken: Taken, became: Any, *, name: str | None = None, account: WantedAccount | None = None) -> Outcome:
    return Outcome(
        label=taken.found.label,
        kind=taken.kind,
        file=taken.file,
        line=taken.found.line,
        became=became,
        name=name,
        email=account.email if account is not None else taken.found.email,
        server=str(account.way) if account is not None else None,
    )


def _without_known(accounts: Sequence[WantedAccount], making: _Making) -> list[WantedAccount]:
    """Return the accounts that no manifest declares, each once; what is declared otherwise is told and left alone."""
    known = Known(making.present.accounts, making.present.servers, wanted={each.identity for each in accounts})
    fresh: dict[Hashable, WantedAccount] = {}
    for each in accounts:
        if (name := known.name_of(each)) is not None:
            making.outcomes.append(_outcome(each.taken, "unchanged", name=name, account=each))
        elif (other := known.other_of(each)) is not None:
            making.outcomes.append(_outcome(each.taken, "differs", name=other, account=each))
            making.remarks.append(differs(each, other))
        elif each.identity in fresh:
            making.remarks.append(twice(each, fresh[each.identity]))
        else:
            fresh[each.identity] = each
    return list(fresh.values())


class _Shared(FrozenByName):
    """The MailServer of several accounts."""

    name: str
    file: str
    login: JsonView
    """What it says of the login."""
    whose: WantedAccount | None
    """One of those whose login that is, with the secret; None where each has its own."""


def _draft_way(way: ServerWay, sharing: Sequence[WantedAccount], making: _Making) -> None:
    """Draft the documents of the accounts that reach one server alike.

    Without an address a MailServer is all that there is of an account, so each login among those has one of its own.
    """
    with_address = [each for each in sharing if each.email is not None]
    without: dict[Hashable, list[WantedAccount]] = defaultdict(list)
    for each in sharing:
        if each.email is None:
            without[_login_of(each.found)].append(each)
    first, *others = [*without.values()] or [[]]
    if len(with_address) < _SHARED_FROM and not first:
        for each in with_address:
            _draft_account(each, None, making)
        return
    _draft_sharing(way, with_address, first, making)
    for alone in others:
        _draft_sharing(way, (), alone, making)


def _draft_sharing(
    way: ServerWay, with_address: Sequence[WantedAccount], without: Sequence[WantedAccount], making: _Making
) -> None:
    """Draft a MailServer and the accounts that share it.

    An account that logs in nowhere does not name a MailServer with a login: it would then log in.
    """
    whose = without[0] if without else _in_common(with_address)
    sharing = (*with_address, *without)
    server = _draft_server(way, sharing, whose, making)
    if isinstance(server, str):
        for each in sharing:
            _refuse(each.taken, server, making)
        return
    for each in without:
        making.outcomes.append(_outcome(each.taken, "added", name=server.name, account=each))
        making.remarks += [without_address(each, server.name), *remarks(each, server.name)]
    for each in with_address:
        _draft_account(each, server if each.found.has_login or not server.login else None, making)


def _in_common(sharing: Sequence[WantedAccount]) -> WantedAccount | None:
    """Return one of the accounts where all log in with one user name and password; else None."""
    is_one = len({_login_of(each.found) for each in sharing}) == 1
    return sharing[0] if is_one and sharing[0].found.password is not None else None


def _login_of(found: FoundAccount) -> Hashable:
    """Return what tells one login from another."""
    password = found.password.fingerprint(_KEY) if found.password is not None else None
    return found.username, password, tuple((found.reference or {}).items())


def _draft_server(
    way: ServerWay, sharing: Sequence[WantedAccount], whose: WantedAccount | None, making: _Making
) -> _Shared | str:
    """Return the MailServer that was drafted; why not, where it would not be valid."""
    name = making.name(slug(way.host))
    file = making.file(name)
    login: JsonObject = {"mechanism": way.mechanism} if way.mechanism else {}
    secrets: list[NewSecret] = []
    if whose is not None and whose.found.has_login and whose.found.username is not None:
        login["username"] = user_name(whose.found.username, None)
        credential, secret = _credential(whose.found, name, (), making)
        login |= credential
        secrets.append(secret)
    elif whose is None and all(each.found.has_login for each in sharing):
        templates = {user_name(each.login or "", each.email) for each in sharing}
        login |= {"username": templates.pop()} if len(templates) == 1 else {}
    spec = way.settings | ({"authentication": login} if "username" in login else {})
    whose = whose if secrets else None
    proxy, of_proxy = _proxy_spec(sharing[0], name, (), making)
    spec |= proxy
    document = _document("MailServer", name, {"labels": {"source": sharing[0].taken.kind}}, spec)
    doubt = next((told for each in sharing if (told := doubt_of(each))), "")
    refused = _put(document, file, doubt, (*secrets, *of_proxy), making)
    return refused or _Shared(name=name, file=file, login=spec.get("authentication", {}), whose=whose)


def _proxy_spec(
    account: WantedAccount, name: str, accounts: tuple[str, ...], making: _Making
) -> tuple[JsonObject, tuple[NewSecret, ...]]:
    """Return the proxy on the way to the server, its password by reference; nothing where the way is direct."""
    proxy = account.way.proxy
    if proxy is None:
        return {}, ()
    if not proxy.username or proxy.password is None:
        return {"proxy": proxy_settings(proxy, {})}, ()
    key = making.key(variable(name, "PROXY_PASSWORD"))
    secret = NewSecret(key=key, reference=f"{making.source}:{key}", accounts=accounts, value=proxy.password)
    return {"proxy": proxy_settings(proxy, {making.source: key})}, (secret,)


def _own_login(account: WantedAccount, server: _Shared | None) -> JsonObject | None:
    """Return what the account writes of its login beside the server that it shares; None where that has it whole."""
    found = account.found
    is_shared = server is not None and server.whose is not None and _login_of(server.whose.found) == _login_of(found)
    if is_shared or not found.has_login:
        return None
    shared = server.login if server is not None else {}
    login: JsonObject = {"mechanism": found.mechanism} if found.mechanism and "mechanism" not in shared else {}
    username = user_name(account.login or "", account.email)
    return login | ({"username": username} if shared.get("username") != username else {})


def _draft_account(account: WantedAccount, server: _Shared | None, making: _Making) -> None:
    found, email = account.found, account.email or ""
    name = making.name(found.name or slug(email))
    smtp: JsonObject = {"server": server.name} if server is not None else account.way.settings
    secrets: list[NewSecret] = []
    login = _own_login(account, server)
    if login is not None:
        credential, secret = _credential(found, name, (name,), making)
        smtp["authentication"] = login | credential
        secrets.append(secret)
    spec: JsonObject = {"email": email, "displayName": found.display_name or email.rpartition("@")[0]}
    replies = reply_settings(found.reply_to)
    if replies:
        spec["replyTo"] = replies[0] if len(replies) == 1 else replies
    spec["shared"] = True  # a source knows no owners, and an account that nobody sees is of no use
    spec["smtp"] = smtp
    proxy, of_proxy = _proxy_spec(account, name, (name,), making) if server is None else ({}, ())
    spec |= proxy
    titled: JsonObject = {"title": found.title} if found.title is not None else {}
    document = _document("OwnAccount", name, titled | {"labels": {"source": account.taken.kind}}, spec)
    file = server.file if server is not None else making.file(name)
    refused = _put(document, file, doubt_of(account) if server is None else "", (*secrets, *of_proxy), making)
    if refused is not None:
        _refuse(account.taken, refused, making)
        return
    making.outcomes.append(_outcome(account.taken, "added", name=name, account=account))
    making.remarks += remarks(account, name)


def _credential(
    found: FoundAccount, name: str, accounts: tuple[str, ...], making: _Making
) -> tuple[JsonObject, NewSecret]:
    """Return the part of a login that refers to its secret, and the secret."""
    takes_token = found.mechanism in TOKEN_MECHANISMS
    field_name = "accessToken" if takes_token else "password"
    if found.reference is not None and found.password is None:
        ((source, key),) = found.reference.items()
        if not is_allowed_somewhere(f"{source}:{key}", making.present.rules):
            detail = f"The source has the password from {source}:{key}, which no manifest may name here. Another name was given."
            making.remarks.append(note("settingNotTaken", detail, subject=name))
            return _credential(replace(found, reference=None), name, accounts, making)
        making.references.add(f"{source}:{key}")
        return {field_name: dict(found.reference)}, NewSecret(key=key, reference=f"{source}:{key}", accounts=accounts)
    key = making.key(variable(name, "TOKEN" if takes_token else "PASSWORD"))
    reference = f"{making.source}:{key}"
    secret = NewSecret(key=key, reference=reference, accounts=accounts, value=found.password)
    return {field_name: {making.source: key}}, secret


def _document(kind: str, name: str, metadata: JsonObject, spec: JsonObject) -> JsonObject:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}


def _put(document: JsonObject, file: str, doubt: str, secrets: Sequence[NewSecret], making: _Making) -> str | None:
    """Keep a valid document with its secrets and return None; return what is wrong with an invalid one."""
    name = document["metadata"]["name"]
    try:
        MODELS[document["kind"]].model_validate(document, by_name=False)
    except ValidationError as refused:
        first = refused.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        making.names.discard(name)
        return f"What it would be as a manifest is not valid: {where} {first['msg']}."
    making.drafts.append(NewDocument(name=name, file=file, document=document, doubt=doubt))
    making.secrets += secrets
    return None
