"""Secrets are read by reference, from where they may lie, once, and never from what is no plain file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from reconciler.secrets import SecretReader

if TYPE_CHECKING:
    from pathlib import Path

ALLOW = ("env:SMTP_*", "file:secrets/**")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a project folder with a folder of secrets."""
    (tmp_path / "mail" / "secrets").mkdir(parents=True)
    return tmp_path / "mail"


def read(folder: Path, reference: str, environ: dict[str, str] | None = None, *more: str) -> str:
    """Return the value of a reference, or the code of the problem in square brackets."""
    reading = SecretReader(folder, environ or {}, allowed=(*ALLOW, *more)).read([reference])
    if reference in reading.problems:
        assert reference not in reading.values
        return f"[{reading.problems[reference].code}]"
    return reading.values[reference].reveal()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3cret", "s3cret"),
        ("zażółć gęślą", "zażółć gęślą"),
        (" spaces kept ", " spaces kept "),
        ("one newline\n", "one newline"),
        ("and windows\r\n", "and windows"),
        ("", "[secretInvalid]"),
        ("\n", "[secretInvalid]"),
        ("two\nlines", "[secretInvalid]"),
        ("two newlines\n\n", "[secretInvalid]"),
        ("bell\a", "[secretInvalid]"),
        ("\udcff", "[secretInvalid]"),
    ],
)
def test_a_variable_is_taken_without_its_final_newline(folder: Path, text: str, expected: str) -> None:
    """A value is text without control characters; one final newline is not part of it."""
    assert expected == read(folder, "env:SMTP_A", {"SMTP_A": text})


def test_what_is_not_there_is_missing(folder: Path) -> None:
    """A variable or file that does not exist is a problem of its own, and no other reference suffers."""
    reader = SecretReader(folder, {"SMTP_B": "b"}, allowed=ALLOW)
    reading = reader.read(["env:SMTP_A", "env:SMTP_B", "file:secrets/a"])
    assert ["env:SMTP_B"] == list(reading.values)
    assert {"env:SMTP_A": "secretMissing", "file:secrets/a": "secretMissing"} == {
        reference: problem.code for reference, problem in reading.problems.items()
    }


def test_a_file_is_read_as_utf_8(folder: Path) -> None:
    """A file holds UTF-8 text of a reasonable size."""
    place = folder / "secrets" / "a"
    place.write_bytes("zażółć\n".encode())
    assert "zażółć" == read(folder, "file:secrets/a")
    place.write_bytes(b"\xff\xfe")
    assert "[secretInvalid]" == read(folder, "file:secrets/a")
    (problem,) = SecretReader(folder, {}, allowed=ALLOW).read(["file:secrets/a"]).problems.values()
    assert problem.detail == "What file:secrets/a holds is not UTF-8 text. Save the file as UTF-8."
    place.write_bytes(b"x" * (64 * 1024 + 1))
    assert "[secretMissing]" == read(folder, "file:secrets/a")


def test_what_is_no_plain_file_is_not_waited_for(folder: Path) -> None:
    """A pipe, a folder, a device and a loop of links are problems at once."""
    os.mkfifo(folder / "secrets" / "pipe")
    (folder / "secrets" / "folder").mkdir()
    (folder / "secrets" / "loop").symlink_to("loop")
    (folder / "secrets" / "device").symlink_to("/dev/zero")
    for name in ("pipe", "folder", "loop"):
        assert "[secretMissing]" == read(folder, f"file:secrets/{name}")
    assert "[secretMissing]" == read(folder, "file:secrets/nul\0l")
    assert "[secretMissing]" == read(folder, "file:secrets/device", None, "file:/dev/**")


@pytest.mark.parametrize("target", ["../../outside", "/etc/hostname", "../.reconciler/fingerprint.key"])
def test_a_link_counts_by_where_it_leads(folder: Path, target: str) -> None:
    """A link to what is not allowed is refused, inside the project folder too."""
    (folder / ".reconciler").mkdir()
    (folder / ".reconciler" / "fingerprint.key").write_text("00", encoding="ascii")
    (folder.parent / "outside").write_text("x", encoding="ascii")
    (folder / "secrets" / "link").symlink_to(target)
    assert "[secretNotAllowed]" == read(folder, "file:secrets/link")


def test_a_link_may_lead_to_what_is_allowed(folder: Path) -> None:
    """A link inside the allowed folder, and one to an absolute folder that is allowed, are followed."""
    (folder / "secrets" / "real").write_text("inside", encoding="ascii")
    (folder / "secrets" / "link").symlink_to("real")
    assert "inside" == read(folder, "file:secrets/link")
    outside = folder.parent / "run"
    outside.mkdir()
    (outside / "a").write_text("outside", encoding="ascii")
    (folder / "secrets" / "run").symlink_to(outside / "a")
    assert "outside" == read(folder, "file:secrets/run", None, f"file:{outside.resolve()}/**")


def test_a_secret_is_read_once(folder: Path) -> None:
    """A second reading of the same run gives what the first gave."""
    environ = {"SMTP_A": "first"}
    reader = SecretReader(folder, environ, allowed=ALLOW)
    assert "first" == reader.read(["env:SMTP_A"]).values["env:SMTP_A"].reveal()
    environ["SMTP_A"] = "second"
    assert "first" == reader.read(["env:SMTP_A"]).values["env:SMTP_A"].reveal()


def test_an_unknown_source_is_a_problem(folder: Path) -> None:
    """What is neither a variable nor a file cannot be read here."""
    assert "[unknownSecretSource]" == read(folder, "vault:mail/sales")
