"""Publication to files: what is applied is what programs have, and what they have is told by the next plan."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest

from reconciler.model.consumers.publication import Publication
from reconciler.operations.consumers.places import Targets
from reconciler.operations.consumers.publish import left_behind
from tests.cli.project import PASSWORD, USER, VARIABLE, Project, own_account
from tests.cli.test_canary import files_below, find

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.mailserver import MailServer

GRANT = "  grants: [{{secret: '{secret}', consumer: {{name: app, path: {path}}}}}]\n"


def declared(
    path: Path | str, *, form: str = "json", more: str = "", secret: str = f"env:{VARIABLE}", accounts: str = "['*']"
) -> str:
    """Return the lines of a project file with one consumer, app, and the grant that it needs."""
    consumer = f"consumers:\n  app: {{type: files, format: {form}, path: {path}, accounts: {accounts}{more}}}\n"
    return consumer + "secrets:\n" + GRANT.format(secret=secret, path=path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the path that is published to, outside the project."""
    (tmp_path / "app").mkdir()
    return tmp_path / "app" / "accounts.json"


@pytest.fixture
def applied(project: Project, server: MailServer, file: Path) -> Project:
    """Return a project whose account sales is applied and published."""
    project.write_project(declared(file))
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    return project


def accounts_in(file: Path) -> dict[str, dict[str, object]]:
    """Return the accounts that the file holds."""
    found: dict[str, dict[str, object]] = json.loads(file.read_text(encoding="utf-8"))["accounts"]
    return found


def publications(project: Project) -> list[dict[str, object]]:
    """Return what the journal tells of publications."""
    return [payload for event, payload in project.journal() if event == "publish"]


def test_apply_publishes_what_it_records(applied: Project, file: Path) -> None:
    """The file has the account with its secret, is its owner's alone, and the journal tells it once."""
    assert PASSWORD == accounts_in(file)["sales"]["password"]
    assert USER == accounts_in(file)["sales"]["username"]
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert file.read_text(encoding="utf-8").startswith(
        '{"madeBy": "made by reconciler for the consumer app; do not edit'
    )
    assert [{"sales": "new"}] == [each["published"] for each in publications(applied)]
    assert "as applied" in applied.run_well("consumers", "list").out
    before = file.stat().st_ino, file.stat().st_mtime_ns
    assert "has its 1 account as applied" in applied.run_well("publish").out
    assert before == (file.stat().st_ino, file.stat().st_mtime_ns)
    assert 1 == len(publications(applied))


def test_a_suspension_takes_the_account_out_and_needs_no_secret(applied: Project, file: Path) -> None:
    """It is gone at once although its secret cannot be read here any more; resume brings it back once it can."""
    applied.unset_variable(VARIABLE)
    applied.run_well("suspend", "sales", "--reason", "leaked")
    assert {} == accounts_in(file)
    assert "the account is suspended" in applied.run_well("consumers", "show", "app").out
    resumed = applied.run("resume", "sales", "--format", "json")
    assert (6, ["consumerNotPublished"]) == (resumed.code, resumed.codes)
    assert {} == accounts_in(file)
    applied.set_variable(VARIABLE, PASSWORD)
    applied.run_well("publish")
    assert PASSWORD == accounts_in(file)["sales"]["password"]
    assert ["new", "removed", "new"] == [each["published"]["sales"] for each in publications(applied)]  # type: ignore[index]


def test_a_publication_to_some_is_told_as_what_it_is(project: Project, server: MailServer, file: Path) -> None:
    """Who has not got what is applied is named, and the others are not told as if nothing had been published."""
    project.write_project(declared(file, secret="env:SMTP_*"))
    project.set_variable("SMTP_HELP", PASSWORD)
    project.write_account("sales", own_account("sales", server))
    project.write_account("help", own_account("help", server, secret="{env: SMTP_HELP}"))
    project.run_well("apply", "--auto-approve")
    file.unlink()
    project.unset_variable("SMTP_HELP")
    some = project.run("publish")
    assert (6, ["sales"]) == (some.code, [*accounts_in(file)])
    assert "app: published, but for help of its 2 accounts; the errors say why." in some.out
    file.unlink()
    project.unset_variable(VARIABLE)
    assert "app: not published; the errors say why." in project.run("publish").out


def test_a_plan_that_a_consumer_blocks_says_so(applied: Project, file: Path) -> None:
    """A credential that is withheld from a consumer is no account's failed verification, and still what blocks."""
    text = declared(file.with_name("other.json"), accounts="['sales']")
    applied.write_project(text.replace(f"path: {file.with_name('other.json')}}}}}]", "path: /nowhere}}]"))
    refused = applied.run("plan")
    assert 4 == refused.code
    assert "* A credential was withheld. The error credentialWithheld says why, and the ways on." in refused.out


