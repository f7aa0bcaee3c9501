"""One SPF record as values (RFC 7208 sections 4.5, 4.6.1, 5, 6, 7 and 12): what stands in it, nothing looked up."""

from __future__ import annotations

import difflib
import ipaddress
import re
from typing import Literal

from reconciler.classes import dataclass
from reconciler.verification.domains.spf_macros import MacroError, has_macro, require_macros

Qualifier = Literal["+", "-", "~", "?"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SPF_VERSION = re.compile(rb"v=spf1(?= |\Z)", re.IGNORECASE)
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)\Z", re.DOTALL)
_DIRECTIVE = re.compile(r"([-+?~]?)([A-Za-z0-9_][A-Za-z0-9_-]*)(?::(.*)|(/.*))?\Z")
_SPEC_AND_PREFIXES = re.compile(r"(.*?)(?:/([0-9]+))?(?://([0-9]+))?\Z")
_PREFIX_LENGTH = re.compile(r"(?:0|[1-9][0-9]{0,2})\Z")
_TOP_LABEL = re.compile(r"(?!-)(?![0-9]+\Z)[A-Za-z0-9-]+(?<!-)\Z")
_PORT = re.compile(r"(.+):[0-9]{1,5}\Z")
_BITS = {"ip4": 32, "ip6": 128}
_TAKES_PREFIX = frozenset({"a", "mx"})
_TAKES_DOMAIN = frozenset({"a", "mx", "ptr", "include", "exists"})
_NEEDS_DOMAIN = frozenset({"include", "exists"})
_MODIFIERS = frozenset({"redirect", "exp"})
_MECHANISMS = ("all", "a", "mx", "ptr", "include", "exists", "ip4", "ip6")
_OTHER_NAMES = {"ip": "ip4", "ipv4": "ip4", "ipv6": "ip6", "host": "a", "exist": "exists"}
_LEAST_LIKENESS = 0.7
_COPIED = {
    **dict.fromkeys(range(0x2010, 0x2016), "-"),
    0x2212: "-",
    **dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xAD), ""),
}
"""What editors and web pages make of a hyphen, and characters that nobody sees."""
LOOKED_UP = _TAKES_DOMAIN
"""The mechanisms that cost a look-up (RFC 7208 section 4.6.4)."""


class SpfSyntaxError(ValueError):
    """A record is not valid: where, and why."""

    def __init__(self, term: str, reason: str) -> None:
        """Keep the term at fault and the reason as a clause."""
        super().__init__(f"{term}: {reason}")
        self.term = term
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Term:
    """One mechanism with its qualifier."""

    text: str
    """As written."""
    qualifier: Qualifier
    mechanism: str
    domain: str | None = None
    """The domain-spec given, macros and all, without a final dot; None: the record's own, or none is taken."""
    network: Network | None = None
    """What ``ip4`` and ``ip6`` name."""
    prefix_lengths: tuple[int, int] = (_BITS["ip4"], _BITS["ip6"])
    """How much of an IPv4 and of an IPv6 address has to agree, for ``a`` and ``mx``."""

    @property
    def is_everything(self) -> bool:
        """Whether it matches any address: ``all``, or a network of prefix length 0."""
        return self.mechanism == "all" or (self.network is not None and self.network.prefixlen == 0)

    @property
    def has_macro(self) -> bool:
        """Whether the domain depends on the message, so that it cannot be looked up without one."""
        return self.domain is not None and has_macro(self.domain)


@dataclass(frozen=True, slots=True)
class SpfRecord:
    """A valid record; terms after ``all`` are left out, since nobody comes to them (RFC 7208 section 5.1)."""

    text: str
    terms: tuple[Term, ...]
    """Without ``all``."""
    last: Term | None
    """``all``; None where there is none."""
    redirect: str | None
    """None also where ``all`` keeps it from being used (RFC 7208 section 6.1)."""
    explanation: str | None
    """The domain-spec of ``exp``, where a text for refused senders stands (RFC 7208 section 6.2)."""
    unreached: str | None
    """The first term after ``all``, or the ``redirect`` beside it, which receivers do not look at; None: there is none."""
    ignored: tuple[str, ...]
    """Modifiers that have the name of a mechanism, such as ``include=``: receivers pass over unknown modifiers."""


