"""Sending accounts as code: manifests, a plan that has really connected, an atomic apply.

The layers, from the top (each imports only from those above it; import-linter enforces it):
``errors``, ``diagnostics`` · ``model`` · ``rules`` · ``yamlsource``, ``smtp`` · the adapters
(``manifests``, ``secrets``, ``verification``, ``store``, ``planfile``, ``provenance``) · ``operations`` ·
``render`` · ``cli``.
"""

__version__ = "0.1.0"
