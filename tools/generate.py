"""Write the files that are made from the code, or with ``--check`` say which of them are out of date.

    python -m tools.generate [--check]

They are the JSON Schemas in ``schemas/`` with their catalog, the pages in ``docs/reference/``, in ``share/`` the manual pages and the
completion scripts, and the list of packages that ``init`` writes beside a pipeline.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from reconciler import DOCUMENTATION
from reconciler.model.schema.schemas import SCHEMAS, schema_text
from tools.manual import shared_files
from tools.reference import pages

CHECKOUT = Path(__file__).resolve().parent.parent
PIPELINE_REQUIREMENTS = CHECKOUT / "reconciler" / "scaffold" / "requirements" / "run.txt"


def generated_files() -> dict[Path, str]:
    """Return the text of every generated file by its path."""
    schemas = {CHECKOUT / "schemas" / name: schema_text(name) for name in SCHEMAS}
    schemas[CHECKOUT / "schemas" / "catalog.json"] = schema_catalog()
    reference = {CHECKOUT / "docs" / "reference" / name: text for name, text in pages().items()}
    shared = {CHECKOUT / "share" / path: text for path, text in shared_files().items()}
    # What pipelines install by hash is what this version was locked with: the package has it, and the checkout alone the locks.
    requirements = {PIPELINE_REQUIREMENTS: (CHECKOUT / "locks" / "run.txt").read_text(encoding="utf-8")}
    return schemas | reference | shared | requirements


def schema_catalog() -> str:
    """Return the schemas of people's own files as an entry of a catalog of schemas, by which editors find them."""
    entries = [
        (
            "reconciler accounts",
            "Sending accounts and mail servers of reconciler.",
            "account",
            ["**/accounts.d/**/*.yaml"],
        ),
        (
            "reconciler overlays",
            "Changes of reconciler's manifests in one environment.",
            "overlay",
            ["**/overlays/**/*.yaml"],
        ),
        ("reconciler project", "Project file of reconciler.", "project", ["reconciler.yaml"]),
    ]
    catalog = {
        "$schema": "https://json.schemastore.org/schema-catalog.json",
        "version": 1.0,
        "schemas": [
            {
                "name": name,
                "description": text,
                "fileMatch": match,
                "url": f"{DOCUMENTATION}/schemas/{file}.schema.json",
            }
            for name, text, file, match in entries
        ],
    }
    return json.dumps(catalog, indent=2) + "\n"


def out_of_date(files: dict[Path, str]) -> list[str]:
    """Return what is missing, different, or left over beside the generated files, a line each."""
    wrong = [f"{_short(path)} is out of date" for path, text in files.items() if _text_of(path) != text]
    folders = {path.parent for path in files}
    present = (path for folder in folders if folder.is_dir() for path in folder.iterdir())
    return sorted(wrong + [f"{_short(path)} is not generated any more" for path in present if path not in files])


def main() -> int:
    """Write or check; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.generate", description="Write what is made from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if a file is out of date")
    files = generated_files()
    if parser.parse_args().check:
        problems = out_of_date(files)
        print("".join(f"{problem}\n" for problem in problems), end="", file=sys.stderr)
        if problems:
            print("This mends it:\n\n    make generate", file=sys.stderr)
        return 1 if problems else 0
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


def _text_of(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _short(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


if __name__ == "__main__":
    sys.exit(main())
