"""The attacker's table of the platform's secret, which the project file declares and state has never recorded.

The attacker's account was let in with a reference of its own, at a server of its own, read or unread. Then the
reference comes to give what the platform's gives. The platform's secret goes to the platform's server alone.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.cli.attacks import USER, account
from tests.cli.project import marketing_account
from tests.cli.test_attacks_rotation import FIRST, KNOWN_USER, NEW, ROTATED, evil_ca, rotation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.test_attacks_rotation import Rotation

__all__ = ["evil_ca", "rotation"]


def declare(rotation: Rotation, secret: str) -> None:
    """Declare the right server as the platform's, with a secret; nothing of it is recorded."""
    world = rotation.world
    login = f"authentication: {{username: {KNOWN_USER}, password: {secret}}}"
    smtp = f"{{host: localhost, port: {world.server.port}, encryption: starttls, caFile: certs/ca.pem, {login}}}"
    rotation.protect(f"platform: {{smtp: {smtp}}}\n")


def own(rotation: Rotation) -> Path:
    """Return the attacker's file."""
    return rotation.world.folder / "secrets" / "own"


def link(rotation: Rotation) -> None:
    """Make it a link to the platform's."""
    rotation.world.link("secrets/own", "platform")


def links(rotation: Rotation) -> None:
    """Make it a link to a link."""
    rotation.world.link("secrets/way", str(rotation.world.folder / "secrets" / "platform"))
    rotation.world.link("secrets/own", "way")


def linked_folder(rotation: Rotation) -> None:
    """Make it a link by way of a folder that is one."""
    rotation.world.link("secrets/folder", str(rotation.world.folder / "secrets"))
    rotation.world.link("secrets/own", "folder/platform")


def hard_link(rotation: Rotation) -> None:
    """Give the platform's file its name, too."""
    own(rotation).unlink()
    os.link(rotation.world.folder / "secrets" / "platform", own(rotation))


def copy(rotation: Rotation) -> None:
    """Copy the platform's over it."""
    shutil.copy(rotation.world.folder / "secrets" / "platform", own(rotation))


SWAPS = (link, links, linked_folder, hard_link, copy)
WAYS = (
    ("plan", "--rotations"),
    ("plan", "--target", "other", "--rotations"),
    ("apply", "--auto-approve", "--rotations", "--hold-failing"),
    ("apply", "--auto-approve", "--target", "other", "--rotations"),
    ("verify",),
    ("verify", "other"),
    ("verify", "--recorded"),
    ("verify", "other", "--recorded"),
)
UNREAD_WAYS = tuple(words for words in WAYS if words[0] == "verify")
"""Where nothing of an account changed and its secret was never read, a plan verifies nothing."""


@pytest.mark.parametrize("is_read", [True, False], ids=["read", "unread"])
@pytest.mark.parametrize("swap", SWAPS, ids=lambda each: each.__name__)
def test_a_recorded_file_that_becomes_the_platforms(
    rotation: Rotation, swap: Callable[[Rotation], None], *, is_read: bool
) -> None:
    """Whether its value was read or not when it was recorded: withheld, exit 4, at every command, selected or not."""
    rotation.world.server.users[KNOWN_USER] = FIRST
    declare(rotation, rotation.put("file", "platform", FIRST))
    rotation.world.evil.users[USER] = NEW
    rotation.steal(rotation.put("file", "own", NEW))
    rotation.apply("--target", "other", *(() if is_read else ("--depth", "offline")))
    before = rotation.world.evil.login_attempts
    swap(rotation)
    for words in WAYS if is_read else UNREAD_WAYS:
        rotation.assert_withheld(*words)
    assert before == rotation.world.evil.login_attempts


@pytest.mark.parametrize("place", ["variable", "file", "bulk", "command"])
@pytest.mark.parametrize("platforms", ["variable", "file", "bulk", "command"])
def test_whatever_source_comes_to_give_the_platforms_value(rotation: Rotation, place: str, platforms: str) -> None:
    """A value of any source that was recorded as another one is the platform's now: it does not go there any more."""
    rotation.world.server.users[KNOWN_USER] = FIRST
    declare(rotation, rotation.put(platforms, "platform", FIRST))
    rotation.world.evil.users[USER] = NEW
    rotation.steal(rotation.put(place, "own", NEW))
    rotation.apply("--target", "other")
    before = rotation.world.evil.login_attempts
    rotation.put(place, "own", FIRST)
    for words in WAYS:
        rotation.assert_withheld(*words)
    assert before == rotation.world.evil.login_attempts


@pytest.mark.parametrize("place", ["variable", "file", "bulk", "command"])
def test_a_reference_that_the_platform_takes_over(rotation: Rotation, place: str) -> None:
    """Whoever had an account recorded with the reference before the platform declared it does not get its value."""
    rotation.world.evil.users[USER] = NEW
    secret = rotation.put(place, "platform", NEW)
    rotation.steal(secret)
    rotation.apply("--target", "other")
    before = rotation.world.evil.login_attempts
    rotation.world.server.users[KNOWN_USER] = FIRST
    declare(rotation, rotation.put(place, "platform", FIRST))
    for words in WAYS:
        rotation.assert_withheld(*words)
    assert before == rotation.world.evil.login_attempts


