"""``reconciler status``."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.named import STANDARD, input_file
from reconciler.cli.options import format_option
from reconciler.model.accounts.statuses import ENDS_WITHIN, VERIFIED_WITHIN

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions
    from reconciler.model.accounts.overview import Overview

_VERIFICATION_FAILED = 3


@click.command()
@click.option("--full", is_flag=True, help="Name every account, also where many share a matter.")
@click.option(
    "--since", metavar="FILE", help="Tell only what changed since this earlier status --format json; may not exist yet."
)
@click.option(
    "--metrics",
    metavar="FILE",
    help="Write an OpenMetrics text file too, whole or not at all; - for it alone on stdout.",
)
@click.option(
    "--verified-within",
    metavar="DAYS",
    type=click.IntRange(min=1, max=3650),
    default=VERIFIED_WITHIN.days,
    show_default=True,
    help="An account that last passed before that is told.",
)
@click.option(
    "--ends-within",
    metavar="DAYS",
    type=click.IntRange(min=0, max=3650),
    default=ENDS_WITHIN.days,
    show_default=True,
    help="A certificate that ends before that is told.",
)
@format_option("text", "json", "markdown")
@click.pass_obj
def status(
    options: GlobalOptions,
    /,
    *,
    full: bool,
    since: str | None,
    metrics: str | None,
    verified_within: int,
    ends_within: int,
    format_: str,
) -> int:
    """See on one screen how everything stands: what fails and since when, what waits, what is stopped, what ends.

    It needs the state alone, and neither manifests nor secrets nor a network. The exit code is 3 where an account is
    failing, 1 where the journal does not hold or is not guarded, or an account cannot be read, else 0. Run it every night after verify --recorded.

    \b
    Examples:
        reconciler status
        reconciler status --since last.json --format markdown
        reconciler status --format json > last.json
        reconciler status --metrics /var/lib/node_exporter/reconciler.prom
    """
    from reconciler.cli.session import workspace
    from reconciler.operations.accounts.status import Limits, overview

    place = workspace(options, needs_project=False)
    limits = Limits(verified_within=timedelta(days=verified_within), ends_within=timedelta(days=ends_within))
    earlier = _earlier(since, place.project.metadata.name) if since is not None else None
    found = overview(place, limits)
    shown = found.compared(earlier) if earlier is not None else found
    if metrics == STANDARD:
        put_metrics(found)
    else:
        if metrics is not None:
            write_metrics(Path(metrics), found)
        _put(shown, format_, everything=full)
    if not found.journal.valid or found.journal.unguarded or found.diagnostics:
        return 1
    return _VERIFICATION_FAILED if found.statuses["failing"] else 0


def _earlier(since: str, project: str) -> Overview | None:
    from reconciler.operations.accounts.status import read_overview

    with input_file(since, "an earlier status") as path:
        return read_overview(path, project=project)


def put_metrics(found: Overview) -> None:
    """Write an overview as OpenMetrics to stdout."""
    from reconciler.cli.output import put
    from reconciler.render.statuspage import overview_metrics

    put(overview_metrics(found))


def write_metrics(path: Path, found: Overview) -> None:
    """Write an overview as OpenMetrics, whole or not at all; raise ``InvalidInput`` where that cannot be."""
    from reconciler.diagnostics import error
    from reconciler.errors import InvalidInput
    from reconciler.files import reason_of, replace_file
    from reconciler.render.statuspage import overview_metrics

    try:
        replace_file(path, overview_metrics(found).encode(), is_durable=False, mode=0o644)
    except OSError as failure:
        detail = (
            f"The metrics cannot be written to {path}: {reason_of(failure)}. Name a file in a folder that is there."
        )
        raise InvalidInput(error("metricsNotWritten", detail, subject=str(path))) from None


def _put(shown: Overview, format_: str, *, everything: bool) -> None:
    from reconciler.cli.output import put, put_json
    from reconciler.cli.session import style_for

    if format_ == "json":
        from reconciler.render.json.documents import overview_document

        put_json(overview_document(shown))
    elif format_ == "markdown":
        from reconciler.render.statuspage import overview_markdown

        put(overview_markdown(shown))
    else:
        from reconciler.render.text.overview import overview_text

        put(overview_text(shown, style=style_for(sys.stdout), everything=everything))
