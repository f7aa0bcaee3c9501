"""No secret is read from a file of ours, under whatever name; a path counts by where it leads, once and for all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.secrets import OwnFiles, SecretReader, relative_spelling

VALUE = "canary-Own-27c1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a project folder with secrets, and a folder of state beside them."""
    root = tmp_path / "mail"
    for name in ("secrets", "keys", ".reconciler/evidence"):
        (root / name).mkdir(parents=True)
    for name in (
        "secrets/plain",
        "keys/own",
        ".reconciler/fingerprint.key",
        ".reconciler/evidence/a",
        "reconciler.yaml",
    ):
        (root / name).write_text(VALUE, encoding="ascii")
    return root


def reader_of(root: Path, *, has_scopes: bool = False, state_files: tuple[Path, ...] = ()) -> SecretReader:
    """Return a reader that may read every file but ours."""
    own = OwnFiles(
        files=(root / "keys" / "own", root / "reconciler.yaml", root / "none"),
        state_folders=(root / ".reconciler", root / "nowhere"),
        state_files=state_files,
    )
    return SecretReader(root, {}, allowed=("file:**",), own=own, has_scopes=has_scopes)


def outcome(reader: SecretReader, key: str) -> str:
    """Return the value of a file, or the code of its problem in square brackets; looking and reading must agree."""
    reference = f"file:{key}"
    looked = reader.look([reference]).problems.get(reference)
    reading = reader.read([reference])
    if reference in reading.values:
        assert looked is None
        return reading.values[reference].reveal()
    problem = reading.problems[reference]
    assert looked in {None, problem}
    assert VALUE not in problem.detail
    return f"[{problem.code}]"


OURS = ("keys/own", "reconciler.yaml", ".reconciler/fingerprint.key", ".reconciler/evidence/a")


@pytest.mark.parametrize("target", OURS)
def test_a_file_of_ours_is_refused_under_every_name(folder: Path, target: str) -> None:
    """It is refused by its own name, a link, a link to a link, a hard link, and through a linked folder."""
    (folder / "secrets" / "link").symlink_to(folder / target)
    (folder / "secrets" / "again").symlink_to("link")
    (folder / "way").symlink_to((folder / target).parent)
    os.link(folder / target, folder / "secrets" / "hard")
    names = (target, "secrets/link", "secrets/again", f"way/{Path(target).name}", "secrets/hard")
    assert ["[secretNotAllowed]"] * len(names) == [outcome(reader_of(folder), name) for name in names]


def test_other_files_are_read_though_they_have_several_names(folder: Path) -> None:
    """A hard link of no file of ours is a plain file, where all manifests may name all files."""
    os.link(folder / "secrets" / "plain", folder / "secrets" / "hard")
    assert [VALUE, VALUE] == [outcome(reader_of(folder), name) for name in ("secrets/plain", "secrets/hard")]


def test_with_scopes_a_file_with_several_names_is_nobodys(folder: Path) -> None:
    """Where files are for some manifests only, it cannot be told for whom a hard link is."""
    (folder / "secrets" / "single").write_text(VALUE, encoding="ascii")
    os.link(folder / "secrets" / "plain", folder / "secrets" / "hard")
    reader = reader_of(folder, has_scopes=True)
    assert "[secretNotAllowed]" == outcome(reader, "secrets/hard")
    assert VALUE == outcome(reader, "secrets/single")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mail.db", "[secretNotAllowed]"),
        ("mail.db-wal", "[secretNotAllowed]"),
        ("mail.db.before-2", "[secretNotAllowed]"),
        (".mail.db.x.new", "[secretNotAllowed]"),
        ("mail.txt", VALUE),
        ("secrets/mail.db", VALUE),
    ],
)
def test_of_a_state_among_files_those_of_its_name_are_kept(folder: Path, name: str, expected: str) -> None:
    """Database, journal, copies and drafts lie beside each other under one name; other files are none of its own."""
    (folder / "mail.db").write_text(VALUE, encoding="ascii")
    (folder / name).write_text(VALUE, encoding="ascii")
    os.link(folder / name, folder / "secrets" / "hard")
    reader = reader_of(folder, state_files=(folder / "mail.db",))
    assert [expected, expected] == [outcome(reader, name), outcome(reader, "secrets/hard")]


