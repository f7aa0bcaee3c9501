"""What the digest of an account's settings covers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.accounts.platform import PlatformServer
from reconciler.model.accounts.recorded import RecordedVerification
from reconciler.model.accounts.settings import Settings
from reconciler.model.canonical import digest
from reconciler.model.servers.server import Server
from reconciler.rules.verification.settings import settings_digest, settings_of, was_verified_with
from tests.rules.states import desired_of, state_of

SPEC: dict[str, Any] = {
    "email": "a@example.com",
    "displayName": "A",
    "replyTo": {"email": "r@example.com"},
    "overrideFrom": {"emailDetail": "x"},
    "overrideTo": {"emailDetail": "y"},
    "proxy": {"host": "p.example", "port": 1, "type": "http"},
    "smtp": {
        "host": "h.example",
        "port": 587,
        "encryption": "starttls",
        "authentication": {"username": "u", "password": "env:A"},
    },
    "shared": True,
}
SETTINGS = Settings.model_validate(SPEC)
BARE = {"email": "a@example.com", "displayName": "A"}
PLATFORM = PlatformServer(server=Server.model_validate({"host": "p.example", "port": 25, "encryption": "none"}))


def test_settings_are_what_verification_vouches_for() -> None:
    """Everything of the spec but sharing; the private CA's digest where there is one."""
    covered = {key: value for key, value in SPEC.items() if key != "shared"}
    assert covered == settings_of(SETTINGS, None)
    assert {**covered, "caDigest": "d"} == settings_of(SETTINGS, "d")
    assert BARE == settings_of(Settings.model_validate({**BARE, "shared": False}), "")


def test_the_digest_covers_settings_values_and_kind() -> None:
    """It is the digest of the kind, the settings and the fingerprints of the account's own secrets."""
    made = settings_digest(
        "OwnAccount", SETTINGS, ca_digest="d", fingerprints={"env:A": "f1", "env:B": "f2"}, platform=PLATFORM
    )
    covered = {"kind": "OwnAccount", "settings": settings_of(SETTINGS, "d"), "fingerprints": {"env:A": "f1"}}
    assert digest(covered) == made
    assert None is settings_digest("OwnAccount", SETTINGS, ca_digest=None, fingerprints={"env:B": "f2"}, platform=None)


@pytest.mark.parametrize("platform", [PLATFORM, None])
def test_of_a_marketing_account_it_covers_the_platform(platform: PlatformServer | None) -> None:
    """The platform's settings, or that there are none."""
    made = settings_digest(
        "MarketingAccount", Settings.model_validate(BARE), ca_digest=None, fingerprints={}, platform=platform
    )
    settings = platform.settings({}) if platform else None
    covered = {"kind": "MarketingAccount", "settings": BARE, "fingerprints": {}, "platform": settings}
    assert digest(covered) == made


def test_every_value_that_state_knows_is_tried() -> None:
    """With several secrets, each with several values, the server is known by the ones it was verified with."""
    login = {
        "username": "p",
        "oauth2": {"tokenUrl": "https://l.example/t", "clientSecret": "env:C", "refreshToken": "env:R"},
    }
    platform = PlatformServer(server=Server.model_validate({**PLATFORM.server.to_document(), "authentication": login}))
    state = state_of(
        desired_of(
            "apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {name: news}\n"
            "spec: {email: n@example.com, displayName: N}\n"
        )
    )
    account = state.accounts["news"]
    routes = [
        each.model_copy(update={"fingerprint": f"{each.secret}{n}"}) for n in (1, 2) for each in platform.secret_routes
    ]
    recorded = replace(state, routes=tuple(routes))

    def verified(**fingerprints: str) -> bool:
        made = settings_digest(
            account.kind,
            account.settings,
            ca_digest=account.ca_digest,
            fingerprints={f"env:{name}": value for name, value in fingerprints.items()},
            platform=platform,
        )
        return was_verified_with(platform, replace(account, settings_digest=made), recorded)

    values = [(f"env:C{client}", f"env:R{refresh}") for client in (1, 2) for refresh in (1, 2)]
    assert [True] * 4 == [verified(C=client, R=refresh) for client, refresh in values]
    assert not verified(C="env:R1", R="env:C1")
    lacking: dict[str, Any] = {"ca_digest": None, "fingerprints": {"env:C": "env:C1"}, "platform": platform}
    assert settings_digest(account.kind, account.settings, **lacking) is None


@pytest.mark.parametrize(("outcome", "expected"), [("skipped", True), ("passed", False), ("failed", False)])
def test_without_a_digest_the_outcome_tells(outcome: str, *, expected: bool) -> None:
    """An account whose conversation was skipped, or that was never verified, agrees with every server."""
    state = state_of(
        desired_of(
            "apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {name: news}\nspec: {email: n@example.com, displayName: N}\n"
        )
    )
    verification = RecordedVerification.model_validate({"outcome": outcome}, by_name=True)
    account = replace(state.accounts["news"], settings_digest=None, verification=verification)
    assert expected == was_verified_with(PLATFORM, account, state)
    assert was_verified_with(PLATFORM, replace(account, verification=None), state)
