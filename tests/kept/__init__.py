"""Files as released versions wrote them, one folder a version: what is there stays readable, and stays as it is.

``python -m tests.kept.keep`` adds the folder of the version that it is run in. The tests that read these are
``tests/cli/test_compatibility.py`` and whatever imports ``FIRST``.
"""

from __future__ import annotations

from pathlib import Path

KEPT = Path(__file__).parent
FIRST = KEPT / "0.1"
"""States, payloads of the journal, a plan, and settings from before 1.0, as earlier forms of each had them."""
