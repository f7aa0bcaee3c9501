"""What is told of withheld credentials, and the block of grants to paste."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from reconciler.diagnostics import error
from reconciler.model.secrets.routes import Delivery, Route, SecretRoute, TokenOrigin, route_to
from reconciler.rules.secrets.grants import (
    redundant_grants,
    undelivered_problem,
    unread_reasons,
    untrusted_project,
    withheld_problem,
    withheld_reason,
)
from tests.rules.single import Claim
from tests.rules.states import project

HERE = Route(username="anna", host="smtp.example.com", port=587, encryption="starttls")
A = SecretRoute(secret="env:SMTP_A", route=HERE)
B = SecretRoute(secret="env:SMTP_B", route=HERE)
NAMES = [f"a{number:02}" for number in (7, 3, 11, 0, 9, 5, 1, 10, 8, 2, 6, 4)]


def test_nothing_withheld_is_no_problem() -> None:
    """Without a withheld credential there is nothing to tell, in a trusted project and in another."""
    assert (None, None) == (withheld_problem({}), withheld_problem({}, is_project_trusted=False))


def test_all_that_is_withheld_is_one_error() -> None:
    """Each journey is listed by account, and each grant once, in order; grants that have run out are named."""
    withheld = {"c": (A,), "a": (B, A), "b": (A,)}
    problem = withheld_problem(withheld, expired=("env:SMTP_A until 2026-08-31", "env:* until 2026-07-31"))
    assert problem is not None
    assert ("credentialWithheld", None) == (problem.code, problem.subject)
    where = "anna at smtp.example.com:587, starttls\n"
    assert (
        "no login was tried with them:\n"
        f"- a: env:SMTP_B to {where}- a: env:SMTP_A to {where}- b: env:SMTP_A to {where}- c: env:SMTP_A to {where}"
        "A pull request"
    ) in problem.detail
    assert problem.detail.endswith(
        " add under secrets:\n    grants:\n"
        '      - {secret: "env:SMTP_A", servers: ["smtp.example.com:587"]}\n'
        '      - {secret: "env:SMTP_B", servers: ["smtp.example.com:587"]}\n'
        "These grants have expired and would have allowed some of it: env:SMTP_A until 2026-08-31; "
        "env:* until 2026-07-31."
    )


def test_grants_are_listed_in_order_whatever_the_order_of_accounts() -> None:
    """The block reads the same for the same accounts."""
    routes = {name: (SecretRoute(secret=f"env:{name}", route=HERE),) for name in NAMES}
    lines = [f'      - {{secret: "env:{name}", servers: ["smtp.example.com:587"]}}' for name in sorted(NAMES)]
    problem = withheld_problem(routes)
    assert problem is not None
    assert problem.detail.endswith("\n".join(["    grants:", *lines]))


def test_of_many_routes_the_first_are_shown() -> None:
    """What differs in user name and secret only is one line; the block of grants is whole."""
    routes = {
        name: (SecretRoute(secret=f"env:{name}", route=HERE.model_copy(update={"username": name})),)
        for name in [*NAMES, "a12"]
    }
    elsewhere = HERE.model_copy(update={"host": "mx.example.com"})
    problem = withheld_problem({**routes, "z": (SecretRoute(secret="env:z", route=elsewhere),)})
    assert problem is not None
    assert (
        "with them:\n- a00: env:a00 and 12 more to smtp.example.com:587, starttls\n"
        "- z: env:z to mx.example.com:587, starttls\nA pull request"
    ) in problem.detail
    assert 14 == problem.detail.count("- {secret:")


@pytest.mark.parametrize(("count", "lines"), [(12, 12), (13, 1)])
def test_a_dozen_routes_are_listed(count: int, lines: int) -> None:
    """Of more a line stands for those of one server."""
    routes = {f"a{number:02}": (SecretRoute(secret=f"env:{number}", route=HERE),) for number in range(count)}
    problem = withheld_problem(routes)
    assert problem is not None
    assert lines == sum(each.startswith("- a") for each in problem.detail.splitlines())


def test_one_account_is_the_subject() -> None:
    """The error is the account's where it is of one only, and nothing is said of grants that have not run out."""
    problem = withheld_problem({"a": (A,)})
    assert problem is not None
    assert ("a", False) == (problem.subject, "expired" in problem.detail)


