"""Environments on the command line: the same manifests for several states, none of which is taken for another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import VARIABLE, Project, alter_plan, own_account

if TYPE_CHECKING:
    from tests.support.mailserver import MailServer

ENVIRONMENTS = """\
environments:
  staging:
    state: sqlite:///.reconciler/staging.db
    overlay: overlays/staging
    secrets: {allow: ["env:SMTP_*"], firstUse: allow}
  production:
    state: sqlite:///.reconciler/production.db
    secrets: {allow: ["env:SMTP_*"], firstUse: allow}
"""
OVERLAY = """\
apiVersion: reconciler/v1
kind: OwnAccount
metadata: {name: sales}
spec:
  displayName: Staging Sales
"""
PLACE = "overlays/staging/sales.yaml:5"


@pytest.fixture
def both(bare: Project, server: MailServer) -> Project:
    """Return a project with two environments, each with its state, and an overlay in one of them."""
    bare.write_project(ENVIRONMENTS)
    bare.write_account("sales", own_account("sales", server))
    overlay(bare, OVERLAY)
    for name in ("staging", "production"):
        bare.run_well("--env", name, "state", "init")
    return bare


def overlay(project: Project, text: str, name: str = "sales.yaml") -> None:
    """Write an overlay of staging."""
    folder = project.folder / "overlays" / "staging"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def display_name(project: Project, environment: str) -> str:
    """Return what the state of an environment has recorded."""
    shown = project.run_well("--env", environment, "accounts", "show", "sales", "--format", "json").document
    return str(shown["accounts"][0]["spec"]["displayName"])


def test_the_same_manifests_are_applied_in_each_environment(both: Project) -> None:
    """Each state gets what its environment says, and planning again changes nothing."""
    for name in ("staging", "production"):
        both.run_well("--env", name, "apply", "--auto-approve")
        assert "empty" == both.run_well("--env", name, "plan", "--format", "json").document["status"]
    assert ("Staging Sales", "Example Sales") == (display_name(both, "staging"), display_name(both, "production"))


@pytest.mark.parametrize(
    "words",
    [
        ("plan",),
        ("apply", "--auto-approve"),
        ("verify",),
        ("accounts", "list"),
        ("status",),
        ("history",),
        ("journal", "check"),
        ("state", "init"),
        ("state", "backup", "copy.db"),
        ("suspend", "sales", "--reason", "x"),
        ("publish",),
        ("export",),
        ("report", "--out", "site"),
    ],
)
def test_every_command_with_state_needs_to_know_which(both: Project, words: tuple[str, ...]) -> None:
    """There is no default, nothing is remembered, and no variable stands for it; both are named."""
    both.set_variable("RECONCILER_ENV", "staging")
    refused = both.run(*words)
    assert 1 == refused.code
    assert "environmentMissing" in refused.err
    assert "production, staging" in " ".join(refused.err.split())


def test_a_misspelt_environment_is_told_with_the_nearest(both: Project) -> None:
    """Whatever the command, an environment that is not declared is an error."""
    for words in (("plan",), ("validate",), ("accounts", "list")):
        refused = both.run("--env", "stagign", *words)
        assert (1, True) == (refused.code, "environmentUnknown" in refused.err)
        assert "Did you mean staging?" in refused.err
    both.write_project("")
    assert "environmentUnknown" in both.run("--env", "staging", "validate").err


@pytest.mark.parametrize("by", ["flag", "variable", "file"])
@pytest.mark.parametrize("words", [("plan",), ("state", "init"), ("accounts", "list"), ("apply", "--auto-approve")])
def test_the_state_of_another_environment_is_refused(both: Project, by: str, words: tuple[str, ...]) -> None:
    """However the address is given, a state knows whose it is: exit 4, and nothing is written."""
    url = "sqlite:///.reconciler/production.db"
    named: tuple[str, ...] = ()
    if by == "flag":
        named = ("--state", url)
    elif by == "variable":
        both.set_variable("RECONCILER_STATE", url)
    else:
        swapped = ENVIRONMENTS.replace("staging.db", "x.db").replace("production.db", "staging.db")
        both.write_project(swapped.replace("x.db", "production.db"))
    refused = both.run("--env", "staging", *named, *words)
    assert (4, True) == (refused.code, "environmentMismatch" in refused.err)
    assert "the environment production, and the environment staging was chosen" in " ".join(refused.err.split())


def test_a_state_alone_is_refused_for_another_environment(both: Project) -> None:
    """Without the project file the state's own environment counts, and --env must name that one or none."""
    both.run_well("--env", "production", "apply", "--auto-approve")
    (both.folder / "reconciler.yaml").unlink()
    url = "sqlite:///.reconciler/production.db"
    both.run_well("--state", url, "suspend", "sales", "--reason", "leak")
    both.run_well("--state", url, "--env", "production", "resume", "sales")
    refused = both.run("--state", url, "--env", "staging", "suspend", "sales", "--reason", "leak")
    assert (4, True) == (refused.code, "environmentMismatch" in refused.err)


