"""No secret of a manifest is one of our own keys, however its value is written."""

from __future__ import annotations

import base64
import codecs
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from reconciler.secrets import SecretReader
from reconciler.secrets.ownkeys import OwnKeys, own_variables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OCTETS = bytes.fromhex("9c1d5e8f027b4a6390d8e1f2c3b4a59687786950413223140f1e2d3c4b5a6978")
TEXT = "plan-key-of-example-8d2f-417c-a11b"
WAYS: dict[str, Callable[[bytes], str]] = {
    "hexadecimal": lambda octets: octets.hex(),
    "hexadecimal in capitals": lambda octets: octets.hex().upper(),
    "hexadecimal with colons": lambda octets: octets.hex(":"),
    "hexadecimal with 0x": lambda octets: f"0x{octets.hex()}",
    "hexadecimal backwards": lambda octets: octets.hex()[::-1],
    "base64": lambda octets: base64.b64encode(octets).decode(),
    "base64 without padding": lambda octets: base64.b64encode(octets).decode().rstrip("="),
    "base64 of URLs": lambda octets: base64.urlsafe_b64encode(octets).decode(),
    "base64 backwards": lambda octets: base64.b64encode(octets).decode()[::-1],
    "base64 of base64": lambda octets: base64.b64encode(base64.b64encode(octets)).decode(),
    "base64 of hexadecimal": lambda octets: base64.b64encode(octets.hex().encode()).decode(),
    "hexadecimal of hexadecimal": lambda octets: octets.hex().encode().hex(),
    "base32": lambda octets: base64.b32encode(octets).decode(),
    "base85": lambda octets: base64.b85encode(octets).decode(),
    "escapes": lambda octets: "".join(f"\\x{each:02x}" for each in octets),
    "percent": lambda octets: "".join(f"%{each:02X}" for each in octets),
    "rot13 of hexadecimal": lambda octets: codecs.encode(octets.hex(), "rot13"),
    "spaced": lambda octets: " ".join(octets.hex()),
    "within a line": lambda octets: f"KEY={octets.hex()} # of the state",
    "within a line, base64": lambda octets: f"key: {base64.b64encode(octets).decode()}",
    "Latin-1": lambda octets: octets.decode("latin-1"),
}
ROWS = [(name, key) for name in WAYS for key in (OCTETS, TEXT.encode(), OCTETS.hex().encode())]


@pytest.mark.parametrize(("way", "key"), ROWS, ids=[f"{name} {len(key)}" for name, key in ROWS])
def test_a_key_is_known_in_every_encoding(way: str, key: bytes) -> None:
    """A key is known as text, encoded once or twice, turned round, and within something longer."""
    assert OwnKeys([b"something else of thirty-two octets", key]).is_in(WAYS[way](key))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "hunter2",
        "x" * 64,
        TEXT[:-4],
        OCTETS.hex()[:40],
        "0123456789abcdef" * 4,
        base64.b64encode(b"y" * 48).decode(),
    ],
)
def test_other_values_are_free(value: str) -> None:
    """A password is none of our business, nor is one that has a beginning of a key."""
    assert not OwnKeys([OCTETS, TEXT.encode()]).is_in(value)


def test_without_keys_every_value_is_free() -> None:
    """Where there is nothing to keep, nothing is looked through."""
    assert not OwnKeys([]).is_in(TEXT)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("RECONCILER_PLAN_KEY", TEXT, TEXT),
        ("RECONCILER_DATABASE_PASSWORD", "hunter2hunter2", "hunter2hunter2"),
        ("RECONCILER_DATABASE_PASSWORD", "hunter2", None),
        ("RECONCILER_OPERATOR", "operator@example.com", None),
        ("RECONCILER_TRUST_PROJECT", "never-never", None),
        ("RECONCILER_STATE", "sqlite:///state.db", None),
        (
            "RECONCILER_STATE",
            f"postgresql://mail:{quote('hunter2/hunter2', safe='')}@db.example.com/mail",
            "hunter2/hunter2",
        ),
        ("RECONCILER_STATE", "postgresql://mail:x@[db", None),
        ("SMTP_PASSWORD", TEXT, None),
    ],
)
def test_what_our_variables_hold_is_kept(name: str, text: str, expected: str | None) -> None:
    """Secret variables are kept, and of the state's address its password; what everybody may know is not."""
    assert ([expected.encode()] if expected else []) == list(own_variables({name: text}))


def test_a_short_one_is_found_as_the_whole_value_alone(tmp_path: Path) -> None:
    """A password of ours of few characters may stand within another's by chance."""
    environ = {"SMTP_A": "hunter2hunter2", "SMTP_B": "hunter2hunter2-and-more", "SMTP_C": "aHVudGVyMmh1bnRlcjI="}
    reader = SecretReader(tmp_path, environ, allowed=("env:SMTP_*",), own_keys=lambda: [b"hunter2hunter2"])
    reading = reader.read(["env:SMTP_A", "env:SMTP_B", "env:SMTP_C"])
    assert {"env:SMTP_A": "secretIsKey", "env:SMTP_C": "secretIsKey"} == {
        name: problem.code for name, problem in reading.problems.items()
    }


def test_the_refusal_does_not_repeat_the_value(tmp_path: Path) -> None:
    """It names the reference alone; the key itself can still be read as a key."""
    reader = SecretReader(tmp_path, {"SMTP_A": TEXT}, allowed=("env:*",), own_keys=lambda: [TEXT.encode()])
    problem = reader.read(["env:SMTP_A"]).problems["env:SMTP_A"]
    assert TEXT not in str(problem)
    assert ["env:SMTP_A"] == list(reader.read_key("env:SMTP_A").values)
    assert {} == reader.read(["env:SMTP_A"]).values
