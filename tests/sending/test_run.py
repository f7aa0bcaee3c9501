"""A run against real servers: one connection, what is tried again, what stops, and what is never sent twice."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from reconciler.model.mail.contacts import BrokenLine
from reconciler.sending import Pacing, Patience, Rate
from reconciler.sending.line import queue_id
from tests.sending.letters import Bench, addresses
from tests.support.mailserver import MailServer, Refusals
from tests.support.scripted import CLOSE, SILENCE, ScriptedServer, polite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def scripted(instead: Mapping[str, str | Sequence[str]]) -> ScriptedServer:
    """Return a server that is polite but for some replies."""
    return ScriptedServer(polite(instead))


def recipients(server: MailServer) -> Counter[str]:
    """Return how often each address got a message."""
    return Counter(address for message in server.messages for address in message.recipients)


def test_one_connection_and_one_login_serve_all(tmp_path: Path) -> None:
    """Fifty messages go over one connection with one login, each to its own contact."""
    with MailServer(encryption="none", users={"anna": "s3cret"}) as server:
        bench = Bench(port=server.port, path=tmp_path / "r", username="anna", password="s3cret")
        end, records = bench.run(addresses(50))
        assert "complete" == end.ending
        assert 1 == server.connections
        assert 1 == server.login_attempts
        assert Counter(addresses(50)) == recipients(server)
        assert {"sales@example.com"} == {message.envelope_from for message in server.messages}
        assert ["attempting", "accepted"] * 50 == [record["outcome"] for record in records]
        assert {"TEST4711"} == {record["queueId"] for record in records if record["outcome"] == "accepted"}


def test_a_body_s_lines_arrive_as_they_are(tmp_path: Path) -> None:
    """A line that begins with a dot, and one that is a dot, arrive as written; Message-IDs differ."""
    with MailServer(encryption="none") as server:
        bench = Bench(port=server.port, path=tmp_path / "r", eml=b"Subject: a\n\n.\n..b\nend")
        bench.run(addresses(2))
        assert [b".\r\n..b\r\nend\r\n"] * 2 == [m.content.partition(b"\r\n\r\n")[2] for m in server.messages]
        ids = {line for m in server.messages for line in m.content.split(b"\r\n") if line.startswith(b"Message-ID")}
        assert 2 == len(ids)


@pytest.mark.parametrize(
    "instead",
    [
        {"MAIL": ["250 ok", "421 4.7.0 too many messages", "250 ok"]},
        {"RSET": ["250 ok"], "MAIL2": ["421 bye", CLOSE]},
        {"RCPT": ["250 ok", CLOSE, "250 ok"]},
        {"DATA": ["354 go", "421 4.3.2 going down", "354 go"]},
        {".": ["250 queued as A1B2C3", "421 4.3.2 going down", "250 queued as A1B2C3"]},
    ],
)
def test_a_connection_that_the_server_ends_is_opened_again_at_once(
    tmp_path: Path, instead: dict[str, str | list[str]]
) -> None:
    """A server that ends a connection after some messages gets the same message on a new one, without a pause."""
    with scripted(instead) as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        end, _ = bench.run(addresses(4))
        assert "complete" == end.ending
        assert {"accepted"} == set(bench.outcomes().values())
        assert 1 == bench.turns
        assert [] == bench.clock.pauses
        assert server.connections > 1


def test_what_was_put_off_before_the_server_went_away_is_not_of_unknown_fate(tmp_path: Path) -> None:
    """A message answered with 421, after which the server is gone, is deferred: the next run sends it."""
    instead = {".": ["250 queued as A1B2C3", "421 4.3.2 going down", "250 queued as D4E5F6"]}
    with scripted({**instead, "GREETING": ["220 ready", "554 5.3.2 gone", "220 ready"]}) as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        assert "stopped" == bench.run(addresses(2))[0].ending
        assert {"contact-1@example.net": "accepted", "contact-2@example.net": "deferred"} == bench.outcomes()
        assert "complete" == bench.run(addresses(2))[0].ending
        assert {"accepted"} == set(bench.outcomes().values())


def test_a_deferral_is_tried_again_later_in_the_run(tmp_path: Path) -> None:
    """A 4xx defers its contact alone; once the pause is over, and all others were gone through, it is tried again."""
    with scripted({"RCPT": ["250 ok", "450 4.2.0 greylisted", "250 ok", "450 4.2.0 still", "250 ok"]}) as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        end, records = bench.run(addresses(3))
        assert "complete" == end.ending
        assert {"accepted"} == set(bench.outcomes().values())
        assert 3 == bench.turns
        tried = [line for line in server.lines if line.startswith(b"RCPT")]
        numbers = [int(line.partition(b"contact-")[2].partition(b"@")[0]) for line in tried]
        assert ([1, 2, 3, 2, 2], 360.0) == (numbers, sum(bench.clock.pauses))
        deferred = [record for record in records if record["outcome"] == "deferred"]
        assert ["greylisted", "450 4.2.0 greylisted"] == [deferred[0]["code"], deferred[0]["words"]]
        assert 2.0 == max(bench.clock.pauses)


def test_attempts_are_bounded_and_the_next_run_tries_again(tmp_path: Path) -> None:
    """After three attempts a contact stays deferred; the same command, run again, sends to it and to nobody else."""
    refusals = Refusals(recipients={"contact-2@example.net": "451 4.7.1 later"})
    with MailServer(encryption="none", refusals=refusals) as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        bench.run(addresses(3))
        assert ("deferred", 3) == (
            bench.outcomes()["contact-2@example.net"],
            server.commands["RCPT:contact-2@example.net"],
        )
    with MailServer(encryption="none") as willing:
        bench.port = willing.port
        end, _ = bench.run(addresses(3))
        assert ("complete", {"accepted"}) == (end.ending, set(bench.outcomes().values()))
        assert Counter(["contact-2@example.net"]) == recipients(willing)


def test_a_refusal_is_recorded_and_the_rest_goes_on(tmp_path: Path) -> None:
    """A 5xx to a recipient or a message is that contact's, final, and not tried again by the next run."""
    with scripted(
        {"RCPT": ["550 5.1.1 no such user", "250 ok"], ".": ["554 5.7.1 spam", "250 queued as A1B2C3"]}
    ) as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        end, records = bench.run(addresses(3))
        refused = [(each["code"], each["words"]) for each in records if each["outcome"] == "refused"]
        assert [("recipientRefused", "550 5.1.1 no such user"), ("spamSuspected", "554 5.7.1 spam")] == refused
        assert "complete" == end.ending
        assert 1 == bench.turns
        assert 1 == server.connections
        bench.run(addresses(3))
        assert 1 == server.connections


