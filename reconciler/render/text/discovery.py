"""What was found out of a domain: candidates by number, each with who says so, and whether they agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.render.text.parts.layout import finish, hang

if TYPE_CHECKING:
    from reconciler.model.adoption.candidates import Discovery
    from reconciler.render.text.parts.style import Style


def discovery_text(found: Discovery, *, style: Style) -> str:
    """Return the candidates, a warning where they disagree, and who said nothing."""
    lines = hang("", style.show(f"Found for {found.domain}, and confirmed by nobody yet:"), width=style.width)
    for number, each in enumerate(found.candidates, start=1):
        told = f"{each.place}, says {' and '.join(each.sources)}"
        lines += hang(f"  {number}  ", style.show(told), width=style.width, indent=5)
        if each.note:
            lines += hang("     ", style.show(each.note), width=style.width)
    if found.disagrees:
        warning = (
            "They name different servers. Ask the provider, or whoever runs the domain, before a password goes to one."
        )
        lines += hang("", warning, width=style.width)
    return finish(lines)
