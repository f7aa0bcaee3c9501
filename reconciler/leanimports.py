"""How the command imports pydantic: without a look for plugins, and without what its own classes cost before one is used.

Only in a process of the command. Whoever imports ``reconciler`` as a library has pydantic as everybody has it. The same goes
for jsonschema, which is imported without the grammars of IRIs.

What pydantic and ``annotated_types`` declare as dataclasses are those of ``reconciler.classes``, which compile nothing. The
types of the dictionaries that its core takes are there for type checkers; at run time they are plain dictionaries, whose
annotations nobody evaluates. Both stand in while pydantic is imported, all that the models need of it at once, when the first of
them asks for it. A version that cannot be imported so is imported as it is.
"""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec

_ASKED_FOR = {"pydantic", "pydantic_core"}
"""What our modules import of them first."""
_WITH_DICTIONARIES = ("pydantic_core",)
_WITH_DATACLASSES = (
    "annotated_types", "pydantic", "pydantic.main", "pydantic.fields", "pydantic.functional_validators", "pydantic.types",
    "pydantic.dataclasses", "pydantic.type_adapter", "pydantic._internal._generate_schema",
    "pydantic._internal._validators",
)  # fmt: skip
"""What a command imports of pydantic that has models; where a version lacks one of these, nothing needs it."""
_PACKAGES = {"pydantic", "annotated_types"}
_GRAMMARS = "rfc3987_syntax"
"""Where it is installed, jsonschema imports it to check a format that no schema of ours has: 3 s of a processor."""


def import_leanly() -> None:
    """Have pydantic and jsonschema imported at less cost, once somebody imports them; nothing where they are already."""
    sys.modules.setdefault(_GRAMMARS, None)  # type: ignore[arg-type]  # so that importing it fails, as where it is not installed
    _switch_plugins_off()
    if "pydantic" not in sys.modules and _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)


def _switch_plugins_off() -> None:
    """Keep pydantic from looking for plugins in what every package of the environment declares.

    Told so by its variable it still imports what would look: the readers of packages, mail and sockets, a twentieth of
    what `validate` takes. Where another version keeps its loader elsewhere, the variable remains.
    """
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    loader = ModuleType("pydantic.plugin._loader")
    vars(loader)["get_plugins"] = tuple
    sys.modules[loader.__name__] = loader


class _Finder:
    """Waits for the first import of pydantic, imports it leanly, and is gone: no other import asks it again."""

    @staticmethod
    def find_spec(name: str, *_: object) -> ModuleSpec | None:
        if name not in _ASKED_FOR:
            return None
        from importlib.util import spec_from_loader

        sys.meta_path.remove(_Finder)
        _import_at_once()
        module = sys.modules.get(name)
        if module is None:
            return None
        return spec_from_loader(name, _Imported(module), is_package=True)  # type: ignore[arg-type]  # a loader in all that is asked


class _Imported:
    """Hands a module that has been imported to whoever asked for it, as it is."""

    def __init__(self, module: ModuleType) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, _spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec  # the import has put its own there


def _import_at_once() -> None:
    """Import what the models need of pydantic with what stands in; nothing of it where that fails."""
    import dataclasses

    from reconciler.classes import dataclass as lean

    try:
        with _in_place(*_typed_dictionary()):
            _import_each(_WITH_DICTIONARIES)
        with _in_place(dataclasses, "dataclass", lean):
            _import_each(_WITH_DATACLASSES)
    except Exception:  # noqa: BLE001 - a later version may ask for what the stand-ins have not; what else is wrong shows again
        for name in [each for each in sys.modules if each.partition(".")[0] in _PACKAGES]:
            del sys.modules[name]
        _switch_plugins_off()


def _import_each(names: Sequence[str]) -> None:
    for name in names:
        with suppress(ImportError):  # what is needed is asked for again
            importlib.import_module(name)


@contextmanager
def _in_place(place: ModuleType, name: str, stand_in: object) -> Iterator[None]:
    stood = getattr(place, name)
    setattr(place, name, stand_in)
    try:
        yield
    finally:
        setattr(place, name, stood)


def _typed_dictionary() -> tuple[ModuleType, str, object]:
    """Return where the type of a dictionary is declared, and what declares a plain dictionary in its place."""
    import typing

    import typing_extensions

    return (typing_extensions if sys.version_info < (3, 12) else typing), "TypedDict", _PlainDictionary


class _PlainDictionary(dict[str, Any]):
    """Stands for ``TypedDict``: a dictionary whose class nobody looks into."""

    def __init_subclass__(cls, **_: object) -> None:
        """Take what a typed dictionary is told."""
