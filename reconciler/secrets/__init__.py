"""Where secrets are read: variables, files, and the sources that the project file declares; the fingerprints' key.

Values leave this package wrapped in ``SecretValue`` only. Whether a manifest may name a secret at all is decided
before, in ``planning.allowed``; nothing here is asked for a reference that is not allowed.
"""

from reconciler.secrets.files import relative_spelling
from reconciler.secrets.key import (
    KEY_FILE,
    STATE_FOLDER,
    load_fingerprint_key,
    load_key_file,
    load_plan_key,
    make_key_file,
)
from reconciler.secrets.nextkey import draft_next_key, has_next_key, settle_next_key
from reconciler.secrets.ownfiles import OwnFiles
from reconciler.secrets.reader import Look, Reading, SecretReader

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
