"""How a manifest or the project file writes a secret: a mapping of one source to one key, never a literal.

A key that is a path is taken in its normal form alone, see ``spelling``.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from reconciler.characters import REFUSED_CHARACTER, REFUSED_IN_SCHEMAS
from reconciler.model.secrets.spelling import (
    NORMAL,
    NORMAL_REFERENCE,
    is_normal_key,
    normal_key,
    not_normal,
    spelling_problem,
)
from reconciler.model.text.placeholders import (
    PLACEHOLDER_PATTERN,
    TEMPLATE_PATTERN,
    TEMPLATE_RULE,
    has_placeholder,
    refuse_unknown_placeholders,
)
from reconciler.model.text.types import Text

_SOURCE_PATTERN = r"^[a-z][A-Za-z0-9_-]{0,62}$"
_SOURCE = re.compile(_SOURCE_PATTERN + r"(?!\n)")
_PLACEHOLDER = PLACEHOLDER_PATTERN
_VARIABLE_PATTERN = rf"^([A-Za-z_]|{_PLACEHOLDER})([A-Za-z0-9_]|{_PLACEHOLDER})*$(?!\n)"
_KEY_PATTERN = rf"^{NORMAL}(?!.*\.\.)([A-Za-z0-9]|{_PLACEHOLDER})([A-Za-z0-9_./@:-]|{_PLACEHOLDER})*$(?!\n)"
_PATH_PATTERN = f"^{NORMAL}{TEMPLATE_PATTERN.removeprefix('^')}"
_MAX_KEY = 1024


def _refuse_literal(written: Any) -> Any:
    if isinstance(written, dict) and written:
        return written
    raise PydanticCustomError("literalSecret", "must be a reference to a secret, never the secret itself")


def _check_reference(written: dict[str, str]) -> dict[str, str]:
    if len(written) != 1:
        raise PydanticCustomError("contradiction", "names several sources; a secret comes from exactly one")
    source, key = next(iter(written.items()))
    if not _SOURCE.match(source):
        raise PydanticCustomError("unknownSecretSource", "names a source that is not a word such as env, file or vault")
    if len(key) > _MAX_KEY:
        raise PydanticCustomError("invalidValue", "has a key of more than 1024 characters")
    refuse_unknown_placeholders(key, is_secret=True)
    if source == "file" and not is_normal_key(key):
        code = "secretNotAllowed" if ".." in key.split("/") else "invalidValue"
        raise PydanticCustomError(code, "{rule}", {"rule": _refused_spelling(key, "the path")})
    if not is_key_of(source, key):
        rule = _RULES.get(source, _RULES[""])
        if source != "env" and re.match(_KEY_PATTERN, normal_key(key)):
            rule = _refused_spelling(key, "the key")
        raise PydanticCustomError("invalidValue", "{rule}", {"rule": rule})
    return written


def _refused_spelling(key: str, what: str) -> str:
    return f"has {what} {key}, which {not_normal(normal_key(key))}"


def is_key_of(source: str, key: str) -> bool:
    """Tell whether a key has the form that its source takes."""
    if source == "env":
        return (key.isascii() and key.isidentifier()) or bool(re.match(_VARIABLE_PATTERN, key))
    if source == "file":
        return bool(key.strip()) and is_normal_key(key) and not REFUSED_CHARACTER.search(key)
    return bool(re.match(_KEY_PATTERN, key))  # compiled for the first key that needs it: most are variables


def is_filled_key_of(source: str, key: str) -> bool:
    """Tell whether a key in which all is filled in has the form that its source takes: no brace is left to mean more."""
    return is_key_of(source, key) and (source == "file" or not has_placeholder(key))


_RULES = {
    "env": "env takes the name of an environment variable: letters, digits and underscores, not beginning with a digit",
    "file": "file takes a path inside the project folder, without an empty step, '.' or '..', such as secrets/sales",
    "": (
        "takes a key of letters, digits and _ . / @ : -, beginning with a letter or digit, without '..', an empty step "
        "or a slash at its end"
    ),
}

_LITERAL_RULE = (
    "Write where the secret is, never the secret itself: {env: VARIABLE}, {file: path} or {SOURCE: key}. If a real "
    "secret was committed, change it: it stays in git's history."
)


def _sentence(rule: str) -> str:
    return f"{rule}."


Secret = Annotated[
    dict[str, str],
    BeforeValidator(_refuse_literal),
    AfterValidator(_check_reference),
    WithJsonSchema(
        {
            "type": "object",
            "description": "A reference to a secret: {env: VARIABLE}, {file: path} or {SOURCE: key}; never a literal.",
            "minProperties": 1,
            "maxProperties": 1,
            "properties": {
                "env": {
                    "type": "string",
                    "maxLength": _MAX_KEY,
                    "pattern": _VARIABLE_PATTERN,
                    "patternErrorMessage": _sentence(_RULES["env"]),
                    "description": "The environment variable that holds the secret, such as SMTP_SALES_PASSWORD.",
                },
                "file": {
                    "type": "string",
                    "maxLength": _MAX_KEY,
                    "pattern": _PATH_PATTERN,
                    "patternErrorMessage": f"{_sentence(_RULES['file'])} {TEMPLATE_RULE}",
                    "description": "The file that holds the secret, relative to the project folder, such as secrets/sales.",
                },
            },
            "propertyNames": {
                "pattern": _SOURCE_PATTERN,
                "title": "source",
                "description": "env, file, or a source that the project file declares under secrets.sources.",
                "patternErrorMessage": "This is not the name of a source of secrets, such as env, file or vault.",
            },
            "errorMessage": _LITERAL_RULE,
            "additionalProperties": {
                "type": "string",
                "maxLength": _MAX_KEY,
                "pattern": _KEY_PATTERN,
                "patternErrorMessage": _sentence(f"a source {_RULES['']}"),
                "description": "The key of the secret in a source that the project file declares under secrets.sources.",
            },
        }
    ),
]
"""A secret as written: ``{"env": "SMTP_SALES_PASSWORD"}``."""


def _check_glob(text: str) -> str:
    problem = spelling_problem(text)
    if problem is not None:
        raise PydanticCustomError("invalidValue", "{rule}", {"rule": f"is {text}, which {problem}"})
    return text


def _check_path(text: str) -> str:
    if not is_normal_key(text):
        raise PydanticCustomError("invalidValue", "{rule}", {"rule": _refused_spelling(text, "the path")})
    return text


_GLOB_RULE = "This is not in normal form: no step is empty, '.' or '..', and no slash stands at the end."


def _normal_text_schema(pattern: str, description: str) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": 1000,
            "description": description,
            "pattern": f"^{pattern}[^{REFUSED_IN_SCHEMAS}]+$(?!\\n)",
            "patternErrorMessage": _GLOB_RULE,
        }
    )


SecretGlob = Annotated[Text, AfterValidator(_check_glob), _normal_text_schema(NORMAL_REFERENCE, "A glob over secrets.")]
"""A glob over references: ``env:SMTP_*``, ``file:secrets/**``."""

SecretPath = Annotated[Text, AfterValidator(_check_path), _normal_text_schema(NORMAL, "The path of a file.")]
"""The path of a file that holds secrets."""
