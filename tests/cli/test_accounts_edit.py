"""``accounts add``, ``delete`` and ``rename``: what they write, what they say, and what they refuse."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
from typing import TYPE_CHECKING

import pytest

from reconciler.diagnostics import CODES
from reconciler.model.servers.presets import PRESETS
from tests.cli.project import Project, command, environment, marketing_account, own_account
from tests.support.chains import Issued

if TYPE_CHECKING:
    from pathlib import Path

OWN = ("accounts", "add", "own")
WHO = ("--email", "sales@example.com", "--display-name", "Example Sales")
HOST = ("--host", "smtp.example.com")


def manifest(project: Project, name: str) -> str:
    """Return the text of a manifest file."""
    return (project.folder / "accounts.d" / f"{name}.yaml").read_text(encoding="utf-8")


def everything(project: Project) -> dict[str, bytes]:
    """Return every manifest file with its octets."""
    folder = project.folder / "accounts.d"
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def answer(folder: Path, words: tuple[str, ...], answers: str) -> tuple[int, str]:
    """Run a command on a terminal, with the answers typed ahead; return its exit code and what it wrote."""
    ours, theirs = pty.openpty()
    os.write(ours, answers.encode())
    running = subprocess.Popen(
        command(*words),
        cwd=folder,
        env=environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    written = b""
    with contextlib.suppress(OSError):  # Linux ends a terminal whose other side has closed with EIO
        while octets := os.read(ours, 65536):
            written += octets
    os.close(ours)
    return running.wait(30), written.decode().replace("\r\n", "\n")


def test_an_own_account_is_added(bare: Project) -> None:
    """The new manifest is short and valid, names a reference for the password, and the next command is told."""
    told = bare.run_well(*OWN, "sales-pl", *WHO, *HOST, "--shared")
    expected = (
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata:\n  name: sales-pl\nspec:\n  email: sales@example.com\n"
        "  displayName: Example Sales\n  shared: true\n  smtp:\n    host: smtp.example.com\n    authentication:\n"
        '      username: "{email}"\n      password: {env: SMTP_SALES_PL_PASSWORD}\n'
    )
    assert expected == manifest(bare, "sales-pl")
    assert "    export SMTP_SALES_PL_PASSWORD=…\n" in told.out
    assert told.out.endswith("    reconciler plan --target sales-pl\n")
    assert "Valid: 1 account.\n" == bare.run_well("validate").out
    assert not bare.state_file.exists()


def test_every_field_has_a_flag(bare: Project) -> None:
    """All that a manifest of an own account can say can be said by flags."""
    (bare.folder / "ca.pem").write_text("", encoding="utf-8")
    words = (
        *("--port", "2525", "--encryption", "starttls", "--helo-name", "mail.example.com", "--mechanism", "plain"),
        *("--username", "u ser", "--password-file", "secrets/sales", "--title", "Sprzedaż: Polska", "--owner", "anna"),
        *("--label", "team=sales", "--label", "x=1", "--annotation", "runbook=https://example.com/#a"),
        *("--prevent-delete", "--reply-to", "help@example.com", "--reply-to-name", "Help", "--proxy-type", "socks5"),
        *("--proxy-host", "proxy.example.com", "--proxy-port", "1080", "--proxy-username", "m"),
        *("--proxy-password-env", "SMTP_PROXY", "--proxy-local-dns"),
    )
    bare.run_well(*OWN, "sales", *WHO, *HOST, *words)
    text = manifest(bare, "sales")
    assert '  title: "Sprzedaż: Polska"\n  owner: anna\n  labels:\n    team: sales\n    x: "1"\n' in text
    assert '  annotations: {runbook: "https://example.com/#a"}\n  preventDelete: true\n' in text
    assert "  replyTo:\n    email: help@example.com\n    displayName: Help\n" in text
    assert "      mechanism: plain\n      username: u ser\n      password: {file: secrets/sales}\n" in text
    assert "    username: m\n    password: {env: SMTP_PROXY}\n    remoteDns: false\n" in text
    assert "Valid: 1 account.\n" == bare.run_well("validate").out


def test_what_is_trusted_and_shown_is_written_by_flags(bare: Project) -> None:
    """The pin of the server's certificate, and the client's own, whose key is a secret that is told like others."""
    client = Issued.root("Example Clients").issue("sales.example.com")
    (bare.folder / "client.pem").write_text(client.pem, encoding="utf-8")
    pin, own = ("--certificate", f"sha256:{'a' * 64}"), ("--client-certificate-file", "client.pem")
    told = bare.run_well(*OWN, "sales", *WHO, *HOST, "--shared", *pin, *own, "--client-key-env", "SMTP_SALES_KEY")
    written = (
        f'    host: smtp.example.com\n    certificate: "sha256:{"a" * 64}"\n    clientCertificate:\n'
        "      certFile: client.pem\n      key: {env: SMTP_SALES_KEY}\n"
    )
    assert written in manifest(bare, "sales")
    assert "    export SMTP_SALES_KEY=…\n" in told.out
    assert "Valid: 1 account.\n" == bare.run_well("validate").out
    bare.run_well(*OWN, "other", *WHO, *HOST, "--shared", *own, "--client-key-file", "secrets/other.key")
    assert "      key: {file: secrets/other.key}\n" in manifest(bare, "other")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--client-certificate-file", "client.pem"), "--client-key-env"),
        (("--client-key-env", "SMTP_KEY"), "--client-certificate-file"),
        (("--client-key-env", "A", "--client-key-from", "vault:b"), "exclude each other"),
        (("--client-key-from", "vault"), "--client-key-from takes SOURCE:KEY"),
        (("--certificate", "ab:cd"), "--certificate is not a fingerprint"),
        (("--client-certificate-file", "none.pem", "--client-key-env", "SMTP_KEY"), "no such file"),
    ],
)
def test_half_a_certificate_is_not_written(bare: Project, flags: tuple[str, ...], words: str) -> None:
    """What is missing or too much is told by the options' names, and nothing is written."""
    refused = bare.run(*OWN, "sales", *WHO, *HOST, "--shared", *flags)
    assert (1, {}) == (refused.code, everything(bare))
    assert words in " ".join(refused.err.split())


