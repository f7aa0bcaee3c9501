r"""A plan as a comment on a pull request, in the Markdown that GitHub and GitLab share.

The premise: what manifests, servers and state say stands in code, and nowhere else. Both systems look for mentions,
references to issues and commits, addresses to link, images and HTML in everything but code; neither a backslash nor an
entity before an ``@`` keeps them off, since they look after both have been resolved. So foreign text is put

- into code spans, fenced by more backticks than it has in a row, or
- into fenced blocks with a longer fence than any run of backticks in them, their lines beginning with a character of
  ours, but for lines that are there to be copied.

Everything outside code is ours, and so is the one comment of HTML by which a later run finds the comment again.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.render.review import review_of
from reconciler.render.text.parts.layout import cells, finish, pad

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.plan import SavedPlan
    from reconciler.render.review import Advice, Destination, Entry, FieldRow, Part, Remark, Review, Section

MOST_CHARACTERS = 65_000
"""What a comment may have; GitHub refuses one of more than 65,536 characters."""

_REFUSALS_SHARE = MOST_CHARACTERS // 4
_DESTINATIONS_SHARE = MOST_CHARACTERS // 6
_WARNINGS_SHARE = MOST_CHARACTERS // 8
_LIFTED_SHARE = MOST_CHARACTERS // 20
_MOST_OF_AN_ACCOUNT = MOST_CHARACTERS // 8
_SENTENCES_OF_A_SECTION = 250
_FREE_TEXT = ("labels.", "annotations.", "metadata.labels.", "metadata.annotations.")
"""Where whoever writes a manifest can put as many fields as they like."""
_MOST_SECRETS = 12
_MOST_ACCOUNTS = 8
_FOLDED_FROM = 13
_BACKTICKS = re.compile("`+")
_NOT_IN_MARKER = re.compile(r"[^A-Za-z0-9._-]")
_MARKS = {"create": "+", "delete": "-", "update": "!", "rename": "!"}
_SYMBOLS = {"passed": "✓ ", "failed": "✗ ", "warned": "! ", "skipped": "○ ", None: ""}
_SEVERITIES = {"error": "Error", "warning": "Warning", "note": "Note"}
_WHERE = "`reconciler show PLANFILE` shows everything."


def marker(project: str) -> str:
    """Return the hidden line by which the comment of a project's plan is found again."""
    return f"<!-- reconciler plan: {_NOT_IN_MARKER.sub('_', project)} -->"


def plan_comment(plan: SavedPlan) -> str:
    """Return the plan as a comment of at most ``MOST_CHARACTERS``, the same for the same plan.

    What does not fit is left out by whole accounts, problems and servers; the comment says how many, and where they
    are to be seen.
    """
    review = review_of(plan)
    refusals = _titled("Why it is refused, and what to do", _advices(review.refusals, _REFUSALS_SHARE))
    if review.status == "invalid":
        refusals = _titled("What is wrong", _advices(review.refusals, _REFUSALS_SHARE))
    destinations = _what_is_sent(review)
    beside = [*_lifted(review), *_titled("Warnings and notes", _advices(review.warnings, _WARNINGS_SHARE))]
    head, foot = _head(review), [f"Changes {code(review.digest)}"]
    used = sum(len(block) + 2 for block in (*head, *refusals, *destinations, *beside, *foot))
    used += _SENTENCES_OF_A_SECTION + sum(map(_beside_accounts, review.sections))
    sections, left_out, in_part = _accounts(review.sections, MOST_CHARACTERS - used)
    told = [f"{left_out:,} {_plural(left_out, 'change')} left out"] if left_out else []
    told += [f"{in_part:,} {_plural(in_part, 'change')} told in part"] if in_part else []
    cut = [f"**This comment is cut: {', '.join(told)}.** {_WHERE}"] if told else []
    blocks = (*head, *cut, *refusals, *sections, *destinations, *beside, *foot)
    return finish("\n\n".join(blocks).split("\n"))


