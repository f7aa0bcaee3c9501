"""Passwords that accounts of different users have in common."""

from __future__ import annotations

import pytest

from reconciler.rules.accounts.desired import resolve
from reconciler.rules.accounts.servers import CaFiles
from reconciler.rules.accounts.sharing import shared_passwords
from tests.rules.states import located

FILE = "accounts.d/accounts.yaml"
MARKETING = (
    "---\napiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {name: accounting}\n"
    "spec: {email: n@example.com, displayName: N}\n"
)


def own(name: str, secret: str, user: str, smtp: str = "host: h.example") -> str:
    """Return an own account's manifest of six lines; its password stands in the last."""
    return (
        f"---\napiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}}}\n"
        f"spec: {{email: {name}@example.com, displayName: A, smtp: {{{smtp}, authentication:\n"
        f"  {{username: {user}, password: {{env: {secret}}}}}}}}}\n"
    )


def relay(password: str) -> str:
    """Return a MailServer with a login."""
    return (
        "---\napiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: relay}\n"
        f"spec: {{host: h.example, authentication: {{username: '{{email}}', password: {{env: {password}}}}}}}\n"
    )


THROUGH = "".join(
    f"---\napiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}}}\n"
    f"spec: {{email: {name}@example.com, displayName: A, smtp: {{server: relay}}}}\n"
    for name in ("c", "d")
)


def told(text: str) -> list[tuple[str, tuple[str, ...], str]]:
    """Return of each warning its code, whom it concerns, and where it is told."""
    manifests = located(text)
    accounts = resolve(manifests, CaFiles({}, {})).accounts
    found = shared_passwords(accounts, {each.manifest.metadata.name: each for each in manifests})
    return [(each.code, each.concerned, str(each.location)) for each in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (MARKETING + own("b", "SMTP_A", "u"), []),
        (MARKETING + own("b", "SMTP_A", "u") + own("c", "SMTP_A", "v"), [("passwordShared", ("b", "c"), f"{FILE}:11:27")]),
        (
            own("a", "SMTP_B", "u") + own("b", "SMTP_B", "v") + own("c", "SMTP_A", "v") + own("d", "SMTP_A", "u"),
            [("passwordShared", ("c", "d"), f"{FILE}:18:27"), ("passwordShared", ("a", "b"), f"{FILE}:6:27")],
        ),
        (own("a", "SMTP_A", "u") + own("b", "SMTP_B", "v"), []),
        (own("a", "SMTP_A", "u") + own("b", "SMTP_A", "U"), []),
        (own("b", "SMTP_A", "v") + own("a", "SMTP_A", "u"), [("passwordShared", ("a", "b"), f"{FILE}:12:27")]),
        (
            own("d", "SMTP_B", "u") + own("c", "SMTP_B", "v") + own("b", "SMTP_A", "v") + own("a", "SMTP_A", "u"),
            [("passwordShared", ("a", "b"), f"{FILE}:24:27"), ("passwordShared", ("c", "d"), f"{FILE}:12:27")],
        ),
        (relay("SMTP_R") + THROUGH, []),
        (relay("SMTP_R") + THROUGH + own("e", "SMTP_R", "e"), []),
    ],
    ids=[
        "no account", "one", "beside one without a server", "in the order of the references", "two secrets", "one user twice", "two users", "two secrets of two users",
        "a server's password is meant to be shared", "and one account has the server's as its own",
    ],
)  # fmt: skip
def test_one_password_of_several_users_is_told(text: str, expected: list[tuple[str, tuple[str, ...], str]]) -> None:
    """Once for each reference, of all accounts that have it of their own, at the password of the first by name."""
    assert expected == told(text)


USERS = {"b": "Sam", "a": "sam", "c": "pat", "d": "lee", "e": "kim"}


def test_the_users_and_the_reference_are_named() -> None:
    """In order, each user once however it is written."""
    manifests = located("".join(own(name, "SMTP_A", user) for name, user in USERS.items()))
    (found,) = shared_passwords(
        resolve(manifests, CaFiles({}, {})).accounts, {each.manifest.metadata.name: each for each in manifests}
    )
    expected = (
        "a, b, c, d, e all log in with env:SMTP_A, and as different users: kim, lee, pat, sam. One value is hardly"
    )
    assert found.detail.startswith(expected)
