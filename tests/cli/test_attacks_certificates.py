"""The attacker's table, of a client certificate's key: it signs at the server that it was recorded for, and nowhere else.

A signature in a handshake is of no use elsewhere; but whoever it is made for takes the account for its owner's, and a
key that is sent as a password is lost. So a pull request has it do neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.certified import CERTIFICATE, CLIENT, OTHER, Certified, account, certified
from tests.cli.project import marketing_account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.project import Project

    Attack = Callable[[Certified], None]

_KEY = "{file: secrets/client.key}"


@pytest.fixture
def world(project: Project) -> Iterator[Certified]:
    """Apply the account, as it is before the pull request."""
    with certified(project) as made:
        project.run_well("apply", "--auto-approve")
        yield made


def changed(name: str = "sales", *, at_evil: bool = False, **parts: str) -> Attack:
    """Return the pull request that writes the manifest of an account."""
    return lambda world: world.declare(name, at_evil=at_evil, **parts)


def with_key(reference: str, certificate: str = "certs/client.pem") -> str:
    """Return what declares a certificate with a key."""
    return f"clientCertificate: {{certFile: {certificate}, key: {reference}}}"


def logging_in(secret: str, *, user: str = "x") -> str:
    """Return what declares a login with a password beside nothing else."""
    return f"authentication: {{username: {user}, password: {secret}}}"


def through_a_server(world: Certified) -> None:
    """Have the account take the attacker's host from a MailServer, its certificate as before."""
    server = (
        "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: shared}\n"
        f"spec: {{host: localhost, port: {world.evil.port}}}\n---\n"
    )
    world.write("accounts.d/sales.yaml", server + account("sales", 0, server="shared"))


def from_a_server(world: Certified) -> None:
    """Have a MailServer name host and key, and an account none of them."""
    server = (
        "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: shared}\n"
        f"spec: {{host: localhost, port: {world.evil.port}, {CERTIFICATE}}}\n---\n"
    )
    world.write("accounts.d/new.yaml", server + account("new", 0, server="shared", smtp="heloName: mail.example.com"))


def through_a_proxy(world: Certified) -> None:
    """Put a proxy of the attacker's before the right server."""
    world.declare(more=f"  proxy: {{type: socks5, host: localhost, port: {world.evil.port}}}\n")


def as_a_proxys_password(world: Certified) -> None:
    """Have the key sent to a proxy of the attacker's."""
    login = f"username: x, password: {_KEY}"
    world.declare(more=f"  proxy: {{type: socks5, host: localhost, port: {world.evil.port}, {login}}}\n")


def for_a_token(world: Certified) -> None:
    """Have the key sign a request for a token of the attacker's."""
    world.write("secrets/client.pem", CLIENT.pem + CLIENT.key_pem)
    oauth2 = (
        f"oauth2: {{tokenUrl: 'https://localhost:{world.evil.port}/token', clientId: x, clientCertificate: {_KEY}}}"
    )
    world.declare("new", at_evil=True, smtp=f"authentication: {{username: x, {oauth2}}}")


