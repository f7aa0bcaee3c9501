"""What failed by one cause is told once, where the accounts' common endpoint is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.diagnostics import Location, error
from reconciler.model.accounts.desired import DesiredAccount
from reconciler.model.accounts.platform import PLATFORM, PlatformServer
from reconciler.model.servers.server import Server
from reconciler.model.verification.evidence import Check, Verification
from reconciler.rules.verification.failures import Failure, failure, failure_problems, held_change

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.verification.evidence import CheckName, CheckStatus

HERE = Location("accounts.d/servers.yaml", 6, 9)
PROJECT = Location("reconciler.yaml", 9, 11)
SMTP: dict[str, Any] = {"host": "smtp.example.com", "port": 587, "encryption": "starttls"}


def failed(
    name: str,
    reason: str = "connect: refused",
    *,
    is_untried: bool = False,
    endpoint: str | None = "smtp",
    location: Location | None = HERE,
) -> Failure:
    """Return the failure of one account at one endpoint."""
    return Failure(name=name, reason=reason, endpoint=endpoint, is_untried=is_untried, location=location)


def told(*failures: Failure) -> list[tuple[str, tuple[str, ...], Location | None]]:
    """Return words, accounts and place of each problem."""

    def tell(name: str, reason: str) -> Diagnostic:
        return error("verificationFailed", reason, subject=name)

    return [(each.detail, each.concerned, each.location) for each in failure_problems(failures, tell)]


def test_the_same_failure_at_one_endpoint_is_one_problem_at_its_place() -> None:
    """Accounts of one server that is down are told together, where the server is declared."""
    assert told(failed("a"), failed("b")) == [("connect: refused", ("a", "b"), HERE)]


def test_one_account_alone_has_no_place_but_its_own() -> None:
    """Whoever renders it finds the account's manifest."""
    assert told(failed("a")) == [("connect: refused", ("a",), None)]


@pytest.mark.parametrize(
    "other",
    [
        failed("b", "connect: timed out"),
        failed("b", endpoint="other"),
        failed("b", location=None),
    ],
    ids=["reason", "endpoint", "place"],
)
def test_another_reason_endpoint_or_place_is_another_cause(other: Failure) -> None:
    """What is not the same is told apart."""
    assert len(told(failed("a"), other)) == 2


def test_what_was_not_tried_is_told_with_what_most_of_the_others_met() -> None:
    """That a server is down is no finding of the accounts that were spared."""
    spared = [failed(name, "connect: not tried", is_untried=True) for name in "def"]
    found = told(failed("a", "connect: timed out"), failed("b"), failed("c"), *spared)
    assert found == [("connect: timed out", ("a",), None), ("connect: refused", ("b", "c", "d", "e", "f"), HERE)]


def test_another_endpoint_s_findings_say_nothing_of_a_server_that_is_down() -> None:
    """What was spared at one server is not told with what failed at another."""
    spared = failed("a", "connect: not tried", is_untried=True)
    assert told(spared, failed("b", endpoint="other")) == [
        ("connect: not tried", ("a",), None),
        ("connect: refused", ("b",), None),
    ]


def test_accounts_that_were_all_spared_keep_their_own_words() -> None:
    """Where none was tried, what was found before is not known here."""
    spared = [failed(name, "connect: not tried", is_untried=True) for name in "ab"]
    assert told(*spared) == [("connect: not tried", ("a", "b"), HERE)]


def _verification(check: CheckName, code: str = "connectionRefused", status: CheckStatus = "failed") -> Verification:
    found = Check(check=check, status=status, code=code, message="no")
    passed = Check(check="dns", status="passed", code="ok", message="yes")
    return Verification(status="failed", depth="auth", checks=(passed, found))


def document_of(spec: dict[str, Any]) -> dict[str, Any]:
    """Return an account's document with these settings of its server."""
    return {"metadata": {}, "spec": {"email": "a@example.com", "displayName": "A", **spec}}


def _account(kind: Kind = "OwnAccount", secrets: frozenset[str] = frozenset()) -> DesiredAccount:
    document = document_of({"smtp": dict(SMTP)})
    return DesiredAccount(kind=kind, name="a", document=document, server_location=HERE, server_secrets=secrets)


@pytest.mark.parametrize("check", ["dns", "proxy", "connect", "greeting", "tls"])
def test_what_fails_before_the_login_is_the_servers(check: CheckName) -> None:
    """The endpoint is where the MailServer says it is."""
    found = failure(_verification(check), _account(), None)
    assert (HERE, False) == (found.location, found.is_untried)
    assert ("a", True) == (found.name, found.reason.startswith(f"{check}: "))


