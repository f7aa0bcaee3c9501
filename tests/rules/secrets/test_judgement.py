"""What is judged where values were read, were not, or were read with another key than state's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.diagnostics import error
from reconciler.errors import SecretUnreadable
from reconciler.model.accounts.platform import PLATFORM, PlatformServer
from reconciler.model.environments import in_environment
from reconciler.model.secrets.reading import SecretsRead
from reconciler.model.secrets.routes import Delivery, SecretRoute, route_to
from reconciler.model.servers.server import Server
from reconciler.model.step import Create, Delete
from reconciler.rules.accounts.platform import resolve_platform
from reconciler.rules.secrets import causes
from reconciler.rules.secrets.judgement import (
    Delivered,
    Judgement,
    Law,
    judge,
    judge_deliveries,
    judge_reading,
    redundant,
    require_state_key,
)
from tests.rules.single import PROXY, SERVER, THERE, VALUES, drafted, news, own
from tests.rules.states import ANOTHER_KEY, KEY, KEY_ID, NOW, ca_files, empty_state, fingerprints_of, project, state_of

if TYPE_CHECKING:
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.secrets.values import FingerprintKey
    from reconciler.rules.secrets.causes import Cause

HERS = {"env:SMTP_C": "read", "env:SMTP_B": fingerprints_of(VALUES)["env:SMTP_B"]}
READ = {**fingerprints_of(VALUES), **HERS}
NEW = Create(after=own("new", secret="SMTP_C"), needs_evidence=True, fingerprints=HERS)
"""A new account, at a known server, with a secret that state has never seen."""


def judged(secrets: SecretsRead | None, *, first_use: str = "allow") -> Judgement:
    """Return the judgement of the new account."""
    law = Law(
        recorded=state_of([own()], VALUES),
        rules=project(secrets={"firstUse": first_use}).secrets,
        today=NOW.date(),
        platform=None,
    )
    return judge([NEW], law, secrets)


@pytest.mark.parametrize(
    ("secrets", "is_withheld"),
    [
        (SecretsRead(key=KEY, fingerprints=READ), False),
        (SecretsRead(key=ANOTHER_KEY, fingerprints=READ), True),
        (SecretsRead(key=ANOTHER_KEY, fingerprints={"env:SMTP_A": "read", "env:SMTP_C": "read"}), True),
        (SecretsRead(), True),
        (SecretsRead(were_read=False), False),
        (SecretsRead(were_read=False, are_withheld=True), True),
        (None, False),
    ],
    ids=[
        "read",
        "with another key",
        "as a known value with another key",
        "without a key",
        "not read",
        "not to be read",
        "before anything is read",
    ],
)
def test_a_first_use_is_let_go_where_its_value_is_compared_or_nobody_has_read_any(
    secrets: SecretsRead | None, *, is_withheld: bool
) -> None:
    """What was read with another key cannot be compared, so that it may be a known value; whoever reads asks again."""
    assert (is_withheld, is_withheld) == (bool(judged(secrets).withheld), judged(secrets).problem is not None)


def test_what_state_knows_and_was_not_read_is_to_be_compared_first() -> None:
    """The new value may be that of a known reference which was rotated."""
    judgement = judged(SecretsRead(key=KEY, fingerprints=HERS))
    assert (["env:SMTP_A"], ["env:SMTP_A"]) == ([*judgement.not_compared], [*judgement.to_compare])
    assert {"new": NEW.routes} == judgement.withheld


@pytest.mark.parametrize("secrets", [SecretsRead(key=KEY, fingerprints=READ), None], ids=["read", "before it"])
def test_a_first_use_needs_a_grant_where_the_project_says_so(secrets: SecretsRead | None) -> None:
    """However well its value was compared."""
    assert judged(secrets, first_use="grant").withheld


def test_the_platforms_login_is_known_by_what_an_earlier_version_recorded_of_it() -> None:
    """An earlier version recorded where the token was asked for, and the login as if the secret logged in itself."""
    oauth2: dict[str, Any] = {
        "tokenUrl": "https://login.example.com/token",
        "clientId": "c",
        "clientSecret": {"env": "SMTP_P"},
        "refreshToken": {"env": "SMTP_P"},
    }
    login = {"mechanism": "xoauth2", "username": "p", "oauth2": oauth2}
    declared = project(platform={"smtp": {"host": "p.example", "encryption": "starttls", "authentication": login}})
    platform, _ = resolve_platform(declared.platform.smtp, ca_files({}))
    assert platform is not None
    read = {"env:SMTP_P": "f"}
    known = tuple(
        each.model_copy(update={"route": each.route.without_token}) if each.route.token is not None else each
        for each in platform.routes(read)
    )
    law = Law(
        recorded=replace(empty_state(), routes=known, fingerprint_key_id=KEY_ID),
        rules=declared.secrets,
        today=NOW.date(),
        platform=platform,
    )
    step = Create(after=news(), needs_evidence=True, platform=platform)
    judgement = judge([step], law, SecretsRead(key=KEY, fingerprints=read))
    assert ({}, None) == (judgement.withheld, judgement.problem)
    assert platform.routes(read) == judgement.platform_routes
    route = next(each.route for each in platform.routes(read) if each.route.token is not None)
    grant = {"secret": "env:SMTP_P", "route": route.model_dump(mode="json", by_alias=True, exclude_defaults=True)}
    granted = replace(law, rules=project(secrets={"grants": [grant]}).secrets)
    assert ["grantRedundant"] == [each.code for each in redundant([], granted, SecretsRead(key=KEY, fingerprints=read))]


@pytest.mark.parametrize(("key", "is_redundant"), [(KEY, True), (ANOTHER_KEY, False)], ids=["state's key", "another"])
def test_a_grant_is_redundant_by_values_that_can_be_compared(key: FingerprintKey, *, is_redundant: bool) -> None:
    """What was read with another key than state's says nothing of what state knows."""
    account = own(secret="SMTP_B")
    law = Law(
        recorded=state_of([own()], VALUES),
        rules=project(secrets={"grants": [{"secret": "env:SMTP_B", "servers": ["h.example"]}]}).secrets,
        today=NOW.date(),
        platform=None,
    )
    read = SecretsRead(key=key, fingerprints={"env:SMTP_B": fingerprints_of(VALUES)["env:SMTP_A"]})
    assert is_redundant == bool(redundant([account], law, read))


