"""A plan that changes nothing, as text: needed where nothing else of a plan is."""

from __future__ import annotations


def no_changes(unchanged: int) -> str:
    """Return the sentence for a plan that changes nothing, where so many accounts are recorded as they are declared.

    >>> no_changes(2)
    'No changes. All 2 accounts are recorded as they are declared.'
    """
    if unchanged == 0:
        return "No changes. No account is declared or recorded."
    if unchanged == 1:
        return "No changes. The account is recorded as it is declared."
    return f"No changes. All {unchanged} accounts are recorded as they are declared."
