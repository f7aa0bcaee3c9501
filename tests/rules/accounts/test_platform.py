"""The platform's server, and whether an account was verified with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.diagnostics import Location
from reconciler.model.accounts.located import CertificateFile
from reconciler.model.accounts.recorded import Approval, RecordedVerification, Suspension
from reconciler.model.accounts.settings import Settings
from reconciler.model.secrets.reading import SecretsRead
from reconciler.model.step import Keep
from reconciler.rules.accounts.platform import resolve_platform
from reconciler.rules.accounts.servers import CaFiles, CertificateFiles
from reconciler.rules.plan.make import make_plan
from reconciler.rules.secrets.judgement import Law, judge
from reconciler.rules.verification.settings import settings_digest, was_verified_with
from tests.rules.single import news, own
from tests.rules.states import NOW, ca_files, desired_of, empty_state, policy, project, state_of

if TYPE_CHECKING:
    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState

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
    assert expected == resolved.server.to_document()
    assert 465 == server(encryption="tls").server.port
    assert (None, []) == resolve_platform(None, ca_files({}))


@pytest.mark.parametrize(
    ("login", "lines"),
    [
        ({}, ["username: platform@example.com", "password: {env: SMTP_PLATFORM_PASSWORD}"]),
        ({"username": "platform"}, ["password: {env: SMTP_PLATFORM_PASSWORD}"]),
        ({"password": {"env": "SMTP_PLATFORM"}}, ["username: platform@example.com"]),
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


def test_it_is_told_where_the_project_file_declares_it() -> None:
    """The server knows its place, and so does what is said against it."""
    place = Location("reconciler.yaml", 9, 3)
    declared = project(platform={"smtp": {"host": "smtp.example.com"}}).platform.smtp
    resolved, _ = resolve_platform(declared, ca_files({}), location=place)
    assert resolved is not None
    assert place == resolved.location
    broken = project(platform={"smtp": {"host": "smtp.example.com", "authentication": {}}}).platform.smtp
    _, problems = resolve_platform(broken, ca_files({}), location=place)
    assert {place} == {each.location for each in problems}


@pytest.mark.parametrize(
    ("smtp", "code"),
    [
        ({"caFile": "ca.pem"}, "caFileUnusable"),
        ({"clientCertificate": {"certFile": "c.pem", "key": {"env": "SMTP_KEY"}}}, "certFileUnusable"),
        (
            {"clientCertificate": {"certFile": "{name}.pem", "key": {"env": "SMTP_KEY"}}},
            "unknownPlaceholder",
        ),
        ({"authentication": {"username": "{email}", "password": {"env": "SMTP_P"}}}, "unknownPlaceholder"),
        (
            {"authentication": {"mechanism": "plain", "username": "p", "accessToken": {"env": "SMTP_P"}}},
            "contradiction",
        ),
        ({"authentication": {"username": "p"}}, "missingField"),
    ],
)
def test_each_flaw_is_told_there(smtp: dict[str, Any], code: str) -> None:
    """Whatever is wrong with the platform's server stands in the project file."""
    place = Location("reconciler.yaml", 9, 3)
    declared = project(platform={"smtp": {"host": "smtp.example.com", **smtp}}).platform.smtp
    _, (problem,) = resolve_platform(declared, CaFiles({}, {"ca.pem": "It is empty."}), location=place)
    assert (code, place) == (problem.code, problem.location)


def test_a_word_in_braces_is_told_and_nothing_that_follows_from_it() -> None:
    """Nothing is filled in for the platform's server; what else is wrong comes after."""
    login = {"username": "{email}"}
    declared = project(platform={"smtp": {"host": "smtp.example.com", "authentication": login}}).platform.smtp
    _, (problem,) = resolve_platform(declared, ca_files({}))
    assert "unknownPlaceholder" == problem.code
    assert problem.detail.startswith("platform.smtp.authentication.username in the project file holds ")


