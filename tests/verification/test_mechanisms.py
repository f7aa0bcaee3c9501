"""Logins by every mechanism over the wire: good ones, refused ones, and servers that do not keep to the mechanism."""

from __future__ import annotations

import base64
import queue
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.secrets.values import SecretValue
from tests.support import sasl
from tests.support.mailserver import MailServer, Refusals
from tests.support.sasl import ScramAccount, play, speak
from tests.support.scripted import ScriptedServer
from tests.verification.cases import PLAIN, Case, assert_failed
from tests.verification.targets import PASSWORD, Token, check_settings, outcome

if TYPE_CHECKING:
    from reconciler.verification import Finding
    from tests.support.certificates import TestCA
    from tests.support.scripted import Script, Wire

_PASSWORDS = ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"]
_TOKENS = ["OAUTHBEARER", "XOAUTH2"]
_TOKEN = "ya29.a0AfH6SMBx-token_of.anna~123"
_USERS = {"anna": PASSWORD}


def _secret(mechanism: str, secret: str) -> dict[str, Any]:
    """Return what a target declares of a secret: a password, or where its token comes from."""
    if mechanism in _TOKENS:
        return {"password": None, "token": Token(secret)}
    return {"password": SecretValue(secret)}


def _right(mechanism: str) -> str:
    return _TOKEN if mechanism in _TOKENS else PASSWORD


@pytest.mark.parametrize("declared", ["auto", "by name"])
@pytest.mark.parametrize("mechanism", [*_PASSWORDS, *_TOKENS])
def test_every_mechanism_logs_in(ca: TestCA, mechanism: str, declared: str) -> None:
    """Each mechanism logs in, declared or chosen, once, and the evidence names it."""
    users = {"anna": _right(mechanism)}
    wanted = "auto" if declared == "auto" else mechanism.lower()
    with MailServer(tls_context=ca.server_context(), users=users, mechanisms=[mechanism]) as server:
        finding = check_settings(server, ca_pem=ca.pem, mechanism=wanted, **_secret(mechanism, users["anna"]))
    assert finding.verification.status == "passed"
    assert finding.observed.mechanism == mechanism
    assert server.login_attempts == 1
    assert len(server.messages) == 1


@pytest.mark.parametrize("mechanism", [*_PASSWORDS, *_TOKENS])
def test_a_wrong_secret_is_tried_once(ca: TestCA, mechanism: str) -> None:
    """With all mechanisms on offer, a refused login is not tried again by another one."""
    users = {"anna": _right(mechanism)}
    with MailServer(tls_context=ca.server_context(), users=users, mechanisms=[*_PASSWORDS, *_TOKENS]) as server:
        finding = check_settings(server, ca_pem=ca.pem, mechanism=mechanism.lower(), **_secret(mechanism, "wrong-one"))
    code = "accessTokenRejected" if mechanism in _TOKENS else "credentialsRejected"
    assert_failed(finding, Case(code, "auth", "permanent", words=("535", "nothing was tried a second time")))
    assert server.login_attempts == 1


@pytest.mark.parametrize("mechanism", _TOKENS)
def test_the_reason_against_a_token_is_told(ca: TestCA, mechanism: str) -> None:
    """Status and scope that the server gives inside the login reach the sentence (RFC 7628 section 3.2.2)."""
    with MailServer(tls_context=ca.server_context(), users={"anna": _TOKEN}, mechanisms=[mechanism]) as server:
        finding = check_settings(server, ca_pem=ca.pem, **_secret(mechanism, "ya29.ended"))
    words = ("status invalid_token", "scope mail.send")
    assert_failed(finding, Case("accessTokenRejected", "auth", "permanent", words=words))


