"""Writes the bill of materials of what is installed, as CycloneDX: ``python -m tools.sbom dist/mail-reconciler.cdx.json``.

It is read from an environment into which the package was installed with what ``locks/run.txt`` names, so it tells which
package needs which.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from datetime import UTC, datetime
from pathlib import Path

from tools.uv import CHECKOUT


def main(arguments: list[str]) -> int:
    """Install and write; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("Name the file to write: python -m tools.sbom dist/mail-reconciler.cdx.json\n")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder)
        python = Path(folder, "bin", "python")
        pip = (sys.executable, "-m", "pip", "-qq", "--python", python, "--disable-pip-version-check", "install")
        locked = ("--require-hashes", "--only-binary", ":all:", "--requirement", CHECKOUT / "locks" / "run.txt")
        subprocess.run([*pip, *locked], check=True)  # noqa: S603 - pip
        write_bill(python, Path(arguments[0]))
    return 0


def write_bill(python: Path, target: Path) -> None:
    """Write what is installed beside a Python as what this package is made of; the same for the same packages."""
    from reconciler import DISTRIBUTION, __version__

    target.parent.mkdir(parents=True, exist_ok=True)
    project = ("--pyproject", CHECKOUT / "pyproject.toml", "--mc-type", "application")
    command = (sys.executable, "-m", "cyclonedx_py", "environment", *project, "--output-reproducible", python)
    written = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout  # noqa: S603 - the same
    bill = json.loads(written)
    moment = os.environ.get("SOURCE_DATE_EPOCH", "")
    if moment.isdecimal():  # https://reproducible-builds.org/specs/source-date-epoch
        bill["metadata"]["timestamp"] = f"{datetime.fromtimestamp(int(moment), UTC):%Y-%m-%dT%H:%M:%SZ}"
    # The version is in the code, where a reader of pyproject.toml alone does not find it.
    bill["metadata"]["component"] |= {"version": __version__, "purl": f"pkg:pypi/{DISTRIBUTION}@{__version__}"}
    target.write_text(json.dumps(bill, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
