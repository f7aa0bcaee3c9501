"""TLS-RPT (RFC 8460): the record that asks for reports on TLS to a domain's mail servers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from reconciler.model.text.domains import NotAnAddress, split_address
from reconciler.verification.domains.sentences import Remark, fine, remark
from reconciler.verification.domains.tags import TagListError, notation_fault, parse_tags

if TYPE_CHECKING:
    from reconciler.smtp.deadline import Deadline
    from reconciler.verification.domains.lookup import Lookups

_VERSION = re.compile(rb"v=TLSRPTv1[ \t]*(?:;|\Z)")
_ALMOST = re.compile(rb"[ \t\"']*v[ \t]*=[ \t]*TLS-?RPT", re.IGNORECASE)


def check_tls_rpt(domain: str, lookups: Lookups, *, deadline: Deadline) -> list[Remark]:
    """Return what is to be said of a domain's record; raise ``DnsTrouble`` where a question got no answer."""
    texts = lookups.ask(f"_smtp._tls.{domain}", "TXT", deadline=deadline).texts
    records = [text for text in texts if _VERSION.match(text)]
    if len(records) > 1:
        return [remark("tlsRptInvalid", domain=domain, reason=f"there are {len(records)} of them")]
    if not records:
        almost = next((text for text in texts if _ALMOST.match(text)), None)
        if almost is not None:
            reason = notation_fault(almost) or "it must begin with v=TLSRPTv1; in exactly these letters"
            return [remark("tlsRptInvalid", domain=domain, reason=reason)]
        return [remark("notDeclared", variant="tlsRpt", domain=domain)]
    fault = _fault(records[0])
    if fault is not None:
        return [remark("tlsRptInvalid", domain=domain, reason=fault)]
    return [fine(f"Reports on TLS to the mail servers of {domain} are asked for.")]


def _fault(record: bytes) -> str | None:
    """Return what is wrong with a record, as a clause; None where nothing is."""
    try:
        tags = parse_tags(record)
    except TagListError as fault:
        return str(fault)
    uris = [uri.strip() for uri in tags.get("rua", "").split(",")]
    if uris == [""]:
        return "it has no rua=, the address that reports go to"
    wrong = next((uri for uri in uris if not _is_report_uri(uri)), None)
    return (
        None if wrong is None else f'"{wrong[:80]}" is no address of the form mailto:name@domain or https://host/path'
    )


def _is_report_uri(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        if parts.scheme.lower() == "https":
            return bool(parts.hostname)
        split_address(unquote(parts.path, errors="strict"))
    except (NotAnAddress, ValueError):
        return False
    return parts.scheme.lower() == "mailto"
