"""Dataclasses that cost nothing much to import: a class is not looked at before a value of it is made.

``Frozen`` and ``FrozenByName`` make frozen dataclasses of the classes below them, the second of fields that are given by
name alone. Nothing is called when such a class is declared. ``dataclass`` is for the others: those of which many values
are held at once, and which have slots therefore, and the few whose values change.

``dataclass`` means what that of the standard library means, and is read as that by mypy. That one reads the fields of
each class and compiles up to six methods when its module is imported, which took most of the time of short commands.
Here the fields are read when somebody asks for them. The first values of a class, of most the only ones, are set field by
field; then ``__init__`` is compiled, which asks for them. The other methods are shared, or made of parts that are compiled
already. What is rare (an order, a base that is a dataclass) is left to the standard library. What is wrong with the fields of
a class shows when they are read.

``replace`` is the standard library's too. Where a value is nothing but its fields it copies these, and makes nothing anew.

``inspect.signature`` knows the arguments of such a class when a few values of it have been made. There is no ``InitVar``.
"""

from __future__ import annotations

import dataclasses
from _thread import RLock
from dataclasses import MISSING, FrozenInstanceError, fields
from functools import partial
from operator import attrgetter
from reprlib import recursive_repr
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from dataclasses import dataclass, field, replace
    from typing import dataclass_transform

    from typing_extensions import TypeIs

    _Template = tuple[dict[str, Any], frozenset[str], bool, bool]
    """The fields with their defaults or ``MISSING``, those without, whether they are given by name alone, whether frozen."""

    __all__ = ["Frozen", "FrozenByName", "dataclass", "replace"]

    @dataclass_transform(frozen_default=True, field_specifiers=(field,))
    class Frozen:
        """A frozen dataclass, as what is below it."""

    @dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
    class FrozenByName(Frozen):
        """A frozen dataclass whose fields are given by name, as what is below it."""
else:

    def dataclass(cls: type | None = None, /, **options: bool) -> Any:
        """Return a class as a dataclass; without a class, what does that to one.

        One that is told what is not known here is left to the standard library.
        """
        made = _made if options.keys() <= _KNOWN else _STANDARD
        return made(cls, **options) if cls is not None else partial(made, **options)

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


_STANDARD: Any = dataclasses.dataclass
"""That of the standard library, whatever stands in its place while others declare theirs."""
_KNOWN = {"frozen", "eq", "order", "kw_only", "slots"}
_MOST_SET_BY_HAND = 4
"""So many values of a class are made before its ``__init__`` is compiled, which takes as long as to set a hundred by hand."""
_SET_BY_HAND: dict[type, int] = {}
"""How many values of a class were set by hand."""
_TEMPLATES: dict[type, _Template | None] = {}
"""Of classes of which few values were made; None where more has to be known of the fields, or ``__init__`` is compiled."""
_NO_DEFAULTS = (dataclasses.Field, MemberDescriptorType)
"""What stands in the place of a default and is none."""
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
    own, has_bases = vars(cls), cls.__bases__ != (object,)
    if order or (has_bases and any("__dataclass_fields__" in vars(each) for each in cls.__mro__)):
        return _STANDARD(frozen=frozen, eq=eq, order=order, kw_only=kw_only, slots=slots)(cls)
    made: Any = cls if not slots else None if has_bases else _slotted(cls)
    if made is not None:
        _UNREAD[made] = (cls, frozen, kw_only)
        for told in _TOLD_LATER:
            if told.name not in own:
                setattr(made, told.name, told)
    else:
        made = _STANDARD(init=False, repr=False, eq=False, kw_only=kw_only, slots=slots)(cls)
        made.__dataclass_params__.frozen = frozen
    methods = _first_methods(made, eq=eq, frozen=frozen)
    if frozen and slots:
        methods |= {"__getstate__": _state, "__setstate__": _restore}
    for name, method in methods.items():
        # A class that compares itself has a hash of None, which it did not write.
        if name not in own or (name == "__hash__" and own[name] is None and "__eq__" in own):
            setattr(made, name, method)
    if frozen:
        made.__setattr__, made.__delattr__ = _refuse_to_set, _refuse_to_delete
    return made


