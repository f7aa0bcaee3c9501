"""Host names and e-mail addresses in the form in which they are compared: lower case, IDNA2008 A-labels.

Sources: RFC 5890 to 5893 (IDNA2008, by the ``idna`` package; the codec of the standard library is IDNA2003),
RFC 5321 section 4.1.2 and 4.5.3.1 (addresses and their lengths, by ``email-validator``), RFC 1123 section 2.1.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from functools import lru_cache

_LDH_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*\Z")
_PLAIN_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
_ENCODED_WORD = re.compile(r"=\?[^?]*\?[bq]\?", re.IGNORECASE)
_TOP_LABEL = re.compile(r"(?:[a-z]+|xn--[a-z0-9-]+)\Z")
_RESERVED_LABEL = re.compile(r"(?!xn--)[a-z0-9]{2}--")
_LOOKS_LIKE_AT = re.compile("[\uff20\ufe6b]")
_QUOTATION_MARK = re.compile('["\u00ab\u00bb\u2018-\u201f\u2039\u203a\u300c-\u300f\uff02\uff07]')
_MAX_LOCAL_PART_OCTETS = 64
_MAX_DOMAIN_OCTETS = 253


class NotADomain(ValueError):
    """The text is neither a host name nor an IP address; the message says why."""


class NotAnAddress(ValueError):
    """The text is not one e-mail address; the message says why."""


@lru_cache(maxsize=4096)
def domain_to_ascii(domain: str) -> str:
    """Return a domain in lower case with IDNA2008 A-labels; raise ``NotADomain`` with the reason."""
    lowered = domain.lower() if domain.isascii() else domain
    if lowered.isascii() and "xn--" not in lowered:
        encoded = lowered
    else:
        import idna

        try:
            encoded = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
        except idna.IDNAError as refusal:
            raise NotADomain(_why_no_letters(domain) or _of_library(str(refusal))) from None
    if len(encoded) > _MAX_DOMAIN_OCTETS:
        raise NotADomain(f"it is longer than {_MAX_DOMAIN_OCTETS} characters")
    if not _LDH_HOST.match(encoded):
        raise NotADomain("a name consists of letters, digits and hyphens, in parts of 1 to 63 joined by single dots")
    return encoded


def domain_spellings(domain: str) -> frozenset[str]:
    """Return a domain with A-labels and with letters, as far as it is a domain and a label can be written so.

    >>> sorted(domain_spellings("xn--bcher-kva.example")), sorted(domain_spellings("no domain"))
    (['bücher.example', 'xn--bcher-kva.example'], [])
    """
    try:
        encoded = domain_to_ascii(domain)
    except NotADomain:
        return frozenset()
    return frozenset({encoded, ".".join(_with_letters(label) for label in encoded.split("."))})


def _with_letters(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    import idna

    try:
        return idna.ulabel(label)
    except idna.IDNAError:
        return label


def _of_library(said: str) -> str:
    """Return what a refusal of the library of IDNA says, in words for people."""
    return next(
        (told for part, told in _REFUSALS if part in said.lower()), "it is no internationalised name (RFC 5891)"
    )


_REFUSALS = (
    ("a-label", "a part that begins with xn-- is no encoded name (RFC 5891)"),
    ("punycode", "a part that begins with xn-- is no encoded name (RFC 5891)"),
    ("too long", "a part is longer than 63 characters"),
    ("empty", "a part is empty"),
    ("hyphen", "a part begins or ends with a hyphen, or has two in its third and fourth place"),
    ("bidi", "letters of both directions stand in one part (RFC 5893)"),
    ("right-to-left", "letters of both directions stand in one part (RFC 5893)"),
    ("codepoint", "a character stands where none of its kind may (RFC 5892)"),
)


def _why_no_letters(domain: str) -> str | None:
    """Return which character no name in the DNS can have (RFC 5892: letters, digits, marks, hyphens); None for none."""
    for character in domain:
        if unicodedata.category(character)[0] not in "LMN" and character not in ".-。．｡":  # noqa: RUF001 - dots of IDNA
            return f"{_shown(character)} cannot stand in a name"
    return None


def _shown(character: str) -> str:
    """Return a character as a message has it: what is not ASCII with its code, for it may look like another."""
    if character.isspace():
        return "a space"
    if not character.isprintable():
        return f"the character U+{ord(character):04X}"
    return character if character.isascii() else f"{character} (U+{ord(character):04X})"


@lru_cache(maxsize=4096)
def host_to_ascii(host: str) -> str:
    """Return a host in the form compared: an IP address compressed, a name as ``domain_to_ascii`` gives it."""
    if "://" in host:
        raise NotADomain("it is an address with its protocol, and the name alone stands here")
    if host.startswith("["):
        raise NotADomain("an IP address stands here without brackets")
    if ":" in host or host.replace(".", "").isdecimal():
        if "%" in host:
            raise NotADomain("an address with a zone (%) means something on one machine only")
        try:
            return str(ipaddress.ip_address(host))
        except ValueError:
            raise NotADomain(_why_no_address(host)) from None
    if "%" in host:
        raise NotADomain("% cannot stand in a name, and nothing is decoded here")
    if host.endswith(".") and host.strip("."):
        raise NotADomain("the dot at its end is left out here")
    return _with_underscores(host) if "_" in host else domain_to_ascii(host)


def _why_no_address(host: str) -> str:
    """Return why a text with a colon, or of digits and dots alone, is no IP address, with what was likely meant."""
    if ":" in host:
        name, _, port = host.rpartition(":")
        is_with_port = ":" not in name and port.isdecimal()
        return "a port goes into the field port" if is_with_port else "it is not an IPv6 address"
    if not host.isascii():
        return "its digits are not those of ASCII, 0 to 9"
    from reconciler.model.text.addresses import literal_address, never_contacted

    meant = literal_address(host.removesuffix("."))
    if meant is None:
        return "it is not an IP address, which is four numbers from 0 to 255 with a dot between them"
    if (reason := never_contacted(meant)) is not None:
        return f"it is another way of writing {meant}, {reason}, and that is never contacted"
    return f"it is another way of writing {meant}; write that"


def _with_underscores(host: str) -> str:
    """Return a host with underscores, which no domain of the internet has and resolvers take all the same: Docker's do."""
    if not host.isascii():
        raise NotADomain("an underscore and letters beyond ASCII do not go together in a name")
    domain_to_ascii(host.replace("_", "x"))
    return host.lower()


