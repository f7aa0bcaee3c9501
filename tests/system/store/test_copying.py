"""Copies of a state in PostgreSQL, and its way back."""

from __future__ import annotations

from tests.store.test_copies import *  # noqa: F403 - the suite is the same
