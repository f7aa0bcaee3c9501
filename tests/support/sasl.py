"""The server's side of the SASL mechanisms, written from the RFCs alone: nothing of the program is used here.

Each mechanism is a generator: it yields challenges, is sent responses (neither in base64), and returns a ``Verdict``.
Where the client speaks first, the first challenge is empty. ``play`` runs one against whatever answers challenges;
``speak`` runs one over a ``ScriptedServer``'s wire, and ``MailServerLogins`` gives them to a ``MailServer``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import MISSING, AuthResult, LoginPassword

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.scripted import Script, Wire


@dataclass(frozen=True)
class Verdict:
    """Who wanted to log in, and whether the secret was right."""

    username: str
    is_right: bool


Login = Generator[bytes, bytes, Verdict]
Mechanism = Callable[["Mapping[str, str]"], Login]
"""Begins a login against the users' passwords, or their tokens."""


def cram_md5(users: Mapping[str, str], *, challenge: bytes = b"<1896.697170952@postoffice.example.net>") -> Login:
    """RFC 2195."""
    response = yield challenge
    username, _, digest = response.decode().rpartition(" ")
    expected = hmac.new(users.get(username, "").encode(), challenge, "md5").hexdigest()
    return Verdict(username, username in users and digest == expected)


@dataclass(frozen=True)
class ScramAccount:
    """What a SCRAM server does otherwise than it should, and what it has chosen. RFC 5802."""

    salt: bytes = b"0123456789abcdef"
    iterations: int | str = 4096
    nonce: str = "3rfcNHYJY1ZVvWVs7j"
    change_first: Callable[[bytes], bytes] = bytes
    """What becomes of server-first-message on its way."""
    change_final: Callable[[bytes], bytes] = bytes
    """What becomes of server-final-message on its way; empty: it is not sent at all."""


def scram_sha_256(users: Mapping[str, str], account: ScramAccount | None = None) -> Login:
    """RFC 5802, RFC 7677; passwords are compared as they are, so tests hand them in prepared."""
    account = account or ScramAccount()
    client_first = (yield b"").decode()
    header, _, bare = client_first.partition(",,")
    fields = dict(part.split("=", 1) for part in bare.split(","))
    username = fields["n"].replace("=2C", ",").replace("=3D", "=")
    nonce = fields["r"] + account.nonce
    salt = base64.b64encode(account.salt).decode()
    server_first = account.change_first(f"r={nonce},s={salt},i={account.iterations}".encode())
    client_final = (yield server_first).decode()
    if header != "n" or not client_final.startswith(f"c=biws,r={nonce},p="):
        yield b"e=other-error"
        return Verdict(username, is_right=False)
    without_proof, _, proof = client_final.rpartition(",p=")
    signed = f"{bare},{server_first.decode()},{without_proof}".encode()
    salted = hashlib.pbkdf2_hmac("sha256", users.get(username, "").encode(), account.salt, int(account.iterations))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
    expected = bytes(key ^ mask for key, mask in zip(client_key, signature, strict=True))
    if username not in users or base64.b64decode(proof) != expected:
        yield b"e=invalid-proof"
        return Verdict(username, is_right=False)
    server_signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
    server_final = account.change_final(b"v=" + base64.b64encode(server_signature))
    if server_final:
        yield server_final
    return Verdict(username, is_right=True)


_REFUSAL = json.dumps({"status": "invalid_token", "scope": "mail.send", "schemes": "bearer"}).encode()


def oauthbearer(users: Mapping[str, str], *, refusal: bytes = _REFUSAL) -> Login:
    """RFC 7628; a refusal is told in a challenge, which wants the answer %x01."""
    response = yield b""
    header, *fields, _, _ = response.decode().split("\x01")
    username = header.removeprefix("n,a=").removesuffix(",").replace("=2C", ",").replace("=3D", "=")
    is_right = username in users and fields == [f"auth=Bearer {users[username]}"]
    if not is_right:
        answer = yield refusal
        assert answer == b"\x01"
    return Verdict(username, is_right=is_right)


