"""The command imports pydantic at less cost, and it does what it does otherwise; a program that imports ours has its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_COMPARED = """
import dataclasses, json, sys
if sys.argv[1] == "lean":
    from reconciler.leanimports import import_leanly
    import_leanly()
    import_leanly()
import pydantic, annotated_types, pydantic.dataclasses, pydantic.types
from pydantic_core import core_schema
from reconciler.model.schema.schemas import SCHEMAS, schema_text
from reconciler.model.accounts.manifest import OwnAccount
try:
    OwnAccount.model_validate({"kind": "OwnAccount", "metadata": {"name": "A b"}, "spec": {"displayName": 7}})
except pydantic.ValidationError as error:
    refused = error.errors(include_url=False, include_context=False, include_input=False)
declared, compiled = {}, 0
for module in list(sys.modules.values()):
    if (getattr(module, "__name__", "") or "").partition(".")[0] in ("pydantic", "annotated_types"):
        for cls in vars(module).values():
            if isinstance(cls, type) and cls.__module__ == module.__name__ and dataclasses.is_dataclass(cls):
                params = cls.__dataclass_params__
                compiled += cls.__init__.__code__.co_filename == "<string>"
                declared[f"{cls.__module__}.{cls.__qualname__}"] = [
                    [(f.name, f.init, f.compare, f.kw_only, f.default is dataclasses.MISSING) for f in dataclasses.fields(cls)],
                    params.frozen, cls.__hash__ is None, "__slots__" in vars(cls), list(cls.__match_args__)]
values = [annotated_types.Interval(ge=1, lt=2), annotated_types.Len(1, 2), pydantic.AliasPath("a", 1), pydantic.Strict()]
print(json.dumps({
    "schemas": [schema_text(each) for each in SCHEMAS], "refused": refused, "declared": declared,
    "values": [repr(each) for each in values], "equal": annotated_types.Ge(1) == annotated_types.Ge(1),
    "hashed": len({annotated_types.Ge(1), annotated_types.Ge(1), annotated_types.Ge(2)}),
    "unpacked": [repr(each) for each in annotated_types.Interval(ge=1, lt=2)],
    "standard": dataclasses.dataclass.__module__,
    "dictionaries": core_schema.StringSchema.__mro__[1].__name__, "compiled": compiled}, default=str))
"""


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, object]]:
    """Return what a process finds that imports pydantic as everybody does, and what one finds that does so leanly."""
    return {
        way: json.loads(
            subprocess.run(
                [sys.executable, "-c", _COMPARED, way], check=True, capture_output=True, encoding="utf-8"
            ).stdout
        )
        for way in ("plain", "lean")
    }


@pytest.mark.parametrize(
    "what", ["schemas", "refused", "declared", "values", "equal", "hashed", "unpacked", "standard"]
)
def test_pydantic_does_what_it_does_otherwise(found: dict[str, dict[str, object]], what: str) -> None:
    """Schemas, refusals and what is declared are the same; afterwards the standard library's dataclass stands in its place."""
    assert found["plain"][what]
    assert found["plain"][what] == found["lean"][what]


def test_the_dear_parts_are_spared(found: dict[str, dict[str, object]]) -> None:
    """Nothing is compiled for a class of pydantic's of which no value is made, and no annotation of a dictionary evaluated."""
    assert ("dict", "_PlainDictionary") == (found["plain"]["dictionaries"], found["lean"]["dictionaries"])
    plain, lean = found["plain"]["compiled"], found["lean"]["compiled"]
    assert isinstance(plain, int)
    assert isinstance(lean, int)
    assert 3 * lean < 2 * plain


_ODD = """
import sys
from reconciler import classes, leanimports
{odd}
leanimports.import_leanly()
import pydantic, annotated_types, pydantic_core
from pydantic import BaseModel, Field
from typing import Annotated
class Point(BaseModel):
    x: Annotated[int, Field(ge=1)]
assert sys.modules["pydantic"] is pydantic and pydantic.__spec__.origin
assert leanimports._Finder not in sys.meta_path
assert not {{"importlib.metadata", "email"}} & sys.modules.keys()
print(Point(x=3), repr(annotated_types.Ge(1)), annotated_types.Timezone.__init__.__code__.co_filename)
"""
_LATER = {
    "nothing is odd": ("", "other"),
    "a dataclass that ours cannot be": ("classes.dataclass = lambda *given, **named: 1 // 0", "<string>"),
    "a module that is not there": ("leanimports._WITH_DATACLASSES = ('pydantic.nowhere', 'annotated_types')", "other"),
}


@pytest.mark.parametrize("odd", _LATER)
def test_a_version_that_takes_no_stand_in_is_imported_as_it_is(odd: str) -> None:
    """A later version may do with a dataclass what ours cannot, or lack a module: the command works all the same."""
    line, where = _LATER[odd]
    ran = subprocess.run(
        [sys.executable, "-c", _ODD.format(odd=line)], check=True, capture_output=True, encoding="utf-8"
    )
    point, bound, compiled = ran.stdout.split(" ", 2)
    assert (point, bound) == ("x=3", "Ge(ge=1)")
    assert (where == "<string>") == (compiled.strip() == "<string>")


_EXPLAINED = """
import sys
from reconciler.leanimports import import_leanly
import_leanly()
from jsonschema import Draft202012Validator
assert [each.validator for each in Draft202012Validator({"type": "object"}).iter_errors(7)] == ["type"]
"""


def test_what_is_slow_to_import_and_not_asked_for_is_left_out(tmp_path: Path) -> None:
    """Where jsonschema is installed with all formats, its grammars of IRIs are not built to explain one mistake."""
    (tmp_path / "rfc3987_syntax.py").write_text("raise SystemExit('the grammars are built')\n", encoding="utf-8")
    found = subprocess.run(
        [sys.executable, "-c", _EXPLAINED],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        check=False,
        capture_output=True,
        encoding="utf-8",
    )
    assert (found.returncode, found.stderr) == (0, "")
