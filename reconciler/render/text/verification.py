"""What ``verify`` found: of one account check by check, of several a table and below it what is wrong, told once."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from reconciler.diagnostics import counted, enumerated
from reconciler.model.accounts.kinds import KINDS
from reconciler.render.text.parts.layout import finish, hang, pad
from reconciler.render.text.parts.tables import Cell, table_lines
from reconciler.rules.verification.missing import MISSING_CODES

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.verification.evidence import Check, Verification
    from reconciler.render.text.parts.style import Role, Style, Symbol


_TITLES = ("ACCOUNT", "KIND", "RESULT", "DEPTH", "TIME")
_MOST_ROWS = 15
"""With more accounts than this, those that ended alike share a row."""
_WORST_LAST = ("unchanged", "passed", "skipped", "withheld", "failed")
"""The order in which remarks are told: what matters most stands at the end, where a terminal stops."""

_ROUTES_DIFFER = (
    "no credential was sent: each would take a route that neither state nor a grant allows. The error "
    "credentialWithheld lists the routes and the grants to add."
)
_SECRETS_DIFFER = "a secret that each of them needs cannot be read. The error of the same code names the secrets."


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
        Cell(KINDS[kind].word),
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
    """Return what verifications share that are told at once.

    Withheld ones differ in their routes and those without a secret in its name; an error lists either.
    """
    if found.status == "withheld" or any(check.code in MISSING_CODES for check in found.checks):
        return found.status, tuple((check.check, check.status, check.code) for check in found.checks)
    return likeness(found)


def _for_all(found: Verification, same: Sequence[Verification]) -> Verification:
    """Return a verification that speaks for all: without the one account's route, or the name of its secret."""
    if all(likeness(found) == likeness(each) for each in same):
        return found
    words = {"withheld": _ROUTES_DIFFER, **dict.fromkeys(MISSING_CODES, _SECRETS_DIFFER)}
    checks = tuple(
        check.model_copy(update={"message": words[check.code]}) if check.code in words else check
        for check in found.checks
    )
    return found.model_copy(update={"checks": checks})


_LONGEST_CHECK_NAME = len("recipient")
_CHECK_LOOKS: dict[str, tuple[Symbol, Role]] = {
    "passed": ("passed", "good"),
    "warned": ("warned", "warning"),
    "failed": ("failed", "bad"),
    "skipped": ("skipped", "faint"),
}
_AS_ASKED = frozenset({"notDeclared", "beyondDepth"})
_OUTCOMES = {
    "passed": "passed",
    "failed": "failed",
    "withheld": "withheld",
    "skipped": "not verified",
    "unchanged": "unchanged",
}


def verification_lines(
    found: Verification, *, style: Style, indent: int, same: Sequence[Verification] = (), whose: str = ""
) -> list[str]:
    """Return the compact lines of one verification, indented by ``indent`` columns.

    ``same`` are the others that ended alike, see ``likeness``; they widen the time to a range. ``whose`` stands
    before what is said, such as ``all 80: ``.
    """
    said = _said(found, (found, *same))
    lines: list[str] = []
    for number, (symbol, role, text) in enumerate(said):
        mark = style.paint(style.symbol(symbol), role) if symbol else " "
        told = whose + text if number == 0 else text
        first, *rest = hang(" " * (indent + 2), style.show(told), width=style.width)
        lines += [f"{' ' * indent}{mark} {first[indent + 2 :]}", *rest]
    return lines


def verification_remarks(found: Verification) -> list[tuple[Symbol | None, str]]:
    """Return what is to be told of one verification, a sentence each and its symbol, without times: same, same words."""
    return [(symbol, text) for symbol, _, text in _said(found, ())]


def likeness(found: Verification) -> Hashable:
    """Return what two verifications share that differ in their times only."""
    checks = tuple((check.check, check.status, check.class_, check.code, _told(check)) for check in found.checks)
    return found.status, found.depth, checks


_Line = tuple["Symbol | None", "Role", str]
_UNCHANGED: _Line = ("skipped", "faint", "no verification needed: these settings are as recorded")


def _said(found: Verification, alike: Sequence[Verification]) -> list[_Line]:
    telling = {"passed": _passed, "failed": _failed, "withheld": _withheld, "skipped": _skipped}.get(found.status)
    return telling(found, alike) if telling else [_UNCHANGED]


def _told(check: Check) -> str:
    return "" if check.status == "passed" else check.message


def _passed(found: Verification, alike: Sequence[Verification]) -> list[_Line]:
    made = " ".join(check.check for check in found.checks if check.status == "passed")
    depth = f" to {found.depth}" if found.depth else ""
    took = f" in {seconds(alike)}" if alike else ""
    return [("passed", "good", f"verified{depth}{took}: {made}"), *_warnings(found)]


def _failed(found: Verification, _alike: Sequence[Verification]) -> list[_Line]:
    failures = [check for check in found.checks if check.status == "failed"]
    if not failures:
        return [("failed", "bad", f"not verified{_reason(found)}")]
    untried: list[_Line] = [("failed", "bad", f"not verified{_reason(found)}")] if is_untried(found) else []
    beside = [*_listed(found, "passed", "passed"), *_listed(found, "skipped", "not reached")]
    return [*untried, *_failures(found), *_warnings(found), *beside]


