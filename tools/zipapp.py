"""Makes one file of the tool and all that it needs: ``python -m tools.zipapp dist/reconciler.pyz``.

What it needs is partly compiled and cannot be imported from within a zip file, so the file unpacks itself when it is
first run, as shiv has it do: into ``~/.shiv``, or the folder that ``SHIV_ROOT`` names. For the same reason it runs on
the version of Python, and on the kind of machine, that it was made on, and says so elsewhere.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from tools.uv import CHECKOUT

_PREAMBLE = """\
import sys, sysconfig
made_for, here = {made_for!r}, (sys.version_info[:2], sysconfig.get_platform())
if here != made_for:
    wanted, found = ("Python %d.%d on %s" % (*version, platform) for version, platform in (made_for, here))
    sys.exit("error: This file was made for %s, and this is %s\\nName another Python:\\n    python%d.%d %s"
        % (wanted, found, *made_for[0], sys.argv[0]))
"""


def main(arguments: list[str]) -> int:
    """Install the checkout with what ``locks/run.txt`` names, and make the file; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("Name the file to make: python -m tools.zipapp dist/reconciler.pyz\n")
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pip = (sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", "install", "--target", folder)
        locked = ("--require-hashes", "--only-binary", ":all:", "--requirement", CHECKOUT / "locks" / "run.txt")
        subprocess.run([*pip, *locked], check=True)  # noqa: S603 - pip
        subprocess.run([*pip, "--no-deps", "--no-build-isolation", CHECKOUT], check=True)  # noqa: S603 - pip
        write_zipapp(folder, Path(arguments[0]))
    return 0


def write_zipapp(installed: Path, target: Path) -> None:
    """Make the file of a folder into which the tool was installed with all that it needs; run by this Python."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        preamble = Path(folder, "preamble.py")
        made_for = (sys.version_info[:2], sysconfig.get_platform())
        preamble.write_text(_PREAMBLE.format(made_for=made_for), "utf-8")
        subprocess.run(  # noqa: S603 - shiv
            [
                *(
                    sys.executable,
                    "-m",
                    "shiv.cli",
                    "--site-packages",
                    installed,
                    "--entry-point",
                    "mail_reconciler:main",
                ),
                *("--python", "/usr/bin/env python3", "--preamble", preamble, "--compressed", "--reproducible"),
                *("--output-file", target),
            ],
            check=True,
            env={"SOURCE_DATE_EPOCH": "1580601600", **os.environ},
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
