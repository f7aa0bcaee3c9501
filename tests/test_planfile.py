"""Plan files: written whole, read with suspicion, sealed."""

from __future__ import annotations

import gzip
import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler import planfile
from reconciler.diagnostics import Location, warning
from reconciler.errors import GuardRefused, InvalidInput, ReconcilerError
from reconciler.model.formats import FORMAT_VERSION
from reconciler.model.plan import ApplyInputs, Change, FieldChange, PreparedAccount, SavedPlan, Summary
from reconciler.model.secrets.values import FingerprintKey
from reconciler.model.verification.evidence import Check, Evidence, Verification
from reconciler.planfile import has_valid_seal, read_plan, seal_plan, write_plan
from reconciler.planfile import lines as lines_module
from reconciler.rules.plan.digests import changes_digest, plan_digest, plan_document_digest
from tests.support.limits import files_limited_to
from tests.support.planfiles import read_document, read_lines, write_document, write_lines

if TYPE_CHECKING:
    from collections.abc import Callable

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNREADABLE = Path("/proc/self/mem")
"""A regular file whose beginning cannot be read."""

KEY = FingerprintKey(b"k" * 32)


def make_plan() -> SavedPlan:
    """Return a plan with every part filled in."""
    check = Check(check="connect", status="passed", code="ok", message="Połączono.", seconds=0.1)
    verification = Verification(status="passed", depth="envelope", checked_at=AT, checks=(check,))
    change = Change(
        action="create",
        kind="OwnAccount",
        name="sales",
        fields=(FieldChange(path="spec.shared", before=None, after=True),),
        verification=verification,
    )
    account = PreparedAccount(
        document={"metadata": {}, "spec": {"email": "sales@example.com", "displayName": "Sales"}},
        settings_digest="sha256:1",
        needs_evidence=True,
        evidence=Evidence(settings_digest="sha256:1", verification=verification),
    )
    plan = SavedPlan(
        tool="reconciler 0.1.0",
        created_at=AT,
        project="mail",
        lineage="lineage",
        serial=3,
        status="ready",
        changes_digest=changes_digest([change], []),
        plan_digest="",
        summary=Summary(create=1),
        changes=(change,),
        diagnostics=(warning("noReplyTo", "Add one.", location=Location("a.yaml", 1, 2)),),
        inputs=ApplyInputs(accounts={"sales": account}),
    )
    return plan.model_copy(update={"plan_digest": plan_digest(plan)})


def save(path: Path, document: dict[str, Any], *, seals_digest: bool = True) -> None:
    """Write a document as a plan file, with a digest that fits unless told otherwise."""
    if seals_digest:
        document = {**document, "planDigest": plan_document_digest(document)}
    path.write_text(json.dumps(document))


def as_document(plan: SavedPlan) -> dict[str, Any]:
    """Return the plan as the JSON that is written."""
    return plan.model_dump(mode="json")


def refusal(path: Path) -> tuple[type[ReconcilerError], str]:
    """Return class and code of the refusal to read a plan file."""
    with pytest.raises(ReconcilerError) as caught:
        read_plan(path)
    assert caught.value.diagnostics[0].location == Location(str(path))
    return type(caught.value), caught.value.diagnostics[0].code


def test_a_plan_round_trips(tmp_path: Path) -> None:
    """A plan that was written is read as the same value."""
    write_plan(tmp_path / "plan.json", make_plan())
    assert read_plan(tmp_path / "plan.json") == make_plan()


def test_the_same_plan_has_the_same_bytes(tmp_path: Path) -> None:
    """Writing is deterministic, and what was there is replaced; gzip and JSON alone show all of it."""
    for name in ("a", "b", "a"):
        write_plan(tmp_path / name, make_plan())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert read_document(tmp_path / "a") == as_document(make_plan())
    assert "Połączono.".encode() in gzip.decompress((tmp_path / "a").read_bytes())


