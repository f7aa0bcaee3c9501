"""Rules over several fields: of one row a model and its schema refuse the same values."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import Field, ValidationError

from reconciler.model.fieldrules import (
    Rule,
    Ruled,
    absent,
    all_of,
    exactly_one,
    excludes,
    given,
    is_one_of,
    needs,
    needs_one,
    only_one,
)

_WORDS = "needs something else"
_ROWS: dict[str, tuple[Rule, set[str]]] = {
    "needs_one": (needs_one("a_b", "c", words=_WORDS), {"", "d"}),
    "only_one": (only_one("a_b", "c", "d", words=_WORDS), {"aB c", "aB d", "c d", "aB c d"}),
    "exactly_one": (exactly_one("a_b", "c", words=_WORDS), {"", "d", "aB c", "aB c d"}),
    "needs given": (needs("c", "d", when=given("a_b"), words=_WORDS), {"aB", "aB c", "aB d"}),
    "needs absent": (needs("c", when=absent("a_b"), words=_WORDS), {"", "d"}),
    "excludes": (excludes("c", when=is_one_of("a_b", "x", "y"), words=_WORDS), {"aB c", "aB c d"}),
    "excludes another": (excludes("c", when=is_one_of("a_b", "y"), words=_WORDS), set()),
    "all_of": (excludes("c", when=all_of(given("a_b"), absent("d")), words=_WORDS), {"aB c"}),
}
"""Of each kind of row the fields that a refused value has."""


class Fields(Ruled):
    """Three fields, each of which may be null."""

    a_b: str | None = Field(None, description="One.")
    c: str | None = Field(None, description="Another.")
    d: str | None = Field(None, description="A third.")


@pytest.mark.parametrize("row", _ROWS)
@pytest.mark.parametrize("given_fields", [fields for each in product(*[("", name) for name in ("aB", "c", "d")]) if (fields := " ".join(filter(None, each))) is not None])  # fmt: skip
def test_model_and_schema_refuse_the_same(row: str, given_fields: str) -> None:
    """Whatever fields a value has, absent or null where it has not, model and schema are of one mind."""
    rule, refused = _ROWS[row]

    class Model(Fields):
        """With this row alone."""

        rules = (rule,)

    for untold in ({}, dict.fromkeys(("aB", "c", "d"))):
        document: dict[str, Any] = {**untold, **dict.fromkeys(given_fields.split(), "x")}
        schema = Draft202012Validator({"allOf": list(rule.schemas)})
        assert (given_fields not in refused) == schema.is_valid(document)
        if given_fields in refused:
            with pytest.raises(ValidationError) as caught:
                Model.model_validate(document)
            assert (rule.code, rule.words) == (caught.value.errors()[0]["type"], caught.value.errors()[0]["msg"])
        else:
            Model.model_validate(document)
