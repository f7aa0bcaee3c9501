"""Sendmail as a submission server, with the rules that people have and the refusals of its own words.

It keeps what it takes in its queue; nothing leaves this machine.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from typing import TYPE_CHECKING

from tests.system.servers.unpacked import with_user, without_installing
from tests.system.support.namespaces import no_name_server
from tests.system.support.processes import program, require_root
from tests.system.support.users import ADDRESSES, USERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.system.support.keys import Keys

LISTENERS = ("starttls", "tls", "mustLogIn")
_RULES = """\
divert(-1)
divert(0)dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `mail.example.com')dnl
define(`QUEUE_DIR', `{folder}/queue')dnl
define(`confPID_FILE', `{folder}/sendmail.pid')dnl
define(`STATUS_FILE', `{folder}/statistics')dnl
define(`ALIAS_FILE', `')dnl
define(`confDELIVERY_MODE', `queueonly')dnl
define(`confTO_IDENT', `0')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confAUTH_MECHANISMS', `PLAIN LOGIN')dnl
define(`confAUTH_OPTIONS', `p,y')dnl
define(`confCACERT_PATH', `{folder}')dnl
define(`confCACERT', `{ca}')dnl
define(`confSERVER_CERT', `{certificate}')dnl
define(`confSERVER_KEY', `{certificate}')dnl
define(`confDONT_BLAME_SENDMAIL', `TrustStickyBit')dnl
define(`confTLS_SRV_OPTIONS', `V')dnl
TRUST_AUTH_MECH(`PLAIN LOGIN')dnl
FEATURE(`nocanonify')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`access_db', `hash {folder}/access')dnl
FEATURE(`blocklist_recipients')dnl
FEATURE(`virtusertable', `hash {folder}/users')dnl
VIRTUSER_DOMAIN(`example.com')dnl
DAEMON_OPTIONS(`Name=starttls, Addr=127.0.0.1, Port={starttls}')dnl
DAEMON_OPTIONS(`Name=tls, Addr=127.0.0.1, Port={tls}, Modifiers=s')dnl
DAEMON_OPTIONS(`Name=mustLogIn, Addr=127.0.0.1, Port={mustLogIn}, Modifiers=a')dnl
MAILER(`local')dnl
MAILER(`smtp')dnl
"""
_ACCESS = """\
From:blocked@example.com\t550 5.7.1 Sender blocked by local policy
To:full@example.com\t552 5.2.2 Mailbox full
"""


def command(folder: Path, ports: Mapping[str, int], keys: Keys) -> Sequence[str]:
    """Write Sendmail's configuration and return its command."""
    require_root("Sendmail")
    for name in ("queue", "sasl"):
        (folder / name).mkdir(exist_ok=True)
    certificate = folder / "server.pem"
    shutil.copy(keys.good, certificate)
    certificate.chmod(0o600)
    files = {
        "rules.mc": _RULES.format(folder=folder, certificate=certificate, ca=keys.ca, **ports),
        "access": _ACCESS,
        "hosts": f"192.0.2.25 mail.example.com {socket.gethostname()}\n127.0.0.1 client.example.net localhost\n",
        "users": "".join(f"{address}\troot\n" for address in (*ADDRESSES, "full@example.com"))
        + "@example.com\terror:nouser 550 5.1.1 User unknown\n",
        "sasl/Sendmail.conf": f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {folder}/sasldb\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name in ("access", "users"):
        command_line = [
            str(without_installing("usr/libexec/sendmail/makemap")),
            "-C",
            os.devnull,
            "hash",
            str(folder / name),
        ]
        subprocess.run(command_line, input=files[name].encode(), capture_output=True, check=True)
    _write_users(folder)
    configuration = folder / "sendmail.cf"
    macros = without_installing("usr/share/sendmail/cf/m4/cf.m4")
    made = subprocess.run([program("m4"), str(macros), str(folder / "rules.mc")], capture_output=True, check=True)
    configuration.write_bytes(made.stdout.replace(b"R127.0.0.1\t", b"R192.0.2.26\t"))  # relays for this machine else
    sendmail = without_installing("usr/libexec/sendmail/sendmail")
    started = [str(sendmail), f"-C{configuration}", "-bD"]
    seen = {"/etc/hosts": folder / "hosts", "/usr/lib/sasl2": folder / "sasl", **no_name_server(folder)}
    return with_user("smmsp", folder, started, files=seen)


def _write_users(folder: Path) -> None:
    for user in USERS:
        name, _, realm = user.name.partition("@")
        subprocess.run(
            [program("saslpasswd2"), "-p", "-c", "-f", str(folder / "sasldb"), "-u", realm, name],
            input=user.password.encode(),
            capture_output=True,
            check=True,
        )
