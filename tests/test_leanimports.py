"""The command imports pydantic at less cost, and it does what it does otherwise; a program that imports ours has its own."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING

import pytest

from reconciler.leanimports import _Lean

if TYPE_CHECKING:
    from pathlib import Path

_COMPARED = """
import dataclasses, json, sys
if sys.argv[1] == "lean":
    from reconciler.leanimports import import_pydantic_leanly
    import_pydantic_leanly()
    import_pydantic_leanly()
import annotated_types, pydantic, pydantic.dataclasses, pydantic.types
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


def _run_leanly(path: Path, text: str) -> dict[str, object]:
    path.write_text(text, encoding="utf-8")
    loader = SourceFileLoader("declaring", str(path))
    spec = importlib.util.spec_from_loader("declaring", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    _Lean(loader).exec_module(module)
    return vars(module)


_DECLARED = """
import dataclasses
@dataclasses.dataclass
class Point:
    x: int
"""


def test_a_module_that_takes_no_stand_in_is_run_as_it_is(tmp_path: Path) -> None:
    """A later version may do with a dataclass what the stand-in's cannot; then it has the standard library's."""
    text = (
        f"{_DECLARED}\nif Point.__init__.__code__.co_filename != '<string>': raise TypeError('not as it was meant')\n"
    )
    found = _run_leanly(tmp_path / "declaring.py", text)
    assert repr(found["Point"](3)) == "Point(x=3)"  # type: ignore[operator]


def test_what_a_module_lacks_is_told_once(tmp_path: Path) -> None:
    """An import that fails is not tried again: the stand-in has no part in it."""
    path, runs = tmp_path / "declaring.py", tmp_path / "runs"
    text = f"with open({str(runs)!r}, 'a') as file: file.write('.')\nimport that_is_nowhere\n"
    with pytest.raises(ImportError, match="that_is_nowhere"):
        _run_leanly(path, text)
    assert runs.read_text(encoding="utf-8") == "."
