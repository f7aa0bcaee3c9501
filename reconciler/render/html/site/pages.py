"""The files of the site, made one after the other."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import field
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from markupsafe import Markup

from reconciler.classes import FrozenByName, dataclass
from reconciler.model.accounts.kinds import KIND_WORDS
from reconciler.model.accounts.overview import MATTERS
from reconciler.model.accounts.statuses import STATUSES
from reconciler.render.html.site.account import view_of
from reconciler.render.html.site.attention import attention_of, chart_of, found_concerns
from reconciler.render.html.site.comparison import told_changes
from reconciler.render.html.site.grounds import Grounds
from reconciler.render.html.site.history import (
    change_entries,
    parts_of,
    revision_entry,
    timeline_entries,
    told_entries,
    told_occurrences,
)
from reconciler.render.html.site.listing import data_of, row_of
from reconciler.render.html.site.paths import ALL, COMPARE, HISTORY, INDEX, account_path, history_path, revision_path
from reconciler.render.html.site.phrases import Phrases
from reconciler.render.html.site.templates import asset, template
from reconciler.render.html.site.words import CATALOGS, Tongue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from jinja2 import Template

    from reconciler.model.accounts.overview import Concern, Matter
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.journal.entries import Revision
    from reconciler.model.journal.report import Occurrence, Report
    from reconciler.render.html.site.listing import Row

Language = Literal["en", "pl", "auto"]
ROWS_PER_PAGE = 100
ENTRIES_PER_PAGE = 200
MOST_CREATED = 5
"""As many accounts as one revision's page shows with all their fields; more are folded, since nothing was before them."""
_ASSETS = ("site.css", "site.js", "list.js", "compare.js")

_OF_ALL = frozenset({"accounts", "all", "history", "compare"})
"""The pages that say which state they show. One of an account or a revision would else be another one after every apply."""

_TITLE, _CONTENT = Markup("\0title\0"), Markup("\0content\0")
"""Where a page's own title and content go into what all pages have. Text that was made safe has no such character."""
_BLANK_LINES = re.compile(r"\n\s*(?=\n)")

_NOBODY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SiteFile:
    """A file of the site, which is made when it is asked for."""

    path: str
    """Relative to the site's top."""
    ground: str
    """A digest of all that its text is made of, this program aside: where it is the same, so is the text."""
    make: Callable[[], str]


def site_files(report: Report, *, language: Language) -> Iterator[SiteFile]:
    """Yield every file of the site.

    The same report gives the same files. With ``auto`` the browser chooses the language, and readers can change it.
    """
    numbers = frozenset(each.revision.revision for each in report.occurrences if each.revision is not None)
    grounds = Grounds(report, language)
    press = _Press(report=report, language=language, numbers=numbers, grounds=grounds)
    single = [*press.revisions(), *press.accounts()]
    of_all = grounds.of_all(each.ground for each in single)
    for name in _ASSETS:
        yield SiteFile(path := f"assets/{name}", grounds.of_fixed(path), partial(asset, name))
    yield SiteFile(path := "assets/words.js", grounds.of_fixed(path), press.words)
    for path, make in press.pages_of_all():
        yield SiteFile(path, grounds.of_path(path, of_all), make)
    yield from single


