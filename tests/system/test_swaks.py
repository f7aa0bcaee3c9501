"""swaks and this program come to the same verdict on the same servers, and where not, the table says why."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.support.scripted import CLOSE, ScriptedServer, polite
from tests.system.support.processes import free_ports
from tests.system.swaks import CASES, STAGES, Account, Case, our_finding, swaks_exit_code
from tests.verification.targets import outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from reconciler.verification import Finding
    from tests.support.scripted import Script
    from tests.system.support.keys import Keys
    from tests.system.support.postfix import Postfix

SCRIPTED: Mapping[str, Script] = {
    "web": polite({"GREETING": "HTTP/1.1 400 Bad Request"}),
    "silent": lambda wire: wire.wait_for_close(),
    "closing": polite({"GREETING": CLOSE}),
    "tlsUnavailable": polite({"EHLO": "250-test.example\r\n250 STARTTLS", "STARTTLS": "454 4.7.0 no TLS now"}),
    "noData": polite({"DATA": "554 5.5.1 not now"}),
    "noMessage": polite({".": "554 5.6.0 not this one"}),
    "lostAtTheDot": polite({".": CLOSE}),
}
"""What Postfix cannot be brought to do."""


@pytest.fixture(scope="module")
def ports(postfix: Postfix) -> Iterator[Mapping[str, int]]:
    """Return the port of every server of the table."""
    with ExitStack() as servers:
        scripted = {name: servers.enter_context(ScriptedServer(script)).port for name, script in SCRIPTED.items()}
        yield {**postfix.ports, **scripted, "nothing": free_ports(1)[0]}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_the_verdicts_are_the_same(case: Case, ports: Mapping[str, int], keys: Keys, tmp_path: Path) -> None:
    """Each row is what happens: the exit code of swaks, our check, its code and what its sentence says."""
    finding = our_finding(case.account, ports[case.server], keys=keys)
    exit_code = swaks_exit_code(case.account, ports[case.server], keys=keys, home=tmp_path)
    noteworthy = _noteworthy(finding)
    assert (case.swaks, case.check, case.code) == (exit_code, *noteworthy[:2])
    assert [word for word in case.words if word not in noteworthy[2]] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_the_table_says_where_verdicts_differ(case: Case) -> None:
    """Both end at the same stage, or the row says that they differ and why."""
    is_warned = case.code == "certificateExpiresSoon"
    ours, theirs = ("" if is_warned else case.check), STAGES[case.swaks]
    assert case.is_agreed is (bool(ours) if theirs is None else ours == theirs)
    assert case.we_know_more or (case.is_agreed and not is_warned and theirs is not None)


def test_swaks_tries_a_wrong_password_more_than_once(
    postfix: Postfix, ports: Mapping[str, int], keys: Keys, tmp_path: Path
) -> None:
    """What the table says of wrong passwords holds: swaks tries every mechanism, this program one."""
    wrong = Account(has_right_password=False)
    before = postfix.log.count("authentication failed")
    our_finding(wrong, ports["starttls"], keys=keys)
    ours = postfix.log.count("authentication failed") - before
    swaks_exit_code(wrong, ports["starttls"], keys=keys, home=tmp_path)
    theirs = postfix.log.count("authentication failed") - before - ours
    assert (1, True) == (ours, theirs > 1)


def _noteworthy(finding: Finding) -> tuple[str, str, str]:
    """Return the check that failed or warned, its code and its sentence; empty, ok and empty where all passed."""
    found = [each for each in finding.verification.checks if each.status in {"failed", "warned"}]
    assert len(found) < 2, outcome(finding)
    return (found[0].check, found[0].code, found[0].message) if found else ("", "ok", "")
