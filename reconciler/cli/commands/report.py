"""``reconciler report``: writes the accounts and their history as a static site."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.completion import account_names
from reconciler.cli.options import format_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.cli.session import GlobalOptions
    from reconciler.model.journal.report import Report
    from reconciler.operations.workspace import Workspace
    from reconciler.pagecache import PageCache
    from reconciler.render.html.site import Language

MARK = ".reconciler-report"
"""The file by which a folder is known that an earlier report wrote: such a one the next report may replace."""
_ANOTHER_FOLDER = "Name a new folder, such as\n    reconciler report --out report"


@click.command()
@click.argument("selectors", metavar="[SEL]...", nargs=-1, shell_complete=account_names)
@click.option("--out", metavar="DIR", required=True, help="The folder to write; one of an earlier report is replaced.")
@click.option(
    "--lang",
    "language",
    type=click.Choice(("auto", "en", "pl")),
    default="auto",
    show_default=True,
    help="English or Polish; auto leaves it to the browser, with a switch on every page.",
)
@format_option("text", "json")
@click.pass_obj
def report(options: GlobalOptions, selectors: tuple[str, ...], *, out: str, language: Language, format_: str) -> int:
    """Write what is in state as a static site: a list of all accounts, a page for each, and the history.

    The site needs neither network nor server: open its index.html, or put the folder on any web server. It holds
    addresses and names; publish it only where those may be read. Selectors make it one of some accounts alone, with what
    touched them.

    \b
    Examples:
        reconciler report --out report
        reconciler report --out report --lang pl
        reconciler report label:team=sales --out sales
    """
    from reconciler.cli.output import hint, put, put_json
    from reconciler.cli.session import style_for, workspace
    from reconciler.diagnostics import several
    from reconciler.operations.journal.pages import page_cache
    from reconciler.operations.journal.report import gather_report
    from reconciler.render.html.site import INDEX
    from reconciler.render.text.state import care_document, sentences_text

    place = workspace(options)
    folder = Path(out)
    _refuse_place(folder, place)
    gathered = gather_report(place, selectors)
    files = _write(gathered, folder, language, page_cache(place, folder))
    revisions = sum(each.revision is not None for each in gathered.occurrences)
    start = str(folder / INDEX)
    if format_ == "json":
        facts = {"folder": out, "start": start, "language": language, "files": files}
        put_json(care_document({**facts, "accounts": len(gathered.accounts), "revisions": revisions}))
        return 0
    told = f"Wrote {several(len(gathered.accounts), 'account')} and {several(revisions, 'revision')}. Open"
    put(sentences_text([told, f"    {start}"], style=style_for(sys.stdout)))
    hint("The same at a glance, here:", "reconciler status")
    return 0


def _refuse_place(folder: Path, place: Workspace) -> None:
    """Raise ``InvalidInput`` for a folder among manifests, state and keys, or what belongs to git."""
    from reconciler.characters import SHOWN_PATH, clip_start
    from reconciler.diagnostics import error
    from reconciler.errors import InvalidInput
    from reconciler.operations.journal.report import reserved_around

    whose = reserved_around(folder, place)
    if whose is None:
        return
    shown = clip_start(str(folder), SHOWN_PATH)
    detail = f"{shown} lies in {whose}, where a site does not belong. Nothing was changed. {_ANOTHER_FOLDER}"
    raise InvalidInput(error("reportFolderForeign", detail, subject=shown))


def _write(gathered: Report, folder: Path, language: Language, cache: PageCache | None) -> int:
    """Write the site and return the number of its files; raise ``InvalidInput`` where it cannot be written.

    A page whose ground is one of those in the cache is made only where its file is not there as it was written.
    """
    from reconciler.characters import SHOWN_PATH, clip_start
    from reconciler.cli.progress import shown_progress
    from reconciler.diagnostics import error
    from reconciler.errors import InvalidInput
    from reconciler.files import ForeignFolder, Unmade, reason_of, replace_folder
    from reconciler.model.canonical import sha256_hex
    from reconciler.render.html.site import site_files

    shown = clip_start(str(folder), SHOWN_PATH)
    total = len(gathered.accounts) + len(gathered.occurrences)

    known = cache.find() if cache is not None else {}
    digests: dict[str, str] = {}

    def counted_files() -> Iterator[tuple[str, str | Unmade]]:
        for done, file in enumerate(site_files(gathered, language=language)):
            progress(min(done, total), total, file.path)
            text = Unmade(known[file.ground], file.make) if file.ground in known else file.make()
            digests[file.ground] = known[file.ground] if isinstance(text, Unmade) else sha256_hex(text)
            yield file.path, text

    try:
        with shown_progress("Writing") as progress:
            written = replace_folder(folder, counted_files(), mark=MARK)
    except ForeignFolder as foreign:
        detail = (
            f"{shown} {foreign}, and report replaces only a folder that it wrote itself, whole. Nothing was changed. "
            f"{_ANOTHER_FOLDER}"
        )
        raise InvalidInput(error("reportFolderForeign", detail, subject=shown)) from None
    except OSError as failure:
        detail = f"{shown} cannot be written: {reason_of(failure)}. What was there before is there still."
        raise InvalidInput(error("reportNotWritten", detail, subject=shown)) from None
    if cache is not None and digests != known:
        cache.keep(digests)
    return written
