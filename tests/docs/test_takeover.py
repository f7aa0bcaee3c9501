"""A team's accounts, out of real configurations, are verified and recorded in five commands, as the page shows it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.cli.project import environment
from tests.docs.takeover import COMMANDS, COUNTS, PAGE, take_over, users_of, with_transcript

if TYPE_CHECKING:
    from pathlib import Path


def test_150_accounts_over_four_providers_in_five_commands(tmp_path: Path) -> None:
    """From init to applied: every account logged in, one message a provider and domain was sent, and the page shows it all."""
    taken = take_over(tmp_path)
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_transcript(page, taken.transcript)
    assert len(COMMANDS) <= 5
    assert COUNTS == taken.logins
    assert 150 == sum(COUNTS.values())
    assert dict.fromkeys(COUNTS, 1) == taken.messages
    listed = subprocess.run(
        [sys.executable, "-m", "reconciler", "accounts", "list", "--status", "active", "--format", "csv"],
        cwd=tmp_path / "mail",
        env=environment(),
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    assert 151 == len(listed.stdout.splitlines())
    passwords = [password for provider in COUNTS for password in users_of(provider).values()]
    written = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "mail" / "accounts.d").iterdir())
    assert [] == [password for password in passwords if password in written + taken.transcript]
