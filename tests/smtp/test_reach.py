"""Sockets are opened in few places, and nothing goes where nobody may go."""

from __future__ import annotations

import ast
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.smtp import lookup
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.dial import DirectDialer
from reconciler.smtp.faults import SmtpFault
from reconciler.verification import USUAL_RETRIES

if TYPE_CHECKING:
    from reconciler.smtp.lookup import Resolver

_PACKAGE = Path(__file__).parents[2] / "reconciler"
_OPENERS = {"create_connection", "socket", "socksocket", "urlopen", "HTTPSConnection", "HTTPConnection", "connect_ex"}
_KNOWN = {
    "smtp/dial.py": "addresses of usable_addresses",
    "smtp/proxies/http_connect.py": "an address of the proxy, of usable_addresses",
    "smtp/proxies/reading.py": "the same, whose port is looked at a second time",
    "smtp/proxies/socks4.py": "the same",
    "smtp/proxies/socks5.py": "the same",
}
"""Whoever opens a socket, and where its addresses come from."""


def _opens_sockets(path: Path) -> bool:
    calls = (node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))
    names = {each.attr for each in calls if isinstance(each, ast.Attribute)}
    return bool(names & _OPENERS)


def test_sockets_are_opened_where_addresses_are_judged() -> None:
    """A new place that opens a socket must take its addresses from ``usable_addresses``, and is listed here then."""
    found = {path.relative_to(_PACKAGE).as_posix() for path in _PACKAGE.rglob("*.py") if _opens_sockets(path)}
    assert found == set(_KNOWN)


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe", "169.254.0xa9fe", "::169.254.169.254", "::ffff:0:a9fe:a9fe",
     "64:ff9b:1::a9fe:a9fe", "64:ff9b:1:a9fe:a9:fe00::", "2001::a9fe:a9fe:0:0:0:1", "2001:0:4136:e378:8000:63bf:5601:5601",
     "2001:db8::5efe:a9fe:a9fe", "2001:db8::200:5efe:a9fe:a9fe", "2002:a9fe:a9fe::", "fd00:ec2::254", "fd20:ce::254",
     "100.100.100.200", "168.63.129.16", "192.0.0.192", "::ffff:168.63.129.16", "224.0.0.1", "ff02::1", "64:ff9b::e000:1",
     "255.255.255.255", "240.0.0.1", "0.0.0.0", "::"],  # noqa: S104 - not bound to
)  # fmt: skip
def test_a_server_there_is_never_contacted(address: str) -> None:
    """The fault is told before a socket is opened, and says which address it is and why."""
    with pytest.raises(SmtpFault) as caught:
        DirectDialer(address, 25).connect(Deadline(2))
    assert "forbiddenAddress" == caught.value.code
    assert ", which " in caught.value.facts["addresses"]


def test_a_name_that_leads_there_is_never_contacted() -> None:
    """What the name server answers is judged like what is written, and every address is told with its reason."""
    answer = ("fd00:ec2::254", "::ffff:169.254.169.254")
    with pytest.raises(SmtpFault) as caught:
        DirectDialer("mail.example.com", 25, resolver=lambda _name: answer).connect(Deadline(2))
    expected = "fd00:ec2::254, which is a metadata address of AWS; "
    expected += "::ffff:169.254.169.254, which leads to 169.254.169.254, which is link-local"
    assert expected == caught.value.facts["addresses"]


def _asked(names: list[str], *answers: tuple[str, ...] | OSError) -> Resolver:
    """Return a resolver that notes the names it is asked for, and gives one answer after the other, the last for good."""

    def resolver(name: str) -> tuple[str, ...]:
        names.append(name)
        answer = answers[min(len(names), len(answers)) - 1]
        if isinstance(answer, OSError):
            raise answer
        return answer

    return resolver


def test_one_answer_serves_all_who_ask_within_a_moment() -> None:
    """Of a run with hundreds of accounts of one server the resolver is asked once; another name is another question."""
    names: list[str] = []
    resolver = _asked(names, ("192.0.2.7", "192.0.2.8"))
    found = {DirectDialer("mail.example.com", 25, resolver=resolver).resolve(Deadline(2)) for _ in range(50)}
    DirectDialer("mail.example.net", 25, resolver=resolver).resolve(Deadline(2))
    assert {("192.0.2.7", "192.0.2.8")} == found
    assert ["mail.example.com", "mail.example.net"] == names


def test_each_who_is_served_by_an_answer_judges_it() -> None:
    """An answer that was given before is no reason to go where nobody may go."""
    names: list[str] = []
    resolver = _asked(names, ("169.254.169.254",))
    for _ in range(2):
        with pytest.raises(SmtpFault) as caught:
            DirectDialer("mail.example.com", 25, resolver=resolver).connect(Deadline(2))
        assert "forbiddenAddress" == caught.value.code
    assert 1 == len(names)


def test_an_answer_does_not_serve_whoever_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who tries again after a pause asks again, and hears what has changed; nothing is kept of names once asked for."""
    least_pause = USUAL_RETRIES.first_pause_seconds * (1 - USUAL_RETRIES.jitter)
    assert lookup.SERVES_SECONDS < least_pause
    monkeypatch.setattr(lookup, "SERVES_SECONDS", -1.0)
    names: list[str] = []
    resolver = _asked(names, ("192.0.2.7",), ("192.0.2.8",))
    dialers = [DirectDialer(f"{name}.example.com", 25, resolver=resolver) for name in ("a", "a", "b")]
    found = [each.resolve(Deadline(2)) for each in dialers]
    assert [("192.0.2.7",), ("192.0.2.8",), ("192.0.2.8",)] == found
    assert ["b.example.com"] == [host for host, each in lookup._look_ups if each is resolver]  # noqa: SLF001 - nothing else tells what is kept


def test_a_name_that_was_not_found_is_asked_for_again_at_once() -> None:
    """Nobody is told of a failure that another one met, nor of an empty answer."""
    names: list[str] = []
    resolver = _asked(names, socket.gaierror(socket.EAI_AGAIN, "no"), ("192.0.2.7",))
    with pytest.raises(SmtpFault) as caught:
        DirectDialer("mail.example.com", 25, resolver=resolver).resolve(Deadline(2))
    assert "nameLookupFailed" == caught.value.code
    assert ("192.0.2.7",) == DirectDialer("mail.example.com", 25, resolver=resolver).resolve(Deadline(2))