@pytest.mark.parametrize("check", ["auth", "sender", "recipient", "message"])
def test_what_fails_with_a_login_of_its_own_is_the_account_s(check: CheckName) -> None:
    """A wrong password of one account is no fault of the server's manifest."""
    assert failure(_verification(check), _account(), None).location is None


@pytest.mark.parametrize("check", ["sender", "recipient", "message"])
def test_what_fails_after_the_login_is_the_account_s(check: CheckName) -> None:
    """Whoever the credential belongs to, what is refused is the account's address or message."""
    assert failure(_verification(check), _account(secrets=frozenset({"env:X"})), None).location is None


def test_a_host_that_the_project_refuses_is_no_endpoint() -> None:
    """Nobody contacts it, whoever names it."""
    assert failure(_verification("connect", "unknownDestination", "skipped"), _account(), None).endpoint is None


def test_what_was_not_contacted_is_one_problem_wherever_it_is_declared() -> None:
    """Of several places none is the cause's."""
    there = Location("accounts.d/others.yaml", 1, 1)
    assert [("no", ("a", "b"), None)] == told(
        failed("a", "no", endpoint=None), failed("b", "no", endpoint=None, location=there)
    )


def test_a_place_that_whoever_tells_it_knows_stays() -> None:
    """It is nearer to the cause than where the endpoint is declared."""

    def tell(name: str, reason: str) -> Diagnostic:
        return error("verificationFailed", reason, subject=name, location=PROJECT)

    assert [PROJECT] == [each.location for each in failure_problems([failed("a"), failed("b")], tell)]


def test_a_login_that_stands_in_the_server_is_the_server_s() -> None:
    """Where the MailServer gives the credential, that is where it is mended."""
    assert HERE == failure(_verification("auth"), _account(secrets=frozenset({"env:X"})), None).location


def test_a_marketing_account_fails_at_the_platform() -> None:
    """The platform's server is declared in the project file."""
    platform = PlatformServer(server=Server.model_validate(SMTP), location=PROJECT)
    found = failure(_verification("auth"), _account("MarketingAccount"), platform)
    assert (PLATFORM, PROJECT) == (found.endpoint, found.location)


def test_without_a_platform_there_is_no_place() -> None:
    """Nothing is declared, so there is nothing to point at."""
    assert failure(_verification("auth"), _account("MarketingAccount"), None).location is None


@pytest.mark.parametrize("code", ["operatorMissing", "deadline"])
def test_what_is_wrong_with_the_run_is_no_endpoint_s(code: str) -> None:
    """Nobody to mail to, and no time left, concern all accounts alike."""
    found = failure(_verification("message", code), _account(), None)
    assert ("a", True) == (found.name, found.reason.startswith("message: "))
    assert found.endpoint is None
    assert found.location is None
    assert found.is_untried is False


def test_a_change_that_is_held_is_a_warning_of_its_account() -> None:
    """With the reason for which it stays as it is recorded."""
    told = held_change("a", "auth: No.")
    assert ("heldChange", "warning", "a") == (told.code, told.severity, told.subject)
    assert "The change of a is left out: auth: No." == told.detail


def test_a_server_that_is_down_was_not_tried() -> None:
    """The skip says so, and it counts as the endpoint's."""
    found = failure(_verification("connect", "serverDown", "skipped"), _account(), None)
    assert (True, HERE) == (found.is_untried, found.location)


def test_accounts_of_one_host_port_and_proxy_share_an_endpoint() -> None:
    """The host counts as the DNS has it; another port or proxy is another endpoint, another login there is none."""
    proxy = {"type": "http", "host": "p", "port": 1}
    specs: list[dict[str, Any]] = [
        {"smtp": SMTP},
        {"smtp": {**SMTP, "host": "SMTP.example.com"}},
        {"smtp": {**SMTP, "port": 465}},
        {"smtp": SMTP, "proxy": proxy},
        {"smtp": SMTP, "proxy": {**proxy, "port": 2}},
        {"smtp": SMTP, "proxy": {**proxy, "host": "q"}},
        {"smtp": {**SMTP, "host": "other.example.com"}},
        {"smtp": SMTP, "proxy": {**proxy, "username": "u"}},
    ]
    endpoints = [
        failure(
            _verification("connect"),
            DesiredAccount(kind="OwnAccount", name="a", document=document_of(spec)),
            None,
        ).endpoint
        for spec in specs
    ]
    assert endpoints[0] == endpoints[1]
    assert endpoints[3] == endpoints[-1]
    assert len(set(endpoints)) == 6
