"""Leave the example project in ``playground/`` with its mail servers running until Ctrl-C: ``make playground``."""

from __future__ import annotations

import shlex
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from demo.example import CHECKOUT, running_example

if TYPE_CHECKING:
    from demo.example import ExampleProject

FOLDER = CHECKOUT / "playground"
VARIABLES_FILE = "env.sh"

_WELCOME = """\
The example project is in {folder}; its mail servers run here until Ctrl-C.
In another terminal:

    cd {folder}
    . ./{variables}
    reconciler state init
    reconciler plan

docs/guide.md goes on from there.
"""


def main() -> int:
    """Make the playground and serve it until Ctrl-C; return the exit code."""
    if FOLDER.exists():
        print(f"There is a playground already. To begin anew:\n\n    rm -r {shlex.quote(str(FOLDER))}", file=sys.stderr)
        return 1
    with running_example(FOLDER) as project:
        write_variables(project)
        print(_WELCOME.format(folder=shlex.quote(str(FOLDER)), variables=VARIABLES_FILE), flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
    return 0


def write_variables(project: ExampleProject) -> None:
    """Write the file that a shell sources: the command's place and the passwords, readable by its owner only."""
    commands = Path(sys.executable).parent
    lines = [f"export PATH={shlex.quote(str(commands))}:$PATH"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in sorted(project.variables.items())]
    path = project.folder / VARIABLES_FILE
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
