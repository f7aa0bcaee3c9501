"""Which secret may travel where: what state knows, what a grant covers, and the first journey of a new secret."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from reconciler.model.environments import SeparatedSecrets
from reconciler.model.granted import Grant
from reconciler.model.secrets.routes import Delivery, Route, SecretRoute, TokenOrigin, route_to
from reconciler.rules.secrets.granted import grants_travel
from reconciler.rules.secrets.grants import withheld_reason
from reconciler.rules.secrets.routes import RouteRegister, Verdict, every_route, judge_routes
from reconciler.rules.verification.missing import check_using
from tests.rules.single import Claim
from tests.rules.states import desired_of, project

TODAY = date(2026, 9, 1)
HERE = Route(username="anna", host="smtp.example.com", port=587, encryption="starttls")
THERE = HERE.model_copy(update={"host": "smtp.example.net"})
TOKEN = Route(purpose="oauth2", username="c", host="https://login.example.com/token", port=443, encryption="tls")
PROXY = Route(purpose="proxy", username="m", host="proxy.example.com", port=1080, encryption="none")


def travel(secret: str = "env:SMTP_A", route: Route = HERE, *, value: str | None = None) -> SecretRoute:  # noqa: S107
    """Return a secret on a route; ``value`` stands for its fingerprint."""
    return SecretRoute(secret=secret, fingerprint=value, route=route)


def judged(
    *travels: SecretRoute | tuple[SecretRoute, ...],
    recorded: tuple[SecretRoute, ...] = (),
    reserved: tuple[SecretRoute, ...] = (),
    values: dict[str, str] | None = None,
    **secrets: Any,
) -> Verdict:
    """Return the verdict on accounts a, b, ... with these secrets each.

    Without ``values`` every known reference was read, and holds what the accounts have of it, else what was recorded.
    """
    each = [found if isinstance(found, tuple) else (found,) for found in travels]
    claims = [Claim(chr(ord("a") + number), "accounts.d/x.yaml", found) for number, found in enumerate(each)]
    rules = project(secrets=secrets).secrets
    if values is None:
        values = {known.secret: known.fingerprint or f"of {known.secret}" for known in (*recorded, *reserved)}
        values |= {sent.secret: sent.fingerprint for found in each for sent in found if sent.fingerprint}
    return judge_routes(claims, recorded, secrets=rules, today=TODAY, values=values, reserved=reserved)


@pytest.mark.parametrize(
    ("recorded", "asked", "is_withheld"),
    [
        (travel(value="f1"), travel(value="f1"), False),
        (travel(value="f1"), travel(route=THERE, value="f1"), True),
        (travel(value="f1"), travel(route=THERE, value="f2"), True),
        (travel(value="f1"), travel(route=THERE), True),
        (travel(), travel(route=THERE), True),
        (travel(value="f1"), travel("env:SMTP_B", THERE, value="f1"), True),
        (travel(value="f1"), travel("env:SMTP_B", value="f1"), False),
        (travel(value="f1"), travel("env:SMTP_B", THERE, value="f2"), False),
        (travel(), travel("env:SMTP_B", THERE), False),
        (travel(), travel(value="f1"), False),
        (travel(value="f1"), travel(value="f2"), False),
    ],
    ids=[
        "as recorded",
        "known by both, elsewhere",
        "known by reference, elsewhere",
        "known by reference, unread, elsewhere",
        "recorded unread, elsewhere",
        "known by value, elsewhere",
        "known by value, the same route",
        "unknown",
        "unknown and unread",
        "recorded unread, read now",
        "rotated",
    ],
)
def test_a_known_secret_travels_only_its_routes(
    recorded: SecretRoute, asked: SecretRoute, *, is_withheld: bool
) -> None:
    """A secret is known by its reference or its value, and then goes only where state has recorded it to go."""
    assert ({"a": (asked,)} if is_withheld else {}) == judged(asked, recorded=(recorded,)).withheld


def test_a_register_compares_references_in_normal_form() -> None:
    """What an earlier version has recorded under another spelling is the same secret, with the same routes."""
    was, now = (SecretRoute(secret=f"file:{key}", route=HERE) for key in ("secrets//x", "secrets/x"))
    register = RouteRegister([was])
    assert (True, True) == (register.knows(now), register.allows(now))
    elsewhere = now.model_copy(update={"route": HERE.model_copy(update={"host": "other.example.com"})})
    assert register.keeps(elsewhere)
    valued = RouteRegister([was.model_copy(update={"fingerprint": "f"})])
    assert valued.allows(now.model_copy(update={"fingerprint": "f"}))
    assert valued.allows(now.model_copy(update={"fingerprint": "g"}))


def test_a_register_knows_nothing_of_what_it_was_not_told() -> None:
    """An empty register neither knows, keeps nor allows a secret, read or not."""
    empty = RouteRegister([])
    for asked in (travel(), travel(value="f1")):
        assert not empty.knows(asked)
        assert not empty.keeps(asked)
        assert not empty.allows(asked)


@pytest.mark.parametrize(
    ("asked", "is_kept"),
    [
        (travel(route=THERE, value="f1"), True),
        (travel("env:SMTP_B", THERE, value="f1"), True),
        (travel(value="f1"), False),
        (travel("env:SMTP_B", THERE, value="f2"), False),
    ],
)
def test_a_secret_of_the_project_file_is_not_borrowed_before_its_first_use(
    asked: SecretRoute, *, is_kept: bool
) -> None:
    """A secret that only the project file's own route names makes no first journey elsewhere."""
    verdict = judged(asked, reserved=(travel(value="f1"),))
    assert is_kept == bool(verdict.withheld)