@pytest.mark.parametrize(
    ("instead", "code"),
    [
        ({"AUTH": "535 5.7.8 wrong"}, "credentialsRejected"),
        ({"MAIL": "553 5.7.1 not yours"}, "senderRefused"),
        ({"MAIL": "530 5.7.0 log in first"}, "authenticationRequired"),
        ({"RCPT": "553 5.7.1 <sales@example.com>: Sender address rejected: not owned by user"}, "senderRefused"),
        ({"GREETING": "554 5.7.1 go away"}, "serverRefused"),
        ({"EHLO": "250 test.example"}, "authNotOffered"),
    ],
)
def test_what_every_contact_would_meet_stops_the_run(tmp_path: Path, instead: dict[str, str], code: str) -> None:
    """A refused login or sender is tried once and stops the run; no contact is spent on it."""
    with scripted(instead) as server:
        bench = Bench(port=server.port, path=tmp_path / "r", username="anna", password="s3cret")
        end, records = bench.run(addresses(3))
        assert end.stopped is not None
        assert end.stopped.fault is not None
        assert "stopped" == end.ending
        assert code == end.stopped.fault.code
        assert [] == records
        assert 1 == server.connections
        assert "s3cret" not in str(end.stopped)


@pytest.mark.parametrize(
    "words",
    [
        "550 I cannot deliver mail for <contact-1@example.net>",
        "550 Invalid recipient",
        "550 5.7.1 Unable to relay",
        "454 4.7.1 <contact-1@example.net>: Relay access denied",
        "550 administrative prohibition",
        "550",
    ],
)
def test_a_missing_login_is_no_contact_s_fault(tmp_path: Path, words: str) -> None:
    """Where nobody is logged in, a foreign contact that is refused in whatever words stops the run, and is not recorded."""
    with scripted({"RCPT": [words, "250 ok"]}) as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        end, records = bench.run(addresses(3))
        assert end.stopped is not None
        assert end.stopped.fault is not None
        assert "stopped" == end.ending
        assert "relayingDenied" == end.stopped.fault.code
        assert [] == records


