"""Sources of many secrets: JSON and dotenv, from a command, a variable or a file, read once and strictly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from reconciler.model.grants import Secrets
from reconciler.model.secrets.sources import SecretSource
from reconciler.secrets.sources.bulk import NotBulk, parse_bulk
from reconciler.secrets.sources.dotenv import NotDotenv, parse_dotenv
from tests.secrets.scripts import read, reader_of, script, source, why

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-Bulk-71aa"


def made(**parts: object) -> SecretSource:
    """Return a source as the project file writes it."""
    return SecretSource.model_validate(parts, by_name=False)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("A=plain", "plain"),
        ("export A=plain", "plain"),
        ("  A = spaced  ", "spaced"),
        ("A=with spaces inside", "with spaces inside"),
        ("A=value # a remark", "value"),
        ("A=not#aremark", "not#aremark"),
        ("A=$HOME ${HOME}", "$HOME ${HOME}"),
        (r"A=back\slash\n", r"back\slash\n"),
        ("A=it's", "it's"),
        ("A='single # $HOME \\n'", "single # $HOME \\n"),
        ("A='single' # a remark", "single"),
        ('A="double # $HOME"', "double # $HOME"),
        (r'A="quote \" dollar \$ back \\"', 'quote " dollar $ back \\'),
        ("A=a=b=c", "a=b=c"),
        ("A=\r", ""),
        ("A=#nothing", ""),
    ],
)
def test_a_line_of_dotenv(line: str, expected: str) -> None:
    """Quotes, remarks and backslashes mean what the module says; nothing is filled in."""
    assert {"A": expected} == parse_dotenv(f"# first\n\n{line}\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A", "line 1 is not of the form"),
        ("A=1\n1B=2", "line 2 is not of the form"),
        ("A=1\nA=2", "line 2 gives a name"),
        ("A='open", "single quote"),
        ('A="open', "double quote"),
        ("A='x' y", "single quote"),
        ('A="x" y', "double quote"),
        (r'A="\n"', "backslash"),
        ('A="two\nlines"', "double quote"),
    ],
)
def test_what_is_no_dotenv_is_refused(text: str, reason: str) -> None:
    """What other readers guess at is an error that names the line and none of its text."""
    with pytest.raises(NotDotenv) as refused:
        parse_dotenv(text)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ({"sales": "v"}, "sales"),
        ({"mail": {"sales": "v"}}, "mail/sales"),
        ({"mail/sales": "v"}, "mail/sales"),
        ({"data": {"sales": "v"}}, "data/sales"),
        ({"request_id": "1", "lease_id": "", "data": {"sales": "v"}}, "sales"),
        ({"request_id": "1", "lease_id": "", "data": {"data": {"sales": "v"}, "metadata": {"version": 3}}}, "sales"),
    ],
    ids=["flat", "nested", "slash", "not Vault", "Vault KV 1", "Vault KV 2"],
)
def test_a_member_of_json(document: dict[str, Any], key: str) -> None:
    """A key names a member, through objects by slashes, and in Vault's answers the field itself."""
    found = parse_bulk(json.dumps(document).encode(), "json")
    value = found[key]
    assert value is not None
    assert "v" == value.reveal()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not an object"),
        (b'"text"', "not an object"),
        (b'{"a": "1", "a": "2"}', "twice"),
        (b'{"a/b": "1", "a": {"b": "2"}}', "same key"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_what_is_no_bulk_of_json_is_refused(text: bytes, reason: str) -> None:
    """Anything but an object whose keys are clear is an error that tells none of it."""
    with pytest.raises(NotBulk) as refused:
        parse_bulk(text, "json")
    assert reason in str(refused.value)


def test_many_secrets_from_one_command_variable_or_file(tmp_path: Path) -> None:
    """Each origin gives both formats, and each is read once, whatever is asked for."""
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / "all.env").write_text("SALES=file\n", encoding="utf-8")
    log = tmp_path / "log"
    shown = script(tmp_path, "all", f"open({str(log)!r}, 'a').write('x')\nprint('{{\"sales\": \"command\"}}')\n")
    sources = {
        "command": source(shown, format="json"),
        "variable": made(env="ALL", format="json"),
        "filed": made(file="all.env", format="dotenv"),
    }
    reader = reader_of(folder, sources, {"ALL": '{"sales": "variable"}'})
    wanted = ["command:sales", "command:other", "variable:sales", "filed:SALES"]
    for _ in range(2):
        reading = reader.read(wanted)
        assert {"command:sales": "command", "variable:sales": "variable", "filed:SALES": "file"} == {
            name: value.reveal() for name, value in reading.values.items()
        }
        assert ["secretMissing"] == [problem.code for problem in reading.problems.values()]
    assert "x" == log.read_text(encoding="ascii")
    assert [False] * 4 == [reader.is_dear(each) for each in wanted]


