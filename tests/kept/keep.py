"""Keep what this version writes: ``python -m tests.kept.keep``, once for each version that is released.

The project is the example project of this checkout, as it is now; nothing is contacted. Beside it are left the state
before and after it was applied, the plan that did it, and what each command says of these as JSON.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from reconciler import __version__
from tests.kept import KEPT

CHECKOUT = KEPT.parents[1]
DOCUMENTS = {
    "validate": "validate",
    "show": "show saved.plan",
    "plan": "plan --depth offline",
    "accounts-list": "accounts list",
    "accounts-show": "accounts show sales-de",
    "history": "history",
    "journal-check": "journal check",
    "journal-head": "journal head",
    "resolve": "resolve newsletter --contacts contacts.csv",
}
"""The commands whose documents are kept, by name; none of them contacts a server."""
VARIABLE = "SMTP_SALES_DE_PASSWORD"
PASSWORD = "kept-for-good"


def main() -> int:
    """Write the folder of this version's minor; return 1 where it is there already."""
    kept = KEPT / ".".join(__version__.split(".")[:2])
    if (kept / "state.sql").exists():
        sys.stderr.write(f"{kept} is there already, and what was released stays as it is.\n")
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "project")
        folder.mkdir()
        for each in ("accounts.d", "certs"):
            shutil.copytree(CHECKOUT / each, folder / each)
        shutil.copy(CHECKOUT / "reconciler.yaml", folder)
        (folder / "contacts.csv").write_text("email,name\none@example.net,One\n", "utf-8")
        shutil.copytree(folder, kept / "project", dirs_exist_ok=True)
        _run(folder, "state init")
        (kept / "state-empty.sql").write_text(_dump(folder), "utf-8")
        _run(folder, "plan --depth offline --out saved.plan")
        _run(folder, "apply saved.plan --depth offline --actor anna@example.com")
        _run(folder, "approve newsletter --actor anna@example.com")
        (kept / "state.sql").write_text(_dump(folder), "utf-8")
        shutil.copy(folder / "saved.plan", kept)
        shutil.copy(folder / ".reconciler" / "fingerprint.key", kept)
        (kept / "documents").mkdir(exist_ok=True)
        for document, words in DOCUMENTS.items():
            (kept / "documents" / f"{document}.json").write_text(_run(folder, f"{words} --format json"), "utf-8")
    return 0


def _dump(folder: Path) -> str:
    """Return the state as SQL, with the two numbers by which SQLite knows a file of ours."""
    with closing(sqlite3.connect(folder / ".reconciler" / "state.db")) as state:
        numbers = [(name, state.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("user_version", "application_id")]
        return "\n".join([*state.iterdump(), *(f"PRAGMA {name}={number};" for name, number in numbers), ""])


def _run(folder: Path, words: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RECONCILER_")}
    ended = subprocess.run(
        [sys.executable, "-m", "reconciler", *words.split()],
        cwd=folder,
        env={**environment, VARIABLE: PASSWORD},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise SystemExit(f"{words}: {ended.stdout}{ended.stderr}")
    return ended.stdout


if __name__ == "__main__":
    sys.exit(main())
