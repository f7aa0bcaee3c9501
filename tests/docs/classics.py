"""The mistakes of the page docs/mistakes.md: what is wrong, what the message must name, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from reconciler.model.secrets.values import SecretValue
from reconciler.model.servers.server import Proxy
from tests.docs.worlds import (
    CLIENT,
    HOST,
    PASSWORD,
    USER,
    World,
    behind_proxy,
    demanding,
    expired,
    in_clear_text,
    of_another_name,
    provider,
    self_signed,
    through_proxy,
    with_old_ca_file,
    without_intermediate,
)
from tests.support.mailserver import Refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager


_ZONE = "example.com. MX 10 mail.example.com.\nmail.example.com. A 192.0.2.25"


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One thing that people get wrong."""

    title: str
    wrong: Mapping[str, Any] = field(default_factory=dict)
    """What the account has instead of the usual, by the names in ``Server`` and ``Target``."""
    shown: str
    """The lines of the manifest that matter."""
    names: tuple[str, ...]
    """What the message must say for a reader to be able to mend it."""
    mended: Mapping[str, Any] = field(default_factory=dict)
    """What differs once the reader has done what the message says; nothing where the server's side was mended."""
    world: Callable[..., AbstractContextManager[World]] = provider
    """Takes the CA and ``is_mended``."""
    zones: tuple[str, str] | None = None
    """For a mistake in the DNS: what that has of the sending domain, as it is and once it is mended."""


