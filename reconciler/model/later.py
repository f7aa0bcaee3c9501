"""Models that are imported for the first document that holds one: most documents name few of all that they may.

A field has ``Later`` in place of the model at run time, and the model itself for mypy and whoever reads it. Values, errors
with their places, and schemas are those of the model; only its class is not made before.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Annotated, Any

from pydantic_core import core_schema

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

    from reconciler.model.base import Value


def later(module: str, name: str) -> Any:
    """Return what stands for the model of this name as the type of a field, or of the values in one."""
    return Annotated[Any, Later(module, name)]


class Later:
    """The place of a model."""

    __slots__ = ("_module", "_name")

    def __init__(self, module: str, name: str) -> None:
        """Import nothing yet."""
        self._module = module
        self._name = name

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        """Return the schema that reads a value by the model."""
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, _: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return a reference to the model's own schema, as for any model in a field."""
        model = self._model
        model.model_rebuild()
        return handler(core_schema.definitions_schema(model.__pydantic_core_schema__, []))

    @property
    def _model(self) -> type[Value]:
        model: type[Value] = getattr(importlib.import_module(self._module), self._name)
        return model

    def _read(self, value: object) -> Value:
        """Return a value of the model; what it refuses is refused at its own place within the document."""
        return self._model.model_validate(value, by_name=False)
