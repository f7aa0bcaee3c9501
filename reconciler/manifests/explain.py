"""Why a document was refused, in our words, with the place of each problem.

The models decide, and their errors come first; the published schema, read by jsonschema, adds the rules over several
fields that the models did not come to because a field was wrong already. Neither library's message is shown: both
repeat the values they refuse, and a value can be a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import CODES, Diagnostic, error
from reconciler.manifests.unknown import explain_unknown
from reconciler.manifests.wording import explain_missing, explain_refused, shown_path
from reconciler.model.secrets.values import SECRET_FIELDS
from reconciler.yamlsource import MAX_PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jsonschema import ValidationError as SchemaError
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from reconciler.yamlsource import YamlDocument

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """One refusal of the models: its type, the path in the document, and the value found there."""

    type: str
    path: Path
    value: Any
    message: str
    context: dict[str, Any]

    @property
    def field(self) -> str:
        """The path as it is shown: ``spec.smtp.port``. Below a secret's field, keys are not shown: they may be it."""
        path = self.path
        secret = next((index for index, step in enumerate(path) if step in SECRET_FIELDS), len(path))
        shown = path[: secret + 1] + tuple(step for step in path[secret + 1 :] if step in {"env", "file"})
        return shown_path(shown)

    @property
    def is_secret(self) -> bool:
        """True where the value must not be shown."""
        return not SECRET_FIELDS.isdisjoint(self.path)


def explain(
    document: YamlDocument, refusal: ValidationError, schema: dict[str, Any], *, subject: str | None
) -> list[Diagnostic]:
    """Return one problem for each place, by place."""
    found = refusal.errors(include_url=False)
    refused = _distinct(_refused(each, document.value) for each in found)[: MAX_PROBLEMS + 1]
    problems = [_diagnose(each, document, schema, subject) for each in refused]
    covered = {each.path for each in refused}
    problems.extend(_rule_problems(document, schema, covered, subject))
    return sorted(problems, key=lambda problem: (problem.location or document.location, problem.code))


def _refused(found: ErrorDetails, value: Any) -> Refused:
    path = _real_path(found["loc"], value, is_missing=found["type"] == "missing")
    return Refused(found["type"], path, found["input"], found["msg"], dict(found.get("ctx", {})))


def _real_path(steps: Sequence[str | int], value: Any, *, is_missing: bool) -> Path:
    """Return the path without the steps that only the models know, such as the arms of a union."""
    path: list[str | int] = []
    for position, step in enumerate(steps):
        is_inside = (isinstance(value, dict) and step in value) or (
            isinstance(value, list) and isinstance(step, int) and step < len(value)
        )
        if is_inside:
            value = value[step]
            path.append(step)
        elif is_missing and position == len(steps) - 1:
            path.append(step)
    return tuple(path)


def _distinct(refused: Iterable[Refused]) -> list[Refused]:
    """Return the first refusal of each place, without those that the arms of a union have added.

    All arms complain of the same value: the one that it was meant for says what is wrong inside, and the others that
    it is no text.
    """
    first: dict[Path, Refused] = {}
    for each in refused:
        first.setdefault(each.path, each)
    parents = {path[:length] for path in first for length in range(len(path))}
    return [each for each in first.values() if each.type != "string_type" or each.path not in parents]


def _diagnose(each: Refused, document: YamlDocument, schema: dict[str, Any], subject: str | None) -> Diagnostic:
    if each.type == "extra_forbidden":
        code, detail = explain_unknown(each.path, document.value, schema)
        return error(code, detail, subject=subject, location=document.key_at(each.path))
    if each.type == "missing":
        detail = explain_missing(each.path)
        return error("missingField", detail, subject=subject, location=document.key_at(each.path[:-1]))
    if each.type == "literalSecret":
        return error("literalSecret", _literal(each, subject), subject=subject, location=document.value_at(each.path))
    if each.type in CODES:
        end = "" if each.message.endswith("?") else "."
        detail = f"{each.field or 'The document'} {each.message.rstrip('.')}{end}"
        return error(each.type, detail, subject=subject, location=document.value_at(each.path))
    code, detail = explain_refused(each.type, each.field, each.value, each.context, is_secret=each.is_secret)
    return error(code, detail, subject=subject, location=document.value_at(each.path))


def _literal(each: Refused, subject: str | None) -> str:
    field = each.path[-1] if each.path else "password"
    words = "".join(
        letter if letter.isalnum() and letter.isascii() else "_" for letter in (subject or "account").upper()
    )
    words = words.strip("_") or "ACCOUNT"
    suffix = {"password": "PASSWORD", "accessToken": "TOKEN"}.get(str(field), "SECRET")
    return (
        f"{each.field} takes a reference to a secret, never the secret itself. Write\n"
        f"    {field}: {{env: SMTP_{words}_{suffix}}}\n"
        "and set that variable where the command runs. If a real secret was committed, change it: it stays in git's "
        "history."
    )


def _rule_problems(
    document: YamlDocument, schema: dict[str, Any], covered: set[Path], subject: str | None
) -> list[Diagnostic]:
    """Return the broken rules over several fields that the schema knows and the models did not come to."""
    from jsonschema import Draft202012Validator

    problems = []
    for path, rule in _broken_rules(Draft202012Validator(schema).iter_errors(document.value)):
        if path in covered:
            continue
        covered.add(path)
        code, _, what = rule.partition(": ")
        detail = f"{shown_path(path) or 'The document'} {what}."
        problems.append(error(code, detail, subject=subject, location=document.key_at(path)))
    return problems


def _broken_rules(errors: Iterable[SchemaError]) -> Iterator[tuple[Path, str]]:
    """Yield path and ``$comment`` (``code: words``) of each rule that is broken, inside optional parts too."""
    for found in errors:
        broken = found.schema if isinstance(found.schema, dict) else {}
        comment = broken.get("$comment")
        if isinstance(comment, str):
            path = tuple(found.absolute_path)
            # A field that is forbidden beside another must be null; its rule speaks of the mapping that holds both.
            yield path[:-1] if broken.get("type") == "null" else path, comment
        else:
            yield from _broken_rules(found.context)