def code(text: str) -> str:
    """Return one line of text as a code span that shows just this text."""
    if not text.strip():
        return '`""`' if not text else f'`"{text}"`'
    fence = "`" * (_longest_run(text) + 1)
    room = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{room}{text}{room}{fence}"


def block(lines: Sequence[str], language: str) -> str:
    """Return lines as a fenced block; the fence is longer than any that could stand in them.

    A line that begins with ``/`` is moved by a space: GitLab carries out ``/approve`` at the start of a line, and its
    look-out for code around it need not agree with the fence.
    """
    fence = "`" * max(3, _longest_run("\n".join(lines)) + 1)
    moved = (f" {line}" if line.startswith("/") else line for line in lines)
    return "\n".join([f"{fence}{language}", *moved, fence])


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"


def _head(review: Review) -> list[str]:
    against = f", {review.against}" if review.against else ""
    columns = [name for name, _ in review.counts]
    table = [
        f"| {' | '.join(columns)} |",
        f"|{'---:|' * len(columns)}",
        f"| {' | '.join(f'**{count:,}**' if count else '0' for _, count in review.counts)} |",
    ]
    verdict = f"**{review.verdict}**"
    outcomes = ", ".join(f"{count:,} {words}" for words, count in review.outcomes)
    verification = [f"Verification: {outcomes}."] if outcomes else []
    return [
        marker(review.project),
        f"### Plan for {code(review.project)}{against}",
        verdict,
        *([] if review.status == "invalid" else ["\n".join(table)]),
        *verification,
    ]


def _titled(title: str, blocks: Sequence[str]) -> list[str]:
    return [f"#### {title}", *blocks] if blocks else []


def _advices(advices: Sequence[Advice], room: int) -> list[str]:
    """Return what fits of the problems; of one that does not, its sentences without the lines to copy."""
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
    return (
        [*blocks, f"{left_out:,} more {_plural(left_out, 'problem')} left out here. {_WHERE}"] if left_out else blocks
    )


def _advice(parts: Iterable[Part], advice: Advice) -> str:
    facts = [f"**{_SEVERITIES[advice.severity]}: {code(advice.summary)}**", code(advice.code)]
    facts += [code(fact) for fact in (advice.subject, advice.place) if fact]
    told = [
        block(part.lines, part.language) if part.language else "\\\n".join(code(line) for line in part.lines)
        for part in parts
    ]
    return "\n\n".join([" · ".join(facts), *told])


def _accounts(sections: Sequence[Section], room: int) -> tuple[list[str], int, int]:
    """Return the blocks of the accounts that fit, under the titles of their sections; how many do not, and in part."""
    blocks: list[str] = []
    left_out = in_part = 0
    for section in sections:
        shown: list[str] = []
        missing: list[str] = []
        for entry in section.entries:
            text, is_whole = _bounded(entry)
            if len(text) + 2 > room:
                missing.append(code(entry.name))
                continue
            shown.append(text)
            room -= len(text) + 2
            in_part += not is_whole
        blocks.append(f"#### {section.title} ({len(section.entries):,})")
        blocks += [section.explanation, *shown] if section.explanation else shown
        blocks += [_missing(missing, len(section.entries))] if missing else []
        left_out += len(missing)
    return blocks, left_out, in_part


def _missing(names: Sequence[str], total: int) -> str:
    return f"{len(names):,} of these {total:,} left out here. {_WHERE} Left out: {_listed(names, _MOST_ACCOUNTS)}."


def _beside_accounts(section: Section) -> int:
    """Return how much a section may take beside its accounts: its title, and the names of what is left out."""
    longest = sorted((len(code(entry.name)) + 2 for entry in section.entries), reverse=True)[:_MOST_ACCOUNTS]
    return len(section.title) + len(section.explanation) + sum(longest) + _SENTENCES_OF_A_SECTION


