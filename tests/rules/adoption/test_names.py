"""Names, variables and candidates of what is taken over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.adoption.candidates import Candidate
from reconciler.model.adoption.found import UNSAID, FoundAccount, Security
from reconciler.model.servers.presets import PRESETS
from reconciler.rules.adoption.names import free_name, slug, variable
from reconciler.rules.adoption.proposing import joined, of_exchange, of_found, of_preset
from reconciler.rules.adoption.ways import ways_to_try

if TYPE_CHECKING:
    from reconciler.model.servers.presets import Preset


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Sales@Example.com", "sales-example-com"),
        ("ßłøđæœþðı", "sslodaeoethdi"),
        ("Büro Łódź", "buro-lodz"),
        ("--a--b--", "a-b"),
        ("@" + "a" * 63, "a" * 63),
        ("a" * 70, "a" * 63),
        ("a" * 62 + "-b", "a" * 62),
        ("営業", "account"),
        ("", "account"),
        ("x.X", "x-x"),
    ],
)
def test_a_name_is_made_of_any_text(text: str, name: str) -> None:
    """Letters without their marks, single hyphens between, at most 63 characters."""
    assert name == slug(text)


@pytest.mark.parametrize(
    ("wanted", "taken", "name"),
    [
        ("sales", [], "sales"),
        ("sales", ["sales"], "sales-2"),
        ("sales", ["sales", "sales-2", "sales-3"], "sales-4"),
        ("a" * 63, ["a" * 63], "a" * 61 + "-2"),
        ("a" * 60 + "-bc", ["a" * 60 + "-bc"], "a" * 60 + "-2"),
    ],
)
def test_a_name_that_is_taken_is_numbered(wanted: str, taken: list[str], name: str) -> None:
    """And stays short enough."""
    assert name == free_name(wanted, taken)


def test_a_variable_is_named_after_the_account() -> None:
    """In capitals, with underscores for all but letters and digits of ASCII."""
    assert "SMTP_SALES_PL_PASSWORD" == variable("sales-pl")
    assert "SMTP_A_1_TOKEN" == variable("a.1", "TOKEN")
    assert "SMTP__A_PASSWORD" == variable("éa")


@pytest.mark.parametrize(
    ("port", "encryption", "ways"),
    [
        (None, None, ["465 tls", "587 starttls", "2525 starttls", "25 starttls"]),
        (None, "starttls", ["587 starttls", "2525 starttls", "25 starttls"]),
        (None, "tls", ["465 tls"]),
        (None, "none", ["25 none"]),
        (587, None, ["587 starttls", "587 tls"]),
        (8465, None, ["8465 tls", "8465 starttls"]),
        (8465, "starttls", ["8465 starttls"]),
        (25, "none", ["25 none"]),
    ],
)
def test_ways_are_tried_in_this_order(port: int | None, encryption: Any, ways: list[str]) -> None:
    """The safest first, and only what was said where something was."""
    assert ways == [f"{way.port} {way.encryption}" for way in ways_to_try(port, encryption)]


@pytest.mark.parametrize("preset", [each for each in PRESETS.values() if each.domains], ids=lambda each: each.name)
def test_a_well_known_domain_is_its_providers(preset: Preset) -> None:
    """With all that the preset says, and who says so."""
    expected = Candidate(
        host=preset.host_in(None) or preset.host,
        port=preset.port or (465 if preset.encryption == "tls" else 587),
        encryption=preset.encryption,
        username=preset.username,
        mechanism=preset.mechanism,
        sources=(f"the preset {preset.name}",),
        note=preset.note,
        preset=preset.name,
    )
    assert expected in of_preset(preset.domains[0])
    assert [] == of_preset("example.com")


def test_a_domain_whose_mail_a_provider_receives_is_its_customers() -> None:
    """The exchange is told with the preset."""
    preset = next(each for each in PRESETS.values() if each.exchanges)
    exchange = preset.exchanges[0].replace("*", "x")
    found = of_exchange("example.com", exchange)
    assert f"the preset {preset.name}, since {exchange} receives the mail of example.com" in [
        each.sources[0] for each in found
    ]
    assert [] == of_exchange("example.com", "mx.example.com")


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_preset_has_a_host_and_a_port(preset: Any) -> None:
    """Also where its host is one of several regions, and where its port is the usual one."""
    for found in (*of_preset((preset.domains or ("",))[0]), *of_exchange("a", (preset.exchanges or ("-",))[0])):
        assert found.host
        assert found.port > 0
        assert found.encryption in {"tls", "starttls"}


CERTAIN = Security(encryption="starttls")
SAID: dict[str, Any] = {"label": "l", "host": "smtp.example.com", "security": CERTAIN, "username": "{email}"}


@pytest.mark.parametrize(
    ("parts", "changed"),
    [
        ({}, {}),
        ({"port": 2525}, {"port": 2525}),
        ({"security": Security(encryption="tls")}, {"encryption": "tls", "port": 465}),
        ({"mechanism": "plain"}, {"mechanism": "plain"}),
        ({"has_login": False}, {"username": None}),
        ({"host": None}, None),
        ({"security": UNSAID}, None),
        ({"security": Security(encryption="none")}, None),
        ({"security": replace(CERTAIN, certainty="server", why="x")}, None),
        ({"security": Security()}, None),
    ],
)
def test_a_providers_description_is_proposed_as_far_as_it_is_safe(
    parts: dict[str, Any], changed: dict[str, Any] | None
) -> None:
    """Nothing without encryption, and nothing that the server would have to decide."""
    usual = Candidate(
        host="smtp.example.com", port=587, encryption="starttls", username="{email}", sources=("the provider",)
    )
    expected = [] if changed is None else [replace(usual, **changed)]
    assert expected == of_found(FoundAccount(**{**SAID, **parts}), "the provider")


def candidate(source: str, **parts: Any) -> Candidate:
    """Return a candidate."""
    usual: dict[str, Any] = {"host": "h.example", "port": 587, "encryption": "starttls", "sources": (source,)}
    return Candidate(**{**usual, **parts})


def test_one_server_is_proposed_once_with_all_who_say_so() -> None:
    """In their order; what the first does not say is taken from the next."""
    found = joined(
        [
            candidate("a"),
            candidate("port", port=2525),
            candidate("b", host="H.example", username="{email}", note="n"),
            candidate("c", username="{localpart}", note="m"),
            candidate("tls", encryption="tls"),
            candidate("host", host="i.example"),
        ]
    )
    assert (
        candidate("a", sources=("a", "b", "c"), username="{email}", note="n"),
        candidate("port", port=2525),
        candidate("tls", encryption="tls"),
        candidate("host", host="i.example"),
    ) == found
