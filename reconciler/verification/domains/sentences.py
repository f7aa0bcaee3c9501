"""What is to be said about a domain's records: a code of ``model.check_codes`` and a sentence with what to do.

Whatever comes from the DNS reaches a sentence cleaned and cut. A completeness test holds the codes and the
sentences together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_REPLY, UNSAFE_CHARACTER, clip
from reconciler.classes import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.verification.domains.answers import DnsTrouble

_LIMITS = {"term": 80, "record": 100, "uri": 80, "kind": 40, "fault": 60}
"""How many characters of a fact are shown, where it is not as many as of the others."""

_SENTENCES = {
    # Any of them
    "domainNotFound": "The domain {domain} does not exist in the DNS. Correct the address in the manifest, or register the domain.",
    "dnsTimedOut": "The name servers did not answer for {name} in time. Verify again; if it stays, check verification.nameservers in reconciler.yaml and this machine's network.",
    "dnsFailed": "The name servers gave no usable answer for {name} (such as SERVFAIL or REFUSED). Verify again; if it stays, look for broken DNSSEC or a dead name server of the domain, or write other verification.nameservers into reconciler.yaml.",
    "nameserverForbidden": "Nothing was asked about {name}: all name servers of this machine have addresses that are never contacted, such as link-local and metadata ones. Write others into reconciler.yaml, such as verification: {{nameservers: [192.0.2.53]}}.",
    "noNameservers": "This machine has no name servers configured. Write some into reconciler.yaml, such as verification: {{nameservers: [192.0.2.53]}}.",
    "internalFault": "The check ended with an unexpected error ({fault}) in reconciler itself; please report it.",
    # SPF
    "spfMissing": "{domain} has no SPF record, so receivers cannot tell its servers from strangers'. Add a TXT record at {domain}: v=spf1 include:PROVIDER -all, where PROVIDER is the name that your mail provider gives for SPF.",
    "spfMissing:twice": "{domain} has no SPF record: one stands at {domain}.{domain}, where no receiver looks for it, because the domain was written into the name and added once more. Move it to {domain}.",
    "spfUnrecognised": '{domain} has a TXT record that is meant to be SPF, and receivers do not see it as that: "{record}". {reason}. Correct that record; do not add a second one.',
    "spfJoined": "The SPF record of {domain} is made of several strings, which receivers join without a space (RFC 7208 section 3.3): {reason}.",
    "spfIgnoredTerm": 'The SPF record of {domain} has "{term}", which receivers pass over: with = it is an unknown modifier (RFC 7208 section 6). Write {meant}.',
    "spfIgnoredTerm:afterAll": 'The SPF record of {domain} has "{term}" behind "{meant}", where no receiver comes to it (RFC 7208 section 5.1). Move it before "{meant}".',
    "spfIgnoredTerm:redirect": 'The SPF record of {domain} has "{term}" beside "{meant}", so that no receiver follows it (RFC 7208 section 6.1). Take "{meant}" out, or "{term}".',
    "spfSeveral": "{domain} has {count} SPF records, which receivers treat as an error (RFC 7208 section 4.5). Keep one TXT record that begins with v=spf1 and merge the others into it.",
    "spfSyntax": 'The SPF record of {domain} has an error at "{term}": {reason}. Receivers treat the whole record as invalid; correct that part of it.',
    "spfTooManyLookups": "The SPF record of {domain} takes {count} DNS look-ups, and receivers stop with an error after 10 (RFC 7208 section 4.6.4): {parts}. Remove what is not needed, or replace it by ip4: and ip6:.",
    "spfTooManyLookups:mx": "The SPF record of {domain} uses mx for {target}, which has more than 10 MX records; receivers stop with an error (RFC 7208 section 4.6.4). Replace mx by ip4: and ip6:.",
    "spfTooManyVoidLookups": "The SPF record of {domain} asks for {count} names that do not exist, and receivers stop with an error after 2 (RFC 7208 section 4.6.4): {targets}. Remove them from the record.",
    "spfIncludeBroken": "The SPF record of {domain} points to {target} ({chain}), and {reason}; receivers treat that as an error (RFC 7208 section 5.2). Correct or remove {term}.",
    "spfLoop": "The SPF record of {domain} includes itself: {chain}. Receivers stop with an error; remove one of these includes.",
    "spfAllowsAll": 'The SPF record of {domain} lets every server in the world send for it: "{term}"{where}. Replace it by -all.',
    "spfAllowsNobody": 'The SPF record of {domain} ("{record}") lets no server at all send for it. Add your provider before the end: v=spf1 include:PROVIDER -all.',
    "spfNearLimit": "The SPF record of {domain} takes {count} of at most 10 DNS look-ups; a provider that adds one more breaks it. Remove what is not needed: {parts}.",
    "spfNeutral": "The SPF record of {domain} ends with ?all, which says nothing about other servers. Write -all or ~all instead.",
    "spfNoAll": "The SPF record of {domain} ends without all or redirect, which says nothing about other servers. Add -all at its end.",
    "spfUsesPtr": "The SPF record of {domain} uses ptr, which is slow and should not be used (RFC 7208 section 5.5). Replace it by a, mx, ip4: or ip6:.",
    # DKIM
    "dkimKeyMissing": "There is no DKIM key at {name}. Add the TXT record that your provider gives for the selector {selector}, or correct domains.{domain}.dkimSelectors in reconciler.yaml.",
    "dkimKeyMissing:twice": "There is no DKIM key at {name}: one stands at {name}.{domain}, where no receiver looks for it, because the domain was written into the name and added once more. Move it to {name}.",
    "dkimKeyMissing:wildcard": 'There is no DKIM key at {name}: what the DNS gives there comes from a wildcard TXT record, which answers for every name without records of its own ("{record}"). Add the TXT record that your provider gives for the selector {selector}; it wins over the wildcard.',
    "dkimSeveralKeys": "There are {count} TXT records at {name}, and a receiver may take any of them (RFC 6376 section 3.6.2.2). Keep the one that is the key.",
    "dkimKeyInvalid": "The DKIM key at {name} cannot be used: {reason}. Publish the record again, exactly as your provider gives it.",
    "dkimKeyRevoked": "The DKIM key at {name} is revoked (its p= is empty). Sign with another selector, and remove {selector} from domains.{domain}.dkimSelectors in reconciler.yaml.",
    "dkimKeyTooShort": "The DKIM key at {name} has {bits} bits, and receivers refuse RSA keys under 1024 (RFC 8301). Make a key of 2048 bits and publish it under a new selector.",
    "dkimKeyTypeUnknown": "The DKIM key at {name} is of the type {kind}, which receivers do not know. Publish a key with k=rsa or k=ed25519.",
    "dkimKeyRestricted": "The DKIM key at {name} does not serve for mail: {reason}. Correct that part of the record.",
    "dkimKeyShort": "The DKIM key at {name} has {bits} bits; RFC 8301 recommends 2048 or more. Make a new key under a new selector.",
    "dkimTesting": "The DKIM key at {name} says that it is being tested (t=y), so receivers may ignore the signatures. Remove t=y when signing works.",
    # DMARC
    "dmarcMissing": "No DMARC policy applies to {domain}; big providers refuse bulk mail without one. Add a TXT record at _dmarc.{domain}: v=DMARC1; p=none; rua=mailto:{report}.",
    "dmarcMissing:atDomain": "No DMARC policy applies to {domain}: a DMARC record stands at {domain} itself, where no receiver looks for it. Move it to _dmarc.{domain}.",
    "dmarcMissing:twice": "No DMARC policy applies to {domain}: a DMARC record stands at _dmarc.{domain}.{domain}, where no receiver looks for it, because the domain was written into the name and added once more. Move it to _dmarc.{domain}.",
    "dmarcMissing:wildcard": 'No DMARC policy applies to {domain}: what the DNS gives at _dmarc.{domain} comes from a wildcard TXT record, which answers for every name without records of its own ("{record}"). Add a TXT record at _dmarc.{domain}, which wins over the wildcard: v=DMARC1; p=none; rua=mailto:{report}.',
    "dmarcMissing:unasked": "No DMARC policy applies to {domain}, as far as the name servers tell (they give no answer about {unasked}); big providers refuse bulk mail without one. Add a TXT record at _dmarc.{domain}: v=DMARC1; p=none; rua=mailto:{report}.",
    "dmarcIgnoredPart": "The DMARC record at _dmarc.{found_at} has parts that receivers pass over (RFC 9989 section 4.8): {parts}. Correct them or take them out; the rest of the record holds.",
    "dmarcSeveral": "There are {count} DMARC records at _dmarc.{found_at}, so receivers ignore them all (RFC 9989 section 4.10). Keep one.",
    "dmarcInvalid": "The DMARC record at _dmarc.{found_at} is not valid: {reason}. Correct it, such as: v=DMARC1; p=quarantine; rua=mailto:{report}.",
    "dmarcPolicyNone": "DMARC of {domain} asks receivers to do nothing about forged mail ({reason} at _dmarc.{found_at}). When the reports show that all your own mail passes, write p=quarantine or p=reject.",
    "dmarcTesting": "The DMARC record at _dmarc.{found_at} says that it is being tested (t=y), so receivers act one step more mildly than p={policy}. Remove t=y when the reports look right.",
    "dmarcRemovedTag": "The DMARC record at _dmarc.{found_at} has {tags}, which RFC 9989 removed, so receivers ignore it. Take it out{instead}.",
    "dmarcReportAddressInvalid": 'The DMARC record at _dmarc.{found_at} sends reports to "{uri}", which is no address of the form mailto:name@domain ({tag}). Correct it.',
    # Skipped
    "notDeclared:mtaSts": "{domain} declares no policy for TLS to its mail servers (MTA-STS, RFC 8461): no TXT record at _mta-sts.{domain} begins with v=STSv1;.",
    "notDeclared:tlsRpt": "{domain} asks for no reports on TLS to its mail servers (TLS-RPT, RFC 8460): no TXT record at _smtp._tls.{domain} begins with v=TLSRPTv1;.",
    "notDeclared:dane": "{host} has no TLSA record for port {port} (DANE, RFC 7672), so there is nothing to compare its certificate with.",
    "notDeclared:daneAddress": "The server is given by its address {host}, and TLSA records (DANE) belong to names.",
    "notDeclared:daneUnseen": "{host} has TLSA records for port {port}; its certificate was not seen in this run, so nothing was compared.",
    "notDeclared:daneOther": "{host} has TLSA records for port {port}, all of a kind that names an issuer or a longer digest; they were not compared.",
    "notDeclared:spfServer": "Not made: {domain} has no valid SPF record that could speak of {host}; see spf.",
    "notDeclared:spfPrivate": "Not made: {host} has addresses of this network alone ({addresses}), and mail leaves from others, which are not known here.",
    "notDeclared:spfUnknown": "Not made: {host} has no address in the DNS.",
    "notAllowed": "The policy was not fetched: verification.servers in reconciler.yaml does not list {host}. Add it there to have the policy checked.",
    # SPF and the server that is used
    "spfServerUnlisted": "The account sends over {host}, and the SPF record of {domain} does not let its address send: {results}. If mail leaves from there, add {terms} to the record; if {host} hands it on to other servers, add what its operator gives for SPF.",
    "spfProviderMissing": "The account sends over {host} ({provider}), and the SPF record of {domain} does not let {provider} send. Add include:{include} to it, before its end.",
    # MTA-STS and TLS-RPT
    "mtaStsInvalid": "The MTA-STS record at _mta-sts.{domain} is not valid: {reason}. Senders act as if there were none; correct it, such as: v=STSv1; id=20260101.",
    "mtaStsUnreachable": "The MTA-STS policy of {domain} cannot be had from {url}: {reason}. Senders that have no earlier copy act as if there were none. Serve the file there.",
    "mtaStsPolicyInvalid": "The MTA-STS policy at {url} is not valid: {reason}. Correct the file, and change the id of the record at _mta-sts.{domain}.",
    "mtaStsMxUnlisted": "The MTA-STS policy of {domain} (mode {mode}) does not list its mail server {hosts}. {consequence} Add a line mx: with that name to {url}, and change the id of the record at _mta-sts.{domain}.",
    "tlsRptInvalid": "The TLS-RPT record at _smtp._tls.{domain} is not valid: {reason}. No reports are sent; correct it, such as: v=TLSRPTv1; rua=mailto:tls@{domain}.",
    # DANE
    "daneNotValidated": "{host} has TLSA records for port {port}, and the name servers asked do not say that they validated them (DNSSEC). Either the zone is not signed, and then nobody heeds them, or these name servers do not validate: name some that do under verification.nameservers.",
    "daneUnusable": "None of the TLSA records of {host} for port {port} can be used for mail (RFC 7672 section 3.1): {records}. Publish 3 1 1 with the SHA-256 of the key.",
    "daneMismatch": "No TLSA record of {host} for port {port} fits the certificate that the server presented ({records}); programs that heed DANE do not connect. Publish, beside them: {wanted}.",
    # MX and replyTo
    "mxMissing": "{domain} has neither an MX record nor an address, so {mail} to addresses there cannot arrive. Add an MX record at {domain}, such as: 10 mail.{domain}.",
    "mxNull": "{domain} declares by a null MX (0 .) that it takes no mail (RFC 7505), so {mail} to addresses there cannot arrive. Replace that record by the MX records of a mail server, or write another address.",
    "mxUnusable": "No MX record of {domain} leads to a mail server ({targets}), so {mail} to addresses there cannot arrive. Point the MX record to a host name that has an address.",
    "mxImplicit": "{domain} has no MX record; {mail} go to the IP address of the domain itself (RFC 5321 section 5.1). If a mail server listens there, say so by an MX record: 10 {domain}.",
    "mxTargetBroken": "Of the MX records of {domain} some lead nowhere: {targets}. Correct or remove them.",
    "mxTargetAlias": "The MX record of {domain} points to {targets}, which is an alias (CNAME); an MX record must name the host itself (RFC 2181 section 10.3).",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing found out; the code is ``ok`` where nothing is wrong."""

    code: str
    message: str


