"""Dataclasses that cost nothing much to import: nothing is compiled for a class before a value of it is made.

``dataclass`` means what that of the standard library means, and is read as that by mypy. That one compiles up to six
methods for each class when its module is imported, which took most of the time of short commands. Here only
``__init__`` is compiled, when the first value is made; the other methods are shared, or made of parts that are
compiled already. What is rare (an order, a base that is a dataclass) is left to the standard library.

``replace`` is the standard library's too. Where a value is nothing but its fields it copies these, and makes nothing anew.

``inspect.signature`` knows the arguments of such a class when a value of it has been made. There is no ``InitVar``.
"""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING, FrozenInstanceError, fields
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from dataclasses import dataclass, replace

    __all__ = ["dataclass", "replace"]
else:

    def dataclass(cls: type | None = None, /, **options: bool) -> Any:
        """Return a class as a dataclass; without a class, what does that to one."""
        return _made(cls, **options) if cls is not None else lambda each: _made(each, **options)

    def replace(value: Any, /, **changes: object) -> Any:
        """Return a copy with some fields otherwise, as that of the standard library does, in a sixth of its time."""
        cls = type(value)
        names = _COPIED.get(cls)
        if names is None:
            names = _COPIED[cls] = _copied_fields(cls)
        if not names or not names.keys() >= changes.keys():
            return dataclasses.replace(value, **changes)
        copied = {**value.__dict__, **changes}
        while len(copied) > len(names):
            copied.popitem()  # what was derived and kept beside the fields came after them, and stays behind
        made = object.__new__(cls)
        made.__dict__.update(copied)  # past ``__init__``, which would set each field by itself
        return made


_COPIED: dict[type, dict[str, None]] = {}
"""The fields of classes whose values are copied field by field, in their order."""


def _copied_fields(cls: Any) -> dict[str, None]:
    """Return the fields of a class whose values are its fields and nothing else; none where making one does more."""
    is_plain = not hasattr(cls, "__post_init__") and not any(vars(each).get("__slots__") for each in cls.__mro__)
    named = fields(cls)
    return {each.name: None for each in named} if is_plain and all(each.init for each in named) else {}


def _made(
    cls: type,
    *,
    frozen: bool = False,
    eq: bool = True,
    order: bool = False,
    kw_only: bool = False,
    slots: bool = False,
) -> Any:
    if order or hasattr(cls, "__dataclass_fields__"):
        return dataclasses.dataclass(frozen=frozen, eq=eq, order=order, kw_only=kw_only, slots=slots)(cls)
    own = vars(cls)
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only, slots=slots)(cls)
    made.__dataclass_params__.frozen = frozen
    methods: dict[str, Any] = {"__init__": _first_init(made), "__repr__": _repr}
    if eq:
        methods["__eq__"] = _eq_of(each.name for each in fields(made) if each.compare)
        methods["__hash__"] = _hash_of(made) if frozen else None
    if frozen and slots:
        methods |= {"__getstate__": _state, "__setstate__": _restore}
    for name, method in methods.items():
        # A class that compares itself has a hash of None, which it did not write.
        if name not in own or (name == "__hash__" and own[name] is None and "__eq__" in own):
            setattr(made, name, method)
    if frozen:
        made.__setattr__, made.__delattr__ = _refuse_to_set, _refuse_to_delete
    return made


def _first_init(cls: Any) -> Callable[..., None]:
    """Return the ``__init__`` that puts the compiled one in its place when a value is made."""

    def __init__(self: Any, /, *arguments: Any, **named: Any) -> None:  # noqa: N807 - it becomes the method
        cls.__init__ = compiled = _compiled_init(cls)
        compiled(self, *arguments, **named)

    return __init__


def _compiled_init(cls: Any) -> Callable[..., None]:
    """Return an ``__init__`` as a person would write it; the names that it takes from here are no field's."""
    names: dict[str, Any] = {"_dc_set": object.__setattr__, "_dc_made": MISSING}
    plain: list[str] = []
    named_only: list[str] = []
    body: list[str] = []
    for each in fields(cls):
        value = each.name
        if each.default_factory is not MISSING:
            names[f"_dc_make_{each.name}"] = each.default_factory
            value = f"_dc_make_{each.name}()" + (f" if {each.name} is _dc_made else {each.name}" if each.init else "")
        elif each.default is not MISSING:
            names[f"_dc_default_{each.name}"] = each.default
            value = each.name if each.init else f"_dc_default_{each.name}"
        if each.init:
            (named_only if each.kw_only else plain).append(each.name + _default_of(each))
        elif value == each.name or (each.default is not MISSING and "__slots__" not in vars(cls)):
            continue  # there is nothing to set, or the class has it
        frozen = cls.__dataclass_params__.frozen
        body.append(f"_dc_set(_dc_self, {each.name!r}, {value})" if frozen else f"_dc_self.{each.name} = {value}")
    if hasattr(cls, "__post_init__"):
        body.append("_dc_self.__post_init__()")
    given = ", ".join(["_dc_self", *plain, *(["*", *named_only] if named_only else [])])
    exec(f"def __init__({given}):\n " + "\n ".join(body or ["pass"]), names)  # noqa: S102 - of names of fields alone
    names["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
    return names["__init__"]  # type: ignore[no-any-return]


def _default_of(field: dataclasses.Field[Any]) -> str:
    if field.default_factory is not MISSING:
        return "=_dc_made"
    return f"=_dc_default_{field.name}" if field.default is not MISSING else ""


def _values_of(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple([getattr(value, each) for each in names])


def _eq_of(names: Iterable[str]) -> Callable[[Any, object], bool]:
    values = _values_of(list(names))

    def __eq__(self: Any, other: object) -> bool:  # noqa: N807 - it becomes the method
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _hash_of(cls: Any) -> Callable[[Any], int]:
    values = _values_of([each.name for each in fields(cls) if (each.compare if each.hash is None else each.hash)])
    return lambda self: hash(values(self))


@recursive_repr()
def _repr(self: Any) -> str:
    shown = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({shown})"


def _refuse_to_set(self: Any, name: str, value: object) -> None:
    if _is_frozen(self, name):
        raise FrozenInstanceError(f"cannot assign to field {name!r}")
    object.__setattr__(self, name, value)


def _refuse_to_delete(self: Any, name: str) -> None:
    if _is_frozen(self, name):
        raise FrozenInstanceError(f"cannot delete field {name!r}")
    object.__delattr__(self, name)


def _is_frozen(value: Any, name: str) -> bool:
    """Tell whether an attribute may not change: a class below that is no dataclass may have attributes of its own."""
    return "__dataclass_fields__" in vars(type(value)) or name in value.__dataclass_fields__


def _state(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for each, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)
