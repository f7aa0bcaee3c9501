"""In CI a project file inside the checkout is not trusted with secrets, because a pull request can change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.project import USER, Project, marketing_account, own_account
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def elsewhere() -> Iterator[MailServer]:
    """Run another mail server, which takes every password that it should not see."""
    with MailServer(encryption="none", users={USER: "correct-horse-battery"}) as running:
        yield running


@pytest.fixture
def open_server() -> Iterator[MailServer]:
    """Run a mail server that asks nobody to log in."""
    with MailServer(encryption="none") as running:
        yield running


@pytest.fixture
def settled(project: Project, server: MailServer) -> Project:
    """Return a project in CI, the root of its checkout, with one applied account and one that is new."""
    (project.folder / ".git").mkdir()
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    project.write_account("second", own_account("second", server, email="second@example.com"))
    project.forget_evidence()
    project.set_variable("CI", "true")
    return project


def test_no_route_is_blamed_for_the_missing_trust(settled: Project) -> None:
    """The text of the plan says that the project file is not trusted, not that the route was new or needs a grant."""
    refused = settled.run("plan")
    assert 4 == refused.code
    assert "projectNotTrusted" in refused.out
    assert "must be granted" not in refused.out


def protected_copy(project: Project) -> Path:
    """Copy the project file out of the checkout, its state where it was."""
    copy = project.folder.parent / "protected.yaml"
    text = (project.folder / "reconciler.yaml").read_text(encoding="utf-8")
    copy.write_text(text + f"state: sqlite:///{project.state_file}\n", encoding="utf-8")
    return copy


@pytest.mark.parametrize(
    "words", [("plan",), ("apply", "--auto-approve"), ("verify",), ("verify", "--recorded"), ("verify", "second")]
)
def test_credentials_are_withheld(settled: Project, server: MailServer, words: tuple[str, ...]) -> None:
    """Whatever would log in ends with 4, one message with both ways round, and no login."""
    attempts = server.login_attempts
    refused = settled.run(*words, "--format", "json")
    assert (4, ["projectNotTrusted"]) == (refused.code, [code for code in refused.codes if code != "secretsNotRead"])
    detail = next(each["detail"] for each in refused.document["diagnostics"] if each["code"] == "projectNotTrusted")
    assert ("--project-file" in detail, "--trust-project" in detail) == (True, True)
    assert (attempts, {"sales": "active"}) == (server.login_attempts, settled.statuses())


@pytest.mark.parametrize("value", ["", "0", "false", "no", "False"])
def test_what_is_not_ci_is_not_treated_as_such(settled: Project, value: str) -> None:
    """An empty or negated CI is none."""
    settled.set_variable("CI", value)
    settled.run_well("plan")


@pytest.mark.parametrize("variable", ["GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "JENKINS_URL"])
def test_ci_systems_that_do_not_set_ci_count_too(settled: Project, variable: str) -> None:
    """The variable by which a CI system makes itself known is enough."""
    settled.unset_variable("CI")
    settled.set_variable(variable, "1")
    assert 4 == settled.run("plan").code


def test_the_flag_trusts_the_project_file(settled: Project) -> None:
    """--trust-project lets a job of the protected branch verify and apply; the journal tells it."""
    settled.run_well("verify", "--trust-project")
    settled.run_well("verify", "--recorded", "--trust-project")
    settled.run_well("plan", "--trust-project", "--out", "plan.json")
    settled.run_well("apply", "--auto-approve", "--trust-project")
    assert {"sales": "active", "second": "active"} == settled.statuses()
    assert settled.journal()[-1][1]["trustsProject"] is True


@pytest.mark.parametrize("words", [("verify", "--recorded"), ("state", "rekey")], ids=" ".join)
def test_the_journal_tells_by_whose_word_secrets_were_read(settled: Project, words: tuple[str, ...]) -> None:
    """Whatever writes state after it read secrets notes whether --trust-project was said, and history shows it."""
    settled.run_well(*words, "--trust-project")
    assert settled.journal()[-1][1]["trustsProject"] is True
    is_told = "the project file was declared trusted" in settled.run_well("history").out
    assert is_told == (words[0] == "state")  # a verification that changed nothing is no event to people
    settled.set_variable("CI", "")
    settled.run_well(*words)
    assert settled.journal()[-1][1]["trustsProject"] is False


def test_a_copy_outside_the_checkout_is_trusted(settled: Project) -> None:
    """--project-file with a copy elsewhere lets a plan of the checkout's manifests log in."""
    copy = protected_copy(settled)
    settled.run_well("--project-file", str(copy), "plan")
    settled.run_well("--project-file", str(copy), "apply", "--auto-approve")
    assert {"sales": "active", "second": "active"} == settled.statuses()


