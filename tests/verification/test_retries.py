"""What may pass is tried again within the account's time; a login is tried once, a message handed over once."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.secrets.values import SecretValue
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.dial import DirectDialer
from reconciler.smtp.faults import SmtpFault
from reconciler.verification import USUAL_RETRIES, Retries, Sender, verify
from reconciler.verification.conversation import Conversation
from reconciler.verification.ledger import Ledger
from tests.support.scripted import CLOSE, ScriptedServer, polite
from tests.verification.cases import NO_LOGIN, PLAIN, STARTTLS_OFFER
from tests.verification.targets import QUICK, check_settings, failure, make_target, now, outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.verification.evidence import Check, CheckName
    from reconciler.smtp.dial import Connection
    from reconciler.verification import Finding, Target
    from tests.support.certificates import TestCA
    from tests.support.scripted import Wire


def recorded(pauses: list[float], **changes: Any) -> Retries:
    """Return the usual retries, whose pauses are noted and not waited."""
    return replace(USUAL_RETRIES, pause=pauses.append, draw=lambda: 0.5, **changes)


def check_named(finding: Finding, name: CheckName) -> Check:
    """Return one check."""
    return next(check for check in finding.verification.checks if check.check == name)


@dataclass(frozen=True)
class Passing:
    """What a server says in turn to one command, and what the check that passed in the end tells of it."""

    check: CheckName
    instead: Mapping[str, str | Sequence[str]]
    told: str
    connections: int = 2


_BEFORE_LOGIN = (
    Passing("greeting", {"GREETING": ["421 4.3.2 too busy", "220 ready"]}, "serverBusy (421 4.3.2 too busy)"),
    Passing("greeting", {"GREETING": ["421 a", CLOSE, "220 ready"]}, "It took 3 attempts; the one before ended with connectionLost.", 3),
    Passing("greeting", {"EHLO": [CLOSE, "250-a\r\n250 AUTH PLAIN"]}, "connectionLost"),
    Passing("greeting", {"EHLO": ["421 4.7.0 wait", "250-a\r\n250 AUTH PLAIN"]}, "serverLeaving (421 4.7.0 wait)"),
)  # fmt: skip


@pytest.mark.parametrize("case", _BEFORE_LOGIN, ids=lambda case: case.told[:30])
def test_before_the_login_a_new_connection_is_tried(case: Passing) -> None:
    """What passes at a later attempt has passed, says how it came to that, and costs one login."""
    with ScriptedServer(polite(case.instead)) as server:
        finding = check_settings(server, **PLAIN)
    assert finding.verification.status == "passed"
    assert case.told in check_named(finding, case.check).message
    assert [check.check for check in finding.verification.checks if "attempts" in check.message] == [case.check]
    assert server.connections == case.connections
    assert server.received(b"AUTH") == 1
    assert server.received(b"DATA") == 1


def test_starttls_is_tried_again(ca: TestCA) -> None:
    """454 to STARTTLS is temporary (RFC 3207 section 4)."""
    script = polite({"STARTTLS": ["454 4.7.0 not now", "220 go"]}, tls_context=ca.server_context())
    with ScriptedServer(script) as server:
        finding = check_settings(server, host="localhost", ca_pem=ca.pem)
    assert finding.verification.status == "passed"
    assert "starttlsRefused (454 4.7.0 not now)" in check_named(finding, "tls").message
    assert server.connections == 2


class Unsteady(DirectDialer):
    """Finds name or server at the second attempt only."""

    def __init__(self, host: str, port: int, *, resolves: bool) -> None:
        """Fail once: at the name, or where it ``resolves`` at the connection."""
        super().__init__(host, port)
        self._to_come = [SmtpFault("connectionRefused", step="connect") if resolves else None]
        self._names_to_come = [] if resolves else [SmtpFault("nameLookupFailed", step="dns")]

    def resolve(self, deadline: Deadline) -> tuple[str, ...]:
        """Fail at first."""
        if self._names_to_come:
            raise self._names_to_come.pop()
        return super().resolve(deadline)

    def connect(self, deadline: Deadline) -> Connection:
        """Fail at first."""
        fault = self._to_come.pop() if self._to_come else None
        if fault is not None:
            raise fault
        return super().connect(deadline)


@pytest.mark.parametrize(("resolves", "check"), [(False, "dns"), (True, "connect")])
def test_names_and_connections_are_tried_again(*, resolves: bool, check: CheckName) -> None:
    """A name server's bad moment and a refused connection are got over."""
    with ScriptedServer(polite()) as server:
        finding = check_settings(
            server, **PLAIN, make_dialer=lambda host, port: Unsteady(host, port, resolves=resolves)
        )
    assert finding.verification.status == "passed"
    assert "It took 2 attempts" in check_named(finding, check).message


