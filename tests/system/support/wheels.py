"""A folder of wheels from which pip installs the tool with no network: this checkout's, and what it needs, also to be built.

The wheel of the checkout is built; those of the dependencies are packed again from where they are installed.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from reconciler import DISTRIBUTION

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parents[3]
_EXTRAS = frozenset({"postgres"})
_BUILDING = ("editables", "hatchling")
"""What builds the package, for those who install it from its sources."""
_BUILD_SECONDS = 120
_OF_THE_INSTALLATION = frozenset({"INSTALLER", "REQUESTED", "direct_url.json"})
"""Files that an installer adds to the metadata of a wheel."""


def write_wheels(folder: Path) -> None:
    """Write the wheels of the tool and of everything that it needs into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", *words, str(CHECKOUT)], check=True, timeout=_BUILD_SECONDS)
    for each in _needed():
        _pack(each, folder)


def _needed() -> list[Distribution]:
    found: dict[str, Distribution] = {}
    waiting = [(name, frozenset[str]()) for name in _BUILDING]
    waiting += _requirements(distribution(DISTRIBUTION), _EXTRAS)
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) not in seen:
            seen.add((name, extras))
            found[name] = distribution(name)
            waiting += _requirements(found[name], extras)
    return [found[name] for name in sorted(found)]


def _requirements(of: Distribution, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    for text in of.requires or ():
        wanted = Requirement(text)
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            yield canonicalize_name(wanted.name), frozenset(wanted.extras)


def _pack(of: Distribution, folder: Path) -> None:
    """Write the wheel of an installed distribution: its files, less what installing it has made."""
    described = (of.read_text("WHEEL") or "").splitlines()
    tags = [line.removeprefix("Tag: ").split("-") for line in described if line.startswith("Tag: ")]
    tag = "-".join(".".join(sorted(set(part))) for part in zip(*tags, strict=True))
    name = f"{of.name.replace('-', '_')}-{of.version}-{tag}.whl"
    with zipfile.ZipFile(folder / name, "w") as wheel:
        for path in of.files or ():
            is_made = ".." in path.parts or "__pycache__" in path.parts or path.name in _OF_THE_INSTALLATION
            if not is_made:
                wheel.write(str(path.locate()), path.as_posix())
