"""A model that is imported for the first document which holds one reads as the model itself does."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from pydantic import Field, ValidationError

from reconciler.model.base import Value
from reconciler.model.consumers.settings import SecretStore
from reconciler.model.later import later

if TYPE_CHECKING:
    Store = SecretStore
else:
    Store = later("reconciler.model.consumers.settings", "SecretStore")


class Holder(Value):
    """A model with stores."""

    stores: dict[str, Store] = Field({}, description="Stores by name.")


class PlainHolder(Value):
    """The same, with the model itself."""

    stores: dict[str, SecretStore] = Field({}, description="Stores by name.")


def test_a_value_is_the_models() -> None:
    """What a document holds becomes a value of the model, and a value of the model stays what it is."""
    store = SecretStore(name="vault")
    assert store == Holder.model_validate({"stores": {"a": {"name": "vault"}}}).stores["a"]
    assert store is Holder(stores={"a": store}).stores["a"]


@pytest.mark.parametrize(
    "written", [{"name": "A"}, {"name": "a", "sort": 1}, {}, {"name": "a", "kind": 5}, "text", None]
)
def test_what_the_model_refuses_is_refused_at_its_place(written: object) -> None:
    """Each problem has the type, the words and the place within the whole document that it has without the detour."""
    told = []
    for model in (Holder, PlainHolder):
        with pytest.raises(ValidationError) as refusal:
            model.model_validate({"stores": {"a": written}})
        told.append(refusal.value.errors(include_url=False))
    assert told[0] == told[1]


def test_the_schema_is_the_models() -> None:
    """A schema refers to the model's own, as it does where a field has the model itself."""
    schemas = [model.model_json_schema() for model in (Holder, PlainHolder)]
    assert schemas[0]["properties"] == schemas[1]["properties"]
    assert schemas[0]["$defs"] == schemas[1]["$defs"]


def test_it_is_imported_for_the_first_document_that_holds_one() -> None:
    """A project file without consumers, grants and sources needs none of their models."""
    code = (
        "import sys\n"
        "from reconciler.model.project import Project\n"
        "head = {'apiVersion': 'reconciler/v1', 'kind': 'Project', 'metadata': {'name': 'mail'}}\n"
        "models = {'reconciler.model.granted', 'reconciler.model.secrets.sources', 'reconciler.model.consumers.settings'}\n"
        "Project.model_validate(head)\n"
        "print(len(models & sys.modules.keys()))\n"
        "Project.model_validate({**head, 'secrets': {'grants': [{'secret': 'env:A', 'servers': ['a.example.com']}]}})\n"
        "print('reconciler.model.granted' in sys.modules)\n"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.split() == ["0", "True"]
