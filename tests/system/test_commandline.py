"""The command itself, as a process in a project's folder, on real servers: verify, plan, apply, and the nightly check."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import OPERATOR, Outcome, Project, own_account
from tests.system.accounts import MECHANISMS, TOKEN_MECHANISMS, secret_of
from tests.system.support.authorisation import running_token_endpoint
from tests.system.support.processes import LOOPBACK, wait_for
from tests.system.support.proxies import PASSWORD as PROXY_PASSWORD
from tests.system.support.proxies import USERNAME as PROXY_USERNAME
from tests.system.support.users import NOT_THE_PASSWORD, SALES, USERS, User

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.system.support.keys import Keys
    from tests.system.support.postfix import Postfix
    from tests.system.support.proxies import RunningProxy

_CA_FILE = "certs/ca.pem"
_VERIFICATION = "verification: {domainChecks: off}"
_PROXIES = ("microsocks", "microsocksWithUser", "dante", "danteWithUser", "squid", "squidWithUser", "tinyproxy", "tinyproxyWithUser")  # fmt: skip
_SECRETS = (
    *(secret for user in USERS for secret in (user.password, user.token, user.refresh_token)),
    PROXY_PASSWORD,
    NOT_THE_PASSWORD,
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], keys: Keys) -> Project:
    """Return a project with state, without accounts, that knows the servers' CA; its domains are not looked up."""
    made = Project(tmp_path / "mail", monkeypatch, capsys, verification="{domainChecks: off}")
    (made.folder / "certs").mkdir()
    shutil.copy(keys.ca, made.folder / _CA_FILE)
    made.init()
    return made


def write(  # noqa: PLR0913 - one argument for each part of a manifest that the tests vary
    project: Project,
    name: str,
    port: int,
    *,
    encryption: str = "starttls",
    mechanism: str = "auto",
    user: User = SALES,
    secret: str | None = None,
    email: str | None = None,
    proxy: RunningProxy | None = None,
    proxy_password: str = PROXY_PASSWORD,
) -> None:
    """Write the manifest of one account, and set the variables of its secrets."""
    variable = f"SMTP_{name.upper().replace('-', '_')}"
    project.set_variable(variable, secret or secret_of(user, mechanism).reveal())
    more = ""
    if proxy is not None:
        login = f", username: {PROXY_USERNAME}, password: {{env: {variable}_PROXY}}" if proxy.wants_user else ""
        project.set_variable(f"{variable}_PROXY", proxy_password)
        more = f"  proxy: {{type: {proxy.kind}, host: {LOOPBACK}, port: {proxy.port}{login}}}\n"
    manifest = own_account(
        name,
        port,
        email=email or user.name,
        username=user.name,
        secret=f"{{env: {variable}}}",
        mechanism=mechanism,
        encryption=encryption,
        ca_file=_CA_FILE,
        more=more,
    )
    if mechanism in TOKEN_MECHANISMS:
        manifest = manifest.replace(f"password: {{env: {variable}}}", f"accessToken: {{env: {variable}}}")
    project.write_account(name, manifest)


def statuses(outcome: Outcome) -> dict[str, str]:
    """Return the status of each account's verification."""
    accounts = outcome.document["accounts"]
    return {each["name"]: each["verification"]["status"] for each in accounts}