def _bounded(entry: Entry) -> tuple[str, bool]:
    """Return what is told of an account, and whether it is all.

    Nobody hides a change by making its account too long for the comment: labels and annotations give way first.
    """
    whole = _entry(entry)
    if len(whole) <= _MOST_OF_AN_ACCOUNT:
        return whole, True
    kept = tuple(row for row in entry.fields if not row.label.startswith(_FREE_TEXT))
    forms = ((kept, entry.remarks), (kept, ()), ((), ()))
    texts = (_in_part(entry, fields, remarks) for fields, remarks in forms)
    return next(text for text in texts if len(text) <= _MOST_OF_AN_ACCOUNT), False


def _in_part(entry: Entry, fields: tuple[FieldRow, ...], remarks: tuple[Remark, ...]) -> str:
    counts = ((len(entry.fields) - len(fields), "field"), (len(entry.remarks) - len(remarks), "remark"))
    told = " and ".join(f"{count:,} {_plural(count, noun)}" for count, noun in counts if count)
    return f"{_entry(replace(entry, fields=fields, remarks=remarks))}\n\n{told} of this account left out here. {_WHERE}"


def _fitting(texts: Iterable[str], room: int) -> tuple[list[str], int]:
    """Return the texts that fit, an empty line between two, and how many do not; a long one keeps no other out."""
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
    title = f"**{entry.action}** {entry.kind} {renamed}{code(entry.name)}{through}"
    remarks = [f"- {_SYMBOLS[remark.symbol]}{code(remark.text)}" for remark in entry.remarks]
    blocks = [title]
    blocks += [_fields(entry.fields)] if entry.fields else []
    blocks += ["\n".join(remarks)] if remarks else []
    return "\n\n".join(blocks)


def _fields(rows: Sequence[FieldRow]) -> str:
    widest = max(cells(row.label) for row in rows)
    lines = block([f"{_MARKS[row.action]} {pad(row.label, widest)}  {_value(row)}" for row in rows], "diff")
    if len(rows) < _FOLDED_FROM:
        return lines
    return f"<details><summary>{len(rows):,} fields</summary>\n\n{lines}\n\n</details>"


def _value(row: FieldRow) -> str:
    rotated = " (rotated)" if row.is_rotated else ""
    if row.before is None or row.before == row.after:
        return f"{row.after}{rotated}"
    if row.after is None:
        return row.before
    return f"{row.before} → {row.after}{rotated}"


def _what_is_sent(review: Review) -> list[str]:
    told, left_out = _fitting([_destination(each) for each in review.destinations], _DESTINATIONS_SHARE)
    blocks = ["\n".join(told)] if told else []
    blocks += [f"{left_out:,} more {_plural(left_out, 'server')} left out here. {_WHERE}"] if left_out else []
    blocks += [review.messages] if review.messages else []
    return _titled("What is sent where", blocks)


def _destination(destination: Destination) -> str:
    withheld = "**withheld, see above**: " if destination.is_withheld else ""
    secrets = [f"{code(secret)}{f' as {code(user)}' if user else ''}" for secret, user in destination.secrets]
    accounts = [code(name) for name in destination.accounts]
    return (
        f"- {withheld}{code(destination.where)} gets {_listed(secrets, _MOST_SECRETS)}"
        f" (for {_listed(accounts, _MOST_ACCOUNTS)})"
    )


def _listed(texts: Sequence[str], most: int) -> str:
    more = len(texts) - most
    shown = ", ".join(texts[:most])
    return f"{shown} and {more:,} more" if more > 0 else shown


def _lifted(review: Review) -> list[str]:
    lines = [f"- guard {code(guard)} lifted by {code(by)}" for guard, by in review.lifted]
    lines += [f"- grant used: {code(grant)}" for grant in review.grants_used]
    shown, left_out = _fitting(lines, _LIFTED_SHARE)
    blocks = ["\n".join(shown)] if shown else []
    blocks += [f"{left_out:,} more left out here. {_WHERE}"] if left_out else []
    return _titled("Guards lifted and grants used", blocks)
