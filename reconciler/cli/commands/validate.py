"""``reconciler validate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.options import format_option

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions


@click.command()
@format_option("text", "json", "github")
@click.pass_obj
def validate(options: GlobalOptions, format_: str) -> int:
    """Check the manifests without network, secrets or state.

    All problems of all files are told in one run, each with file:line:column.

    \b
    Examples:
        reconciler validate
        reconciler validate --format github
    """
    from reconciler.cli.output import hint, put, put_json, tell
    from reconciler.cli.session import workspace
    from reconciler.operations.manifests import validate as validate_manifests
    from reconciler.render.json.documents import validate_document

    desired = validate_manifests(workspace(options, uses_state=False))
    if format_ == "json":
        kinds = {account.name: account.kind for account in desired.accounts}
        put_json(validate_document(kinds, desired.problems, valid=desired.is_valid))
        return 0 if desired.is_valid else 1
    if format_ == "github":
        from reconciler.cli.repository import folder_in_repository
        from reconciler.render.github import diagnostic_annotations

        put(diagnostic_annotations(desired.problems, folder=folder_in_repository(options.project_dir)))
        return 0 if desired.is_valid else 1
    tell(desired.problems)
    if not desired.is_valid:
        return 1
    count = len(desired.accounts)
    put(f"Valid: {count} {'account' if count == 1 else 'accounts'}.\n")
    if count:
        hint("To see what would change, verified against the real servers:", "reconciler plan")
    return 0
