"""Client certificates at Postfix: demanded in the handshake, and in place of a login."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.system.accounts import check_account
from tests.verification.targets import failure

if TYPE_CHECKING:
    from tests.system.support.keys import Keys
    from tests.system.support.postfix import Postfix

DEMANDING: dict[str, dict[str, Any]] = {
    "certificateDemanded": {},
    "certificateDemandedTls12": {},
    "certificateDemandedTls": {"encryption": "tls"},
}


@pytest.mark.parametrize("listener", DEMANDING)
def test_a_demanded_certificate_is_shown(postfix: Postfix, keys: Keys, listener: str) -> None:
    """By TLS 1.2 and 1.3, with STARTTLS and without, and the login goes over it."""
    changes = {"ca_pem": keys.ca_pem, **DEMANDING[listener]}
    finding = check_account(postfix.ports[listener], presented=keys.presented("good"), **changes)
    assert "passed" == finding.verification.status, finding.verification.checks


@pytest.mark.parametrize(
    ("presented", "code", "words"),
    [
        (None, "clientCertificateRequired", "smtp.clientCertificate"),
        ("strange", "clientCertificateRefused", 'issued by "Strange CA"'),
        ("expired", "clientCertificateRefused", "which has ended; have it renewed"),
    ],
)
@pytest.mark.parametrize("listener", DEMANDING)
def test_what_postfix_objects_to_is_told(
    postfix: Postfix, keys: Keys, listener: str, presented: str | None, code: str, words: str
) -> None:
    """For good, with the certificate that it is about."""
    shown = keys.presented(presented) if presented is not None else None
    changes = {"ca_pem": keys.ca_pem, "presented": shown, **DEMANDING[listener]}
    finding = check_account(postfix.ports[listener], **changes)
    failed = failure(finding)
    assert (code, "permanent") == (failed.code, failed.class_), failed.message
    assert words in failed.message


def test_a_certificate_takes_the_place_of_a_login(postfix: Postfix, keys: Keys) -> None:
    """Postfix relays for clients whose certificate it trusts, and for nobody else."""
    port = postfix.ports["certificateInPlaceOfLogin"]
    refused = failure(check_account(port, user=None, ca_pem=keys.ca_pem))
    assert "recipient" == refused.check
    finding = check_account(port, user=None, ca_pem=keys.ca_pem, presented=keys.presented("good"))
    assert "passed" == finding.verification.status, finding.verification.checks