OF_THE_ACCOUNT: dict[str, Any] = {"secret": "env:SMTP_B", "servers": ["h.example"]}
OF_THE_SERVER: dict[str, Any] = {"secret": "env:SMTP_PLATFORM", "servers": ["p.example"]}


@pytest.mark.parametrize(
    ("grant", "known", "reason"),
    [
        (OF_THE_ACCOUNT, [own()], "A grant allows only what state has recorded already."),
        (OF_THE_ACCOUNT, [], None),
        ({**OF_THE_ACCOUNT, "manifests": "accounts.d/*"}, [], None),
        ({**OF_THE_ACCOUNT, "expires": "2026-08-31"}, [own()], None),
        (OF_THE_SERVER, [], None),
        (OF_THE_SERVER, [own(secret="SMTP_PLATFORM")], None),
    ],
    ids=["rotated together", "new", "of its manifest", "over", "the platform's", "the platform's elsewhere"],
)
def test_a_grant_is_redundant_by_all_that_is_declared(
    grant: dict[str, Any], known: list[DesiredAccount], reason: str | None
) -> None:
    """An account counts with its manifest, the platform's server with them, and a value that a known reference has now."""
    law = Law(
        recorded=state_of(known, {"env:SMTP_A": "before", "env:SMTP_PLATFORM": "before"}),
        rules=project(secrets={"grants": [grant]}).secrets,
        today=NOW.date(),
        platform=SERVER,
    )
    read = SecretsRead(key=KEY, fingerprints={"env:SMTP_A": "one", "env:SMTP_B": "one"})
    told = redundant([own(secret="SMTP_B")], law, read)
    assert [reason] * bool(reason) == [each.detail.partition(" Remove ")[0] for each in told]


@pytest.mark.parametrize(
    ("key_id", "code", "expected"),
    [
        (None, "fingerprintKeyMissing", "and there is none here. Provide the key of this state."),
        ("another", "fingerprintKeyChanged", "this one is another. With another key every secret would look rotated."),
    ],
)
def test_a_key_that_is_not_states_is_told_with_both(key_id: str | None, code: str, expected: str) -> None:
    """The message says which key state was made with, and which one is here."""
    state = state_of([own()], VALUES)
    require_state_key(state, KEY_ID)
    with pytest.raises(SecretUnreadable) as refused:
        require_state_key(state, key_id)
    (problem,) = refused.value.diagnostics
    assert (code, True) == (problem.code, expected in problem.detail)
    assert problem.detail.startswith(f"State was made with the fingerprint key {KEY_ID}")


