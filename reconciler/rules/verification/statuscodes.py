"""Enhanced status codes: what the subject and detail of X.Y.Z say of a refusal. RFC 3463, the IANA registry. Pure."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ENHANCED = re.compile(r"(?<![\d.])[#(]{0,2}([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
"""An enhanced status code as servers write it: at the beginning of a line, or ``#5.7.1`` and ``(#5.7.1)`` in it."""


class Status(NamedTuple):
    """Subject and detail of an enhanced status code."""

    subject: int
    detail: int


def enhanced(code: int, lines: Sequence[str]) -> Status | None:
    """Return the enhanced status code of a reply; None without one of the reply's own class.

    >>> enhanced(550, ["5.1.1 No such user"])
    Status(subject=1, detail=1)
    """
    for line in lines:
        found = ENHANCED.search(line)
        if found is not None and found.group(1) == str(code)[:1]:
            return Status(int(found.group(2)), int(found.group(3)))
    return None


def of_one_meaning(status: Status | None, command: str) -> str | None:
    """Return the check code that a status code stands for whatever the words are; None: it has no one meaning.

    >>> of_one_meaning(Status(2, 2), "recipient"), of_one_meaning(Status(7, 1), "recipient")
    ('mailboxFull', None)
    >>> of_one_meaning(Status(1, 1), "recipient"), of_one_meaning(Status(1, 1), "sender")
    ('recipientRefused', None)
    """
    return _for(command, _ONE.get(status))


def but_for(code: str | None, worded: str | None) -> str | None:
    """Return the check code of a status code, but for what words say more exactly: a full mailbox is one that exists.

    >>> but_for("recipientRefused", "mailboxFull"), but_for("recipientRefused", "spamSuspected")
    ('mailboxFull', 'recipientRefused')
    """
    return worded if worded == "greylisted" or (code, worded) in _MORE_EXACT else code


def of_vague_meaning(status: Status, command: str) -> str | None:
    """Return the check code that a status code stands for where the words tell nothing; None: it tells nothing either.

    >>> of_vague_meaning(Status(7, 1), "message"), of_vague_meaning(Status(7, 13), "message")
    ('policyRefused', 'accountSuspended')
    >>> of_vague_meaning(Status(0, 0), "message") is None
    True
    """
    return _for(command, _UNLESS_WORDS_SAY.get(status) or _VAGUE.get(status.subject))


def names_recipient(code: int, lines: Sequence[str]) -> bool:
    """Tell whether the status code alone says that the recipient is refused.

    >>> names_recipient(550, ["5.1.1 No such user"]), names_recipient(550, ["5.7.1 Not taken"])
    (True, False)
    """
    return _ONE.get(enhanced(code, lines)) == "recipientRefused"


def _for(command: str, code: str | None) -> str | None:
    """Return a code, but for one on the recipient before there is any: it means the only address, the sender's."""
    return None if code == "recipientRefused" and command == "sender" else code


_MORE_EXACT = frozenset({
    ("recipientRefused", "mailboxFull"),
    # Gmail numbers its demands on its own: X.7.27 is SPF there, X.7.29 TLS, X.7.23 the name of this machine's address.
    ("senderUnverifiable", "spfRefused"),
    ("senderUnverifiable", "domainAuthenticationFailed"),
    ("domainAuthenticationFailed", "encryptionRequired"),
    ("spfRefused", "reverseDnsMissing"),
})  # fmt: skip
"""What a status code says and what words may say more exactly; greylisting is called by no other name, so that goes too."""

_ONE: Mapping[tuple[int, int] | None, str] = MappingProxyType({
    (1, 1): "recipientRefused",
    (1, 3): "recipientRefused",
    (1, 4): "recipientRefused",
    (1, 6): "recipientRefused",
    (1, 9): "recipientRefused",
    (1, 10): "recipientRefused",  # RFC 7505: the recipient's domain takes no mail
    (2, 2): "mailboxFull",
    (2, 4): "recipientRefused",
    (3, 4): "messageTooLarge",
    (6, 7): "internationalAddressUnsupported",  # RFC 6531
    (7, 2): "recipientRefused",
    (7, 8): "authenticationRequired",
    (7, 10): "encryptionRequired",
    (7, 11): "encryptionRequired",
    (7, 17): "recipientRefused",  # RFC 7293
    (7, 18): "recipientRefused",
    (7, 20): "domainAuthenticationFailed",  # RFC 7372
    (7, 21): "domainAuthenticationFailed",
    (7, 22): "domainAuthenticationFailed",
    (7, 23): "spfRefused",
    (7, 24): "spfRefused",
    (7, 25): "reverseDnsMissing",
    (7, 26): "domainAuthenticationFailed",
    (7, 27): "senderUnverifiable",  # RFC 7505: the sender's domain takes no mail
    (7, 28): "rateLimited",
    (7, 29): "domainAuthenticationFailed",  # RFC 8617
    # Not of the registry: Exchange, whoever runs it.
    (7, 54): "relayingDenied",
    (7, 57): "authenticationRequired",
    (7, 60): "senderRefused",
    (7, 64): "relayingDenied",
})  # fmt: skip
"""Those of one meaning."""

_UNLESS_WORDS_SAY: Mapping[tuple[int, int], str] = MappingProxyType({
    (1, 2): "recipientRefused",
    (1, 7): "senderRefused",
    (1, 8): "senderUnverifiable",
    (2, 3): "messageTooLarge",
    (3, 1): "insufficientStorage",
    (4, 5): "rateLimited",
    (5, 3): "rateLimited",
    (7, 13): "accountSuspended",  # RFC 5248
})  # fmt: skip
"""The same, where servers use the code for other things too, and then say so."""

_VAGUE: Mapping[int, str] = MappingProxyType({
    2: "recipientRefused",
    3: "serverTrouble",
    4: "serverTrouble",
    5: "commandRefused",
    6: "messageRefused",
    7: "policyRefused",
})  # fmt: skip
"""What the subject alone leaves, where neither detail nor words tell more."""