def test_only_marketing_accounts_need_its_secrets() -> None:
    """The platform's password travels while a marketing account is verified, and for none of the own ones."""
    resolved = server(authentication=LOGIN)
    (travel,) = resolved.routes({"env:SMTP_PLATFORM": "f1"})
    assert "env:SMTP_PLATFORM" == travel.secret
    assert "f1" == travel.fingerprint
    assert "smtp.example.com" == travel.route.host
    law = Law(recorded=empty_state(), rules=project().secrets, today=NOW.date(), platform=resolved)
    read = SecretsRead(fingerprints={"env:SMTP_PLATFORM": "f1"})
    hosted = Keep(after=news(), platform=resolved, needs_evidence=True)
    alone = Keep(after=own(), needs_evidence=True)
    assert (travel,) == judge([alone, hosted], law, read).platform_routes
    assert () == judge([alone], law, read).platform_routes
    assert () == judge([replace(hosted, platform=None)], replace(law, platform=None), read).platform_routes
    assert resolved.secret_routes == hosted.routes_needed
    assert own().secret_routes == alone.routes_needed


def verified(platform: PlatformServer, fingerprint: str) -> tuple[RecordedAccount, RecordedState]:
    """Return a marketing account verified with the platform's secret of a fingerprint, and state that knows it."""
    recorded = state_of(desired_of(NEWS))
    account = recorded.accounts["news"]
    made = settings_digest(
        account.kind,
        account.settings,
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


@pytest.mark.parametrize(
    ("count", "listed", "command"), [(1, "n01", "n01 --recorded"), (11, "n10, and 1 more", "--recorded")]
)
def test_accounts_verified_with_another_server_are_one_warning(count: int, listed: str, command: str) -> None:
    """All that do not change are named in one warning, ten at most; own, rejected and suspended ones are left out."""
    texts = [NEWS.replace("news", f"n{number:02}") for number in range(1, count + 1)]
    own = (
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: own}\n"
        "spec: {email: o@example.com, displayName: O, smtp: {host: smtp.example.com}}\n"
    )
    desired = desired_of("---\n".join([*texts, own, NEWS.replace("news", "stopped"), NEWS.replace("news", "rejected")]))
    recorded = state_of(desired)
    stopped = Suspension(reason="why", actor="olga", at=NOW)
    decided = Approval(decision="rejected", actor="olga", at=NOW, subject_digest="")
    accounts = {
        **recorded.accounts,
        "stopped": replace(recorded.accounts["stopped"], suspension=stopped),
        "rejected": replace(recorded.accounts["rejected"], approval=decided),
    }
    draft = make_plan(desired, replace(recorded, accounts=accounts), policy(platform=server(host="other.example")))
    (told,) = (each for each in draft.problems if each.code == "platformChanged")
    assert ("warning", "n01" if count == 1 else None) == (told.severity, told.subject)
    assert f"{listed}. Once" in told.detail
    assert "other.example:587" in told.detail
    assert told.detail.endswith(f"\n    reconciler verify {command}")
    without = make_plan(desired, recorded, policy())
    assert [] == [each for each in without.problems if each.code == "platformChanged"]


def test_settings_without_a_value_have_no_digest() -> None:
    """Where the platform's secret was not read nothing can be compared; without a platform there is nothing to read."""
    settings = Settings(email="n@example.com", display_name="N")
    platform = server(authentication=LOGIN)
    assert None is settings_digest("MarketingAccount", settings, ca_digest=None, fingerprints={}, platform=platform)
    without = settings_digest("MarketingAccount", settings, ca_digest=None, fingerprints={}, platform=None)
    assert without is not None
    assert without != settings_digest("MarketingAccount", settings, ca_digest=None, fingerprints={}, platform=server())


OAUTH2 = {
    "username": "platform",
    "mechanism": "xoauth2",
    "oauth2": {
        "tokenUrl": "https://login.example.com/token",
        "clientId": "c",
        "clientSecret": {"env": "SMTP_CLIENT"},
        "refreshToken": {"env": "SMTP_REFRESH"},
    },
}


