"""What became of the messages of a run, in counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import several
from reconciler.render.text.parts.layout import finish, hang

if TYPE_CHECKING:
    from reconciler.model.mail.sending import SendDocument, SendSummary
    from reconciler.render.text.parts.style import Role, Style

_WORDS: dict[str, tuple[str, Role | None]] = {
    "accepted": ("accepted by the server", None),
    "refused": ("refused", "bad"),
    "deferred": ("deferred", "warning"),
    "unknown": ("may have been accepted", "bad"),
    "skipped": ("skipped, as the account's overrides say", None),
    "invalid": ("could not be sent to: no usable contact", "bad"),
}


def sent_text(sent: SendDocument, *, style: Style) -> str:
    """Return the counts of a run, those with earlier runs where there were some, and where the results are."""
    if sent.folder is not None:
        written = f"Wrote {several(sent.total.accepted, 'message')} to {sent.folder}; nothing was sent."
        lines = hang("", style.show(written), width=style.width)
        return finish([*lines, *_counts(sent.total, style, without="accepted")])
    is_continued = sent.this_run != sent.total
    lines = [style.paint(f"Sent through {sent.account}{', in this run' if is_continued else ''}", "strong")]
    lines += _counts(sent.this_run, style)
    if is_continued:
        lines += [style.paint("With earlier runs", "strong"), *_counts(sent.total, style)]
    return finish([*lines, "What became of each contact:", f"    {style.show(sent.results)}"])


def _counts(summary: SendSummary, style: Style, *, without: str = "") -> list[str]:
    """Return a line for each outcome that occurred, and for accepted in any case unless ``without`` names it."""
    counts = summary.model_dump()
    shown = [name for name in _WORDS if name != without and (counts[name] or name == "accepted")]
    widest = max((len(f"{counts[name]:,}") for name in shown), default=0)
    lines = []
    for name in shown:
        words, role = _WORDS[name]
        line = f"  {counts[name]:>{widest},}  {words}"
        lines.append(style.paint(line, role) if role and counts[name] else line)
    return lines
