"""What thousands of values have in common they hold once, and none of them notices."""

from __future__ import annotations

import subprocess
import sys

from reconciler.model.servers.server import Login
from reconciler.model.verification.evidence import Check


def test_values_that_were_given_the_same_fields_share_the_set_of_them() -> None:
    """Whether they were read, made or copied; and a copy with more has a set of its own, and leaves the first as it is."""
    read = Login.model_validate({"username": "anna", "password": "env:A"})
    made = Login(username="bert", password="env:B")
    assert read.__pydantic_fields_set__ is made.__pydantic_fields_set__
    more = read.model_copy(update={"mechanism": "plain"})
    assert {"username": "anna", "password": "env:A"} == read.to_document()
    assert {"username": "anna", "password": "env:A", "mechanism": "plain"} == more.to_document()
    assert {"username": "bert", "password": "env:B"} == made.to_document()
    again = Login(username="carl", password="env:C", mechanism="plain")
    assert more.__pydantic_fields_set__ is again.__pydantic_fields_set__


def test_values_with_nothing_beside_their_fields_share_it() -> None:
    """One that is given more, by reading or copying, has it for itself."""
    first, second = (Login.model_validate({"username": each}) for each in ("anna", "bert"))
    assert first.__pydantic_extra__ is second.__pydantic_extra__
    more = first.model_copy(update={"later": 1})
    assert {"username": "anna", "later": 1} == more.to_document()
    assert {"username": "bert"} == second.to_document()
    assert {"username": "bert"} == second.model_copy().to_document()
    assert {"username": "carl", "later": 2} == Login.model_validate({"username": "carl", "later": 2}).to_document()


def test_a_value_of_fields_that_were_looked_at_is_what_reading_gives() -> None:
    """It is equal, is written the same, in the same order, and shares what such values share."""
    read = Login.model_validate({"password": "env:A", "username": "anna"})
    made = Login.of_fields(password="env:A", username="anna")
    assert read == made
    assert list(read.to_document().items()) == list(made.to_document().items())
    assert read.model_dump_json() == made.model_dump_json()
    assert read.__pydantic_fields_set__ is made.__pydantic_fields_set__
    assert made == made.model_copy()


def test_what_each_account_has_dozens_of_has_no_dictionary() -> None:
    """It has slots."""
    made = Check(check="auth", status="passed", code="ok", message="It is so.")
    assert not hasattr(made, "__dict__")


def test_what_threads_make_is_built_before_they_do() -> None:
    """Built when first made, by several threads at once, one of them would find half of it; a check is plain."""
    program = "from reconciler.model.plan import FieldChange; print(FieldChange.__pydantic_complete__)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, encoding="utf-8")
    assert "True\n" == ran.stdout