_AFTER_LOGIN: tuple[tuple[CheckName, str, str], ...] = (
    ("auth", "AUTH", CLOSE),
    ("auth", "AUTH", "454 4.7.0 temporary failure"),
    ("auth", "AUTH", "421 4.7.0 closing"),
    ("sender", "MAIL", CLOSE),
    ("sender", "MAIL", "421 4.7.0 closing"),
    ("recipient", "RCPT", CLOSE),
    ("message", "DATA", CLOSE),
    ("message", ".", CLOSE),
)


@pytest.mark.parametrize(("check", "command", "reply"), _AFTER_LOGIN)
def test_after_a_login_no_connection_is_opened_again(check: CheckName, command: str, reply: str) -> None:
    """Once AUTH was sent, a lost connection and a temporary refusal of the login are final."""
    with ScriptedServer(polite({command: reply})) as server:
        finding = check_settings(server, **PLAIN)
    assert (failure(finding).check, failure(finding).class_) == (check, "transient")
    assert "tried" not in failure(finding).message
    assert (server.connections, server.received(b"AUTH")) == (1, 1)


def test_a_conversation_cannot_be_opened_after_a_login() -> None:
    """The rule does not rest on whoever decides about retries: the conversation itself refuses."""
    with ScriptedServer(polite({"AUTH": "454 4.7.0 later"})) as server:
        target = make_target(server, **PLAIN)
        conversation = Conversation(
            target, dialer=DirectDialer(server.host, server.port), deadline=Deadline(5), now=now
        )
        with pytest.raises(SmtpFault):
            conversation.open(Ledger(target))
        with pytest.raises(ValueError, match="never opened again"):
            conversation.open(Ledger(target))
        conversation.close()
    assert server.connections == 1


_IN_SESSION: tuple[tuple[CheckName, Mapping[str, Sequence[str]], str], ...] = (
    ("sender", {"MAIL": ["451 4.3.0 later", "250 ok"]}, "serverTrouble (451 4.3.0 later)"),
    ("recipient", {"RCPT": ["450 4.2.0 greylisted", "250 ok"]}, "greylisted (450 4.2.0 greylisted)"),
    ("message", {"DATA": ["451 4.3.0 later", "354 go on"]}, "serverTrouble (451 4.3.0 later)"),
    ("message", {".": ["451 4.3.0 later", "452 4.3.1 full", "250 ok"]}, "insufficientStorage (452 4.3.1 full)"),
)


@pytest.mark.parametrize(("check", "instead", "told"), _IN_SESSION)
def test_a_deferral_after_the_login_is_tried_again_in_the_session(
    check: CheckName, instead: Mapping[str, Sequence[str]], told: str
) -> None:
    """The transaction begins anew, by RSET, over the same connection and login; a message stays the same one."""
    with ScriptedServer(polite(instead)) as server:
        finding = check_settings(server, **PLAIN)
    assert finding.verification.status == "passed"
    assert told in check_named(finding, check).message
    attempts = len(next(iter(instead.values())))
    assert (server.connections, server.received(b"AUTH")) == (1, 1)
    assert server.received(b"MAIL") == attempts
    assert server.received(b"RSET") in {attempts - 1, attempts}  # the farewell has one too, which may come too late
    assert len({line for line in server.lines if line.startswith(b"Message-ID:")}) == 1


