"""Where secrets are read: variables, files, and the sources that the project file declares; the fingerprints' key.

Values leave this package wrapped in ``SecretValue`` only. Whether a manifest may name a secret at all is decided
before, in ``planning.allowed``; nothing here is asked for a reference that is not allowed.
"""

from reconciler.secrets.key import load_fingerprint_key, load_plan_key, make_key_file
from reconciler.secrets.reader import Reading, SecretReader

__all__ = ["Reading", "SecretReader", "load_fingerprint_key", "load_plan_key", "make_key_file"]
