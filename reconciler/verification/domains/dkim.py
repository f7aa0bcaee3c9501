"""DKIM (RFC 6376): the keys of the selectors that the project declares; RFC 8301 for RSA, RFC 8463 for Ed25519."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.verification.domains.dkim_keys import key_bits
from reconciler.verification.domains.sentences import Remark, fine, remark
from reconciler.verification.domains.tags import TagListError, notation_fault, parse_tags
from reconciler.verification.domains.wildcards import is_wildcard, stands_at_name_twice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.smtp.deadline import Deadline
    from reconciler.verification.domains.lookup import Lookups

_LEAST_BITS = 1024
_RECOMMENDED_BITS = 2048
_KEY = re.compile(rb"""[\s"'\\]*(?:v[\s"']*=[\s"']*DKIM|[a-z]+\s*=[^;]*;|p\s*=)""", re.IGNORECASE)
"""How a record begins that is meant to be a key."""


def check_dkim(domain: str, selectors: Sequence[str], lookups: Lookups, *, deadline: Deadline) -> list[Remark]:
    """Return what is to be said of the selectors' keys; raise ``DnsTrouble`` where a question got no answer."""
    remarks = [each for selector in selectors for each in _check_selector(domain, selector, lookups, deadline)]
    wrong = [each for each in remarks if each.code != "ok"]
    return wrong or [fine(" ".join(each.message for each in remarks))]


def _check_selector(domain: str, selector: str, lookups: Lookups, deadline: Deadline) -> list[Remark]:
    facts = {"name": f"{selector}._domainkey.{domain}", "selector": selector, "domain": domain}
    texts = lookups.ask(facts["name"], "TXT", deadline=deadline).texts
    if not texts:
        twice = stands_at_name_twice(facts["name"], domain, _KEY, lookups, deadline=deadline)
        return [remark("dkimKeyMissing", variant="twice" if twice else "", **facts)]
    if not any(_KEY.match(text) for text in texts) and is_wildcard(facts["name"], texts, lookups, deadline=deadline):
        return [remark("dkimKeyMissing", variant="wildcard", record=texts[0], **facts)]
    if len(texts) > 1:
        return [remark("dkimSeveralKeys", count=len(texts), **facts)]
    spoilt = notation_fault(texts[0])
    if spoilt is not None:
        return [remark("dkimKeyInvalid", reason=spoilt, **facts)]
    try:
        return _judge(parse_tags(texts[0]), facts, texts[0])
    except TagListError as fault:
        return [remark("dkimKeyInvalid", reason=str(fault), **facts)]


def _judge(tags: Mapping[str, str], facts: Mapping[str, str], record: bytes) -> list[Remark]:
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
    bits = key_bits(kind, tags["p"], record=record)
    remarks = [*_restrictions(tags, facts), *_length(kind, bits, facts)]
    if "y" in _list(tags.get("t", "")):
        remarks.append(remark("dkimTesting", **facts))
    size = f"RSA key of {bits} bits" if kind == "rsa" else "Ed25519 key"
    return remarks or [fine(f"{facts['name']} holds an {size}.")]


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
