"""What a check says to people: one sentence for each fault, with what was seen and what to do.

The keys of the tables are codes of ``model.check_codes``; a completeness test holds the two together. Whatever comes
from a server reaches a sentence cleaned, masked and cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.verification.evidence import CheckName
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
    "connectionLost": "{server} closed the connection in the middle of the conversation{or_proxy}.{reply} Verify again; if it stays, ask whoever runs the server.",
    "invalidReply": '{server} answered with something that is no SMTP reply: "{sample}". Check that smtp.host and smtp.port are those of a mail server.',
    "replyTooLong": "{server} sent a longer reply than any mail server does, so reading stopped. Check that smtp.host and smtp.port are those of a mail server.",
    "unaskedReply": '{server} said something without being asked ("{sample}"), so its replies cannot be told apart, and none of them counts. Ask whoever runs the server, and check that nothing between changes what it says.',
    "internalFault": "The check ended with an unexpected error ({sample}) in reconciler itself; please report it.",
    # Reaching the server
    "hostNotFound": "The host name {host} does not exist. Correct smtp.host.",
    "nameLookupFailed": "The name servers could not be asked about {host} at the moment. Verify again, and check this machine's name servers.",
    "forbiddenAddress": "{host} leads only to what is never contacted: {addresses}. Correct smtp.host.",
    "connectionRefused": "{server} refused the connection: nothing listens on port {port} of {addresses}, or a firewall says no. Check smtp.port; it is 587 for encryption: starttls and 465 for encryption: tls.",
    "unreachable": "There is no way through the network to {server} ({addresses}). Check smtp.host and this machine's network.",
    "connectionRefused:proxied": "The {proxy} reached the host of {server}, and that refused the connection.{proxy_reply} Check smtp.host and smtp.port; the port is 587 for encryption: starttls and 465 for encryption: tls.",
    "unreachable:proxied": "The {proxy} finds no way to {server}.{proxy_reply} Check smtp.host and smtp.port, and whether the network of the proxy leads there.",
    # The proxy
    "proxyNotFound": "The host name of the {proxy} does not exist, so {server} was not asked for. Correct proxy.host.",
    "proxyLookupFailed": "The name servers gave no answer about the {proxy}, on the way to {server}. Verify again, and check this machine's name servers.",
    "proxyForbiddenAddress": "The {proxy}, on the way to {server}, leads only to what is never contacted: {addresses}. Correct proxy.host.",
    "proxyConnectionRefused": "The {proxy}, on the way to {server}, refused the connection: nothing listens on that port of {addresses}, or a firewall says no. Check proxy.port, and whether the proxy runs.",
    "proxyUnreachable": "There is no way through the network to the {proxy} ({addresses}), which stands before {server}. Check proxy.host and this machine's network.",
    "proxyTimedOut": "The {proxy}, on the way to {server}, did not finish its answer within {timeout} seconds.{proxy_reply} Check proxy.host, proxy.port and proxy.type, and whether a firewall lies between.",
    "proxyConnectionLost": "The {proxy} closed the connection before it said whether it reached {server}.{proxy_reply} Check proxy.type and proxy.port; if they are right, see the proxy's log.",
    "notAProxy": "What answers in place of the {proxy} is no {proxy_type} proxy, so {server} was not reached.{proxy_reply} Correct proxy.type or proxy.port.",
    "notAProxy:http": "What answers in place of the {proxy} speaks HTTP, so {server} was not reached.{proxy_reply} Write type: http under proxy, or correct proxy.port.",
    "notAProxy:socks": "What answers in place of the {proxy} seems to speak SOCKS, so {server} was not reached. Write type: socks5 or type: socks4 under proxy, or correct proxy.port.",
    "notAProxy:endless": "The {proxy} sent a longer reply than any proxy does, so reading stopped and {server} was not reached.{proxy_reply} Check proxy.host and proxy.port.",
    "proxyCredentialMissing": "A user name for the {proxy} is declared without a password, so {server} was not asked for. Write password under proxy, or remove username.",
    "proxyCredentialUnusable": "The login at the {proxy}, on the way to {server}, cannot be sent: {reason}. Have another user name or password set up at the proxy.",
    "proxyLoginRequired": "The {proxy} lets nobody through to {server} without a login.{proxy_reply} Write username and password under proxy.",
    "proxyLoginUnsupported": "The {proxy}, on the way to {server}, takes no login by user name and password.{proxy_reply} Have that allowed at the proxy, or this machine let through without a login.",
    "proxyLoginRejected": "The {proxy} rejects the login, so {server} was not reached.{proxy_reply} Correct proxy.username, or the value that the reference under proxy.password leads to.",
    "proxyLoginRejected:closed": "The {proxy} closed the connection when it was told user name and password, so {server} was not reached; usually that means that it rejects them. Correct proxy.username, or the value that the reference under proxy.password leads to.",
    "proxyForbids": "The {proxy}, not the mail server, refuses: its rules do not allow a connection to {server}.{proxy_reply} Have that host and port allowed at the proxy.",
    "proxyRequestRefused": "The {proxy}, not the mail server, refuses the connection to {server}.{proxy_reply} Check proxy.type, and have CONNECT to that port allowed at the proxy.",
    "proxyAddressUnsupported": "The {proxy} cannot be told the address of {server}.{proxy_reply} Write smtp.host as a name, or use another proxy.",
    "proxyAddressUnsupported:ipv6": "SOCKS4 knows no IPv6, and {server} has IPv6 addresses only, so the {proxy} was not asked for it. Use a socks5 or http proxy, or smtp.host with an IPv4 address.",
    "proxyAddressUnsupported:long": "The host name of {server} is longer than the 127 octets that the {proxy} can be told. Write remoteDns: false under proxy.",
    "proxyCannotConnect": "The {proxy} could not connect to {server}.{proxy_reply} Check smtp.host and smtp.port; if they are right, the proxy's log says more.",
    "proxyCannotConnect:socks4a": "The {proxy} could not connect to {server}.{proxy_reply} Not every SOCKS4 proxy can look names up (4a): write remoteDns: false or type: socks5 under proxy. If that does not help, check smtp.host and smtp.port.",
    "noAnswerThroughProxy": "The {proxy} did not say within {timeout} seconds whether it reached {server}: either {server} does not answer it, or the proxy hangs. Check smtp.host and smtp.port, and whether a firewall lies behind the proxy.",
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
    "withheld": "Neither password nor token was sent, because the connection to {server} is not encrypted{through_proxy}. Write encryption: starttls or encryption: tls.",
    "authNotOffered": "{server} offers no login on this connection. Correct smtp.port (587 or 465), write encryption: starttls or encryption: tls if there is none, or remove smtp.authentication.",
    "mechanismNotOffered": "{server} does not offer the mechanism {mechanism}; it offers {offered}. Write mechanism: auto or one of those.",
    "mechanismNotOffered:auto": "{server} offers none of the mechanisms that are possible here; it offers {offered}. Ask the provider for PLAIN or LOGIN, or for OAUTHBEARER or XOAUTH2 where the account has a token.",
    "mechanismNotOffered:tokenOnly": "{server} takes access tokens only, and the account has a password; it offers {offered}. Write oauth2 or accessToken in place of password under smtp.authentication.",
    "mechanismNotOffered:passwordOnly": "{server} takes no access token, and the account has one; it offers {offered}. Write password in place of oauth2 or accessToken under smtp.authentication.",
    "credentialMissing": "A login is declared, but its user name or password is missing. Write username and password under smtp.authentication.",
    "credentialUnusable": "The user name or the secret holds a character that cannot be sent, so nothing was. Set it again, without control characters.",
    "credentialUnusable:prohibited": "The user name or the password holds a character that {mechanism} prohibits (SASLprep, RFC 4013: control and private characters, emoji, mixed directions of writing), so nothing was sent. Set it again without such characters, or write mechanism: plain.",
    "credentialUnusable:malformedToken": "The access token holds a character that no token has (RFC 6750 section 2.1), so nothing was sent. See whether what it refers to is the token alone, without spaces, quotes or line breaks.",
    "credentialUnusable:tooLong": "The user name and the secret are longer than a login may be (12,288 octets, RFC 4954 section 4). See whether the secret's reference points to the right value.",
    "credentialUnusable:token": "{mechanism} takes a password, and the account has an access token, so nothing was sent. Write mechanism: auto, xoauth2 or oauthbearer.",
    "credentialUnusable:password": "{mechanism} takes an access token, and the account has a password, so nothing was sent. Write oauth2 or accessToken in place of password, or mechanism: auto.",
    "credentialsRejected": "{server} rejects the user name or the password.{reply} Correct smtp.authentication.username, or the value that its password refers to; nothing was tried a second time.",
    "accessTokenRejected": "{server} rejects the access token.{reply} It has ended, is for another user, or lacks the provider's scope for SMTP: get a new one, and check smtp.authentication.username; nothing was tried a second time.",
    "appPasswordNeeded": "{server} takes an app password in place of the account's own.{reply} Make one at the provider and put it where the password's reference points, or use OAuth2.",
    "webLoginRequired": "{server} takes no login by programs until somebody logs in with a browser.{reply} Do that once, confirm what is asked, and verify again.",
    "smtpAuthDisabled": "{server} takes no login over SMTP for this mailbox at all.{reply} Have the administrator allow authenticated SMTP for it.",
    "forbiddenByPolicy": "A security policy forbids this login at {server}.{reply} Have the administrator allow it for this mailbox, or use OAuth2.",
    "unexpectedChallenge": "{server} does not follow the mechanism {mechanism} that it offers: {reason}. Write another mechanism under smtp.authentication; if it stays, tell whoever runs the server.",
    "serverNotAuthentic": "{server} may not be the server that it should be: {reason} ({mechanism}, RFC 5802), so nothing more was sent. Check smtp.host, and ask whoever runs the server before going on.",
    "basicAuthDisabled": "The provider has turned off login by password for this mailbox.{reply} Use mechanism: xoauth2, or have the administrator allow SMTP AUTH for the mailbox.",
    "strongerLoginRequired": "{server} wants a stronger login than the account's password.{reply} Make an app password at the provider and use it here, or use OAuth2.",
    "encryptionRequired": "{server} takes a login over an encrypted connection only.{reply} Write encryption: starttls or encryption: tls.",
    "mechanismRefused": "{server} does not accept the mechanism {mechanism} that it offered.{reply} Write another mechanism.",
    "authUnavailable": "{server} cannot check logins at the moment.{reply} Verify again later.",
    "authRefused": "{server} refuses the login.{reply} Ask the provider what it means.",
    "authenticationRequired": "{server} demands a login or encryption first.{reply} Declare smtp.authentication, and encryption: starttls or encryption: tls.",
    # OAuth2 tokens
    "credentialMissing:oauth2": "No token can be got, because oauth2 holds neither a refresh token nor a client secret. Write refreshToken or clientSecret under smtp.authentication.oauth2.",
    "tokenUrlInvalid": 'No token was asked for, because "{token_url}" cannot be used as an address. Write oauth2.tokenUrl such as https://login.example.com/token.',
    "tokenHostNotFound": "The token endpoint's host name {token_host} does not exist. Correct oauth2.tokenUrl.",
    "tokenHostForbidden": "No token was asked for, because {token_host} is not among the hosts that verification.servers in the project file allows. Correct oauth2.tokenUrl, or have the host added there.",
    "tokenHostForbidden:address": "No token was asked for, because {token_host} leads only to what is never contacted: {addresses}. Correct oauth2.tokenUrl.",
    "tokenEndpointUnreachable": "No token came from {token_host}: {reason}. Verify again; if it stays, check oauth2.tokenUrl, and whether a firewall lies between.",
    "tokenTlsFailed": "No token was asked for, because the TLS handshake with {token_host} failed: {reason}. Check host and port of oauth2.tokenUrl, or ask whoever runs the endpoint.",
    "tokenCertificateInvalid": "No token was asked for, because the certificate of {token_host} cannot be accepted: {reason}. Check the host of oauth2.tokenUrl; if it is right, have the certificate mended, or its CA trusted by this machine (SSL_CERT_FILE).",
    "tokenRedirected": "{token_host} redirects to {place}; redirects are not followed, since a secret goes to the declared address alone. Write the final address as oauth2.tokenUrl.",
    "tokenRefused": "{token_host} refuses to issue a token.{said} Correct what it names under smtp.authentication.oauth2, or ask the identity provider's administrator.",
    "tokenRefused:invalid_grant": "{token_host} does not take the refresh token: it has expired, was revoked, or was used before and may be used once only.{said} Get a new refresh token from the identity provider and store it where refreshToken refers to.",
    "tokenRefused:invalid_client": "{token_host} does not take the client's id and secret.{said} Correct oauth2.clientId, or the value that clientSecret refers to.",
    "tokenRefused:clientSecretExpired": "{token_host} says that the client's secret has expired.{said} Make a new one at the identity provider and store it where clientSecret refers to.",
    "tokenRefused:unauthorized_client": "{token_host} does not let this client get tokens in this way.{said} Correct oauth2.clientId, or have the identity provider's administrator allow the client.",
    "tokenRefused:invalid_scope": "{token_host} does not know, or does not grant, the scope asked for.{said} Correct oauth2.scope as the mail provider documents it.",
    "tokenRefused:unsupported_grant_type": "{token_host} issues no tokens in this way.{said} Declare refreshToken if it is missing, or have the identity provider's administrator allow client credentials.",
    "tokenRefused:tenantUnknown": "{token_host} does not know the tenant in the address.{said} Correct the tenant in oauth2.tokenUrl.",
    "tokenRefused:consentMissing": "{token_host} issues no token before somebody consents to what the client may do.{said} Have the administrator consent, then get a new refresh token.",
    "tokenRefused:policy": "{token_host} wants more than a refresh token: a sign-in policy, such as a second factor, stands in the way.{said} Have the administrator except this client from the policy, or sign in anew and store the new refresh token.",
    "tokenUnavailable": "{token_host} cannot issue a token at the moment.{said} Verify again later.",
    "tokenResponseInvalid": "{token_host} answered, but not as a token endpoint does: {reason}. Check oauth2.tokenUrl.",
    # Envelope and message
    "internationalAddressUnsupported": "{server} cannot carry addresses with letters beyond ASCII before the @ (it does not offer SMTPUTF8). Use an address in ASCII.",
    "senderRefused": "{server} does not let this user send from {sender}.{reply} Correct spec.email or smtp.authentication.username, or have the provider allow this address for the user.",
    "senderNotVerified": "{server} sends from verified addresses only, and {sender} is none.{reply} Verify the address or its domain at the provider.",
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
_OPENINGS = {
    "auth": "{server} refuses the login.{reply}",
    "sender": "{server} does not let this user send from {sender}.{reply}",
    "recipient": "{server} does not take mail for {recipient}.{reply}",
    "message": "{server} refuses the test message.{reply}",
    "transient": "{server} does not go on at the moment.{reply}",
}
_PORT_25_HINT = " Many networks block port 25; use 587 or 465."
_SMTP_RELAY_PORT = 25


def sentence(fault: SmtpFault, check: CheckName, target: Target, *, advice: str | None = None) -> str:
    """Return what a fault means for the account and what to do; a provider's ``advice`` takes the place of ours."""
    shown = {name: fact[:_MAX_FACT] for name, fact in fault.facts.items()}
    facts = {**_DEFAULT_FACTS, **_facts_of(target), **shown}
    facts["reply"] = f' The server said: "{fault.reply}"{_told(shown)}.' if fault.reply else ""
    facts["proxy_reply"] = f' The proxy said: "{shown["proxy_said"]}".' if "proxy_said" in shown else ""
    facts["kind_of_server"] = _kind_of_server(shown.get("sample", ""))
    template = _template(fault, check) if advice is None else f"{_opening(fault, check)} {advice}"
    return template.format_map(facts)


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


