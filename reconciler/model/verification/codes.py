"""Every code that a check of a verification can carry: where it occurs, its class, its cause and its cure.

A code never changes its meaning; a new meaning gets a new code. The reference page of checks is generated from
this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
    _skipped("notDeclared", "The account declares nothing that this check could look at.", "Nothing to do.", ("dns", "proxy", "tls", "auth")),
    _skipped("beyondDepth", "The verification was not asked to go this far.", "Verify with a greater --depth.", (*CONVERSATION, *DOMAIN_CHECKS)),
    _skipped("earlierFailure", "A check before this one failed or was withheld, or a secret that the conversation needs is missing.", "Mend that one first."),
    _skipped("withheld", "The credential must not travel this way: the route is not known or granted, or the connection is not encrypted.", "Have the grant added, or write encryption: starttls or tls.", ("proxy", "auth")),
    _skipped("serverDown", "Several accounts in a row could not connect to this server, or had no answer, so the others were not tried.", "Verify again when the server can be reached."),
    _skipped("unknownDestination", "verification.servers in the project file does not list the host, so nothing was contacted.", "Correct the host, or have it added to verification.servers."),
    _skipped("deadline", "The time of the whole run was used up before this account's turn.", "Verify again, or raise verification.deadlineSeconds."),
    # A secret that the conversation needs; nothing was contacted
    _failed("secretMissing", ("proxy", "auth"), "permanent", "The variable, file or key that a reference names does not exist or cannot be read where the command runs.", "Set the variable or write the file there; or leave the account out."),
    _failed("secretInvalid", ("proxy", "auth"), "permanent", "The secret is empty, is not text, or holds a control character such as a line break.", "Set it again, to the bare value."),
    _failed("secretSourceFailed", ("proxy", "auth"), "permanent", "The secret's source could not be run, or gave nothing usable.", "Run the source's command yourself; see the message."),
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
    _failed("proxyRequestRefused", ("connect",), "permanent", "The proxy does not carry out the request (SOCKS5 reply 07; HTTP 400, 404, 405 and others).", "Check proxy.type; have CONNECT to the mail server's port allowed at the proxy."),
    _failed("proxyAddressUnsupported", ("proxy", "connect"), "permanent", "The proxy cannot be told this mail server: SOCKS4 knows no IPv6, SOCKS5 reply 08 refuses the kind of address, a name is longer than 127 octets.", "Use a socks5 or http proxy, or turn remoteDns the other way."),
    _failed("proxyCannotConnect", ("connect",), "transient", "The proxy could not connect to the mail server (HTTP 502, 503, 504 and other 5xx; SOCKS5 reply 01; SOCKS4 reply 91).", "Check smtp.host and smtp.port; see the proxy's log."),
    _failed("noAnswerThroughProxy", ("connect",), "transient", "The proxy took the request and did not say within the account's time limit whether it reached the mail server.", "Check smtp.host and smtp.port, and whether the proxy may reach them."),
    # Greeting
    _failed("serverBusy", ("greeting", "recipient"), "transient", "The server does not serve this machine for now: a greeting of 421 or another 4xx, or, with Postfix, such a reply to RCPT.", "Verify again later; fewer connections at once may help (verification.perServer)."),
    _failed("serverRefused", ("greeting", "recipient"), "permanent", "The server does not serve this machine: a greeting of 554 or another 5xx (RFC 5321 section 3.1), or, with Postfix, such a reply to RCPT.", "Have this machine's address allowed, or correct smtp.host."),
    _failed("notSmtp", ("greeting",), "permanent", "Something answers, but it is no mail server.", "Correct smtp.host or smtp.port."),
    _failed("implicitTlsPort", ("greeting",), "permanent", "The port expects TLS from the first byte, and the account declares otherwise.", "Write encryption: tls."),
    _failed("helloRefused", ("greeting", "tls", "recipient"), None, "The server refuses EHLO and HELO.", "Write smtp.heloName with a name that the server accepts."),
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
    # Login
    _failed("authNotOffered", ("auth",), "permanent", "The server offers no login on this connection.", "Correct smtp.port (587 or 465), or remove smtp.authentication."),
    _failed("mechanismNotOffered", ("auth",), "permanent", "The server does not offer the mechanism that is declared, or none that is possible here.", "Write a mechanism that the server offers, or auto."),
    _failed("credentialMissing", ("auth",), "permanent", "A login is declared without user name or password.", "Write username and password under smtp.authentication."),
    _failed("credentialUnusable", ("auth",), "permanent", "The mechanism cannot carry the user name or the secret: a control character, a character that SASLprep (RFC 4013) prohibits, something that is no access token, or a token where a password belongs.", "Set them again without such characters, or write another mechanism."),
    _failed("credentialsRejected", ("auth",), "permanent", "User name or password are wrong (535).", "Correct username, or the value behind the password's reference."),
    _failed("accessTokenRejected", ("auth",), "permanent", "The server rejects the access token: it has ended, is for another user or lacks the scope (535).", "Get a new token, for this user and with the provider's scope for SMTP."),
    _failed("appPasswordNeeded", ("auth",), "permanent", "The provider takes an app password in place of the account's own.", "Make an app password at the provider, or use OAuth2."),
    _failed("webLoginRequired", ("auth",), "permanent", "The provider has stopped logins by programs until somebody logs in with a browser.", "Log in to the mailbox with a browser once and confirm what is asked."),
    _failed("basicAuthDisabled", ("auth",), "permanent", "The provider has turned off login by password for this mailbox.", "Use OAuth2, or have login by password turned on."),
    _failed("smtpAuthDisabled", ("auth",), "permanent", "The provider has turned off login over SMTP altogether for this mailbox or its organisation; a token does not help.", "Have the administrator allow authenticated SMTP for the mailbox."),
    _failed("forbiddenByPolicy", ("auth",), "permanent", "A security policy of the organisation forbids this login: security defaults or conditional access.", "Have the administrator make an exception, or use OAuth2 with an application that the policy allows."),
    _failed("strongerLoginRequired", ("auth",), "permanent", "The server wants a stronger login than user name and password (534).", "Make an app password at the provider, or use OAuth2."),
    _failed("unexpectedChallenge", ("auth",), "permanent", "During the login the server asks what the mechanism does not provide for: not base64, malformed, or more than there is to answer.", "Write another mechanism; if it stays, tell whoever runs the server."),
    _failed("serverNotAuthentic", ("auth",), "permanent", "The server took the login and could not prove that it knows the password itself (SCRAM, RFC 5802).", "Check that smtp.host is the right server before sending anything through it."),
    _failed("encryptionRequired", ("auth",), "permanent", "The server takes this login over an encrypted connection only (538).", "Write encryption: starttls or tls."),
    _failed("mechanismRefused", ("auth",), "permanent", "The server offers the mechanism and then does not know it (504).", "Write another mechanism."),
    _failed("authUnavailable", ("auth",), "transient", "The server cannot check logins at the moment (454 or another 4xx).", "Verify again later."),
    _failed("authRefused", ("auth",), "permanent", "The server refuses the login for another reason.", "See the server's words."),
    _failed("authenticationRequired", ("auth", *_ENVELOPE), "permanent", "The server demands a login or encryption first (530).", "Declare smtp.authentication, and encryption: starttls or tls."),
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
    _failed("senderDeferred", ("sender", "recipient"), "transient", "The server does not take the sender at the moment (4xx).", "Verify again later."),
    _failed("relayingDenied", ("recipient",), "permanent", "The server does not send to foreign addresses for this connection; usually nobody is logged in.", "Declare smtp.authentication, or have this machine allowed."),
    _failed("recipientRefused", ("recipient",), "permanent", "The server does not take the address.", "Correct the operator's address."),
    _failed("recipientDeferred", ("recipient",), "transient", "The server does not take the address at the moment; greylisting does that.", "Verify again in some minutes."),
    _failed("operatorMissing", ("message",), "permanent", "The test message needs an address to go to.", "Write operator: {email: you@example.com} into reconciler.yaml, or use --operator."),
    _failed("messageTooLarge", ("message",), "permanent", "The server finds the test message too large (552).", "Look for a full mailbox or a tiny limit at the server."),
    _failed("messageRefused", ("message",), "permanent", "The server refuses the test message (554 or another 5xx).", "See the server's words."),
    _failed("messageDeferred", ("message",), "transient", "The server does not take the message at the moment (4xx).", "Verify again later."),
    _failed("unknownDelivery", ("message",), "transient", "The connection was lost after the message was sent and before the server confirmed it: it may have arrived.", "Look into the operator's mailbox before verifying again."),
    # Domains, any check
    _failed("domainNotFound", DOMAIN_CHECKS, "permanent", "The domain of the address does not exist in the DNS.", "Correct the address, or register the domain."),
    _failed("dnsTimedOut", DOMAIN_CHECKS, "transient", "The name servers did not answer in time: 3 seconds a question, 10 a domain, within the whole run's limit.", "Verify again; check verification.nameservers and this machine's network."),
    _failed("dnsFailed", DOMAIN_CHECKS, "transient", "The name servers gave no usable answer, such as SERVFAIL or REFUSED.", "Verify again; look for broken DNSSEC or a dead name server of the domain."),
    _failed("nameserverForbidden", DOMAIN_CHECKS, "permanent", "All of this machine's name servers have addresses that are never contacted, such as link-local and metadata ones.", "Write verification.nameservers."),
    _failed("noNameservers", DOMAIN_CHECKS, "transient", "This machine has no name servers configured.", "Write verification.nameservers."),
    # SPF (RFC 7208)
    _failed("spfMissing", ("spf",), "permanent", "The domain has no SPF record.", "Add a TXT record that begins with v=spf1, as the mail provider gives it."),
    _failed("spfSeveral", ("spf",), "permanent", "The domain has more than one SPF record, which is an error (section 4.5).", "Merge them into one."),
    _failed("spfSyntax", ("spf",), "permanent", "The record has a syntax error, which makes all of it invalid (section 4.6).", "Correct the part that the message names."),
    _failed("spfTooManyLookups", ("spf",), "permanent", "The record takes more than 10 DNS look-ups, or an mx in it leads to more than 10 MX records (section 4.6.4).", "Remove what is not needed, or write ip4: and ip6: instead."),
    _failed("spfTooManyVoidLookups", ("spf",), "permanent", "The record asks for more than 2 names that do not exist (section 4.6.4).", "Remove them."),
    _failed("spfIncludeBroken", ("spf",), "permanent", "An include or redirect leads to a domain without one valid SPF record (sections 5.2 and 6.1).", "Correct or remove it."),
    _failed("spfLoop", ("spf",), "permanent", "The record includes itself, directly or through others.", "Remove one of the includes."),
    _failed("spfAllowsAll", ("spf",), "permanent", "The record lets every server in the world send: +all, or a network of prefix length 0.", "Write -all."),
    _failed("spfAllowsNobody", ("spf",), "permanent", "The record lets no server send at all.", "Add the provider before -all."),
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
    _failed("dmarcInvalid", ("dmarc",), "permanent", "The record has a syntax error, or a tag a value that it does not take.", "Correct the part that the message names."),
    _warned("dmarcPolicyNone", ("dmarc",), "The policy is none: receivers do nothing about forged mail.", "Write p=quarantine or p=reject when the reports look right."),
    _warned("dmarcTesting", ("dmarc",), "The record says t=y: receivers act one step more mildly.", "Remove t=y when the reports look right."),
    _warned("dmarcRemovedTag", ("dmarc",), "The record has pct, rf or ri, which RFC 9989 removed.", "Take them out."),
    _warned("dmarcReportAddressInvalid", ("dmarc",), "An address under rua or ruf is not of the form mailto:name@domain.", "Correct it."),
    # Receiving (RFC 5321 section 5.1, RFC 7505)
    _failed("mxMissing", _RECEIVING, "permanent", "The domain has neither MX record nor address: bounces or replies cannot arrive.", "Add an MX record, or write another address."),
    _failed("mxNull", _RECEIVING, "permanent", "The domain declares by a null MX that it takes no mail.", "Replace it, or write another address."),
    _failed("mxUnusable", _RECEIVING, "permanent", "No MX record leads to a host with an address.", "Point it to the mail server's host name."),
    _warned("mxImplicit", _RECEIVING, "The domain has no MX record, so mail goes to its IP address.", "Add an MX record."),
    _warned("mxTargetBroken", _RECEIVING, "Some MX records lead to no host, to an IP address, or to a host without address.", "Correct or remove them."),
    _warned("mxTargetAlias", _RECEIVING, "An MX record points to an alias (CNAME) (RFC 2181 section 10.3).", "Name the host itself."),
)  # fmt: skip

CHECK_CODES: dict[str, CheckCode] = {code.name: code for code in _TABLE}
