"""Whatever is installed from elsewhere is named, with its purpose, on the page of dependencies."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from demo.example import CHECKOUT
from reconciler import DISTRIBUTION

if TYPE_CHECKING:
    from collections.abc import Callable

_PAGE = "docs/dependencies.md"
_PACKAGE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_OURS = DISTRIBUTION


def of_python() -> set[str]:
    """Return what pyproject.toml names: to run, in every extra, to build, and to choose the versions."""
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
    project = settings["project"]
    wanted = [*settings["build-system"]["requires"], *project["dependencies"]]
    groups = [*project["optional-dependencies"].values(), *settings["dependency-groups"].values()]
    wanted += [each for group in groups for each in group]
    return {match[0] for each in wanted if (match := _PACKAGE.match(each))} - {_OURS}


def of_npm() -> set[str]:
    """Return what the programs of the JavaScript world are."""
    document = json.loads((CHECKOUT / "tests" / "system" / "node" / "package.json").read_text("utf-8"))
    return set(document["dependencies"])


def of_debian() -> set[str]:
    """Return what the system tests install beside both."""
    folder = CHECKOUT / "tests" / "system"
    lists = [*folder.glob("**/packages.txt"), *folder.glob("**/unpacked.txt")]
    lines = [line for path in lists for line in path.read_text("utf-8").splitlines()]
    return {line for line in lines if line and not line.startswith("#")}


@pytest.mark.parametrize("wanted", [of_python, of_npm, of_debian], ids=lambda wanted: wanted.__name__)
def test_every_dependency_has_its_line(wanted: Callable[[], set[str]]) -> None:
    """Nothing is installed that the page does not name."""
    named = set(_PACKAGE.findall((CHECKOUT / _PAGE).read_text("utf-8")))
    assert wanted()
    assert set() == wanted() - named
