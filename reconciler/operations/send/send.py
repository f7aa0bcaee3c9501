"""Send: one message to many contacts through an active account, with the resolution that ``resolve`` shows.

The account is looked at again all the while: suspending it stops the run, and the same command goes on where it was
stopped. A run is told in the journal by its counts and digests, without personal data.
"""

from __future__ import annotations

import contextlib
from dataclasses import field, replace
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import error, note
from reconciler.envelope import identity_of
from reconciler.errors import GuardRefused, InvalidInput, ReconcilerError
from reconciler.files import keep_out_of_git, reason_of
from reconciler.model.canonical import digest
from reconciler.model.formats import FORMAT_VERSION
from reconciler.model.journal.payloads import BEGUN, SendPayload, who
from reconciler.model.mail.sending import ResultsHeader, SendDocument, SendSummary
from reconciler.operations.accounts.view import show_account
from reconciler.operations.drafts.draft import require_own_state
from reconciler.operations.send import remarks
from reconciler.operations.send.message import Contacts, read_message
from reconciler.operations.send.server import access_to_send
from reconciler.operations.workspace import refusing_altered_rows
from reconciler.sending import (
    Pacing,
    Patience,
    Sending,
    Waiting,
    open_results,
    send_to_all,
    write_drafts,
)
from reconciler.sending.ahead import Ahead, messages_ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.journal.entries import Actor
    from reconciler.model.mail.sending import Ending
    from reconciler.operations.conversations.queue import Progress
    from reconciler.operations.send.message import Text
    from reconciler.operations.workspace import Workspace
    from reconciler.sending import Results, Template
    from reconciler.store import Register

_FOLDER = ".reconciler/sending"
_MAX_TOLD = 20


class Order(FrozenByName):
    """What is to be sent, to whom, and how."""

    account: str
    contacts: Path
    message: Path | Text
    limit: int | None = None
    """So many messages at most in this run; None: all."""
    contacts_word: str = ""
    """How the contacts were named, where that is not the file's path: ``-``."""


class Means(FrozenByName):
    """What a run is made with; everything but the actor and the random id has a sensible default."""

    actor: Actor
    trusts_project: bool = False
    """Whether somebody said so; noted in the journal."""
    run_id: str
    """32 hexadecimal digits, random: Message-IDs of a new results file are made of it."""
    pacing: Pacing = field(default_factory=Pacing)
    waiting: Waiting = field(default_factory=Waiting)
    patience: Patience = field(default_factory=Patience)
    connections: int = 1
    """How many at once; the project file's ``verification.perServer`` bounds it."""
    look_every_seconds: float = 2.0
    """How long the account is at most not looked at in state."""
    look_every_messages: int = 50
    forewarn: Callable[[Sequence[Diagnostic]], None] = lambda problems: None  # noqa: ARG005 - nobody is told
    """Is told what is known before the first message, while it can still be stopped; it stands in the document too."""
    confirm: Callable[[Ahead], None] | None = None
    """Is told what would be sent, where there is anything, and raises what keeps it from being sent; None: sent unasked."""


