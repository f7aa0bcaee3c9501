"""An editor with a project open: texts in, completion, hover and errors out, as somebody who types would see them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.editor.client import LanguageServer

CURSOR = "^^"
"""Where the cursor is in a text."""
ACCOUNT_LINE = "# yaml-language-server: $schema=../.schemas/account.schema.json\n"
OVERLAY_LINE = "# yaml-language-server: $schema=../.schemas/overlay.schema.json\n"
PROJECT_LINE = "# yaml-language-server: $schema=.schemas/project.schema.json\n"


@dataclass(frozen=True)
class Problem:
    """One error as the editor underlines it: the words on its first line that are underlined, and what is said."""

    line: str
    """The whole line on which it begins, without the blanks around."""
    text: str
    """What is underlined of that line."""
    message: str


class Editor:
    """Opens every text under a name of its own, so that answers are never those of another text."""

    def __init__(self, server: LanguageServer, folder: Path) -> None:
        """Take a running server and the project folder that it was started for."""
        self._server = server
        self.folder = folder
        self._numbers = count(1)

    def problems(self, text: str, *, line: str = ACCOUNT_LINE, path: str = "") -> list[Problem]:
        """Return what the editor underlines, from top to bottom."""
        uri, _ = self._open(text, line, path)
        found = self._server.problems_of(uri)
        self._server.close(uri)
        lines = (line + text).splitlines()
        return [_problem(each, lines) for each in sorted(found, key=_start)]

    def completion(self, text: str, *, line: str = ACCOUNT_LINE, path: str = "") -> dict[str, str]:
        """Return what is offered at the cursor: label to the text, or snippet, that is put in."""
        items = self._at_cursor("textDocument/completion", text, line, path)["items"]
        return {each["label"]: (each.get("textEdit") or {}).get("newText") or each["insertText"] for each in items}

    def explanations(self, text: str, *, line: str = ACCOUNT_LINE) -> dict[str, str]:
        """Return what is said beside each thing that is offered at the cursor."""
        items = self._at_cursor("textDocument/completion", text, line, "")["items"]
        return {each["label"]: _plain(each.get("documentation") or "") for each in items}

    def hover(self, text: str, *, line: str = ACCOUNT_LINE) -> str:
        """Return what is shown over the word at the cursor, without the marks that Markdown needs."""
        return _plain((self._at_cursor("textDocument/hover", text, line, "") or {}).get("contents", ""))

    def hovers(self, text: str, places: list[tuple[int, int]], *, line: str = ACCOUNT_LINE) -> list[str]:
        """Return what is shown at each place, line and column of ``text`` from 0."""
        uri, _ = self._open(text, line, "")
        below = line.count("\n")
        shown = []
        for row, column in places:
            position = {"line": row + below, "character": column}
            parameters = {"textDocument": {"uri": uri}, "position": position}
            found = self._server.ask("textDocument/hover", parameters)
            shown.append(_plain((found or {}).get("contents", "")))
        self._server.close(uri)
        return shown

    def _at_cursor(self, method: str, text: str, line: str, path: str) -> Any:
        uri, position = self._open(text, line, path)
        answer = self._server.ask(method, {"textDocument": {"uri": uri}, "position": position})
        self._server.close(uri)
        return answer

    def _open(self, text: str, line: str, path: str) -> tuple[str, dict[str, int]]:
        whole = line + text
        before, _, after = whole.partition(CURSOR)
        folder = self.folder / ("" if line == PROJECT_LINE else "accounts.d")
        uri = (self.folder / path if path else folder / f"text{next(self._numbers)}.yaml").as_uri()
        self._server.open(uri, before + after)
        return uri, {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}


def _start(found: dict[str, Any]) -> tuple[int, int]:
    return found["range"]["start"]["line"], found["range"]["start"]["character"]


def _problem(found: dict[str, Any], lines: list[str]) -> Problem:
    start, end = found["range"]["start"], found["range"]["end"]
    line = lines[start["line"]] if start["line"] < len(lines) else ""
    stop = end["character"] if end["line"] == start["line"] else len(line)
    return Problem(line.strip(), line[start["character"] : stop], found["message"])


def _plain(documentation: str | dict[str, str]) -> str:
    text = documentation["value"] if isinstance(documentation, dict) else documentation
    return re.sub(r"\\([\\`*_{}\[\]#+!])", r"\1", text)
