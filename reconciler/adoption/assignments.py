"""Variables that a file sets, as ``.env`` files and scripts of shells have them: ``export NAME='value'``.

Read leniently, since readers of such files differ; where they would, that is told with the variable. What only a run
could tell is not guessed at: a value that is another variable's, or a command's, is told and has no text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from reconciler.classes import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_.]*)\s*[=:]\s*(?P<value>.*)\Z", re.DOTALL)
_REMARKS = ("#", ";", "//")
_REMARK = re.compile(r"[ \t]#.*\Z")
_QUOTES = "'\"`"
_DOUBLE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_BEHIND_QUOTES = re.compile(r"[ \t]*[,;]?[ \t]*(?:(?:#|//).*)?\Z")
"""What may stand behind a closing quote without belonging to the value: a remark, or the comma of a list."""
_MOST_LINES = 200
"""More lines than a key or a certificate between quotes has."""
_BARE = re.compile(r"(?:[^\s'\"`\\,;]|\\.)+")
_MEANT = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "$": "$", "`": "`", "'": "'"}
_FILLED_IN = re.compile(
    r"\\(?P<escaped>.)|\$\{(?P<name>\w+)(?:(?P<how>:?[-=?+])(?P<default>[^}]*))?\}|\$(?P<bare>\w+)|(?P<command>\$\()",
    re.DOTALL,
)


class Variable(Frozen):
    """One variable as it is set."""

    name: str
    value: str
    line: int
    doubts: tuple[str, ...] = ()
    """What other readers of such files might make of it, in sentences."""
    is_known: bool = True
    """False where the file does not say what the value is: what stands there is then no more than a reference."""
    reference: str | None = None
    """The variable that the whole of such a value comes of."""


class NoVariable(NamedTuple):
    """A line that sets nothing that can be read."""

    line: int
    written: str
    """The line, which may hold a password."""
    reason: str


class _Text(NamedTuple):
    """What a value says."""

    text: str
    doubts: tuple[str, ...] = ()
    is_known: bool = True
    reference: str | None = None


def variables_of(text: str) -> Iterator[Variable | NoVariable]:
    """Yield the variables that a text sets, in order, and lines that can be read as none; remarks are passed over."""
    known: dict[str, str] = {}
    lines = text.split("\n")
    passed = 0
    for number, line in enumerate(lines, start=1):
        written = line.strip()
        if number <= passed or not written or written.startswith(_REMARKS):
            continue
        matched = _LINE.match(written)
        if matched is None:
            yield NoVariable(number, written, "The line is not of the form NAME=value.")
            continue
        name = matched["name"]
        taken = _value(matched["value"], lines[number : number + _MOST_LINES], known, name)
        if taken is None:
            reason = f"A quote is opened in the value of {name} and not closed, so it is not clear what the value is."
            yield NoVariable(number, written, reason)
            continue
        said, further = taken
        passed = number + further
        if said.is_known:
            known[name] = said.text
        yield Variable(name, said.text, number, said.doubts, said.is_known, said.reference)


def _value(written: str, below: Sequence[str], known: Mapping[str, str], variable: str) -> tuple[_Text, int] | None:
    """Return what a value says, and how many lines below it belong to it; None where a quote is not closed."""
    if written.startswith(tuple(_QUOTES)):
        quoted = _quoted(written, below, known, variable)
        if quoted is not None or (written[0] != "`" and _end_of_quotes(written) is None):
            return quoted
    bare = _REMARK.sub("", written).strip()
    said = _filled(bare, known, variable, escapes=False)
    if "#" in said.text:
        doubt = (
            f"The value of {variable} holds # without quotes; some programs take what stands behind it for a remark."
        )
        said = said._replace(doubts=(*said.doubts, doubt))
    return said, 0


def _quoted(written: str, below: Sequence[str], known: Mapping[str, str], variable: str) -> tuple[_Text, int] | None:
    """Return a value that begins with a quote, and how many further lines it takes; None where the quotes do not fit."""
    end = _end_of_quotes(written)
    if end is not None:
        if _BEHIND_QUOTES.match(written, end + 1):
            return _between(written[0], written[1:end], known, variable), 0
        return _of_parts(written, known, variable)
    text = written
    for further, line in enumerate(below, start=1):
        text = f"{text}\n{line.rstrip()}"
        end = _end_of_quotes(text)
        if end is not None:
            fits = _BEHIND_QUOTES.match(text, end + 1) is not None
            return (_between(text[0], text[1:end], known, variable), further) if fits else None
    return None


def _between(quote: str, inner: str, known: Mapping[str, str], variable: str) -> _Text:
    if quote == '"':
        return _filled(inner, known, variable, escapes=True)
    if quote == "`":
        return _Text(
            inner,
            (f"The value of {variable} stands between backticks, where a shell runs a command; it was taken as text.",),
        )
    return _Text(inner)


def _of_parts(written: str, known: Mapping[str, str], variable: str) -> tuple[_Text, int] | None:
    r"""Return a value of several parts, quoted or not, that follow each other as in a shell: ``'it'\''s'``."""
    parts: list[_Text] = []
    place = 0
    while not _BEHIND_QUOTES.match(written, place):
        if written[place] in _QUOTES:
            end = _end_of_quotes(written[place:])
            if end is None:
                return None
            parts.append(_between(written[place], written[place + 1 : place + end], known, variable))
            place += end + 1
            continue
        bare = _BARE.match(written, place)
        if bare is None:
            return None
        parts.append(_filled(bare[0], known, variable, escapes=True))
        place = bare.end()
    doubt = f"The value of {variable} is put together of several parts, as shells do; other programs read it otherwise."
    doubts = dict.fromkeys((*(each for part in parts for each in part.doubts), doubt))
    return _Text("".join(part.text for part in parts), tuple(doubts), all(part.is_known for part in parts)), 0