@pytest.mark.parametrize("mechanism", _PASSWORDS)
@pytest.mark.parametrize(
    ("username", "password"), [("zażółć", "gęślą-jaźń"), ("anna=a,b", "p,=w"), ("пётр", "пароль-secret")]
)
def test_logins_beyond_ascii_work(ca: TestCA, mechanism: str, username: str, password: str) -> None:
    """User names and passwords go out as UTF-8, and what SCRAM escapes arrives."""
    with MailServer(tls_context=ca.server_context(), users={username: password}, mechanisms=[mechanism]) as server:
        finding = check_settings(server, ca_pem=ca.pem, username=username, password=SecretValue(password), depth="auth")
    assert finding.verification.status == "passed"
    assert server.logins == {username: 1}


def test_a_user_of_a_token_may_be_beyond_ascii() -> None:
    """A user name beyond ASCII goes out as UTF-8 with a token too."""
    for mechanism, begin in (("OAUTHBEARER", sasl.oauthbearer), ("XOAUTH2", sasl.xoauth2)):
        script = speak(mechanism, partial(begin, {"zażółć@example.com": _TOKEN}))
        with ScriptedServer(script) as server:
            finding = check_settings(
                server, **PLAIN, depth="auth", username="zażółć@example.com", **_secret(mechanism, _TOKEN)
            )
        assert finding.verification.status == "passed"


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "CRAM-MD5", "PLAIN"])
def test_a_password_that_saslprep_prohibits(ca: TestCA, mechanism: str) -> None:
    """A password with an emoji works where the mechanism can carry it, and is a clear fault where it cannot."""
    users = {"anna": "pass-\U0001f600-word"}
    with MailServer(tls_context=ca.server_context(), users=users, mechanisms=[mechanism]) as server:
        finding = check_settings(server, ca_pem=ca.pem, password=SecretValue(users["anna"]))
    if mechanism != "SCRAM-SHA-256":
        assert finding.verification.status == "passed"
        return
    assert_failed(finding, Case("credentialUnusable", "auth", "permanent", words=("SASLprep", "mechanism: plain")))
    assert server.login_attempts == 0


@pytest.mark.parametrize(("mechanism", "begin"), [("OAUTHBEARER", sasl.oauthbearer), ("XOAUTH2", sasl.xoauth2)])
def test_a_long_token_fits(mechanism: str, begin: Any) -> None:
    """Tokens are longer than a command may be, so they go after it; what no login may carry is not sent."""
    token = "a" * 4000
    with ScriptedServer(speak(mechanism, partial(begin, {"anna": token}))) as server:
        finding = check_settings(server, **PLAIN, depth="auth", **_secret(mechanism, token))
    assert finding.verification.status == "passed"
    assert f"AUTH {mechanism}".encode() in server.lines
    with ScriptedServer(speak(mechanism, partial(begin, {"anna": token}))) as server:
        finding = check_settings(server, **PLAIN, **_secret(mechanism, "a" * 20_000))
    assert_failed(finding, Case("credentialUnusable", "auth", "permanent", words=("longer",)))
    assert server.received(b"AUTH") == 0


def _offering(mechanism: str, *replies: str) -> Script:
    """Return a script that offers a mechanism and answers each further line with the next reply."""

    def run(wire: Wire) -> None:
        for reply in ("220 hello", f"250-test.example\r\n250 AUTH {mechanism}", *replies):
            wire.send(reply)
            wire.read_line()
        wire.wait_for_close()

    return run


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


