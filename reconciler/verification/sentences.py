"""What a check says to people: one sentence for each fault, with what was seen and what to do.

The keys of the tables are codes of ``model.check_codes``; a completeness test holds the two together. Whatever comes
from a server reaches a sentence cleaned, masked and cut.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.rules.verification.unasked import BEYOND_DEPTH
from reconciler.verification.certificates import told_of_client
from reconciler.verification.tokensentences import TOKEN_SENTENCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.verification.evidence import CheckName
    from reconciler.smtp.faults import SmtpFault
    from reconciler.verification.target import Target

_MAX_FACT = 400
_MAX_SAID = 500
"""Of an identity provider's words, with those around them: they are shown whole, and were cut where they came in."""

_TIMED_OUT: dict[CheckName, str] = {
    "dns": "The name servers did not answer for {host} within {timeout} seconds. Verify again, and check this machine's name servers.",
    "connect": "{server} did not answer within {timeout} seconds. Check smtp.host and smtp.port, and whether a firewall lies between.{port_hint}",
    "greeting": "{server} took the connection and said nothing within {timeout} seconds. Check smtp.port, or verify again later.",
    "tls": "{server} did not finish the TLS handshake within {timeout} seconds. Verify again; if it stays, check smtp.port.",
    "message": "{server} did not take the test message within {timeout} seconds. Verify again later, or raise verification.timeoutSeconds: the message may take three times as long as the rest.",
}