def test_a_server_that_passes_mail_on_means_the_contact(tmp_path: Path) -> None:
    """Once a server has taken a message for another domain without a login, a refusal is the contact's own."""
    with scripted({"RCPT": ["250 ok", "550 Invalid recipient", "550 No such user here", "250 ok"]}) as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        end, _ = bench.run(addresses(4))
        refused = {"contact-2@example.net": "refused", "contact-3@example.net": "refused"}
        assert ("complete", dict.fromkeys(addresses(4), "accepted") | refused) == (end.ending, bench.outcomes())


def test_an_unknown_contact_waits_until_the_server_has_passed_mail_on(tmp_path: Path) -> None:
    """Words on an unknown user may hide the missing login: the contact is put off, and refused once that is ruled out."""
    with scripted({"RCPT": ["550 No such user here", "250 ok", "550 No such user here"]}) as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        end, records = bench.run(addresses(2))
        assert ["deferred", "attempting", "accepted", "refused"] == [each["outcome"] for each in records]
        assert "complete" == end.ending


def test_what_is_said_to_mail_stops_the_run(tmp_path: Path) -> None:
    """Every contact has the same sender, so a final answer to MAIL is never a contact's, whatever its words."""
    with scripted({"MAIL": "550 5.7.1 denied by policy"}) as server:
        bench = Bench(port=server.port, path=tmp_path / "r", username="anna", password="s3cret")
        end, records = bench.run(addresses(3))
        assert ("stopped", []) == (end.ending, records)


def test_a_server_that_cannot_be_reached_is_tried_a_few_times(tmp_path: Path) -> None:
    """A busy server is connected to again after growing pauses; then the run stops, and nothing is recorded."""
    with scripted({"GREETING": "421 4.3.2 busy"}) as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        end, records = bench.run(addresses(2))
        assert "stopped" == end.ending
        assert [] == records
        assert 3 == server.connections
        assert 6.0 == sum(bench.clock.pauses)


def test_a_server_that_recovers_gets_everything(tmp_path: Path) -> None:
    """A greeting of 421 costs a pause and no contact."""
    with scripted({"GREETING": ["421 4.3.2 busy", "220 ready"]}) as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        end, _ = bench.run(addresses(2))
        assert "complete" == end.ending
        assert {"accepted"} == set(bench.outcomes().values())
        assert [1.0] == bench.clock.pauses
        assert 2 == server.connections


@pytest.mark.parametrize("reply", [CLOSE, SILENCE, "what?", "354 go on"])
def test_a_message_without_an_answer_is_never_sent_again(tmp_path: Path, reply: str) -> None:
    """Once its end was sent, a message without a reply is of unknown fate; neither this run nor the next resends it."""
    with scripted({".": [reply, "250 queued as A1B2C3"]}) as server:
        patience = Patience(opening_seconds=5, message_seconds=5, answer_seconds=0.2)
        bench = Bench(port=server.port, path=tmp_path / "r", patience=patience)
        end, _ = bench.run(addresses(3))
        expected = dict.fromkeys(addresses(3), "accepted") | {"contact-1@example.net": "unknown"}
        assert ("complete", expected) == (end.ending, bench.outcomes())
        bench.run(addresses(3))
        assert 1 == server.received(b"RCPT TO:<contact-1@")


