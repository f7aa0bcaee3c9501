"""Every code that a check of a verification can carry: where it occurs, its class, its cause and its cure.

A code never changes its meaning; a new meaning gets a new code. The reference page of checks is generated from
this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.model.evidence import CONVERSATION, CheckName, FailureClass

CodeKind = Literal["passed", "warned", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class CheckCode:
    """One code. ``failure_class`` is None where nothing failed, and where the server's reply decides."""

    name: str
    kind: CodeKind
    checks: tuple[CheckName, ...]
    failure_class: FailureClass | None
    cause: str
    cure: str


def _failed(
    name: str, checks: tuple[CheckName, ...], failure_class: FailureClass | None, cause: str, cure: str
) -> CheckCode:
    return CheckCode(name, "failed", checks, failure_class, cause, cure)


def _skipped(name: str, cause: str, cure: str, checks: tuple[CheckName, ...] = CONVERSATION) -> CheckCode:
    return CheckCode(name, "skipped", checks, None, cause, cure)


_ASKED: tuple[CheckName, ...] = ("greeting", "tls", "auth", "sender", "recipient", "message")
_ENVELOPE: tuple[CheckName, ...] = ("sender", "recipient", "message")

_TABLE = (
    CheckCode("ok", "passed", CONVERSATION, None, "Nothing is wrong.", "Nothing to do."),
    # Skipped
    _skipped("notDeclared", "The account declares nothing that this check could look at.", "Nothing to do.", ("proxy", "tls", "auth")),
    _skipped("beyondDepth", "The verification was not asked to go this far.", "Verify with a greater --depth."),
    _skipped("earlierFailure", "A check before this one failed or was withheld.", "Mend that one first."),
    _skipped("withheld", "The credential must not travel this way: the route is not known or granted, or the connection is not encrypted.", "Have the grant added, or write encryption: starttls or tls.", ("auth",)),
    _skipped("serverDown", "Several accounts in a row could not connect to this server, so the others were not tried.", "Verify again when the server can be reached."),
    _skipped("unknownDestination", "verification.servers in the project file does not list the host, so nothing was contacted.", "Correct the host, or have it added to verification.servers."),
    _skipped("deadline", "The time of the whole run was used up before this account's turn.", "Verify again, or raise verification.deadlineSeconds."),
    # Anywhere
    _failed("timedOut", ("dns", "connect", *_ASKED), "transient", "No answer came within the account's time limit.", "Check host and port, and whether a firewall lies between; or raise verification.timeoutSeconds."),
    _failed("connectionLost", _ASKED, "transient", "The server closed the connection in the middle of the conversation.", "Verify again; if it stays, ask whoever runs the server."),
    _failed("invalidReply", _ASKED, "permanent", "The server's reply does not follow SMTP (RFC 5321 section 4.2).", "Check that host and port are those of a mail server."),
    _failed("replyTooLong", _ASKED, "permanent", "A reply is longer than any mail server's: a line over 4096 octets, over 128 lines, or over 64 KiB.", "Check that host and port are those of a mail server."),
    _failed("internalFault", CONVERSATION, "permanent", "A fault in reconciler itself.", "Report it; no secret is in the message."),
    # Reaching the server
    _failed("hostNotFound", ("dns",), "permanent", "The host name does not exist.", "Correct smtp.host."),
    _failed("nameLookupFailed", ("dns",), "transient", "The name servers could not be asked.", "Verify again; check this machine's name servers."),
    _failed("forbiddenAddress", ("dns",), "permanent", "The host has link-local addresses only, which are never contacted.", "Correct smtp.host."),
    _failed("connectionRefused", ("connect",), "transient", "Nothing listens on the port, or a firewall refuses.", "Check smtp.port: 587 for starttls, 465 for tls."),
    _failed("unreachable", ("connect",), "transient", "There is no way through the network to the host.", "Check this machine's network and smtp.host."),
    # Greeting
    _failed("serverBusy", ("greeting",), "transient", "The server greets with a temporary refusal (421 or another 4xx).", "Verify again later; fewer connections at once may help (verification.perServer)."),
    _failed("serverRefused", ("greeting",), "permanent", "The server does not serve this machine (554 or another 5xx, RFC 5321 section 3.1).", "Have this machine's address allowed, or correct smtp.host."),
    _failed("notSmtp", ("greeting",), "permanent", "Something answers, but it is no mail server.", "Correct smtp.host or smtp.port."),
    _failed("implicitTlsPort", ("greeting",), "permanent", "The port expects TLS from the first byte, and the account declares otherwise.", "Write encryption: tls."),
    _failed("helloRefused", ("greeting", "tls"), None, "The server refuses EHLO and HELO.", "Write smtp.heloName with a name that the server accepts."),
    # TLS
    _failed("starttlsNotOffered", ("tls",), "permanent", "The server does not offer STARTTLS; there is no downgrade.", "Correct smtp.port, or ask the provider for the port with encryption."),
    _failed("starttlsRefused", ("tls",), None, "The server offers STARTTLS and refuses it (454: temporarily, RFC 3207 section 4).", "Verify again; if it stays, ask whoever runs the server."),
    _failed("plaintextInjected", ("tls",), "permanent", "Text came between STARTTLS and the handshake: the server is faulty, or somebody interferes.", "Do not use this connection; tell whoever runs the server or network."),
    _failed("plainPort", ("tls",), "permanent", "The account declares implicit TLS, and the port begins in clear text.", "Write encryption: starttls, or the port for implicit TLS, 465."),
    _failed("tlsTooOld", ("tls",), "permanent", "The server speaks no TLS version from 1.2 on.", "Have the server brought up to date."),
    _failed("tlsFailed", ("tls",), "permanent", "The TLS handshake failed.", "Check host and port; ask whoever runs the server."),
    _failed("certificateExpired", ("tls",), "permanent", "The server's certificate has ended.", "Have the certificate renewed."),
    _failed("certificateNotYetValid", ("tls",), "permanent", "The server's certificate begins in the future.", "Check this machine's clock; have the certificate replaced."),
    _failed("certificateUnknownIssuer", ("tls",), "permanent", "Nobody that this machine trusts issued the certificate.", "If the CA is a private one, write smtp.caFile with its certificate."),
    _failed("certificateWrongName", ("tls",), "permanent", "The certificate is for other names than smtp.host.", "Write one of the certificate's names as smtp.host."),
    _failed("certificateInvalid", ("tls",), "permanent", "The certificate cannot be accepted for another reason.", "Have the certificate replaced."),
    _failed("privateCaUnusable", ("tls",), "permanent", "The file named by smtp.caFile holds no certificate that TLS can use.", "Put the CA's certificate in PEM form into the file."),
    CheckCode("certificateExpiresSoon", "warned", ("tls",), None, "The server's certificate ends within 21 days.", "Have the certificate renewed."),
    _failed("proxyUnsupported", ("proxy",), "permanent", "The account declares a proxy, and this version connects directly only.", "Leave the account out, or apply it unverified with --override-verification."),
    # Login
    _failed("authNotOffered", ("auth",), "permanent", "The server offers no login on this connection.", "Correct smtp.port (587 or 465), or remove smtp.authentication."),
    _failed("mechanismNotOffered", ("auth",), "permanent", "The server does not offer the mechanism that is declared, or none that is possible here.", "Write a mechanism that the server offers, or auto."),
    _failed("mechanismUnsupported", ("auth",), "permanent", "This version cannot log in by the mechanism declared.", "Write mechanism: auto, plain or login."),
    _failed("credentialMissing", ("auth",), "permanent", "A login is declared without user name or password.", "Write username and password under smtp.authentication."),
    _failed("credentialUnusable", ("auth",), "permanent", "User name or password hold a character that the mechanism cannot carry.", "Set them again, without control characters."),
    _failed("credentialsRejected", ("auth",), "permanent", "User name or password are wrong (535).", "Correct username, or the value behind the password's reference."),
    _failed("basicAuthDisabled", ("auth",), "permanent", "The provider has turned off login by password for this mailbox.", "Use OAuth2, or have login by password turned on."),
    _failed("strongerLoginRequired", ("auth",), "permanent", "The server wants a stronger login than user name and password (534).", "Make an app password at the provider, or use OAuth2."),
    _failed("encryptionRequired", ("auth",), "permanent", "The server takes this login over an encrypted connection only (538).", "Write encryption: starttls or tls."),
    _failed("mechanismRefused", ("auth",), "permanent", "The server offers the mechanism and then does not know it (504).", "Write another mechanism."),
    _failed("authUnavailable", ("auth",), "transient", "The server cannot check logins at the moment (454 or another 4xx).", "Verify again later."),
    _failed("authRefused", ("auth",), "permanent", "The server refuses the login for another reason.", "See the server's words."),
    _failed("authenticationRequired", ("auth", *_ENVELOPE), "permanent", "The server demands a login or encryption first (530).", "Declare smtp.authentication, and encryption: starttls or tls."),
    # Envelope and message
    _failed("internationalAddressUnsupported", _ENVELOPE, "permanent", "The address has letters beyond ASCII before the @, and the server does not offer SMTPUTF8 (RFC 6531).", "Use an address in ASCII before the @."),
    _failed("senderRefused", ("sender",), "permanent", "The user may not send from the account's address.", "Correct spec.email or smtp.authentication.username, or have sending as this address allowed."),
    _failed("senderDeferred", ("sender",), "transient", "The server does not take the sender at the moment (4xx).", "Verify again later."),
    _failed("relayingDenied", ("recipient",), "permanent", "The server does not send to foreign addresses for this connection; usually nobody is logged in.", "Declare smtp.authentication, or have this machine allowed."),
    _failed("recipientRefused", ("recipient",), "permanent", "The server does not take the address.", "Correct the operator's address."),
    _failed("recipientDeferred", ("recipient",), "transient", "The server does not take the address at the moment; greylisting does that.", "Verify again in some minutes."),
    _failed("operatorMissing", ("message",), "permanent", "The test message needs an address to go to.", "Write operator: {email: you@example.com} into reconciler.yaml, or use --operator."),
    _failed("messageTooLarge", ("message",), "permanent", "The server finds the test message too large (552).", "Look for a full mailbox or a tiny limit at the server."),
    _failed("messageRefused", ("message",), "permanent", "The server refuses the test message (554 or another 5xx).", "See the server's words."),
    _failed("messageDeferred", ("message",), "transient", "The server does not take the message at the moment (4xx).", "Verify again later."),
    _failed("unknownDelivery", ("message",), "transient", "The connection was lost after the message was sent and before the server confirmed it: it may have arrived.", "Look into the operator's mailbox before verifying again."),
)  # fmt: skip

CHECK_CODES: dict[str, CheckCode] = {code.name: code for code in _TABLE}