def test_a_copy_inside_the_checkout_is_not_trusted(settled: Project) -> None:
    """Naming the file does not protect it: inside the folder, elsewhere in its repository, or behind a link."""
    (settled.folder.parent / ".git").mkdir()
    copy = protected_copy(settled)
    (settled.folder / "linked.yaml").symlink_to(copy)
    for path in ("reconciler.yaml", str(copy), "linked.yaml", "accounts.d/../reconciler.yaml"):
        assert 4 == settled.run("--project-file", path, "plan").code
    (settled.folder.parent / ".git").rmdir()
    settled.run_well("--project-file", str(copy), "plan")
    assert 4 == settled.run("--project-file", "linked.yaml", "plan").code
    outside = settled.folder.parent / "link.yaml"
    outside.symlink_to(settled.folder / "reconciler.yaml")
    assert 4 == settled.run("--project-file", str(outside), "--state", f"sqlite:///{settled.state_file}", "plan").code


def test_what_needs_no_secret_works(settled: Project, server: MailServer, open_server: MailServer) -> None:
    """Validating, an offline plan, relabelling, deleting and accounts without a login go on as everywhere."""
    settled.run_well("validate")
    settled.run_well("plan", "--depth", "offline", "--out", "plan.json")
    assert 4 == settled.run("apply", "plan.json").code
    settled.remove_account("second")
    settled.write_account("sales", own_account("sales", server, metadata="labels: {team: sales}"))
    settled.write_account("news", marketing_account("news"))
    settled.write_account("open", own_account("open", open_server, username=None))
    settled.run_well("plan")
    settled.run_well("apply", "--auto-approve")
    assert ["news", "open", "sales"] == list(settled.statuses())


def test_an_offline_apply_records_no_route(settled: Project) -> None:
    """Whoever can change the project file cannot have a route recorded for later without a login either."""
    settled.run_well("plan", "--depth", "offline", "--out", "plan.json")
    for words in (("plan.json", "--depth", "offline"), ("plan.json", "--override-verification", "second=why")):
        refused = settled.run("apply", *words, "--format", "json")
        assert (4, ["projectNotTrusted"]) == (refused.code, refused.codes)


def test_a_grant_in_the_pull_request_opens_nothing(settled: Project, elsewhere: MailServer) -> None:
    """A pull request that adds its own grant, and points the account elsewhere, gets no login."""
    settled.write_account("sales", own_account("sales", elsewhere))
    settled.write_project(
        f'secrets: {{grants: [{{secret: "env:*", route: {{host: localhost, port: {elsewhere.port}, encryption: none}}}}]}}\n'
    )
    assert 4 == settled.run("plan").code
    assert 4 == settled.run("verify").code
    assert 0 == elsewhere.login_attempts


def test_no_command_of_the_pull_request_runs(settled: Project, server: MailServer) -> None:
    """Sources, and a fingerprint key by a source, would be commands of whoever wrote the project file."""
    traces = settled.folder.parent / "trace"
    settled.write_project(
        f"secrets: {{sources: {{evil: {{command: [touch, '{traces}-{{key}}']}}, "
        f"many: {{command: [touch, '{traces}-many'], format: json}}}}, fingerprintKey: {{evil: key}}}}\n"
    )
    settled.write_account("second", own_account("second", server, secret="{evil: second}"))
    settled.write_account("third", own_account("third", server, secret="{many: third}"))
    for words in (
        ("validate",),
        ("plan",),
        ("plan", "--rotations"),
        ("plan", "--depth", "offline", "--out", "plan.json"),
        ("apply", "plan.json"),
        ("apply", "--auto-approve"),
        ("verify",),
        ("verify", "--recorded"),
        ("state", "init"),
    ):
        assert settled.run(*words).code in {0, 4}, words
    assert [] == sorted(settled.folder.parent.glob("trace*"))


def test_state_with_a_named_key_wants_trust(bare: Project) -> None:
    """In CI, making the state with a key that the project file names needs a protected file or the flag."""
    bare.write_project("secrets: {fingerprintKey: {env: FINGERPRINT_KEY}}\n")
    bare.set_variable("FINGERPRINT_KEY", "k" * 40)
    bare.set_variable("CI", "true")
    assert 4 == bare.run("state", "init").code
    bare.run_well("state", "init", "--trust-project")
    bare.write_account("news", marketing_account("news"))
    bare.run_well("plan", "--out", "plan.json")
    bare.run_well("apply", "plan.json")