def test_a_plan_file_is_for_the_owner_alone(tmp_path: Path) -> None:
    """The file has mode 0600 whatever was there before, and no unfinished file is left."""
    path = tmp_path / "plan.json"
    path.write_text("old")
    path.chmod(0o666)
    write_plan(path, make_plan())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """Writing over a link leaves what it pointed at as it was."""
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("precious")
    link.symlink_to(target)
    write_plan(link, make_plan())
    assert target.read_text() == "precious"
    assert read_plan(link) == make_plan()


@pytest.mark.parametrize("place", ["missing/plan.json", "folder", "pipe", "x" * 300, "a\0b"])
def test_what_cannot_be_written_is_told(tmp_path: Path, place: str) -> None:
    """A folder that is missing, a folder or a pipe in the file's place, or an impossible name is a problem in words."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput) as caught:
        write_plan(tmp_path / place, make_plan())
    assert caught.value.diagnostics[0].code == "planFileUnwritable"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "pipe"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """A plan that does not fit leaves the file that was there, and nothing beside it."""
    path = tmp_path / "plan.json"
    path.write_text("old")
    with files_limited_to(100), pytest.raises(InvalidInput):
        write_plan(path, make_plan())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe", b"not json", b"[]", b"7", b"null", b'"text"', b"{}", b'{"formatVersion":1}',
        b'{"formatVersion":"one"}', b'{"formatVersion":"1.0"', b'{"formatVersion":"1.0\\n"}', b'{"a":NaN}',
        b'{"a":1e999}', b'{"a":-Infinity}', b"[" * 200_000, b'{"a":' * 100_000, b"1" * 5000, b"\xef\xbb\xbf{}",
        '{"formatVersion":"\u0661.0"}'.encode(),
    ],
)  # fmt: skip
def test_what_is_no_plan_is_refused(tmp_path: Path, content: bytes) -> None:
    """Garbage of any kind is refused as no plan, never a crash."""
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    assert refusal(path) == (InvalidInput, "planFileInvalid")


def test_no_depth_is_a_crash(tmp_path: Path) -> None:
    """Nesting around the depth at which Python gives up is refused at every depth, whichever step meets it."""
    path = tmp_path / "plan.json"
    for depth in range(700, 1010, 3):
        path.write_text('{"formatVersion":"1.0","planDigest":"x","a":' + "[" * depth + "]" * depth + "}")
        assert refusal(path)[1] in {"planAltered", "planFileInvalid"}


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder, a device and a pipe that nobody writes to are refused at once."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "missing", tmp_path, Path("/dev/zero"), tmp_path / "pipe", tmp_path / "a\0b", UNREADABLE):
        assert refusal(path) == (InvalidInput, "planFileInvalid")


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    """A file beyond the limit is refused by its size."""
    path = tmp_path / "plan.json"
    path.touch()
    os.truncate(path, planfile.MAX_BYTES + 1)
    assert refusal(path) == (InvalidInput, "planFileInvalid")


@pytest.mark.parametrize("version", ["0.9", "2.0", "10.0"])
def test_another_major_format_is_refused_first(tmp_path: Path, version: str) -> None:
    """Another major format is a guard's refusal, whatever else is wrong with the file."""
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"formatVersion": version, "planDigest": "wrong"}))
    assert refusal(path) == (GuardRefused, "planFormatUnknown")
    with pytest.raises(GuardRefused) as caught:
        read_plan(path)
    told = caught.value.diagnostics[0].detail
    assert ("is not written as that one is" in told) is (version == "2.0")
    assert ("reads 2.0 and" in told) is (version != "2.0")


@pytest.mark.parametrize(
    ("place", "content"),
    [("status", "empty"), ("serial", 4), ("lineage", None), ("planDigest", None), ("planDigest", "sha256:\ud800"),
     ("extra", 1), ("inputs", {}), ("changes", [])],
)  # fmt: skip
def test_an_altered_plan_is_refused(tmp_path: Path, place: str, content: object) -> None:
    """Content that does not fit the digest is a guard's refusal, even where it is no plan any more."""
    path = tmp_path / "plan.json"
    save(path, {**as_document(make_plan()), place: content}, seals_digest=False)
    assert refusal(path) == (GuardRefused, "planAltered")


