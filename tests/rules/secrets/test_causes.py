"""Why a credential was withheld is told as it is: each cause once, with its routes and what else would mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from reconciler.model.environments import SeparatedSecrets
from reconciler.model.grants import Secrets
from reconciler.model.secrets.routes import Route, SecretRoute
from reconciler.rules.secrets import causes
from reconciler.rules.secrets.causes import Cause, CauseExplainer
from reconciler.rules.secrets.grants import withheld_problem

KNOWN = Route(username="anna", host="smtp.example.com", port=587, encryption="starttls")
NEW = KNOWN.model_copy(update={"host": "mx.example.net"})
OTHER = KNOWN.model_copy(update={"host": "mx.example.org"})
GRANT = Secrets(first_use="grant")


@dataclass(frozen=True)
class Account:
    """Somebody with secrets."""

    name: str
    routes: tuple[SecretRoute, ...]
    manifest: str = ""


def travel(secret: str, route: Route = NEW, value: str | None = "v") -> SecretRoute:
    """Return a secret on its way."""
    return SecretRoute(secret=secret, fingerprint=value, route=route)


def explained(
    withheld: SecretRoute,
    *others: SecretRoute,
    recorded: tuple[SecretRoute, ...] = (),
    reserved: tuple[SecretRoute, ...] = (),
    asked: Secrets | None = None,
    in_force: Secrets | None = None,
    values: dict[str, str] | None = None,
) -> CauseExplainer:
    """Return what explains the refusal of a secret beside others."""
    asked = asked or Secrets()
    accounts = [Account(f"n{number}", (each,)) for number, each in enumerate((withheld, *others))]
    return CauseExplainer(recorded, reserved, accounts, asked=asked, in_force=in_force or asked, values=values or {})


CASES: dict[str, tuple[SecretRoute, tuple[SecretRoute, ...], dict[str, Any], Cause]] = {
    "a new route": (travel("env:A"), (), {"recorded": (travel("env:A", KNOWN),)}, causes.NEW_ROUTE),
    "a new route of a value never read": (
        travel("env:A", value=None),
        (),
        {"recorded": (travel("env:A", KNOWN, None),)},
        causes.NEW_ROUTE,
    ),
    "a copied value": (travel("env:B"), (), {"recorded": (travel("env:A", KNOWN),)}, causes.KNOWN_VALUE),
    "a copied value, rotated since": (
        travel("env:B", value="new"),
        (),
        {"recorded": (travel("env:A", KNOWN, "old"),), "values": {"env:A": "new"}},
        causes.KNOWN_VALUE,
    ),
    "a value never read beside another": (
        travel("env:B", value=None),
        (),
        {"recorded": (travel("env:A", KNOWN, None),)},
        causes.NOT_COMPARED,
    ),
    "a new value of what nobody knows": (
        travel("env:B", value="new"),
        (),
        {"recorded": (travel("env:A", KNOWN),), "values": {"env:C": "new"}},
        causes.NOT_COMPARED,
    ),
    "a secret that another environment may name": (
        travel("env:B", value="new"),
        (),
        {
            "recorded": (travel("env:A", KNOWN),),
            "asked": SeparatedSecrets(environment="staging", allowed_elsewhere=("env:*",)),
        },
        causes.OTHER_ENVIRONMENT,
    ),
    "a copied value of a reference in another spelling": (
        travel("file:b", value="new"),
        (),
        {"recorded": (travel("file:x//a", KNOWN),), "values": {"file:x/a": "new"}},
        causes.KNOWN_VALUE,
    ),
    "a copied value, read in another spelling": (
        travel("file:b", value="new"),
        (),
        {"recorded": (travel("file:x/a", KNOWN),), "values": {"file:x//a": "new"}},
        causes.KNOWN_VALUE,
    ),
    "the platform's reference, not read": (
        travel("env:A", value=None),
        (),
        {"reserved": (travel("env:A", KNOWN, None),)},
        causes.RESERVED,
    ),
    "the platform's own, since its server moved": (
        travel("env:A"),
        (),
        {"recorded": (travel("env:A", KNOWN),), "reserved": (travel("env:A"),)},
        causes.NEW_ROUTE,
    ),
    "the platform's own, for the first time": (
        travel("env:A"),
        (),
        {"reserved": (travel("env:A"),)},
        causes.NOT_COMPARED,
    ),
    "the platform's value": (travel("env:B"), (), {"reserved": (travel("env:PLATFORM", KNOWN),)}, causes.RESERVED),
    "one value at two servers": (travel("env:A"), (travel("env:B", OTHER),), {}, causes.SEVERAL_SERVERS),
    "one reference at two servers": (
        travel("env:A", value=None),
        (travel("env:A", OTHER, None),),
        {},
        causes.SEVERAL_SERVERS,
    ),
    "one value, two users, one server": (
        travel("env:A"),
        (travel("env:A", NEW.model_copy(update={"username": "bob"})),),
        {},
        causes.NOT_COMPARED,
    ),
    "a first use that needs a grant": (travel("env:A"), (), {"asked": GRANT}, causes.FIRST_USE),
    "no key": (travel("env:A"), (), {"in_force": GRANT}, causes.NO_KEY),
}


@pytest.mark.parametrize("case", CASES)
def test_the_cause_is_the_true_one(case: str) -> None:
    """Each refusal has the cause that it has."""
    withheld, others, parts, cause = CASES[case]
    assert cause is explained(withheld, *others, **parts).of(withheld)


@pytest.mark.parametrize("cause", causes.CAUSES, ids=lambda cause: cause.why[len("These secrets would ") :][:40])
def test_a_cause_is_told_in_whole_sentences(cause: Cause) -> None:
    """One leads to the routes, and one says what mends it without a grant."""
    assert (True, True) == (cause.why.endswith(":"), cause.instead.endswith("."))


def test_what_parts_environments_is_named_as_it_is_written() -> None:
    """The field is copied into the project file."""
    assert "write secrets.allow for each" in causes.OTHER_ENVIRONMENT.instead


def test_every_cause_has_a_case() -> None:
    """No cause is told that nothing reaches."""
    assert set(causes.CAUSES) == {cause for _, _, _, cause in CASES.values()}


def test_eighty_accounts_with_one_cause_are_one_block() -> None:
    """One sentence, one line for their server, one way on without a grant, and the grants."""
    moved = {f"a{number:02}": (travel(f"env:A{number:02}", value=f"{number}"),) for number in range(80)}
    recorded = tuple(travel(each.secret, KNOWN, each.fingerprint) for (each,) in moved.values())
    accounts = [Account(name, routes) for name, routes in moved.items()]
    explanation = CauseExplainer(recorded, (), accounts, asked=Secrets(), in_force=Secrets(), values={})
    problem = withheld_problem(moved, explanation=explanation)
    assert problem is not None
    lines = problem.detail.splitlines()
    assert [causes.NEW_ROUTE.why, "- a00: env:A00 and 79 more to mx.example.net:587, starttls"] == lines[:2]
    assert 1 == problem.detail.count(causes.NEW_ROUTE.instead)
    assert 1 == problem.detail.count("grants:")


def test_each_cause_is_told_with_its_own_routes() -> None:
    """Of two causes each has its sentence, its lines, and its way on."""
    first, second = travel("env:A"), travel("env:B", value="w")
    explanation = explained(first, second, travel("env:C", OTHER, "w"), recorded=(travel("env:A", KNOWN),))
    problem = withheld_problem({"one": (first,), "two": (second,)}, explanation=explanation)
    assert problem is not None
    lines = problem.detail.splitlines()
    assert [causes.NEW_ROUTE.why, causes.SEVERAL_SERVERS.why] == [lines[0], lines[2]]
    assert lines[1].startswith("- one: env:A to ")
    assert lines[3].startswith("- two: env:B to ")
    assert f"{causes.NEW_ROUTE.instead} {causes.SEVERAL_SERVERS.instead} If the routes are right" in problem.detail