_SENTENCES = {
    # Anywhere
    "timedOut": "{server} did not finish its answer within {timeout} seconds, the account's time limit. Verify again; if it stays, raise verification.timeoutSeconds or ask whoever runs the server.",
    "timedOut:unfinished": "{server} began an answer and did not finish it within {timeout} seconds, the account's time limit.{reply} Verify again; if it stays, raise verification.timeoutSeconds or ask whoever runs the server.",
    "timedOut:hello": "{server} greeted, and did not answer EHLO within {timeout} seconds, the account's time limit. Verify again; if it stays, raise verification.timeoutSeconds or ask whoever runs the server.",
    "timedOut:starttls": "{server} offers STARTTLS, and did not answer it within {timeout} seconds, the account's time limit. Verify again; if it stays, raise verification.timeoutSeconds or ask whoever runs the server.",
    "connectionLost": "{server} closed the connection in the middle of the conversation{or_proxy}.{reply} Verify again; if it stays, ask whoever runs the server.",
    "connectionLost:silent": "{server} closed the connection without having said a word{or_proxy}. Verify again; if it stays, check smtp.port, and ask whoever runs the server whether it serves this machine's address.",
    "connectionLost:handshake": "{server} closed the connection in the TLS handshake, without saying why{or_proxy}. Verify again; if it stays, check smtp.host and smtp.port, and ask whoever runs the server, whose log says more.",
    "connectionLost:afterTls": "{server} closed the connection right after the TLS handshake, without a word{or_proxy}. Verify again; if it stays, ask whoever runs the server whether {about_certificates}.",
    "invalidReply": '{server} answered with something that is no SMTP reply: "{sample}". Check that smtp.host and smtp.port are those of a mail server.',
    "invalidReply:misplaced": '{server} answered with "{sample}", which is no answer to the command that it was sent (RFC 5321 section 4.3.2), so it does not count. Verify again; if it stays, ask whoever runs the server, and check that nothing between changes what it says.',
    "invalidReply:mixed": '{server} began a reply with one code and went on with another ("{sample}"), so it cannot be told which one holds (RFC 5321 section 4.2.1). Ask whoever runs the server, and check that nothing between changes what it says.',
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
    "proxyConnectionLost:silent": "The {proxy} closed the connection without a word, so {server} was not reached. Check proxy.type and proxy.port; if they are right, check smtp.host and smtp.port, and see the proxy's log.",
    "proxyConnectionLost:asked": "The {proxy} took the request to connect to {server}, and closed the connection without a reply: some proxies do so where they cannot reach a host (ssh -D is one). Check smtp.host and smtp.port; if they are right, see the proxy's log.",
    "notAProxy": "What answers in place of the {proxy} is no {proxy_type} proxy, so {server} was not reached.{proxy_reply} Correct proxy.type or proxy.port.",
    "notAProxy:http": "What answers in place of the {proxy} speaks HTTP, so {server} was not reached.{proxy_reply} Write type: http under proxy, or correct proxy.port.",
    "notAProxy:tls": "What answers in place of the {proxy} speaks TLS, which no proxy is asked by here, so {server} was not reached. Write proxy.port as the port at which the proxy takes requests without TLS.",
    "notAProxy:noConnect": "What answers in place of the {proxy} is a web server that knows no CONNECT, and no proxy, so {server} was not reached.{proxy_reply} Correct proxy.host or proxy.port.",
    "notAProxy:socks5": "What answers in place of the {proxy} speaks SOCKS5, so {server} was not reached. Write type: socks5 under proxy.",
    "notAProxy:socks4": "What answers in place of the {proxy} speaks SOCKS4, so {server} was not reached. Write type: socks4 under proxy.",
    "notAProxy:socks": "What answers in place of the {proxy} seems to speak SOCKS, so {server} was not reached. Write type: socks5 or type: socks4 under proxy, or correct proxy.port.",
    "notAProxy:endless": "The {proxy} sent a longer reply than any proxy does, so reading stopped and {server} was not reached.{proxy_reply} Check proxy.host and proxy.port.",
    "proxyCredentialMissing": "A user name for the {proxy} is declared without a password, so {server} was not asked for. Write password under proxy, or remove username.",
    "proxyCredentialUnusable": "The login at the {proxy}, on the way to {server}, cannot be sent: {reason}. Have another user name or password set up at the proxy.",
    "proxyLoginRequired": "The {proxy} lets nobody through to {server} without a login.{proxy_reply} Write username and password under proxy.",
    "proxyLoginUnsupported": "The {proxy}, on the way to {server}, takes no login by user name and password.{proxy_reply} Have that allowed at the proxy, or this machine let through without a login.",
    "proxyLoginRejected": "The {proxy} rejects the login, so {server} was not reached.{proxy_reply} Correct proxy.username, or the value that the reference under proxy.password leads to.",
    "proxyLoginRejected:closed": "The {proxy} closed the connection when it was told user name and password, so {server} was not reached; usually that means that it rejects them. Correct proxy.username, or the value that the reference under proxy.password leads to.",
    "proxyForbids": "The {proxy}, not the mail server, refuses: its rules do not allow a connection to {server}.{proxy_reply} Have that host and port allowed at the proxy.",
    "proxyRequestRefused": "The {proxy}, not the mail server, refuses the connection to {server}.{proxy_reply} Check proxy.type, proxy.host and proxy.port: a web server that is no proxy answers so, too; if they are right, have CONNECT to that port allowed at the proxy.",
    "proxyAddressUnsupported": "The {proxy} cannot be told the address of {server}.{proxy_reply} Write smtp.host as a name, or use another proxy.",
    "proxyAddressUnsupported:ipv6": "SOCKS4 knows no IPv6, and {server} has IPv6 addresses only, so the {proxy} was not asked for it. Use a socks5 or http proxy, or smtp.host with an IPv4 address.",
    "proxyCannotConnect": "The {proxy} could not connect to {server}: it finds no such host, or that does not take the connection.{proxy_reply} Check smtp.host and smtp.port; if they are right, the proxy's log says more.",
    "proxyCannotConnect:noSuchHost": "The {proxy} finds no host {host}, so {server} was not reached.{proxy_reply} Correct smtp.host; if the name is known to this machine alone, write remoteDns: false under proxy.",
    "proxyCannotConnect:unanswered": "The {proxy} had no answer from {server}.{proxy_reply} Check smtp.host and smtp.port, and whether a firewall lies behind the proxy.",
    "proxyCannotConnect:socks4a": "The {proxy} could not connect to {server}.{proxy_reply} Not every SOCKS4 proxy can look names up (4a): write remoteDns: false or type: socks5 under proxy. If that does not help, check smtp.host and smtp.port.",
    "noAnswerThroughProxy": "The {proxy} did not say within {timeout} seconds whether it reached {server}: either {server} does not answer it, or the proxy hangs. Check smtp.host and smtp.port, and whether a firewall lies behind the proxy.",
    # Greeting
    "serverBusy": "{server} does not serve this machine for now.{reply} Verify again later; if many accounts use this server, lower verification.perServer.",
    "serverLeaving": "{server} ends the conversation for now: by 421 a server says that it must leave, whatever command that answers (RFC 5321 section 3.8), and nothing about a name, a sender or a recipient unless its words do.{reply} Verify again later.",
    "rateLimited": "{server} limits how much it takes.{reply} Wait before verifying again, and let fewer things send through it at once; if many accounts use this server, lower verification.perServer.",
    "rateLimited:logins": "{server} lets nobody log in for a while, after too many failed logins.{reply} Wait as long as it says before verifying again, and find what logs in with a wrong password meanwhile; each attempt may make the lock longer.",
    "serverTrouble": "{server} has trouble of its own; neither the account nor an address is at fault.{reply} Verify again later; if it stays, tell whoever runs the server.",
    "insufficientStorage": "{server} has no room left on its own disk or in its memory.{reply} Tell whoever runs the server, and verify again later.",
    "blockListed": "{server} refuses because of a block list.{reply} Look this machine's address and the domain of {sender} up in the list that its words name, else ask whoever runs the server which it is, and ask for removal there{or_login}.",
    "reverseDnsMissing": "{server} finds no name for this machine's address in the DNS, or none that leads back to it.{reply} Have whoever gives this machine its address set a PTR record{or_login}.",
    "serverRefused:login": "{server} lets nobody log in from this machine's address.{reply} Have the address or its country allowed there, or go through a proxy that is.",
    "serverRefused": "{server} refuses to serve this machine.{reply} Have this machine's address allowed there, or correct smtp.host{or_login}.",
    "notSmtp": '{kind_of_server} answers on {server}, not a mail server: "{sample}". Correct smtp.host or smtp.port{or_page}.',
    "implicitTlsPort": "Port {port} of {host} speaks TLS from the first byte (implicit TLS, RFC 8314), but the account declares encryption: {encryption}. Write encryption: tls.",
    "helloRefused": "{server} does not accept the name that this machine gives in EHLO.{reply} Write smtp.heloName with a host name that the server accepts.",
    "notSmtp:hello": "{kind_of_server} answers on {server}: it knows neither EHLO nor HELO, so it is no mail server that one submits to.{reply} Correct smtp.port (587 or 465), or smtp.host.",
    # TLS
    "starttlsNotOffered:noEhlo": "{server} does not offer STARTTLS, and nothing is sent without the encryption declared: it refused EHLO, and took HELO alone.{reply} If it objects to this machine or its name, have the machine allowed there, or write smtp.heloName; if it knows no EHLO, correct smtp.port (587 or 465).",
    "starttlsNotOffered": "{server} does not offer STARTTLS, and nothing is sent without the encryption declared. Correct smtp.port (587 is usual), or write encryption: tls if the provider has port 465.",
    "starttlsRefused": "{server} offers STARTTLS and then refuses it.{reply} Verify again; if it stays, ask whoever runs the server.",
    "plaintextInjected": 'Clear text arrived between STARTTLS and the TLS handshake ("{sample}"), so the connection was given up: the server is faulty or somebody interferes (RFC 3207 section 4.2). Tell whoever runs the server.',
    "plainPort:starttls": "Port {port} of {host} speaks STARTTLS, but the account declares encryption: tls. Write encryption: starttls, or port: 465 if the provider has implicit TLS.",
    "plainPort:none": "Port {port} of {host} begins in clear text and offers no STARTTLS, but the account declares encryption: tls. Correct smtp.port; implicit TLS is usually on port 465.",
    "plainPort": "Port {port} of {host} does not speak TLS from the first byte, but the account declares encryption: tls. Correct smtp.host or smtp.port; implicit TLS is usually on port 465, and STARTTLS (encryption: starttls) on 587.",
    "tlsTooOld": "{server} speaks no TLS version from 1.2 on ({reason}). Have the server brought up to date.",
    "tlsFailed": "The TLS handshake with {server} failed ({reason}). Check smtp.host and smtp.port; if they are right, ask whoever runs the server.",
    "tlsNoCommonCipher": "{server} and this program have no cipher in common ({reason}). This program offers {offered}; have one of these allowed at the server.",
    "tlsFailed:name": "{server} knows no host {host}: it refused that name in the TLS handshake. Correct smtp.host, or have the name set up there.",
    "clientCertificateRequired": "{server} demands a certificate of its clients (mutual TLS), and was shown none{alert}.{reply} Have whoever runs the server issue one, and write smtp.clientCertificate with its certFile and key; or use another port of the server.",
    "clientCertificateRefused": "{server} refuses the client's certificate {client_certificate}{client_ended}{alert}.{reply} Ask whoever runs the server which certificates it takes, and write one of those as smtp.clientCertificate.",
    "clientCertificateRefused:issuer": "{server} does not know who issued the client's certificate {client_certificate}{alert}.{reply} Have one issued by a CA that the server trusts, or that CA trusted there; where an intermediate lies between, put its certificate into {cert_file} behind the client's.",
    "clientCertificateRefused:expired": "{server} refuses the client's certificate {client_certificate}, because it has ended{alert}.{reply} Have it renewed, and put the new one into {cert_file}.",
    "clientCertificateRefused:revoked": "{server} refuses the client's certificate {client_certificate}, because it was revoked{alert}.{reply} Have another one issued, with a new key, and write that as smtp.clientCertificate.",
    "clientCertificateUnusable": "The client's certificate in {cert_file} and its key {key_reference} cannot be used together ({reason}), so nothing was presented to {server}. Have them issued anew.",
    "clientCertificateUnusable:absent": "The client's certificate in {cert_file} and its key {key_reference} are not at hand as they were looked at, so nothing was presented to {server}. Run the command again.",
    "clientCertificateUnusable:unreadable": "The first certificate in {cert_file} cannot be read, so nothing was presented to {server}. Put the client's certificate there in PEM form.",
    "clientCertificateUnusable:noKey": "What {key_reference} holds is no private key in PEM form, so nothing was presented to {server}. Store there the key of the certificate in {cert_file}, from the line BEGIN PRIVATE KEY to the line END PRIVATE KEY.",
    "clientCertificateUnusable:oneLine": "The private key {key_reference} stands on one line, so nothing was presented to {server}: PEM has line breaks, and a backslash with an n is none. Store the key with its lines, or in a file.",
    "clientCertificateUnusable:base64": "The private key {key_reference} is encoded in base64 once more, so nothing was presented to {server}. Store the key itself, whose first line is BEGIN PRIVATE KEY, or in a file.",
    "clientCertificateUnusable:encrypted": "The private key {key_reference} is encrypted, and its passphrase cannot be asked for, so nothing was presented to {server}. Store the key without one; openssl pkey -in client.key writes it so, and the store of secrets guards it.",
    "clientCertificateUnusable:otherKey": "The private key {key_reference} does not belong to the certificate in {cert_file} {client_certificate}, so nothing was presented to {server}. Store the key that this certificate was issued for, or write the certFile that belongs to the key.",
    "clientCertificateUnusable:order": "The private key {key_reference} belongs to another certificate in {cert_file} than the first, so nothing was presented to {server}. Put the client's own certificate first, and those that lead to its issuer behind it.",
    "certificateExpired": "The certificate of {server} has ended{certificate_end}. Have it renewed{certificate}.{besides}",
    "certificateExpired:intermediate": "The certificate of {server} holds until {own_end}, but the intermediate certificate {other} that it sends with it has ended on {other_end} ({other_fingerprint}). Have the server send the current one of its issuer{certificate}.{besides}",
    "certificateExpired:authority": "The certificate of {server} holds until {own_end}, but {other} in the file under smtp.caFile has ended on {other_end} ({other_fingerprint}). Put the current certificate of that CA into the file{certificate}.{besides}",
    "certificateExpired:elsewhere": "The certificate of {server} holds, but one of the certificates on which it rests, and which this machine has, has ended. Bring this machine's CA certificates up to date{certificate}.{besides}",
    "certificateNotYetValid": "The certificate of {server} is not valid yet{certificate_begin}. Check this machine's clock, and have the certificate replaced{certificate}.{besides}",
    "certificateNotYetValid:intermediate": "The intermediate certificate {other} that {server} sends is not valid before {other_begin} ({other_fingerprint}). Check this machine's clock, and have the server send the current one{certificate}.{besides}",
    "certificateNotYetValid:authority": "The certificate of {other} in the file under smtp.caFile is not valid before {other_begin} ({other_fingerprint}). Check this machine's clock, and what stands in the file{certificate}.{besides}",
    "certificateNotYetValid:elsewhere": "The certificate of {server} holds, but one of the certificates on which it rests, and which this machine has, is not valid yet. Check this machine's clock{certificate}.{besides}",
    "certificateUnknownIssuer": "The certificate of {server} was issued by {issuer}, which this machine does not trust{certificate}. If that is your own CA, write caFile with the path of its certificate under smtp; otherwise do not go on.{besides}",
    "certificateUnknownIssuer:other": "The certificate of {server} was issued by nobody whom this machine trusts, nor by what the file under smtp.caFile holds: {ca_file}. Put the certificate of the server's CA into the file, if that is your own; otherwise do not go on.{besides}",
    "certificateUnknownIssuer:selfSigned": "The certificate of {server} is self-signed: it signs itself, and nobody else answers for it{certificate}. Its fingerprint is {fingerprint}. If that is the server's own, as whoever runs it can tell, write caFile with the path of this certificate under smtp; otherwise do not go on. Keep it for review by: reconciler ca fetch {server} --encryption {encryption} --out certs/ca.pem.{besides}",
    "certificateUnknownIssuer:selfSignedCa": "The certificate of {server} is self-signed, and it is none of those in the file under smtp.caFile, which holds {ca_file}{certificate}. Its fingerprint is {fingerprint}. If that is the server's own, as whoever runs it can tell, put this certificate into the file; otherwise do not go on. Keep it for review by: reconciler ca fetch {server} --encryption {encryption} --out certs/ca.pem.{besides}",
    "certificateUnknownIssuer:selfSignedAnew": "The certificate of {server} is self-signed, and the file under smtp.caFile holds another one of that name, {other} ({other_fingerprint}): it was made anew, or somebody else uses its name{certificate}. Its fingerprint is {fingerprint}. If that is the server's own, as whoever runs it can tell, put this certificate into the file; otherwise do not go on. Keep it for review by: reconciler ca fetch {server} --encryption {encryption} --out certs/ca.pem.{besides}",
    "certificateUnknownIssuer:noAuthority": "The certificate of {server} was issued by {other} ({other_fingerprint}), which the file under smtp.caFile holds, and which is no CA (it lacks basicConstraints with CA:TRUE){certificate}. Have it made anew as a CA, and the server's certificate issued by that.{besides}",
    "certificateUnknownIssuer:sentOtherKey": "{server} sends a certificate of the right name, {other} ({other_fingerprint}), but its key is not the one that signed {own}{certificate}. Have the server send the certificate of the CA that issued it (fullchain.pem).{besides}",
    "certificateUnknownIssuer:root": "The certificate of {server} leads to the root {other}, which this machine does not trust{certificate}. The root's fingerprint is {other_fingerprint}. If that is your own CA, as its fingerprint tells, write caFile with the path of its certificate under smtp; otherwise do not go on. Keep it for review by: reconciler ca fetch {server} --encryption {encryption} --out certs/ca.pem.{besides}",
    "certificateUnknownIssuer:rootOther": "The certificate of {server} leads to the root {other} ({other_fingerprint}), and the file under smtp.caFile holds {ca_file}, which did not issue it{certificate}. If that root is your own CA, put its certificate into the file; otherwise do not go on. Keep it for review by: reconciler ca fetch {server} --encryption {encryption} --out certs/ca.pem.{besides}",
    "certificateUnknownIssuer:otherKey": "The file under smtp.caFile holds a CA of the right name, {other}, but its key is not the one that signed for {server}: the CA was made anew, or somebody else uses its name{certificate}. The file's is {other_fingerprint}. Put the CA's current certificate into the file, once you know that it is the CA's.{besides}",
    "certificateUnknownIssuer:incomplete": "{server} {sent}{certificate}, and the chain ends there: the certificate of its issuer {other} is neither sent nor known to this machine{published}. If {other} belongs to a public CA, the server is set up without its intermediate certificates: have it send the whole chain (fullchain.pem). If it is your own CA, write caFile with the path of its certificate under smtp; otherwise do not go on.{besides}",
    "certificateUnknownIssuer:incompleteOther": "{server} {sent}{certificate}, and the chain ends there: the certificate of its issuer {other} is neither sent nor in the file under smtp.caFile, which holds {ca_file}{published}. Have the server send the whole chain (fullchain.pem), or put the certificate of {other} into the file, if it is your own CA; otherwise do not go on.{besides}",
    "certificateWrongName": "The certificate of {server} is not for {host} but for {names}{certificate}. Write as smtp.host a name that it is for, or have it reissued for {host}.{besides}",
    "certificateWrongName:nameless": "The certificate of {server} is for no host at all: it has neither a subject alternative name nor a common name{certificate}. Have it reissued with {host} as its subject alternative name.{besides}",
    "certificateWrongName:otherCommonName": "The certificate of {server} is not for {host} but for {names}, and says that in its common name alone, which does not count (RFC 9525 section 6.3){certificate}. Have it reissued with {host} as its subject alternative name.{besides}",
    "certificateWrongName:commonName": "The certificate of {server} names {host} in its common name alone, which does not count for an address{certificate}. Have it reissued with {host} as its subject alternative name.{besides}",
    "certificateCommonNameOnly": "The certificate of {server} names {host} in its common name alone, and has no host name as a subject alternative name: programs in Go, browsers and others refuse it (RFC 9525 section 6.3){certificate}. Have it reissued with {host} as its subject alternative name.{besides}",
    "certificateNotPinned": "The certificate of {server} is not the pinned one: it is {fingerprint}, and smtp.certificate says {pin}{certificate}. If it was renewed, as whoever runs the server can tell, write the new fingerprint; otherwise do not go on.{besides}",
    "certificateNotPinned:ofIssuer": "smtp.certificate says {pin}, which is the fingerprint of {other}, on which the certificate of {server} rests, and not of that certificate itself{certificate}. Write that of the server's own, {fingerprint}, if it is the server's, as whoever runs it can tell; or, to trust its issuer, write caFile in place of certificate.{besides}",
    "certificateNotPinned:ofKey": "smtp.certificate says {pin}, which is the fingerprint of the key of the certificate of {server}, and not of the certificate{certificate}. Write {fingerprint}.{besides}",
    "certificateInvalid": "The certificate of {server} cannot be accepted: {reason}{certificate}. Have it replaced, or whatever above it is at fault.{besides}",
    "privateCaUnusable": "The file under smtp.caFile holds no certificate that TLS can use. Put the CA's certificate into it in PEM form.",
    # Login
    "withheld": "Neither password nor token was sent, because the connection to {server} is not encrypted{through_proxy}. Write encryption: starttls or encryption: tls.",
    "withheld:offered": "Neither password nor token was sent, because the connection to {server} is not encrypted{through_proxy}; the server offers STARTTLS. Write encryption: starttls.",
    "authNotOffered": "{server} offers no login on this connection. Correct smtp.port (587 or 465), write encryption: starttls or encryption: tls if there is none, or remove smtp.authentication.",
    "authNotOffered:noEhlo": "{server} offers no login: it refused EHLO, and took HELO alone.{reply} If it objects to this machine or its name, have the machine allowed there, or write smtp.heloName; if it knows no EHLO, correct smtp.port (587 or 465).",
    "authNotOffered:beforeTls": "{server} offers no login before the connection is encrypted, and offers STARTTLS for that. Write encryption: starttls.",
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
    "credentialsRejected:expired": "{server} says that the password has to be changed.{reply} Set a new one at the provider, and put it where the password's reference points.",
    "credentialsRejected:late": "{server} took the login of {username}, and says at this command that the user name or the password does not hold.{reply} Correct smtp.authentication.username, or the value that its password refers to; where both are right, spec.email may belong to another user.",
    "credentialsRejected": "{server} rejects the user name or the password.{reply} Correct smtp.authentication.username, or the value that its password refers to; nothing was tried a second time.",
    "accessTokenRejected": "{server} rejects the access token.{reply} It has ended, is for another user, or lacks the provider's scope for SMTP: get a new one, and check smtp.authentication.username; nothing was tried a second time.",
    "appPasswordNeeded": "{server} takes an app password in place of the account's own.{reply} Make one at the provider and put it where the password's reference points, or use OAuth2.",
    "webLoginRequired": "{server} takes no login by programs until somebody logs in with a browser.{reply} Do that once, confirm what is asked, and verify again.",
    "smtpAuthDisabled": "{server} takes no login over SMTP for this mailbox at all.{reply} Have the administrator allow authenticated SMTP for it.",
    "forbiddenByPolicy": "A security policy forbids this login at {server}.{reply} Have the administrator allow it for this mailbox, or use OAuth2.",
    "unexpectedChallenge": "{server} does not follow the mechanism {mechanism} that it offers: {reason}. Write another mechanism under smtp.authentication; if it stays, tell whoever runs the server.",
    "unexpectedChallenge:words": "{server} asks for something that {mechanism} has no answer to: {reason}.{reply} If that speaks of a second factor, make an app password at the provider and put it where the password's reference points, or use OAuth2; otherwise ask whoever runs the server.",
    "serverNotAuthentic": "{server} may not be the server that it should be: {reason} ({mechanism}, RFC 5802), so nothing more was sent. Check smtp.host, and ask whoever runs the server before going on.",
    "basicAuthDisabled": "The provider has turned off login by password for this mailbox.{reply} Use mechanism: xoauth2, or have the administrator allow SMTP AUTH for the mailbox.",
    "strongerLoginRequired": "{server} wants a stronger login than the account's password.{reply} Make an app password at the provider and use it here, or use OAuth2.",
    "encryptionRequired": "{server} takes mail and logins over an encrypted connection only.{reply} Write encryption: starttls or encryption: tls.",
    "mechanismRefused": "{server} offered {mechanism} and takes no login by it.{reply} Write another mechanism.",
    "authUnavailable:transition": "{server} wants the password itself once, to set up its other mechanisms (RFC 4954).{reply} Write mechanism: plain under smtp.authentication, over an encrypted connection; afterwards the line may go.",
    "authUnavailable": "{server} cannot check logins at the moment.{reply} Verify again later.",
    "authRefused": "{server} refuses the login.{reply} Ask the provider what it means.",
    "authenticationRequired": "{server} demands a login first.{reply} Nobody is logged in: write username and password under smtp.authentication, and encryption: starttls or encryption: tls if there is none.",
    "authenticationRequired:perhaps": "{server} does not take the command at this place.{reply} Nobody is logged in, because the account declares no login, and servers that demand one answer so: write username and password under smtp.authentication.",
    "authenticationRequired:loggedIn": "{server} demands a login, although {username} is logged in.{reply} Correct spec.email or smtp.authentication.username: some servers answer so where the address belongs to another user; or ask whoever runs the server.",
    # Envelope and message
    "internationalAddressUnsupported": "{server} cannot carry addresses with letters beyond ASCII before the @ (it does not offer SMTPUTF8). Use an address in ASCII.",
    "senderRefused": "{server} does not let this user send from {sender}.{reply} Correct spec.email or smtp.authentication.username, or have the provider allow this address for the user.",
    "senderRefused:noLogin": "{server} does not take {sender} as the sender.{reply} Nobody is logged in, because the account declares no login: write username and password under smtp.authentication if the server knows this address as a user's; otherwise correct spec.email.",
    "senderUnverifiable": "{server} looked for {sender} or its domain and found nothing that takes mail.{reply} Correct spec.email; if it is right, see that the domain has an MX record, and that the mailbox exists.",
    "accountSuspended:login": "{server} lets this user log in no more: the account is stopped.{reply} Log in to the provider's website, or ask whoever runs the server to open the account again.",
    "accountSuspended:full": "{server} sends nothing for this account while its own mailbox is full.{reply} Have it emptied.",
    "accountSuspended:notActivated": "{server} does not send for this account yet: it is not activated.{reply} Do what the provider's website asks for, or have the provider activate it.",
    "accountSuspended": "{server} has stopped sending for this account.{reply} Log in to the provider's website, change the password if somebody else may know it, and ask the provider to open the account again.",
    "spfRefused": "{server} holds the SPF record of the domain of {sender} against this machine's address.{reply} Send through the domain's own server{or_login}; or have this machine's address added to the record.",
    "domainAuthenticationFailed": "{server} wants SPF, DKIM or DMARC to pass for the domain of {sender}, and finds that they do not.{reply} Send through a server that signs for the domain{or_login}; the checks spf, dkim and dmarc say what is published.",
    "policyRefused": "{server} refuses by a rule of its own; its words do not say what it objects to.{reply} Ask whoever runs the server, with these words.",
    "policyRefused:noLogin": "{server} refuses by a rule of its own.{reply} Nobody is logged in, because the account declares no login: write username and password under smtp.authentication; if the server needs none, ask whoever runs it, with these words.",
    "commandRefused": "{server} does not take the command, as it was sent or at this place.{reply} Check smtp.host and smtp.port; if they are right, ask whoever runs the server.",
    "commandRefused:noLogin": "{server} does not take the command, as it was sent or at this place.{reply} Nobody is logged in, because the account declares no login: write username and password under smtp.authentication; if the server needs none, check smtp.host and smtp.port.",
    "senderNotVerified": "{server} sends from verified addresses only, and {sender} is none.{reply} Verify the address or its domain at the provider.",
    "recipientNotVerified": "{server} sends to verified addresses only, and {recipient} is none.{reply} Verify the recipient at the provider, or have the account moved out of its sandbox.",
    "senderDeferred": "{server} does not take the sender {sender} at the moment.{reply} Verify again later.",
    "relayingDenied": "{server} does not relay mail to {recipient} for this connection.{reply} Usually nobody is logged in: write username and password under smtp.authentication, or have this machine allowed.",
    "relayingDenied:noLogin": "{server} does not take mail for {recipient}.{reply} Nobody is logged in, because the account declares no login, and servers pass mail on to other domains only for who is: write username and password under smtp.authentication, or have this machine allowed there. If the server needs no login, see whether the address exists.",
    "relayingDenied:loggedIn": "{server} does not relay mail to {recipient}, although {username} is logged in.{reply} Check that smtp.host is the server to submit to and smtp.authentication.username the right user, and have this user allowed to send to other domains.",
    "recipientRefused": "{server} does not take mail for {recipient}.{reply} Correct the operator's address, or ask whoever runs the server.",
    "recipientRefused:noLogin": "{server} does not take mail for {recipient}.{reply} Correct the address; if it is right, mind that nobody is logged in, because the account declares no login: write username and password under smtp.authentication.",
    "recipientRefused:noLoginUnknown": "{server} says that it knows no {recipient}.{reply} Correct the address; if it is right, mind that nobody is logged in, because the account declares no login: write username and password under smtp.authentication.",
    "mailboxFull": "The mailbox of {recipient} is full, says {server}.{reply} Have it emptied, or write another operator.",
    "greylisted": "{server} puts off mail from machines that it does not know yet (greylisting).{reply} Verify again in some minutes.",
    "recipientDeferred": "{server} does not take mail for {recipient} at the moment.{reply} Verify again in some minutes.",
    "operatorMissing": "The test message has nobody to go to. Write operator: {{email: you@example.com}} into reconciler.yaml, or use --operator.",
    "messageTooLarge": "{server} finds the test message too large.{reply} Look for a full mailbox or a tiny limit there.",
    "messageRefused": "{server} refuses the test message.{reply} The server's words say what it objects to; ask whoever runs it.",
    "spamSuspected": "{server} takes the message, its sender or this machine for a source of spam.{reply} Ask the provider, with these words; the checks spf, dkim and dmarc may show a reason.",
    "messageDeferred": "{server} does not take the test message at the moment.{reply} Verify again later.",
    "unknownDelivery:notWaitedFor": "{server} did not confirm the test message within {timeout} seconds, and was not waited for any longer: it may have arrived, and was not sent again. Servers may take 10 minutes over that (RFC 5321 section 4.5.3.2.6). Look into the mailbox of {recipient}; if such a server is to be waited for, raise verification.timeoutSeconds, of which the message may take three times as much.",
    "unknownDelivery:strange": "{server} answered the end of the test message with neither yes nor no: it may have arrived, and was not sent again.{reply} Look into the mailbox of {recipient} before verifying again, and tell whoever runs the server.",
    "unknownDelivery": "The connection to {server} ended after the test message was sent and before it was confirmed: it may have arrived, and was not sent again.{reply} Look into the mailbox of {recipient} before verifying again.",
    **TOKEN_SENTENCES,
}  # fmt: skip

