"""Getting a token: what is sent, what comes back, and that it is asked for once."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.secrets.values import SecretValue
from reconciler.oauth2 import TokenCache
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.faults import SmtpFault
from tests.oauth2.asking import CLIENT_SECRET, REFRESH_TOKEN, SCOPE, fault_of, make_request, token_of
from tests.support.tokenserver import TokenServer, http_answer, in_turn, issue, refuse, say

if TYPE_CHECKING:
    from tests.support.certificates import TestCA
    from tests.support.scripted import Wire

TOKEN = "ya29.access-token_0123456789"
_IDENTITY = {"client_id": "anna-client", "client_secret": CLIENT_SECRET, "scope": SCOPE}


class Clock:
    """A clock that stands until it is told otherwise."""

    def __init__(self) -> None:
        """Begin at an arbitrary moment."""
        self.seconds = 1000.0

    def __call__(self) -> float:
        """Return the time, in seconds."""
        return self.seconds


def test_a_refresh_token_is_exchanged(ca: TestCA) -> None:
    """The form is that of RFC 6749 section 6, with the client's id and secret in the body."""
    with TokenServer(ca.server_context(), issue(TOKEN)) as endpoint:
        assert TOKEN == token_of(make_request(endpoint))
    assert [{"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN, **_IDENTITY}] == endpoint.forms
    assert 1 == endpoint.received(b"POST /token HTTP/1.1")
    assert 1 == endpoint.received(f"Host: localhost:{endpoint.port}".encode())
    assert 0 == endpoint.received(b"Authorization:")


def test_client_credentials_serve_without_refresh_token(ca: TestCA) -> None:
    """The form is that of RFC 6749 section 4.4.2."""
    with TokenServer(ca.server_context(), issue(TOKEN)) as endpoint:
        assert TOKEN == token_of(make_request(endpoint, refresh_token=None))
    assert [{"grant_type": "client_credentials", **_IDENTITY}] == endpoint.forms


def test_a_public_client_has_no_secret(ca: TestCA) -> None:
    """A refresh token alone is enough, and what is not declared is not sent."""
    with TokenServer(ca.server_context(), issue(TOKEN)) as endpoint:
        assert TOKEN == token_of(make_request(endpoint, client_secret=None, scope=None))
    expected = {"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN, "client_id": "anna-client"}
    assert [expected] == endpoint.forms


def test_path_and_query_of_the_address_are_kept(ca: TestCA) -> None:
    """The address is asked as it is written, letters beyond ASCII encoded."""
    with TokenServer(ca.server_context(), issue(TOKEN)) as endpoint:
        base = f"https://localhost:{endpoint.port}"
        for written in ("", "/żółw/token?a=%20b&c=d", "?x=1"):
            token_of(make_request(token_url=base + written))
    targets = [line.split()[1] for line in endpoint.lines if line.startswith(b"POST")]
    assert [b"/", b"/%C5%BC%C3%B3%C5%82w/token?a=%20b&c=d", b"/?x=1"] == targets


_ISSUED = json.dumps({"access_token": TOKEN, "token_type": "BEARER"}).encode()
_ANSWERS: dict[str, Any] = {
    "lower case": issue(TOKEN, token_type="bearer"),
    "lifetime as text": issue(TOKEN, expires_in="3599"),
    "no lifetime": issue(TOKEN, expires_in=None),
    "senseless lifetime": issue(TOKEN, expires_in={"no": "number"}),
    "infinite lifetime": issue(TOKEN, expires_in="inf"),
    "wordy lifetime": issue(TOKEN, expires_in="soon"),
    "lifetime as claim": issue(TOKEN, expires_in=True),
    "chunked": say(
        b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (_ISSUED[:30], _ISSUED[30:], b"")),
        headers=["Transfer-Encoding: chunked"],
    ),
    "until closed": lambda wire, _form: wire.send(b"HTTP/1.0 200 OK\r\n\r\n" + _ISSUED),
    "continued": lambda wire, _form: wire.send(b"HTTP/1.1 100 Continue\r\n\r\n" + http_answer(_ISSUED)),
}


@pytest.mark.parametrize("name", _ANSWERS)
def test_a_token_is_read_from_every_proper_answer(ca: TestCA, name: str) -> None:
    """Letter case, framing and a senseless lifetime do not matter."""
    with TokenServer(ca.server_context(), _ANSWERS[name]) as endpoint:
        assert TOKEN == token_of(make_request(endpoint))


def test_a_connection_that_stays_open_is_not_waited_for(ca: TestCA) -> None:
    """The answer ends where its length says, whether or not the endpoint closes."""

    def stay(wire: Wire, _form: dict[str, str]) -> None:
        wire.send(http_answer({"access_token": TOKEN, "token_type": "Bearer"}))
        wire.wait_for_close()

    with TokenServer(ca.server_context(), stay) as endpoint:
        assert TOKEN == token_of(make_request(endpoint), seconds=5)


def test_a_token_is_kept_for_the_run(ca: TestCA) -> None:
    """Equal requests share a token, however their secrets came; any difference makes another."""
    with TokenServer(ca.server_context(), issue(TOKEN)) as endpoint:
        tokens = TokenCache()
        for _ in range(2):
            token_of(make_request(endpoint), tokens)
        assert 1 == len(endpoint.forms)
        changes: tuple[dict[str, Any], ...] = (
            {"client_id": "other"},
            {"client_secret": SecretValue("other")},
            {"client_secret": None},
            {"refresh_token": SecretValue("other")},
            {"refresh_token": None},
            {"scope": None},
            {"token_url": f"{endpoint.url}/other"},
        )
        for change in changes:
            token_of(make_request(endpoint, **change), tokens)
        assert 1 + len(changes) == len(endpoint.forms)


@pytest.mark.parametrize(("lifetime", "serves"), [(3600, 3539), (60, 29), (None, 1_000_000), (0, -1)])
def test_a_token_is_renewed_before_it_expires(ca: TestCA, lifetime: int | None, serves: int) -> None:
    """A token serves until a minute before its end, half its life if that is shorter, for ever without an end."""
    clock = Clock()
    with TokenServer(ca.server_context(), issue(TOKEN, expires_in=lifetime)) as endpoint:
        tokens = TokenCache(clock=clock)
        token_of(make_request(endpoint), tokens)
        clock.seconds += max(serves, 0)
        token_of(make_request(endpoint), tokens)
        assert (1 if serves >= 0 else 2) == len(endpoint.forms)
        clock.seconds += 2
        token_of(make_request(endpoint), tokens)
        expected = {None: 1, 0: 3}.get(lifetime, 2)
        assert expected == len(endpoint.forms)


def test_a_new_refresh_token_is_used_from_then_on(ca: TestCA) -> None:
    """An endpoint that replaces refresh tokens at each use is asked with its latest one within the run."""
    clock = Clock()
    brief = issue(TOKEN, expires_in=60)
    respond = in_turn(issue(TOKEN, expires_in=60, refresh_token="second-refresh"), brief, brief)
    with TokenServer(ca.server_context(), respond) as endpoint:
        tokens = TokenCache(clock=clock)
        for _ in range(3):
            token_of(make_request(endpoint), tokens)
            clock.seconds += 100
    used = [form["refresh_token"] for form in endpoint.forms]
    assert [REFRESH_TOKEN, "second-refresh", "second-refresh"] == used


def _ask_together(endpoint: TokenServer, tokens: TokenCache, count: int) -> list[str]:
    def ask(_number: int) -> str:
        try:
            return token_of(make_request(endpoint), tokens)
        except SmtpFault as fault:
            return fault.code

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(ask, range(count)))


def test_accounts_that_share_a_client_ask_once(ca: TestCA) -> None:
    """Whoever needs the token while it is asked for waits for it."""
    with TokenServer(ca.server_context(), issue(TOKEN)) as endpoint:
        assert {TOKEN} == set(_ask_together(endpoint, TokenCache(), 40))
    assert 1 == len(endpoint.forms)


def test_a_refusal_stands_for_the_run(ca: TestCA) -> None:
    """A wrong refresh token is tried once, not once for each account."""
    with TokenServer(ca.server_context(), refuse("invalid_grant")) as endpoint:
        tokens = TokenCache()
        assert {"tokenRefused"} == set(_ask_together(endpoint, tokens, 40))
        assert "tokenRefused" == fault_of(make_request(endpoint), tokens).code
    assert 1 == len(endpoint.forms)


def test_a_passing_failure_may_be_tried_again_a_few_times(ca: TestCA) -> None:
    """An endpoint that is unavailable is asked three times in a run, and a success in between counts."""
    with TokenServer(ca.server_context(), refuse("temporarily_unavailable", status=503)) as endpoint:
        tokens = TokenCache()
        codes = {fault_of(make_request(endpoint), tokens).code for _ in range(5)}
    assert ({"tokenUnavailable"}, 3) == (codes, len(endpoint.forms))
    with TokenServer(ca.server_context(), in_turn(refuse("server_error"), issue(TOKEN))) as endpoint:
        tokens = TokenCache()
        assert "tokenUnavailable" == fault_of(make_request(endpoint), tokens).code
        assert TOKEN == token_of(make_request(endpoint), tokens)


def test_who_waits_does_not_wait_beyond_the_own_deadline(ca: TestCA) -> None:
    """A waiting account fails at its own limit; it neither ends nor spoils the request of the other."""
    asked, may_answer = threading.Event(), threading.Event()

    def late(wire: Wire, form: dict[str, str]) -> None:
        asked.set()
        may_answer.wait(10)
        issue(TOKEN)(wire, form)

    with TokenServer(ca.server_context(), late) as endpoint, ThreadPoolExecutor(1) as pool:
        tokens = TokenCache()
        first = pool.submit(token_of, make_request(endpoint), tokens)
        asked.wait(10)
        assert "tokenEndpointUnreachable" == fault_of(make_request(endpoint), tokens, seconds=0.1).code
        may_answer.set()
        assert TOKEN == first.result()
    assert 1 == len(endpoint.forms)


def test_who_waits_takes_over_from_one_whose_time_is_up(ca: TestCA) -> None:
    """An account that ran out of time before the answer came does not fail those that have time left."""
    asked = threading.Event()

    def silent_once(wire: Wire, form: dict[str, str]) -> None:
        if asked.is_set():
            issue(TOKEN)(wire, form)
            return
        asked.set()
        wire.wait_for_close()

    with TokenServer(ca.server_context(), silent_once) as endpoint, ThreadPoolExecutor(1) as pool:
        tokens = TokenCache()
        hasty = pool.submit(fault_of, make_request(endpoint), tokens, seconds=1)
        asked.wait(10)
        assert TOKEN == token_of(make_request(endpoint), tokens)
        assert "tokenEndpointUnreachable" == hasty.result().code


def test_a_source_asks_when_it_is_called(ca: TestCA) -> None:
    """Making a source contacts nobody."""
    with TokenServer(ca.server_context(), issue(TOKEN)) as endpoint:
        source = TokenCache().source(make_request(endpoint))
        assert (None, 0) == (source.known(), endpoint.connections)
        assert TOKEN == source(Deadline(5)).reveal()
        known = source.known()
        assert (TOKEN, 1) == (known.reveal() if known else None, len(endpoint.forms))


def test_nothing_shows_a_secret(ca: TestCA) -> None:
    """Neither a request nor a cache with a token in it can be printed with a secret."""
    with TokenServer(ca.server_context(), say({"access_token": TOKEN, "token_type": "Bearer"})) as endpoint:
        request, tokens = make_request(endpoint), TokenCache()
        source = tokens.source(request)
        source(Deadline(5))
    shown = repr((request, tokens, source, vars(tokens)))
    assert [] == [secret for secret in (TOKEN, REFRESH_TOKEN, CLIENT_SECRET) if secret in shown]