def test_a_value_read_as_that_of_another_reference_stays_where_that_one_goes() -> None:
    """A route recorded unread counts under its own reference, and no longer once the value is known as another's."""
    unread = travel("env:SMTP_B", THERE)
    read = travel("env:SMTP_B", THERE, value="f1")
    known_of_both = (travel(value="f1"), unread, travel("env:SMTP_B", value="f1"))
    assert {} == judged(read, recorded=(unread, travel("env:SMTP_B", value="f1"))).withheld
    assert {"a": (read,)} == judged(read, recorded=known_of_both).withheld


@pytest.mark.parametrize(
    ("travels", "withheld"),
    [
        ([travel(), travel()], []),
        ([travel(), travel(route=HERE.model_copy(update={"username": "ola"}))], []),
        ([travel(), travel(route=THERE)], ["a", "b"]),
        ([travel(value="f1"), travel("env:SMTP_B", THERE, value="f1")], ["a", "b"]),
        ([travel(value="f1"), travel("env:SMTP_B", THERE, value="f2")], []),
        ([travel(value="f1"), travel(route=THERE, value="f2")], []),
        ([travel(), travel("env:SMTP_B", THERE)], []),
        ([(travel(), travel(route=THERE))], ["a"]),
        ([(travel(route=TOKEN), travel())], []),
        ([(travel(route=TOKEN), travel()), (travel(), travel(route=TOKEN))], []),
        ([(travel(route=TOKEN), travel()), (travel(route=TOKEN), travel(route=THERE))], ["a", "b"]),
        ([(travel(route=TOKEN), travel()), travel()], ["a", "b"]),
        ([(travel(route=TOKEN), travel(), travel(route=PROXY))], ["a"]),
        ([(travel(), travel(route=PROXY))], ["a"]),
        ([travel(route=PROXY), travel(route=PROXY)], []),
    ],
    ids=[
        "shared",
        "two users of one server",
        "two servers",
        "one value, two servers",
        "two values, two servers",
        "one reference with two values",
        "two references, unread",
        "two routes of one account",
        "a token endpoint and its login",
        "the same in another order",
        "one token, two servers",
        "a token and a password",
        "a token that is a proxy's password too",
        "a password that is a proxy's too",
        "a shared proxy",
    ],
)
def test_a_new_secret_makes_one_journey(
    travels: list[SecretRoute | tuple[SecretRoute, ...]], withheld: list[str]
) -> None:
    """For whoever it is, a secret that nobody knows goes to one destination, or through one token endpoint to one."""
    assert withheld == sorted(judged(*travels).withheld)
    assert withheld == sorted(judged(*reversed(travels)).withheld) or len(set(map(str, travels))) > 1


def test_what_is_known_does_not_crowd_what_is_new() -> None:
    """A secret's recorded routes are no journeys; only new secrets are counted."""
    token = (travel(route=TOKEN), travel())
    verdict = judged(token, travel("env:SMTP_B", THERE), recorded=token)
    assert {} == verdict.withheld
    both = judged(travel(value="f1"), travel(route=THERE, value="f1"), recorded=(travel(value="f1"),))
    assert ["b"] == sorted(both.withheld)


@pytest.mark.parametrize("recorded", [travel(value="f0"), travel()], ids=["rotated since", "recorded unread"])
def test_the_new_value_of_a_known_secret_is_no_new_secret(recorded: SecretRoute) -> None:
    """A value that a known reference has by now makes no first journey to another server under another reference."""
    known, borrowed = travel(value="f1"), travel("env:SMTP_B", THERE, value="f1")
    assert {"b": (borrowed,)} == judged(known, borrowed, recorded=(recorded,)).withheld
    assert {} == judged(known, travel("env:SMTP_B", value="f1"), recorded=(recorded,)).withheld


