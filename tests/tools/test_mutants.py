"""Which alterations of a module are tried, how they are named, and when an explanation holds."""

from __future__ import annotations

import ast
import sys
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from reconciler.rules.verification.unasked import _unasked
from tests.rules.states import NOW
from tools.mutants import remade
from tools.mutants.explained import as_toml, compare, read_explained
from tools.mutants.mutants import Identity, is_run_on_import, mutants_of, read_module
from tools.mutants.prose import exact_words
from tools.mutants.remade import Stuck, loaded
from tools.mutants.trials import forget, function_of

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES = Path(__file__).parents[2] / "reconciler" / "rules"


def altered(source: str, path: Path) -> list[str]:
    """Return what the mutants of a module of one statement, within a function, make of it."""
    path.write_text(f"def f(a, b, c):\n    {source}\n", encoding="utf-8")
    return [mutant.identity.becomes for mutant in mutants_of(read_module(path, package="package", title="module"))]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("return a < b", ["return None", "return a <= b", "return a >= b"]),
        ("return a in b", ["return None", "return a not in b"]),
        ("return a and b", ["return None", "return a or b", "return b", "return a"]),
        ("return not a", ["return None", "return a"]),
        ("return True", ["return False"]),
        ("return None", []),
        ("return a[1:]", ["return None", "return a[:]", "return a[2:]"]),
        ("return sorted(a)", ["return None", "return list(a)", "return sorted(None)"]),
        ("return a.lower()", ["return None", "return a.upper()"]),
        ("a(b=c)", ["pass", "a(b=None)", "a()"]),
        ("return a | b", ["return None", "return a & b", "return a"]),
        ("return {a, b}", ["return None", "return {b}", "return {a}"]),
        ("return a if b else c", ["return None", "return a", "return c"]),
        ("a += b", ["pass", "a = b"]),
        ("return [a for a in b if c]", ["return None", "return [a for a in b]", "return [a for a in b if False]"]),
        ("if a: pass", ["if True:", "if False:"]),
        ("a, b = c", ["a, b = None"]),
        ("assert a is not None", []),
        ("'a docstring'", []),
        ("a: Literal['x'] = b", ["a: Literal['x'] = None"]),
    ],
)
def test_what_is_altered(source: str, expected: list[str], tmp_path: Path) -> None:
    """Each place is altered by itself, and what has no effect is left alone."""
    assert expected == [
        text for text in altered(source, tmp_path / "module.py") if text != "pass" or "pass" in expected
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'code'", ["'XXcodeXX'"]),
        ("', '", ["'XX, XX'"]),
        ("'two words'", []),
        ("'set preventDelete to go on'", ["'set XX to go on'"]),
        ("'plan with --allow-deletes or so'", ["'plan with XX or so'"]),
        ("'write this:\\n    shared: true'", ["'write this:\\n    XX'"]),
        ("f'{a}.{b}'", ["f'{a}XX.XX{b}'"]),
        ("f'{a} accounts'", []),
        ("f'see secrets.allow of {a}'", ["f'see XX of {a}'"]),
    ],
)
def test_prose_is_left_alone_but_for_what_people_copy(text: str, expected: list[str], tmp_path: Path) -> None:
    """A text of several words keeps its wording; lines, flags, fields and codes in it are altered, and all other texts."""
    found = altered(f"return {text}", tmp_path / "module.py")
    assert ["return None", *(f"return {each}" for each in expected)] == found


def test_what_people_copy() -> None:
    """Lines to copy, commands in backquotes, flags, paths of fields, codes and variables, in their order."""
    text = (
        "Run `reconciler plan` with --out FILE; guards.maxDeletes and noReplyTo say why, RUNNER_TEMP where:\n    a: b c"
    )
    expected = ["`reconciler plan`", "--out", "guards.maxDeletes", "noReplyTo", "RUNNER_TEMP", "a: b c"]
    assert expected == exact_words(text)


def test_a_mutant_is_named_by_its_code(tmp_path: Path) -> None:
    """By function and code, shortened to what differs; of two that read the same the second is called so."""
    path = tmp_path / "module.py"
    path.write_text(
        "X = 'code'\n\n\nclass C:\n    def f(self, a):\n        if a:\n            return 1\n        return 1\n",
        encoding="utf-8",
    )
    identities = [mutant.identity for mutant in mutants_of(read_module(path, package="package", title="module"))]
    assert Identity("module.(module)", "X = 'code'", "X = 'XXcodeXX'") in identities
    assert [
        Identity("module.C.f", "return 1", "return 2"),
        Identity("module.C.f", "return 1", "return 2", 2),
    ] == [each for each in identities if each.becomes == "return 2"]
    path.write_text(f"def f(a):\n    return a(1, '{'x' * 200}')\n", encoding="utf-8")
    (number,) = [
        each for each in mutants_of(read_module(path, package="p", title="m")) if "a(2," in each.identity.becomes
    ]
    assert f"return a(2, '{'x' * 37}…" == number.identity.becomes


