"""Altered rows are noticed in PostgreSQL too."""

from __future__ import annotations

from tests.store.test_altered import *  # noqa: F403 - the suite is the same
