"""Ways round a guard: grants, exceptions with their dates, scopes; and what is told of those that do nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.secrets.reading import SecretsRead
from reconciler.model.secrets.routes import Route, SecretRoute
from reconciler.model.verification.evidence import Check, Evidence, Verification
from reconciler.rules.accounts.desired import resolve
from reconciler.rules.plan.finish import Making, exit_code_of_plan, finish_plan
from reconciler.rules.plan.make import make_plan
from reconciler.rules.secrets.refused import refused_secrets
from reconciler.rules.secrets.routes import judge_routes
from reconciler.yamlsource import read_documents
from tests.rules.single import Claim
from tests.rules.states import KEY, NOW, ca_files, desired_of, fingerprints_of, located, policy, project, state_of

if TYPE_CHECKING:
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.rules.plan.make import Draft

TODAY = date(2026, 9, 1)
VALUES = {"env:SMTP_A": "one", "env:SMTP_B": "two"}
SCOPED = [
    "env:SMTP_*",
    {"secret": "env:A_*", "manifests": "accounts.d/a/**"},
    {"secret": "env:B_*", "manifests": "accounts.d/b/**"},
]


def own(
    name: str = "sales", *, variable: str = "SMTP_A", host: str = "smtp.example.com", extra: str = ""
) -> DesiredAccount:
    """Return an own account."""
    (account,) = desired_of(
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}{extra}}}\n"
        f"spec: {{email: a@example.com, displayName: A, smtp: {{host: {host}, authentication: "
        f"{{username: a, password: {{env: {variable}}}}}}}}}\n"
    )
    return account


def draft(desired: list[DesiredAccount], recorded: list[DesiredAccount], **parts: Any) -> Draft:
    """Return the draft plan of a project with these parts."""
    return make_plan(desired, state_of(recorded, VALUES), policy(VALUES, project=project(**parts)))


def told(made: Draft, code: str) -> list[str]:
    """Return the details of the problems with a code."""
    return [problem.detail for problem in made.problems if problem.code == code]


@pytest.mark.parametrize(
    ("grant", "reason"),
    [
        ({"secret": "env:SMTP_A", "servers": ["smtp.example.com"]}, "recorded already"),
        ({"secret": "env:SMTP_A", "servers": ["elsewhere.example"]}, "covers no secret"),
        ({"secret": "env:SMTP_*", "servers": ["elsewhere.example"]}, "covers no secret"),
        ({"secret": "env:SMTP_A", "servers": ["smtp.example.com"], "manifests": "x/**"}, "covers no secret"),
        (
            {"secret": "env:SMTP_A", "route": {"host": "smtp.example.com", "port": 587, "encryption": "starttls"}},
            "recorded already",
        ),
    ],
)
def test_a_grant_that_does_nothing_is_told(grant: dict[str, Any], reason: str) -> None:
    """A grant of what state has recorded, or of what no account needs, is a warning with the line to remove."""
    made = draft([own()], [own()], secrets={"grants": [grant]})
    (detail,) = told(made, "grantRedundant")
    assert (True, True) == (reason in detail, f"\n    {{secret: {grant['secret']}, " in detail)


@pytest.mark.parametrize(
    ("grant", "line"),
    [
        (
            {"secret": "env:SMTP_A", "servers": ["smtp.example.com", "b.example"], "expires": "2026-09-01"},
            "{secret: env:SMTP_A, servers: [smtp.example.com, b.example]}",
        ),
        (
            {"secret": "env:X", "servers": ["b.example"], "expires": "2026-12-31"},
            "{secret: env:X, servers: [b.example]}",
        ),
        (
            {"secret": "env:X", "route": {"host": "b.example", "port": 587, "encryption": "starttls"}},
            "{secret: env:X, route: {host: b.example, …}}",
        ),
    ],
    ids=["on its last day", "before it", "a route"],
)
def test_the_grant_to_remove_is_shown(grant: dict[str, Any], line: str) -> None:
    """The warning names the part of the project file, and the grant is told for as long as it holds."""
    (detail,) = told(draft([own()], [own()], secrets={"grants": [grant]}), "grantRedundant")
    assert detail.endswith(f" Remove it from secrets.grants in the project file:\n    {line}")


def test_a_grant_that_one_of_its_accounts_needs_is_not_told() -> None:
    """State may have recorded the route of another account with the same secret."""
    route = {"host": "smtp.example.com", "port": 587, "encryption": "starttls"}
    other = own("other", host="new.example.com")
    grants = [{"secret": "env:SMTP_A", "servers": ["smtp.example.com", "new.example.com"]}]
    assert [] == told(draft([own(), other], [own()], secrets={"grants": grants}), "grantRedundant")
    both = [*grants, {"secret": "env:SMTP_A", "route": route}]
    assert 1 == len(told(draft([own(), other], [own()], secrets={"grants": both}), "grantRedundant"))


@pytest.mark.parametrize(
    "grant",
    [
        {"secret": "env:SMTP_*", "servers": ["smtp.example.com"]},
        {"secret": "env:SMTP_B", "servers": ["new.example.com"]},
        {"secret": "env:SMTP_A", "servers": ["elsewhere.example"], "expires": "2026-08-31"},
        {"secret": "env:SMTP_A", "consumer": {"name": "mailhost", "path": "/etc/accounts"}},
    ],
    ids=["of accounts to come", "that is used", "that has expired", "for a consumer"],
)
def test_a_grant_that_may_be_needed_is_not_told(grant: dict[str, Any]) -> None:
    """A glob over secrets that accounts have, a grant in use, one that is over, and a consumer's are left alone."""
    desired = [own(), own("other", variable="SMTP_B", host="new.example.com")]
    made = draft(desired, [own()], secrets={"grants": [grant], "firstUse": "grant"})
    assert [] == told(made, "grantRedundant")


