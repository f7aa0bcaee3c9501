"""A web server with an MTA-STS policy over HTTPS, or whatever else a test wants it to answer.

    with PolicyServer(ca.server_context("mta-sts.example.com"), policy("mx: mail.example.com")) as web:
        ...  # fetch from port web.port

Clients must trust the CA of the context, by SSL_CERT_FILE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.scripted import ScriptedServer, Wire

if TYPE_CHECKING:
    import ssl


class PolicyServer(ScriptedServer):
    """The server; ``requests`` are the heads of what was asked, in the order they came."""

    def __init__(self, context: ssl.SSLContext, answer: bytes) -> None:
        """Keep what to answer to every request; nothing listens yet."""
        super().__init__(self._serve)
        self._context = context
        self._answer = answer
        self.requests: list[list[bytes]] = []

    def _serve(self, wire: Wire) -> None:
        wire.start_tls(self._context)
        head = []
        while line := wire.read_line():
            head.append(line)
        self.requests.append(head)
        wire.send(self._answer)


def policy(*lines: str, mode: str = "enforce", content_type: str = "text/plain") -> bytes:
    """Return an answer with a policy of a week that has these lines beside."""
    body = "".join(f"{line}\r\n" for line in ("version: STSv1", f"mode: {mode}", "max_age: 604800", *lines))
    return web_answer(body.encode(), content_type=content_type)


def web_answer(body: bytes, *, status: str = "200 OK", content_type: str = "text/plain", head: str = "") -> bytes:
    """Return an HTTP answer; ``head`` are further lines, each with its CR LF."""
    lines = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{head}\r\n"
    return lines.encode() + body