def failures(verifications: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the failed check and its code by account."""
    return {
        name: (check["check"], check["code"])
        for name, verification in verifications.items()
        for check in verification["checks"]
        if check["status"] == "failed"
    }


def subjects(postfix: Postfix) -> set[str]:
    """Return the subjects of all test messages that have arrived at the operator's."""
    return {str(message["Subject"]) for message in postfix.messages(OPERATOR)}


def assert_no_secret(*outcomes: Outcome) -> None:
    """Assert that no output holds a secret."""
    shown = "".join(outcome.out + outcome.err for outcome in outcomes)
    assert [secret for secret in _SECRETS if secret in shown] == []


def allow(project: Project, withheld: Outcome) -> None:
    """Paste the grants that a run asked for into the project file, as its owner would."""
    assert (4, ["credentialWithheld"]) == (withheld.code, withheld.codes)
    (problem,) = withheld.document["diagnostics"]
    block = "".join(f"{line[2:]}\n" for line in problem["detail"].splitlines() if line.startswith("    "))
    project.write_project(f"{_VERIFICATION}\nsecrets:\n{block}")


def verify_granted(project: Project, *words: str) -> Outcome:
    """Run verify, which asks for grants since one secret may not go many ways, grant them, and run it again."""
    command = ("verify", "--format", "json", *words)
    allow(project, project.run_process(*command))
    verified = project.run_process(*command)
    assert_no_secret(verified)
    return verified


def test_every_mechanism_and_both_kinds_of_tls(project: Project, postfix: Postfix) -> None:
    """One run of verify sends the test message of an account for every mechanism over both kinds of TLS."""
    names = []
    for encryption in ("starttls", "tls"):
        for mechanism in MECHANISMS:
            for user in USERS:
                name = f"{mechanism}-{encryption}-{user.name.partition('@')[0]}"
                write(project, name, postfix.ports[encryption], encryption=encryption, mechanism=mechanism, user=user)
                names.append(name)
    verified = verify_granted(project, "--depth", "message")
    assert (0, dict.fromkeys(names, "passed")) == (verified.code, statuses(verified))
    expected = {f"Test of the sending account {name}" for name in names}
    wait_for(lambda: True if expected <= subjects(postfix) else None, "the last test message")


def test_every_proxy(project: Project, postfix: Postfix, proxy: Callable[[str], RunningProxy]) -> None:
    """One run of verify passes through every proxy, with and without a login there."""
    for name in _PROXIES:
        write(project, f"by-{name.lower()}", postfix.ports["starttls"], proxy=proxy(name))
    verified = verify_granted(project)
    expected = {f"by-{name.lower()}": "passed" for name in _PROXIES}
    assert (0, expected) == (verified.code, statuses(verified))


def test_what_is_wrong_is_told_for_each_account(
    project: Project, postfix: Postfix, proxy: Callable[[str], RunningProxy]
) -> None:
    """Good accounts pass, and each bad one fails with its own check and code; the exit code is 3."""
    ports = postfix.ports
    write(project, "good", ports["starttls"])
    write(project, "wrong-password", ports["starttls"], secret=NOT_THE_PASSWORD)
    write(project, "wrong-port", ports["tls"])
    write(project, "wrong-encryption", ports["starttls"], encryption="tls")
    write(project, "not-owned", ports["starttls"], email="ops@example.com")
    write(project, "expired", ports["expired"])
    write(project, "strange", ports["strange"])
    write(project, "other-name", ports["otherName"])
    write(project, "busy", ports["busy"])
    write(project, "proxy-password", ports["starttls"], proxy=proxy("squidWithUser"), proxy_password=NOT_THE_PASSWORD)
    write(project, "proxy-forbids", ports["starttls"], proxy=proxy("squidWebOnly"))
    verified = verify_granted(project)
    expected = {
        "busy": ("greeting", "serverBusy"),
        "expired": ("tls", "certificateExpired"),
        "not-owned": ("recipient", "senderRefused"),
        "other-name": ("tls", "certificateWrongName"),
        "proxy-forbids": ("connect", "proxyForbids"),
        "proxy-password": ("proxy", "proxyLoginRejected"),
        "strange": ("tls", "certificateUnknownIssuer"),
        "wrong-encryption": ("tls", "plainPort"),
        "wrong-password": ("auth", "credentialsRejected"),
        "wrong-port": ("greeting", "implicitTlsPort"),
    }
    found = {each["name"]: each["verification"] for each in verified.document["accounts"]}
    assert (3, expected) == (verified.code, failures(found))
    assert "passed" == found["good"]["status"]


def test_from_plan_to_the_nightly_check(project: Project, postfix: Postfix) -> None:
    """A plan sends nothing, apply sends one message and records its queue id, and verify --recorded notes what changes."""
    write(project, "nightly", postfix.ports["starttls"])
    subject = "Test of the sending account nightly"

    planned = project.run_process("plan", "--out", "plan.json", "--format", "json")
    assert (0, "ready") == (planned.code, planned.document["status"])
    assert subject not in subjects(postfix)

    assert 0 == project.run_process("apply", "plan.json").code
    shown = project.run_process("accounts", "show", "nightly", "--format", "json")
    observed = shown.document["accounts"][0]["evidence"]["observed"]
    message = postfix.message(OPERATOR, observed["queueId"].rpartition(" ")[2])
    assert "SCRAM-SHA-256" == observed["mechanism"]
    assert "TLSv1.3" == observed["tlsVersion"]
    assert subject == message["Subject"]

    assert 0 == project.run_process("verify", "--recorded").code
    project.set_variable("SMTP_NIGHTLY", NOT_THE_PASSWORD)
    assert 3 == project.run_process("verify", "--recorded").code
    assert {"nightly": "failing"} == project.statuses()
    project.set_variable("SMTP_NIGHTLY", SALES.password)
    assert 0 == project.run_process("verify", "--recorded").code
    assert {"nightly": "active"} == project.statuses()
    assert 1 == [str(each["Subject"]) for each in postfix.messages(OPERATOR)].count(subject)


@pytest.mark.parametrize(
    ("refresh_token", "code", "failed"),
    [(SALES.refresh_token, 0, {}), ("not-the-refresh-token", 3, {"oauth": ("auth", "tokenRefused")})],
    ids=["right", "wrong"],
)
def test_a_token_is_got_and_used(
    project: Project,
    postfix: Postfix,
    keys: Keys,
    refresh_token: str,
    code: int,
    failed: dict[str, tuple[str, str]],
) -> None:
    """An access token got from a token endpoint logs in at the mail server, which asks there whose it is."""
    with running_token_endpoint(keys.good) as url:
        project.set_variable("SSL_CERT_FILE", str(keys.ca))
        project.set_variable("SMTP_REFRESH", refresh_token)
        oauth2 = f"oauth2: {{tokenUrl: {url}, clientId: mail, refreshToken: {{env: SMTP_REFRESH}}}}"
        manifest = own_account("oauth", postfix.ports["tls"], encryption="tls", mechanism="oauthbearer")
        project.write_account("oauth", manifest.replace("password: {env: SMTP_SALES_PASSWORD}", oauth2))
        verified = project.run_process("verify", "--format", "json")
    assert_no_secret(verified)
    found = {each["name"]: each["verification"] for each in verified.document["accounts"]}
    assert (code, failed) == (verified.code, failures(found))


@pytest.mark.parametrize(("domain_checks", "code"), [("warn", 0), ("enforce", 3), ("off", 0)])
def test_domain_checks(
    project: Project, postfix: Postfix, name_server: Callable[[str], str], domain_checks: str, code: int
) -> None:
    """Records are asked for at the name servers of the project file; what is wrong warns, or fails where enforced."""
    project.write_project(
        f"verification: {{domainChecks: {domain_checks}, nameservers: ['{name_server('knot')}']}}\n"
        "domains: {two-dmarc.example.com: {dkimSelectors: [s1]}}\n"
    )
    more = "  replyTo: {email: help@null-mx.example.com}\n"
    manifest = own_account(
        "news", postfix.ports["plain"], email="news@two-dmarc.example.com", username=None, encryption="none", more=more
    )
    project.write_account("news", manifest)
    verified = project.run_process("verify", "--format", "json")
    (account,) = verified.document["accounts"]
    checks = {each["check"]: (each["status"], each["code"]) for each in account["verification"]["checks"]}
    bad = {"warn": "warned", "enforce": "failed"}.get(domain_checks)
    expected = {
        "spf": ("passed", "ok"),
        "dkim": (bad, "dkimKeyMissing"),
        "dmarc": (bad, "dmarcSeveral"),
        "mx": ("passed", "ok"),
        "replyTo": (bad, "mxNull"),
    }
    if bad is None:
        expected = dict.fromkeys(expected, ("skipped", "notDeclared"))
    assert expected == {name: found for name, found in checks.items() if name in expected}
    assert code == verified.code