def test_the_list_tells_of_a_consumer_to_which_nothing_can_be_published(applied: Project, file: Path) -> None:
    """Not that it has what is applied, since nobody knows."""
    file.unlink()
    file.mkdir()
    listed = " ".join(applied.run_well("consumers", "list").out.split())
    assert "as applied" not in listed
    assert f"app (json) at {file}: The path {file} of the consumer app is a folder" in listed


def test_a_module_is_of_a_later_second_than_the_one_before(project: Project, server: MailServer, file: Path) -> None:
    """Python takes the bytecode of a module for that of another of the same size and second, for as long as it lies there."""
    module = file.with_name("mail.py")
    project.write_project(declared(module, form="django"))
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    before = int(module.stat().st_mtime) + 100
    os.utime(module, (before, before))
    project.run_well("suspend", "sales", "--reason", "leak")
    assert before < int(module.stat().st_mtime)


def test_a_hand_edit_is_told_by_the_next_plan_and_replaced(applied: Project, file: Path) -> None:
    """Whatever was edited is drift: a setting, a secret, a line beside the accounts, the mode of the file."""
    whole = file.read_text(encoding="utf-8")
    for edited, drift in (
        (whole.replace('"port"', '"prt"'), [{"account": "sales", "drift": "edited"}]),
        (whole.replace(PASSWORD, "another"), [{"account": "sales", "drift": "secret"}]),
        (whole.replace('"accounts"', '"more": 1, "accounts"'), []),
        ("not json", [{"account": "sales", "drift": "edited"}]),
    ):
        head = whole.partition("\n")[0] + "\n" if edited == "not json" else ""
        file.write_text(head + edited, encoding="utf-8")
        plan = applied.run("plan", "--format", "json", "--detailed-exitcode")
        view = plan.document["consumers"][0]
        assert 2 == plan.code
        assert "empty" == plan.document["status"]
        assert drift == view["differences"]
        assert view["isEdited"] is True
        assert "consumerEdited" in plan.codes
        assert PASSWORD not in plan.out + plan.err
        applied.run_well("publish")
        assert whole == file.read_text(encoding="utf-8")
    file.chmod(0o644)
    assert applied.run("plan", "--format", "json").document["consumers"][0]["isEdited"]
    applied.run_well("publish")
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)


def test_a_password_is_nowhere_but_in_the_file_that_is_meant(applied: Project, file: Path, tmp_path: Path) -> None:
    """Neither in state, journal, plan, report or any output, whatever form it is looked for in."""
    canary = "canary-Published-7f3a9c"
    said = []
    applied.set_variable(VARIABLE, canary)
    commands = (
        ("publish", "--format", "json"),
        ("plan", "--format", "json", "--out", "plan.json"),
        ("plan",),
        ("publish", "--check"),
        ("publish", "--check", "--format", "json"),
        ("consumers", "list", "--format", "json"),
        ("consumers", "show", "app"),
        ("history",),
        ("report", "--out", "site"),
    )
    file.write_text(file.read_text(encoding="utf-8").replace(PASSWORD, canary), encoding="utf-8")
    for words in commands:
        ran = applied.run(*words)
        said.append(ran.out + ran.err)
    assert find("".join(said).encode(), (canary, PASSWORD)) == []
    for name, content in files_below(tmp_path).items():
        assert find(content, (canary, PASSWORD)) == [] or name == "app/accounts.json", name


def test_a_rotation_is_published_once_it_is_applied(applied: Project, server: MailServer, file: Path) -> None:
    """Until then the value that was verified stays, and a publication that would need the new one says so."""
    applied.set_variable(VARIABLE, "rotated")
    server.users[USER] = "rotated"
    assert "has its 1 account as applied" in applied.run_well("publish").out
    file.unlink()
    early = applied.run("publish", "--format", "json")
    assert (6, ["consumerNotPublished"]) == (early.code, early.codes)
    assert "apply the rotation first" in early.out
    assert not file.exists()
    applied.run_well("apply", "--auto-approve")
    assert "rotated" == accounts_in(file)["sales"]["password"]


def test_a_file_of_somebody_elses_is_left_unless_it_is_adopted(
    project: Project, server: MailServer, file: Path
) -> None:
    """Nor is a link followed, or another consumer's file taken."""
    file.write_text("theirs", encoding="utf-8")
    project.write_project(declared(file))
    project.write_account("sales", own_account("sales", server))
    refused = project.run("apply", "--auto-approve", "--format", "json")
    assert (6, "applied") == (refused.code, refused.document["status"])
    assert "adopt: true" in refused.out
    assert "theirs" == file.read_text(encoding="utf-8")
    assert "was not written by reconciler" in project.run_well("consumers", "show", "app").out.replace("\n    ", " ")
    project.write_project(declared(file, more=", adopt: true"))
    project.run_well("publish")
    assert PASSWORD == accounts_in(file)["sales"]["password"]
    other = file.with_name("other")
    file.rename(other)
    file.symlink_to(other)
    linked = project.run("publish", "--format", "json")
    assert 6 == linked.code
    assert "symbolic link" in linked.out


