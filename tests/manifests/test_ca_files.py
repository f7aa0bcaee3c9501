"""Reading private CAs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trustme

from reconciler.manifests import read_ca_files
from reconciler.model.canonical import sha256_hex

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def pem() -> str:
    """Return a CA certificate."""
    return trustme.CA().cert_pem.bytes().decode()


def reason(root: Path, written: str) -> str:
    """Return why a CA file cannot be used."""
    usable, unusable = read_ca_files([written], root=root)
    assert usable == {}
    return unusable[written]


def test_a_usable_file(tmp_path: Path, pem: str) -> None:
    """A certificate comes with the digest of its text, by the path as written."""
    (tmp_path / "certs").mkdir()
    (tmp_path / "certs/internal.pem").write_text(pem)
    usable, unusable = read_ca_files(["certs/internal.pem", "./certs/internal.pem"], root=tmp_path)
    assert unusable == {}
    assert {path: ca.digest for path, ca in usable.items()} == dict.fromkeys(
        ["certs/internal.pem", "./certs/internal.pem"], "sha256:" + sha256_hex(pem)
    )


def test_line_ends_do_not_change_the_digest(tmp_path: Path, pem: str) -> None:
    """A checkout with Windows line ends is no new CA."""
    (tmp_path / "unix.pem").write_bytes(pem.encode())
    (tmp_path / "windows.pem").write_bytes(pem.replace("\n", "\r\n").encode())
    usable, _ = read_ca_files(["unix.pem", "windows.pem"], root=tmp_path)
    assert usable["unix.pem"].digest == usable["windows.pem"].digest


def test_a_missing_file(tmp_path: Path) -> None:
    """A missing file is named as missing."""
    assert "no such file" in reason(tmp_path, "certs/none.pem")


@pytest.mark.parametrize(
    "written", ["../outside.pem", "link.pem", "/etc/ssl/certs/ca-certificates.crt", "in/../../outside.pem"]
)
def test_a_file_outside_the_project(tmp_path: Path, written: str, pem: str) -> None:
    """A file outside the project folder is refused, by whatever way the path leads there."""
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "outside.pem").write_text(pem)
    (root / "link.pem").symlink_to("../outside.pem")
    assert "outside the project folder" in reason(root, written)


def test_a_link_in_a_circle(tmp_path: Path) -> None:
    """A link to itself is a reason, not a traceback."""
    (tmp_path / "loop.pem").symlink_to("loop.pem")
    assert "cannot be read" in reason(tmp_path, "loop.pem")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no certificate in PEM form"),
        (b"hello", "no certificate in PEM form"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate in PEM form"),
        ("żółw".encode(), "no certificate in PEM form"),
        (b"\x30\x82\xff", "not text"),
        (b"x" * (1024 * 1024 + 1), "larger than 1 MiB"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "private key"),
    ],
)
def test_unusable_content(tmp_path: Path, content: bytes, words: str) -> None:
    """What is no certificate is refused with the reason."""
    (tmp_path / "a.pem").write_bytes(content)
    assert words in reason(tmp_path, "a.pem")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """A folder is no CA file."""
    (tmp_path / "certs").mkdir()
    assert "cannot be read" in reason(tmp_path, "certs")
