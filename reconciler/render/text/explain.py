"""What words of reconciler mean: each in full, or all of them as lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.formats import FORMAT_VERSION
from reconciler.model.schema.explanation import SUBJECTS, Explanation, Subject
from reconciler.render.text.parts.layout import cells, finish, hang, pad

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.canonical import JsonObject
    from reconciler.render.text.parts.style import Style

_KINDS: dict[Subject, tuple[str, str]] = {
    "diagnostic": ("a problem that is told", "Problems that are told"),
    "check": ("an outcome of a check", "Outcomes of checks"),
    "resolution": ("a decision of resolve and send", "Decisions of resolve and send"),
    "status": ("a status of an account", "Statuses of accounts"),
    "exit": ("an exit code", "Exit codes"),
    "term": ("a term", "Terms"),
    "field": ("a field", "Fields"),
}
"""What a word is, alone and as the heading of a list."""

_WIDEST_NAME = 34


def explanation_text(explained: Sequence[Explanation], *, style: Style) -> str:
    """Return each meaning of one word in full, with an empty line between two."""
    blocks = [_block(each, style) for each in explained]
    return finish([line for block in blocks for line in (*block, "")][:-1])


def explanations_list(explained: Sequence[Explanation], *, style: Style) -> str:
    """Return all words by what they are, a line each."""
    lines: list[str] = []
    for subject in SUBJECTS:
        own = [each for each in explained if each.subject == subject]
        width = min(max((cells(each.name) for each in own), default=0), _WIDEST_NAME)
        lines += [style.paint(_KINDS[subject][1], "strong")]
        for each in own:
            lines += hang(f"  {pad(each.name, width)}  ", style.fit(each.summary), width=style.width, indent=width + 4)
        lines.append("")
    return finish([*lines, "One of them in full:", "    reconciler explain WORD"])


def explanations_document(explained: Sequence[Explanation]) -> JsonObject:
    """Return the meanings as ``explain --format json`` prints them, each with every key, null where it is empty."""
    return {"formatVersion": FORMAT_VERSION, "explanations": [_entry(each) for each in explained], "diagnostics": []}


def _entry(each: Explanation) -> JsonObject:
    example = each.example
    return {
        "subject": each.subject,
        "name": each.name,
        "summary": each.summary,
        "cause": each.cause,
        "cure": each.cure,
        "example": {"met": example.met, "mended": example.mended or None} if example else None,
        "occurs": list(each.occurs),
        "outcome": each.outcome,
        "exitCode": each.exit_code,
        "takes": each.takes,
        "default": each.default,
    }


def _block(each: Explanation, style: Style) -> list[str]:
    title = f"{each.name}: {_KINDS[each.subject][0]}"
    lines = [style.paint(line, "strong") for line in hang("", title, width=style.width)]
    if each.summary != each.cause:
        lines += hang("  ", style.fit(f"{each.summary.rstrip('.')}."), width=style.width)
    for label, told in _told(each):
        lines += hang(f"  {pad(label, 9)}", style.fit(told), width=style.width)
    if each.example is not None:
        lines += _example_lines(each.example.met, "example", style)
        lines += _example_lines(each.example.mended, "mended", style)
    return lines


def _told(each: Explanation) -> list[tuple[str, str]]:
    told = [
        ("in", ", ".join(each.occurs)),
        ("outcome", each.outcome or ""),
        ("takes", each.takes or ""),
        ("default", each.default or ""),
        ("why" if each.subject == "term" else "cause", each.cause or ""),
        ("cure", each.cure or ""),
        ("exit", str(each.exit_code) if each.exit_code is not None else ""),
    ]
    return [(label, text) for label, text in told if text]


def _example_lines(example: str, label: str, style: Style) -> list[str]:
    """Return an example under its label: sentences are wrapped, and lines to copy stay as they are."""
    if not example:
        return []
    lines = example.split("\n")
    is_sentence = len(lines) == 1 and lines[0].endswith(".") and lines[0].count(" ") > 3  # noqa: PLR2004 - no command has that
    if is_sentence:
        return [f"  {label}", *hang("    ", style.fit(example), width=style.width)]
    return [f"  {label}", *(f"    {style.fit(line)}" for line in lines)]