# What must still work


def share(rotation: Rotation, *, is_one_reference: bool) -> None:
    """Have one value recorded for the platform and for an account at another server."""
    world = rotation.world
    world.server.users[KNOWN_USER] = FIRST
    world.evil.users[USER] = FIRST
    text = account(
        world,
        "other",
        server=world.evil,
        ca_file="certs/evil.pem",
        login=f"password: {rotation.put('file', 'platform' if is_one_reference else 'own', FIRST)}",
    )
    rotation.write("other", text)
    rotation.apply("--target", "other")
    declare(rotation, rotation.put("file", "platform", FIRST))


@pytest.mark.parametrize("is_one_reference", [True, False])
def test_one_value_that_was_recorded_for_both_goes_to_both(rotation: Rotation, *, is_one_reference: bool) -> None:
    """An account whose value was recorded before the platform took the same one goes on working."""
    share(rotation, is_one_reference=is_one_reference)
    assert 0 == rotation.world.run("verify", "other", "--recorded").code
    assert 0 == rotation.world.run("plan", "--target", "other", "--rotations").code


@pytest.mark.parametrize("is_one_reference", [True, False])
def test_one_value_that_was_recorded_for_both_is_rotated_for_both(
    rotation: Rotation, *, is_one_reference: bool
) -> None:
    """Once state has recorded it for both, its next value goes to both, too."""
    share(rotation, is_one_reference=is_one_reference)
    rotation.write("more", marketing_account("more", email="more@example.com"))
    grant = f"grants: [{{secret: 'file:secrets/platform', route: {platform_route(rotation)}}}]"
    text = rotation.world.protected_file.read_text(encoding="utf-8")
    rotation.world.protected_file.write_text(text.replace("secrets:\n", f"secrets:\n  {grant}\n", 1), encoding="utf-8")
    rotation.apply("--target", "more")
    rotation.world.protected_file.write_text(text, encoding="utf-8")
    for name in ("platform",) if is_one_reference else ("platform", "own"):
        rotation.put("file", name, ROTATED)
    rotation.world.server.users[KNOWN_USER] = ROTATED
    rotation.world.evil.users[USER] = ROTATED
    rotation.apply("--rotations", "--target", "other", "--target", "more")
    assert "active" == rotation.project.statuses()["other"]


def platform_route(rotation: Rotation) -> str:
    """Return the platform's route as a grant writes it, with the digest that a refused plan names."""
    told = rotation.world.run("plan", "--target", "more", "--format", "json").document["diagnostics"]
    (detail,) = [each["detail"] for each in told if each["code"] == "credentialWithheld"]
    (line,) = [each.strip() for each in detail.splitlines() if each.strip().startswith("- {secret:")]
    return str(line.partition("route: ")[2].removesuffix("}"))


def test_a_grant_lets_the_platforms_value_go(rotation: Rotation) -> None:
    """The owner of the project file may say that the account has the platform's secret."""
    rotation.world.server.users[KNOWN_USER] = FIRST
    declare(rotation, rotation.put("file", "platform", FIRST))
    rotation.world.evil.users[USER] = NEW
    rotation.steal(rotation.put("file", "own", NEW))
    rotation.apply("--target", "other")
    copy(rotation)
    rotation.world.evil.users[USER] = FIRST
    told = rotation.assert_withheld("plan", "--target", "other", "--rotations").document["diagnostics"]
    (detail,) = [each["detail"] for each in told if each["code"] == "credentialWithheld"]
    (line,) = [each.strip() for each in detail.splitlines() if each.strip().startswith("- {secret:")]
    text = rotation.world.protected_file.read_text(encoding="utf-8")
    grants = text.replace("secrets:\n", f"secrets:\n  grants:\n    {line}\n", 1)
    rotation.world.protected_file.write_text(grants, encoding="utf-8")
    assert 0 == rotation.world.run("verify", "other", "--recorded").code


@pytest.mark.parametrize("place", ["variable", "file", "bulk", "command"])
def test_a_rotation_beside_an_unrecorded_platform_goes_on(rotation: Rotation, place: str) -> None:
    """A value that is new, and not the platform's, goes where its reference was recorded to go."""
    rotation.world.server.users[KNOWN_USER] = FIRST
    declare(rotation, rotation.put("file", "platform", FIRST))
    rotation.world.evil.users[USER] = NEW
    rotation.steal(rotation.put(place, "own", NEW))
    rotation.apply("--target", "other")
    rotation.world.evil.users[USER] = ROTATED
    rotation.put(place, "own", ROTATED)
    rotation.apply("--target", "other", "--rotations")
