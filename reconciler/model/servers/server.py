"""``Server``, ``Login`` and ``Proxy`` as they resolve: defaults filled in, secrets as references, hosts as A-labels.

Read from an account's canonical document by ``model_validate``, and written to it by ``to_document`` as they were read:
what is absent stays absent, and what a later version has added stays. So documents and their digests never change by
being read. Here texts are not judged: manifests are where they are entered, and what is recorded stays as it is.

A further setting is a field here, one of the manifest in ``model.accounts.server``, and a line where it is used.
"""

from pydantic import ConfigDict, Field

from reconciler.model.base import Value
from reconciler.model.servers.terms import Encryption, Mechanism, ProxyType


class Resolved(Value):
    """A part of a canonical document, typed."""

    model_config = ConfigDict(extra="allow")

    def to_document(self) -> dict[str, object]:
        """Return the part as the document has it: camelCase, and nothing that is absent there."""
        return self.model_dump(exclude_unset=True)


class OAuth2Login(Resolved):
    """How an access token is got (RFC 6749, 7523): by refresh token, by client credentials, or for a service account."""

    token_url: str = Field("", description="The token endpoint, with its query.")
    client_id: str | None = Field(None, description="The client that asks.")
    client_secret: str | None = Field(None, description="The client's secret, SOURCE:KEY.")
    client_certificate: str | None = Field(None, description="The client's certificate with its key, SOURCE:KEY.")
    service_account: str | None = Field(None, description="The key of a service account, SOURCE:KEY.")
    refresh_token: str | None = Field(None, description="The refresh token, SOURCE:KEY.")
    scope: str | None = Field(None, description="The scope asked for, as written.")

    @property
    def secrets(self) -> tuple[str, ...]:
        """The references that are exchanged for a token: sent, or what signs the request."""
        return (*(each for each in (self.client_secret, self.refresh_token) if each is not None), *self.signing)

    @property
    def signing(self) -> tuple[str, ...]:
        """Those of them that sign the request and are not sent themselves (RFC 7523)."""
        return tuple(each for each in (self.client_certificate, self.service_account) if each is not None)


class ClientCertificate(Resolved):
    """What is presented to a server that demands a certificate of its clients."""

    cert_file: str = Field(description="The file of the certificate, with those that lead to its issuer.")
    key: str = Field(description="Its private key, SOURCE:KEY.")
    fingerprint: str = Field(description="SHA-256 of the certificate in DER, sha256:HEX: what the file held.")


class Login(Resolved):
    """How to log in at a mail server; without any part there is no login."""

    mechanism: Mechanism | None = Field(None, description="The SASL mechanism.")
    username: str | None = Field(None, description="The user name, with its placeholders filled in.")
    password: str | None = Field(None, description="The password, SOURCE:KEY.")
    access_token: str | None = Field(None, description="The access token, SOURCE:KEY.")
    oauth2: OAuth2Login | None = Field(None, description="How an access token is got.")

    @property
    def secrets(self) -> tuple[str, ...]:
        """The references that go to the mail server themselves."""
        return tuple(each for each in (self.password, self.access_token) if each is not None)

    @property
    def all_secrets(self) -> tuple[str, ...]:
        """These, and those that are exchanged for a token."""
        return (*self.secrets, *(self.oauth2.secrets if self.oauth2 is not None else ()))


class Proxy(Resolved):
    """A proxy on the way to a mail server, and who logs in there."""

    type: ProxyType = Field(description="The proxy's protocol.")
    host: str = Field(description="Its host.")
    port: int = Field(description="Its port.")
    username: str | None = Field(None, description="The user name there; for socks4 the user id.")
    password: str | None = Field(None, description="The password there, SOURCE:KEY.")
    resolves_remotely: bool = Field(
        default=True,
        alias="remoteDns",
        description="Whether the proxy looks the mail host up; otherwise this machine does.",
    )

    def __str__(self) -> str:
        """Return the proxy in words: ``socks5 proxy proxy.example.com:1080``."""
        return f"{self.type} proxy {_place(self.host, self.port)}"

    @property
    def way(self) -> str:
        """All in which two ways through proxies differ, but for the password: ``socks5://anna@proxy.example.com:1080``."""
        user = f"{self.username}@" if self.username is not None else ""
        resolved = "" if self.resolves_remotely else "?dns=local"
        return f"{self.type}://{user}{self.host}:{self.port}{resolved}"


class Server(Resolved):
    """A mail server, how to log in there, and the proxy on the way."""

    host: str = Field(description="The host.")
    port: int = Field(description="The port.")
    encryption: Encryption = Field(description="The encryption, never downgraded.")
    helo_name: str | None = Field(None, description="The name given in EHLO; null: this machine's.")
    ca_file: str | None = Field(None, description="The file of a private CA, trusted beside the system's.")
    certificate: str | None = Field(
        None, description="The only certificate that is accepted, as sha256:HEX; null: what a CA answers for."
    )
    client_certificate: ClientCertificate | None = Field(
        None, description="The client's own certificate; null: none is presented."
    )
    login: Login = Field(Login(), alias="authentication", description="How to log in there.")
    proxy: Proxy | None = Field(
        None, exclude=True, description="The proxy on the way, which documents have beside the server; null: direct."
    )

    @property
    def place(self) -> str:
        """Host and port as people write them: ``smtp.example.com:587``, ``[::1]:587``."""
        return _place(self.host, self.port)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host that is contacted on the way: its own, and the proxy's."""
        return (self.host,) if self.proxy is None else (self.host, self.proxy.host)

    @property
    def secrets(self) -> frozenset[str]:
        """The references of all secrets that the server and the proxy are sent, or that sign what is."""
        certificate, proxy = self.client_certificate, self.proxy
        return frozenset(
            (
                *self.login.all_secrets,
                *([certificate.key] if certificate is not None else []),
                *([proxy.password] if proxy is not None and proxy.password is not None else []),
            )
        )

    @property
    def declares_login(self) -> bool:
        """Whether anything of a login is declared; one that is declared in part counts, so that none is forgotten."""
        return self.login != Login()


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