def test_a_contact_that_breaks_every_connection_does_not_hold_up_the_others(tmp_path: Path) -> None:
    """A connection lost on a new connection defers its contact, and the run goes on after a pause."""
    with scripted({"RCPT": [CLOSE, "250 ok"]}) as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        _, records = bench.run(addresses(2))
        assert ["deferred", "attempting", "accepted", "attempting", "accepted"] == [each["outcome"] for each in records]
        assert [1, 2, 1] == [int(str(each["contact"])[8]) for each in records if each["outcome"] != "attempting"]
        assert 3 >= server.connections


def test_a_row_of_refusals_stops_before_the_list_is_spent(tmp_path: Path) -> None:
    """So many contacts in a row that are not accepted stop the run; the others are left for the next one."""
    with scripted({"RCPT": "550 5.1.1 no such user"}) as server:
        bench = Bench(port=server.port, path=tmp_path / "r", pacing=Pacing(stop_after=4))
        end, _ = bench.run(addresses(10))
        assert end.stopped is not None
        assert "stopped" == end.ending
        assert 4 == len(bench.outcomes())
        assert 4 == server.received(b"RCPT")
        assert "4 messages in a row" in end.stopped.words


def test_the_rate_spaces_messages(tmp_path: Path) -> None:
    """With 30 a minute the first goes at once and each further one two seconds after the one before."""
    with MailServer(encryption="none") as server:
        bench = Bench(port=server.port, path=tmp_path / "r", rate=Rate.parse("30/minute"))
        bench.run(addresses(5))
        assert ([2.0] * 4, 5) == (bench.clock.pauses, len(server.messages))


def test_waiting_for_the_rate_can_be_called_off(tmp_path: Path) -> None:
    """With one message an hour the watch is asked every two seconds; what it raises ends the run, consistently."""

    class CalledOffError(Exception):
        pass

    asked = 0

    def watch() -> None:
        nonlocal asked
        asked += 1
        if asked > 10:
            raise CalledOffError

    with MailServer(encryption="none") as server:
        bench = Bench(port=server.port, path=tmp_path / "r", rate=Rate.parse("1/hour"), watch=watch)
        with pytest.raises(CalledOffError):
            bench.run(addresses(3))
        assert (1, [2.0] * 9) == (len(server.messages), bench.clock.pauses)
        assert {"contact-1@example.net": "accepted"} == bench.outcomes()


def test_a_message_can_be_called_off_until_its_end(tmp_path: Path) -> None:
    """What the watch raises while a message is under way keeps the message from being taken, and nothing is recorded."""

    class CalledOffError(Exception):
        pass

    with MailServer(encryption="none") as server:

        def watch() -> None:
            if server.commands["RCPT:contact-2@example.net"]:
                raise CalledOffError

        bench = Bench(port=server.port, path=tmp_path / "r", watch=watch)
        with pytest.raises(CalledOffError):
            bench.run(addresses(3))
        sent = [each.recipients for each in server.messages]
    assert [("contact-1@example.net",)] == sent
    assert {"contact-1@example.net": "accepted"} == bench.outcomes()


def test_the_limit_is_for_one_run(tmp_path: Path) -> None:
    """With a limit of two each run sends two more, and none twice."""
    with MailServer(encryption="none") as server:
        bench = Bench(port=server.port, path=tmp_path / "r", limit=2)
        endings = [bench.run(addresses(5))[0].ending for _ in range(3)]
        assert ["limited", "limited", "complete"] == endings
        assert Counter(addresses(5)) == recipients(server)