def test_an_expired_grant_is_told_where_it_would_have_helped() -> None:
    """The refusal says which grant has run out, and on which day."""
    grant = {"secret": "env:SMTP_*", "servers": ["new.example.com"], "expires": "2026-08-31"}
    (detail,) = told(draft([own(host="new.example.com")], [own()], secrets={"grants": [grant]}), "credentialWithheld")
    assert "env:SMTP_* until 2026-08-31" in detail
    (other,) = told(draft([own(host="third.example.com")], [own()], secrets={"grants": [grant]}), "credentialWithheld")
    assert "2026-08-31" not in other


def exception(**parts: Any) -> dict[str, Any]:
    """Return guards with one exception."""
    return {"exceptions": [{"until": "2026-12-31", "reason": "contract", **parts}]}


def test_an_exception_to_verification_is_a_lifted_guard() -> None:
    """A change that is applied with less evidence than the project asks for is noted, with the reason."""
    guards = exception(verification=["sales"], depth="connect")
    lifted = draft([own()], [], guards=guards).lifted_guards
    assert [("verificationIncomplete", "guards.exceptions: contract (to connect)")] == [
        (guard.code, guard.by) for guard in lifted
    ]
    assert () == draft([own("other")], [], guards=guards).lifted_guards
    assert () == draft([own()], [own()], guards=guards).lifted_guards
    assert () == draft([own()], [], guards=exception(verification=["*"], depth="message")).lifted_guards


@pytest.mark.parametrize("parts", [{"delete": ["gone"]}, {"verification": ["sales"], "depth": "offline"}])
def test_an_expired_exception_is_told(parts: dict[str, Any]) -> None:
    """An exception whose last day is past does nothing and is told where it would have applied."""
    made = draft([own()], [own("gone")], guards=exception(until="2026-08-31", **parts))
    assert ([], 1) == ([*made.lifted_guards], len(told(made, "exceptionExpired")))
    last_day = draft([own()], [own("gone")], guards=exception(until="2026-09-01", **parts))
    assert [] == told(last_day, "exceptionExpired")


