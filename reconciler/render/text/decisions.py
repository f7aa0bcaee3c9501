"""The reviewer's queue, and what a decision or the emergency stop left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from reconciler.render.json.documents import spec_as_written
from reconciler.render.text.parts.layout import finish, hang, pad
from reconciler.render.words import minute

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.accounts.statuses import Status
    from reconciler.render.text.parts.style import Style

Ruled = Literal["approve", "reject", "suspend", "resume"]
_DONE: dict[Ruled, tuple[str, Status]] = {
    "approve": ("Approved", "active"),
    "reject": ("Rejected", "rejected"),
    "suspend": ("Suspended", "suspended"),
    "resume": ("Resumed", "active"),
}
"""What was done, and the status that it leaves unless something else stands in the way."""

_OVERRIDES = (("overrideFrom", "override from"), ("overrideTo", "override to"))
_WIDEST_LABEL = len("override from")
"""Columns of the longest label of the queue."""


def ruled_text(event: Ruled, accounts: Sequence[RecordedAccount], *, style: Style) -> str:
    """Return a line for each account: what was done, and whether it may send now, or why not."""
    if not accounts:
        return finish(["No account waits for the platform's decision. Nothing was changed."])
    lines = [line for account in accounts for line in hang("", style.show(_ruled(event, account)), width=style.width)]
    if event == "suspend":
        lines += hang("", "No apply undoes this. When it is over:", width=style.width)
        lines.append(f"    reconciler resume {' '.join(style.show(account.name) for account in accounts)}")
    return finish(lines)


def _ruled(event: Ruled, account: RecordedAccount) -> str:
    done, usual = _DONE[event]
    if account.status == "active":
        return f"{done} {account.name}; it may send."
    why = f" ({account.status_reason})" if account.status_reason else ""
    if account.status == usual:
        return f"{done} {account.name}{why}; it cannot send."
    return f"{done} {account.name}; it cannot send: it is {account.status}{why}."


def queue_text(accounts: Sequence[RecordedAccount], *, style: Style) -> str:
    """Return the accounts that wait, the longest waiting first, each with all that an approval would cover."""
    if not accounts:
        return finish(["No account waits for the platform's decision."])
    lines: list[str] = []
    for account in sorted(accounts, key=lambda each: (each.updated_at, each.name)):
        lines += [*_waiting(account, style), ""]
    count = f"{len(accounts)} account{'' if len(accounts) == 1 else 's'} waiting; times are UTC. To decide:"
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
    spec = spec_as_written(account)
    replies = spec.get("replyTo") or {}
    facts = {
        "e-mail": spec["email"],
        "display name": spec["displayName"],
        "replies to": replies.get("email") or "the address that the message is sent from",
        "reply name": replies.get("displayName"),
        **{label: _override(spec[key]) for key, label in _OVERRIDES if spec.get(key)},
        "title": account.metadata.get("title"),
        "owner": account.metadata.get("owner"),
    }
    yield from ((label, fact) for label, fact in facts.items() if fact)


def _override(override: dict[str, Any]) -> str:
    """Return which details of a contact are taken, and what happens where they cannot be."""
    taken = [
        f'{what} from detail "{override[key]}"'
        for key, what in (("emailDetail", "address"), ("displayNameDetail", "name"))
        if override.get(key)
    ]
    handling = f"missing: {override.get('onMissing')}, invalid: {override.get('onInvalid')}"
    paired = ", both or neither" if override.get("pairing") == "together" else ""
    return f"{', '.join(taken)}{paired} ({handling})"
