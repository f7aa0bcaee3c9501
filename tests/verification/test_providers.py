"""Known providers' replies become plain advice, each with the code that it stands for.

A case is a row of the table below; a newcomer who adds a reply to ``providers`` adds one here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.servers.providers import AMAZON_SES, GMAIL, MICROSOFT_365, ZOHO
from reconciler.smtp.dial import DirectDialer
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.replies import Reply
from reconciler.verification.providers import KNOWN_REPLIES, recognise
from tests.support.scripted import ScriptedServer, polite
from tests.verification.targets import Token, check_settings, failure

if TYPE_CHECKING:
    from reconciler.model.verification.evidence import CheckName
    from reconciler.smtp.dial import Dialer


@dataclass(frozen=True)
class Known:
    """What a provider says, what it says it to, and what becomes of it."""

    host: str
    check: CheckName
    reply: str
    generic: str
    """The code that the reply has at any other server."""
    code: str
    words: str
    """What the sentence must hold."""
    is_token: bool = False
    mechanism: str = "auto"


_VERBS: dict[CheckName, str] = {"auth": "AUTH", "sender": "MAIL", "recipient": "RCPT", "message": "."}
_ANYWHERE = "mail.example.com"
_GOOGLE, _OFFICE, _SES = "smtp.gmail.com", "smtp.office365.com", "email-smtp.eu-west-1.amazonaws.com"
_SENDGRID, _MAILGUN = "smtp.sendgrid.net", "smtp.mailgun.org"
_QQ, _NETEASE = "smtp.qq.com", "smtp.163.com"
_AT_PROD = "[AM0PR01.eurprd01.prod.outlook.com]"

_KNOWN = (
    Known(_GOOGLE, "auth", "534-5.7.9 Application-specific password required. For more information, go to\r\n534 5.7.9 https://support.google.com/mail/?p=InvalidSecondFactor a1 - gsmtp", "strongerLoginRequired", "appPasswordNeeded", "make an app password"),
    Known(_ANYWHERE, "auth", "534 5.7.14 <https://accounts.google.com/signin> Please log in via your web browser a1 - gsmtp", "strongerLoginRequired", "webLoginRequired", "with a web browser"),
    Known(_GOOGLE, "auth", "535 5.7.8 Username and Password not accepted. https://support.google.com/mail/?p=BadCredentials a1 - gsmtp", "credentialsRejected", "credentialsRejected", "2-Step Verification"),
    Known(_GOOGLE, "auth", "535 5.7.8 Username and Password not accepted a1 - gsmtp", "accessTokenRejected", "accessTokenRejected", "https://mail.google.com/", is_token=True),
    Known(_GOOGLE, "auth", "454 4.7.0 Too many login attempts, please try again later. a1 - gsmtp", "authUnavailable", "authUnavailable", "Wait some minutes"),
    Known(_GOOGLE, "sender", "530 5.7.0 Authentication Required. a1 - gsmtp", "authenticationRequired", "authenticationRequired", "smtp.authentication"),
    Known(_OFFICE, "auth", f"535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled {_AT_PROD}", "credentialsRejected", "smtpAuthDisabled", "Authenticated SMTP"),
    Known(_OFFICE, "auth", f"535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox {_AT_PROD}", "accessTokenRejected", "smtpAuthDisabled", "passwords and tokens alike", is_token=True),
    Known(_OFFICE, "auth", f"535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy. {_AT_PROD}", "credentialsRejected", "forbiddenByPolicy", "security defaults"),
    Known(_OFFICE, "auth", f"535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. {_AT_PROD}", "credentialsRejected", "forbiddenByPolicy", "conditional access"),
    Known(_OFFICE, "auth", f"535 5.7.139 Authentication unsuccessful, the user credentials were incorrect. {_AT_PROD}", "credentialsRejected", "credentialsRejected", "whole address"),
    Known(_ANYWHERE, "auth", f"535 5.7.139 Authentication unsuccessful, basic authentication is disabled. {_AT_PROD}", "credentialsRejected", "basicAuthDisabled", "mechanism: xoauth2"),
    Known("smtp-mail.outlook.com", "auth", "550 5.7.30 Basic authentication is not supported for Client Submission.", "authRefused", "basicAuthDisabled", "turned off login by password"),
    Known(_OFFICE, "auth", f"535 5.7.3 Authentication unsuccessful {_AT_PROD}", "credentialsRejected", "credentialsRejected", "whole address"),
    Known(_OFFICE, "auth", f"535 5.7.3 Authentication unsuccessful {_AT_PROD}", "accessTokenRejected", "accessTokenRejected", "SMTP.Send", is_token=True),
    Known(_OFFICE, "sender", f"530 5.7.57 Client not authenticated to send mail. {_AT_PROD}", "authenticationRequired", "authenticationRequired", "port 587"),
    Known(_OFFICE, "sender", f"550 5.7.60 SMTP; Client does not have permissions to send as this sender {_AT_PROD}", "senderRefused", "senderRefused", "Send As permission"),
    Known(_ANYWHERE, "message", f"554 5.2.252 SendAsDenied; anna@example.com not allowed to send as sales@example.com; STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied {_AT_PROD}", "messageRefused", "senderRefused", "send as sales@example.com"),
    Known("smtp.mail.yahoo.com", "auth", "535 5.7.0 Application specific password required", "credentialsRejected", "appPasswordNeeded", "Account security"),
    Known("smtp.aol.com", "auth", "535 5.7.0 (#AUTH005) Too many bad auth attempts.", "credentialsRejected", "rateLimited", "after too many failed logins"),
    Known("smtp.mail.me.com", "auth", "535 5.7.8 Error: use an app-specific password", "credentialsRejected", "appPasswordNeeded", "account.apple.com"),
    Known("smtp.mail.me.com", "auth", "535 5.7.8 Error: authentication failed", "credentialsRejected", "credentialsRejected", "app-specific"),
    Known("smtp.zoho.eu", "auth", "535 Authentication Failed", "credentialsRejected", "credentialsRejected", "region"),
    Known("smtp.zoho.eu", "sender", "553 Relaying disallowed as sales@example.com", "senderRefused", "senderRefused", "aliases"),
    Known("smtp.office365.com", "auth", "535 5.7.139 Authentication unsuccessful [AM0PR01CA0001]", "credentialsRejected", "credentialsRejected", "a wrong user name or password"),
    Known("smtp.office365.com", "auth", "535 5.7.139 Authentication unsuccessful, account is disabled.", "credentialsRejected", "accountSuspended", "the account is stopped"),
    Known("smtp.yandex.com", "auth", "535 5.7.8 Error: authentication failed: Too many failed login attempts", "credentialsRejected", "rateLimited", "too many failed logins"),
    Known(_ANYWHERE, "auth", "535 Login fail. Account is abnormal, service is not open, password is incorrect, login frequency limited, or system is busy.", "credentialsRejected", "credentialsRejected", "authorisation code"),
    Known(_SES, "auth", "535 Authentication Credentials Invalid", "credentialsRejected", "credentialsRejected", "SES console"),
    Known("smtp.aol.com", "auth", "535 5.7.0 (#MBR1212) Incorrect username or password entered.", "credentialsRejected", "credentialsRejected", "must be an app password"),
    Known(_SES, "message", "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: sales@example.com", "messageRefused", "senderNotVerified", "sandbox"),
    Known(_SES, "message", "554 Access denied: User `arn:aws:iam::1:user/ses' is not authorized to perform `ses:SendRawEmail' on resource", "messageRefused", "senderRefused", "ses:SendRawEmail"),
    Known(_SENDGRID, "auth", "451 Authentication failed: Maximum credits exceeded", "authUnavailable", "authUnavailable", "larger plan"),
    Known(_SENDGRID, "auth", "535 Authentication failed: Bad username / password", "credentialsRejected", "credentialsRejected", "username: apikey"),
    Known(_SENDGRID, "message", "550 The from address does not match a verified Sender Identity.", "messageRefused", "senderNotVerified", "authenticate its domain"),
    Known(_MAILGUN, "message", "554 Sandbox subdomains are for test purposes only. Please add your own domain", "messageRefused", "senderNotVerified", "authorized recipient"),
    Known(_MAILGUN, "auth", "535 5.7.0 Username and Password not accepted", "credentialsRejected", "credentialsRejected", "smtp.eu.mailgun.org"),
    Known("smtp.postmarkapp.com", "auth", "535 5.7.8 Authentication failed", "credentialsRejected", "credentialsRejected", "Server API token"),
    Known(_SES, "message", "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: ops@example.com", "messageRefused", "recipientNotVerified", "ops@example.com is the recipient: while the account is in the sandbox"),
    Known(_ANYWHERE, "message", "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: sales@example.com, ops@example.com", "messageRefused", "senderNotVerified", "sales@example.com, ops@example.com is not verified in the region EU-WEST-1"),
    Known(_SES, "message", "454 Throttling failure: Daily message quota exceeded.", "messageDeferred", "rateLimited", "Account dashboard"),
    Known(_GOOGLE, "message", "550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to https://support.google.com/a/answer/166852 a1 - gsmtp", "messageRefused", "rateLimited", "within 24 hours"),
    Known(_GOOGLE, "recipient", "450-4.2.1 The user you are trying to contact is receiving mail at a rate that\r\n450 4.2.1 prevents additional messages from being delivered. a1 - gsmtp", "recipientDeferred", "recipientDeferred", "receives mail faster"),
    Known(_ANYWHERE, "message", "550 5.7.60 SMTP; Client does not have permissions to send as this sender", "messageRefused", "senderRefused", "Send As permission"),
    Known(_ANYWHERE, "sender", "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information.", "senderDeferred", "rateLimited", "verification.perServer: 1"),
    Known("smtp.zoho.com", "message", "550 5.4.6 Unusual sending activity detected. To unblock, open https://mail.zoho.com/UnblockMe", "messageRefused", "accountSuspended", "stopped sending for this mailbox"),
    Known("in-v3.mailjet.com", "auth", "535 5.7.8 Error: authentication failed", "credentialsRejected", "credentialsRejected", "the secret key"),
    Known("in-v3.mailjet.com", "sender", "550 5.1.0 sender email address <sales@example.com> has not been validated", "senderRefused", "senderNotVerified", "Senders & Domains"),
    Known(_QQ, "auth", "535 Login Fail. Please enter your authorization code to login. More information in http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=28&&no=1001256", "credentialsRejected", "appPasswordNeeded", "authorisation code"),
    Known(_QQ, "auth", "535 Error: authentication failed", "credentialsRejected", "credentialsRejected", "mechanism: login"),
    Known(_QQ, "sender", "501 Mail from address must be same as authorization user.", "senderRefused", "senderRefused", "the address that logs in alone"),
    Known(_NETEASE, "auth", "550 User has no permission", "authRefused", "smtpAuthDisabled", "SMTP is off for this mailbox"),
    Known(_NETEASE, "auth", "535 Error: authentication failed", "credentialsRejected", "credentialsRejected", "authorisation code"),
    Known(_NETEASE, "sender", "553 Mail from must equal authorized user", "senderRefused", "senderRefused", "the address that logs in alone"),
    Known("mail.gmx.net", "auth", "535 Authentication credentials invalid", "credentialsRejected", "credentialsRejected", "POP3/IMAP Abruf"),
    Known("smtp.web.de", "auth", "535 5.7.8 Authentication credentials invalid", "credentialsRejected", "credentialsRejected", "application-specific"),
    Known("smtp.ionos.de", "sender", "550-Requested action not taken: mailbox unavailable\r\n550 Sender address is not allowed.", "senderRefused", "senderRefused", "mailbox's own addresses"),
    Known("smtp.ionos.co.uk", "auth", "535 Authentication credentials invalid", "credentialsRejected", "credentialsRejected", "not the customer number"),
    Known("smtp.strato.de", "auth", "535 5.7.8 Authentication failed", "credentialsRejected", "credentialsRejected", "not the customer number"),
    Known("ssl0.ovh.net", "auth", "535 5.7.1 Authentication failed", "credentialsRejected", "credentialsRejected", "blocked for spam"),
    Known("mail.infomaniak.com", "auth", "535 5.7.8 Error: authentication failed", "credentialsRejected", "credentialsRejected", "Add a device"),
    Known("smtp.fastmail.com", "auth", "535 5.7.0 Incorrect username or password", "credentialsRejected", "credentialsRejected", "app password"),
    Known("smtp.fastmail.com", "message", "551 5.7.1 Not authorised to send from this header address", "messageRefused", "senderRefused", "sending identities"),
    Known("smtp.protonmail.ch", "auth", "535 5.7.8 Error: authentication failed: authentication failed", "credentialsRejected", "credentialsRejected", "SMTP token"),
    Known(_ANYWHERE, "message", "554 5.0.0 Error: The account is not available in Bridge. Verify the outgoing server settings in your mail client and try again", "messageRefused", "senderRefused", "addresses of the account alone"),
    Known("smtp.mail.ru", "auth", "535 5.7.0 NEOBHODIM parol prilozheniya https://help.mail.ru/mail/security/protection/external / Application password is REQUIRED", "credentialsRejected", "appPasswordNeeded", "external applications"),
    Known("smtp.mail.ru", "auth", "535 Incorrect authentication data", "credentialsRejected", "credentialsRejected", "external applications"),
    Known("smtp.yandex.ru", "auth", "535 5.7.8 Error: authentication failed: This user does not have access rights to this service", "credentialsRejected", "smtpAuthDisabled", "Email clients"),
    Known("smtp.yandex.com", "auth", "535 5.7.8 Error: authentication failed: Invalid user or password!", "credentialsRejected", "credentialsRejected", "app password for Mail"),
    Known(_QQ, "auth", "504 5.5.4 Unrecognized authentication type", "mechanismRefused", "mechanismRefused", "write mechanism: login", mechanism="plain"),
    Known(_ANYWHERE, "auth", "535 5.7.8 please use an app password", "credentialsRejected", "appPasswordNeeded", "security settings"),
)  # fmt: skip


def _dialer(host: str, port: int) -> Dialer:
    return DirectDialer(host, port, resolver=lambda _host: ("127.0.0.1",))


def _account(known: Known) -> dict[str, Any]:
    account: dict[str, Any] = {
        "host": known.host,
        "encryption": "none",
        "make_dialer": _dialer,
        "mechanism": known.mechanism,
    }
    if known.is_token:
        account |= {"password": None, "token": Token("ya29.token")}
    return account


@pytest.mark.parametrize("known", _KNOWN, ids=lambda known: f"{known.host}-{known.code}")
def test_a_known_reply_becomes_advice(known: Known) -> None:
    """The code says what the reply stands for, the sentence keeps the server's words and says what to do there."""
    offer = "250-test.example\r\n250 AUTH PLAIN XOAUTH2"
    with ScriptedServer(polite({"EHLO": offer, _VERBS[known.check]: known.reply})) as server:
        failed = failure(check_settings(server, **_account(known)))
    assert (failed.check, failed.code) == (known.check, known.code)
    assert known.words in failed.message
    assert known.reply[:3] in failed.message
    assert "{" not in failed.message
    assert server.received(b"AUTH") == 1


