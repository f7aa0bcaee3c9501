"""The attacker's table, of known secrets that are hard to recognise: rotated at their source, never read, or exchanged.

A known secret whose value was rotated and not applied yet is known neither by another reference nor by the value that
state has. A secret that is exchanged for tokens goes to one place and what comes of it to another. Whoever can write a
pull request gets neither, however the secret is known, reached and used.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from reconciler.operations.opening import open_workspace
from reconciler.operations.verify.manifests import verify_manifests
from tests.cli.attacks import CLIENT_SECRET, SECRET, USER, World, account, settle
from tests.cli.project import Project, alter_plan, marketing_account
from tests.cli.test_canary import find
from tests.support.certificates import TestCA
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.project import Outcome

FIRST = "canary-First-90ab12"
ROTATED = "canary-Rotated-4e77d3"
NEW = "canary-New-1f5c66"
KNOWN_USER = "known@example.com"


@dataclass
class Rotation:
    """A settled world, and the places where secrets lie: as ``known``, and as ``copied`` for the pull request."""

    world: World
    bulk: dict[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Project:
        """The checkout's project."""
        return self.world.project

    def put(self, place: str, name: str, value: str) -> str:
        """Lay a secret down, and return how a manifest writes it."""
        if place == "variable":
            self.project.set_variable(f"SMTP_{name.upper()}", value)
            return f"{{env: SMTP_{name.upper()}}}"
        if place == "file":
            self.world.write(f"secrets/{name}", value + "\n")
            return f"{{file: secrets/{name}}}"
        if place == "bulk":
            self.bulk[name] = value
            text = "".join(f"{each}={found}\n" for each, found in self.bulk.items())
            self.project.set_variable("SMTP_MANY", f"sales={SECRET}\n{text}")
            return f"{{many: {name}}}"
        (self.world.outside / "safe").mkdir(exist_ok=True)
        (self.world.outside / "safe" / name).write_text(value, encoding="utf-8")
        return f"{{safe: {name}}}"

    def lose(self, place: str, name: str) -> None:
        """Make a secret unreadable."""
        if place == "variable":
            self.project.unset_variable(f"SMTP_{name.upper()}")
        elif place == "file":
            (self.world.folder / "secrets" / name).unlink()
        elif place == "bulk":
            del self.bulk[name]
            self.put("bulk", "unrelated", NEW)
        else:
            (self.world.outside / "safe" / name).unlink()

    def protect(self, more: str = "", *, sources: str = "") -> None:
        """Write the protected project file, with a source that runs a command for each key."""
        safe = f"    safe: {{command: [cat, '{self.world.outside}/safe/{{key}}']}}\n"
        text = self.world.rules(more).replace("  sources:\n", f"  sources:\n{sources or safe}", 1)
        self.world.protected_file.write_text(text, encoding="utf-8")

    def write(self, name: str, text: str) -> None:
        """Write a manifest."""
        self.world.write(f"accounts.d/{name}.yaml", text)

    def remove(self, name: str) -> None:
        """Remove a manifest."""
        self.project.remove_account(name)

    def apply(self, *flags: str) -> None:
        """Apply as the protected branch does."""
        applied = self.world.run("apply", "--auto-approve", *flags)
        assert applied.code == 0, applied

    def record(self, secret: str, *flags: str, name: str = "known") -> None:
        """Have an account at the right server recorded, which logs in with a secret."""
        self.world.server.users[KNOWN_USER] = FIRST
        self.write(name, account(self.world, name, username=KNOWN_USER, login=f"password: {secret}"))
        self.apply(*flags)

    def steal(self, secret: str, *, name: str = "other") -> None:
        """Bring the pull request: an account at the attacker's server."""
        text = account(self.world, name, server=self.world.evil, ca_file="certs/evil.pem", login=f"password: {secret}")
        self.write(name, text)

    def assert_withheld(self, *words: str) -> Outcome:
        """Run a command that must end with 4 for a credential, and tell nothing of any secret."""
        outcome = self.world.run(*words, "--format", "json")
        assert (4, True) == (outcome.code, "credentialWithheld" in outcome.codes), (words, outcome)
        self.assert_silent(outcome)
        return outcome

    def assert_silent(self, outcome: Outcome) -> None:
        """Fail for a secret in an output, or in a file of the project's state."""
        secrets = (FIRST, ROTATED, NEW)
        assert [] == self.world.leaks(outcome) + find((outcome.out + outcome.err).encode(), secrets)
        state = (path for path in (self.world.folder / ".reconciler").rglob("*") if path.is_file())
        assert [] == [path for path in state if find(path.read_bytes(), secrets)]

    def assert_nothing_sent(self) -> None:
        """Fail where the attacker's server has seen a login or a message."""
        assert (0, []) == (self.world.evil.login_attempts, self.world.evil.messages)

    def assert_comes_to_nothing(self) -> None:
        """Plan, apply and verify as a careless pipeline would; nothing may come of it."""
        for words in (("plan",), ("plan", "--rotations"), ("verify",), ("apply", "--auto-approve", "--hold-failing")):
            self.assert_withheld(*words)
        self.assert_nothing_sent()
        assert "other" not in self.project.statuses()


