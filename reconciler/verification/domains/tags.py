"""Tag lists, ``v=DMARC1; p=none``: the syntax that DKIM keys and DMARC records share (RFC 6376 section 3.2)."""

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
