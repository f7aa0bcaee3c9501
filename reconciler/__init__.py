"""Sending accounts as code: manifests, a plan that has really connected, an atomic apply.

The layers, from the top (each imports only from those above it; import-linter enforces it):
``errors``, ``diagnostics`` · ``model`` · ``rules`` · ``yamlsource``, ``smtp`` · the adapters
(``manifests``, ``secrets``, ``verification``, ``store``, ``planfile``, ``provenance``) · ``operations`` ·
``render`` · ``cli``.
"""

from __future__ import annotations

from typing import Any

__all__ = ["ReconcilerError", "ReplyAddress", "Sender", "sender", "senders"]

__version__ = "1.0.0"
DISTRIBUTION = "mail-reconciler"
"""What pip installs, and the mark by which ``mail_reconciler`` knows this package from the stranger's of its name."""
POSTGRES_DISTRIBUTION = f"{DISTRIBUTION}[postgres]"
"""The same with what a state in PostgreSQL needs."""
DOCUMENTATION = "https://reconciler.example.com"
"""Where the documentation is published: the one place for help, messages and the ids of the schemas."""


def __getattr__(name: str) -> Any:
    """Return what other programs import, see ``reconciler.library``; the types are in the stub beside this file.

    The command line does not pay for it, and no module below the library comes to need it by needing the version.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module("reconciler.library"), name)
