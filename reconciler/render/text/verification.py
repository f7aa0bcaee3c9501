"""What ``verify`` found: of one account check by check, of several a table and below it what is wrong, told once."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from reconciler.diagnostics import counted, enumerated, several
from reconciler.model.accounts.kinds import KINDS
from reconciler.model.verification.evidence import DOMAIN_CHECKS
from reconciler.render.text.parts.layout import finish, hang, pad
from reconciler.rules.verification.missing import MISSING_CODES

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.verification.evidence import Check, CheckName, Verification
    from reconciler.render.text.parts.style import Role, Style, Symbol
    from reconciler.render.text.parts.tables import Cell


_TITLES = ("ACCOUNT", "KIND", "RESULT", "DEPTH", "TIME")
_MOST_ROWS = 15
"""With more accounts, those that ended alike share a row."""
_WORST_LAST = ("unchanged", "passed", "skipped", "withheld", "failed")
"""The order of remarks: what matters most stands at the end, where a terminal stops."""

_ROUTES_DIFFER = (
    "no credential was sent: each would take a route that neither state nor a grant allows. The error "
    "credentialWithheld lists the routes and the grants to add."
)
_SECRETS_DIFFER = "a secret that each of them needs cannot be read. The error of the same code names the secrets."

_LONGEST_CHECK_NAME = len("recipient")
_CHECK_LOOKS: dict[str, tuple[Symbol, Role]] = {
    "passed": ("passed", "good"),
    "warned": ("warned", "warning"),
    "failed": ("failed", "bad"),
    "skipped": ("skipped", "faint"),
}
_DONE: tuple[tuple[tuple[CheckName, ...], str], ...] = (
    (("proxy",), "through the proxy"),
    (("connect",), "connected"),
    (("tls",), "encrypted"),
    (("auth",), "logged in"),
    (("sender",), "sender accepted"),
    (("message",), "test message taken"),
)
"""What is said of checks that passed: what was done, in place of their names."""
_AS_ASKED = frozenset({"notDeclared", "beyondDepth"})
_OUTCOMES = {
    "passed": "passed",
    "failed": "failed",
    "withheld": "withheld",
    "skipped": "not verified",
    "unchanged": "unchanged",
}


def verification_text(findings: Mapping[str, Verification], kinds: Mapping[str, Kind], *, style: Style) -> str:
    """Return the verifications, by account name, and a closing count.

    A single account is told check by check. Several have a row each, and many share one where they ended alike;
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
    from reconciler.render.text.parts.tables import table_lines

    alike: dict[Hashable, list[str]] = {}
    for name, found in sorted(findings.items()):
        ending = (kinds[name], _result(found), found.depth) if len(findings) > _MOST_ROWS else name
        alike.setdefault(ending, []).append(name)
    rows = [_row(names, kinds[names[0]], [findings[name] for name in names], style) for names in alike.values()]
    # A window too narrow for all columns gets names and results; one too narrow for these, no table.
    for places in (range(len(_TITLES)), (0, 2)):
        titles, kept = [_TITLES[place] for place in places], [[row[place] for place in places] for row in rows]
        lines = table_lines(titles, kept, style=style, unbroken=style.width, whole=titles[1:])
        if lines is not None:
            return lines
    shown = [(hang("", f"{name.text}: {result.text}", width=style.width), result.role) for name, _, result, *_ in rows]
    return [style.paint(line, role) if role else line for told, role in shown for line in told]


def _row(names: Sequence[str], kind: Kind, alike: Sequence[Verification], style: Style) -> list[Cell]:
    from reconciler.render.text.parts.tables import Cell

    found = alike[0]
    symbol, role, words = _result(found)
    was_made = any(check.status != "skipped" for check in found.checks)
    return [
        Cell(style.show(enumerated(names, most=1))),
        Cell(KINDS[kind].word),
        Cell(style.show(f"{style.symbol(symbol)} {words}"), role),
        Cell(found.depth or ""),
        Cell(seconds(alike) if was_made else ""),
    ]


