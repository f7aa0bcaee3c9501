"""Every code that a check of a verification can carry: where it occurs, its class, its cause and its cure.

A code never changes its meaning; a new meaning gets a new code. The reference page of checks is generated from
this table.
"""

from __future__ import annotations

from typing import Literal

from reconciler.classes import dataclass
from reconciler.model.verification.evidence import CONVERSATION, DOMAIN_CHECKS, CheckName, FailureClass

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


def _warned(name: str, checks: tuple[CheckName, ...], cause: str, cure: str) -> CheckCode:
    return CheckCode(name, "warned", checks, None, cause, cure)


def _skipped(name: str, cause: str, cure: str, checks: tuple[CheckName, ...] = CONVERSATION) -> CheckCode:
    return CheckCode(name, "skipped", checks, None, cause, cure)


_ASKED: tuple[CheckName, ...] = ("greeting", "tls", "auth", "sender", "recipient", "message")
_ENVELOPE: tuple[CheckName, ...] = ("sender", "recipient", "message")
_RECEIVING: tuple[CheckName, ...] = ("mx", "replyTo")

_TABLE = (
    CheckCode("ok", "passed", (*CONVERSATION, *DOMAIN_CHECKS), None, "Nothing is wrong.", "Nothing to do."),
    # Skipped
    _skipped("notDeclared", "The account declares nothing that this check could look at.", "Nothing to do.", ("dns", "proxy", "tls", "auth", "dkim", "replyTo", "spfServer", "mtaSts", "tlsRpt", "dane")),
    _skipped("beyondDepth", "The verification was not asked to go this far.", "Verify with a greater --depth.", (*CONVERSATION, *DOMAIN_CHECKS)),
    _skipped("earlierFailure", "A check before this one failed or was withheld, or a secret that the conversation needs is missing.", "Mend that one first."),
    _skipped("withheld", "The credential must not travel this way: the route is not known or granted, or the connection is not encrypted.", "Have the grant added, or write encryption: starttls or tls.", ("proxy", "tls", "auth")),
    _skipped("serverDown", "Several accounts in a row could not connect to this server, or had no answer, so the others were not tried.", "Verify again when the server can be reached."),
    _skipped("unknownDestination", "verification.servers in the project file does not list the host, so nothing was contacted.", "Correct the host, or have it added to verification.servers."),
    _skipped("deadline", "The time of the whole run was used up before this account's turn.", "Verify again, or raise verification.deadlineSeconds."),
    _skipped("represented", "Another account's test message, through the same server, stands for this account's, as verification.message in the project file has it.", "Nothing to do; for a message of each account write message: each.", ("message",)),
    _skipped("notAllowed", "The check would contact a host that verification.servers in the project file does not list.", "Have the host added to verification.servers.", ("mtaSts",)),
    # A secret that the conversation needs; nothing was contacted
    _failed("secretMissing", ("proxy", "tls", "auth"), "permanent", "The variable, file or key that a reference names does not exist or cannot be read where the command runs.", "Set the variable or write the file there; or leave the account out."),
    _failed("secretInvalid", ("proxy", "tls", "auth"), "permanent", "The secret is empty, is not text, or holds a control character such as a line break.", "Set it again, to the bare value."),
    _failed("secretSourceFailed", ("proxy", "tls", "auth"), "permanent", "The secret's source could not be run, or gave nothing usable.", "Run the source's command yourself; see the message."),
    # Anywhere
    _failed("timedOut", ("dns", "connect", *_ASKED), "transient", "No answer came within the account's time limit.", "Check host and port, and whether a firewall lies between; or raise verification.timeoutSeconds."),
    _failed("connectionLost", _ASKED, "transient", "The server closed the connection in the middle of the conversation.", "Verify again; if it stays, ask whoever runs the server."),
    _failed("invalidReply", _ASKED, "permanent", "The server's reply does not follow SMTP (RFC 5321 section 4.2).", "Check that host and port are those of a mail server."),
    _failed("replyTooLong", _ASKED, "permanent", "A reply is longer than any mail server's: a line over 4096 octets, over 128 lines, or over 64 KiB.", "Check that host and port are those of a mail server."),
    _failed("unaskedReply", _ASKED, "permanent", "The server said something without being asked, so its replies cannot be told apart, and none of them counts.", "Ask whoever runs the server; check that nothing between changes what it says."),
    _failed("internalFault", (*CONVERSATION, *DOMAIN_CHECKS), "permanent", "A fault in reconciler itself.", "Report it; no secret is in the message."),
    # Reaching the server
    _failed("hostNotFound", ("dns",), "permanent", "The host name does not exist.", "Correct smtp.host."),
    _failed("nameLookupFailed", ("dns",), "transient", "The name servers could not be asked.", "Verify again; check this machine's name servers."),
    _failed("forbiddenAddress", ("dns", "proxy"), "permanent", "The host leads only to addresses that are never contacted, not through a proxy either: link-local, metadata, multicast, broadcast, reserved and unspecified ones.", "Correct smtp.host."),
    _failed("connectionRefused", ("connect",), "transient", "Nothing listens on the port, or a firewall refuses.", "Check smtp.port: 587 for starttls, 465 for tls."),
    _failed("unreachable", ("connect",), "transient", "There is no way through the network to the host.", "Check this machine's network and smtp.host."),
    _warned("addressDead", ("connect",), "Some addresses of the server's name refuse, are silent or answer 421, and another serves.", "Have them mended, or taken out of the DNS: programs that do not fall back fail there."),
    # The proxy
    _failed("proxyNotFound", ("proxy",), "permanent", "The proxy's host name does not exist.", "Correct proxy.host."),
    _failed("proxyLookupFailed", ("proxy",), "transient", "The name servers could not be asked about the proxy, or did not answer in time.", "Verify again; check this machine's name servers."),
    _failed("proxyForbiddenAddress", ("proxy",), "permanent", "The proxy leads only to addresses that are never contacted, such as link-local and metadata ones.", "Correct proxy.host."),
    _failed("proxyConnectionRefused", ("proxy",), "transient", "Nothing listens on the proxy's port, or a firewall refuses.", "Check proxy.port, and whether the proxy runs."),
    _failed("proxyUnreachable", ("proxy",), "transient", "There is no way through the network to the proxy.", "Check this machine's network and proxy.host."),
    _failed("proxyTimedOut", ("proxy",), "transient", "The proxy did not take the connection, or did not finish its answer, within the account's time limit.", "Check proxy.host, proxy.port and proxy.type, and whether a firewall lies between."),
    _failed("proxyConnectionLost", ("proxy", "connect"), "transient", "The proxy closed the connection in the middle of its own protocol.", "Check proxy.type and proxy.port; if they are right, see the proxy's log."),
    _failed("notAProxy", ("proxy", "connect"), "permanent", "Something answers on the proxy's port, but no proxy of the type declared.", "Correct proxy.type or proxy.port."),
    _failed("proxyCredentialMissing", ("proxy",), "permanent", "A user name for the proxy is declared without a password.", "Write password under proxy, or remove username."),
    _failed("proxyCredentialUnusable", ("proxy",), "permanent", "User name or password for the proxy cannot be sent to a proxy of this type.", "Have another user name or password set up at the proxy."),
    _failed("proxyLoginRequired", ("proxy",), "permanent", "The proxy demands a login (HTTP 407 or 401; SOCKS5: no acceptable method).", "Write username and password under proxy."),
    _failed("proxyLoginUnsupported", ("proxy",), "permanent", "The proxy takes no login by user name and password, only something else such as NTLM or Kerberos.", "Have login by password allowed at the proxy, or this machine let through without one."),
    _failed("proxyLoginRejected", ("proxy",), "permanent", "The proxy rejects the user name or the password.", "Correct proxy.username, or the value behind the reference of proxy.password."),
    _failed("proxyForbids", ("connect",), "permanent", "The proxy's rules do not allow a connection to the mail server (SOCKS5 reply 02, HTTP 403).", "Have the mail server's host and port allowed at the proxy."),
    _failed("proxyRequestRefused", ("connect",), "permanent", "The proxy does not carry out the request (SOCKS5 reply 07; HTTP 400, 405 and others).", "Check proxy.type; have CONNECT to the mail server's port allowed at the proxy."),
    _failed("proxyAddressUnsupported", ("proxy", "connect"), "permanent", "The proxy cannot be told this mail server: SOCKS4 knows no IPv6, SOCKS5 reply 08 refuses the kind of address.", "Use a socks5 or http proxy, or turn remoteDns the other way."),
    _failed("proxyCannotConnect", ("connect",), "transient", "The proxy could not connect to the mail server, or finds no host of that name (HTTP 404, 502, 503, 504 and other 5xx; SOCKS5 reply 01; SOCKS4 reply 91).", "Check smtp.host and smtp.port; see the proxy's log."),
    _failed("noAnswerThroughProxy", ("connect",), "transient", "The proxy took the request and did not say within the account's time limit whether it reached the mail server.", "Check smtp.host and smtp.port, and whether the proxy may reach them."),
    # Greeting
    _failed("serverBusy", ("greeting", "tls", *_ENVELOPE), "transient", "The server does not serve this machine for now: a greeting of 421 or another 4xx, a 4xx to EHLO, or, with Postfix, such a reply to RCPT.", "Verify again later; fewer connections at once may help (verification.perServer)."),
    _failed("serverLeaving", _ASKED, "transient", "The server ends the conversation: 421 may answer any command, and is no opinion on name, sender or recipient (RFC 5321 section 3.8).", "Verify again later."),
    _failed("rateLimited", _ASKED, None, "The server limits how many connections or messages it takes at once, or in an hour or a day; or it lets nobody log in for a while after too many failed logins.", "Wait; let fewer things send with this account; fewer connections at once may help (verification.perServer)."),
    _failed("serverTrouble", _ASKED, None, "The server has trouble of its own, such as a failed look-up or a wrong configuration (X.3.x, X.4.x); neither account nor address is at fault.", "Verify again later; if it stays, tell whoever runs the server."),
    _failed("insufficientStorage", _ASKED, None, "The server's own disk or memory is full (452, X.3.1).", "Tell whoever runs the server; verify again later."),
    _failed("serverRefused", ("greeting", "tls", "auth", *_ENVELOPE), "permanent", "The server does not serve this machine: a greeting of 554 or another 5xx (RFC 5321 section 3.1), or, with Postfix, such a reply to RCPT; or it lets nobody log in from this machine's address.", "Have this machine's address allowed, or correct smtp.host."),
    _failed("blockListed", ("greeting", "tls", *_ENVELOPE), None, "The server refuses because of a block list: this machine's address stands on it, or a domain that was named.", "Look the address or domain up at the list that the reply names; a server that one logs in to does not ask lists: declare smtp.authentication."),
    _failed("reverseDnsMissing", ("greeting", "tls", *_ENVELOPE), None, "The server finds no name, or no matching one, for this machine's address in the DNS (X.7.25).", "Have whoever gives this machine its address set a PTR record; or declare smtp.authentication at a submission port (587, 465), where servers do not ask for it."),
    _failed("notSmtp", ("greeting", "tls"), "permanent", "Something answers, but it is no mail server that one submits to: not SMTP at all, or a server that knows neither EHLO nor HELO, such as LMTP.", "Correct smtp.host or smtp.port."),
    CheckCode("starttlsUnused", "warned", ("greeting",), None, "The server offers STARTTLS, and the account declares encryption: none.", "Write encryption: starttls."),
    _failed("implicitTlsPort", ("greeting",), "permanent", "The port expects TLS from the first byte, and the account declares otherwise.", "Write encryption: tls."),
    _failed("helloRefused", ("greeting", "tls", *_ENVELOPE), None, "The server refuses the name that this machine gives in EHLO and HELO; some say so only at MAIL or RCPT.", "Write smtp.heloName with a name that the server accepts."),
    # TLS
    _failed("starttlsNotOffered", ("tls",), "permanent", "The server does not offer STARTTLS; there is no downgrade.", "Correct smtp.port, or ask the provider for the port with encryption."),
    _failed("starttlsRefused", ("tls",), None, "The server offers STARTTLS and refuses it (454: temporarily, RFC 3207 section 4).", "Verify again; if it stays, ask whoever runs the server."),
    _failed("plaintextInjected", ("tls",), "permanent", "Text came between STARTTLS and the handshake: the server is faulty, or somebody interferes.", "Do not use this connection; tell whoever runs the server or network."),
    _failed("plainPort", ("tls",), "permanent", "The account declares implicit TLS, and the port begins in clear text.", "Write encryption: starttls, or the port for implicit TLS, 465."),
    _failed("tlsTooOld", ("tls",), "permanent", "The server speaks no TLS version from 1.2 on.", "Have the server brought up to date."),
    _failed("tlsFailed", ("tls",), "permanent", "The TLS handshake failed.", "Check host and port; ask whoever runs the server."),
    _failed("tlsNoCommonCipher", ("tls",), "permanent", "Server and client have no cipher in common, or the server finds all that is offered too weak.", "Have ECDHE with AES-GCM or ChaCha20 allowed at the server."),
    _failed("clientCertificateRequired", _ASKED, "permanent", "The server demands a certificate of its clients (mutual TLS), in the handshake or, with TLS 1.3, after it, and the account declares none.", "Write smtp.clientCertificate with a certificate that the server takes, and its key; or use another port of the server."),
    _failed("clientCertificateRefused", _ASKED, "permanent", "The server refuses the client's certificate that was presented to it, in the handshake or, with TLS 1.3, after it.", "Have a certificate issued by a CA that the server trusts; the message says what the server objects to."),
    _failed("clientCertificateUnusable", ("tls",), "permanent", "The key of smtp.clientCertificate is none in PEM form, is encrypted or belongs to another certificate; nothing was presented.", "Store the key that the certificate was issued for, without a passphrase."),
    _warned("clientCertificateExpiresSoon", ("tls",), "The client's own certificate ends within 21 days, or has ended and the server does not mind.", "Have it renewed, and put the new one into certFile."),
    _failed("certificateExpired", ("tls",), "permanent", "The server's certificate has ended, or an intermediate or CA on which it rests; the message says which.", "Have that one renewed."),
    _failed("certificateNotYetValid", ("tls",), "permanent", "The server's certificate, or one on which it rests, begins in the future.", "Check this machine's clock; have the certificate replaced."),
    _failed("certificateUnknownIssuer", ("tls",), "permanent", "Nobody that this machine trusts issued the certificate: it is self-signed, the server does not send its intermediate certificates, or the CA is a private one; the message says which.", "Have the server send its whole chain; for a private CA write smtp.caFile with its certificate."),
    _failed("certificateWrongName", ("tls",), "permanent", "The certificate is for other names than smtp.host.", "Write one of the certificate's names as smtp.host."),
    _failed("certificateCommonNameOnly", ("tls",), "permanent", "The certificate has no subject alternative name, and the common name does not count (RFC 9525 section 6.3).", "Have it reissued with the host as its subject alternative name."),
    _failed("certificateNotPinned", ("tls",), "permanent", "The server presents another certificate than the one that smtp.certificate pins.", "If it was renewed, write its fingerprint; ask whoever runs the server, and do not take it from the message alone."),
    _failed("certificateInvalid", ("tls",), "permanent", "The certificate cannot be accepted for another reason.", "Have the certificate replaced."),
    _failed("privateCaUnusable", ("tls",), "permanent", "The file named by smtp.caFile holds no certificate that TLS can use.", "Put the CA's certificate in PEM form into the file."),
    _warned("caFileNotRoot", ("tls",), "The file under smtp.caFile holds an intermediate certificate, or the server's own, and not the root of the CA.", "Put the root's certificate into the file, or pin the server's by smtp.certificate."),
    _warned("certificateExpiresSoon", ("tls",), "The server's certificate, or one on which it rests, ends within 21 days.", "Have the certificate renewed."),
    _warned("certificateWeak", ("tls",), "A certificate has an RSA key under 2048 bits, a short elliptic curve, or a signature with SHA-1.", "Have it replaced; many programs refuse it."),
    _warned("certificateNotStrict", ("tls",), "A certificate lacks what RFC 5280 wants of it, so programs that check strictly refuse it, such as Python from 3.13 on.", "Have it issued anew with what the message names."),
    _warned("tlsCipherOld", ("tls",), "TLS 1.2 with a cipher without forward secrecy or authenticated encryption (RFC 9325 section 4.2).", "Have ECDHE with AES-GCM or ChaCha20 allowed at the server."),
    # Login
    _failed("authNotOffered", ("auth",), "permanent", "The server offers no login on this connection.", "Correct smtp.port (587 or 465), or remove smtp.authentication."),
    _failed("mechanismNotOffered", ("auth",), "permanent", "The server does not offer the mechanism that is declared, or none that is possible here.", "Write a mechanism that the server offers, or auto."),
    _failed("credentialMissing", ("auth",), "permanent", "A login is declared without user name or password.", "Write username and password under smtp.authentication."),
    _failed("credentialUnusable", ("auth",), "permanent", "The mechanism cannot carry the user name or the secret: a control character, a character that SASLprep (RFC 4013) prohibits, something that is no access token, or a token where a password belongs.", "Set them again without such characters, or write another mechanism."),
    _failed("credentialsRejected", ("auth", *_ENVELOPE), "permanent", "User name or password are wrong (535); some servers say so only at MAIL or later.", "Correct username, or the value behind the password's reference."),
    _failed("accessTokenRejected", ("auth",), "permanent", "The server rejects the access token: it has ended, is for another user or lacks the scope (535).", "Get a new token, for this user and with the provider's scope for SMTP."),
    _failed("appPasswordNeeded", ("auth",), "permanent", "The provider takes an app password in place of the account's own.", "Make an app password at the provider, or use OAuth2."),
    _failed("webLoginRequired", ("auth",), "permanent", "The provider has stopped logins by programs until somebody logs in with a browser.", "Log in to the mailbox with a browser once and confirm what is asked."),
    _failed("basicAuthDisabled", ("auth",), "permanent", "The provider has turned off login by password for this mailbox.", "Use OAuth2, or have login by password turned on."),
    _failed("smtpAuthDisabled", ("auth",), "permanent", "The provider has turned off login over SMTP altogether for this mailbox or its organisation; a token does not help.", "Have the administrator allow authenticated SMTP for the mailbox."),
    _failed("forbiddenByPolicy", ("auth",), "permanent", "A security policy of the organisation forbids this login: security defaults or conditional access.", "Have the administrator make an exception, or use OAuth2 with an application that the policy allows."),
    _failed("strongerLoginRequired", ("auth",), "permanent", "The server wants a stronger login than user name and password (534).", "Make an app password at the provider, or use OAuth2."),
    _failed("unexpectedChallenge", ("auth",), "permanent", "During the login the server asks what the mechanism does not provide for: not base64, malformed, or more than there is to answer.", "Write another mechanism; if it stays, tell whoever runs the server."),
    _failed("serverNotAuthentic", ("auth",), "permanent", "The server took the login and could not prove that it knows the password itself (SCRAM, RFC 5802).", "Check that smtp.host is the right server before sending anything through it."),
    _failed("encryptionRequired", ("auth", *_ENVELOPE), None, "The server takes logins or mail over an encrypted connection only (538, 530 with STARTTLS, X.7.10, X.7.11).", "Write encryption: starttls or tls."),
    _failed("mechanismRefused", ("auth",), "permanent", "The server offers the mechanism and then does not know it (504).", "Write another mechanism."),
    _failed("authUnavailable", ("auth",), "transient", "The server cannot check logins at the moment (454 or another 4xx).", "Verify again later."),
    _failed("authRefused", ("auth",), "permanent", "The server refuses the login for another reason.", "See the server's words."),
    _failed("authenticationRequired", ("auth", *_ENVELOPE), None, "The server demands a login first (530, or words to that effect at MAIL, RCPT or DATA).", "Declare smtp.authentication, and encryption: starttls or encryption: tls."),
    # OAuth2 tokens
    _failed("tokenUrlInvalid", ("auth",), "permanent", "The address under oauth2.tokenUrl cannot be used.", "Write an address such as https://login.example.com/token."),
    _failed("tokenHostNotFound", ("auth",), "permanent", "The token endpoint's host name does not exist.", "Correct oauth2.tokenUrl."),
    _failed("tokenHostForbidden", ("auth",), "permanent", "The token endpoint's host is not listed under verification.servers, or leads only to addresses that are never contacted, such as link-local and metadata ones.", "Correct oauth2.tokenUrl, or have the host added to verification.servers."),
    _failed("tokenEndpointUnreachable", ("auth",), "transient", "The token endpoint could not be reached, or did not finish its answer in time.", "Verify again; check oauth2.tokenUrl, and whether a firewall lies between."),
    _failed("tokenTlsFailed", ("auth",), "permanent", "The TLS handshake with the token endpoint failed.", "Check host and port of oauth2.tokenUrl; ask whoever runs the endpoint."),
    _failed("tokenCertificateInvalid", ("auth",), "permanent", "The token endpoint's certificate cannot be accepted.", "Check the host of oauth2.tokenUrl; have the certificate mended, or its CA trusted by this machine."),
    _failed("tokenRedirected", ("auth",), "permanent", "The token endpoint redirects; redirects are not followed, since a secret goes to the declared address alone.", "Write the final address as oauth2.tokenUrl."),
    _failed("tokenRefused", ("auth",), "permanent", "The token endpoint refuses to issue a token (RFC 6749 section 5.2).", "Follow the OAuth2 error: a new refresh token for invalid_grant, the right client for invalid_client."),
    _failed("tokenUnavailable", ("auth",), "transient", "The token endpoint cannot issue tokens at the moment (429, 5xx, temporarily_unavailable).", "Verify again later."),
    _failed("tokenResponseInvalid", ("auth",), "permanent", "The token endpoint's answer is none of OAuth2 (RFC 6749 section 5), or longer than 64 KiB.", "Check that oauth2.tokenUrl is the token endpoint's address."),
    # Envelope and message
    _failed("internationalAddressUnsupported", _ENVELOPE, "permanent", "The address has letters beyond ASCII before the @, and the server does not offer SMTPUTF8 (RFC 6531).", "Use an address in ASCII before the @."),
    _failed("senderRefused", _ENVELOPE, "permanent", "The user may not send from the account's address.", "Correct spec.email or smtp.authentication.username, or have sending as this address allowed."),
    _failed("senderNotVerified", _ENVELOPE, "permanent", "The provider sends only from addresses and domains that were verified with it, and this one was not.", "Verify the address or its domain at the provider, in the region that the host belongs to."),
    _failed("recipientNotVerified", _ENVELOPE, "permanent", "The provider sends to verified addresses only while the account is in its sandbox, and the recipient is none.", "Verify the recipient at the provider, or have the account moved out of the sandbox."),
    _failed("senderDeferred", _ENVELOPE, "transient", "The server does not take the sender at the moment (4xx).", "Verify again later."),
    _failed("senderUnverifiable", _ENVELOPE, None, "The server asked for the sender's address or domain and found none that takes mail (X.1.8, X.7.27; \"Sender verify failed\").", "Correct spec.email; see that its domain has an MX record and the mailbox exists."),
    _failed("accountSuspended", ("auth", *_ENVELOPE), None, "The provider has stopped sending for this account, has not activated it yet, or lets it log in no more.", "Log in to the provider's website; change the password if somebody else may know it, and ask the provider."),
    _failed("spfRefused", _ENVELOPE, None, "The server holds the SPF record of the sender's domain against this machine (X.7.23, X.7.24).", "Send through the domain's own server: declare smtp.authentication; or have this machine's address added to the record."),
    _failed("domainAuthenticationFailed", _ENVELOPE, None, "The server demands SPF, DKIM or DMARC that pass for the sender's domain, and they do not (X.7.20 to X.7.22, X.7.26, X.7.29).", "Send through a server that signs for the domain; see the checks spf, dkim and dmarc."),
    _failed("policyRefused", _ENVELOPE, None, "A rule of the server refuses, and its words do not say whether sender, recipient, message or this machine is meant.", "Ask whoever runs the server, with its words."),
    _failed("commandRefused", _ENVELOPE, None, "The server does not take the command as it was sent or at this place (500 to 504, 555, X.5.x).", "Check smtp.host and smtp.port; ask whoever runs the server."),
    _failed("relayingDenied", _ENVELOPE, None, "The server does not send to foreign addresses for this connection; usually nobody is logged in.", "Declare smtp.authentication, or have this machine or this user allowed."),
    _failed("recipientRefused", _ENVELOPE, "permanent", "The server does not take the address.", "Correct the operator's address; where no login is declared, declare smtp.authentication first."),
    _failed("mailboxFull", _ENVELOPE, None, "The recipient's mailbox is full (X.2.2).", "Have the mailbox emptied, or write another operator."),
    _failed("greylisted", _ENVELOPE, "transient", "The server puts off mail from machines that it does not know yet (greylisting).", "Verify again in some minutes."),
    _failed("recipientDeferred", ("recipient", "message"), "transient", "The server does not take the address at the moment.", "Verify again in some minutes."),
    _failed("operatorMissing", ("message",), "permanent", "The test message needs an address to go to.", "Write operator: {email: you@example.com} into reconciler.yaml, or use --operator."),
    _failed("representativeFailed", ("message",), "transient", "The test message that was to stand for this account, as verification.message has it, was not taken by the server.", "Mend what the message names; it is told with the account that sent it too."),
    _failed("messageTooLarge", _ENVELOPE, "permanent", "The server finds the test message too large (552, X.2.3, X.3.4).", "Look for a full mailbox or a tiny limit at the server."),
    _failed("messageRefused", _ENVELOPE, "permanent", "The server refuses the test message (554 or another 5xx).", "See the server's words."),
    _failed("spamSuspected", _ENVELOPE, None, "The server takes the message, its sender or this machine for a source of spam.", "Ask the provider, with its words; see the checks of the domain."),
    _failed("messageDeferred", ("sender", "recipient", "message"), "transient", "The server does not take the message at the moment (4xx).", "Verify again later."),
    _failed("unknownDelivery", ("message",), "transient", "The connection was lost after the message was sent and before the server confirmed it: it may have arrived.", "Look into the operator's mailbox before verifying again."),
    # Domains, any check
    _failed("domainNotFound", DOMAIN_CHECKS, "permanent", "The domain of the address does not exist in the DNS.", "Correct the address, or register the domain."),
    _failed("dnsTimedOut", DOMAIN_CHECKS, "transient", "The name servers did not answer in time: 3 seconds a question, 10 a domain, within the whole run's limit.", "Verify again; check verification.nameservers and this machine's network."),
    _failed("dnsFailed", DOMAIN_CHECKS, "transient", "The name servers gave no usable answer, such as SERVFAIL or REFUSED.", "Verify again; look for broken DNSSEC or a dead name server of the domain."),
    _failed("nameserverForbidden", DOMAIN_CHECKS, "permanent", "All of this machine's name servers have addresses that are never contacted, such as link-local and metadata ones.", "Write verification.nameservers."),
    _failed("noNameservers", DOMAIN_CHECKS, "transient", "This machine has no name servers configured.", "Write verification.nameservers."),
    # SPF (RFC 7208)
    _failed("spfMissing", ("spf",), "permanent", "The domain has no SPF record.", "Add a TXT record that begins with v=spf1, as the mail provider gives it."),
    _failed("spfUnrecognised", ("spf",), "permanent", "A TXT record is meant to be SPF, and receivers do not see it as that: no space after v=spf1, quotation marks in the text, another version (section 4.5).", "Correct that record; do not add a second one."),
    _failed("spfSeveral", ("spf",), "permanent", "The domain has more than one SPF record, which is an error (section 4.5).", "Merge them into one."),
    _failed("spfSyntax", ("spf",), "permanent", "The record has a syntax error, which makes all of it invalid (section 4.6).", "Correct the part that the message names."),
    _failed("spfTooManyLookups", ("spf",), "permanent", "The record takes more than 10 DNS look-ups, or an mx in it leads to more than 10 MX records (section 4.6.4).", "Remove what is not needed, or write ip4: and ip6: instead."),
    _failed("spfTooManyVoidLookups", ("spf",), "permanent", "The record asks for more than 2 names that do not exist (section 4.6.4).", "Remove them."),
    _failed("spfIncludeBroken", ("spf",), "permanent", "An include or redirect leads to a domain without one valid SPF record (sections 5.2 and 6.1).", "Correct or remove it."),
    _failed("spfLoop", ("spf",), "permanent", "The record includes itself, directly or through others.", "Remove one of the includes."),
    _failed("spfAllowsAll", ("spf",), "permanent", "The record lets every server in the world send: +all, or a network of prefix length 0.", "Write -all."),
    _failed("spfAllowsNobody", ("spf",), "permanent", "The record lets no server send at all.", "Add the provider before -all."),
    _failed("spfJoined", ("spf",), "permanent", "Two terms became one where the strings of the record were joined, which receivers do without a space (section 3.3).", "Put the space within the quotation marks of one string."),
    _warned("spfIgnoredTerm", ("spf",), "A mechanism is written with =, which makes it an unknown modifier, and receivers pass over it (section 6).", "Write a colon instead."),
    _warned("spfNearLimit", ("spf",), "The record takes 9 or 10 of at most 10 DNS look-ups.", "Remove what is not needed."),
    _warned("spfNeutral", ("spf",), "The record ends with ?all, which says nothing about other servers.", "Write -all or ~all."),
    _warned("spfNoAll", ("spf",), "The record has neither all nor redirect at its end.", "Add -all."),
    _warned("spfUsesPtr", ("spf",), "The record uses ptr, which should not be used (section 5.5).", "Write a, mx, ip4: or ip6: instead."),
    # DKIM (RFC 6376, 8301, 8463)
    _failed("dkimKeyMissing", ("dkim",), "permanent", "There is no key at a selector that reconciler.yaml declares.", "Publish the key, or correct domains.DOMAIN.dkimSelectors."),
    _failed("dkimSeveralKeys", ("dkim",), "permanent", "There are several TXT records at the selector, and receivers may take any.", "Keep the key alone."),
    _failed("dkimKeyInvalid", ("dkim",), "permanent", "The record is no key: wrong syntax, no p=, not base64, or not a key of its type.", "Publish it again exactly as the provider gives it."),
    _failed("dkimKeyRevoked", ("dkim",), "permanent", "The key's p= is empty, which revokes it.", "Sign with another selector."),
    _failed("dkimKeyTooShort", ("dkim",), "permanent", "An RSA key under 1024 bits, which receivers refuse (RFC 8301).", "Make a key of 2048 bits."),
    _failed("dkimKeyTypeUnknown", ("dkim",), "permanent", "The key's k= is neither rsa nor ed25519.", "Publish a key of one of these types."),
    _failed("dkimKeyRestricted", ("dkim",), "permanent", "The key's h= leaves out sha256, or its s= leaves out email.", "Remove h= or s= from the record."),
    _warned("dkimKeyShort", ("dkim",), "An RSA key under the recommended 2048 bits.", "Make a key of 2048 bits."),
    _warned("dkimTesting", ("dkim",), "The key says t=y: signatures are being tested.", "Remove t=y when signing works."),
    # DMARC (RFC 9989)
    _failed("dmarcMissing", ("dmarc",), "permanent", "Neither the domain nor one above it, up to the limit of the tree walk, has a DMARC record.", "Add a TXT record at _dmarc.DOMAIN, beginning with p=none and an address for reports."),
    _failed("dmarcSeveral", ("dmarc",), "permanent", "There are several records at one name, so receivers ignore them all.", "Keep one."),
    _failed("dmarcInvalid", ("dmarc",), "permanent", "Receivers cannot follow the policy: the record does not begin with v=DMARC1; or p, sp or np has a value that it does not take.", "Correct the part that the message names."),
    _warned("dmarcIgnoredPart", ("dmarc",), "A part of the record is no tag=value, no tag of DMARC, or a value that the tag does not take; receivers pass over it, and the rest holds (section 4.8).", "Correct it or take it out."),
    _warned("dmarcPolicyNone", ("dmarc",), "The policy is none: receivers do nothing about forged mail.", "Write p=quarantine or p=reject when the reports look right."),
    _warned("dmarcTesting", ("dmarc",), "The record says t=y: receivers act one step more mildly.", "Remove t=y when the reports look right."),
    _warned("dmarcRemovedTag", ("dmarc",), "The record has pct, rf or ri, which RFC 9989 removed.", "Take them out."),
    _warned("dmarcReportAddressInvalid", ("dmarc",), "An address under rua or ruf is not of the form mailto:name@domain.", "Correct it."),
    # SPF and the server that is used
    _warned("spfServerUnlisted", ("spfServer",), "The SPF record does not let the server's own addresses send, which matters where mail leaves from there.", "Add the addresses that mail leaves from."),
    _warned("spfProviderMissing", ("spfServer",), "The account sends over a known provider, and the SPF record does not let it send.", "Add the provider's include."),
    # MTA-STS (RFC 8461) and TLS-RPT (RFC 8460)
    _warned("mtaStsInvalid", ("mtaSts",), "The TXT record at _mta-sts.DOMAIN is not valid, or there are several: senders act as if there were none.", "Correct it: v=STSv1; id=DIGITS."),
    _warned("mtaStsUnreachable", ("mtaSts",), "The policy that the record announces cannot be had from https://mta-sts.DOMAIN/.well-known/mta-sts.txt.", "Serve it there, with a certificate for that name and without a redirect."),
    _warned("mtaStsPolicyInvalid", ("mtaSts",), "The policy file is not valid (section 3.2).", "Correct the line that the message names."),
    _warned("mtaStsMxUnlisted", ("mtaSts",), "A mail server of the domain is missing in its policy: senders that heed an enforced policy do not deliver there.", "Add an mx: line, and change the record's id."),
    _warned("tlsRptInvalid", ("tlsRpt",), "The TXT record at _smtp._tls.DOMAIN is not valid, or there are several: no reports are sent.", "Correct it: v=TLSRPTv1; rua=mailto:ADDRESS."),
    # DANE (RFC 6698, 7672)
    _warned("daneNotValidated", ("dane",), "The server has TLSA records, and the name servers do not say that they validated them (DNSSEC): nobody can rely on them.", "Sign the zone; or name a validating resolver under verification.nameservers."),
    _warned("daneUnusable", ("dane",), "No TLSA record has a usage, selector and matching type that programs for mail use, and data of their length.", "Publish 3 1 1 with the SHA-256 of the certificate's key."),
    _warned("daneMismatch", ("dane",), "No TLSA record fits the certificate that the server presented: programs that heed DANE do not connect.", "Publish the new key's record before the certificate changes."),
    # Receiving (RFC 5321 section 5.1, RFC 7505)
    _failed("mxMissing", _RECEIVING, "permanent", "The domain has neither MX record nor address: bounces or replies cannot arrive.", "Add an MX record, or write another address."),
    _failed("mxNull", _RECEIVING, "permanent", "The domain declares by a null MX that it takes no mail.", "Replace it, or write another address."),
    _failed("mxUnusable", _RECEIVING, "permanent", "No MX record leads to a host with an address.", "Point it to the mail server's host name."),
    _warned("mxImplicit", _RECEIVING, "The domain has no MX record, so mail goes to its IP address.", "Add an MX record."),
    _warned("mxTargetBroken", _RECEIVING, "Some MX records lead to no host, to an IP address, or to a host without address.", "Correct or remove them."),
    _warned("mxTargetAlias", _RECEIVING, "An MX record points to an alias (CNAME) (RFC 2181 section 10.3).", "Name the host itself."),
)  # fmt: skip

CHECK_CODES: dict[str, CheckCode] = {code.name: code for code in _TABLE}