@lru_cache(maxsize=4096)
def split_address(address: str) -> tuple[str, str]:
    """Return local part and domain (A-labels) of one address; raise ``NotAnAddress`` with the reason."""
    local_part, at_sign, domain = address.rpartition("@")
    if not at_sign:
        raise NotAnAddress(
            "its @ is another character that looks like one" if _LOOKS_LIKE_AT.search(address) else "it has no @"
        )
    if not local_part or not domain:
        raise NotAnAddress("there must be text on both sides of the @")
    try:
        _check_local_part(local_part)
        ascii_domain = domain_to_ascii(domain)
    except NotADomain as refusal:
        raise NotAnAddress(_what_else(address) or f"after the @, {refusal}") from None
    except NotAnAddress as refusal:
        raise NotAnAddress(_what_else(address) or str(refusal)) from None
    if len(local_part.encode()) + 1 + len(ascii_domain) > _MAX_DOMAIN_OCTETS + 1:
        raise NotAnAddress("it is longer than 254 characters (RFC 5321 section 4.5.3.1.3)")
    return local_part, ascii_domain


def _what_else(address: str) -> str | None:
    """Return what a text with an @ is instead of an address, as the end of a sentence; None where it is just a bad one."""
    if "<" in address or ">" in address:
        return "angle brackets stand around an address in mail programs; the address is what is between them"
    if address[:7].lower() == "mailto:":
        return "mailto: belongs to a link; the address is what comes after it"
    if quotation_mark := _QUOTATION_MARK.search(address):
        return f"the quotation mark {_shown(quotation_mark.group())} is no part of an address"
    return next((told for shape, told in _SHAPES if shape.search(address)), None)


_SHAPES = (
    (re.compile(r"@.*[\s,;].*@"), "these look like several addresses, and one stands here"),
    (re.compile(r"@.*@", re.DOTALL), "it holds more than one @"),
    (re.compile(r"\s"), "there is a space in it"),
    (re.compile(r"\.\Z"), "the dot at its end is no part of an address"),
)
"""What a text looks like, in the order in which it is said."""


def _check_local_part(local_part: str) -> None:
    if len(local_part.encode("utf-8", "surrogatepass")) > _MAX_LOCAL_PART_OCTETS:
        raise NotAnAddress("before the @ there are more than 64 characters (RFC 5321 section 4.5.3.1.1)")
    if _PLAIN_LOCAL_PART.match(local_part):
        return
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(f"{local_part}@example.com", check_deliverability=False)
    except EmailNotValidError:
        raise NotAnAddress(f"before the @, {_why_no_local_part(local_part)}") from None


