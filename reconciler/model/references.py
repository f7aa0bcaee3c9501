"""How a manifest or the project file writes a secret: a mapping of one source to one key, never a literal."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from reconciler.model.text import REFUSED_CHARACTER, REFUSED_IN_SCHEMAS

_SOURCE_PATTERN = r"^[a-z][A-Za-z0-9_-]{0,62}$"
_SOURCE = re.compile(_SOURCE_PATTERN + r"(?!\n)")
_PLACEHOLDER = r"\{(name|email)\}"
_VARIABLE_PATTERN = rf"^([A-Za-z_]|{_PLACEHOLDER})([A-Za-z0-9_]|{_PLACEHOLDER})*$(?!\n)"
_VARIABLE = re.compile(_VARIABLE_PATTERN)
_KEY_PATTERN = rf"^(?!.*\.\.)([A-Za-z0-9]|{_PLACEHOLDER})([A-Za-z0-9_./@:-]|{_PLACEHOLDER})*$(?!\n)"
_KEY = re.compile(_KEY_PATTERN)
_PATH_PATTERN = f"^[^{REFUSED_IN_SCHEMAS}]+$(?!\\n)"
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
    if not is_key_of(source, key):
        raise PydanticCustomError("invalidValue", "{rule}", {"rule": _RULES.get(source, _RULES[""])})
    return written


def is_key_of(source: str, key: str) -> bool:
    """Tell whether a key has the form that its source takes."""
    if source == "env":
        return bool(_VARIABLE.match(key))
    if source == "file":
        return bool(key.strip()) and not REFUSED_CHARACTER.search(key)
    return bool(_KEY.match(key))


_RULES = {
    "env": "env takes the name of an environment variable: letters, digits and underscores, not beginning with a digit",
    "file": "file takes a path inside the project folder",
    "": "takes a key of letters, digits and _ . / @ : -, beginning with a letter or digit, without '..'",
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
                    "patternErrorMessage": _sentence(_RULES["file"]),
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


def reference_text(secret: dict[str, str]) -> str:
    """Return ``SOURCE:KEY`` for a secret as written."""
    source, key = next(iter(secret.items()))
    return f"{source}:{key}"
