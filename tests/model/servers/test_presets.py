"""The presets of well-known providers hold together, and with what verification knows of the same providers."""

from __future__ import annotations

import re

import pytest

from reconciler.model.servers import providers
from reconciler.model.servers.presets import PRESETS, Preset
from reconciler.model.servers.providers import Provider

_KNOWN = {value.name: value for value in vars(providers).values() if isinstance(value, Provider)}
_SAME = {"Yahoo Mail": "Yahoo", "iCloud Mail": "iCloud", "Zoho Mail": "Zoho", "Google Workspace": "Gmail"}


@pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))
def test_a_preset_is_complete(preset: Preset) -> None:
    """Each names its source with the month of the last look, encrypts, and says what the user must do."""
    assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", preset.as_of)
    assert ": " in preset.source
    assert preset.note.endswith(".")
    assert preset.encryption in {"starttls", "tls"}
    assert (preset.mechanism == "xoauth2") == (preset.credential == "token")


@pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))
def test_verification_knows_the_hosts_of_presets(preset: Preset) -> None:
    """Advice of verification reaches accounts made by a preset: its host is the provider's."""
    provider = _KNOWN.get(_SAME.get(preset.title, preset.title))
    host = preset.host_in("eu-west-1" if preset.default_region is None else None)
    assert host is not None
    assert preset.name == "fastmail" or (provider is not None and provider.has(host))


def test_a_region_that_must_be_given_has_no_host_without_it() -> None:
    """Where each region has its host, none is guessed."""
    assert PRESETS["amazon-ses"].host_in(None) is None
    assert "email-smtp.eu-west-1.amazonaws.com" == PRESETS["amazon-ses"].host_in("eu-west-1")
    assert "smtp.zoho.com" == PRESETS["zoho"].host_in(None)