@pytest.fixture(scope="module")
def evil_ca() -> TestCA:
    """Return the attacker's CA."""
    return TestCA()


@pytest.fixture
def rotation(bare: Project, ca: TestCA, evil_ca: TestCA) -> Iterator[Rotation]:
    """Settle a project between the right server and the attacker's, which takes every password that occurs."""
    users = {USER: SECRET, "client@example.com": CLIENT_SECRET}
    right = MailServer(encryption="starttls", tls_context=ca.server_context(), users=users)
    wrong = MailServer(encryption="starttls", tls_context=evil_ca.server_context(), users={USER: ROTATED})
    with right as server, wrong as evil:
        bare.init()
        made = Rotation(World(bare, server, evil, ca, evil_ca))
        settle(made.world)
        made.protect()
        yield made


PLACES = ("variable", "file", "bulk", "command")


@pytest.mark.parametrize("reached", PLACES)
@pytest.mark.parametrize("place", PLACES)
def test_a_rotated_secret_is_recognised_at_its_source(rotation: Rotation, place: str, reached: str) -> None:
    """Whatever the source of the known reference and of the new one, what the known one holds now is known."""
    rotation.record(rotation.put(place, "known", FIRST))
    rotation.put(place, "known", ROTATED)
    rotation.remove(
        "known"
    )  # the pull request gives the account up, so that its secret is in no other part of the plan
    rotation.steal(rotation.put(reached, "copied", ROTATED))
    rotation.assert_comes_to_nothing()


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_that_was_never_read_is_recognised(rotation: Rotation, place: str) -> None:
    """A secret whose route was recorded without reading it is read before another reference makes a first journey."""
    rotation.record(rotation.put(place, "known", FIRST), "--depth", "offline")
    rotation.remove("known")
    rotation.world.evil.users[USER] = FIRST
    rotation.steal(rotation.put("variable", "copied", FIRST))
    rotation.assert_comes_to_nothing()


@pytest.mark.parametrize("place", PLACES)
def test_a_known_secret_that_cannot_be_read_bars_a_first_use(rotation: Rotation, place: str) -> None:
    """What cannot be compared is not let go; the message names the reference, why, and the grant; readable, it goes."""
    rotation.record(rotation.put(place, "known", FIRST))
    reference = {
        "variable": "env:SMTP_KNOWN", "file": "file:secrets/known", "bulk": "many:known", "command": "safe:known",
    }[place]  # fmt: skip
    rotation.lose(place, "known")
    rotation.remove("known")
    rotation.world.evil.users[USER] = NEW
    rotation.steal(rotation.put("variable", "copied", NEW))
    told = rotation.assert_withheld("plan").document["diagnostics"]
    (detail,) = [each["detail"] for each in told if each["code"] == "credentialWithheld"]
    assert (1, True) == (detail.count(f"- {reference}: "), "grants:" in detail)
    rotation.assert_comes_to_nothing()
    rotation.put(place, "known", ROTATED)
    assert 0 == rotation.world.run("plan").code


