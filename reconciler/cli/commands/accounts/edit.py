"""``reconciler accounts delete`` and ``rename``: edits of the manifests."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli.completion import manifest_names
from reconciler.cli.options import format_option

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions
    from reconciler.model.accounts.edited import Edited
    from reconciler.model.servers.presets import Preset


@click.command()
@click.argument("selectors", metavar="SEL...", nargs=-1, required=True, shell_complete=manifest_names)
@format_option("text", "json")
@click.pass_obj
def delete(options: GlobalOptions, selectors: tuple[str, ...], format_: str) -> int:
    """Remove accounts from the manifests, all that are named or none; the next apply deletes them.

    Everything else in the files stays as it is, and overlays lose what they say of them. State is not touched, and no
    account is deleted anywhere. Of more than one account the JSON has a list, edits.

    \b
    Examples:
        reconciler accounts delete sales-pl
        reconciler accounts delete label:client=x
    """
    from reconciler.cli.session import workspace
    from reconciler.operations.accounts.edit import delete_accounts

    return put_edited(*delete_accounts(workspace(options, needs_environment=False), selectors), format_=format_)


@click.command()
@click.argument("old", shell_complete=manifest_names)
@click.argument("new")
@format_option("text", "json")
@click.pass_obj
def rename(options: GlobalOptions, old: str, new: str, format_: str) -> int:
    """Rename an account in the manifests; the next apply renames it, with its history.

    Sets metadata.name, and metadata.previousName to the name that state has. Nothing else in the file changes. Mail
    servers are not renamed: accounts refer to them by name.

    \b
    Examples:
        reconciler accounts rename sales sales-pl
    """
    from reconciler.cli.session import workspace
    from reconciler.operations.accounts.edit import rename_account

    return put_edited(rename_account(workspace(options, needs_environment=False), old, new), format_=format_)


def put_edited(*edits: Edited, format_: str, preset: Preset | None = None) -> int:
    """Print what edits did, their remarks on stderr, and return 0."""
    from reconciler.cli.output import put, put_json, tell
    from reconciler.cli.session import style_for
    from reconciler.render.text.edited import edited_document, edited_text

    if format_ == "json":
        put_json(edited_document(*edits))
        return 0
    put(edited_text(*edits, style=style_for(sys.stdout), preset=preset))
    tell([remark for edited in edits for remark in edited.remarks])
    return 0
