"""What known providers mean by their replies: a table from reply to code and plain advice.

Providers use a few codes for many things, and their customers need to know which. A row says whose reply it is, by
the host or by a sign in the words, which failures it is about and what the reply looks like. To teach a reply, add a
row: the first that fits counts. Advice goes by what the provider documents; the page's title stands above its rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.servers.providers import (
    AMAZON_SES,
    AOL,
    GMAIL,
    ICLOUD,
    MAILGUN,
    MICROSOFT_365,
    OUTLOOK_COM,
    POSTMARK,
    SENDGRID,
    YAHOO,
    ZOHO,
)
from reconciler.smtp.faults import SmtpFault

if TYPE_CHECKING:
    from reconciler.model.servers.providers import Provider

_PASSWORD_REFUSED = frozenset({"credentialsRejected", "strongerLoginRequired", "authRefused"})
_LOGIN_REFUSED = _PASSWORD_REFUSED | {"accessTokenRejected", "authUnavailable"}
_TOKEN_REFUSED = frozenset({"accessTokenRejected"})
_NOT_LOGGED_IN = frozenset({"authenticationRequired"})
_SENDER_REFUSED = frozenset({
    "senderRefused", "senderDeferred", "relayingDenied", "recipientRefused", "messageRefused", "messageDeferred",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class KnownReply:
    """One reply of one provider; ``code`` None leaves the failure's code as it is."""

    providers: tuple[Provider, ...]
    faults: frozenset[str]
    """The codes of the failures that the row is about."""
    reply: re.Pattern[str]
    """Found in the code and the words of the reply."""
    advice: str
    code: str | None = None
    sign: re.Pattern[str] | None = None
    """Found in replies of this provider, whatever the host; None: the host alone decides."""

    def fits(self, fault: SmtpFault, host: str) -> bool:
        """Tell whether a fault is what the row describes."""
        if fault.code not in self.faults or fault.reply is None:
            return False
        said = str(fault.reply)
        is_theirs = any(each.has(host) for each in self.providers) or bool(self.sign and self.sign.search(said))
        return is_theirs and bool(self.reply.search(said))


def recognise(fault: SmtpFault, host: str) -> tuple[SmtpFault, str | None]:
    """Return the fault with the code that the provider's reply stands for, and advice; None: nothing is known."""
    for row in KNOWN_REPLIES:
        if row.fits(fault, host):
            known = SmtpFault(row.code or fault.code, step=fault.step, reply=fault.reply, facts=fault.facts)
            return known, row.advice
    return fault, None


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_ANY = _words("")
_GSMTP = _words(r"\bgsmtp\b|support\.google\.com")
_OUTLOOK = _words(r"\.prod\.outlook\.com|\bSmtpClientAuthentication\b|\b5\.7\.139\b|\b5\.7\.30\b")
_APP_PASSWORD = _words(r"\bapp(lication)?[- ](specific[- ])?password")
_MICROSOFT = (MICROSOFT_365, OUTLOOK_COM)

_TO_OAUTH2 = "write oauth2 in place of password under smtp.authentication, with mechanism: xoauth2"