@pytest.mark.parametrize(
    ("route", "told"),
    [
        (HERE, 'servers: ["smtp.example.com:587"]'),
        (
            HERE.model_copy(update={"encryption": "none"}),
            'route: {username: "anna", host: "smtp.example.com", port: 587, encryption: "none"}',
        ),
        (
            HERE.model_copy(update={"proxy": "http://p.example:80", "username": None}),
            'route: {host: "smtp.example.com", port: 587, encryption: "starttls", proxy: "http://p.example:80"}',
        ),
        (
            HERE.model_copy(update={"purpose": "proxy"}),
            'route: {purpose: "proxy", username: "anna", host: "smtp.example.com", port: 587, encryption: "starttls"}',
        ),
        (
            HERE.model_copy(update={"ca_digest": "d"}),
            'route: {username: "anna", host: "smtp.example.com", port: 587, encryption: "starttls", caDigest: "d"}',
        ),
        (
            HERE.model_copy(update={"certificate": "sha256:d"}),
            'route: {username: "anna", host: "smtp.example.com", port: 587, encryption: "starttls", certificate: "sha256:d"}',
        ),
    ],
)
def test_a_grant_is_as_short_as_it_can_be(route: Route, told: str) -> None:
    """A direct login with TLS needs a server only; of any other route what is not as usual is written out."""
    problem = withheld_problem({"a": (SecretRoute(secret="env:SMTP_A", route=route),)})
    assert problem is not None
    assert f'      - {{secret: "env:SMTP_A", {told}}}' == problem.detail.rpartition("\n")[2]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([], "no login was tried. Where"),
        (["b", "a"], "no login was tried. That concerns a, b. Where"),
        (NAMES[:10], "That concerns " + ", ".join(sorted(NAMES[:10])) + ". Where"),
        (NAMES, "That concerns a00, a01, a02, a03, a04, a05, a06, a07, a08, a09 and 2 more. Where"),
    ],
)
def test_an_untrusted_project_is_told_with_the_ways_round(names: list[str], told: str) -> None:
    """Ten accounts are named and the others counted; the lines to copy take the file from the protected branch."""
    problem = untrusted_project(names)
    assert "error" == problem.severity
    assert "projectNotTrusted" == problem.code
    assert problem.subject is None
    assert told in problem.detail
    assert "where RECONCILER_TRUST_PROJECT=never is set" in problem.detail
    assert [
        '    git show origin/main:reconciler.yaml > "$RUNNER_TEMP/reconciler.yaml"',
        '    reconciler --project-file "$RUNNER_TEMP/reconciler.yaml" plan',
        "    --trust-project",
    ] == [line for line in problem.detail.splitlines() if line.startswith("    ")]


def test_grants_do_not_help_an_untrusted_project() -> None:
    """Where the project file is not trusted the error is about that, of all accounts concerned."""
    assert untrusted_project(["a", "b"]) == withheld_problem({"b": (A,), "a": (B,)}, is_project_trusted=False)


def test_a_check_says_why_its_credential_was_withheld() -> None:
    """The sentence names the first secret; the route it would take, or that nothing was read."""
    assert withheld_reason((A, B)).startswith(
        "env:SMTP_A was not sent: anna at smtp.example.com:587, starttls is a route that neither state nor a grant"
    )
    assert "The error credentialWithheld lists" in withheld_reason((A, B))
    assert withheld_reason((B, A), is_project_trusted=False).startswith("env:SMTP_B was not read: here ")


