"""``import``: settings of other programs become manifests that a person would write, and no password is shown."""

from __future__ import annotations

import io
import itertools
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.adoption.readers import READERS
from tests.adoption.cases import CANARY, CASES
from tests.cli.project import PASSWORD, Project
from tests.cli.test_canary import files_below, find
from tests.support.mailserver import MailServer
from tests.support.repositories import git

if TYPE_CHECKING:
    from tests.adoption.cases import Case
    from tests.support.certificates import TestCA

MSMTP = """
defaults
tls on
auth on
host smtp.example.com
port 587
account sales
from sales@example.com
user sales@example.com
password {password}
account help
from help@example.com
user help@example.com
password {password}-2
account boss
host smtp.example.net
from boss@example.net
user boss
password {password}-3
"""


def placed(case: Case, folder: Path) -> Path:
    """Write a case's files into a folder and return its source."""
    folder.mkdir(exist_ok=True)
    for name, text in case.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    path = folder / ("main.cf" if case.kind == "postfix" else case.name)
    path.write_text(case.text, encoding="utf-8")
    return path


def manifests_of(project: Project) -> dict[str, str]:
    """Return the text of every manifest by its name."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted((project.folder / "accounts.d").glob("*"))}


def test_an_internationalised_domain_is_known_again(bare: Project) -> None:
    """Manifests keep A-labels, and sources have letters: what is declared is left alone, with a login or without one."""
    (bare.folder / "t.csv").write_text(
        "email,host,user,password\na@bücher.example,smtp.example.com,,\n"
        "c@bücher.example,mail.bücher.example,c@bücher.example,pw\n",
        encoding="utf-8",
    )
    assert "Found 2 accounts: 2 added." in bare.run_well("import", "csv:t.csv").out
    assert "Found 2 accounts: 2 as declared." in bare.run_well("import", "csv:t.csv").out


def test_what_stands_in_an_inline_map_is_not_told(bare: Project) -> None:
    """An inline map of Postfix holds passwords: of what stands between its braces no word is taken for a kind of map."""
    for inline in ("inline:{ {h = u:hor se:x, y:z} }", "inline:{ h = hor se:x", "inline:{ {{h = u:se:x}} }"):
        (bare.folder / "main.cf").write_text(
            f"relayhost = h.example.com\nsmtp_sasl_password_maps = {inline}\nsmtp_sasl_auth_enable = yes\n",
            encoding="utf-8",
        )
        told = " ".join(bare.run("import", "postfix:main.cf").err.split())
        assert "not read here (inline)" in told
        assert "(se)" not in told
        assert "(u)" not in told


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_every_source_becomes_manifests_without_its_passwords(bare: Project, case: Case, tmp_path: Path) -> None:
    """What comes of a source is valid, importing it again changes nothing, and passwords go to the named file alone."""
    source = placed(case, tmp_path / "source")
    words = ("import", f"{case.kind}:{source}", "--secrets-to", f"dotenv:{tmp_path / 'secrets.env'}")
    before = files_below(tmp_path / "source")
    first = bare.run(*words, "--format", "json")
    has_errors = any(problem["severity"] == "error" for problem in first.document["diagnostics"])
    assert int(has_errors) == first.code
    found = [account["became"] for account in first.document.get("accounts", [])]
    assert len(READERS[case.kind].read(case.source()).accounts) == len(found)
    bare.run_well("validate")
    after = manifests_of(bare)
    again = bare.run(*words)
    assert manifests_of(bare) == after
    assert first.code == again.code
    assert not found or has_errors or "Nothing was written." in again.out
    shown = first.out + first.err + again.out + again.err + "".join(after.values())
    assert [] == find(shown.encode(), (CANARY,))
    assert before == files_below(tmp_path / "source")
    assert not Path(f"/tmp/{CANARY}-was-run").exists()  # noqa: S108 - what the hostile source names
    kept = tmp_path / "secrets.env"
    assert not kept.exists() or 0o600 == stat.S_IMODE(kept.stat().st_mode)


def test_manifests_come_out_as_a_person_would_write_them(bare: Project) -> None:
    """Accounts of one relay share a MailServer in one file; others have a file each; names are slugs of addresses."""
    (bare.folder / "msmtprc").write_text(MSMTP.format(password=CANARY), encoding="utf-8")
    imported = bare.run_well("import", "msmtprc")
    assert ["boss-example-net.yaml", "smtp-example-com.yaml"] == list(manifests_of(bare))
    assert manifests_of(bare)["smtp-example-com.yaml"] == (
        "apiVersion: reconciler/v1\nkind: MailServer\nmetadata:\n  name: smtp-example-com\n  labels: {source: msmtp}\n"
        "spec:\n  host: smtp.example.com\n  encryption: starttls\n"
        '  authentication: {username: "{email}"}\n'
        "---\napiVersion: reconciler/v1\nkind: OwnAccount\nmetadata:\n  name: sales-example-com\n"
        "  labels: {source: msmtp}\nspec:\n  email: sales@example.com\n  displayName: sales\n  shared: true\n  smtp:\n"
        "    server: smtp-example-com\n    authentication:\n"
        "      password: {env: SMTP_SALES_EXAMPLE_COM_PASSWORD}\n"
        "---\napiVersion: reconciler/v1\nkind: OwnAccount\nmetadata:\n  name: help-example-com\n"
        "  labels: {source: msmtp}\nspec:\n  email: help@example.com\n  displayName: help\n  shared: true\n  smtp:\n"
        "    server: smtp-example-com\n    authentication:\n"
        "      password: {env: SMTP_HELP_EXAMPLE_COM_PASSWORD}\n"
    )
    assert 'username: "{localpart}"' in manifests_of(bare)["boss-example-net.yaml"]
    for variable in ("SALES_EXAMPLE_COM", "HELP_EXAMPLE_COM", "BOSS_EXAMPLE_NET"):
        assert f"export SMTP_{variable}_PASSWORD=" in imported.out
    assert CANARY not in imported.out


def test_doubtful_settings_are_marked_where_they_stand(bare: Project) -> None:
    """A contradiction, what is left to the server, and what is unsafe have a comment above the line, and a remark."""
    rows = (
        "email,host,port,encryption,username,password\n"
        "a@example.com,a.example.com,587,ssl,a@example.com,x\n"
        "b@example.com,b.example.com,587,off,b@example.com,x\n"
    )
    (bare.folder / "table.csv").write_text(rows, encoding="utf-8")
    (bare.folder / "msmtprc").write_text("account c\nhost c.example.com\nfrom c@example.com\n", encoding="utf-8")
    imported = bare.run_well("import", "table.csv", "msmtprc", "--format", "json")
    lines = {name: text.splitlines() for name, text in manifests_of(bare).items()}
    comments = {
        name: next(line.strip() for line, below in itertools.pairwise(text) if "encryption:" in below)
        for name, text in lines.items()
    }
    assert comments["a-example-com.yaml"].startswith("# contradiction: ssl on port 587")
    assert comments["b-example-com.yaml"].startswith("# not certain: the source says no encryption")
    assert comments["c-example-com.yaml"].startswith("# unsafe: the source sends in the clear")
    assert {"settingContradicts", "settingUncertain", "settingUnsafe"} <= set(imported.codes)


def test_maps_below_the_folder_of_postfix_are_found(bare: Project, tmp_path: Path) -> None:
    """Debian's guides keep the passwords in a folder of their own, ``sasl``; the folder of main.cf is looked through."""
    (tmp_path / "postfix" / "sasl").mkdir(parents=True)
    (tmp_path / "postfix" / "sasl" / "sasl_passwd").write_text(
        f"[smtp.example.com]:587 sales@example.com:{CANARY}\n", encoding="utf-8"
    )
    (tmp_path / "postfix" / "main.cf").write_text(
        "relayhost = [smtp.example.com]:587\nsmtp_sasl_auth_enable = yes\nsmtp_tls_security_level = encrypt\n"
        "smtp_sasl_password_maps = hash:/etc/postfix/sasl/sasl_passwd\n",
        encoding="utf-8",
    )
    imported = bare.run_well("import", f"postfix:{tmp_path / 'postfix'}", "--format", "json")
    assert ["sales@example.com"] == [account["email"] for account in imported.document["accounts"]]
    assert CANARY not in imported.out + imported.err


