"""What is to be said about a domain's records: a code of ``model.check_codes`` and a sentence with what to do.

Whatever comes from the DNS reaches a sentence cleaned and cut. A completeness test holds the codes and the
sentences together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.text.types import UNSAFE_CHARACTER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.verification.domains.lookup import DnsTrouble

_MAX_SHOWN = 300
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
    "dmarcSeveral": "There are {count} DMARC records at _dmarc.{found_at}, so receivers ignore them all (RFC 9989 section 4.10). Keep one.",
    "dmarcInvalid": "The DMARC record at _dmarc.{found_at} is not valid: {reason}. Correct it, such as: v=DMARC1; p=quarantine; rua=mailto:{report}.",
    "dmarcPolicyNone": "DMARC of {domain} asks receivers to do nothing about forged mail ({reason} at _dmarc.{found_at}). When the reports show that all your own mail passes, write p=quarantine or p=reject.",
    "dmarcTesting": "The DMARC record at _dmarc.{found_at} says that it is being tested (t=y), so receivers act one step more mildly than p={policy}. Remove t=y when the reports look right.",
    "dmarcRemovedTag": "The DMARC record at _dmarc.{found_at} has {tags}, which RFC 9989 removed, so receivers ignore it. Take it out{instead}.",
    "dmarcReportAddressInvalid": 'The DMARC record at _dmarc.{found_at} sends reports to "{uri}", which is no address of the form mailto:name@domain ({tag}). Correct it.',
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
    return {name: shown(fact, max_characters=_LIMITS.get(name, _MAX_SHOWN)) for name, fact in facts.items()}


def fine(message: str) -> Remark:
    """Return the remark that nothing is wrong, with what was found."""
    return Remark("ok", message)


def trouble_remark(trouble: DnsTrouble) -> Remark:
    """Return what to say where a question got no answer."""
    return remark(trouble.code, name=trouble.name)


def has_domain_sentence(code: str) -> bool:
    """Tell whether a code has a sentence here."""
    return code in _SENTENCES


def shown(fact: object, *, max_characters: int = _MAX_SHOWN) -> str:
    """Return a foreign fact as text of one line, without control characters, cut to a length.

    Octets are read as ASCII; others appear as ``\\xNN``.
    """
    text = fact.decode("ascii", "backslashreplace") if isinstance(fact, bytes) else str(fact)
    cleaned = UNSAFE_CHARACTER.sub(" ", text[: 2 * max_characters]).strip()
    return cleaned if len(cleaned) <= max_characters else cleaned[: max_characters - 1] + "…"


def listed(facts: Sequence[str], *, most: int = 5) -> str:
    """Return facts as an enumeration, each cleaned and cut, and how many more there are."""
    more = f" and {len(facts) - most} more" if len(facts) > most else ""
    return ", ".join(shown(fact, max_characters=50) for fact in facts[:most]) + more
