"""``reconciler accounts``: the view, and the edits of the manifests."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, cast

import click

from reconciler.cli.app import Group
from reconciler.cli.commands.accounts.add import add
from reconciler.cli.commands.accounts.edit import delete, rename
from reconciler.cli.completion import account_names
from reconciler.cli.options import SELECTOR_HELP, format_option
from reconciler.model.accounts.kinds import KIND_WORDS
from reconciler.model.accounts.statuses import STATUSES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from reconciler.cli.session import GlobalOptions
    from reconciler.errors import InvalidInput
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.accounts.statuses import Status
    from reconciler.operations.accounts.view import KindFilter
    from reconciler.operations.workspace import Workspace


@click.group(cls=Group)
def accounts() -> None:
    """See the recorded accounts; add, delete and rename accounts in the manifests.

    \b
    Examples:
        reconciler accounts list
        reconciler accounts show sales-pl
        reconciler accounts add own
    """


def _columns(_context: click.Context, _parameter: click.Parameter, written: str | None) -> tuple[str, ...]:
    """Return the columns written, in their order; raise ``BadParameter`` for one that there is not."""
    if written is None:
        return ()
    from reconciler.diagnostics.phrasing import did_you_mean
    from reconciler.render.csv import ACCOUNT_COLUMNS

    columns = tuple(column.strip() for column in written.split(","))
    unknown = next((column for column in columns if column not in ACCOUNT_COLUMNS), None)
    if unknown is not None:
        near = did_you_mean(unknown, ACCOUNT_COLUMNS)
        raise click.BadParameter(f"There is no column {unknown}.{near} Columns: {', '.join(ACCOUNT_COLUMNS)}.")
    return columns


@accounts.command("list")
@click.option(
    "--search",
    metavar="TEXT",
    help="Part of a name, title, display name, e-mail, server, port, user name or secret reference.",
)
@click.option("--kind", type=click.Choice(("all", *KIND_WORDS)), default="all", show_default=True, help="Which kind.")
@click.option("--status", type=click.Choice(STATUSES), help="Only those of this status.")
@click.option("--selector", "selectors", metavar="SEL", multiple=True, help=f"{SELECTOR_HELP} Repeatable.")
@click.option(
    "--as", "user", metavar="USER", help="Only what this user sees. Shapes the view; it is no access control."
)
@click.option("--columns", metavar="COLUMN,...", callback=_columns, help="These columns of the CSV, as table or CSV.")
@format_option("table", "text", "json", "csv")
@click.pass_obj
def list_(
    options: GlobalOptions,
    /,
    *,
    search: str | None,
    kind: str,
    status: str | None,
    selectors: tuple[str, ...],
    user: str | None,
    columns: tuple[str, ...],
    format_: str,
) -> int:
    """List the recorded accounts, by name; those that wait for the platform, the longest waiting first, in full.

    \b
    Examples:
        reconciler accounts list
        reconciler accounts list --status pending
        reconciler accounts list --search sales --format csv
        reconciler accounts list --columns name,host,username,secrets
    """
    from reconciler.cli.output import hint, put, put_json, tell
    from reconciler.cli.session import workspace
    from reconciler.operations.accounts.view import AccountFilter, has_accounts, list_accounts, not_active_since
    from reconciler.store import Aside

    wanted = AccountFilter(
        search=search,
        kind=cast("KindFilter", kind),
        status=cast("Status | None", status),
        selectors=selectors,
        user=user,
    )
    place = workspace(options, needs_project=False)
    aside = Aside({})
    found = list_accounts(place, wanted, aside)
    unreadable = tuple(aside.problems.values())
    # Since when is read from the whole journal: where it is not asked for, thousands of accounts are not looked through.
    tells_since = format_ == "json" or not columns or "statusSince" in columns
    since = not_active_since(place, found) if tells_since else {}
    if format_ == "json":
        from reconciler.render.json.documents import accounts_document

        put_json(accounts_document(found, since, unreadable))
        return 1 if unreadable else 0
    put(_listed(found, since, format_=format_, columns=columns, is_queue=status == "pending"))
    if format_ != "csv" and not columns:
        if found:
            first = next((each for each in found if each.status != "active"), found[0])
            why = (
                "To look at one of them before it is approved:"
                if status == "pending"
                else "One of them, and why it stands so:"
            )
            hint(why, shlex.join(["reconciler", "accounts", "show", first.name]))
        elif status != "pending" and not unreadable and not has_accounts(place):
            hint(f"{_not_applied_yet(place)}To see what the manifests would record:", "reconciler plan")
    tell(unreadable)
    return 1 if unreadable else 0


def _listed(
    found: Sequence[RecordedAccount],
    since: Mapping[str, datetime],
    *,
    format_: str,
    columns: tuple[str, ...],
    is_queue: bool,
) -> str:
    """Return accounts as a list of them is printed: as CSV, as a table, also of the columns that were chosen, or as a queue."""
    if format_ == "csv":
        from reconciler.render.csv import ACCOUNT_COLUMNS, accounts_csv

        return accounts_csv(found, columns or tuple(ACCOUNT_COLUMNS), since=since)
    from reconciler.cli.session import style_for

    style = style_for(sys.stdout)
    if is_queue and not columns:
        from reconciler.render.text import queue_text

        return queue_text(found, style=style)
    from reconciler.render.text.accounts import accounts_table, chosen_table

    return (
        chosen_table(found, columns, style=style, since=since)
        if columns
        else accounts_table(found, style=style, since=since)
    )


@accounts.command("show")
@click.argument("selectors", metavar="SEL...", nargs=-1, required=True, shell_complete=account_names)
@click.option("--full", "is_full", is_flag=True, help="Show every setting and every check, as text.")
@click.option(
    "--revision",
    metavar="N",
    type=click.IntRange(min=0),
    help="As that revision left it: its settings, without evidence.",
)
@format_option("text", "json")
@click.pass_obj
def show(
    options: GlobalOptions, selectors: tuple[str, ...], *, is_full: bool, revision: int | None, format_: str
) -> int:
    """Show recorded accounts, each on one screen: how it stands, its settings, and what is wrong.

    SEL is a name, a glob, or what an account has, such as host:HOST or status:STATUS.

    \b
    Examples:
        reconciler accounts show sales-pl
        reconciler accounts show sales-pl --full
        reconciler accounts show status:failing
        reconciler accounts show sales-pl --revision 7
    """
    from reconciler.cli.output import put, put_json, tell
    from reconciler.cli.session import style_for, workspace
    from reconciler.errors import InvalidInput, RowUnreadable
    from reconciler.operations.accounts.view import not_active_since, show_accounts
    from reconciler.render.json.documents import account_document
    from reconciler.render.text import account_in_full, account_text
    from reconciler.store import Aside

    place, style = workspace(options, needs_project=False), style_for(sys.stdout)
    if revision is not None:
        from reconciler.operations.journal.past import past_accounts_of
        from reconciler.render.json.past import past_document
        from reconciler.render.text.past import past_text

        past = past_accounts_of(place, selectors, revision)
        if format_ == "json":
            put_json(past_document(past, revision))
        else:
            put("\n".join(past_text(account, revision, style=style) for account in past))
        return 0
    aside = Aside({})
    try:
        found = show_accounts(place, selectors, aside)
    except InvalidInput as unknown:
        raise _declared_only(unknown, place, selectors) from None
    unreadable = tuple(aside.problems.values())
    if unreadable and not found:
        raise RowUnreadable(unreadable)
    since = not_active_since(place, found)
    if format_ == "json":
        put_json(account_document(*found, since=since, diagnostics=unreadable))
        return 1 if unreadable else 0
    if is_full:
        put("\n".join(account_in_full(account, style=style) for account in found))
    else:
        put("\n".join(account_text(account, style=style, since=since.get(account.name)) for account in found))
    tell(unreadable)
    return 1 if unreadable else 0


def _not_applied_yet(place: Workspace) -> str:
    """Return a sentence on declared accounts where no account is recorded; empty without any."""
    from reconciler.operations.accounts.edit import declared_accounts

    count = len(declared_accounts(place))
    if not count:
        return ""
    return f"The manifests declare {count:,} account{'s' if count > 1 else ''}, and nothing is applied yet. "


def _declared_only(unknown: InvalidInput, place: Workspace, selectors: tuple[str, ...]) -> InvalidInput:
    """Return the words for an account that a manifest declares and state does not record, with the next step."""
    from reconciler.diagnostics import error
    from reconciler.errors import InvalidInput
    from reconciler.operations.accounts.edit import declared_accounts

    declared = declared_accounts(place)
    name = next((each for each in selectors if each in declared), None)
    if name is None or name not in {each.subject for each in unknown.diagnostics}:
        return unknown
    detail = (
        f"No account called {name} is recorded. It is declared in {declared[name]}, and not applied yet:\n"
        "    reconciler plan"
    )
    return InvalidInput(error("unknownAccount", detail, subject=name))


for edit in (add, delete, rename):
    accounts.add_command(edit)
