"""What each record in the DNS means: its code, and a sentence with what to do.

A case is a row of the table below; a newcomer adds one without writing a test.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from reconciler.model.verification.codes import CHECK_CODES
from reconciler.model.verification.evidence import DOMAIN_CHECKS
from reconciler.verification.domains.sentences import domain_template_of
from tests.support.certificates import certificate_der
from tests.support.nameserver import NameServer
from tests.verification.domains import codes, found, rsa_key, spf, zone

if TYPE_CHECKING:
    from reconciler.model.verification.evidence import CheckName


@dataclass(frozen=True)
class Case:
    """Records of a zone, and what a check makes of them."""

    code: str
    check: CheckName
    lines: tuple[str, ...]
    words: tuple[str, ...] = ()
    """What the sentence must hold."""


_KEY = "s1._domainkey"
_RSA = rsa_key(2048)
_ED25519 = base64.b64encode(bytes(range(32))).decode()
_A = "@ A 192.0.2.1"
_PAIR = ec.generate_private_key(ec.SECP256R1())
_PRIVATE = base64.b64encode(
    _PAIR.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
).decode()
_CERTIFICATE = base64.b64encode(certificate_der(_PAIR, "example.com")).decode()


def _includes(number: int) -> tuple[str, ...]:
    """Return a record with a number of includes, and what they lead to."""
    record = " ".join(f"include:i{each}.example.net" for each in range(number))
    return (
        spf(f"v=spf1 {record} -all"),
        *(spf("v=spf1 ip4:192.0.2.1 -all", f"i{n}.example.net.") for n in range(number)),
    )


def _key(record: str) -> tuple[str, ...]:
    return (_A, spf(record, _KEY))


def _dmarc(record: str) -> tuple[str, ...]:
    return (_A, spf(record, "_dmarc"))


_BROKEN_KEYS = tuple(
    base64.b64encode(bytes.fromhex(der)).decode()
    for der in (
        "30",  # a tag alone
        "3085ffffffffff",  # a length of five octets
        "3080",  # an indefinite length, which DER does not have
        "3010020101",  # it ends too early
        "3006020180020103",  # a negative modulus
        "3005020101" + "0200",  # no exponent
        "3000",
    )
) + tuple(
    rsa_key(2048, **oddity)
    for oddity in (
        {"trailing": b"\0"},
        {"trailing": b"\0\0", "is_bare": True},
        {"trailing": b"0\x82"},
        {"modulus": 0},
        {"modulus": 1},
        {"modulus": 0, "is_bare": True},
        {"modulus": 1 << 2047},
        {"modulus": 5},
        {"exponent": 0},
        {"exponent": 65536},
        {"exponent": 1},
        {"algorithm": bytes.fromhex("06092a864886f70d01010a0500")},  # RSASSA-PSS
        {"algorithm": bytes.fromhex("06092a864886f70d01010b0500")},  # a signature's, sha256WithRSAEncryption
        {"algorithm": bytes.fromhex("06072a8648ce380401")},  # DSA
    )
)
_CHAINED = (
    spf("v=spf1 include:i0.example.net include:i1.example.net -all"),
    *(spf("v=spf1 " + "include:leaf.example.net " * 5 + "-all", f"i{number}.example.net.") for number in range(2)),
    spf("v=spf1 ip4:192.0.2.1 -all", "leaf.example.net."),
)
_SPF = (
    Case("ok", "spf", (spf("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"),), ("0 of at most 10",)),
    Case("ok", "spf", (spf("v=spf1 a mx/24 a:mail.example.com//64 ~all"), "@ MX 10 mail", "mail A 192.0.2.1", _A), ("3 of at most 10",)),
    Case("ok", "spf", (spf("V=SPF1 IP4:192.0.2.1  -ALL "), spf("some other text")), ()),
    Case("ok", "spf", (spf("v=spf1 exists:%{ir}.%{v}._spf.%{d2} include:_spf.%{d} x-own=%{s} -all"),), ("2 of at most 10",)),
    Case("ok", "spf", (spf("v=spf1 redirect=_spf.example.net"), spf("v=spf1 ip4:192.0.2.1 -all", "_spf.example.net.")), ("1 of at most 10",)),
    Case("ok", "spf", (spf("v=spf1 ip4:192.0.2.1 exp=why.example.com -all"),), ("0 of at most 10",)),
    Case("ok", "spf", (spf("v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 " + "ip4:192.0.2.3 " * 40 + "-all"),), ()),
    Case("spfIgnoredTerm", "spf", (spf("v=spf1 ip4:192.0.2.1 -all include:after.all.example"),), ("Move it before",)),
    Case("ok", "spf", (*_includes(8),), ("8 of at most 10",)),
    Case("spfMissing", "spf", (_A, spf("v=spf10 -all"), spf("v=spf")), ("TXT record at example.com: v=spf1 include:PROVIDER -all",)),
    *(
        Case("spfUnrecognised", "spf", (spf(record),), words)
        for record, words in (
            ("v=spf1+a -all", ("After v=spf1 must stand a space", '"+"')),
            ("v=spf1;mx -all", ('";"',)),
            ("v=spf1, mx", ('","',)),
            ("v=spf1mx -all", ('"m"',)),
            ("V=SPF1-all", ('"-"',)),
            ('"v=spf1 mx -all"', ("quotation marks", "take them out")),
            ("'v=spf1 mx -all'", ("quotation marks",)),
            ('\\"v=spf1 mx -all\\"', ("quotation marks",)),
            ('v="spf1" mx -all', ("quotation marks",)),
            (" v=spf1 mx -all", ("begins with a space",)),
            ("v = spf1 mx -all", ("exactly these letters",)),
            ("v=spf 1 mx -all", ("exactly these letters",)),
            ("v=spf-1 mx", ("exactly these letters",)),
            ("v=sfp1 mx", ("exactly these letters",)),
            ("v:spf1 mx -all", ("exactly these letters",)),
            ("spf1 mx -all", ("exactly these letters",)),
            ("=spf1 mx -all", ("exactly these letters",)),
            ("v=spfv1 mx -all", ("exactly these letters",)),
            ("v=spfl mx -all", ("exactly these letters",)),
            ("v=spf2 mx -all", ("exactly these letters",)),
            ("TXT v=spf1 mx -all", ("exactly these letters",)),
            ("@ TXT v=spf1 mx -all", ("exactly these letters",)),
            ("SPF: v=spf1 mx -all", ("exactly these letters",)),
        )
    ),
    Case("spfUnrecognised", "spf", ('@ TXT "v=spf1" "mx -all"',), ("joined without a space", '"v=spf1 "')),
    Case("spfUnrecognised", "spf", ('@ TXT "v=spf1\\009mx -all"',), ("a tab",)),
    Case("spfUnrecognised", "spf", ('@ TXT "v=spf1\\194\\160mx -all"',), ("U+00A0",)),
    Case("spfUnrecognised", "spf", ('@ TXT "\\226\\128\\156v=spf1 mx -all\\226\\128\\157"',), ("quotation marks",)),
    Case("spfMissing", "spf", (spf("spf2.0/pra mx -all"), spf("some=spf1 note"), spf("about spf1")), ()),
    Case("spfSeveral", "spf", (spf("v=spf1 -all"), spf("v=spf1 mx -all")), ("2 SPF records", "RFC 7208 section 4.5")),
    Case("spfSyntax", "spf", (spf("v=spf1 ipv4:192.0.2.1 -all"),), ('"ipv4:192.0.2.1"', "no such mechanism", "write ip4:192.0.2.1")),
    *(
        Case("spfSyntax", "spf", (spf(f"v=spf1 {term} -all"),), (words,))
        for term, words in (
            ("ip:192.0.2.1", "write ip4:192.0.2.1"),
            ("inlcude:i.example.net", "write include:i.example.net"),
            ("+includes:i.example.net", "write +include:i.example.net"),
            ("redirect:i.example.net", "write redirect=i.example.net"),
            ("mx,", "write mx"),
            ('"mx"', "write mx"),
            ("ip4:192.0.2.1,", "an address of its kind"),
            ("ip6:192.0.2.1", "write ip4:192.0.2.1"),
            ("ip4:2001:db8::1", "write ip6:2001:db8::1"),
            ("ip4:192.0.2.1:25", "write ip4:192.0.2.1"),
            ("a:192.0.2.1", "write ip4:192.0.2.1"),
            ("include:192.0.2.1", "write ip4:192.0.2.1"),
            ("ip4:192.0.2.0/024", "number after /"),
            ("ip4:192.0.2.0/00", "number after /"),
            ("ip6:2001:db8::/064", "number after /"),
            ("ip4:192.0.2.0//24", "number after /"),
            ("ip4:192.0.2", "an address of its kind"),
            ("a/024", "number after /"),
            ("mx//0129", "number after /"),
            ("a/24/64", "number after /"),
            ("a:example.net/24/64", "number after /"),
            ("a:example.net:8080", "not a domain"),
            ("a:example.-com", "not a domain"),
            ("a:abc.123", "not a domain"),
            ("exists:%{c}.example.com", "for explanations alone"),
            ("exists:%{r}.example.com", "for explanations alone"),
            ("exists:%{t}.example.com", "for explanations alone"),
            ("exists:%{i0}.example.com", "0 stands there"),
            ("exp=%{r}.example.com", "for explanations alone"),
            ("redirect=%{q}.example.com", "no macro"),
            ("exists:%(i).example.com", "begins no macro"),
            ("exp=", "not a domain"),
            ("-", "neither a mechanism"),
        )
    ),
    Case("spfSyntax", "spf", ('@ TXT "v=spf1 mx" "-all"',), ('"mx-all"', '"mx" and "-all" became one word')),
    Case("spfJoined", "spf", ('@ TXT "v=spf1 include:i.example.net" "include:j.example.net -all"', spf("v=spf1 mx -all", "i.example.net.")), ('"include:i.example.net" and "include:j.example.net"',)),
    Case("ok", "spf", ('@ TXT "v=spf1 ip4:192.0.2.1 " "ip4:192.0.2.2 -all"',), ()),
    Case("ok", "spf", ('@ TXT "v=spf1 include:i.exam" "ple.net -all"', spf("v=spf1 ip4:192.0.2.1 -all", "i.example.net.")), ()),
    Case("ok", "spf", (spf("v=spf1 a:foo:bar/baz.example.com a:foo.example.xn--zckzah/24//64 -all"), "foo:bar/baz A 192.0.2.1"), ()),
    Case("ok", "spf", (spf("v=spf1 exists:%{L2r+-}.%{D}.%%_%-%_%{h} ip6:::ffff:192.0.2.1/128 moo.cow-far_out=man:dog/cat -all"),), ()),
    Case("spfIgnoredTerm", "spf", (spf("v=spf1 include=i.example.net mx -all"), "@ MX 10 mail"), ('"include=i.example.net"', "Write include:i.example.net")),
    Case("spfIgnoredTerm", "spf", (spf("v=spf1 ip4=192.0.2.1 a -all"), _A), ("Write ip4:192.0.2.1",)),
    Case("spfSyntax", "spf", (spf("v=spf1 ip4:2001:db8::1 -all"),), ("ip4 needs a colon",)),
    Case("spfSyntax", "spf", (spf("v=spf1 ip6:fe80::1%eth0 -all"),), ("ip6 needs a colon",)),
    Case("spfSyntax", "spf", (spf("v=spf1 ip4:192.0.2.0/33 -all"),), ("number after /",)),
    Case("spfSyntax", "spf", (spf("v=spf1 ip4 -all"),), ("ip4 needs a colon",)),
    Case("spfSyntax", "spf", (spf("v=spf1 a/129 -all"),), ("number after /",)),
    Case("spfSyntax", "spf", (spf("v=spf1 a/33 -all"),), ("number after /",)),
    Case("spfSyntax", "spf", (spf("v=spf1 ptr/24 -all"),), ("number after /",)),
    Case("spfSyntax", "spf", (spf("v=spf1 include -all"),), ("include needs a colon",)),
    Case("spfSyntax", "spf", (spf("v=spf1 include: -all"),), ("not a domain",)),
    Case("spfSyntax", "spf", (spf("v=spf1 include:localhost -all"),), ("not a domain",)),
    Case("spfSyntax", "spf", (spf("v=spf1 include:192.0.2.1 -all"),), ("not a domain",)),
    Case("spfSyntax", "spf", (spf("v=spf1 exists:%{x}.example.com -all"),), ("%",)),
    Case("spfSyntax", "spf", (spf("v=spf1 exists:50%.example.com -all"),), ()),
    Case("spfSyntax", "spf", (spf("v=spf1 x-own=% -all"),), ("begins no macro",)),
    Case("spfSyntax", "spf", (spf("v=spf1 all:example.com"),), ("all takes nothing",)),
    Case("spfSyntax", "spf", (spf("v=spf1 -all, mx"),), ('"-all,"',)),
    Case("spfSyntax", "spf", (spf("v=spf1 redirect=a.example redirect=b.example"),), ("once only",)),
    Case("spfSyntax", "spf", ('@ TXT "v=spf1 \\009-all"',), ("printable ASCII",)),
    Case("spfSyntax", "spf", ('@ TXT "v=spf1 include:\\197\\188.example -all"',), ("printable ASCII",)),
    Case("spfSyntax", "spf", (spf("v=spf1 -all mxx"),), ("mxx",)),
    Case("spfTooManyLookups", "spf", _includes(11), ("takes 11 DNS look-ups", "include:i0.example.net (1)", "RFC 7208 section 4.6.4")),
    Case("spfTooManyLookups", "spf", (spf("v=spf1 mx -all"), *(f"@ MX 10 m{number}" for number in range(11))), ("more than 10 MX records",)),
    Case("spfTooManyLookups", "spf", _CHAINED, ("takes 12 DNS look-ups", "include:i0.example.net (6)", "include:i1.example.net (6)")),
    Case("spfTooManyLookups", "spf", (spf("v=spf1 " + "include:i.example.net " * 20 + "-all"), spf("v=spf1 " + "a:host.example.net " * 20 + "-all", "i.example.net."), "host.example.net. A 192.0.2.1"), ("more than 40",)),
    Case("spfNearLimit", "spf", _includes(9), ("9 of at most 10",)),
    Case("spfNearLimit", "spf", _includes(10), ("10 of at most 10",)),
    Case("spfTooManyVoidLookups", "spf", (spf("v=spf1 a:x.example.com a:y.example.com exists:z.example.com ip4:192.0.2.1 -all"),), ("3 names", "x.example.com")),
    Case("spfIncludeBroken", "spf", (spf("v=spf1 include:gone.example.net -all"),), ("gone.example.net", "no SPF record", "Correct or remove include:gone.example.net")),
    Case("spfIncludeBroken", "spf", (spf("v=spf1 include:i.example.net -all"), spf("v=spf1 foo", "i.example.net.")), ("example.com > i.example.net", '"foo"')),
    Case("spfIncludeBroken", "spf", (spf("v=spf1 redirect=i.example.net"), spf("v=spf1 a", "i.example.net."), spf("v=spf1 mx", "i.example.net.")), ("several SPF records",)),
    Case("spfLoop", "spf", (spf("v=spf1 include:i.example.net -all"), spf("v=spf1 include:example.com -all", "i.example.net.")), ("example.com > i.example.net > example.com",)),
    Case("spfLoop", "spf", (spf("v=spf1 redirect=example.com"),), ("example.com > example.com",)),
    Case("spfAllowsAll", "spf", (spf("v=spf1 ip4:192.0.2.1 +all"),), ('"+all"', "-all")),
    Case("spfAllowsAll", "spf", (spf("v=spf1 all"),), ()),
    Case("spfAllowsAll", "spf", (spf("v=spf1 ip6:::/0 -all"),), ('"ip6:::/0"',)),
    Case("spfAllowsAll", "spf", (spf("v=spf1 include:i.example.net -all"), spf("v=spf1 +all", "i.example.net.")), ("in example.com > i.example.net",)),
    Case("spfAllowsNobody", "spf", (spf("v=spf1 -all"),), ("no server at all", "include:PROVIDER")),
    Case("spfAllowsNobody", "spf", (spf("v=spf1 -ip4:192.0.2.1 ~all"),), ()),
    Case("spfNeutral", "spf", (spf("v=spf1 ip4:192.0.2.1 ?all"),), ("-all or ~all",)),
    Case("spfNoAll", "spf", (spf("v=spf1 ip4:192.0.2.1"),), ("Add -all",)),
    Case("spfNoAll", "spf", (spf("v=spf1 redirect=i.example.net"), spf("v=spf1 ip4:192.0.2.1", "i.example.net.")), ()),
    Case("spfUsesPtr", "spf", (spf("v=spf1 ptr -all"),), ("RFC 7208 section 5.5",)),
)  # fmt: skip

_DKIM = (
    Case("ok", "dkim", _key(f"v=DKIM1; k=rsa; p={_RSA}"), ("RSA key of 2048 bits",)),
    Case("ok", "dkim", _key(f"p={rsa_key(4096, is_bare=True)};"), ("4096",)),
    Case("ok", "dkim", _key(f"v=DKIM1; k=ed25519; h=sha1:sha256; s=email; t=s; p={_ED25519}"), ("Ed25519",)),
    Case("ok", "dkim", (_A, f"{_KEY} CNAME s1.provider.example.", spf(f"p={_RSA}", "s1.provider.example.")), ("2048",)),
    Case("dkimKeyMissing", "dkim", (_A,), ("s1._domainkey.example.com", "domains.example.com.dkimSelectors")),
    Case("dkimKeyMissing", "dkim", (_A, f"{_KEY} CNAME gone.provider.example."), ()),
    Case("dkimKeyMissing", "dkim", (_A, spf("v=spf1 mx -all", "*")), ("comes from a wildcard", '"v=spf1 mx -all"')),
    Case("dkimSeveralKeys", "dkim", (*_key(f"p={_RSA}"), spf("p=", _KEY)), ("2 TXT records",)),
    Case("dkimKeyInvalid", "dkim", _key("v=DKIM1; k=rsa"), ("no p=",)),
    Case("dkimKeyInvalid", "dkim", _key(f"p={_RSA}; v=DKIM1"), ("first tag",)),
    Case("dkimKeyInvalid", "dkim", _key(f"v=DKIM2; p={_RSA}"), ("first tag",)),
    Case("dkimKeyInvalid", "dkim", _key(f"v=DKIM1; p={_RSA}; p=x"), ("twice",)),
    Case("dkimKeyInvalid", "dkim", _key("v=DKIM1; p"), ("tag=value",)),
    Case("dkimKeyInvalid", "dkim", _key("v=DKIM1; p=****"), ("not base64",)),
    Case("dkimKeyInvalid", "dkim", _key("v=DKIM1; p=AAAA"), ("not an RSA public key",)),
    Case("dkimKeyInvalid", "dkim", _key(f"v=DKIM1; p={_RSA[:200]}"), ("not an RSA public key",)),
    Case("dkimKeyInvalid", "dkim", _key(f"v=DKIM1; k=ed25519; p={_RSA}"), ("Ed25519 key has 32",)),
    *(Case("dkimKeyInvalid", "dkim", _key(f"v=DKIM1; p={broken}"), ("not an RSA public key",)) for broken in _BROKEN_KEYS),
    Case("dkimKeyInvalid", "dkim", _key(f"v=DKIM1; k=rsa; p={_RSA}"[:255]), ("255 octets", "it was cut", "several strings")),
    Case("dkimKeyInvalid", "dkim", _key(f"v=DKIM1; k=rsa; p={_RSA}"[:254]), ("not",)),
    Case("dkimKeyInvalid", "dkim", _key(f"v=DKIM1\\; k=rsa\\; p={_RSA}"), ("backslashes before its semicolons",)),
    Case("dkimKeyInvalid", "dkim", _key(f'"v=DKIM1; k=rsa; p={_RSA}"'), ("quotation marks",)),
    Case("dkimKeyInvalid", "dkim", _key(f'v=DKIM1; k=rsa; p={_RSA[:200]}" "{_RSA[200:]}'), ("quotation marks",)),
    Case("dkimKeyInvalid", "dkim", _key("v=DKIM1; p=-----BEGIN PUBLIC KEY-----" + _RSA), ("BEGIN line of a PEM file",)),
    Case("dkimKeyInvalid", "dkim", _key(f"v=DKIM1; p={_RSA[:100]}*{_RSA[100:]}"), ("cannot stand there",)),
    Case("dkimKeyInvalid", "dkim", _key(f"v=DKIM1; p={_PRIVATE}"), ("the private key", "make a new pair")),
    Case("dkimKeyInvalid", "dkim", _key(f"v=DKIM1; p={_CERTIFICATE}"), ("but a certificate",)),
    Case("ok", "dkim", (_A, f'{_KEY} TXT "v=DKIM1; k=rsa; " "p={_RSA[:200]}" "{_RSA[200:]}"'), ("2048",)),
    Case("ok", "dkim", (*_key(f"v=DKIM1; p={_RSA}"), spf("v=spf1 mx -all", "*")), ("2048",)),
    Case("dkimKeyRevoked", "dkim", _key("v=DKIM1; p="), ("revoked", "selector")),
    Case("dkimKeyTooShort", "dkim", _key(f"v=DKIM1; p={rsa_key(768)}"), ("768 bits", "RFC 8301")),
    Case("dkimKeyShort", "dkim", _key(f"v=DKIM1; p={rsa_key(1024)}"), ("1024 bits",)),
    Case("dkimKeyTypeUnknown", "dkim", _key("v=DKIM1; k=mlkem; p=AAAA"), ("mlkem",)),
    Case("dkimKeyRestricted", "dkim", _key(f"v=DKIM1; h=sha1; p={_RSA}"), ("sha256",)),
    Case("dkimKeyRestricted", "dkim", _key(f"v=DKIM1; s=tlsrpt; p={_RSA}"), ("email",)),
    Case("dkimTesting", "dkim", _key(f"v=DKIM1; t=s:y; p={_RSA}"), ("t=y",)),
)  # fmt: skip

_DMARC = (
    Case("ok", "dmarc", _dmarc("v=DMARC1; p=reject; rua=mailto:d@example.com!10m,mailto:e@example.net"), ("policy reject", "_dmarc.example.com")),
    Case("ok", "dmarc", _dmarc("v = DMARC1 ;p = Quarantine;adkim=s;aspf=r;np=reject;psd=u;t=n;fo=1:d"), ("quarantine",)),
    Case("ok", "dmarc", _dmarc("V=DMARC1; P=REJECT; RUA=mailto:d@example.com; Adkim=S; NP=none"), ("policy reject",)),
    Case("ok", "dmarc", _dmarc("v=DMARC1; p=reject;"), ("policy reject",)),
    Case("ok", "dmarc", _dmarc("v=DMARC1; p=reject; "), ("policy reject",)),
    *(
        Case("dmarcIgnoredPart", "dmarc", _dmarc(f"v=DMARC1; p=reject; {part}; rua=mailto:d@example.com"), words)
        for part, words in (
            ("", ("an empty part (;;)", "RFC 9989 section 4.8")),
            ("psd=x", ("psd=x, which is none of n, u, y",)),
            ("adkim=strict", ("adkim=strict, which is none of r, s",)),
            ("ASPF=relaxed", ("aspf=relaxed",)),
            ("t=yes", ("t=yes",)),
            ("fo=2", ("fo=2",)),
            ("fo=0:x", ("fo=0:x",)),
            ("policy", ('"policy"',)),
            ("hello world", ('"hello world"',)),
            ("=x", ('"=x"',)),
            ("ra=mailto:d@example.com", ("ra=, which is no tag of DMARC",)),
            ("adkim=r; ADKIM=s", ("a second ADKIM=",)),
            ("\\", ()),
        )
    ),
    Case("dmarcInvalid", "dmarc", _dmarc("v=DMARC1; p=reject; P=none"), ("twice",)),
    Case("dmarcInvalid", "dmarc", _dmarc("v=DMARC1\\; p=reject\\; rua=mailto:d@example.com"), ("backslashes before its semicolons",)),
    Case("dmarcInvalid", "dmarc", _dmarc('"v=DMARC1; p=reject"'), ("quotation marks",)),
    Case("dmarcInvalid", "dmarc", _dmarc("v=DMARC1; p=reject; np=nothing"), ("np=nothing",)),
    Case("dmarcMissing", "dmarc", (_A, spf("v=spf1 mx -all", "*")), ("comes from a wildcard", '"v=spf1 mx -all"', "p=none; rua=mailto:dmarc@example.com")),
    Case("dmarcMissing", "dmarc", (_A, spf("v=spf1", "_dmarc")), ("_dmarc.example.com: v=DMARC1; p=none; rua=mailto:dmarc@example.com",)),
    Case("dmarcSeveral", "dmarc", (*_dmarc("v=DMARC1; p=none"), spf("v=DMARC1; p=reject", "_dmarc")), ("2 DMARC records", "Keep one")),
    Case("dmarcInvalid", "dmarc", _dmarc("v=DMARC1; p=rejected"), ("p=rejected", "none, quarantine, reject")),
    Case("dmarcInvalid", "dmarc", _dmarc("v=DMARC1; p=reject; sp=no"), ("sp=no",)),
    Case("dmarcInvalid", "dmarc", _dmarc("v=DMARC1; p=reject; p=none"), ("twice",)),
    Case("dmarcInvalid", "dmarc", _dmarc("v=DMARC1; p=reject rua"), ()),
    Case("dmarcInvalid", "dmarc", _dmarc("v=DMARC1; reject"), ("tag=value",)),
    Case("dmarcInvalid", "dmarc", _dmarc("V=dmarc1; p=reject"), ("exactly these letters",)),
    Case("dmarcInvalid", "dmarc", _dmarc("v=DMARC1 p=reject"), ("exactly these letters",)),
    Case("dmarcPolicyNone", "dmarc", _dmarc("v=DMARC1; p=none; rua=mailto:d@example.com"), ("p=none", "p=quarantine")),
    Case("dmarcPolicyNone", "dmarc", _dmarc("v=DMARC1; rua=mailto:d@example.com"), ("no p=",)),
    Case("dmarcTesting", "dmarc", _dmarc("v=DMARC1; p=reject; t=y"), ("t=y", "p=reject")),
    Case("dmarcRemovedTag", "dmarc", _dmarc("v=DMARC1; p=reject; pct=50; ri=3600"), ("pct=, ri=", "RFC 9989", "t=y")),
    Case("dmarcRemovedTag", "dmarc", _dmarc("v=DMARC1; p=reject; rf=afrf"), ("rf=",)),
    Case("dmarcReportAddressInvalid", "dmarc", _dmarc("v=DMARC1; p=reject; rua=d@example.com"), ("d@example.com", "mailto:")),
    Case("dmarcReportAddressInvalid", "dmarc", _dmarc("v=DMARC1; p=reject; ruf=mailto:nobody"), ("mailto:nobody", "ruf")),
    Case("dmarcReportAddressInvalid", "dmarc", _dmarc("v=DMARC1; p=reject; rua=mailto:a@example.com,https://[x"), ()),
)  # fmt: skip

_MX = (
    Case("ok", "mx", ("@ MX 10 mail", "mail A 192.0.2.1"), ("Bounces to example.com go to mail.example.com",)),
    Case("ok", "mx", ("@ MX 10 mail", "mail AAAA 2001:db8::1"), ()),
    Case("ok", "replyTo", ("@ MX 10 mail", "mail A 192.0.2.1"), ("Replies to",)),
    Case("mxMissing", "mx", (spf("text"),), ("bounces", "MX record at example.com")),
    Case("mxMissing", "replyTo", (spf("text"),), ("replies",)),
    Case("mxNull", "mx", ("@ MX 0 .", _A), ("RFC 7505",)),
    Case("mxNull", "replyTo", ("@ MX 0 .",), ("replies",)),
    Case("mxUnusable", "mx", ("@ MX 10 gone", _A), ("gone.example.com does not exist",)),
    Case("mxUnusable", "replyTo", ("@ MX 10 192.0.2.1.",), ("192.0.2.1 is an IP address",)),
    Case("mxUnusable", "mx", ("@ MX 10 bare", spf("no address", "bare")), ("bare.example.com has no address",)),
    Case("mxImplicit", "mx", (_A,), ("MX record: 10 example.com",)),
    Case("mxImplicit", "replyTo", ("@ AAAA 2001:db8::1",), ("replies",)),
    Case("mxTargetBroken", "mx", ("@ MX 10 mail", "@ MX 20 gone", "@ MX 30 .", "mail A 192.0.2.1"), ("gone.example.com does not exist", "beside others")),
    Case("mxTargetAlias", "mx", ("@ MX 10 mail", "mail CNAME host", "host A 192.0.2.1"), ("mail.example.com", "RFC 2181")),
)  # fmt: skip
_TLS_RPT = tuple(
    Case(code, "tlsRpt", (_A, *(spf(record, "_smtp._tls") for record in records)), words)
    for code, records, words in (
        ("ok", ("v=TLSRPTv1; rua=mailto:tls@example.com",), ("asked for",)),
        ("ok", ("v=TLSRPTv1;rua=https://tls.example.com/v1,mailto:tls@example.com;",), ()),
        ("notDeclared", (), ("_smtp._tls.example.com",)),
        ("notDeclared", ("v=spf1 -all",), ()),
        ("tlsRptInvalid", ("v=TLSRPTv1",), ("no rua=",)),
        ("tlsRptInvalid", ("v=TLSRPTv1\\; rua=mailto:tls@example.com",), ("backslashes",)),
        ("tlsRptInvalid", ("v=TLSRPTv1; rua=",), ("no rua=",)),
        ("tlsRptInvalid", ("v=TLSRPTv1; rua=tls@example.com",), ("tls@example.com",)),
        ("tlsRptInvalid", ("v=TLSRPTv1; rua=http://tls.example.com",), ("https://host/path",)),
        ("tlsRptInvalid", ("v=TLSRPTv1; rua=mailto:nobody",), ()),
        ("tlsRptInvalid", ("v=TLSRPTv1; rua=mailto:a@example.com; hello",), ("tag=value",)),
        ("tlsRptInvalid", ("v=tlsrptv1; rua=mailto:a@example.com",), ("exactly these letters",)),
        (
            "tlsRptInvalid",
            ("v=TLSRPTv1; rua=mailto:a@example.com", "v=TLSRPTv1; rua=mailto:b@example.com"),
            ("there are 2",),
        ),
    )
)
_CASES = (*_SPF, *_DKIM, *_DMARC, *_MX, *_TLS_RPT)


def _relative(line: str) -> str:
    """Write out a target that lies below example.com."""
    name, kind, target = line.split(None, 2)
    if kind in {"MX", "CNAME"} and not line.endswith("."):
        return f"{name} {kind} {target}.example.com."
    return line


@pytest.mark.parametrize("case", _CASES, ids=lambda case: f"{case.check}-{case.code}")
def test_what_a_record_means(case: Case) -> None:
    """The code follows from the records, and the sentence names them and what to do."""
    with NameServer(zone(*(_relative(line) for line in case.lines))) as server:
        remarks = found(server, case.check, selectors=("s1",))
    assert case.code in codes(remarks)
    [told] = [each.message for each in remarks if each.code == case.code]
    assert [word for word in case.words if word not in told] == []
    assert "{" not in told.replace("%{", "")  # a macro in an SPF record
    assert case.check in CHECK_CODES[case.code].checks


@pytest.mark.parametrize("case", _CASES, ids=lambda case: f"{case.check}-{case.code}")
def test_a_record_that_is_fine_is_not_complained_of(case: Case) -> None:
    """Where nothing is wrong there is the one remark that says so; otherwise there is none that does."""
    with NameServer(zone(*(_relative(line) for line in case.lines))) as server:
        remarks = found(server, case.check, selectors=("s1",))
    assert (["ok"] == codes(remarks)) == (case.code == "ok")


_REACHED_ELSEWHERE = {
    "domainNotFound",
    "dnsTimedOut",
    "dnsFailed",
    "nameserverForbidden",
    "noNameservers",
    "internalFault",
}


def test_every_code_is_reached_here() -> None:
    """Each code of a domain check has a case, a sentence, a cause and a cure."""
    elsewhere = {
        "mtaSts",
        "spfServer",
        "dane",
    }  # with a web server, or of a server: test_domains_sts, test_domains_server
    of_domains = {code.name for code in CHECK_CODES.values() if set(code.checks) & set(DOMAIN_CHECKS) - elsewhere}
    found_out = {name for name in of_domains if CHECK_CODES[name].kind in {"failed", "warned"}}
    assert {case.code for case in _CASES} - {"ok", "notDeclared"} | _REACHED_ELSEWHERE == found_out
    assert [name for name in sorted(found_out) if domain_template_of(name) is None] == []
    assert [name for name in sorted(found_out) if not (CHECK_CODES[name].cause and CHECK_CODES[name].cure)] == []


@pytest.mark.parametrize(
    ("written", "code", "words"),
    [
        ("v=spf1 a mx \u2013all", "spfSyntax", "write -all"),
        ("v=spf1 a mx -\u200ball", "spfSyntax", "write -all"),
        ("v=spf1 include:m\u00fcnchen.example -all", "spfSyntax", "printable ASCII characters only. "),
        ("v=spf1 192.0.2.1 -all", "spfSyntax", "write ip4:192.0.2.1"),
        ("v=spf1 ip4: 192.0.2.1 -all", "spfSyntax", "no space may stand behind the colon"),
        ("v=spf1 include: spf.example.net -all", "spfSyntax", "no space may stand behind the colon"),
        ("v=spf1 a -all include:spf.example.net", "spfIgnoredTerm", 'Move it before "-all"'),
        ("v=spf1 a redirect=spf.example.net ~all", "spfIgnoredTerm", 'Take "~all" out'),
    ],
)
def test_what_is_wrong_with_a_term_of_spf_is_told(written: str, code: str, words: str) -> None:
    """The term at fault is named with what to write, and one that no receiver comes to is not passed over in silence."""
    with NameServer(zone("@ A 192.0.2.1", "mail A 192.0.2.2", "@ MX 10 mail.example.com.", spf(written))) as server:
        remarks = found(server, "spf")
    assert [code] == codes(remarks)
    assert words in remarks[0].message


@pytest.mark.parametrize(
    ("check", "code", "line"),
    [
        ("spf", "spfMissing", spf("v=spf1 a -all", "example.com")),
        ("dkim", "dkimKeyMissing", spf(f"v=DKIM1; p={rsa_key(2048)}", "mail._domainkey.example.com")),
        ("dmarc", "dmarcMissing", spf("v=DMARC1; p=reject", "_dmarc.example.com")),
    ],
    ids=["spf", "dkim", "dmarc"],
)
def test_a_record_at_its_name_written_twice_is_found(check: CheckName, code: str, line: str) -> None:
    """Panels add the domain to a name; whoever wrote it too is told where the record stands. A wildcard is no record."""
    name, _, text = line.partition(" ")
    for lines, is_told in (((line,), True), ((f"*.example.com {text}",), False)):
        with NameServer(zone("@ A 192.0.2.1", *lines)) as server:
            remarks = found(server, check, selectors=("mail",))
        assert [code] == codes(remarks), name
        assert is_told == ("example.com.example.com" in remarks[0].message)
