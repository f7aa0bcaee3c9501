"""The text types of manifests: plain text, names, e-mail addresses, host names, variable names, paths.

Each type refuses by a ``PydanticCustomError`` whose type is a diagnostic code, and describes itself to JSON Schema
as closely as a schema can.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from reconciler.characters import REFUSED_CHARACTER, REFUSED_IN_SCHEMAS
from reconciler.diagnostics import Diagnostic, error
from reconciler.model.text.domains import NotADomain, NotAnAddress, host_to_ascii, split_address

NAME_PATTERN = r"^(?!.*\.\.)[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$(?!\n)"
NAME = re.compile(NAME_PATTERN)
_TEXT_PATTERN = f"^[^{REFUSED_IN_SCHEMAS}]+$(?!\\n)"
_TEXT_RULE = "Line breaks, control characters and invisible marks cannot stand here."
_NAME_RULE = (
    "is not a name: 1 to 63 characters of a-z, 0-9, '.', '_' and '-', beginning and ending with a letter or digit, "
    "without two dots in a row"
)
_VARIABLE_RULE = "This is not the name of an environment variable: letters, digits and _, not beginning with a digit."


def _check_text(text: str) -> str:
    # Nearly every text is plain, and here even asking the pattern is a tenth of a look at an account.
    found = None if text.isascii() and text.isprintable() else REFUSED_CHARACTER.search(text)
    if found:
        raise PydanticCustomError(
            "controlCharacter",
            "holds the invisible or control character {character} at position {position}",
            {"character": f"U+{ord(found.group()):04X}", "position": found.start() + 1},
        )
    if not text.strip():
        raise PydanticCustomError("invalidValue", "is empty; give a value or remove the line")
    return text


def _check_name(text: str) -> str:
    if not NAME.match(text):
        raise PydanticCustomError(
            "invalidName",
            _NAME_RULE,
        )
    return text


def _check_email(text: str) -> str:
    _check_text(text)
    try:
        split_address(text)
    except NotAnAddress as refusal:
        raise PydanticCustomError(
            "invalidEmail", "is not one e-mail address: {reason}", {"reason": str(refusal)}
        ) from None
    return text


def _check_host(text: str) -> str:
    _check_text(text)
    try:
        host_to_ascii(text)
    except NotADomain as refusal:
        raise PydanticCustomError("invalidHost", "is not a host name: {reason}", {"reason": str(refusal)}) from None
    return text


def _check_helo_name(text: str) -> str:
    if "_" in text:
        raise PydanticCustomError(
            "invalidHost",
            "is not a name for EHLO: servers take letters, digits and hyphens there, and no underscore; use the full name "
            "that the DNS has for this machine",
        )
    return text


def _text_schema(description: str, **extra: object) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "minLength": 1, "description": description, **extra})


Text = Annotated[
    str,
    Field(max_length=1000),
    AfterValidator(_check_text),
    _text_schema("Text of one line.", maxLength=1000, pattern=_TEXT_PATTERN, patternErrorMessage=_TEXT_RULE),
]
"""Text of one line, 1 to 1000 characters, not blank, without control characters."""

Name = Annotated[
    str,
    AfterValidator(_check_name),
    _text_schema("A name.", pattern=NAME_PATTERN, maxLength=63, patternErrorMessage=f"This {_NAME_RULE}."),
]
"""The identity of an account or server: ``sales-pl``."""

Email = Annotated[
    str,
    Field(max_length=320),
    AfterValidator(_check_email),
    _text_schema(
        "An e-mail address.",
        pattern=f"^[^\\s@{REFUSED_IN_SCHEMAS}]+@[^\\s@{REFUSED_IN_SCHEMAS}]+$(?!\\n)",
        maxLength=320,
        patternErrorMessage="This is not one e-mail address, such as sales@example.com.",
    ),
]
"""One e-mail address as written; compare through ``domains.address_to_ascii``."""

Host = Annotated[
    str,
    Field(max_length=253),
    AfterValidator(_check_host),
    _text_schema(
        "A host name or IP address.",
        pattern=f"^[^\\s@/\\\\{REFUSED_IN_SCHEMAS}]+$(?!\\n)",
        maxLength=253,
        patternErrorMessage="This is not a host name or IP address, such as smtp.example.com.",
    ),
]
"""A host name or IP address as written; compare through ``domains.host_to_ascii``."""

HeloName = Annotated[Host, AfterValidator(_check_helo_name)]
"""The name given in EHLO: a host, but none with an underscore, which servers refuse there (RFC 5321 section 4.1.1.1)."""

Port = Annotated[int, Field(ge=1, le=65535)]

Globs = Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]

Seconds = Annotated[int, Field(ge=1, le=86_400)]

ConsumerName = Annotated[
    str,
    Field(
        pattern=r"^[a-z][A-Za-z0-9_-]{0,62}$",
        json_schema_extra={
            "patternErrorMessage": "A consumer's name is a lower-case letter, then letters, digits, _ and -, at most 63."
        },
    ),
]
"""A TCP port."""

VariableName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        max_length=255,
        json_schema_extra={"patternErrorMessage": _VARIABLE_RULE},
    ),
]
"""The name of an environment variable."""


def check_email(text: str, *, whose: str = "The operator's address") -> Diagnostic | None:
    """Return the problem with an address that was given outside a manifest; None for a good one. ``whose`` begins the sentence."""
    try:
        _check_email(text)
    except PydanticCustomError as refusal:
        return error("invalidEmail", f"{whose} {refusal.message()}.")
    return None
