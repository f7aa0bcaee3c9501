"""The reviewer's queue, and the outcome of a decision or of the emergency stop."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Literal

from reconciler.diagnostics import several
from reconciler.model.accounts.settings import Settings
from reconciler.render.json.documents import spec_as_written
from reconciler.render.text.parts.layout import finish, hang, pad
from reconciler.render.text.parts.names import listed
from reconciler.render.times import minute

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.accounts.settings import ResolvedOverride
    from reconciler.model.accounts.statuses import Status
    from reconciler.render.text.parts.style import Style

Ruled = Literal["approve", "reject", "suspend", "resume"]
_DONE: dict[Ruled, tuple[str, Status]] = {
    "approve": ("Approved", "active"),
    "reject": ("Rejected", "rejected"),
    "suspend": ("Suspended", "suspended"),
    "resume": ("Resumed", "active"),
}
"""The words for each decision, and the status that it leaves where nothing else stands in the way."""

_MOST_EACH = 4
"""More accounts of which the same is told are one line."""
_MOST_NAMES = 40
_WIDEST_LABEL = len("override from")
"""The columns of the longest label of the queue."""


def ruled_text(
    event: Ruled,
    accounts: Sequence[RecordedAccount],
    *,
    style: Style,
    hindered: Mapping[str, str] | None = None,
    back: Sequence[str] = (),
) -> str:
    """Return the decision, and whether the accounts may send now, or why not: a line for each, or for many alike.

    ``hindered`` says of active accounts by name what keeps them from sending all the same, and ``back`` what to resume
    stopped ones by, where that is not all their names.
    """
    if not accounts:
        return finish(["No account waits for the platform's decision. Nothing was changed."])
    alike: dict[tuple[str, str], list[str]] = {}
    for account in accounts:
        alike.setdefault(_outcome(event, account, (hindered or {}).get(account.name)), []).append(account.name)
    told: list[str] = []
    for (of_one, of_several), names in alike.items():
        if len(names) > _MOST_EACH:
            all_of_them = f"{several(len(names), 'account')}: {listed(names, most=_MOST_NAMES)}"
            told.append(f"{_DONE[event][0]} {all_of_them}{of_several}")
        else:
            told += [f"{_DONE[event][0]} {name}{of_one}" for name in names]
    lines = [line for each in told for line in hang("", style.show(each), width=style.width)]
    if event == "suspend":
        lines += hang("", "No apply undoes this. When it is over:", width=style.width)
        words = shlex.join(back or [account.name for account in accounts])
        lines.append(f"    reconciler resume {style.show(words)}")
    return finish(lines)


def _outcome(event: Ruled, account: RecordedAccount, hindrance: str | None) -> tuple[str, str]:
    """Return what follows the account's name, and what follows the names of several."""
    if hindrance is not None:
        return f"; it cannot send yet: {hindrance}.", f"; they cannot send yet: {hindrance}."
    if account.status == "active":
        return "; it may send.", "; they may send."
    why = f" ({account.status_reason})" if account.status_reason else ""
    if account.status == _DONE[event][1]:
        return f"{why}; it cannot send.", f"{why}; they cannot send."
    stands = f"{account.status}{why}."
    return f"; it cannot send: it is {stands}", f"; they cannot send: they are {stands}"


def queue_text(accounts: Sequence[RecordedAccount], *, style: Style) -> str:
    """Return the waiting accounts, the longest waiting first, each with all that an approval would cover."""
    if not accounts:
        return finish(["No account waits for the platform's decision."])
    lines: list[str] = []
    for account in sorted(accounts, key=lambda each: (each.updated_at, each.name)):
        lines += [*_waiting(account, style), ""]
    count = f"{several(len(accounts), 'account')} waiting; times are UTC. To decide:"
    newest = max(account.revision for account in accounts)
    name = style.show(accounts[0].name) if len(accounts) == 1 else "NAME"
    return finish(
        [
            *lines,
            *hang("", count, width=style.width),
            f"    reconciler approve {name} --if-revision {newest}",
            f"    reconciler reject {name} --if-revision {newest} --reason TEXT",
        ]
    )


def _waiting(account: RecordedAccount, style: Style) -> list[str]:
    since = f"waits since {minute(account.updated_at)}, revision {account.revision}"
    heading = hang("", style.show(f"{account.name}  {since}"), width=style.width)
    lines = [style.paint(line, "strong") for line in heading]
    for label, text in _covered(account):
        lines += hang(f"  {pad(label, _WIDEST_LABEL)}  ", style.show(text), width=style.width)
    return lines


def _covered(account: RecordedAccount) -> Iterable[tuple[str, str]]:
    """Yield what an approval covers, in words, and who keeps the account.

    Address and name have a line each: a name can be written so that it reads like an address.
    """
    settings = Settings.model_validate(spec_as_written(account))
    facts = {
        "e-mail": settings.email,
        "display name": settings.display_name,
        "replies to": ", ".join(settings.reply_addresses) or "the address that the message is sent from",
        "reply name": ", ".join(each.display_name for each in settings.replies if each.display_name),
        "override from": settings.override_from and _override(settings.override_from),
        "override to": settings.override_to and _override(settings.override_to),
        "title": account.metadata.title,
        "owner": account.metadata.owner,
    }
    yield from ((label, fact) for label, fact in facts.items() if fact)


def _override(override: ResolvedOverride) -> str:
    """Return which details of a contact are taken, and what happens where they cannot be taken."""
    taken = [
        f'{what} from detail "{detail}"'
        for what, detail in (("address", override.email_detail), ("name", override.display_name_detail))
        if detail
    ]
    paired = ", both or neither" if override.pairing == "together" else ""
    return f"{', '.join(taken)}{paired} (missing: {override.on_missing}, invalid: {override.on_invalid})"
