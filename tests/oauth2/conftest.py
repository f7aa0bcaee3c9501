"""One CA for all tests of token endpoints, trusted as the system's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.certificates import TestCA

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def ca() -> TestCA:
    """Return the CA that the tests' endpoints have their certificates from."""
    return TestCA()


@pytest.fixture(autouse=True)
def _trusted(ca: TestCA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the CA in place of the system's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(ca.write_pem(tmp_path / "ca.pem")))