def test_a_plan_of_one_environment_is_not_applied_in_another(both: Project) -> None:
    """The plan says whose it is, and apply asks for the same."""
    both.run_well("--env", "staging", "plan", "--out", "staging.plan")
    refused = both.run("--env", "production", "apply", "staging.plan")
    assert (4, True) == (refused.code, "lineageMismatch" in refused.err)
    assert "choose that by --env staging" in " ".join(refused.err.split())
    assert "--state" not in refused.err
    both.run_well("--env", "staging", "apply", "staging.plan")


def test_a_state_from_before_is_adopted_and_not_taken_by_mistake(bare: Project, server: MailServer) -> None:
    """Without ``adopted`` the state of the project without environments is refused, and the line to write is told."""
    bare.init()
    bare.write_account("sales", own_account("sales", server))
    bare.run_well("apply", "--auto-approve")
    text = "environments:\n  production:\n    state: sqlite:///.reconciler/state.db\n"
    bare.write_project(text)
    refused = bare.run("--env", "production", "plan")
    assert (4, True) == (refused.code, "adopted: true" in refused.err)
    bare.write_project(f"{text}    adopted: true\n")
    assert "empty" == bare.run_well("--env", "production", "plan", "--format", "json").document["status"]
    bare.run_well("--env", "production", "journal", "check")


def test_a_backup_of_another_environment_is_not_restored(both: Project) -> None:
    """Not even by force: it holds no state of this environment."""
    both.run_well("--env", "production", "state", "backup", "production-copy.db")
    for force in ((), ("--force",)):
        refused = both.run("--env", "staging", "state", "restore", "production-copy.db", *force)
        assert (1, True) == (refused.code, "backupUnusable" in refused.err)


def test_the_plan_shows_where_a_value_comes_from(both: Project) -> None:
    """As text, JSON, Markdown and HTML, a value that an overlay decides has its file and line; others have none."""
    both.run_well("--env", "staging", "plan", "--out", "staging.plan")
    document = both.run_well("show", "staging.plan", "--format", "json").document
    origins = {each["path"]: each.get("origin") for each in document["changes"][0]["fields"]}
    assert {"spec.displayName": PLACE} == {path: place for path, place in origins.items() if place is not None}
    for form in (("--full",), ("--format", "markdown"), ("--format", "html")):
        shown = both.run_well("show", "staging.plan", *form).out
        assert 1 == shown.count(PLACE), form
    assert PLACE not in both.run_well("--env", "production", "plan", "--full").out


def test_where_a_value_is_written_changes_no_digest_and_no_review(both: Project) -> None:
    """A comment above the line is no other change: the digest stays, and the reviewed plan is applied."""
    before = both.run_well("--env", "staging", "plan", "--format", "json", "--out", "reviewed.plan").document
    overlay(both, f"# moved down\n{OVERLAY}")
    after = both.run_well("--env", "staging", "plan", "--format", "json").document
    assert before["changesDigest"] == after["changesDigest"]
    assert before["changes"][0]["fields"] != after["changes"][0]["fields"]
    both.run_well("--env", "staging", "apply", "--reviewed", "reviewed.plan")


def test_an_unsealed_plan_with_origins_is_applied_as_it_shows(both: Project) -> None:
    """Where a value comes from is told, and nothing that the plan would have to answer for."""
    both.run_well("--env", "staging", "plan", "--out", "staging.plan")
    alter_plan(both.folder / "staging.plan", lambda document: document.update(seal=None), fits_digest=True)
    document = both.run_well("show", "staging.plan", "--format", "json").document
    assert any("origin" in each for each in document["changes"][0]["fields"])
    both.run_well("--env", "staging", "apply", "staging.plan")


