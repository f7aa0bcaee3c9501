"""Selectors: names, globs over names, or ``label:KEY=VALUE``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.characters import composed
from reconciler.diagnostics import Diagnostic, error
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.model.text.globs import is_glob, matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Selectable:
    """What a selector looks at: the names an account goes by, and its labels, before and after a change."""

    names: tuple[str, ...]
    labels: tuple[Mapping[str, str], ...]


def selects(selector: str, account: Selectable) -> bool:
    """Tell whether the selector selects the account; NFC and NFD of one value are the same."""
    if selector.startswith("label:"):
        key, _, value = selector.removeprefix("label:").partition("=")
        return any(key in labels and matches(composed(value), composed(labels[key])) for labels in account.labels)
    return any(matches(selector, name) for name in account.names)


def is_selected(account: Selectable, targets: Sequence[str], excludes: Sequence[str]) -> bool:
    """Tell whether an account is wanted: by some target, where there are any, and by no exclusion."""
    if targets and not any(selects(target, account) for target in targets):
        return False
    return not any(selects(exclude, account) for exclude in excludes)


def unmatched(selectors: Iterable[str], accounts: Sequence[Selectable]) -> tuple[Diagnostic, ...]:
    """Return an error for each selector that selects none of the accounts."""
    return tuple(
        error("selectorMatchesNothing", _explain(selector, accounts), subject=selector)
        for selector in selectors
        if not any(selects(selector, account) for account in accounts)
    )


def _explain(selector: str, accounts: Sequence[Selectable]) -> str:
    if selector.startswith("label:"):
        if "=" not in selector:
            return f"{selector} is not a label selector; write label:KEY=VALUE."
        return f"No account has the label that {selector} asks for."
    if is_glob(selector):
        return f"No account's name matches {selector}."
    known = [name for account in accounts for name in account.names]
    return f"No account is called {selector}.{did_you_mean(selector, known)}"
