"""The rules over several fields that a schema can express, by model, each with the words of its refusal.

``$comment`` (``code: words``) is for explaining refused documents. ``errorMessage`` is for editors: they show it instead
of a sentence about schemas. A rule that forbids a field does so by demanding that it be null, since that is where
editors then put the message.
"""

from __future__ import annotations

from typing import Any

from reconciler.model.accounts.kinds import KINDS

Schema = dict[str, Any]

_NOT_NULL = ["string", "number", "boolean", "object", "array"]
_KEY_MARK = {"type": "string", "pattern": "\\{key\\}"}
_WITHOUT_KEY_MARK = "^((?!\\{key\\})[\\s\\S])*$"
_ORIGINS = ("command", "env", "file")
_GUARDS = ("delete", "verification", "scope")
_CREDENTIALS = ("password", "accessToken", "oauth2")


def _sentence(words: str) -> str:
    return f"This {words}." if words.startswith(("needs ", "has ", "declares ", "is ")) else f"{words}."


def _has(*names: str, words: str = "is missing") -> Schema:
    """Return the schema of an object that has these fields with a value other than null; editors do not offer them."""
    message = _sentence(words)
    given = {"type": _NOT_NULL, "doNotSuggest": True, "errorMessage": message}
    return {"required": list(names), "properties": dict.fromkeys(names, given), "errorMessage": message}


def _needs(code: str, words: str, *names: str) -> Schema:
    return {"$comment": f"{code}: {words}", **_has(*names, words=words)}


def _needs_one(code: str, words: str, *names: str) -> Schema:
    """Return the rule that one of the fields has a value: where the others have none, the last does.

    Not a choice: of a choice that holds in several ways, editors show the arms in place of what they are arms of.
    """
    *others, last = names
    return {"if": {"allOf": [{"not": _has(name)} for name in others]}, "then": _needs(code, words, last)}


def _without(code: str, words: str, *names: str) -> Schema:
    return {"properties": {name: _forbidden(code, words) for name in names}}


def _forbidden(code: str, words: str) -> Schema:
    return {
        "$comment": f"{code}: {words}",
        "type": "null",
        "errorMessage": _sentence(words),
        "doNotSuggest": True,
    }


def _only_one(words: str, *names: str) -> list[Schema]:
    """Return rules by which at most one of the fields has a value."""
    pairs = [(first, second) for index, first in enumerate(names) for second in names[index + 1 :]]
    return [{"if": _has(first), "then": _without("contradiction", words, second)} for first, second in pairs]


def _exactly_one(words: str, *names: str) -> list[Schema]:
    return [_needs_one("contradiction", words, *names), *_only_one(words, *names)]


_TOKEN_WORDS = "xoauth2 and oauthbearer take accessToken or oauth2, not a password"  # noqa: S105 - a sentence
_DEPTH_WORDS = "depth goes with verification, and verification needs depth"
_COMMAND_WORDS = "needs {key} in an argument, or format for many secrets at once"
_BULK_WORDS = "has {key} and format; a command with format gives all keys at once"
_PROGRAM_WORDS = "has {key} in the program; it belongs in an argument"
_OVERRIDE_WORDS = (
    "Overrides exist on marketing accounts only: most providers refuse or rewrite a foreign sender through somebody's own "
    "mailbox."
)
_NAMES_WORDS = "declares a source called env or file, which exist already"

RULES: dict[str, list[Schema]] = {
    "Smtp": [_needs_one("missingField", "needs host, or server with the name of a MailServer", "host", "server")],
    **{
        f"{row.name}Spec": [
            {"properties": {"overrideFrom": False, "overrideTo": False}, "errorMessage": _OVERRIDE_WORDS},
        ]
        for row in KINDS.values()
        if not row.takes_overrides
    },
    "OAuth2": [
        _needs_one("missingField", "needs refreshToken or clientSecret", "refreshToken", "clientSecret"),
    ],
    "Authentication": [
        *_only_one("password, accessToken and oauth2 exclude each other; keep one", *_CREDENTIALS),
        {
            "if": {
                "type": "object",
                "required": ["mechanism"],
                "properties": {"mechanism": {"enum": ["xoauth2", "oauthbearer"]}},
            },
            "then": _without("contradiction", _TOKEN_WORDS, "password"),
        },
    ],
    "Proxy": [
        {"if": _has("password"), "then": _needs("missingField", "has a password but no username", "username")},
    ],
    "Override": [
        _needs_one("missingField", "needs emailDetail or displayNameDetail", "emailDetail", "displayNameDetail"),
        {
            "if": {"type": "object", "required": ["pairing"], "properties": {"pairing": {"const": "together"}}},
            "then": _needs(
                "contradiction",
                "pairing: together needs both emailDetail and displayNameDetail",
                "emailDetail",
                "displayNameDetail",
            ),
        },
    ],
    "SecretSource": [
        *_exactly_one("needs exactly one of command, env and file", *_ORIGINS),
        {
            "if": {"not": _has("command")},
            "then": _needs("missingField", "needs format: json or dotenv", "format"),
        },
        {
            "$comment": f"invalidValue: {_PROGRAM_WORDS}",
            "properties": {
                "command": {
                    "prefixItems": [{"pattern": _WITHOUT_KEY_MARK, "patternErrorMessage": _sentence(_PROGRAM_WORDS)}],
                    "doNotSuggest": True,
                },
            },
        },
        {
            "if": _has("command", "format"),
            "then": {
                "$comment": f"contradiction: {_BULK_WORDS}",
                "properties": {
                    "command": {
                        "items": {"pattern": _WITHOUT_KEY_MARK, "patternErrorMessage": _sentence(_BULK_WORDS)},
                        "doNotSuggest": True,
                    },
                },
            },
        },
        {
            "if": {"allOf": [_has("command"), {"not": _has("format")}]},
            "then": {
                "$comment": f"missingField: {_COMMAND_WORDS}",
                "properties": {
                    "command": {"contains": _KEY_MARK, "errorMessage": _sentence(_COMMAND_WORDS), "doNotSuggest": True},
                },
            },
        },
    ],
    "Secrets": [
        {
            "$comment": f"contradiction: {_NAMES_WORDS}",
            "properties": {
                "sources": {
                    "propertyNames": {
                        "pattern": "^(?!(env|file)$)",
                        "patternErrorMessage": _sentence(_NAMES_WORDS),
                        "doNotSuggest": True,
                    },
                    "doNotSuggest": True,
                },
            },
        },
    ],
    "Grant": _exactly_one("needs exactly one of servers and route", "servers", "route"),
    "GuardException": [
        *_exactly_one("needs exactly one of delete, verification and scope", *_GUARDS),
        {"if": _has("verification"), "then": _needs("contradiction", _DEPTH_WORDS, "depth")},
        {"if": _has("depth"), "then": _needs("contradiction", _DEPTH_WORDS, "verification")},
    ],
}
"""Rules by the name of the definition that they are added to."""