def test_what_a_first_use_was_not_compared_with_is_told_with_its_reason() -> None:
    """Each reference that could not be read stands there with the first sentence of why, many are counted."""
    why = error("secretMissing", "The variable is not set. Set it:\n    export A=…", subject="env:A")
    several = error("secretSourceFailed", "It failed\nand more. And more.", subject="many")
    reasons = unread_reasons(["many:c", "env:B", "env:A"], {"env:A": why, "many:c": several})
    expected = {"env:A": "The variable is not set.", "env:B": "It was not read.", "many:c": "It failed."}
    assert list(expected.items()) == list(reasons.items())
    alone = error("secretMissing", "It is gone.", subject="env:C")
    assert {"env:C": "It is gone."} == unread_reasons(["env:C"], {"env:C": alone})
    problem = withheld_problem({"a": (A,)}, not_compared=reasons)
    assert problem is not None
    assert (
        "could not be read:\n- env:A: The variable is not set.\n- env:B: It was not read.\n- many:c: It failed.\nWhere"
    ) in problem.detail
    many = withheld_problem({"a": (A,)}, not_compared=dict.fromkeys(NAMES, "Why."))
    assert many is not None
    assert (10, 1) == (many.detail.count(": Why.\n"), many.detail.count("- and 2 more\nWhere"))
    few = withheld_problem({"a": (A,)}, not_compared=dict.fromkeys(NAMES[:10], "Why."))
    assert few is not None
    assert (10, 0) == (few.detail.count(": Why.\n"), few.detail.count("more\n"))


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({}, '{host: "smtp.example.com", port: 587, encryption: "starttls", token: '),
        ({"encryption": "none"}, '{username: "anna", host: "smtp.example.com", port: 587, encryption: "none", token: '),
        (
            {"ca_digest": "d"},
            '{username: "anna", host: "smtp.example.com", port: 587, encryption: "starttls", ca_digest: ',
        ),
        (
            {"proxy": "http://p.example:1"},
            '{username: "anna", host: "smtp.example.com", port: 587, encryption: "starttls", proxy: ',
        ),
    ],
)
def test_a_token_is_granted_in_full(parts: dict[str, str], told: str) -> None:
    """The line names the token; where a server alone would do for the secret itself, it is for any user name."""
    token = TokenOrigin(url="https://login.example.com/token", client_id="c", grant_type="client_credentials")
    route = HERE.model_copy(update={**parts, "token": token})
    problem = withheld_problem({"a": (SecretRoute(secret="env:SMTP_A", route=route),)})
    assert problem is not None
    line = problem.detail.splitlines()[-1].replace("caDigest", "ca_digest")
    assert f'- {{secret: "env:SMTP_A", route: {told}' in line
    assert 'token: {"clientId":"c","grantType":"client_credentials","url":"https://login.example.com/token"}' in line


def test_all_that_is_not_written_to_consumers_is_one_error() -> None:
    """Each secret is listed by account with its consumer, and each grant once; nothing undelivered is no problem."""
    written = A.model_copy(update={"route": route_to(Delivery(name="mailhost", path="/etc/accounts"))})
    by_command = B.model_copy(update={"route": route_to(Delivery(name="erp", command=("put", "it")))})
    assert undelivered_problem({}) is None
    alone = undelivered_problem({"a": (written,)})
    assert alone is not None
    assert "credentialWithheld" == alone.code
    assert "a" == alone.subject
    assert "expired" not in alone.detail
    assert " add under secrets:\n    grants:\n" in alone.detail
    problem = undelivered_problem({"b": (written,), "a": (by_command, written)}, expired=("env:* until 2026-07-31",))
    assert problem is not None
    assert problem.subject is None
    assert (
        "written there:\n"
        '- a: env:SMTP_B to the consumer erp by ["put","it"]\n'
        "- a: env:SMTP_A to the consumer mailhost at /etc/accounts\n"
        "- b: env:SMTP_A to the consumer mailhost at /etc/accounts\n"
        "A pull request"
    ) in problem.detail
    assert problem.detail.endswith(
        "    grants:\n"
        '      - {secret: "env:SMTP_A", consumer: {"name":"mailhost","path":"/etc/accounts"}}\n'
        '      - {secret: "env:SMTP_B", consumer: {"command":["put","it"],"name":"erp"}}\n'
        "These grants have expired and would have allowed some of it: env:* until 2026-07-31."
    )


