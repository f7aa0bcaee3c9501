"""What a server's refusal is about: EHLO, MAIL, RCPT, DATA and the end of DATA, and the banner. Pure.

Premise: the command that a server answers is not always what it objects to. Postfix waits with all its objections until
RCPT, others until the end of DATA; and nobody's login is refused in whatever words a server has for a foreign address.
So the answer is looked for in this order:

1. 421 is not an opinion on anything: the server leaves (RFC 5321 section 3.8), and so does any 4xx to EHLO. Some
   statements are made in that form all the same, and mean nothing else: that there is too much at once, what Postfix
   thinks of the client's certificate, that this machine is on a list or has no name, and after MAIL what is wrong with
   the domain or the account.
2. The enhanced status code, where the registry gives it one meaning (RFC 3463, RFC 7372, RFC 7505 and the others of the
   IANA registry). Most of X.7.0, X.7.1 and X.0.0 mean nothing by themselves.
3. The words (``wordings``).
4. What a vague enhanced code leaves: its subject; then the reply code (RFC 5321 section 4.2.3); then the command.
5. What is declared: where nobody is logged in, a foreign recipient that is refused, whatever the words, is refused for
   that; and a bad sequence of commands is the login that is missing.
"""

from __future__ import annotations

import contextlib
import re
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol

from reconciler.classes import dataclass
from reconciler.model.text.domains import address_to_ascii
from reconciler.rules.verification import statuscodes
from reconciler.rules.verification.languages import LANGUAGES, folded
from reconciler.rules.verification.logins import LOCKED_OUT, said_later, said_of_login, says_wrong
from reconciler.rules.verification.vocabulary import NOT_ACTIVATED, OWN_MAILBOX_FULL, without_names
from reconciler.rules.verification.wordings import WORDINGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Command = Literal["greeting", "hello", "sender", "recipient", "message"]
"""What was answered: the banner is nobody's answer, ``message`` is DATA and its end."""
Blame = Literal[
    "account", "certificate", "domain", "encryption", "listing", "login", "machine", "message", "name", "nobody", "pace", "port", "recipient", "sender", "server",
]  # fmt: skip
"""What has to change before the server takes the mail; ``nobody``: that cannot be told."""

BLAMES: Mapping[str, Blame] = MappingProxyType({
    "accessTokenRejected": "login",
    "accountSuspended": "account",
    "authenticationRequired": "login",
    "blockListed": "listing",
    "clientCertificateRefused": "certificate",
    "clientCertificateRequired": "certificate",
    "commandRefused": "nobody",
    "credentialsRejected": "login",
    "domainAuthenticationFailed": "domain",
    "encryptionRequired": "encryption",
    "greylisted": "nobody",
    "helloRefused": "name",
    "insufficientStorage": "server",
    "internationalAddressUnsupported": "server",
    "mailboxFull": "recipient",
    "messageDeferred": "message",
    "messageRefused": "message",
    "messageTooLarge": "message",
    "notSmtp": "port",
    "policyRefused": "nobody",
    "rateLimited": "pace",
    "recipientDeferred": "recipient",
    "recipientNotVerified": "account",
    "recipientRefused": "recipient",
    "relayingDenied": "login",
    "reverseDnsMissing": "machine",
    "senderDeferred": "sender",
    "senderNotVerified": "sender",
    "senderRefused": "sender",
    "senderUnverifiable": "sender",
    "serverBusy": "server",
    "serverLeaving": "server",
    "serverRefused": "machine",
    "serverTrouble": "server",
    "spamSuspected": "message",
    "spfRefused": "domain",
})  # fmt: skip
"""Whom each code of a refusal blames."""


class Reply(Protocol):
    """A reply as it was read."""

    @property
    def code(self) -> int:
        """The three digits."""

    @property
    def heard(self) -> Sequence[str]:
        """The texts without the codes, as the server said them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is known of the conversation besides the reply."""

    is_logged_in: bool
    has_token: bool = False
    """Whether an access token logs in, and no password."""
    sender: str | None = None
    """The address that MAIL named; None: none yet."""
    recipient: str | None = None
    """The address that RCPT names."""

    @property
    def is_foreign(self) -> bool:
        """Whether the recipient is of another domain than the sender, so that the server would have to pass it on."""
        return self.recipient is not None and _domain(self.sender) != _domain(self.recipient)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a refusal is about."""

    code: str
    """One of the check codes."""
    variant: str = ""
    """Which of the code's sentences fits; empty: its plain one."""

    @property
    def blames(self) -> Blame:
        """What has to change."""
        return BLAMES[self.code]


