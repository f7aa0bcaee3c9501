"""A document as a model, or what is wrong with it; which model it is to be is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from reconciler.model.base import Value

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic
    from reconciler.yamlsource import YamlDocument

Model = TypeVar("Model", bound=Value)


def validated(
    document: YamlDocument, model: type[Model], schema: str, *, subject: str | None
) -> tuple[Model | None, list[Diagnostic]]:
    """Return the document as a model, or the problems that it and the schema of this file find; never both."""
    try:
        return model.model_validate(document.value, by_name=False), []
    except ValidationError as refusal:
        # Schemas are made of all models, and only what is refused is explained by them.
        from reconciler.manifests.explain import explain
        from reconciler.model.schema.schemas import SCHEMAS

        return None, explain(document, refusal, SCHEMAS[schema](), subject=subject)
