"""Why a file is not used as a plan, in words; and the checks that every format shares."""

from __future__ import annotations

import hmac
import json
import re
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from reconciler.characters import SHOWN_WORD, clip
from reconciler.diagnostics import Diagnostic, Location, error
from reconciler.errors import GuardRefused, InvalidInput
from reconciler.model.base import Value
from reconciler.model.canonical import canonical_json, without

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Model = TypeVar("Model", bound=Value)
_UNKNOWN_KEY = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
"""What pydantic calls a key that is not known, of a model and of a dataclass."""
_FORMAT = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}")
_AGAIN = "Make the plan again:\n    reconciler plan --out FILE"


def parts_of(version: str) -> tuple[int, int]:
    """Return major and minor of a format's version."""
    major, _, minor = version.partition(".")
    return int(major), int(minor)


def require_known_format(path: Path, document: Mapping[str, object], known: str, *, read: str) -> int:
    """Return the minor version that a document gives itself; raise ``GuardRefused`` for another major version.

    ``known`` is the version that is known of its form, ``read`` names all that are read.
    """
    version = document.get("formatVersion")
    if not isinstance(version, str) or not _FORMAT.fullmatch(version):
        raise invalid(path, "it has no formatVersion")
    major, minor = parts_of(version)
    if major != parts_of(known)[0]:
        is_read = any(major == parts_of(each)[0] for each in read.split(" and "))
        fact = "and is not written as that one is" if is_read else f"and this version of reconciler reads {read}"
        detail = f"The plan says that it has the format {version}, {fact}. What that means may not be guessed. {_AGAIN}"
        raise GuardRefused(error("planFormatUnknown", detail, location=_place(path)))
    return minor


def require_digest(path: Path, claimed: object, digest: str) -> None:
    """Raise ``GuardRefused`` unless the digest that a plan claims is that of its content."""
    if not isinstance(claimed, str):
        raise altered(path, "It has no digest.")
    if not hmac.compare_digest(claimed.encode("utf-8", "surrogatepass"), digest.encode()):
        raise altered(path, "Its digest does not fit its content.")


def validated(
    path: Path,
    model: type[Model],
    text: str,
    *,
    has_additions: bool,
    place: tuple[str | int, ...] = (),
) -> Model:
    """Return a plan from its JSON, or the part of one that stands at ``place``; refuse a text of another form.

    A later minor version only adds fields, so with ``has_additions`` those that this one does not know are left out.
    """
    try:
        return model.model_validate_json(text, by_alias=True, by_name=False)
    except ValidationError as refusal:
        problems = refusal.errors(include_url=False, include_context=False, include_input=False)
        if has_additions and all(problem["type"] in _UNKNOWN_KEY for problem in problems):
            known = without(json.loads(text), [problem["loc"] for problem in problems])
            return validated(path, model, canonical_json(known), has_additions=False, place=place)
        first = (*place, *problems[0]["loc"])
        # An account's document has the same form in all versions, so it was not a version that wrote this one.
        if first[:2] == ("inputs", "accounts") and (first[3:] == ("document",) or problems[0]["type"] == "value_error"):
            raise altered(path, "It would record what no manifest can say.") from None
        shown = clip(".".join(str(part) for part in first), SHOWN_WORD) or "its top"
        raise invalid(path, f"at {shown} it does not have the form of a plan") from None


def refuse_constant(_: str) -> float:
    """Refuse what JSON has no word for, as ``parse_constant``."""
    raise ValueError("NaN and infinity are not JSON (RFC 8259 section 6)")


def invalid(path: Path, reason: str, *, cure: str = _AGAIN) -> InvalidInput:
    """Return the refusal of a file that is no plan; ``cure`` says what to do."""
    detail = f"The file cannot be used as a plan: {reason}. {cure}"
    return InvalidInput(error("planFileInvalid", detail, location=_place(path)))


def altered(path: Path, fact: str) -> GuardRefused:
    """Return the refusal of a file that is not what was written."""
    detail = (
        f"The plan file was altered after it was made. {fact} What would run is not what was shown and reviewed. "
        f"{_AGAIN}"
    )
    return GuardRefused(error("planAltered", detail, location=_place(path)))


def unwritable(path: Path, failure: OSError | ValueError) -> Diagnostic:
    """Return the problem of a plan that was not saved."""
    detail = f"The plan was not saved: {reason_of(failure)}. Choose another file, or mend what stands in the way."
    return error("planFileUnwritable", detail, location=_place(path))


def reason_of(failure: OSError | ValueError) -> str:
    """Return why something failed, as the middle of a sentence."""
    return str(getattr(failure, "strerror", None) or failure)


def _place(path: Path) -> Location:
    return Location(str(path))
