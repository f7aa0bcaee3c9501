"""Redacted payloads, forgotten routes and the key's id, in PostgreSQL."""

from __future__ import annotations

from tests.store.test_redaction import *  # noqa: F403 - the suite is the same