def test_oauth2_is_written_by_flags(bare: Project) -> None:
    """The way to an access token stands in the manifest, its secrets by reference; each of them is told."""
    flags = ("--oauth2-token-url", "https://login.example.com/t", "--oauth2-client-id", "c1", "--oauth2-scope", "a b")
    more = ("--oauth2-client-secret-env", "SMTP_A", "--oauth2-refresh-token-env", "SMTP_B", "--mechanism", "xoauth2")
    told = bare.run_well(*OWN, "sales", *WHO, *HOST, *flags, *more)
    assert "    export SMTP_A=…\n    export SMTP_B=…\n" in told.out
    assert "        clientSecret: {env: SMTP_A}\n        refreshToken: {env: SMTP_B}\n" in manifest(bare, "sales")


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_gives_a_valid_manifest(bare: Project, preset: str) -> None:
    """With a preset, an account needs no more than its provider cannot know."""
    row = PRESETS[preset]
    more = [*(["--username", "user"] if row.username is None else [])]
    more += ["--region", "eu-west-1"] if row.has_regions and row.default_region is None else []
    told = bare.run_well(*OWN, "sales", *WHO, "--preset", preset, *more)
    assert f"    host: {row.host_in('eu-west-1' if more[2:] else None)}\n" in manifest(bare, "sales")
    assert row.title in told.out
    credential = "accessToken: {env: SMTP_SALES_TOKEN}" if row.credential == "token" else "password: {env: SMTP_SALES"
    assert credential in manifest(bare, "sales")
    assert "Valid: 1 account.\n" == bare.run_well("validate").out


