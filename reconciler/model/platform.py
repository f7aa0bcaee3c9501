"""The platform that hosts marketing accounts, and the operator who receives test messages, as the project file has them."""

from typing import Literal

from pydantic import Field

from reconciler.model.accounts.server import ServerSmtp
from reconciler.model.base import Value
from reconciler.model.text.types import Email, Host


class Operator(Value):
    """Who receives test messages; the option --operator and the variable RECONCILER_OPERATOR win over it."""

    email: Email = Field(description="The address that test messages go to, such as ops@example.com.")


class PlatformSmtp(ServerSmtp):
    """The server that hosts marketing accounts."""

    host: Host = Field(
        description="The host name or IP address of the platform's mail server, such as smtp.example.com."
    )


class Platform(Value):
    """The platform that hosts marketing accounts and decides on them."""

    approval: Literal["manual", "automatic"] = Field(
        "manual",
        description="Whether a new marketing account waits for reconciler approve (manual, the default) or is accepted by apply (automatic).",
    )
    smtp: PlatformSmtp | None = Field(
        None,
        description="The platform's mail server, at which marketing accounts are verified; without it no server is asked about them.",
    )