def test_what_runs_afterwards_runs_again_where_it_failed(project: Project, server: MailServer, tmp_path: Path) -> None:
    """It has no shell and little environment, its output is not shown, and a failure is exit code 6 until it passes."""
    path, trace, gate = tmp_path / "mail.json", tmp_path / "trace", tmp_path / "gate"
    script = tmp_path / "after"
    script.write_text(f"#!/bin/sh\necho hunter2\ntest -e {gate} || exit 3\nenv >> {trace}\n", encoding="utf-8")
    script.chmod(0o755)
    consumer = f"{{name: app, path: {path}, after: [{script}]}}"
    project.write_project(
        f"consumers:\n  app: {{type: files, format: json, path: {path}, accounts: ['*'], after: [{script}]}}\n"
        f"secrets:\n  grants: [{{secret: 'env:{VARIABLE}', consumer: {consumer}}}]\n"
    )
    project.write_account("sales", own_account("sales", server))
    for words in (("apply", "--auto-approve"), ("publish",)):
        failed = project.run(*words)
        assert 6 == failed.code
        assert "exit code 3" in failed.err
        assert "hunter2" not in failed.out + failed.err
    gate.touch()
    project.run_well("publish")
    assert VARIABLE not in trace.read_text(encoding="utf-8")
    before = trace.read_bytes()
    project.run_well("publish")
    assert before == trace.read_bytes()
    assert 1 == len(publications(project))


def test_a_consumer_that_is_gone_is_told_as_long_as_its_files_are_there(applied: Project, file: Path) -> None:
    """A suspension does not reach it any more."""
    applied.write_project()
    gone = applied.run("plan", "--format", "json")
    assert 0 == gone.code
    assert "empty" == gone.document["status"]
    assert ["consumerGone"] == gone.codes
    moved = file.with_name("moved.json")
    applied.write_project(declared(moved))
    told = applied.run("plan", "--format", "json")
    assert "consumerGone" in told.codes
    assert str(file) in told.out


def test_what_was_given_at_another_place_is_not_known_to_be_at_this_one(applied: Project, file: Path) -> None:
    """A consumer whose path has changed has nothing there yet: nobody edited anything, and nothing counts as published."""
    moved = file.with_name("moved.json")
    applied.write_project(declared(moved))
    plan = applied.run("plan", "--format", "json")
    assert [{"account": "sales", "drift": "new"}] == plan.document["consumers"][0]["differences"]
    assert ["consumerDrift", "consumerGone"] == sorted(
        set(plan.codes) & {"consumerDrift", "consumerEdited", "consumerGone"}
    )
    (shown,) = applied.run("consumers", "show", "app", "--format", "json").document["consumers"][0]["accounts"]
    assert (False, None, "not published yet") == (shown["published"], shown["since"], shown["reason"])
    assert "sales added" in applied.run_well("publish").out
    assert "sales published" in applied.run_well("consumers", "show", "app").out


@pytest.mark.parametrize("place", ["reply-to", "path"])
def test_no_text_of_a_manifest_leaves_the_quotes_of_a_shell(
    project: Project, server: MailServer, file: Path, place: str
) -> None:
    """A file of variables is read by shells: what would end its quotes is refused before anything is applied."""
    more = ", secrets: reference" if place == "path" else ""
    project.write_project(declared(file, form="dotenv", more=more))
    awkward = "x'`id`'"
    if place == "path":
        secret = project.folder / "secrets" / awkward
        secret.parent.mkdir()
        secret.touch(mode=0o600)
        secret.write_text(PASSWORD, encoding="utf-8")
        text = own_account("sales", server, secret=f'{{file: "secrets/{awkward}"}}')
    else:
        text = own_account("sales", server, more=f'  replyTo: {{email: "{awkward}@example.com"}}\n')
    project.write_account("sales", text)
    refused = project.run("apply", "--auto-approve", "--format", "json")
    assert (4, ["consumerCannotCarry"]) == (refused.code, refused.codes)
    assert not file.exists()