def is_spf(text: bytes) -> bool:
    """Tell whether a TXT record is an SPF record (RFC 7208 section 4.5)."""
    return SPF_VERSION.match(text) is not None


def parse_spf(record: bytes) -> SpfRecord:
    """Return the record; raise ``SpfSyntaxError`` for one that receivers treat as invalid."""
    text = record.decode("ascii", "backslashreplace")
    if not record.isascii() or not text.isprintable():
        raise _not_ascii(record)
    terms: list[Term] = []
    modifiers: dict[str, str] = {}
    ignored: list[str] = []
    for written in text.split(" ")[1:]:
        modifier = _MODIFIER.match(written)
        if modifier and modifier[1].lower() in _MODIFIERS:
            name = modifier[1].lower()
            if name in modifiers:
                raise SpfSyntaxError(written, f"{name}= may stand there once only")
            modifiers[name] = _domain(written, modifier[2])
        # Receivers pass over modifiers that they do not know (RFC 7208 section 6), be they meant as mechanisms.
        elif modifier:
            _require_macros(written, modifier[2])
            ignored += [written] if modifier[1].lower() in _MECHANISMS else []
        elif written:
            terms.append(_term(written))
    alls = [number for number, term in enumerate(terms) if term.mechanism == "all"]
    after = [term.text for term in terms[alls[0] :] if term.mechanism != "all"] if alls else []
    after += [f"redirect={modifiers['redirect']}"] if alls and "redirect" in modifiers else []
    return SpfRecord(
        text=text,
        unreached=after[0] if after else None,
        terms=tuple(terms[: alls[0]] if alls else terms),
        last=terms[alls[0]] if alls else None,
        redirect=None if alls else modifiers.get("redirect"),
        explanation=modifiers.get("exp"),
        ignored=tuple(ignored),
    )


def _not_ascii(record: bytes) -> SpfSyntaxError:
    """Return the fault of a record with other characters; most often they came with a text that was copied."""
    words = record.decode("utf-8", "backslashreplace").split(" ")
    word = next((each for each in words if not (each.isascii() and each.isprintable())), words[0])
    meant = "".join(each for each in word.translate(_COPIED) if each.isascii() and each.isprintable())
    instead = f"; write {meant}" if meant != word and word.translate(_COPIED).isascii() and is_term(meant) else ""
    return SpfSyntaxError(word, f"a record holds printable ASCII characters only{instead}")


def is_term(text: str) -> bool:
    """Tell whether a text is one valid mechanism or known modifier."""
    try:
        record = parse_spf(b"v=spf1 " + text.encode())
    except (SpfSyntaxError, UnicodeEncodeError):
        return False
    return bool(record.terms or record.last or record.redirect or record.explanation) and " " not in text


def is_name(domain: str) -> bool:
    """Tell whether a domain ends as a domain name does (RFC 7208 section 7.1): after a dot, with no mere number."""
    rest, dot, top_label = domain.removesuffix(".").rpartition(".")
    return bool(dot) and bool(rest) and _TOP_LABEL.match(top_label) is not None


def _require_macros(written: str, text: str) -> None:
    try:
        require_macros(text)
    except MacroError as fault:
        raise SpfSyntaxError(written, str(fault)) from None


def _term(written: str) -> Term:
    found = _DIRECTIVE.match(written)
    if found is None:
        meant = _stray_mark(written) or _address_meant(written)
        raise SpfSyntaxError(written, f"it is neither a mechanism nor a modifier{meant}")
    sign, name, after_colon, prefix = found[1], found[2].lower(), found[3], found[4]
    qualifier: Qualifier = sign or "+"  # type: ignore[assignment] # the pattern lets nothing else through
    if name in _BITS:
        return Term(written, qualifier, name, network=_network(written, name, after_colon))
    if name == "all":
        if after_colon is not None or prefix is not None:
            raise SpfSyntaxError(written, "all takes nothing after it")
        return Term(written, qualifier, name)
    if name not in _TAKES_DOMAIN:
        raise SpfSyntaxError(written, f"there is no such mechanism{_instead(sign, name, after_colon)}")
    domain, lengths = _target(written, name, after_colon, prefix)
    return Term(written, qualifier, name, domain=domain, prefix_lengths=lengths)


