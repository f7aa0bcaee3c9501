"""``export``: the recorded accounts as manifests that plan to nothing, as a table that adds them again, and for programs."""

from __future__ import annotations

import csv
import io
import shutil
from typing import TYPE_CHECKING

import pytest

from reconciler.consumers.postfix import SERVICE, settings_needed
from reconciler.model.consumers.settings import Consumer
from reconciler.operations.adoption.export import EXPORT_FORMS
from tests.cli.project import PASSWORD, VARIABLE, Project, own_account
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.certificates import TestCA

FULL = """
apiVersion: reconciler/v1
kind: OwnAccount
metadata:
  name: full
  title: "Sprzedaż: Polska"
  owner: anna@example.com
  labels: {{team: sales, region: pl}}
  annotations: {{note: "a, b"}}
  preventDelete: true
spec:
  email: Sales@EXAMPLE.com
  displayName: "Example, \\"Sales\\""
  replyTo: [{{email: a@example.com, displayName: A}}, {{email: b@example.com}}]
  smtp:
    server: office
    authentication: {{username: "{{{{odd}}}}", password: {{env: SMTP_FULL}}}}
---
apiVersion: reconciler/v1
kind: MailServer
metadata: {{name: office}}
spec: {{host: localhost, port: {port}, encryption: none, heloName: mail.example.com}}
---
apiVersion: reconciler/v1
kind: MarketingAccount
metadata: {{name: news}}
spec:
  email: news@example.com
  displayName: News
  replyTo: {{email: office@example.com}}
  overrideFrom: {{emailDetail: keeper, onMissing: skip}}
"""


@pytest.fixture
def recorded(project: Project, server: MailServer) -> Project:
    """Return a project in which accounts of every shape are recorded."""
    server.users["{odd}"] = "another-password"
    project.set_variable("SMTP_FULL", "another-password")
    project.write_account("full", FULL.format(port=server.port))
    project.write_account("sales", own_account("sales", server))
    project.write_account("open", own_account("open", server, email="open@example.com", username=None))
    project.run_well("apply", "--auto-approve", "--depth", "connect")
    return project


def test_planning_what_was_exported_is_empty(recorded: Project) -> None:
    """In the place of the manifests that were applied, those that are exported change nothing."""
    recorded.run_well("export", "--out", "exported")
    shutil.rmtree(recorded.folder / "accounts.d")
    shutil.move(recorded.folder / "exported", recorded.folder / "accounts.d")
    assert ["full.yaml", "news.yaml", "open.yaml", "sales.yaml"] == sorted(
        path.name for path in (recorded.folder / "accounts.d").iterdir()
    )
    planned = recorded.run_well("plan", "--format", "json")
    assert ("empty", []) == (planned.document["status"], planned.document["changes"])


def test_standard_output_is_one_file_of_manifests(recorded: Project) -> None:
    """Without a folder all manifests go to stdout, which is a manifest file as it stands."""
    exported = recorded.run_well("export").out
    shutil.rmtree(recorded.folder / "accounts.d")
    (recorded.folder / "accounts.d").mkdir()
    recorded.write_account("all", exported)
    assert "empty" == recorded.run_well("plan", "--format", "json").document["status"]
    assert 1 == exported.count("port: ") - exported.count("port: 25") - 1 or "encryption: none" in exported


def test_a_table_adds_the_accounts_again(recorded: Project) -> None:
    """A table of plain own accounts, taken by accounts add, plans to nothing; what it cannot hold is told."""
    exported = recorded.run_well("export", "sales", "open", "--as", "csv")
    (recorded.folder / "table.csv").write_text(exported.out, encoding="utf-8")
    for name in ("sales", "open"):
        recorded.remove_account(name)
    recorded.run_well("accounts", "add", "own", "--from-csv", "table.csv")
    assert "empty" == recorded.run_well("plan", "--format", "json").document["status"]
    assert ["exportIncomplete"] == recorded.run_well("export", "news", "--as", "csv", "--format", "json").codes


def test_a_table_holds_no_half_of_an_annotation(recorded: Project, server: MailServer) -> None:
    """Semicolons part annotations: one that holds one is left out whole and told, and never becomes two."""
    recorded.write_account(
        "sales",
        own_account("sales", server, metadata="annotations: {note: 'one; two=2', kept: three}"),
    )
    recorded.run_well("apply", "--auto-approve", "--depth", "connect")
    exported = recorded.run_well("export", "sales", "--as", "csv", "--format", "json")
    assert ["exportIncomplete"] == exported.codes
    (row,) = csv.DictReader(io.StringIO(recorded.run_well("export", "sales", "--as", "csv").out))
    assert "kept=three" == row["annotations"]