def _fault(known: Known) -> SmtpFault:
    code, lines = known.reply[:3], tuple(line[4:] for line in known.reply.split("\r\n"))
    facts = {"sender": "sales@example.com", "recipient": "ops@example.com"}
    return SmtpFault(known.generic, step=known.check, reply=Reply(int(code), lines), facts=facts)


def test_every_known_reply_has_a_case() -> None:
    """Each row of the table is what some case comes to."""
    reached = {id(recognise(_fault(known), known.host)) for known in _KNOWN}
    assert [row.advice for row in KNOWN_REPLIES if id(row) not in reached] == []


@pytest.mark.parametrize("known", [known for known in _KNOWN if known.host != _ANYWHERE], ids=lambda known: known.reply)
def test_an_unknown_servers_reply_keeps_its_code(known: Known) -> None:
    """What only the host tells is not said of another host; what the words tell is."""
    row = recognise(_fault(known), _ANYWHERE)
    assert row is None or row.sign is not None


def test_an_ordinary_reply_is_left_alone() -> None:
    """A reply without any sign of a provider leads to no advice."""
    fault = SmtpFault("credentialsRejected", step="auth", reply=Reply(535, ("5.7.8 authentication failed",)))
    assert recognise(fault, _ANYWHERE) is None
    assert recognise(SmtpFault("timedOut", step="auth"), _GOOGLE) is None


