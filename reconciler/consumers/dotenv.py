"""dotenv: lines ``SMTP_…='…'`` of one account, in single quotes.

There is no standard of the format. In single quotes bash, python-dotenv, node's dotenv and ``util.parseEnv`` read every
sign alike but ``'`` itself; and python-dotenv fills in ``${…}`` also there, takes two backslashes for one, and one before the
closing quote for a quote that does not close. Values with those are refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.consumers.blocks import held, joined
from reconciler.consumers.form import Entry, Form, Had, Layout
from reconciler.model.consumers.capabilities import Capabilities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.consumers.settings import Consumer

_PASSWORD = re.compile(r"(SMTP_PASSWORD=')(.*)(')")


def variables(entry: Entry) -> dict[str, str]:
    """Return the settings of an account as variables, but for the secret; what is not declared is absent."""
    sender = entry.sender
    replies = [each.email for each in sender.reply_to if each.email is not None]
    found = {
        "SMTP_HOST": sender.host,
        "SMTP_PORT": str(sender.port),
        "SMTP_ENCRYPTION": sender.encryption,
        "SMTP_USERNAME": sender.username,
        "SMTP_FROM": sender.email,
        "SMTP_FROM_NAME": sender.display_name,
        "SMTP_REPLY_TO": ", ".join(replies) or None,
    }
    return {name: value for name, value in found.items() if value is not None}


class Dotenv(Form):
    """One account as variables."""

    layout = Layout(files=("",))
    capabilities = Capabilities(
        mechanisms=("auto", "plain", "login"),
        references=("file",),
        forbidden=("'", "\\\\", "${"),
        forbidden_endings=("\\",),
        one_account=True,
        encryptions=("starttls", "tls", "none"),
    )

    def write(self, entries: Sequence[Entry], consumer: Consumer, name: str) -> Mapping[str, str]:
        """Return the one file."""
        return {"": joined((each.sender.name, _lines(each)) for each in entries)}

    def read(self, texts: Mapping[str, str]) -> Mapping[str, Had]:
        """Return what the file holds of each account."""
        return held(texts[""], _PASSWORD)


def _lines(entry: Entry) -> list[str]:
    values = variables(entry)
    if entry.password is not None:
        values["SMTP_PASSWORD"] = entry.password
    elif entry.reference is not None and entry.reference.path is not None:
        values["SMTP_PASSWORD_FILE"] = entry.reference.path
    return [f"{name}='{value}'" for name, value in values.items()]