def test_one_remark_for_what_many_accounts_have_in_common(bare: Project) -> None:
    """A hundred accounts with the same doubt are told in one remark, not in a hundred."""
    rows = "".join(f"u{n}@example.com,smtp.example.com,587,off,u{n}@example.com,x\n" for n in range(100))
    (bare.folder / "table.csv").write_text(f"email,host,port,encryption,username,password\n{rows}", encoding="utf-8")
    imported = bare.run_well("import", "table.csv", "--format", "json")
    assert ["settingUncertain"] == imported.codes
    assert 100 == len(imported.document["diagnostics"][0]["subjects"])
    assert 1 == len(imported.document["files"])
    assert "100 added" in bare.run_well("import", "table.csv").out.replace("as declared", "added")


def test_probing_asks_the_server_and_logs_in_nowhere(
    bare: Project, ca: TestCA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --probe the manifest has what the server speaks, contradictions are settled, and no login was tried."""
    (bare.folder / "ca.pem").write_text(ca.pem, encoding="utf-8")
    monkeypatch.setenv("SSL_CERT_FILE", str(bare.folder / "ca.pem"))
    context = ca.server_context("localhost")
    with (
        MailServer(encryption="tls", tls_context=context, users={"a": "x"}) as implicit,
        MailServer(tls_context=context, users={"b": "x"}) as explicit,
        MailServer(encryption="none", users={"c": "x"}) as plain,
    ):
        rows = "".join(
            f"{name}@example.com,localhost,{server.port},{word},{name}@example.com,x\n"
            for name, server, word in (("a", implicit, "tls"), ("b", explicit, "off"), ("c", plain, "off"))
        )
        (bare.folder / "table.csv").write_text(
            f"email,host,port,encryption,username,password\n{rows}", encoding="utf-8"
        )
        imported = bare.run_well("import", "table.csv", "--probe", "--format", "json")
        assert [0, 0, 0] == [each.login_attempts for each in (implicit, explicit, plain)]
    servers = {account["email"][0]: account["server"].partition(" ")[2] for account in imported.document["accounts"]}
    assert {"a": "(tls)", "b": "(starttls)", "c": "(starttls)"} == servers
    assert 3 == sum(
        len(each["subjects"]) or 1 for each in imported.document["diagnostics"] if each["code"] == "settingProbed"
    )


def test_secrets_go_into_a_file_that_git_does_not_see(bare: Project) -> None:
    """A dotenv file inside the repository is refused unless git ignores it; then it is its owner's alone, and loads."""
    git(bare.folder, "init", "-q")
    (bare.folder / "msmtprc").write_text(MSMTP.format(password=CANARY + " '#$"), encoding="utf-8")
    refused = bare.run("import", "msmtprc", "--secrets-to", "dotenv:secrets.env", "--format", "json")
    assert 1 == refused.code
    assert ["secretStoreRefused"] == refused.codes
    assert {} == manifests_of(bare)
    assert not (bare.folder / "secrets.env").exists()
    (bare.folder / ".gitignore").write_text("secrets.env\n", encoding="utf-8")
    refused = bare.run("import", "msmtprc", "--secrets-to", "dotenv:secrets.env", "--format", "json")
    assert (1, ["secretStoreRefused"]) == (refused.code, refused.codes), "no quoting holds both"
    assert {} == manifests_of(bare)
    (bare.folder / "msmtprc").write_text(MSMTP.format(password=CANARY + '"#$ `'), encoding="utf-8")
    imported = bare.run_well("import", "msmtprc", "--secrets-to", "dotenv:secrets.env")
    assert "set -a; . " in imported.out
    assert 0o600 == stat.S_IMODE((bare.folder / "secrets.env").stat().st_mode)
    loading = 'set -a; . ./secrets.env; printf %s "$SMTP_HELP_EXAMPLE_COM_PASSWORD"'
    loaded = subprocess.run(["sh", "-c", loading], cwd=bare.folder, capture_output=True, check=True, encoding="utf-8")
    assert CANARY + '"#$ `-2' == loaded.stdout


def test_a_secret_file_keeps_what_stands_there(bare: Project, tmp_path: Path) -> None:
    """Lines that are there stay, a variable that is there is not written again, and the mode is mended."""
    kept = tmp_path / "secrets.env"
    kept.write_text("# mine\nOTHER=1\nSMTP_SALES_EXAMPLE_COM_PASSWORD=mine", encoding="utf-8")
    (bare.folder / "msmtprc").write_text(MSMTP.format(password=CANARY), encoding="utf-8")
    bare.run_well("import", "msmtprc", "--secrets-to", f"dotenv:{kept}")
    text = kept.read_text(encoding="utf-8")
    assert text.startswith("# mine\nOTHER=1\nSMTP_SALES_EXAMPLE_COM_PASSWORD=mine\n")
    assert 1 == text.count("SMTP_SALES_EXAMPLE_COM_PASSWORD")
    assert f"SMTP_HELP_EXAMPLE_COM_PASSWORD={CANARY}-2\n" in text
    assert 0o600 == stat.S_IMODE(kept.stat().st_mode)


def test_secrets_go_to_a_command(bare: Project, tmp_path: Path) -> None:
    """A command gets each secret on standard input, by its key; the manifests name the project's source."""
    store = tmp_path / "store"
    store.mkdir()
    bare.write_project(f"secrets: {{sources: {{vault: {{command: [cat, '{store}/{{key}}']}}}}}}\n")
    (bare.folder / "msmtprc").write_text(MSMTP.format(password=CANARY), encoding="utf-8")
    bare.run_well("import", "msmtprc", "--secrets-to", f"exec:tee {store}/{{key}}")
    assert f"{CANARY}-3" == (store / "SMTP_BOSS_EXAMPLE_NET_PASSWORD").read_text(encoding="utf-8")
    assert "{vault: SMTP_BOSS_EXAMPLE_NET_PASSWORD}" in manifests_of(bare)["boss-example-net.yaml"]
    bare.run_well("validate")
    for path in (bare.folder / "accounts.d").glob("*"):
        path.unlink()
    failed = bare.run("import", "msmtprc", "--secrets-to", "exec:sh -c 'cat; cat >&2; exit 3'", "--format", "json")
    assert 1 == failed.code
    assert ["secretStoreRefused"] == failed.codes
    assert {} == manifests_of(bare)
    assert CANARY not in failed.out + failed.err


def test_what_is_declared_otherwise_is_left_alone(bare: Project) -> None:
    """The same address at the same server with another user name: the manifest stays, and the difference is told."""
    (bare.folder / "msmtprc").write_text(MSMTP.format(password=CANARY), encoding="utf-8")
    bare.run_well("import", "msmtprc")
    before = manifests_of(bare)
    (bare.folder / "msmtprc").write_text(
        MSMTP.format(password=CANARY).replace("user boss", "user chief"), encoding="utf-8"
    )
    imported = bare.run_well("import", "msmtprc", "--format", "json")
    assert before == manifests_of(bare)
    assert {"unchanged", "differs"} == {account["became"] for account in imported.document["accounts"]}
    assert ["accountDiffers"] == imported.codes


def test_names_and_variables_that_collide_are_numbered(bare: Project) -> None:
    """Addresses whose slugs are the same, and names that are taken, are numbered, and so are their variables."""
    bare.write_account(
        "taken",
        "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: a-b-example-com}\nspec: {host: x.example}\n",
    )
    rows = "a.b@example.com,one.example.com,x\na-b@example.com,two.example.com,x\n"
    (bare.folder / "table.csv").write_text(f"email,host,password\n{rows}", encoding="utf-8")
    imported = bare.run_well("import", "table.csv", "--format", "json")
    assert ["a-b-example-com-2", "a-b-example-com-3"] == [account["name"] for account in imported.document["accounts"]]
    assert 2 == len({secret["reference"] for secret in imported.document["secrets"]})


def test_one_account_of_a_source_and_standard_input(bare: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """#ACCOUNT takes one of many; - reads standard input; a wrong account names those that there are."""
    (bare.folder / "msmtprc").write_text(MSMTP.format(password=CANARY), encoding="utf-8")
    one = bare.run_well("import", "msmtp:msmtprc#boss", "--format", "json")
    assert ["boss-example-net"] == [account["name"] for account in one.document["accounts"]]
    wrong = bare.run("import", "msmtprc#bose")
    assert 1 == wrong.code
    assert "sales, help, boss" in wrong.err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(MSMTP.format(password=CANARY).encode())))
    rest = bare.run_well("import", "-", "--format", "json")
    assert ["added", "added", "unchanged"] == sorted(account["became"] for account in rest.document["accounts"])


