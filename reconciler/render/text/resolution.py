"""Who each contact would see, and why, with counts at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import several
from reconciler.render.text.parts.layout import finish, hang

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.mail.resolution import Mailbox, ReasonCode, Resolution, ResolutionSummary
    from reconciler.render.text.parts.style import Role, Style

_LABEL = 10
_UNREMARKABLE: frozenset[ReasonCode] = frozenset({"accountValue", "contactValue", "contactUnnamed", "replyToDeclared"})
"""Reasons that go without saying: the field is as declared, or simply the card's."""

_WARNINGS: frozenset[ReasonCode] = frozenset({"unaligned", "addresseeOverridden", "mixedIdentity", "needsSmtputf8"})
_LABELS = {
    "from": "From",
    "from.email": "From",
    "from.displayName": "From name",
    "to": "To",
    "to.email": "To",
    "to.displayName": "To name",
    "replyTo": "Reply-To",
    "contact": "Contact",
}


def resolutions_text(resolutions: Iterable[Resolution], *, style: Style) -> Iterator[str]:
    """Yield the text of each contact, a few lines each."""
    for resolution in resolutions:
        yield finish(_lines(resolution, style))


def resolution_summary_text(summary: ResolutionSummary, *, style: Style) -> str:
    """Return all counts, also those that are 0: each answers a question."""
    contacts = summary.send + summary.skip
    counts: list[tuple[str, int, Role | None]] = [
        ("would be sent", summary.send, None),
        ("  as the contact's own sender", summary.overridden, None),
        ("  fell back to an own value", summary.fallback, None),
        ("  From outside the account's domain", summary.unaligned, "warning"),
        ("would be skipped", summary.skip, "warning"),
        ("have a value that cannot be used", summary.invalid, "warning"),
    ]
    if summary.broken:
        counts.append((f"line{'' if summary.broken == 1 else 's'} could not be read", summary.broken, "bad"))
    widest = max(len(f"{count:,}") for _, count, _ in counts)
    lines = [style.paint(several(contacts, "contact"), "strong")]
    for what, count, role in counts:
        line = f"  {count:>{widest},}  {what}"
        lines.append(style.paint(line, role) if role and count else line)
    return finish(lines)


def _lines(resolution: Resolution, style: Style) -> list[str]:
    name = resolution.contact or "(no e-mail address)"
    where = "" if resolution.line is None else f" (line {resolution.line})"
    lines = [style.paint(line, "strong") for line in hang("", style.show(name) + where, width=style.width)]
    if resolution.outcome == "skip":
        lines.append(style.paint("  skipped", "warning"))
    headers = {
        "From": resolution.author,
        "Sender": resolution.sender,
        "To": resolution.to,
        "Reply-To": resolution.reply_to,
    }
    for label, mailbox in headers.items():
        if mailbox is not None:
            mailboxes = resolution.replies if label == "Reply-To" else (mailbox,)
            text = ", ".join(_shown(each) for each in mailboxes)
            lines += hang(f"  {label:{_LABEL}}", style.show(text), width=style.width)
    for reason in resolution.reasons:
        if reason.code not in _UNREMARKABLE:
            text = f"{_LABELS[reason.field]}: {reason.message}"
            mark = style.symbol("warned") if reason.code in _WARNINGS else "-"
            lines += hang(f"    {mark} ", style.show(text), width=style.width)
    return [*lines, ""]


def _shown(mailbox: Mailbox) -> str:
    return f"{mailbox.display_name} <{mailbox.email}>" if mailbox.display_name else mailbox.email
