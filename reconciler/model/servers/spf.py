"""What known providers ask their customers to include in SPF, from their public documentation.

Only those stand here that send with the customer's own domain as envelope sender. Others, such as Amazon SES, SendGrid,
Mailgun, Mailjet and Postmark by default, have bounces come to domains of their own, and SPF is asked about these.
"""

from __future__ import annotations

from reconciler.classes import dataclass
from reconciler.model.text.globs import matches_any


@dataclass(frozen=True, slots=True)
class SpfOfProvider:
    """One provider; the first of ``includes`` is what it gives today, the others are earlier or regional ones."""

    name: str
    hosts: tuple[str, ...]
    """Globs of the hosts over which its customers send."""
    includes: tuple[str, ...]


_PROVIDERS = (
    SpfOfProvider("Google", ("smtp.gmail.com", "smtp.googlemail.com", "smtp-relay.gmail.com"), ("_spf.google.com",)),
    SpfOfProvider(
        "Microsoft 365",
        ("smtp.office365.com", "smtp-legacy.office365.com", "outlook.office365.com"),
        ("spf.protection.outlook.com",),
    ),
    SpfOfProvider("iCloud", ("smtp.mail.me.com",), ("icloud.com",)),
    SpfOfProvider(
        "Zoho",
        ("smtp.zoho.*", "smtppro.zoho.*", "smtp.zoho.com.*", "smtppro.zoho.com.*"),
        ("zohomail.com", "zoho.com", "zohomail.eu", "zoho.eu", "zohomail.in", "zoho.in", "zohomail.com.au"),
    ),
    SpfOfProvider("Fastmail", ("smtp.fastmail.com",), ("spf.messagingengine.com",)),
    SpfOfProvider("Proton", ("smtp.protonmail.ch",), ("_spf.protonmail.ch",)),
    SpfOfProvider("OVH", ("ssl0.ovh.net", "smtp.mail.ovh.net", "pro*.mail.ovh.net"), ("mx.ovh.com",)),
    SpfOfProvider("Infomaniak", ("mail.infomaniak.com",), ("spf.infomaniak.ch",)),
    SpfOfProvider("Yandex", ("smtp.yandex.*",), ("_spf.yandex.net", "_spf.yandex.ru")),
)


def spf_of_provider(host: str) -> SpfOfProvider | None:
    """Return what the provider of a host, given as A-labels, asks for; None for others."""
    return next((each for each in _PROVIDERS if matches_any(each.hosts, host)), None)