@pytest.mark.parametrize(
    ("state_key", "key", "is_withheld"),
    [
        (None, None, False),
        (None, KEY, False),
        (KEY_ID, None, True),
        (KEY_ID, KEY, False),
        (KEY_ID, ANOTHER_KEY, True),
    ],
)
def test_a_first_use_needs_states_key_also_where_state_knows_no_route(
    state_key: str | None, key: FingerprintKey | None, *, is_withheld: bool
) -> None:
    """Only a state that was never made with a key takes any, or none."""
    law = Law(
        recorded=replace(empty_state(), fingerprint_key_id=state_key),
        rules=project().secrets,
        today=NOW.date(),
        platform=None,
    )
    read = HERS if key is not None else {}
    assert is_withheld == bool(judge([NEW], law, SecretsRead(key=key, fingerprints=read)).withheld)


X9 = own("x9", secret="SMTP_X1099", host="n.example")
GRANT = {"secret": "env:SMTP_X1099", "servers": ["n.example"]}
DECLARED = {"host": "p.example", "authentication": {"username": "p", "password": {"env": "SMTP_X1099"}}}
OF_THE_PLATFORM, _ = resolve_platform(project(platform={"smtp": DECLARED}).platform.smtp, ca_files({}))


@pytest.mark.parametrize(
    ("parts", "steps", "is_one"),
    [
        ({}, (), True),
        ({"named": frozenset({"env:SMTP_X1099"})}, (), False),
        ({"recorded": state_of([X9], {})}, (), False),
        ({"rules": project(secrets={"firstUse": "grant", "grants": [GRANT]}).secrets}, (Create(after=X9),), False),
        ({"platform": OF_THE_PLATFORM}, (), False),
    ],
    ids=["no other", "a manifest's", "a recorded one", "another account's", "the platform's"],
)
def test_secrets_share_a_grant_where_it_covers_no_other_that_is_known(
    parts: dict[str, Any], steps: tuple[Create, ...], *, is_one: bool
) -> None:
    """Whoever names it: state, a manifest, an account that is let go, or the platform."""
    usual = {
        "recorded": empty_state(),
        "rules": project(secrets={"firstUse": "grant"}).secrets,
        "today": NOW.date(),
        "platform": None,
    }
    new = [Create(after=own(f"x{each}", secret=f"SMTP_X{each}", host="n.example")) for each in range(1000, 1030)]
    problem = judge([*new, *steps], Law(**{**usual, **parts}), None).problem
    assert problem is not None
    assert is_one == ('"env:SMTP_X10*"' in problem.detail)
    assert problem.detail.startswith("These secrets would travel routes ")
    assert "\nA line with * covers no other secret known by now, " in problem.detail


def test_nothing_is_said_of_globs_where_there_are_none() -> None:
    """A few secrets are listed in full."""
    problem = judged(None, first_use="grant").problem
    assert problem is not None
    assert "line with" not in problem.detail


MINE = NEW.routes
THROUGH = Create(after=news(), needs_evidence=True, platform=SERVER)
"""A marketing account, to be verified through the platform's server."""


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (THROUGH, (THERE,)),
        (replace(THROUGH, needs_evidence=False), ()),
        (NEW, MINE),
        (replace(NEW, needs_evidence=False), MINE),
        (Create(after=own("other"), needs_evidence=True), ()),
    ],
    ids=["through the platform", "through it, not verified", "its own", "its own, not verified", "another"],
)
def test_a_step_is_kept_from_what_it_is_verified_with(step: Create, expected: tuple[SecretRoute, ...]) -> None:
    """What is withheld of the platform keeps those accounts that are verified through it, and no other."""
    withheld = {PLATFORM: (THERE,), "new": MINE}
    assert expected == Judgement(withheld=withheld, problem=None).of(step)


