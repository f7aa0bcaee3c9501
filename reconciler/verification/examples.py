"""What each code of a check reads like, with the facts of an example: what ``reconciler explain CODE`` shows."""

from __future__ import annotations

from reconciler.verification.domains.sentences import domain_template_of
from reconciler.verification.sentences import template_of

_SERVER_FACTS = {
    "addresses": "192.0.2.25", "ca_file": '"Example CA"', "encryption": "starttls", "host": "smtp.example.com",
    "port": "587", "server": "smtp.example.com:587", "username": "sales@example.com", "sender": "sales@example.com",
    "recipient": "you@example.com", "timeout": "30", "place": "10.0.0.1", "reason": "no answer that follows the rules",
    "sample": "HTTP/1.1 400 Bad Request", "kind_of_server": "A web server", "mechanism": "PLAIN", "offered": "LOGIN",
    "names": "mail.example.com", "issuer": '"Example CA"', "fingerprint": "SHA-256 3f:09:…", "pin": "SHA-256 a1:44:…",
    "certificate": ' (names: smtp.example.com; issued by "Example CA")', "besides": "", "own": '"smtp.example.com"', "certificate_begin": ": it begins on 2026-06-01",
    "certificate_end": " on 2026-05-01", "own_end": "2026-05-01", "other": '"Example CA"', "other_begin": "2026-06-01",
    "other_end": "2026-05-01", "other_fingerprint": "SHA-256 77:d0:…", "published": "", "sent": "sends its own certificate alone",
    "proxy": "socks5 proxy proxy.example.com:1080", "proxy_type": "socks5", "proxy_reply": "", "or_proxy": "", "or_page": "",
    "through_proxy": "", "port_hint": "", "or_login": "", "reply": ' The server said: "550 5.7.1 not here".', "said": "", "token_host": "login.example.com",
    "token_url": "https://login.example.com/token", "identity": "The address", "region": "eu-west-1", "depth": "connect",
    "missing": "no proxy", "cert_file": "certs/client.pem", "key_reference": "env:SMTP_CLIENT_KEY",
    "alert": " (its alert: certificate required)", "client_ended": "", "client_certificate": '(CN=mail.example.com; issued by "Example CA")',
}  # fmt: skip
_DOMAIN_FACTS = {
    "addresses": "192.0.2.25", "bits": "512", "chain": "example.com, spf.example.net", "consequence": "so nothing is checked",
    "count": "11", "domain": "example.com", "fault": "ValueError", "found_at": "example.com", "host": "mail.example.com",
    "hosts": "mail.example.com", "include": "spf.example.net", "instead": "p=none", "kind": "dsa", "mail": "mail",
    "meant": "include:spf.example.net", "mode": "enforce", "name": "example.com", "parts": "include:spf.example.net",
    "policy": "none", "port": "587", "provider": "Example Mail", "reason": "it has no v=spf1 at its beginning",
    "record": "v=spf1 -all", "records": "3 1 1 …", "report": "postmaster@example.com", "results": "fail",
    "selector": "mail2026", "tag": "pct", "tags": "pct", "target": "mail.example.com", "targets": "old.example.com",
    "term": "+all", "terms": "ip4:192.0.2.25", "unasked": "", "uri": "mailto:postmaster", "where": "", "wanted": "SHA-256",
    "url": "https://mta-sts.example.com/.well-known/mta-sts.txt",
}  # fmt: skip
_FACTS_OF: dict[str, dict[str, str]] = {
    "forbiddenAddress": {"addresses": "169.254.169.254"},
    "proxyForbiddenAddress": {"addresses": "169.254.169.254"},
    "internalFault": {"sample": "ValueError", "fault": "ValueError"},
    "unaskedReply": {"sample": "250 2.0.0 Ok"},
    "plaintextInjected": {"sample": "250 2.0.0 Ok"},
    "credentialsRejected": {"reply": ' The server said: "535 5.7.8 Error: authentication failed".'},
    "tokenUrlInvalid": {"token_url": "login.example.com"},
    "tokenRedirected": {"place": "https://login.example.org/token"},
    "tlsTooOld": {"reason": "its alert: protocol version"},
    "tlsFailed": {"reason": "its alert: internal error"},
    "tlsNoCommonCipher": {"reason": "its alert: handshake failure", "offered": "ECDHE with AES-GCM or ChaCha20"},
    "clientCertificateRequired": {"reply": ""},
    "clientCertificateRefused": {"reply": "", "alert": " (its alert: bad certificate)"},
    "clientCertificateUnusable": {"reason": "ee key too small"},
    "certificateInvalid": {"reason": "its purpose is not that of a server"},
    "proxyCredentialUnusable": {"reason": "the password is longer than SOCKS5 can carry"},
    "unexpectedChallenge": {"reason": "its challenge is not base64"},
    "serverNotAuthentic": {"reason": "it did not prove that it knows the password"},
    "tokenEndpointUnreachable": {"reason": "the connection was refused"},
    "tokenTlsFailed": {"reason": "protocol version"},
    "tokenCertificateInvalid": {"reason": "it has ended"},
    "tokenResponseInvalid": {"reason": "the answer holds no access_token"},
    "spfUnrecognised": {"record": "v=spf1include:spf.example.net -all", "reason": "The space after v=spf1 is missing"},
    "spfSyntax": {"term": "ipv4:192.0.2.25", "reason": "there is no mechanism ipv4"},
    "spfIncludeBroken": {
        "target": "spf.example.net",
        "reason": "that has no SPF record",
        "term": "include:spf.example.net",
    },
    "spfLoop": {"chain": "example.com, spf.example.com, example.com"},
    "spfJoined": {"reason": "ip4:192.0.2.1 and ip4:192.0.2.2 become one word"},
    "spfIgnoredTerm": {"term": "include=spf.example.net", "meant": "include:spf.example.net"},
    "spfNearLimit": {"count": "10"},
    "spfServerUnlisted": {"results": "fail for 192.0.2.25"},
    "dkimKeyMissing": {"name": "mail2026._domainkey.example.com"},
    "dkimSeveralKeys": {"count": "2", "name": "mail2026._domainkey.example.com"},
    "dkimKeyInvalid": {"name": "mail2026._domainkey.example.com", "reason": "its p= is not base64"},
    "dkimKeyRevoked": {"name": "mail2026._domainkey.example.com"},
    "dkimKeyTooShort": {"name": "mail2026._domainkey.example.com"},
    "dkimKeyTypeUnknown": {"name": "mail2026._domainkey.example.com"},
    "dkimKeyRestricted": {"name": "mail2026._domainkey.example.com", "reason": "its s= does not name email"},
    "dkimKeyShort": {"name": "mail2026._domainkey.example.com", "bits": "1024"},
    "dkimTesting": {"name": "mail2026._domainkey.example.com"},
    "dmarcSeveral": {"count": "2"},
    "dmarcInvalid": {"reason": "p=non is no policy"},
    "dmarcIgnoredPart": {"terms": "rua:postmaster@example.com"},
    "dmarcPolicyNone": {"reason": "p=none"},
    "dmarcTesting": {"policy": "reject"},
    "dmarcRemovedTag": {"instead": ""},
    "dmarcReportAddressInvalid": {"tag": "rua", "uri": "postmaster@example.com"},
    "mtaStsInvalid": {"reason": "its id has a hyphen"},
    "mtaStsUnreachable": {"reason": "the server answers 404"},
    "mtaStsPolicyInvalid": {"reason": "line 2 has the mode enforced"},
    "mtaStsMxUnlisted": {"consequence": "Senders that heed it do not deliver there."},
    "tlsRptInvalid": {"reason": "it has no rua="},
    "daneMismatch": {"wanted": "3 1 1 4f2a…"},
    "mxTargetBroken": {"targets": "old.example.com has no address"},
    "mxImplicit": {"mail": "bounces"},
}
"""Where the facts of all the others would read wrongly."""