_WITHOUT_LOGIN = (
    {"MAIL": [CLOSE, "250 ok"]},
    {"RCPT": ["421 4.3.2 closing", "250 ok"]},
    {"DATA": [CLOSE, "354 go on"]},
)


@pytest.mark.parametrize("instead", _WITHOUT_LOGIN)
def test_without_a_login_a_lost_connection_is_opened_again(instead: Mapping[str, Sequence[str]]) -> None:
    """Where no login can be spent, a new connection is tried up to the moment a message is handed over."""
    with ScriptedServer(polite(instead)) as server:
        finding = check_settings(server, **NO_LOGIN)
    assert finding.verification.status == "passed"
    assert (server.connections, server.received(b".")) == (2, 1)


@pytest.mark.parametrize(("reply", "code"), [(CLOSE, "unknownDelivery"), ("421 4.3.0 closing", "serverLeaving")])
def test_a_message_that_was_handed_over_is_not_sent_over_a_new_connection(reply: str, code: str) -> None:
    """After the final dot, an account without login is not tried again either."""
    with ScriptedServer(polite({".": reply})) as server:
        finding = check_settings(server, **NO_LOGIN)
    assert failure(finding).code == code
    assert (server.connections, server.received(b"DATA")) == (1, 1)


@pytest.mark.parametrize(
    ("instead", "attempts"), [({"GREETING": "421 4.3.2 busy"}, 3), ({"RCPT": "450 4.2.0 greylisted"}, 3)]
)
def test_a_final_failure_says_how_often_it_was_tried(instead: Mapping[str, str], attempts: int) -> None:
    """After the last attempt the sentence ends with their number."""
    pauses: list[float] = []
    with ScriptedServer(polite(instead)) as server:
        finding = check_settings(server, **PLAIN, retries=recorded(pauses))
    assert failure(finding).message.endswith(f" It was tried {attempts} times.")
    assert pauses == [1.0, 3.0]


def test_a_wrong_port_is_told_soon() -> None:
    """A refused connection is tried once more, after one short pause."""
    pauses: list[float] = []
    finding = check_settings(None, **PLAIN, retries=recorded(pauses))
    assert failure(finding).message.endswith(" It was tried 2 times.")
    assert pauses == [1.0]


def test_a_retry_that_would_not_fit_is_not_begun() -> None:
    """The account's limit bounds everything: what would end beyond it is not waited for."""
    pauses: list[float] = []
    with ScriptedServer(polite({"GREETING": "421 busy"})) as server:
        finding = check_settings(server, **PLAIN, timeout_seconds=3, retries=recorded(pauses, growth=10.0))
    assert "tried 2 times" in failure(finding).message
    assert (pauses, server.connections) == ([1.0], 2)


def test_a_limit_that_is_used_up_is_final() -> None:
    """After a time-out there is no time for anything."""
    pauses: list[float] = []
    with ScriptedServer(lambda wire: wire.wait_for_close()) as server:
        finding = check_settings(server, **PLAIN, timeout_seconds=0.3, retries=recorded(pauses, least_seconds=0.0))
    assert failure(finding).code == "timedOut"
    assert pauses == []


@pytest.mark.parametrize(("drawn", "seconds"), [(0.0, [0.75, 2.25]), (0.5, [1.0, 3.0]), (1.0, [1.25, 3.75])])
def test_pauses_are_spread(drawn: float, seconds: list[float]) -> None:
    """Accounts deferred together return apart: each pause is a quarter longer or shorter at most."""
    pauses: list[float] = []
    with ScriptedServer(polite({"GREETING": "421 busy"})) as server:
        check_settings(server, **PLAIN, retries=replace(recorded(pauses), draw=lambda: drawn))
    assert pauses == seconds