def test_a_mail_server_gives_what_it_has(bare: Project) -> None:
    """Of a MailServer with a user name only the password is added; of one without a login nothing."""
    text = "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {{name: {0}}}\nspec: {{host: {0}.example.com{1}}}\n"
    bare.write_account("office", text.format("office", ", authentication: {mechanism: auto, username: '{email}'}"))
    bare.write_account("relay", text.format("relay", ""))
    bare.run_well(*OWN, "sales", *WHO, "--server", "office")
    bare.run_well(*OWN, "bulk", *WHO, "--server", "relay")
    expected = "  smtp:\n    server: office\n    authentication:\n      password: {env: SMTP_SALES_PASSWORD}\n"
    assert manifest(bare, "sales").endswith(expected)
    assert manifest(bare, "bulk").endswith("  smtp: {server: relay}\n")
    missing = bare.run(*OWN, "x", *WHO, "--server", "offce")
    assert (1, "") == (missing.code, missing.out)
    assert "Did you mean office?" in missing.err


def test_a_marketing_account_is_added_to_a_file(bare: Project) -> None:
    """With --file a document is put behind those of a file, whose octets stay; the file keeps its mode."""
    first = "# ours\r\n" + marketing_account("news").replace("\n", "\r\n")
    path = bare.folder / "accounts.d" / "all.yaml"
    path.write_bytes(first.encode())
    path.chmod(0o640)
    words = (
        "--email",
        "b@example.com",
        "--display-name",
        "B",
        "--override-from-email",
        "keeper",
        "--on-invalid",
        "skip",
    )
    bare.run_well("accounts", "add", "marketing", "blog", *words, "--file", "accounts.d/all.yaml")
    text = path.read_bytes().decode()
    assert text.startswith(first + "---\r\napiVersion: reconciler/v1\r\nkind: MarketingAccount\r\n")
    assert text.endswith("  overrideFrom:\r\n    emailDetail: keeper\r\n    onInvalid: skip\r\n")
    assert text.count("\n") == text.count("\r\n")
    assert 0o640 == path.stat().st_mode & 0o777


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        ((), "NAME, --email, --display-name, one of --preset, --server, --host and --discover"),
        (("x", "--email", "a@example.com", "--host", "h.example.com"), "--display-name"),
        (("x", *WHO, "--preset", "gmial"), "Did you mean gmail?"),
        (("x", *WHO, "--preset", "amazon-ses"), "--region"),
        (("x", *WHO, "--preset", "postmark"), "--username"),
        (("x", *WHO, "--preset", "gmail", "--region", "eu"), "no regions"),
        (("x", *WHO, *HOST, "--region", "eu"), "--preset"),
        (("x", *WHO, "--preset", "gmail", "--server", "s"), "--preset and --server both"),
        (("x", *WHO, "--preset", "gmail", *HOST), "--preset and --host both"),
        (("x", *WHO, *HOST, "--no-login", "--username", "u"), "--no-login"),
        (("x", *WHO, *HOST, "--password-env", "A", "--password-file", "b"), "keep one"),
        (("x", *WHO, *HOST, "--password-from", "vault"), "SOURCE:KEY"),
        (("x", *WHO, *HOST, "--label", "team"), "KEY=VALUE"),
        (("x", *WHO, *HOST, "--proxy-host", "p.example.com"), "--proxy-type"),
    ],
)
def test_what_is_missing_is_named(bare: Project, words: tuple[str, ...], needed: str) -> None:
    """In a pipe nobody is asked: the flags that are needed are named, and nothing is written."""
    told = bare.run(*OWN, *words)
    assert (1, "") == (told.code, told.out)
    assert needed in " ".join(told.err.split())
    assert {} == everything(bare)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("Sales", *WHO, *HOST), "invalidName"),
        (("../x", *WHO, *HOST), "invalidName"),
        (("a" * 300, *WHO, *HOST), "invalidName"),  # longer than a file may be called
        (("x", *WHO, "--preset", "zoho", "--region", "a b"), "badUsage"),
        (("x", "--email", "not an address", "--display-name", "A", *HOST), "invalidEmail"),
        (("x", "--email", "a@example.com", "--display-name", "A\nB: c", *HOST), "controlCharacter"),
        (("x", *WHO, "--host", "a b"), "invalidHost"),
        (("x", *WHO, *HOST, "--port", "0"), "invalidValue"),
        (("x", *WHO, *HOST, "--password-env", "HOME"), "secretNotAllowed"),
        (("x", *WHO, *HOST, "--title", "\udcff"), "notUtf8"),
        (("x", *WHO, *HOST, "--file", "x.yaml"), "manifestNotEditable"),
        (("x", *WHO, *HOST, "--file", "accounts.d/../../x.yaml"), "manifestNotEditable"),
        (("x", *WHO, *HOST, "--file", "accounts.d/x.txt"), "manifestNotEditable"),
        (("x", *WHO, *HOST, "--file", "accounts.d/.x.yaml"), "manifestNotEditable"),
    ],
)  # fmt: skip
def test_what_would_not_be_valid_is_not_written(bare: Project, words: tuple[str, ...], code: str) -> None:
    """The manifest is validated before it is written, and its file must be one that is read."""
    assert code in CODES
    told = bare.run(*OWN, *words, "--format", "json")
    assert 1 == told.code
    assert code in told.codes
    assert {} == everything(bare)