_SKIPPED = {
    "beyondDepth": BEYOND_DEPTH,
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
_OPENED_BY_CODE = frozenset({"authenticationRequired", "rateLimited", "accountSuspended", "mailboxFull"})
"""Codes that say something else than that the check's own subject is at fault."""
_KINDS_OF_SERVER = tuple(
    (re.compile(sign, re.IGNORECASE), kind)
    for sign, kind in (
        (r"\A(?:HTTP/|<!|<html)", "A web server"),
        (r"\b(?:lmtp|lhlo)\b", "An LMTP server"),
        (r"\ASSH-", "An SSH server"),
        (r"\A(?:\+OK|-ERR)\b", "A POP3 server"),
        (r"\A\* (?:OK|BYE|PREAUTH)\b", "An IMAP server"),
        (r"ftpd?\b|\bfilezilla|\bUSER and PASS\b", "An FTP server"),
        (r"\A20[01] |\bnntp\b", "A news server"),
        (r'\A"IMPLEMENTATION"', "A ManageSieve server"),
        (r"\ARFB \d", "A VNC server"),
        (r"\A<(?:\?xml|stream)", "An XMPP server"),
    )
)
"""By what a server says first, or what it says to EHLO."""
_PORT_25_HINT = " Many networks block port 25; use 587 or 465."
_SMTP_RELAY_PORT = 25
_OR_LOGIN = ", or log in: nobody is logged in, and most servers object so only then; write username and password under smtp.authentication"


def sentence(fault: SmtpFault, check: CheckName, target: Target, *, advice: str | None = None) -> str:
    """Return what a fault means for the account and what to do; a provider's ``advice`` takes the place of ours."""
    shown = {name: fact[: _MAX_SAID if name == "said" else _MAX_FACT] for name, fact in fault.facts.items()}
    facts = {**_DEFAULT_FACTS, **_facts_of(target), **shown}
    facts["reply"] = f' The server said: "{fault.reply}"{_told(shown)}.' if fault.reply else ""
    facts["proxy_reply"] = f' The proxy said: "{shown["proxy_said"]}".' if "proxy_said" in shown else ""
    facts["or_login"] = _OR_LOGIN if _may_want_login(check, target) else ""
    facts["kind_of_server"] = _kind_of_server(fault.heard or (fault.reply.said if fault.reply is not None else ""))
    template = _template(fault, check) if advice is None else f"{_opening(fault, check)} {advice}"
    return template.format_map(facts)


def _may_want_login(check: CheckName, target: Target) -> bool:
    """Tell whether a refusal may be one that nobody meets who is logged in: before a login nobody can be."""
    return check not in {"greeting", "tls", "auth"} and not target.access.declares_login


def template_of(code: str) -> str | None:
    """Return the sentence of a failure or of a check not made, its facts in braces; None for a code of a domain."""
    return _SENTENCES.get(code) or _SKIPPED.get(code)


def skip_sentence(code: str, check: CheckName, depth: str) -> str:
    """Return why a check was not made."""
    return _SKIPPED[code].format(depth=depth, missing=_MISSING.get(check, "nothing of the kind"))


def _template(fault: SmtpFault, check: CheckName) -> str:
    told = _SENTENCES.get(f"{fault.code}:{fault.facts.get('variant', '')}")
    if told is None and fault.code == "timedOut":
        return _TIMED_OUT.get(check, _SENTENCES["timedOut"])
    return told or _SENTENCES[fault.code]


def _opening(fault: SmtpFault, check: CheckName) -> str:
    """Return the beginning of a sentence that ends with a provider's advice."""
    if fault.code in _OPENED_BY_CODE:
        return f"{_SENTENCES[fault.code].partition('{reply}')[0]}{{reply}}"
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
    "reason": "no reason given",
    "issuer": "an issuer",
    "names": "other names",
    "certificate": "",
    "besides": "",
    "alert": "",
    "client_ended": "",
    "client_certificate": "that was presented",
    "cert_file": "certFile",
    "fingerprint": "unknown",
    "offered": "none",
    "certificate_begin": "",
    "certificate_end": "",
    "sender": "the account's address",
    "identity": "The address",
    "region": "of the host",
    "recipient": "the recipient",
}


