"""The proxies that people run: microsocks, dante and ssh -D (SOCKS), tinyproxy and squid (HTTP CONNECT).

Each with and without a user of its own and, where it can be set up so, one that connects to no mail server.
"""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tests.system.support.namespaces import seeing
from tests.system.support.processes import LOOPBACK, free_ports, program, require_root, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

USERNAME = "mailer"
PASSWORD = "proxy-pass-word"
_PROGRAM_SECONDS = 10

Kind = Literal["socks5", "http"]


@dataclass(frozen=True, kw_only=True)
class RunningProxy:
    """A running proxy."""

    kind: Kind
    port: int
    wants_user: bool
    log: Path
    """What it has printed and logged."""


@contextmanager
def running_proxy(name: str, folder: Path) -> Iterator[RunningProxy]:
    """Run one of ``PROXIES`` until the block ends, its files in ``folder``, which everybody may read."""
    proxied = PROXIES[name]
    (port,) = free_ports(1)
    log = folder / "output.log"
    with running(proxied.command(folder, port), ports=[port], log=log):
        yield RunningProxy(kind=proxied.kind, port=port, wants_user=proxied.wants_user, log=log)


@dataclass(frozen=True)
class _Kind:
    kind: Kind
    command: Callable[[Path, int], Sequence[str]]
    """Writes the configuration into a folder and returns the command that listens on a port."""
    wants_user: bool = False


def _microsocks(_folder: Path, port: int) -> Sequence[str]:
    return [program("microsocks"), "-i", LOOPBACK, "-p", str(port)]


def _microsocks_with_user(folder: Path, port: int) -> Sequence[str]:
    return [*_microsocks(folder, port), "-u", USERNAME, "-P", PASSWORD]


_DANTE = """\
logoutput: stderr
internal: 127.0.0.1 port = {port}
external: lo
clientmethod: none
socksmethod: {method}
user.privileged: root
user.unprivileged: nobody
client pass {{
  from: 127.0.0.0/8 to: 0.0.0.0/0
}}
socks pass {{
  from: 127.0.0.0/8 to: 0.0.0.0/0{targets}
}}
"""


def _dante(folder: Path, port: int) -> Sequence[str]:
    return _danted(folder, port)


def _dante_web_only(folder: Path, port: int) -> Sequence[str]:
    return _danted(folder, port, targets=" port = 443")


def _danted(folder: Path, port: int, *, method: str = "none", targets: str = "") -> Sequence[str]:
    require_root("dante")
    configuration = folder / "danted.conf"
    configuration.write_text(_DANTE.format(port=port, method=method, targets=targets), encoding="utf-8")
    return [program("danted"), "-f", str(configuration), "-p", str(folder / "danted.pid"), "-N", "1"]


def _dante_with_user(folder: Path, port: int) -> Sequence[str]:
    """Return the command for dante with a user, whom it looks for among the machine's.

    The machine is left as it is: dante alone sees other files in place of /etc/passwd and /etc/shadow.
    """
    dante = _danted(folder, port, method="username")
    passwd, shadow = folder / "passwd", folder / "shadow"
    users = "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n"
    passwd.write_text(f"{users}{USERNAME}:x:65533:65534::/:/bin/false\n", encoding="ascii")
    shadow.write_text(f"{USERNAME}:{_hashed('-6')}:19000:0:99999:7:::\n", encoding="ascii")
    return seeing({"/etc/passwd": passwd, "/etc/shadow": shadow}, dante)


_TINYPROXY = """\
Port {port}
Listen 127.0.0.1
User nobody
Group nogroup
Timeout 60
MaxClients 100
LogLevel Info
PidFile "{folder}/tinyproxy.pid"
Allow 127.0.0.1
{more}
"""


def _tinyproxy(more: str) -> Callable[[Path, int], Sequence[str]]:
    def configure(folder: Path, port: int) -> Sequence[str]:
        configuration = folder / "tinyproxy.conf"
        configuration.write_text(_TINYPROXY.format(port=port, folder=folder, more=more), encoding="utf-8")
        return [program("tinyproxy"), "-d", "-c", str(configuration)]

    return configure