def test_checks_of_an_earlier_attempt_do_not_stay() -> None:
    """What an attempt found is forgotten by the next: the checks tell one story."""

    class Vanishing(DirectDialer):
        def connect(self, deadline: Deadline) -> Connection:
            try:
                return super().connect(deadline)
            finally:
                self._port = 1

    with ScriptedServer(polite({"EHLO": CLOSE})) as server:
        finding = check_settings(server, **PLAIN, make_dialer=Vanishing)
    found = outcome(finding)
    assert found["dns"] == "ok"
    assert found["connect"] == "connectionRefused"
    assert found["greeting"] == "earlierFailure"
    assert "tried" not in failure(finding).message
    assert len(found) == len(finding.verification.checks)


def test_the_time_of_a_check_counts_from_its_first_attempt() -> None:
    """Attempts and the pauses between them are the time that the check took."""
    moments = iter([0.0, 1.0, 2.0, 10.0, 12.5])
    ledger = Ledger(make_target(None), clock=lambda: next(moments))
    ledger.begin("greeting")
    ledger.failed(SmtpFault("connectionLost", step="greeting"))
    ledger.start_over()
    ledger.begin("dns")
    ledger.begin("greeting")
    ledger.passed("Fine.")
    check = next(check for check in ledger.checks() if check.check == "greeting")
    assert (check.seconds, check.status) == (11.5, "passed")


def _senders(*names: str) -> tuple[Sender, ...]:
    return tuple(
        Sender(name=name, kind="MarketingAccount", email=f"{name}@example.com", display_name=name) for name in names
    )


def at_port(target: Target, port: int) -> Target:
    """Return the target with its server at another port."""
    server = target.server.model_copy(update={"port": port})
    return replace(target, access=replace(target.access, server=server))


def _mails(server: ScriptedServer) -> list[str]:
    return [line.decode()[11:-13] for line in server.lines if line.startswith(b"MAIL")]


def test_each_sender_has_its_turn_before_any_has_its_second() -> None:
    """One sender's deferral takes no time from the others, and their retries share one pause."""
    pauses: list[float] = []
    replies = ["451 later", "250 ok", "451 later", "250 ok"]
    target = make_target(None, **PLAIN, senders=_senders("a", "b", "c"), depth="envelope")
    with ScriptedServer(polite({"MAIL": replies})) as server:
        target = at_port(target, server.port)
        findings = verify(target, now=now, retries=recorded(pauses))
    assert [finding.verification.status for finding in findings.values()] == ["passed"] * 3
    assert _mails(server) == ["a", "b", "c", "a", "c"]
    assert ["attempts" in check_named(findings[name], "sender").message for name in "abc"] == [True, False, True]
    assert (pauses, server.connections) == ([1.0], 1)


def test_a_sender_that_ends_the_connection_does_not_keep_the_others_from_theirs() -> None:
    """Without a login the others go on over a new connection, before that one is tried again."""
    target = make_target(None, **NO_LOGIN, senders=_senders("a", "b", "c"), depth="envelope")
    with ScriptedServer(polite({"MAIL": [CLOSE, "250 ok", "250 ok", CLOSE]})) as server:
        target = at_port(target, server.port)
        findings = verify(target, now=now, retries=QUICK)
    assert {name: finding.verification.status for name, finding in findings.items()} == {
        "a": "failed",
        "b": "passed",
        "c": "passed",
    }
    assert _mails(server) == ["a", "b", "c", "a", "a"]
    assert failure(findings["a"]).message.endswith(" It was tried 3 times.")


def test_senders_without_a_turn_fail_with_the_connection() -> None:
    """After a login the others cannot go on, and are not told that they passed."""
    target = make_target(None, **PLAIN, senders=_senders("a", "b"), depth="envelope")
    with ScriptedServer(polite({"MAIL": "421 4.7.0 closing"})) as server:
        target = at_port(target, server.port)
        findings = verify(target, now=now, retries=QUICK)
    assert [failure(finding).code for finding in findings.values()] == ["serverLeaving", "connectionLost"]
    assert (server.connections, server.received(b"AUTH")) == (1, 1)