@pytest.mark.parametrize("file", ["accounts.d/here.yaml", "accounts.d/link/x.yaml", "accounts.d/.link/x.yaml"])
def test_links_are_not_followed(bare: Project, file: str) -> None:
    """Nothing is written through a link: what lies behind it is not what a reviewer sees."""
    elsewhere = bare.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "there.yaml").write_text("# there\n", encoding="utf-8")
    (bare.folder / "accounts.d" / ".link").symlink_to(elsewhere)
    place = bare.folder / file
    if place.parent.name == "link":
        place.parent.symlink_to(elsewhere)
    elif place.name == "here.yaml":
        place.symlink_to(elsewhere / "there.yaml")
    told = bare.run(*OWN, "x", *WHO, *HOST, "--file", file, "--format", "json")
    assert 1 == told.code
    assert {"manifestNotEditable", "fileUnreadable"} & set(told.codes)
    assert [b"# there\n"] == [path.read_bytes() for path in elsewhere.iterdir()]


def test_a_linked_manifest_is_not_renamed_or_deleted(bare: Project) -> None:
    """An account behind a link inside the project is read, and edited by hand only."""
    target = bare.folder / "news.yaml"
    target.write_text(marketing_account("news"), encoding="utf-8")
    (bare.folder / "accounts.d" / "news.yaml").symlink_to(target)
    for words in (("delete", "news"), ("rename", "news", "b")):
        assert ["manifestNotEditable"] == bare.run("accounts", *words, "--format", "json").codes
    assert marketing_account("news") == target.read_text(encoding="utf-8")


def test_a_taken_name_is_refused(bare: Project) -> None:
    """A name that any manifest has is refused, with the place where it stands."""
    bare.write_account("sales", own_account("sales", 25))
    before = everything(bare)
    told = bare.run(*OWN, "sales", *WHO, *HOST, "--format", "json")
    assert (1, ["nameTaken"]) == (told.code, told.codes)
    assert "accounts.d/sales.yaml:1:1" in told.document["diagnostics"][0]["detail"]
    assert before == everything(bare)


def test_what_is_missing_is_asked_for_on_a_terminal(bare: Project) -> None:
    """On a terminal each missing part is a question; a password is not among them."""
    answers = "sales\nsales@example.com\nExample Sales\namazon-ses\neu-west-1\nAKIAEXAMPLE\n\n"
    code, written = answer(bare.folder, OWN, answers)
    assert 0 == code, written
    assert "Provider, or the mail server's host name: " in written
    assert "Region: " in written
    assert "host: email-smtp.eu-west-1.amazonaws.com\n" in manifest(bare, "sales")
    assert "username: AKIAEXAMPLE\n" in manifest(bare, "sales")
    assert "Owner, whose view shows it (Enter for none): " in written
    assert ("owner" in manifest(bare, "sales"), "  shared: true\n" in manifest(bare, "sales")) == (False, True)
    assert "Nobody sees this account" not in written


