"""Who has a mailbox on the tests' mail server, who may log in there, and with what."""

from __future__ import annotations

from dataclasses import dataclass

OPERATOR = "ops@example.com"
"""Receives the test messages; nobody logs in as the operator."""
NOT_THE_PASSWORD = "not-the-password"
NOT_THE_TOKEN = "not-the-token"


@dataclass(frozen=True)
class User:
    """One user, who owns the address of the same name."""

    name: str
    password: str
    token: str
    """An OAuth2 access token that the authorisation server says is this user's."""

    @property
    def refresh_token(self) -> str:
        """What the authorisation server gives the access token for."""
        return f"refresh-{self.token}"


SALES = User("sales@example.com", "correct-horse-battery", "ya29.token-of-sales")
POLISH = User("sprzedaz@example.com", "zażółć gęślą jaźń 7", "ya29.token-of-sprzedaz")
"""Has a password with letters beyond ASCII, and spaces."""
USERS = (SALES, POLISH)
POLISH_LOGIN = "sprzedaż"
"""Logs in with ``POLISH``'s password, and owns no address."""
ADDRESSES = (OPERATOR, *(user.name for user in USERS))
"""The mailboxes there are."""
CONTACTS = "contacts"
"""The mailbox of all addresses ``contact-NUMBER@example.com``."""
