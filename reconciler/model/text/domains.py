"""Host names and e-mail addresses in the form in which they are compared: lower case, IDNA2008 A-labels.

Sources: RFC 5890 to 5893 (IDNA2008, by the ``idna`` package; the codec of the standard library is IDNA2003),
RFC 5321 section 4.1.2 and 4.5.3.1 (addresses and their lengths, by ``email-validator``), RFC 1123 section 2.1.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

_LDH_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*\Z")
_PLAIN_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
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
            raise NotADomain(str(refusal)) from None
    if len(encoded) > _MAX_DOMAIN_OCTETS:
        raise NotADomain(f"it is longer than {_MAX_DOMAIN_OCTETS} characters")
    if not _LDH_HOST.match(encoded):
        raise NotADomain("a name consists of letters, digits and hyphens, in parts of 1 to 63 joined by single dots")
    return encoded


@lru_cache(maxsize=4096)
def host_to_ascii(host: str) -> str:
    """Return a host in the form compared: an IP address compressed, a name as ``domain_to_ascii`` gives it."""
    if host.startswith("["):
        raise NotADomain("an IP address stands here without brackets")
    if ":" in host or host.replace(".", "").isdecimal():
        if "%" in host:
            raise NotADomain("an address with a zone (%) means something on one machine only")
        try:
            return str(ipaddress.ip_address(host))
        except ValueError:
            raise NotADomain("it is not an IP address; a port goes into the field port") from None
    return domain_to_ascii(host)


def split_address(address: str) -> tuple[str, str]:
    """Return local part and domain (A-labels) of one address; raise ``NotAnAddress`` with the reason."""
    local_part, at_sign, domain = address.rpartition("@")
    if not at_sign:
        raise NotAnAddress("it has no @")
    if not local_part or not domain:
        raise NotAnAddress("there must be text on both sides of the @")
    _check_local_part(local_part)
    try:
        ascii_domain = domain_to_ascii(domain)
    except NotADomain as refusal:
        raise NotAnAddress(f"after the @, {refusal}") from None
    if len(local_part.encode()) + 1 + len(ascii_domain) > _MAX_DOMAIN_OCTETS + 1:
        raise NotAnAddress("it is longer than 254 characters (RFC 5321 section 4.5.3.1.3)")
    return local_part, ascii_domain


def _check_local_part(local_part: str) -> None:
    if len(local_part.encode("utf-8", "surrogatepass")) > _MAX_LOCAL_PART_OCTETS:
        raise NotAnAddress("before the @ there are more than 64 characters (RFC 5321 section 4.5.3.1.1)")
    if _PLAIN_LOCAL_PART.match(local_part):
        return
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(f"{local_part}@example.com", check_deliverability=False)
    except EmailNotValidError as refusal:
        raise NotAnAddress(str(refusal)) from None


@lru_cache(maxsize=16384)
def address_to_ascii(address: str) -> str:
    """Return an address with its domain as A-labels in lower case; the local part stays as it is."""
    local_part, domain = split_address(address)
    return f"{local_part}@{domain}"


def address_domain(address: str) -> str:
    """Return the domain of an address, as A-labels."""
    return split_address(address)[1]