def _slotted(cls: type) -> type | None:
    """Return a class once more with slots for its fields; None where more than their names has to be looked at."""
    own = dict(vars(cls))
    annotated: dict[str, str] | None = own.get("__annotations__")
    if "__slots__" in own or not _is_plain(annotated):
        return None
    for name in ("__dict__", "__weakref__", *annotated):
        own.pop(name, None)
    made = type(cls.__name__, cls.__bases__, {**own, "__slots__": tuple(annotated)})
    made.__qualname__ = cls.__qualname__
    return made


def _is_plain(annotated: dict[str, str] | None) -> TypeIs[dict[str, str]]:
    """Tell whether types are texts, and all of names that are ordinary fields."""
    try:
        types = " ".join(annotated.values()) if annotated is not None else "ClassVar"
    except TypeError:
        return False
    return "ClassVar" not in types and "InitVar" not in types and "KW_ONLY" not in types


class _ToldLater:
    """Stands for what is known of a class once its fields are read, and has them read when somebody asks.

    It stands in each class of ``dataclass`` itself, and in ``Frozen`` for all classes below that.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, value: object, owner: Any) -> Any:
        """Return what is known of the class, or of the one above it that has the fields.

        Raises ``AttributeError`` for ``Frozen`` and ``FrozenByName``, which have none.
        """
        if owner is Frozen or owner is FrozenByName:
            raise AttributeError(self.name)
        holder = next(each for each in owner.__mro__ if self.name in vars(each))
        cls = owner if holder is Frozen else holder
        _read_fields(cls)
        return vars(cls)[self.name]


_TOLD_LATER = tuple(map(_ToldLater, ("__dataclass_fields__", "__dataclass_params__", "__match_args__")))
_UNREAD: dict[Any, tuple[Any, bool, bool]] = {}
"""The classes of ``dataclass`` whose fields nobody has asked for: as written, whether frozen, and whether by name only."""
_READING = RLock()
"""Fields are read by one thread: half read, those of a class look like fields without defaults."""


def _read_fields(cls: Any) -> None:
    """Have the standard library read the fields of a class, once, and put what it found into the class."""
    with _READING:
        if isinstance(vars(cls).get("__dataclass_fields__"), dict):
            return
        written, frozen, kw_only = _UNREAD.get(cls) or (cls, True, issubclass(cls, FrozenByName))
        above = [each for each in cls.__mro__[1:] if issubclass(each, Frozen) and each not in (Frozen, FrozenByName)]
        _STANDARD(init=False, repr=False, eq=False, match_args=False, kw_only=kw_only, frozen=bool(above))(written)
        if above:  # else the standard library would refuse it; it wrote what ``Frozen`` has
            del cls.__setattr__, cls.__delattr__
        written.__dataclass_params__.frozen = frozen
        cls.__dataclass_params__ = written.__dataclass_params__
        cls.__dataclass_fields__ = written.__dataclass_fields__
        if isinstance(vars(cls).get("__match_args__", _TOLD_LATER[0]), _ToldLater):
            given_in_order = [each.name for each in fields(cls) if each.init and not each.kw_only]
            type.__setattr__(cls, "__match_args__", tuple(given_in_order))
        if issubclass(cls, Frozen):
            _give_back_to_those_below(cls)
        _UNREAD.pop(cls, None)


def _give_back_to_those_below(cls: Any) -> None:
    """Give classes below a class of ``Frozen``, those of today and of later, the first methods: what was read is its own."""

    def begin_anew(below: Any) -> None:
        for name in _FIRST.keys() - vars(below).keys():
            setattr(below, name, _FIRST[name])

    def __init_subclass__(below: Any, /, **options: Any) -> None:  # noqa: N807 - it becomes the method
        super(cls, below).__init_subclass__(**options)
        begin_anew(below)

    cls.__init_subclass__ = classmethod(__init_subclass__)
    for each in cls.__subclasses__():
        begin_anew(each)


def _first_methods(cls: Any, *, eq: bool, frozen: bool) -> dict[str, Any]:
    """Return the methods that know the fields: each reads them when it is first called, and puts another in its place."""

    def __init__(self: Any, /, *arguments: Any, **named: Any) -> None:  # noqa: N807 - it becomes the method
        if not _is_set_by_hand(self, cls, arguments, named):
            cls.__init__ = compiled = _compiled_init(cls)
            compiled(self, *arguments, **named)

    def __eq__(self: Any, other: object) -> bool:  # noqa: N807 - it becomes the method
        cls.__eq__ = equal = _eq_of([each.name for each in fields(cls) if each.compare])
        return equal(self, other)

    def __hash__(self: Any) -> int:  # noqa: N807 - it becomes the method
        cls.__hash__ = hashed = _hash_of(cls)
        return hashed(self)

    methods = {"__init__": __init__, "__repr__": _repr}
    return {**methods, "__eq__": __eq__, "__hash__": __hash__ if frozen else None} if eq else methods


def _is_set_by_hand(self: Any, cls: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Set the fields of one of the first values of a class, and tell whether that was done.

    What is not plainly right is left to the compiled ``__init__``, which tells what is wrong.
    """
    if cls not in _TEMPLATES:
        _TEMPLATES[cls] = _template(cls)
    template = _TEMPLATES[cls]
    if template is None:
        return False
    defaults, required, is_by_name, is_frozen = template
    in_order = dict(zip(() if is_by_name else defaults, arguments, strict=False))
    values = {**defaults, **in_order, **named}
    is_right = len(in_order) == len(arguments) and len(values) == len(defaults) and in_order.keys().isdisjoint(named)
    _SET_BY_HAND[cls] = count = _SET_BY_HAND.get(cls, 0) + 1
    if count > _MOST_SET_BY_HAND or not is_right or required.difference(in_order, named):
        _TEMPLATES[cls] = None
        return False
    put = object.__setattr__ if is_frozen else setattr
    for name, value in values.items():
        put(self, name, value)
    if hasattr(cls, "__post_init__"):
        self.__post_init__()
    return True


