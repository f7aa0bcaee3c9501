"""Rows of a reference page, from a model."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reconciler.model.base import Value
from reconciler.model.schema.fields import Field as Row
from reconciler.model.schema.fields import fields_of
from reconciler.model.secrets.references import Secret
from tools.markdown import page, table


class _Inner(Value):
    """An inner mapping."""

    host_name: str = Field(description="A host.")


class _Outer(Value):
    """A document."""

    kind: Literal["Outer"] = Field(description="The kind.")
    inner: _Inner | None = Field(None, description="Optional.")
    entries: tuple[_Inner, ...] = Field((), description="A list.")
    by_key: dict[str, _Inner] = Field({}, description="A mapping.")
    mode: Literal["one", "two"] = Field("one", description="A choice.")
    level: int = Field(3, ge=1, description="A number.")
    password: Secret | None = Field(None, description="A secret.")


def test_rows() -> None:
    """Inner models, lists and mappings are walked into; secrets, choices, bounds and defaults are told."""
    expected = [
        Row(path="kind", takes="`Outer`", default="**required**", description="The kind."),
        Row(path="inner", takes="mapping", default="", description="Optional."),
        Row(path="inner.hostName", takes="text", default="**required**", description="A host."),
        Row(path="entries", takes="list of mapping", default="", description="A list."),
        Row(path="entries[].hostName", takes="text", default="**required**", description="A host."),
        Row(path="byKey", takes="mapping", default="", description="A mapping."),
        Row(path="byKey.KEY.hostName", takes="text", default="**required**", description="A host."),
        Row(path="mode", takes="`one`, `two`", default="`one`", description="A choice."),
        Row(path="level", takes="number, at least 1", default="`3`", description="A number."),
        Row(path="password", takes="a secret's reference", default="", description="A secret."),
    ]
    assert fields_of(_Outer) == expected


def test_table() -> None:
    """A cell stays one cell whatever it holds."""
    expected = "| a | b |\n| --- | --- |\n| x\\|y | two lines |"
    assert table(("a", "b"), [("x|y", "two\n  lines")]) == expected


def test_page() -> None:
    """A page begins with its title and says that it is generated."""
    lines = page("Title", "Lead.", "Part.").splitlines()
    assert (lines[0], lines[-1]) == ("# Title", "Part.")
    assert "do not edit" in lines[2]
