"""The platform's server, and whether an account was verified with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.recorded import RecordedVerification
from reconciler.planning.platform import PlatformServer, platform_routes, resolve_platform, routes_needed
from reconciler.planning.resolve import CaFiles
from reconciler.planning.settings import settings_digest, was_verified_with
from tests.planning.states import ca_files, desired_of, project, state_of

if TYPE_CHECKING:
    from reconciler.model.recorded import RecordedAccount, RecordedState

LOGIN = {"username": "platform", "password": {"env": "SMTP_PLATFORM"}}
NEWS = (
    "apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {name: news}\n"
    "spec: {email: n@example.com, displayName: N}\n"
)


def server(ca: CaFiles | None = None, **smtp: Any) -> PlatformServer:
    """Return the platform's server, which must resolve."""
    declared = project(platform={"smtp": {"host": "smtp.example.com", **smtp}}).platform.smtp
    resolved, problems = resolve_platform(declared, ca or ca_files({}))
    assert problems == []
    assert resolved is not None
    return resolved


def test_defaults_and_domains_are_filled_in() -> None:
    """Encryption, port and mechanism have defaults; host and HELO name become ASCII, secrets references."""
    resolved = server(host="żółw.example", heloName="łoś.example", authentication=LOGIN)
    login = {"mechanism": "auto", "username": "platform", "password": "env:SMTP_PLATFORM"}
    expected = {
        "host": "xn--w-uga1v8h.example",
        "heloName": "xn--o-dla0f.example",
        "encryption": "starttls",
        "port": 587,
        "authentication": login,
    }
    assert expected == resolved.smtp
    assert 465 == server(encryption="tls").smtp["port"]
    assert (None, []) == resolve_platform(None, ca_files({}))


@pytest.mark.parametrize(
    ("login", "lines"),
    [
        ({}, ["username: …", "password: {env: …}"]),
        ({"username": "platform"}, ["password: {env: …}"]),
        ({"password": {"env": "SMTP_PLATFORM"}}, ["username: …"]),
    ],
)
def test_an_incomplete_login_is_told_line_by_line(login: dict[str, Any], lines: list[str]) -> None:
    """Without a user name or a credential there is no server, and each error has the line to add."""
    declared = project(platform={"smtp": {"host": "smtp.example.com", "authentication": login}}).platform.smtp
    resolved, problems = resolve_platform(declared, ca_files({}))
    assert resolved is None
    assert lines == [problem.detail.rpartition("\n    ")[2] for problem in problems]


def test_a_private_ca_counts_by_its_content() -> None:
    """The content of the CA is part of the settings; one that cannot be used leaves no server and says why."""
    one, two = (server(ca_files({"ca.pem": text}), caFile="ca.pem").settings({}) for text in ("one", "two"))
    assert one is not None
    assert one != two
    declared = project(platform={"smtp": {"host": "smtp.example.com", "caFile": "ca.pem"}}).platform.smtp
    resolved, (problem,) = resolve_platform(declared, CaFiles({}, {"ca.pem": "It is empty."}))
    assert (None, "caFileUnusable") == (resolved, problem.code)
    assert problem.detail.endswith("ca.pem: It is empty.")


def test_only_marketing_accounts_need_its_secrets() -> None:
    """The platform's password travels while a marketing account is verified, and for none of the own ones."""
    resolved = server(authentication=LOGIN)
    (travel,) = platform_routes(resolved, ["OwnAccount", "MarketingAccount"], {"env:SMTP_PLATFORM": "f1"})
    assert ("env:SMTP_PLATFORM", "f1", "smtp.example.com") == (travel.secret, travel.fingerprint, travel.route.host)
    assert () == platform_routes(resolved, ["OwnAccount"], {})
    assert () == platform_routes(None, ["MarketingAccount"], {})
    assert (travel,) == routes_needed("MarketingAccount", (), (travel,))
    assert () == routes_needed("OwnAccount", (), (travel,))


def verified(platform: PlatformServer, fingerprint: str) -> tuple[RecordedAccount, RecordedState]:
    """Return a marketing account verified with the platform's secret of a fingerprint, and state that knows it."""
    recorded = state_of(desired_of(NEWS))
    account = recorded.accounts["news"]
    made = settings_digest(
        account.kind,
        account.spec,
        ca_digest=None,
        fingerprints={"env:SMTP_PLATFORM": fingerprint},
        platform=platform,
    )
    assert made is not None
    routes = tuple(
        each
        for value in (None, "f0", fingerprint)
        for each in (platform.secret_routes[0].model_copy(update={"fingerprint": value}),)
    )
    return replace(account, settings_digest=made), replace(recorded, routes=routes)


def test_a_rotated_secret_is_no_other_server() -> None:
    """The server is known by any value of its secret that state has seen, and another server by none."""
    platform = server(authentication=LOGIN)
    account, recorded = verified(platform, "f1")
    assert was_verified_with(platform, account, recorded)
    assert not was_verified_with(server(host="other.example", authentication=LOGIN), account, recorded)
    assert not was_verified_with(platform, account, replace(recorded, routes=recorded.routes[:2]))
    assert not was_verified_with(platform, account, replace(recorded, routes=()))
    elsewhere = recorded.routes[2].model_copy(update={"secret": "env:OTHER"})
    assert not was_verified_with(platform, account, replace(recorded, routes=(elsewhere,)))


@pytest.mark.parametrize(
    ("verification", "expected"),
    [
        (None, True),
        (RecordedVerification(outcome="skipped"), True),
        (RecordedVerification(outcome="failed"), False),
    ],
)
def test_an_account_verified_with_no_server(
    verification: RecordedVerification | None,
    expected: bool,  # noqa: FBT001
) -> None:
    """Where no digest is recorded, only an account that had no conversation agrees with every server."""
    recorded = state_of(desired_of(NEWS))
    account = replace(recorded.accounts["news"], settings_digest=None, verification=verification)
    assert expected == was_verified_with(server(), account, recorded)


def test_settings_without_a_value_have_no_digest() -> None:
    """Where the platform's secret was not read nothing can be compared; without a platform there is nothing to read."""
    spec = {"email": "n@example.com"}
    platform = server(authentication=LOGIN)
    assert None is settings_digest("MarketingAccount", spec, ca_digest=None, fingerprints={}, platform=platform)
    without = settings_digest("MarketingAccount", spec, ca_digest=None, fingerprints={}, platform=None)
    assert without is not None
    assert without != settings_digest("MarketingAccount", spec, ca_digest=None, fingerprints={}, platform=server())
