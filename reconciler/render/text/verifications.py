"""What ``verify`` found: of one account check by check, of several a table and below it what is wrong, told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import counted, enumerated
from reconciler.render.listed import KINDS
from reconciler.render.text.layout import finish, hang
from reconciler.render.text.tables import Cell, table_lines
from reconciler.render.text.verified import count_line, every_check, is_untried, likeness, seconds, verification_lines

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from reconciler.model.evidence import Verification
    from reconciler.model.manifest import Kind
    from reconciler.render.text.style import Role, Style, Symbol

_TITLES = ("ACCOUNT", "KIND", "RESULT", "DEPTH", "TIME")
_MOST_ROWS = 15
"""With more accounts than this, those that ended alike share a row."""
_WORST_LAST = ("unchanged", "passed", "skipped", "withheld", "failed")
"""The order in which remarks are told: what matters most stands at the end, where a terminal stops."""

_ROUTES_DIFFER = (
    "no credential was sent: each would take a route that neither state nor a grant allows. The error "
    "credentialWithheld lists the routes and the grants to add."
)


def verification_text(findings: Mapping[str, Verification], kinds: Mapping[str, Kind], *, style: Style) -> str:
    """Return what ``verify`` found, by account name, and a closing count.

    A single account is told check by check. Of several, each has a row, of many those that ended alike have one, and
    what is to be said of them stands below, once for all that ended alike.
    """
    if not findings:
        return finish(["Nothing to verify."])
    if len(findings) == 1:
        ((name, found),) = findings.items()
        lines = [f"{style.paint(style.show(name), 'strong')} ({style.show(kinds[name])})", *every_check(found, style)]
    else:
        lines = [*_rows(findings, kinds, style), *_remarks(findings, style)]
    return finish([*lines, "", *hang("", count_line(list(findings.values())), width=style.width)])


def _rows(findings: Mapping[str, Verification], kinds: Mapping[str, Kind], style: Style) -> list[str]:
    alike: dict[Hashable, list[str]] = {}
    for name, found in sorted(findings.items()):
        ending = (kinds[name], _result(found), found.depth) if len(findings) > _MOST_ROWS else name
        alike.setdefault(ending, []).append(name)
    rows = [_row(names, kinds[names[0]], [findings[name] for name in names], style) for names in alike.values()]
    for places in (range(len(_TITLES)), (0, 2)):
        titles, kept = [_TITLES[place] for place in places], [[row[place] for place in places] for row in rows]
        lines = table_lines(titles, kept, style=style, unbroken=style.width, whole=titles[1:])
        if lines is not None:
            return lines
    shown = [(hang("", f"{name.text}: {result.text}", width=style.width), result.role) for name, _, result, *_ in rows]
    return [style.paint(line, role) if role else line for told, role in shown for line in told]


def _row(names: Sequence[str], kind: Kind, alike: Sequence[Verification], style: Style) -> list[Cell]:
    found = alike[0]
    symbol, role, words = _result(found)
    was_made = any(check.status != "skipped" for check in found.checks)
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return [
        Cell(style.show(f"{names[0]}{more}")),
        Cell(KINDS.get(kind, style.show(kind))),
        Cell(style.show(f"{style.symbol(symbol)} {words}"), role),
        Cell(found.depth or ""),
        Cell(seconds(alike) if was_made else ""),
    ]


def _result(found: Verification) -> tuple[Symbol, Role, str]:
    if found.status == "passed":
        warned = sum(check.status == "warned" for check in found.checks)
        many = f"{warned} warning{'' if warned == 1 else 's'}"
        return ("warned", "warning", f"passed, {many}") if warned else ("passed", "good", "passed")
    if found.status == "failed":
        failed = next((check.check for check in found.checks if check.status == "failed"), None)
        return "failed", "bad", "not tried" if is_untried(found) else f"{failed} failed" if failed else "failed"
    if found.status == "withheld":
        return "failed", "bad", "credential withheld"
    return "skipped", "faint", "unchanged" if found.status == "unchanged" else "not verified"


def _remarks(findings: Mapping[str, Verification], style: Style) -> list[str]:
    """Return what is to be said of those that did not simply pass: names, and their remarks, once for all alike."""
    ends: dict[Hashable, list[str]] = {}
    for name, found in sorted(findings.items()):
        if _is_remarkable(found):
            ends.setdefault(_ending(found), []).append(name)
    is_large = len(findings) > _MOST_ROWS
    ordered = sorted(ends.values(), key=lambda names: _WORST_LAST.index(findings[names[0]].status))
    if is_large and any(
        not is_untried(findings[names[0]]) and findings[names[0]].status == "failed" for names in ordered
    ):
        ordered = [names for names in ordered if not is_untried(findings[names[0]])]
    lines: list[str] = []
    for names in ordered:
        first, *same = (findings[name] for name in names)
        heading = hang("", style.show(counted(names) if is_large else enumerated(names)), width=style.width)
        lines += ["", *(style.paint(line, "strong") for line in heading)]
        lines += verification_lines(_for_all(first, same), style=style, indent=4, same=same)
    return lines


def _is_remarkable(found: Verification) -> bool:
    if found.status == "passed":
        return any(check.status == "warned" for check in found.checks)
    return found.status != "unchanged"


def _ending(found: Verification) -> Hashable:
    """Return what verifications share that are told at once; withheld ones differ in their routes, which an error lists."""
    if found.status == "withheld":
        return found.status, tuple((check.check, check.status, check.code) for check in found.checks)
    return likeness(found)


def _for_all(found: Verification, same: Sequence[Verification]) -> Verification:
    """Return a verification that speaks for all: where credentials were withheld, without the one account's route."""
    if found.status != "withheld" or all(likeness(found) == likeness(each) for each in same):
        return found
    checks = tuple(
        check.model_copy(update={"message": _ROUTES_DIFFER}) if check.code == "withheld" else check
        for check in found.checks
    )
    return found.model_copy(update={"checks": checks})