class Tokens:
    """A source of tokens that fails with some codes in turn, and then has one."""

    def __init__(self, *codes: str) -> None:
        """Keep the codes."""
        self._codes = iter(codes)

    def __call__(self, _deadline: Deadline, /) -> SecretValue:
        """Fail, or return the token."""
        for code in self._codes:
            raise SmtpFault(code, step="auth", facts={"token_host": "login.example", "said": "", "reason": "no"})
        return SecretValue("a-token-of-some-length")

    def known(self) -> SecretValue | None:
        """Return None: no token is there before it is asked for."""
        return None


_XOAUTH2: dict[str, Any] = {**PLAIN, "password": None}
_OFFER = "250-a\r\n250 AUTH XOAUTH2"


def test_a_token_may_be_asked_for_again() -> None:
    """A token endpoint's bad moment is got over before AUTH is sent, which is sent once."""
    with ScriptedServer(polite({"EHLO": _OFFER})) as server:
        finding = check_settings(server, **_XOAUTH2, token=Tokens("tokenUnavailable", "tokenEndpointUnreachable"))
    assert finding.verification.status == "passed"
    assert (
        "It took 3 attempts; the one before ended with tokenEndpointUnreachable."
        in check_named(finding, "auth").message
    )
    assert (server.connections, server.received(b"AUTH")) == (3, 1)


def test_a_refused_login_counts_once_whatever_the_token_cost() -> None:
    """A login that was tried once does not claim more, though its token took two attempts."""
    with ScriptedServer(polite({"EHLO": _OFFER, "AUTH": "535 5.7.8 no"})) as server:
        finding = check_settings(server, **_XOAUTH2, token=Tokens("tokenUnavailable"))
    assert (failure(finding).check, failure(finding).class_) == ("auth", "permanent")
    assert "tried 2 times" not in failure(finding).message
    assert server.received(b"AUTH") == 1


def test_a_token_that_is_refused_is_not_asked_for_again() -> None:
    """What the token endpoint says for good is final."""
    pauses: list[float] = []
    with ScriptedServer(polite({"EHLO": _OFFER})) as server:
        finding = check_settings(server, **_XOAUTH2, token=Tokens("tokenRefused"), retries=recorded(pauses))
    assert failure(finding).code == "tokenRefused"
    assert pauses == []
    assert server.received(b"AUTH") == 0


def test_an_interruption_ends_the_pause_and_the_conversation() -> None:
    """Ctrl-C in a pause is not swallowed, and the connection is closed."""
    ended = threading.Event()

    def play(wire: Wire) -> None:
        polite({"MAIL": "451 later"})(wire)
        ended.set()

    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    with ScriptedServer(play) as server:
        with pytest.raises(KeyboardInterrupt):
            check_settings(server, **PLAIN, retries=replace(QUICK, pause=interrupted))
        assert ended.wait(5)
    assert server.received(b"QUIT") == 1


def test_what_was_observed_belongs_to_the_last_attempt(ca: TestCA) -> None:
    """Facts of a connection that was given up are not told of the account."""

    class Vanishing(DirectDialer):
        def connect(self, deadline: Deadline) -> Connection:
            try:
                return super().connect(deadline)
            finally:
                self._port = 1

    with ScriptedServer(polite({"EHLO2": CLOSE}, tls_context=ca.server_context())) as server:
        finding = check_settings(server, host="localhost", ca_pem=ca.pem, make_dialer=Vanishing)
    assert outcome(finding)["connect"] == "connectionRefused"
    assert finding.observed.tls_version is None


def test_a_refused_starttls_offer_is_not_gone_around() -> None:
    """A server whose STARTTLS vanishes at the second attempt gets nothing in clear text."""
    with ScriptedServer(polite({"EHLO": [STARTTLS_OFFER, "250-a\r\n250 AUTH PLAIN"], "STARTTLS": CLOSE})) as server:
        finding = check_settings(server)
    assert failure(finding).code == "starttlsNotOffered"
    assert (server.connections, server.received(b"AUTH")) == (2, 0)


def test_the_usual_pauses_are_short() -> None:
    """All pauses together stay well below the usual limit of thirty seconds."""
    longest = [USUAL_RETRIES.first_pause_seconds * USUAL_RETRIES.growth**nth * 1.25 for nth in range(2)]
    assert sum(longest) <= 5.0