@pytest.mark.parametrize(
    "path", ["{folder}/" + "a" * 300, "{folder}/circle/app.json", "{folder}/" + "a" * 300 + "/app.json"]
)
def test_a_path_that_cannot_be_looked_at_is_refused_with_the_reason(applied: Project, file: Path, path: str) -> None:
    """Too long a name, a circle of links: the system's refusal is told at the path's line, and is no fault of the program's."""
    (file.parent / "circle").symlink_to(file.parent / "circle")
    applied.write_project(declared(path.format(folder=file.parent)))
    for words in (("plan",), ("publish",), ("consumers", "list")):
        ended = applied.run(*words, "--format", "json")
        assert "internalError" not in ended.out
        assert words[0] == "consumers" or {"consumerPathRefused", "consumerUnreadable", "consumerNotPublished"} & {
            *ended.codes
        }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("files", "shared.json"), ("files", "shared.json")),
        (("files", "shared.json"), ("files", "linked/shared.json")),
        (("postfix", "maps"), ("files", "maps/transport")),
        (("postfix", "maps"), ("files", "linked/maps/sasl_passwd.lmdb")),
        (("postfix", "maps"), ("files", "maps/ca-0123456789abcdef.pem")),
        (("postfix", "maps"), ("postfix", "other-maps")),
        (("files", "shared.json"), ("files", "shared.json.ca-0123456789abcdef.pem")),
        (("files", "shared.json"), ("files", "shared.json/app.json")),
    ],
)
@pytest.mark.parametrize("is_turned", [False, True])
def test_consumers_that_would_write_one_file_are_refused_with_both_places(
    applied: Project, file: Path, one: tuple[str, str], other: tuple[str, str], *, is_turned: bool
) -> None:
    """By whatever spelling, link, or file that is written beside: validate, plan and publish say where the two are declared."""
    folder = file.parent
    (folder / "linked").symlink_to(folder)
    (folder / "maps").mkdir()
    (folder / "other-maps").symlink_to("maps")
    lines = [
        f"  {name}: {{type: {kind}, {'format: json, ' if kind == 'files' else ''}path: {folder / path}, accounts: [sales]}}\n"
        for name, (kind, path) in zip(("app", "web"), (other, one) if is_turned else (one, other), strict=True)
    ]
    applied.write_project("consumers:\n" + "".join(lines))
    for words, code in ((("validate",), 1), (("plan",), 4), (("publish", "--check"), 6)):
        ended = applied.run(*words, "--format", "json")
        found = [each for each in ended.document["diagnostics"] if each["code"] == "consumerPathRefused"]
        assert (code, [("web", 7)]) == (ended.code, [(each["subject"], each["location"]["line"]) for each in found]), (
            ended
        )
        assert "leads to files of the consumer app, declared at reconciler.yaml:6:" in found[0]["detail"]


def test_consumers_beside_one_another_are_left_alone(applied: Project, file: Path) -> None:
    """A folder may hold the files of several consumers, and names may begin alike."""
    folder = file.parent
    (folder / "maps").mkdir()
    paths = {"app": folder / "a.json", "jobs": folder / "a.json5", "web": folder / "maps" / "a.json"}
    lines = [
        f"  {name}: {{type: files, format: json, path: {path}, accounts: [sales]}}\n" for name, path in paths.items()
    ]
    applied.write_project(
        f"consumers:\n{''.join(lines)}  zone: {{type: postfix, path: {folder / 'maps'}, accounts: [sales]}}\n"
    )
    assert [] == applied.run_well("validate", "--format", "json").codes
    assert "consumerPathRefused" not in applied.run("plan", "--format", "json").codes


def test_a_place_that_cannot_be_looked_at_any_more_is_told_as_one_left_behind() -> None:
    """Whether there is something cannot be known, so it is not taken for gone."""
    row = Publication(consumer="app", account="sales", published="sha256:0", place="/srv/" + "a" * 300)
    (told,) = left_behind([row], Targets(usable={}, problems={}))
    assert ("consumerGone", True) == (told.code, "is no longer declared" in told.detail)


def test_a_folder_that_is_not_there_is_to_be_made_first(applied: Project, file: Path) -> None:
    """The message names the file that is meant, and not the one beside it that is renamed."""
    applied.write_project(declared(file.parent / "none" / "app.json"))
    failed = applied.run("publish", "--format", "json")
    assert 6 == failed.code
    (problem,) = [each for each in failed.document["diagnostics"] if each["code"] == "consumerNotPublished"]
    assert f"{file.parent}/none/app.json cannot be written" in problem["detail"]
    assert f"Make the folder {file.parent}/none first." in problem["detail"]


def test_an_unknown_consumer_is_told_with_the_nearest(applied: Project) -> None:
    """Both commands that take a name say so."""
    for words in (("publish", "--to", "ap"), ("consumers", "show", "ap")):
        refused = applied.run(*words, "--format", "json")
        assert (1, ["unknownConsumer"]) == (refused.code, refused.codes)
        assert "app" in refused.out