def test_every_secret_of_an_account_is_judged() -> None:
    """A secret that may travel does not let the next one pass unseen."""
    known, new = travel(), travel("env:SMTP_B", THERE)
    verdict = judged((known, new), recorded=(known,), firstUse="grant")
    assert {"a": (new,)} == verdict.withheld


def test_first_use_may_need_a_grant() -> None:
    """With firstUse: grant a secret that nobody knows is withheld until a grant covers it."""
    grant = {"secret": "env:SMTP_A", "servers": ["smtp.example.com"]}
    assert {"a": (travel(),)} == judged(travel(), firstUse="grant").withheld
    verdict = judged(travel(), firstUse="grant", grants=[grant])
    assert ({}, ("env:SMTP_A to smtp.example.com:587",)) == (verdict.withheld, verdict.grants_used)


def test_what_another_environment_may_name_has_no_first_use() -> None:
    """It needs a grant, and what no other environment may name does not."""
    rules = SeparatedSecrets(environment="staging", allowed_elsewhere=("env:SMTP_A",))
    claims = [Claim("a", "a.yaml", (travel(),)), Claim("b", "b.yaml", (travel("env:SMTP_B", THERE),))]
    assert ["a"] == [*judge_routes(claims, (), secrets=rules, today=TODAY, values={}).withheld]


def test_grants_are_told_in_order() -> None:
    """Grants used, and grants that have run out, are each told once, in order."""
    names = [f"SMTP_{letter}" for letter in "HEDGACBF"]
    travels = [travel(f"env:{name}") for name in names]
    grants = [{"secret": f"env:{name}", "servers": ["smtp.example.com"]} for name in names]
    verdict = judged(*travels, *travels, firstUse="grant", grants=grants)
    assert (tuple(f"env:{name} to smtp.example.com:587" for name in sorted(names)), ()) == (
        verdict.grants_used,
        verdict.expired,
    )
    over = judged(*travels, firstUse="grant", grants=[{**grant, "expires": "2026-08-31"} for grant in grants])
    assert ((), tuple(f"env:{name} until 2026-08-31" for name in sorted(names))) == (over.grants_used, over.expired)


def test_a_grant_holds_to_its_last_day() -> None:
    """The day of expiry is the last one on which a grant allows."""
    grant = {"secret": "env:*", "servers": ["smtp.example.com"], "expires": "2026-09-01"}
    assert {} == judged(travel(), firstUse="grant", grants=[grant]).withheld
    over = {**grant, "expires": "2026-08-31"}
    assert ("env:* until 2026-08-31",) == judged(travel(), firstUse="grant", grants=[over]).expired
    assert {} == judged(travel(), firstUse="grant", grants=[over, grant]).withheld


def grant(**parts: Any) -> Grant:
    """Return a grant of every secret."""
    return Grant.model_validate({"secret": "env:*", **parts}, by_name=False)


def changed(**parts: Any) -> Route:
    """Return the route with other parts."""
    return HERE.model_copy(update=parts)


@pytest.mark.parametrize(
    ("servers", "route", "expected"),
    [
        (["smtp.example.com"], HERE, True),
        (["smtp.example.com"], changed(port=465, encryption="tls"), True),
        (["smtp.example.com"], changed(port=2525), True),
        (["smtp.example.com"], changed(port=25), False),
        (["smtp.example.com:25"], changed(port=25), True),
        (["smtp.example.com:25"], HERE, False),
        (["smtp.example.net:587"], HERE, False),
        (["other.example", "smtp.example.com"], HERE, True),
        (["SMTP.example.com"], HERE, True),
        (["other.example"], HERE, False),
        (["smtp.example.com"], changed(encryption="none"), False),
        (["smtp.example.com"], changed(proxy="http://proxy.example.com:80"), False),
        (["smtp.example.com"], changed(ca_digest="d"), False),
        (["smtp.example.com"], changed(certificate="sha256:d"), False),
        (["smtp.example.com"], changed(purpose="proxy"), False),
        (["smtp.example.com"], changed(purpose="oauth2"), False),
        (["[::1]:587"], changed(host="::1"), False),
        (["::1"], changed(host="::1"), True),
    ],
)
def test_servers_grant_a_direct_login_with_tls(servers: list[str], route: Route, *, expected: bool) -> None:
    """A server stands for itself, directly and encrypted, at the usual ports or the one it names; nothing else."""
    assert expected == grants_travel(grant(servers=servers), travel(route=route), "a.yaml")


GRANTED = {"host": "smtp.example.com", "port": 587, "encryption": "starttls", "username": "anna"}


