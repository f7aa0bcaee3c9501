"""``status``: the whole of a state on one screen, and what changed since an earlier look."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import ValidationError

from reconciler.classes import FrozenByName
from reconciler.diagnostics import error
from reconciler.errors import InvalidInput
from reconciler.files import read_regular_file, reason_of
from reconciler.model.accounts.overview import FORMAT_VERSION, JournalStanding, Overview
from reconciler.model.accounts.statuses import STATUSES
from reconciler.rules.accounts.overview import concerns
from reconciler.rules.journal.events import events_of
from reconciler.rules.journal.since import status_since
from reconciler.store import Aside

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from pathlib import Path

    from reconciler.operations.workspace import Workspace

_SOURCE_DATE = "SOURCE_DATE_EPOCH"
"""The variable of https://reproducible-builds.org/specs/source-date-epoch/: seconds since 1970."""
_MAX_OCTETS = 64 * 1024 * 1024


class Limits(FrozenByName):
    """From when on something is a concern."""

    verified_within: timedelta
    """An active account that passed longer ago is stale."""
    ends_within: timedelta
    """A certificate that ends sooner is told."""


def overview(workspace: Workspace, limits: Limits) -> Overview:
    """Return how everything stands; needs the state alone, and neither manifest nor secret nor network.

    An account whose row cannot be read is counted, and told among the diagnostics alone. It stands as of ``SOURCE_DATE_EPOCH`` where that is set, so that what is written of one state is the same whenever.
    Raises ``StateMissing``, or ``StateUnavailable`` where the database itself is damaged.
    """
    now = _source_date(workspace.environ) or workspace.now()
    aside = Aside({})
    with workspace.open_store() as store:
        report = store.check_journal()
        recorded = store.read_state(aside)
        with store.snapshot() as snapshot:
            events = events_of(snapshot.journal())
    accounts = list(recorded.accounts.values())
    counts = Counter(account.status for account in accounts)
    return Overview(
        project=recorded.project,
        revision=recorded.serial,
        as_of=now,
        accounts=len(accounts) + len(aside.problems),
        statuses={status: counts[status] for status in STATUSES},
        concerns=concerns(
            accounts,
            since=status_since(recorded.accounts, events, earlier_names=recorded.earlier_names),
            now=now,
            verified_within=limits.verified_within,
            ends_within=limits.ends_within,
        ),
        journal=JournalStanding(
            valid=not report.problems,
            entries=report.entries,
            head=report.head,
            problems=report.problems,
            unguarded=report.unguarded,
        ),
        diagnostics=tuple(aside.problems.values()),
    )


def _source_date(environ: Mapping[str, str]) -> datetime | None:
    """Return the time that ``SOURCE_DATE_EPOCH`` names; None where it is not set. Nothing recorded ever takes it."""
    text = environ.get(_SOURCE_DATE, "")
    if not text:
        return None
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        detail = f"{_SOURCE_DATE} is to be a number of seconds since 1970, such as 1767225600. Correct it, or unset it."
        raise InvalidInput(error("invalidValue", detail, subject=_SOURCE_DATE)) from None


def read_overview(path: Path, *, project: str) -> Overview | None:
    """Return an earlier overview from its JSON; None where the file does not exist, as in the first night.

    Raises ``InvalidInput`` for anything else than an overview of this project in a form that is known.
    """
    try:
        earlier = Overview.model_validate_json(read_regular_file(path, _MAX_OCTETS))
    except FileNotFoundError:
        return None
    except OSError as failure:
        raise _unusable(path, f"cannot be read: {reason_of(failure)}") from None
    except ValidationError:
        raise _unusable(path, "is not what status --format json prints") from None
    if earlier.format_version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
        raise _unusable(path, f"has the form {earlier.format_version}, and this version reads {FORMAT_VERSION}")
    if earlier.project != project:
        raise _unusable(path, f"is of the project {earlier.project}, and this is {project}")
    return earlier


def _unusable(path: Path, why: str) -> InvalidInput:
    detail = (
        f"{path} {why}. --since takes what an earlier run wrote:\n    reconciler status --format json > status.json"
    )
    return InvalidInput(error("overviewInvalid", detail, subject=str(path)))