@pytest.mark.parametrize(
    ("steps", "is_used"),
    [
        ([NEW], False),
        ([NEW, THROUGH], True),
        ([replace(THROUGH, needs_evidence=False)], False),
        ([replace(THROUGH, platform=None)], False),
    ],
    ids=["no account through it", "one of two", "none that is verified", "none that has it"],
)
def test_the_platforms_secrets_travel_where_an_account_is_verified_through_it(
    steps: list[Create], *, is_used: bool
) -> None:
    """Its routes are told, and without trust in the project file they are withheld with those of what is verified."""
    law = Law(recorded=empty_state(), rules=project().secrets, today=NOW.date(), platform=SERVER)
    read = SecretsRead(key=KEY, fingerprints={**HERS, "env:SMTP_PLATFORM": "p"})
    assert is_used == bool(judge(steps, law, read).platform_routes)
    spared = Create(after=own("spared", secret="SMTP_S"))
    withheld = judge([*steps, spared], law, SecretsRead(were_read=False, are_withheld=True)).withheld
    own_names = {step.name for step in steps if step.needs_evidence and step.routes}
    assert {*own_names, *([PLATFORM] if is_used else [])} == withheld.keys()


def test_without_trust_no_grant_is_used() -> None:
    """Nothing travels, so nothing is allowed."""
    judgement = judged(SecretsRead(were_read=False, are_withheld=True))
    assert () == judgement.grants_used
    assert judgement.problem is not None
    assert "projectNotTrusted" == judgement.problem.code


@pytest.mark.parametrize(
    ("secrets", "there", "asked", "is_withheld"),
    [
        (SecretsRead(key=KEY, fingerprints=HERS), {"env:SMTP_A": "rotated"}, [["env:SMTP_A"]], False),
        (SecretsRead(key=KEY, fingerprints=HERS), {"env:SMTP_A": HERS["env:SMTP_C"]}, [["env:SMTP_A"]], True),
        (SecretsRead(key=KEY, fingerprints=HERS), {}, [["env:SMTP_A"]], True),
        (SecretsRead(key=KEY, fingerprints=READ), {}, [], False),
        (SecretsRead(were_read=False), {"env:SMTP_A": "rotated"}, [], False),
    ],
    ids=["another value", "the same value", "unreadable", "read already", "nothing is read"],
)
def test_what_decides_is_read_once(
    secrets: SecretsRead, there: dict[str, str], asked: list[list[str]], *, is_withheld: bool
) -> None:
    """A first use waits for the values that state knows; what cannot be read is not asked for again, and is told."""
    recorded = state_of([own(), own("b", secret="SMTP_B")], VALUES)
    law = Law(recorded=recorded, rules=project().secrets, today=NOW.date(), platform=None)
    calls: list[list[str]] = []

    def read(references: frozenset[str]) -> SecretsRead:
        calls.append(sorted(references))
        missing = {each: error("secretMissing", f"{each} is not set.") for each in references - there.keys()}
        return SecretsRead(key=KEY, fingerprints=there, unreadable=missing)

    elsewhere = replace(NEW, after=own("new", secret="SMTP_C", host="i.example"))
    judgement = judge_reading([elsewhere], law, secrets, read=read)
    assert (asked, is_withheld) == (calls, bool(judgement.withheld))
    told = judgement.problem.detail if judgement.problem is not None else ""
    assert ("env:SMTP_A is not set." in told) == (bool(asked) and not there)


MOVED = Create(after=own(host="i.example"), needs_evidence=True, fingerprints=READ)
COPIED = replace(
    NEW, after=own("new", secret="SMTP_C", host="i.example"), fingerprints={"env:SMTP_C": READ["env:SMTP_A"]}
)
BORROWED = replace(NEW, after=own("new", secret="SMTP_PLATFORM"), fingerprints={"env:SMTP_PLATFORM": "p"})
SECOND = replace(NEW, after=own("second", secret="SMTP_C", host="i.example"))
WITH_PLATFORM = {**READ, "env:SMTP_PLATFORM": "p"}
PLATFORM_MOVED = THERE.model_copy(
    update={"route": THERE.route.model_copy(update={"host": "q.example"}), "fingerprint": "p"}
)