MISTAKES = (
    Mistake(
        title="The wrong port for the encryption",
        wrong={"port": 465},
        shown="smtp:\n  host: smtp.example.com\n  port: 465\n  encryption: starttls",
        names=("encryption: tls",),
        mended={"encryption": "tls"},
        world=provider,
    ),
    Mistake(
        title="A mistyped host",
        wrong={"host": "smtp.exmaple.com"},
        shown="smtp:\n  host: smtp.exmaple.com",
        names=("smtp.exmaple.com", "smtp.host"),
        mended={"host": HOST},
        world=provider,
    ),
    Mistake(
        title="A certificate that has ended",
        shown="smtp:\n  host: smtp.example.com\n  encryption: starttls",
        names=("2026-10-01", "renewed"),
        world=expired,
    ),
    Mistake(
        title="A private CA",
        shown="smtp:\n  host: smtp.example.com\n  encryption: starttls",
        names=("caFile",),
        mended={"trusts_own_ca": True},
        world=partial(provider, is_public=False),
    ),
    Mistake(
        title="A wrong password",
        wrong={"password": SecretValue("correct-horse-batery")},
        shown="authentication:\n  username: sales@example.com\n  password: {env: SMTP_SALES_PASSWORD}",
        names=("username", "password", "rejects"),
        mended={"password": SecretValue(PASSWORD)},
        world=provider,
    ),
    Mistake(
        title="The account's password where an app password is needed",
        wrong={"host": "smtp.gmail.com"},
        shown="smtp:\n  host: smtp.gmail.com\n  authentication:\n    username: sales@example.com\n    password: {env: SMTP_SALES_PASSWORD}",
        names=("app password", "App passwords"),
        world=partial(
            provider,
            host="smtp.gmail.com",
            refusals=Refusals(
                login="534 5.7.9 Application-specific password required. For more information, go to "
                "https://support.google.com/mail/?p=InvalidSecondFactor - gsmtp"
            ),
        ),
    ),
    Mistake(
        title="A provider that no longer takes passwords",
        wrong={"host": "smtp.office365.com"},
        shown="smtp:\n  host: smtp.office365.com\n  authentication:\n    username: sales@example.com\n    password: {env: SMTP_SALES_PASSWORD}",
        names=("oauth2", "xoauth2"),
        mended={"password": None, "token": PASSWORD, "mechanism": "xoauth2"},
        world=partial(
            provider,
            host="smtp.office365.com",
            mechanisms=("LOGIN", "XOAUTH2"),
            refusals=Refusals(login="535 5.7.139 Authentication unsuccessful, basic authentication is disabled."),
        ),
    ),
    Mistake(
        title="A sender that is not the user's",
        shown="email: sales@example.com\nsmtp:\n  authentication:\n    username: anna@example.com",
        names=("spec.email", "username", USER),
        world=partial(
            provider,
            refusals=Refusals(
                senders={
                    USER: "553 5.7.1 <sales@example.com>: Sender address rejected: not owned by user anna@example.com"
                }
            ),
        ),
    ),
    Mistake(
        title="No login, so the server does not relay",
        wrong={"mechanism": None, "username": None, "password": None},
        shown="smtp:\n  host: smtp.example.com     # and no authentication",
        names=("smtp.authentication",),
        mended={"mechanism": "auto", "username": USER, "password": SecretValue(PASSWORD)},
        world=partial(
            provider,
            requires_auth=False,
            refusals=Refusals(recipients={"ops@example.com": "554 5.7.1 <ops@example.com>: Relay access denied"}),
        ),
    ),
    Mistake(
        title="A proxy that is down",
        wrong={"proxy": Proxy(type="socks5", host="proxy.example.com", port=1080)},
        shown="proxy: {type: socks5, host: proxy.example.com, port: 1080}",
        names=("proxy.example.com:1080", "proxy"),
        world=behind_proxy,
    ),
    Mistake(
        title="Quotation marks that came along with the password",
        wrong={"password": SecretValue(f'"{PASSWORD}"')},
        shown='authentication:\n  username: sales@example.com\n  password: {env: SMTP_SALES_PASSWORD}     # holds "…", marks and all',
        names=("quotation marks", "password's reference"),
        mended={"password": SecretValue(PASSWORD)},
        world=provider,
    ),
    Mistake(
        title="A variable that nothing has filled in",
        wrong={"password": SecretValue("${SMTP_SALES_PASSWORD}")},
        shown="authentication:\n  username: sales@example.com\n  password: {file: secrets/sales}     # holds ${SMTP_SALES_PASSWORD}",
        names=("placeholder", "password's reference"),
        mended={"password": SecretValue(PASSWORD)},
        world=provider,
    ),
    Mistake(
        title="No login, in a provider's own words",
        wrong={"mechanism": None, "username": None, "password": None},
        shown="smtp:\n  host: smtp.example.com     # and no authentication",
        names=("Nobody is logged in", "smtp.authentication"),
        mended={"mechanism": "auto", "username": USER, "password": SecretValue(PASSWORD)},
        world=partial(
            provider,
            requires_auth=False,
            refusals=Refusals(senders={USER: "503 Error: need EHLO and AUTH first !"}),
        ),
    ),
    Mistake(
        title="A name in EHLO that the server does not take",
        shown="smtp:\n  host: smtp.example.com     # and no heloName: a container's own name is given",
        names=("smtp.heloName", "EHLO"),
        mended={"helo_name": "mail.example.com"},
        world=partial(
            provider,
            refusals=Refusals(
                recipients={"ops@example.com": "550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)"}
            ),
        ),
    ),
    Mistake(
        title="An address that its own domain does not know",
        shown="email: sales@example.com",
        names=("spec.email", "MX record"),
        world=partial(
            provider,
            refusals=Refusals(
                recipients={"ops@example.com": "550 Verification failed for <sales@example.com>: Sender verify failed"}
            ),
        ),
    ),
    Mistake(
        title="A sandbox that sends to verified addresses only",
        wrong={"host": "email-smtp.eu-west-1.amazonaws.com"},
        shown="smtp:\n  host: email-smtp.eu-west-1.amazonaws.com",
        names=("ops@example.com is the recipient", "sandbox", "EU-WEST-1"),
        world=partial(
            provider,
            host="email-smtp.eu-west-1.amazonaws.com",
            refusals=Refusals(
                message="554 Message rejected: Email address is not verified. The following identities failed the check in "
                "region EU-WEST-1: ops@example.com"
            ),
        ),
    ),
    Mistake(
        title="Too many connections at once",
        wrong={"host": "smtp.office365.com"},
        shown="verification:\n  perServer: 16     # in reconciler.yaml",
        names=("perServer: 1",),
        world=partial(
            provider,
            host="smtp.office365.com",
            refusals=Refusals(message="432 4.3.2 Concurrent connections limit exceeded."),
        ),
    ),
    Mistake(
        title="An operator whose mailbox is full",
        shown="operator: {email: ops@example.com}     # in reconciler.yaml",
        names=("ops@example.com", "full"),
        world=partial(provider, refusals=Refusals(recipients={"ops@example.com": "552 5.2.2 Over quota"})),
    ),
    Mistake(
        title="Implicit TLS on the port of STARTTLS",
        wrong={"encryption": "tls"},
        shown="smtp:\n  host: smtp.example.com\n  port: 587\n  encryption: tls",
        names=("encryption: starttls",),
        mended={"encryption": "starttls"},
        world=provider,
    ),
    Mistake(
        title="The port between servers",
        wrong={"port": 25},
        shown="smtp:\n  host: smtp.example.com\n  port: 25\n  encryption: starttls",
        names=("STARTTLS", "587"),
        mended={"port": 587},
        world=in_clear_text,
    ),
    Mistake(
        title="A name that the certificate does not have",
        shown="smtp:\n  host: smtp.example.com",
        names=("mail.example.net", "smtp.host"),
        mended={"host": "mail.example.net"},
        world=of_another_name,
    ),
    Mistake(
        title="A certificate that signs itself",
        shown="smtp:\n  host: smtp.example.com\n  encryption: starttls",
        names=("self-signed", "caFile"),
        world=self_signed,
    ),
    Mistake(
        title="Half of the address as the user name",
        wrong={"username": "sales"},
        shown="authentication:\n  username: sales\n  password: {env: SMTP_SALES_PASSWORD}",
        names=("smtp.authentication.username",),
        mended={"username": USER},
        world=provider,
    ),
    Mistake(
        title="A space at the end of the password",
        wrong={"password": SecretValue(f"{PASSWORD} ")},
        shown="authentication:\n  username: sales@example.com\n  password: {env: SMTP_SALES_PASSWORD}     # holds a space too many",
        names=("space", "password's reference"),
        mended={"password": SecretValue(PASSWORD)},
        world=provider,
    ),
    Mistake(
        title="A mechanism that the server does not offer",
        wrong={"mechanism": "cram-md5"},
        shown="authentication:\n  mechanism: cram-md5",
        names=("mechanism: auto", "LOGIN PLAIN"),
        mended={"mechanism": "auto"},
        world=provider,
    ),
    Mistake(
        title="A limit that every message exceeds",
        shown="smtp:\n  host: smtp.example.com",
        names=("too large", "limit"),
        world=partial(provider, refusals=Refusals(message="552 5.3.4 Message size exceeds fixed limit")),
    ),
    Mistake(
        title="A server that has not seen the sender before",
        shown="operator: {email: ops@example.com}     # in reconciler.yaml",
        names=("greylisting", "minutes"),
        world=partial(
            provider, refusals=Refusals(recipients={"ops@example.com": "450 4.2.0 Greylisted, see you in 300 seconds"})
        ),
    ),
    Mistake(
        title="A machine on a block list",
        shown="smtp:\n  host: smtp.example.com",
        names=("list", "192.0.2.5"),
        world=partial(
            provider,
            refusals=Refusals(
                recipients={
                    "ops@example.com": "554 5.7.1 Service unavailable; Client host [192.0.2.5] blocked using "
                    "zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.5"
                }
            ),
        ),
    ),
    Mistake(
        title="An SPF record without the server",
        shown="email: sales@example.com",
        names=("SPF record", "example.com"),
        world=partial(
            provider, refusals=Refusals(recipients={"ops@example.com": "550 5.7.23 SPF fail - not authorized"})
        ),
    ),
    Mistake(
        title="A proxy that wants to know who asks",
        wrong={"proxy": Proxy(type="socks5", host="proxy.example.com", port=1080)},
        shown="proxy: {type: socks5, host: proxy.example.com, port: 1080}     # and no username",
        names=("username", "password"),
        mended={
            "proxy": Proxy(type="socks5", host="proxy.example.com", port=1080, username="mailer"),
            "proxy_password": SecretValue(PASSWORD),
        },
        world=partial(through_proxy, users={"mailer": PASSWORD}),
    ),
    Mistake(
        title="An intermediate certificate that the server does not send",
        shown="smtp:\n  host: smtp.example.com     # whose certificate.pem is the certificate alone",
        names=("sends its own certificate alone", '"Example Intermediate"', "fullchain.pem"),
        world=without_intermediate,
    ),
    Mistake(
        title="A CA file that has ended",
        shown="smtp:\n  host: smtp.example.com\n  caFile: certs/ca.pem",
        names=("smtp.caFile has ended on 2026-10-01", "Put the current certificate of that CA into the file"),
        world=with_old_ca_file,
    ),
    Mistake(
        title="A server that demands a certificate of its clients",
        shown="smtp:\n  host: smtp.example.com     # and no clientCertificate",
        names=("smtp.clientCertificate", "certFile and key"),
        mended={"presented": CLIENT},
        world=demanding,
    ),
    Mistake(
        title="A domain without an SPF record",
        shown="email: sales@example.com",
        names=("example.com has no SPF record", "v=spf1"),
        zones=(_ZONE, f'{_ZONE}\nexample.com. TXT "v=spf1 ip4:192.0.2.25 -all"'),
    ),
)
