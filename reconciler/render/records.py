"""Missing DNS records in the forms that people publish them by: a zone file, octoDNS, Terraform.

A record of text that comes from the DNS is a stranger's: it is written so that no form reads it as anything but text.
"""

from __future__ import annotations

import json
import re
from itertools import groupby
from typing import TYPE_CHECKING

from reconciler.model.formats import FORMAT_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.canonical import JsonObject
    from reconciler.model.verification.records import MissingRecord, MissingRecords

_TTL_SECONDS = 3600
_STRING_OCTETS = 255
_UNFIT_FOR_LABEL = re.compile(r"[^a-z0-9]+")
_NOTHING = "Nothing is missing"


def records_zone(missing: MissingRecords) -> str:
    """Return lines of a zone file (RFC 1035 section 5.1), a record that is to go as a comment."""
    lines = [f"; {each}" for each in _comments(missing)]
    for zone, records in _by_zone(missing):
        lines += ["", f"$ORIGIN {zone}."]
        for each in records:
            if each.replaces is not None:
                lines.append(f"; in place of: {each.name or '@'} TXT {_zone_text(each.replaces)}")
            lines.append(f"{each.name or '@'} {_TTL_SECONDS} IN TXT {_zone_text(each.text.encode())}")
    return "\n".join(lines) + "\n"


def records_octodns(missing: MissingRecords) -> str:
    """Return the YAML of octoDNS, a document for each zone: the whole record set of each name, with what stays of it."""
    lines = [f"# {each}" for each in _comments(missing)]
    for zone, records in _by_zone(missing):
        lines += ["---", f"# {zone}.yaml"]
        for each in records:
            lines += [f"{json.dumps(each.name)}:", f"  ttl: {_TTL_SECONDS}", "  type: TXT", "  values:"]
            lines += [f"  - {json.dumps(text.replace(';', chr(92) + ';'))}" for text in _whole_set(each)]
    return "\n".join(lines) + "\n"


def records_terraform(missing: MissingRecords) -> str:
    """Return resources of Terraform's provider ``hashicorp/dns``: the whole record set of each name."""
    lines = [f"# {each}" for each in _comments(missing)]
    for each in missing.records:
        label = _UNFIT_FOR_LABEL.sub("_", each.host.lower()).strip("_")
        name = [f"  name = {_hcl(each.name)}"] if each.name else []
        lines += ["", f'resource "dns_txt_record_set" "{label}_txt" {{', f"  zone = {_hcl(each.zone + '.')}", *name]
        lines += [
            "  txt = [",
            *(f"    {_hcl(text)}," for text in _whole_set(each)),
            "  ]",
            f"  ttl = {_TTL_SECONDS}",
            "}",
        ]
    return "\n".join(lines) + "\n"


def records_document(missing: MissingRecords) -> JsonObject:
    """Return what ``domains records`` prints with ``--format json``."""
    return {
        "formatVersion": FORMAT_VERSION,
        "domains": list(missing.domains),
        "records": [
            {
                "zone": each.zone,
                "name": each.name,
                "type": "TXT",
                "value": each.text,
                "replaces": None if each.replaces is None else _readable(each.replaces),
                "beside": [_readable(text) for text in each.beside],
                "reason": each.reason,
            }
            for each in missing.records
        ],
        "remarks": list(missing.remarks),
        "diagnostics": [],
    }


def _comments(missing: MissingRecords) -> list[str]:
    count = len(missing.records)
    head = f"{count} {'record' if count == 1 else 'records'} to publish" if count else _NOTHING
    return [f"{head}, of {', '.join(missing.domains)}.", *missing.remarks]


def _by_zone(missing: MissingRecords) -> Iterable[tuple[str, list[MissingRecord]]]:
    return [(zone, list(records)) for zone, records in groupby(missing.records, key=lambda each: each.zone)]


def _whole_set(record: MissingRecord) -> list[str]:
    return sorted({record.text, *(_readable(text) for text in record.beside)})


def _zone_text(text: bytes) -> str:
    """Return a text as the strings of a TXT record, each within quotation marks, what is not plain as \\DDD."""
    parts = [text[start : start + _STRING_OCTETS] for start in range(0, len(text), _STRING_OCTETS)] or [b""]
    return " ".join(f'"{"".join(map(_zone_octet, part))}"' for part in parts)


def _zone_octet(octet: int) -> str:
    character = chr(octet)
    if character in '"\\':
        return f"\\{character}"
    return character if character.isascii() and character.isprintable() else f"\\{octet:03d}"


def _readable(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


def _hcl(text: str) -> str:
    """Return a text as HCL writes it: as JSON does, with what would begin a template doubled."""
    return json.dumps(text).replace("${", "$${").replace("%{", "%%{")
