"""A header block by strict rules (RFC 5322): a form that two programs could read differently is refused, not repaired.

Each contact's message holds our header fields beside those that are kept. If a reader took a kept line for the end
of the header, or for a field of another name, a From could be smuggled in beside ours. So obsolete forms that
readers disagree on (a space before the colon, a folded line of blanks only, a bare CR) do not pass.
"""

from __future__ import annotations

import re

from reconciler.classes import dataclass

MAX_LINE_OCTETS = 998
"""The longest line without its CR LF, by RFC 5322 section 2.1.1 and RFC 5321 section 4.5.3.1.6."""

_FIELD = re.compile(rb"([!-9;-~]{1,77}):")
_FIELD_LIKE = re.compile(rb"([!-9;-~]{1,77})[ \t]+:")
_UNSAFE = re.compile(rb"[^\t -~]")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_MBOX = b"From "


class NotAMessage(ValueError):
    """The octets cannot be sent as a message; the text says why and what to do, in full sentences."""


@dataclass(frozen=True, slots=True)
class Field:
    """One header field as it was written."""

    name: str
    """In lower case."""
    lines: tuple[bytes, ...]
    """Its lines without their ends, the name included."""

    @property
    def octets(self) -> bytes:
        """The field for a message: each line with CR LF."""
        return b"".join(line + b"\r\n" for line in self.lines)


def split_message(octets: bytes) -> tuple[bytes, bytes]:
    """Return header block and body of a message whose lines end in LF, without the blank line between them.

    Raises ``NotAMessage`` where there is no blank line, or no header before it.
    """
    if octets.startswith(b"\n"):
        raise NotAMessage("The message begins with a blank line, so it has no header. Save the message as .eml anew.")
    block, blank, body = octets.partition(b"\n\n")
    if not blank:
        raise NotAMessage(
            "The message has no blank line after its header, so its body cannot be told from it. Add one."
        )
    return block + b"\n", body


def parse_fields(block: bytes) -> tuple[Field, ...]:
    """Return the fields of a header block whose lines end in LF, in order; raise ``NotAMessage``."""
    fields: list[tuple[str, list[bytes]]] = []
    for number, line in enumerate(block.removesuffix(b"\n").split(b"\n"), start=1):
        _check_line(line, number)
        if line[:1] in {b" ", b"\t"}:
            if not fields:
                raise NotAMessage(
                    f"Line {number} of the message continues a header field, and there is none before it."
                )
            fields[-1][1].append(line)
        else:
            fields.append((_name(line, number), [line]))
    return tuple(Field(name, tuple(lines)) for name, lines in fields)


def _check_line(line: bytes, number: int) -> None:
    if len(line) > MAX_LINE_OCTETS:
        raise NotAMessage(f"Line {number} of the header is longer than {MAX_LINE_OCTETS} octets. Have it folded.")
    if not line.strip(b" \t"):
        raise NotAMessage(
            f"Line {number} of the header holds blanks only: some programs take it for the end of the header, others "
            "do not. Remove it."
        )
    if _BEYOND_ASCII.search(line):
        raise NotAMessage(
            f"Line {number} of the header holds octets beyond ASCII. Have it encoded (RFC 2047), as mail programs do."
        )
    if _UNSAFE.search(line):
        raise NotAMessage(f"Line {number} of the header holds a control character. Remove it.")


def _name(line: bytes, number: int) -> str:
    matched = _FIELD.match(line)
    if matched:
        return matched[1].decode("ascii").lower()
    if _FIELD_LIKE.match(line):
        raise NotAMessage(
            f"Line {number} of the header has a blank before the colon: programs read that differently. Remove it."
        )
    if number == 1 and line.startswith(_MBOX):
        raise NotAMessage(
            "The message begins with a line of an mbox file. Remove that line, or save the message as .eml."
        )
    raise NotAMessage(f"Line {number} of the header is no header field: NAME: VALUE.")
