"""One CA for all tests of verification; making its keys takes longer than a conversation."""

from __future__ import annotations

import pytest

from tests.support.certificates import TestCA


@pytest.fixture(scope="session")
def ca() -> TestCA:
    """Return the CA that the tests' servers have their certificates from."""
    return TestCA()
