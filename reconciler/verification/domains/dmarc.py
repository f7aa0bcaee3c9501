"""DMARC by RFC 9989: the record that applies to a domain, found by the DNS tree walk, and what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from reconciler.model.text.domains import NotAnAddress, split_address
from reconciler.verification.domains.sentences import Remark, fine, listed, remark
from reconciler.verification.domains.tags import TagListError, parse_tags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.smtp.deadline import Deadline
    from reconciler.verification.domains.lookup import Lookups

_VERSION = re.compile(rb"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_ALMOST = re.compile(rb"[ \t\"']*v[ \t]*=[ \t]*DMARC", re.IGNORECASE)
_LABELS_WALKED = 7
_POLICIES = frozenset({"none", "quarantine", "reject"})
_VALUES: dict[str, frozenset[str]] = {
    "p": _POLICIES,
    "sp": _POLICIES,
    "np": _POLICIES,
    "adkim": frozenset("rs"),
    "aspf": frozenset("rs"),
    "t": frozenset("yn"),
    "psd": frozenset("ynu"),
}
_REMOVED = ("pct", "rf", "ri")


@dataclass(frozen=True, slots=True)
class _Found:
    """A valid record, at least as to version and form, and the domain it stands at (without ``_dmarc.``)."""

    domain: str
    tags: Mapping[str, str]


class _Stray(Exception):
    """What stands at a domain keeps receivers from seeing a record there."""

    def __init__(self, said: Remark) -> None:
        super().__init__(said.message)
        self.said = said


def check_dmarc(domain: str, lookups: Lookups, *, deadline: Deadline) -> list[Remark]:
    """Return what is to be said of the policy for a domain; raise ``DnsTrouble`` where a question got no answer."""
    try:
        found = _record_at(domain, lookups, deadline) or _inherited(domain, lookups, deadline)
    except _Stray as stray:
        return [stray.said]
    if found is None:
        return [remark("dmarcMissing", domain=domain, report=f"dmarc@{domain}")]
    return _judge(domain, found)


def walked(domain: str) -> Iterator[str]:
    """Yield the domains asked after the first, at most seven, from the longest on (RFC 9989 section 4.10)."""
    labels = domain.split(".")
    start = len(labels) - _LABELS_WALKED if len(labels) > _LABELS_WALKED else 1
    for first in range(start, len(labels)):
        yield ".".join(labels[first:])


def _inherited(domain: str, lookups: Lookups, deadline: Deadline) -> _Found | None:
    """Return the record of the organizational domain, or of its public suffix (sections 4.10.1 and 4.10.2).

    Records that receivers cannot use are passed over as they do it; where there is no other, ``_Stray`` tells of them.
    """
    records: list[_Found] = []
    stray: _Stray | None = None
    for above in walked(domain):
        try:
            found = _record_at(above, lookups, deadline)
        except _Stray as unusable:
            stray = stray or unusable
            continue
        if found is None:
            continue
        records.append(found)
        if found.tags.get("psd") == "y":
            return _below_suffix(domain, records)
        if found.tags.get("psd") == "n":
            return found
    if stray is not None and not records:
        raise stray
    return records[-1] if records else None


def _below_suffix(domain: str, records: list[_Found]) -> _Found:
    """Return the record one label below a public suffix's, the last of the records, or else that one."""
    suffix = records[-1]
    depth = suffix.domain.count(".") + 2
    organizational = ".".join(domain.split(".")[-depth:])
    return next((each for each in records if each.domain == organizational), suffix)


def _record_at(domain: str, lookups: Lookups, deadline: Deadline) -> _Found | None:
    """Return the one record of a domain; None where there is none, ``_Stray`` for several or a broken one."""
    texts = lookups.ask(f"_dmarc.{domain}", "TXT", deadline=deadline).texts
    records = [text for text in texts if _VERSION.match(text)]
    if len(records) > 1:
        raise _Stray(remark("dmarcSeveral", found_at=domain, count=len(records)))
    if records:
        try:
            return _Found(domain, parse_tags(records[0]))
        except TagListError as fault:
            raise _Stray(remark("dmarcInvalid", found_at=domain, reason=str(fault), report=f"dmarc@{domain}")) from None
    if any(_ALMOST.match(text) for text in texts):
        reason = "it must begin with v=DMARC1; in exactly these letters"
        raise _Stray(remark("dmarcInvalid", found_at=domain, reason=reason, report=f"dmarc@{domain}"))
    return None


def _judge(domain: str, found: _Found) -> list[Remark]:
    tags = found.tags
    facts = {"domain": domain, "found_at": found.domain, "report": f"dmarc@{found.domain}"}
    for tag, values in _VALUES.items():
        if tag in tags and tags[tag].lower() not in values:
            reason = f"{tag}={tags[tag]} is none of {', '.join(sorted(values))}"
            return [remark("dmarcInvalid", reason=reason, **facts)]
    policy, source = _policy(domain, found)
    remarks = [*_report_remarks(tags, facts), *_removed_remarks(tags, facts)]
    if tags.get("t", "n").lower() == "y" and policy != "none":
        remarks.append(remark("dmarcTesting", policy=policy, **facts))
    if policy == "none":
        remarks.append(remark("dmarcPolicyNone", reason=source, **facts))
    return remarks or [fine(f"DMARC of {domain} has the policy {policy}, by {source} at _dmarc.{found.domain}.")]


def _policy(domain: str, found: _Found) -> tuple[str, str]:
    """Return the policy for an existing domain and the tag it comes from (RFC 9989 section 4.10.1)."""
    for tag in ("p",) if found.domain == domain else ("sp", "p"):
        if tag in found.tags:
            policy = found.tags[tag].lower()
            return policy, f"{tag}={policy}"
    return "none", "no p="


def _report_remarks(tags: Mapping[str, str], facts: Mapping[str, str]) -> list[Remark]:
    given = [(tag, uri.strip()) for tag in ("rua", "ruf") if tag in tags for uri in tags[tag].split(",")]
    wrong = [(tag, uri) for tag, uri in given if not _is_report_uri(uri)]
    return [remark("dmarcReportAddressInvalid", tag=tag, uri=uri, **facts) for tag, uri in wrong[:1]]


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