HOSTILE: dict[str, tuple[bytes, str]] = {
    "not text": (b"SMTP_HOST=smtp.example.com\nSMTP_PASS=\xff\xfe", "not UTF-8"),
    "of no kind": (b"hello world\n", "none of the kinds"),
    "empty": (b"", "none of the kinds"),
    "document type": (b'<!DOCTYPE x [<!ENTITY a "b">]><clientConfig/>', "document type declaration"),
    "deep Python": (b"EMAIL_HOST = " + b"(" * 5000 + b")" * 5000, "sourceUnreadable"),
    "deep XML": (b"<clientConfig>" + b"<a>" * 100_000, "sourceUnreadable"),
}


@pytest.mark.parametrize("title", HOSTILE)
def test_hostile_sources_do_nothing_and_say_why(bare: Project, title: str) -> None:
    """What cannot be read ends with 1, says why, and leaves the manifests as they are."""
    content, told = HOSTILE[title]
    (bare.folder / "source").write_bytes(content)
    refused = bare.run("import", "source")
    assert 1 == refused.code
    assert told in " ".join((refused.out + refused.err).split())
    assert {} == manifests_of(bare)


def test_files_that_are_none_are_refused(bare: Project) -> None:
    """A file of 1 GB, a pipe, a folder, a missing file and an unknown kind end with 1 at once."""
    with (bare.folder / "huge.env").open("wb") as huge:
        huge.truncate(1024**3)
    os.mkfifo(bare.folder / "pipe")
    for written in ("huge.env", "dotenv:huge.env", "pipe", ".", "missing", "/dev/zero"):
        refused = bare.run("import", written, "--format", "json")
        assert (1, ["sourceUnreadable"]) == (refused.code, refused.codes), written
    assert ["sourceUnknown"] == bare.run("import", "--from", "pine", "huge.env", "--format", "json").codes
    assert 1 == bare.run("import", "--from", "msmtp", "dotenv:huge.env").code