@pytest.mark.parametrize(
    "parts",
    [
        {"host": "other.example"},
        {"port": 25},
        {"encryption": "tls"},
        {"username": "ola"},
        {"username": None},
        {"ca_digest": "d" * 64},
        {"certificate": "sha256:" + "d" * 64},
        {"proxy": "socks5://proxy.example.com:1080"},
        {"purpose": "proxy"},
        {"scope": "mail.send"},
        {"proof": "signature"},
    ],
)
def test_a_granted_route_is_that_route_alone(parts: dict[str, Any]) -> None:
    """Any difference makes it another route, which the grant does not cover."""
    assert grants_travel(grant(route=GRANTED), travel(), "a.yaml")
    assert not grants_travel(grant(route=GRANTED), travel(route=changed(**parts)), "a.yaml")


DELIVERED = Delivery(name="box", path="/etc/box", command=("put",), after=("reload",), environment=("TOKEN",))
GRANTED_DELIVERY: dict[str, Any] = {
    "name": "box",
    "path": "/etc/box",
    "command": ["put"],
    "after": ["reload"],
    "environment": ["TOKEN"],
}


@pytest.mark.parametrize(
    "parts",
    [{"name": "other"}, {"path": "/srv/box"}, {"command": ["get"]}, {"after": ["restart"]}, {"environment": None}],
)
def test_a_granted_consumer_is_that_consumer_alone(parts: dict[str, Any]) -> None:
    """As it is declared: any difference in its place or its commands makes it another."""
    delivery = travel(route=route_to(DELIVERED))
    assert grants_travel(grant(consumer=GRANTED_DELIVERY), delivery, "a.yaml")
    assert not grants_travel(grant(consumer={**GRANTED_DELIVERY, **parts}), delivery, "a.yaml")


def test_logins_and_consumers_are_granted_apart() -> None:
    """Neither a server nor a route grants a consumer, nor a consumer a login."""
    assert not grants_travel(grant(consumer=GRANTED_DELIVERY), travel(), "a.yaml")
    there = {**GRANTED, "host": "box", "port": 1, "encryption": "none", "username": None}
    delivery = travel(route=route_to(DELIVERED).model_copy(update={"port": 1}))
    for other in (grant(servers=["box", "box:1"]), grant(route=there)):
        assert not grants_travel(other, delivery, "a.yaml")


@pytest.mark.parametrize(
    ("scope", "expected"), [("a b", True), ("a", False), (None, False)], ids=["the same words", "fewer", "none"]
)
def test_a_granted_scope_is_its_words(scope: str | None, *, expected: bool) -> None:
    """In whatever order they are written; another scope makes it another route."""
    token = grant(route={"purpose": "oauth2", "host": TOKEN.host, "port": 443, "encryption": "tls", "scope": "b a"})
    assert expected == grants_travel(token, travel(route=TOKEN.model_copy(update={"scope": scope})), "a.yaml")


def test_a_granted_route_without_a_user_name_is_anybodys() -> None:
    """Left out of the grant, the user name may be any, or none."""
    anybody = grant(route={key: value for key, value in GRANTED.items() if key != "username"})
    assert [True, True] == [
        grants_travel(anybody, travel(route=changed(username=name)), "a.yaml") for name in ("ola", None)
    ]


@pytest.mark.parametrize(
    ("secret", "manifests", "expected"),
    [
        ("env:SMTP_*", None, True),
        ("env:OTHER", None, False),
        ("env:*", "accounts.d/**", True),
        ("env:*", "other/**", False),
    ],
)
def test_a_grant_speaks_of_secrets_and_manifests(secret: str, manifests: str | None, *, expected: bool) -> None:
    """A grant covers the secrets that its glob matches, named by the manifests that its other glob matches, or all."""
    covering = grant(secret=secret, servers=["smtp.example.com"], manifests=manifests)
    assert expected == grants_travel(covering, travel(), "accounts.d/a.yaml")


def test_whoever_sends_nothing_has_nothing_withheld() -> None:
    """Of an untrusted project all that would travel is withheld, and no account is named that has no secret."""
    claims = [Claim("a", "a.yaml", (travel(),)), Claim("b", "b.yaml", ())]
    assert {"a": (travel(),)} == every_route(claims)


KNOWN = travel(value="f1")
BORROWED = travel("env:SMTP_B", THERE, value="f2")