def test_an_overlay_of_a_mail_server_reaches_its_accounts(both: Project, server: MailServer) -> None:
    """What the MailServer has in an environment, its accounts have there, unless they say otherwise; with the place."""
    shared = "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: office}\nspec: {host: mx.example.com, port: 25}\n"
    both.write_account("office", shared)
    text = own_account("sales", server)
    assert f"host: {server.host}" in text
    through = text.replace(f"host: {server.host}", "server: office")
    both.write_account("sales", through)
    overlay(both, f"{shared.split('spec', maxsplit=1)[0]}spec:\n  host: localhost\n  port: 1\n", "office.yaml")
    plan = both.run("--env", "staging", "plan", "--depth", "offline", "--format", "json").document
    fields = {each["path"]: (each["after"], each.get("origin")) for each in plan["changes"][0]["fields"]}
    assert ("localhost", "overlays/staging/office.yaml:5") == fields["spec.smtp.host"]
    assert (server.port, None) == fields["spec.smtp.port"]


def test_validate_tells_of_all_environments_at_once(both: Project) -> None:
    """What is wrong in one of them is told with its name, what is wrong in all once; with --env only that one is read."""
    both.run_well("validate")
    overlay(both, "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: slaes}\n", "other.yaml")
    text = (both.folder / "accounts.d" / "sales.yaml").read_text(encoding="utf-8")
    both.write_account("sales", "\n".join(line for line in text.splitlines() if "displayName" not in line) + "\n")
    found = both.run("validate", "--format", "json").document["diagnostics"]
    told = {(each["code"], each["location"]["file"]): each["detail"] for each in found if each["severity"] == "error"}
    assert {("unknownOverlay", "overlays/staging/other.yaml"), ("missingField", "accounts.d/sales.yaml")} == set(told)
    assert told["unknownOverlay", "overlays/staging/other.yaml"].startswith("In the environment staging: ")
    assert told["missingField", "accounts.d/sales.yaml"].startswith("In the environment production: ")
    only = both.run("--env", "production", "validate", "--format", "json").document["diagnostics"]
    assert ["missingField"] == [each["code"] for each in only if each["severity"] == "error"]


def test_an_overlay_is_validated_as_it_is_edited(both: Project) -> None:
    """An editor or a hook hands over an overlay alone, and its problems are told, and no others."""
    both.run_well("validate", "overlays/staging/sales.yaml")
    broken = "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: sales}\nspec: {emial: x}\n"
    overlay(both, broken)
    refused = both.run("validate", "overlays/staging/sales.yaml", "--format", "json")
    assert (1, ["unknownField"]) == (refused.code, refused.codes)


_UNLAID = [  # what is there in the place of the overlay, the code of the error, and its place
    (None, "overlayMissing", "reconciler.yaml"),
    ("kind: [", "yamlSyntax", "overlays/staging/sales.yaml"),
    (OVERLAY.replace("name: sales", "name: slaes"), "unknownOverlay", "overlays/staging/sales.yaml"),
    (OVERLAY.replace("OwnAccount", "OwnAcount"), "unknownKind", "overlays/staging/sales.yaml"),
]


@pytest.mark.parametrize("is_file", [False, True])
@pytest.mark.parametrize(("text", "code", "file"), _UNLAID)
def test_an_overlay_that_cannot_be_laid_is_the_one_thing_told(
    both: Project, text: str | None, code: str, file: str, *, is_file: bool
) -> None:
    """The secret of the manifest is not the environment's to name, and that would only follow from it."""
    both.write_project(ENVIRONMENTS.replace('["env:SMTP_*"]', '["env:STAGING_*"]', 1))
    folder = both.folder / "overlays" / "staging"
    if text is not None:
        overlay(both, text)
    else:
        (folder / "sales.yaml").unlink()
        folder.rmdir()
        if is_file:
            folder.write_text("", encoding="utf-8")
    (told,) = both.run("validate", "--format", "json").document["diagnostics"]
    assert (code, file) == (told["code"], told["location"]["file"])
    if text is None:
        assert ("is no folder" if is_file else "does not exist") in told["detail"]
        assert told["location"]["line"] > 1


def test_a_manifests_secret_that_is_not_the_environments_is_told_with_the_overlay(both: Project) -> None:
    """To allow it in every environment is seldom what is meant."""
    both.write_project(ENVIRONMENTS.replace('["env:SMTP_*"]', '["env:STAGING_*"]', 1))
    (told,) = both.run("validate", "--format", "json").document["diagnostics"]
    assert "Use a reference that is covered, for staging alone by an overlay, or have the owner" in told["detail"]


def test_a_rename_that_only_an_overlay_asks_for_is_told_there(both: Project) -> None:
    """What is to be removed is in the overlay, and not in the manifest."""
    overlay(both, OVERLAY.replace("{name: sales}", "\n  name: sales\n  previousName: nobody"))
    told = both.run("--env", "staging", "plan", "--depth", "offline", "--format", "json").document["diagnostics"]
    (place,) = [each["location"] for each in told if each["code"] == "previousNameUnknown"]
    assert ("overlays/staging/sales.yaml", 5) == (place["file"], place["line"])