def test_a_mutant_is_planted_and_gone(tmp_path: Path) -> None:
    """Within the block the module's tree has the alteration, afterwards it is as it was."""
    path = tmp_path / "module.py"
    path.write_text("def f(a):\n    return a < 1\n", encoding="utf-8")
    module = read_module(path, package="p", title="m")
    unaltered = ast.unparse(module.tree)
    mutant = next(each for each in mutants_of(module) if each.identity.becomes == "return a <= 1")
    with mutant.planted() as tree:
        assert unaltered.replace("<", "<=") == ast.unparse(tree)
    assert unaltered == ast.unparse(module.tree)


def test_where_a_constant_is_used(tmp_path: Path) -> None:
    """A private constant runs where functions use it; one that the module itself uses runs at its import alone."""
    path = tmp_path / "module.py"
    text = "_A = 1\n_B = 2\nC = _B\n\n\ndef f():\n    return _A\n_D: Unknown = 3\ndef g():\n    return _D\n"
    path.write_text(text, encoding="utf-8")
    found = {each.identity.was: each for each in mutants_of(read_module(path, package="p", title="m"))}
    assert (True, frozenset({10})) == (found["_D: Unknown = 3"].constant is not None, found["_D: Unknown = 3"].lines)
    assert (True, frozenset({7})) == (found["_A = 1"].constant is not None, found["_A = 1"].lines)
    assert (None, None) == (found["_B = 2"].constant, found["_B = 2"].function)
    assert "f" == found["return _A"].function


def test_what_an_import_may_run(tmp_path: Path) -> None:
    """What stands in the module itself, and functions and classes that it uses there; no function beside."""
    path = tmp_path / "module.py"
    path.write_text("def f(a):\n    return a\ndef g(a):\n    return a\nTABLE = [f(1)]\n", encoding="utf-8")
    mutants = mutants_of(read_module(path, package="package", title="module"))
    assert {"module.f": True, "module.g": False, "module.(module)": True} == {
        mutant.identity.where: is_run_on_import(mutant) for mutant in mutants
    }


def test_explanations_hold_or_are_stale(tmp_path: Path) -> None:
    """A survivor without one is told, and one without a survivor, as far as its module was looked at."""
    known, gone, elsewhere, new = (Identity(where, "a", "b") for where in ("m.f", "m.g", "n.f", "m.h"))
    path = tmp_path / "explained.toml"
    path.write_text(as_toml([known, gone, elsewhere]).replace('why = ""', 'why = "x"'), encoding="utf-8")
    explained = read_explained(path)
    assert {known: "x", gone: "x", elsewhere: "x"} == explained
    found = compare([known, new], explained, where=["m"])
    assert ((new,), (gone,)) == (found.unexplained, found.stale)
    assert (gone, elsewhere) == compare([known], explained, where=[]).stale


@pytest.mark.parametrize("text", ["x'y\"z\\n", "plain", "…", "two = 'x'"])
def test_entries_can_be_pasted(text: str, tmp_path: Path) -> None:
    """What is printed of a survivor reads back as the same, whatever its code is."""
    path = tmp_path / "explained.toml"
    identity = Identity("m.f", text, f"not {text}", 2)
    path.write_text(as_toml([identity]).replace('why = ""', 'why = "x"'), encoding="utf-8")
    assert [identity] == [*read_explained(path)]


@pytest.mark.parametrize("why", ["", " "])
def test_an_explanation_explains(why: str, tmp_path: Path) -> None:
    """An entry without a reason is refused, and so is one that is there twice."""
    path = tmp_path / "explained.toml"
    entry = as_toml([Identity("m.f", "a", "b")])
    path.write_text(entry.replace('why = ""', f'why = "{why}"'), encoding="utf-8")
    with pytest.raises(ValueError, match="has no reason"):
        read_explained(path)
    path.write_text(2 * entry.replace('why = ""', 'why = "x"'), encoding="utf-8")
    with pytest.raises(ValueError, match="listed twice"):
        read_explained(path)