@pytest.mark.parametrize(
    ("values", "asked", "is_withheld"),
    [
        ({"env:SMTP_A": "f1"}, BORROWED, False),
        ({"env:SMTP_A": "f2"}, BORROWED, True),
        ({"env:SMTP_A": "f2"}, travel("env:SMTP_B", value="f2"), False),
        ({"env:SMTP_A": "f2"}, travel(value="f2"), False),
        ({"env:SMTP_A": "f2"}, travel("env:SMTP_B", THERE, value="f1"), True),
        ({"env:SMTP_A": "f2"}, travel("env:SMTP_B", value="f1"), False),
        ({}, BORROWED, True),
        ({"env:SMTP_B": "f2"}, BORROWED, True),
        ({"env:SMTP_A": "f3", "env:SMTP_C": "f2"}, BORROWED, False),
        ({}, travel("env:SMTP_B", THERE), False),
        ({}, KNOWN, False),
    ],
    ids=[
        "another value",
        "the value that the known one has now",
        "the same, where the known one goes",
        "rotated",
        "the value that was recorded",
        "the same, where it was recorded to go",
        "not compared",
        "only itself read",
        "as an unknown reference",
        "not read",
        "known",
    ],
)
def test_a_first_use_is_compared_with_what_known_references_hold_now(
    values: dict[str, str], asked: SecretRoute, *, is_withheld: bool
) -> None:
    """A value that a known reference has by now is known; while one was not read, nothing new is let go."""
    assert is_withheld == bool(judged(asked, recorded=(KNOWN,), values=values).withheld)


def test_what_is_wanted_for_a_comparison_is_told() -> None:
    """A first use asks for the references of state and of the project file, less its own, and names what it lacked."""
    declared = travel("env:SMTP_P", value="f9")
    verdict = judged(
        BORROWED, recorded=(KNOWN, travel("env:SMTP_C")), reserved=(declared,), values={"env:SMTP_C": "f3"}
    )
    assert frozenset({"env:SMTP_A", "env:SMTP_P"}) == verdict.not_compared
    assert {"a": (BORROWED,)} == verdict.withheld
    own = judged(declared, recorded=(KNOWN,), reserved=(declared,), values={})
    assert ({"a": (declared,)}, frozenset({"env:SMTP_A"})) == (own.withheld, own.not_compared)


@pytest.mark.parametrize(
    ("asked", "secrets"),
    [
        (travel("env:SMTP_B", THERE), {}),
        (travel(route=THERE, value="f1"), {}),
        (BORROWED, {"firstUse": "grant"}),
        (BORROWED, {"grants": [{"secret": "env:SMTP_B", "servers": ["smtp.example.net"]}]}),
    ],
    ids=["not read", "known", "needs a grant anyway", "granted"],
)
def test_nothing_is_wanted_where_it_would_decide_nothing(asked: SecretRoute, secrets: dict[str, Any]) -> None:
    """Values are asked for only where a first use hangs on them."""
    verdict = judged(asked, recorded=(KNOWN,), values={}, **secrets)
    assert frozenset() == verdict.not_compared


def test_every_first_use_tells_what_it_lacks() -> None:
    """What is wanted of one account is not forgotten for the next, and one that may go does not hide another."""
    lacking = judged(BORROWED, travel("env:SMTP_C", value="f5"), recorded=(KNOWN, travel("env:SMTP_C")), values={})
    assert frozenset({"env:SMTP_A", "env:SMTP_C"}) == lacking.not_compared
    moved = travel(route=THERE, value="f1")
    assert {"a": (moved,)} == judged((BORROWED, moved), recorded=(KNOWN,)).withheld


def test_what_the_project_files_secret_holds_now_is_not_borrowed() -> None:
    """It is recognised by the value that was read for it, though its route tells of none."""
    values = {"env:SMTP_P": "f2"}
    assert {"a": (BORROWED,)} == judged(BORROWED, reserved=(travel("env:SMTP_P"),), values=values).withheld


def test_a_grant_is_not_used_for_what_is_recorded() -> None:
    """Only what state does not allow needs a grant."""
    grants = [{"secret": "env:*", "servers": ["smtp.example.com"]}]
    assert Verdict({}, ()) == judged(KNOWN, recorded=(KNOWN,), grants=grants)


def test_where_nothing_is_read_first_uses_are_not_compared() -> None:
    """Whoever judges without sending leaves the comparison to who sends."""
    rules = project().secrets
    verdict = judge_routes([Claim("a", "", (BORROWED,))], (KNOWN,), secrets=rules, today=TODAY, values=None)
    assert Verdict({}, ()) == verdict


UNREAD = travel("env:SMTP_B", THERE)
READ = travel("env:SMTP_B", THERE, value="f2")


