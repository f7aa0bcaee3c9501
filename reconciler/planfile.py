"""Saved plans: written whole or not at all, and read with suspicion.

A plan file travels through places where others can write. Reading therefore checks, in this order: that it is JSON,
that its format is known, that its digest fits its content, and that it has the form of a plan. The digest finds
accidents and honest edits; only the seal, an HMAC under the key of the fingerprints or under ``RECONCILER_PLAN_KEY``,
withstands somebody who computes the digest anew.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import stat
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from reconciler.diagnostics import Diagnostic, Location, error
from reconciler.errors import GuardRefused, InvalidInput
from reconciler.files import replace_file
from reconciler.model.canonical import canonical_json
from reconciler.model.plan import FORMAT_VERSION, SavedPlan
from reconciler.rules.plan.digests import plan_document_digest

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.secrets.values import FingerprintKey

MAX_BYTES = 256 * 1024 * 1024
"""A plan of 10,000 accounts has about 40 MiB."""

_FORMAT = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}")
_AGAIN = "Make the plan again:\n    reconciler plan --out FILE"
_MAX_SHOWN = 60


class _DuplicateKey(ValueError):
    """A key stands twice in one object."""


def write_plan(path: Path, plan: SavedPlan) -> None:
    """Write a plan file, for the owner alone (mode 0600): sorted JSON, the same bytes for the same plan.

    The file appears whole or not at all, in place of one that was there. Raises ``InvalidInput``
    (``planFileUnwritable``).
    """
    document = plan.model_dump(mode="json")
    text = json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        _refuse_special_file(path)
        replace_file(path, text.encode("utf-8", "surrogatepass"))
    except (OSError, ValueError) as failure:
        raise InvalidInput(_unwritable(path, failure)) from None


def read_plan(path: Path) -> SavedPlan:
    """Return the plan of a file.

    Raises ``InvalidInput`` (``planFileInvalid``) for what is no plan, ``GuardRefused`` for a format of another major
    version (``planFormatUnknown``) and for content that does not fit its digest (``planAltered``).
    """
    content = _read(path)
    try:
        document = _document_of(path, content)
        minor = _require_known_format(path, document)
        _require_digest(path, document)
        return _plan_of(path, document, has_additions=minor > _parts_of(FORMAT_VERSION)[1])
    except RecursionError:
        raise _invalid(path, "it is nested too deeply") from None


def seal_plan(plan: SavedPlan, key: FingerprintKey) -> SavedPlan:
    """Return the plan with a seal over its digest, which begins with the key's id."""
    return plan.model_copy(update={"seal": _seal(plan, key)})


def is_sealed_with(plan: SavedPlan, key: FingerprintKey) -> bool:
    """Tell whether the plan claims a seal of this key; ``has_valid_seal`` tells whether it is one."""
    return plan.seal is not None and plan.seal.startswith(f"{key.key_id} ")


def _seal(plan: SavedPlan, key: FingerprintKey) -> str:
    return f"{key.key_id} {key.seal(plan.plan_digest)}"


def has_valid_seal(plan: SavedPlan, key: FingerprintKey) -> bool:
    """Tell whether the plan bears the seal of this key over its digest, which ``read_plan`` compared with its content.

    False for a plan without a seal.
    """
    if plan.seal is None:
        return False
    return hmac.compare_digest(plan.seal.encode("utf-8", "surrogatepass"), _seal(plan, key).encode())


def _read(path: Path) -> bytes:
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as failure:
        raise _invalid(path, f"it cannot be opened: {_reason(failure)}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _invalid(path, "it is not a regular file")
        if status.st_size > MAX_BYTES:
            raise _invalid(path, f"it is larger than {MAX_BYTES // 1024 // 1024} MiB")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_BYTES)
    except OSError as failure:
        raise _invalid(path, f"it cannot be read: {_reason(failure)}") from None
    finally:
        os.close(descriptor)