_NAMED = [  # what an overlay names, the code of its refusal, and how that begins
    ("env: HOME", "secretNotAllowed", "overlays/staging/sales.yaml names env:HOME, but environments.staging.secrets.allow "),
    ("env: RECONCILER_PLAN_KEY", "secretNotAllowed", "overlays/staging/sales.yaml names env:RECONCILER_PLAN_KEY, which "),
    ("vualt: x", "unknownSecretSource", "A secret is to come from vualt, a source that "),
]  # fmt: skip


@pytest.mark.parametrize(("reference", "code", "told"), _NAMED)
def test_a_secret_is_refused_where_the_overlay_names_it(both: Project, reference: str, code: str, told: str) -> None:
    """Not at the manifest, which names another; so it is told too where the overlay alone is validated."""
    spec = f"spec:\n  smtp:\n    authentication:\n      password: {{{reference}, env: null}}\n"
    if reference.startswith("env"):
        spec = f"spec:\n  smtp:\n    authentication:\n      password: {{{reference}}}\n"
    overlay(both, f"{OVERLAY.partition('spec')[0]}{spec}")
    for words in ((), ("overlays/staging/sales.yaml",)):
        refused = both.run("validate", *words, "--format", "json")
        (problem,) = refused.document["diagnostics"]
        assert (1, code) == (refused.code, problem["code"])
        assert "overlays/staging/sales.yaml:7" == ":".join(str(problem["location"][each]) for each in ("file", "line"))
        assert problem["detail"].removeprefix("In the environment staging: ").startswith(told)


def test_commands_to_copy_are_for_the_same_environment(both: Project) -> None:
    """Nothing is remembered, so what is printed to be copied names it."""
    said = both.run("--env", "staging", "--state", "sqlite:///nowhere.db", "plan").err
    assert "reconciler --env staging state init" in said
    both.run_well("--env", "staging", "plan", "--out", "staging.plan")
    assert (
        "    reconciler --env staging apply staging.plan"
        in both.run_well("--env", "staging", "plan", "--out", "staging.plan").err
    )


_SAID = re.compile(r"(?<![\w/.-])reconciler (?!--env staging |plan: )[a-z]+ .*")
"""A command without the environment; the mark of a comment is none."""


@pytest.mark.parametrize("password", ["right", "wrong"])
@pytest.mark.parametrize(
    "words",
    [
        ("plan",),
        ("plan", "--full"),
        ("plan", "--format", "markdown"),
        ("plan", "--format", "html"),
        ("apply", "--auto-approve"),
        ("suspend", "sales", "--reason", "x"),
        ("accounts", "show", "sales"),
        ("status",),
        ("history",),
        ("verify",),
    ],
)
def test_no_command_to_copy_leaves_the_environment_out(both: Project, words: tuple[str, ...], password: str) -> None:
    """Wherever a command stands: by itself, after a word that announces it, in a comment or on a page."""
    both.run_well("--env", "staging", "apply", "--auto-approve")
    overlay(both, OVERLAY.replace("Staging Sales", "Sales here"))
    if password == "wrong":
        both.set_variable(VARIABLE, "wrong-password")
    said = both.run("--env", "staging", *words)
    assert [] == _SAID.findall(f"{said.out}\n{said.err}")


def test_overlays_follow_a_manifest_that_is_renamed_or_deleted(both: Project) -> None:
    """No environment needs to be named for it, and every environment is valid afterwards."""
    both.run_well("accounts", "rename", "sales", "vertrieb")
    text = (both.folder / "overlays" / "staging" / "sales.yaml").read_text(encoding="utf-8")
    assert OVERLAY.replace("name: sales", "name: vertrieb") == text
    both.run_well("validate")
    both.run_well("accounts", "delete", "vertrieb")
    assert [] == sorted((both.folder / "overlays" / "staging").iterdir())
    both.run_well("validate")


def test_a_plan_that_changed_nothing_is_made_anew_where_an_overlay_changes(both: Project) -> None:
    """What is kept of the last plan holds for the overlays as they were, and for one environment."""
    for name in ("staging", "production"):
        both.run_well("--env", name, "apply", "--auto-approve")
        for _ in range(2):
            assert "empty" == both.run_well("--env", name, "plan", "--format", "json").document["status"]
    overlay(both, OVERLAY.replace("Staging Sales", "Sales here"))
    assert "ready" == both.run_well("--env", "staging", "plan", "--format", "json").document["status"]
    assert "empty" == both.run_well("--env", "production", "plan", "--format", "json").document["status"]
