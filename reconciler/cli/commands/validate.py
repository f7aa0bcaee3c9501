"""``reconciler validate``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import format_option

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions
    from reconciler.operations.manifests import Desired
    from reconciler.operations.validation import GivenManifest
    from reconciler.operations.workspace import Workspace


@click.command()
@click.argument("files", metavar="[FILE|-]...", nargs=-1)
@click.option(
    "--stdin-filename", metavar="FILE", help="The manifest that the standard input stands for, which it replaces here."
)
@format_option("text", "json", "github", "sarif", "codequality", "junit")
@click.pass_obj
def validate(options: GlobalOptions, files: tuple[str, ...], stdin_filename: str | None, format_: str) -> int:
    """Check the manifests without network, secrets or state.

    All problems of all files are told in one run, each with file:line:column. Of FILEs, wherever they are, only their own
    problems are told, with all other manifests beside them; - is the standard input.

    \b
    Examples:
        reconciler validate
        reconciler validate --format sarif > reconciler.sarif
        reconciler validate accounts.d/sales.yaml accounts.d/support.yaml
        reconciler validate - --stdin-filename accounts.d/sales.yaml < edited.yaml
    """
    from reconciler.cli.output import hint, put, put_json, tell
    from reconciler.cli.rubbish import without_looks_for_rubbish
    from reconciler.cli.session import workspace
    from reconciler.operations.validation import validate as validate_project
    from reconciler.operations.validation import validate_given

    click.get_current_context().with_resource(without_looks_for_rubbish())
    place = workspace(options, uses_state=False)
    given = _given(files, stdin_filename, place)
    desired = validate_given(place, given) if given else validate_project(place)
    if format_ == "json":
        from reconciler.render.json.documents import validate_document

        kinds = {account.name: account.kind for account in desired.accounts}
        put_json(validate_document(kinds, desired.problems, valid=desired.is_valid))
        return 0 if desired.is_valid else 1
    if format_ != "text":
        put(_for_program(format_, desired, options))
        return 0 if desired.is_valid else 1
    tell(desired.problems)
    if not desired.is_valid:
        return 1
    count = len(desired.accounts)
    put(f"Valid: {count} {'account' if count == 1 else 'accounts'}.\n")
    if count:
        hint("To see what would change, verified against the real servers:", "reconciler plan")
    return 0


def _for_program(format_: str, desired: Desired, options: GlobalOptions) -> str:
    """Return the problems in the form of a code host or of a CI system."""
    from reconciler.cli.session import folder_in_repository
    from reconciler.render import github, junit
    from reconciler.render.findings import code_quality_report, sarif_log
    from reconciler.render.json.documents import to_json

    folder = folder_in_repository(options.project_dir)
    match format_:
        case "github":
            return github.diagnostic_annotations(desired.problems, folder=folder)
        case "sarif":
            return to_json(sarif_log(desired.problems, folder=folder))
        case "codequality":
            return to_json(code_quality_report(desired.problems, folder=folder))
        case _:
            return junit.validation_report((each.name for each in desired.accounts), desired.problems)


def _given(files: tuple[str, ...], stdin_filename: str | None, place: Workspace) -> list[GivenManifest]:
    """Return the files that were named; the standard input stands for a new file, or for the one that is named."""
    from pathlib import Path

    from reconciler.operations.validation import GivenManifest
    from reconciler.yamlsource import MAX_FILE_OCTETS

    if stdin_filename is not None and "-" not in files:
        raise click.UsageError("--stdin-filename goes with -, the standard input.")
    if files.count("-") > 1:
        raise click.UsageError("The standard input can be read once; name - once.")
    found = [GivenManifest(name=each, path=Path(each)) for each in files if each != "-"]
    if "-" in files:
        content = sys.stdin.buffer.read(MAX_FILE_OCTETS + 1)
        new = place.root / place.project.manifests / "stdin.yaml"
        path = Path(stdin_filename) if stdin_filename is not None else new
        found.append(GivenManifest(name=stdin_filename or "-", path=path, content=content))
    return found