def test_a_key_of_the_project_is_read_from_its_file(folder: Path) -> None:
    """What no manifest may name is what the project file names: it is read as a key."""
    reading = reader_of(folder).read_key("file:keys/own")
    assert VALUE == reading.values["file:keys/own"].reveal()
    assert "secretMissing" == reader_of(folder).read_key("file:keys/none").problems["file:keys/none"].code


def test_a_key_that_was_read_is_no_secret(folder: Path) -> None:
    """Reading it as a key does not make it readable under its reference."""
    reader = reader_of(folder)
    reader.read_key("file:keys/own")
    assert "[secretNotAllowed]" == outcome(reader, "keys/own")


@pytest.mark.parametrize("key", ["secrets//plain", "secrets/./plain", "secrets/../secrets/plain", "secrets/plain/"])
def test_nothing_is_read_by_another_spelling(folder: Path, key: str) -> None:
    """A reference from state or a plan, which no model has looked at, reads nothing by another spelling either."""
    assert "[secretNotAllowed]" == outcome(reader_of(folder), key)


def test_what_was_judged_is_what_is_read(folder: Path) -> None:
    """A link that is turned after it was looked at is not followed to its new place, and a folder neither."""
    (folder / "other").mkdir()
    (folder / "other" / "plain").write_text("canary-Other", encoding="ascii")
    (folder / "secrets" / "link").symlink_to("plain")
    reader = reader_of(folder)
    look = reader.look(["file:secrets/link", "file:secrets/plain"])
    assert {"file:secrets/link": "file:secrets/plain"} == look.places
    (folder / "secrets" / "link").unlink()
    (folder / "secrets" / "link").symlink_to("../other/plain")
    assert VALUE == outcome(reader, "secrets/link")
    (folder / "secrets").rename(folder / "away")
    (folder / "secrets").symlink_to("other")
    assert "[secretMissing]" == outcome(reader, "secrets/plain")


def test_a_place_outside_is_told_by_its_absolute_path(folder: Path) -> None:
    """Inside the project folder a place has its path from there; variables and plain files have no other place."""
    (folder.parent / "run").write_text(VALUE, encoding="ascii")
    (folder / "secrets" / "out").symlink_to("../../run")
    (folder / "secrets" / "in").symlink_to("../keys/none")
    look = reader_of(folder).look(["file:secrets/out", "file:secrets/in", "file:secrets/plain", "env:A", "file:none"])
    assert {
        "file:secrets/out": f"file:{folder.parent.resolve()}/run",
        "file:secrets/in": "file:keys/none",
    } == look.places


def test_a_loop_leads_nowhere(folder: Path) -> None:
    """It is no problem of looking, and one of reading."""
    (folder / "secrets" / "loop").symlink_to("loop")
    assert "[secretMissing]" == outcome(reader_of(folder), "secrets/loop")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("{root}/secrets/plain", "secrets/plain"),
        ("{root}/secrets/none", "secrets/none"),
        ("{root}/none/none", "none/none"),
        ("{beside}/way/secrets/plain", "secrets/plain"),
        ("{beside}/file", "secrets/plain"),
        ("{beside}/none", None),
        ("{beside}", None),
        ("secrets/plain", None),
        ("", None),
    ],
)
def test_an_absolute_path_into_the_project_has_a_relative_one(folder: Path, key: str, expected: str | None) -> None:
    """It is found by the path as written, by a link to the folder, and by a link to the file; no other path has one."""
    (folder.parent / "way").symlink_to(folder)
    (folder.parent / "file").symlink_to(folder / "secrets" / "plain")
    assert expected == relative_spelling(key.format(root=folder, beside=folder.parent), folder)


def test_an_absolute_path_into_the_project_is_not_read(folder: Path) -> None:
    """The problem gives the one name that the file has."""
    reference = f"file:{folder}/secrets/plain"
    problem = reader_of(folder).read([reference]).problems[reference]
    assert ("invalidValue", True) == (problem.code, problem.detail.endswith("    file: secrets/plain"))
