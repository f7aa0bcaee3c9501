"""Where each page of the site lies, relative to its top."""

from __future__ import annotations

import hashlib
import re

INDEX = "index.html"
ALL = "all.html"
HISTORY = "history.html"
_SAFE_NAME = re.compile(r"(?!.*\.\.)[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?")


def account_path(name: str) -> str:
    """Return the page of an account.

    A name that no manifest could give, in a state that somebody altered, is known by its digest: 64 digits, which is
    longer than any name that could be given.
    """
    if _SAFE_NAME.fullmatch(name):
        return f"accounts/{name}.html"
    return f"accounts/{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}.html"


def revision_path(number: int, part: int = 1) -> str:
    """Return a page of a revision; its changes are spread over several where there are many."""
    return f"revisions/{number}.html" if part == 1 else f"revisions/{number}-{part}.html"


def history_path(part: int = 1) -> str:
    """Return a page of the history, the first with what happened last."""
    return HISTORY if part == 1 else f"history-{part}.html"