KNOWN_REPLIES = (
    # Google: "Gmail SMTP errors and codes", "Sign in with app passwords". Google signs its replies with "gsmtp".
    KnownReply(
        (GMAIL,), _PASSWORD_REFUSED, _words(r"5\.7\.9|application-specific password"),
        "Gmail does not take the account's own password here: make an app password (Google Account, Security, 2-Step Verification, App passwords) and put it where the password's reference points, or " + _TO_OAUTH2 + ".",
        "appPasswordNeeded", _GSMTP,
    ),
    KnownReply(
        (GMAIL,), _LOGIN_REFUSED, _words(r"5\.7\.14|log ?in (via|with) your web browser|WebLoginRequired"),
        "Google has stopped logins by programs for this account: log in to it with a web browser, confirm what is asked there, and verify again.",
        "webLoginRequired", _GSMTP,
    ),
    KnownReply(
        (GMAIL,), _PASSWORD_REFUSED, _words(r"5\.7\.8|BadCredentials|not accepted"),
        "The user name is the whole address. Gmail never takes the account's own password over SMTP: make an app password (which needs 2-Step Verification) and use it, or " + _TO_OAUTH2 + "; if it is an app password already, it was revoked or is for another account.",
        None, _GSMTP,
    ),
    KnownReply(
        (GMAIL,), _TOKEN_REFUSED, _ANY,
        "Google wants a token with the scope https://mail.google.com/ of the very account that is the user name. Get a new one, and check scope and username.",
        None, _GSMTP,
    ),
    KnownReply(
        (GMAIL,), frozenset({"authUnavailable"}), _words(r"too many login attempts"),
        "Google limits how often an account may log in. Wait some minutes, and let fewer things log in with this account.",
        None, _GSMTP,
    ),
    KnownReply(
        (GMAIL,), _NOT_LOGGED_IN, _words(r"5\.7\.0"),
        "Gmail wants STARTTLS and a login first: declare encryption: starttls and smtp.authentication.",
        None, _GSMTP,
    ),
    # Microsoft: "Authenticated client SMTP submission in Exchange Online", "Fix issues with printers, scanners and
    # LOB applications that send email using Microsoft 365", "Exchange Online to retire Basic auth for Client
    # Submission (SMTP AUTH)", "Security defaults in Microsoft Entra ID".
    KnownReply(
        _MICROSOFT, _LOGIN_REFUSED, _words(r"SmtpClientAuthentication is disabled"),
        "Authenticated SMTP is off for this mailbox or for the whole organisation, for passwords and tokens alike. Have the administrator tick Authenticated SMTP for the mailbox (Microsoft 365 admin center, Users, Mail, Manage email apps), or unset SmtpClientAuthenticationDisabled for the organisation.",
        "smtpAuthDisabled", _OUTLOOK,
    ),
    KnownReply(
        _MICROSOFT, _LOGIN_REFUSED, _words(r"security defaults|conditional access|did not meet the criteria"),
        "The organisation's security defaults or conditional access forbid this login. Have the administrator allow it for this mailbox, or " + _TO_OAUTH2 + ".",
        "forbiddenByPolicy", _OUTLOOK,
    ),
    KnownReply(
        _MICROSOFT, _PASSWORD_REFUSED, _words(r"5\.7\.139.*(credentials were incorrect|password (has )?expired)"),
        "Microsoft says that the user name or the password is wrong or has ended. The user name is the whole address; with multi-factor authentication the account's own password does not work, so " + _TO_OAUTH2 + ".",
        None, _OUTLOOK,
    ),
    KnownReply(
        _MICROSOFT, _PASSWORD_REFUSED, _words(r"5\.7\.139|5\.7\.30|basic auth\w* is (disabled|not supported)"),
        "Microsoft has turned off login by password (basic authentication) for this mailbox: " + _TO_OAUTH2 + "; while Microsoft still allows it, the administrator may turn SMTP AUTH by password on again for the mailbox.",
        "basicAuthDisabled", _OUTLOOK,
    ),
    KnownReply(
        _MICROSOFT, _PASSWORD_REFUSED, _words(r"5\.7\.3\b"),
        "Microsoft answers so to a wrong user name or password, and also where login by password is off for the mailbox. The user name is the whole address; if it and the password are right, " + _TO_OAUTH2 + ".",
        None, _OUTLOOK,
    ),
    KnownReply(
        _MICROSOFT, _TOKEN_REFUSED, _ANY,
        "Microsoft wants a token with the scope https://outlook.office.com/SMTP.Send (for an application: the permission SMTP.SendAsApp, and the application registered as a service principal with rights to the mailbox). Get a new one, and check that username is the mailbox's address.",
        None, _OUTLOOK,
    ),
    KnownReply(
        _MICROSOFT, _NOT_LOGGED_IN, _words(r"5\.7\.57"),
        "Microsoft sends for clients that are logged in only: declare smtp.authentication, with encryption: starttls and port 587.",
        None, _OUTLOOK,
    ),
    KnownReply(
        _MICROSOFT, _SENDER_REFUSED, _words(r"5\.7\.60|send as this sender|SendAsDenied"),
        "The mailbox that logs in may not send as {sender}. Have the administrator give it Send As permission for that address (Exchange admin center, Recipients, Mailboxes, Delegation), or log in as that mailbox.",
        "senderRefused", _OUTLOOK,
    ),
    # Yahoo and AOL: "Generate and manage third-party app passwords"; replies carry (#AUTH…) or (#MBR…).
    KnownReply(
        (YAHOO, AOL), _PASSWORD_REFUSED, _APP_PASSWORD,
        "The provider does not take the account's own password here: make an app password (Account security, Generate app password) and put it where the password's reference points.",
        "appPasswordNeeded",
    ),
    KnownReply(
        (YAHOO, AOL), _PASSWORD_REFUSED, _ANY,
        "The user name is the whole address, and the password must be an app password (Account security, Generate app password), never the account's own; the provider answers so to either mistake.",
        None, _words(r"\(#(AUTH|MBR)\d+\)"),
    ),
    # Apple: "Sign in to apps with your Apple Account using app-specific passwords", "iCloud Mail server settings".
    KnownReply(
        (ICLOUD,), _PASSWORD_REFUSED, _words(r"app-specific"),
        "iCloud does not take the account's own password: make an app-specific password at account.apple.com (Sign-In and Security) and put it where the password's reference points.",
        "appPasswordNeeded",
    ),
    KnownReply(
        (ICLOUD,), _PASSWORD_REFUSED, _ANY,
        "The user name is the whole iCloud address, and the password must be an app-specific one, made at account.apple.com (Sign-In and Security), never the account's own.",
    ),
    # Zoho: "SMTP server configuration" and "Application-specific passwords"; ZeptoMail: "SMTP Error Codes".
    KnownReply(
        (ZOHO,), _PASSWORD_REFUSED, _ANY,
        "The user name is the whole address, the host must be that of the account's region (smtp.zoho.eu, smtp.zoho.in, …), and with two-factor authentication the password must be an application-specific one (Zoho Accounts, Security).",
    ),
    KnownReply(
        (ZOHO,), _SENDER_REFUSED, _words(r"relaying disallowed"),
        "Zoho sends from the mailbox's own address and its aliases only: correct spec.email, or add {sender} as an alias.",
        "senderRefused", _words(r"553 .*relaying disallowed as"),
    ),
    # Amazon: "SMTP response codes returned by Amazon SES", "Obtaining Amazon SES SMTP credentials", "Amazon SES email
    # sending errors".
    KnownReply(
        (AMAZON_SES,), _PASSWORD_REFUSED, _ANY,
        "Amazon SES wants SMTP credentials of its own, made in the SES console (SMTP settings) for the region of the host; access keys of AWS do not work, and neither do credentials of another region.",
        None, _words(r"authentication credentials invalid"),
    ),
    KnownReply(
        (AMAZON_SES,), _SENDER_REFUSED, _words(r"not verified"),
        "Amazon SES sends only from verified identities: verify {sender} or its domain in the SES console, in the region of the host. While the account is in the sandbox, recipients must be verified too.",
        "senderNotVerified", _words(r"identities failed the check in region"),
    ),
    KnownReply(
        (AMAZON_SES,), _SENDER_REFUSED, _words(r"554 .*(access denied|not authorized to perform)"),
        "The IAM user behind these SMTP credentials may not send as {sender}: have its policy allow ses:SendRawEmail for that identity.",
        "senderRefused", _words(r"ses:SendRawEmail"),
    ),
    # SendGrid: "SMTP Errors and Troubleshooting", "Upgrade your authentication method to API keys".
    KnownReply(
        (SENDGRID,), _LOGIN_REFUSED, _words(r"maximum credits exceeded"),
        "The SendGrid plan's sending limit is used up: wait until it starts anew, or take a larger plan.",
    ),
    KnownReply(
        (SENDGRID,), _PASSWORD_REFUSED, _ANY,
        'With SendGrid the user name is the word apikey, and the password an API key with the permission "Mail Send". Write username: apikey, and let the password refer to the key.',
    ),
    KnownReply(
        (SENDGRID,), _SENDER_REFUSED, _words(r"not authorized to send from|verified Sender Identity"),
        "SendGrid sends only from verified sender identities: verify {sender}, or authenticate its domain, in SendGrid's settings.",
        "senderNotVerified", _words(r"verified Sender Identity"),
    ),
    # Mailgun: "Authorized Recipients"; SMTP credentials belong to one domain and one region.
    KnownReply(
        (MAILGUN,), _SENDER_REFUSED, _words(r"sandbox|is not allowed to send|free accounts are for test"),
        "Mailgun does not send for this domain yet: activate the account, add and verify a domain of your own, or enter {recipient} as an authorized recipient of the sandbox domain.",
        "senderNotVerified", _words(r"sandbox (sub)?domains? .*test purposes"),
    ),
    KnownReply(
        (MAILGUN,), _PASSWORD_REFUSED, _ANY,
        "With Mailgun the user name is the whole address of SMTP credentials of the sending domain (not the login of the website), and the host must be that of the domain's region (smtp.mailgun.org or smtp.eu.mailgun.org).",
    ),
    # Postmark, its support page "What are the SMTP details / API Tokens I should be using?".
    KnownReply(
        (POSTMARK,), _PASSWORD_REFUSED, _ANY,
        "With Postmark the Server API token is both the user name and the password (or an SMTP token's access key and secret key); SMTP must be on for the message stream.",
    ),
    # Anybody who says so.
    KnownReply(
        (), _PASSWORD_REFUSED, _APP_PASSWORD,
        "The provider does not take the account's own password here: make an app password in the account's security settings, put it where the password's reference points, or use OAuth2.",
        "appPasswordNeeded", _APP_PASSWORD,
    ),
)  # fmt: skip