@refusing_altered_rows
def send(workspace: Workspace, order: Order, means: Means, *, results: Path | None, progress: Progress) -> SendDocument:
    """Send, or go on sending, and return what became of it; ``results`` None: a file below ``.reconciler``.

    Raises, before anything is sent: ``GuardRefused`` for an account that is not active, is not what the journal last
    recorded, or whose credential may not travel, and where git tracks the state; ``InvalidInput`` and
    ``SecretUnreadable`` for what is missing or wrong; ``StateError``.
    """
    require_own_state(workspace)
    account, recorded, register = _recorded(workspace, order.account)
    with workspace.open_store() as store:
        altered = store.alterations({account.name})
    if altered:
        raise GuardRefused([each.problem_of_use for each in altered])
    if account.status != "active":
        raise GuardRefused(remarks.not_active(account))
    template = read_message(order.message)
    contacts = Contacts(order.contacts, word=order.contacts_word)
    access, grants = access_to_send(account, recorded, register, workspace)
    path = results if results is not None else _usual_results(workspace, account, template)
    header = _header(account, recorded, template, contacts, run_id=means.run_id, workspace=workspace)
    told = _Telling(workspace=workspace, account=account, means=means, grants_used=grants)
    with open_results(path, header) as held:
        watch = _Watch(workspace, account, means, begin=lambda: told.begun(held))
        sending = Sending(
            template=template,
            access=access,
            identity=identity_of(account.kind, account.settings),
            now=workspace.now,
            waiting=replace(means.waiting, watch=watch),
            pacing=means.pacing,
            patience=replace(means.patience, opening_seconds=float(workspace.project.verification.timeout_seconds)),
            connections=min(means.connections, workspace.project.verification.per_server),
            limit=order.limit,
            told=lambda done, contact: progress(done, 0, contact),
        )
        problems = [
            *remarks.bounded(means.connections, sending.connections),
            *remarks.left_out(template),
            *remarks.absent(account, contacts),
            *remarks.readable(held),
            *remarks.in_flight(held),
        ]
        means.forewarn(problems)
        _require_consent(means, contacts, held, sending, account)
        ending: Ending = "interrupted"
        try:
            ending, stops = _run(contacts, held, sending, account)
        finally:
            told.ended(held, ending)
        problems += [*stops, *remarks.judged(held, ending)]
        return _document(account, held, ending, problems)


def _require_consent(
    means: Means, contacts: Contacts, held: Results, sending: Sending, account: RecordedAccount
) -> None:
    if means.confirm is None:
        return
    count = messages_ahead(contacts.open, held, sending.identity, limit=sending.limit)
    if count:
        accepted = held.total().accepted
        email, server = account.settings.email, str(sending.access)
        means.confirm(Ahead(messages=count, accepted=accepted, sender=email, server=server))


def draft(workspace: Workspace, order: Order, folder: Path, *, run_id: str) -> SendDocument:
    """Write the messages to a folder in place of sending them; an account of any status will do.

    Raises ``InvalidInput`` where message, contacts or folder cannot be used. No secret is read, nothing is contacted,
    and nothing is journaled.
    """
    account = show_account(workspace, order.account)
    template = read_message(order.message)
    contacts = Contacts(order.contacts, word=order.contacts_word)
    with contacts.open() as cards:
        counts, is_whole = write_drafts(
            cards,
            template,
            folder,
            identity=identity_of(account.kind, account.settings),
            run_id=run_id,
            now=workspace.now,
            limit=order.limit,
        )
    problems = [*remarks.left_out(template), *remarks.absent(account, contacts)]
    if counts.invalid:
        detail = (
            f"{counts.invalid:,} of the lines of {contacts.shown} held no contact that a message could go to. See\n"
            f"    reconciler resolve {account.name} --contacts {contacts.word}"
        )
        problems.append(error("notAccepted", detail, subject=account.name))
    if account.status != "active":
        problems.append(replace(remarks.not_active(account), severity="note"))
    if not is_whole:
        left = "Other contacts are left; no message was written for them."
        problems.append(note("limitReached", left, subject=account.name))
    return SendDocument(
        format_version=FORMAT_VERSION,
        account=account.name,
        ending="written",
        results=None,
        folder=str(folder),
        this_run=counts,
        total=counts,
        in_flight=(),
        diagnostics=tuple(problems),
    )


def _recorded(workspace: Workspace, name: str) -> tuple[RecordedAccount, RecordedState, Register]:
    account = show_account(workspace, name)
    with workspace.open_store() as store:
        recorded, register = store.read_vouched()
    return recorded.accounts.get(name, account), recorded, register


class _Withdrawn(Exception):
    """The account may not go on sending as it did."""

    def __init__(self, problem: Diagnostic) -> None:
        super().__init__(problem.summary)
        self.problem = problem