def give_up(rotation: Rotation) -> None:
    """Have the known account deleted, and the deletion applied."""
    rotation.remove("known")
    rotation.apply()


def revoke(rotation: Rotation) -> None:
    """Have the known secret's routes revoked."""
    give_up(rotation)
    assert 0 == rotation.world.run("state", "revoke", "env:SMTP_KNOWN").code


def suspend(rotation: Rotation) -> None:
    """Have the known account stopped, and its manifest removed."""
    assert 0 == rotation.world.run("suspend", "known", "--reason", "x").code
    rotation.remove("known")


def move_on(rotation: Rotation) -> None:
    """Have the known account take another secret."""
    rotation.world.server.users[KNOWN_USER] = NEW
    rotation.project.set_variable("SMTP_NEXT", NEW)
    rotation.write("known", account(rotation.world, "known", username=KNOWN_USER, login="password: {env: SMTP_NEXT}"))
    rotation.apply()


def rename(rotation: Rotation) -> None:
    """Have the known account renamed by the pull request, to a reference of its own."""
    rotation.remove("known")
    rotation.project.set_variable("SMTP_NEXT", NEW)
    text = account(rotation.world, "renamed", username=KNOWN_USER, login="password: {env: SMTP_NEXT}")
    rotation.write("renamed", text.replace("name: renamed", "name: renamed, previousName: known"))


@pytest.mark.parametrize("afterwards", [give_up, revoke, suspend, move_on, rename], ids=lambda each: each.__name__)
def test_a_secret_stays_known_whatever_becomes_of_its_account(
    rotation: Rotation, afterwards: Callable[[Rotation], None]
) -> None:
    """The references of deleted, renamed, stopped and changed accounts are read too, and revoked ones."""
    rotation.record(rotation.put("variable", "known", FIRST))
    afterwards(rotation)
    rotation.put("variable", "known", ROTATED)
    rotation.steal(rotation.put("variable", "copied", ROTATED))
    rotation.assert_comes_to_nothing()


def the_whole_plan(rotation: Rotation) -> None:
    """Plan everything."""
    rotation.assert_withheld("plan")


def that_account_alone(rotation: Rotation) -> None:
    """Plan and apply the attacker's account only."""
    rotation.assert_withheld("plan", "--target", "other")
    rotation.assert_withheld("apply", "--auto-approve", "--target", "other")


def without_the_known_one(rotation: Rotation) -> None:
    """Leave the known account out."""
    rotation.assert_withheld("plan", "--exclude", "known")
    rotation.assert_withheld("apply", "--auto-approve", "--exclude", "known")


def by_an_override(rotation: Rotation) -> None:
    """Apply without verifying, so that the route would be recorded."""
    rotation.assert_withheld("apply", "--auto-approve", "--target", "other", "--override-verification", "other=x")


def by_a_plan_that_read_nothing(rotation: Rotation) -> None:
    """Apply a sealed plan that was made offline."""
    rotation.world.run("plan", "--depth", "offline", "--target", "other", "--out", "plan.json")
    rotation.assert_withheld("apply", "plan.json")


def by_a_plan_without_a_seal(rotation: Rotation) -> None:
    """Apply a plan whose seal was taken off."""
    rotation.project.unset_variable("RECONCILER_PLAN_KEY")
    rotation.world.run("plan", "--depth", "offline", "--target", "other", "--out", "plan.json")
    alter_plan(rotation.world.folder / "plan.json", lambda document: document.update(seal=None), fits_digest=True)
    rotation.assert_withheld("apply", "plan.json")


