"""The attacker's table of references that come to give another's secret.

The attacker's account was let in with a secret of its own, at a server of its own. Then a pull request, or whoever can
write the folder of secrets, makes its file a link, or the like, to somebody else's. The reference and its route are
recorded; what it gives is another's.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.cli.attacks import USER, account
from tests.cli.test_attacks_rotation import FIRST, KNOWN_USER, NEW, ROTATED, evil_ca, rotation

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.test_attacks_rotation import Rotation

__all__ = ["evil_ca", "rotation"]


def link(rotation: Rotation) -> None:
    """Make the own file a link to the other."""
    rotation.world.link("secrets/own", "known")


def link_elsewhere(rotation: Rotation) -> None:
    """Make the own file an absolute link, by way of another link."""
    rotation.world.link("secrets/way", str(rotation.world.folder / "secrets" / "known"))
    rotation.world.link("secrets/own", "way")


def hard_link(rotation: Rotation) -> None:
    """Give the other file the own one's name, too."""
    (rotation.world.folder / "secrets" / "own").unlink()
    os.link(rotation.world.folder / "secrets" / "known", rotation.world.folder / "secrets" / "own")


def copy(rotation: Rotation) -> None:
    """Copy the other file over the own one."""
    shutil.copy(rotation.world.folder / "secrets" / "known", rotation.world.folder / "secrets" / "own")


WAYS = (
    ("plan", "--rotations"),
    ("plan", "--target", "other", "--rotations"),
    ("apply", "--auto-approve", "--rotations", "--hold-failing"),
    ("verify",),
    ("verify", "other"),
    ("verify", "--recorded"),
    ("verify", "other", "--recorded"),
)


@pytest.mark.parametrize("is_rotated", [False, True], ids=["as recorded", "rotated meanwhile"])
@pytest.mark.parametrize("swap", [link, link_elsewhere, hard_link, copy], ids=lambda each: each.__name__)
def test_a_recorded_reference_that_comes_to_give_anothers_secret(
    rotation: Rotation, swap: Callable[[Rotation], None], *, is_rotated: bool
) -> None:
    """It is withheld, exit 4, though its route is recorded: the value is another's, which does not go there."""
    rotation.record(rotation.put("file", "known", FIRST))
    rotation.world.evil.users[USER] = NEW
    rotation.steal(rotation.put("file", "own", NEW))
    rotation.apply()
    before = rotation.world.evil.login_attempts
    if is_rotated:
        rotation.put("file", "known", ROTATED)
        rotation.world.server.users[KNOWN_USER] = ROTATED
    swap(rotation)
    for words in WAYS:
        rotation.assert_withheld(*words)
    assert before == rotation.world.evil.login_attempts


@pytest.mark.parametrize("is_linked", [False, True], ids=["files", "links, as mounted secrets are"])
def test_secrets_that_are_rotated_go_where_they_went(rotation: Rotation, *, is_linked: bool) -> None:
    """Two mailboxes of one server whose one password is rotated, also one after the other, need no grant."""
    world = rotation.world
    for name in ("one", "two"):
        world.server.users[f"{name}@example.com"] = FIRST
        secret = rotation.put("file", name, FIRST)
        if is_linked:
            shutil.move(world.folder / "secrets" / name, world.folder / "secrets" / f"{name}.1")
            world.link(f"secrets/{name}", f"{name}.1")
        rotation.write(name, account(world, name, username=f"{name}@example.com", login=f"password: {secret}"))
    rotation.apply()
    for name in ("one", "two"):
        (world.folder / "secrets" / name).unlink()
        if is_linked:
            world.link(f"secrets/{name}", f"{name}.2")
        rotation.put("file", f"{name}.2" if is_linked else name, ROTATED)
        world.server.users[f"{name}@example.com"] = ROTATED
    rotation.apply("--rotations", "--target", "one")
    rotation.apply("--rotations")
    assert 0 == world.run("verify", "--recorded").code
