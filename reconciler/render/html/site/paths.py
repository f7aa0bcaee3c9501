"""Where each page of the site lies, relative to its top."""

from __future__ import annotations

import hashlib
import re

INDEX = "index.html"
ALL = "all.html"
HISTORY = "history.html"
COMPARE = "compare.html"
_SAFE_NAME = re.compile(r"(?!.*\.\.)[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?")


def account_path(name: str) -> str:
    """Return the path of an account's page.

    In a state that somebody altered a name may be one that no manifest could give. Its page is called by its
    digest: 64 digits, which is longer than a name can be.
    """
    if _SAFE_NAME.fullmatch(name):
        return f"accounts/{name}.html"
    return f"accounts/{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}.html"


def revision_path(number: int, part: int = 1) -> str:
    """Return the path of a page of a revision; many changes are spread over several pages."""
    return f"revisions/{number}.html" if part == 1 else f"revisions/{number}-{part}.html"


def history_path(part: int = 1) -> str:
    """Return the path of a page of the history; the first page has what happened last."""
    return HISTORY if part == 1 else f"history-{part}.html"
