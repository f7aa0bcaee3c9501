"""The message that is to be sent: read once, kept but for what the account governs, and written for each contact.

Header fields and body are kept octet for octet; only line ends become CR LF, as SMTP demands. Left out are the
fields that we set, and those that tell of the message's earlier journey or sign fields that change. A Cc is
refused: it would show each contact people who are not mailed.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
from email.header import Header
from email.quoprimime import body_encode
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.characters import UNSAFE_CHARACTER
from reconciler.classes import dataclass
from reconciler.envelope import GOVERNED_ADDRESS_HEADERS, make_headers
from reconciler.sending.headerblock import MAX_LINE_OCTETS, NotAMessage, parse_fields, split_message

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.model.mail.resolution import Resolution
    from reconciler.sending.headerblock import Field

MAX_MESSAGE_OCTETS = 50 * 1024 * 1024
"""The largest message, in octets: it is held in memory, and servers take 10 to 50 MiB."""

GOVERNED = ("Date", "Message-ID", *GOVERNED_ADDRESS_HEADERS)
"""The header fields that the account decides, set anew in each message."""

_SET_BY_US = frozenset(name.lower() for name in GOVERNED)
_LEFT_OUT = frozenset(
    {
        "bcc", "return-path", "received", "received-spf", "delivered-to", "x-original-to", "envelope-to",
        "apparently-to", "dkim-signature", "domainkey-signature", "authentication-results", "arc-seal",
        "arc-message-signature", "arc-authentication-results", "x-received", "x-envelope-to", "x-envelope-from",
        "x-rcpt-to", "x-delivered-to", "x-forwarded-to", "x-forwarded-for", "x-originating-ip", "x-bcc",
        "x-google-dkim-signature", "x-google-smtp-source", "x-gm-message-state",
    }
)  # fmt: skip
_LEFT_OUT_PREFIX = "resent-"
_ONCE = ("subject", "mime-version", "content-type", "content-transfer-encoding", "content-disposition")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PLAIN_SUBJECT = re.compile(r"[!-~](?:[ -~]{0,58}[!-~])?\Z")
_MAX_SUBJECT = 1000


@dataclass(frozen=True, slots=True)
class Template:
    """A message without the fields that the account governs."""

    header: bytes
    """The kept fields, each line with CR LF."""
    body: bytes
    """The body, each line with CR LF."""
    digest: str
    """The digest of the message as it was given: by it the results file knows that it
    is continued with the same one.
    """
    left_out: tuple[str, ...] = ()
    """The names, in lower case, of fields that are neither kept nor set anew; sorted."""

    @property
    def is_8bit(self) -> bool:
        """Whether the body holds octets beyond ASCII, for which the server must offer 8BITMIME (RFC 6152)."""
        return not self.body.isascii()

    def write(self, resolution: Resolution, *, at: datetime, message_id: str) -> bytes:
        """Return the message for one contact; ``message_id`` is without its angle brackets.

        Raises ``ValueError`` where the headers, read back, would not say what was meant.
        """
        governed = "".join(f"{name}: {value}\r\n" for name, value in make_headers(resolution))
        stamps = f"Date: {_date(at.replace(microsecond=0))}\r\nMessage-ID: <{message_id}>\r\n"
        return b"".join(((stamps + governed).encode(), self.header, b"\r\n", self.body))


@lru_cache(maxsize=1)
def _date(second: datetime) -> str:
    """Return a time as a header has it; many messages are sent in one second."""
    return format_datetime(second)


def read_template(octets: bytes) -> Template:
    """Return the template of an .eml; raise ``NotAMessage`` for a message that cannot be sent as it is."""
    if len(octets) > MAX_MESSAGE_OCTETS:
        raise NotAMessage(f"The message is larger than {MAX_MESSAGE_OCTETS // 1024**2} MiB. Link to what is attached.")
    text = octets.removeprefix(_BYTE_ORDER_MARK).replace(b"\r\n", b"\n")
    for octet, what in ((b"\r", "a carriage return that ends no line"), (b"\0", "a NUL")):
        if octet in text:
            raise NotAMessage(f"The message holds {what}, which mail cannot carry. Have the part encoded in base64.")
    block, body = split_message(text)
    kept, left_out = _sorted_out(parse_fields(block))
    header = b"".join(field.octets for field in kept)
    _require_same_for_others(header, kept)
    digest = "sha256:" + hashlib.sha256(octets).hexdigest()
    return Template(header=header, body=_checked_body(body), digest=digest, left_out=left_out)


def template_of_text(subject: str, body: str) -> Template:
    """Return the template of a plain text message; raise ``NotAMessage`` for a subject that no header can hold."""
    if UNSAFE_CHARACTER.search(subject) or not subject.strip() or len(subject) > _MAX_SUBJECT:
        raise NotAMessage(
            f"The subject must be one line of 1 to {_MAX_SUBJECT} characters, without control characters."
        )
    try:
        # The quoted-printable encoder of the standard library takes octets as a text of Latin-1.
        lines = body.replace("\r\n", "\n").encode().decode("latin-1")
        written = _subject(subject)
    except UnicodeEncodeError:
        raise NotAMessage("The subject or the body holds a lone surrogate, which is no character.") from None
    encoded = body_encode(lines, eol="\r\n")
    header = (
        f"Subject: {written}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n'
    )
    return read_template(f"{header}\r\n{encoded}".encode("ascii"))


def _subject(subject: str) -> str:
    """Return the subject as it goes on its line: as it is where short and plain, else encoded (RFC 2047)."""
    if _PLAIN_SUBJECT.match(subject) and "=?" not in subject:
        return subject
    return Header(subject, "utf-8", header_name="Subject").encode(linesep="\r\n")


def _sorted_out(fields: tuple[Field, ...]) -> tuple[list[Field], tuple[str, ...]]:
    """Return the kept fields, and the names of those that are neither kept nor set anew."""
    kept, left_out = [], set()
    for field in fields:
        if field.name == "cc":
            raise NotAMessage(
                "The message has a Cc. Every contact gets a message of its own, and would see people in it who are not "
                "mailed. Remove the Cc, and add those people to the contacts."
            )
        if field.name in _LEFT_OUT or field.name.startswith(_LEFT_OUT_PREFIX):
            left_out.add(field.name)
        elif field.name not in _SET_BY_US:
            kept.append(field)
    names = [field.name for field in kept]
    twice = next((name for name in _ONCE if names.count(name) > 1), None)
    if twice is not None:  # programs take the first or the last, and some servers refuse the message
        raise NotAMessage(f"The message has more than one {twice}: programs read that differently. Leave one of them.")
    return kept, tuple(sorted(left_out))


def _checked_body(body: bytes) -> bytes:
    lines = body.split(b"\n")
    longest = max(map(len, lines))
    if longest > MAX_LINE_OCTETS:
        number = next(number for number, line in enumerate(lines, start=1) if len(line) > MAX_LINE_OCTETS)
        raise NotAMessage(
            f"Line {number} of the body has {len(lines[number - 1]):,} octets; mail carries {MAX_LINE_OCTETS} at most "
            "(RFC 5321). Have the part encoded, as quoted-printable or base64."
        )
    if body and lines[-1]:
        lines.append(b"")
    return b"\r\n".join(lines)


def _require_same_for_others(header: bytes, kept: list[Field]) -> None:
    """Raise ``NotAMessage`` unless the standard library's reader finds exactly these fields too."""
    read = email.message_from_bytes(header + b"\r\n", policy=email.policy.compat32)
    if [name.lower() for name in read.keys()] != [field.name for field in kept]:  # noqa: SIM118 - not a mapping
        raise NotAMessage("Programs would read the header of the message differently. Save the message as .eml anew.")
