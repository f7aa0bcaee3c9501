"""How text may look: colour, width, and whether the output can carry more than ASCII."""

from __future__ import annotations

from typing import Any, Literal

from reconciler.classes import FrozenByName
from reconciler.render.safe import safe

Role = Literal["create", "update", "rename", "delete", "good", "bad", "warning", "note", "strong", "faint"]
ROLE_LOOKS: dict[Role, dict[str, Any]] = {
    "create": {"fg": "green"},
    "update": {"fg": "yellow"},
    "rename": {"fg": "cyan"},
    "delete": {"fg": "red"},
    "good": {"fg": "green"},
    "bad": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "note": {"fg": "cyan"},
    "strong": {"bold": True},
    "faint": {"dim": True},
}
"""The look of each role, in the words of ``click.style``."""

Symbol = Literal["create", "update", "rename", "delete", "passed", "failed", "warned", "skipped", "arrow", "rule"]
_SYMBOLS: dict[Symbol, tuple[str, str]] = {
    "create": ("+", "+"),
    "update": ("~", "~"),
    "rename": ("→", ">"),
    "delete": ("-", "-"),
    "passed": ("✓", "v"),
    "failed": ("✗", "x"),
    "warned": ("!", "!"),
    "skipped": ("○", "o"),
    "arrow": ("→", "->"),
    "rule": ("─", "-"),
}


class Style(FrozenByName):
    """What the output can show."""

    colour: bool = False
    """Whether there are colours and bold, as ANSI sequences."""
    width: int = 80
    """The columns of the output."""
    unicode: bool = True
    """Whether the output can carry any character; otherwise everything is ASCII."""
    is_terminal: bool = True
    """Whether somebody looks: then tables keep to the width. A program gets each row as one line, however long."""

    def show(self, text: object) -> str:
        r"""Return foreign text as one safe line, see ``safe``; without Unicode, what is not ASCII as ``\u017c``."""
        if type(text) is str and text.isascii() and text.isprintable() and "##" not in text:
            return text  # as ``safe`` returns it, which is left out for speed alone
        return self.fit(safe(text))

    def fit(self, text: str) -> str:
        """Return safe text in the characters that the output can carry."""
        return text if self.unicode else text.encode("ascii", "backslashreplace").decode("ascii")

    def paint(self, text: str, role: Role) -> str:
        """Return the text in the colours of its role, or as it is where there is no colour."""
        if not self.colour or not text:
            return text
        import click

        return click.style(text, **ROLE_LOOKS[role])

    def symbol(self, name: Symbol) -> str:
        """Return the symbol, in ASCII where the output has nothing else."""
        rich_symbol, plain_symbol = _SYMBOLS[name]
        return rich_symbol if self.unicode else plain_symbol
