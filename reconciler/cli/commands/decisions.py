"""``reconciler approve``, ``reject``, ``suspend`` and ``resume``: state only; no manifest, secret or network."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reconciler.cli.completion import account_names
from reconciler.cli.options import accept_option, actor_option, format_option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.cli.session import GlobalOptions
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.operations.accounts.decisions import Event, Ruling
    from reconciler.operations.workspace import Workspace

Command = TypeVar("Command", bound="Callable[..., Any]")

_selectors = click.argument("selectors", metavar="SEL...", nargs=-1, required=True, shell_complete=account_names)
_if_revision = click.option(
    "--if-revision",
    "seen_revision",
    metavar="N",
    type=click.IntRange(min=1),
    help="The revision that you looked at; an account that a later one changed is refused (exit code 5).",
)


def _reason_option(help_text: str) -> Callable[[Command], Command]:
    return click.option("--reason", metavar="TEXT", required=True, help=help_text)


@click.command()
@click.argument("selectors", metavar="[SEL]...", nargs=-1, shell_complete=account_names)
@click.option("--all-pending", is_flag=True, help="All that wait: what accounts list --status pending shows.")
@_if_revision
@accept_option
@actor_option("approves")
@format_option("text", "json")
@click.pass_obj
def approve(
    options: GlobalOptions,
    /,
    selectors: tuple[str, ...],
    *,
    all_pending: bool,
    seen_revision: int | None,
    accepted: dict[str, str],
    actor: str | None,
    format_: str,
) -> int:
    """Accept marketing accounts on the platform's behalf, so that they may send: all of those named, or none.

    The approval belongs to e-mail, display name, reply-to and overrides as they are recorded; when one of them
    changes, the account waits again. An account that was rejected can be approved.

    \b
    Examples:
        reconciler accounts list --status pending
        reconciler approve newsletter --if-revision 7
        reconciler approve --all-pending --if-revision 7
    """
    from reconciler.cli.session import workspace
    from reconciler.operations.accounts.decisions import approve_all_pending, rule

    if all_pending and selectors:
        raise click.UsageError("Name the accounts, or say --all-pending; not both.")
    if not all_pending and not selectors:
        raise click.UsageError("Name the accounts to approve, or say --all-pending.")
    place = workspace(options, needs_project=False)
    ruling = _ruling(place, "approve", actor, accepted, seen_revision=seen_revision)
    changed = approve_all_pending(place, ruling) if all_pending else rule(place, selectors, ruling)
    return _put_ruled(place, ruling, changed, format_)


@click.command()
@_selectors
@_reason_option("Why; shown to whoever keeps the account, and kept in the journal.")
@_if_revision
@accept_option
@actor_option("rejects")
@format_option("text", "json")
@click.pass_obj
def reject(
    options: GlobalOptions,
    /,
    selectors: tuple[str, ...],
    *,
    reason: str,
    seen_revision: int | None,
    accepted: dict[str, str],
    actor: str | None,
    format_: str,
) -> int:
    """Refuse marketing accounts on the platform's behalf, or withdraw their approval: all of those named, or none.

    A rejected account does not send. It waits again once its e-mail, display name, reply-to or overrides change.

    \b
    Examples:
        reconciler reject contest --reason "The domain is not ours."
    """
    from reconciler.cli.session import workspace
    from reconciler.operations.accounts.decisions import rule

    place = workspace(options, needs_project=False)
    ruling = _ruling(place, "reject", actor, accepted, reason=reason, seen_revision=seen_revision)
    return _put_ruled(place, ruling, rule(place, selectors, ruling), format_)


@click.command()
@_selectors
@_reason_option("Why; shown with the account, and kept in the journal.")
@accept_option
@actor_option("stops the accounts")
@format_option("text", "json")
@click.pass_obj
def suspend(
    options: GlobalOptions,
    /,
    selectors: tuple[str, ...],
    *,
    reason: str,
    accepted: dict[str, str],
    actor: str | None,
    format_: str,
) -> int:
    """Stop accounts from sending at once, of either kind and whatever their status: the emergency stop.

    It needs the state, and neither manifests nor secrets nor a network; no project file either, where --state or
    RECONCILER_STATE names the state. No apply undoes it: an
    account is stopped until it is resumed. SEL is a name, a glob, label:KEY=VALUE, host:HOST, port:PORT,
    username:NAME, server:MAILSERVER, secret:REFERENCE, status:STATUS or kind:KIND; of what a pattern selects, those that are stopped already stay as they
    are.

    \b
    Examples:
        reconciler suspend sales-pl --reason "The password has leaked."
        reconciler suspend host:smtp.example.com --reason "The provider is down."
    """
    from reconciler.cli.session import workspace
    from reconciler.operations.accounts.decisions import rule

    place = workspace(options, needs_project=False)
    ruling = _ruling(place, "suspend", actor, accepted, reason=reason)
    return _put_ruled(place, ruling, rule(place, selectors, ruling), format_, selectors=selectors)


@click.command()
@_selectors
@accept_option
@actor_option("resumes the accounts")
@format_option("text", "json")
@click.pass_obj
def resume(
    options: GlobalOptions,
    /,
    selectors: tuple[str, ...],
    *,
    accepted: dict[str, str],
    actor: str | None,
    format_: str,
) -> int:
    """End the suspension of accounts; each is then what its approval and verification make it.

    \b
    Examples:
        reconciler resume sales-pl
        reconciler resume host:smtp.example.com
    """
    from reconciler.cli.session import workspace
    from reconciler.operations.accounts.decisions import rule

    place = workspace(options, needs_project=False)
    ruling = _ruling(place, "resume", actor, accepted)
    return _put_ruled(place, ruling, rule(place, selectors, ruling), format_)


def _ruling(
    place: Workspace,
    event: Event,
    actor: str | None,
    accepted: dict[str, str],
    *,
    reason: str | None = None,
    seen_revision: int | None = None,
) -> Ruling:
    from reconciler.operations.accounts.decisions import Ruling
    from reconciler.provenance import find_actor

    who = find_actor(actor, environ=place.environ)
    return Ruling(event=event, actor=who, reason=reason, seen_revision=seen_revision, accepted=accepted)


def _put_ruled(
    place: Workspace,
    ruling: Ruling,
    changed: Sequence[RecordedAccount],
    format_: str,
    *,
    selectors: tuple[str, ...] = (),
) -> int:
    """Publish what the ruling changes for consumers, write both, and return the exit code."""
    from reconciler.cli.commands.consumers.publish import NOT_PUBLISHED, publish_recorded
    from reconciler.cli.output import hint, put, put_json, tell
    from reconciler.cli.session import style_for
    from reconciler.render.json.consumers import told_documents
    from reconciler.render.json.documents import accounts_document, diagnostic_documents
    from reconciler.render.text import ruled_text
    from reconciler.render.text.consumers import published_text

    published = publish_recorded(place, ruling.actor)
    if format_ == "json":
        beside = {"consumers": told_documents(published.consumers)} if place.project.consumers else {}
        problems = {"diagnostics": diagnostic_documents(published.diagnostics)} if published.diagnostics else {}
        put_json({**accounts_document(changed), **beside, **problems})
    else:
        from reconciler.operations.accounts.decisions import words_for
        from reconciler.operations.send.server import hindrances

        hindered = hindrances(changed, place)
        back = words_for(place, selectors, changed) if selectors else ()
        put(ruled_text(ruling.event, changed, style=style_for(sys.stdout), hindered=hindered, back=back))
        put(published_text(published.consumers, style=style_for(sys.stdout)))
        tell(published.diagnostics)
        hint("To see how the accounts stand now:", "reconciler accounts list")
    return NOT_PUBLISHED if published.has_failed else 0