_WITHOUT_SENTENCE = {
    "ok": "smtp.example.com:587 takes mail from sales@example.com.",
    "serverDown": "Not made: 3 accounts in a row could not connect to smtp.example.com:587.",
    "unknownDestination": "Not made: verification.servers in the project file does not list smtp.example.com.",
    "deadline": "Not made: the time of the whole run, 900 seconds, was used up before.",
    "represented": "Not made: the test message of sales-de, through the same server, stands for this account.",
    "representativeFailed": "The test message of sales-de, which was to stand for this account, was not taken.",
    "secretMissing": "env:SMTP_SALES_PASSWORD is not set. Set the variable where this command runs.",
    "secretInvalid": "env:SMTP_SALES_PASSWORD holds a line break. Set it again, to the bare value.",
    "secretSourceFailed": "The command of the source vault ended with exit code 2. Run it yourself to see what it writes.",
    "addressDead": "192.0.2.25 refused the connection; 192.0.2.26 serves.",
    "starttlsUnused": "The server offers STARTTLS, and the account declares encryption: none. Write encryption: starttls.",
    "certificateExpiresSoon": "The certificate ends on 2026-05-01, in 12 days. Have it renewed.",
    "clientCertificateExpiresSoon": "The client's own certificate ends on 2026-05-01. Have it renewed, and put the new one into certFile before that day.",
    "caFileNotRoot": 'The file under smtp.caFile holds the intermediate "Example Issuing CA", and not the CA "Example Root" that issued it. Put the certificate of "Example Root" into the file.',
    "certificateWeak": "The certificate has an RSA key of 1024 bits. Have it reissued with 2048 or more.",
    "certificateNotStrict": "The certificate of the CA lacks keyUsage. Have it reissued.",
    "tlsCipherOld": "TLSv1.2 with AES256-SHA, without forward secrecy. Have ECDHE with AES-GCM allowed at the server.",
}
"""What is put together elsewhere, of what the check has seen."""


def example_of(code: str) -> str | None:
    """Return an example of what is told with the code of a check; None where it stands without words of its own."""
    own = _FACTS_OF.get(code, {})
    template = template_of(code)
    if template is not None:
        return template.format_map(_SERVER_FACTS | own)
    template = domain_template_of(code)
    if template is not None:
        return template.format_map(_DOMAIN_FACTS | own)
    return _WITHOUT_SENTENCE.get(code)
