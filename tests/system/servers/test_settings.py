"""Settings, right and wrong, at servers of other makes: what must pass passes, and each mistake gets its word.

``settings.csv`` has a row for each; a new one needs no Python where its situation is known.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.system.accounts import check_account, sender
from tests.system.support.users import SALES
from tests.verification.targets import failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.verification import Finding
    from tests.system.support.keys import Keys

SITUATIONS: Mapping[str, Mapping[str, Any]] = {
    "right": {},
    "wrong password": {"has_right_secret": False},
    "wrong user name": {"username": "slaes@example.com"},
    "no login": {"user": None, "senders": (sender(SALES.name),)},
    "LOGIN": {"mechanism": "login"},
    "CRAM-MD5": {"mechanism": "cram-md5"},
    "XOAUTH2": {"mechanism": "xoauth2"},
    "foreign sender": {"senders": (sender("boss@example.com"),)},
    "sender of another domain": {"senders": (sender("sales@example.org"),)},
    "sender nowhere": {"senders": (sender("sales@nowhere.invalid"),)},
    "foreign recipient": {"operator": "ops@example.org"},
    "unknown recipient": {"operator": "nobody@example.com"},
    "blocked sender": {"user": None, "senders": (sender("blocked@example.com"),)},
    "full mailbox": {"operator": "full@example.com"},
    "greylisted": {"operator": "grey@example.com"},
    "name in EHLO": {"helo_name": "build-7f9"},
    "CA not trusted": {"ca_pem": None},
}
"""What an account has, by the words for it; several are joined by a plus sign."""
PRESENTED = {
    "client certificate": "good",
    "foreign client certificate": "strange",
    "ended client certificate": "expired",
}
"""Of ``Keys`` what the client shows, by the same words."""
_COLUMNS = ("server", "listener", "encryption", "situation", "check", "code", "class", "words")
_TABLE = Path(__file__).with_name("settings.csv").read_text(encoding="utf-8")
_ROWS = list(csv.DictReader(_TABLE.splitlines(), delimiter="|"))


def check(port: int, row: Mapping[str, str], keys: Keys) -> Finding:
    """Verify the account that a row describes."""
    changes: dict[str, Any] = {"ca_pem": keys.ca_pem, "encryption": row["encryption"], "timeout_seconds": 6}
    for situation in row["situation"].split(" + "):
        presented = PRESENTED.get(situation)
        changes |= SITUATIONS[situation] if presented is None else {"presented": keys.presented(presented)}
    return check_account(port, **changes)


def title_of(row: Mapping[str, str]) -> str:
    """Return what a row's test is called by."""
    return "-".join(row[name] for name in _COLUMNS[:4])


@pytest.mark.parametrize("row", _ROWS, ids=title_of)
def test_each_setting_gets_its_word(
    server: Callable[[str], Mapping[str, int]], keys: Keys, row: Mapping[str, str]
) -> None:
    """Right settings pass; of wrong ones the check, the code, whether it lasts, and the words to act upon are told."""
    finding = check(server(row["server"])[row["listener"]], row, keys)
    if row["code"] == "passed":
        assert "passed" == finding.verification.status, finding.verification.checks
        return
    failed = failure(finding)
    assert row["check"] == failed.check, failed.message
    assert row["code"] == failed.code, failed.message
    assert row["class"] == failed.class_, failed.message
    assert [] == [each for each in row["words"].split(" / ") if each not in failed.message], failed.message


def test_each_server_has_right_settings_too() -> None:
    """Nothing is said to work because it always fails: each server has settings that pass."""
    passing = {row["server"] for row in _ROWS if row["code"] == "passed"}
    assert {row["server"] for row in _ROWS} == passing
