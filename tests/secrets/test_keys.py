"""The key of fingerprints: made once, for its owner alone, and never guessed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import SecretUnreadable
from reconciler.model.secrets.values import SecretValue
from reconciler.secrets import SecretReader, load_fingerprint_key, load_key_file, load_plan_key, make_key_file
from tests.secrets.scripts import reader_of, script, source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    """Return where the state would be."""
    return tmp_path / ".reconciler" / "state.db"


def reader(folder: Path, **environ: str) -> SecretReader:
    """Return a reader of these variables."""
    return SecretReader(folder, environ, allowed=())


def test_the_key_is_made_once(state_file: Path) -> None:
    """A second call returns the key that is there; the file is its owner's alone and no draft is left."""
    made = make_key_file(state_file)
    again = make_key_file(state_file)
    path = state_file.parent / "fingerprint.key"
    assert made == again
    assert 0o600 == path.stat().st_mode & 0o777
    assert [".gitignore", path.name] == sorted(each.name for each in state_file.parent.iterdir())
    assert made == load_fingerprint_key(reader(state_file.parent), None, state_file=state_file)


def test_keys_differ_and_so_do_fingerprints(tmp_path: Path) -> None:
    """Two states have two keys, and the same secret has another fingerprint under each."""
    one, two = (make_key_file(tmp_path / name / "state.db") for name in ("one", "two"))
    secret = SecretValue("s3cret")
    assert one.key_id != two.key_id
    assert secret.fingerprint(one) != secret.fingerprint(two)


def test_no_file_is_no_key(state_file: Path) -> None:
    """Without a file beside the state, or a state that is a file, there is no key."""
    assert load_fingerprint_key(reader(state_file.parent), None, state_file=state_file) is None
    assert load_fingerprint_key(reader(state_file.parent), None, state_file=None) is None


_NO_DIGITS = "it does not hold 64 hexadecimal digits and nothing else"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "it is empty"),
        ("\n", "it is empty"),
        *((text, _NO_DIGITS) for text in ("no key", "00", "ż" * 64, "0" * 63, "0" * 66)),
        ("0" * 2000, "it is larger than 1024 bytes, and a key is 64 hexadecimal digits"),
    ],
)
def test_a_file_without_a_key_is_an_error_that_says_what_is_there(state_file: Path, content: str, reason: str) -> None:
    """A file that holds no whole key is neither used nor replaced, and not told as one that is missing."""
    state_file.parent.mkdir()
    path = state_file.parent / "fingerprint.key"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SecretUnreadable) as refused:
        load_fingerprint_key(reader(state_file.parent), None, state_file=state_file)
    assert [("fingerprintKeyUnusable", True)] == [
        (problem.code, f"{path} cannot be used: {reason}." in problem.detail) for problem in refused.value.diagnostics
    ]
    with pytest.raises(SecretUnreadable):
        make_key_file(state_file)
    assert content == path.read_text(encoding="utf-8")


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _link_to_nothing(path: Path) -> None:
    path.symlink_to("gone.key")


@pytest.mark.parametrize(
    ("put", "reason"),
    [
        (_folder, "it is not a regular file"),
        (_pipe, "it is not a regular file"),
        (_link_to_nothing, "it is a link that leads to no file"),
    ],
)
def test_what_is_no_file_is_told_as_what_it_is(state_file: Path, put: Callable[[Path], None], reason: str) -> None:
    """Something else in the key's place is neither a missing key nor waited for."""
    path = state_file.parent / "fingerprint.key"
    path.parent.mkdir()
    put(path)
    with pytest.raises(SecretUnreadable) as refused:
        load_fingerprint_key(reader(state_file.parent), None, state_file=state_file)
    (problem,) = refused.value.diagnostics
    assert ("fingerprintKeyUnusable", True) == (problem.code, f"cannot be used: {reason}." in problem.detail)
    with pytest.raises(SecretUnreadable):
        make_key_file(state_file)