def test_a_key_given_twice_is_an_alteration(tmp_path: Path) -> None:
    """A file in which readers might see different plans is refused, at the top and deep inside."""
    path = tmp_path / "plan.json"
    text = json.dumps(as_document(make_plan()), indent=2)
    for once, twice in (('"project":', '"project": "x", "project":'), ('"path":', '"path": "x", "path":')):
        path.write_text(text.replace(once, twice, 1))
        assert refusal(path) == (GuardRefused, "planAltered")


def test_the_form_is_checked_last(tmp_path: Path) -> None:
    """A document whose digest fits but which is no plan is refused, with the place and without the value."""
    path = tmp_path / "plan.json"
    save(path, {**as_document(make_plan()), "status": "canary"})
    with pytest.raises(InvalidInput) as caught:
        read_plan(path)
    assert "at status" in caught.value.diagnostics[0].detail
    assert "canary" not in caught.value.diagnostics[0].detail


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"metadata": {}, "spec": "canary"},
        {"metadata": {}, "spec": {"email": "canary", "displayName": "A", "smtp": "canary"}},
        {"metadata": {}, "spec": {"email": "canary", "displayName": "A", "proxy": {"password": "canary"}}},
        {"spec": {"email": "canary", "displayName": "A"}},
        {"metadata": {"labels": "canary"}, "spec": {"email": "canary", "displayName": "A"}},
    ],
    ids=["nothing", "text", "server", "proxy", "no metadata", "labels"],
)
def test_an_account_that_is_none_is_refused(tmp_path: Path, document: object) -> None:
    """What would be recorded, and where secrets would go by it, is looked at when the file is read."""
    path, plan = tmp_path / "plan.json", as_document(make_plan())
    plan["inputs"]["accounts"]["sales"]["document"] = document
    save(path, plan)
    with pytest.raises(GuardRefused) as caught:
        read_plan(path)
    assert "planAltered" == caught.value.diagnostics[0].code
    assert "canary" not in caught.value.diagnostics[0].detail


def test_text_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Half of a surrogate pair, which JSON can write and UTF-8 cannot, is no part of a plan."""
    path = tmp_path / "plan.json"
    save(path, {**as_document(make_plan()), "tool": "\ud800"})
    assert refusal(path) == (InvalidInput, "planFileInvalid")


def test_unknown_fields_of_this_format_are_refused(tmp_path: Path) -> None:
    """A field that this format does not have, or a name in another spelling, is not a plan's."""
    path = tmp_path / "plan.json"
    save(path, {**as_document(make_plan()), "extra": 1})
    assert refusal(path) == (InvalidInput, "planFileInvalid")
    document = as_document(make_plan())
    document["created_at"] = document.pop("createdAt")
    save(path, document)
    assert refusal(path) == (InvalidInput, "planFileInvalid")


def test_additions_of_a_later_minor_format_are_passed_over(tmp_path: Path) -> None:
    """A later minor format only adds, so its additions are left out at every level and its other errors are not."""
    path = tmp_path / "plan.json"
    document = as_document(make_plan())
    document["formatVersion"] = "1.7"
    document["added"] = {"x": 1}
    document["changes"][0]["added"] = 1
    document["inputs"]["accounts"]["sales"]["added"] = None
    save(path, document)
    plan = read_plan(path)
    assert plan.changes == make_plan().changes
    assert plan.format_version == "1.7"
    save(path, {**document, "status": 7})
    assert refusal(path) == (InvalidInput, "planFileInvalid")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    content=st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
    place=st.sampled_from([None, *SavedPlan.model_fields]),
)
def test_no_json_is_a_crash(tmp_path: Path, content: object, place: str | None) -> None:
    """Any JSON in any place of a plan ends in a plan or in a refusal of ours."""
    path = tmp_path / "plan.json"
    document = as_document(make_plan())
    if place is not None:
        document[place] = content
    path.write_text(json.dumps(document if place is not None else content))
    try:
        code: str = read_plan(path).status
    except ReconcilerError as refused:
        code = refused.diagnostics[0].code
    assert code in {"ready", "planFileInvalid", "planAltered", "planFormatUnknown"}


