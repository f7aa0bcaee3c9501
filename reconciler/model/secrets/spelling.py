"""How a secret's reference is spelt: the one normal form of a key that is a path.

A key that is a path has one *normal form*, and nothing else is taken: no step is empty, ``.`` or ``..``, and no slash
stands at its end. Secrets are allowed, granted and recognised by how their references read, so one secret must not be
written in two ways. That a path reads normal does not say where it leads: see ``secrets.files`` for links.
"""

from __future__ import annotations

import re

NORMAL = r"(?!.*//)(?!(?:.*/)?\.\.?(?:/|$))(?!.*/$)"
"""What a key in normal form matches at its beginning."""
NORMAL_REFERENCE = r"(?!.*//)(?!(?:[^:]*:)?(?:.*/)?\.\.?(?:/|$))(?!.*/$)"
_NORMAL_KEY = re.compile(NORMAL)
_NORMAL_REFERENCE = re.compile(NORMAL_REFERENCE)


def reference_text(secret: dict[str, str]) -> str:
    """Return ``SOURCE:KEY`` for a secret as written."""
    source, key = next(iter(secret.items()))
    return f"{source}:{key}"


def is_normal_key(key: str) -> bool:
    """Tell whether a key that may be a path is in normal form."""
    return _NORMAL_KEY.match(key) is not None


def normal_key(key: str) -> str:
    """Return the normal form of a key that may be a path: what it reads without needless steps, links not followed.

    A ``..`` at its beginning stays: nobody can tell from the key alone where it leads.
    """
    steps: list[str] = []
    for step in key.split("/"):
        if step == ".." and steps and steps[-1] != "..":
            steps.pop()
        elif step not in {"", "."}:
            steps.append(step)
    return ("/" if key.startswith("/") else "") + "/".join(steps)


def normal_reference(reference: str) -> str:
    """Return ``SOURCE:KEY``, or a glob over such, with its key in normal form; references are compared in this form.

    Today's are in it already. What an earlier version has recorded may not be.
    """
    if _NORMAL_REFERENCE.match(reference):
        return reference
    source, colon, key = reference.partition(":")
    return f"{source}:{normal_key(key)}" if colon else normal_key(reference)


def spelling_problem(reference: str) -> str | None:
    """Return why a reference or a glob over references is not taken as it is spelt, as the end of a sentence.

    None for one in normal form.
    """
    if _NORMAL_REFERENCE.match(reference):
        return None
    return not_normal(normal_reference(reference))


def not_normal(normal: str) -> str:
    """Return why a spelling is not taken whose normal form is ``normal``, as the end of a sentence."""
    if ".." in re.split("[/:]", normal) or normal.endswith(("/", ":")) or not normal:
        return (
            "is not in normal form: no step of a path is empty, '.' or '..'. Name a file outside the project folder by "
            "its absolute path"
        )
    return f"is not in normal form: no step is empty, '.' or '..', and no slash stands at the end. Write {normal}"
