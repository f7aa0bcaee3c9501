"""Knot and NSD, each serving the same zone files on loopback."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.system.support.processes import LOOPBACK, free_ports, program, running
from tests.system.support.zones import zones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path


@contextmanager
def running_name_server(name: str, folder: Path) -> Iterator[str]:
    """Run one of ``NAME_SERVERS`` until the block ends; yield it as ``verification.nameservers`` names it."""
    for zone, text in zones().items():
        (folder / f"{zone}.zone").write_text(text, encoding="ascii")
    (port,) = free_ports(1)
    command = NAME_SERVERS[name](folder, port)
    with running(command, ports=[port], log=folder / "output.log"):
        yield f"{LOOPBACK}:{port}"


def _knot(folder: Path, port: int) -> Sequence[str]:
    served = "".join(f"  - domain: {zone}.\n    file: {zone}.zone\n" for zone in zones())
    configuration = folder / "knot.conf"
    configuration.write_text(
        f"server:\n  listen: {LOOPBACK}@{port}\n  rundir: {folder}\n"
        "log:\n  - target: stderr\n    any: info\n"
        f"database:\n  storage: {folder}/database\n"
        f"template:\n  - id: default\n    storage: {folder}\n    zonefile-sync: -1\n    journal-content: none\n"
        f"zone:\n{served}",
        encoding="ascii",
    )
    return [program("knotd"), "-c", str(configuration)]


def _nsd(folder: Path, port: int) -> Sequence[str]:
    served = "".join(f"zone:\n  name: {zone}\n  zonefile: {zone}.zone\n" for zone in zones())
    configuration = folder / "nsd.conf"
    configuration.write_text(
        f'server:\n  ip-address: {LOOPBACK}@{port}\n  username: ""\n  chroot: ""\n  zonesdir: {folder}\n'
        f'  database: ""\n  pidfile: {folder}/nsd.pid\n  xfrdfile: {folder}/xfrd.state\n  zonelistfile: {folder}/zones\n'
        f"  xfrdir: {folder}\nremote-control:\n  control-enable: no\n{served}",
        encoding="ascii",
    )
    return [program("nsd"), "-d", "-c", str(configuration)]


NAME_SERVERS: Mapping[str, Callable[[Path, int], Sequence[str]]] = {"knot": _knot, "nsd": _nsd}
"""Each writes its configuration into a folder and returns the command that listens on a port."""