def meaning_of(command: Command, reply: Reply, circumstances: Circumstances) -> Meaning:
    """Return what a refusal, a reply of 4xx or 5xx, is about."""
    words = legible(" ".join(reply.heard)[:_MOST_READ], circumstances)
    code = _leaving(command, reply, words) or _told(command, reply, words) or _left(command, reply)
    code = _by_class(code, command, reply.code)
    is_own = (command, code) == ("sender", "mailboxFull")  # no recipient was named yet, so it is the sender's
    code, variant = ("accountSuspended", "full") if is_own else (code, _variant(code, words))
    if variant != "":
        return Meaning(code, variant)
    if circumstances.is_logged_in:
        return _of_who_is_logged_in(code, reply, words)
    if command == "recipient" and circumstances.is_foreign and not _is_transient(reply.code):
        if statuscodes.names_recipient(reply.code, reply.heard):
            return Meaning(code, "noLoginUnknown")
        return _of_foreign_recipient(code, is_sure=bool(_SURE.search(words)))
    if code == "commandRefused" and reply.code == _BAD_SEQUENCE and command in {"sender", "recipient"}:
        return Meaning("authenticationRequired", "perhaps")
    return Meaning(code, "noLogin" if code in _WITHOUT_LOGIN else "")


def _of_who_is_logged_in(code: str, reply: Reply, words: str) -> Meaning:
    """Return what a refusal is about where a login was taken before; some servers refuse that only now."""
    if code in {"authenticationRequired", "policyRefused", "commandRefused"} and not _is_transient(reply.code):
        late = said_later(words)
        if late is not None:
            return Meaning(late.code, late.variant)
    return Meaning(code, "loggedIn" if BLAMES[code] == "login" else "")


def _variant(code: str, words: str) -> str:
    """Return the variant of a code's sentence that always fits; empty where it depends on what the account declares."""
    if code == "notSmtp":
        return "hello"
    if code == "accountSuspended":
        return "full" if _OWN_MAILBOX.search(words) else "notActivated" if _NOT_ACTIVATED.search(words) else ""
    return "logins" if code == "rateLimited" and LOCKED_OUT.statement.search(words) else ""


def legible(text: str, circumstances: Circumstances) -> str:
    """Return the words of a reply without what may hold any word at all: addresses, host names, links, status codes.

    >>> legible("5.1.1 <ben@example.org>: no such user at mx.example.org", Circumstances(is_logged_in=True))
    'ADDR : no such user at HOST'
    """
    named = {" RECIPIENT ": circumstances.recipient, " SENDER ": circumstances.sender}
    known = {_ascii(each): word for word, each in named.items() if each is not None}
    return without_names(text, lambda address: known.get(_ascii(address), " ADDR "))


class Fault(Protocol):
    """How a step of the conversation ended, as it was found."""

    @property
    def code(self) -> str:
        """A check code that says which command was refused, and whether for now."""

    @property
    def step(self) -> str:
        """The check at work."""

    @property
    def reply(self) -> Reply | None:
        """What the server said; None: nothing."""


def meaning_of_fault(fault: Fault, circumstances: Circumstances) -> Meaning | None:
    """Return what a step's refusal is about; None where it ended without a refusal of one of these commands.

    A login has codes of its own, and other words (``logins``); STARTTLS is looked at for 421, and for what may be said of
    this machine.
    """
    reply = fault.reply
    if reply is None or reply.code < _FIRST_REFUSAL:
        return None
    if fault.code in _OF_LOGIN and (meaning := _meaning_of_login(fault.code, reply, circumstances)) is not None:
        return meaning
    command = _COMMANDS.get((fault.code, "")) or _COMMANDS.get((fault.code, fault.step))
    if command is None:
        is_of_starttls = fault.code == "starttlsRefused"
        if is_of_starttls and (meaning := meaning_of("hello", reply, circumstances)).code in _OF_THIS_MACHINE:
            return meaning
        is_leaving = reply.code == _LEAVING and fault.code in _ANSWERS_TO_OTHERS
        return Meaning("serverLeaving") if is_leaving else None
    return meaning_of(command, reply, circumstances)


def _meaning_of_login(code: str, reply: Reply, circumstances: Circumstances) -> Meaning | None:
    """Return what a refused login is about beside the password; None where the words do not tell.

    A reply code that means nothing at a login, ``authRefused``, leaves it to the words that the password is wrong.
    """
    if reply.code == _TRANSITION:
        return Meaning("authUnavailable", "transition")
    words = legible(" ".join(reply.heard)[:_MOST_READ], circumstances)
    found = said_of_login(words)
    if found is not None and (code != "accessTokenRejected" or found.code in _BESIDE_A_TOKEN):
        return Meaning(found.code, found.variant)
    if says_wrong(words, code):
        return Meaning("accessTokenRejected" if circumstances.has_token else "credentialsRejected")
    return None