def test_a_seal_holds_for_its_key_and_plan_only(tmp_path: Path) -> None:
    """A seal is valid under its own key for its own plan, before and after saving."""
    sealed = seal_plan(make_plan(), KEY)
    write_plan(tmp_path / "plan.json", sealed)
    assert has_valid_seal(sealed, KEY) is True
    assert has_valid_seal(read_plan(tmp_path / "plan.json"), KEY) is True
    assert has_valid_seal(sealed, FingerprintKey(b"other")) is False
    assert has_valid_seal(make_plan(), KEY) is False
    assert has_valid_seal(sealed.model_copy(update={"seal": "żółw \ud800"}), KEY) is False
    assert has_valid_seal(sealed.model_copy(update={"plan_digest": "sha256:other"}), KEY) is False


def test_an_edit_with_a_new_digest_breaks_the_seal(tmp_path: Path) -> None:
    """Whoever alters a plan and computes its digest anew still lacks the seal."""
    document = {**as_document(seal_plan(make_plan(), KEY)), "serial": 4}
    save(tmp_path / "plan.json", document)
    assert has_valid_seal(read_plan(tmp_path / "plan.json"), KEY) is False


def test_what_earlier_versions_wrote_is_the_same_plan(tmp_path: Path) -> None:
    """One document of format 1.x and the lines of 2.0 are one plan with one digest, so a seal holds for both."""
    sealed = seal_plan(make_plan(), KEY)
    save(tmp_path / "document", as_document(sealed), seals_digest=False)
    write_plan(tmp_path / "lines", sealed)
    assert read_plan(tmp_path / "document") == read_plan(tmp_path / "lines")
    assert read_plan(tmp_path / "document") == sealed


LINES: dict[str, tuple[Callable[[list[Any]], object], str]] = {
    "another major": (lambda lines: lines[0].update(formatVersion="3.0"), "planFormatUnknown"),
    "no version": (lambda lines: lines[0].pop("formatVersion"), "planFileInvalid"),
    "another plan": (lambda lines: lines[1].update(formatVersion="2.0"), "planFormatUnknown"),
    "the plan's own format in the first line": (
        lambda lines: lines[0].update(formatVersion="1.1"),
        "planFormatUnknown",
    ),
    "no first line": (lambda lines: lines.pop(0), "planFormatUnknown"),
    "no count": (lambda lines: lines[0].pop("changes"), "planFileInvalid"),
    "a count that is none": (lambda lines: lines[0].update(accounts=True), "planFileInvalid"),
    "a negative count": (lambda lines: lines[0].update(accounts=-1), "planFileInvalid"),
    "too few": (lambda lines: lines[0].update(changes=2, accounts=0), "planFileInvalid"),
    "too many": (lambda lines: lines.extend([None]), "planAltered"),
    "a line left out": (lambda lines: lines.pop(), "planFileInvalid"),
    "no head": (lambda lines: lines.pop(1), "planFileInvalid"),
    "changes in the head": (lambda lines: lines[1].update(changes=[]), "planFileInvalid"),
    "accounts in the head": (lambda lines: lines[1]["inputs"].update(accounts={}), "planFileInvalid"),
    "no inputs": (lambda lines: lines[1].update(inputs=7), "planFileInvalid"),
    "an altered head": (lambda lines: lines[1].update(serial=4), "planAltered"),
    "an altered change": (lambda lines: lines[2].update(action="delete"), "planAltered"),
    "an altered account": (lambda lines: lines[3][1].update(needsEvidence=False), "planAltered"),
    "another account": (lambda lines: lines[3].__setitem__(0, "spare"), "planAltered"),
    "an account twice": (lambda lines: lines.extend([lines[0].update(accounts=2) or lines[3]]), "planAltered"),
    "an account without a name": (lambda lines: lines[3].pop(0), "planAltered"),
}


@pytest.mark.parametrize("name", LINES)
def test_altered_lines_are_refused(tmp_path: Path, name: str) -> None:
    """Whatever line of a plan is altered, added, left out or moved, the file is not taken."""
    alter, code = LINES[name]
    write_plan(tmp_path / "plan", make_plan())
    lines = read_lines(tmp_path / "plan")
    alter(lines)
    write_lines(tmp_path / "plan", lines)
    assert code == refusal(tmp_path / "plan")[1]


