"""What each page of the site is made of, as a digest: a page whose ground is the same as before is the same page.

The premise: a page hangs on the report, the language and this program, and on nothing else. A ground says of the report all
that the page may show and no more than it has to, since a page whose ground is another one is made anew.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from reconciler.render.html.site.history import CHANGES_PER_PAGE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.journal.entries import Revision
    from reconciler.model.journal.report import Occurrence, Report, TimelineStep


class Grounds:
    """The grounds of the pages of one report in one language."""

    def __init__(self, report: Report, language: str) -> None:
        """Look at nothing yet."""
        self._report = report
        self._site = (report.project, language)
        self._told: dict[int, str] = {}
        """What is told of an occurrence, by its identity: it may stand on thousands of pages."""

    def of_fixed(self, path: str) -> str:
        """Return the ground of a file that hangs on the language alone."""
        return _digest(path, self._site[1])

    def of_account(self, path: str, account: RecordedAccount) -> str:
        """Return the ground of an account's page: what is recorded of it, and the steps of its timeline."""
        names = sorted(self._report.earlier_names[account.name])
        steps = [self._step(each, names) for each in self._report.timelines[account.name]]
        return _digest(path, self._site, account.content, names, steps)

    def of_revision(
        self, path: str, occurrence: Occurrence, revision: Revision, part: int, numbers: frozenset[int]
    ) -> str:
        """Return the ground of a page of a revision; ``numbers`` are those of the revisions that have pages."""
        first = (part - 1) * CHANGES_PER_PAGE
        changes = revision.changes[first : first + CHANGES_PER_PAGE]
        present = [self._report.present_names.get((occurrence.sequence, str(each.get("name")))) for each in changes]
        neighbours = (revision.revision - 1 in numbers, revision.revision + 1 in numbers)
        told = (self._occurrence(occurrence), part, len(revision.changes), neighbours)
        return _digest(path, self._site, told, changes, present)

    def of_all(self, grounds: Iterable[str]) -> str:
        """Return what pages of all have for a ground beside their path; ``grounds`` are those of all other pages."""
        report = self._report
        told = [self._occurrence(each) for each in report.occurrences]
        moment = (report.serial, report.head, report.as_of, sorted(report.since.items()))
        return _digest(self._site, moment, told, list(grounds))

    def of_path(self, path: str, all_of_it: str) -> str:
        """Return the ground of one page of all."""
        return _digest(path, all_of_it)

    def _step(self, step: TimelineStep, names: list[str]) -> tuple[object, ...]:
        occurrence = step.occurrence
        changes = [(each, occurrence.revision.changes[each]) for each in step.changes] if occurrence.revision else []
        present = [self._report.present_names.get((occurrence.sequence, each)) for each in names]
        return self._occurrence(occurrence), changes, present

    def _occurrence(self, occurrence: Occurrence) -> str:
        """Return a digest of an occurrence without the changes of its revision, which are as many as the accounts."""
        told = self._told.get(id(occurrence))
        if told is None:
            revision, event = occurrence.revision, occurrence.event
            self._told[id(occurrence)] = told = _digest(
                occurrence.sequence,
                revision.model_dump(exclude={"changes"}) if revision is not None else None,
                event.model_dump() if event is not None else None,
            )
        return told


def _digest(*parts: object) -> str:
    # Of the text that Python has for values: that of text which no encoding can write is ASCII too.
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()