def moved(name: str = "sales", *, extra: str = "", **parts: Any) -> Draft:
    """Return the draft of an account that was recorded from folder a and is declared in folder b."""
    state = state_of([own()], VALUES)
    before = replace(state.accounts["sales"], manifest="accounts.d/a/sales.yaml")
    state = replace(state, accounts={"sales": before})
    after = replace(own(name, extra=extra), file="accounts.d/b/sales.yaml")
    return make_plan([after], state, policy(VALUES, project=project(**parts)))


@pytest.mark.parametrize(("name", "extra"), [("sales", ""), ("new", ", previousName: sales")])
def test_a_move_to_another_scope_is_refused(name: str, extra: str) -> None:
    """An account is not taken over from another client's folder, under its name or a new one, and the move is shown."""
    made = moved(name, extra=extra, secrets={"allow": SCOPED})
    (detail,) = told(made, "changedScope")
    assert f"- {{scope: [{name}]," in detail
    (change,) = made.steps
    assert "manifest" == change.change.fields[0].path
    assert "accounts.d/a/sales.yaml" == change.change.fields[0].before
    assert "accounts.d/b/sales.yaml" == change.change.fields[0].after
    assert not change.needs_evidence


def test_an_exception_lets_an_account_move() -> None:
    """The project file's owner may let it, until a day, and the lift is noted."""
    guards = exception(scope=["sales"])
    made = moved(secrets={"allow": SCOPED}, guards=guards)
    assert [] == told(made, "changedScope")
    assert ["changedScope by guards.exceptions: contract"] == [
        f"{each.code} by {each.by}" for each in made.lifted_guards
    ]
    over = moved(secrets={"allow": SCOPED}, guards=exception(scope=["sales"], until="2026-08-31"))
    assert 1 == len(told(over, "changedScope"))


def test_without_scopes_manifests_move_freely() -> None:
    """Where no secret is scoped, or both places have the same scopes, a moved file is no change."""
    assert () == moved().steps
    wide = ["env:SMTP_*", {"secret": "env:A_*", "manifests": "accounts.d/**"}]
    assert () == moved(secrets={"allow": wide}).steps


def route(host: str) -> Route:
    """Return a route to a host."""
    return Route(host=host, port=587, encryption="starttls")


def test_a_route_recorded_unread_counts_until_the_value_is_read() -> None:
    """A value that turns out to be known under another reference does not travel a route recorded without looking."""
    known = SecretRoute(secret="env:SMTP_A", fingerprint="f1", route=route("right.example"))
    unread = SecretRoute(secret="env:SMTP_B", route=route("evil.example"))

    def withheld(travel: SecretRoute, *recorded: SecretRoute) -> bool:
        claims = [Claim("x", "x.yaml", (travel,))]
        values = {known.secret: known.fingerprint or "" for known in (*recorded, travel)}
        rules = project().secrets
        return bool(judge_routes(claims, recorded, secrets=rules, today=TODAY, values=values).withheld)

    read_as_known = unread.model_copy(update={"fingerprint": "f1"})
    assert not withheld(unread, known, unread)
    assert withheld(read_as_known, known, unread)
    assert not withheld(unread.model_copy(update={"fingerprint": "f2"}), known, unread)
    assert not withheld(read_as_known, known, unread, read_as_known)
    compared_as_another = unread.model_copy(update={"fingerprint": "f0"})
    assert not withheld(read_as_known, known, unread, compared_as_another)


