"""An OAuth2 token endpoint over HTTPS, which issues tokens or misbehaves as a test wants it to.

    with TokenServer(ca.server_context(), issue("ya29.token")) as endpoint:
        ...  # ask endpoint.url

Clients must trust the CA of the context, by SSL_CERT_FILE.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tests.support.scripted import ScriptedServer, Wire

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

    Form = dict[str, str]
    Respond = Callable[[Wire, Form], None]
    """Answers one request, whose form is given."""


class TokenServer(ScriptedServer):
    """The endpoint on localhost and a free port; ``forms`` are the requests' bodies, in the order they came."""

    def __init__(self, context: ssl.SSLContext, respond: Respond) -> None:
        """Keep what to do; nothing listens yet."""
        super().__init__(self._serve)
        self._context = context
        self._respond = respond
        self.forms: list[Form] = []

    @property
    def url(self) -> str:
        """The address to write as ``tokenUrl``."""
        return f"https://localhost:{self.port}/token"

    def _serve(self, wire: Wire) -> None:
        wire.start_tls(self._context)
        length = 0
        while line := wire.read_line():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        form = dict(parse_qsl(wire.read_octets(length).decode("ascii")))
        self.forms.append(form)
        self._respond(wire, form)


def http_answer(body: bytes | dict[str, Any], *, status: int = 200, headers: Iterable[str] = ()) -> bytes:
    """Return an HTTP answer with a body; a document becomes JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", "Content-Type: application/json", *headers]
    if not any(line.lower().startswith(("content-length:", "transfer-encoding:")) for line in lines):
        lines.append(f"Content-Length: {len(content)}")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1") + content


def say(body: bytes | dict[str, Any], *, status: int = 200, headers: Iterable[str] = ()) -> Respond:
    """Return what gives the same answer to every request."""
    octets = http_answer(body, status=status, headers=headers)
    return lambda wire, _form: wire.send(octets)


def issue(token: str, **more: Any) -> Respond:
    """Return what issues the same token to everybody; ``more`` are further fields, ``None`` removes one."""
    document = {"access_token": token, "token_type": "Bearer", "expires_in": 3600, **more}
    return say({name: value for name, value in document.items() if value is not None})


def refuse(error: str, description: str = "", *, status: int = 400) -> Respond:
    """Return what refuses everybody with an OAuth2 error."""
    return say({"error": error, **({"error_description": description} if description else {})}, status=status)


def in_turn(*responds: Respond) -> Respond:
    """Return what answers the first request by the first, the next by the next."""
    left = iter(responds)

    def respond(wire: Wire, form: Form) -> None:
        next(left)(wire, form)

    return respond
