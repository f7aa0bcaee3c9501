"""Our dataclasses do what those of the standard library do, and look at nothing before a value is made."""

from __future__ import annotations

import copy
import dataclasses
import functools
import inspect
import itertools
import pickle
import sys
import threading
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from reconciler import classes

if TYPE_CHECKING:
    from types import FrameType

VALUES = (0, 1, "a", None)
FIELDS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "init": st.booleans(),
        "repr": st.booleans(),
        "compare": st.booleans(),
        "hash": st.sampled_from((None, True, False)),
        "kw_only": st.booleans(),
    }
)
PLAIN_FIELDS: st.SearchStrategy[dict[str, Any]] = st.builds(lambda: {"init": True})
OPTIONS = st.fixed_dictionaries({name: st.booleans() for name in ("frozen", "eq", "order", "kw_only", "slots")}).filter(
    lambda options: options["eq"] or not options["order"]
)


@st.composite
def descriptions(draw: st.DrawFn) -> tuple[dict[str, dict[str, Any]], dict[str, bool], bool]:
    """Draw the fields of a class, with those that have defaults last, its options, and whether it looks at new values.

    Half of the classes have fields that their bodies say plainly: a type, and at most a default.
    """
    described = draw(st.lists(draw(st.sampled_from([FIELDS, PLAIN_FIELDS])), max_size=5))
    first = draw(st.integers(0, len(described)))
    for each in described[:first]:
        each["init"] = True  # else its value is nowhere
    for each in described[first:]:
        defaults = [{"default": 1}, {"default": None}, *([{"default_factory": list}] if len(each) > 1 else [])]
        each.update(draw(st.sampled_from(defaults)))
    names = ("self", "name", "_set", "value", "fields")
    return dict(zip(names, described, strict=False)), draw(OPTIONS), draw(st.booleans())


def made_by(
    dataclass: Any, described: dict[str, dict[str, Any]], options: dict[str, bool], *, looks: bool
) -> type[Any]:
    """Return the class that is described, as one of the two makes it."""
    body: dict[str, Any] = {
        "__annotations__": dict.fromkeys(described, "object"),
        "__module__": __name__,
        "__qualname__": "Made",
        "__doc__": "A class.",
    }
    for name, each in described.items():
        if len(each) > 2:
            body[name] = dataclasses.field(**each)
        elif "default" in each:
            body[name] = each["default"]
    if looks:
        body["__post_init__"] = lambda self: Looked.at.append(repr(self))
    made: type[Any] = dataclass(**options)(type("Made", (), body))
    return made


def made_below(
    *, frozen: bool = False, eq: bool = True, order: bool = False, kw_only: bool = False, slots: bool = False
) -> Any:
    """Return what makes a class one below ``Frozen``, where such a class has these options, and else a dataclass of ours."""
    if not frozen or not eq or order or slots:
        return classes.dataclass(frozen=frozen, eq=eq, order=order, kw_only=kw_only, slots=slots)
    root = classes.FrozenByName if kw_only else classes.Frozen

    def make(cls: type[Any]) -> type[Any]:
        body = {name: each for name, each in vars(cls).items() if name not in {"__dict__", "__weakref__"}}
        return type(cls.__name__, (root,), body)

    return make


class Looked:
    """What was seen of new values."""

    at: ClassVar[list[str]] = []


def told(work: Any) -> object:
    """Return what some work gives, or how it ends."""
    try:
        return work()
    except (TypeError, AttributeError, ValueError) as failure:
        return type(failure).__name__, str(failure)


