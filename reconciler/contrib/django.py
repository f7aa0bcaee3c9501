"""A Django e-mail backend that sends through the account of each message's From address.

::

    EMAIL_BACKEND = "reconciler.contrib.django.EmailBackend"
    RECONCILER_STATE = "postgresql://db.example.com/mail"
    RECONCILER_PROJECT_DIR = "/srv/mail"      # optional, see reconciler.senders

From Django 6.1 on the class is named as the ``BACKEND`` of a mailer in ``MAILERS`` in place of the first line.
"""

from __future__ import annotations

from email.policy import SMTP
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend

from reconciler.diagnostics import error
from reconciler.errors import InvalidInput, ReconcilerError
from reconciler.library import DEFAULT_TIMEOUT_SECONDS, senders
from reconciler.model.text.domains import NotAnAddress, address_to_ascii

if TYPE_CHECKING:
    import smtplib
    from collections.abc import Sequence

    from django.core.mail import EmailMessage

    from reconciler.library import Sender


class EmailBackend(BaseEmailBackend):  # type: ignore[misc] # Django is published without types
    """Sends each message as the active account whose e-mail is in its From; the envelope sender is that account's."""

    def __init__(self, fail_silently: bool = False, **options: Any) -> None:  # noqa: FBT001, FBT002 - Django's signature
        """Take Django's options; nothing is contacted before the first message."""
        super().__init__(**options)
        self.fail_silently = fail_silently  # Django 6.1 takes it of no mailer, and keeps it for none
        self._open: dict[str, smtplib.SMTP] = {}

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send the messages and return how many were taken; raise the first failure, unless it is to be silent."""
        sent = 0
        try:
            accounts = self._accounts()
            for message in email_messages:
                sent += self._send(message, accounts)
        except (ReconcilerError, OSError):
            if not self.fail_silently:
                raise
        finally:
            self.close()
        return sent

    def close(self) -> None:
        """Take leave of every server."""
        while self._open:
            _, connection = self._open.popitem()
            try:
                connection.quit()
            except OSError:
                connection.close()

    def _accounts(self) -> dict[str, Sender]:
        project_dir = getattr(settings, "RECONCILER_PROJECT_DIR", None)
        environment = getattr(settings, "RECONCILER_ENVIRONMENT", None)
        found = senders(settings.RECONCILER_STATE, project_dir=project_dir, environment=environment)
        # Active ones last, so that of several with one address an active one is taken.
        return {each.email.lower(): each for each in sorted(found, key=lambda each: each.is_active)}

    def _send(self, message: EmailMessage, accounts: dict[str, Sender]) -> int:
        recipients = message.recipients()
        if not recipients:
            return 0
        address = parseaddr(message.from_email)[1]
        try:
            account = accounts.get(address_to_ascii(address).lower())
        except NotAnAddress:
            account = None
        if account is None:
            detail = (
                f"No applied account sends from {address or message.from_email!r}. Give the message the From address of "
                "one that reconciler accounts list shows, or declare and apply an account for it."
            )
            raise InvalidInput(error("unknownAccount", detail))
        if account.name not in self._open:
            timeout = getattr(settings, "EMAIL_TIMEOUT", None) or DEFAULT_TIMEOUT_SECONDS
            self._open[account.name] = account.connect(timeout=timeout)
        self._open[account.name].sendmail(account.email, recipients, _octets(message))
        return 1


def _octets(message: EmailMessage) -> bytes:
    """Return a message as it is sent: from Django 6.0 on it is one of Python's own, which takes a policy."""
    if django.VERSION >= (6, 0):
        return bytes(message.message(policy=SMTP).as_bytes())
    return bytes(message.message().as_bytes(linesep="\r\n"))
