"""The journal's check finds every direct edit of the database, PostgreSQL too."""

from __future__ import annotations

from tests.store.test_journal import *  # noqa: F403 - the suite is the same
