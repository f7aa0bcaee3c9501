"""Edits of manifest files leave every document that is not meant as it is, octet for octet."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.errors import InvalidInput
from reconciler.manifests.editing import FileEdit, FoundDocument, addition, removal, renaming, search, write_edit
from reconciler.yamlsource import read_documents
from tests.manifests.written import Written, written_files

if TYPE_CHECKING:
    from collections.abc import Callable

NEW = (
    "apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata:\n  name: brand-new\nspec:\n  email: new@example.com\n"
)
SLOW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def edit_file(octets: bytes, name: str, edit: Callable[[FoundDocument, Path], FileEdit]) -> bytes | None:
    """Return what a file with this content becomes when the document of a name is edited."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "accounts.d"
        folder.mkdir()
        (folder / "a.yaml").write_bytes(octets)
        found = search(folder, root=Path(scratch)).documents[name]
        return edit(found, folder).after


def removed(text: str, name: str) -> str | None:
    """Return a text without the document of a name; None where the file goes with it."""
    after = edit_file(text.encode(), name, lambda found, folder: removal(found, folder=folder))
    return None if after is None else after.decode()


def renamed(text: str, old: str, new: str, previous: str | None) -> str:
    """Return a text in which a document has another name and previous name."""
    after = edit_file(text.encode(), old, lambda found, folder: renaming(found, new, previous, folder=folder))
    assert after is not None
    return after.decode()