@pytest.mark.parametrize(
    ("values", "recorded", "is_withheld"),
    [
        ({"env:SMTP_B": "f2", "env:SMTP_A": "f1"}, (KNOWN, UNREAD), False),
        ({"env:SMTP_B": "f2", "env:SMTP_A": "f2"}, (KNOWN, UNREAD), True),
        ({"env:SMTP_B": "f2", "env:SMTP_A": "f2"}, (travel(), UNREAD), True),
        ({"env:SMTP_B": "f2", "env:SMTP_A": "f2"}, (travel(route=THERE), UNREAD), False),
        ({"env:SMTP_B": "f2", "env:SMTP_A": "f2"}, (KNOWN, travel("env:SMTP_B", THERE, value="f0")), False),
        ({"env:SMTP_B": "f2"}, (KNOWN, UNREAD), True),
        ({"env:SMTP_B": "f2", "env:SMTP_A": "f1"}, (travel(value="f2"), UNREAD), True),
        (
            {"env:SMTP_B": "f2", "env:SMTP_A": "f2"},
            (UNREAD, travel("env:SMTP_B", value="f2"), travel(route=THERE)),
            False,
        ),
    ],
    ids=[
        "another's",
        "what another holds now",
        "what another unread one holds",
        "both go there",
        "compared",
        "unreadable",
        "what another held",
        "what itself had elsewhere, and another holds that goes there",
    ],
)
def test_a_route_recorded_unread_is_compared_with_what_others_hold_now(
    values: dict[str, str], recorded: tuple[SecretRoute, ...], *, is_withheld: bool
) -> None:
    """It counts until its value turns out to be what another known reference holds, which does not go there."""
    assert is_withheld == bool(judged(READ, recorded=recorded, values=values).withheld)


def test_a_route_recorded_unread_asks_for_a_comparison() -> None:
    """It waits for all that is known, unless a grant lets it go; once compared, or as a known one's value, it does not."""
    read = {"env:SMTP_B": "f2"}
    verdict = judged(READ, recorded=(KNOWN, UNREAD), values=read)
    assert (frozenset({"env:SMTP_A"}), {"a": (READ,)}) == (verdict.not_compared, verdict.withheld)
    grants = [{"secret": "env:SMTP_B", "servers": ["smtp.example.net"]}]
    assert {} == judged(READ, recorded=(KNOWN, UNREAD), values=read, grants=grants, firstUse="grant").withheld
    assert Verdict({}, ()) == judged(READ, recorded=(KNOWN, READ), values=read)
    assert Verdict({}, ()) == judged(UNREAD, recorded=(KNOWN, UNREAD), values={})
    stand_in = travel("env:SMTP_N", value="f1")
    assert Verdict({}, ()) == judged(
        stand_in, recorded=(travel(value="f0"), travel("env:SMTP_C")), values={"env:SMTP_A": "f1"}
    )


OWN = travel("file:own", THERE, value="own")
OTHERS = travel("file:known", value="f1")
SWAPPED = travel("file:own", THERE, value="f1")
SAME_SERVER = THERE.model_copy(update={"username": "bert"})


@pytest.mark.parametrize(
    ("recorded", "asked", "values", "is_withheld"),
    [
        ((OTHERS, OWN), SWAPPED, {}, True),
        ((OTHERS, travel("env:OWN", THERE, value="own")), travel("env:OWN", THERE, value="f1"), {}, False),
        ((OTHERS, OWN), travel("file:own", THERE, value="new"), {}, False),
        ((OTHERS, OWN), travel("file:own", THERE), {}, False),
        ((OTHERS, OWN), travel("file:own", THERE, value="f2"), {"file:known": "f2"}, True),
        (
            (OTHERS, travel("safe:own", THERE, value="own")),
            travel("safe:own", THERE, value="f2"),
            {"file:known": "f2"},
            True,
        ),
        ((OTHERS, OWN, SWAPPED), SWAPPED, {}, False),
        ((OTHERS, OWN, travel("file:third", THERE, value="f1")), SWAPPED, {}, False),
        ((OTHERS, OWN, travel("file:known", SAME_SERVER, value="f0")), SWAPPED, {}, False),
        ((travel("file:known", SAME_SERVER, value="f1"), OWN), SWAPPED, {}, False),
        ((OTHERS, OWN, travel("file:known", value="own")), SWAPPED, {}, False),
        ((OTHERS, OWN, travel("file:third", value="own")), SWAPPED, {}, True),
        ((OTHERS, OWN, travel("file:own", value="f0"), travel("file:known", value="f0")), SWAPPED, {}, True),
        ((OTHERS, OWN, travel("file:x", THERE, value="f0"), travel("file:known", value="f0")), SWAPPED, {}, True),
    ],
    ids=[
        "another's recorded value",
        "another's recorded value in a variable",
        "a value of its own",
        "not read",
        "what another holds now",
        "what another holds now, of a source",
        "recorded with both values",
        "the value goes there for a third",
        "the other goes to the server",
        "the other goes to the server alone",
        "both had one value",
        "another had its value",
        "both had one value elsewhere",
        "the other shared a value with what goes there",
    ],
)
def test_a_reference_that_comes_to_give_anothers_value_is_withheld(
    recorded: tuple[SecretRoute, ...], asked: SecretRoute, values: dict[str, str], *, is_withheld: bool
) -> None:
    """A file may have become a link to another's secret, so that its recorded route is not enough."""
    read = {known.secret: known.fingerprint or "" for known in recorded} | values
    read |= {asked.secret: asked.fingerprint} if asked.fingerprint else {}
    assert is_withheld == bool(judged(asked, recorded=recorded, values=read).withheld)


