"""What known providers mean by their replies: a table from reply to code and plain advice.

Providers use a few codes for many things, and their customers need to know which. A row says whose reply it is, by
the host or by a sign in the words, which failures it is about and what the reply looks like. A sign is something that
nobody else says: a host or a page of the provider's own, a number that it made up, never the wording of a standard.
What a group of the pattern is named is what the advice calls ``{name}``. To teach a reply, add a row: the first that
fits counts. Advice goes by what the provider documents; the page's title stands above its rows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.model.servers.providers import (
    AMAZON_SES,
    AOL,
    FASTMAIL,
    GMAIL,
    GMX,
    ICLOUD,
    INFOMANIAK,
    IONOS,
    MAIL_RU,
    MAILGUN,
    MAILJET,
    MICROSOFT_365,
    NETEASE,
    OUTLOOK_COM,
    OVH,
    POSTMARK,
    PROTON,
    QQ,
    SENDGRID,
    STRATO,
    WEB_DE,
    YAHOO,
    YANDEX,
    ZOHO,
)
from reconciler.verification.knownreply import KnownReply

if TYPE_CHECKING:
    from reconciler.smtp.faults import SmtpFault

_PASSWORD_REFUSED = frozenset({"credentialsRejected", "strongerLoginRequired", "authRefused"})
_LOGIN_REFUSED = _PASSWORD_REFUSED | {"accessTokenRejected", "authUnavailable"}
_TOKEN_REFUSED = frozenset({"accessTokenRejected"})
_NOT_LOGGED_IN = frozenset({"authenticationRequired"})
_SENDER_REFUSED = frozenset({
    "senderRefused", "senderDeferred", "recipientRefused", "recipientDeferred", "messageRefused", "messageDeferred",
})  # fmt: skip
"""As they are found: by the command that was refused, before its words are read."""


def recognise(fault: SmtpFault, host: str) -> KnownReply | None:
    """Return what is known of the reply in a fault, as it was found; None: nothing is."""
    return next((row for row in KNOWN_REPLIES if row.fits(fault, host)), None)


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_ANY = _words("")
_GSMTP = _words(r"- gsmtp\b")
_OUTLOOK = _words(r"\.prod\.outlook\.com|\bSmtpClientAuthentication\b|\b5\.7\.139\b|\b5\.7\.30 basic auth")
_QQ_PAGE = _words(r"service\.(ex)?mail\.qq\.com")
_SES_CHECK = _words(r"identities failed the check in region")
_ANY_REFUSED = _LOGIN_REFUSED | _SENDER_REFUSED
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
    KnownReply(
        (GMAIL,), _SENDER_REFUSED, _words(r"\b5\.4\.5\b|daily (user )?(sending|smtp relay) (limit|quota)"),
        "The account has sent as much as Gmail allows in a day: it may send again within 24 hours. Let fewer things send with it, or send large numbers through a service that is meant for them.",
        "rateLimited", _GSMTP,
    ),
    KnownReply(
        (GMAIL,), _SENDER_REFUSED, _words(r"\b[45]\.2\.1\b.*receiving mail|receivingrate"),
        "The mailbox of {recipient} receives mail faster than Gmail lets it; neither the account nor the address is wrong. Verify again later, or write another operator.",
        "recipientDeferred", _GSMTP,
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
        _MICROSOFT, _PASSWORD_REFUSED, _words(r"5\.7\.30|basic auth\w* is (disabled|not supported)"),
        "Microsoft has turned off login by password (basic authentication) for this mailbox: " + _TO_OAUTH2 + "; while Microsoft still allows it, the administrator may turn SMTP AUTH by password on again for the mailbox.",
        "basicAuthDisabled", _OUTLOOK,
    ),
    KnownReply(
        _MICROSOFT, _PASSWORD_REFUSED, _words(r"5\.7\.3\b|5\.7\.139 authentication unsuccessful\W*(\[|$)"),
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
        "senderRefused", _words(r"\.prod\.outlook\.com|\b5\.7\.60\b|SendAsDenied"),
    ),
    KnownReply(
        _MICROSOFT, _ANY_REFUSED, _words(r"432 4\.3\.2|concurrent connections limit exceeded"),
        "Exchange lets a mailbox have a few connections at a time (three at Microsoft 365), and all are in use. Write verification.perServer: 1 in reconciler.yaml, let fewer things send with this mailbox at once, and verify again later.",
        "rateLimited", _words(r"432 4\.3\.2 .*concurrent connections limit exceeded"),
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
        "The user name is the whole address, the host must be that of the account's region (smtp.zoho.com, .eu, .in, .com.au, .jp, .com.cn, .sa, or smtp.zohocloud.ca; smtppro in place of smtp for an organisation's own domain), and with two-factor authentication the password must be an application-specific one (Zoho Accounts, Security).",
    ),
    KnownReply(
        (ZOHO,), _SENDER_REFUSED, _words(r"relaying disallowed"),
        "Zoho sends from the mailbox's own address and its aliases only: correct spec.email, or add {sender} as an alias.",
        "senderRefused", _words(r"553 .*relaying disallowed as"),
    ),
    KnownReply(
        (ZOHO,), _SENDER_REFUSED, _words(r"unusual sending activity"),
        "Zoho has stopped sending for this mailbox: log in to Zoho Mail, open https://mail.zoho.com/UnblockMe (in the account's region), and see Zoho's usage policy.",
        "accountSuspended", _words(r"mail\.zoho\.\S+/UnblockMe"),
    ),
    # Amazon: "SMTP response codes returned by Amazon SES", "Obtaining Amazon SES SMTP credentials", "Amazon SES email
    # sending errors".
    KnownReply(
        (AMAZON_SES,), _PASSWORD_REFUSED, _ANY,
        "Amazon SES wants SMTP credentials of its own, made in the SES console (SMTP settings) for the region of the host; access keys of AWS do not work, and neither do credentials of another region.",
    ),
    KnownReply(
        (AMAZON_SES,), _SENDER_REFUSED, _words(r"failed the check in region (?P<region>[\w-]+): (?P<identity>[^…]+)"),
        "{identity} is the recipient: while the account is in the sandbox of Amazon SES, recipients must be verified in the region {region} too. Verify it there, write another operator, or ask AWS to move the account out of the sandbox.",
        "recipientNotVerified", _SES_CHECK, is_about_recipient=True,
    ),
    KnownReply(
        (AMAZON_SES,), _SENDER_REFUSED, _words(r"failed the check in region (?P<region>[\w-]+): (?P<identity>[^…]+)"),
        "{identity} is not verified in the region {region}, and the account sends from {sender}: verify that address or its domain in the SES console, in the region of the host. While the account is in the sandbox, recipients must be verified too.",
        "senderNotVerified", _SES_CHECK,
    ),
    KnownReply(
        (AMAZON_SES,), _SENDER_REFUSED, _words(r"throttling failure|maximum sending rate exceeded|daily message quota exceeded"),
        "The account's sending quota or rate at Amazon SES in this region is used up: wait, send more slowly, or ask AWS for more (SES console, Account dashboard).",
        "rateLimited",
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
    # Mailjet, its page "How can I configure my SMTP parameters?".
    KnownReply(
        (MAILJET,), _PASSWORD_REFUSED, _ANY,
        "With Mailjet the user name is the API key and the password the secret key (Account settings, API Key Management), never the login of the website.",
    ),
    KnownReply(
        (MAILJET,), _SENDER_REFUSED, _words(r"not been validated|not (yet )?(been )?(verified|active|authori[sz]ed)"),
        "Mailjet sends only from validated addresses and domains: add {sender} or its domain under Account settings, Senders & Domains, and validate it.",
        "senderNotVerified",
    ),
    # QQ Mail, its help pages on the authorisation code (service.mail.qq.com, no=1001256) and on SMTP errors.
    KnownReply(
        (QQ,), _PASSWORD_REFUSED, _words(r"authori[sz]ation code|授权码"),
        "QQ Mail takes an authorisation code in place of the password: turn IMAP/SMTP on in QQ Mail's settings (Account), which shows the code, and put it where the password's reference points. It ends when the account's password is changed.",
        "appPasswordNeeded", _QQ_PAGE,
    ),
    KnownReply(
        (QQ,), _PASSWORD_REFUSED, _ANY,
        "QQ Mail takes an authorisation code in place of the password: turn IMAP/SMTP on in QQ Mail's settings (Account), which shows the code, and put it where the password's reference points. It ends when the account's password is changed. QQ Mail refuses PLAIN for some accounts: write mechanism: login if the code is right.",
        None, _words(r"account is abnormal, service is not open"),
    ),
    KnownReply(
        (QQ,), frozenset({"mechanismRefused"}), _ANY,
        "QQ Mail refuses this mechanism: write mechanism: login under smtp.authentication.",
    ),
    KnownReply(
        (QQ,), _SENDER_REFUSED, _words(r"must be (the )?same as auth"),
        "QQ Mail sends from the address that logs in alone: write {sender} as smtp.authentication.username, or that user's address as spec.email.",
        "senderRefused",
    ),
    # NetEase (163, 126, yeah.net): its help pages on client authorisation codes and on returned mail (help.163.com).
    KnownReply(
        (NETEASE,), _PASSWORD_REFUSED, _words(r"no permission"),
        "SMTP is off for this mailbox: turn POP3/SMTP/IMAP on in NetEase's settings, which shows an authorisation code, and put the code where the password's reference points.",
        "smtpAuthDisabled",
    ),
    KnownReply(
        (NETEASE,), _PASSWORD_REFUSED, _ANY,
        "NetEase takes an authorisation code in place of the password: turn POP3/SMTP/IMAP on in its settings, which shows the code, and put it where the password's reference points.",
    ),
    KnownReply(
        (NETEASE,), _SENDER_REFUSED, _words(r"must equal authori[sz]ed user"),
        "NetEase sends from the address that logs in alone: write {sender} as smtp.authentication.username, or that user's address as spec.email.",
        "senderRefused",
    ),
    # GMX and WEB.DE: "Anwendungsspezifisches Passwort", "Achtung bei POP3, IMAP und SMTP".
    KnownReply(
        (GMX, WEB_DE), _PASSWORD_REFUSED, _ANY,
        "The user name is the whole address. Programs may log in only once POP3 and IMAP are allowed in the mailbox's settings (E-Mail, Einstellungen, POP3/IMAP Abruf); with two-factor authentication the password must be an application-specific one.",
    ),
    KnownReply(
        (GMX, WEB_DE, IONOS), _SENDER_REFUSED, _words(r"sender address is not allowed"),
        "The provider sends from the mailbox's own addresses alone: correct spec.email, or add {sender} to the mailbox.",
        "senderRefused",
    ),
    # IONOS: "Server settings for e-mail programs". Strato: "E-Mail-Programm einrichten".
    KnownReply(
        (IONOS, STRATO), _PASSWORD_REFUSED, _ANY,
        "The user name is the mailbox's whole address and the password the mailbox's own, not the customer number and password of the contract.",
    ),
    # OVHcloud: "What to do if your email address is blocked for spam", "Unable to send or receive emails".
    KnownReply(
        (OVH,), _PASSWORD_REFUSED, _ANY,
        "The user name is the whole address. OVHcloud answers so too where the address was blocked for spam: see its state in the Control Panel (Web Cloud, Emails), change the password there, and use the new one.",
    ),
    # Infomaniak: "Add a device (generate app-specific password)".
    KnownReply(
        (INFOMANIAK,), _PASSWORD_REFUSED, _ANY,
        "The user name is the whole address, and the password one made for a device (Manager, Mail Service, the address, Devices, Add a device), not that of the Infomaniak account.",
    ),
    # Fastmail: "App passwords", "Server names and ports".
    KnownReply(
        (FASTMAIL,), _PASSWORD_REFUSED, _ANY,
        "Fastmail never takes the account's own password here: make an app password (Settings, Privacy & Security, Integrations) and put it where the password's reference points. The user name is the whole address; the Basic plan has no SMTP.",
    ),
    KnownReply(
        (FASTMAIL,), _SENDER_REFUSED, _words(r"not authori[sz]ed to send from this header address|551 5\.7\.1"),
        "Fastmail sends from the account's own addresses and sending identities alone: add {sender} under Settings, Sending identities, or correct spec.email.",
        "senderRefused",
    ),
    # Proton: "How to set up SMTP to use business applications or devices with Proton Mail".
    KnownReply(
        (PROTON,), _PASSWORD_REFUSED, _ANY,
        "With Proton the password is an SMTP token (Settings, IMAP/SMTP, SMTP tokens), and the user name the very address that the token was made for, of a domain of your own; the account's password does not work.",
    ),
    KnownReply(
        (PROTON,), _SENDER_REFUSED, _words(r"not available in Bridge|invalid return path"),
        "Proton sends from addresses of the account alone: write {sender} as an address of the account in Proton's settings, or correct spec.email.",
        "senderRefused", _words(r"not available in Bridge|invalid return path: not owned"),
    ),
    # Mail.ru: "Passwords for external applications" (help.mail.ru).
    KnownReply(
        (MAIL_RU,), _PASSWORD_REFUSED, _words(r"application password|parol prilozheniya"),
        "Mail.ru does not take the mailbox's own password here: make a password for external applications (Account, Security) and put it where the password's reference points.",
        "appPasswordNeeded", _words(r"help\.mail\.ru/mail/security|parol prilozheniya"),
    ),
    KnownReply(
        (MAIL_RU,), _PASSWORD_REFUSED, _ANY,
        "Mail.ru takes a password for external applications alone: make one (Account, Security, Passwords for external applications) and put it where the password's reference points. The user name is the whole address.",
    ),
    # Yandex: "Set up email clients", "App passwords".
    KnownReply(
        (YANDEX,), _PASSWORD_REFUSED, _words(r"does not have access rights to this service"),
        "Mail programs are not allowed for this Yandex mailbox: tick access by IMAP and app passwords in its settings (All settings, Email clients), then make an app password for Mail and use it.",
        "smtpAuthDisabled", _words(r"does not have access rights to this service"),
    ),
    KnownReply(
        (YANDEX,), _PASSWORD_REFUSED, _ANY,
        "Yandex takes an app password for Mail alone (Yandex ID, Security, App passwords), and only where email clients are allowed in the mailbox's settings.",
    ),
    # Anybody who says so.
    KnownReply(
        (), _PASSWORD_REFUSED, _APP_PASSWORD,
        "The provider does not take the account's own password here: make an app password in the account's security settings, put it where the password's reference points, or use OAuth2.",
        "appPasswordNeeded", _APP_PASSWORD,
    ),
)  # fmt: skip
