"""What is refused: with which code, at which place, and what is read all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from yaml.error import MarkedYAMLError, YAMLError

from reconciler.yamlsource import MAX_FILE_OCTETS, read_documents
from reconciler.yamlsource.syntax import limit_of

if TYPE_CHECKING:
    from collections.abc import Callable


def problems_of(text: str | bytes) -> list[tuple[str, str]]:
    """Return code and place of each problem of a file."""
    octets = text.encode() if isinstance(text, str) else text
    return [(each.code, str(each.location)) for each in read_documents(octets, file="f").problems]


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a:\n\tb: 1", "yamlSyntax", "f:2:1"),
        ("a: b: c", "yamlSyntax", "f:1:5"),
        ("a: 'x\nb: 1", "yamlSyntax", "f:1:4"),
        ("a: [1\nb: 2", "yamlSyntax", "f:1:4"),
        ("a: {x: 1", "yamlSyntax", "f:1:4"),
        ("a: 1\n- b", "yamlSyntax", "f:2:1"),
        ("- a\nb: 1", "yamlSyntax", "f:2:1"),
        ("a: @x", "yamlSyntax", "f:1:4"),
        ("a: *.example.com", "yamlSyntax", "f:1:5"),
        ("a: 'x'y", "yamlSyntax", "f:1:7"),
        ('a: "\\q"', "yamlSyntax", "f:1:5"),
        ('a: "\\x4"', "yamlSyntax", "f:1:7"),
        ("a: |x\n b", "yamlSyntax", "f:1:5"),
        ("  a: 1\nb: 2", "yamlSyntax", "f:2:1"),
        (": 1", "yamlSyntax", "f:1:1"),
        ("{: 1}", "yamlSyntax", "f:1:2"),
        ("? [a]\n: 1", "yamlSyntax", "f:1:3"),
        ("? {a: b}\n: 1", "yamlSyntax", "f:1:3"),
        ("<<: 1", "yamlSyntax", "f:1:5"),
        ("a: &x *x", "yamlSyntax", "f:1:7"),
        ("a: !!str 1", "yamlTag", "f:1:4"),
        ("!!str a: 1", "yamlTag", "f:1:1"),
        ("a: !!python/object:os.system [x]", "yamlTag", "f:1:4"),
        ("a: !unknown!y z", "yamlTag", "f:1:4"),
        ("a: !<x y", "yamlTag", "f:1:7"),
        ("%TAG !e! tag:example.com,2000:\n---\na: 1", "yamlTag", "f:1:1"),
        ("a: &x [*x]", "yamlAlias", "f:1:8"),
        ("a: *nowhere", "yamlAlias", "f:1:4"),
        ("a: &x 1\n---\nb: *x", "yamlAlias", "f:3:4"),
        ("a: 1\nb: 2\na: 3", "duplicateKey", "f:3:1"),
        ("x: &x {}\na: {<<: *x, <<: *x}", "duplicateKey", "f:2:13"),
        ("a: 1\x07\n", "controlCharacter", "f:1:5"),
        ("a: ą\u202e\n", "controlCharacter", "f:1:5"),
        ("a: \u2066\n", "controlCharacter", "f:1:4"),
        ("a: \u2028\n", "controlCharacter", "f:1:4"),
        ("a: \x85\n", "controlCharacter", "f:1:4"),
        ("a: \x7f\n", "controlCharacter", "f:1:4"),
        ("a: 1\n---\n\ufeffb: 1\n", "controlCharacter", "f:3:1"),
        ("a: 1\n---\n" * 5_000 + "b: \uffff\n", "controlCharacter", "f:10001:4"),
        ("b: \ufffe\n", "controlCharacter", "f:1:4"),
        (b"a: 1\nb: caf\xe9\n", "notUtf8", "f:2:7"),
        (b"\xff\xfea\x00", "notUtf8", "f:1:1"),
        (b"a: \xed\xa0\x80", "notUtf8", "f:1:4"),
        ("[" * 101, "yamlTooDeep", "f:1:101"),
        ("- x\n" * 10_000, "yamlTooLarge", "f:10000:3"),
        ("a: " + "x" * 65_537, "yamlTooLarge", "f:1:4"),
        ("x" * 65_537 + ": a", "yamlTooLarge", "f:1:1"),
        ('{"' + "x" * 65_537 + '": a}', "yamlTooLarge", "f:1:2"),
        (b"#" * (MAX_FILE_OCTETS + 1), "fileTooLarge", "f"),
    ],
)
def test_refused_with_code_and_place(text: str | bytes, code: str, place: str) -> None:
    """Each kind of bad YAML gives one problem with its code, at the place where the mistake is."""
    assert problems_of(text) == [(code, place)]


@pytest.mark.parametrize(
    "text", ["[" * 100 + "]" * 100, "- x\n" * 9_999, "a: " + "x" * 65_536, "a: 1 #" + "x" * (MAX_FILE_OCTETS - 6)]
)
def test_the_limits_themselves_are_allowed(text: str) -> None:
    """What is just within a limit is read."""
    assert problems_of(text) == []


_DEEP_TEXTS: dict[str, Callable[[int], str]] = {
    "lists": lambda levels: "[" * levels,
    "lists that end": lambda levels: "[" * levels + "]" * levels,
    "mappings": lambda levels: "{a: " * levels,
    "JSON": lambda levels: '{"a":' * levels + "1" + "}" * levels,
    "both in turn": lambda levels: "[{a: " * (levels // 2 + 1),
    "neighbours at every level": lambda levels: "[[],{}," * levels,
    "hyphens": lambda levels: "- " * levels + "a",
    "question marks": lambda levels: "? " * levels + "a",
    "keys in braces": lambda levels: "{? " * levels,
    "pairs in brackets": lambda levels: "[? " * levels,
    "a key": lambda levels: "[" * levels + "]" * levels + ": 1",
    "a key in its line": lambda levels: "? " + "{a: " * levels + "1" + "}" * levels + "\n: 1",
    "indentation": lambda levels: "".join(" " * level + "a:\n" for level in range(levels)),
    "brackets below indentation": lambda levels: (
        "".join(" " * level + "a:\n" for level in range(60)) + " " * 60 + "[" * levels
    ),
    "one level a line": lambda levels: "[\n" * levels,
    "anchors": lambda levels: "".join(f"&a{level} [" for level in range(levels)),
    "an alias": lambda levels: "a: &a " + "[" * 60 + "]" * 60 + "\nb: " + "[" * (levels - 60) + "*a",
    "behind a comment": lambda levels: "# a: 1\n" + "[" * levels,
    "behind values": lambda levels: "a: 1\nb:\n  c: 'x'\n  d: " + "[" * levels,
    "behind a control character": lambda levels: "a: \x07\nb: " + "[" * levels,
}


@pytest.mark.parametrize("levels", [150, 990, 1_001, 1_100, 3_000])
@pytest.mark.parametrize("way", _DEEP_TEXTS)
def test_deep_nesting_has_its_code_whoever_notices_it(way: str, levels: int) -> None:
    """The parser may refuse deep nesting before building does; the code is the same, however deep it is."""
    codes = {code for code, _ in problems_of("ok: 1\n---\n" + _DEEP_TEXTS[way](levels) + "\n---\nok: 2\n")}
    assert {"yamlTooDeep"} == codes - {"controlCharacter"}


@pytest.mark.parametrize("way", _DEEP_TEXTS)
def test_deep_nesting_takes_no_other_document_with_it(way: str) -> None:
    """The documents before and after one that is too deep are read."""
    text = "ok: 1\n---\n" + _DEEP_TEXTS[way](3_000) + "\n---\nok: 2\n"
    assert [{"ok": 1}, {"ok": 2}] == [each.value for each in read_documents(text.encode(), file="f").documents]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("exceeded maximum nesting depth", "yamlTooDeep"),
        ("Depth limit exceeded", "yamlTooDeep"),
        ("nested too deeply", "yamlTooDeep"),
        ("too many levels of flow collections", "yamlTooDeep"),
        ("recursion limit reached", "yamlTooDeep"),
        ("input is too long", "yamlTooLarge"),
        ("exceeded maximum scalar length", "yamlTooLarge"),
        ("too many aliases", "yamlTooLarge"),
        ("alias expansion limit reached", "yamlTooLarge"),
        ("did not find expected key", None),
        ("found extremely long version number", None),
        ("found unexpected end of stream", None),
    ],
)
def test_a_limit_of_the_parser_is_known_by_its_words(words: str, code: str | None) -> None:
    """Parsers word their limits differently; depth and size are told apart, and other refusals are no limits."""
    marked, unmarked = limit_of(MarkedYAMLError(problem=words)), limit_of(YAMLError(words))
    assert (code, code) == (marked and marked[0], unmarked and unmarked[0])


def test_an_alias_counts_as_what_it_expands_to() -> None:
    """Ten aliases of a list of a thousand values are too many, though they are short to write."""
    text = "a: &a [" + "x," * 1_000 + "]\nb: [" + "*a," * 9 + "]\n"
    assert problems_of(text) == [("yamlTooLarge", "f:2:29")]


def test_an_alias_is_as_deep_as_what_it_expands_to() -> None:
    """Levels are counted through aliases."""
    text = "a: &a " + "[" * 60 + "]" * 60 + "\nb: " + "[" * 50 + "*a" + "]" * 50 + "\n"
    assert problems_of(text) == [("yamlTooDeep", "f:2:54")]


def test_a_merge_bomb_is_refused() -> None:
    """Merge keys count as what they bring in."""
    levels = "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}], k{n}: 1}}\n" for n in range(1, 9))
    assert [code for code, _ in problems_of("a0: &a0 {k: 1}\n" + levels)] == ["yamlTooLarge"]


def test_the_other_documents_are_read_all_the_same() -> None:
    """A document that is refused does not take the others with it, whatever is wrong with it."""
    broken = [
        "a: 'x",
        "b: [1",
        "c: !!str x",
        "d: 1\nd: 2",
        "[" * 200,
        "- x\n" * 20_000,
        "e: \x01",
        "f: *x",
        "  g: 1\nh: 2",
    ]
    text = "\n---\n".join(f"{each}\n---\ngood: {number}" for number, each in enumerate(broken))
    file = read_documents(text.encode(), file="f")
    assert [each.value for each in file.documents] == [{"good": number} for number in range(len(broken))]
    assert [each.code for each in file.problems] == [
        "yamlSyntax",
        "yamlSyntax",
        "yamlTag",
        "duplicateKey",
        "yamlTooDeep",
        "yamlTooLarge",
        "controlCharacter",
        "yamlAlias",
        "yamlSyntax",
    ]


def test_a_control_character_is_reported_once() -> None:
    """What a control character does to the structure around it is not reported as a second problem."""
    assert problems_of("a: [\x01\n---\nb: 1\n") == [("controlCharacter", "f:1:5")]


def test_places_are_right_behind_a_refused_document() -> None:
    """Reading that began anew counts lines from the file's beginning, for every kind of line end."""
    file = read_documents(b"a: [\r\n---\r\nb: {\n---\nc: 1\nd: *x\n", file="f")
    assert [str(each.location) for each in file.problems] == ["f:2:1", "f:4:1", "f:6:4"]