def test_contacts_that_cannot_be_sent_to_are_recorded(tmp_path: Path) -> None:
    """A broken line and a contact without an address are invalid, once; they do not count as messages."""
    given: list[str | BrokenLine] = [BrokenLine(line=2, reason="it holds a NUL"), "not an address", "", *addresses(1)]
    with MailServer(encryption="none") as server:
        bench = Bench(port=server.port, path=tmp_path / "r", limit=1)
        end, records = bench.run(given)
        codes = [(each["line"], each.get("code")) for each in records if each["outcome"] == "invalid"]
        expected = [(2, "contactUnreadable"), (3, "contactEmailInvalid"), (4, "contactEmailMissing")]
        assert "complete" == end.ending
        assert expected == codes
        assert 1 == len(server.messages)
        assert records == bench.run(given)[1]


@pytest.mark.parametrize(
    ("eml", "ehlo", "words"),
    [
        ("Subject: a\n\nzażółć\n".encode(), "250-test\r\n250 SIZE 1000", "8BITMIME"),
        (b"Subject: a\n\n" + b"x" * 900 + b"\n" + b"y" * 900, "250-test\r\n250 SIZE 1000", "1,000 at most"),
    ],
)
def test_what_the_server_cannot_carry_stops_the_run(tmp_path: Path, eml: bytes, ehlo: str, words: str) -> None:
    """A message too large, or of 8-bit octets where the server takes none, is not tried with every contact."""
    with scripted({"EHLO": ehlo}) as server:
        bench = Bench(port=server.port, path=tmp_path / "r", eml=eml)
        end, records = bench.run(addresses(2))
        assert end.stopped is not None
        assert "stopped" == end.ending
        assert [] == records
        assert 0 == server.received(b"MAIL")
        assert words in end.stopped.words


def test_what_is_announced_is_what_the_server_offers(tmp_path: Path) -> None:
    """MAIL tells size and body where the server offers SIZE and 8BITMIME; SMTPUTF8 only for addresses that need it."""
    ehlo = "250-test\r\n250-SIZE 99999\r\n250-8BITMIME\r\n250 SMTPUTF8"
    with scripted({"EHLO": ehlo}) as server:
        bench = Bench(port=server.port, path=tmp_path / "r", eml="Subject: a\n\nzażółć\n".encode())
        bench.run(["plain@example.net", "żółw@example.net"])
        first, second = (line for line in server.lines if line.startswith(b"MAIL"))
        assert b" BODY=8BITMIME SIZE=" in first
        assert b"SMTPUTF8" not in first
        assert b" SMTPUTF8 BODY=8BITMIME SIZE=" in second
        assert "To: <żółw@example.net>".encode() in server.lines


def test_an_address_that_the_server_cannot_carry_is_its_contact_s(tmp_path: Path) -> None:
    """Without SMTPUTF8 a contact with letters beyond ASCII before the @ is refused here; the others are sent to."""
    with scripted({}) as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        bench.run(["żółw@example.net", "plain@example.net"])
        assert {"żółw@example.net": "refused", "plain@example.net": "accepted"} == bench.outcomes()
        assert 1 == server.received(b"RCPT")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("2.0.0 Ok: queued as 4XyZ12", "4XyZ12"),
        ("OK id=1rABcd-0001Ab-2C", "1rABcd-0001Ab-2C"),
        ("2.0.0 45NA1b2c Message accepted for delivery", "45NA1b2c"),
        ("fine", None),
        ("", None),
    ],
)
def test_the_queue_id_is_found_in_the_server_s_words(words: str, expected: str | None) -> None:
    """Postfix, Exim and Sendmail name the message each in their own way."""
    assert expected == queue_id(words)


@pytest.mark.parametrize("text", ["", "0/minute", "30", "30/day", "1.5/minute", "-1/minute", "30/minute\n", "٣/minute"])
def test_other_rates_are_refused(text: str) -> None:
    """A rate is a whole number from 1 and second, minute or hour."""
    with pytest.raises(ValueError, match="30/minute"):
        Rate.parse(text)
