"""From a server as manifests or the project file write it to the server that is contacted: one resolver for both.

In this order: what a MailServer gives is merged in, defaults and placeholders are filled in, secrets become references,
hosts A-labels, and what is left is looked at. A *flaw* knows its path; where that is written, and in which words it is
told, is known by who asks: ``desired`` for accounts, ``platform`` for the platform's server.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal

from reconciler.classes import Frozen, dataclass
from reconciler.model.secrets.references import is_filled_key_of
from reconciler.model.secrets.spelling import reference_text, spelling_problem
from reconciler.model.secrets.values import SECRET_PLACES
from reconciler.model.servers.server import Login, Server
from reconciler.model.servers.server import Proxy as ResolvedProxy
from reconciler.model.servers.terms import DEFAULT_PORTS, TOKEN_MECHANISMS
from reconciler.model.text.domains import NotADomain, host_to_ascii
from reconciler.model.text.placeholders import filled, has_placeholder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.accounts.located import CaFile, CertificateFile
    from reconciler.model.accounts.manifest import MailServerSpec
    from reconciler.model.accounts.passage import Proxy
    from reconciler.model.accounts.server import ServerSmtp
    from reconciler.model.accounts.settings import Document
    from reconciler.model.base import Value

CREDENTIALS = ("password", "accessToken", "oauth2")
"""The forms of a credential; a login has one of them."""
_TRUST = ("caFile", "certificate")
_WHERE = ("host", "port", "encryption", "ca_file", "certificate")
_LOGIN = ("smtp", "authentication")
_DOMAINS, _FILLED = frozenset({"host", "heloName"}), frozenset({"host", "username", "certFile"})
_MADE_CANONICAL = _DOMAINS | _FILLED


class CaFiles(Frozen):
    """The private CAs that are named: usable ones by path, and for the others the reason."""

    usable: Mapping[str, CaFile]
    unusable: Mapping[str, str]


class CertificateFiles(Frozen):
    """The client certificates that are named: usable ones by path, and for the others the reason."""

    usable: Mapping[str, CertificateFile]
    unusable: Mapping[str, str]


NO_CERTIFICATES = CertificateFiles({}, {})


class Flaw(Frozen):
    """What keeps a server from being one."""

    kind: Literal[
        "noUsername",
        "noCredential",
        "mechanism",
        "noHost",
        "caFile",
        "certFile",
        "withoutTls",
        "placeholder",
        "host",
        "secret",
    ]
    path: tuple[str, ...]
    """Where it stands, from ``smtp`` or ``proxy`` on."""
    text: str = ""
    """What is wrong, in a sentence or as the end of one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerResolution:
    """A server with the proxy on the way, or what is wrong with it."""

    server: Server | None
    """None where there is a flaw."""
    written: Mapping[str, str]
    """Path to text, for hosts that were written otherwise than the server has them."""
    ca_digest: str | None
    flaws: tuple[Flaw, ...]


def merged(smtp: Document, proxy: Document | None, shared: Document | None) -> tuple[Document, Document | None]:
    """Return the settings of an account's server and of the proxy: its own, and where it has none those of its MailServer.

    All are as manifests write them. A credential of its own replaces the MailServer's, of whichever form that is; and so
    does its own trust.

    >>> office = {"username": "{email}", "password": {"env": "SMTP_OFFICE"}}
    >>> shared = {"host": "smtp.example.com", "encryption": "tls", "authentication": office}
    >>> own = {"server": "office", "port": 2465, "authentication": {"accessToken": {"env": "SMTP_TOKEN"}}}
    >>> smtp, proxy = merged(own, None, shared)
    >>> smtp["host"], smtp["port"], smtp["authentication"]
    ('smtp.example.com', 2465, {'username': '{email}', 'accessToken': {'env': 'SMTP_TOKEN'}})
    """
    own = {key: value for key, value in smtp.items() if key != "server"}
    if shared is None:
        return own, proxy
    inherited = {key: value for key, value in shared.items() if key != "proxy"}
    if any(key in own for key in _TRUST):
        inherited = {key: value for key, value in inherited.items() if key not in _TRUST}
    if "authentication" in inherited and "authentication" in own:
        login, own_login = inherited["authentication"], own["authentication"]
        if has_credential(own_login):
            login = {key: value for key, value in login.items() if key not in CREDENTIALS}
        own["authentication"] = {**login, **own_login}
    return {**inherited, **own}, shared.get("proxy") if proxy is None else proxy


