"""Resolve: who each contact would see, from what state has recorded; needs no manifest, secret or network."""

from __future__ import annotations

from collections import Counter
from dataclasses import field
from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_WORD, one_line
from reconciler.classes import FrozenByName, dataclass
from reconciler.diagnostics import Location, error, note, warning
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.envelope import Resolver, identity_of
from reconciler.errors import InvalidInput
from reconciler.model.mail.contacts import BrokenLine, Contact
from reconciler.model.mail.resolution import ResolutionSummary
from reconciler.operations.accounts.view import show_account

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from reconciler.diagnostics import Diagnostic
    from reconciler.envelope import Identity
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.mail.resolution import Resolution
    from reconciler.operations.workspace import Workspace

MOST_TOLD = 100
"""Broken lines that are told one by one; the others are counted."""

_MEAN_NAME = frozenset({"name", "fullname", "displayname", "contactname", "firstname", "nazwa", "nom", "nombre"})
"""What details are called that are likely the contact's name, without case and signs."""

MOST_NAMES = 1000
"""Names of details that are remembered, to suggest the right one."""


@dataclass(kw_only=True)
class Tally:
    """What has been counted and noticed up to now; complete when all contacts have been taken."""

    counts: Counter[str] = field(default_factory=Counter)
    told: list[Diagnostic] = field(default_factory=list)
    """The first broken lines, and the reason where reading had to stop."""
    seen_details: set[str] = field(default_factory=set)
    first: Contact | None = None
    """The first contact."""

    @property
    def summary(self) -> ResolutionSummary:
        """The counts."""
        return ResolutionSummary(**{name: self.counts[name] for name in ResolutionSummary.model_fields})

    def count(self, resolution: Resolution) -> None:
        """Count one contact."""
        for name in resolution.counted_as:
            self.counts[name] += 1

    def count_broken(self, line: BrokenLine, file: str) -> None:
        """Count a line that could not be read, and tell it while there are few."""
        self.counts["broken"] += 1
        if self.counts["broken"] <= MOST_TOLD:
            detail = f"Line {line.line}: {line.reason}. The contact on it is left out."
            self.told.append(error("contactUnreadable", detail, location=Location(file, line.line)))


class Resolving(FrozenByName):
    """A run over a contacts file, to be taken contact by contact; counts and problems are complete after that."""

    account: RecordedAccount
    resolutions: Iterator[Resolution]
    tally: Tally
    file: str
    details: tuple[str, ...]

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return what is to be told once all contacts have been taken."""
        problems = list(self.tally.told)
        counts = self.tally.counts
        if counts["broken"] > MOST_TOLD:
            rest = f"{counts['broken']:,} lines of {self.file} could not be read; the first {MOST_TOLD} are told."
            problems.append(error("contactUnreadable", rest, subject=self.file))
        if counts["send"] + counts["skip"]:
            missing = [name for name in self.details if name not in self.tally.seen_details]
            problems += [never_present(name, self.tally.seen_details, self.account, file=self.file) for name in missing]
        if self.tally.first is not None:
            problems += name_apart(self.tally.first, self.details, self.account, file=self.file)
        if self.account.status != "active":
            detail = f"{self.account.status_sentence} Only active accounts send; this shows what it would send."
            problems.append(note("accountNotActive", detail, subject=self.account.name))
        return tuple(problems)


def never_present(name: str, seen: Collection[str], account: RecordedAccount, *, file: object) -> Diagnostic:
    """Return the warning that no contact has a detail: where it is misspelt, everybody sees the account's own."""
    detail = (
        f"No contact of {file} has the detail {name}, which {account.name} takes a value from.{did_you_mean(name, seen)} "
        "Names must be exactly the same."
    )
    return warning("detailNeverPresent", detail, subject=account.name)


def name_apart(
    first: Contact, used: Collection[str], account: RecordedAccount, *, file: object
) -> Iterator[Diagnostic]:
    """Yield the warning that names of contacts count as a detail, by the first of a file; none for a detail that is used."""
    found = [
        name
        for name in sorted(first.details)
        if name not in used and "".join(filter(str.isalpha, name)).casefold() in _MEAN_NAME
    ]
    if first.name is None and found:
        detail = (
            f"{file} has no name of its contacts: what it calls {one_line(found[0], limit=SHOWN_WORD)} is a detail, which "
            f"{account.name} does not use, so nobody is addressed by name. Call it name, in small letters, to have it used."
        )
        yield warning("nameNeverPresent", detail, subject=account.name)


def resolve_contacts(
    workspace: Workspace, name: str, *, contacts: Iterable[Contact | BrokenLine], file: str
) -> Resolving:
    """Return the run of a recorded account over contacts; raise ``InvalidInput`` where there is no such account.

    ``file`` is what problems call the contacts' file. Nothing is kept of a contact once it has been taken.
    """
    account = show_account(workspace, name)
    identity = identity_of(account.kind, account.settings)
    tally = Tally()
    resolutions = resolutions_of(identity, contacts, tally=tally, file=file)
    return Resolving(account=account, resolutions=resolutions, tally=tally, file=file, details=identity.details)


def resolutions_of(
    identity: Identity, contacts: Iterable[Contact | BrokenLine], *, tally: Tally, file: str
) -> Iterator[Resolution]:
    """Yield the resolution of each contact, and count it; of a line that could not be read only the count is kept."""
    resolver = Resolver(identity)
    try:
        for entry in contacts:
            if isinstance(entry, BrokenLine):
                tally.count_broken(entry, file)
                continue
            tally.first = tally.first or entry
            if len(tally.seen_details) < MOST_NAMES:
                tally.seen_details.update(entry.details)
            resolution = resolver.resolve(entry)
            tally.count(resolution)
            yield resolution
    except InvalidInput as stopped:  # the disk failed on the way: what was given stands, and the end says so
        tally.told.extend(stopped.diagnostics)
