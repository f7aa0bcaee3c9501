"""JSON read piece by piece: all of it is checked, and what nobody asks for is let go at once.

Premise: the journal's texts are canonical JSON, objects of which a few members have nearly all that there is, an entry for each
account. Of these as many entries as a piece has are parsed at once by the standard library's scanner, so a text is taken for
JSON exactly where ``json.loads`` takes it. Where a piece is cut cannot matter: a cut within a string or a bracket leaves that
open, which is no JSON, and then the entries are read one by one.

JSON of another form, such as one with spaces, raises ``OtherForm``: the caller reads it as a whole.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from reconciler.model.canonical import JsonObject

_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_CLOSING = {"{": "}", "[": "]"}
_FOLLOWING = frozenset(",:]}")
_ENOUGH = 65_536
"""Of so many characters some end an entry, unless the entries are unusual."""
_MOST_LISTS = 1_000
"""Of more lists that differ hardly any would be found again."""
_MOST_MISSES = 3
"""After so many wrong cuts the entries of a member are read one by one."""


class OtherForm(ValueError):
    """A text that is no JSON, or is JSON of another form than canonical."""


def read_object(
    pieces: Iterable[str],
    *,
    only: Collection[str] | None = None,
    apart: Collection[str] = (),
    but: Mapping[str, Collection[str]] | None = None,
    known: Iterable[str] | None = None,
    ends: Mapping[str, str] | None = None,
) -> JsonObject:
    """Return the object of JSON that a text is, and not all of its members.

    ``only`` some of them, none of those ``apart``, and ``but`` those of an object under a key. A list among these last is
    compared with a text that is ``known`` to be one, and is not read again; without one it is read to see that it is JSON.
    What is left out under a key of ``ends`` is passed over unseen: up to its closing brackets and what follows them.

    Raises ``OtherForm`` where the text is anything else, which may be JSON all the same.

    >>> text = '{"a":[1,2],"b":{"c":{"d":3},"e":4}}'
    >>> read_object([text[:9], text[9:]], only={"b"}, but={"b": {"c"}})
    {'b': {'e': 4}}
    >>> read_object(['{"b":{"c":[7],"e":4}}'], but={"b": {"c"}}, known=["[7", "]"])
    {'b': {'e': 4}}
    >>> read_object(['{"a":{"b":1},"c":2}'], apart={"a"}, ends={"a": '},"c":'})
    {'c': 2}
    """
    text = _Text(pieces)
    try:
        found = _members(
            text,
            is_kept=lambda key: (only is None or key in only) and key not in apart,
            but=but or {},
            known=known,
            ends=ends or {},
            shared=_Shared(),
        )
        text.end()
    except RecursionError:
        raise OtherForm("too deep") from None
    return found


def read_list(pieces: Iterable[str]) -> Iterator[list[Any]]:
    """Yield the entries of the list of JSON that a text is, as many at once as a piece has.

    Raises ``OtherForm`` where the text is anything else, maybe after some entries.

    >>> list(read_list(['[{"a":1},{"a":2},{"a"', ':3}]']))
    [[{'a': 1}], [{'a': 2}], [{'a': 3}]]
    """
    text = _Text(pieces)
    try:
        yield from _entries(text, text.take("["))
        text.end()
    except RecursionError:
        raise OtherForm("too deep") from None


def first_member(pieces: Iterable[str], key: str) -> Any:
    """Return the first member of the object of JSON that a text is, where it has this key; nothing behind it is read.

    None where it has another, or the text is anything else.

    >>> first_member(['{"a":{"b"', ":1},"], "a"), first_member(['{"a":1}'], "b")
    ({'b': 1}, None)
    """
    text = _Text(pieces)
    try:
        text.take("{")
        return text.value()[0] if text.key() == key else None
    except (OtherForm, RecursionError):
        return None


class _Text:
    """A text of which some pieces have been read, and the place up to which it was understood."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = iter(pieces)
        self._read = ""
        self._place = 0

    def next(self) -> str:
        """Return the next character; an empty text at the end."""
        while self._place >= len(self._read):
            if not self._more():
                return ""
        return self._read[self._place]

    def take(self, expected: str) -> str:
        """Go over the next character, which must be one of those expected, and return it."""
        found = self.next()
        if not found or found not in expected:
            raise OtherForm(f"no {expected}")
        self._place += 1
        return found

    def end(self) -> None:
        """Raise ``OtherForm`` where something follows."""
        if self.next():
            raise OtherForm("something follows")

    def key(self) -> str:
        """Return the key that stands next, and go over its colon."""
        if self.next() != '"':
            raise OtherForm("no key")
        key, _ = self.value()
        self.take(":")
        return str(key)

    def value(self) -> tuple[Any, str]:
        """Return the value that stands next, and its text."""
        while True:
            try:
                value, end = _scan(self._read, self._place)
            except (ValueError, StopIteration):
                if not self._more():
                    raise OtherForm("no value") from None
                continue
            written = self._read[self._place : end]
            # A number may go on in the next piece, and is one without its fraction or exponent too.
            if self._read[end : end + 1] in _FOLLOWING or not self._more():
                self._place += len(written)
                return value, written

    def go_over(self, known: Iterable[str]) -> None:
        """Go over what stands next, which must be the text that is known."""
        for piece in known:
            compared = 0
            while compared < len(piece):
                if not self.next():
                    raise OtherForm("not what is known")
                here = min(len(piece) - compared, len(self._read) - self._place)
                if self._read[self._place : self._place + here] != piece[compared : compared + here]:
                    raise OtherForm("not what is known")
                compared, self._place = compared + here, self._place + here

    def skip(self, end: str) -> None:
        """Go over what stands next up to the closing brackets with which ``end`` begins, wherever that is found first."""
        while (found := self._read.find(end, self._place)) < 0:
            self._place = max(self._place, len(self._read) - len(end) + 1)
            if not self._more():
                raise OtherForm(f"no {end}")
        self._place = found + len(end) - len(end.lstrip("]}"))

    def several(self, opening: str, parting: str) -> tuple[Any, bool] | None:
        """Return the entries of a list or object up to the last ``parting`` that was read, and whether these are all.

        ``parting`` is the last character of an entry, a comma, and how the next one begins. None where it is not found, or
        not between entries.
        """
        cut = self._read.rfind(parting, self._place)
        if cut < 0 and len(self._read) - self._place < _ENOUGH and self._more():
            cut = self._read.rfind(parting, self._place)
        if cut < 0:
            return None
        text = f"{opening}{self._read[self._place : cut + 1]}{_CLOSING[opening]}"
        try:
            entries, end = _scan(text, 0)
        except (ValueError, StopIteration):
            return None
        if not entries:  # a comma stood before
            return None
        # Where the list or object itself ended before, what stands behind it was not looked at.
        is_all = end < len(text)
        self._place = self._place + end - 1 if is_all else cut + 2
        return entries, is_all

    def _more(self) -> bool:
        """Read at least as much again as waits to be understood; return False where there is no more."""
        rest = self._read[self._place :]
        new: list[str] = []
        missing = len(rest) + 1
        while missing > 0 and (piece := next(self._pieces, None)) is not None:
            new.append(piece)
            missing -= len(piece)
        self._read, self._place = "".join((rest, *new)), 0
        return bool(new)


