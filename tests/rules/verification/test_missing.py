"""An account whose secret cannot be read fails its own verification, at the step that needs the secret."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.diagnostics import Diagnostic, error
from reconciler.model.secrets.routes import Route, SecretRoute
from reconciler.model.verification.evidence import CONVERSATION
from reconciler.model.verification.missing import Missing
from reconciler.rules.verification.missing import (
    check_using,
    failed_without,
    missing_problems,
    missing_secrets,
)


def way(secret: str, purpose: str = "smtp", *, host: str = "h.example") -> SecretRoute:
    """Return a route of a secret."""
    route = Route.model_validate({"purpose": purpose, "host": host, "port": 587, "encryption": "starttls"})
    return SecretRoute(secret=secret, route=route)


def unset(secret: str, *, code: str = "secretMissing", words: str = "is not set.") -> Diagnostic:
    """Return the problem of a secret."""
    return error(code, f"{secret} {words}", subject=secret)


A, B = unset("env:A"), unset("env:B")


@pytest.mark.parametrize(
    ("purpose", "proof", "check"),
    [
        ("smtp", None, "auth"),
        ("smtp", "signature", "tls"),
        ("oauth2", None, "auth"),
        ("oauth2", "signature", "auth"),
        ("proxy", None, "proxy"),
    ],
)
def test_a_key_that_signs_at_the_server_is_used_before_the_login(purpose: str, proof: Any, check: str) -> None:
    """That of a client certificate is, while TLS begins; the one that signs for a token is not."""
    route = way("env:A", purpose).route
    assert check == check_using(route.model_copy(update={"proof": proof}))


@pytest.mark.parametrize(("purpose", "check"), [("smtp", "auth"), ("oauth2", "auth"), ("proxy", "proxy")])
def test_the_step_that_needs_the_secret_lacks_it(purpose: str, check: str) -> None:
    """The proxy's password is missing at the proxy, every other secret at the login."""
    assert [(check, A)] == [
        (each.check, each.problem) for each in missing_secrets([way("env:A", purpose)], {"env:A": A})
    ]


@pytest.mark.parametrize("code", ["secretMissing", "secretInvalid", "secretSourceFailed"])
def test_a_secret_that_cannot_be_read_is_missing(code: str) -> None:
    """Whatever keeps a value from being read is a failed verification of the account."""
    assert (Missing("auth", unset("env:A", code=code)),) == missing_secrets(
        [way("env:A")], {"env:A": unset("env:A", code=code)}
    )


@pytest.mark.parametrize("code", ["secretNotAllowed", "unknownSecretSource", "secretTracked"])
def test_a_secret_that_may_not_be_read_is_not_missing(code: str) -> None:
    """It is a fault of the input, which is told elsewhere."""
    assert () == missing_secrets([way("env:A")], {"env:A": replace(A, code=code)})


def test_only_what_the_routes_need_is_missing() -> None:
    """A secret that was read, and one that is unreadable and not needed, are not told of."""
    assert () == missing_secrets([way("env:A")], {"env:B": B})


def test_a_problem_is_missing_once() -> None:
    """Two routes of one secret at one step lack the same value; one at the proxy too is another step."""
    routes = [way("env:A"), way("env:A", "oauth2", host="https://l.example/t"), way("env:A", "proxy")]
    assert (Missing("proxy", A), Missing("auth", A)) == missing_secrets(routes, {"env:A": A})


def test_what_is_needed_first_comes_first() -> None:
    """The proxy comes before the login, and of one step the problems are in the order of their words."""
    names = ["env:F", "env:A", "env:D", "env:C", "env:B", "env:E"]
    ways = [*map(way, names), way("env:Z", "proxy")]
    found = missing_secrets(ways, {name: unset(name) for name in [*names, "env:Z"]})
    assert ["env:Z", *sorted(names)] == [each.problem.subject for each in found]


@pytest.mark.parametrize("step", ["proxy", "auth"])
def test_the_conversation_fails_where_the_first_secret_is_needed(step: str) -> None:
    """Nothing was contacted: that one check fails for good with the problem's code, the others were not made."""
    first = Missing("proxy" if step == "proxy" else "auth", unset("env:A", code="secretInvalid"))
    verification = failed_without([first, Missing("auth", B)])
    assert "failed" == verification.status
    assert CONVERSATION == tuple(each.check for each in verification.checks)
    (failed,) = [each for each in verification.checks if each.check == step]
    assert "failed" == failed.status
    assert "permanent" == failed.class_
    assert "secretInvalid" == failed.code
    others = {(each.status, each.code, each.class_) for each in verification.checks if each.check != step}
    assert {("skipped", "earlierFailure", None)} == others
    messages = {each.message for each in verification.checks if each.check != step}
    assert messages == {"Not made: nothing was contacted, because a secret that the conversation needs cannot be read."}


def test_the_failed_check_tells_the_problem_in_one_line() -> None:
    """Lines to copy are joined with the sentence before them."""
    verification = failed_without([Missing("auth", unset("env:A", words="is not set. Set it:\n    export A=..."))])
    (failed,) = [each for each in verification.checks if each.status == "failed"]
    assert "env:A is not set. Set it: export A=..." == failed.message


def test_one_account_is_told_as_its_own_problem() -> None:
    """The account is the subject, and nothing else of the problem changes."""
    (problem,) = missing_problems({"sales": [Missing("auth", A)]})
    assert problem == replace(A, detail="sales was not verified. env:A is not set.", subject="sales")


def test_accounts_of_one_cause_are_told_once() -> None:
    """They are listed by name, once where two steps lack the same secret; the problem keeps its subject."""
    both = [Missing("proxy", A), Missing("auth", A)]
    (problem,) = missing_problems({"news": [Missing("auth", A)], "a": both})
    detail = "a, news were not verified. env:A is not set."
    assert problem == replace(A, detail=detail, subjects=("a", "news"))


def test_causes_are_told_by_the_first_account_that_has_them() -> None:
    """Two secrets are two problems, in the order of names."""
    problems = missing_problems({"b": [Missing("auth", B)], "a": [Missing("auth", A), Missing("auth", B)]})
    assert [("env:A is", ("a",)), ("env:B is", ("a", "b"))] == [
        (each.detail.partition(". ")[2][:8], each.concerned) for each in problems
    ]
