"""The site's files, made one after the other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from reconciler.model.accounts.kinds import KIND_WORDS
from reconciler.model.accounts.statuses import STATUSES
from reconciler.render.html.site.account import view_of
from reconciler.render.html.site.history import (
    Entry,
    change_entries,
    parts_of,
    revision_entry,
    timeline_entries,
    told_entries,
)
from reconciler.render.html.site.listing import data_of, row_of
from reconciler.render.html.site.paths import ALL, HISTORY, INDEX, account_path, history_path, revision_path
from reconciler.render.html.site.templates import asset, template
from reconciler.render.html.site.words import CATALOGS, Tongue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.journal.report import Occurrence, Report

Language = Literal["en", "pl", "auto"]
ROWS_PER_PAGE = 100
ENTRIES_PER_PAGE = 200
_ASSETS = ("site.css", "site.js", "list.js")

_File = tuple[str, str]


def site_files(report: Report, *, language: Language) -> Iterator[_File]:
    """Yield every file of the site as its path, relative to the site's top, and its text.

    The same report gives the same files. ``auto`` lets the browser choose the language, and whoever looks.
    """
    numbers = frozenset(each.revision.revision for each in report.occurrences if each.revision is not None)
    press = _Press(report=report, language=language, numbers=numbers)
    for name in _ASSETS:
        yield f"assets/{name}", asset(name)
    yield "assets/words.js", _words_script(press.tongues)
    yield from press.lists()
    yield from press.history()
    for occurrence in report.occurrences:
        yield from press.revision(occurrence)
    for account in report.accounts:
        yield press.account(account)


def _words_script(tongues: tuple[Tongue, ...]) -> str:
    catalogs = {tongue: dict(CATALOGS[tongue]) for tongue in tongues}
    return f'"use strict";\nconst WORDS = {json.dumps(catalogs, ensure_ascii=False, indent=1)};\n'


@dataclass(frozen=True, kw_only=True)
class _Press:
    """Makes pages of one report in one language, or in all of them."""

    report: Report
    language: Language
    numbers: frozenset[int]
    """The revisions that have a page."""

    @property
    def tongues(self) -> tuple[Tongue, ...]:
        """The languages that the pages can be read in; the first is the one that they are written in."""
        return tuple(CATALOGS) if self.language == "auto" else (self.language,)

    def lists(self) -> Iterator[_File]:
        """Yield the list, and the plain page of all rows for browsers without scripts."""
        rows = [row_of(account) for account in self.report.accounts]
        yield self._page(
            INDEX, "index.html", rows=rows[:ROWS_PER_PAGE], count=len(rows), found=data_of(rows),
            kinds=KIND_WORDS, statuses=STATUSES, rows_per_page=ROWS_PER_PAGE,
        )  # fmt: skip
        yield self._page(ALL, "all.html", rows=rows, count=len(rows))

    def history(self) -> Iterator[_File]:
        """Yield the pages of all that happened, newest first."""
        entries: list[Entry] = list(told_entries(self.report))
        parts = max(1, -(-len(entries) // ENTRIES_PER_PAGE))
        for part in range(1, parts + 1):
            shown = entries[(part - 1) * ENTRIES_PER_PAGE : part * ENTRIES_PER_PAGE]
            pages = [history_path(number) for number in range(1, parts + 1)]
            yield self._page(history_path(part), "history.html", entries=shown, part=part, pages=pages)

    def revision(self, occurrence: Occurrence) -> Iterator[_File]:
        """Yield the pages of a revision, none for another occurrence."""
        revision = occurrence.revision
        if revision is None:
            return
        number, parts = revision.revision, parts_of(revision)
        pages = [revision_path(number, part) for part in range(1, parts + 1)]
        for part, path in enumerate(pages, start=1):
            entry = revision_entry(revision, occurrence.event, change_entries(self.report, occurrence, part))
            yield self._page(
                path, "revision.html", entry=entry, part=part, pages=pages, total=len(revision.changes),
                earlier=revision_path(number - 1) if number - 1 in self.numbers else None,
                later=revision_path(number + 1) if number + 1 in self.numbers else None,
            )  # fmt: skip

    def account(self, account: RecordedAccount) -> _File:
        """Return the page of an account."""
        entries = timeline_entries(self.report, account.name)
        return self._page(account_path(account.name), "account.html", view=view_of(account), entries=entries)

    def _page(self, path: str, name: str, **values: Any) -> _File:
        page = template(name, self.tongues[0], is_switchable=len(self.tongues) > 1).render(
            report=self.report,
            tongues=self.tongues,
            top="../" * path.count("/"),
            index=INDEX,
            all_accounts=ALL,
            whole_history=HISTORY,
            **values,
        )
        return path, "\n".join(line for line in page.split("\n") if line.strip()) + "\n"