def _members(
    text: _Text,
    *,
    is_kept: Callable[[str], bool],
    but: Mapping[str, Collection[str]],
    known: Iterable[str] | None,
    ends: Mapping[str, str],
    shared: _Shared,
) -> JsonObject:
    """Return the members of the object that stands next, those that are kept."""
    found: JsonObject = {}
    text.take("{")
    if text.next() == "}":
        text.take("}")
        return found
    while True:
        key = text.key()
        keeps, opening = is_kept(key), text.next()
        value: Any
        if opening == "{" and key in but:
            left_out = but[key]
            value = _members(
                text,
                is_kept=lambda inner: inner not in left_out,  # noqa: B023 - called at once
                but={},
                known=known,
                ends=ends,
                shared=shared,
            )
        elif opening in _CLOSING and key in ends and not keeps:
            text.skip(ends[key])
            value = None
        elif opening == "[" and known is not None and not (keeps or but):
            text.go_over(known)
            value = None
        elif opening in _CLOSING:
            value = _collected(text, text.take(opening), keeps=keeps, shared=shared)
        else:
            value, _ = text.value()
        if keeps:
            found[key] = value
        if text.take(",}") == "}":
            return found


def _collected(text: _Text, opening: str, *, keeps: bool, shared: _Shared) -> Any:
    """Return the object or list whose bracket was taken, empty unless it is kept."""
    members: JsonObject = {}
    items: list[Any] = []
    for entries in _entries(text, opening):
        if keeps and opening == "{":
            members.update(zip(shared.keys(entries), map(shared.value, entries.values()), strict=True))
        elif keeps:
            items += entries
    return members if opening == "{" else items


class _Shared:
    """What stands in several objects alike and is held once: the names of accounts as keys, and lists that many have."""

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}
        self._lists: dict[str, list[Any]] = {}

    def keys(self, found: Collection[str]) -> Iterable[str]:
        """Return keys, each the one that was found first."""
        return map(self._keys.setdefault, found, found)

    def value(self, value: Any) -> Any:
        """Return a value, of equal lists the one that was found first; nobody alters them."""
        if type(value) is not list:
            return value
        written = repr(value)  # 1 is no True
        return (
            self._lists.setdefault(written, value)
            if len(self._lists) < _MOST_LISTS
            else self._lists.get(written, value)
        )


def _entries(text: _Text, opening: str) -> Iterator[Any]:
    """Yield the entries of the object or list whose bracket was taken, as objects or lists of as many as were read."""
    closing = _CLOSING[opening]
    if text.next() == closing:
        text.take(closing)
        return
    parting, misses = "", 0
    while True:
        several = text.several(opening, parting) if parting and misses <= _MOST_MISSES else None
        if several is not None:
            entries, is_all = several
            yield entries
            if is_all:
                return
            continue
        misses += bool(parting)
        entry, parting = _entry(text, opening)
        yield entry
        if text.take("," + closing) == closing:
            return


def _entry(text: _Text, opening: str) -> tuple[Any, str]:
    """Return the entry that stands next, and what probably parts those like it: see ``_Text.several``."""
    if opening == "{":
        key = text.key()
        value, written = text.value()
        return {key: value}, f'{written[-1]},"'
    value, written = text.value()
    # Within an entry there may be objects in a list too, with other keys.
    beginning = written[: written.find(":") + 1] if written[0] == "{" else ""
    return [value], f"{written[-1]},{beginning or written[0]}"