@pytest.mark.parametrize("shared", [(), ("--shared",)], ids=["private", "shared"])
def test_the_owner_is_asked_for_where_anything_is(bare: Project, shared: tuple[str, ...]) -> None:
    """The answer becomes metadata.owner; where all is given nobody is asked, and --owner is not asked for again."""
    code, written = answer(bare.folder, (*OWN, *WHO, *HOST, *shared), "sales\nanna\n")
    assert 0 == code, written
    assert "  name: sales\n  owner: anna\n" in manifest(bare, "sales")
    assert "Nobody sees this account" not in written
    code, written = answer(bare.folder, (*OWN, *WHO, *HOST, *shared, "--owner", "ben"), "more\n")
    assert (0, False) == (code, "Enter for none" in written), written
    code, written = answer(bare.folder, (*OWN, "whole", *WHO, *HOST, *shared), "")
    assert (0, False) == (code, "Enter for none" in written), written


def test_a_wrong_answer_is_asked_for_again(bare: Project) -> None:
    """What cannot be a name or an address is told at its own question, before anything else is asked."""
    code, written = answer(
        bare.folder, ("accounts", "add", "marketing"), "\nNo Name\nnews\nx.example.com\nx@example.com\nN\n"
    )
    assert 0 == code, written
    assert 2 == written.count("Name (a-z")
    assert "Error: This is not a name: 1 to 63 characters" in written
    assert "Error: This is not one e-mail address: it has no @." in written
    assert "name: news\n" in manifest(bare, "news")


OPTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "a name before the address": (("--email", "Example Sales <sales@example.com>"), "--email sales@example.com --display-name 'Example Sales'"),
    "a link": (("--email", "mailto:sales@example.com"), "--email sales@example.com"),
    "a wide @": (("--email", "sales\uff20example.com"), "--email sales@example.com"),
    "an address as the name in EHLO": (("--helo-name", "https://mail.example.com/x"), "--helo-name mail.example.com"),
    "a name before the reply-to": (("--reply-to", "Help <help@example.com>"), "--reply-to help@example.com --reply-to-name Help"),
    "a proxy as an address": (("--proxy-type", "socks5", "--proxy-port", "1080", "--proxy-host", "socks5.example.com:1080"), "--proxy-type socks5 --proxy-host socks5.example.com --proxy-port 1080"),
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_as_other_tools_have_it_is_answered_in_options(bare: Project, name: str) -> None:
    """What is written on a command line is answered with what to write there, and not with lines of a manifest."""
    words, expected = OPTIONS[name]
    who = WHO if "--email" not in words else ("--display-name", "X")
    host = HOST if "--host" not in words else ()
    told = bare.run(*OWN, "x", *who, *host, *words)
    assert (1, {}) == (told.code, everything(bare))
    assert expected in [line.strip() for line in told.err.splitlines()]
    assert "spec." not in told.err


