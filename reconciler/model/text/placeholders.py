"""Placeholders: what an account's own name and address fill in, in user names, hosts and the keys of secrets.

A word in braces is one of these or an error: sent as it stands to a server it would be a user name that nobody has.
Braces that are meant are doubled around the word, ``{{word}}``; a brace that encloses nothing is itself. What was
filled in is not looked at again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from reconciler.characters import REFUSED_IN_SCHEMAS, SHOWN_WORD
from reconciler.model.text.domains import NotADomain, host_to_ascii
from reconciler.model.text.types import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

PLACEHOLDERS = ("name", "email", "localpart", "domain")
"""What there is to fill in: the account's name, its address, and what stands before and after the address's @."""
PLACEHOLDER_PATTERN = r"\{(" + "|".join(PLACEHOLDERS) + r")\}"
_IN_BRACES = re.compile(r"\{(\{[^{}]*\})\}|\{([^{}]*)\}")
_LISTED = "{name}, {email}, {localpart} and {domain}"
_UNSAFE = REFUSED_IN_SCHEMAS
_BRACES = rf"\{{\{{[^{{}}{_UNSAFE}]*\}}\}}|{PLACEHOLDER_PATTERN}|\{{(?![^{{}}]*\}})"
TEMPLATE_PATTERN = rf"^([^{{{_UNSAFE}]|{_BRACES})+$(?!\n)"
"""Text of one line in which every word in braces is a placeholder, or has its braces doubled."""
TEMPLATE_RULE = f"Of words in braces there are {_LISTED}; braces that are meant are doubled, as in {{{{word}}}}."
_SAMPLES = {"name": "a", "email": "a@example.com", "localpart": "a", "domain": "example.com"}


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return the text with the placeholders filled in, each once, and doubled braces single."""
    return _IN_BRACES.sub(lambda found: found[1] or values.get(found[2], found[0]), text) if "{" in text else text


def as_literal(text: str) -> str:
    """Return a text as it is written to mean itself: words in braces with their braces doubled.

    >>> as_literal("plain"), as_literal("{name}")
    ('plain', '{{name}}')
    """
    return re.sub(r"\{([^{}]*)\}", r"{{\1}}", text)


def has_placeholder(text: str) -> bool:
    """Tell whether the text has a word in braces, to be filled in or unknown; not where its braces are doubled."""
    return "{" in text and any(found[1] is None for found in _IN_BRACES.finditer(text))


def placeholder_in(text: str) -> str | None:
    """Return the first of the placeholders that the text holds, in its braces; None where it holds none."""
    found = re.search(PLACEHOLDER_PATTERN, text)
    return found[0] if found else None


def refuse_unknown_placeholders(text: str, *, is_secret: bool = False) -> None:
    """Refuse a word in braces that nothing is filled in for; that of a secret's key is not repeated."""
    if "{" not in text:
        return
    word = next(
        (found[2] for found in _IN_BRACES.finditer(text) if found[1] is None and found[2] not in PLACEHOLDERS), None
    )
    if word is None:
        return
    from difflib import get_close_matches  # for who mistyped a word

    near = get_close_matches(word.lower(), PLACEHOLDERS, n=1)
    hint = f". Did you mean {{{near[0]}}}?" if near else ""
    rule = f"holds a word in braces that is none of {_LISTED}{hint}"
    if not is_secret and len(word) <= SHOWN_WORD:
        rule = f"holds {{{word}}}, and there are {_LISTED} only{hint or f'; braces that are meant are doubled: {{{{{word}}}}}'}"
    raise PydanticCustomError("unknownPlaceholder", "{rule}", {"rule": rule})


def _check_text(text: str) -> str:
    refuse_unknown_placeholders(text)
    return text


def _check_host(text: str) -> str:
    refuse_unknown_placeholders(text)
    try:
        host_to_ascii(filled(text, _SAMPLES))
    except NotADomain as refusal:
        raise PydanticCustomError("invalidHost", "is not a host name: {reason}", {"reason": str(refusal)}) from None
    return text


Template = Annotated[
    Text,
    AfterValidator(_check_text),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": 1000,
            "description": "Text of one line, into which the account's name and address are filled.",
            "pattern": TEMPLATE_PATTERN,
            "patternErrorMessage": TEMPLATE_RULE,
        }
    ),
]
"""Text of one line with placeholders."""

_LOOKS_MEANT = r"\{ *[A-Za-z][A-Za-z_-]*(![a-z])? *\}"
_MEANT = re.compile(_LOOKS_MEANT)
_UNFILLED_RULE = "Nothing is filled in here, so no word stands in braces. Write out what is meant."


def meant_placeholder(text: str) -> str | None:
    """Return the first word in braces, braces included, that looks like a placeholder in a text where none is filled in."""
    found = _MEANT.search(text) if "{" in text else None
    return found[0] if found else None


def _check_unfilled(text: str) -> str:
    word = meant_placeholder(text)
    if word is None:
        return text
    shown = f"holds {word}" if len(word) <= SHOWN_WORD else "holds a word in braces"
    rule = f"{shown}, and nothing is filled in here: it would be sent as it stands. Write out what is meant"
    raise PydanticCustomError("unknownPlaceholder", "{rule}", {"rule": rule})


Unfilled = Annotated[
    Text,
    AfterValidator(_check_unfilled),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": 1000,
            "description": "Text of one line, into which nothing is filled.",
            "pattern": f"^(?!.*{_LOOKS_MEANT})[^{_UNSAFE}]+$(?!\\n)",
            "patternErrorMessage": _UNFILLED_RULE,
        }
    ),
]
"""Text of one line that is sent to a server as it stands: a placeholder in it is a mistake."""

HostTemplate = Annotated[
    Text,
    Field(max_length=253),
    AfterValidator(_check_host),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": 253,
            "description": "A host name or IP address, into which the account's name and domain are filled.",
            "pattern": rf"^([^\s@/\\{{}}{_UNSAFE}]|{PLACEHOLDER_PATTERN})+$(?!\n)",
            "patternErrorMessage": "This is not a host name or IP address, such as smtp.example.com or mail.{domain}.",
        }
    ),
]
"""A host as written, with placeholders; compare through ``domains.host_to_ascii`` once they are filled in."""
