"""Objects of Kubernetes: no two consumers write one, however their names come together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.accounts.platform import PlatformServer
from reconciler.model.consumers.settings import Consumer
from reconciler.rules.consumers.objects import shared_objects
from reconciler.rules.consumers.senders import recorded_candidates, wanted_senders
from tests.rules.single import SERVER, VALUES, own
from tests.rules.states import empty_state, state_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.consumers.sender import Candidate

PLATFORM = PlatformServer(server=SERVER.server, ca_digest=None)


def kubernetes(*accounts: str, **parts: Any) -> Consumer:
    """Return a consumer that writes objects of these accounts."""
    usual: dict[str, Any] = {"type": "files", "format": "kubernetes", "path": "/srv/app", "accounts": accounts}
    return Consumer(**{**usual, **parts})


def active(*names: str) -> Mapping[str, Candidate]:
    """Return active accounts of these names."""
    state = state_of([own(name) for name in names], VALUES) if names else empty_state()
    return recorded_candidates(state, PLATFORM, None)


def told(consumers: Mapping[str, Consumer], candidates: Mapping[str, Candidate]) -> list[tuple[str, str, str]]:
    """Return consumer, account and reason of everything that is refused."""
    return [
        (name, each.account, each.reason)
        for name, consumer in consumers.items()
        for each in shared_objects(name, wanted_senders(consumer, candidates), consumers, candidates)
    ]


@pytest.mark.parametrize(
    ("one", "account", "other", "theirs", "written"),
    [
        ("web", "a-b", "web-a", "b", "web-a-b"),
        ("web", "a-b", "web_a", "b", "web-a-b"),
        ("shopWeb", "a", "shopweb", "a", "shopweb-a"),
        ("shop_web", "a", "shop-web", "a", "shop-web-a"),
    ],
)
def test_one_name_of_two_consumers_is_refused_at_both(
    one: str, account: str, other: str, theirs: str, written: str
) -> None:
    """Each says what the other one writes."""
    candidates = active(*sorted({account, theirs}))
    consumers = {one: kubernetes(account, namespace="mail"), other: kubernetes(theirs, namespace="mail")}
    words = "its object {} would be that of {} at the consumer {} too"
    assert [
        (one, account, words.format(written, theirs, other)),
        (other, theirs, words.format(written, account, one)),
    ] == told(consumers, candidates)
    assert [] == told({**consumers, other: kubernetes(theirs, namespace="other")}, candidates)
    assert [] == told({**consumers, other: kubernetes(theirs, format="json")}, candidates)
    assert [] == told({**consumers, other: kubernetes("nobody", namespace="mail")}, candidates)


def test_consumers_of_other_names_write_what_they_like() -> None:
    """One account in several consumers has several objects."""
    assert [] == told({"web": kubernetes("*"), "jobs": kubernetes("*")}, active("a", "b"))