@pytest.mark.parametrize(
    ("host", "lines"),
    [
        ("smtps://smtp.example.com", ["encryption: tls"]),
        ("smtp.example.com:465", ["port: 465", "encryption: tls"]),
        ("smtp.example.com.", []),
        ("smtp.example.com ", []),
    ],
)
def test_a_pasted_host_is_understood(bare: Project, host: str, lines: list[str]) -> None:
    """An address, a host with its port, a dot or a space behind it: the option takes what the question takes."""
    bare.run_well(*OWN, "x", *WHO, "--host", host)
    for line in ("host: smtp.example.com", *lines):
        assert f"    {line}\n" in manifest(bare, "x")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("SalesDE", "salesde"), ("Vertrieb-S\u00fcd", "vertrieb-sued"), ("a@example.com", "a-example.com")],
)
def test_a_name_that_is_none_is_answered_with_the_nearest(bare: Project, name: str, nearest: str) -> None:
    """Capitals and umlauts are the usual reason."""
    told = bare.run(*OWN, name, *WHO, *HOST)
    assert (1, {}) == (told.code, everything(bare))
    assert told.err.splitlines()[-1].strip() == nearest


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--port", "smtps"), "Write --port 465 --encryption tls"),
        (("--port", "587/tcp"), "Write --port 587"),
        (("--port", "0"), "--port must be at least 1."),
        (("--port", "99999"), "--port must be at most 65535."),
        (("--encryption", "ssl"), "ssl is none of starttls, tls, none. Write --encryption tls"),
        (("--encryption", "SSL/TLS"), "Write --encryption tls"),
        (("--encryption", "quantum"), "is not one of"),
        (("--proxy-port", ":1080"), "Write --proxy-port 1080"),
    ],
)
def test_a_choice_of_another_tool_is_answered(bare: Project, words: tuple[str, ...], expected: str) -> None:
    """Ports by name and words for encryption are told as what they are here."""
    told = bare.run(*OWN, "x", *WHO, *HOST, *words)
    assert (1, {}) == (told.code, everything(bare))
    assert expected in " ".join(told.err.split())


def test_a_server_is_taken_as_it_was_pasted(bare: Project) -> None:
    """At the question a host with its port, or an address, gives both, and the encryption where it says so."""
    code, written = answer(bare.folder, (*OWN, "sales", *WHO), "smtps://smtp.example.com:2465/\nanna\n")
    assert 0 == code, written
    assert all(
        f"    {line}\n" in manifest(bare, "sales")
        for line in ("host: smtp.example.com", "port: 2465", "encryption: tls")
    )


def test_an_answer_as_other_tools_have_it_is_told_what_to_write(bare: Project) -> None:
    """The nearest name and the address alone stand beside the question."""
    answers = "\nS\u00fcd\nsued\nNews <news@example.com>\nnews@example.com\nNews\n"
    code, written = answer(bare.folder, ("accounts", "add", "marketing"), answers)
    assert 0 == code, written
    assert "two dots in a row. Write sued" in " ".join(written.split())
    assert "between them. Write news@example.com" in " ".join(written.split())


def test_a_problem_of_what_was_not_written_has_no_place(bare: Project) -> None:
    """No file and line are named where there are none, and it says that nothing was written."""
    told = bare.run(*OWN, "x", "--email", "x.example.com", "--display-name", "X", *HOST)
    assert (1, {}) == (told.code, everything(bare))
    assert "[invalidEmail]" in told.err
    assert "Nothing was written." in " ".join(told.err.split())
    assert "-->" not in told.err


def test_ctrl_d_at_a_question_writes_nothing(bare: Project) -> None:
    """Who gives up at a question leaves everything as it was."""
    code, _ = answer(bare.folder, ("accounts", "add", "marketing"), "\nnews\n\x04")
    assert 130 == code
    assert {} == everything(bare)


def test_deleting_shows_in_the_plan(project: Project) -> None:
    """The document goes from the manifests alone; the plan then deletes the account."""
    project.write_account("all", f"# All.\n\n{marketing_account('news')}---\n{marketing_account('blog')}")
    project.run_well("apply", "--auto-approve")
    told = project.run_well("accounts", "delete", "news")
    assert "Removed the marketing account news from accounts.d/all.yaml.\n" in told.out
    assert f"# All.\n\n---\n{marketing_account('blog')}" == manifest(project, "all")
    assert {"news", "blog"} == project.statuses().keys()
    planned = project.run("plan", "--format", "json").document
    assert [("delete", "news")] == [(change["action"], change["name"]) for change in planned["changes"]]