@pytest.mark.parametrize("form", EXPORT_FORMS)
def test_no_form_holds_a_password(recorded: Project, form: str) -> None:
    """Whatever the form, references stand there or nothing; never a value."""
    exported = recorded.run_well("export", "--as", form, "--format", "json")
    assert exported.document["files"]
    assert not [word for word in (PASSWORD, "another-password") if word in exported.out]
    recorded.run_well("export", "--as", form, "--out", f"out-{form}")
    assert sorted(exported.document["files"]) == sorted(
        path.name for path in (recorded.folder / f"out-{form}").iterdir()
    )


def test_programs_get_the_accounts_that_they_can_carry(recorded: Project) -> None:
    """The form of msmtp names active accounts; what it cannot carry, such as a login in the clear, is told by name."""
    exported = recorded.run_well("export", "--as", "msmtp", "--format", "json")
    text = exported.document["files"]["msmtprc"]
    assert "from open@example.com" in text
    assert VARIABLE not in text
    assert {"exportIncomplete"} == set(exported.codes)
    assert {"full", "news", "sales"} == {
        name for each in exported.document["diagnostics"] for name in each["subjects"] or [each["subject"]]
    }


@pytest.mark.parametrize("form", ["msmtp", "postfix", "django", "dotenv"])
def test_what_was_published_for_a_program_is_imported_as_it_is_declared(
    bare: Project, ca: TestCA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Accounts that were imported, applied and published to a program are the same when that is imported again."""
    (tmp_path / "ca.pem").write_text(ca.pem, encoding="utf-8")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    users = {"a@example.com": f"{PASSWORD}-a", "b@example.com": f"{PASSWORD}-b"}
    users = dict([*users.items()][:1]) if form == "dotenv" else users
    (tmp_path / "app").mkdir()
    path = tmp_path / "app" if form == "postfix" else tmp_path / "app" / "settings"
    kind = (
        f"type: {form}, maps: texthash"
        if form == "postfix"
        else f"type: {form}"
        if form == "msmtp"
        else f"type: files, format: {form}"
    )
    consumer = f"consumers: {{app: {{{kind}, path: {path}, accounts: ['*']}}}}\n"
    grants = f"secrets: {{grants: [{{secret: 'env:SMTP_*', consumer: {{name: app, path: {path}}}}}]}}\n"
    bare.write_project(consumer + grants)
    with MailServer(tls_context=ca.server_context("localhost"), users=users) as server:
        rows = "".join(
            f"{user},localhost,{server.port},starttls,{user},{password}\n" for user, password in users.items()
        )
        (bare.folder / "t.csv").write_text(f"email,host,port,encryption,username,password\n{rows}", encoding="utf-8")
        bare.init()
        bare.run_well("import", "t.csv")
        for user, password in users.items():
            bare.set_variable(f"SMTP_{user[0].upper()}_EXAMPLE_COM_PASSWORD", password)
        bare.run_well("apply", "--auto-approve", "--depth", "auth")
    if form == "postfix":
        declared = {"type": "postfix", "path": str(path), "maps": "texthash", "accounts": ["*"]}
        needed = settings_needed(Consumer.model_validate(declared))
        path = tmp_path / "app" / "main.cf"
        path.write_text("".join(f"{name} = {value}\n" for name, value in needed.items()), encoding="utf-8")
        (tmp_path / "app" / "master.cf").write_text("\n".join(SERVICE), encoding="utf-8")
    before = {each.name for each in (bare.folder / "accounts.d").iterdir()}
    imported = bare.run("import", f"{form}:{path}", "--format", "json")
    assert len(users) * ["unchanged"] == [account["became"] for account in imported.document["accounts"]], imported
    assert before == {each.name for each in (bare.folder / "accounts.d").iterdir()}
    assert PASSWORD not in imported.out + imported.err


def test_nothing_is_written_over(recorded: Project, tmp_path: Path) -> None:
    """A file that is there stops the export before anything is written; a selector must select."""
    (recorded.folder / "there").mkdir()
    (recorded.folder / "there" / "sales.yaml").write_text("mine", encoding="utf-8")
    refused = recorded.run("export", "--out", "there", "--format", "json")
    assert (1, ["folderUnusable"]) == (refused.code, refused.codes)
    assert ["sales.yaml"] == [path.name for path in (recorded.folder / "there").iterdir()]
    assert 1 == recorded.run("export", "nobody").code
    assert 1 == recorded.run("export", "--as", "postfix").code, "several files need a folder"
