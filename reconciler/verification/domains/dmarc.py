"""DMARC by RFC 9989: the record that applies to a domain, found by the DNS tree walk, and what it says."""

from __future__ import annotations

import contextlib
import re
from dataclasses import field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from reconciler.classes import dataclass
from reconciler.model.text.domains import NotAnAddress, split_address
from reconciler.verification.domains.answers import DnsTrouble
from reconciler.verification.domains.sentences import Remark, fine, listed, remark
from reconciler.verification.domains.tags import lenient_tags, notation_fault
from reconciler.verification.domains.wildcards import is_wildcard, stands_at_name_twice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.smtp.deadline import Deadline
    from reconciler.verification.domains.lookup import Lookups

_VERSION = re.compile(rb"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_ALMOST = re.compile(
    rb"(?:[ \t\"']|\xe2\x80[\x98-\x9f]|\xef\xbb\xbf|\xc2\xa0)*(?:\S*_dmarc\S*[ \t]+)?(?:(?:in|txt)[ \t]+)*[\"']?(?:v[ \t]*[=:]?[ \t]*DMARC|dmarc1|p[ \t]*=[ \t]*(?:none|quarantine|reject)\b)",
    re.IGNORECASE,
)
"""How a text begins that is meant to be DMARC: misspelt, or with quotation marks, spaces or its own name before it."""
_LABELS_WALKED = 7
_POLICIES = frozenset({"none", "quarantine", "reject"})
_POLICY_TAGS = ("p", "sp", "np")
"""Without a valid one of these receivers act as if there were none, or p=none (RFC 9989 section 4.7)."""
_VALUES: dict[str, frozenset[str]] = {
    "adkim": frozenset("rs"),
    "aspf": frozenset("rs"),
    "t": frozenset("yn"),
    "psd": frozenset("ynu"),
}
"""Of these another value is ignored, and the default holds (RFC 9989 section 4.8)."""
_FAILURE_OPTIONS = frozenset("01ds")
_REMOVED = ("pct", "rf", "ri")
_KNOWN = frozenset({"v", "rua", "ruf", "fo", *_POLICY_TAGS, *_VALUES, *_REMOVED})


@dataclass(frozen=True, slots=True)
class _Found:
    """A record with the right version, and the domain it stands at (without ``_dmarc.``)."""

    domain: str
    tags: Mapping[str, str]
    """By name in lower case."""
    faults: tuple[str, ...]
    """The parts that cannot be read."""


@dataclass(slots=True)
class _Walk:
    """What came of the questions above a domain."""

    records: list[_Found] = field(default_factory=list)
    stray: _Stray | None = None
    unasked: list[str] = field(default_factory=list)
    """Names of which the name servers refuse to speak."""


class _Stray(Exception):
    """What stands at a domain keeps receivers from seeing a record there."""

    def __init__(self, said: Remark) -> None:
        super().__init__(said.message)
        self.said = said


def check_dmarc(domain: str, lookups: Lookups, *, deadline: Deadline) -> list[Remark]:
    """Return what is to be said of the policy for a domain; raise ``DnsTrouble`` where a question got no answer."""
    walk = _Walk()
    try:
        found = _record_at(domain, lookups, deadline) or _inherited(domain, walk, lookups, deadline)
    except _Stray as stray:
        return [stray.said]
    if found is None:
        return [_missing(domain, walk, lookups, deadline)]
    return _judge(domain, found)


def _missing(domain: str, walk: _Walk, lookups: Lookups, deadline: Deadline) -> Remark:
    facts = {"domain": domain, "report": f"dmarc@{domain}"}
    name = f"_dmarc.{domain}"
    texts = lookups.ask(name, "TXT", deadline=deadline).texts
    if is_wildcard(name, texts, lookups, deadline=deadline):
        return remark("dmarcMissing", variant="wildcard", record=texts[0], **facts)
    variant = _misplaced(domain, lookups, deadline)
    if variant is not None:
        return remark("dmarcMissing", variant=variant, **facts)
    if walk.unasked:
        return remark("dmarcMissing", variant="unasked", unasked=listed(walk.unasked), **facts)
    return remark("dmarcMissing", **facts)


def _misplaced(domain: str, lookups: Lookups, deadline: Deadline) -> str | None:
    """Return where a record stands that nobody looks for: at the domain itself, or below its name written twice."""
    with contextlib.suppress(DnsTrouble):
        if any(map(_VERSION.match, lookups.ask(domain, "TXT", deadline=deadline).texts)):
            return "atDomain"
    is_twice = stands_at_name_twice(f"_dmarc.{domain}", domain, _VERSION, lookups, deadline=deadline)
    return "twice" if is_twice else None


def walked(domain: str) -> Iterator[str]:
    """Yield the domains asked after the first, at most seven, from the longest on (RFC 9989 section 4.10)."""
    labels = domain.split(".")
    start = len(labels) - _LABELS_WALKED if len(labels) > _LABELS_WALKED else 1
    for first in range(start, len(labels)):
        yield ".".join(labels[first:])


def _inherited(domain: str, walk: _Walk, lookups: Lookups, deadline: Deadline) -> _Found | None:
    """Return the record of the organizational domain, or of its public suffix (sections 4.10.1 and 4.10.2).

    Records that receivers cannot use are passed over as they do it; where there is no other, ``_Stray`` tells of them.
    """
    for above in walked(domain):
        found = _record_above(above, walk, lookups, deadline)
        if found is None:
            continue
        walk.records.append(found)
        if found.tags.get("psd", "").lower() == "y":
            # A public suffix: the organizational domain is one label below it, and its own record goes before.
            depth = found.domain.count(".") + 2
            organizational = ".".join(domain.split(".")[-depth:])
            return next((each for each in walk.records if each.domain == organizational), found)
        if found.tags.get("psd", "").lower() == "n":
            return found
    if walk.stray is not None and not walk.records:
        raise walk.stray
    return walk.records[-1] if walk.records else None


