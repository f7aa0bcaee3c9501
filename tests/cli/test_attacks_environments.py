"""The attacker's table for environments: an overlay, or an environment of one's own, gets no login, secret or file.

The protected project file declares the environments; production was applied, staging is new, so that its state knows
nothing of the secrets that production's knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.attacks import USER, World, account, besieged, git
from tests.support.certificates import TestCA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.project import Project

    Attack = Callable[[World], None]

ENVIRONMENTS = """\
environments:
  staging:
    state: sqlite:///{staging}
    overlay: overlays/staging
  production:
    state: sqlite:///{production}
    adopted: true
    overlay: overlays/production
"""
HEAD = "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}}}\n"


@pytest.fixture(scope="module")
def evil_ca() -> TestCA:
    """Return the attacker's CA."""
    return TestCA()


def rules_of(world: World) -> str:
    """Return the project file with its environments; the state that is there already is production's."""
    state = world.project.state_file
    without = world.rules(ENVIRONMENTS.format(production=state, staging=state.with_name("staging.db")))
    return without.replace(f"state: sqlite:///{state}\nsecrets", "secrets")


@pytest.fixture
def world(bare: Project, ca: TestCA, evil_ca: TestCA) -> Iterator[World]:
    """Return the settled project with environments, in CI, with a protected project file."""
    with besieged(bare, ca, evil_ca) as made:
        made.protected_file.write_text(rules_of(made), encoding="utf-8")
        made.write("reconciler.yaml", rules_of(made))
        for name in ("staging", "production"):
            made.write(f"overlays/{name}/.gitkeep", "")
        made.run("--env", "staging", "state", "init")
        yield made


def evil_spec(world: World, login: str = "password: {env: SMTP_SALES_PASSWORD}") -> str:
    """Return the part of a manifest that sends to the attacker's server."""
    return (
        f"spec:\n  smtp:\n    host: localhost\n    port: {world.evil.port}\n    encryption: starttls\n"
        f"    caFile: certs/evil.pem\n    authentication: {{username: {USER}, {login}}}\n"
    )


def overlaid(environment: str, name: str = "sales", login: str = "password: {env: SMTP_SALES_PASSWORD}") -> Attack:
    """Return the attack that points an account elsewhere by an overlay."""

    def attack(world: World) -> None:
        world.write(f"overlays/{environment}/x.yaml", HEAD.format(name=name) + evil_spec(world, login))

    return attack


def through_server(world: World) -> None:
    """Move the host of a MailServer by its overlay; the account through it stays as it was."""
    kind = "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: office}\n"
    world.write("accounts.d/office.yaml", f"{kind}spec: {{host: localhost, port: {world.server.port}}}\n")
    text = account(world).replace(f"host: localhost\n    port: {world.server.port}", "server: office")
    world.write("accounts.d/sales.yaml", text)
    world.write("overlays/production/x.yaml", f"{kind}spec: {{port: {world.evil.port}, caFile: certs/evil.pem}}\n")


def linked_overlay(world: World) -> None:
    """Have a file from outside read as an overlay."""
    world.link("overlays/production/x.yaml", str(world.outside / "secret"))


def linked_folder(world: World) -> None:
    """Make a folder of overlays a link to another."""
    world.link("overlays/production/more", str(world.outside))


def own_environment(world: World) -> None:
    """Declare an environment in the checkout, which the protected file does not know."""
    text = rules_of(world).replace(
        "  staging:\n", '  mine: {state: "sqlite:///mine.db", overlay: overlays/mine}\n  staging:\n'
    )
    world.write("reconciler.yaml", text)
    overlaid("mine")(world)


ATTACKS: dict[str, tuple[Attack, str, int, str]] = {
    "a known secret moved by an overlay": (overlaid("production"), "production", 4, "credentialWithheld"),
    "a host moved by a MailServer's overlay": (through_server, "production", 4, "credentialWithheld"),
    "production's secret, new to staging's state": (overlaid("staging"), "staging", 4, "credentialWithheld"),
    "its value under another name, new to staging's state": (
        overlaid("staging", login="password: {env: SMTP_COPY}"), "staging", 4, "credentialWithheld",
    ),
    "another client's account changed by an overlay": (
        overlaid("production", "client", "password: {env: CLIENT_A_PASSWORD}"), "production", 1, "secretNotAllowed",
    ),
    "a client's secret named by an overlay": (
        overlaid("production", login="password: {env: CLIENT_A_PASSWORD}"), "production", 1, "secretNotAllowed",
    ),
    "the other environment's state as a secret": (
        overlaid("staging", login="password: {file: .reconciler/state.db, env: null}"), "staging", 1, "secretNotAllowed",
    ),
    "the key of fingerprints as a secret": (
        overlaid("staging", login="password: {file: .reconciler/fingerprint.key, env: null}"), "staging", 1, "secretNotAllowed",
    ),
    "a literal password": (overlaid("staging", login="password: hunter2-literal"), "staging", 1, "literalSecret"),
    "a file outside read as an overlay": (linked_overlay, "production", 1, "fileUnreadable"),
    "a folder outside read as overlays": (linked_folder, "production", 1, "fileUnreadable"),
    "an environment of one's own": (own_environment, "mine", 1, "environmentUnknown"),
}  # fmt: skip


@pytest.mark.parametrize(("attack", "environment", "code", "told"), ATTACKS.values(), ids=ATTACKS.keys())
@pytest.mark.parametrize("verb", ["plan", "apply", "verify"])
def test_an_overlay_steals_nothing(
    world: World, attack: Attack, environment: str, code: int, told: str, verb: str
) -> None:
    """Planned, applied and verified as a careless pipeline would, the attack gets no login and is told by its code."""
    before, seen = world.untouched(), world.evil.login_attempts
    attack(world)
    words = {"plan": ("plan",), "apply": ("apply", "--auto-approve"), "verify": ("verify",)}[verb]
    outcome = world.run("--env", environment, *words, "--format", "json")
    assert (code, True) == (outcome.code, told in outcome.out), outcome
    assert seen == world.evil.login_attempts
    assert [] == world.leaks(outcome)
    assert [] == world.leaks_in_files()
    assert before == world.untouched()


def test_an_environment_in_the_checkout_is_not_trusted(world: World) -> None:
    """In CI the checkout's project file reads no secret in any of its environments, and contacts nobody with one."""
    text = rules_of(world).replace(
        "    overlay: overlays/staging\n",
        '    overlay: overlays/staging\n    secrets: {firstUse: allow, allow: ["env:*"]}\n',
    )
    world.write("reconciler.yaml", text)
    overlaid("staging")(world)
    git(world, "add", "-A")
    outcome = world.run_unprotected("--env", "staging", "plan", "--format", "json")
    assert (4, True) == (outcome.code, "projectNotTrusted" in outcome.out or "credentialWithheld" in outcome.out)
    assert not world.evil.logins
    assert [] == world.leaks(outcome)
