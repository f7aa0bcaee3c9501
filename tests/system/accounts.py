"""An account on the tests' mail server, and what "check settings" finds about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.model.secrets.values import SecretValue
from reconciler.verification import Sender
from tests.system.support.users import NOT_THE_PASSWORD, NOT_THE_TOKEN, OPERATOR, SALES, User
from tests.verification.targets import Token, check_settings

if TYPE_CHECKING:
    from reconciler.verification import Finding

PASSWORD_MECHANISMS = ("auto", "plain", "login", "cram-md5", "scram-sha-256")
TOKEN_MECHANISMS = ("xoauth2", "oauthbearer")
MECHANISMS = PASSWORD_MECHANISMS + TOKEN_MECHANISMS
TIMEOUT_SECONDS = 20


def secret_of(user: User, mechanism: str, *, is_right: bool = True) -> SecretValue:
    """Return what the user logs in with: the password or the access token, or a wrong one."""
    if mechanism in TOKEN_MECHANISMS:
        return SecretValue(user.token if is_right else NOT_THE_TOKEN)
    return SecretValue(user.password if is_right else NOT_THE_PASSWORD)


def check_account(port: int, *, user: User | None = SALES, has_right_secret: bool = True, **changes: Any) -> Finding:
    """Verify the account of a user at a port of localhost; ``changes`` as in ``make_target``.

    Without a user, nobody logs in and the sender is an address that nobody owns.
    """
    mechanism = changes.get("mechanism", "auto")
    secret = secret_of(user, mechanism, is_right=has_right_secret) if user else None
    token = Token(secret.reveal()) if secret and mechanism in TOKEN_MECHANISMS else None
    fields: dict[str, Any] = {
        "host": "localhost",
        "port": port,
        "operator": OPERATOR,
        "timeout_seconds": TIMEOUT_SECONDS,
        "senders": (sender(user.name if user else "nobody@example.com"),),
        "username": user.name if user else None,
        "password": None if token else secret,
        "token": token,
        "mechanism": mechanism if user else None,
    }
    return check_settings(None, **fields | changes)


def sender(address: str, **parts: Any) -> Sender:
    """Return an account with this address."""
    return Sender(name="sales", kind="OwnAccount", email=address, display_name="Example Sales", **parts)
