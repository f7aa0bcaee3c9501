"""Rows of the site's tables: a site has half a million cells, and a template takes its time for each of them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from reconciler.classes import dataclass
from reconciler.render.html.site.markup import Pattern, joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.verification.evidence import Check
    from reconciler.render.entries import FieldRow
    from reconciler.render.html.site.account import Setting
    from reconciler.render.html.site.listing import Row
    from reconciler.render.html.site.phrases import Phrases

_NOTHING = Markup()
_LEAST_SECONDS = 0.005
_CHECKS_KEPT = 1024
"""Rows of checks: most accounts of a server have the same ones."""
_SETTING = Pattern('<tr role="row"><th scope="row" role="rowheader">{}</th><td role="cell">{}{}</td></tr>\n')
_REFERENCE = Pattern(' <span class="faint">{}</span>')
_CHECK = Pattern(
    '<tr role="row"><th scope="row" role="rowheader"><code>{}</code></th><td role="cell"><span class="outcome {}">{}</span>'
    '{}</td><td role="cell"><span lang="en">{}</span>{}</td><td role="cell" class="number">{}</td></tr>\n'
)
_CLASS, _CODE = Pattern(' <span class="faint">({})</span>'), Pattern(' <code class="faint">{}</code>')
_FIELD = Pattern(
    '<tr role="row">\n<th scope="row" role="rowheader">{}</th>\n<td role="cell" class="before">{}</td>\n'
    '<td role="cell" class="after">{}{}</td>\n</tr>\n'
)
_ABSENT, _GONE, _COME = Pattern('<span class="hidden">{}</span>'), Pattern("<del>{}</del>"), Pattern("<ins>{}</ins>")
_ROTATED = Pattern(' <span class="rotated">{}</span>')
_LISTED = Pattern(
    '<tr role="row">\n<th scope="row" role="rowheader"><a href="{}{}">{}</a>{}</th>\n{}{}{}{}{}{}{}</tr>\n'
)
_TITLE = Pattern('<br><span class="faint">{}</span>')
_CELL, _LABELLED = Pattern('<td role="cell">{}</td>\n'), Pattern('<td role="cell" data-label="{}">{}</td>\n')
_WHY, _OUR_WHY = Pattern(' <span class="why">{}</span>'), Pattern(' <span class="why" lang="en">{}</span>')
_DAY, _MINUTE = Pattern('<time datetime="{}">{}</time>'), Pattern('<time datetime="{}Z">{}</time>')
_FAILED = Pattern(' <span class="why">{} {}</span>')
_LABELS = tuple(
    f"column.{each}" for each in ("email", "displayName", "kind", "server", "status", "created", "verified")
)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows with the words of one language."""

    phrases: Phrases
    said: Mapping[str, Markup]
    """Those that need no value, by their keys in the catalog."""
    words: Mapping[str, str]
    """The same as text."""

    def settings(self, settings: Iterable[Setting]) -> Markup:
        """Return a row for each setting of an account."""
        reference = _REFERENCE.filled(self.said["secret.reference"])
        return joined(
            _SETTING.filled(each.path, each.value, reference if each.is_secret else _NOTHING) for each in settings
        )

    def checks(self, checks: Iterable[Check]) -> Markup:
        """Return a row for each check of a verification."""
        return joined(self._check(each) for each in checks)

    def _check(self, check: Check) -> Markup:
        kind = self.said[f"class.{check.class_}"] if check.class_ else _NOTHING
        seconds = f"{check.seconds:.2f}" if check.seconds >= _LEAST_SECONDS else ""
        outcome = self.said[f"check.{check.status}"]
        return _check_row(check.check, check.status, outcome, kind, check.message, check.code, seconds)

    def listed(self, rows: Iterable[Row], top: str, *, is_labelled: bool) -> Markup:
        """Return the rows of a list of accounts; where they are labelled, each cell has the name of its column."""
        labels = [self.words[key] for key in _LABELS]
        return joined(
            _LISTED.filled(
                top, row.path, row.name, _TITLE.filled(row.title) if row.title else _NOTHING,
                *(
                    _LABELLED.filled(label, cell) if is_labelled else _CELL.filled(cell)
                    for label, cell in zip(labels, self._cells(row), strict=True)
                ),
            )
            for row in rows
        )  # fmt: skip

    def _cells(self, row: Row) -> tuple[str, ...]:
        kind, created = self.said[f"kind.{row.kind}"], _DAY.filled(row.created, row.created)
        return row.email, row.display_name, kind, row.server, self._standing(row), created, self._verified(row)

    def _standing(self, row: Row) -> Markup:
        status = self.phrases.status(row.status)
        if row.reason_key:
            return joined((status, _WHY.filled(self.said[row.reason_key])))
        if not row.reason:
            return status
        return joined((status, (_OUR_WHY if row.is_reason_ours else _WHY).filled(row.reason)))

    def _verified(self, row: Row) -> Markup:
        when = _MINUTE.filled(row.verified, row.verified) if row.verified else self.said["never"]
        if not row.failed:
            return when
        return joined((when, _FAILED.filled(self.said["failed"], _MINUTE.filled(row.failed, row.failed))))

    def fields(self, fields: Iterable[FieldRow]) -> Markup:
        """Return a row for each field of a change."""
        absent = _ABSENT.filled(self.said["fields.absent"])
        rotated = _ROTATED.filled(self.said["fields.rotated"])
        return joined(
            _FIELD.filled(
                row.label,
                absent if row.before is None else _GONE.filled(row.before),
                absent if row.after is None else _COME.filled(row.after),
                rotated if row.is_rotated else _NOTHING,
            )
            for row in fields
        )


@lru_cache(_CHECKS_KEPT)
def _check_row(check: str, status: str, outcome: Markup, kind: Markup, message: str, code: str, seconds: str) -> Markup:
    """Return the row of a check; ``outcome`` and ``kind`` are words of ours, so no text is taken for one of them."""
    class_ = _CLASS.filled(kind) if kind else _NOTHING
    return _CHECK.filled(
        check, status, outcome, class_, message, _NOTHING if code == "ok" else _CODE.filled(code), seconds
    )