def test_deleting_the_only_document_removes_the_file(bare: Project) -> None:
    """A file that holds nothing else goes with its account."""
    bare.write_account("news", marketing_account("news"))
    document = bare.run_well("accounts", "delete", "news", "--format", "json").document
    assert "delete" == document["action"]
    assert "accounts.d/news.yaml" == document["file"]
    assert document["wholeFile"] is True
    assert {} == everything(bare)


def test_deleting_a_protected_account_tells_what_the_plan_will_say(project: Project) -> None:
    """The protection is in state: the plan refuses, and the command says so beforehand."""
    project.write_account("news", marketing_account("news", metadata="preventDelete: true"))
    project.write_account("blog", marketing_account("blog"))
    project.run_well("apply", "--auto-approve")
    told = project.run_well("accounts", "delete", "news")
    assert "[protectedAccount]" in told.err
    assert 4 == project.run("plan").code


@pytest.mark.parametrize("verb", ["delete", "rename"])
def test_an_account_that_no_manifest_declares(project: Project, verb: str) -> None:
    """A misspelt name gets the nearest; what is in state alone, and what is no account, is told apart."""
    project.write_account("news", marketing_account("news"))
    project.write_account("blog", marketing_account("blog"))
    server = "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: office}\nspec: {host: a.example.com}\n"
    project.write_account("office", server)
    project.run_well("apply", "--auto-approve")
    project.remove_account("blog")
    more = ("other",) if verb == "rename" else ()
    before = everything(project)
    told = {name: project.run("accounts", verb, name, *more) for name in ("nwes", "blog", "office")}
    assert {1} == {outcome.code for outcome in told.values()}
    assert "Did you mean news?" in told["nwes"].err
    assert "state alone" in told["blog"].err
    assert "MailServer" in told["office"].err
    assert before == everything(project)


def test_renaming_shows_as_one_rename_in_the_plan(project: Project) -> None:
    """The name and the previous name change, and nothing else in the file."""
    text = marketing_account("news").replace("metadata: {name: news}", "metadata:\n    name: news   # ours\n")
    path = project.write_account("news", text)
    project.run_well("apply", "--auto-approve")
    told = project.run_well("accounts", "rename", "news", "newsletter")
    expected = text.replace("name: news   # ours\n", "name: newsletter   # ours\n    previousName: news\n")
    assert expected == path.read_text(encoding="utf-8")
    assert "previousName news." in told.out
    changes = project.run_well("plan", "--format", "json").document["changes"]
    assert [("rename", "newsletter", "news")] == [
        (change["action"], change["name"], change["previousName"]) for change in changes
    ]


def test_renaming_twice_keeps_the_name_that_state_has(project: Project) -> None:
    """Before apply the first previous name stays, and back to it none is needed; after apply it is a new one."""
    path = project.write_account("news", marketing_account("news"))
    original = path.read_text(encoding="utf-8")
    project.run_well("apply", "--auto-approve")
    for old, new, previous in (("news", "b", "news"), ("b", "c", "news"), ("c", "news", None), ("news", "d", "news")):
        document = project.run_well("accounts", "rename", old, new, "--format", "json").document
        assert (previous, []) == (document["previousName"], document["diagnostics"])
        if previous is None:
            assert original == path.read_text(encoding="utf-8")
    project.run_well("apply", "--auto-approve")
    assert "d" == project.run_well("accounts", "rename", "d", "e", "--format", "json").document["previousName"]
    assert {"rename": 1} == {
        key: count
        for key, count in project.run_well("plan", "--format", "json").document["summary"].items()
        if count and key != "unchanged"
    }


def test_a_previous_name_that_cannot_be_checked_is_told(bare: Project) -> None:
    """Without state nobody knows whether the earlier rename was applied: the plan is to be looked at."""
    bare.write_account("news", marketing_account("news", metadata="previousName: old"))
    told = bare.run_well("accounts", "rename", "news", "b")
    assert "[previousNameKept]" in told.err
    assert "previousName: news" in told.err
    assert "previousName: old" in manifest(bare, "news")