@pytest.mark.parametrize(
    "written",
    [
        "smtp://anna:s3cret-word@mail.invalid", "smtpp://anna:s3cret-word@mail.invalid#x", "url:smtps://anna:s3cret-word@mail.invalid",
        "https://s3cret-word@mail.invalid/x", "anna:s3cret-word@mail.invalid:25", "smtp:anna:s3cret-word@mail.invalid",
    ],
)  # fmt: skip
def test_an_address_in_the_place_of_a_file_is_not_repeated(bare: Project, written: str) -> None:
    """What may hold a password is refused without it, and with the ways to hand it in."""
    refused = bare.run("import", written)
    assert (1, "") == (refused.code, refused.out)
    assert "s3cret-word" not in refused.err
    assert "reconciler import --from url -" in refused.err


@pytest.mark.parametrize("name", ["a:b@c.csv", "dir@host.csv"])
def test_a_file_may_be_called_like_an_address(bare: Project, name: str) -> None:
    """A file that is there is the one that is meant."""
    (bare.folder / name).write_text("email,host,password\na@example.com,smtp.example.com,x\n", encoding="utf-8")
    assert 1 == len(bare.run_well("import", f"csv:{name}", "--format", "json").document["accounts"])


def test_an_account_that_no_manifest_can_hold_is_told(bare: Project) -> None:
    """A host that is none and an address that is none are told, and the other accounts are taken."""
    rows = "a@example.com,not a host,x\nb@@example.com,smtp.example.com,x\nc@example.com,smtp.example.com,x\n"
    (bare.folder / "table.csv").write_text(f"email,host,password\n{rows}", encoding="utf-8")
    imported = bare.run_well("import", "table.csv", "--format", "json")
    became = [account["became"] for account in imported.document["accounts"]]
    assert ["added", "refused", "refused"] == sorted(became)
    assert {"accountNotTaken"} <= set(imported.codes)


