"""The public test suites of others, as far as they speak of what reconciler does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.text.domains import why_not_plain
from reconciler.model.text.types import check_email
from reconciler.model.verification.codes import CHECK_CODES
from reconciler.smtp.deadline import Deadline
from reconciler.verification.domains import Lookups
from reconciler.verification.domains.spf import check_spf
from tests.system.support.suites import address_cases, spf_name_server, spf_outcome, spf_scenarios

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.nameserver import NameServer

_SPF_FILES = {"rfc7208-tests.yml": 203, "rfc4408-tests.yml": 191, "test.yml": 16}
"""How many tests each holds: the suite of RFC 7208, that of its predecessor, and pyspf's own."""
_NOT_OF_THE_RFC = frozenset({"default-modifier", "default-modifier-harsh"})
"""What pyspf does in modes of its own, lax and harsh: ``strict: 0`` and ``strict: 2``."""


def _cases(file: str) -> Iterator[tuple[str, Mapping[str, Any], NameServer]]:
    for scenario in spf_scenarios(file):
        with spf_name_server(scenario["zonedata"]) as server:
            for name, case in scenario["tests"].items():
                if name not in _NOT_OF_THE_RFC:
                    yield name, case, server


def _allowed(case: Mapping[str, Any]) -> list[str]:
    return case["result"] if isinstance(case["result"], list) else [case["result"]]


@pytest.mark.parametrize("file", _SPF_FILES)
def test_every_result_is_that_of_the_suite(file: str) -> None:
    """The check of an address comes to a result that the suite allows, in each of its tests."""
    found = {name: (spf_outcome(case, server).result, _allowed(case)) for name, case, server in _cases(file)}
    assert {} == {name: each for name, each in found.items() if each[0] not in each[1]}


@pytest.mark.parametrize("file", _SPF_FILES)
def test_every_explanation_is_that_of_the_suite(file: str) -> None:
    """What a domain says to refused senders is filled in as the suite has it; DEFAULT is that it says nothing."""
    found = {
        name: (spf_outcome(case, server).explanation or "DEFAULT", case["explanation"])
        for name, case, server in _cases(file)
        if "explanation" in case
    }
    assert {} == {name: each for name, each in found.items() if each[0] != each[1]}


@pytest.mark.parametrize(("file", "count"), _SPF_FILES.items())
def test_the_suites_are_whole(file: str, count: int) -> None:
    """Every test of a file is among those that are tried, but for the two that are none of the RFC's."""
    known = [name for scenario in spf_scenarios(file) for name in scenario["tests"]]
    assert count == len(known)


@pytest.mark.parametrize("file", _SPF_FILES)
def test_a_record_that_is_an_error_to_receivers_is_one_here(file: str) -> None:
    """What every receiver ends with permerror is told as a failure when the domain is looked at, whoever sends."""
    found = {}
    for name, case, server in _cases(file):
        domain = case["mailfrom"].rpartition("@")[2] or case["helo"]
        if _allowed(case) == ["permerror"]:
            remarks = check_spf(domain, Lookups([server.address]), deadline=Deadline(20))
            found[name] = [each.code for each in remarks]
    failures = {name for name, codes in found.items() if any(CHECK_CODES[code].kind == "failed" for code in codes)}
    assert {} == {name: found[name] for name in found.keys() - failures}


_NO_BARE_ADDRESS = re.compile(r"[<\"]")
"""Names beside an address, and quoted local parts: what no field of a manifest and no card takes."""
_LOOK_ALIKE = frozenset({"\uff20@fullwidth.at"})
"""Allowed by the RFCs; a card refuses it, so a manifest is warned of it."""


def _verdict(address: str) -> str:
    """Return what becomes of an address in a manifest: the reason of a refusal, of a warning, or ok."""
    if check_email(address) is not None:
        return "refused"
    return "ok" if why_not_plain(address) is None else "warned"


@pytest.mark.parametrize("test", ["test_email_valid", "test_email_valid_intl_local_part"])
def test_good_addresses_of_others_are_taken(test: str) -> None:
    """What email-validator takes as one bare address is taken without a word."""
    addresses = [address for address, _ in address_cases(test) if not _NO_BARE_ADDRESS.search(address)]
    assert len(addresses) > 5
    assert _LOOK_ALIKE >= {address for address in addresses if _verdict(address) != "ok"}


@pytest.mark.parametrize(
    "test",
    [
        "test_email_invalid_syntax",
        "test_email_invalid_syntax_display_name",
        "test_email_invalid_syntax_strict",
        "test_email_valid_only_if_quoted_local_part",
    ],
)
def test_bad_addresses_of_others_are_refused_or_warned_of(test: str) -> None:
    """What email-validator refuses in its strictest mode does not pass here unnoticed."""
    addresses = [address for address, _ in address_cases(test)]
    assert addresses
    assert [] == [address for address in addresses if _verdict(address) == "ok"]


def test_unsafe_characters_of_others_are_refused() -> None:
    """Characters that are allowed by standards and unsafe in an address pass on neither side of the @."""
    unsafe = [characters for characters, _ in address_cases("test_email_unsafe_character")]
    addresses = [each for characters in unsafe for each in (f"{characters}@example.com", f"a@{characters}.example.com")]
    assert [] == [address for address in addresses if _verdict(address) == "ok"]


def test_the_cases_of_is_email() -> None:
    """Of the suite that email-validator took over, valid is what passes, and nothing else."""
    cases = address_cases("test_pyisemail_tests")
    assert len(cases) > 100
    assert [] == [
        (address, status) for address, status in cases if (_verdict(address) == "ok") != (status == "ISEMAIL_VALID")
    ]
