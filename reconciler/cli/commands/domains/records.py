"""``reconciler domains records``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.app import Group
from reconciler.cli.log import log_options
from reconciler.cli.options import format_option

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions


@click.group(cls=Group)
def domains() -> None:
    """See what the domains that accounts send from lack.

    \b
    Examples:
        reconciler domains records
        reconciler domains records example.com --format octodns
    """


@domains.command("records")
@click.argument("names", metavar="[DOMAIN]...", nargs=-1)
@log_options
@format_option("zone", "octodns", "terraform", "json")
@click.pass_obj
def records(options: GlobalOptions, names: tuple[str, ...], format_: str) -> int:
    """Print the DNS records to publish that domains of the manifests lack: SPF, DMARC and TLS-RPT.

    Name servers are asked; neither secrets nor state are needed, and nothing is published. What is not known here, such
    as a DKIM key, is told in comments. Of octodns and terraform each name has its whole record set, with what stays.

    \b
    Examples:
        reconciler domains records
        reconciler domains records example.com --format terraform > dns.tf
    """
    from reconciler.cli.output import put, put_json
    from reconciler.cli.session import workspace
    from reconciler.operations.domains.records import missing_records
    from reconciler.render import records as forms

    missing = missing_records(workspace(options, uses_state=False), names)
    if format_ == "json":
        put_json(forms.records_document(missing))
        return 0
    written = {"zone": forms.records_zone, "octodns": forms.records_octodns, "terraform": forms.records_terraform}
    put(written[format_](missing))
    return 0