def _why_no_local_part(local_part: str) -> str:
    """Return what is wrong with a local part, in our words: the library's are about fields that it has itself."""
    if local_part.startswith(".") or local_part.endswith("."):
        return "no dot stands at the beginning or at the end"
    if ".." in local_part:
        return "no two dots stand in a row"
    bad = next(
        (each for each in local_part if each.isascii() and each != "." and not _PLAIN_LOCAL_PART.match(each)), None
    )
    if bad is not None:
        return f"{_shown(bad)} cannot stand"
    unsafe = next((each for each in local_part if unicodedata.category(each)[0] in "CZ"), None)
    return (
        "it has a form that programs take for different addresses"
        if unsafe is None
        else f"{_shown(unsafe)} cannot stand"
    )


def address_to_ascii(address: str) -> str:
    """Return an address with its domain as A-labels in lower case; the local part stays as it is."""
    local_part, domain = split_address(address)
    return f"{local_part}@{domain}"


def plain_address(address: str) -> str | None:
    """Return an address in canonical form where it is quickly seen to be a plain one; None where it is not.

    Nearly all addresses are of dots and letters of ASCII, and many have one domain. Another text may be an address all
    the same: ``address_to_ascii`` and ``why_not_plain`` decide, and a property test holds this to the two.
    """
    local_part, _, domain = address.rpartition("@")
    if len(local_part) > _MAX_LOCAL_PART_OCTETS or "=?" in local_part or not _PLAIN_LOCAL_PART.match(local_part):
        return None
    ascii_domain = _plain_domain(domain)
    if ascii_domain is None or len(local_part) + len(ascii_domain) > _MAX_DOMAIN_OCTETS:
        return None
    return f"{local_part}@{ascii_domain}"


@lru_cache(maxsize=4096)
def _plain_domain(domain: str) -> str | None:
    """Return a domain of ASCII as ``domain_to_ascii`` does; None where it is none, or had better not be used."""
    if not domain.isascii() or _why_not_plain_after(domain) is not None:
        return None
    try:
        return domain_to_ascii(domain)
    except NotADomain:
        return None


def why_not_plain(address: str) -> str | None:
    """Return why an address that the RFCs allow had better not be used, as the end of a sentence; None for a plain one.

    Some program takes such an address for another, or no mail can come to it. Takes what ``split_address`` takes, and
    what it refuses too; the domain may be given as A-labels or not.
    """
    local_part, _, domain = address.rpartition("@")
    return _why_not_plain_before(local_part, address) or _why_not_plain_after(domain)


def _why_not_plain_before(local_part: str, address: str) -> str | None:
    if "@" in local_part:
        return "it holds more than one @"
    if _ENCODED_WORD.search(address):
        return "it looks like an encoded-word, which some mail servers would decode"
    if address.isascii():
        return None
    if unicodedata.normalize("NFKC", local_part) != unicodedata.normalize("NFC", local_part):
        return "before the @ it holds characters that some programs would take for others"
    return _why_not_composed(address)


def _why_not_composed(address: str) -> str | None:
    """Return why an address is none any more in NFC, the form in which cards and many programs have it."""
    composed = unicodedata.normalize("NFC", address)
    if composed == address:
        return None
    try:
        split_address(composed)
    except NotAnAddress as refusal:
        return f"with its letters composed (NFC) it is no address: {str(refusal).rstrip('.')}"
    return None


@lru_cache(maxsize=1024)
def _why_not_plain_after(domain: str) -> str | None:
    try:
        labels = domain_to_ascii(domain).split(".")
    except NotADomain:
        return None
    return _why_no_top_level(labels) or _why_not_written_so(labels)


def _why_no_top_level(labels: list[str]) -> str | None:
    if len(labels) == 1:
        return "its domain is not a full one: it has no dot"
    if labels[-1].isdecimal():
        return "its domain ends in a number, which no domain does"
    if not _TOP_LABEL.match(labels[-1]):
        return f"its domain ends in {labels[-1]}, and top-level domains are made of letters alone"
    return None


def _why_not_written_so(labels: list[str]) -> str | None:
    if any(_RESERVED_LABEL.match(label) for label in labels):
        return "a part of its domain has hyphens in third and fourth place, which is reserved (RFC 5890 section 2.3.1)"
    if _mixes_directions(labels):
        return "its domain mixes directions of writing, so that two domains look the same (RFC 5893 section 2)"
    return None


def _mixes_directions(labels: list[str]) -> bool:
    """Tell whether a domain with letters written from right to left has a label that such a domain must not have."""
    if not any(label.startswith("xn--") for label in labels):
        return False
    import idna

    try:
        written = [idna.ulabel(label) for label in labels]
        if not any(unicodedata.bidirectional(letter) in {"R", "AL", "AN"} for label in written for letter in label):
            return False
        return not all(idna.check_bidi(label, check_ltr=True) for label in written)
    except idna.IDNAError:
        return True


def address_domain(address: str) -> str:
    """Return the domain of an address, as A-labels."""
    return split_address(address)[1]