@pytest.mark.parametrize(
    ("alter", "code"),
    [
        (lambda octets: octets[:-1], "planFileInvalid"),
        (lambda octets: octets + b"\0", "planFileInvalid"),
        (lambda octets: octets + octets, "planFileInvalid"),
        (lambda octets: octets[:40] + b"x" + octets[41:], "planFileInvalid"),
        (lambda octets: octets[:2], "planFileInvalid"),
        (lambda octets: gzip.compress(gzip.decompress(octets)[:-1]), "planFileInvalid"),
        (lambda octets: gzip.compress(gzip.decompress(octets).replace(b'"name":', b'"name": ', 1)), "planAltered"),
        (lambda octets: gzip.compress(gzip.decompress(octets).replace(b'"name":', b'"name":"x","name":', 1)), "planAltered"),
        (lambda octets: gzip.compress(gzip.decompress(octets) + b"[" * 100_000 + b"\n"), "planAltered"),
        (lambda _: gzip.compress(b"\xff\n"), "planFileInvalid"),
        (lambda _: gzip.compress(b""), "planFileInvalid"),
    ],
    ids=[
        "cut", "more", "twice", "damaged", "nothing", "no last end", "spaces", "key twice", "nested", "no text", "empty"
    ],
)  # fmt: skip
def test_damaged_lines_are_refused(tmp_path: Path, alter: Callable[[bytes], bytes], code: str) -> None:
    """A file that is cut off, longer, damaged, or written in another way than ours is refused, never a crash."""
    write_plan(tmp_path / "plan", make_plan())
    (tmp_path / "plan").write_bytes(alter((tmp_path / "plan").read_bytes()))
    assert code == refusal(tmp_path / "plan")[1]


def test_lines_that_have_no_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file that would fill the memory is given up at a limit: of one line, and of all."""
    write_plan(tmp_path / "plan", make_plan())
    (tmp_path / "long").write_bytes(gzip.compress(b" " * 2_000_000))
    monkeypatch.setattr(lines_module, "MAX_LINE_OCTETS", 1_000_000)
    assert "planFileInvalid" == refusal(tmp_path / "long")[1]
    monkeypatch.setattr(lines_module, "MAX_OCTETS", 100)
    assert "planFileInvalid" == refusal(tmp_path / "plan")[1]


def test_additions_of_a_later_minor_format_are_passed_over_in_lines(tmp_path: Path) -> None:
    """As in one document: fields of the head, of changes and of accounts that this version does not know."""
    document = as_document(make_plan())
    document |= {"formatVersion": "1.7", "added": {"x": 1}}
    document["changes"][0]["added"] = 1
    document["inputs"]["accounts"]["sales"]["added"] = None
    write_document(tmp_path / "plan", {**document, "planDigest": plan_document_digest(document)})
    assert make_plan().changes == read_plan(tmp_path / "plan").changes
    document["formatVersion"] = FORMAT_VERSION
    write_document(tmp_path / "plan", {**document, "planDigest": plan_document_digest(document)})
    assert "planFileInvalid" == refusal(tmp_path / "plan")[1]


def test_a_saved_plan_is_small(tmp_path: Path) -> None:
    """What accounts have in common takes no room: less than half a kibibyte for each of a thousand."""
    plan = make_plan()
    names = [f"sales-{number}" for number in range(1000)]
    changes = tuple(plan.changes[0].model_copy(update={"name": name}) for name in names)
    accounts = dict.fromkeys(names, plan.inputs.accounts["sales"])
    inputs = plan.inputs.model_copy(update={"accounts": accounts})
    many = plan.model_copy(update={"changes": changes, "inputs": inputs})
    write_plan(tmp_path / "plan", many.model_copy(update={"plan_digest": plan_digest(many)}))
    assert (tmp_path / "plan").stat().st_size < 512 * len(names)
    assert names == [change.name for change in read_plan(tmp_path / "plan").changes]
