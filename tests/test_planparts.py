"""Parts of a plan as a merge reads them: what is taken, and that nothing passes that reading the whole plan refuses."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import ReconcilerError
from reconciler.planfile import has_valid_seal, read_plan, seal_plan, write_plan
from reconciler.planfile.parts import read_part
from reconciler.rules.plan.digests import plan_digest
from reconciler.rules.plan.shards import as_read, sharing
from tests.support.planfiles import read_lines, write_lines
from tests.test_planfile import KEY, LINES, make_plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconciler.model.plan import SavedPlan


def sealed_part() -> SavedPlan:
    """Return a sealed plan with two accounts, one of them not verified."""
    plan = make_plan()
    account = plan.inputs.accounts["sales"]
    spare = account.model_copy(update={"evidence": None, "settings_digest": None})
    inputs = plan.inputs.model_copy(update={"accounts": {"sales": account, "spare": spare}})
    plan = plan.model_copy(update={"inputs": inputs, "plan_digest": ""})
    return seal_plan(plan.model_copy(update={"plan_digest": plan_digest(plan)}), KEY)


def is_sealed(plan: SavedPlan) -> bool:
    """Tell whether a plan has the seal of the key here."""
    return has_valid_seal(plan, KEY)


def refusal(read: Callable[[], object]) -> tuple[type[ReconcilerError], str]:
    """Return how reading a file is refused."""
    with pytest.raises(ReconcilerError) as caught:
        read()
    return type(caught.value), str(caught.value)


def test_of_a_part_is_taken_what_the_whole_plan_has(tmp_path: Path) -> None:
    """Settings' digests and evidence, by account, and the plan without them; sealed here or not, written by either format."""
    plan = sealed_part()
    write_plan(tmp_path / "sealed", plan)
    part, was_sealed = read_part(tmp_path / "sealed", is_sealed=is_sealed)
    assert was_sealed
    assert as_read(plan) == part
    assert {"sales": "sha256:1", "spare": None} == part.settings
    assert ["sales"] == list(part.evidence)
    write_plan(tmp_path / "unsealed", plan.model_copy(update={"seal": None}))
    other, was_sealed = read_part(tmp_path / "unsealed", is_sealed=is_sealed)
    assert not was_sealed
    assert (part.settings, part.evidence) == (other.settings, other.evidence)
    (tmp_path / "document").write_text(plan.model_dump_json())
    assert (part, True) == read_part(tmp_path / "document", is_sealed=is_sealed)


@pytest.mark.parametrize("name", LINES)
def test_an_altered_part_is_refused_as_a_plan_is(tmp_path: Path, name: str) -> None:
    """In the same words, although the head claims the digest that was sealed."""
    write_plan(tmp_path / "part", seal_plan(make_plan(), KEY))
    lines = read_lines(tmp_path / "part")
    LINES[name][0](lines)
    write_lines(tmp_path / "part", lines)
    assert refusal(lambda: read_plan(tmp_path / "part")) == refusal(
        lambda: read_part(tmp_path / "part", is_sealed=is_sealed)
    )


@pytest.mark.parametrize(
    ("before", "after", "accounts"),
    [
        (b']\n["spare",', b',"spare":', 1),
        (b',"evidence":null', b']\n["evidence",null', 3),
        (b',"settingsDigest":null', b']\n["settingsDigest",null', 3),
        (b',"needsEvidence":true', b']\n["needsEvidence",true', 4),
    ],
    ids=["two accounts in a line", "one in two", "its digest alone", "each in two"],
)
def test_lines_end_where_they_were_written_to(tmp_path: Path, before: bytes, after: bytes, accounts: int) -> None:
    """The digest does not say where: it is the same over lines that end elsewhere, so such lines are seen by themselves."""
    write_plan(tmp_path / "part", sealed_part())
    octets = gzip.decompress((tmp_path / "part").read_bytes())
    assert before in octets
    moved = octets.replace(before, after).replace(b'"accounts":2', b'"accounts":%d' % accounts, 1)
    (tmp_path / "part").write_bytes(gzip.compress(moved))
    assert refusal(lambda: read_plan(tmp_path / "part")) == refusal(
        lambda: read_part(tmp_path / "part", is_sealed=is_sealed)
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [(b',"evidence":null', b']\n,"evidence":null'), (b',"spec":', b']\n["spec",')],
    ids=["at what was verified", "within its document"],
)
def test_a_line_begins_where_its_account_does(tmp_path: Path, before: bytes, after: bytes) -> None:
    """A line that begins with the end of an account would have it under another name, which may be another account's."""
    write_plan(tmp_path / "part", sealed_part())
    octets = gzip.decompress((tmp_path / "part").read_bytes())
    first, between, second = octets.partition(b']\n["spare",')
    assert between
    assert before in second
    (tmp_path / "part").write_bytes(gzip.compress(first + b',"spare":' + second.replace(before, after, 1)))
    assert refusal(lambda: read_plan(tmp_path / "part")) == refusal(
        lambda: read_part(tmp_path / "part", is_sealed=is_sealed)
    )


def test_parts_of_one_plan_share_their_digests(tmp_path: Path) -> None:
    """Ten parts of 100,000 accounts hold one mapping of digests, and one that differs has its own."""
    write_plan(tmp_path / "part", sealed_part())
    first, second = (read_part(tmp_path / "part", is_sealed=is_sealed)[0] for _ in range(2))
    assert first.settings is not second.settings
    assert first.settings is sharing(second, [first]).settings
    write_plan(tmp_path / "other", seal_plan(make_plan(), KEY))
    other, _ = read_part(tmp_path / "other", is_sealed=is_sealed)
    assert other == sharing(other, [first])