def test_an_untrusted_project_withholds_what_would_be_verified() -> None:
    """Changes that need evidence lose their login; relabelling and unchanged accounts are left alone."""
    readings = SecretsRead(were_read=False, are_withheld=True)
    recorded = [own("same"), own("label", variable="SMTP_B")]
    desired = [own("same"), own("label", variable="SMTP_B", extra=", labels: {a: b}"), own("new")]
    made = make_plan(desired, state_of(recorded, VALUES), policy(project=project(), secrets=readings))
    assert {"label": 0, "new": 1} == {each.change.name: len(each.withheld) for each in made.steps}
    (detail,) = told(made, "projectNotTrusted")
    assert "That concerns new." in detail


def test_what_was_passed_over_is_told() -> None:
    """References that would each cost a command are named by their source, unless changes needed them."""
    readings = SecretsRead(
        key=KEY, fingerprints=fingerprints_of({}), passed_over=frozenset({"env:SMTP_A", "env:UNUSED"})
    )
    made = make_plan([own()], state_of([own()], VALUES), policy(project=project(), secrets=readings))
    (detail,) = told(made, "secretsNotRead")
    assert ("1 secret" in detail, "--rotations" in detail) == (True, True)


LOGIN = "username: a, password: {env: SMTP_A}"
OAUTH2 = (
    "mechanism: xoauth2, username: a, oauth2: {tokenUrl: 'https://login.example.com/token', clientId: c, "
    "clientSecret: {env: SMTP_A}, refreshToken: {env: SMTP_B}}"
)


PROXY = "proxy: {type: http, host: p.example, port: 1, username: u, password: {env: SMTP_A}, remoteDns: false}"


@pytest.mark.parametrize(
    "spec",
    [
        f"smtp: {{host: new.example, authentication: {{{LOGIN}}}}}",
        f"smtp: {{host: new.example, port: 9999, authentication: {{{LOGIN}}}}}",
        f"smtp: {{host: 127.0.0.1, encryption: none, authentication: {{{LOGIN}}}}}",
        f"smtp: {{host: '::1', authentication: {{{LOGIN}}}}}",
        f"smtp: {{host: żółw.example, encryption: tls, authentication: {{{LOGIN}}}}}",
        f"smtp: {{host: new.example, caFile: ca.pem, authentication: {{{LOGIN}}}}}",
        f"smtp: {{host: new.example, authentication: {{{OAUTH2}}}}}",
        f"smtp: {{host: new.example, authentication: {{{OAUTH2.replace('clientId: c', 'clientId: c, scope: b a b')}}}}}",
        f"smtp: {{host: new.example, authentication: {{{LOGIN}}}}}\n  proxy: {{type: socks5, host: p.example, port: 1}}",
        f"smtp: {{host: new.example}}\n  {PROXY}",
    ],
)
def test_the_block_of_grants_allows_what_was_withheld(spec: str) -> None:
    """What the message says to paste is valid, and once pasted nothing is withheld; it is used, and expires."""
    text = (
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: sales}\n"
        f"spec:\n  email: a@example.com\n  displayName: A\n  {spec}\n"
    )
    desired = desired_of(text, {"ca.pem": "a certificate"})
    recorded = state_of([own(), own("b", variable="SMTP_B")], VALUES)

    def plan(*grants: dict[str, Any], today: date = TODAY) -> Draft:
        rules = policy(VALUES, project=project(secrets={"grants": list(grants)}), today=today)
        return make_plan(desired, recorded, rules)

    (detail,) = told(plan(), "credentialWithheld")
    block = detail[detail.index("grants:\n") :]
    read = read_documents(block.encode(), file="grants.yaml")
    assert not read.problems
    grants = json.loads(json.dumps(read.documents[0].value))["grants"]
    granted = plan(*grants)
    assert ([], True) == (told(granted, "credentialWithheld"), bool(granted.judgement.grants_used))
    for index in range(len(grants)):
        assert told(plan(*grants[:index], *grants[index + 1 :]), "credentialWithheld")
    over = [{**grant, "expires": "2026-08-31"} for grant in grants]
    assert told(plan(*over), "credentialWithheld")
    assert [] == told(plan(*over, today=date(2026, 8, 31)), "credentialWithheld")