def _record_above(domain: str, walk: _Walk, lookups: Lookups, deadline: Deadline) -> _Found | None:
    """Return the record of a domain above; None where there is none, or none that can be had.

    A name server that serves a domain may refuse to speak of others (REFUSED), and many are silent about a top-level
    domain: that says nothing about the domain itself, so it is noted, and the walk goes on.
    """
    try:
        return _record_at(domain, lookups, deadline)
    except _Stray as unusable:
        walk.stray = walk.stray or unusable
    except DnsTrouble as trouble:
        if not trouble.is_refused and "." in domain:
            raise
        walk.unasked.append(f"_dmarc.{domain}")
    return None


def _record_at(domain: str, lookups: Lookups, deadline: Deadline) -> _Found | None:
    """Return the DMARC record of a domain; None where it has none, ``_Stray`` for several, or for a text that is nearly one."""
    texts = lookups.ask(f"_dmarc.{domain}", "TXT", deadline=deadline).texts
    records = [text for text in texts if _VERSION.match(text)]
    if len(records) > 1:
        raise _Stray(remark("dmarcSeveral", found_at=domain, count=len(records)))
    if records:
        tags, faults = lenient_tags(records[0])
        return _Found(domain, tags, tuple(faults))
    almost = next((text for text in texts if _ALMOST.match(text)), None)
    if almost is not None:
        reason = notation_fault(almost) or "it must begin with v=DMARC1; in exactly these letters"
        raise _Stray(remark("dmarcInvalid", found_at=domain, reason=reason, report=f"dmarc@{domain}"))
    return None


def _judge(domain: str, found: _Found) -> list[Remark]:
    tags = found.tags
    facts = {"domain": domain, "found_at": found.domain, "report": f"dmarc@{found.domain}"}
    unusable = _unusable(found)
    if unusable is not None:
        return [remark("dmarcInvalid", reason=unusable, **facts)]
    policy, source = _policy(domain, found)
    given = [(tag, uri.strip()) for tag in ("rua", "ruf") if tag in tags for uri in tags[tag].split(",")]
    wrong = [(tag, uri) for tag, uri in given if not _is_report_uri(uri)]
    remarks = [
        *_ignored_remarks(found, facts),
        *[remark("dmarcReportAddressInvalid", tag=tag, uri=uri, **facts) for tag, uri in wrong[:1]],
        *_removed_remarks(tags, facts),
    ]
    if tags.get("t", "n").lower() == "y" and policy != "none":
        remarks.append(remark("dmarcTesting", policy=policy, **facts))
    if policy == "none":
        remarks.append(remark("dmarcPolicyNone", reason=source, **facts))
    return remarks or [fine(f"DMARC of {domain} has the policy {policy}, by {source} at _dmarc.{found.domain}.")]


def _unusable(found: _Found) -> str | None:
    """Return what keeps receivers from the policy that is meant, as a clause; None where they follow it."""
    for tag in _POLICY_TAGS:
        if tag in found.tags and found.tags[tag].lower() not in _POLICIES:
            return f"{tag}={found.tags[tag]} is none of {', '.join(sorted(_POLICIES))}"
        if f"a second {tag}=" in (fault.lower() for fault in found.faults):
            return f"{tag}= stands there twice"
    if "p" not in found.tags and found.faults:
        return f"it has no p=, and {found.faults[0]} is not of the form tag=value"
    return None


def _ignored_remarks(found: _Found, facts: Mapping[str, str]) -> list[Remark]:
    """Return the hint at parts that receivers pass over while the rest of the record holds."""
    tags = found.tags
    parts = [*found.faults, *(f"{tag}=, which is no tag of DMARC" for tag in tags if tag not in _KNOWN)]
    parts += [
        f"{tag}={tags[tag]}, which is none of {', '.join(sorted(values))}"
        for tag, values in _VALUES.items()
        if tag in tags and tags[tag].lower() not in values
    ]
    options = [option.strip().lower() for option in tags.get("fo", "0").split(":")]
    if not set(options) <= _FAILURE_OPTIONS:
        parts.append(f"fo={tags['fo']}, which is not made of 0, 1, d and s")
    return [remark("dmarcIgnoredPart", parts=listed(parts), **facts)] if parts else []


def _policy(domain: str, found: _Found) -> tuple[str, str]:
    """Return the policy for an existing domain and the tag it comes from (RFC 9989 section 4.10.1)."""
    for tag in ("p",) if found.domain == domain else ("sp", "p"):
        if tag in found.tags:
            policy = found.tags[tag].lower()
            return policy, f"{tag}={policy}"
    return "none", "no p="


def _is_report_uri(written: str) -> bool:
    """Tell whether reports can go there; a size limit after ``!`` is obsolete and ignored."""
    uri = written.partition("!")[0]
    try:
        parts = urlsplit(uri)
        split_address(unquote(parts.path, errors="strict"))
    except (NotAnAddress, ValueError):
        return False
    return parts.scheme.lower() == "mailto"


def _removed_remarks(tags: Mapping[str, str], facts: Mapping[str, str]) -> list[Remark]:
    removed = [f"{tag}=" for tag in _REMOVED if tag in tags]
    if not removed:
        return []
    instead = ", and write t=y while you try the policy out" if "pct" in tags and tags["pct"] != "100" else ""
    return [remark("dmarcRemovedTag", tags=listed(removed), instead=instead, **facts)]