def _facts_of(target: Target) -> dict[str, str]:
    server = target.server
    return {
        "host": server.host,
        "port": str(server.port),
        "server": server.place,
        "encryption": server.encryption,
        "pin": server.certificate or "none",
        **_client_facts(target),
        "proxy": str(server.proxy),
        "proxy_type": server.proxy.type if server.proxy else "",
        "timeout": str(target.timeout_seconds),
        "or_page": f"; or, if that is a page of the {server.proxy} itself, proxy.host or proxy.port"
        if server.proxy
        else "",
        "or_proxy": f", or the {server.proxy} did" if server.proxy else "",
        "through_proxy": f" and goes through the {server.proxy}" if server.proxy else "",
        "username": server.login.username or "somebody",
        "port_hint": _PORT_25_HINT if server.port == _SMTP_RELAY_PORT else "",
    }


def _client_facts(target: Target) -> dict[str, str]:
    """Return what is told of the client's certificate; nothing of its key but the reference."""
    declared, own = target.server.client_certificate, target.access.client_certificate
    if declared is None:
        return {"about_certificates": "it demands a certificate of its clients, which smtp.clientCertificate names"}
    facts = {
        "about_certificates": f"it takes the client's certificate in {declared.cert_file}",
        "cert_file": declared.cert_file,
        "key_reference": declared.key,
        "client_certificate": declared.fingerprint,
    }
    return facts if own is None else {**facts, "client_certificate": told_of_client(own.pem)}


def _kind_of_server(sample: str) -> str:
    return next((kind for sign, kind in _KINDS_OF_SERVER if sign.search(sample)), "Something else")
