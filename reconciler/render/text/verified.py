"""The outcome of one verification: in a few compact lines, and check by check."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from reconciler.render.text.layout import hang, pad

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from reconciler.model.evidence import Check, Verification
    from reconciler.render.text.style import Role, Style, Symbol

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
