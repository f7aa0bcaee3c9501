"""One SPF record as values (RFC 7208 sections 4.5, 4.6.1, 5, 6, 7 and 12): what stands in it, nothing looked up."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal

Qualifier = Literal["+", "-", "~", "?"]

_VERSION = re.compile(rb"v=spf1(?= |\Z)", re.IGNORECASE)
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)\Z")
_DIRECTIVE = re.compile(r"([-+?~]?)([A-Za-z0-9_-]+)(?::(.*)|(/.*))?\Z")
_MACRO = re.compile(r"%\{[slodiphcrtv][0-9]{0,3}r?[-.+,/_=]*\}|%[%_-]", re.IGNORECASE)
_SPEC_AND_PREFIX = re.compile(r"((?:[^/%]|%\{[^}]*\}|%[%_-])*)((?:/[0-9]{1,2})?(?://[0-9]{1,3})?)\Z")
_PREFIX_LENGTH = re.compile(r"[0-9]{1,3}\Z")
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\Z")
_MAX_NAME_OCTETS = 253
_BITS = {"ip4": 32, "ip6": 128}
_TAKES_PREFIX = frozenset({"a", "mx"})
_TAKES_DOMAIN = frozenset({"a", "mx", "ptr", "include", "exists"})
_NEEDS_DOMAIN = frozenset({"include", "exists"})
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
    """The domain given, without a final dot; None: the record's own, or none is taken."""
    is_everything: bool = False
    """Whether it matches any address: ``all``, or a network of prefix length 0."""

    @property
    def has_macro(self) -> bool:
        """Whether the domain depends on the message, so that it cannot be looked up here."""
        return self.domain is not None and "%" in self.domain


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


def is_spf(text: bytes) -> bool:
    """Tell whether a TXT record is an SPF record (RFC 7208 section 4.5)."""
    return _VERSION.match(text) is not None


def parse_spf(record: bytes) -> SpfRecord:
    """Return the record; raise ``SpfSyntaxError`` for one that receivers treat as invalid."""
    text = record.decode("ascii", "backslashreplace")
    if not record.isascii() or not text.isprintable():
        raise SpfSyntaxError(text, "a record holds printable ASCII characters only")
    terms: list[Term] = []
    modifiers: dict[str, str] = {}
    for written in text.split(" ")[1:]:
        if not written:
            continue
        if modifier := _MODIFIER.match(written):
            _add_modifier(written, modifier[1].lower(), modifier[2], modifiers)
        else:
            terms.append(_term(written))
    alls = [number for number, term in enumerate(terms) if term.mechanism == "all"]
    end = alls[0] if alls else len(terms)
    last = terms[end] if alls else None
    redirect = modifiers.get("redirect") if last is None else None
    return SpfRecord(text=text, terms=tuple(terms[:end]), last=last, redirect=redirect)


def _add_modifier(written: str, name: str, value: str, modifiers: dict[str, str]) -> None:
    if name not in {"redirect", "exp"}:
        if "%" in _MACRO.sub("", value):
            raise SpfSyntaxError(written, "a % begins no macro")
        return
    if name in modifiers:
        raise SpfSyntaxError(written, f"{name}= may stand there once only")
    modifiers[name] = _domain(written, value)


def _term(written: str) -> Term:
    found = _DIRECTIVE.match(written)
    if found is None:
        raise SpfSyntaxError(written, "it is neither a mechanism nor a modifier")
    sign, name, after_colon, prefix = found[1], found[2].lower(), found[3], found[4]
    qualifier: Qualifier = sign or "+"  # type: ignore[assignment] # the pattern lets nothing else through
    if name in _BITS:
        return Term(written, qualifier, name, is_everything=_is_whole(written, name, after_colon))
    if name == "all":
        if after_colon is not None or prefix is not None:
            raise SpfSyntaxError(written, "all takes nothing after it")
        return Term(written, qualifier, name, is_everything=True)
    if name not in _TAKES_DOMAIN:
        raise SpfSyntaxError(written, "there is no such mechanism")
    return Term(written, qualifier, name, domain=_target(written, name, after_colon, prefix))


def _target(written: str, name: str, after_colon: str | None, prefix: str | None) -> str | None:
    parts = _SPEC_AND_PREFIX.match(prefix or after_colon or "")
    if parts is None:
        raise SpfSyntaxError(written, "what follows the colon is not a domain")
    spec, lengths = parts[1], parts[2]
    if lengths and not _are_prefix_lengths(name, lengths):
        raise SpfSyntaxError(written, "the number after / is not right there")
    if after_colon is None:
        if name in _NEEDS_DOMAIN:
            raise SpfSyntaxError(written, f"{name} needs a colon and a domain")
        return None
    return _domain(written, spec)


def _are_prefix_lengths(name: str, lengths: str) -> bool:
    v4, _, v6 = lengths.partition("//")
    numbers = (int(v4.removeprefix("/") or 0), int(v6 or 0))
    return name in _TAKES_PREFIX and numbers[0] <= _BITS["ip4"] and numbers[1] <= _BITS["ip6"]


def _is_whole(written: str, name: str, network: str | None) -> bool:
    address, slash, length = (network or "").partition("/")
    try:
        network_bits = int(ipaddress.ip_address(address).max_prefixlen)
    except ValueError:
        network_bits = 0
    if network_bits != _BITS[name] or "%" in address:
        raise SpfSyntaxError(written, f"{name} needs a colon and an address of its kind")
    if slash and not (_PREFIX_LENGTH.match(length) and int(length) <= network_bits):
        raise SpfSyntaxError(written, "the number after / is not right there")
    return bool(slash) and int(length) == 0


def _domain(written: str, spec: str) -> str:
    """Return a domain-spec (RFC 7208 section 7.1) without final dot."""
    plain = _MACRO.sub("", spec)
    if "%" in plain:
        raise SpfSyntaxError(written, "a % begins no macro")
    if spec != plain:
        return spec
    domain = spec.removesuffix(".")
    labels = domain.split(".")
    is_name = len(domain) <= _MAX_NAME_OCTETS and all(_LABEL.match(label) for label in labels)
    if not is_name or len(labels) == 1 or labels[-1].isdecimal():
        raise SpfSyntaxError(written, "what it names is not a domain")
    return domain.lower()
