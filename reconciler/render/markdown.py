"""A plan as a comment on a pull request, in the Markdown that GitHub and GitLab share.

The premise: text of manifests, servers and state stands in code, and nowhere else. Outside code both systems look
for mentions, references to issues and commits, addresses to link, images and HTML; neither a backslash nor an
entity before an ``@`` keeps them off, since they look after both have been resolved. So foreign text is put

- into code spans, fenced by more backticks than it has in a row; of a sentence only what is no plain word, see
  ``prose``, or
- into fenced blocks with a longer fence than any run of backticks in them; each line begins with a character of ours,
  except lines that are there to be copied.

Everything outside code is ours, and so is the one HTML comment by which a later run finds the comment again.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from reconciler.diagnostics import enumerated, several
from reconciler.model.text.projectkeys import SEPARATOR
from reconciler.render.links import NO_LINKS
from reconciler.render.prose import code, longest_run, prose
from reconciler.render.review import PLATFORM, review_of
from reconciler.render.text.parts.layout import cells, finish, pad

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.plan import SavedPlan
    from reconciler.render.advice import Advice, AdvicePart
    from reconciler.render.entries import Entry, FieldRow, Member, Remark
    from reconciler.render.links import Links
    from reconciler.render.review import Destination, Review, Row, Section

MOST_CHARACTERS = 65_000
"""The longest comment; GitHub refuses one of more than 65,536 characters."""

_REFUSALS_SHARE = MOST_CHARACTERS // 4
_DESTINATIONS_SHARE = MOST_CHARACTERS // 6
_WARNINGS_SHARE = MOST_CHARACTERS // 8
_LIFTED_SHARE = MOST_CHARACTERS // 20
_MOST_OF_AN_ACCOUNT = MOST_CHARACTERS // 8
_SENTENCES_OF_A_SECTION = 250
_FREE_TEXT = ("labels.", "annotations.", "metadata.labels.", "metadata.annotations.")
"""The fields of which a manifest may have as many as its author likes."""
_MOST_NAMED = 3
_MOST_SECRETS = 12
_MOST_ACCOUNTS = 8
_FOLDED_FROM = 13
_NOT_IN_MARKER = re.compile(r"[^A-Za-z0-9._-]")
_MARKS = {"create": "+", "delete": "-", "update": "!", "rename": "!"}
_SYMBOLS = {
    "passed": "✓ ", "failed": "✗ ", "warned": "! ", "skipped": "○ ", "delete": "", "update": "~ ", None: "",
}  # fmt: skip
_SEVERITIES = {"error": "Error", "warning": "Warning", "note": "Note"}
_WHERE = "`reconciler show PLANFILE` shows everything."


def marker(project: str) -> str:
    """Return the hidden line by which a later run finds the comment of a project's plan, or of an environment of it.

    >>> marker("mail@staging")
    '<!-- reconciler plan: mail/staging -->'
    """
    parts = (_NOT_IN_MARKER.sub("_", part) for part in project.split(SEPARATOR))  # no name has a slash
    return f"<!-- reconciler plan: {'/'.join(parts)} -->"


def plan_comment(plan: SavedPlan, links: Links = NO_LINKS, *, hidden: str | None = None) -> str:
    """Return the plan as a comment of at most ``MOST_CHARACTERS``; the same plan and links give the same comment.

    Whole accounts, problems and servers are left out where not all fit; the comment says how many, and where to see
    them. ``hidden`` is a comment of HTML for programs, and stands on the second line.
    """
    review = review_of(plan, links)
    title = "What is wrong" if review.status == "invalid" else "Why it is refused, and what to do"
    refusals = _titled(title, _advices(review.refusals, _REFUSALS_SHARE))
    destinations = _what_is_sent(review)
    beside = [*_lifted(review), *_titled("Warnings and notes", _advices(review.warnings, _WARNINGS_SHARE))]
    sentence, command = review.next_step
    beside += _titled(
        "Next", [*([prose(sentence)] if sentence else []), *([block([command], "sh")] if command else [])]
    )
    # Refusals and destinations have a share of their own, so that no number of accounts can push them out.
    head, foot = _head(review, links, hidden), [f"Changes {code(review.digest)}"]
    used = sum(len(block) + 2 for block in (*head, *refusals, *destinations, *beside, *foot))
    used += _SENTENCES_OF_A_SECTION + sum(map(_beside_accounts, review.sections))
    sections, left_out, in_part = _accounts(review.sections, MOST_CHARACTERS - used)
    told = [f"{several(left_out, 'change')} left out"] if left_out else []
    told += [f"{several(in_part, 'change')} told in part"] if in_part else []
    cut = [f"**This comment is cut: {', '.join(told)}.** {_WHERE}"] if told else []
    blocks = (*head, *cut, *refusals, *sections, *destinations, *beside, *foot)
    return finish("\n\n".join(blocks).split("\n"))


def block(lines: Sequence[str], language: str) -> str:
    """Return lines as a fenced block, with a fence that is longer than any run of backticks in them.

    A line that begins with ``/`` is moved by a space: GitLab carries out ``/approve`` at the start of a line, and
    may not agree with the fence on where code ends.
    """
    fence = "`" * max(3, longest_run("\n".join(lines)) + 1)
    moved = (f" {line}" if line.startswith("/") else line for line in lines)
    return "\n".join([f"{fence}{language}", *moved, fence])


def _head(review: Review, links: Links, hidden: str | None) -> list[str]:
    """Return what matters, as every form of the plan begins; the links lead to the run and the page where CI tells them."""
    against = f", {review.against}" if review.against else ""
    counts = ", ".join(f"{count:,} {word}" for word, count in review.summary.counts)
    rows = [_row(row) for row in review.rows]
    outcomes = ", ".join(f"{count:,} {words}" for words, count in review.outcomes)
    said = [*review.announced, *([f"verification: {outcomes}"] if outcomes else [])]
    linked = [f"[{name}]({address})" for name, address in (("Run", links.run), ("Page", links.page)) if address]
    return [
        "\n".join([marker(review.project), *([hidden] if hidden is not None else [])]),
        f"### Plan for {code(review.project)}{against}{f': {counts}' if counts else ''}",
        f"**{review.verdict}**",
        *(["\n".join(rows)] if rows else []),
        *([prose(f"{text[:1].upper()}{text[1:]}.") for text in said]),
        *([" · ".join(linked)] if linked else []),
    ]


def _row(row: Row) -> str:
    names = f"{enumerated([code(name) for name in row.names], most=_MOST_NAMED)}: " if row.names else ""
    fields = "; ".join(code(f"{label} {value}") for label, value in row.fields)
    more = f" and {row.more_fields:,} more" if row.more_fields else ""
    return f"- {_SYMBOLS[row.symbol]}{names}{fields or prose(row.text)}{more}"


def _titled(title: str, blocks: Sequence[str]) -> list[str]:
    return [f"#### {title}", *blocks] if blocks else []


def _advices(advices: Sequence[Advice], room: int) -> list[str]:
    """Return the problems that fit; one that does not is told without its lines to copy, or counted."""
    blocks: list[str] = []
    left_out = 0
    for advice in advices:
        whole = _advice(advice.parts, advice)
        words = [part for part in advice.parts if part.language is None][:3]
        short = f"{_advice(words, advice)}\n\nThe rest of it is too long for a comment. {_WHERE}"
        chosen = next((told for told in (whole, short) if len(told) + 2 <= room), None)
        if chosen is None:
            left_out += 1
            continue
        blocks.append(chosen)
        room -= len(chosen) + 2
    return [*blocks, f"{several(left_out, 'more problem')} left out here. {_WHERE}"] if left_out else blocks


def _advice(parts: Iterable[AdvicePart], advice: Advice) -> str:
    facts = [f"**{_SEVERITIES[advice.severity]}: {prose(advice.summary)}**", code(advice.code)]
    facts += [code(advice.subject)] if advice.subject else []
    facts += [_place(advice.place, advice.address)] if advice.place else []
    told = [block(part.lines, part.language) if part.language else _sentences(part.lines) for part in parts]
    return "\n\n".join([" · ".join(facts), *told])


def _sentences(lines: Sequence[str]) -> str:
    """Return lines of sentences, one below the other; items of a list need no mark for that."""
    told = [prose(line) for line in lines]
    breaks = ["\n" if _is_item(after) else "\n\n" if _is_item(line) else "\\\n" for line, after in pairwise(lines)]
    return "".join(text + end for text, end in zip(told, [*breaks, ""], strict=True))


def _is_item(line: str) -> bool:
    return line.startswith("- ")


def _place(place: str, address: str | None) -> str:
    """Return file and line as code, linked to the file at the code host where CI tells its address."""
    return f"[{code(place)}]({address})" if address else code(place)


def _accounts(sections: Sequence[Section], room: int) -> tuple[list[str], int, int]:
    """Return the blocks of the accounts that fit, by section; how many are left out, and how many are told in part."""
    blocks: list[str] = []
    left_out = in_part = 0
    for section in sections:
        shown: list[str] = []
        missing: list[str] = []
        waiting = [*reversed(section.entries)]
        while waiting:
            entry = waiting.pop()
            text, is_whole = _bounded(entry)
            if len(entry.members) > 1 and (len(text) + 2 > room or not is_whole):
                waiting += reversed(entry.parted())
                continue
            if len(text) + 2 > room:
                missing.append(code(entry.first.name))
                continue
            shown.append(text)
            room -= len(text) + 2
            in_part += not is_whole
        told = [*shown, *([_missing(missing, section.count)] if missing else [])]
        if section.key == "create":
            told = [f"<details><summary>{several(section.count, 'new account')}</summary>", *told, "</details>"]
        blocks.append(f"#### {section.title} ({section.count:,})")
        blocks += [section.explanation, *told] if section.explanation else told
        left_out += len(missing)
    return blocks, left_out, in_part


def _missing(names: Sequence[str], total: int) -> str:
    return (
        f"{len(names):,} of these {total:,} left out here. {_WHERE} Left out: {enumerated(names, most=_MOST_ACCOUNTS)}."
    )


def _beside_accounts(section: Section) -> int:
    """Return the most characters of a section beside its accounts: title, explanation, and names left out."""
    names = (member.name for entry in section.entries for member in entry.members)
    longest = sorted((len(code(name)) + 2 for name in names), reverse=True)[:_MOST_ACCOUNTS]
    return len(section.title) + len(section.explanation) + sum(longest) + _SENTENCES_OF_A_SECTION


def _bounded(entry: Entry) -> tuple[str, bool]:
    """Return the text of an entry, and whether it is all of it; one of several accounts that is too long is not cut.

    Nobody hides a change by making its account too long for the comment: labels and annotations give way first.
    """
    whole = _entry(entry)
    if len(whole) <= _MOST_OF_AN_ACCOUNT or len(entry.members) > 1:
        return whole, len(whole) <= _MOST_OF_AN_ACCOUNT
    kept = tuple(row for row in entry.fields if not row.label.startswith(_FREE_TEXT))
    forms = ((kept, entry.remarks), (kept, ()), ((), ()))
    texts = (_in_part(entry, fields, remarks) for fields, remarks in forms)
    return next(text for text in texts if len(text) <= _MOST_OF_AN_ACCOUNT), False


def _in_part(entry: Entry, fields: tuple[FieldRow, ...], remarks: tuple[Remark, ...]) -> str:
    counts = ((len(entry.fields) - len(fields), "field"), (len(entry.remarks) - len(remarks), "remark"))
    told = " and ".join(f"{several(count, noun)}" for count, noun in counts if count)
    return f"{_entry(replace(entry, fields=fields, remarks=remarks))}\n\n{told} of this account left out here. {_WHERE}"


def _fitting(texts: Iterable[str], room: int) -> tuple[list[str], int]:
    """Return the texts that fit, and how many do not; a long text keeps no later one out."""
    chosen: list[str] = []
    left_out = 0
    for text in texts:
        if len(text) + 2 > room:
            left_out += 1
            continue
        chosen.append(text)
        room -= len(text) + 2
    return chosen, left_out


def _entry(entry: Entry) -> str:
    renamed = f"{code(entry.previous_name)} to " if entry.previous_name else ""
    through = f" through {code(entry.server)}" if entry.server else ""
    is_one = len(entry.members) == 1
    subject = f"{entry.kind} {renamed}{code(entry.first.name)}" if is_one else several(len(entry.members), entry.kind)
    place = entry.first.place if is_one else entry.file
    title = f"**{entry.action}** {subject}{through}"
    title += f" · {_place(place, entry.first.address if is_one else None)}" if place else ""
    remarks = [f"- {_SYMBOLS[remark.symbol]}{prose(remark.text)}" for remark in entry.remarks]
    blocks = [title]
    blocks += [", ".join(map(_member, entry.members))] if not is_one and not entry.columns else []
    blocks += [_fields(entry.fields)] if entry.fields else []
    blocks += [_own(entry)] if entry.columns else []
    blocks += ["\n".join(remarks)] if remarks else []
    return "\n\n".join(blocks)


def _member(member: Member) -> str:
    return _place(member.name, member.address)


def _own(entry: Entry) -> str:
    """Return what each account has for itself, a row each; the texts have nothing in them that a table would read."""
    rows = [[_member(member), *(code(row.text) for row in member.own)] for member in entry.members]
    heads = ["", *map(code, entry.columns)]
    return "\n".join(f"| {' | '.join(cells_)} |" for cells_ in (heads, ["---"] * len(heads), *rows))


def _fields(rows: Sequence[FieldRow]) -> str:
    widest = max(cells(row.label) for row in rows)
    lines = block([f"{_MARKS[row.action]} {pad(row.label, widest)}  {row.text}" for row in rows], "diff")
    if len(rows) < _FOLDED_FROM:
        return lines
    return f"<details><summary>{len(rows):,} fields</summary>\n\n{lines}\n\n</details>"


def _what_is_sent(review: Review) -> list[str]:
    told, left_out = _fitting([_destination(each) for each in review.destinations], _DESTINATIONS_SHARE)
    blocks = ["\n".join(told)] if told else []
    blocks += [f"{several(left_out, 'more server')} left out here. {_WHERE}"] if left_out else []
    return _titled("What is sent where", blocks)


def _destination(destination: Destination) -> str:
    withheld = "**withheld, see above**: " if destination.is_withheld else ""
    secrets = [f"{code(secret)}{f' as {code(user)}' if user else ''}" for secret, user in destination.secrets]
    accounts = [name if name == PLATFORM else code(name) for name in destination.accounts]
    return (
        f"- {withheld}{prose(destination.where)} gets {enumerated(secrets, most=_MOST_SECRETS)}"
        f" (for {enumerated(accounts, most=_MOST_ACCOUNTS)})"
    )


def _lifted(review: Review) -> list[str]:
    lines = [f"- guard {code(guard)} lifted by {prose(by)}" for guard, by in review.lifted]
    lines += [f"- grant used: {code(grant)}" for grant in review.grants_used]
    shown, left_out = _fitting(lines, _LIFTED_SHARE)
    blocks = ["\n".join(shown)] if shown else []
    blocks += [f"{left_out:,} more left out here. {_WHERE}"] if left_out else []
    return _titled("Guards lifted and grants used", blocks)
