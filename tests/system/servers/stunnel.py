"""stunnel in front of Postfix: TLS for a server without it, with STARTTLS too, and with a certificate for each client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.system.support.processes import LOOPBACK, free_ports, program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.system.support.keys import Keys

LISTENERS = ("tls", "starttls", "clientCertificate", "clientCertificateTls12", "dead")
_CONFIGURATION = """\
foreground = yes
pid =
output = {folder}/stunnel.log
cert = {good}
[tls]
accept = {host}:{tls}
connect = {host}:{behind}
[starttls]
accept = {host}:{starttls}
connect = {host}:{behind}
protocol = smtp
[clientCertificate]
accept = {host}:{clientCertificate}
connect = {host}:{behind}
CAfile = {ca}
verifyChain = yes
[clientCertificateTls12]
accept = {host}:{clientCertificateTls12}
connect = {host}:{behind}
CAfile = {ca}
verifyChain = yes
sslVersionMax = TLSv1.2
[dead]
accept = {host}:{dead}
connect = {host}:{nowhere}
"""


def command(folder: Path, ports: Mapping[str, int], keys: Keys, *, behind: int) -> Sequence[str]:
    """Write stunnel's configuration and return its command; ``behind`` is the port of the server that it passes on to."""
    (nowhere,) = free_ports(1)
    configuration = folder / "stunnel.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            folder=folder, host=LOOPBACK, good=keys.good, ca=keys.ca, behind=behind, nowhere=nowhere, **ports
        ),
        encoding="utf-8",
    )
    return [program("stunnel4"), str(configuration)]
