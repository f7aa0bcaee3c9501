"""The block of grants to paste: whole, as short as it can be, and nothing in it that was not withheld."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.grants import Secrets
from reconciler.model.secrets.routes import Route, SecretRoute, TokenOrigin
from reconciler.rules.secrets.grantblock import grant_lines
from reconciler.rules.secrets.granted import grants_travel

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Route(username="anna", host="smtp.example.com", port=587, encryption="starttls")
THERE = HERE.model_copy(update={"host": "mx.example.com"})
PRIVATE = HERE.model_copy(update={"ca_digest": "sha256:d"})
IN_FULL = '{host: "smtp.example.com", port: 587, encryption: "starttls", caDigest: "sha256:d"}'
TOKEN = TokenOrigin(url="https://login.example.com/token", client_id="c", grant_type="client_credentials")
TOKEN_TOLD = '{"clientId":"c","grantType":"client_credentials","url":"https://login.example.com/token"}'
WAYS = [
    HERE,
    THERE,
    PRIVATE,
    HERE.model_copy(update={"host": "2001:db8::1", "port": 2587}),
    HERE.model_copy(update={"certificate": "sha256:" + "ab" * 32}),
    HERE.model_copy(update={"proxy": "http://p.example:80"}),
    HERE.model_copy(update={"purpose": "proxy", "encryption": "none"}),
    HERE.model_copy(update={"token": TOKEN}),
    PRIVATE.model_copy(update={"token": TOKEN}),
    HERE.model_copy(update={"username": None, "proof": "signature"}),
    PRIVATE.model_copy(update={"username": None, "proof": "signature"}),
    TOKEN.exchange,
    TOKEN.exchange.model_copy(update={"username": "d"}),
]
LETTERS = [*string.ascii_uppercase, *(f"{a}{b}" for a in string.ascii_uppercase for b in string.ascii_uppercase)][:150]
MANY = [f"env:SMTP_{letters}_PASSWORD" for letters in LETTERS]


def travels(secrets: Iterable[str], *routes: Route) -> list[SecretRoute]:
    """Return each secret on each route, every one under a user name of its own where the route has a server."""
    return [
        SecretRoute(
            secret=secret,
            route=route if route.purpose == "oauth2" else route.model_copy(update={"username": f"u{number}"}),
        )
        for number, secret in enumerate(secrets)
        for route in routes
    ]


def granted(lines: list[str], travel: SecretRoute) -> bool:
    """Tell whether the block, pasted into a project file, allows a secret its route."""
    block = yaml.safe_load("grants:\n" + "\n".join(f"  - {line}" for line in lines))
    return any(grants_travel(grant, travel, "accounts.d/a.yaml") for grant in Secrets.model_validate(block).grants)


@pytest.mark.parametrize(
    ("withheld", "others", "expected"),
    [
        pytest.param(
            travels(MANY, HERE), [], ['{secret: "env:SMTP_*_PASSWORD", servers: ["smtp.example.com:587"]}'],
            id="150 of one server",
        ),
        pytest.param(
            travels(MANY, HERE, THERE), [],
            ['{secret: "env:SMTP_*_PASSWORD", servers: ["mx.example.com:587", "smtp.example.com:587"]}'],
            id="150 of two servers",
        ),
        pytest.param(
            travels(MANY, PRIVATE), [],
            [f'{{secret: "env:SMTP_*_PASSWORD", route: {IN_FULL}}}'],
            id="user names of a route are left open",
        ),
        pytest.param(
            travels(MANY, HERE), ["env:SMTP_RELAY_TOKEN", "env:OTHER", "file:secrets/SMTP_X_PASSWORD"],
            ['{secret: "env:SMTP_*_PASSWORD", servers: ["smtp.example.com:587"]}'], id="others that end otherwise",
        ),
        pytest.param(
            travels([f"file:secrets/{n:02}/smtp" for n in range(20)] + [f"file:secrets/team/{n:02}/smtp" for n in range(9)],
                    HERE), [], ['{secret: "file:secrets/**/smtp", servers: ["smtp.example.com:587"]}'], id="folders",
        ),
        pytest.param(
            travels([f"vault:{n:02}" for n in range(13)], HERE), [],
            [f'{{secret: "vault:{n:02}", servers: ["smtp.example.com:587"]}}' for n in range(13)],
            id="hardly a common beginning",
        ),
        pytest.param(
            travels([f"env:SMTP_{n:02}" for n in range(12)], HERE), [],
            [f'{{secret: "env:SMTP_{n:02}", servers: ["smtp.example.com:587"]}}' for n in range(12)],
            id="a dozen is listed",
        ),
        pytest.param(
            travels([f"env:SMTP_{n:02}" for n in range(13)], HERE), [],
            ['{secret: "env:SMTP_*", servers: ["smtp.example.com:587"]}'],
            id="more than a dozen is not",
        ),
        pytest.param(
            travels([f"env:MAIL{chr(65 + n)}" for n in range(13)], HERE), [],
            ['{secret: "env:MAIL*", servers: ["smtp.example.com:587"]}'],
            id="a beginning of four letters",
        ),
        pytest.param(
            travels([f"vault:mail:{chr(65 + n)}" for n in range(13)], HERE), [],
            ['{secret: "vault:mail:*", servers: ["smtp.example.com:587"]}'],
            id="a colon in the key",
        ),
        pytest.param(
            travels(["env:SMTP_" + "1" * n for n in range(1, 14)], HERE), [],
            ['{secret: "env:SMTP_1*", servers: ["smtp.example.com:587"]}'],
            id="one the beginning of the next",
        ),
        pytest.param(
            travels([f"env:SMTP_{n:02}_{n % 2}" for n in range(13)], HERE), [],
            ['{secret: "env:SMTP_*", servers: ["smtp.example.com:587"]}'],
            id="another ending between two of one",
        ),
        pytest.param(
            travels([f"file:secrets/{n:02}/smtp" for n in range(13)], HERE), [],
            ['{secret: "file:secrets/*/smtp", servers: ["smtp.example.com:587"]}'],
            id="one folder each",
        ),
        pytest.param(
            travels([f"file:secrets/a?{n:02}" for n in range(13)], HERE), [],
            [f'{{secret: "file:secrets/a?{n:02}", servers: ["smtp.example.com:587"]}}' for n in range(13)],
            id="names that would be globs themselves",
        ),
        pytest.param(
            travels([f"file:secrets/{n:02}?" for n in range(13)], HERE), [],
            [f'{{secret: "file:secrets/{n:02}?", servers: ["smtp.example.com:587"]}}' for n in range(13)],
            id="names that end as globs do",
        ),
        pytest.param(
            travels([f"env:BOX{chr(65 + n)}" for n in range(13)], HERE), [],
            [f'{{secret: "env:BOX{chr(65 + n)}", servers: ["smtp.example.com:587"]}}' for n in range(13)],
            id="a beginning of three",
        ),
        pytest.param(
            travels(["env:SMTP_A"], HERE, THERE), [],
            ['{secret: "env:SMTP_A", servers: ["mx.example.com:587", "smtp.example.com:587"]}'],
            id="two servers of one secret",
        ),
        pytest.param(
            travels(["env:SMTP_A"], *(HERE.model_copy(update={"host": f"{letter}.example.com"}) for letter in "hbgcfde")), [],
            ['{secret: "env:SMTP_A", servers: [' + ", ".join(f'"{letter}.example.com:587"' for letter in "bcdefgh") + "]}"],
            id="many servers of one secret",
        ),
        pytest.param(
            travels(["env:SMTP_A"] * 40, PRIVATE), [],
            [f'{{secret: "env:SMTP_A", route: {IN_FULL}}}'],
            id="many user names of one secret",
        ),
    ],
)  # fmt: skip
def test_the_block_is_short(withheld: list[SecretRoute], others: list[str], expected: list[str]) -> None:
    """A dozen lines name each secret; of more a glob stands for those of one server, as narrow as it can be."""
    assert expected == grant_lines(withheld, {*others, *(each.secret for each in withheld)})


def test_secrets_are_parted_where_one_glob_would_cover_another() -> None:
    """Where a glob would cover a secret that is not withheld there, those near it are told one by one."""
    names = [f"env:SMTP_{area}_{number:02}" for area in ("NORTH", "SOUTH", "WEST") for number in range(20)]
    lines = grant_lines(travels(names, HERE), {*names, "env:SMTP_EAST", "env:SMTP_SOUTH_1X"})
    expected = [
        "env:SMTP_NORTH_*",
        "env:SMTP_SOUTH_0*",
        *(f"env:SMTP_SOUTH_{number}" for number in range(10, 20)),
        "env:SMTP_WEST_*",
    ]
    assert [f'{{secret: "{each}", servers: ["smtp.example.com:587"]}}' for each in expected] == lines


@pytest.mark.parametrize(
    ("route", "users", "expected"),
    [
        (PRIVATE, ["anna"], [f'{{username: "anna", {IN_FULL[1:]}']),
        (PRIVATE, ["anna", "berta"], [IN_FULL]),
        (
            TOKEN.exchange,
            ["c", "d"],
            [
                f'{{purpose: "oauth2", username: "{client}", host: "{TOKEN.url}", port: 443, encryption: "tls"}}'
                for client in "cd"
            ],
        ),
        (
            HERE.model_copy(update={"token": TOKEN}),
            ["anna"],
            [f'{{host: "smtp.example.com", port: 587, encryption: "starttls", token: {TOKEN_TOLD}}}'],
        ),
    ],
    ids=["one user", "several users", "the client of a token endpoint", "a token of a direct login"],
)
def test_among_many_a_line_of_one_secret_names_its_user(route: Route, users: list[str], expected: list[str]) -> None:
    """As far as there is one, and it is a login or a proxy that not everybody trusts; a client is always named."""
    single = [SecretRoute(secret="env:X", route=route.model_copy(update={"username": user})) for user in users]
    lines = grant_lines([*travels(MANY, HERE), *single], {*MANY, "env:X"})
    assert [f'{{secret: "env:X", route: {each}}}' for each in expected] == [each for each in lines if "env:X" in each]
    assert len(expected) + 1 == len(lines)


@given(
    withheld=st.lists(
        st.builds(
            SecretRoute,
            secret=st.builds(
                "{}:{}{}".format,
                st.sampled_from(["env", "vault"]),
                st.sampled_from(["SMTP_", "SMTP_NORTH_", "mail/", "mail/team/", ""]),
                st.text("AB/*?_é", min_size=1, max_size=4).filter(lambda key: "//" not in f"/{key}/"),
            ),
            route=st.builds(
                lambda way, user: way if way.purpose == "oauth2" else way.model_copy(update={"username": user}),
                st.sampled_from(WAYS),
                st.sampled_from(["anna", "berta", None]),
            ),
        ),
        min_size=1,
        max_size=60,
    ),
    others=st.lists(
        st.builds("{}:{}{}".format, st.sampled_from(["env", "vault"]), st.sampled_from(["SMTP_", "mail/", ""]),
                  st.text("AB_", min_size=1, max_size=4)),
        max_size=10,
    ),
)  # fmt: skip
def test_the_block_grants_all_that_is_withheld_and_no_other_secret(
    withheld: list[SecretRoute], others: list[str]
) -> None:
    """Read as the project file's, it allows each secret its routes; what else is known it allows none of them."""
    written = {each.secret for each in withheld}
    lines = grant_lines(withheld, {*written, *others})
    assert all(granted(lines, each) for each in withheld)
    is_spelled_as_a_glob = any("*" in secret or "?" in secret for secret in written)
    taken = {(each.secret, each.route.destination) for each in withheld}
    for other in {*written, *others}:
        for each in withheld:
            stray = SecretRoute(secret=other, route=each.route)
            if not is_spelled_as_a_glob and (other, each.route.destination) not in taken:
                assert not granted(lines, stray), (other, lines)