def _leaving(command: Command, reply: Reply, words: str) -> str | None:
    """Return the code of a server that is leaving, or does not serve for now; None: it gives an opinion."""
    transient_at_hello = command in {"greeting", "hello"} and _is_transient(reply.code)
    if not (transient_at_hello or reply.code == _LEAVING):
        return None
    said = _SAID_ON_LEAVING if command in {"greeting", "hello"} else (*_SAID_ON_LEAVING, *_SAID_LATER_ON_LEAVING)
    told = next((each.code for each in WORDINGS if each.code in said and each.fits(command, words)), None)
    if told is not None:
        return told
    if _PACE.fits(command, folded(words)):
        return "rateLimited"
    return "serverLeaving" if reply.code == _LEAVING and command != "greeting" else "serverBusy"


def _told(command: Command, reply: Reply, words: str) -> str | None:
    """Return what the enhanced status code and the words tell; None: neither tells anything."""
    if command == "hello" and _is_another_protocol(reply, words):
        return "notSmtp"
    status = statuscodes.enhanced(reply.code, reply.heard)
    plain = folded(words)
    spoken = chain(((each, plain) for each in LANGUAGES), ((each, words) for each in WORDINGS))
    worded = next((wording.code for wording, text in spoken if wording.fits(command, text)), None)
    stated = statuscodes.but_for(statuscodes.of_one_meaning(status, command), worded)
    return stated or worded or _left_by_status(status, command, reply)


def _left_by_status(status: statuscodes.Status | None, command: Command, reply: Reply) -> str | None:
    """Return what an enhanced status code tells where the words tell nothing."""
    if status is None or (command, reply.code) in _NAMES_ADDRESS or reply.code in _NAMES_LOGIN:
        return None
    is_put_off = status.subject == _POLICY and _is_transient(reply.code)
    return None if is_put_off else statuscodes.of_vague_meaning(status, command)


def _left(command: Command, reply: Reply) -> str:
    """Return what the reply code and the command leave where nothing else tells."""
    if command in {"greeting", "hello"}:
        return "serverRefused" if command == "greeting" else "helloRefused"
    return _BY_REPLY.get((command, reply.code)) or _BY_REPLY.get(("", reply.code)) or _BY_COMMAND[command]


def _by_class(code: str, command: Command, reply: int) -> str:
    """Return the code for a refusal that may pass, where it has another than one that stays."""
    if command in {"greeting", "hello"} and code in _NO_OPINION_BEFORE_MAIL:
        code = "serverRefused" if command == "greeting" else "helloRefused"
    return _DEFERRED.get(code, code) if _is_transient(reply) else code


def _of_foreign_recipient(code: str, *, is_sure: bool) -> Meaning:
    """Return what the refusal of a recipient of another domain is about where nobody is logged in.

    ``is_sure`` tells whether the server says that there is no such recipient, and not merely that it takes none.
    """
    if code in _UNEXPLAINED or (code == "recipientRefused" and not is_sure):
        return Meaning("relayingDenied", "noLogin")
    return Meaning(code, "noLogin" if code in _WITHOUT_LOGIN else "")


def _is_another_protocol(reply: Reply, words: str) -> bool:
    """Tell whether a server that knows neither EHLO nor HELO speaks LMTP, FTP or something else."""
    if _OTHER_PROTOCOL.search(words):
        return True
    return reply.code in {500, 502} and (bool(_UNKNOWN.search(words)) or not _HELLO.fits("hello", words))


def _domain(address: str | None) -> str | None:
    return address and _ascii(address).rpartition("@")[2]


def _ascii(address: str) -> str:
    """Return an address as it is compared; one that is none as it stands."""
    with contextlib.suppress(ValueError):
        address = address_to_ascii(address)
    return address.casefold()


def _is_transient(code: int) -> bool:
    return 400 <= code < 500  # noqa: PLR2004 - the classes of reply codes


