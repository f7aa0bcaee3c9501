"""``Capabilities``: what a consumer's form can carry, one row for each; what it cannot is a limit with a name."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from reconciler.model.base import Value
from reconciler.model.servers.terms import Encryption, Mechanism

Limit = Literal[
    "oneAccount", "sameAddress", "samePlace", "sameObject", "encryption", "implicitTlsPort", "proxy", "oauth2",
    "privateCa", "certificate", "clientCertificate", "mechanism", "heloName", "colonInUsername", "reference", "lineBreak", "value",
]  # fmt: skip
LIMITS: tuple[Limit, ...] = get_args(Limit)
_Texts = Annotated[tuple[str, ...], Field(strict=False)]


class Capabilities(Value):
    """What a form can carry. What a command does not say of itself, it cannot."""

    encryptions: Annotated[tuple[Encryption, ...], Field(strict=False)] = Field(
        ("starttls", "tls"), description="The encryptions that are enforced."
    )
    implicit_tls_ports: Annotated[tuple[int, ...], Field(strict=False)] | None = Field(
        None, description="The ports on which implicit TLS can be; null: all."
    )
    mechanisms: Annotated[tuple[Mechanism, ...], Field(strict=False)] = Field(
        ("auto",), description="The SASL mechanisms that can be asked for."
    )
    references: _Texts = Field(
        (), description="The sources of secrets that can be referred to; declared for those of the project file."
    )
    forbidden: _Texts = Field((), description="Signs that no text may have.")
    forbidden_endings: _Texts = Field((), description="Signs that no text may end with.")
    forbidden_in_names: _Texts = Field((), description="Signs that no account's name may have.")
    one_account: bool = Field(default=False, description="It carries one account only.")
    by_address: bool = Field(default=False, description="The account is found by the sender's address.")
    one_policy_a_place: bool = Field(default=False, description="Encryption and CA are those of host and port.")
    trims_values: bool = Field(default=False, description="Spaces at both ends of a value are cut off.")
    proxy: bool = Field(default=False, description="It carries a proxy.")
    oauth2: bool = Field(default=False, description="It carries a login with an access token.")
    private_ca: bool = Field(default=False, description="It carries a private CA.")
    pin: bool = Field(default=False, description="It carries a pinned certificate.")
    client_certificate: bool = Field(default=False, description="It carries a certificate of the client's.")
    helo_name: bool = Field(default=False, description="It carries the name given in EHLO.")
    colon_in_username: bool = Field(default=True, description="A user name may have a colon.")
