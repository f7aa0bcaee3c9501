"""What all sources have in common: the rules for a value, and the exception that says there is none."""

from __future__ import annotations

import re

from reconciler.characters import UNSAFE_CHARACTER
from reconciler.diagnostics import Diagnostic, error
from reconciler.model.secrets.values import SecretValue

MAX_OCTETS = 64 * 1024
"""The longest value of one secret, in octets."""


_SEVERAL_LINES = r"-----BEGIN [A-Z ]{1,40}-----|\{\s*\""
_LINE_ENDS = re.compile(r"[\r\n\t]")


class Unreadable(Exception):
    """A secret cannot be had; ``problem`` says why, and holds nothing of a value."""

    def __init__(self, problem: Diagnostic) -> None:
        """Keep the problem."""
        super().__init__(problem.code)
        self.problem = problem


def unreadable(code: str, detail: str, *, subject: str) -> Unreadable:
    """Return the exception for a secret or a source (``subject``) that cannot be had."""
    return Unreadable(error(code, detail, subject=subject))


def secret_value(text: str, reference: str) -> SecretValue:
    """Return a text as a secret's value, without one line end at its end.

    Raises ``Unreadable`` for an empty value and for one with a control character. Keys and certificates (PEM) and JSON
    objects may have several lines: where a secret of one line is sent they are refused there.
    """
    value = text.removesuffix("\n")
    value = value.removesuffix("\r")
    if not value:
        detail = f"{reference} is empty. An empty secret would make the login be skipped or fail; set it."
        raise unreadable("secretInvalid", detail, subject=reference)
    if UNSAFE_CHARACTER.search(
        _LINE_ENDS.sub("", value) if re.match(_SEVERAL_LINES, value) else value
    ) or not _is_unicode(value):
        detail = f"{reference} holds a control character, such as a second line. Set it to the bare value."
        raise unreadable("secretInvalid", detail, subject=reference)
    return SecretValue(value)


def _is_unicode(text: str) -> bool:
    """Tell whether the text can be written as UTF-8; that of a variable may stand for octets that are no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