@pytest.mark.parametrize(
    ("steps", "secrets", "parts", "cause"),
    [
        ([MOVED], SecretsRead(key=KEY, fingerprints=READ), {}, causes.NEW_ROUTE),
        ([COPIED], SecretsRead(key=KEY, fingerprints=READ), {}, causes.KNOWN_VALUE),
        ([BORROWED], SecretsRead(key=KEY, fingerprints=WITH_PLATFORM), {"platform": SERVER}, causes.RESERVED),
        (
            [replace(BORROWED, after=own("new", secret="SMTP_C"), fingerprints={"env:SMTP_C": "p"})],
            SecretsRead(key=KEY, fingerprints={**WITH_PLATFORM, "env:SMTP_C": "p"}),
            {"platform": SERVER},
            causes.RESERVED,
        ),
        ([NEW, SECOND], SecretsRead(key=KEY, fingerprints=READ), {}, causes.SEVERAL_SERVERS),
        (
            [THROUGH],
            SecretsRead(key=KEY, fingerprints=WITH_PLATFORM),
            {"platform": SERVER, "recorded": replace(state_of([own()], VALUES), routes=(PLATFORM_MOVED,))},
            causes.NEW_ROUTE,
        ),
        (
            [NEW],
            SecretsRead(key=KEY, fingerprints=READ),
            {"rules": project(secrets={"firstUse": "grant"}).secrets},
            causes.FIRST_USE,
        ),
        ([NEW], SecretsRead(key=ANOTHER_KEY, fingerprints=READ), {}, causes.NO_KEY),
        ([NEW], SecretsRead(key=KEY, fingerprints=HERS), {}, causes.NOT_COMPARED),
    ],
    ids=[
        "a new route",
        "another's value",
        "the platform's reference",
        "the platform's value",
        "two servers",
        "the platform's server moved",
        "a first use that needs a grant",
        "another key",
        "not compared",
    ],
)
def test_a_refusal_is_told_with_its_cause(
    steps: list[Create], secrets: SecretsRead, parts: dict[str, Any], cause: Cause
) -> None:
    """The sentence is the one that is true of what is recorded, reserved, asked for and read."""
    usual = {
        "recorded": state_of([own()], VALUES),
        "rules": project().secrets,
        "today": NOW.date(),
        "platform": None,
    }
    problem = judge(steps, Law(**{**usual, **parts}), secrets).problem
    assert problem is not None
    assert cause.why == problem.detail.splitlines()[0]


def test_what_the_platform_shares_with_an_account_is_withheld_from_both() -> None:
    """For the account it is the platform's, and of the platform's it cannot be told which of the two servers is right."""
    borrowed = replace(BORROWED, after=own("new", secret="SMTP_C"), fingerprints={"env:SMTP_C": "p"})
    law = Law(recorded=state_of([own()], VALUES), rules=project().secrets, today=NOW.date(), platform=SERVER)
    read = SecretsRead(key=KEY, fingerprints={**WITH_PLATFORM, "env:SMTP_C": "p"})
    judgement = judge([THROUGH, borrowed], law, read)
    assert {PLATFORM, "new"} == judgement.withheld.keys()
    assert judgement.problem is not None
    assert {causes.RESERVED.why, causes.SEVERAL_SERVERS.why} <= {*judgement.problem.detail.splitlines()}


MAILHOST = route_to(Delivery(name="mailhost", path="/etc/accounts"))
OTHER = route_to(Delivery(name="other", path="/etc/accounts"))
GRANTED: dict[str, Any] = {
    "secret": "env:SMTP_A",
    "consumer": {"name": "mailhost", "path": "/etc/accounts"},
    "manifests": "accounts.d/a.yaml",
}


ITS = SecretRoute(secret="env:SMTP_A", fingerprint="f1", route=MAILHOST)
DELIVERED = Delivered(name="a", manifest="accounts.d/a.yaml", routes=(ITS,))


def recorded_for(*routes: SecretRoute) -> dict[str, Any]:
    """Return the part of the law by which state knows these routes."""
    return {"recorded": replace(empty_state(), routes=routes, fingerprint_key_id=KEY_ID)}


def granting(*grants: dict[str, Any]) -> dict[str, Any]:
    """Return the part of the law by which the project file has these grants."""
    return {"rules": project(secrets={"grants": [*grants]}).secrets}


