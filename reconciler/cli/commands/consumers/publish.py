"""``reconciler publish``, and what every command that records something says of publication at its end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli.completion import consumer_names
from reconciler.cli.log import log_options
from reconciler.cli.options import actor_option, env_file_option, format_option, trust_option

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions
    from reconciler.model.journal.entries import Actor
    from reconciler.operations.consumers.publish import Published
    from reconciler.operations.workspace import Workspace

NOT_PUBLISHED = 6
"""The exit code where what is recorded was not published everywhere."""
_DRIFT = 2


@click.command()
@click.option(
    "--to",
    "names",
    metavar="NAME",
    multiple=True,
    shell_complete=consumer_names,
    help="Publish to this consumer only. Repeatable.",
)
@click.option("--check", is_flag=True, help="Only say what differs; write nothing.")
@click.option("--detailed-exitcode", is_flag=True, help="With --check, exit with 2 where something differs.")
@env_file_option
@trust_option
@actor_option("publishes")
@log_options
@format_option("text", "json")
@click.pass_obj
def publish(
    options: GlobalOptions,
    /,
    names: tuple[str, ...],
    *,
    check: bool,
    detailed_exitcode: bool,
    trust_project: bool,
    actor: str | None,
    format_: str,
) -> int:
    """Bring the programs that send mail to what is applied: each consumer of the project file, or those named.

    It is idempotent, and finishes whatever an earlier publication left. What a consumer has that is right already is
    left as it is, and a secret that is there already is not read again. Exits with 6 where something could not be
    published.

    \b
    Examples:
        reconciler publish
        reconciler publish --to mailhost
        reconciler publish --check --detailed-exitcode
    """
    from reconciler.cli.session import workspace
    from reconciler.operations.consumers.bring import PublishOrder
    from reconciler.operations.consumers.publish import publish as publish_to
    from reconciler.provenance import find_actor

    if detailed_exitcode and not check:
        raise click.UsageError("--detailed-exitcode goes with --check, which only says what differs.")
    place = workspace(options, trusts_project=trust_project)
    who = find_actor(actor, environ=place.environ)
    order = PublishOrder(actor=who, names=names, only_checks=check, trusts_project=trust_project)
    published = publish_to(place, order)
    put_published(published, format_, has_consumers=bool(place.project.consumers))
    if published.has_failed:
        return NOT_PUBLISHED
    return _DRIFT if detailed_exitcode and published.has_drift else 0


def publish_recorded(place: Workspace, actor: Actor, *, trusts_project: bool = False) -> Published:
    """Publish what a command has just recorded; that somebody stopped this is told among the diagnostics."""
    from reconciler.cli.signals import what_stopped
    from reconciler.diagnostics import enumerated, error
    from reconciler.operations.consumers.bring import PublishOrder
    from reconciler.operations.consumers.publish import Published, publish_applied

    names = sorted(place.project.consumers)
    if not names:
        return Published()
    try:
        return publish_applied(place, PublishOrder(actor=actor, trusts_project=trusts_project))
    except KeyboardInterrupt:
        # What was recorded is to be told: whoever stopped this would else take it for undone.
        detail = (
            f"{what_stopped()} while it published to {enumerated(names)}. What is recorded stands. What was not published is "
            "brought there by\n    reconciler publish"
        )
        return Published(diagnostics=(error("interrupted", detail),))


def put_published(published: Published, format_: str, *, has_consumers: bool = True) -> None:
    """Write what came of a publication."""
    from reconciler.cli.output import put, put_json, tell
    from reconciler.cli.session import style_for
    from reconciler.render.json.consumers import published_document
    from reconciler.render.text.consumers import published_text

    if format_ == "json":
        put_json(published_document(published.consumers, published.diagnostics))
        return
    if not has_consumers:
        put("The project file declares no consumers, so there is nothing to publish.\n")
    text = published_text(published.consumers, style=style_for(sys.stdout))
    if text:
        put(text)
    tell(published.diagnostics)