def _document_of(path: Path, content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(
            content.decode("utf-8"), object_pairs_hook=_mapping_of_unique_keys, parse_constant=_refuse_constant
        )
        canonical_json(document)
    except _DuplicateKey:
        raise _altered(path, "A key stands in it twice, which reconciler never writes.") from None
    except (ValueError, MemoryError):
        raise _invalid(path, "it is not JSON that reconciler wrote") from None
    if not isinstance(document, dict):
        raise _invalid(path, "it holds JSON, but no object")
    return document


def _mapping_of_unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise _DuplicateKey
    return mapping


def _refuse_constant(_: str) -> float:
    raise ValueError("NaN and infinity are not JSON (RFC 8259 section 6)")


def _parts_of(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor)


def _require_known_format(path: Path, document: dict[str, Any]) -> int:
    """Return the minor version of the plan's format; refuse another major one."""
    version = document.get("formatVersion")
    if not isinstance(version, str) or not _FORMAT.fullmatch(version):
        raise _invalid(path, "it has no formatVersion")
    major, minor = _parts_of(version)
    if major != _parts_of(FORMAT_VERSION)[0]:
        detail = (
            f"The plan has the format {version}, and this version of reconciler reads {FORMAT_VERSION}. What another "
            f"format means may not be guessed. {_AGAIN}"
        )
        raise GuardRefused(error("planFormatUnknown", detail, location=_place(path)))
    return minor


def _require_digest(path: Path, document: dict[str, Any]) -> None:
    claimed = document.get("planDigest")
    if not isinstance(claimed, str):
        raise _altered(path, "It has no digest.")
    if not hmac.compare_digest(claimed.encode("utf-8", "surrogatepass"), plan_document_digest(document).encode()):
        raise _altered(path, "Its digest does not fit its content.")


def _plan_of(path: Path, document: dict[str, Any], *, has_additions: bool) -> SavedPlan:
    try:
        # By way of JSON, because strict models take dates and sequences from JSON only.
        return SavedPlan.model_validate_json(canonical_json(document), by_alias=True, by_name=False)
    except ValidationError as refusal:
        problems = refusal.errors(include_url=False, include_context=False, include_input=False)
        if has_additions and all(problem["type"] == "extra_forbidden" for problem in problems):
            return _plan_of(path, _without(document, [problem["loc"] for problem in problems]), has_additions=False)
        place = ".".join(str(part) for part in problems[0]["loc"])[:_MAX_SHOWN] or "its top"
        raise _invalid(path, f"at {place} it does not have the form of a plan") from None


def _without(document: dict[str, Any], paths: list[tuple[int | str, ...]]) -> dict[str, Any]:
    """Return a document without the fields that a later minor version added."""
    reduced: dict[str, Any] = json.loads(canonical_json(document))
    for *parents, field in paths:
        holder: Any = reduced
        for parent in parents:
            holder = holder[parent]
        del holder[field]
    return reduced


def _refuse_special_file(path: Path) -> None:
    """Refuse to put a file in the place of a device or a folder: a rename would replace ``/dev/null`` itself."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise ValueError("there is something there that is not a regular file")


def _invalid(path: Path, reason: str) -> InvalidInput:
    detail = f"The file cannot be used as a plan: {reason}. {_AGAIN}"
    return InvalidInput(error("planFileInvalid", detail, location=_place(path)))


def _altered(path: Path, fact: str) -> GuardRefused:
    detail = (
        f"The plan file was altered after it was made. {fact} What would run is not what was shown and reviewed. "
        f"{_AGAIN}"
    )
    return GuardRefused(error("planAltered", detail, location=_place(path)))


def _unwritable(path: Path, failure: OSError | ValueError) -> Diagnostic:
    detail = f"The plan was not saved: {_reason(failure)}. Choose another file, or mend what stands in the way."
    return error("planFileUnwritable", detail, location=_place(path))


def _reason(failure: OSError | ValueError) -> str:
    return str(getattr(failure, "strerror", None) or failure)


def _place(path: Path) -> Location:
    return Location(str(path))
