"""Send a message to many contacts over a server, and print, as JSON, how long it took and what it cost.

python -m benchmarks.many_messages --port PORT --contacts 5000 --by smtplib [--login]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import smtplib
import sys
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.envelope import identity_of
from reconciler.model.accounts.settings import Settings
from reconciler.model.mail.contacts import Contact
from reconciler.model.mail.sending import ResultsHeader
from reconciler.model.secrets.values import SecretValue
from reconciler.model.servers.server import Login, Server
from reconciler.sending import Pacing, Patience, Sending, Waiting, open_results, read_template, send_to_all
from reconciler.smtp.access import Access

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.sending.entries import Card

_EML = (
    b"Subject: June\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + b"Hello, this is our news of June.\r\n" * 30
)
_SENDER = "news@example.com"
_PASSWORD = "not a secret"  # noqa: S105 - nor is it
_DIGEST = "sha256:" + "0" * 64


def _cards(count: int) -> Iterator[Card]:
    for number in range(count):
        yield Contact(email=f"contact-{number}@example.net", name=f"Contact {number}", line=number + 2)


def send(port: int, count: int, results: Path, connections: int, *, logs_in: bool = False) -> None:
    """Send as ``reconciler send`` does, with its results file."""
    login = Login(mechanism="plain", username=_SENDER) if logs_in else Login()
    sending = Sending(
        template=read_template(_EML),
        access=Access(
            server=Server(host="localhost", port=port, encryption="none", login=login),
            password=SecretValue(_PASSWORD) if logs_in else None,
        ),
        identity=identity_of("OwnAccount", Settings(email=_SENDER, display_name="Example News")),
        now=lambda: datetime.now(UTC),
        waiting=Waiting(),
        pacing=Pacing(),
        patience=Patience(),
        connections=connections,
    )
    header = ResultsHeader(
        format_version="1.0",
        id="0" * 32,
        lineage="here",
        account="news",
        settings=_DIGEST,
        message=_DIGEST,
        contacts=_DIGEST,
        at=datetime.now(UTC),
    )
    with open_results(results, header) as held:
        send_to_all(lambda: contextlib.nullcontext(_cards(count)), held, sending)
        if held.this_run().accepted != count:
            raise SystemExit(f"{held.this_run()} of {count}")


def send_by_smtplib(port: int, count: int, *, logs_in: bool = False) -> None:
    """Send the same messages by the standard library, which keeps no record and looks for no secret."""
    with smtplib.SMTP("localhost", port) as client:
        if logs_in:
            client.login(_SENDER, _PASSWORD)
        for number in range(count):
            to = f"contact-{number}@example.net"
            header = f"Date: {format_datetime(datetime.now(UTC))}\r\nMessage-ID: <{number}@example.com>\r\n"
            header += f"From: Example News <{_SENDER}>\r\nTo: Contact {number} <{to}>\r\n"
            client.sendmail(_SENDER, [to], header.encode() + _EML)


def main() -> int:
    """Send and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_messages")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--contacts", type=int, required=True)
    parser.add_argument("--by", choices=("reconciler", "smtplib"), required=True)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--login", action="store_true")
    arguments = parser.parse_args()
    port, count, logs_in = arguments.port, arguments.contacts, arguments.login

    def work() -> None:
        if arguments.by == "reconciler":
            send(port, count, arguments.results, arguments.connections, logs_in=logs_in)
        else:
            send_by_smtplib(port, count, logs_in=logs_in)

    began, cpu_began = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wallSeconds": wall, "cpuSeconds": cpu, "peakMebibytes": peak_mib}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