SAME_BOX = HERE.model_copy(update={"username": "ola"})
PLATFORMS = travel("env:SMTP_P", value="f")
"""The platform's secret, as the project file declares it; what an account has is at another server."""


def its(value: str | None, secret: str = "env:SMTP_X", route: Route = THERE) -> SecretRoute:  # noqa: S107
    """Return the secret of an account."""
    return travel(secret, route, value=value)


@pytest.mark.parametrize(
    ("recorded", "asked", "reserved", "is_withheld"),
    [
        ((its("w"),), its("f"), (), True),
        ((its("w"),), its("w2"), (), False),
        ((its("w"),), its(None), (), False),
        ((its("w", "env:SMTP_P"),), its("g", "env:SMTP_P"), (), True),
        ((its("w", "env:SMTP_P"),), its(None, "env:SMTP_P"), (), False),
        ((its("w", route=HERE),), its("f", route=HERE), (), False),
        ((its("w", route=HERE),), its("f", route=HERE), (travel("env:SMTP_Q", PROXY, value="f"),), False),
        ((its("w", route=SAME_BOX),), its("f", route=SAME_BOX), (travel("env:SMTP_Q", PROXY, value="f"),), False),
        ((its("f"),), its("f"), (), False),
        ((its("v"), travel("env:SMTP_P", value="v")), its("f"), (), False),
        ((its("v"), travel("env:SMTP_P", value="v"), its("z", "env:SMTP_Z")), its("f"), (), False),
        ((its("w"), travel("env:SMTP_P", value="v")), its("f"), (), True),
        ((its("w"), its("v", "env:SMTP_Y"), travel("env:SMTP_P", value="v")), its("f"), (), True),
        ((its("w"), its("v", route=PROXY), travel("env:SMTP_P", value="v")), its("f"), (), True),
        ((its("v"), its("v", "env:SMTP_P", PROXY)), its("f"), (), True),
    ],
    ids=[
        "its value",
        "another value",
        "not read",
        "its reference",
        "its reference, not read",
        "to its server",
        "to its server, as a proxy's too",
        "to its server, as another user",
        "recorded with this value",
        "once one value, rotated together",
        "once one value, and a third another",
        "once another value",
        "a third had one value with it",
        "one value with it, elsewhere",
        "one value with it, which went elsewhere",
    ],
)
def test_the_project_files_secret_goes_to_its_own_servers(
    recorded: tuple[SecretRoute, ...], asked: SecretRoute, reserved: tuple[SecretRoute, ...], *, is_withheld: bool
) -> None:
    """Also where state has recorded a route for the reference that gives it by now, unless it has for the value itself."""
    verdict = judged(asked, recorded=recorded, reserved=(PLATFORMS, *reserved))
    assert is_withheld == bool(verdict.withheld)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([travel("file:a", value="f0")], set()),
        ([travel("file:a", value="f1")], {"env:SMTP_A", "env:SMTP_C", "env:SMTP_P"}),
        ([travel("file:a")], set()),
        ([travel(value="f1")], {"env:SMTP_P"}),
        ([travel("file:a", value="f1"), travel(value="f1")], {"env:SMTP_A", "env:SMTP_C", "env:SMTP_P"}),
        ([travel("file:a", value="f1"), travel("env:SMTP_P", value="f")], {"env:SMTP_A", "env:SMTP_C", "env:SMTP_P"}),
    ],
    ids=["as recorded", "a new value", "not read", "a variable's new value", "both", "the platform's beside it"],
)
def test_a_new_value_of_a_recorded_reference_is_compared_as_far_as_it_can_be(
    asked: list[SecretRoute], expected: set[str]
) -> None:
    """It may be a copy of another's. Nobody exchanges a variable, so that is compared with the project file's alone."""
    recorded = (travel("file:a", value="f0"), travel(value="f0"), travel("env:SMTP_C", THERE, value="f0"), PLATFORMS)
    verdict = judged(*asked, recorded=recorded, reserved=(PLATFORMS,), values={})
    assert {} == verdict.withheld
    assert frozenset() == verdict.not_compared
    assert frozenset(expected) == verdict.to_compare


def test_a_grant_is_not_used_for_what_was_recorded_unread() -> None:
    """Where nothing has to be compared, its route is enough."""
    grants = [{"secret": "env:*", "servers": ["smtp.example.com"]}]
    assert Verdict({}, ()) == judged(travel(), recorded=(travel(),), values={}, grants=grants)