ATTACKS: dict[str, Attack] = {
    "another server": changed(at_evil=True),
    "another server, with another certificate of the key": changed(
        at_evil=True, smtp=with_key(_KEY, "certs/renewed.pem")
    ),
    "another server, under another name of the key": changed(at_evil=True, smtp=with_key("{file: secrets/copy.key}")),
    "another server, by a variable": changed(at_evil=True, smtp=with_key("{env: SMTP_COPY}")),
    "a new account at another server": changed("new", at_evil=True),
    "a new account, under another name of the key": changed("new", at_evil=True, smtp=with_key("{env: SMTP_COPY}")),
    "another server, through a MailServer": through_a_server,
    "a MailServer that names the key": from_a_server,
    "a proxy on the way": through_a_proxy,
    "another CA trusted on the way": changed(smtp=f"{CERTIFICATE}\n    caFile: certs/other-ca.pem"),
    "another certificate of the server's pinned": changed(smtp=f"{CERTIFICATE}\n    certificate: sha256:{'e' * 64}"),
    "another encryption": changed(encryption="tls"),
    "the key as a password at the right server": changed(smtp=logging_in(_KEY)),
    "the key as a password at another server": changed("new", at_evil=True, smtp=logging_in(_KEY)),
    "the copy as a password": changed("new", at_evil=True, smtp=logging_in("{env: SMTP_COPY}")),
    "the key as a token": changed("new", at_evil=True, smtp=f"authentication: {{username: x, accessToken: {_KEY}}}"),
    "the key as a proxy's password": as_a_proxys_password,
    "the key for a token": for_a_token,
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_key_signs_for_nobody_else(world: Certified, attack: Attack) -> None:
    """Plan, verify and apply end with 4: the attacker is neither shown a certificate nor sent a key, and none is told."""
    before = len(world.shown.shown)
    attack(world)
    for words in (("plan",), ("verify",), ("apply", "--auto-approve"), ("apply", "--auto-approve", "--hold-failing")):
        refused = world.project.run(*words, "--format", "json")
        assert (4, True) == (refused.code, "credentialWithheld" in refused.codes), (words, refused)
        assert [] == world.leaks(refused)
    assert set(world.shown_to_evil.shown) <= {None}
    assert 0 == world.evil.received(b"AUTH")
    assert set(world.shown.shown[before:]) <= {CLIENT.fingerprint}  # the account as it was, where that is left


def test_the_lines_that_a_refusal_prints_let_it_sign_there_and_not_be_sent(world: Certified) -> None:
    """The grant says that the key signs; the same key is withheld as a password at that very server."""
    world.declare(at_evil=True)
    refused = world.project.run("plan", "--format", "json").document["diagnostics"]
    lines = [line.strip() for each in refused for line in each["detail"].splitlines()]
    (grant,) = [line for line in lines if line.startswith("- {secret:")]
    assert 'proof: "signature"' in grant
    world.project.write_project(f"secrets:\n  grants:\n    {grant}\n")
    world.project.run_well("apply", "--auto-approve")
    assert {CLIENT.fingerprint} == set(world.shown_to_evil.shown)
    world.declare(at_evil=True, smtp=logging_in(_KEY))
    assert 4 == world.project.run("plan").code


def test_a_grant_for_servers_does_not_speak_of_signing(world: Certified) -> None:
    """``servers`` lets a secret itself go; nobody should have to write that for a key that must never be sent."""
    world.declare(at_evil=True)
    grant = f'{{secret: "file:secrets/client.key", servers: ["localhost:{world.evil.port}"]}}'
    world.project.write_project(f"secrets:\n  grants:\n    - {grant}\n")
    refused = world.project.run("plan", "--format", "json")
    assert (4, True) == (refused.code, "credentialWithheld" in refused.codes)


def test_a_first_use_is_one_journey(project: Project) -> None:
    """A key that state has never seen goes to one server; to two of them only by a grant, as a password does."""
    with certified(project) as world:
        world.declare("second", at_evil=True)
        assert 4 == project.run("plan").code
        assert [] == world.shown_to_evil.shown
        project.remove_account("second")
        world.declare("second")
        project.run_well("apply", "--auto-approve")
        assert {CLIENT.fingerprint} == set(world.shown.shown)


PLATFORM = (
    "platform:\n  approval: automatic\n  smtp: {{host: localhost, port: {port}, clientCertificate: "
    "{{certFile: certs/other.pem, key: {{file: secrets/other.key}}}}}}\n"
)


def test_the_platforms_key_signs_for_the_platform_alone(world: Certified) -> None:
    """The project file reserves it: an account that names it at another server is withheld, and so is a copy."""
    world.project.write_project(PLATFORM.format(port=world.right.port))
    world.write("accounts.d/news.yaml", marketing_account("news"))
    world.project.run_well("apply", "--auto-approve")
    assert OTHER.fingerprint == world.shown.shown[-1]
    world.write("secrets/another.key", OTHER.key_pem)
    for key in ("{file: secrets/other.key}", "{file: secrets/another.key}"):
        world.declare("new", at_evil=True, smtp=with_key(key, "certs/other.pem"))
        refused = world.project.run("plan", "--format", "json")
        assert (4, True) == (refused.code, "credentialWithheld" in refused.codes)
    assert set(world.shown_to_evil.shown) <= {None}


def test_a_link_to_a_certificate_outside_is_not_followed(world: Certified) -> None:
    """What lies outside the project folder is nobody's certificate, though it holds one."""
    outside = world.project.folder.parent / "outside.pem"
    outside.write_text(CLIENT.pem, encoding="utf-8")
    (world.project.folder / "certs" / "link.pem").symlink_to(outside)
    world.declare(smtp=with_key(_KEY, "certs/link.pem"))
    refused = world.project.run("plan", "--format", "json")
    assert (1, ["certFileUnusable"]) == (refused.code, refused.codes)
