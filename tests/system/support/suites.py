"""Public test suites that lie on the package index, within the source archives of others' packages.

``make test-system`` fetches the archives by the hashes in ``tests/system/suites/requirements.txt``; nothing of them is
installed, run or kept in the repository.
"""

from __future__ import annotations

import ast
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from reconciler.smtp.deadline import Deadline
from reconciler.verification.domains import Lookups
from reconciler.verification.domains.spf_evaluation import HostCheck, SpfOutcome
from tests.support.nameserver import NameServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FOLDER = Path(sys.prefix) / "suites"


def member(package: str, path: str) -> bytes:
    """Return a file of the one archive of a package, by its path within; raise ``FileNotFoundError`` without one."""
    archive = next(iter(sorted(FOLDER.glob(f"{package}-*.tar.gz"))), None)
    if archive is None:
        raise FileNotFoundError(f"{FOLDER} holds no archive of {package}: run make test-system, which fetches it")
    with tarfile.open(archive) as opened:
        name = next(each for each in opened.getnames() if each.partition("/")[2] == path)
        found = opened.extractfile(name)
        assert found is not None
        return found.read()


def spf_scenarios(file: str) -> Iterator[Mapping[str, Any]]:
    """Yield the scenarios of one of pyspf's YAML files: a zone and the tests on it."""
    yield from yaml.safe_load_all(member("pyspf", f"test/{file}"))


def spf_name_server(zone: Mapping[str, Sequence[Any]]) -> NameServer:
    """Return a name server with a scenario's zone; not yet listening.

    A name with ``TIMEOUT`` fails, unless its TXT records are given. Records of type SPF stand for TXT records where a
    name has none (RFC 7208 knows TXT only).
    """
    records = {name: [each for each in of_name if isinstance(each, dict)] for name, of_name in zone.items()}
    kinds = {name: {kind for each in of_name for kind in each} for name, of_name in records.items()}
    failing = [name for name, of_name in zone.items() if "TIMEOUT" in of_name and not _has_text(records[name])]
    server = NameServer(misbehaviour=dict.fromkeys(failing, "servfail"))
    for name, of_name in records.items():
        for kind, value in (item for each in of_name for item in each.items()):
            if value not in ("NONE", "TIMEOUT") and not (kind == "SPF" and "TXT" in kinds[name]):
                _add(server, name, kind, value)
    return server


def _has_text(records: Sequence[Mapping[str, Any]]) -> bool:
    return any(each.get("TXT", "NONE") != "NONE" for each in records)


def _add(server: NameServer, name: str, kind: str, value: Any) -> None:
    if kind in {"TXT", "SPF"}:
        strings = [value] if isinstance(value, str) else value
        server.add_text(name, "".join(strings).encode())
    elif kind == "MX":
        server.add(name, kind, f"{value[0]} {value[1].removesuffix('.')}.")
    elif kind in {"PTR", "CNAME"}:
        server.add(name, kind, f"{value.removesuffix('.')}.")
    else:
        server.add(name, kind, value)


def spf_outcome(case: Mapping[str, Any], server: NameServer) -> SpfOutcome:
    """Return what our check makes of one test."""
    check = HostCheck(
        str(case["host"]),
        sender=case["mailfrom"],
        helo=case["helo"],
        lookups=Lookups([server.address]),
        deadline=Deadline(20),
    )
    return check.outcome()


def address_cases(test: str) -> list[tuple[str, str]]:
    """Return the addresses of a test of email-validator, each with the text beside it, empty where there is none.

    The file is read as text and its literals alone are taken; nothing of it is run.
    """
    tree = ast.parse(member("email_validator", "tests/test_syntax.py"))
    function = next(each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == test)
    (mark,) = function.decorator_list
    assert isinstance(mark, ast.Call)
    table = mark.args[1]
    assert isinstance(table, ast.List)
    return [_literals(row) for row in table.elts]


def _literals(row: ast.expr) -> tuple[str, str]:
    cells = row.elts if isinstance(row, ast.Tuple | ast.List) else [row]
    first, *others = (each.value if isinstance(each, ast.Constant) else "" for each in cells)
    return str(first), str(others[0]) if others else ""
