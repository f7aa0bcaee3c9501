"""What statements of refusals are made of: the nouns, what is said of them, and what stands for names. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.rules.verification.statuscodes import ENHANCED

if TYPE_CHECKING:
    from collections.abc import Callable

NO = (
    r"(?:denied|denies|deny|refused?|reject(?:ed|s)?|disallowed|prohibited|forbidden|disabled|blocked|unauthori[sz]ed|invalid|"
    r"(?:is |are |was |were |has |have )?(?:currently )?not (?:been )?(?:currently )?(?:allowed|permitted|authori[sz]ed|accepted|supported|enabled|possible|valid))"
)
"""What is said of a thing that is refused."""
MAY_NOT = (
    r"(?:(?:is|are|was|am)(?: currently)? not (?:currently )?(?:allowed|permitted|authori[sz]ed|configured)|isn't (?:allowed|permitted)|"
    r"not (?:currently )?(?:allowed|permitted|authori[sz]ed|configured)|(?:do|does) not (?:have (?:permissions?|the right)|want)|"
    r"do(?:es)? not|don't|doesn't|can ?not|can't|may not|must not|will not|won't|unable|refuses?|denied|prohibited|forbidden)"
)
"""What is said of somebody who may not do a thing."""
LOGIN = r"(?:smtp[- ]?auth\w*|auth|authentication|authorization|log[- ]?in|login|log[- ]?on|sign[- ]?in)"
FROM = r"(?:mail[- ]?from|from|sender|senders|return[- ]?path|reverse[- ]?path|envelope[- ](?:from|sender)|smtp sender)"
WHO = r"(?:recipient|recipients|user|users|account|mailbox|mail-?box|addressee|customer|alias|userid|local[- ]?part)"
PLACE = r"(?:ip|ips|ip address|address|host|network|mta|server|client|machine|connection|system|pool|HOST)"
LIST = (
    r"(?:black[- ]?list(?:ed)?|block[- ]?list(?:ed)?|deny[- ]?list(?:ed)?|blocked list|rbls?|dnsbls?|bl ?list|spamhaus|spamcop|sorbs|"
    r"barracuda reputation|barracudacentral|uceprotect|cloudmark (?:sender intelligence|csi)|abusix|dnsbl-lookup|ipcheck|delist\w*|senderscore|spamrats|invaluement|ivmsip)"
)
OWN_MAILBOX_FULL = (
    r"\byour (?:own )?(?:mailbox|account|e-?mail account|inbox|storage)\b.{0,40}"
    r"(?:\bfull\b|over ?quota|over (?:its|your|the) (?:\w+ )?quota|out of (?:storage|space)|exceed\w* .{0,20}(?:storage|quota))"
)
"""What is said where MAIL or a message is refused because the sender's own mailbox is full."""
NOT_ACTIVATED = r"\byour (?:\w+ ){0,3}account\b.{0,20}(?:not (?:yet |been )*(?:activated|approved|confirmed)|(?:under|awaiting|pending) (?:review|approval|activation))"
"""What is said of an account that never sent: whoever hosts it has to activate it first."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One statement that servers make; ``code`` is one of the check codes."""

    statement: re.Pattern[str]
    code: str
    steps: frozenset[str] = frozenset()
    """The commands that it is an answer to; empty: any."""

    def fits(self, step: str, words: str) -> bool:
        """Tell whether the words of a reply make the statement."""
        return (not self.steps or step in self.steps) and bool(self.statement.search(words))


def says(code: str, *statements: str, steps: str = "") -> Wording:
    """Return what statements in English mean, as answers to ``steps``; without them, to any command."""
    return Wording(re.compile("|".join(statements), re.IGNORECASE), code, frozenset(steps.split()))


_URL = re.compile(r"\b(?:https?|ftp|mailto|url):\S+", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"'`]+@[^\s<>()\[\]:;,\"'`]+")
_HOST = re.compile(
    r"(?<![\w.-])(?!(?-i:RESOLVER|TRANSPORT|STOREDRV|SMTPSEND|AGENT)\.)(?:[\w-]+\.)+(?:[a-z]{2,}|\d{1,3})(?![\w-])|\[[0-9a-f:.]{4,}(?: \d+)?\]",
    re.IGNORECASE,
)
_LISTS = re.compile(
    r"spamhaus|spamcop|sorbs|barracudacentral|uceprotect|dnsbl|ipcheck|delist|senderscore|\brbl|abusix|openspf|postgrey",
    re.IGNORECASE,
)


def without_names(text: str, named: Callable[[str], str]) -> str:
    """Return words without what may hold any word at all: addresses, host names, links, status codes.

    ``named`` tells what stands for an address. A link or a host that names a well-known list, or a page about SPF,
    leaves that word.
    """

    def address(found: re.Match[str]) -> str:
        return named(found.group().rstrip("."))

    def place(found: re.Match[str]) -> str:
        list_ = _LISTS.search(found.group())
        return f" {list_.group()} HOST " if list_ else " HOST "

    text = _ADDRESS.sub(address, _URL.sub(place, text))
    text = _HOST.sub(place, ENHANCED.sub(" ", text))
    return " ".join(re.sub(r"[<>\"`*_]|(?<!\w)'|'(?!\w)|\.{2,}", " ", text).split())