def platform_with(password: str, **parts: Any) -> PlatformServer:
    """Return a platform's server that logs in with a secret."""
    login = {"username": "a", "password": password}
    server = {"host": "p.example", "port": 587, "encryption": "starttls", "authentication": login, **parts}
    return PlatformServer(server=Server.model_validate(server))


LOGS_IN = ITS.model_copy(update={"route": THERE.route})
PLATFORMS = platform_with("env:SMTP_A")


@pytest.mark.parametrize(
    ("parts", "is_withheld", "grants_used"),
    [
        ({}, True, ()),
        (recorded_for(ITS), False, ()),
        (recorded_for(ITS.model_copy(update={"fingerprint": "f0"})), False, ()),
        (recorded_for(ITS.model_copy(update={"route": OTHER})), True, ()),
        (recorded_for(LOGS_IN), True, ()),
        (granting(GRANTED), False, ("env:SMTP_A to the consumer mailhost at /etc/accounts",)),
        (granting({**GRANTED, "manifests": "accounts.d/b.yaml"}), True, ()),
        (
            granting({**GRANTED, "expires": "2026-09-01"}),
            False,
            ("env:SMTP_A to the consumer mailhost at /etc/accounts",),
        ),
        (granting({**GRANTED, "expires": "2026-08-31"}), True, ()),
        ({**recorded_for(ITS), "platform": PLATFORMS}, False, ()),
        ({**recorded_for(ITS.model_copy(update={"fingerprint": "f0"})), "platform": PLATFORMS}, True, ()),
        ({**recorded_for(ITS.model_copy(update={"fingerprint": "f0"})), "platform": SERVER}, False, ()),
    ],
    ids=[
        "state has never seen it",
        "recorded for the consumer",
        "recorded with another value",
        "recorded for another consumer",
        "recorded for a login",
        "granted",
        "granted to another manifest",
        "granted to this day",
        "granted until yesterday",
        "recorded before the platform had it",
        "the platform's since",
        "recorded, with a platform of another secret",
    ],
)
def test_a_secret_is_written_to_a_consumer_that_it_is_recorded_or_granted_for(
    parts: dict[str, Any], grants_used: tuple[str, ...], *, is_withheld: bool
) -> None:
    """No first use is let pass there, and no login's route counts for it; the platform's secret stays the platform's."""
    usual = {"recorded": empty_state(), "rules": project().secrets, "today": NOW.date(), "platform": None}
    judgement = judge_deliveries([DELIVERED], Law(**{**usual, **parts}))
    assert ({"a": (ITS,)} if is_withheld else {}, grants_used) == (judgement.withheld, judgement.grants_used)
    assert is_withheld == (judgement.problem is not None)


def test_what_is_not_written_is_told_with_grants_that_cover_nothing_else() -> None:
    """A grant that has run out is named; a line for many covers no secret that state, a manifest or the platform has."""
    many = [
        Delivered(name=f"x{number}", manifest="", routes=(ITS.model_copy(update={"secret": f"env:SMTP_X{number}"}),))
        for number in range(1000, 1013)
    ]
    usual: dict[str, Any] = {"recorded": empty_state(), "today": NOW.date(), "platform": None}
    over = granting({**GRANTED, "secret": "env:SMTP_X1000", "manifests": None, "expires": "2026-08-31"})
    problem = judge_deliveries(many, Law(**usual, **over)).problem
    assert problem is not None
    assert '"env:SMTP_X10*"' in problem.detail
    assert "some of it: env:SMTP_X1000 until 2026-08-31." in problem.detail
    known: list[dict[str, Any]] = [
        {"named": frozenset({"env:SMTP_X1099"})},
        {"recorded": state_of([X9], {})},
        {"platform": OF_THE_PLATFORM},
    ]
    for parts in known:
        other = judge_deliveries(many, Law(**{**usual, **over, **parts})).problem
        assert other is not None
        assert '"env:SMTP_X100*"' in other.detail
        assert '"env:SMTP_X10*"' not in other.detail


