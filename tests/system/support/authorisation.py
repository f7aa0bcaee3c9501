"""An OAuth2 authorisation server on loopback, as far as mail needs one.

The mail server asks it whose a token is (introspection, RFC 7662); this program gets its tokens there (RFC 6749).
"""

from __future__ import annotations

import json
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from tests.system.support.processes import LOOPBACK
from tests.system.support.users import USERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@contextmanager
def running_introspection() -> Iterator[str]:
    """Serve until the block ends; yield the URL that tells whose an access token is."""
    server = ThreadingHTTPServer((LOOPBACK, 0), _Introspection)
    with _serving(server):
        yield f"http://{LOOPBACK}:{server.server_port}/introspect"


@contextmanager
def running_token_endpoint(certificate: Path) -> Iterator[str]:
    """Serve over TLS until the block ends; yield the URL that gives an access token for a refresh token."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = ThreadingHTTPServer((LOOPBACK, 0), _TokenEndpoint)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with _serving(server):
        yield f"https://localhost:{server.server_port}/token"


@contextmanager
def _serving(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, name="authorisation server")
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Answer the form that was sent."""
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        status, answer = self.answer({name: values[0] for name, values in form.items()})
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self, form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        """Return status and document."""
        raise NotImplementedError

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Keep quiet."""


class _Introspection(_Answering):
    def answer(self, form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        """Say whose the token in the form is."""
        names = [user.name for user in USERS if user.token == form.get("token")]
        return 200, {"active": bool(names), **({"username": names[0], "token_type": "Bearer"} if names else {})}


class _TokenEndpoint(_Answering):
    def answer(self, form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        """Give the access token that belongs to a refresh token."""
        tokens = [user.token for user in USERS if user.refresh_token == form.get("refresh_token")]
        if not tokens or form.get("grant_type") != "refresh_token":
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": tokens[0], "token_type": "Bearer", "expires_in": 3600}
