"""What is known of accounts that a plan does not look at."""

from __future__ import annotations

import pytest

from reconciler.model.accounts.rest import NOBODY, Facts, Rest, facts_of, own_logins, user_of
from tests.rules.states import desired_of

HEAD = "---\napiVersion: reconciler/v1\nkind: {kind}\nmetadata: {{name: {name}{more}}}\nspec: {{{spec}}}\n"
RELAY = HEAD.format(
    kind="MailServer", name="relay", more="",
    spec="host: h.example, authentication: {username: '{email}', password: {env: RELAY}}",
)  # fmt: skip
PROXY = ", proxy: {type: http, host: q.example, port: 1, username: m, password: {env: PROXY}}"


def own(smtp: str, more: str = "", spec: str = "") -> str:
    """Return an own account."""
    return HEAD.format(
        kind="OwnAccount", name="a", more=more, spec=f"email: A@example.com, displayName: A, smtp: {{{smtp}}}{spec}"
    )


NEWS = HEAD.format(kind="MarketingAccount", name="a", more="", spec="email: n@example.com, displayName: N")
EMPTY = Facts("a", "OwnAccount", "accounts.d/accounts.yaml", None, None, (), (), "", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NEWS, EMPTY._replace(kind="MarketingAccount")),
        (own("host: h.example"), EMPTY),
        (own("host: h.example", ", previousName: b"), EMPTY._replace(previous_name="b")),
        (
            own("host: h.example, authentication: {username: Sales, password: {env: OWN}}"),
            EMPTY._replace(secrets=("env:OWN",), own_logins=("env:OWN",), user="sales"),
        ),
        (
            own("host: h.example, authentication: {username: u, password: {env: OWN}}", spec=PROXY),
            EMPTY._replace(secrets=("env:OWN", "env:PROXY"), own_logins=("env:OWN",), user="u"),
        ),
        (
            RELAY + own("server: relay"),
            EMPTY._replace(server="relay", secrets=("env:RELAY",), user="a@example.com"),
        ),
        (
            RELAY + own("server: relay, authentication: {password: {env: OWN}}"),
            EMPTY._replace(server="relay", secrets=("env:OWN",), own_logins=("env:OWN",), user="a@example.com"),
        ),
    ],
)  # fmt: skip
def test_of_an_account_is_kept_what_rules_of_all_accounts_take(text: str, expected: Facts) -> None:
    """A password that comes from the MailServer is not its own, and one of a proxy is no login."""
    (account,) = desired_of(text)
    assert facts_of(account) == expected
    assert (frozenset(expected.own_logins), expected.user) == (own_logins(account), user_of(account))


@pytest.mark.parametrize("number", range(12))
def test_references_are_kept_in_their_order(number: int) -> None:
    """Facts are saved, and compared with those of a later run: no hash decides in which order they stand."""
    token = f"tokenUrl: 'https://l.example/t', clientId: c, clientSecret: {{env: Z{number}}}, refreshToken: {{env: A{number}}}"
    (account,) = desired_of(own(f"host: h.example, authentication: {{username: u, oauth2: {{{token}}}}}"))
    assert facts_of(account).secrets == (f"env:A{number}", f"env:Z{number}")


def test_it_is_kept_since_when_an_account_waits() -> None:
    """The time is handed in, because state has it and not the manifests."""
    (account,) = desired_of(NEWS)
    assert facts_of(account, pending_since="2026-09-01").pending_since == "2026-09-01"


def test_an_account_meets_others_under_two_names() -> None:
    """Its own, and the one that it says it had."""
    assert EMPTY.names == {"a"}
    assert EMPTY._replace(previous_name="b").names == {"a", "b"}


def test_of_the_rest_it_is_told_what_they_have_together() -> None:
    """References, servers and files each once; and how many send through the platform's server."""
    one = EMPTY._replace(file="1", server="relay", secrets=("env:A", "env:B"))
    two = EMPTY._replace(file="1", server="relay", secrets=("env:B",))
    three, four = (EMPTY._replace(kind="MarketingAccount", file=file) for file in "34")
    rest = Rest((one, two, three, four))
    assert rest.secrets == {"env:A", "env:B"}
    assert rest.servers == {"relay"}
    assert rest.files == {"1", "3", "4"}
    assert rest.through_platform == 2
    assert (len(rest), [*rest]) == (4, [one, two, three, four])


def test_there_is_nobody_in_a_plan_that_is_made_as_a_whole() -> None:
    """The rest is empty, and so is all that is told of it."""
    found = (len(NOBODY), NOBODY.secrets, NOBODY.servers, NOBODY.files, NOBODY.through_platform)
    assert found == (0, frozenset(), frozenset(), frozenset(), 0)