def _opening(fault: SmtpFault, check: CheckName) -> str:
    """Return the beginning of a sentence that ends with a provider's advice."""
    return _OPENINGS["transient" if fault.failure_class == "transient" else check]


def _told(facts: Mapping[str, str]) -> str:
    """Return what the server said inside the login, such as the status of RFC 7628 section 3.2.2."""
    told = ", ".join(f"{name} {facts[name]}" for name in ("status", "scope", "error") if facts.get(name))
    return f" ({told})" if told else ""


_DEFAULT_FACTS = {
    "token_host": "the token endpoint",
    "token_url": "it",
    "place": "another address",
    "said": "",
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
    return {
        "host": server.host,
        "port": str(server.port),
        "server": server.place,
        "encryption": server.encryption,
        "proxy": str(server.proxy),
        "proxy_type": server.proxy.type if server.proxy else "",
        "timeout": str(target.timeout_seconds),
        "or_proxy": f", or the {server.proxy} did" if server.proxy else "",
        "through_proxy": f" and goes through the {server.proxy}" if server.proxy else "",
        "port_hint": _PORT_25_HINT if server.port == _SMTP_RELAY_PORT else "",
    }


def _kind_of_server(sample: str) -> str:
    if sample.startswith(("HTTP/", "<!", "<html")):
        return "A web server"
    return "An SSH server" if sample.startswith("SSH-") else "Something else"
