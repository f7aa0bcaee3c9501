"""Where secrets are read: variables, files, and the sources that the project file declares; the fingerprints' key.

Values leave this package wrapped in ``SecretValue`` only. Whether a manifest may name a secret at all is decided
before, in ``rules.secrets.allow``; nothing here is asked for a reference that is not allowed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from reconciler.secrets.keys import (
    KEY_FILE,
    STATE_FOLDER,
    draft_next_key,
    has_next_key,
    key_beside,
    load_fingerprint_key,
    load_key_file,
    load_plan_key,
    make_key_file,
    settle_next_key,
)
from reconciler.secrets.ownfiles import OwnFiles

if TYPE_CHECKING:
    from reconciler.secrets.reader import Look, Reading, SecretReader
    from reconciler.secrets.sources.file import relative_spelling

__all__ = [
    "KEY_FILE",
    "STATE_FOLDER",
    "Look",
    "OwnFiles",
    "Reading",
    "SecretReader",
    "draft_next_key",
    "has_next_key",
    "key_beside",
    "load_fingerprint_key",
    "load_key_file",
    "load_plan_key",
    "make_key_file",
    "relative_spelling",
    "settle_next_key",
]

_WHEN_ASKED_FOR = {
    **dict.fromkeys(("Look", "Reading", "SecretReader"), "reader"),
    "relative_spelling": "sources.file",
}


def __getattr__(name: str) -> Any:
    """Return what reads secrets, importing that only when it is asked for: most commands read none."""
    place = _WHEN_ASKED_FOR.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{place}"), name)
