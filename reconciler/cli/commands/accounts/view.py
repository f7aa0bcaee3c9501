"""``reconciler accounts``: the view, and the edits of the manifests."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

import click

from reconciler.cli.commands.accounts.add import add
from reconciler.cli.commands.accounts.edit import delete, rename
from reconciler.cli.completion import account_names
from reconciler.cli.options import format_option
from reconciler.model.accounts.kinds import KIND_WORDS
from reconciler.model.accounts.statuses import STATUSES

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions
    from reconciler.errors import InvalidInput
    from reconciler.model.accounts.statuses import Status
    from reconciler.operations.accounts.view import KindFilter
    from reconciler.operations.workspace import Workspace


@click.group()
def accounts() -> None:
    """See the recorded accounts; add, delete and rename accounts in the manifests.

    \b
    Examples:
        reconciler accounts list
        reconciler accounts show sales-pl
        reconciler accounts add own
    """


@accounts.command("list")
@click.option("--search", metavar="TEXT", help="Part of a name, title, display name or e-mail.")
@click.option("--kind", type=click.Choice(("all", *KIND_WORDS)), default="all", show_default=True, help="Which kind.")
@click.option("--status", type=click.Choice(STATUSES), help="Only those of this status.")
@click.option(
    "--selector", "selectors", metavar="SEL", multiple=True, help="A name, a glob, or label:KEY=VALUE. Repeatable."
)
@click.option(
    "--as", "user", metavar="USER", help="Only what this user sees. Shapes the view; it is no access control."
)
@format_option("table", "text", "json", "csv")
@click.pass_obj
def list_(
    options: GlobalOptions,
    search: str | None,
    kind: str,
    status: str | None,
    selectors: tuple[str, ...],
    user: str | None,
    format_: str,
) -> int:
    """List the recorded accounts, by name; those that wait for the platform, the longest waiting first, in full.

    \b
    Examples:
        reconciler accounts list
        reconciler accounts list --status pending
        reconciler accounts list --search sales --format csv
    """
    from reconciler.cli.output import hint, put, put_json
    from reconciler.cli.session import style_for, workspace
    from reconciler.operations.accounts.view import AccountFilter, list_accounts

    wanted = AccountFilter(
        search=search,
        kind=cast("KindFilter", kind),
        status=cast("Status | None", status),
        selectors=selectors,
        user=user,
    )
    place = workspace(options)
    found = list_accounts(place, wanted)
    if format_ == "json":
        from reconciler.render.json.documents import accounts_document

        put_json(accounts_document(found))
    elif format_ == "csv":
        from reconciler.render.csv import accounts_csv

        put(accounts_csv(found))
    elif status == "pending":
        from reconciler.render.text import queue_text

        put(queue_text(found, style=style_for(sys.stdout)))
    else:
        from reconciler.render.text import accounts_table

        put(accounts_table(found, style=style_for(sys.stdout)))
        if not found and not list_accounts(place, AccountFilter()):
            hint(f"{_not_applied_yet(place)}To see what the manifests would record:", "reconciler plan")
    return 0


@accounts.command("show")
@click.argument("name", shell_complete=account_names)
@format_option("text", "json")
@click.pass_obj
def show(options: GlobalOptions, name: str, format_: str) -> int:
    """Show one recorded account with its settings and evidence.

    \b
    Examples:
        reconciler accounts show sales-pl
    """
    from reconciler.cli.output import put, put_json
    from reconciler.cli.session import style_for, workspace
    from reconciler.errors import InvalidInput
    from reconciler.operations.accounts.view import show_account
    from reconciler.render.json.documents import account_document
    from reconciler.render.text import account_text

    place = workspace(options)
    try:
        account = show_account(place, name)
    except InvalidInput as unknown:
        raise _declared_only(unknown, place, name) from None
    if format_ == "json":
        put_json(account_document(account))
    else:
        put(account_text(account, style=style_for(sys.stdout)))
    return 0


def _not_applied_yet(place: Workspace) -> str:
    """Return a sentence on the accounts that the manifests declare where none is recorded; empty without any."""
    from reconciler.operations.accounts.edit import declared_accounts

    count = len(declared_accounts(place))
    if not count:
        return ""
    return f"The manifests declare {count:,} account{'s' if count > 1 else ''}, and nothing is applied yet. "


def _declared_only(unknown: InvalidInput, place: Workspace, name: str) -> InvalidInput:
    """Return what to tell of an account that is not recorded: where a manifest declares it, which and what is next."""
    from reconciler.diagnostics import error
    from reconciler.errors import InvalidInput
    from reconciler.operations.accounts.edit import declared_accounts

    file = declared_accounts(place).get(name)
    if file is None:
        return unknown
    detail = (
        f"No account called {name} is recorded. It is declared in {file}, and not applied yet:\n    reconciler plan"
    )
    return InvalidInput(error("unknownAccount", detail, subject=name))


for edit in (add, delete, rename):
    accounts.add_command(edit)