def _template(cls: Any) -> _Template | None:
    """Return what is known of a class whose body says its fields plainly; None where the standard library has to read it."""
    written, frozen, kw_only = _UNREAD.get(cls) or (cls, True, issubclass(cls, FrozenByName))
    annotated: dict[str, str] | None = vars(written).get("__annotations__")
    if not _is_plain(annotated) or isinstance(vars(cls).get("__dataclass_fields__"), dict):
        return None
    for above in cls.__mro__[1:]:
        if above is not Frozen and above is not FrozenByName and hasattr(above, "__dataclass_fields__"):
            return None
    defaults: dict[str, Any] = {}
    required: list[str] = []
    for name in annotated:
        defaults[name] = default = getattr(written, name, MISSING)
        if default is MISSING:
            required.append(name)
        elif isinstance(default, _NO_DEFAULTS) or type(default).__hash__ is None:
            return None
    if not kw_only and required != list(annotated)[: len(required)]:  # one with a default stands before one without
        return None
    return defaults, frozenset(required), kw_only, frozen


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


def _eq_of(names: Sequence[str]) -> Callable[[Any, object], bool]:
    values = _values_of(names)

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


if not TYPE_CHECKING:

    class Frozen:
        """A frozen dataclass, as what is below it. Its methods read the fields of a class when they are first called."""

        __slots__ = ()
        __dataclass_fields__, __dataclass_params__, __match_args__ = _TOLD_LATER
        __repr__, __setattr__, __delattr__ = _repr, _refuse_to_set, _refuse_to_delete

        def __init__(self, /, *arguments: Any, **named: Any) -> None:
            """Make one of the first values of its class."""
            cls = type(self)
            if _is_set_by_hand(self, cls, arguments, named):
                return
            _read_fields(cls)
            cls.__init__ = compiled = _compiled_init(cls)
            compiled(self, *arguments, **named)

        def __eq__(self, other: object) -> bool:
            """Compare the first value of its class."""
            cls = type(self)
            cls.__eq__ = equal = _eq_of([each.name for each in fields(cls) if each.compare])
            return equal(self, other)

        def __hash__(self) -> int:
            """Hash the first value of its class."""
            cls = type(self)
            cls.__hash__ = hashed = _hash_of(cls)
            return hashed(self)

    class FrozenByName(Frozen):
        """A frozen dataclass whose fields are given by name, as what is below it."""

        __slots__ = ()


_FIRST: dict[str, Any] = {
    name: vars(Frozen)[name] for name in ("__init__", "__eq__", "__hash__", *(told.name for told in _TOLD_LATER))
}
"""What reads the fields of a class below ``Frozen``."""
