"""Parts of a plan, read for the evidence that they have.

Premise: a seal covers the digest of a plan, and the digest every octet of its lines. So what our own key has sealed was
written here, and what is not taken of it need not be understood: of ten parts of 100,000 accounts each that is nearly all.
Only the lines that something is taken of must be one account each, since the digest does not say where a line ends: and
what they say of settings is compared with the accounts that are planned here. Of any other file ``read_plan`` tells what
it is.
"""

from __future__ import annotations

import hmac
import json
from itertools import islice
from typing import TYPE_CHECKING

from reconciler.errors import ReconcilerError
from reconciler.model.verification.evidence import Evidence
from reconciler.planfile.alike import IN_ACCOUNT, value_of_member
from reconciler.planfile.file import READ, octets_of, plan_of
from reconciler.planfile.lines import MAGIC, Lines, form_of, plan_of_head
from reconciler.rules.plan.digests import digest_of_members
from reconciler.rules.plan.shards import ReadPart, as_read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reconciler.model.plan import SavedPlan

_DECODER = json.JSONDecoder()
_SETTINGS = ',"settingsDigest":'
"""Nothing but a key, since within a text of JSON a quote has a backslash before it; what was verified has it too."""
_NOT_VERIFIED = ',"evidence":null,'
_BEGINNINGS = (',{"awaitsApproval":false,', ',{"awaitsApproval":true,')
"""What follows an account's name and nothing else: of what a manifest may say, a key of this name has a text."""
_AT_ONCE = 200


def read_part(path: Path, *, is_sealed: Callable[[SavedPlan], bool]) -> tuple[ReadPart, bool]:
    """Return what a merge takes of a part, and whether the part has a valid seal; refuse it as ``read_plan`` does."""
    content = octets_of(path)
    if content.startswith(MAGIC) and (part := _sealed_part(Lines(path, content), is_sealed)) is not None:
        return part, True
    plan = plan_of(path, content)
    return as_read(plan), is_sealed(plan)


def _sealed_part(lines: Lines, is_sealed: Callable[[SavedPlan], bool]) -> ReadPart | None:
    """Return what is taken of a part; None where it is not surely as it was sealed."""
    taken = _Taken()
    try:
        counts, head = lines.head(read=READ)
        plan = plan_of_head(form_of(lines.path, head), head)
        if not is_sealed(plan):
            return None
        members = (taken.member(line) for line in lines.texts)
        digest = digest_of_members(head, _in_batches(islice(lines.texts, counts.changes)), _in_batches(members))
    except (ReconcilerError, ValueError, RecursionError):
        return None
    is_whole = len(taken.settings) == counts.accounts
    if not is_whole or not hmac.compare_digest(plan.plan_digest.encode("utf-8", "surrogatepass"), digest.encode()):
        return None
    shown = plan.model_copy(update={"diagnostics": ()})
    return ReadPart(plan=shown, settings=taken.settings, evidence=taken.evidence)


class _Taken:
    """What is taken of a part's accounts."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.settings: dict[str, str | None] = {}
        self.evidence: dict[str, Evidence] = {}

    def member(self, line: str) -> str:
        """Take what an account's line has, and return it as a member of the plan; ``ValueError`` for another line."""
        name, end = _DECODER.raw_decode(line, 1)
        rest, member = IN_ACCOUNT.of(line) or (line, None)
        _, key, digest = rest.partition(_SETTINGS)
        # Two accounts in one line would have the key twice, and half of one would not have it, or not begin so.
        begins = line.startswith("[") and line.startswith(_BEGINNINGS, end) and isinstance(name, str)
        is_one = begins and bool(key) and _SETTINGS not in digest and line.endswith("}]")
        if not is_one or (member is None and _NOT_VERIFIED not in line):
            raise ValueError("no line of an account")
        self.settings[name], _ = _DECODER.raw_decode(digest)
        if member is not None:
            found = value_of_member(member, Evidence)
            if not isinstance(found, Evidence):
                raise ValueError("no evidence")
            self.evidence[name] = found
        return f"{line[1:end]}:{line[end + 1 : -1]}"


def _in_batches(texts: Iterator[str]) -> Iterator[str]:
    """Yield texts as they stand between the others, hundreds of them at once."""
    while batch := ",".join(islice(texts, _AT_ONCE)):
        yield batch