def test_what_a_comparison_asks_for_in_turn_is_read_too_and_nothing_twice() -> None:
    """What could not be read at first is not asked for again, and is told where it decides at last."""
    proxy = {"type": "http", "host": "q.example", "port": 1, "username": "m", "password": "env:SMTP_P1"}
    platform = platform_with("env:SMTP_P2", proxy=proxy)
    through = PROXY.replace("SMTP_B", "SMTP_P1")
    rotated, hers = own("rotated", secret="SMTP_R"), own("hers", secret="SMTP_C", host="p.example", spec=through)
    known = state_of([own(), rotated], {"env:SMTP_A": "one", "env:SMTP_R": "old"})
    (login,) = [each for each in platform.secret_routes if each.secret == "env:SMTP_P2"]
    law = Law(
        recorded=replace(known, routes=(*known.routes, login)),
        rules=project(secrets={"firstUse": "grant"}).secrets,
        today=NOW.date(),
        platform=platform,
    )
    calls: list[list[str]] = []

    def read(references: frozenset[str]) -> SecretsRead:
        calls.append(sorted(references))
        missing = {each: error("secretMissing", "It is gone.") for each in references & {"env:SMTP_P1"}}
        found = {"env:SMTP_P2": "same", "env:SMTP_A": "one"}
        return SecretsRead(
            key=KEY, fingerprints={each: found[each] for each in references - missing.keys()}, unreadable=missing
        )

    values = {"env:SMTP_R": "new", "env:SMTP_C": "same"}
    steps = [Create(after=each, needs_evidence=True, fingerprints=values) for each in (rotated, hers)]
    judgement = judge_reading(steps, law, SecretsRead(key=KEY, fingerprints=values), read=read)
    assert [["env:SMTP_P1", "env:SMTP_P2"], ["env:SMTP_A"]] == calls
    assert judgement.problem is not None
    assert "- env:SMTP_P1: It is gone.\n" in judgement.problem.detail


UNUSED = {"secret": "env:UNUSED", "servers": ["h.example"]}


@pytest.mark.parametrize(
    ("shared", "its", "holder"),
    [
        ({}, {}, "environments.staging.secrets"),
        ({"grants": [UNUSED]}, {}, "secrets"),
        ({}, {"grants": [UNUSED]}, "environments.staging.secrets"),
    ],
    ids=["no grants yet", "the project's", "its own"],
)
def test_grants_are_told_where_they_count(shared: dict[str, Any], its: dict[str, Any], holder: str) -> None:
    """Where an environment has the project's grants, a line goes there or comes from there, else it is the environment's."""
    environments = {"staging": {"state": ".reconciler/staging.db", "secrets": {"firstUse": "grant", **its}}}
    staging = in_environment(project(secrets=shared, environments=environments), "staging")
    law = Law(recorded=empty_state(), rules=staging.secrets, today=NOW.date(), platform=None)
    for judgement in (drafted([own()], project=staging).judgement, judge_deliveries([DELIVERED], law)):
        assert judgement.problem is not None
        assert f"project file add under {holder}:\n    grants:\n" in judgement.problem.detail
    told = [each.detail for each in redundant([], law, SecretsRead(key=KEY))]
    assert len(told) == len(law.rules.grants)
    assert all(f"Remove it from {holder}.grants in the project file:" in each for each in told)


@pytest.mark.parametrize(
    ("expires", "is_over"), [(None, False), ("2026-09-01", False), ("2026-08-31", True)], ids=["never", "today", "over"]
)
def test_a_first_use_goes_by_a_grant_until_its_last_day(expires: str | None, *, is_over: bool) -> None:
    """A grant that was needed is told as used, and one that is over with the refusal."""
    grant = {"secret": "env:SMTP_C", "servers": ["h.example"], **({"expires": expires} if expires else {})}
    rules = project(secrets={"firstUse": "grant", "grants": [grant]}).secrets
    law = Law(recorded=state_of([own()], VALUES), rules=rules, today=NOW.date(), platform=None)
    judgement = judge([NEW], law, SecretsRead(key=KEY, fingerprints=READ))
    assert (() if is_over else ("env:SMTP_C to h.example:587",)) == judgement.grants_used
    told = judgement.problem.detail if judgement.problem is not None else ""
    assert is_over == told.endswith("allowed some of it: env:SMTP_C until 2026-08-31.")


def test_what_is_deleted_sends_nothing() -> None:
    """An account that nobody declares any more is not judged beside those that are."""
    law = Law(recorded=state_of([own()], VALUES), rules=project().secrets, today=NOW.date(), platform=None)
    gone = Delete(before=law.recorded.accounts["a"])
    assert judged(None) == judge([gone, NEW], law, None)
