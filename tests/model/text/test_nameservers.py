"""What the project file takes for the domain checks: addresses of name servers, and DKIM selectors."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from reconciler.model.project import Domain, VerificationPolicy
from reconciler.model.text.nameservers import split_name_server


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5353", ("192.0.2.53", 5353)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("2001:DB8:0::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
    ],
)
def test_name_servers_are_addresses_with_or_without_port(written: str, expected: tuple[str, int]) -> None:
    """An IPv6 address with a port stands in brackets, as in a URL; 53 is the default."""
    assert expected == split_name_server(written)
    assert (written,) == VerificationPolicy.model_validate({"nameservers": [written]}).nameservers


@pytest.mark.parametrize(
    "written",
    ["ns.example.com", "ns.example.com:53", "192.0.2.53:0", "192.0.2.53:65536", "192.0.2.300", "[192.0.2.53", "::1:",
     "[::1]", "1.1.1.1\n", "", "192.0.2.53:53:53", "fe80::1%eth0\x1b"],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_the_form(written: str) -> None:
    """A name is refused, since finding it would need a name server; the message shows what to write."""
    with pytest.raises(ValidationError) as caught:
        VerificationPolicy.model_validate({"nameservers": [written]})
    assert ["invalidHost"] == [each["type"] for each in caught.value.errors()]
    assert "192.0.2.53:5353" in caught.value.errors()[0]["msg"]


@pytest.mark.parametrize("written", ["s1", "20240101", "a_b-c", "s1.mail", "S" * 63])
def test_selectors(written: str) -> None:
    """Selectors are labels, as signers write them."""
    assert (written,) == Domain.model_validate({"dkimSelectors": [written]}).dkim_selectors


@pytest.mark.parametrize("written", ["", ".s1", "s1.", "a..b", "s 1", "s1\n", "ż", "s" * 64, "a/b", "*"])
def test_what_is_no_selector_is_refused(written: str) -> None:
    """Whatever cannot stand before ._domainkey is refused in words."""
    with pytest.raises(ValidationError) as caught:
        Domain.model_validate({"dkimSelectors": [written]})
    assert ["invalidValue"] == [each["type"] for each in caught.value.errors()]
    assert "._domainkey" in caught.value.errors()[0]["msg"]
