"""Where secrets are read: variables, files, and the sources that the project file declares; the fingerprints' key.

Values leave this package wrapped in ``SecretValue`` only. Whether a manifest may name a secret at all is decided
before, in ``rules.secrets.allow``; nothing here is asked for a reference that is not allowed.
"""

from reconciler.secrets.keys import (
    KEY_FILE,
    STATE_FOLDER,
    draft_next_key,
    has_next_key,
    load_fingerprint_key,
    load_key_file,
    load_plan_key,
    make_key_file,
    settle_next_key,
)
from reconciler.secrets.ownfiles import OwnFiles
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
    "load_fingerprint_key",
    "load_key_file",
    "load_plan_key",
    "make_key_file",
    "relative_spelling",
    "settle_next_key",
]