@pytest.mark.parametrize("our_dataclass", [classes.dataclass, made_below], ids=["declared", "below"])
@given(description=descriptions(), drawn=st.data())
def test_a_class_behaves_as_the_dataclass_of_the_standard_library(
    our_dataclass: Any, description: Any, drawn: st.DataObject
) -> None:
    """Making, showing, comparing, hashing, changing, copying and matching end alike, errors word by word."""
    described, options, looks = description
    ours = made_by(our_dataclass, described, options, looks=looks)
    theirs = made_by(dataclasses.dataclass, described, options, looks=looks)
    assert getattr(theirs, "__match_args__", None) == getattr(ours, "__match_args__", None)
    assert (theirs.__hash__ is None) == (ours.__hash__ is None)
    given_fields = [name for name, each in described.items() if each["init"]]
    calls = [{name: drawn.draw(st.sampled_from(VALUES)) for name in given_fields} for _ in range(2)]
    by_position = drawn.draw(st.lists(st.sampled_from(VALUES), max_size=6))
    begins_wrong = drawn.draw(st.booleans())

    def outcomes(cls: type[Any]) -> list[object]:
        Looked.at.clear()
        seen: list[object] = [told(lambda: repr(cls(*by_position)))]
        if begins_wrong:
            seen.append(told(lambda: repr(cls(unknown=1))))
        first, second = (cls(**arguments) for arguments in calls)
        seen += [repr(first), dataclasses.asdict(first), dataclasses.astuple(first)]
        seen += [first == second, first == cls(**calls[0]), first != second, (first == 1)]
        for compared in ("__lt__", "__ge__"):
            seen.append(told(lambda name=compared: getattr(first, name)(second)))
        if options["eq"]:
            seen.append(told(lambda: hash(first)))
        seen.append(told(lambda: repr(dataclasses.replace(first, **dict.fromkeys(given_fields[:1], 7)))))
        seen.append(told(lambda: repr(copy.copy(first))))
        seen.append(told(lambda: repr(copy.deepcopy(first))))
        for name in described:
            seen += [told(lambda at=name: setattr(first, at, 3)), told(lambda at=name: delattr(second, at))]
        seen += [repr(cls(**arguments)) for arguments in calls * 5]  # those that are not the first
        return [*seen, told(lambda: repr(cls(*by_position))), told(lambda: repr(cls(unknown=1))), *Looked.at]

    assert outcomes(theirs) == outcomes(ours)
    first = ours(**calls[0])
    for changes in ({}, dict.fromkeys(given_fields[-1:], 7), {"unknown": 1}, dict.fromkeys(described, 8)):
        Looked.at.clear()
        known = [told(lambda changed=changes: repr(dataclasses.replace(first, **changed))), *Looked.at]
        Looked.at.clear()
        assert known == [told(lambda changed=changes: repr(classes.replace(first, **changed))), *Looked.at]
    parameters = [inspect.signature(cls).parameters.values() for cls in (theirs, ours)]
    expected, actual = (
        [(each.name, each.kind, each.default is each.empty) for each in listed] for listed in parameters
    )
    assert expected == actual


@classes.dataclass(frozen=True, slots=True)
class Point:
    """A value with slots."""

    x: int
    y: int = 0


@classes.dataclass(frozen=True)
class Line:
    """A value without."""

    start: Point
    marks: tuple[str, ...] = dataclasses.field(default=(), kw_only=True)


@classes.dataclass(frozen=True)
class Arrow(Line):
    """A dataclass below another."""

    head: str = ">"


class Place(classes.Frozen):
    """A value of a class that nothing was called for."""

    x: int
    y: int = 0


class Spot(Place):
    """One below it."""

    name: str = "spot"


class Sign(classes.FrozenByName):
    """A value whose fields are given by name."""

    at: Place
    marks: tuple[str, ...] = ()


