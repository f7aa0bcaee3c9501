"""Files made to cost much: each name and how its octets are made.

Run, this measures the reading of each that standard input names, in a process of its own. It prints the calls made, how
often over the parser was given the file, the growth of the process's memory in MiB, and the codes of the problems.
"""

from __future__ import annotations

import io
import resource
from typing import TYPE_CHECKING, Any

from yaml._yaml import CParser

from reconciler.yamlsource import MAX_FILE_OCTETS, parsing, read_documents
from tests.support.measuring import answer_in_forks
from tests.support.work import counted_work

if TYPE_CHECKING:
    from collections.abc import Callable


def _filled(unit: bytes, *, head: bytes = b"", tail: bytes = b"") -> bytes:
    """Return the unit repeated up to the size that a file may have."""
    room = MAX_FILE_OCTETS - len(head) - len(tail)
    return head + (unit * (room // len(unit) + 1))[:room] + tail


def _laughs(first: bytes, line: Callable[[int], str]) -> bytes:
    return first + "".join(line(level) for level in range(1, 30)).encode()


def _flow_laugh(level: int) -> str:
    return f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 10)}]\n"


def _block_laugh(level: int) -> str:
    return f"a{level}: &a{level}\n" + f"- *a{level - 1}\n" * 10


def _merge_laugh(level: int) -> str:
    return f"a{level}: &a{level} {{<<: [{','.join([f'*a{level - 1}'] * 10)}], k{level}: 1}}\n"


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "brackets": (lambda: _filled(b"["), "yamlTooDeep"),
    "braces": (lambda: _filled(b"{a: "), "yamlTooDeep"),
    "hyphens": (lambda: _filled(b"- "), "yamlTooDeep"),
    "questions": (lambda: _filled(b"? "), "yamlTooDeep"),
    "equal keys": (lambda: _filled(b"a: 1\n"), "duplicateKey"),
    "long equal keys": (lambda: _filled(b"x" * 1000 + b": 1\n"), "duplicateKey"),
    "quoted keys in one line": (lambda: _filled(b'"a": 1, ', head=b"{"), "duplicateKey"),
    "keys": (lambda: b"".join(b"k%d: 1\n" % number for number in range(450_000)), "yamlTooLarge"),
    "documents": (lambda: _filled(b"---\na: 1\n"), "yamlTooLarge"),
    "empty documents": (lambda: _filled(b"---\n"), "yamlTooLarge"),
    "large documents": (lambda: _filled(b"---\n" + b"- 1\n" * 9_000), "yamlTooLarge"),
    "too large documents": (lambda: _filled(b"---\n" + b"- 1\n" * 10_001), "yamlTooLarge"),
    "deep documents": (lambda: _filled(b"---\n" + b"[" * 101 + b"\n"), "yamlTooDeep"),
    "broken documents": (lambda: _filled(b"---\n[\n"), "yamlSyntax"),
    "open quotes": (lambda: _filled(b'---\n"\n'), "yamlSyntax"),
    "one open quote": (lambda: _filled(b"x\n", head=b'a: "'), "yamlSyntax"),
    "anchors": (lambda: _filled(b"&a "), "yamlSyntax"),
    "anchored list": (lambda: b"".join(b"- &a%d x\n" % number for number in range(300_000)), "yamlTooLarge"),
    "billion laughs, flow": (lambda: _laughs(b"a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n", _flow_laugh), "yamlTooLarge"),
    "billion laughs, block": (lambda: _laughs(b"a0: &a0\n- x\n", _block_laugh), "yamlTooLarge"),
    "billion laughs, merged": (lambda: _laughs(b"a0: &a0 {k: 1}\n", _merge_laugh), "yamlTooLarge"),
    "one text": (lambda: _filled(b"x", head=b"a: "), "yamlTooLarge"),
    "one text with a wide character": (lambda: _filled(b"x", head=b"a: ", tail="😀".encode()), "yamlTooLarge"),
    "digits": (lambda: _filled(b"1", head=b"a: "), "yamlTooLarge"),
    "block text": (lambda: _filled(b" x\n", head=b"a: |\n"), "yamlTooLarge"),
    "tags": (lambda: _filled(b"!!str "), "yamlSyntax"),
    "tag in a list": (lambda: _filled(b"- !!str a\n"), "yamlTag"),
    "tag directives": (lambda: b"".join(b"%%TAG !a%d! x\n" % number for number in range(300_000)), "yamlTag"),
    "not UTF-8 at the end": (lambda: _filled(b"#", tail=b"\xff"), "notUtf8"),
    "UTF-16": (lambda: ("a: 1\n" * 500_000).encode("utf-16"), "notUtf8"),
    "NUL": (lambda: _filled(b"\0"), "controlCharacter"),
    "C1 controls": (lambda: _filled("é\u0085\n".encode()), "controlCharacter"),
    "growing indentation": (lambda: b"".join(b" " * level + b"a:\n" for level in range(3000)), "yamlTooDeep"),
    "tabs": (lambda: _filled(b"\t"), "yamlSyntax"),
    "beyond the size": (lambda: b"a: 1\n" * 4_000_000, "fileTooLarge"),
}


class _CountedParser:
    """The parser, with the octets counted that it is given."""

    octets = 0

    def __init__(self, stream: bytes | io.BytesIO) -> None:
        """Count what is given at once; what is read bit by bit is counted then."""
        self._stream = stream
        if isinstance(stream, bytes):
            _CountedParser.octets += len(stream)
        read_from: Any = stream if isinstance(stream, bytes) else self
        self.get_event = CParser(read_from).get_event

    def read(self, size: int) -> bytes:
        """Return the next octets to the parser."""
        assert isinstance(self._stream, io.BytesIO)
        octets = self._stream.read(size)
        _CountedParser.octets += len(octets)
        return octets


def _peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(name: str) -> str:
    """Return calls, times parsed, memory growth and problem codes of reading one hostile file, in one line."""
    octets = HOSTILE[name][0]()
    read_documents(b"a: 1\n", file="warm.yaml")
    parsing.CParser = _CountedParser  # type: ignore[attr-defined, assignment]
    peak = _peak_mebibytes()
    with counted_work() as work:
        file = read_documents(octets, file="hostile.yaml")
    codes = sorted({problem.code for problem in file.problems})
    times_parsed = _CountedParser.octets / len(octets)
    return f"{work.calls} {times_parsed:.2f} {_peak_mebibytes() - peak:.1f} {','.join(codes)}"


if __name__ == "__main__":
    answer_in_forks(measure)