class _Watch:
    """Looks at the account in state now and then, and raises ``_Withdrawn`` once it may not go on.

    ``begin`` is called once, before the first message of the run and only where the account may send it.
    """

    def __init__(
        self, workspace: Workspace, account: RecordedAccount, means: Means, *, begin: Callable[[], None]
    ) -> None:
        self._workspace = workspace
        self._begin = begin
        self._account = account
        self._means = means
        self._looked_at: float | None = None
        self._asked = 0

    def __call__(self) -> None:
        now = self._means.waiting.clock()
        is_first = self._looked_at is None
        self._asked += 1
        is_early = self._looked_at is not None and now - self._looked_at < self._means.look_every_seconds
        if is_early and self._asked < self._means.look_every_messages:
            return
        self._looked_at, self._asked = now, 0
        with self._workspace.open_store() as store:
            current = store.read_account(self._account.name)
        if current is None or current.settings != self._account.settings:
            raise _Withdrawn(remarks.changed(self._account, current))
        if current.status != "active":
            raise _Withdrawn(remarks.not_active(current))
        if is_first:
            self._begin()


def _run(
    contacts: Contacts, held: Results, sending: Sending, account: RecordedAccount
) -> tuple[Ending, list[Diagnostic]]:
    """Send, and return how it ended, with what stopped it."""
    try:
        end = send_to_all(contacts.open, held, sending)
    except _Withdrawn as withdrawn:
        return "stopped", [withdrawn.problem]
    return end.ending, [remarks.stopped(account, sending, end)] if end.stopped is not None else []


def _header(
    account: RecordedAccount,
    recorded: RecordedState,
    template: Template,
    contacts: Contacts,
    *,
    run_id: str,
    workspace: Workspace,
) -> ResultsHeader:
    governing = ("email", "displayName", "replyTo", "overrideFrom", "overrideTo")
    return ResultsHeader(
        format_version=FORMAT_VERSION,
        id=run_id,
        lineage=recorded.lineage,
        account=account.name,
        settings=digest({**dict.fromkeys(governing), **account.settings.parts(governing)}),
        message=template.digest,
        contacts=contacts.digest,
        at=workspace.now(),
    )


def _usual_results(workspace: Workspace, account: RecordedAccount, template: Template) -> Path:
    """Return the file for this account and message: the same command finds it again, also when contacts changed."""
    folder = workspace.root / _FOLDER
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        keep_out_of_git(folder)
    except OSError as failure:
        detail = f"{folder} cannot be made: {reason_of(failure)}. Name a file with --results."
        raise InvalidInput(error("resultsUnusable", detail, subject=str(folder))) from None
    return folder / f"{account.name}-{template.digest.removeprefix('sha256:')[:16]}.jsonl"


def _document(account: RecordedAccount, held: Results, ending: Ending, problems: Sequence[Diagnostic]) -> SendDocument:
    return SendDocument(
        format_version=FORMAT_VERSION,
        account=account.name,
        ending=ending,
        results=str(held.path),
        folder=None,
        this_run=held.this_run(),
        total=held.total(),
        in_flight=held.in_flight,
        diagnostics=tuple(problems),
    )


class _Telling(FrozenByName):
    """Tells the journal of a run, by counts and digests: that it begins to send, and how it ended."""

    workspace: Workspace
    account: RecordedAccount
    means: Means
    grants_used: tuple[str, ...]

    def begun(self, held: Results) -> None:
        """Tell that messages are about to go out: a run that is killed cannot tell how it ended."""
        self._tell(held, BEGUN)

    def ended(self, held: Results, ending: Ending) -> None:
        """Tell what the run did; a run that did nothing is not told."""
        did = held.this_run()
        if did == SendSummary() and ending == "complete":
            return
        guarded = contextlib.suppress(ReconcilerError) if ending == "interrupted" else contextlib.nullcontext()
        with guarded:
            self._tell(held, ending, this_run=did.model_dump(), total=held.total().model_dump())

    def _tell(
        self,
        held: Results,
        ending: str,
        *,
        this_run: dict[str, int] | None = None,
        total: dict[str, int] | None = None,
    ) -> None:
        payload = SendPayload(
            **who(self.means.actor),
            trusts_project=self.means.trusts_project,
            grants_used=self.grants_used,
            name=self.account.name,
            account_revision=self.account.revision,
            run=held.header.id,
            message_digest=held.header.message,
            contacts_digest=held.header.contacts,
            ending=ending,
            this_run=this_run,
            total=total,
        )
        with self.workspace.open_store() as store, store.write() as transaction:
            transaction.append_journal("send", payload.document(), at=self.workspace.now())