def test_a_value_of_many_is_a_value_like_any_other(tmp_path: Path) -> None:
    """One final newline goes; what is empty, has control characters or is no text is refused, and not told."""
    document = {"ok": "v\n", "empty": "", "lines": "a\nb", "number": 12345, "null": None, "list": [CANARY]}
    reader = reader_of(tmp_path / "mail", {"all": made(env="ALL", format="json")}, {"ALL": json.dumps(document)})
    assert "v" == read(reader, "all:ok")
    for key in ("empty", "lines", "number", "null", "list"):
        assert "[secretInvalid]" == read(reader, f"all:{key}")
        assert CANARY not in why(reader, f"all:{key}")


@pytest.mark.parametrize(
    ("origin", "environ", "code", "told"),
    [
        (made(env="ALL", format="json"), {}, "secretMissing", "export ALL="),
        (made(env="ALL", format="json"), {"ALL": f"{CANARY} {{"}, "secretSourceFailed", "not JSON"),
        (made(env="ALL", format="dotenv"), {"ALL": f"A={CANARY}\n{CANARY}"}, "secretSourceFailed", "line 2"),
        (made(env="ALL", format="dotenv"), {"ALL": "A=\udcff"}, "secretSourceFailed", "not UTF-8"),
        (made(env="ALL", format="dotenv"), {"ALL": "x" * (8 * 1024 * 1024 + 1)}, "secretSourceFailed", "8 MiB"),
        (made(file="none.env", format="dotenv"), {}, "secretMissing", "none.env"),
        (made(file="link.env", format="dotenv"), {}, "secretNotAllowed", "outside the project"),
        (made(command=["no-such-program"], format="json"), {}, "secretSourceFailed", "no such program"),
    ],
)
def test_a_source_that_cannot_be_read_is_one_problem(
    tmp_path: Path, origin: SecretSource, environ: dict[str, str], code: str, told: str
) -> None:
    """All keys of the source have the same problem, which names the source and holds nothing of its content."""
    (tmp_path / "outside.env").write_text("A=1\n", encoding="ascii")
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "link.env").symlink_to("../outside.env")
    reading = reader_of(tmp_path / "mail", {"all": origin}, environ).read(["all:A", "all:B"])
    problems = set(reading.problems.values())
    assert (1, 2) == (len(problems), len(reading.problems))
    problem = problems.pop()
    assert code == problem.code
    assert "secrets.sources.all" == problem.subject
    assert told in problem.detail
    assert CANARY not in problem.detail


def test_a_source_may_lie_outside_by_its_absolute_path(tmp_path: Path) -> None:
    """The project file may name a file anywhere, and links there are followed."""
    (tmp_path / "real.env").write_text("A=1\n", encoding="ascii")
    (tmp_path / "link.env").symlink_to("real.env")
    sources = {"all": made(file=str(tmp_path / "link.env"), format="dotenv")}
    assert "1" == read(reader_of(tmp_path / "mail", sources), "all:A")


def test_files_that_git_tracks_are_refused(tmp_path: Path) -> None:
    """A secret's own file and a file of many are refused where git has them, by where links lead."""
    folder = tmp_path / "mail"
    (folder / "secrets").mkdir(parents=True)
    (folder / "secrets" / "sales").write_text(CANARY, encoding="ascii")
    (folder / "secrets" / "link").symlink_to("sales")
    (folder / "all.env").write_text(f"A={CANARY}\n", encoding="ascii")
    tracked = {folder / "secrets" / "sales", folder / "all.env"}
    sources = {"all": made(file="all.env", format="dotenv")}
    reader = reader_of(folder, sources, is_tracked=lambda path: path in tracked)
    for reference in ("file:secrets/sales", "file:secrets/link", "all:A"):
        assert "[secretTracked]" == read(reader, reference)
        assert CANARY not in why(reader, reference)


@pytest.mark.parametrize(
    "parts",
    [
        {"command": ["vault", "get"]},
        {"command": ["vault-{key}", "{key}"]},
        {"command": ["vault", "{key}"], "format": "json"},
        {"command": ["vault", "{key}"], "env": "ALL"},
        {"env": "ALL"},
        {"file": "all.env"},
        {},
        {"command": []},
        {"command": ["vault", "{key}"], "timeoutSeconds": 0},
    ],
)
def test_a_source_that_cannot_work_is_refused_where_it_is_written(parts: dict[str, object]) -> None:
    """The project file is told: no program by a manifest's choice, no key that changes nothing, no two origins."""
    with pytest.raises(ValidationError):
        made(**parts)


@pytest.mark.parametrize("name", ["env", "file"])
def test_the_built_in_sources_cannot_be_declared(name: str) -> None:
    """A source of the project file cannot take the name of one that exists already."""
    with pytest.raises(ValidationError):
        Secrets.model_validate({"sources": {name: {"env": "ALL", "format": "json"}}}, by_name=False)
