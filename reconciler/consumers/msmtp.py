"""msmtp: one ``account`` for each account, found by the envelope's sender; an unknown one has none and is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.consumers.blocks import held, joined
from reconciler.consumers.form import Entry, Form, Had, Layout
from reconciler.model.consumers.capabilities import Capabilities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.consumers.sender import Sender
    from reconciler.model.consumers.settings import Consumer

_PASSWORD = re.compile(r'(password ")(.*)(")')
_HEAD = ("defaults", "tls_certcheck on", "set_date_header auto")


class Msmtp(Form):
    """The settings of msmtp, and a file for each private CA."""

    layout = Layout(files=("",))
    capabilities = Capabilities(
        encryptions=("starttls", "tls", "none"),
        mechanisms=("auto", "plain", "login", "cram-md5", "scram-sha-256"),
        references=("env", "file", "declared"),
        private_ca=True,
        helo_name=True,
        by_address=True,
    )

    def write(self, entries: Sequence[Entry], consumer: Consumer, name: str) -> Mapping[str, str]:
        """Return the settings and the files of CAs."""
        assert consumer.path is not None  # noqa: S101 - a rule of the model
        return {
            **{ca_file(each.sender): each.sender.ca for each in entries if each.sender.ca is not None},
            "": joined(((each.sender.name, _lines(each, consumer.path)) for each in entries), head=_HEAD),
        }

    def read(self, texts: Mapping[str, str]) -> Mapping[str, Had]:
        """Return what the file holds of each account."""
        return held(texts[""], _PASSWORD)


def ca_file(sender: Sender) -> str:
    """Return what follows the path in the name of the file of a sender's private CA."""
    return f".ca-{(sender.ca_digest or '').removeprefix('sha256:')[:16]}.pem"


def _lines(entry: Entry, path: str) -> list[str]:
    sender = entry.sender
    is_plain = sender.encryption == "none"
    lines = [
        f"account {sender.name}",
        f"host {sender.host}",
        f"port {sender.port}",
        f"tls {'off' if is_plain else 'on'}",
        f"tls_starttls {'on' if sender.encryption == 'starttls' else 'off'}",
        f"from {sender.email}",
        *([f"tls_trust_file {path}{ca_file(sender)}"] if sender.ca is not None else []),
        *([f"domain {sender.helo_name}"] if sender.helo_name is not None else []),
    ]
    if sender.username is None:
        return [*lines, "auth off"]
    mechanism = "on" if sender.mechanism == "auto" else sender.mechanism
    lines += [f"auth {mechanism}", f'user "{sender.username}"']
    if entry.password is not None:
        lines.append(f'password "{entry.password}"')
    elif entry.reference is not None and entry.reference.shell is not None:
        lines.append(f"passwordeval {entry.reference.shell}")
    return lines
