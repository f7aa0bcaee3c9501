"""Plan files as somebody sees and writes them who does not have reconciler: with gzip and JSON alone."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def read_lines(path: Path) -> list[Any]:
    """Return the values of the lines of a plan file."""
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def write_lines(path: Path, lines: list[Any]) -> None:
    """Write a plan file of these lines."""
    text = "".join(json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines)
    path.write_bytes(gzip.compress(text.encode("utf-8", "surrogatepass"), mtime=0))


def read_document(path: Path) -> dict[str, Any]:
    """Return what a plan file says, as one document."""
    counts, head, *others = read_lines(path)
    changes, accounts = others[: counts["changes"]], others[counts["changes"] :]
    return {**head, "changes": changes, "inputs": {**head["inputs"], "accounts": dict(accounts)}}


def write_document(path: Path, document: dict[str, Any]) -> None:
    """Write one document as a plan file."""
    inputs = dict(document["inputs"])
    changes, accounts = document["changes"], sorted(inputs.pop("accounts").items())
    head = {key: value for key, value in document.items() if key != "changes"} | {"inputs": inputs}
    counts = {"formatVersion": "2.0", "changes": len(changes), "accounts": len(accounts)}
    write_lines(path, [counts, head, *changes, *accounts])
