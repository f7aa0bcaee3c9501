"""Zones with mail records, good and bad, as files that every name server reads. RFC 1035 section 5.

Both end at a top-level domain, so that whoever walks up the tree (DMARC) finds an answer at each level.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KEY_768 = (
    "MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhAKkdfMt4my9tTDmMGmh66hG+8RomfqAzLtkXq46GmMCfzBmC8RY3R8eZgnCdPnGs/BKRmd7ieoR4Ac"
    "0C9PzP3q2a6gooTfTW+eLLRfL+rMcgiDJyHl5Kq60JOv/1NVn9xQIDAQAB"
)
_KEY_1024 = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDOdlPjJOcXdAjHoHQzIm2RN2UaU5Wvzp8NaxBZkVccUpA3lsJQA+6Kcv4r6dtmBjqhXVjLO4"
    "QFTbmaLPZieUsOYEc5PM4R7D50rRm0Aql0oymAeuOPHigs5HeN5I9FQMtig8Bb3M6krQmg0vnAdIqXxUubVsFnwpbjVVqSNuRxkwIDAQAB"
)
_KEY_2048 = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtDY3F6F6dWGwTjJoz6CG2UMATbm8P1Z3sw/lh4z9vng2TsMmwQ3c4LpsoRHN/4whgD"
    "lhWecX+h7UhN0sD0YhVuLD8A5w0p2QXapKCM9bG8XfkxS9+a2i9kEQIrOkW7SPEnkcj0lw4Zx1U27UBKf5HCHPvInmho8YVAvlebv90HS34OBw"
    "lpPUtnzQK7EC/as6k0jgeylhKkubgw4uXsvufzPJRrE0yaHxCKcte8Lnd3rPtrftfHcWIjvcwP3nA5HkrBVd2xvyvzDRVROPgGbg5TGx816l3S"
    "jwXORjwkZ7Q5mdT10Up/S7YeAae6orFNEnq10ogVwSgpWIs7rDweKb3wIDAQAB"
)
_MAIL = ("MX", "10 mail.example.com.")
_GOOD_SPF = "v=spf1 mx ip4:192.0.2.0/24 -all"
_LONGEST_STRING = 255
KEY_DIGEST = hashlib.sha256(b"a key").hexdigest()


def zones() -> Mapping[str, str]:
    """Return the zone files by name of the zone."""
    return {"com": _zone("com", _COM), "net": _zone("net", _NET)}


def _txt(*texts: str) -> list[tuple[str, str]]:
    return [("TXT", " ".join(f'"{part}"' for part in _parts(text))) for text in texts]


def _parts(text: str) -> Iterator[str]:
    """Yield a text in the strings that a TXT record holds, of at most 255 octets."""
    for start in range(0, len(text), _LONGEST_STRING):
        yield text[start : start + _LONGEST_STRING]


def _dkim(key: str) -> list[tuple[str, str]]:
    return _txt(f"v=DKIM1; k=rsa; p={key}")


_COM: Mapping[str, list[tuple[str, str]]] = {
    # All is well; _dmarc.example.com holds for everything below, too
    "example": [_MAIL, *_txt(_GOOD_SPF, "some-site-verification=1234")],
    "_dmarc.example": _txt("v=DMARC1; p=reject; rua=mailto:dmarc@example.com"),
    "s1._domainkey.example": _dkim(_KEY_2048),
    "mail.example": [("A", "192.0.2.25"), ("AAAA", "2001:db8::25")],
    "big.example": [_MAIL, *_txt(_GOOD_SPF, *(f"{number}-{'x' * 240}" for number in range(20)))],
    # What the server of an account says of itself; its certificate's key has the digest KEY_DIGEST
    "_587._tcp.mail.example": [("TLSA", f"3 1 1 {KEY_DIGEST}")],
    "_465._tcp.mail.example": [("TLSA", f"3 1 1 {'0' * 64}")],
    # SPF
    "no-spf.example": [_MAIL],
    "two-spf.example": [_MAIL, *_txt(_GOOD_SPF, "v=spf1 -all")],
    "wrong-spf.example": [_MAIL, *_txt("v=spf1 ipv4:192.0.2.1 -all")],
    "open-spf.example": [_MAIL, *_txt("v=spf1 +all")],
    "loop-spf.example": [_MAIL, *_txt("v=spf1 include:loop-spf.example.com -all")],
    "lost-spf.example": [_MAIL, *_txt("v=spf1 include:nowhere.example.com -all")],
    "long-spf.example": [_MAIL, *_txt("v=spf1 " + " ".join(f"include:spf{n}.example.com" for n in range(6)) + " -all")],
    **{f"spf{number}.example": _txt("v=spf1 a:mail.example.com -all") for number in range(6)},
    # DKIM
    "short-key.example": [_MAIL, *_txt(_GOOD_SPF)],
    "s1._domainkey.short-key.example": _dkim(_KEY_768),
    "shortish-key.example": [_MAIL, *_txt(_GOOD_SPF)],
    "s1._domainkey.shortish-key.example": _dkim(_KEY_1024),
    "revoked-key.example": [_MAIL, *_txt(_GOOD_SPF)],
    "s1._domainkey.revoked-key.example": _dkim(""),
    "no-key.example": [_MAIL, *_txt(_GOOD_SPF)],
    "alias-key.example": [_MAIL, *_txt(_GOOD_SPF)],
    "s1._domainkey.alias-key.example": [("CNAME", "s1._domainkey.example.com.")],
    # DMARC
    "two-dmarc.example": [_MAIL, *_txt(_GOOD_SPF)],
    "_dmarc.two-dmarc.example": _txt("v=DMARC1; p=none", "v=DMARC1; p=reject"),
    "old-dmarc.example": [_MAIL, *_txt(_GOOD_SPF)],
    "_dmarc.old-dmarc.example": _txt("v=DMARC1; p=reject; pct=100"),
    "lax-dmarc.example": [_MAIL, *_txt(_GOOD_SPF)],
    "_dmarc.lax-dmarc.example": _txt("v=DMARC1; p=none"),
    "sloppy-dmarc.example": [_MAIL, *_txt(_GOOD_SPF)],
    "_dmarc.sloppy-dmarc.example": _txt("V=DMARC1;; P=reject; adkim=strict"),
    # A wildcard answers for every name, those of keys too
    "wild.example": [_MAIL, *_txt(_GOOD_SPF)],
    "*.wild.example": _txt("v=spf1 -all"),
    # Nearly SPF, and keys that were spoilt
    "near-spf.example": [_MAIL, *_txt("v=spf1+mx -all")],
    "joined-spf.example": [_MAIL, ("TXT", '"v=spf1" "mx -all"')],
    "cut-key.example": [_MAIL, *_txt(_GOOD_SPF)],
    "s1._domainkey.cut-key.example": _txt(f"v=DKIM1; k=rsa; p={_KEY_2048}"[:255]),
    "escaped-key.example": [_MAIL, *_txt(_GOOD_SPF)],
    "s1._domainkey.escaped-key.example": _txt(f"v=DKIM1\\\\; k=rsa\\\\; p={_KEY_2048}"),
    # MX
    "no-mx.example": _txt(_GOOD_SPF),
    "null-mx.example": [("MX", "0 ."), *_txt("v=spf1 -all")],
    "implicit-mx.example": [("A", "192.0.2.80"), *_txt(_GOOD_SPF)],
    "alias-mx.example": [("MX", "10 alias.example.com."), *_txt(_GOOD_SPF)],
    "alias.example": [("CNAME", "mail.example.com.")],
    "dead-mx.example": [("MX", "10 nowhere.example.com."), *_txt(_GOOD_SPF)],
}
_NET: Mapping[str, list[tuple[str, str]]] = {
    "example": [_MAIL, *_txt(_GOOD_SPF)],  # no DMARC, neither here nor above
}


def _zone(name: str, records: Mapping[str, list[tuple[str, str]]]) -> str:
    head = (
        f"$ORIGIN {name}.\n$TTL 60\n@ SOA ns.example.{name}. hostmaster.example.{name}. 1 3600 600 86400 60\n"
        f"@ NS ns.example.{name}.\nns.example A 127.0.0.1\n"
    )
    return head + "".join(f"{owner} {kind} {value}\n" for owner, each in records.items() for kind, value in each)
