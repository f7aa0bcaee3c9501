"""What somebody would write who wants to speak for us, and the test of whether they do."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from tests.render.test_markdown import parsed, prose

if TYPE_CHECKING:
    from tests.cli.project import Outcome, Project

MARKUP = (
    "::error::OWNED ##[error]OWNED ##vso[task.complete] @everyone #1 ![x](http://evil.invalid/x.png) "
    "<img src=http://evil.invalid/x> <script>OWNED</script> </code></pre> `OWNED` --> %0A::error::OWNED"
)
"""Text that a manifest may hold: commands of CI logs, mentions, images, HTML."""
CONTROLS = "\x1b]0;OWNED\x07\x1b[2J\x9b31m\x08\x7f\u202etxt.exe\u2066\u200bOWNED "
"""What a terminal obeys, and what turns text around."""
LINES = "\x1b[2J\x9b31m\u202e\r::error::OWNED\n::add-mask::OWNED\r\n##[error]OWNED\n@everyone\n    reconciler approve --all-pending\n/approve\n\u2028x\x85y "
"""Lines that would be commands where they stand alone."""
ANYTHING = CONTROLS + MARKUP + LINES

_NOT_OURS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_LOG_COMMAND = re.compile(r"^[\s|]*::|##[a-z]*\[")
_ANNOTATION = re.compile(r"::(error|warning|notice) [a-z]+=[^:]*::[^\n]*\Z")
_FORGED = ("reconciler approve --all-pending", "/approve", "@everyone")
_SPOKEN = ("@everyone", "#1", "evil.invalid", "OWNED")


def speak_for_us(outcome: Outcome, form: str) -> list[str]:
    """Return what of the output of a command, in one of its forms, is somebody else's word; empty where all is well."""
    err = [f"stderr: {each}" for each in _steering(outcome.err, form="text")]
    out = [f"stdout: {each}" for each in _steering(outcome.out, form=form)]
    is_internal = ["internalError"] if "internalError" in outcome.out + outcome.err else []
    return [*err, *out, *_marked_up(outcome.out, form), *is_internal]


def _steering(text: str, *, form: str) -> list[str]:
    lines = text.replace("\r\n", "\n").split("\n") if form == "csv" else text.split("\n")
    found = [repr(line) for line in lines if _NOT_OURS.search(line)]
    found += [
        line for line in lines if _LOG_COMMAND.search(line) and not (form == "github" and _ANNOTATION.match(line))
    ]
    return found + [line for line in lines if line.strip() in _FORGED and form != "html"]


def _marked_up(out: str, form: str) -> list[str]:
    if form == "json" and out:
        json.loads(out)
    elif form == "jsonl":
        [json.loads(line) for line in out.splitlines()]
    elif form == "junit" and out:
        ET.fromstring(out)  # noqa: S314 - our own document
    elif form == "csv":
        cells = (cell for row in csv.reader(io.StringIO(out, newline="")) for cell in row)
        return [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    elif form == "markdown":
        tokens = parsed(out)
        spoken = [text for text in prose(tokens) if any(each in text for each in _SPOKEN)]
        return spoken + [token.type for token in tokens if token.type in {"image", "link_open"}]
    elif form == "html":
        page = _Page()
        page.feed(out)
        return page.foreign
    return []


class _Page(HTMLParser):
    """Collects what of a page somebody else has marked up."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Keep elements that fetch, and attributes with an address of theirs."""
        if tag in {"img", "iframe", "object", "embed"} or any(
            "evil.invalid" in (value or "") for _, value in attributes
        ):
            self.foreign.append(f"<{tag} {attributes}>")


PLAN_FORMS = ("text", "json", "markdown", "html", "github")
FORMS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("validate",): ("text", "json", "github"),
    ("plan",): PLAN_FORMS,
    ("verify",): ("text", "json", "junit"),
    ("verify", "--recorded"): ("text", "json", "junit"),
    ("accounts", "list"): ("text", "json", "csv"),
    ("history",): ("text", "json", "csv"),
    ("journal", "check"): ("text", "json"),
}
"""Commands without further words, with every form of their output."""


def heard(project: Project, *commands: tuple[str, ...], forms: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Return, by command and form, what somebody else could say through the output of commands."""
    found = {}
    for words in commands:
        for form in forms or FORMS[words]:
            outcome = project.run(*words, "--format", form)
            spoken = speak_for_us(outcome, form)
            if spoken:
                found[f"{words} {form} {outcome.code}"] = spoken
    return found
