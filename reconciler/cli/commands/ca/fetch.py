"""``reconciler ca fetch``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.app import Group
from reconciler.cli.log import log_options
from reconciler.cli.named import STANDARD, output_file
from reconciler.cli.options import format_option

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions
    from reconciler.model.servers.terms import Encryption

_IMPLICIT_TLS_PORT, _MAX_PORT = 465, 65535


@click.group(cls=Group)
def ca() -> None:
    """Keep the CA that a server presents, to be looked at.

    \b
    Examples:
        reconciler ca fetch smtp.example.com:587 --out certs/smtp.pem
    """


@ca.command("fetch")
@click.argument("server", metavar="HOST:PORT")
@click.option(
    "--out", required=True, metavar="PATH", type=click.Path(path_type=Path, dir_okay=False), help="New PEM file."
)
@click.option(
    "--encryption",
    type=click.Choice(["starttls", "tls"]),
    help="How the port speaks TLS; by default tls on port 465 and starttls on any other.",
)
@log_options
@format_option("text", "json")
@click.pass_obj
def fetch(options: GlobalOptions, server: str, out: Path, encryption: Encryption | None, format_: str) -> int:
    """Store the last certificate of the chain that a server sends, and show its fingerprint.

    Nothing is trusted by that, neither here nor later: compare the fingerprint with what whoever runs the server tells
    you, then name the file as smtp.caFile. No login is made and nothing is sent.

    \b
    Examples:
        reconciler ca fetch smtp.example.com:587 --out certs/smtp.pem
        reconciler ca fetch smtp.example.com:465 --out ca.pem --format json
    """
    from reconciler.cli.output import hint, put, put_json, say
    from reconciler.cli.session import workspace
    from reconciler.operations.presented import keep_presented
    from reconciler.render import presented as forms

    host, port = _host_and_port(server)
    spoken = encryption or ("tls" if port == _IMPLICIT_TLS_PORT else "starttls")
    to_stdout = str(out) == STANDARD
    if to_stdout and format_ == "json":
        raise click.UsageError("--out - writes the certificate to standard output; leave --format out, or name a file.")
    with output_file(str(out)) as target:
        kept = keep_presented(workspace(options, uses_state=False), host=host, port=port, encryption=spoken, out=target)
    if format_ == "json":
        put_json(forms.presented_document(kept))
    elif to_stdout:
        say(forms.presented_text(kept).rstrip("\n"))
    else:
        put(forms.presented_text(kept))
        hint("Once the fingerprint is confirmed and the file is named as smtp.caFile:", "reconciler verify")
    return 0


def _host_and_port(server: str) -> tuple[str, int]:
    host, colon, port = server.rpartition(":")
    is_port = port.isascii() and port.isdecimal() and 0 < int(port[:6]) <= _MAX_PORT
    if not (colon and is_port and host.strip("[]")):
        raise click.UsageError("Name the server as HOST:PORT, such as smtp.example.com:587 or [2001:db8::7]:465.")
    return host.removeprefix("[").removesuffix("]"), int(port)
