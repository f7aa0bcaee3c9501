"""From a consumer of the project file to the target that it is read and written by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.consumers.command import CommandTarget
from reconciler.consumers.target import FileTarget

if TYPE_CHECKING:
    from reconciler.consumers.target import Machine, Target
    from reconciler.model.consumers.settings import Consumer


def open_target(consumer: Consumer, name: str, machine: Machine) -> Target:
    """Return the target of a consumer, whose path is absolute."""
    return CommandTarget(consumer, name, machine) if consumer.type == "exec" else FileTarget(consumer, name, machine)