def _withheld(found: Verification, _alike: Sequence[Verification]) -> list[_Line]:
    withheld = [check for check in found.checks if check.status == "skipped" and check.code == "withheld"]
    said = f"{withheld[0].check} withheld: {withheld[0].message}" if withheld else "credential withheld"
    return [("failed", "bad", said), *_failures(found), *_warnings(found), *_listed(found, "passed", "passed")]


def _skipped(found: Verification, _alike: Sequence[Verification]) -> list[_Line]:
    if found.depth == "offline":
        return [("skipped", "faint", "not verified: the depth was offline"), *_warnings(found)]
    said: _Line = ("skipped", "faint", f"not verified{_reason(found)}")
    return [said, *_warnings(found), *_listed(found, "passed", "passed")]


def is_untried(found: Verification) -> bool:
    """Tell whether there was no conversation for a reason that counts as a failure."""
    return any(check.code in {"serverDown", "unknownDestination", "deadline"} for check in found.checks)


def _warnings(found: Verification) -> list[_Line]:
    warned = [check for check in found.checks if check.status == "warned"]
    return [("warned", "warning", f"{names} ({check.code}): {check.message}") for names, check in _at_once(warned)]


def _failures(found: Verification) -> list[_Line]:
    failed = [check for check in found.checks if check.status == "failed"]
    return [("failed", "bad", f"{names} failed{_class(check)}: {check.message}") for names, check in _at_once(failed)]


def _at_once(checks: Iterable[Check]) -> list[tuple[str, Check]]:
    """Return names and check of what is told at once: neighbours that found the same, in the same words."""
    runs = [list(run) for _, run in groupby(checks, key=lambda check: (check.class_, check.code, check.message))]
    return [(" ".join(check.check for check in run), run[0]) for run in runs]


def _listed(found: Verification, status: str, heading: str) -> list[_Line]:
    names = [check.check for check in found.checks if check.status == status and _is_worth_listing(check)]
    return [(None, "faint", f"{heading}: {' '.join(names)}")] if names else []


def _is_worth_listing(check: Check) -> bool:
    """Tell a step that a failure kept from being made from one that was never asked for."""
    return check.status == "passed" or check.code == "earlierFailure"


def _reason(found: Verification) -> str:
    skipped = [check for check in found.checks if check.status == "skipped"]
    told = [check for check in skipped if check.code not in _AS_ASKED] or skipped
    return f" ({told[0].code}): {told[0].message}" if told else ""


def _class(check: Check) -> str:
    facts = ", ".join(fact for fact in (check.class_, check.code) if fact)
    return f" ({facts})" if facts else ""


def seconds(alike: Sequence[Verification]) -> str:
    """Return how long verifications took: a time, or the shortest and the longest."""
    taken = sorted(f"{sum(check.seconds for check in found.checks):.2f}s" for found in alike)
    ordered = sorted(taken, key=lambda text: float(text.removesuffix("s")))
    return ordered[0] if ordered[0] == ordered[-1] else f"{ordered[0]} to {ordered[-1]}"


def every_check(found: Verification, style: Style) -> list[str]:
    """Return a line for each check, in order; neighbours that were skipped for one reason share a line."""
    lines: list[str] = []
    for _, alike in groupby(found.checks, key=_skip_reason):
        lines += _check_lines(list(alike), style)
    return lines or verification_lines(found, style=style, indent=4)


def _skip_reason(check: Check) -> Hashable:
    """Return what neighbouring checks share that are told in one line; nobody shares what a check found."""
    return (check.code, check.message) if check.status == "skipped" else check.check


def _check_lines(alike: Sequence[Check], style: Style) -> list[str]:
    """Return the lines of one check, or of several that were skipped for the same reason."""
    check = alike[0]
    symbol, role = _CHECK_LOOKS[check.status]
    took = f" ({check.seconds:.2f}s)" if check.seconds else ""
    kind = f"{check.status}{_class(check)}: " if check.status in {"failed", "warned"} else ""
    said = style.show(f"{kind}{check.message}{took}")
    label = " " * 6 + pad(check.check, _LONGEST_CHECK_NAME) + "  "
    if len(alike) > 1:
        names = " ".join(each.check for each in alike)
        first, *rest = hang(" " * 6, f"{names}: {said}", width=style.width, indent=len(label))
    else:
        first, *rest = hang(label, said, width=style.width)
    return [f"    {style.paint(style.symbol(symbol), role)} {first[6:]}", *rest]


def count_line(findings: Sequence[Verification]) -> str:
    """Return how many accounts were verified, how deep if all as deep, and how many ended how."""
    statuses = sorted((found.status for found in findings), key=list(_OUTCOMES).index)
    counted = ", ".join(f"{len(list(same))} {_OUTCOMES[status]}" for status, same in groupby(statuses))
    depths = {found.depth for found in findings if found.depth}
    depth = f" (depth {depths.pop()})" if len(depths) == 1 else ""
    return f"Verified {len(findings)} account{'' if len(findings) == 1 else 's'}{depth}: {counted}."
