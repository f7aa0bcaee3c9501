"""What a source says of one account: each setting as it is understood, and what is lost on the way."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal

from reconciler.classes import FrozenByName, dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.secrets.values import SecretValue
    from reconciler.model.servers.terms import Encryption, Mechanism, ProxyType

Certainty = Literal["certain", "contradiction", "server"]
"""The source says it; it says two things at once; or it leaves it to what the server offers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Security:
    """How a source says that the connection is encrypted."""

    encryption: Encryption | None = None
    """What is written; None: nothing was said that could be."""
    certainty: Certainty = "certain"
    why: str = ""
    """What is to be known of it, as a clause: why it is not certain, or what is unsafe about it."""


UNSAID = Security(certainty="server", why="the source says nothing of encryption")
"""For a source without a word on it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundProxy:
    """The proxy on the way to a server, as a source says it."""

    type: ProxyType
    host: str
    port: int
    username: str | None = None
    password: SecretValue | None = field(default=None, repr=False, compare=False)
    resolves_remotely: bool = True


class FoundAccount(FrozenByName):
    """One account of a source. What is None was not said."""

    label: str
    """What the source calls it: an account's name, a prefix of variables, a line."""
    line: int | None = None
    name: str | None = None
    """What it is to be called, where the source has a name that can be one; None: its address says it."""
    title: str | None = None
    """A longer name for people, where the source has one that cannot be its name."""
    host: str | None = None
    port: int | None = None
    security: Security = UNSAID
    username: str | None = None
    password: SecretValue | None = field(default=None, repr=False)
    reference: Mapping[str, str] | None = None
    """Where the source itself has the password from, as a manifest names it; None: nowhere that can be named."""
    has_login: bool = True
    """False where the source says that there is none."""
    email: str | None = None
    display_name: str | None = None
    reply_to: str | None = None
    helo_name: str | None = None
    ca_file: str | None = None
    """The file of a private CA, as the source names it."""
    certificate: str | None = None
    """The fingerprint of the only certificate that is accepted, as manifests write it."""
    client_certificate: str | None = None
    """The file of the client's own certificate, as the source names it."""
    client_key: str | None = None
    """The file of its key; None where it is that of the certificate."""
    proxy: FoundProxy | None = None
    mechanism: Mechanism | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    """What is not taken over, each with the reason, as sentences."""


class SourceReading(FrozenByName):
    """What one source holds."""

    accounts: tuple[FoundAccount, ...] = ()
    problems: tuple[Diagnostic, ...] = ()
    """What could not be understood."""
