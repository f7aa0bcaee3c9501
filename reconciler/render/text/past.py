"""An account as a revision left it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.render.text.parts.layout import finish, hang
from reconciler.render.text.parts.pairs import pair_lines
from reconciler.render.times import moment

if TYPE_CHECKING:
    from reconciler.render.text.parts.style import Style
    from reconciler.rules.journal.past import PastAccount


def past_text(account: PastAccount, revision: int, *, style: Style) -> str:
    """Return an account as a revision left it: when it was changed last by then, and its values."""
    title = f"{account.name} ({account.kind}) at revision {revision}"
    lines = [style.paint(line, "strong") for line in hang("", style.show(title), width=style.width)]
    facts = {"created": moment(account.created_at), "updated": moment(account.updated_at)}
    if account.name_now != account.name:
        facts["today"] = "not recorded" if account.name_now is None else f"called {account.name_now}"
    lines += pair_lines({**facts, "last changed by": f"revision {account.revision}"}, style=style, indent=2)
    values = {path.removeprefix("spec."): value for path, value in sorted(account.values.items())}
    return finish([*lines, "", style.paint("Settings", "strong"), *pair_lines(values, style=style, indent=2)])