def leaves_server(own: ServerSmtp, own_proxy: Proxy | None) -> bool:
    """Tell whether an account says itself where it connects, or whom it trusts there, beside the MailServer that it names.

    >>> from reconciler.model.accounts.server import ServerSmtp
    >>> leaves_server(ServerSmtp(helo_name="sales.example.com"), None), leaves_server(ServerSmtp(port=2525), None)
    (False, True)
    """
    return own_proxy is not None or any(getattr(own, field) is not None for field in _WHERE)


def as_written(part: Value) -> Document:
    """Return a part of a manifest as a document, without what is absent.

    >>> from reconciler.model.accounts.server import ServerSmtp
    >>> as_written(ServerSmtp(port=2525, helo_name="sales.example.com"))
    {'port': 2525, 'heloName': 'sales.example.com'}
    """
    document: Document = part.model_dump(exclude_none=True)
    return document


def has_credential(login: Document) -> bool:
    """Tell whether a login, as it is written, has a credential of any form.

    >>> has_credential({"username": "{email}", "password": {"env": "SMTP_SALES"}}), has_credential({"username": "{email}"})
    (True, False)
    """
    return not login.keys().isdisjoint(CREDENTIALS)


def fillings(localpart: str, domain: str) -> dict[str, str]:
    """Return what an address fills in for placeholders.

    >>> fillings("sales", "example.com")["email"]
    'sales@example.com'
    """
    return {"email": f"{localpart}@{domain}", "localpart": localpart, "domain": domain}


def fills_key(source: str, written: str, values: Mapping[str, str]) -> str | None:
    """Return a secret's key with placeholders filled in; None where the source does not take what it becomes.

    A slash out of an address would lead into another folder, or to another part of a source.

    >>> fills_key("env", "SMTP_{localpart}", {"localpart": "sales"})
    'SMTP_sales'
    >>> fills_key("file", "mail/{localpart}", {"localpart": "a/b"}) is None
    True
    """
    key = filled(written, values)
    has_slash = key.count("/") != filled(written, dict.fromkeys(values, "")).count("/")
    return None if has_slash or not is_filled_key_of(source, key) else key


def certificate_path(own: ServerSmtp, shared: MailServerSpec | None) -> str | None:
    """Return the ``certFile`` of an account's server, as it is written; None where there is none.

    >>> from reconciler.model.accounts.server import ServerSmtp
    >>> shown = {"certFile": "certs/{localpart}.pem", "key": {"file": "secrets/key"}}
    >>> own = ServerSmtp.model_validate({"clientCertificate": shown})
    >>> certificate_path(own, None), certificate_path(ServerSmtp(), None)
    ('certs/{localpart}.pem', None)
    """
    declared = own.client_certificate or (shared.client_certificate if shared is not None else None)
    return declared.cert_file if declared is not None else None


def resolve_server(
    smtp: Document,
    proxy: Document | None,
    ca_files: CaFiles,
    *,
    values: Mapping[str, str] | None,
    certificates: CertificateFiles = NO_CERTIFICATES,
) -> ServerResolution:
    """Return the server that settings as written mean.

    ``values`` are filled in for placeholders; where they are None, no placeholder may stand. The ``certificates`` are
    those of every ``certFile`` as it reads then.

    >>> found = resolve_server({"host": "SMTP.example.com", "encryption": "tls"}, None, CaFiles({}, {}), values={})
    >>> found.server.place, found.written
    ('smtp.example.com:465', {'spec.smtp.host': 'SMTP.example.com'})
    >>> resolve_server({"encryption": "tls"}, None, CaFiles({}, {}), values={}).flaws
    (Flaw(kind='noHost', path=('smtp',), text=''),)
    """
    filling = _Filling(values)
    smtp = _with_defaults(filling.filled(smtp, ("smtp",)))
    way = None if proxy is None else ResolvedProxy.model_validate(filling.filled(proxy, ("proxy",)))
    flaws: list[Flaw] = []
    if "authentication" in smtp:
        smtp["authentication"] = login = Login.model_validate(smtp["authentication"])  # read once, whatever the rest is
        flaws += _login_flaws(login)
    if "host" not in smtp:
        flaws.append(Flaw("noHost", ("smtp",)))
    ca_path: str = smtp.get("caFile", "")
    if ca_path in ca_files.unusable:
        flaws.append(Flaw("caFile", ("smtp", "caFile"), f"{ca_path}: {ca_files.unusable[ca_path]}"))
    flaws += [*_certificate_flaws(smtp, certificates), *_useless_without_tls(smtp), *filling.flaws]
    return ServerResolution(
        server=None if flaws else _server(smtp, way),
        written=filling.written,
        ca_digest=ca_files.usable[ca_path].digest if ca_path in ca_files.usable else None,
        flaws=tuple(flaws),
    )