WITH_TOKEN = HERE.model_copy(
    update={"token": TokenOrigin(url=TOKEN.host, client_id="c", scope="a b", grant_type="refresh_token")}
)
GRANTED_TOKEN = {"url": TOKEN.host, "clientId": "c", "scope": "b a", "grantType": "refresh_token"}


def test_a_login_with_a_token_is_another_route_than_that_of_the_secret() -> None:
    """Neither the secret itself nor another token takes the route of a token."""
    for other in (
        HERE,
        changed_token(scope="a"),
        changed_token(grant_type="client_credentials"),
        changed_token(url="u"),
    ):
        asked = travel(route=other)
        assert {"a": (asked,)} == judged(asked, recorded=(travel(route=WITH_TOKEN),)).withheld
    assert {} == judged(travel(route=WITH_TOKEN), recorded=(travel(route=WITH_TOKEN),)).withheld


def changed_token(**parts: Any) -> Route:
    """Return the login with another token."""
    assert WITH_TOKEN.token is not None
    return WITH_TOKEN.model_copy(update={"token": WITH_TOKEN.token.model_copy(update=parts)})


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (GRANTED_TOKEN, True),
        ({key: value for key, value in GRANTED_TOKEN.items() if key != "clientId"}, True),
        (None, False),
        ({**GRANTED_TOKEN, "url": "https://login.example.net/token"}, False),
        ({**GRANTED_TOKEN, "clientId": "d"}, False),
        ({**GRANTED_TOKEN, "scope": "a"}, False),
        ({key: value for key, value in GRANTED_TOKEN.items() if key != "scope"}, False),
        ({**GRANTED_TOKEN, "grantType": "client_credentials"}, False),
    ],
)
def test_a_granted_token_is_that_token_alone(token: dict[str, str] | None, *, expected: bool) -> None:
    """A grant names the token that may log in; without one it speaks of the secret itself."""
    covering = grant(route={**GRANTED, **({"token": token} if token else {})})
    assert expected == grants_travel(covering, travel(route=WITH_TOKEN), "a.yaml")
    assert (token is None) == grants_travel(covering, travel(), "a.yaml")


@pytest.mark.parametrize(
    ("subject", "expected"), [("anna", True), (None, True), ("ola", False)], ids=["the mailbox", "any", "another"]
)
def test_a_granted_token_of_a_service_account_may_be_for_one_mailbox(subject: str | None, *, expected: bool) -> None:
    """Or for whichever it acts for."""
    asked = changed_token(grant_type="jwt_bearer", subject="anna")
    token = {**GRANTED_TOKEN, "grantType": "jwt_bearer", **({"subject": subject} if subject else {})}
    assert expected == grants_travel(grant(route={**GRANTED, "token": token}), travel(route=asked), "a.yaml")


def test_servers_grant_no_token() -> None:
    """Which token a server may get is not said by the server's name."""
    assert not grants_travel(grant(servers=["smtp.example.com"]), travel(route=WITH_TOKEN), "a.yaml")


def test_the_key_of_a_client_certificate_has_a_route_of_its_own() -> None:
    """It signs at the server, by whatever user name the account logs in there; trust and way are part of it."""
    (account,) = desired_of(
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a}\nspec:\n  email: a@example.com\n  displayName: x\n"
        "  smtp:\n    host: h.example.com\n    caFile: ca.pem\n"
        "    clientCertificate: {certFile: c.pem, key: {file: k}}\n"
        "    authentication: {username: anna, password: {env: P}}\n",
        {"ca.pem": "a CA"},
    )
    routes = {each.secret: each.route for each in account.secret_routes}
    login = routes["env:P"]
    assert routes["file:k"] == login.model_copy(update={"username": None, "proof": "signature"})
    assert ("anna", None) == (login.username, login.proof)
    assert "signing only" in str(routes["file:k"])
    assert ["tls", "auth"] == [check_using(routes[secret]) for secret in ("file:k", "env:P")]
    assert ["auth", "proxy"] == [check_using(each) for each in (TOKEN.model_copy(update={"proof": "signature"}), PROXY)]


def test_servers_grant_what_is_sent_and_not_what_signs() -> None:
    """Whoever grants a key that signs should not have to let it be sent."""
    signing = HERE.model_copy(update={"username": None, "proof": "signature"})
    grant = Grant.model_validate({"secret": "env:SMTP_A", "servers": ["smtp.example.com"]}, by_name=False)
    assert [True, False] == [grants_travel(grant, travel(route=each), "accounts.d/x.yaml") for each in (HERE, signing)]
    told = [withheld_reason((travel(route=each),)) for each in (HERE, signing)]
    assert [True, True] == [
        told[0].startswith("env:SMTP_A was not sent: "),
        told[1].startswith("env:SMTP_A was not used: "),
    ]