def added(octets: bytes) -> bytes:
    """Return a file's content with a new document."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "accounts.d"
        folder.mkdir()
        (folder / "a.yaml").write_bytes(octets)
        after = addition(folder / "a.yaml", NEW, folder=folder, root=Path(scratch)).after
        assert after is not None
        return after


def values(octets: bytes) -> list[Any]:
    """Return what the documents of a file say, as the reader sees them."""
    read = read_documents(octets, file="a.yaml")
    assert () == read.problems
    return [document.value for document in read.documents]


def bodies_left(octets: bytes, file: Written, index: int | None) -> list[bytes]:
    """Return the bodies of all documents but one that stand in a file, octet for octet, in their order."""
    position, found = 0, []
    for number, body in enumerate(file.bodies):
        if number == index:
            continue
        position = octets.find(body, position)
        if position < 0:
            break
        found.append(body)
        position += len(body)
    return found


@given(file=written_files())
@SLOW
def test_adding_leaves_everything_before_as_it_is(file: Written) -> None:
    """A document is added behind all others; what was there is the beginning of the file still."""
    after = added(file.octets)
    assert after.startswith(file.octets)
    expected = [*values(file.octets), read_documents(NEW.encode(), file="").documents[0].value]
    assert expected == values(after)
    assert re.findall(rb"\r\n|\n|\r", after)[0:1] == re.findall(rb"\r\n|\n|\r", file.octets or after)[0:1]


@given(file=written_files(), data=st.data())
@SLOW
def test_removing_leaves_every_other_document_as_it_is(file: Written, data: st.DataObject) -> None:
    """Any one document is removed: the others are there octet for octet, and say what they said."""
    index = data.draw(st.integers(0, len(file.names) - 1))
    after = edit_file(file.octets, file.names[index], lambda found, folder: removal(found, folder=folder))
    if len(file.names) == 1:
        assert after is None
        return
    assert after is not None
    before = values(file.octets)
    assert before[:index] + before[index + 1 :] == values(after)
    assert [body for number, body in enumerate(file.bodies) if number != index] == bodies_left(after, file, index)
    assert [note for note in file.notes if note not in after] == []


@given(file=written_files(), data=st.data())
@SLOW
def test_renaming_changes_two_lines_of_one_document(file: Written, data: st.DataObject) -> None:
    """A rename sets name and previousName of one document: no other line of the file differs."""
    index = data.draw(st.integers(0, len(file.names) - 1))
    name = file.names[index]
    after = edit_file(file.octets, name, lambda found, folder: renaming(found, "another.name", name, folder=folder))
    assert after is not None
    meant = values(file.octets)
    metadata = {**meant[index]["metadata"], "name": "another.name", "previousName": name}
    meant[index] = {**meant[index], "metadata": metadata}
    assert meant == values(after)
    assert [body for number, body in enumerate(file.bodies) if number != index] == bodies_left(after, file, index)
    kept = [line for line in file.octets.splitlines(keepends=True) if line in after.splitlines(keepends=True)]
    lines_before, lines_after = len(file.octets.splitlines()), len(after.splitlines())
    assert lines_before - 2 <= len(kept)
    assert lines_after - lines_before in {0, 1}


@given(file=written_files(), data=st.data())
@SLOW
def test_renaming_there_and_back_gives_the_file_as_it_was(file: Written, data: st.DataObject) -> None:
    """Back to the first name, without a previous name, the file is as it was, octet for octet."""
    index = data.draw(st.integers(0, len(file.names) - 1))
    name = file.names[index]
    if "previousName" in values(file.octets)[index]["metadata"]:
        return
    there = edit_file(file.octets, name, lambda found, folder: renaming(found, "another", name, folder=folder))
    assert there is not None
    back = edit_file(there, "another", lambda found, folder: renaming(found, name, None, folder=folder))
    assert file.octets == back


HEAD = "# The file's own words.\n\n# About a.\n"
A = "kind: OwnAccount\nmetadata: {name: a}\n"
B = "kind: OwnAccount\nmetadata:\n    name:   'b'   # identity\n    title: |\n      text\n"
C = 'kind: OwnAccount\nmetadata: {"name": "c"}\n'


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        (f"{HEAD}{A}---\n{B}", "a", f"# The file's own words.\n\n---\n{B}"),
        (f"# Of the file.\n---\n{A}---\n{B}", "a", f"# Of the file.\n---\n{B}"),
        (f"{A}---\n{B}# still b\n\n# About c.\n---\n{C}", "b", f"{A}\n# About c.\n---\n{C}"),
        (f"{A}\n# About b.\n---\n{B}---\n{C}", "b", f"{A}\n---\n{C}"),
        (f"{A}# of a\n---\n{B}---\n{C}", "b", f"{A}# of a\n---\n{C}"),
        (f"{A}---\n{B}...\n---\n{C}", "b", f"{A}---\n{C}"),
        (f"{A}...\n%YAML 1.1\n---\n{B}...\n%YAML 1.1\n---\n{C}", "b", f"{A}...\n%YAML 1.1\n---\n{C}"),
        (f"{A}---\n{B}...\n%YAML 1.1\n---\n{C}", "b", f"{A}...\n%YAML 1.1\n---\n{C}"),
        (f"{A}---\n{B}\n# At the end.\n", "b", f"{A}\n# At the end.\n"),
        (f"# yaml-language-server: $schema=x\n{A}---\n{B}", "a", f"# yaml-language-server: $schema=x\n---\n{B}"),
        (f"{A}---\r\n{B}---\n{C}", "c", f"{A}---\r\n{B}"),
        (f"{HEAD}{A}", "a", None),
        (f"---\n# nothing here\n---\n{A}", "a", None),
    ],
)  # fmt: skip
def test_a_document_goes_with_its_own_comments(text: str, name: str, expected: str | None) -> None:
    """What stands directly above or in a document goes with it; comments of the file and of others stay."""
    assert expected == removed(text, name)


@pytest.mark.parametrize(
    ("text", "old", "expected"),
    [
        (A, "a", A.replace("name: a", "name: new, previousName: a")),
        (B, "b", B.replace("'b'   # identity\n", "'new'   # identity\n    previousName: 'b'\n")),
        (C, "c", C.replace('"c"', '"new", "previousName": "c"')),
        ("metadata:\n  name: >-\n    a\n\n  title: x", "a", "metadata:\n  name: new\n\n  previousName: a\n  title: x"),
        ("metadata:\r\n\tname: a", "a", None),
        ("metadata:\r\n name: a", "a", "metadata:\r\n name: new\r\n previousName: a"),
        ("metadata:\n  name: &me a\n", "a", "metadata:\n  name: &me new\n  previousName: a\n"),
        ("x: &me a\nmetadata:\n  name: *me\n", "a", "x: &me a\nmetadata:\n  name: new\n  previousName: a\n"),
        ("metadata: {previousName: z, name: a}", "a", "metadata: {previousName: a, name: new}"),
        ("\ufeffmetadata: {name: a}", "a", "\ufeffmetadata: {name: new, previousName: a}"),
        ("# żółw 🐢\nmetadata: {name: a}", "a", "# żółw 🐢\nmetadata: {name: new, previousName: a}"),
    ],
)  # fmt: skip
def test_a_name_is_replaced_in_its_own_style(text: str, old: str, expected: str | None) -> None:
    """Quotes, indentation, line ends and comments are those of the file."""
    if expected is None:
        assert {} == {name: found for name, found in _searched(text).items() if name == old}
        return
    assert expected == renamed(text, old, "new", old)


def _searched(text: str) -> dict[str, FoundDocument]:
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "accounts.d"
        folder.mkdir()
        (folder / "a.yaml").write_bytes(text.encode())
        return search(folder, root=Path(scratch)).documents


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metadata: {name: b, previousName: a}\n", "metadata: {name: a}\n"),
        ("metadata: {previousName: a, name: b}\n", "metadata: {name: a}\n"),
        ("metadata:\n  previousName: a # once\n  name: b\n", "metadata:\n  name: a\n"),
        ("metadata: {\n  name: b, # b\n  previousName: a,\n}\n", "metadata: {\n  name: a, # b\n}\n"),
    ],
)
def test_a_previous_name_is_taken_out_with_its_line(text: str, expected: str) -> None:
    """A previous name that is needed no more leaves nothing behind."""
    assert expected == renamed(text, "b", "a", None)


@pytest.mark.parametrize("name", ["123", "null", "no", "1e3", "0x1f", "y"])
def test_a_name_that_looks_like_something_else_is_quoted(name: str) -> None:
    """A name that some reader would take for a number or a word with a meaning stands in quotes."""
    assert f'metadata: {{name: "{name}", previousName: a}}\n' == renamed("metadata: {name: a}\n", "a", name, "a")


@pytest.mark.parametrize(
    "text",
    [
        "base: &base {name: a}\nmetadata: {<<: *base}\n",
        "base: &base {name: a}\nmetadata: *base\n",
        "metadata: {name: &me a}\nspec: {user: *me}\n",
        "metadata:\n  ? name\n  : a\n",
    ],
)
def test_what_cannot_be_renamed_alone_is_refused(text: str) -> None:
    """Where the name stands elsewhere, or stands for something else too, nothing is changed and the lines are told."""
    with pytest.raises(InvalidInput) as refused:
        renamed(text, "a", "new", "a")
    (problem,) = refused.value.diagnostics
    assert "manifestNotEditable" == problem.code
    assert "    name: new\n    previousName: a" in problem.detail


def test_adding_must_not_change_the_text_before() -> None:
    """A last line without an end may be part of a text, which an added line end would change: refused."""
    with pytest.raises(InvalidInput) as refused:
        added(b"metadata:\n  name: a\nnotes: |\n  text")
    assert ["manifestNotEditable"] == [problem.code for problem in refused.value.diagnostics]


def test_a_file_with_a_mistake_is_not_edited() -> None:
    """In a file that cannot be read to its end nobody knows what else an edit would touch."""
    with pytest.raises(InvalidInput) as refused:
        removed(f"{A}---\n{B}---\nkind: [\n", "a")
    assert ["yamlSyntax"] == [problem.code for problem in refused.value.diagnostics]


def test_a_file_that_changed_meanwhile_is_left(tmp_path: Path) -> None:
    """Between looking and writing somebody saved the file: nothing of theirs is lost."""
    path = tmp_path / "a.yaml"
    path.write_bytes(b"theirs")
    with pytest.raises(InvalidInput) as refused:
        write_edit(FileEdit(path=path, file="a.yaml", before=b"ours", after=b"new"))
    assert ["manifestUnwritable"] == [problem.code for problem in refused.value.diagnostics]
    with pytest.raises(InvalidInput):
        write_edit(FileEdit(path=path, file="a.yaml", before=None, after=b"new"))
    assert b"theirs" == path.read_bytes()
