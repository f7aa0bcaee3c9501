"""DKIM (RFC 6376): the keys of the selectors that the project declares; RFC 8301 for RSA, RFC 8463 for Ed25519."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from reconciler.verification.domains.der import rsa_bits
from reconciler.verification.domains.sentences import Remark, fine, remark
from reconciler.verification.domains.tags import TagListError, parse_tags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.smtp.deadline import Deadline
    from reconciler.verification.domains.lookup import Lookups

_LEAST_BITS = 1024
_RECOMMENDED_BITS = 2048
_ED25519_OCTETS = 32


def check_dkim(domain: str, selectors: Sequence[str], lookups: Lookups, *, deadline: Deadline) -> list[Remark]:
    """Return what is to be said of the selectors' keys; raise ``DnsTrouble`` where a question got no answer."""
    remarks = [each for selector in selectors for each in _check_selector(domain, selector, lookups, deadline)]
    wrong = [each for each in remarks if each.code != "ok"]
    return wrong or [fine(" ".join(each.message for each in remarks))]


def _check_selector(domain: str, selector: str, lookups: Lookups, deadline: Deadline) -> list[Remark]:
    facts = {"name": f"{selector}._domainkey.{domain}", "selector": selector, "domain": domain}
    texts = lookups.ask(facts["name"], "TXT", deadline=deadline).texts
    if not texts:
        return [remark("dkimKeyMissing", **facts)]
    if len(texts) > 1:
        return [remark("dkimSeveralKeys", count=len(texts), **facts)]
    try:
        tags = parse_tags(texts[0])
        return _judge(tags, facts)
    except TagListError as fault:
        return [remark("dkimKeyInvalid", reason=str(fault), **facts)]


def _judge(tags: Mapping[str, str], facts: Mapping[str, str]) -> list[Remark]:
    """Return the remarks on a key record; raise ``TagListError`` for one that cannot be used."""
    if "v" in tags and (tags["v"] != "DKIM1" or next(iter(tags)) != "v"):
        raise TagListError("v=DKIM1 must be its first tag")
    if "p" not in tags:
        raise TagListError("it has no p=, the key itself")
    if not tags["p"]:
        return [remark("dkimKeyRevoked", **facts)]
    kind = tags.get("k", "rsa").lower()
    if kind not in {"rsa", "ed25519"}:
        return [remark("dkimKeyTypeUnknown", kind=kind, **facts)]
    bits = _bits(kind, tags["p"])
    remarks = [*_restrictions(tags, facts), *_length(kind, bits, facts)]
    if "y" in _list(tags.get("t", "")):
        remarks.append(remark("dkimTesting", **facts))
    size = f"RSA key of {bits} bits" if kind == "rsa" else "Ed25519 key"
    return remarks or [fine(f"{facts['name']} holds an {size}.")]


def _bits(kind: str, key: str) -> int:
    """Return the length of a key; raise ``TagListError`` for one that is none."""
    try:
        octets = base64.b64decode("".join(key.split()), validate=True)
    except (binascii.Error, ValueError):
        raise TagListError("its p= is not base64") from None
    if kind == "ed25519":
        if len(octets) != _ED25519_OCTETS:
            raise TagListError(f"its p= holds {len(octets)} octets, and an Ed25519 key has {_ED25519_OCTETS}")
        return _ED25519_OCTETS * 8
    try:
        return rsa_bits(octets)
    except ValueError:
        raise TagListError("its p= is not an RSA public key") from None


def _length(kind: str, bits: int, facts: Mapping[str, str]) -> list[Remark]:
    if kind != "rsa" or bits >= _RECOMMENDED_BITS:
        return []
    return [remark("dkimKeyTooShort" if bits < _LEAST_BITS else "dkimKeyShort", bits=bits, **facts)]


def _restrictions(tags: Mapping[str, str], facts: Mapping[str, str]) -> list[Remark]:
    if "h" in tags and "sha256" not in _list(tags["h"]):
        return [
            remark("dkimKeyRestricted", reason="its h= leaves out sha256, the only hash in use (RFC 8301)", **facts)
        ]
    if "s" in tags and not {"*", "email"} & set(_list(tags["s"])):
        return [remark("dkimKeyRestricted", reason="its s= leaves out email", **facts)]
    return []


def _list(value: str) -> list[str]:
    return [part.strip().lower() for part in value.split(":")]