_SQUID = """\
http_port 127.0.0.1:{port}
visible_hostname proxy.example.com
pid_filename {folder}/squid.pid
cache_log {folder}/cache.log
access_log none
cache deny all
coredump_dir {folder}
pinger_enable off
netdb_filename none
shutdown_lifetime 0 seconds
connect_retries 0
dns_defnames off
{more}
"""
_SQUID_USER = """\
auth_param basic program {helper} {users}
auth_param basic children 2 startup=1
auth_param basic realm proxy
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all"""


def _squid(more: str) -> Callable[[Path, int], Sequence[str]]:
    def configure(folder: Path, port: int) -> Sequence[str]:
        require_root("squid")
        users = folder / "users"
        users.write_text(f"{USERNAME}:{_hashed('-apr1')}\n", encoding="ascii")
        rules = more.format(helper=program("basic_ncsa_auth"), users=users)
        configuration = folder / "squid.conf"
        configuration.write_text(_SQUID.format(port=port, folder=folder, more=rules), encoding="utf-8")
        folder.chmod(0o777)  # squid gives up its rights before it opens its log
        return [program("squid"), "-N", "-f", str(configuration)]

    return configure


_SSHD = """\
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
StrictModes no
UsePAM no
PidFile none
PermitOpen {targets}
"""


def _ssh(targets: str) -> Callable[[Path, int], Sequence[str]]:
    """Return what makes the command for ssh -D: its server is started by it, and listens nowhere."""

    def configure(folder: Path, port: int) -> Sequence[str]:
        require_root("sshd")
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd wants it, empty
        for name in ("host", "user"):
            (folder / name).unlink(missing_ok=True)
            make = [program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(make, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=_PROGRAM_SECONDS)
        configuration = folder / "sshd.conf"
        configuration.write_text(_SSHD.format(folder=folder, targets=targets), encoding="utf-8")
        shadow = folder / "shadow"
        shadow.write_text("root:*:19000:0:99999:7:::\n", encoding="ascii")
        options = {
            "ProxyCommand": f"{program('sshd')} -i -f {configuration}",
            "IdentityFile": f"{folder}/user",
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "ExitOnForwardFailure": "yes",
            "BatchMode": "yes",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        command = [program("ssh"), "-F", "none", "-N", "-D", f"{LOOPBACK}:{port}", *words, "root@localhost"]
        return seeing({"/etc/shadow": shadow}, command)

    return configure


def _hashed(method: str) -> str:
    """Return the proxy password as the files of passwords hold it, by a method of ``openssl passwd``."""
    command = [program("openssl"), "passwd", method, "-salt", "saltsalt", PASSWORD]
    return subprocess.run(command, capture_output=True, check=True, text=True, timeout=_PROGRAM_SECONDS).stdout.strip()


PROXIES: Mapping[str, _Kind] = {
    "microsocks": _Kind("socks5", _microsocks),
    "microsocksWithUser": _Kind("socks5", _microsocks_with_user, wants_user=True),
    "dante": _Kind("socks5", _dante),
    "danteWithUser": _Kind("socks5", _dante_with_user, wants_user=True),
    "danteWebOnly": _Kind("socks5", _dante_web_only),
    "ssh": _Kind("socks5", _ssh("any")),
    "sshWebOnly": _Kind("socks5", _ssh("*:443")),
    "tinyproxy": _Kind("http", _tinyproxy("")),
    "tinyproxyWithUser": _Kind("http", _tinyproxy(f"BasicAuth {USERNAME} {PASSWORD}"), wants_user=True),
    "tinyproxyWebOnly": _Kind("http", _tinyproxy("ConnectPort 443")),
    "squid": _Kind("http", _squid("http_access allow all")),
    "squidWithUser": _Kind("http", _squid(_SQUID_USER), wants_user=True),
    "squidWebOnly": _Kind("http", _squid("acl web port 443\nhttp_access allow web\nhttp_access deny all")),
}
"""Every proxy by name."""
