"""Which hosts may be contacted at all."""

from __future__ import annotations

import pytest

from reconciler.rules.verification.hosts import why_forbidden


@pytest.mark.parametrize(
    ("hosts", "allowed", "named"),
    [
        (["smtp.example.com"], ["*"], None),
        (["smtp.example.com"], ["*.example.com"], None),
        (["smtp.example.com"], ["smtp.example.net", "smtp.example.com"], None),
        (["smtp.example.com", "proxy.example.net"], ["*.example.com"], "proxy.example.net"),
        (["a.example.net", "b.example.net"], ["*.example.com"], "a.example.net"),
        (["SMTP.Żółw.example"], ["smtp.żółw.example"], None),
        (["żółw.example"], ["*.example.com"], "żółw.example"),
        (["::1"], ["::1"], None),
        (["smtp.example.com"], [], "smtp.example.com"),
        ([], [], None),
    ],
)
def test_the_first_forbidden_host_is_named(hosts: list[str], allowed: list[str], named: str | None) -> None:
    """Server and proxy must both be among the allowed ones; the sentence names the one that is not, as it was written."""
    told = why_forbidden(hosts, allowed)
    if named is None:
        assert told is None
    else:
        assert told is not None
        assert told.startswith(f"{named} is not among the hosts that verification.servers in the project file allows")


def test_a_long_host_is_cut() -> None:
    """Sixty characters tell which it is."""
    host = ".".join(["a" * 30] * 4)
    told = why_forbidden([host], [])
    assert told is not None
    assert told.startswith(f"{host[:59]}… is not among the hosts")
