"""What every store promises, over PostgreSQL."""

from __future__ import annotations

from tests.store.test_contract import *  # noqa: F403 - the suite is the same
