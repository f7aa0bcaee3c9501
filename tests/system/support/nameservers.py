"""Name servers on loopback: Knot, NSD and BIND serve the same zone files; unbound and dnsmasq ask BIND.

BIND's zone com is signed, and unbound knows its key: so unbound validates what it says of com, and of net it does not.
"""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dns.message
import dns.query
import dns.rcode

from tests.system.support.processes import LOOPBACK, free_ports, program, running, wait_for
from tests.system.support.zones import zones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path


_SIGNED = "com"


@contextmanager
def running_name_server(name: str, folder: Path) -> Iterator[str]:
    """Run one of ``NAME_SERVERS`` until the block ends; yield it as ``verification.nameservers`` names it."""
    if name not in _ASKING:
        with _running(_SERVING[name], folder) as port:
            yield f"{LOOPBACK}:{port}"
        return
    upstream = folder / "bind"
    upstream.mkdir()
    with (
        _running(_bind, upstream) as asked,
        _running(lambda own, port: _ASKING[name](own, port, upstream, asked), folder) as port,
    ):
        yield f"{LOOPBACK}:{port}"


@contextmanager
def _running(configure: Callable[[Path, int], Sequence[str]], folder: Path) -> Iterator[int]:
    for zone, text in zones().items():
        (folder / f"{zone}.zone").write_text(text, encoding="ascii")
    (port,) = free_ports(1)
    with running(configure(folder, port), ports=[port], log=folder / "output.log"):
        for zone in zones():
            wait_for(lambda zone=zone: _is_served(zone, port), f"the zone {zone}")  # type: ignore[misc]
        yield port


def _is_served(zone: str, port: int) -> bool | None:
    """Tell whether a zone is loaded: some servers listen before; None: not yet."""
    reply = dns.query.udp(dns.message.make_query(f"{zone}.", "NS"), LOOPBACK, port=port, timeout=5)
    return reply.rcode() == dns.rcode.NOERROR or None


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


def _bind(folder: Path, port: int) -> Sequence[str]:
    _sign(folder)
    files = {zone: f"{zone}.zone.signed" if zone == _SIGNED else f"{zone}.zone" for zone in zones()}
    served = "".join(f'zone "{zone}" {{ type primary; file "{file}"; }};\n' for zone, file in files.items())
    configuration = folder / "named.conf"
    configuration.write_text(
        f'options {{\n  directory "{folder}";\n  listen-on port {port} {{ {LOOPBACK}; }};\n  listen-on-v6 {{ none; }};\n'
        f'  recursion no;\n  allow-query {{ any; }};\n  pid-file "{folder}/named.pid";\n'
        f'  session-keyfile "{folder}/session.key";\n  managed-keys-directory "{folder}";\n}};\ncontrols {{ }};\n{served}',
        encoding="ascii",
    )
    return [program("named"), "-g", "-c", str(configuration)]


def _sign(folder: Path) -> None:
    """Sign the zone that is signed; the key that vouches for it is left in ``anchor.key``."""
    common = ["-q", "-K", str(folder), "-a", "ECDSAP256SHA256"]
    for more in ([], ["-f", "KSK"]):
        made = subprocess.run(
            [program("dnssec-keygen"), *common, *more, _SIGNED], capture_output=True, text=True, check=True
        )
        (folder / "anchor.key").write_bytes((folder / f"{made.stdout.strip()}.key").read_bytes())
    zone = str(folder / f"{_SIGNED}.zone")
    command = [program("dnssec-signzone"), "-q", "-S", "-K", str(folder), "-d", str(folder), "-o", _SIGNED, zone]
    subprocess.run(command, capture_output=True, check=True)


def _unbound(folder: Path, port: int, upstream: Path, asked: int) -> Sequence[str]:
    stubs = "".join(f'stub-zone:\n  name: "{zone}"\n  stub-addr: {LOOPBACK}@{asked}\n' for zone in zones())
    configuration = folder / "unbound.conf"
    configuration.write_text(
        f'server:\n  interface: {LOOPBACK}@{port}\n  port: {port}\n  directory: "{folder}"\n  chroot: ""\n'
        f'  username: ""\n  pidfile: "{folder}/unbound.pid"\n  use-syslog: no\n  do-daemonize: no\n'
        f'  do-not-query-localhost: no\n  do-ip6: no\n  trust-anchor-file: "{upstream}/anchor.key"\n'
        '  domain-insecure: "net"\n  local-zone: "org." refuse\n'
        f"remote-control:\n  control-enable: no\n{stubs}",
        encoding="ascii",
    )
    return [program("unbound"), "-d", "-c", str(configuration)]


def _dnsmasq(folder: Path, port: int, upstream: Path, asked: int) -> Sequence[str]:
    del upstream
    return [
        program("dnsmasq"),
        *("--keep-in-foreground", "--no-resolv", "--no-hosts", "--bind-interfaces", "--user=", "--conf-file=/dev/null"),
        *(f"--listen-address={LOOPBACK}", f"--port={port}", f"--pid-file={folder}/dnsmasq.pid"),
        *(f"--server=/{zone}/{LOOPBACK}#{asked}" for zone in zones()),
    ]


_SERVING: Mapping[str, Callable[[Path, int], Sequence[str]]] = {"knot": _knot, "nsd": _nsd, "bind": _bind}
_ASKING: Mapping[str, Callable[[Path, int, Path, int], Sequence[str]]] = {"unbound": _unbound, "dnsmasq": _dnsmasq}
"""Each writes its configuration into a folder and returns the command that listens on a port."""
NAME_SERVERS = (*_SERVING, *_ASKING)
