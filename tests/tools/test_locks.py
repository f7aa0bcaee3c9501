"""The locks hold to ``pyproject.toml``, name every file by its hash, and name no host; neither do npm's."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

import pytest

from reconciler import DISTRIBUTION
from tools.locks import ENVIRONMENTS, FOLDER, OTHERS
from tools.uv import CHECKOUT, project

_NPM_LOCK = CHECKOUT / "tests" / "system" / "node" / "package-lock.json"
_PINNED = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[0-9][0-9a-z.]*)(?: ; (?P<marker>[^\\]+?))? \\")
_HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")
_WANTED = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[(?P<extras>[^]]+)\])?(?:>=(?P<least>[0-9.]+))?")
_HOST = re.compile(r"://|--(?:extra-)?index-url|--find-links| @ |\bfile:")


class Pinned(NamedTuple):
    """One entry of a lock."""

    version: tuple[int, ...]
    hashes: int


def canonical(name: str) -> str:
    """Return a package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def release(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, so that 3.10 comes after 3.9."""
    return tuple(int(number) for number in re.findall(r"\d+", version.partition(".post")[0]))


def locked(environment: str) -> dict[str, Pinned]:
    """Return what a lock pins; a line that is neither a pin, a hash nor a comment ends the test.

    A package that has dropped older Pythons has a version for these and one for the others, the second by its marker too.
    """
    pins: dict[str, Pinned] = {}
    name = ""
    for line in (FOLDER / f"{environment}.txt").read_text("utf-8").splitlines():
        pinned = _PINNED.fullmatch(line)
        if pinned:
            name = pinned["name"] if pinned["name"] not in pins else f"{pinned['name']} ; {pinned['marker']}"
            assert name not in pins, f"{name} stands in {environment}.txt twice"
            assert pinned["name"] == name or pinned["marker"], f"{name} has two versions for the same Python"
            pins[name] = Pinned(release(pinned["version"]), 0)
        elif not line.startswith("#"):
            assert _HASH.fullmatch(line), line
            pins[name] = pins[name]._replace(hashes=pins[name].hashes + 1)
    return pins


def wanted(environment: str) -> dict[str, tuple[int, ...]]:
    """Return the lower bounds of what an environment is to have: to run, of its extra and those within, to build."""
    settings = project()
    optional = settings["project"]["optional-dependencies"]
    texts = [*settings["project"]["dependencies"], *settings["dependency-groups"]["build"], *optional[environment]]
    bounds: dict[str, tuple[int, ...]] = {}
    for text in texts:
        match = _WANTED.fullmatch(text)
        assert match, f"{text} is more than a lower bound, which this test cannot compare"
        if match["name"] == DISTRIBUTION:
            bounds |= wanted(match["extras"])
        else:
            name = canonical(match["name"])
            bounds[name] = max(bounds.get(name, ()), release(match["least"]))
            if match["extras"]:
                bounds |= {f"{name}-{canonical(extra)}": () for extra in match["extras"].split(",")}
    return bounds


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_lock_holds_to_the_project(environment: str) -> None:
    """Everything that pyproject.toml names is pinned, within its range; `make lock` mends what is not."""
    pins = locked(environment)
    unmet = {name for name, least in wanted(environment).items() if name not in pins or pins[name].version < least}
    assert set() == unmet


@pytest.mark.parametrize("environment", [*ENVIRONMENTS, *OTHERS])
def test_everything_is_named_by_its_hash(environment: str) -> None:
    """No package is installed whose content the lock does not know."""
    assert set() == {name for name, pinned in locked(environment).items() if not pinned.hashes}


def test_the_locks_agree() -> None:
    """What stands in several locks has one version, so that an environment can grow from one to the next."""
    test, system, dev = (locked(environment) for environment in ENVIRONMENTS)
    assert (test, system) == (
        {name: system.get(name) for name in test},
        {name: dev.get(name) for name in system},
    )


def test_what_runs_has_all_that_it_needs_and_nothing_that_builds_or_tests() -> None:
    """A container holds the package's own dependencies with those of PostgreSQL, in the versions that were tested."""
    needed = {canonical(re.split(r"[\[>=]", text)[0]) for text in project()["project"]["dependencies"]}
    run, tested = locked("run"), locked("test")
    assert needed | {"psycopg", "psycopg-binary"} <= run.keys() <= tested.keys()
    assert {"pytest", "hatchling"} & run.keys() == set()
    assert run == {name: tested[name] for name in run}
    assert locked("build") == {name: tested[name] for name in locked("build")}


def test_what_builds_the_package_is_locked() -> None:
    """The build back end is taken from the environment, so the group `build` names all that it asks for."""
    build = {canonical(re.split("[>=]", text)[0]) for text in project()["dependency-groups"]["build"]}
    required = {canonical(re.split("[>=]", text)[0]) for text in project()["build-system"]["requires"]}
    assert set() == required - build
    assert set(project()["build-system"]["requires"]) <= set(project()["dependency-groups"]["build"])


@pytest.mark.parametrize("environment", [*ENVIRONMENTS, *OTHERS])
def test_no_lock_names_a_host(environment: str) -> None:
    """Packages come from whichever index somebody's pip is set to."""
    assert None is _HOST.search((FOLDER / f"{environment}.txt").read_text("utf-8"))


def test_the_lock_of_npm_names_no_host() -> None:
    """Each package of npm has its hash, and no address from which it is to come."""
    packages = json.loads(_NPM_LOCK.read_text("utf-8"))["packages"]
    installed = {path: entry for path, entry in packages.items() if path}
    assert installed
    assert {} == {path: entry for path, entry in installed.items() if "resolved" in entry or "integrity" not in entry}