def _end_of_quotes(written: str) -> int | None:
    """Return where the quote closes that a text begins with; in double quotes a backslash escapes one."""
    if written[0] == '"':
        closed = _DOUBLE.match(written)
        return None if closed is None else closed.end() - 1
    end = written.find(written[0], 1)
    return None if end < 0 else end


def _filled(text: str, known: Mapping[str, str], variable: str, *, escapes: bool) -> _Text:
    """Return a text with what it escapes, and the variables of the file filled in.

    Left as they are: a variable that the file does not set, and a backslash that escapes nothing.
    """
    if not any(sign in text for sign in "$\\"):
        return _Text(text)
    doubts: list[str] = []
    missing: list[str] = []

    def fill(found: re.Match[str]) -> str:
        if found["escaped"] is not None:
            meant = _MEANT.get(found["escaped"]) if escapes else None
            if escapes and (meant is None or meant == "\\"):
                doubts.append(f"The value of {variable} holds a backslash, and programs differ on what it means.")
            return found[0] if meant is None else meant
        name = found["name"] or found["bare"]
        if name is not None and name in known and found["how"] not in {"+", ":+"}:
            return known[name]
        if found["how"] in {"-", ":-", "=", ":="}:
            return str(found["default"])
        if found["bare"] is not None:
            doubts.append(f"The value of {variable} holds $; some programs fill in a variable there.")
        elif name is not None:
            missing.append(name)
            doubts.append(f"The value of {variable} comes of the variable {name}, which the source does not set.")
        else:
            missing.append("")
            doubts.append(f"The value of {variable} comes of a command, which was neither run nor repeated.")
        return found[0]

    filled = _FILLED_IN.sub(fill, text)
    whole = _FILLED_IN.fullmatch(text)
    return _Text(
        filled,
        tuple(dict.fromkeys(doubts)),
        is_known=not missing,
        reference=missing[0] or None if missing and whole is not None else None,
    )