def _server(smtp: Document, way: ResolvedProxy | None) -> Server:
    server = Server.model_validate(smtp)
    return server if way is None else server.model_copy(update={"proxy": way})


def _with_defaults(smtp: Document) -> Document:
    """Return settings with what goes without saying: STARTTLS, its usual port, the strongest mechanism."""
    encryption = smtp.get("encryption", "starttls")
    complete = {"port": DEFAULT_PORTS[encryption], **smtp, "encryption": encryption}
    if "authentication" in smtp:
        complete["authentication"] = {"mechanism": "auto", **smtp["authentication"]}
    return complete


def _certificate_flaws(smtp: Document, certificates: CertificateFiles) -> list[Flaw]:
    """Put the fingerprint of the client's certificate beside its file, and return why that cannot be had."""
    declared = smtp.get("clientCertificate")
    if declared is None:
        return []
    path: str = declared["certFile"]
    if path in certificates.usable:
        declared["fingerprint"] = certificates.usable[path].fingerprint
        return []
    what = certificates.unusable.get(path, "The file was not read.")
    return [Flaw("certFile", ("smtp", "clientCertificate", "certFile"), f"{path}: {what}")]


def _useless_without_tls(smtp: Document) -> list[Flaw]:
    """Return a flaw for each setting of certificates that does nothing, because the connection is not encrypted."""
    if smtp["encryption"] != "none":
        return []
    return [
        Flaw(
            "withoutTls",
            ("smtp", "encryption"),
            f"{key} stands beside encryption: none, and without TLS no certificate is looked at, so it would guard nothing. "
            f"Write encryption: starttls or tls, or remove {key}.",
        )
        for key in (*_TRUST, "clientCertificate")
        if key in smtp
    ]


def _login_flaws(login: Login) -> list[Flaw]:
    flaws = [] if login.username is not None else [Flaw("noUsername", _LOGIN)]
    takes_token, mechanism = login.mechanism in TOKEN_MECHANISMS, login.mechanism
    if login.password is None and login.access_token is None and login.oauth2 is None:
        flaws.append(Flaw("noCredential", _LOGIN, "accessToken" if takes_token else "password"))
    elif takes_token and login.password is not None:
        what = f"The mechanism {mechanism} takes accessToken or oauth2, not a password. Change one of the two."
        flaws.append(Flaw("mechanism", _LOGIN, what))
    elif mechanism != "auto" and not takes_token and login.password is None:
        given = "accessToken" if login.access_token is not None else "oauth2"
        what = f"The mechanism {mechanism} takes a password, not {given}. Change one of the two."
        flaws.append(Flaw("mechanism", _LOGIN, what))
    return flaws


@dataclass
class _Filling:
    """Makes settings as written canonical, and keeps what it finds on the way."""

    values: Mapping[str, str] | None
    written: dict[str, str] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)

    def filled(self, node: Document, path: tuple[str, ...]) -> Document:
        """Return a part with secrets as references, placeholders filled in and hosts as A-labels."""
        return {
            key: self._value(key, value, (*path, key)) if key in _MADE_CANONICAL or isinstance(value, dict) else value
            for key, value in node.items()
        }

    def _value(self, key: str, value: Any, path: tuple[str, ...]) -> Any:
        if path[-2:] in SECRET_PLACES:
            source, written = next(iter(value.items()))
            key = self._text(written, path)
            if self.values is not None and fills_key(source, written, self.values) is None:
                spelling = spelling_problem(f"{source}:{key}") if source != "env" else None
                why = f"{source} does not take" if spelling is None else spelling
                self.flaws.append(Flaw("secret", path, f"the reference reads {source}:{key}, which {why}"))
            return reference_text({source: key})
        if isinstance(value, dict):
            return self.filled(value, path)
        if key in _FILLED:
            text = self._text(value, path)
            return self._host(text, path) if key in _DOMAINS else text
        return self._host(value, path) if key in _DOMAINS else value

    def _text(self, text: str, path: tuple[str, ...]) -> str:
        if self.values is None and has_placeholder(text):
            self.flaws.append(Flaw("placeholder", path))
        return filled(text, self.values or {})

    def _host(self, host: str, path: tuple[str, ...]) -> str:
        try:
            canonical = host_to_ascii(host)
        except NotADomain as refusal:
            self.flaws.append(Flaw("host", path, f"the host reads {host}, which is not a host name: {refusal}"))
            return host
        if canonical != host:
            self.written[".".join(("spec", *path))] = host
        return canonical
