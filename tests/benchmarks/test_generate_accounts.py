"""Generated projects: any size, both kinds, the same bytes each time."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from benchmarks.generate_accounts import GeneratedServer, write_project

if TYPE_CHECKING:
    from pathlib import Path


def _documents(folder: Path) -> list[dict[str, Any]]:
    files = sorted((folder / "accounts.d").rglob("*.yaml"))
    return [document for path in files for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def _content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.yaml"))}


@pytest.mark.parametrize("count", [0, 1, 20, 21, 250])
def test_count(count: int, tmp_path: Path) -> None:
    """As many accounts are written as were asked for, and one shared server; no name stands twice."""
    write_project(tmp_path, count)
    documents = _documents(tmp_path)
    names = Counter(document["metadata"]["name"] for document in documents)
    assert len(documents) == count + 1
    assert [name for name, times in names.items() if times > 1] == []


def test_both_kinds_and_servers(tmp_path: Path) -> None:
    """One account in five is a marketing account; own ones share a server or write it out."""
    write_project(tmp_path, 100)
    documents = _documents(tmp_path)
    own = [document for document in documents if document["kind"] == "OwnAccount"]
    kinds = Counter(document["kind"] for document in documents)
    assert kinds == {"OwnAccount": 80, "MarketingAccount": 20, "MailServer": 1}
    assert {"host" in account["spec"]["smtp"] for account in own} == {True, False}


def test_same_bytes(tmp_path: Path) -> None:
    """The same arguments give the same bytes; another seed gives others."""
    for name, seed in (("first", 1), ("second", 1), ("third", 2)):
        write_project(tmp_path / name, 50, seed=seed)
    assert _content(tmp_path / "first") == _content(tmp_path / "second")
    assert _content(tmp_path / "first") != _content(tmp_path / "third")


def test_server(tmp_path: Path) -> None:
    """The server asked for stands wherever a server is written out."""
    server = GeneratedServer(host="localhost", port=2525, encryption="tls", ca_file="ca.pem", username="anna")
    write_project(tmp_path, 20, server=server)
    specs = [document["spec"] for document in _documents(tmp_path)]
    written = [spec.get("smtp", spec) for spec in specs]
    hosts = [(part["host"], part["port"], part["encryption"], part["caFile"]) for part in written if "host" in part]
    assert set(hosts) == {("localhost", 2525, "tls", "ca.pem")}
    assert {spec["smtp"]["authentication"]["username"] for spec in specs if "smtp" in spec} == {"anna"}