def test_a_key_that_may_not_be_read_says_who_needs_the_right(state_file: Path, tmp_path: Path) -> None:
    """A key of somebody else's is not told as missing: whoever brought another would make every secret look rotated."""
    make_key_file(state_file)
    path = state_file.parent / "fingerprint.key"
    path.chmod(0)
    code = (
        "import pathlib, sys; from reconciler.errors import SecretUnreadable\n"
        "from reconciler.secrets import key_beside\n"
        "try: key_beside(pathlib.Path(sys.argv[1]))\n"
        "except SecretUnreadable as refused: print(refused.diagnostics[0].code, refused.diagnostics[0].detail)"
    )
    drop = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []
    told = subprocess.run(
        [*drop, sys.executable, "-c", code, str(state_file)], capture_output=True, text=True, check=True, cwd=tmp_path
    ).stdout
    assert told.startswith(
        f"fingerprintKeyUnusable The fingerprint key {path} cannot be used: permission denied. The user"
    )


def test_a_key_file_that_is_named_and_not_there_is_missing(tmp_path: Path) -> None:
    """Only where there is nothing is the key told as missing."""
    with pytest.raises(SecretUnreadable) as refused:
        load_key_file(tmp_path / "old.key")
    (problem,) = refused.value.diagnostics
    assert ("fingerprintKeyMissing", True) == (problem.code, "no such file or directory" in problem.detail)


def test_a_named_key_is_read_from_its_secret(tmp_path: Path) -> None:
    """A key that the project file names is that secret's value; one that cannot be read is an error."""
    named = {"env": "RECONCILER_FINGERPRINT_KEY"}
    key = load_fingerprint_key(reader(tmp_path, RECONCILER_FINGERPRINT_KEY="k" * 40), named, state_file=None)
    assert key is not None
    assert b"k" * 40 == key.octets
    with pytest.raises(SecretUnreadable) as refused:
        load_fingerprint_key(reader(tmp_path), named, state_file=tmp_path / "state.db")
    assert ["secretMissing"] == [problem.code for problem in refused.value.diagnostics]


def test_the_state_folder_keeps_itself_out_of_git(tmp_path: Path) -> None:
    """A .reconciler folder is made with a .gitignore of its own; a folder of another name is left alone."""
    make_key_file(tmp_path / ".reconciler" / "state.db")
    make_key_file(tmp_path / "elsewhere" / "state.db")
    assert (tmp_path / ".reconciler" / ".gitignore").read_text() == "*\n"
    assert not (tmp_path / "elsewhere" / ".gitignore").exists()


@pytest.mark.parametrize("text", ["", "short", "k" * 31])
def test_a_weak_key_is_refused(tmp_path: Path, text: str) -> None:
    """A key that could be found by trying is refused, with a way to make one; also where plans are sealed with it."""
    named = {"env": "RECONCILER_FINGERPRINT_KEY"}
    weak = reader(tmp_path, RECONCILER_FINGERPRINT_KEY=text)
    with pytest.raises(SecretUnreadable) as refused:
        load_fingerprint_key(weak, named, state_file=None)
    assert ["keyWeak" if text else "secretInvalid"] == [problem.code for problem in refused.value.diagnostics]
    with pytest.raises(SecretUnreadable) as refused:
        load_plan_key({"RECONCILER_PLAN_KEY": text})
    problem = refused.value.diagnostics[0]
    assert ("keyWeak", True) == (problem.code, "openssl rand" in problem.detail)


def test_a_plan_key_is_taken_without_its_newline() -> None:
    """The variable's text is the key; without the variable there is none."""
    assert load_plan_key({}) is None
    assert load_plan_key({"RECONCILER_PLAN_KEY": "k" * 32 + "\n"}) == load_plan_key({"RECONCILER_PLAN_KEY": "k" * 32})


def test_a_key_may_come_from_any_source(tmp_path: Path) -> None:
    """A source by command gives the key as it gives any secret."""
    show = script(tmp_path, "show", "print(sys.argv[1] * 4)\n")
    keys = reader_of(tmp_path / "mail", {"vault": source(show, "{key}")})
    key = load_fingerprint_key(keys, {"vault": "0123456789"}, state_file=None)
    assert key is not None
    assert b"0123456789" * 4 == key.octets