_FIRST_REFUSAL, _LEAVING, _BAD_SEQUENCE = 400, 421, 503
_COMMANDS: Mapping[tuple[str, str], Command] = MappingProxyType({
    ("serverBusy", ""): "greeting",
    ("serverRefused", ""): "greeting",
    ("helloRefused", ""): "hello",
    ("senderRefused", ""): "sender",
    ("senderDeferred", ""): "sender",
    ("recipientRefused", ""): "recipient",
    ("recipientDeferred", ""): "recipient",
    ("messageRefused", ""): "message",
    ("messageDeferred", ""): "message",
    ("messageTooLarge", ""): "message",
    ("authenticationRequired", "sender"): "sender",
    ("authenticationRequired", "recipient"): "recipient",
    ("authenticationRequired", "message"): "message",
})  # fmt: skip
"""Which command was refused, by the code and, where that is not enough, the step."""
_OF_LOGIN = frozenset({
    "credentialsRejected", "accessTokenRejected", "authRefused", "strongerLoginRequired", "authUnavailable", "mechanismRefused",
})  # fmt: skip
_BESIDE_A_TOKEN = frozenset({"rateLimited", "accountSuspended", "serverRefused", "authUnavailable", "smtpAuthDisabled"})
_OF_THIS_MACHINE = frozenset({"blockListed", "rateLimited", "reverseDnsMissing", "serverRefused"})
_TRANSITION = 432
"""A password has to be sent once, so that the server can set up its other mechanisms (RFC 4954 section 6)."""
_ANSWERS_TO_OTHERS = frozenset({"starttlsRefused", "authUnavailable"})
_MOST_READ = 2000
"""So many characters of a reply are read: no server needs more to say what it objects to."""
_SURE = re.compile(
    r"unknown|no such|exist|not found|unavailable|disabled|inactive|no (?:mail-?box|account)|no longer|unrout|not a known",
    re.IGNORECASE,
)
"""Words of a server that looked for the recipient and did not find it."""
_OWN_MAILBOX, _NOT_ACTIVATED = (re.compile(each, re.IGNORECASE) for each in (OWN_MAILBOX_FULL, NOT_ACTIVATED))
_SAID_ON_LEAVING = frozenset({
    "rateLimited", "clientCertificateRequired", "clientCertificateRefused", "blockListed", "reverseDnsMissing", "greylisted",
})  # fmt: skip
_SAID_LATER_ON_LEAVING = frozenset({
    "spfRefused", "domainAuthenticationFailed", "encryptionRequired", "accountSuspended", "senderNotVerified",
})  # fmt: skip
_PACE = next(each for each in LANGUAGES if each.code == "rateLimited")
_HELLO = next(wording for wording in WORDINGS if wording.code == "helloRefused")
_POLICY = 7
_UNKNOWN = re.compile(
    r"not (?:understood|recogni[sz]ed|implemented|supported|known)|unknown|unrecogni[sz]ed", re.IGNORECASE
)
_OTHER_PROTOCOL = re.compile(r"\blmtp\b|\blhlo\b|\bUSER and PASS\b|\bftp\b|\bpop3?\b|\bimap\b", re.IGNORECASE)

_BY_REPLY: Mapping[tuple[str, int], str] = MappingProxyType({
    ("", 452): "insufficientStorage",
    ("", 500): "commandRefused",
    ("", 502): "commandRefused",
    ("", 503): "commandRefused",
    ("", 504): "commandRefused",
    ("", 555): "commandRefused",
    ("", 530): "authenticationRequired",
    ("", 535): "authenticationRequired",
    ("", 538): "encryptionRequired",
    ("recipient", 551): "relayingDenied",
    ("recipient", 552): "mailboxFull",
    ("message", 552): "messageTooLarge",
    ("sender", 552): "messageTooLarge",
})  # fmt: skip
"""What the reply code leaves, at one command or at any."""

_NAMES_ADDRESS = frozenset({("sender", 553), ("recipient", 553)})
"""Replies that speak of the address that was named, whatever policy stands behind them."""
_NAMES_LOGIN = frozenset({530, 538})
"""Replies that stand for a login or encryption that is missing, whatever vague status code stands beside them."""
_BY_COMMAND: Mapping[Command, str] = MappingProxyType({
    "sender": "senderRefused",
    "recipient": "recipientRefused",
    "message": "messageRefused",
})  # fmt: skip
_DEFERRED: Mapping[str, str] = MappingProxyType({
    "senderRefused": "senderDeferred",
    "recipientRefused": "recipientDeferred",
    "messageRefused": "messageDeferred",
    "serverRefused": "serverBusy",
})  # fmt: skip
_NO_OPINION_BEFORE_MAIL = frozenset({
    "senderRefused", "recipientRefused", "mailboxFull", "messageRefused", "messageTooLarge", "relayingDenied",
    "policyRefused", "spamSuspected", "senderNotVerified", "senderUnverifiable", "commandRefused", "accountSuspended",
})  # fmt: skip
"""What cannot be meant before a sender was named."""
_UNEXPLAINED = frozenset({"policyRefused", "commandRefused"})
_WITHOUT_LOGIN = frozenset({"recipientRefused", "senderRefused", "policyRefused", "relayingDenied", "commandRefused"})
"""Codes whose sentence says that nobody is logged in, where nobody is."""