def test_a_line_for_several_secrets_is_explained() -> None:
    """It covers no secret that is withheld elsewhere; a * in what else a line says makes it none for several."""
    told = "\nA line with * covers no other secret known by now, "
    many = {f"a{number}": (A.model_copy(update={"secret": f"env:SMTP_X{number}"}),) for number in range(1000, 1013)}
    elsewhere = HERE.model_copy(update={"host": "mx.example.com"})
    few = withheld_problem({**many, "b": (SecretRoute(secret="env:SMTP_X1099", route=elsewhere),)})
    assert few is not None
    assert ['"env:SMTP_X100*"', '"env:SMTP_X101*"', '"env:SMTP_X1099"'] == [
        each.partition("secret: ")[2].partition(",")[0] for each in few.detail.splitlines() if "secret: " in each
    ]
    assert told in few.detail
    token = TokenOrigin(url="https://login.example.com/token?a=*", client_id="c*", grant_type="client_credentials")
    alone = withheld_problem({"a": (A.model_copy(update={"route": HERE.model_copy(update={"token": token})}),)})
    assert alone is not None
    assert told not in alone.detail


ITS = {"secret": "env:SMTP_A", "servers": ["smtp.example.com"]}
ON_ITS_ROUTE = {"host": "smtp.example.com", "port": 587, "encryption": "starttls", "username": "anna"}
READ = A.model_copy(update={"fingerprint": "f1"})
AT_ANOTHER = READ.model_copy(update={"route": HERE.model_copy(update={"host": "smtp.example.org"})})
RECORDED = "A grant allows only what state has recorded already."
COVERS_NONE = "A grant covers no secret on a route that an account has."


@pytest.mark.parametrize(
    ("grant", "recorded", "reason"),
    [
        (ITS, (READ,), RECORDED),
        (ITS, (), None),
        (ITS, (A,), None),
        (ITS, (B.model_copy(update={"fingerprint": "f0"}),), RECORDED),
        ({**ITS, "secret": "env:SMTP_Z"}, (READ,), COVERS_NONE),
        ({**ITS, "servers": ["other.example", "third.example"]}, (READ,), COVERS_NONE),
        ({**ITS, "servers": ["smtp.example.com", "smtp.example.org"]}, (READ,), None),
        ({**ITS, "manifests": "other/**"}, (READ,), COVERS_NONE),
        ({**ITS, "secret": "env:*"}, (READ,), None),
        ({**ITS, "secret": "env:Z*"}, (READ,), COVERS_NONE),
        ({**ITS, "expires": "2026-09-02"}, (READ,), RECORDED),
        ({**ITS, "expires": "2026-09-01"}, (READ,), RECORDED),
        ({**ITS, "expires": "2026-08-31"}, (READ,), None),
        ({"secret": "env:SMTP_A", "consumer": {"name": "box", "path": "/etc/box"}}, (READ,), None),
        ({"secret": "env:SMTP_A", "route": ON_ITS_ROUTE}, (READ,), RECORDED),
    ],
    ids=[
        "recorded",
        "not recorded",
        "recorded unread",
        "recorded for another reference that has this value now",
        "another secret",
        "other servers",
        "one of two servers recorded",
        "other manifests",
        "a glob over what is recorded",
        "a glob over nothing",
        "which expires later",
        "which expires today",
        "which has expired",
        "for a consumer",
        "of a route",
    ],
)
def test_a_grant_that_no_account_needs_is_told(
    grant: dict[str, Any], recorded: tuple[SecretRoute, ...], reason: str | None
) -> None:
    """With its place in the project file, unless a glob has it wait for accounts to come, or it is no longer in force."""
    told = redundant_grants(
        [Claim("a", "accounts.d/a.yaml", (READ,)), Claim("b", "accounts.d/b.yaml", (AT_ANOTHER,))],
        recorded,
        secrets=project(secrets={"grants": [grant]}).secrets,
        today=date(2026, 9, 1),
        values={"env:SMTP_A": "f1", "env:SMTP_B": "f1"},
    )
    servers = ", ".join(grant.get("servers", ()))
    shown = f"servers: [{servers}]" if servers else "route: {host: smtp.example.com, …}"
    place = f"Remove it from secrets.grants in the project file:\n    {{secret: {grant['secret']}, {shown}}}"
    assert ([("grantRedundant", f"{reason} {place}")] if reason else []) == [(each.code, each.detail) for each in told]
