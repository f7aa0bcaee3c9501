"""Why a document was refused, in our words, with the place of each problem.

The models decide, and their errors come first; the published schema, read by jsonschema, adds the rules over several
fields that the models did not come to because a field was wrong already. Neither library's message is shown: both
repeat the values they refuse, and a value can be a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.classes import dataclass
from reconciler.diagnostics import CODES, Diagnostic, error
from reconciler.manifests.overlaid import OverlaidDocument
from reconciler.manifests.projectlines import domain_lines, lines_for, number_line
from reconciler.manifests.suggesting import (
    email_lines,
    encryption_lines,
    endpoint_lines,
    helo_lines,
    is_no_login,
    is_variable,
    login_lines,
    metadata_lines,
    name_lines,
    of_the_platform,
    port_lines,
    proxy_fields,
    proxy_lines,
    referred_secret,
    reply_lines,
    secret_variable_in,
    smtp_lines,
    variable_in,
    variable_stem,
)
from reconciler.manifests.unknown import explain_unknown
from reconciler.manifests.wording import explain_missing, explain_refused, shown_path
from reconciler.model.secrets.values import SECRET_PLACES, is_secret
from reconciler.yamlsource import MAX_PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from jsonschema import ValidationError as SchemaError
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from reconciler.yamlsource import YamlDocument

Path = tuple[str | int, ...]


_OF_ANOTHER_ARM = frozenset(
    {"string_type", "model_type", "model_attributes_type", "dict_type", "tuple_type", "list_type"}
)
"""What an arm of a union says of a value that was meant for another one."""


_SECRET_WORDS = frozenset(field for _, field in SECRET_PLACES) - {"key", "clientCertificate"}
"""The names that mean a secret wherever they stand, so that one in the wrong place is not shown either."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One refusal of the models: its type, its path in the document, and the value there."""

    type: str
    path: Path
    value: Any
    message: str
    context: dict[str, object]

    @property
    def field(self) -> str:
        """The path as problems show it: ``spec.smtp.port``; keys inside a secret's field may be it and are left out."""
        path, secret = self.path, self.secret
        if secret is None:
            return shown_path(path)
        shown = path[: secret + 1] + tuple(step for step in path[secret + 1 :] if step in {"env", "file"})
        return shown_path(shown)

    @property
    def is_secret(self) -> bool:
        """Whether the value must not be shown."""
        return self.secret is not None or self.path[-1:] == ("clientCertificate",)

    @property
    def secret(self) -> int | None:
        """Where in the path a secret stands, in its own place or in another one; None where none does."""
        steps = enumerate(self.path)
        return next((at for at, step in steps if step in _SECRET_WORDS or is_secret(self.path[: at + 1])), None)


def explain(
    document: YamlDocument, refusal: ValidationError, schema: dict[str, object], *, subject: str | None
) -> list[Diagnostic]:
    """Return the problems of a refused document, one for each place, by place."""
    from jsonschema import Draft202012Validator

    found = refusal.errors(include_url=False)
    refused = _distinct(_refused(each, document.value) for each in found)[: MAX_PROBLEMS + 1]
    problems = [_diagnose(each, document, schema, subject) for each in refused]
    covered = {each.path for each in refused}
    # Rules over several fields that are broken, and that the models did not come to.
    for path, rule in _broken_rules(Draft202012Validator(schema).iter_errors(document.value)):
        if path in covered:
            continue
        covered.add(path)
        code, _, what = rule.partition(": ")
        detail = f"{shown_path(path) or 'The document'} {what}."
        problems.append(error(code, detail, subject=subject, location=document.key_at(path)))
    return sorted(problems, key=lambda problem: (problem.location or document.location, problem.code))


def _refused(found: ErrorDetails, value: Any) -> Refused:
    path = _real_path(found["loc"], value, is_missing=found["type"] == "missing")
    return Refused(found["type"], path, found["input"], found["msg"], dict(found.get("ctx", {})))


def _real_path(steps: Sequence[str | int], value: Any, *, is_missing: bool) -> Path:
    """Return the path without the steps that exist in the models only, such as the arms of a union."""
    path: list[str | int] = []
    for position, step in enumerate(steps):
        is_inside = (isinstance(value, dict) and step in value) or (
            isinstance(value, list) and isinstance(step, int) and step < len(value)
        )
        if is_inside:
            value = value[step]
            path.append(step)
        elif is_missing and position == len(steps) - 1:  # the field itself, which the document lacks
            path.append(step)
    return tuple(path)