_BROKEN: tuple[tuple[str, Script, tuple[str, ...]], ...] = (
    ("CRAM-MD5", _offering("CRAM-MD5", "334 <not base64>"), ("CRAM-MD5", "not base64")),
    ("CRAM-MD5", _offering("CRAM-MD5", "334 "), ("empty",)),
    ("CRAM-MD5", _offering("CRAM-MD5", "334 PDFAYT4=", "334 PDJAYT4="), ("a second challenge",)),
    ("SCRAM-SHA-256", _offering("SCRAM-SHA-256", "334 !!!"), ("SCRAM-SHA-256", "not base64")),
    ("SCRAM-SHA-256", _offering("SCRAM-SHA-256", f"334 {_b64('r=other,s=c2FsdA==,i=4096')}"), ("nonce",)),
    ("SCRAM-SHA-256", _offering("SCRAM-SHA-256", f"334 {_b64('e=other-error')}", f"334 {_b64('v=abcd')}"), ("last word",)),
    ("SCRAM-SHA-256", speak("SCRAM-SHA-256", partial(sasl.scram_sha_256, _USERS, ScramAccount(iterations=1))), ("1 iterations", "4096")),
    ("SCRAM-SHA-256", speak("SCRAM-SHA-256", partial(sasl.scram_sha_256, _USERS, ScramAccount(iterations=999_999_999))), ("999999999",)),
    ("LOGIN", _offering("LOGIN", "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "334 QWdhaW46"), ("LOGIN", "asks for more")),
    ("LOGIN", _offering("LOGIN", "334 VXNlcm5hbWU6", "235 welcome"), ("before it has asked for the password",)),
    ("CRAM-MD5", _offering("CRAM-MD5", "235 welcome"), ("without a challenge",)),
    ("OAUTHBEARER", _offering("OAUTHBEARER", "334 e30=", "334 e30="), ("another challenge",)),
    ("XOAUTH2", _offering("XOAUTH2", "334 e30=", "334 e30="), ("another challenge",)),
    ("OAUTHBEARER", _offering("OAUTHBEARER", f"334 {_b64('{}')}", "235 welcome"), ("after having refused the token",)),
    ("XOAUTH2", _offering("XOAUTH2", "334 eyJzdGF0dXMiOiI0MDEifQ==", "235 welcome"), ("after having refused the token",)),
)  # fmt: skip


@pytest.mark.parametrize(("mechanism", "script", "words"), _BROKEN)
def test_a_server_that_breaks_the_mechanism(mechanism: str, script: Script, words: tuple[str, ...]) -> None:
    """A challenge that the mechanism does not provide for ends the login at once, with a reason."""
    with ScriptedServer(script) as server:
        finding = check_settings(server, **PLAIN, **_secret(mechanism, _right(mechanism)))
    assert_failed(finding, Case("unexpectedChallenge", "auth", "permanent", words=words))
    assert server.received(b"AUTH") == 1


_SECOND_FACTOR = "334 4.7.8 Missing TOTP token, try with 'secret$totp_code'."


@pytest.mark.parametrize(
    ("mechanism", "replies", "words"),
    [
        ("PLAIN", [_SECOND_FACTOR], "Missing TOTP token"),
        ("LOGIN", ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", _SECOND_FACTOR], "Missing TOTP token"),
        ("PLAIN", ["334 Enter your code please"], "Enter your code please"),
        ("CRAM-MD5", ["334 come back tomorrow"], "come back tomorrow"),
    ],
)
def test_words_in_place_of_a_challenge_are_shown(mechanism: str, replies: list[str], words: str) -> None:
    """Words that are no base64 in a 334 are the server's to people: a second factor is asked for like that."""
    with ScriptedServer(_offering(mechanism, *replies)) as server:
        finding = check_settings(server, **PLAIN, **_secret(mechanism, _right(mechanism)))
    assert_failed(
        finding, Case("unexpectedChallenge", "auth", "permanent", words=(words, "second factor", "app password"))
    )


def test_a_password_in_place_of_a_challenge_is_not_shown() -> None:
    """A server that says the password in a 334 is masked like any other."""
    password = "echo-canary-5a1e"
    with ScriptedServer(_offering("PLAIN", f"334 your password is {password} now")) as server:
        finding = check_settings(server, **PLAIN, mechanism="plain", username="anna", password=SecretValue(password))
    assert_failed(finding, Case("unexpectedChallenge", "auth", "permanent", words=("your password is",)))
    assert password not in finding.verification.model_dump_json()


def test_a_login_is_cancelled_on_the_wire() -> None:
    """A login that cannot go on is broken off as RFC 4954 section 4 says, before the connection is."""
    said: queue.Queue[bytes] = queue.Queue()

    def run(wire: Wire) -> None:
        for reply in ("220 hello", "250-test.example\r\n250 AUTH CRAM-MD5", "334 "):
            wire.send(reply)
            said.put(wire.read_line())

    with ScriptedServer(run) as server:
        check_settings(server, **PLAIN)
        lines = [said.get(timeout=5) for _ in range(3)]
    assert lines[1:] == [b"AUTH CRAM-MD5", b"*"]


def test_a_challenge_without_end_is_bounded() -> None:
    """A challenge longer than any line is a fault, not a wait."""
    with ScriptedServer(_offering("CRAM-MD5", "334 " + "QUFB" * 100_000)) as server:
        finding = check_settings(server, **PLAIN)
    assert_failed(finding, Case("replyTooLong", "auth", "permanent"))


_IMPOSTORS = {
    "does not sign": ScramAccount(change_final=lambda _: b""),
    "signs wrongly": ScramAccount(change_final=lambda _: b"v=" + base64.b64encode(bytes(32))),
}


@pytest.mark.parametrize("impostor", sorted(_IMPOSTORS))
def test_a_server_that_does_not_know_the_password(impostor: str) -> None:
    """A server that takes a SCRAM login and cannot prove itself gets no mail, whatever it says."""
    begin = partial(sasl.scram_sha_256, _USERS, _IMPOSTORS[impostor])
    with ScriptedServer(speak("SCRAM-SHA-256", begin)) as server:
        finding = check_settings(server, **PLAIN)
    assert_failed(finding, Case("serverNotAuthentic", "auth", "permanent", words=("smtp.host", "RFC 5802")))
    assert (server.received(b"AUTH"), server.received(b"MAIL")) == (1, 0)


def test_a_refused_proof_is_answered() -> None:
    """SCRAM's own error is answered, so that the reply with the code comes, and is told beside it."""
    with ScriptedServer(speak("SCRAM-SHA-256", partial(sasl.scram_sha_256, {"anna": "another"}))) as server:
        finding = check_settings(server, **PLAIN)
    assert_failed(finding, Case("credentialsRejected", "auth", "permanent", words=("535 5.7.8 no", "invalid-proof")))
    assert server.received(b"AUTH") == 1


@pytest.mark.parametrize(
    ("offer", "mechanism", "words"),
    [
        ("PLAIN LOGIN", "XOAUTH2", ("no access token", "Write password")),
        ("XOAUTH2", "PLAIN", ("access tokens only", "Write oauth2")),
    ],
)
def test_the_other_kind_of_secret_is_asked_for(offer: str, mechanism: str, words: tuple[str, ...]) -> None:
    """Where only the other kind of secret would do, the sentence says which line to write; nothing was sent."""
    with ScriptedServer(_offering(offer)) as server:
        finding = check_settings(server, **PLAIN, **_secret(mechanism, _right(mechanism)))
    assert_failed(finding, Case("mechanismNotOffered", "auth", "permanent", words=words))
    assert server.received(b"AUTH") == 0


@pytest.mark.parametrize("mechanism", ["plain", "xoauth2"])
def test_a_declared_mechanism_of_the_other_kind(mechanism: str) -> None:
    """A token is never sent as if it were a password, nor a password as a token."""
    other = "XOAUTH2" if mechanism == "plain" else "PLAIN"
    with ScriptedServer(_offering("PLAIN XOAUTH2")) as server:
        finding = check_settings(server, **PLAIN, mechanism=mechanism, **_secret(other, _right(other)))
    assert_failed(
        finding, Case("credentialUnusable", "auth", "permanent", words=(mechanism.upper(), "nothing was sent"))
    )
    assert server.received(b"AUTH") == 0


def _echoing(mechanism: str, begin: Any) -> Script:
    """Return a script that plays a login, refuses it, and repeats all that it was sent, as it came and decoded."""

    def run(wire: Wire) -> None:
        wire.send("220 hello")
        wire.read_line()
        wire.send(f"250-test.example\r\n250 AUTH {mechanism}")
        heard = wire.read_line().split(b" ")[2:]

        def ask(challenge: bytes) -> bytes:
            wire.send(b"334 " + base64.b64encode(challenge) + b"\r\n")
            heard.append(wire.read_line())
            return base64.b64decode(heard[-1])

        play(begin(), base64.b64decode(heard[0]) if heard else None, ask)
        decoded = b" ".join(base64.b64decode(line) for line in heard)
        wire.send(b"535-5.7.8 " + b" ".join(heard) + b"\r\n535 5.7.8 " + decoded + b"\r\n")
        wire.wait_for_close()

    return run


@pytest.mark.parametrize(
    ("mechanism", "begin"),
    [
        ("CRAM-MD5", partial(sasl.cram_md5, _USERS)),
        ("SCRAM-SHA-256", partial(sasl.scram_sha_256, _USERS)),
        ("XOAUTH2", partial(sasl.xoauth2, {"anna": _TOKEN})),
        ("OAUTHBEARER", partial(sasl.oauthbearer, {"anna": _TOKEN})),
    ],
)
def test_what_a_login_sent_is_masked(mechanism: str, begin: Any) -> None:
    """A server that repeats digest, proof or token, as sent or decoded, gets none of them into a message."""
    sent: list[bytes] = []
    with ScriptedServer(_echoing(mechanism, begin)) as server:
        finding = check_settings(server, **PLAIN, **_secret(mechanism, _right(mechanism)))
        sent.extend(server.lines)
    text = finding.verification.model_dump_json()
    assert outcome(finding)["auth"] in {"credentialsRejected", "accessTokenRejected"}
    assert "***" in text
    for line in sent[1:]:
        blob = line.rpartition(b" ")[2]
        for part in _telling(blob):
            assert part not in text


def _telling(blob: bytes) -> list[str]:
    """Return what of a response must not be shown: its last twenty characters, and the digest or proof in it."""
    try:
        decoded = base64.b64decode(blob, validate=True).decode()
    except ValueError:
        return []
    secrets = [part for mark in (",p=", "Bearer ", "anna ") for part in decoded.split(mark)[1:]]
    return [secret.strip("\x01")[:20] for secret in secrets] + ([_TOKEN[:20]] if "Bearer" in decoded else [])


def test_mechanisms_at_fault_are_tried_in_their_order(ca: TestCA) -> None:
    """A 504 is about the mechanism: each on offer has its turn, once, the strongest first, and all are named."""
    refusals = Refusals(login="504 5.5.4 not for you")
    with MailServer(tls_context=ca.server_context(), users=_USERS, mechanisms=_PASSWORDS, refusals=refusals) as server:
        finding = check_settings(server, ca_pem=ca.pem)
    assert_failed(finding, Case("mechanismRefused", "auth", "permanent", words=("SCRAM-SHA-256 and PLAIN",)))
    assert server.login_attempts == len(_PASSWORDS)


def test_the_findings_never_show_the_secret(ca: TestCA) -> None:
    """Over all mechanisms, neither password nor token stands in any finding."""
    findings: list[Finding] = []
    for mechanism in (*_PASSWORDS, *_TOKENS):
        with MailServer(tls_context=ca.server_context(), users={"anna": "other"}, mechanisms=[mechanism]) as server:
            findings.append(check_settings(server, ca_pem=ca.pem, **_secret(mechanism, _right(mechanism))))
    text = " ".join(finding.verification.model_dump_json() for finding in findings)
    assert (PASSWORD in text, _TOKEN in text) == (False, False)
