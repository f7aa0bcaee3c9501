"""A small client of the language server protocol (LSP 3.17) over a server's standard input and output.

It does what an editor does: opens texts, hands over its settings when asked, and asks for completion and hover. Every
wait is bounded; the server is asked to shut down, and ended by force where it does not.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import IO

Message = dict[str, Any]
_ANSWER_SECONDS = 60.0
_END_SECONDS = 10.0
_LOG_TAIL = 2000


class ServerEnded(Exception):
    """The server is gone, or did not answer in time; the text says what was waited for, and the end of its log."""


class LanguageServer:
    """A running server and what it said. Positions are zero-based lines and UTF-16 columns, as in the protocol."""

    def __init__(self, process: subprocess.Popen[bytes], *, settings: Message, log: Path) -> None:
        """Read from the process; ``settings`` is what the server gets for ``workspace/configuration``, by section."""
        self._process = process
        self._settings = settings
        self._log = log
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._answers: dict[int, Message] = {}
        self._problems: dict[str, list[Message]] = {}
        self._ended = False
        self._last_id = 0
        self.shown: list[str] = []
        self._reader = threading.Thread(target=self._read, name="language server", daemon=True)
        self._reader.start()

    def ask(self, method: str, parameters: object) -> Any:
        """Return the result of a request; ``AssertionError`` where the server answers with an error."""
        with self._changed:
            self._last_id += 1
            number = self._last_id
        self._write({"id": number, "method": method, "params": parameters})
        answer = self._wait(lambda: self._answers.pop(number, None), f"an answer to {method}")
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def tell(self, method: str, parameters: object) -> None:
        """Send a notification, which has no answer."""
        self._write({"method": method, "params": parameters})

    def open(self, uri: str, text: str) -> None:
        """Open a text; its problems come by ``problems_of``."""
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})

    def close(self, uri: str) -> None:
        """Close a text that was opened."""
        self.tell("textDocument/didClose", {"textDocument": {"uri": uri}})

    def problems_of(self, uri: str) -> list[Message]:
        """Return the diagnostics that the server publishes for a text that was opened under a URI used once."""
        found: list[Message] = self._wait(lambda: self._problems.get(uri), f"the diagnostics of {uri}")
        return found

    def _wait(self, find: Callable[[], Any], what: str) -> Any:
        ends_at = time.monotonic() + _ANSWER_SECONDS
        with self._changed:
            while (found := find()) is None:
                left = ends_at - time.monotonic()
                if self._ended or left <= 0:
                    raise ServerEnded(f"{what} did not come; the server's log ends\n{self._tail()}")
                self._changed.wait(left)
        return found

    def _tail(self) -> str:
        return self._log.read_bytes()[-_LOG_TAIL:].decode("utf-8", "replace")

    def _write(self, message: Message) -> None:
        octets = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stream = self._process.stdin
        assert stream is not None
        with self._writing:
            stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(octets), octets))
            stream.flush()

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while (message := _next_message(stream)) is not None:
            if "method" in message and "id" in message:
                self._write({"id": message["id"], "result": self._reply(message)})
            with self._changed:
                self._take(message)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _reply(self, request: Message) -> object:
        """Return the settings, section by section; nothing for anything else that a server may ask."""
        if request["method"] != "workspace/configuration":
            return None
        return [self._settings.get(item.get("section", "")) for item in request["params"]["items"]]

    def _take(self, message: Message) -> None:
        if "id" in message and "method" not in message:
            self._answers[message["id"]] = message
        elif message.get("method") == "textDocument/publishDiagnostics":
            self._problems[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif message.get("method") in {"window/showMessage", "window/logMessage"}:
            self.shown.append(message["params"]["message"])


def _next_message(stream: IO[bytes]) -> Message | None:
    """Return the next message; None at the end of the stream."""
    length = 0
    while line := stream.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    octets = stream.read(length) if length else b""
    return json.loads(octets) if octets else None


@contextmanager
def running_language_server(
    command: Sequence[str], *, folder: Path, settings: Message, log: Path, variables: dict[str, str]
) -> Iterator[LanguageServer]:
    """Run a server for a workspace folder until the block ends, and let it shut down in the order of the protocol."""
    with log.open("wb") as errors:
        process = subprocess.Popen(
            list(command), cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=variables
        )
    try:
        server = LanguageServer(process, settings=settings, log=log)
        _begin(server, folder)
        yield server
        server.ask("shutdown", None)
        server.tell("exit", None)
        process.wait(_END_SECONDS)
    finally:
        _end(process)


def _begin(server: LanguageServer, folder: Path) -> None:
    workspace = {"uri": folder.as_uri(), "name": folder.name}
    capabilities = {
        "workspace": {"configuration": True, "workspaceFolders": True, "didChangeConfiguration": {}},
        "textDocument": {
            "completion": {
                "contextSupport": True,
                "completionItem": {"snippetSupport": True, "documentationFormat": ["markdown", "plaintext"]},
            },
            "hover": {"contentFormat": ["markdown", "plaintext"]},
            "publishDiagnostics": {"relatedInformation": True},
        },
    }
    server.ask(
        "initialize",
        {"processId": None, "rootUri": workspace["uri"], "workspaceFolders": [workspace], "capabilities": capabilities},
    )
    server.tell("initialized", {})


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait(_END_SECONDS)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