def _stray_mark(written: str) -> str:
    bare = written.strip(",;\"'\\")
    return f"; write {bare}" if bare != written and is_term(bare) else ""


def _instead(sign: str, name: str, after_colon: str | None) -> str:
    """Return what was probably meant by a mechanism that there is not, as a clause; empty where nothing is near."""
    rest = "" if after_colon is None else f":{after_colon}"
    if name in _MODIFIERS and after_colon:
        return f"; write {name}={after_colon}"
    near = _OTHER_NAMES.get(name) or next(
        iter(difflib.get_close_matches(name, _MECHANISMS, n=1, cutoff=_LEAST_LIKENESS)), None
    )
    return f"; write {sign}{near}{rest}" if near is not None and is_term(f"{sign}{near}{rest}") else ""


def _target(written: str, name: str, after_colon: str | None, prefix: str | None) -> tuple[str | None, tuple[int, int]]:
    """Return domain-spec and prefix lengths of a mechanism that names a domain."""
    parts = _SPEC_AND_PREFIXES.match(prefix or after_colon or "")
    assert parts is not None  # noqa: S101 - the pattern takes any text of one line
    spec, lengths = parts[1], (parts[2], parts[3])
    # Without a colon nothing but lengths may follow a name: a/24 is a term, a/b is none.
    if prefix is not None and spec:
        raise SpfSyntaxError(written, "the number after / is not right there")
    if any(lengths) and not (
        name in _TAKES_PREFIX
        and all(
            length is None or (_PREFIX_LENGTH.match(length) and int(length) <= bits)
            for length, bits in zip(lengths, _BITS.values(), strict=True)
        )
    ):
        raise SpfSyntaxError(written, "the number after / is not right there")
    if after_colon is None and name in _NEEDS_DOMAIN:
        raise SpfSyntaxError(written, f"{name} needs a colon and a domain")
    domain = None if after_colon is None else _domain(written, spec)
    return domain, (int(lengths[0] or _BITS["ip4"]), int(lengths[1] or _BITS["ip6"]))


def _network(written: str, name: str, text: str | None) -> Network:
    address, slash, length = (text or "").partition("/")
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        parsed = None
    if parsed is None or parsed.max_prefixlen != _BITS[name] or "%" in address:
        meant = "; no space may stand behind the colon" if text == "" else _address_meant(address)
        raise SpfSyntaxError(written, f"{name} needs a colon and an address of its kind{meant}")
    if slash and not (_PREFIX_LENGTH.match(length) and int(length) <= _BITS[name]):
        raise SpfSyntaxError(written, "the number after / is not right there")
    return ipaddress.ip_network((parsed, int(length) if slash else _BITS[name]), strict=False)


def _address_meant(text: str) -> str:
    """Return how an address would be written that stands in the other mechanism, or with a port, as a clause."""
    port = _PORT.match(text)
    for candidate in (text, *((port[1],) if port else ())):
        try:
            return f"; write ip{ipaddress.ip_address(candidate).version}:{candidate}"
        except ValueError:
            continue
    return ""


def _domain(written: str, spec: str) -> str:
    """Return a domain-spec (RFC 7208 section 7.1) without final dot, in lower case where it holds no macro."""
    _require_macros(written, spec)
    ends_in_macro = has_macro(spec) and not is_name(spec) and spec.endswith(("}", "%%", "%_", "%-"))
    if not ends_in_macro and not is_name(spec):
        meant = _address_meant(spec) if spec else "; no space may stand behind the colon"
        raise SpfSyntaxError(written, f"what it names is not a domain{meant}")
    return spec.removesuffix(".") if has_macro(spec) else spec.removesuffix(".").lower()
