"""What is recorded of a server's words: the same line that the model would write, and nothing of the credential."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.model.mail.sending import SendRecord
from reconciler.model.text.legible import Legible
from reconciler.sending import open_results
from tests.sending.letters import NOW, Bench, addresses, header
from tests.support.scripted import ScriptedServer, polite
from tests.support.spellings import SPELLINGS

if TYPE_CHECKING:
    from pathlib import Path

_PASSWORD = "canary-Sales-51c2e8"
_LETTERS = "canary-Sales-oncemore"
_WITHOUT_DIGITS = sorted(
    name for name, spell in SPELLINGS.items() if not any(each in "0123456789\n" for each in spell(_LETTERS))
)
_TEXTS = st.none() | st.text(st.characters(exclude_categories=()), max_size=12)


def _words(tmp_path: Path, reply: str, count: int = 2) -> list[str]:
    """Return the words recorded of messages that a server takes so; the first was taken in other words."""
    with ScriptedServer(polite({".": ["250 2.0.0 Ok: queued as 4XyZ11", reply]})) as server:
        bench = Bench(port=server.port, path=tmp_path / "r", username="anna", password=_PASSWORD)
        end, records = bench.run(addresses(count))
    assert "complete" == end.ending
    return [each["words"] for each in records if each["outcome"] == "accepted"]


@pytest.mark.parametrize("spelling", sorted(SPELLINGS))
def test_an_echo_in_what_names_the_message_is_not_recorded(tmp_path: Path, spelling: str) -> None:
    """Whoever takes a message and calls it by our password in one spelling is recorded without those words."""
    written = SPELLINGS[spelling](_PASSWORD)
    recorded = _words(tmp_path, f"250 2.0.0 Ok: queued as {written}7")[-1]
    assert written not in recorded
    assert not Legible([_PASSWORD]).in_text(recorded)


@pytest.mark.parametrize("spelling", _WITHOUT_DIGITS)
def test_an_echo_beside_the_name_is_not_recorded(tmp_path: Path, spelling: str) -> None:
    """What stands beside the name of a message is read in every way, as all other replies are, where it has no digit."""
    letters, written = _LETTERS, SPELLINGS[spelling](_LETTERS)
    with ScriptedServer(polite({".": f"250 2.0.0 Ok: {written} queued as 4XyZ11"})) as server:
        bench = Bench(port=server.port, path=tmp_path / "r", username="anna", password=letters)
        _, records = bench.run(addresses(1))
    assert not Legible([letters]).in_text(json.dumps(records))


def test_the_words_of_each_message_are_recorded(tmp_path: Path) -> None:
    """After a login the server's words stand there, with the name of each message."""
    expected = ["2.0.0 Ok: queued as 4XyZ11", "2.0.0 Ok: queued as 4XyZ12"]
    assert expected == _words(tmp_path, "250 2.0.0 Ok: queued as 4XyZ12")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    contact=st.text(max_size=12), words=_TEXTS, name=_TEXTS, second=st.integers(0, 59), micro=st.integers(0, 999_999)
)
def test_a_line_is_that_of_the_model(
    tmp_path: Path, contact: str, words: str | None, name: str | None, second: int, micro: int
) -> None:
    """Whatever a contact and a server say, the line is what ``SendRecord`` writes and reads."""
    at = datetime(2026, 6, 1, 8, 0, second, micro, tzinfo=UTC)
    record = SendRecord(line=2, contact=contact, outcome="accepted", queue_id=name, words=words, at=at)
    path = tmp_path / "r"
    path.unlink(missing_ok=True)
    with open_results(path, header(at=NOW)) as results:
        results.record(record)
    line = path.read_bytes().splitlines()[-1]
    assert line.isascii()
    try:
        expected = json.loads(record.model_dump_json(by_alias=True, exclude_none=True))
    except ValueError:  # half of a surrogate pair
        return
    assert expected == json.loads(line)
    assert record == SendRecord.model_validate_json(line)