MADE = """
    def double(number):
        return 2 * number

    BASE = 1
    TABLE = [double(BASE), BASE]
    OTHER = [7]
"""
USER = """
    from reconciler.made import OTHER, TABLE as ROWS, double

    SUM = sum(ROWS)
    COUNT = len(OTHER)

    def total():
        return SUM + len(ROWS)
"""
HOLDER = """
    from reconciler.user import SUM, total

    def with_default(number=SUM):
        return number
"""


def imported(name: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return a module of this code, imported under a name."""
    path = tmp_path / f"{name}.py"
    path.write_text(dedent(code), encoding="utf-8")
    module = ModuleType(name)
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), vars(module))  # noqa: S102 - made above
    return module


@pytest.mark.parametrize(
    ("statement", "code", "expected"),
    [(1, "BASE = 3", (9, 11)), (0, "def double(number): return 5 * number", (6, 8)), (3, "OTHER = [7, 8]", (3, 5))],
    ids=["a constant", "a function", "a constant that nothing is made of"],
)
def test_what_an_altered_statement_goes_into_is_made_again(
    statement: int, code: str, expected: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its module and in those that import from it, in place: functions that others hold find the new values."""
    made = imported("reconciler.made", MADE, tmp_path, monkeypatch)
    user = imported("reconciler.user", USER, tmp_path, monkeypatch)
    total, tables = user.total, (user.COUNT, user.OTHER)
    # To read all that a worker has imported takes seconds; the next test does.
    monkeypatch.setattr(remade, "sys", SimpleNamespace(modules={"reconciler.made": made, "reconciler.user": user}))
    body = ast.parse(dedent(MADE)).body
    body[statement] = ast.parse(code).body[0]
    exec(code if statement == 0 else "", vars(made))  # noqa: S102 - a function's code is exchanged beforehand
    assert frozenset() == loaded({"reconciler.made"}).remake("reconciler.made", body[statement], body)
    assert expected == (user.SUM, total())
    assert (statement == 3) == ((user.COUNT, user.OTHER) != tables)


def test_what_cannot_be_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function's default in the package ends the attempt; in a module of tests it is told, and the rest is made."""
    imported("reconciler.made", MADE, tmp_path, monkeypatch)
    user = imported("reconciler.user", USER, tmp_path, monkeypatch)
    holder = imported("tests.holder", HOLDER, tmp_path, monkeypatch)
    body = ast.parse(dedent(MADE)).body
    body[1] = ast.parse("BASE = 3").body[0]
    assert {holder.__file__} == loaded({"reconciler.made"}).remake("reconciler.made", body[1], body)
    assert 9 == user.SUM
    assert 9 == holder.SUM
    assert 3 == holder.with_default()
    ours = ("reconciler.made", "reconciler.user", "reconciler.holder")
    imported("reconciler.holder", HOLDER, tmp_path, monkeypatch)
    monkeypatch.setattr(remade, "sys", SimpleNamespace(modules={name: sys.modules[name] for name in ours}))
    with pytest.raises(Stuck):
        loaded({"reconciler.made"}).remake("reconciler.made", body[1], body)


def functions(tree: ast.Module | ast.ClassDef, within: str = "") -> Iterator[str]:
    """Yield the qualified names of a module's functions, those within functions left out."""
    for each in tree.body:
        if isinstance(each, ast.FunctionDef):
            yield within + each.name
        elif isinstance(each, ast.ClassDef):
            yield from functions(each, f"{within}{each.name}.")


@pytest.mark.parametrize(
    "title", sorted(path.relative_to(RULES).with_suffix("").as_posix() for path in RULES.glob("*/*.py"))
)
def test_every_function_of_the_planner_can_be_altered(title: str) -> None:
    """Also where its results are kept, it is a property, or stands in a class: a run ends at one that cannot be exchanged."""
    path = RULES / f"{title}.py"
    module = import_module(f"reconciler.rules.{title.replace('/', '.')}")
    for name in functions(ast.parse(path.read_text(encoding="utf-8"))):
        assert function_of(module, name).__qualname__ == name


def test_a_property_whose_value_is_kept_can_be_altered() -> None:
    """The function is what it is made of, whatever keeps it."""
    assert function_of(import_module("reconciler.model.accounts.rest"), "Rest.secrets").__qualname__ == "Rest.secrets"


def test_what_functions_keep_is_forgotten() -> None:
    """A result of the code as it was would hide what it has become."""
    _unasked("beyondDepth", "a text", "offline", NOW, is_off=True)
    assert _unasked.cache_info().currsize
    forget()
    assert not _unasked.cache_info().currsize
