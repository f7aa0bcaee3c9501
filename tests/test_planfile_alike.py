"""Lines of a plan that are taken apart: never another answer than reading them whole gives."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.canonical import canonical_json
from reconciler.model.plan import PreparedAccount
from reconciler.planfile import read_plan, write_plan
from reconciler.planfile.alike import IN_ACCOUNT, IN_CHANGE, part_of, value_of_rest
from reconciler.rules.plan.digests import plan_digest
from tests.test_planfile import make_plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconciler.planfile.alike import Apart

CHANGE = canonical_json(make_plan().changes[0].model_dump(mode="json"))
ACCOUNT = canonical_json(make_plan().inputs.accounts["sales"].model_dump(mode="json"))
NAMED = f'["sales",{ACCOUNT}]'
read_account = partial(PreparedAccount.model_validate_json, by_alias=True, by_name=False)

NOT_OURS: dict[str, Callable[[str], str]] = {
    "a space in the member": lambda line: line.replace('"seconds":', '"seconds": ', 1),
    "another way to write a number": lambda line: line.replace('"seconds":0.1', '"seconds":0.10', 1),
    "a key twice in the member": lambda line: line.replace('"seconds":', '"seconds":0.1,"seconds":', 1),
    "an escaped letter in the member": lambda line: line.replace('"ok"', '"\\u006fk"', 1),
    "a space in the rest": lambda line: line.replace('"name":', '"name": ', 1).replace('"written":', '"written": ', 1),
    "the member twice": lambda line: line.replace(',"verification":', ',"verification":{},"verification":', 1).replace(
        ',"evidence":', ',"evidence":{},"evidence":', 1
    ),
    "no number": lambda line: line.replace('"seconds":0.1', '"seconds":NaN', 1),
    "cut": lambda line: line[:-1],
    "more": lambda line: line + "}",
}
"""What makes another text of a line."""


def is_canonical(line: str) -> bool:
    """Tell by the whole line whether it is as reconciler writes it."""
    try:
        return canonical_json(json.loads(line, parse_constant=lambda _: 1 / 0)) == line
    except (ValueError, ZeroDivisionError):
        return False


@pytest.mark.parametrize(("line", "apart"), [(CHANGE, IN_CHANGE), (NAMED, IN_ACCOUNT)], ids=["change", "account"])
def test_a_line_of_ours_is_known_by_its_parts(line: str, apart: Apart) -> None:
    """Of both kinds of lines what comes of the rest is the line with the stand-in for its member."""
    whole = json.loads(line)
    part = whole[1] if isinstance(whole, list) else whole
    part[apart.key] = json.loads(apart.stand_in)
    value_of_rest(line, apart)  # what is met once only is looked at with its line
    assert whole == value_of_rest(line, apart)


@pytest.mark.parametrize(("line", "apart"), [(CHANGE, IN_CHANGE), (NAMED, IN_ACCOUNT)], ids=["change", "account"])
@pytest.mark.parametrize("name", NOT_OURS)
def test_a_line_that_is_not_ours_is_not_known_by_its_parts(line: str, apart: Apart, name: str) -> None:
    """Whatever is written otherwise in member or rest is left to the look at the whole line."""
    altered = NOT_OURS[name](line)
    assert altered != line
    assert not is_canonical(altered)
    assert [None, None] == [value_of_rest(altered, apart) for _ in range(2)]


@given(data=st.data())
def test_what_is_known_by_its_parts_is_canonical(data: st.DataObject) -> None:
    """However a line is cut up and put together again, its parts call no line canonical that is not."""
    line = NAMED.replace('{"metadata":{}', '{"metadata":{"labels":{"a":"x,\\"evidence\\":{","evidence":"y"}}')
    pieces = ["", "{", "}", '"', ",", "null", ',"evidence":', ',"fingerprints":', '\\"', '{"observed":1}', " ", "1"]
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(line)))
        end = data.draw(st.integers(start, min(len(line), start + 40)))
        line = line[:start] + data.draw(st.sampled_from(pieces)) + line[end:]
    value_of_rest(line, IN_ACCOUNT)
    assert value_of_rest(line, IN_ACCOUNT) is None or is_canonical(line)


@pytest.mark.parametrize(
    "document",
    [
        {"metadata": {"labels": {"evidence": "x"}}},
        {"metadata": {"annotations": {"a": ',"evidence":{', "fingerprints": '"'}}},
        {"metadata": {"labels": {"a": "b", "evidence": "x", "fingerprints": "y"}}},
    ],
    ids=["label", "text", "both keys"],
)
def test_a_key_of_that_name_elsewhere_changes_nothing(document: dict[str, Any]) -> None:
    """Labels may be called as the member is; the account is the one that the whole line says."""
    whole = json.loads(ACCOUNT)
    whole["document"] = {**whole["document"], **document}
    line = canonical_json(whole)
    assert [read_account(line)] * 2 == [part_of(line, IN_ACCOUNT, read_account) for _ in range(2)]
    assert read_account(line).evidence == make_plan().inputs.accounts["sales"].evidence


def test_an_account_without_evidence_has_none() -> None:
    """What needs none has a null in the member's place, and is read whole."""
    line = canonical_json({**json.loads(ACCOUNT), "evidence": None})
    assert part_of(line, IN_ACCOUNT, read_account).evidence is None


@pytest.mark.parametrize("evidence", [{"observed": {}}, {"observed": {}, "settingsDigest": 7}])
def test_what_is_no_evidence_is_refused_at_its_place(evidence: object) -> None:
    """The refusal names the place that it has in the account, as where the line is read whole."""
    line = canonical_json({**json.loads(ACCOUNT), "evidence": evidence})
    with pytest.raises(ValueError, match=r"evidence\.settingsDigest"):
        part_of(line, IN_ACCOUNT, read_account)


def test_accounts_with_the_same_evidence_share_it(tmp_path: Path) -> None:
    """A thousand accounts of a server that is asked once are held with one value of what it said."""
    plan = make_plan()
    accounts = dict.fromkeys(("press", "sales", "support"), plan.inputs.accounts["sales"])
    changes = tuple(plan.changes[0].model_copy(update={"name": name}) for name in accounts)
    many = plan.model_copy(update={"changes": changes, "inputs": plan.inputs.model_copy(update={"accounts": accounts})})
    many = many.model_copy(update={"plan_digest": plan_digest(many)})
    write_plan(tmp_path / "plan", many)
    read = read_plan(tmp_path / "plan")
    assert many == read
    accounts = read.inputs.accounts
    assert accounts["sales"].evidence is accounts["support"].evidence
    assert read.changes[1].verification is read.changes[2].verification