def remark(code: str, *, variant: str = "", **facts: object) -> Remark:
    """Return the sentence of a code; every fact is cleaned and cut."""
    template = _SENTENCES[f"{code}:{variant}" if variant else code]
    return Remark(code, template.format_map(_cleaned(facts)))


def _cleaned(facts: Mapping[str, object]) -> dict[str, str]:
    return {name: shown(fact, max_characters=_LIMITS.get(name, SHOWN_REPLY)) for name, fact in facts.items()}


def fine(message: str) -> Remark:
    """Return the remark that nothing is wrong, with what was found."""
    return Remark("ok", message)


def trouble_remark(trouble: DnsTrouble) -> Remark:
    """Return what to say where a question got no answer."""
    return remark(trouble.code, name=trouble.name)


def domain_template_of(code: str) -> str | None:
    """Return the sentence of a code, its facts in braces; None for a code that is not told of a domain."""
    return _SENTENCES.get(code)


def shown(fact: object, *, max_characters: int = SHOWN_REPLY) -> str:
    """Return a foreign fact as text of one line, without control characters, cut to a length.

    Octets are read as ASCII; others appear as ``\\xNN``.
    """
    text = fact.decode("ascii", "backslashreplace") if isinstance(fact, bytes) else str(fact)
    cleaned = UNSAFE_CHARACTER.sub(" ", text[: 2 * max_characters]).strip()
    return clip(cleaned, max_characters)


def listed(facts: Sequence[str], *, most: int = 5) -> str:
    """Return facts as an enumeration, each cleaned and cut, and how many more there are."""
    more = f" and {len(facts) - most} more" if len(facts) > most else ""
    return ", ".join(shown(fact, max_characters=50) for fact in facts[:most]) + more
