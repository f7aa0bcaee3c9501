"""Lines to paste for values of the project file that stand in another form: a number for a mapping, ``10%``, ``30s``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

from reconciler.manifests.suggesting import email_lines
from reconciler.model.consumers.settings import FILE_FORMATS
from reconciler.model.text.domains import NotADomain, domain_to_ascii
from reconciler.model.verification.depths import Depth
from reconciler.yamlsource.writing import plain_or_quoted

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBER = re.compile(r"\s*([0-9]{1,5})\s*(?:%|s|sec|secs|seconds|h|hours|d|days)?\s*")
_LONGER = re.compile(r"\s*([0-9]{1,4})\s*(m|min|minutes|ms)\s*")
_SELECTOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_MAX_LISTED = 20


def lines_for(field: str, value: Any) -> list[str]:
    """Return lines for a value of a field of the project file; nothing where there is nothing to offer."""
    make = _LINES.get(field)
    return [] if make is None else make(value)


def operator_lines(value: Any) -> list[str]:
    """Return the line for the operator, whose address stands where the mapping does that holds it."""
    lines = email_lines(value)
    return [f"operator: {{{lines[0]}}}"] if lines else []


def number_line(field: str, value: Any) -> list[str]:
    """Return the line for a number with its unit behind it; a time in minutes or milliseconds is counted in seconds."""
    if not isinstance(value, str):
        return []
    if found := _LONGER.fullmatch(value):
        seconds = max(1, int(found[1]) // 1000) if found[2] == "ms" else int(found[1]) * 60
        return [f"{field}: {seconds}"] if field.endswith("Seconds") else []
    found = _NUMBER.fullmatch(value)
    return [f"{field}: {int(found[1])}"] if found else []


def _max_deletes_lines(value: Any) -> list[str]:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return [f"maxDeletes: {{count: {value}}}"]
    found = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return []
    return [f"maxDeletes: {{{'percent' if '%' in value else 'count'}: {int(found[1])}}}"]


def _secrets_lines(value: Any) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    if not texts or len(texts) > _MAX_LISTED or not all(isinstance(each, str) and ":" in each for each in texts):
        return []
    return [f"secrets: {{allow: [{', '.join(plain_or_quoted(each) for each in texts)}]}}"]


def _domains_lines(value: Any) -> list[str]:
    names = value if isinstance(value, list) else [value]
    if not names or len(names) > _MAX_LISTED or not all(isinstance(each, str) and _is_domain(each) for each in names):
        return []
    return ["domains:", *(f"  {plain_or_quoted(each)}: {{dkimSelectors: [s1]}}" for each in names)]


def domain_lines(domain: str, value: Any) -> list[str]:
    """Return the line for a domain of the project file behind which its selector stands by itself."""
    selectors = value if isinstance(value, list) else [value]
    if not selectors or not all(isinstance(each, str) and _SELECTOR.fullmatch(each) for each in selectors):
        return []
    return [f"{plain_or_quoted(domain)}: {{dkimSelectors: [{', '.join(map(plain_or_quoted, selectors))}]}}"]


def _is_domain(text: str) -> bool:
    try:
        domain_to_ascii(text)
    except NotADomain:
        return False
    return True


def _consumer_type_lines(value: Any) -> list[str]:
    """Return the lines for a form of files that stands as a consumer's type."""
    word = str(value).lower().lstrip(".")
    format_ = {"env": "dotenv", "k8s": "kubernetes"}.get(word, word)
    return ["type: files", f"format: {format_}"] if format_ in FILE_FORMATS else []


_LINES: dict[str, Callable[[Any], list[str]]] = {
    "depth": lambda value: [f"depth: {{plan: {value}}}"] if value in get_args(Depth) else [],
    "domains": _domains_lines,
    "maxDeletes": _max_deletes_lines,
    "operator": operator_lines,
    "secrets": _secrets_lines,
    "type": _consumer_type_lines,
}