def _distinct(refused: Iterable[Refused]) -> list[Refused]:
    """Return the first refusal of each place, without those that only the arms of a union have added.

    Every arm complains of the same value: the arm it was meant for says what is wrong inside or with it, and the others
    say that it is no text, no mapping or no list.
    """
    first: dict[Path, Refused] = {}
    for refusal in refused:
        known = first.setdefault(refusal.path, refusal)
        if known.type in _OF_ANOTHER_ARM and refusal.type not in _OF_ANOTHER_ARM:
            first[refusal.path] = refusal
    parents = {path[:length] for path in first for length in range(len(path))}
    implied = _OF_ANOTHER_ARM | {"too_short"}  # a list is told to be too short by the entries that are refused
    return [refusal for refusal in first.values() if refusal.type not in implied or refusal.path not in parents]


def _diagnose(each: Refused, document: YamlDocument, schema: dict[str, object], subject: str | None) -> Diagnostic:
    overlaid = _by_overlay(each, document, subject) if isinstance(document, OverlaidDocument) else None
    if overlaid is not None:
        return overlaid
    if each.type == "extra_forbidden":
        code, detail = explain_unknown(each.path, document.value, schema)
        return error(code, detail, subject=subject, location=document.key_at(each.path))
    if each.type == "missing":
        detail = explain_missing(each.path, kind=str(document.value.get("kind")))
        return error("missingField", detail, subject=subject, location=document.key_at(each.path[:-1]))
    if each.type == "literalSecret":
        return error("literalSecret", _literal(each, subject), subject=subject, location=document.value_at(each.path))
    if each.type in CODES:
        end = "" if each.message.endswith("?") else "."
        detail = f"{each.field or 'The document'} {each.message.rstrip('.')}{end}{_lines_instead(each, subject)}"
        return error(each.type, detail, subject=subject, location=document.value_at(each.path))
    code, detail = explain_refused(each.type, each.field, each.value, each.context, is_secret=each.is_secret)
    if "\n" not in detail:
        detail += _lines_instead(each, subject)
    return error(code, detail, subject=subject, location=document.value_at(each.path))


def _by_overlay(each: Refused, document: OverlaidDocument, subject: str | None) -> Diagnostic | None:
    """Return what an overlay did wrong to a manifest that is right without it; None where it is not to blame."""
    taken = document.taken_away_at(each.path) if each.type == "missing" else None
    if taken is not None:
        what = f"The overlay takes {shown_path(each.path)} away, which cannot be left out."
        return error("missingField", f"{what} Remove the null, or write a value.", subject=subject, location=taken)
    added = document.added_at(each.path) if each.type == "contradiction" and each.is_secret else None
    below: object = document.base
    for step in each.path:
        below = below.get(step) if isinstance(below, dict) else None
    if added is None or not isinstance(below, dict):
        return None
    away = ", ".join(f"{source}: null" for source in below)
    detail = (
        f"{each.field} {each.message}. An overlay adds to what the manifest has; to replace its source, take that away. "
        f"Write\n    {each.path[-1]}: {{{away}, SOURCE: KEY}}"
    )
    return error("contradiction", detail, subject=subject, location=added)


_INSTEAD: dict[str, Callable[[str], list[str]]] = {
    "metadata": metadata_lines,
    "host": endpoint_lines,
    "heloName": helo_lines,
    "name": name_lines,
    "previousName": name_lines,
    "server": name_lines,
    "smtp": smtp_lines,
    "proxy": proxy_lines,
    "encryption": encryption_lines,
    "port": port_lines,
}
"""What gives lines to paste for a text that a field does not take, by the field."""


def _lines_instead(each: Refused, subject: str | None) -> str:
    """Return lines to paste for a value as other tools have it; nothing where there is nothing to offer."""
    if each.is_secret:
        return _reference_instead(each, subject)
    if each.path[-1:] == ("authentication",) and is_no_login(each.value):
        return " A server that wants no login has no authentication; remove the line."
    if each.path[-1:] == ("proxy",) and is_no_login(each.value):
        return " Without a proxy nothing is written; remove the line."
    lines = _lines_of_field(each)
    if lines and f"\n    {lines[0]}" not in each.message:
        written = "".join(f"\n    {line}" for line in lines)
        written = written.replace("SMTP_{name}_", f"SMTP_{_stem(each, subject)}_")
        return f" Write{of_the_platform(written) if 'platform' in each.path else written}"
    if variable_in(each.value) is not None:
        return " Variables are filled in for secrets alone, by reference. Write the value itself."
    return ""


