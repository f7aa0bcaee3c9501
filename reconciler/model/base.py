"""The common base of all models that are read or written.

A module whose models every command needs has no ``from __future__ import annotations``: with it each annotation is a text, which
pydantic compiles and evaluates in each process anew. What is not there yet stands in quotation marks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_none(value: object) -> bool:
    """Tell whether a field has no value, for ``exclude_if``: so it is absent from what is written."""
    return value is None


_GIVEN: dict[frozenset[str], set[str]] = {}
"""Sets of fields by what is in them. Each would take as much memory as the value itself, and there are few different ones."""
_NOTHING_MORE: dict[str, Any] = {}
"""What a value has beside its fields, where it may have something and has nothing: most have, and share this."""
_DEFAULTS: dict[type[BaseModel], dict[str, Any]] = {}
"""The fields of models whose values are made of fields that were looked at before, in their order."""


class Value(BaseModel):
    """A frozen value with camelCase keys outside and snake_case attributes inside.

    Types are strict: nothing is converted silently. Read foreign input with ``from_document``, which takes the
    camelCase keys only.
    """

    model_config = ConfigDict(
        extra="forbid",
        defer_build=True,
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        serialize_by_alias=True,
    )

    def model_post_init(self, _: Any, /) -> None:
        """Share what is the same for many values and what nobody changes: the set of the fields that were given, and nothing more."""
        given = self.__pydantic_fields_set__
        object.__setattr__(self, "__pydantic_fields_set__", _GIVEN.setdefault(frozenset(given), given))
        if self.__pydantic_extra__ is not None and not self.__pydantic_extra__:
            object.__setattr__(self, "__pydantic_extra__", _NOTHING_MORE)

    @classmethod
    def of_fields(cls, **given: Any) -> Self:
        """Return a value of fields that were looked at before, as ``model_construct`` does in five times the time.

        They are given by name, every one that has no default among them.
        """
        made = cls.__new__(cls)
        defaults = _DEFAULTS.get(cls)
        if defaults is None:
            defaults = _DEFAULTS[cls] = {name: each.default for name, each in cls.model_fields.items()}
        names = frozenset(given)
        object.__setattr__(made, "__dict__", {**defaults, **given})
        object.__setattr__(made, "__pydantic_fields_set__", _GIVEN.get(names) or _GIVEN.setdefault(names, set(names)))
        object.__setattr__(made, "__pydantic_extra__", _NOTHING_MORE if cls.model_config["extra"] == "allow" else None)
        object.__setattr__(made, "__pydantic_private__", None)
        return made

    def model_copy(self, *, update: Mapping[str, object] | None = None, deep: bool = False) -> Self:
        """Return a copy with some fields otherwise; what was derived from the old fields is derived anew.

        Pydantic copies everything that an instance holds, also what ``functools.cached_property`` has kept there.
        """
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        copied.model_post_init(None)
        return copied


SLOTTED = Value.model_config.copy()
"""The same for a frozen dataclass of pydantic with slots, which is what each account has dozens of.

It takes a tenth of a ``Value``'s memory, and half the time to be read.
"""
del SLOTTED["frozen"]  # which is the dataclass's own
SLOTTED["defer_build"] = False  # what threads make at once they would build at once, and some find half of it
