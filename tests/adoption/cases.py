"""Cases of readers as files: ``cases/KIND/NAME.txt`` has a source as programs have it, and what it becomes.

Behind a line ``=== file NAME`` stands a file beside the source, behind ``=== becomes`` a line for each account::

    LABEL | ADDRESS | HOST:PORT | ENCRYPTION | LOGIN | WORDS / WORDS

ENCRYPTION has a ``?`` behind it where it is left to the server and a ``!`` where the source contradicts itself. LOGIN is
the user name or unnamed, with `` +password`` where there is one, or none; behind it may stand ``, by PROXY``, ``, ca FILE``,
``, pin FINGERPRINT`` (its beginning) and ``, shows FILE FILE`` (a certificate and its key). The words are told with the account, in some sentence. A
line that begins with ``!`` has words of a problem that belongs to no account. Passwords hold the word canary.

    python -m tests.adoption.cases KIND/NAME    # shows what the source becomes now
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.adoption.readers import READERS
from reconciler.adoption.source import Source

if TYPE_CHECKING:
    from reconciler.model.adoption.found import FoundAccount, SourceReading

FOLDER = Path(__file__).with_name("cases")
CANARY = "canary-7f3a9c"
_MARK = re.compile(r"^=== (?:file (?P<file>\S+)|(?P<becomes>becomes))\n", re.MULTILINE)
_DOUBT = {"certain": "", "server": "?", "contradiction": "!"}


@dataclass(frozen=True)
class Case:
    """One source and what it becomes."""

    kind: str
    name: str
    text: str
    files: dict[str, str]
    becomes: tuple[str, ...]

    @property
    def title(self) -> str:
        """What its test is called."""
        return f"{self.kind}/{self.name}"

    def source(self) -> Source:
        """Return the source, with the files beside it under every name by which it asks for them."""
        bare = Source(text=self.text, file=self.name)
        names = READERS[self.kind].names_files(bare)
        beside = {name: self.files[Path(name).name] for name in names if Path(name).name in self.files}
        return Source(text=self.text, file=self.name, companions=beside)


def read_case(path: Path) -> Case:
    """Return the case that a file holds."""
    text = path.read_text(encoding="utf-8")
    marks = list(_MARK.finditer(text))
    ends = [*(mark.start() for mark in marks[1:]), len(text)][: len(marks)]
    parts = {mark["file"] or "becomes": text[mark.end() : end] for mark, end in zip(marks, ends, strict=True)}
    becomes = tuple(line for line in parts.pop("becomes", "").splitlines() if line.strip())
    source = text[: marks[0].start()] if marks else text
    return Case(path.parent.name, path.stem, source, parts, becomes)


CASES = [read_case(path) for path in sorted(FOLDER.glob("*/*.txt"))]


def line_of(found: FoundAccount) -> str:
    """Return an account as a line of a case has it, without words."""
    server = f"{found.host}:{found.port}" if found.port else f"{found.host}"
    security = f"{found.security.encryption or ''}{_DOUBT[found.security.certainty]}"
    login = f"{found.username or 'unnamed'}{' +password' if found.password is not None else ''}"
    way = ", ".join((login if found.has_login else "none", *_on_the_way(found)))
    return " | ".join((found.label, found.email or "", server, security, way))


def _on_the_way(found: FoundAccount) -> list[str]:
    """Return the proxy and the certificates."""
    proxy, shown = found.proxy, (found.client_certificate or "", found.client_key or "")
    login = "" if proxy is None or not proxy.username else f"{proxy.username}{'+password' if proxy.password else ''}@"
    return [
        *([f"by {proxy.type}://{login}{proxy.host}:{proxy.port}"] if proxy is not None else []),
        *([f"ca {found.ca_file}"] if found.ca_file else []),
        *([f"pin {found.certificate[:15]}"] if found.certificate else []),
        *([f"shows {' '.join(shown).strip()}"] if any(shown) else []),
    ]


def told_of(found: FoundAccount) -> str:
    """Return everything that is told with an account."""
    return " ".join((found.security.why, *found.lost, found.display_name or ""))


def problems_of(reading: SourceReading) -> list[str]:
    """Return what is told of no account."""
    return [f"{problem.code}: {problem.detail}" for problem in reading.problems]


def main() -> None:
    """Print what the sources that are named become now."""
    for case in CASES:
        if case.title in sys.argv[1:] or len(sys.argv) == 1:
            reading = READERS[case.kind].read(case.source())
            sys.stdout.write(f"--- {case.title}\n")
            for found in reading.accounts:
                sys.stdout.write(f"{line_of(found)} | {told_of(found)}\n")
            for problem in problems_of(reading):
                sys.stdout.write(f"! {problem}\n")


if __name__ == "__main__":
    main()
