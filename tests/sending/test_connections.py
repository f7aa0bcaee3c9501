"""Several connections at once: each contact once, none twice, one end for all; and what is claimed ahead of sending."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.mail.sending import SendRecord
from reconciler.sending import Pacing, Patience, Rate, open_results, send_to_all
from reconciler.sending.results import boot_id
from tests.sending.letters import NOW, Bench, addresses, cards_of, header
from tests.support.mailserver import MailServer
from tests.support.scripted import POLITE, SILENCE, ScriptedServer, polite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.sending import Card, RunEnd


def send_over(bench: Bench, connections: int, count: int) -> RunEnd:
    """Send to so many contacts over so many connections."""

    @contextmanager
    def cards() -> Iterator[Iterator[Card]]:
        yield iter(cards_of(addresses(count)))

    with open_results(bench.path, header()) as results:
        return send_to_all(cards, results, replace(bench.sending(), connections=connections))


def raw_records(path: Path) -> list[SendRecord]:
    """Return every record of a results file."""
    return [SendRecord.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]


def test_several_connections_send_to_each_contact_once(tmp_path: Path) -> None:
    """Four connections with a login each share the contacts, and each contact gets one message."""
    with MailServer(encryption="none", users={"anna": "s3cret"}) as server:
        bench = Bench(port=server.port, path=tmp_path / "r", username="anna", password="s3cret")
        assert "complete" == send_over(bench, 4, 200).ending
        assert Counter(addresses(200)) == Counter(a for message in server.messages for a in message.recipients)
        assert 4 == server.connections
        assert 4 == server.login_attempts
    assert {"accepted"} == set(bench.outcomes().values())


def test_deferred_contacts_are_tried_again_over_all_connections(tmp_path: Path) -> None:
    """What one turn deferred the next one sends, each once."""
    with ScriptedServer(polite({"RCPT": ["450 4.2.0 later"] * 10 + ["250 ok"]})) as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        assert "complete" == send_over(bench, 3, 30).ending
        assert dict.fromkeys(addresses(30), "accepted") == bench.outcomes()
        assert 30 == server.received(b"DATA")


def test_what_stops_one_connection_stops_all(tmp_path: Path) -> None:
    """A sender that is refused ends the run on every connection; nobody is recorded as refused for it."""
    with ScriptedServer(polite({"MAIL": ["250 ok"] * 6 + ["550 5.7.1 not you"]})) as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        end = send_over(bench, 3, 100)
        assert end.stopped is not None
        assert ("stopped", True) == (end.ending, "not you" in str(end.stopped))
        assert {"accepted"} == set(bench.outcomes().values())
        assert 6 >= len(bench.outcomes())


def test_what_is_not_accepted_is_counted_over_all_connections(tmp_path: Path) -> None:
    """A row of refusals stops the run, whichever connection met them."""
    with ScriptedServer(polite({"RCPT": "550 5.1.1 no such user"})) as server:
        bench = Bench(port=server.port, path=tmp_path / "r", pacing=Pacing(stop_after=9))
        end = send_over(bench, 3, 100)
        assert "stopped" == end.ending
        assert 9 <= len(bench.outcomes()) < 9 + 3


def test_the_rate_is_that_of_all_connections(tmp_path: Path) -> None:
    """With one a second, five messages over three connections take four seconds at least."""
    with MailServer(encryption="none") as server:
        bench = Bench(port=server.port, path=tmp_path / "r", rate=Rate.parse("1/second"))
        send_over(bench, 3, 5)
        assert 5 == len(server.messages)
        assert 4.0 <= bench.clock.at - 1000.0


def test_what_the_watch_raises_ends_every_connection(tmp_path: Path) -> None:
    """An account that may not go on stops all connections before the end of their next message."""

    class WithdrawnError(Exception):
        pass

    with MailServer(encryption="none") as server:

        def watch() -> None:
            if len(server.messages) >= 10:
                raise WithdrawnError

        bench = Bench(port=server.port, path=tmp_path / "r", watch=watch)
        with pytest.raises(WithdrawnError):
            send_over(bench, 3, 200)
        assert 10 <= len(server.messages) < 10 + 3
        assert len(server.messages) == list(bench.outcomes().values()).count("accepted")


def test_many_are_claimed_before_they_are_sent_to_and_none_stays_so(tmp_path: Path) -> None:
    """A long run claims contacts ahead; each is claimed before it is attempted, and at its end none is only claimed."""
    with MailServer(encryption="none") as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        send_over(bench, 1, 150)
    stages: dict[int, list[str]] = {}
    for record in raw_records(bench.path):
        stages.setdefault(record.line, []).append(record.outcome)
    alone, ahead = ["attempting", "accepted"], ["claimed", "attempting", "accepted"]
    assert [alone] * 32 == [stages[line] for line in range(2, 34)]
    if boot_id() is not None:
        assert [ahead] * 100 == [stages[line] for line in range(52, 152)]


def test_what_was_claimed_in_vain_is_released(tmp_path: Path) -> None:
    """A run that stops while contacts are claimed releases them, and the next one sends to them."""
    with ScriptedServer(polite({"MAIL": ["250 ok"] * 40 + ["550 5.7.1 not you", "250 ok"]})) as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        assert "stopped" == send_over(bench, 1, 80).ending
        assert "claimed" not in {last(bench.path)[line] for line in last(bench.path)}
        assert "complete" == send_over(bench, 1, 80).ending
        assert dict.fromkeys(addresses(80), "accepted") == bench.outcomes()
        assert 80 == server.received(b"DATA")


def last(path: Path) -> dict[int, str]:
    """Return the last stage of each line."""
    return {record.line: record.outcome for record in raw_records(path)}


@pytest.mark.parametrize(
    ("boot", "is_in_doubt"),
    [("another start of the machine", True), (None, True), ("this one", False)],
)
def test_what_was_claimed_is_in_doubt_only_where_the_machine_was_started_anew(
    tmp_path: Path, boot: str | None, *, is_in_doubt: bool
) -> None:
    """After a kill claimed contacts are sent to; after a loss of power nobody knows, and they are named and left alone."""
    if boot_id() is None:
        pytest.skip("the system does not tell its starts apart")
    with MailServer(encryption="none") as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        send_over(bench, 1, 1)
        claim = SendRecord(line=3, contact="contact-2@example.net", outcome="claimed", boot=boot or None, at=NOW)
        if boot == "this one":
            claim = claim.model_copy(update={"boot": boot_id()})
        with bench.path.open("a", encoding="ascii") as file:
            file.write(json.dumps(claim.model_dump(mode="json", by_alias=True, exclude_none=True)) + "\n")
        with open_results(bench.path, header()) as results:
            assert is_in_doubt == ([3] == [each.line for each in results.in_flight])
        send_over(bench, 1, 3)
        expected = Counter(addresses(3))
        if is_in_doubt:
            del expected["contact-2@example.net"]
        assert expected == Counter(a for message in server.messages for a in message.recipients)
    assert ("unknown" if is_in_doubt else "accepted") == bench.outcomes()["contact-2@example.net"]


def test_an_attempt_after_a_claim_was_used_up_is_on_the_disk_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim covers one attempt: the next one of the same contact waits for the disk."""
    synced: list[int] = []
    with open_results(tmp_path / "r", header()) as results:
        monkeypatch.setattr("os.fsync", synced.append)
        results.claim([(2, "a@example.net"), (3, "b@example.net")], at=NOW)
        for count, stage in ((1, "attempting"), (1, "deferred"), (2, "attempting"), (2, "accepted")):
            results.record(SendRecord(line=2, contact="a@example.net", outcome=stage, at=NOW))  # type: ignore[arg-type]
            assert count == len(synced) or boot_id() is None
        results.record(SendRecord(line=9, contact="c@example.net", outcome="attempting", at=NOW))
        assert 3 == len(synced) or boot_id() is None


def test_a_silent_server_does_not_hold_up_the_other_connections(tmp_path: Path) -> None:
    """While one connection waits for its answer, the others send on; its contact alone is of unknown fate."""
    with ScriptedServer(polite({".": [SILENCE, POLITE["."]]})) as server:
        patience = Patience(opening_seconds=5, message_seconds=5, answer_seconds=1.0)
        bench = Bench(port=server.port, path=tmp_path / "r", patience=patience)
        assert "complete" == send_over(bench, 2, 20).ending
    assert {"accepted": 19, "unknown": 1} == dict(Counter(bench.outcomes().values()))