def test_a_document_cut_off_by_bad_indentation_is_not_taken_for_whole() -> None:
    """The half of a document above a line that is indented less is not read as a document."""
    assert read_documents(b"  a: 1\nb: 2\n", file="f").documents == ()


def test_several_problems_of_one_document() -> None:
    """Problems that leave the structure readable are all reported at once."""
    assert problems_of("a: !x 1\nb: *y\na: 2\n") == [
        ("yamlTag", "f:1:4"),
        ("yamlAlias", "f:2:4"),
        ("duplicateKey", "f:3:1"),
    ]


def test_no_text_of_the_file_is_repeated() -> None:
    """A problem's words never repeat what stands in the file: it may be a secret."""
    secret = "hunter2secret"
    texts = [
        f"a: {secret}: b", f"a: '{secret}", f"a: [{secret}", f"a: @{secret}", f"a: !{secret} x", f"a: *{secret}",
        f"{secret}: 1\n{secret}: 2", f"a: {secret}\x07", f'a: "\\q{secret}"', f"a: '{secret}'{secret}", f"? [{secret}]\n: 1",
        f"%TAG !{secret}! x\n---\na: 1", f"- {secret}\na: 1",
    ]  # fmt: skip
    for text in texts:
        problems = read_documents(text.encode(), file="f").problems
        assert problems != ()
        assert [each.detail for each in problems if secret in each.detail or "\\q" in each.detail] == []


def test_after_a_thousand_problems_reading_stops() -> None:
    """A file with more than a thousand problems lists a thousand and says so."""
    codes = [code for code, _ in problems_of("a: 1\n" * 5_000)]
    assert len(codes) == 1_001
    assert codes.count("duplicateKey") == 1_000
    assert codes.count("tooManyProblems") == 1


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("a:\n\tb: 1", "Replace the tab by spaces"),
        ("a: b: c", "put the whole text in quotes"),
        ("a: 'x", "Close the quote"),
        ("a: [1\nb: 2", "closing bracket is missing"),
        ("a: 1\n- b", "Indent with spaces"),
        ("port 587\nb: 1", "indentation"),
        ("a: *.example.com", "unless it is quoted"),
        ("a: 'x'y", "behind a closing quote"),
        ("{{name}}: 1", "put it in quotes"),
    ],
)
def test_the_words_say_what_to_do(text: str, advice: str) -> None:
    """The common mistakes are named in words that help."""
    details = " ".join(each.detail for each in read_documents(text.encode(), file="f").problems)
    assert advice in details
