"""The forms by the words of the project file. A further form is a module beside this one, and its line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.consumers.django import Django
from reconciler.consumers.dotenv import Dotenv
from reconciler.consumers.jsonfiles import Kubernetes, Nodemailer, PlainJson
from reconciler.consumers.msmtp import Msmtp
from reconciler.consumers.postfix import Postfix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.consumers.form import Form
    from reconciler.model.consumers.settings import Consumer, FileFormat

FILES: Mapping[FileFormat, Form] = {
    "dotenv": Dotenv(),
    "json": PlainJson(),
    "kubernetes": Kubernetes(),
    "django": Django(),
    "nodemailer": Nodemailer(),
}
"""The formats of ``type: files``."""


def form_of(consumer: Consumer) -> Form:
    """Return the form of a consumer that is written to files; ``ValueError`` for one that a command writes."""
    if consumer.type == "postfix":
        return Postfix()
    if consumer.type == "msmtp":
        return Msmtp()
    if consumer.format is None:
        raise ValueError("a command has no form of its own")
    return FILES[consumer.format]