def xoauth2(users: Mapping[str, str], *, refusal: bytes = _REFUSAL) -> Login:
    """Google's definition; a refusal is told in a challenge, which wants an empty answer."""
    response = yield b""
    user, auth, *rest = response.decode().split("\x01")
    username = user.removeprefix("user=")
    is_right = username in users and auth == f"auth=Bearer {users[username]}" and rest == ["", ""]
    if not is_right:
        answer = yield refusal
        assert answer == b""
    return Verdict(username, is_right=is_right)


MECHANISMS: dict[str, Mechanism] = {
    "CRAM-MD5": cram_md5,
    "SCRAM-SHA-256": scram_sha_256,
    "OAUTHBEARER": oauthbearer,
    "XOAUTH2": xoauth2,
}


def play(login: Login, initial: bytes | None, answer: Callable[[bytes], bytes]) -> Verdict:
    """Run a login to its verdict; ``initial`` answers the first challenge, None: the client did not speak first."""
    challenge = next(login)
    response = answer(challenge) if initial is None else initial
    while True:
        try:
            challenge = login.send(response)
        except StopIteration as end:
            verdict: Verdict = end.value
            return verdict
        response = answer(challenge)


def speak(name: str, begin: Callable[[], Login], *, refused: str = "535 5.7.8 no", then: str = "250 ok") -> Script:
    """Return the script of a server that offers one mechanism, and answers ``then`` to all after the login."""

    def run(wire: Wire) -> None:
        wire.send("220 test.example ready")
        wire.read_line()
        wire.send(f"250-test.example\r\n250 AUTH {name}")
        verb, *rest = wire.read_line().split(b" ")
        if verb != b"AUTH":
            return
        initial = rest[1:]
        verdict = play(begin(), base64.b64decode(initial[0]) if initial else None, partial(_ask, wire))
        wire.send("235 2.7.0 welcome" if verdict.is_right else refused)
        while wire.read_line() != b"QUIT":
            wire.send(then)

    return run


def _ask(wire: Wire, challenge: bytes) -> bytes:
    wire.send(b"334 " + base64.b64encode(challenge) + b"\r\n")
    response = wire.read_line()
    if response == b"*":
        wire.send("501 5.7.0 cancelled")
        wire.wait_for_close()
        raise ConnectionResetError
    return base64.b64decode(response, validate=True)


class MailServerLogins:
    """The mechanisms that aiosmtpd does not bring, for its ``SMTP``; it finds the methods by their names."""

    users: Mapping[str, str]

    async def auth_CRAM__MD5(self, smtp: Any, args: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd's convention
        """CRAM-MD5."""
        return await self._run("CRAM-MD5", smtp, args)

    async def auth_SCRAM__SHA__256(self, smtp: Any, args: list[str]) -> AuthResult:  # noqa: N802 - as above
        """SCRAM-SHA-256."""
        return await self._run("SCRAM-SHA-256", smtp, args)

    async def auth_OAUTHBEARER(self, smtp: Any, args: list[str]) -> AuthResult:  # noqa: N802 - as above
        """OAUTHBEARER."""
        return await self._run("OAUTHBEARER", smtp, args)

    async def auth_XOAUTH2(self, smtp: Any, args: list[str]) -> AuthResult:  # noqa: N802 - as above
        """XOAUTH2."""
        return await self._run("XOAUTH2", smtp, args)

    async def _run(self, name: str, smtp: Any, args: list[str]) -> AuthResult:
        login = MECHANISMS[name](self.users)
        challenge = next(login)
        response = base64.b64decode(args[1]) if len(args) > 1 else await smtp.challenge_auth(challenge)
        while True:
            if response is MISSING:
                return AuthResult(success=False, handled=True)
            try:
                challenge = login.send(response)
            except StopIteration as end:
                verdict: Verdict = end.value
                break
            response = await smtp.challenge_auth(challenge)
        secret = self.users[verdict.username].encode() if verdict.is_right else b"\0wrong"
        offered = LoginPassword(verdict.username.encode(), secret)
        result: AuthResult = smtp._authenticate(name, offered)  # noqa: SLF001 - aiosmtpd's own way to its authenticator
        return result
