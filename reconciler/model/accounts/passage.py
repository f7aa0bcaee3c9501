"""What few servers demand on the way to them, as manifests write it: a proxy, and a certificate of the client's own."""

from __future__ import annotations

from pydantic import Field

from reconciler.model.base import Value
from reconciler.model.fieldrules import Ruled, given, needs
from reconciler.model.secrets.references import Secret
from reconciler.model.servers.terms import ProxyType
from reconciler.model.text.placeholders import HostTemplate, Template
from reconciler.model.text.types import Port


class ClientCertificate(Value):
    """What this program proves itself by in the TLS handshake, where a server demands a certificate of its clients."""

    cert_file: Template = Field(
        description="A PEM file with the client's certificate first, and after it those that lead to its issuer, without the key. It lies inside the project folder, for example certs/client.pem or certs/{name}.pem."
    )
    key: Secret = Field(
        description="The certificate's private key, PEM and not encrypted, by reference such as {file: secrets/client.key}. It signs the handshake and is not sent (RFC 8446 section 4.4.3)."
    )


class Proxy(Ruled):
    """A proxy on the way to the mail server."""

    type: ProxyType = Field(description="The proxy's protocol: socks5, socks4, or http by CONNECT.")
    host: HostTemplate = Field(description="The proxy's host name or IP address, such as proxy.example.com.")
    port: Port = Field(description="The proxy's TCP port, such as 1080.")
    username: Template | None = Field(
        None, description="The user name to log in with at the proxy, where it wants one."
    )
    password: Secret | None = Field(
        None,
        description="The password at the proxy, by reference such as {env: SMTP_PROXY_PASSWORD}. It needs username beside it.",
    )
    remote_dns: bool = Field(
        default=True,
        description="Whether the proxy looks up the mail server's name, true by default; with false this machine does.",
    )

    rules = (needs("username", when=given("password"), words="has a password but no username"),)
