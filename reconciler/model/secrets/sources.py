"""Sources of secrets as the project file declares them: a command for each key, or a text that holds many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, LiteralString

from pydantic import Field

from reconciler.model.fieldrules import Rule, Ruled, When, absent, all_of, exactly_one, given, needs, sentence
from reconciler.model.secrets.references import SecretPath
from reconciler.model.text.types import Seconds, Text, VariableName

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.canonical import JsonObject

_PROGRAM_WORDS = "has {key} in the program; it belongs in an argument"
_BULK_WORDS = "has {key} and format; a command with format gives all keys at once"
_KEY_WORDS = "needs {key} in an argument, or format for many secrets at once"
_WITHOUT_KEY = "^((?!\\{key\\})[\\s\\S])*$"


def _command_rule(
    code: LiteralString, words: str, schema: JsonObject, *, holds: Callable[[SecretSource], bool], when: When | None
) -> Rule:
    """Return a rule on the command of a source, whose schema holds under a condition on the other fields."""
    said = {"$comment": f"{code}: {words}", "properties": {"command": {**schema, "doNotSuggest": True}}}
    schemas = ({"if": when.schema, "then": said} if when is not None else said,)
    return Rule(code=code, words=words, holds=holds, schemas=schemas)


_COMMAND_RULES = (
    _command_rule(
        "invalidValue",
        _PROGRAM_WORDS,
        {"prefixItems": [{"pattern": _WITHOUT_KEY, "patternErrorMessage": sentence(_PROGRAM_WORDS)}]},
        holds=lambda source: source.command is None or "{key}" not in source.command[0],
        when=None,
    ),
    _command_rule(
        "contradiction",
        _BULK_WORDS,
        {"items": {"pattern": _WITHOUT_KEY, "patternErrorMessage": sentence(_BULK_WORDS)}},
        holds=lambda source: source.format is None or not source.takes_key,
        when=given("command", "format"),
    ),
    _command_rule(
        "missingField",
        _KEY_WORDS,
        {"contains": {"type": "string", "pattern": "\\{key\\}"}, "errorMessage": sentence(_KEY_WORDS)},
        holds=lambda source: source.command is None or source.format is not None or source.takes_key,
        when=all_of(given("command"), absent("format")),
    ),
)
"""Refused is a command whose program a manifest would choose, or that would give every key the same value."""


class SecretSource(Ruled):
    """Where secrets come from: a command for each key, or many at once from a command, variable or file."""

    command: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)] | None = Field(
        None,
        description='A program and its arguments, run without a shell, such as [vault, kv, get, -field=value, "{key}"]. {key} stands for the secret\'s key.',
    )
    env: VariableName | None = Field(
        None, description="An environment variable that holds many secrets, written as format says."
    )
    file: SecretPath | None = Field(
        None, description="A file inside the project folder that holds many secrets, written as format says."
    )
    format: Literal["json", "dotenv"] | None = Field(
        None,
        description="How many secrets at once are written: as one JSON object, or in lines KEY=VALUE. Required with env and file.",
    )
    timeout_seconds: Seconds = Field(10, description="How long the command may take, in seconds; by default 10.")
    environment: Annotated[tuple[Text, ...], Field(strict=False)] = Field(
        (),
        description="Globs of environment variables that the command gets beside PATH, HOME, locale, proxies and VAULT_*, such as AWS_*.",
    )

    rules = (
        exactly_one("command", "env", "file", words="needs exactly one of command, env and file"),
        needs("format", when=absent("command"), words="needs format: json or dotenv"),
        *_COMMAND_RULES,
    )

    @property
    def takes_key(self) -> bool:
        """Whether an argument of the command is filled in with the key of a secret."""
        return any("{key}" in argument for argument in (self.command or ())[1:])

    @property
    def origin(self) -> str | None:
        """The secret, as SOURCE:KEY, that holds all of this source's secrets; None where a command gives them."""
        if self.env is not None:
            return f"env:{self.env}"
        return f"file:{self.file}" if self.file is not None else None
