"""Keys of routes: the texts that routes are compared by, in state too, so they must not change by a letter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.canonical import canonical_json
from reconciler.model.secrets.routes import Delivery, Route, TokenOrigin

WORDS = st.none() | st.text(max_size=6) | st.sampled_from(["null}", 'a"b', "żółw", '"username":null}'])
ROUTES = st.builds(
    Route,
    purpose=st.sampled_from(["smtp", "proxy", "oauth2", "consumer"]),
    username=WORDS,
    host=st.text(max_size=6) | st.just("null}"),
    port=st.integers(0, 65535),
    encryption=st.sampled_from(["starttls", "tls", "none"]),
    proxy=WORDS,
    ca_digest=WORDS,
    certificate=WORDS,
    scope=WORDS,
    proof=st.sampled_from([None, "signature"]),
    token=st.none()
    | WORDS.map(lambda subject: TokenOrigin(url="https://a.example.com/t", subject=subject, grant_type="jwt_bearer")),
    delivery=st.none() | st.text(max_size=3).map(lambda name: Delivery(name=name)),
)


@given(route=ROUTES)
def test_the_key_of_a_route_is_its_canonical_json(route: Route) -> None:
    """Whatever parts it has, and however they are spelled."""
    assert canonical_json(route.model_dump(mode="json")) == route.key


@given(route=ROUTES)
def test_the_destination_of_a_route_is_the_key_of_the_route_for_any_user(route: Route) -> None:
    """Also where the mailbox of a service account is what tells users apart."""
    assert canonical_json(route.for_any_user.model_dump(mode="json")) == route.destination


@given(one=ROUTES, other=ROUTES)
def test_routes_that_differ_have_different_keys(one: Route, other: Route) -> None:
    """No two spellings run into each other."""
    assert (one == other) is (one.key == other.key)
