"""``status`` for other eyes: Markdown for an issue or a chat, and an OpenMetrics text file for a monitoring system.

The premise of the Markdown is that of ``markdown``: foreign text stands in code spans and nowhere else.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from reconciler.diagnostics import several
from reconciler.model.accounts.overview import MATTERS
from reconciler.render.prose import code
from reconciler.render.safe import safe
from reconciler.render.text.overview import MATTER_WORDS, unreadable_in_words, when_of
from reconciler.render.text.parts.layout import finish
from reconciler.render.times import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.model.accounts.overview import Concern, Overview

_MOST_OF_A_MATTER = 100


def overview_markdown(overview: Overview) -> str:
    """Return the overview as Markdown; of one matter the first hundred accounts, then how many more there are."""
    lines = [
        f"**{code(safe(overview.project))} at revision {overview.revision}:** {several(overview.accounts, 'account')}",
        "",
        "| status | accounts |",
        "|---|---|",
        *(f"| {status} | {count} |" for status, count in overview.statuses.items() if count),
    ]
    if overview.since is not None:
        since = overview.since
        lines += ["", f"Since {moment(since.as_of)}: {len(since.new)} new, {len(since.gone)} gone."]
        told = [f"- {code(safe(each.account))} is no longer {MATTER_WORDS[each.matter]}" for each in since.gone]
        more = len(told) - _MOST_OF_A_MATTER
        lines += [*told[:_MOST_OF_A_MATTER], *([f"- and {more:,} more"] if more > 0 else [])]
    shown = overview.concerns if overview.since is None else overview.since.new
    if overview.diagnostics:
        lines += ["", f"### {len(overview.diagnostics)} that cannot be read", ""]
        told = [f"- {code(safe(unreadable_in_words(each)))}" for each in overview.diagnostics]
        more = len(told) - _MOST_OF_A_MATTER
        lines += [*told[:_MOST_OF_A_MATTER], *([f"- and {more:,} more"] if more > 0 else [])]
    for matter, group in groupby(shown, key=lambda concern: concern.matter):
        lines += _of_matter(MATTER_WORDS[matter], list(group))
    holds = "holds" if overview.journal.valid else "**does not hold**"
    lines += ["", f"The journal {holds}: {several(overview.journal.entries, 'entry', 'entries')}."]
    lines += [f"- {code(safe(problem))}" for problem in overview.journal.problems]
    if overview.journal.unguarded:
        lines += ["", "**What guards it was altered:**", ""]
        lines += [f"- {code(safe(each))}" for each in overview.journal.unguarded]
    return finish(lines)


def _of_matter(words: str, concerns: Sequence[Concern]) -> Iterator[str]:
    yield from ("", f"### {len(concerns)} {words}", "")
    for concern in concerns[:_MOST_OF_A_MATTER]:
        yield f"- {code(safe(concern.account))} {when_of(concern)}{code(safe(concern.reason))}"
    if len(concerns) > _MOST_OF_A_MATTER:
        yield f"- and {len(concerns) - _MOST_OF_A_MATTER:,} more"


def overview_metrics(overview: Overview) -> str:
    """Return the overview as an OpenMetrics 1.0 text, one sample a line, for a text file collector."""
    project = {"project": overview.project}
    lines = [
        *_family("accounts", "Recorded accounts by status."),
        *(_sample("accounts", count, {**project, "status": status}) for status, count in overview.statuses.items()),
        *_family("concerns", "What somebody should look at, by matter."),
        *(
            _sample("concerns", sum(each.matter == matter for each in overview.concerns), {**project, "matter": matter})
            for matter in MATTERS
        ),
        *_family("account_concern", "One for each account and matter to look at."),
        *(
            _sample("account_concern", 1, {**project, "account": each.account, "matter": each.matter})
            for each in overview.concerns
        ),
        *_family("certificate_ends_seconds", "When a server's certificate ends, of those that end soon.", "seconds"),
        *(
            _sample("certificate_ends_seconds", each.until.timestamp(), {**project, "account": each.account})
            for each in overview.concerns
            if each.until is not None
        ),
        *_family("revision", "The last revision."),
        _sample("revision", overview.revision, project),
        *_family("journal_valid", "1 where the journal holds, else 0."),
        _sample("journal_valid", int(overview.journal.valid), project),
        *_family("journal_guarded", "1 where the database refuses that the journal is rewritten, else 0."),
        _sample("journal_guarded", int(not overview.journal.unguarded), project),
        *_family("status_read_seconds", "When this was read.", "seconds"),
        _sample("status_read_seconds", overview.as_of.timestamp(), project),
        "# EOF",
    ]
    return "\n".join(lines) + "\n"


def _family(name: str, help_text: str, unit: str = "") -> Iterator[str]:
    yield f"# TYPE reconciler_{name} gauge"
    if unit:
        yield f"# UNIT reconciler_{name} {unit}"
    yield f"# HELP reconciler_{name} {help_text}"


def _sample(name: str, value: float, labels: Mapping[str, str]) -> str:
    told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"reconciler_{name}{{{told}}} {value}"


def _escaped(text: str) -> str:
    return safe(text).replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
