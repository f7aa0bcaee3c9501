"""Foreign text as prose in Markdown: words stay words, and whatever could be more than a word stands in code.

The premise: GitHub and GitLab look for mentions, references, addresses, emoji and HTML outside code, and neither a
backslash nor an entity keeps them off. A word of letters alone, or a short number, is none of these, with a comma or a
full stop behind it either. So these are let through and everything else is put into code spans, neighbours into one:
what people take for prose is prose, and names, addresses and commands are code, as somebody would write it by hand.
"""

from __future__ import annotations

import re

_WORD = re.compile(
    r"(?P<open>[\"'(]?)(?P<word>[^\W\d_]+(?:['-][^\W\d_]+)*|\d{1,3}(?:,\d{3})?)(?P<close>[\"')]?[,.;:!?]?)"
)
_HEXADECIMAL = re.compile(r"[0-9a-f]{7}", re.IGNORECASE)
"""What both systems take for a commit."""
_BACKTICKS = re.compile("`+")
_QUOTED = re.compile(r"(?:(?<= )|(?<=\()|\A)`([^`]+)`(?=[ .,;:)]|\Z)")
"""What is in code already."""
_ITEM = "- "


def code(text: str) -> str:
    """Return one line of text as a code span that shows exactly this text."""
    if not text.strip():
        return '`""`' if not text else f'`"{text}"`'
    fence = "`" * (longest_run(text) + 1)
    room = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{room}{text}{room}{fence}"


def longest_run(text: str) -> int:
    """Return the length of the longest run of backticks."""
    return max(map(len, _BACKTICKS.findall(text)), default=0)


def prose(line: str) -> str:
    """Return one line of safe text, see ``safe``, as prose that speaks for nobody; an item of a list stays one.

    >>> prose("auth: mail.example.net:587 rejects anna@example.com, so nothing was sent.")
    'auth: `mail.example.net:587` rejects `anna@example.com`, so nothing was sent.'
    """
    if line.startswith(_ITEM):
        return _ITEM + prose(line.removeprefix(_ITEM))
    quoted = _QUOTED.search(line)
    if quoted is not None:
        before, after = line[: quoted.start()], line[quoted.end() :]
        rest = after.lstrip(".,;:) ")  # the punctuation of the sentence stays what it is
        begin = before.rstrip(" (")
        return f"{prose(begin)}{before[len(begin) :]}{code(quoted[1])}{after[: len(after) - len(rest)]}{prose(rest)}"
    told: list[str] = []
    spoken: list[str] = []
    for number, word in enumerate(line.split(" ")):
        if _is_plain(word, is_first=number == 0):
            told += _as_code(spoken)
            spoken = []
            told.append(word)
        else:
            spoken.append(word)
    return " ".join([*told, *_as_code(spoken)])


def _is_plain(word: str, *, is_first: bool) -> bool:
    """Tell whether a word is one and nothing else; a number at the start of a line would begin a list."""
    found = _WORD.fullmatch(word)
    if found is None or _HEXADECIMAL.search(word):
        return False
    return not (is_first and found["word"][0].isdigit())


def _as_code(words: list[str]) -> list[str]:
    """Return words as one span, with the punctuation of the sentence behind it."""
    if not any(words):
        return []
    text = " ".join(words)
    bare = text.rstrip(",;") if text[-1] in ",;" else text.removesuffix(".") if text[-1] == "." else text
    bare = bare or text
    return [code(bare) + text[len(bare) :]]
