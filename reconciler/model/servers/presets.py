"""What ``accounts add own --preset`` writes for well-known providers: one row each, from their public documentation.

``source`` is the title of the provider's page, ``as_of`` the month in which the row was last checked against what is
published of it. A row only fills in what the user would otherwise look up; verification tells whether it still holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from reconciler.classes import dataclass

if TYPE_CHECKING:
    from reconciler.model.servers.terms import Encryption, Mechanism

Credential = Literal["password", "token"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """How a provider's customers send; ``{region}`` in the host is filled in from --region."""

    name: str
    title: str
    host: str
    encryption: Encryption
    source: str
    as_of: str
    note: str
    """What the user must have or make at the provider, in one sentence."""
    port: int | None = None
    """None: the default of the encryption."""
    username: str | None = "{email}"
    """None where it differs for each customer and must be given."""
    mechanism: Mechanism | None = None
    """None: the strongest that the server offers."""
    credential: Credential = "password"
    default_region: str | None = None
    """The region without --region; None for a host without regions, or one whose region must be given."""

    domains: tuple[str, ...] = ()
    """The domains of the provider's own mailboxes."""
    exchanges: tuple[str, ...] = ()
    """Globs of the hosts that receive mail for customers' domains, by MX."""

    @property
    def has_regions(self) -> bool:
        """Tell whether the host takes a region."""
        return "{region}" in self.host

    def host_in(self, region: str | None) -> str | None:
        """Return the host, in a region where it has some; None where the region is missing."""
        chosen = region or self.default_region
        if self.has_regions and chosen is None:
            return None
        return self.host.replace("{region}", chosen or "")


_OWN_REFUSED = "Make an app password for the mailbox; the password that people log in with is refused."
_TABLE = (
    Preset(
        name="gmail",
        domains=("gmail.com", "googlemail.com"),
        title="Gmail",
        host="smtp.gmail.com",
        encryption="tls",
        source="Gmail Help: Add Gmail to another email client",
        as_of="2026-11",
        note="Turn on 2-Step Verification and make an app password; the account's own password is refused.",
    ),
    Preset(
        name="google-workspace",
        exchanges=("*.google.com", "*.googlemail.com"),
        title="Google Workspace",
        host="smtp.gmail.com",
        encryption="tls",
        source="Google Workspace Admin Help: Send email from a printer, scanner, or app",
        as_of="2026-11",
        note="Make an app password where the administrator allows it; otherwise use an access token (--access-token-env).",
    ),
    Preset(
        name="microsoft365",
        domains=("office365.com",),
        exchanges=("*.mail.protection.outlook.com", "*.mx.microsoft"),
        title="Microsoft 365",
        host="smtp.office365.com",
        encryption="starttls",
        mechanism="xoauth2",
        credential="token",
        source="Microsoft Learn: How to set up a multifunction device or application to send emails",
        as_of="2026-11",
        note="Turn on authenticated SMTP for the mailbox and register an application for OAuth2; passwords are ending.",
    ),
    Preset(
        name="outlook",
        domains=(
            "outlook.com",
            "hotmail.com",
            "live.com",
            "msn.com",
            "outlook.de",
            "outlook.fr",
            "hotmail.co.uk",
            "hotmail.fr",
        ),
        exchanges=("*.olc.protection.outlook.com",),
        title="Outlook.com",
        host="smtp-mail.outlook.com",
        encryption="starttls",
        mechanism="xoauth2",
        credential="token",
        source="Microsoft Support: POP, IMAP, and SMTP settings for Outlook.com",
        as_of="2026-11",
        note="Register an application for OAuth2; passwords are refused.",
    ),
    Preset(
        name="yahoo",
        domains=(
            "yahoo.com",
            "ymail.com",
            "rocketmail.com",
            "yahoo.co.uk",
            "yahoo.de",
            "yahoo.fr",
            "yahoo.it",
            "yahoo.es",
        ),
        title="Yahoo Mail",
        host="smtp.mail.yahoo.com",
        encryption="tls",
        source="Yahoo Help: IMAP server settings for Yahoo Mail",
        as_of="2026-11",
        note=_OWN_REFUSED,
    ),
    Preset(
        name="icloud",
        domains=("icloud.com", "me.com", "mac.com"),
        exchanges=("*.mail.icloud.com",),
        title="iCloud Mail",
        host="smtp.mail.me.com",
        encryption="starttls",
        source="Apple Support: iCloud Mail server settings for other email client apps",
        as_of="2026-11",
        note="Turn on two-factor authentication and make an app-specific password.",
    ),
    Preset(
        name="zoho",
        domains=("zoho.com", "zohomail.com"),
        exchanges=("*.zoho.com",),
        title="Zoho Mail",
        host="smtp.zoho.{region}",
        encryption="tls",
        default_region="com",
        source="Zoho Mail Help: SMTP server configuration",
        as_of="2026-11",
        note="With --region eu, in or another data centre; organisations that pay use --host smtppro.zoho.com.",
    ),
    Preset(
        name="amazon-ses",
        title="Amazon SES",
        host="email-smtp.{region}.amazonaws.com",
        encryption="starttls",
        username=None,
        source="Amazon SES Developer Guide: Connecting to an Amazon SES SMTP endpoint",
        as_of="2026-11",
        note="Make SMTP credentials in the region; they are not the keys of an IAM user.",
    ),
    Preset(
        name="sendgrid",
        title="SendGrid",
        host="smtp.sendgrid.net",
        encryption="starttls",
        username="apikey",
        source="Twilio SendGrid Docs: Integrating with the SMTP API",
        as_of="2026-11",
        note="The user name is the word apikey, and the password is an API key that may send mail.",
    ),
    Preset(
        name="mailgun",
        title="Mailgun",
        host="smtp.mailgun.org",
        encryption="starttls",
        source="Mailgun Help Center: Where can I find my API keys and SMTP credentials?",
        as_of="2026-11",
        note="Use the SMTP credentials of the domain, not an API key; domains in the EU use --host smtp.eu.mailgun.org.",
    ),
    Preset(
        name="postmark",
        title="Postmark",
        host="smtp.postmarkapp.com",
        encryption="starttls",
        username=None,
        source="Postmark Support: What are the SMTP details / API Tokens I should be using?",
        as_of="2026-11",
        note="Make an SMTP token: its access key is the user name, its secret key the password.",
    ),
    Preset(
        name="fastmail",
        domains=("fastmail.com", "fastmail.fm", "messagingengine.com"),
        exchanges=("*.messagingengine.com",),
        title="Fastmail",
        host="smtp.fastmail.com",
        encryption="tls",
        source="Fastmail Help: Server names and ports",
        as_of="2026-11",
        note=_OWN_REFUSED,
    ),
)

PRESETS: dict[str, Preset] = {preset.name: preset for preset in _TABLE}
