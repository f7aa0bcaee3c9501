"""Tag lists, ``v=DMARC1; p=none``: the syntax that DKIM keys, DMARC and other records share (RFC 6376 section 3.2)."""

from __future__ import annotations

import re

_TAG = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*=(.*)\Z", re.DOTALL)


class TagListError(ValueError):
    """The text is no tag list; the message says why, as a clause."""


def parse_tags(text: bytes) -> dict[str, str]:
    """Return the tags in their order, values without the spaces around them; raise ``TagListError``.

    Octets beyond ASCII appear as ``\\xNN``: in no tag that is looked at are they right.
    """
    tags: dict[str, str] = {}
    parts = text.decode("ascii", "backslashreplace").split(";")
    for number, part in enumerate(parts):
        if not part.strip() and number == len(parts) - 1:
            break
        found = _TAG.match(part)
        if found is None:
            raise TagListError(f'"{part.strip()[:40]}" is not of the form tag=value')
        if found[1] in tags:
            raise TagListError(f"{found[1]}= stands there twice")
        tags[found[1]] = found[2].strip()
    return tags


def lenient_tags(text: bytes) -> tuple[dict[str, str], list[str]]:
    """Return the tags that can be read, their names in lower case, and the parts that cannot.

    So receivers read a DMARC record behind its version (RFC 9989 section 4.8). Of a tag that stands there twice the
    first is kept.
    """
    tags: dict[str, str] = {}
    faults: list[str] = []
    parts = text.decode("ascii", "backslashreplace").split(";")
    if not parts[-1].strip():
        parts.pop()
    for part in parts:
        found = _TAG.match(part)
        if found is None:
            faults.append(f'"{part.strip()[:40]}"' if part.strip() else "an empty part (;;)")
        elif found[1].lower() in tags:
            faults.append(f"a second {found[1]}=")
        else:
            tags[found[1].lower()] = found[2].strip()
    return tags, faults


def notation_fault(record: bytes) -> str | None:
    """Return what the notation of a zone file or a form left in a record, as a clause; None where nothing is left."""
    if b"\\;" in record:
        return "it holds backslashes before its semicolons; write ; alone"
    if b'"' in record or b"'" in record or re.search(rb"\xe2\x80[\x98-\x9f]", record):
        return "quotation marks are part of its text; take them out"
    return None
