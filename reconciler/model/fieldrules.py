"""Rules over several fields of a model, each written once: as what refuses a value, and as what its JSON Schema says.

In a schema ``$comment`` (``code: words``) is for explaining refused documents. ``errorMessage`` is for editors: they show
it instead of a sentence about schemas. A rule that forbids a field does so by demanding that it be null, since that is
where editors then put the message.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, LiteralString, Self

from pydantic import model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from reconciler.classes import FrozenByName
from reconciler.model.base import Value

if TYPE_CHECKING:
    from collections.abc import Callable

Schema = dict[str, Any]

_NOT_NULL = ["string", "number", "boolean", "object", "array"]


class Rule(FrozenByName):
    """One rule: the code and the words of its refusal, when a value keeps it, and the schemas that say so."""

    code: LiteralString
    words: str
    holds: Callable[[Any], bool]
    schemas: tuple[Schema, ...] = ()
    """None where a schema cannot express it."""


class When(FrozenByName):
    """A condition on the other fields, for values and for schemas."""

    holds: Callable[[Any], bool]
    schema: Schema


class Ruled(Value):
    """A model with rules over several fields; of those that a value breaks, the first is told."""

    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        for rule in self.rules:
            if not rule.holds(self):
                raise PydanticCustomError(rule.code, "{rule}", {"rule": rule.words})
        return self


def given(*names: str) -> When:
    """Return the condition that all of these fields have a value other than null."""
    values = _values_of(names)
    return When(holds=lambda value: None not in values(value), schema=_has(*names))


def absent(name: str) -> When:
    """Return the condition that a field has no value."""
    return When(holds=lambda value: getattr(value, name) is None, schema={"not": _has(name)})


def is_one_of(name: str, *values: str) -> When:
    """Return the condition that a field has one of these values."""
    found: Schema = {"const": values[0]} if len(values) == 1 else {"enum": list(values)}
    schema = {"type": "object", "required": [to_camel(name)], "properties": {to_camel(name): found}}
    return When(holds=lambda value: getattr(value, name) in values, schema=schema)


def all_of(*conditions: When) -> When:
    """Return the condition that all of these hold."""
    return When(
        holds=lambda value: all(each.holds(value) for each in conditions),
        schema={"allOf": [each.schema for each in conditions]},
    )


def needs(*names: str, when: When, words: str, code: LiteralString = "missingField") -> Rule:
    """Return the rule that under a condition all of these fields have a value."""
    values = _values_of(names)
    return Rule(
        code=code,
        words=words,
        holds=lambda value: not when.holds(value) or None not in values(value),
        schemas=({"if": when.schema, "then": _needed(code, words, *names)},),
    )


def needs_one(*names: str, words: str) -> Rule:
    """Return the rule that at least one of these fields has a value."""
    code = "missingField"
    values, most_absent = _values_of(names), len(names) - 1
    return Rule(
        code=code,
        words=words,
        holds=lambda value: values(value).count(None) <= most_absent,
        schemas=(_one_needed(code, words, *names),),
    )


def only_one(*names: str, words: str) -> Rule:
    """Return the rule that at most one of these fields has a value."""
    code = "contradiction"
    values, fewest_absent = _values_of(names), len(names) - 1
    return Rule(
        code=code,
        words=words,
        holds=lambda value: values(value).count(None) >= fewest_absent,
        schemas=_exclusive(code, words, *names),
    )


def exactly_one(*names: str, words: str) -> Rule:
    """Return the rule that one of these fields has a value, and the others have none."""
    code = "contradiction"
    schemas = (_one_needed(code, words, *names), *_exclusive(code, words, *names))
    values, absent_then = _values_of(names), len(names) - 1
    return Rule(code=code, words=words, holds=lambda value: values(value).count(None) == absent_then, schemas=schemas)


def excludes(name: str, *, when: When, words: str) -> Rule:
    """Return the rule that under a condition a field has no value."""
    code = "contradiction"
    return Rule(
        code=code,
        words=words,
        holds=lambda value: getattr(value, name) is None or not when.holds(value),
        schemas=({"if": when.schema, "then": _without(code, words, name)},),
    )


def sentence(words: str) -> str:
    """Return the words of a refusal as the sentence that an editor shows beside the field."""
    return f"This {words}." if words.startswith(("needs ", "has ", "declares ", "is ")) else f"{words}."


def _values_of(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what reads these fields of a value."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple([getattr(value, name) for name in names])


def _has(*names: str, words: str = "is missing") -> Schema:
    """Return the schema of an object that has these fields with a value other than null; editors do not offer them."""
    message, keys = sentence(words), [to_camel(name) for name in names]
    found = {"type": _NOT_NULL, "doNotSuggest": True, "errorMessage": message}
    return {"required": keys, "properties": dict.fromkeys(keys, found), "errorMessage": message}


def _needed(code: str, words: str, *names: str) -> Schema:
    return {"$comment": f"{code}: {words}", **_has(*names, words=words)}


def _one_needed(code: str, words: str, *names: str) -> Schema:
    """Return the schema that one of the fields has a value: where the others have none, the last does.

    Not a choice: of a choice that holds in several ways, editors show the arms in place of what they are arms of.
    """
    *others, last = names
    return {"if": {"allOf": [{"not": _has(name)} for name in others]}, "then": _needed(code, words, last)}


def _exclusive(code: str, words: str, *names: str) -> tuple[Schema, ...]:
    """Return the schemas by which no two of the fields have a value."""
    pairs = [(first, second) for index, first in enumerate(names) for second in names[index + 1 :]]
    return tuple({"if": _has(first), "then": _without(code, words, second)} for first, second in pairs)


def _without(code: str, words: str, name: str) -> Schema:
    forbidden = {
        "$comment": f"{code}: {words}",
        "type": "null",
        "errorMessage": sentence(words),
        "doNotSuggest": True,
    }
    return {"properties": {to_camel(name): forbidden}}
