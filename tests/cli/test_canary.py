"""A canary: no password is found in any file or output, in any form, whatever fails."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import OPERATOR, USER, VARIABLE, Project, marketing_account, own_account
from tests.support.mailserver import MailServer, Refusals
from tests.support.scripted import POLITE, ScriptedServer, polite

if TYPE_CHECKING:
    from pathlib import Path

RIGHT = "canary-Right-7f3a9c"
WRONG = "canary-Wrong-51e8d2"
IN_FILE = "canary-File-c04b6e"
COMMANDS = (
    ("validate",),
    ("plan", "--out", "plan.json"),
    ("plan", "--format", "json"),
    ("show", "plan.json"),
    ("show", "plan.json", "--format", "json"),
    ("apply", "plan.json"),
    ("verify",),
    ("verify", "--format", "json"),
    ("apply", "--auto-approve", "--format", "json"),
    ("apply", "--auto-approve", "--hold-failing"),
    ("apply", "--auto-approve", "--override-verification", "wrong=because"),
    ("accounts", "list"),
    ("accounts", "list", "--format", "json"),
    ("accounts", "list", "--format", "csv"),
    ("accounts", "show", "right"),
    ("accounts", "show", "right", "--format", "json"),
    ("accounts", "show", "wrong", "--format", "json"),
    ("history",),
    ("history", "--format", "json"),
    ("journal", "check"),
    ("plan", "--nope"),
)


def forms_of(password: str) -> list[bytes]:
    """Return the password as it could be written: plain, in base64 at each offset, in hexadecimal, backwards."""
    plain = password.encode()
    shifted = [base64.b64encode(b"\0" * pad + plain)[4 if pad else 0 : -4] for pad in range(3)]
    return [plain, plain.hex().encode(), plain[::-1], base64.b64encode(f"\0{USER}\0{password}".encode()), *shifted]


def find(content: bytes, passwords: tuple[str, ...]) -> list[bytes]:
    """Return the forms of the passwords that occur in the content."""
    return [form for password in passwords for form in forms_of(password) if form in content]


def files_below(folder: Path) -> dict[str, bytes]:
    """Return the content of every file."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_no_command_and_no_file_tells_a_password(project: Project) -> None:
    """A password, right, wrong or from a file, occurs in no output or file but the one it was put into."""
    (project.folder / "secrets").mkdir()
    secret_file = project.folder / "secrets" / "filed"
    secret_file.write_text(IN_FILE, encoding="utf-8")
    project.set_variable(VARIABLE, RIGHT)
    project.set_variable("SMTP_WRONG_PASSWORD", WRONG)
    users = {USER: RIGHT, "filed@example.com": IN_FILE}
    with MailServer(encryption="none", users=users) as server, MailServer(encryption="none", users=users) as other:
        project.write_account("right", own_account("right", server))
        project.write_account("wrong", own_account("wrong", other, secret="{env: SMTP_WRONG_PASSWORD}"))
        filed = own_account("filed", server, secret="{file: secrets/filed}", username="filed@example.com")
        project.write_account("filed", filed)
        project.write_account("news", marketing_account("news"))
        codes = set()
        for words in COMMANDS:
            outcome = project.run(*words)
            codes.add(outcome.code)
            assert [] == find((outcome.out + outcome.err).encode(), (RIGHT, WRONG, IN_FILE)), words
    assert {0, 1, 3} <= codes
    assert {"filed": "active", "news": "pending", "right": "active", "wrong": "unverified"} == project.statuses()
    secret_file.unlink()
    for name, content in files_below(project.folder).items():
        assert [] == find(content, (RIGHT, WRONG, IN_FILE)), name


@pytest.mark.parametrize("command", ["AUTH", "MAIL", "RCPT"])
@pytest.mark.parametrize("mechanism", ["plain", "login"])
def test_an_echoed_password_is_masked(project: Project, command: str, mechanism: str) -> None:
    """A server that says the password back, plain and in base64, does not get it into any output or file."""
    project.set_variable(VARIABLE, RIGHT)
    login = base64.b64encode(f"\0{USER}\0{RIGHT}".encode()).decode()
    alone = base64.b64encode(RIGHT.encode()).decode()
    script = polite({**POLITE, command: f"535 5.7.8 no, not {RIGHT} nor {login} nor {alone}"})
    with ScriptedServer(script) as server:
        project.write_account("echo", own_account("echo", server.port, mechanism=mechanism))
        for words in COMMANDS:
            outcome = project.run(*words)
            assert [] == find((outcome.out + outcome.err).encode(), (RIGHT,)), words
    for name, content in files_below(project.folder).items():
        assert [] == find(content, (RIGHT,)), name


def test_a_reply_with_the_password_of_another_account_is_masked(project: Project) -> None:
    """Refusals that quote the login are masked for each account by its own password."""
    project.set_variable(VARIABLE, RIGHT)
    refusals = Refusals(wrong_login=f"535 5.7.8 {WRONG} is wrong", recipients={OPERATOR: f"550 5.7.1 {RIGHT}"})
    with MailServer(encryption="none", users={USER: RIGHT}, refusals=refusals) as server:
        project.write_account("right", own_account("right", server))
        outcome = project.run("apply", "--auto-approve")
    assert 3 == outcome.code
    assert [] == find((outcome.out + outcome.err).encode(), (RIGHT,))


def test_a_fault_of_our_own_tells_no_value(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected exception that carries a password is reported by its type and place alone."""
    project.set_variable(VARIABLE, RIGHT)

    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError(RIGHT)

    monkeypatch.setattr("reconciler.operations.validation.read_desired", fail)
    monkeypatch.setattr("reconciler.operations.drafts.draft.read_desired", fail)
    for words in (("plan",), ("plan", "--format", "json"), ("validate",)):
        outcome = project.run(*words)
        assert 1 == outcome.code
        assert "RuntimeError" in outcome.out + outcome.err
        assert [] == find((outcome.out + outcome.err).encode(), (RIGHT,))
