"""What a word of reconciler means: a code of a message, of a check or of an exit, a status, a term, or a field.

All of it is in the package, so nothing is asked of the network, and there need not be a project.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from reconciler.diagnostics import CODES, error
from reconciler.diagnostics.examples import EXAMPLES, Example
from reconciler.diagnostics.exits import EXIT_CODES
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.diagnostics.terms import TERMS
from reconciler.errors import InvalidInput
from reconciler.model.accounts.manifest import MODELS
from reconciler.model.mail.explained import REASONS_EXPLAINED
from reconciler.model.mail.resolution import REASON_CODES
from reconciler.model.project import Project
from reconciler.model.schema.explanation import Explanation
from reconciler.model.schema.fields import fields_of
from reconciler.model.verification.codes import CHECK_CODES
from reconciler.verification.examples import example_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.accounts.statuses import Status

_SENDS = "reconciler accounts show sales"
_KIND_OF_PROJECT = "Project"


class _Meaning(NamedTuple):
    """What a status means: whether the account sends, why it has the status, and what changes that."""

    summary: str
    cause: str
    cure: str


_STATUSES: dict[Status, _Meaning] = {
    "suspended": _Meaning("Stopped, sends nothing", "Somebody stopped the account with reconciler suspend; no apply undoes it.", "reconciler resume NAME ends it."),
    "rejected": _Meaning("Refused by the platform, sends nothing", "The platform decided against the marketing account, for the reason beside it.", "Mend what the reason says and apply; the platform then decides again."),
    "pending": _Meaning("Waits for the platform, sends nothing", "A marketing account is new, or what the platform had accepted was changed.", "The platform decides with reconciler approve NAME or reconciler reject NAME."),
    "failing": _Meaning("Fails verification, sends nothing", "The last verification of the recorded account failed for good, or too often in a row.", "Mend what reconciler accounts show NAME says, then verify it with reconciler verify NAME --recorded."),
    "unverified": _Meaning("Applied without verification, sends nothing", "The account was applied with --override-verification, and has not passed since.", "reconciler verify NAME --recorded; once it passes the account is active."),
    "active": _Meaning("Sends", "The account passed verification, and nothing stops it.", "Nothing to do."),
}  # fmt: skip


def explain(word: str) -> tuple[Explanation, ...]:
    """Return every meaning of a word; raise ``InvalidInput``, with the nearest words if any, where it has none.

    Letters' case does not count, nor do hyphens of a term. Of a field the end of its path suffices: ``port`` is found
    as ``smtp.port`` is.
    """
    sought = word.strip().strip("[]()").casefold()
    plain = _spoken(sought)
    found = [
        *[_term(name) for name, term in TERMS.items() if plain in {_spoken(name), *map(_spoken, term.also)}],
        *(each for each in codes() if each.name.casefold() == sought and each.subject != "term"),
    ]
    found += [each for each in fields() if _is_path(each.name, sought)]
    if found:
        return tuple(found)
    known: list[str] = [each.name for each in codes() if not each.name.isdigit()]
    known += _names(fields())
    raise InvalidInput(
        error(
            "unknownWord",
            f'Nothing is known by the word "{word}": it is no code of a message, check or exit, no status, term or field.'
            f"{did_you_mean(word, known)} All words there are:\n    reconciler explain",
        )
    )


def codes() -> Iterator[Explanation]:
    """Yield what can be explained beside fields, in the order of ``SUBJECTS``."""
    for code in CODES.values():
        yield Explanation(
            subject="diagnostic",
            name=code.name,
            summary=code.summary,
            cause=code.cause,
            cure=code.cure,
            example=EXAMPLES[code.name],
            exit_code=4 if code.is_guard else None,
        )
    yield from _checks()
    for reason, meaning in REASON_CODES.items():
        cure, example = REASONS_EXPLAINED[reason]
        yield Explanation(
            subject="resolution", name=reason, summary=meaning, cause=meaning, cure=cure, example=Example(example, "")
        )
    for status, told in _STATUSES.items():
        yield Explanation(
            subject="status",
            name=status,
            summary=told.summary,
            cause=told.cause,
            cure=told.cure,
            example=Example(_SENDS, ""),
        )
    for number, exit_ in EXIT_CODES.items():
        yield Explanation(
            subject="exit",
            name=str(number),
            summary=exit_.summary,
            cause=exit_.cause,
            cure=exit_.cure,
            example=Example(exit_.example, ""),
        )
    for name in TERMS:
        yield _term(name)


def _term(name: str) -> Explanation:
    term = TERMS[name]
    return Explanation(
        subject="term", name=name, summary=term.meaning, cause=term.purpose, example=Example(term.met, "")
    )


def _spoken(term: str) -> str:
    """Return a term as it is compared: however somebody writes ``reply-to`` it is the same words."""
    return " ".join(term.casefold().replace("-", " ").split())


def _checks() -> Iterator[Explanation]:
    for code in CHECK_CODES.values():
        said = example_of(code.name)
        if code.kind == "failed":
            outcome = f"failed, {code.failure_class or 'permanent or transient as the reply says'}"
        else:
            outcome = code.kind
        yield Explanation(
            subject="check",
            name=code.name,
            summary=code.cause,
            cause=code.cause,
            cure=code.cure,
            example=Example(said, "") if said is not None else None,
            occurs=code.checks,
            outcome=outcome,
        )


def fields() -> Iterator[Explanation]:
    """Yield every field of manifests and of the project file, by path; one that several kinds have alike comes once."""
    models = {**MODELS, _KIND_OF_PROJECT: Project}
    rows = [(field, kind) for kind, model in models.items() for field in fields_of(model)]
    rows.sort(key=lambda row: (row[0].path, row[0].description, row[0].takes))
    for _, alike in groupby(rows, key=lambda row: (row[0].path, row[0].description, row[0].takes)):
        same = list(alike)
        field = same[0][0]
        takes = field.takes.replace("`", "")
        yield Explanation(
            subject="field",
            name=field.path,
            summary=field.description,
            example=Example(_as_yaml(field.path, field.default.strip("`*"), takes), ""),
            occurs=tuple(kind for _, kind in same),
            takes=takes,
            default=field.default.strip("`*") or None,
        )


def _as_yaml(path: str, default: str, takes: str) -> str:
    """Return the lines in which a field stands, with its default or what it takes."""
    value = default if default not in {"", "required"} else f"…     # {takes}"
    lines, depth, dash = [], 0, ""
    *above, last = path.split(".")
    for step in above:
        lines.append(f"{'  ' * depth}{dash}{step.removesuffix('[]')}:")
        depth += 1 + bool(dash)
        dash = "- " if step.endswith("[]") else ""
    return "\n".join([*lines, f"{'  ' * depth}{dash}{last}: {value}"])


def _is_path(path: str, sought: str) -> bool:
    plain = path.replace("[]", "").casefold()
    return plain == sought.replace("[]", "") or plain.endswith("." + sought.replace("[]", ""))


def _names(explained: Iterable[Explanation]) -> list[str]:
    """Return the paths of fields and each of their ends, so that a misspelt ``smpt.port`` finds ``smtp.port``."""
    found: dict[str, None] = {}
    for each in explained:
        steps = each.name.replace("[]", "").split(".")
        found.update(dict.fromkeys(".".join(steps[at:]) for at in range(len(steps) - 1, -1, -1)))
    return list(found)
