"""Many accounts at once from a table, variables that collide, and passwords that different users share."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import PASSWORD, Project, command, environment

if TYPE_CHECKING:
    from pathlib import Path

TABLE = """name,email,display name,host,port,encryption,owner
sales,sales@example.com,Example Sales,smtp.example.com,587,starttls,anna@example.com
help,help@example.com,"Example, Help",smtp.example.com,465,ssl,
,office@example.com,,,,,
"""


def files_of(project: Project) -> list[str]:
    """Return the names of the manifest files."""
    return sorted(path.name for path in (project.folder / "accounts.d").iterdir())


def table(project: Project, text: str) -> str:
    """Write a table and return its path."""
    (project.folder / "table.csv").write_text(text, encoding="utf-8")
    return "table.csv"


def test_a_table_becomes_accounts(bare: Project) -> None:
    """Each line is an account; what it does not say the options say; without an owner an account is shared."""
    words = ("accounts", "add", "own", "--from-csv", table(bare, TABLE), "--preset", "fastmail", "--label", "team=x")
    assert 1 == bare.run(*words).code, "--preset and a host exclude each other"
    assert [] == files_of(bare)
    assert 1 == bare.run("accounts", "add", "own", "--from-csv", "table.csv").code, "the last line has no server"
    assert [] == files_of(bare)
    text = TABLE.replace("office@example.com,,,,,", "office@example.com,,smtp.example.net,,,")
    added = bare.run_well(
        "accounts", "add", "own", "--from-csv", table(bare, text), "--label", "team=x", "--format", "json"
    )
    assert ["help.yaml", "office-example-com.yaml", "sales.yaml"] == files_of(bare)
    assert ["sales", "help", "office-example-com"] == added.document["accounts"]
    assert [
        "env:SMTP_SALES_PASSWORD",
        "env:SMTP_HELP_PASSWORD",
        "env:SMTP_OFFICE_EXAMPLE_COM_PASSWORD",
    ] == added.document["secrets"]
    assert [] == bare.run_well("validate", "--format", "json").codes
    manifest = (bare.folder / "accounts.d" / "help.yaml").read_text(encoding="utf-8")
    assert "encryption: tls" in manifest
    assert "shared: true" in manifest
    assert "shared" not in (bare.folder / "accounts.d" / "sales.yaml").read_text(encoding="utf-8")


def test_all_of_a_table_or_nothing(bare: Project) -> None:
    """Everything that is wrong in a table is told at its line, and nothing is written."""
    rows = "email,host\na@example.com,smtp.example.com\nb@@example.com,smtp.example.com\nc@example.com,bad host\n"
    refused = bare.run("accounts", "add", "own", "--from-csv", table(bare, rows), "--format", "json")
    assert 1 == refused.code
    assert [3, 4] == sorted(problem["location"]["line"] for problem in refused.document["diagnostics"])
    assert [] == files_of(bare)
    twice = "name,email,host\na,a@example.com,smtp.example.com\na,b@example.com,smtp.example.com\n"
    refused = bare.run("accounts", "add", "own", "--from-csv", table(bare, twice), "--format", "json")
    assert (1, ["nameTaken"]) == (refused.code, refused.codes)


WRONG = """email,host,port,encryption,shared,preset,server,reply_to,labels,name
a@example.com,smtp.example.com,many,perhaps,maybe,,,,,
b@example.com,,,,,gmial,,,,
c,bad host,,,,,,,,
d@example.com,,,,,,nowhere,,,
e@example.com,smtp.example.com,,,,,,,team,
f@example.com,smtp.example.com,,,,,,,,,one cell too many
g@example.com,smtp.example.com,,,,,,,,G/G
h@example.com,smtp.example.com,,,,,,,,G-G
i@example.com,smtp.example.com,,,,,,,,right
j@example.com,smtp.example.com,,,,,,,,right
"""


def test_one_mistake_hides_no_other(bare: Project) -> None:
    """Mistakes of reading, of options, of names and of manifests are told at once, each at its line, by one code each."""
    refused = bare.run("accounts", "add", "own", "--from-csv", table(bare, WRONG), "--format", "json")
    told = sorted((each["location"]["line"], each["code"]) for each in refused.document["diagnostics"])
    assert told == [
        (2, "invalidValue"),  # the port
        (2, "invalidValue"),  # the encryption
        (2, "invalidValue"),  # shared
        (3, "invalidValue"),  # the preset
        (4, "invalidEmail"),
        (4, "invalidHost"),
        (5, "unknownServer"),
        (6, "invalidValue"),  # the label
        (7, "sourceUnreadable"),
        (8, "invalidName"),
        (9, "invalidName"),
        (11, "nameTaken"),
    ]
    assert (1, []) == (refused.code, files_of(bare))
    words = refused.document["diagnostics"]
    assert all(each["detail"].endswith("Nothing was written.") or "\n" in each["detail"] for each in words)


def test_every_unknown_column_is_told(bare: Project) -> None:
    """One column that is none does not hide the next."""
    refused = bare.run("accounts", "add", "own", "--from-csv", table(bare, "email,hots,ownr\n"), "--format", "json")
    assert ["sourceUnreadable", "sourceUnreadable"] == refused.codes
    assert all("Did you mean" in each["detail"] for each in refused.document["diagnostics"])


@pytest.mark.parametrize("words", [("import", "--from", "csv"), ("accounts", "add", "own", "--from-csv")])
@pytest.mark.parametrize("source", ["table.csv", "-"])
@pytest.mark.parametrize(
    ("octets", "line", "told"),
    [
        ("email,host\n".encode("utf-16"), None, "It is UTF-16 and not UTF-8."),
        ("email,host,display name\r\na@example.com,smtp.example.com,Zoë\r\n".encode("latin-1"), 2, "Latin-1"),
        (b"email,host\n" + b"x" * 5 * 1024 * 1024, None, "It is larger than 5 MiB"),
        (b'email,host\na@example.com,smtp.example.com\nb@example.com,"smtp\nc@example.com,smtp.example.com\n', 3, "see its quotes"),
        (b'email,host\na@example.com,"smtp".example.com\n', 2, "see its quotes"),
    ],
    ids=["utf-16", "latin-1", "large", "unclosed", "quoted in part"],
)  # fmt: skip
def test_what_is_no_table_says_where_and_what_to_do(
    bare: Project,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    source: str,
    octets: bytes,
    line: int | None,
    told: str,
) -> None:
    """Of a table in another encoding, too large or with quotes that do not fit nothing is dropped in silence, by either way."""
    (bare.folder / "table.csv").write_bytes(octets)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(octets)))
    refused = bare.run(*words, source, "--format", "json")
    (problem,) = [each for each in refused.document["diagnostics"] if each["severity"] == "error"]
    assert (1, "sourceUnreadable", line) == (refused.code, problem["code"], problem["location"]["line"])
    assert told in problem["detail"]


def test_one_file_for_all_and_standard_input(bare: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """--file takes all accounts into one new file, and - reads standard input."""
    rows = "email;host;username\na@example.com;smtp.example.com;a\nb@example.com;smtp.example.com;b\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(rows.encode())))
    bare.run_well("accounts", "add", "own", "--from-csv", "-", "--file", "accounts.d/team.yaml")
    assert ["team.yaml"] == files_of(bare)
    assert "Valid: 2 accounts." in bare.run_well("validate").out


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("email,host,password\na@example.com,h.example,x\n", "import csv:FILE"),
        ("email,host,colour\na@example.com,h.example,x\n", "There is no column colour"),
        ("email,host,ownr\na@example.com,h.example,x\n", "Did you mean owner?"),
        ("host\nh.example\n", "No column is called email"),
        ("email,host,port\na@example.com,h.example,many\n", "for the port is no number"),
        ("email,host,port,encryption\na@example.com,h.example,587,ssl\n", "ontradicts itself"),
        ("email,host,encryption\na@example.com,h.example,maybe\n", "Write starttls, tls or none."),
        ('email,host\n"a@example.com,h.example\n' + "x" * 200_000, "not one of a table"),
    ],
)
def test_a_table_that_cannot_be_meant(bare: Project, rows: str, told: str) -> None:
    """What a table must not have, or does not say in words that are known, is told with what to write."""
    refused = bare.run("accounts", "add", "own", "--from-csv", table(bare, rows))
    assert 1 == refused.code
    assert told in " ".join(refused.err.split())
    assert [] == files_of(bare)


def test_a_thousand_accounts_in_one_go(bare: Project) -> None:
    """A large table is read, validated and written once, not once for each line."""
    rows = "".join(f"u{n}@example.com,smtp.example.com,U {n}\n" for n in range(1000))
    bare.run_well("accounts", "add", "own", "--from-csv", table(bare, f"email,host,display name\n{rows}"))
    assert 1000 == len(files_of(bare))


def add(project: Project, name: str, *more: str) -> str:
    """Add an account and return what was told."""
    words = ("--email", f"{name}@example.com", "--display-name", "X", "--host", "smtp.example.com", "--shared")
    outcome = project.run_well("accounts", "add", "own", name, *words, *more)
    return outcome.out + outcome.err


def test_variables_that_collide_are_numbered(bare: Project) -> None:
    """sales.de, sales-de and sales_de would all have one variable: each has one of its own, and that is told."""
    add(bare, "sales.de")
    told = add(bare, "sales-de")
    assert "SMTP_SALES_DE_PASSWORD is the variable of sales.de already" in " ".join(told.split())
    assert "export SMTP_SALES_DE_PASSWORD_2=" in told
    assert "export SMTP_SALES_DE_PASSWORD_3=" in add(bare, "sales_de")
    assert [] == bare.run_well("validate", "--format", "json").codes
    rows = "name,email,host\na.b,a@example.com,h.example.com\na-b,b@example.com,h.example.com\n"
    added = bare.run_well("accounts", "add", "own", "--from-csv", table(bare, rows), "--format", "json")
    assert ["env:SMTP_A_B_PASSWORD", "env:SMTP_A_B_PASSWORD_2"] == added.document["secrets"]
    assert ["variableTaken"] == added.codes


def test_a_password_of_different_users_is_warned_of(bare: Project) -> None:
    """Validate warns where two user names have one reference; not for one user's two accounts, nor from a MailServer."""
    add(bare, "one", "--password-env", "SMTP_COMMON_PASSWORD")
    assert [] == bare.run_well("validate", "--format", "json").codes
    told = add(bare, "two", "--password-env", "SMTP_COMMON_PASSWORD")
    assert "all log in with env:SMTP_COMMON_PASSWORD" in " ".join(told.split())
    validated = bare.run_well("validate", "--format", "json")
    assert ["passwordShared"] == validated.codes
    assert ["one", "two"] == validated.document["diagnostics"][0]["subjects"]
    bare.remove_account("two")
    add(bare, "three", "--password-env", "SMTP_COMMON_PASSWORD", "--username", "one@example.com")
    assert [] == bare.run_well("validate", "--format", "json").codes
    bare.write_account(
        "office",
        "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: office}\n"
        "spec: {host: smtp.example.com, authentication: {username: '{email}', password: {env: SMTP_OFFICE}}}\n",
    )
    for name in ("four", "five"):
        words = ("--email", f"{name}@example.com", "--display-name", "X", "--server", "office", "--shared")
        bare.run_well("accounts", "add", "own", name, *words)
    assert [] == bare.run_well("validate", "--format", "json").codes


def test_adding_one_account_loads_no_database(project: Project, tmp_path: Path) -> None:
    """One account is added without what takes half of the time to load: the store's libraries, and those of the network."""
    script = (
        "import sys; from reconciler.cli.edge import run\n"
        "code = run(['accounts', 'add', 'own', 'x', '--email', 'x@example.com', '--display-name', 'X', '--host', 'h.example'])\n"
        "print(code, *sorted({'sqlite3', 'dns', 'cryptography', 'psycopg', 'jinja2'} & {each.partition('.')[0] for each in sys.modules}))"
    )
    ended = subprocess.run(
        [*command()[:1], "-c", script],
        cwd=project.folder,
        env=environment(),
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    assert "0" == ended.stdout.splitlines()[-1]
    assert PASSWORD not in ended.stdout
