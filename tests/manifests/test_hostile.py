"""One bad file costs a bounded amount of work and 100 MB at most, whatever it holds; each is read in a process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.manifests.reading import HEAD, own, places, read_text
from tests.support.measuring import Measuring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MAX_OCTETS = 5 * 1024 * 1024
MAX_CALLS = 12_000_000  # about two for each octet of the largest file
MAX_GROWTH_MEBIBYTES = 100


def _fill(part: str) -> bytes:
    octets = part.encode()
    return (octets * (MAX_OCTETS // len(octets) + 1))[:MAX_OCTETS]


def _laughs() -> bytes:
    lines = ["k0: &k0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"k{level}: &k{level} [{', '.join([f'*k{level - 1}'] * 9)}]" for level in range(1, 12)]
    return "\n".join(lines).encode()


def _merges() -> bytes:
    fields = ", ".join(f"k{number}: 1" for number in range(9_000))
    return f"a: &a {{{fields}}}\nb: {{<<: [{', '.join(['*a'] * 9_000)}]}}\n".encode()


_WRONG_SPEC = "emial: x, displyName: 1, smtp: {prt: 1, hst: x, authentication: {pasword: b}}"
_UNKNOWN_FIELDS = ", ".join(f"f{number}: 1" for number in range(9_900))
_BAD_KEYS = ", ".join(f"'k {number}': 1" for number in range(9_900))
_LONG = "ą" * 60_000

CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    "brackets": (lambda: _fill("["), "yamlTooDeep"),
    "braces": (lambda: _fill("{a: "), "yamlTooDeep"),
    "hyphens": (lambda: _fill("- "), "yamlTooDeep"),
    "question marks": (lambda: _fill("? "), "yamlTooDeep"),
    "the same field": (lambda: _fill("a: 1\n"), "tooManyProblems"),
    "small documents": (lambda: _fill("---\na: 1\n"), "tooManyProblems"),
    "small documents of a kind": (lambda: _fill(f"---\n{HEAD}"), "tooManyProblems"),
    "wrong documents": (lambda: _fill("---\n" + own(_WRONG_SPEC, metadata="{nme: a, x: 1}")), "tooManyProblems"),
    "broken documents": (lambda: _fill("---\na: [\n"), "tooManyProblems"),
    "anchors": (lambda: _fill("&a "), "yamlSyntax"),
    "anchored values": (lambda: _fill("- &a\n"), "yamlTooLarge"),
    "tag lines": (lambda: _fill("%TAG !a! b\n"), "tooManyProblems"),
    "tags": (lambda: _fill("- !!str x\n"), "tooManyProblems"),
    "tags alone": (lambda: _fill("!!str "), "yamlTag"),
    "aliases": (lambda: _fill("- *a\n"), "tooManyProblems"),
    "billion laughs": (_laughs, "yamlTooLarge"),
    "merge bomb": (_merges, "yamlTooLarge"),
    "one text": (lambda: b"a: " + b"x" * (MAX_OCTETS - 3), "yamlTooLarge"),
    "one number": (lambda: b"a: " + b"1" * (MAX_OCTETS - 3), "yamlTooLarge"),
    "one key": (lambda: b"x" * (MAX_OCTETS - 3) + b": a", "yamlTooLarge"),
    "quotes": (lambda: _fill('"'), "yamlSyntax"),
    "NUL": (lambda: _fill("\0"), "tooManyProblems"),
    "not UTF-8": (lambda: b"\xff" * MAX_OCTETS, "notUtf8"),
    "UTF-16": (lambda: "a: 1\n".encode("utf-16-le") * 500_000, "controlCharacter"),
    "unknown fields": (lambda: own(_UNKNOWN_FIELDS).encode(), "tooManyProblems"),
    "bad labels": (lambda: own("", metadata=f"{{name: a, labels: {{{_BAD_KEYS}}}}}").encode(), "tooManyProblems"),
    "long values": (
        lambda: own(f"email: {_LONG}@x, smtp: {{host: {_LONG}, encryption: {_LONG}}}").encode(),
        "invalidValue",
    ),
}


@pytest.fixture(scope="module")
def measuring() -> Iterator[Measuring]:
    """Run what forks a process for each measurement."""
    with Measuring("tests.manifests.measured") as running:
        yield running


@pytest.mark.parametrize("case", CASES)
def test_a_bad_file_is_refused_with_bounded_work_and_memory(measuring: Measuring, tmp_path: Path, case: str) -> None:
    """Reading, checking and explaining one bad file stays within its bounds and keeps its messages short."""
    make, code = CASES[case]
    for folder, content in (("small", b"- a\n---\n" + own("x: 1").encode()), ("accounts.d", make())):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.yaml").write_bytes(content)
    measured: dict[str, Any] = json.loads(measuring.ask(str(tmp_path)))
    assert code in measured["codes"]
    assert measured["calls"] < MAX_CALLS
    assert measured["mebibytes"] < MAX_GROWTH_MEBIBYTES
    assert measured["count"] <= 1001
    assert measured["longest"] < 1000


def test_a_hundred_levels_are_read_and_one_more_is_refused(tmp_path: Path) -> None:
    """The limit of nesting is 100 levels exactly."""
    assert [("notAMapping", "accounts.d/a.yaml:1:1")] == places(read_text(tmp_path, "[" * 100 + "]" * 100))
    assert [("yamlTooDeep", "accounts.d/a.yaml:1:101")] == places(read_text(tmp_path, "[" * 101 + "]" * 101))
