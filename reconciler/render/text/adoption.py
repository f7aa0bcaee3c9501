"""What an import did: how many accounts of which source became what, which files were made, what is to be set."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reconciler.diagnostics import counted, several
from reconciler.render.text.parts.layout import finish, hang

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.adoption.adopted import Adoption, Became, NewSecret
    from reconciler.render.text.parts.style import Style

_MOST_LISTED = 20
_BECAME: dict[Became, str] = {
    "added": "added",
    "unchanged": "as declared",
    "differs": "declared otherwise",
    "refused": "not taken",
}


def import_text(
    adoption: Adoption, files: Sequence[str], *, to_set: Sequence[NewSecret], load: str | None, style: Style
) -> str:
    """Return what was taken over; ``load`` is the line that brings the written secrets to the plan, None for none."""
    lines: list[str] = []
    if len(adoption.outcomes) <= _MOST_LISTED:
        for each in adoption.outcomes:
            place = f"{each.file}:{each.line}" if each.line else each.file
            what = " ".join(part for part in (each.email, each.server and f"at {each.server}") if part)
            name = each.name or each.label
            lines += hang(
                "  ",
                style.show(f"{name}: {_BECAME[each.became]}{f', {what}' if what else ''}, from {each.kind} {place}"),
                width=style.width,
                indent=4,
            )
    counts = Counter(each.became for each in adoption.outcomes)
    told = ", ".join(f"{counts[became]:,} {word}" for became, word in _BECAME.items() if counts[became])
    lines += hang(
        "", f"Found {several(len(adoption.outcomes), 'account')}{f': {told}' if told else ''}.", width=style.width
    )
    if files:
        per_file = Counter(draft.file for draft in adoption.drafts)
        lines.append("Wrote:")
        for file in files:
            documents = per_file[file.rpartition("/")[2]]  # certificates are copied, and are no documents
            count = f" ({several(documents, 'document')})" if documents else ""
            lines.append(f"    {style.show(file)}{count}")
    lines += _secret_lines(adoption, to_set, load, style)
    lines += hang("", _next(files), width=style.width)
    if files:
        lines.append("    reconciler plan")
    return finish(lines)


def _secret_lines(adoption: Adoption, to_set: Sequence[NewSecret], load: str | None, style: Style) -> list[str]:
    lines: list[str] = []
    kept = len(adoption.secrets) - len(to_set)
    if kept and load is not None:
        said = f"{several(kept, 'password')} went where you said, and nowhere else. Before the plan, load them:"
        lines += [*hang("", said, width=style.width), f"    {style.show(load)}"]
    elif kept:
        lines += hang("", f"{several(kept, 'password')} went where you said, and nowhere else.", width=style.width)
    if to_set:
        said = "Where reconciler runs, set before the plan; the values never stand in a manifest:"
        lines += hang("", said, width=style.width)
        for each in to_set:
            whose = f"  # {counted(each.accounts)}" if each.accounts else ""
            is_variable = each.reference.startswith("env:")
            lines.append(f"    {style.show(f'export {each.key}=…{whose}' if is_variable else each.reference)}")
    return lines


def _next(files: Sequence[str]) -> str:
    if not files:
        return "Nothing was written."
    return "Nothing is recorded yet. To see the plan, with the settings tried at the servers:"
