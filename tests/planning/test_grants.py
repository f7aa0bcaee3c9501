"""What is told of withheld credentials, and the block of grants to paste."""

from __future__ import annotations

import pytest

from reconciler.model.route import Route, SecretRoute
from reconciler.planning.grants import untrusted_project, withheld_problem, withheld_reason

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
        "    grants:\n"
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
    assert ("error", "projectNotTrusted", None) == (problem.severity, problem.code, problem.subject)
    assert told in problem.detail
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
    assert withheld_reason((B, A), is_project_trusted=False).startswith("env:SMTP_B was not read: in CI ")