def test_renaming_onto_a_taken_or_bad_name_is_refused(project: Project) -> None:
    """A name that is taken, the same, or no name changes nothing."""
    project.write_account("news", marketing_account("news"))
    project.write_account("blog", marketing_account("blog"))
    before = everything(project)
    codes = {
        new: project.run("accounts", "rename", "news", new, "--format", "json").codes
        for new in ("blog", "news", "No Name")
    }
    assert {"blog": ["nameTaken"], "news": ["nameTaken"], "No Name": ["invalidName"]} == codes
    assert before == everything(project)


def test_the_name_of_a_renamed_account_is_taken_until_apply(project: Project) -> None:
    """A new account under the name that another one is leaving would stand in the way of the rename."""
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve")
    project.run_well("accounts", "rename", "news", "b")
    told = project.run("accounts", "add", "marketing", "news", *WHO, "--format", "json")
    assert ["nameTaken"] == told.codes


def test_a_problem_elsewhere_does_not_stop_an_edit(bare: Project) -> None:
    """What is wrong in another file was so before; what the edit itself would break stops it."""
    bare.write_account("bad", marketing_account("bad").replace("news@example.com", "nobody"))
    bare.write_account("news", marketing_account("news"))
    bare.run_well("accounts", "rename", "news", "b")
    bare.run_well("accounts", "delete", "bad")
    assert ["news.yaml"] == list(everything(bare))


def test_a_folder_that_cannot_be_written_is_told(bare: Project) -> None:
    """What the operating system refuses is a problem with a place, and the file is as it was."""
    path = bare.write_account("news", marketing_account("news"))
    (bare.folder / "accounts.d" / "sub").write_text("", encoding="utf-8")
    told = bare.run(*OWN, "x", *WHO, *HOST, "--file", "accounts.d/sub/x.yaml", "--format", "json")
    assert (1, ["manifestUnwritable"]) == (told.code, told.codes)
    assert marketing_account("news") == path.read_text(encoding="utf-8")


def test_renaming_back_without_state_is_right_either_way(bare: Project) -> None:
    """Whether the first rename was applied is not known here: the previous name that is left fits both."""
    bare.write_account("news", marketing_account("news"))
    bare.run_well("accounts", "rename", "news", "b")
    document = bare.run_well("accounts", "rename", "b", "news", "--format", "json").document
    assert ("b", []) == (document["previousName"], document["diagnostics"])


def test_deleting_what_was_never_applied_leaves_nothing_to_do(project: Project) -> None:
    """An account that state does not have needs no plan; one that has its previous name does."""
    project.write_account("news", marketing_account("news"))
    assert "nothing to apply" in project.run_well("accounts", "delete", "news").out
    project.write_account("news", marketing_account("news", metadata="preventDelete: true"))
    project.run_well("apply", "--auto-approve")
    project.run_well("accounts", "rename", "news", "b")
    told = project.run_well("accounts", "delete", "b")
    assert told.out.endswith("    reconciler plan --target news\n")
    assert "[previousNameKept]" in told.err
    assert "[protectedAccount]" in told.err


def test_a_misspelt_provider_is_not_taken_for_a_host(bare: Project) -> None:
    """An answer without a dot that is near a provider's name, or that is no host name, is told and asked for again."""
    code, written = answer(bare.folder, (*OWN, "x", *WHO), "gmial\nx@example.com\ngmail\n\n")
    assert 0 == code, written
    assert "Did you mean gmail?" in written
    assert "Error: This is not a host name" in written
    assert "host: smtp.gmail.com\n" in manifest(bare, "x")


@pytest.mark.parametrize("words", [("delete", ""), ("rename", "", "news")])
def test_an_empty_name_is_told_as_one(bare: Project, words: tuple[str, ...]) -> None:
    """A name that a script left empty is no misspelt one."""
    told = bare.run("accounts", *words)
    assert 1 == told.code
    assert "An empty word was given in the place of a name" in told.err
    assert "called ." not in told.err
