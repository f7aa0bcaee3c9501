"""Plans of format 2.0: lines of canonical JSON, compressed with gzip, so that one account is held at a time.

The first line has ``formatVersion`` and the number of ``changes`` and ``accounts``; the second is the plan without them;
then comes a line for each change, and one for each account that apply would record: its name and what is recorded.
``gunzip -c PLAN`` shows them. The digest is that of the same plan as one document, so it does not hang on the format.
"""

from __future__ import annotations

import zlib
from functools import partial
from typing import TYPE_CHECKING, Any

from reconciler.classes import dataclass
from reconciler.errors import ReconcilerError
from reconciler.model.canonical import canonical_json
from reconciler.model.formats import FORMAT_VERSION
from reconciler.model.plan import Change, PreparedAccount, SavedPlan
from reconciler.planfile.alike import IN_ACCOUNT, IN_CHANGE, NotCanonical, canonical_value, part_of, value_of_rest
from reconciler.planfile.refusals import (
    altered,
    invalid,
    parts_of,
    require_digest,
    require_known_format,
    validated,
)
from reconciler.rules.plan.digests import account_lines, lines_of, parts_digest, plan_head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reconciler.model.canonical import JsonObject
    from reconciler.planfile.alike import Apart, Part

Form = partial[Any]
LINES_VERSION = "2.0"
MAGIC = b"\x1f\x8b"
MAX_LINE_OCTETS = 64 * 1024 * 1024
MAX_OCTETS = 2 * 1024 * 1024 * 1024
"""Of all lines: four times what 100,000 accounts have."""
_GZIP = 31
_LEVEL = 4
"""Beyond it the file gets little smaller and takes twice as long."""
_READ_AT_ONCE = 16 * 1024
"""Of the compressed octets: no more than a thousand times as many can come of them."""


def packed(plan: SavedPlan) -> Iterator[bytes]:
    """Yield the octets of a plan's file, the same for the same plan."""
    squeezing = zlib.compressobj(_LEVEL, wbits=_GZIP)
    for line in _lines_of(plan):
        yield squeezing.compress(f"{line}\n".encode("utf-8", "surrogatepass"))
    yield squeezing.flush()


def _lines_of(plan: SavedPlan) -> Iterator[str]:
    counts = {"changes": len(plan.changes), "accounts": len(plan.inputs.accounts)}
    yield canonical_json({"formatVersion": LINES_VERSION, **counts})
    yield canonical_json(plan_head(plan))
    yield from lines_of(plan.changes)
    for name, line in account_lines(plan):
        yield f"[{canonical_json(name)},{line}]"


def plan_of_lines(path: Path, content: bytes, *, read: str) -> SavedPlan:
    """Return the plan of a file's content; refuse it as ``read_plan`` does. ``read`` names the formats that are read."""
    lines = Lines(path, content)
    counts, head = lines.head(read=read)
    parts = _Parts(form_of(path, head))
    digest = parts_digest(
        head, parts.noted_changes(lines, counts.changes), parts.noted_accounts(lines, counts.accounts)
    )
    if any(True for _ in lines.texts):
        raise altered(path, "It has more lines than it says.")
    require_digest(path, head.get("planDigest"), digest)
    return parts.plan(head)


class _Parts:
    """What the lines of a plan say, read as they go by for the digest, so that the file is gone through once.

    A line that has not the form of its part is refused by ``plan`` only: what comes first is that all lines are ours.
    """

    def __init__(self, form: Form) -> None:
        """Begin with none."""
        self._form = form
        self._changes: list[Change] = []
        self._accounts: dict[str, PreparedAccount] = {}
        self._refusal: ReconcilerError | None = None

    def noted_changes(self, lines: Lines, count: int) -> Iterator[str]:
        """Yield the lines of changes, and note the change of each."""
        for number in range(count):
            text, _ = lines.next_object(IN_CHANGE)
            change = self._part(text, IN_CHANGE, partial(self._form, Change, place=("changes", number)))
            if change is not None:
                self._changes.append(change)
            yield text

    def noted_accounts(self, lines: Lines, count: int) -> Iterator[tuple[str, str]]:
        """Yield name and line of each account, and note what is to be recorded of it."""
        for name, text in lines.accounts(count):
            place = ("inputs", "accounts", name)
            account = self._part(text, IN_ACCOUNT, partial(self._form, PreparedAccount, place=place))
            if account is not None:
                self._accounts[name] = account
            yield name, text

    def _part(self, text: str, apart: Apart, read: Callable[[str], Part]) -> Part | None:
        """Return the part that a line says; None from the first line on that has not its form."""
        if self._refusal is None:
            try:
                return part_of(text, apart, read)
            except ReconcilerError as refusal:
                self._refusal = refusal
        return None

    def plan(self, head: JsonObject) -> SavedPlan:
        """Return the plan of this head and of the parts that were noted; refuse what has not its form, the head first."""
        plan = plan_of_head(self._form, head)
        if self._refusal is not None:
            raise self._refusal
        inputs = plan.inputs.model_copy(update={"accounts": self._accounts})
        return plan.model_copy(update={"changes": tuple(self._changes), "inputs": inputs})