def by_a_reviewed_plan(rotation: Rotation) -> None:
    """Apply what was reviewed offline."""
    rotation.world.run("plan", "--depth", "offline", "--target", "other", "--out", "reviewed.json")
    rotation.assert_withheld("apply", "--auto-approve", "--target", "other", "--reviewed", "reviewed.json")


def by_checking_settings(rotation: Rotation) -> None:
    """Verify the manifests, all and one."""
    rotation.assert_withheld("verify", "other")
    rotation.assert_withheld("verify", "other", "--depth", "message", "--operator", "ops@example.com")


def by_asking_a_person(rotation: Rotation) -> None:
    """Have the value typed by whoever checks settings."""
    rotation.project.unset_variable("SMTP_COPIED")
    world = rotation.world
    place = open_workspace(
        world.folder, project_file=world.protected_file, state=None, operator=None, environ=os.environ,
        now=lambda: datetime.now(UTC),
    )  # fmt: skip
    found = verify_manifests(place, ["other"], depth="auth", progress=lambda *_: None, ask=lambda _: ROTATED)
    assert ["credentialWithheld"] == [each.code for each in found.diagnostics if each.severity == "error"]


WAYS = (
    the_whole_plan, that_account_alone, without_the_known_one, by_an_override, by_a_plan_that_read_nothing,
    by_a_plan_without_a_seal, by_a_reviewed_plan, by_checking_settings, by_asking_a_person,
)  # fmt: skip