def _result(found: Verification) -> tuple[Symbol, Role, str]:
    if found.status == "passed":
        warned = sum(check.status == "warned" for check in found.checks)
        many = several(warned, "warning")
        return ("warned", "warning", f"passed, {many}") if warned else ("passed", "good", "passed")
    if found.status == "failed":
        failed = next((check.check for check in found.checks if check.status == "failed"), None)
        return "failed", "bad", "not tried" if is_untried(found) else f"{failed} failed" if failed else "failed"
    if found.status == "withheld":
        return "failed", "bad", "credential withheld"
    return "skipped", "faint", "unchanged" if found.status == "unchanged" else "not verified"


def _remarks(findings: Mapping[str, Verification], style: Style) -> list[str]:
    """Return names and remarks of the verifications that did not simply pass, once for all that ended alike."""
    ends: dict[Hashable, list[str]] = {}
    for name, found in sorted(findings.items()):
        if _is_remarkable(found):
            ends.setdefault(ending(found), []).append(name)
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
        lines += verification_lines(for_all(first, same), style=style, indent=4, same=same)
    return lines


def _is_remarkable(found: Verification) -> bool:
    if found.status == "passed":
        return any(check.status == "warned" for check in found.checks)
    return found.status != "unchanged"


def ending(found: Verification) -> Hashable:
    """Return the key of verifications that are told together.

    Withheld ones differ in their routes, and those without a secret in its name; the errors list these, so here
    they do not count.
    """
    if found.status == "withheld" or any(check.code in MISSING_CODES for check in found.checks):
        return found.status, tuple((check.check, check.status, check.code) for check in found.checks)
    return likeness(found)


def for_all(found: Verification, same: Sequence[Verification]) -> Verification:
    """Return a verification that speaks for all that ended alike, without the route or secret of any one."""
    if all(each is found or likeness(found) == likeness(each) for each in same):
        return found
    words = {"withheld": _ROUTES_DIFFER, **dict.fromkeys(MISSING_CODES, _SECRETS_DIFFER)}
    checks = tuple(
        replace(check, message=words[check.code]) if check.code in words else check for check in found.checks
    )
    return found.model_copy(update={"checks": checks})


def verification_lines(
    found: Verification, *, style: Style, indent: int, same: Sequence[Verification] = (), whose: str = ""
) -> list[str]:
    """Return the compact lines of one verification, indented by ``indent`` columns.

    ``same`` are the others that ended alike, see ``likeness``: with them the time becomes a range. ``whose`` is put
    before the first line, such as ``all 80: ``.
    """
    return _marked(_said(found, (found, *same)), style, indent=indent, whose=whose)


def _marked(said: Sequence[_Line], style: Style, *, indent: int, whose: str = "") -> list[str]:
    lines: list[str] = []
    for number, (symbol, role, text) in enumerate(said):
        mark = style.paint(style.symbol(symbol), role) if symbol else " "
        told = whose + text if number == 0 else text
        first, *rest = hang(" " * (indent + 2), style.show(told), width=style.width)
        lines += [f"{' ' * indent}{mark} {first[indent + 2 :]}", *rest]
    return lines


def verification_remarks(found: Verification) -> list[tuple[Symbol | None, str]]:
    """Return the remarks of one verification: a sentence each, with its symbol.

    There are no times in them, so the same outcome gives the same words.
    """
    return [(symbol, text) for symbol, _, text in _said(found, ())]


def likeness(found: Verification) -> Hashable:
    """Return the key of a verification without its times: equal for two that found the same."""
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
    took = f" in {seconds(alike)}" if alike else ""
    done = done_in_words(found)
    return [("passed", "good", f"verified{took}" + (f": {done}" if done else "")), *_warnings(found)]


def done_in_words(found: Verification) -> str:
    """Return what a verification did: ``connected, encrypted, logged in, sender and recipient accepted``."""
    held = {check.check for check in found.checks if check.status in {"passed", "warned"}}
    words = [told for names, told in _DONE if held.issuperset(names)]
    if {"sender", "recipient"} <= held:
        words = ["sender and recipient accepted" if each == "sender accepted" else each for each in words]
    domain = " ".join(
        check.check for check in found.checks if check.check in DOMAIN_CHECKS and check.status == "passed"
    )
    return ", ".join(words) + (f"; domain: {domain}" if domain else "")


