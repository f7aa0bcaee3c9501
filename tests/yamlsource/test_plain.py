"""What is read line by line is what the parser gives, places too; what it is not sure of is left to the parser."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.generate_accounts import write_project
from reconciler.characters import REFUSED_IN_FILES
from reconciler.yamlsource import LocatedMapping, LocatedSequence, YamlDocument
from reconciler.yamlsource.parsing import _Reading
from reconciler.yamlsource.plain import _UNUSUAL, plain_documents

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic

ROOT = Path(__file__).parents[2]
INDENTS = st.sampled_from(["", "", "", " ", "  ", "  ", "  ", "    ", "    ", "      "])
KEYS = st.sampled_from(
    ["a", "b", "key", "a.b", "1", "true", "a-b", "<<", '"q"', "a b", "ż", "-", "?", "{a", "x" * 30, ""]
)
TEXTS = st.sampled_from([
    "text", "587", "-5", "0755", "true", "no", "~", "null", "1e3", ".5", "12:30:45", "a:b", "a: b", "a:", "a #b", "a#b",
    "#b", "a  b", "a ", " a", "https://example.com/x?y=1#z", "a, b", "[a, b]", "[", "a]", "{a: b}", "{a: b, c: 5}", "{}",
    "{ }", "{a: }", "{a: b,}", "{a: b, a: c}", "{a: {b: c}}", "{a b}", "{a: 'b'}", '{a: "b"}', "{env: A_B}", "{a: b: c}",
    "{a: b #c}", "{a: -b}", "{a: b -c}", "{a: b - c}", "{<<: b}", "}", "'q'", "'it''s'", '"q"', '"a\\nb"', '"a', "'a",
    '"a" b', "'a'#b", "'' ", '""', "|", ">", "|-", "&a b", "*a", "!t a", "%a", "@a", "`a`", "- a", "-", "-a", "? a", "?a",
    ":a", "żółw", "привет", "日本", "a\u00a0b", "\u00adb", "a\tb", "a\u2028b", "\ufeffa", "a\x85b", "a\x07b", "x" * 1_100,
    "---", "...", "--- a", "a 'b'", 'a "b"', "a*", "a&b", "a!b", "a|b", "a%", "\\", "$a", "(a)", "<a>", "=", "+1", "_",
    "2026-11-30", "0x1f", "1_000", "sales@example.com", "{name}", "{{name}}", "x{name}", "",
])  # fmt: skip
COMMENTS = st.sampled_from(["", "", "", " # c", "  #", "# c", " #c: d", "\t# c", " "])
FIELDS = st.builds(
    "{}{}:{}{}{}".format, INDENTS, KEYS, st.sampled_from([" ", " ", " ", "  ", "", "\t"]), TEXTS, COMMENTS
)
OPENINGS = st.builds("{}{}:{}".format, INDENTS, KEYS, COMMENTS)
ENTRIES = st.builds("{}-{}{}{}".format, INDENTS, st.sampled_from([" ", " ", "  ", ""]), TEXTS, COMMENTS)
OTHERS = st.sampled_from([
    "", "", "  ", "# comment", "   # comment", "---", "--- ", "--- # c", "---a", "...", "%YAML 1.1", "- ", "<<<<<<< a",
    "=======", ">>>>>>> b", "text", "  text", "'", '"', "}", "]", "%TAG ! a",
])  # fmt: skip
ANY_LINES = st.one_of(FIELDS, OPENINGS, ENTRIES, OTHERS)
USUAL_TEXTS = st.sampled_from([
    "text", "587", "true", "~", "0755", "a:b", "a#b", "a  b", "https://example.com/x?y=1#z", "{a: b, c: 5}", "{}", "{env: A_B}",
    "{a: 'b c', d: \"e\"}", "'q # r'", '"q: r"', "''", "żółw", "a 'b'", "sales@example.com", "x{name}", ".5", "a, [b]",
])  # fmt: skip
USUAL_COMMENTS = st.sampled_from(["", "", "", " # c", "  ", "  #c: {d}"])


@st.composite
def files(draw: st.DrawFn) -> str:
    """Return documents as people write them, with a few lines of any kind among theirs."""
    lines: list[str] = []

    def put(indent: int, level: int) -> None:
        for key in draw(st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1, max_size=4)):
            begun = f"{' ' * indent}{key}:"
            kind = draw(st.sampled_from(["text", "text", "text", "list", *(["mapping"] * (level < 3))]))
            if kind == "text":
                lines.append(f"{begun} {draw(USUAL_TEXTS)}{draw(USUAL_COMMENTS)}")
                continue
            lines.append(f"{begun}{draw(USUAL_COMMENTS)}")
            if kind == "mapping":
                put(indent + draw(st.integers(1, 3)), level + 1)
                continue
            column = " " * (indent + draw(st.integers(0, 2)))
            entries = draw(st.lists(USUAL_TEXTS.filter(lambda text: text[0] != "{"), min_size=1, max_size=3))
            lines.extend(f"{column}- {entry}{draw(USUAL_COMMENTS)}" for entry in entries)

    for number in range(draw(st.integers(1, 2))):
        if number or draw(st.booleans()):
            lines.append("---")
        put(0, 0)
    for line in draw(st.lists(ANY_LINES, max_size=2)):
        lines.insert(draw(st.integers(0, len(lines))), line)
    return "\n".join(lines) + draw(st.sampled_from(["", "\n"]))


ACCOUNT = "kind: OwnAccount\nmetadata:\n  name: a\nspec:\n  smtp:\n    authentication: {username: u}\n  tags:\n  - x\n"


def parsed(octets: bytes) -> tuple[list[YamlDocument], list[Diagnostic]]:
    """Return what the parser gives for a file, and its problems."""
    problems: list[Diagnostic] = []
    return [*_Reading(octets, octets.decode(), "a.yaml", problems).run()], problems


def laid_out(value: object) -> object:
    """Return a value with its types and the places of its parts."""
    if isinstance(value, LocatedMapping):
        return ["mapping", value.places, [(key, laid_out(each)) for key, each in value.items()]]
    if isinstance(value, LocatedSequence):
        return ["list", value.places, [laid_out(each) for each in value]]
    return type(value), value


def told(document: YamlDocument) -> object:
    """Return all that is known of a document."""
    return document.file, document.place, document.first_line, document.weight, laid_out(document.value)


def require_alike(octets: bytes) -> bool:
    """Require that a file read as plain is what the parser gives; return whether it was read so."""
    found = plain_documents(octets, octets.decode(), file="a.yaml")
    if found is None:
        return False
    documents, problems = parsed(octets)
    assert not problems
    assert [*map(told, documents)] == [*map(told, found)]
    return True


@settings(max_examples=500)
@given(files())
@example("a:\n- x\n- y\nb: 1\n")
@example("a: text\n  goes on\n")
@example("a: text\n\n# c\n  - b\n")
@example("a:\n  - x\n  goes: on\n")
@example("a:\n\n  b: 1\n # c\n  c: 2\n")
@example("# c\n---\na: 1\n---\n# c\nb: 2\n")
@example("a: 1\n---\n")
def test_what_is_read_as_plain_is_what_the_parser_gives(text: str) -> None:
    """Or it is left to the parser: whatever stands there, in values, types, places, and what they weigh."""
    require_alike(text.encode())


@settings(max_examples=300)
@given(st.lists(st.sampled_from(ACCOUNT), max_size=3).map("".join), st.integers(0, len(ACCOUNT)), st.integers(0, 9))
def test_a_manifest_with_characters_put_in_or_taken_out_is_read_the_same(put: str, at: int, gone: int) -> None:
    """Also where that makes another structure of it, or none."""
    require_alike((ACCOUNT[:at] + put + ACCOUNT[at + gone :]).encode())


def test_each_file_of_this_project_is_read_the_same() -> None:
    """Manifests, project files, pipelines and what else there is; many of them are as plain as that."""
    folders = [each for each in ROOT.iterdir() if each.is_dir() and not each.name.startswith(".venv")]
    files = [path for folder in folders for path in folder.rglob("*.y*ml") if "node_modules" not in path.parts]
    assert sum(require_alike(path.read_bytes()) for path in files) > 20


def test_generated_manifests_are_read_as_plain(tmp_path: Path) -> None:
    """They are as most people write them: what is measured with them is what people have."""
    write_project(tmp_path / "one", 30, accounts_per_file=1)
    write_project(tmp_path / "many", 30, accounts_per_file=10)
    files = [*tmp_path.rglob("*.yaml")]
    assert len(files) == 30 + 3 + 4
    assert all(require_alike(path.read_bytes()) for path in files)


def test_no_character_that_is_refused_is_usual() -> None:
    """None ends a line, is hidden, or changes the direction of text."""
    usual = [chr(each) for each in range(0x11_0000) if not _UNUSUAL.match(chr(each))]
    assert not [each for each in usual if REFUSED_IN_FILES.match(each)]
    assert {"\n", " "} == {each for each in usual if unicodedata.category(each)[0] in "CZ" and each.isascii()}
    assert {"Cn"} >= {unicodedata.category(each) for each in usual if unicodedata.category(each)[0] in "CZ"} - {
        "Cc",
        "Zs",
    }


@pytest.mark.parametrize(
    ("text", "is_plain"),
    [
        ("".join(f"k{number}: 1\n" for number in range(3_000)), True),
        ("".join(f"k{number}: 1\n" for number in range(12_000)), False),
        ("".join(f"{'  ' * level}a:\n" for level in range(40)) + "  " * 40 + "a: 1\n", True),
        ("".join(f"{' ' * level}a:\n" for level in range(60)) + " " * 60 + "a: 1\n", False),
        (f"{'a' * 990}: 1\n", True),
        (f"{'a' * 1_024}: 1\n", False),
        ("", False),
        ("# nothing\n", False),
    ],
)
def test_what_may_be_beyond_a_limit_is_left_to_the_parser(text: str, *, is_plain: bool) -> None:
    """The parser's, and those of reading."""
    assert is_plain == require_alike(text.encode())
