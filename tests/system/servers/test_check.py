"""``check`` and ``verify`` with a manifest say the same of the same settings, at servers of every make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import Project
from tests.cli.test_check import checks_of
from tests.system.servers.test_settings import _ROWS, title_of
from tests.system.support.users import NOT_THE_PASSWORD, OPERATOR, SALES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.system.support.keys import Keys

CHANGES: Mapping[str, Mapping[str, Any]] = {
    "right": {},
    "wrong password": {"password": NOT_THE_PASSWORD},
    "wrong user name": {"username": "slaes@example.com"},
    "no login": {"username": None},
    "LOGIN": {"mechanism": "login"},
    "CRAM-MD5": {"mechanism": "cram-md5"},
    "foreign sender": {"email": "boss@example.com"},
    "foreign recipient": {"operator": "ops@example.org"},
    "unknown recipient": {"operator": "nobody@example.com"},
    "CA not trusted": {"trusts": False},
}
"""What of the right settings is otherwise, by the words of ``settings.csv``; the other situations are not of settings."""
ROWS = [row for row in _ROWS if row["situation"] in CHANGES]
_VARIABLE = "SMTP_SALES_PASSWORD"


@pytest.mark.parametrize("row", ROWS, ids=title_of)
def test_check_finds_what_verify_finds(
    server: Callable[[str], Mapping[str, int]],
    keys: Keys,
    row: Mapping[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Check by check, status, code and class are the same, and so is the exit code."""
    settings = {
        "username": SALES.name, "password": SALES.password, "email": SALES.name, "operator": OPERATOR,
        "mechanism": None, "trusts": True, **CHANGES[row["situation"]],
    }  # fmt: skip
    settings["trusts"] &= row["encryption"] != "none"
    port = server(row["server"])[row["listener"]]
    project = Project(tmp_path / "mail", monkeypatch, capsys)
    project.set_variable(_VARIABLE, settings["password"])
    (project.folder / "ca.pem").write_text(keys.ca_pem, encoding="utf-8")
    project.init()
    project.write_account("sales", manifest(port, row["encryption"], settings))
    depth = ("--depth", "message", "--operator", settings["operator"])
    verified = project.run("verify", *depth, "--format", "json")
    words = ["check", "--host", "localhost", "--port", str(port), "--encryption", row["encryption"], "--name", "sales"]
    words += ["--email", settings["email"], "--no-domain-checks", *depth, "--format", "json"]
    words += ["--ca-file", "ca.pem"] if settings["trusts"] else []
    words += ["--username", settings["username"], "--password-env", _VARIABLE] if settings["username"] else []
    words += ["--mechanism", settings["mechanism"]] if settings["mechanism"] else []
    checked = project.run(*words)
    assert checks_of(verified) == checks_of(checked)
    assert verified.code == checked.code


def manifest(port: int, encryption: str, settings: Mapping[str, Any]) -> str:
    """Return the manifest of these settings."""
    lines = ["host: localhost", f"port: {port}", f"encryption: {encryption}"]
    lines += ["caFile: ca.pem"] if settings["trusts"] else []
    if settings["username"]:
        mechanism = f"mechanism: {settings['mechanism']}, " if settings["mechanism"] else ""
        lines.append(f"authentication: {{{mechanism}username: {settings['username']}, password: {{env: {_VARIABLE}}}}}")
    smtp = "".join(f"    {line}\n" for line in lines)
    return (
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: sales}\n"
        f"spec:\n  email: {settings['email']}\n  displayName: sales\n  shared: true\n  smtp:\n{smtp}"
    )
