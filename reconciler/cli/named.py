"""Files that the command line names: - is standard input, or standard output, wherever one is named."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.plan import SavedPlan
    from reconciler.model.review import Review

STANDARD = "-"
_STDIN = "standard input"
MAX_SPOOLED_OCTETS = 256 * 1024 * 1024
"""Of what is read from standard input where a file is wanted."""


def stdin_octets(what: str, max_octets: int) -> bytes:
    """Return standard input, at most one octet more than ``max_octets``; raise ``UsageError`` where that is a terminal."""
    if sys.stdin is None or sys.stdin.isatty():
        raise click.UsageError(f"- reads {what} from standard input, which is a terminal. Name a file, or pipe one in.")
    return sys.stdin.buffer.read(max_octets + 1)


def saved_plan(word: str) -> SavedPlan:
    """Return the plan of the file that a word names; as ``read_plan`` does."""
    from reconciler.planfile import MAX_BYTES, plan_of, read_plan

    if word != STANDARD:
        return read_plan(Path(word))
    return plan_of(Path(_STDIN), stdin_octets("a plan", MAX_BYTES))


def reviewed_plan(word: str) -> SavedPlan | Review:
    """Return the plan of the file that a word names, or the review where the file is a comment that showed a plan."""
    from reconciler.planfile import COMMENT, MAX_BYTES, octets_of, plan_of, review_of_comment

    path = Path(_STDIN if word == STANDARD else word)
    content = stdin_octets("a plan", MAX_BYTES) if word == STANDARD else octets_of(path)
    read = review_of_comment if content.startswith(COMMENT) else plan_of
    return read(path, content)


@contextlib.contextmanager
def input_file(word: str, what: str, *, max_octets: int = MAX_SPOOLED_OCTETS) -> Iterator[Path]:
    """Give the file that a word names; for - one with what standard input holds, as long as the block runs."""
    if word != STANDARD:
        yield Path(word)
        return
    content = stdin_octets(what, max_octets)
    if len(content) > max_octets:
        raise click.UsageError(f"Standard input is longer than {max_octets // 1024 // 1024} MiB; name a file.")
    import tempfile

    with tempfile.TemporaryDirectory(prefix="reconciler-") as folder:
        path = Path(folder, "standard-input")
        path.write_bytes(content)
        yield path


@contextlib.contextmanager
def output_file(word: str) -> Iterator[Path]:
    """Give the file that a word names; for - a new one, which goes to standard output once the block has run."""
    if word != STANDARD:
        yield Path(word)
        return
    if sys.stdout.isatty():
        raise click.UsageError("- writes to standard output, which is a terminal. Name a file, or pipe it on.")
    import tempfile

    with tempfile.TemporaryDirectory(prefix="reconciler-") as folder:
        path = Path(folder, "standard-output")
        yield path
        put_octets([path.read_bytes()])


def put_octets(parts: Iterable[bytes]) -> None:
    """Write octets to standard output; raise ``UsageError`` where that is a terminal."""
    if sys.stdout.isatty():
        raise click.UsageError("- writes to standard output, which is a terminal. Name a file, or pipe it on.")
    sys.stdout.flush()
    for part in parts:
        sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()