def _lines_of_field(each: Refused) -> list[str]:
    if each.path[:2] == ("spec", "replyTo"):
        lines = reply_lines(each.value)
        is_entry = any(isinstance(step, int) for step in each.path)
        return [line.replace("replyTo: ", "  - ", 1) for line in lines] if is_entry else lines
    field = str(each.path[-1]) if each.path else ""
    if field == "email":
        lines = email_lines(each.value)
        return lines[:1] if each.path[0] == "operator" else lines  # which has an address alone
    if field == "authentication":
        return login_lines(each.value)
    if each.path[-2:] == ("proxy", "host") and isinstance(each.value, str):
        return proxy_fields(each.value)
    suggest = _INSTEAD.get(field)
    lines = suggest(each.value) if suggest is not None and isinstance(each.value, str) else []
    return lines or (_lines_of_project(each, field) if each.path[:1] != ("spec",) else [])


def _lines_of_project(each: Refused, field: str) -> list[str]:
    """Return lines for a field of the project file's own."""
    if each.type == "int_type":
        return number_line(field, each.value)
    is_domain = each.path[:1] == ("domains",) and len(each.path) == len(("domains", "example.com"))
    return domain_lines(field, each.value) if is_domain else lines_for(field, each.value)


def _reference_instead(each: Refused, subject: str | None) -> str:
    """Return the line with a reference, for a secret that stands as another tool would refer to it."""
    if each.secret is None:
        return ""
    field = str(each.path[each.secret])
    keys = list(each.value.values()) if isinstance(each.value, dict) else [each.value]
    variable = (secret_variable_in(keys[0]) or _marked_variable(keys[0])) if len(keys) == 1 else None
    if variable is not None and each.type in {"invalidValue", "unknownPlaceholder"}:
        return f" A variable is named without any sign around it. Write\n    {field}: {{env: {variable}}}"
    if each.type == "unknownSecretSource" and len(keys) == 1 and is_variable(keys[0]):
        return f" Sources are written in small letters. Write\n    {field}: {{env: {keys[0]}}}"
    if each.type not in {"string_type", "contradiction", "unknownSecretSource"}:
        return ""
    return f" A secret of a variable is written\n    {_example(each, field, subject)}"


def _marked_variable(key: Any) -> str | None:
    """Return the variable of a key like ``$SMTP_PASS``, which stands where only a variable's name can stand."""
    variable = variable_in(key)
    return variable if is_variable(variable) else None


_SUFFIXES = {"password": "PASSWORD", "accessToken": "TOKEN", "key": "KEY", "refreshToken": "REFRESH_TOKEN"}
"""How the variable of a secret ends, so that two secrets of one account have two."""


def _stem(each: Refused, subject: str | None) -> str:
    stem = "PLATFORM" if "platform" in each.path else variable_stem(subject or "account")
    return f"{stem}_PROXY" if "proxy" in each.path[:-1] else stem


def _example(each: Refused, field: str, subject: str | None) -> str:
    if field == "fingerprintKey":  # by a name that no manifest may use
        return f"{field}: {{env: RECONCILER_FINGERPRINT_KEY}}"
    return f"{field}: {{env: SMTP_{_stem(each, subject)}_{_SUFFIXES.get(field, 'SECRET')}}}"


def _literal(each: Refused, subject: str | None) -> str:
    field = str(each.path[-1]) if each.path else "password"
    variable = secret_variable_in(each.value)
    reference = f"env: {variable}" if variable is not None else referred_secret(each.value)
    if reference is not None:
        return (
            f"{each.field} takes a reference to a secret, and a text is none. Write\n"
            f"    {field}: {{{reference}}}\n"
            "and have secrets.allow in the project file name it where it does not yet."
        )
    return (
        f"{each.field} takes a reference to a secret, never the secret itself. Write\n"
        f"    {_example(each, field, subject)}\n"
        "and set that variable where the command runs. If a real secret was committed, change it: it stays in git's "
        "history."
    )


def _broken_rules(errors: Iterable[SchemaError]) -> Iterator[tuple[Path, str]]:
    """Yield path and ``$comment`` (``code: words``) of each broken rule, also of those inside optional parts."""
    for refusal in errors:
        broken = refusal.schema if isinstance(refusal.schema, dict) else {}
        comment = broken.get("$comment")
        if isinstance(comment, str):
            path = tuple(refusal.absolute_path)
            # A field that is forbidden beside another must be null; its rule speaks of the mapping that holds both.
            yield path[:-1] if broken.get("type") == "null" else path, comment
        else:
            yield from _broken_rules(refusal.context)