@pytest.mark.parametrize(
    "words",
    [
        ("--secrets-to", "file:x"),
        ("--secrets-to", "dotenv:"),
        ("--secrets-to", "exec:cat"),
        ("--map", "nonsense"),
        ("--secrets-source", "nowhere"),
        ("--secrets-source", "nowhere", "--secrets-to", "dotenv:../secrets.env"),
        ("--secrets-source", "nowhere", "--secrets-to", "exec:cat"),
    ],
)
def test_wrong_options_are_told(bare: Project, words: tuple[str, ...]) -> None:
    """An option that cannot be meant ends with 1 before anything is read."""
    (bare.folder / "msmtprc").write_text(MSMTP.format(password=PASSWORD), encoding="utf-8")
    assert 1 == bare.run("import", "msmtprc", *words).code
    assert {} == manifests_of(bare)


def test_a_source_of_secrets_that_nothing_is_put_into_is_told(bare: Project) -> None:
    """--secrets-source is for what --secrets-to puts away; alone it would change nothing."""
    bare.write_project('secrets: {sources: {vault: {command: [vault, kv, get, "{key}"]}}}\n')
    (bare.folder / "msmtprc").write_text(MSMTP.format(password=PASSWORD), encoding="utf-8")
    refused = bare.run("import", "msmtprc", "--secrets-source", "vault")
    assert (1, {}) == (refused.code, manifests_of(bare))
    assert "Give --secrets-to dotenv:FILE or exec:COMMAND too." in " ".join(refused.err.split())
    misspelt = bare.run("import", "msmtprc", "--secrets-source", "valut", "--secrets-to", "exec:true")
    assert "Did you mean vault?" in " ".join(misspelt.err.split())


