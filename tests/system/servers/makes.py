"""The servers by name, each with the names of its listeners and what starts it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.system.servers import exim, haraka, nginx, sendmail, smtpserver, stunnel, submission
from tests.system.support.processes import free_ports, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.system.support.keys import Keys


@dataclass(frozen=True)
class Make:
    """A server of one make."""

    listeners: Sequence[str]
    command: Callable[..., Sequence[str]]
    """Takes folder, ports and keys, writes the configuration and returns the command that listens on the ports."""
    is_front: bool = False
    """Whether it passes on to another server; ``command`` then takes the port ``behind`` it, too."""


MAKES: Mapping[str, Make] = {
    "exim": Make(exim.LISTENERS, exim.command),
    "sendmail": Make(sendmail.LISTENERS, sendmail.command),
    "haraka": Make(haraka.LISTENERS, haraka.command),
    "nginx": Make(nginx.LISTENERS, nginx.command, is_front=True),
    "stunnel": Make(stunnel.LISTENERS, stunnel.command, is_front=True),
    "dovecot": Make(submission.LISTENERS, submission.command, is_front=True),
    "smtp-server": Make(smtpserver.LISTENERS, smtpserver.command),
}


@contextmanager
def running_server(name: str, folder: Path, keys: Keys, *, behind: int | None = None) -> Iterator[Mapping[str, int]]:
    """Run a server until the block ends, its files in ``folder``, which everybody may read; yield its ports.

    ``behind`` is the port that one of those in front of another passes on to.
    """
    make = MAKES[name]
    ports = dict(zip(make.listeners, free_ports(len(make.listeners)), strict=True))
    command = make.command(folder, ports, keys, **({"behind": behind} if make.is_front else {}))
    with running(command, ports=list(ports.values()), log=folder / "output.log"):
        yield ports
