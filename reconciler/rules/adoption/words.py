"""The words of other programs for encryption.

``encryption: none`` comes of an explicit word alone. Most programs that are told no encryption take STARTTLS where it is
offered; so that is what is written then, and the difference is told: here a server without it fails the check.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.adoption.found import UNSAID, Security
from reconciler.rules.adoption.ways import IMPLICIT_TLS_PORT, STARTTLS_PORTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.servers.terms import Encryption

TRUE = frozenset({"true", "1", "yes", "on", "y", "t", "enabled"})
FALSE = frozenset({"false", "0", "no", "off", "n", "f", "disabled"})
_NOTHING = frozenset(
    {
        "",
        "null",
        "none",
        "nil",
        "(null)",
        "undefined",
        "plain",
        "notls",
        "unencrypted",
        "no encryption",
        "plain text",
        "plaintext",
        "cleartext",
        "clear text",
    }
)
_STARTTLS = frozenset({"explicit", "mandatory", "required"})
_IMPLICIT = frozenset({"ssl", "tls/ssl", "force_tls", "wrapper"})
_SOME_TLS = frozenset({"tls", "tlsv1", "tlsv1.2", "tlsv1_2", "tls1.2", "tlsv1.3"})
_AUTO = frozenset({"auto", "starttls_auto", "may", "auto_tls", "try"})
_OPPORTUNISTIC = "the source took STARTTLS only where it was offered, and sent in the clear elsewhere; here that fails"
_IN_THE_CLEAR = "the source sends in the clear"
_NO_WORD = "the source says no encryption, and programs of its kind then take STARTTLS where it is offered"

TLS = Security(encryption="tls")
STARTTLS = Security(encryption="starttls")
IF_OFFERED = Security(encryption="starttls", certainty="server", why=_OPPORTUNISTIC)
NONE = Security(encryption="none", why=_IN_THE_CLEAR)


def plain(text: object) -> str:
    """Return a word without case, spaces and the quotes that sources leave around it.

    >>> plain(" 'STARTTLS' ")
    'starttls'
    """
    return str(text).strip().strip("'\"").strip().lower()


def flag(text: object) -> bool | None:
    """Return what a word says as yes or no; None where it is neither.

    >>> flag("Yes"), flag("0"), flag("perhaps")
    (True, False, None)
    """
    word = plain(text)
    return True if word in TRUE else False if word in FALSE or word in _NOTHING else None


def contradiction(why: str, port: int | None) -> Security:
    """Return what is written where a source contradicts itself: what the port usually speaks.

    >>> contradiction("ssl on port 587", 587).encryption, contradiction("starttls on port 465", 465).encryption
    ('starttls', 'tls')
    """
    usual: Encryption = "tls" if port == IMPLICIT_TLS_PORT else "starttls"
    return Security(encryption=usual, certainty="contradiction", why=why)


def word(text: object, port: int | None) -> Security:
    """Return what one word for encryption means: as .env files, Laravel, PHPMailer, WordPress and others use it.

    ``tls`` mostly means STARTTLS there, ``ssl`` TLS from the first byte; the port decides where it is one of the usual.

    >>> word("ssl", 465).encryption, word("tls", 587).encryption
    ('tls', 'starttls')
    """
    said = plain(text)
    for known, meaning in _MEANINGS:
        if said in known:
            return meaning(said, port)
    roughly = _APART.sub("", said)
    for part, meaning in _ROUGHLY:
        if part in roughly:
            return meaning(said, port)
    return replace(unsaid(port), certainty="server", why="the source has a word for encryption that is not known")


def _starttls(said: str, port: int | None) -> Security:
    if port == IMPLICIT_TLS_PORT:
        return contradiction(f"{said} on port 465 contradicts itself: that port speaks TLS from the first byte", port)
    return STARTTLS


def _implicit(said: str, port: int | None) -> Security:
    if port in STARTTLS_PORTS:
        return contradiction(f"{said} on port {port} contradicts itself: that port speaks STARTTLS", port)
    return TLS


def _tls(_said: str, port: int | None) -> Security:
    if port == IMPLICIT_TLS_PORT:
        return TLS
    if port is None or port in STARTTLS_PORTS:
        return STARTTLS
    why = f"tls on port {port} may be STARTTLS or TLS from the first byte"
    return Security(encryption="starttls", certainty="server", why=why)


def _nothing(_said: str, port: int | None) -> Security:
    if port == IMPLICIT_TLS_PORT:
        return contradiction("no encryption on port 465 contradicts itself: that port speaks TLS", port)
    return Security(encryption="starttls", certainty="server", why=_NO_WORD)


def _if_offered(_said: str, port: int | None) -> Security:
    return TLS if port == IMPLICIT_TLS_PORT else IF_OFFERED


_MEANINGS: tuple[tuple[frozenset[str], Callable[[str, int | None], Security]], ...] = (
    (_STARTTLS, _starttls),
    (_IMPLICIT, _implicit),
    (_SOME_TLS | TRUE, _tls),
    (_AUTO, _if_offered),
    (_NOTHING | FALSE, _nothing),
)


_APART = re.compile(r"[^a-z0-9]+")
_ROUGHLY: tuple[tuple[str, Callable[[str, int | None], Security]], ...] = (
    ("opportunistic", _if_offered),
    ("ifavailable", _if_offered),
    ("nostarttls", _nothing),
    ("starttls", _starttls),
    ("implicit", _implicit),
    ("ssltls", _implicit),
    ("smtps", _implicit),
)
"""Parts of words, and of what programs have people choose from: ``start_tls``, ``TLS (STARTTLS)``, ``SSL/TLS (465)``."""


def secure(text: object, port: int | None) -> Security:
    """Return what nodemailer's ``secure`` and ``SMTP_SECURE`` mean: true is TLS from the first byte, false STARTTLS if offered.

    >>> secure("true", 465).encryption, secure(False, 587).encryption
    ('tls', 'starttls')
    >>> secure("true", 587).certainty, secure(False, 465).certainty
    ('contradiction', 'contradiction')
    """
    said = flag(text)
    if said is None:
        return word(text, port)
    if said:
        return _implicit("secure: true", port)
    if port == IMPLICIT_TLS_PORT:
        return contradiction("secure: false on port 465 contradicts itself", port)
    return IF_OFFERED


def two_boxes(*, starttls: bool, implicit: bool, port: int | None) -> Security:
    """Return what two tick boxes mean, as Django has them: neither ticked sends in the clear.

    >>> two_boxes(starttls=False, implicit=False, port=25).encryption
    'none'
    """
    if starttls and implicit:
        return contradiction("both STARTTLS and implicit TLS are set, and one connection has one of them", port)
    return TLS if implicit else STARTTLS if starttls else NONE


def unsaid(port: int | None) -> Security:
    """Return what is written where nothing was said: what the port usually speaks.

    >>> unsaid(465).encryption, unsaid(587).encryption
    ('tls', None)
    """
    return TLS if port == IMPLICIT_TLS_PORT else UNSAID