def asking(scope: str | None) -> tuple[DesiredAccount, ...]:
    """Return an account that gets its token with a scope; None: with none."""
    login = OAUTH2 if scope is None else OAUTH2.replace("clientId: c", f"clientId: c, scope: '{scope}'")
    return desired_of(
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: sales}\n"
        f"spec: {{email: a@example.com, displayName: A, smtp: {{host: smtp.example.com, authentication: {{{login}}}}}}}\n"
    )


@pytest.mark.parametrize(
    ("before", "after", "is_withheld"),
    [
        ("mail.send", "mail.send", False),
        ("mail.send offline", "offline  mail.send", False),
        ("mail.send", "mail.send drive", True),
        ("mail.send offline", "mail.send", True),
        ("mail.send", "Mail.send", True),
        ("mail.send", None, True),
        (None, "mail.send", True),
        (None, None, False),
    ],
)
def test_another_scope_is_another_route(before: str | None, after: str | None, *, is_withheld: bool) -> None:
    """A token with another scope is another key to the same server, so it is asked for only where that is granted."""
    values = {"env:SMTP_A": "one", "env:SMTP_B": "two"}
    changed = [replace(each, document={**each.document, "metadata": {"title": "T"}}) for each in asking(after)]
    draft = make_plan(changed, state_of(asking(before), values), policy(values, project=project()))
    withheld = told(draft, "credentialWithheld")
    assert is_withheld == bool(withheld)
    shown = "" if after is None else f", scope {' '.join(sorted(after.split()))}"
    assert not is_withheld or f"/token{shown}\n" in withheld[0]


SERVER = (
    "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: shared}\n"
    "spec: {host: smtp.example.com, authentication: {username: a, password: {env: A_PASSWORD}}, "
    "proxy: {type: http, host: p.example, port: 1, username: u, password: {env: SMTP_PROXY}}}\n"
)


@pytest.mark.parametrize(
    ("login", "server_file", "is_refused"),
    [
        ("", "accounts.d/b/server.yaml", True),
        ("", "accounts.d/a/server.yaml", False),
        (", authentication: {password: {env: A_PASSWORD}}", "accounts.d/b/server.yaml", False),
        (", authentication: {username: other}", "accounts.d/b/server.yaml", True),
    ],
    ids=["inherited from elsewhere", "inherited from the same", "its own", "its own user name only"],
)
def test_a_server_of_another_scope_names_no_secret(login: str, server_file: str, *, is_refused: bool) -> None:
    """A secret that a MailServer names must be one that its file may name, and the account's file too."""
    manifest = (
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: sales}\n"
        f"spec: {{email: a@example.com, displayName: A, smtp: {{server: shared{login}}}}}\n"
    )
    manifests = [*located(manifest, file="accounts.d/a/sales.yaml"), *located(SERVER, file=server_file)]
    accounts = resolve(manifests, ca_files({})).accounts
    problems = refused_secrets(accounts, project(secrets={"allow": SCOPED}).secrets)
    assert (["secretNotAllowed"] if is_refused else []) == [problem.code for problem in problems]
    assert not is_refused or server_file in problems[0].detail


def test_a_credential_withheld_while_verifying_is_told() -> None:
    """Where verification itself withheld a credential, the plan is refused with the sentence of the check."""
    check = Check(check="auth", status="skipped", code="withheld", message="It was not sent.")
    found = Evidence(settings_digest="d", verification=Verification(status="withheld", checks=(check,)))
    plan = finish_plan(draft([own()], []), {"sales": found}, Making(tool="test", created_at=NOW))
    (problem,) = [each for each in plan.diagnostics if each.severity == "error"]
    assert ("credentialWithheld", "auth: It was not sent.") == (problem.code, problem.detail)
    assert ("blocked", 4) == (plan.status, exit_code_of_plan(plan, is_detailed=False))
