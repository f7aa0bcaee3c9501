"""What may be told of a password that a server rejects: how it looks where that is a usual mistake, never what it is.

Premise: the text goes into plans, logs and comments. So each remark is one of a fixed list, says nothing of a password
that makes no such mistake, and holds no part of it; a length is told only where it is next to nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.secrets.values import SecretValue

_QUOTED = re.compile(r"""(?P<mark>["'`]).*(?P=mark)|“.*”|„.*[“”]|\u2018.*\u2019|«.*»""", re.DOTALL)
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|\$\([^)]*\)|\{\{.*?\}\}", re.DOTALL)
_IN_FOURS = re.compile(r"[A-Za-z]{4}(?:\s[A-Za-z]{4}){3}")
_CONTROL = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]|\S[\r\n]+\S|\ufeff|[\u200b-\u200f]")
"""What nobody types into a password: a tab, a line break within it, marks that do not show."""
_NEXT_TO_NOTHING = 4


def remarks_on(password: SecretValue, *, username: str | None, reference: str | None) -> tuple[str, ...]:
    """Return what is remarkable about a password, as parts of a sentence; ``reference`` is written SOURCE:KEY.

    >>> from reconciler.model.secrets.values import SecretValue
    >>> remarks_on(SecretValue("${SMTP_PASSWORD}"), username="sales", reference="env:SMTP_PASSWORD")
    ('it holds a placeholder such as ${…} that nothing has filled in',)
    >>> remarks_on(SecretValue("correct horse battery"), username="sales", reference="env:SMTP_PASSWORD")
    ()
    """
    value = password.reveal()
    bare = value.strip()
    remarks = {
        "it begins and ends with quotation marks, and they were sent as a part of it": bool(_QUOTED.fullmatch(bare)),
        "a space stands at its beginning": value[:1].isspace(),
        "a space stands at its end": value[-1:].isspace(),
        "it holds letters beyond ASCII, which were sent as UTF-8; not every server takes them": not value.isascii(),
        "it holds a tab, a line break or a mark that does not show": bool(_CONTROL.search(value)),
        "it holds a placeholder such as ${…} that nothing has filled in": bool(_PLACEHOLDER.search(value)),
        "it is the name of its own reference": bare in _names(reference),
        "it is the same as the user name": bare == username,
        "it is shorter than 4 characters": len(value) < _NEXT_TO_NOTHING,
        "it is 16 letters in groups of four, as app passwords are shown: try it without the spaces": bool(
            _IN_FOURS.fullmatch(bare)
        ),
    }
    return tuple(remark for remark, holds in remarks.items() if holds)


def _names(reference: str | None) -> frozenset[str]:
    """Return how people write the name of a reference where its value should stand."""
    if reference is None:
        return frozenset()
    key = reference.partition(":")[2]
    return frozenset({reference, key, key.rpartition("/")[2], f"${key}", f"%{key}%"}) - {""}