def form_of(path: Path, head: JsonObject) -> Form:
    """Return what reads the parts of a plan with this head, and refuses those of another form."""
    has_additions = parts_of(str(head.get("formatVersion")))[1] > parts_of(FORMAT_VERSION)[1]
    return partial(validated, path, has_additions=has_additions)


def plan_of_head(form: Form, head: JsonObject) -> SavedPlan:
    """Return a plan without its changes and accounts."""
    plan: SavedPlan = form(
        SavedPlan, canonical_json({**head, "changes": [], "inputs": {**head["inputs"], "accounts": {}}})
    )
    return plan


@dataclass(frozen=True, slots=True)
class _Counts:
    """How many lines there are of each kind."""

    changes: int
    accounts: int


class Lines:
    """The lines of one file, read once from the first to the last."""

    def __init__(self, path: Path, content: bytes) -> None:
        """Begin at the first line."""
        self.path = path
        self.texts = self._each_text(content)

    def counts(self, *, read: str) -> _Counts:
        """Return what the first line says; refuse another format."""
        _, said = self.next_object()
        require_known_format(self.path, said, LINES_VERSION, read=read)
        changes, accounts = said.get("changes"), said.get("accounts")
        if type(changes) is not int or type(accounts) is not int or min(changes, accounts) < 0:
            raise invalid(self.path, "its first line does not say how many lines follow")
        return _Counts(changes, accounts)

    def head(self, *, read: str) -> tuple[_Counts, JsonObject]:
        """Return what the first two lines say; refuse another format."""
        counts = self.counts(read=read)
        _, head = self.next_object()
        if "changes" in head or not isinstance(head.get("inputs"), dict) or "accounts" in head["inputs"]:
            raise invalid(self.path, "its second line does not have the form of a plan's head")
        require_known_format(self.path, head, FORMAT_VERSION, read=read)
        return counts, head

    def next_object(self, apart: Apart | None = None) -> tuple[str, JsonObject]:
        """Return the next line, which is an object, as text and as value; with ``apart`` as the value of its rest."""
        text, value = self._next(apart)
        if not isinstance(value, dict):
            raise invalid(self.path, "it has fewer lines than it says, or other ones")
        return text, value

    def accounts(self, count: int) -> Iterator[tuple[str, str]]:
        """Yield the next lines, each a name and the JSON of what is recorded under it, by name."""
        before = None
        for _ in range(count):
            text, line = self._next(IN_ACCOUNT)
            match line:
                case [str(name), dict()] if before is None or name > before:
                    yield name, text[len(canonical_json(name)) + 2 : -1]
                    before = name
                case None:
                    raise invalid(self.path, "it has fewer lines than it says, or other ones")
                case _:
                    raise altered(self.path, "Its accounts are not in their order.")

    def _next(self, apart: Apart | None = None) -> tuple[str, object]:
        """Return the next line as text and as value, None behind the last; refuse one that we do not write."""
        text = next(self.texts, "null")
        try:
            value = value_of_rest(text, apart) if apart is not None else None
            return text, canonical_value(text) if value is None else value
        except NotCanonical:
            raise altered(self.path, "One of its lines is not written as reconciler writes it.") from None
        except (ValueError, MemoryError):
            raise invalid(self.path, "one of its lines is not JSON that reconciler wrote") from None

    def _each_text(self, content: bytes) -> Iterator[str]:
        for line in self._each_line(content):
            try:
                yield line.decode("utf-8")
            except ValueError:
                raise invalid(self.path, "one of its lines is not UTF-8") from None

    def _each_line(self, content: bytes) -> Iterator[bytes]:
        inflating = zlib.decompressobj(wbits=_GZIP)
        begun, octets = b"", 0
        try:
            for start in range(0, len(content), _READ_AT_ONCE):
                *lines, begun = (begun + inflating.decompress(content[start : start + _READ_AT_ONCE])).split(b"\n")
                octets += sum(map(len, lines))
                if len(begun) > MAX_LINE_OCTETS or octets > MAX_OCTETS:
                    raise invalid(self.path, f"it has more than {MAX_OCTETS // 1024**3} GiB, or lines without an end")
                yield from lines
        except zlib.error:
            raise invalid(self.path, "it is damaged") from None
        if begun or not inflating.eof or inflating.unused_data:
            raise invalid(self.path, "it does not end where it says, so it is damaged")