@pytest.mark.parametrize(
    ("check", "reply"),
    [
        ("auth", "535 5.7.8 Authentication credentials invalid"),
        ("auth", "535 5.7.8 Username and Password not accepted. See https://support.google.com/mail"),
        ("auth", "535 5.7.3 Authentication unsuccessful"),
        ("auth", "550 5.7.30 REQUIRETLS support required"),
        ("auth", "550 User has no permission"),
        ("message", "554 Transaction failed"),
        ("sender", "550 Sender address is not allowed."),
        ("recipient", "550 5.4.5 Daily limit"),
        ("recipient", "550 5.2.1 receiving mail at a rate that prevents delivery"),
    ],
)
def test_the_words_of_a_standard_are_no_provider_s_sign(check: CheckName, reply: str) -> None:
    """What others say too, RFC 4954's own examples first, leads to no provider's advice at a host that is nobody's."""
    generic = "credentialsRejected" if check == "auth" else f"{check}Refused"
    fault = SmtpFault(generic, step=check, reply=Reply(int(reply[:3]), (reply[4:],)))
    assert recognise(fault, _ANYWHERE) is None


@pytest.mark.parametrize(
    ("provider", "host", "expected"),
    [
        (GMAIL, "SMTP.Gmail.com", True),
        (GMAIL, "smtp.gmail.com.example.com", False),
        (MICROSOFT_365, "smtp.office365.com", True),
        (AMAZON_SES, _SES, True),
        (AMAZON_SES, "amazonaws.com", False),
        (ZOHO, "smtp.zoho.com.au", True),
        (GMAIL, "not a host", False),
        (GMAIL, "2001:db8::1", False),
    ],
)
def test_a_provider_knows_its_hosts(provider: Any, host: str, *, expected: bool) -> None:
    """A host belongs to a provider in any case of letters, and as a whole only."""
    assert provider.has(host) == expected