def test_columns_that_are_called_otherwise(bare: Project) -> None:
    """--map names the columns of a table whose titles say nothing."""
    (bare.folder / "table.csv").write_text("Von,Wohin,Losung\na@example.com,smtp.example.com,x\n", encoding="utf-8")
    assert 1 == bare.run("import", "--from", "csv", "table.csv").code
    mapped = "email=Von,host=Wohin,password=Losung"
    imported = bare.run_well("import", "--from", "csv", "table.csv", "--map", mapped, "--format", "json")
    assert ["a@example.com"] == [account["email"] for account in imported.document["accounts"]]


def test_the_names_of_a_table_are_taken(bare: Project) -> None:
    """The column of names gives the account its name, or its title where it can be none; in a second import too."""
    table = (
        "Name,E-Mail,Host\nsales-pl,sales@example.com,smtp.example.com\nBig News,news@example.com,smtp.example.org\n"
    )
    (bare.folder / "accounts.csv").write_text(table, encoding="utf-8")
    bare.run_well("import", "accounts.csv")
    written = "".join(path.read_text(encoding="utf-8") for path in sorted((bare.folder / "accounts.d").iterdir()))
    assert "  name: sales-pl\n" in written
    assert "  name: news-example-com\n  title: Big News\n" in written
    assert "2 as declared" in bare.run_well("import", "accounts.csv").out
