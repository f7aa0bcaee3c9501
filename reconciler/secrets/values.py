"""What every source has in common: what counts as a value, and how it is told that there is none."""

from __future__ import annotations

from reconciler.diagnostics import Diagnostic, error
from reconciler.model.secrets.values import SecretValue
from reconciler.model.text.types import UNSAFE_CHARACTER

MAX_OCTETS = 64 * 1024
"""The longest value of one secret."""


class Unreadable(Exception):
    """A secret cannot be had; carries the diagnostic, which holds nothing of a value."""

    def __init__(self, problem: Diagnostic) -> None:
        """Keep the problem."""
        super().__init__(problem.code)
        self.problem = problem


def unreadable(code: str, detail: str, *, subject: str) -> Unreadable:
    """Return the exception that says why a secret, or the source named, cannot be had."""
    return Unreadable(error(code, detail, subject=subject))


def secret_value(text: str, reference: str) -> SecretValue:
    """Return the value without one final newline; refuse an empty one and one with control characters."""
    value = text.removesuffix("\n")
    value = value.removesuffix("\r")
    if not value:
        detail = f"{reference} is empty. An empty secret would make the login be skipped or fail; set it."
        raise unreadable("secretInvalid", detail, subject=reference)
    if UNSAFE_CHARACTER.search(value) or not _is_unicode(value):
        detail = f"{reference} holds a control character, such as a second line. Set it to the bare value."
        raise unreadable("secretInvalid", detail, subject=reference)
    return SecretValue(value)


def _is_unicode(text: str) -> bool:
    """Tell whether the text can be written as UTF-8; a variable may hold bytes that are not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