def problem_lines(found: Verification, *, style: Style) -> list[str]:
    """Return the lines of what failed and what is warned of; nothing of what passed, or was not asked for."""
    if found.status == "passed":
        lines = _warnings(found)
    else:
        lines = [each for each in _said(found, (found,)) if each[0] in {"failed", "warned"}]
    return _marked(lines, style, indent=2)


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
    """Tell whether no conversation was held, for a reason that counts as a failure."""
    return any(check.code in {"serverDown", "unknownDestination", "deadline"} for check in found.checks)


def _warnings(found: Verification) -> list[_Line]:
    warned = [check for check in found.checks if check.status == "warned"]
    return [("warned", "warning", f"{names} ({check.code}): {check.message}") for names, check in _at_once(warned)]


def _failures(found: Verification) -> list[_Line]:
    failed = [check for check in found.checks if check.status == "failed"]
    return [("failed", "bad", f"{names} failed{_class(check)}: {check.message}") for names, check in _at_once(failed)]


def _at_once(checks: Iterable[Check]) -> list[tuple[str, Check]]:
    """Return names and check of those that found the same, in the same words, at the place of the first."""
    alike: dict[Hashable, list[Check]] = {}
    for check in checks:
        alike.setdefault((check.class_, check.code, check.message), []).append(check)
    return [(" ".join(check.check for check in same), same[0]) for same in alike.values()]


def _listed(found: Verification, status: str, heading: str) -> list[_Line]:
    # A check that passed, or was not made because of a failure; not one that nobody asked for.
    names = [
        check.check
        for check in found.checks
        if check.status == status and (check.status == "passed" or check.code == "earlierFailure")
    ]
    return [(None, "faint", f"{heading}: {' '.join(names)}")] if names else []


def _reason(found: Verification) -> str:
    skipped = [check for check in found.checks if check.status == "skipped"]
    told = [check for check in skipped if check.code not in _AS_ASKED] or skipped
    return f" ({told[0].code}): {told[0].message}" if told else ""


def _class(check: Check) -> str:
    facts = ", ".join(fact for fact in (check.class_, check.code) if fact)
    return f" ({facts})" if facts else ""


def seconds(alike: Sequence[Verification]) -> str:
    """Return how long verifications took: one time, or the shortest and the longest."""
    taken = sorted(f"{sum(check.seconds for check in found.checks):.2f}s" for found in alike)
    ordered = sorted(taken, key=lambda text: float(text.removesuffix("s")))
    return ordered[0] if ordered[0] == ordered[-1] else f"{ordered[0]} to {ordered[-1]}"


def every_check(found: Verification, style: Style) -> list[str]:
    """Return the lines of all checks, in order. Checks skipped for the same reason share a line, as do those with the same warning."""
    alike: dict[Hashable, list[Check]] = {}
    for check in found.checks:
        shares = check.status in {"skipped", "warned"}
        alike.setdefault((check.status, check.code, check.message) if shares else check.check, []).append(check)
    lines = [line for same in alike.values() for line in _check_lines(same, style)]
    return lines or verification_lines(found, style=style, indent=4)


def _check_lines(alike: Sequence[Check], style: Style) -> list[str]:
    """Return the lines of one check, or of several that tell the same."""
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
    """Return how many accounts were verified, how many ended how, and the depth where all have the same."""
    statuses = sorted((found.status for found in findings), key=list(_OUTCOMES).index)
    counted = ", ".join(f"{len(list(same))} {_OUTCOMES[status]}" for status, same in groupby(statuses))
    depths = {found.depth for found in findings if found.depth}
    depth = f" (depth {depths.pop()})" if len(depths) == 1 else ""
    return f"Verified {several(len(findings), 'account')}{depth}: {counted}."