class _Press(FrozenByName):
    """Makes the pages of one report, in one language or in all of them."""

    report: Report
    language: Language
    numbers: frozenset[int]
    """The numbers of the revisions that have a page."""
    grounds: Grounds
    frames: dict[tuple[str, str], tuple[str, str, str]] = field(default_factory=dict)
    """What all pages with one kind of title in one folder have: before the title, after it, and after the content."""

    @property
    def tongues(self) -> tuple[Tongue, ...]:
        """The languages in which the pages can be read; they are written in the first one."""
        return tuple(CATALOGS) if self.language == "auto" else (self.language,)

    @property
    def phrases(self) -> Phrases:
        """The words in the first language."""
        return Phrases(self.tongues[0], len(self.tongues) > 1)

    def words(self) -> str:
        """Return the script that has the words of each language."""
        catalogs = {tongue: dict(CATALOGS[tongue]) for tongue in self.tongues}
        return f'"use strict";\nconst WORDS = {json.dumps(catalogs, ensure_ascii=False, indent=1)};\n'

    def pages_of_all(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Yield the paths of the pages that show all of the state, each with what makes it."""
        yield INDEX, self._index
        yield ALL, self._all
        told = told_occurrences(self.report)
        parts = max(1, -(-len(told) // ENTRIES_PER_PAGE))
        for part in range(1, parts + 1):
            shown = told[(part - 1) * ENTRIES_PER_PAGE : part * ENTRIES_PER_PAGE]
            yield history_path(part), partial(self._history, shown, part, parts)
        yield COMPARE, self._comparison

    def revisions(self) -> Iterator[SiteFile]:
        """Yield the pages of the revisions, newest first."""
        for occurrence in self.report.occurrences:
            revision = occurrence.revision
            if revision is None:
                continue
            parts = parts_of(revision)
            for part in range(1, parts + 1):
                path = revision_path(revision.revision, part)
                ground = self.grounds.of_revision(path, occurrence, revision, part, self.numbers)
                yield SiteFile(path, ground, partial(self._revision, occurrence, revision, part))

    def accounts(self) -> Iterator[SiteFile]:
        """Yield the pages of the accounts."""
        for account in self.report.accounts:
            path = account_path(account.name)
            yield SiteFile(path, self.grounds.of_account(path, account), partial(self._account, path, account))

    @cached_property
    def _concerns(self) -> tuple[Concern, ...]:
        return found_concerns(self.report)

    @cached_property
    def _rows(self) -> list[Row]:
        matters: defaultdict[str, tuple[Matter, ...]] = defaultdict(tuple)
        for concern in self._concerns:
            matters[concern.account] += (concern.matter,)
        return [row_of(account, matters[account.name]) for account in self.report.accounts]

    def _index(self) -> str:
        """Return the list."""
        rows = self._rows
        return self._page(
            INDEX, "index.html", "accounts", scripts=("list.js",), rows=rows[:ROWS_PER_PAGE], count=len(rows), found=data_of(rows),
            kinds=KIND_WORDS, statuses=STATUSES, matters=MATTERS, rows_per_page=ROWS_PER_PAGE,
            attention=attention_of(self._concerns), chart=chart_of(self.report),
        )  # fmt: skip

    def _all(self) -> str:
        """Return the plain page of all rows for browsers without scripts."""
        return self._page(ALL, "all.html", "all", rows=self._rows, count=len(self._rows))

    def _history(self, shown: Iterable[Occurrence], part: int, parts: int) -> str:
        """Return a page of the whole history, newest first."""
        entries = list(told_entries(self.report, shown))
        pages = [history_path(number) for number in range(1, parts + 1)]
        return self._page(history_path(part), "history.html", "history", entries=entries, part=part, pages=pages)

    def _comparison(self) -> str:
        """Return the page on which a browser compares two revisions."""
        return self._page(
            COMPARE,
            "compare.html",
            "compare",
            scripts=("compare.js",),
            numbers=sorted(self.numbers, reverse=True),
            told=told_changes(self.report),
        )

    def _revision(self, occurrence: Occurrence, revision: Revision, part: int) -> str:
        """Return a page of a revision."""
        number = revision.revision
        pages = [revision_path(number, each) for each in range(1, parts_of(revision) + 1)]
        entry = revision_entry(revision, occurrence.event, change_entries(self.report, occurrence, part))
        created = sum(change.action == "create" for change in entry.changes)
        return self._page(
            pages[part - 1], "revision.html", "revision", named={"n": number}, entry=entry, part=part, pages=pages,
            total=len(revision.changes), folds=created if created > MOST_CREATED else 0,
            earlier=revision_path(number - 1) if number - 1 in self.numbers else None,
            later=revision_path(number + 1) if number + 1 in self.numbers else None,
        )  # fmt: skip

    def _account(self, path: str, account: RecordedAccount) -> str:
        """Return the page of an account."""
        return self._page(
            path, "account.html", "account", named={"name": account.name},
            view=view_of(account), entries=timeline_entries(self.report, account.name),
        )  # fmt: skip

    def _page(
        self,
        path: str,
        template_name: str,
        title: str,
        *,
        named: Mapping[str, Any] = _NOBODY,
        scripts: tuple[str, ...] = (),
        **values: Any,
    ) -> str:
        """Return a page: what is on it, within what all pages have. ``named`` are what the title names beside the project."""
        top = "../" * path.count("/")
        start, middle, end = self._frame(title, top, scripts)
        content = self._template(template_name).render(**self._shared(top), **values)
        titled = self.phrases.title(f"title.{title}", {**named, "project": self.report.project})
        return f"{start}{titled}{middle}{_without_blank_lines(content)}{end}"

    def _frame(self, title: str, top: str, scripts: tuple[str, ...]) -> tuple[str, str, str]:
        """Return what is around the title and the content of a page: the same for thousands of them."""
        if (title, top) not in self.frames:
            page = self._template("base.html").render(
                **self._shared(top),
                tongues=self.tongues,
                title=title,
                is_of_all=title in _OF_ALL,
                scripts=scripts,
                titled=_TITLE,
                content=_CONTENT,
            )
            start, rest = _without_blank_lines(page).split(_TITLE)
            middle, end = rest.split(_CONTENT)
            self.frames[title, top] = start, middle, f"{end}\n"
        return self.frames[title, top]

    def _shared(self, top: str) -> dict[str, Any]:
        """Return what every template may show."""
        return {
            "report": self.report,
            "top": top,
            "index": INDEX,
            "compare": COMPARE,
            "all_accounts": ALL,
            "whole_history": HISTORY,
        }

    def _template(self, name: str) -> Template:
        return template(name, self.tongues[0], is_switchable=len(self.tongues) > 1)


def _without_blank_lines(text: str) -> str:
    return _BLANK_LINES.sub("", f"\n{text}\n").strip("\n")