@pytest.mark.parametrize(
    ("login", "references"),
    [
        (OAUTH2, ["env:SMTP_CLIENT", "env:SMTP_REFRESH"]),
        ({"username": "p", "mechanism": "xoauth2", "accessToken": {"env": "SMTP_TOKEN"}}, ["env:SMTP_TOKEN"]),
    ],
)
def test_a_login_by_token_is_complete(login: dict[str, Any], references: list[str]) -> None:
    """A token, or what gets one, is a credential; its secrets are references that travel to the server."""
    resolved = server(authentication=login)
    assert references == sorted({each.secret for each in resolved.secret_routes})
    assert set(references) == {each.secret for each in resolved.secret_routes if each.route.host == "smtp.example.com"}


def test_the_settings_are_the_server_and_the_values() -> None:
    """They hold the server as resolved and each secret's fingerprint, and the private CA's digest where there is one."""
    resolved = server(authentication=LOGIN)
    fingerprints = {"env:SMTP_PLATFORM": "f1", "env:OTHER": "f2"}
    expected = {"smtp": resolved.server.to_document(), "fingerprints": {"env:SMTP_PLATFORM": "f1"}}
    assert expected == resolved.settings(fingerprints)
    with_ca = server(ca_files({"ca.pem": "one"}), caFile="ca.pem", authentication=LOGIN)
    assert with_ca.settings(fingerprints) == {
        **expected,
        "smtp": with_ca.server.to_document(),
        "caDigest": with_ca.ca_digest,
    }
    assert [with_ca.ca_digest] == [each.route.ca_digest for each in with_ca.secret_routes]
    assert with_ca.ca_digest is not None


def test_a_marketing_account_needs_its_own_routes_too() -> None:
    """The platform's routes come after the account's own."""
    through = server(host="b.example", authentication=LOGIN)
    assert (*own().secret_routes, *through.secret_routes) == Keep(after=own(), platform=through).routes_needed


def test_what_is_wrong_with_the_platform_is_told_of_the_project_file() -> None:
    """The errors name the part of the project file that they are about."""
    declared = project(platform={"smtp": {"host": "h.example", "caFile": "ca.pem", "authentication": {}}}).platform.smtp
    problems = resolve_platform(declared, CaFiles({}, {"ca.pem": "It is empty."}))[1]
    assert [
        "The login of platform.smtp in the project file is incomplete. Add",
        "The login of platform.smtp in the project file is incomplete. Add",
        "platform.smtp names ca.pem: It is empty.",
    ] == [problem.detail.partition("\n")[0] for problem in problems]
    assert ["missingField", "missingField", "caFileUnusable"] == [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("parts", "code", "detail"),
    [
        (
            {"clientCertificate": {"certFile": "c.pem", "key": {"env": "SMTP_K"}}},
            "certFileUnusable",
            "platform.smtp names c.pem: The file was not read.",
        ),
        (
            {"authentication": {"username": "p", "mechanism": "plain", "accessToken": {"env": "SMTP_T"}}},
            "contradiction",
            "platform.smtp in the project file: The mechanism plain takes a password, not accessToken. Change one of the two.",
        ),
    ],
    ids=["a certificate", "a mechanism"],
)
def test_each_flaw_of_the_platform_is_told_at_its_place(parts: dict[str, Any], code: str, detail: str) -> None:
    """In words of the project file, where the server is declared."""
    declared = project(platform={"smtp": {"host": "h.example", "authentication": LOGIN, **parts}}).platform.smtp
    place = Location("reconciler.yaml", 4, 2)
    found, problems = resolve_platform(declared, CaFiles({}, {}), location=place)
    assert (None, [(code, detail, place)]) == (found, [(each.code, each.detail, each.location) for each in problems])


def test_the_platform_has_a_certificate_of_its_own() -> None:
    """With the fingerprint of the file that was read."""
    certificate = {"certFile": "c.pem", "key": {"env": "SMTP_K"}}
    declared = project(
        platform={"smtp": {"host": "h.example", "authentication": LOGIN, "clientCertificate": certificate}}
    ).platform.smtp
    files = CertificateFiles({"c.pem": CertificateFile(pem="", fingerprint="sha256:f")}, {})
    found, _ = resolve_platform(declared, CaFiles({}, {}), certificates=files)
    assert found is not None
    assert found.server.client_certificate is not None
    assert "sha256:f" == found.server.client_certificate.fingerprint