def test_a_class_below_another_has_its_own_fields_whichever_is_used_first() -> None:
    """A class that is declared before or after the first value of the one above it is read by itself."""

    class Above(classes.Frozen):
        x: int

    class Before(Above):
        y: int = 2

    assert "Above(x=1)" == repr(Above(1)).rpartition(".")[2]
    assert ("x",) == Above.__match_args__

    class After(Before):
        z: int = 3

    assert ["x", "y"] == [each.name for each in dataclasses.fields(Before)]
    assert ("x", "y", "z") == After.__match_args__
    assert After(1, z=4) == After(1, 2, 4) != After(1)
    assert 1 == len({After(1), After(1, 2, 3)})
    assert Before(1) != Above(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        After(1).z = 5  # type: ignore[misc]


def test_a_class_below_frozen_is_declared_without_a_call() -> None:
    """Neither ours nor the standard library's: what a class costs at import is its body."""
    called: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.append(frame.f_code.co_name)

    sys.setprofile(note)

    class Counted(classes.FrozenByName):
        """A value."""

        x: int

    sys.setprofile(None)
    assert ["Counted"] == called
    assert not dataclasses.is_dataclass(classes.Frozen)
    assert dataclasses.is_dataclass(Counted)


@pytest.mark.parametrize(
    "value",
    [Point(1), Place(1), Spot(1, name="a"), Sign(at=Place(2)), Line(Point(1, 2), marks=("a",)), Arrow(Point(3), "<")],
)
def test_a_value_is_pickled_and_copied(value: object) -> None:
    """With every protocol, with slots and without."""
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert value == pickle.loads(pickle.dumps(value, protocol))  # noqa: S301 - written one line above
    assert value == copy.deepcopy(value)


def test_a_value_does_not_change() -> None:
    """Neither a field nor a new attribute is set, nor a field taken away."""
    for value, name in itertools.product((Point(1), Line(Point(1)), Arrow(Point(1))), ("start", "x", "new")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, 1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        del Point(1).x


def test_a_copy_has_the_fields_alone() -> None:
    """What was derived from a value's fields and kept with it is derived anew; the value itself stays as it is."""

    @classes.dataclass(frozen=True)
    class Doubled:
        number: int

        @functools.cached_property
        def double(self) -> int:
            return 2 * self.number

    first = Doubled(2)
    assert 4 == first.double
    copied = classes.replace(first, number=3)
    assert (6, 4) == (copied.double, first.double)
    assert ["number"] == list(vars(classes.replace(first)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        copied.number = 4  # type: ignore[misc]


def test_a_class_below_that_is_no_dataclass_has_attributes_of_its_own() -> None:
    """As below a dataclass of the standard library; the fields stay as they are."""

    class Named(Line):
        name: str

    value = Named(Point(1))
    value.name = "a"
    del value.name
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'start'"):
        value.start = Point(2)  # type: ignore[misc]


def test_pydantic_reads_it_as_a_field_of_a_model() -> None:
    """A dataclass is checked by its fields."""
    adapter = TypeAdapter(dict[str, Line])
    assert {"a": Line(Point(1, 2))} == adapter.validate_python({"a": {"start": {"x": 1, "y": 2}}})
    with pytest.raises(ValidationError):
        adapter.validate_python({"a": {"start": {"x": "one"}}})


def test_no_method_is_compiled_for_a_few_values() -> None:
    """A class compiles none, nor do its first values; one of the next compiles one, and those after that none."""
    compiled: list[str] = []
    watching = True

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event == "compile" and "self" in str(arguments[0]):
            compiled.append(str(arguments[0]))

    sys.addaudithook(note)

    @classes.dataclass(frozen=True, slots=True)
    class Counted:
        """A value."""

        x: int

    assert Counted(1) == Counted(1) != Counted(2)
    assert [] == compiled
    assert [Counted(number).x for number in range(20)] == list(range(20))
    watching = False
    (only,) = compiled
    assert "def __init__" in only


@pytest.mark.parametrize("options", [{"frozen": True}, {"frozen": True, "slots": True}, {"kw_only": True}, {}], ids=str)
def test_no_field_is_read_before_somebody_asks(options: dict[str, bool]) -> None:
    """A class is declared without a call into the standard library's dataclasses; who asks for its fields has them."""
    called: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename == dataclasses.__file__:
            called.append(frame.f_code.co_name)

    sys.setprofile(note)

    @classes.dataclass(**options)
    class Counted:
        """A value."""

        x: int
        y: int = 1

    sys.setprofile(None)
    assert [] == called
    assert ["x", "y"] == [each.name for each in dataclasses.fields(Counted)]


def test_a_value_that_is_read_first_is_compared() -> None:
    """What a pickle or a copy makes is a value as any other, also where none was made before."""

    @classes.dataclass(frozen=True)
    class Read:
        x: int

    first, second = (object.__new__(Read) for _ in range(2))
    for each in (first, second):
        vars(each)["x"] = 1
    assert hash(first) == hash(second)
    assert first == second != Read(2)


def test_fields_are_read_by_one_thread() -> None:
    """Threads that make the first values of a class at the same moment all find its defaults."""
    made: list[object] = []
    for _ in range(30):

        @classes.dataclass(kw_only=True)
        class Met:
            x: list[int] = dataclasses.field(default_factory=list)
            y: int = dataclasses.field(default=1, compare=False)

        together = threading.Barrier(8)

        def make(cls: Any = Met, together: threading.Barrier = together) -> None:
            together.wait()
            value = cls()
            made.append((value.x, value.y, value == cls()))

        threads = [threading.Thread(target=make) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert [([], 1, True)] * 240 == made
