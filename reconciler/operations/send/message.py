"""What is sent and to whom: the message as a template, and the contacts file, which must not change meanwhile."""

from __future__ import annotations

import contextlib
import io
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.contacts import open_contacts
from reconciler.diagnostics import error
from reconciler.errors import InvalidInput
from reconciler.files import file_digest, read_regular_file, reason_of
from reconciler.model.mail.contacts import Contact
from reconciler.operations.send.resolve import MOST_NAMES
from reconciler.sending import MAX_MESSAGE_OCTETS, NotAMessage, read_template, template_of_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.sending import Card, Template


class Text(FrozenByName):
    """A plain text message, in place of an .eml."""

    subject: str
    body: str | Path
    """The text itself, or the file that holds it in UTF-8."""


def read_message(message: Path | Text) -> Template:
    """Return the message that is to be sent; raise ``InvalidInput`` where it cannot be read or sent as it is."""
    subject = str(message) if isinstance(message, Path) else None
    try:
        if isinstance(message, Path):
            return read_template(_read(message))
        body = message.body if isinstance(message.body, str) else _read(message.body).decode("utf-8-sig")
        return template_of_text(message.subject, body)
    except UnicodeDecodeError:
        raise InvalidInput(error("notUtf8", "The file of --body-file is not UTF-8. Save it as UTF-8.")) from None
    except NotAMessage as refusal:
        raise InvalidInput(error("messageInvalid", str(refusal), subject=subject)) from None


def _read(path: Path) -> bytes:
    try:
        return read_regular_file(path, MAX_MESSAGE_OCTETS)
    except (OSError, ValueError) as failure:
        raise _unreadable(path, failure) from None


def _unreadable(path: Path, failure: OSError | ValueError) -> InvalidInput:
    reason = reason_of(failure) if isinstance(failure, OSError) else "its name cannot be one"
    shown = str(path).replace("\0", "\ufffd")
    return InvalidInput(error("fileUnreadable", f"{shown} cannot be read: {reason}.", subject=shown))


class Contacts:
    """The contacts file, which must stay as it is for the whole run; opened for each turn."""

    def __init__(self, path: Path, *, word: str = "") -> None:
        """Keep the path, and the digest of what is there now; raise ``InvalidInput`` where it cannot be read.

        ``word`` is how it was named where that is not its path: ``-``.
        """
        self.path = path
        self.shown = "standard input" if word == "-" else str(path)
        self.word = word or str(path)
        self._stamp = self._stamped()
        self.digest = self._digest()

    def _digest(self) -> str:
        try:
            return file_digest(self.path)
        except (OSError, ValueError) as failure:
            raise _unreadable(self.path, failure) from None

    def _stamped(self) -> tuple[int, ...]:
        """Return what changes with every write to the file, and costs nothing to ask before each contact."""
        try:
            found = self.path.stat()
        except (OSError, ValueError) as failure:
            raise _unreadable(self.path, failure) from None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    def missing_details(self, names: Iterable[str]) -> tuple[tuple[str, ...], frozenset[str]]:
        """Return those of the names that no contact has as a detail, sorted, and the names that contacts have.

        Reads on only until all were found.
        """
        missing = {unicodedata.normalize("NFC", name) for name in names}
        seen: set[str] = set()
        if missing:
            with self.open() as cards:
                for card in cards:
                    if isinstance(card, Contact) and len(seen) < MOST_NAMES:
                        seen |= card.details.keys()
                    missing -= card.details.keys() if isinstance(card, Contact) else set()
                    if not missing:
                        break
        return tuple(sorted(missing)), frozenset(seen)

    def first(self) -> Contact | None:
        """Return the first contact; None where there is none."""
        # Without asking whether the file is still the same, which takes reading all of it.
        with open_contacts(str(self.path), stdin=io.BytesIO()) as cards:
            return next((card for card in cards if isinstance(card, Contact)), None)

    @contextlib.contextmanager
    def open(self) -> Iterator[Iterator[Card]]:
        """Open the file and give each contact; raise ``InvalidInput`` once the file has changed, before the next one.

        A line that somebody put in would move all others, and make contacts that have been sent to look new.
        """
        self._require_same()
        with open_contacts(str(self.path), stdin=io.BytesIO()) as entries:
            yield self._unchanged(entries)
        self._require_same()

    def _unchanged(self, entries: Iterator[Card]) -> Iterator[Card]:
        for entry in entries:
            stamp = self._stamped()
            if stamp != self._stamp:
                self._require_same()
                self._stamp = stamp
            yield entry

    def _require_same(self) -> None:
        if self._digest() != self.digest:
            detail = (
                f"{self.shown} was changed while messages were sent to the contacts in it, so sending was stopped. Bring "
                "the file back as it was and go on with the same command, or nobody can tell who has got the message."
            )
            raise InvalidInput(error("contactsChanged", detail, subject=str(self.path)))