@pytest.mark.parametrize("place", ["variable", "command"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_way_to_a_first_use_is_open(rotation: Rotation, way: Callable[[Rotation], None], place: str) -> None:
    """Plan, apply and verify each compare before they send, whatever is selected, saved, overridden or typed."""
    rotation.record(rotation.put(place, "known", FIRST))
    rotation.put(place, "known", ROTATED)
    rotation.steal(rotation.put("variable", "copied", ROTATED))
    way(rotation)
    rotation.assert_nothing_sent()


@pytest.mark.parametrize(
    "words", [("verify", "--recorded"), ("verify", "other", "--recorded"), ("send",)], ids=" ".join
)
@pytest.mark.parametrize("place", ["variable", "command"])
def test_a_route_that_was_recorded_unread_is_compared_with_what_others_hold_now(
    rotation: Rotation, words: tuple[str, ...], place: str
) -> None:
    """The nightly look and ``send`` do not send a rotated secret where it was recorded offline under another name."""
    rotation.record(rotation.put(place, "known", FIRST))
    rotation.steal(rotation.put("variable", "copied", ROTATED))
    rotation.apply("--depth", "offline", "--target", "other")
    rotation.put(place, "known", ROTATED)
    rotation.world.server.users[KNOWN_USER] = ROTATED
    if words == ("send",):
        rotation.project.execute_sql(
            "UPDATE accounts SET verification = (SELECT verification FROM accounts WHERE name = 'sales') "
            "WHERE name = 'other'"
        )
        rotation.world.run("suspend", "other", "--reason", "a test", "--accept-altered", "other=a test")
        rotation.world.run("resume", "other")
        rotation.world.write("message.eml", "Subject: x\n\nHello.\n")
        rotation.world.write("contacts.csv", "email,name\nanna@example.com,Anna\n")
        words = ("send", "other", "--message", "message.eml", "--contacts", "contacts.csv")
    rotation.assert_withheld(*words)
    rotation.assert_nothing_sent()


@pytest.mark.parametrize("place", PLACES)
def test_a_route_that_was_recorded_unread_waits_for_what_cannot_be_read(rotation: Rotation, place: str) -> None:
    """While a known secret cannot be read, nothing is sent for the first time, also where it is recorded to go."""
    rotation.record(rotation.put(place, "known", FIRST))
    rotation.steal(rotation.put("variable", "copied", ROTATED))
    rotation.apply("--depth", "offline", "--target", "other")
    rotation.lose(place, "known")
    rotation.assert_withheld("verify", "other")
    rotation.assert_withheld("verify", "other", "--recorded")
    rotation.assert_nothing_sent()
    rotation.put(place, "known", NEW)
    assert 0 == rotation.world.run("verify", "other", "--recorded").code
    assert 1 == rotation.world.evil.login_attempts


PLATFORM_LOGIN = "authentication: {{username: {user}, password: {{env: SMTP_KNOWN}}}}"


def declare_platform(rotation: Rotation) -> None:
    """Declare the right server as the platform's, with the known secret."""
    rotation.world.server.users[KNOWN_USER] = FIRST
    rotation.world.server.users[KNOWN_USER] = FIRST
    login = PLATFORM_LOGIN.format(user=KNOWN_USER)
    smtp = (
        f"{{host: localhost, port: {rotation.world.server.port}, encryption: starttls, caFile: certs/ca.pem, {login}}}"
    )
    rotation.protect(f"platform: {{smtp: {smtp}}}\n")


@pytest.mark.parametrize("is_recorded", [True, False], ids=["recorded", "declared only"])
def test_the_platforms_secret_is_recognised(rotation: Rotation, *, is_recorded: bool) -> None:
    """The project file's own secret is read too, where no marketing account of the plan needs it."""
    rotation.put("variable", "known", FIRST)
    declare_platform(rotation)
    if is_recorded:
        rotation.write("more", marketing_account("more", email="more@example.com"))
        rotation.apply()
        rotation.remove("more")
    (rotation.world.folder / "accounts.d" / "news.yaml").write_text(
        marketing_account("news", metadata="preventDelete: true"), encoding="utf-8"
    )
    rotation.put("variable", "known", ROTATED)
    rotation.steal(rotation.put("variable", "copied", ROTATED))
    rotation.assert_withheld("plan", "--target", "other")
    rotation.assert_withheld("verify", "other")
    rotation.project.run(
        "--project-file",
        str(rotation.world.protected_file),
        "plan",
        "--depth",
        "offline",
        "--target",
        "other",
        "--out",
        "plan.json",
    )
    rotation.assert_withheld("apply", "plan.json")
    rotation.assert_nothing_sent()


def as_a_proxys(world: World, secret: str, *, port: int) -> str:
    """Return an account whose proxy takes a secret."""
    proxy = f"  proxy: {{type: http, host: localhost, port: {port}, username: m, password: {secret}}}\n"
    text = account(world, "known", username=KNOWN_USER, more=proxy)
    return text.replace(f"    authentication: {{username: {KNOWN_USER}, password: {{env: SMTP_SALES_PASSWORD}}}}\n", "")


def oauth2(url: str, *, client: str | None = None, refresh: str | None = None, scope: str | None = None) -> str:
    """Return the credential that is exchanged for a token."""
    parts = [f"tokenUrl: '{url}'", "clientId: c"]
    parts += [f"clientSecret: {client}"] if client else []
    parts += [f"refreshToken: {refresh}"] if refresh else []
    parts += [f"scope: {scope}"] if scope else []
    return f"mechanism: xoauth2, oauth2: {{{', '.join(parts)}}}"


URL = "https://login.example.com/token"
ROLES: dict[str, Callable[[World, str], str]] = {
    "a proxy's password": lambda world, secret: as_a_proxys(world, secret, port=world.server.port),
    "a client's secret": lambda world, secret: account(world, "known", login=oauth2(URL, client=secret)),
    "a refresh token": lambda world, secret: account(world, "known", login=oauth2(URL, refresh=secret)),
    "an access token": lambda world, secret: account(world, "known", login=f"accessToken: {secret}"),
}


@pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
def test_every_kind_of_secret_is_recognised(rotation: Rotation, role: Callable[[World, str], str]) -> None:
    """A secret that is known as something else than a password is read as well."""
    rotation.write("known", role(rotation.world, rotation.put("variable", "known", FIRST)))
    rotation.apply("--depth", "offline")
    rotation.put("variable", "known", ROTATED)
    rotation.remove("known")
    rotation.steal(rotation.put("variable", "copied", ROTATED))
    rotation.assert_comes_to_nothing()


@pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
def test_no_kind_of_use_is_free_for_a_rotated_secret(rotation: Rotation, role: Callable[[World, str], str]) -> None:
    """A rotated password is not sent as another kind of secret either: to a proxy, an endpoint, or as a token."""
    rotation.record(rotation.put("variable", "known", FIRST))
    rotation.put("variable", "known", ROTATED)
    rotation.remove("known")
    text = role(rotation.world, rotation.put("variable", "copied", ROTATED)).replace("name: known", "name: other")
    rotation.write("other", text.replace(f"port: {rotation.world.server.port}", f"port: {rotation.world.evil.port}"))
    rotation.assert_comes_to_nothing()
    assert 0 == rotation.world.evil.connections or "proxy" not in text


# What must still work


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("reached", PLACES)
def test_a_new_secret_makes_its_first_journey(rotation: Rotation, place: str, reached: str) -> None:
    """Once everything known was read and is something else, a really new secret needs no grant."""
    rotation.record(rotation.put(place, "known", FIRST))
    rotation.put(place, "known", ROTATED)
    rotation.world.server.users[KNOWN_USER] = ROTATED
    rotation.world.server.users[USER] = SECRET
    rotation.world.server.users["new@example.com"] = NEW
    login = f"password: {rotation.put(reached, 'fresh', NEW)}"
    rotation.write("fresh", account(rotation.world, "fresh", username="new@example.com", login=login))
    rotation.apply("--rotations")
    assert {"fresh": "active", "known": "active"}.items() <= rotation.project.statuses().items()


def test_a_rotated_value_may_go_where_its_reference_goes(rotation: Rotation) -> None:
    """An account that takes its rotated password from another place, at the same server, needs no grant."""
    rotation.record(rotation.put("variable", "known", FIRST))
    rotation.put("variable", "known", ROTATED)
    rotation.world.server.users[KNOWN_USER] = ROTATED
    login = f"password: {rotation.put('file', 'known', ROTATED)}"
    rotation.write("known", account(rotation.world, "known", username=KNOWN_USER, login=login))
    rotation.apply()
    assert "active" == rotation.project.statuses()["known"]


def test_what_is_read_to_be_compared_is_read_only_where_a_first_use_is_at_stake(rotation: Rotation) -> None:
    """A plan without a new secret runs no command for an account that does not change."""
    rotation.record(rotation.put("command", "known", FIRST))
    rotation.lose("command", "known")
    rotation.write("sales", account(rotation.world, metadata="title: Sales"))
    planned = rotation.world.run("plan", "--format", "json")
    assert (0, False) == (planned.code, "secretSourceFailed" in planned.out)


def test_a_grant_lets_a_secret_go_that_could_not_be_compared(rotation: Rotation) -> None:
    """Where a known reference cannot be read, the grant that the message prints is the other way on."""
    rotation.record(rotation.put("variable", "known", FIRST))
    rotation.lose("variable", "known")
    rotation.world.server.users["new@example.com"] = NEW
    login = f"password: {rotation.put('variable', 'fresh', NEW)}"
    rotation.write("fresh", account(rotation.world, "fresh", username="new@example.com", login=login))
    told = rotation.assert_withheld("plan").document["diagnostics"]
    (detail,) = [each["detail"] for each in told if each["code"] == "credentialWithheld"]
    (line,) = [each.strip() for each in detail.splitlines() if each.strip().startswith("- {secret:")]
    rotation.protect()
    text = rotation.world.protected_file.read_text(encoding="utf-8")
    rotation.world.protected_file.write_text(text.replace("secrets:\n", f"secrets:\n  grants:\n    {line}\n", 1))
    rotation.apply()
    assert "active" == rotation.project.statuses()["fresh"]
