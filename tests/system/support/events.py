"""What happens to accounts, and where the next mail of a program goes after each of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.system.support.processes import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tests.system.support.sending import World

    Sends = Callable[[str], bool]
    """Sends a message as an account by name; tells whether the program could."""

_LABEL = "labels: {app: 'yes'}"
AWKWARD = 'pw:new#"2\\'
"""A password that every program but dotenv's readers takes."""
ONE = ("label:app=yes",)
"""The selectors of a consumer that carries one account."""


def go_through(
    world: World,
    sends: Sends,
    *,
    decide: Callable[..., object] | None = None,
    only: str | None = None,
    is_trusted: bool = False,
    rotated_to: str = AWKWARD,
) -> None:
    """Have a program send after a rename, a rotation, a suspension, its end and a deletion: each counts for the next mail.

    ``decide`` runs suspend and resume; ``only`` is the account of a program that carries one, by default there are
    three. ``is_trusted``: the servers have certificates of a CA that the program trusts of itself. The password becomes
    ``rotated_to``.
    """
    decide = decide or world.project.run_well
    names = [only] if only else ["alpha", "beta", "gamma"]
    for name in names:
        world.write(name, metadata=_LABEL, is_trusted=is_trusted)
    world.project.run_well("apply", "--auto-approve")
    for name in names:
        _require_goes(world, sends, name, login=name)
    _require_stays(world, sends, ["stranger"])

    rotated = only or "alpha"
    for server in world.servers.values():
        server.users[f"{rotated}@example.com"] = rotated_to
    world.project.set_variable(f"SMTP_{rotated.upper()}", rotated_to)
    world.project.run_well("apply", "--auto-approve")
    _require_goes(world, sends, rotated, login=rotated)

    stopped = only or "beta"
    decide("suspend", stopped, "--reason", "leaked")
    _require_stays(world, sends, [stopped])
    if not only:
        _require_goes(world, sends, "alpha", login="alpha")
    decide("resume", stopped)
    _require_goes(world, sends, stopped, login=stopped)

    renamed = only or "gamma"
    world.project.remove_account(renamed)
    world.write("delta", login=renamed, metadata=f"previousName: {renamed}, {_LABEL}", is_trusted=is_trusted)
    world.project.run_well("apply", "--auto-approve")
    _require_goes(world, sends, "delta", login=renamed)
    _require_stays(world, sends, [renamed])

    deleted = "delta" if only else "alpha"
    world.project.remove_account(deleted)
    world.project.run_well("apply", "--auto-approve", "--allow-deletes", "1")
    _require_stays(world, sends, [deleted])
    if not only:
        _require_goes(world, sends, "beta", login="beta")
        _require_goes(world, sends, "delta", login="gamma")
    world.project.run_well("journal", "check")


def _require_goes(world: World, sends: Sends, name: str, *, login: str) -> None:
    before = world.logins()
    wait_for(lambda: sends(name) or None, f"that a message of {name} is taken")
    wait_for(lambda: len(world.logins()) > len(before) or None, f"the message of {name}")
    assert {f"{login}@example.com"} == {*_added(world.logins(), before)}, name


def _require_stays(world: World, sends: Sends, names: Collection[str]) -> None:
    before = world.logins()
    for name in names:
        assert not sends(name), name
    assert before == world.logins()


def _added(after: list[str | None], before: list[str | None]) -> list[str | None]:
    left = list(after)
    for each in before:
        left.remove(each)
    return left
