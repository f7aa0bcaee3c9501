"""What state knows of routes that an earlier version recorded, which did not tell of a login's token."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.secrets.routes import NOWHERE, Route, SecretRoute, TokenOrigin
from reconciler.rules.secrets.judgement import needs_all_accounts
from reconciler.rules.secrets.known import known_routes, needs_accounts
from tests.rules.states import desired_of, state_of

if TYPE_CHECKING:
    from reconciler.model.accounts.recorded import RecordedState

URL = "https://login.example.com/token"


def oauth2(name: str, scope: str, *, secret: str = "env:C") -> str:  # noqa: S107 - a reference
    """Return an account that logs in with a token."""
    source, _, key = secret.partition(":")
    return _account(
        name, f"oauth2: {{tokenUrl: '{URL}', clientId: c, clientSecret: {{{source}: {key}}}, scope: {scope}}}"
    )


def password(name: str, key: str) -> str:
    """Return an account that logs in with a password."""
    return _account(name, f"password: {{env: {key}}}")


def _account(name: str, login: str) -> str:
    return (
        f"---\napiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}}}\nspec:\n  email: {name}@example.com\n"
        f"  displayName: x\n  smtp: {{host: {name}.example.com, authentication: {{username: u, {login}}}}}\n"
    )


def now(text: str, **values: str) -> RecordedState:
    """Return the state that records these accounts, each route with its token."""
    return state_of(desired_of(text), values)


def before(state: RecordedState) -> RecordedState:
    """Return the state as an earlier version recorded it."""
    routes = (each.model_copy(update={"route": each.route.without_token}) for each in state.routes)
    return replace(state, routes=tuple(dict.fromkeys(routes)))


def keys(routes: tuple[SecretRoute, ...]) -> set[tuple[str, str | None, str]]:
    """Return what tells routes apart."""
    return {(each.secret, each.fingerprint, each.route.key) for each in routes if each.route != NOWHERE}


TWO = oauth2("a", "files") + oauth2("b", "mail") + password("p", "P")


def test_what_is_recorded_now_is_known_as_it_is() -> None:
    """Where each login tells of its token there is nothing to find out."""
    state = now(TWO)
    assert state.routes == known_routes(state)
    without = replace(state, accounts={})
    assert state.routes == known_routes(without)
    bare = before(now(password("p", "P")))
    assert bare.routes == known_routes(bare)


@pytest.mark.parametrize(
    ("is_early", "without", "expected"),
    [(True, "", True), (False, "", False), (True, "smtp", False), (True, "oauth2", False)],
)
def test_accounts_are_needed_for_logins_that_do_not_tell_of_their_token(
    without: str, *, is_early: bool, expected: bool
) -> None:
    """That takes both: an exchange, and the login with what it gave, as early versions recorded it."""
    state = now(oauth2("a", "files"))
    routes = (before(state) if is_early else state).routes
    left = tuple(each for each in routes if each.route.purpose != without)
    assert needs_accounts(iter(left)) == expected
    assert needs_all_accounts(replace(state, routes=left)) == expected
    assert not needs_accounts(())


def test_a_key_that_signs_is_no_login() -> None:
    """It may be exchanged for tokens too; that its signature goes to a server is known as it was recorded."""
    state = before(now(TWO))
    signing = next(each for each in state.routes if each.route.purpose == "smtp" and each.secret == "env:C")
    signing = signing.model_copy(update={"route": signing.route.model_copy(update={"proof": "signature"})})
    known = known_routes(replace(state, accounts={}, routes=(*state.routes, signing)))
    assert signing in known


@pytest.mark.parametrize("values", [{}, {"env:C": "one", "env:P": "two"}], ids=["unread", "read"])
def test_a_recorded_account_keeps_its_token(values: dict[str, str]) -> None:
    """Each login is known with the token that its account asks for, with the fingerprint that was recorded."""
    state = state_of(desired_of(TWO), values)
    assert keys(state.routes) == keys(known_routes(before(state)))


def test_the_server_of_the_project_file_keeps_its_token() -> None:
    """What the project file declares is no account of state, and is known likewise."""
    state = now(TWO)
    without = replace(before(state), accounts={})
    assert keys(known_routes(without, state.routes)) == keys(state.routes)


def test_a_login_without_an_account_allows_nothing_and_stays_known() -> None:
    """Which token it took cannot be told; the exchange and the passwords of others stay."""
    state = before(state_of(desired_of(TWO), {"env:C": "one"}))
    found = known_routes(replace(state, accounts={}))
    assert {"oauth2", "smtp"} == {each.route.purpose for each in found if each.route != NOWHERE}
    assert {("env:P", "smtp")} == {(each.secret, each.route.purpose) for each in found if each.route.port == 587}
    assert {each.fingerprint for each in state.routes if each.secret == "env:C"} == {
        each.fingerprint for each in found if each.route == NOWHERE
    }


def test_a_token_counts_where_both_of_its_routes_were_recorded() -> None:
    """An account does not vouch for an exchange or a login that state does not have, as after a revocation."""
    state = before(now(TWO))
    for lost in ("oauth2", "smtp"):
        left = tuple(each for each in state.routes if not (each.route.purpose == lost and _is_of_a(each.route)))
        found = known_routes(replace(state, routes=left))
        assert {"mail"} == {each.route.token.scope for each in found if each.route.token}


def _is_of_a(route: Route) -> bool:
    return route.scope == "files" or route.host == "a.example.com"


def test_a_secret_that_also_logs_in_itself_goes_on_doing_so() -> None:
    """An account that sends it as a password vouches for that."""
    text = oauth2("a", "files") + password("p", "C")
    assert keys(now(text).routes) == keys(known_routes(before(now(text))))


def test_both_uses_at_one_server_are_known() -> None:
    """A login that is an account's password and another's token stays both, in a fixed order."""
    state = before(now(oauth2("a", "files")))
    login = next(each.route for each in state.routes if each.route.purpose == "smtp")
    tokens = [
        TokenOrigin(url=URL, client_id="c", scope="files", grant_type=each)
        for each in ("refresh_token", "client_credentials")
    ]
    declared = [SecretRoute(secret="env:C", route=login.model_copy(update={"token": each})) for each in (None, *tokens)]
    found = [each.route for each in known_routes(state, declared) if each.route.purpose == "smtp"]
    assert [None, "client_credentials", "refresh_token"] == [each.token and each.token.grant_type for each in found]


def test_what_is_revoked_stays_so() -> None:
    """A secret that goes nowhere is left alone."""
    state = before(now(oauth2("a", "files")))
    exchange = [each for each in state.routes if each.route.purpose == "oauth2"]
    revoked = (*exchange, SecretRoute(secret="env:C", route=NOWHERE))
    assert revoked == known_routes(replace(state, routes=revoked))


def test_a_key_that_signs_handshakes_is_no_login_with_a_token() -> None:
    """A client certificate's key that is exchanged for tokens as well keeps its route to the mail server."""
    text = oauth2("a", "files", secret="file:k") + (
        "---\napiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: b}\nspec:\n  email: b@example.com\n"
        "  displayName: x\n  smtp: {host: b.example.com, clientCertificate: {certFile: c.pem, key: {file: k}}}\n"
    )
    state = now(text, **{"file:k": "1"})
    gone = replace(state, accounts={name: each for name, each in state.accounts.items() if name == "a"})
    assert {each.route.key for each in state.routes} == {each.route.key for each in known_routes(gone)}
