"""One bad file costs a bounded amount of work and 100 MB at most, whatever it holds; each is read in a process."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.manifests.reading import HEAD, own, places, read_text
from tests.support.processes import without_coverage

if TYPE_CHECKING:
    from pathlib import Path

MAX_OCTETS = 5 * 1024 * 1024
MAX_CALLS = 12_000_000  # about two for each octet of the largest file
MAX_GROWTH_MB = 100

# The high-water mark of the process itself: that of getrusage is inherited from the process that started it.
_READ = """
import json, sys
from pathlib import Path
import email_validator, idna, jsonschema
from reconciler.manifests import read_manifests
from tests.support.work import counted_work
def peak_mb():
    line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
root = Path(sys.argv[1])
read_manifests(root / "small", root=root)
before_mb = peak_mb()
with counted_work() as work:
    found = read_manifests(root / "accounts.d", root=root)
print(json.dumps({
    "calls": work.calls,
    "mb": peak_mb() - before_mb,
    "codes": sorted({problem.code for problem in found.problems}),
    "count": len(found.problems),
    "longest": max(len(problem.detail) for problem in found.problems),
}))
"""


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

CASES: dict[str, tuple[bytes, str]] = {
    "brackets": (_fill("["), "yamlTooDeep"),
    "braces": (_fill("{a: "), "yamlTooDeep"),
    "hyphens": (_fill("- "), "yamlTooDeep"),
    "question marks": (_fill("? "), "yamlTooDeep"),
    "the same field": (_fill("a: 1\n"), "tooManyProblems"),
    "small documents": (_fill("---\na: 1\n"), "tooManyProblems"),
    "small documents of a kind": (_fill(f"---\n{HEAD}"), "tooManyProblems"),
    "wrong documents": (_fill("---\n" + own(_WRONG_SPEC, metadata="{nme: a, x: 1}")), "tooManyProblems"),
    "broken documents": (_fill("---\na: [\n"), "tooManyProblems"),
    "anchors": (_fill("&a "), "yamlSyntax"),
    "anchored values": (_fill("- &a\n"), "yamlTooLarge"),
    "tag lines": (_fill("%TAG !a! b\n"), "tooManyProblems"),
    "tags": (_fill("- !!str x\n"), "tooManyProblems"),
    "tags alone": (_fill("!!str "), "yamlTag"),
    "aliases": (_fill("- *a\n"), "tooManyProblems"),
    "billion laughs": (_laughs(), "yamlTooLarge"),
    "merge bomb": (_merges(), "yamlTooLarge"),
    "one text": (b"a: " + b"x" * (MAX_OCTETS - 3), "yamlTooLarge"),
    "one number": (b"a: " + b"1" * (MAX_OCTETS - 3), "yamlTooLarge"),
    "one key": (b"x" * (MAX_OCTETS - 3) + b": a", "yamlTooLarge"),
    "quotes": (_fill('"'), "yamlSyntax"),
    "NUL": (_fill("\0"), "tooManyProblems"),
    "not UTF-8": (b"\xff" * MAX_OCTETS, "notUtf8"),
    "UTF-16": ("a: 1\n".encode("utf-16-le") * 500_000, "controlCharacter"),
    "unknown fields": (own(_UNKNOWN_FIELDS).encode(), "tooManyProblems"),
    "bad labels": (own("", metadata=f"{{name: a, labels: {{{_BAD_KEYS}}}}}").encode(), "tooManyProblems"),
    "long values": (own(f"email: {_LONG}@x, smtp: {{host: {_LONG}, encryption: {_LONG}}}").encode(), "invalidValue"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_file_is_refused_with_bounded_work_and_memory(tmp_path: Path, case: str) -> None:
    """Reading, checking and explaining one bad file stays within its bounds and keeps its messages short."""
    octets, code = CASES[case]
    for folder, content in (("small", b"- a\n---\n" + own("x: 1").encode()), ("accounts.d", octets)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.yaml").write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=without_coverage(),
    )
    assert "" == done.stderr
    measured: dict[str, Any] = json.loads(done.stdout)
    assert code in measured["codes"]
    assert measured["calls"] < MAX_CALLS
    assert measured["mb"] < MAX_GROWTH_MB
    assert measured["count"] <= 1001
    assert measured["longest"] < 1000


def test_a_hundred_levels_are_read_and_one_more_is_refused(tmp_path: Path) -> None:
    """The limit of nesting is 100 levels exactly."""
    assert [("notAMapping", "accounts.d/a.yaml:1:1")] == places(read_text(tmp_path, "[" * 100 + "]" * 100))
    assert [("yamlTooDeep", "accounts.d/a.yaml:1:101")] == places(read_text(tmp_path, "[" * 101 + "]" * 101))
