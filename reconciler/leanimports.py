"""How the command imports pydantic: without a look for plugins, and without what its own classes cost before one is used.

Only in a process of the command. Whoever imports ``reconciler`` as a library has pydantic as everybody has it.

What pydantic and ``annotated_types`` declare as dataclasses are those of ``reconciler.classes``, which compile nothing. The
types of the dictionaries that its core takes are there for type checkers; at run time they are plain dictionaries, whose
annotations nobody evaluates. A version that declares either otherwise is imported as it is, and so is a module that cannot be
run with what stands in.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec

_DECLARING = {"pydantic", "annotated_types"}
"""Packages whose dataclasses are declared leanly."""
_DICTIONARIES = "pydantic_core.core_schema"
"""The module that declares a type for each dictionary that the core takes."""
_OPTIONS = {"frozen", "eq", "order", "kw_only", "slots"}
"""What ``reconciler.classes`` can be told of a dataclass; one that is told more is left to the standard library."""


def import_pydantic_leanly() -> None:
    """Have pydantic imported without plugins and at less cost, once somebody imports it; nothing where it is already."""
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
    """Finds these modules where Python finds them, and has them run by ``_Lean``."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name.partition(".")[0] not in _DECLARING and name != _DICTIONARIES:
            return None
        from importlib.machinery import PathFinder

        found = PathFinder.find_spec(name, path, target)
        if found is not None and found.loader is not None:
            found.loader = _Lean(found.loader)  # type: ignore[assignment]  # a loader in all that Python asks it
        return found


class _Lean:
    """Runs a module as its own loader does, while something stands in the place of what it would declare dearly."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        module.__loader__ = self._loader
        if spec is not None:
            spec.loader = self._loader
        if not self._is_run_leanly(module):
            self._loader.exec_module(module)

    def _is_run_leanly(self, module: ModuleType) -> bool:
        """Run a module with what stands in; return False where it asks for what that has not, as a later version may."""
        place, name, stand_in = _typed_dictionary() if module.__name__ == _DICTIONARIES else _dataclass()
        stood = getattr(place, name)
        setattr(place, name, stand_in)
        try:
            self._loader.exec_module(module)
        except ImportError:  # of something that is not there, in which what stands in has no part
            raise
        except Exception:  # noqa: BLE001 - whatever it is, it shows again if the module itself is at fault
            return False
        else:
            return True
        finally:
            setattr(place, name, stood)


def _dataclass() -> tuple[ModuleType, str, object]:
    """Return where a dataclass is declared, and what declares one leanly."""
    import dataclasses

    from reconciler.classes import dataclass as lean

    standard = dataclasses.dataclass  # noqa: TID251 - it is what others than we declare theirs with

    def declared(cls: type | None = None, /, **options: bool) -> Any:
        declare: Any = lean if options.keys() <= _OPTIONS else standard
        return declare(cls, **options)

    return dataclasses, "dataclass", declared


def _typed_dictionary() -> tuple[ModuleType, str, object]:
    """Return where the type of a dictionary is declared, and what declares a plain dictionary in its place."""
    import typing

    import typing_extensions

    return (typing_extensions if sys.version_info < (3, 12) else typing), "TypedDict", _PlainDictionary


class _PlainDictionary(dict[str, Any]):
    """Stands for ``TypedDict``: a dictionary whose class nobody looks into."""

    def __init_subclass__(cls, **_: object) -> None:
        """Take what a typed dictionary is told."""
