"""What is said of a run: what holds it back, what stopped it, and what its results leave to do."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_ADDRESS, UNSAFE_CHARACTER, clip
from reconciler.diagnostics import error, note, warning
from reconciler.envelope import identity_of
from reconciler.model.verification.codes import CHECK_CODES
from reconciler.operations.send.resolve import name_apart, never_present
from reconciler.verification.providers import recognise
from reconciler.verification.rejected import of_the_password

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.mail.sending import Ending
    from reconciler.operations.send.message import Contacts
    from reconciler.sending import Results, RunEnd, Sending, Template
    from reconciler.smtp.access import Access
    from reconciler.smtp.faults import SmtpFault

_MAX_TOLD = 20


def stopped(account: RecordedAccount, sending: Sending, end: RunEnd) -> Diagnostic:
    """Return why a run was stopped that has stopped itself."""
    assert end.stopped is not None  # noqa: S101 - the caller has seen to it
    words = (
        _fault_words(end.stopped.fault, sending.access) if end.stopped.fault is not None else f"{end.stopped.words}."
    )
    detail = f"Sending through {sending.access} was stopped, because every contact would meet this: {words} Nothing is lost: mend it, then go on with the same command."
    return error("sendStopped", detail, subject=account.name)


def _fault_words(fault: SmtpFault, access: Access) -> str:
    """Return what a fault means. A refused login is told as ``verify`` tells it, with the provider's advice."""
    code = CHECK_CODES[fault.code]
    said = f' The server said "{fault.reply}".' if fault.reply is not None else ""
    row = recognise(fault, access.server.host) if fault.step == "auth" else None
    advice = code.cure if row is None or row.advice is None else row.advice
    return f"{fault.step}: {code.cause}{said} {advice}{of_the_password(fault, access)}"


def not_active(account: RecordedAccount) -> Diagnostic:
    """Return that an account may not send, with how it could."""
    detail = f"{account.status_sentence} Only active accounts send."
    cures = {
        "suspended": f" When that is over, and to go on:\n    reconciler resume {account.name}",
        "pending": f" The platform decides with\n    reconciler approve {account.name}",
        "failing": f" Mend it, then\n    reconciler verify {account.name} --recorded",
        "unverified": f" To have it verified:\n    reconciler verify {account.name} --recorded",
    }
    return error("accountNotActive", detail + cures.get(account.status, ""), subject=account.name)


def changed(account: RecordedAccount, current: RecordedAccount | None) -> Diagnostic:
    """Return that an account is no longer what the run began with; ``current`` None: it is gone."""
    what = "deleted" if current is None else f"changed by revision {current.revision}"
    detail = f"{account.name} was {what} while messages were sent through it, so sending was stopped."
    return error("accountChanged", detail, subject=account.name)


def bounded(asked: int, opened: int) -> Iterator[Diagnostic]:
    """Yield a note where fewer connections are opened than were asked for."""
    if opened < asked:
        detail = (
            f"{asked} connections were asked for, and {opened} are opened: verification.perServer "
            "of the project file says how many a server gets at once. Where the server takes more, raise it there."
        )
        yield note("connectionsBounded", detail)


def left_out(template: Template) -> Iterator[Diagnostic]:
    """Yield a note of what of the message's header is not sent along."""
    if template.left_out:
        names = ", ".join(template.left_out[:_MAX_TOLD])
        yield note("headersLeftOut", f"Of the message's header these fields are not sent along: {names}.")


def absent(account: RecordedAccount, contacts: Contacts) -> Iterator[Diagnostic]:
    """Yield a warning for each detail that no contact has, and one for names that count as a detail."""
    used = identity_of(account.kind, account.settings).details
    missing, seen = contacts.missing_details(used)
    first = contacts.first()
    if first is not None:
        yield from name_apart(first, used, account, file=contacts.shown)
    for name in missing:
        yield never_present(name, seen, account, file=contacts.shown)


def readable(held: Results) -> Iterator[Diagnostic]:
    """Yield a warning where others on this machine may use the results file, which was there with such a mode."""
    if held.rights_of_others:
        detail = (
            f"{held.path} holds the address of everybody to whom the message is sent, and its mode gives others on this machine "
            f"rights to it. A file that is there keeps its mode. Take the rights away:\n    chmod go= {shlex.quote(str(held.path))}"
        )
        yield warning("resultsReadable", detail, subject=str(held.path))


def in_flight(held: Results) -> Iterator[Diagnostic]:
    """Yield a warning for each message whose fate an earlier run did not learn."""
    for each in held.in_flight[:_MAX_TOLD]:
        contact = clip(UNSAFE_CHARACTER.sub(" ", each.contact), SHOWN_ADDRESS)  # the file may have been edited
        detail = (
            f"An earlier run ended while the message to {contact} (line {each.line}) was in flight: the server may "
            "have accepted it. It is not sent again. Look into the server's log, or ask the contact."
        )
        yield warning("deliveryUnknown", detail, subject=str(held.path))


def judged(held: Results, ending: Ending) -> Iterator[Diagnostic]:
    """Yield what a run has left to do: contacts that were not accepted, and those beyond the limit."""
    total = held.total()
    if total.not_accepted:
        counts = {
            "refused": total.refused,
            "deferred": total.deferred,
            "of unknown fate": total.unknown,
            "invalid": total.invalid,
        }
        told = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
        again = " The same command tries the deferred ones again." if total.deferred else ""
        detail = f"{told}; {held.path} says which and why.{again}"
        yield error("notAccepted", detail, subject=str(held.path))
    if ending == "limited":
        yield note("limitReached", "Other contacts are left. Go on with the same command.", subject=str(held.path))
