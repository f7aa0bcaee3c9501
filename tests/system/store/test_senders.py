"""The view senders, over PostgreSQL."""

from __future__ import annotations

from tests.store.test_senders import *  # noqa: F403 - the suite is the same
