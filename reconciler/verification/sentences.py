"""What a check says to people: one sentence for each fault, with what was seen and what to do.

The keys of the tables are codes of ``model.check_codes``; a completeness test holds the two together. Whatever comes
from a server reaches a sentence cleaned, masked and cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.evidence import CheckName
    from reconciler.smtp.faults import SmtpFault
    from reconciler.verification.target import Target

_MAX_FACT = 200

_TIMED_OUT: dict[CheckName, str] = {
    "dns": "The name servers did not answer for {host} within {timeout} seconds. Verify again, and check this machine's name servers.",
    "connect": "{server} did not answer within {timeout} seconds. Check smtp.host and smtp.port, and whether a firewall lies between.{port_hint}",
    "greeting": "{server} took the connection and said nothing within {timeout} seconds. Check smtp.port, or verify again later.",
    "tls": "{server} did not finish the TLS handshake within {timeout} seconds. Verify again; if it stays, check smtp.port.",
    "message": "{server} did not take the test message within {timeout} seconds. Verify again later.",
}

_SENTENCES = {
    # Anywhere
    "timedOut": "{server} did not finish its answer within {timeout} seconds, the account's time limit. Verify again; if it stays, raise verification.timeoutSeconds or ask whoever runs the server.",
    "connectionLost": "{server} closed the connection in the middle of the conversation.{reply} Verify again; if it stays, ask whoever runs the server.",
    "invalidReply": '{server} answered with something that is no SMTP reply: "{sample}". Check that smtp.host and smtp.port are those of a mail server.',
    "replyTooLong": "{server} sent a longer reply than any mail server does, so reading stopped. Check that smtp.host and smtp.port are those of a mail server.",
    "internalFault": "The check ended with an unexpected error ({sample}) in reconciler itself; please report it.",
    # Reaching the server
    "hostNotFound": "The host name {host} does not exist. Correct smtp.host.",
    "nameLookupFailed": "The name servers could not be asked about {host} at the moment. Verify again, and check this machine's name servers.",
    "forbiddenAddress": "{host} has the link-local address {addresses} only, and such addresses are never contacted. Correct smtp.host.",
    "connectionRefused": "{server} refused the connection: nothing listens on port {port} of {addresses}, or a firewall says no. Check smtp.port; it is 587 for encryption: starttls and 465 for encryption: tls.",
    "unreachable": "There is no way through the network to {server} ({addresses}). Check smtp.host and this machine's network.",
    # Greeting
    "serverBusy": "{server} refuses connections for now.{reply} Verify again later; if many accounts use this server, lower verification.perServer.",
    "serverRefused": "{server} refuses to serve this machine.{reply} Have this machine's address allowed there, or correct smtp.host.",
    "notSmtp": '{kind_of_server} answers on {server}, not a mail server: "{sample}". Correct smtp.host or smtp.port.',
    "implicitTlsPort": "Port {port} of {host} speaks TLS from the first byte (implicit TLS, RFC 8314), but the account declares encryption: {encryption}. Write encryption: tls.",
    "helloRefused": "{server} does not accept this machine's EHLO.{reply} Write smtp.heloName with a host name that the server accepts.",
    # TLS
    "starttlsNotOffered": "{server} does not offer STARTTLS, and nothing is sent without the encryption declared. Correct smtp.port (587 is usual), or write encryption: tls if the provider has port 465.",
    "starttlsRefused": "{server} offers STARTTLS and then refuses it.{reply} Verify again; if it stays, ask whoever runs the server.",
    "plaintextInjected": 'Clear text arrived between STARTTLS and the TLS handshake ("{sample}"), so the connection was given up: the server is faulty or somebody interferes (RFC 3207 section 4.2). Tell whoever runs the server.',
    "plainPort:starttls": "Port {port} of {host} speaks STARTTLS, but the account declares encryption: tls. Write encryption: starttls, or port: 465 if the provider has implicit TLS.",
    "plainPort:none": "Port {port} of {host} begins in clear text and offers no STARTTLS, but the account declares encryption: tls. Correct smtp.port; implicit TLS is usually on port 465.",
    "plainPort": "Port {port} of {host} does not speak TLS from the first byte, but the account declares encryption: tls. Correct smtp.host or smtp.port; implicit TLS is usually on port 465, and STARTTLS (encryption: starttls) on 587.",
    "tlsTooOld": "{server} speaks no TLS version from 1.2 on ({reason}). Have the server brought up to date.",
    "tlsFailed": "The TLS handshake with {server} failed ({reason}). Check smtp.host and smtp.port; if they are right, ask whoever runs the server.",
    "certificateExpired": "The certificate of {server} has ended{certificate_end}. Have it renewed{certificate}.",
    "certificateNotYetValid": "The certificate of {server} is not valid yet{certificate_begin}. Check this machine's clock, and have the certificate replaced{certificate}.",
    "certificateUnknownIssuer": "The certificate of {server} was issued by {issuer}, which this machine does not trust{certificate}. If that is your own CA, write caFile with the path of its certificate under smtp; otherwise do not go on.",
    "certificateWrongName": "The certificate of {server} is not for {host} but for {names}{certificate}. Write one of its names as smtp.host, or have the certificate reissued.",
    "certificateInvalid": "The certificate of {server} cannot be accepted ({reason}{certificate}). Have it replaced.",
    "privateCaUnusable": "The file under smtp.caFile holds no certificate that TLS can use. Put the CA's certificate into it in PEM form.",
    # Login
    "withheld": "The password was not sent, because the connection to {server} is not encrypted. Write encryption: starttls or encryption: tls.",
    "authNotOffered": "{server} offers no login on this connection. Correct smtp.port (587 or 465), write encryption: starttls or encryption: tls if there is none, or remove smtp.authentication.",
    "mechanismNotOffered": "{server} does not offer the mechanism {mechanism}; it offers {offered}. Write mechanism: auto or one of those.",
    "mechanismNotOffered:auto": "{server} offers none of the mechanisms that are possible here; it offers {offered}. Ask the provider for PLAIN or LOGIN.",
    "proxyUnsupported": "This version connects directly only, so nothing was sent to {host}: the account declares the proxy {proxy}. Leave the account out with --exclude, or apply it unverified with --override-verification.",
    "mechanismUnsupported": "Login by {mechanism} is not possible with this version. Write mechanism: auto, plain or login.",
    "credentialMissing": "A login is declared, but its user name or password is missing. Write username and password under smtp.authentication.",
    "credentialUnusable": "The user name or the password holds a character that cannot be sent. Set it again, without control characters.",
    "credentialsRejected": "{server} rejects the user name or the password.{reply} Correct smtp.authentication.username, or the value that its password refers to; nothing was tried a second time.",
    "basicAuthDisabled": "The provider has turned off login by password for this mailbox.{reply} Use mechanism: xoauth2, or have the administrator allow SMTP AUTH for the mailbox.",
    "strongerLoginRequired": "{server} wants a stronger login than the account's password.{reply} Make an app password at the provider and use it here, or use OAuth2.",
    "encryptionRequired": "{server} takes a login over an encrypted connection only.{reply} Write encryption: starttls or encryption: tls.",
    "mechanismRefused": "{server} does not accept the mechanism {mechanism} that it offered.{reply} Write another mechanism.",
    "authUnavailable": "{server} cannot check logins at the moment.{reply} Verify again later.",
    "authRefused": "{server} refuses the login.{reply} Ask the provider what it means.",
    "authenticationRequired": "{server} demands a login or encryption first.{reply} Declare smtp.authentication, and encryption: starttls or encryption: tls.",
    # Envelope and message
    "internationalAddressUnsupported": "{server} cannot carry addresses with letters beyond ASCII before the @ (it does not offer SMTPUTF8). Use an address in ASCII.",
    "senderRefused": "{server} does not let this user send from {sender}.{reply} Correct spec.email or smtp.authentication.username, or have the provider allow this address for the user.",
    "senderDeferred": "{server} does not take the sender {sender} at the moment.{reply} Verify again later.",
    "relayingDenied": "{server} does not relay mail to {recipient} for this connection.{reply} Usually nobody is logged in: declare smtp.authentication, or have this machine allowed.",
    "recipientRefused": "{server} does not take mail for {recipient}.{reply} Correct the operator's address, or ask whoever runs the server.",
    "recipientDeferred": "{server} does not take mail for {recipient} at the moment; greylisting does that.{reply} Verify again in some minutes.",
    "operatorMissing": "The test message has nobody to go to. Write operator: {{email: you@example.com}} into reconciler.yaml, or use --operator.",
    "messageTooLarge": "{server} finds the test message too large.{reply} Look for a full mailbox or a tiny limit there.",
    "messageRefused": "{server} refuses the test message.{reply} The server's words say what it objects to; ask whoever runs it.",
    "messageDeferred": "{server} does not take the test message at the moment.{reply} Verify again later.",
    "unknownDelivery": "The connection to {server} ended after the test message was sent and before it was confirmed: it may have arrived, and was not sent again.{reply} Look into the mailbox of {recipient} before verifying again.",
}  # fmt: skip

_SKIPPED = {
    "beyondDepth": "Not made: the verification goes to depth {depth}.",
    "earlierFailure": "Not made: an earlier check stopped the conversation.",
    "notDeclared": "Not made: the account declares {missing}.",
}
_MISSING: dict[CheckName, str] = {
    "dns": "that its proxy looks the name up",
    "proxy": "no proxy",
    "tls": "no encryption",
    "auth": "no login",
}
_PORT_25_HINT = " Many networks block port 25; use 587 or 465."
_SMTP_RELAY_PORT = 25


def sentence(fault: SmtpFault, check: CheckName, target: Target) -> str:
    """Return what a fault means for the account and what to do."""
    shown = {name: fact[:_MAX_FACT] for name, fact in fault.facts.items()}
    facts = {**_DEFAULT_FACTS, **_facts_of(target), **shown}
    facts["reply"] = f' The server said: "{fault.reply}".' if fault.reply else ""
    facts["kind_of_server"] = _kind_of_server(shown.get("sample", ""))
    return _template(fault, check).format_map(facts)


def has_sentence(code: str) -> bool:
    """Tell whether a failure has a sentence of its own."""
    return code in _SENTENCES


def skip_sentence(code: str, check: CheckName, depth: str) -> str:
    """Return why a check was not made."""
    return _SKIPPED[code].format(depth=depth, missing=_MISSING.get(check, "nothing of the kind"))


def _template(fault: SmtpFault, check: CheckName) -> str:
    if fault.code == "timedOut":
        return _TIMED_OUT.get(check, _SENTENCES["timedOut"])
    variant = f"{fault.code}:{fault.facts.get('variant', '')}"
    return _SENTENCES.get(variant, _SENTENCES[fault.code])


_DEFAULT_FACTS = {
    "sample": "",
    "addresses": "its addresses",
    "mechanism": "declared",
    "offered": "none",
    "reason": "no reason given",
    "issuer": "an issuer",
    "names": "other names",
    "certificate": "",
    "certificate_begin": "",
    "certificate_end": "",
    "sender": "the account's address",
    "recipient": "the recipient",
}


def _facts_of(target: Target) -> dict[str, str]:
    server = target.server
    host = f"[{server.host}]" if ":" in server.host else server.host
    return {
        "host": server.host,
        "port": str(server.port),
        "server": f"{host}:{server.port}",
        "encryption": server.encryption,
        "timeout": str(target.timeout_seconds),
        "port_hint": _PORT_25_HINT if server.port == _SMTP_RELAY_PORT else "",
    }


def _kind_of_server(sample: str) -> str:
    if sample.startswith(("HTTP/", "<!", "<html")):
        return "A web server"
    return "An SSH server" if sample.startswith("SSH-") else "Something else"
